/*
 * table_state.h
 *		What the parts of the table module share: table.c knows tables and inserts, table_scan.c finds and changes,
 *		table_batch.c keeps the rows of a batch. Nobody else includes it.
 */
#ifndef EV_TABLE_STATE_H
#define EV_TABLE_STATE_H

#include "access/tableam.h"
#include "executor/executor.h"
#include "utils/rel.h"

#include "table.h"

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
	int nkept;			  /* rows of a batch that are not written yet */
	int nmarked;		  /* of them: of the requests before this one */
	int room;
	TupleTableSlot **kept;
	struct EvTableState *next;
} EvTableState;

/* Which indexes a changed row needs an entry in: before PostgreSQL 16 all or none, since then also those that summarize. */
#if PG_VERSION_NUM >= 160000
typedef TU_UpdateIndexes EvIndexChange;
#define EV_ALL_INDEXES TU_All
#define ev_table_insert_entries(state, row, update, change) \
	ExecInsertIndexTuples((state)->target, row, (state)->executor, update, false, NULL, NIL, (change) == TU_Summarizing)
#else
typedef bool EvIndexChange;
#define EV_ALL_INDEXES true
#define ev_table_insert_entries(state, row, update, change) \
	ExecInsertIndexTuples((state)->target, row, (state)->executor, update, false, NULL, NIL)
#endif

/* All that are known. */
extern EvTableState *ev_table_states;

extern Relation ev_table_open(EvTable *table, LOCKMODE mode);

/* Before anything is written; then target and row are there. */
extern void ev_table_ready(EvTableState *state, Relation relation);
extern void ev_table_open_indexes(EvTableState *state);
extern void ev_table_index_row(EvTableState *state, bool update, EvIndexChange change);
extern void ev_table_clear_row(EvTableState *state);

/* Columns that are not named get their defaults. */
extern void ev_table_fill(EvTableState *state, TupleTableSlot *row, int ncolumns, const EvArg *values);

/* The row is inserted with the others of its batch. */
extern void ev_table_keep(EvTableState *state, int ncolumns, const EvArg *values);

#endif
