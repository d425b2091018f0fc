/*
 * Shared commits: requests of one kind for one event travel to the database together.
 *
 * The first request for an event is sent at once. Those that arrive while it is under way wait, and leave as the next
 * set when it is back: one call of a ..._many function, one transaction, one commit. So a quiet event waits for nothing,
 * and a hot one needs no more commits than it can have. A set of one is the single call of its route.
 *
 * Fairness: of each kind and event one set is queued or under way, in the write lane with all other writes, which take
 * turns there. It is filled at the moment when it is sent.
 *
 * Bounds: EVENTLY_SET_QUEUE requests wait in a worker, and of one kind and event no more than there are places left. So
 * however many want one event, there is room for those who want another. Who finds none, or waits longer than
 * EVENTLY_REQUEST_TIMEOUT, is told so with nothing done.
 *
 * Failure: what a set leaves open (somebody else is busy with the same rows, a session that counts no more) goes alone, so
 * that its neighbours need not wait. Those of a set that failed as a whole are sent again in parts, before all others,
 * unless time ran out, which would only run out again. When the connection breaks, nobody knows the outcome of any of
 * them. A request whose client has left is served all the same.
 */
#ifndef EV_SET_H
#define EV_SET_H

struct request;

void set_prepare(void);
void set_join(struct request *rq);
void set_levels(void);

#endif
