\set ECHO none
-- What pg_dump writes, pg_restore makes again: every row of every table, and an engine that goes on selling.
\i sql/include/catalogue.psql
SELECT current_database() AS here, setting AS bin FROM pg_config WHERE name = 'BINDIR' \gset
\setenv BIN :bin
\! rm -rf build/dump && mkdir -p build/dump
DROP DATABASE IF EXISTS evently_dump;
DROP DATABASE IF EXISTS evently_plain;
DROP DATABASE IF EXISTS evently_custom;
DROP DATABASE IF EXISTS evently_parallel;
CREATE DATABASE evently_dump;
CREATE DATABASE evently_plain;
CREATE DATABASE evently_custom;
CREATE DATABASE evently_parallel;
\c evently_dump
\i sql/include/catalogue.psql
CREATE EXTENSION evently CASCADE;
-- Rows of 1.0 in the tables of today, as a dump of 1.0 brings them into a new server.
\i test/upgrade/data-1.0.sql
SELECT count(*) AS broken FROM evently.verify() \gset
\i sql/include/everything.psql
CREATE TABLE my_order AS SELECT booking_id, 'by invoice' AS note FROM evently.booking;
SELECT pg_temp.catalogue() AS catalogue, pg_temp.digest() AS dumped, (SELECT coalesce(string_agg(t::regclass::text, ' '), '') FROM pg_extension e, unnest(e.extconfig) t
	WHERE e.extname = 'evently' AND NOT EXISTS (SELECT FROM pg_temp.rows_of(t::regclass))) AS without_rows \gset

\! "$BIN/pg_dump" evently_dump >build/dump/plain && "$BIN/psql" -Xq -v ON_ERROR_STOP=1 -o build/dump/log -f build/dump/plain evently_plain
\! "$BIN/pg_dump" -Fc -f build/dump/custom evently_dump && "$BIN/pg_restore" --exit-on-error --single-transaction -d evently_custom build/dump/custom
\! "$BIN/pg_dump" -Fd -j4 -f build/dump/parallel evently_dump && "$BIN/pg_restore" --exit-on-error -j4 -d evently_parallel build/dump/parallel

-- What a restored database is, found in it and judged below.
\set look 'SELECT pg_temp.digest() AS rows, pg_temp.catalogue() AS catalogue, (SELECT count(*) FROM evently.verify()) AS broken, (SELECT count(*) FROM my_order) AS orders, (SELECT b.status FROM evently.event e, evently.book(e.event_id, e.event_id, quantity => 1) b WHERE e.name = \'club\') AS booked, (SELECT count(*) FROM evently.verify()) AS broken_later \\gset '

\c evently_plain
\i sql/include/catalogue.psql
:look plain_
\c evently_custom
\i sql/include/catalogue.psql
:look custom_
\c evently_parallel
\i sql/include/catalogue.psql
:look parallel_
\c evently_dump
\i sql/include/catalogue.psql
CREATE EXTENSION pgtap;
SELECT plan(17);
SELECT is(:broken, 0, 'the rows of a dump of 1.0 are sound in a new installation');
SELECT is(:'without_rows'::text, '', 'every table has rows to dump (if not: sql/include/everything.psql)');

SELECT is(:'plain_rows'::jsonb, :'dumped'::jsonb, 'pg_dump, psql: every row is restored');
SELECT is(:'plain_catalogue'::jsonb, :'catalogue'::jsonb, 'into the same tables and functions');
SELECT ok(:plain_orders > 0, 'the user''s own rows too');
SELECT is(:plain_broken, 0, 'verify() finds nothing');
SELECT is(:'plain_booked' || ' ' || :plain_broken_later, 'confirmed 0', 'the restored engine sells, and verify() finds nothing then');

SELECT is(:'custom_rows'::jsonb, :'dumped'::jsonb, 'pg_dump -Fc, pg_restore: every row is restored');
SELECT is(:'custom_catalogue'::jsonb, :'catalogue'::jsonb, 'into the same tables and functions');
SELECT ok(:custom_orders > 0, 'the user''s own rows too');
SELECT is(:custom_broken, 0, 'verify() finds nothing');
SELECT is(:'custom_booked' || ' ' || :custom_broken_later, 'confirmed 0', 'the restored engine sells, and verify() finds nothing then');

SELECT is(:'parallel_rows'::jsonb, :'dumped'::jsonb, 'pg_dump -Fd -j4, pg_restore -j4: every row is restored');
SELECT is(:'parallel_catalogue'::jsonb, :'catalogue'::jsonb, 'into the same tables and functions');
SELECT ok(:parallel_orders > 0, 'the user''s own rows too');
SELECT is(:parallel_broken, 0, 'verify() finds nothing');
SELECT is(:'parallel_booked' || ' ' || :parallel_broken_later, 'confirmed 0', 'the restored engine sells, and verify() finds nothing then');

SELECT * FROM finish();
\c :here
DROP DATABASE evently_dump;
DROP DATABASE evently_plain;
DROP DATABASE evently_custom;
DROP DATABASE evently_parallel;
