/*
 * PostgreSQL from a worker: our own libpq connections in pipeline mode on Kore's event loop.
 *
 * Three lanes. Reads share one connection and travel in groups: what a turn of the event loop gathers ends with one
 * Sync. Those whose answers grow with what there is have a lane of their own, so that no small one stands behind them.
 * They and writes have connections that are made on demand, one transaction in flight on each.
 *
 * Invariants
 *  1. A call's `done` runs exactly once, from the event loop, never inside pg_submit().
 *  2. A group is one transaction, so nobody is answered before its Sync. A call whose neighbour failed is sent again
 *     under a Sync of its own.
 *  3. A read may be sent again after its connection was lost, a write never: its outcome is then PG_LOST.
 *  4. A call is either queued or in flight; queues are bounded, and a call past its deadline is not sent.
 *  5. While no connection is up or about to be, calls fail at once with PG_UNAVAILABLE.
 *
 * Statements are prepared on first use, connection by connection, so that a missing extension is the matter of a
 * request and mends itself. The caller owns the call and its values until `done`; `done` owns the result.
 */
#ifndef EV_PGPIPE_H
#define EV_PGPIPE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

#define PG_STATEMENTS_MAX 128
#define PG_VALUES_MAX     32

enum pg_outcome {
	PG_ROWS, /* result has the rows */
	PG_REFUSED, /* result has the error */
	PG_BUSY, /* the queue is full, or the deadline passed in it: nothing was done */
	PG_UNAVAILABLE, /* no database: nothing was done */
	PG_LOST, /* the connection broke in the middle of a write, or the standby has not confirmed it: nobody knows */
	PG_OUTCOMES,
};

enum pg_lane_id {
	PG_READ,
	PG_BULK, /* reads whose answers grow with an event, or with all that there is */
	PG_WRITE,
	PG_LANES,
};

struct lane_metrics;

struct pg_call {
	int statement;
	enum pg_lane_id lane;
	bool unwanted; /* nobody waits for it any more: a read is not sent then, a write is */
	const char *values[PG_VALUES_MAX];
	uint64_t deadline_ms;
	void (*fill)(struct pg_call *call); /* sets statement and values when it is sent; or NULL */
	void (*done)(struct pg_call *call);
	void *arg;

	enum pg_outcome outcome;
	PGresult *result;
	bool sent; /* an answer to it may be older than what is asked from now on */

	int attempts; /* pgpipe's own from here on */
	bool alone;
	TAILQ_ENTRY(pg_call) queue;
};

int pg_statement_add(const char *sql, int value_count);
void pg_start(void);
void pg_submit(struct pg_call *call);
void pg_turn(void);
int pg_pending(void);
int pg_pending_writes(void);
/* Would a call of the lane be sent, be it after a first attempt to connect? Otherwise it is refused. */
bool pg_takes(enum pg_lane_id lane);
void pg_levels(struct lane_metrics *levels);

#endif
