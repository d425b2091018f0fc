#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "account.h"
#include "asset.h"
#include "catalogue.h"
#include "live.h"
#include "openapi.h"
#include "operation.h"

#define EXAMPLE_ID "\"01a1f2c3-7b5a-7c1d-9a4e-5f2b1c0d9e8f\""

/* path NULL: of every path, and of answers. */
static const struct field {
	const char *path, *name, *example, *meaning;
} fields[] = {
#define FIELD_OF(path, name, example, meaning) { path, name, example, meaning },
#define FIELD(name, example, meaning)          { NULL, name, example, meaning },
#include "fields.def"
#undef FIELD
#undef FIELD_OF
};

/* The first whose beginning fits. */
static const struct {
	const char *path, *name, *description;
} tags[] = {
	{ "/api/v1/health", "Operation", NULL },
	{ "/api/v1/auth/", "Accounts", "Registering, signing in, tokens" },
	{ "/api/v1/users/profile", "Accounts", NULL },
	{ "/api/v1/users/export", "Accounts", NULL },
	{ "/api/v1/events", "Events", "What is on, and what is left of it" },
	{ "/api/v1/search", "Events", NULL },
	{ "/api/v1/tags/", "Events", NULL },
	{ "/api/v1/waitlist", "Waitlists", "Waiting for what is sold out" },
	{ "/api/v1/users/waitlist", "Waitlists", NULL },
	{ "/api/v1/admin/waitlist/", "Waitlists", NULL },
	{ "/api/v1/stats/", "Figures", "Sales and how they go" },
	{ "/api/v1/analytics/", "Figures", NULL },
	{ "/api/v1/admin/analytics/", "Figures", NULL },
	{ "/api/v1/sections/", "Holds", "Seats, and those put aside for a while" },
	{ "/api/v1/seats/", "Holds", NULL },
	{ "/api/v1/payments/", "Internal", NULL },
	{ "/api/v1/admin/", "Administration", "Events, venues, terms and figures, for administrators" },
	{ "/api/v1/", "Bookings", "Bookings and cancellations of the caller" },
	{ "/internal/", "Internal", "For other services, with the internal API key" },
	{ "/", "Operation", "Health, metrics and documentation" },
};

/* What many operations may answer; code NULL: no refusal, and no body. */
static const struct {
	int status;
	const char *name, *description, *code;
} shared[] = {
	{ 101, "switching_protocols", "The same as messages of a WebSocket, where Upgrade asks for one", NULL },
	{ 304, "not_modified", "If-None-Match names what would be answered", NULL },
	{ 411, "length_required", NULL, "LENGTH_REQUIRED" },
	{ 414, "uri_too_long", NULL, "URI_TOO_LONG" },
	{ 431, "headers_too_large", NULL, "HEADERS_TOO_LARGE" },
};

#define SHARED (sizeof(shared) / sizeof(shared[0]))
#define FIELDS (sizeof(fields) / sizeof(fields[0]))
#define TAGS   (sizeof(tags) / sizeof(tags[0]))

/* The function of a SQL call, without its schema; false for a handler. */
bool
operation_function(const struct route *route, char *name, size_t size)
{
	const char *start;

	if (route->call == NULL || (start = strchr(route->call, '.')) == NULL)
		return (false);
	(void)snprintf(name, size, "%.*s", (int)strcspn(start + 1, "("), start + 1);

	return (true);
}

void
operation_tags(struct kore_buf *out)
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < TAGS; i++) {
		if (tags[i].description == NULL)
			continue;
		kore_buf_appendf(
		    out, "%s{\"name\":\"%s\",\"description\":\"%s\"}", comma, tags[i].name, tags[i].description);
		comma = ",";
	}
}

const char *
field_examples(void)
{
	struct kore_buf list;
	size_t i;

	kore_buf_init(&list, 2048);
	for (i = 0; i < FIELDS; i++) {
		if (fields[i].path == NULL && fields[i].example != NULL)
			kore_buf_appendf(
			    &list, "%c\"%s\":%s", list.offset == 0 ? '{' : ',', fields[i].name, fields[i].example);
	}
	kore_buf_append(&list, "}", 1);

	return (kore_buf_stringify(&list, NULL));
}

static const struct field *
field_of(const struct route *route, const struct binding *binding)
{
	static const struct field unknown;
	size_t i;

	for (i = 0; i < FIELDS; i++) {
		if (strcmp(fields[i].name, binding->names[0]) == 0 &&
		    (fields[i].path == NULL || strncmp(route->pattern, fields[i].path, strlen(fields[i].path)) == 0))
			return (&fields[i]);
	}
	return (&unknown);
}

/* What is required has one, whatever it is. */
static const char *
example_of(const struct route *route, const struct binding *binding)
{
	const char *example = field_of(route, binding)->example;

	if (example == NULL && binding->required)
		return (binding->type == TYPE_UUID ? EXAMPLE_ID : "\"text\"");
	return (example);
}

/* What a field means, and the other names that it is taken under. */
static void
write_meaning(struct kore_buf *out, const struct route *route, const struct binding *binding)
{
	const char *meaning = field_of(route, binding)->meaning;
	struct kore_buf text;
	const char *const *name;

	kore_buf_init(&text, 128);
	if (meaning != NULL)
		kore_buf_appendf(&text, "%s. ", meaning);
	for (name = binding->names + 1; *name != NULL; name++)
		kore_buf_appendf(&text, "%s%s", name == binding->names + 1 ? "Also accepted as " : ", ", *name);
	if (text.offset > 0) {
		kore_buf_appendf(out, ",\"description\":");
		json_escape(out, kore_buf_stringify(&text, NULL));
	}
	kore_buf_cleanup(&text);
}

/* A field that may be left out may be sent as null too. */
static void
write_schema(struct kore_buf *out, const struct binding *binding)
{
	static const struct {
		const char *type, *more;
	} types[] = {
		[TYPE_TEXT] = { "string", "" },
		[TYPE_WORD] = { "string", "" },
		[TYPE_UUID] = { "string", ",\"format\":\"uuid\"" },
		[TYPE_INT] = { "integer", ",\"format\":\"int32\"" },
		[TYPE_NUMERIC] = { "number\",\"string", "" },
		[TYPE_BOOL] = { "boolean", "" },
		[TYPE_TIME] = { "string", ",\"format\":\"date-time\"" },
		[TYPE_DATE] = { "string", "" },
		[TYPE_TEXTS] = { "array", ",\"items\":{\"type\":\"string\"}" },
		[TYPE_UUIDS] = { "array", ",\"items\":{\"type\":\"string\",\"format\":\"uuid\"}" },
		[TYPE_JSON] = { "null\",\"boolean\",\"number\",\"string\",\"array\",\"object", ",\"items\":{}" },
	};
	bool null = binding->source == SOURCE_BODY && !binding->required && binding->type != TYPE_JSON;

	/* The page of /docs takes no value for a parameter whose one type stands in a list. */
	if (!null && strchr(types[binding->type].type, '"') == NULL)
		kore_buf_appendf(out, "{\"type\":\"%s\"%s", types[binding->type].type, types[binding->type].more);
	else
		kore_buf_appendf(out, "{\"type\":[\"%s\"%s]%s", types[binding->type].type, null ? ",\"null\"" : "",
		    types[binding->type].more);
}

static void
write_parameter(struct kore_buf *out, const struct route *route, const struct binding *binding)
{
	static const char *const places[] = {
		[SOURCE_PATH] = "path", [SOURCE_QUERY] = "query", [SOURCE_HEADER] = "header"
	};
	bool key = binding->source == SOURCE_HEADER && strcmp(binding->names[0], "idempotency-key") == 0;

	kore_buf_appendf(out, "{\"name\":\"%s\",\"in\":\"%s\",\"required\":%s",
	    key ? "Idempotency-Key" : binding->names[0], places[binding->source], binding->required ? "true" : "false");
	write_meaning(out, route, binding);
	if (binding->required && binding->source == SOURCE_QUERY)
		kore_buf_appendf(out, ",\"example\":%s", example_of(route, binding));
	if (binding->source == SOURCE_QUERY && (binding->type == TYPE_TEXTS || binding->type == TYPE_UUIDS))
		kore_buf_appendf(out, ",\"explode\":false"); /* a list is separated by commas */
	kore_buf_appendf(out, ",\"schema\":");
	write_schema(out, binding);
	kore_buf_append(out, "}}", 2);
}

static void
write_parameters(struct kore_buf *out, const struct route *route)
{
	const struct binding *binding;
	const char *comma = "";

	kore_buf_appendf(out, ",\"parameters\":[");
	for (binding = route->bindings; binding < route->bindings + route->binding_count; binding++) {
		if (binding->source == SOURCE_BODY || binding->source == SOURCE_AUTH)
			continue;
		kore_buf_appendf(out, "%s", comma);
		write_parameter(out, route, binding);
		comma = ",";
	}
	kore_buf_append(out, "]", 1);
}

static void
write_body(struct kore_buf *out, const struct route *route)
{
	const struct binding *binding, *end = route->bindings + route->binding_count;
	struct kore_buf required, properties, example;

	kore_buf_init(&required, 256);
	kore_buf_init(&properties, 2048);
	kore_buf_init(&example, 1024);
	for (binding = route->bindings; binding < end; binding++) {
		if (binding->source != SOURCE_BODY)
			continue;
		kore_buf_appendf(&properties, "%s\"%s\":", properties.offset > 0 ? "," : "", binding->names[0]);
		write_schema(&properties, binding);
		write_meaning(&properties, route, binding);
		kore_buf_append(&properties, "}", 1);
		if (binding->required)
			kore_buf_appendf(&required, "%s\"%s\"", required.offset > 0 ? "," : "", binding->names[0]);
		if (example_of(route, binding) != NULL)
			kore_buf_appendf(&example, "%s\"%s\":%s", example.offset > 0 ? "," : "", binding->names[0],
			    example_of(route, binding));
	}
	/* A required field that has other names too is required under one of them, which `required` cannot say. */
	if (properties.offset > 0)
		kore_buf_appendf(out,
		    ",\"requestBody\":{\"required\":%s,\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\","
		    "\"required\":[%s],\"properties\":{%s}},\"example\":{%s}}}}",
		    required.offset > 0 ? "true" : "false", kore_buf_stringify(&required, NULL),
		    kore_buf_stringify(&properties, NULL), kore_buf_stringify(&example, NULL));
	kore_buf_cleanup(&required);
	kore_buf_cleanup(&properties);
	kore_buf_cleanup(&example);
}

/* `{"description":...}` */
static void
write_error(struct kore_buf *out, int status, const int *codes, int count)
{
	const char *comma = "";
	int i;

	kore_buf_appendf(out,
	    "{\"description\":\"%s\",\"content\":{\"application/json\":{\"schema\":"
	    "{\"$ref\":\"#/components/schemas/error\"},\"examples\":{",
	    http_status_text(status));
	for (i = 0; i < count; i++) {
		if (error_codes[codes[i]].status != status)
			continue;
		kore_buf_appendf(out,
		    "%s\"%s\":{\"value\":{\"error\":{\"code\":\"%s\",\"message\":\"...\",\"details\":null,"
		    "\"timestamp\":\"2030-12-05T19:00:00Z\"},\"detail\":\"...\"}",
		    comma, error_codes[codes[i]].code, error_codes[codes[i]].code);
		if (error_codes[codes[i]].meaning != NULL)
			kore_buf_appendf(out, ",\"summary\":\"%s\"", error_codes[codes[i]].meaning);
		kore_buf_append(out, "}", 1);
		comma = ",";
	}
	kore_buf_appendf(
	    out, "}},\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/problem\"}}}}");
}

static void
add_code(int *codes, int *count, const char *code)
{
	int place = error_code_find(code), i;

	for (i = 0; i < *count && codes[i] != place; i++)
		;
	if (i == *count && place >= 0)
		codes[(*count)++] = place;
}

/* Open to everybody, and somebody's token makes a difference. */
static bool
may_sign_in(const struct route *route)
{
	return (route->handler == account_admin_register || route->handler == live_event);
}

static int
collect_binding_codes(const struct route *route, int *codes)
{
	const struct binding *binding;
	int count = 0, i;

	add_code(codes, &count, "VALIDATION_ERROR");
	for (i = 0; i < route->binding_count; i++) {
		binding = &route->bindings[i];
		if (binding->type == TYPE_UUID && binding->source != SOURCE_AUTH)
			add_code(codes, &count, "INVALID_ID");
		if (binding->source == SOURCE_HEADER && binding->required)
			add_code(codes, &count, "IDEMPOTENCY_KEY_REQUIRED");
		if (binding->source == SOURCE_AUTH && binding->names[1] != NULL) /* it may not name somebody else */
			add_code(codes, &count, "FORBIDDEN");
		if (binding->source == SOURCE_BODY) {
			add_code(codes, &count, "BODY_TOO_LARGE");
			add_code(codes, &count, "UNSUPPORTED_MEDIA_TYPE");
			if (strcmp(binding->names[0], "version") == 0)
				add_code(codes, &count, "PRECONDITION_FAILED");
		}
	}

	return (count);
}

/* What the route can be refused with: by its access and parameters, and what its function says of itself. */
static int
collect_codes(const struct route *route, const struct json *catalogue, int function, struct arena *arena, int *codes)
{
	int count = collect_binding_codes(route, codes), errors, i;

	if (route->access != ACCESS_PUBLIC || may_sign_in(route) || strstr(route->pattern, "/auth/") != NULL)
		add_code(codes, &count, "UNAUTHORIZED");
	if (route->access == ACCESS_ADMIN || strstr(route->pattern, "/auth/") != NULL)
		add_code(codes, &count, "FORBIDDEN");
	if (route->handler != NULL && route->status == 201) /* all of them create an account */
		add_code(codes, &count, "EMAIL_TAKEN");
	if (route->handler == account_delete) {
		add_code(codes, &count, "ACCOUNT_WAITS");
		add_code(codes, &count, "LAST_ADMIN");
	}
	if (strstr(route->pattern, "/docs/") != NULL)
		add_code(codes, &count, "ROUTE_NOT_FOUND");
	if (route->handler == live_event)
		add_code(codes, &count, "EVENT_NOT_FOUND");
	if (route->handler == live_place)
		add_code(codes, &count, "WAITLIST_ENTRY_NOT_FOUND");
	if (route->limit != LIMIT_NONE)
		add_code(codes, &count, "RATE_LIMITED");
	if (route->keyed)
		add_code(codes, &count, "IDEMPOTENCY_IN_FLIGHT");
	add_code(codes, &count, "UNAVAILABLE");
	if (function < 0)
		return (count);
	errors = json_find(catalogue, function, "errors");
	for (i = errors + 1; i < catalogue->nodes[errors].next; i = catalogue->nodes[i].next)
		add_code(codes, &count, json_string(catalogue, i, arena));

	return (count);
}

static void
write_success(struct kore_buf *out, const struct route *route, const char *schema)
{
	const char *type = "application/json";

	if (strcmp(schema, "stream") == 0)
		type = "text/event-stream";
	else if (strcmp(schema, "text") == 0)
		type = strcmp(route->pattern, "/metrics") == 0 ? "text/plain"
		    : strcmp(route->pattern, "/docs") == 0     ? "text/html"
							       : "text/javascript";
	kore_buf_appendf(out,
	    ",\"responses\":{\"%d\":{\"description\":\"%s\",\"content\":{\"%s\":{\"schema\":"
	    "{\"$ref\":\"#/components/schemas/%s\"}}}}",
	    route->status, http_status_text(route->status), type, schema);
}

static bool
takes_body(const struct route *route)
{
	int i;

	for (i = 0; i < route->binding_count; i++) {
		if (route->bindings[i].source == SOURCE_BODY)
			return (true);
	}
	return (false);
}

/* The web app's own answers have no ETag, but for those that stay the same. */
static bool
has_etag(const struct route *route)
{
	return (route->method == HTTP_METHOD_GET &&
	    (route->call != NULL || route->handler == openapi_document || route->handler == asset_page ||
		route->handler == asset_file));
}

static bool
answers_shared(const struct route *route, int status)
{
	switch (status) {
	case 101:
		return (route->handler == live_event || route->handler == live_place);
	case 304:
		return (has_etag(route));
	case 411:
		return (takes_body(route));
	default:
		return (true);
	}
}

/* `{"not_modified":{...},...}`, the components that operations refer to. */
void
operation_shared_responses(struct kore_buf *out)
{
	size_t i;
	int code;

	for (i = 0; i < SHARED; i++) {
		kore_buf_appendf(out, "%c\"%s\":", i == 0 ? '{' : ',', shared[i].name);
		if (shared[i].code == NULL) {
			kore_buf_appendf(out, "{\"description\":\"%s\"}", shared[i].description);
			continue;
		}
		code = error_code_find(shared[i].code);
		write_error(out, shared[i].status, &code, 1);
	}
	kore_buf_append(out, "}", 1);
}

static void
write_responses(
    struct kore_buf *out, const struct route *route, const struct json *catalogue, int function, struct arena *arena)
{
	const char *schema = route->answer;
	int codes[ERROR_CODES], count, status, i, k;

	if (function >= 0)
		schema = json_string(catalogue, json_find(catalogue, function, "result"), arena);
	write_success(out, route, schema);
	count = collect_codes(route, catalogue, function, arena, codes);
	for (i = 0; i < count; i++) {
		status = error_codes[codes[i]].status;
		for (k = 0; k < i && error_codes[codes[k]].status != status; k++)
			;
		if (k < i)
			continue;
		kore_buf_appendf(out, ",\"%d\":", status);
		write_error(out, status, codes, count);
	}
	for (i = 0; i < (int)SHARED; i++) {
		if (answers_shared(route, shared[i].status))
			kore_buf_appendf(
			    out, ",\"%d\":{\"$ref\":\"#/components/responses/%s\"}", shared[i].status, shared[i].name);
	}
	kore_buf_append(out, "}", 1);
}

/* GET /api/v1/events/{id} is get_api_v1_events_id. */
static void
write_id(struct kore_buf *out, const struct route *route)
{
	const char *p;
	char c;

	kore_buf_appendf(out, "\"operationId\":\"");
	for (p = http_method_text(route->method); *p != '\0'; p++) {
		c = (char)tolower((unsigned char)*p);
		kore_buf_append(out, &c, 1);
	}
	for (p = route->pattern; *p != '\0'; p++) {
		if (*p != '{' && *p != '}')
			kore_buf_append(out, strchr("/.-", *p) != NULL ? "_" : p, 1);
	}
	kore_buf_append(out, "\"", 1);
}

static void
write_words(
    struct kore_buf *out, const struct route *route, const struct json *catalogue, int function, struct arena *arena)
{
	size_t i;

	for (i = 0; strncmp(route->pattern, tags[i].path, strlen(tags[i].path)) != 0; i++)
		;
	kore_buf_appendf(out, ",\"tags\":[\"%s\"],\"summary\":", tags[i].name);
	json_escape(out, route->summary);
	kore_buf_appendf(out, ",\"description\":");
	if (function >= 0)
		json_escape(out, json_string(catalogue, json_find(catalogue, function, "description"), arena));
	else
		json_escape(out, route->summary);
}

/* `"get":{...}` */
void
operation_write(struct kore_buf *out, const struct route *route, const struct json *catalogue, struct arena *arena)
{
	static const char *const security[] = { [ACCESS_PUBLIC] = "",
		[ACCESS_USER] = "{\"bearer\":[]}",
		[ACCESS_ADMIN] = "{\"bearer\":[]}",
		[ACCESS_INTERNAL] = "{\"internal\":[]}" };
	char name[64];
	int function = -1;

	if (operation_function(route, name, sizeof(name)))
		function = json_find(catalogue, json_find(catalogue, 0, "functions"), name);
	kore_buf_appendf(out, "\"%s\":{",
	    route->method == HTTP_METHOD_GET         ? "get"
		: route->method == HTTP_METHOD_POST  ? "post"
		: route->method == HTTP_METHOD_PUT   ? "put"
		: route->method == HTTP_METHOD_PATCH ? "patch"
						     : "delete");
	write_id(out, route);
	write_words(out, route, catalogue, function, arena);
	kore_buf_appendf(out, ",\"security\":[%s%s]", may_sign_in(route) ? "{}," : "",
	    security[may_sign_in(route) ? ACCESS_USER : route->access]);
	write_parameters(out, route);
	write_body(out, route);
	write_responses(out, route, catalogue, function, arena);
	kore_buf_append(out, "}", 1);
}
