/*
 * live.c
 *		What changed since, for those who watch events live.
 *
 * Changes are those that the outbox tells of, found by comparing snapshots: an order of ids or times would lose what commits
 * late. What time alone changes is looked up beside it.
 */
#include "postgres.h"

#include <ctype.h>

#include "fmgr.h"
#include "utils/datetime.h"

#include "args.h"
#include "errors.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_live_changes);

/* The year 10000. */
#define END_OF_POSITIONS ((uint64) (date2j(10000, 1, 1) - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

/*
 * What the outbox tells that was not visible in the snapshot `since` and is now: of transactions that began later, or were
 * running then; apart, so that one that runs for long costs nothing. hold_id: the hold that a row is about.
 */
#define TOLD(since_then)                                                                                  \
	"SELECT o.event_id, o.aggregatetype, o.aggregateid, o.type,"                                          \
	"       CASE o.aggregatetype WHEN 'HOLD' THEN o.aggregateid"                                          \
	"            WHEN 'WAITLIST_ENTRY' THEN CAST(o.payload #>> '{offer,hold_id}' AS uuid) END AS hold_id" \
	"  FROM evently.outbox o WHERE o.event_id = ANY ($1) AND o.xid " since_then
#define ALL_TOLD                                                  \
	TOLD(">= (SELECT pg_snapshot_xmax(s.snapshot) FROM since s)") \
	" UNION ALL " TOLD("= ANY (ARRAY(SELECT pg_snapshot_xip(s.snapshot) FROM since s))")

/* Holds that nobody has ended but time. */
#define ENDED                                                                             \
	"SELECT h.event_id, h.ordinals FROM since s, unnest($1) w (event_id), evently.hold h" \
	" WHERE h.event_id = w.event_id AND h.status = 'active'"                              \
	"   AND h.expires_at > s.at AND h.expires_at <= statement_timestamp()"

/* Events that may be others now; at the end all, for a position of another cluster, which has counted further. */
#define MOVED                                                                                                    \
	"SELECT t.event_id, t.aggregatetype = 'EVENT' AND t.type IN ('EVENT_UPDATED', 'EVENT_CANCELLED') AS reload," \
	"       t.aggregatetype IN ('WAITLIST_ENTRY', 'EVENT') AS queue FROM told t"                                 \
	" UNION ALL SELECT d.event_id, false, true FROM ended d"                                                     \
	" UNION ALL SELECT e.event_id, false, false FROM since s, evently.event e"                                   \
	"  WHERE e.event_id = ANY ($1)"                                                                              \
	"    AND EXISTS (SELECT FROM unnest(ARRAY[e.sale_start_time, e.sale_end_time, e.end_datetime]) t (at)"       \
	"                 WHERE t.at > s.at AND t.at <= statement_timestamp())"                                      \
	" UNION ALL SELECT w.event_id, true, true FROM since s, unnest($1) w (event_id)"                             \
	"  WHERE pg_snapshot_xmax(s.snapshot) > pg_snapshot_xmax(pg_current_snapshot())"

#define TOUCHED                                                                                        \
	"SELECT d.event_id, unnest(d.ordinals) AS ordinal FROM ended d"                                    \
	" UNION"                                                                                           \
	" SELECT t.event_id, unnest((SELECT h.ordinals FROM evently.hold h"                                \
	"                             WHERE h.event_id = t.event_id AND h.hold_id = t.hold_id))"           \
	"   FROM told t WHERE t.hold_id IS NOT NULL"                                                       \
	" UNION"                                                                                           \
	" SELECT t.event_id, unnest(ARRAY(SELECT k.seat_ordinal FROM evently.ticket k"                     \
	"                                  WHERE k.event_id = t.event_id AND k.booking_id = t.aggregateid" \
	"                                    AND k.seat_ordinal IS NOT NULL))"                             \
	"   FROM told t WHERE t.aggregatetype = 'BOOKING'"

/* $1 events, $2 position. Answered: the position from now on, the changes, the events whose queue may have moved. */
EV_STATEMENT(read_changes,
			 "WITH since AS MATERIALIZED ("
			 "     SELECT CAST(split_part($2, '@', 1) AS pg_snapshot) AS snapshot,"
			 "            timestamptz '1970-01-01 00:00:00+00'"
			 "                + CAST(split_part($2, '@', 2) AS bigint) * interval '1 microsecond' AS at),"
			 " told AS MATERIALIZED (" ALL_TOLD "),"
			 " ended AS MATERIALIZED (" ENDED "),"
			 " moved AS (SELECT m.event_id, bool_or(m.reload) AS reload, bool_or(m.queue) AS queue"
			 "             FROM (" MOVED ") m GROUP BY m.event_id),"
			 " touched AS MATERIALIZED (" TOUCHED "),"
			 " seats AS (SELECT t.event_id, json_object_agg(d.seat_id, d.status ORDER BY t.ordinal) AS statuses"
			 "             FROM touched t,"
			 "                  LATERAL (SELECT x.seat_id, x.status FROM evently.described_seat x"
			 "                            WHERE x.event_id = t.event_id AND x.ordinal = t.ordinal OFFSET 0) d"
			 "            GROUP BY t.event_id)"
			 "SELECT evently.live_position(),"
			 "       coalesce(array_agg(ROW(e.event_id, a.available_seats, a.total_capacity, a.status, a.sale_status,"
			 "                              coalesce(c.statuses, '{}'), m.reload)::evently.live_change), '{}'),"
			 "       array_agg(m.event_id) FILTER (WHERE m.queue)"
			 "  FROM moved m"
			 "  JOIN evently.event e ON e.event_id = m.event_id"
			 "  LEFT JOIN seats c ON c.event_id = m.event_id,"
			 "       LATERAL evently.get_availability(e.event_id) a",
			 UUIDARRAYOID, TEXTOID);

/*
 * $1 watchers, $2 events whose queue may have moved. The positions of all in one go: described_entry counts for each, which
 * is too much for a thousand who watch a queue of thousands.
 */
EV_SURVEY(read_places,
		  "WITH asked AS MATERIALIZED ("
		  "     SELECT w.* FROM json_to_recordset($1) AS w"
		  "            (watcher bigint, event_id uuid, user_id uuid, token_version integer, told boolean)"
		  "      WHERE w.told IS NOT TRUE OR w.event_id = ANY ($2)),"
		  " queue AS MATERIALIZED ("
		  "     SELECT q.event_id, q.entry_id,"
		  "            CASE WHEN q.section_id IS NULL THEN count(*) OVER line"
		  "                 ELSE count(*) FILTER (WHERE q.section_id IS NULL) OVER line + count(*) OVER own END AS position"
		  "       FROM evently.waitlist_entry q"
		  "      WHERE q.event_id IN (SELECT a.event_id FROM asked a) AND q.status = 'active'"
		  "     WINDOW line AS (PARTITION BY q.event_id ORDER BY q.position),"
		  "            own AS (PARTITION BY q.event_id, q.section_id ORDER BY q.position))"
		  "SELECT coalesce(array_agg(ROW(a.watcher, c.signed_in, CASE WHEN c.signed_in THEN"
		  "                    ROW(d.entry_id, d.event_id, (d.detail).quantity, d.status, q.position, (d.detail).offer)"
		  "                    ::evently.live_place END)::evently.live_answer ORDER BY a.watcher), '{}')"
		  "  FROM asked a"
		  "       CROSS JOIN LATERAL (SELECT a.token_version IS NULL OR EXISTS (SELECT FROM evently.account p"
		  "                                WHERE p.account_id = a.user_id AND p.is_active AND p.token_version = a.token_version))"
		  "                  c (signed_in)"
		  "       LEFT JOIN LATERAL (SELECT x.* FROM evently.described_entry x"
		  "                           WHERE x.event_id = a.event_id AND x.user_id = a.user_id"
		  "                           ORDER BY x.position DESC LIMIT 1) d ON c.signed_in"
		  "       LEFT JOIN queue q ON q.event_id = d.event_id AND q.entry_id = d.entry_id"
		  " WHERE d.entry_id IS NOT NULL OR NOT c.signed_in",
		  JSONOID, UUIDARRAYOID);

static EvArg
places(EvArg watchers, EvArg queues)
{
	ev_query(&read_places, watchers, queues);
	return ev_datum(ev_copied_value(0, 1));
}

static bool
skip(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static bool
read_number(const char **text, uint64 *number)
{
	char *end;

	if (!isdigit((unsigned char) **text))
		return false;
	errno = 0;
	*number = strtou64(*text, &end, 10);
	*text = end;
	return errno == 0;
}

/* A pg_snapshot, @, and microseconds since 1970: what would be an error of SQL where it is read. */
static bool
is_position(const char *text)
{
	uint64 xmin;
	uint64 xmax;
	uint64 last;
	uint64 xid;
	uint64 at;

	if (!read_number(&text, &xmin) || !skip(&text, ':') || !read_number(&text, &xmax) || !skip(&text, ':') || xmin == 0 ||
		xmax < xmin)
		return false;
	last = xmin;
	if (*text != '@')
	{
		do
		{
			if (!read_number(&text, &xid) || xid < last || xid >= xmax)
				return false;
			last = xid;
		} while (skip(&text, ','));
	}
	return skip(&text, '@') && read_number(&text, &at) && *text == '\0' && at < END_OF_POSITIONS;
}

/* live_changes(event_ids, after, watchers) */
Datum
evently_live_changes(PG_FUNCTION_ARGS)
{
	EvRow row;
	EvArg queues;

	ev_begin(EV_READS);
	ev_require_given(!PG_ARGISNULL(0), "event_ids");
	if (!is_position(ev_required_text(fcinfo, 1, "after")))
		ev_invalid("after", "after must be a position of live_position()");
	row = ev_row(fcinfo);
	ev_query(&read_changes, ev_arg(0), ev_arg(1));
	ev_row_add(&row, ev_datum(ev_copied_value(0, 1)));
	ev_row_add(&row, ev_datum(ev_copied_value(0, 2)));
	queues = ev_is_null(0, 3) ? ev_null() : ev_datum(ev_copied_value(0, 3));
	ev_row_add(&row, places(ev_arg(2), queues));
	PG_RETURN_DATUM(ev_end(ev_row_datum(&row)));
}
