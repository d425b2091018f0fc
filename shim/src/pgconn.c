#include <string.h>

#include "config.h"
#include "log.h"
#include "metrics.h"
#include "pgconn.h"
#include "pgconnect.h"

#define ATTEMPTS_MAX     3
#define PAUSE_MIN_MS     100
#define PAUSE_MAX_MS     2000
#define CONNECT_LIMIT_MS 5000
#define SILENCE_MS       2000 /* beyond statement_timeout, before a connection counts as dead */

static int ready_count;
static bool away; /* one has failed, and there has been no other since */

static void conn_event(void *arg, int error);

void
pg_conn_init(struct pg_conn *conn, struct pg_lane *lane)
{
	memset(conn, 0, sizeof(*conn));
	conn->event.type = KORE_TYPE_PGSQL_CONN;
	conn->event.handle = conn_event;
	conn->lane = lane;
	TAILQ_INIT(&conn->items);
}

static void
conn_watch(struct pg_conn *conn, bool writable)
{
	conn->waits_to_write = writable;
	if (writable)
		kore_platform_event_level_all(PQsocket(conn->db), conn);
	else
		kore_platform_event_level_read(PQsocket(conn->db), conn);
}

/* Of one that is up: its socket stays the same, and most of the time so does what is waited for. */
static void
conn_watch_for(struct pg_conn *conn, bool writable)
{
	if (conn->waits_to_write != writable)
		conn_watch(conn, writable);
}

/*
 * The connection is gone, or never came to be. What was in flight: a read goes back to its queue, the outcome of a
 * write is unknown.
 */
static void
conn_down(struct pg_conn *conn, const char *why)
{
	bool was_ready = conn->state == PG_CONN_READY;
	struct pg_items items = TAILQ_HEAD_INITIALIZER(items);
	struct pg_item *item;

	log_line(
	    conn->failing ? LEVEL_DEBUG : LEVEL_WARN, "database connection %s: %s", was_ready ? "lost" : "failed", why);
	PQfinish(conn->db);
	conn->db = NULL;
	conn->state = PG_CONN_DOWN;
	ready_count -= was_ready;
	away = away || ready_count == 0;
	conn->failing = !was_ready;
	conn->pause_ms = was_ready ? 0 : conn->pause_ms == 0 ? PAUSE_MIN_MS : conn->pause_ms * 2;
	if (conn->pause_ms > PAUSE_MAX_MS)
		conn->pause_ms = PAUSE_MAX_MS;
	conn->retry_at_ms = kore_time_ms() + conn->pause_ms;
	conn->current = NULL;
	conn->call_count = 0;
	TAILQ_CONCAT(&items, &conn->items, list);

	while ((item = TAILQ_LAST(&items, pg_items)) != NULL) {
		TAILQ_REMOVE(&items, item, list);
		PQclear(item->result);
		if (item->call != NULL && conn->lane->id != PG_WRITE && ++item->call->attempts < ATTEMPTS_MAX)
			pg_requeue(conn->lane, item->call);
		else if (item->call != NULL)
			pg_call_finish(
			    conn->lane, item->call, conn->lane->id == PG_WRITE ? PG_LOST : PG_UNAVAILABLE, NULL);
		kore_free(item);
	}
}

/*
 * A wait for the synchronous standby that was cancelled: the transaction is committed here and perhaps nowhere else. Told
 * between the results and their Sync. The text is translated, where it comes from is not.
 */
static void
conn_notice(void *arg, const PGresult *notice)
{
	struct pg_conn *conn = arg;
	const char *source = PQresultErrorField(notice, PG_DIAG_SOURCE_FUNCTION);

	if (source != NULL && strcmp(source, "SyncRepWaitForLSN") == 0)
		conn->doubtful = true;
	log_line(conn->doubtful ? LEVEL_WARN : LEVEL_DEBUG, "database: %s", PQresultErrorMessage(notice));
}

void
pg_conn_start(struct pg_conn *conn)
{
	conn->state = PG_CONN_CONNECTING;
	conn->connect_by_ms = kore_time_ms() + CONNECT_LIMIT_MS;
	conn->db = pg_connect_start(conn->first_server);
	(void)PQsetNoticeReceiver(conn->db, conn_notice, conn);
	if (PQstatus(conn->db) == CONNECTION_BAD) {
		conn_down(conn, PQerrorMessage(conn->db));
		return;
	}
	conn_watch(conn, true);
}

static void
conn_connect(struct pg_conn *conn)
{
	switch (PQconnectPoll(conn->db)) {
	case PGRES_POLLING_READING:
		conn_watch(conn, false);
		return;
	case PGRES_POLLING_WRITING:
		conn_watch(conn, true);
		return;
	case PGRES_POLLING_OK:
		break;
	default:
		conn_down(conn, PQerrorMessage(conn->db));
		return;
	}
	if (PQsetnonblocking(conn->db, 1) != 0 || !PQenterPipelineMode(conn->db)) {
		conn_down(conn, PQerrorMessage(conn->db));
		return;
	}
	conn->state = PG_CONN_READY;
	conn->failing = false;
	conn->pause_ms = 0;
	conn->group = conn->received = 0;
	conn->doubtful = false;
	memset(conn->prepared, 0, sizeof(conn->prepared));
	conn_watch(conn, false);
	log_line(LEVEL_DEBUG, "database connection %d is up", PQbackendPID(conn->db));
	ready_count++;
	if (away)
		log_line(LEVEL_INFO, "the database is back");
	away = false;
}

static void
conn_add(struct pg_conn *conn, int statement, struct pg_call *call)
{
	struct pg_item *item;

	item = kore_calloc(1, sizeof(*item));
	item->call = call;
	item->statement = statement;
	item->group = conn->group;
	item->sent_at_ms = kore_time_ms();
	TAILQ_INSERT_TAIL(&conn->items, item, list);
	if (conn->current == NULL)
		conn->current = item;
	conn->call_count += call != NULL;
}

/* Ends the group that is being filled, if there is one, and gets everything on its way. */
void
pg_conn_sync(struct pg_conn *conn)
{
	int left;

	if (conn->state != PG_CONN_READY || TAILQ_EMPTY(&conn->items) ||
	    TAILQ_LAST(&conn->items, pg_items)->group != conn->group)
		return;
	if (!PQpipelineSync(conn->db)) {
		conn_down(conn, PQerrorMessage(conn->db));
		return;
	}
	conn->group++;
	METRIC_ADD(metrics->lanes[conn->lane->id].syncs, 1);
	if ((left = PQflush(conn->db)) < 0)
		conn_down(conn, PQerrorMessage(conn->db));
	else if (left > 0)
		conn_watch_for(conn, true);
}

/* Whatever fails here shows in conn_down(), which also settles the call. */
void
pg_conn_send(struct pg_conn *conn, struct pg_call *call)
{
	const struct pg_statement *statement = pg_statement_get(call->statement);
	bool alone = call->alone;
	int sent = 1;

	if (alone)
		pg_conn_sync(conn);
	if (conn->state != PG_CONN_READY) {
		pg_requeue(conn->lane, call);
		return;
	}
	if (!conn->prepared[call->statement]) {
		sent = PQsendPrepare(conn->db, statement->name, statement->sql, 0, NULL);
		conn->prepared[call->statement] = true;
		conn_add(conn, call->statement, NULL);
	}
	if (sent)
		sent =
		    PQsendQueryPrepared(conn->db, statement->name, statement->value_count, call->values, NULL, NULL, 0);
	conn_add(conn, call->statement, call);
	call->sent = true;
	if (!sent)
		conn_down(conn, PQerrorMessage(conn->db));
	else if (alone)
		pg_conn_sync(conn);
}

static bool
statement_is_missing(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return (state != NULL && strcmp(state, "26000") == 0);
}

/*
 * The result of a call is final. `prepare` is what its Prepare failed with in the same group, if it did: the first call
 * takes it, others of the statement ask again and get their own.
 */
static void
call_settle(struct pg_conn *conn, struct pg_call *call, PGresult *result, PGresult **prepare)
{
	ExecStatusType status = PQresultStatus(result);
	PGresult *error;

	if (status == PGRES_TUPLES_OK && conn->doubtful && conn->lane->id == PG_WRITE) {
		PQclear(result);
		pg_call_finish(conn->lane, call, PG_LOST, NULL);
		return;
	}
	if (status == PGRES_TUPLES_OK) {
		pg_call_finish(conn->lane, call, PG_ROWS, result);
		return;
	}
	if (status == PGRES_PIPELINE_ABORTED && prepare != NULL && *prepare != NULL) {
		PQclear(result);
		error = *prepare;
		*prepare = NULL;
		pg_call_finish(conn->lane, call, PG_REFUSED, error);
		return;
	}
	if (status == PGRES_PIPELINE_ABORTED || statement_is_missing(result)) {
		PQclear(result);
		conn->prepared[call->statement] = conn->prepared[call->statement] && status == PGRES_PIPELINE_ABORTED;
		call->alone = true;
		if (++call->attempts < ATTEMPTS_MAX)
			pg_requeue(conn->lane, call);
		else
			pg_call_finish(conn->lane, call, PG_UNAVAILABLE, NULL);
		return;
	}
	pg_call_finish(conn->lane, call, PG_REFUSED, result);
}

/* The Sync of the oldest group has come: all of its calls are decided. */
static void
conn_settle(struct pg_conn *conn)
{
	struct pg_items items = TAILQ_HEAD_INITIALIZER(items);
	PGresult *prepare_error = NULL;
	int failed_statement = -1;
	struct pg_item *item;

	while ((item = TAILQ_FIRST(&conn->items)) != NULL && item->group == conn->received) {
		TAILQ_REMOVE(&conn->items, item, list);
		TAILQ_INSERT_TAIL(&items, item, list);
		conn->call_count -= item->call != NULL;
	}
	conn->received++;

	while ((item = TAILQ_FIRST(&items)) != NULL) {
		TAILQ_REMOVE(&items, item, list);
		if (item->call != NULL) {
			call_settle(conn, item->call, item->result,
			    item->statement == failed_statement ? &prepare_error : NULL);
		} else if (PQresultStatus(item->result) == PGRES_COMMAND_OK) {
			PQclear(item->result);
		} else {
			conn->prepared[item->statement] = false;
			if (PQresultStatus(item->result) != PGRES_PIPELINE_ABORTED) {
				PQclear(prepare_error);
				prepare_error = item->result;
				failed_statement = item->statement;
			} else {
				PQclear(item->result);
			}
		}
		kore_free(item);
	}
	PQclear(prepare_error);
	conn->doubtful = false;
}

/*
 * An error without SQLSTATE is libpq's own, as when memory ran out: it may stand in the place of any answer, and whose
 * the next ones are is not known any more. Nor is it when an answer does not fit what was asked.
 */
static bool
conn_is_astray(const struct pg_conn *conn, const PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_PIPELINE_SYNC:
		return (conn->current != NULL && conn->current->group == conn->received);
	case PGRES_PIPELINE_ABORTED:
		return (conn->current == NULL);
	case PGRES_TUPLES_OK:
		return (conn->current == NULL || conn->current->call == NULL);
	case PGRES_COMMAND_OK:
		return (conn->current == NULL || conn->current->call != NULL);
	default:
		return (PQresultErrorField(result, PG_DIAG_SQLSTATE) == NULL);
	}
}

static void
conn_receive(struct pg_conn *conn)
{
	PGresult *result;
	bool was_null = false;

	while (conn->state == PG_CONN_READY && !PQisBusy(conn->db)) {
		if ((result = PQgetResult(conn->db)) == NULL) {
			if (conn->current != NULL && conn->current->result != NULL)
				conn->current = TAILQ_NEXT(conn->current, list);
			else if (was_null)
				break;
			was_null = true;
			continue;
		}
		was_null = false;
		if (conn_is_astray(conn, result)) {
			conn_down(conn, PQresultErrorMessage(result));
			PQclear(result);
		} else if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
			PQclear(result);
			conn_settle(conn);
		} else if (conn->current == NULL) {
			log_line(LEVEL_WARN, "database: %s", PQresultErrorMessage(result));
			PQclear(result);
		} else {
			PQclear(conn->current->result);
			conn->current->result = result;
		}
	}
}

static void
conn_event(void *arg, int error)
{
	struct pg_conn *conn = arg;
	int left;

	(void)error; /* what there is to read comes first, and tells more */
	if (conn->state == PG_CONN_CONNECTING) {
		conn_connect(conn);
		return;
	}
	if (conn->state != PG_CONN_READY)
		return;
	conn->heard_at_ms = kore_time_ms();
	if (!PQconsumeInput(conn->db)) {
		conn_receive(conn);
		if (conn->state == PG_CONN_READY)
			conn_down(conn, PQerrorMessage(conn->db));
		return;
	}
	conn_receive(conn);
	if (conn->state != PG_CONN_READY)
		return;
	if (PQstatus(conn->db) == CONNECTION_BAD || (left = PQflush(conn->db)) < 0)
		conn_down(conn, PQerrorMessage(conn->db));
	else
		conn_watch_for(conn, left > 0);
}

/* From the janitor: gives up on a connection that stopped talking. */
void
pg_conn_check(struct pg_conn *conn, uint64_t now)
{
	struct pg_item *oldest = TAILQ_FIRST(&conn->items);
	uint64_t limit = (uint64_t)config.statement_timeout_ms + SILENCE_MS;

	if (conn->state == PG_CONN_CONNECTING && now >= conn->connect_by_ms) {
		conn->first_server++;
		conn_down(conn, "no answer");
	} else if (conn->state == PG_CONN_READY && oldest != NULL && now >= oldest->sent_at_ms + limit &&
	    now >= conn->heard_at_ms + limit)
		conn_down(conn, "no answer");
}
