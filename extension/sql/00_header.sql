-- Evently: sell tickets inside PostgreSQL without overselling.
-- The files of extension/sql/ are concatenated in name order into the install script; all but 00 and 20 are part of
-- the update scripts too (extension/upgrade/README.md).
\echo Use "CREATE EXTENSION evently CASCADE" to load this file. \quit
