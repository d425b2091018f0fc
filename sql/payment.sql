\set ECHO none
\i sql/include/setup.psql
SELECT plan(86);

CREATE FUNCTION payment(person text) RETURNS uuid LANGUAGE sql STABLE
AS 'SELECT payment_id FROM evently.payment p WHERE p.user_id = test.person($1) ORDER BY created_at DESC, payment_id DESC LIMIT 1';

-- The mock provider, with the booking
SELECT results_eq($$SELECT b.status, (b.payment).status, (b.payment).amount, (b.payment).refunded, (b.payment).currency, (b.payment).method
	FROM evently.book(event('show'), person('ann'), '{A-1,AA-1}', payment => '{"token": "tok_ok", "method": "card"}') b$$,
	$$SELECT 'confirmed', 'paid', 120.00, 0::numeric, 'USD', 'card'$$, 'S3-PAY-1, S3-BOOK-5: booked and paid at once');
SELECT is((evently.get_booking(NULL, booking('ann'))).payment::text, (SELECT ROW(payment('ann'), 'paid', 120.00, 0, 'USD', 'card')::evently.payment_summary::text),
	'the booking shows its payment');
SELECT results_eq($$SELECT p.payment_id, p.booking_id, p.user_id, p.provider, p.provider_ref LIKE 'mock-%', p.resolved_at = p.created_at FROM evently.get_payment(NULL, payment('ann')) p$$,
	$$SELECT payment('ann'), booking('ann'), person('ann'), 'mock', true, true$$, 'the payment names it');
SELECT is((SELECT string_agg(p.payment_id::text, ' ') FROM unnest((evently.get_payments(NULL, booking('ann'), person('ann'))).payments) p), payment('ann')::text, 'the payments of a booking');
SELECT throws_ok($$SELECT evently.get_payments(NULL, booking('ann'), person('bob'))$$, 'VE002', NULL, 'not for others');
SELECT throws_ok($$SELECT evently.get_payment(NULL, payment('ann'), person('bob'))$$, 'VE002', NULL, 'nor one of them');
SELECT throws_ok($$SELECT evently.book(event('show'), person('bob'), '{A-2}', payment => '{"token": "tok_declined"}')$$, 'VE209', NULL, 'a declined payment books nothing');
SELECT throws_ok($$SELECT evently.book(event('show'), person('bob'), '{A-2}', payment => '{"token": "tok_timeout"}')$$, 'VE209', NULL, 'nor one without an answer');
SELECT throws_ok(format('SELECT evently.book(event(%L), person(%L), %L, payment => jsonb_build_object(%L, %s))', 'show', 'bob', '{A-2}', field, value), 'VE001', NULL,
	format('the %s of a payment is a short text, no %s', field, left(value, 20)))
FROM unnest('{token,method}'::text[]) field, unnest(ARRAY['array[1e99]', '1', 'repeat(''x'', 5000)']) value;
SELECT throws_ok(format($$SELECT evently.book(event('show'), person('bob'), '{A-2}', payment => jsonb_build_object('method', %L::text))$$, word), 'VE001', NULL,
	format('"%s" is no method', left(word, 20)))
FROM unnest(ARRAY['', '4242424242424242', 'Jane Doe', 'jane@example.com', repeat('x', 33)]) word;
SET evently.mock_payments = off;
SELECT throws_ok($$SELECT evently.book(event('show'), person('bob'), '{A-2}', payment => '{"token": "tok_ok"}')$$, 'VE213', NULL, 'without the mock provider nobody is paid in passing');
RESET evently.mock_payments;
SELECT throws_ok($$SELECT evently.book(event('show'), person('bob'), '{A-2}', payment => '{"token": "tok_declined", "method": null}')$$, 'VE209', NULL, 'what is null is not given');
SELECT throws_ok($$SELECT evently.book(event('show'), person('bob'), '{A-2}', payment => '[]')$$, 'VE001', NULL, 'a payment is an object');
SELECT is(seat_status('show', 'A-2'), 'available', 'the seat is free');
SELECT is((evently.book(event('show'), person('bob'), '{A-2}')).payment, NULL, 'without a payment the caller settles the money himself');
SELECT evently.create_event('free', now() + interval '9 days', total_capacity => 9) \g /dev/null
SELECT is((evently.book(event('free'), person('bob'), quantity => 1, payment => '{}')).payment, NULL, 'what costs nothing needs no payment');
SELECT evently.book(event('show'), person('cid'), '{B-1}', payment => '{}', idempotency_key => 'k') \g /dev/null
SELECT evently.book(event('show'), person('cid'), '{B-1}', payment => '{}', idempotency_key => 'k') \g /dev/null
SELECT is((SELECT count(*) || ' ' || evently.was_replayed() FROM evently.payment WHERE user_id = person('cid')), '1 true', 'S4-PAY-1: a retry does not charge again');
SELECT throws_ok($$SELECT evently.book(event('show'), person('cid'), '{B-1}', payment => '{"token": "tok_ok"}', idempotency_key => 'k')$$, 'VE901', NULL, 'H23: another payment is another request');

-- With a hold
SELECT evently.hold_seats(event('show'), person('dan'), '{C-1,C-2}') \g /dev/null
SELECT throws_ok($$SELECT evently.confirm_hold(event('show'), hold('dan'), payment => '{"token": "tok_declined"}')$$, 'VE209', NULL, 'H10: a payment declined at confirm');
SELECT is((evently.get_hold(NULL, hold('dan'))).status || ' ' || (SELECT count(*) FROM evently.booking WHERE user_id = person('dan')), 'active 0', 'H10: no booking, and the hold stands');
SELECT results_eq($$SELECT (c.payment).status, (c.payment).amount FROM evently.confirm_hold(event('show'), hold('dan'), payment => '{"token": "tok_ok"}') c$$,
	$$SELECT 'paid', 80.00$$, 'another token pays it');
SELECT is((evently.confirm_hold(event('show'), hold('dan'), payment => '{"token": "tok_ok"}')).payment::text,
	ROW(payment('dan'), 'paid', 80.00, 0, 'USD', 'mock')::evently.payment_summary::text, 'confirming again pays nothing again');
SELECT evently.hold_seats(event('show'), person('eve'), '{C-3}') \g /dev/null
SELECT results_eq($$SELECT b.booking_id, b.booking_ref, b.hold_id, b.seat_ids, b.tickets, b.status, (b.payment).status
	FROM evently.confirm_hold(event('show'), hold('eve'), payment => '{"token": "tok_timeout"}') b$$,
	$$SELECT NULL::uuid, NULL::text, hold('eve'), '{C-3}'::text[], NULL::evently.ticket_detail[], 'pending', 'pending'$$, 'no answer yet: pending, and no booking');
SELECT is((evently.get_hold(NULL, hold('eve'))).status, 'active', 'the hold goes on');
SELECT results_eq($$SELECT c.status, c.already, c.booking_id = (c.booking).booking_id, (c.booking).seat_ids, ((c.booking).payment).status, c.refund_due
	FROM evently.complete_payment(NULL, payment('eve'), 'paid') c$$, $$SELECT 'paid', false, true, '{C-3}'::text[], 'paid', NULL::numeric$$, 'the answer makes the booking');
SELECT is((evently.get_booking(NULL, booking('eve'))).hold_id, hold('eve'), 'of that hold');

-- An outside provider
SELECT evently.hold_tickets(event('club'), person('fay'), 3) \g /dev/null
SELECT throws_ok($$SELECT evently.begin_payment(event('club'), hold('fay'), person('fay'), provider => 'jane@example.com')$$, 'VE001', NULL, 'nor is an address a provider');
SELECT throws_ok($$SELECT evently.begin_payment(event('club'), hold('fay'), person('fay'), method => 'Jane Doe')$$, 'VE001', NULL, 'or a name what is paid with');
SELECT results_eq($$SELECT status, amount, method, provider, booking_id FROM evently.begin_payment(event('club'), hold('fay'), person('fay'), provider => 'stripe')$$,
	$$SELECT 'pending', 30.00, 'card', 'stripe', NULL::uuid$$, 'a payment is begun');
SELECT throws_ok($$SELECT evently.begin_payment(event('club'), hold('fay'), person('eve'))$$, 'VE002', NULL, 'H02: not of somebody else''s hold');
SELECT results_eq($$SELECT status, already, booking, refund_due FROM evently.complete_payment(NULL, payment('fay'), 'FAILED')$$, $$SELECT 'failed', false, NULL::evently.booking_detail, NULL::numeric$$, 'it fails');
SELECT is((evently.get_hold(NULL, hold('fay'))).status, 'active', 'H10: the hold stands');
SELECT is((evently.complete_payment(NULL, payment('fay'), 'failed')).already, true, 'the same again: already');
SELECT throws_ok($$SELECT evently.complete_payment(NULL, payment('fay'), 'paid')$$, 'VE211', NULL, 'the contrary is refused');
SELECT evently.begin_payment(event('club'), hold('fay'), idempotency_key => 'b') \g /dev/null
SELECT is((evently.begin_payment(event('club'), hold('fay'), idempotency_key => 'b')).payment_id, payment('fay'), 'a retry under its key begins no other');
SELECT is((evently.complete_payment(NULL, payment('fay'), 'paid', 'ch_1')).status, 'paid', 'the second is paid');
SELECT results_eq($$SELECT already, (booking).booking_id, status FROM evently.complete_payment(NULL, payment('fay'), 'paid', 'ch_1')$$, $$SELECT true, booking('fay'), 'paid'$$, 'the same again: the same booking, already');
SELECT is((evently.get_payment(NULL, payment('fay'))).provider_ref, 'ch_1', 'with the provider''s reference');
SELECT is(cardinality((evently.get_payments(NULL, booking('fay'))).payments), 2, 'the failed one is remembered with the booking');
SELECT throws_ok($$SELECT evently.complete_payment(NULL, payment('fay'), 'lost')$$, 'VE001', NULL, 'an unknown outcome');
SELECT throws_ok($$SELECT evently.begin_payment(event('club'), hold('fay'))$$, 'VE109', NULL, 'a confirmed hold is not paid again');
SELECT evently.hold_tickets(event('free'), person('fay'), 1) \g /dev/null
SELECT throws_ok($$SELECT evently.begin_payment(event('free'), hold('fay'))$$, 'VE001', NULL, 'what costs nothing is not paid');
SELECT evently.hold_tickets(event('show'), person('rob'), 1, section('show', 'Floor')) \g /dev/null
SELECT is((refusal($$SELECT evently.begin_payment(event('show'), hold('rob'), provider => 'mock')$$)).detail, '{"field":"provider"}', 'the mock provider has nothing to begin');
SELECT evently.begin_payment(event('show'), hold('rob'), provider => 'Mock') \g /dev/null
SELECT evently.complete_payment(NULL, payment('rob'), 'paid') \g /dev/null
SELECT evently.cancel_booking(NULL, booking('rob')) \g /dev/null
SELECT results_eq($$SELECT r.status, r.provider_ref FROM unnest((evently.get_payment(NULL, payment('rob'))).refunds) r$$, $$SELECT 'due', NULL::text$$, 'so what was begun is refunded by its provider, whatever it is called');
SELECT is((SELECT status FROM evently.complete_refund(NULL, r.refund_id)), 'completed', 'once he says so') FROM evently.refund r WHERE payment_id = payment('rob');

-- H11: paid too late
SELECT evently.hold_seats(event('twin'), person('gus'), '{A-1,A-2}') \g /dev/null
SELECT evently.begin_payment(NULL, hold('gus')) \g /dev/null
SELECT expire_holds_of('gus') \g /dev/null
SELECT evently.update_event(event('twin'), base_price => 100) \g /dev/null
SELECT results_eq($$SELECT c.status, (c.booking).seat_ids, (c.booking).total_price, (c.booking).hold_id FROM evently.complete_payment(NULL, payment('gus'), 'paid') c$$,
	$$SELECT 'paid', '{A-1,A-2}'::text[], 140.00, NULL::uuid$$, 'H11: the hold is over, its seats are free: they are booked, for what was paid');
SELECT is(seat_status('twin', 'A-1'), 'sold', 'H11: and sold');
SELECT evently.hold_seats(event('twin'), person('hal'), '{B-1,B-2}') \g /dev/null
SELECT evently.begin_payment(NULL, hold('hal')) \g /dev/null
SELECT expire_holds_of('hal') \g /dev/null
SELECT evently.hold_seats(event('twin'), person('ida'), '{B-2}') \g /dev/null
SELECT results_eq($$SELECT status, already, booking_id, refund_due, reason, booking FROM evently.complete_payment(NULL, payment('hal'), 'paid')$$,
	$$SELECT 'paid', false, NULL::uuid, 200.00, 'seat B-2 is taken', NULL::evently.booking_detail$$, 'H11: one of them is gone: the money is due back');
SELECT results_eq($$SELECT already, refund_due FROM evently.complete_payment(NULL, payment('hal'), 'paid')$$, $$SELECT true, 200.00$$, 'H11: once');
SELECT is(seat_status('twin', 'B-1') || ' ' || seat_status('twin', 'B-2'), 'available held', 'H11: nothing is taken of the other');
SELECT results_eq($$SELECT payment_id, amount, status, cancellation_id FROM evently.list_refunds_due()$$, $$SELECT payment('hal'), 200.00, 'due', NULL::uuid$$, 'H11: and recorded as due');
SELECT is((SELECT status || ' ' || provider_ref FROM evently.complete_refund(NULL, r.refund_id, 're_1')), 'completed re_1', 'the provider pays it back') FROM evently.refund r WHERE payment_id = payment('hal');
SELECT is((SELECT status || ' ' || provider_ref FROM evently.complete_refund(NULL, r.refund_id, 're_2')), 'completed re_1', 'once') FROM evently.refund r WHERE payment_id = payment('hal');
SELECT is_empty('SELECT * FROM evently.list_refunds_due()', 'nothing is due any more');

SELECT evently.hold_tickets(event('club'), person('jo'), 17) \g /dev/null
SELECT evently.begin_payment(NULL, hold('jo')) \g /dev/null
SELECT expire_holds_of('jo') \g /dev/null
SELECT is((SELECT (c.booking).quantity FROM evently.complete_payment(NULL, payment('jo'), 'paid') c), 17, 'H11: tickets are taken again, from scattered stock too');
SELECT is(free('club'), 0, 'each once');
SELECT evently.hold_seats(event('twin'), person('kim'), '{C-1}') \g /dev/null
SELECT evently.begin_payment(NULL, hold('kim')) \g /dev/null
SELECT evently.release_hold(NULL, hold('kim')) \g /dev/null
SELECT is((evently.complete_payment(NULL, payment('kim'), 'paid')).reason, NULL, 'a released hold is as good');
SELECT evently.hold_seats(event('twin'), person('lea'), '{C-2}') \g /dev/null
SELECT evently.begin_payment(NULL, hold('lea')) \g /dev/null
SELECT evently.confirm_hold(NULL, hold('lea')) \g /dev/null
SELECT is((evently.complete_payment(NULL, payment('lea'), 'paid')).booking_id, booking('lea'), 'a hold confirmed meanwhile: its booking is paid');
SELECT evently.hold_seats(event('twin'), person('mia'), '{C-3}') \g /dev/null
SELECT evently.begin_payment(NULL, hold('mia')) \g /dev/null
SELECT evently.confirm_hold(NULL, hold('mia'), payment => '{}') \g /dev/null
SELECT results_eq(format('SELECT refund_due, reason FROM evently.complete_payment(NULL, %L, ''paid'')', (SELECT payment_id FROM evently.payment WHERE user_id = person('mia') AND status = 'pending')),
	$$SELECT 100.00, 'the booking was paid already'$$, 'nobody pays twice');
SELECT evently.hold_seats(event('twin'), person('ned'), '{C-4}') \g /dev/null
SELECT evently.begin_payment(NULL, hold('ned')) \g /dev/null
SELECT evently.set_event_status(event('twin'), 'inactive') \g /dev/null
SELECT is((evently.complete_payment(NULL, payment('ned'), 'paid')).reason, 'the event is inactive', 'an event that sells no more: due back');
SELECT evently.set_event_status(event('twin'), 'published') \g /dev/null

-- Refunds
SELECT evently.create_cancellation_policy(event('show'), fee_type => 'percentage', fee_amount => 10, refund_processing_days => 5) \g /dev/null
SELECT evently.book(event('show'), person('oli'), '{B-3,B-4}', payment => '{}') \g /dev/null
SELECT evently.cancel_booking(NULL, booking('oli'), ticket_ids => ARRAY[(t).ticket_id]) FROM unnest((evently.get_booking(NULL, booking('oli'))).tickets) t LIMIT 1 \g /dev/null
SELECT is((evently.get_booking(NULL, booking('oli'))).payment::text, ROW(payment('oli'), 'paid', 80.00, 36.00, 'USD', 'mock')::evently.payment_summary::text, 'H55, S3-PAY-2: a ticket is refunded');
SELECT evently.cancel_booking(NULL, booking('oli'), reason => 'ill') \g /dev/null
SELECT evently.cancel_booking(NULL, booking('oli')) \g /dev/null
SELECT results_eq($$SELECT r.amount, r.status, r.reason, r.due_at - r.created_at FROM unnest((evently.get_payment(NULL, payment('oli'))).refunds) r$$,
	$$VALUES (36.00, 'completed', NULL, interval '5 days'), (36.00, 'completed', 'ill', interval '5 days')$$, 'H20, S3-PAY-3: each part once; the fee stays');
SELECT evently.cancel_booking(NULL, booking('fay')) \g /dev/null
SELECT is((SELECT string_agg(amount || ' ' || status, ', ' ORDER BY amount) FROM evently.list_refunds_due()), '30.00 due, 100.00 due, 100.00 due', 'an outside provider has it to pay (S3-FUT-2)');
SELECT throws_ok($$UPDATE evently.payment SET refunded = amount + 0.01 WHERE payment_id = payment('oli')$$, '23514', NULL, 'H55: never more than was paid, by a constraint');
SELECT evently.hold_seats(event('twin'), person('pia'), '{B-1,A-3}') \g /dev/null
SELECT evently.begin_payment(NULL, hold('pia')) \g /dev/null
SELECT evently.confirm_hold(NULL, hold('pia')) \g /dev/null
SELECT evently.cancel_booking(NULL, booking('pia'), ticket_ids => ARRAY[(t).ticket_id]) FROM unnest((evently.get_booking(NULL, booking('pia'))).tickets) t LIMIT 1 \g /dev/null
SELECT results_eq($$SELECT booking_id, reason FROM evently.complete_payment(NULL, payment('pia'), 'paid')$$, $$SELECT NULL::uuid, 'tickets of the booking are cancelled'$$,
	'what was cancelled in part meanwhile is not paid in full: due back');
-- A hold is paid once, whatever became of it: windows of a browser
SELECT evently.create_event('tabs', now() + interval '9 days', total_capacity => 10, base_price => 10) \g /dev/null
CREATE FUNCTION tab(n integer) RETURNS uuid LANGUAGE sql STABLE
AS 'SELECT payment_id FROM evently.payment p WHERE p.hold_id = test.hold(''quy'') ORDER BY created_at, payment_id OFFSET $1 - 1 LIMIT 1';
SELECT evently.hold_tickets(event('tabs'), person('quy'), 2) \g /dev/null
SELECT evently.begin_payment(NULL, hold('quy')) FROM generate_series(1, 3) \g /dev/null
SELECT expire_holds_of('quy') \g /dev/null
SELECT is((SELECT (c.booking).quantity FROM evently.complete_payment(NULL, tab(1), 'paid') c), 2, 'the first payment of a hold that is over takes its tickets again');
SELECT results_eq($$SELECT booking_id, refund_due, reason FROM evently.complete_payment(NULL, tab(2), 'paid')$$, $$SELECT NULL::uuid, 20.00, 'the booking was paid already'$$, 'the second is due back');
SELECT is((SELECT count(*) FROM evently.booking WHERE user_id = person('quy')) || ' ' || free('tabs'), '1 8', 'there is one booking');
SELECT throws_ok($$UPDATE evently.payment SET booking_id = person('x'), refunded = 0 WHERE payment_id = tab(2)$$, '23505', NULL, 'no two payments of a hold buy something, by a constraint');
SELECT evently.cancel_booking(NULL, booking('quy')) \g /dev/null
SELECT is((evently.complete_payment(NULL, tab(3), 'paid')).reason, 'the booking was paid already', 'nor does another buy once that was given back');

-- Old prices are not kept for ever
CREATE FUNCTION begun_ago(person text, age interval) RETURNS void LANGUAGE sql
AS 'UPDATE evently.payment p SET created_at = p.created_at - $2 WHERE p.payment_id = test.payment($1)';
SELECT evently.hold_tickets(event('tabs'), person('sam'), 2) \g /dev/null
SELECT evently.begin_payment(NULL, hold('sam')) \g /dev/null
SELECT expire_holds_of('sam'), begun_ago('sam', '1 day 1 second') \g /dev/null
SELECT results_eq($$SELECT booking_id, refund_due, reason FROM evently.complete_payment(NULL, payment('sam'), 'paid')$$, $$SELECT NULL::uuid, 20.00, 'the payment came too late'$$,
	'after evently.payment_max_age nothing is taken again: due back');
SELECT evently.hold_tickets(event('tabs'), person('tim'), 2) \g /dev/null
SELECT evently.begin_payment(NULL, hold('tim')) \g /dev/null
SELECT expire_holds_of('tim'), begun_ago('tim', '23 hours') \g /dev/null
SELECT isnt((evently.complete_payment(NULL, payment('tim'), 'paid')).booking_id, NULL, 'before it is');
SELECT evently.hold_tickets(event('tabs'), person('uma'), 1) \g /dev/null
SELECT evently.begin_payment(NULL, hold('uma')) \g /dev/null
SELECT begun_ago('uma', '2 days') \g /dev/null
SELECT isnt((evently.complete_payment(NULL, payment('uma'), 'paid')).booking_id, NULL, 'a hold that lives is paid at any time');
SELECT evently.hold_tickets(event('tabs'), person('val'), 1) \g /dev/null
SELECT evently.begin_payment(NULL, hold('val')) \g /dev/null
SELECT expire_holds_of('val'), begun_ago('val', '1 year') \g /dev/null
SET LOCAL evently.payment_max_age = 0;
SELECT isnt((evently.complete_payment(NULL, payment('val'), 'paid')).booking_id, NULL, 'and any where that is 0');
RESET evently.payment_max_age;

SELECT is_empty($$SELECT payload FROM evently.outbox WHERE payload::text ~ 'tok_'$$, 'H66: no token is told');
SELECT set_has($$SELECT aggregatetype || ' ' || type FROM evently.outbox WHERE event_id = event('twin') OR event_id = event('club')$$,
	$$VALUES ('PAYMENT PAYMENT_PENDING'), ('PAYMENT PAYMENT_PAID'), ('PAYMENT PAYMENT_FAILED'), ('PAYMENT REFUND_COMPLETED'), ('BOOKING BOOKING_CONFIRMED')$$, 'what happened is told');
SELECT all_is_well();

SELECT * FROM finish();
ROLLBACK;
