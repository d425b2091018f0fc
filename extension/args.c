/*
 * args.c
 *		Arguments of the SQL functions, read and checked.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/formatting.h"

#include "args.h"
#include "errors.h"
#include "tuple.h"

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

static void
require(bool given, const char *name)
{
	if (!given)
		ev_invalid(name, "%s is required", name);
}

pg_uuid_t *
ev_required_uuid(FunctionCallInfo fcinfo, int n, const char *name)
{
	require(!PG_ARGISNULL(n), name);
	return PG_GETARG_UUID_P(n);
}

char *
ev_required_text(FunctionCallInfo fcinfo, int n, const char *name)
{
	require(!PG_ARGISNULL(n), name);
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

EvRequest
ev_request(const pg_uuid_t *event_id, const pg_uuid_t *user_id)
{
	require(event_id != NULL, "event_id");
	require(user_id != NULL, "user_id");
	return (EvRequest){.event_id = *event_id, .user_id = *user_id};
}

void
ev_request_for(EvRequest *request, EvArg seats, EvArg quantity, pg_uuid_t *section_id)
{
	request->section_id = section_id;
	if (!quantity.isnull)
	{
		request->quantity = DatumGetInt32(quantity.value);
		if (request->quantity < 1)
			ev_invalid("quantity", "quantity must be at least 1");
	}
	if (!seats.isnull)
	{
		int n;

		request->seats = ev_texts_of(seats.value, "seat_ids", &n);
		if (n == 0)
			ev_invalid("seat_ids", "seat_ids must not be empty");
		if (!quantity.isnull && request->quantity != n)
			ev_invalid("quantity", "quantity is %d, but %d seats are named", request->quantity, n);
		request->quantity = n;
	}
	if (seats.isnull && quantity.isnull)
		ev_invalid("seat_ids", "name seat_ids or a quantity");
}

char *
ev_request_canonical(const EvRequest *request)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%d", request->quantity);
	if (request->section_id != NULL)
		appendStringInfo(&text, " section %s",
						 DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(request->section_id))));
	for (int i = 0; request->seats != NULL && i < request->quantity; i++)
		appendStringInfo(&text, " %zu:%s", strlen(request->seats[i]), request->seats[i]);
	return text.data;
}
