/*
 * event_change.c
 *		Changing events (event_cancel.c cancels them): everything that takes Q exclusive on purpose.
 *
 * Every change waits for the bookings under way and keeps new ones out until it commits, so a booking never acts on
 * a status, price or capacity that is no longer true.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "args.h"
#include "errors.h"
#include "event.h"
#include "event_check.h"
#include "event_manage.h"
#include "event_read.h"
#include "idempotency.h"
#include "organiser.h"
#include "outbox.h"
#include "release.h"
#include "render.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_update_event);
PG_FUNCTION_INFO_V1(evently_set_event_status);
PG_FUNCTION_INFO_V1(evently_set_event_organiser);

EV_STATEMENT(update_event,
			 "UPDATE evently.event SET name = coalesce($2, name), description = coalesce($3, description),"
			 " event_type = coalesce($4, event_type), start_datetime = coalesce($5, start_datetime),"
			 " end_datetime = coalesce($6, end_datetime), timezone = coalesce($7, timezone),"
			 " sale_start_time = coalesce($8, sale_start_time), sale_end_time = coalesce($9, sale_end_time),"
			 " base_price = coalesce($10, base_price),"
			 " max_tickets_per_booking = coalesce($11, max_tickets_per_booking), tags = coalesce($12, tags),"
			 " max_tickets_per_user = CASE WHEN $13 IS NULL THEN max_tickets_per_user ELSE nullif($13, 0) END"
			 " WHERE event_id = $1",
			 UUIDOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TIMESTAMPTZOID,
			 TIMESTAMPTZOID, NUMERICOID, INT4OID, TEXTARRAYOID, INT4OID);

EV_STATEMENT(reprice_sections,
			 "UPDATE evently.event_section s SET price = evently.round_money(e.base_price * s.price_multiplier, e.currency)"
			 "  FROM evently.event e"
			 " WHERE e.event_id = $1 AND s.event_id = $1 AND s.price_multiplier IS NOT NULL",
			 UUIDOID);

EV_STATEMENT(set_capacity,
			 "WITH changed AS (UPDATE evently.event_section SET capacity = $2 WHERE event_id = $1)"
			 "UPDATE evently.event SET total_capacity = $2 WHERE event_id = $1",
			 UUIDOID, INT4OID);

EV_STATEMENT(set_status,
			 "UPDATE evently.event SET status = $2 WHERE event_id = $1",
			 UUIDOID, TEXTOID);

EV_STATEMENT(set_organiser,
			 "UPDATE evently.event SET organiser_id = $2 WHERE event_id = $1",
			 UUIDOID, UUIDOID);

EV_STATEMENT(replay_event,
			 "SELECT json_populate_record(NULL::evently.event_detail, $1)",
			 JSONOID);

static const EvOperation update_operation = {"update_event", &replay_event};
static const EvOperation status_operation = {"set_event_status", &replay_event};
static const EvOperation organiser_operation = {"set_event_organiser", &replay_event};

/* An event about to change: Q is held exclusively. */
typedef struct Change
{
	const EvEvent *event;
	const pg_uuid_t *event_id;
	const pg_uuid_t *actor_id;
	TimestampTz clock;
} Change;

static Change
begin_change(const pg_uuid_t *event_id, const pg_uuid_t *actor_id, EvArg version)
{
	Change change = {.event_id = event_id, .actor_id = actor_id};

	change.event = ev_event_manage(event_id, actor_id, version);
	change.clock = GetCurrentTimestamp();
	return change;
}

static Datum
end_change(const Change *change, const char *type)
{
	return ev_event_changed(change->event_id, change->actor_id, type);
}

/* The state machine of event.h; cancelling is cancel_event()'s. */
static bool
may_follow(const Change *change, const char *next)
{
	static const char *const arrows[][2] = {
		{"draft", "published"},
		{"published", "inactive"},
		{"inactive", "published"},
		{"published", "completed"},
	};

	for (int i = 0; i < lengthof(arrows); i++)
	{
		if (strcmp(arrows[i][0], change->event->status) == 0 && strcmp(arrows[i][1], next) == 0)
			return strcmp(next, "completed") != 0 || change->clock >= change->event->start;
	}
	return strcmp(change->event->status, next) == 0;
}

static EvDetail *
transition_detail(const Change *change, const char *next)
{
	return ev_detail_text(ev_detail_text(ev_detail_uuid(ev_detail(), "event_id", change->event_id),
										 "from", change->event->status),
						  "to", next);
}

static void
change_status(const Change *change, const char *given)
{
	char *next = ev_word(given, "status", "draft, published, inactive, completed, cancelled");

	if (strcmp(next, "cancelled") == 0)
		ev_raise(EV_INVALID_STATUS_TRANSITION, transition_detail(change, next),
				 "Use cancel_event(), or DELETE, which refunds the bookings.",
				 "an event is not cancelled by its status alone");
	if (!may_follow(change, next))
		ev_raise(EV_INVALID_STATUS_TRANSITION, transition_detail(change, next), NULL,
				 "an event that is %s cannot become %s", change->event->status, next);
	ev_query(&set_status, ev_uuid(change->event_id), ev_text(next));
}

static int
present_capacity(const EvEvent *event)
{
	int capacity = 0;

	for (int i = 0; i < event->nsections; i++)
		capacity += event->sections[i].capacity;
	return capacity;
}

/* Exact, because Q is held exclusively and expired holds are given back first. */
static void
change_capacity(const Change *change, int capacity)
{
	int present = present_capacity(change->event);
	EvRelease *release;
	EvEvent *event;
	int taken;

	ev_require_capacity(capacity);
	if (capacity == present)
		return;
	ev_release_expired(change->event_id, change->clock);
	release = ev_release_continue(change->event_id);
	event = release->event;
	if (event->nsections != 1 || event->sections[0].reserved)
		ev_invalid("total_capacity", "the capacity of an event with sections comes from its venue");
	taken = present - ev_stock_available(event, change->clock)[0];
	if (capacity < taken)
		ev_raise(EV_CAPACITY_BELOW_BOOKED,
				 ev_detail_int(ev_detail_int(ev_detail_uuid(ev_detail(), "event_id", change->event_id),
											 "requested", capacity),
							   "booked", taken),
				 NULL, "the capacity cannot be less than the %d tickets sold and held", taken);
	if (capacity < present)
		ev_stock_gather(change->event_id, ev_section_pool(&event->sections[0]), present - capacity);
	else
		ev_release_places(release, 0, capacity - present);
	ev_query(&set_capacity, ev_uuid(change->event_id), ev_int(capacity));
	(void) ev_release_end(release);
}

/* A time of the sale that is not given stays as it is. */
static EvArg
sale_time(EvArg given, TimestampTz present)
{
	return given.isnull && !TIMESTAMP_NOT_FINITE(present) ? ev_time(present) : given;
}

static Datum
update(FunctionCallInfo fcinfo)
{
	Change change;
	EvArg base_price = ev_arg(12);
	EvArg tags;

	change = begin_change(ev_required_uuid(fcinfo, 0, "event_id"), ev_uuid_argument(fcinfo, 1), ev_arg(2));
	ev_event_require_not_started(change.event, change.clock);
	ev_require_texts(fcinfo, 3, 4, 5);
	ev_require_order(PG_ARGISNULL(6) ? change.event->start : PG_GETARG_TIMESTAMPTZ(6),
					 PG_ARGISNULL(7) ? change.event->end : PG_GETARG_TIMESTAMPTZ(7));
	ev_require_timezone(ev_text_argument(fcinfo, 8));
	ev_require_sale_order(sale_time(ev_arg(9), change.event->sale_start), sale_time(ev_arg(10), change.event->sale_end));
	ev_require_max_tickets(ev_arg(13));
	ev_require_max_per_user(ev_arg(16));
	tags = ev_event_tags(ev_arg(15));
	if (!base_price.isnull)
		base_price = ev_datum(NumericGetDatum(ev_price("base_price", DatumGetNumeric(base_price.value), change.event->currency)));
	ev_query(&update_event, ev_uuid(change.event_id), ev_arg(3), ev_arg(4), ev_arg(5), ev_arg(6), ev_arg(7),
			 ev_arg(8), ev_arg(9), ev_arg(10), base_price, ev_arg(13), tags, ev_arg(16));
	if (!base_price.isnull)
		ev_query(&reprice_sections, ev_uuid(change.event_id));
	if (!PG_ARGISNULL(11))
		change_capacity(&change, PG_GETARG_INT32(11));
	if (!PG_ARGISNULL(14))
		change_status(&change, ev_text_argument(fcinfo, 14));
	return end_change(&change, "EVENT_UPDATED");
}

/*
 * update_event(event_id, actor_id, version, name, description, event_type, start_datetime, end_datetime, timezone,
 * sale_start_time, sale_end_time, total_capacity, base_price, max_tickets_per_booking, status, tags, idempotency_key)
 */
Datum
evently_update_event(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &update_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 1), update)));
}

static Datum
set_event_status(FunctionCallInfo fcinfo)
{
	Change change;
	char *status;

	status = ev_required_text(fcinfo, 1, "status");
	change = begin_change(ev_required_uuid(fcinfo, 0, "event_id"), ev_uuid_argument(fcinfo, 2), ev_arg(3));
	change_status(&change, status);
	return pg_strcasecmp(status, change.event->status) == 0
		? ev_event_detail(change.event_id)
		: end_change(&change, "EVENT_STATUS_CHANGED");
}

/* set_event_status(event_id, status, actor_id, version, idempotency_key): setting the present one changes nothing */
Datum
evently_set_event_status(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &status_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 2), set_event_status)));
}

static Datum
set_event_organiser(FunctionCallInfo fcinfo)
{
	Change change = begin_change(PG_GETARG_UUID_P(0), ev_uuid_argument(fcinfo, 2), ev_arg(3));

	if (!PG_ARGISNULL(1))
		ev_organiser_require(PG_GETARG_UUID_P(1), change.actor_id);
	ev_query(&set_organiser, ev_uuid(change.event_id), ev_arg(1));
	return end_change(&change, "EVENT_UPDATED");
}

/* set_event_organiser(event_id, organiser_id, actor_id, version, idempotency_key) */
Datum
evently_set_event_organiser(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &organiser_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 2), set_event_organiser)));
}
