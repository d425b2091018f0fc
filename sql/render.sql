\set ECHO none
\i sql/include/setup.psql
SELECT plan(35);

-- The answer does not depend on how the session likes its times and numbers.
SET timezone = 'Asia/Kathmandu';
SET datestyle = 'German';
SET extra_float_digits = 0;

CREATE TYPE inner_row AS (n integer, words text[]);
CREATE TYPE outer_row AS (one inner_row, many inner_row[], at timestamptz[]);

-- A row of one column v.
CREATE FUNCTION rendered(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	json text;
BEGIN
	EXECUTE format('SELECT evently.render(r) FROM (SELECT %s AS v) r', expression) INTO json;
	RETURN json;
END
$$;
SELECT is(rendered(expression), format('{"v":%s}', json), why)
FROM (VALUES
	($$timestamptz '2026-02-03 04:05:06+00'$$, '"2026-02-03T04:05:06Z"', 'a time is RFC 3339 in UTC'),
	($$timestamptz '2026-02-03 04:05:06+05:45'$$, '"2026-02-02T22:20:06Z"', 'from any zone'),
	($$timestamptz '2026-02-03 04:05:06.120300Z'$$, '"2026-02-03T04:05:06.1203Z"', 'a fraction without zeros at its end'),
	($$timestamptz '2026-02-03 04:05:06.000001Z'$$, '"2026-02-03T04:05:06.000001Z"', 'to the microsecond'),
	($$timestamptz '0099-12-31 23:59:59Z'$$, '"0099-12-31T23:59:59Z"', 'a year has four digits'),
	($$timestamptz '20026-02-03 04:05:06Z'$$, '"20026-02-03T04:05:06Z"', 'or more'),
	($$timestamptz '0044-03-15 12:00:00Z BC'$$, '"-043-03-15T12:00:00Z"', 'a sign is one of them'),
	($$timestamptz 'infinity'$$, 'null', 'endless is null'),
	('40.00', '40.00', 'money keeps its digits'),
	('numeric ''1235.500''', '1235.500', 'three of them'),
	('numeric ''1002''', '1002', 'or none'),
	('numeric ''12345678901234567890.12''', '12345678901234567890.12', 'and is exact'),
	('numeric ''NaN''', 'null', 'NaN is null'),
	('42', '42', 'an integer'),
	('-9223372036854775808', '-9223372036854775808', 'a large one'),
	('smallint ''7''', '7', 'a small one'),
	('true', 'true', 'a boolean'),
	('NULL::text', 'null', 'null is there, as null'),
	('NULL::timestamptz', 'null', 'of any type'),
	($$'a"b\c/d'$$, '"a\"b\\c/d"', 'quotes and backslashes are escaped'),
	($$E'a\nb\tc\x01'$$, '"a\nb\tc\u0001"', 'so are control characters'),
	($$'Zoë ❤'$$, '"Zoë ❤"', 'letters of the world are not'),
	($$uuid '00000000-0000-4000-8000-000000000001'$$, '"00000000-0000-4000-8000-000000000001"', 'a uuid is a string'),
	($$jsonb '{"b": [1, 2, {"c": null}], "a": "x, y: \" z"}'$$, '{"a":"x, y: \" z","b":[1,2,{"c":null}]}', 'jsonb is compact, its strings untouched'),
	($$json E'{ "b" : 1.50,\n "a" : [ ] }'$$, '{"b":1.50,"a":[]}', 'so is json, in its order'),
	($$'{a,NULL,"b c"}'::text[]$$, '["a",null,"b c"]', 'an array'),
	($$'{}'::integer[]$$, '[]', 'an empty one'),
	($$'{{1,2},{3,4}}'::integer[]$$, '[[1,2],[3,4]]', 'an array of arrays'),
	($$ROW(ROW(1, '{x}')::inner_row, ARRAY[ROW(2, NULL)::inner_row, NULL, ROW(3, '{}')::inner_row], '{2026-02-03T04:05:06Z}')::outer_row$$,
		'{"one":{"n":1,"words":["x"]},"many":[{"n":2,"words":null},null,{"n":3,"words":[]}],"at":["2026-02-03T04:05:06Z"]}', 'rows in rows and in arrays')
) r (expression, json, why);
SELECT is(evently.render(r)::text, '{"a b":1,"c\"d":2}', 'names are escaped') FROM (SELECT 1 AS "a b", 2 AS "c""d") r;
SELECT is(evently.render(NULL::inner_row)::text, NULL, 'no row, no JSON');

-- What REST answers
SELECT is(evently.render(e)::jsonb, to_jsonb(e) || jsonb_build_object('start_datetime', s, 'datetime', s,
		'end_datetime', to_char(e.end_datetime AT TIME ZONE 'UTC', f), 'created_at', evently.render(e)::jsonb ->> 'created_at'),
	'an event has every field, and differs from to_jsonb() in its times alone (S4-EVP-4)')
FROM (VALUES ('YYYY-MM-DD"T"HH24:MI:SS"Z"')) t (f), evently.update_event(event('club'), start_datetime => '2099-01-02T03:04:05Z', end_datetime => '2099-01-02T05:00:00Z') e,
	to_char(e.start_datetime AT TIME ZONE 'UTC', f) s;
SELECT matches(evently.render(e) ->> 'created_at', '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z$', 'whose form is always the same')
FROM evently.get_event(event('club')) e;
SELECT matches(evently.render(e)::text, '"base_price":10\.00,', 'its price has two digits (S2-EVP-2)') FROM evently.get_event(event('club')) e;
SELECT is((evently.render(h) -> 'seat_ids')::text || (evently.render(h) ->> 'total_price'), '["A-1","A-2"]80.00', 'a hold names its seats')
FROM evently.hold_seats(event('show'), person('ann'), '{A-2,A-1}') h;

SELECT * FROM finish();
ROLLBACK;
