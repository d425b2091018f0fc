\set ECHO none
\i sql/include/setup.psql
SELECT plan(83);

-- Passwords come as bcrypt hashes, tokens as SHA-256 hashes.
CREATE FUNCTION hash(token text) RETURNS bytea LANGUAGE sql IMMUTABLE AS 'SELECT sha256(convert_to(token, ''UTF8''))';
CREATE FUNCTION account(email text) RETURNS uuid LANGUAGE sql STABLE
AS 'SELECT account_id FROM evently.account a WHERE lower(a.email) = lower($1)';
CREATE FUNCTION token_version(email text) RETURNS integer LANGUAGE sql STABLE
AS 'SELECT token_version FROM evently.account a WHERE lower(a.email) = lower($1)';
CREATE FUNCTION refresh(old text, new text) RETURNS text LANGUAGE sql
AS $$ SELECT outcome FROM evently.refresh_session(hash(old), hash(new), '7 days') $$;

SELECT results_eq(
	$$SELECT outcome, token_version, expires_at > now() + interval '6 days', (account).email, (account).name, (account).role,
		(account).permissions, (account).is_active
	FROM evently.register_account('Ann@Example.com', '$2b$12$x', 'Ann', token_hash => hash('a1'), token_ttl => '7 days')$$,
	$$VALUES ('ok', 1, true, 'Ann@Example.com', 'Ann', 'user', '{}'::text[], true)$$,
	'registering answers the account with role user, and a session (S1-AUTHU-1, S1-AUTHU-10, S1-AUTHU-11, S5-AUTHU-9)');
SELECT is((account).name, 'John Doe', 'a name is made of first_name and last_name (S3-AUTHU-1)')
FROM evently.register_account('john@example.com', '$2b$12$x', first_name => 'John', last_name => 'Doe');
SELECT results_eq($$SELECT outcome, expires_at FROM evently.register_account('no@session.org', '$2b$12$x', 'No')$$,
	$$VALUES ('ok', NULL::timestamptz)$$, 'without a token there is no session');
SELECT throws_ok($$SELECT evently.register_account('aNN@EXAMPLE.com', '$2b$12$y', 'Other')$$, 'VE501',
	'the email address is taken', 'H63: an address is taken whatever its case');
SELECT is((evently.get_credentials('ANN@example.COM')).user_id, account('ann@example.com'),
	'H63: a login finds the address without case');
SELECT throws_ok(format('SELECT evently.register_account(%L, ''x'', ''Ann'')', email), 'VE001', NULL,
	format('%s is no address (S5-AUTHU-7)', to_json(left(email, 20))))
FROM unnest(ARRAY['', 'ann', '@b.c', 'a@', 'a@b@c', 'a b@c.d', E'a\t@b.c', repeat('a', 250) || '@b.cd']) email;
SELECT throws_ok($$SELECT evently.register_account('x@y.z', 'x')$$, 'VE001', NULL, 'a name is required');
SELECT throws_ok($$SELECT evently.register_account(NULL, 'x', 'X')$$, 'VE001', NULL, 'an address is required');
SELECT throws_ok($$SELECT evently.register_account('x@y.z', 'x', 'X', token_hash => hash('x'))$$, 'VE001', NULL,
	'a token needs its lifetime');
SELECT is(evently.get_credentials('nobody@example.com'), NULL::evently.credential,
	'H64: an unknown address has no hash, and no error');
SELECT is((evently.get_credentials_by_id(account('john@example.com'))).password_hash, '$2b$12$x',
	'the hash is found by the account too');

-- Sessions (H62)
SELECT is(refresh('a1', 'a2'), 'ok', 'a refresh token works once (S2-AUTHA-3)');
SELECT is(refresh('a2', 'a3'), 'ok', 'so does the one it was replaced by');
SELECT is(refresh('a1', 'a4'), 'reused', 'H62: using a token again is noticed');
SELECT is(refresh('a3', 'a4'), 'reused', 'H62: and revokes its whole family');
SELECT is(token_version('ann@example.com'), 2, 'H62: access tokens end with it, once');
SELECT is(refresh('never', 'a4'), 'unknown', 'a token never given is unknown');
SELECT is((SELECT outcome FROM evently.start_session(account('ann@example.com'), hash('b1'), '7 days')), 'ok',
	'a login begins another family');
SELECT is(evently.end_session(hash('b1')), true, 'logging out revokes it (S1-AUTHU-4)');
SELECT is(evently.end_session(hash('b1')), false, 'once');
SELECT is(refresh('b1', 'b2'), 'reused', 'H62: a token is of no use after the logout');
SELECT is(token_version('ann@example.com'), 3, 'H62: nor is an access token');
SELECT evently.start_session(account('ann@example.com'), hash('c1'), '-1 second') \g /dev/null
SELECT is(refresh('c1', 'c2'), 'expired', 'a token ends at its time (S1-AUTHU-9)');
SELECT evently.start_session(account('ann@example.com'), hash('d1'), '7 days') \g /dev/null
SELECT evently.change_password(account('ann@example.com'), '$2b$12$new') \g /dev/null
SELECT is(refresh('d1', 'd2'), 'reused', 'H62: a new password ends every session (S3-AUTHU-4)');
SELECT is(token_version('ann@example.com'), 4, 'H62: and every access token');
SELECT evently.start_session(account('ann@example.com'), hash('e1'), '7 days') \g /dev/null
UPDATE evently.account SET is_active = false WHERE account_id = account('ann@example.com');
SELECT is(refresh('e1', 'e2'), 'inactive', 'an inactive account cannot refresh');
SELECT is((SELECT outcome FROM evently.start_session(account('ann@example.com'), hash('f1'), '7 days')), 'inactive',
	'or log in');
SELECT is((SELECT outcome FROM evently.start_session(account('john@example.com'), hash('g1'), '7 days', 'another hash')), 'unknown',
	'a login that was checked against a password changed since starts no session');
SELECT is((SELECT outcome FROM evently.start_session(person('nobody'), hash('f1'), '7 days')), 'unknown',
	'nor can an unknown one');

-- Access tokens carry the version they were made under.
SELECT is(evently.require_session(account('john@example.com'), 1), true, 'an access token counts while its version is the account''s');
SELECT throws_ok(format('SELECT b.* FROM evently.book(person(''x''), person(''x''), quantity => 1) b WHERE evently.require_session(%L, %s)', who, version),
	'VE504', NULL, 'H62: ' || why || ', and is refused before the call')
FROM (VALUES (account('john@example.com'), 2, 'one of another version does not'), (account('ann@example.com'), 4, 'nor that of an inactive account'),
	(person('nobody'), 1, 'nor that of no account')) t (who, version, why);
SELECT is(evently.validate_sessions(array_agg(who ORDER BY n), array_agg(version ORDER BY n)), '{t,f,f,f,t}',
	'validate_sessions() says the same of each, and refuses none')
FROM (VALUES (1, account('john@example.com'), 1), (2, account('john@example.com'), 2), (3, account('ann@example.com'), 4),
	(4, person('nobody'), 1), (5, account('john@example.com'), 1)) t (n, who, version);
SELECT is(evently.validate_sessions('{}', '{}'), '{}', 'nothing is answered to nobody');

SELECT results_eq(
	$$SELECT name, first_name, phone_number FROM evently.update_account(account('john@example.com'), phone_number => '+33 1')$$,
	$$VALUES ('John Doe', 'John', '+33 1')$$, 'an update changes what is given (S1-AUTHU-6)');
SELECT is((evently.update_account(account('john@example.com'), first_name => 'Jane', last_name => 'Roe')).name, 'Jane Roe',
	'a name follows its parts');
SELECT is((evently.update_account(account('john@example.com'), first_name => '', last_name => '')).name, 'Jane Roe',
	'but not where they are empty');
SELECT evently.update_account(account('john@example.com'), first_name => 'Jane', last_name => 'Roe') \g /dev/null
SELECT throws_ok($$SELECT evently.update_account(account('john@example.com'), name => '')$$, 'VE001', NULL,
	'a name cannot be taken away');

-- Administrators: this database may have some already, so their number is made known first.
UPDATE evently.account SET is_active = false WHERE role = 'admin';
SELECT results_eq(
	$$SELECT (account).role, (account).permissions FROM evently.register_admin('root@example.com', 'x', 'Root')$$,
	$$VALUES ('admin', '{events:own}'::text[])$$, 'the first administrator may register himself (S1-AUTHA-1, S2-AUTHA-1)');
SELECT throws_ok($$SELECT evently.register_admin('second@example.com', 'x', 'Second')$$, 'VE002', NULL,
	'H60: the second may not');
SELECT throws_ok($$SELECT evently.register_admin('s@example.com', 'x', 'S', actor_id => account('john@example.com'))$$,
	'VE002', NULL, 'H60: nor by a user');
SELECT throws_ok($$SELECT evently.register_admin('s@example.com', 'x', 'S', mode => 'closed')$$,
	'VE002', NULL, 'H60: mode closed asks for an administrator');
SELECT lives_ok($$SELECT evently.register_admin('second@example.com', 'x', 'Second', actor_id => account('root@example.com'))$$,
	'an administrator registers another');
SELECT results_eq($$SELECT role, permissions FROM evently.set_role('JOHN@example.com', 'ADMIN')$$,
	$$VALUES ('admin', '{events:own,events:any}'::text[])$$, 'set_role makes one of a user (S4-AUTHA-1, S4-AUTHA-4)');
SELECT is(token_version('john@example.com'), 2, 'H62: a new role ends the access tokens');
SELECT evently.set_role('second@example.com', 'user'), evently.set_role('john@example.com', 'user') \g /dev/null
SELECT throws_ok($$SELECT evently.set_role('root@example.com', 'user')$$, 'VE503', NULL,
	'H60: the last administrator cannot be demoted');


-- Administrators and people (AUTHA)
SELECT is((evently.create_account('staff@example.com', 'x', 'Staff', actor_id => account('root@example.com'))).role, 'user', 'S4-AUTHA-3: an administrator makes an account');
SELECT is((evently.create_account('chief@example.com', 'x', 'Chief', 'ADMIN', actor_id => account('root@example.com'))).permissions, '{events:own}',
	'or an administrator');
SELECT throws_ok($$SELECT evently.create_account('s@example.com', 'x', 'S', actor_id => account('staff@example.com'))$$, 'VE002', NULL, 'S4-AUTHA-5: a user does not');
SELECT throws_ok($$SELECT evently.create_account('STAFF@example.com', 'x', 'S', actor_id => account('root@example.com'))$$, 'VE501', NULL, 'an address is taken once');
SELECT is((evently.change_role(account('staff@example.com'), 'admin', actor_id => account('root@example.com'))).permissions, '{events:own}',
	'S4-AUTHA-4: an administrator makes another of a user');
SELECT throws_ok($$SELECT evently.change_role(account('john@example.com'), 'admin', actor_id => account('john@example.com'))$$, 'VE002', NULL,
	'H60: nobody makes himself one');
SELECT throws_ok($$SELECT evently.change_role(account('staff@example.com'), 'admin', '{events:any}', account('root@example.com'))$$, 'VE002', NULL,
	'nobody gives a permission that he does not have');
SELECT is((evently.set_role('staff@example.com', 'admin', '{analytics:read,BOOKINGS:READ}')).permissions, '{analytics:read,bookings:read}',
	'S1-AUTHA-5: an administrator has permissions');
SELECT throws_ok(format('SELECT evently.change_role(account(%L), %s, actor_id => account(%L))', 'staff@example.com', given, 'root@example.com'), 'VE002', NULL,
	'nor takes one away that he does not have: ' || given)
FROM unnest('{"''user''", "''admin'', ''{}''", "''admin'', ''{events:own}''"}'::text[]) given;
SELECT throws_ok($$SELECT evently.set_role('staff@example.com', 'admin', '{everything}')$$, 'VE001', NULL, 'of a list');
SELECT throws_ok($$SELECT evently.set_role('staff@example.com', 'user', '{events:own}')$$, 'VE001', NULL, 'and a user has none');
-- chief and peer have events:own, as root has
SELECT evently.create_account('peer@example.com', 'x', 'Peer', 'admin', actor_id => account('chief@example.com')) \g /dev/null
SELECT throws_ok(format('SELECT evently.change_role(account(%L), %s, actor_id => account(%L))', 'peer@example.com', given, 'chief@example.com'), 'VE002', NULL,
	'H60: who has not events:any leaves another administrator as he is: ' || given)
FROM unnest('{"''user''", "''admin''", "''admin'', ''{}''"}'::text[]) given;
SELECT is((evently.change_role(account('john@example.com'), 'admin', '{events:own}', account('chief@example.com'))).role, 'admin', 'but makes one of a user');
SELECT is((evently.change_role(account('john@example.com'), 'user', actor_id => account('john@example.com'))).role, 'user', 'who may give it up');
SELECT is((evently.change_role(account('chief@example.com'), 'admin', '{}', account('chief@example.com'))).permissions, '{}', 'as he may his permissions');
SELECT throws_ok($$SELECT evently.change_role(account('john@example.com'), 'admin', actor_id => account('chief@example.com'))$$, 'VE002', NULL,
	'what a role brings is given too: not by who has it not');
SELECT throws_ok($$SELECT evently.create_account('new@example.com', 'x', 'New', 'admin', actor_id => account('chief@example.com'))$$, 'VE002', NULL, 'nor with an account');
SELECT throws_ok($$SELECT evently.register_admin('new@example.com', 'x', 'New', actor_id => account('chief@example.com'))$$, 'VE002', NULL, 'nor with one that signs in at once');
SELECT is((evently.create_account('new@example.com', 'x', 'New', actor_id => account('chief@example.com'))).role, 'user', 'a user has none');
SELECT is(evently.change_role(account('new@example.com'), 'user', actor_id => account('chief@example.com'))::text, evently.get_account(account('new@example.com'))::text,
	'a role that somebody has already is answered');
SELECT evently.set_role('any@example.com', 'admin') FROM evently.create_account('any@example.com', 'x', 'Any') \g /dev/null
SELECT evently.set_role('any@example.com', 'admin', '{events:any,events:own}') \g /dev/null
SELECT is(token_version('new@example.com') || ' ' || token_version('any@example.com'), '1 2', 'and signs nobody out');
SELECT evently.set_role('chief@example.com', 'admin', '{events:own}'), evently.set_role('peer@example.com', 'user'), evently.set_role('any@example.com', 'user') \g /dev/null
SELECT is((evently.change_role(account('root@example.com'), 'user', actor_id => account('root@example.com'))).role, 'user',
	'an administrator demotes himself where there is another');
SELECT evently.set_role('chief@example.com', 'user') \g /dev/null
SELECT throws_ok($$SELECT evently.change_role(account('staff@example.com'), 'user', actor_id => account('staff@example.com'))$$, 'VE503', NULL,
	'H60: the last one does not');
SELECT results_eq($$SELECT p.total >= 6, u.email FROM evently.list_accounts_page(account('staff@example.com'), "limit" => 1) p, unnest(p.users) u$$,
	$$VALUES (true, 'any@example.com')$$, 'S4-AUTHA-2: an administrator lists people, the newest first');
SELECT results_eq($$SELECT u.email FROM evently.list_accounts_page(account('staff@example.com'), 'STAFF@', 'admin') p, unnest(p.users) u$$,
	$$VALUES ('staff@example.com')$$, 'by part of the name or address, and role');
SELECT throws_ok($$SELECT evently.list_accounts_page(account('john@example.com'))$$, 'VE002', NULL, 'S4-AUTHA-5: a user does not');

SELECT * FROM finish();
ROLLBACK;
