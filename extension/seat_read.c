/*
 * seat_read.c
 *		Some of the seats of an event as they are read: those of a section, or those that somebody names.
 */
#include "postgres.h"

#include "fmgr.h"

#include "args.h"
#include "errors.h"
#include "event.h"
#include "id.h"
#include "layout_owner.h"
#include "spi.h"
#include "tuple.h"

#define MAX_SEATS_ASKED 1000

PG_FUNCTION_INFO_V1(evently_get_section_seats);
PG_FUNCTION_INFO_V1(evently_get_seat_availability);

/* As ev_event_is_public() has it. */
#define VISIBLE "($2 IS NOT TRUE OR e.status IN ('published', 'completed'))"

#define SEAT                                                                                                        \
	"ROW(s.seat_id, s.id, s.section_id, s.section, s.\"row\", s.number, s.x, s.y, s.price, s.status, s.accessible)" \
	"::evently.seat_detail"

EV_STATEMENT(seats_of_section,
			 "SELECT CASE WHEN c.section_id IS NOT NULL THEN"
			 "            ROW(c.section_id, c.name, e.event_id, e.currency, m.total, m.available,"
			 "                coalesce(m.seats, '{}'))::evently.section_seats END"
			 "  FROM evently.event e"
			 "  LEFT JOIN evently.event_section c ON c.event_id = e.event_id AND c.section_id = $3,"
			 "       LATERAL (SELECT count(*)::integer AS total,"
			 "                       (count(*) FILTER (WHERE s.status = 'available'))::integer AS available,"
			 "                       array_agg(" SEAT " ORDER BY s.ordinal)"
			 "                       FILTER (WHERE $4 IS NOT TRUE OR s.status = 'available') AS seats"
			 "                  FROM evently.described_seat s WHERE s.event_id = e.event_id AND s.section_id = c.section_id) m"
			 " WHERE e.event_id = $1 AND " VISIBLE,
			 UUIDOID, BOOLOID, UUIDOID, BOOLOID);

EV_STATEMENT(seats_of_layout_section,
			 "SELECT ROW(c.section_id, c.name, NULL, NULL, m.total, NULL, coalesce(m.seats, '{}'))::evently.section_seats"
			 "  FROM evently.venue_section c,"
			 "       LATERAL (SELECT count(*)::integer AS total,"
			 "                       array_agg(ROW(s.label, s.seat_id, s.section_id, c.name, s.row_label, s.number, s.x, s.y, NULL,"
			 "                                     NULL, s.accessible)::evently.seat_detail ORDER BY s.ordinal) AS seats"
			 "                  FROM evently.venue_seat s WHERE s.section_id = c.section_id) m"
			 " WHERE c.section_id = $1",
			 UUIDOID);

/* A layout's ids stay with the seats that an event copied, whatever became of their labels. */
EV_STATEMENT(named_seats,
			 "WITH named AS MATERIALIZED ("
			 "     SELECT s.ordinal, s.label, s.seat_id FROM evently.event_seat s WHERE s.event_id = $1 AND s.label = ANY ($3)"
			 "     UNION"
			 "     SELECT s.ordinal, s.label, s.seat_id FROM evently.event_seat s"
			 "      WHERE s.event_id = $1 AND s.seat_id = ANY ($4) AND cardinality($4) > 0)"
			 "SELECT ROW(e.event_id, e.currency, m.total, m.available = m.total, m.seats)::evently.seat_availability,"
			 "       ARRAY(SELECT n FROM unnest($3) n"
			 "              WHERE NOT EXISTS (SELECT FROM named s WHERE s.label = n OR s.seat_id::text = lower(n)))"
			 "  FROM evently.event e,"
			 "       LATERAL (SELECT count(*)::integer AS total,"
			 "                       (count(*) FILTER (WHERE s.status = 'available'))::integer AS available,"
			 "                       array_agg(" SEAT " ORDER BY s.ordinal) AS seats"
			 "                  FROM evently.described_seat s"
			 "                 WHERE s.event_id = e.event_id AND s.ordinal = ANY (ARRAY(SELECT ordinal FROM named))) m"
			 " WHERE e.event_id = $1 AND " VISIBLE,
			 UUIDOID, BOOLOID, TEXTARRAYOID, UUIDARRAYOID);

/* get_section_seats(section_id, event_id, published_only, available_only) */
Datum
evently_get_section_seats(PG_FUNCTION_ARGS)
{
	pg_uuid_t *section_id;

	ev_begin(EV_READS);
	section_id = ev_required_uuid(fcinfo, 0, "section_id");
	if (PG_ARGISNULL(1))
	{
		if (ev_query(&seats_of_layout_section, ev_uuid(section_id)) == 0)
			ev_section_not_found(section_id);
	}
	else
	{
		if (ev_query(&seats_of_section, ev_arg(1), ev_arg(2), ev_uuid(section_id), ev_arg(3)) == 0)
			ev_event_not_found(PG_GETARG_UUID_P(1));
		if (ev_is_null(0, 1))
			ev_section_not_found(section_id);
	}
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}

static EvArg
ids_among(char *const *names, int n)
{
	pg_uuid_t *ids = palloc(n * sizeof(pg_uuid_t));
	int nids = 0;

	for (int i = 0; i < n; i++)
	{
		if (ev_parse_uuid(names[i], &ids[nids]))
			nids++;
	}
	return ev_uuid_array(ids, nids);
}

/* get_seat_availability(event_id, seat_ids, published_only) */
Datum
evently_get_seat_availability(PG_FUNCTION_ARGS)
{
	pg_uuid_t *event_id;
	char **names;
	char **missing;
	int n;

	ev_begin(EV_READS);
	event_id = ev_required_uuid(fcinfo, 0, "event_id");
	ev_require_given(!PG_ARGISNULL(1), "seat_ids");
	names = ev_texts_of(PG_GETARG_DATUM(1), "seat_ids", &n);
	if (n < 1 || n > MAX_SEATS_ASKED)
		ev_invalid("seat_ids", "name 1 to %d seats", MAX_SEATS_ASKED);
	if (ev_query(&named_seats, ev_uuid(event_id), ev_arg(2), ev_text_array(names, n), ids_among(names, n)) == 0)
		ev_event_not_found(event_id);
	missing = ev_texts_of(ev_copied_value(0, 2), "seat_ids", &n);
	if (n > 0)
		ev_raise(EV_SEAT_NOT_FOUND,
				 ev_detail_texts(ev_detail_uuid(ev_detail(), "event_id", event_id), "seat_ids", missing, n),
				 NULL, "the event has no seat %s", missing[0]);
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}
