-- Plans: what a call reads does not grow with the event, nor with what the planner believes about other events, nor with
-- how small the tables were when the session made its plans.
\set ECHO none
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS evently CASCADE;
CREATE EXTENSION IF NOT EXISTS pgtap;
BEGIN;
SELECT plan(30);

-- Rows of a table that this transaction has read so far, by index or not.
CREATE FUNCTION rows_read(name text) RETURNS bigint LANGUAGE sql AS $$
	SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
	FROM pg_stat_xact_all_tables WHERE relid = ('evently.' || name)::regclass
$$;
-- Rows that it has changed so that all their indexes had to be written to.
CREATE FUNCTION rows_moved(name text) RETURNS bigint LANGUAGE sql AS $$
	SELECT n_tup_upd - n_tup_hot_upd FROM pg_stat_xact_all_tables WHERE relid = ('evently.' || name)::regclass
$$;

-- A session makes its plans on an almost empty database, whose statistics say so.
SELECT venue_id AS small FROM evently.create_venue('Small', sections => '[{"name": "Floor", "rows": 1, "seats_per_row": 4}]') \gset
SELECT event_id AS first FROM evently.create_event('First', now() + interval '1 day', venue_id => :'small') \gset
SELECT FROM evently.hold_seats(:'first', gen_random_uuid(), ARRAY['A-1']);
ANALYZE;
SELECT hold_id AS hold FROM evently.hold_seats(:'first', gen_random_uuid(), ARRAY['A-2']) \gset
SELECT booking_id AS booking FROM evently.confirm_hold(:'first', :'hold') \gset
SELECT FROM evently.cancel_booking(:'first', :'booking');
SELECT FROM evently.get_availability(:'first');
SELECT evently.expire_holds(:'first') \g /dev/null

-- Then a large event comes, with many holds: live ones and a few that are over.
SELECT venue_id AS venue FROM evently.create_venue('Big hall', sections => '[{"name": "Floor", "rows": 100, "seats_per_row": 50}]') \gset
SELECT event_id AS old FROM evently.create_event('Old', now() + interval '1 day', venue_id => :'venue') \gset
SELECT count(h) AS held FROM generate_series(1, 1000) n,
	LATERAL evently.hold_seats(:'old', gen_random_uuid(), ARRAY[evently.row_label(n / 50) || '-' || n % 50 + 1]) h \gset
UPDATE evently.event_seat SET held_until = held_until - interval '1 day' WHERE event_id = :'old' AND label IN ('C-1', 'C-2');
UPDATE evently.hold h SET created_at = created_at - interval '1 day', expires_at = expires_at - interval '1 day'
FROM evently.event_seat s WHERE h.event_id = :'old' AND s.event_id = h.event_id AND s.label IN ('C-1', 'C-2') AND s.hold_id = h.hold_id;

SELECT rows_read('event_seat') AS before \gset
SELECT booking_id AS booking FROM evently.book(:'old', gen_random_uuid(), ARRAY['Z-1', 'AB-1']) \gset
SELECT cmp_ok(rows_read('event_seat') - :before, '<=', 10::bigint, 'H17: booking two seats of an event of 5,000 reads no more than those');
SELECT rows_read('event_seat') AS before \gset
SELECT hold_id AS hold FROM evently.hold_seats(:'old', gen_random_uuid(), ARRAY['Z-2', 'AB-2']) \gset
SELECT FROM evently.extend_hold(:'old', :'hold');
SELECT FROM evently.confirm_hold(:'old', :'hold');
SELECT cmp_ok(rows_read('event_seat') - :before, '<=', 30::bigint, 'so does holding, extending and confirming them');
SELECT rows_read('event_seat') AS before \gset
SELECT FROM evently.cancel_booking(:'old', :'booking');
SELECT cmp_ok(rows_read('event_seat') - :before, '<=', 20::bigint, 'and cancelling them');
SELECT rows_read('hold') AS before \gset
SELECT FROM evently.get_availability(:'old');
SELECT cmp_ok(rows_read('hold') - :before, '<=', 20::bigint, 'what is left is counted without looking at live holds');
SELECT rows_read('hold') AS before \gset
SELECT is(evently.expire_holds(:'old', 10), 2, 'expired holds are tidied');
SELECT cmp_ok(rows_read('hold') - :before, '<=', 20::bigint, 'and no others looked at');
SELECT rows_read('hold') AS before \gset
SELECT FROM evently.due_work();
SELECT cmp_ok(rows_read('hold') - :before, '<=', 10::bigint, 'the background worker looks at an event''s first hold alone');
UPDATE evently.outbox SET xid = '3';
SELECT rows_read('outbox') AS before \gset
SELECT FROM evently.outbox_read("limit" => 10);
SELECT cmp_ok(rows_read('outbox') - :before, '<=', 20::bigint, 'the outbox is read no further than wanted');

-- The next event is in no statistics at all, while they say that the first fills the table.
ANALYZE;
SELECT event_id AS new FROM evently.create_event('New', now() + interval '1 day', venue_id => :'venue') \gset
SELECT rows_read('event_seat') AS before, rows_moved('event_seat') AS moved \gset
SELECT FROM evently.book(:'new', gen_random_uuid(), ARRAY['B-1', 'C-1']);
SELECT cmp_ok(rows_read('event_seat') - :before, '<=', 10::bigint, 'H17: a new event is booked by its key as well');
SELECT is(rows_moved('event_seat'), :moved::bigint, 'and seats are sold without a word to their indexes');

-- Lists and figures among many events: a page is read by the index of its order or filter, an event's figures by its key.
INSERT INTO evently.venue (venue_id, name, city, capacity, created_at)
SELECT md5('venue' || n)::uuid, 'Stage ' || n, 'City ' || n, 9, now() FROM generate_series(1, 500) n;
INSERT INTO evently.event (event_id, name, description, venue_id, event_type, start_datetime, end_datetime, total_capacity, base_price, status, tags, created_by,
	created_at, updated_at)
SELECT md5('event' || n)::uuid, 'Show number ' || n, 'Word' || md5(n::text), md5('venue' || 1 + n % 500)::uuid, 'type ' || n % 1000,
	now() + make_interval(hours => n), now() + make_interval(hours => n + 1), 0, n, 'published', ARRAY['tag' || n % 1000], md5((n % 1000)::text)::uuid, now() - make_interval(hours => n), now()
FROM generate_series(1, 4000) n;
INSERT INTO evently.booking (event_id, booking_id, user_id, quantity, total_price, currency, created_at)
SELECT md5('event' || 1 + n % 1000)::uuid, md5(n::text)::uuid, md5('user' || n % 1000)::uuid, 1, 1, 'USD', now() FROM generate_series(1, 4000) n;
ANALYZE evently.event, evently.venue, evently.booking;
-- At most so many events are read for a page of 20 and its count. What is only counted is read in the index.
SELECT f.next_cursor AS cursor FROM evently.list_events_page(sort => 'price', "limit" => 100) f \gset
CREATE FUNCTION read_by(call text, name text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	before bigint := rows_read(name);
BEGIN
	EXECUTE 'SELECT * FROM evently.' || call;
	RETURN rows_read(name) - before;
END
$$;
SELECT cmp_ok(read_by(call, 'event'), '<=', 150::bigint, 'S4-EVP-1, S5-EVP-3: ' || left(call, 60) || ' reads a few of 4,000 events')
FROM unnest(ARRAY['list_events(published_only => true)', 'list_events(sort => ''name'', "order" => ''desc'')', 'list_events(sort => ''created_at'')',
	format('list_events_page(sort => ''price'', cursor => %L)', :'cursor'), 'list_events_page(type => ''TYPE 7'')', 'list_events_page(tags => ''{tag7}'')',
	'list_events_page(city => ''city 7'')', 'list_events_page(q => ''mber 999'')', 'list_events_page(date => to_char(now() + interval ''99 days'', ''YYYY-MM-DD''))',
	format('list_events_page(created_by => %L)', md5('7')::uuid), 'search_events(''number 777'')', 'search_events(''Stage 77 show'', type => ''type 77'')']) call;
SELECT is((read_by(call, 'event'), read_by(call, 'venue')), (8::bigint, 2::bigint), 'a list reads the row of each event once, and once that of a venue beside finding it')
FROM (VALUES ('list_events_page(city => ''city 7'')')) l (call);
SELECT is_empty('SELECT e.name FROM evently.list_events(max_rows => 5000) l JOIN evently.event e USING (event_id) WHERE (l.venue).venue_id IS DISTINCT FROM e.venue_id',
	'each of many events shows its own venue');
SELECT cmp_ok(read_by(format('get_event_analytics(%L)', md5('event7')::uuid), 'booking'), '<=', 100::bigint, 'S2-ANA-1: the figures of an event read its bookings only');
SELECT cmp_ok(read_by(format('get_user_analytics(%L)', md5('user7')::uuid), 'booking'), '<=', 100::bigint, 'and those of a buyer his own');

-- Which filters are given decides about a plan; it is not kept for values that it is slow with.
CREATE FUNCTION found(call text, OUT total bigint, OUT names text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'SELECT p.total, (SELECT string_agg(e.name, '','') FROM unnest(p.events) e) FROM evently.' || call || ' p' INTO total, names;
END
$$;
SELECT is(found(format('list_events_page(type => ''TYPE %s'', "limit" => 2)', n)),
		(SELECT (count(*), (array_agg(name ORDER BY start_datetime))[1] || ',' || (array_agg(name ORDER BY start_datetime))[2])
			FROM evently.event WHERE event_type = 'type ' || n), 'a plan that is kept finds what is asked for: ' || n)
FROM unnest('{7,999}'::integer[]) n;

-- A list counts no further than it is useful
INSERT INTO evently.event (event_id, name, start_datetime, end_datetime, total_capacity, status, created_at, updated_at)
SELECT md5('more' || n)::uuid, 'More', now() + make_interval(days => n), now() + make_interval(days => n, hours => 1), 0, 'published', now(), now()
FROM generate_series(1, 7000) n;
SELECT count(*) AS events FROM evently.event \gset
SELECT is((p.total, p.has_more), (10000::bigint, true), 'a total is of the first 10,000') FROM evently.list_events_page() p;
SELECT is((p.total, p.has_more, cardinality(p.events)), (:events::bigint, false, 9), 'but the last page knows where it ends')
FROM evently.list_events_page("offset" => :events - 9) p;

SELECT * FROM finish();
ROLLBACK;
