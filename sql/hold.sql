\set ECHO none
\i sql/include/setup.psql
SELECT plan(85);

-- Seats
SELECT results_eq(
	$$SELECT seat_ids, quantity, total_price, currency, status, ttl_seconds, section_id, expires_at > clock_timestamp() + interval '599 s'
	FROM evently.hold_seats(event('show'), person('ann'), '{A-2,A-1}')$$,
	$$VALUES ('{A-1,A-2}'::text[], 2, 80.00, 'USD', 'active', 600, NULL::uuid, true)$$,
	'a hold of seats, ten minutes long (S3-HOLD-1, S3-HOLD-4)');
SELECT is(seat_status('show', 'A-1') || ' ' || seat_status('show', 'A-3'), 'held available', 'the map shows it');
SELECT is(free('show'), 44, 'two are gone');
SELECT is(seat_status('twin', 'A-1') || ' ' || free('twin'), 'available 46', 'H06: the same seat of another event is free');
SELECT throws_ok($$SELECT evently.hold_seats(event('show'), person('bob'), '{A-1}')$$, 'VE101', NULL,
	'H07: a held seat is not held again (S3-HOLD-5)');
SELECT is((evently.hold_seats(event('twin'), person('bob'), '{A-1}')).total_price, 70.00,
	'H05, H06: the twin''s A-1 is held at the twin''s price');
SELECT is((SELECT h.total_price FROM evently.hold_seats(event('show'), person('cid'), '{AA-1,B-1}') h), 120.00,
	'H05: each seat of two sections has its section''s price');
SELECT is(free('show', 'Stalls') || ' ' || free('show', 'Balcony'), '9 3', 'and is taken from its section');

-- All or nothing
SELECT is((refusal($$SELECT evently.hold_seats(event('show'), person('dan'), '{C-1,C-9,C-2}')$$)).sqlstate, 'VE103',
	'H04: one unknown seat refuses all');
SELECT is((refusal($$SELECT evently.hold_seats(event('show'), person('dan'), '{C-1,C-9,C-2}')$$)).detail::jsonb -> 'seat_ids',
	'["C-9"]', 'H04: and is named');
SELECT is((refusal($$SELECT evently.hold_seats(event('show'), person('dan'), '{C-1,A-1,B-1}')$$)).detail::jsonb -> 'seat_ids',
	'["A-1", "B-1"]', 'taken seats are named');
SELECT is(seat_status('show', 'C-1'), 'available', 'H04: nothing is held');
SELECT is(free('show'), 42, 'H04: or counted');
SELECT is(hold('dan'), NULL, 'H04: there is no hold');

-- What is refused (H03, H18, H74)
SELECT evently.create_event('future', now() + interval '9 days', total_capacity => 9, sale_start_time => now() + interval '1 day'),
	evently.create_event('late', now() + interval '9 days', total_capacity => 9, sale_end_time => now() - interval '1 day'),
	evently.create_event('past', now() - interval '9 days', total_capacity => 9),
	evently.create_event('off', now() + interval '9 days', total_capacity => 9),
	evently.create_event('gone', now() + interval '9 days', total_capacity => 9) \g /dev/null
SELECT evently.set_event_status(event('off'), 'inactive'), evently.cancel_event(event('gone')) \g /dev/null
SELECT evently.create_venue('Elsewhere', sections => '[{"name": "E", "rows": 1, "seats_per_row": 2, "row_start": "X"}]') \g /dev/null
SELECT evently.create_event('elsewhere', now() + interval '1 day', venue_id => venue('Elsewhere')) \g /dev/null
SELECT throws_ok(format('SELECT evently.%s', call), sqlstate, NULL, why)
FROM (VALUES
	($$hold_tickets(person('x'), person('ann'), 1)$$, 'VE401', 'H03: an unknown event'),
	($$hold_tickets(event('gone'), person('ann'), 1)$$, 'VE402', 'H03: a cancelled event'),
	($$hold_tickets(event('past'), person('ann'), 1)$$, 'VE402', 'H03, H29: a past event'),
	($$hold_tickets(event('off'), person('ann'), 1)$$, 'VE402', 'H03: an inactive event'),
	($$hold_tickets(event('future'), person('ann'), 1)$$, 'VE403', 'H29: before the sale (S5-EVP-4)'),
	($$hold_tickets(event('late'), person('ann'), 1)$$, 'VE404', 'H29: after the sale'),
	($$hold_seats(event('show'), person('ann'), '{X-1}')$$, 'VE103', 'H03: a seat of another event, by its label'),
	($$hold_seats(event('club'), person('ann'), '{A-1}')$$, 'VE104', 'a seat where there are none'),
	($$hold_seats(event('show'), person('ann'), '{a-1}')$$, 'VE103', 'a label in another case'),
	($$hold_seats(event('show'), person('ann'), '{C-1,C-1}')$$, 'VE001', 'H18: a seat named twice'),
	($$hold_seats(event('show'), person('ann'), '{C-1,C-2,C-3,C-1}')$$, 'VE001', 'H18: a seat named twice, apart'),
	($$hold_seats(event('show'), person('ann'), '{}')$$, 'VE001', 'H74: no seats'),
	($$hold_seats(event('show'), person('ann'), '{C-1,NULL}')$$, 'VE001', 'H74: a null seat'),
	($$hold_seats(event('show'), person('ann'), NULL)$$, 'VE001', 'H74: no seats at all'),
	($$hold_seats(NULL, person('ann'), '{C-1}')$$, 'VE001', 'H74: no event'),
	($$hold_seats(event('show'), NULL, '{C-1}')$$, 'VE001', 'H74: no user'),
	($$hold_tickets(event('club'), person('ann'), 0)$$, 'VE001', 'H74: no tickets'),
	($$hold_tickets(event('club'), person('ann'), -1)$$, 'VE001', 'H74: less than none'),
	($$hold_tickets(event('club'), person('ann'), 1, person('x'))$$, 'VE105', 'an unknown section'),
	($$hold_tickets(event('club'), person('ann'), 1, section('show', 'Floor'))$$, 'VE105', 'a section of another event'),
	($$hold_tickets(event('club'), person('ann'), 21)$$, 'VE110', 'H12: more than max_tickets_per_booking (S2-EVA-8)'),
	($$place_hold(event('show'), person('ann'))$$, 'VE001', 'H74: neither seats nor a number'),
	($$place_hold(event('show'), person('ann'), '{C-1,C-2}', 3)$$, 'VE001', 'H74: seats and another number')
) h (call, sqlstate, why);
SELECT is((refusal(format('SELECT evently.hold_seats(event(''show''), person(''ann''), %L)', ARRAY[s.id::text]))).sqlstate, 'VE001',
	'H03: a seat of another event, by its id, is a bad request') FROM evently.get_seat_map(event('elsewhere')) s WHERE s.number = 1;
SELECT is((refusal(format('SELECT evently.hold_seats(event(''show''), person(''ann''), %L)', ARRAY['C-1', s.id::text]))).sqlstate, 'VE001',
	'H18: a seat named by its label and by its id') FROM evently.get_seat_map(event('show')) s WHERE s.seat_id = 'C-1';
SELECT is((evently.hold_seats(event('show'), person('eve'), ARRAY[s.id::text])).seat_ids, '{C-1}',
	'a seat may be named by its id in the layout') FROM evently.get_seat_map(event('show')) s WHERE s.seat_id = 'C-1';
SELECT is((evently.release_hold(NULL, hold('eve'))).status, 'released', 'a hold is found by its id alone');

-- By quantity
SELECT results_eq($$SELECT seat_ids, quantity, total_price, section_id FROM evently.hold_tickets(event('club'), person('ann'), 3)$$,
	$$VALUES ('{}'::text[], 3, 30.00, section('club', 'General'))$$, 'tickets of general admission');
SELECT is((evently.hold_tickets(event('show'), person('eve'), 3)).seat_ids, '{B-2,B-3,B-4}',
	'in a section with seats, the first three beside each other');
SELECT is((evently.hold_tickets(event('show'), person('eve'), 7)).section_id, section('show', 'Floor'),
	'the first section that has enough');
SELECT is((evently.place_hold(event('show'), person('fay'), '{C-4}', 1)).seat_ids, '{C-4}', 'seats and their number agree');
SELECT is((refusal($$SELECT evently.hold_tickets(event('show'), person('fay'), 4, section('show', 'Balcony'))$$)).detail::jsonb
		- 'event_id', '{"requested": 4, "available": 3}', 'a refusal says what is left of the section (S2-ERR-1)');
SELECT all_is_well();

-- Limits (H12)
SET evently.max_holds_per_user = 2;
SELECT evently.hold_tickets(event('club'), person('gus'), 1), evently.hold_tickets(event('club'), person('gus'), 1) \g /dev/null
SELECT throws_ok($$SELECT evently.hold_tickets(event('club'), person('gus'), 1)$$, 'VE108', NULL, 'H12: no more than max_holds_per_user');
SELECT lives_ok($$SELECT evently.hold_tickets(event('twin'), person('gus'), 1)$$, 'H12: counted by event');
SELECT lives_ok($$SELECT evently.hold_tickets(event('club'), person('hal'), 1)$$, 'H12: and by user');
SELECT evently.release_hold(event('club'), hold_id) FROM evently.hold
WHERE event_id = event('club') AND user_id = person('gus') LIMIT 1 \g /dev/null
SELECT lives_ok($$SELECT evently.hold_tickets(event('club'), person('gus'), 1)$$, 'H12: a released one counts no more');
SELECT expire_holds_of('gus') \g /dev/null
SELECT lives_ok($$SELECT evently.hold_tickets(event('club'), person('gus'), 1)$$, 'H12: nor an expired one');
SET evently.max_holds_per_user = 0;
SELECT lives_ok($$SELECT evently.hold_tickets(event('club'), person('gus'), 1) FROM generate_series(1, 3)$$, '0 means no limit');
RESET evently.max_holds_per_user;

-- Whose it is (H02)
SELECT throws_ok(format('SELECT evently.%s(event(''show''), hold(''cid''), person(''dan''))', f), 'VE002', NULL,
	'H02: ' || f || ' of somebody else''s hold')
FROM unnest('{get_hold,validate_hold,extend_hold,release_hold,confirm_hold}'::text[]) f;
SELECT throws_ok($$SELECT evently.get_hold(event('twin'), hold('cid'))$$, 'VE106', NULL, 'H74: a hold of another event');
SELECT is((evently.validate_hold(event('show'), hold('cid'), person('cid'))).valid, true, 'H02: it still stands (S3-HOLD-3)');

-- Extending: to ttl from now, never past max_lifetime, never shorter
SELECT is((evently.extend_hold(event('show'), hold('cid'), person('cid'))).ttl_seconds, 600, 'a hold is extended to its full time');
SELECT expires_at FROM evently.hold WHERE hold_id = hold('cid') \gset
SET evently.hold_ttl = 5;
SELECT is((evently.extend_hold(event('show'), hold('cid'), person('cid'))).expires_at, :'expires_at', 'never to less');
SET evently.hold_ttl = 3600;
SELECT is((SELECT d.expires_at - h.created_at FROM evently.extend_hold(event('show'), hold('cid'), person('cid')) d
	JOIN evently.hold h USING (event_id, hold_id)), interval '1800 s', 'H12: nor past evently.hold_max_lifetime');
SELECT is((SELECT bool_and(s.held_until = h.expires_at) FROM evently.event_seat s JOIN evently.hold h USING (event_id, hold_id)
	WHERE h.hold_id = hold('cid')), true, 'its seats end with it');
SELECT throws_ok($$SELECT evently.extend_hold(event('show'), hold('cid'), person('cid'))$$, 'VE108', NULL, 'H12: and then no more');
RESET evently.hold_ttl;

-- Not even at its beginning
SET evently.hold_ttl = 3600;
SELECT is((evently.hold_tickets(event('club'), person('lea'), 1)).ttl_seconds, 1800, 'evently.hold_max_lifetime bounds a new hold too');
RESET evently.hold_ttl;

-- Releasing
SELECT is((SELECT h.status || ' ' || h.ttl_seconds FROM evently.release_hold(event('show'), hold('cid'), person('cid')) h),
	'released 0', 'a hold is released (S3-HOLD-2)');
SELECT is(seat_status('show', 'AA-1') || ' ' || free('show', 'Balcony'), 'available 4', 'H13: the seats are free at once');
SELECT is((evently.release_hold(event('show'), hold('cid'), person('cid'))).status, 'released', 'a repeat gives the same answer');
SELECT is(free('show', 'Balcony'), 4, 'and gives nothing back twice');
SELECT is((SELECT v.valid || ' ' || v.reason || ' ' || v.ttl_seconds FROM evently.validate_hold(event('show'), hold('cid')) v),
	'false released 0', 'it cannot be confirmed');
SELECT throws_ok($$SELECT evently.confirm_hold(event('show'), hold('cid'))$$, 'VE109', NULL, 'and is not');
SELECT throws_ok($$SELECT evently.extend_hold(event('show'), hold('cid'))$$, 'VE109', NULL, 'or extended');

-- Expiry by the clock: from expires_at on the hold is over for everybody, with nobody tidying up
SET evently.hold_ttl = 1;
SELECT evently.hold_seats(event('show'), person('ivy'), '{AA-3}') \g /dev/null
RESET evently.hold_ttl;
SELECT is(seat_status('show', 'AA-3'), 'held', 'a short hold');
DO $$
BEGIN
	WHILE (SELECT expires_at > clock_timestamp() FROM evently.hold WHERE hold_id = hold('ivy')) LOOP
		PERFORM pg_sleep(0.01);
	END LOOP;
END
$$;
SELECT is(seat_status('show', 'AA-3') || ' ' || free('show', 'Balcony'), 'available 4', 'H13: is over at its end (S3-HOLD-6)');
SELECT is((SELECT v.reason FROM evently.validate_hold(event('show'), hold('ivy')) v), 'expired', 'for its owner');
SELECT throws_ok($$SELECT evently.confirm_hold(event('show'), hold('ivy'))$$, 'VE107', NULL, 'H08: who cannot confirm it');
SELECT throws_ok($$SELECT evently.extend_hold(event('show'), hold('ivy'))$$, 'VE107', NULL, 'or extend it');
SELECT lives_ok($$SELECT evently.hold_seats(event('show'), person('jim'), '{AA-3}')$$, 'and for the next one, who takes the seat');
SAVEPOINT clock;
UPDATE evently.hold SET expires_at = clock_timestamp() + interval '1 hour' WHERE hold_id = hold('ivy');
SELECT throws_ok(format('SELECT evently.%s(event(''show''), hold(''ivy''))', f), 'VE107', NULL, 'H07: nor does ' || f || ' when the clock is set back: the seat is another''s')
FROM unnest('{confirm_hold,extend_hold}'::text[]) f;
ROLLBACK TO clock;
SELECT is((evently.release_hold(event('show'), hold('ivy'))).status, 'expired', 'releasing what is over');
SELECT is(seat_status('show', 'AA-3') || ' ' || free('show', 'Balcony'), 'held 3', 'takes nothing from him');
SELECT evently.hold_tickets(event('club'), person(p), 1) FROM unnest('{kim,lou}'::text[]) p \g /dev/null
SELECT expire_holds_of('kim') \g /dev/null
SELECT evently.expire_holds(event('club')) \g /dev/null
SELECT is((SELECT string_agg(status::text, ' ' ORDER BY status::text) FROM evently.hold WHERE user_id IN (person('kim'), person('lou'))), 'active expired',
	'H13: tidying up ends what is over, and nothing else');
SELECT all_is_well();

SELECT * FROM finish();
ROLLBACK;
