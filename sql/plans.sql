-- Plans: what a booking reads does not grow with the event, nor with what the planner believes about other events.
\set ECHO none
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS evently;
CREATE EXTENSION IF NOT EXISTS pgtap;
BEGIN;
SELECT plan(3);

-- Rows of a table that this transaction has read so far, by index or not.
CREATE FUNCTION rows_read(name text) RETURNS bigint LANGUAGE sql AS $$
	SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
	FROM pg_stat_xact_all_tables WHERE relid = ('evently.' || name)::regclass
$$;

SELECT venue_id AS venue FROM evently.create_venue('Big hall',
	sections => '[{"name": "Floor", "rows": 100, "seats_per_row": 50}]') \gset
SELECT event_id AS old FROM evently.create_event('Old', now() + interval '1 day', venue_id => :'venue') \gset
ANALYZE;
SELECT event_id AS new FROM evently.create_event('New', now() + interval '1 day', venue_id => :'venue') \gset

-- The sixth execution of a statement is the first that may run on a generic plan.
SELECT count(b) AS booked FROM generate_series(1, 10) n,
	LATERAL evently.book(:'old', gen_random_uuid(), ARRAY['A-' || n]) b \gset
SELECT rows_read('event_seat') AS before \gset
SELECT booking_id AS booking FROM evently.book(:'new', gen_random_uuid(), ARRAY['B-1', 'C-1']) \gset
SELECT cmp_ok(rows_read('event_seat') - :before, '<=', 10::bigint,
	'H17: booking two seats of a new event of 5,000 reads no more than those');
SELECT rows_read('event_seat') AS before \gset
SELECT hold_id AS hold FROM evently.hold_seats(:'new', gen_random_uuid(), ARRAY['D-1', 'E-1']) \gset
SELECT FROM evently.confirm_hold(:'new', :'hold');
SELECT cmp_ok(rows_read('event_seat') - :before, '<=', 20::bigint, 'so does holding and confirming them');
SELECT rows_read('event_seat') AS before \gset
SELECT FROM evently.cancel_booking(:'new', :'booking');
SELECT cmp_ok(rows_read('event_seat') - :before, '<=', 20::bigint, 'and cancelling them');

SELECT * FROM finish();
ROLLBACK;
