-- What the database knows of the functions that routes call, for /openapi.json: one row, an object of
--   functions  by name: result (name of a composite type), description, errors (codes of errors.def)
--   schemas    by name: a JSON schema of each composite type that a result is or holds
-- $1: functions that routes call, each with the first of its routes, $2: examples by name of field.
WITH RECURSIVE
	called AS (
		SELECT DISTINCT ON (p.proname) p.proname AS name, p.prorettype AS result,
			coalesce(pg_catalog.obj_description(p.oid, 'pg_proc'), p.proname) AS comment
		FROM pg_catalog.pg_proc p
		WHERE p.pronamespace = 'evently'::regnamespace AND p.proname IN (SELECT jsonb_object_keys($1::jsonb))
		ORDER BY p.proname
	),
	-- A comment names errors itself, or refers to another function's: "Errors: those of hold_seats() but VE108 HOLD_LIMIT".
	said (name, comment) AS (
		SELECT name, comment FROM called
		UNION
		SELECT said.name, pg_catalog.obj_description(p.oid, 'pg_proc')
		FROM said
		CROSS JOIN regexp_replace(substring(said.comment, '\mErrors: .*$'), '\. (Writes|Locks)\M.*$', '') errors
		CROSS JOIN regexp_matches(errors, '([a-z_]+)\(\)', 'g') mentioned
		JOIN pg_catalog.pg_proc p ON p.proname = mentioned[1] AND p.pronamespace = 'evently'::regnamespace
	),
	-- A comment is written for who calls the function; here somebody asks by a route, which names the caller by itself.
	described AS (
		SELECT called.name, string_agg(regexp_replace(piece, '^([a-z_]+)\(\)',
			coalesce($1::jsonb ->> mentioned, $1::jsonb ->> (mentioned || '_page'), '\&')), '' ORDER BY n) AS description
		FROM called
		CROSS JOIN LATERAL (SELECT regexp_replace(called.comment, '\s+(Errors|Writes|Locks)\M.*$', '')) whole (a)
		CROSS JOIN LATERAL (SELECT regexp_replace(whole.a, '\s*\(permission\.h\)|\mVE\d{3} |; with active_only\M[^.]*', '', 'g')) b (a)
		CROSS JOIN LATERAL (SELECT regexp_replace(b.a, '\s+\m(published_only|available_only|event_id null)\M[^.]*\.', '', 'g')) c (a)
		CROSS JOIN LATERAL (SELECT regexp_replace(c.a, '(^|\. )(actor_id|user_id), when given,', '\1The caller', 'g')) d (a)
		CROSS JOIN LATERAL (SELECT regexp_replace(d.a, '(^|\. )actor_id\M', '\1The caller', 'g')) e (a)
		CROSS JOIN LATERAL (SELECT regexp_replace(e.a, '\m(actor_id|the actor)\M', 'the caller', 'g')) f (a)
		CROSS JOIN LATERAL (SELECT regexp_replace(f.a, '\mlist_(?!\w*_page\()[a-z_]+\(\)', 'the list', 'g')) g (a)
		CROSS JOIN regexp_split_to_table(g.a, '(?=\m[a-z_]+\(\))') WITH ORDINALITY AS pieces (piece, n)
		CROSS JOIN substring(piece, '^([a-z_]+)\(\)') AS mentioned
		GROUP BY called.name
	),
	functions AS (
		SELECT json_object_agg(called.name, json_build_object(
			'result', (SELECT typname FROM pg_catalog.pg_type WHERE oid = called.result),
			'description', described.description,
			'errors', ARRAY(SELECT DISTINCT code[1] FROM said
				CROSS JOIN regexp_matches(said.comment, 'VE\d{3} ([A-Z_]+)', 'g') code
				WHERE said.name = called.name AND code[1] NOT IN
					(SELECT but[1] FROM regexp_matches(called.comment, '\mbut VE\d{3} ([A-Z_]+)', 'g') but) ORDER BY 1)) ORDER BY called.name) AS object
		FROM called JOIN described ON described.name = called.name
	),
	used (type) AS (
		SELECT result FROM called
		UNION
		SELECT CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE t.oid END
		FROM used
		JOIN pg_catalog.pg_type c ON c.oid = used.type
		JOIN pg_catalog.pg_attribute a ON a.attrelid = c.typrelid AND a.attnum > 0 AND NOT a.attisdropped
		JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
	),
	field AS (
		SELECT c.oid AS type, a.attname AS name, a.attnum, t.typcategory = 'A' AS is_array, e.typtype = 'c' AS is_composite,
			e.typname AS element,
			CASE e.typname
				WHEN 'uuid' THEN '{"type":"string","format":"uuid"}'
				WHEN 'timestamptz' THEN '{"type":"string","format":"date-time"}'
				WHEN 'date' THEN '{"type":"string","format":"date"}'
				WHEN 'int4' THEN '{"type":"integer","format":"int32"}'
				WHEN 'int8' THEN '{"type":"integer","format":"int64"}'
				WHEN 'numeric' THEN '{"type":"number"}'
				WHEN 'float8' THEN '{"type":"number"}'
				WHEN 'bool' THEN '{"type":"boolean"}'
				WHEN 'text' THEN '{"type":"string"}'
				ELSE '{}'
			END::jsonb AS plain,
			$2::jsonb -> a.attname::text AS example
		FROM used
		JOIN pg_catalog.pg_type c ON c.oid = used.type AND c.typtype = 'c'
		JOIN pg_catalog.pg_attribute a ON a.attrelid = c.typrelid AND a.attnum > 0 AND NOT a.attisdropped
		JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
		JOIN pg_catalog.pg_type e ON e.oid = CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE t.oid END
	),
	property AS (
		SELECT type, name, attnum,
			CASE
				WHEN is_array THEN jsonb_build_object('type', '["array","null"]'::jsonb, 'items',
					CASE WHEN is_composite THEN jsonb_build_object('$ref', '#/components/schemas/' || element) ELSE plain END)
				WHEN is_composite THEN jsonb_build_object('anyOf', jsonb_build_array(
					jsonb_build_object('$ref', '#/components/schemas/' || element), '{"type":"null"}'::jsonb))
				WHEN plain = '{}' THEN '{"description":"Any JSON"}'::jsonb
				ELSE plain || jsonb_build_object('type', jsonb_build_array(plain -> 'type', 'null')) ||
					CASE
						WHEN plain ->> 'format' = 'uuid' THEN '{"examples":["01a1f2c3-7b5a-7c1d-9a4e-5f2b1c0d9e8f"]}'
						WHEN plain ->> 'format' = 'date-time' THEN '{"examples":["2030-12-05T19:00:00Z"]}'
						WHEN plain ->> 'format' = 'date' THEN '{"examples":["2030-12-05"]}'
						WHEN jsonb_typeof(example) = replace(plain ->> 'type', 'integer', 'number')
							THEN jsonb_build_object('examples', jsonb_build_array(example))
						ELSE '{}'
					END::jsonb
			END AS schema
		FROM field
	),
	schemas AS (
		SELECT json_object_agg(name, schema ORDER BY name) AS object
		FROM (
			SELECT c.typname AS name, json_build_object(
				'type', 'object',
				'description', coalesce(pg_catalog.obj_description(c.oid, 'pg_type'), c.typname),
				'required', json_agg(property.name ORDER BY attnum),
				'properties', json_object_agg(property.name, property.schema ORDER BY attnum)) AS schema
			FROM property JOIN pg_catalog.pg_type c ON c.oid = property.type
			GROUP BY c.oid, c.typname
		) named
	)
SELECT json_build_object('functions', functions.object, 'schemas', schemas.object)::text FROM functions, schemas
