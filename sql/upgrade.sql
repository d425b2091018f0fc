\set ECHO none
-- ALTER EXTENSION UPDATE from 1.0 makes what CREATE EXTENSION makes, and keeps every row. extension/upgrade/README.md tells how.
\i sql/include/catalogue.psql
CREATE EXTENSION IF NOT EXISTS evently CASCADE;
SELECT pg_temp.catalogue() AS fresh, current_database() AS here \gset
DROP DATABASE IF EXISTS evently_upgrade;
CREATE DATABASE evently_upgrade;
\c evently_upgrade
\i sql/include/catalogue.psql
CREATE EXTENSION pgtap;
SELECT plan(14);

CREATE EXTENSION evently VERSION '1.0' CASCADE;
\i test/upgrade/data-1.0.sql
CREATE TEMP TABLE before AS SELECT * FROM pg_temp.contents();
SELECT is((SELECT count(DISTINCT tbl) FROM before), 14::bigint, 'S3-DATA-1: every table of 1.0 has rows');

SELECT throws_like(format('SELECT evently.%s', call), 'the database has version 1.0 of extension evently, but%', call || ' waits for the update')
FROM unnest(ARRAY['list_events_page()', 'expire_holds(NULL)']) call;

-- What is made anew can't be used by others meanwhile: their objects are not dropped for them.
CREATE VIEW busy AS SELECT invariant FROM evently.verify();
SELECT throws_like('ALTER EXTENSION evently UPDATE', '%depend%', 'an update is refused where a view of the user''s needs a function');
DROP VIEW busy;
SELECT is((SELECT extversion FROM pg_extension WHERE extname = 'evently'), '1.0', 'and leaves the old version');

SELECT lives_ok('ALTER EXTENSION evently UPDATE', '1.0 is updated');
SELECT is((SELECT extversion FROM pg_extension WHERE extname = 'evently'),
	(SELECT default_version FROM pg_available_extensions WHERE name = 'evently'), 'to the present version');
SELECT is_empty(format('SELECT pg_temp.differences(%L, %L)', pg_temp.catalogue(), :'fresh'),
	'an update makes what an installation makes (if not: extension/upgrade/README.md)');

-- A row may have got columns; those it had are as they were.
SELECT is_empty($$SELECT b.tbl, b.row_of FROM before b WHERE NOT EXISTS (
		SELECT FROM pg_temp.contents() a WHERE a.tbl = b.tbl AND a.row_of @> b.row_of)$$, 'every row is kept');
SELECT is_empty($$SELECT tbl FROM before GROUP BY tbl HAVING count(*) <> (SELECT count(*) FROM pg_temp.rows_of(tbl::regclass))$$,
	'and none came by itself');
SELECT is_empty('SELECT * FROM evently.verify()', 'verify() finds nothing');

-- Business goes on where it was.
SELECT is((SELECT status FROM evently.confirm_hold(h.event_id, h.hold_id)), 'confirmed', 'a hold of 1.0 is confirmed')
FROM evently.hold h WHERE h.status = 'active' AND h.expires_at > now() AND h.section_id IS NOT NULL;
SELECT is(booking_id, i.response ->> 'booking_id', 'a key of 1.0 is replayed')
FROM evently.idempotency i, LATERAL (
	SELECT b.booking_id::text FROM evently.book(i.scope_id, i.user_id, quantity => 3, idempotency_key => 'order-2') b) b
WHERE i.key = 'order-2';
SELECT is_empty('SELECT * FROM evently.verify()', 'verify() still finds nothing');

SELECT * FROM finish();
\c :here
DROP DATABASE evently_upgrade;
