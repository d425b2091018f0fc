/*
 * tuple.h
 *		Builds the rows that functions return, and the arrays that statements take.
 */
#ifndef EV_TUPLE_H
#define EV_TUPLE_H

#include "access/tupdesc.h"
#include "fmgr.h"
#include "utils/uuid.h"

#include "spi.h"

/* A row under construction; columns are added in the type's order. */
typedef struct EvRow
{
	TupleDesc desc;
	int filled;
	Datum *values;
	bool *nulls;
} EvRow;

extern EvRow ev_row_of(TupleDesc desc);
/* A row of the called function's result type. */
extern EvRow ev_row(FunctionCallInfo fcinfo);
/* A row of a type of the extension, by its name. */
extern EvRow ev_row_named(const char *type);
/* A row of the next column's type, which is a composite or an array of composites. */
extern EvRow ev_nested_row(const EvRow *row);
extern void ev_row_add(EvRow *row, EvArg value);
extern void ev_row_add_text(EvRow *row, const char *value);
/* Refuses a row that is not full. The next row of the type can then be built. */
extern Datum ev_row_datum(EvRow *row);
extern Oid ev_row_type(const EvRow *row);

extern EvArg ev_text(const char *value);
extern EvArg ev_int_array(const int *values, int n);
extern EvArg ev_uuid_array(const pg_uuid_t *values, int n);
/* A NULL element is a null. */
extern EvArg ev_text_array(char *const *values, int n);
extern EvArg ev_array(const Datum *values, int n, Oid element);

/* The elements of an array; where it is the argument of that name, a null among them is a VALIDATION_ERROR. */
extern int *ev_ints_of(Datum array, int *n);
extern char **ev_texts_of(Datum array, const char *name, int *n);
extern pg_uuid_t *ev_ids_of(Datum array, const char *name, int *n);
extern Datum *ev_elements_of(Datum array, Oid element, int *n);

#endif
