-- Tables that came with version 1.1, and new indexes on older ones: an update runs this file as it stands, after
-- extension/upgrade/1.0--1.1.sql has changed the tables of 20_tables.sql. The rules are those of 20_tables.sql.

CREATE TABLE evently.pool (
	event_id uuid NOT NULL,
	pool_id uuid NOT NULL,
	size integer NOT NULL CHECK (size >= 0),
	stripes smallint NOT NULL CHECK (stripes BETWEEN 1 AND 64),
	PRIMARY KEY (event_id, pool_id)
);
COMMENT ON TABLE evently.pool IS
	'What is counted beside the places of sections, in stock like them. A hold or booking names in pools those that its whole quantity counts in.';
COMMENT ON COLUMN evently.pool.stripes IS 'Number of rows in stock; made with the pool, never changed.';
COMMENT ON COLUMN evently.stock.section_id IS 'A section, or where of_section is false a row of pool.';
COMMENT ON COLUMN evently.hold.pools IS 'The pools beside its sections that its quantity counts in; null where there are none. A booking inherits them.';

CREATE TABLE evently.outbox (
	id uuid PRIMARY KEY,
	aggregatetype text NOT NULL,
	aggregateid uuid NOT NULL,
	type text NOT NULL,
	payload json NOT NULL,
	event_id uuid,
	user_id uuid,
	xid xid8 NOT NULL,
	notice boolean NOT NULL,
	occurred_at timestamptz NOT NULL,
	acked_at timestamptz,
	notified_at timestamptz
);
CREATE INDEX outbox_pending ON evently.outbox (xid, id) WHERE acked_at IS NULL;
CREATE INDEX outbox_notice ON evently.outbox (xid, id) WHERE notice AND notified_at IS NULL;
COMMENT ON TABLE evently.outbox IS
	'What happened, in the transaction in which it did: for brokers, mailers and auditors. A node''s own stream: its order is that of the node''s transactions.';
COMMENT ON COLUMN evently.outbox.xid IS 'The transaction. Rows are read in the order of (xid, id), once every transaction before theirs has ended.';
COMMENT ON COLUMN evently.outbox.notice IS 'Its user wants to be told of it.';

CREATE TABLE evently.analytics_cache (
	name text NOT NULL,
	owner_id uuid NOT NULL,
	answer jsonb NOT NULL,
	generated_at timestamptz NOT NULL,
	last_outbox_id uuid,
	PRIMARY KEY (name, owner_id)
);
COMMENT ON TABLE evently.analytics_cache IS
	'Figures that take long to sum, as they were at generated_at: of one owner''s events, or of all (the zero UUID). Nothing is lost with a row of it.';
COMMENT ON COLUMN evently.analytics_cache.last_outbox_id IS 'The newest row of the outbox that the figures know of: with another one there, something has happened since.';
