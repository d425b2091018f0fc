/*
 * request.c
 *		What a hold or a booking asks for.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "args.h"
#include "errors.h"
#include "request.h"
#include "tuple.h"

EvRequest
ev_request(const pg_uuid_t *event_id, const pg_uuid_t *user_id)
{
	ev_require_given(event_id != NULL, "event_id");
	ev_require_given(user_id != NULL, "user_id");
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

void
ev_request_by(EvRequest *request, char *ticket_type, char *access_code)
{
	request->ticket_type = ticket_type;
	request->access_code = access_code;
}

bool
ev_request_names_seats(FunctionCallInfo fcinfo)
{
	return !PG_ARGISNULL(2) && PG_ARGISNULL(6);
}

char *
ev_request_canonical(const void *asked)
{
	const EvRequest *request = asked;
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%d", request->quantity);
	if (request->section_id != NULL)
		appendStringInfo(&text, " section %s",
						 DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(request->section_id))));
	if (request->ticket_type != NULL)
		appendStringInfo(&text, " type %zu:%s", strlen(request->ticket_type), request->ticket_type);
	if (request->access_code != NULL)
		appendStringInfo(&text, " code %zu:%s", strlen(request->access_code), request->access_code);
	for (int i = 0; request->seats != NULL && i < request->quantity; i++)
		appendStringInfo(&text, " %zu:%s", strlen(request->seats[i]), request->seats[i]);
	return text.data;
}
