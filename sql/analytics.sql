\set ECHO none
\i sql/include/setup.psql
SELECT plan(74);

-- Every figure of every function, asked again in plain SQL over the ledger's rows.
CREATE FUNCTION tickets_sold(event uuid DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM evently.ticket t WHERE t.cancelled_at IS NULL AND ($1 IS NULL OR t.event_id = $1) $$;
CREATE FUNCTION paid(event uuid DEFAULT NULL, currency text DEFAULT 'USD') RETURNS numeric LANGUAGE sql AS $$
	SELECT coalesce(sum(b.total_price), 0) FROM evently.booking b WHERE ($1 IS NULL OR b.event_id = $1) AND b.currency = $2 $$;
CREATE FUNCTION refunded(event uuid DEFAULT NULL, currency text DEFAULT 'USD') RETURNS numeric LANGUAGE sql AS $$
	SELECT coalesce(sum(c.refund_amount), 0) FROM evently.cancellation c WHERE ($1 IS NULL OR c.event_id = $1) AND c.currency = $2 $$;
-- All that a number is in an answer.
CREATE FUNCTION numbers(answer jsonb) RETURNS SETOF jsonb LANGUAGE sql AS $$ SELECT jsonb_path_query(answer, '$.**') $$;
CREATE FUNCTION every_answer() RETURNS SETOF jsonb LANGUAGE sql AS $$
	SELECT to_jsonb(a) FROM evently.get_overall_analytics() a
	UNION ALL SELECT to_jsonb(a) FROM evently.get_analytics_summary(true) a
	UNION ALL SELECT to_jsonb(a) FROM evently.get_homepage_stats() a
	UNION ALL SELECT to_jsonb(a) FROM evently.get_tag_analytics() a
	UNION ALL SELECT to_jsonb(a) FROM evently.get_tag_trends() a
	UNION ALL SELECT to_jsonb(a) FROM evently.get_cancellation_analytics() a
	UNION ALL SELECT to_jsonb(a) FROM evently.get_popular_events() a
	UNION ALL SELECT to_jsonb(a) - '{date_from,date_to}'::text[] FROM unnest('{day,month,event,section}'::text[]) w, evently.get_revenue(w) a
	UNION ALL SELECT to_jsonb(a) - '{first_booking_at,last_booking_at}'::text[] FROM evently.get_user_analytics(person('nobody')) a
$$;

-- Nothing at all
SAVEPOINT filled;
DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY['event', 'event_section', 'event_seat', 'stock', 'hold', 'booking', 'ticket', 'cancellation', 'outbox', 'analytics_cache'] LOOP
		EXECUTE format('DELETE FROM evently.%I', name);
	END LOOP;
END
$$;
SELECT is_empty($$SELECT a FROM every_answer() a WHERE a::text ~ 'null|NaN|Infinity'$$, 'H80: without an event nothing is null or NaN');
SELECT is_empty($$SELECT a FROM every_answer() a, jsonb_path_query(a, '$.** ? (@.type() == "number")') n WHERE n::text::numeric <> 0$$, 'H80: and every number is zero');
SELECT is((SELECT (a.totals).currency FROM evently.get_overall_analytics() a), 'USD', 'in a currency all the same');
ROLLBACK TO SAVEPOINT filled;

SELECT is((SELECT ROW(a.tickets_sold, a.revenue, a.capacity_utilization, cardinality(a.booking_trends), (a.holds).conversion)::text
	FROM evently.get_event_analytics(event('club')) a), '(0,0,0.00,0,0)', 'H80: an event that has sold nothing has zeros');

-- Sales of three days, in two currencies and time zones, some of them cancelled.
CREATE FUNCTION sold_before(person text, age interval) RETURNS void LANGUAGE sql AS $$
	UPDATE evently.booking SET created_at = created_at - age WHERE booking_id = test.booking(person) $$;
DO $$
BEGIN
	PERFORM evently.create_event('tokyo', now() + interval '9 days', total_capacity => 40, base_price => 1500, currency => 'JPY', timezone => 'Asia/Tokyo',
		created_by => person('boss'));
	PERFORM evently.create_event('draft', now() + interval '9 days', total_capacity => 1000, status => 'draft', created_by => person('boss'));
	PERFORM evently.book(event('show'), person('ann'), '{A-1,A-2,AA-1}');
	PERFORM sold_before('ann', '3 days');
	PERFORM evently.book(event('show'), person('bob'), quantity => 4, section_id => section('show', 'Floor'));
	PERFORM sold_before('bob', '2 days');
	PERFORM evently.book(event('club'), person('cid'), quantity => 5);
	PERFORM sold_before('cid', '1 day');
	PERFORM evently.book(event('tokyo'), person('ann'), quantity => 2);
	PERFORM evently.book(event('twin'), person('dan'), '{B-1}');
	PERFORM evently.confirm_hold(event('club'), h.hold_id) FROM evently.hold_tickets(event('club'), person('eve'), 2) h;
	PERFORM evently.release_hold(event('club'), h.hold_id) FROM evently.hold_tickets(event('club'), person('fay'), 1) h;
	PERFORM evently.hold_tickets(event('club'), person('gus'), 1);
	PERFORM evently.hold_tickets(event('club'), person('hal'), 1);
	PERFORM expire_holds_of('hal');
END
$$;
CREATE TEMP TABLE before AS SELECT d.* FROM evently.daily_sales d WHERE d.date < (now() AT TIME ZONE 'UTC')::date;
SELECT evently.cancel_booking(b.event_id, b.booking_id) FROM evently.booking b
WHERE (b.event_id, b.user_id) IN ((event('club'), person('cid')), (event('show'), person('ann'))) \g /dev/null

-- One event (S1-ANA-1, S2-ANA-1, S3-ANA-2)
SELECT is((SELECT a.tickets_sold FROM evently.get_event_analytics(event(n)) a), tickets_sold(event(n)), 'H80: ' || n || ': tickets_sold (S1-ANA-1, S2-ANA-1, S3-ANA-2)'),
	is((SELECT a.revenue FROM evently.get_event_analytics(event(n)) a), paid(event(n), c) - refunded(event(n), c), 'H80: ' || n || ': revenue'),
	is((SELECT a.capacity_utilization FROM evently.get_event_analytics(event(n)) a),
		(SELECT round(100.0 * tickets_sold(event(n)) / e.total_capacity, 2) FROM evently.event e WHERE e.event_id = event(n)), 'H80: ' || n || ': capacity_utilization'),
	is((SELECT ARRAY[sum(t.tickets_booked) - sum(t.tickets_cancelled), sum(t.revenue), sum(t.bookings)]
			FROM evently.get_event_analytics(event(n)) a, unnest(a.booking_trends) t),
		ARRAY[tickets_sold(event(n)), paid(event(n), c) - refunded(event(n), c), (SELECT count(*) FROM evently.booking b WHERE b.event_id = event(n))],
		'H80: ' || n || ': the days add up to it')
FROM (VALUES ('show', 'USD'), ('club', 'USD'), ('tokyo', 'JPY')) v (n, c);
SELECT results_eq(
	$$SELECT t.date, t.tickets_booked, t.tickets_cancelled, t.revenue FROM evently.get_event_analytics(event('show')) a, unnest(a.booking_trends) t$$,
	$$SELECT (now() AT TIME ZONE 'UTC')::date - d, s::bigint, c::bigint, r FROM (VALUES (3, 3, 0, 160.0), (2, 4, 0, 80.0), (0, 0, 3, -160.0)) v (d, s, c, r)$$,
	'H81: each sale and each cancellation stands on its own day');
SELECT is((SELECT (a.booking_trends[1]).date FROM evently.get_event_analytics(event('tokyo')) a), (now() AT TIME ZONE 'Asia/Tokyo')::date,
	'a day is one of the event''s time zone');
SELECT is((SELECT a.holds::text FROM evently.get_event_analytics(event('club')) a), '(4,1,1,1,1,33.33)', 'holds: 4 made, 1 live, 1 confirmed, 1 released, 1 expired');
SELECT is((SELECT evently.render(a)::jsonb #>> '{booking_trends,0,date}' FROM evently.get_event_analytics(event('tokyo')) a),
	to_char(now() AT TIME ZONE 'Asia/Tokyo', 'YYYY-MM-DD'), 'written as RFC 3339 has it, whatever the session''s DateStyle');
SELECT throws_ok($$SELECT evently.get_event_analytics(person('x'))$$, 'VE401', NULL, 'an unknown event');
SELECT throws_ok($$SELECT evently.get_event_analytics(event('tokyo'), person('x'))$$, 'VE002', NULL, 'somebody else''s event (S2-ANA-1: CheckOwnership)');
SELECT is((SELECT a.tickets_sold FROM evently.get_event_analytics(event('tokyo'), person('boss')) a), 2::bigint, 'one''s own');

-- The past (H81)
SELECT results_eq($$SELECT d.* FROM evently.daily_sales d WHERE d.date < (now() AT TIME ZONE 'UTC')::date ORDER BY 1, 2$$, 'SELECT * FROM before ORDER BY 1, 2',
	'H81: a cancellation of today changes no day before');

-- All events (S3-ANA-1, S4-ANA-2)
SELECT is((SELECT ARRAY[t.events, t.active_events, t.capacity, t.bookings, t.booked]
		FROM evently.get_overall_analytics() a, LATERAL (SELECT (a.totals).*) t),
	(SELECT ARRAY[count(*), count(*) FILTER (WHERE status = 'published' AND end_datetime > now()),
		sum(total_capacity) FILTER (WHERE status NOT IN ('draft', 'cancelled')), (SELECT count(*) FROM evently.booking), tickets_sold()] FROM evently.event),
	'H80: totals (S3-ANA-1)');
SELECT is((SELECT (a.totals).revenue FROM evently.get_overall_analytics() a), paid() - refunded(), 'H80: revenue in the main currency');
SELECT results_eq($$SELECT r.* FROM evently.get_overall_analytics() a, unnest((a.totals).revenues) r$$,
	$$VALUES ('JPY', paid(NULL, 'JPY') - refunded(NULL, 'JPY')), ('USD', paid() - refunded())$$, 'H80: currencies are not added');
SELECT is((SELECT ARRAY[a.tickets_cancelled, a.draft_events, (a.holds).created] FROM evently.get_overall_analytics() a),
	ARRAY[(SELECT count(*) FROM evently.ticket WHERE cancelled_at IS NOT NULL), 1, (SELECT count(*) FROM evently.hold)], 'H80: cancelled tickets, drafts, holds (S3-ANA-5)');
SELECT is((SELECT sum(t.revenue) FROM evently.get_overall_analytics(days => 4) a, unnest(a.booking_trends) t), paid() - refunded(), 'H80: the days add up');
SELECT is((SELECT array_agg(t.date) FROM evently.get_overall_analytics(days => 1) a, unnest(a.booking_trends) t), ARRAY[(now() AT TIME ZONE 'UTC')::date], 'of one day: today');
SELECT is((SELECT ARRAY[(a.totals).events, (a.totals).revenue] FROM evently.get_overall_analytics(person('boss')) a), ARRAY[2, 3000]::numeric[], 'an actor sees his own events');

-- Revenue (S3-ANA-3)
SELECT is((SELECT ARRAY[sum(r.revenue), sum(r.tickets_booked) - sum(r.tickets_cancelled), (SELECT t.revenue FROM unnest(a.totals) t WHERE t.currency = 'USD')]
		FROM evently.get_revenue(w) a, unnest(a.rows) r WHERE r.currency = 'USD' GROUP BY a.totals),
	ARRAY[paid() - refunded(), tickets_sold() - 2, paid() - refunded()], 'H80: revenue by ' || w || ' (S3-ANA-3)')
FROM unnest('{day,month,event,section}'::text[]) w;
SELECT results_eq($$SELECT r.section, r.tickets_booked, r.revenue FROM evently.get_revenue('section', event_id => event('show')) a, unnest(a.rows) r ORDER BY r.revenue DESC, r.section$$,
	$$VALUES ('Floor', 4::bigint, 80.0), ('Balcony', 1, 0), ('Stalls', 2, 0)$$, 'the sections of an event');
SELECT is((SELECT ARRAY[sum(r.gross), sum(r.refunds)] FROM (SELECT (now() AT TIME ZONE 'UTC')::date - 1) AS y (yesterday),
		evently.get_revenue('day', yesterday, yesterday) a, unnest(a.rows) r), ARRAY[50, 0]::numeric[], 'of one day, whole');
SELECT throws_ok(format('SELECT evently.get_revenue(%s)', a), 'VE001', NULL, 'H74: ' || a) FROM unnest(ARRAY['''week''', 'timezone => ''Nowhere''', '"limit" => 0',
	'timezone => ''X1''', 'date_to => ''5874897-12-31''', 'date_from => ''0001-01-01 BC''', 'date_from => ''infinity''']) a;

-- Popular ones (S3-ANA-4)
SELECT is_empty(format($$SELECT p FROM evently.get_popular_events() a, unnest(a.events) p
	WHERE abs(p.score / (SELECT sum(2 ^ (-extract(epoch FROM a.generated_at - b.created_at) / 86400)) FROM evently.ticket t JOIN evently.booking b USING (event_id, booking_id)
		WHERE t.cancelled_at IS NULL AND t.event_id = p.event_id) - 1) > 1e-6$$), 'H80: score is the sum of 2^(-age / 24 h) over valid tickets (S3-ANA-4)');
SELECT is((SELECT array_agg(p.name) FROM evently.get_popular_events(3) a, unnest(a.events) p), '{club,tokyo,twin}', 'the highest score first');
SELECT sold_before('bob', '10 years') \g /dev/null
SELECT is((SELECT array_agg(p.name) FROM evently.get_popular_events() a, unnest(a.events) p), '{club,tokyo,twin,show}', 'what was sold years ago counts nearly nothing, and overflows nothing');

-- A buyer (personal analytics)
SELECT is((SELECT ROW(a.bookings, a.tickets, a.tickets_cancelled, a.events, a.upcoming_events, a.spent)::text FROM evently.get_user_analytics(person('ann')) a),
	'(2,2,3,1,1,"{""(JPY,3000)"",""(USD,0.00)""}")', 'H80: a buyer''s own figures');

-- The cache (S4-ANA-2, S4-ANA-3, H82)
SELECT (a.totals).booked AS booked FROM evently.get_analytics_summary(true) a \gset
SELECT is((SELECT ROW(a.cached, (a.totals).booked)::text FROM evently.get_analytics_summary() a), format('(t,%s)', :booked), 'a summary is kept (S4-ANA-3)');
SELECT evently.book(event('club'), person('ida'), quantity => 3) \g /dev/null
SELECT is((SELECT ROW(a.cached, (a.totals).booked)::text FROM evently.get_analytics_summary() a), format('(f,%s)', :booked + 3), 'until something happens');
UPDATE evently.event SET total_capacity = total_capacity WHERE event_id = event('club');
SELECT is((SELECT ROW(a.cached, (a.totals).booked)::text FROM evently.get_analytics_summary(refresh => true) a), format('(f,%s)', :booked + 3), 'H82: a forced refresh is computed anew (S4-ANA-2)');
SELECT evently.get_homepage_stats() \g /dev/null
SELECT evently.book(event('club'), person('jim'), quantity => 1) \g /dev/null
SELECT is((SELECT ROW(a.cached, a.tickets_sold)::text FROM evently.get_homepage_stats() a), format('(t,%s)', :booked + 3), 'H82: the public figures may be as old as their time (S4-ANA-1, S2-ANA-2)');
UPDATE evently.analytics_cache SET generated_at = generated_at - interval '61 s';
SELECT is((SELECT ROW(a.cached, a.tickets_sold, a.events)::text FROM evently.get_homepage_stats() a), format('(f,%s,4)', :booked + 4), 'but no older');
UPDATE evently.analytics_cache SET generated_at = clock_timestamp() + interval '1 h';
SELECT is((SELECT a.cached FROM evently.get_homepage_stats() a), false, 'an answer from the future, as after a restore, is none');
SELECT cmp_ok((SELECT max(generated_at) FROM evently.analytics_cache WHERE name = 'homepage'), '<=', clock_timestamp(), 'and is overwritten');
SET LOCAL evently.analytics_ttl = 0;
SELECT is((SELECT a.cached FROM evently.get_homepage_stats() a), false, 'H82: with a time of 0 nothing is kept');

-- Waitlists: an offer is one of theirs and no hold of a buyer, and seats kept back are neither
DO $$
BEGIN
	PERFORM evently.create_event('full', now() + interval '9 days', total_capacity => 5, base_price => 10, created_by => person('boss'));
	PERFORM evently.block_seats(event('full'), quantity => 1, reason => 'house');
	PERFORM evently.book(event('full'), person('w' || n), quantity => 1) FROM generate_series(1, 4) n;
	PERFORM evently.join_waitlist(event('full'), person(p)) FROM unnest('{kim,lea,moe,ned}'::text[]) p;
	PERFORM evently.join_waitlist(event('full'), person('oz'), 2);
	PERFORM evently.cancel_booking(event('full'), booking('w1'));
	PERFORM evently.accept_offer(event('full'), person('kim'));
	PERFORM evently.cancel_booking(event('full'), booking('w2'));
	PERFORM expire_holds_of('lea');
	PERFORM evently.expire_holds(event('full'));
	PERFORM evently.decline_offer(event('full'), person('moe'));
END
$$;
SELECT is((SELECT ROW(a.holds, a.waitlist)::text FROM evently.get_event_analytics(event('full')) a), '("(0,0,0,0,0,0)","(1,2,4,1,1,33.33)")',
	'H80: one waits for 2 tickets; 4 offers: converted, expired, declined, open');
SELECT is((SELECT a.waitlist FROM evently.get_overall_analytics() a), (SELECT a.waitlist FROM evently.get_event_analytics(event('full')) a), 'S3-ANA-5: also of all events');
SELECT is((SELECT (a.holds).created FROM evently.get_overall_analytics() a), 4::bigint, 'whose holds are those of buyers');

-- By tag, cancellations, buyers
UPDATE evently.event SET tags = '{rock,loud}' WHERE event_id IN (event('show'), event('club'));
UPDATE evently.event SET tags = '{rock}' WHERE event_id = event('tokyo');
SELECT results_eq($$SELECT t.tag, t.events, t.tickets_sold, t.tickets_cancelled, (SELECT string_agg(r.currency || ' ' || r.revenue, ' ') FROM unnest(t.revenues) r)
		FROM evently.get_tag_analytics() a, unnest(a.tags) t ORDER BY t.tag$$,
	$$SELECT tag, cardinality(e)::bigint, (SELECT sum(tickets_sold(n)) FROM unnest(e) n)::bigint,
		(SELECT count(*) FROM evently.ticket WHERE event_id = ANY (e) AND cancelled_at IS NOT NULL),
		(SELECT string_agg(b.currency || ' ' || b.total, ' ' ORDER BY b.currency)
			FROM (SELECT x.currency, sum(paid(x.event_id, x.currency) - refunded(x.event_id, x.currency)) AS total
				FROM evently.event x WHERE x.event_id = ANY (e) GROUP BY x.currency) b)
	FROM (VALUES ('loud', ARRAY[event('show'), event('club')]), ('rock', ARRAY[event('show'), event('club'), event('tokyo')])) v (tag, e)$$,
	'H80: tags in figures');
SELECT is((SELECT array_agg(t.tag) FROM evently.get_tag_analytics('{loud,none}') a, unnest(a.tags) t), '{loud}', 'those compared');
SELECT results_eq($$SELECT t.tag, sum(d.tickets_booked) - sum(d.tickets_cancelled) FROM evently.get_tag_trends(days => 30) a, unnest(a.tags) t, unnest(t.days) d GROUP BY 1 ORDER BY 1$$,
	$$SELECT tag, sum(l.tickets)::numeric FROM evently.sale_ledger l JOIN evently.event e USING (event_id), unnest(e.tags) tag
	WHERE l.occurred_at > now() - interval '20 days' GROUP BY 1 ORDER BY 1$$, 'H80: and their days');
SELECT is((SELECT array_agg(t.tag) FROM evently.get_tag_trends("limit" => 1) a, unnest(a.tags) t), '{rock}', 'the one that sold most first');
SELECT results_eq($$SELECT a.cancellations, a.tickets, sum(d.tickets)::bigint, (SELECT m.refunds FROM unnest(a.amounts) m WHERE m.currency = 'USD')
		FROM evently.get_cancellation_analytics() a, unnest(a.days) d GROUP BY 1, 2, 4$$,
	$$SELECT count(*), (SELECT count(*) FROM evently.ticket WHERE cancelled_at IS NOT NULL), (SELECT count(*) FROM evently.ticket WHERE cancelled_at IS NOT NULL),
		refunded() FROM evently.cancellation$$, 'H80: cancellations');
SELECT is((SELECT a.cancellations FROM evently.get_cancellation_analytics(actor_id => person('x')) a), 0::bigint, 'of whom has no events: none');
SELECT evently.register_account('new@example.com', 'x', 'New') \g /dev/null
SELECT is((SELECT ROW(a.users, a.active_users, a.new_users, a.buyers, a.returning_buyers)::text FROM evently.get_users_analytics() a),
	(SELECT ROW((SELECT count(*) FROM evently.account), (SELECT count(*) FROM evently.account WHERE is_active), (SELECT count(*) FROM evently.account),
		count(*), count(*) FILTER (WHERE n > 1))::text FROM (SELECT count(*) AS n FROM evently.booking GROUP BY user_id) b), 'H80: accounts and buyers');
SELECT throws_ok($$SELECT evently.get_users_analytics(actor_id => person('boss'))$$, 'VE002', NULL, 'for who has analytics:read');

-- Analysts and their tools
GRANT USAGE ON SCHEMA test TO evently_analyst;
SET ROLE evently_analyst;
SELECT lives_ok(format('SELECT * FROM evently.%I', v), 'evently_analyst reads ' || v) FROM unnest('{sale_ledger,ticket_ledger,event_performance,daily_sales,popularity}'::text[]) v;
SELECT throws_ok('SELECT * FROM evently.account', '42501', NULL, 'and no table');
RESET ROLE;

SELECT all_is_well();
SELECT * FROM finish();
ROLLBACK;
