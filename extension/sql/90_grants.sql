-- Least privilege: everything belongs to evently_owner, a role nobody can log in as; evently_api may call the functions
-- granted to it and read no table; evently_web may sign people in besides;
-- evently_analyst may read the views of 39_analytics.sql; PUBLIC may do nothing.

DO $$
DECLARE
	object text;
BEGIN
	FOR object IN SELECT p.oid::pg_catalog.regprocedure FROM pg_catalog.pg_proc p
		JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
		JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'evently' AND d.deptype = 'e'
	LOOP
		EXECUTE pg_catalog.format('ALTER ROUTINE %s OWNER TO evently_owner', object);
		EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', object);
	END LOOP;
	FOR object IN SELECT c.oid::pg_catalog.regclass FROM pg_catalog.pg_class c
		JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
		JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'evently' AND d.deptype = 'e'
		WHERE c.relkind IN ('r', 'v')
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE %s OWNER TO evently_owner', object);
	END LOOP;
END
$$;

GRANT USAGE ON SCHEMA evently TO evently_owner, evently_api, evently_web, evently_analyst;
