/*
 * seat_map.c
 *		The seat map of an event: all its seats and who has them now, each in full or as one letter.
 *
 * The compact form is a hundredth of the full one. Where its seats are (coordinates, accessible ones) does not change with
 * what is sold: get_event_layout() tells. Seats side by side with numbers that follow one another are a run; a label that
 * does not end with its seat's number is a run of its own.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/snapmgr.h"

#include "args.h"
#include "event.h"
#include "event_read.h"
#include "id.h"
#include "mark.h"
#include "table.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_get_seat_map_page);

static const char *const event_columns[] = {"event_id", "status", "currency"};
static const Oid event_types[] = {UUIDOID, TEXTOID, TEXTOID};
EV_TABLE(event_table, "event", event_columns, event_types);

static const char *const section_columns[] = {"event_id", "section_id", "ordinal", "name", "price"};
static const Oid section_types[] = {UUIDOID, UUIDOID, INT4OID, TEXTOID, NUMERICOID};
EV_TABLE(section_table, "event_section", section_columns, section_types);

enum
{
	SECTION_ID = 3,
	SEAT_ID,
	LABEL,
	ROW_LABEL,
	NUMBER,
	X,
	Y,
	ACCESSIBLE,
	HOLD_ID,
	HELD_UNTIL,
	BOOKING_ID
};

static const char *const seat_columns[] = {
	"event_id", "ordinal", "section_id", "seat_id", "label", "row_label", "number", "x", "y", "accessible",
	"hold_id", "held_until", "booking_id"};
static const Oid seat_types[] = {
	UUIDOID, INT4OID, UUIDOID, UUIDOID, TEXTOID, TEXTOID, INT4OID, NUMERICOID, NUMERICOID, BOOLOID,
	UUIDOID, TIMESTAMPTZOID, UUIDOID};
EV_TABLE(seat_table, "event_seat", seat_columns, seat_types);

static const char *const hold_columns[] = {"event_id", "hold_id", "reason"};
static const Oid hold_types[] = {UUIDOID, UUIDOID, TEXTOID};
EV_TABLE(hold_table, "hold", hold_columns, hold_types);

/* Datums in an array that grows. */
typedef struct Datums
{
	int n;
	int room;
	Datum *values;
} Datums;

typedef struct Section
{
	int ordinal;
	pg_uuid_t section_id;
	Datum name;
	Datum price;
	int total;
	int available;
	Datums runs;
} Section;

/* The run that seats are being added to. */
typedef struct Run
{
	Section *section; /* NULL: none yet */
	text *row;
	char *prefix;
	int prefix_length;
	int first;
	bool numbered;
	StringInfoData states;
} Run;

typedef struct Map
{
	const pg_uuid_t *event_id;
	TimestampTz clock;
	EvScan holds;
	pg_uuid_t last_hold;
	bool last_is_block;
	bool has_last;
	int nsections;
	Section *sections;
	Section *section; /* of the last seat */
	EvRow row;
	Datums seats;
	Run run;
} Map;

static void
add_datum(Datums *datums, Datum value)
{
	if (datums->n == datums->room)
	{
		datums->room = Max(datums->room * 2, 64);
		datums->values = datums->values == NULL ? palloc(datums->room * sizeof(Datum))
												: repalloc(datums->values, datums->room * sizeof(Datum));
	}
	datums->values[datums->n++] = value;
}

static int
compare_ordinals(const void *a, const void *b)
{
	return ((const Section *) a)->ordinal - ((const Section *) b)->ordinal;
}

static void
load_sections(Map *map)
{
	EvScan scan = ev_scan_open(&section_table, 1);
	int room = 0;

	ev_scan_find(&scan, &ev_uuid(map->event_id));
	while (ev_scan_next(&scan))
	{
		if (map->nsections == room)
		{
			room = Max(room * 2, 8);
			map->sections = map->sections == NULL ? palloc(room * sizeof(Section)) : repalloc(map->sections, room * sizeof(Section));
		}
		map->sections[map->nsections++] = (Section){
			.ordinal = DatumGetInt32(ev_scan_value(&scan, 3)),
			.section_id = *DatumGetUUIDP(ev_scan_value(&scan, 2)),
			.name = PointerGetDatum(DatumGetTextPCopy(ev_scan_value(&scan, 4))),
			.price = NumericGetDatum(DatumGetNumericCopy(ev_scan_value(&scan, 5))),
		};
	}
	ev_scan_end(&scan);
	qsort(map->sections, map->nsections, sizeof(Section), compare_ordinals);
}

static Section *
section_of(Map *map, const pg_uuid_t *section_id)
{
	if (map->section != NULL && ev_same_id(&map->section->section_id, section_id))
		return map->section;
	for (int i = 0; i < map->nsections; i++)
	{
		if (ev_same_id(&map->sections[i].section_id, section_id))
			return map->section = &map->sections[i];
	}
	elog(ERROR, "a seat is in no section of its event; ask evently.verify()");
}

/* House seats are held by a hold with a reason. Seats of one hold follow one another. */
static bool
is_block(Map *map, const pg_uuid_t *hold_id)
{
	if (!map->has_last || !ev_same_id(&map->last_hold, hold_id))
	{
		EvArg key[] = {ev_uuid(map->event_id), ev_uuid(hold_id)};

		ev_scan_find(&map->holds, key);
		map->has_last = true;
		map->last_hold = *hold_id;
		map->last_is_block = ev_scan_next(&map->holds) && !ev_scan_is_null(&map->holds, 3);
	}
	return map->last_is_block;
}

static const char *
status_of(Map *map, const EvScan *seat)
{
	TimestampTz held_until;

	if (!ev_scan_is_null(seat, BOOKING_ID))
		return "sold";
	if (ev_scan_is_null(seat, HELD_UNTIL))
		return "available";
	held_until = DatumGetTimestampTz(ev_scan_value(seat, HELD_UNTIL));
	if (held_until <= map->clock)
		return "available";
	ev_mark_until(held_until);
	return is_block(map, DatumGetUUIDP(ev_scan_value(seat, HOLD_ID))) ? "blocked" : "held";
}

/* As a seat_detail. */
static void
add_seat(Map *map, const EvScan *seat, const char *status)
{
	EvRow *row = &map->row;

	ev_row_add(row, ev_scan_arg(seat, LABEL));
	ev_row_add(row, ev_scan_arg(seat, SEAT_ID));
	ev_row_add(row, ev_scan_arg(seat, SECTION_ID));
	ev_row_add(row, ev_datum(map->section->name));
	ev_row_add(row, ev_scan_arg(seat, ROW_LABEL));
	ev_row_add(row, ev_scan_arg(seat, NUMBER));
	ev_row_add(row, ev_scan_arg(seat, X));
	ev_row_add(row, ev_scan_arg(seat, Y));
	ev_row_add(row, ev_datum(map->section->price));
	ev_row_add_text(row, status);
	ev_row_add(row, ev_scan_arg(seat, ACCESSIBLE));
	add_datum(&map->seats, ev_row_datum(row));
}

/* What stands before the number at the end of a label: its length, or -1 where the label does not end with it. */
static int
prefix_of(const text *label, int number)
{
	char digits[12];
	int ndigits = pg_ltoa(number, digits);
	int length = VARSIZE_ANY_EXHDR(label) - ndigits;

	return length >= 0 && memcmp(VARDATA_ANY(label) + length, digits, ndigits) == 0 ? length : -1;
}

static bool
same_text(const text *a, const text *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) && memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

static void
end_run(Map *map)
{
	Run *run = &map->run;
	EvRow *row = &map->row;

	if (run->section == NULL)
		return;
	ev_row_add(row, ev_datum(PointerGetDatum(run->row)));
	ev_row_add(row, ev_datum(PointerGetDatum(cstring_to_text_with_len(run->prefix, run->prefix_length))));
	ev_row_add(row, run->numbered ? ev_int(run->first) : ev_null());
	ev_row_add_text(row, run->states.data);
	add_datum(&run->section->runs, ev_row_datum(row));
	run->section = NULL;
}

/* As a letter of a seat_run: its status's first. */
static void
add_letter(Map *map, const EvScan *seat, const char *status)
{
	Run *run = &map->run;
	text *label = DatumGetTextPP(ev_scan_value(seat, LABEL));
	text *row = DatumGetTextPP(ev_scan_value(seat, ROW_LABEL));
	int number = DatumGetInt32(ev_scan_value(seat, NUMBER));
	int length = prefix_of(label, number);
	bool numbered = length >= 0;

	if (run->section != map->section || !numbered || !run->numbered || number != run->first + run->states.len ||
		length != run->prefix_length || memcmp(VARDATA_ANY(label), run->prefix, length) != 0 || !same_text(row, run->row))
	{
		end_run(map);
		run->section = map->section;
		run->row = DatumGetTextPCopy(PointerGetDatum(row));
		run->prefix_length = numbered ? length : VARSIZE_ANY_EXHDR(label);
		run->prefix = pnstrdup(VARDATA_ANY(label), run->prefix_length);
		run->first = number;
		run->numbered = numbered;
		initStringInfo(&run->states);
	}
	appendStringInfoCharMacro(&run->states, status[0]);
}

static void
read_seats(Map *map, void (*add)(Map *map, const EvScan *seat, const char *status))
{
	EvScan seats = ev_scan_open(&seat_table, 1);

	map->holds = ev_scan_open(&hold_table, 2);
	ev_scan_find(&seats, &ev_uuid(map->event_id));
	while (ev_scan_next(&seats))
	{
		Section *section = section_of(map, DatumGetUUIDP(ev_scan_value(&seats, SECTION_ID)));
		const char *status = status_of(map, &seats);

		section->total++;
		section->available += strcmp(status, "available") == 0;
		add(map, &seats, status);
	}
	ev_scan_end(&map->holds);
	ev_scan_end(&seats);
}

static EvArg
full_seats(Map *map)
{
	map->row = ev_row_named("seat_detail");
	read_seats(map, add_seat);
	return ev_array(map->seats.values, map->seats.n, ev_row_type(&map->row));
}

/* Sections without seats are not on the map. */
static EvArg
compact_sections(Map *map)
{
	EvRow row = ev_row_named("section_map");
	Datums sections = {0};

	map->row = ev_row_named("seat_run");
	read_seats(map, add_letter);
	end_run(map);
	for (const Section *section = map->sections; section < map->sections + map->nsections; section++)
	{
		if (section->total == 0)
			continue;
		ev_row_add(&row, ev_uuid(&section->section_id));
		ev_row_add(&row, ev_datum(section->name));
		ev_row_add(&row, ev_datum(section->price));
		ev_row_add(&row, ev_int(section->total));
		ev_row_add(&row, ev_int(section->available));
		ev_row_add(&row, ev_array(section->runs.values, section->runs.n, ev_row_type(&map->row)));
		add_datum(&sections, ev_row_datum(&row));
	}
	return ev_array(sections.values, sections.n, ev_row_type(&row));
}

static Datum
page_of(FunctionCallInfo fcinfo, Map *map, EvArg currency, bool compact)
{
	EvRow page = ev_row(fcinfo);
	EvArg seats = compact ? ev_null() : full_seats(map);
	EvArg sections = compact ? compact_sections(map) : ev_null();
	int total = 0;
	int available = 0;

	for (int i = 0; i < map->nsections; i++)
	{
		total += map->sections[i].total;
		available += map->sections[i].available;
	}
	ev_row_add(&page, ev_uuid(map->event_id));
	ev_row_add(&page, currency);
	ev_row_add(&page, ev_int(total));
	ev_row_add(&page, ev_int(available));
	ev_row_add(&page, seats);
	ev_row_add(&page, sections);
	return ev_row_datum(&page);
}

/* All of it as of one moment. */
static Datum
read_map(FunctionCallInfo fcinfo, const pg_uuid_t *event_id, bool published_only, bool compact)
{
	Map map = {.event_id = event_id, .clock = GetCurrentStatementStartTimestamp()};
	EvScan event;
	Datum page;

	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	event = ev_scan_open(&event_table, 1);
	ev_scan_find(&event, &ev_uuid(event_id));
	if (!ev_scan_next(&event) || (published_only && !ev_event_is_public(TextDatumGetCString(ev_scan_value(&event, 2)))))
		ev_event_not_found(event_id);
	load_sections(&map);
	page = page_of(fcinfo, &map, ev_scan_arg(&event, 3), compact);
	ev_scan_end(&event);
	PopActiveSnapshot();
	return page;
}

/* get_seat_map_page(event_id, published_only, format) */
Datum
evently_get_seat_map_page(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *event_id;
	char *format;
	bool compact;

	ev_begin(EV_READS);
	ev_mark_begin();
	event_id = ev_required_uuid(fcinfo, 0, "event_id");
	format = ev_text_argument(fcinfo, 2);
	compact = format != NULL && strcmp(ev_word(format, "format", "full, compact"), "compact") == 0;
	PG_RETURN_DATUM(ev_end(read_map(fcinfo, event_id, !PG_ARGISNULL(1) && PG_GETARG_BOOL(1), compact)));
}
