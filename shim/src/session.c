#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <kore/kore.h>

#include "call.h"
#include "config.h"
#include "jwt.h"
#include "log.h"
#include "reply.h"
#include "session.h"

#define TOKEN_BYTES 32

/* As PostgreSQL reads a bytea. */
const char *
session_token_hash(struct request *rq, const char *token)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char *text = arena_alloc(&rq->arena, 2 * SHA256_DIGEST_LENGTH + 3);
	int i;

	(void)SHA256((const unsigned char *)token, strlen(token), digest);
	text[0] = '\\';
	text[1] = 'x';
	for (i = 0; i < SHA256_DIGEST_LENGTH; i++)
		(void)snprintf(text + 2 + 2 * i, 3, "%02x", digest[i]);

	return (text);
}

void
session_new_token(struct request *rq, const char **token, const char **hash)
{
	unsigned char random[TOKEN_BYTES];

	if (RAND_bytes(random, sizeof(random)) != 1)
		fatal("session: no random bytes");
	*token = base64url_encode(random, sizeof(random), &rq->arena);
	*hash = session_token_hash(rq, *token);
}

/* A refresh token's life, as PostgreSQL reads an interval. */
const char *
session_ttl(struct request *rq)
{
	return (arena_printf(&rq->arena, "%d seconds", config.refresh_ttl_s));
}

static const char *
member_text(struct request *rq, const struct json *json, int object, const char *name, const char *missing)
{
	int node = json_find(json, object, name);

	if (node < 0 || json->nodes[node].type == JSON_NULL)
		return (missing);
	if (json->nodes[node].type == JSON_STRING)
		return (json_string(json, node, &rq->arena));
	return (json_text(json, node, &rq->arena));
}

/* A session that was not begun: whoever asks for tokens learns no more than that. */
static void
refuse_session(struct request *rq, const char *outcome)
{
	if (strcmp(outcome, "inactive") == 0)
		reply_error(rq, 403, "FORBIDDEN", NULL, "This account is not active");
	else if (strcmp(outcome, "forbidden") == 0)
		reply_error(rq, 403, "FORBIDDEN", NULL, "This account is not an administrator's");
	else
		reply_unauthorized(rq, "Invalid token");
}

static void
write_session(struct request *rq, const char *access, const char *refresh, const char *account, enum session_form form,
    const struct jwt_claims *claims)
{
	struct kore_buf body;

	kore_buf_init(&body, 2048);
	kore_buf_appendf(&body,
	    "{\"access_token\":\"%s\",\"refresh_token\":\"%s\",\"token_type\":\"bearer\",\"expires_in\":%d,\"user\":%s",
	    access, refresh, config.access_ttl_s, account);
	if (form == SESSION_WITH_ADMIN)
		kore_buf_appendf(&body, ",\"admin_id\":\"%s\"", claims->user_id);
	if (form != SESSION_PLAIN)
		kore_buf_appendf(&body, ",%s", account + 1);
	else
		kore_buf_append(&body, "}", 1);
	reply_json(rq, rq->route->status, arena_copy(&rq->arena, (const char *)body.data, body.offset), body.offset);
	kore_buf_cleanup(&body);
}

/* Whom a session of that form is for; NULL: everybody. */
const char *
session_role(enum session_form form)
{
	return (form == SESSION_WITH_ADMIN ? "admin" : NULL);
}

/* The way on from every call that returns a `session`. */
void
session_reply(struct request *rq, const char *refresh_token, enum session_form form)
{
	struct jwt_claims claims;
	struct json json;
	const char *outcome, *text, *access;
	int account;

	if (!call_row(rq))
		return;
	text = call_take_row(rq);
	if (!json_parse(&json, text, strlen(text), &rq->arena)) {
		log_line(LEVEL_ERROR, "request %s: a session that is no JSON: %s", rq->id, json.error);
		reply_error(rq, 500, "INTERNAL_ERROR", NULL, "Something went wrong on our side");
		return;
	}
	outcome = member_text(rq, &json, 0, "outcome", "unknown");
	account = json_find(&json, 0, "account");
	if (strcmp(outcome, "ok") != 0 || account < 0 || json.nodes[account].type != JSON_OBJECT) {
		refuse_session(rq, outcome);
		return;
	}
	claims.user_id = member_text(rq, &json, account, "user_id", "");
	claims.role = member_text(rq, &json, account, "role", "user");
	claims.permissions = member_text(rq, &json, account, "permissions", "[]");
	claims.version = strtoll(member_text(rq, &json, 0, "token_version", "0"), NULL, 10);
	access = jwt_sign(&claims, config.access_ttl_s, &rq->arena);
	write_session(rq, access, refresh_token, json_text(&json, account, &rq->arena), form, &claims);
}
