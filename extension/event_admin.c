/*
 * event_admin.c
 *		Creating, changing and cancelling events: everything that takes Q exclusive on purpose.
 *
 * Every change waits for the bookings under way and keeps new ones out until it commits, so a booking never acts on
 * a status, price or capacity that is no longer true.
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"

#include "account.h"
#include "args.h"
#include "errors.h"
#include "event.h"
#include "guc.h"
#include "id.h"
#include "lock.h"
#include "money.h"
#include "spi.h"
#include "stock.h"
#include "tuple.h"
#include "venue.h"

#define DEFAULT_DURATION (3 * USECS_PER_HOUR)
#define EXPIRED_HOLDS_ROUND 10000

PG_FUNCTION_INFO_V1(evently_create_event);
PG_FUNCTION_INFO_V1(evently_update_event);
PG_FUNCTION_INFO_V1(evently_set_event_status);
PG_FUNCTION_INFO_V1(evently_cancel_event);
PG_FUNCTION_INFO_V1(evently_visible_event);

EV_STATEMENT(venue_capacity,
			 "SELECT v.capacity, count(s.section_id)::integer, coalesce(sum(s.capacity), 0)::integer"
			 "  FROM evently.venue v LEFT JOIN evently.venue_section s ON s.venue_id = v.venue_id"
			 " WHERE v.venue_id = $1 GROUP BY v.venue_id",
			 UUIDOID);

EV_STATEMENT(insert_event,
			 "INSERT INTO evently.event (event_id, name, description, venue_id, event_type, start_datetime,"
			 " end_datetime, timezone, sale_start_time, sale_end_time, total_capacity, base_price, currency,"
			 " max_tickets_per_booking, status, tags, created_by, created_at, updated_at)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, coalesce($16, '{}'), $17,"
			 " clock_timestamp(), clock_timestamp())",
			 UUIDOID, TEXTOID, TEXTOID, UUIDOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TIMESTAMPTZOID,
			 TIMESTAMPTZOID, INT4OID, NUMERICOID, TEXTOID, INT4OID, TEXTOID, TEXTARRAYOID, UUIDOID);

EV_STATEMENT(unknown_pricing,
			 "SELECT coalesce(p.name, p.section_id::text, 'null')"
			 "  FROM pg_catalog.jsonb_to_recordset($2) AS p (section_id uuid, name text)"
			 " WHERE NOT EXISTS (SELECT FROM evently.venue_section s WHERE s.venue_id = $1"
			 "                      AND (s.section_id = p.section_id OR lower(s.name) = lower(p.name)))",
			 UUIDOID, JSONBOID);

EV_STATEMENT(copy_sections,
			 "INSERT INTO evently.event_section (event_id, section_id, ordinal, name, kind, capacity,"
			 " price_multiplier, price, stripes)"
			 " SELECT $1, s.section_id, s.ordinal, s.name, s.kind, s.capacity,"
			 "        CASE WHEN p.price IS NULL THEN coalesce(p.price_multiplier, s.price_multiplier) END,"
			 "        evently.round_money(coalesce(p.price, $3 * coalesce(p.price_multiplier, s.price_multiplier)), $4),"
			 "        evently.stripes_for(s.capacity, count(*) OVER ()::integer)"
			 "   FROM evently.venue_section s"
			 "   LEFT JOIN LATERAL (SELECT j.price, j.price_multiplier"
			 "       FROM pg_catalog.jsonb_to_recordset(coalesce($5, '[]'))"
			 "            AS j (section_id uuid, name text, price numeric, price_multiplier numeric)"
			 "      WHERE j.section_id = s.section_id OR lower(j.name) = lower(s.name) LIMIT 1) p ON true"
			 "  WHERE s.venue_id = $2",
			 UUIDOID, UUIDOID, NUMERICOID, TEXTOID, JSONBOID);

EV_STATEMENT(insert_general_section,
			 "INSERT INTO evently.event_section (event_id, section_id, ordinal, name, kind, capacity,"
			 " price_multiplier, price, stripes)"
			 " VALUES ($1, evently.new_id(NULL), 1, 'General', 'general', $2, 1, $3, evently.stripes_for($2, 1))",
			 UUIDOID, INT4OID, NUMERICOID);

EV_STATEMENT(copy_seats,
			 "INSERT INTO evently.event_seat (event_id, ordinal, section_id, seat_id, label, row_label, number, x, y,"
			 " accessible)"
			 " SELECT $1, ordinal, section_id, seat_id, label, row_label, number, x, y, accessible"
			 "   FROM evently.venue_seat WHERE venue_id = $2 ORDER BY ordinal",
			 UUIDOID, UUIDOID);

EV_STATEMENT(insert_stock,
			 "INSERT INTO evently.stock (event_id, section_id, stripe, reserved, available)"
			 " SELECT s.event_id, s.section_id, i, s.kind = 'reserved', s.capacity / s.stripes + (i < s.capacity % s.stripes)::integer"
			 "   FROM evently.event_section s, pg_catalog.generate_series(0, s.stripes - 1) i"
			 "  WHERE s.event_id = $1",
			 UUIDOID);

EV_STATEMENT(event_detail,
			 "SELECT evently.describe_event(e) FROM evently.event e WHERE e.event_id = $1",
			 UUIDOID);

EV_STATEMENT(load_for_change,
			 "SELECT created_by, version, status, start_datetime, end_datetime, total_capacity, base_price, currency"
			 "  FROM evently.event WHERE event_id = $1",
			 UUIDOID);

EV_STATEMENT(update_event,
			 "UPDATE evently.event SET name = coalesce($2, name), description = coalesce($3, description),"
			 " event_type = coalesce($4, event_type), start_datetime = coalesce($5, start_datetime),"
			 " end_datetime = coalesce($6, end_datetime), timezone = coalesce($7, timezone),"
			 " sale_start_time = coalesce($8, sale_start_time), sale_end_time = coalesce($9, sale_end_time),"
			 " base_price = coalesce($10, base_price),"
			 " max_tickets_per_booking = coalesce($11, max_tickets_per_booking), tags = coalesce($12, tags)"
			 " WHERE event_id = $1",
			 UUIDOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TIMESTAMPTZOID,
			 TIMESTAMPTZOID, NUMERICOID, INT4OID, TEXTARRAYOID);

EV_STATEMENT(reprice_sections,
			 "UPDATE evently.event_section s SET price = evently.round_money(e.base_price * s.price_multiplier, e.currency)"
			 "  FROM evently.event e"
			 " WHERE e.event_id = $1 AND s.event_id = $1 AND s.price_multiplier IS NOT NULL",
			 UUIDOID);

EV_STATEMENT(set_capacity,
			 "WITH changed AS (UPDATE evently.event_section SET capacity = $2 WHERE event_id = $1)"
			 "UPDATE evently.event SET total_capacity = $2 WHERE event_id = $1",
			 UUIDOID, INT4OID);

EV_STATEMENT(set_status,
			 "UPDATE evently.event SET status = $2 WHERE event_id = $1",
			 UUIDOID, TEXTOID);

EV_STATEMENT(raise_version,
			 "UPDATE evently.event SET version = version + 1, updated_at = clock_timestamp() WHERE event_id = $1",
			 UUIDOID);

EV_STATEMENT(release_holds,
			 "UPDATE evently.hold SET status = CASE WHEN expires_at <= $2 THEN 'expired' ELSE 'released' END::evently.hold_status"
			 " WHERE event_id = $1 AND status = 'active'",
			 UUIDOID, TIMESTAMPTZOID);

EV_STATEMENT(free_all_seats,
			 "UPDATE evently.event_seat SET hold_id = NULL, held_until = NULL, booking_id = NULL"
			 " WHERE event_id = $1 AND num_nonnulls(hold_id, booking_id) > 0",
			 UUIDOID);

EV_STATEMENT(restore_stock,
			 "UPDATE evently.stock t"
			 "   SET available = s.capacity / s.stripes + (t.stripe < s.capacity % s.stripes)::integer"
			 "  FROM evently.event_section s"
			 " WHERE s.event_id = $1 AND t.event_id = $1 AND t.section_id = s.section_id",
			 UUIDOID);

EV_STATEMENT(refund_bookings,
			 "INSERT INTO evently.cancellation (event_id, cancellation_id, booking_id, fee, refund_amount, currency,"
			 " reason, requested_at)"
			 " SELECT event_id, evently.new_id(event_id), booking_id, evently.round_money(0, currency), total_price,"
			 "        currency, 'event cancelled', $2"
			 "   FROM evently.booking WHERE event_id = $1 AND status = 'confirmed'",
			 UUIDOID, TIMESTAMPTZOID);

EV_STATEMENT(cancel_all_tickets,
			 "UPDATE evently.ticket SET cancelled_at = $2 WHERE event_id = $1 AND cancelled_at IS NULL",
			 UUIDOID, TIMESTAMPTZOID);

EV_STATEMENT(cancel_all_bookings,
			 "UPDATE evently.booking SET status = 'cancelled', version = version + 1"
			 " WHERE event_id = $1 AND status = 'confirmed'",
			 UUIDOID);

EV_STATEMENT(cancellation_summary,
			 "SELECT ROW(e.event_id, 'Event cancelled', $2, $3,"
			 "           (SELECT evently.round_money(coalesce(sum(c.refund_amount), 0), e.currency)"
			 "              FROM evently.cancellation c WHERE c.event_id = e.event_id AND c.requested_at = $4),"
			 "           e.currency, e.version)::evently.event_cancellation"
			 "  FROM evently.event e WHERE e.event_id = $1",
			 UUIDOID, INT4OID, INT4OID, TIMESTAMPTZOID);

EV_STATEMENT(read_event,
			 "SELECT e, e.status IN ('published', 'completed'), e.created_by FROM evently.event e WHERE e.event_id = $1",
			 UUIDOID);

/* An event about to change: Q is held exclusively. */
typedef struct Change
{
	pg_uuid_t event_id;
	char *status;
	TimestampTz start;
	TimestampTz end;
	int capacity;
	Numeric base_price;
	char *currency;
	TimestampTz clock;
} Change;

static Datum
detail_of(const pg_uuid_t *event_id)
{
	ev_query(&event_detail, ev_uuid(event_id));
	return ev_copied_value(0, 1);
}

static void
require_timezone(const char *timezone)
{
	if (timezone != NULL && (*timezone == '\0' || pg_tzset(timezone) == NULL))
		ev_invalid("timezone", "timezone must be a name of the IANA database, like Europe/Paris");
}

static void
require_price(EvArg price)
{
	Numeric limit = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum("1e12"), 0,
														Int32GetDatum(-1)));

	if (price.isnull)
		return;
	if (numeric_is_nan(DatumGetNumeric(price.value)) || numeric_is_inf(DatumGetNumeric(price.value)) ||
		DatumGetBool(DirectFunctionCall2(numeric_lt, price.value, NumericGetDatum(int64_to_numeric(0)))) ||
		DatumGetBool(DirectFunctionCall2(numeric_ge, price.value, NumericGetDatum(limit))))
		ev_invalid("base_price", "base_price must be at least 0 and below 1e12");
}

static void
require_max_tickets(FunctionCallInfo fcinfo, int n)
{
	if (!PG_ARGISNULL(n) && (PG_GETARG_INT32(n) < 1 || PG_GETARG_INT32(n) > 1000))
		ev_invalid("max_tickets_per_booking", "max_tickets_per_booking must be between 1 and 1000");
}

static void
require_event_capacity(int capacity)
{
	if (capacity < 0 || capacity > 1000000)
		ev_invalid("total_capacity", "total_capacity must be between 0 and 1000000");
}

static void
require_order(TimestampTz start, TimestampTz end)
{
	if (TIMESTAMP_NOT_FINITE(start) || TIMESTAMP_NOT_FINITE(end))
		ev_invalid("start_datetime", "an event's times must be finite");
	if (end <= start)
		ev_invalid("end_datetime", "end_datetime must be after start_datetime");
}

static char *
currency_of(const char *given)
{
	char *currency = pstrdup(given ? given : "USD");

	for (char *p = currency; *p != '\0'; p++)
		*p = pg_toupper((unsigned char) *p);
	if (strlen(currency) != 3 || strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
		ev_invalid("currency", "currency must be a code of ISO 4217, like EUR");
	return currency;
}

/* What the venue brings: its number of sections; capacity is set where the venue decides it. */
static int
read_venue(const pg_uuid_t *venue_id, int *capacity, bool capacity_given)
{
	int sections;

	if (ev_query(&venue_capacity, ev_uuid(venue_id)) == 0)
		ev_venue_not_found(venue_id);
	sections = ev_get_int(0, 2);
	if (sections > 0)
		*capacity = ev_get_int(0, 3);
	else if (!capacity_given && ev_get_int(0, 1) > 0)
		*capacity = ev_get_int(0, 1);
	return sections;
}

static void
require_known_pricing(const pg_uuid_t *venue_id, EvArg pricing)
{
	if (!pricing.isnull && ev_query(&unknown_pricing, ev_maybe_uuid(venue_id), pricing) > 0)
		ev_invalid("section_pricing", "the venue has no section %s", ev_get_text(0, 1));
}

/*
 * create_event(name, start_datetime, end_datetime, venue_id, venue, description, event_type, timezone, total_capacity,
 * base_price, currency, max_tickets_per_booking, sale_start_time, sale_end_time, section_pricing, status, tags,
 * created_by)
 */
Datum
evently_create_event(PG_FUNCTION_ARGS)
{
	pg_uuid_t event_id = ev_new_id(NULL);
	pg_uuid_t *venue_id = ev_uuid_argument(fcinfo, 3);
	pg_uuid_t named_venue;
	int capacity = PG_ARGISNULL(8) ? -1 : PG_GETARG_INT32(8);
	int sections = 0;
	TimestampTz start;
	TimestampTz end;
	char *currency;
	char *status;
	Numeric base_price;

	ev_begin(EV_WRITES);
	if (*ev_required_text(fcinfo, 0, "name") == '\0')
		ev_invalid("name", "name must not be empty");
	if (PG_ARGISNULL(1))
		ev_invalid("start_datetime", "start_datetime is required");
	start = PG_GETARG_TIMESTAMPTZ(1);
	end = PG_ARGISNULL(2) ? start + DEFAULT_DURATION : PG_GETARG_TIMESTAMPTZ(2);
	require_order(start, end);
	require_timezone(ev_text_argument(fcinfo, 7));
	require_price(ev_arg(9));
	require_max_tickets(fcinfo, 11);
	if (!PG_ARGISNULL(12) && !PG_ARGISNULL(13) && PG_GETARG_TIMESTAMPTZ(13) <= PG_GETARG_TIMESTAMPTZ(12))
		ev_invalid("sale_end_time", "sale_end_time must be after sale_start_time");
	currency = currency_of(ev_text_argument(fcinfo, 10));
	base_price = ev_money_round(PG_ARGISNULL(9) ? int64_to_numeric(0) : PG_GETARG_NUMERIC(9), currency);
	status = PG_ARGISNULL(15) ? "published" : ev_word(ev_text_argument(fcinfo, 15), "status", "draft, published");

	if (venue_id == NULL && !PG_ARGISNULL(4))
	{
		named_venue = ev_venue_find_or_create(PG_GETARG_DATUM(4), ev_uuid_argument(fcinfo, 17));
		venue_id = &named_venue;
	}
	if (venue_id != NULL)
		sections = read_venue(venue_id, &capacity, capacity >= 0);
	if (capacity == -1)
		ev_invalid("total_capacity", "total_capacity is required where the venue does not tell it");
	require_event_capacity(capacity);
	require_known_pricing(venue_id, ev_arg(14));

	ev_query(&insert_event, ev_uuid(&event_id), ev_arg(0), ev_arg(5), ev_maybe_uuid(venue_id), ev_arg(6),
			 ev_time(start), ev_time(end), PG_ARGISNULL(7) ? ev_text("UTC") : ev_arg(7), ev_arg(12), ev_arg(13),
			 ev_int(capacity), ev_datum(NumericGetDatum(base_price)), ev_text(currency),
			 PG_ARGISNULL(11) ? ev_int(20) : ev_arg(11), ev_text(status), ev_arg(16), ev_arg(17));
	if (sections > 0)
	{
		ev_query(&copy_sections, ev_uuid(&event_id), ev_uuid(venue_id), ev_datum(NumericGetDatum(base_price)),
				 ev_text(currency), ev_arg(14));
		ev_query(&copy_seats, ev_uuid(&event_id), ev_uuid(venue_id));
	}
	else
		ev_query(&insert_general_section, ev_uuid(&event_id), ev_int(capacity),
				 ev_datum(NumericGetDatum(base_price)));
	ev_query(&insert_stock, ev_uuid(&event_id));
	PG_RETURN_DATUM(ev_end(detail_of(&event_id)));
}

/* Q exclusive; then who may, and whether he has seen the present version. */
static Change
begin_change(const pg_uuid_t *event_id, const pg_uuid_t *actor_id, EvArg version)
{
	Change change = {.event_id = *event_id};
	pg_uuid_t owner;
	bool has_owner;
	int present;

	ev_lock_event_exclusive(event_id);
	if (ev_query(&load_for_change, ev_uuid(event_id)) == 0)
		ev_event_not_found(event_id);
	has_owner = !ev_is_null(0, 1);
	if (has_owner)
		owner = ev_get_uuid(0, 1);
	present = ev_get_int(0, 2);
	change.status = ev_get_text(0, 3);
	change.start = ev_get_time(0, 4);
	change.end = ev_get_time(0, 5);
	change.capacity = ev_get_int(0, 6);
	change.base_price = DatumGetNumeric(ev_copied_value(0, 7));
	change.currency = ev_get_text(0, 8);
	change.clock = GetCurrentTimestamp();
	ev_require_owner(actor_id, has_owner ? &owner : NULL, "event");
	if (!version.isnull && DatumGetInt32(version.value) != present)
		ev_raise(EV_CONCURRENT_UPDATE,
				 ev_detail_int(ev_detail_uuid(ev_detail(), "event_id", event_id), "version", present),
				 "Read the event again and repeat the change.", "the event was changed by somebody else");
	return change;
}

static Datum
end_change(const Change *change)
{
	ev_query(&raise_version, ev_uuid(&change->event_id));
	return detail_of(&change->event_id);
}

static void
require_modifiable(const Change *change)
{
	bool final = strcmp(change->status, "cancelled") == 0 || strcmp(change->status, "completed") == 0;

	if (final || change->start <= change->clock)
		ev_raise(EV_EVENT_NOT_MODIFIABLE,
				 ev_detail_text(ev_detail_uuid(ev_detail(), "event_id", &change->event_id), "status", change->status),
				 NULL, final ? "the event is %s" : "the event has started", change->status);
}

/* The state machine of event.h; cancelling is cancel_event()'s. */
static bool
may_follow(const Change *change, const char *next)
{
	static const char *const arrows[][2] = {
		{"draft", "published"},
		{"published", "inactive"},
		{"inactive", "published"},
		{"published", "completed"},
	};

	for (int i = 0; i < lengthof(arrows); i++)
	{
		if (strcmp(arrows[i][0], change->status) == 0 && strcmp(arrows[i][1], next) == 0)
			return strcmp(next, "completed") != 0 || change->clock >= change->start;
	}
	return strcmp(change->status, next) == 0;
}

static void
change_status(const Change *change, const char *given)
{
	char *next = ev_word(given, "status", "draft, published, inactive, completed, cancelled");

	if (strcmp(next, "cancelled") == 0)
		ev_raise(EV_INVALID_STATUS_TRANSITION, NULL,
				 "Use cancel_event(), or DELETE, which refunds the bookings.",
				 "an event is not cancelled by its status alone");
	if (!may_follow(change, next))
		ev_raise(EV_INVALID_STATUS_TRANSITION,
				 ev_detail_text(ev_detail_text(ev_detail_uuid(ev_detail(), "event_id", &change->event_id),
											   "from", change->status),
								"to", next),
				 NULL, "an event that is %s cannot become %s", change->status, next);
	ev_query(&set_status, ev_uuid(&change->event_id), ev_text(next));
}

/* Exact, because Q is held exclusively and expired holds are given back first. */
static void
change_capacity(const Change *change, int capacity)
{
	EvEvent *event = ev_event_load(&change->event_id);
	int taken;

	require_event_capacity(capacity);
	if (capacity == change->capacity)
		return;
	if (event->nsections != 1 || event->sections[0].reserved)
		ev_invalid("total_capacity", "the capacity of an event with sections comes from its venue");
	while (ev_stock_reclaim(&change->event_id, change->clock, EXPIRED_HOLDS_ROUND) > 0)
		CHECK_FOR_INTERRUPTS();
	taken = change->capacity - ev_stock_available(event, change->clock)[0];
	if (capacity < taken)
		ev_raise(EV_CAPACITY_BELOW_BOOKED,
				 ev_detail_int(ev_detail_int(ev_detail_uuid(ev_detail(), "event_id", &change->event_id),
											 "requested", capacity),
							   "booked", taken),
				 NULL, "the capacity cannot be less than the %d tickets sold and held", taken);
	if (capacity < change->capacity)
		ev_stock_gather(event, &event->sections[0], change->capacity - capacity);
	else
		ev_stock_spread(event, &event->sections[0], capacity - change->capacity);
	ev_query(&set_capacity, ev_uuid(&change->event_id), ev_int(capacity));
}

/*
 * update_event(event_id, actor_id, version, name, description, event_type, start_datetime, end_datetime, timezone,
 * sale_start_time, sale_end_time, total_capacity, base_price, max_tickets_per_booking, status, tags)
 */
Datum
evently_update_event(PG_FUNCTION_ARGS)
{
	Change change;
	char *name = ev_text_argument(fcinfo, 3);
	EvArg base_price = ev_arg(12);

	ev_begin(EV_WRITES);
	change = begin_change(ev_required_uuid(fcinfo, 0, "event_id"), ev_uuid_argument(fcinfo, 1), ev_arg(2));
	require_modifiable(&change);
	if (name != NULL && *name == '\0')
		ev_invalid("name", "name must not be empty");
	require_order(PG_ARGISNULL(6) ? change.start : PG_GETARG_TIMESTAMPTZ(6),
				  PG_ARGISNULL(7) ? change.end : PG_GETARG_TIMESTAMPTZ(7));
	require_timezone(ev_text_argument(fcinfo, 8));
	require_price(base_price);
	require_max_tickets(fcinfo, 13);
	if (!base_price.isnull)
		base_price = ev_datum(NumericGetDatum(ev_money_round(DatumGetNumeric(base_price.value), change.currency)));
	ev_query(&update_event, ev_uuid(&change.event_id), ev_arg(3), ev_arg(4), ev_arg(5), ev_arg(6), ev_arg(7),
			 ev_arg(8), ev_arg(9), ev_arg(10), base_price, ev_arg(13), ev_arg(15));
	if (!base_price.isnull)
		ev_query(&reprice_sections, ev_uuid(&change.event_id));
	if (!PG_ARGISNULL(11))
		change_capacity(&change, PG_GETARG_INT32(11));
	if (!PG_ARGISNULL(14))
		change_status(&change, ev_text_argument(fcinfo, 14));
	PG_RETURN_DATUM(ev_end(end_change(&change)));
}

/* set_event_status(event_id, status, actor_id, version): setting the present one changes nothing */
Datum
evently_set_event_status(PG_FUNCTION_ARGS)
{
	Change change;
	char *status;

	ev_begin(EV_WRITES);
	status = ev_required_text(fcinfo, 1, "status");
	change = begin_change(ev_required_uuid(fcinfo, 0, "event_id"), ev_uuid_argument(fcinfo, 2), ev_arg(3));
	change_status(&change, status);
	PG_RETURN_DATUM(ev_end(pg_strcasecmp(status, change.status) == 0
							   ? detail_of(&change.event_id)
							   : end_change(&change)));
}

/* cancel_event(event_id, actor_id, version): holds are released, bookings refunded in full */
Datum
evently_cancel_event(PG_FUNCTION_ARGS)
{
	Change change;
	EvArg event;
	EvArg clock;
	int holds;
	int bookings;

	ev_begin(EV_WRITES);
	change = begin_change(ev_required_uuid(fcinfo, 0, "event_id"), ev_uuid_argument(fcinfo, 1), ev_arg(2));
	require_modifiable(&change);
	event = ev_uuid(&change.event_id);
	clock = ev_time(change.clock);
	ev_query(&set_status, event, ev_text("cancelled"));
	ev_query(&raise_version, event);
	holds = (int) ev_query(&release_holds, event, clock);
	ev_query(&free_all_seats, event);
	ev_query(&refund_bookings, event, clock);
	ev_query(&cancel_all_tickets, event, clock);
	bookings = (int) ev_query(&cancel_all_bookings, event);
	ev_query(&restore_stock, event);
	ev_query(&cancellation_summary, event, ev_int(bookings), ev_int(holds), clock);
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}

/* visible_event(event_id, published_only, actor_id): the row, or EVENT_NOT_FOUND, or FORBIDDEN */
Datum
evently_visible_event(PG_FUNCTION_ARGS)
{
	pg_uuid_t *event_id;
	Datum event;
	pg_uuid_t owner;
	bool has_owner;

	ev_begin(EV_READS);
	event_id = ev_required_uuid(fcinfo, 0, "event_id");
	if (ev_query(&read_event, ev_uuid(event_id)) == 0 || (PG_GETARG_BOOL(1) && !ev_get_bool(0, 2)))
		ev_event_not_found(event_id);
	event = ev_copied_value(0, 1);
	has_owner = !ev_is_null(0, 3);
	if (has_owner)
		owner = ev_get_uuid(0, 3);
	ev_require_owner(ev_uuid_argument(fcinfo, 2), has_owner ? &owner : NULL, "event");
	PG_RETURN_DATUM(ev_end(event));
}
