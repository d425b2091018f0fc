/*
 * hold.c
 *		Holds: made by the reservation routine, extended, released.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "account.h"
#include "errors.h"
#include "guc.h"
#include "hold.h"
#include "id.h"
#include "idempotency.h"
#include "lock.h"
#include "args.h"
#include "spi.h"
#include "stock.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_hold_seats);
PG_FUNCTION_INFO_V1(evently_hold_tickets);
PG_FUNCTION_INFO_V1(evently_place_hold);
PG_FUNCTION_INFO_V1(evently_get_hold);
PG_FUNCTION_INFO_V1(evently_validate_hold);
PG_FUNCTION_INFO_V1(evently_extend_hold);
PG_FUNCTION_INFO_V1(evently_release_hold);

EV_STATEMENT(insert_hold,
			 "INSERT INTO evently.hold (event_id, hold_id, user_id, section_id, ordinals, quantity, prices,"
			 " total_price, currency, created_at, expires_at)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
			 UUIDOID, UUIDOID, UUIDOID, UUIDOID, INT4ARRAYOID, INT4OID, NUMERICARRAYOID,
			 NUMERICOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID);

EV_STATEMENT(event_of_hold,
			 "SELECT event_id FROM evently.hold WHERE hold_id = $1",
			 UUIDOID);

EV_STATEMENT(load_hold,
			 "SELECT h.user_id, h.section_id, h.ordinals, h.quantity, h.prices, h.total_price, h.currency,"
			 "       h.status::text, h.created_at, h.expires_at,"
			 "       ARRAY(SELECT s.label FROM evently.event_seat s"
			 "              WHERE s.event_id = h.event_id AND s.ordinal = ANY (h.ordinals) ORDER BY s.ordinal)"
			 "  FROM evently.hold h WHERE h.event_id = $1 AND h.hold_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(lock_hold,
			 "SELECT status::text, expires_at FROM evently.hold WHERE event_id = $1 AND hold_id = $2 FOR UPDATE",
			 UUIDOID, UUIDOID);

EV_STATEMENT(lock_held_seats,
			 "SELECT hold_id IS NOT DISTINCT FROM $3 FROM evently.event_seat"
			 " WHERE event_id = $1 AND ordinal = ANY ($2)"
			 " ORDER BY ordinal FOR UPDATE",
			 UUIDOID, INT4ARRAYOID, UUIDOID);

EV_STATEMENT(set_hold_status,
			 "UPDATE evently.hold SET status = $3::evently.hold_status WHERE event_id = $1 AND hold_id = $2",
			 UUIDOID, UUIDOID, TEXTOID);

EV_STATEMENT(extend_hold,
			 "UPDATE evently.hold SET expires_at = $3 WHERE event_id = $1 AND hold_id = $2",
			 UUIDOID, UUIDOID, TIMESTAMPTZOID);

EV_STATEMENT(extend_seats,
			 "UPDATE evently.event_seat SET held_until = $4"
			 " WHERE event_id = $1 AND ordinal = ANY ($2) AND hold_id = $3",
			 UUIDOID, INT4ARRAYOID, UUIDOID, TIMESTAMPTZOID);

EV_STATEMENT(free_seats,
			 "UPDATE evently.event_seat SET hold_id = NULL, held_until = NULL"
			 " WHERE event_id = $1 AND ordinal = ANY ($2) AND hold_id = $3"
			 " RETURNING section_id",
			 UUIDOID, INT4ARRAYOID, UUIDOID);

EV_STATEMENT(replay_hold,
			 "SELECT json_populate_record(NULL::evently.hold_detail, $1)",
			 JSONOID);

static const EvOperation hold_operation = {"hold", &replay_hold};

static bool
is_over(const EvHold *hold, TimestampTz clock)
{
	return hold->expires_at <= clock;
}

/* What a reader is told: an active hold past its end is expired. */
static const char *
status_at(const EvHold *hold, TimestampTz clock)
{
	return strcmp(hold->status, "active") == 0 && is_over(hold, clock) ? "expired" : hold->status;
}

static int
seconds_left(const EvHold *hold, TimestampTz clock)
{
	if (strcmp(status_at(hold, clock), "active") != 0)
		return 0;
	return (int) ((hold->expires_at - clock + USECS_PER_SEC - 1) / USECS_PER_SEC);
}

static void
fill_row(EvRow *row, const EvHold *hold, TimestampTz clock)
{
	ev_row_add(row, ev_uuid(&hold->hold_id));
	ev_row_add(row, ev_uuid(&hold->event_id));
	ev_row_add(row, ev_uuid(&hold->user_id));
	ev_row_add(row, ev_maybe_uuid(hold->section_id));
	ev_row_add(row, ev_text_array(hold->labels, hold->ordinals ? hold->quantity : 0));
	ev_row_add(row, ev_int(hold->quantity));
	ev_row_add(row, ev_datum(NumericGetDatum(hold->total)));
	ev_row_add_text(row, hold->currency);
	ev_row_add_text(row, status_at(hold, clock));
	ev_row_add(row, ev_time(hold->expires_at));
	ev_row_add(row, ev_int(seconds_left(hold, clock)));
}

static Datum
hold_detail(FunctionCallInfo fcinfo, const EvHold *hold, TimestampTz clock)
{
	EvRow row = ev_row(fcinfo);

	fill_row(&row, hold, clock);
	return ev_row_datum(&row);
}

static void
hold_not_found(const pg_uuid_t *hold_id)
{
	ev_raise(EV_HOLD_NOT_FOUND, ev_detail_uuid(ev_detail(), "hold_id", hold_id), NULL, "hold not found");
}

static void
read_hold_row(EvHold *hold)
{
	int n;
	Datum *prices;

	hold->user_id = ev_get_uuid(0, 1);
	hold->section_id = NULL;
	hold->ordinals = NULL;
	hold->labels = NULL;
	if (!ev_is_null(0, 2))
	{
		hold->section_id = palloc(sizeof(pg_uuid_t));
		*hold->section_id = ev_get_uuid(0, 2);
	}
	else
	{
		hold->ordinals = ev_ints_of(ev_copied_value(0, 3), &n);
		hold->labels = ev_texts_of(ev_copied_value(0, 11), "seat_ids", &n);
	}
	hold->quantity = ev_get_int(0, 4);
	prices = ev_elements_of(ev_copied_value(0, 5), NUMERICOID, &n);
	hold->prices = palloc(n * sizeof(Numeric));
	for (int i = 0; i < n; i++)
		hold->prices[i] = DatumGetNumeric(prices[i]);
	hold->total = DatumGetNumeric(ev_copied_value(0, 6));
	hold->currency = ev_get_text(0, 7);
	hold->status = ev_get_text(0, 8);
	hold->created_at = ev_get_time(0, 9);
	hold->expires_at = ev_get_time(0, 10);
}

EvHold *
ev_hold_load(const pg_uuid_t *event_id, const pg_uuid_t *hold_id, const pg_uuid_t *actor_id)
{
	EvHold *hold = palloc(sizeof(EvHold));

	hold->hold_id = *hold_id;
	if (event_id != NULL)
		hold->event_id = *event_id;
	else if (ev_query(&event_of_hold, ev_uuid(hold_id)) > 0)
		hold->event_id = ev_get_uuid(0, 1);
	else
		hold_not_found(hold_id);
	if (ev_query(&load_hold, ev_uuid(&hold->event_id), ev_uuid(hold_id)) == 0)
		hold_not_found(hold_id);
	read_hold_row(hold);
	ev_require_owner(actor_id, &hold->user_id, "hold");
	return hold;
}

static EvArg
ordinals_of(const EvHold *hold)
{
	return ev_int_array(hold->ordinals, hold->quantity);
}

int
ev_hold_lock(EvHold *hold)
{
	int carried = 0;

	if (ev_query(&lock_hold, ev_uuid(&hold->event_id), ev_uuid(&hold->hold_id)) == 0)
		hold_not_found(&hold->hold_id);
	hold->status = ev_get_text(0, 1);
	hold->expires_at = ev_get_time(0, 2);
	if (hold->ordinals == NULL)
		return hold->quantity;

	ev_query(&lock_held_seats, ev_uuid(&hold->event_id), ordinals_of(hold), ev_uuid(&hold->hold_id));
	for (int i = 0; i < hold->quantity; i++)
		carried += ev_get_bool(i, 1) ? 1 : 0;
	return carried;
}

static EvDetail *
hold_facts(const EvHold *hold)
{
	return ev_detail_uuid(ev_detail_uuid(ev_detail(), "hold_id", &hold->hold_id), "event_id", &hold->event_id);
}

void
ev_hold_require_live(const EvHold *hold, int seats_carried, TimestampTz clock)
{
	if (strcmp(hold->status, "confirmed") == 0 || strcmp(hold->status, "released") == 0)
		ev_raise(EV_HOLD_NOT_ACTIVE, ev_detail_text(hold_facts(hold), "status", hold->status), NULL,
				 "the hold is %s", hold->status);
	if (strcmp(hold->status, "expired") == 0 || is_over(hold, clock) || seats_carried != hold->quantity)
		ev_raise(EV_HOLD_EXPIRED, hold_facts(hold), "Hold the seats again.", "the hold has expired");
}

void
ev_hold_set_status(EvHold *hold, const char *status)
{
	ev_query(&set_hold_status, ev_uuid(&hold->event_id), ev_uuid(&hold->hold_id), ev_text(status));
	hold->status = pstrdup(status);
}

/* The hold that a grant becomes. */
static EvHold *
new_hold(const EvRequest *request, const EvGrant *grant)
{
	EvHold *hold = palloc0(sizeof(EvHold));

	hold->hold_id = *request->hold_id;
	hold->event_id = request->event_id;
	hold->user_id = request->user_id;
	hold->quantity = grant->quantity;
	hold->prices = grant->prices;
	hold->total = grant->total;
	hold->currency = grant->event->currency;
	hold->status = "active";
	hold->created_at = grant->clock;
	hold->expires_at = grant->expires_at;
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

static void
store_hold(const EvHold *hold)
{
	Datum *prices = palloc(hold->quantity * sizeof(Datum));

	for (int i = 0; i < hold->quantity; i++)
		prices[i] = NumericGetDatum(hold->prices[i]);
	ev_query(&insert_hold, ev_uuid(&hold->event_id), ev_uuid(&hold->hold_id), ev_uuid(&hold->user_id),
			 ev_maybe_uuid(hold->section_id), hold->ordinals ? ordinals_of(hold) : ev_null(),
			 ev_int(hold->quantity), ev_array(prices, hold->quantity, NUMERICOID),
			 ev_datum(NumericGetDatum(hold->total)), ev_text(hold->currency),
			 ev_time(hold->created_at), ev_time(hold->expires_at));
}

static Datum
place(FunctionCallInfo fcinfo, EvRequest *request, char *idempotency_key)
{
	EvKey key;
	Datum result;

	if (!ev_key_open(&key, &hold_operation, &request->event_id, &request->user_id, idempotency_key,
					 ev_request_canonical(request), &result))
	{
		pg_uuid_t hold_id = ev_new_id(&request->event_id);
		EvGrant *grant;
		EvHold *hold;

		request->hold_id = &hold_id;
		grant = ev_reserve(request);
		hold = new_hold(request, grant);
		store_hold(hold);
		result = hold_detail(fcinfo, hold, grant->clock);
		ev_key_store(&key, result);
	}
	return ev_end(result);
}

/* hold_seats(event_id, user_id, seat_ids, idempotency_key) */
Datum
evently_hold_seats(PG_FUNCTION_ARGS)
{
	EvRequest request;

	ev_begin(EV_WRITES);
	request = ev_request(ev_uuid_argument(fcinfo, 0), ev_uuid_argument(fcinfo, 1));
	ev_request_for(&request, ev_arg(2), ev_null(), NULL);
	PG_RETURN_DATUM(place(fcinfo, &request, ev_text_argument(fcinfo, 3)));
}

/* hold_tickets(event_id, user_id, quantity, section_id, idempotency_key) */
Datum
evently_hold_tickets(PG_FUNCTION_ARGS)
{
	EvRequest request;

	ev_begin(EV_WRITES);
	request = ev_request(ev_uuid_argument(fcinfo, 0), ev_uuid_argument(fcinfo, 1));
	ev_request_for(&request, ev_null(), ev_arg(2), ev_uuid_argument(fcinfo, 3));
	PG_RETURN_DATUM(place(fcinfo, &request, ev_text_argument(fcinfo, 4)));
}

/* place_hold(event_id, user_id, seat_ids, quantity, section_id, idempotency_key): either form */
Datum
evently_place_hold(PG_FUNCTION_ARGS)
{
	EvRequest request;

	ev_begin(EV_WRITES);
	request = ev_request(ev_uuid_argument(fcinfo, 0), ev_uuid_argument(fcinfo, 1));
	ev_request_for(&request, ev_arg(2), ev_arg(3), ev_uuid_argument(fcinfo, 4));
	PG_RETURN_DATUM(place(fcinfo, &request, ev_text_argument(fcinfo, 5)));
}

static EvHold *
load_by_arguments(FunctionCallInfo fcinfo)
{
	return ev_hold_load(ev_uuid_argument(fcinfo, 0), ev_required_uuid(fcinfo, 1, "hold_id"),
						ev_uuid_argument(fcinfo, 2));
}

/* get_hold(event_id, hold_id, user_id) */
Datum
evently_get_hold(PG_FUNCTION_ARGS)
{
	EvHold *hold;

	ev_begin(EV_READS);
	hold = load_by_arguments(fcinfo);
	PG_RETURN_DATUM(ev_end(hold_detail(fcinfo, hold, GetCurrentTimestamp())));
}

/* validate_hold(event_id, hold_id, user_id) */
Datum
evently_validate_hold(PG_FUNCTION_ARGS)
{
	TimestampTz clock;
	EvHold *hold;
	EvRow row;
	EvRow detail;
	const char *status;

	ev_begin(EV_READS);
	hold = load_by_arguments(fcinfo);
	clock = GetCurrentTimestamp();
	status = status_at(hold, clock);
	row = ev_row(fcinfo);
	ev_row_add(&row, ev_bool(strcmp(status, "active") == 0));
	ev_row_add_text(&row, strcmp(status, "active") == 0 ? NULL : status);
	ev_row_add(&row, ev_int(seconds_left(hold, clock)));
	detail = ev_nested_row(&row);
	fill_row(&detail, hold, clock);
	ev_row_add(&row, ev_datum(ev_row_datum(&detail)));
	PG_RETURN_DATUM(ev_end(ev_row_datum(&row)));
}

/* extend_hold(event_id, hold_id, user_id) */
Datum
evently_extend_hold(PG_FUNCTION_ARGS)
{
	EvHold *hold;
	int carried;
	TimestampTz clock;
	TimestampTz last;

	ev_begin(EV_WRITES);
	hold = load_by_arguments(fcinfo);
	ev_lock_event_shared(&hold->event_id);
	carried = ev_hold_lock(hold);
	clock = GetCurrentTimestamp();
	ev_hold_require_live(hold, carried, clock);

	last = TimestampTzPlusMilliseconds(hold->created_at, (int64) ev_hold_max_lifetime * 1000);
	if (hold->expires_at >= last)
		ev_raise(EV_HOLD_LIMIT, ev_detail_int(hold_facts(hold), "max_lifetime_seconds", ev_hold_max_lifetime),
				 "Confirm the hold before it expires.", "the hold cannot be extended any further");
	hold->expires_at = Max(hold->expires_at,
						   Min(last, TimestampTzPlusMilliseconds(clock, (int64) ev_hold_ttl * 1000)));
	ev_query(&extend_hold, ev_uuid(&hold->event_id), ev_uuid(&hold->hold_id), ev_time(hold->expires_at));
	if (hold->ordinals != NULL)
		ev_query(&extend_seats, ev_uuid(&hold->event_id), ordinals_of(hold), ev_uuid(&hold->hold_id),
				 ev_time(hold->expires_at));
	PG_RETURN_DATUM(ev_end(hold_detail(fcinfo, hold, clock)));
}

static EvStripe *
lock_stripes(const EvHold *hold, const EvEvent *event)
{
	bool *touched;

	if (hold->section_id == NULL)
		touched = ev_stock_sections_of_seats(event, hold->ordinals, hold->quantity);
	else
	{
		touched = palloc0(event->nsections * sizeof(bool));
		touched[ev_event_section_index(event, hold->section_id)] = true;
	}
	return ev_stock_lock_stripes(event, touched);
}

/* Give back what an active hold still has. */
static void
give_back(const EvHold *hold, const EvEvent *event, const EvStripe *stripes)
{
	int *deltas = palloc0(event->nsections * sizeof(int));

	if (hold->section_id != NULL)
		deltas[ev_event_section_index(event, hold->section_id)] = hold->quantity;
	else
	{
		int freed = (int) ev_query(&free_seats, ev_uuid(&hold->event_id), ordinals_of(hold),
								   ev_uuid(&hold->hold_id));

		for (int i = 0; i < freed; i++)
		{
			pg_uuid_t section_id = ev_get_uuid(i, 1);

			deltas[ev_event_section_index(event, &section_id)]++;
		}
	}
	ev_stock_change_all(event, stripes, deltas);
}

/* release_hold(event_id, hold_id, user_id): a repeat gives the same answer */
Datum
evently_release_hold(PG_FUNCTION_ARGS)
{
	EvHold *hold;
	EvEvent *event;
	EvStripe *stripes;

	ev_begin(EV_WRITES);
	hold = load_by_arguments(fcinfo);
	ev_lock_event_shared(&hold->event_id);
	event = ev_event_load(&hold->event_id);
	stripes = lock_stripes(hold, event);
	ev_hold_lock(hold);
	if (strcmp(hold->status, "confirmed") == 0)
		ev_raise(EV_HOLD_NOT_ACTIVE, ev_detail_text(hold_facts(hold), "status", hold->status),
				 "Cancel the booking instead.", "the hold is confirmed");
	if (strcmp(hold->status, "active") == 0)
	{
		give_back(hold, event, stripes);
		ev_hold_set_status(hold, is_over(hold, GetCurrentTimestamp()) ? "expired" : "released");
	}
	PG_RETURN_DATUM(ev_end(hold_detail(fcinfo, hold, GetCurrentTimestamp())));
}
