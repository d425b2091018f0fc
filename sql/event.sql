\set ECHO none
\i sql/include/setup.psql
SELECT plan(100);

-- Creating: what is not said has a default, and the venue may come in any form
SELECT results_eq(
	$$SELECT name, end_datetime - start_datetime, timezone, total_capacity, available_seats, booked_count, base_price, currency,
		max_tickets_per_booking, status, sale_status, version, venue
	FROM evently.get_event(event('club'))$$,
	$$VALUES ('club', interval '3 hours', 'UTC', 20, 20, 0, 10.00, 'USD', 20, 'published', 'on_sale', 1, NULL::evently.venue_summary)$$,
	'an event by default (S1-EVA-1, S2-EVA-1, S3-EVA-1, S1-EVA-6)');
SELECT is((venue).name || ', ' || (venue).city, 'Hall, Lyon', 'an event shows its venue (S1-EVP-2, S1-EVP-5, S3-EVP-2, S4-EVP-2, S5-EVP-2)')
FROM evently.get_event(event('show'));
SELECT is((e.venue).name, 'Hall A', 'a venue may be just a name (S4-VEN-1, S5-VEN-1, S4-EVA-1)')
FROM evently.create_event('summit', now() + interval '1 day', venue => '"Hall A"', total_capacity => 200) e;
SELECT is((e.venue).venue_id, venue('Hall A'), 'the same name is the same venue (S2-VEN-6)')
FROM evently.create_event('summit 2', now() + interval '1 day', venue => '"hall a"', total_capacity => 200) e;
SELECT results_eq(
	$$SELECT (e.venue).name, (e.venue).city, e.total_capacity FROM evently.create_event('embedded', now() + interval '1 day',
		venue => '{"name": "New", "city": "Rome", "capacity": 7}') e$$,
	$$VALUES ('New', 'Rome', 7)$$, 'a venue may be an object, and tell the capacity (S1-EVA-5)');
SELECT isnt((e.venue).venue_id, venue('New'), 'the same name in another city is another venue')
FROM evently.create_event('elsewhere', now() + interval '1 day', venue => '{"name": "New", "city": "Oslo"}', total_capacity => 1) e;
SELECT is(free('show', 'Stalls') || ' ' || free('show', 'Balcony') || ' ' || free('show', 'Floor'), '12 4 30',
	'sections and seats are copied from the venue (S3-EVP-3)');
SELECT is((SELECT count(*) FROM evently.get_seat_map(event('show'))), 16::bigint, 'with their seats');
SELECT is((e.seats[1]).seat_id || ' ' || e.total || ' ' || e.available, 'A-1 16 16', 'in a map (S4-EVP-3)')
FROM evently.get_seat_map_page(event('show')) e;
SELECT is(e.total || ' ' || cardinality(e.seats), '0 0', 'which is empty for general admission (S1-VT-1)')
FROM evently.get_seat_map_page(event('club')) e;

-- Prices and their rounding (H51)
CREATE FUNCTION prices(event text) RETURNS text LANGUAGE sql VOLATILE
AS $$ SELECT string_agg(s.price::text, ' ') FROM evently.get_sections(test.event($1)) e, unnest(e.sections) s $$;
SELECT is(prices('show'), '40.00 80.00 20.00', 'a section costs base_price times its multiplier (S2-PAY-1)');
SELECT evently.create_event('priced', now() + interval '1 day', venue_id => venue('Hall'), base_price => 33.33,
	section_pricing => format('[{"name": "balcony", "price": 99.990}, {"section_id": "%s", "price_multiplier": 1.5}]',
		section('show', 'Floor'))::jsonb) \g /dev/null
SELECT is(prices('priced'), '33.33 99.99 50.00', 'or what section_pricing says; a product is rounded half away from zero');
SELECT evently.create_event('yen', now() + interval '1 day', venue_id => venue('Hall'), base_price => 1001, currency => 'jpy') \g /dev/null
SELECT is(prices('yen'), '1001 2002 501', 'H51: JPY has no decimals');
SELECT is(e.currency || ' ' || e.base_price, 'JPY 1001', 'the currency is upper case') FROM evently.get_event(event('yen')) e;
SELECT evently.create_event('dinar', now() + interval '1 day', venue_id => venue('Hall'), base_price => 1.235, currency => 'KWD') \g /dev/null
SELECT is(prices('dinar'), '1.235 2.470 0.618', 'H51: KWD has three');
SELECT is(evently.round_money(amount, currency)::text, rounded, format('H51: %s in %s is %s', amount, currency, rounded))
FROM (VALUES (2.675, 'USD', '2.68'), (-2.675, 'USD', '-2.68'), (0.005, 'EUR', '0.01'), (1, 'EUR', '1.00'),
	(0.5, 'JPY', '1'), (0.0005, 'KWD', '0.001'), (0.00005, 'CLF', '0.0001')) m (amount, currency, rounded);
SELECT is(concat_ws(' ', r.sqlstate, r.detail::jsonb ->> 'field', r.message), 'VE001 ' || expected, 'H51: no price is rounded: ' || arguments)
FROM (VALUES
	('base_price => 0.001', 'base_price base_price has at most 2 decimals in USD'),
	('base_price => 10.005, currency => ''EUR''', 'base_price base_price has at most 2 decimals in EUR'),
	('base_price => 10.50, currency => ''JPY''', 'base_price base_price has at most 0 decimals in JPY'),
	('base_price => 1.2345, currency => ''KWD''', 'base_price base_price has at most 3 decimals in KWD'),
	('section_pricing => ''[{"name": "Floor", "price": 0.001}]''',
		'section_pricing section Floor needs a price of 0 to 1e12 with at most 2 decimals, or a price_multiplier of 0 to 1000')
) p (arguments, expected), LATERAL refusal(format('SELECT evently.create_event(''bad'', now(), venue_id => venue(''Hall''), %s)', arguments)) r;
SELECT is((evently.create_event('zeros', now() + interval '1 day', total_capacity => 1, base_price => 10.500)).base_price::text, '10.50',
	'zeros at the end are no decimals');
SELECT throws_ok($$SELECT evently.update_event(event('zeros'), base_price => 0.001)$$, 'VE001', NULL, 'H51: nor is a new price rounded, down to free');

-- What is refused, leaving nothing
SELECT throws_ok(format('SELECT evently.create_event(%s)', arguments), sqlstate, NULL, why)
FROM (VALUES
	($$NULL, now()$$, 'VE001', 'no name'),
	($$'', now()$$, 'VE001', 'an empty name'),
	($$'bad', NULL$$, 'VE001', 'no start'),
	($$'bad', 'infinity', total_capacity => 1$$, 'VE001', 'an endless start'),
	($$'bad', now(), now(), total_capacity => 1$$, 'VE001', 'an end that is not after the start'),
	($$'bad', now()$$, 'VE001', 'no capacity'),
	($$'bad', now(), total_capacity => -1$$, 'VE001', 'a negative capacity'),
	($$'bad', now(), total_capacity => 1000001$$, 'VE001', 'a capacity above a million'),
	($$'bad', now(), total_capacity => 1, base_price => -1$$, 'VE001', 'a negative price'),
	($$'bad', now(), total_capacity => 1, base_price => 1e12$$, 'VE001', 'a price that is too large'),
	($$'bad', now(), total_capacity => 1, base_price => 'NaN'$$, 'VE001', 'a price that is no number'),
	($$'bad', now(), total_capacity => 1, currency => 'EURO'$$, 'VE001', 'an unknown form of currency'),
	($$'bad', now(), total_capacity => 1, timezone => 'Mars/Olympus'$$, 'VE001', 'an unknown time zone'),
	($$'bad', now(), total_capacity => 1, max_tickets_per_booking => 0$$, 'VE001', 'no ticket per booking'),
	($$'bad', now(), total_capacity => 1, status => 'cancelled'$$, 'VE001', 'a status no event begins with'),
	($$'bad', now(), total_capacity => 1, sale_start_time => now(), sale_end_time => now()$$, 'VE001', 'an empty sale'),
	($$'bad', now(), venue_id => person('nobody')$$, 'VE409', 'an unknown venue'),
	($$'bad', now(), venue => '{}', total_capacity => 1$$, 'VE001', 'a venue without a name'),
	($$'bad', now(), venue => '{"name": "Hall", "sections": [{"name": "Stalls"}]}', total_capacity => 1$$, 'VE001', 'sections of a venue named by the event'),
	($$'bad', now(), venue_id => venue('Hall'), section_pricing => '[{"name": "Roof", "price": 1}]'$$, 'VE001', 'the price of a section that is not there'),
	($$'bad', now(), venue_id => venue('Hall'), section_pricing => '[{"name": "Floor", "price": -1}]'$$, 'VE001', 'a negative price of a section'),
	($$'bad', now(), venue_id => venue('Hall'), section_pricing => '[{"name": "Floor", "price": "low"}]'$$, 'VE001', 'a section''s price that is a word'),
	($$'bad', now(), venue_id => venue('Hall'), section_pricing => '[{"name": "Floor", "price_multiplier": {}}]'$$, 'VE001', 'a multiplier that is none'),
	($$'bad', now(), venue_id => venue('Hall'), section_pricing => '[{"section_id": "floor", "price": 1}]'$$, 'VE001', 'an id of a section that is none'),
	($$'bad', now(), venue_id => venue('Hall'), section_pricing => '[{"name": "Floor", "price": "NaN"}]'$$, 'VE001', 'a section''s price that is no number')
) e (arguments, sqlstate, why);
SELECT throws_ok(format('SELECT evently.create_event(''bad'', now(), total_capacity => 1, timezone => %L)', t), 'VE001', NULL, 'no name of a time zone: ' || t)
FROM unnest('{UTC0; drop,<script>-1,FOO-3BAR,X1,EST5EDT4}'::text[]) t;
SELECT is((evently.create_event('zone ' || t, now() + interval '1 day', total_capacity => 1, timezone => t)).timezone, t, 'a name of a time zone: ' || t)
FROM unnest('{Etc/GMT+5,EST5EDT,etc/gmt-14,Europe/Paris}'::text[]) t;
SELECT is(event('bad'), NULL, 'nothing is left of what is refused');

-- The state machine (S5-EVA-5, S5-EVA-6)
SELECT evently.create_event('draft', now() + interval '1 day', total_capacity => 10, status => 'draft') \g /dev/null
SELECT throws_ok($$SELECT evently.get_event(event('draft'), published_only => true)$$, 'VE401', NULL,
	'a draft is hidden from the public (S2-EVP-4)');
SELECT throws_ok($$SELECT evently.book(event('draft'), person('ann'), quantity => 1)$$, 'VE402', NULL, 'and not sold');
SELECT throws_ok(format('SELECT evently.set_event_status(event(''draft''), %L)', s), 'VE406', NULL, format('draft does not become %s', s))
FROM unnest('{inactive,completed,cancelled}'::text[]) s;
SELECT is((evently.publish_event(event('draft'))).status, 'published', 'draft becomes published');
SELECT is((evently.set_event_status(event('draft'), 'published')).version, 2, 'setting the present status changes nothing');
SELECT throws_ok($$SELECT evently.set_event_status(event('draft'), 'draft')$$, 'VE406', NULL, 'published does not become draft');
SELECT throws_ok($$SELECT evently.set_event_status(event('draft'), 'completed')$$, 'VE406', NULL,
	'nor completed before it has started');
SELECT throws_ok($$SELECT evently.set_event_status(event('draft'), 'paused')$$, 'VE001', NULL, 'nor anything unknown');
SELECT is((evently.set_event_status(event('draft'), 'INACTIVE')).status, 'inactive', 'published becomes inactive (S4-EVA-3)');
SELECT is((evently.set_event_status(event('draft'), 'published')).sale_status, 'on_sale', 'and published again (S1-EVA-4)');
SELECT start_event('draft') \g /dev/null
SELECT throws_ok($$SELECT evently.update_event(event('draft'), name => 'late')$$, 'VE405', NULL,
	'an event that has started is not changed (S2-EVA-6)');
SELECT throws_ok($$SELECT evently.cancel_event(event('draft'))$$, 'VE405', NULL, 'or cancelled');
SELECT is((evently.set_event_status(event('draft'), 'completed')).sale_status, 'ended', 'but completed');

-- Changing: version, capacity
SELECT results_eq($$SELECT version, name, base_price FROM evently.update_event(event('show'), version => 1, base_price => 50)$$,
	$$VALUES (2, 'show', 50.00)$$, 'an update changes what is given and raises version (S1-EVA-2, S2-EVA-2, S3-EVA-2, S4-EVA-2)');
SELECT is(prices('show'), '50.00 100.00 25.00', 'the sections follow the new base price');
SELECT throws_ok($$SELECT evently.update_event(event('show'), version => 1, name => 'x')$$, 'VE408', NULL,
	'a stale version is refused (S2-EVA-7)');
SELECT throws_ok($$SELECT evently.update_event(event('show'), total_capacity => 50)$$, 'VE001', NULL,
	'the capacity of sections is not changed by a number');
SELECT is((SELECT e.total_capacity || ' ' || e.available_seats FROM evently.update_event(event('club'), total_capacity => 35) e),
	'35 35', 'capacity goes up');
SELECT evently.book(event('club'), person('ann'), quantity => 6), evently.hold_tickets(event('club'), person('bob'), 4) \g /dev/null
SELECT throws_ok($$SELECT evently.update_event(event('club'), total_capacity => 9, name => 'changed')$$, 'VE407', NULL,
	'H21: not below what is sold and held');
SELECT is(event('changed'), NULL, 'H21: a refused change changes nothing');
SELECT is((SELECT e.total_capacity || ' ' || e.available_seats FROM evently.update_event(event('club'), total_capacity => 10) e),
	'10 0', 'H21: but down to it');
SELECT expire_holds_of('bob') \g /dev/null
SELECT is((SELECT e.total_capacity || ' ' || e.available_seats FROM evently.update_event(event('club'), total_capacity => 7) e),
	'7 1', 'an expired hold is not in the way');
SELECT all_is_well();

-- Cancelling refunds everybody (H54)
SELECT evently.confirm_hold(event('show'), h.hold_id) FROM evently.hold_seats(event('show'), person('ann'), '{A-1,AA-1}') h \g /dev/null
SELECT evently.book(event('show'), person('bob'), quantity => 3, section_id => section('show', 'Floor')),
	evently.hold_seats(event('show'), person('cid'), '{B-1}'), evently.hold_seats(event('show'), person('dan'), '{B-2}') \g /dev/null
SELECT expire_holds_of('dan') \g /dev/null
SELECT results_eq($$SELECT message, bookings_cancelled, holds_released, refund_amount, currency, version
		FROM evently.cancel_event(event('show'), version => 2)$$,
	$$VALUES ('Event cancelled', 2, 2, 225.00, 'USD', 3)$$, 'H54: cancelling an event refunds bookings and releases holds (S1-EVA-3, S2-EVA-3, S3-EVA-3, S4-EVA-4, S5-EVA-4)');
SELECT is((SELECT c.refund_amount FROM evently.cancel_booking(event('show'), booking('ann')) c), 150.00,
	'H54: each booking has its refund');
SELECT is((SELECT h.status FROM evently.get_hold(event('show'), hold('cid')) h), 'released', 'H54: the hold is released');
SELECT throws_ok($$SELECT evently.set_event_status(event('show'), 'published')$$, 'VE406', NULL, 'cancelled is final');
SELECT throws_ok($$SELECT evently.cancel_event(event('show'))$$, 'VE405', NULL, 'and happens once');
SELECT throws_ok($$SELECT evently.get_event(event('show'), published_only => true)$$, 'VE401', NULL, 'the public sees it no more');
SELECT is((SELECT e.sale_status FROM evently.get_event(event('show')) e), 'cancelled', 'its manager does');

-- Who may (S2-AUTHA-4)
SELECT evently.create_event('owned', now() + interval '1 day', total_capacity => 1, created_by => person('owner')) \g /dev/null
SELECT throws_ok($$SELECT evently.update_event(event('owned'), actor_id => person('other'), name => 'mine')$$, 'VE002', NULL,
	'another administrator''s event is not changed');
SELECT lives_ok($$SELECT evently.update_event(event('owned'), actor_id => person('owner'), tags => '{a}')$$, 'one''s own is');
SELECT evently.register_account('any@example.com', 'x', 'Any'), evently.set_role('any@example.com', 'admin') \g /dev/null
SELECT lives_ok($$SELECT evently.cancel_event(event('owned'),
	actor_id => (SELECT user_id FROM evently.get_credentials('any@example.com')))$$, 'so is anybody''s with permission events:any');
SELECT all_is_well();

SELECT * FROM finish();
ROLLBACK;
