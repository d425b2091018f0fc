#include <string.h>

#include <kore/kore.h>

#include "config.h"
#include "pgpipe.h"
#include "placeholder.h"

static const char *const source_names[] = { "path", "query", "body", "header", "auth" };

/* What a call writes, and what PostgreSQL calls it. */
static const struct {
	const char *name;
	const char *sql;
} types[] = {
	[TYPE_TEXT] = { "text", "text" },
	[TYPE_WORD] = { "word", "text" },
	[TYPE_UUID] = { "uuid", "uuid" },
	[TYPE_INT] = { "int", "integer" },
	[TYPE_NUMERIC] = { "numeric", "numeric" },
	[TYPE_BOOL] = { "bool", "boolean" },
	[TYPE_TIME] = { "timestamptz", "timestamptz" },
	[TYPE_DATE] = { "date", "text" },
	[TYPE_TEXTS] = { "text[]", "text[]" },
	[TYPE_UUIDS] = { "uuid[]", "uuid[]" },
	[TYPE_JSON] = { "json", "jsonb" },
};

#define SOURCES (sizeof(source_names) / sizeof(source_names[0]))
#define TYPES   (sizeof(types) / sizeof(types[0]))

static void defect(const struct route *route, const char *what) __attribute__((noreturn));

static void
defect(const struct route *route, const char *what)
{
	fatal("routes.def: %s: %s", route->pattern, what);
}

static enum source
find_source(const struct route *route, const char *name)
{
	size_t i;

	for (i = 0; i < SOURCES; i++) {
		if (strcmp(source_names[i], name) == 0)
			return ((enum source)i);
	}
	defect(route, "unknown source of a placeholder");
}

static enum value_type
find_type(const struct route *route, const char *name)
{
	size_t i;

	for (i = 0; i < TYPES; i++) {
		if (strcmp(types[i].name, name) == 0)
			return ((enum value_type)i);
	}
	defect(route, "unknown type of a placeholder");
}

static int
find_param(const struct route *route, const struct path *path, const char *name)
{
	int i;

	for (i = 0; i < path->param_count; i++) {
		if (strcmp(path->param_names[i], name) == 0)
			return (i);
	}
	defect(route, "the path has no such parameter");
}

/* `text` is what stands between the braces; it is taken apart in place and kept for good. */
static void
parse_placeholder(const struct route *route, const struct path *path, struct binding *binding, char *text)
{
	size_t len = strlen(text);
	char *colon, *dot, *name;
	int i;

	if (len > 0 && text[len - 1] == '!') {
		binding->required = true;
		text[len - 1] = '\0';
	}
	if ((colon = strchr(text, ':')) != NULL)
		*colon++ = '\0';
	if ((dot = strchr(text, '.')) == NULL)
		defect(route, "a placeholder without a source");
	*dot++ = '\0';
	binding->source = find_source(route, text);
	for (i = 0; (name = strsep(&dot, "|")) != NULL; i++) {
		if (i == BINDING_NAMES_MAX - 1)
			defect(route, "too many names in a placeholder");
		binding->names[i] = name;
	}
	if (colon != NULL)
		binding->type = find_type(route, colon);
	else
		binding->type = binding->source == SOURCE_AUTH ? TYPE_UUID : TYPE_TEXT;
	if (binding->source == SOURCE_HEADER && config.require_idempotency_key && route->event == EVENT_BOOKING)
		binding->required = true;
	if (binding->source == SOURCE_PATH)
		binding->param = find_param(route, path, binding->names[0]);
	if (binding->source == SOURCE_AUTH && strcmp(binding->names[0], "user_id") != 0 &&
	    strcmp(binding->names[0], "version") != 0)
		defect(route, "auth knows user_id and version only");
}

/* Takes the next placeholder of `text` as a binding; NULL when there is none, else what stands behind it. */
static const char *
next_placeholder(struct route *route, const struct path *path, const char *text, const char **open)
{
	const char *close;

	if ((*open = strchr(text, '{')) == NULL)
		return (NULL);
	if ((close = strchr(*open, '}')) == NULL || route->binding_count == BINDINGS_MAX)
		defect(route, "a placeholder without end, or too many");
	parse_placeholder(
	    route, path, &route->bindings[route->binding_count++], strndup(*open + 1, (size_t)(close - *open - 1)));

	/* The binding's names are parts of the copy. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	return (close + 1);
}

/* A condition without columns is decided before the call: a token that counts no more is refused with nothing done. */
#define SESSION_CHECK " WHERE evently.require_session(user_id => {auth.user_id}, token_version => {auth.version:int})"

static bool
needs_session(const struct route *route)
{
	return (route->access == ACCESS_USER || route->access == ACCESS_ADMIN);
}

void
placeholder_compile(struct route *route, const struct path *path)
{
	struct kore_buf call, sql;
	const char *p, *next, *open;

	kore_buf_init(&call, 512);
	kore_buf_appendf(&call, "%s r%s", route->call, needs_session(route) ? SESSION_CHECK : "");
	route->keyed = strstr(route->call, "{header.idempotency-key}") != NULL;
	kore_buf_init(&sql, 512);
	kore_buf_appendf(&sql, "SELECT evently.render(r)%s FROM ",
	    route->keyed      ? ", evently.was_replayed()"
		: route->kept ? ", evently.answer_mark()"
			      : "");
	for (p = kore_buf_stringify(&call, NULL); (next = next_placeholder(route, path, p, &open)) != NULL; p = next) {
		kore_buf_append(&sql, p, (size_t)(open - p));
		kore_buf_appendf(
		    &sql, "$%d::%s", route->binding_count, types[route->bindings[route->binding_count - 1].type].sql);
	}
	kore_buf_appendf(&sql, "%s", p);
	if (route->kept)
		kore_buf_appendf(&sql, " WHERE NOT evently.answer_stands(mark => $%d::text)", route->binding_count + 1);
	route->statement = pg_statement_add(kore_buf_stringify(&sql, NULL), route->binding_count + route->kept);
	kore_buf_cleanup(&sql);
	kore_buf_cleanup(&call);
}

/* An array of arrays would have to be rectangular, so those travel as texts. */
static bool
is_array(const struct binding *binding)
{
	return (binding->type == TYPE_TEXTS || binding->type == TYPE_UUIDS);
}

/* The arguments of a call without their names, for a row. */
static char *
unnamed_arguments(const struct route *route)
{
	const char *p = strchr(route->call, '(') + 1, *arrow;
	char *args = kore_malloc(strlen(p) + 1), *out = args;

	while ((arrow = strstr(p, " => ")) != NULL) {
		const char *name = arrow;

		while (name > p && (name[-1] == '_' || (name[-1] >= 'a' && name[-1] <= 'z')))
			name--;
		out = mempcpy(out, p, (size_t)(name - p));
		p = arrow + 4;
	}
	memcpy(out, p, strlen(p) + 1);
	if (args[0] != '{' || strncmp(strchr(args, '}'), "}, ", 3) != 0 || args[strlen(args) - 1] != ')')
		defect(route, "the call of a set is one function whose first argument is the event");

	return (args);
}

/* `text` with the columns of u in place of the placeholders, which are the route's from the second on. */
static void
write_columns(const struct route *route, struct kore_buf *sql, const char *text)
{
	const struct binding *binding = &route->bindings[1];
	const char *open;

	for (; (open = strchr(text, '{')) != NULL; binding++, text = strchr(open, '}') + 1) {
		kore_buf_append(sql, text, (size_t)(open - text));
		kore_buf_appendf(sql, "u.v%d", (int)(binding - route->bindings) + 1);
		if (is_array(binding))
			kore_buf_appendf(sql, "::%s", types[binding->type].sql);
	}
	kore_buf_appendf(sql, "%s", text);
}

/*
 * The same call for a set: $1 is the event, every other value an array with a place for each request; the last two are
 * the sessions. Requests that are left out, as their sessions count no more, have no row in the answer; `places` leads
 * from the others' rows back to them.
 */
void
placeholder_compile_set(struct route *route)
{
	char *args = unnamed_arguments(route);
	int count = route->binding_count, i;
	struct kore_buf sql;

	if (!needs_session(route))
		defect(route, "a set of requests without sessions");
	kore_buf_init(&sql, 2048);
	kore_buf_appendf(&sql, "WITH s AS MATERIALIZED (SELECT array_agg(u.n) AS places, array_agg(ROW(");
	write_columns(route, &sql, strstr(args, "}, ") + 3);
	kore_buf_appendf(&sql, "::evently.%s_request) AS requests FROM unnest(", route->set);
	for (i = 1; i < count - 2; i++)
		kore_buf_appendf(&sql, "$%d::%s[], ", i + 1,
		    is_array(&route->bindings[i]) ? "text" : types[route->bindings[i].type].sql);
	kore_buf_appendf(&sql,
	    "evently.validate_sessions(user_ids => $%d, token_versions => $%d)) WITH ORDINALITY AS u (", count - 1,
	    count);
	for (i = 1; i < count - 2; i++)
		kore_buf_appendf(&sql, "v%d, ", i + 1);
	kore_buf_appendf(&sql,
	    "valid, n) WHERE u.valid HAVING count(*) > 0) SELECT s.places[o.request], evently.render(o.result), o.replayed, "
	    "(o.error).sqlstate, (o.error).message, (o.error).detail, (o.error).hint "
	    "FROM s, evently.%s_many($1::uuid, s.requests) o",
	    route->set);
	route->set_statement = pg_statement_add(kore_buf_stringify(&sql, NULL), count);
	kore_buf_cleanup(&sql);
	kore_free(args);
}

/* What a handler reads: bind_call() puts it into the request's values, in this order. */
void
placeholder_fields(struct route *route, const struct path *path)
{
	const char *p = route->fields, *open;

	while (p != NULL)
		p = next_placeholder(route, path, p, &open);
}
