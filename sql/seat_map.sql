\set ECHO none
\i sql/include/setup.psql
SELECT plan(68);

CREATE FUNCTION labels(layout uuid) RETURNS text LANGUAGE sql STABLE
AS $$ SELECT string_agg(label, ' ' ORDER BY ordinal) FROM evently.venue_seat WHERE venue_id = $1 $$;
CREATE FUNCTION map(event text) RETURNS text LANGUAGE sql VOLATILE
AS $$ SELECT string_agg(seat_id, ' ') FROM evently.get_seat_map(test.event($1)) $$;
SELECT evently.create_venue('Mapped') \g /dev/null

-- CSV
SELECT results_eq(
	$$SELECT section_count, seat_count, capacity FROM evently.import_seat_map(venue_id => venue('Mapped'), csv =>
		E'section,row,number,x,y,accessible,price_multiplier\r\nStalls,AA,1,1,3,,2\r\nStalls,B,10,10,2,no,\r\nStalls,B,2,2,2,yes,\r\n"Box ""1"", left",1,1,20.5,-1,,\r\n\r\n')$$,
	$$VALUES (2, 4, 4)$$, 'a seat map from CSV (S4-VT-2)');
SELECT is(labels(venue('Mapped')), 'B-2 B-10 AA-1 1-1', 'H17: seats are put in natural order');
SELECT results_eq($$SELECT s.name, s.price_multiplier, l.x, l.y, l.accessible FROM evently.list_sections(venue_id => venue('Mapped')) s,
		evently.list_section_seats(s.section_id) l$$,
	$$VALUES ('Stalls', 2::numeric, 2::numeric, 2::numeric, true), ('Stalls', 2, 10, 2, false), ('Stalls', 2, 1, 3, false), ('Box "1", left', 1, 20.5, -1, false)$$,
	'with sections, prices, coordinates and accessible seats');
SELECT is(r.sqlstate || ' ' || (r.detail::jsonb ->> 'field') || ' ' || coalesce(r.detail::jsonb ->> 'line', '-'), expected, why)
FROM (VALUES
	('', 'VE001 csv 1', 'an empty file'),
	('section,row', 'VE001 number 1', 'a column too few'),
	('section,row,number,colour', 'VE001 colour 1', 'an unknown column'),
	('section,row,row,number', 'VE001 row 1', 'a column twice'),
	('section,row,number', 'VE001 csv 1', 'no seat'),
	(E'section,row,number\nS,A,1\nS,A', 'VE001 csv 3', 'a field too few'),
	(E'section,row,number\nS,A,1\nS,A,one', 'VE001 number 3', 'a number that is none'),
	(E'section,row,number\nS,A,1\n\nS,,2', 'VE001 row 4', 'no row: lines are counted as they stand'),
	(E'section,row,number\n,A,1', 'VE001 section 2', 'no section'),
	(E'section,row,number,x,y\nS,A,1,1,', 'VE001 y 2', 'x without y'),
	(E'section,row,number,x,y\nS,A,1,NaN,1', 'VE001 x 2', 'a coordinate that is none'),
	(E'section,row,number,accessible\nS,A,1,maybe', 'VE001 accessible 2', 'neither true nor false'),
	(E'section,row,number\nS,C,1\nS,C,2\nS,C,1', 'VE001 label 4', 'a seat twice'),
	(E'section,row,number\n"S\nT,A,1', 'VE001 csv 2', 'a quote that is not closed'),
	(E'section,row,number\n"S"T,A,1', 'VE001 csv 2', 'something behind a closed quote')) c (csv, expected, why),
	LATERAL refusal(format('SELECT evently.import_seat_map(venue_id => venue(''Mapped''), csv => %L)', csv)) r;
SELECT is(labels(venue('Mapped')), 'B-2 B-10 AA-1 1-1', 'nothing is left of what is refused');

-- JSON
SELECT results_eq($$SELECT section_count, seat_count, capacity FROM evently.import_seat_map(venue_id => venue('Mapped'), replace => true, sections =>
		'[{"name": "Round", "seats": [{"row": "Z", "number": 1, "label": "Sofa", "x": 0, "y": 0}, {"row": "Z", "number": 3}]}, {"name": "Bar", "capacity": 7}]')$$,
	$$VALUES (2, 2, 9)$$, 'a seat map from JSON, in the place of the other');
SELECT is(labels(venue('Mapped')), 'Sofa Z-3', 'a label of one''s own');
SELECT is(r.detail::jsonb, '{"field": "number", "seat": 2, "section": "S"}', 'an error names section, seat and field')
FROM refusal($$SELECT evently.import_seat_map(venue_id => venue('Mapped'), sections => '[{"name": "S", "seats": [{"row": "A", "number": 1}, {"row": "A"}]}]')$$) r;
SELECT throws_ok(format('SELECT evently.import_seat_map(venue_id => venue(''Mapped''), replace => true, %s)', given), 'VE001', NULL, why)
FROM (VALUES
	($$sections => NULL$$, 'no seat map at all'),
	($$sections => '[{"name": "A", "capacity": 5}]', csv => E'section,row,number\nS,A,1'$$, 'two seat maps'),
	($$sections => '[]'$$, 'a seat map of nothing')) g (given, why);

-- How large everything may be
SELECT evently.create_venue('Limits') \g /dev/null
CREATE FUNCTION refused(given text, value text) RETURNS text LANGUAGE sql VOLATILE
AS $$ SELECT concat_ws(' ', r.sqlstate, r.detail::jsonb ->> 'field', r.message)
	FROM refusal(format('SELECT evently.import_seat_map(venue_id => venue(''Limits''), replace => true, %I => %L)', $1, $2)) r $$;
SELECT is(refused('csv', csv), expected, 'CSV: ' || why)
FROM (VALUES
	('section,row,number' || repeat(',x', 62), 'VE001 csv line 1: too many columns', '65 columns'),
	(E'section,row,number\n' || repeat('s', 101) || ',A,1', 'VE001 section line 2: section must have 1 to 100 characters', 'a long section'),
	(E'section,row,number\nS,' || repeat('a', 21) || ',1', 'VE001 row line 2: row must have 1 to 20 characters', 'a long row'),
	(E'section,row,number,label\nS,A,1,' || repeat('l', 101), 'VE001 label line 2: label has at most 100 characters', 'a long label'),
	(E'section,row,number\nS,A,0', 'VE001 number line 2: number must be between 1 and 200000', 'number 0'),
	(E'section,row,number\nS,A,200001', 'VE001 number line 2: number must be between 1 and 200000', 'number 200,001'),
	(E'section,row,number\nS,A,', 'VE001 number line 2: number is required', 'no number'),
	(E'section,row,number,x,y\nS,A,1,0,-1000000.5', 'VE001 y line 2: y must be a number of at most 1000000', 'a seat too far away'),
	(E'section,row,number,x,y\nS,A,1,,1', 'VE001 x line 2: x and y are given together', 'y without x'),
	(E'section,row,number,price_multiplier\nS,A,1,1000.1', 'VE001 price_multiplier line 2: price_multiplier must be between 0 and 1000', 'a large multiplier'),
	(E'section,row,number,price_multiplier\nS,A,1,nan', 'VE001 price_multiplier line 2: price_multiplier must be between 0 and 1000', 'a multiplier that is none'),
	(E'section,row,number\n' || (SELECT string_agg(n || ',A,1', E'\n') FROM generate_series(1, 1001) n), 'VE001 section line 1002: at most 1000 sections', '1,001 sections'),
	(E'section,row,number\n' || (SELECT string_agg('S,A,' || least(n, 9), E'\n') FROM generate_series(1, 200001) n),
		'VE001 section line 200002: a section has at most 200000 seats', '200,001 seats')) c (csv, expected, why);
SELECT is(refused('sections', sections), 'VE001 ' || expected, 'JSON: ' || why)
FROM (VALUES
	('[{"name": "%s", "capacity": 5}]', repeat('n', 101), 'sections a section''s name has at most 100 characters', 'a long name'),
	('[{"name": "S", "capacity": 5, "description": "%s"}]', repeat('d', 2001), 'sections a section''s description has at most 2000 characters', 'a long description'),
	('[{"name": "S", "capacity": 5, "price_multiplier": %s}]', '1000.1', 'price_multiplier the price_multiplier of section S must be between 0 and 1000', 'a large multiplier'),
	('[{"name": "S", "capacity": 5, "price_multiplier": %s}]', '-1', 'price_multiplier the price_multiplier of section S must be between 0 and 1000', 'one below 0'),
	('[{"name": "S", "capacity": %s}]', '1000001', 'capacity capacity of section S must be a whole number from 1 to 1000000', 'more than a million places'),
	('[{"name": "S", "rows": 1, "seats_per_row": 1, "row_start": "%s"}]', '', 'sections row_start and row_end must be one to three letters', 'a row without letters'),
	('[{"name": "S", "row_end": "%s", "seats_per_row": 1}]', 'AAAA', 'sections row_start and row_end must be one to three letters', 'a row of four letters'),
	('[{"name": "S", "rows": 1, "seats_per_row": %s}]', '200001', 'sections section S must have 1 to 200000 seats', 'a row too wide'),
	('[{"name": "S", "rows": 2, "seats_per_row": %s}]', '100001', 'sections section S must have 1 to 200000 seats', 'a grid too large'),
	('[{"name": "S", "total_seats": %s}]', '200001', 'sections section S must have 1 to 200000 seats', 'too many seats in all'),
	('%s', (SELECT jsonb_agg(jsonb_build_object('name', n, 'capacity', 1))::text FROM generate_series(1, 1001) n), 'sections at most 1000 sections', '1,001 sections'),
	('[{"name": "S", "seats": %s}]', (SELECT jsonb_agg('{"row": "A", "number": 1}'::jsonb)::text FROM generate_series(1, 200001) n),
		'sections section S must have 1 to 200000 seats', '200,001 seats one by one')) c (form, value, expected, why),
	LATERAL format(form, value) sections;
SELECT results_eq(format('SELECT section_count, seat_count, capacity FROM evently.import_seat_map(venue_id => venue(''Limits''), replace => true, %I => %L)', given, value),
	expected, why)
FROM (VALUES
	('csv', E'section,row,number,label,x,y,price_multiplier\n' || repeat('s', 100) || ',' || repeat('a', 20) || ',200000,' || repeat('l', 100) || ',1000000,-1000000,1000',
		'VALUES (1, 1, 1)', 'as large as it may be: a seat from CSV'),
	('sections', format('[{"name": "%s", "description": "%s", "capacity": 999999, "price_multiplier": 1000},
		{"name": "R", "row_start": "ZZZ", "row_end": "zzz", "seats_per_row": 1}]', repeat('n', 100), repeat('d', 2000)),
		'VALUES (2, 1, 1000000)', 'and sections from JSON')) l (given, value, expected, why);

-- A grid for an event
SELECT evently.create_event('grid', now() + interval '9 days', total_capacity => 23, base_price => 5) \g /dev/null
SELECT is((evently.generate_seats(event('grid'))).total_capacity, 23, 'a grid for an event (S4-VT-1)');
SELECT is(map('grid'), 'A-1 A-2 A-3 A-4 A-5 A-6 A-7 A-8 A-9 A-10 B-1 B-2 B-3 B-4 B-5 B-6 B-7 B-8 B-9 B-10 C-1 C-2 C-3',
	'10 a row, as many as its capacity (S4-VT-3, S4-VT-6)');
SELECT is((evently.book(event('grid'), person('ann'), '{C-3}')).total_price, 5::numeric, 'sold at the event''s price; the seat is tied to its booking (S4-VT-5)');
SELECT throws_ok($$SELECT evently.generate_seats(event('grid'), 2, 2)$$, 'VE421', NULL, 'a second grid is refused');
SELECT is((evently.generate_seats(event('club'), 2, 3, version => 1)).total_capacity, 6, 'rows and seats a row: the capacity is theirs');
SELECT evently.create_event('sold', now() + interval '9 days', total_capacity => 23) \g /dev/null
SELECT evently.book(event('sold'), person('ann'), quantity => 1) \g /dev/null
SELECT throws_ok($$SELECT evently.generate_seats(event('sold'))$$, 'VE405', NULL, 'what is sold keeps its section');
SELECT evently.create_event('adjusted', now() + interval '9 days', total_capacity => 23) \g /dev/null
SELECT evently.adjust_availability(event('adjusted'), -2) \g /dev/null
SELECT throws_ok($$SELECT evently.generate_seats(event('adjusted'))$$, 'VE405', NULL, 'so does what another system has sold');
SELECT evently.create_event('awaited', now() + interval '9 days', total_capacity => 23, sale_status => 'sold_out') \g /dev/null
SELECT evently.join_waitlist(event('awaited'), person('ann')) \g /dev/null
SELECT throws_ok($$SELECT evently.generate_seats(event('awaited'))$$, 'VE405', NULL, 'and so is what somebody waits for');

-- Drawn
SELECT results_eq($$SELECT l.min_x, l.max_x, l.max_y, s.name, s.focal_x, s.focal_y, cardinality(s.seats), s.seats[11].seat_id, s.seats[11].y
		FROM evently.get_event_layout(event('grid')) l, unnest(l.sections) s$$,
	$$VALUES (1::numeric, 10::numeric, 2::numeric, 'General', 5.5, 0::numeric, 23, 'B-1', 1::numeric)$$, 'a layout with coordinates (S3-VT-4)');

SELECT all_is_well();

-- One letter a seat: sold, held, held no more, kept back, another label, another number
SELECT evently.book(event('show'), person('ann'), '{A-1,B-2}'), evently.hold_seats(event('show'), person('bob'), '{A-2,C-4}'),
	evently.hold_seats(event('show'), person('cid'), '{B-1,AA-1}'), evently.block_seats(event('show'), 'press', '{AA-3,AA-4}') \g /dev/null
SELECT expire_holds_of('cid') \g /dev/null
UPDATE evently.event_seat SET label = 'Throne' WHERE event_id = event('show') AND label = 'C-1';
UPDATE evently.event_seat SET number = 9, label = 'C-9' WHERE event_id = event('show') AND label = 'C-4';
CREATE VIEW compact AS SELECT c.* FROM evently.get_seat_map_page(event('show'), format => 'Compact') c;
SELECT results_eq($$SELECT s.section, r."row", r.prefix, r.first, r.states FROM compact c, unnest(c.sections) s, unnest(s.rows) r$$,
	$$VALUES ('Stalls', 'A', 'A-', 1, 'shaa'), ('Stalls', 'B', 'B-', 1, 'asaa'), ('Stalls', 'C', 'Throne', NULL, 'a'),
		('Stalls', 'C', 'C-', 2, 'aa'), ('Stalls', 'C', 'C-', 9, 'h'), ('Balcony', 'AA', 'AA-', 1, 'aabb')$$, 'a compact map: a letter for each seat, in runs');
SELECT results_eq($$SELECT s.section_id, s.section, r."row", r.prefix || coalesce((r.first + i - 1)::text, ''), s.price,
		CASE substr(r.states, i, 1) WHEN 'a' THEN 'available' WHEN 'h' THEN 'held' WHEN 's' THEN 'sold' WHEN 'b' THEN 'blocked' END
	FROM compact c, unnest(c.sections) s, unnest(s.rows) r, generate_series(1, length(r.states)) i$$,
	$$SELECT m.section_id, m.section, m."row", m.seat_id, m.price, m.status FROM evently.get_seat_map(event('show')) m$$, 'it says of each seat what the full one says');
SELECT results_eq($$SELECT c.total, c.available, c.currency, c.seats IS NULL, ARRAY(SELECT s.total * 100 + s.available FROM unnest(c.sections) s) FROM compact c$$,
	$$SELECT f.total, f.available, f.currency, f.sections IS NULL, '{1208,402}'::integer[] FROM evently.get_seat_map_page(event('show')) f$$, 'and counts as it does');
SELECT results_eq($$SELECT (s).* FROM evently.get_seat_map_page(event('show'), format => 'full') f, unnest(f.seats) s$$,
	$$SELECT * FROM evently.get_seat_map(event('show'))$$, 'the full one has each seat''s details');
SELECT is((SELECT c.sections FROM evently.get_seat_map_page(event('awaited'), format => 'compact') c), '{}', 'no seats, no sections');
SELECT throws_ok($$SELECT evently.get_seat_map_page(event('show'), format => 'bitmap')$$, 'VE001', NULL, 'no other forms');

SELECT * FROM finish();
ROLLBACK;
