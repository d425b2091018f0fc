/*
 * outbox.c
 *		Tells what happened.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/xid8.h"

#include "args.h"
#include "id.h"
#include "outbox.h"
#include "render.h"
#include "spi.h"
#include "table.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_outbox_add);

static const char *const outbox_columns[] = {
	"id", "aggregatetype", "aggregateid", "type", "payload", "event_id", "user_id", "xid", "notice", "occurred_at"};
EV_STATEMENT(insert_outbox,
			 "INSERT INTO evently.outbox (id, aggregatetype, aggregateid, type, payload, event_id, user_id, xid, notice,"
			 " occurred_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
			 UUIDOID, TEXTOID, UUIDOID, TEXTOID, JSONOID, UUIDOID, UUIDOID, XID8OID, BOOLOID, TIMESTAMPTZOID);
EV_TABLE(outbox_table, "outbox", outbox_columns, insert_outbox_argtypes);

/* What its user wants to be told of. */
static const char *const notices[] = {
	"BOOKING_CONFIRMED", "BOOKING_CANCELLED", "TICKETS_CANCELLED", "WAITLIST_OFFERED"};

static bool
is_notice(const char *type)
{
	for (int i = 0; i < lengthof(notices); i++)
	{
		if (strcmp(type, notices[i]) == 0)
			return true;
	}
	return false;
}

/* Ascending within a transaction. */
static pg_uuid_t
next_id(const pg_uuid_t *event_id, FullTransactionId xid)
{
	static FullTransactionId last_xid;
	static pg_uuid_t last_id;

	last_id = ev_new_id_after(event_id, FullTransactionIdEquals(xid, last_xid) ? &last_id : NULL);
	last_xid = xid;
	return last_id;
}

void
ev_outbox_add(const pg_uuid_t *event_id, const char *aggregatetype, const pg_uuid_t *aggregateid,
			  const char *type, const pg_uuid_t *user_id, EvArg payload)
{
	FullTransactionId xid = GetTopFullTransactionId();
	pg_uuid_t id = next_id(event_id, xid);
	const EvArg values[] = {
		ev_uuid(&id),
		ev_text(aggregatetype),
		ev_uuid(aggregateid),
		ev_text(type),
		payload,
		ev_maybe_uuid(event_id),
		ev_maybe_uuid(user_id),
		ev_datum(FullTransactionIdGetDatum(xid)),
		ev_bool(user_id != NULL && is_notice(type)),
		ev_time(GetCurrentTimestamp()),
	};

	ev_insert(&outbox_table, &insert_outbox, values);
}

void
ev_outbox_answer(const EvKey *key, const pg_uuid_t *event_id, const char *aggregatetype, const pg_uuid_t *aggregateid,
				 const char *type, const pg_uuid_t *user_id, Datum answer)
{
	EvArg rendered = ev_render(answer);

	ev_outbox_add(event_id, aggregatetype, aggregateid, type, user_id, rendered);
	ev_key_store_rendered(key, rendered);
}

/* outbox_add(event_id, aggregatetype, aggregateid, type, user_id, payload) */
Datum
evently_outbox_add(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	ev_outbox_add(ev_uuid_argument(fcinfo, 0), ev_text_argument(fcinfo, 1), ev_required_uuid(fcinfo, 2, "aggregateid"),
				  ev_text_argument(fcinfo, 3), ev_uuid_argument(fcinfo, 4), ev_arg(5));
	ev_end_without_result();
	PG_RETURN_VOID();
}
