/*
 * sale_status.c
 *		The sale status of an event, as who manages it sets it.
 *
 *		upcoming -> on_sale -> sold_out;  upcoming or on_sale -> cancelled
 *
 * No other arrow. Set by hand it is stored, and stays until somebody moves it: an event that is upcoming or sold_out does
 * not sell. Otherwise it is derived: a sale opens at its time, is sold out at zero, and on sale again when something comes
 * back.
 */
#include "postgres.h"

#include "fmgr.h"

#include "args.h"
#include "errors.h"
#include "event_manage.h"
#include "event_read.h"
#include "idempotency.h"
#include "left.h"
#include "sale_status.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_set_sale_status);

/* Opened by hand before its time, the sale starts now: for readers of the same statement too. */
EV_STATEMENT(store_status,
			 "UPDATE evently.event SET sale_status = $2,"
			 " sale_start_time = CASE WHEN $2 = 'on_sale' AND sale_start_time > statement_timestamp()"
			 "                        THEN statement_timestamp() ELSE sale_start_time END"
			 " WHERE event_id = $1",
			 UUIDOID, TEXTOID);

EV_STATEMENT(cancel_whole_event,
			 "SELECT evently.cancel_event(event_id => $1, actor_id => $2)",
			 UUIDOID, UUIDOID);

EV_STATEMENT(replay_event,
			 "SELECT json_populate_record(NULL::evently.event_detail, $1)",
			 JSONOID);

static const EvOperation sale_operation = {"set_sale_status", &replay_event};

const char *
ev_sale_status(const EvSale *sale, int available, TimestampTz clock)
{
	if (strcmp(sale->status, "cancelled") == 0)
		return "cancelled";
	if (strcmp(sale->status, "completed") == 0 || clock >= sale->event_end || clock >= sale->end)
		return "ended";
	if (strcmp(sale->status, "published") != 0 || clock < sale->start ||
		(sale->set != NULL && strcmp(sale->set, "upcoming") == 0))
		return "upcoming";
	if (available <= 0 || (sale->set != NULL && strcmp(sale->set, "sold_out") == 0))
		return "sold_out";
	return "on_sale";
}

static const char *
present_status(const EvEvent *event)
{
	TimestampTz clock = GetCurrentTimestamp();
	EvSale sale = {event->status, event->sale_status, event->sale_start, event->sale_end, event->end};

	return ev_sale_status(&sale, ev_left_of(&event->event_id, clock).available, clock);
}

static bool
may_follow(const char *present, const char *next)
{
	static const char *const arrows[][2] = {
		{"upcoming", "on_sale"},
		{"on_sale", "sold_out"},
		{"upcoming", "cancelled"},
		{"on_sale", "cancelled"},
	};

	for (int i = 0; i < lengthof(arrows); i++)
	{
		if (strcmp(arrows[i][0], present) == 0 && strcmp(arrows[i][1], next) == 0)
			return true;
	}
	return strcmp(present, next) == 0;
}

static void
require_arrow(const EvEvent *event, const char *present, const char *next)
{
	bool sells = strcmp(event->status, "published") == 0;

	if (!may_follow(present, next) || (strcmp(next, "on_sale") == 0 && !sells))
		ev_raise(EV_INVALID_STATUS_TRANSITION,
				 ev_detail_text(ev_detail_text(ev_detail_uuid(ev_detail(), "event_id", &event->event_id),
											   "from", present),
								"to", next),
				 sells ? NULL : "Publish the event first.",
				 "an event whose sale is %s cannot become %s", present, next);
}

static Datum
set_sale_status(FunctionCallInfo fcinfo)
{
	const pg_uuid_t *event_id = ev_required_uuid(fcinfo, 0, "event_id");
	const pg_uuid_t *actor_id = ev_uuid_argument(fcinfo, 2);
	char *next = ev_word(ev_required_text(fcinfo, 1, "status"), "status", "upcoming, on_sale, sold_out, cancelled");
	EvEvent *event = ev_event_manage(event_id, actor_id, ev_arg(3));

	require_arrow(event, present_status(event), next);
	if (strcmp(next, event->status) == 0 || (event->sale_status != NULL && strcmp(event->sale_status, next) == 0))
		return ev_event_detail(event_id);
	if (strcmp(next, "cancelled") == 0)
	{
		ev_query(&cancel_whole_event, ev_uuid(event_id), ev_maybe_uuid(actor_id));
		return ev_event_detail(event_id);
	}
	ev_query(&store_status, ev_uuid(event_id), ev_text(next));
	return ev_event_changed(event_id, actor_id, "EVENT_STATUS_CHANGED");
}

/* set_sale_status(event_id, status, actor_id, version, idempotency_key): setting the present one changes nothing */
Datum
evently_set_sale_status(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &sale_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 2), set_sale_status)));
}
