-- 10,000 events with 1,000,000 bookings of 1 to 3 tickets over the last 120 days, a thirtieth of them cancelled, and 300,000
-- holds. Plain rows: what is measured is reading.
SET synchronous_commit = off;
SET client_min_messages = warning;
BEGIN;

INSERT INTO evently.venue (venue_id, name, city, country, capacity, created_at)
SELECT gen_random_uuid(), 'Hall ' || n, 'City ' || n % 50, 'Country ' || n % 5, 500, now() FROM generate_series(1, 200) n;

CREATE TEMP TABLE numbered AS
SELECT n, evently.new_id(NULL) AS event_id, evently.new_id(NULL) AS section_id, (ARRAY['USD', 'EUR', 'JPY', 'USD'])[1 + n % 4] AS currency
FROM generate_series(1, 10000) n;
CREATE UNIQUE INDEX ON numbered (n);

INSERT INTO evently.event (event_id, name, venue_id, event_type, start_datetime, end_datetime, total_capacity, base_price, currency,
	status, tags, created_by, created_at, updated_at)
SELECT e.event_id, 'Event ' || e.n, (SELECT array_agg(venue_id) FROM evently.venue)[1 + e.n % 200], 'concert',
	now() + make_interval(days => e.n % 300 - 100), now() + make_interval(days => e.n % 300 - 100, hours => 3), 500, 20, e.currency,
	CASE WHEN e.n % 50 = 0 THEN 'draft' ELSE 'published' END, '{}', md5((e.n % 100)::text)::uuid, now(), now()
FROM numbered e;
INSERT INTO evently.event_section (event_id, section_id, ordinal, name, kind, capacity, price_multiplier, price, stripes)
SELECT event_id, section_id, 1, 'General', 'general', 500, 1, 20, 1 FROM numbered;

INSERT INTO evently.booking (event_id, booking_id, user_id, quantity, total_price, currency, status, created_at)
SELECT e.event_id, evently.new_id(e.event_id), md5((b % 100000)::text)::uuid, 1 + b % 3, 20 * (1 + b % 3), e.currency,
	(CASE WHEN b % 30 = 0 THEN 'cancelled' ELSE 'confirmed' END)::evently.booking_status, now() - make_interval(secs => b * 10.368)
FROM generate_series(1, 1000000) b JOIN numbered e ON e.n = 1 + b % 10000;
INSERT INTO evently.cancellation (event_id, cancellation_id, booking_id, fee, refund_amount, currency, requested_at)
SELECT b.event_id, evently.new_id(b.event_id), b.booking_id, 0, b.total_price, b.currency, b.created_at + (now() - b.created_at) / 2
FROM evently.booking b WHERE b.status = 'cancelled';
INSERT INTO evently.ticket (event_id, booking_id, ticket_id, section_id, price, cancelled_at)
SELECT b.event_id, b.booking_id, evently.new_id(b.event_id), e.section_id, 20, CASE b.status WHEN 'cancelled' THEN b.created_at + (now() - b.created_at) / 2 END
FROM evently.booking b JOIN numbered e ON e.event_id = b.event_id, generate_series(1, b.quantity);

INSERT INTO evently.hold (event_id, hold_id, user_id, section_id, quantity, prices, total_price, currency, status, created_at, expires_at)
SELECT e.event_id, evently.new_id(e.event_id), md5((h % 100000)::text)::uuid, e.section_id, 1, '{20}', 20, e.currency,
	(ARRAY['confirmed', 'released', 'expired', 'confirmed'])[1 + h % 4]::evently.hold_status, now() - interval '1 day', now() - interval '23 hours'
FROM generate_series(1, 300000) h JOIN numbered e ON e.n = 1 + h % 10000;
COMMIT;
