#include <string.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "bind.h"
#include "call.h"
#include "coalesce.h"
#include "config.h"
#include "log.h"
#include "metrics.h"
#include "reply.h"
#include "set.h"

/* The request waits for the database from now on. */
void
call_begin(struct request *rq)
{
	request_hold(rq);
	rq->call_started_us = clock_us();
	rq->call.deadline_ms = kore_time_ms() + (uint64_t)config.request_timeout_ms;
}

/* Until now. Whoever goes on with the request lets go of it afterwards. */
void
call_waited(struct request *rq)
{
	rq->database_us += clock_us() - rq->call_started_us;
}

static void
call_done(struct pg_call *call)
{
	struct request *rq = call->arg;

	metrics_call(call, clock_us() - rq->call_started_us);
	call_waited(rq);
	rq->call_done(rq);
	request_release(rq);
}

/* The values must be in rq->call.values; those not set are NULL. */
void
call_statement(struct request *rq, int statement, enum pg_lane_id lane, void (*done)(struct request *rq))
{
	call_begin(rq);
	rq->call.statement = statement;
	rq->call.lane = lane;
	rq->call.done = call_done;
	rq->call.arg = rq;
	rq->call_done = done;
	pg_submit(&rq->call);
}

/* Is there a row? If not, the request has been answered. */
bool
call_has_row(struct request *rq, const struct pg_call *call)
{
	if (call->outcome != PG_ROWS) {
		reply_database(rq, call);
		return (false);
	}
	if (PQntuples(call->result) < 1 || PQgetisnull(call->result, 0, 0)) {
		log_line(LEVEL_ERROR, "request %s: the database answered no row", rq->id);
		reply_error(rq, 500, "INTERNAL_ERROR", NULL, "Something went wrong on our side");
		return (false);
	}
	return (true);
}

bool
call_row(struct request *rq)
{
	if (call_has_row(rq, &rq->call))
		return (true);
	PQclear(rq->call.result);

	return (false);
}

/* The row's text as a copy of the request's own; the result is gone and the values are free for the next call. */
char *
call_take_row(struct request *rq)
{
	char *text;

	text = arena_copy(&rq->arena, PQgetvalue(rq->call.result, 0, 0), (size_t)PQgetlength(rq->call.result, 0, 0));
	PQclear(rq->call.result);
	memset(rq->call.values, 0, sizeof(rq->call.values));

	return (text);
}

void
call_route_done(struct request *rq)
{
	if (!call_row(rq))
		return;
	if (rq->route->keyed && PQgetvalue(rq->call.result, 0, 1)[0] == 't')
		rq->replayed = true;
	reply_row(rq, rq->route->status, rq->call.result);
}

void
call_route_alone(struct request *rq)
{
	call_statement(rq, rq->route->statement, rq->route->lane, call_route_done);
}

void
call_route(struct request *rq)
{
	if (!bind_call(rq))
		return;
	if (rq->route->shared)
		coalesce_call(rq);
	else if (rq->route->set != NULL)
		set_join(rq);
	else
		call_route_alone(rq);
}
