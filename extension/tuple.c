/*
 * tuple.c
 *		Builds rows and arrays.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "errors.h"
#include "tuple.h"

EvRow
ev_row_of(TupleDesc desc)
{
	return (EvRow){
		.desc = desc,
		.filled = 0,
		.values = palloc(desc->natts * sizeof(Datum)),
		.nulls = palloc(desc->natts * sizeof(bool)),
	};
}

EvRow
ev_row(FunctionCallInfo fcinfo)
{
	TupleDesc desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "the function is not declared to return a composite type");
	return ev_row_of(BlessTupleDesc(desc));
}

EvRow
ev_row_named(const char *type)
{
	Oid oid = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(type),
							  ObjectIdGetDatum(get_namespace_oid("evently", false)));

	if (!OidIsValid(oid))
		elog(ERROR, "there is no type evently.%s", type);
	return ev_row_of(lookup_rowtype_tupdesc_copy(oid, -1));
}

EvRow
ev_nested_row(const EvRow *row)
{
	Oid type = TupleDescAttr(row->desc, row->filled)->atttypid;
	Oid element = get_element_type(type);

	return ev_row_of(lookup_rowtype_tupdesc_copy(OidIsValid(element) ? element : type, -1));
}

void
ev_row_add(EvRow *row, EvArg value)
{
	Assert(row->filled < row->desc->natts);
	row->values[row->filled] = value.value;
	row->nulls[row->filled] = value.isnull;
	row->filled++;
}

void
ev_row_add_text(EvRow *row, const char *value)
{
	ev_row_add(row, ev_text(value));
}

Datum
ev_row_datum(EvRow *row)
{
	if (row->filled != row->desc->natts)
		elog(ERROR, "%d of %d columns are filled", row->filled, row->desc->natts);
	row->filled = 0;
	return HeapTupleGetDatum(heap_form_tuple(row->desc, row->values, row->nulls));
}

Oid
ev_row_type(const EvRow *row)
{
	return row->desc->tdtypeid;
}

EvArg
ev_text(const char *value)
{
	return value ? ev_datum(CStringGetTextDatum(value)) : ev_null();
}

EvArg
ev_array(const Datum *values, int n, Oid element)
{
	int16 length;
	bool by_value;
	char align;

	get_typlenbyvalalign(element, &length, &by_value, &align);
	return ev_datum(PointerGetDatum(construct_array(unconstify(Datum *, values), n, element, length, by_value, align)));
}

EvArg
ev_int_array(const int *values, int n)
{
	Datum *elements = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
		elements[i] = Int32GetDatum(values[i]);
	return ev_array(elements, n, INT4OID);
}

EvArg
ev_uuid_array(const pg_uuid_t *values, int n)
{
	Datum *elements = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
		elements[i] = UUIDPGetDatum(&values[i]);
	return ev_array(elements, n, UUIDOID);
}

EvArg
ev_text_array(char *const *values, int n)
{
	Datum *elements = palloc(n * sizeof(Datum));
	bool *nulls = palloc(n * sizeof(bool));
	int dims[1] = {n};
	int lower_bounds[1] = {1};

	for (int i = 0; i < n; i++)
	{
		nulls[i] = values[i] == NULL;
		elements[i] = nulls[i] ? (Datum) 0 : CStringGetTextDatum(values[i]);
	}
	return ev_datum(PointerGetDatum(construct_md_array(elements, nulls, 1, dims, lower_bounds, TEXTOID,
													   -1, false, TYPALIGN_INT)));
}

Datum *
ev_elements_of(Datum array, Oid element, int *n)
{
	int16 length;
	bool by_value;
	char align;
	Datum *values;

	get_typlenbyvalalign(element, &length, &by_value, &align);
	deconstruct_array(DatumGetArrayTypeP(array), element, length, by_value, align, &values, NULL, n);
	return values;
}

int *
ev_ints_of(Datum array, int *n)
{
	Datum *elements = ev_elements_of(array, INT4OID, n);
	int *values = palloc(*n * sizeof(int));

	for (int i = 0; i < *n; i++)
		values[i] = DatumGetInt32(elements[i]);
	return values;
}

static void
require_no_null(Datum array, const char *name)
{
	if (array_contains_nulls(DatumGetArrayTypeP(array)))
		ev_invalid(name, "%s must not contain null", name);
}

pg_uuid_t *
ev_ids_of(Datum array, const char *name, int *n)
{
	pg_uuid_t *values;
	Datum *elements;

	require_no_null(array, name);
	elements = ev_elements_of(array, UUIDOID, n);
	values = palloc(*n * sizeof(pg_uuid_t));
	for (int i = 0; i < *n; i++)
		values[i] = *DatumGetUUIDP(elements[i]);
	return values;
}

char **
ev_texts_of(Datum array, const char *name, int *n)
{
	char **values;
	Datum *elements;

	require_no_null(array, name);
	elements = ev_elements_of(array, TEXTOID, n);
	values = palloc(*n * sizeof(char *));
	for (int i = 0; i < *n; i++)
		values[i] = TextDatumGetCString(elements[i]);
	return values;
}
