/*
 * event_detail.c
 *		Events as functions return them.
 *
 * Found by their keys and without a plan (table.h), for a list shows twenty of them, and each with its venue and what is
 * left of it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"

#include "event.h"
#include "event_read.h"
#include "id.h"
#include "left.h"
#include "mark.h"
#include "sale_status.h"
#include "tuple.h"

enum
{
	EVENT_ID = 1,
	NAME,
	DESCRIPTION,
	VENUE_ID,
	EVENT_TYPE,
	START,
	END,
	TIMEZONE,
	SALE_START,
	SALE_END,
	CAPACITY,
	BASE_PRICE,
	CURRENCY,
	MAX_PER_BOOKING,
	STATUS,
	SALE_STATUS,
	TAGS,
	CREATED_BY,
	CREATED_AT,
	VERSION,
	ORGANISER_ID,
	MAX_PER_USER
};

static const char *const event_columns[] = {
	"event_id", "name", "description", "venue_id", "event_type", "start_datetime", "end_datetime", "timezone",
	"sale_start_time", "sale_end_time", "total_capacity", "base_price", "currency", "max_tickets_per_booking", "status",
	"sale_status", "tags", "created_by", "created_at", "version", "organiser_id", "max_tickets_per_user"};
static const Oid event_types[] = {
	UUIDOID, TEXTOID, TEXTOID, UUIDOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID,
	TIMESTAMPTZOID, TIMESTAMPTZOID, INT4OID, NUMERICOID, TEXTOID, INT4OID, TEXTOID,
	TEXTOID, TEXTARRAYOID, UUIDOID, TIMESTAMPTZOID, INT4OID, UUIDOID, INT4OID};
EV_TABLE(event_table, "event", event_columns, event_types);

static const char *const venue_columns[] = {"venue_id", "name", "address", "city"};
static const Oid venue_types[] = {UUIDOID, TEXTOID, TEXTOID, TEXTOID};
EV_TABLE(venue_table, "venue", venue_columns, venue_types);

static const char *const section_columns[] = {"event_id", "section_id", "ordinal", "name", "kind", "price", "capacity"};
static const Oid section_types[] = {UUIDOID, UUIDOID, INT4OID, TEXTOID, TEXTOID, NUMERICOID, INT4OID};
EV_TABLE(section_table, "event_section", section_columns, section_types);

typedef struct Venue
{
	pg_uuid_t id;
	EvArg shown;
} Venue;

/* Many events of a page are at the same venues: the last ones are kept. */
#define KEPT_VENUES 32

/* What reads events one after the other, all as of one moment. */
typedef struct Reader
{
	EvLeftReader left;
	EvScan event;
	EvScan venue;
	EvRow row;
	EvRow venue_row;
	Venue venues[KEPT_VENUES];
	int nvenues; /* read so far */
} Reader;

static Reader
begin_reading(const char *type)
{
	Reader reader = {.left = ev_left_begin(GetCurrentStatementStartTimestamp())};

	reader.event = ev_scan_open(&event_table, 1);
	reader.venue = ev_scan_open(&venue_table, 1);
	reader.row = ev_row_named(type);
	return reader;
}

static void
end_reading(Reader *reader)
{
	ev_scan_end(&reader->venue);
	ev_scan_end(&reader->event);
	ev_left_end(&reader->left);
}

bool
ev_event_is_public(const char *status)
{
	return strcmp(status, "published") == 0 || strcmp(status, "completed") == 0;
}

static bool
find_event(Reader *reader, const pg_uuid_t *event_id, bool published_only)
{
	ev_scan_find(&reader->event, &ev_uuid(event_id));
	return ev_scan_next(&reader->event) &&
		(!published_only || ev_event_is_public(TextDatumGetCString(ev_scan_value(&reader->event, STATUS))));
}

/* The place may be another row's by now: then the event is found by its key. */
static bool
find_event_at(Reader *reader, const pg_uuid_t *event_id, ItemPointer place)
{
	return ev_scan_at(&reader->event, place) && ev_same_id(DatumGetUUIDP(ev_scan_value(&reader->event, EVENT_ID)), event_id);
}

static TimestampTz
time_or(const EvScan *event, int column, TimestampTz otherwise)
{
	return ev_scan_is_null(event, column) ? otherwise : DatumGetTimestampTz(ev_scan_value(event, column));
}

static const char *
sale_status(const Reader *reader, int available)
{
	const EvScan *event = &reader->event;
	EvSale sale = {
		.status = TextDatumGetCString(ev_scan_value(event, STATUS)),
		.set = ev_scan_is_null(event, SALE_STATUS) ? NULL : TextDatumGetCString(ev_scan_value(event, SALE_STATUS)),
		.start = time_or(event, SALE_START, DT_NOBEGIN),
		.end = time_or(event, SALE_END, DT_NOEND),
		.event_end = DatumGetTimestampTz(ev_scan_value(event, END)),
	};

	ev_mark_until(sale.start);
	ev_mark_until(sale.end);
	ev_mark_until(sale.event_end);
	return ev_sale_status(&sale, available, reader->left.clock);
}

static EvArg
read_venue(Reader *reader, EvArg id)
{
	EvScan *venue = &reader->venue;

	ev_scan_find(venue, &id);
	if (!ev_scan_next(venue))
		return ev_null();
	for (int column = 1; column <= lengthof(venue_columns); column++)
		ev_row_add(&reader->venue_row, ev_scan_arg(venue, column));
	return ev_datum(ev_row_datum(&reader->venue_row));
}

static EvArg
venue_of_event(Reader *reader)
{
	EvArg id = ev_scan_arg(&reader->event, VENUE_ID);
	Venue *venue;

	if (id.isnull)
		return id;
	for (int i = 0; i < Min(reader->nvenues, KEPT_VENUES); i++)
	{
		if (ev_same_id(&reader->venues[i].id, DatumGetUUIDP(id.value)))
			return reader->venues[i].shown;
	}
	venue = &reader->venues[reader->nvenues++ % KEPT_VENUES];
	*venue = (Venue){*DatumGetUUIDP(id.value), read_venue(reader, id)};
	return venue->shown;
}

static void
add_columns(Reader *reader, int first, int last)
{
	for (int column = first; column <= last; column++)
		ev_row_add(&reader->row, ev_scan_arg(&reader->event, column));
}

/* The event that was found, as an event_detail. */
static Datum
detail(Reader *reader)
{
	const EvScan *event = &reader->event;
	EvRow *row = &reader->row;
	EvLeft left = ev_left_read(&reader->left, DatumGetUUIDP(ev_scan_value(event, EVENT_ID)), true);
	int capacity = DatumGetInt32(ev_scan_value(event, CAPACITY));

	add_columns(reader, EVENT_ID, DESCRIPTION);
	if (reader->venue_row.desc == NULL)
		reader->venue_row = ev_nested_row(row);
	ev_row_add(row, venue_of_event(reader));
	add_columns(reader, EVENT_TYPE, END);
	ev_row_add(row, ev_scan_arg(event, START));
	add_columns(reader, TIMEZONE, CAPACITY);
	ev_row_add(row, ev_int(left.available));
	ev_row_add(row, ev_int(capacity - left.available - left.held));
	add_columns(reader, BASE_PRICE, STATUS);
	ev_row_add_text(row, sale_status(reader, left.available));
	add_columns(reader, TAGS, MAX_PER_USER);
	return ev_row_datum(row);
}

EvArg
ev_event_details(const pg_uuid_t *ids, ItemPointerData *places, int n)
{
	Reader reader = begin_reading("event_detail");
	Datum *details = palloc(n * sizeof(Datum));
	int found = 0;

	for (int i = 0; i < n; i++)
	{
		if ((places != NULL && find_event_at(&reader, &ids[i], &places[i])) || find_event(&reader, &ids[i], false))
			details[found++] = detail(&reader);
	}
	end_reading(&reader);
	return ev_array(details, found, ev_row_type(&reader.row));
}

EvArg
ev_event_shown(const pg_uuid_t *event_id, bool published_only)
{
	Reader reader = begin_reading("event_detail");
	EvArg event = find_event(&reader, event_id, published_only) ? ev_datum(detail(&reader)) : ev_null();

	end_reading(&reader);
	return event;
}

Datum
ev_event_detail(const pg_uuid_t *event_id)
{
	EvArg event = ev_event_shown(event_id, false);

	if (event.isnull)
		ev_event_not_found(event_id);
	return event.value;
}

/* A section as its row says it, kept to be put into order. */
typedef struct Section
{
	int ordinal;
	Datum detail;
} Section;

static int
compare_ordinals(const void *a, const void *b)
{
	return ((const Section *) a)->ordinal - ((const Section *) b)->ordinal;
}

static Datum
section_detail(EvRow *row, const EvScan *section, EvArg currency, const EvLeft *left)
{
	ev_row_add(row, ev_scan_arg(section, 2));
	ev_row_add(row, ev_scan_arg(section, 4));
	ev_row_add(row, ev_scan_arg(section, 5));
	ev_row_add(row, ev_scan_arg(section, 6));
	ev_row_add(row, currency);
	ev_row_add(row, ev_scan_arg(section, 7));
	ev_row_add(row, ev_int(ev_left_of_section(left, DatumGetUUIDP(ev_scan_value(section, 2)))));
	return ev_row_datum(row);
}

/* The sections of the event that was found, in order, as the row's next column. */
static EvArg
sections(Reader *reader, const EvLeft *left)
{
	EvScan scan = ev_scan_open(&section_table, 1);
	EvArg currency = ev_scan_arg(&reader->event, CURRENCY);
	EvRow row = ev_nested_row(&reader->row);
	int room = 4;
	Section *found = palloc(room * sizeof(Section));
	Datum *details;
	int n = 0;

	ev_scan_find(&scan, &ev_datum(ev_scan_value(&reader->event, EVENT_ID)));
	while (ev_scan_next(&scan))
	{
		if (n == room)
			found = repalloc(found, (room *= 2) * sizeof(Section));
		found[n++] = (Section){DatumGetInt32(ev_scan_value(&scan, 3)), section_detail(&row, &scan, currency, left)};
	}
	ev_scan_end(&scan);
	qsort(found, n, sizeof(Section), compare_ordinals);
	details = palloc(n * sizeof(Datum));
	for (int i = 0; i < n; i++)
		details[i] = found[i].detail;
	return ev_array(details, n, ev_row_type(&row));
}

EvArg
ev_event_availability(const pg_uuid_t *event_id, bool published_only)
{
	Reader reader = begin_reading("availability");
	EvRow *row = &reader.row;
	EvArg availability = ev_null();

	if (find_event(&reader, event_id, published_only))
	{
		EvLeft left = ev_left_read(&reader.left, event_id, false);

		ev_row_add(row, ev_uuid(event_id));
		ev_row_add(row, ev_int(left.available));
		ev_row_add(row, ev_scan_arg(&reader.event, CAPACITY));
		ev_row_add(row, ev_scan_arg(&reader.event, STATUS));
		ev_row_add_text(row, sale_status(&reader, left.available));
		ev_row_add(row, sections(&reader, &left));
		ev_row_add(row, ev_time(reader.left.clock));
		availability = ev_datum(ev_row_datum(row));
	}
	end_reading(&reader);
	return availability;
}

EvArg
ev_event_sections(const pg_uuid_t *event_id, bool published_only)
{
	Reader reader = begin_reading("event_sections");
	EvArg result = ev_null();

	if (find_event(&reader, event_id, published_only))
	{
		EvLeft left = ev_left_read(&reader.left, event_id, false);

		ev_row_add(&reader.row, ev_uuid(event_id));
		ev_row_add(&reader.row, sections(&reader, &left));
		result = ev_datum(ev_row_datum(&reader.row));
	}
	end_reading(&reader);
	return result;
}
