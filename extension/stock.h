/*
 * stock.h
 *		What is left of a pool, spread over stripes: rows that buyers take from side by side.
 *
 * A pool is a section's places, or what else is counted beside them (pool.h): all are taken, gathered, returned and
 * reclaimed alike.
 *
 * Invariants
 *	1. sum(stripes) = size - tickets not cancelled - quantity of every active hold, expired or not, of those that count
 *	   in the pool (for a section's seats: of the seats that still carry the hold), less what adjustments took.
 *	2. No stripe is negative (a CHECK). But of reserved sections only the sum counts, the seat rows are the guard.
 *	3. A stripe row is changed by whoever holds its T, or Q exclusive; so its UPDATE never waits.
 *	4. Expired holds are credited by whoever turns them from active to expired, under Q exclusive (release.h).
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

typedef struct EvPool
{
	pg_uuid_t pool_id;
	int stripes;
} EvPool;

extern EvPool ev_section_pool(const EvSection *section);

/* Change what is left: T of one stripe, then its row. */
extern void ev_stock_change(const pg_uuid_t *event_id, EvPool pool, int delta);
/* The same by section of the event, in their order. */
extern void ev_stock_change_sections(const EvEvent *event, const int *deltas);

/* Not of reserved sections, Q shared: n from one stripe, or false and nothing taken. */
extern bool ev_stock_take(const pg_uuid_t *event_id, EvPool pool, int n);

/* Not of reserved sections, Q exclusive, n known to be there: n from as many stripes as it needs. */
extern void ev_stock_gather(const pg_uuid_t *event_id, EvPool pool, int n);

/* Q exclusive: n more, over all stripes. */
extern void ev_stock_spread(const pg_uuid_t *event_id, EvPool pool, int n);

/*
 * In a batch (batch.h) stripes are read once, without their T, and what is taken and returned is reckoned in memory: reckoned
 * so far is for complete requests; forget what was reckoned since; write what was before. A batch that is alone has Q
 * exclusive and needs no T; one beside others takes nothing but seats, and T where it writes.
 */
extern void ev_stock_mark(void);
extern void ev_stock_undo(void);
extern void ev_stock_write(void);
/* Forget all. */
extern void ev_stock_drop(void);

/* Free places by section (in the event's order) in one snapshot, expired holds counted as free. */
extern int *ev_stock_available(const EvEvent *event, TimestampTz clock);

#endif
