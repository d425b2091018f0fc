/*
 * reserve.c
 *		The one reservation routine.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/resowner.h"

#include "batch.h"
#include "choice.h"
#include "errors.h"
#include "guc.h"
#include "limit.h"
#include "lock.h"
#include "money.h"
#include "release.h"
#include "reserve.h"
#include "spi.h"
#include "stock.h"
#include "waitlist.h"

/* An access code may open the sale before its time; house seats are kept back before and after it too. */
static void
require_on_sale(const EvRequest *request, const EvGrant *grant, TimestampTz clock)
{
	if (request->reason != NULL)
	{
		ev_event_require_unfinished(grant->event, clock);
		return;
	}
	if (grant->code != NULL)
		ev_access_code_require_valid(grant->event, grant->code, clock);
	ev_event_require_on_sale(grant->event, clock, grant->code != NULL && grant->code->before_sale);
}

bool
ev_request_is_behind(const EvRequest *request, const EvEvent *event, int section)
{
	return request->reason == NULL && request->entry_id == NULL && ev_event_is_waited_for(event, section);
}

void
ev_refuse_behind(const EvRequest *request)
{
	ev_raise(EV_WAITLIST_ACTIVE, ev_detail_uuid(ev_detail(), "event_id", &request->event_id),
			 "Join the waitlist: join_waitlist().", "others are waiting for these places");
}

/* Named seats: whose turn is it? */
static void
require_turn(const EvRequest *request, const EvGrant *grant)
{
	for (int i = 0; i < grant->quantity; i++)
	{
		if (ev_request_is_behind(request, grant->event, grant->seats[i].section))
			ev_refuse_behind(request);
	}
}

/* The moment of decision: after the last lock. */
static void
decide_at(EvGrant *grant, const EvRequest *request, TimestampTz clock)
{
	int ttl = request->entry_id ? ev_offer_ttl : Min(ev_hold_ttl, ev_hold_max_lifetime);

	grant->clock = clock;
	grant->expires_at = request->reason ? request->held_until : TimestampTzPlusMilliseconds(clock, (int64) ttl * 1000);
	if (request->entry_id != NULL)
		return;
	require_on_sale(request, grant, clock);
	if (grant->type != NULL)
		ev_ticket_type_require_open(grant->event, grant->type, grant->code, grant->quantity, clock);
	if (request->reason == NULL)
		ev_limit_user(request, grant->event, clock);
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
static bool
take_locked_seats(const EvRequest *request, EvGrant *grant, bool exclusive)
{
	ev_stock_change_sections(grant->event, newly_taken(grant));
	if (!ev_pools_take(&request->event_id, grant->pools, grant->quantity, exclusive))
		return false;
	decide_at(grant, request, GetCurrentTimestamp());
	grant->owner = (EvSeatOwner){request->hold_id, grant->expires_at, request->booking_id};
	return true;
}

void
ev_grant_give(EvGrant *grant)
{
	if (grant->seats != NULL && !grant->given)
		ev_seats_give(grant->event, grant->seats, grant->quantity, grant->owner);
	grant->given = true;
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

static bool
take_named_seats(const EvRequest *request, EvGrant *grant, bool exclusive)
{
	ev_seats_lock_free(grant->event, grant->seats, grant->quantity);
	return take_locked_seats(request, grant, exclusive);
}

static bool
pick_and_take(const EvRequest *request, EvGrant *grant, bool exclusive)
{
	grant->seats = ev_seats_pick(grant->event, grant->section, grant->quantity, GetCurrentTimestamp());
	return grant->seats != NULL && take_locked_seats(request, grant, exclusive);
}

static bool
take_places(const EvRequest *request, EvGrant *grant, bool exclusive)
{
	EvPool section = ev_section_pool(grant->section);

	if (exclusive)
		ev_stock_gather(&request->event_id, section, grant->quantity);
	else if (!ev_stock_take(&request->event_id, section, grant->quantity))
		return false;
	if (!ev_pools_take(&request->event_id, grant->pools, grant->quantity, exclusive))
		return false;
	decide_at(grant, request, GetCurrentTimestamp());
	return true;
}

typedef bool (*Taking)(const EvRequest *request, EvGrant *grant, bool exclusive);

/*
 * In a subtransaction, because a taking that falls short half-way must give back the rows and T that it locked: its caller
 * goes on to wait for Q exclusive, and somebody who holds Q may be waiting for one of those. The seats are given in it too,
 * so that one transaction id locks and updates them; two would make a MultiXact of each.
 */
static bool
take_whole(Taking taking, const EvRequest *request, EvGrant *grant, bool exclusive)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	bool taken = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		taken = taking(request, grant, exclusive);
		if (taken)
		{
			ev_grant_give(grant);
			ReleaseCurrentSubTransaction();
		}
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
take(const EvRequest *request, EvGrant *grant, bool exclusive)
{
	Taking taking = request->seats != NULL ? take_named_seats : grant->section->reserved ? pick_and_take
																						 : take_places;

	if (request->seats == NULL)
		grant->seats = NULL;
	if (!ev_batch_is_open() && (grant->pools.n > 0 || taking == pick_and_take))
		return take_whole(taking, request, grant, exclusive);
	return taking(request, grant, exclusive);
}

static void
load_event(const EvRequest *request, EvGrant *grant)
{
	grant->event = ev_event_load(&request->event_id);
	grant->code = request->access_code ? ev_access_code_load(grant->event, request->access_code) : NULL;
	require_on_sale(request, grant, GetCurrentTimestamp());
	if (request->reason == NULL)
		ev_limit_booking(request, grant->event);
	if (request->seats != NULL)
	{
		grant->seats = ev_seats_find(grant->event, request->seats, request->quantity);
		require_in_section(request, grant);
		require_turn(request, grant);
	}
}

/*
 * U is taken before Q, but whether the event limits the tickets of a user is known after: then Q is let go, U taken, and
 * the event read again. Under Q exclusive U is not missed.
 */
static void
lock_and_load(const EvRequest *request, EvGrant *grant)
{
	bool locked = request->hold_id != NULL && request->reason == NULL;

	if (locked && !ev_lock_user(&request->event_id, &request->user_id))
		ev_batch_write();
	ev_lock_event_shared(&request->event_id);
	load_event(request, grant);
	if (locked || request->reason != NULL || grant->event->max_tickets_per_user == 0)
		return;
	ev_unlock_event_shared(&request->event_id);
	ev_lock_user(&request->event_id, &request->user_id);
	ev_lock_event_shared(&request->event_id);
	load_event(request, grant);
}

/* Under Q exclusive what is reclaimed and what is counted as free go by one clock: the count is what can be gathered. */
static void
take_what_fits(const EvRequest *request, EvGrant *grant)
{
	TimestampTz clock;

	ev_choose(request, grant, GetCurrentTimestamp(), false);
	if (take(request, grant, false))
		return;

	ev_choose(request, grant, GetCurrentTimestamp(), true);
	if (ev_batch_is_open())
		ev_batch_refuse();
	ev_unlock_event_shared(&request->event_id);
	ev_lock_event_exclusive(&request->event_id);
	load_event(request, grant);
	clock = GetCurrentTimestamp();
	ev_release_expired(&request->event_id, clock);
	if (ev_event_has_waiters(grant->event))
	{
		grant->others_first = request->reason == NULL;
		ev_hand_over(&request->event_id, PG_INT32_MAX, clock);
		load_event(request, grant);
	}
	ev_choose(request, grant, clock, true);
	if (!take(request, grant, true))
		elog(ERROR, "stock and seats of a section disagree");
}

static void
price(EvGrant *grant)
{
	grant->prices = palloc(grant->quantity * sizeof(Numeric));
	for (int i = 0; i < grant->quantity; i++)
	{
		const EvSection *section = grant->seats ? &grant->event->sections[grant->seats[i].section] : grant->section;

		grant->prices[i] = ev_ticket_type_price(grant->type, section, grant->event->currency);
		grant->total = i == 0 ? grant->prices[i] : ev_money_add(grant->total, grant->prices[i]);
	}
}

EvGrant *
ev_reserve(const EvRequest *request)
{
	EvGrant *grant = palloc0(sizeof(EvGrant));

	grant->quantity = request->quantity;
	lock_and_load(request, grant);
	take_what_fits(request, grant);
	price(grant);
	return grant;
}

EvGrant *
ev_reserve_offer(const EvRequest *request, EvEvent *event, TimestampTz clock)
{
	EvGrant *grant = palloc0(sizeof(EvGrant));

	grant->event = event;
	grant->quantity = request->quantity;
	ev_choose(request, grant, clock, event->has_ticket_types);
	if (!take(request, grant, true))
		elog(ERROR, "stock and seats of a section disagree");
	ev_grant_give(grant);
	price(grant);
	return grant;
}

const pg_uuid_t *
ev_grant_type_id(const EvGrant *grant)
{
	return grant->type ? &grant->type->type_id : NULL;
}

const char *
ev_grant_type_name(const EvGrant *grant)
{
	return grant->type ? grant->type->name : NULL;
}
