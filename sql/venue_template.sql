\set ECHO none
\i sql/include/setup.psql
SELECT plan(67);

CREATE FUNCTION template(name text) RETURNS uuid LANGUAGE sql STABLE
AS 'SELECT venue_template_id FROM evently.venue_template t WHERE t.name = $1';
CREATE FUNCTION part(layout uuid, name text) RETURNS uuid LANGUAGE sql STABLE
AS 'SELECT section_id FROM evently.venue_section s WHERE s.venue_id = $1 AND s.name = $2';
CREATE FUNCTION seat(layout uuid, label text) RETURNS uuid LANGUAGE sql STABLE
AS 'SELECT seat_id FROM evently.venue_seat s WHERE s.venue_id = $1 AND s.label = $2';
CREATE FUNCTION labels(layout uuid) RETURNS text LANGUAGE sql STABLE
AS $$ SELECT string_agg(label, ' ' ORDER BY ordinal) FROM evently.venue_seat WHERE venue_id = $1 $$;
CREATE FUNCTION map(event text) RETURNS text LANGUAGE sql VOLATILE
AS $$ SELECT string_agg(seat_id, ' ') FROM evently.get_seat_map(test.event($1)) $$;

-- Templates
SELECT results_eq(
	$$SELECT name, description, default_rows, default_seats_per_row, layout_type, capacity, cardinality(sections), created_by, version
	FROM evently.create_venue_template('Theater', 'Two rows', 2, 13, 'theater', '[{"name": "Stalls", "kind": "reserved"}]', person('ada'))$$,
	$$SELECT 'Theater', 'Two rows', 2, 13, 'theater', 26, 1, person('ada'), 1$$,
	'a template whose section takes rows and seats from the defaults (S3-VT-2)');
SELECT results_eq(
	$$SELECT name, kind, capacity, price_multiplier, description FROM evently.create_section(venue_template_id => template('Theater'),
		name => 'Boxes', rows => 1, seats_per_row => 4, row_start => 'AA', price_multiplier => 2.5, description => 'Red velvet',
		accessible_seats => '{AA-1,AA-4}')$$,
	$$VALUES ('Boxes', 'reserved', 4, 2.5, 'Red velvet')$$, 'a section is added (S3-VT-4)');
SELECT results_eq($$SELECT name, capacity FROM evently.list_sections(venue_template_id => template('Theater'))$$,
	$$VALUES ('Stalls', 26), ('Boxes', 4)$$, 'a template''s sections, in order (S3-VT-3)');
SELECT results_eq($$SELECT capacity, version FROM evently.get_venue_template(template('Theater'))$$, $$VALUES (30, 2)$$,
	'the capacity is that of the sections, and an edit of the layout raises version');
SELECT results_eq($$SELECT section, string_agg(seat_id, ' '), count(*) FILTER (WHERE accessible)
		FROM evently.list_section_seats(part(template('Theater'), 'Boxes')) GROUP BY section$$,
	$$VALUES ('Boxes', 'AA-1 AA-2 AA-3 AA-4', 2::bigint)$$, 'its seats, the accessible ones marked (S3-VT-5)');
SELECT evently.create_section(venue_template_id => template('Theater'), name => 'Circle', rows => 1, seats_per_row => 2) \g /dev/null
SELECT alike(labels(template('Theater')), 'A-1 A-2 %B-13 AA-1 AA-2 AA-3 AA-4 Circle-A-1 Circle-A-2',
	'a section that shares a row with another carries its name; labels that are there stay');
SELECT results_eq($$SELECT name FROM evently.list_venue_templates(search => 'two R')$$, $$VALUES ('Theater')$$, 'templates are searched (S3-VT-1)');
SELECT results_eq($$SELECT (venue_templates[1]).name, total, page, "limit", has_more
		FROM evently.list_venue_templates_page("limit" => 1)$$,
	$$VALUES ('Theater', 1::bigint, 1, 1, false)$$, 'a page of them (S3-VT-1)');
SELECT results_eq($$SELECT name, layout_type, default_rows, version
		FROM evently.update_venue_template(template('Theater'), name => 'Playhouse', version => 3)$$,
	$$VALUES ('Playhouse', 'theater', 2, 4)$$, 'an update changes what is given');
SELECT throws_ok($$SELECT evently.update_venue_template(template('Playhouse'), name => 'X', version => 3)$$, 'VE408', NULL, 'a stale version is refused');

-- Rows told in other ways
SELECT evently.create_venue_template('Ways', sections => '[
	{"name": "Ends", "row_start": "C", "row_end": "D", "seats_per_row": 2},
	{"name": "Total", "total_seats": 12, "row_start": "K"},
	{"name": "Both", "total_seats": 5, "seats_per_row": 3, "row_start": "X", "row_end": "Y"}]') \g /dev/null
SELECT is(labels(template('Ways')),
	'C-1 C-2 D-1 D-2 K-1 K-2 K-3 K-4 K-5 K-6 K-7 K-8 K-9 K-10 L-1 L-2 X-1 X-2 X-3 Y-1 Y-2',
	'rows by their last, by the number of seats (10 a row), by both: the last may be shorter');
SELECT throws_ok(format('SELECT evently.create_venue_template(''Bad'', sections => %L)', sections), 'VE001', NULL, why)
FROM (VALUES
	('[{"name": "A", "row_start": "C", "row_end": "B", "seats_per_row": 2}]', 'rows that end before they begin'),
	('[{"name": "A", "rows": 1, "seats_per_row": 2, "total_seats": 3}]', 'more seats than rows have'),
	('[{"name": "A", "rows": 1, "seats_per_row": 2, "accessible_seats": ["A-3"]}]', 'an accessible seat that is none'),
	('[{"name": "A", "rows": 1, "seats_per_row": 2, "accessible_seats": ["A-2nd"]}]', 'an accessible seat by almost its name'),
	('[{"name": "A", "kind": "reserved"}]', 'no rows and no defaults'),
	('[{"name": "A", "seats": []}]', 'no seats'),
	('[{"name": "A", "seats": [5]}]', 'a seat that is no object'),
	('[{"name": "A", "capacity": 600000}, {"name": "B", "capacity": 600000}]', 'more than a million places')) s (sections, why);
SELECT throws_ok($$SELECT evently.create_venue_template('')$$, 'VE001', NULL, 'an empty name');
SELECT throws_ok($$SELECT evently.create_venue_template('Bad', default_rows => 0)$$, 'VE001', NULL, 'no rows by default');
SELECT is(template('Bad'), NULL, 'nothing is left of what is refused');

-- Events made from a template
SELECT evently.create_event('play', now() + interval '9 days', venue => '"Anywhere"', venue_template_id => template('Ways'),
	base_price => 10, section_pricing => '[{"name": "Total", "price_multiplier": 3}]') \g /dev/null
SELECT results_eq($$SELECT total_capacity, (venue).name FROM evently.get_event(event('play'))$$, $$VALUES (21, 'Anywhere')$$,
	'an event has the capacity of the template, and the place of its venue (S3-VT-4)');
SELECT is(map('play'), labels(template('Ways')), 'and copies its seats');
SELECT results_eq($$SELECT section, price FROM evently.get_sections(event('play')) e, unnest(e.sections)$$,
	$$VALUES ('Ends', 10::numeric), ('Total', 30), ('Both', 10)$$, 'with prices of its own (S3-VT-5)');
SELECT evently.book(event('play'), person('ann'), '{C-1,K-1}') \g /dev/null
SELECT seat(template('Ways'), 'C-2') AS c2, seat(template('Ways'), 'D-1') AS d1 \gset

-- Edits, none of which reaches the event
SELECT results_eq($$SELECT label.* FROM (SELECT (evently.update_seat(seat(template('Ways'), 'C-2'), label => 'Door', x => 7.5, y => -1, accessible => true)).*) s,
		LATERAL (SELECT s.seat_id, s.x, s.y, s.accessible, s."row", s.number) label$$,
	$$VALUES ('Door', 7.5, -1::numeric, true, 'C', 2)$$, 'a seat is renamed and moved');
SELECT is((evently.get_seat(seat(template('Ways'), 'Door'))).section, 'Ends', 'a seat is read by its id');
SELECT throws_ok($$SELECT evently.update_seat(seat(template('Ways'), 'D-1'), label => 'Door')$$, 'VE001', NULL, 'a label is unique');
SELECT throws_ok($$SELECT evently.update_seat(seat(template('Ways'), 'D-1'), x => 1e7)$$, 'VE001', NULL, 'a coordinate out of bounds');
SELECT results_eq($$SELECT message, id FROM evently.delete_seat(seat(template('Ways'), 'D-1'))$$,
	format($$VALUES ('Seat deleted', %L::uuid)$$, :'d1'), 'a seat is deleted');
SELECT results_eq($$SELECT name, capacity, price_multiplier FROM evently.update_section(part(template('Ways'), 'Ends'), name => 'Front', price_multiplier => 4)$$,
	$$VALUES ('Front', 3, 4::numeric)$$, 'a section is renamed, its seats stay');
SELECT results_eq($$SELECT name, capacity, price_multiplier FROM evently.update_section(part(template('Ways'), 'Front'), rows => 1, seats_per_row => 2)$$,
	$$VALUES ('Front', 2, 4::numeric)$$, 'or made anew');
SELECT alike(labels(template('Ways')), 'A-1 A-2 K-1 %', 'in its place among the others');
SELECT results_eq($$SELECT message FROM evently.delete_section(part(template('Ways'), 'Both'))$$, $$VALUES ('Section deleted')$$, 'a section is deleted');
SELECT is((evently.get_venue_template(template('Ways'))).capacity, 14, 'and the capacity follows');
SELECT is(map('play'), 'C-1 C-2 D-1 D-2 K-1 K-2 K-3 K-4 K-5 K-6 K-7 K-8 K-9 K-10 L-1 L-2 X-1 X-2 X-3 Y-1 Y-2',
	'the event keeps the seats it copied: a later edit never moves a sold seat');
SELECT is((evently.hold_seats(event('play'), person('bob'), ARRAY[:'c2', :'d1', 'X-1'])).seat_ids, '{C-2,D-1,X-1}'::text[],
	'and they are found by their ids too, though the layout has them no longer or by another label');
SELECT throws_ok(format($$SELECT evently.hold_seats(event('play'), person('bob'), ARRAY[%L, 'C-2'])$$, :'c2'), 'VE001', NULL,
	'H18: a seat named by label and by such an id');
SELECT lives_ok($$SELECT evently.delete_venue_template(template('Ways'))$$, 'a template is deleted under its events');
SELECT is((evently.cancel_booking(event('play'), booking('ann'))).status, 'completed', 'which sell on and give back');
SELECT is(free('play'), 18, 'all of it');

-- H06: one layout, two events
SELECT evently.create_event('first', now() + interval '9 days', venue_template_id => template('Playhouse'), base_price => 10),
	evently.create_event('second', now() + interval '9 days', venue_template_id => template('Playhouse'), base_price => 20) \g /dev/null
SELECT evently.hold_seats(event('first'), person('ann'), '{A-1}') \g /dev/null
SELECT is(seat_status('second', 'A-1'), 'available', 'H06: a seat held at one event is free at the other of the same template');
SELECT is((evently.hold_seats(event('second'), person('ann'), '{A-1,AA-1}')).total_price, 70::numeric,
	'H05: at the price of this event''s own sections');

-- A venue's layout is edited by the same functions
SELECT results_eq($$SELECT name, capacity FROM evently.create_section(venue_id => venue('Hall'), name => 'Terrace', capacity => 9)$$,
	$$VALUES ('Terrace', 9)$$, 'a section for a venue');
SELECT is((evently.get_venue(venue('Hall'))).capacity, 55, 'whose capacity follows (S2-VEN-3)');
SELECT is((evently.update_section(part(venue('Hall'), 'Terrace'), capacity => 5)).capacity, 5, 'a general section has another capacity');
SELECT evently.create_venue_template('Full', sections => (SELECT jsonb_agg(jsonb_build_object('name', n, 'capacity', 1)) FROM generate_series(1, 1000) n)) \g /dev/null
SELECT is(concat_ws(' ', r.sqlstate, r.detail::jsonb ->> 'field', CASE r.sqlstate WHEN 'VE001' THEN r.message END), expected, why)
FROM (VALUES
	($$update_section(part(venue('Hall'), 'Terrace'), rows => 5)$$, 'VE001 rows a general section has no seats', 'but no rows'),
	($$update_section(part(venue('Hall'), 'Terrace'), capacity => 0)$$, 'VE001 capacity capacity must be between 1 and 1000000', 'nor none'),
	($$update_section(part(venue('Hall'), 'Terrace'), capacity => 1000001)$$, 'VE001 capacity capacity must be between 1 and 1000000', 'nor more than a million'),
	($$update_section(part(venue('Hall'), 'Stalls'), capacity => 5)$$, 'VE001 capacity the capacity of a reserved section is that of its seats', 'a reserved one has that of its seats'),
	($$update_section(part(venue('Hall'), 'Stalls'), name => 'Floor')$$, 'VE001 name there is a section Floor already', 'a name is unique'),
	($$update_section(part(venue('Hall'), 'Stalls'), price_multiplier => 'NaN')$$, 'VE001 price_multiplier price_multiplier must be between 0 and 1000', 'a multiplier is a number'),
	($$create_section(venue_id => venue('Hall'), name => 'Floor', capacity => 9)$$, 'VE001 name there is a section Floor already', 'also of a new section'),
	($$create_section(venue_id => venue('Hall'), name => 'Back', seats => '[{"row": "X", "number": 1, "label": "A-1"}]')$$, 'VE001 label the layout has a seat A-1 already', 'a label, too'),
	($$create_section(venue_template_id => template('Full'), name => 'New', capacity => 1)$$, 'VE001 sections at most 1000 sections', 'one more than a thousand'),
	($$create_section(name => 'New', capacity => 9)$$, 'VE001 venue_template_id name a venue_id or a venue_template_id', 'for nothing'),
	($$create_section(venue_id => template('Playhouse'), name => 'New', capacity => 9)$$, 'VE409', 'a template is no venue'),
	($$create_section(venue_template_id => venue('Hall'), name => 'New', capacity => 9)$$, 'VE420', 'a venue is no template'),
	($$get_venue_template(person('x'))$$, 'VE420', 'an unknown template'),
	($$delete_section(person('x'))$$, 'VE105', 'an unknown section'),
	($$delete_seat(person('x'))$$, 'VE103', 'an unknown seat'),
	($$create_event('x', now(), venue_template_id => person('x'))$$, 'VE420', 'an event from an unknown template')) c (call, expected, why),
	LATERAL refusal('SELECT evently.' || call) r;
SELECT evently.create_venue_template('Single', sections => '[{"name": "S", "rows": 1, "seats_per_row": 1}]') \g /dev/null
SELECT throws_ok($$SELECT evently.delete_seat(seat(template('Single'), 'A-1'))$$, 'VE001', NULL, 'the last seat goes with its section');

-- Idempotency
SELECT is((SELECT count(DISTINCT t.venue_template_id) FROM generate_series(1, 2),
	LATERAL evently.create_venue_template('Once', idempotency_key => 'k') t), 1::bigint, 'a template is created once under one key');
SELECT throws_ok($$SELECT evently.create_venue_template('Twice', idempotency_key => 'k')$$, 'VE901', NULL, 'H23: one key, other content');
SELECT is((SELECT count(DISTINCT s.section_id) FROM generate_series(1, 2),
	LATERAL evently.create_section(venue_template_id => template('Once'), name => 'S', capacity => 1, idempotency_key => 'k') s), 1::bigint,
	'a section too');

SELECT all_is_well();
SELECT * FROM finish();
ROLLBACK;
