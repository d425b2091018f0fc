/*
 * stock.c
 *		Takes from, returns to and counts the stripes of a pool.
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "fmgr.h"

#include "guc.h"
#include "id.h"
#include "lock.h"
#include "spi.h"
#include "stock.h"
#include "table.h"

PG_FUNCTION_INFO_V1(evently_stripes_for);

static const char *const stock_columns[] = {"event_id", "section_id", "stripe", "available"};
static const Oid stock_types[] = {UUIDOID, UUIDOID, INT2OID, INT4OID};
EV_TABLE(stock_table, "stock", stock_columns, stock_types);

EV_STATEMENT(update_stripe,
			 "UPDATE evently.stock SET available = available + $4"
			 " WHERE event_id = $1 AND section_id = $2 AND stripe = $3 AND available >= $5",
			 UUIDOID, UUIDOID, INT2OID, INT4OID, INT4OID);

EV_STATEMENT(stripes_with,
			 "SELECT stripe::integer FROM evently.stock"
			 " WHERE event_id = $1 AND section_id = $2 AND available >= $3",
			 UUIDOID, UUIDOID, INT4OID);

EV_STATEMENT(available_by_section,
			 "SELECT ((SELECT coalesce(sum(t.available), 0) FROM evently.stock t"
			 "          WHERE t.event_id = s.event_id AND t.section_id = s.section_id)"
			 "        + coalesce(x.quantity, 0))::integer"
			 "  FROM evently.event_section s"
			 "  LEFT JOIN evently.expired_stock($1, $2) x ON x.pool_id = s.section_id"
			 " WHERE s.event_id = $1"
			 " ORDER BY s.ordinal",
			 UUIDOID, TIMESTAMPTZOID);

EV_STATEMENT(gather_from_stripes,
			 "WITH filled AS ("
			 "  SELECT stripe, available, sum(available) OVER (ORDER BY stripe) - available AS before"
			 "    FROM evently.stock WHERE event_id = $1 AND section_id = $2 AND available > 0)"
			 "UPDATE evently.stock t SET available = t.available - least(f.available, $3 - f.before)"
			 "  FROM filled f"
			 " WHERE t.event_id = $1 AND t.section_id = $2 AND t.stripe = f.stripe AND f.before < $3"
			 " RETURNING least(f.available, $3 - f.before)::integer",
			 UUIDOID, UUIDOID, INT4OID);

EV_STATEMENT(spread_over_stripes,
			 "UPDATE evently.stock SET available = available + $4 / $3 + (stripe < $4 % $3)::integer"
			 " WHERE event_id = $1 AND section_id = $2",
			 UUIDOID, UUIDOID, INT4OID, INT4OID);

static int
random_below(int n)
{
	return (int) pg_prng_uint64_range(&pg_global_prng_state, 0, n - 1);
}

EvPool
ev_section_pool(const EvSection *section)
{
	return (EvPool){section->section_id, section->stripes};
}

/* Change what is left of a stripe whose T is held, if that is at least so much. */
static bool
change_stripe(const pg_uuid_t *event_id, EvPool pool, int stripe, int delta, int at_least)
{
	const EvArg values[] = {
		ev_uuid(event_id),
		ev_uuid(&pool.pool_id),
		ev_datum(Int16GetDatum(stripe)),
		ev_int(delta),
		ev_int(at_least),
	};
	EvScan scan = ev_scan_begin(&stock_table, EV_WRITES, values, 3);
	bool found = ev_scan_next(&scan);
	int available = found ? DatumGetInt32(ev_scan_value(&scan, 4)) : 0;
	bool enough = found && available >= at_least;
	bool updated = enough && ev_scan_update(&scan, 4, Int32GetDatum(available + delta));

	ev_scan_end(&scan);
	return updated || (enough && ev_run(&update_stripe, values) == 1);
}

/* Whichever is free. */
static int
lock_stripe(const pg_uuid_t *event_id, EvPool pool)
{
	int first = random_below(pool.stripes);

	for (int i = 0; i < pool.stripes; i++)
	{
		int stripe = (first + i) % pool.stripes;

		if (ev_try_lock_stripe(event_id, &pool.pool_id, stripe))
			return stripe;
	}
	ev_lock_stripe(event_id, &pool.pool_id, first);
	return first;
}

void
ev_stock_change(const pg_uuid_t *event_id, EvPool pool, int delta)
{
	if (!change_stripe(event_id, pool, lock_stripe(event_id, pool), delta, PG_INT32_MIN))
		elog(ERROR, "a stripe of pool %s is missing", ev_id_text(&pool.pool_id));
}

void
ev_stock_change_sections(const EvEvent *event, const int *deltas)
{
	for (int i = 0; i < event->nsections; i++)
	{
		if (deltas[i] != 0)
			ev_stock_change(&event->event_id, ev_section_pool(&event->sections[i]), deltas[i]);
	}
}

/* Keeps T where it took, lets it go where it did not. */
static bool
take_locked(const pg_uuid_t *event_id, EvPool pool, int stripe, int n)
{
	if (change_stripe(event_id, pool, stripe, -n, n))
		return true;
	ev_unlock_stripe(event_id, &pool.pool_id, stripe);
	return false;
}

bool
ev_stock_take(const pg_uuid_t *event_id, EvPool pool, int n)
{
	int candidates[EV_MAX_STRIPES];
	int ncandidates;
	int first;

	if (take_locked(event_id, pool, lock_stripe(event_id, pool), n))
		return true;

	ncandidates = (int) ev_query(&stripes_with, ev_uuid(event_id), ev_uuid(&pool.pool_id), ev_int(n));
	if (ncandidates == 0)
		return false;
	for (int i = 0; i < ncandidates; i++)
		candidates[i] = ev_get_int(i, 1);
	first = random_below(ncandidates);
	for (int i = 0; i < ncandidates; i++)
	{
		int stripe = candidates[(first + i) % ncandidates];

		if (ev_try_lock_stripe(event_id, &pool.pool_id, stripe) && take_locked(event_id, pool, stripe, n))
			return true;
	}
	return false;
}

void
ev_stock_gather(const pg_uuid_t *event_id, EvPool pool, int n)
{
	uint64 rows = ev_query(&gather_from_stripes, ev_uuid(event_id), ev_uuid(&pool.pool_id), ev_int(n));
	int taken = 0;

	for (uint64 row = 0; row < rows; row++)
		taken += ev_get_int(row, 1);
	if (taken != n)
		elog(ERROR, "gathered %d of %d tickets", taken, n);
}

void
ev_stock_spread(const pg_uuid_t *event_id, EvPool pool, int n)
{
	ev_query(&spread_over_stripes, ev_uuid(event_id), ev_uuid(&pool.pool_id), ev_int(pool.stripes), ev_int(n));
}

int *
ev_stock_available(const EvEvent *event, TimestampTz clock)
{
	int *available = palloc(event->nsections * sizeof(int));
	uint64 rows = ev_query(&available_by_section, ev_uuid(&event->event_id), ev_time(clock));

	if (rows != (uint64) event->nsections)
		elog(ERROR, "the sections of an event changed under Q");
	for (uint64 row = 0; row < rows; row++)
		available[row] = ev_get_int(row, 1);
	return available;
}

/*
 * stripes_for(capacity, sections): about eight places to a stripe, so that a tiny event has few; an event of many
 * sections spreads its buyers over them already.
 */
Datum
evently_stripes_for(PG_FUNCTION_ARGS)
{
	int capacity = PG_GETARG_INT32(0);
	int sections = PG_GETARG_INT32(1);
	int stripes = Min(capacity / 8, Max(4, EV_MAX_STRIPES / Max(1, sections)));

	PG_RETURN_INT16(Max(1, Min(stripes, ev_stock_stripes)));
}
