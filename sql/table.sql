-- What is found and written without a plan obeys whatever the tables' definitions say at that moment: a session that has
-- booked books on while an administrator changes rows and definitions by SQL of his own.
\set ECHO none
\i sql/include/setup.psql
SELECT plan(34);

CREATE FUNCTION book(quantity integer DEFAULT 1, key text DEFAULT NULL) RETURNS evently.booking_detail LANGUAGE sql VOLATILE
AS 'SELECT evently.book(test.event(''fair''), test.person(''ann''), quantity => $1, idempotency_key => $2)';

SELECT evently.create_event('fair', now() + interval '1 day', total_capacity => 400, base_price => 10) \g /dev/null
SELECT is((book()).total_price, 10.00, 'a first booking: what the session keeps of the tables is made');

-- Rows
UPDATE evently.event_section SET price = 12 WHERE event_id = event('fair');
SELECT is((book()).total_price, 12.00, 'a section''s price changed by SQL is the next booking''s');
SELECT evently.update_event(event('fair'), base_price => 13) \g /dev/null
SELECT is((book()).total_price, 13.00, 'so is one changed by update_event()');
SAVEPOINT before_change;
UPDATE evently.event_section SET price = 14 WHERE event_id = event('fair');
SELECT is((book()).total_price, 14.00, 'one changed in a subtransaction');
ROLLBACK TO before_change;
SELECT is((book()).total_price, 13.00, 'is forgotten with it');
UPDATE evently.event SET status = 'inactive' WHERE event_id = event('fair');
SELECT throws_ok('SELECT book()', 'VE402', NULL, 'a status changed by SQL is seen');
UPDATE evently.event SET status = 'published', sale_end_time = NULL, sale_start_time = now() + interval '1 hour' WHERE event_id = event('fair');
SELECT throws_ok('SELECT book()', 'VE403', NULL, 'and the time of the sale');
UPDATE evently.event SET sale_start_time = NULL, max_tickets_per_booking = 2 WHERE event_id = event('fair');
SELECT throws_ok('SELECT book(3)', 'VE110', NULL, 'and the limit');
UPDATE evently.event_section SET ordinal = 7, name = 'Standing' WHERE event_id = event('fair');
INSERT INTO evently.event_section (event_id, section_id, ordinal, name, kind, capacity, price, stripes)
VALUES (event('fair'), person('balcony'), 3, 'Balcony', 'general', 10, 50, 1);
INSERT INTO evently.stock (event_id, section_id, stripe, reserved, available) VALUES (event('fair'), person('balcony'), 0, false, 10);
SELECT is((book()).total_price, 50.00, 'a section added by SQL comes in the order of its ordinal');
DELETE FROM evently.event_section WHERE event_id = event('fair') AND section_id = person('balcony');
DELETE FROM evently.stock WHERE event_id = event('fair') AND section_id = person('balcony');
SELECT is((book()).total_price, 13.00, 'one deleted is gone');
SELECT is((SELECT count(*) FROM evently.ticket t JOIN evently.booking b USING (event_id, booking_id) WHERE b.user_id = person('ann')),
	6::bigint, 'every booking has its ticket');

-- Constraints
ALTER TABLE evently.booking ADD CONSTRAINT none_for_ann CHECK (user_id <> '8b04c9f6a1ff5b3cf7b3d3d6d4a6f2a1') NOT VALID;
SELECT lives_ok('SELECT book()', 'a new constraint that holds');
ALTER TABLE evently.booking ADD CONSTRAINT no_pairs CHECK (quantity <> 2) NOT VALID;
SELECT throws_ok('SELECT book(2)', '23514', NULL, 'a new constraint that does not');
SELECT is(free('fair'), 394, 'leaves nothing behind');
ALTER TABLE evently.booking DROP CONSTRAINT no_pairs;
SELECT lives_ok('SELECT book(2)', 'dropped, it is gone');
UPDATE evently.stock SET reserved = true, available = 0 WHERE event_id = event('fair');
UPDATE evently.stock SET reserved = false WHERE event_id = event('fair');
SELECT throws_ok('SELECT book()', 'VE102', NULL, 'stock set by SQL is seen');
UPDATE evently.stock SET available = 5 WHERE event_id = event('fair') AND stripe = 1;
SELECT lives_ok('SELECT book()', 'and stock given back by SQL');

-- Columns
ALTER TABLE evently.booking ADD COLUMN channel text NOT NULL DEFAULT 'box office';
SELECT book() \g /dev/null
SELECT is((SELECT channel FROM evently.booking WHERE booking_id = booking('ann')), 'box office', 'a column that is not ours gets its default');
ALTER TABLE evently.booking ALTER COLUMN channel DROP DEFAULT;
SELECT throws_ok('SELECT book()', '23502', NULL, 'NOT NULL is obeyed');
ALTER TABLE evently.booking DROP COLUMN channel;

-- Indexes
CREATE UNIQUE INDEX one_per_price ON evently.ticket (event_id, price) WHERE price = 77;
UPDATE evently.event_section SET price = 77 WHERE event_id = event('fair');
SELECT lives_ok('SELECT book()', 'a new index is filled');
SELECT throws_ok('SELECT book()', '23505', NULL, 'and obeyed');
DROP INDEX evently.one_per_price;
SELECT lives_ok('SELECT book(2)', 'a dropped one is not missed');

-- Triggers and rules
UPDATE evently.stock SET available = 9 WHERE event_id = event('fair') AND stripe = 1;
CREATE TABLE journal (what text);
CREATE FUNCTION journal() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO test.journal VALUES (TG_TABLE_NAME || ' ' || TG_LEVEL); RETURN NEW; END$$;
CREATE TRIGGER journal BEFORE INSERT ON evently.booking FOR EACH ROW EXECUTE FUNCTION journal();
CREATE TRIGGER journal AFTER INSERT ON evently.ticket FOR EACH STATEMENT EXECUTE FUNCTION journal();
CREATE TRIGGER journal AFTER UPDATE ON evently.stock FOR EACH ROW EXECUTE FUNCTION journal();
GRANT ALL ON SCHEMA test TO PUBLIC;
GRANT ALL ON journal TO PUBLIC;
SELECT book(1, 'key') \g /dev/null
SELECT results_eq('SELECT what FROM journal ORDER BY what', ARRAY['booking ROW', 'stock ROW', 'ticket STATEMENT'],
	'an administrator''s triggers fire');
DROP TRIGGER journal ON evently.booking;
DROP TRIGGER journal ON evently.ticket;
DROP TRIGGER journal ON evently.stock;
CREATE RULE journal AS ON INSERT TO evently.ticket DO ALSO INSERT INTO test.journal VALUES ('rule');
SELECT book() \g /dev/null
SELECT is((SELECT count(*) FROM journal WHERE what = 'rule'), 1::bigint, 'and his rules');
DROP RULE journal ON evently.ticket;

-- Seats
CREATE FUNCTION hold_labels(labels text[]) RETURNS evently.hold_detail LANGUAGE sql VOLATILE
AS 'SELECT evently.hold_seats(test.event(''seated''), test.person(''ann''), $1)';
SELECT evently.create_event('seated', now() + interval '1 day', base_price => 10, venue_id => v.venue_id)
FROM evently.create_venue(name => 'Long row', city => 'Rowville', capacity => 10,
	sections => '[{"name": "Row", "kind": "reserved", "rows": 1, "seats_per_row": 10}]') v \g /dev/null
SELECT is((hold_labels('{A-2,A-1}')).seat_ids, '{A-1,A-2}', 'seats are held');
UPDATE evently.event_seat SET label = 'Z-3' WHERE event_id = event('seated') AND label = 'A-3';
SELECT is((hold_labels('{Z-3}')).seat_ids, '{Z-3}', 'one by the label that SQL gave it');
UPDATE evently.event_seat SET booking_id = person('nobody') WHERE event_id = event('seated') AND label = 'A-4';
SELECT throws_ok('SELECT hold_labels(''{A-4}'')', 'VE101', NULL, 'one that SQL has given away is taken');
UPDATE evently.event_seat SET booking_id = NULL WHERE event_id = event('seated') AND label = 'A-4';
ALTER TABLE evently.event_seat ADD CONSTRAINT not_the_fifth CHECK (number <> 5 OR hold_id IS NULL);
SELECT throws_ok('SELECT hold_labels(''{A-5}'')', '23514', NULL, 'a new constraint is obeyed');
ALTER TABLE evently.event_seat DROP CONSTRAINT not_the_fifth;
CREATE TRIGGER journal AFTER UPDATE ON evently.event_seat FOR EACH ROW EXECUTE FUNCTION journal();
SELECT hold_labels('{A-5,A-6}') \g /dev/null
SELECT is((SELECT count(*) FROM journal WHERE what = 'event_seat ROW'), 2::bigint, 'a trigger fires for each seat');
DROP TRIGGER journal ON evently.event_seat;
SELECT is((SELECT count(hold_id) FROM evently.event_seat WHERE event_id = event('seated')), 5::bigint, 'and the seats are held');

SELECT throws_ok('SET TRANSACTION READ ONLY; SELECT book()', '25006', NULL, 'a read-only transaction writes nothing');

-- The extension itself, all tables with it
DROP EXTENSION evently CASCADE;
CREATE EXTENSION evently;
SELECT evently.create_event('fair', now() + interval '1 day', total_capacity => 400, base_price => 5) \g /dev/null
SELECT is((evently.book(event('fair'), person('ann'), quantity => 1, idempotency_key => 'key')).total_price, 5.00,
	'dropped and made again, it is the new one that books');
SELECT is((SELECT count(*) FROM evently.booking), 1::bigint, 'into its own tables');
SELECT is_empty('SELECT * FROM evently.verify()', 'and nothing is amiss');

SELECT * FROM finish();
ROLLBACK;
