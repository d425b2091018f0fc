-- Every change of state tells the world outside, in its own transaction.
\set ECHO none
\i sql/include/setup.psql
SELECT plan(60);

-- What a call has told since the last time this was asked.
CREATE TEMPORARY TABLE told (id uuid);
CREATE FUNCTION news() RETURNS text LANGUAGE sql VOLATILE AS $$
	WITH fresh AS (SELECT o.* FROM evently.outbox o WHERE NOT EXISTS (SELECT FROM told t WHERE t.id = o.id)),
	kept AS (INSERT INTO told SELECT id FROM fresh)
	SELECT string_agg(type, ' ' ORDER BY id) FROM fresh
$$;
CREATE FUNCTION expire_blocks() RETURNS void LANGUAGE sql AS $$
	UPDATE evently.event_seat s SET held_until = now() - interval '1 day' FROM evently.hold h
	WHERE h.reason IS NOT NULL AND s.event_id = h.event_id AND s.hold_id = h.hold_id;
	UPDATE evently.hold SET created_at = created_at - interval '2 days', expires_at = now() - interval '1 day' WHERE reason IS NOT NULL;
$$;
CREATE FUNCTION last_told(type text) RETURNS evently.outbox LANGUAGE sql STABLE
AS 'SELECT o FROM evently.outbox o WHERE o.type = $1 ORDER BY id DESC LIMIT 1';

SELECT is(news(), 'VENUE_CREATED EVENT_CREATED EVENT_CREATED EVENT_CREATED', 'S5-OUT-1, S5-EVA-7: venues and events tell of their creation, in order');
SELECT is((SELECT aggregatetype || ' ' || (aggregateid = event_id) || ' ' || (payload::jsonb = evently.render(evently.get_event(event_id))::jsonb)
	FROM last_told('EVENT_CREATED')), 'EVENT true true', 'S5-OUT-1: the payload is the event, for an index to take (S5-OUT-2, S5-SRCH-2)');

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

-- Expired holds tell of it, whoever tidies them up
SELECT evently.hold_tickets(event('club'), person('dan'), 3) \g /dev/null
SELECT expire_holds_of('dan') \g /dev/null
SELECT evently.expire_holds(event('club')), evently.expire_holds(event('club')) \g /dev/null
SELECT is(news(), 'HOLD_CREATED HOLD_EXPIRED', 'a hold that ran out');
SELECT is((SELECT payload::text FROM last_told('HOLD_EXPIRED')), evently.render(evently.get_hold(event('club'), hold('dan')))::text,
	'says whose it was and what it had, as every hold is told of');
SELECT evently.hold_seats(event('show'), person('eve'), '{A-3,A-4}') \g /dev/null
SELECT expire_holds_of('eve') \g /dev/null
SELECT evently.expire_holds(event('show')) \g /dev/null
SELECT is((SELECT payload::text FROM last_told('HOLD_EXPIRED')), evently.render(evently.get_hold(event('show'), hold('eve')))::text, 'its seats too');
SELECT is(news(), 'HOLD_CREATED HOLD_EXPIRED', 'once');
SELECT evently.block_seats(event('show'), 'Press', '{B-1,B-2}', expires_at => now() + interval '1 day') \g /dev/null
SELECT expire_blocks() \g /dev/null
SELECT evently.expire_holds(event('show')) \g /dev/null
SELECT is(news(), 'SEATS_BLOCKED SEATS_UNBLOCKED', 'house seats kept back until a time');
SELECT is((SELECT (user_id IS NULL) || ' ' || (payload ->> 'status') || ' ' || (payload ->> 'reason') FROM last_told('SEATS_UNBLOCKED')), 'true expired Press',
	'which are nobody''s hold');

-- What somebody gives is told before what others get of it
SAVEPOINT before_queue;
SELECT evently.book(event('club'), person('fay'), quantity => 2), evently.update_event(event('club'), max_tickets_per_booking => 30) \g /dev/null
SELECT evently.book(event('club'), person('gus'), quantity => free('club')), evently.join_waitlist(event('club'), person('hal'), 2) \g /dev/null
SELECT news() \g /dev/null
SELECT evently.cancel_booking(event('club'), booking('fay')) \g /dev/null
SELECT is(news(), 'BOOKING_CANCELLED HOLD_CREATED WAITLIST_OFFERED', 'a cancellation, and then the offer that it makes');
ROLLBACK TO before_queue;

-- Reading. A transaction does not read what it has told itself: what this test wrote is made to look older.
SELECT is_empty('SELECT * FROM evently.outbox_read()', 'what may still be rolled back is not read');
SELECT evently.outbox_position() AS before \gset
UPDATE evently.outbox SET xid = '3';
SELECT is((SELECT count(*) FROM evently.outbox_read(NULL, 1000)), (SELECT count(*) FROM evently.outbox), 'then all of it');
SELECT results_eq('SELECT id FROM evently.outbox_read()', 'SELECT id FROM evently.outbox ORDER BY id', 'in the order in which it happened');
SELECT is((SELECT count(*) FROM evently.outbox_read(NULL, 4)), 4::bigint, 'as many as are wanted');
SELECT results_eq($$SELECT n.id FROM evently.outbox_read(NULL, 4) m, LATERAL evently.outbox_read(m.position, 1) n$$,
	'SELECT id FROM evently.outbox ORDER BY id LIMIT 4 OFFSET 1', 'each knows its place');
SELECT is(evently.outbox_ack(ARRAY(SELECT position FROM evently.outbox_read(NULL, 5))), 5, 'five are acknowledged');
SELECT is(evently.outbox_ack(ARRAY(SELECT position FROM evently.outbox_read('0/00000000-0000-0000-0000-000000000000', 6))), 1, 'each once');
SELECT results_eq('SELECT id FROM evently.outbox_read()', 'SELECT id FROM evently.outbox ORDER BY id OFFSET 6', 'and not read again');
SELECT is((SELECT count(*) FROM evently.outbox_read('0/00000000-0000-0000-0000-000000000000', 1000)), (SELECT count(*) FROM evently.outbox),
	'but by who keeps his own place');
SELECT is_empty(format('SELECT * FROM evently.outbox_read(%L)', :'before'), 'who begins at the end reads what is to come');
SELECT is(evently.outbox_ack(ARRAY(SELECT position FROM evently.outbox_read(NULL, 1000))) > 10, true, 'all are acknowledged');
SELECT is(evently.outbox_start('outbox') > '3', true, 'reading begins behind them');
UPDATE evently.outbox_reader SET system_identifier = 7, xid = '999999999999';
SELECT is(evently.outbox_start('outbox'), '0'::xid8, 'but from the start in a cluster that a dump was restored in');
UPDATE evently.outbox SET acked_at = NULL, xid = '999999999998' WHERE type = 'EVENT_CREATED';
SELECT is((SELECT count(*) FROM evently.outbox_read()), 4::bigint, 'and rows of a cluster that had counted further are read');
SELECT throws_ok(format('SELECT * FROM evently.%s', call), 'VE001', NULL, call)
FROM unnest(ARRAY['outbox_read(NULL, 0)', 'outbox_read(NULL, 1001)', 'outbox_read(''x'')', 'outbox_read(''3/x'')', 'outbox_ack(NULL)', 'outbox_ack(''{1}'')',
	'notification_read(0)', 'prune_outbox(-1)']) call;

-- Notifications
SELECT evently.register_account('ann@example.com', 'x', 'Ann') AS registered \g /dev/null
UPDATE evently.outbox SET user_id = (SELECT account_id FROM evently.account WHERE email = 'ann@example.com') WHERE user_id = person('ann');
SELECT results_eq('SELECT kind, name, email, subject, event_name FROM evently.notification_read()', $$VALUES
	('booking_confirmed', 'Ann', 'ann@example.com', 'Your booking for show', 'show'),
	('booking_confirmed', NULL, NULL, 'Your booking for club', 'club'),
	('booking_cancelled', NULL, NULL, 'Your booking was cancelled: club', 'club')$$,
	'S3-NOTIF-1, S3-NOTIF-4, H41: bookings and cancellations are queued for a mailer, whether there is one or not');
SAVEPOINT before_tickets;
UPDATE evently.outbox SET type = 'TICKETS_CANCELLED' WHERE type = 'BOOKING_CANCELLED';
SELECT is((SELECT subject FROM evently.notification_read() WHERE kind = 'tickets_cancelled'), 'Tickets of your booking were cancelled: club',
	'so are tickets that are cancelled');
ROLLBACK TO before_tickets;
SELECT is(evently.notification_ack(ARRAY(SELECT position FROM evently.notification_read(2))), 2, 'two are sent');
SELECT results_eq('SELECT kind FROM evently.notification_read()', ARRAY['booking_cancelled'], 'one is left');

-- Pruning
SELECT is(evently.prune_outbox(), 0, 'what is young stays');
UPDATE evently.outbox SET occurred_at = now() - interval '8 days', xid = '3' WHERE type <> 'EVENT_CREATED';
SELECT is(evently.prune_outbox(), 0, 'and what is old but has a notice that is not sent');
SELECT evently.notification_ack(ARRAY(SELECT position FROM evently.notification_read())), evently.outbox_ack('{}') \g /dev/null
SELECT is(evently.prune_outbox(2), 2, 'what is old and done goes, some at a time');
SELECT cmp_ok(evently.prune_outbox(), '>', 10, 'and then the rest');
SELECT is((SELECT count(*) FROM evently.outbox), 4::bigint, 'what is not acknowledged stays');
UPDATE evently.outbox SET occurred_at = now() - interval '31 days';
SELECT is(evently.prune_outbox(), 4, 'but not for ever');
SELECT throws_ok('SET LOCAL evently.outbox_retention = 599', '22023', NULL, 'ten minutes at least: live updates look for changes in it');

SELECT all_is_well();

SELECT * FROM finish();
ROLLBACK;
