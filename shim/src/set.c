#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "answer.h"
#include "call.h"
#include "config.h"
#include "log.h"
#include "metrics.h"
#include "reply.h"
#include "set.h"
#include "value.h"

#define BUCKETS        1024
#define ALONE_TIMEOUTS 10 /* so that waiting in vain takes a tenth of the time at most */

/* The columns of an answer, see placeholder.c. */
enum { PLACE, RESULT, REPLAYED, SQLSTATE, MESSAGE, DETAIL, HINT };

/* Requests of one kind for one event; it is there as long as its call is queued or under way. */
struct group {
	LIST_ENTRY(group) list;
	int kind; /* the statement of its sets */
	unsigned char event_id[16];
	struct requests waiting;
	int waiting_count;
	int suspects; /* so many of them, from the first on, have been in a set that failed */
	int portion; /* how many of those may travel together */
	uint64_t alone_until_ms; /* somebody holds on to the event, which a single call need not wait for */
	struct request *set[SET_MAX]; /* under way */
	int set_count;
	struct arena arena; /* of the values under way */
	uint64_t started_us;
	struct pg_call call;
};

static LIST_HEAD(group_list, group) groups[BUCKETS];
static int event_statement, waiting_count, under_way_count;

void
set_prepare(void)
{
	event_statement = pg_statement_add("SELECT evently.get_event_id(id => $1::uuid)", 1);
}

/* How many requests wait, and how many sets are under way. */
void
set_levels(void)
{
	METRIC_SET(metrics->sets.waiting, waiting_count);
	METRIC_SET(metrics->sets.under_way, under_way_count);
}

static struct request *
take_waiting(struct group *group)
{
	struct request *rq = TAILQ_FIRST(&group->waiting);

	TAILQ_REMOVE(&group->waiting, rq, shared);
	group->waiting_count--;
	group->suspects -= group->suspects > 0;
	waiting_count--;

	return (rq);
}

/* The same end as that of a call of its own. */
static void
finish(struct request *rq, enum pg_outcome outcome, PGresult *result)
{
	rq->call.outcome = outcome;
	rq->call.result = result;
	call_waited(rq);
	call_route_done(rq);
	request_release(rq);
}

/* Values of many requests: an array for each, but for the event. */
static void
fill_arrays(struct group *group, const struct route *route)
{
	const char *texts[SET_MAX];
	bool given;
	int i, k;

	group->call.statement = route->set_statement;
	group->call.values[0] = group->set[0]->call.values[0];
	for (i = 1; i < route->binding_count; i++) {
		for (given = false, k = 0; k < group->set_count; k++) {
			texts[k] = group->set[k]->call.values[i];
			given = given || texts[k] != NULL;
		}
		/* No array is as good as one of nulls. */
		group->call.values[i] = given ? value_array(texts, group->set_count, &group->arena) : NULL;
	}
}

/* How many may travel now. */
static int
group_room(const struct group *group)
{
	if (kore_time_ms() < group->alone_until_ms)
		return (1);
	if (group->suspects == 0)
		return (config.set_max);
	return (group->portion < group->suspects ? group->portion : group->suspects);
}

/* Whoever waits boards, as far as there is room. */
static void
group_fill(struct pg_call *call)
{
	struct group *group = call->arg;
	const struct route *route;
	int room = group_room(group);

	if (group->set_count > 0)
		return; /* sent again: its statement was not known any more */
	while (group->waiting_count > 0 && group->set_count < room)
		group->set[group->set_count++] = take_waiting(group);
	route = group->set[0]->route;
	if (group->set_count > 1) {
		fill_arrays(group, route);
	} else {
		call->statement = route->statement;
		memcpy(call->values, group->set[0]->call.values, sizeof(call->values));
	}
	under_way_count++;
	metrics_set(group->set_count);
}

static void
go_alone(struct request *rq)
{
	uint64_t deadline_ms = rq->call.deadline_ms;

	METRIC_ADD(metrics->sets.alone, 1);
	call_waited(rq);
	call_route_alone(rq);
	rq->call.deadline_ms = deadline_ms;
	request_release(rq);
}

static void
refuse(struct request *rq, const struct refusal *refusal)
{
	call_waited(rq);
	reply_refusal(rq, refusal);
	request_release(rq);
}

static void
answer(struct request *rq, const char *json, size_t len, bool replayed)
{
	call_waited(rq);
	rq->replayed = replayed;
	reply_json(rq, rq->route->status, arena_copy(&rq->arena, json, len), len);
	request_release(rq);
}

/* NULL where it is null. */
static const char *
field(const PGresult *result, int row, int column)
{
	return (PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column));
}

/* Answers a request with its row; false when the row leaves it open, as somebody else is busy with what it wants. */
static bool
settle(struct request *rq, const PGresult *result, int row)
{
	const struct refusal refusal = {
		.sqlstate = field(result, row, SQLSTATE),
		.message = field(result, row, MESSAGE),
		.detail = field(result, row, DETAIL),
		.hint = field(result, row, HINT),
	};

	if (!PQgetisnull(result, row, RESULT))
		answer(rq, PQgetvalue(result, row, RESULT), (size_t)PQgetlength(result, row, RESULT),
		    PQgetvalue(result, row, REPLAYED)[0] == 't');
	else if (refusal.sqlstate != NULL && strcmp(refusal.sqlstate, "55P03") != 0)
		refuse(rq, &refusal);
	else
		return (false);
	return (true);
}

static void
settle_all(struct request **set, int count, const PGresult *result)
{
	bool settled[SET_MAX] = { false };
	int row, i;

	for (row = 0; row < PQntuples(result); row++) {
		i = atoi(PQgetvalue(result, row, PLACE)) - 1;
		if (i >= 0 && i < count && !settled[i])
			settled[i] = settle(set[i], result, row);
	}
	for (i = 0; i < count; i++) {
		if (!settled[i])
			go_alone(set[i]);
	}
}

/* Does it make sense to try in parts what failed together? Not where time or the server's means ran out. */
static bool
may_be_divided(const char *state)
{
	return (state != NULL && strncmp(state, "57", 2) != 0 && strncmp(state, "53", 2) != 0);
}

/*
 * Back to the front of the queue, to be sent in smaller parts, so that what made it fail is soon alone: halves, and twice
 * as many after each part that did not fail. Where the event was not to be had, one by one for a while, as each further
 * set might wait as long for it. Only this event waits while they do.
 */
static void
divide(struct group *group, const char *state)
{
	int i;

	METRIC_ADD(metrics->sets.divided, 1);
	group->portion = group->set_count / 2;
	if (strcmp(state, "55P03") == 0)
		group->alone_until_ms = kore_time_ms() + ALONE_TIMEOUTS * (uint64_t)config.lock_timeout_ms;
	for (i = group->set_count - 1; i >= 0; i--)
		TAILQ_INSERT_HEAD(&group->waiting, group->set[i], shared);
	group->suspects += group->set_count;
	group->waiting_count += group->set_count;
	waiting_count += group->set_count;
	group->set_count = 0;
}

/* Told what became of the whole. */
static void
fail(struct request *rq, const struct pg_call *call)
{
	call_waited(rq);
	reply_database(rq, call);
	request_release(rq);
}

static const char *
reason_of(const struct pg_call *call)
{
	switch (call->outcome) {
	case PG_REFUSED:
		return (PQresultErrorMessage(call->result));
	case PG_LOST:
		return ("the database did not confirm the outcome");
	case PG_BUSY:
		return ("no connection was free in time");
	default:
		return ("the database is away");
	}
}

/* The set is back, of more than one. */
static void
unload(struct group *group)
{
	struct pg_call *call = &group->call;
	const char *state = call->outcome == PG_REFUSED ? PQresultErrorField(call->result, PG_DIAG_SQLSTATE) : NULL;
	int i;

	if (call->outcome == PG_ROWS) {
		settle_all(group->set, group->set_count, call->result);
	} else {
		log_line(LEVEL_WARN, "a set of %d failed: %s", group->set_count, reason_of(call));
		if (may_be_divided(state))
			divide(group, state);
		for (i = 0; i < group->set_count; i++)
			fail(group->set[i], call);
	}
	PQclear(call->result);
}

static void
group_submit(struct group *group)
{
	group->started_us = clock_us();
	group->call.deadline_ms = TAILQ_FIRST(&group->waiting)->call.deadline_ms;
	pg_submit(&group->call);
}

/* Nothing was sent: those who have waited for too long are told so, or everybody, when that is not the reason. */
static void
give_up(struct group *group)
{
	uint64_t now = kore_time_ms();
	bool late = group->call.deadline_ms <= now;

	while (group->waiting_count > 0 && (!late || TAILQ_FIRST(&group->waiting)->call.deadline_ms <= now))
		fail(take_waiting(group), &group->call);
}

static void
group_done(struct pg_call *call)
{
	struct group *group = call->arg;

	metrics_call(call, clock_us() - group->started_us);
	under_way_count -= group->set_count > 0;
	if (group->portion < SET_MAX)
		group->portion *= 2;
	if (group->set_count == 0)
		give_up(group);
	else if (group->set_count == 1)
		finish(group->set[0], call->outcome, call->result);
	else
		unload(group);
	group->set_count = 0;
	arena_free(&group->arena);
	if (group->waiting_count > 0) {
		group_submit(group);
		return;
	}
	LIST_REMOVE(group, list);
	kore_free(group);
}

static struct group *
group_find(const struct group_list *bucket, int kind, const unsigned char *event_id)
{
	struct group *group;

	LIST_FOREACH(group, bucket, list) {
		if (group->kind == kind && memcmp(group->event_id, event_id, sizeof(group->event_id)) == 0)
			return (group);
	}
	return (NULL);
}

static struct group *
group_new(struct group_list *bucket, int kind, const unsigned char *event_id)
{
	struct group *group = kore_calloc(1, sizeof(*group));

	group->kind = kind;
	memcpy(group->event_id, event_id, sizeof(group->event_id));
	TAILQ_INIT(&group->waiting);
	group->call.lane = PG_WRITE;
	group->call.fill = group_fill;
	group->call.done = group_done;
	group->call.arg = group;
	LIST_INSERT_HEAD(bucket, group, list);

	return (group);
}

/* Its event is known. */
static void
join(struct request *rq)
{
	int kind = rq->route->set_statement, room = config.set_queue - waiting_count;
	unsigned char event_id[16];
	struct group_list *bucket;
	struct group *group;
	bool is_new;

	value_uuid_bytes(rq->call.values[0], event_id);
	bucket = &groups[XXH3_64bits_withSeed(event_id, sizeof(event_id), (XXH64_hash_t)kind) % BUCKETS];
	group = group_find(bucket, kind, event_id);
	is_new = group == NULL;
	call_begin(rq);
	if (room <= (is_new ? 0 : group->waiting_count)) {
		METRIC_ADD(metrics->sets.refused, 1);
		finish(rq, PG_BUSY, NULL);
		return;
	}
	if (is_new)
		group = group_new(bucket, kind, event_id);
	TAILQ_INSERT_TAIL(&group->waiting, rq, shared);
	group->waiting_count++;
	waiting_count++;
	if (is_new)
		group_submit(group);
}

/* Of what there is not, the call alone can say so. */
static void
event_found(struct request *rq)
{
	const char *event_id = NULL;

	if (rq->call.outcome == PG_ROWS && !PQgetisnull(rq->call.result, 0, 0))
		event_id = arena_copy(
		    &rq->arena, PQgetvalue(rq->call.result, 0, 0), (size_t)PQgetlength(rq->call.result, 0, 0));
	PQclear(rq->call.result);
	rq->call.values[0] = event_id;
	if (event_id != NULL)
		join(rq);
	else
		call_route_alone(rq);
}

/*
 * The values must be in rq->call.values. Where the first one, the event, was not given, it is that of the second, which
 * names a hold or a booking. While nothing else is written, there is nothing to be gained by finding that out.
 */
void
set_join(struct request *rq)
{
	if (config.set_max == 1 || (rq->call.values[0] == NULL && pg_pending_writes() == 0)) {
		call_route_alone(rq);
	} else if (rq->call.values[0] != NULL) {
		join(rq);
	} else {
		rq->call.values[0] = rq->call.values[1];
		call_statement(rq, event_statement, PG_READ, event_found);
	}
}
