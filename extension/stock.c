/*
 * stock.c
 *		Takes from, returns to and counts the stripes of a section.
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "fmgr.h"
#include "miscadmin.h"

#include "guc.h"
#include "lock.h"
#include "spi.h"
#include "stock.h"
#include "table.h"

/* Expired holds given back by one statement. */
#define RECLAIM_ROUND 500

PG_FUNCTION_INFO_V1(evently_expire_holds);
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
			 "  LEFT JOIN evently.expired_stock($1, $2) x ON x.section_id = s.section_id"
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
			 "UPDATE evently.stock t SET available = t.available + $3 / s.stripes + (t.stripe < $3 % s.stripes)::integer"
			 "  FROM evently.event_section s"
			 " WHERE s.event_id = $1 AND s.section_id = $2 AND t.event_id = $1 AND t.section_id = $2",
			 UUIDOID, UUIDOID, INT4OID);

EV_STATEMENT(reclaim,
			 "WITH due AS MATERIALIZED ("
			 "  SELECT hold_id FROM evently.hold"
			 "   WHERE event_id = $1 AND status = 'active' AND expires_at <= $2"
			 "   ORDER BY expires_at LIMIT $3),"
			 "over AS ("
			 "  UPDATE evently.hold h SET status = 'expired'"
			 "   WHERE h.event_id = $1 AND h.hold_id = ANY (ARRAY(SELECT hold_id FROM due))"
			 "  RETURNING h.hold_id, h.section_id, h.ordinals, h.quantity),"
			 "freed AS ("
			 "  UPDATE evently.event_seat s SET hold_id = NULL, held_until = NULL"
			 "    FROM over h, unnest(h.ordinals) o"
			 "   WHERE s.event_id = $1 AND s.ordinal = o AND s.hold_id = h.hold_id"
			 "  RETURNING s.section_id),"
			 "credit AS ("
			 "  SELECT section_id, sum(quantity)::integer AS quantity"
			 "    FROM (SELECT section_id, quantity FROM over WHERE section_id IS NOT NULL"
			 "          UNION ALL SELECT section_id, 1 FROM freed) c GROUP BY section_id),"
			 "credited AS ("
			 "  UPDATE evently.stock t SET available = t.available + c.quantity"
			 "    FROM credit c JOIN evently.event_section s ON s.event_id = $1 AND s.section_id = c.section_id"
			 "   WHERE t.event_id = $1 AND t.section_id = c.section_id AND t.stripe = $4 % s.stripes)"
			 "SELECT hold_id FROM over",
			 UUIDOID, TIMESTAMPTZOID, INT4OID, INT4OID);

EV_STATEMENT(events_with_expired_holds,
			 "SELECT DISTINCT event_id FROM evently.hold WHERE status = 'active' AND expires_at <= $1",
			 TIMESTAMPTZOID);

static int
random_below(int n)
{
	return (int) pg_prng_uint64_range(&pg_global_prng_state, 0, n - 1);
}

/* A stripe whose T is held. */
typedef struct Stripe
{
	const EvSection *section;
	int number;
} Stripe;

/* Change what is left of it, if that is at least so much. */
static bool
change_stripe(const EvEvent *event, Stripe stripe, int delta, int at_least)
{
	const EvArg values[] = {
		ev_uuid(&event->event_id),
		ev_uuid(&stripe.section->section_id),
		ev_datum(Int16GetDatum(stripe.number)),
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
static Stripe
lock_stripe(const EvEvent *event, const EvSection *section)
{
	int first = random_below(section->stripes);

	for (int i = 0; i < section->stripes; i++)
	{
		Stripe stripe = {section, (first + i) % section->stripes};

		if (ev_try_lock_stripe(&event->event_id, &section->section_id, stripe.number))
			return stripe;
	}
	ev_lock_stripe(&event->event_id, &section->section_id, first);
	return (Stripe){section, first};
}

void
ev_stock_change(const EvEvent *event, const int *deltas)
{
	for (int i = 0; i < event->nsections; i++)
	{
		if (deltas[i] != 0 &&
			!change_stripe(event, lock_stripe(event, &event->sections[i]), deltas[i], PG_INT32_MIN))
			elog(ERROR, "a stripe of section %s is missing", event->sections[i].name);
	}
}

/* Keeps T where it took, lets it go where it did not. */
static bool
take_locked(const EvEvent *event, Stripe stripe, int n)
{
	if (change_stripe(event, stripe, -n, n))
		return true;
	ev_unlock_stripe(&event->event_id, &stripe.section->section_id, stripe.number);
	return false;
}

bool
ev_stock_take(const EvEvent *event, const EvSection *section, int n)
{
	int candidates[EV_MAX_STRIPES];
	int ncandidates;
	int first;

	if (take_locked(event, lock_stripe(event, section), n))
		return true;

	ncandidates = (int) ev_query(&stripes_with, ev_uuid(&event->event_id), ev_uuid(&section->section_id), ev_int(n));
	if (ncandidates == 0)
		return false;
	for (int i = 0; i < ncandidates; i++)
		candidates[i] = ev_get_int(i, 1);
	first = random_below(ncandidates);
	for (int i = 0; i < ncandidates; i++)
	{
		Stripe stripe = {section, candidates[(first + i) % ncandidates]};

		if (ev_try_lock_stripe(&event->event_id, &section->section_id, stripe.number) &&
			take_locked(event, stripe, n))
			return true;
	}
	return false;
}

void
ev_stock_gather(const EvEvent *event, const EvSection *section, int n)
{
	uint64 rows = ev_query(&gather_from_stripes, ev_uuid(&event->event_id),
						   ev_uuid(&section->section_id), ev_int(n));
	int taken = 0;

	for (uint64 row = 0; row < rows; row++)
		taken += ev_get_int(row, 1);
	if (taken != n)
		elog(ERROR, "gathered %d of %d tickets", taken, n);
}

void
ev_stock_spread(const EvEvent *event, const EvSection *section, int n)
{
	ev_query(&spread_over_stripes, ev_uuid(&event->event_id), ev_uuid(&section->section_id), ev_int(n));
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

/* Oldest first, at most max; how many. */
static int
reclaim_some(const pg_uuid_t *event_id, TimestampTz clock, int max)
{
	return (int) ev_query(&reclaim, ev_uuid(event_id), ev_time(clock), ev_int(max),
						  ev_int(random_below(EV_MAX_STRIPES)));
}

void
ev_stock_reclaim_all(const pg_uuid_t *event_id, TimestampTz clock)
{
	while (reclaim_some(event_id, clock, RECLAIM_ROUND) == RECLAIM_ROUND)
		CHECK_FOR_INTERRUPTS();
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

/*
 * expire_holds(event_id): tidy up what expiry left behind. One event per transaction, so without an event it takes
 * the first that has something to tidy.
 */
Datum
evently_expire_holds(PG_FUNCTION_ARGS)
{
	int max = PG_ARGISNULL(1) ? RECLAIM_ROUND : PG_GETARG_INT32(1);
	int reclaimed = 0;
	pg_uuid_t event_id;

	ev_begin(EV_WRITES);
	if (!PG_ARGISNULL(0))
		event_id = *PG_GETARG_UUID_P(0);
	else if (ev_query(&events_with_expired_holds, ev_time(GetCurrentTimestamp())) > 0)
		event_id = ev_get_uuid(0, 1);
	else
	{
		ev_end_without_result();
		PG_RETURN_INT32(0);
	}
	ev_lock_event_exclusive(&event_id);
	reclaimed = reclaim_some(&event_id, GetCurrentTimestamp(), max);
	ev_end_without_result();
	PG_RETURN_INT32(reclaimed);
}
