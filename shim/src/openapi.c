#include <ctype.h>
#include <string.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "asset.h"
#include "call.h"
#include "catalogue.h"
#include "openapi.h"
#include "operation.h"
#include "reply.h"

#define DESCRIPTION \
	"Events, seats, holds, bookings. Register with POST /api/v1/auth/register or sign in with POST /api/v1/auth/login, and " \
	"send the answer's access_token as Authorization: Bearer (on the page at /docs: Authorize). Administrators make venues " \
	"and events: the first one registers himself with POST /api/v1/auth/admin/register, later ones with an administrator's " \
	"token. Mutations may carry an Idempotency-Key; what is refused says so with a code. What changes is told as it happens " \
	"by GET /api/v1/events/{id}/live, a stream without end: for programs, not to be tried on the page."

static const char *const answers[][2] = {
#define ANSWER(name, schema) { #name, schema },
#include "answers.def"
#undef ANSWER
};

static int catalogue_statement;
static const char *functions; /* those that routes call, with the first of their routes, a JSON object */
static const char *examples; /* by name of field, a JSON object */

/* Whose route has been written before. */
static bool
is_named_before(const char *name, int place)
{
	char other[64];
	int i;

	for (i = 0; i < place; i++) {
		if (operation_function(route_at(i), other, sizeof(other)) && strcmp(other, name) == 0)
			return (true);
	}
	return (false);
}

static const char *
function_names(void)
{
	struct kore_buf list;
	char name[64];
	int i;

	kore_buf_init(&list, 8192);
	for (i = 0; i < route_count(); i++) {
		if (operation_function(route_at(i), name, sizeof(name)) && !is_named_before(name, i))
			kore_buf_appendf(&list, "%c\"%s\":\"%s %s\"", list.offset == 0 ? '{' : ',', name,
			    http_method_text(route_at(i)->method), route_at(i)->pattern);
	}
	kore_buf_append(&list, "}", 1);

	return (kore_buf_stringify(&list, NULL));
}

void
openapi_prepare(void)
{
	catalogue_statement = pg_statement_add(asset_openapi_sql, 2);
	functions = function_names();
	examples = field_examples();
}

static void
head(struct kore_buf *out)
{
	kore_buf_appendf(out,
	    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Evently\",\"version\":\"1\",\"description\":\"" DESCRIPTION
	    "\","
	    "\"contact\":{\"name\":\"Evently\"},\"license\":{\"name\":\"PostgreSQL License\",\"identifier\":\"PostgreSQL\"}},"
	    "\"servers\":[{\"url\":\"/\",\"description\":\"This server\"}],\"tags\":[");
	operation_tags(out);
	kore_buf_appendf(out, "],\"paths\":{");
}

/* Routes of one path stand together in the document, wherever they stand in routes.def. */
static void
paths(struct kore_buf *out, const struct json *catalogue, struct arena *arena)
{
	const char *comma = "";
	int i, k;

	for (i = 0; i < route_count(); i++) {
		for (k = 0; k < i && strcmp(route_at(k)->pattern, route_at(i)->pattern) != 0; k++)
			;
		if (k < i)
			continue;
		kore_buf_appendf(out, "%s\"%s\":{", comma, route_at(i)->pattern);
		comma = "";
		for (k = i; k < route_count(); k++) {
			if (strcmp(route_at(k)->pattern, route_at(i)->pattern) != 0)
				continue;
			kore_buf_appendf(out, "%s", comma);
			operation_write(out, route_at(k), catalogue, arena);
			comma = ",";
		}
		kore_buf_append(out, "}", 1);
		comma = ",";
	}
}

/* The database's schemas, our own, and the errors' two forms. */
static void
schemas(struct kore_buf *out, const struct json *catalogue, struct arena *arena)
{
	char *types = json_text(catalogue, json_find(catalogue, 0, "schemas"), arena);
	size_t i;
	int k;

	types[strlen(types) - 1] = '\0';
	kore_buf_appendf(out, "%s", types);
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		kore_buf_appendf(out, ",\"%s\":%s", answers[i][0], answers[i][1]);
	kore_buf_appendf(out,
	    ",\"error\":{\"type\":\"object\",\"description\":\"Why a request was refused.\","
	    "\"required\":[\"error\",\"detail\"],\"properties\":{\"error\":{\"type\":\"object\","
	    "\"required\":[\"code\",\"message\",\"details\",\"timestamp\"],\"properties\":{"
	    "\"code\":{\"$ref\":\"#/components/schemas/error_code\"},\"message\":{\"type\":\"string\"},"
	    "\"hint\":{\"type\":\"string\",\"description\":\"What can be done\"},\"details\":{\"type\":[\"object\",\"null\"]},"
	    "\"timestamp\":{\"type\":\"string\",\"format\":\"date-time\"}}},\"detail\":{\"type\":\"string\"}}},"
	    "\"problem\":{\"type\":\"object\",\"description\":\"The same in the form of RFC 9457.\","
	    "\"required\":[\"type\",\"title\",\"status\",\"detail\",\"code\"],\"properties\":{\"type\":{\"type\":\"string\"},"
	    "\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},"
	    "\"hint\":{\"type\":\"string\"},\"code\":{\"$ref\":\"#/components/schemas/error_code\"},"
	    "\"details\":{\"type\":[\"object\",\"null\"]},\"timestamp\":{\"type\":\"string\",\"format\":\"date-time\"}}},"
	    "\"error_code\":{\"type\":\"string\",\"description\":\"What a program can rely on.\",\"enum\":[");
	for (k = 0; k < ERROR_CODES; k++) {
		if (error_code_find(error_codes[k].code) == k)
			kore_buf_appendf(out, "%s\"%s\"", k > 0 ? "," : "", error_codes[k].code);
	}
	kore_buf_appendf(out, "]}}");
}

/* A database that has an older version of the extension lacks functions: then there is nothing true to be told. */
static bool
is_complete(const struct json *catalogue)
{
	int known = json_find(catalogue, 0, "functions"), i;
	char name[64];

	for (i = 0; i < route_count(); i++) {
		if (operation_function(route_at(i), name, sizeof(name)) && json_find(catalogue, known, name) < 0)
			return (false);
	}
	return (true);
}

static void
document_ready(struct request *rq)
{
	struct json catalogue;
	struct kore_buf out;
	const char *text;

	if (!call_row(rq))
		return;
	text = call_take_row(rq);
	if (!json_parse(&catalogue, text, strlen(text), &rq->arena)) {
		reply_error(rq, 500, "INTERNAL_ERROR", NULL, "Something went wrong on our side");
		return;
	}
	if (!is_complete(&catalogue)) {
		reply_error(rq, 503, "UNAVAILABLE", NULL,
		    "The database is not ready: the extension evently is missing or of another version");
		return;
	}
	kore_buf_init(&out, 262144);
	head(&out);
	paths(&out, &catalogue, &rq->arena);
	kore_buf_appendf(&out, "},\"components\":{\"schemas\":");
	schemas(&out, &catalogue, &rq->arena);
	kore_buf_appendf(&out, ",\"responses\":");
	operation_shared_responses(&out);
	kore_buf_appendf(&out,
	    ",\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\","
	    "\"description\":\"An access token, from register, login or refresh\"},"
	    "\"internal\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-Internal-API-Key\","
	    "\"description\":\"EVENTLY_INTERNAL_API_KEY, for other services\"}}}}");
	reply_answer(rq, 200, answer_of_text((const char *)out.data, out.offset));
	kore_buf_cleanup(&out);
}

void
openapi_document(struct request *rq)
{
	rq->call.values[0] = functions;
	rq->call.values[1] = examples;
	call_statement(rq, catalogue_statement, PG_BULK, document_ready);
}
