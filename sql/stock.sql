\set ECHO none
\i sql/include/setup.psql
SELECT plan(41);

CREATE FUNCTION stripes(event text) RETURNS bigint LANGUAGE sql STABLE
AS 'SELECT count(*) FROM evently.stock WHERE event_id = test.event($1)';
-- An event of 64 places, one in each of 64 stripes.
CREATE FUNCTION scattered(name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	id uuid := (evently.create_event(scattered.name, now() + interval '1 day', total_capacity => 640)).event_id;
BEGIN
	UPDATE evently.stock SET available = 1 WHERE event_id = id;
	UPDATE evently.event_section SET capacity = 64 WHERE event_id = id;
	UPDATE evently.event SET total_capacity = 64, max_tickets_per_booking = 700 WHERE event_id = id;
END
$$;

-- How many stripes
SELECT is(evently.stripes_for(capacity, sections)::integer, stripes, format('%s places, %s sections: %s stripes', capacity, sections, stripes))
FROM (VALUES (0, 1, 1), (7, 1, 1), (20, 1, 2), (511, 1, 63), (512, 1, 64), (200000, 1, 64), (200000, 10, 6), (200000, 100, 4)) s (capacity, sections, stripes);
SET evently.stock_stripes = 3;
SELECT is(evently.stripes_for(512, 1)::integer, 3, 'not more than evently.stock_stripes');
RESET evently.stock_stripes;
SELECT is(stripes('club'), 2::bigint, 'stripes are made with the event');
SELECT is((SELECT max(available) - min(available) FROM evently.stock WHERE event_id = event('club')), 0, 'evenly filled');

-- Sold out is only said when it is true (H16)
SELECT evently.book(event('club'), person('ann'), quantity => 17) \g /dev/null
SELECT is(free('club'), 3, 'three are left');
SELECT lives_ok($$SELECT evently.book(event('club'), person('ann'), quantity => 3)$$, 'S2-BOOK-1: the last three are sold together');
SELECT is((SELECT r.detail::jsonb - 'event_id' FROM refusal($$SELECT evently.book(event('club'), person('ann'), quantity => 1)$$) r),
	'{"requested": 1, "available": 0}', 'then it is sold out (S2-ERR-3)');
SELECT is((evently.get_event(event('club'))).sale_status, 'sold_out', 'and says so (S5-EVA-5)');
SELECT is((SELECT min(available) FROM evently.stock WHERE event_id = event('club')), 0, 'no stripe is below zero');

-- Gathering across stripes
SELECT scattered('scattered') \g /dev/null
SELECT is(stripes('scattered') || ' ' || free('scattered'), '64 64', '64 stripes with one left in each');
SELECT is((evently.book(event('scattered'), person('bob'), quantity => 5)).quantity, 5, 'a request for 5 is gathered');
SELECT is(free('scattered'), 59, 'and 59 remain');
SELECT is((evently.hold_tickets(event('scattered'), person('bob'), 59)).quantity, 59, 'a request for all that is left');
SELECT throws_ok($$SELECT evently.book(event('scattered'), person('bob'), quantity => 1)$$, 'VE102', NULL, 'then there is none');
SELECT scattered('one by one') \g /dev/null
SELECT is((SELECT count(evently.book(event('one by one'), person('bob'), quantity => 1)) FROM generate_series(1, 64)), 64::bigint,
	'64 single bookings find 64 single places');
SELECT is(free('one by one'), 0, 'to the last');

-- Expired holds are free, and reclaimed by a booker who is short
SELECT evently.create_event('lapsed', now() + interval '1 day', total_capacity => 20) \g /dev/null
SELECT evently.hold_tickets(event('lapsed'), person('cid'), 12), evently.hold_tickets(event('lapsed'), person('dan'), 6) \g /dev/null
SELECT expire_holds_of('cid') \g /dev/null
SELECT is(free('lapsed'), 14, 'an expired hold counts as free');
SELECT is((SELECT sum(available) FROM evently.stock WHERE event_id = event('lapsed')), 2::bigint, 'though nobody has tidied up');
SELECT throws_ok($$SELECT evently.book(event('lapsed'), person('eve'), quantity => 15)$$, 'VE102', NULL, 'more than that is refused');
SELECT lives_ok($$SELECT evently.book(event('lapsed'), person('eve'), quantity => 14)$$, 'that much is sold');
SELECT is((SELECT status FROM evently.hold WHERE hold_id = hold('cid')), 'expired', 'the booker tidied up what he needed');
SELECT is((SELECT status FROM evently.hold WHERE hold_id = hold('dan')), 'active', 'a live hold is not touched');
SELECT is(free('lapsed'), 0, 'nothing is counted twice');

-- The same with seats
SELECT evently.hold_seats(event('show'), person('fay'), '{A-1,A-2,AA-1}') \g /dev/null
SELECT expire_holds_of('fay') \g /dev/null
SELECT lives_ok($$SELECT evently.book(event('show'), person('gus'), '{A-1}')$$, 'an expired seat is taken over');
SELECT is(free('show', 'Stalls') || ' ' || free('show', 'Balcony'), '11 4', 'each seat counts once');
SELECT evently.hold_tickets(event('show'), person('fay'), 4, section_id => section('show', 'Floor')), evently.hold_seats(event('show'), person('gus'), '{B-1}') \g /dev/null
SELECT is_empty($$SELECT e.event_id FROM evently.event e, evently.event_stock(e.event_id, statement_timestamp()) s,
		evently.get_event(e.event_id) d, evently.get_availability(e.event_id) a
	WHERE (d.available_seats, d.total_capacity - d.available_seats - d.booked_count, a.available_seats) <> (s.available, s.held, s.available)$$,
	'who reads an event is told what statements are');
SELECT is_empty($$SELECT e.event_id FROM evently.described_section e, evently.get_sections(e.event_id) s, evently.get_availability(e.event_id) a
	WHERE (s.sections, a.sections) IS DISTINCT FROM (e.sections, e.sections)$$, 'and so of its sections');
SELECT evently.release_hold(event('show'), hold('fay')), evently.release_hold(event('show'), hold('gus')) \g /dev/null
SELECT is(evently.expire_holds(event('show')), 1, 'expire_holds() tidies one hold up');
SELECT is(evently.expire_holds(event('show')), 0, 'once');
SELECT is(free('show', 'Stalls') || ' ' || free('show', 'Balcony'), '11 4', 'and changes nothing for anybody');
SELECT is((evently.book(event('show'), person('hal'), quantity => 11, section_id => section('show', 'Stalls'))).quantity, 11,
	'all that is left of a section with seats');
SELECT evently.hold_seats(event('twin'), person('ivy'), '{AA-1,AA-2,AA-3}') \g /dev/null
SELECT expire_holds_of('ivy') \g /dev/null
SELECT is((evently.book(event('twin'), person('jim'), quantity => 4, section_id => section('twin', 'Balcony'))).seat_ids,
	'{AA-1,AA-2,AA-3,AA-4}', 'a number of seats takes expired ones too');
SELECT is(evently.expire_holds(event('twin')) || ' ' || free('twin', 'Balcony'), '1 0', 'their hold gives nothing back any more');
SELECT all_is_well();

SELECT * FROM finish();
ROLLBACK;
