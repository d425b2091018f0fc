\set ECHO none
\i sql/include/setup.psql
SELECT plan(51);

CREATE FUNCTION sale(event text) RETURNS text LANGUAGE sql VOLATILE
AS 'SELECT sale_status FROM evently.get_event(test.event($1))';
CREATE FUNCTION version(event text) RETURNS integer LANGUAGE sql VOLATILE
AS 'SELECT version FROM evently.get_event(test.event($1))';

-- S5's machine: upcoming, on sale, sold out (S5-EVA-2, S5-EVA-3, S5-EVA-5, S5-EVA-6)
SELECT is((evently.create_event('tour', now() + interval '9 days', total_capacity => 50, sale_status => 'UPCOMING', sale_start_time => now() - interval '1 day')).sale_status,
	'upcoming', 'S5-EVA-1: an event made UPCOMING stays so, though its sale should have begun');
SELECT is((SELECT r.sqlstate || ' ' || (r.detail::jsonb - 'event_id') FROM refusal($$SELECT evently.book(event('tour'), person('ann'), quantity => 1)$$) r),
	'VE403 {"sale_status": "upcoming"}', 'H29: and does not sell');
SELECT throws_ok($$SELECT evently.set_sale_status(event('tour'), 'sold_out')$$, 'VE406', NULL, 'S5-EVA-6: not from UPCOMING to SOLD_OUT');
SELECT is((evently.set_sale_status(event('tour'), 'ON_SALE')).sale_status, 'on_sale', 'S5-EVA-2: UPCOMING to ON_SALE');
SELECT is(version('tour'), 2, 'raises the version');
SELECT lives_ok($$SELECT evently.book(event('tour'), person('ann'), quantity => 1)$$, 'then it sells');
SELECT throws_ok($$SELECT evently.set_sale_status(event('tour'), 'upcoming')$$, 'VE406', NULL, 'S5-EVA-6: no way back');
SELECT is((evently.set_sale_status(event('tour'), 'on_sale')).version, 2, 'setting the present one changes nothing');
SELECT is((evently.set_sale_status(event('tour'), 'SOLD_OUT', version => 2)).sale_status, 'sold_out', 'S5-EVA-3: ON_SALE to SOLD_OUT');
SELECT throws_ok($$SELECT evently.book(event('tour'), person('ann'), quantity => 1)$$, 'VE411', NULL, 'set by hand, it sells no more');
SELECT lives_ok($$SELECT evently.cancel_booking(event('tour'), booking('ann'))$$, 'a booking is cancelled all the same');
SELECT is(sale('tour') || ' ' || free('tour'), 'sold_out 50', 'and what comes back does not open the sale');
SELECT throws_ok(format('SELECT evently.set_sale_status(event(''tour''), %L)', next), 'VE406', NULL, 'S5-EVA-6: not from SOLD_OUT to ' || next)
FROM unnest('{upcoming,on_sale,cancelled}'::text[]) next;
SELECT throws_ok($$SELECT evently.set_sale_status(event('tour'), 'sold_out', version => 1)$$, 'VE408', NULL, 'S2-EVA-7: a stale version');
SELECT throws_ok($$SELECT evently.set_sale_status(event('tour'), 'over')$$, 'VE001', NULL, 'an unknown one');
SELECT throws_ok($$SELECT evently.set_sale_status(event('tour'), 'sold_out', actor_id => person('x'))$$, 'VE002', NULL, 'by somebody else');

-- Derived
SELECT is(sale('club'), 'on_sale', 'without a word it is derived');
SELECT evently.book(event('club'), person('bob'), quantity => 20) \g /dev/null
SELECT is(sale('club'), 'sold_out', 'S5-EVA-5: sold out at zero');
SELECT evently.cancel_booking(event('club'), booking('bob')) \g /dev/null
SELECT is(sale('club'), 'on_sale', 'and on sale again');
SELECT evently.create_event('soon', now() + interval '9 days', total_capacity => 5, sale_start_time => now() + interval '1 day') \g /dev/null
SELECT is(sale('soon'), 'upcoming', 'upcoming before its time (S5-EVP-4)');
SELECT is(e.sale_status || ' ' || (e.sale_start_time <= clock_timestamp()), 'on_sale true', 'opened by hand, its sale starts now') FROM evently.set_sale_status(event('soon'), 'on_sale') e;
SELECT lives_ok($$SELECT evently.book(event('soon'), person('ann'), quantity => 1)$$, 'and it sells');
SELECT is((evently.set_sale_status(event('soon'), 'cancelled')).status, 'cancelled', 'S5-EVA-5: ON_SALE to CANCELLED');
SELECT is((evently.get_booking(event('soon'), booking('ann'))).status, 'cancelled', 'is the cancellation of the event');
SELECT is((evently.set_sale_status(event('soon'), 'cancelled')).status, 'cancelled', 'once');
SELECT throws_ok($$SELECT evently.set_sale_status(event('soon'), 'on_sale')$$, 'VE406', NULL, 'and for good');
SELECT evently.create_event('draft', now() + interval '9 days', total_capacity => 5, status => 'draft') \g /dev/null
SELECT throws_ok($$SELECT evently.set_sale_status(event('draft'), 'on_sale')$$, 'VE406', NULL, 'a draft is published first');
SELECT all_is_well();

-- Availability by number alone, for another system that sells (S1-INT-3, S2-INT-1, S2-INT-3)
SELECT version('club') AS v \gset
SELECT results_eq(format('SELECT available_seats, status, version FROM evently.adjust_availability(event(''club''), -2, %s)', :v),
	format('VALUES (18, ''published'', %s)', :v + 1), 'S1-INT-3, S2-INT-1: two places are taken, the version is raised (S1-BOOK-1)');
SELECT throws_ok(format('SELECT evently.adjust_availability(event(''club''), -2, %s)', :v), 'VE408', NULL, 'S2-BOOK-2: who has seen an older version is told');
SELECT is((SELECT booked_count || ' ' || available_seats FROM evently.get_event(event('club'))), '2 18', 'S1-INT-4: they count as booked');
SELECT is((SELECT r.sqlstate || ' ' || (r.detail::jsonb - 'event_id') FROM refusal($$SELECT evently.adjust_availability(event('club'), -19)$$) r),
	'VE102 {"available": 18, "requested": 19}', 'S2-BOOK-1: never more than there are');
SELECT is((SELECT r.sqlstate || ' ' || (r.detail::jsonb - 'event_id') FROM refusal($$SELECT evently.adjust_availability(event('club'), 3)$$) r),
	'VE116 {"taken": 2, "requested": 3}', 'no more is given back than was taken');
SELECT is((evently.adjust_availability(event('club'), 2, idempotency_key => 'r')).available_seats, 20, 'S2-INT-3: it is given back');
SELECT is((evently.adjust_availability(event('club'), 2, idempotency_key => 'r')).available_seats, 20, 'once by its key');
SELECT throws_ok($$SELECT evently.adjust_availability(event('club'), 1)$$, 'VE116', NULL, 'nor by another');
SELECT is((SELECT count(*) || ' ' || sum(delta) FROM evently.adjustment), '2 0', 'each is a row of the ledger');
SELECT is((evently.adjust_availability(event('show'), -30)).available_seats, 16, 'of an event with seats, its places without');
SELECT throws_ok($$SELECT evently.adjust_availability(event('show'), -1)$$, 'VE102', NULL, 'never of its seats');
SELECT throws_ok($$SELECT evently.adjust_availability(event('show'), -1, section_id => section('show', 'Stalls'))$$, 'VE001', NULL, 'nor where they are named');
SELECT evently.hold_tickets(event('twin'), person('cid'), 20, section('twin', 'Floor')), expire_holds_of('cid') \g /dev/null
SELECT is((evently.adjust_availability(event('twin'), -30)).available_seats, 16, 'H16: what expired holds gave up is taken');
SELECT evently.update_event(event('club'), total_capacity => 20), evently.adjust_availability(event('club'), -5) \g /dev/null
SELECT throws_ok($$SELECT evently.update_event(event('club'), total_capacity => 4)$$, 'VE407', NULL, 'H21: the capacity does not fall below what was taken');
SELECT throws_ok('SELECT evently.' || call, sqlstate, NULL, call) FROM (VALUES
	('VE001', $$adjust_availability(event('club'), 0)$$), ('VE401', $$adjust_availability(person('x'), -1)$$),
	('VE411', $$adjust_availability(event('tour'), -1)$$), ('VE002', $$adjust_availability(event('club'), -1, actor_id => person('x'))$$)) c (sqlstate, call);
SELECT evently.cancel_event(event('club')) \g /dev/null
SELECT is(free('club'), 15, 'a cancelled event keeps account of what was taken');
SELECT is((evently.adjust_availability(event('club'), 5)).available_seats, 20, 'and takes it back');
SELECT all_is_well();

SELECT * FROM finish();
ROLLBACK;
