/*
 * set.c
 *		Serves the requests of a set.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "args.h"
#include "attempt.h"
#include "batch.h"
#include "errors.h"
#include "idempotency.h"
#include "lock.h"
#include "set.h"

#define MAX_REQUESTS 128
#define MAX_ARGUMENTS 16
#define REQUEST_MEMORY (32 * 1024)

/* The columns of an outcome. */
enum
{
	REQUEST,
	RESULT,
	REFUSAL,
	REPLAYED,
	NCOLUMNS
};

typedef struct Set
{
	const EvSetKind *kind;
	bool alone; /* with the event: Q exclusive */
	pg_uuid_t *event_id;
	int n;
	Datum *requests;
	TupleDesc request; /* the arguments after event_id */
	ReturnSetInfo *outcomes;
	EvRow outcome; /* empty rows, of which each request fills its own */
	EvRow result;
	EvRow refusal;
} Set;

/* A request at its turn. */
typedef struct Turn
{
	const Set *set;
	Datum request;
	Datum result;
} Turn;

static void
fill_call(FunctionCallInfo call, const Set *set, Datum request)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(request);
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};
	Datum values[MAX_ARGUMENTS];
	bool nulls[MAX_ARGUMENTS];

	InitFunctionCallInfoData(*call, NULL, set->request->natts + 1, InvalidOid, NULL, NULL);
	call->args[0] = (NullableDatum){UUIDPGetDatum(set->event_id), false};
	heap_deform_tuple(&tuple, set->request, values, nulls);
	for (int i = 0; i < set->request->natts; i++)
		call->args[i + 1] = (NullableDatum){values[i], nulls[i]};
}

/* A row of that column's type. */
static EvRow
column_row(EvRow outcome, int column)
{
	outcome.filled = column;
	return ev_nested_row(&outcome);
}

static void
serve(void *argument)
{
	Turn *turn = argument;
	LOCAL_FCINFO(call, MAX_ARGUMENTS + 1);

	fill_call(call, turn->set, turn->request);
	turn->result = turn->set->kind->serve(call, turn->set->result);
}

static Datum
refusal_row(const Set *set, const EvRefusal *refusal)
{
	EvRow row = set->refusal;

	ev_row_add_text(&row, refusal->sqlstate);
	ev_row_add_text(&row, refusal->code);
	ev_row_add_text(&row, refusal->message);
	ev_row_add_text(&row, refusal->detail);
	ev_row_add_text(&row, refusal->hint);
	return ev_row_datum(&row);
}

static void
add_outcome(const Set *set, int number, Datum result, const EvRefusal *refusal)
{
	EvRow row = set->outcome;

	ev_row_add(&row, ev_int(number));
	ev_row_add(&row, refusal == NULL ? ev_datum(result) : ev_null());
	ev_row_add(&row, refusal == NULL ? ev_null() : ev_datum(refusal_row(set, refusal)));
	ev_row_add(&row, ev_bool(refusal == NULL && ev_key_was_replayed()));
	tuplestore_putvalues(set->outcomes->setResult, set->outcomes->setDesc, row.values, row.nulls);
}

static EvRefusal *
serve_without_batch(Turn *turn)
{
	MemoryContext memory = ev_batch_memory();
	EvRefusal *refusal;

	ev_batch_close();
	refusal = ev_attempt(serve, turn);
	ev_batch_open(turn->set->alone, memory);
	return refusal;
}

static EvRefusal *
serve_batched(Turn *turn)
{
	bool declined;
	EvRefusal *refusal = ev_attempt_in_batch(serve, turn, &declined);

	return declined ? serve_without_batch(turn) : refusal;
}

static void
serve_request(const Set *set, int i)
{
	Turn turn = {set, set->requests[i]};
	EvRefusal *refusal = ev_batch_is_open() ? serve_batched(&turn) : ev_attempt(serve, &turn);

	if (refusal != NULL)
		ev_key_require_new();
	add_outcome(set, i + 1, turn.result, refusal);
}

/* Each request in the same memory: what is in the processor's cache already is soonest written again. */
static void
serve_all(const Set *set)
{
	MemoryContext request = AllocSetContextCreate(CurrentMemoryContext, "evently request", REQUEST_MEMORY,
												  REQUEST_MEMORY, ALLOCSET_DEFAULT_MAXSIZE);
	MemoryContext caller = MemoryContextSwitchTo(request);

	for (int i = 0; i < set->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		serve_request(set, i);
		MemoryContextReset(request);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(request);
}

static void
serve_batch(const Set *set)
{
	ev_batch_open(set->alone, CurrentMemoryContext);
	PG_TRY();
	{
		serve_all(set);
		ev_batch_close();
	}
	PG_FINALLY();
	{
		ev_batch_drop();
	}
	PG_END_TRY();
}

static void
serve_new(void *argument)
{
	ev_keys_presume_new(true);
	PG_TRY();
	{
		serve_batch(argument);
	}
	PG_FINALLY();
	{
		ev_keys_presume_new(false);
	}
	PG_END_TRY();
}

/* False: a key turned out to have been used before, or somebody was in the way; nothing is done. */
static bool
serve_if_new(Set *set)
{
	ErrorData *error = ev_attempt_at_all(serve_new, set);

	if (error == NULL)
		return true;
	if (!ev_key_was_not_new(error) && !ev_batch_has_yielded(error->sqlerrcode))
		ReThrowError(error);
	tuplestore_clear(set->outcomes->setResult);
	return false;
}

static bool
names_all(const Set *set)
{
	for (int i = 0; i < set->n; i++)
	{
		LOCAL_FCINFO(call, MAX_ARGUMENTS + 1);

		fill_call(call, set, set->requests[i]);
		if (!set->kind->names(call))
			return false;
	}
	return true;
}

static bool
serve_beside_others(Set *set)
{
	bool served;

	ev_lock_event_shared(set->event_id);
	served = serve_if_new(set);
	if (!served)
		ev_unlock_event_shared(set->event_id);
	return served;
}

/* From the beginning where a key was used before: a whole set is repeated, or nothing is. */
static void
serve_alone(Set *set)
{
	ev_lock_event_exclusive(set->event_id);
	set->alone = true;
	if (!serve_if_new(set))
		serve_batch(set);
}

/* More than one. */
static void
serve_together(Set *set)
{
	bool shared = set->kind->names != NULL && names_all(set);

	ev_locks_try(true);
	PG_TRY();
	{
		if (!shared || !serve_beside_others(set))
			serve_alone(set);
	}
	PG_FINALLY();
	{
		ev_locks_try(false);
	}
	PG_END_TRY();
}

static Set
set_of_arguments(FunctionCallInfo fcinfo, const EvSetKind *kind)
{
	Set set = {.kind = kind, .outcomes = (ReturnSetInfo *) fcinfo->resultinfo};
	ArrayType *requests;

	set.event_id = ev_required_uuid(fcinfo, 0, "event_id");
	ev_require_given(!PG_ARGISNULL(1), "requests");
	requests = PG_GETARG_ARRAYTYPE_P(1);
	if (array_contains_nulls(requests))
		ev_invalid("requests", "requests must not contain null");
	set.requests = ev_elements_of(PG_GETARG_DATUM(1), ARR_ELEMTYPE(requests), &set.n);
	if (set.n > MAX_REQUESTS)
		ev_invalid("requests", "at most %d requests", MAX_REQUESTS);
	set.request = lookup_rowtype_tupdesc_copy(ARR_ELEMTYPE(requests), -1);
	set.outcome = ev_row_of(set.outcomes->setDesc);
	set.result = column_row(set.outcome, RESULT);
	set.refusal = column_row(set.outcome, REFUSAL);
	return set;
}

Datum
ev_set_run(FunctionCallInfo fcinfo, const EvSetKind *kind)
{
	Set set;

	InitMaterializedSRF(fcinfo, MAT_SRF_BLESS);
	ev_begin(EV_WRITES);
	set = set_of_arguments(fcinfo, kind);
	Assert(set.request->natts < MAX_ARGUMENTS && set.outcomes->setDesc->natts == NCOLUMNS);
	if (set.n > 1)
		serve_together(&set);
	else
		serve_all(&set);
	ev_end_without_result();
	return (Datum) 0;
}
