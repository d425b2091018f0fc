/*
 * layout.h
 *		Layouts: sections and seats, the same for a venue, for a venue template, and for one event that has its own.
 *
 * Events copy the layout when they are created, so a later edit never moves a sold seat. A layout is changed by whoever
 * has locked the row of its owner (a venue or a template) for update, and copied by whoever has locked it for key share.
 *
 * Row labels run A to Z, then AA; rows and seats stand in that natural order by their ordinal. A label is unique in its
 * layout: A-1, or VIP-A-1 where sections share rows.
 */
#ifndef EV_LAYOUT_H
#define EV_LAYOUT_H

#include "spi.h"

#define EV_MAX_SECTIONS 1000
#define EV_MAX_SECTION_SEATS 200000
#define EV_MAX_CAPACITY 1000000

typedef struct EvNewSeat
{
	int place;	 /* line of a CSV file, element of a JSON array, or of a grid: from 1 */
	int section; /* index into the sections it comes with */
	char *row;
	int number;
	char *label; /* NULL: made of row and number */
	bool positioned;
	double x;
	double y;
	bool accessible;
} EvNewSeat;

/* A section as it is given: a grid of rows, seats one by one, or a number of places. */
typedef struct EvNewSection
{
	pg_uuid_t section_id;
	int ordinal; /* 0: a new one, after the others; otherwise section_id is given too */
	char *name;
	char *description;
	bool reserved;
	int capacity;
	Datum price_multiplier;
	int nseats;
	EvNewSeat *seats;
} EvNewSection;

typedef struct EvNewLayout
{
	int nsections;
	EvNewSection *sections;
	const char *place; /* what EvNewSeat.place counts: "seat" or "line" */
} EvNewLayout;

/* Rows are lettered like the columns of a spreadsheet: 0 is A, 25 Z, 26 AA. */
extern char *ev_row_label(int row);

/*
 * Sections as a JSON array gives them (create_venue() says how); VALIDATION_ERROR names what is wrong. The defaults, which
 * may be null, are for reserved sections that do not say.
 */
extern EvNewLayout ev_layout_of_json(Datum sections_jsonb, EvArg default_rows, EvArg default_seats_per_row);
/* A seat map with a line for each seat (import_seat_map() says how). */
extern EvNewLayout ev_layout_of_csv(const char *csv);

/* Either of them; one must be given. */
extern EvNewLayout ev_layout_of_arguments(EvArg sections, EvArg csv, EvArg default_rows, EvArg default_seats_per_row);

/* VALIDATION_ERROR that names the line or the seat, and its field. */
extern void ev_layout_refuse(const EvNewLayout *layout, const EvNewSeat *seat, const char *field, const char *format, ...)
	pg_attribute_noreturn() pg_attribute_printf(4, 5);
/* Fill in a seat from the texts of a file or a JSON object; NULL is "not given". */
extern void ev_layout_read_seat(const EvNewLayout *layout, EvNewSeat *seat, char *const *texts);
enum
{
	EV_SEAT_ROW,
	EV_SEAT_NUMBER,
	EV_SEAT_X,
	EV_SEAT_Y,
	EV_SEAT_ACCESSIBLE,
	EV_SEAT_LABEL,
	EV_SEAT_TEXTS
};

extern int ev_layout_capacity(const EvNewLayout *layout);

/* Add the sections, behind those that are there. */
extern void ev_layout_add(const pg_uuid_t *layout_id, EvNewLayout *layout);
extern void ev_layout_delete(const pg_uuid_t *layout_id);

#endif
