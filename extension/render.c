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
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

#include "render.h"

PG_FUNCTION_INFO_V1(evently_render);

static void render_value(StringInfo out, Datum value, Oid type);

/* Digits, and what follows them. */
static char *
write_digits(char *p, int value, int width, char follows)
{
	p = pg_ultostr_zeropad(p, value, width);
	*p++ = follows;
	return p;
}

/* Returns the length of the text; 0 for infinity. */
static int
write_time(char text[MAXDATELEN + 1], TimestampTz time)
{
	struct pg_tm tm;
	fsec_t fsec;
	char *p = text;

	if (TIMESTAMP_NOT_FINITE(time) || timestamp2tm(time, NULL, &tm, &fsec, NULL, NULL) != 0)
		return 0;
	if (tm.tm_year < 0) /* the sign is one of the four */
		*p++ = '-';
	p = write_digits(p, abs(tm.tm_year), tm.tm_year < 0 ? 3 : 4, '-');
	p = write_digits(p, tm.tm_mon, 2, '-');
	p = write_digits(p, tm.tm_mday, 2, 'T');
	p = write_digits(p, tm.tm_hour, 2, ':');
	p = write_digits(p, tm.tm_min, 2, ':');
	p = write_digits(p, tm.tm_sec, 2, '.');
	if (fsec == 0)
		p--;
	else
	{
		p = pg_ultostr_zeropad(p, fsec, 6);
		while (p[-1] == '0')
			p--;
	}
	*p++ = 'Z';
	return p - text;
}

char *
ev_render_time(TimestampTz time)
{
	char text[MAXDATELEN + 1];
	int length = write_time(text, time);

	return length == 0 ? NULL : pnstrdup(text, length);
}

static void
render_time(StringInfo out, TimestampTz time)
{
	char text[MAXDATELEN + 1];
	int length = write_time(text, time);

	if (length == 0)
	{
		appendStringInfoString(out, "null");
		return;
	}
	appendStringInfoCharMacro(out, '"');
	appendBinaryStringInfo(out, text, length);
	appendStringInfoCharMacro(out, '"');
}

static void
render_int(StringInfo out, int value)
{
	char text[12];

	appendBinaryStringInfo(out, text, pg_ltoa(value, text));
}

static bool
is_plain(const char *string, int length)
{
	for (int i = 0; i < length; i++)
	{
		if ((unsigned char) string[i] < ' ' || string[i] == '"' || string[i] == '\\')
			return false;
	}
	return true;
}

/* Nearly every string is itself between quotes. */
static void
render_string(StringInfo out, const char *string, int length)
{
	if (!is_plain(string, length))
	{
		escape_json(out, pnstrdup(string, length));
		return;
	}
	appendStringInfoCharMacro(out, '"');
	appendBinaryStringInfo(out, string, length);
	appendStringInfoCharMacro(out, '"');
}

static char *
output_of(Datum value, Oid type)
{
	Oid function;
	bool is_varlena;

	getTypeOutputInfo(type, &function, &is_varlena);
	return OidOutputFunctionCall(function, value);
}

/* Numbers as their output function writes them; what JSON has no number for is null. Most are money. */
static void
render_number(StringInfo out, Datum value, Oid type)
{
	char *text = type == NUMERICOID ? DatumGetCString(DirectFunctionCall1(numeric_out, value)) : output_of(value, type);

	appendStringInfoString(out, strpbrk(text, "IN") == NULL ? text : "null");
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
		render_string(out, NameStr(attr->attname), strlen(NameStr(attr->attname)));
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

/* The elements of one dimension, each an array itself in all but the last; returns the first that is not of it. */
static int
render_dimension(StringInfo out, ArrayType *array, int dimension, const Datum *values, const bool *nulls, int next)
{
	appendStringInfoCharMacro(out, '[');
	for (int i = 0; i < ARR_DIMS(array)[dimension]; i++)
	{
		if (i > 0)
			appendStringInfoCharMacro(out, ',');
		if (dimension < ARR_NDIM(array) - 1)
			next = render_dimension(out, array, dimension + 1, values, nulls, next);
		else if (nulls[next])
		{
			appendStringInfoString(out, "null");
			next++;
		}
		else
			render_value(out, values[next++], ARR_ELEMTYPE(array));
	}
	appendStringInfoCharMacro(out, ']');
	return next;
}

static void
render_array(StringInfo out, ArrayType *array)
{
	int16 length;
	bool by_value;
	char align;
	Datum *values;
	bool *nulls;
	int n;

	if (ARR_NDIM(array) == 0)
	{
		appendStringInfoString(out, "[]");
		return;
	}
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align, &values, &nulls, &n);
	(void) render_dimension(out, array, 0, values, nulls, 0);
	pfree(values);
	pfree(nulls);
}

static void
render_uuid(StringInfo out, const pg_uuid_t *id)
{
	static const char digits[] = "0123456789abcdef";
	char text[38];
	char *p = text;

	*p++ = '"';
	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[id->data[i] >> 4];
		*p++ = digits[id->data[i] & 0xf];
	}
	*p++ = '"';
	appendBinaryStringInfo(out, text, p - text);
}

static void
render_composed(StringInfo out, Datum value, Oid type)
{
	if (OidIsValid(get_element_type(type)))
		render_array(out, DatumGetArrayTypeP(value));
	else if (type_is_rowtype(type))
		render_record(out, DatumGetHeapTupleHeader(value));
	else
		escape_json(out, output_of(value, type));
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
			render_int(out, DatumGetInt32(value));
			break;
		case INT2OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			render_number(out, value, type);
			break;
		case TIMESTAMPTZOID:
			render_time(out, DatumGetTimestampTz(value));
			break;
		case DATEOID:
		{
			char text[MAXDATELEN + 1];

			escape_json(out, JsonEncodeDateTime(text, value, DATEOID, NULL));
			break;
		}
		case UUIDOID:
			render_uuid(out, DatumGetUUIDP(value));
			break;
		case TEXTOID:
		{
			text *string = DatumGetTextPP(value);

			render_string(out, VARDATA_ANY(string), VARSIZE_ANY_EXHDR(string));
			break;
		}
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

/* Written behind the header that makes a value of it. */
EvArg
ev_render(Datum composite)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoSpaces(&out, VARHDRSZ);
	render_record(&out, DatumGetHeapTupleHeader(composite));
	SET_VARSIZE(out.data, out.len);
	return ev_datum(PointerGetDatum(out.data));
}

Datum
evently_render(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(ev_render(PG_GETARG_DATUM(0)).value);
}
