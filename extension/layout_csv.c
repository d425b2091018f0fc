/*
 * layout_csv.c
 *		Reads a seat map from CSV (RFC 4180): a header that names the columns, then a line for each seat.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "errors.h"
#include "layout.h"

#define MAX_COLUMNS 64
#define COLUMN_SECTION EV_SEAT_TEXTS
#define COLUMN_MULTIPLIER (EV_SEAT_TEXTS + 1)
#define COLUMNS (EV_SEAT_TEXTS + 2)

static const char *const column_names[COLUMNS] = {
	"row", "number", "x", "y", "accessible", "label", "section", "price_multiplier"};

typedef struct Reader
{
	char *p;
	int line;  /* the one that p stands in */
	int start; /* the one that the record began in */
	int nfields;
	char *fields[MAX_COLUMNS];
} Reader;

static void
refuse(int line, const char *field, const char *message)
{
	ev_raise(EV_VALIDATION_ERROR, ev_detail_int(ev_detail_text(ev_detail(), "field", field), "line", line), NULL,
			 "line %d: %s", line, message);
}

/* From behind its opening quote to behind its closing one; two quotes are one. */
static char *
quoted_field(Reader *reader)
{
	char *field = reader->p;
	char *out = field;

	for (;;)
	{
		if (*reader->p == '\0')
			refuse(reader->start, "csv", "a quote is not closed");
		if (*reader->p == '"' && *++reader->p != '"')
			break;
		reader->line += *reader->p == '\n' ? 1 : 0;
		*out++ = *reader->p++;
	}
	if (strchr(",\r\n", *reader->p) == NULL)
		refuse(reader->line, "csv", "a comma must follow a closed quote");
	reader->fields[reader->nfields - 1] = field;
	return out;
}

static char *
plain_field(Reader *reader)
{
	reader->fields[reader->nfields - 1] = reader->p;
	reader->p += strcspn(reader->p, ",\r\n");
	return reader->p;
}

/* False at the end. Lines with nothing in them are passed over. */
static bool
next_record(Reader *reader)
{
	while (*reader->p == '\r' || *reader->p == '\n')
		reader->line += *reader->p++ == '\n' ? 1 : 0;
	reader->start = reader->line;
	reader->nfields = 0;
	if (*reader->p == '\0')
		return false;
	for (char after = ','; after == ',';)
	{
		char *end;

		if (reader->nfields++ == MAX_COLUMNS)
			refuse(reader->start, "csv", "too many columns");
		if (*reader->p == '"')
		{
			reader->p++;
			end = quoted_field(reader);
		}
		else
			end = plain_field(reader);
		after = *reader->p;
		reader->line += after == '\n' ? 1 : 0;
		reader->p += after != '\0' ? 1 : 0;
		*end = '\0';
	}
	return true;
}

static void
read_header(Reader *reader, int *column_of)
{
	for (int c = 0; c < COLUMNS; c++)
		column_of[c] = -1;
	if (!next_record(reader))
		refuse(1, "csv", "the first line names the columns: section,row,number");
	for (int i = 0; i < reader->nfields; i++)
	{
		int c = 0;

		while (c < COLUMNS && pg_strcasecmp(column_names[c], reader->fields[i]) != 0)
			c++;
		if (c == COLUMNS)
			refuse(reader->start, reader->fields[i],
				   psprintf("column %s is not one of section, row, number, x, y, accessible, label, price_multiplier",
							reader->fields[i]));
		if (column_of[c] >= 0)
			refuse(reader->start, reader->fields[i], psprintf("column %s is there twice", reader->fields[i]));
		column_of[c] = i;
	}
	for (int c = 0; c < COLUMNS; c++)
	{
		if (column_of[c] < 0 && (c == COLUMN_SECTION || c == EV_SEAT_ROW || c == EV_SEAT_NUMBER))
			refuse(reader->start, column_names[c], psprintf("column %s is missing", column_names[c]));
	}
}

static Datum
multiplier(const Reader *reader, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (*end != '\0' || !(value >= 0 && value <= 1000))
		refuse(reader->start, "price_multiplier", "price_multiplier must be between 0 and 1000");
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

/* Sections come in the order in which they are first named; lines of one section need not follow each other. */
static EvNewSection *
section_named(EvNewLayout *layout, const Reader *reader, char *name, const char *price)
{
	EvNewSection *section;

	if (*name == '\0' || pg_mbstrlen(name) > 100)
		refuse(reader->start, "section", "section must have 1 to 100 characters");
	for (int i = layout->nsections - 1; i >= 0; i--)
	{
		if (strcmp(layout->sections[i].name, name) == 0)
			return &layout->sections[i];
	}
	if (layout->nsections == EV_MAX_SECTIONS)
		refuse(reader->start, "section", psprintf("at most %d sections", EV_MAX_SECTIONS));
	section = &layout->sections[layout->nsections++];
	*section = (EvNewSection){
		.name = name,
		.reserved = true,
		.price_multiplier = multiplier(reader, *price == '\0' ? "1" : price),
	};
	return section;
}

static EvNewSeat *
new_seat(EvNewSection *section, const Reader *reader)
{
	if (section->nseats == EV_MAX_SECTION_SEATS)
		refuse(reader->start, "section", psprintf("a section has at most %d seats", EV_MAX_SECTION_SEATS));
	if (section->nseats == 0)
		section->seats = palloc(16 * sizeof(EvNewSeat));
	else if (section->nseats >= 16 && (section->nseats & (section->nseats - 1)) == 0)
		section->seats = repalloc(section->seats, sizeof(EvNewSeat) * 2 * section->nseats);
	section->capacity = ++section->nseats;
	return &section->seats[section->nseats - 1];
}

EvNewLayout
ev_layout_of_csv(const char *csv)
{
	EvNewLayout layout = {.place = "line", .sections = palloc(EV_MAX_SECTIONS * sizeof(EvNewSection))};
	Reader reader = {.p = pstrdup(csv), .line = 1};
	int column_of[COLUMNS];

	read_header(&reader, column_of);
	for (int width = reader.nfields; next_record(&reader);)
	{
		char *texts[COLUMNS];
		EvNewSection *section;
		EvNewSeat *seat;

		if (reader.nfields != width)
			refuse(reader.start, "csv", psprintf("%d fields where the first line has %d", reader.nfields, width));
		for (int c = 0; c < COLUMNS; c++)
			texts[c] = column_of[c] < 0 ? "" : reader.fields[column_of[c]];
		section = section_named(&layout, &reader, texts[COLUMN_SECTION], texts[COLUMN_MULTIPLIER]);
		seat = new_seat(section, &reader);
		*seat = (EvNewSeat){.place = reader.start, .section = section - layout.sections};
		ev_layout_read_seat(&layout, seat, texts);
	}
	if (layout.nsections == 0)
		refuse(reader.line, "csv", "there is no seat");
	return layout;
}
