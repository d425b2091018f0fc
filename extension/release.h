/*
 * release.h
 *		The one release routine, through which every door gives back seats and stock, as reserve.h takes them: holds
 *		released, expired or declined, bookings cancelled whole or in part, events cancelled, capacity raised.
 *
 *		release = ev_release_begin(event_id);				Q, then the event as it is
 *		... lock the hold or booking, decide ...
 *		ev_release_hold(release, hold);						its seats, once for each hold,
 *		ev_release_tickets(release, booking, tickets, n);	booking (its seats are locked only),
 *		ev_release_places(release, section, n);				or section made larger
 *		clock = ev_release_end(release);					T, stock
 *		... write what became of the hold or booking ...
 *		ev_release_seats(booking, tickets, n);				and free its seats
 *		ev_release_hand_over(release, clock);				to those who wait for it
 *
 * Invariant: what is given back is credited once, to every pool that it counted in, in the transaction that frees the
 * seats. Who calls has locked the hold or booking and seen that it still has them. Where somebody waits, Q is exclusive, and
 * what is given back is his before anybody else can take it (waitlist.h).
 */
#ifndef EV_RELEASE_H
#define EV_RELEASE_H

#include "booking.h"
#include "hold.h"
#include "pool.h"

typedef struct EvRelease
{
	EvEvent *event;
	int *places; /* given back, by section */
	EvPoolIds pools;
	int *uses; /* given back, by pool */
} EvRelease;

extern EvRelease *ev_release_begin(const pg_uuid_t *event_id);
/* The same for a caller that has Q exclusive. */
extern EvRelease *ev_release_continue(const pg_uuid_t *event_id);

extern void ev_release_hold(EvRelease *release, const EvHold *hold);
extern void ev_release_tickets(EvRelease *release, const EvBooking *booking, const EvTicket *tickets, int n);
extern void ev_release_places(EvRelease *release, int section, int n);

/* The seats of tickets that were given back, once nothing can refuse it any more. */
extern void ev_release_seats(const EvBooking *booking, const EvTicket *tickets, int n);

/* The moment of the release, read after the last lock. */
extern TimestampTz ev_release_end(EvRelease *release);

/* All of it for a hold that is active and goes back alone, settled. */
extern TimestampTz ev_release_whole_hold(EvRelease *release, EvHold *hold);

/* What becomes of a hold that was given back: released, or where it was over expired; an offer's waitlist entry ends with it. */
extern void ev_release_settle(EvHold *hold, TimestampTz clock);
/* How that is told: HOLD_RELEASED, HOLD_EXPIRED. */
extern const char *ev_release_news(const EvHold *hold);

/* The last step: whoever waits is served. */
extern void ev_release_hand_over(const EvRelease *release, TimestampTz clock);

/* Q exclusive: turn all expired holds of the event to status expired and credit them. The caller hands over. */
extern void ev_release_expired(const pg_uuid_t *event_id, TimestampTz clock);

#endif
