/*
 * analytics.h
 *		Figures for who runs events and who buys tickets, summed over the ledger.
 *
 * The ledger is the rows of bookings and cancellations, each dated by its own time (the view sale_ledger): every figure is
 * a plain sum over it, nothing is counted on the side, and the past does not change. Nothing is locked.
 *
 * What sums over all events can be kept for a while (analytics_cache.c).
 */
#ifndef EV_ANALYTICS_H
#define EV_ANALYTICS_H

#include "fmgr.h"

#include "spi.h"

/* Whose events an actor sees in figures; null: everybody's. */
extern EvArg ev_analytics_owner(const pg_uuid_t *actor_id);

/* Argument n as a number from 1 to max. */
extern EvArg ev_analytics_number(FunctionCallInfo fcinfo, int n, const char *name, int standard, int max);
/* Argument n, UTC where it is null. */
extern EvArg ev_analytics_timezone(FunctionCallInfo fcinfo, int n);

#define EV_TREND_DAYS 30
#define EV_MAX_TREND_DAYS 366

/* Of the ledger l: the last $2 days in timezone $3, today included. */
#define EV_LAST_DAYS "l.occurred_at >= ((now() AT TIME ZONE $3)::date - $2 + 1)::timestamp AT TIME ZONE $3"

/* True of the rows of the events that an owner, or with null everybody, sees in figures. */
#define EV_SEES(owner, row) \
	"(" owner " IS NULL OR " row ".event_id IN (SELECT o FROM evently.events_of(" owner ", 'analytics:read') o))"

/* For a WITH clause: the events of an owner, or all, with their sums. */
#define EV_SOLD(owner)                                                                                                                                  \
	"sold AS MATERIALIZED (SELECT e.* FROM evently.event_performance e"                                                                                 \
	"                       WHERE " EV_SEES(owner, "e") "),"                                                                                            \
														" currency AS MATERIALIZED (SELECT coalesce((SELECT s.currency FROM sold s GROUP BY s.currency" \
														"                                             ORDER BY sum(s.tickets_sold) DESC, s.currency LIMIT 1), 'USD') AS code)"

/* Of what EV_SOLD names: an analytics_totals. */
#define EV_TOTALS                                                                                                           \
	"(SELECT ROW(t.events, t.active, t.capacity, t.bookings, t.booked,"                                                     \
	"            coalesce((SELECT sum(s.revenue) FROM sold s WHERE s.currency = c.code), 0), c.code,"                       \
	"            ARRAY(SELECT ROW(s.currency, sum(s.revenue))::evently.currency_amount FROM sold s"                         \
	"                   GROUP BY s.currency HAVING sum(s.bookings) > 0 ORDER BY s.currency),"                               \
	"            evently.percentage(t.used, t.capacity))::evently.analytics_totals"                                         \
	"   FROM currency c,"                                                                                                   \
	"        (SELECT count(*) AS events,"                                                                                   \
	"                count(*) FILTER (WHERE s.status = 'published' AND s.end_datetime > statement_timestamp()) AS active,"  \
	"                coalesce(sum(s.total_capacity) FILTER (WHERE s.status NOT IN ('draft', 'cancelled')), 0) AS capacity," \
	"                coalesce(sum(s.tickets_sold) FILTER (WHERE s.status NOT IN ('draft', 'cancelled')), 0) AS used,"       \
	"                coalesce(sum(s.bookings), 0) AS bookings, coalesce(sum(s.tickets_sold), 0) AS booked"                  \
	"           FROM sold s) t)"

/* For a WITH clause: what EV_POPULAR_EVENTS chooses among. */
#define EV_POPULARITY "popularity AS MATERIALIZED (SELECT p.* FROM evently.popularity p)"

/* A popular_event[], the best first. */
#define EV_POPULAR_EVENTS(owner, limit)                                                                      \
	"ARRAY(SELECT ROW(e.event_id, e.name, e.start_datetime, p.tickets_sold, p.score)::evently.popular_event" \
	"        FROM popularity p JOIN evently.event e ON e.event_id = p.event_id"                              \
	"       WHERE e.status = 'published' AND p.tickets_sold > 0"                                             \
	"         AND " EV_SEES(owner, "e") "       ORDER BY p.score DESC, e.start_datetime, e.event_id LIMIT " limit ")"

#endif
