\set ECHO none
\i sql/include/setup.psql
SELECT plan(60);

-- Booking at once
SELECT results_eq(
	$$SELECT quantity, seat_ids, cardinality(tickets), total_price, currency, status, hold_id, version, length(booking_ref)
	FROM evently.book(event('show'), person('ann'), '{A-2,A-1,AA-4}')$$,
	$$VALUES (3, '{A-1,A-2,AA-4}'::text[], 3, 160.00, 'USD', 'confirmed', NULL::uuid, 1, 10)$$,
	'a booking of seats (S4-BOOK-3, S3-BOOK-8)');
SELECT results_eq($$SELECT seat_id, price FROM evently.get_booking(event('show'), booking('ann')) b, unnest(b.tickets) t$$,
	$$VALUES ('A-1', 40.00), ('A-2', 40.00), ('AA-4', 80.00)$$, 'H05: a ticket costs what its section costs in this event');
SELECT is((evently.book(event('twin'), person('ann'), '{A-1}')).total_price, 70.00, 'H05, H06: and in the other event something else');
SELECT is(seat_status('show', 'A-1') || ' ' || seat_status('show', 'A-3'), 'sold available', 'H13: the map shows it at once (S2-PERF-7)');
SELECT is((SELECT e.available_seats || ' ' || e.booked_count FROM evently.get_event(event('show')) e), '43 3', 'H13: so do the numbers (S5-EVP-5)');
SELECT throws_ok($$SELECT evently.book(event('show'), person('bob'), '{A-3,A-1}')$$, 'VE101', NULL, 'a sold seat is not sold again (S4-BOOK-8)');
SELECT throws_ok($$SELECT evently.hold_seats(event('show'), person('bob'), '{A-1}')$$, 'VE101', NULL, 'H07: or held');
SELECT is(seat_status('show', 'A-3'), 'available', 'H04: all or nothing (S1-BOOK-2)');
SELECT results_eq(
	$$SELECT quantity, seat_ids, total_price, t.section_id = section('club', 'General'), t.price
	FROM evently.book(event('club'), person('bob'), quantity => 2) b, unnest(b.tickets) t$$,
	$$VALUES (2, '{}'::text[], 20.00, true, 10.00), (2, '{}'::text[], 20.00, true, 10.00)$$, 'a booking by quantity (S4-BOOK-2)');
SELECT is((evently.book(event('show'), person('bob'), quantity => 2)).seat_ids, '{A-3,A-4}', 'gets the first free seats where there are some');
SELECT throws_ok(format('SELECT evently.book(%s)', arguments), sqlstate, NULL, why)
FROM (VALUES
	($$event('show'), person('ann')$$, 'VE001', 'H74: nothing asked for'),
	($$event('show'), person('ann'), quantity => 0$$, 'VE001', 'H74: none'),
	($$event('show'), NULL, quantity => 1$$, 'VE001', 'H74: by nobody'),
	($$event('show'), person('ann'), '{C-1,C-1}'$$, 'VE001', 'H18: a seat twice'),
	($$event('show'), person('ann'), '{C-1}', 2$$, 'VE001', 'H18: a seat and another number'),
	($$person('x'), person('ann'), quantity => 1$$, 'VE401', 'H03: an unknown event')
) b (arguments, sqlstate, why);
SELECT throws_ok($$SELECT evently.get_booking(event('show'), person('x'))$$, 'VE201', NULL, 'H74: an unknown booking');
SELECT throws_ok($$SELECT evently.get_booking(NULL, booking('ann'), person('bob'))$$, 'VE002', NULL, 'somebody else''s booking is not shown');

-- Confirming a hold
SELECT evently.hold_seats(event('show'), person('cid'), '{C-1,AA-1}') \g /dev/null
SELECT evently.update_event(event('show'), base_price => 99) \g /dev/null
SELECT results_eq(
	$$SELECT hold_id, seat_ids, total_price, status FROM evently.confirm_hold(event('show'), hold('cid'), person('cid'))$$,
	$$SELECT hold('cid'), '{C-1,AA-1}'::text[], 120.00, 'confirmed'$$,
	'a hold becomes a booking at the price it promised (S3-BOOK-1, S3-HOLD-7)');
SELECT is((evently.confirm_hold(NULL, hold('cid'))).booking_id, booking('cid'), 'H09: confirming again gives the same booking');
SELECT is((SELECT count(*) FROM evently.booking WHERE user_id = person('cid')), 1::bigint, 'H09: there is one');
SELECT is((SELECT v.reason FROM evently.validate_hold(event('show'), hold('cid')) v), 'confirmed', 'the hold says so');
SELECT throws_ok($$SELECT evently.release_hold(event('show'), hold('cid'))$$, 'VE109', NULL, 'and is not released any more');
SELECT evently.hold_tickets(event('club'), person('dan'), 5) \g /dev/null
SELECT is((evently.confirm_hold(event('club'), hold('dan'))).quantity || ' ' || free('club'), '5 13', 'a hold of tickets is confirmed');
SELECT throws_ok($$SELECT evently.confirm_hold(event('club'), person('x'))$$, 'VE106', NULL, 'H74: an unknown hold');
SELECT evently.hold_tickets(event('club'), person('eve'), 1) \g /dev/null
UPDATE evently.event SET sale_end_time = now() WHERE event_id = event('club');
SELECT is((evently.confirm_hold(event('club'), hold('eve'))).status, 'confirmed', 'a hold is a promise: it is kept after the sale has ended');
UPDATE evently.event SET sale_end_time = NULL WHERE event_id = event('club');
SELECT evently.hold_tickets(event('club'), person('eve'), 1), evently.set_event_status(event('club'), 'inactive') \g /dev/null
SELECT throws_ok($$SELECT evently.confirm_hold(event('club'), hold('eve'))$$, 'VE402', NULL, 'but not where the event sells no more');
SELECT evently.set_event_status(event('club'), 'published') \g /dev/null

-- Keys (S4-IDEM-1 to 3)
SELECT evently.book(event('club'), person('fay'), quantity => 2, idempotency_key => 'k') AS first \gset
SELECT is(evently.was_replayed(), false, 'the first call under a key does the work (S4-IDEM-4)');
SELECT is(evently.book(event('club'), person('fay'), quantity => 2, idempotency_key => 'k')::text, :'first', 'H24: a retry gives the first answer');
SELECT is(evently.was_replayed(), true, 'and says so');
SELECT is((SELECT count(*) FROM evently.booking WHERE user_id = person('fay')), 1::bigint, 'H24: there is one booking (S4-IDEM-3)');
SELECT throws_ok($$SELECT evently.book(event('club'), person('fay'), quantity => 3, idempotency_key => 'k')$$, 'VE901', NULL,
	'H23: another request under its key is refused');
SELECT lives_ok($$SELECT evently.book(event('twin'), person('fay'), quantity => 2, idempotency_key => 'k')$$,
	'H23: one key on two events makes two bookings (S4-IDEM-2)');
SELECT lives_ok($$SELECT evently.book(event('club'), person('gus'), quantity => 1, idempotency_key => 'k')$$,
	'a key is its user''s own (S4-IDEM-2)');
SELECT lives_ok($$SELECT evently.hold_tickets(event('club'), person('fay'), 1, idempotency_key => 'k')$$, 'and its operation''s');
SELECT lives_ok($$SELECT evently.confirm_hold(event('club'), hold('fay'), idempotency_key => repeat('é', 255))$$,
	'H25: a key has 255 characters');
SELECT throws_ok(format('SELECT evently.book(event(''club''), person(''fay''), quantity => 1, idempotency_key => %L)', key), 'VE001',
	NULL, why) FROM (VALUES (repeat('k', 256), 'H25: not 256'), ('', 'H25: not none')) k (key, why);
SELECT throws_ok($$SELECT evently.book(event('club'), person('gus'), quantity => 20, idempotency_key => 'later')$$, 'VE102', NULL,
	'H26: a refusal for a passing reason');
SELECT evently.cancel_booking(event('club'), booking_id) FROM evently.booking
WHERE event_id = event('club') AND status = 'confirmed' AND user_id <> person('gus') \g /dev/null
SELECT evently.cancel_booking(event('club'), booking('gus')), evently.release_hold(event('club'), hold('eve')) \g /dev/null
SELECT lives_ok($$SELECT evently.book(event('club'), person('gus'), quantity => 20, idempotency_key => 'later')$$,
	'H26: the same key may try again');

-- One transaction with the caller's own rows
CREATE TABLE my_order (note text);
SAVEPOINT purchase;
INSERT INTO my_order SELECT b.status FROM evently.book(event('twin'), person('hal'), '{C-4}', idempotency_key => 'h') b;
ROLLBACK TO purchase;
SELECT is((SELECT count(*) FROM my_order) || ' ' || seat_status('twin', 'C-4') || ' ' || free('twin', 'Stalls'), '0 available 9',
	'booking and own row: neither after a rollback');
SAVEPOINT purchase;
INSERT INTO my_order SELECT b.status FROM evently.book(event('twin'), person('hal'), '{C-4}', idempotency_key => 'h') b;
RELEASE purchase;
SELECT is((SELECT count(*) FROM my_order) || ' ' || seat_status('twin', 'C-4') || ' ' || free('twin', 'Stalls'), '1 sold 8',
	'booking and own row: both after a commit, the key not spent by the rollback');
SELECT all_is_well();

-- A user's bookings, newest first (S3-BOOK-4, S4-BOOK-4)
SELECT results_eq($$SELECT event_id, status FROM evently.list_bookings(person('fay'))$$,
	$$VALUES (event('club'), 'cancelled'), (event('twin'), 'confirmed'), (event('club'), 'cancelled')$$, 'one''s own bookings (S3-BOOK-4, S4-BOOK-4)');
SELECT is((SELECT p.total || ' ' || cardinality(p.bookings) || ' ' || p.has_more FROM evently.list_bookings_page(person('fay'), "limit" => 1,
	event_id => event('club'), status => 'Cancelled') p), '2 1 true', 'by event and status, in pages');
SELECT is((SELECT p.total || ' ' || cardinality(p.bookings) FROM evently.list_bookings_page(person('nobody')) p), '0 0', 'nobody has none');
SELECT throws_ok($$SELECT evently.list_bookings(person('fay'), status => 'paid')$$, 'VE001', NULL, 'an unknown status');
SELECT throws_ok($$SELECT evently.list_bookings(person('nobody'), status => 'paid')$$, 'VE001', NULL, 'also of who has no booking');

-- For administrators
SELECT is((SELECT p.total || ' ' || cardinality(p.bookings) FROM evently.list_admin_bookings_page(NULL, "limit" => 2) p),
	(SELECT count(*) || ' 2' FROM evently.booking), 'S4-BOOK-6: everybody''s bookings');
SELECT is((SELECT array_agg(b.booking_id) FROM unnest((evently.list_admin_bookings_page(NULL, event('twin'), "limit" => 100)).bookings) b),
	(SELECT array_agg(booking_id ORDER BY booking_id DESC) FROM evently.booking WHERE event_id = event('twin')), 'of an event, newest first');
SELECT is((SELECT p.total FROM evently.list_admin_bookings_page(NULL, event('club'), person('fay'), 'Cancelled') p), 2::bigint, 'of a person, with a status');
SELECT is((SELECT p.total FROM evently.list_admin_bookings_page(NULL, user_id => person('fay')) p), 3::bigint, 'of all events');
SELECT throws_ok($$SELECT evently.list_admin_bookings_page(person('eve'))$$, 'VE002', NULL, 'not for everybody');
SELECT throws_ok($$SELECT evently.list_admin_bookings_page(person('eve'), event('club'))$$, 'VE002', NULL, 'nor of one event');
SELECT throws_ok($$SELECT evently.list_admin_bookings_page(NULL, person('x'))$$, 'VE401', NULL, 'an unknown event');
SELECT throws_ok($$SELECT evently.list_admin_bookings_page(NULL, status => 'paid')$$, 'VE001', NULL, 'an unknown status');

-- The caller's own row and the booking: both or neither
CREATE TABLE my_invoice (note text PRIMARY KEY, booking_id uuid);
SAVEPOINT booked;
INSERT INTO my_invoice SELECT 'first', booking_id FROM evently.book(event('twin'), person('own'), '{B-4}', payment => '{}');
ROLLBACK TO booked;
SELECT is(seat_status('twin', 'B-4') || ' ' || (SELECT count(*) FROM my_invoice) || ' ' || (SELECT count(*) FROM evently.payment WHERE user_id = person('own')),
	'available 0 0', 'a booking and a row of one''s own in one transaction: neither, where it is rolled back');
INSERT INTO my_invoice VALUES ('second', NULL);
SELECT throws_ok($$WITH booked AS (SELECT booking_id FROM evently.book(event('twin'), person('own'), '{B-4}', payment => '{}'))
	INSERT INTO my_invoice SELECT 'second', booking_id FROM booked$$, '23505', NULL, 'neither, where the row is refused');
INSERT INTO my_invoice SELECT 'third', booking_id FROM evently.book(event('twin'), person('own'), '{B-4}', payment => '{}');
SELECT is(seat_status('twin', 'B-4') || ' ' || (SELECT count(*) FROM my_invoice JOIN evently.booking b USING (booking_id)) || ' ' ||
	(SELECT string_agg(type, ' ') FROM evently.outbox WHERE user_id = person('own')), 'sold 1 BOOKING_CONFIRMED', 'both, otherwise, and nothing else is told');

UPDATE evently.booking SET hold_id = NULL WHERE booking_id = booking('cid');
SELECT throws_ok($$SELECT evently.confirm_hold(event('show'), hold('cid'))$$, 'XX000', NULL, 'a confirmed hold that lost its booking is an error, not a crash');

SELECT * FROM finish();
ROLLBACK;
