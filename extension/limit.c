/*
 * limit.c
 *		How much one user may have of an event.
 */
#include "postgres.h"

#include "errors.h"
#include "guc.h"
#include "limit.h"
#include "table.h"

static const char *const hold_columns[] = {"user_id", "event_id", "expires_at", "reason"};
static const Oid hold_types[] = {UUIDOID, UUIDOID, TIMESTAMPTZOID, TEXTOID};
EV_TABLE_BY(active_holds, "hold", "hold_active_user", hold_columns, hold_types);

EV_STATEMENT(live_holds_and_entries,
			 "SELECT ((SELECT count(*) FROM evently.hold"
			 "          WHERE event_id = $1 AND user_id = $2 AND status = 'active' AND expires_at > $3 AND reason IS NULL)"
			 "        + (SELECT count(*) FROM evently.waitlist_entry"
			 "            WHERE event_id = $1 AND user_id = $2 AND status = 'active'))::integer",
			 UUIDOID, UUIDOID, TIMESTAMPTZOID);

/* One snapshot: a hold that is being confirmed, an entry that is served, counts once. */
EV_STATEMENT(count_tickets,
			 "SELECT ((SELECT coalesce(sum(h.quantity), 0) FROM evently.hold h"
			 "          WHERE h.event_id = $1 AND h.user_id = $2 AND h.status = 'active' AND h.expires_at > $3"
			 "            AND h.reason IS NULL)"
			 "        + (SELECT coalesce(sum(w.quantity), 0) FROM evently.waitlist_entry w"
			 "            WHERE w.event_id = $1 AND w.user_id = $2 AND w.status = 'active')"
			 "        + (SELECT count(*) FROM evently.booking b"
			 "             JOIN evently.ticket t ON t.event_id = b.event_id AND t.booking_id = b.booking_id"
			 "            WHERE b.event_id = $1 AND b.user_id = $2 AND t.cancelled_at IS NULL))::integer",
			 UUIDOID, UUIDOID, TIMESTAMPTZOID);

void
ev_limit_booking(const EvRequest *request, const EvEvent *event)
{
	if (request->quantity > event->max_tickets_per_booking)
		ev_raise(EV_LIMIT_EXCEEDED,
				 ev_detail_int(ev_detail_int(ev_detail_uuid(ev_detail(), "event_id", &event->event_id),
											 "requested", request->quantity),
							   "max_tickets_per_booking", event->max_tickets_per_booking),
				 NULL, "at most %d tickets per booking", event->max_tickets_per_booking);
}

static int
count_live_holds(const EvRequest *request, TimestampTz clock)
{
	EvScan scan = ev_scan_begin(&active_holds, EV_READS,
								(const EvArg[]){ev_uuid(&request->user_id), ev_uuid(&request->event_id)}, 2);
	int n = 0;

	while (ev_scan_next(&scan))
		n += ev_scan_is_null(&scan, 4) && DatumGetTimestampTz(ev_scan_value(&scan, 3)) > clock ? 1 : 0;
	ev_scan_end(&scan);
	return n;
}

static int
count_live_holds_and_entries(const EvRequest *request, TimestampTz clock)
{
	ev_query(&live_holds_and_entries, ev_uuid(&request->event_id), ev_uuid(&request->user_id), ev_time(clock));
	return ev_get_int(0, 1);
}

/* Who waits may be made an offer at any moment: his entry counts as the hold that it will be. */
static void
require_hold_allowed(const EvRequest *request, const EvEvent *event, TimestampTz clock)
{
	int has = ev_event_has_waiters(event) ? count_live_holds_and_entries(request, clock) : count_live_holds(request, clock);

	if (has >= ev_max_holds_per_user)
		ev_raise(EV_HOLD_LIMIT,
				 ev_detail_int(ev_detail_uuid(ev_detail(), "event_id", &request->event_id),
							   "max_holds_per_user", ev_max_holds_per_user),
				 "Confirm or release a hold first.",
				 "at most %d live holds per user and event", ev_max_holds_per_user);
}

static void
require_tickets_allowed(const EvRequest *request, const EvEvent *event, TimestampTz clock)
{
	int has;

	ev_query(&count_tickets, ev_uuid(&request->event_id), ev_uuid(&request->user_id), ev_time(clock));
	has = ev_get_int(0, 1);
	if (request->quantity > event->max_tickets_per_user - has)
		ev_raise(EV_LIMIT_EXCEEDED,
				 ev_detail_int(ev_detail_int(ev_detail_int(ev_detail_uuid(ev_detail(), "event_id", &event->event_id),
														   "requested", request->quantity),
											 "booked_or_held", has),
							   "max_tickets_per_user", event->max_tickets_per_user),
				 NULL, "at most %d tickets per user", event->max_tickets_per_user);
}

void
ev_limit_user(const EvRequest *request, const EvEvent *event, TimestampTz clock)
{
	if (request->booking_id == NULL && ev_max_holds_per_user > 0)
		require_hold_allowed(request, event, clock);
	if (event->max_tickets_per_user > 0)
		require_tickets_allowed(request, event, clock);
}
