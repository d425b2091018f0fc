/*
 * table.h
 *		Rows of the hot path, found and written without a plan.
 *
 * To start a plan, run it and end it costs more than the one row that it finds or writes. What the executor does for that
 * row is done here by the executor's own routines: defaults, NOT NULL, CHECK constraints, indexes; what they need is made
 * at first use and kept until the table's definition changes. Where an administrator has given the table what only a
 * plan obeys (triggers, rules, row security, generated columns, other types) the statement runs instead.
 *
 * As for a statement (spi.h), a row is looked for with a fresh snapshot, and what was written is seen by whatever
 * follows.
 */
#ifndef EV_TABLE_H
#define EV_TABLE_H

#include "access/genam.h"
#include "executor/tuptable.h"

#include "spi.h"

/* The columns that are read or written, numbered from 1. Those of the index that rows are found by come first. */
typedef struct EvTable
{
	const char *name;
	const char *index; /* NULL: the primary key */
	int ncolumns;
	const char *const *columns;
	const Oid *types; /* InvalidOid: an enum of the extension */
	struct EvTableState *state;
} EvTable;

#define EV_TABLE(variable, name, columns, types) \
	static EvTable variable = {name, NULL, lengthof(columns), columns, types, NULL}
#define EV_TABLE_BY(variable, name, index, columns, types) \
	static EvTable variable = {name, index, lengthof(columns), columns, types, NULL}

/* Insert a row: a value for each column; a column that is not named gets its default. */
extern void ev_insert(EvTable *table, EvStatement *statement, const EvArg *values);

/* The rows that a batch (batch.h) keeps: those so far are of complete requests; forget those since; write those before. */
extern void ev_rows_mark(void);
extern void ev_rows_undo(void);
extern void ev_rows_write(void);
/* Forget all. */
extern void ev_rows_drop(void);

/*
 * Rows by the first n columns of the index:
 *		scan = ev_scan_begin(&table, EV_READS, key, n);  while (ev_scan_next(&scan)) ... ev_scan_value(&scan, 3) ...  ev_scan_end(&scan);
 * Values point into the row and live until the next one. Without a key nothing is looked for yet.
 */
typedef struct EvScan
{
	EvTable *table;
	Relation relation;
	Relation index;
	IndexScanDesc scan;
	TupleTableSlot *row;
	bool has_snapshot;
} EvScan;

extern EvScan ev_scan_begin(EvTable *table, EvAccess access, const EvArg *key, int n);

/* To look several times, in several tables, at one state: all with the active snapshot, by n columns each time. */
extern EvScan ev_scan_open(EvTable *table, int n);
extern void ev_scan_find(EvScan *scan, const EvArg *key);
/* Stand on the row that a statement found at that place (ctid). False: it is not seen there; it may even be another row's now. */
extern bool ev_scan_at(EvScan *scan, ItemPointer place);

/* Where the row is. Stand on that row again, without a descent where it still is there; false: there is none of that key. */
extern ItemPointerData ev_scan_place(const EvScan *scan);
extern bool ev_scan_return(EvScan *scan, ItemPointer place, const EvArg *key);
/* The same of a place in an earlier transaction: from there the row is followed from version to version. */
extern bool ev_scan_follow(EvScan *scan, ItemPointer place, const EvArg *key);

extern bool ev_scan_next(EvScan *scan);
extern bool ev_scan_is_null(const EvScan *scan, int column);
extern Datum ev_scan_value(const EvScan *scan, int column);
extern EvArg ev_scan_arg(const EvScan *scan, int column);
/* The transaction that last locked, changed or deleted the row, which may have ended since; or none. */
extern TransactionId ev_scan_xmax(const EvScan *scan);
extern void ev_scan_end(EvScan *scan);

/* Of an enum: a value by its name, and back. */
extern char *ev_scan_word(const EvScan *scan, int column);
extern EvArg ev_scan_value_of(const EvScan *scan, int column, const char *word);

/*
 * Lock the row that the scan stands on, as FOR UPDATE does: whoever has it is waited for, and the scan stands on what he made
 * of it then. False: he deleted it. A batch beside others yields to him (batch.h).
 */
extern bool ev_scan_lock(EvScan *scan);

/*
 * Change n columns, from first on, of the row that the scan stands on, which was begun with EV_WRITES. False: nothing was
 * done, because somebody changed the row meanwhile or it takes a plan; run the statement. Else its place is now
 * that of the changed row.
 */
extern bool ev_scan_change(EvScan *scan, int first, int n, const EvArg *values);

#endif
