-- :events events on sale in 500 venues of 50 cities, of 7 types, for lists: as create_event() would make them, in one go.
INSERT INTO evently.venue (venue_id, name, city, country, capacity, created_at)
SELECT md5('venue' || n)::uuid, 'Hall ' || n, 'City ' || n % 50, 'Country ' || n % 5, 500, now() FROM generate_series(1, 500) n;
INSERT INTO evently.event (event_id, name, description, venue_id, event_type, start_datetime, end_datetime, total_capacity, base_price,
	status, tags, created_by, created_at, updated_at)
SELECT evently.new_id(NULL), 'Evening ' || n, 'With ' || substr(md5('guest' || n % 5000), 1, 8), md5('venue' || 1 + n % 500)::uuid,
	'type' || n % 7, now() + make_interval(days => 1, mins => n), now() + make_interval(days => 1, mins => n + 180), 100, n % 997,
	'published', ARRAY['tag' || n % 300], md5((n % 1000)::text)::uuid, now() - make_interval(mins => n), now()
FROM generate_series(1, :events) n;
INSERT INTO evently.event_section (event_id, section_id, ordinal, name, kind, capacity, price_multiplier, price, stripes)
SELECT event_id, evently.new_id(event_id), 1, 'General', 'general', 100, 1, base_price, evently.stripes_for(100, 1)
FROM evently.event WHERE name LIKE 'Evening %';
INSERT INTO evently.stock (event_id, section_id, stripe, reserved, available)
SELECT s.event_id, s.section_id, i, false, s.capacity / s.stripes + (i < s.capacity % s.stripes)::integer
FROM evently.event_section s JOIN evently.event e USING (event_id), generate_series(0, s.stripes - 1) i WHERE e.name LIKE 'Evening %';
ANALYZE evently.venue, evently.event, evently.event_section, evently.stock;
