\set ECHO none
\i sql/include/setup.psql
SELECT plan(73);

-- Accounts: two administrators of their own events, one of all, one who may only look, and people.
CREATE FUNCTION account(name text) RETURNS uuid LANGUAGE sql STABLE
AS 'SELECT account_id FROM evently.account a WHERE a.email = $1 || ''@example.com''';
CREATE FUNCTION team(name text) RETURNS uuid LANGUAGE sql STABLE
AS 'SELECT organiser_id FROM evently.organiser o WHERE o.name = $1';
CREATE FUNCTION seen_by(person text, scope text) RETURNS text LANGUAGE sql
AS $$ SELECT string_agg(e.name, ' ' ORDER BY e.name) FROM evently.list_admin_events_page(account(person), scope, "limit" => 100) p, unnest(p.events) e
	WHERE e.name LIKE 'of %' $$;
DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY '{olga,otto,root,viewer,ann,bob}'::text[] LOOP
		PERFORM evently.register_admin(name || '@example.com', 'x', name, mode => 'trusted');
	END LOOP;
	PERFORM evently.set_role('root@example.com', 'admin');
	UPDATE evently.account SET permissions = '{analytics:read}' WHERE email = 'viewer@example.com';
	UPDATE evently.account SET role = 'user', permissions = '{}' WHERE email IN ('ann@example.com', 'bob@example.com');
	PERFORM evently.create_event('of olga', now() + interval '9 days', total_capacity => 9, created_by => account('olga'), status => 'draft');
	PERFORM evently.create_event('of otto', now() + interval '9 days', total_capacity => 9, created_by => account('otto'));
END
$$;

-- An account's own events (S2-AUTHA-4, S2-EVA-2 to 4)
SELECT is((evently.update_event(event('of olga'), account('olga'), description => 'x')).description, 'x', 'S2-AUTHA-4: who made an event changes it');
SELECT throws_ok(format('SELECT evently.%s', call), 'VE002', NULL, 'S2-AUTHA-4: another does not ' || split_part(call, '(', 1))
FROM unnest(ARRAY['update_event(event(''of olga''), account(''otto''), description => ''y'')', 'set_event_status(event(''of olga''), ''published'', account(''otto''))',
	'publish_event(event(''of olga''), account(''otto''))', 'cancel_event(event(''of olga''), account(''otto''))', 'get_event(event(''of olga''), actor_id => account(''otto''))',
	'set_event_organiser(event(''of olga''), NULL, account(''otto''))']) call;
SELECT is((evently.update_event(event('of olga'), account('root'), description => 'z')).description, 'z', 'who has events:any does');
SELECT is(seen_by('olga', NULL), 'of olga', 'S2-EVA-4: one sees one''s own');
SELECT is(seen_by('root', 'all'), 'of olga of otto', 'who has events:any sees all');
SELECT throws_ok($$SELECT seen_by('otto', 'all')$$, 'VE002', NULL, 'others do not');
SELECT is((evently.get_event(event('of olga'), actor_id => account('viewer'))).name, 'of olga', 'who reads the figures of all events sees each of them');
SELECT throws_ok($$SELECT evently.update_event(event('of olga'), account('viewer'), name => 'x')$$, 'VE002', NULL, 'but changes none');

-- A team
SELECT results_eq($$SELECT o.name, m.user_id, m.permissions, o.version FROM evently.create_organiser('Club', account('olga'), idempotency_key => 'k') o, unnest(o.members) m$$,
	$$SELECT 'Club', account('olga'), '{analytics:read,bookings:read,events:own,members:manage}'::text[], 1$$, 'who makes a team may everything in it');
SELECT is((evently.create_organiser('Club', account('olga'), idempotency_key => 'k')).organiser_id, team('Club'), 'a retry under its key makes no second one');
SELECT throws_ok($$SELECT evently.create_organiser('Pub', account('olga'), idempotency_key => 'k')$$, 'VE901', NULL, 'nor does another request');
SELECT throws_ok($$SELECT evently.create_organiser('')$$, 'VE001', NULL, 'a team has a name');
SELECT throws_ok(format('SELECT evently.%s', call), 'VE002', NULL, 'a stranger does not ' || split_part(call, '(', 1))
FROM unnest(ARRAY['get_organiser(team(''Club''), account(''otto''))', 'update_organiser(team(''Club''), ''X'', account(''otto''))',
	'delete_organiser(team(''Club''), account(''otto''))', 'set_organiser_member(team(''Club''), account(''otto''), ''{events:own}'', account(''otto''))',
	'remove_organiser_member(team(''Club''), account(''olga''), account(''otto''))',
	'create_event(''of nobody'', ''2099-01-01'', total_capacity => 1, created_by => account(''otto''), organiser_id => team(''Club''))',
	'set_event_organiser(event(''of otto''), team(''Club''), account(''otto''))']) call;
SELECT throws_ok($$SELECT evently.set_organiser_member(team('Club'), account('ann'), '{events:any}', account('olga'))$$, 'VE001', NULL,
	'a member cannot be let do everything with everybody''s events');
SELECT throws_ok($$SELECT evently.set_organiser_member(team('Club'), person('x'), '{}', account('olga'))$$, 'VE502', NULL, 'a member has an account');
SELECT evently.set_organiser_member(team('Club'), account('ann'), '{events:own,EVENTS:OWN}', account('olga')),
	evently.set_organiser_member(team('Club'), account('bob'), '{bookings:read}', account('olga')) \g /dev/null
SELECT is((SELECT m.permissions FROM evently.get_organiser(team('Club'), account('bob')) o, unnest(o.members) m WHERE m.user_id = account('ann')),
	'{events:own}', 'members see each other, and what they may');

-- Its events
SELECT is((evently.set_event_organiser(event('of olga'), team('Club'), account('olga'), version => 3)).organiser_id, team('Club'), 'an event is given to a team (S3-FUT-1)');
SELECT is((evently.create_event('of the club', now() + interval '9 days', total_capacity => 9, base_price => 5, created_by => account('ann'), organiser_id => team('Club'))).organiser_id,
	team('Club'), 'or made for it by a member');
SELECT is((evently.update_event(event('of olga'), account('ann'), description => 'by ann')).description, 'by ann', 'a member with events:own changes what another made');
SELECT throws_ok($$SELECT evently.update_event(event('of olga'), account('bob'), description => 'by bob')$$, 'VE002', NULL, 'one without does not');
SELECT is((evently.get_event(event('of olga'), actor_id => account('bob'))).description, 'by ann', 'but sees it');
SELECT is(seen_by('bob', NULL), 'of olga of the club', 'each sees the events of his teams');
SELECT is(seen_by('olga', NULL), 'of olga of the club', 'whoever made them');
SELECT is(seen_by('otto', NULL), 'of otto', 'and not those of others');
SELECT throws_ok($$SELECT evently.delete_organiser(team('Club'), account('olga'))$$, 'VE506', NULL, 'a team with events is not deleted');

SELECT evently.book(event('of the club'), person('x'), quantity => 1) \g /dev/null
SELECT is((evently.get_booking(NULL, booking('x'), account('bob'))).user_id, person('x'), 'a member with bookings:read sees who booked');
SELECT throws_ok(format('SELECT evently.get_booking(NULL, booking(''x''), account(%L))', p), 'VE002', 'the booking belongs to somebody else', p || ' does not')
FROM unnest('{ann,otto}'::text[]) p;
SELECT throws_ok($$SELECT evently.cancel_booking(NULL, booking('x'), account('bob'))$$, 'VE002', NULL, 'and cancels nobody''s booking');
SELECT throws_ok($$SELECT evently.get_event_analytics(event('of olga'), account('bob'))$$, 'VE002', NULL, 'without analytics:read there are no figures');
SELECT evently.book(event('of the club'), person('x'), quantity => 2) \g /dev/null
SELECT is((evently.get_event_analytics(event('of the club'), account('olga'))).tickets_sold, 3::bigint, 'with it there are');
SELECT is((SELECT sum(r.tickets_booked) FROM evently.get_revenue('event', actor_id => account(person)) v, unnest(v.rows) r), tickets,
	format('the figures of %s are those of his teams', person)) FROM (VALUES ('olga', 3::numeric), ('bob', NULL)) p (person, tickets);
SELECT is(ARRAY[(SELECT (a.totals).booked FROM evently.get_analytics_summary(true, account(person)) a),
		(SELECT (a.totals).booked FROM evently.get_overall_analytics(account(person)) a),
		(SELECT sum(e.tickets_sold) FROM evently.get_popular_events(actor_id => account(person)) p, unnest(p.events) e)], figures,
	format('summary, totals and popular events of %s too', person))
FROM (VALUES ('olga', '{3,3,3}'::numeric[]), ('ann', '{0,0,NULL}'), ('viewer', '{3,3,3}')) p (person, figures);

-- What was bought is seen by who has bookings:read
SELECT evently.book(event('of the club'), person('y'), quantity => 1, payment => '{"token": "tok_ok"}'),
	evently.hold_tickets(event('of the club'), person('y'), 1) \g /dev/null
SELECT evently.cancel_booking(NULL, booking('y')) \g /dev/null
CREATE FUNCTION reading(what text, person text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT format('SELECT evently.%s(NULL, %L, %L)', what, CASE what WHEN 'get_hold' THEN hold('y') WHEN 'get_payments' THEN booking('y')
		WHEN 'get_payment' THEN (SELECT payment_id FROM evently.payment WHERE user_id = person('y'))
		ELSE (SELECT cancellation_id FROM evently.cancellation WHERE booking_id = booking('y')) END,
		CASE person WHEN 'y' THEN person('y') ELSE account(person) END) $$;
SELECT lives_ok(reading(f, 'y'), 'its buyer: ' || f), lives_ok(reading(f, 'bob'), 'a member with bookings:read: ' || f), throws_ok(reading(f, 'ann'), 'VE002', NULL, 'not one without: ' || f)
FROM unnest('{get_hold,get_payment,get_payments,get_cancellation}'::text[]) f;

-- Its members
SELECT throws_ok($$SELECT evently.remove_organiser_member(team('Club'), account('olga'), account('olga'))$$, 'VE503', NULL,
	'the last who manages the members may not leave');
SELECT throws_ok($$SELECT evently.set_organiser_member(team('Club'), account('olga'), '{events:own}', account('olga'))$$, 'VE503', NULL,
	'nor stop managing them');
SELECT evently.set_organiser_member(team('Club'), account('ann'), '{events:own,members:manage}', account('olga')) \g /dev/null
SELECT is((SELECT count(*) FROM evently.remove_organiser_member(team('Club'), account('olga'), account('olga')) o, unnest(o.members) m), 2::bigint,
	'with another one he may');
SELECT throws_ok($$SELECT evently.update_event(event('of olga'), account('olga'), description => 'mine')$$, 'VE002', NULL,
	'an event of the team is no longer his who made it, once he has left');
SELECT lives_ok($$SELECT evently.remove_organiser_member(team('Club'), account('olga'), account('olga'))$$, 'leaving again changes nothing');
SELECT is((evently.set_event_organiser(event('of olga'), NULL, account('ann'))).organiser_id, NULL, 'the team gives it back');
SELECT is(seen_by('olga', NULL), 'of olga', 'and it is his again');
SELECT is((SELECT string_agg(o.name, ' ') FROM evently.list_organisers(account('ann')) o), 'Club', 'everybody finds his teams');
SELECT is((SELECT count(*) FROM evently.list_organisers(account('otto'))), 0::bigint, 'and no other');
SELECT throws_ok($$SELECT evently.update_organiser(team('Club'), 'Pub', version => 1)$$, 'VE408', NULL, 'a stale version is refused');
SELECT is((evently.update_organiser(team('Club'), 'Pub', account('ann'))).name, 'Pub', 'a team gets another name');
SELECT evently.set_event_organiser(event('of the club'), NULL) \g /dev/null
SELECT is((evently.delete_organiser(team('Pub'), account('root'))).name, 'Pub', 'and is deleted without events, by who may all');
SELECT is((SELECT count(*) FROM evently.organiser_member), 0::bigint, 'with its members');
SELECT all_is_well();
SELECT * FROM finish();
ROLLBACK;
