/*
 * spi.c
 *		Prepares, runs and checks the statements of the extension.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "optimizer/plancat.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/plancache.h"
#include "utils/resowner.h"

#include "batch.h"
#include "errors.h"
#include "guc.h"
#include "spi.h"

#define LARGE_TUPLES 1000000
#define LARGE_PAGES 20000

static bool making_plan;
static get_relation_info_hook_type next_relation_info_hook;

EV_STATEMENT(extension_version,
			 "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = coalesce($1, 'evently')",
			 TEXTOID);

/*
 * A writer refuses REPEATABLE READ and above, whose snapshot would be older than the locks it takes, and bounds its
 * lock waits, unless the session did. The setting ends with the function: each one is declared with a SET clause
 * (its search_path), so PostgreSQL unwinds settings at its exit.
 */
static void
begin_write(void)
{
	if (IsolationUsesXactSnapshot())
		ev_raise(EV_ISOLATION_LEVEL,
				 ev_detail_text(ev_detail(), "isolation_level", GetConfigOption("transaction_isolation", false, false)),
				 "Run it in a READ COMMITTED transaction; the function takes the locks that make it safe.",
				 "evently's functions write in transaction isolation level READ COMMITTED only");
	if (LockTimeout == 0 && ev_lock_timeout > 0)
	{
		char value[16];

		snprintf(value, sizeof(value), "%d", ev_lock_timeout);
		(void) set_config_option("lock_timeout", value, PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	}
}

/*
 * Functions of an older version do not have the arguments that this library reads. They are there from the installation of
 * a new library until the database is updated. Once right, it stays right as long as this backend has this library.
 */
static void
require_version(void)
{
	static bool is_right = false;
	char *version;

	if (is_right)
		return;
	version = ev_query(&extension_version, ev_null()) > 0 ? ev_get_text(0, 1) : "none";
	if (strcmp(version, EV_VERSION) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the database has version %s of extension evently, but the library is of version %s", version, EV_VERSION),
				 errhint("Update it: ALTER EXTENSION evently UPDATE;")));
	is_right = true;
}

void
ev_begin(EvAccess access)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	require_version();
	if (access == EV_WRITES)
		begin_write();
}

/* Copy a composite result to the caller's memory and end. */
Datum
ev_end(Datum composite)
{
	Datum copy = SPI_datumTransfer(composite, false, -1);

	ev_end_without_result();
	return copy;
}

void
ev_end_without_result(void)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
}

static void
prepare(EvStatement *statement)
{
	SPIPlanPtr plan = SPI_prepare_cursor(statement->sql, statement->nargs, unconstify(Oid *, statement->argtypes),
										 statement->survey ? CURSOR_OPT_CUSTOM_PLAN | CURSOR_OPT_PARALLEL_OK
														   : CURSOR_OPT_GENERIC_PLAN);

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", statement->sql, SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep the plan of \"%s\"", statement->sql);
	statement->plan = plan;
}

/*
 * What a plan of ours is made for: tables of an on-sale, not of the moment. Small, reading all of an event looks as cheap
 * as going by the whole key, and such a plan would stay when the tables have filled.
 */
static void
assume_large_tables(PlannerInfo *root, Oid relation, bool inhparent, RelOptInfo *rel)
{
	ListCell *cell;

	if (next_relation_info_hook != NULL)
		next_relation_info_hook(root, relation, inhparent, rel);
	if (!making_plan)
		return;
	rel->tuples = Max(rel->tuples, LARGE_TUPLES);
	rel->pages = Max(rel->pages, LARGE_PAGES);
	foreach(cell, rel->indexlist)
	{
		IndexOptInfo *index = lfirst_node(IndexOptInfo, cell);

		index->tuples = Max(index->tuples, LARGE_TUPLES);
		index->pages = Max(index->pages, LARGE_PAGES / 4);
	}
}

void
ev_spi_init(void)
{
	next_relation_info_hook = get_relation_info_hook;
	get_relation_info_hook = assume_large_tables;
}

static void
switch_off(const char *setting)
{
	(void) set_config_option(setting, "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/* The rows of a call are few: what takes long to set up, a compiled plan or a bitmap of pages, never pays. */
static void
make_plan(EvStatement *statement)
{
	int nest_level = NewGUCNestLevel();
	CachedPlan *plan;

	switch_off("jit");
	switch_off("enable_bitmapscan");
	making_plan = true;
	PG_TRY();
	{
		plan = SPI_plan_get_cached_plan(statement->plan);
		if (plan != NULL)
			ReleaseCachedPlan(plan, CurrentResourceOwner);
	}
	PG_FINALLY();
	{
		making_plan = false;
	}
	PG_END_TRY();
	AtEOXact_GUC(true, nest_level);
}

/* Compiling a plan takes longer than a survey does. */
static int
run_survey(EvStatement *statement, Datum *values, const char *nulls)
{
	int nest_level = NewGUCNestLevel();
	int rc;

	switch_off("jit");
	rc = SPI_execute_plan(statement->plan, values, nulls, false, 0);
	AtEOXact_GUC(true, nest_level);
	return rc;
}

uint64
ev_run(EvStatement *statement, const EvArg *args)
{
	Datum values[FUNC_MAX_ARGS];
	char nulls[FUNC_MAX_ARGS];
	int rc;

	ev_batch_write();
	if (statement->plan == NULL)
	{
		prepare(statement);
		if (!statement->survey)
			make_plan(statement);
	}
	else if (!statement->survey && !SPI_plan_is_valid(statement->plan))
		make_plan(statement);
	for (int i = 0; i < statement->nargs; i++)
	{
		values[i] = args[i].value;
		nulls[i] = args[i].isnull ? 'n' : ' ';
	}
	rc = statement->survey ? run_survey(statement, values, nulls)
						   : SPI_execute_plan(statement->plan, values, nulls, false, 0);
	if (rc < 0)
		elog(ERROR, "could not run \"%s\": %s", statement->sql, SPI_result_code_string(rc));
	return SPI_processed;
}

/* Data that contradicts itself (a row that must be there is not) is an error, never a wild read. */
static void
require_row(uint64 row)
{
	if (SPI_tuptable == NULL || row >= SPI_tuptable->numvals)
		elog(ERROR, "the statement returned no row " UINT64_FORMAT "; ask evently.verify()", row);
}

bool
ev_is_null(uint64 row, int column)
{
	bool isnull;

	require_row(row);

	(void) SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);
	return isnull;
}

static Datum
value(uint64 row, int column)
{
	bool isnull;
	Datum datum;

	require_row(row);
	datum = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);

	if (isnull)
		elog(ERROR, "column %d is unexpectedly null", column);
	return datum;
}

/* A value that outlives the statement's result. */
Datum
ev_copied_value(uint64 row, int column)
{
	Form_pg_attribute attr = TupleDescAttr(SPI_tuptable->tupdesc, column - 1);

	return datumCopy(value(row, column), attr->attbyval, attr->attlen);
}

int
ev_get_int(uint64 row, int column)
{
	return DatumGetInt32(value(row, column));
}

bool
ev_get_bool(uint64 row, int column)
{
	return DatumGetBool(value(row, column));
}

/* NULL where the value is null. */
char *
ev_get_text(uint64 row, int column)
{
	return ev_is_null(row, column) ? NULL : TextDatumGetCString(value(row, column));
}

pg_uuid_t
ev_get_uuid(uint64 row, int column)
{
	return *DatumGetUUIDP(value(row, column));
}

TimestampTz
ev_get_time(uint64 row, int column)
{
	return DatumGetTimestampTz(value(row, column));
}
