\set ECHO none
\i sql/include/setup.psql
\set states `grep -o 'VE[0-9][0-9][0-9]' extension/errors.def | tr '\n' ' '`
SELECT set_config('test.states', :'states', true) \g /dev/null
SELECT plan(40);

CREATE VIEW function AS
	SELECT p.oid, p.proname::text AS name, p.prosecdef AS definer, p.proconfig AS settings, p.proacl AS acl, p.proowner::regrole::text AS owner
	FROM pg_proc p WHERE p.pronamespace = 'evently'::regnamespace;
CREATE VIEW relation AS
	SELECT c.oid, c.relname::text AS name, c.relkind AS kind, c.relowner::regrole::text AS owner
	FROM pg_class c WHERE c.relnamespace = 'evently'::regnamespace;

-- Functions
SELECT cmp_ok((SELECT count(*) FROM function), '>', 50::bigint, 'there are functions to look at');
SELECT is_empty($$SELECT name, settings FROM function WHERE definer AND settings IS DISTINCT FROM '{"search_path=pg_catalog, pg_temp"}'$$,
	'every SECURITY DEFINER function has its search_path pinned, pg_temp last');
SELECT is_empty($$SELECT name FROM function WHERE NOT definer AND has_function_privilege('evently_api', oid, 'EXECUTE')
		AND name NOT IN ('answer_mark', 'answer_stands', 'finish_event_cancellation', 'render', 'round_money', 'was_replayed')$$,
	'what evently_api may call runs with the owner''s rights, or needs none');
SELECT is_empty($$SELECT name FROM function WHERE acl IS NULL OR EXISTS (SELECT FROM aclexplode(acl) WHERE grantee = 0)$$,
	'PUBLIC may call no function');
SELECT is_empty($$SELECT name FROM function WHERE owner <> 'evently_owner'$$, 'every function belongs to evently_owner');
SELECT is_empty($$SELECT name FROM function WHERE obj_description(oid, 'pg_proc') IS NULL$$, 'every function has a comment');
SELECT is_empty(
	$$SELECT name FROM function WHERE definer AND name !~ '^(get|list|validate|verify|require|quote)' AND obj_description(oid, 'pg_proc') !~ 'Writes|set_event_status\(|hold_seats\(\) where'$$,
	'the comment of every function that writes says what it writes');
SELECT is_empty(
	$$SELECT name, code FROM function, regexp_matches(obj_description(oid, 'pg_proc'), '(VE\d+) [A-Z_]+', 'g') AS m (code)
	WHERE NOT code[1] = ANY (string_to_array(current_setting('test.states'), ' '))$$,
	'and names errors that there are');
SELECT set_eq($$SELECT name FROM function WHERE has_function_privilege('evently_api', oid, 'EXECUTE')$$,
	$$VALUES ('adjust_availability'), ('answer_mark'), ('answer_stands'), ('begin_payment'), ('best_available'), ('block_seats'), ('book'), ('book_many'), ('cancel_many'), ('confirm_many'), ('hold_many'),
		('cancel_booking'), ('cancel_event'), ('complete_payment'), ('complete_refund'), ('confirm_hold'),
		('continue_event_cancellation'), ('create_access_code'), ('create_cancellation_policy'), ('create_event'),
		('create_organiser'), ('create_quota'), ('create_section'), ('create_ticket_type'), ('create_venue'),
		('create_venue_template'), ('delete_organiser'), ('delete_seat'), ('delete_section'), ('delete_venue'),
		('delete_venue_template'), ('expire_holds'), ('extend_hold'), ('finish_event_cancellation'), ('generate_seats'),
		('get_account'), ('get_analytics_summary'), ('get_availability'), ('get_booking'), ('get_cancellation'), ('get_cancellation_analytics'),
		('get_cancellation_policy'), ('get_event'), ('get_event_analytics'), ('get_event_layout'), ('get_hold'),
		('get_homepage_stats'), ('get_organiser'), ('get_overall_analytics'), ('get_payment'), ('get_payments'),
		('get_popular_events'), ('get_revenue'), ('get_seat'), ('get_seat_availability'), ('get_seat_map'), ('get_seat_map_page'),
		('get_section_seats'), ('get_sections'), ('get_tag_analytics'), ('get_tag_trends'), ('get_user_analytics'), ('get_users_analytics'), ('get_venue'), ('get_venue_template'), ('get_venue_template_sections'), ('hold_seats'),
		('hold_tickets'), ('import_seat_map'), ('list_access_codes'), ('list_admin_bookings_page'),
		('list_admin_events_page'), ('list_blocks'), ('list_bookings'), ('list_bookings_page'), ('list_cancellations'),
		('list_cancellations_page'), ('list_events'), ('list_events_page'), ('list_organisers'), ('list_quotas'),
		('list_refunds_due'), ('list_section_seats'), ('list_sections'), ('list_ticket_types'), ('list_user_holds'),
		('list_venue_templates'), ('list_venue_templates_page'), ('list_venues'), ('list_venues_page'), ('lock_event'),
		('notification_ack'), ('notification_read'), ('outbox_ack'), ('outbox_position'), ('outbox_read'),
		('place_hold'), ('prune_outbox'), ('publish_event'), ('quote_cancellation'), ('release_hold'),
		('remove_organiser_member'), ('render'), ('resize_quota'), ('return_seats'), ('round_money'), ('search_events'),
		('set_event_organiser'), ('set_event_status'), ('set_organiser_member'), ('set_sale_status'), ('unblock_seats'),
		('update_access_code'), ('update_account'), ('update_cancellation_policy'), ('update_event'),
		('update_organiser'), ('update_seat'), ('update_section'), ('update_ticket_type'), ('update_venue'),
		('update_venue_template'), ('validate_hold'), ('verify'), ('was_replayed'),
		('accept_offer'), ('decline_offer'), ('explain_waitlist'), ('get_waitlist_stats'), ('get_waitlist_status'), ('join_waitlist'),
		('leave_waitlist'), ('list_user_waitlist'), ('list_waitlist_entries'), ('live_changes'), ('live_position'), ('notify_waitlist'),
		('create_tag'), ('delete_tag'), ('export_account'), ('get_tag'), ('get_tag_by_slug'), ('list_tags_page'), ('update_tag')$$,
	'H67: evently_api can call exactly these functions');
SELECT set_eq($$SELECT name FROM function WHERE has_function_privilege('evently_web', oid, 'EXECUTE')
		AND NOT has_function_privilege('evently_api', oid, 'EXECUTE')$$,
	$$VALUES ('change_password'), ('change_role'), ('create_account'), ('end_session'), ('erase_account'), ('get_credentials'), ('get_credentials_by_id'), ('get_event_id'), ('list_accounts_page'), ('refresh_session'), ('register_account'),
		('register_admin'), ('require_session'), ('start_session'), ('validate_sessions')$$,
	'evently_web can call these besides: they see password hashes and people, issue sessions and make administrators');

-- Tables
SELECT cmp_ok((SELECT count(*) FROM relation WHERE kind = 'r'), '>=', 14::bigint, 'there are tables to look at');
SELECT is_empty($$SELECT name FROM relation WHERE kind IN ('r', 'p', 'v', 'm', 'S') AND owner <> 'evently_owner'$$, 'every table belongs to evently_owner');
SELECT is_empty(
	$$SELECT name, role, privilege FROM relation, unnest('{evently_api,evently_web,public}'::name[]) role,
		unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) privilege
	WHERE kind IN ('r', 'p', 'v', 'm') AND has_table_privilege(role, oid, privilege)$$,
	'H67: neither evently_api nor PUBLIC may touch a table');
SELECT is_empty($$SELECT name FROM relation, unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) privilege
	WHERE kind = 'r' AND has_any_column_privilege('evently_api', oid, privilege)$$, 'H67: nor a column of one');
SELECT is_empty($$SELECT name FROM relation WHERE kind = 'S'$$, 'there is no sequence');
SELECT is_empty($$SELECT name FROM relation WHERE kind = 'r' AND obj_description(oid, 'pg_class') IS NULL$$, 'every table has a comment');
SELECT is_empty($$SELECT typname FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid WHERE typnamespace = 'evently'::regnamespace
	AND c.relkind = 'c' AND obj_description(t.oid, 'pg_type') IS NULL$$, 'every type that is answered has a comment');

-- What keeps the booking side free to be spread over nodes
SELECT is_empty(
	$$SELECT r.name, i.indexrelid::regclass FROM relation r JOIN pg_index i ON i.indrelid = r.oid
	JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = i.indkey[0]
	WHERE i.indisunique AND a.attname <> 'event_id' AND r.name IN ('event', 'event_section', 'stock', 'event_seat', 'hold', 'booking', 'ticket', 'cancellation',
		'pool', 'ticket_type', 'quota', 'access_code', 'adjustment')$$,
	'every unique key of the booking side begins with event_id');
SELECT is_empty(
	$$SELECT conrelid::regclass, confrelid::regclass FROM pg_constraint WHERE contype = 'f' AND connamespace = 'evently'::regnamespace
	AND conrelid::regclass::text IN ('evently.event_section', 'evently.stock', 'evently.event_seat', 'evently.hold', 'evently.booking',
		'evently.ticket', 'evently.cancellation', 'evently.idempotency')$$,
	'and it has no foreign key');
SELECT is((SELECT count(*) FROM pg_index WHERE indrelid = 'evently.stock'::regclass), 1::bigint, 'stock has its primary key and no other index');

-- Roles
SELECT is_empty($$SELECT rolname FROM pg_roles WHERE rolname IN ('evently_owner', 'evently_api', 'evently_web', 'evently_analyst')
	AND (rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication)$$, 'neither role may log in or do more than that');
SELECT is(pg_has_role('evently_api', 'evently_owner', 'MEMBER'), false, 'evently_api is not evently_owner');
SELECT is_empty($$SELECT role FROM unnest('{evently_api,evently_web,public}'::name[]) role WHERE has_schema_privilege(role, 'evently', 'CREATE')$$,
	'neither evently_api nor PUBLIC may create in the schema');
SELECT is(has_schema_privilege('public', 'evently', 'USAGE'), false, 'PUBLIC may not even look into it');

-- As evently_api
SELECT event('show') AS show, event('club') AS club, event('twin') AS twin, person('ann') AS ann \gset
GRANT USAGE ON SCHEMA test TO evently_api;
SET LOCAL evently.max_holds_per_user = 1;
SET ROLE evently_api;
SELECT is((evently.book(:'show', :'ann', '{A-1}')).status, 'confirmed', 'evently_api books');
SELECT is((evently.confirm_hold(:'club', h.hold_id)).quantity, 2, 'holds and confirms') FROM evently.hold_tickets(:'club', :'ann', 2) h;
SELECT is((evently.cancel_booking(:'club', b.booking_id)).status, 'completed', 'cancels')
FROM evently.list_bookings(:'ann', event_id => :'club') b;
SELECT is((evently.create_event('mine', now() + interval '1 day', venue => '"Barn"', total_capacity => 5)).available_seats, 5, 'creates events');
SELECT isnt(evently.render(e)::text, NULL, 'renders') FROM evently.get_event(:'show') e;
SELECT is_empty('SELECT * FROM evently.verify()', 'and verifies');
SELECT throws_ok(statement, '42501', NULL, 'H67: evently_api may not ' || statement)
FROM unnest(ARRAY['SELECT email FROM evently.account', 'SELECT 1 FROM evently.booking', 'UPDATE evently.stock SET available = 1',
	'DELETE FROM evently.hold', 'SELECT evently.set_role(''ann@example.com'', ''admin'')', 'CREATE TABLE evently.mine (a int)']) statement;
-- A function of one's own, in front of PostgreSQL's, is not called by functions that run as the owner.
CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''called as %'', current_user; END';
SET search_path = pg_temp, pg_catalog, test, public;
SELECT lives_ok($$SELECT evently.list_events(city => 'Lyon'), evently.list_venues(search => 'a')$$,
	'H67: a planted function is not called');

-- Seats are picked in a subtransaction. A refusal in it must end it: the caller's handler would go on in it else, as its owner.
SELECT is((evently.hold_tickets(:'twin', :'ann', 1)).quantity, 1, 'a first hold of picked seats');
SELECT set_config('test.event', :'twin', true), set_config('test.person', :'ann', true) \g /dev/null
DO $$
BEGIN
	PERFORM evently.hold_tickets(current_setting('test.event')::uuid, current_setting('test.person')::uuid, 1);
EXCEPTION WHEN OTHERS THEN
	PERFORM set_config('test.seen', current_user || ' ' || SQLSTATE, true);
END
$$;
SELECT is(current_setting('test.seen'), 'evently_api VE108', 'a refusal while seats are picked leaves the caller who he was');
SELECT is(current_user::text, 'evently_api', 'afterwards too');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
