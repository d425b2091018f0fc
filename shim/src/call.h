/*
 * A request and a query: call_route() answers a request with the SQL call of its route, alone or in a set (set.h);
 * call_statement() runs any statement for a handler that goes on in `done`. The request is held until `done` has run.
 *
 * `done` finds the outcome in rq->call and owns its result; call_row() takes the usual way out of everything but one
 * row: it replies and returns false. call_has_row() does so for a call whose result is somebody else's.
 */
#ifndef EV_CALL_H
#define EV_CALL_H

#include "request.h"

void call_route(struct request *rq);
void call_route_alone(struct request *rq);
void call_route_done(struct request *rq);
void call_statement(struct request *rq, int statement, enum pg_lane_id lane, void (*done)(struct request *rq));
void call_begin(struct request *rq);
void call_waited(struct request *rq);
bool call_has_row(struct request *rq, const struct pg_call *call);
bool call_row(struct request *rq);
char *call_take_row(struct request *rq);

#endif
