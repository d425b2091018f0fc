/*
 * args.c
 *		Arguments of the SQL functions, read and checked.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/jsonb.h"

#include "args.h"

EV_STATEMENT(is_array_of_objects,
			 "SELECT CASE jsonb_typeof($1) WHEN 'array'"
			 "  THEN NOT EXISTS (SELECT FROM pg_catalog.jsonb_array_elements($1) e WHERE jsonb_typeof(e) <> 'object')"
			 "  ELSE false END",
			 JSONBOID);

pg_uuid_t *
ev_uuid_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : PG_GETARG_UUID_P(n);
}

char *
ev_text_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

pg_uuid_t *
ev_required_uuid(FunctionCallInfo fcinfo, int n, const char *name)
{
	ev_require_given(!PG_ARGISNULL(n), name);
	return PG_GETARG_UUID_P(n);
}

char *
ev_required_text(FunctionCallInfo fcinfo, int n, const char *name)
{
	ev_require_given(!PG_ARGISNULL(n), name);
	return text_to_cstring(PG_GETARG_TEXT_PP(n));
}

void
ev_require_length(FunctionCallInfo fcinfo, int n, const char *name, int max)
{
	char *text = ev_text_argument(fcinfo, n);

	if (text != NULL && pg_mbstrlen(text) > max)
		ev_invalid(name, "%s has at most %d characters", name, max);
}

void
ev_require_name(FunctionCallInfo fcinfo, int n, const char *name, int max)
{
	char *text = ev_text_argument(fcinfo, n);

	if (text != NULL && *text == '\0')
		ev_invalid(name, "%s must not be empty", name);
	ev_require_length(fcinfo, n, name, max);
}

void
ev_require_objects(EvArg json, const char *name)
{
	if (json.isnull)
		return;
	ev_query(&is_array_of_objects, json);
	if (!ev_get_bool(0, 1))
		ev_invalid(name, "%s must be an array of objects", name);
}

/* The binary form of what is no longer than max is at most eight times as long; what is longer is not even made a text of. */
void
ev_require_json_length(EvArg json, const char *name, int max)
{
	Jsonb *value = json.isnull ? NULL : DatumGetJsonbP(json.value);

	if (value != NULL &&
		(VARSIZE(value) > 8 * (Size) max || strlen(JsonbToCString(NULL, &value->root, VARSIZE(value))) > max))
		ev_invalid(name, "%s has at most %d bytes", name, max);
}

int
ev_max_rows(FunctionCallInfo fcinfo, int n, int otherwise)
{
	int max = PG_ARGISNULL(n) ? otherwise : PG_GETARG_INT32(n);

	if (max < 1)
		ev_invalid("max_rows", "max_rows must be at least 1");
	return max;
}

void
ev_require_version(EvArg seen, int present, EvDetail *detail, const char *what)
{
	if (!seen.isnull && DatumGetInt32(seen.value) != present)
		ev_raise(EV_CONCURRENT_UPDATE, ev_detail_int(detail, "version", present),
				 psprintf("Read the %s again and repeat the change.", what), "the %s was changed by somebody else", what);
}

char *
ev_word(const char *given, const char *name, const char *words)
{
	char *word = asc_tolower(given, strlen(given));
	char *rest = pstrdup(words);
	char *state;

	for (char *w = strtok_r(rest, ", ", &state); w != NULL; w = strtok_r(NULL, ", ", &state))
	{
		if (strcmp(w, word) == 0)
			return word;
	}
	ev_invalid(name, "%s must be one of: %s", name, words);
}
