/*
 * venue_template.c
 *		Venue templates: created, read, changed, deleted. Their sections: layout_change.c.
 */
#include "postgres.h"

#include "fmgr.h"

#include "args.h"
#include "errors.h"
#include "id.h"
#include "layout.h"
#include "outbox.h"
#include "render.h"
#include "spi.h"
#include "tuple.h"
#include "venue_template.h"

PG_FUNCTION_INFO_V1(evently_create_venue_template);
PG_FUNCTION_INFO_V1(evently_get_venue_template);
PG_FUNCTION_INFO_V1(evently_update_venue_template);
PG_FUNCTION_INFO_V1(evently_delete_venue_template);

EV_STATEMENT(insert_template,
			 "INSERT INTO evently.venue_template (venue_template_id, name, description, default_rows,"
			 " default_seats_per_row, layout_type, capacity, created_by, created_at)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp())",
			 UUIDOID, TEXTOID, TEXTOID, INT4OID, INT4OID, TEXTOID, INT4OID, UUIDOID);

EV_STATEMENT(template_detail,
			 "SELECT evently.describe_venue_template(t) FROM evently.venue_template t WHERE t.venue_template_id = $1",
			 UUIDOID);

EV_STATEMENT(lock_template,
			 "SELECT version FROM evently.venue_template WHERE venue_template_id = $1 FOR UPDATE",
			 UUIDOID);

EV_STATEMENT(update_template,
			 "UPDATE evently.venue_template SET name = coalesce($2, name), description = coalesce($3, description),"
			 " default_rows = coalesce($4, default_rows), default_seats_per_row = coalesce($5, default_seats_per_row),"
			 " layout_type = coalesce($6, layout_type), version = version + 1"
			 " WHERE venue_template_id = $1",
			 UUIDOID, TEXTOID, TEXTOID, INT4OID, INT4OID, TEXTOID);

EV_STATEMENT(delete_template,
			 "DELETE FROM evently.venue_template t WHERE t.venue_template_id = $1"
			 " RETURNING ROW('Venue template deleted', t.venue_template_id)::evently.venue_template_deletion",
			 UUIDOID);

EV_STATEMENT(replay_template,
			 "SELECT json_populate_record(NULL::evently.venue_template_detail, $1)",
			 JSONOID);

EV_STATEMENT(replay_deletion,
			 "SELECT json_populate_record(NULL::evently.venue_template_deletion, $1)",
			 JSONOID);

static const EvOperation create_operation = {"create_venue_template", &replay_template};
static const EvOperation update_operation = {"update_venue_template", &replay_template};
static const EvOperation delete_operation = {"delete_venue_template", &replay_deletion};

void
ev_venue_template_not_found(const pg_uuid_t *venue_template_id)
{
	ev_raise(EV_VENUE_TEMPLATE_NOT_FOUND, ev_detail_uuid(ev_detail(), "venue_template_id", venue_template_id), NULL,
			 "venue template not found");
}

static Datum
detail_of(const pg_uuid_t *venue_template_id)
{
	if (ev_query(&template_detail, ev_uuid(venue_template_id)) == 0)
		ev_venue_template_not_found(venue_template_id);
	return ev_copied_value(0, 1);
}

/* Tells of the change. */
static Datum
answer(const pg_uuid_t *venue_template_id, const char *type, const pg_uuid_t *actor_id, Datum answer)
{
	ev_outbox_add(NULL, "VENUE_TEMPLATE", venue_template_id, type, actor_id, ev_render(answer));
	return answer;
}

static void
require_count(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (!PG_ARGISNULL(n) && (PG_GETARG_INT32(n) < 1 || PG_GETARG_INT32(n) > EV_MAX_SECTION_SEATS))
		ev_invalid(name, "%s must be between 1 and %d", name, EV_MAX_SECTION_SEATS);
}

/* The arguments from first on: name, description, default_rows, default_seats_per_row, layout_type. */
static void
require_fields(FunctionCallInfo fcinfo, int first)
{
	ev_require_name(fcinfo, first, "name", 200);
	ev_require_length(fcinfo, first + 1, "description", 20000);
	require_count(fcinfo, first + 2, "default_rows");
	require_count(fcinfo, first + 3, "default_seats_per_row");
	ev_require_length(fcinfo, first + 4, "layout_type", 100);
}

static void
lock(const pg_uuid_t *venue_template_id, EvArg version)
{
	if (ev_query(&lock_template, ev_uuid(venue_template_id)) == 0)
		ev_venue_template_not_found(venue_template_id);
	ev_require_version(version, ev_get_int(0, 1),
					   ev_detail_uuid(ev_detail(), "venue_template_id", venue_template_id), "venue template");
}

static Datum
create(FunctionCallInfo fcinfo)
{
	pg_uuid_t venue_template_id = ev_new_id(NULL);
	EvNewLayout layout = {0};

	(void) ev_required_text(fcinfo, 0, "name");
	require_fields(fcinfo, 0);
	if (!PG_ARGISNULL(5))
		layout = ev_layout_of_json(PG_GETARG_DATUM(5), ev_arg(2), ev_arg(3));
	ev_query(&insert_template, ev_uuid(&venue_template_id), ev_arg(0), ev_arg(1), ev_arg(2), ev_arg(3), ev_arg(4),
			 ev_int(ev_layout_capacity(&layout)), ev_arg(6));
	ev_layout_add(&venue_template_id, &layout);
	return answer(&venue_template_id, "VENUE_TEMPLATE_CREATED", ev_uuid_argument(fcinfo, 6),
				  detail_of(&venue_template_id));
}

/* (name, description, default_rows, default_seats_per_row, layout_type, sections, created_by, idempotency_key) */
Datum
evently_create_venue_template(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &create_operation, NULL, ev_uuid_argument(fcinfo, 6), create)));
}

/* (venue_template_id) */
Datum
evently_get_venue_template(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(detail_of(ev_required_uuid(fcinfo, 0, "venue_template_id"))));
}

static Datum
update(FunctionCallInfo fcinfo)
{
	pg_uuid_t *venue_template_id;

	venue_template_id = ev_required_uuid(fcinfo, 0, "venue_template_id");
	require_fields(fcinfo, 1);
	lock(venue_template_id, ev_arg(6));
	ev_query(&update_template, ev_uuid(venue_template_id), ev_arg(1), ev_arg(2), ev_arg(3), ev_arg(4), ev_arg(5));
	return answer(venue_template_id, "VENUE_TEMPLATE_UPDATED", ev_uuid_argument(fcinfo, 7),
				  detail_of(venue_template_id));
}

/*
 * (venue_template_id, name, description, default_rows, default_seats_per_row, layout_type, version, actor_id,
 * idempotency_key)
 */
Datum
evently_update_venue_template(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &update_operation, NULL, ev_uuid_argument(fcinfo, 7), update)));
}

static Datum
remove_template(FunctionCallInfo fcinfo)
{
	pg_uuid_t *venue_template_id;

	venue_template_id = ev_required_uuid(fcinfo, 0, "venue_template_id");
	lock(venue_template_id, ev_null());
	ev_layout_delete(venue_template_id);
	ev_query(&delete_template, ev_uuid(venue_template_id));
	return answer(venue_template_id, "VENUE_TEMPLATE_DELETED", ev_uuid_argument(fcinfo, 1),
				  ev_copied_value(0, 1));
}

/* (venue_template_id, actor_id, idempotency_key): events made from it keep what they copied */
Datum
evently_delete_venue_template(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &delete_operation, NULL, ev_uuid_argument(fcinfo, 1), remove_template)));
}
