#include <string.h>

#include <kore/kore.h>

#include "account.h"
#include "auth.h"
#include "bind.h"
#include "call.h"
#include "config.h"
#include "credential.h"
#include "password.h"
#include "reply.h"
#include "session.h"

/* What one step leaves for the next. */
struct flow {
	struct credential credential; /* first: credential.h */
	const char *new_password;
	const char *name, *first_name, *last_name, *phone_number;
	const char *refresh_token, *token_hash;
	const char *mode; /* how an administrator may be registered */
	enum session_form form;
};

static int register_statement, register_admin_statement, start_statement, refresh_statement, end_statement,
    change_statement, erase_statement;

#define RENDER(call) "SELECT evently.render(r) FROM evently." call " r"

void
account_prepare(void)
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

static struct flow *
flow_new(struct request *rq, enum session_form form)
{
	struct flow *flow = arena_alloc(&rq->arena, sizeof(*flow));

	memset(flow, 0, sizeof(*flow));
	flow->form = form;
	rq->flow = flow;

	return (flow);
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
		    (const char **[]){ &flow->credential.email, &flow->credential.password, &flow->name,
			&flow->first_name, &flow->last_name, &flow->phone_number }) &&
	    credential_password_is_fit(rq, "password", flow->credential.password));
}

/* Both ways of registering begin with the same values; two are their own. */
static void
register_account(struct request *rq, int statement, const char *hash, const char *seventh, const char *eighth)
{
	struct flow *flow = rq->flow;
	const char **value = rq->call.values;

	session_new_token(rq, &flow->refresh_token, &flow->token_hash);
	value[0] = flow->credential.email;
	value[1] = hash;
	value[2] = flow->name;
	value[3] = flow->phone_number;
	value[4] = flow->token_hash;
	value[5] = session_ttl(rq);
	value[6] = seventh;
	value[7] = eighth;
	call_statement(rq, statement, PG_WRITE, session_done);
}

static void
register_hashed(struct request *rq, const char *hash)
{
	const struct flow *flow = rq->flow;

	register_account(rq, register_statement, hash, flow->first_name, flow->last_name);
}

void
account_register(struct request *rq)
{
	struct flow *flow = flow_new(rq, SESSION_WITH_USER);

	if (registration_fields(rq, flow))
		password_hash(rq, flow->credential.password, register_hashed);
}

static void
register_admin_hashed(struct request *rq, const char *hash)
{
	const struct flow *flow = rq->flow;

	register_account(rq, register_admin_statement, hash, rq->caller.user_id, flow->mode);
}

void
account_admin_register(struct request *rq)
{
	static const char *const modes[] = { "bootstrap", "closed", "open" };
	struct flow *flow = flow_new(rq, SESSION_WITH_ADMIN);

	flow->mode = auth_is_internal(rq) ? "trusted" : modes[config.admin_registration];
	if (!auth_identify(rq))
		return;
	if (!registration_fields(rq, flow))
		return;
	if (flow->name == NULL && flow->first_name != NULL)
		flow->name = flow->last_name == NULL
		    ? flow->first_name
		    : arena_printf(&rq->arena, "%s %s", flow->first_name, flow->last_name);
	password_hash(rq, flow->credential.password, register_admin_hashed);
}

static void
login_verified(struct request *rq, bool good)
{
	struct flow *flow = rq->flow;
	const char **value = rq->call.values;

	if (!good) {
		reply_unauthorized(rq, "Invalid email or password");
		return;
	}
	if (!flow->credential.active) {
		reply_error(rq, 403, "FORBIDDEN", NULL, "This account is not active");
		return;
	}
	session_new_token(rq, &flow->refresh_token, &flow->token_hash);
	value[0] = flow->credential.user_id;
	value[1] = flow->token_hash;
	value[2] = session_ttl(rq);
	value[3] = flow->credential.hash;
	value[4] = session_role(flow->form);
	call_statement(rq, start_statement, PG_WRITE, session_done);
}

static void
login(struct request *rq, enum session_form form)
{
	struct flow *flow = flow_new(rq, form);

	if (bind_fields(rq, 2, (const char **[]){ &flow->credential.email, &flow->credential.password }))
		credential_check(rq, login_verified);
}

void
account_login(struct request *rq)
{
	login(rq, SESSION_PLAIN);
}

void
account_admin_login(struct request *rq)
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
	call_statement(rq, refresh_statement, PG_WRITE, session_done);
}

void
account_refresh(struct request *rq)
{
	refresh(rq, SESSION_PLAIN);
}

void
account_admin_refresh(struct request *rq)
{
	refresh(rq, SESSION_WITH_ADMIN);
}

/* Whatever the call's row says. */
static void
reply_done(struct request *rq, const char *json)
{
	if (!call_row(rq))
		return;
	(void)call_take_row(rq);
	reply_json(rq, rq->route->status, json, strlen(json));
}

/* Known or not, the token is worth nothing now. */
static void
logout_done(struct request *rq)
{
	reply_done(rq, "{\"message\":\"Logged out\"}");
}

void
account_logout(struct request *rq)
{
	const char *token;

	if (!bind_fields(rq, 1, (const char **[]){ &token }))
		return;
	rq->call.values[0] = session_token_hash(rq, token);
	call_statement(rq, end_statement, PG_WRITE, logout_done);
}

static void
change_done(struct request *rq)
{
	reply_done(rq, "{\"message\":\"Password changed\"}");
}

static void
change_hashed(struct request *rq, const char *hash)
{
	rq->call.values[0] = rq->caller.user_id;
	rq->call.values[1] = hash;
	call_statement(rq, change_statement, PG_WRITE, change_done);
}

static void
change_verified(struct request *rq, bool good)
{
	struct flow *flow = rq->flow;

	if (good)
		password_hash(rq, flow->new_password, change_hashed);
	else
		reply_unauthorized(rq, "The current password is wrong");
}

void
account_change_password(struct request *rq)
{
	struct flow *flow = flow_new(rq, SESSION_PLAIN);

	if (bind_fields(rq, 2, (const char **[]){ &flow->credential.password, &flow->new_password }) &&
	    credential_password_is_fit(rq, "new_password", flow->new_password))
		credential_check_own(rq, change_verified);
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
	if (!good) {
		reply_unauthorized(rq, "The password is wrong");
		return;
	}
	rq->call.values[0] = rq->caller.user_id;
	call_statement(rq, erase_statement, PG_WRITE, delete_done);
}

/* For good, so a token alone, which may have been stolen, is not enough. */
void
account_delete(struct request *rq)
{
	struct flow *flow = flow_new(rq, SESSION_PLAIN);

	if (bind_fields(rq, 1, (const char **[]){ &flow->credential.password }))
		credential_check_own(rq, delete_verified);
}
