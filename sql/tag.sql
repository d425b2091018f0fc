\set ECHO none
\i sql/include/setup.psql
SELECT plan(29);

CREATE FUNCTION tag(slug text) RETURNS uuid LANGUAGE sql VOLATILE AS 'SELECT tag_id FROM evently.get_tag_by_slug($1)';

SELECT results_eq($$SELECT slug, name, description, is_active, version FROM evently.create_tag(' Rock & Roll!'::text, 'Loud')$$,
	$$VALUES ('rock-roll', ' Rock & Roll!', 'Loud', true, 1)$$, 'a tag''s slug is made from its name');
SELECT is((evently.create_tag('Jazz', slug => 'all-that-jazz', is_active => false)).slug, 'all-that-jazz', 'or given');
SELECT throws_ok($$SELECT evently.create_tag('rock roll')$$, 'VE423', NULL, 'one tag of a slug');
SELECT throws_ok(format('SELECT evently.create_tag(%L, slug => %L)', name, slug), 'VE001', NULL, why)
FROM (VALUES (NULL, 'x', 'no name'), ('X', 'X y', 'a slug that is none'), ('!', NULL, 'a name without a slug'),
	('X', repeat('x', 51), 'a slug that no event can carry')) w (name, slug, why);
SELECT results_eq($$SELECT l.total, (SELECT string_agg(t.slug, ' ') FROM unnest(l.tags) t) FROM evently.list_tags_page() l$$,
	$$VALUES (2::bigint, 'all-that-jazz rock-roll')$$, 'a page of tags, by slug');
SELECT results_eq($$SELECT l.total, l.tags[1].slug, l.has_more FROM evently.list_tags_page(active_only => true, "limit" => 1) l$$,
	$$VALUES (1::bigint, 'rock-roll', false)$$, 'the active ones');
SELECT throws_ok($$SELECT evently.get_tag_by_slug('all-that-jazz', active_only => true)$$, 'VE422', NULL, 'one that is not active is not shown to buyers');
SELECT results_eq($$SELECT slug, name, description, is_active, version FROM evently.update_tag(tag('rock-roll'), name => 'Rock', is_active => false, version => 1)$$,
	$$VALUES ('rock-roll', 'Rock', 'Loud', false, 2)$$, 'an update changes what is given');
SELECT throws_ok($$SELECT evently.update_tag(tag('rock-roll'), name => 'X', version => 1)$$, 'VE408', NULL, 'a stale version is refused');
SELECT is((evently.create_event('tagged', now() + interval '1 day', total_capacity => 1, tags => '{rock-roll,free}')).tags, '{rock-roll,free}',
	'events carry slugs, known or not');
SELECT is(concat_ws(' ', r.sqlstate, r.detail::jsonb ->> 'field', r.message), 'VE001 tags ' || expected, why || ' is refused: ' || call)
FROM (VALUES
	('ARRAY(SELECT ''t'' || n FROM generate_series(1, 21) n)', 'an event has at most 20 tags', 'one tag more than an event has'),
	('ARRAY[repeat(''t'', 51)]', 'a tag has 1 to 50 characters', 'a long tag'),
	('''{a,""}''', 'a tag has 1 to 50 characters', 'an empty tag'),
	('''{NULL}''', 'tags must not contain null', 'no tag')) w (tags, expected, why),
	unnest(ARRAY['create_event(''many'', now() + interval ''1 day'', total_capacity => 1, tags => %s)', 'update_event(event(''tagged''), tags => %s)']) call,
	LATERAL refusal('SELECT evently.' || format(call, tags)) r;
SELECT is((evently.update_event(event('tagged'), tags => ARRAY(SELECT 't' || n % 20 FROM generate_series(1, 5000) n))).tags,
	ARRAY(SELECT 't' || n % 20 FROM generate_series(1, 20) n), 'twenty are kept, each once, in their order');
SELECT is((evently.update_event(event('tagged'), tags => ARRAY[repeat('é', 50)])).tags, ARRAY[repeat('é', 50)], 'of fifty characters');
SELECT is((evently.update_event(event('tagged'), tags => '{}')).tags, '{}', 'none are some too');
SELECT is((evently.update_event(event('tagged'), tags => '{rock-roll,free,rock-roll}')).tags, '{rock-roll,free}', 'repeats are one');
SELECT tag('rock-roll') AS rock \gset
SELECT is((evently.delete_tag(:'rock', idempotency_key => 'k')).tag_id, (evently.delete_tag(:'rock', idempotency_key => 'k')).tag_id,
	'a tag is deleted; a retry gets the first answer');
SELECT is((evently.get_event(event('tagged'))).tags, '{rock-roll,free}', 'events keep its slug');
SELECT is((SELECT string_agg(type, ' ' ORDER BY type) FROM evently.outbox WHERE aggregatetype = 'TAG' AND aggregateid = :'rock'),
	'TAG_CREATED TAG_DELETED TAG_UPDATED', 'what became of it is told');

SELECT all_is_well();
SELECT * FROM finish();
ROLLBACK;
