\set ECHO none
\i sql/include/setup.psql
SELECT plan(5);

-- pg_dump leaves out an extension's rows unless the extension says otherwise.
SELECT set_eq(
	$$SELECT unnest(extconfig)::regclass::text FROM pg_extension WHERE extname = 'evently'$$,
	$$SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'evently'::regnamespace AND c.relkind IN ('r', 'p')$$,
	'every table is dumped');
SELECT is_empty($$SELECT c FROM pg_extension, unnest(extcondition) c WHERE extname = 'evently' AND c <> ''$$, 'with all of its rows');
SELECT is_empty(
	$$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'evently'::regnamespace AND c.relkind IN ('r', 'p') AND NOT EXISTS (
		SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'evently'
		WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')$$,
	'every table belongs to the extension');
SELECT is_empty($$SELECT relname FROM pg_class WHERE relnamespace = 'evently'::regnamespace AND relkind = 'r' AND relpersistence <> 'p'$$,
	'and survives a crash');

SELECT is_empty($$SELECT conname FROM pg_constraint WHERE connamespace = 'evently'::regnamespace AND contype = 'f'$$,
	'no table has to be restored before another, as pg_restore -j knows no order among an extension''s tables');

SELECT * FROM finish();
ROLLBACK;
