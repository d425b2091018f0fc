/*
 * analytics_group.c
 *		Figures by tag, of cancellations, and of who buys.
 */
#include "postgres.h"

#include "fmgr.h"

#include "analytics.h"
#include "args.h"
#include "permission.h"
#include "tuple.h"

#define DEFAULT_TAGS 100
#define MAX_TAGS 1000

PG_FUNCTION_INFO_V1(evently_get_tag_analytics);
PG_FUNCTION_INFO_V1(evently_get_tag_trends);
PG_FUNCTION_INFO_V1(evently_get_cancellation_analytics);
PG_FUNCTION_INFO_V1(evently_get_users_analytics);

#define TAGS_OF(event) "LATERAL (SELECT DISTINCT u AS tag FROM unnest(" event ".tags) u WHERE u IS NOT NULL) t"
#define ON_SALE "t.status NOT IN ('draft', 'cancelled')"

/* $1 owner, $2 tags, $3 rows */
EV_SURVEY(read_tags,
		  "WITH " EV_SOLD("$1") ", " EV_POPULARITY ","
								" tagged AS MATERIALIZED ("
								"   SELECT t.tag, s.*, coalesce(p.score, 0) AS score FROM sold s JOIN evently.event e ON e.event_id = s.event_id"
								"     LEFT JOIN popularity p ON p.event_id = s.event_id, " TAGS_OF("e") "    WHERE $2 IS NULL OR t.tag = ANY ($2))"
																										" SELECT ROW(statement_timestamp(),"
																										"            ARRAY(SELECT ROW(t.tag, count(*),"
																										"                             count(*) FILTER (WHERE t.status = 'published' AND t.end_datetime > statement_timestamp()),"
																										"                             coalesce(sum(t.total_capacity) FILTER (WHERE " ON_SALE "), 0), sum(t.tickets_sold),"
																										"                             sum(t.tickets_cancelled),"
																										"                             evently.percentage(sum(t.tickets_sold) FILTER (WHERE " ON_SALE "),"
																										"                                                sum(t.total_capacity) FILTER (WHERE " ON_SALE ")),"
																										"                             ARRAY(SELECT ROW(r.currency, sum(r.revenue))::evently.currency_amount"
																										"                                     FROM tagged r WHERE r.tag = t.tag"
																										"                                    GROUP BY r.currency HAVING sum(r.bookings) > 0 ORDER BY r.currency),"
																										"                             sum(t.score))::evently.tag_figures"
																										"                    FROM tagged t GROUP BY t.tag"
																										"                   ORDER BY sum(t.score) DESC, sum(t.tickets_sold) DESC, t.tag LIMIT $3))::evently.tag_report",
		  UUIDOID, TEXTARRAYOID, INT4OID);

/* $1 owner, $2 days, $3 timezone, $4 tags, $5 rows */
EV_SURVEY(read_tag_trends,
		  "WITH entry AS MATERIALIZED ("
		  "   SELECT t.tag, (l.occurred_at AT TIME ZONE $3)::date AS date, l.cancellation_id, l.tickets"
		  "     FROM evently.sale_ledger l JOIN evently.event e ON e.event_id = l.event_id, " TAGS_OF("e") "    WHERE " EV_LAST_DAYS " AND " EV_SEES("$1", "l") " AND ($4 IS NULL OR t.tag = ANY ($4))),"
																																								" day AS MATERIALIZED ("
																																								"   SELECT n.tag, n.date, sum(n.tickets) AS tickets,"
																																								"          ROW(n.date, count(*) FILTER (WHERE n.cancellation_id IS NULL),"
																																								"              coalesce(sum(n.tickets) FILTER (WHERE n.cancellation_id IS NULL), 0),"
																																								"              coalesce(-sum(n.tickets) FILTER (WHERE n.cancellation_id IS NOT NULL), 0))::evently.tag_day AS figures"
																																								"     FROM entry n GROUP BY n.tag, n.date)"
																																								" SELECT ROW($3, ARRAY(SELECT ROW(d.tag, array_agg(d.figures ORDER BY d.date))::evently.tag_trend FROM day d"
																																								"                       GROUP BY d.tag ORDER BY sum(d.tickets) DESC, d.tag LIMIT $5))::evently.tag_trends",
		  UUIDOID, INT4OID, TEXTOID, TEXTARRAYOID, INT4OID);

/* $1 owner, $2 days, $3 timezone. The rate compares what happened in the same days. */
EV_SURVEY(read_cancellations,
		  "WITH entry AS MATERIALIZED ("
		  "   SELECT l.*, (l.occurred_at AT TIME ZONE $3)::date AS date FROM evently.sale_ledger l"
		  "    WHERE " EV_LAST_DAYS " AND " EV_SEES("$1", "l") "),"
															   " taken_back AS MATERIALIZED (SELECT n.*, c.fee FROM entry n"
															   "                               JOIN evently.cancellation c ON c.cancellation_id = n.cancellation_id)"
															   " SELECT ROW($3, count(*), coalesce(-sum(b.tickets), 0),"
															   "            evently.percentage(-sum(b.tickets), (SELECT sum(n.tickets) FROM entry n WHERE n.cancellation_id IS NULL)),"
															   "            ARRAY(SELECT ROW(a.currency, -sum(a.amount), sum(a.fee))::evently.cancelled_amount FROM taken_back a"
															   "                   GROUP BY a.currency ORDER BY a.currency),"
															   "            ARRAY(SELECT ROW(d.date, count(*), -sum(d.tickets))::evently.cancellation_day FROM taken_back d"
															   "                   GROUP BY d.date ORDER BY d.date))::evently.cancellation_analytics"
															   "   FROM taken_back b",
		  UUIDOID, INT4OID, TEXTOID);

/* $1 days, $2 timezone. Buyers are counted by their bookings, with an account or without. */
EV_SURVEY(read_users,
		  "WITH registered AS MATERIALIZED ("
		  "   SELECT a.is_active, (a.created_at AT TIME ZONE $2)::date AS date,"
		  "          (a.created_at AT TIME ZONE $2)::date > (now() AT TIME ZONE $2)::date - $1 AS lately"
		  "     FROM evently.account a),"
		  " buyer AS MATERIALIZED (SELECT b.user_id, count(*) AS bookings FROM evently.booking b GROUP BY b.user_id)"
		  " SELECT ROW($2, count(*), count(*) FILTER (WHERE r.is_active), count(*) FILTER (WHERE r.lately),"
		  "            (SELECT count(*) FROM buyer), (SELECT count(*) FROM buyer b WHERE b.bookings > 1),"
		  "            (SELECT coalesce(round(avg(b.bookings), 2), 0) FROM buyer b),"
		  "            ARRAY(SELECT ROW(d.date, count(*))::evently.registration_day FROM registered d WHERE d.lately"
		  "                   GROUP BY d.date ORDER BY d.date))::evently.users_analytics"
		  "   FROM registered r",
		  INT4OID, TEXTOID);

static EvArg
days_argument(FunctionCallInfo fcinfo, int n)
{
	return ev_analytics_number(fcinfo, n, "days", EV_TREND_DAYS, EV_MAX_TREND_DAYS);
}

/* get_tag_analytics(tags, limit, actor_id) */
Datum
evently_get_tag_analytics(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	ev_query(&read_tags, ev_analytics_owner(ev_uuid_argument(fcinfo, 2)), ev_arg(0),
			 ev_analytics_number(fcinfo, 1, "limit", DEFAULT_TAGS, MAX_TAGS));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}

/* get_tag_trends(tags, days, timezone, limit, actor_id) */
Datum
evently_get_tag_trends(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	ev_query(&read_tag_trends, ev_analytics_owner(ev_uuid_argument(fcinfo, 4)), days_argument(fcinfo, 1),
			 ev_analytics_timezone(fcinfo, 2), ev_arg(0),
			 ev_analytics_number(fcinfo, 3, "limit", DEFAULT_TAGS, MAX_TAGS));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}

/* get_cancellation_analytics(days, timezone, actor_id) */
Datum
evently_get_cancellation_analytics(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	ev_query(&read_cancellations, ev_analytics_owner(ev_uuid_argument(fcinfo, 2)), days_argument(fcinfo, 0),
			 ev_analytics_timezone(fcinfo, 1));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}

/* get_users_analytics(days, timezone, actor_id) */
Datum
evently_get_users_analytics(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	ev_require_permission(ev_uuid_argument(fcinfo, 2), "analytics:read", "figures of all users");
	ev_query(&read_users, days_argument(fcinfo, 0), ev_analytics_timezone(fcinfo, 1));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}
