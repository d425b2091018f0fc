/*
 * event_create.c
 *		Creating events: sections and seats of the venue are copied, the stock is spread over its stripes.
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "fmgr.h"

#include "args.h"
#include "errors.h"
#include "event.h"
#include "event_check.h"
#include "event_create.h"
#include "event_read.h"
#include "id.h"
#include "idempotency.h"
#include "money.h"
#include "organiser.h"
#include "outbox.h"
#include "render.h"
#include "spi.h"
#include "tuple.h"
#include "venue.h"
#include "venue_template.h"

#define DEFAULT_DURATION (3 * USECS_PER_HOUR)
#define DEFAULT_MAX_TICKETS 20

PG_FUNCTION_INFO_V1(evently_create_event);

/* Until the commit nobody deletes it or edits its layout. */
EV_STATEMENT(keep_venue,
			 "SELECT capacity FROM evently.venue WHERE venue_id = $1 FOR KEY SHARE",
			 UUIDOID);

EV_STATEMENT(keep_template,
			 "SELECT capacity FROM evently.venue_template WHERE venue_template_id = $1 FOR KEY SHARE",
			 UUIDOID);

EV_STATEMENT(layout_capacity,
			 "SELECT count(*)::integer, coalesce(sum(capacity), 0)::integer FROM evently.venue_section WHERE venue_id = $1",
			 UUIDOID);

EV_STATEMENT(insert_event,
			 "INSERT INTO evently.event (event_id, name, description, venue_id, event_type, start_datetime,"
			 " end_datetime, timezone, sale_start_time, sale_end_time, total_capacity, base_price, currency,"
			 " max_tickets_per_booking, status, tags, created_by, organiser_id, sale_status, max_tickets_per_user,"
			 " created_at, updated_at)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, coalesce($16, '{}'), $17, $18, $19,"
			 " nullif($20, 0),"
			 " clock_timestamp(), clock_timestamp())",
			 UUIDOID, TEXTOID, TEXTOID, UUIDOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TIMESTAMPTZOID,
			 TIMESTAMPTZOID, INT4OID, NUMERICOID, TEXTOID, INT4OID, TEXTOID, TEXTARRAYOID, UUIDOID, UUIDOID, TEXTOID, INT4OID);

/* What casts would fail for without naming the section. */
#define NUMBER "'^-?\\d+(\\.\\d+)?$'"
EV_STATEMENT(unreadable_pricing,
			 "SELECT coalesce(p.name, p.section_id, 'null')"
			 "  FROM pg_catalog.jsonb_to_recordset($1) AS p (section_id text, name text, price text, price_multiplier text)"
			 " WHERE p.section_id !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
			 "    OR p.price !~ " NUMBER " OR p.price_multiplier !~ " NUMBER
			 "    OR length(p.price) > 1000 OR length(p.price_multiplier) > 1000",
			 JSONBOID);

EV_STATEMENT(invalid_pricing,
			 "SELECT coalesce(p.name, p.section_id::text, 'null')"
			 "  FROM pg_catalog.jsonb_to_recordset($1)"
			 "       AS p (section_id uuid, name text, price numeric, price_multiplier numeric)"
			 " WHERE p.price < 0 OR p.price >= 1e12 OR p.price <> evently.round_money(p.price, $2)"
			 "    OR p.price_multiplier < 0 OR p.price_multiplier > 1000",
			 JSONBOID, TEXTOID);

EV_STATEMENT(unknown_pricing,
			 "SELECT coalesce(p.name, p.section_id::text, 'null')"
			 "  FROM pg_catalog.jsonb_to_recordset($2) AS p (section_id uuid, name text)"
			 " WHERE NOT EXISTS (SELECT FROM evently.venue_section s WHERE s.venue_id = $1"
			 "                      AND (s.section_id = p.section_id OR lower(s.name) = lower(p.name)))",
			 UUIDOID, JSONBOID);

EV_STATEMENT(copy_sections,
			 "INSERT INTO evently.event_section (event_id, section_id, ordinal, name, kind, capacity,"
			 " price_multiplier, price, stripes, focal_x, focal_y)"
			 " SELECT $1, s.section_id, s.ordinal, s.name, s.kind, s.capacity,"
			 "        CASE WHEN p.price IS NULL THEN coalesce(p.price_multiplier, s.price_multiplier) END,"
			 "        evently.round_money(coalesce(p.price, $3 * coalesce(p.price_multiplier, s.price_multiplier)), $4),"
			 "        evently.stripes_for(s.capacity, count(*) OVER ()::integer), f.x, f.y"
			 "   FROM evently.venue_section s,"
			 "        LATERAL (SELECT (min(v.x) + max(v.x)) / 2 AS x, min(v.y) AS y FROM evently.venue_seat v"
			 "                  WHERE v.section_id = s.section_id) f"
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

EV_STATEMENT(replay_event,
			 "SELECT json_populate_record(NULL::evently.event_detail, $1)",
			 JSONOID);

static const EvOperation create_operation = {"create_event", &replay_event};

/* What an event is made of: the layout of a template, or of its venue, or none. */
static const pg_uuid_t *
keep_layout(const pg_uuid_t *venue_id, const pg_uuid_t *venue_template_id, int *capacity)
{
	if (venue_id != NULL)
	{
		if (ev_query(&keep_venue, ev_uuid(venue_id)) == 0)
			ev_venue_not_found(venue_id);
		*capacity = ev_get_int(0, 1);
	}
	if (venue_template_id != NULL)
	{
		if (ev_query(&keep_template, ev_uuid(venue_template_id)) == 0)
			ev_venue_template_not_found(venue_template_id);
		*capacity = ev_get_int(0, 1);
		return venue_template_id;
	}
	return venue_id;
}

/* The number of sections; capacity is set where the layout decides it. */
static int
read_layout(const pg_uuid_t *layout_id, int places, int *capacity)
{
	int sections;

	if (layout_id == NULL)
		return 0;
	ev_query(&layout_capacity, ev_uuid(layout_id));
	sections = ev_get_int(0, 1);
	if (sections > 0)
		*capacity = ev_get_int(0, 2);
	else if (*capacity == -1 && places > 0)
		*capacity = places;
	return sections;
}

/* Every line names a section of the venue, and a price that is a number of the currency (NaN is greater than all numbers). */
static void
require_pricing(const pg_uuid_t *layout_id, EvArg pricing, const char *currency)
{
	ev_require_objects(pricing, "section_pricing");
	if (pricing.isnull)
		return;
	if (ev_query(&unreadable_pricing, pricing) > 0)
		ev_invalid("section_pricing", "section %s needs an id that is one, and a price or price_multiplier that is a number",
				   ev_get_text(0, 1));
	if (ev_query(&unknown_pricing, ev_maybe_uuid(layout_id), pricing) > 0)
		ev_invalid("section_pricing", "the venue has no section %s", ev_get_text(0, 1));
	if (ev_query(&invalid_pricing, pricing, ev_text(currency)) > 0)
		ev_invalid("section_pricing", "section %s needs a price of 0 to 1e12 with at most %d decimals, or a price_multiplier of 0 to 1000",
				   ev_get_text(0, 1), ev_money_digits(currency));
}

void
ev_event_copy_layout(const pg_uuid_t *event_id, const pg_uuid_t *layout_id, Numeric base_price, const char *currency,
					 EvArg pricing)
{
	ev_query(&copy_sections, ev_uuid(event_id), ev_uuid(layout_id), ev_datum(NumericGetDatum(base_price)),
			 ev_text(currency), pricing);
	ev_query(&copy_seats, ev_uuid(event_id), ev_uuid(layout_id));
	ev_query(&insert_stock, ev_uuid(event_id));
}

static Datum
create(FunctionCallInfo fcinfo)
{
	pg_uuid_t event_id = ev_new_id(NULL);
	pg_uuid_t *venue_id = ev_uuid_argument(fcinfo, 3);
	pg_uuid_t named_venue;
	int capacity = PG_ARGISNULL(8) ? -1 : PG_GETARG_INT32(8);
	int sections;
	int places = 0;
	const pg_uuid_t *layout_id;
	TimestampTz start;
	TimestampTz end;
	char *currency;
	char *status;
	EvArg sale_status;
	EvArg tags;
	Numeric base_price;
	Datum detail;

	(void) ev_required_text(fcinfo, 0, "name");
	ev_require_texts(fcinfo, 0, 5, 6);
	if (PG_ARGISNULL(1))
		ev_invalid("start_datetime", "start_datetime is required");
	start = PG_GETARG_TIMESTAMPTZ(1);
	end = PG_ARGISNULL(2) ? start + DEFAULT_DURATION : PG_GETARG_TIMESTAMPTZ(2);
	ev_require_order(start, end);
	ev_require_timezone(ev_text_argument(fcinfo, 7));
	ev_require_max_tickets(ev_arg(11));
	ev_require_max_per_user(ev_arg(21));
	ev_require_sale_order(ev_arg(12), ev_arg(13));
	currency = ev_currency(ev_text_argument(fcinfo, 10));
	base_price = ev_price("base_price", PG_ARGISNULL(9) ? int64_to_numeric(0) : PG_GETARG_NUMERIC(9), currency);
	status = PG_ARGISNULL(15) ? "published" : ev_word(ev_text_argument(fcinfo, 15), "status", "draft, published");
	sale_status = PG_ARGISNULL(20)
		? ev_null()
		: ev_text(ev_word(ev_text_argument(fcinfo, 20), "sale_status", "upcoming, on_sale, sold_out"));
	tags = ev_event_tags(ev_arg(16));

	if (venue_id == NULL && !PG_ARGISNULL(4))
	{
		named_venue = ev_venue_find_or_create(PG_GETARG_DATUM(4), ev_uuid_argument(fcinfo, 17));
		venue_id = &named_venue;
	}
	layout_id = keep_layout(venue_id, ev_uuid_argument(fcinfo, 19), &places);
	sections = read_layout(layout_id, places, &capacity);
	if (capacity == -1)
		ev_invalid("total_capacity", "total_capacity is required where the venue does not tell it");
	ev_require_capacity(capacity);
	require_pricing(layout_id, ev_arg(14), currency);
	if (!PG_ARGISNULL(18))
		ev_organiser_require(PG_GETARG_UUID_P(18), ev_uuid_argument(fcinfo, 17));

	ev_query(&insert_event, ev_uuid(&event_id), ev_arg(0), ev_arg(5), ev_maybe_uuid(venue_id), ev_arg(6),
			 ev_time(start), ev_time(end), PG_ARGISNULL(7) ? ev_text("UTC") : ev_arg(7), ev_arg(12), ev_arg(13),
			 ev_int(capacity), ev_datum(NumericGetDatum(base_price)), ev_text(currency),
			 PG_ARGISNULL(11) ? ev_int(DEFAULT_MAX_TICKETS) : ev_arg(11), ev_text(status), tags, ev_arg(17), ev_arg(18),
			 sale_status, ev_arg(21));
	if (sections > 0)
		ev_event_copy_layout(&event_id, layout_id, base_price, currency, ev_arg(14));
	else
	{
		ev_query(&insert_general_section, ev_uuid(&event_id), ev_int(capacity),
				 ev_datum(NumericGetDatum(base_price)));
		ev_query(&insert_stock, ev_uuid(&event_id));
	}
	detail = ev_event_detail(&event_id);
	ev_outbox_add(&event_id, "EVENT", &event_id, "EVENT_CREATED", ev_uuid_argument(fcinfo, 17), ev_render(detail));
	return detail;
}

/*
 * create_event(name, start_datetime, end_datetime, venue_id, venue, description, event_type, timezone, total_capacity,
 * base_price, currency, max_tickets_per_booking, sale_start_time, sale_end_time, section_pricing, status, tags,
 * created_by, organiser_id, venue_template_id, sale_status, max_tickets_per_user, idempotency_key)
 */
Datum
evently_create_event(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &create_operation, NULL, ev_uuid_argument(fcinfo, 17), create)));
}
