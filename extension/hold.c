/*
 * hold.c
 *		Holds as they are read and locked. hold_change.c places, extends and releases them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "account.h"
#include "args.h"
#include "errors.h"
#include "hold.h"
#include "outbox.h"
#include "permission.h"
#include "render.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_get_hold);
PG_FUNCTION_INFO_V1(evently_validate_hold);

EV_STATEMENT(event_of_hold,
			 "SELECT event_id FROM evently.hold WHERE hold_id = $1",
			 UUIDOID);

EV_STATEMENT(load_hold,
			 "SELECT h.user_id, h.section_id, h.ordinals, h.quantity, h.prices, h.total_price, h.currency,"
			 "       h.status::text, h.created_at, h.expires_at, h.pools, h.ticket_type_id,"
			 "       h.reason, h.renewals, h.entry_id,"
			 "       ARRAY(SELECT s.label FROM evently.event_seat s"
			 "              WHERE s.event_id = h.event_id AND s.ordinal = ANY (h.ordinals) ORDER BY s.ordinal),"
			 "       (SELECT t.name FROM evently.ticket_type t WHERE t.event_id = h.event_id AND t.type_id = h.ticket_type_id)"
			 "  FROM evently.hold h WHERE h.event_id = $1 AND h.hold_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(lock_hold,
			 "SELECT status::text, expires_at, renewals, pools FROM evently.hold WHERE event_id = $1 AND hold_id = $2 FOR UPDATE",
			 UUIDOID, UUIDOID);

EV_STATEMENT(lock_held_seats,
			 "SELECT hold_id IS NOT DISTINCT FROM $3 FROM evently.event_seat"
			 " WHERE event_id = $1 AND ordinal = ANY ($2)"
			 " ORDER BY ordinal FOR UPDATE",
			 UUIDOID, INT4ARRAYOID, UUIDOID);

EV_STATEMENT(set_hold_status,
			 "UPDATE evently.hold SET status = $3::evently.hold_status WHERE event_id = $1 AND hold_id = $2",
			 UUIDOID, UUIDOID, TEXTOID);

EV_STATEMENT(hold_detail,
			 "SELECT evently.get_hold($1, $2)",
			 UUIDOID, UUIDOID);

bool
ev_hold_is_over(const EvHold *hold, TimestampTz clock)
{
	return hold->expires_at <= clock;
}

/* What a reader is told: an active hold past its end is expired. */
static const char *
status_at(const EvHold *hold, TimestampTz clock)
{
	return strcmp(hold->status, "active") == 0 && ev_hold_is_over(hold, clock) ? "expired" : hold->status;
}

static int
seconds_left(const EvHold *hold, TimestampTz clock)
{
	if (strcmp(status_at(hold, clock), "active") != 0)
		return 0;
	return (int) ((hold->expires_at - clock + USECS_PER_SEC - 1) / USECS_PER_SEC);
}

Datum
ev_hold_detail(EvRow row, const EvHold *hold, TimestampTz clock)
{
	ev_row_add(&row, ev_uuid(&hold->hold_id));
	ev_row_add(&row, ev_uuid(&hold->event_id));
	ev_row_add(&row, ev_uuid(&hold->user_id));
	ev_row_add(&row, ev_maybe_uuid(hold->section_id));
	ev_row_add(&row, ev_text_array(hold->labels, hold->ordinals ? hold->quantity : 0));
	ev_row_add(&row, ev_int(hold->quantity));
	ev_row_add(&row, ev_datum(NumericGetDatum(hold->total)));
	ev_row_add_text(&row, hold->currency);
	ev_row_add_text(&row, status_at(hold, clock));
	ev_row_add(&row, ev_time(hold->expires_at));
	ev_row_add(&row, ev_int(seconds_left(hold, clock)));
	ev_row_add(&row, ev_maybe_uuid(hold->ticket_type_id));
	ev_row_add_text(&row, hold->ticket_type);
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
		hold->labels = ev_texts_of(ev_copied_value(0, 16), "seat_ids", &n);
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
	hold->pools = ev_pool_ids(0, 11);
	hold->ticket_type_id = ev_is_null(0, 12) ? NULL : DatumGetUUIDP(ev_copied_value(0, 12));
	hold->reason = ev_is_null(0, 13) ? NULL : ev_get_text(0, 13);
	hold->renewals = ev_get_int(0, 14);
	hold->entry_id = ev_is_null(0, 15) ? NULL : DatumGetUUIDP(ev_copied_value(0, 15));
	hold->ticket_type = ev_get_text(0, 17);
}

static EvHold *
load(const pg_uuid_t *event_id, const pg_uuid_t *hold_id)
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
	return hold;
}

EvHold *
ev_hold_load(const pg_uuid_t *event_id, const pg_uuid_t *hold_id, const pg_uuid_t *actor_id)
{
	EvHold *hold = load(event_id, hold_id);

	if (hold->reason != NULL)
		hold_not_found(hold_id);
	ev_require_owner(actor_id, &hold->user_id, "hold");
	return hold;
}

EvHold *
ev_hold_load_block(const pg_uuid_t *event_id, const pg_uuid_t *hold_id)
{
	EvHold *hold = load(event_id, hold_id);

	if (hold->reason == NULL)
		hold_not_found(hold_id);
	return hold;
}

EvHold *
ev_hold_load_any(const pg_uuid_t *event_id, const pg_uuid_t *hold_id)
{
	return load(event_id, hold_id);
}

EvArg
ev_hold_ordinals(const EvHold *hold)
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
	hold->renewals = ev_get_int(0, 3);
	hold->pools = ev_pool_ids(0, 4);
	if (strcmp(hold->status, "active") != 0)
		return 0;
	if (hold->ordinals == NULL)
		return hold->quantity;

	ev_query(&lock_held_seats, ev_uuid(&hold->event_id), ev_hold_ordinals(hold), ev_uuid(&hold->hold_id));
	for (int i = 0; i < hold->quantity; i++)
		carried += ev_get_bool(i, 1) ? 1 : 0;
	return carried;
}

EvDetail *
ev_hold_facts(const EvHold *hold)
{
	return ev_detail_uuid(ev_detail_uuid(ev_detail(), "hold_id", &hold->hold_id), "event_id", &hold->event_id);
}

void
ev_hold_require_live(const EvHold *hold, int seats_carried, TimestampTz clock)
{
	if (strcmp(hold->status, "confirmed") == 0 || strcmp(hold->status, "released") == 0)
		ev_raise(EV_HOLD_NOT_ACTIVE, ev_detail_text(ev_hold_facts(hold), "status", hold->status), NULL,
				 "the hold is %s", hold->status);
	if (strcmp(hold->status, "expired") == 0 || ev_hold_is_over(hold, clock) || seats_carried != hold->quantity)
		ev_raise(EV_HOLD_EXPIRED, ev_hold_facts(hold), "Hold the seats again.", "the hold has expired");
}

void
ev_hold_set_status(EvHold *hold, const char *status)
{
	ev_query(&set_hold_status, ev_uuid(&hold->event_id), ev_uuid(&hold->hold_id), ev_text(status));
	hold->status = pstrdup(status);
}

void
ev_hold_tell(const EvHold *hold, const char *type)
{
	ev_query(&hold_detail, ev_uuid(&hold->event_id), ev_uuid(&hold->hold_id));
	ev_outbox_add(&hold->event_id, "HOLD", &hold->hold_id, type, &hold->user_id, ev_render(ev_copied_value(0, 1)));
}

EvHold *
ev_hold_by_arguments(FunctionCallInfo fcinfo)
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
	hold = ev_hold_load(ev_uuid_argument(fcinfo, 0), ev_required_uuid(fcinfo, 1, "hold_id"), NULL);
	ev_require_reader(ev_uuid_argument(fcinfo, 2), &hold->user_id, &hold->event_id, "hold");
	PG_RETURN_DATUM(ev_end(ev_hold_detail(ev_row(fcinfo), hold, GetCurrentTimestamp())));
}

/* validate_hold(event_id, hold_id, user_id) */
Datum
evently_validate_hold(PG_FUNCTION_ARGS)
{
	TimestampTz clock;
	EvHold *hold;
	EvRow row;
	const char *status;

	ev_begin(EV_READS);
	hold = ev_hold_by_arguments(fcinfo);
	clock = GetCurrentTimestamp();
	status = status_at(hold, clock);
	row = ev_row(fcinfo);
	ev_row_add(&row, ev_bool(strcmp(status, "active") == 0));
	ev_row_add_text(&row, strcmp(status, "active") == 0 ? NULL : status);
	ev_row_add(&row, ev_int(seconds_left(hold, clock)));
	ev_row_add(&row, ev_datum(ev_hold_detail(ev_nested_row(&row), hold, clock)));
	PG_RETURN_DATUM(ev_end(ev_row_datum(&row)));
}
