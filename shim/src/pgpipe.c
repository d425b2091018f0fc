#include <string.h>

#include <kore/kore.h>

#include "config.h"
#include "metrics.h"
#include "pgconn.h"
#include "pgpipe.h"

#define JANITOR_MS  250
#define READ_WINDOW 256

static struct pg_conn read_conn, write_conns[64];
static struct pg_lane read_lane = { .conns = &read_conn, .conn_count = 1, .window = READ_WINDOW };
static struct pg_lane write_lane = { .conns = write_conns, .window = 1, .write = true };
static struct pg_lane *const lanes[] = { &read_lane, &write_lane };

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
	struct pg_lane *lane = call->write ? &write_lane : &read_lane;

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
			if (call->deadline_ms <= now || (call->unwanted && !lane->write)) {
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

	lane_turn(&read_lane, now);
	lane_turn(&write_lane, now);
}

/* Looks for connections that say nothing any more; its regular run also makes the loop turn. */
static void
janitor(void *arg, u_int64_t now)
{
	size_t i;
	int k;

	(void)arg;
	for (i = 0; i < sizeof(lanes) / sizeof(lanes[0]); i++) {
		for (k = 0; k < lanes[i]->conn_count; k++)
			pg_conn_check(&lanes[i]->conns[k], now);
	}
}

void
pg_start(void)
{
	size_t i;
	int k;

	write_lane.conn_count = config.db_pool;
	for (i = 0; i < sizeof(lanes) / sizeof(lanes[0]); i++) {
		TAILQ_INIT(&lanes[i]->queue);
		TAILQ_INIT(&lanes[i]->refused);
		for (k = 0; k < lanes[i]->conn_count; k++)
			pg_conn_init(&lanes[i]->conns[k], lanes[i]);
	}
	pg_turn();
	(void)kore_timer_add(janitor, JANITOR_MS, NULL, 0);
}

/* Calls that are queued or in flight. */
int
pg_pending(void)
{
	return (read_lane.pending + write_lane.pending);
}

/* Those among them that write. */
int
pg_pending_writes(void)
{
	return (write_lane.pending);
}

bool
pg_takes_writes(void)
{
	return (lane_usable(&write_lane));
}

/* How full the lanes, reads and writes, are now. */
void
pg_levels(struct lane_metrics *levels)
{
	int i, k, ready;

	for (i = 0; i < 2; i++) {
		for (ready = 0, k = 0; k < lanes[i]->conn_count; k++)
			ready += lanes[i]->conns[k].state == PG_CONN_READY;
		METRIC_SET(levels[i].queued, lanes[i]->queued);
		METRIC_SET(levels[i].pending, lanes[i]->pending);
		METRIC_SET(levels[i].ready, ready);
	}
}
