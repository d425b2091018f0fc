-- What changed in the tables of extension/sql/20_tables.sql since 1.0, table by table (extension/upgrade/README.md).

ALTER TABLE evently.stock ADD COLUMN of_section boolean NOT NULL DEFAULT true;
ALTER TABLE evently.hold ADD COLUMN pools uuid[];
ALTER TABLE evently.booking ADD COLUMN pools uuid[];
