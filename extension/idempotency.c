/*
 * idempotency.c
 *		A keyed call runs once.
 */
#include "postgres.h"

#include "catalog/pg_proc.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "args.h"
#include "batch.h"
#include "errors.h"
#include "idempotency.h"
#include "lock.h"
#include "render.h"
#include "standby.h"
#include "table.h"
#include "tuple.h"

#define MAX_KEY_LENGTH 255

PG_FUNCTION_INFO_V1(evently_was_replayed);

static const char *const key_columns[] = {
	"scope_id", "user_id", "operation", "key", "request_hash", "response", "created_at"};
EV_STATEMENT(insert_key,
			 "INSERT INTO evently.idempotency (scope_id, user_id, operation, key, request_hash, response, created_at)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7)",
			 UUIDOID, UUIDOID, TEXTOID, TEXTOID, BYTEAOID, JSONOID, TIMESTAMPTZOID);
EV_TABLE(key_table, "idempotency", key_columns, insert_key_argtypes);

static bool was_replayed;
static bool presuming;
static EvKey presumed; /* by the call that is being served; its key is NULL where none is */

static Datum
sha256(const char *text)
{
	return DirectFunctionCall1(sha256_bytea, CStringGetTextDatum(text));
}

/* Requests of an on-sale are much alike, so the last one's hash is kept: to make one takes as long as to write a row. */
static Datum
hash_of_request(const char *canonical)
{
	static bool is_kept;
	static char request[64];
	static char hash[VARHDRSZ + PG_SHA256_DIGEST_LENGTH];
	char *copy = palloc(sizeof(hash));

	if (!is_kept || strcmp(canonical, request) != 0)
	{
		memcpy(hash, DatumGetPointer(sha256(canonical)), sizeof(hash));
		is_kept = strlcpy(request, canonical, sizeof(request)) < sizeof(request);
	}
	memcpy(copy, hash, sizeof(hash));
	return PointerGetDatum(copy);
}

/*
 * False: this transaction has used it before, a request of the same set. Who waits in vain is told that his own request is
 * still under way, not that others are in the way.
 */
static bool
lock_key(const EvKey *open)
{
	MemoryContext context = CurrentMemoryContext;
	bool is_new = false;

	PG_TRY();
	{
		is_new = ev_lock_key(&open->scope_id, &open->user_id, open->operation->name, open->key);
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_LOCK_NOT_AVAILABLE || ev_locks_are_tried())
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		ev_raise(EV_IDEMPOTENCY_IN_FLIGHT, ev_detail_text(ev_detail(), "operation", open->operation->name),
				 "Repeat it in a moment: then the answer of the first is given.",
				 "a request with this idempotency key is still under way");
	}
	PG_END_TRY();
	return is_new;
}

/* What the key's first request was answered, and whether it was the same one; false: there was none. */
static bool
find_answer(const EvKey *open, Datum *answer, bool *same)
{
	const EvArg key[] = {ev_uuid(&open->scope_id), ev_uuid(&open->user_id), ev_text(open->operation->name),
						 ev_text(open->key)};
	EvScan scan = ev_scan_begin(&key_table, EV_READS, key, lengthof(key));
	bool found = ev_scan_next(&scan);

	if (found)
	{
		*same = DatumGetBool(DirectFunctionCall2(byteaeq, ev_scan_value(&scan, 5), open->request_hash));
		*answer = PointerGetDatum(PG_DETOAST_DATUM_COPY(ev_scan_value(&scan, 6)));
	}
	ev_scan_end(&scan);
	return found;
}

bool
ev_key_open(EvKey *open, const EvOperation *operation, const pg_uuid_t *scope_id,
			const pg_uuid_t *user_id, char *key, EvCanonical canonical, const void *request, Datum *replay)
{
	Datum answer;
	bool is_first;
	bool same;

	*open = (EvKey){operation, *scope_id, *user_id, key, (Datum) 0};
	was_replayed = false;
	presumed.key = NULL;
	ev_standby_expect();
	if (key == NULL)
		return false;
	if (*key == '\0' || (strlen(key) > MAX_KEY_LENGTH && pg_mbstrlen(key) > MAX_KEY_LENGTH))
		ev_invalid("idempotency_key", "an idempotency key has 1 to %d characters", MAX_KEY_LENGTH);

	is_first = lock_key(open);
	open->request_hash = hash_of_request(canonical(request));
	if (is_first && presuming)
	{
		presumed = *open;
		return false;
	}
	if (!is_first)
		ev_batch_write();
	if (!find_answer(open, &answer, &same))
		return false;
	if (!same)
		ev_raise(EV_IDEMPOTENCY_KEY_REUSED, ev_detail_text(ev_detail(), "operation", operation->name),
				 "Use a new key for a new request.",
				 "the idempotency key was used for another request");
	ev_query(operation->replay, ev_datum(answer));
	*replay = ev_copied_value(0, 1);
	was_replayed = true;
	return true;
}

void
ev_keys_presume_new(bool on)
{
	presuming = on;
	presumed.key = NULL;
}

void
ev_key_require_new(void)
{
	EvKey key = presumed;
	Datum answer;
	bool same;

	presumed.key = NULL;
	if (key.key != NULL && find_answer(&key, &answer, &same))
		ereport(ERROR,
				(errcode(ERRCODE_UNIQUE_VIOLATION),
				 errmsg_internal("the idempotency key is not new"),
				 err_generic_string(PG_DIAG_TABLE_NAME, key_table.name)));
}

bool
ev_key_was_not_new(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION && error->table_name != NULL &&
		strcmp(error->table_name, key_table.name) == 0;
}

void
ev_key_store_rendered(const EvKey *open, EvArg answer)
{
	const EvArg values[] = {
		ev_uuid(&open->scope_id),
		ev_uuid(&open->user_id),
		ev_text(open->operation->name),
		ev_text(open->key),
		ev_datum(open->request_hash),
		answer,
		ev_time(GetCurrentTimestamp()),
	};

	if (open->key != NULL)
		ev_insert(&key_table, &insert_key, values);
	presumed.key = NULL;
}

void
ev_key_store(const EvKey *open, Datum answer)
{
	if (open->key != NULL)
		ev_key_store_rendered(open, ev_render(answer));
}

static void
append_bytes(StringInfo text, const char *bytes, size_t length)
{
	enlargeStringInfo(text, (int) length * 2);
	text->len += (int) hex_encode(bytes, length, text->data + text->len);
	text->data[text->len] = '\0';
}

static void
append_value(StringInfo text, Datum value, Oid type)
{
	int16 length;
	bool byval;

	get_typlenbyval(type, &length, &byval);
	if (byval)
		append_bytes(text, (char *) &value, sizeof(value));
	else if (length > 0)
		append_bytes(text, DatumGetPointer(value), length);
	else
	{
		struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);

		append_bytes(text, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	}
}

/* The name and the bytes of each argument that is given: neither a setting nor a new argument with a default changes it. */
static char *
canonical_arguments(const void *call)
{
	FunctionCallInfo fcinfo = unconstify(void *, call);
	HeapTuple proc = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	StringInfoData text;
	Oid *types;
	char **names;
	char *modes;

	if (!HeapTupleIsValid(proc))
		elog(ERROR, "cache lookup failed for function %u", fcinfo->flinfo->fn_oid);
	(void) get_func_arg_info(proc, &types, &names, &modes);
	ReleaseSysCache(proc);
	initStringInfo(&text);
	for (int i = 0; i < PG_NARGS() - 1; i++)
	{
		if (PG_ARGISNULL(i))
			continue;
		appendStringInfo(&text, "%s=", names[i]);
		append_value(&text, PG_GETARG_DATUM(i), types[i]);
		appendStringInfoChar(&text, ';');
	}
	return text.data;
}

Datum
ev_key_run(FunctionCallInfo fcinfo, const EvOperation *operation, const pg_uuid_t *scope_id, const pg_uuid_t *user_id,
		   Datum (*work)(FunctionCallInfo fcinfo))
{
	static const pg_uuid_t none;
	EvKey key;
	Datum answer;

	if (!ev_key_open(&key, operation, scope_id ? scope_id : &none, user_id ? user_id : &none,
					 ev_text_argument(fcinfo, PG_NARGS() - 1), canonical_arguments, fcinfo, &answer))
	{
		answer = work(fcinfo);
		ev_key_store(&key, answer);
	}
	return answer;
}

bool
ev_key_was_replayed(void)
{
	return was_replayed;
}

Datum
evently_was_replayed(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(was_replayed);
}
