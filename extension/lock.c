/*
 * lock.c
 *		The heavyweight locks of the booking side.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lock.h"

#include "batch.h"
#include "lock.h"
#include "spi.h"

PG_FUNCTION_INFO_V1(evently_lock_event);

/* Fourth field of the tag; 1 and 2 belong to pg_advisory_lock(). */
typedef enum EvLockKind
{
	LOCK_KEY = 0xE001,
	LOCK_USER,
	LOCK_EVENT,
	LOCK_STRIPE,
	LOCK_WORKER
} EvLockKind;

static bool trying;

static uint64
hash_id(const pg_uuid_t *id, uint64 seed)
{
	return hash_bytes_extended(id->data, UUID_LEN, seed);
}

static uint64
hash_text(const char *text, uint64 seed)
{
	return hash_bytes_extended((const unsigned char *) text, strlen(text), seed);
}

static LOCKTAG
lock_tag(EvLockKind kind, uint64 hash)
{
	LOCKTAG tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (hash >> 32), (uint32) hash, kind);
	return tag;
}

static void
wait_for(LOCKTAG tag, LOCKMODE mode)
{
	(void) LockAcquire(&tag, mode, false, false);
}

void
ev_locks_try(bool on)
{
	trying = on;
}

bool
ev_locks_are_tried(void)
{
	return trying;
}

static LOCKTAG
key_tag(const pg_uuid_t *scope, const pg_uuid_t *user, const char *operation, const char *key)
{
	return lock_tag(LOCK_KEY, hash_text(key, hash_text(operation, hash_id(user, hash_id(scope, 0)))));
}

/* A transaction that has ended lets its locks go one after the other. */
static bool
is_held_by_a_live_transaction(const LOCKTAG *tag)
{
	int n;

	pfree(GetLockConflicts(tag, ExclusiveLock, &n));
	return n > 0;
}

/*
 * Only who has ended is waited for, without queueing behind others: they may wait for what this transaction has. As short
 * as PostgreSQL itself waits for it (XactLockTableWait).
 */
static LockAcquireResult
try_lock(const LOCKTAG *tag)
{
	LockAcquireResult result;

	while ((result = LockAcquire(tag, ExclusiveLock, false, true)) == LOCKACQUIRE_NOT_AVAIL &&
		   !is_held_by_a_live_transaction(tag))
	{
		CHECK_FOR_INTERRUPTS();
		pg_usleep(1000);
	}
	return result;
}

bool
ev_lock_key(const pg_uuid_t *scope, const pg_uuid_t *user, const char *operation, const char *key)
{
	LOCKTAG tag = key_tag(scope, user, operation, key);
	LockAcquireResult result = trying ? try_lock(&tag) : LockAcquire(&tag, ExclusiveLock, false, false);

	if (result == LOCKACQUIRE_NOT_AVAIL)
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("the idempotency key is in use"),
				 errhint("Ask for it again by itself.")));
	return result == LOCKACQUIRE_OK;
}

bool
ev_try_lock_key(const pg_uuid_t *scope, const pg_uuid_t *user, const char *operation, const char *key)
{
	LOCKTAG tag = key_tag(scope, user, operation, key);

	return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

bool
ev_lock_user(const pg_uuid_t *event, const pg_uuid_t *user)
{
	LOCKTAG tag = lock_tag(LOCK_USER, hash_id(user, hash_id(event, 0)));
	LockAcquireResult result = LockAcquire(&tag, ExclusiveLock, false, trying);

	if (result == LOCKACQUIRE_NOT_AVAIL && ev_batch_is_beside_others())
		ev_batch_yield();
	return result == LOCKACQUIRE_OK;
}

void
ev_lock_event_shared(const pg_uuid_t *event)
{
	wait_for(lock_tag(LOCK_EVENT, hash_id(event, 0)), ShareLock);
}

void
ev_lock_event_exclusive(const pg_uuid_t *event)
{
	wait_for(lock_tag(LOCK_EVENT, hash_id(event, 0)), ExclusiveLock);
}

bool
ev_try_lock_event_exclusive(const pg_uuid_t *event)
{
	LOCKTAG tag = lock_tag(LOCK_EVENT, hash_id(event, 0));

	return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

void
ev_unlock_event_shared(const pg_uuid_t *event)
{
	LOCKTAG tag = lock_tag(LOCK_EVENT, hash_id(event, 0));

	(void) LockRelease(&tag, ShareLock, false);
}

static LOCKTAG
stripe_tag(const pg_uuid_t *event, const pg_uuid_t *pool, int stripe)
{
	return lock_tag(LOCK_STRIPE, hash_id(pool, hash_id(event, (uint64) stripe)));
}

bool
ev_try_lock_stripe(const pg_uuid_t *event, const pg_uuid_t *pool, int stripe)
{
	LOCKTAG tag = stripe_tag(event, pool, stripe);

	return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

void
ev_lock_stripe(const pg_uuid_t *event, const pg_uuid_t *pool, int stripe)
{
	wait_for(stripe_tag(event, pool, stripe), ExclusiveLock);
}

void
ev_unlock_stripe(const pg_uuid_t *event, const pg_uuid_t *pool, int stripe)
{
	LOCKTAG tag = stripe_tag(event, pool, stripe);

	(void) LockRelease(&tag, ExclusiveLock, false);
}

bool
ev_try_lock_worker(void)
{
	LOCKTAG tag = lock_tag(LOCK_WORKER, 0);

	return LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
}

Datum
evently_lock_event(PG_FUNCTION_ARGS)
{
	pg_uuid_t *event = PG_GETARG_UUID_P(0);

	ev_begin(EV_WRITES);
	ev_lock_event_exclusive(event);
	ev_end_without_result();
	PG_RETURN_VOID();
}
