\set ECHO none
\i sql/include/setup.psql
SELECT plan(90);

-- A world with everything in it: bookings of seats and of tickets, from holds and direct, cancelled ones, live and expired holds.
DO $$
DECLARE
	show uuid := event('show');
	club uuid := event('club');
BEGIN
	PERFORM evently.book(show, person('ann'), '{A-1,A-2}');
	PERFORM evently.book(club, person('ann'), quantity => 3);
	PERFORM evently.hold_seats(show, person('bob'), '{B-1,AA-1}');
	PERFORM evently.hold_tickets(club, person('bob'), 2);
	PERFORM evently.confirm_hold(show, (evently.hold_seats(show, person('cid'), '{C-1}')).hold_id);
	PERFORM evently.confirm_hold(club, (evently.hold_tickets(club, person('cid'), 2)).hold_id);
	PERFORM evently.book(show, person('dan'), '{C-2}');
	PERFORM evently.cancel_booking(show, booking('dan'));
	PERFORM evently.hold_seats(show, person('eve'), '{C-3,C-4}');
	PERFORM evently.hold_tickets(club, person('eve'), 4);
	PERFORM expire_holds_of('eve');
	PERFORM evently.book(show, person('fay'), '{C-3}');
	PERFORM evently.register_account('ann@example.com', 'x', 'Ann');
	PERFORM evently.book(club, person('pat'), quantity => 2, payment => '{}');
	PERFORM evently.cancel_booking(club, booking('pat'));
	PERFORM evently.book(club, person('pay'), quantity => 1, payment => '{}');
	PERFORM evently.create_event('full', now() + interval '9 days', total_capacity => 3);
	PERFORM evently.hold_tickets(event('full'), person('gus'), 1);
	PERFORM evently.hold_tickets(event('full'), person('hal'), 1);
	PERFORM evently.hold_tickets(event('full'), person('ivy'), 1);
	PERFORM evently.join_waitlist(event('full'), person('jim'));
	PERFORM evently.join_waitlist(event('full'), person('kim'));
	PERFORM evently.join_waitlist(event('full'), person('lea'));
	PERFORM evently.release_hold(event('full'), hold('gus'));
	PERFORM evently.accept_offer(event('full'), person('jim'));
	PERFORM evently.release_hold(event('full'), hold('hal'));
	PERFORM evently.create_event('empty', now() + interval '1 day', total_capacity => 5);
	-- A pool of ten in which a booking of three and a hold of two count.
	PERFORM evently.book(event('twin'), person('gus'), quantity => 3);
	PERFORM evently.hold_tickets(event('twin'), person('hal'), 2);
	INSERT INTO evently.pool (event_id, pool_id, size, stripes) VALUES (event('twin'), person('pool'), 10, 2);
	INSERT INTO evently.stock (event_id, section_id, stripe, reserved, available, of_section)
	VALUES (event('twin'), person('pool'), 0, false, 4, false), (event('twin'), person('pool'), 1, false, 1, false);
	UPDATE evently.booking b SET pools = ARRAY[person('pool')] WHERE b.user_id = person('gus');
	UPDATE evently.hold h SET pools = ARRAY[person('pool')] WHERE h.user_id = person('hal');
END
$$;
SELECT all_is_well();

-- What verify() says after some damage, which is then undone.
CREATE FUNCTION named_after(damage text) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
	named integer[];
BEGIN
	EXECUTE damage;
	SELECT array_agg(DISTINCT invariant ORDER BY invariant) INTO named FROM evently.verify();
	RAISE EXCEPTION 'undo';
EXCEPTION WHEN raise_exception THEN
	RETURN named;
END
$$;
CREATE FUNCTION of_club() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT event('club') $$;
CREATE FUNCTION of_show() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT event('show') $$;

SELECT is(named_after(damage), ARRAY[invariant], format('%s: %s', invariant, what))
FROM (VALUES
	(1, 'a ticket too many in stock', $$UPDATE evently.stock SET available = available + 1 WHERE event_id = of_club() AND stripe = 0$$),
	(1, 'a seat too few in stock', $$UPDATE evently.stock SET available = available - 1 WHERE event_id = of_show()
		AND section_id = section('show', 'Balcony')$$),
	(1, 'a hold flipped without giving back', $$UPDATE evently.hold SET status = 'expired' WHERE hold_id = hold('eve') AND section_id IS NOT NULL$$),
	(1, 'seats freed without giving back', $$UPDATE evently.hold SET status = 'released' WHERE event_id = of_show() AND user_id = person('bob');
		UPDATE evently.event_seat SET hold_id = NULL, held_until = NULL WHERE event_id = of_show() AND label IN ('B-1', 'AA-1')$$),
	(2, 'a section smaller than what it sold', $$ALTER TABLE evently.stock DROP CONSTRAINT stock_never_oversold;
		UPDATE evently.event_section SET capacity = 4 WHERE event_id = of_club();
		UPDATE evently.event SET total_capacity = 4 WHERE event_id = of_club();
		UPDATE evently.stock SET available = CASE stripe WHEN 0 THEN 4 - 6 - 6 ELSE 0 END WHERE event_id = of_club()$$),
	(3, 'a stripe is gone', $$UPDATE evently.stock SET available = (SELECT sum(available) FROM evently.stock WHERE event_id = of_club())
			WHERE event_id = of_club() AND stripe = 0;
		DELETE FROM evently.stock WHERE event_id = of_club() AND stripe > 0$$),
	(3, 'a stripe is new', $$INSERT INTO evently.stock VALUES (of_club(), section('club', 'General'), 63, false, 0)$$),
	(3, 'a free seat is gone', $$DELETE FROM evently.event_seat WHERE event_id = of_show() AND label = 'B-4'$$),
	(3, 'general admission has a seat', $$UPDATE evently.event_section SET kind = 'general' WHERE event_id = of_show() AND name = 'Balcony'$$),
	(4, 'an event larger than its sections', $$UPDATE evently.event SET total_capacity = total_capacity + 1 WHERE event_id = of_show()$$),
	(3, 'a stripe of another kind', $$UPDATE evently.stock SET reserved = true WHERE event_id = of_club() AND stripe = 0$$),
	(4, 'an event without sections', $$DELETE FROM evently.event_section WHERE event_id = event('empty');
		DELETE FROM evently.stock WHERE event_id = event('empty')$$),
	(5, 'a ticket with another seat''s label', $$UPDATE evently.ticket SET seat_label = 'A-9' WHERE event_id = of_show() AND seat_label = 'A-1'$$),
	(5, 'a sold seat of another booking', $$UPDATE evently.event_seat SET booking_id = booking('cid') WHERE event_id = of_show() AND label = 'A-1'$$),
	(5, 'a sold seat that is free', $$UPDATE evently.event_seat SET booking_id = NULL WHERE event_id = of_show() AND label = 'A-1'$$),
	(5, 'a sold seat without a ticket', $$UPDATE evently.event_seat SET booking_id = booking('cid') WHERE event_id = of_show() AND label = 'B-4'$$),
	(6, 'a seat held longer than its hold', $$UPDATE evently.event_seat SET held_until = held_until + interval '1 s' WHERE event_id = of_show() AND label = 'B-1'$$),
	(6, 'a seat held by no hold', $$UPDATE evently.event_seat SET hold_id = person('x'), held_until = now() WHERE event_id = of_show() AND label = 'B-4';
		UPDATE evently.stock SET available = available - 1 WHERE event_id = of_show() AND section_id = section('show', 'Stalls') AND stripe = 0$$),
	(6, 'a seat held by a hold that does not name it', $$UPDATE evently.event_seat SET hold_id = s.hold_id, held_until = s.held_until
		FROM (SELECT hold_id, held_until FROM evently.event_seat WHERE event_id = of_show() AND label = 'B-1') s WHERE event_id = of_show() AND label = 'B-4';
		UPDATE evently.stock SET available = available - 1 WHERE event_id = of_show() AND section_id = section('show', 'Stalls') AND stripe = 0$$),
	(7, 'a live hold''s seat is another hold''s', $$INSERT INTO evently.hold SELECT event_id, person('x'), user_id, NULL, ordinals, quantity, prices,
			total_price, currency, 'active', created_at, expires_at FROM evently.hold WHERE event_id = of_show() AND user_id = person('bob');
		UPDATE evently.event_seat SET hold_id = person('x') WHERE event_id = of_show() AND hold_id IS NOT NULL AND label IN ('B-1', 'AA-1')$$),
	(7, 'a live hold''s seat was sold', $$UPDATE evently.ticket SET seat_ordinal = s.ordinal, seat_label = s.label
			FROM evently.event_seat s WHERE s.event_id = of_show() AND s.label = 'B-1' AND ticket.event_id = of_show() AND seat_label = 'C-1';
		UPDATE evently.event_seat SET hold_id = NULL, held_until = NULL, booking_id = NULL WHERE event_id = of_show() AND label IN ('B-1', 'C-1');
		UPDATE evently.event_seat SET booking_id = (SELECT booking_id FROM evently.ticket WHERE seat_label = 'B-1' AND ticket.event_id = of_show())
			WHERE event_id = of_show() AND label = 'B-1';
		UPDATE evently.stock SET available = available + 1 WHERE event_id = of_show() AND section_id = section('show', 'Stalls') AND stripe = 0$$),
	(7, 'a live hold''s seat is free', $$UPDATE evently.event_seat SET hold_id = NULL, held_until = NULL WHERE event_id = of_show() AND label = 'B-1';
		UPDATE evently.stock SET available = available + 1 WHERE event_id = of_show() AND section_id = section('show', 'Stalls') AND stripe = 0$$),
	(8, 'a price that is no number', $$UPDATE evently.booking SET total_price = 'NaN' WHERE booking_id = booking('ann');
		UPDATE evently.ticket SET price = 'NaN' WHERE booking_id = booking('ann')$$),
	(8, 'a booking that costs more than its tickets', $$UPDATE evently.booking SET total_price = total_price + 0.01 WHERE booking_id = booking('ann')$$),
	(8, 'a booking of more than its tickets', $$UPDATE evently.booking SET quantity = quantity + 1 WHERE booking_id = booking('ann')$$),
	(8, 'a booking without tickets', $$INSERT INTO evently.booking VALUES (of_club(), person('x'), person('x'), NULL, 1, 0, 'USD', 'confirmed', now())$$),
	(8, 'a confirmed booking without a valid ticket', $$UPDATE evently.booking SET status = 'confirmed' WHERE booking_id = booking('dan')$$),
	(11, 'a ticket cancelled by nothing', $$UPDATE evently.ticket SET cancelled_at = now() WHERE ticket_id = (SELECT ticket_id FROM evently.ticket WHERE event_id = of_club() LIMIT 1);
		UPDATE evently.stock SET available = available + 1 WHERE event_id = of_club() AND stripe = 0$$),
	(8, 'a cancelled booking with a valid ticket', $$UPDATE evently.ticket SET cancelled_at = NULL, cancellation_id = NULL, fee = NULL
			WHERE booking_id = booking('dan');
		DELETE FROM evently.cancellation WHERE booking_id = booking('dan');
		UPDATE evently.event_seat SET booking_id = booking('dan') WHERE event_id = of_show() AND label = 'C-2';
		UPDATE evently.stock SET available = available - 1 WHERE event_id = of_show() AND section_id = section('show', 'Stalls') AND stripe = 0$$),
	(9, 'a ticket without a booking', $$DELETE FROM evently.booking WHERE event_id = of_club() AND user_id = person('ann')$$),
	(10, 'a confirmed hold without a booking', $$UPDATE evently.booking SET hold_id = NULL WHERE event_id = of_show() AND user_id = person('cid')$$),
	(10, 'a booking of a hold that is not confirmed', $$UPDATE evently.hold SET status = 'released' WHERE event_id = of_club() AND user_id = person('cid')$$),
	(10, 'a booking of no hold', $$UPDATE evently.booking SET hold_id = person('x') WHERE event_id = of_show() AND user_id = person('ann')$$),
	(10, 'a booking of another person than its hold', $$UPDATE evently.booking SET user_id = person('x') WHERE event_id = of_show() AND hold_id IS NOT NULL$$),
	(11, 'a refund that is too small', $$UPDATE evently.cancellation SET refund_amount = refund_amount - 0.01 WHERE booking_id = booking('dan')$$),
	(11, 'a fee on top of the refund', $$UPDATE evently.cancellation SET fee = 1$$),
	(11, 'a refund in another currency', $$UPDATE evently.cancellation SET currency = 'EUR'$$),
	(11, 'a cancelled booking without cancellation', $$DELETE FROM evently.cancellation$$),
	(11, 'a cancellation of a confirmed booking', $$UPDATE evently.cancellation SET booking_id = booking('ann')$$),
	(11, 'a second cancellation', $$INSERT INTO evently.cancellation SELECT event_id, person('x'), booking_id, fee, refund_amount, currency, reason,
		requested_at FROM evently.cancellation WHERE booking_id = booking('dan')$$),
	(11, 'a ticket that kept another fee than its cancellation', $$UPDATE evently.ticket SET fee = 1 WHERE booking_id = booking('dan')$$),
	(12, 'the terms of a booking are gone', $$UPDATE evently.booking SET policy_version = 1 WHERE booking_id = booking('dan')$$),
	(12, 'the terms of an event are gone', $$UPDATE evently.event SET policy_version = 1 WHERE event_id = of_club()$$),
	(12, 'an event is gone', $$DELETE FROM evently.event WHERE event_id = of_club()$$),
	(12, 'a venue is gone', $$DELETE FROM evently.venue$$),
	(12, 'a layout of nobody', $$INSERT INTO evently.venue_section VALUES (person('x'), person('x'), 1, 'S', 'general', 1)$$),
	(12, 'an account is gone', $$INSERT INTO evently.refresh_token VALUES (sha256('t'), person('x'), person('x'), now(), now())$$),
	(12, 'an organiser is gone', $$UPDATE evently.event SET organiser_id = person('x') WHERE event_id = of_club()$$),
	(12, 'the organiser of a member is gone', $$INSERT INTO evently.organiser_member VALUES (person('x'), person('x'), '{}')$$),
	(12, 'stock of no section', $$INSERT INTO evently.stock VALUES (of_club(), person('x'), 0, false, 0)$$),
	(13, 'a ticket without a seat where there are seats', $$UPDATE evently.event_seat SET booking_id = NULL WHERE event_id = of_show() AND label = 'A-1';
		UPDATE evently.ticket SET seat_ordinal = NULL, seat_label = NULL WHERE event_id = of_show() AND seat_label = 'A-1'$$),
	(13, 'a cancelled ticket of no section', $$UPDATE evently.ticket SET section_id = person('x') WHERE booking_id = booking('dan')$$),
	(14, 'a hold that costs more than its tickets', $$UPDATE evently.hold SET total_price = total_price + 1 WHERE user_id = person('bob')$$),
	(17, 'a payment of less than its booking costs', $$UPDATE evently.payment SET amount = 9.99 WHERE user_id = person('pay')$$),
	(17, 'a payment of another person', $$UPDATE evently.payment SET user_id = person('x') WHERE user_id = person('pay')$$),
	(18, 'a payment refunded by nothing', $$UPDATE evently.payment SET refunded = 1 WHERE user_id = person('pay')$$),
	(18, 'a payment that bought nothing', $$UPDATE evently.payment SET booking_id = NULL WHERE user_id = person('pay')$$),
	(18, 'a refund of another payment', $$INSERT INTO evently.refund SELECT event_id, person('x'), person('x'), NULL, amount, currency, status, reason, due_at,
		created_at, completed_at FROM evently.refund$$),
	(19, 'a refund of less than its cancellation says', $$UPDATE evently.refund SET amount = 19; UPDATE evently.payment SET refunded = 19 WHERE refunded > 0$$),
	(15, 'an event that is being cancelled, but is not', $$UPDATE evently.event SET is_cancelling = true WHERE event_id = of_club()$$),
	(15, 'a cancelled event with bookings', $$UPDATE evently.event SET status = 'cancelled' WHERE event_id = of_club()$$),
	(16, 'a pool with one too many', $$UPDATE evently.stock SET available = available + 1 WHERE section_id = person('pool') AND stripe = 0$$),
	(16, 'a pool larger than its stock', $$UPDATE evently.pool SET size = size + 1$$),
	(16, 'a hold that counts in a pool without taking of it', $$UPDATE evently.hold SET pools = ARRAY[person('pool')] WHERE hold_id = hold('bob')$$),
	(16, 'a booking that counts no more in what it took', $$UPDATE evently.booking SET pools = NULL$$),
	(16, 'a stripe of a pool is gone', $$UPDATE evently.stock SET available = 5 WHERE section_id = person('pool') AND stripe = 0;
		DELETE FROM evently.stock WHERE section_id = person('pool') AND stripe = 1$$),
	(16, 'a pool that is not there', $$UPDATE evently.hold SET pools = ARRAY[person('x')] WHERE hold_id = hold('bob')$$),
	(21, 'one more waits than is counted', $$UPDATE evently.event SET waiting = waiting - 1 WHERE event_id = event('full')$$),
	(21, 'nobody waits for a section that is said to be waited for', $$UPDATE evently.event_section SET waiting = 1 WHERE event_id = event('full')$$),
	(22, 'a position that is given twice one day', $$UPDATE evently.event SET last_position = 1 WHERE event_id = event('full')$$),
	(23, 'an offer without its hold', $$UPDATE evently.hold SET entry_id = NULL WHERE hold_id = hold('kim')$$),
	(23, 'an offer of another number', $$UPDATE evently.waitlist_entry SET quantity = 2 WHERE user_id = person('kim')$$),
	(24, 'a converted entry with another booking', $$UPDATE evently.waitlist_entry SET booking_id = person('x') WHERE user_id = person('jim')$$),
	(24, 'a confirmed offer whose entry has expired', $$UPDATE evently.waitlist_entry SET status = 'expired', booking_id = NULL WHERE user_id = person('jim')$$)
) d (invariant, what, damage);
SELECT all_is_well();

-- A constraint guards what it can, against an administrator's own SQL too.
SELECT throws_ok(damage, sqlstate, NULL, 'a constraint refuses ' || what)
FROM (VALUES
	($$UPDATE evently.stock SET available = -1 WHERE event_id = of_club()$$, '23514', 'stock below zero'),
	($$UPDATE evently.event_seat SET booking_id = booking('ann') WHERE event_id = of_show() AND label = 'B-1'$$, '23514', 'a seat with two owners'),
	($$UPDATE evently.event_seat SET held_until = NULL WHERE event_id = of_show() AND label = 'B-1'$$, '23514', 'a hold without an end'),
	($$INSERT INTO evently.ticket SELECT event_id, person('x'), person('x'), section_id, seat_ordinal, seat_label, price FROM evently.ticket
		WHERE event_id = of_show() AND seat_label = 'A-1'$$, '23505', 'a second ticket for a seat'),
	($$INSERT INTO evently.booking SELECT event_id, person('x'), user_id, hold_id, quantity, total_price, currency, status, created_at
		FROM evently.booking WHERE hold_id IS NOT NULL AND event_id = of_show()$$, '23505', 'a second booking of a hold'),
	($$UPDATE evently.ticket SET cancellation_id = person('x'), fee = 0 WHERE booking_id = booking('ann')$$, '23514', 'a valid ticket with a cancellation'),
	($$UPDATE evently.ticket SET fee = price + 0.01 WHERE booking_id = booking('dan')$$, '23514', 'a fee above the price'),
	($$UPDATE evently.cancellation SET refund_amount = -1$$, '23514', 'a negative refund'),
	($$UPDATE evently.hold SET quantity = quantity + 1 WHERE hold_id = hold('bob')$$, '23514', 'a hold of more than it names'),
	($$UPDATE evently.booking SET total_price = -1$$, '23514', 'a negative price'),
	($$UPDATE evently.event SET end_datetime = start_datetime$$, '23514', 'an event without length'),
	($$UPDATE evently.event SET status = 'paused'$$, '23514', 'an unknown status'),
	($$UPDATE evently.account SET email = 'x'$$, '23514', 'an address that is none'),
	($$INSERT INTO evently.waitlist_entry SELECT event_id, person('x'), user_id, NULL, 1, 'offer', 'active', 9, NULL, now()
		FROM evently.waitlist_entry WHERE user_id = person('lea')$$, '23505', 'a second place in the queue')
) d (damage, sqlstate, what);

SELECT * FROM finish();
ROLLBACK;
