/*
 * spi.c
 *		Prepares, runs and checks the statements of the extension.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/plancat.h"
#include "optimizer/planner.h"
#include "portability/instr_time.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/resowner.h"

#include "batch.h"
#include "errors.h"
#include "guc.h"
#include "mark.h"
#include "spi.h"

#define LARGE_TUPLES 1000000
#define LARGE_PAGES 20000

/* Of an EV_CHOICE. A run that takes longer can afford a plan of its own, which takes about a millisecond. */
#define MAX_SHAPES 32
#define SLOW_US 3000

typedef struct EvShape
{
	struct EvShape *next;
	char key[FUNC_MAX_ARGS + 1];
	SPIPlanPtr plan;
	bool is_planned;
	bool is_running;
} EvShape;

static bool making_plan;
static get_relation_info_hook_type next_relation_info_hook;
static ParamListInfo values_of_shape;
static planner_hook_type next_planner_hook;

EV_STATEMENT(extension_version,
			 "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = coalesce($1, 'evently')",
			 TEXTOID);

/*
 * A writer is not called from within a batch (a trigger may try to): what it writes could not be told from the batch's rows.
 * It refuses REPEATABLE READ and above, whose snapshot would be older than the locks it takes, and bounds its
 * lock waits, unless the session did. The setting ends with the function: each one is declared with a SET clause
 * (its search_path), so PostgreSQL unwinds settings at its exit.
 */
static void
begin_write(void)
{
	if (ev_batch_is_open())
		ev_batch_refuse();
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
	ev_mark_drop();
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

static SPIPlanPtr
prepare(const EvStatement *statement, int options)
{
	SPIPlanPtr plan = SPI_prepare_cursor(statement->sql, statement->nargs, unconstify(Oid *, statement->argtypes), options);

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", statement->sql, SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep the plan of \"%s\"", statement->sql);
	return plan;
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

/* Whether an argument is null is part of the shape; the planner itself knows that only of those that are. */
static Node *
decide_null_tests(Node *node, void *values)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
		return (Node *) query_tree_mutator((Query *) node, decide_null_tests, values, 0);
	if (IsA(node, NullTest) && IsA(((NullTest *) node)->arg, Param))
	{
		NullTest *test = (NullTest *) node;
		Param *param = (Param *) test->arg;

		if (param->paramkind == PARAM_EXTERN)
			return makeBoolConst(((ParamListInfo) values)->params[param->paramid - 1].isnull ==
									 (test->nulltesttype == IS_NULL),
								 false);
	}
	return expression_tree_mutator(node, decide_null_tests, values);
}

/* A plan that is kept is made without values; a shape's gets those at hand: constants its own, the others to estimate by. */
static PlannedStmt *
plan_for_shape(Query *query, const char *text, int options, ParamListInfo values)
{
	if (values_of_shape != NULL)
	{
		values = values_of_shape;
		values_of_shape = NULL;
		query = (Query *) decide_null_tests((Node *) query, values);
	}
	return next_planner_hook != NULL ? next_planner_hook(query, text, options, values)
									 : standard_planner(query, text, options, values);
}

void
ev_spi_init(void)
{
	next_relation_info_hook = get_relation_info_hook;
	get_relation_info_hook = assume_large_tables;
	next_planner_hook = planner_hook;
	planner_hook = plan_for_shape;
}

static void
switch_off(const char *setting)
{
	(void) set_config_option(setting, "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

static void
plan_now(SPIPlanPtr plan)
{
	CachedPlan *made = SPI_plan_get_cached_plan(plan);

	if (made != NULL)
		ReleaseCachedPlan(made, CurrentResourceOwner);
}

/* The rows of a call are few: what takes long to set up, a compiled plan or a bitmap of pages, never pays. */
static void
make_plan(EvStatement *statement)
{
	int nest_level = NewGUCNestLevel();

	switch_off("jit");
	switch_off("enable_bitmapscan");
	making_plan = true;
	PG_TRY();
	{
		plan_now(statement->plan);
	}
	PG_FINALLY();
	{
		making_plan = false;
	}
	PG_END_TRY();
	AtEOXact_GUC(true, nest_level);
}

static bool
is_of_shape(const EvStatement *statement, const EvArg *args, int i)
{
	return args[i].isnull || statement->argtypes[i] == BOOLOID || statement->argtypes[i] == CHAROID;
}

static ParamListInfo
shape_values(const EvStatement *statement, const EvArg *args)
{
	ParamListInfo list = makeParamList(statement->nargs);

	for (int i = 0; i < statement->nargs; i++)
		list->params[i] = (ParamExternData){
			.value = args[i].value,
			.isnull = args[i].isnull,
			.pflags = is_of_shape(statement, args, i) ? PARAM_FLAG_CONST : 0,
			.ptype = statement->argtypes[i],
		};
	return list;
}

/* The hook takes the values away, so that nothing else is planned with them. */
static void
make_shape_plan(const EvStatement *statement, const EvShape *shape, const EvArg *args)
{
	int nest_level = NewGUCNestLevel();

	switch_off("jit");
	PG_TRY();
	{
		values_of_shape = shape_values(statement, args);
		plan_now(shape->plan);
	}
	PG_FINALLY();
	{
		values_of_shape = NULL;
	}
	PG_END_TRY();
	AtEOXact_GUC(true, nest_level);
}

static void
write_key(char *key, const EvStatement *statement, const EvArg *args)
{
	for (int i = 0; i < statement->nargs; i++)
	{
		if (args[i].isnull)
			key[i] = '-';
		else if (statement->argtypes[i] == BOOLOID)
			key[i] = DatumGetBool(args[i].value) ? '1' : '0';
		else
			key[i] = statement->argtypes[i] == CHAROID ? DatumGetChar(args[i].value) : '$';
	}
	key[statement->nargs] = '\0';
}

static void
forget_shape(EvShape **link)
{
	EvShape *shape = *link;

	*link = shape->next;
	(void) SPI_freeplan(shape->plan);
	pfree(shape);
}

/* The last used come first, and one too many is forgotten. One that still runs did not come to its end: it was cancelled, being slow, or failed. */
static EvShape *
find_shape(EvStatement *statement, const char *key)
{
	EvShape **link = &statement->shapes;
	EvShape *shape;

	for (int n = 1; *link != NULL && n < MAX_SHAPES && strcmp((*link)->key, key) != 0; n++)
		link = &(*link)->next;
	shape = *link;
	if (shape == NULL)
		return NULL;
	if (strcmp(shape->key, key) != 0 || shape->is_running)
	{
		forget_shape(link);
		return NULL;
	}
	*link = shape->next;
	shape->next = statement->shapes;
	statement->shapes = shape;
	return shape;
}

static EvShape *
new_shape(EvStatement *statement, const char *key)
{
	SPIPlanPtr plan = prepare(statement, CURSOR_OPT_GENERIC_PLAN);
	EvShape *shape = MemoryContextAllocZero(TopMemoryContext, sizeof(EvShape));

	shape->plan = plan;
	strlcpy(shape->key, key, sizeof(shape->key));
	shape->next = statement->shapes;
	statement->shapes = shape;
	return shape;
}

/* Compiling a plan takes longer than a survey does. */
static int
run_survey(EvStatement *statement, Datum *values, const char *nulls)
{
	int nest_level = NewGUCNestLevel();
	int rc;

	if (statement->plan == NULL)
		statement->plan = prepare(statement, CURSOR_OPT_CUSTOM_PLAN | CURSOR_OPT_PARALLEL_OK);
	switch_off("jit");
	rc = SPI_execute_plan(statement->plan, values, nulls, false, 0);
	AtEOXact_GUC(true, nest_level);
	return rc;
}

static int
run_choice(EvStatement *statement, const EvArg *args, Datum *values, const char *nulls)
{
	char key[FUNC_MAX_ARGS + 1];
	EvShape *shape;
	instr_time start;
	instr_time took;
	int rc;

	write_key(key, statement, args);
	shape = find_shape(statement, key);
	if (shape == NULL)
		shape = new_shape(statement, key);
	if (!shape->is_planned || !SPI_plan_is_valid(shape->plan))
		make_shape_plan(statement, shape, args);
	shape->is_planned = true;
	shape->is_running = true;
	INSTR_TIME_SET_CURRENT(start);
	rc = SPI_execute_plan(shape->plan, values, nulls, false, 0);
	INSTR_TIME_SET_CURRENT(took);
	INSTR_TIME_SUBTRACT(took, start);
	shape->is_running = false;
	if (INSTR_TIME_GET_MICROSEC(took) > SLOW_US)
		forget_shape(&statement->shapes);
	return rc;
}

static int
run_kept(EvStatement *statement, Datum *values, const char *nulls)
{
	bool is_new = statement->plan == NULL;

	if (is_new)
		statement->plan = prepare(statement, CURSOR_OPT_GENERIC_PLAN);
	if (is_new || !SPI_plan_is_valid(statement->plan))
		make_plan(statement);
	return SPI_execute_plan(statement->plan, values, nulls, false, 0);
}

uint64
ev_run(EvStatement *statement, const EvArg *args)
{
	Datum values[FUNC_MAX_ARGS];
	char nulls[FUNC_MAX_ARGS];
	int rc;

	ev_batch_write();
	for (int i = 0; i < statement->nargs; i++)
	{
		/* As many as the statement has. NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign) */
		values[i] = args[i].value;
		nulls[i] = args[i].isnull ? 'n' : ' ';
	}
	if (statement->planning == EV_PLANNED_BY_SHAPE)
		rc = run_choice(statement, args, values, nulls);
	else if (statement->planning == EV_PLANNED_EACH_TIME)
		rc = run_survey(statement, values, nulls);
	else
		rc = run_kept(statement, values, nulls);
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
