/*
 * set.h
 *		Requests of one event, decided by one call in the order given: book_many() and so on.
 *
 * Each has the outcome that the single function would have had at its turn: the result, or the refusal; a refused one
 * leaves nothing behind, and its neighbours stand. All other errors are errors of the whole call.
 *
 * A set of one is the single call and waits where that waits. A larger one waits for the event, Q exclusive, and for
 * nothing else: where it meets a key that somebody else is using, that request is told so (55P03, UNAVAILABLE), undecided,
 * to come again by itself. Beside it nobody changes anything of the event, so it locks no row. Two sets at once would gain
 * little: one fills a processor.
 */
#ifndef EV_SET_H
#define EV_SET_H

#include "fmgr.h"

#include "tuple.h"

/*
 * The single function: of its arguments, a row of its result type to be filled. It writes nothing, but what a batch (batch.h)
 * forgets again and row locks, before it can be refused no more.
 */
typedef Datum (*EvServe)(FunctionCallInfo call, EvRow row);

/*
 * (event_id, requests[]), each with the other arguments of the single function: its outcomes, in the order of the requests.
 */
extern Datum ev_set_run(FunctionCallInfo fcinfo, EvServe serve);

#endif
