\set ECHO none
\i sql/include/setup.psql
SELECT plan(43);

-- A failure in the midst of it: at the last of so many steps
CREATE SEQUENCE step;
CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	IF nextval('test.step') = TG_ARGV[0]::bigint THEN
		RAISE EXCEPTION 'stumbled';
	END IF;
	RETURN NEW;
END
$$;
CREATE FUNCTION left_of(name text) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT (SELECT count(*) FROM evently.hold h WHERE h.event_id = test.event($1) AND h.status = 'active') || ' holds, '
		|| (SELECT count(*) FROM evently.booking b WHERE b.event_id = test.event($1) AND b.status = 'confirmed') || ' bookings, '
		|| (SELECT count(*) FROM evently.cancellation c WHERE c.event_id = test.event($1)) || ' cancellations, '
		|| (SELECT count(*) FROM evently.refund r WHERE r.event_id = test.event($1)) || ' refunds, '
		|| (SELECT count(*) FROM evently.outbox o WHERE o.event_id = test.event($1) AND o.type LIKE '%CANCELLED') || ' told, '
		|| test.free($1) || ' free'
$$;
SELECT evently.book(event('show'), person('ann'), '{A-1,A-2}', payment => '{}') \g /dev/null
CREATE TRIGGER stumble BEFORE INSERT ON evently.refund FOR EACH ROW EXECUTE FUNCTION stumble(1);
SELECT throws_ok($$SELECT evently.cancel_booking(event('show'), booking('ann'), idempotency_key => 'k')$$, 'P0001', 'stumbled', 'H53: a failure in the midst of a cancellation');
SELECT is(left_of('show') || ' ' || (evently.get_booking(NULL, booking('ann'))).status || ' ' || ((evently.get_booking(NULL, booking('ann'))).payment).refunded || ' ' || (SELECT count(*) FROM evently.idempotency WHERE key = 'k'),
	'0 holds, 1 bookings, 0 cancellations, 0 refunds, 0 told, 44 free confirmed 0 0', 'H53: leaves nothing stored (S3-CANC-9)');
SELECT all_is_well();
DROP TRIGGER stumble ON evently.refund;
SELECT is((evently.cancel_booking(event('show'), booking('ann'), idempotency_key => 'k')).refund_amount, 80.00, 'H53: the retry works');
SELECT is(left_of('show'), '0 holds, 0 bookings, 1 cancellations, 1 refunds, 1 told, 46 free', 'H53: once');

-- A small event is cancelled at once
SELECT evently.create_cancellation_policy(event('twin'), allow_cancellation => false) \g /dev/null
SELECT evently.book(event('twin'), person('ann'), '{A-1,AA-1}', payment => '{}') \g /dev/null
SELECT evently.book(event('twin'), person('bob'), '{A-2}') \g /dev/null
SELECT evently.hold_seats(event('twin'), person('cid'), '{A-3}') \g /dev/null
SELECT evently.hold_seats(event('twin'), person('dan'), '{B-1}') \g /dev/null
SELECT expire_holds_of('dan') \g /dev/null
SELECT evently.hold_seats(event('twin'), person('eve'), '{B-2}') \g /dev/null
SELECT evently.begin_payment(NULL, hold('eve')) \g /dev/null
SELECT evently.block_seats(event('twin'), 'Press', '{B-3}') \g /dev/null
SELECT results_eq($$SELECT message, bookings_cancelled, holds_released, refund_amount, currency, version, remaining FROM evently.cancel_event(event('twin'), idempotency_key => 'x')$$,
	$$SELECT 'Event cancelled', 2, 4, 280.00, 'USD', 2, 0$$, 'H54: every booking is refunded in full, whatever its terms, and holds are released');
SELECT is((evently.cancel_event(event('twin'), idempotency_key => 'x')).bookings_cancelled, 2, 'a retry under its key gets the same answer');
SELECT is(left_of('twin'), '0 holds, 0 bookings, 2 cancellations, 1 refunds, 3 told, 46 free', 'H54: nothing is left of it, and everybody is told');
SELECT results_eq($$SELECT status::text FROM evently.hold WHERE event_id = event('twin') ORDER BY created_at$$, $$VALUES ('expired'), ('released'), ('released'), ('released')$$, 'a hold that was over is expired, the others are released');
SELECT is((SELECT payload ->> 'reason' FROM evently.outbox WHERE event_id = event('twin') AND type = 'SEATS_UNBLOCKED'), 'Press', 'house seats too');
SELECT is((SELECT r.amount || ' ' || r.status || ' ' || r.reason FROM unnest((evently.get_payments(NULL, booking('ann'))).payments) p, unnest(p.refunds) r), '210.00 completed event cancelled', 'what was paid is refunded');
SELECT is((evently.complete_payment(NULL, payment_id, 'paid')).reason, 'the event is cancelled', 'H11: a payment that comes now is due back') FROM evently.payment WHERE hold_id = hold('eve');
SELECT is((evently.cancel_booking(NULL, booking('bob'))).reason, 'event cancelled', 'H20: cancelling a booking of it gives the answer that there is');
SELECT throws_ok($$SELECT evently.cancel_event(event('twin'))$$, 'VE405', NULL, 'it is cancelled once');
SELECT is(evently.continue_event_cancellation(), NULL, 'nothing is left to be continued');
SELECT is((evently.continue_event_cancellation(event('twin'))).remaining, 0, 'of this event neither');
SELECT throws_ok($$SELECT evently.continue_event_cancellation(person('x'))$$, 'VE401', NULL, 'an unknown event');
SELECT throws_ok($$SELECT evently.continue_event_cancellation(event('twin'), 0)$$, 'VE001', NULL, 'none at a time');
SELECT throws_ok($$SELECT evently.expire_holds(event('twin'), -1)$$, 'VE001', NULL, 'nor less than none');
SELECT start_event('club') \g /dev/null
SELECT throws_ok($$SELECT evently.cancel_event(event('club'))$$, 'VE405', NULL, 'what has started is not cancelled');

-- A large one in parts
SELECT evently.create_event('large', now() + interval '9 days', total_capacity => 1000, base_price => 7) \g /dev/null
SELECT evently.create_cancellation_policy(event('large'), fee_type => 'percentage', fee_amount => 50) \g /dev/null
SELECT evently.hold_tickets(event('large'), person('hold ' || i), 1) FROM generate_series(1, 5) i \g /dev/null
SELECT evently.book(event('large'), person('large ' || i), quantity => 1, payment => '{}') FROM generate_series(1, 520) i \g /dev/null
CREATE TRIGGER stumble BEFORE UPDATE ON evently.booking FOR EACH ROW EXECUTE FUNCTION stumble(301);
SELECT throws_ok($$SELECT evently.cancel_event(event('large'))$$, 'P0001', 'stumbled', 'H54: stopped in its first part');
SELECT is(left_of('large') || ' ' || (SELECT status FROM evently.event WHERE event_id = event('large')), '5 holds, 520 bookings, 0 cancellations, 0 refunds, 0 told, 475 free published', 'it is not cancelled at all');
DROP TRIGGER stumble ON evently.booking;
SELECT results_eq($$SELECT bookings_cancelled, holds_released, remaining FROM evently.cancel_event(event('large'))$$, $$SELECT 495, 5, 25$$, 'H54: 500 of it at once');
SELECT is(left_of('large'), '0 holds, 25 bookings, 495 cancellations, 495 refunds, 496 told, 975 free', 'the rest stands');
SELECT throws_ok($$SELECT evently.book(event('large'), person('new'), quantity => 1)$$, 'VE402', NULL, 'but nothing is sold any more');
SELECT all_is_well();
SELECT is((evently.cancel_booking(NULL, booking('large 520'))).fee, 0.00, 'who cancels himself meanwhile is refunded in full too');
CREATE TRIGGER stumble BEFORE UPDATE ON evently.booking FOR EACH ROW EXECUTE FUNCTION stumble(320);
SELECT is((evently.continue_event_cancellation(event('large'), 10)).remaining, 14, 'H54: the next part');
SELECT throws_ok($$SELECT evently.continue_event_cancellation(event('large'), 10)$$, 'P0001', 'stumbled', 'H54: stopped half-way');
SELECT is(left_of('large'), '0 holds, 14 bookings, 506 cancellations, 506 refunds, 507 told, 986 free', 'its part is not done at all, those before it are');
DROP TRIGGER stumble ON evently.booking;
SELECT ok(EXISTS (SELECT FROM evently.due_work() WHERE event_id = event('large') AND due_at <= clock_timestamp()), 'H54: the background worker finds it');
SELECT is(evently.work_on(event('large'), 4), 4, 'and goes on with it');
SELECT results_eq($$SELECT event_id, bookings_cancelled, remaining FROM evently.continue_event_cancellation()$$, $$SELECT event('large'), 10, 0$$, 'H54: it is resumed where it was, whoever asks');
SELECT is(left_of('large'), '0 holds, 0 bookings, 520 cancellations, 520 refunds, 521 told, 1000 free', 'each booking once');
SELECT is((SELECT sum(refund_amount) FROM evently.cancellation WHERE event_id = event('large')), (SELECT sum(total_price) FROM evently.booking WHERE event_id = event('large')), 'H54: all that was paid is refunded');
SELECT is((SELECT is_cancelling FROM evently.event WHERE event_id = event('large')), false, 'nothing is left to be continued');
SELECT all_is_well();

-- A long waitlist is closed in parts too
SELECT evently.create_event('queue', now() + interval '9 days', total_capacity => 1) \g /dev/null
SELECT evently.book(event('queue'), person('first'), quantity => 1) \g /dev/null
SELECT evently.join_waitlist(event('queue'), person('waits ' || i), 1, CASE WHEN i % 2 = 0 THEN section_id END)
FROM evently.event_section, generate_series(1, 7) i WHERE event_id = event('queue') \g /dev/null
UPDATE evently.event SET status = 'cancelled', is_cancelling = true WHERE event_id = event('queue');
SELECT results_eq($$SELECT bookings_cancelled, waitlist_closed, remaining FROM evently.continue_event_cancellation(event('queue'), 5)$$, $$SELECT 1, 4, 3$$,
	'H54: a booking is cancelled, four wait no more');
SELECT results_eq($$SELECT user_id FROM evently.outbox WHERE event_id = event('queue') AND type = 'WAITLIST_CANCELLED' ORDER BY id$$,
	$$SELECT person('waits ' || i) FROM generate_series(1, 4) i$$, 'they are told, in their order');
SELECT all_is_well();
SELECT is(evently.work_on(event('queue'), 500), 3, 'the background worker goes on with it');
SELECT is((SELECT string_agg(DISTINCT status::text, ' ') FROM evently.waitlist_entry WHERE event_id = event('queue')), 'cancelled', 'until nobody waits');
SELECT all_is_well();

SELECT * FROM finish();
ROLLBACK;
