/*
 * event_read.c
 *		Events as they are read.
 *
 * In C for its saved plans: PostgreSQL would plan the same statements anew at each call of an SQL function.
 */
#include "postgres.h"

#include "fmgr.h"

#include "args.h"
#include "event.h"
#include "event_read.h"
#include "permission.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_get_event);
PG_FUNCTION_INFO_V1(evently_get_availability);
PG_FUNCTION_INFO_V1(evently_get_sections);
PG_FUNCTION_INFO_V1(evently_get_seat_map_page);

/* Visible to the public: drafts, inactive and cancelled events are not. */
#define VISIBLE "($2 IS NOT TRUE OR e.status IN ('published', 'completed'))"

EV_STATEMENT(read_event,
			 "SELECT d.detail FROM evently.event e"
			 "  JOIN evently.described_event d ON d.event_id = e.event_id"
			 " WHERE e.event_id = $1 AND " VISIBLE,
			 UUIDOID, BOOLOID);

EV_STATEMENT(read_availability,
			 "SELECT ROW(e.event_id, s.available, e.total_capacity, e.status,"
			 "           evently.sale_status(e, s.available, statement_timestamp()), d.sections,"
			 "           statement_timestamp())::evently.availability"
			 "  FROM evently.event e JOIN evently.described_section d ON d.event_id = e.event_id,"
			 "       LATERAL (SELECT x.available FROM evently.event_stock(e.event_id, statement_timestamp()) x OFFSET 0) s"
			 " WHERE e.event_id = $1 AND " VISIBLE,
			 UUIDOID, BOOLOID);

EV_STATEMENT(read_sections,
			 "SELECT ROW(e.event_id, d.sections)::evently.event_sections"
			 "  FROM evently.event e JOIN evently.described_section d ON d.event_id = e.event_id"
			 " WHERE e.event_id = $1 AND " VISIBLE,
			 UUIDOID, BOOLOID);

EV_STATEMENT(read_seat_map,
			 "SELECT ROW(e.event_id, e.currency, m.total, m.available, coalesce(m.seats, '{}'))::evently.seat_map"
			 "  FROM evently.event e,"
			 "       LATERAL (SELECT count(*)::integer AS total,"
			 "                       (count(*) FILTER (WHERE s.status = 'available'))::integer AS available,"
			 "                       array_agg(ROW(s.seat_id, s.id, s.section_id, s.section, s.\"row\", s.number, s.x, s.y,"
			 "                                     s.price, s.status, s.accessible)::evently.seat_detail"
			 "                                 ORDER BY s.ordinal) AS seats"
			 "                  FROM evently.described_seat s WHERE s.event_id = e.event_id) m"
			 " WHERE e.event_id = $1 AND " VISIBLE,
			 UUIDOID, BOOLOID);

Datum
ev_event_detail(const pg_uuid_t *event_id)
{
	ev_query(&read_event, ev_uuid(event_id), ev_bool(false));
	return ev_copied_value(0, 1);
}

/* One row about the event of the first argument, hidden by the second; EVENT_NOT_FOUND. */
static Datum
read_one(FunctionCallInfo fcinfo, EvStatement *statement)
{
	pg_uuid_t *event_id = ev_required_uuid(fcinfo, 0, "event_id");

	if (ev_query(statement, ev_uuid(event_id), ev_arg(1)) == 0)
		ev_event_not_found(event_id);
	return ev_copied_value(0, 1);
}

/* get_event(event_id, published_only, actor_id) */
Datum
evently_get_event(PG_FUNCTION_ARGS)
{
	Datum event;

	ev_begin(EV_READS);
	event = read_one(fcinfo, &read_event);
	ev_require_event_permission(ev_uuid_argument(fcinfo, 2), PG_GETARG_UUID_P(0), NULL);
	PG_RETURN_DATUM(ev_end(event));
}

/* get_availability(event_id, published_only) */
Datum
evently_get_availability(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(read_one(fcinfo, &read_availability)));
}

/* get_sections(event_id, published_only) */
Datum
evently_get_sections(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(read_one(fcinfo, &read_sections)));
}

/* get_seat_map_page(event_id, published_only) */
Datum
evently_get_seat_map_page(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(read_one(fcinfo, &read_seat_map)));
}
