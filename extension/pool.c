/*
 * pool.c
 *		What is counted beside the places of a section.
 */
#include "postgres.h"

#include "pool.h"
#include "tuple.h"

EV_STATEMENT(load_pools,
			 "SELECT pool_id, stripes::integer FROM evently.pool WHERE event_id = $1 AND pool_id = ANY ($2) ORDER BY pool_id",
			 UUIDOID, UUIDARRAYOID);

EvPoolIds
ev_pool_ids(uint64 row, int column)
{
	EvPoolIds ids = {0, NULL};
	Datum *elements;

	if (ev_is_null(row, column))
		return ids;
	elements = ev_elements_of(ev_copied_value(row, column), UUIDOID, &ids.n);
	ids.ids = palloc(ids.n * sizeof(pg_uuid_t));
	for (int i = 0; i < ids.n; i++)
		ids.ids[i] = *DatumGetUUIDP(elements[i]);
	return ids;
}

EvArg
ev_pool_ids_value(EvPoolIds ids)
{
	return ids.n == 0 ? ev_null() : ev_uuid_array(ids.ids, ids.n);
}

EvPools
ev_pools_load(const pg_uuid_t *event_id, EvPoolIds ids)
{
	EvPools pools = {ids.n, NULL};

	if (ids.n == 0)
		return pools;
	if (ev_query(&load_pools, ev_uuid(event_id), ev_uuid_array(ids.ids, ids.n)) != (uint64) ids.n)
		elog(ERROR, "a pool of the event is missing");
	pools.pools = palloc(ids.n * sizeof(EvPool));
	for (int i = 0; i < ids.n; i++)
		pools.pools[i] = (EvPool){ev_get_uuid(i, 1), ev_get_int(i, 2)};
	return pools;
}
