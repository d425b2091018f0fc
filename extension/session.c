/*
 * session.c
 *		Sessions: refresh tokens that work once.
 */
#include "postgres.h"

#include "common/sha2.h"
#include "fmgr.h"
#include "utils/array.h"

#include "args.h"
#include "errors.h"
#include "id.h"
#include "lock.h"
#include "session.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_start_session);
PG_FUNCTION_INFO_V1(evently_refresh_session);
PG_FUNCTION_INFO_V1(evently_end_session);
PG_FUNCTION_INFO_V1(evently_require_session);
PG_FUNCTION_INFO_V1(evently_validate_sessions);

EV_STATEMENT(revoke_sessions,
			 "UPDATE evently.refresh_token SET revoked_at = clock_timestamp()"
			 " WHERE account_id = $1 AND revoked_at IS NULL",
			 UUIDOID);

EV_STATEMENT(account_of_login,
			 "SELECT is_active, $3 IS NULL OR role = $3 FROM evently.account"
			 " WHERE account_id = $1 AND ($2 IS NULL OR password_hash = $2)",
			 UUIDOID, TEXTOID, TEXTOID);

EV_STATEMENT(token_is_current,
			 "SELECT 1 FROM evently.account WHERE account_id = $1 AND is_active AND token_version = $2",
			 UUIDOID, INT4OID);

EV_STATEMENT(current_tokens,
			 "SELECT t.place::integer FROM unnest($1, $2) WITH ORDINALITY t (user_id, token_version, place)"
			 "  JOIN evently.account a ON a.account_id = t.user_id"
			 " WHERE a.is_active AND a.token_version = t.token_version",
			 UUIDARRAYOID, INT4ARRAYOID);

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

EV_STATEMENT(end_access_tokens,
			 "UPDATE evently.account SET token_version = token_version + 1 WHERE account_id = $1",
			 UUIDOID);

EV_STATEMENT(session_of,
			 "SELECT ROW('ok', a.token_version, $2, evently.describe_account(a))::evently.session"
			 "  FROM evently.account a WHERE a.account_id = $1",
			 UUIDOID, TIMESTAMPTZOID);

void
ev_sessions_lock(const pg_uuid_t *account_id)
{
	ev_lock_key(account_id, account_id, "sessions", "");
}

void
ev_sessions_revoke(const pg_uuid_t *account_id)
{
	ev_query(&revoke_sessions, ev_uuid(account_id));
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

Datum
ev_session_start(const pg_uuid_t *account_id, EvArg token_hash, EvArg ttl)
{
	pg_uuid_t family_id = ev_new_id(NULL);

	return open_session(account_id, &family_id, token_hash, ttl);
}

/* start_session(user_id, token_hash, token_ttl, password_hash, role) */
Datum
evently_start_session(PG_FUNCTION_ARGS)
{
	pg_uuid_t *account_id;
	Datum session;

	ev_begin(EV_WRITES);
	account_id = ev_required_uuid(fcinfo, 0, "user_id");
	ev_sessions_lock(account_id);
	if (ev_query(&account_of_login, ev_uuid(account_id), ev_arg(3), ev_arg(4)) == 0)
		session = session_without_account(fcinfo, "unknown");
	else if (!ev_get_bool(0, 1))
		session = session_without_account(fcinfo, "inactive");
	else if (!ev_get_bool(0, 2))
		session = session_without_account(fcinfo, "forbidden");
	else
		session = ev_session_start(account_id, ev_arg(1), ev_arg(2));
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
	ev_sessions_lock(account_id);
	return true;
}

/*
 * One login ends. Its access tokens do not tell what login they came of, so all of the account's end with it, once: the
 * other logins go on by their refresh tokens. False where it had ended before.
 */
static bool
end_login(const pg_uuid_t *account_id, const pg_uuid_t *family_id)
{
	if (ev_query(&revoke_family, ev_uuid(family_id)) == 0)
		return false;
	ev_query(&end_access_tokens, ev_uuid(account_id));
	return true;
}

static Datum
rotate(FunctionCallInfo fcinfo, EvArg token_hash, EvArg new_token_hash, EvArg ttl, EvArg role)
{
	pg_uuid_t account_id;
	pg_uuid_t family_id;

	if (!lock_sessions_of_token(token_hash, &account_id) || ev_query(&read_token, token_hash) == 0)
		return session_without_account(fcinfo, "unknown");
	family_id = ev_get_uuid(0, 1);
	if (ev_get_bool(0, 2))
	{
		(void) end_login(&account_id, &family_id);
		return session_without_account(fcinfo, "reused");
	}
	if (ev_get_bool(0, 3))
		return session_without_account(fcinfo, "expired");
	ev_query(&account_of_login, ev_uuid(&account_id), ev_null(), role);
	if (!ev_get_bool(0, 1))
		return session_without_account(fcinfo, "inactive");
	if (!ev_get_bool(0, 2))
		return session_without_account(fcinfo, "forbidden");
	ev_query(&use_token, token_hash);
	return open_session(&account_id, &family_id, new_token_hash, ttl);
}

/* refresh_session(token_hash, new_token_hash, token_ttl, role): refusals are answers, so that a revocation is kept */
Datum
evently_refresh_session(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ev_invalid("token_hash", "token_hash and new_token_hash are required");
	PG_RETURN_DATUM(ev_end(rotate(fcinfo, ev_arg(0), ev_arg(1), ev_arg(2), ev_arg(3))));
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
		ended = end_login(&account_id, &family_id);
	}
	ev_end_without_result();
	PG_RETURN_BOOL(ended);
}

/* validate_sessions(user_ids, token_versions) */
Datum
evently_validate_sessions(PG_FUNCTION_ARGS)
{
	ArrayType *user_ids = PG_GETARG_ARRAYTYPE_P(0);
	int n = ArrayGetNItems(ARR_NDIM(user_ids), ARR_DIMS(user_ids));
	Datum *valid = palloc0(n * sizeof(Datum));
	uint64 found;

	ev_begin(EV_READS);
	found = ev_query(&current_tokens, ev_arg(0), ev_arg(1));
	for (uint64 i = 0; i < found; i++)
		valid[ev_get_int(i, 1) - 1] = BoolGetDatum(true);
	ev_end_without_result();
	PG_RETURN_ARRAYTYPE_P(construct_array(valid, n, BOOLOID, sizeof(bool), true, TYPALIGN_CHAR));
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
