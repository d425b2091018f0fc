#include <string.h>

#include <kore/kore.h>

#include "answer.h"
#include "call.h"
#include "coalesce.h"
#include "config.h"
#include "kept.h"
#include "metrics.h"
#include "question.h"
#include "reply.h"

#define BUCKETS 1024

/* A call and those who wait for it. Its values are the first one's, who stays as long as it does. */
struct flight {
	struct pg_call call;
	int value_count;
	struct answer *kept; /* what was told before, as long as it stands */
	uint64_t started_us;
	struct requests waiting;
	int wanted_by; /* those of them whose client is still there */
	struct flight *next; /* gathers while this one is in flight */
	LIST_ENTRY(flight) list;
};

static LIST_HEAD(, flight) buckets[BUCKETS];

/* What the flight asks, but for the mark. */
static struct question
question_of(const struct flight *flight)
{
	return ((struct question){ flight->call.statement, flight->value_count, flight->call.values });
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

/* Without a row, what was kept stands. NULL: there is no answer; otherwise the result is the answer's, or gone. */
static struct answer *
answer_of(struct flight *flight)
{
	const struct pg_call *call = &flight->call;
	struct question question = question_of(flight);
	struct answer *answer;

	if (call->outcome != PG_ROWS)
		return (NULL);
	if (PQntuples(call->result) == 0 && flight->kept != NULL) {
		METRIC_ADD(metrics->kept, 1);
		PQclear(call->result);
		return (answer_hold(flight->kept));
	}
	if (PQntuples(call->result) == 0 || PQgetisnull(call->result, 0, 0))
		return (NULL);
	answer = answer_of_row(call->result);
	if (answer_mark(answer) != NULL)
		kept_put(&question, answer);

	return (answer);
}

static void
let_go_of_kept(struct flight *flight)
{
	if (flight->kept != NULL)
		answer_release(flight->kept);
	flight->kept = NULL;
}

/* Of a route that is kept: as late as it can be, so that it is what those before were told. */
static void
flight_fill(struct pg_call *call)
{
	struct flight *flight = call->arg;
	struct question question = question_of(flight);

	let_go_of_kept(flight);
	flight->kept = kept_find(&question);
	call->values[flight->value_count] = flight->kept != NULL ? answer_mark(flight->kept) : NULL;
}

/* Everybody who waits has the same answer; the call that gathered meanwhile is next. */
static void
flight_done(struct pg_call *call)
{
	struct flight *flight = call->arg;
	struct answer *answer = answer_of(flight);
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
	let_go_of_kept(flight);
	kore_free(flight);
}

static struct flight *
flight_new(struct request *rq)
{
	struct flight *flight;

	flight = kore_calloc(1, sizeof(*flight));
	flight->call.statement = rq->route->statement;
	flight->call.lane = rq->route->lane;
	flight->value_count = rq->route->binding_count;
	memcpy(flight->call.values, rq->call.values, sizeof(flight->call.values));
	flight->call.fill = rq->route->kept ? flight_fill : NULL;
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
	struct question asked = { rq->route->statement, rq->route->binding_count, rq->call.values }, other;
	size_t bucket = question_hash(&asked) % BUCKETS;
	struct flight *flight;

	LIST_FOREACH(flight, &buckets[bucket], list) {
		other = question_of(flight);
		if (question_same(&other, &asked))
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
