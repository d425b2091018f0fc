#include <ctype.h>
#include <string.h>

#include <openssl/sha.h>

#include <kore/kore.h>

#include "call.h"
#include "config.h"
#include "credential.h"
#include "password.h"
#include "reply.h"
#include "value.h"

static int email_statement, own_statement;

void
credential_prepare(void)
{
	email_statement = pg_statement_add(
	    "SELECT r.user_id, r.password_hash, r.is_active FROM evently.get_credentials(email => $1::text) r", 1);
	own_statement = pg_statement_add(
	    "SELECT r.user_id, r.password_hash, r.is_active FROM evently.get_credentials_by_id(user_id => $1::uuid) r "
	    "WHERE evently.require_session(user_id => $1::uuid, token_version => $2::integer)",
	    2);
}

bool
credential_password_is_fit(struct request *rq, const char *field, const char *password)
{
	size_t len = strlen(password);

	if (len >= (size_t)config.password_min && len <= PASSWORD_MAX)
		return (true);
	reply_invalid_field(
	    rq, CODE_INVALID, field, "%s must have %d to %d bytes", field, config.password_min, PASSWORD_MAX);

	return (false);
}

/* Reads what was found into the flow; the hash, or NULL for nobody. */
static const char *
take_credential(struct request *rq)
{
	struct credential *credential = rq->flow;
	PGresult *result = rq->call.result;
	const char *hash = NULL;

	if (PQntuples(result) == 1 && !PQgetisnull(result, 0, 0) && !PQgetisnull(result, 0, 1)) {
		credential->user_id =
		    arena_copy(&rq->arena, PQgetvalue(result, 0, 0), strlen(PQgetvalue(result, 0, 0)));
		hash = arena_copy(&rq->arena, PQgetvalue(result, 0, 1), strlen(PQgetvalue(result, 0, 1)));
		credential->hash = hash;
		credential->active = PQgetvalue(result, 0, 2)[0] == 't';
	}
	PQclear(result);

	return (hash);
}

/*
 * Whose wrong passwords are counted together: those for an account, or for an address that has none, so that nobody can
 * tell the two apart.
 */
static struct limit_key
failures_key(const struct credential *credential)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct limit_key key;
	char email[256];
	size_t i;

	if (credential->user_id != NULL) {
		value_uuid_bytes(credential->user_id, key.bytes);
		return (key);
	}
	for (i = 0; i < sizeof(email) && credential->email[i] != '\0'; i++)
		email[i] = (char)tolower((unsigned char)credential->email[i]);
	(void)SHA256((const unsigned char *)email, i, digest);
	memcpy(key.bytes, digest, sizeof(key.bytes));

	return (key);
}

/*
 * What may be said about a password: nothing when others, at the same time, have used up the wrong ones. So many guesses
 * in parallel tell no more than one after the other.
 */
static bool
may_tell(struct request *rq, bool good)
{
	const struct credential *credential = rq->flow;
	struct limit_state failures;
	bool open;

	if (good)
		open = rate_limit_open(LIMIT_LOGIN_FAILURE, &credential->account, &failures);
	else
		open = rate_limit_take(LIMIT_LOGIN_FAILURE, &credential->account, &failures);
	if (!open) {
		rq->limit = failures;
		reply_rate_limited(rq);
	}
	return (open);
}

static void
password_verified(struct request *rq, bool good)
{
	struct credential *credential = rq->flow;

	if (may_tell(rq, good))
		credential->done(rq, good);
}

static void
found(struct request *rq)
{
	struct credential *credential = rq->flow;
	struct limit_state failures;
	const char *hash;

	if (rq->call.outcome != PG_ROWS) {
		reply_database(rq, &rq->call);
		PQclear(rq->call.result);
		return;
	}
	hash = take_credential(rq);
	credential->account = failures_key(credential);
	if (rate_limit_open(LIMIT_LOGIN_FAILURE, &credential->account, &failures)) {
		password_verify(rq, credential->password, hash, password_verified);
		return;
	}
	rq->limit = failures;
	reply_rate_limited(rq);
}

void
credential_check(struct request *rq, void (*done)(struct request *rq, bool good))
{
	struct credential *credential = rq->flow;

	credential->done = done;
	rq->call.values[0] = credential->email;
	call_statement(rq, email_statement, false, found);
}

void
credential_check_own(struct request *rq, void (*done)(struct request *rq, bool good))
{
	struct credential *credential = rq->flow;

	credential->done = done;
	rq->call.values[0] = rq->caller.user_id;
	rq->call.values[1] = rq->caller.version;
	call_statement(rq, own_statement, false, found);
}
