-- As many bookings of one ticket as :bookings says, of events that are sold out, by a million people. Indexes are made when the
-- rows are there, which takes less time. Outbox and keys grow at their end alone, whatever there is before it.
SET synchronous_commit = off;
SET maintenance_work_mem = '1GB';

CREATE TEMP TABLE index_of_sale AS
SELECT pg_get_indexdef(i.indexrelid) AS definition, i.indexrelid::regclass::text AS name FROM pg_index i
WHERE i.indrelid IN ('evently.booking'::regclass, 'evently.ticket'::regclass) AND NOT i.indisprimary;
SELECT format('DROP INDEX %s', name) FROM index_of_sale \gexec
ALTER TABLE evently.booking DROP CONSTRAINT booking_pkey;
ALTER TABLE evently.ticket DROP CONSTRAINT ticket_pkey;

CREATE TEMP TABLE sold AS
SELECT n, evently.new_id(NULL) AS event_id, evently.new_id(NULL) AS section_id
FROM generate_series(0, (:bookings - 1) / 1000000) n;
INSERT INTO evently.booking (event_id, booking_id, user_id, quantity, total_price, currency, created_at)
SELECT s.event_id, evently.new_id(s.event_id), md5((b.n % 1000000)::text)::uuid, 1, 50, 'USD', now()
FROM generate_series(0, :bookings - 1) AS b (n) JOIN sold s ON s.n = b.n / 1000000;
INSERT INTO evently.ticket (event_id, booking_id, ticket_id, section_id, price)
SELECT b.event_id, b.booking_id, evently.new_id(b.event_id), s.section_id, 50 FROM evently.booking b JOIN sold s USING (event_id);

ALTER TABLE evently.booking ADD CONSTRAINT booking_pkey PRIMARY KEY (event_id, booking_id);
ALTER TABLE evently.ticket ADD CONSTRAINT ticket_pkey PRIMARY KEY (event_id, booking_id, ticket_id);
SELECT definition FROM index_of_sale \gexec
VACUUM (ANALYZE, PARALLEL 0) evently.booking;
VACUUM (ANALYZE, PARALLEL 0) evently.ticket;
CHECKPOINT;
