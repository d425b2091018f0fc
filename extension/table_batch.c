/*
 * table_batch.c
 *		Keeps the rows of a batch, and writes them together.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"

#include "table_state.h"

static TupleTableSlot *
next_kept(EvTableState *state)
{
	MemoryContext caller = MemoryContextSwitchTo(state->executor->es_query_cxt);

	if (state->nkept == state->room)
	{
		int room = Max(64, state->room * 2);

		state->kept = state->room == 0 ? palloc(room * sizeof(TupleTableSlot *))
									   : repalloc(state->kept, room * sizeof(TupleTableSlot *));
		for (; state->room < room; state->room++)
			state->kept[state->room] = MakeSingleTupleTableSlot(state->row->tts_tupleDescriptor, state->row->tts_ops);
	}
	MemoryContextSwitchTo(caller);
	return state->kept[state->nkept++];
}

/* The row is formed at once: what its values point to may be gone when it is written. */
void
ev_table_keep(EvTableState *state, int ncolumns, const EvArg *values)
{
	TupleTableSlot *row = next_kept(state);

	ev_table_fill(state, row, ncolumns, values);
	ExecMaterializeSlot(row);
	ResetPerTupleExprContext(state->executor);
}

static void
write_kept(EvTableState *state, Relation relation)
{
	int n = state->nmarked;

	ev_table_ready(state, relation);
	for (int i = 0; i < n; i++)
		ExecConstraints(state->target, state->kept[i], state->executor);
	ResetPerTupleExprContext(state->executor);
	table_multi_insert(relation, state->kept, n, GetCurrentCommandId(true), 0, NULL);
	ev_table_open_indexes(state);
	for (int i = 0; i < n; i++)
	{
		ev_table_insert_entries(state, state->kept[i], false, EV_ALL_INDEXES);
		ResetPerTupleExprContext(state->executor);
	}
	ExecCloseIndices(state->target);
}

/* The slots of rows that are written are used again. */
static void
forget_kept(EvTableState *state, int first, int n)
{
	for (int i = first; i < first + n; i++)
		ExecClearTuple(state->kept[i]);
	for (int i = first + n; i < state->nkept; i++)
	{
		TupleTableSlot *row = state->kept[i - n];

		state->kept[i - n] = state->kept[i];
		state->kept[i] = row;
	}
	state->nkept -= n;
}

void
ev_rows_mark(void)
{
	for (EvTableState *state = ev_table_states; state != NULL; state = state->next)
		state->nmarked = state->nkept;
}

void
ev_rows_undo(void)
{
	for (EvTableState *state = ev_table_states; state != NULL; state = state->next)
		forget_kept(state, state->nmarked, state->nkept - state->nmarked);
}

void
ev_rows_write(void)
{
	bool written = false;

	for (EvTableState *state = ev_table_states; state != NULL; state = state->next)
	{
		Relation relation;

		if (state->nmarked == 0)
			continue;
		relation = table_open(state->relation, NoLock);
		write_kept(state, relation);
		table_close(relation, NoLock);
		forget_kept(state, 0, state->nmarked);
		state->nmarked = 0;
		written = true;
	}
	if (written)
		CommandCounterIncrement();
}

void
ev_rows_drop(void)
{
	for (EvTableState *state = ev_table_states; state != NULL; state = state->next)
	{
		forget_kept(state, 0, state->nkept);
		state->nmarked = 0;
	}
}
