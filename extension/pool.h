/*
 * pool.h
 *		What is counted beside the places of a section: quotas of ticket types, uses of access codes.
 *
 * Such a pool has a size, and stock like a section. A hold or booking remembers in which it counts, with its whole
 * quantity, so that whoever gives it back, expires or cancels it knows where to give back.
 *
 * Pools are taken and given back in order of their ids, after the sections (lock.h).
 */
#ifndef EV_POOL_H
#define EV_POOL_H

#include "spi.h"
#include "stock.h"

/* The pools that a hold or booking counts in, as its row names them: null for most. */
typedef struct EvPoolIds
{
	int n;
	pg_uuid_t *ids;
} EvPoolIds;

extern EvPoolIds ev_pool_ids(uint64 row, int column);
extern EvPoolIds ev_pool_ids_of(EvArg ids);
extern EvArg ev_pool_ids_value(EvPoolIds ids);

/* In order of their ids. */
typedef struct EvPools
{
	int n;
	EvPool *pools;
} EvPools;

extern EvPools ev_pools_load(const pg_uuid_t *event_id, EvPoolIds ids);
extern EvPoolIds ev_pools_ids(EvPools pools);

/* How many can be had of all of them, expired holds counted as free: of the one that has least. */
extern int ev_pools_least(const pg_uuid_t *event_id, EvPoolIds ids, TimestampTz clock);

/* The size of the one that is smallest: what could be had if nothing were sold. */
extern int ev_pools_smallest(const pg_uuid_t *event_id, EvPoolIds ids);

/*
 * Q shared: n of each, or false: the caller undoes what was taken. Q exclusive (n known to be there): gathered.
 */
extern bool ev_pools_take(const pg_uuid_t *event_id, EvPools pools, int n, bool exclusive);

/*
 * Q exclusive. A new pool, of which so many are taken already; another size for one. CAPACITY_BELOW_BOOKED. field: what
 * the caller knows its size by.
 */
extern void ev_pool_make(const pg_uuid_t *event_id, const pg_uuid_t *pool_id, const char *field, int size, int taken);
extern void ev_pool_resize(const pg_uuid_t *event_id, const pg_uuid_t *pool_id, const char *field, int size);

#endif
