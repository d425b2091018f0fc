/*
 * limit.h
 *		How much one user may have of an event: tickets in a booking, live holds, tickets in all. A waitlist entry
 *		counts as the hold that it may become.
 *
 * What is counted of a user is counted after U, or under Q exclusive, which keeps everybody out: nothing of it appears or
 * grows between the count and the commit. House seats (block.c) count against nobody.
 */
#ifndef EV_LIMIT_H
#define EV_LIMIT_H

#include "event.h"
#include "request.h"

/* LIMIT_EXCEEDED: more than a booking may have. */
extern void ev_limit_booking(const EvRequest *request, const EvEvent *event);

/* HOLD_LIMIT, LIMIT_EXCEEDED: more than the user may have, with what he has at that time. */
extern void ev_limit_user(const EvRequest *request, const EvEvent *event, TimestampTz clock);

#endif
