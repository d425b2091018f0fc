/*
 * table_scan.c
 *		Finds, locks and changes rows without a plan.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "batch.h"
#include "table_state.h"

#define MAX_KEY 4

static void
init_key(ScanKey key, Relation index, int n, Oid type, Datum value)
{
	RegProcedure equal = type == UUIDOID ? F_UUID_EQ
		: type == TEXTOID				 ? F_TEXTEQ
		: type == INT4OID				 ? F_INT4EQ
										 : F_INT2EQ;

	ScanKeyEntryInitialize(key, 0, n, BTEqualStrategyNumber, InvalidOid, index->rd_indcollation[n - 1], equal, value);
}

static EvScan
open_scan(EvTable *table, EvAccess access)
{
	EvScan scan = {.table = table};

	scan.relation = ev_table_open(table, access == EV_WRITES ? RowExclusiveLock : AccessShareLock);
	scan.index = index_open(table->state->index, AccessShareLock);
	scan.row = table_slot_create(scan.relation, NULL);
	return scan;
}

EvScan
ev_scan_begin(EvTable *table, EvAccess access, const EvArg *key, int n)
{
	EvScan scan = open_scan(table, access);

	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	scan.has_snapshot = true;
	scan.scan = index_beginscan(scan.relation, scan.index, GetActiveSnapshot(), n, 0);
	if (key != NULL)
		ev_scan_find(&scan, key);
	return scan;
}

EvScan
ev_scan_open(EvTable *table, int n)
{
	EvScan scan = open_scan(table, EV_READS);

	scan.scan = index_beginscan(scan.relation, scan.index, GetActiveSnapshot(), n, 0);
	return scan;
}

void
ev_scan_find(EvScan *scan, const EvArg *key)
{
	ScanKeyData keys[MAX_KEY];
	int n = scan->scan->numberOfKeys;

	Assert(n <= MAX_KEY);
	for (int i = 0; i < n; i++)
		init_key(&keys[i], scan->index, i + 1, scan->table->types[i], key[i].value);
	index_rescan(scan->scan, keys, n, NULL, 0);
}

bool
ev_scan_at(EvScan *scan, ItemPointer place)
{
	return table_tuple_fetch_row_version(scan->relation, place, scan->scan->xs_snapshot, scan->row);
}

bool
ev_scan_next(EvScan *scan)
{
	return index_getnext_slot(scan->scan, ForwardScanDirection, scan->row);
}

static Datum
attribute_value(const EvScan *scan, int column, bool *isnull)
{
	return slot_getattr(scan->row, scan->table->state->attributes[column - 1], isnull);
}

bool
ev_scan_is_null(const EvScan *scan, int column)
{
	bool isnull;

	(void) attribute_value(scan, column, &isnull);
	return isnull;
}

Datum
ev_scan_value(const EvScan *scan, int column)
{
	bool isnull;
	Datum value = attribute_value(scan, column, &isnull);

	if (isnull)
		elog(ERROR, "column %s is unexpectedly null", scan->table->columns[column - 1]);
	return value;
}

EvArg
ev_scan_arg(const EvScan *scan, int column)
{
	EvArg arg;

	arg.value = attribute_value(scan, column, &arg.isnull);
	return arg;
}

ItemPointerData
ev_scan_place(const EvScan *scan)
{
	return scan->row->tts_tid;
}

/* Equal bytes are equal values; of a text that is stored in another form it is not seen. */
static bool
has_key(const EvScan *scan, const EvArg *key)
{
	bool same = true;

	for (int i = 0; same && i < scan->scan->numberOfKeys; i++)
	{
		Form_pg_attribute attribute =
			TupleDescAttr(scan->row->tts_tupleDescriptor, scan->table->state->attributes[i] - 1);

		same = datumIsEqual(ev_scan_value(scan, i + 1), key[i].value, attribute->attbyval, attribute->attlen);
	}
	return same;
}

static bool
stand_by_index(EvScan *scan, const EvArg *key)
{
	ev_scan_find(scan, key);
	return ev_scan_next(scan);
}

bool
ev_scan_return(EvScan *scan, ItemPointer place, const EvArg *key)
{
	if (ItemPointerIsValid(place) && ev_scan_at(scan, place) && has_key(scan, key))
		return true;
	return stand_by_index(scan, key);
}

/* Since then the table may have become shorter, and another row may have come in that place. */
static bool
stand_on_newest(EvScan *scan, ItemPointerData place)
{
	TableScanDesc versions = table_beginscan_tid(scan->relation, scan->scan->xs_snapshot);
	bool valid = table_tuple_tid_valid(versions, &place);

	if (valid)
		table_tuple_get_latest_tid(versions, &place);
	table_endscan(versions);
	return valid && ev_scan_at(scan, &place);
}

bool
ev_scan_follow(EvScan *scan, ItemPointer place, const EvArg *key)
{
	if (ItemPointerIsValid(place) && stand_on_newest(scan, *place) && has_key(scan, key))
		return true;
	return stand_by_index(scan, key);
}

TransactionId
ev_scan_xmax(const EvScan *scan)
{
	bool isnull;

	return DatumGetTransactionId(slot_getsysattr(scan->row, MaxTransactionIdAttributeNumber, &isnull));
}

void
ev_scan_end(EvScan *scan)
{
	ExecDropSingleTupleTableSlot(scan->row);
	index_endscan(scan->scan);
	if (scan->has_snapshot)
		PopActiveSnapshot();
	index_close(scan->index, NoLock);
	table_close(scan->relation, NoLock);
}

char *
ev_scan_word(const EvScan *scan, int column)
{
	return DatumGetCString(DirectFunctionCall1(enum_out, ev_scan_value(scan, column)));
}

EvArg
ev_scan_value_of(const EvScan *scan, int column, const char *word)
{
	AttrNumber number = scan->table->state->attributes[column - 1];
	Oid type = TupleDescAttr(scan->row->tts_tupleDescriptor, number - 1)->atttypid;

	return ev_datum(DirectFunctionCall2(enum_in, CStringGetDatum(word), ObjectIdGetDatum(type)));
}

bool
ev_scan_lock(EvScan *scan)
{
	ItemPointerData tid = scan->row->tts_tid;
	TM_FailureData failure;
	TM_Result result;

	ExecClearTuple(scan->row);
	result = table_tuple_lock(scan->relation, &tid, GetActiveSnapshot(), scan->row, GetCurrentCommandId(true),
							  LockTupleExclusive, ev_batch_is_beside_others() ? LockWaitSkip : LockWaitBlock,
							  TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS | TUPLE_LOCK_FLAG_FIND_LAST_VERSION, &failure);
	if (result == TM_WouldBlock)
		ev_batch_yield();
	return result == TM_Ok;
}

static void
copy_row_with(const EvScan *scan, TupleTableSlot *to, int first, int n, const EvArg *values)
{
	TupleTableSlot *from = scan->row;
	int natts = from->tts_tupleDescriptor->natts;

	ExecClearTuple(to);
	slot_getallattrs(from);
	memcpy(to->tts_values, from->tts_values, natts * sizeof(Datum));
	memcpy(to->tts_isnull, from->tts_isnull, natts * sizeof(bool));
	for (int i = 0; i < n; i++)
	{
		AttrNumber number = scan->table->state->attributes[first - 1 + i];

		to->tts_values[number - 1] = values[i].value;
		to->tts_isnull[number - 1] = values[i].isnull;
	}
	ExecStoreVirtualTuple(to);
}

static bool
update_row(EvScan *scan, EvTableState *state)
{
	TM_FailureData failure;
	LockTupleMode mode;
	EvIndexChange change;

	ExecConstraints(state->target, state->row, state->executor);
	if (table_tuple_update(scan->relation, &scan->row->tts_tid, state->row, GetCurrentCommandId(true),
						   GetActiveSnapshot(), InvalidSnapshot, true, &failure, &mode, &change) != TM_Ok)
		return false;
	if (change)
		ev_table_index_row(state, true, change);
	return true;
}

bool
ev_scan_change(EvScan *scan, int first, int n, const EvArg *values)
{
	EvTableState *state = scan->table->state;
	bool updated;

	if (!state->plain)
		return false;
	PreventCommandIfReadOnly("UPDATE");
	CheckCmdReplicaIdentity(scan->relation, CMD_UPDATE);
	ev_table_ready(state, scan->relation);
	copy_row_with(scan, state->row, first, n, values);
	updated = update_row(scan, state);
	if (updated)
		scan->row->tts_tid = state->row->tts_tid;
	ev_table_clear_row(state);
	if (updated)
		CommandCounterIncrement();
	return updated;
}
