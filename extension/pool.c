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

EV_STATEMENT(least_of_pools,
			 "SELECT min(a.available)::integer"
			 "  FROM (SELECT (SELECT sum(t.available) FROM evently.stock t WHERE t.event_id = $1 AND t.section_id = p)"
			 "               + coalesce(x.quantity, 0) AS available"
			 "          FROM unnest($2) p LEFT JOIN evently.expired_stock($1, $3) x ON x.pool_id = p) a",
			 UUIDOID, UUIDARRAYOID, TIMESTAMPTZOID);

EV_STATEMENT(smallest_of_pools,
			 "SELECT min(size) FROM evently.pool WHERE event_id = $1 AND pool_id = ANY ($2)",
			 UUIDOID, UUIDARRAYOID);

EvPoolIds
ev_pool_ids(uint64 row, int column)
{
	return ev_pool_ids_of(ev_is_null(row, column) ? ev_null() : ev_datum(ev_copied_value(row, column)));
}

EvPoolIds
ev_pool_ids_of(EvArg value)
{
	EvPoolIds ids = {0, NULL};
	Datum *elements;

	if (value.isnull)
		return ids;
	elements = ev_elements_of(value.value, UUIDOID, &ids.n);
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

EvPoolIds
ev_pools_ids(EvPools pools)
{
	EvPoolIds ids = {pools.n, palloc(Max(pools.n, 1) * sizeof(pg_uuid_t))};

	for (int i = 0; i < pools.n; i++)
		ids.ids[i] = pools.pools[i].pool_id;
	return ids;
}

int
ev_pools_least(const pg_uuid_t *event_id, EvPoolIds ids, TimestampTz clock)
{
	if (ids.n == 0)
		return PG_INT32_MAX;
	ev_query(&least_of_pools, ev_uuid(event_id), ev_uuid_array(ids.ids, ids.n), ev_time(clock));
	return ev_get_int(0, 1);
}

int
ev_pools_smallest(const pg_uuid_t *event_id, EvPoolIds ids)
{
	if (ids.n == 0)
		return PG_INT32_MAX;
	ev_query(&smallest_of_pools, ev_uuid(event_id), ev_uuid_array(ids.ids, ids.n));
	return ev_get_int(0, 1);
}

bool
ev_pools_take(const pg_uuid_t *event_id, EvPools pools, int n, bool exclusive)
{
	for (int i = 0; i < pools.n; i++)
	{
		if (exclusive)
			ev_stock_gather(event_id, pools.pools[i], n);
		else if (!ev_stock_take(event_id, pools.pools[i], n))
			return false;
	}
	return true;
}
