#include <string.h>

#include <kore/kore.h>

#include "config.h"
#include "metrics.h"
#include "pgconn.h"
#include "pgpipe.h"

#define JANITOR_MS  250
#define READ_WINDOW 256
#define BULK_CONNS  2

static struct pg_conn read_conn, bulk_conns[BULK_CONNS], write_conns[64];
static struct pg_lane lanes[PG_LANES] = {
	[PG_READ] = { .id = PG_READ, .conns = &read_conn, .conn_count = 1, .window = READ_WINDOW },
	[PG_BULK] = { .id = PG_BULK, .conns = bulk_conns, .conn_count = BULK_CONNS, .window = 1 },
	[PG_WRITE] = { .id = PG_WRITE, .conns = write_conns, .window = 1 },
};

static struct pg_statement statements[PG_STATEMENTS_MAX];
static int statement_count;

/* Routes that make one call, under several addresses, share its statement. */
int
pg_statement_add(const char *sql, int value_count)
{
	struct pg_statement *statement = &statements[statement_count];
	int i;

	for (i = 0; i < statement_count; i++) {
		if (strcmp(statements[i].sql, sql) == 0)
			return (i);
	}
	if (statement_count == PG_STATEMENTS_MAX || value_count > PG_VALUES_MAX)
		fatal("pgpipe: too many statements, or too many values in one");
	(void)snprintf(statement->name, sizeof(statement->name), "s%d", statement_count);
	statement->sql = kore_strdup(sql);
	statement->value_count = value_count;

	return (statement_count++);
}

const struct pg_statement *
pg_statement_get(int statement)
{
	return (&statements[statement]);
}

void
pg_call_finish(struct pg_lane *lane, struct pg_call *call, enum pg_outcome outcome, PGresult *result)
{
	lane->pending--;
	call->outcome = outcome;
	call->result = result;
	call->done(call);
}

void
pg_submit(struct pg_call *call)
{
	struct pg_lane *lane = &lanes[call->lane];

	call->attempts = 0;
	call->alone = false;
	call->sent = false;
	lane->pending++;
	if (lane->queued >= config.db_queue) {
		TAILQ_INSERT_TAIL(&lane->refused, call, queue);
		return;
	}
	lane->queued++;
	TAILQ_INSERT_TAIL(&lane->queue, call, queue);
}

/* A read that has to be sent again, before those that came after it. */
void
pg_requeue(struct pg_lane *lane, struct pg_call *call)
{
	call->sent = false;
	lane->queued++;
	TAILQ_INSERT_HEAD(&lane->queue, call, queue);
}

static struct pg_call *
queue_take(struct pg_lane *lane)
{
	struct pg_call *call = TAILQ_FIRST(&lane->queue);

	TAILQ_REMOVE(&lane->queue, call, queue);
	lane->queued--;

	return (call);
}

/* Is there a connection that is up, or one whose first attempt is still open? */
static bool
lane_usable(const struct pg_lane *lane)
{
	int i;

	for (i = 0; i < lane->conn_count; i++) {
		if (lane->conns[i].state == PG_CONN_READY ||
		    (lane->conns[i].state == PG_CONN_CONNECTING && !lane->conns[i].failing))
			return (true);
	}
	return (false);
}

/* Reconnects what must be up: the first connection always, the others while calls wait and nobody is free. */
static void
lane_connect(struct pg_lane *lane, uint64_t now)
{
	bool connecting = false;
	int i;

	for (i = 0; i < lane->conn_count; i++)
		connecting = connecting || lane->conns[i].state == PG_CONN_CONNECTING;
	for (i = 0; i < lane->conn_count; i++) {
		if (lane->conns[i].state != PG_CONN_DOWN || lane->conns[i].retry_at_ms > now)
			continue;
		if (i > 0 && (connecting || lane->queued == 0 || lane->conns[0].state != PG_CONN_READY))
			continue;
		pg_conn_start(&lane->conns[i]);
		connecting = true;
	}
}

static void
lane_send(struct pg_lane *lane, uint64_t now)
{
	struct pg_conn *conn;
	struct pg_call *call;
	int i;

	for (i = 0; i < lane->conn_count; i++) {
		conn = &lane->conns[i];
		while (conn->state == PG_CONN_READY && conn->call_count < lane->window && lane->queued > 0) {
			call = queue_take(lane);
			if (call->deadline_ms <= now || (call->unwanted && lane->id != PG_WRITE)) {
				pg_call_finish(lane, call, PG_BUSY, NULL);
				continue;
			}
			if (call->fill != NULL)
				call->fill(call);
			pg_conn_send(conn, call);
		}
		pg_conn_sync(conn);
	}
}

static void
lane_turn(struct pg_lane *lane, uint64_t now)
{
	struct pg_call *call;

	while ((call = TAILQ_FIRST(&lane->refused)) != NULL) {
		TAILQ_REMOVE(&lane->refused, call, queue);
		pg_call_finish(lane, call, PG_BUSY, NULL);
	}
	lane_send(lane, now);
	lane_connect(lane, now);
	while (lane->queued > 0 && !lane_usable(lane))
		pg_call_finish(lane, queue_take(lane), PG_UNAVAILABLE, NULL);
	while (lane->queued > 0 && TAILQ_FIRST(&lane->queue)->deadline_ms <= now)
		pg_call_finish(lane, queue_take(lane), PG_BUSY, NULL);
}

/* Once per turn of the event loop: sends what was submitted during it. */
void
pg_turn(void)
{
	uint64_t now = kore_time_ms();
	struct pg_lane *lane;

	for (lane = lanes; lane < lanes + PG_LANES; lane++)
		lane_turn(lane, now);
}

/* Looks for connections that say nothing any more; its regular run also makes the loop turn. */
static void
janitor(void *arg, u_int64_t now)
{
	struct pg_lane *lane;
	int i;

	(void)arg;
	for (lane = lanes; lane < lanes + PG_LANES; lane++) {
		for (i = 0; i < lane->conn_count; i++)
			pg_conn_check(&lane->conns[i], now);
	}
}

void
pg_start(void)
{
	struct pg_lane *lane;
	int i;

	lanes[PG_WRITE].conn_count = config.db_pool;
	for (lane = lanes; lane < lanes + PG_LANES; lane++) {
		TAILQ_INIT(&lane->queue);
		TAILQ_INIT(&lane->refused);
		for (i = 0; i < lane->conn_count; i++)
			pg_conn_init(&lane->conns[i], lane);
	}
	pg_turn();
	(void)kore_timer_add(janitor, JANITOR_MS, NULL, 0);
}

/* Calls that are queued or in flight. */
int
pg_pending(void)
{
	int pending = 0, i;

	for (i = 0; i < PG_LANES; i++)
		pending += lanes[i].pending;
	return (pending);
}

/* Those among them that write. */
int
pg_pending_writes(void)
{
	return (lanes[PG_WRITE].pending);
}

bool
pg_takes(enum pg_lane_id lane)
{
	return (lane_usable(&lanes[lane]));
}

/* How full the lanes are now. */
void
pg_levels(struct lane_metrics *levels)
{
	int i, k, ready;

	for (i = 0; i < PG_LANES; i++) {
		for (ready = 0, k = 0; k < lanes[i].conn_count; k++)
			ready += lanes[i].conns[k].state == PG_CONN_READY;
		METRIC_SET(levels[i].queued, lanes[i].queued);
		METRIC_SET(levels[i].pending, lanes[i].pending);
		METRIC_SET(levels[i].ready, ready);
	}
}
