\set ECHO none
\i sql/include/setup.psql
SELECT plan(41);

-- Whoever may be called twice for one wish takes a key, last of its arguments or of each of its requests; the others change nothing the second time.
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p
	WHERE p.pronamespace = 'evently'::regnamespace AND has_function_privilege('evently_api', p.oid, 'EXECUTE')
		AND obj_description(p.oid, 'pg_proc') ~ 'Writes (?!nothing)'
		AND coalesce((SELECT a.attname FROM pg_type r JOIN pg_type e ON e.oid = r.typelem JOIN pg_attribute a ON a.attrelid = e.typrelid
			WHERE r.oid = p.proargtypes[p.pronargs - 1] ORDER BY a.attnum DESC LIMIT 1), p.proargnames[p.pronargs]) IS DISTINCT FROM 'idempotency_key'
		AND p.proname NOT IN ('expire_holds', 'continue_event_cancellation', 'finish_event_cancellation', 'prune_outbox', 'outbox_ack', 'notification_ack', 'update_account')$$,
	'every function that writes has an idempotency key as its last argument');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p
	WHERE p.pronamespace = 'evently'::regnamespace AND 'idempotency_key' = ANY (p.proargnames)
		AND (p.prosrc LIKE 'evently_%' AND obj_description(p.oid, 'pg_proc') !~ 'idempotency[.,]' AND p.proname <> 'place_hold'
			OR pg_get_function_arguments(p.oid) !~ 'idempotency_key text DEFAULT NULL::text$')$$,
	'which may be left out, and says that it is kept');

-- A call, and the same with other contents, in a world where both are right.
CREATE FUNCTION k(call text, key text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT format('SELECT evently.render(r)::text FROM evently.%s r', replace(call, '$key', 'idempotency_key => ' || quote_literal(key))) $$;
CREATE FUNCTION answer(call text, key text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r text;
BEGIN
	EXECUTE test.k(call, key) INTO r;
	RETURN r;
END
$$;
CREATE FUNCTION told() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT count(*) FROM evently.outbox';
CREATE FUNCTION twice(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	first text := test.answer(call, 'k');
	before bigint := test.told();
	second text := test.answer(call, 'k');
BEGIN
	RETURN CASE WHEN first <> second THEN format('%s, then %s', first, second)
		WHEN NOT evently.was_replayed() THEN 'done again' WHEN test.told() <> before THEN 'told again' ELSE 'replayed' END;
END
$$;
DO $$
BEGIN
	PERFORM evently.hold_tickets(event('club'), person('ann'), 2);
	PERFORM evently.hold_tickets(event('club'), person('bob'), 2);
	PERFORM evently.book(event('club'), person('cid'), quantity => 1);
	PERFORM evently.book(event('club'), person('cid'), quantity => 1);
	PERFORM set_config('test.attic', (evently.create_venue('Attic')).venue_id::text, true);
	PERFORM evently.create_event('gone', now() + interval '9 days', total_capacity => 9);
	PERFORM evently.create_event('idea', now() + interval '9 days', total_capacity => 9, status => 'draft');
END
$$;
CREATE TEMP TABLE keyed AS SELECT * FROM (VALUES
	('create_event(''new'', ''2099-01-01'', venue => ''"Barn"'', total_capacity => 5, tags => ''{a,b}'', $key)', 'create_event(''new'', ''2099-01-01'', venue => ''"Barn"'', total_capacity => 6, tags => ''{a,b}'', $key)'),
	('update_event(event(''club''), name => ''club'', description => ''x'', $key)', 'update_event(event(''club''), name => ''club'', $key)'),
	('create_venue(''Cellar'', capacity => 5, $key)', 'create_venue(''Cellar'', capacity => 6, $key)'),
	('update_venue(venue(''Cellar''), city => ''Rome'', $key)', 'update_venue(venue(''Cellar''), city => ''Bari'', $key)'),
	('delete_venue(current_setting(''test.attic'')::uuid, $key)', NULL),
	('create_organiser(''Team'', $key)', 'create_organiser(''Crew'', $key)'),
	('set_event_organiser(event(''idea''), NULL, $key)', 'set_event_organiser(event(''idea''), person(''x''), $key)'),
	('publish_event(event(''idea''), $key)', 'set_event_status(event(''idea''), ''inactive'', $key)'),
	('set_event_status(event(''gone''), ''inactive'', $key)', 'set_event_status(event(''gone''), ''published'', $key)'),
	('cancel_event(event(''gone''), $key)', 'cancel_event(event(''gone''), version => 1, $key)'),
	('hold_seats(event(''show''), person(''dan''), ''{A-1}'', $key)', 'hold_seats(event(''show''), person(''dan''), ''{A-2}'', $key)'),
	('hold_tickets(event(''twin''), person(''dan''), 2, $key)', 'hold_tickets(event(''twin''), person(''dan''), 1, $key)'),
	('place_hold(event(''twin''), person(''eve''), quantity => 2, $key)', 'place_hold(event(''twin''), person(''eve''), quantity => 1, $key)'),
	('extend_hold(event(''club''), hold(''bob''), $key)', NULL),
	('confirm_hold(event(''club''), hold(''ann''), $key)', NULL),
	('release_hold(event(''club''), hold(''bob''), $key)', NULL),
	('book(event(''show''), person(''fay''), ''{B-1}'', $key)', 'book(event(''show''), person(''fay''), ''{B-2}'', $key)'),
	('cancel_booking(event(''club''), booking(''cid''), $key)', NULL)
) c (call, other);
SELECT is(twice(call), 'replayed', 'S4-IDEM-3: ' || call) FROM keyed;
SELECT throws_ok(k(other, 'k'), 'VE901', 'the idempotency key was used for another request', 'H23: ' || other) FROM keyed WHERE other IS NOT NULL;

-- The key counts with its event, its user and its operation (S4-IDEM-2).
SELECT isnt(answer('book(event(''twin''), person(''fay''), quantity => 1, $key)', 'k')::json ->> 'booking_id',
	answer('book(event(''show''), person(''gil''), quantity => 1, $key)', 'k')::json ->> 'booking_id', 'H23: one key on two events makes two bookings');
SELECT lives_ok(k('book(event(''show''), person(''gil''), ''{C-1}'', $key)', repeat('k', 255)), 'H25: a key has 255 characters at most');
SELECT throws_ok(k('book(event(''show''), person(''gil''), ''{C-2}'', $key)', repeat('k', 256)), 'VE001', NULL, 'H25: not 256');
SELECT throws_ok(k('update_event(event(''show''), $key)', ''), 'VE001', NULL, 'nor none');

-- H26: a refusal keeps nothing.
SELECT throws_ok(k('book(event(''show''), person(''hal''), ''{A-1}'', $key)', 'later'), 'VE101', NULL, 'what is refused for now');
SELECT evently.release_hold(event_id, hold_id) FROM evently.hold WHERE event_id = event('show') AND user_id = person('dan') \g /dev/null
SELECT is(answer('book(event(''show''), person(''hal''), ''{A-1}'', $key)', 'later')::json ->> 'status', 'confirmed', 'H26: may be tried again with the same key');

-- A setting of the session changes no request.
SELECT answer('update_event(event(''show''), sale_end_time => ''2098-01-01 00:00Z'', base_price => 1.5, $key)', 'settings') \g /dev/null
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'German';
SELECT lives_ok(k('update_event(event(''show''), sale_end_time => ''2098-01-01 00:00Z'', base_price => 1.5, $key)', 'settings'),
	'the same request in another time zone is the same request');
RESET TimeZone;
RESET DateStyle;
SELECT all_is_well();
SELECT * FROM finish();
ROLLBACK;
