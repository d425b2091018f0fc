/*
 * event_seats.c
 *		Gives an event of general admission seats of its own: a grid, or a seat map.
 */
#include "postgres.h"

#include "fmgr.h"

#include "args.h"
#include "errors.h"
#include "event_create.h"
#include "event_manage.h"
#include "idempotency.h"
#include "layout.h"
#include "release.h"
#include "spi.h"
#include "tuple.h"

#define DEFAULT_SEATS_PER_ROW 10

PG_FUNCTION_INFO_V1(evently_generate_seats);

EV_STATEMENT(is_used,
			 "SELECT EXISTS (SELECT FROM evently.hold WHERE event_id = $1 AND status = 'active')"
			 "    OR EXISTS (SELECT FROM evently.booking WHERE event_id = $1)"
			 "    OR EXISTS (SELECT FROM evently.adjustment WHERE event_id = $1)",
			 UUIDOID);

EV_STATEMENT(read_event,
			 "SELECT e.base_price, e.total_capacity,"
			 "       (SELECT s.name FROM evently.event_section s WHERE s.event_id = $1 ORDER BY s.ordinal LIMIT 1)"
			 "  FROM evently.event e WHERE e.event_id = $1",
			 UUIDOID);

EV_STATEMENT(grid_as_json,
			 "SELECT jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('name', $1, 'kind', 'reserved', 'rows', $2,"
			 " 'seats_per_row', $3, 'total_seats', CASE WHEN $2 IS NULL THEN $4 END)))",
			 TEXTOID, INT4OID, INT4OID, INT4OID);

EV_STATEMENT(delete_sections,
			 "WITH sections AS (DELETE FROM evently.event_section WHERE event_id = $1)"
			 "DELETE FROM evently.stock WHERE event_id = $1 AND of_section",
			 UUIDOID);

EV_STATEMENT(set_capacity,
			 "UPDATE evently.event SET total_capacity = $2 WHERE event_id = $1",
			 UUIDOID, INT4OID);

EV_STATEMENT(replay_event,
			 "SELECT json_populate_record(NULL::evently.event_detail, $1)",
			 JSONOID);

static const EvOperation generate_operation = {"generate_seats", &replay_event};

/* Tickets that were sold, or may yet be given back, are of the sections that there are, and people wait for those. */
static void
require_unused(const EvEvent *event)
{
	EvDetail *detail = ev_detail_uuid(ev_detail(), "event_id", &event->event_id);

	for (int i = 0; i < event->nsections; i++)
	{
		if (event->sections[i].reserved)
			ev_raise(EV_SEAT_MAP_EXISTS, detail, NULL, "the event has seats already");
	}
	ev_release_expired(&event->event_id, GetCurrentTimestamp());
	ev_query(&is_used, ev_uuid(&event->event_id));
	if (ev_get_bool(0, 1) || ev_event_has_waiters(event) || event->has_ticket_types ||
		strcmp(event->status, "cancelled") == 0 || strcmp(event->status, "completed") == 0)
		ev_raise(EV_EVENT_NOT_MODIFIABLE, ev_detail_text(detail, "status", event->status),
				 "Give an event its seats before it sells.",
				 "the event has holds, bookings, adjustments, a waitlist or ticket types, or is over");
}

static EvNewLayout
layout_of(FunctionCallInfo fcinfo, const char *section, int capacity)
{
	if (!PG_ARGISNULL(3) || !PG_ARGISNULL(4))
		return ev_layout_of_arguments(ev_arg(3), ev_arg(4), ev_arg(1), ev_arg(2));
	ev_query(&grid_as_json, ev_text(section), ev_arg(1),
			 PG_ARGISNULL(2) ? ev_int(DEFAULT_SEATS_PER_ROW) : ev_arg(2), ev_int(capacity));
	return ev_layout_of_json(ev_copied_value(0, 1), ev_null(), ev_null());
}

static Datum
generate(FunctionCallInfo fcinfo)
{
	pg_uuid_t *event_id = PG_GETARG_UUID_P(0);
	EvEvent *event = ev_event_manage(event_id, ev_uuid_argument(fcinfo, 5), ev_arg(6));
	EvNewLayout layout;
	Numeric base_price;

	require_unused(event);
	ev_query(&read_event, ev_uuid(event_id));
	base_price = DatumGetNumeric(ev_copied_value(0, 1));
	layout = layout_of(fcinfo, ev_get_text(0, 3), ev_get_int(0, 2));
	ev_query(&delete_sections, ev_uuid(event_id));
	ev_query(&set_capacity, ev_uuid(event_id), ev_int(ev_layout_capacity(&layout)));
	ev_layout_add(event_id, &layout);
	ev_event_copy_layout(event_id, event_id, base_price, event->currency, ev_null());
	return ev_event_changed(event_id, ev_uuid_argument(fcinfo, 5), "EVENT_UPDATED");
}

/* generate_seats(event_id, rows, seats_per_row, sections, csv, actor_id, version, idempotency_key) */
Datum
evently_generate_seats(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &generate_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 5), generate)));
}
