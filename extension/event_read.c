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
#include "paging.h"
#include "permission.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_get_event);
PG_FUNCTION_INFO_V1(evently_get_availability);
PG_FUNCTION_INFO_V1(evently_get_sections);
PG_FUNCTION_INFO_V1(evently_get_seat_map_page);
PG_FUNCTION_INFO_V1(evently_list_events_page);
PG_FUNCTION_INFO_V1(evently_list_admin_events_page);

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

EV_STATEMENT(read_list,
			 "SELECT ROW(ARRAY(SELECT e FROM evently.found_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) e),"
			 "           t.total, $15, $13, $14 + $13 < t.total)::evently.event_page"
			 "  FROM (SELECT count(*) AS total"
			 "          FROM evently.matching_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)) t",
			 TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTARRAYOID, BOOLOID, UUIDOID,
			 TEXTOID, TEXTOID, INT4OID, INT8OID, INT4OID);

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

/* The arguments from first on: q, type, city, date, date_from, date_to, status, tags, sort, order, page, limit, offset. */
static Datum
read_page(FunctionCallInfo fcinfo, int first, EvArg published_only, EvArg created_by)
{
	EvPage page = ev_page(ev_arg(first + 10), ev_arg(first + 11), ev_arg(first + 12));

	ev_query(&read_list, ev_arg(first), ev_arg(first + 1), ev_arg(first + 2), ev_arg(first + 3), ev_arg(first + 4),
			 ev_arg(first + 5), ev_arg(first + 6), ev_arg(first + 7), published_only, created_by, ev_arg(first + 8),
			 ev_arg(first + 9), ev_int(page.limit), ev_datum(Int64GetDatum(page.offset)), ev_int(page.number));
	return ev_copied_value(0, 1);
}

/*
 * list_events_page(q, type, city, date, date_from, date_to, status, tags, sort, order, page, limit, offset,
 * published_only, created_by)
 */
Datum
evently_list_events_page(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(read_page(fcinfo, 0, ev_arg(13), ev_arg(14))));
}

/*
 * list_admin_events_page(actor_id, scope, q, type, city, date, date_from, date_to, status, tags, sort, order, page,
 * limit, offset): everybody's events only for who may manage them
 */
Datum
evently_list_admin_events_page(PG_FUNCTION_ARGS)
{
	pg_uuid_t *actor_id;
	char *scope;
	bool own;

	ev_begin(EV_READS);
	actor_id = ev_required_uuid(fcinfo, 0, "actor_id");
	scope = ev_text_argument(fcinfo, 1);
	own = scope == NULL || strcmp(ev_word(scope, "scope", "own, all"), "own") == 0;
	if (!own)
		ev_require_permission(actor_id, "events:own", "list of all events");
	PG_RETURN_DATUM(ev_end(read_page(fcinfo, 2, ev_bool(false), own ? ev_uuid(actor_id) : ev_null())));
}
