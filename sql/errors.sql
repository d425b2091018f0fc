\set ECHO none
-- What the session is told at REPEATABLE READ and above, where a booking would look at a snapshot older than its locks.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS evently CASCADE;
CREATE TEMP TABLE told (level text, call text, sqlstate text, detail text);
CREATE PROCEDURE pg_temp.ask(calls text[]) LANGUAGE plpgsql AS $$
DECLARE
	c text;
	d text;
BEGIN
	FOREACH c IN ARRAY calls LOOP
		BEGIN
			EXECUTE 'SELECT evently.' || c;
			INSERT INTO told VALUES (current_setting('transaction_isolation'), c, 'none');
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL;
			INSERT INTO told VALUES (current_setting('transaction_isolation'), c, SQLSTATE, d);
		END;
	END LOOP;
END
$$;
\set nobody '\'00000000-0000-4000-8000-000000000000\''
SELECT ARRAY['hold_seats(''$'', ''$'', ''{A-1}'')', 'hold_tickets(''$'', ''$'', 1)', 'place_hold(''$'', ''$'', ''{A-1}'')', 'extend_hold(''$'', ''$'')',
	'release_hold(''$'', ''$'')', 'confirm_hold(''$'', ''$'')', 'book(''$'', ''$'', ''{A-1}'')', 'cancel_booking(''$'', ''$'')',
	'expire_holds(''$'')', 'lock_event(''$'')', 'create_event(''x'', now(), total_capacity => 1)', 'update_event(''$'')', 'cancel_event(''$'')',
	'set_event_status(''$'', ''inactive'')', 'create_cancellation_policy(''$'')', 'update_cancellation_policy(''$'')',
	'begin_payment(''$'', ''$'')', 'complete_payment(''$'', ''$'', ''paid'')', 'complete_refund(''$'', ''$'')',
	'continue_event_cancellation(''$'')'] AS writers, ARRAY['get_event(''$'')', 'get_hold(''$'', ''$'')', 'verify()'] AS readers \gset
BEGIN ISOLATION LEVEL REPEATABLE READ;
CALL pg_temp.ask(replace(:'writers', '$', :nobody)::text[]);
CALL pg_temp.ask(replace(:'readers', '$', :nobody)::text[]);
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
CALL pg_temp.ask(replace(:'writers', '$', :nobody)::text[]);
COMMIT;

-- A key whose first call has not ended, as another session finds it.
BEGIN;
SELECT evently.create_tag('Slow', idempotency_key => 'k') \g /dev/null
\set in_flight `psql -XAtq -d ':DBNAME' -v VERBOSITY=sqlstate -c "SET lock_timeout = '10ms'" -c "SELECT evently.create_tag('Slow', idempotency_key => 'k')" 2>&1`
ROLLBACK;

\i sql/include/setup.psql
\set states `grep -o 'VE[0-9][0-9][0-9]' extension/errors.def | sort | tr '\n' ' '`
SELECT plan(76);

SELECT is_empty($$SELECT level, call, sqlstate FROM told WHERE sqlstate <> 'VE003' AND call !~ '^(get|verify)'$$,
	'no function that writes works at REPEATABLE READ or SERIALIZABLE');
SELECT is((SELECT count(*) FROM told WHERE sqlstate = 'VE003'), 40::bigint, 'and all were asked');
SELECT results_eq($$SELECT sqlstate FROM told WHERE call ~ '^(get|verify)' ORDER BY 1$$, $$VALUES ('VE106'), ('VE401'), ('none')$$, 'those that read do');

-- One call for every refusal, in a world where it is right, and the facts its DETAIL tells.
DO $$
BEGIN
	PERFORM evently.book(event('show'), person('ann'), '{A-1}');
	PERFORM evently.cancel_booking(NULL, (evently.book(event('twin'), person('hal'), '{A-1}')).booking_id);
	PERFORM evently.complete_payment(NULL, (evently.begin_payment(NULL, (evently.hold_tickets(event('club'), person('ida'), 1)).hold_id)).payment_id, 'failed');
	PERFORM evently.hold_seats(event('show'), person('bob'), '{A-2}');
	PERFORM evently.hold_seats(event('show'), person('cid'), '{A-3}');
	PERFORM expire_holds_of('cid');
	PERFORM evently.hold_tickets(event('club'), person('dan'), 1);
	PERFORM evently.release_hold(event('club'), hold('dan'));
	PERFORM evently.create_tag('Jazz');
	PERFORM evently.create_event('past', now() - interval '9 days', total_capacity => 9);
	PERFORM evently.create_event('future', now() + interval '9 days', total_capacity => 9, sale_start_time => now() + interval '1 day');
	PERFORM evently.create_event('late', now() + interval '9 days', total_capacity => 9, sale_end_time => now() - interval '1 day');
	PERFORM evently.create_event('started', now() + interval '1 hour', total_capacity => 9);
	PERFORM evently.book(event('started'), person('eve'), quantity => 2, idempotency_key => 'k');
	PERFORM start_event('started');
	PERFORM evently.create_event('strict', now() + interval '9 days', total_capacity => 9);
	PERFORM evently.create_cancellation_policy(event('strict'), cancellation_deadline => now());
	PERFORM evently.book(event('strict'), person('gus'), quantity => 2);
	PERFORM evently.create_event('scarce', now() + interval '9 days', total_capacity => 2);
	PERFORM evently.hold_tickets(event('scarce'), person('fay'), 1);
	PERFORM evently.create_event('closed', now() + interval '9 days', total_capacity => 9, sale_status => 'sold_out');
	PERFORM evently.create_event('tiers', now() + interval '9 days', total_capacity => 9);
	PERFORM evently.create_ticket_type(event('tiers'), 'Members', requires_code => true);
	PERFORM evently.create_access_code(event('tiers'), 'ONE', 1);
	PERFORM evently.create_event('full', now() + interval '9 days', total_capacity => 1);
	PERFORM evently.book(event('full'), person('ivy'), quantity => 1);
	PERFORM evently.join_waitlist(event('full'), person('hal'));
	PERFORM evently.join_waitlist(event('full'), ((evently.register_account('waits@example.com', 'x', 'Waits')).account).user_id);
	UPDATE evently.account SET is_active = false WHERE role = 'admin';
	PERFORM evently.register_admin('admin@example.com', 'x', 'Admin');
	PERFORM evently.set_event_organiser(event('late'), (evently.create_organiser('busy')).organiser_id);
	PERFORM set_config('evently.max_holds_per_user', '1', true);
END
$$;
CREATE TEMP TABLE refused AS
SELECT c.*, r.* FROM (VALUES
	('VE001', 'hold_tickets(event(''club''), person(''x''), 0)', '{field}'),
	('VE002', 'release_hold(event(''show''), hold(''bob''), person(''x''))', '{permission}'),
	('VE101', 'hold_seats(event(''show''), person(''x''), ''{A-4,A-1}'')', '{event_id,seat_ids}'),
	('VE102', 'book(event(''scarce''), person(''x''), quantity => 2)', '{available,event_id,requested}'),
	('VE103', 'hold_seats(event(''show''), person(''x''), ''{Q-9}'')', '{event_id,seat_ids}'),
	('VE104', 'hold_seats(event(''club''), person(''x''), ''{A-1}'')', '{event_id}'),
	('VE105', 'hold_tickets(event(''club''), person(''x''), 1, person(''x''))', '{event_id,section_id}'),
	('VE106', 'confirm_hold(NULL, person(''x''))', '{hold_id}'),
	('VE107', 'confirm_hold(event(''show''), hold(''cid''))', '{event_id,hold_id}'),
	('VE108', 'hold_tickets(event(''scarce''), person(''fay''), 1)', '{event_id,max_holds_per_user}'),
	('VE109', 'confirm_hold(event(''club''), hold(''dan''))', '{event_id,hold_id,status}'),
	('VE110', 'book(event(''club''), person(''x''), quantity => 21)', '{event_id,max_tickets_per_booking,requested}'),
	('VE111', 'book(event(''tiers''), person(''x''), quantity => 1, ticket_type => ''X'')', '{event_id,ticket_type}'),
	('VE112', 'resize_quota(event(''tiers''), person(''x''), 1)', '{event_id,quota_id}'),
	('VE113', 'book(event(''tiers''), person(''x''), quantity => 1)', '{event_id,ticket_type}'),
	('VE114', 'book(event(''tiers''), person(''x''), quantity => 1, access_code => ''X'')', '{event_id}'),
	('VE115', 'book(event(''tiers''), person(''x''), quantity => 2, access_code => ''ONE'')', '{available,event_id,requested}'),
	('VE116', 'adjust_availability(event(''club''), 1)', '{event_id,requested,taken}'),
	('VE201', 'cancel_booking(NULL, person(''x''))', '{booking_id}'),
	('VE202', 'cancel_booking(event(''started''), booking(''eve''))', '{booking_id,event_id}'),
	('VE203', 'cancel_booking(event(''strict''), booking(''gus''))', '{booking_id,cancellation_deadline,event_id}'),
	('VE204', 'quote_cancellation(event(''twin''), booking(''hal''))', '{booking_id,event_id}'),
	('VE205', 'cancel_booking(event(''strict''), booking(''gus''), ticket_ids => ARRAY[person(''x'')])', '{booking_id,event_id,ticket_id}'),
	('VE206', 'get_cancellation(NULL, person(''x''))', '{cancellation_id}'),
	('VE207', 'get_cancellation_policy(event(''club''))', '{event_id}'),
	('VE208', 'create_cancellation_policy(event(''strict''))', '{event_id,version}'),
	('VE209', 'book(event(''club''), person(''x''), quantity => 1, payment => ''{"token": "tok_declined"}'')', '{event_id,method}'),
	('VE210', 'get_payment(NULL, person(''x''))', '{payment_id}'),
	('VE211', 'complete_payment(NULL, (SELECT payment_id FROM evently.payment), ''paid'')', '{payment_id,status}'),
	('VE212', 'complete_refund(NULL, person(''x''))', '{refund_id}'),
	('VE213', 'book(event(''club''), person(''x''), quantity => 1, payment => CASE set_config(''evently.mock_payments'', ''off'', true) WHEN ''off'' THEN ''{}''::jsonb END)', '{event_id}'),
	('VE301', 'book(event(''full''), person(''x''), quantity => 1)', '{event_id}'),
	('VE302', 'join_waitlist(event(''club''), person(''x''))', '{available,event_id,requested}'),
	('VE303', 'join_waitlist(event(''full''), person(''hal''))', '{entry_id,event_id}'),
	('VE304', 'join_waitlist(event(''full''), person(''x''), 2)', '{capacity,event_id,requested}'),
	('VE305', 'get_waitlist_status(event(''club''), person(''hal''))', '{event_id}'),
	('VE306', 'accept_offer(event(''full''), person(''hal''))', '{event_id}'),
	('VE401', 'get_event(person(''x''))', '{event_id}'),
	('VE402', 'book(event(''past''), person(''x''), quantity => 1)', '{end_datetime,event_id}'),
	('VE403', 'book(event(''future''), person(''x''), quantity => 1)', '{event_id,sale_start_time}'),
	('VE404', 'book(event(''late''), person(''x''), quantity => 1)', '{event_id,sale_end_time}'),
	('VE405', 'update_event(event(''started''), name => ''x'')', '{event_id,status}'),
	('VE406', 'set_event_status(event(''club''), ''draft'')', '{event_id,from,to}'),
	('VE407', 'update_event(event(''scarce''), total_capacity => 0)', '{booked,event_id,requested}'),
	('VE408', 'update_event(event(''club''), version => 9)', '{event_id,version}'),
	('VE409', 'get_venue(person(''x''))', '{venue_id}'),
	('VE410', 'delete_venue(venue(''Hall''))', '{events,venue_id}'),
	('VE411', 'book(event(''closed''), person(''x''), quantity => 1)', '{event_id,sale_status}'),
	('VE421', 'generate_seats(event(''show''))', '{event_id}'),
	('VE420', 'get_venue_template(person(''x''))', '{venue_template_id}'),
	('VE422', 'get_tag(person(''x''))', '{tag_id}'),
	('VE423', 'create_tag(''Jazz'')', '{slug}'),
	('VE501', 'register_account(''ADMIN@example.com'', ''x'', ''X'')', '{field}'),
	('VE502', 'get_account(person(''x''))', '{field}'),
	('VE503', 'set_role(''admin@example.com'', ''user'')', '{admins}'),
	('VE504', 'require_session(person(''x''), 1)', '{reason}'),
	('VE505', 'get_organiser(person(''x''))', '{organiser_id}'),
	('VE506', 'delete_organiser((SELECT organiser_id FROM evently.organiser WHERE name = ''busy''))', '{events,organiser_id}'),
	('VE507', 'erase_account((SELECT account_id FROM evently.account WHERE email = ''waits@example.com''))', '{events}'),
	('VE901', 'book(event(''started''), person(''eve''), quantity => 3, idempotency_key => ''k'')', '{operation}')
) c (expected, call, facts), LATERAL refusal('SELECT evently.' || c.call) r;

SELECT is(sqlstate || ' ' || coalesce((SELECT array_agg(key COLLATE "C" ORDER BY key COLLATE "C")::text
		FROM jsonb_object_keys(nullif(detail, '')::jsonb) key), 'no detail'), expected || ' ' || coalesce(facts, 'no detail'), call)
FROM refused;
SELECT is(array_to_string(ARRAY(SELECT expected FROM refused UNION SELECT sqlstate FROM told WHERE sqlstate = 'VE003'
		UNION SELECT substring(:'in_flight', 'VE\d+') ORDER BY 1), ' '), btrim(:'states'),
	'every SQLSTATE of errors.def was seen');
SELECT is_empty($$SELECT call, message FROM refused WHERE message ~ '[.!]$' OR message ~* 'null|error|%'$$, 'messages are short sentences without a full stop');
SELECT is_empty($$SELECT call, detail FROM refused WHERE detail LIKE '%' || person('ann') || '%' OR detail LIKE '%' || person('bob') || '%'$$,
	'H02: no refusal tells who has the seat');
SELECT is((SELECT detail::jsonb FROM refused WHERE expected = 'VE101'), jsonb_build_object('event_id', event('show'), 'seat_ids', '["A-1"]'::jsonb),
	'only the seats that are taken are named');
SELECT matches((SELECT detail::json ->> 'sale_start_time' FROM refused WHERE expected = 'VE403'), '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$',
	'a time in a DETAIL is written as in every answer');

-- Facts that text could break
SELECT is((r.detail::jsonb -> 'seat_ids')::text, $$["a\"b\\", "\n"]$$, 'labels are escaped')
FROM refusal($$SELECT evently.hold_seats(event('show'), person('x'), ARRAY[E'a"b\\', E'\n'])$$) r;
SELECT is((r.detail::jsonb ->> 'field') || ': ' || r.message, 'status: status must be one of: draft, published, inactive, completed, cancelled', 'a word not in the list')
FROM refusal($$SELECT evently.set_event_status(event('club'), '%s%n')$$) r;
SELECT is(length((r.detail::jsonb -> 'seat_ids' ->> 0)), 100000, 'a name of any length') FROM refusal($$SELECT evently.hold_seats(event('show'), person('x'), ARRAY[repeat('x', 100000)])$$) r;
SELECT is(r.sqlstate, 'VE103', 'a name that looks like a format') FROM refusal($$SELECT evently.hold_seats(event('show'), person('x'), '{%s%n%d}')$$) r;

-- A lock is waited for no longer than the session, or else evently.lock_timeout, allows; the session keeps its own.
SET lock_timeout = '7s';
SELECT evently.book(event('club'), person('x'), quantity => 1) \g /dev/null
SELECT is(current_setting('lock_timeout'), '7s', 'the session''s lock_timeout is untouched');
RESET lock_timeout;
SELECT evently.book(event('club'), person('x'), quantity => 1) \g /dev/null
SELECT is(current_setting('lock_timeout'), '0', 'and stays unset where it was');
SELECT throws_ok($$SET evently.hold_ttl = 0$$, '22023', NULL, 'settings have bounds');
SELECT throws_ok($$SET evently.unknown = 1$$, '42602', NULL, 'and unknown ones are refused');

SELECT * FROM finish();
ROLLBACK;
