#include <string.h>
#include <strings.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "bind.h"
#include "config.h"
#include "reply.h"
#include "value.h"

#define HEADER_VALUE_MAX 255
#define ARRAY_MAX        10000

/* Parses the body, whatever its Content-Type says. */
bool
bind_body(struct request *rq)
{
	struct http_request *http = rq->http;
	const char *type = request_header(rq, "content-type");

	if (http->flags & HTTP_REQUEST_BODY_TOO_LARGE) {
		reply_error(
		    rq, 413, "BODY_TOO_LARGE", NULL, "The request body is larger than %zu bytes", http_body_max);
		return (false);
	}
	if (http->http_body == NULL || http->http_body_length == 0 || rq->route->method == HTTP_METHOD_GET)
		return (true);
	if (type != NULL && strncasecmp(type, "multipart/", 10) == 0) {
		reply_error(rq, 415, "UNSUPPORTED_MEDIA_TYPE", NULL, "Send the request body as application/json");
		return (false);
	}
	if (!json_parse(&rq->body, (const char *)http->http_body->data, http->http_body_length, &rq->arena)) {
		reply_error(rq, 400, CODE_INVALID,
		    arena_printf(&rq->arena, "{\"field\":\"body\",\"offset\":%zu}", rq->body.error_at), "%s",
		    rq->body.error);
		return (false);
	}
	if (rq->body.nodes[0].type != JSON_OBJECT) {
		reply_invalid_field(rq, CODE_INVALID, "body", "The request body must be a JSON object");
		return (false);
	}
	rq->body_known = arena_alloc(&rq->arena, (size_t)rq->body.count);
	memset(rq->body_known, 0, (size_t)rq->body.count);

	return (true);
}

bool
bind_query(struct request *rq)
{
	char *text, *pair, *value;

	if (rq->http->query_string == NULL)
		return (true);
	rq->query = arena_alloc(&rq->arena, sizeof(*rq->query) * QUERY_FIELDS_MAX);
	text = arena_copy(&rq->arena, rq->http->query_string, strlen(rq->http->query_string));
	while ((pair = strsep(&text, "&")) != NULL) {
		if (*pair == '\0')
			continue;
		if (rq->query_count == QUERY_FIELDS_MAX) {
			reply_invalid_field(rq, CODE_INVALID, "query", "The query has too many fields");
			return (false);
		}
		if ((value = strchr(pair, '=')) != NULL)
			*value++ = '\0';
		else
			value = pair + strlen(pair);
		if (!value_percent_decode(pair, true) || !value_percent_decode(value, true)) {
			reply_invalid_field(rq, CODE_INVALID, "query", "The query is not valid percent-encoded UTF-8");
			return (false);
		}
		rq->query[rq->query_count++] = (struct query_field){ pair, value, false };
	}
	return (true);
}

static bool
is_id(const struct binding *binding, const char *name)
{
	size_t len = strlen(name);

	return (binding->source == SOURCE_PATH || (len > 3 && strcmp(name + len - 3, "_id") == 0));
}

static bool
refuse_type(struct request *rq, const struct binding *binding, const char *name)
{
	static const char *const must[] = {
		[TYPE_TEXT] = "a string",
		[TYPE_WORD] = "a string",
		[TYPE_UUID] = "a UUID",
		[TYPE_INT] = "a whole number",
		[TYPE_NUMERIC] = "a decimal number",
		[TYPE_BOOL] = "true or false",
		[TYPE_TIME] = "a date and time such as 2026-01-31T19:30:00Z",
		[TYPE_DATE] = "a date such as 2026-01-31, or a date and time such as 2026-01-31T19:30:00Z",
		[TYPE_TEXTS] = "an array of strings",
		[TYPE_UUIDS] = "an array of UUIDs",
		[TYPE_JSON] = "JSON with decimal numbers",
	};
	const char *code = CODE_INVALID;

	if (binding->type == TYPE_UUID && is_id(binding, name))
		code = "INVALID_ID";
	reply_invalid_field(rq, code, name, "%s must be %s", name, must[binding->type]);

	return (false);
}

/* A value that came as text: from the path, the query or a header. An empty one counts as not sent. */
static bool
from_text(struct request *rq, const struct binding *binding, const char *name, const char *text, const char **value)
{
	const char *elements[64];
	char *list, *word;
	bool good = true;
	int count = 0;

	*value = text;
	if (*text == '\0' && binding->source != SOURCE_PATH) {
		*value = NULL;
		return (true);
	}
	switch (binding->type) {
	case TYPE_WORD:
		*value = value_lower(text, &rq->arena);
		break;
	case TYPE_UUID:
		*value = value_uuid(text, &rq->arena);
		good = *value != NULL;
		break;
	case TYPE_INT:
		good = value_is_int(text);
		break;
	case TYPE_NUMERIC:
		good = value_is_numeric(text);
		break;
	case TYPE_TIME:
	case TYPE_DATE:
		good = value_is_time(text);
		break;
	case TYPE_BOOL:
		*value = value_bool(text);
		good = *value != NULL;
		break;
	case TYPE_TEXTS:
	case TYPE_UUIDS:
		list = arena_copy(&rq->arena, text, strlen(text));
		while ((word = strsep(&list, ",")) != NULL && count < 64) {
			elements[count] = binding->type == TYPE_UUIDS ? value_uuid(word, &rq->arena) : word;
			good = good && elements[count] != NULL;
			count++;
		}
		*value = value_array(elements, count, &rq->arena);
		break;
	default:
		break;
	}
	return (good || refuse_type(rq, binding, name));
}

static bool
array_from_json(struct request *rq, const struct binding *binding, int node, const char **value)
{
	const struct json_node *nodes = rq->body.nodes;
	const char **elements;
	int i, count = 0;

	for (i = node + 1; i < nodes[node].next; i = nodes[i].next) {
		if (nodes[i].type != JSON_STRING)
			return (refuse_type(rq, binding, nodes[node].key));
		count++;
	}
	if (count > ARRAY_MAX) {
		reply_invalid_field(rq, CODE_INVALID, nodes[node].key, "%s has too many elements", nodes[node].key);
		return (false);
	}
	elements = arena_alloc(&rq->arena, sizeof(*elements) * (size_t)(count + 1));
	for (count = 0, i = node + 1; i < nodes[node].next; i = nodes[i].next) {
		elements[count] = json_string(&rq->body, i, &rq->arena);
		if (binding->type == TYPE_UUIDS)
			elements[count] = value_uuid(elements[count], &rq->arena);
		if (elements[count++] == NULL)
			return (refuse_type(rq, binding, nodes[node].key));
	}
	*value = value_array(elements, count, &rq->arena);

	return (true);
}

/* PostgreSQL keeps the numbers of JSON as numeric, which has no room for any exponent, or writes out all of its digits. */
static bool
numbers_are_numeric(struct request *rq, int node)
{
	const struct json_node *nodes = rq->body.nodes;
	int i;

	for (i = node; i < nodes[node].next; i++) {
		if (nodes[i].type == JSON_NUMBER && !value_is_numeric(json_text(&rq->body, i, &rq->arena)))
			return (false);
	}
	return (true);
}

static bool
from_json(struct request *rq, const struct binding *binding, int node, const char **value)
{
	const struct json_node *n = &rq->body.nodes[node];
	bool good = false;

	*value = NULL;
	if (n->type == JSON_STRING && binding->type != TYPE_JSON)
		*value = json_string(&rq->body, node, &rq->arena);
	else if (n->type != JSON_ARRAY || binding->type == TYPE_JSON)
		*value = json_text(&rq->body, node, &rq->arena);

	switch (binding->type) {
	case TYPE_TEXT:
		good = n->type == JSON_STRING;
		break;
	case TYPE_WORD:
		good = n->type == JSON_STRING;
		if (good)
			*value = value_lower(*value, &rq->arena);
		break;
	case TYPE_UUID:
		*value = n->type == JSON_STRING ? value_uuid(*value, &rq->arena) : NULL;
		good = *value != NULL;
		break;
	case TYPE_INT:
		good = n->type == JSON_NUMBER && value_is_int(*value);
		break;
	case TYPE_NUMERIC:
		good = (n->type == JSON_NUMBER || n->type == JSON_STRING) && value_is_numeric(*value);
		break;
	case TYPE_BOOL:
		good = n->type == JSON_BOOL;
		break;
	case TYPE_TIME:
	case TYPE_DATE:
		good = n->type == JSON_STRING && value_is_time(*value);
		break;
	case TYPE_TEXTS:
	case TYPE_UUIDS:
		if (n->type == JSON_ARRAY)
			return (array_from_json(rq, binding, node, value));
		break;
	case TYPE_JSON:
		good = numbers_are_numeric(rq, node);
		break;
	}
	return (good || refuse_type(rq, binding, n->key));
}

/* The node of a body field that was sent and is not null; marks it as known either way. */
static int
body_field(struct request *rq, const char *name)
{
	int node = json_find(&rq->body, 0, name);

	if (node < 0)
		return (-1);
	rq->body_known[node] = true;

	return (rq->body.nodes[node].type == JSON_NULL ? -1 : node);
}

/* NULL when it was not sent. Those of a list are put together; of anything else nobody could tell which one is meant. */
static bool
query_value(struct request *rq, const struct binding *binding, const char *name, const char **value)
{
	bool is_list = binding->type == TYPE_TEXTS || binding->type == TYPE_UUIDS;
	int i;

	*value = NULL;
	for (i = 0; i < rq->query_count; i++) {
		if (strcmp(rq->query[i].name, name) != 0)
			continue;
		rq->query[i].known = true;
		if (*value != NULL && !is_list) {
			reply_invalid_field(rq, CODE_INVALID, name, "%s must be given only once", name);
			return (false);
		}
		if (*value == NULL || **value == '\0')
			*value = rq->query[i].value;
		else if (rq->query[i].value[0] != '\0')
			*value = arena_printf(&rq->arena, "%s,%s", *value, rq->query[i].value);
	}
	return (true);
}

/* The caller; a field that names somebody else is refused. */
static bool
bind_caller(struct request *rq, const struct binding *binding, const char **value)
{
	const char *const *name;
	const char *text;
	int node;

	*value = strcmp(binding->names[0], "version") == 0 ? rq->caller.version : rq->caller.user_id;
	for (name = binding->names + 1; *name != NULL; name++) {
		if ((node = body_field(rq, *name)) < 0)
			continue;
		text = rq->body.nodes[node].type == JSON_STRING ? json_string(&rq->body, node, &rq->arena) : "";
		if (strcasecmp(text, rq->caller.user_id) != 0) {
			reply_error(rq, 403, "FORBIDDEN", arena_printf(&rq->arena, "{\"field\":\"%s\"}", *name),
			    "%s must be the caller's own id", *name);
			return (false);
		}
	}
	return (true);
}

/*
 * As a copy: the header goes with its client, who need not wait for what he asked for. An empty key is none that a retry
 * could be known by, and who sends one believes to be safe.
 */
static bool
bind_header(struct request *rq, const struct binding *binding, const char **value)
{
	const char *name = binding->names[0], *text = request_header(rq, name);
	size_t len;

	if (text == NULL)
		return (true);
	len = strlen(text);
	if (len == 0 && rq->route->keyed && !binding->required) {
		reply_invalid_field(rq, CODE_INVALID, name, "%s must not be empty", name);
		return (false);
	}
	if (len > HEADER_VALUE_MAX || !utf8_valid(text, len)) {
		reply_invalid_field(
		    rq, CODE_INVALID, name, "%s must be at most %d characters of UTF-8", name, HEADER_VALUE_MAX);
		return (false);
	}
	return (from_text(rq, binding, name, arena_copy(&rq->arena, text, len), value));
}

static bool
bind_param(struct request *rq, const struct binding *binding, const char **value)
{
	const char *param = rq->match.params[binding->param];
	char *text = arena_copy(&rq->arena, param, strlen(param));

	if (!value_percent_decode(text, false))
		return (refuse_type(rq, binding, binding->names[0]));
	return (from_text(rq, binding, binding->names[0], text, value));
}

/*
 * A body's `version` may come as If-Match: the version in quotes, or the whole ETag, which begins with it. An update is
 * never made regardless of it.
 */
static bool
bind_if_match(struct request *rq, const struct binding *binding, const char **value)
{
	const char *text = request_header(rq, "if-match");
	size_t len;

	if (text == NULL || strcmp(text, "*") == 0)
		return (true);
	rq->if_match = true;
	len = strlen(text);
	if (len < 3 || text[0] != '"' || text[len - 1] != '"') {
		reply_invalid_field(
		    rq, CODE_INVALID, "If-Match", "If-Match must be a version in quotes, like \"3\", or *");
		return (false);
	}
	text = arena_copy(&rq->arena, text + 1, strcspn(text + 1, ".\""));

	return (from_text(rq, binding, "If-Match", text, value));
}

bool
bind_value(struct request *rq, const struct binding *binding, const char **value)
{
	const char *const *name, *text;
	bool good = true;
	int node;

	*value = NULL;
	switch (binding->source) {
	case SOURCE_AUTH:
		return (bind_caller(rq, binding, value));
	case SOURCE_PATH:
		return (bind_param(rq, binding, value));
	case SOURCE_HEADER:
		good = bind_header(rq, binding, value);
		break;
	case SOURCE_QUERY:
		for (name = binding->names; good && *name != NULL; name++) {
			good = query_value(rq, binding, *name, &text);
			if (good && text != NULL && *value == NULL)
				good = from_text(rq, binding, *name, text, value);
		}
		break;
	case SOURCE_BODY:
		for (name = binding->names; good && *name != NULL; name++) {
			if ((node = body_field(rq, *name)) >= 0 && *value == NULL)
				good = from_json(rq, binding, node, value);
		}
		/* A placeholder has a name. NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
		if (good && strcmp(binding->names[0], "version") == 0)
			good = bind_if_match(rq, binding, value);
		break;
	}
	if (good && *value == NULL && binding->required) {
		reply_invalid_field(rq, binding->source == SOURCE_HEADER ? "IDEMPOTENCY_KEY_REQUIRED" : CODE_INVALID,
		    binding->names[0], "%s is required", binding->names[0]);
		return (false);
	}
	return (good);
}

static bool
is_plain_name(const char *name)
{
	const char *p;

	for (p = name; *p != '\0'; p++) {
		if (*p <= 0x20 || *p >= 0x7F || *p == ',' || *p == '"' || *p == '\\')
			return (false);
	}
	return (p != name && p - name <= 64);
}

/* The first field that nobody asked for, or where it stands if its name is an odd one; NULL when there is none. */
static const char *
first_unknown(const struct request *rq)
{
	int i;

	for (i = 0; i < rq->query_count; i++) {
		if (!rq->query[i].known)
			return (is_plain_name(rq->query[i].name) ? rq->query[i].name : "query");
	}
	if (rq->body_known == NULL)
		return (NULL);
	for (i = 1; i < rq->body.nodes[0].next; i = rq->body.nodes[i].next) {
		if (!rq->body_known[i])
			return (is_plain_name(rq->body.nodes[i].key) ? rq->body.nodes[i].key : "body");
	}
	return (NULL);
}

/* All bindings of the route's call. */
bool
bind_call(struct request *rq)
{
	const char *unknown;
	int i;

	for (i = 0; i < rq->route->binding_count; i++) {
		if (!bind_value(rq, &rq->route->bindings[i], &rq->call.values[i]))
			return (false);
	}
	if (config.strict_fields && (unknown = first_unknown(rq)) != NULL) {
		reply_invalid_field(rq, CODE_INVALID, unknown, "%s: unknown field", unknown);
		return (false);
	}
	return (true);
}

/*
 * What the fields of a handler's route say, in their order; the values are free for a call again. Fields behind those
 * taken (a role in a registration: nobody becomes an administrator by saying so) are accepted from older clients, and
 * have no effect.
 */
bool
bind_fields(struct request *rq, int count, const char **targets[])
{
	int i;

	if (!bind_call(rq))
		return (false);
	for (i = 0; i < count; i++)
		*targets[i] = rq->call.values[i];
	memset(rq->call.values, 0, sizeof(rq->call.values));

	return (true);
}

static void
add_unknown(struct kore_buf *list, const char *name)
{
	if (!is_plain_name(name) || list->offset > 512)
		return;
	kore_buf_appendf(list, "%s%s", list->offset > 0 ? ", " : "", name);
}

/* The value of X-Unknown-Fields, or NULL. */
const char *
bind_unknown(struct request *rq)
{
	struct kore_buf list;
	const char *text = NULL;
	int i;

	if (first_unknown(rq) == NULL)
		return (NULL);
	kore_buf_init(&list, 64);
	for (i = 0; i < rq->query_count; i++) {
		if (!rq->query[i].known)
			add_unknown(&list, rq->query[i].name);
	}
	if (rq->body_known != NULL) {
		for (i = 1; i < rq->body.nodes[0].next; i = rq->body.nodes[i].next) {
			if (!rq->body_known[i])
				add_unknown(&list, rq->body.nodes[i].key);
		}
	}
	if (list.offset > 0)
		text = arena_copy(&rq->arena, (const char *)list.data, list.offset);
	kore_buf_cleanup(&list);

	return (text);
}
