/*
 * attempt.h
 *		Work that may be refused without ending the call: in a subtransaction, so that a refusal leaves neither rows nor
 *		locks of its own behind.
 */
#ifndef EV_ATTEMPT_H
#define EV_ATTEMPT_H

#include "errors.h"

typedef void (*EvWork)(void *argument);

/* NULL where the work was done; its refusal where not. Any other error goes on. */
extern EvRefusal *ev_attempt(EvWork work, void *argument);

/* NULL where the work was done; the error that undid it where not. */
extern ErrorData *ev_attempt_at_all(EvWork work, void *argument);

/*
 * The same in a batch (batch.h), without a subtransaction: what it has added is forgotten, and locks stay. The work writes
 * nothing itself before it can be refused no more. declined: it cannot be done so; do it in a subtransaction.
 */
extern EvRefusal *ev_attempt_in_batch(EvWork work, void *argument, bool *declined);

#endif
