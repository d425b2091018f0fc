-- What all tables have in common, when the last of them is made.

-- How many events share a table, and how many of its holds are active, cannot be learned from a few rows: a handful makes
-- every event look like a row or two, and one that begins to sell is in no statistics yet. The planner would read its 50,000
-- seats by the first index that begins with event_id. Without statistics on these columns every value is taken for a
-- two-hundredth of the table, and the whole key is always worth it.
DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY['event_section', 'stock', 'pool', 'ticket_type', 'quota', 'access_code', 'adjustment', 'event_seat', 'hold', 'booking',
		'ticket', 'cancellation', 'cancellation_policy', 'payment', 'refund', 'waitlist_entry']
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE evently.%I ALTER COLUMN event_id SET STATISTICS 0', name);
	END LOOP;
END
$$;
ALTER TABLE evently.hold ALTER COLUMN status SET STATISTICS 0;
ALTER TABLE evently.waitlist_entry ALTER COLUMN status SET STATISTICS 0;

-- pg_dump leaves out an extension's rows unless it is told which tables hold data: all of them. One call a table and
-- statement, as each updates the extension's own row.
DO $$
DECLARE
	name pg_catalog.regclass;
BEGIN
	FOR name IN SELECT c.oid FROM pg_catalog.pg_class c
		JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
		JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'evently' AND d.deptype = 'e'
		WHERE c.relkind IN ('r', 'p')
		ORDER BY c.relname
	LOOP
		PERFORM pg_catalog.pg_extension_config_dump(name, '');
	END LOOP;
END
$$;
