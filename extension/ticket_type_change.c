/*
 * ticket_type_change.c
 *		Ticket types and their quotas are made and changed, under Q exclusive (event_manage.h).
 *
 * What is held or booked keeps its type and price. A quota counts what its types have sold before it was made.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"

#include "args.h"
#include "errors.h"
#include "event_check.h"
#include "event_manage.h"
#include "id.h"
#include "idempotency.h"
#include "money.h"
#include "pool.h"
#include "release.h"
#include "ticket_type.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_create_ticket_type);
PG_FUNCTION_INFO_V1(evently_update_ticket_type);
PG_FUNCTION_INFO_V1(evently_create_quota);
PG_FUNCTION_INFO_V1(evently_resize_quota);

EV_STATEMENT(insert_type,
			 "WITH known AS (UPDATE evently.event SET has_ticket_types = true WHERE event_id = $1)"
			 "INSERT INTO evently.ticket_type (event_id, type_id, ordinal, name, section_id, price, price_multiplier,"
			 " sale_start_time, sale_end_time, requires_code, max_per_booking)"
			 " VALUES ($1, $2, coalesce($3, (SELECT coalesce(max(ordinal), 0) + 1 FROM evently.ticket_type WHERE event_id = $1)),"
			 "         $4, $5, $6, $7, $8, $9, coalesce($10, false), $11)",
			 UUIDOID, UUIDOID, INT4OID, TEXTOID, UUIDOID, NUMERICOID, NUMERICOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
			 BOOLOID, INT4OID);

EV_STATEMENT(update_type,
			 "UPDATE evently.ticket_type SET name = coalesce($3, name), ordinal = coalesce($4, ordinal),"
			 " price = CASE WHEN num_nonnulls($5, $6) = 0 THEN price ELSE $5 END,"
			 " price_multiplier = CASE WHEN num_nonnulls($5, $6) = 0 THEN price_multiplier ELSE $6 END,"
			 " sale_start_time = coalesce($7, sale_start_time), sale_end_time = coalesce($8, sale_end_time),"
			 " requires_code = coalesce($9, requires_code), max_per_booking = coalesce($10, max_per_booking),"
			 " is_active = coalesce($11, is_active)"
			 " WHERE event_id = $1 AND type_id = $2",
			 UUIDOID, UUIDOID, TEXTOID, INT4OID, NUMERICOID, NUMERICOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
			 BOOLOID, INT4OID, BOOLOID);

EV_STATEMENT(name_is_taken,
			 "SELECT 1 FROM evently.ticket_type WHERE event_id = $1 AND lower(name) = lower($2) AND type_id <> $3",
			 UUIDOID, TEXTOID, UUIDOID);

EV_STATEMENT(sale_of_type,
			 "SELECT sale_start_time, sale_end_time FROM evently.ticket_type WHERE event_id = $1 AND type_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(describe_type,
			 "SELECT detail FROM evently.described_ticket_type WHERE event_id = $1 AND type_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(known_types,
			 "SELECT count(*)::integer FROM evently.ticket_type WHERE event_id = $1 AND type_id = ANY ($2)",
			 UUIDOID, UUIDARRAYOID);

EV_STATEMENT(insert_quota,
			 "INSERT INTO evently.quota (event_id, quota_id, name, type_ids) VALUES ($1, $2, $3, $4)",
			 UUIDOID, UUIDOID, TEXTOID, UUIDARRAYOID);

EV_STATEMENT(count_in_quota,
			 "WITH held AS ("
			 "  UPDATE evently.hold SET pools = array_append(pools, $2)"
			 "   WHERE event_id = $1 AND status = 'active' AND ticket_type_id = ANY ($3) RETURNING quantity),"
			 "sold AS ("
			 "  UPDATE evently.booking SET pools = array_append(pools, $2)"
			 "   WHERE event_id = $1 AND status = 'confirmed' AND ticket_type_id = ANY ($3) RETURNING booking_id)"
			 "SELECT ((SELECT coalesce(sum(quantity), 0) FROM held)"
			 "        + (SELECT count(*) FROM sold s JOIN evently.ticket t ON t.event_id = $1 AND t.booking_id = s.booking_id"
			 "            WHERE t.cancelled_at IS NULL))::integer",
			 UUIDOID, UUIDOID, UUIDARRAYOID);

EV_STATEMENT(find_quota,
			 "SELECT 1 FROM evently.quota WHERE event_id = $1 AND quota_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(describe_quota,
			 "SELECT detail FROM evently.described_quota WHERE event_id = $1 AND quota_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(replay_type,
			 "SELECT json_populate_record(NULL::evently.ticket_type_detail, $1)",
			 JSONOID);

EV_STATEMENT(replay_quota,
			 "SELECT json_populate_record(NULL::evently.quota_detail, $1)",
			 JSONOID);

static const EvOperation create_type_operation = {"create_ticket_type", &replay_type};
static const EvOperation update_type_operation = {"update_ticket_type", &replay_type};
static const EvOperation create_quota_operation = {"create_quota", &replay_quota};
static const EvOperation resize_quota_operation = {"resize_quota", &replay_quota};

/* The price in the currency's minor unit. */
static EvArg
checked_price(EvArg price, EvArg multiplier, const char *currency)
{
	if (!price.isnull && !multiplier.isnull)
		ev_invalid("price", "a ticket type has a price or a price_multiplier, not both");
	ev_require_multiplier(multiplier);
	if (price.isnull)
		return price;
	return ev_datum(NumericGetDatum(ev_price("price", DatumGetNumeric(price.value), currency)));
}

static void
require_max_per_booking(EvArg max)
{
	if (!max.isnull && DatumGetInt32(max.value) < 1)
		ev_invalid("max_per_booking", "max_per_booking must be at least 1");
}

static void
require_free_name(const pg_uuid_t *event_id, EvArg name, const pg_uuid_t *type_id)
{
	if (!name.isnull && ev_query(&name_is_taken, ev_uuid(event_id), name, ev_uuid(type_id)) > 0)
		ev_invalid("name", "the event has a ticket type of that name");
}

static Datum
described(EvStatement *statement, const pg_uuid_t *event_id, const pg_uuid_t *id)
{
	ev_query(statement, ev_uuid(event_id), ev_uuid(id));
	return ev_copied_value(0, 1);
}

static Datum
create_ticket_type(FunctionCallInfo fcinfo)
{
	const pg_uuid_t *event_id = ev_required_uuid(fcinfo, 0, "event_id");
	pg_uuid_t type_id = ev_new_id(event_id);
	EvEvent *event = ev_event_manage(event_id, ev_uuid_argument(fcinfo, 2), ev_null());
	EvArg price;

	(void) ev_required_text(fcinfo, 1, "name");
	ev_require_name(fcinfo, 1, "name", 100);
	require_free_name(event_id, ev_arg(1), &type_id);
	if (!PG_ARGISNULL(3))
		(void) ev_event_section_index(event, ev_uuid_argument(fcinfo, 3));
	price = checked_price(ev_arg(4), ev_arg(5), event->currency);
	ev_require_sale_order(ev_arg(6), ev_arg(7));
	require_max_per_booking(ev_arg(9));
	ev_query(&insert_type, ev_uuid(event_id), ev_uuid(&type_id), ev_arg(10), ev_arg(1), ev_arg(3), price, ev_arg(5),
			 ev_arg(6), ev_arg(7), ev_arg(8), ev_arg(9));
	(void) ev_event_changed(event_id, ev_uuid_argument(fcinfo, 2), "EVENT_UPDATED");
	return described(&describe_type, event_id, &type_id);
}

/*
 * create_ticket_type(event_id, name, actor_id, section_id, price, price_multiplier, sale_start_time, sale_end_time,
 * requires_code, max_per_booking, position, idempotency_key)
 */
Datum
evently_create_ticket_type(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &create_type_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 2), create_ticket_type)));
}

static void
type_not_found(const pg_uuid_t *event_id, const pg_uuid_t *type_id)
{
	ev_raise(EV_TICKET_TYPE_NOT_FOUND,
			 ev_detail_text(ev_detail_uuid(ev_detail(), "event_id", event_id), "ticket_type", ev_id_text(type_id)), NULL,
			 "the event has no such ticket type");
}

/* The times that are not given stay as they are. */
static void
require_type_sale_order(const pg_uuid_t *event_id, const pg_uuid_t *type_id, EvArg start, EvArg end)
{
	if (ev_query(&sale_of_type, ev_uuid(event_id), ev_uuid(type_id)) == 0)
		type_not_found(event_id, type_id);
	if (start.isnull && !ev_is_null(0, 1))
		start = ev_time(ev_get_time(0, 1));
	if (end.isnull && !ev_is_null(0, 2))
		end = ev_time(ev_get_time(0, 2));
	ev_require_sale_order(start, end);
}

static Datum
update_ticket_type(FunctionCallInfo fcinfo)
{
	const pg_uuid_t *event_id = ev_required_uuid(fcinfo, 0, "event_id");
	const pg_uuid_t *type_id = ev_required_uuid(fcinfo, 1, "ticket_type_id");
	EvEvent *event = ev_event_manage(event_id, ev_uuid_argument(fcinfo, 2), ev_null());
	EvArg price;

	require_type_sale_order(event_id, type_id, ev_arg(6), ev_arg(7));
	ev_require_name(fcinfo, 3, "name", 100);
	require_free_name(event_id, ev_arg(3), type_id);
	price = checked_price(ev_arg(4), ev_arg(5), event->currency);
	require_max_per_booking(ev_arg(9));
	ev_query(&update_type, ev_uuid(event_id), ev_uuid(type_id), ev_arg(3), ev_arg(10), price, ev_arg(5), ev_arg(6),
			 ev_arg(7), ev_arg(8), ev_arg(9), ev_arg(11));
	(void) ev_event_changed(event_id, ev_uuid_argument(fcinfo, 2), "EVENT_UPDATED");
	return described(&describe_type, event_id, type_id);
}

/*
 * update_ticket_type(event_id, ticket_type_id, actor_id, name, price, price_multiplier, sale_start_time, sale_end_time,
 * requires_code, max_per_booking, position, is_active, idempotency_key)
 */
Datum
evently_update_ticket_type(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &update_type_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 2), update_ticket_type)));
}

static Datum
create_quota(FunctionCallInfo fcinfo)
{
	const pg_uuid_t *event_id = ev_required_uuid(fcinfo, 0, "event_id");
	pg_uuid_t quota_id = ev_new_id(event_id);

	(void) ev_event_manage(event_id, ev_uuid_argument(fcinfo, 4), ev_null());
	(void) ev_required_text(fcinfo, 1, "name");
	ev_require_name(fcinfo, 1, "name", 100);
	ev_require_given(!PG_ARGISNULL(2), "size");
	ev_require_given(!PG_ARGISNULL(3), "ticket_types");
	ev_require_known_types(event_id, ev_arg(3));
	ev_release_expired(event_id, GetCurrentTimestamp());
	ev_query(&insert_quota, ev_uuid(event_id), ev_uuid(&quota_id), ev_arg(1), ev_arg(3));
	ev_query(&count_in_quota, ev_uuid(event_id), ev_uuid(&quota_id), ev_arg(3));
	ev_pool_make(event_id, &quota_id, "size", PG_GETARG_INT32(2), ev_get_int(0, 1));
	(void) ev_event_changed(event_id, ev_uuid_argument(fcinfo, 4), "EVENT_UPDATED");
	return described(&describe_quota, event_id, &quota_id);
}

/* create_quota(event_id, name, size, ticket_types, actor_id, idempotency_key) */
Datum
evently_create_quota(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &create_quota_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 4), create_quota)));
}

static Datum
resize_quota(FunctionCallInfo fcinfo)
{
	const pg_uuid_t *event_id = ev_required_uuid(fcinfo, 0, "event_id");
	const pg_uuid_t *quota_id = ev_required_uuid(fcinfo, 1, "quota_id");

	(void) ev_event_manage(event_id, ev_uuid_argument(fcinfo, 3), ev_null());
	ev_require_given(!PG_ARGISNULL(2), "size");
	if (ev_query(&find_quota, ev_uuid(event_id), ev_uuid(quota_id)) == 0)
		ev_raise(EV_QUOTA_NOT_FOUND,
				 ev_detail_uuid(ev_detail_uuid(ev_detail(), "event_id", event_id), "quota_id", quota_id), NULL,
				 "the event has no such quota");
	ev_pool_resize(event_id, quota_id, "size", PG_GETARG_INT32(2));
	(void) ev_event_changed(event_id, ev_uuid_argument(fcinfo, 3), "EVENT_UPDATED");
	return described(&describe_quota, event_id, quota_id);
}

/* resize_quota(event_id, quota_id, size, actor_id, idempotency_key) */
Datum
evently_resize_quota(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &resize_quota_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 3), resize_quota)));
}

void
ev_require_known_types(const pg_uuid_t *event_id, EvArg type_ids)
{
	int n;

	if (array_contains_nulls(DatumGetArrayTypeP(type_ids.value)))
		ev_invalid("ticket_types", "ticket_types must not contain null");
	(void) ev_elements_of(type_ids.value, UUIDOID, &n);
	ev_query(&known_types, ev_uuid(event_id), type_ids);
	if (n == 0 || ev_get_int(0, 1) != n)
		ev_invalid("ticket_types", "ticket_types must name ticket types of the event, each once");
}
