/*
 * waitlist_serve.c
 *		Hands over what is free to those who wait.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/fmgrprotos.h"

#include "attempt.h"
#include "guc.h"
#include "id.h"
#include "release.h"
#include "reserve.h"
#include "spi.h"
#include "stock.h"
#include "tuple.h"
#include "waitlist.h"
#include "waitlist_order.h"

/* The first behind a position of those who could be served: of any section, or of one that has something left for them. */
EV_STATEMENT(next_waiter,
			 "SELECT w.entry_id, w.user_id, w.section_id, w.quantity, w.mode, w.position FROM ("
			 "  SELECT q.* FROM unnest($2, $3) AS s (section_id, quantity),"
			 "         LATERAL (SELECT e.entry_id, e.user_id, e.section_id, e.quantity, e.mode, e.position"
			 "                    FROM evently.waitlist_entry e"
			 "                   WHERE e.event_id = $1 AND e.section_id = s.section_id AND e.status = 'active'"
			 "                     AND e.position > $5 AND e.quantity <= s.quantity"
			 "                   ORDER BY e.position LIMIT 1) q"
			 "  UNION ALL"
			 "  (SELECT e.entry_id, e.user_id, e.section_id, e.quantity, e.mode, e.position"
			 "     FROM evently.waitlist_entry e"
			 "    WHERE e.event_id = $1 AND e.section_id IS NULL AND e.status = 'active'"
			 "      AND e.position > $5 AND e.quantity <= $4"
			 "    ORDER BY e.position LIMIT 1)) w"
			 " ORDER BY w.position LIMIT 1",
			 UUIDOID, UUIDARRAYOID, INT4ARRAYOID, INT4OID, INT8OID);

EV_STATEMENT(notify_entry,
			 "UPDATE evently.waitlist_entry SET status = 'notified', hold_id = $3, notified_at = $4"
			 " WHERE event_id = $1 AND entry_id = $2 AND status = 'active'",
			 UUIDOID, UUIDOID, UUIDOID, TIMESTAMPTZOID);

EV_STATEMENT(confirm_offer,
			 "SELECT evently.confirm_hold($1, $2)",
			 UUIDOID, UUIDOID);

typedef struct Waiter
{
	EvEntry entry;
	int section;
	int64 position;
} Waiter;

/* A hand-over under way. */
typedef struct Queue
{
	EvEvent *event;
	EvFree free;
	int64 after; /* the position looked at last */
	TimestampTz clock;
} Queue;

static Queue
open_queue(EvEvent *event, TimestampTz clock)
{
	EvSupply supply = ev_supply(event, clock);

	return (Queue){
		.event = event,
		.free = ev_free(event->nsections, supply.largest, supply.available, ev_waitlist_skip_unfit),
		.clock = clock,
	};
}

/* Could his party have places if nothing were sold and everything on sale? */
static bool
has_room_for(const EvEvent *event, const Waiter *waiter)
{
	for (int i = 0; i < event->nsections; i++)
	{
		if ((waiter->section == EV_ANY_SECTION || waiter->section == i) &&
			event->sections[i].capacity >= waiter->entry.quantity)
			return true;
	}
	return false;
}

/*
 * The next whose turn it might be. Sections that have nothing left, or are kept for somebody, serve nobody; where
 * smaller parties may pass, those too large for what is left are not looked at.
 */
static bool
next(const Queue *queue, Waiter *waiter)
{
	const EvEvent *event = queue->event;
	pg_uuid_t *sections = palloc(event->nsections * sizeof(pg_uuid_t));
	int *quantities = palloc(event->nsections * sizeof(int));
	int n = 0;
	int most = 0;

	for (int i = 0; i < event->nsections; i++)
	{
		if (queue->free.kept[i] || queue->free.available[i] <= 0)
			continue;
		most = Max(most, queue->free.available[i]);
		sections[n] = event->sections[i].section_id;
		quantities[n++] = queue->free.skip_unfit ? queue->free.available[i] : PG_INT32_MAX;
	}
	if (n == 0 || ev_query(&next_waiter, ev_uuid(&event->event_id), ev_uuid_array(sections, n), ev_int_array(quantities, n), ev_int(queue->free.skip_unfit ? most : PG_INT32_MAX), ev_datum(Int64GetDatum(queue->after))) == 0)
		return false;
	*waiter = (Waiter){
		.entry = {
			.entry_id = ev_get_uuid(0, 1),
			.event_id = event->event_id,
			.user_id = ev_get_uuid(0, 2),
			.quantity = ev_get_int(0, 4),
			.mode = ev_get_text(0, 5),
			.status = "active",
		},
		.section = EV_ANY_SECTION,
		.position = DatumGetInt64(ev_copied_value(0, 6)),
	};
	if (!ev_is_null(0, 3))
	{
		waiter->entry.section_id = DatumGetUUIDP(ev_copied_value(0, 3));
		waiter->section = ev_event_section_index(event, waiter->entry.section_id);
	}
	return true;
}

static bool
costs_nothing(const EvHold *hold)
{
	return DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(hold->total),
											NumericGetDatum(int64_to_numeric(0))));
}

/* Whose turn it is, and where. */
typedef struct Turn
{
	const Queue *queue;
	EvEntry *entry;
	int section;
} Turn;

/* The offer, or in mode auto where nothing is to be paid the booking that it becomes at once. */
static void
serve(void *argument)
{
	const Turn *turn = argument;
	const Queue *queue = turn->queue;
	EvEntry *entry = turn->entry;
	EvEvent *event = queue->event;
	pg_uuid_t hold_id = ev_new_id(&event->event_id);
	const EvRequest request = {
		.event_id = event->event_id,
		.user_id = entry->user_id,
		.quantity = entry->quantity,
		.section_id = &event->sections[turn->section].section_id,
		.hold_id = &hold_id,
		.entry_id = &entry->entry_id,
	};
	EvHold *hold = ev_hold_of_grant(&request, ev_reserve_offer(&request, event, queue->clock));

	ev_hold_store(hold);
	if (ev_query(&notify_entry, ev_uuid(&event->event_id), ev_uuid(&entry->entry_id), ev_uuid(&hold_id),
				 ev_time(queue->clock)) != 1)
		elog(ERROR, "a waitlist entry was served twice");
	ev_waiting_add(&event->event_id, entry->section_id, -1);
	entry->status = "notified";
	ev_hold_tell(hold, "HOLD_CREATED");
	if (strcmp(entry->mode, "auto") == 0 && costs_nothing(hold))
		ev_query(&confirm_offer, ev_uuid(&event->event_id), ev_uuid(&hold_id));
	else
		ev_entry_tell(entry, "WAITLIST_OFFERED");
}

/* Places are free, but ticket types and their quotas may have none for him: then he waits on, and nobody's call fails. */
static bool
is_served(const Queue *queue, EvEntry *entry, int section)
{
	Turn turn = {queue, entry, section};

	if (queue->event->has_ticket_types)
		return ev_attempt(serve, &turn) == NULL;
	serve(&turn);
	return true;
}

static void
count(EvHandedOver *served, const EvEntry *entry)
{
	if (served->nentries == served->room)
	{
		served->room = Max(8, served->room * 2);
		served->entries = served->entries == NULL
			? palloc(served->room * sizeof(pg_uuid_t))
			: repalloc(served->entries, served->room * sizeof(pg_uuid_t));
	}
	served->entries[served->nentries++] = entry->entry_id;
	served->tickets += entry->quantity;
}

EvHandedOver
ev_hand_over(const pg_uuid_t *event_id, int max_tickets, TimestampTz clock)
{
	EvHandedOver served = {0};
	EvEvent *event = ev_event_load(event_id);
	Queue queue;
	Waiter waiter;

	if (!ev_event_has_waiters(event) || !ev_event_is_on_sale(event, clock))
		return served;
	ev_release_expired(event_id, clock);
	queue = open_queue(event, clock);
	while (next(&queue, &waiter) && served.tickets + waiter.entry.quantity <= max_tickets)
	{
		int section = ev_serve(&queue.free, waiter.section, waiter.entry.quantity);

		CHECK_FOR_INTERRUPTS();
		queue.after = waiter.position;
		if (section == EV_WAITS || (section == EV_TOO_LARGE && has_room_for(event, &waiter)))
			continue;
		if (section == EV_TOO_LARGE)
			ev_entry_end(&waiter.entry, "expired", NULL, clock);
		else if (is_served(&queue, &waiter.entry, section))
		{
			count(&served, &waiter.entry);
			if (event->has_ticket_types)
				queue.free.available = ev_supply(event, clock).available;
		}
		else
			ev_not_served(&queue.free, waiter.section, section, waiter.entry.quantity);
	}
	return served;
}
