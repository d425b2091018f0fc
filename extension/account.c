/*
 * account.c
 *		Accounts, their sessions and what they may do.
 *
 * Passwords arrive here as bcrypt hashes: hashing is slow by design and never done in a backend. Refresh tokens arrive
 * as SHA-256 hashes. A refresh token works once; whoever presents a used one has a copy, so its family is revoked.
 */
#include "postgres.h"

#include "common/sha2.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "account.h"
#include "args.h"
#include "errors.h"
#include "id.h"
#include "lock.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_register_account);
PG_FUNCTION_INFO_V1(evently_register_admin);
PG_FUNCTION_INFO_V1(evently_get_account);
PG_FUNCTION_INFO_V1(evently_update_account);
PG_FUNCTION_INFO_V1(evently_change_password);
PG_FUNCTION_INFO_V1(evently_set_role);
PG_FUNCTION_INFO_V1(evently_start_session);
PG_FUNCTION_INFO_V1(evently_refresh_session);
PG_FUNCTION_INFO_V1(evently_end_session);
PG_FUNCTION_INFO_V1(evently_require_session);

#define SESSION_OF "SELECT ROW('ok', a.token_version, $2, evently.describe_account(a))::evently.session" \
				   " FROM evently.account a WHERE a.account_id = $1"

EV_STATEMENT(insert_account,
			 "INSERT INTO evently.account (account_id, email, password_hash, name, first_name, last_name,"
			 " phone_number, role, permissions, created_at, updated_at)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp(), clock_timestamp())"
			 " ON CONFLICT ((lower(email))) DO NOTHING",
			 UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTARRAYOID);

EV_STATEMENT(active_admins,
			 "SELECT count(*)::integer FROM evently.account WHERE role = $1 AND is_active",
			 TEXTOID);

EV_STATEMENT(is_admin,
			 "SELECT 1 FROM evently.account WHERE account_id = $1 AND role = 'admin' AND is_active",
			 UUIDOID);

EV_STATEMENT(may,
			 "SELECT 1 FROM evently.account"
			 " WHERE account_id = $1 AND role = 'admin' AND is_active AND $2 = ANY (permissions)",
			 UUIDOID, TEXTOID);

EV_STATEMENT(account_detail,
			 "SELECT evently.describe_account(a) FROM evently.account a WHERE a.account_id = $1",
			 UUIDOID);

EV_STATEMENT(update_account,
			 "UPDATE evently.account a SET name = coalesce($2, a.name), first_name = coalesce($3, a.first_name),"
			 " last_name = coalesce($4, a.last_name), phone_number = coalesce($5, a.phone_number),"
			 " updated_at = clock_timestamp()"
			 " WHERE a.account_id = $1 RETURNING evently.describe_account(a)",
			 UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID);

EV_STATEMENT(set_password,
			 "UPDATE evently.account a SET password_hash = $2, token_version = a.token_version + 1,"
			 " updated_at = clock_timestamp()"
			 " WHERE a.account_id = $1 RETURNING evently.describe_account(a)",
			 UUIDOID, TEXTOID);

EV_STATEMENT(revoke_sessions,
			 "UPDATE evently.refresh_token SET revoked_at = clock_timestamp()"
			 " WHERE account_id = $1 AND revoked_at IS NULL",
			 UUIDOID);

EV_STATEMENT(lock_account_by_email,
			 "SELECT account_id, role, is_active FROM evently.account WHERE lower(email) = lower($1) FOR UPDATE",
			 TEXTOID);

EV_STATEMENT(change_role,
			 "UPDATE evently.account a SET role = $2, permissions = $3, token_version = a.token_version + 1,"
			 " updated_at = clock_timestamp()"
			 " WHERE a.account_id = $1 RETURNING evently.describe_account(a)",
			 UUIDOID, TEXTOID, TEXTARRAYOID);

EV_STATEMENT(account_is_active,
			 "SELECT is_active FROM evently.account WHERE account_id = $1",
			 UUIDOID);

EV_STATEMENT(token_is_current,
			 "SELECT 1 FROM evently.account WHERE account_id = $1 AND is_active AND token_version = $2",
			 UUIDOID, INT4OID);

EV_STATEMENT(insert_token,
			 "INSERT INTO evently.refresh_token (token_hash, account_id, family_id, created_at, expires_at)"
			 " VALUES ($2, $1, $3, clock_timestamp(), clock_timestamp() + $4) RETURNING expires_at",
			 UUIDOID, BYTEAOID, UUIDOID, INTERVALOID);

EV_STATEMENT(account_of_token,
			 "SELECT account_id FROM evently.refresh_token WHERE token_hash = $1",
			 BYTEAOID);

EV_STATEMENT(read_token,
			 "SELECT t.family_id, t.used_at IS NOT NULL OR t.revoked_at IS NOT NULL,"
			 "       t.expires_at <= clock_timestamp()"
			 "  FROM evently.refresh_token t WHERE t.token_hash = $1",
			 BYTEAOID);

EV_STATEMENT(use_token,
			 "UPDATE evently.refresh_token SET used_at = clock_timestamp() WHERE token_hash = $1",
			 BYTEAOID);

EV_STATEMENT(revoke_family,
			 "UPDATE evently.refresh_token SET revoked_at = clock_timestamp()"
			 " WHERE family_id = $1 AND revoked_at IS NULL",
			 UUIDOID);

EV_STATEMENT(session_of,
			 SESSION_OF,
			 UUIDOID, TIMESTAMPTZOID);

static EvArg
permissions_of(const char *role, bool all_events)
{
	char *permissions[] = {"events:own", "events:any"};

	return ev_text_array(permissions, strcmp(role, "admin") != 0 ? 0 : all_events ? 2
																				  : 1);
}

static void
lock_sessions(const pg_uuid_t *account_id)
{
	ev_lock_key(account_id, account_id, "sessions", "");
}

/* Who may become or stop being an administrator is decided one at a time. */
static void
lock_admins(void)
{
	static const pg_uuid_t everywhere;

	ev_lock_key(&everywhere, &everywhere, "administrators", "");
}

static int
count_admins(void)
{
	ev_query(&active_admins, ev_text("admin"));
	return ev_get_int(0, 1);
}

void
ev_require_owner(const pg_uuid_t *actor_id, const pg_uuid_t *owner_id, const char *what)
{
	if (actor_id == NULL || (owner_id != NULL && ev_same_id(actor_id, owner_id)))
		return;
	if (ev_query(&may, ev_uuid(actor_id), ev_text("events:any")) == 0)
		ev_raise(EV_FORBIDDEN, ev_detail_text(ev_detail(), "permission", "events:any"), NULL,
				 "the %s belongs to somebody else", what);
}

static Datum
session_without_account(FunctionCallInfo fcinfo, const char *outcome)
{
	EvRow row = ev_row(fcinfo);

	ev_row_add_text(&row, outcome);
	ev_row_add(&row, ev_null());
	ev_row_add(&row, ev_null());
	ev_row_add(&row, ev_null());
	return ev_row_datum(&row);
}

/* Without a token only the account is answered. */
static Datum
open_session(const pg_uuid_t *account_id, const pg_uuid_t *family_id, EvArg token_hash, EvArg ttl)
{
	EvArg expires_at = ev_null();

	if (!token_hash.isnull)
	{
		if (VARSIZE_ANY_EXHDR(DatumGetByteaPP(token_hash.value)) != PG_SHA256_DIGEST_LENGTH)
			ev_invalid("token_hash", "token_hash must be the %d bytes of a SHA-256", PG_SHA256_DIGEST_LENGTH);
		if (ttl.isnull)
			ev_invalid("token_ttl", "token_ttl is required with token_hash");
		ev_query(&insert_token, ev_uuid(account_id), token_hash, ev_uuid(family_id), ttl);
		expires_at = ev_time(ev_get_time(0, 1));
	}
	ev_query(&session_of, ev_uuid(account_id), expires_at);
	return ev_copied_value(0, 1);
}

static void
require_email(const char *email)
{
	const char *at = strchr(email, '@');

	if (at == NULL || at == email || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
		strpbrk(email, " \t\r\n\v\f") != NULL || strlen(email) > 254)
		ev_invalid("email", "email must be an address like name@example.com");
}

static char *
name_or_parts(const char *name, const char *first_name, const char *last_name)
{
	if (name == NULL && (first_name != NULL || last_name != NULL))
		name = psprintf("%s%s%s", first_name ? first_name : "",
						first_name && last_name ? " " : "", last_name ? last_name : "");
	if (name == NULL || *name == '\0')
		ev_invalid("name", "name is required, or first_name and last_name");
	return pstrdup(name);
}

/* The numbers of the arguments; -1: there is none. */
static void
require_person(FunctionCallInfo fcinfo, int name, int first_name, int last_name, int phone_number)
{
	ev_require_name(fcinfo, name, "name", 200);
	if (first_name >= 0)
	{
		ev_require_length(fcinfo, first_name, "first_name", 100);
		ev_require_length(fcinfo, last_name, "last_name", 100);
	}
	ev_require_length(fcinfo, phone_number, "phone_number", 40);
}

static pg_uuid_t
create_account(char *email, EvArg password_hash, const char *name, EvArg first_name, EvArg last_name,
			   EvArg phone_number, const char *role)
{
	pg_uuid_t account_id = ev_new_id(NULL);

	require_email(email);
	if (ev_query(&insert_account, ev_uuid(&account_id), ev_text(email), password_hash, ev_text(name), first_name,
				 last_name, phone_number, ev_text(role), permissions_of(role, false)) == 0)
		ev_raise(EV_EMAIL_TAKEN, ev_detail_text(ev_detail(), "field", "email"), "Log in, or use another address.", "the email address is taken");
	return account_id;
}

/* register_account(email, password_hash, name, first_name, last_name, phone_number, token_hash, token_ttl) */
Datum
evently_register_account(PG_FUNCTION_ARGS)
{
	char *name;
	pg_uuid_t account_id;
	pg_uuid_t family_id = ev_new_id(NULL);

	ev_begin(EV_WRITES);
	require_person(fcinfo, 2, 3, 4, 5);
	name = name_or_parts(ev_text_argument(fcinfo, 2), ev_text_argument(fcinfo, 3), ev_text_argument(fcinfo, 4));
	account_id = create_account(ev_required_text(fcinfo, 0, "email"), ev_arg(1), name,
								ev_arg(3), ev_arg(4), ev_arg(5), "user");
	PG_RETURN_DATUM(ev_end(open_session(&account_id, &family_id, ev_arg(6), ev_arg(7))));
}

static void
require_may_make_admin(const char *mode, const pg_uuid_t *actor_id)
{
	bool by_admin = actor_id != NULL && ev_query(&is_admin, ev_uuid(actor_id)) > 0;

	if (strcmp(mode, "open") == 0 || strcmp(mode, "trusted") == 0 || by_admin)
		return;
	if (strcmp(mode, "closed") == 0 || count_admins() > 0)
		ev_raise(EV_FORBIDDEN, ev_detail_text(ev_detail(), "mode", mode), NULL,
				 "only an administrator can register an administrator");
}

/* register_admin(email, password_hash, name, phone_number, token_hash, token_ttl, actor_id, mode) */
Datum
evently_register_admin(PG_FUNCTION_ARGS)
{
	pg_uuid_t account_id;
	pg_uuid_t family_id = ev_new_id(NULL);

	ev_begin(EV_WRITES);
	lock_admins();
	require_may_make_admin(ev_word(ev_required_text(fcinfo, 7, "mode"), "mode", "bootstrap, closed, open, trusted"),
						   ev_uuid_argument(fcinfo, 6));
	require_person(fcinfo, 2, -1, -1, 3);
	account_id = create_account(ev_required_text(fcinfo, 0, "email"), ev_arg(1),
								name_or_parts(ev_text_argument(fcinfo, 2), NULL, NULL),
								ev_null(), ev_null(), ev_arg(3), "admin");
	PG_RETURN_DATUM(ev_end(open_session(&account_id, &family_id, ev_arg(4), ev_arg(5))));
}

static void
user_not_found(const char *field)
{
	ev_raise(EV_USER_NOT_FOUND, ev_detail_text(ev_detail(), "field", field), NULL, "user not found");
}

static Datum
one_account(EvStatement *statement, const EvArg *args)
{
	if (ev_run(statement, args) == 0)
		user_not_found("user_id");
	return ev_copied_value(0, 1);
}

/* get_account(user_id) */
Datum
evently_get_account(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(one_account(&account_detail, (EvArg[]){ev_arg(0)})));
}

/* update_account(user_id, name, first_name, last_name, phone_number): null leaves a field */
Datum
evently_update_account(PG_FUNCTION_ARGS)
{
	EvArg args[] = {ev_arg(0), ev_arg(1), ev_arg(2), ev_arg(3), ev_arg(4)};

	ev_begin(EV_WRITES);
	require_person(fcinfo, 1, 2, 3, 4);
	PG_RETURN_DATUM(ev_end(one_account(&update_account, args)));
}

/* change_password(user_id, password_hash): every session ends */
Datum
evently_change_password(PG_FUNCTION_ARGS)
{
	EvArg args[] = {ev_arg(0), ev_arg(1)};
	Datum account;

	ev_begin(EV_WRITES);
	lock_sessions(ev_required_uuid(fcinfo, 0, "user_id"));
	(void) ev_required_text(fcinfo, 1, "password_hash");
	account = one_account(&set_password, args);
	ev_query(&revoke_sessions, args[0]);
	PG_RETURN_DATUM(ev_end(account));
}

/* set_role(email, role) */
Datum
evently_set_role(PG_FUNCTION_ARGS)
{
	const char *role;
	pg_uuid_t account_id;

	ev_begin(EV_WRITES);
	role = ev_word(ev_required_text(fcinfo, 1, "role"), "role", "user, admin");
	lock_admins();
	if (ev_query(&lock_account_by_email, ev_text(ev_required_text(fcinfo, 0, "email"))) == 0)
		user_not_found("email");
	account_id = ev_get_uuid(0, 1);
	if (strcmp(role, "user") == 0 && strcmp(ev_get_text(0, 2), "admin") == 0 && ev_get_bool(0, 3) &&
		count_admins() == 1)
		ev_raise(EV_LAST_ADMIN, ev_detail_int(ev_detail(), "admins", 1), "Make somebody else an administrator first.",
				 "the last administrator cannot be demoted");
	PG_RETURN_DATUM(ev_end(one_account(&change_role, (EvArg[]){ev_uuid(&account_id), ev_text(role), permissions_of(role, true)})));
}

/* start_session(user_id, token_hash, token_ttl) */
Datum
evently_start_session(PG_FUNCTION_ARGS)
{
	pg_uuid_t *account_id;
	pg_uuid_t family_id = ev_new_id(NULL);
	Datum session;

	ev_begin(EV_WRITES);
	account_id = ev_required_uuid(fcinfo, 0, "user_id");
	lock_sessions(account_id);
	if (ev_query(&account_is_active, ev_uuid(account_id)) == 0)
		session = session_without_account(fcinfo, "unknown");
	else if (!ev_get_bool(0, 1))
		session = session_without_account(fcinfo, "inactive");
	else
		session = open_session(account_id, &family_id, ev_arg(1), ev_arg(2));
	PG_RETURN_DATUM(ev_end(session));
}

/*
 * Whose token? False where nobody's. From then on the account's sessions change one transaction at a time: a token that is
 * being issued can't slip past a revocation that does not see it yet.
 */
static bool
lock_sessions_of_token(EvArg token_hash, pg_uuid_t *account_id)
{
	if (ev_query(&account_of_token, token_hash) == 0)
		return false;
	*account_id = ev_get_uuid(0, 1);
	lock_sessions(account_id);
	return true;
}

static Datum
rotate(FunctionCallInfo fcinfo, EvArg token_hash, EvArg new_token_hash, EvArg ttl)
{
	pg_uuid_t account_id;
	pg_uuid_t family_id;

	if (!lock_sessions_of_token(token_hash, &account_id) || ev_query(&read_token, token_hash) == 0)
		return session_without_account(fcinfo, "unknown");
	family_id = ev_get_uuid(0, 1);
	if (ev_get_bool(0, 2))
	{
		ev_query(&revoke_family, ev_uuid(&family_id));
		return session_without_account(fcinfo, "reused");
	}
	if (ev_get_bool(0, 3))
		return session_without_account(fcinfo, "expired");
	ev_query(&account_is_active, ev_uuid(&account_id));
	if (!ev_get_bool(0, 1))
		return session_without_account(fcinfo, "inactive");
	ev_query(&use_token, token_hash);
	return open_session(&account_id, &family_id, new_token_hash, ttl);
}

/* refresh_session(token_hash, new_token_hash, token_ttl): refusals are answers, so that a revocation is kept */
Datum
evently_refresh_session(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ev_invalid("token_hash", "token_hash and new_token_hash are required");
	PG_RETURN_DATUM(ev_end(rotate(fcinfo, ev_arg(0), ev_arg(1), ev_arg(2))));
}

/* end_session(token_hash) */
Datum
evently_end_session(PG_FUNCTION_ARGS)
{
	pg_uuid_t account_id;
	pg_uuid_t family_id;
	bool ended = false;

	ev_begin(EV_WRITES);
	if (lock_sessions_of_token(ev_arg(0), &account_id) && ev_query(&read_token, ev_arg(0)) > 0)
	{
		family_id = ev_get_uuid(0, 1);
		ended = ev_query(&revoke_family, ev_uuid(&family_id)) > 0;
	}
	ev_end_without_result();
	PG_RETURN_BOOL(ended);
}

/* require_session(user_id, token_version) */
Datum
evently_require_session(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	if (ev_query(&token_is_current, ev_arg(0), ev_arg(1)) == 0)
		ev_raise(EV_UNAUTHORIZED, ev_detail_text(ev_detail(), "reason", "revoked"), NULL, "Invalid token");
	ev_end_without_result();
	PG_RETURN_BOOL(true);
}
