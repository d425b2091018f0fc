/*
 * access_code_change.c
 *		Access codes are made and changed, under Q exclusive (event_manage.h).
 */
#include "postgres.h"

#include "fmgr.h"

#include "access_code.h"
#include "args.h"
#include "errors.h"
#include "event_check.h"
#include "event_manage.h"
#include "id.h"
#include "idempotency.h"
#include "ticket_type.h"

PG_FUNCTION_INFO_V1(evently_create_access_code);
PG_FUNCTION_INFO_V1(evently_update_access_code);

EV_STATEMENT(insert_code,
			 "INSERT INTO evently.access_code (event_id, code_id, code, type_ids, before_sale, valid_from, valid_until)"
			 " VALUES ($1, $2, $3, $4, coalesce($5, false), $6, $7)",
			 UUIDOID, UUIDOID, TEXTOID, UUIDARRAYOID, BOOLOID, TIMESTAMPTZOID, TIMESTAMPTZOID);

EV_STATEMENT(code_is_taken,
			 "SELECT 1 FROM evently.access_code WHERE event_id = $1 AND lower(code) = lower($2)",
			 UUIDOID, TEXTOID);

EV_STATEMENT(find_code,
			 "SELECT c.valid_from, c.valid_until,"
			 "       EXISTS (SELECT FROM evently.pool p WHERE p.event_id = c.event_id AND p.pool_id = c.code_id)"
			 "  FROM evently.access_code c WHERE c.event_id = $1 AND c.code_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(update_code,
			 "UPDATE evently.access_code SET valid_from = coalesce($3, valid_from), valid_until = coalesce($4, valid_until)"
			 " WHERE event_id = $1 AND code_id = $2",
			 UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID);

EV_STATEMENT(describe_code,
			 "SELECT detail FROM evently.described_access_code WHERE event_id = $1 AND code_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(replay_code,
			 "SELECT json_populate_record(NULL::evently.access_code_detail, $1)",
			 JSONOID);

static const EvOperation create_operation = {"create_access_code", &replay_code};
static const EvOperation update_operation = {"update_access_code", &replay_code};

static void
require_window(EvArg from, EvArg until)
{
	if (!from.isnull && !until.isnull && DatumGetTimestampTz(until.value) <= DatumGetTimestampTz(from.value))
		ev_invalid("valid_until", "valid_until must be after valid_from");
}

static Datum
described(const pg_uuid_t *event_id, const pg_uuid_t *code_id)
{
	ev_query(&describe_code, ev_uuid(event_id), ev_uuid(code_id));
	return ev_copied_value(0, 1);
}

static Datum
create_access_code(FunctionCallInfo fcinfo)
{
	const pg_uuid_t *event_id = ev_required_uuid(fcinfo, 0, "event_id");
	pg_uuid_t code_id = ev_new_id(event_id);

	(void) ev_event_manage(event_id, ev_uuid_argument(fcinfo, 7), ev_null());
	(void) ev_required_text(fcinfo, 1, "code");
	ev_require_name(fcinfo, 1, "code", 100);
	if (!PG_ARGISNULL(3))
		ev_require_known_types(event_id, ev_arg(3));
	require_window(ev_arg(5), ev_arg(6));
	if (ev_query(&code_is_taken, ev_uuid(event_id), ev_arg(1)) > 0)
		ev_invalid("code", "the event has that access code");
	ev_query(&insert_code, ev_uuid(event_id), ev_uuid(&code_id), ev_arg(1), ev_arg(3), ev_arg(4), ev_arg(5), ev_arg(6));
	if (!PG_ARGISNULL(2))
		ev_pool_make(event_id, &code_id, "max_uses", PG_GETARG_INT32(2), 0);
	(void) ev_event_changed(event_id, ev_uuid_argument(fcinfo, 7), "EVENT_UPDATED");
	return described(event_id, &code_id);
}

/*
 * create_access_code(event_id, code, max_uses, ticket_types, before_sale, valid_from, valid_until, actor_id,
 * idempotency_key)
 */
Datum
evently_create_access_code(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &create_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 7), create_access_code)));
}

static Datum
update_access_code(FunctionCallInfo fcinfo)
{
	const pg_uuid_t *event_id = ev_required_uuid(fcinfo, 0, "event_id");
	const pg_uuid_t *code_id = ev_required_uuid(fcinfo, 1, "code_id");

	(void) ev_event_manage(event_id, ev_uuid_argument(fcinfo, 5), ev_null());
	if (ev_query(&find_code, ev_uuid(event_id), ev_uuid(code_id)) == 0)
		ev_raise(EV_ACCESS_CODE_INVALID, ev_detail_uuid(ev_detail(), "event_id", event_id), NULL,
				 "the event has no such access code");
	if (!PG_ARGISNULL(2) && !ev_get_bool(0, 3))
		ev_invalid("max_uses", "the uses of this access code are not counted");
	require_window(PG_ARGISNULL(3) && !ev_is_null(0, 1) ? ev_time(ev_get_time(0, 1)) : ev_arg(3),
				   PG_ARGISNULL(4) && !ev_is_null(0, 2) ? ev_time(ev_get_time(0, 2)) : ev_arg(4));
	ev_query(&update_code, ev_uuid(event_id), ev_uuid(code_id), ev_arg(3), ev_arg(4));
	if (!PG_ARGISNULL(2))
		ev_pool_resize(event_id, code_id, "max_uses", PG_GETARG_INT32(2));
	(void) ev_event_changed(event_id, ev_uuid_argument(fcinfo, 5), "EVENT_UPDATED");
	return described(event_id, code_id);
}

/* update_access_code(event_id, code_id, max_uses, valid_from, valid_until, actor_id, idempotency_key) */
Datum
evently_update_access_code(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &update_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 5), update_access_code)));
}
