/*
 * event_read.c
 *		The functions that read an event.
 */
#include "postgres.h"

#include "fmgr.h"

#include "args.h"
#include "event.h"
#include "event_read.h"
#include "mark.h"
#include "permission.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_get_event);
PG_FUNCTION_INFO_V1(evently_get_event_id);
PG_FUNCTION_INFO_V1(evently_get_availability);
PG_FUNCTION_INFO_V1(evently_get_sections);

EV_STATEMENT(event_of_id,
			 "SELECT event_id FROM evently.hold WHERE hold_id = $1"
			 " UNION ALL SELECT event_id FROM evently.booking WHERE booking_id = $1",
			 UUIDOID);

/* What is read about the event of the first argument, hidden by the second; EVENT_NOT_FOUND. */
static Datum
read_one(FunctionCallInfo fcinfo, EvArg (*read)(const pg_uuid_t *event_id, bool published_only))
{
	pg_uuid_t *event_id = ev_required_uuid(fcinfo, 0, "event_id");
	EvArg result = read(event_id, !PG_ARGISNULL(1) && PG_GETARG_BOOL(1));

	if (result.isnull)
		ev_event_not_found(event_id);
	return result.value;
}

/* get_event(event_id, published_only, actor_id) */
Datum
evently_get_event(PG_FUNCTION_ARGS)
{
	Datum event;

	ev_begin(EV_READS);
	ev_mark_begin();
	event = read_one(fcinfo, ev_event_shown);
	ev_require_event_permission(ev_uuid_argument(fcinfo, 2), PG_GETARG_UUID_P(0), NULL);
	PG_RETURN_DATUM(ev_end(event));
}

/* get_event_id(id) */
Datum
evently_get_event_id(PG_FUNCTION_ARGS)
{
	pg_uuid_t *event_id = palloc(sizeof(pg_uuid_t));
	bool found;

	ev_begin(EV_READS);
	found = ev_query(&event_of_id, ev_arg(0)) > 0;
	if (found)
		*event_id = ev_get_uuid(0, 1);
	ev_end_without_result();
	if (!found)
		PG_RETURN_NULL();
	PG_RETURN_UUID_P(event_id);
}

/* get_availability(event_id, published_only) */
Datum
evently_get_availability(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(read_one(fcinfo, ev_event_availability)));
}

/* get_sections(event_id, published_only) */
Datum
evently_get_sections(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(read_one(fcinfo, ev_event_sections)));
}
