/*
 * table.c
 *		Knows the tables of the hot path, and inserts rows without a plan.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "batch.h"
#include "table_state.h"

EvTableState *ev_table_states;

/* Called where invalidations are read: after a lock on the table is granted. */
static void
definition_changed(Datum arg, Oid relation)
{
	for (EvTableState *state = ev_table_states; state != NULL; state = state->next)
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
		if (OidIsValid(table->types[i]) && TupleDescAttr(desc, number - 1)->atttypid != table->types[i])
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
	EvTableState **link = &ev_table_states;

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
	state->next = ev_table_states;
	ev_table_states = state;
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

/*
 * The known table, unless the news that its lock brings say that it changed or is another one now. As long as rows are kept
 * for it, it is locked and did not, though the news may be that all may have.
 */
static Relation
open_known_table(const EvTable *table, LOCKMODE mode)
{
	Oid relation = table->state->relation;

	if (table->state->stale && table->state->nkept == 0)
		return NULL;
	LockRelationOid(relation, mode);
	if (!table->state->stale || table->state->nkept > 0)
		return table_open(relation, NoLock);
	UnlockRelationOid(relation, mode);
	return NULL;
}

Relation
ev_table_open(EvTable *table, LOCKMODE mode)
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

void
ev_table_ready(EvTableState *state, Relation relation)
{
	if (state->target == NULL)
		make_target(state, relation);
	state->target->ri_RelationDesc = relation;
}

void
ev_table_open_indexes(EvTableState *state)
{
	ResultRelInfo *target = state->target;

	for (int i = 0; i < target->ri_NumIndices; i++)
		target->ri_IndexRelationDescs[i] = index_open(state->indexes[i], RowExclusiveLock);
}

void
ev_table_index_row(EvTableState *state, bool update, EvIndexChange change)
{
	ev_table_open_indexes(state);
	ev_table_insert_entries(state, state->row, update, change);
	ExecCloseIndices(state->target);
}

void
ev_table_clear_row(EvTableState *state)
{
	ExecClearTuple(state->row);
	ResetPerTupleExprContext(state->executor);
}

void
ev_table_fill(EvTableState *state, TupleTableSlot *row, int ncolumns, const EvArg *values)
{
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
	ev_table_index_row(state, false, EV_ALL_INDEXES);
}

void
ev_insert(EvTable *table, EvStatement *statement, const EvArg *values)
{
	Relation relation;
	EvTableState *state = table->state;

	if (state != NULL && state->nkept > 0)
	{
		ev_table_keep(state, table->ncolumns, values);
		return;
	}
	relation = ev_table_open(table, RowExclusiveLock);
	state = table->state;
	if (state->plain)
	{
		PreventCommandIfReadOnly("INSERT");
		ev_table_ready(state, relation);
		if (ev_batch_is_open())
			ev_table_keep(state, table->ncolumns, values);
		else
		{
			ev_table_fill(state, state->row, table->ncolumns, values);
			insert_row(state, relation);
			ev_table_clear_row(state);
			CommandCounterIncrement();
		}
	}
	table_close(relation, NoLock);
	if (!state->plain)
		ev_run(statement, values);
}
