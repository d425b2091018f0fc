\set ECHO none
\i sql/include/setup.psql
SELECT plan(31);

DO $$
BEGIN
	PERFORM evently.create_venue('Arena Nord', city => 'Lille', capacity => 50);
	PERFORM evently.create_event('Jazz Night', '2099-03-01Z', venue_id => test.venue('Arena Nord'), event_type => 'Concert', tags => '{music,open-air}',
		description => 'Smooth sounds after midnight', created_by => person('maker'));
	PERFORM evently.create_event('Rock it', '2099-03-02Z', total_capacity => 5, event_type => 'Concert', tags => '{music,x}', description => 'Not jazz at all', created_by => person('maker'));
	PERFORM evently.create_event('Metallica', '2099-03-03Z', venue_id => test.venue('Arena Nord'), created_by => person('maker'));
	PERFORM evently.create_event('Jazz Secret', '2099-03-04Z', total_capacity => 5, status => 'draft', created_by => person('maker'));
END
$$;
CREATE FUNCTION found(q text, filters text DEFAULT 'page => 1') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	names text;
BEGIN
	EXECUTE format('SELECT concat_ws('': '', CASE WHEN p.fuzzy THEN ''like'' END, (SELECT string_agg(e.name, '', '') FROM unnest(p.events) e))
		FROM evently.search_events(%L, created_by => test.person(''maker''), %s) p', q, filters) INTO names;
	RETURN names;
END
$$;
SELECT is(found(q), names, why)
FROM (VALUES
	('jazz', 'Jazz Night, Jazz Secret, Rock it', 'a name counts more than a description (S1-SRCH-1)'),
	('JAZZ', 'Jazz Night, Jazz Secret, Rock it', 'without case'),
	('nig ja', 'Jazz Night', 'words as they begin, in any order'),
	('jazz midnight', 'Jazz Night', 'in name and description'),
	('jazz lille', 'Jazz Night', 'in the event and its venue''s city'),
	('arena', 'Jazz Night, Metallica', 'in the venue''s name'),
	('arena nord met', 'Metallica', 'in both'),
	('concert', 'Jazz Night, Rock it', 'in the type'),
	('open-air', 'Jazz Night', 'in a tag'),
	('metalica', 'like: Metallica', 'a letter is missing'),
	('metalliac', 'like: Metallica', 'or two have changed places'),
	('aerna nord', 'like: Jazz Night, Metallica', 'in the venue''s name, too'),
	('quidditch', '', 'nothing like it'),
	('o''zqk', '', 'a quote is no syntax'),
	('a\ & b | !c:* <->', '', 'nor are operators'),
	(repeat('zxqv ', 99), '', 'a long text')
) f (q, names, why);
SELECT is(found(q, filters), names, why)
FROM (VALUES
	('jazz', 'published_only => true', 'Jazz Night, Rock it', 'the public sees what is published'),
	('jazz', 'type => ''concert'', tags => ''{open-air}''', 'Jazz Night', 'with filters'),
	('jazz', 'city => ''LILLE''', 'Jazz Night', 'by city'),
	('jazz', 'date_from => ''2099-03-02''', 'Jazz Secret, Rock it', 'from a day on'),
	('jazz', '"limit" => 1, page => 2', 'Jazz Secret', 'in pages'),
	('metalica', 'type => ''concert''', '', 'no filter is passed by for what is like it')
) f (q, filters, names, why);
SELECT is((SELECT ROW(p.total, p.has_more, cardinality(p.events))::text FROM evently.search_events('jazz', created_by => person('maker'), "limit" => 2) p), '(3,t,2)', 'counted');
SELECT is((SELECT (p.facets).types FROM evently.search_events('jazz', created_by => person('maker'), "limit" => 1) p), ARRAY[('Concert', 2)]::evently.facet[], 'facets: types of all that is found');
SELECT is((SELECT (p.facets).tags FROM evently.search_events('jazz', created_by => person('maker'), "limit" => 1) p)::text[] @> '{"(music,2)","(open-air,1)"}', true, 'tags');
SELECT is((SELECT (p.facets).cities FROM evently.search_events('jazz', created_by => person('maker')) p), ARRAY[('Lille', 1)]::evently.facet[], 'cities');
SELECT evently.update_event(event('Metallica'), name => 'Slayer') \g /dev/null
SELECT is(found('slayer') || found('metallica'), 'Slayer', 'a new name is found at once, the old one no more (S5-SRCH-1)');
SELECT evently.update_venue(venue('Arena Nord'), name => 'Zenith') \g /dev/null
SELECT is(found('zenith'), 'Jazz Night, Slayer', 'a venue''s new name, too');
SELECT throws_ok(format('SELECT evently.search_events(%L)', q), 'VE001', NULL, 'H74: not to be searched for: ' || left(quote_nullable(q), 20)) FROM unnest(ARRAY[NULL, ' % ', repeat('a ', 300)]) q;

SELECT * FROM finish();
ROLLBACK;
