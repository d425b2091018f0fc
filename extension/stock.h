/*
 * stock.h
 *		What is left of a section, spread over stripes: rows that buyers take from side by side.
 *
 * Invariants
 *	1. sum(stripes) = capacity - tickets not cancelled - quantity of every active hold, expired or not (for seats: of
 *	   the seats that still carry it).
 *	2. General admission: no stripe is negative (a CHECK). Reserved: only the sum counts, the seat rows are the guard.
 *	3. A stripe row is changed by whoever holds its T, or Q exclusive; so its UPDATE never waits.
 *	4. Expired holds are credited by whoever turns them from active to expired, under Q exclusive.
 *
 * Taking: a stripe is picked at random and try-locked (T), so 64 buyers rarely meet; only where all are busy does a
 * buyer wait for one. Where one stripe is too small all are looked at, unlocked. "Sold out" is said only when a sum
 * that counts expired holds as free, taken in one snapshot, is too small; what others took without having
 * committed yet counts as free there. In between, when enough is left but scattered or busy, the caller takes Q
 * exclusive (waiting for everybody) and gathers.
 */
#ifndef EV_STOCK_H
#define EV_STOCK_H

#include "event.h"

#define EV_MAX_STRIPES 64

/* Change what is left, by section of the event: T of each that changes, in order, then its row. */
extern void ev_stock_change(const EvEvent *event, const int *deltas);

/* General admission, Q shared: n tickets from one stripe, or false and nothing taken. */
extern bool ev_stock_take(const EvEvent *event, const EvSection *section, int n);

/* General admission, Q exclusive, n known to be there: n tickets from as many stripes as it needs. */
extern void ev_stock_gather(const EvEvent *event, const EvSection *section, int n);

/* Q exclusive: n tickets more, over all stripes. */
extern void ev_stock_spread(const EvEvent *event, const EvSection *section, int n);

/* Free places by section (in the event's order) in one snapshot, expired holds counted as free. */
extern int *ev_stock_available(const EvEvent *event, TimestampTz clock);

/* Q exclusive: turn all expired holds of the event to status expired and credit them. */
extern void ev_stock_reclaim_all(const pg_uuid_t *event_id, TimestampTz clock);

#endif
