/*
 * pool_change.c
 *		Pools are made, and made larger or smaller, under Q exclusive.
 */
#include "postgres.h"

#include "errors.h"
#include "pool.h"
#include "release.h"

EV_STATEMENT(insert_pool,
			 "WITH made AS ("
			 "  INSERT INTO evently.pool (event_id, pool_id, size, stripes)"
			 "  VALUES ($1, $2, $3, evently.stripes_for($3, 1)) RETURNING stripes)"
			 "INSERT INTO evently.stock (event_id, section_id, stripe, reserved, available, of_section)"
			 " SELECT $1, $2, i, false, $3 / m.stripes + (i < $3 % m.stripes)::integer, false"
			 "   FROM made m, pg_catalog.generate_series(0, m.stripes - 1) i",
			 UUIDOID, UUIDOID, INT4OID);

EV_STATEMENT(pool_size,
			 "SELECT size FROM evently.pool WHERE event_id = $1 AND pool_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(set_size,
			 "UPDATE evently.pool SET size = $3 WHERE event_id = $1 AND pool_id = $2",
			 UUIDOID, UUIDOID, INT4OID);

static void
require_size(const pg_uuid_t *event_id, const char *field, int size, int taken)
{
	if (size < 0 || size > 1000000)
		ev_invalid(field, "%s must be between 0 and 1000000", field);
	if (size < taken)
		ev_raise(EV_CAPACITY_BELOW_BOOKED,
				 ev_detail_int(ev_detail_int(ev_detail_uuid(ev_detail(), "event_id", event_id), "requested", size),
							   "booked", taken),
				 NULL, "%s cannot be less than the %d sold and held", field, taken);
}

static EvPool
load_pool(const pg_uuid_t *event_id, const pg_uuid_t *pool_id)
{
	EvPoolIds ids = {1, (pg_uuid_t[]){*pool_id}};

	return ev_pools_load(event_id, ids).pools[0];
}

void
ev_pool_make(const pg_uuid_t *event_id, const pg_uuid_t *pool_id, const char *field, int size, int taken)
{
	require_size(event_id, field, size, taken);
	ev_query(&insert_pool, ev_uuid(event_id), ev_uuid(pool_id), ev_int(size));
	if (taken > 0)
		ev_stock_gather(event_id, load_pool(event_id, pool_id), taken);
}

void
ev_pool_resize(const pg_uuid_t *event_id, const pg_uuid_t *pool_id, const char *field, int size)
{
	EvPoolIds ids = {1, (pg_uuid_t[]){*pool_id}};
	TimestampTz clock = GetCurrentTimestamp();
	EvPool pool;
	int old;

	ev_release_expired(event_id, clock);
	pool = load_pool(event_id, pool_id);
	ev_query(&pool_size, ev_uuid(event_id), ev_uuid(pool_id));
	old = ev_get_int(0, 1);
	require_size(event_id, field, size, old - ev_pools_least(event_id, ids, clock));
	if (size < old)
		ev_stock_gather(event_id, pool, old - size);
	else if (size > old)
		ev_stock_spread(event_id, pool, size - old);
	ev_query(&set_size, ev_uuid(event_id), ev_uuid(pool_id), ev_int(size));
}
