/*
 * stock.c
 *		Takes from, returns to and counts the stripes of a pool.
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "fmgr.h"

#include "batch.h"
#include "guc.h"
#include "id.h"
#include "left.h"
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

/*
 * Where this session stood on a stripe last; each place serves one pool at a time. An old snapshot keeps all versions of a
 * stripe, one for each sale, and the index leads to the oldest: from the place of the last time the newest is not far.
 */
static ItemPointer
last_place(EvPool pool, int stripe)
{
	static struct
	{
		pg_uuid_t pool_id;
		ItemPointerData place;
	} last[EV_MAX_STRIPES];

	if (!ev_same_id(&last[stripe].pool_id, &pool.pool_id))
	{
		last[stripe].pool_id = pool.pool_id;
		ItemPointerSetInvalid(&last[stripe].place);
	}
	return &last[stripe].place;
}

/* To be ended, though it finds none. */
static EvScan
begin_stripe(EvAccess access, const EvArg *key, ItemPointer place, bool *found)
{
	EvScan scan = ev_scan_begin(&stock_table, access, NULL, 3);

	*found = ev_scan_follow(&scan, place, key);
	if (*found)
		*place = ev_scan_place(&scan);
	return scan;
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
	ItemPointer place = last_place(pool, stripe);
	bool found;
	EvScan scan = begin_stripe(EV_WRITES, values, place, &found);
	int available = found ? DatumGetInt32(ev_scan_value(&scan, 4)) : 0;
	bool enough = found && available >= at_least;
	bool updated = enough && ev_scan_change(&scan, 4, 1, &ev_int(available + delta));

	if (updated)
		*place = ev_scan_place(&scan);
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

static void
missing_stripe(EvPool pool)
{
	elog(ERROR, "a stripe of pool %s is missing", ev_id_text(&pool.pool_id));
}

static void
change_any_stripe(const pg_uuid_t *event_id, EvPool pool, int delta)
{
	if (!change_stripe(event_id, pool, lock_stripe(event_id, pool), delta, PG_INT32_MIN))
		missing_stripe(pool);
}

/* A stripe of a batch. */
typedef struct Reckoned
{
	pg_uuid_t event_id;
	EvPool pool;
	int stripe;
	int stored;
	int marked;
	int available;
} Reckoned;

static struct
{
	int n;
	int room;
	Reckoned *stripes;
} reckoned;

static bool
is_reckoned(EvPool pool, int stripe)
{
	for (int i = 0; i < reckoned.n; i++)
	{
		if (reckoned.stripes[i].stripe == stripe && ev_same_id(&reckoned.stripes[i].pool.pool_id, &pool.pool_id))
			return true;
	}
	return false;
}

static int
read_stripe(const pg_uuid_t *event_id, EvPool pool, int stripe)
{
	const EvArg key[] = {ev_uuid(event_id), ev_uuid(&pool.pool_id), ev_datum(Int16GetDatum(stripe))};
	bool found;
	EvScan scan = begin_stripe(EV_READS, key, last_place(pool, stripe), &found);
	int available = found ? DatumGetInt32(ev_scan_value(&scan, 4)) : 0;

	ev_scan_end(&scan);
	if (!found)
		missing_stripe(pool);
	return available;
}

static Reckoned *
reckon(const pg_uuid_t *event_id, EvPool pool, int stripe)
{
	int available = read_stripe(event_id, pool, stripe);

	if (reckoned.n == reckoned.room)
	{
		reckoned.room = Max(8, reckoned.room * 2);
		reckoned.stripes = reckoned.n == 0 ? MemoryContextAlloc(ev_batch_memory(), reckoned.room * sizeof(Reckoned))
										   : repalloc(reckoned.stripes, reckoned.room * sizeof(Reckoned));
	}
	reckoned.stripes[reckoned.n] = (Reckoned){*event_id, pool, stripe, available, available, available};
	return &reckoned.stripes[reckoned.n++];
}

/*
 * One more stripe of the pool, or NULL where there is none. The set has Q exclusive: whoever still has a T has ended and is
 * letting his locks go one after the other, so it says nothing any more.
 */
static Reckoned *
reckon_another(const pg_uuid_t *event_id, EvPool pool)
{
	int first = random_below(pool.stripes);

	for (int i = 0; i < pool.stripes; i++)
	{
		int stripe = (first + i) % pool.stripes;

		if (!is_reckoned(pool, stripe))
			return reckon(event_id, pool, stripe);
	}
	return NULL;
}

/* A stripe of the batch that has at least so much, or NULL. */
static Reckoned *
reckoned_with(const pg_uuid_t *event_id, EvPool pool, int at_least)
{
	Reckoned *another;

	for (int i = 0; i < reckoned.n; i++)
	{
		if (reckoned.stripes[i].available >= at_least && ev_same_id(&reckoned.stripes[i].pool.pool_id, &pool.pool_id))
			return &reckoned.stripes[i];
	}
	do
		another = reckon_another(event_id, pool);
	while (another != NULL && another->available < at_least);
	return another;
}

static bool
change_reckoned(const pg_uuid_t *event_id, EvPool pool, int delta, int at_least)
{
	Reckoned *stripe = reckoned_with(event_id, pool, at_least);

	if (stripe == NULL)
		return false;
	stripe->available += delta;
	return true;
}

void
ev_stock_mark(void)
{
	for (int i = 0; i < reckoned.n; i++)
		reckoned.stripes[i].marked = reckoned.stripes[i].available;
}

void
ev_stock_undo(void)
{
	for (int i = 0; i < reckoned.n; i++)
		reckoned.stripes[i].available = reckoned.stripes[i].marked;
}

static void
write_stripes(void)
{
	for (int i = 0; i < reckoned.n; i++)
	{
		Reckoned *stripe = &reckoned.stripes[i];
		int delta = stripe->marked - stripe->stored;

		if (delta != 0 && !change_stripe(&stripe->event_id, stripe->pool, stripe->stripe, delta, PG_INT32_MIN))
			missing_stripe(stripe->pool);
		stripe->stored = stripe->marked;
	}
}

/* Of seats of a section it is known how many went, not of which stripe: any will do. */
static int
reckoned_of(const EvSection *section)
{
	for (int i = 0; i < reckoned.n; i++)
	{
		if (ev_same_id(&reckoned.stripes[i].pool.pool_id, &section->section_id))
			return reckoned.stripes[i].marked - reckoned.stripes[i].stored;
	}
	return 0;
}

/* T of each section in their order, and the sale window looked at after it, as single calls do. */
static void
write_beside_others(const EvEvent *event)
{
	bool taken = false;

	for (int i = 0; i < event->nsections; i++)
	{
		EvPool pool = ev_section_pool(&event->sections[i]);
		int delta = reckoned_of(&event->sections[i]);

		if (delta == 0)
			continue;
		change_any_stripe(&event->event_id, pool, delta);
		taken = true;
	}
	if (taken && !ev_event_is_on_sale(event, GetCurrentTimestamp()))
		ev_batch_yield();
}

void
ev_stock_write(void)
{
	if (ev_batch_is_alone())
		write_stripes();
	else if (reckoned.n > 0)
		write_beside_others(ev_event_load(&reckoned.stripes[0].event_id));
}

void
ev_stock_drop(void)
{
	reckoned.n = reckoned.room = 0;
}

void
ev_stock_change(const pg_uuid_t *event_id, EvPool pool, int delta)
{
	if (!ev_batch_is_open())
		change_any_stripe(event_id, pool, delta);
	else if (!change_reckoned(event_id, pool, delta, PG_INT32_MIN))
		missing_stripe(pool);
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

	if (ev_batch_is_beside_others())
		ev_batch_yield();
	if (ev_batch_is_open())
		return change_reckoned(event_id, pool, -n, n);
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
	int first = random_below(pool.stripes);
	int missing = n;

	Assert(!ev_batch_is_open());
	for (int i = 0; i < pool.stripes && missing > 0; i++)
	{
		int stripe = (first + i) % pool.stripes;
		int part = Min(missing, read_stripe(event_id, pool, stripe));

		if (part > 0 && change_stripe(event_id, pool, stripe, -part, part))
			missing -= part;
	}
	if (missing > 0)
		elog(ERROR, "gathered %d of %d tickets", n - missing, n);
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
	EvLeft left;

	ev_batch_write();
	left = ev_left_of(&event->event_id, clock);
	for (int i = 0; i < event->nsections; i++)
		available[i] = ev_left_of_section(&left, &event->sections[i].section_id);
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
