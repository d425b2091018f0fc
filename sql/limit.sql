\set ECHO none
\i sql/include/setup.psql
SELECT plan(39);

-- House seats
SELECT results_eq($$SELECT seat_ids, quantity, reason, status, expires_at FROM evently.block_seats(event('show'), 'Sound desk', '{B-2,B-3}')$$,
	$$VALUES ('{B-2,B-3}'::text[], 2, 'Sound desk', 'active', NULL::timestamptz)$$, 'house seats, kept back for good');
SELECT is(seat_status('show', 'B-2') || ' ' || free('show', 'Stalls'), 'blocked 10', 'the seat map says so');
SELECT is((evently.get_event(event('show'))).booked_count, 0, 'they are not sold');
SELECT throws_ok($$SELECT evently.hold_seats(event('show'), person('ann'), '{B-2}')$$, 'VE101', NULL, 'nobody holds them');
SELECT throws_ok(format('SELECT evently.%s(event(''show''), %L)', f, b.hold_id), 'VE106', NULL, f || ' does not know them')
FROM evently.list_blocks(event('show')) b, unnest('{get_hold,confirm_hold,extend_hold,release_hold}'::text[]) f;
SELECT throws_ok(format('SELECT evently.unblock_seats(event(''show''), %L)', h.hold_id), 'VE106', NULL, 'nor does unblock_seats a buyer''s hold')
FROM evently.hold_seats(event('show'), person('bob'), '{A-1}') h;
SELECT throws_ok($$SELECT evently.block_seats(event('show'), 'VIP', '{A-1,A-2}')$$, 'VE101', NULL, 'what a buyer holds is not kept back');
SELECT is((evently.block_seats(event('show'), 'Press', quantity => 4, section_id => section('show', 'Floor'), expires_at => now() + interval '1 day')).expires_at,
	now() + interval '1 day', 'places, until a time');
SELECT is(free('show', 'Floor'), 26, 'are taken from their section');
SELECT is((SELECT array_agg(reason) FROM evently.list_blocks(event('show'))), '{Sound desk,Press}', 'who manages the event sees them');
SELECT is((evently.unblock_seats(event('show'), b.hold_id)).status || ' ' || (evently.unblock_seats(event('show'), b.hold_id)).status, 'released released',
	'put on sale again; a repeat gives the same answer') FROM evently.list_blocks(event('show')) b WHERE reason = 'Sound desk';
SELECT is(seat_status('show', 'B-2') || ' ' || free('show', 'Stalls'), 'available 11', 'once');
UPDATE evently.hold SET created_at = now() - interval '3 days', expires_at = now() - interval '1 day' WHERE reason = 'Press';
SELECT is(free('show', 'Floor') || ' ' || (SELECT count(*) FROM evently.list_blocks(event('show'))), '30 0', 'at its end a block is over like every hold');
SELECT is(evently.expire_holds(event('show')), 1, 'and tidied up');
SELECT evently.create_event('planned', now() + interval '9 days', total_capacity => 30, status => 'draft') \g /dev/null
SELECT is((evently.block_seats(event('planned'), 'Crew', quantity => 25)).quantity, 25, 'before the sale, more than a booking may have');
SELECT is((SELECT count(evently.block_seats(event('planned'), 'Crew', quantity => 1)) FROM generate_series(1, 5)), 5::bigint, 'and more than a user');
SELECT throws_ok($$SELECT evently.block_seats(event('planned'), 'Crew', quantity => 1)$$, 'VE102', NULL, 'never more than there are');
SELECT throws_ok('SELECT evently.' || call, sqlstate, NULL, call) FROM (VALUES
	('VE001', $$block_seats(event('show'), '', '{A-2}')$$), ('VE001', $$block_seats(event('show'), 'x')$$),
	('VE001', $$block_seats(event('show'), 'x', '{A-2}', expires_at => now() - interval '1 s')$$),
	('VE002', $$block_seats(event('show'), 'x', '{A-2}', actor_id => person('x'))$$)) c (sqlstate, call);
SELECT all_is_well();

-- Tickets of one user, held and booked
SELECT is((evently.update_event(event('club'), max_tickets_per_user => 4)).max_tickets_per_user, 4, 'a limit per user is set, and shown');
SELECT evently.book(event('club'), person('ann'), quantity => 2) \g /dev/null
SELECT evently.hold_tickets(event('club'), person('ann'), 1) \g /dev/null
SELECT is((SELECT r.sqlstate || ' ' || (r.detail::jsonb - 'event_id') FROM refusal($$SELECT evently.book(event('club'), person('ann'), quantity => 2)$$) r),
	'VE110 {"requested": 2, "booked_or_held": 3, "max_tickets_per_user": 4}', 'H12, H28: bookings and live holds are counted together');
SELECT throws_ok($$SELECT evently.hold_tickets(event('club'), person('ann'), 2)$$, 'VE110', NULL, 'H12, H28: for a hold too');
SELECT lives_ok($$SELECT evently.book(event('club'), person('bob'), quantity => 4)$$, 'H28: each user for himself');
SELECT lives_ok($$SELECT evently.confirm_hold(event('club'), hold('ann'))$$, 'a hold within the limit is confirmed');
SELECT lives_ok($$SELECT evently.book(event('club'), person('ann'), quantity => 1)$$, 'H28: up to the limit');
SELECT throws_ok($$SELECT evently.book(event('club'), person('ann'), quantity => 1)$$, 'VE110', NULL, 'H28: and no more');
SELECT evently.cancel_booking(event('club'), booking('ann')) \g /dev/null
SELECT lives_ok($$SELECT evently.hold_tickets(event('club'), person('ann'), 1)$$, 'H28: a cancelled ticket counts no more');
SELECT expire_holds_of('ann') \g /dev/null
SELECT lives_ok($$SELECT evently.book(event('club'), person('ann'), quantity => 1)$$, 'H28: nor one of an expired hold');
SELECT evently.update_event(event('club'), max_tickets_per_user => 0) \g /dev/null
SELECT lives_ok($$SELECT evently.book(event('club'), person('ann'), quantity => 2)$$, '0: no limit');
SELECT throws_ok($$SELECT evently.update_event(event('club'), max_tickets_per_user => -1)$$, 'VE001', NULL, 'a limit below none');

-- Renewals of a hold
SET evently.hold_max_renewals = 2;
SELECT evently.hold_tickets(event('twin'), person('cid'), 1) \g /dev/null
SELECT evently.extend_hold(event('twin'), hold('cid')), evently.extend_hold(event('twin'), hold('cid')) \g /dev/null
SELECT is((SELECT r.sqlstate || ' ' || (r.detail::jsonb ->> 'max_renewals') FROM refusal($$SELECT evently.extend_hold(event('twin'), hold('cid'))$$) r), 'VE108 2',
	'H12: a hold is extended evently.hold_max_renewals times');
SELECT lives_ok($$SELECT evently.confirm_hold(event('twin'), hold('cid'))$$, 'and then confirmed');
RESET evently.hold_max_renewals;
SELECT all_is_well();

SELECT * FROM finish();
ROLLBACK;
