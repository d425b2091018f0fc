#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <kore/kore.h>

#include "auth.h"
#include "bind.h"
#include "call.h"
#include "config.h"
#include "jwt.h"
#include "password.h"
#include "reply.h"
#include "session.h"
#include "value.h"

struct flow {
	const char *email, *password, *new_password;
	const char *name, *first_name, *last_name, *phone_number;
	const char *refresh_token, *token_hash;
	const char *user_id; /* whose credential was found */
	const char *verified_hash; /* what the password was verified against */
	struct limit_key account; /* whose wrong passwords are counted */
	const char *mode; /* how an administrator may be registered */
	bool active;
	enum session_form form;
};

static int register_statement, register_admin_statement, credentials_statement, own_credentials_statement,
    start_statement, refresh_statement, end_statement, change_statement, erase_statement;

#define RENDER(call) "SELECT evently.render(r) FROM evently." call " r"

void
auth_prepare(void)
{
	register_statement =
	    pg_statement_add(RENDER("register_account(email => $1::text, password_hash => $2::text, name => $3::text, "
				    "phone_number => $4::text, token_hash => $5::bytea, token_ttl => $6::interval, "
				    "first_name => $7::text, last_name => $8::text)"),
		8);
	register_admin_statement =
	    pg_statement_add(RENDER("register_admin(email => $1::text, password_hash => $2::text, name => $3::text, "
				    "phone_number => $4::text, token_hash => $5::bytea, token_ttl => $6::interval, "
				    "actor_id => $7::uuid, mode => $8::text)"),
		8);
	credentials_statement = pg_statement_add(
	    "SELECT r.user_id, r.password_hash, r.is_active FROM evently.get_credentials(email => $1::text) r", 1);
	own_credentials_statement = pg_statement_add(
	    "SELECT r.user_id, r.password_hash, r.is_active FROM evently.get_credentials_by_id(user_id => $1::uuid) r "
	    "WHERE evently.require_session(user_id => $1::uuid, token_version => $2::integer)",
	    2);
	start_statement = pg_statement_add(
	    RENDER("start_session(user_id => $1::uuid, token_hash => $2::bytea, token_ttl => $3::interval, "
		   "password_hash => $4::text, role => $5::text)"),
	    5);
	refresh_statement = pg_statement_add(
	    RENDER("refresh_session(token_hash => $1::bytea, new_token_hash => $2::bytea, token_ttl => $3::interval, "
		   "role => $4::text)"),
	    4);
	end_statement = pg_statement_add("SELECT evently.end_session(token_hash => $1::bytea)", 1);
	change_statement =
	    pg_statement_add(RENDER("change_password(user_id => $1::uuid, password_hash => $2::text)"), 2);
	erase_statement = pg_statement_add(RENDER("erase_account(user_id => $1::uuid)"), 1);
}

/* The token behind "Bearer ", or NULL. */
static const char *
bearer_token(const struct request *rq)
{
	const char *text = request_header(rq, "authorization");

	if (text == NULL || strncasecmp(text, "Bearer ", 7) != 0)
		return (NULL);
	for (text += 7; *text == ' '; text++)
		;
	return (*text != '\0' ? text : NULL);
}

/* Fills in the caller from the access token, or answers 401. */
static bool
authenticate(struct request *rq)
{
	struct jwt_claims claims;
	const char *token;

	if ((token = bearer_token(rq)) == NULL) {
		reply_unauthorized(rq, "Missing or invalid token");
		return (false);
	}
	if (!jwt_verify(token, &claims, &rq->arena)) {
		reply_invalid_token(rq);
		return (false);
	}
	rq->caller.user_id = claims.user_id;
	rq->caller.role = claims.role;
	rq->caller.version = arena_printf(&rq->arena, "%lld", claims.version);
	rq->caller.expires = claims.expires;

	return (true);
}

/* For routes that strangers may use too. A token that counts no more is refused all the same: its owner means to be known. */
bool
auth_identify(struct request *rq)
{
	return (request_header(rq, "authorization") == NULL || authenticate(rq));
}

static bool
internal_key_given(const struct request *rq)
{
	const char *key = request_header(rq, "x-internal-api-key");
	size_t len = strlen(config.internal_api_key);

	return (key != NULL && len > 0 && strlen(key) == len && CRYPTO_memcmp(key, config.internal_api_key, len) == 0);
}

/* May the caller use the route? If not, the request has been answered. */
bool
auth_authorize(struct request *rq)
{
	if (rq->route->access == ACCESS_INTERNAL) {
		if (!internal_key_given(rq))
			reply_unauthorized(rq, "Missing or invalid API key");
		return (!rq->answered);
	}
	if (!authenticate(rq))
		return (false);
	if (rq->route->access == ACCESS_ADMIN && strcmp(rq->caller.role, "admin") != 0) {
		reply_error(rq, 403, "FORBIDDEN", NULL, "Only an administrator may do this");
		return (false);
	}
	return (true);
}

static struct flow *
flow_new(struct request *rq, enum session_form form)
{
	struct flow *flow = arena_alloc(&rq->arena, sizeof(*flow));

	memset(flow, 0, sizeof(*flow));
	flow->form = form;
	rq->flow = flow;

	return (flow);
}

bool
auth_password_is_fit(struct request *rq, const char *field, const char *password)
{
	size_t len = strlen(password);

	if (len >= (size_t)config.password_min && len <= PASSWORD_MAX)
		return (true);
	reply_invalid_field(
	    rq, CODE_INVALID, field, "%s must have %d to %d bytes", field, config.password_min, PASSWORD_MAX);

	return (false);
}

/* Every step that stores a session ends here. */
static void
session_done(struct request *rq)
{
	struct flow *flow = rq->flow;

	session_reply(rq, flow->refresh_token, flow->form);
}

static bool
registration_fields(struct request *rq, struct flow *flow)
{
	return (bind_fields(rq, 6,
		    (const char **[]){ &flow->email, &flow->password, &flow->name, &flow->first_name, &flow->last_name,
			&flow->phone_number }) &&
	    auth_password_is_fit(rq, "password", flow->password));
}

/* Both ways of registering begin with the same values; two are their own. */
static void
register_account(struct request *rq, int statement, const char *hash, const char *seventh, const char *eighth)
{
	struct flow *flow = rq->flow;
	const char **value = rq->call.values;

	session_new_token(rq, &flow->refresh_token, &flow->token_hash);
	value[0] = flow->email;
	value[1] = hash;
	value[2] = flow->name;
	value[3] = flow->phone_number;
	value[4] = flow->token_hash;
	value[5] = session_ttl(rq);
	value[6] = seventh;
	value[7] = eighth;
	call_statement(rq, statement, true, session_done);
}

static void
register_hashed(struct request *rq, const char *hash)
{
	const struct flow *flow = rq->flow;

	register_account(rq, register_statement, hash, flow->first_name, flow->last_name);
}

void
auth_register(struct request *rq)
{
	struct flow *flow = flow_new(rq, SESSION_WITH_USER);

	if (registration_fields(rq, flow))
		password_hash(rq, flow->password, register_hashed);
}

static void
register_admin_hashed(struct request *rq, const char *hash)
{
	const struct flow *flow = rq->flow;

	register_account(rq, register_admin_statement, hash, rq->caller.user_id, flow->mode);
}

void
auth_admin_register(struct request *rq)
{
	static const char *const modes[] = { "bootstrap", "closed", "open" };
	struct flow *flow = flow_new(rq, SESSION_WITH_ADMIN);

	flow->mode = internal_key_given(rq) ? "trusted" : modes[config.admin_registration];
	if (!auth_identify(rq))
		return;
	if (!registration_fields(rq, flow))
		return;
	if (flow->name == NULL && flow->first_name != NULL)
		flow->name = flow->last_name == NULL
		    ? flow->first_name
		    : arena_printf(&rq->arena, "%s %s", flow->first_name, flow->last_name);
	password_hash(rq, flow->password, register_admin_hashed);
}

/* Reads a credential into the flow; the hash, or NULL for nobody. */
static const char *
take_credential(struct request *rq)
{
	struct flow *flow = rq->flow;
	PGresult *result = rq->call.result;
	const char *hash = NULL;

	if (PQntuples(result) == 1 && !PQgetisnull(result, 0, 0) && !PQgetisnull(result, 0, 1)) {
		flow->user_id = arena_copy(&rq->arena, PQgetvalue(result, 0, 0), strlen(PQgetvalue(result, 0, 0)));
		hash = arena_copy(&rq->arena, PQgetvalue(result, 0, 1), strlen(PQgetvalue(result, 0, 1)));
		flow->verified_hash = hash;
		flow->active = PQgetvalue(result, 0, 2)[0] == 't';
	}
	PQclear(result);

	return (hash);
}

/*
 * Whose wrong passwords are counted together: those for an account, or for an address that has none, so that nobody can
 * tell the two apart.
 */
static struct limit_key
failures_key(const struct flow *flow)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct limit_key key;
	char email[256];
	size_t i;

	if (flow->user_id != NULL) {
		value_uuid_bytes(flow->user_id, key.bytes);
		return (key);
	}
	for (i = 0; i < sizeof(email) && flow->email[i] != '\0'; i++)
		email[i] = (char)tolower((unsigned char)flow->email[i]);
	(void)SHA256((const unsigned char *)email, i, digest);
	memcpy(key.bytes, digest, sizeof(key.bytes));

	return (key);
}

/* Verifies the flow's password, unless too many wrong ones have been tried; then the request has been answered. */
static void
check_password(struct request *rq, void (*done)(struct request *rq, bool good))
{
	struct flow *flow = rq->flow;
	struct limit_state failures;
	const char *hash;

	if (rq->call.outcome != PG_ROWS) {
		reply_database(rq, &rq->call);
		PQclear(rq->call.result);
		return;
	}
	hash = take_credential(rq);
	flow->account = failures_key(flow);
	if (rate_limit_open(LIMIT_LOGIN_FAILURE, &flow->account, &failures)) {
		password_verify(rq, flow->password, hash, done);
		return;
	}
	rq->limit = failures;
	reply_rate_limited(rq);
}

/*
 * What may be said about a password: nothing when others, at the same time, have used up the wrong ones. So many guesses
 * in parallel tell no more than one after the other.
 */
static bool
may_tell(struct request *rq, bool good)
{
	struct flow *flow = rq->flow;
	struct limit_state failures;
	bool open;

	if (good)
		open = rate_limit_open(LIMIT_LOGIN_FAILURE, &flow->account, &failures);
	else
		open = rate_limit_take(LIMIT_LOGIN_FAILURE, &flow->account, &failures);
	if (!open) {
		rq->limit = failures;
		reply_rate_limited(rq);
	}
	return (open);
}

static void
login_verified(struct request *rq, bool good)
{
	struct flow *flow = rq->flow;
	const char **value = rq->call.values;

	if (!may_tell(rq, good))
		return;
	if (!good) {
		reply_unauthorized(rq, "Invalid email or password");
		return;
	}
	if (!flow->active) {
		reply_error(rq, 403, "FORBIDDEN", NULL, "This account is not active");
		return;
	}
	session_new_token(rq, &flow->refresh_token, &flow->token_hash);
	value[0] = flow->user_id;
	value[1] = flow->token_hash;
	value[2] = session_ttl(rq);
	value[3] = flow->verified_hash;
	value[4] = session_role(flow->form);
	call_statement(rq, start_statement, true, session_done);
}

static void
login_found(struct request *rq)
{
	check_password(rq, login_verified);
}

static void
login(struct request *rq, enum session_form form)
{
	struct flow *flow = flow_new(rq, form);

	if (!bind_fields(rq, 2, (const char **[]){ &flow->email, &flow->password }))
		return;
	rq->call.values[0] = flow->email;
	call_statement(rq, credentials_statement, false, login_found);
}

void
auth_login(struct request *rq)
{
	login(rq, SESSION_PLAIN);
}

void
auth_admin_login(struct request *rq)
{
	login(rq, SESSION_WITH_ADMIN);
}

static void
refresh(struct request *rq, enum session_form form)
{
	struct flow *flow = flow_new(rq, form);
	const char *token;

	if (!bind_fields(rq, 1, (const char **[]){ &token }))
		return;
	session_new_token(rq, &flow->refresh_token, &flow->token_hash);
	rq->call.values[0] = session_token_hash(rq, token);
	rq->call.values[1] = flow->token_hash;
	rq->call.values[2] = session_ttl(rq);
	rq->call.values[3] = session_role(form);
	call_statement(rq, refresh_statement, true, session_done);
}

void
auth_refresh(struct request *rq)
{
	refresh(rq, SESSION_PLAIN);
}

void
auth_admin_refresh(struct request *rq)
{
	refresh(rq, SESSION_WITH_ADMIN);
}

static void
reply_text(struct request *rq, const char *json)
{
	reply_json(rq, rq->route->status, json, strlen(json));
}

/* Known or not, the token is worth nothing now. */
static void
logout_done(struct request *rq)
{
	if (!call_row(rq))
		return;
	(void)call_take_row(rq);
	reply_text(rq, "{\"message\":\"Logged out\"}");
}

void
auth_logout(struct request *rq)
{
	const char *token;

	if (!bind_fields(rq, 1, (const char **[]){ &token }))
		return;
	rq->call.values[0] = session_token_hash(rq, token);
	call_statement(rq, end_statement, true, logout_done);
}

static void
change_done(struct request *rq)
{
	if (!call_row(rq))
		return;
	(void)call_take_row(rq);
	reply_text(rq, "{\"message\":\"Password changed\"}");
}

static void
change_hashed(struct request *rq, const char *hash)
{
	rq->call.values[0] = rq->caller.user_id;
	rq->call.values[1] = hash;
	call_statement(rq, change_statement, true, change_done);
}

static void
change_verified(struct request *rq, bool good)
{
	struct flow *flow = rq->flow;

	if (!may_tell(rq, good))
		return;
	if (good)
		password_hash(rq, flow->new_password, change_hashed);
	else
		reply_unauthorized(rq, "The current password is wrong");
}

static void
change_found(struct request *rq)
{
	check_password(rq, change_verified);
}

static void
find_own_credentials(struct request *rq, void (*found)(struct request *rq))
{
	rq->call.values[0] = rq->caller.user_id;
	rq->call.values[1] = rq->caller.version;
	call_statement(rq, own_credentials_statement, false, found);
}

void
auth_change_password(struct request *rq)
{
	struct flow *flow = flow_new(rq, SESSION_PLAIN);

	if (bind_fields(rq, 2, (const char **[]){ &flow->password, &flow->new_password }) &&
	    auth_password_is_fit(rq, "new_password", flow->new_password))
		find_own_credentials(rq, change_found);
}

static void
delete_done(struct request *rq)
{
	if (call_row(rq))
		reply_row(rq, rq->route->status, rq->call.result);
}

static void
delete_verified(struct request *rq, bool good)
{
	if (!may_tell(rq, good))
		return;
	if (!good) {
		reply_unauthorized(rq, "The password is wrong");
		return;
	}
	rq->call.values[0] = rq->caller.user_id;
	call_statement(rq, erase_statement, true, delete_done);
}

static void
delete_found(struct request *rq)
{
	check_password(rq, delete_verified);
}

/* For good, so a token alone, which may have been stolen, is not enough. */
void
auth_delete_account(struct request *rq)
{
	struct flow *flow = flow_new(rq, SESSION_PLAIN);

	if (bind_fields(rq, 1, (const char **[]){ &flow->password }))
		find_own_credentials(rq, delete_found);
}
