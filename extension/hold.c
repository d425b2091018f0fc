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
#include "batch.h"
#include "errors.h"
#include "hold.h"
#include "outbox.h"
#include "permission.h"
#include "render.h"
#include "table.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_get_hold);
PG_FUNCTION_INFO_V1(evently_validate_hold);

EV_STATEMENT(event_of_hold,
			 "SELECT event_id FROM evently.hold WHERE hold_id = $1",
			 UUIDOID);

EV_STATEMENT(type_name,
			 "SELECT name FROM evently.ticket_type WHERE event_id = $1 AND type_id = $2",
			 UUIDOID, UUIDOID);

/* Columns of a hold, after those of the key. */
enum
{
	STATUS = 3,
	USER_ID,
	SECTION_ID,
	ORDINALS,
	QUANTITY,
	PRICES,
	TOTAL_PRICE,
	CURRENCY,
	CREATED_AT,
	EXPIRES_AT,
	POOLS,
	TICKET_TYPE_ID,
	REASON,
	RENEWALS,
	ENTRY_ID
};

static const char *const hold_columns[] = {
	"event_id", "hold_id", "status", "user_id", "section_id", "ordinals", "quantity", "prices", "total_price", "currency",
	"created_at", "expires_at", "pools", "ticket_type_id", "reason", "renewals", "entry_id"};
static const Oid hold_types[] = {
	UUIDOID, UUIDOID, InvalidOid, UUIDOID, UUIDOID, INT4ARRAYOID, INT4OID, NUMERICARRAYOID, NUMERICOID, TEXTOID,
	TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDARRAYOID, UUIDOID, TEXTOID, INT4OID, UUIDOID};
EV_TABLE(hold_table, "hold", hold_columns, hold_types);

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

/* Of a column that may be null, a copy that outlives the row. */
static pg_uuid_t *
maybe_id(const EvScan *scan, int column)
{
	pg_uuid_t *id = NULL;

	if (!ev_scan_is_null(scan, column))
	{
		id = palloc(sizeof(pg_uuid_t));
		*id = *DatumGetUUIDP(ev_scan_value(scan, column));
	}
	return id;
}

static Numeric *
prices_of(const EvScan *scan)
{
	int n;
	Datum *elements = ev_elements_of(PointerGetDatum(PG_DETOAST_DATUM_COPY(ev_scan_value(scan, PRICES))), NUMERICOID, &n);
	Numeric *prices = palloc(n * sizeof(Numeric));

	for (int i = 0; i < n; i++)
		prices[i] = DatumGetNumeric(elements[i]);
	return prices;
}

/* What changes, with or without the row's lock. */
static void
read_state(EvHold *hold, const EvScan *scan)
{
	hold->status = ev_scan_word(scan, STATUS);
	hold->expires_at = DatumGetTimestampTz(ev_scan_value(scan, EXPIRES_AT));
	hold->renewals = DatumGetInt32(ev_scan_value(scan, RENEWALS));
	hold->pools = ev_pool_ids_of(ev_scan_arg(scan, POOLS));
}

static void
read_row(EvHold *hold, const EvScan *scan)
{
	int n;

	read_state(hold, scan);
	hold->user_id = *DatumGetUUIDP(ev_scan_value(scan, USER_ID));
	hold->section_id = maybe_id(scan, SECTION_ID);
	hold->ordinals = hold->section_id ? NULL : ev_ints_of(ev_scan_value(scan, ORDINALS), &n);
	hold->quantity = DatumGetInt32(ev_scan_value(scan, QUANTITY));
	hold->prices = prices_of(scan);
	hold->total = DatumGetNumericCopy(ev_scan_value(scan, TOTAL_PRICE));
	hold->currency = TextDatumGetCString(ev_scan_value(scan, CURRENCY));
	hold->created_at = DatumGetTimestampTz(ev_scan_value(scan, CREATED_AT));
	hold->ticket_type_id = maybe_id(scan, TICKET_TYPE_ID);
	hold->reason = ev_scan_is_null(scan, REASON) ? NULL : TextDatumGetCString(ev_scan_value(scan, REASON));
	hold->entry_id = maybe_id(scan, ENTRY_ID);
	hold->place = ev_scan_place(scan);
}

static void
read_seats(EvHold *hold)
{
	hold->seats = ev_seats_held(&hold->event_id, hold->ordinals, hold->quantity, &hold->hold_id);
	hold->labels = palloc(hold->quantity * sizeof(char *));
	for (int i = 0; i < hold->quantity; i++)
		hold->labels[i] = hold->seats[i].label;
}

static EvHold *
load(const pg_uuid_t *event_id, const pg_uuid_t *hold_id)
{
	EvHold *hold = palloc0(sizeof(EvHold));
	EvScan scan;
	bool found;

	hold->hold_id = *hold_id;
	if (event_id != NULL)
		hold->event_id = *event_id;
	else if (ev_query(&event_of_hold, ev_uuid(hold_id)) > 0)
		hold->event_id = ev_get_uuid(0, 1);
	else
		hold_not_found(hold_id);
	scan = ev_scan_begin(&hold_table, EV_READS, (const EvArg[]){ev_uuid(&hold->event_id), ev_uuid(hold_id)}, 2);
	found = ev_scan_next(&scan);
	if (found)
		read_row(hold, &scan);
	ev_scan_end(&scan);
	if (!found)
		hold_not_found(hold_id);
	if (hold->ordinals != NULL)
		read_seats(hold);
	if (hold->ticket_type_id != NULL &&
		ev_query(&type_name, ev_uuid(&hold->event_id), ev_uuid(hold->ticket_type_id)) > 0)
		hold->ticket_type = ev_get_text(0, 1);
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

/* False: there is no such row. */
static bool
return_to_row(EvScan *scan, EvHold *hold)
{
	*scan = ev_scan_begin(&hold_table, EV_WRITES, NULL, 2);
	return ev_scan_return(scan, &hold->place, (const EvArg[]){ev_uuid(&hold->event_id), ev_uuid(&hold->hold_id)});
}

static void
lock_row(EvHold *hold)
{
	EvScan scan;
	bool found = return_to_row(&scan, hold) && ev_scan_lock(&scan);

	if (found)
	{
		read_state(hold, &scan);
		hold->place = ev_scan_place(&scan);
	}
	ev_scan_end(&scan);
	if (!found)
		hold_not_found(&hold->hold_id);
}

/* Beside a batch that is alone nobody changes a hold: what was read stands. */
int
ev_hold_lock(EvHold *hold)
{
	if (!ev_batch_is_alone())
		lock_row(hold);
	if (strcmp(hold->status, "active") != 0)
		return 0;
	return hold->ordinals == NULL
		? hold->quantity
		: ev_seats_lock_held(&hold->event_id, hold->seats, hold->quantity, &hold->hold_id);
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
	EvScan scan;
	bool changed = false;

	if (return_to_row(&scan, hold))
	{
		EvArg value = ev_scan_value_of(&scan, STATUS, status);

		changed = ev_scan_change(&scan, STATUS, 1, &value);
	}
	ev_scan_end(&scan);
	if (!changed)
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
