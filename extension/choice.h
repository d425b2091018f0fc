/*
 * choice.h
 *		What a request is served from: the first section and ticket type, in their orders, that are open to it and have
 *		room.
 */
#ifndef EV_CHOICE_H
#define EV_CHOICE_H

#include "reserve.h"

/*
 * Sets the grant's section (by quantity), type and pools. Where there is but one choice it is tried without counting,
 * unless counted says so: then the choice has room in one snapshot, or the request is refused.
 */
extern void ev_choose(const EvRequest *request, EvGrant *grant, TimestampTz clock, bool counted);

#endif
