#include <string.h>

#include <kore/kore.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "answer.h"
#include "call.h"
#include "coalesce.h"
#include "config.h"
#include "metrics.h"
#include "reply.h"

#define BUCKETS 1024

/* A call and those who wait for it. Its values are the first one's, who stays as long as it does. */
struct flight {
	struct pg_call call;
	int value_count;
	uint64_t started_us;
	struct requests waiting;
	int wanted_by; /* those of them whose client is still there */
	struct flight *next; /* gathers while this one is in flight */
	LIST_ENTRY(flight) list;
};

static LIST_HEAD(, flight) buckets[BUCKETS];

static size_t
bucket_of(const struct request *rq)
{
	XXH64_hash_t hash = (XXH64_hash_t)rq->route->statement;
	const char *value;
	int i;

	for (i = 0; i < rq->route->binding_count; i++) {
		value = rq->call.values[i];
		hash = XXH3_64bits_withSeed(value, value != NULL ? strlen(value) + 1 : 0, hash);
	}
	return (hash % BUCKETS);
}

static bool
asks_the_same(const struct flight *flight, const struct request *rq)
{
	const char *a, *b;
	int i;

	if (flight->call.statement != rq->route->statement)
		return (false);
	for (i = 0; i < flight->value_count; i++) {
		a = flight->call.values[i];
		b = rq->call.values[i];
		if ((a == NULL) != (b == NULL) || (a != NULL && strcmp(a, b) != 0))
			return (false);
	}
	return (true);
}

static void
join(struct flight *flight, struct request *rq)
{
	request_hold(rq);
	rq->flight = flight;
	rq->call_started_us = clock_us();
	TAILQ_INSERT_TAIL(&flight->waiting, rq, shared);
	flight->wanted_by++;
	flight->call.unwanted = false;
}

/* Tells one of those who waited. */
static void
arrive(struct flight *flight, struct request *rq, struct answer *answer)
{
	rq->flight = NULL;
	rq->database_us += clock_us() - rq->call_started_us;
	if (answer != NULL)
		reply_answer(rq, rq->route->status, answer_hold(answer));
	else
		(void)call_has_row(rq, &flight->call);
	request_release(rq);
}

static struct answer *
answer_of(const struct pg_call *call)
{
	if (call->outcome != PG_ROWS || PQntuples(call->result) < 1 || PQgetisnull(call->result, 0, 0))
		return (NULL);
	return (answer_of_row(call->result));
}

/* Everybody who waits has the same answer; the call that gathered meanwhile is next. */
static void
flight_done(struct pg_call *call)
{
	struct flight *flight = call->arg;
	struct answer *answer = answer_of(call);
	struct request *rq;

	metrics_call(call, clock_us() - flight->started_us);
	if (flight->next != NULL) {
		LIST_INSERT_AFTER(flight, flight->next, list);
		pg_submit(&flight->next->call);
	}
	LIST_REMOVE(flight, list);
	while ((rq = TAILQ_FIRST(&flight->waiting)) != NULL) {
		TAILQ_REMOVE(&flight->waiting, rq, shared);
		if (TAILQ_FIRST(&flight->waiting) != NULL)
			METRIC_ADD(metrics->coalesced, 1);
		arrive(flight, rq, answer);
	}
	if (answer != NULL)
		answer_release(answer);
	else
		PQclear(call->result);
	kore_free(flight);
}

static struct flight *
flight_new(struct request *rq)
{
	struct flight *flight;

	flight = kore_calloc(1, sizeof(*flight));
	flight->call.statement = rq->route->statement;
	flight->value_count = rq->route->binding_count;
	memcpy(flight->call.values, rq->call.values, sizeof(flight->call.values));
	flight->call.deadline_ms = kore_time_ms() + (uint64_t)config.request_timeout_ms;
	flight->call.done = flight_done;
	flight->call.arg = flight;
	flight->started_us = clock_us();
	TAILQ_INIT(&flight->waiting);

	return (flight);
}

/* The request's values are bound; answers it with the call of its route. */
void
coalesce_call(struct request *rq)
{
	size_t bucket = bucket_of(rq);
	struct flight *flight;

	LIST_FOREACH(flight, &buckets[bucket], list) {
		if (asks_the_same(flight, rq))
			break;
	}
	if (flight == NULL) {
		flight = flight_new(rq);
		LIST_INSERT_HEAD(&buckets[bucket], flight, list);
		pg_submit(&flight->call);
	} else if (flight->call.sent) {
		if (flight->next == NULL)
			flight->next = flight_new(rq);
		flight = flight->next;
	}
	join(flight, rq);
}

/* The client is gone. */
void
coalesce_leave(struct request *rq)
{
	if (rq->flight != NULL && --rq->flight->wanted_by == 0)
		rq->flight->call.unwanted = true;
}
