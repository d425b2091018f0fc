-- 1,000,000 events in 1,000 venues, for lists and search. Indexes are made when the rows are there, which takes less time.
SET synchronous_commit = off;
SET client_min_messages = warning;
SET maintenance_work_mem = '256MB';

INSERT INTO evently.venue (venue_id, name, city, country, capacity, created_at)
SELECT md5('venue' || n)::uuid, 'Hall ' || n, 'City ' || n % 100, 'Country ' || n % 5, 500, now() FROM generate_series(1, 1000) n;

CREATE TEMP TABLE index_of_event AS
SELECT pg_get_indexdef(i.indexrelid) AS definition, i.indexrelid::regclass::text AS name FROM pg_index i
WHERE i.indrelid = 'evently.event'::regclass AND NOT i.indisprimary;
SELECT format('DROP INDEX %s', name) FROM index_of_event \gexec

INSERT INTO evently.event (event_id, name, description, venue_id, event_type, start_datetime, end_datetime, total_capacity, base_price,
	status, tags, created_by, created_at, updated_at)
SELECT evently.new_id(NULL), (ARRAY['Jazz', 'Rock', 'Opera', 'Comedy', 'Ballet', 'Techno', 'Folk'])[1 + n % 7] || ' evening ' || substr(md5(n::text), 1, 6),
	'With ' || substr(md5('guest' || n % 5000), 1, 8), md5('venue' || 1 + n % 1000)::uuid, 'type ' || n % 50,
	now() + make_interval(mins => n), now() + make_interval(mins => n + 180), 0, n % 997, CASE WHEN n % 100 = 0 THEN 'draft' ELSE 'published' END,
	ARRAY['tag' || n % 3000], md5((n % 1000)::text)::uuid, now() - make_interval(mins => n), now()
FROM generate_series(1, 1000000) n;
SELECT definition FROM index_of_event \gexec
