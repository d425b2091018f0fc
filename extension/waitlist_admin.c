/*
 * waitlist_admin.c
 *		What those who manage an event see of its waitlist, and do with it.
 */
#include "postgres.h"

#include "fmgr.h"

#include "args.h"
#include "errors.h"
#include "id.h"
#include "idempotency.h"
#include "lock.h"
#include "paging.h"
#include "permission.h"
#include "spi.h"
#include "tuple.h"
#include "waitlist.h"

PG_FUNCTION_INFO_V1(evently_list_waitlist_entries);
PG_FUNCTION_INFO_V1(evently_get_waitlist_stats);
PG_FUNCTION_INFO_V1(evently_notify_waitlist);

EV_STATEMENT(event_exists,
			 "SELECT 1 FROM evently.event WHERE event_id = $1",
			 UUIDOID);

EV_STATEMENT(read_stats,
			 "SELECT w.stats FROM evently.described_waitlist w WHERE w.event_id = $1",
			 UUIDOID);

EV_STATEMENT(read_entries,
			 "SELECT ROW(ARRAY(SELECT d.detail FROM evently.described_entry d"
			 "                  WHERE d.event_id = $1 AND ($2 IS NULL OR d.status = $2)"
			 "                  ORDER BY d.position LIMIT $3 OFFSET $4),"
			 "           t.total, $5, $3, $4 + $3 < t.total)::evently.waitlist_page"
			 "  FROM (SELECT count(*) AS total FROM evently.entry_status s"
			 "         WHERE s.event_id = $1 AND ($2 IS NULL OR s.status = $2)) t",
			 UUIDOID, TEXTOID, INT4OID, INT8OID, INT4OID);

EV_STATEMENT(read_notice,
			 "SELECT ROW(e.event_id, cardinality($2), $3,"
			 "           e.waiting + (SELECT sum(s.waiting) FROM evently.event_section s WHERE s.event_id = e.event_id),"
			 "           ARRAY(SELECT d.detail FROM evently.described_entry d"
			 "                  WHERE d.event_id = e.event_id AND d.entry_id = ANY ($2) ORDER BY d.position)"
			 "       )::evently.waitlist_notice"
			 "  FROM evently.event e WHERE e.event_id = $1",
			 UUIDOID, UUIDARRAYOID, INT4OID);

EV_STATEMENT(replay_notice,
			 "SELECT json_populate_record(NULL::evently.waitlist_notice, $1)",
			 JSONOID);

static const EvOperation notify_operation = {"notify_waitlist", &replay_notice};

/* The event of the first argument, where the actor may do that; EVENT_NOT_FOUND, FORBIDDEN. */
static pg_uuid_t *
event_of(FunctionCallInfo fcinfo, const pg_uuid_t *actor_id, const char *permission)
{
	pg_uuid_t *event_id = ev_required_uuid(fcinfo, 0, "event_id");

	if (ev_query(&event_exists, ev_uuid(event_id)) == 0)
		ev_event_not_found(event_id);
	ev_require_event_permission(actor_id, event_id, permission);
	return event_id;
}

/* list_waitlist_entries(event_id, actor_id, status, page, limit, offset) */
Datum
evently_list_waitlist_entries(PG_FUNCTION_ARGS)
{
	pg_uuid_t *event_id;
	EvPage page;

	ev_begin(EV_READS);
	event_id = event_of(fcinfo, ev_uuid_argument(fcinfo, 1), "bookings:read");
	page = ev_page(ev_arg(3), ev_arg(4), ev_arg(5));
	ev_query(&read_entries, ev_uuid(event_id), ev_text(ev_entry_status(ev_text_argument(fcinfo, 2))),
			 ev_int(page.limit), ev_datum(Int64GetDatum(page.offset)), ev_int(page.number));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}

/* get_waitlist_stats(event_id, actor_id) */
Datum
evently_get_waitlist_stats(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	ev_query(&read_stats, ev_uuid(event_of(fcinfo, ev_uuid_argument(fcinfo, 1), "bookings:read")));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}

static char *
canonical(const void *tickets)
{
	return psprintf("%d", *(const int *) tickets);
}

static Datum
notify(const pg_uuid_t *event_id, int tickets)
{
	EvHandedOver served;

	ev_lock_event_exclusive(event_id);
	served = ev_hand_over(event_id, tickets, GetCurrentTimestamp());
	ev_query(&read_notice, ev_uuid(event_id), ev_uuid_array(served.entries, served.nentries), ev_int(served.tickets));
	return ev_copied_value(0, 1);
}

/* notify_waitlist(event_id, available_tickets, actor_id, idempotency_key) */
Datum
evently_notify_waitlist(PG_FUNCTION_ARGS)
{
	static const pg_uuid_t nobody;
	int tickets = PG_ARGISNULL(1) ? PG_INT32_MAX : PG_GETARG_INT32(1);
	pg_uuid_t *actor_id;
	pg_uuid_t *event_id;
	EvKey key;
	Datum result;

	ev_begin(EV_WRITES);
	actor_id = ev_uuid_argument(fcinfo, 2);
	event_id = event_of(fcinfo, actor_id, "events:own");
	if (tickets < 1)
		ev_invalid("available_tickets", "available_tickets must be at least 1");
	if (!ev_key_open(&key, &notify_operation, event_id, actor_id ? actor_id : &nobody, ev_text_argument(fcinfo, 3),
					 canonical, &tickets, &result))
	{
		result = notify(event_id, tickets);
		ev_key_store(&key, result);
	}
	PG_RETURN_DATUM(ev_end(result));
}
