-- What those who watch an event are told.
\set ECHO none
\i sql/include/setup.psql
SELECT plan(44);

-- What is told since an hour ago. All in this test is one transaction, so the snapshot is one from before it.
CREATE FUNCTION before() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT concat(xid, ':', xid, ':@', (extract(epoch FROM clock_timestamp() - interval '1 hour') * 1000000)::bigint)
	FROM least(pg_current_xact_id(), pg_snapshot_xmax(pg_current_snapshot())) xid
$$;
CREATE FUNCTION changes(VARIADIC events text[]) RETURNS SETOF evently.live_change LANGUAGE sql VOLATILE AS $$
	SELECT c.* FROM evently.live_changes(ARRAY(SELECT test.event(e) FROM unnest(events) e), test.before()) n, unnest(n.changes) c
$$;
CREATE FUNCTION change_of(name text) RETURNS evently.live_change LANGUAGE sql VOLATILE
AS 'SELECT c FROM test.changes($1) c';

SELECT matches(evently.live_position(), '^\d+:\d+:[\d,]*@\d{16}$', 'a position is a snapshot and its time');
SELECT is((n.changes, n.places)::text, '({},{})', 'nobody watches: only where to go on from') FROM evently.live_changes('{}', evently.live_position()) n;
SELECT throws_ok($$SELECT evently.live_changes('{}', NULL)$$, 'VE001', NULL, 'from when on must be said');
SELECT throws_ok($$SELECT evently.live_changes('{}', 'yesterday')$$, 'VE001', NULL, 'what is no position is refused');
SELECT is(concat_ws(' ', r.sqlstate, r.detail::jsonb ->> 'field', r.message), 'VE001 after after must be a position of live_position()', 'nor is ' || p)
FROM unnest(ARRAY['', '@', '1:1:', '1:1:@', '1:1:@x', '1:1@1', '2:1:@1', '0:1:@1', '1:1:@-1', ' 1:1:@1', '1:4:3,2@1', '1:4:4@1', '1:4:2,@1', '1:4:2@1@1', '1:99999999999999999999:@1', '1:1:@9223372036854775808', '1:1:@9223372036854775807']) p,
	LATERAL refusal(format('SELECT evently.live_changes(''{}'', %L)', p)) r;
SELECT lives_ok(format('SELECT evently.live_changes(''{}'', %L)', p), 'but ' || p) FROM unnest(ARRAY['1:1:@0', '3:9:3,5,8@1700000000000000']) p;

SELECT evently.hold_seats(event('show'), person('ann'), '{A-1,A-2}') \g /dev/null
SELECT evently.book(event('show'), person('bob'), seat_ids => '{B-1}') \g /dev/null
SELECT evently.block_seats(event('show'), 'camera', '{C-1}') \g /dev/null
SELECT is((change_of('show')).seats::jsonb, '{"A-1": "held", "A-2": "held", "B-1": "sold", "C-1": "blocked"}',
	'seats as they are now: held, sold, blocked');
SELECT is(((change_of('show')).available_seats, (change_of('show')).sale_status), (42, 'on_sale'::text), 'and what is left');
SELECT is((SELECT array_agg(c.event_id) FROM changes('twin', 'club') c WHERE c.event_id = event('show')), NULL, 'of events that were asked for');
SELECT evently.cancel_booking(event('show'), booking('bob')) \g /dev/null
SELECT evently.release_hold(event('show'), hold('ann')) \g /dev/null
SELECT is((change_of('show')).seats::jsonb, '{"A-1": "available", "A-2": "available", "B-1": "available", "C-1": "blocked"}', 'freed again');
SELECT evently.book(event('club'), person('cid'), quantity => 20) \g /dev/null
SELECT is(((change_of('club')).seats::text, (change_of('club')).available_seats, (change_of('club')).sale_status), ('{}'::text, 0, 'sold_out'::text),
	'tickets without seats');

-- Told of by nothing but time
SELECT evently.hold_seats(event('twin'), person('dan'), '{AA-1}') \g /dev/null
TRUNCATE evently.outbox;
SELECT is_empty($$SELECT * FROM changes('twin')$$, 'without a row of the outbox there is nothing to tell');
UPDATE evently.hold SET created_at = now() - interval '1 day', expires_at = now() - interval '1 minute' WHERE user_id = person('dan');
UPDATE evently.event_seat SET held_until = now() - interval '1 minute' WHERE hold_id = hold('dan');
SELECT is((change_of('twin')).seats::jsonb, '{"AA-1": "available"}', 'a hold that ended since, tidied or not: its seats are free');
UPDATE evently.hold SET expires_at = now() - interval '2 hours' WHERE user_id = person('dan');
UPDATE evently.event_seat SET held_until = now() - interval '2 hours' WHERE hold_id = hold('dan');
SELECT is_empty($$SELECT * FROM changes('twin')$$, 'one that ended before was told before');
UPDATE evently.event SET sale_end_time = now() - interval '1 minute' WHERE event_id = event('twin');
SELECT is((change_of('twin')).sale_status, 'ended', 'a sale that ended since');

SELECT is((SELECT bool_or(reload) FROM changes('show')), NULL, 'the seat map is the one that it was');
SELECT evently.update_event(event('show'), name => 'show', description => 'new') \g /dev/null
SELECT ok((change_of('show')).reload, 'it may be another one after a change of the event');
SELECT ok((n.changes[1]).reload, 'and after a restore: the position is of a cluster that had counted further')
FROM evently.live_changes(ARRAY[event('show')], '9000000000000:9000000000000:@1') n;
-- Places in a queue: of a hall that is sold out, some wait for any section, some for one
SELECT evently.create_event('gala', now() + interval '30 days', venue_id => venue('Hall'), base_price => 40, max_tickets_per_booking => 100) \g /dev/null
SELECT evently.book(event('gala'), person('x'), quantity => 12, section_id => section('gala', 'Stalls')),
	evently.book(event('gala'), person('y'), quantity => 4, section_id => section('gala', 'Balcony')),
	evently.book(event('gala'), person('z'), quantity => 30, section_id => section('gala', 'Floor')) \g /dev/null
CREATE TABLE waiter AS SELECT number, person('w' || number) AS user_id FROM generate_series(1, 12) number;
SELECT evently.join_waitlist(event('gala'), w.user_id, section_id => (ARRAY[NULL, section('gala', 'Stalls'), section('gala', 'Balcony')])[number % 3 + 1])
FROM (SELECT * FROM waiter ORDER BY number) w \g /dev/null
-- Those who watch, by number, and one who never joined.
CREATE FUNCTION watchers(told boolean, token_version integer DEFAULT NULL) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT json_agg(json_build_object('watcher', w.number, 'event_id', test.event('gala'), 'user_id', w.user_id, 'told', told,
		'token_version', token_version) ORDER BY random())
	FROM (SELECT * FROM test.waiter UNION ALL VALUES (99, test.person('stranger'))) w
$$;
CREATE FUNCTION places(told boolean, after text, token_version integer DEFAULT NULL) RETURNS SETOF evently.live_answer LANGUAGE sql VOLATILE AS $$
	SELECT p.* FROM evently.live_changes('{}', after, test.watchers(told, token_version)) n, unnest(n.places) p
$$;
CREATE FUNCTION statuses() RETURNS TABLE (watcher bigint, quantity integer, status text, "position" integer, hold_id uuid) LANGUAGE sql VOLATILE AS $$
	SELECT w.number, s.quantity, s.status, s.position, (s.offer).hold_id
	FROM test.waiter w, LATERAL evently.get_waitlist_status(test.event('gala'), w.user_id) s ORDER BY w.number
$$;
PREPARE told AS SELECT p.watcher, (p.place).quantity, (p.place).status, (p.place).position, ((p.place).offer).hold_id
	FROM places(false, evently.live_position()) p;
SELECT results_eq('told', 'SELECT * FROM statuses()', 'S3-WAIT-10: each is told his place, as get_waitlist_status() has it, in the order of the watchers');
SELECT is((SELECT count(*) FROM statuses() WHERE position > 1), 10::bigint, 'there are many places');
SELECT is_empty('SELECT * FROM places(true, evently.live_position())', 'once told, and nothing has moved: nobody is told again');
SELECT evently.leave_waitlist(event('gala'), person('w1')), evently.leave_waitlist(event('gala'), person('w6')) \g /dev/null
SELECT evently.cancel_booking(event('gala'), booking('y')) \g /dev/null
SELECT is((SELECT string_agg(DISTINCT status, ' ') FROM statuses()), 'active cancelled notified', 'some left, some have an offer');
SELECT results_eq('told', 'SELECT * FROM statuses()', 'they are told so, and who moved up his place');
SELECT is((SELECT count(p) FROM evently.live_changes(ARRAY[event('gala')], before(), watchers(true)) n, unnest(n.places) p), 12::bigint,
	'where the queue has moved, who was told before too');
SELECT is((SELECT count(p) FROM evently.live_changes(ARRAY[event('club')], before(), watchers(true)) n, unnest(n.places) p), 0::bigint,
	'not where another one has');
SELECT results_eq('SELECT DISTINCT p.signed_in, p.place IS NULL FROM places(false, evently.live_position(), 7) p', 'VALUES (false, true)',
	'a token that counts no more: nothing is told but that');
SELECT all_is_well();

SELECT * FROM finish();
ROLLBACK;
