/*
 * Coalesced reads: public GETs that ask the same at the same time are answered by one call.
 *
 * Invariants
 *  1. A request only shares a call that has not been sent when it arrives, so what it is told is never older than its
 *     question. While a call is in flight, those that ask the same gather behind it for the next one.
 *  2. Of one question at most one call is in flight and one gathers, however many ask: what the database has to do does
 *     not grow with them.
 *  3. A question that nobody else asks is sent at once.
 *  4. Each request is answered once, with whatever became of its call.
 *
 * The call of a flight takes the mark of the last answer along, where one is kept (kept.h): then the answer may be that one.
 *
 * The same is: the same statement with the same values. Only routes whose answer depends on nothing else take part
 * (route.shared), so never one that looks at who is asking.
 */
#ifndef EV_COALESCE_H
#define EV_COALESCE_H

struct request;

void coalesce_call(struct request *rq);
void coalesce_leave(struct request *rq);

#endif
