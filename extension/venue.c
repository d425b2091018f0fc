/*
 * venue.c
 *		Venues: places with a layout (layout.h) of their own.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/formatting.h"

#include "args.h"
#include "errors.h"
#include "id.h"
#include "idempotency.h"
#include "layout.h"
#include "lock.h"
#include "outbox.h"
#include "render.h"
#include "spi.h"
#include "tuple.h"
#include "venue.h"

PG_FUNCTION_INFO_V1(evently_create_venue);
PG_FUNCTION_INFO_V1(evently_get_venue);
PG_FUNCTION_INFO_V1(evently_update_venue);
PG_FUNCTION_INFO_V1(evently_delete_venue);

EV_STATEMENT(insert_venue,
			 "INSERT INTO evently.venue (venue_id, name, address, city, state, country, postal_code, capacity,"
			 " layout_config, created_by, created_at)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, clock_timestamp())",
			 UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, JSONBOID, UUIDOID);

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

EV_STATEMENT(delete_venue,
			 "DELETE FROM evently.venue v WHERE v.venue_id = $1"
			 " RETURNING ROW('Venue deleted', v.venue_id)::evently.venue_deletion",
			 UUIDOID);

EV_STATEMENT(read_venue_reference,
			 "SELECT CASE jsonb_typeof($1) WHEN 'string' THEN $1 #>> '{}' ELSE $1 ->> 'name' END,"
			 "       $1 ->> 'address', $1 ->> 'city', $1 ->> 'state', $1 ->> 'country', $1 ->> 'postal_code',"
			 "       coalesce(($1 ->> 'capacity')::integer, 0), $1 ->> 'sections' IS NOT NULL",
			 JSONBOID);

EV_STATEMENT(find_venue,
			 "SELECT venue_id FROM evently.venue"
			 " WHERE lower(name) = lower($1) AND ($2 IS NULL OR lower(city) = lower($2))"
			 " ORDER BY created_at, venue_id LIMIT 1",
			 TEXTOID, TEXTOID);

EV_STATEMENT(replay_venue,
			 "SELECT json_populate_record(NULL::evently.venue_detail, $1)",
			 JSONOID);

EV_STATEMENT(replay_deletion,
			 "SELECT json_populate_record(NULL::evently.venue_deletion, $1)",
			 JSONOID);

static const EvOperation create_operation = {"create_venue", &replay_venue};
static const EvOperation update_operation = {"update_venue", &replay_venue};
static const EvOperation delete_operation = {"delete_venue", &replay_deletion};

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
	if (capacity < 0 || capacity > EV_MAX_CAPACITY)
		ev_invalid("capacity", "capacity must be between 0 and %d", EV_MAX_CAPACITY);
}

static Datum
create(FunctionCallInfo fcinfo)
{
	pg_uuid_t venue_id = ev_new_id(NULL);
	EvNewLayout layout = {0};
	int capacity = PG_ARGISNULL(6) ? 0 : PG_GETARG_INT32(6);

	require_capacity(capacity);
	(void) ev_required_text(fcinfo, 0, "name");
	require_texts(fcinfo, 0);
	if (!PG_ARGISNULL(8))
		layout = ev_layout_of_json(PG_GETARG_DATUM(8), ev_null(), ev_null());
	if (layout.nsections > 0)
		capacity = ev_layout_capacity(&layout);
	ev_query(&insert_venue, ev_uuid(&venue_id), ev_arg(0), ev_arg(1), ev_arg(2), ev_arg(3), ev_arg(4), ev_arg(5),
			 ev_int(capacity), ev_arg(7), ev_arg(9));
	ev_layout_add(&venue_id, &layout);
	return tell(&venue_id, "VENUE_CREATED", ev_uuid_argument(fcinfo, 9), venue_detail_of(&venue_id));
}

/*
 * create_venue(name, address, city, state, country, postal_code, capacity, layout_config, sections, created_by,
 * idempotency_key)
 */
Datum
evently_create_venue(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &create_operation, NULL, ev_uuid_argument(fcinfo, 9), create)));
}

/* get_venue(venue_id) */
Datum
evently_get_venue(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(venue_detail_of(ev_required_uuid(fcinfo, 0, "venue_id"))));
}

static Datum
update(FunctionCallInfo fcinfo)
{
	pg_uuid_t *venue_id = ev_required_uuid(fcinfo, 0, "venue_id");

	require_texts(fcinfo, 1);
	if (!PG_ARGISNULL(7))
		require_capacity(PG_GETARG_INT32(7));
	if (ev_query(&lock_venue, ev_uuid(venue_id)) == 0)
		ev_venue_not_found(venue_id);
	ev_require_version(ev_arg(9), ev_get_int(0, 1), ev_detail_uuid(ev_detail(), "venue_id", venue_id), "venue");
	if (!PG_ARGISNULL(7) && ev_get_bool(0, 3) && PG_GETARG_INT32(7) != ev_get_int(0, 2))
		ev_invalid("capacity", "the capacity of a venue with sections is theirs: %d", ev_get_int(0, 2));
	ev_query(&update_venue, ev_uuid(venue_id), ev_arg(1), ev_arg(2), ev_arg(3), ev_arg(4), ev_arg(5), ev_arg(6),
			 ev_arg(7), ev_arg(8));
	return tell(venue_id, "VENUE_UPDATED", ev_uuid_argument(fcinfo, 10), venue_detail_of(venue_id));
}

/*
 * update_venue(venue_id, name, address, city, state, country, postal_code, capacity, layout_config, version, actor_id,
 * idempotency_key)
 */
Datum
evently_update_venue(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &update_operation, NULL, ev_uuid_argument(fcinfo, 10), update)));
}

/* The row lock conflicts with the key share lock that create_event() takes. */
static Datum
remove_venue(FunctionCallInfo fcinfo)
{
	pg_uuid_t *venue_id = ev_required_uuid(fcinfo, 0, "venue_id");

	if (ev_query(&lock_venue, ev_uuid(venue_id)) == 0)
		ev_venue_not_found(venue_id);
	ev_query(&events_of_venue, ev_uuid(venue_id));
	if (ev_get_int(0, 1) > 0)
		ev_raise(EV_VENUE_IN_USE, ev_detail_int(ev_detail_uuid(ev_detail(), "venue_id", venue_id), "events", ev_get_int(0, 1)),
				 NULL, "the venue has events");
	ev_layout_delete(venue_id);
	ev_query(&delete_venue, ev_uuid(venue_id));
	return tell(venue_id, "VENUE_DELETED", ev_uuid_argument(fcinfo, 1), ev_copied_value(0, 1));
}

/* delete_venue(venue_id, actor_id, idempotency_key) */
Datum
evently_delete_venue(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &delete_operation, NULL, ev_uuid_argument(fcinfo, 1), remove_venue)));
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
	if (ev_get_bool(0, 8))
		ev_invalid("venue", "sections are those of a venue or a template that is there already: venue_id, venue_template_id");
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
