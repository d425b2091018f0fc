/*
 * attempt.h
 *		Work that may be refused without ending the call: in a subtransaction, so that a refusal leaves neither rows nor
 *		locks of its own behind.
 */
#ifndef EV_ATTEMPT_H
#define EV_ATTEMPT_H

typedef void (*EvWork)(void *argument);

/* NULL where the work was done; the message of its refusal (errors.def) where not. Any other error goes on. */
extern char *ev_attempt(EvWork work, void *argument);

#endif
