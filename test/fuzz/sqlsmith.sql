-- What sqlsmith is given: Evently with rows of every kind, and a role that may call what evently_web may.
\set QUIET true
\o /dev/null
CREATE EXTENSION evently CASCADE;
\i test/upgrade/data-1.0.sql
\i sql/include/everything.psql
CREATE ROLE smith LOGIN;
GRANT evently_web TO smith;
ALTER ROLE smith SET track_functions = 'all';
ALTER ROLE smith SET log_error_verbosity = 'verbose';
ALTER ROLE smith SET statement_timeout = '1s';

-- Tables that it may read: it makes queries of tables, and takes the values for the functions from them.
CREATE SCHEMA smith AUTHORIZATION smith;
CREATE TABLE smith.event AS SELECT event_id, name, start_datetime, end_datetime, base_price, true AS yes, ARRAY['jazz'] AS tags, '{}'::jsonb AS body FROM evently.event;
CREATE TABLE smith.hold AS SELECT event_id, hold_id, user_id, quantity, expires_at FROM evently.hold;
CREATE TABLE smith.booking AS SELECT event_id, booking_id, user_id, ARRAY[event_id] AS ids, '{A-1}'::text[] AS seat_ids FROM evently.booking;
CREATE TABLE smith.account AS SELECT account_id, email, 1 AS version FROM evently.account;
GRANT ALL ON ALL TABLES IN SCHEMA smith TO smith;

-- Of the functions it finds only ours, all that it may call, in front of PostgreSQL's own catalogue.
CREATE VIEW smith.pg_proc AS
SELECT oid, proname, pronamespace, prorettype, false AS proretset, prokind, proargtypes FROM pg_catalog.pg_proc
WHERE pronamespace = 'evently'::regnamespace AND prokind = 'f' AND proname <> 'start_worker' AND has_function_privilege('evently_web', oid, 'EXECUTE');
GRANT SELECT ON smith.pg_proc TO smith;
ALTER ROLE smith SET search_path = smith, pg_catalog;
