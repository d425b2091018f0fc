-- Rows of every kind in a server of PostgreSQL 15, before pg_upgrade; prints what they are.
\i sql/include/catalogue.psql
CREATE EXTENSION evently CASCADE;
\i test/upgrade/data-1.0.sql
\i sql/include/everything.psql
SELECT pg_temp.digest();
