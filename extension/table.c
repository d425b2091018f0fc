/*
 * table.c
 *		Finds and writes rows without a plan.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "table.h"

#define MAX_KEY 4

/* What is known of a table until its definition changes. All of it lives in the executor state's memory. */
typedef struct EvTableState
{
	Oid relation;
	Oid index;
	bool stale;
	bool plain;				/* a write needs no plan */
	AttrNumber *attributes; /* by column */
	EState *executor;
	ResultRelInfo *target; /* NULL until the first write */
	Oid *indexes;
	TupleTableSlot *row;
	ExprState **defaults; /* by attribute, NULL where it is null */
	struct EvTableState *next;
} EvTableState;

static EvTableState *states;

/* Called where invalidations are read: after a lock on the table is granted. */
static void
definition_changed(Datum arg, Oid relation)
{
	for (EvTableState *state = states; state != NULL; state = state->next)
	{
		if (relation == InvalidOid || relation == state->relation)
			state->stale = true;
	}
}

static bool
takes_no_plan(Relation relation)
{
	TupleConstr *constraints = RelationGetDescr(relation)->constr;

	return relation->rd_rel->relkind == RELKIND_RELATION && relation->trigdesc == NULL && relation->rd_rules == NULL &&
		!relation->rd_rel->relrowsecurity && !relation->rd_rel->relispartition &&
		!(constraints != NULL && constraints->has_generated_stored);
}

static AttrNumber
find_attribute(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0)
			return attribute->attnum;
	}
	elog(ERROR, "there is no column %s", name);
}

static void
find_attributes(EvTableState *state, const EvTable *table, TupleDesc desc)
{
	state->attributes = palloc(table->ncolumns * sizeof(AttrNumber));
	for (int i = 0; i < table->ncolumns; i++)
	{
		AttrNumber number = find_attribute(desc, table->columns[i]);

		state->attributes[i] = number;
		if (TupleDescAttr(desc, number - 1)->atttypid != table->types[i])
			elog(ERROR, "column %s of %s has another type", table->columns[i], table->name);
		if (TupleDescAttr(desc, number - 1)->atttypmod != -1)
			state->plain = false;
	}
}

/* A table's relcache entry, and with it what is known of the table, goes with every change of its indexes. */
static Oid
find_index(const EvTable *table, Relation relation)
{
	Oid index = table->index == NULL ? RelationGetPrimaryKeyIndex(relation)
									 : get_relname_relid(table->index, RelationGetNamespace(relation));

	if (!OidIsValid(index))
		elog(ERROR, "evently.%s has no index %s", table->name, table->index == NULL ? "of its primary key" : table->index);
	return index;
}

static EvTableState *
new_state(const EvTable *table, Relation relation)
{
	EState *executor = CreateExecutorState();
	MemoryContext caller = MemoryContextSwitchTo(executor->es_query_cxt);
	EvTableState *state = palloc0(sizeof(EvTableState));

	state->relation = RelationGetRelid(relation);
	state->index = find_index(table, relation);
	state->plain = takes_no_plan(relation);
	state->executor = executor;
	find_attributes(state, table, RelationGetDescr(relation));
	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(executor->es_query_cxt, CacheMemoryContext);
	return state;
}

static void
forget_state(EvTableState *state)
{
	EvTableState **link = &states;

	while (*link != state)
		link = &(*link)->next;
	*link = state->next;
	FreeExecutorState(state->executor);
}

static void
remember_state(EvTable *table, EvTableState *state)
{
	static bool listening;

	if (!listening)
		CacheRegisterRelcacheCallback(definition_changed, (Datum) 0);
	listening = true;
	state->next = states;
	states = state;
	table->state = state;
}

static Oid
find_table(const EvTable *table)
{
	Oid relation = get_relname_relid(table->name, get_namespace_oid("evently", false));

	if (!OidIsValid(relation))
		elog(ERROR, "there is no table evently.%s", table->name);
	return relation;
}

/* The known table, unless the news that its lock brings say that it changed or is another one now. */
static Relation
open_known_table(const EvTable *table, LOCKMODE mode)
{
	Oid relation = table->state->relation;

	if (table->state->stale)
		return NULL;
	LockRelationOid(relation, mode);
	if (!table->state->stale)
		return table_open(relation, NoLock);
	UnlockRelationOid(relation, mode);
	return NULL;
}

static Relation
open_table(EvTable *table, LOCKMODE mode)
{
	Relation relation = table->state != NULL ? open_known_table(table, mode) : NULL;

	if (relation != NULL)
		return relation;
	if (table->state != NULL)
		forget_state(table->state);
	table->state = NULL;
	relation = table_open(find_table(table), mode);
	remember_state(table, new_state(table, relation));
	return relation;
}

static void
make_defaults(EvTableState *state, Relation relation)
{
	TupleDesc desc = RelationGetDescr(relation);

	state->defaults = palloc0(desc->natts * sizeof(ExprState *));
	for (int i = 0; i < desc->natts; i++)
	{
		Node *expression = TupleDescAttr(desc, i)->attisdropped ? NULL : build_column_default(relation, i + 1);

		if (expression != NULL)
			state->defaults[i] = ExecPrepareExpr((Expr *) expression, state->executor);
	}
}

/* The row has a descriptor of its own: the table's is counted, which ends with the transaction. */
static void
make_target(EvTableState *state, Relation relation)
{
	MemoryContext caller = MemoryContextSwitchTo(state->executor->es_query_cxt);
	ResultRelInfo *target = makeNode(ResultRelInfo);

	InitResultRelInfo(target, relation, 0, NULL, 0);
	ExecOpenIndices(target, false);
	state->indexes = palloc(Max(target->ri_NumIndices, 1) * sizeof(Oid));
	for (int i = 0; i < target->ri_NumIndices; i++)
		state->indexes[i] = RelationGetRelid(target->ri_IndexRelationDescs[i]);
	ExecCloseIndices(target);
	state->row = MakeSingleTupleTableSlot(CreateTupleDescCopyConstr(RelationGetDescr(relation)),
										  table_slot_callbacks(relation));
	make_defaults(state, relation);
	state->target = target;
	MemoryContextSwitchTo(caller);
}

static void
ready_target(EvTableState *state, Relation relation)
{
	if (state->target == NULL)
		make_target(state, relation);
	state->target->ri_RelationDesc = relation;
}

static void
insert_into_indexes(EvTableState *state, bool update)
{
	ResultRelInfo *target = state->target;

	for (int i = 0; i < target->ri_NumIndices; i++)
		target->ri_IndexRelationDescs[i] = index_open(state->indexes[i], RowExclusiveLock);
	ExecInsertIndexTuples(target, state->row, state->executor, update, false, NULL, NIL);
	ExecCloseIndices(target);
}

static void
clear_row(EvTableState *state)
{
	ExecClearTuple(state->row);
	ResetPerTupleExprContext(state->executor);
}

static void
fill_row(EvTableState *state, int ncolumns, const EvArg *values)
{
	TupleTableSlot *row = state->row;
	ExprContext *context = GetPerTupleExprContext(state->executor);

	ExecClearTuple(row);
	for (int i = 0; i < row->tts_tupleDescriptor->natts; i++)
	{
		row->tts_isnull[i] = true;
		row->tts_values[i] = (Datum) 0;
		if (state->defaults[i] != NULL)
			row->tts_values[i] = ExecEvalExprSwitchContext(state->defaults[i], context, &row->tts_isnull[i]);
	}
	for (int i = 0; i < ncolumns; i++)
	{
		row->tts_values[state->attributes[i] - 1] = values[i].value;
		row->tts_isnull[state->attributes[i] - 1] = values[i].isnull;
	}
	ExecStoreVirtualTuple(row);
}

static void
insert_row(EvTableState *state, Relation relation)
{
	ExecConstraints(state->target, state->row, state->executor);
	table_tuple_insert(relation, state->row, GetCurrentCommandId(true), 0, NULL);
	insert_into_indexes(state, false);
}

void
ev_insert(EvTable *table, EvStatement *statement, const EvArg *values)
{
	Relation relation = open_table(table, RowExclusiveLock);
	EvTableState *state = table->state;

	if (state->plain)
	{
		PreventCommandIfReadOnly("INSERT");
		ready_target(state, relation);
		fill_row(state, table->ncolumns, values);
		insert_row(state, relation);
		clear_row(state);
		CommandCounterIncrement();
	}
	table_close(relation, NoLock);
	if (!state->plain)
		ev_run(statement, values);
}

static void
init_key(ScanKey key, int n, Oid type, Datum value)
{
	RegProcedure equal = type == UUIDOID ? F_UUID_EQ : type == INT4OID ? F_INT4EQ
																	   : F_INT2EQ;

	ScanKeyInit(key, n, BTEqualStrategyNumber, equal, value);
}

static EvScan
open_scan(EvTable *table, EvAccess access)
{
	EvScan scan = {.table = table};

	scan.relation = open_table(table, access == EV_WRITES ? RowExclusiveLock : AccessShareLock);
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
		init_key(&keys[i], i + 1, scan->table->types[i], key[i].value);
	index_rescan(scan->scan, keys, n, NULL, 0);
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

static void
copy_row_with(TupleTableSlot *to, TupleTableSlot *from, AttrNumber attribute, Datum value)
{
	int natts = from->tts_tupleDescriptor->natts;

	ExecClearTuple(to);
	slot_getallattrs(from);
	memcpy(to->tts_values, from->tts_values, natts * sizeof(Datum));
	memcpy(to->tts_isnull, from->tts_isnull, natts * sizeof(bool));
	to->tts_values[attribute - 1] = value;
	to->tts_isnull[attribute - 1] = false;
	ExecStoreVirtualTuple(to);
}

static bool
update_row(EvScan *scan, EvTableState *state)
{
	TM_FailureData failure;
	LockTupleMode mode;
	bool update_indexes;

	ExecConstraints(state->target, state->row, state->executor);
	if (table_tuple_update(scan->relation, &scan->row->tts_tid, state->row, GetCurrentCommandId(true),
						   GetActiveSnapshot(), InvalidSnapshot, true, &failure, &mode, &update_indexes) != TM_Ok)
		return false;
	if (update_indexes)
		insert_into_indexes(state, true);
	return true;
}

bool
ev_scan_update(EvScan *scan, int column, Datum value)
{
	EvTableState *state = scan->table->state;
	bool updated;

	if (!state->plain)
		return false;
	PreventCommandIfReadOnly("UPDATE");
	CheckCmdReplicaIdentity(scan->relation, CMD_UPDATE);
	ready_target(state, scan->relation);
	copy_row_with(state->row, scan->row, state->attributes[column - 1], value);
	updated = update_row(scan, state);
	clear_row(state);
	if (updated)
		CommandCounterIncrement();
	return updated;
}
