#include <string.h>
#include <strings.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "config.h"
#include "cors.h"
#include "request.h"

#define ALLOWED_HEADERS \
	"Authorization, Content-Type, Accept, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, " \
	"X-Internal-API-Key, Last-Event-ID"
#define EXPOSED_HEADERS \
	"X-Request-Id, X-Unknown-Fields, ETag, Retry-After, RateLimit, RateLimit-Policy, Idempotent-Replay, WWW-Authenticate"
#define PREFLIGHT_MAX_AGE "7200" /* what browsers keep at the most */

static bool
allows_all(void)
{
	return (strcmp(config.cors_origins, "*") == 0);
}

static bool
is_listed(const char *origin)
{
	const char *p = config.cors_origins;
	size_t len = strlen(origin), word;

	for (; *p != '\0'; p += word) {
		p += strspn(p, ", ");
		word = strcspn(p, ", ");
		if (word == len && len > 0 && strncasecmp(p, origin, len) == 0)
			return (true);
	}
	return (false);
}

/* The value of Access-Control-Allow-Origin, or NULL. */
const char *
cors_origin(const struct request *rq)
{
	const char *origin = request_header(rq, "origin");

	if (origin == NULL)
		return (NULL);
	if (allows_all())
		return ("*");
	return (is_listed(origin) ? origin : NULL);
}

/* Then caches must keep the answers apart. */
bool
cors_depends_on_origin(void)
{
	return (!allows_all() && strcasecmp(config.cors_origins, "none") != 0);
}

void
cors_headers(struct request *rq)
{
	const char *origin = cors_origin(rq);

	if (origin == NULL)
		return;
	http_response_header(rq->http, "access-control-allow-origin", origin);
	if (rq->http->method != HTTP_METHOD_OPTIONS) {
		http_response_header(rq->http, "access-control-expose-headers", EXPOSED_HEADERS);
		return;
	}
	if (rq->match.path == NULL || request_header(rq, "access-control-request-method") == NULL)
		return;
	http_response_header(rq->http, "access-control-allow-methods", rq->match.path->allow);
	http_response_header(rq->http, "access-control-allow-headers", ALLOWED_HEADERS);
	http_response_header(rq->http, "access-control-max-age", PREFLIGHT_MAX_AGE);
}
