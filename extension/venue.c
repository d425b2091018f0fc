/*
 * venue.c
 *		Venues, their sections and seats.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/formatting.h"

#include "args.h"
#include "errors.h"
#include "id.h"
#include "lock.h"
#include "outbox.h"
#include "render.h"
#include "spi.h"
#include "tuple.h"
#include "venue.h"

#define MAX_SECTIONS 1000
#define MAX_SEATS 200000
#define MAX_CAPACITY 1000000

PG_FUNCTION_INFO_V1(evently_row_label);
PG_FUNCTION_INFO_V1(evently_create_venue);
PG_FUNCTION_INFO_V1(evently_get_venue);
PG_FUNCTION_INFO_V1(evently_update_venue);
PG_FUNCTION_INFO_V1(evently_delete_venue);

EV_STATEMENT(insert_venue,
			 "INSERT INTO evently.venue (venue_id, name, address, city, state, country, postal_code, capacity,"
			 " layout_config, created_by, created_at)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, clock_timestamp())",
			 UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, JSONBOID, UUIDOID);

EV_STATEMENT(read_sections,
			 "SELECT x.name, coalesce(x.kind, CASE WHEN x.rows IS NULL THEN 'general' ELSE 'reserved' END),"
			 "       x.rows, x.seats_per_row, coalesce(x.row_start, 'A'), x.capacity, coalesce(x.price_multiplier, 1),"
			 "       coalesce(x.price_multiplier, 1) BETWEEN 0 AND 1000"
			 "  FROM ROWS FROM (pg_catalog.jsonb_to_recordset($1) AS (name text, kind text, rows integer,"
			 "       seats_per_row integer, row_start text, capacity integer, price_multiplier numeric))"
			 "       WITH ORDINALITY AS x (name, kind, rows, seats_per_row, row_start, capacity, price_multiplier, n)"
			 " ORDER BY x.n",
			 JSONBOID);

EV_STATEMENT(insert_section,
			 "INSERT INTO evently.venue_section (section_id, venue_id, ordinal, name, kind, capacity, price_multiplier)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7)",
			 UUIDOID, UUIDOID, INT4OID, TEXTOID, TEXTOID, INT4OID, NUMERICOID);

/* One unit of x per seat, one of y per row; sections stand behind each other. */
EV_STATEMENT(insert_seats,
			 "INSERT INTO evently.venue_seat (seat_id, venue_id, section_id, ordinal, label, row_label, number, x, y)"
			 " SELECT evently.new_id(NULL), $1, $2, $3 + r * $5 + n,"
			 "        concat($7, evently.row_label($6 + r), '-', n), evently.row_label($6 + r), n, n, $8 + r"
			 "   FROM pg_catalog.generate_series(0, $4 - 1) r, pg_catalog.generate_series(1, $5) n",
			 UUIDOID, UUIDOID, INT4OID, INT4OID, INT4OID, INT4OID, TEXTOID, INT4OID);

EV_STATEMENT(venue_detail,
			 "SELECT evently.describe_venue(v) FROM evently.venue v WHERE v.venue_id = $1",
			 UUIDOID);

EV_STATEMENT(lock_venue,
			 "SELECT v.version, v.capacity, EXISTS (SELECT FROM evently.venue_section s WHERE s.venue_id = v.venue_id)"
			 "  FROM evently.venue v WHERE v.venue_id = $1 FOR UPDATE",
			 UUIDOID);

EV_STATEMENT(update_venue,
			 "UPDATE evently.venue SET name = coalesce($2, name), address = coalesce($3, address),"
			 " city = coalesce($4, city), state = coalesce($5, state), country = coalesce($6, country),"
			 " postal_code = coalesce($7, postal_code), capacity = coalesce($8, capacity),"
			 " layout_config = coalesce($9, layout_config), version = version + 1"
			 " WHERE venue_id = $1",
			 UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, JSONBOID);

EV_STATEMENT(events_of_venue,
			 "SELECT count(*)::integer FROM evently.event WHERE venue_id = $1",
			 UUIDOID);

EV_STATEMENT(delete_parts,
			 "WITH seats AS (DELETE FROM evently.venue_seat WHERE venue_id = $1)"
			 "DELETE FROM evently.venue_section WHERE venue_id = $1",
			 UUIDOID);

EV_STATEMENT(delete_venue,
			 "DELETE FROM evently.venue v WHERE v.venue_id = $1"
			 " RETURNING ROW('Venue deleted', v.venue_id)::evently.venue_deletion",
			 UUIDOID);

EV_STATEMENT(read_venue_reference,
			 "SELECT CASE jsonb_typeof($1) WHEN 'string' THEN $1 #>> '{}' ELSE $1 ->> 'name' END,"
			 "       $1 ->> 'address', $1 ->> 'city', $1 ->> 'state', $1 ->> 'country', $1 ->> 'postal_code',"
			 "       coalesce(($1 ->> 'capacity')::integer, 0)",
			 JSONBOID);

EV_STATEMENT(find_venue,
			 "SELECT venue_id FROM evently.venue"
			 " WHERE lower(name) = lower($1) AND ($2 IS NULL OR lower(city) = lower($2))"
			 " ORDER BY created_at, venue_id LIMIT 1",
			 TEXTOID, TEXTOID);

/* A section as create_venue() is given it. */
typedef struct NewSection
{
	char *name;
	bool reserved;
	int rows;
	int seats_per_row;
	int first_row;
	int capacity;
	Datum price_multiplier;
} NewSection;

/* Rows are lettered like the columns of a spreadsheet: 0 is A, 25 Z, 26 AA. */
static char *
row_label(int row)
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

static int
row_index(const char *label)
{
	int row = 0;

	if (*label == '\0' || strlen(label) > 3)
		ev_invalid("sections", "row_start must be one to three letters");
	for (const char *p = label; *p != '\0'; p++)
	{
		char letter = pg_toupper((unsigned char) *p);

		if (letter < 'A' || letter > 'Z')
			ev_invalid("sections", "row_start must be one to three letters");
		row = row * 26 + (letter - 'A' + 1);
	}
	return row - 1;
}

Datum
evently_row_label(PG_FUNCTION_ARGS)
{
	int row = PG_GETARG_INT32(0);

	if (row < 0)
		ev_invalid("row", "rows are numbered from 0");
	PG_RETURN_TEXT_P(cstring_to_text(row_label(row)));
}

static void
read_grid(NewSection *section, uint64 row)
{
	if (ev_is_null(row, 3) || ev_is_null(row, 4))
		ev_invalid("sections", "reserved section %s needs rows and seats_per_row", section->name);
	section->rows = ev_get_int(row, 3);
	section->seats_per_row = ev_get_int(row, 4);
	section->first_row = row_index(ev_get_text(row, 5));
	if (section->rows < 1 || section->seats_per_row < 1 ||
		section->rows > MAX_SEATS / section->seats_per_row)
		ev_invalid("sections", "section %s must have 1 to %d seats", section->name, MAX_SEATS);
	section->capacity = section->rows * section->seats_per_row;
}

static NewSection
read_section(uint64 row)
{
	NewSection section = {.name = ev_get_text(row, 1)};

	if (section.name == NULL || *section.name == '\0')
		ev_invalid("sections", "a section needs a name");
	if (pg_mbstrlen(section.name) > 100)
		ev_invalid("sections", "a section's name has at most 100 characters");
	section.reserved = strcmp(ev_word(ev_get_text(row, 2), "kind", "reserved, general"), "reserved") == 0;
	section.price_multiplier = ev_copied_value(row, 7);
	if (!ev_get_bool(row, 8))
		ev_invalid("sections", "the price_multiplier of section %s must be between 0 and 1000", section.name);
	if (section.reserved)
		read_grid(&section, row);
	else if (ev_is_null(row, 6) || ev_get_int(row, 6) < 1 || ev_get_int(row, 6) > MAX_CAPACITY)
		ev_invalid("sections", "general section %s needs a capacity of 1 to %d", section.name, MAX_CAPACITY);
	else
		section.capacity = ev_get_int(row, 6);
	return section;
}

static NewSection *
read_sections_of(Datum sections_jsonb, int *n)
{
	NewSection *sections;

	ev_require_objects(ev_datum(sections_jsonb), "sections");
	*n = (int) ev_query(&read_sections, ev_datum(sections_jsonb));
	if (*n > MAX_SECTIONS)
		ev_invalid("sections", "at most %d sections", MAX_SECTIONS);
	sections = palloc(*n * sizeof(NewSection));
	for (int i = 0; i < *n; i++)
	{
		sections[i] = read_section(i);
		for (int j = 0; j < i; j++)
		{
			if (strcmp(sections[j].name, sections[i].name) == 0)
				ev_invalid("sections", "section %s is named twice", sections[i].name);
		}
	}
	return sections;
}

/* Do two reserved sections have a row of the same name? Then labels carry the section's name. */
static bool
share_rows(const NewSection *sections, int n)
{
	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j < i; j++)
		{
			if (sections[i].reserved && sections[j].reserved &&
				sections[i].first_row < sections[j].first_row + sections[j].rows &&
				sections[j].first_row < sections[i].first_row + sections[i].rows)
				return true;
		}
	}
	return false;
}

static void
store_sections(const pg_uuid_t *venue_id, const NewSection *sections, int n)
{
	bool prefixed = share_rows(sections, n);
	int seats = 0;
	int rows = 0;

	for (int i = 0; i < n; i++)
	{
		const NewSection *section = &sections[i];
		pg_uuid_t section_id = ev_new_id(NULL);

		ev_query(&insert_section, ev_uuid(&section_id), ev_uuid(venue_id), ev_int(i + 1), ev_text(section->name),
				 ev_text(section->reserved ? "reserved" : "general"), ev_int(section->capacity),
				 ev_datum(section->price_multiplier));
		if (!section->reserved)
			continue;
		ev_query(&insert_seats, ev_uuid(venue_id), ev_uuid(&section_id), ev_int(seats), ev_int(section->rows),
				 ev_int(section->seats_per_row), ev_int(section->first_row),
				 ev_text(prefixed ? psprintf("%s-", section->name) : ""), ev_int(rows));
		seats += section->capacity;
		rows += section->rows + 1;
	}
}

static Datum
venue_detail_of(const pg_uuid_t *venue_id)
{
	if (ev_query(&venue_detail, ev_uuid(venue_id)) == 0)
		ev_venue_not_found(venue_id);
	return ev_copied_value(0, 1);
}

/* Tells of a change, and returns what it made. */
static Datum
tell(const pg_uuid_t *venue_id, const char *type, const pg_uuid_t *actor_id, Datum detail)
{
	ev_outbox_add(NULL, "VENUE", venue_id, type, actor_id, ev_render(detail));
	return detail;
}

void
ev_venue_not_found(const pg_uuid_t *venue_id)
{
	ev_raise(EV_VENUE_NOT_FOUND, ev_detail_uuid(ev_detail(), "venue_id", venue_id), NULL, "venue not found");
}

/* The arguments from first on: name, address, city, state, country, postal_code. */
static void
require_texts(FunctionCallInfo fcinfo, int first)
{
	ev_require_name(fcinfo, first, "name", 200);
	ev_require_length(fcinfo, first + 1, "address", 500);
	ev_require_length(fcinfo, first + 2, "city", 200);
	ev_require_length(fcinfo, first + 3, "state", 200);
	ev_require_length(fcinfo, first + 4, "country", 200);
	ev_require_length(fcinfo, first + 5, "postal_code", 40);
}

static void
require_capacity(int capacity)
{
	if (capacity < 0 || capacity > MAX_CAPACITY)
		ev_invalid("capacity", "capacity must be between 0 and %d", MAX_CAPACITY);
}

/* create_venue(name, address, city, state, country, postal_code, capacity, layout_config, sections, created_by) */
Datum
evently_create_venue(PG_FUNCTION_ARGS)
{
	pg_uuid_t venue_id = ev_new_id(NULL);
	NewSection *sections = NULL;
	int n = 0;
	int capacity = PG_ARGISNULL(6) ? 0 : PG_GETARG_INT32(6);

	ev_begin(EV_WRITES);
	require_capacity(capacity);
	(void) ev_required_text(fcinfo, 0, "name");
	require_texts(fcinfo, 0);
	if (!PG_ARGISNULL(8))
	{
		int places = 0;

		sections = read_sections_of(PG_GETARG_DATUM(8), &n);
		for (int i = 0; i < n; i++)
			places += sections[i].capacity;
		require_capacity(places);
		capacity = n > 0 ? places : capacity;
	}
	ev_query(&insert_venue, ev_uuid(&venue_id), ev_arg(0), ev_arg(1), ev_arg(2), ev_arg(3), ev_arg(4), ev_arg(5),
			 ev_int(capacity), ev_arg(7), ev_arg(9));
	store_sections(&venue_id, sections, n);
	PG_RETURN_DATUM(ev_end(tell(&venue_id, "VENUE_CREATED", ev_uuid_argument(fcinfo, 9), venue_detail_of(&venue_id))));
}

/* get_venue(venue_id) */
Datum
evently_get_venue(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(venue_detail_of(ev_required_uuid(fcinfo, 0, "venue_id"))));
}

/* update_venue(venue_id, name, address, city, state, country, postal_code, capacity, layout_config, version) */
Datum
evently_update_venue(PG_FUNCTION_ARGS)
{
	pg_uuid_t *venue_id;

	ev_begin(EV_WRITES);
	venue_id = ev_required_uuid(fcinfo, 0, "venue_id");
	require_texts(fcinfo, 1);
	if (!PG_ARGISNULL(7))
		require_capacity(PG_GETARG_INT32(7));
	if (ev_query(&lock_venue, ev_uuid(venue_id)) == 0)
		ev_venue_not_found(venue_id);
	if (!PG_ARGISNULL(9) && ev_get_int(0, 1) != PG_GETARG_INT32(9))
		ev_raise(EV_CONCURRENT_UPDATE, ev_detail_int(ev_detail(), "version", ev_get_int(0, 1)),
				 "Read it again and repeat the change.", "the venue was changed by somebody else");
	if (!PG_ARGISNULL(7) && ev_get_bool(0, 3) && PG_GETARG_INT32(7) != ev_get_int(0, 2))
		ev_invalid("capacity", "the capacity of a venue with sections is theirs: %d", ev_get_int(0, 2));
	ev_query(&update_venue, ev_uuid(venue_id), ev_arg(1), ev_arg(2), ev_arg(3), ev_arg(4), ev_arg(5), ev_arg(6),
			 ev_arg(7), ev_arg(8));
	PG_RETURN_DATUM(ev_end(tell(venue_id, "VENUE_UPDATED", NULL, venue_detail_of(venue_id))));
}

/* delete_venue(venue_id): the row lock conflicts with the key share lock that create_event() takes */
Datum
evently_delete_venue(PG_FUNCTION_ARGS)
{
	pg_uuid_t *venue_id;

	ev_begin(EV_WRITES);
	venue_id = ev_required_uuid(fcinfo, 0, "venue_id");
	if (ev_query(&lock_venue, ev_uuid(venue_id)) == 0)
		ev_venue_not_found(venue_id);
	ev_query(&events_of_venue, ev_uuid(venue_id));
	if (ev_get_int(0, 1) > 0)
		ev_raise(EV_VENUE_IN_USE, ev_detail_int(ev_detail_uuid(ev_detail(), "venue_id", venue_id), "events", ev_get_int(0, 1)),
				 NULL, "the venue has events");
	ev_query(&delete_parts, ev_uuid(venue_id));
	ev_query(&delete_venue, ev_uuid(venue_id));
	PG_RETURN_DATUM(ev_end(tell(venue_id, "VENUE_DELETED", NULL, ev_copied_value(0, 1))));
}

/* One at a time per name, so that two events created side by side share the venue that one of them creates. */
pg_uuid_t
ev_venue_find_or_create(Datum venue_jsonb, const pg_uuid_t *created_by)
{
	static const pg_uuid_t everywhere;
	pg_uuid_t venue_id;
	char *field[6];
	int capacity;

	ev_query(&read_venue_reference, ev_datum(venue_jsonb));
	for (int i = 0; i < lengthof(field); i++)
		field[i] = ev_get_text(0, i + 1);
	capacity = ev_get_int(0, 7);
	if (field[0] == NULL || *field[0] == '\0')
		ev_invalid("venue", "venue must be a name, or an object with a name");
	if (pg_mbstrlen(field[0]) > 200)
		ev_invalid("venue", "a venue's name has at most 200 characters");
	require_capacity(capacity);

	ev_lock_key(&everywhere, &everywhere, "venue", asc_tolower(field[0], strlen(field[0])));
	if (ev_query(&find_venue, ev_text(field[0]), ev_text(field[2])) > 0)
		return ev_get_uuid(0, 1);
	venue_id = ev_new_id(NULL);
	ev_query(&insert_venue, ev_uuid(&venue_id), ev_text(field[0]), ev_text(field[1]), ev_text(field[2]),
			 ev_text(field[3]), ev_text(field[4]), ev_text(field[5]), ev_int(capacity), ev_null(),
			 ev_maybe_uuid(created_by));
	(void) tell(&venue_id, "VENUE_CREATED", created_by, venue_detail_of(&venue_id));
	return venue_id;
}
