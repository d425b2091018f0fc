/*
 * adjust.c
 *		Places taken from an event, and given back to it, by number alone: by another system that sells them.
 *
 * Each is a row of a ledger, so that the stock can be accounted for: stock = capacity - sold - held + sum(delta), and the
 * sum is never above zero: what is given back was taken before. General admission only: seats are known one by one.
 *
 * Q exclusive, so the count is exact; each raises the event's version, which the caller may name to act on what he saw.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "fmgr.h"

#include "args.h"
#include "errors.h"
#include "event_manage.h"
#include "id.h"
#include "idempotency.h"
#include "release.h"
#include "reserve.h"
#include "spi.h"
#include "table.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_adjust_availability);
PG_FUNCTION_INFO_V1(evently_return_seats);

EV_STATEMENT(taken_by_section,
			 "SELECT coalesce((SELECT -sum(a.delta) FROM evently.adjustment a"
			 "                  WHERE a.event_id = s.event_id AND a.section_id = s.section_id), 0)::integer"
			 "  FROM evently.event_section s WHERE s.event_id = $1 ORDER BY s.ordinal",
			 UUIDOID);

static const char *const adjustment_columns[] = {
	"event_id", "adjustment_id", "section_id", "delta", "reason", "actor_id", "created_at"};
EV_STATEMENT(insert_adjustment,
			 "INSERT INTO evently.adjustment (event_id, adjustment_id, section_id, delta, reason, actor_id, created_at)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7)",
			 UUIDOID, UUIDOID, UUIDOID, INT4OID, TEXTOID, UUIDOID, TIMESTAMPTZOID);
EV_TABLE(adjustment_table, "adjustment", adjustment_columns, insert_adjustment_argtypes);

EV_STATEMENT(replay_adjusted,
			 "SELECT json_populate_record(NULL::evently.adjusted_availability, $1)",
			 JSONOID);

static const EvOperation adjust_operation = {"adjust_availability", &replay_adjusted};
static const EvOperation return_operation = {"return_seats", &replay_adjusted};

/* One call: how much is to be moved, and what of it is left to do. */
typedef struct Adjustment
{
	EvRelease *release;
	TimestampTz clock;
	const pg_uuid_t *actor_id;
	EvArg reason;
	int only; /* this section; -1: any */
} Adjustment;

static bool
may_use(const Adjustment *adjustment, int section)
{
	return !adjustment->release->event->sections[section].reserved &&
		(adjustment->only < 0 || adjustment->only == section);
}

static void
record(const Adjustment *adjustment, int section, int delta)
{
	const EvEvent *event = adjustment->release->event;
	pg_uuid_t id = ev_new_id(&event->event_id);
	const EvArg values[] = {
		ev_uuid(&event->event_id),
		ev_uuid(&id),
		ev_uuid(&event->sections[section].section_id),
		ev_int(delta),
		adjustment->reason,
		ev_maybe_uuid(adjustment->actor_id),
		ev_time(adjustment->clock),
	};

	ev_insert(&adjustment_table, &insert_adjustment, values);
}

/* All of one section, as tickets are sold. */
static void
take(const Adjustment *adjustment, int n)
{
	const EvEvent *event = adjustment->release->event;
	const EvRequest request = {.event_id = event->event_id};
	int *available = ev_stock_available(event, adjustment->clock);
	int most = 0;

	ev_event_require_on_sale(event, adjustment->clock, false);
	for (int i = 0; i < event->nsections; i++)
	{
		if (!may_use(adjustment, i))
			continue;
		if (available[i] >= n && ev_request_is_behind(&request, event, i))
			ev_refuse_behind(&request);
		if (available[i] >= n)
		{
			ev_stock_gather(&event->event_id, ev_section_pool(&event->sections[i]), n);
			record(adjustment, i, -n);
			return;
		}
		most = Max(most, available[i]);
	}
	ev_raise(EV_INSUFFICIENT_SEATS,
			 ev_detail_uuid(ev_detail_int(ev_detail_int(ev_detail(), "requested", n), "available", most),
							"event_id", &event->event_id),
			 NULL, "Not enough seats available");
}

/* To the sections that it was taken of, at most what was. */
static void
give_back(const Adjustment *adjustment, int n)
{
	const EvEvent *event = adjustment->release->event;
	int *taken = palloc(event->nsections * sizeof(int));
	int sum = 0;

	ev_query(&taken_by_section, ev_uuid(&event->event_id));
	for (int i = 0; i < event->nsections; i++)
	{
		taken[i] = may_use(adjustment, i) ? ev_get_int(i, 1) : 0;
		sum += taken[i];
	}
	if (n > sum)
		ev_raise(EV_RETURN_EXCEEDS_TAKEN,
				 ev_detail_int(ev_detail_int(ev_detail_uuid(ev_detail(), "event_id", &event->event_id), "requested", n),
							   "taken", sum),
				 NULL, "only %d were taken by adjustment", sum);
	for (int i = 0; i < event->nsections && n > 0; i++)
	{
		int part = Min(n, taken[i]);

		if (part == 0)
			continue;
		ev_release_places(adjustment->release, i, part);
		record(adjustment, i, part);
		n -= part;
	}
	(void) ev_release_end(adjustment->release);
}

static void
require_general(const Adjustment *adjustment)
{
	for (int i = 0; i < adjustment->release->event->nsections; i++)
	{
		if (may_use(adjustment, i))
			return;
	}
	ev_invalid("section_id", "numbered seats are not taken by number alone");
}

/* Of an event_detail. */
static Datum
adjusted(Datum detail)
{
	static const char *const columns[] = {"event_id", "available_seats", "status", "version"};
	EvRow row = ev_row_named("adjusted_availability");

	for (int i = 0; i < lengthof(columns); i++)
	{
		EvArg value;

		value.value = GetAttributeByName(DatumGetHeapTupleHeader(detail), columns[i], &value.isnull);
		ev_row_add(&row, value);
	}
	return ev_row_datum(&row);
}

static Datum
adjust_availability(FunctionCallInfo fcinfo)
{
	const pg_uuid_t *event_id = ev_required_uuid(fcinfo, 0, "event_id");
	int quantity;
	Adjustment adjustment = {
		.actor_id = ev_uuid_argument(fcinfo, 4),
		.reason = ev_arg(5),
		.only = -1,
	};

	ev_require_given(!PG_ARGISNULL(1), "quantity");
	quantity = PG_GETARG_INT32(1);
	if (quantity == 0 || quantity < -1000000 || quantity > 1000000)
		ev_invalid("quantity", "quantity must be a number below or above 0, up to 1000000");
	ev_require_length(fcinfo, 5, "reason", 2000);
	(void) ev_event_manage(event_id, adjustment.actor_id, ev_arg(2));
	adjustment.clock = GetCurrentTimestamp();
	ev_release_expired(event_id, adjustment.clock);
	adjustment.release = ev_release_continue(event_id);
	if (!PG_ARGISNULL(3))
		adjustment.only = ev_event_section_index(adjustment.release->event, PG_GETARG_UUID_P(3));
	require_general(&adjustment);
	if (quantity < 0)
		take(&adjustment, -quantity);
	else
		give_back(&adjustment, quantity);
	return adjusted(ev_event_changed(event_id, adjustment.actor_id, "EVENT_AVAILABILITY_ADJUSTED"));
}

/* adjust_availability(event_id, quantity, version, section_id, actor_id, reason, idempotency_key) */
Datum
evently_adjust_availability(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &adjust_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 4), adjust_availability)));
}

static Datum
return_seats(FunctionCallInfo fcinfo)
{
	if (!PG_ARGISNULL(1) && PG_GETARG_INT32(1) < 1)
		ev_invalid("quantity", "quantity must be above 0");
	return adjust_availability(fcinfo);
}

/* return_seats(event_id, quantity, version, section_id, actor_id, reason, idempotency_key) */
Datum
evently_return_seats(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &return_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 4), return_seats)));
}
