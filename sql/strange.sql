\set ECHO none
-- Every function, called at random with strange values: extremes, nulls in arrays, arrays of two dimensions, what is no number,
-- ids of other things. None is an internal error or runs into a constraint, and whatever they did, verify() finds nothing.
-- More of them: EVENTLY_STRANGE_CALLS=100000 make installcheck REGRESS=strange ISOLATION=
\i sql/include/catalogue.psql
SELECT current_database() AS here \gset
\set calls `echo ${EVENTLY_STRANGE_CALLS:-2000}`
DROP DATABASE IF EXISTS evently_strange;
CREATE DATABASE evently_strange;
\c evently_strange
\i sql/include/catalogue.psql
CREATE EXTENSION evently CASCADE;
CREATE EXTENSION pgtap;
\i test/upgrade/data-1.0.sql
\i sql/include/everything.psql
CREATE SCHEMA test;
GRANT USAGE ON SCHEMA test TO evently_web;

-- Values as SQL, by type.
CREATE TABLE test.value (type regtype, number bigint, value text, PRIMARY KEY (type, number));
INSERT INTO test.value
SELECT v.type::regtype, row_number() OVER (PARTITION BY v.type), v.value FROM (
SELECT 'uuid', quote_literal(id) FROM (
	SELECT event_id::text FROM evently.event UNION ALL SELECT hold_id::text FROM evently.hold UNION ALL SELECT booking_id::text FROM evently.booking
	UNION ALL SELECT account_id::text FROM evently.account UNION ALL SELECT section_id::text FROM evently.event_section UNION ALL SELECT entry_id::text FROM evently.waitlist_entry
	UNION ALL SELECT payment_id::text FROM evently.payment UNION ALL SELECT venue_id::text FROM evently.venue UNION ALL SELECT organiser_id::text FROM evently.organiser
	UNION ALL SELECT type_id::text FROM evently.ticket_type UNION ALL SELECT ticket_id::text FROM evently.ticket UNION ALL SELECT tag_id::text FROM evently.tag
	UNION ALL SELECT unnest('{00000000-0000-0000-0000-000000000000,ffffffff-ffff-ffff-ffff-ffffffffffff}'::text[])) ids (id)
UNION ALL SELECT 'text', quote_literal(v) FROM unnest(ARRAY['', 'x', 'A-1', 'club', 'paid', 'user', 'admin', 'published', 'offer', 'auto', 'fixed', 'percentage', 'NaN', '-1', '0', '%', '_', 'infinity', '2099-01-01',
	'2099-02-30', '10000-01-01', 'UTC', 'Nowhere/Land', 'EUR', 'JPY', 'day', 'price', 'asc', 'a@b', 'a@b@c', E'\x01\n', U&'\+01F600', 'row,number\nA,1', E'a,b\n"', repeat('x', 70000), repeat('9', 5000), '3/00000000-0000-0000-0000-000000000000', '1/x']) v
UNION ALL SELECT t, v FROM unnest('{integer,bigint}'::text[]) t, unnest('{0,1,2,3,-1,20,100,500,1001,2147483647,-2147483648}'::text[]) v
UNION ALL SELECT 'bigint', v FROM unnest('{9223372036854775807,-9223372036854775808}'::text[]) v
UNION ALL SELECT 'numeric', quote_literal(v) FROM unnest('{0,1,-1,0.005,33.335,100,1e12,1e1000,1e-1000,NaN,Infinity,-Infinity}'::text[]) v
UNION ALL SELECT 'boolean', v FROM unnest('{true,false}'::text[]) v
UNION ALL SELECT 'timestamptz', quote_literal(v) FROM unnest(ARRAY['2099-06-01 20:00Z', '2020-01-01Z', 'infinity', '-infinity', '4713-01-01 00:00:00 BC', '294276-12-31 23:59:59Z', '9999-12-31 23:59:59Z', '1900-01-01Z']) v
UNION ALL SELECT 'interval', quote_literal(v) FROM unnest(ARRAY['1 day', '-1 day', '0', '178000000 years', '1 microsecond']) v
UNION ALL SELECT 'bytea', quote_literal(v) FROM unnest(ARRAY['\x', '\x00', '\x' || repeat('ab', 32), '\x' || repeat('cd', 32), '\x' || repeat('ab', 33)]) v
UNION ALL SELECT t, quote_literal(v) FROM unnest('{json,jsonb}'::text[]) t, unnest(ARRAY['null', '{}', '[]', '"x"', '1', '[null]', '[[]]', '[{}]', '[1]', '{"token": 1}', '{"token": "tok_ok", "method": "card"}', '{"token": "tok_timeout"}',
	'{"token": "tok_declined"}', '{"name": "Barn"}', '{"name": 1, "capacity": "x"}', '{"name": "x", "capacity": 1e300}', '[{"name": "S", "rows": 2, "seats_per_row": 2}]', '[{"name": "S", "rows": -1, "seats_per_row": 1e9}]',
	'[{"name": "S", "kind": "general", "capacity": 1e300}]', '[{"name": "S", "kind": "reserved", "seats": [{"row": "A", "number": 1}, {"row": "A", "number": 1}]}]', '[{"name": null, "kind": [], "rows": {}}]',
	'[{"hours_before": 1e300}]', '[{"hours_before": 1.5, "fee_type": "fixed", "fee_amount": 1e300}]', '[{"hours_before": 24, "fee_type": "percentage", "fee_amount": 50}]', '[{"section_id": "x", "price": -1}]',
	'[{"name": "General", "price": 1e300}]', repeat('[', 900) || repeat(']', 900)]) v
UNION ALL SELECT 'text[]', v FROM unnest(ARRAY['''{}''', '''{A-1}''', '''{A-4,B-2}''', '''{A-4,A-4}''', '''{NULL}''', '''{{A-1},{A-2}}''', '''[5:6]={A-4,B-2}''', '''{""}''', '''{events:own,bookings:read}''', 'array_fill(''x''::text, ARRAY[1000])', '''{jazz}''']) v
UNION ALL SELECT 'uuid[]', v FROM unnest(ARRAY['''{}''', '''{NULL}''', '(SELECT array_agg(e.event_id) FROM evently.list_events() e)', '''{{00000000-0000-0000-0000-000000000000},{00000000-0000-0000-0000-000000000001}}''']) v
UNION ALL SELECT 'integer[]', v FROM unnest(ARRAY['''{}''', '''{1,2}''', '''{NULL}''', '''{{1},{2}}''', '''[3:4]={1,1}''', '''{2147483647,-1}''']) v
UNION ALL SELECT t.typarray::regtype::text, v.value FROM pg_type t, LATERAL (VALUES ('''{}'''), ('ARRAY[NULL]'),
		(format('ARRAY[json_populate_record(NULL::%s, ''{"user_id": "00000000-0000-0000-0000-000000000000", "quantity": 1}'')]', t.oid::regtype)),
		(format('array_fill(json_populate_record(NULL::%s, ''{"user_id": "%s", "quantity": 1, "seat_ids": ["A-1", null]}''), ARRAY[3])', t.oid::regtype, md5('ann')::uuid)),
		(format('array_fill(json_populate_record(NULL::%s, ''{"user_id": "%s", "quantity": 1}''), ARRAY[2, 2])', t.oid::regtype, md5('bob')::uuid)),
		(format('(SELECT array_agg(json_populate_record(NULL::%s, json_build_object(''user_id'', md5(i::text)::uuid, ''quantity'', i))) FROM generate_series(-1, 300) i)', t.oid::regtype))) v (value)
	WHERE t.typnamespace = 'evently'::regnamespace AND t.typname ~ '_request$') v (type, value);
CREATE FUNCTION test.value_of(wanted regtype) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	known bigint := (SELECT count(*) FROM test.value v WHERE v.type = wanted);
	pick bigint := 1 + floor(random() * known * 1.3);
BEGIN
	RETURN coalesce((SELECT v.value FROM test.value v WHERE v.type = wanted AND v.number = pick), 'NULL') || '::' || wanted;
END
$$;

CREATE TABLE test.outcome (call text, sqlstate text, message text);
-- Half of them are kept. A function's values are written as strings of their types, so nothing but its own name is looked for.
CREATE PROCEDURE test.make_calls(calls integer) LANGUAGE plpgsql AS $$
DECLARE
	c text;
BEGIN
	FOR i IN 1..calls LOOP
		SELECT format('SELECT evently.%I(%s)', f.proname,
			coalesce((SELECT string_agg(test.value_of(a.type::regtype), ', ' ORDER BY a.n) FROM unnest(f.proargtypes) WITH ORDINALITY a (type, n)), ''))
		INTO c
		FROM (SELECT p.* FROM pg_proc p WHERE p.pronamespace = 'evently'::regnamespace AND p.prokind = 'f' AND has_function_privilege('evently_web', p.oid, 'EXECUTE')
			ORDER BY random() LIMIT 1) f;
		BEGIN
			SET LOCAL ROLE evently_web;
			EXECUTE c;
			IF random() < 0.5 THEN
				RAISE SQLSTATE 'ZZ000';
			END IF;
			RESET ROLE;
		EXCEPTION WHEN OTHERS THEN
			RESET ROLE;
			INSERT INTO test.outcome VALUES (c, SQLSTATE, SQLERRM);
		END;
	END LOOP;
END
$$;
SELECT setseed(0.20261121) \g /dev/null
CALL test.make_calls(:calls);

-- As /openapi.json reads them: a comment names errors itself, or refers to another function's.
CREATE VIEW test.documented AS
WITH RECURSIVE said (name, comment) AS (
	SELECT p.proname, obj_description(p.oid, 'pg_proc') FROM pg_proc p WHERE p.pronamespace = 'evently'::regnamespace
	UNION
	SELECT s.name, obj_description(p.oid, 'pg_proc') FROM said s,
		LATERAL regexp_replace(substring(s.comment, '\mErrors: .*$'), '\. (Writes|Locks)\M.*$', '') errors,
		LATERAL regexp_matches(errors, '([a-z_]+)\(\)', 'g') mentioned
	JOIN pg_proc p ON p.proname = mentioned[1] AND p.pronamespace = 'evently'::regnamespace)
SELECT DISTINCT s.name, code[1] AS sqlstate FROM said s, LATERAL regexp_matches(s.comment, '\m(VE\d{3}) ', 'g') code
EXCEPT SELECT p.proname, but[1] FROM pg_proc p, LATERAL regexp_matches(obj_description(p.oid, 'pg_proc'), '\mbut (VE\d{3}) ', 'g') but
WHERE p.pronamespace = 'evently'::regnamespace;

SELECT plan(5);
SELECT cmp_ok((SELECT count(*) FROM test.outcome WHERE sqlstate = 'ZZ000'), '>', (:calls / 20)::bigint, 'many calls went to their end');
SELECT cmp_ok((SELECT count(DISTINCT sqlstate) FROM test.outcome), '>', 20::bigint, 'and were refused for many reasons');
SELECT is_empty($$SELECT DISTINCT ON (regexp_replace(call, '\(.*', ''), sqlstate) sqlstate, message, left(call, 1000) FROM test.outcome
	WHERE sqlstate !~ '^(VE|22|ZZ)'$$, 'by Evently, or because a value is none of its type');
SELECT is_empty($$SELECT DISTINCT ON (name, o.sqlstate) name, o.sqlstate, o.message, left(o.call, 1000)
	FROM test.outcome o, LATERAL substring(o.call, 'evently\.(\w+)') name
	WHERE o.sqlstate LIKE 'VE%' AND (name, o.sqlstate) NOT IN (SELECT d.name, d.sqlstate FROM test.documented d)$$, 'each by an error that its comment names');
SELECT is_empty('SELECT * FROM evently.verify()', 'verify() finds nothing');
SELECT * FROM finish();
\c :here
DROP DATABASE evently_strange;
