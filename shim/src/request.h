/*
 * One request from its arrival to its answer.
 *
 * Kore owns the http_request and may take it away at any moment, when the client leaves; then `http` is NULL.
 * A request lives on as long as somebody holds it (request_hold, request_release): the http_request does, and so
 * does every query and task under way. Whoever is last frees it, and with it the arena in which all its strings
 * live. So an answer never reaches another client, and a query never writes to freed memory.
 *
 * Life: request_dispatch() -> route -> authorise -> body -> handler or call -> a reply_...() function, exactly
 * once, at once or from a later callback -> respond_prepare() and respond(), always from Kore's dispatcher.
 */
#ifndef EV_REQUEST_H
#define EV_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include <netinet/in.h>

#include <libpq-fe.h>

#include "answer.h"
#include "arena.h"
#include "json.h"
#include "pgpipe.h"
#include "route.h"

#define REQUEST_ID_MAX   64
#define QUERY_FIELDS_MAX 64

struct flight;
struct http_request;

/* Who is asking, from the access token. user_id is NULL for a stranger. */
struct caller {
	const char *user_id;
	const char *role;
	const char *version; /* of the account when the token was issued */
	long long expires; /* the token, in seconds since the epoch */
};

struct query_field {
	char *name;
	char *value;
	bool known;
};

struct request {
	struct http_request *http;
	int holders;
	bool started;
	struct arena arena;
	char id[REQUEST_ID_MAX + 1];
	uint64_t started_us;
	uint64_t database_us; /* spent waiting for it */

	const struct route *route; /* NULL: none fits */
	struct path_match match;
	struct in6_addr address; /* the client's, see clientip.h */
	struct caller caller;
	struct limit_state limit;
	struct query_field *query;
	int query_count;
	struct json body; /* count is 0 without a body */
	bool *body_known; /* by node: a field that somebody asked for */

	struct pg_call call; /* the one query under way */
	uint64_t call_started_us;
	struct flight *flight; /* the shared call that it waits for, see coalesce.h */
	void (*call_done)(struct request *);
	void (*stream)(struct request *); /* takes the connection over behind the headers of the answer */
	void *flow; /* what a handler of several steps remembers */
	void (*leave)(struct request *); /* lets go of what it took, when the request is done with */

	bool answered;
	int status;
	const char *code; /* of an error */
	const char *reply;
	size_t reply_len;
	const char *content_type; /* NULL: application/json */
	const char *content_policy; /* Content-Security-Policy; NULL: nothing may be loaded */
	bool replayed;
	int retry_after_s;
	bool if_match; /* the version to be changed came as If-Match */
	const char *authenticate; /* WWW-Authenticate */
	struct answer *answer; /* backs `reply` where it has an ETag or is compressed */

	bool prepared; /* see respond.h */
	const char *etag; /* without quotes */
	bool compressible;
	bool compressing;
	bool encoded; /* the reply is compressed */

	TAILQ_ENTRY(request) shared; /* among those that wait for the same */
};

int request_dispatch(struct http_request *http);
int request_count(void);
void request_hold(struct request *rq);
void request_release(struct request *rq);
const char *request_header(const struct request *rq, const char *name);
uint64_t clock_us(void);

#endif
