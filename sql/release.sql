\set ECHO none
\i sql/include/setup.psql
SELECT plan(14);

-- A pool of eight in two stripes, in which some tickets of the club and some seats of the show count.
CREATE FUNCTION pool(event text) RETURNS uuid LANGUAGE sql IMMUTABLE AS 'SELECT test.person(''pool of '' || $1)';
INSERT INTO evently.pool (event_id, pool_id, size, stripes) SELECT event(e), pool(e), 8, 2 FROM unnest('{club,show}'::text[]) e;
INSERT INTO evently.stock (event_id, section_id, stripe, reserved, available, of_section)
SELECT event(e), pool(e), i, false, 4, false FROM unnest('{club,show}'::text[]) e, generate_series(0, 1) i;
CREATE FUNCTION left_of(event text) RETURNS bigint LANGUAGE sql VOLATILE
AS 'SELECT sum(available) FROM evently.stock WHERE event_id = test.event($1) AND section_id = test.pool($1)';
CREATE FUNCTION count_in_pool(event text, person text) RETURNS void LANGUAGE sql AS $$
	WITH held AS (UPDATE evently.hold h SET pools = ARRAY[test.pool($1)] WHERE h.hold_id = test.hold($2) RETURNING h.quantity)
	UPDATE evently.stock t SET available = t.available - h.quantity FROM held h
	WHERE t.event_id = test.event($1) AND t.section_id = test.pool($1)
		AND t.stripe = (SELECT x.stripe FROM evently.stock x WHERE x.section_id = t.section_id ORDER BY x.available DESC LIMIT 1)
$$;

-- A hold released, one expired, a booking cancelled: each gives back what it had of the pool, once
SELECT evently.hold_tickets(event('club'), person('ann'), 3), count_in_pool('club', 'ann') \g /dev/null
SELECT is(left_of('club') || ' ' || free('club'), '5 17', 'three tickets count in their section and in a pool beside it');
SELECT evently.release_hold(event('club'), hold('ann')), evently.release_hold(event('club'), hold('ann')) \g /dev/null
SELECT is(left_of('club') || ' ' || free('club'), '8 20', 'released, they are given back to both');

SELECT evently.hold_tickets(event('club'), person('bob'), 2), count_in_pool('club', 'bob') \g /dev/null
SELECT evently.hold_tickets(event('club'), person('cid'), 1), count_in_pool('club', 'cid') \g /dev/null
SELECT expire_holds_of('bob'), expire_holds_of('cid') \g /dev/null
SELECT is(free('club'), 20, 'what expired holds had of a pool is not counted as places');
SELECT is(evently.expire_holds(event('club')) || ' ' || left_of('club') || ' ' || free('club'), '2 8 20', 'expired, they are given back to both');

SELECT evently.hold_tickets(event('club'), person('dan'), 4), count_in_pool('club', 'dan') \g /dev/null
SELECT evently.confirm_hold(event('club'), hold('dan')) \g /dev/null
SELECT is(left_of('club') || ' ' || free('club'), '4 16', 'a booking counts where its hold did');
SELECT evently.cancel_booking(event('club'), booking('dan')), evently.cancel_booking(event('club'), booking('dan')) \g /dev/null
SELECT is(left_of('club') || ' ' || free('club'), '8 20', 'cancelled, it is given back to both');

-- The same with seats. A seat that somebody took over is given back by nobody, its place in the pool is.
SELECT evently.hold_seats(event('show'), person('eve'), '{A-1,AA-1}'), count_in_pool('show', 'eve') \g /dev/null
SELECT is(left_of('show') || ' ' || free('show'), '6 44', 'two seats');
SELECT expire_holds_of('eve') \g /dev/null
SELECT evently.book(event('show'), person('fay'), '{A-1}') \g /dev/null
SELECT is(evently.expire_holds(event('show')) || ' ' || left_of('show') || ' ' || free('show'), '1 8 45', 'expired, one taken over');
SELECT evently.hold_seats(event('show'), person('gus'), '{B-1,B-2}'), count_in_pool('show', 'gus') \g /dev/null
SELECT expire_holds_of('gus') \g /dev/null
SELECT evently.book(event('show'), person('hal'), '{B-1}') \g /dev/null
SELECT is((evently.release_hold(event('show'), hold('gus'))).status || ' ' || left_of('show') || ' ' || free('show'), 'expired 8 44',
	'released too late, one taken over');
SELECT evently.hold_seats(event('show'), person('ivy'), '{C-1,AA-2}'), count_in_pool('show', 'ivy') \g /dev/null
SELECT evently.confirm_hold(event('show'), hold('ivy')) \g /dev/null
SELECT is(left_of('show') || ' ' || free('show'), '6 42', 'booked');
SELECT evently.cancel_booking(event('show'), booking('ivy')) \g /dev/null
SELECT is(left_of('show') || ' ' || free('show'), '8 44', 'cancelled');
SELECT all_is_well();

-- All at once
SELECT evently.hold_tickets(event('club'), person('jim'), 3), count_in_pool('club', 'jim') \g /dev/null
SELECT evently.cancel_event(event('club')) \g /dev/null
SELECT is(left_of('club'), 8::bigint, 'a cancelled event has all of its pools back');
SELECT all_is_well();

SELECT * FROM finish();
ROLLBACK;
