-- Accounts and sessions (account.c, session.c).

CREATE FUNCTION evently.describe_account(account evently.account) RETURNS evently.account_detail
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
	SELECT ROW(account.account_id, account.email, account.name, account.first_name, account.last_name,
		account.phone_number, account.role, account.permissions, account.is_active,
		account.created_at, account.updated_at)::evently.account_detail;
END;
COMMENT ON FUNCTION evently.describe_account(evently.account) IS 'An account as functions return it.';

CREATE FUNCTION evently.register_account(email text, password_hash text, name text DEFAULT NULL, first_name text DEFAULT NULL,
	last_name text DEFAULT NULL, phone_number text DEFAULT NULL, token_hash bytea DEFAULT NULL, token_ttl interval DEFAULT NULL)
RETURNS evently.session
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_register_account';
COMMENT ON FUNCTION evently.register_account(text, text, text, text, text, text, bytea, interval) IS
'A new account with role user. password_hash: bcrypt ($2a$, $2b$), pgcrypto''s crypt() makes one. name, or first_name and last_name. With token_hash (SHA-256 of a refresh token) a session is started for token_ttl. Errors: VE501 EMAIL_TAKEN (compared without case), VE001 VALIDATION_ERROR. Writes account, refresh_token.';

CREATE FUNCTION evently.register_admin(email text, password_hash text, name text, phone_number text DEFAULT NULL,
	token_hash bytea DEFAULT NULL, token_ttl interval DEFAULT NULL, actor_id uuid DEFAULT NULL, mode text DEFAULT 'bootstrap')
RETURNS evently.session
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_register_admin';
COMMENT ON FUNCTION evently.register_admin(text, text, text, text, bytea, interval, uuid, text) IS
'A new administrator with permission events:own. mode bootstrap: while there is none, or by an administrator (actor_id) who has that permission; closed: by such an administrator; open or trusted: the caller vouches. Errors: VE002 FORBIDDEN, VE501 EMAIL_TAKEN, VE001 VALIDATION_ERROR. Writes account, refresh_token.';

CREATE FUNCTION evently.get_credentials(email text) RETURNS evently.credential
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT ROW(a.account_id, a.password_hash, a.is_active)::evently.credential
	FROM evently.account a WHERE lower(a.email) = lower(get_credentials.email);
END;
COMMENT ON FUNCTION evently.get_credentials(text) IS 'The bcrypt hash that a login is checked against; all null for an unknown address. For the web app''s role only.';

CREATE FUNCTION evently.get_credentials_by_id(user_id uuid) RETURNS evently.credential
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT ROW(a.account_id, a.password_hash, a.is_active)::evently.credential
	FROM evently.account a WHERE a.account_id = get_credentials_by_id.user_id;
END;
COMMENT ON FUNCTION evently.get_credentials_by_id(uuid) IS 'The same by account, to check the present password before a change.';

CREATE FUNCTION evently.start_session(user_id uuid, token_hash bytea, token_ttl interval, password_hash text DEFAULT NULL,
	role text DEFAULT NULL) RETURNS evently.session
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_start_session';
COMMENT ON FUNCTION evently.start_session(uuid, bytea, interval, text, text) IS
'A login: stores the SHA-256 of a refresh token. password_hash, when given, is the one that was verified: where it has been changed since, no session is started. role, when given, must be the account''s. outcome: ok, unknown (no such account, or another password by now), inactive, forbidden (another role). Errors: VE001 VALIDATION_ERROR. Writes refresh_token.';

CREATE FUNCTION evently.refresh_session(token_hash bytea, new_token_hash bytea, token_ttl interval, role text DEFAULT NULL) RETURNS evently.session
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_refresh_session';
COMMENT ON FUNCTION evently.refresh_session(bytea, bytea, interval, text) IS
'Replaces a refresh token, once. role, when given, must be the account''s. outcome: ok, unknown, expired, inactive, forbidden (another role; the token still counts), or reused: then every token of its family is revoked, and token_version raised. Refusals are answers, not errors, so that the revocation is kept. Errors: VE001 VALIDATION_ERROR. Writes refresh_token, account.';

CREATE FUNCTION evently.end_session(token_hash bytea) RETURNS boolean
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_end_session';
COMMENT ON FUNCTION evently.end_session(bytea) IS 'A logout: revokes the token''s family and raises token_version, so that access tokens end too; other logins of the account get new ones by their refresh tokens. False where there was nothing to revoke. Writes refresh_token, account.';

CREATE FUNCTION evently.require_session(user_id uuid, token_version integer) RETURNS boolean
LANGUAGE c STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_require_session';
COMMENT ON FUNCTION evently.require_session(uuid, integer) IS
'True while an access token of that version counts: the account is active, and since then neither its password nor its role has changed and no login has ended. As a condition of the call that needs it (SELECT ... FROM evently.book(...) WHERE evently.require_session(...)) it is decided before the call and costs no round trip. Errors: VE504 UNAUTHORIZED.';

CREATE FUNCTION evently.validate_sessions(user_ids uuid[], token_versions integer[]) RETURNS boolean[]
LANGUAGE c STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_validate_sessions';
COMMENT ON FUNCTION evently.validate_sessions(uuid[], integer[]) IS
'Of each pair, whether require_session() would let it pass. For sets, where a session that counts no more is not the others'' matter.';

CREATE FUNCTION evently.get_account(user_id uuid) RETURNS evently.account_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_account';
COMMENT ON FUNCTION evently.get_account(uuid) IS 'An account. Errors: VE502 USER_NOT_FOUND.';

CREATE FUNCTION evently.update_account(user_id uuid, name text DEFAULT NULL, first_name text DEFAULT NULL,
	last_name text DEFAULT NULL, phone_number text DEFAULT NULL) RETURNS evently.account_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_update_account';
COMMENT ON FUNCTION evently.update_account(uuid, text, text, text, text) IS
'Changes what is not null; the name follows first_name and last_name where it is not given itself and they are not empty. Errors: VE502 USER_NOT_FOUND, VE001 VALIDATION_ERROR. Writes account.';

CREATE FUNCTION evently.change_password(user_id uuid, password_hash text) RETURNS evently.account_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_change_password';
COMMENT ON FUNCTION evently.change_password(uuid, text) IS
'A new bcrypt hash; ends every session and raises token_version. Errors: VE502 USER_NOT_FOUND, VE001 VALIDATION_ERROR. Writes account, refresh_token.';

CREATE FUNCTION evently.set_role(email text, role text, permissions text[] DEFAULT NULL) RETURNS evently.account_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_set_role';
COMMENT ON FUNCTION evently.set_role(text, text, text[]) IS
'Makes an account an admin or a user, and raises token_version unless it is that already. An admin''s permissions (permission.h): events:own and events:any by default, bookings:read, analytics:read. Errors: VE502 USER_NOT_FOUND, VE503 LAST_ADMIN, VE001 VALIDATION_ERROR. Writes account. Not for the web app.';

CREATE FUNCTION evently.change_role(user_id uuid, role text, permissions text[] DEFAULT NULL, actor_id uuid DEFAULT NULL)
RETURNS evently.account_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_change_role';
COMMENT ON FUNCTION evently.change_role(uuid, text, text[], uuid) IS
'Makes an account an admin or a user, and its tokens count no more: it signs in again, unless it is that already. An admin has permissions: events:own by default, events:any, bookings:read, analytics:read. actor_id gives none that he does not have himself, and needs events:any to change another administrator. Errors: VE002 FORBIDDEN, VE502 USER_NOT_FOUND, VE503 LAST_ADMIN, VE001 VALIDATION_ERROR. Writes account.';

CREATE FUNCTION evently.create_account(email text, password_hash text, name text, role text DEFAULT NULL, phone_number text DEFAULT NULL,
	actor_id uuid DEFAULT NULL) RETURNS evently.account_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_create_account';
COMMENT ON FUNCTION evently.create_account(text, text, text, text, text, uuid) IS
'A new account, made by an administrator (actor_id): a user by default, or an admin with events:own, where actor_id has that himself. Its address makes it unique, so it takes no idempotency key. Errors: VE002 FORBIDDEN, VE501 EMAIL_TAKEN, VE001 VALIDATION_ERROR. Writes account.';

CREATE FUNCTION evently.list_accounts_page(actor_id uuid DEFAULT NULL, q text DEFAULT NULL, role text DEFAULT NULL,
	page integer DEFAULT NULL, "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL) RETURNS evently.account_page
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_list_accounts_page';
COMMENT ON FUNCTION evently.list_accounts_page(uuid, text, text, integer, integer, integer) IS
'One page of accounts, the newest first, for an administrator. q: part of name or address, % and _ being plain characters. page from 1, or offset; limit 20 by default, 100 at most. Errors: VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

-- What a program that signs people in needs: it sees password hashes, issues sessions and vouches for administrators.
GRANT EXECUTE ON FUNCTION
	evently.register_account(text, text, text, text, text, text, bytea, interval),
	evently.register_admin(text, text, text, text, bytea, interval, uuid, text),
	evently.get_credentials(text),
	evently.get_credentials_by_id(uuid),
	evently.start_session(uuid, bytea, interval, text, text),
	evently.refresh_session(bytea, bytea, interval, text),
	evently.end_session(bytea),
	evently.require_session(uuid, integer),
	evently.validate_sessions(uuid[], integer[]),
	evently.change_password(uuid, text),
	evently.change_role(uuid, text, text[], uuid),
	evently.create_account(text, text, text, text, text, uuid),
	evently.list_accounts_page(uuid, text, text, integer, integer, integer)
TO evently_web;

GRANT EXECUTE ON FUNCTION
	evently.get_account(uuid),
	evently.update_account(uuid, text, text, text, text)
TO evently_api;
