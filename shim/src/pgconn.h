/*
 * One connection of pgpipe: connecting, sending, receiving, losing. Used by pgpipe.c alone.
 *
 *	DOWN -> CONNECTING -> READY -> DOWN, and CONNECTING -> DOWN with a longer pause each time.
 *
 * `items` is what is in flight, in the order sent: calls, and the Prepare messages before them. Items of one group
 * end with the same Sync. `current` is the first item whose result has not come yet. Connections are never freed,
 * so an event that comes late finds valid memory.
 */
#ifndef EV_PGCONN_H
#define EV_PGCONN_H

#include <kore/kore.h>

#include "pgpipe.h"

enum pg_conn_state { PG_CONN_DOWN, PG_CONN_CONNECTING, PG_CONN_READY };

struct pg_statement {
	char name[8];
	char *sql;
	int value_count;
};

struct pg_item {
	struct pg_call *call; /* NULL: a Prepare */
	int statement;
	uint64_t group;
	uint64_t sent_at_ms;
	PGresult *result;
	TAILQ_ENTRY(pg_item) list;
};

TAILQ_HEAD(pg_items, pg_item);
TAILQ_HEAD(pg_calls, pg_call);

struct pg_conn {
	struct kore_event event; /* Kore wants it first */
	struct pg_lane *lane;
	PGconn *db;
	enum pg_conn_state state;
	bool failing; /* the last attempt to connect failed */
	bool waits_to_write; /* or else to read alone */
	uint64_t retry_at_ms, connect_by_ms;
	unsigned int pause_ms;
	unsigned int first_server; /* of those that the connection string names */
	struct pg_items items;
	struct pg_item *current;
	int call_count; /* calls among the items */
	uint64_t group; /* the group that is being filled */
	uint64_t received; /* groups below it have had their Sync */
	uint64_t heard_at_ms;
	bool doubtful; /* what the oldest group did may be lost, should the primary be */
	bool prepared[PG_STATEMENTS_MAX];
};

struct pg_lane {
	enum pg_lane_id id;
	struct pg_conn *conns;
	int conn_count;
	int window; /* calls in flight on one connection */
	struct pg_calls queue, refused;
	int queued;
	int pending;
};

void pg_conn_init(struct pg_conn *conn, struct pg_lane *lane);
void pg_conn_start(struct pg_conn *conn);
void pg_conn_send(struct pg_conn *conn, struct pg_call *call);
void pg_conn_sync(struct pg_conn *conn);
void pg_conn_check(struct pg_conn *conn, uint64_t now);

/* pgpipe.c */
const struct pg_statement *pg_statement_get(int statement);
void pg_call_finish(struct pg_lane *lane, struct pg_call *call, enum pg_outcome outcome, PGresult *result);
void pg_requeue(struct pg_lane *lane, struct pg_call *call);

#endif
