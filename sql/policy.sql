\set ECHO none
\i sql/include/setup.psql
SELECT plan(70);

-- What cancelling the last booking of a person would keep and give back; the refusal's code where it is refused.
CREATE FUNCTION quoted(event text, person text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	q evently.cancellation_quote;
BEGIN
	q := evently.quote_cancellation(event($1), booking($2));
	RETURN q.fee || ' + ' || q.refund_amount;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
CREATE FUNCTION cancelled(event text, person text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	c evently.cancellation_detail;
BEGIN
	c := evently.cancel_booking(event($1), booking($2));
	RETURN c.fee || ' + ' || c.refund_amount;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;

-- Policies are made, read and changed
SELECT throws_ok($$SELECT evently.get_cancellation_policy(event('club'))$$, 'VE207', NULL, 'an event has no policy at first');
SELECT results_eq(
	$$SELECT allow_cancellation, cancellation_deadline, fee_type, fee_amount, tiers, refund_processing_days, currency, version
	FROM evently.create_cancellation_policy(event('club'))$$,
	$$SELECT true, NULL::timestamptz, 'none', 0::numeric, '[]'::jsonb, 0, 'USD', 1$$,
	'S3-CANC-1: by default it is free of charge');
SELECT throws_ok($$SELECT evently.create_cancellation_policy(event('club'))$$, 'VE208', NULL, 'a second one is refused');
SELECT results_eq(
	$$SELECT fee_type, fee_amount, tiers, version FROM evently.update_cancellation_policy(event('club'), fee_type => 'Percentage', fee_amount => 50,
		tiers => '[{"hours_before": 48, "fee_type": "fixed", "fee_amount": 1.010}, {"hours_before": 168}]')$$,
	$$SELECT 'percentage', 50::numeric, '[{"fee_type": "none", "fee_amount": 0, "hours_before": 168},
		{"fee_type": "fixed", "fee_amount": 1.01, "hours_before": 48}]'::jsonb, 2$$,
	'an update is the next version, its tiers in order and its fees in the currency''s unit (S3-CANC-4)');
SELECT results_eq($$SELECT fee_type, refund_processing_days, version FROM evently.update_cancellation_policy(event('club'), version => 2, refund_processing_days => 7)$$,
	$$SELECT 'percentage', 7, 3$$, 'what is not named stays');
SELECT throws_ok($$SELECT evently.update_cancellation_policy(event('club'), version => 2)$$, 'VE408', NULL, 'a stale version is refused');
SELECT is((evently.get_cancellation_policy(event('club'))).version, 3, 'S3-CANC-2: the present one is read');
SELECT is((evently.get_cancellation_policy(event('club'), version => 1)).fee_type, 'none', 'and an old one');
SELECT throws_ok($$SELECT evently.get_cancellation_policy(event('club'), person('eve'))$$, 'VE002', NULL, 'not by everybody');
SELECT throws_ok($$SELECT evently.update_cancellation_policy(event('club'), person('eve'))$$, 'VE002', NULL, 'nor changed');
SELECT throws_ok($$SELECT evently.update_cancellation_policy(event('show'))$$, 'VE207', NULL, 'what is not there is not changed');
SELECT throws_ok($$SELECT evently.create_cancellation_policy(person('x'))$$, 'VE401', NULL, 'an unknown event');
SELECT is((evently.update_cancellation_policy(event('club'), fee_type => 'none', idempotency_key => 'p')).version, 4, 'under a key')
UNION ALL SELECT is((evently.update_cancellation_policy(event('club'), fee_type => 'none', idempotency_key => 'p')).version, 4, 'a retry gets the same answer');
SELECT throws_ok($$SELECT evently.update_cancellation_policy(event('club'), fee_type => 'fixed', idempotency_key => 'p')$$, 'VE901', NULL,
	'H23: another change under the key is refused');
SELECT throws_ok(format('SELECT evently.create_cancellation_policy(event(''show''), %s)', arguments), 'VE001', NULL, 'refused: ' || arguments)
FROM unnest(ARRAY['fee_type => ''half''', 'fee_type => ''percentage'', fee_amount => 100.01', 'fee_type => ''percentage'', fee_amount => ''NaN''',
	'fee_type => ''fixed'', fee_amount => -1', 'fee_type => ''fixed'', fee_amount => 1.005', 'tiers => ''[{"hours_before": 1, "fee_type": "fixed", "fee_amount": 1.005}]''', 'fee_type => ''fixed'', fee_amount => ''Infinity''', 'refund_processing_days => -1', 'tiers => ''{}''',
	'tiers => ''[{"fee_type": "none"}]''', 'tiers => ''[{"hours_before": 1.5}]''', 'tiers => ''[{"hours_before": -1}]''',
	'tiers => ''[{"hours_before": 1}, {"hours_before": 1}]''', 'tiers => ''[{"hours_before": 1, "fee_type": "all"}]''']) arguments;

-- Fees
SELECT evently.create_event('dear', now() + interval '30 days', total_capacity => 50, base_price => 33.33) \g /dev/null
SELECT evently.create_cancellation_policy(event('dear'), fee_type => 'percentage', fee_amount => 15) \g /dev/null
SELECT evently.book(event('dear'), person('ann'), quantity => 1) \g /dev/null
SELECT is(quoted('dear', 'ann'), '5.00 + 28.33', 'H51: 15 % of 33.33 (S3-CANC-6, S3-PAY-3)');
SELECT is(cancelled('dear', 'ann'), quoted, 'H50: cancelled as quoted') FROM (VALUES ('5.00 + 28.33')) v (quoted);
SELECT is(quoted('dear', 'ann'), 'VE204', 'what is cancelled is not quoted again');
SELECT is(cancelled('dear', 'ann'), '5.00 + 28.33', 'H20: but a repeat gives the same answer');

SELECT evently.book(event('dear'), person('bob'), quantity => 3) \g /dev/null
SELECT is(quoted('dear', 'bob'), '15.00 + 84.99', 'the fee is rounded once for the booking: 99.99 at 15 %');
CREATE TEMP TABLE step AS SELECT t.ticket_id, n FROM evently.get_booking(event('dear'), booking('bob')) b, unnest(b.tickets) WITH ORDINALITY t (ticket_id, section_id, seat_id, price, status, n);
SELECT is((SELECT q.fee FROM evently.quote_cancellation(event('dear'), booking('bob'), ticket_ids => ARRAY[ticket_id, ticket_id]) q), 5.00, 'H55: a ticket''s part of it, named twice or once')
FROM step WHERE n = 2;
SELECT is((SELECT c.fee || ' + ' || c.refund_amount || ' ' || cardinality(c.ticket_ids) FROM evently.cancel_booking(event('dear'), booking('bob'), ticket_ids => ARRAY[ticket_id]) c),
	'5.00 + 28.33 1', 'H55: one ticket is cancelled (S3-CANC-5)') FROM step WHERE n = 2;
SELECT is((SELECT b.status || ' ' || b.version || ' ' || (SELECT string_agg(t.status, ' ') FROM unnest(b.tickets) t) FROM evently.get_booking(event('dear'), booking('bob')) b),
	'confirmed 2 valid cancelled valid', 'the booking stands with the others');
SELECT is(free('dear'), 48, 'its place is free');
SELECT throws_ok(format('SELECT evently.cancel_booking(event(''dear''), booking(''bob''), ticket_ids => %L)', (SELECT array_agg(ticket_id) FROM step WHERE n < 3)),
	'VE204', NULL, 'tickets of which one is cancelled already');
SELECT throws_ok($$SELECT evently.cancel_booking(event('dear'), booking('bob'), ticket_ids => ARRAY[person('x')])$$, 'VE205', NULL, 'somebody else''s ticket');
SELECT throws_ok($$SELECT evently.cancel_booking(event('dear'), booking('bob'), ticket_ids => '{}')$$, 'VE001', NULL, 'no ticket at all');
SELECT is((SELECT c.fee || ' + ' || c.refund_amount FROM evently.cancel_booking(event('dear'), booking('bob'), ticket_ids => ARRAY[ticket_id]) c),
	'5.00 + 28.33', 'H20: a repeat gives the same answer') FROM step WHERE n = 2;
SELECT is(cancelled('dear', 'bob'), '10.00 + 56.66', 'the rest of the booking');
SELECT is((SELECT sum(fee) || ' + ' || sum(refund_amount) FROM evently.cancellation WHERE booking_id = booking('bob')), '15.00 + 84.99',
	'H51, H55: in parts it comes to what it does at once');
SELECT is((SELECT b.status FROM evently.get_booking(event('dear'), booking('bob')) b), 'cancelled', 'with its last ticket the booking is cancelled');
SELECT is(free('dear'), 50, 'everything is free again');
SELECT is((SELECT string_agg(refund_amount::text, ' ') FROM evently.list_cancellations(person('bob'))), '56.66 28.33', 'S3-BOOK-7: the history of a user''s cancellations, newest first');
SELECT is((SELECT string_agg((evently.get_cancellation(NULL, c.cancellation_id, person('bob'))).refund_amount::text, ' ') FROM evently.list_cancellations(person('bob')) c),
	'56.66 28.33', 'each of them by its id');
SELECT throws_ok($$SELECT evently.get_cancellation(NULL, c.cancellation_id, person('eve')) FROM evently.list_cancellations(person('bob')) c$$, 'VE002', NULL, 'not by others');
SELECT is((SELECT p.total || ' ' || cardinality(p.cancellations) || ' ' || p.has_more FROM evently.list_cancellations_page(person('bob'), "limit" => 1) p), '2 1 true', 'page by page');

SELECT is((SELECT a.gross - a.refunds || ' ' || a.revenue FROM evently.get_event_analytics(event('dear')) a),
	(SELECT sum(fee) || ' ' || sum(fee) FROM evently.cancellation WHERE event_id = event('dear')), 'H51: what is left is the fees, also in the figures of the event');

-- Currencies
SELECT evently.create_event(currency, now() + interval '30 days', total_capacity => 50, base_price => price, currency => currency)
FROM (VALUES ('JPY', 333), ('KWD', 3.333)) v (currency, price) \g /dev/null
SELECT evently.create_cancellation_policy(event(currency), fee_type => 'percentage', fee_amount => 15), evently.book(event(currency), person(currency), quantity => 2)
FROM (VALUES ('JPY'), ('KWD')) v (currency) \g /dev/null
SELECT is(cancelled('JPY', 'JPY'), '100 + 566', 'H51: JPY without decimals: 99.9 of 666');
SELECT is(cancelled('KWD', 'KWD'), '1.000 + 5.666', 'H51: KWD with three: 0.9999 of 6.666');

-- A fee that does not divide: the largest remainder, and nobody pays more than his ticket cost
SELECT evently.create_cancellation_policy(event('show'), fee_type => 'fixed', fee_amount => 10) \g /dev/null
SELECT evently.book(event('show'), person('cid'), '{A-1,A-2,AA-1}') \g /dev/null
SELECT is(cancelled('show', 'cid'), '10.00 + 150.00', 'a fixed fee, once for the booking');
SELECT results_eq($$SELECT seat_label, fee FROM evently.ticket WHERE booking_id = booking('cid') ORDER BY 1$$,
	$$VALUES ('A-1', 2.50), ('A-2', 2.50), ('AA-1', 5.00)$$, 'spread by price');
SELECT evently.book(event('twin'), person('cid'), '{A-1}') \g /dev/null
SELECT evently.create_cancellation_policy(event('twin'), fee_type => 'fixed', fee_amount => 100) \g /dev/null
SELECT is(quoted('twin', 'cid'), '0.00 + 70.00', 'H52: a policy made later does not change a booking already made');
SELECT evently.book(event('twin'), person('dan'), '{A-2,A-3,A-4}') \g /dev/null
SELECT is(quoted('twin', 'dan'), '100.00 + 110.00', 'a booking made under it obeys it');
SELECT is((SELECT string_agg(c.fee::text, ' ') FROM unnest((evently.get_booking(event('twin'), booking('dan'))).tickets) t,
	evently.cancel_booking(event('twin'), booking('dan'), ticket_ids => ARRAY[t.ticket_id]) c), '33.34 33.33 33.33', 'H51: by the largest remainder, to the last cent');
SELECT evently.book(event('twin'), person('eve'), '{B-2}') \g /dev/null
SELECT is(cancelled('twin', 'eve'), '70.00 + 0.00', 'a fee is never more than the price');

-- Refusals
SELECT evently.update_cancellation_policy(event('twin'), allow_cancellation => false) \g /dev/null
SELECT evently.book(event('twin'), person('fay'), '{B-3}') \g /dev/null
SELECT is(quoted('twin', 'fay') || ' ' || cancelled('twin', 'fay'), 'VE202 VE202', 'H50, H52: a "no cancellation" policy is obeyed, by quote and cancellation');
SELECT is(seat_status('twin', 'B-3'), 'sold', 'and nothing was given back');
SELECT evently.update_cancellation_policy(event('twin'), allow_cancellation => true, cancellation_deadline => now() - interval '1 second') \g /dev/null
SELECT evently.book(event('twin'), person('gus'), '{B-4}') \g /dev/null
SELECT is(quoted('twin', 'gus') || ' ' || cancelled('twin', 'gus'), 'VE203 VE203', 'H50: after the deadline');
SELECT is((evently.update_cancellation_policy(event('twin'), cancellation_deadline => 'infinity')).cancellation_deadline, NULL, 'a deadline is taken away');
SELECT is(quoted('twin', 'fay') || ' ' || quoted('twin', 'gus'), 'VE202 VE203', 'H52: nor does one that is edited later: each booking keeps its terms');

-- Tiers: the hours left choose
SELECT evently.create_event('tiered', now() + interval '100 hours', total_capacity => 50, base_price => 100) \g /dev/null
SELECT evently.create_cancellation_policy(event('tiered'), fee_type => 'percentage', fee_amount => 90, tiers => '[{"hours_before": 24, "fee_type": "percentage", "fee_amount": 50},
	{"hours_before": 99, "fee_type": "none"}, {"hours_before": 48, "fee_type": "fixed", "fee_amount": 10}]') \g /dev/null
SELECT evently.book(event('tiered'), person('ann'), quantity => 1) \g /dev/null
CREATE FUNCTION quoted_at(hours_left numeric) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	UPDATE evently.event SET start_datetime = clock_timestamp() + $1 * interval '1 hour' WHERE event_id = event('tiered');
	RETURN quoted('tiered', 'ann');
END
$$;
SELECT is(quoted_at(hours), fee, format('%s hours before the start: %s (S3-CANC-4)', hours, fee))
FROM (VALUES (99.1, '0.00 + 100.00'), (98.9, '10.00 + 90.00'), (47.9, '50.00 + 50.00'), (23.9, '90.00 + 10.00'), (-0.1, 'VE202')) v (hours, fee);
SELECT all_is_well();

SELECT * FROM finish();
ROLLBACK;
