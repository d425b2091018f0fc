/*
 * hold_change.c
 *		Holds: placed by the reservation routine, extended, released.
 */
#include "postgres.h"

#include "fmgr.h"

#include "args.h"
#include "errors.h"
#include "guc.h"
#include "hold.h"
#include "id.h"
#include "idempotency.h"
#include "lock.h"
#include "outbox.h"
#include "render.h"
#include "release.h"
#include "request.h"
#include "set.h"
#include "table.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_hold_seats);
PG_FUNCTION_INFO_V1(evently_hold_tickets);
PG_FUNCTION_INFO_V1(evently_place_hold);
PG_FUNCTION_INFO_V1(evently_hold_many);
PG_FUNCTION_INFO_V1(evently_extend_hold);
PG_FUNCTION_INFO_V1(evently_release_hold);

static const char *const hold_columns[] = {
	"event_id", "hold_id", "user_id", "section_id", "ordinals", "quantity", "prices", "total_price", "currency",
	"created_at", "expires_at", "pools", "ticket_type_id", "reason", "entry_id"};
EV_STATEMENT(insert_hold,
			 "INSERT INTO evently.hold (event_id, hold_id, user_id, section_id, ordinals, quantity, prices,"
			 " total_price, currency, created_at, expires_at, pools, ticket_type_id, reason, entry_id)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
			 UUIDOID, UUIDOID, UUIDOID, UUIDOID, INT4ARRAYOID, INT4OID, NUMERICARRAYOID,
			 NUMERICOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDARRAYOID, UUIDOID, TEXTOID, UUIDOID);
EV_TABLE(hold_table, "hold", hold_columns, insert_hold_argtypes);

EV_STATEMENT(extend_hold,
			 "UPDATE evently.hold SET expires_at = $3, renewals = renewals + 1 WHERE event_id = $1 AND hold_id = $2",
			 UUIDOID, UUIDOID, TIMESTAMPTZOID);

EV_STATEMENT(extend_seats,
			 "UPDATE evently.event_seat SET held_until = $4"
			 " WHERE event_id = $1 AND ordinal = ANY ($2) AND hold_id = $3",
			 UUIDOID, INT4ARRAYOID, UUIDOID, TIMESTAMPTZOID);

EV_STATEMENT(replay_hold,
			 "SELECT json_populate_record(NULL::evently.hold_detail, $1)",
			 JSONOID);

static const EvOperation hold_operation = {"hold", &replay_hold};
static const EvOperation extend_operation = {"extend_hold", &replay_hold};
static const EvOperation release_operation = {"release_hold", &replay_hold};

EvHold *
ev_hold_of_grant(const EvRequest *request, const EvGrant *grant)
{
	EvHold *hold = palloc0(sizeof(EvHold));

	hold->hold_id = *request->hold_id;
	hold->event_id = request->event_id;
	hold->user_id = request->user_id;
	hold->entry_id = request->entry_id;
	hold->quantity = grant->quantity;
	hold->prices = grant->prices;
	hold->total = grant->total;
	hold->currency = grant->event->currency;
	hold->status = "active";
	hold->created_at = grant->clock;
	hold->expires_at = grant->expires_at;
	hold->pools = ev_pools_ids(grant->pools);
	hold->ticket_type_id = ev_grant_type_id(grant);
	hold->ticket_type = ev_grant_type_name(grant);
	hold->reason = request->reason;
	if (grant->seats == NULL)
	{
		hold->section_id = &grant->section->section_id;
		return hold;
	}
	hold->ordinals = palloc(hold->quantity * sizeof(int));
	hold->labels = palloc(hold->quantity * sizeof(char *));
	for (int i = 0; i < hold->quantity; i++)
	{
		hold->ordinals[i] = grant->seats[i].ordinal;
		hold->labels[i] = grant->seats[i].label;
	}
	return hold;
}

static EvArg
prices_of(const EvHold *hold)
{
	Datum *prices = palloc(hold->quantity * sizeof(Datum));

	for (int i = 0; i < hold->quantity; i++)
		prices[i] = NumericGetDatum(hold->prices[i]);
	return ev_array(prices, hold->quantity, NUMERICOID);
}

void
ev_hold_store(const EvHold *hold)
{
	const EvArg values[] = {
		ev_uuid(&hold->event_id),
		ev_uuid(&hold->hold_id),
		ev_uuid(&hold->user_id),
		ev_maybe_uuid(hold->section_id),
		hold->ordinals ? ev_hold_ordinals(hold) : ev_null(),
		ev_int(hold->quantity),
		prices_of(hold),
		ev_datum(NumericGetDatum(hold->total)),
		ev_text(hold->currency),
		ev_time(hold->created_at),
		ev_time(hold->expires_at),
		ev_pool_ids_value(hold->pools),
		ev_maybe_uuid(hold->ticket_type_id),
		ev_text(hold->reason),
		ev_maybe_uuid(hold->entry_id),
	};

	ev_insert(&hold_table, &insert_hold, values);
}

/* Tells what became of a hold, and returns it. */
static Datum
changed(FunctionCallInfo fcinfo, const EvHold *hold, const char *type, TimestampTz clock)
{
	Datum detail = ev_hold_detail(ev_row(fcinfo), hold, clock);

	ev_outbox_add(&hold->event_id, "HOLD", &hold->hold_id, type, &hold->user_id, ev_render(detail));
	return detail;
}

/* The arguments from first on: ticket_type, access_code, idempotency_key. */
static Datum
place(FunctionCallInfo fcinfo, EvRow row, EvRequest *request, int first)
{
	EvKey key;
	Datum result;

	ev_request_by(request, ev_text_argument(fcinfo, first), ev_text_argument(fcinfo, first + 1));
	if (!ev_key_open(&key, &hold_operation, &request->event_id, &request->user_id,
					 ev_text_argument(fcinfo, first + 2), ev_request_canonical, request, &result))
	{
		pg_uuid_t *hold_id = palloc(sizeof(pg_uuid_t));
		EvGrant *grant;
		EvHold *hold;

		*hold_id = ev_new_id(&request->event_id);
		request->hold_id = hold_id;
		grant = ev_reserve(request);
		ev_grant_give(grant);
		hold = ev_hold_of_grant(request, grant);
		ev_hold_store(hold);
		result = ev_hold_detail(row, hold, grant->clock);
		ev_outbox_answer(&key, &hold->event_id, "HOLD", &hold->hold_id, "HOLD_CREATED", &hold->user_id, result);
	}
	return result;
}

/* hold_seats(event_id, user_id, seat_ids, ticket_type, access_code, idempotency_key) */
Datum
evently_hold_seats(PG_FUNCTION_ARGS)
{
	EvRequest request;

	ev_begin(EV_WRITES);
	request = ev_request(ev_uuid_argument(fcinfo, 0), ev_uuid_argument(fcinfo, 1));
	ev_request_for(&request, ev_arg(2), ev_null(), NULL);
	PG_RETURN_DATUM(ev_end(place(fcinfo, ev_row(fcinfo), &request, 3)));
}

/* hold_tickets(event_id, user_id, quantity, section_id, ticket_type, access_code, idempotency_key) */
Datum
evently_hold_tickets(PG_FUNCTION_ARGS)
{
	EvRequest request;

	ev_begin(EV_WRITES);
	request = ev_request(ev_uuid_argument(fcinfo, 0), ev_uuid_argument(fcinfo, 1));
	ev_request_for(&request, ev_null(), ev_arg(2), ev_uuid_argument(fcinfo, 3));
	PG_RETURN_DATUM(ev_end(place(fcinfo, ev_row(fcinfo), &request, 4)));
}

static Datum
place_either(FunctionCallInfo fcinfo, EvRow row)
{
	EvRequest request = ev_request(ev_uuid_argument(fcinfo, 0), ev_uuid_argument(fcinfo, 1));

	ev_request_for(&request, ev_arg(2), ev_arg(3), ev_uuid_argument(fcinfo, 4));
	return place(fcinfo, row, &request, 5);
}

/* place_hold(event_id, user_id, seat_ids, quantity, section_id, ticket_type, access_code, idempotency_key): either form */
Datum
evently_place_hold(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(place_either(fcinfo, ev_row(fcinfo))));
}

Datum
evently_hold_many(PG_FUNCTION_ARGS)
{
	static const EvSetKind kind = {place_either, ev_request_names_seats};

	return ev_set_run(fcinfo, &kind);
}

/* The arguments of all that is done with a hold: event_id, hold_id, user_id, idempotency_key. */
static Datum
with_hold(FunctionCallInfo fcinfo, const EvOperation *operation, Datum (*work)(FunctionCallInfo fcinfo, EvHold *hold))
{
	EvHold *hold = ev_hold_by_arguments(fcinfo);
	EvKey key;
	Datum result;

	if (!ev_key_open(&key, operation, &hold->event_id, &hold->user_id, ev_text_argument(fcinfo, 3),
					 ev_id_text, &hold->hold_id, &result))
	{
		result = work(fcinfo, hold);
		ev_key_store(&key, result);
	}
	return ev_end(result);
}

/* U, because a hold that lives on counts on against its user's limit. */
static void
require_renewal_left(const EvHold *hold)
{
	if (ev_hold_max_renewals > 0 && hold->renewals >= ev_hold_max_renewals)
		ev_raise(EV_HOLD_LIMIT, ev_detail_int(ev_hold_facts(hold), "max_renewals", ev_hold_max_renewals),
				 "Confirm the hold before it expires.", "a hold is extended %d times at most", ev_hold_max_renewals);
}

static Datum
extend(FunctionCallInfo fcinfo, EvHold *hold)
{
	int carried;
	TimestampTz clock;
	TimestampTz last;

	ev_lock_user(&hold->event_id, &hold->user_id);
	ev_lock_event_shared(&hold->event_id);
	carried = ev_hold_lock(hold);
	clock = GetCurrentTimestamp();
	ev_hold_require_live(hold, carried, clock);
	require_renewal_left(hold);

	if (hold->entry_id != NULL)
		ev_raise(EV_HOLD_LIMIT, ev_detail_uuid(ev_hold_facts(hold), "entry_id", hold->entry_id),
				 "Confirm the hold before it expires.", "an offer cannot be extended: others wait for it");
	last = TimestampTzPlusMilliseconds(hold->created_at, (int64) ev_hold_max_lifetime * 1000);
	if (hold->expires_at >= last)
		ev_raise(EV_HOLD_LIMIT, ev_detail_int(ev_hold_facts(hold), "max_lifetime_seconds", ev_hold_max_lifetime),
				 "Confirm the hold before it expires.", "the hold cannot be extended any further");
	hold->expires_at = Max(hold->expires_at,
						   Min(last, TimestampTzPlusMilliseconds(clock, (int64) ev_hold_ttl * 1000)));
	ev_query(&extend_hold, ev_uuid(&hold->event_id), ev_uuid(&hold->hold_id), ev_time(hold->expires_at));
	if (hold->ordinals != NULL)
		ev_query(&extend_seats, ev_uuid(&hold->event_id), ev_hold_ordinals(hold), ev_uuid(&hold->hold_id),
				 ev_time(hold->expires_at));
	return changed(fcinfo, hold, "HOLD_EXTENDED", clock);
}

/* extend_hold(event_id, hold_id, user_id, idempotency_key) */
Datum
evently_extend_hold(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(with_hold(fcinfo, &extend_operation, extend));
}

static Datum
release(FunctionCallInfo fcinfo, EvHold *hold)
{
	EvRelease *release = ev_release_begin(&hold->event_id);
	TimestampTz clock;
	Datum result;

	ev_hold_lock(hold);
	if (strcmp(hold->status, "confirmed") == 0)
		ev_raise(EV_HOLD_NOT_ACTIVE, ev_detail_text(ev_hold_facts(hold), "status", hold->status),
				 "Cancel the booking instead.", "the hold is confirmed");
	if (strcmp(hold->status, "active") == 0)
	{
		clock = ev_release_whole_hold(release, hold);
		result = changed(fcinfo, hold, ev_release_news(hold), clock);
		ev_release_hand_over(release, clock);
	}
	else
		result = ev_hold_detail(ev_row(fcinfo), hold, GetCurrentTimestamp());
	return result;
}

/* release_hold(event_id, hold_id, user_id, idempotency_key): a repeat gives the same answer */
Datum
evently_release_hold(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(with_hold(fcinfo, &release_operation, release));
}
