/*
 * seat.h
 *		Numbered seats of an event and who has them.
 *
 *		free -> held until a time -> sold -> free (cancelled);  held -> free (released, or its time is over)
 *
 * Invariants
 *	1. A seat has one owner at most: a booking, or a hold until held_until. From held_until on it is free for everyone,
 *	   whatever its row still says.
 *	2. Its owner changes only under its row lock, looked at again after the lock was granted; rows are locked in order
 *	   of their ordinals.
 *	3. A takeover of an expired seat touches the seat only, never the hold that had it: that hold finds its seat gone.
 */
#ifndef EV_SEAT_H
#define EV_SEAT_H

#include "storage/itemptr.h"

#include "event.h"

typedef struct EvSeat
{
	int ordinal;
	char *label;
	int section;		   /* index into the event's sections */
	ItemPointerData place; /* of its row */
	bool is_sold;
	bool was_held; /* taken over from an expired hold: stock is unchanged */
	TimestampTz held_until;
} EvSeat;

/* Who is to have the seats. */
typedef struct EvSeatOwner
{
	const pg_uuid_t *hold_id; /* until held_until */
	TimestampTz held_until;
	const pg_uuid_t *booking_id;
} EvSeatOwner;

/*
 * Seats by label or by layout id, in order of their ordinals, nothing locked. SEAT_NOT_FOUND names those that are not
 * there; SEATS_UNAVAILABLE those that are taken for certain (committed and not expired at this moment); a seat named
 * twice is a VALIDATION_ERROR.
 */
extern EvSeat *ev_seats_find(EvEvent *event, char *const *names, int n);

/* Lock those rows and refuse with SEATS_UNAVAILABLE unless all are free, by a clock read after that. */
extern void ev_seats_lock_free(const EvEvent *event, EvSeat *seats, int n);

/*
 * Lock the n best free seats of a section (pick.h), together where that can be, passing by seats that others are deciding
 * about; NULL if there are less. Some may be locked then: call it in a subtransaction.
 */
extern EvSeat *ev_seats_pick(EvEvent *event, const EvSection *section, int n, TimestampTz clock);

/* A seat of a hold; the ordinals ascend. */
typedef struct EvHeldSeat
{
	int ordinal;
	char *label;
	pg_uuid_t section_id;
	ItemPointerData place; /* of its row */
	bool is_carried;	   /* by the hold, when it was looked at last */
} EvHeldSeat;

/* Nothing locked; lock them, and how many still carry the hold; sell them. */
extern EvHeldSeat *ev_seats_held(const pg_uuid_t *event_id, const int *ordinals, int n, const pg_uuid_t *hold_id);
extern int ev_seats_lock_held(const pg_uuid_t *event_id, EvHeldSeat *seats, int n, const pg_uuid_t *hold_id);
extern void ev_seats_sell(const pg_uuid_t *event_id, EvHeldSeat *seats, int n, const pg_uuid_t *hold_id,
						  const pg_uuid_t *booking_id);

extern void ev_seats_give(const EvEvent *event, EvSeat *seats, int n, EvSeatOwner owner);

#endif
