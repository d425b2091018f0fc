/*
 * set.h
 *		Requests of one event, decided by one call in the order given: book_many() and so on.
 *
 * Each has the outcome that the single function would have had at its turn: the result, or the refusal; a refused one
 * leaves nothing behind, and its neighbours stand. All other errors are errors of the whole call.
 *
 * A set of one is the single call and waits where that waits. A larger one waits for the event, and for nothing else that a
 * caller may keep: where it meets a key that somebody else is using, that request is told so (55P03, UNAVAILABLE), undecided,
 * to come again by itself.
 *
 * Where all requests name what they take (seats, holds), it has Q shared: sets and single calls go on beside it, and each
 * finds its own rows. Where somebody is in its way (a seat, a hold, a user's other call), all of it is undone and begins again
 * with Q exclusive. So does any other set at once: of stock by number each would take from the stripes of all, and one that
 * is alone with the event has no need to lock rows.
 */
#ifndef EV_SET_H
#define EV_SET_H

#include "fmgr.h"

#include "tuple.h"

typedef struct EvSetKind
{
	/*
	 * The single function: of its arguments, a row of its result type to be filled. It writes nothing, but what a batch
	 * (batch.h) forgets again and row locks, before it can be refused no more.
	 */
	Datum (*serve)(FunctionCallInfo call, EvRow row);
	/* Does the request name what it takes? NULL: none does. */
	bool (*names)(FunctionCallInfo call);
} EvSetKind;

/*
 * (event_id, requests[]), each with the other arguments of the single function: its outcomes, in the order of the requests.
 */
extern Datum ev_set_run(FunctionCallInfo fcinfo, const EvSetKind *kind);

#endif
