/*
 * spi.h
 *		The only door to SQL: prepares, runs and checks every statement of the extension.
 *
 * A statement is a static EvStatement beside the function that uses it (EV_STATEMENT). Its plan is generic, made at
 * first use for tables that are large, and kept for the life of the backend: what it reads depends on its keys, neither
 * on their values nor on how full the tables were that day. Statements run with read_only = false, so under READ
 * COMMITTED each one sees a fresh snapshot: what was committed before it started. That is what "look again after a lock
 * wait" rests on.
 *
 * An entry function is
 *		ev_begin(EV_READS or EV_WRITES);  ... ev_query(...) ...  PG_RETURN_DATUM(ev_end(result));
 * Memory between the two lives until ev_end, which copies its result to the caller.
 */
#ifndef EV_SPI_H
#define EV_SPI_H

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

typedef enum EvPlanning
{
	EV_PLANNED_ONCE,
	EV_PLANNED_BY_SHAPE,
	EV_PLANNED_EACH_TIME
} EvPlanning;

typedef struct EvStatement
{
	const char *sql;
	int nargs;
	const Oid *argtypes;
	EvPlanning planning;
	SPIPlanPtr plan;
	struct EvShape *shapes;
} EvStatement;

#define EV_PLANNED(name, planning, text, ...)           \
	static const Oid name##_argtypes[] = {__VA_ARGS__}; \
	static EvStatement name = {text, lengthof(name##_argtypes), name##_argtypes, planning, NULL, NULL}

#define EV_STATEMENT(name, text, ...) EV_PLANNED(name, EV_PLANNED_ONCE, text, __VA_ARGS__)

/*
 * A statement over many rows, where what it is asked decides how to read them: planned for its arguments at each run, which
 * is little against the run, with all means of the planner, parallel workers too.
 */
#define EV_SURVEY(name, text, ...) EV_PLANNED(name, EV_PLANNED_EACH_TIME, text, __VA_ARGS__)

/*
 * A statement of conditions that may be left out, "$1 IS NULL OR ...". Which of its arguments are null, and what its booleans
 * and "char"s are, is its shape: for each shape a plan without the conditions that are left out. A plan is made for the
 * values at hand and kept for others as long as it is fast with them: after a run that took longer than planning is worth,
 * the next one plans for its own.
 */
#define EV_CHOICE(name, text, ...) EV_PLANNED(name, EV_PLANNED_BY_SHAPE, text, __VA_ARGS__)

/* An argument of a statement. */
typedef struct EvArg
{
	Datum value;
	bool isnull;
} EvArg;

#define ev_null() ((EvArg){(Datum) 0, true})
#define ev_datum(d) ((EvArg){(d), false})
#define ev_int(i) ev_datum(Int32GetDatum(i))
#define ev_bool(b) ev_datum(BoolGetDatum(b))
#define ev_time(t) ev_datum(TimestampTzGetDatum(t))
#define ev_uuid(u) ev_datum(UUIDPGetDatum(u))
#define ev_maybe_uuid(u) ((EvArg){UUIDPGetDatum(u), (u) == NULL})
/* The n-th argument of an SQL function, passed on as it came. */
#define ev_arg(n) ((EvArg){PG_ARGISNULL(n) ? (Datum) 0 : PG_GETARG_DATUM(n), PG_ARGISNULL(n)})

typedef enum EvAccess
{
	EV_READS,
	EV_WRITES
} EvAccess;

extern void ev_spi_init(void);

extern void ev_begin(EvAccess access);
extern Datum ev_end(Datum composite);
extern void ev_end_without_result(void);

/* Run a statement; returns the number of rows it returned or changed. */
extern uint64 ev_run(EvStatement *statement, const EvArg *args);
#define ev_query(statement, ...) ev_run((statement), (const EvArg[]){__VA_ARGS__})

/* Values of the last statement's rows; columns are numbered from 1. */
extern bool ev_is_null(uint64 row, int column);
extern Datum ev_copied_value(uint64 row, int column);
extern int ev_get_int(uint64 row, int column);
extern bool ev_get_bool(uint64 row, int column);
extern char *ev_get_text(uint64 row, int column);
extern pg_uuid_t ev_get_uuid(uint64 row, int column);
extern TimestampTz ev_get_time(uint64 row, int column);

#endif
