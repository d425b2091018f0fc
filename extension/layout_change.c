/*
 * layout_change.c
 *		Edits the layouts of venues and venue templates: sections, and seat maps from files.
 */
#include "postgres.h"

#include "fmgr.h"

#include "args.h"
#include "errors.h"
#include "event_check.h"
#include "idempotency.h"
#include "layout.h"
#include "layout_owner.h"
#include "spi.h"

PG_FUNCTION_INFO_V1(evently_create_section);
PG_FUNCTION_INFO_V1(evently_update_section);
PG_FUNCTION_INFO_V1(evently_delete_section);
PG_FUNCTION_INFO_V1(evently_import_seat_map);

EV_STATEMENT(section_as_json,
			 "SELECT jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('name', $1, 'description', $2, 'kind', $3,"
			 " 'rows', $4, 'seats_per_row', $5, 'row_start', $6, 'row_end', $7, 'total_seats', $8, 'capacity', $9,"
			 " 'price_multiplier', $10, 'accessible_seats', to_jsonb($11)))"
			 " || CASE WHEN $12 IS NULL THEN '{}' ELSE jsonb_build_object('seats', $12) END)",
			 TEXTOID, TEXTOID, TEXTOID, INT4OID, INT4OID, TEXTOID, TEXTOID, INT4OID, INT4OID, NUMERICOID, TEXTARRAYOID,
			 JSONBOID);

EV_STATEMENT(read_section,
			 "SELECT ordinal, name, description, kind, price_multiplier, capacity FROM evently.venue_section"
			 " WHERE section_id = $1",
			 UUIDOID);

EV_STATEMENT(same_name,
			 "SELECT 1 FROM evently.venue_section WHERE venue_id = $1 AND name = $2 AND section_id <> $3",
			 UUIDOID, TEXTOID, UUIDOID);

EV_STATEMENT(update_section,
			 "UPDATE evently.venue_section SET name = coalesce($2, name), description = coalesce($3, description),"
			 " price_multiplier = coalesce($4, price_multiplier), capacity = coalesce($5, capacity)"
			 " WHERE section_id = $1",
			 UUIDOID, TEXTOID, TEXTOID, NUMERICOID, INT4OID);

EV_STATEMENT(delete_section,
			 "WITH seats AS (DELETE FROM evently.venue_seat WHERE section_id = $1)"
			 "DELETE FROM evently.venue_section s WHERE s.section_id = $1"
			 " RETURNING ROW('Section deleted', s.section_id)::evently.section_deletion",
			 UUIDOID);

EV_STATEMENT(section_detail,
			 "SELECT evently.describe_section(s) FROM evently.venue_section s WHERE s.section_id = $1",
			 UUIDOID);

EV_STATEMENT(import_detail,
			 "SELECT ROW($1, count(*), (SELECT count(*) FROM evently.venue_seat v WHERE v.venue_id = $1), $2,"
			 "           evently.describe_sections($1))::evently.seat_map_import"
			 "  FROM evently.venue_section s WHERE s.venue_id = $1",
			 UUIDOID, INT4OID);

EV_STATEMENT(replay_section,
			 "SELECT json_populate_record(NULL::evently.venue_section_detail, $1)",
			 JSONOID);

EV_STATEMENT(replay_deletion,
			 "SELECT json_populate_record(NULL::evently.section_deletion, $1)",
			 JSONOID);

EV_STATEMENT(replay_import,
			 "SELECT json_populate_record(NULL::evently.seat_map_import, $1)",
			 JSONOID);

static const EvOperation create_operation = {"create_section", &replay_section};
static const EvOperation update_operation = {"update_section", &replay_section};
static const EvOperation delete_operation = {"delete_section", &replay_deletion};
static const EvOperation import_operation = {"import_seat_map", &replay_import};

static EvArg
copied(int column)
{
	return ev_is_null(0, column) ? ev_null() : ev_datum(ev_copied_value(0, column));
}

static Datum
section_of(const pg_uuid_t *section_id)
{
	ev_query(&section_detail, ev_uuid(section_id));
	return ev_copied_value(0, 1);
}

static Datum
create(FunctionCallInfo fcinfo)
{
	pg_uuid_t *actor_id = ev_uuid_argument(fcinfo, 14);
	EvLayoutOwner owner;
	EvNewLayout layout;

	owner = ev_layout_owner_of_arguments(fcinfo);
	ev_query(&section_as_json, ev_arg(2), ev_arg(3), ev_arg(4), ev_arg(5), ev_arg(6), ev_arg(7), ev_arg(8), ev_arg(9),
			 ev_arg(10), ev_arg(11), ev_arg(12), ev_arg(13));
	layout = ev_layout_of_json(ev_copied_value(0, 1), owner.default_rows, owner.default_seats_per_row);
	ev_layout_add(&owner.id, &layout);
	(void) ev_layout_touch(&owner);
	return ev_layout_answer(&owner, actor_id, section_of(&layout.sections[0].section_id));
}

/*
 * create_section(venue_id, venue_template_id, name, description, kind, rows, seats_per_row, row_start, row_end,
 * total_seats, capacity, price_multiplier, accessible_seats, seats, actor_id, idempotency_key)
 */
Datum
evently_create_section(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &create_operation, NULL, ev_uuid_argument(fcinfo, 14), create)));
}

/* Is any of the arguments given that say which seats there are? rows to total_seats, accessible_seats, seats */
static bool
seats_given(FunctionCallInfo fcinfo)
{
	for (int i = 3; i <= 7; i++)
	{
		if (!PG_ARGISNULL(i))
			return true;
	}
	return !PG_ARGISNULL(10) || !PG_ARGISNULL(11);
}

/* Its seats are made anew, in its old place among the sections. */
static void
replace_section(FunctionCallInfo fcinfo, const EvLayoutOwner *owner, const pg_uuid_t *section_id)
{
	int ordinal = ev_get_int(0, 1);
	EvNewLayout layout;

	ev_query(&section_as_json, PG_ARGISNULL(1) ? copied(2) : ev_arg(1), PG_ARGISNULL(2) ? copied(3) : ev_arg(2),
			 copied(4), ev_arg(3), ev_arg(4), ev_arg(5), ev_arg(6), ev_arg(7), ev_null(),
			 PG_ARGISNULL(9) ? copied(5) : ev_arg(9), ev_arg(10), ev_arg(11));
	layout = ev_layout_of_json(ev_copied_value(0, 1), owner->default_rows, owner->default_seats_per_row);
	layout.sections[0].section_id = *section_id;
	layout.sections[0].ordinal = ordinal;
	ev_query(&delete_section, ev_uuid(section_id));
	ev_layout_add(&owner->id, &layout);
}

static void
require_fields(FunctionCallInfo fcinfo, const EvLayoutOwner *owner, const pg_uuid_t *section_id)
{
	ev_require_name(fcinfo, 1, "name", 100);
	ev_require_length(fcinfo, 2, "description", 2000);
	if (!PG_ARGISNULL(1) && ev_query(&same_name, ev_uuid(&owner->id), ev_arg(1), ev_uuid(section_id)) > 0)
		ev_invalid("name", "there is a section %s already", ev_text_argument(fcinfo, 1));
}

static Datum
update(FunctionCallInfo fcinfo)
{
	pg_uuid_t *actor_id = ev_uuid_argument(fcinfo, 12);
	pg_uuid_t *section_id;
	EvLayoutOwner owner;

	section_id = ev_required_uuid(fcinfo, 0, "section_id");
	owner = ev_layout_owner_of_section(section_id);
	require_fields(fcinfo, &owner, section_id);
	ev_query(&read_section, ev_uuid(section_id));
	if (seats_given(fcinfo))
	{
		if (strcmp(ev_get_text(0, 4), "general") == 0)
			ev_invalid("rows", "a general section has no seats");
		replace_section(fcinfo, &owner, section_id);
	}
	else
	{
		if (!PG_ARGISNULL(8) && strcmp(ev_get_text(0, 4), "reserved") == 0)
			ev_invalid("capacity", "the capacity of a reserved section is that of its seats");
		if (!PG_ARGISNULL(8) && (PG_GETARG_INT32(8) < 1 || PG_GETARG_INT32(8) > EV_MAX_CAPACITY))
			ev_invalid("capacity", "capacity must be between 1 and %d", EV_MAX_CAPACITY);
		ev_require_multiplier(ev_arg(9));
		ev_query(&update_section, ev_uuid(section_id), ev_arg(1), ev_arg(2), ev_arg(9), ev_arg(8));
	}
	(void) ev_layout_touch(&owner);
	return ev_layout_answer(&owner, actor_id, section_of(section_id));
}

/*
 * update_section(section_id, name, description, rows, seats_per_row, row_start, row_end, total_seats, capacity,
 * price_multiplier, accessible_seats, seats, actor_id, idempotency_key)
 */
Datum
evently_update_section(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &update_operation, NULL, ev_uuid_argument(fcinfo, 12), update)));
}

static Datum
remove_section(FunctionCallInfo fcinfo)
{
	pg_uuid_t *actor_id = ev_uuid_argument(fcinfo, 1);
	pg_uuid_t *section_id;
	EvLayoutOwner owner;
	Datum result;

	section_id = ev_required_uuid(fcinfo, 0, "section_id");
	owner = ev_layout_owner_of_section(section_id);
	ev_query(&delete_section, ev_uuid(section_id));
	result = ev_copied_value(0, 1);
	(void) ev_layout_touch(&owner);
	return ev_layout_answer(&owner, actor_id, result);
}

/* delete_section(section_id, actor_id, idempotency_key) */
Datum
evently_delete_section(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &delete_operation, NULL, ev_uuid_argument(fcinfo, 1), remove_section)));
}

static Datum
import(FunctionCallInfo fcinfo)
{
	pg_uuid_t *actor_id = ev_uuid_argument(fcinfo, 5);
	EvLayoutOwner owner;
	EvNewLayout layout;

	owner = ev_layout_owner_of_arguments(fcinfo);
	layout = ev_layout_of_arguments(ev_arg(2), ev_arg(3), owner.default_rows, owner.default_seats_per_row);
	if (!PG_ARGISNULL(4) && PG_GETARG_BOOL(4))
		ev_layout_delete(&owner.id);
	ev_layout_add(&owner.id, &layout);
	ev_query(&import_detail, ev_uuid(&owner.id), ev_int(ev_layout_touch(&owner)));
	return ev_layout_answer(&owner, actor_id, ev_copied_value(0, 1));
}

/* import_seat_map(venue_id, venue_template_id, sections, csv, replace, actor_id, idempotency_key) */
Datum
evently_import_seat_map(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &import_operation, NULL, ev_uuid_argument(fcinfo, 5), import)));
}
