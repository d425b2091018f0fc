\set ECHO none
-- Somebody who may call what evently_web may, and who has planted functions, operators and relations of his own in front of
-- PostgreSQL's and Evently's: none of them is ever called with other rights than his, and every call ends as it did without.
\i sql/include/catalogue.psql
SELECT current_database() AS here \gset
DROP DATABASE IF EXISTS evently_hostile;
DROP ROLE IF EXISTS evently_test_attacker;
CREATE DATABASE evently_hostile;
CREATE ROLE evently_test_attacker LOGIN;
\c evently_hostile
\i sql/include/catalogue.psql
CREATE EXTENSION evently CASCADE;
CREATE EXTENSION pgtap;
\i test/upgrade/data-1.0.sql
\i sql/include/everything.psql
GRANT evently_web TO evently_test_attacker;
GRANT CREATE, TEMPORARY ON DATABASE evently_hostile TO evently_test_attacker;

-- Every function, each called with values that mean something, and with nothing at all; but the one that starts a process.
CREATE SCHEMA test;
GRANT USAGE ON SCHEMA test TO evently_test_attacker;
CREATE TABLE test.word (name text PRIMARY KEY, value text);
INSERT INTO test.word
SELECT 'event_id', event_id::text FROM evently.event WHERE name = 'club'
UNION ALL SELECT 'hold_id', hold_id::text FROM evently.hold WHERE status = 'active' AND section_id IS NOT NULL
UNION ALL (SELECT 'booking_id', booking_id::text FROM evently.booking WHERE status = 'confirmed' LIMIT 1)
UNION ALL (SELECT n, account_id::text FROM evently.account, unnest('{user_id,actor_id,created_by}'::text[]) n WHERE email = 'admin@example.com')
UNION ALL (SELECT 'entry_id', entry_id::text FROM evently.waitlist_entry LIMIT 1)
UNION ALL (SELECT 'payment_id', payment_id::text FROM evently.payment LIMIT 1)
UNION ALL (SELECT 'organiser_id', organiser_id::text FROM evently.organiser LIMIT 1)
UNION ALL (SELECT 'venue_id', venue_id::text FROM evently.venue LIMIT 1)
UNION ALL (SELECT 'tag_id', tag_id::text FROM evently.tag LIMIT 1)
UNION ALL (SELECT 'section_id', section_id::text FROM evently.venue_section LIMIT 1)
UNION ALL (SELECT 'seat_id', seat_id::text FROM evently.venue_seat LIMIT 1)
UNION ALL VALUES ('seat_ids', '{A-4}'), ('quantity', '2'), ('status', NULL), ('sort', NULL), ('order', NULL), ('email', 'new@example.com'),
	('mode', NULL), ('cursor', NULL), ('date', NULL), ('date_from', NULL), ('date_to', NULL), ('outcome', 'paid'), ('position', NULL),
	('after', NULL), ('slug', 'jazz'), ('code', 'CODE'), ('sections', '[{"name": "S", "rows": 2, "seats_per_row": 2}]'), ('tiers', '[]'),
	('permissions', '{events:own}'), ('idempotency_key', NULL), ('timezone', 'UTC'), ('version', NULL), ('currency', 'EUR'), ('role', 'user'),
	('kind', 'reserved'), ('csv', NULL), ('fee_type', 'none'), ('payment', '{"token": "tok_ok"}'), ('venue', '"Barn"');
CREATE FUNCTION test.value(name text, type regtype) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN w.name IS NOT NULL THEN format('%L::%s', w.value, type)
		WHEN e.typtype = 'c' THEN format('ARRAY[pg_catalog.json_populate_record(NULL::%s, pg_catalog.json_build_object(''user_id'', NULL, ''quantity'', 1))]', e.oid::regtype)
		ELSE format('%s::%s', CASE type WHEN 'integer'::regtype THEN '1' WHEN 'bigint'::regtype THEN '1' WHEN 'boolean'::regtype THEN 'true' WHEN 'numeric'::regtype THEN '1'
			WHEN 'text'::regtype THEN '''x''' WHEN 'jsonb'::regtype THEN '''{}''' WHEN 'json'::regtype THEN '''{}''' WHEN 'timestamptz'::regtype THEN '''2099-06-02 18:00Z'''
			WHEN 'interval'::regtype THEN '''1 day''' WHEN 'bytea'::regtype THEN '''\x' || repeat('ab', 32) || '''' ELSE 'NULL' END, type) END
	FROM (SELECT) one LEFT JOIN test.word w ON w.name = $1 LEFT JOIN pg_type t ON t.oid = $2 LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
$$;
CREATE TABLE test.call (name text, call text, is_granted boolean);
INSERT INTO test.call
SELECT DISTINCT p.oid::regprocedure::text, format('%s %s(%s)', CASE p.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT' END, p.oid::regproc,
		string_agg(CASE WHEN k.empty THEN 'NULL::' || a.type::regtype ELSE test.value(p.proargnames[a.n], a.type::regtype) END, ', ' ORDER BY a.n)),
	has_function_privilege('evently_web', p.oid, 'EXECUTE')
FROM pg_proc p CROSS JOIN unnest('{t,f}'::boolean[]) k (empty) LEFT JOIN LATERAL unnest(p.proargtypes) WITH ORDINALITY a (type, n) ON true
WHERE p.pronamespace = 'evently'::regnamespace AND p.proname <> 'start_worker'
GROUP BY p.oid, k.empty;
CREATE TABLE test.outcome (pass text, call text, sqlstate text);
GRANT SELECT ON test.call TO evently_test_attacker;
GRANT SELECT, INSERT ON test.outcome TO evently_test_attacker;
-- Without a function or an operator of its own: those would be looked for on the caller's path. Each call is undone.
CREATE PROCEDURE test.make_calls(pass text) LANGUAGE plpgsql AS $$
DECLARE
	c text;
BEGIN
	FOR c IN SELECT call FROM test.call WHERE is_granted LOOP
		BEGIN
			EXECUTE c;
			RAISE SQLSTATE 'ZZ000';
		EXCEPTION WHEN OTHERS THEN
			INSERT INTO test.outcome VALUES (pass, c, SQLSTATE);
		END;
	END LOOP;
END
$$;
-- What a function with the owner's rights and no search_path of its own would do.
CREATE FUNCTION test.careless() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT lower('X') $$;
GRANT EXECUTE ON FUNCTION test.careless() TO evently_test_attacker;

-- The trap: it tells that it was sprung, and by whose rights, also from what is rolled back later.
CREATE PROCEDURE test.plant() LANGUAGE plpgsql AS $$
DECLARE
	body text := 'BEGIN IF current_user OPERATOR(pg_catalog.<>) ''evently_test_attacker'' THEN PERFORM pg_catalog.nextval(''trap.sprung''); END IF; RAISE EXCEPTION ''sprung''; END';
	p record;
	planted integer := 0;
BEGIN
	CREATE SCHEMA trap;
	CREATE SEQUENCE trap.sprung;
	GRANT USAGE ON SCHEMA trap TO PUBLIC;
	GRANT ALL ON SEQUENCE trap.sprung TO PUBLIC;
	FOR p IN SELECT f.proname, pg_get_function_identity_arguments(f.oid) AS arguments, f.oid,
			CASE WHEN f.proretset THEN 'SETOF ' ELSE '' END || format_type(f.prorettype, NULL) AS result
		FROM pg_proc f WHERE f.pronamespace = 'pg_catalog'::regnamespace AND f.proallargtypes IS NULL AND f.prorettype <> ALL ('{internal,trigger,event_trigger,cstring,record}'::regtype[])
	LOOP
		BEGIN
			EXECUTE format('CREATE FUNCTION trap.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', p.proname, replace(p.arguments, 'VARIADIC', ''), p.result, body);
			planted := planted + 1;
		EXCEPTION WHEN OTHERS THEN NULL;
		END;
	END LOOP;
	FOR p IN SELECT o.oid, o.oprname, o.oprleft::regtype AS l, o.oprright::regtype AS r, o.oprresult::regtype AS result FROM pg_operator o WHERE o.oprnamespace = 'pg_catalog'::regnamespace LOOP
		BEGIN
			EXECUTE format('CREATE FUNCTION trap.operator_%s(%s) RETURNS %s LANGUAGE plpgsql AS %L', p.oid, concat_ws(', ', nullif(p.l::text, '-'), p.r), p.result, body);
			EXECUTE format('CREATE OPERATOR trap.%s (%s RIGHTARG = %s, FUNCTION = trap.operator_%s)', p.oprname,
				CASE WHEN p.l <> 0 THEN format('LEFTARG = %s,', p.l) END, p.r, p.oid);
			planted := planted + 1;
		EXCEPTION WHEN OTHERS THEN NULL;
		END;
	END LOOP;
	EXECUTE format('CREATE FUNCTION trap.spring() RETURNS integer LANGUAGE plpgsql AS %L', body);
	INSERT INTO test.outcome VALUES ('planted', planted, NULL);
END
$$;
CREATE PROCEDURE test.plant_relations() LANGUAGE plpgsql AS $$
DECLARE
	name text;
BEGIN
	FOR name IN SELECT DISTINCT c.relname FROM pg_class c WHERE c.relnamespace IN ('evently'::regnamespace, 'pg_catalog'::regnamespace) AND c.relkind IN ('r', 'v', 'c') LOOP
		EXECUTE format('CREATE TEMPORARY VIEW %I AS SELECT trap.spring() AS sprung', name);
	END LOOP;
END
$$;

\c
SET SESSION AUTHORIZATION evently_test_attacker;
CALL test.make_calls('alone');
CALL test.plant();
-- A session of its own, because a session keeps its plans.
\c
SET SESSION AUTHORIZATION evently_test_attacker;
CALL test.plant_relations();
SET search_path = pg_temp, trap, pg_catalog;
CALL test.make_calls('attacked');
\c
SELECT last_value AS sprung, is_called AS is_sprung FROM trap.sprung \gset
SET SESSION AUTHORIZATION evently_test_attacker;
SET search_path = trap, pg_catalog;
DO $$
BEGIN
	PERFORM test.careless();
EXCEPTION WHEN raise_exception THEN NULL;
END
$$;
-- An administrator whose path leads through what others may write to, the rest of the functions too.
\c
SELECT is_called AS careless_is_sprung FROM trap.sprung \gset
ALTER SEQUENCE trap.sprung RESTART;
UPDATE test.call SET is_granted = true;
SET search_path = trap, pg_catalog;
CALL test.make_calls('administrator');
\c
SELECT is_called AS administrator_is_sprung FROM trap.sprung \gset

\set replaces `grep -liE 'or replace|@extschema@|create [a-z ]+ if not exists' extension/sql/*.sql extension/upgrade/1.0--1.1.sql extension/upgrade/drop.sql | tr '\n' ' '`
SELECT plan(15);
SELECT cmp_ok((SELECT call::integer FROM test.outcome WHERE pass = 'planted'), '>', 2000, 'functions and operators were planted in front of PostgreSQL''s');
SELECT is(:'careless_is_sprung'::boolean, true, 'a careless function calls them with its owner''s rights: this test can fail');
SELECT is_empty($$SELECT c.call FROM test.call c WHERE c.is_granted AND NOT EXISTS (SELECT FROM test.outcome o WHERE o.call = c.call)$$, 'every function was called');
SELECT cmp_ok((SELECT count(DISTINCT c.name) FROM test.call c JOIN test.outcome o ON o.pass = 'attacked' AND o.call = c.call AND o.sqlstate = 'ZZ000'), '>', 60::bigint, 'many of them to their end');
SELECT is(:'is_sprung'::boolean, false, 'H67: no planted function is called with rights that are not the caller''s own');
SELECT is_empty($$SELECT a.call, a.sqlstate AS alone, o.sqlstate AS attacked FROM test.outcome a JOIN test.outcome o ON o.pass = 'attacked' AND o.call = a.call
	WHERE a.pass = 'alone' AND a.sqlstate <> o.sqlstate$$, 'and every call ends as it did before');
SELECT is(:'administrator_is_sprung'::boolean, false, 'nor where an administrator calls, with whatever search_path');
SELECT is_empty($$SELECT DISTINCT c.name, o.sqlstate FROM test.outcome o JOIN test.call c ON c.call = o.call WHERE o.sqlstate LIKE 'XX%' OR o.sqlstate LIKE '58%'$$,
	'no call, with nothing or with something, is an internal error');

-- Nothing that somebody made beforehand is taken for Evently's own, and no name is looked for when a function runs.
SELECT is(:'replaces'::text, '', 'no script of the extension replaces or finds what it makes');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
	WHERE p.pronamespace = 'evently'::regnamespace AND l.lanname = 'sql' AND p.prosqlbody IS NULL$$, 'SQL functions are bound when they are made');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
	WHERE p.pronamespace = 'evently'::regnamespace AND l.lanname NOT IN ('sql', 'c') AND (p.prosecdef OR p.prosrc ~* '\mexecute\M')$$,
	'no SQL is put together as text');

-- Who may what, by trying
SET client_min_messages = warning;
CREATE FUNCTION test.readable(role name) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	r record;
BEGIN
	FOR r IN SELECT c.oid::regclass AS name FROM pg_class c WHERE c.relnamespace = 'evently'::regnamespace AND c.relkind IN ('r', 'v', 'm') LOOP
		BEGIN
			EXECUTE format('SET LOCAL ROLE %I', role);
			EXECUTE format('SELECT FROM %s LIMIT 0', r.name);
			RESET ROLE;
			RETURN NEXT r.name;
		EXCEPTION WHEN insufficient_privilege THEN NULL;
		END;
	END LOOP;
END
$$;
CREATE ROLE evently_test_nobody;
SELECT is_empty(format('SELECT * FROM test.readable(%L)', role), 'H67: ' || role || ' reads no table and no view') FROM unnest('{evently_api,evently_web}'::text[]) role;
SELECT is_empty($$SELECT * FROM test.readable('evently_test_nobody')$$, 'who has no role reads none either');
SELECT set_eq($$SELECT * FROM test.readable('evently_analyst')$$, $$VALUES ('evently.event_performance'), ('evently.daily_sales'), ('evently.sale_ledger'), ('evently.ticket_ledger'), ('evently.popularity')$$,
	'evently_analyst reads these views');
SELECT * FROM finish();
\c :here
DROP DATABASE evently_hostile;
DROP ROLE evently_test_attacker;
DROP ROLE evently_test_nobody;
