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
extern EvArg ev_pool_ids_value(EvPoolIds ids);

/* In order of their ids. */
typedef struct EvPools
{
	int n;
	EvPool *pools;
} EvPools;

extern EvPools ev_pools_load(const pg_uuid_t *event_id, EvPoolIds ids);

#endif
