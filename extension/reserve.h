/*
 * reserve.h
 *		The one reservation routine, behind every door that takes seats or tickets: holds and direct bookings.
 *
 * It decides limits, sale window, stock and seats, and takes them; the caller then writes the hold or the booking.
 * When it refuses (an ERROR of errors.def) nothing is left behind. All or nothing: a request is never served in part.
 *
 * Locks, in the order of lock.h: U (holds only: their number per user is limited), Q shared, seat rows, one T per
 * touched section. Short of stock that is there all the same (scattered, or not yet committed by others): Q shared is let
 * go, Q exclusive taken, expired holds are reclaimed, and it is decided anew, exactly.
 */
#ifndef EV_RESERVE_H
#define EV_RESERVE_H

#include "event.h"
#include "request.h"
#include "seat.h"

typedef struct EvGrant
{
	EvEvent *event;
	TimestampTz clock;		/* the moment of the decision */
	TimestampTz expires_at; /* of a hold */
	int quantity;
	EvSection *section; /* by quantity: where */
	EvSeat *seats;		/* quantity of them, or NULL for general admission */
	Numeric *prices;	/* quantity of them, in the order of the seats */
	Numeric total;
} EvGrant;

extern EvGrant *ev_reserve(const EvRequest *request);

#endif
