/*
 * render.c
 *		A row as compact JSON.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

#include "render.h"

PG_FUNCTION_INFO_V1(evently_render);

static void render_value(StringInfo out, Datum value, Oid type);

static void
render_time(StringInfo out, TimestampTz time)
{
	struct pg_tm tm;
	fsec_t fsec;

	if (TIMESTAMP_NOT_FINITE(time) || timestamp2tm(time, NULL, &tm, &fsec, NULL, NULL) != 0)
	{
		appendStringInfoString(out, "null");
		return;
	}
	appendStringInfo(out, "\"%04d-%02d-%02dT%02d:%02d:%02d",
					 tm.tm_year, tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (fsec != 0)
	{
		appendStringInfo(out, ".%06d", fsec);
		while (out->data[out->len - 1] == '0')
			out->data[--out->len] = '\0';
	}
	appendStringInfoString(out, "Z\"");
}

/* JSON text without the blanks between its tokens. */
static void
render_json_text(StringInfo out, const char *json)
{
	bool quoted = false;

	for (const char *p = json; *p != '\0'; p++)
	{
		if (!quoted && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
			continue;
		appendStringInfoCharMacro(out, *p);
		if (quoted && *p == '\\' && p[1] != '\0')
			appendStringInfoCharMacro(out, *++p);
		else if (*p == '"')
			quoted = !quoted;
	}
}

static void
render_record(StringInfo out, HeapTupleHeader record)
{
	TupleDesc desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(record),
											HeapTupleHeaderGetTypMod(record));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(record), .t_data = record};
	Datum *values = palloc(desc->natts * sizeof(Datum));
	bool *nulls = palloc(desc->natts * sizeof(bool));
	char separator = '{';

	heap_deform_tuple(&tuple, desc, values, nulls);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);

		if (attr->attisdropped)
			continue;
		appendStringInfoCharMacro(out, separator);
		separator = ',';
		escape_json(out, NameStr(attr->attname));
		appendStringInfoCharMacro(out, ':');
		if (nulls[i])
			appendStringInfoString(out, "null");
		else
			render_value(out, values[i], attr->atttypid);
	}
	appendStringInfoString(out, separator == '{' ? "{}" : "}");
	pfree(values);
	pfree(nulls);
	ReleaseTupleDesc(desc);
}

static void
render_array(StringInfo out, ArrayType *array, Oid element)
{
	int16 length;
	bool by_value;
	char align;
	Datum *values;
	bool *nulls;
	int n;

	get_typlenbyvalalign(element, &length, &by_value, &align);
	deconstruct_array(array, element, length, by_value, align, &values, &nulls, &n);
	appendStringInfoCharMacro(out, '[');
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoCharMacro(out, ',');
		if (nulls[i])
			appendStringInfoString(out, "null");
		else
			render_value(out, values[i], element);
	}
	appendStringInfoCharMacro(out, ']');
	pfree(values);
	pfree(nulls);
}

static void
render_text(StringInfo out, text *value)
{
	char *string = text_to_cstring(value);

	escape_json(out, string);
	pfree(string);
}

static void
render_by_output(StringInfo out, Datum value, Oid type)
{
	Oid function;
	bool is_varlena;

	getTypeOutputInfo(type, &function, &is_varlena);
	escape_json(out, OidOutputFunctionCall(function, value));
}

static void
render_composed(StringInfo out, Datum value, Oid type)
{
	Oid element = get_element_type(type);

	if (OidIsValid(element))
		render_array(out, DatumGetArrayTypeP(value), element);
	else if (type_is_rowtype(type))
		render_record(out, DatumGetHeapTupleHeader(value));
	else
		render_by_output(out, value, type);
}

static void
render_value(StringInfo out, Datum value, Oid type)
{
	check_stack_depth();
	switch (type)
	{
		case BOOLOID:
			appendStringInfoString(out, DatumGetBool(value) ? "true" : "false");
			break;
		case INT4OID:
			appendStringInfo(out, "%d", DatumGetInt32(value));
			break;
		case INT8OID:
			appendStringInfo(out, INT64_FORMAT, DatumGetInt64(value));
			break;
		case NUMERICOID:
			if (numeric_is_nan(DatumGetNumeric(value)) || numeric_is_inf(DatumGetNumeric(value)))
				appendStringInfoString(out, "null");
			else
				appendStringInfoString(out, DatumGetCString(DirectFunctionCall1(numeric_out, value)));
			break;
		case TIMESTAMPTZOID:
			render_time(out, DatumGetTimestampTz(value));
			break;
		case TEXTOID:
			render_text(out, DatumGetTextPP(value));
			break;
		case JSONOID:
			render_json_text(out, TextDatumGetCString(value));
			break;
		case JSONBOID:
		{
			Jsonb *json = DatumGetJsonbP(value);

			render_json_text(out, JsonbToCString(NULL, &json->root, VARSIZE(json)));
			break;
		}
		default:
			render_composed(out, value, type);
	}
}

char *
ev_render(Datum composite)
{
	StringInfoData out;

	initStringInfo(&out);
	render_record(&out, DatumGetHeapTupleHeader(composite));
	return out.data;
}

Datum
evently_render(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(ev_render(PG_GETARG_DATUM(0))));
}
