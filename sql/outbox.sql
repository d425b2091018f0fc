-- Every change of state tells the world outside, in its own transaction.
\set ECHO none
\i sql/include/setup.psql
SELECT plan(20);

-- What a call has told since the last time this was asked.
CREATE TEMPORARY TABLE told (id uuid);
CREATE FUNCTION news() RETURNS text LANGUAGE sql VOLATILE AS $$
	WITH fresh AS (SELECT o.* FROM evently.outbox o WHERE NOT EXISTS (SELECT FROM told t WHERE t.id = o.id)),
	kept AS (INSERT INTO told SELECT id FROM fresh)
	SELECT string_agg(type, ' ' ORDER BY id) FROM fresh
$$;
CREATE FUNCTION last_told(type text) RETURNS evently.outbox LANGUAGE sql STABLE
AS 'SELECT o FROM evently.outbox o WHERE o.type = $1 ORDER BY id DESC LIMIT 1';

SELECT is(news(), 'VENUE_CREATED EVENT_CREATED EVENT_CREATED EVENT_CREATED', 'S5-OUT-1, S5-EVA-7: venues and events tell of their creation, in order');
SELECT is((SELECT aggregatetype || ' ' || (aggregateid = event_id) || ' ' || (payload::jsonb = evently.render(evently.get_event(event_id))::jsonb)
	FROM last_told('EVENT_CREATED')), 'EVENT true true', 'S5-OUT-1: the payload is the event, for an index to take (S5-OUT-2)');

SELECT evently.update_event(event('club'), name => 'club', actor_id => NULL) \g /dev/null
SELECT evently.set_event_status(event('twin'), 'inactive'), evently.set_event_status(event('twin'), 'inactive') \g /dev/null
SELECT is(news(), 'EVENT_UPDATED EVENT_STATUS_CHANGED', 'changes of events, not a status that was there already');
SELECT evently.update_venue(venue('Hall'), city => 'Lyon') \g /dev/null
SELECT evently.delete_venue((evently.create_venue('Shed')).venue_id) \g /dev/null
SELECT is(news(), 'VENUE_UPDATED VENUE_CREATED VENUE_DELETED', 'and of venues');
SELECT evently.create_event('barn dance', now() + interval '1 day', venue => '"Barn"', total_capacity => 5) \g /dev/null
SELECT is(news(), 'VENUE_CREATED EVENT_CREATED', 'a venue that an event brings with it tells of itself');

SELECT evently.hold_seats(event('show'), person('ann'), '{A-1,A-2}', idempotency_key => 'k') \g /dev/null
SELECT evently.hold_seats(event('show'), person('ann'), '{A-1,A-2}', idempotency_key => 'k') \g /dev/null
SELECT is(news(), 'HOLD_CREATED', 'a hold; its replay tells nothing');
SET LOCAL evently.hold_ttl = 900;
SELECT evently.extend_hold(event('show'), hold('ann')) \g /dev/null
SELECT is(news(), 'HOLD_EXTENDED', 'extended');
SELECT evently.confirm_hold(event('show'), hold('ann'), idempotency_key => 'c'), evently.confirm_hold(event('show'), hold('ann')) \g /dev/null
SELECT is(news(), 'BOOKING_CONFIRMED', 'confirmed, once');
SELECT is((SELECT payload::text FROM last_told('BOOKING_CONFIRMED')),
	(SELECT response::text FROM evently.idempotency WHERE operation = 'confirm'), 'the payload is the answer, word for word');
SELECT is((SELECT (user_id = person('ann')) || ' ' || notice || ' ' || (aggregateid = booking('ann')) FROM last_told('BOOKING_CONFIRMED')),
	'true true true', 'whom it is about is to be notified');
SELECT evently.hold_tickets(event('club'), person('bob'), 2) \g /dev/null
SELECT evently.release_hold(NULL, hold('bob')), evently.release_hold(NULL, hold('bob')) \g /dev/null
SELECT is(news(), 'HOLD_CREATED HOLD_RELEASED', 'released, once');
SELECT evently.hold_tickets(event('club'), person('bob'), 2) \g /dev/null
SELECT expire_holds_of('bob') \g /dev/null
SELECT evently.release_hold(NULL, hold('bob')) \g /dev/null
SELECT is(news(), 'HOLD_CREATED HOLD_EXPIRED', 'released too late');

SELECT evently.book(event('club'), person('cid'), quantity => 2) \g /dev/null
SELECT is(news(), 'BOOKING_CONFIRMED', 'booked at once');
SELECT throws_ok($$SELECT evently.book(event('club'), person('cid'), quantity => 20)$$, 'VE102', NULL, 'a refusal');
SELECT is(news(), NULL, 'tells nothing');
SELECT evently.cancel_booking(event('club'), booking('cid'), reason => 'ill'), evently.cancel_booking(event('club'), booking('cid')) \g /dev/null
SELECT is(news(), 'BOOKING_CANCELLED', 'cancelled, once');
SAVEPOINT before_booking;
SELECT evently.book(event('club'), person('cid'), quantity => 2) \g /dev/null
ROLLBACK TO before_booking;
SELECT is(news(), NULL, 'what is rolled back tells nothing');

SELECT is((SELECT count(DISTINCT xid) FROM evently.outbox WHERE xid = pg_current_xact_id()), 1::bigint, 'a row knows its transaction');
SELECT is_empty($$SELECT key FROM evently.outbox, json_object_keys(payload) key WHERE key IN ('email', 'name', 'phone_number') AND aggregatetype IN ('HOLD', 'BOOKING')$$,
	'no personal data');
SELECT all_is_well();

SELECT * FROM finish();
ROLLBACK;
