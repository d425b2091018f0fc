/*
 * layout.c
 *		Stores the sections and seats of layouts: their order, labels and coordinates.
 */
#include "postgres.h"

#include <ctype.h>

#include "fmgr.h"
#include "utils/builtins.h"

#include "errors.h"
#include "id.h"
#include "layout.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_row_label);

EV_STATEMENT(last_places,
			 "SELECT coalesce(max(s.ordinal), 0),"
			 "       coalesce((SELECT ceil(max(v.y))::integer + 2 FROM evently.venue_seat v WHERE v.venue_id = $1), 0),"
			 "       count(*)::integer"
			 "  FROM evently.venue_section s WHERE s.venue_id = $1",
			 UUIDOID);

EV_STATEMENT(named_section,
			 "SELECT name FROM evently.venue_section WHERE venue_id = $1 AND name = ANY ($2)",
			 UUIDOID, TEXTARRAYOID);

EV_STATEMENT(shared_rows,
			 "SELECT 1 FROM evently.venue_seat WHERE venue_id = $1 AND row_label = ANY ($2) LIMIT 1",
			 UUIDOID, TEXTARRAYOID);

EV_STATEMENT(shared_labels,
			 "SELECT label FROM evently.venue_seat WHERE venue_id = $1 AND label = ANY ($2) ORDER BY ordinal LIMIT 1",
			 UUIDOID, TEXTARRAYOID);

EV_STATEMENT(insert_section,
			 "INSERT INTO evently.venue_section (section_id, venue_id, ordinal, name, description, kind, capacity,"
			 " price_multiplier)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
			 UUIDOID, UUIDOID, INT4OID, TEXTOID, TEXTOID, TEXTOID, INT4OID, NUMERICOID);

EV_STATEMENT(insert_seats,
			 "INSERT INTO evently.venue_seat (seat_id, venue_id, section_id, ordinal, label, row_label, number, x, y,"
			 " accessible)"
			 " SELECT evently.new_id(NULL), $1, $2, $3 + s.n, s.label, s.row_label, s.number, s.x, s.y, s.accessible"
			 "   FROM ROWS FROM (unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9)) WITH ORDINALITY"
			 "        AS s (label, row_label, number, x, y, accessible, n)",
			 UUIDOID, UUIDOID, INT4OID, TEXTARRAYOID, TEXTARRAYOID, INT4ARRAYOID, FLOAT8ARRAYOID, FLOAT8ARRAYOID,
			 BOOLARRAYOID);

/* Version 1.0 counted seats through the whole layout. */
EV_STATEMENT(renumber_seats,
			 "UPDATE evently.venue_seat v SET ordinal = s.ordinal * 1000000 + v.ordinal"
			 "  FROM evently.venue_section s"
			 " WHERE v.venue_id = $1 AND v.ordinal < 1000000 AND s.section_id = v.section_id",
			 UUIDOID);

EV_STATEMENT(delete_layout,
			 "WITH seats AS (DELETE FROM evently.venue_seat WHERE venue_id = $1)"
			 "DELETE FROM evently.venue_section WHERE venue_id = $1",
			 UUIDOID);

/* A seat's ordinal: its section's, and its place in it. */
#define SECTION_ORDINALS 1000000
#define LAST_ORDINAL (PG_INT32_MAX / SECTION_ORDINALS - 1)

char *
ev_row_label(int row)
{
	char reversed[8];
	int n = 0;
	char *label;

	for (row++; row > 0; row = (row - 1) / 26)
		reversed[n++] = 'A' + (row - 1) % 26;
	label = palloc0(n + 1);
	for (int i = 0; i < n; i++)
		label[i] = reversed[n - 1 - i];
	return label;
}

Datum
evently_row_label(PG_FUNCTION_ARGS)
{
	int row = PG_GETARG_INT32(0);

	if (row < 0)
		ev_invalid("row", "rows are numbered from 0");
	PG_RETURN_TEXT_P(cstring_to_text(ev_row_label(row)));
}

int
ev_layout_capacity(const EvNewLayout *layout)
{
	int places = 0;

	for (int i = 0; i < layout->nsections; i++)
	{
		places += layout->sections[i].capacity;
		if (places > EV_MAX_CAPACITY)
			ev_invalid("capacity", "the sections have more than %d places", EV_MAX_CAPACITY);
	}
	return places;
}

static int
compare_numbers(const char *a, int a_length, const char *b, int b_length)
{
	while (a_length > 1 && *a == '0')
		a++, a_length--;
	while (b_length > 1 && *b == '0')
		b++, b_length--;
	return a_length != b_length ? a_length - b_length : memcmp(a, b, a_length);
}

/* Z before AA, row 2 before row 10, and BB before B1: words by length, numbers by value. */
static int
compare_naturally(const char *a, const char *b)
{
	const char *first = a;
	const char *second = b;

	while (*a != '\0' && *b != '\0')
	{
		bool digits = isdigit((unsigned char) *a);
		int a_length = 1;
		int b_length = 1;
		int order;

		while (a[a_length] != '\0' && (isdigit((unsigned char) a[a_length]) != 0) == digits)
			a_length++;
		while (b[b_length] != '\0' && (isdigit((unsigned char) b[b_length]) != 0) == (isdigit((unsigned char) *b) != 0))
			b_length++;
		if (digits && isdigit((unsigned char) *b))
			order = compare_numbers(a, a_length, b, b_length);
		else
			order = a_length != b_length && !digits && !isdigit((unsigned char) *b)
				? a_length - b_length
				: strncmp(a, b, Min(a_length, b_length));
		if (order != 0)
			return order;
		a += a_length;
		b += b_length;
	}
	if (*a != '\0' || *b != '\0')
		return *a != '\0' ? 1 : -1;
	return strcmp(first, second);
}

static int
compare_seats(const void *a, const void *b)
{
	const EvNewSeat *first = a;
	const EvNewSeat *second = b;
	int order = compare_naturally(first->row, second->row);

	return order != 0 ? order : first->number - second->number;
}

/* Rows behind each other, one unit apart, and the seats of a row beside each other. */
static void
position(EvNewSection *section, int *y)
{
	int x = 0;

	for (int i = 0; i < section->nseats; i++)
	{
		EvNewSeat *seat = &section->seats[i];
		bool new_row = i == 0 || strcmp(seat->row, section->seats[i - 1].row) != 0;

		x = new_row ? 1 : x + 1;
		*y += new_row && i > 0 ? 1 : 0;
		if (seat->positioned)
			continue;
		seat->x = x;
		seat->y = *y;
	}
	*y += section->nseats > 0 ? 2 : 0;
}

/* The rows of all sections, each once a section. */
static int
rows_of(const EvNewLayout *layout, EvNewSeat *rows)
{
	int n = 0;

	for (int i = 0; i < layout->nsections; i++)
	{
		const EvNewSection *section = &layout->sections[i];

		for (int j = 0; j < section->nseats; j++)
		{
			if (section->seats[j].label == NULL && (j == 0 || strcmp(section->seats[j].row, section->seats[j - 1].row) != 0))
			{
				rows[n] = section->seats[j];
				rows[n++].section = i;
			}
		}
	}
	return n;
}

static int
compare_rows(const void *a, const void *b)
{
	const EvNewSeat *first = a;
	const EvNewSeat *second = b;
	int order = strcmp(first->row, second->row);

	return order != 0 ? order : first->section - second->section;
}

/* Do two sections have a row of the same name? Then the labels of the new ones carry their section's name. */
static bool
share_rows(const pg_uuid_t *layout_id, const EvNewLayout *layout, int nseats, int nothers)
{
	EvNewSeat *rows = palloc_extended((nseats + 1) * sizeof(EvNewSeat), MCXT_ALLOC_HUGE);
	char **names;
	int n = rows_of(layout, rows);

	qsort(rows, n, sizeof(EvNewSeat), compare_rows);
	names = palloc((n + 1) * sizeof(char *));
	for (int i = 0; i < n; i++)
	{
		if (i > 0 && strcmp(rows[i].row, rows[i - 1].row) == 0 && rows[i].section != rows[i - 1].section)
			return true;
		names[i] = rows[i].row;
	}
	return nothers > 0 && ev_query(&shared_rows, ev_uuid(layout_id), ev_text_array(names, n)) > 0;
}

static int
compare_labels(const void *a, const void *b)
{
	const EvNewSeat *first = *(EvNewSeat *const *) a;
	const EvNewSeat *second = *(EvNewSeat *const *) b;
	int order = strcmp(first->label, second->label);

	return order != 0 ? order : first->place - second->place;
}

/* Give each seat its label and see that no two have the same. */
static void
label_seats(const pg_uuid_t *layout_id, EvNewLayout *layout, int nseats, int nothers)
{
	bool prefixed = share_rows(layout_id, layout, nseats, nothers);
	EvNewSeat **seats = palloc_extended((nseats + 1) * sizeof(EvNewSeat *), MCXT_ALLOC_HUGE);
	char **labels = palloc_extended((nseats + 1) * sizeof(char *), MCXT_ALLOC_HUGE);
	int n = 0;

	for (int i = 0; i < layout->nsections; i++)
	{
		EvNewSection *section = &layout->sections[i];

		for (int j = 0; j < section->nseats; j++)
		{
			EvNewSeat *seat = &section->seats[j];

			if (seat->label == NULL)
				seat->label = psprintf("%s%s%s-%d", prefixed ? section->name : "", prefixed ? "-" : "", seat->row,
									   seat->number);
			labels[n] = seat->label;
			seats[n++] = seat;
		}
	}
	qsort(seats, n, sizeof(EvNewSeat *), compare_labels);
	for (int i = 1; i < n; i++)
	{
		if (strcmp(seats[i]->label, seats[i - 1]->label) == 0)
			ev_layout_refuse(layout, seats[i], "label", "seat %s is there twice", seats[i]->label);
	}
	if (nothers > 0 && ev_query(&shared_labels, ev_uuid(layout_id), ev_text_array(labels, n)) > 0)
		ev_invalid("label", "the layout has a seat %s already", ev_get_text(0, 1));
}

static void
require_new_names(const pg_uuid_t *layout_id, const EvNewLayout *layout, int nothers, int last)
{
	char **names = palloc((layout->nsections + 1) * sizeof(char *));

	for (int i = 0; i < layout->nsections; i++)
		names[i] = layout->sections[i].name;
	if (nothers + layout->nsections > EV_MAX_SECTIONS || last + layout->nsections > LAST_ORDINAL)
		ev_invalid("sections", "at most %d sections", EV_MAX_SECTIONS);
	if (ev_query(&named_section, ev_uuid(layout_id), ev_text_array(names, layout->nsections)) > 0)
		ev_invalid("name", "there is a section %s already", ev_get_text(0, 1));
}

static void
store_seats(const pg_uuid_t *layout_id, const EvNewSection *section)
{
	int n = section->nseats;
	Datum *labels = palloc(n * sizeof(Datum));
	Datum *rows = palloc(n * sizeof(Datum));
	Datum *numbers = palloc(n * sizeof(Datum));
	Datum *xs = palloc(n * sizeof(Datum));
	Datum *ys = palloc(n * sizeof(Datum));
	Datum *accessible = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
	{
		const EvNewSeat *seat = &section->seats[i];

		labels[i] = CStringGetTextDatum(seat->label);
		rows[i] = CStringGetTextDatum(seat->row);
		numbers[i] = Int32GetDatum(seat->number);
		xs[i] = Float8GetDatum(seat->x);
		ys[i] = Float8GetDatum(seat->y);
		accessible[i] = BoolGetDatum(seat->accessible);
	}
	ev_query(&insert_seats, ev_uuid(layout_id), ev_uuid(&section->section_id),
			 ev_int(section->ordinal * SECTION_ORDINALS), ev_array(labels, n, TEXTOID), ev_array(rows, n, TEXTOID),
			 ev_array(numbers, n, INT4OID), ev_array(xs, n, FLOAT8OID), ev_array(ys, n, FLOAT8OID),
			 ev_array(accessible, n, BOOLOID));
}

void
ev_layout_add(const pg_uuid_t *layout_id, EvNewLayout *layout)
{
	int last;
	int y;
	int nothers;
	int nseats = 0;

	ev_query(&last_places, ev_uuid(layout_id));
	last = ev_get_int(0, 1);
	y = ev_get_int(0, 2);
	nothers = ev_get_int(0, 3);
	require_new_names(layout_id, layout, nothers, last);
	if (nothers > 0)
		ev_query(&renumber_seats, ev_uuid(layout_id));
	for (int i = 0; i < layout->nsections; i++)
	{
		EvNewSection *section = &layout->sections[i];

		qsort(section->seats, section->nseats, sizeof(EvNewSeat), compare_seats);
		position(section, &y);
		nseats += section->nseats;
	}
	label_seats(layout_id, layout, nseats, nothers);
	for (int i = 0; i < layout->nsections; i++)
	{
		EvNewSection *section = &layout->sections[i];

		if (section->ordinal == 0)
		{
			section->section_id = ev_new_id(NULL);
			section->ordinal = ++last;
		}
		ev_query(&insert_section, ev_uuid(&section->section_id), ev_uuid(layout_id), ev_int(section->ordinal),
				 ev_text(section->name), ev_text(section->description),
				 ev_text(section->reserved ? "reserved" : "general"), ev_int(section->capacity),
				 ev_datum(section->price_multiplier));
		if (section->nseats > 0)
			store_seats(layout_id, section);
	}
}

void
ev_layout_delete(const pg_uuid_t *layout_id)
{
	ev_query(&delete_layout, ev_uuid(layout_id));
}
