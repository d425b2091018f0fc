/*
 * layout_seat.c
 *		One seat of the layout of a venue or of a venue template.
 */
#include "postgres.h"

#include "fmgr.h"

#include "args.h"
#include "errors.h"
#include "idempotency.h"
#include "layout_owner.h"
#include "spi.h"

PG_FUNCTION_INFO_V1(evently_get_seat);
PG_FUNCTION_INFO_V1(evently_update_seat);
PG_FUNCTION_INFO_V1(evently_delete_seat);

EV_STATEMENT(seat_detail,
			 "SELECT evently.describe_layout_seat(s) FROM evently.venue_seat s WHERE s.seat_id = $1",
			 UUIDOID);

EV_STATEMENT(same_label,
			 "SELECT 1 FROM evently.venue_seat WHERE venue_id = $1 AND label = $2 AND seat_id <> $3",
			 UUIDOID, TEXTOID, UUIDOID);

EV_STATEMENT(in_bounds,
			 "SELECT coalesce(abs($1) <= 1000000, true) AND coalesce(abs($2) <= 1000000, true)",
			 NUMERICOID, NUMERICOID);

EV_STATEMENT(update_seat,
			 "UPDATE evently.venue_seat SET label = coalesce($2, label), x = coalesce($3, x), y = coalesce($4, y),"
			 " accessible = coalesce($5, accessible)"
			 " WHERE seat_id = $1",
			 UUIDOID, TEXTOID, NUMERICOID, NUMERICOID, BOOLOID);

EV_STATEMENT(delete_seat,
			 "WITH seat AS (DELETE FROM evently.venue_seat WHERE seat_id = $1 RETURNING seat_id, label, section_id)"
			 "UPDATE evently.venue_section s SET capacity = s.capacity - 1 FROM seat"
			 " WHERE s.section_id = seat.section_id AND s.capacity > 1"
			 " RETURNING ROW('Seat deleted', seat.seat_id)::evently.seat_deletion",
			 UUIDOID);

EV_STATEMENT(replay_seat,
			 "SELECT json_populate_record(NULL::evently.layout_seat_detail, $1)",
			 JSONOID);

EV_STATEMENT(replay_deletion,
			 "SELECT json_populate_record(NULL::evently.seat_deletion, $1)",
			 JSONOID);

static const EvOperation update_operation = {"update_seat", &replay_seat};
static const EvOperation delete_operation = {"delete_seat", &replay_deletion};

static Datum
seat_of(const pg_uuid_t *seat_id)
{
	if (ev_query(&seat_detail, ev_uuid(seat_id)) == 0)
		ev_seat_not_found(seat_id);
	return ev_copied_value(0, 1);
}

/* get_seat(seat_id) */
Datum
evently_get_seat(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(seat_of(ev_required_uuid(fcinfo, 0, "seat_id"))));
}

static Datum
update(FunctionCallInfo fcinfo)
{
	pg_uuid_t *actor_id = ev_uuid_argument(fcinfo, 5);
	pg_uuid_t *seat_id;
	EvLayoutOwner owner;

	seat_id = ev_required_uuid(fcinfo, 0, "seat_id");
	ev_require_name(fcinfo, 1, "label", 100);
	ev_query(&in_bounds, ev_arg(2), ev_arg(3));
	if (!ev_get_bool(0, 1))
		ev_invalid("x", "x and y must be between -1000000 and 1000000");
	owner = ev_layout_owner_of_seat(seat_id);
	if (!PG_ARGISNULL(1) && ev_query(&same_label, ev_uuid(&owner.id), ev_arg(1), ev_uuid(seat_id)) > 0)
		ev_invalid("label", "the layout has a seat %s already", ev_text_argument(fcinfo, 1));
	ev_query(&update_seat, ev_uuid(seat_id), ev_arg(1), ev_arg(2), ev_arg(3), ev_arg(4));
	(void) ev_layout_touch(&owner);
	return ev_layout_answer(&owner, actor_id, seat_of(seat_id));
}

/* update_seat(seat_id, label, x, y, accessible, actor_id, idempotency_key) */
Datum
evently_update_seat(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &update_operation, NULL, ev_uuid_argument(fcinfo, 5), update)));
}

static Datum
remove_seat(FunctionCallInfo fcinfo)
{
	pg_uuid_t *actor_id = ev_uuid_argument(fcinfo, 1);
	pg_uuid_t *seat_id;
	EvLayoutOwner owner;
	Datum result;

	seat_id = ev_required_uuid(fcinfo, 0, "seat_id");
	owner = ev_layout_owner_of_seat(seat_id);
	if (ev_query(&delete_seat, ev_uuid(seat_id)) == 0)
		ev_invalid("seat_id", "it is the last seat of its section: delete the section");
	result = ev_copied_value(0, 1);
	(void) ev_layout_touch(&owner);
	return ev_layout_answer(&owner, actor_id, result);
}

/* delete_seat(seat_id, actor_id, idempotency_key): where it was there is a gap */
Datum
evently_delete_seat(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &delete_operation, NULL, ev_uuid_argument(fcinfo, 1), remove_seat)));
}
