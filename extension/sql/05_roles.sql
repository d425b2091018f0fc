-- Roles belong to the cluster, not to the database: a second database, or a restored dump, finds them there.
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'evently_owner') THEN
		CREATE ROLE evently_owner NOLOGIN;
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'evently_api') THEN
		CREATE ROLE evently_api NOLOGIN;
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'evently_web') THEN
		CREATE ROLE evently_web NOLOGIN;
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'evently_analyst') THEN
		CREATE ROLE evently_analyst NOLOGIN;
	END IF;
	GRANT evently_api TO evently_web;
END
$$;
