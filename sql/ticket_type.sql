\set ECHO none
\i sql/include/setup.psql
SELECT plan(109);

CREATE FUNCTION type(event text, name text) RETURNS uuid LANGUAGE sql STABLE
AS 'SELECT type_id FROM evently.ticket_type t WHERE t.event_id = test.event($1) AND t.name = $2';
CREATE FUNCTION quota(event text, name text) RETURNS uuid LANGUAGE sql STABLE
AS 'SELECT quota_id FROM evently.quota q WHERE q.event_id = test.event($1) AND q.name = $2';
CREATE FUNCTION left_of(event text, quota text) RETURNS integer LANGUAGE sql VOLATILE
AS 'SELECT available FROM evently.list_quotas(test.event($1)) WHERE name = $2';
CREATE FUNCTION left_of_code(event text, code text) RETURNS integer LANGUAGE sql VOLATILE
AS 'SELECT available FROM evently.list_access_codes(test.event($1)) c WHERE c.code = $2';
CREATE FUNCTION code(event text, code text) RETURNS uuid LANGUAGE sql VOLATILE
AS 'SELECT code_id FROM evently.list_access_codes(test.event($1)) c WHERE c.code = $2';
-- What a person paid for each ticket, and of which type they are.
CREATE FUNCTION bought(b evently.booking_detail) RETURNS text LANGUAGE sql VOLATILE
AS $$ SELECT concat_ws(' ', b.ticket_type, b.quantity, b.total_price) $$;

-- Price tiers: early bird until the first three, then regular
SELECT is(bought(evently.book(event('club'), person('ann'), quantity => 1)), '1 10.00', 'without ticket types the section''s price');
SELECT results_eq($$SELECT name, price, currency, "position", is_active, available
	FROM evently.create_ticket_type(event('club'), 'Early bird', price => 6.010)$$,
	$$VALUES ('Early bird', 6.01, 'USD', 1, true, NULL::integer)$$, 'a ticket type; its price is in the currency');
SELECT results_eq($$SELECT name, price_multiplier, "position" FROM evently.create_ticket_type(event('club'), 'Regular', price_multiplier => 1.2)$$,
	$$VALUES ('Regular', 1.2, 2)$$, 'another, after it');
SELECT results_eq($$SELECT name, size, available, ticket_types FROM evently.create_quota(event('club'), 'First', 3, ARRAY[type('club', 'Early bird')])$$,
	$$VALUES ('First', 3, 3, '{Early bird}'::text[])$$, 'a quota');
SELECT is(bought(evently.book(event('club'), person('bob'), quantity => 2)), 'Early bird 2 12.02', 'the first type that has room');
SELECT is(left_of('club', 'First') || ' ' || free('club'), '1 17', 'counts in its quota and its section');
SELECT is(bought(evently.book(event('club'), person('cid'), quantity => 2)), 'Regular 2 24.00', 'the next one where it has not');
SELECT is(bought(evently.book(event('club'), person('cid'), quantity => 1, ticket_type => 'regular')), 'Regular 1 12.00', 'or the one that is named');
SELECT is(bought(evently.book(event('club'), person('dan'), quantity => 1)), 'Early bird 1 6.01', 'the last of the quota');
SELECT is((SELECT r.sqlstate || ' ' || (r.detail::jsonb - 'event_id') FROM refusal($$SELECT evently.book(event('club'), person('dan'), quantity => 1,
	ticket_type => 'Early bird')$$) r), 'VE102 {"available": 0, "requested": 1}', 'H16: a full quota is sold out');
SELECT evently.cancel_booking(event('club'), booking('dan')) \g /dev/null
SELECT is(left_of('club', 'First'), 1, 'a cancelled booking gives back to its quota');
SELECT is((SELECT b.ticket_type_id FROM evently.get_booking(event('club'), booking('dan')) b), type('club', 'Early bird'), 'whose type is read with it');
SELECT results_eq($$SELECT total_price, ticket_type_id, ticket_type FROM evently.hold_tickets(event('club'), person('eve'), 1)$$,
	$$VALUES (6.01, type('club', 'Early bird'), 'Early bird')$$, 'a hold counts too');
SELECT is((SELECT (h.ticket_type_id, h.ticket_type) = (type('club', 'Early bird'), 'Early bird') FROM evently.get_hold(event('club'), hold('eve')) h), true,
	'and says its type when it is read');
SELECT is(left_of('club', 'First'), 0, 'while it lives');
SELECT expire_holds_of('eve') \g /dev/null
SELECT is(left_of('club', 'First'), 1, 'no longer than it lives');
SELECT is(bought(evently.book(event('club'), person('fay'), quantity => 1, ticket_type => type('club', 'Early bird')::text)), 'Early bird 1 6.01',
	'H16: what an expired hold had of a quota is sold');
SELECT is((SELECT status FROM evently.hold WHERE hold_id = hold('eve')), 'expired', 'reclaimed by its buyer');
SELECT is(bought(evently.confirm_hold(event('club'), h.hold_id)), 'Regular 2 24.00', 'a hold keeps type and price when it is confirmed')
FROM evently.hold_tickets(event('club'), person('gus'), 2) h;
SELECT all_is_well();

-- Several quotas bind one type: all must have room
SELECT evently.create_event('gala', now() + interval '9 days', total_capacity => 100, base_price => 50) \g /dev/null
SELECT evently.create_ticket_type(event('gala'), t) FROM unnest('{Adult,Child}'::text[]) t \g /dev/null
SELECT evently.create_quota(event('gala'), 'Children', 4, ARRAY[type('gala', 'Child')]),
	evently.create_quota(event('gala'), 'All', 10, ARRAY[type('gala', 'Adult'), type('gala', 'Child')]) \g /dev/null
SELECT evently.book(event('gala'), person('ann'), quantity => 3, ticket_type => 'Child') \g /dev/null
SELECT is(left_of('gala', 'Children') || ' ' || left_of('gala', 'All') || ' ' || free('gala'), '1 7 97', 'both are counted');
SELECT throws_ok($$SELECT evently.book(event('gala'), person('ann'), quantity => 2, ticket_type => 'Child')$$, 'VE102', NULL, 'the smaller one refuses');
SELECT evently.book(event('gala'), person('ann'), quantity => 7, ticket_type => 'Adult') \g /dev/null
SELECT throws_ok($$SELECT evently.book(event('gala'), person('ann'), quantity => 1, ticket_type => 'Child')$$, 'VE102', NULL, 'so does the larger one');
SELECT is(left_of('gala', 'Children') || ' ' || left_of('gala', 'All') || ' ' || free('gala'), '1 0 90', 'a refusal takes nothing');
SELECT is((evently.resize_quota(event('gala'), quota('gala', 'All'), 11)).available, 1, 'a quota is made larger');
SELECT throws_ok($$SELECT evently.resize_quota(event('gala'), quota('gala', 'All'), 9)$$, 'VE407', NULL, 'never smaller than what is sold');
SELECT lives_ok($$SELECT evently.book(event('gala'), person('ann'), quantity => 1, ticket_type => 'Child')$$, 'then it sells');
SELECT is((evently.create_quota(event('gala'), 'Late', 8, ARRAY[type('gala', 'Adult')])).available, 1, 'a new quota counts what was sold before it');
SELECT throws_ok($$SELECT evently.create_quota(event('gala'), 'Later', 6, ARRAY[type('gala', 'Adult')])$$, 'VE407', NULL, 'and is not smaller than that');
SELECT is((evently.cancel_booking(event('gala'), b.booking_id)).status || ' ' || left_of('gala', 'Late'), 'completed 8', 'which gives back to it')
FROM evently.list_bookings(person('ann'), event('gala')) b WHERE b.quantity = 7;
SELECT all_is_well();

-- Sections, seats
SELECT evently.create_ticket_type(event('show'), 'Box', section_id => section('show', 'Balcony'), price => 99),
	evently.create_ticket_type(event('show'), 'Student', price_multiplier => 0.5, max_per_booking => 2) \g /dev/null
SELECT evently.create_quota(event('show'), 'Boxes', 3, ARRAY[type('show', 'Box')]),
	evently.create_quota(event('show'), 'Students', 5, ARRAY[type('show', 'Student')]) \g /dev/null
SELECT is(bought(evently.book(event('show'), person('ann'), '{AA-1}')), 'Box 1 99.00', 'a type of a section sells its seats');
SELECT is(bought(evently.book(event('show'), person('ann'), '{A-1,AA-2}')), 'Student 2 60.00', 'seats of two sections need a type of both');
SELECT is(bought(evently.book(event('show'), person('ann'), quantity => 2)), 'Box 2 198.00', 'by number, in its section');
SELECT is(left_of('show', 'Boxes') || ' ' || left_of('show', 'Students') || ' ' || free('show', 'Balcony'), '0 3 0', 'all are counted');
SELECT is(bought(evently.book(event('show'), person('ann'), quantity => 2)), 'Student 2 40.00', 'then in the first section of the next type');
SELECT is(evently.cancel_event(event('show')) IS NOT NULL AND left_of('show', 'Students') = 5, true, 'a cancelled event gives all back');
SELECT all_is_well();

-- Who may not
SELECT evently.create_ticket_type(event('twin'), 'Members', price => 5, requires_code => true),
	evently.create_ticket_type(event('twin'), 'Soon', sale_start_time => now() + interval '1 day'),
	evently.create_ticket_type(event('twin'), 'Gone', sale_end_time => now() - interval '1 day'),
	evently.create_ticket_type(event('twin'), 'Single', max_per_booking => 1) \g /dev/null
SELECT throws_ok(format('SELECT evently.book(event(''twin''), person(''ann''), quantity => %s, ticket_type => %L, section_id => section(''twin'', ''Floor''))', quantity, type),
	sqlstate, NULL, why)
FROM (VALUES ('VE113', 'Members', 1, 'a type that needs a code'), ('VE403', 'Soon', 1, 'H29: a type before its sale'), ('VE404', 'Gone', 1, 'H29: and after it'),
	('VE110', 'Single', 2, 'H12: more than a type sells at once'), ('VE111', 'None', 1, 'a type that is not there')) r (sqlstate, type, quantity, why);
SELECT throws_ok($$SELECT evently.book(event('twin'), person('ann'), quantity => 2)$$, 'VE113', NULL, 'where none is open, why not the first');
SELECT throws_ok($$SELECT evently.book(event('club'), person('x'), quantity => 1, access_code => 'GUESS')$$, 'VE114', NULL, 'a code that is not there');

-- Access codes
SELECT results_eq($$SELECT code, max_uses, available, before_sale FROM evently.create_access_code(event('twin'), 'Members-24', 3)$$,
	$$VALUES ('Members-24', 3, 3, false)$$, 'an access code');
SELECT is(bought(evently.book(event('twin'), person('ann'), quantity => 2, access_code => 'MEMBERS-24', section_id => section('twin', 'Floor'))), 'Members 2 10.00',
	'unlocks a ticket type, in any case');
SELECT is(left_of_code('twin', 'Members-24'), 1, 'each ticket is a use');
SELECT is((SELECT r.sqlstate || ' ' || (r.detail::jsonb - 'event_id') || (r.message || r.detail ~* 'members') FROM refusal($$SELECT evently.hold_seats(event('twin'),
	person('bob'), '{A-1,A-2}', access_code => 'members-24')$$) r), 'VE115 {"available": 1, "requested": 2}false', 'used up is said, without the code');
SELECT is((evently.hold_seats(event('twin'), person('bob'), '{A-1}', access_code => 'members-24')).total_price, 5.00, 'the last use, held');
SELECT throws_ok($$SELECT evently.book(event('twin'), person('cid'), '{A-2}', access_code => 'members-24')$$, 'VE115', NULL, 'live holds count');
SELECT evently.release_hold(event('twin'), hold('bob')) \g /dev/null
SELECT is(left_of_code('twin', 'Members-24'), 1, 'released, it is free');
SELECT is((evently.update_access_code(event('twin'), c.code_id, max_uses => 5)).available, 3, 'more uses') FROM evently.list_access_codes(event('twin')) c;
SELECT throws_ok(format('SELECT evently.update_access_code(event(''twin''), %L, max_uses => 1)', c.code_id), 'VE407', NULL, 'never less than were used')
FROM evently.list_access_codes(event('twin')) c;
SELECT evently.update_access_code(event('twin'), c.code_id, valid_until => now() - interval '1 s') FROM evently.list_access_codes(event('twin')) c \g /dev/null
SELECT throws_ok($$SELECT evently.book(event('twin'), person('cid'), '{A-2}', access_code => 'members-24')$$, 'VE114', NULL, 'a code that is over is told from none by nobody');
SELECT evently.create_event('presale', now() + interval '9 days', total_capacity => 20, base_price => 10, sale_start_time => now() + interval '1 day') \g /dev/null
SELECT evently.create_access_code(event('presale'), 'FAN', before_sale => true), evently.create_access_code(event('presale'), 'PLAIN') \g /dev/null
SELECT throws_ok($$SELECT evently.book(event('presale'), person('ann'), quantity => 1)$$, 'VE403', NULL, 'H29: before the sale (S5-EVP-4)');
SELECT throws_ok($$SELECT evently.book(event('presale'), person('ann'), quantity => 1, access_code => 'PLAIN')$$, 'VE403', NULL, 'not with any code');
SELECT is(bought(evently.book(event('presale'), person('ann'), quantity => 1, access_code => 'fan')), '1 10.00', 'but with one that opens it early');
SELECT is((evently.book(event('presale'), person('ann'), quantity => 1, access_code => 'FAN', idempotency_key => 'k')).booking_id,
	(evently.book(event('presale'), person('ann'), quantity => 1, access_code => 'FAN', idempotency_key => 'k')).booking_id, 'a keyed call with a code is replayed');
SELECT is((refusal($$SELECT evently.book(event('presale'), person('ann'), quantity => 1, access_code => 'FAN2', idempotency_key => 'k')$$)).sqlstate, 'VE901',
	'H23: and its code is part of the request');
SELECT all_is_well();

-- A ticket type is changed
SELECT results_eq($$SELECT name, price, price_multiplier, max_per_booking, "position" FROM evently.update_ticket_type(event('gala'), type('gala', 'Child'),
	name => 'Youth', max_per_booking => 2, "position" => 7)$$, $$VALUES ('Youth', NULL::numeric, NULL::numeric, 2, 7)$$, 'what is given changes');
SELECT results_eq($$SELECT name, price, price_multiplier, max_per_booking FROM evently.update_ticket_type(event('gala'), type('gala', 'Youth'), price_multiplier => 2)$$,
	$$VALUES ('Youth', NULL::numeric, 2::numeric, 2)$$, 'a multiplier');
SELECT results_eq($$SELECT name, price, price_multiplier, max_per_booking FROM evently.update_ticket_type(event('gala'), type('gala', 'Youth'), price => 12.35)$$,
	$$VALUES ('Youth', 12.35, NULL::numeric, 2)$$, 'a price takes its place');
SELECT is((evently.resize_quota(event('gala'), quota('gala', 'Children'), 5)).available, 1, 'one more is to be sold');
SELECT is(bought(evently.book(event('gala'), person('bob'), quantity => 1, ticket_type => 'Youth')), 'Youth 1 12.35', 'and is what the next one pays');
SELECT throws_ok($$SELECT evently.book(event('gala'), person('bob'), quantity => 3, ticket_type => 'Youth')$$, 'VE110', NULL, 'who may not have more at once');
SELECT is((evently.update_ticket_type(event('gala'), type('gala', 'Youth'), is_active => false)).is_active, false, 'a type is withdrawn');
SELECT throws_ok($$SELECT evently.book(event('gala'), person('bob'), quantity => 1, ticket_type => 'Youth')$$, 'VE111', NULL, 'and sold to nobody');
SELECT is((evently.resize_quota(event('gala'), quota('gala', 'All'), 5)).available, 0, 'a quota is made smaller, down to what is sold');
SELECT all_is_well();

-- What may not be made
SELECT is(r.sqlstate || coalesce(' ' || (r.detail::jsonb ->> 'field'), ''), expected, call) FROM (VALUES
	('VE001 name', $$create_ticket_type(event('club'), 'regular')$$),
	('VE001 name', $$create_ticket_type(event('club'), repeat('n', 101))$$),
	('VE001 price', $$create_ticket_type(event('club'), 'Both', price => 1, price_multiplier => 1)$$),
	('VE001 price', $$create_ticket_type(event('club'), 'Odd', price => 6.005)$$),
	('VE001 price', $$create_ticket_type(event('club'), 'Much', price => 1e12)$$),
	('VE001 price_multiplier', $$create_ticket_type(event('club'), 'Much', price_multiplier => 'NaN')$$),
	('VE001 max_per_booking', $$create_ticket_type(event('club'), 'Nobody', max_per_booking => 0)$$),
	('VE105', $$create_ticket_type(event('club'), 'Elsewhere', section_id => section('show', 'Floor'))$$),
	('VE001 sale_end_time', $$create_ticket_type(event('club'), 'Never', sale_start_time => now(), sale_end_time => now())$$),
	('VE111', $$update_ticket_type(event('club'), person('x'), name => 'X')$$),
	('VE001 name', $$update_ticket_type(event('club'), type('club', 'Regular'), name => 'EARLY bird')$$),
	('VE001 price', $$update_ticket_type(event('club'), type('club', 'Regular'), price => 1, price_multiplier => 1)$$),
	('VE001 price', $$update_ticket_type(event('club'), type('club', 'Regular'), price => 0.001)$$),
	('VE001 max_per_booking', $$update_ticket_type(event('club'), type('club', 'Regular'), max_per_booking => 0)$$),
	('VE001 sale_end_time', $$update_ticket_type(event('twin'), type('twin', 'Soon'), sale_end_time => now())$$),
	('VE001 sale_end_time', $$update_ticket_type(event('twin'), type('twin', 'Gone'), sale_start_time => now())$$),
	('VE001 ticket_types', $$create_quota(event('club'), 'None', 1, ARRAY[type('show', 'Box')])$$),
	('VE001 ticket_types', $$create_quota(event('club'), 'None', 1, '{}')$$),
	('VE001 ticket_types', $$create_quota(event('club'), 'None', 1, '{NULL}')$$),
	('VE001 ticket_types', $$create_quota(event('club'), 'Twice', 1, ARRAY[type('club', 'Regular'), type('club', 'Regular')])$$),
	('VE001 size', $$create_quota(event('club'), 'Huge', 1000001, ARRAY[type('club', 'Regular')])$$),
	('VE112', $$resize_quota(event('club'), person('x'), 1)$$),
	('VE112', $$resize_quota(event('club'), quota('gala', 'All'), 1)$$),
	('VE001 size', $$resize_quota(event('club'), quota('club', 'First'), NULL)$$),
	('VE001 size', $$resize_quota(event('club'), quota('club', 'First'), -1)$$),
	('VE001 size', $$resize_quota(event('club'), quota('club', 'First'), 1000001)$$),
	('VE001 code', $$create_access_code(event('twin'), 'MEMBERS-24')$$),
	('VE001 code', $$create_access_code(event('club'), '')$$),
	('VE001 code', $$create_access_code(event('club'), repeat('c', 101))$$),
	('VE001 max_uses', $$create_access_code(event('club'), 'NONE', max_uses => -1)$$),
	('VE001 ticket_types', $$create_access_code(event('club'), 'BOX', ticket_types => ARRAY[type('show', 'Box')])$$),
	('VE001 valid_until', $$create_access_code(event('club'), 'BACK', valid_from => now(), valid_until => now())$$),
	('VE114', $$update_access_code(event('club'), person('x'), max_uses => 5)$$),
	('VE114', $$update_access_code(event('club'), code('twin', 'Members-24'), max_uses => 5)$$),
	('VE001 max_uses', $$update_access_code(event('presale'), code('presale', 'FAN'), max_uses => 5)$$),
	('VE001 max_uses', $$update_access_code(event('twin'), code('twin', 'Members-24'), max_uses => 1000001)$$),
	('VE001 valid_until', $$update_access_code(event('twin'), code('twin', 'Members-24'), valid_from => now())$$)) c (expected, call),
	LATERAL refusal('SELECT evently.' || call) r;
SELECT all_is_well();

SELECT * FROM finish();
ROLLBACK;
