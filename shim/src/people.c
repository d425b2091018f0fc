#include <string.h>

#include <kore/kore.h>

#include "bind.h"
#include "call.h"
#include "credential.h"
#include "jwt.h"
#include "password.h"
#include "people.h"
#include "reply.h"
#include "sqlerror.h"

struct person {
	const char *email, *password, *name, *role, *phone_number;
};

static int create_statement, verify_statement;

void
people_prepare(void)
{
	create_statement = pg_statement_add(
	    "SELECT evently.render(r) FROM evently.create_account(email => $1::text, password_hash => $2::text, "
	    "name => $3::text, role => $4::text, phone_number => $5::text, actor_id => $6::uuid) r "
	    "WHERE evently.require_session(user_id => $6::uuid, token_version => $7::integer)",
	    7);
	verify_statement = pg_statement_add(
	    "SELECT evently.render(v) FROM (SELECT true AS valid, r.user_id, r.email, r.role, r.permissions, "
	    "to_timestamp($3::bigint) AS expires_at FROM evently.get_account(user_id => $1::uuid) r "
	    "WHERE evently.require_session(user_id => $1::uuid, token_version => $2::integer)) v",
	    3);
}

static void
create_done(struct request *rq)
{
	if (call_row(rq))
		reply_row(rq, rq->route->status, rq->call.result);
}

static void
create_hashed(struct request *rq, const char *hash)
{
	const struct person *person = rq->flow;
	const char **value = rq->call.values;

	value[0] = person->email;
	value[1] = hash;
	value[2] = person->name;
	value[3] = person->role;
	value[4] = person->phone_number;
	value[5] = rq->caller.user_id;
	value[6] = rq->caller.version;
	call_statement(rq, create_statement, PG_WRITE, create_done);
}

void
people_create(struct request *rq)
{
	struct person *person = arena_alloc(&rq->arena, sizeof(*person));

	rq->flow = person;
	if (bind_fields(rq, 5,
		(const char **[]){
		    &person->email, &person->password, &person->name, &person->role, &person->phone_number }) &&
	    credential_password_is_fit(rq, "password", person->password))
		password_hash(rq, person->password, create_hashed);
}

static void
reply_not_valid(struct request *rq)
{
	static const char answer[] = "{\"valid\":false}";

	reply_json(rq, 200, answer, strlen(answer));
}

/* What the database refuses is a token that counts no more; that is an answer too. */
static void
verify_done(struct request *rq)
{
	if (rq->call.outcome == PG_REFUSED &&
	    sql_error_map(PQresultErrorField(rq->call.result, PG_DIAG_SQLSTATE)).status < 500) {
		PQclear(rq->call.result);
		reply_not_valid(rq);
	} else if (call_row(rq)) {
		reply_row(rq, 200, rq->call.result);
	}
}

void
people_verify(struct request *rq)
{
	struct jwt_claims claims;
	const char *token;

	if (!bind_fields(rq, 1, (const char **[]){ &token }))
		return;
	if (!jwt_verify(token, &claims, &rq->arena)) {
		reply_not_valid(rq);
		return;
	}
	rq->call.values[0] = claims.user_id;
	rq->call.values[1] = arena_printf(&rq->arena, "%lld", claims.version);
	rq->call.values[2] = arena_printf(&rq->arena, "%lld", claims.expires);
	call_statement(rq, verify_statement, PG_READ, verify_done);
}
