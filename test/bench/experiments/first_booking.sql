-- Times the first booking of a new 50,000-seat event and the 200 after it, in a session whose plans are made.
SELECT venue_id AS venue FROM evently.event WHERE event_id = :'house' \gset
SELECT event_id AS warm FROM evently.create_event('Warm-up', now() + interval '30 days', venue_id => :'venue') \gset
SELECT event_id AS new FROM evently.create_event('New', now() + interval '30 days', venue_id => :'venue') \gset
SELECT format('SELECT FROM evently.book(%L, gen_random_uuid(), ARRAY[''101-A-%s''])', :'warm', n) FROM generate_series(1, 50) n \gexec
\timing on
SELECT format('SELECT FROM evently.book(%L, gen_random_uuid(), ARRAY[''110-%s-%s''])', :'new', evently.row_label(n / 50), n % 50 + 1)
FROM generate_series(0, 200) n \gexec
