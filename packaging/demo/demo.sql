-- Demo data: three people, two venue templates, four venues, seven events, six with terms of cancelling, made by the same functions that everybody calls.
-- Does nothing where any account exists already.

-- bcrypt (cost 10) of the password "qwerty", as Python's crypt.crypt('qwerty', ...) made it.
\set password_hash '''$2b$10$kYfcMECm3JDgD5CfaiPy9ON9ibVw1QqZ.DKFJm6GlHhzEOjHamldC'''

SELECT EXISTS (SELECT FROM evently.account) AS loaded
\gset
\if :loaded
	\q
\endif

SELECT (evently.register_account(email => 'admin@example.com', password_hash => :password_hash, name => 'Ada Admin')).account.user_id AS admin
\gset
SELECT FROM evently.set_role(email => 'admin@example.com', role => 'admin');
SELECT FROM evently.register_account(email => 'user1@example.com', password_hash => :password_hash, name => 'Uma One');
SELECT FROM evently.register_account(email => 'user2@example.com', password_hash => :password_hash, name => 'Umberto Two');

SELECT venue_template_id AS theater_layout FROM evently.create_venue_template(
	name => 'Theater', description => 'Two rows before a stage', default_rows => 2, default_seats_per_row => 13,
	layout_type => 'theater', created_by => :'admin',
	sections => '[{"name": "Stalls", "kind": "reserved", "accessible_seats": ["B-1", "B-13"]}]')
\gset
SELECT venue_template_id AS conference_layout FROM evently.create_venue_template(
	name => 'Conference Hall', description => 'Four rows of seven', default_rows => 4, default_seats_per_row => 7,
	layout_type => 'conference', created_by => :'admin',
	sections => '[{"name": "Hall", "kind": "reserved", "accessible_seats": ["D-1", "D-7"]}]')
\gset
SELECT venue_id AS theater FROM evently.create_venue(
	name => 'Theater', address => '12 Stage Street', city => 'New York', country => 'US', capacity => 26, created_by => :'admin')
\gset
SELECT venue_id AS conference_hall FROM evently.create_venue(
	name => 'Conference Hall', address => '1 Congress Square', city => 'Boston', country => 'US', capacity => 28,
	created_by => :'admin')
\gset
SELECT venue_id AS riverside_club FROM evently.create_venue(
	name => 'Riverside Club', address => '7 Quay Road', city => 'New York', country => 'US', capacity => 500,
	created_by => :'admin')
\gset
-- 20 blocks of 50 rows of 50 seats: 50,000. The first four are nearest to the field.
SELECT venue_id AS stadium FROM evently.create_venue(
	name => 'Stadium', address => '100 Arena Way', city => 'Chicago', country => 'US', capacity => 50000,
	sections => (SELECT jsonb_agg(jsonb_build_object('name', (100 + block)::text, 'kind', 'reserved', 'rows', 50,
		'seats_per_row', 50, 'price_multiplier', CASE WHEN block <= 4 THEN 1.5 ELSE 1 END) ORDER BY block)
		FROM generate_series(1, 20) block),
	created_by => :'admin')
\gset

-- In the evening, local time, counted from today.
SELECT FROM (VALUES
	('Hamlet', 'Shakespeare''s tragedy in two rows and no distance.', 'theater',
		:'theater'::uuid, :'theater_layout'::uuid, NULL::integer, 14, time '19:00', 3, 45.00, 'America/New_York', '{drama,classic}'::text[]),
	('Chamber Music by Candlelight', 'Schubert and Ravel for string quartet.', 'concert',
		:'theater', :'theater_layout', NULL, 21, '20:00', 2, 30.00, 'America/New_York', '{music,classical}'),
	('PostgreSQL Day', 'A day of talks about the database below this page.', 'conference',
		:'conference_hall', :'conference_layout', NULL, 30, '09:00', 8, 120.00, 'America/New_York', '{technology,database}'),
	('Startup Pitch Night', 'Seven founders, five minutes each.', 'meetup',
		:'conference_hall', :'conference_layout', NULL, 10, '18:00', 3, 15.00, 'America/New_York', '{business}'),
	('Jazz at the Riverside', 'The house trio and guests. Standing.', 'concert',
		:'riverside_club', NULL, 500, 7, '21:00', 4, 25.00, 'America/New_York', '{music,jazz}'),
	('Open Mic Night', 'Free entry, five minutes for everyone.', 'community',
		:'riverside_club', NULL, 120, 5, '19:00', 3, 0.00, 'America/New_York', '{music,free}'),
	('Champions Cup Final', 'Fifty thousand seats, one trophy.', 'sport',
		:'stadium', NULL, NULL, 60, '18:00', 3, 80.00, 'America/Chicago', '{football,final}')
) AS e (name, description, event_type, venue_id, venue_template_id, capacity, in_days, at_time, hours, price, timezone, tags),
LATERAL (SELECT (current_date + in_days + at_time) AT TIME ZONE e.timezone AS starts) t,
LATERAL evently.create_event(
	name => e.name, description => e.description, event_type => e.event_type, venue_id => e.venue_id,
	venue_template_id => e.venue_template_id,
	total_capacity => e.capacity, start_datetime => t.starts, end_datetime => t.starts + make_interval(hours => e.hours),
	timezone => e.timezone, base_price => e.price, tags => e.tags, created_by => :'admin');

-- Terms of cancelling, each of its own kind; the final has none and is free of charge until the start.
SELECT FROM (VALUES
	('Hamlet', true, NULL::interval, 'percentage', 50.00, '[{"hours_before": 48, "fee_type": "none"}]'::jsonb, 5),
	('Chamber Music by Candlelight', true, NULL, 'fixed', 5.00, NULL, 5),
	('PostgreSQL Day', true, NULL, 'percentage', 15.00, NULL, 10),
	('Startup Pitch Night', false, NULL, NULL, NULL, NULL, NULL),
	('Jazz at the Riverside', true, NULL, 'percentage', 75.00,
		'[{"hours_before": 24, "fee_type": "percentage", "fee_amount": 25}, {"hours_before": 120, "fee_type": "none"}]', 5),
	('Open Mic Night', true, interval '1 hour', 'none', NULL, NULL, 0)
) AS p (event, allowed, deadline, fee_type, fee_amount, tiers, days),
LATERAL (SELECT event_id, start_datetime FROM evently.list_events(q => p.event)) e,
LATERAL evently.create_cancellation_policy(
	event_id => e.event_id, actor_id => :'admin', allow_cancellation => p.allowed, cancellation_deadline => e.start_datetime - p.deadline,
	fee_type => p.fee_type, fee_amount => p.fee_amount, tiers => p.tiers, refund_processing_days => p.days);
