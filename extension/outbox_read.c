/*
 * outbox_read.c
 *		What was told is acknowledged row by row, and goes when it is old.
 *
 * A row is found by its position, "xid/id". Where reading begins is kept per reader (outbox_reader) and moves up behind
 * the acknowledgements, so that reading does not walk over what is done; the last one to acknowledge moves it, unless
 * somebody else is at it. It never passes a running transaction, which may still add a row.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/xid8.h"

#include "args.h"
#include "errors.h"
#include "guc.h"
#include "id.h"
#include "spi.h"
#include "tuple.h"

#define DEFAULT_ROWS 100
#define MAX_ROWS 1000
#define PRUNED_ROWS 500

PG_FUNCTION_INFO_V1(evently_outbox_xid);
PG_FUNCTION_INFO_V1(evently_outbox_id);
PG_FUNCTION_INFO_V1(evently_outbox_limit);
PG_FUNCTION_INFO_V1(evently_outbox_ack);
PG_FUNCTION_INFO_V1(evently_notification_ack);
PG_FUNCTION_INFO_V1(evently_prune_outbox);

EV_STATEMENT(ack_messages,
			 "WITH due AS MATERIALIZED ("
			 "  SELECT o.xid, o.id FROM unnest($1) p"
			 "    JOIN evently.outbox o ON o.xid = evently.outbox_xid(p) AND o.id = evently.outbox_id(p)"
			 "   WHERE o.acked_at IS NULL ORDER BY o.xid, o.id FOR UPDATE OF o)"
			 "UPDATE evently.outbox o SET acked_at = clock_timestamp() FROM due WHERE o.xid = due.xid AND o.id = due.id",
			 TEXTARRAYOID);

EV_STATEMENT(ack_notifications,
			 "WITH due AS MATERIALIZED ("
			 "  SELECT o.xid, o.id FROM unnest($1) p"
			 "    JOIN evently.outbox o ON o.xid = evently.outbox_xid(p) AND o.id = evently.outbox_id(p)"
			 "   WHERE o.notified_at IS NULL ORDER BY o.xid, o.id FOR UPDATE OF o)"
			 "UPDATE evently.outbox o SET notified_at = clock_timestamp() FROM due WHERE o.xid = due.xid AND o.id = due.id",
			 TEXTARRAYOID);

EV_STATEMENT(make_reader,
			 "INSERT INTO evently.outbox_reader (name, xid, system_identifier) VALUES ($1, '0', 0)"
			 " ON CONFLICT DO NOTHING",
			 TEXTOID);

EV_STATEMENT(move_reader,
			 "WITH free AS (SELECT name FROM evently.outbox_reader WHERE name = $1 FOR UPDATE SKIP LOCKED)"
			 "UPDATE evently.outbox_reader r SET system_identifier = $2, xid = coalesce("
			 "  (SELECT o.xid FROM evently.settled_outbox(evently.outbox_start($1), $3, $1, 1) o"
			 "    WHERE o.xid < pg_snapshot_xmin(pg_current_snapshot())),"
			 "  pg_snapshot_xmin(pg_current_snapshot()))"
			 "  FROM free WHERE r.name = free.name",
			 TEXTOID, INT8OID, UUIDOID);

EV_STATEMENT(prune,
			 "WITH oldest AS ("
			 "  SELECT xid, id, occurred_at FROM evently.outbox ORDER BY xid, id LIMIT $1)"
			 "DELETE FROM evently.outbox o USING oldest d"
			 " WHERE o.xid = d.xid AND o.id = d.id"
			 "   AND (d.occurred_at < $3"
			 "        OR d.occurred_at < $2 AND d.xid < least(evently.outbox_start('outbox'), evently.outbox_start('notification')))",
			 INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID);

static void
read_position(const char *position, uint64 *xid, pg_uuid_t *id)
{
	char *end;

	errno = 0;
	*xid = strtou64(position, &end, 10);
	if (end == position || *end != '/' || errno != 0 || !ev_parse_uuid(end + 1, id))
		ev_invalid("position", "a position is what outbox_read() or notification_read() returned as such");
}

/* outbox_xid(position) */
Datum
evently_outbox_xid(PG_FUNCTION_ARGS)
{
	uint64 xid;
	pg_uuid_t id;

	read_position(ev_text_argument(fcinfo, 0), &xid, &id);
	PG_RETURN_FULLTRANSACTIONID(FullTransactionIdFromU64(xid));
}

/* outbox_id(position) */
Datum
evently_outbox_id(PG_FUNCTION_ARGS)
{
	uint64 xid;
	pg_uuid_t *id = palloc(sizeof(pg_uuid_t));

	read_position(ev_text_argument(fcinfo, 0), &xid, id);
	PG_RETURN_UUID_P(id);
}

/* outbox_limit("limit") */
Datum
evently_outbox_limit(PG_FUNCTION_ARGS)
{
	int limit = PG_ARGISNULL(0) ? DEFAULT_ROWS : PG_GETARG_INT32(0);

	if (limit < 1 || limit > MAX_ROWS)
		ev_invalid("limit", "limit must be between 1 and %d", MAX_ROWS);
	PG_RETURN_INT32(limit);
}

static Datum
ack(FunctionCallInfo fcinfo, EvStatement *statement, const char *reader)
{
	static const pg_uuid_t before_all;
	uint64 acked;

	ev_begin(EV_WRITES);
	ev_require_given(!PG_ARGISNULL(0), "positions");
	acked = ev_query(statement, ev_arg(0));
	ev_query(&make_reader, ev_text(reader));
	ev_query(&move_reader, ev_text(reader), ev_datum(Int64GetDatum((int64) GetSystemIdentifier())), ev_uuid(&before_all));
	ev_end_without_result();
	PG_RETURN_INT32((int32) acked);
}

/* outbox_ack(positions) */
Datum
evently_outbox_ack(PG_FUNCTION_ARGS)
{
	return ack(fcinfo, &ack_messages, "outbox");
}

/* notification_ack(positions) */
Datum
evently_notification_ack(PG_FUNCTION_ARGS)
{
	return ack(fcinfo, &ack_notifications, "notification");
}

static TimestampTz
seconds_ago(int seconds)
{
	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), -(int64) seconds * 1000);
}

/* prune_outbox(max_rows) */
Datum
evently_prune_outbox(PG_FUNCTION_ARGS)
{
	uint64 pruned;

	ev_begin(EV_WRITES);
	pruned = ev_query(&prune, ev_int(ev_max_rows(fcinfo, 0, PRUNED_ROWS)), ev_time(seconds_ago(ev_outbox_retention)),
					  ev_time(ev_outbox_max_age > 0 ? seconds_ago(ev_outbox_max_age) : DT_NOBEGIN));
	ev_end_without_result();
	PG_RETURN_INT32((int32) pruned);
}
