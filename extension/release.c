/*
 * release.c
 *		The one release routine.
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "fmgr.h"
#include "miscadmin.h"

#include "args.h"
#include "batch.h"
#include "id.h"
#include "lock.h"
#include "outbox.h"
#include "release.h"
#include "spi.h"
#include "stock.h"
#include "table.h"
#include "tuple.h"
#include "waitlist.h"

/* Expired holds given back by one statement. */
#define RECLAIM_ROUND 500

PG_FUNCTION_INFO_V1(evently_expire_holds);

EV_STATEMENT(free_held_seats,
			 "UPDATE evently.event_seat SET hold_id = NULL, held_until = NULL"
			 " WHERE event_id = $1 AND ordinal = ANY ($2) AND hold_id = $3"
			 " RETURNING section_id",
			 UUIDOID, INT4ARRAYOID, UUIDOID);

EV_STATEMENT(lock_sold_seats,
			 "SELECT 1 FROM evently.event_seat WHERE event_id = $1 AND ordinal = ANY ($2)"
			 " ORDER BY ordinal FOR UPDATE",
			 UUIDOID, INT4ARRAYOID);

EV_STATEMENT(free_sold_seats,
			 "UPDATE evently.event_seat SET booking_id = NULL"
			 " WHERE event_id = $1 AND ordinal = ANY ($2) AND booking_id = $3",
			 UUIDOID, INT4ARRAYOID, UUIDOID);

/* A hold's section gets what the hold had of it; its seats' sections, the seats that it still had; its other pools, all. */
EV_STATEMENT(reclaim,
			 "WITH due AS MATERIALIZED ("
			 "  SELECT hold_id FROM evently.hold"
			 "   WHERE event_id = $1 AND status = 'active' AND expires_at <= $2"
			 "   ORDER BY expires_at LIMIT $3),"
			 "over AS ("
			 "  UPDATE evently.hold h SET status = 'expired'"
			 "   WHERE h.event_id = $1 AND h.hold_id = ANY (ARRAY(SELECT hold_id FROM due))"
			 "  RETURNING h.hold_id, h.user_id, h.section_id, h.ordinals, h.quantity, h.total_price, h.currency, h.expires_at, h.pools,"
			 "            h.entry_id, h.reason, h.ticket_type_id),"
			 "freed AS ("
			 "  UPDATE evently.event_seat s SET hold_id = NULL, held_until = NULL"
			 "    FROM over h, unnest(h.ordinals) o"
			 "   WHERE s.event_id = $1 AND s.ordinal = o AND s.hold_id = h.hold_id"
			 "  RETURNING s.section_id),"
			 "credit AS ("
			 "  SELECT pool_id, sum(quantity)::integer AS quantity"
			 "    FROM (SELECT section_id, quantity FROM over WHERE section_id IS NOT NULL"
			 "          UNION ALL SELECT section_id, 1 FROM freed"
			 "          UNION ALL SELECT p, h.quantity FROM over h, unnest(h.pools) p) c (pool_id, quantity) GROUP BY pool_id),"
			 "pools AS ("
			 "  SELECT section_id AS pool_id, stripes FROM evently.event_section WHERE event_id = $1"
			 "   UNION ALL SELECT pool_id, stripes FROM evently.pool WHERE event_id = $1),"
			 "credited AS ("
			 "  UPDATE evently.stock t SET available = t.available + c.quantity"
			 "    FROM credit c JOIN pools p ON p.pool_id = c.pool_id"
			 "   WHERE t.event_id = $1 AND t.section_id = c.pool_id AND t.stripe = $4 % p.stripes)"
			 "SELECT o.hold_id, o.user_id, o.entry_id, o.reason IS NOT NULL,"
			 "       evently.render(ROW(o.hold_id, $1, o.user_id, o.section_id,"
			 "                          ARRAY(SELECT s.label FROM evently.event_seat s"
			 "                                 WHERE s.event_id = $1 AND s.ordinal = ANY (o.ordinals) ORDER BY s.ordinal),"
			 "                          o.quantity, o.total_price, o.currency, 'expired', o.expires_at, 0, o.ticket_type_id,"
			 "                          (SELECT t.name FROM evently.ticket_type t"
			 "                            WHERE t.event_id = $1 AND t.type_id = o.ticket_type_id))::evently.hold_detail)"
			 "  FROM over o",
			 UUIDOID, TIMESTAMPTZOID, INT4OID, INT4OID);

static const char *const hold_columns[] = {"event_id", "expires_at"};
static const Oid hold_types[] = {UUIDOID, TIMESTAMPTZOID};
EV_TABLE_BY(active_holds, "hold", "hold_active_expiry", hold_columns, hold_types);

EV_STATEMENT(events_with_expired_holds,
			 "SELECT DISTINCT event_id FROM evently.hold WHERE status = 'active' AND expires_at <= $1",
			 TIMESTAMPTZOID);

EvRelease *
ev_release_continue(const pg_uuid_t *event_id)
{
	EvRelease *release = palloc0(sizeof(EvRelease));

	release->event = ev_event_load(event_id);
	release->places = palloc0(release->event->nsections * sizeof(int));
	return release;
}

EvRelease *
ev_release_begin(const pg_uuid_t *event_id)
{
	EvRelease *release;

	ev_lock_event_shared(event_id);
	release = ev_release_continue(event_id);
	if (!ev_event_has_waiters(release->event))
		return release;
	if (ev_batch_is_open())
		ev_batch_refuse();
	ev_unlock_event_shared(event_id);
	ev_lock_event_exclusive(event_id);
	return ev_release_continue(event_id);
}

static void
count_use(EvRelease *release, const pg_uuid_t *pool_id, int n)
{
	EvPoolIds *pools = &release->pools;

	for (int i = 0; i < pools->n; i++)
	{
		if (ev_same_id(&pools->ids[i], pool_id))
		{
			release->uses[i] += n;
			return;
		}
	}
	pools->ids = pools->n == 0 ? palloc(sizeof(pg_uuid_t)) : repalloc(pools->ids, (pools->n + 1) * sizeof(pg_uuid_t));
	release->uses = pools->n == 0 ? palloc(sizeof(int)) : repalloc(release->uses, (pools->n + 1) * sizeof(int));
	pools->ids[pools->n] = *pool_id;
	release->uses[pools->n++] = n;
}

static void
count_uses(EvRelease *release, EvPoolIds pools, int n)
{
	for (int i = 0; i < pools.n; i++)
		count_use(release, &pools.ids[i], n);
}

void
ev_release_hold(EvRelease *release, const EvHold *hold)
{
	count_uses(release, hold->pools, hold->quantity);
	if (hold->section_id != NULL)
		release->places[ev_event_section_index(release->event, hold->section_id)] += hold->quantity;
	else
	{
		int freed = (int) ev_query(&free_held_seats, ev_uuid(&hold->event_id), ev_hold_ordinals(hold),
								   ev_uuid(&hold->hold_id));

		for (int i = 0; i < freed; i++)
		{
			pg_uuid_t section_id = ev_get_uuid(i, 1);

			release->places[ev_event_section_index(release->event, &section_id)]++;
		}
	}
}

/* Returns how many there are. */
static int
seats_of(const EvTicket *tickets, int n, EvArg *seats)
{
	int *ordinals = palloc(n * sizeof(int));
	int nseats = 0;

	for (int i = 0; i < n; i++)
	{
		if (tickets[i].ordinal > 0)
			ordinals[nseats++] = tickets[i].ordinal;
	}
	*seats = ev_int_array(ordinals, nseats);
	return nseats;
}

void
ev_release_tickets(EvRelease *release, const EvBooking *booking, const EvTicket *tickets, int n)
{
	EvArg seats;

	if (seats_of(tickets, n, &seats) > 0)
		ev_query(&lock_sold_seats, ev_uuid(&booking->event_id), seats);
	count_uses(release, booking->pools, n);
	for (int i = 0; i < n; i++)
		release->places[ev_event_section_index(release->event, &tickets[i].section_id)]++;
}

void
ev_release_seats(const EvBooking *booking, const EvTicket *tickets, int n)
{
	EvArg seats;
	int nseats = seats_of(tickets, n, &seats);

	if (nseats > 0 && ev_query(&free_sold_seats, ev_uuid(&booking->event_id), seats, ev_uuid(&booking->booking_id)) != (uint64) nseats)
		elog(ERROR, "a sold seat does not belong to its booking");
}

void
ev_release_places(EvRelease *release, int section, int n)
{
	ev_stock_spread(&release->event->event_id, ev_section_pool(&release->event->sections[section]), n);
}

static int
uses_of(const EvRelease *release, const pg_uuid_t *pool_id)
{
	for (int i = 0; i < release->pools.n; i++)
	{
		if (ev_same_id(&release->pools.ids[i], pool_id))
			return release->uses[i];
	}
	pg_unreachable();
}

TimestampTz
ev_release_end(EvRelease *release)
{
	const pg_uuid_t *event_id = &release->event->event_id;
	EvPools pools = ev_pools_load(event_id, release->pools);

	ev_stock_change_sections(release->event, release->places);
	for (int i = 0; i < pools.n; i++)
		ev_stock_change(event_id, pools.pools[i], uses_of(release, &pools.pools[i].pool_id));
	return GetCurrentTimestamp();
}

void
ev_release_settle(EvHold *hold, TimestampTz clock)
{
	bool over = ev_hold_is_over(hold, clock);

	ev_hold_set_status(hold, over ? "expired" : "released");
	ev_offer_ended(hold, over ? "expired" : "cancelled", clock);
}

const char *
ev_release_news(const EvHold *hold)
{
	return strcmp(hold->status, "expired") == 0 ? "HOLD_EXPIRED" : "HOLD_RELEASED";
}

TimestampTz
ev_release_whole_hold(EvRelease *release, EvHold *hold)
{
	TimestampTz clock;

	ev_release_hold(release, hold);
	clock = ev_release_end(release);
	ev_release_settle(hold, clock);
	return clock;
}

void
ev_release_hand_over(const EvRelease *release, TimestampTz clock)
{
	if (ev_event_has_waiters(release->event))
		ev_hand_over(&release->event->event_id, PG_INT32_MAX, clock);
}

/* A hold that was reclaimed. */
typedef struct Expired
{
	EvHold hold;
	bool is_block;
	EvArg payload; /* a hold_detail */
} Expired;

/* Of the n holds that the last statement ended; an offer's waitlist entry ends too. */
static void
tell_expired(const pg_uuid_t *event_id, int n, TimestampTz clock)
{
	Expired *holds = palloc(n * sizeof(Expired));

	for (int i = 0; i < n; i++)
		holds[i] = (Expired){
			.hold = {
				.hold_id = ev_get_uuid(i, 1),
				.event_id = *event_id,
				.user_id = ev_get_uuid(i, 2),
				.entry_id = ev_is_null(i, 3) ? NULL : DatumGetUUIDP(ev_copied_value(i, 3)),
			},
			.is_block = ev_get_bool(i, 4),
			.payload = ev_datum(ev_copied_value(i, 5)),
		};
	for (int i = 0; i < n; i++)
	{
		const EvHold *hold = &holds[i].hold;

		if (holds[i].is_block)
			(void) ev_hold_tell_block(hold, "SEATS_UNBLOCKED");
		else
			ev_outbox_add(event_id, "HOLD", &hold->hold_id, "HOLD_EXPIRED", &hold->user_id, holds[i].payload);
		ev_offer_ended(hold, "expired", clock);
	}
}

/* Oldest first, at most max; how many. */
static int
reclaim_some(const pg_uuid_t *event_id, TimestampTz clock, int max)
{
	int n = (int) ev_query(&reclaim, ev_uuid(event_id), ev_time(clock), ev_int(max),
						   ev_int(pg_prng_uint64_range(&pg_global_prng_state, 0, EV_MAX_STRIPES - 1)));

	tell_expired(event_id, n, clock);
	return n;
}

/* Those that are over come first. */
static bool
has_expired(const pg_uuid_t *event_id, TimestampTz clock)
{
	EvScan holds = ev_scan_begin(&active_holds, EV_READS, &ev_uuid(event_id), 1);
	bool found = ev_scan_next(&holds) && DatumGetTimestampTz(ev_scan_value(&holds, 2)) <= clock;

	ev_scan_end(&holds);
	return found;
}

void
ev_release_expired(const pg_uuid_t *event_id, TimestampTz clock)
{
	if (!has_expired(event_id, clock))
		return;
	while (reclaim_some(event_id, clock, RECLAIM_ROUND) == RECLAIM_ROUND)
		CHECK_FOR_INTERRUPTS();
}

/*
 * expire_holds(event_id): tidy up what expiry left behind, and serve who waits, who may do so since before the sale opened.
 * One event per transaction, so without an event it takes the first that has something to tidy.
 */
Datum
evently_expire_holds(PG_FUNCTION_ARGS)
{
	int max = ev_max_rows(fcinfo, 1, RECLAIM_ROUND);
	int reclaimed;
	TimestampTz clock;
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
	clock = GetCurrentTimestamp();
	reclaimed = reclaim_some(&event_id, clock, max);
	ev_hand_over(&event_id, PG_INT32_MAX, clock);
	ev_end_without_result();
	PG_RETURN_INT32(reclaimed);
}
