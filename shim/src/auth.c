#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include <kore/kore.h>

#include "auth.h"
#include "config.h"
#include "jwt.h"
#include "reply.h"

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

bool
auth_identify(struct request *rq)
{
	return (request_header(rq, "authorization") == NULL || authenticate(rq));
}

bool
auth_is_internal(const struct request *rq)
{
	const char *key = request_header(rq, "x-internal-api-key");
	size_t len = strlen(config.internal_api_key);

	return (key != NULL && len > 0 && strlen(key) == len && CRYPTO_memcmp(key, config.internal_api_key, len) == 0);
}

bool
auth_authorize(struct request *rq)
{
	if (rq->route->access == ACCESS_INTERNAL) {
		if (!auth_is_internal(rq))
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
