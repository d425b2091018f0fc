#include <ctype.h>
#include <string.h>

#include <openssl/sha.h>

#include <kore/kore.h>

#include "call.h"
#include "clientip.h"
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

static struct limit_key
digest_key(const void *data, size_t len)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct limit_key key;

	(void)SHA256(data, len, digest);
	memcpy(key.bytes, digest, sizeof(key.bytes));

	return (key);
}

/* An account, or an address that has none, so that nobody can tell the two apart. */
static struct limit_key
account_key(const struct credential *credential)
{
	struct limit_key key;
	char email[256];
	size_t i;

	if (credential->user_id != NULL) {
		value_uuid_bytes(credential->user_id, key.bytes);
		return (key);
	}
	for (i = 0; i < sizeof(email) && credential->email[i] != '\0'; i++)
		email[i] = (char)tolower((unsigned char)credential->email[i]);

	return (digest_key(email, i));
}

/* The account, tried from where the client is. */
static struct limit_key
account_and_address_key(const struct limit_key *account, const struct in6_addr *address)
{
	struct in6_addr network = client_ip_network(address);
	unsigned char both[sizeof(account->bytes) + sizeof(network)];

	memcpy(both, account->bytes, sizeof(account->bytes));
	memcpy(both + sizeof(account->bytes), &network, sizeof(network));

	return (digest_key(both, sizeof(both)));
}

/*
 * Which counts a wrong password adds to. Strangers who guess must not keep the owner out, so theirs count by where they
 * are, and there are many before all have to wait. Who has a token is no stranger.
 */
static void
find_counts(struct request *rq)
{
	struct credential *credential = rq->flow;
	struct limit_key account = account_key(credential);

	if (credential->own) {
		credential->counts[credential->count_count++] = (struct failure_count){ LIMIT_OWN_PASSWORD, account };
		return;
	}
	credential->counts[credential->count_count++] =
	    (struct failure_count){ LIMIT_LOGIN_FAILURE, account_and_address_key(&account, &rq->address) };
	credential->counts[credential->count_count++] = (struct failure_count){ LIMIT_LOGIN_FAILURE_ALL, account };
}

/* Is there room in all counts? If not, the request has been answered. A wrong password is counted. */
static bool
may_go_on(struct request *rq, bool wrong)
{
	const struct credential *credential = rq->flow;
	const struct failure_count *count;
	struct limit_state failures;
	bool open;

	for (count = credential->counts; count < credential->counts + credential->count_count; count++) {
		if (wrong)
			open = rate_limit_take(count->class, &count->key, &failures);
		else
			open = rate_limit_open(count->class, &count->key, &failures);
		if (!open) {
			rq->limit = failures;
			reply_rate_limited(rq);
			return (false);
		}
	}
	return (true);
}

/*
 * Nothing may be said about a password when others, at the same time, have used up the wrong ones. So many guesses in
 * parallel tell no more than one after the other.
 */
static void
password_verified(struct request *rq, bool good)
{
	struct credential *credential = rq->flow;

	if (may_go_on(rq, !good))
		credential->done(rq, good);
}

static void
found(struct request *rq)
{
	struct credential *credential = rq->flow;
	const char *hash;

	if (rq->call.outcome != PG_ROWS) {
		reply_database(rq, &rq->call);
		PQclear(rq->call.result);
		return;
	}
	hash = take_credential(rq);
	find_counts(rq);
	if (may_go_on(rq, false))
		password_verify(rq, credential->password, hash, password_verified);
}

void
credential_check(struct request *rq, void (*done)(struct request *rq, bool good))
{
	struct credential *credential = rq->flow;

	credential->done = done;
	rq->call.values[0] = credential->email;
	call_statement(rq, email_statement, PG_READ, found);
}

void
credential_check_own(struct request *rq, void (*done)(struct request *rq, bool good))
{
	struct credential *credential = rq->flow;

	credential->done = done;
	credential->own = true;
	rq->call.values[0] = rq->caller.user_id;
	rq->call.values[1] = rq->caller.version;
	call_statement(rq, own_statement, PG_READ, found);
}
