\set ECHO none
\i sql/include/setup.psql
SELECT plan(18);

SELECT evently.book(event('show'), person('ann'), '{A-1,AA-1}') \g /dev/null
SELECT results_eq(
	$$SELECT booking_id, event_id, status, fee, refund_amount, currency, reason
	FROM evently.cancel_booking(event('show'), booking('ann'), person('ann'), 'ill')$$,
	$$SELECT booking('ann'), event('show'), 'completed', 0.00, 120.00, 'USD', 'ill'$$,
	'a booking is cancelled free of charge: fee + refund is what it cost (H51, S3-BOOK-3, S4-BOOK-5)');
SELECT is((SELECT b.status || ' ' || b.version FROM evently.get_booking(event('show'), booking('ann')) b), 'cancelled 2',
	'the booking says so, with a new version (S3-BOOK-6)');
SELECT is(seat_status('show', 'A-1') || ' ' || seat_status('show', 'AA-1'), 'available available', 'H13: its seats are free at once (S3-CANC-7)');
SELECT is(free('show', 'Stalls') || ' ' || free('show', 'Balcony'), '12 4', 'each counts for its own section again');
SELECT is(evently.cancel_booking(event('show'), booking('ann'), person('ann'), 'again')::text, c::text,
	'H20: a repeat gives the same answer')
FROM evently.cancel_booking(NULL, booking('ann')) c;
SELECT is(free('show'), 46, 'H20: stock came back once');
SELECT is((SELECT count(*) FROM evently.cancellation WHERE booking_id = booking('ann')), 1::bigint, 'H20: one refund');
SELECT lives_ok($$SELECT evently.book(event('show'), person('bob'), '{A-1}')$$, 'the seat is sold again');
SELECT is((SELECT b.seat_ids FROM evently.get_booking(event('show'), booking('ann')) b), '{A-1,AA-1}', 'the cancelled booking keeps its history (S3-BOOK-7)');
SELECT evently.cancel_booking(event('show'), booking('ann')) \g /dev/null
SELECT is(seat_status('show', 'A-1'), 'sold', 'H20: cancelling again does not free what is another''s now');

SELECT evently.confirm_hold(event('club'), h.hold_id) FROM evently.hold_tickets(event('club'), person('cid'), 20) h \g /dev/null
SELECT is(free('club'), 0, 'sold out');
SELECT evently.cancel_booking(event('club'), booking('cid'), idempotency_key => 'c') \g /dev/null
SELECT evently.cancel_booking(event('club'), booking('cid'), idempotency_key => 'c') \g /dev/null
SELECT is(free('club') || ' ' || evently.was_replayed(), '20 true', 'all tickets come back, once, also under a key');

SELECT evently.book(event('club'), person('dan'), quantity => 1) \g /dev/null
SELECT throws_ok($$SELECT evently.cancel_booking(event('club'), booking('dan'), person('eve'))$$, 'VE002', NULL, 'somebody else''s booking');
SELECT throws_ok($$SELECT evently.cancel_booking(event('club'), person('x'))$$, 'VE201', NULL, 'H74: an unknown booking');
SELECT start_event('club') \g /dev/null
SELECT throws_ok($$SELECT evently.cancel_booking(event('club'), booking('dan'))$$, 'VE202', NULL, 'not after the event has started');
SELECT is((evently.cancel_booking(event('club'), booking('cid'))).status, 'completed', 'H20: but what is cancelled still answers');
SELECT all_is_well();
DELETE FROM evently.cancellation WHERE booking_id = booking('cid');
SELECT throws_ok($$SELECT evently.cancel_booking(event('club'), booking('cid'))$$, 'XX000', NULL, 'a cancellation that is lost is an error, not a crash');

SELECT * FROM finish();
ROLLBACK;
