\set ECHO none
\i sql/include/setup.psql
SELECT plan(98);

CREATE FUNCTION labels(venue text) RETURNS text LANGUAGE sql STABLE
AS $$ SELECT string_agg(label, ' ' ORDER BY ordinal) FROM evently.venue_seat WHERE venue_id = test.venue($1) $$;

-- Sections and their seats
SELECT results_eq(
	$$SELECT v.capacity, s.name, s.kind, s.capacity, s.price_multiplier FROM evently.get_venue(venue('Hall')) v, unnest(v.sections) s$$,
	$$VALUES (46, 'Stalls', 'reserved', 12, 1::numeric), (46, 'Balcony', 'reserved', 4, 2), (46, 'Floor', 'general', 30, 0.5)$$,
	'a venue has its sections in order, and their capacity (S2-VEN-1, S3-VT-3)');
SELECT is(labels('Hall'), 'A-1 A-2 A-3 A-4 B-1 B-2 B-3 B-4 C-1 C-2 C-3 C-4 AA-1 AA-2 AA-3 AA-4',
	'seats are A-1 where no two sections share a row (S4-VT-6)');
SELECT evently.create_venue('Shared', sections => '[
	{"name": "VIP", "kind": "reserved", "rows": 1, "seats_per_row": 2},
	{"name": "Main", "rows": 1, "seats_per_row": 2},
	{"name": "Bar", "capacity": 5}]') \g /dev/null
SELECT is(labels('Shared'), 'VIP-A-1 VIP-A-2 Main-A-1 Main-A-2', 'VIP-A-1 where sections share rows');
SELECT is((SELECT string_agg(s.kind, ' ') FROM evently.get_venue(venue('Shared')) v, unnest(v.sections) s),
	'reserved reserved general', 'the kind follows from what is given');
SELECT results_eq($$SELECT label, x, y FROM evently.venue_seat WHERE venue_id = venue('Shared') ORDER BY ordinal$$,
	$$VALUES ('VIP-A-1', 1::numeric, 0::numeric), ('VIP-A-2', 2, 0), ('Main-A-1', 1, 2), ('Main-A-2', 2, 2)$$,
	'seats stand beside each other, sections behind each other');

-- H17: natural order, past 1,300 seats of 26 rows and past 2,000
SELECT evently.create_venue('Large', sections => '[{"name": "All", "rows": 60, "seats_per_row": 50}]') \g /dev/null
SELECT evently.create_event('large', now() + interval '1 day', venue_id => venue('Large')) \g /dev/null
CREATE TEMP TABLE seat_in_map AS
	SELECT row_number() OVER () AS place, seat_id FROM evently.get_seat_map(event('large'));
CREATE FUNCTION place(seat text) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT place FROM seat_in_map WHERE seat_id = $1';
SELECT is((SELECT count(DISTINCT seat_id) FROM seat_in_map), 3000::bigint, 'H17: 3,000 labels, each once');
SELECT is(place('A-2') - place('A-1'), 1::bigint, 'H17: A-2 follows A-1');
SELECT cmp_ok(place('A-2'), '<', place('A-10'), 'H17: A-2 stands before A-10');
SELECT is(place('AA-1') - place('Z-50'), 1::bigint, 'H17: AA follows Z, seat 1,301');
SELECT is(place('AZ-1'), 51 * 50 + 1::bigint, 'H17: AZ is row 52, past 2,000 seats');
SELECT is(place('BA-1') - place('AZ-50'), 1::bigint, 'H17: BA follows AZ');
SELECT is((SELECT seat_id FROM seat_in_map WHERE place = 3000), 'BH-50', 'H17: the last seat is BH-50');
SELECT is((SELECT array_agg(seat_id) FROM (SELECT unnest(seat_ids) AS seat_id
		FROM evently.hold_seats(event('large'), person('ann'), '{AA-1,Z-50,A-10,A-2,Z-9}')) s),
	'{A-2,A-10,Z-9,Z-50,AA-1}'::text[], 'H17: a hold answers its seats in natural order');
SELECT is(evently.row_label(row), label, format('row %s is %s', row, label))
FROM (VALUES (0, 'A'), (25, 'Z'), (26, 'AA'), (51, 'AZ'), (52, 'BA'), (701, 'ZZ'), (702, 'AAA')) r (row, label);
SELECT throws_ok('SELECT evently.row_label(-1)', 'VE001', 'rows are numbered from 0', 'there is no row before A');

-- What is refused
SELECT throws_ok(format('SELECT evently.create_venue(''Bad'', sections => %L)', sections), 'VE001', NULL, why)
FROM (VALUES
	('[{"rows": 1, "seats_per_row": 1}]', 'a section without a name'),
	('[{"name": "A", "kind": "reserved"}]', 'a reserved section without rows'),
	('[{"name": "A", "kind": "general"}]', 'a general section without capacity'),
	('[{"name": "A", "kind": "general", "capacity": 0}]', 'a general section of nothing'),
	('[{"name": "A", "capacity": 2147483647}, {"name": "B", "capacity": 2147483647}, {"name": "C", "capacity": 10}]', 'capacities whose sum is more than an integer counts'),
	('[{"name": "A", "kind": "standing", "capacity": 5}]', 'an unknown kind'),
	('[{"name": "A", "rows": 0, "seats_per_row": 5}]', 'no rows'),
	('[{"name": "A", "rows": 100000, "seats_per_row": 100000}]', 'more seats than an integer counts'),
	('[{"name": "A", "rows": 1, "seats_per_row": 5, "row_start": "1"}]', 'rows that do not begin with a letter'),
	('{"name": "A", "capacity": 5}', 'sections that are no array'),
	('[5]', 'a section that is no object'),
	('[{"name": "A", "capacity": 5}, {"name": "A", "capacity": 5}]', 'two sections of one name')) s (sections, why);
SELECT is(concat_ws(' ', r.sqlstate, r.detail::jsonb ->> 'field', r.detail::jsonb ->> 'section', r.message), format('VE001 %s A %s', c.field, c.message), format('%s: %s is refused', field, value))
FROM (SELECT field, format('%s of section A must be a whole number from 1 to 1000000', field), value
		FROM unnest('{rows,seats_per_row,total_seats,capacity}'::text[]) field, unnest(ARRAY['1e10', '1.5', '1e300', '-1', '"x"', '""', '{}', '[]', 'true']) value
	UNION ALL SELECT 'price_multiplier', 'the price_multiplier of section A must be between 0 and 1000', unnest(ARRAY['1e10', '-1', '"x"', '"NaN"', '{}', '[]', 'true'])
	UNION ALL SELECT 'accessible_seats', 'accessible_seats of section A must be an array of texts', unnest(ARRAY['1', '"A-1"', '{}', '[null]', '[[]]', '[1]'])) c (field, message, value),
	LATERAL refusal(format('SELECT evently.create_venue(''Bad'', sections => %L)', format('[{"name": "A", "rows": 1, "seats_per_row": 2, "%s": %s}]', field, value))) r;
SELECT throws_ok($$SELECT evently.create_venue('')$$, 'VE001', NULL, 'an empty name');
SELECT throws_ok($$SELECT evently.create_venue('Bad', capacity => 1000001)$$, 'VE001', NULL, 'a capacity above a million');
SELECT is((SELECT count(*) FROM evently.venue WHERE name = 'Bad'), 0::bigint, 'nothing is left of what is refused');

-- Changes
SELECT results_eq($$SELECT city, address, version FROM evently.update_venue(venue('Hall'), city => 'Paris', version => 1)$$,
	$$VALUES ('Paris', '1 Quai', 2)$$, 'an update changes what is given and raises version (S2-VEN-3)');
SELECT throws_ok($$SELECT evently.update_venue(venue('Hall'), city => 'Rome', version => 1)$$, 'VE408', NULL,
	'a stale version is refused (S2-EVA-7)');
SELECT throws_ok($$SELECT evently.update_venue(person('nobody'), city => 'Rome')$$, 'VE409', NULL, 'H74: an unknown venue');
SELECT throws_ok($$SELECT evently.get_venue(person('nobody'))$$, 'VE409', NULL, 'H74: an unknown venue cannot be read');
SELECT throws_ok($$SELECT evently.update_venue(venue('Hall'), capacity => 5)$$, 'VE001', NULL,
	'the capacity of a venue with sections is theirs');
SELECT throws_ok($$SELECT evently.delete_venue(venue('Hall'))$$, 'VE410', NULL, 'a venue with events stays (S2-VEN-5)');
SELECT results_eq($$SELECT message, venue_id FROM evently.delete_venue(venue('Shared'))$$,
	$$SELECT 'Venue deleted', venue('Shared')$$, 'one without is deleted (S2-VEN-4)');
SELECT is(venue('Shared'), NULL, 'and is gone');

-- Lists
SELECT evently.create_venue('100% Fun', city => 'Oslo'), evently.create_venue('1000 Fun', city => 'oslo'),
	evently.create_venue('snake_case', city => 'Oslo') \g /dev/null
SELECT results_eq($$SELECT name FROM evently.list_venues(city => 'OSLO')$$, $$VALUES ('100% Fun'), ('1000 Fun'), ('snake_case')$$,
	'the city is compared without case, venues come by name (S2-VEN-2)');
SELECT results_eq($$SELECT name FROM evently.list_venues(search => '0% f')$$, $$VALUES ('100% Fun')$$,
	'H72: % is a plain character of a search (S2-SRCH-2)');
SELECT results_eq($$SELECT name FROM evently.list_venues(city => 'Oslo', search => '_')$$, $$VALUES ('snake_case')$$,
	'H72: _ is a plain character');
SELECT results_eq($$SELECT cardinality(venues), total, page, "limit", has_more
		FROM evently.list_venues_page(city => 'Oslo', "limit" => 2)$$,
	$$VALUES (2, 3::bigint, 1, 2, true)$$, 'a page says whether there is more');
SELECT results_eq($$SELECT (venues[1]).name, page, has_more FROM evently.list_venues_page(city => 'Oslo', page => 2, "limit" => 2)$$,
	$$VALUES ('snake_case', 2, false)$$, 'the last page has no more');

SELECT * FROM finish();
ROLLBACK;
