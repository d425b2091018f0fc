/*
 * reserve.c
 *		The one reservation routine.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/resowner.h"

#include "errors.h"
#include "guc.h"
#include "lock.h"
#include "money.h"
#include "release.h"
#include "reserve.h"
#include "spi.h"
#include "stock.h"

EV_STATEMENT(count_live_holds,
			 "SELECT count(*)::integer FROM evently.hold"
			 " WHERE event_id = $1 AND user_id = $2 AND status = 'active' AND expires_at > $3",
			 UUIDOID, UUIDOID, TIMESTAMPTZOID);

static void
require_within_limits(const EvRequest *request, const EvEvent *event)
{
	if (request->quantity > event->max_tickets_per_booking)
		ev_raise(EV_LIMIT_EXCEEDED,
				 ev_detail_int(ev_detail_int(ev_detail_uuid(ev_detail(), "event_id", &event->event_id),
											 "requested", request->quantity),
							   "max_tickets_per_booking", event->max_tickets_per_booking),
				 NULL, "at most %d tickets per booking", event->max_tickets_per_booking);
}

/* U is held: no hold of this user on this event appears or grows between the count and the commit. */
static void
require_hold_allowed(const EvRequest *request, TimestampTz clock)
{
	if (request->hold_id == NULL || ev_max_holds_per_user == 0)
		return;
	ev_query(&count_live_holds, ev_uuid(&request->event_id), ev_uuid(&request->user_id), ev_time(clock));
	if (ev_get_int(0, 1) >= ev_max_holds_per_user)
		ev_raise(EV_HOLD_LIMIT,
				 ev_detail_int(ev_detail_uuid(ev_detail(), "event_id", &request->event_id),
							   "max_holds_per_user", ev_max_holds_per_user),
				 "Confirm or release a hold first.",
				 "at most %d live holds per user and event", ev_max_holds_per_user);
}

static void
refuse_sold_out(const EvRequest *request, int available)
{
	ev_raise(EV_INSUFFICIENT_SEATS,
			 ev_detail_uuid(ev_detail_int(ev_detail_int(ev_detail(), "requested", request->quantity),
										  "available", available),
							"event_id", &request->event_id),
			 NULL, "Not enough seats available");
}

/* The moment of decision: after the last lock. */
static void
decide_at(EvGrant *grant, const EvRequest *request, TimestampTz clock)
{
	grant->clock = clock;
	grant->expires_at = TimestampTzPlusMilliseconds(clock, (int64) Min(ev_hold_ttl, ev_hold_max_lifetime) * 1000);
	ev_event_require_on_sale(grant->event, clock);
	require_hold_allowed(request, clock);
}

/* Seats that were held by a hold now over are counted as taken already. */
static int *
newly_taken(const EvGrant *grant)
{
	int *deltas = palloc0(grant->event->nsections * sizeof(int));

	for (int i = 0; i < grant->quantity; i++)
		deltas[grant->seats[i].section] -= grant->seats[i].was_held ? 0 : 1;
	return deltas;
}

/* T is the last lock, and the sale window is looked at after it. */
static void
take_locked_seats(const EvRequest *request, EvGrant *grant)
{
	EvSeatOwner owner = {.hold_id = request->hold_id, .booking_id = request->booking_id};

	ev_stock_change_sections(grant->event, newly_taken(grant));
	decide_at(grant, request, GetCurrentTimestamp());
	owner.held_until = grant->expires_at;
	ev_seats_give(grant->event, grant->seats, grant->quantity, owner);
}

static void
require_in_section(const EvRequest *request, const EvGrant *grant)
{
	int section;

	if (request->section_id == NULL)
		return;
	section = ev_event_section_index(grant->event, request->section_id);
	for (int i = 0; i < grant->quantity; i++)
	{
		if (grant->seats[i].section != section)
			ev_invalid("seat_ids", "seat %s is not in section %s", grant->seats[i].label,
					   grant->event->sections[section].name);
	}
}

static void
take_named_seats(const EvRequest *request, EvGrant *grant)
{
	grant->seats = ev_seats_find(grant->event, request->seats, request->quantity);
	require_in_section(request, grant);
	ev_seats_lock_free(grant->event, grant->seats, grant->quantity);
	take_locked_seats(request, grant);
}

static bool
pick_and_take(const EvRequest *request, EvGrant *grant)
{
	grant->seats = ev_seats_pick(grant->event, grant->section, grant->quantity, GetCurrentTimestamp());
	if (grant->seats == NULL)
		return false;
	take_locked_seats(request, grant);
	return true;
}

/*
 * In a subtransaction, because a pick that falls short must give back the rows it locked: its caller goes on to wait
 * for Q exclusive, and somebody who holds Q may be waiting for one of those rows. The seats are given in it too, so that
 * one transaction id locks and updates them; two would make a MultiXact of each.
 */
static bool
take_best_seats(const EvRequest *request, EvGrant *grant)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	bool taken = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		taken = pick_and_take(request, grant);
		if (taken)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		ReThrowError(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return taken;
}

static bool
take_tickets(const EvRequest *request, EvGrant *grant, bool exclusive)
{
	if (grant->section->reserved)
		return take_best_seats(request, grant);
	if (exclusive)
		ev_stock_gather(&request->event_id, ev_section_pool(grant->section), grant->quantity);
	else if (!ev_stock_take(&request->event_id, ev_section_pool(grant->section), grant->quantity))
		return false;
	decide_at(grant, request, GetCurrentTimestamp());
	return true;
}

/* A section that has enough in one snapshot, or the refusal. */
static EvSection *
choose_section(const EvRequest *request, EvEvent *event, TimestampTz clock)
{
	int asked = request->section_id ? ev_event_section_index(event, request->section_id) : -1;
	int *available = ev_stock_available(event, clock);
	int most = 0;

	for (int i = 0; i < event->nsections; i++)
	{
		if (asked >= 0 && i != asked)
			continue;
		if (available[i] >= request->quantity)
			return &event->sections[i];
		most = Max(most, available[i]);
	}
	refuse_sold_out(request, most);
	pg_unreachable();
}

/* Where there is but one section to take from, it is tried without counting first. */
static EvSection *
first_section(const EvRequest *request, EvEvent *event)
{
	if (request->section_id != NULL)
		return &event->sections[ev_event_section_index(event, request->section_id)];
	if (event->nsections == 1)
		return &event->sections[0];
	return choose_section(request, event, GetCurrentTimestamp());
}

static void
load_event(const EvRequest *request, EvGrant *grant)
{
	grant->event = ev_event_load(&request->event_id);
	ev_event_require_on_sale(grant->event, GetCurrentTimestamp());
	require_within_limits(request, grant->event);
}

/* Under Q exclusive what is reclaimed and what is counted as free go by one clock: the count is what can be gathered. */
static void
take_by_quantity(const EvRequest *request, EvGrant *grant)
{
	TimestampTz clock;

	grant->section = first_section(request, grant->event);
	if (take_tickets(request, grant, false))
		return;

	(void) choose_section(request, grant->event, GetCurrentTimestamp());
	ev_unlock_event_shared(&request->event_id);
	ev_lock_event_exclusive(&request->event_id);
	load_event(request, grant);
	clock = GetCurrentTimestamp();
	ev_release_expired(&request->event_id, clock);
	grant->section = choose_section(request, grant->event, clock);
	if (!take_tickets(request, grant, true))
		elog(ERROR, "stock and seats of a section disagree");
}

static void
price(EvGrant *grant)
{
	grant->prices = palloc(grant->quantity * sizeof(Numeric));
	for (int i = 0; i < grant->quantity; i++)
	{
		const EvSection *section = grant->seats ? &grant->event->sections[grant->seats[i].section] : grant->section;

		grant->prices[i] = section->price;
		grant->total = i == 0 ? section->price : ev_money_add(grant->total, section->price);
	}
}

EvGrant *
ev_reserve(const EvRequest *request)
{
	EvGrant *grant = palloc0(sizeof(EvGrant));

	grant->quantity = request->quantity;
	if (request->hold_id != NULL)
		ev_lock_user(&request->event_id, &request->user_id);
	ev_lock_event_shared(&request->event_id);
	load_event(request, grant);
	if (request->seats != NULL)
		take_named_seats(request, grant);
	else
		take_by_quantity(request, grant);
	price(grant);
	return grant;
}
