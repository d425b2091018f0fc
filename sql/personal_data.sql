-- What is kept about a person is given to him, and erased: tables, outbox and all. "canary" is in whatever he writes.
\set ECHO none
\i sql/include/setup.psql
SELECT plan(28);

CREATE FUNCTION account(name text) RETURNS uuid LANGUAGE sql STABLE
AS $$ SELECT account_id FROM evently.account WHERE email = $1 || '@example.com' $$;
-- Rows with that word, whatever table they are in.
CREATE FUNCTION rows_with(word text) RETURNS TABLE (tbl text, found bigint) LANGUAGE plpgsql AS $$
DECLARE
	t regclass;
BEGIN
	FOR t IN SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'evently'::regnamespace AND c.relkind = 'r' LOOP
		RETURN QUERY EXECUTE format('SELECT %L, count(*) FROM %s t WHERE t::text ILIKE %L HAVING count(*) > 0', t, t, '%' || word || '%');
	END LOOP;
END
$$;
CREATE FUNCTION ledger() RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('bookings', (SELECT jsonb_agg(to_jsonb(b) ORDER BY booking_id) FROM evently.booking b),
		'tickets', (SELECT jsonb_agg(to_jsonb(t) ORDER BY ticket_id) FROM evently.ticket t),
		'payments', (SELECT jsonb_agg(to_jsonb(p) ORDER BY payment_id) FROM evently.payment p),
		'refunds', (SELECT jsonb_agg(to_jsonb(r) - 'reason' ORDER BY refund_id) FROM evently.refund r),
		'cancellations', (SELECT jsonb_agg(to_jsonb(c) - 'reason' ORDER BY cancellation_id) FROM evently.cancellation c))
$$;

DO $$
BEGIN
	PERFORM evently.register_account('canary@example.com', '$2b$04$canary', 'Canary Bird', 'Canary', 'Bird', '+1 canary', decode(repeat('ab', 32), 'hex'), '1 day');
	PERFORM evently.register_account('boss@example.com', 'x', 'Boss');
	PERFORM evently.register_account('other@example.com', 'x', 'Other');
	PERFORM evently.set_role('boss@example.com', 'admin');
	PERFORM evently.book(event('show'), account('canary'), '{A-1,A-2}', payment => '{"token": "tok_ok"}', idempotency_key => 'canary-1');
	PERFORM evently.cancel_booking(event('show'), b.booking_id, account('canary'), 'the canary is ill', idempotency_key => 'canary-2')
		FROM evently.booking b WHERE b.user_id = account('canary');
	PERFORM evently.book(event('club'), account('canary'), quantity => 2, payment => '{"token": "tok_ok"}');
	PERFORM evently.hold_seats(event('show'), account('canary'), '{A-3}');
	PERFORM evently.cancel_booking(event('club'), b.booking_id, account('other'), 'another reason')
		FROM evently.book(event('club'), account('other'), quantity => 1, payment => '{}') b;
	PERFORM evently.create_event('packed', now() + interval '1 day', total_capacity => 1);
	PERFORM evently.book(event('packed'), person('x'), quantity => 1);
	PERFORM evently.join_waitlist(event('packed'), account('canary'), preferences => '{"with": "canary"}');
	PERFORM evently.create_organiser('Team', account('canary'));
	PERFORM evently.get_analytics_summary(actor_id => account('boss'));
END
$$;

-- Given
SELECT evently.export_account(account('canary'), account('canary')) AS export \gset
SELECT is((x.account).email || ' ' || (x.account).phone_number, 'canary@example.com +1 canary', 'the account is exported') FROM evently.export_account(account('canary')) x;
SELECT is(cardinality(x.sessions) || ' ' || (x.teams[1]).name || ' ' || cardinality(x.holds) || ' ' || cardinality(x.bookings) || ' ' || (x.cancellations[1]).reason || ' '
	|| cardinality(x.payments) || ' ' || ((x.waitlist_entries[1]).preferences ->> 'with'), '1 Team 1 2 the canary is ill 2 canary', 'with all that hangs on it')
FROM evently.export_account(account('canary')) x;
SELECT is((SELECT count(*) FROM jsonb_path_query(evently.render(evently.export_account(account('canary')))::jsonb, '$.**.user_id') u WHERE u #>> '{}' <> account('canary')::text), 0::bigint,
	'and with nothing of others');
SELECT is(strpos(evently.render(evently.export_account(account('canary')))::text, '$2b$'), 0, 'never with the password''s hash');
SELECT is((SELECT cardinality(x.bookings) + cardinality(x.holds) + cardinality(x.sessions) FROM evently.export_account(account('boss')) x), 0, 'empty where there is nothing');
SELECT is(r.sqlstate, 'VE002', 'nobody exports another''s') FROM refusal($$SELECT evently.export_account(account('canary'), account('other'))$$) r;
SELECT is(r.sqlstate, 'VE002', 'nor erases it') FROM refusal($$SELECT evently.erase_account(account('canary'), account('other'))$$) r;
SELECT is((evently.export_account(account('canary'), account('boss'))).account.user_id, account('canary'), 'but who manages everything may');
SELECT throws_ok(format('SELECT evently.%s(%L)', f, person('nobody')), 'VE502', NULL, f || ' of nobody') FROM unnest('{export_account,erase_account}'::text[]) f;
SELECT throws_ok(format('SELECT evently.%s(NULL)', f), 'VE001', NULL, f || ' of null') FROM unnest('{export_account,erase_account}'::text[]) f;

-- Erased
SELECT set_eq('SELECT tbl FROM rows_with(''canary'')', $$SELECT 'evently.' || unnest('{account,cancellation,refund,waitlist_entry,idempotency,outbox}'::text[])$$,
	'what a buyer writes is in these tables (if more: personal_data.c)');
SELECT is(r.sqlstate || ' ' || (r.detail::jsonb -> 'events' ->> 0), 'VE507 ' || event('packed'), 'who waits leaves the waitlist first')
FROM refusal($$SELECT evently.erase_account(account('canary'), account('canary'))$$) r;
SELECT evently.leave_waitlist(event('packed'), account('canary')) \g /dev/null
SELECT evently.set_organiser_member((SELECT organiser_id FROM evently.organiser), account('other'), '{bookings:read}') \g /dev/null
SELECT throws_ok($$SELECT evently.erase_account(account('canary'))$$, 'VE503', NULL, 'a team is not left without who manages it');
SELECT evently.set_organiser_member((SELECT organiser_id FROM evently.organiser), account('other'), '{members:manage}') \g /dev/null
SELECT throws_ok($$SELECT evently.erase_account(account('boss'))$$, 'VE503', NULL, 'the last administrator stays');
SELECT ledger() AS ledger, account('canary') AS canary, (SELECT count(*) FROM evently.outbox) AS told \gset
SELECT is((SELECT message || ' ' || (user_id = :'canary') FROM evently.erase_account(:'canary', :'canary')), 'Account erased true', 'an account is erased');
SELECT is_empty('SELECT * FROM rows_with(''canary'')', 'nothing that its owner wrote is left in any table');
SELECT is_empty('SELECT * FROM rows_with(''bird'')', 'nor his name');
SELECT is(ledger(), :'ledger'::jsonb, 'the ledger is as it was');
SELECT is_empty(format('SELECT 1 FROM evently.refresh_token WHERE account_id = %1$L UNION ALL SELECT 1 FROM evently.organiser_member WHERE account_id = %1$L', :'canary'), 'he is signed in nowhere, and in no team');
SELECT is((SELECT count(*) FROM evently.cancellation WHERE reason = 'another reason') || ' ' || (SELECT count(*) FROM evently.outbox WHERE payload ->> 'reason' = 'another reason'), '1 1', 'what others wrote is');
SELECT is((SELECT count(*) FROM evently.outbox) - :told, 2::bigint, 'no message is lost, two have come');
SELECT is((SELECT payload ->> 'user_id' FROM evently.outbox WHERE type = 'ACCOUNT_ERASED'), :'canary', 'one of them tells of it');
SELECT throws_ok(format('SELECT evently.erase_account(%L)', :'canary'), 'VE502', NULL, 'once');
SELECT throws_ok(format('SELECT evently.require_session(%L, 1)', :'canary'), 'VE504', NULL, 'its tokens count no more');
SELECT is((evently.register_account('canary@example.com', 'x', 'New')).outcome, 'ok', 'the address is free again');
SELECT all_is_well();

SELECT * FROM finish();
ROLLBACK;
