-- The first part of every update script: drop the functions, views and composite types, which hold no rows; they are made
-- again below as the new version has them. extension/upgrade/README.md tells of the parts.
\echo Use "ALTER EXTENSION evently UPDATE" to load this file. \quit

-- In rounds, as some depend on others. What is left in a round that drops nothing has somebody else's object on it.
DO $$
DECLARE
	object record;
	remaining integer;
	dropped integer;
	problem text;
	dependents text;
BEGIN
	LOOP
		remaining := 0;
		dropped := 0;
		FOR object IN SELECT i.type, i.identity FROM pg_catalog.pg_depend d
			JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'evently' AND d.deptype = 'e',
			LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) i
			WHERE i.type IN ('function', 'procedure', 'aggregate', 'view')
				-- Not what a table's rows are of: PostgreSQL 17 lists that too.
				OR i.type = 'type' AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.reltype = d.objid AND c.relkind = 'c')
		LOOP
			BEGIN
				EXECUTE pg_catalog.format('DROP %s %s', object.type, object.identity);
				dropped := dropped + 1;
			EXCEPTION WHEN dependent_objects_still_exist THEN
				GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, dependents = PG_EXCEPTION_DETAIL;
				remaining := remaining + 1;
			END;
		END LOOP;
		EXIT WHEN remaining = 0;
		IF dropped = 0 THEN
			RAISE dependent_objects_still_exist USING MESSAGE = problem, DETAIL = dependents,
				HINT = 'Drop what depends on it, update the extension, and create it again.';
		END IF;
	END LOOP;
END
$$;
