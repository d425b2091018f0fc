/*
 * waitlist_change.c
 *		Joining a waitlist, leaving it, declining or accepting an offer.
 *
 * Accepting confirms the offer's hold (booking.h). Each of the others takes Q exclusive and first gives back what expired holds and missed offers have, so it decides about the state as
 * it is; at its end whoever's turn it is by then is served.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "args.h"
#include "errors.h"
#include "id.h"
#include "idempotency.h"
#include "limit.h"
#include "lock.h"
#include "outbox.h"
#include "release.h"
#include "spi.h"
#include "stock.h"
#include "tuple.h"
#include "waitlist.h"

PG_FUNCTION_INFO_V1(evently_join_waitlist);
PG_FUNCTION_INFO_V1(evently_leave_waitlist);
PG_FUNCTION_INFO_V1(evently_decline_offer);
PG_FUNCTION_INFO_V1(evently_accept_offer);

EV_STATEMENT(draw_position,
			 "UPDATE evently.event SET last_position = last_position + 1 WHERE event_id = $1 RETURNING last_position",
			 UUIDOID);

EV_STATEMENT(insert_entry,
			 "INSERT INTO evently.waitlist_entry (event_id, entry_id, user_id, section_id, quantity, mode, position,"
			 " preferences, joined_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
			 UUIDOID, UUIDOID, UUIDOID, UUIDOID, INT4OID, TEXTOID, INT8OID, JSONBOID, TIMESTAMPTZOID);

EV_STATEMENT(was_declined,
			 "SELECT status = 'cancelled' AND hold_id IS NOT NULL FROM evently.waitlist_entry"
			 " WHERE event_id = $1 AND user_id = $2 ORDER BY position DESC LIMIT 1",
			 UUIDOID, UUIDOID);

EV_STATEMENT(close_entries,
			 "WITH first AS MATERIALIZED ("
			 "  SELECT entry_id FROM evently.waitlist_entry WHERE event_id = $1 AND status = 'active' ORDER BY position LIMIT $3),"
			 "closed AS ("
			 "  UPDATE evently.waitlist_entry SET status = 'cancelled', ended_at = $2"
			 "   WHERE event_id = $1 AND entry_id = ANY (ARRAY(SELECT entry_id FROM first)) RETURNING entry_id, section_id),"
			 "less AS (SELECT section_id, count(*)::integer AS n FROM closed GROUP BY section_id),"
			 "in_sections AS ("
			 "  UPDATE evently.event_section s SET waiting = s.waiting - l.n FROM less l"
			 "   WHERE s.event_id = $1 AND s.section_id = l.section_id),"
			 "in_any AS ("
			 "  UPDATE evently.event e SET waiting = e.waiting - l.n FROM less l"
			 "   WHERE e.event_id = $1 AND l.section_id IS NULL)"
			 "SELECT array_agg(entry_id) FROM closed",
			 UUIDOID, TIMESTAMPTZOID, INT4OID);

EV_STATEMENT(tell_closed,
			 "SELECT evently.outbox_add(d.event_id, 'WAITLIST_ENTRY', d.entry_id, 'WAITLIST_CANCELLED', d.user_id,"
			 "                          evently.render(d.detail))"
			 "  FROM evently.waitlist_entry w"
			 "  JOIN evently.described_entry d ON d.event_id = w.event_id AND d.entry_id = w.entry_id"
			 " WHERE w.event_id = $1 AND w.entry_id = ANY ($2)"
			 " ORDER BY w.position",
			 UUIDOID, UUIDARRAYOID);

EV_STATEMENT(json_text,
			 "SELECT $1::text",
			 JSONBOID);

EV_STATEMENT(replay_entry,
			 "SELECT json_populate_record(NULL::evently.waitlist_entry_detail, $1)",
			 JSONOID);

EV_STATEMENT(confirm_offer,
			 "SELECT evently.confirm_hold($1, $2, $3, $4)",
			 UUIDOID, UUIDOID, UUIDOID, JSONBOID);

EV_STATEMENT(replay_booking,
			 "SELECT json_populate_record(NULL::evently.booking_detail, $1)",
			 JSONOID);

static const EvOperation join_operation = {"join_waitlist", &replay_entry};
static const EvOperation leave_operation = {"leave_waitlist", &replay_entry};
static const EvOperation decline_operation = {"decline_offer", &replay_entry};
static const EvOperation accept_operation = {"accept_offer", &replay_booking};

/* In bytes: they are told with the entry, whoever hands over to it. */
#define PREFERENCES_MAX 4096

/* What somebody wants to wait for. */
typedef struct Party
{
	pg_uuid_t event_id;
	pg_uuid_t user_id;
	int quantity;
	pg_uuid_t *section_id;
	char *mode;
	EvArg preferences;
} Party;

static char *
canonical(const void *asked)
{
	const Party *party = asked;
	const char *preferences = "";

	if (!party->preferences.isnull)
	{
		ev_query(&json_text, party->preferences);
		preferences = ev_get_text(0, 1);
	}
	return psprintf("%d %s %s %s", party->quantity, party->section_id ? ev_id_text(party->section_id) : "any",
					party->mode, preferences);
}

/* The same for every call about the user's entry: it is the scope and the user that tell them apart. */
static char *
no_parameters(const void *asked)
{
	return "";
}

static EvDetail *
party_detail(const Party *party)
{
	return ev_detail_int(ev_detail_uuid(ev_detail(), "event_id", &party->event_id), "requested", party->quantity);
}

static void
require_no_entry(const Party *party)
{
	const EvEntry *entry = ev_entry_live(&party->event_id, &party->user_id);

	if (entry != NULL)
		ev_raise(EV_ALREADY_WAITLISTED,
				 ev_detail_uuid(ev_detail_uuid(ev_detail(), "event_id", &party->event_id), "entry_id", &entry->entry_id),
				 "Leave the waitlist first to join it with another request.", "already on the waitlist of this event");
}

/* The limits of a hold of his: the entry counts against them from now on. */
static void
require_allowed(const Party *party, const EvEvent *event, TimestampTz clock)
{
	const EvRequest request = {
		.event_id = party->event_id,
		.user_id = party->user_id,
		.quantity = party->quantity,
	};

	ev_limit_booking(&request, event);
	ev_limit_user(&request, event, clock);
}

/* What can never be served would wait for ever. */
static void
require_fits(const Party *party, const EvEvent *event, const EvSupply *supply)
{
	int largest = 0;

	for (int i = 0; i < event->nsections; i++)
	{
		if (party->section_id == NULL || ev_same_id(party->section_id, &event->sections[i].section_id))
			largest = Max(largest, supply->largest[i]);
	}
	if (party->quantity > largest)
		ev_raise(EV_PARTY_TOO_LARGE, ev_detail_int(party_detail(party), "capacity", largest), NULL,
				 "no section has room for a party of %d", party->quantity);
}

/* What can be booked now is not waited for. */
static void
require_sold_out(const Party *party, const EvEvent *event, const EvSupply *supply, TimestampTz clock)
{
	if (!ev_event_is_on_sale(event, clock))
		return;
	for (int i = 0; i < event->nsections; i++)
	{
		bool asked = party->section_id == NULL || ev_same_id(party->section_id, &event->sections[i].section_id);

		if (asked && supply->available[i] >= party->quantity && !ev_event_is_waited_for(event, i))
			ev_raise(EV_SEATS_AVAILABLE, ev_detail_int(party_detail(party), "available", supply->available[i]),
					 "Book or hold them now.", "there are seats available");
	}
}

static EvEntry
new_entry(const Party *party, TimestampTz clock)
{
	EvEntry entry = {
		.entry_id = ev_new_id(&party->event_id),
		.event_id = party->event_id,
		.user_id = party->user_id,
		.section_id = party->section_id,
		.quantity = party->quantity,
		.mode = party->mode,
		.status = "active",
	};
	int64 position;

	ev_query(&draw_position, ev_uuid(&entry.event_id));
	position = DatumGetInt64(ev_copied_value(0, 1));
	ev_query(&insert_entry, ev_uuid(&entry.event_id), ev_uuid(&entry.entry_id), ev_uuid(&entry.user_id),
			 ev_maybe_uuid(entry.section_id), ev_int(entry.quantity), ev_text(entry.mode),
			 ev_datum(Int64GetDatum(position)), party->preferences, ev_time(clock));
	ev_waiting_add(&entry.event_id, entry.section_id, 1);
	return entry;
}

/* What is sold out by hand is waited for like what is sold out by itself. */
static void
require_open(const EvEvent *event, TimestampTz clock)
{
	if (event->sale_status == NULL || strcmp(event->sale_status, "sold_out") != 0)
		ev_event_require_on_sale(event, clock, false);
	ev_event_require_published(event);
	ev_event_require_unfinished(event, clock);
}

static Datum
join(const Party *party)
{
	EvEvent *event;
	EvEntry entry;
	EvSupply supply;
	TimestampTz clock;

	ev_lock_user(&party->event_id, &party->user_id);
	ev_lock_event_exclusive(&party->event_id);
	event = ev_event_load(&party->event_id);
	clock = GetCurrentTimestamp();
	require_open(event, clock);
	if (party->section_id != NULL)
		(void) ev_event_section_index(event, party->section_id);
	ev_release_expired(&party->event_id, clock);
	ev_hand_over(&party->event_id, PG_INT32_MAX, clock);
	event = ev_event_load(&party->event_id);
	require_no_entry(party);
	require_allowed(party, event, clock);
	supply = ev_supply(event, clock);
	require_fits(party, event, &supply);
	require_sold_out(party, event, &supply, clock);
	entry = new_entry(party, clock);
	ev_entry_tell(&entry, "WAITLIST_JOINED");
	ev_hand_over(&party->event_id, PG_INT32_MAX, clock);
	return ev_entry_detail(&entry.event_id, &entry.entry_id);
}

/* join_waitlist(event_id, user_id, quantity, section_id, mode, preferences, idempotency_key) */
Datum
evently_join_waitlist(PG_FUNCTION_ARGS)
{
	Party party;
	EvKey key;
	Datum result;

	ev_begin(EV_WRITES);
	party = (Party){
		.event_id = *ev_required_uuid(fcinfo, 0, "event_id"),
		.user_id = *ev_required_uuid(fcinfo, 1, "user_id"),
		.quantity = PG_ARGISNULL(2) ? 1 : PG_GETARG_INT32(2),
		.section_id = ev_uuid_argument(fcinfo, 3),
		.mode = PG_ARGISNULL(4) ? "offer" : ev_word(ev_text_argument(fcinfo, 4), "mode", "offer, auto"),
		.preferences = ev_arg(5),
	};
	if (party.quantity < 1)
		ev_invalid("quantity", "quantity must be at least 1");
	ev_require_json_length(party.preferences, "preferences", PREFERENCES_MAX);
	if (!ev_key_open(&key, &join_operation, &party.event_id, &party.user_id, ev_text_argument(fcinfo, 6),
					 canonical, &party, &result))
	{
		result = join(&party);
		ev_key_store(&key, result);
	}
	PG_RETURN_DATUM(ev_end(result));
}

/* Who declined his last offer already gets the same answer; who had none, or took or missed it, has nothing to decline. */
static void
require_declined(const pg_uuid_t *event_id, const pg_uuid_t *user_id)
{
	if (ev_query(&was_declined, ev_uuid(event_id), ev_uuid(user_id)) > 0 && !ev_get_bool(0, 1))
		ev_no_offer(event_id);
}

/* The offer's hold goes back, and the entry ends with it. */
static void
give_up_offer(const EvEntry *entry)
{
	EvHold *hold = ev_hold_load(&entry->event_id, entry->hold_id, NULL);

	ev_hold_lock(hold);
	(void) ev_release_whole_hold(ev_release_continue(&entry->event_id), hold);
	ev_hold_tell(hold, ev_release_news(hold));
}

static Datum
leave(const pg_uuid_t *event_id, const pg_uuid_t *user_id, bool offers_only)
{
	EvEntry *entry;
	TimestampTz clock;

	ev_lock_event_exclusive(event_id);
	clock = GetCurrentTimestamp();
	ev_release_expired(event_id, clock);
	entry = ev_entry_live(event_id, user_id);
	if (entry != NULL && strcmp(entry->status, "notified") == 0)
		give_up_offer(entry);
	else if (offers_only)
		require_declined(event_id, user_id);
	else if (entry != NULL)
		ev_entry_end(entry, "cancelled", NULL, clock);
	ev_hand_over(event_id, PG_INT32_MAX, clock);
	return ev_entry_detail_of(event_id, user_id);
}

/* (event_id, user_id, idempotency_key) */
static Datum
leave_by_arguments(FunctionCallInfo fcinfo, const EvOperation *operation, bool offers_only)
{
	pg_uuid_t *event_id;
	pg_uuid_t *user_id;
	EvKey key;
	Datum result;

	ev_begin(EV_WRITES);
	event_id = ev_required_uuid(fcinfo, 0, "event_id");
	user_id = ev_required_uuid(fcinfo, 1, "user_id");
	if (!ev_key_open(&key, operation, event_id, user_id, ev_text_argument(fcinfo, 2), no_parameters, NULL, &result))
	{
		result = leave(event_id, user_id, offers_only);
		ev_key_store(&key, result);
	}
	return ev_end(result);
}

/* leave_waitlist(event_id, user_id, idempotency_key): a repeat gives the same answer */
Datum
evently_leave_waitlist(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(leave_by_arguments(fcinfo, &leave_operation, false));
}

/* decline_offer(event_id, user_id, idempotency_key): a repeat gives the same answer */
Datum
evently_decline_offer(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(leave_by_arguments(fcinfo, &decline_operation, true));
}

static Datum
accept(FunctionCallInfo fcinfo)
{
	const pg_uuid_t *event_id = PG_GETARG_UUID_P(0);
	const pg_uuid_t *user_id = PG_GETARG_UUID_P(1);
	pg_uuid_t hold_id = ev_last_offer(event_id, user_id);

	ev_query(&confirm_offer, ev_uuid(event_id), ev_uuid(&hold_id), ev_uuid(user_id), ev_arg(2));
	return ev_copied_value(0, 1);
}

/*
 * accept_offer(event_id, user_id, payment, idempotency_key): the key is its own, not confirm_hold()'s, because by the time of
 * a retry the user's last offer may be another one.
 */
Datum
evently_accept_offer(PG_FUNCTION_ARGS)
{
	pg_uuid_t *event_id;
	pg_uuid_t *user_id;

	ev_begin(EV_WRITES);
	event_id = ev_required_uuid(fcinfo, 0, "event_id");
	user_id = ev_required_uuid(fcinfo, 1, "user_id");
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &accept_operation, event_id, user_id, accept)));
}

int
ev_waitlist_close(const pg_uuid_t *event_id, int max, TimestampTz clock)
{
	ev_query(&close_entries, ev_uuid(event_id), ev_time(clock), ev_int(max));
	if (ev_is_null(0, 1))
		return 0;
	return (int) ev_query(&tell_closed, ev_uuid(event_id), ev_datum(ev_copied_value(0, 1)));
}
