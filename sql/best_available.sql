\set ECHO none
\i sql/include/setup.psql
SELECT plan(39);

CREATE FUNCTION best(event text, quantity integer, accessible integer DEFAULT 0, split boolean DEFAULT false) RETURNS text LANGUAGE sql VOLATILE
AS $$ SELECT array_to_string(seat_ids, ' ') FROM evently.best_available(test.event($1), $2, accessible => $3, split => $4) $$;
CREATE FUNCTION sell(event text, seats text) RETURNS void LANGUAGE sql
AS $$ SELECT evently.book(test.event($1), test.person('crowd'), string_to_array($2, ' ')) $$;

-- A section of 4 rows of 10, its front's middle between A-5 and A-6
SELECT evently.create_venue('Room', sections => '[{"name": "Room", "rows": 4, "seats_per_row": 10, "accessible_seats": ["A-1", "D-5", "D-6"]}]') \g /dev/null
SELECT evently.create_event('room', now() + interval '9 days', venue_id => venue('Room'), base_price => 10, max_tickets_per_booking => 40) \g /dev/null
SELECT is(best('room', 2), 'A-5 A-6', 'two: the middle of the front');
SELECT is(best('room', 1), 'A-5', 'one: of two as near the first');
SELECT is(best('room', 3), 'A-4 A-5 A-6', 'three: of two places as near the first');
SELECT is(best('room', 10), 'B-1 B-2 B-3 B-4 B-5 B-6 B-7 B-8 B-9 B-10', 'ten: a row without accessible seats');
SELECT results_eq(
	$$SELECT section, quantity, price, total_price, currency, adjacent, groups, explanation FROM evently.best_available(event('room'), 2)$$,
	$$VALUES ('Room', 2, 10::numeric, 20::numeric, 'USD', true, 1,
		'section Room: 2 seats beside each other, nearest to the middle of its front; no single seat is left beside them')$$,
	'the choice is explained, with what it costs');
SELECT sell('room', 'A-5 A-6') \g /dev/null
SELECT is(best('room', 2), 'B-5 B-6', 'the middle of the second row is nearer than the end of the first');
SELECT is(best('room', 2), best('room', 2), 'and again: the same seats are free, the same answer');
SELECT is(best('room', 3), 'B-4 B-5 B-6', 'three leave no single seat in B');
SELECT sell('room', 'B-4 B-8') \g /dev/null
SELECT is(best('room', 2), 'A-3 A-4', 'B-5 B-6 would leave B-7 alone; of two places as near the first');
SELECT is(best('room', 3), 'B-5 B-6 B-7', 'three fit there');
SELECT is(best('room', 1, accessible => 1), 'D-5', 'an accessible seat, where one is asked for: the nearest');
SELECT is(best('room', 2, accessible => 1), 'D-4 D-5', 'one of two: the other is not wasted');
SELECT is(best('room', 2, accessible => 2), 'D-5 D-6', 'both');
SELECT throws_ok($$SELECT best('room', 3, accessible => 3)$$, 'VE102', NULL, 'three are not');
SELECT throws_ok($$SELECT best('room', 3, accessible => 3, split => true)$$, 'VE102', NULL, 'and are not looked for in groups');

-- Only accessible seats are left
SELECT sell('room', 'C-1 C-2 C-3 C-4 C-5 C-6 C-7 C-8 C-9 C-10 D-1 D-2 D-3 D-4 D-7 D-8 D-9 D-10 B-1 B-2 B-3 B-5 B-6 B-7 B-9 B-10 A-2 A-3 A-4 A-7 A-8 A-9 A-10') \g /dev/null
SELECT is(best('room', 2), 'D-5 D-6', 'accessible seats nobody asked for are given where nothing else is left');
SELECT alike((evently.best_available(event('room'), 2)).explanation, '%2 accessible seats more than asked for%', 'and it says so');
SELECT is(best('room', 3, split => true), 'A-1 D-5 D-6', 'three are split only when that is asked');
SELECT results_eq($$SELECT adjacent, groups, explanation FROM evently.best_available(event('room'), 3, split => true)$$,
	$$VALUES (false, 2, 'section Room: no 3 seats are free beside each other; 2 groups, the largest first')$$, 'which is explained');
SELECT results_eq($$SELECT r.sqlstate, r.detail::jsonb - 'event_id', r.hint FROM refusal($q$SELECT best('room', 3)$q$) r$$,
	$$VALUES ('VE102', '{"requested": 3, "available": 3, "together": 2}'::jsonb, 'Ask for fewer, or with split.')$$,
	'otherwise they are refused, and it is told how many there are together');
SELECT is((evently.book(event('room'), person('eve'), quantity => 3)).seat_ids, '{A-1,D-5,D-6}'::text[],
	'H16: a booking by quantity is never refused while seats are free');
SELECT is(free('room'), 0, 'that was all');

-- Sections, prices
SELECT is((evently.best_available(event('show'), 2)).seat_ids, '{A-1,A-2}'::text[], 'the first section; in the middle of four they would leave two single seats');
SELECT is((evently.best_available(event('show'), 4, section_id => section('show', 'Balcony'))).seat_ids, '{AA-1,AA-2,AA-3,AA-4}'::text[], 'or the one asked for');
SELECT is((evently.best_available(event('show'), 4, min_price => 41)).total_price, 320::numeric, 'a price from');
SELECT is((evently.best_available(event('show'), 4, max_price => 40)).section, 'Stalls', 'a price to');
SELECT throws_ok($$SELECT evently.best_available(event('show'), 2, max_price => 30)$$, 'VE102', NULL, 'general sections have no seats');
SELECT is((evently.best_available(event('show'), 1)).seat_ids, '{A-1}'::text[], 'one of four: in the middle it would leave a single seat');
SELECT throws_ok(call, state, NULL, why)
FROM (VALUES
	($$SELECT evently.best_available(event('show'), 0)$$, 'VE001', 'a party of nobody'),
	($$SELECT evently.best_available(event('show'), 21)$$, 'VE001', 'more than a booking may have'),
	($$SELECT evently.best_available(event('show'), 2, accessible => 3)$$, 'VE001', 'more accessible seats than seats'),
	($$SELECT evently.best_available(event('club'), 2)$$, 'VE104', 'no seats at all'),
	($$SELECT evently.best_available(person('x'), 2)$$, 'VE401', 'no event'),
	($$SELECT evently.best_available(event('show'), 2, section_id => person('x'))$$, 'VE105', 'no section')) c (call, state, why);

-- What is held is not free; what was held too long is
SELECT evently.hold_seats(event('twin'), person('bob'), '{A-1,A-2}') \g /dev/null
SELECT is(best('twin', 2), 'A-3 A-4', 'held seats are passed by');
SELECT expire_holds_of('bob') \g /dev/null
SELECT is(best('twin', 2), 'A-1 A-2', 'until their time is over');
SELECT is((evently.hold_tickets(event('twin'), person('cid'), 2)).seat_ids, '{A-1,A-2}'::text[], 'a hold by quantity takes the best');
SELECT is((evently.hold_tickets(event('twin'), person('dan'), 2)).seat_ids, '{A-3,A-4}'::text[], 'and the next the next best');

SELECT all_is_well();
SELECT * FROM finish();
ROLLBACK;
