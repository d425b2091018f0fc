/*
 * lock.h
 *		The heavyweight locks of the booking side, all held to the end of the transaction.
 *
 * Lock order, for every function of the extension:
 *		K -> U -> Q -> hold or booking row -> seat rows (by ordinal)
 *		-> T (sections in their order, then other pools by their ids) -> inserts.
 *
 *	K	(scope, user, operation, idempotency key)	one execution per key
 *	U	(event, user)			limits per user: what is counted after U cannot change before the commit
 *	Q	the event				shared: sell; exclusive: change status, price, capacity, gather scattered stock, join or leave
 *							the waitlist, give back while somebody waits (the queue is served before the commit), and
 *							serve a set of requests (set.h) that do not name what they take
 *	T	(pool, stripe)			one row of stock; a pool is a section, or what else is counted (pool.h)
 *
 * Rules: one event per transaction, or lock_event() first. A lock is never upgraded: a call that finds it needs Q
 * exclusive lets its shared Q go while it holds no row lock and no T, takes it exclusive and starts again. T is tried;
 * where all of a pool are busy one is waited for. T is the last: whoever holds one waits for nothing but the next
 * pool's, so a crowd that waits for one popular seat stops nobody else. What a lock guards is read in a statement
 * that starts after the lock is granted, and the clock is read after the last lock.
 *
 * The pending payments of a hold have a K, (event, hold): taken after the key of the call, before U. The rows of payments and
 * refunds are changed under it, or under the row lock of the booking they paid for, so they are never waited for.
 *
 * Accounts are outside this order: their locks (administrators, sessions) are K locks in transactions that take no other.
 *
 * They are advisory locks with values in the tag's fourth field that pg_advisory_lock() never uses, so they appear in
 * pg_locks and cannot meet a user's own. Keys are hashed to 64 bits: two that collide wait needlessly, no more.
 */
#ifndef EV_LOCK_H
#define EV_LOCK_H

#include "utils/uuid.h"

/* False: this transaction may have had it already. */
extern bool ev_lock_key(const pg_uuid_t *scope, const pg_uuid_t *user, const char *operation, const char *key);
extern bool ev_try_lock_key(const pg_uuid_t *scope, const pg_uuid_t *user, const char *operation, const char *key);
extern bool ev_lock_user(const pg_uuid_t *event, const pg_uuid_t *user);

extern void ev_lock_event_shared(const pg_uuid_t *event);
extern void ev_lock_event_exclusive(const pg_uuid_t *event);
extern bool ev_try_lock_event_exclusive(const pg_uuid_t *event);
extern void ev_unlock_event_shared(const pg_uuid_t *event);

/*
 * A set of requests (set.h) waits for nothing but Q and, where it has Q shared, T: while it tries, a K that is busy is
 * refused (55P03). A U that is busy it does without where it has Q exclusive, as nothing of the event appears beside it, and
 * yields to where not.
 */
extern void ev_locks_try(bool on);
extern bool ev_locks_are_tried(void);

extern bool ev_try_lock_stripe(const pg_uuid_t *event, const pg_uuid_t *pool, int stripe);
extern void ev_lock_stripe(const pg_uuid_t *event, const pg_uuid_t *pool, int stripe);
extern void ev_unlock_stripe(const pg_uuid_t *event, const pg_uuid_t *pool, int stripe);

/* The one worker of a database (worker.h) has it as long as its session lives. */
extern bool ev_try_lock_worker(void);

#endif
