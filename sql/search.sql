\set ECHO none
\i sql/include/setup.psql
SELECT plan(130);

-- Five events of one maker, so that what the database holds besides does not show.
DELETE FROM evently.event WHERE name IN ('show', 'twin', 'club');
DO $$
DECLARE
	maker uuid := test.person('maker');
BEGIN
	PERFORM evently.create_venue('Arena', city => 'Lille', capacity => 50);
	PERFORM evently.create_event('Jazz Night', '2099-03-01 20:00Z', venue_id => test.venue('Arena'), event_type => 'Concert',
		base_price => 30, tags => '{music,night}', created_by => maker);
	PERFORM evently.create_event('100% Rock', '2099-03-02 00:00Z', venue_id => test.venue('Arena'), event_type => 'concert',
		base_price => 10, tags => '{music}', created_by => maker, description => 'Loud_and clear');
	PERFORM evently.create_event('1000 Violins', '2099-03-02 23:59:59Z', total_capacity => 5, base_price => 20,
		event_type => 'classical', created_by => maker);
	PERFORM evently.create_event('art fair', '2099-04-01 10:00Z', total_capacity => 5, created_by => maker);
	PERFORM evently.create_event('Secret', '2099-05-01 10:00Z', total_capacity => 5, base_price => 5, created_by => maker, status => 'draft');
END
$$;
CREATE FUNCTION found(filters text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	names text;
BEGIN
	EXECUTE format('SELECT string_agg(name, '', '') FROM evently.list_events(created_by => test.person(''maker''), %s)', filters) INTO names;
	RETURN names;
END
$$;

SELECT is(found(filters), names, why)
FROM (VALUES
	('max_rows => 100', 'Jazz Night, 100% Rock, 1000 Violins, art fair, Secret', 'all, by their start (S1-EVP-1)'),
	('published_only => true', 'Jazz Night, 100% Rock, 1000 Violins, art fair', 'the public sees what is published (S2-EVP-1)'),
	('status => ''DRAFT''', 'Secret', 'by status (S5-EVP-3)'),
	('type => ''concert''', 'Jazz Night, 100% Rock', 'by type, without case'),
	('city => ''LILLE''', 'Jazz Night, 100% Rock', 'by city, without case'),
	('tags => ''{music}''', 'Jazz Night, 100% Rock', 'by tag'),
	('tags => ''{night,music}''', 'Jazz Night', 'by all of several tags'),
	('q => ''jazz''', 'Jazz Night', 'by a part of the name (S4-EVP-1, S4-SRCH-1)'),
	('q => ''LOUD''', '100% Rock', 'or of the description'),
	('q => ''arena''', 'Jazz Night, 100% Rock', 'or of the venue'),
	('q => ''0%''', '100% Rock', 'H72: % is a plain character'),
	('q => ''d_a''', '100% Rock', 'H72: _ is a plain character'),
	('q => ''\''', NULL, 'H72: so is a backslash'),
	('q => ''100_ Rock''', NULL, 'H72: which stands for nothing else'),
	('date => ''2099-03-02''', '100% Rock, 1000 Violins', 'by day, whole'),
	('date_from => ''2099-03-02''', '100% Rock, 1000 Violins, art fair, Secret', 'from a day on'),
	('date_to => ''2099-03-02''', 'Jazz Night, 100% Rock, 1000 Violins', 'to the end of a day'),
	('date_from => ''2099-03-01T20:00:01Z'', date_to => ''2099-04-01''', '100% Rock, 1000 Violins, art fair', 'between a time and a day'),
	('sort => ''name''', '100% Rock, 1000 Violins, art fair, Jazz Night, Secret', 'sorted by name, without case'),
	('sort => ''price'', "order" => ''desc'', max_rows => 3', 'Jazz Night, 1000 Violins, 100% Rock', 'sorted by price, downwards'),
	('sort => ''created_at'', "order" => ''DESC'', max_rows => 1', 'Secret', 'sorted by the time of creation'),
	('max_rows => 2, skip => 1', '100% Rock, 1000 Violins', 'a part of the list')
) f (filters, names, why);
SELECT throws_ok(format('SELECT evently.list_events(%s)', filters), sqlstate, NULL, why)
FROM (VALUES
	('sort => ''id''', 'VE001', 'H74: an unknown order'),
	('"order" => ''up''', 'VE001', 'H74: an unknown direction'),
	('status => ''sold''', 'VE001', 'H74: an unknown status'),
	('status => ''sold'', created_by => test.person(''nobody'')', 'VE001', 'H74: an unknown status where no event is'),
	('date => ''soon''', 'VE001', 'H74: a date that is none'),
	('date => ''2099-02-30''', 'VE001', 'H74: a day that is none')
) f (filters, sqlstate, why);

SELECT is(concat_ws(' ', r.sqlstate, r.detail::jsonb ->> 'field', r.message), format('VE001 %1$s %1$s must be a date or a time', field), format('H74: %s by %s', left(value, 40), call))
FROM (VALUES
	('date', 'garbage'), ('date_from', 'garbage'), ('date_to', 'garbage'), ('date_from', ''), ('date_to', '2099-13-01'), ('date', '0000-01-01'),
	('date_from', '300000-01-01'), ('date_from', '2099-01-01 12:00 Nowhere/Land'), ('date_from', '2099-01-01 12:00 Nowhere'),
	('date_to', '12:00'), ('date_to', repeat('9', 5000)), ('date', '2099-01-01 25:00'), ('date', repeat('1 ', 30))) v (field, value),
	(VALUES ('list_events(%s => %L)'), ('list_events_page(%s => %L)'), ('search_events(''x'', %s => %L)'), ('list_admin_events_page(person(''maker''), %s => %L)')) c (call),
	LATERAL refusal('SELECT evently.' || format(call, field, value)) r;
SELECT is((SELECT string_agg(e.name, ', ' ORDER BY e.name) FROM evently.list_events(created_by => person('maker'), date_from => value) e), names, 'a time: ' || value)
FROM (SELECT string_agg(e.name, ', ' ORDER BY e.name) AS names FROM evently.list_events(created_by => person('maker')) e) a,
	unnest('{today,-infinity,epoch,1999-01-08 04:05:06 -8:00,1999-01-08 04:05 America/New_York,"Jan 8, 1999",January-08-1999 UTC,20990101T000000Z}'::text[]) value;
SELECT is((SELECT count(*) FROM evently.list_events(created_by => person('maker'), date_from => 'infinity')), 0::bigint, 'nothing is after all times');

-- Pages (H72)
SELECT results_eq(
	$$SELECT cardinality(events), total, page, "limit", has_more FROM evently.list_events_page(created_by => person('maker'), page => 2, "limit" => 2)$$,
	$$VALUES (2, 5::bigint, 2, 2, true)$$, 'a page in the middle (S1-EVP-4)');
SELECT results_eq(
	$$SELECT e.name FROM generate_series(1, 4) n, evently.list_events_page(created_by => person('maker'), page => n, "limit" => 2, sort => 'price') p,
		unnest(p.events) e$$,
	$$SELECT name FROM evently.list_events(created_by => person('maker'), sort => 'price')$$, 'H72: all pages show each event once, in order');
SELECT is((SELECT p.page || ' ' || (p.events[1]).name FROM evently.list_events_page(created_by => person('maker'), "offset" => 4, "limit" => 2) p),
	'3 Secret', 'an offset does as well (S3-EVP-1)');
SELECT is((SELECT p."limit" FROM evently.list_events_page("limit" => 1000) p), 100, 'a page has at most 100');
SELECT throws_ok(format('SELECT evently.list_events_page(%s)', a), 'VE001', NULL, 'H74: ' || a)
FROM unnest(ARRAY['page => 0', '"limit" => 0', '"offset" => -1']) a;
-- Cursors (H72): a walk over all pages, while an event is added before and one behind the place where it stands.
CREATE FUNCTION walk(sort text, "order" text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	page evently.event_page;
	seen text[] := '{}';
BEGIN
	LOOP
		SELECT * INTO page FROM evently.list_events_page(created_by => test.person('maker'), "limit" => 2, sort => walk.sort, "order" => walk."order",
			cursor => page.next_cursor);
		seen := seen || ARRAY(SELECT e.name FROM unnest(page.events) e);
		EXIT WHEN page.next_cursor IS NULL;
		IF cardinality(seen) = 2 THEN
			PERFORM evently.create_event('AA first', '2098-01-01Z', total_capacity => 1, base_price => 0, created_by => test.person('maker'));
			PERFORM evently.create_event('zz last', '2100-01-01Z', total_capacity => 1, base_price => 99, created_by => test.person('maker'));
		END IF;
	END LOOP;
	DELETE FROM evently.event WHERE name IN ('AA first', 'zz last');
	RETURN array_to_string(seen, ', ');
END
$$;
SELECT is(walk(sort, o), expected, format('H72: by %s, %s, each event once, and what is added behind', sort, o))
FROM (VALUES
	('start_datetime', 'asc', 'Jazz Night, 100% Rock, 1000 Violins, art fair, Secret, zz last'),
	('start_datetime', 'desc', 'Secret, art fair, 1000 Violins, 100% Rock, Jazz Night, AA first'),
	('name', 'asc', '100% Rock, 1000 Violins, AA first, art fair, Jazz Night, Secret, zz last'),
	('name', 'desc', 'Secret, Jazz Night, art fair, AA first, 1000 Violins, 100% Rock'),
	('price', 'desc', 'Jazz Night, 1000 Violins, 100% Rock, Secret, AA first, art fair'),
	('created_at', 'asc', 'Jazz Night, 100% Rock, 1000 Violins, art fair, Secret, AA first, zz last')
) v (sort, o, expected);
SELECT is(walk('price', 'asc'), 'art fair, Secret, 100% Rock, 1000 Violins, Jazz Night, zz last', 'H72: by price, asc');
SELECT is(walk('created_at', 'desc'), 'Secret, art fair, 1000 Violins, 100% Rock, Jazz Night', 'H72: by created_at, desc');
SELECT is((SELECT ROW(p.total, p.page, p.has_more)::text FROM evently.list_events_page(created_by => person('maker'), cursor => (
	SELECT f.next_cursor FROM evently.list_events_page(created_by => person('maker'), "limit" => 4) f)) p), '(,,f)', 'with a cursor nothing is counted');
SELECT matches((SELECT p.next_cursor FROM evently.list_events_page(created_by => person('maker'), "limit" => 4) p), '^[0-9a-f]+$', 'a cursor needs no care in a URL');
SELECT is((SELECT p.next_cursor FROM evently.list_events_page(created_by => person('maker'), "limit" => 5) p), NULL, 'behind the last event there is none');
SELECT throws_ok(format('SELECT evently.list_events_page(cursor => %L, sort => %L)', c, s), 'VE001', NULL, 'H74: the cursor ' || coalesce(nullif(left(c, 20), ''), 'of nothing'))
FROM (VALUES ('', 'name'), ('zz', 'name'), ('abc', 'name'), (encode('name asc x', 'hex'), 'name'),
	(encode('start_datetime asc 00000000-0000-0000-0000-000000000000 1', 'hex'), 'name'),
	(encode('start_datetime asc 00000000-0000-0000-0000-000000000000 now', 'hex'), 'start_datetime'),
	(encode('price asc 00000000-0000-0000-0000-000000000000 1.2.3', 'hex'), 'price'),
	(encode('price asc 00000000-0000-0000-0000-000000000000 NaN', 'hex'), 'price'),
	(encode('\x6e616d652061736320' || '00000000-0000-0000-0000-000000000000 '::bytea || '\xff', 'hex'), 'name')) v (c, s);
-- No list takes a negative number of rows, and a null is all of them.
SELECT throws_ok(format('SELECT evently.%s', call), 'VE001', NULL, 'H74: ' || call)
FROM unnest('{list_venues(max_rows => -1), list_venues(skip => -1), list_venue_templates(max_rows => -1), list_venue_templates(skip => -1),
	"list_bookings(person(''maker''), max_rows => -1)", "list_bookings(person(''maker''), skip => -1)", "list_cancellations(person(''maker''), max_rows => -1)",
	"list_cancellations(person(''maker''), skip => -1)", list_organisers(max_rows => -1), list_organisers(skip => -1), list_refunds_due(max_rows => -1)}'::text[]) call;
SELECT is((SELECT count(*) FROM evently.list_venues(max_rows => NULL)), (SELECT count(*) FROM evently.venue), 'a list without bounds shows all');
-- The administrator's own list (S2-EVA-4)
SELECT is((SELECT p.total FROM evently.list_admin_events_page(person('maker')) p), 5::bigint, 'an administrator lists his own');
SELECT throws_ok($$SELECT evently.list_admin_events_page(person('maker'), 'all')$$, 'VE002', NULL, 'everybody''s only with events:any');

SELECT * FROM finish();
ROLLBACK;
