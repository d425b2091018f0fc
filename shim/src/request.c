#include <string.h>
#include <strings.h>
#include <time.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "auth.h"
#include "bind.h"
#include "call.h"
#include "clientip.h"
#include "coalesce.h"
#include "log.h"
#include "metrics.h"
#include "reply.h"
#include "request.h"
#include "requestid.h"
#include "respond.h"

static int count;

/* Requests that have arrived and are not done with. */
int
request_count(void)
{
	return (count);
}

uint64_t
clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

/* NULL when it was not sent, or the client is gone. */
const char *
request_header(const struct request *rq, const char *name)
{
	const char *value;

	if (rq->http == NULL || !http_request_header(rq->http, name, &value))
		return (NULL);
	return (value);
}

void
request_hold(struct request *rq)
{
	rq->holders++;
}

void
request_release(struct request *rq)
{
	if (--rq->holders > 0)
		return;
	count--;
	if (rq->leave != NULL)
		rq->leave(rq);
	if (rq->answer != NULL)
		answer_release(rq->answer);
	arena_free(&rq->arena);
	kore_free(rq);
}

/* Kore lets go of the http_request: it was answered, or the client left. */
static void
on_free(struct http_request *http)
{
	struct request *rq = *(struct request **)http_state_get(http);

	if (!rq->answered) {
		metrics_request(rq, 499, "CLIENT_GONE");
		log_request(rq, 499, "CLIENT_GONE");
	}
	rq->http = NULL;
	rq->call.unwanted = true;
	coalesce_leave(rq);
	request_release(rq);
}

static struct request *
request_new(struct http_request *http)
{
	struct request **state, *rq;

	count++;
	rq = kore_calloc(1, sizeof(*rq));
	rq->http = http;
	rq->holders = 1;
	rq->started_us = clock_us();
	rq->address = client_ip_of_request(http);
	request_id_take(rq->id, request_header(rq, "x-request-id"));
	/* Of Kore's memory, with the pointer in it. NOLINTNEXTLINE(bugprone-sizeof-expression) */
	state = http_state_create(http, sizeof(*state), on_free);
	*state = rq;

	return (rq);
}

/* Finds the route; false when the request has been answered instead. */
static bool
find_route(struct request *rq)
{
	char *path = arena_copy(&rq->arena, rq->http->path, strlen(rq->http->path));

	if (!route_match(path, &rq->match)) {
		rq->match.path = NULL;
		reply_error(rq, 404, "ROUTE_NOT_FOUND", NULL, "There is nothing at this address");
		return (false);
	}
	if (rq->http->method == HTTP_METHOD_OPTIONS) {
		reply_json(rq, 204, NULL, 0);
		return (false);
	}
	if ((rq->route = route_for(rq->match.path, rq->http->method)) == NULL) {
		reply_error(rq, 405, "METHOD_NOT_ALLOWED",
		    arena_printf(&rq->arena, "{\"allow\":\"%s\"}", rq->match.path->allow),
		    "The method is not allowed here; allowed are %s", rq->match.path->allow);
		return (false);
	}
	return (true);
}

/* What we go by may be sent once. Somebody in front of us may go by the other one. (Of Host: kore/07-syntax.patch.) */
static bool
headers_are_single(struct request *rq)
{
	static const char *const single[] = { "authorization", "content-type", "idempotency-key", "if-match",
		"x-internal-api-key" };
	bool seen[sizeof(single) / sizeof(single[0])] = { false };
	const struct http_header *header;
	size_t i;

	TAILQ_FOREACH(header, &rq->http->req_headers, list) {
		for (i = 0; i < sizeof(single) / sizeof(single[0]) && strcasecmp(header->header, single[i]) != 0; i++)
			;
		if (i == sizeof(single) / sizeof(single[0]))
			continue;
		if (seen[i]) {
			reply_invalid_field(rq, CODE_INVALID, single[i], "%s must be given only once", single[i]);
			return (false);
		}
		seen[i] = true;
	}
	return (true);
}

static void
request_start(struct request *rq)
{
	if (!find_route(rq) || !headers_are_single(rq))
		return;
	if (rq->route->access != ACCESS_PUBLIC && !auth_authorize(rq))
		return;
	if (!rate_limit_admit(rq) || !bind_query(rq) || !bind_body(rq))
		return;
	if (rq->route->handler != NULL)
		rq->route->handler(rq);
	else
		call_route(rq);
}

/* Kore's handler for every request, called when it arrives and again whenever it is woken up. */
int
request_dispatch(struct http_request *http)
{
	struct request *rq;

	if (http_state_exists(http))
		rq = *(struct request **)http_state_get(http);
	else
		rq = request_new(http);
	if (!rq->started) {
		rq->started = true;
		http->owner->http_timeout = 0;
		request_start(rq);
	}
	if (!rq->answered || rq->compressing || !respond_prepare(rq)) {
		http_request_sleep(http);
		return (KORE_RESULT_RETRY);
	}
	respond(rq);

	return (KORE_RESULT_OK);
}
