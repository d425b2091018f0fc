/*
 * analytics.c
 *		Figures at this moment.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"

#include "account.h"
#include "analytics.h"
#include "args.h"
#include "errors.h"
#include "event.h"
#include "event_check.h"
#include "permission.h"
#include "tuple.h"

#define DEFAULT_REVENUE_ROWS 1000
#define MAX_REVENUE_ROWS 10000
#define DEFAULT_POPULAR_EVENTS 10
#define MAX_POPULAR_EVENTS 100

PG_FUNCTION_INFO_V1(evently_get_event_analytics);
PG_FUNCTION_INFO_V1(evently_get_overall_analytics);
PG_FUNCTION_INFO_V1(evently_get_revenue);
PG_FUNCTION_INFO_V1(evently_get_popular_events);
PG_FUNCTION_INFO_V1(evently_get_user_analytics);

/* Sums over rows l of sale_ledger; of the money in them, what the condition lets through. */
#define BOOKINGS "count(*) FILTER (WHERE l.cancellation_id IS NULL)"
#define BOOKED "coalesce(sum(l.tickets) FILTER (WHERE l.cancellation_id IS NULL), 0)"
#define CANCELLED "coalesce(-sum(l.tickets) FILTER (WHERE l.cancellation_id IS NOT NULL), 0)"
#define GROSS(condition) "coalesce(sum(l.amount) FILTER (WHERE l.cancellation_id IS NULL AND " condition "), 0)"
#define REFUNDS(condition) "coalesce(-sum(l.amount) FILTER (WHERE l.cancellation_id IS NOT NULL AND " condition "), 0)"
#define REVENUE(condition) "coalesce(sum(l.amount) FILTER (WHERE " condition "), 0)"

#define TRENDS(timezone, source, condition)                                                                         \
	"ARRAY(SELECT ROW((l.occurred_at AT TIME ZONE " timezone ")::date, " BOOKINGS ", " BOOKED ", " CANCELLED ","    \
	"                 " GROSS(condition) ", " REFUNDS(condition) ", " REVENUE(condition) ")::evently.booking_trend" \
																						 "        FROM " source     \
																						 "       GROUP BY (l.occurred_at AT TIME ZONE " timezone ")::date ORDER BY (l.occurred_at AT TIME ZONE " timezone ")::date)"

#define HOLD_FIGURES(condition)                                                                                       \
	"(SELECT ROW(f.created, f.active, f.confirmed, f.released, f.created - f.active - f.confirmed - f.released,"      \
	"            evently.percentage(f.confirmed, f.created - f.active))::evently.hold_figures"                        \
	"   FROM (SELECT count(*) AS created,"                                                                            \
	"                count(*) FILTER (WHERE h.status = 'active' AND h.expires_at > statement_timestamp()) AS active," \
	"                count(*) FILTER (WHERE h.status = 'confirmed') AS confirmed,"                                    \
	"                count(*) FILTER (WHERE h.status = 'released') AS released"                                       \
	"           FROM evently.hold h WHERE h.reason IS NULL AND h.entry_id IS NULL AND " condition ") f)"

#define WAITLIST_FIGURES(condition)                                                                         \
	"(SELECT ROW(f.waiting, f.waiting_tickets, f.offers, f.converted, f.expired,"                           \
	"            evently.percentage(f.converted, f.offers - f.open))::evently.waitlist_figures"             \
	"   FROM (SELECT count(*) FILTER (WHERE s.status = 'active') AS waiting,"                               \
	"                coalesce(sum(w.quantity) FILTER (WHERE s.status = 'active'), 0) AS waiting_tickets,"   \
	"                count(*) FILTER (WHERE w.notified_at IS NOT NULL) AS offers,"                          \
	"                count(*) FILTER (WHERE s.status = 'notified') AS open,"                                \
	"                count(*) FILTER (WHERE s.status = 'converted') AS converted,"                          \
	"                count(*) FILTER (WHERE s.status = 'expired' AND w.notified_at IS NOT NULL) AS expired" \
	"           FROM evently.waitlist_entry w"                                                              \
	"           JOIN evently.entry_status s ON s.event_id = w.event_id AND s.entry_id = w.entry_id"         \
	"          WHERE " condition ") f)"

#define EVENT_TRENDS TRENDS("x.timezone", "evently.sale_ledger l WHERE l.event_id = $1", "true")
#define EVENT_HOLDS HOLD_FIGURES("h.event_id = $1")
#define EVENT_WAITLIST WAITLIST_FIGURES("w.event_id = $1")

EV_STATEMENT(read_event,
			 "SELECT ROW(e.event_id, e.name, e.status, e.tickets_sold, e.tickets_cancelled, e.bookings, e.gross, e.refunds,"
			 "           e.revenue, e.currency, e.total_capacity, e.utilization_pct," EVENT_TRENDS "," EVENT_HOLDS "," EVENT_WAITLIST ")"
			 "           ::evently.event_analytics"
			 "  FROM evently.event_performance e JOIN evently.event x ON x.event_id = e.event_id"
			 " WHERE e.event_id = $1",
			 UUIDOID);

#define OVERALL_LEDGER "evently.sale_ledger l WHERE " EV_LAST_DAYS " AND " EV_SEES("$1", "l")
#define OVERALL_TRENDS TRENDS("$3", OVERALL_LEDGER, "l.currency = (SELECT c.code FROM currency c)")
#define OVERALL_HOLDS HOLD_FIGURES(EV_SEES("$1", "h"))
#define OVERALL_WAITLIST WAITLIST_FIGURES(EV_SEES("$1", "w"))

EV_SURVEY(read_overall,
		  "WITH " EV_SOLD("$1") " SELECT ROW(" EV_TOTALS ","
								"            (SELECT coalesce(sum(s.tickets_cancelled), 0) FROM sold s),"
								"            (SELECT count(*) FROM sold s WHERE s.status = 'draft'),"
								"            (SELECT count(*) FROM sold s WHERE s.status = 'cancelled')," OVERALL_HOLDS "," OVERALL_TRENDS "," OVERALL_WAITLIST
								"        )::evently.overall_analytics",
		  UUIDOID, INT4OID, TEXTOID);

/*
 * $1 owner, $2 by, $3 and $4 the days, $5 event, $6 timezone, $7 rows. A CASE of $2 is decided when the statement is
 * planned, so that nothing is grouped by what was not asked for.
 */
#define REVENUE_REPORT(ledger, section, bookings)                                                                                                                                                \
	"WITH entry AS ("                                                                                                                                                                            \
	"   SELECT CASE $2 WHEN 'day' THEN (l.occurred_at AT TIME ZONE $6)::date"                                                                                                                    \
	"               WHEN 'month' THEN date_trunc('month', l.occurred_at AT TIME ZONE $6)::date END AS date,"                                                                                     \
	"          CASE WHEN $2 IN ('event', 'section') THEN l.event_id END AS event_id, " section " AS section_id,"                                                                                 \
	"          l.booking_id, l.tickets, l.amount, l.currency"                                                                                                                                    \
	"     FROM " ledger " l"                                                                                                                                                                     \
	"    WHERE ($5 IS NULL OR l.event_id = $5) AND " EV_SEES("$1", "l") "      AND ($3 IS NULL OR l.occurred_at >= $3::timestamp AT TIME ZONE $6)"                                               \
																		"      AND ($4 IS NULL OR l.occurred_at < ($4 + 1)::timestamp AT TIME ZONE $6)),"                                        \
																		" line AS MATERIALIZED ("                                                                                                \
																		"   SELECT t.date, t.event_id, t.section_id, t.currency,"                                                                \
																		"          " bookings " FILTER (WHERE t.tickets > 0) AS bookings,"                                                       \
																		"          coalesce(sum(t.tickets) FILTER (WHERE t.tickets > 0), 0) AS booked,"                                          \
																		"          coalesce(-sum(t.tickets) FILTER (WHERE t.tickets < 0), 0) AS cancelled,"                                      \
																		"          coalesce(sum(t.amount) FILTER (WHERE t.tickets > 0), 0) AS gross,"                                            \
																		"          coalesce(-sum(t.amount) FILTER (WHERE t.tickets < 0), 0) AS refunds, sum(t.amount) AS revenue"                \
																		"     FROM entry t GROUP BY t.date, t.event_id, t.section_id, t.currency)"                                               \
																		" SELECT ROW($2, $6, $3, $4,"                                                                                            \
																		"            ARRAY(SELECT ROW(g.date, g.event_id, (SELECT e.name FROM evently.event e WHERE e.event_id = g.event_id),"   \
																		"                             g.section_id, (SELECT s.name FROM evently.event_section s"                                 \
																		"                                             WHERE s.event_id = g.event_id AND s.section_id = g.section_id),"           \
																		"                             g.bookings, g.booked, g.cancelled, g.gross, g.refunds, g.revenue, g.currency)"             \
																		"                         ::evently.revenue_row"                                                                         \
																		"                    FROM line g"                                                                                        \
																		"                   ORDER BY g.date, CASE WHEN g.date IS NULL THEN -g.revenue END, g.event_id, g.section_id, g.currency" \
																		"                   LIMIT $7),"                                                                                          \
																		"            ARRAY(SELECT ROW(g.currency, sum(g.revenue))::evently.currency_amount"                                      \
																		"                    FROM line g GROUP BY g.currency ORDER BY g.currency))::evently.revenue_report"

EV_SURVEY(read_revenue,
		  REVENUE_REPORT("evently.sale_ledger", "NULL::uuid", "count(*)"),
		  UUIDOID, TEXTOID, DATEOID, DATEOID, UUIDOID, TEXTOID, INT4OID);

EV_SURVEY(read_section_revenue,
		  REVENUE_REPORT("evently.ticket_ledger", "l.section_id", "count(DISTINCT t.booking_id)"),
		  UUIDOID, TEXTOID, DATEOID, DATEOID, UUIDOID, TEXTOID, INT4OID);

EV_SURVEY(read_popular,
		  "WITH " EV_POPULARITY
		  " SELECT ROW(statement_timestamp(), " EV_POPULAR_EVENTS("$1", "$2") ")::evently.popular_events",
		  UUIDOID, INT4OID);

EV_STATEMENT(read_user,
			 "WITH entry AS MATERIALIZED ("
			 "   SELECT l.* FROM evently.booking b,"
			 "          LATERAL (SELECT * FROM evently.sale_ledger s"
			 "                    WHERE s.event_id = b.event_id AND s.booking_id = b.booking_id OFFSET 0) l"
			 "    WHERE b.user_id = $1),"
			 " visit AS MATERIALIZED (SELECT l.event_id FROM entry l GROUP BY l.event_id HAVING sum(l.tickets) > 0)"
			 " SELECT ROW($1, " BOOKINGS ", coalesce(sum(l.tickets), 0), " CANCELLED ","
			 "            (SELECT count(*) FROM visit),"
			 "            (SELECT count(*) FROM visit v JOIN evently.event e ON e.event_id = v.event_id"
			 "              WHERE e.status = 'published' AND e.start_datetime > statement_timestamp()),"
			 "            ARRAY(SELECT ROW(a.currency, sum(a.amount))::evently.currency_amount"
			 "                    FROM entry a GROUP BY a.currency ORDER BY a.currency),"
			 "            min(l.occurred_at) FILTER (WHERE l.cancellation_id IS NULL),"
			 "            max(l.occurred_at) FILTER (WHERE l.cancellation_id IS NULL))::evently.user_analytics"
			 "   FROM entry l",
			 UUIDOID);

EvArg
ev_analytics_owner(const pg_uuid_t *actor_id)
{
	if (actor_id == NULL || ev_has_permission(actor_id, "analytics:read") || ev_has_permission(actor_id, "events:any"))
		return ev_null();
	return ev_uuid(actor_id);
}

EvArg
ev_analytics_number(FunctionCallInfo fcinfo, int n, const char *name, int standard, int max)
{
	int value = PG_ARGISNULL(n) ? standard : PG_GETARG_INT32(n);

	if (value < 1 || value > max)
		ev_invalid(name, "%s must be from 1 to %d", name, max);
	return ev_int(value);
}

EvArg
ev_analytics_timezone(FunctionCallInfo fcinfo, int n)
{
	char *timezone = ev_text_argument(fcinfo, n);

	ev_require_timezone(timezone);
	return ev_text(timezone ? timezone : "UTC");
}

/* get_event_analytics(event_id, actor_id) */
Datum
evently_get_event_analytics(PG_FUNCTION_ARGS)
{
	pg_uuid_t *event_id;
	Datum figures;

	ev_begin(EV_READS);
	event_id = ev_required_uuid(fcinfo, 0, "event_id");
	if (ev_query(&read_event, ev_uuid(event_id)) == 0)
		ev_event_not_found(event_id);
	figures = ev_copied_value(0, 1);
	ev_require_event_permission(ev_uuid_argument(fcinfo, 1), event_id, "analytics:read");
	PG_RETURN_DATUM(ev_end(figures));
}

/* get_overall_analytics(actor_id, days, timezone) */
Datum
evently_get_overall_analytics(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	ev_query(&read_overall, ev_analytics_owner(ev_uuid_argument(fcinfo, 0)),
			 ev_analytics_number(fcinfo, 1, "days", EV_TREND_DAYS, EV_MAX_TREND_DAYS), ev_analytics_timezone(fcinfo, 2));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}

/* Days that are moments in every time zone. */
static EvArg
day_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	DateADT first = date2j(1, 1, 1) - POSTGRES_EPOCH_JDATE;
	DateADT end = date2j(10000, 1, 1) - POSTGRES_EPOCH_JDATE;

	if (!PG_ARGISNULL(n) && (PG_GETARG_DATEADT(n) < first || PG_GETARG_DATEADT(n) >= end))
		ev_invalid(name, "%s must be in the years 1 to 9999", name);
	return ev_arg(n);
}

/* get_revenue(by, date_from, date_to, event_id, timezone, limit, actor_id) */
Datum
evently_get_revenue(PG_FUNCTION_ARGS)
{
	char *by;

	ev_begin(EV_READS);
	by = ev_text_argument(fcinfo, 0);
	by = by ? ev_word(by, "by", "day, month, event, section") : "day";
	ev_query(strcmp(by, "section") == 0 ? &read_section_revenue : &read_revenue,
			 ev_analytics_owner(ev_uuid_argument(fcinfo, 6)), ev_text(by),
			 day_argument(fcinfo, 1, "date_from"), day_argument(fcinfo, 2, "date_to"), ev_arg(3),
			 ev_analytics_timezone(fcinfo, 4), ev_analytics_number(fcinfo, 5, "limit", DEFAULT_REVENUE_ROWS, MAX_REVENUE_ROWS));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}

/* get_popular_events(limit, actor_id) */
Datum
evently_get_popular_events(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	ev_query(&read_popular, ev_analytics_owner(ev_uuid_argument(fcinfo, 1)),
			 ev_analytics_number(fcinfo, 0, "limit", DEFAULT_POPULAR_EVENTS, MAX_POPULAR_EVENTS));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}

/* get_user_analytics(user_id) */
Datum
evently_get_user_analytics(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	ev_query(&read_user, ev_uuid(ev_required_uuid(fcinfo, 0, "user_id")));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}
