/*
 * idempotency.c
 *		A keyed call runs once.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "errors.h"
#include "idempotency.h"
#include "lock.h"
#include "render.h"
#include "table.h"
#include "tuple.h"

#define MAX_KEY_LENGTH 255

PG_FUNCTION_INFO_V1(evently_was_replayed);

EV_STATEMENT(find_key,
			 "SELECT request_hash = $5, response FROM evently.idempotency"
			 " WHERE scope_id = $1 AND user_id = $2 AND operation = $3 AND key = $4",
			 UUIDOID, UUIDOID, TEXTOID, TEXTOID, BYTEAOID);

static const char *const key_columns[] = {
	"scope_id", "user_id", "operation", "key", "request_hash", "response", "created_at"};
EV_STATEMENT(insert_key,
			 "INSERT INTO evently.idempotency (scope_id, user_id, operation, key, request_hash, response, created_at)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7)",
			 UUIDOID, UUIDOID, TEXTOID, TEXTOID, BYTEAOID, JSONOID, TIMESTAMPTZOID);
EV_TABLE(key_table, "idempotency", key_columns, insert_key_argtypes);

/* Whether the last keyed call of this backend was answered from the store. */
static bool was_replayed;

static Datum
sha256(const char *text)
{
	return DirectFunctionCall1(sha256_bytea, CStringGetTextDatum(text));
}

bool
ev_key_open(EvKey *open, const EvOperation *operation, const pg_uuid_t *scope_id,
			const pg_uuid_t *user_id, char *key, EvCanonical canonical, const void *request, Datum *replay)
{
	*open = (EvKey){operation, *scope_id, *user_id, key, (Datum) 0};
	was_replayed = false;
	if (key == NULL)
		return false;
	if (*key == '\0' || pg_mbstrlen(key) > MAX_KEY_LENGTH)
		ev_invalid("idempotency_key", "an idempotency key has 1 to %d characters", MAX_KEY_LENGTH);

	ev_lock_key(scope_id, user_id, operation->name, key);
	open->request_hash = sha256(canonical(request));
	if (ev_query(&find_key, ev_uuid(scope_id), ev_uuid(user_id), ev_text(operation->name),
				 ev_text(key), ev_datum(open->request_hash)) == 0)
		return false;
	if (!ev_get_bool(0, 1))
		ev_raise(EV_IDEMPOTENCY_KEY_REUSED, ev_detail_text(ev_detail(), "operation", operation->name),
				 "Use a new key for a new request.",
				 "the idempotency key was used for another request");
	ev_query(operation->replay, ev_datum(ev_copied_value(0, 2)));
	*replay = ev_copied_value(0, 1);
	was_replayed = true;
	return true;
}

/* A json is kept as its text. */
void
ev_key_store_rendered(const EvKey *open, const char *answer)
{
	const EvArg values[] = {
		ev_uuid(&open->scope_id),
		ev_uuid(&open->user_id),
		ev_text(open->operation->name),
		ev_text(open->key),
		ev_datum(open->request_hash),
		ev_text(answer),
		ev_time(GetCurrentTimestamp()),
	};

	if (open->key != NULL)
		ev_insert(&key_table, &insert_key, values);
}

void
ev_key_store(const EvKey *open, Datum answer)
{
	if (open->key != NULL)
		ev_key_store_rendered(open, ev_render(answer));
}

Datum
evently_was_replayed(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(was_replayed);
}
