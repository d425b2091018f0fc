#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "account.h"
#include "asset.h"
#include "exposition.h"
#include "health.h"
#include "live.h"
#include "openapi.h"
#include "people.h"
#include "placeholder.h"
#include "route.h"

#define COMMON(m, p, a, l, s, text) \
	.method = HTTP_METHOD_##m, .pattern = p, .access = ACCESS_##a, .limit = LIMIT_##l, .status = s, .summary = text
#define ROUTE(m, p, a, l, s, text, sql)      { COMMON(m, p, a, l, s, text), .call = sql },
#define KEPT_ROUTE(m, p, a, l, s, text, sql) { COMMON(m, p, a, l, s, text), .call = sql, .kept = true },
#define BULK_ROUTE(m, p, a, l, s, text, sql) { COMMON(m, p, a, l, s, text), .call = sql, .lane = PG_BULK },
#define KEPT_BULK_ROUTE(m, p, a, l, s, text, sql) \
	{ COMMON(m, p, a, l, s, text), .call = sql, .kept = true, .lane = PG_BULK },
#define SET_ROUTE(m, p, a, l, s, text, sql, name) { COMMON(m, p, a, l, s, text), .call = sql, .set = name },
#define HANDLER(m, p, a, l, s, text, function, names, result) \
	{ COMMON(m, p, a, l, s, text), .handler = function, .fields = names, .answer = #result },

static struct route routes[] = {
#include "routes.def"
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

/* Which calls sell, and which give back. */
static const struct {
	const char *function;
	enum metric_event event;
} events[] = {
	{ "evently.place_hold(", EVENT_HOLD },
	{ "evently.release_hold(", EVENT_RELEASE },
	{ "evently.book(", EVENT_BOOKING },
	{ "evently.confirm_hold(", EVENT_BOOKING },
	{ "evently.accept_offer(", EVENT_BOOKING },
	{ "evently.cancel_booking(", EVENT_CANCELLATION },
};

static struct path paths[ROUTES];
static int path_count;
static int path_starts[ROUTE_SEGMENTS_MAX + 2]; /* where those of so many segments begin, and behind the last */

/* Takes "/a/{b}/c" apart; parameters become NULL segments. */
static void
path_parse(struct path *path, const char *pattern)
{
	char *copy = kore_strdup(pattern + 1), *word;

	path->pattern = pattern;
	while ((word = strsep(&copy, "/")) != NULL) {
		if (path->segment_count == ROUTE_SEGMENTS_MAX || path->param_count == ROUTE_PARAMS_MAX)
			fatal("routes.def: %s: too long", pattern);
		if (*word == '{') {
			word[strlen(word) - 1] = '\0';
			path->param_names[path->param_count++] = word + 1;
			word = NULL;
		}
		path->segments[path->segment_count++] = word;
	}
}

static struct path *
path_get(const char *pattern)
{
	int i;

	for (i = 0; i < path_count; i++) {
		if (strcmp(paths[i].pattern, pattern) == 0)
			return (&paths[i]);
	}
	path_parse(&paths[path_count], pattern);

	return (&paths[path_count++]);
}

static void
path_attach(struct path *path, const struct route *route)
{
	const struct route **slot;

	switch (route->method) {
	case HTTP_METHOD_GET:
		slot = &path->get;
		break;
	case HTTP_METHOD_POST:
		slot = &path->post;
		break;
	case HTTP_METHOD_PUT:
		slot = &path->put;
		break;
	case HTTP_METHOD_PATCH:
		slot = &path->patch;
		break;
	default:
		slot = &path->delete;
	}
	if (*slot != NULL)
		fatal("routes.def: %s: stands there twice", route->pattern);
	*slot = route;
}

static void
path_finish(struct path *path)
{
	char allow[64];

	(void)snprintf(allow, sizeof(allow), "%s%s%s%s%sOPTIONS", path->get != NULL ? "GET, HEAD, " : "",
	    path->post != NULL ? "POST, " : "", path->put != NULL ? "PUT, " : "", path->patch != NULL ? "PATCH, " : "",
	    path->delete != NULL ? "DELETE, " : "");
	path->allow = kore_strdup(allow);
}

/* Static words before parameters. */
static int
path_compare(const void *a, const void *b)
{
	const struct path *x = a, *y = b;
	int i;

	if (x->segment_count != y->segment_count)
		return (x->segment_count - y->segment_count);
	for (i = 0; i < x->segment_count; i++) {
		if ((x->segments[i] == NULL) != (y->segments[i] == NULL))
			return (x->segments[i] == NULL ? 1 : -1);
	}
	return (strcmp(x->pattern, y->pattern));
}

/* They stand in order. */
static void
path_index(void)
{
	int i, count = 0;

	for (i = 0; i <= path_count; i++) {
		while (count <= ROUTE_SEGMENTS_MAX + 1 && (i == path_count || count <= paths[i].segment_count))
			path_starts[count++] = i;
	}
}

static enum metric_event
event_of(const char *call)
{
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (strncmp(call, events[i].function, strlen(events[i].function)) == 0)
			return (events[i].event);
	}
	return (EVENT_NONE);
}

static bool
is_shared(const struct route *route)
{
	int i;

	for (i = 0; i < route->binding_count; i++) {
		if (route->bindings[i].source != SOURCE_PATH && route->bindings[i].source != SOURCE_QUERY)
			return (false);
	}
	return (route->method == HTTP_METHOD_GET && route->access == ACCESS_PUBLIC);
}

int
route_count(void)
{
	return ((int)ROUTES);
}

const struct route *
route_at(int place)
{
	return (&routes[place]);
}

int
route_place(const struct route *route)
{
	return ((int)(route - routes));
}

void
route_compile(void)
{
	struct route *route;
	int i;

	for (route = routes; route < routes + ROUTES; route++) {
		struct path *path = path_get(route->pattern);

		path_attach(path, route);
		if (route->method != HTTP_METHOD_GET)
			route->lane = PG_WRITE;
		if (route->call != NULL) {
			route->event = event_of(route->call);
			placeholder_compile(route, path);
			route->shared = is_shared(route);
			if (route->set != NULL)
				placeholder_compile_set(route);
		} else {
			placeholder_fields(route, path);
		}
	}
	for (i = 0; i < path_count; i++)
		path_finish(&paths[i]);
	qsort(paths, (size_t)path_count, sizeof(paths[0]), path_compare);
	path_index();
}

static bool
path_matches(const struct path *path, char **words, struct path_match *match)
{
	int i, params = 0;

	for (i = path->segment_count - 1; i >= 0; i--) {
		if (path->segments[i] != NULL &&
		    (path->segments[i][0] != words[i][0] || strcmp(path->segments[i], words[i]) != 0))
			return (false);
	}
	for (i = 0; i < path->segment_count; i++) {
		if (path->segments[i] == NULL)
			/* It has as many segments. NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign) */
			match->params[params++] = words[i];
	}
	match->path = path;

	return (true);
}

/* Takes `path` apart in place; the parameters of the match point into it, still percent-encoded. */
bool
route_match(char *path, struct path_match *match)
{
	char *words[ROUTE_SEGMENTS_MAX], *word;
	int count = 0, i;

	if (*path++ != '/')
		return (false);
	while ((word = strsep(&path, "/")) != NULL) {
		if (*word == '\0' || count == ROUTE_SEGMENTS_MAX)
			return (false);
		words[count++] = word;
	}
	for (i = path_starts[count]; i < path_starts[count + 1]; i++) {
		if (path_matches(&paths[i], words, match))
			return (true);
	}
	return (false);
}

/* The route of a method, NULL when the path has none. HEAD is GET. */
const struct route *
route_for(const struct path *path, int method)
{
	switch (method) {
	case HTTP_METHOD_GET:
	case HTTP_METHOD_HEAD:
		return (path->get);
	case HTTP_METHOD_POST:
		return (path->post);
	case HTTP_METHOD_PUT:
		return (path->put);
	case HTTP_METHOD_PATCH:
		return (path->patch);
	case HTTP_METHOD_DELETE:
		return (path->delete);
	default:
		return (NULL);
	}
}
