/*
 * analytics_cache.c
 *		Figures that take long to sum, kept in analytics_cache.
 *
 * Invariants
 *	1. An answer is as its sums were at generated_at or later, and is never given when it is older than evently.analytics_ttl.
 *	2. A row is not overwritten by figures that are older than its own.
 *	3. Nobody waits for a row: who cannot lock it keeps his figures to himself, and so does who may not write.
 *
 * That something has happened since is seen at the newest row of the outbox: whoever books touches nothing here, so there
 * is no row that all of them would meet at. What commits late, with an id made earlier, is seen when the time is over, as
 * are changes by an administrator's own SQL.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "fmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "analytics.h"
#include "args.h"
#include "guc.h"
#include "lock.h"
#include "tuple.h"

/* Not one that a dump brought from a cluster that had counted its transactions further than $3, this one's next. */
#define NEWEST_OUTBOX_ID "(SELECT o.id FROM evently.outbox o WHERE o.xid < $3 ORDER BY o.xid DESC, o.id DESC LIMIT 1)"

PG_FUNCTION_INFO_V1(evently_get_analytics_summary);
PG_FUNCTION_INFO_V1(evently_get_homepage_stats);

static const pg_uuid_t everybody;

/* $4: when an answer is too old, $5: now, $6: also where something has happened since. */
#define KEPT(type)                                                                            \
	"SELECT jsonb_populate_record(NULL::evently." type ", c.answer || '{\"cached\": true}')"  \
	"  FROM evently.analytics_cache c"                                                        \
	" WHERE c.name = $1 AND c.owner_id = $2 AND c.generated_at > $4 AND c.generated_at <= $5" \
	"   AND ($6 OR c.last_outbox_id IS NOT DISTINCT FROM " NEWEST_OUTBOX_ID ")"

EV_STATEMENT(kept_summary, KEPT("analytics_summary"), TEXTOID, UUIDOID, XID8OID, TIMESTAMPTZOID, TIMESTAMPTZOID, BOOLOID);
EV_STATEMENT(kept_homepage, KEPT("homepage_stats"), TEXTOID, UUIDOID, XID8OID, TIMESTAMPTZOID, TIMESTAMPTZOID, BOOLOID);

#define EVENT_FIGURES                                                                                              \
	"ROW(s.event_id, s.name, s.status, s.start_datetime, s.total_capacity, s.tickets_sold, s.revenue, s.currency," \
	"    s.utilization_pct)::evently.event_figures"

EV_SURVEY(sum_summary,
		  "WITH " EV_SOLD("$1") " SELECT a.answer, to_jsonb(a.answer), " NEWEST_OUTBOX_ID
								"   FROM (SELECT ROW($2, false, " EV_TOTALS ","
								"                ARRAY(SELECT " EVENT_FIGURES " FROM sold s"
								"                       WHERE s.status = 'published' AND s.end_datetime > $2"
								"                       ORDER BY s.end_datetime, s.event_id LIMIT 100),"
								"                ARRAY(SELECT " EVENT_FIGURES " FROM sold s WHERE s.tickets_sold > 0"
								"                       ORDER BY s.tickets_sold DESC, s.start_datetime, s.event_id LIMIT 10)"
								"         )::evently.analytics_summary AS answer OFFSET 0) a",
		  UUIDOID, TIMESTAMPTZOID, XID8OID);

EV_SURVEY(sum_homepage,
		  "WITH " EV_POPULARITY ","
		  " live AS MATERIALIZED (SELECT e.event_id, e.venue_id FROM evently.event e"
		  "                            WHERE e.status = 'published' AND e.end_datetime > $2)"
		  " SELECT a.answer, to_jsonb(a.answer), " NEWEST_OUTBOX_ID
		  "   FROM (SELECT ROW($2, false, (SELECT count(*) FROM live),"
		  "                (SELECT count(DISTINCT l.venue_id) FROM live l),"
		  "                (SELECT count(DISTINCT (lower(v.city), lower(v.country))) FROM live l"
		  "                   JOIN evently.venue v ON v.venue_id = l.venue_id WHERE v.city IS NOT NULL),"
		  "                (SELECT coalesce(sum(p.tickets_sold), 0) FROM popularity p),"
		  "                " EV_POPULAR_EVENTS("$1", "6") "         )::evently.homepage_stats AS answer OFFSET 0) a",
		  UUIDOID, TIMESTAMPTZOID, XID8OID);

EV_STATEMENT(keep,
			 "INSERT INTO evently.analytics_cache AS c (name, owner_id, generated_at, answer, last_outbox_id)"
			 " VALUES ($1, $2, $3, $4, $5)"
			 " ON CONFLICT (name, owner_id) DO UPDATE SET generated_at = excluded.generated_at, answer = excluded.answer,"
			 " last_outbox_id = excluded.last_outbox_id"
			 " WHERE c.generated_at <= excluded.generated_at OR c.generated_at > clock_timestamp()",
			 TEXTOID, UUIDOID, TIMESTAMPTZOID, JSONBOID, UUIDOID);

/* What can be asked for. */
typedef struct EvFigures
{
	const char *name;
	EvStatement *kept;
	EvStatement *sum;
	bool whatever_happens; /* kept for its time, even when something has happened since */
} EvFigures;

static EvArg
next_xid(void)
{
	return ev_datum(FullTransactionIdGetDatum(ReadNextFullTransactionId()));
}

static bool
may_keep(const EvFigures *figures, const pg_uuid_t *owner)
{
	return ev_analytics_ttl > 0 && !XactReadOnly && !IsolationUsesXactSnapshot() &&
		ev_try_lock_key(&everybody, owner, "analytics", figures->name);
}

static Datum
sum(const EvFigures *figures, EvArg owner, const pg_uuid_t *owner_id, TimestampTz clock)
{
	Datum answer;
	Datum json;
	EvArg outbox_id;

	/* No later than the moment that the sums are of: with a snapshot of the transaction's, its beginning. */
	if (IsolationUsesXactSnapshot())
		clock = GetCurrentTransactionStartTimestamp();
	ev_query(figures->sum, owner, ev_time(clock), next_xid());
	answer = ev_copied_value(0, 1);
	json = ev_copied_value(0, 2);
	outbox_id = ev_is_null(0, 3) ? ev_null() : ev_datum(ev_copied_value(0, 3));
	if (may_keep(figures, owner_id))
		ev_query(&keep, ev_text(figures->name), ev_uuid(owner_id), ev_time(clock), ev_datum(json), outbox_id);
	return answer;
}

static Datum
answer(const EvFigures *figures, EvArg owner, bool refresh)
{
	const pg_uuid_t *owner_id = owner.isnull ? &everybody : DatumGetUUIDP(owner.value);
	TimestampTz clock = GetCurrentTimestamp();
	TimestampTz too_old = clock - ev_analytics_ttl * USECS_PER_SEC;

	if (!refresh &&
		ev_query(figures->kept, ev_text(figures->name), ev_uuid(owner_id), next_xid(), ev_time(too_old), ev_time(clock),
				 ev_bool(figures->whatever_happens)) > 0)
		return ev_copied_value(0, 1);
	return sum(figures, owner, owner_id, clock);
}

/* get_analytics_summary(refresh, actor_id) */
Datum
evently_get_analytics_summary(PG_FUNCTION_ARGS)
{
	static const EvFigures summary = {"summary", &kept_summary, &sum_summary, false};
	bool refresh = !PG_ARGISNULL(0) && PG_GETARG_BOOL(0);

	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(answer(&summary, ev_analytics_owner(ev_uuid_argument(fcinfo, 1)), refresh)));
}

/* get_homepage_stats() */
Datum
evently_get_homepage_stats(PG_FUNCTION_ARGS)
{
	static const EvFigures homepage = {"homepage", &kept_homepage, &sum_homepage, true};

	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(answer(&homepage, ev_null(), false)));
}
