/*
 * layout_read.c
 *		Reads the sections of a layout from JSON: grids of rows, seats one by one, numbers of places.
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "args.h"
#include "errors.h"
#include "layout.h"
#include "tuple.h"

#define DEFAULT_SEATS_PER_ROW 10
#define MAX_COORDINATE 1000000

EV_STATEMENT(read_sections,
			 "SELECT x.name, coalesce(x.kind, CASE WHEN coalesce(x.rows, x.seats_per_row, x.total_seats) IS NULL"
			 "                                      AND x.row_end IS NULL AND x.seats IS NULL"
			 "                                     THEN 'general' ELSE 'reserved' END),"
			 "       coalesce(x.rows, CASE WHEN x.row_end IS NULL AND x.total_seats IS NULL THEN $2::text END),"
			 "       coalesce(x.seats_per_row, $3::text), coalesce(x.row_start, 'A'), x.capacity, m.price_multiplier,"
			 "       coalesce(m.price_multiplier BETWEEN 0 AND 1000, false), x.row_end, x.total_seats, x.description,"
			 "       CASE WHEN x.accessible_seats IS NULL THEN NULL"
			 "            WHEN jsonb_typeof(x.accessible_seats) = 'array'"
			 "            THEN ARRAY(SELECT CASE jsonb_typeof(e) WHEN 'string' THEN e #>> '{}' END"
			 "                         FROM pg_catalog.jsonb_array_elements(x.accessible_seats) e)"
			 "            ELSE ARRAY[NULL::text] END, x.seats"
			 "  FROM ROWS FROM (pg_catalog.jsonb_to_recordset($1) AS (name text, kind text, rows text,"
			 "       seats_per_row text, row_start text, capacity text, price_multiplier text, row_end text,"
			 "       total_seats text, description text, accessible_seats jsonb, seats jsonb))"
			 "       WITH ORDINALITY AS x (name, kind, rows, seats_per_row, row_start, capacity, price_multiplier, row_end,"
			 "                             total_seats, description, accessible_seats, seats, n),"
			 "       LATERAL (SELECT CASE WHEN x.price_multiplier IS NULL THEN 1"
			 "                            WHEN x.price_multiplier ~ '^(\\d{1,4}|\\d{0,4}\\.\\d+)$' AND length(x.price_multiplier) < 10000"
			 "                            THEN x.price_multiplier::numeric END AS price_multiplier) m"
			 " ORDER BY x.n",
			 JSONBOID, INT4OID, INT4OID);

EV_STATEMENT(read_seats,
			 "SELECT e.seat ->> 'row', e.seat ->> 'number', e.seat ->> 'x', e.seat ->> 'y', e.seat ->> 'accessible',"
			 "       e.seat ->> 'label'"
			 "  FROM pg_catalog.jsonb_array_elements($1) WITH ORDINALITY AS e (seat, n) ORDER BY e.n",
			 JSONBOID);

/* The columns of read_sections, copied: what is read next takes its place. */
typedef struct Given
{
	EvArg rows;
	EvArg seats_per_row;
	char *row_start;
	EvArg capacity;
	char *row_end;
	EvArg total_seats;
	EvArg accessible;
	EvArg seats;
} Given;

static EvArg
copied(uint64 row, int column)
{
	return ev_is_null(row, column) ? ev_null() : ev_datum(ev_copied_value(row, column));
}

static void
refuse_field(const EvNewSection *section, const char *field, const char *message)
{
	ev_raise(EV_VALIDATION_ERROR, ev_detail_text(ev_detail_text(ev_detail(), "field", field), "section", section->name), NULL,
			 "%s", message);
}

/* Read here, as a cast names neither the section nor the field that it fails for. */
static EvArg
whole_number(const EvNewSection *section, const char *field, uint64 row, int column)
{
	char *text = ev_get_text(row, column);
	char *end;
	long number;

	if (text == NULL)
		return ev_null();
	number = strtol(text, &end, 10);
	if (end == text || *end != '\0' || number < 1 || number > EV_MAX_CAPACITY)
		refuse_field(section, field, psprintf("%s of section %s must be a whole number from 1 to %d", field, section->name, EV_MAX_CAPACITY));
	return ev_int((int) number);
}

/* What is no text in them was read as null. */
static EvArg
text_list(const EvNewSection *section, const char *field, uint64 row, int column)
{
	EvArg given = copied(row, column);

	if (!given.isnull && array_contains_nulls(DatumGetArrayTypeP(given.value)))
		refuse_field(section, field, psprintf("%s of section %s must be an array of texts", field, section->name));
	return given;
}

static int
row_index(const char *label)
{
	int row = 0;

	if (*label == '\0' || strlen(label) > 3)
		ev_invalid("sections", "row_start and row_end must be one to three letters");
	for (const char *p = label; *p != '\0'; p++)
	{
		char letter = pg_toupper((unsigned char) *p);

		if (letter < 'A' || letter > 'Z')
			ev_invalid("sections", "row_start and row_end must be one to three letters");
		row = row * 26 + (letter - 'A' + 1);
	}
	return row - 1;
}

static void
refuse_size(const EvNewSection *section)
{
	ev_invalid("sections", "section %s must have 1 to %d seats", section->name, EV_MAX_SECTION_SEATS);
}

static int
count_or(EvArg given, int otherwise, const EvNewSection *section)
{
	int count = given.isnull ? otherwise : DatumGetInt32(given.value);

	if (count < 1 || count > EV_MAX_SECTION_SEATS)
		refuse_size(section);
	return count;
}

/* Rows as counted, or from row_start to row_end, or as many as total_seats fill; the last may be shorter. */
static void
make_grid(EvNewSection *section, const Given *given)
{
	int first = row_index(given->row_start);
	int width;
	int rows;

	if (given->total_seats.isnull && (given->seats_per_row.isnull || (given->rows.isnull && given->row_end == NULL)))
		ev_invalid("sections", "reserved section %s needs rows and seats_per_row", section->name);
	width = count_or(given->seats_per_row, DEFAULT_SEATS_PER_ROW, section);
	section->capacity = count_or(given->total_seats, 1, section);
	rows = (section->capacity + width - 1) / width;
	if (given->row_end != NULL)
		rows = row_index(given->row_end) - first + 1;
	rows = count_or(given->rows, rows, section);
	if (rows < 1 || rows > EV_MAX_SECTION_SEATS / width)
		refuse_size(section);
	if (given->total_seats.isnull)
		section->capacity = rows * width;
	if (section->capacity > rows * width)
		ev_invalid("sections", "section %s has rows for %d of its %d seats", section->name, rows * width, section->capacity);

	section->nseats = section->capacity;
	section->seats = palloc0(section->nseats * sizeof(EvNewSeat));
	for (int i = 0; i < section->nseats; i++)
		section->seats[i] = (EvNewSeat){
			.place = i + 1,
			.row = i % width == 0 ? ev_row_label(first + i / width) : section->seats[i - 1].row,
			.number = i % width + 1,
		};
}

/* By its label, or by row and number, as A-1. */
static bool
is_named(const EvNewSeat *seat, const char *name)
{
	const char *dash = strrchr(name, '-');

	if (seat->label != NULL)
		return strcmp(seat->label, name) == 0;
	return dash != NULL && strlen(seat->row) == dash - name && strncmp(seat->row, name, dash - name) == 0 &&
		strcmp(dash + 1, psprintf("%d", seat->number)) == 0;
}

static void
mark_accessible(EvNewSection *section, EvArg names)
{
	int n;
	char **accessible;

	if (names.isnull)
		return;
	accessible = ev_texts_of(names.value, "accessible_seats", &n);
	for (int i = 0; i < n; i++)
	{
		bool found = false;

		for (int j = 0; j < section->nseats && !found; j++)
		{
			EvNewSeat *seat = &section->seats[j];

			found = is_named(seat, accessible[i]);
			seat->accessible |= found;
		}
		if (!found)
			ev_invalid("accessible_seats", "section %s has no seat %s", section->name, accessible[i]);
	}
}

void
ev_layout_refuse(const EvNewLayout *layout, const EvNewSeat *seat, const char *field, const char *format, ...)
{
	char message[200];
	va_list args;
	EvDetail *detail = ev_detail_int(ev_detail_text(ev_detail(), "field", field), layout->place, seat->place);

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (seat->section < layout->nsections && layout->sections[seat->section].name != NULL)
		detail = ev_detail_text(detail, "section", layout->sections[seat->section].name);
	ev_raise(EV_VALIDATION_ERROR, detail, NULL, "%s %d: %s", layout->place, seat->place, message);
}

static double
coordinate(const EvNewLayout *layout, const EvNewSeat *seat, const char *field, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (*text == '\0' || *end != '\0' || !isfinite(value) || fabs(value) > MAX_COORDINATE)
		ev_layout_refuse(layout, seat, field, "%s must be a number of at most %d", field, MAX_COORDINATE);
	return value;
}

static bool
truth(const EvNewLayout *layout, const EvNewSeat *seat, const char *text)
{
	static const char *const words[] = {"false", "true", "no", "yes", "0", "1", "f", "t", "n", "y"};

	if (*text == '\0')
		return false;
	for (int i = 0; i < lengthof(words); i++)
	{
		if (pg_strcasecmp(words[i], text) == 0)
			return i % 2 == 1;
	}
	ev_layout_refuse(layout, seat, "accessible", "accessible must be true or false");
}

static bool
given(const char *text)
{
	return text != NULL && *text != '\0';
}

void
ev_layout_read_seat(const EvNewLayout *layout, EvNewSeat *seat, char *const *texts)
{
	char *end;
	long number;

	if (!given(texts[EV_SEAT_ROW]) || pg_mbstrlen(texts[EV_SEAT_ROW]) > 20)
		ev_layout_refuse(layout, seat, "row", "row must have 1 to 20 characters");
	if (!given(texts[EV_SEAT_NUMBER]))
		ev_layout_refuse(layout, seat, "number", "number is required");
	number = strtol(texts[EV_SEAT_NUMBER], &end, 10);
	if (*end != '\0' || number < 1 || number > EV_MAX_SECTION_SEATS)
		ev_layout_refuse(layout, seat, "number", "number must be between 1 and %d", EV_MAX_SECTION_SEATS);
	if (given(texts[EV_SEAT_X]) != given(texts[EV_SEAT_Y]))
		ev_layout_refuse(layout, seat, given(texts[EV_SEAT_X]) ? "y" : "x", "x and y are given together");
	if (given(texts[EV_SEAT_LABEL]) && pg_mbstrlen(texts[EV_SEAT_LABEL]) > 100)
		ev_layout_refuse(layout, seat, "label", "label has at most 100 characters");
	seat->row = texts[EV_SEAT_ROW];
	seat->number = (int) number;
	seat->label = given(texts[EV_SEAT_LABEL]) ? texts[EV_SEAT_LABEL] : NULL;
	seat->positioned = given(texts[EV_SEAT_X]);
	if (seat->positioned)
	{
		seat->x = coordinate(layout, seat, "x", texts[EV_SEAT_X]);
		seat->y = coordinate(layout, seat, "y", texts[EV_SEAT_Y]);
	}
	seat->accessible = given(texts[EV_SEAT_ACCESSIBLE]) && truth(layout, seat, texts[EV_SEAT_ACCESSIBLE]);
}

static void
read_seat_list(EvNewLayout *layout, int i, const Given *given)
{
	EvNewSection *section = &layout->sections[i];

	ev_require_objects(given->seats, "seats");
	section->nseats = (int) ev_query(&read_seats, given->seats);
	if (section->nseats < 1 || section->nseats > EV_MAX_SECTION_SEATS)
		refuse_size(section);
	section->capacity = section->nseats;
	section->seats = palloc0(section->nseats * sizeof(EvNewSeat));
	for (int j = 0; j < section->nseats; j++)
	{
		char *texts[EV_SEAT_TEXTS];

		section->seats[j].place = j + 1;
		section->seats[j].section = i;
		for (int t = 0; t < EV_SEAT_TEXTS; t++)
			texts[t] = ev_get_text(j, t + 1);
		ev_layout_read_seat(layout, &section->seats[j], texts);
	}
}

static void
read_section(EvNewSection *section, Given *given, uint64 row)
{
	*section = (EvNewSection){
		.name = ev_get_text(row, 1),
		.description = ev_get_text(row, 11),
	};
	if (section->name == NULL || *section->name == '\0')
		ev_invalid("sections", "a section needs a name");
	if (pg_mbstrlen(section->name) > 100)
		ev_invalid("sections", "a section's name has at most 100 characters");
	if (section->description != NULL && pg_mbstrlen(section->description) > 2000)
		ev_invalid("sections", "a section's description has at most 2000 characters");
	section->reserved = strcmp(ev_word(ev_get_text(row, 2), "kind", "reserved, general"), "reserved") == 0;
	if (!ev_get_bool(row, 8))
		refuse_field(section, "price_multiplier",
					 psprintf("the price_multiplier of section %s must be between 0 and 1000", section->name));
	section->price_multiplier = ev_copied_value(row, 7);
	*given = (Given){
		.rows = whole_number(section, "rows", row, 3),
		.seats_per_row = whole_number(section, "seats_per_row", row, 4),
		.row_start = ev_get_text(row, 5),
		.capacity = whole_number(section, "capacity", row, 6),
		.row_end = ev_get_text(row, 9),
		.total_seats = whole_number(section, "total_seats", row, 10),
		.accessible = text_list(section, "accessible_seats", row, 12),
		.seats = copied(row, 13),
	};
}

static void
fill_section(EvNewLayout *layout, int i, const Given *given)
{
	EvNewSection *section = &layout->sections[i];

	if (section->reserved && !given->seats.isnull)
		read_seat_list(layout, i, given);
	else if (section->reserved)
		make_grid(section, given);
	else if (given->capacity.isnull)
		ev_invalid("sections", "general section %s needs a capacity of 1 to %d", section->name, EV_MAX_CAPACITY);
	else
		section->capacity = DatumGetInt32(given->capacity.value);
	mark_accessible(section, given->accessible);
}

EvNewLayout
ev_layout_of_json(Datum sections_jsonb, EvArg default_rows, EvArg default_seats_per_row)
{
	EvNewLayout layout = {.place = "seat"};
	Given *given;

	ev_require_objects(ev_datum(sections_jsonb), "sections");
	layout.nsections = (int) ev_query(&read_sections, ev_datum(sections_jsonb), default_rows, default_seats_per_row);
	if (layout.nsections > EV_MAX_SECTIONS)
		ev_invalid("sections", "at most %d sections", EV_MAX_SECTIONS);
	layout.sections = palloc(layout.nsections * sizeof(EvNewSection));
	given = palloc(layout.nsections * sizeof(Given));
	for (int i = 0; i < layout.nsections; i++)
	{
		read_section(&layout.sections[i], &given[i], i);
		for (int j = 0; j < i; j++)
		{
			if (strcmp(layout.sections[j].name, layout.sections[i].name) == 0)
				ev_invalid("sections", "section %s is named twice", layout.sections[i].name);
		}
	}
	for (int i = 0; i < layout.nsections; i++)
		fill_section(&layout, i, &given[i]);
	return layout;
}

EvNewLayout
ev_layout_of_arguments(EvArg sections, EvArg csv, EvArg default_rows, EvArg default_seats_per_row)
{
	EvNewLayout layout;

	if (sections.isnull == csv.isnull)
		ev_invalid("sections", "give sections or csv");
	if (!csv.isnull)
		return ev_layout_of_csv(TextDatumGetCString(csv.value));
	layout = ev_layout_of_json(sections.value, default_rows, default_seats_per_row);
	if (layout.nsections == 0)
		ev_invalid("sections", "there is no section");
	return layout;
}
