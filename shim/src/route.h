/*
 * Routes: compiled once at start from routes.def, the one list of what the server answers.
 *
 * A route has either a SQL call or a C handler. A call is an expression over one function of the extension with
 * placeholders in braces:
 *
 *	{source.name|other name|...:type!}	source: path, query, body, header, auth; `!`: must be given
 *
 * A body's `version` may also be sent as If-Match. The first name that was sent counts. It is compiled to `$n::type` of a prepared statement that answers one
 * row of JSON. The names behind auth.user_id are fields that, when sent, must name the caller himself.
 *
 * Routes with one path pattern share a `struct path`. Patterns are ordered so that a static word wins over a
 * parameter at the first place where two differ; the first that matches decides, whatever its methods.
 * Nothing changes after route_compile(), so workers share it all.
 */
#ifndef EV_ROUTE_H
#define EV_ROUTE_H

#include <stdbool.h>

#include "metrics.h"
#include "ratelimit.h"

#define ROUTE_SEGMENTS_MAX 8
#define ROUTE_PARAMS_MAX   2
#define BINDINGS_MAX       32
#define BINDING_NAMES_MAX  8

enum access { ACCESS_PUBLIC, ACCESS_USER, ACCESS_ADMIN, ACCESS_INTERNAL };

enum source { SOURCE_PATH, SOURCE_QUERY, SOURCE_BODY, SOURCE_HEADER, SOURCE_AUTH };

enum value_type {
	TYPE_TEXT,
	TYPE_WORD, /* one of a few, in any letter case */
	TYPE_UUID,
	TYPE_INT,
	TYPE_NUMERIC,
	TYPE_BOOL,
	TYPE_TIME,
	TYPE_DATE, /* a date or a time, passed on as text */
	TYPE_TEXTS,
	TYPE_UUIDS,
	TYPE_JSON,
};

struct binding {
	enum source source;
	enum value_type type;
	bool required;
	const char *names[BINDING_NAMES_MAX]; /* NULL behind the last */
	int param; /* SOURCE_PATH: which one */
};

struct request;

struct route {
	int method; /* HTTP_METHOD_GET ... */
	const char *pattern;
	enum access access;
	enum limit_class limit;
	int status; /* of a success */
	const char *summary;
	const char *call;
	const char *set; /* how the sets in which its requests travel are called; NULL: they travel alone */
	void (*handler)(struct request *);
	const char *fields; /* of a handler: placeholders of what it reads, in the order of its values */
	const char *answer; /* of a handler: see answers.def */

	int statement, set_statement; /* see pgpipe.h */
	enum pg_lane_id lane; /* of its call */
	enum metric_event event; /* what a success is */
	bool keyed; /* takes an Idempotency-Key and tells replays */
	bool kept; /* its answer may stand, see kept.h */
	bool shared; /* the same values get the same answer, whoever asks, and nothing is written */
	struct binding bindings[BINDINGS_MAX];
	int binding_count;
};

struct path {
	const char *pattern;
	int segment_count;
	const char *segments[ROUTE_SEGMENTS_MAX]; /* NULL: a parameter */
	const char *param_names[ROUTE_PARAMS_MAX];
	int param_count;
	const struct route *get, *post, *put, *patch, *delete;
	const char *allow; /* the Allow header */
};

struct path_match {
	const struct path *path;
	const char *params[ROUTE_PARAMS_MAX];
};

void route_compile(void);
bool route_match(char *path, struct path_match *match);
int route_count(void);
const struct route *route_at(int place);
int route_place(const struct route *route);
const struct route *route_for(const struct path *path, int method);

#endif
