/*
 * errors.c
 *		Raises the refusals of errors.def.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "errors.h"
#include "lock.h"

static const char *const sqlstates[] = {
#define EV_ERROR(symbol, sqlstate, http) [EV_##symbol] = sqlstate,
#include "errors.def"
#undef EV_ERROR
};

static const char *const codes[] = {
#define EV_ERROR(symbol, sqlstate, http) [EV_##symbol] = #symbol,
#include "errors.def"
#undef EV_ERROR
};

static int
error_sqlstate(EvError error)
{
	const char *s = sqlstates[error];

	return MAKE_SQLSTATE(s[0], s[1], s[2], s[3], s[4]);
}

static EvRefusal *
refusal_of(const ErrorData *error, const char *code)
{
	EvRefusal *refusal = palloc(sizeof(EvRefusal));

	*refusal = (EvRefusal){pstrdup(unpack_sql_state(error->sqlerrcode)), code, error->message, error->detail, error->hint};
	return refusal;
}

EvRefusal *
ev_refusal(const ErrorData *error)
{
	for (int i = 0; i < lengthof(sqlstates); i++)
	{
		if (error->sqlerrcode == error_sqlstate(i))
			return refusal_of(error, codes[i]);
	}
	return error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE && ev_locks_are_tried() ? refusal_of(error, "UNAVAILABLE") : NULL;
}

EvDetail *
ev_detail(void)
{
	EvDetail *detail = palloc(sizeof(EvDetail));

	initStringInfo(&detail->json);
	return detail;
}

static void
add_name(EvDetail *detail, const char *name)
{
	appendStringInfoString(&detail->json, detail->json.len == 0 ? "{" : ",");
	escape_json(&detail->json, name);
	appendStringInfoChar(&detail->json, ':');
}

EvDetail *
ev_detail_int(EvDetail *detail, const char *name, int64 value)
{
	add_name(detail, name);
	appendStringInfo(&detail->json, INT64_FORMAT, value);
	return detail;
}

EvDetail *
ev_detail_text(EvDetail *detail, const char *name, const char *value)
{
	add_name(detail, name);
	escape_json(&detail->json, value);
	return detail;
}

EvDetail *
ev_detail_uuid(EvDetail *detail, const char *name, const pg_uuid_t *value)
{
	return ev_detail_text(detail, name,
						  DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(value))));
}

EvDetail *
ev_detail_texts(EvDetail *detail, const char *name, char *const *values, int n)
{
	add_name(detail, name);
	appendStringInfoChar(&detail->json, '[');
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoChar(&detail->json, ',');
		escape_json(&detail->json, values[i]);
	}
	appendStringInfoChar(&detail->json, ']');
	return detail;
}

static char *format_message(const char *format, va_list *args) pg_attribute_printf(1, 0);

static char *
format_message(const char *format, va_list *args)
{
	StringInfoData buf;
	int needed;
	va_list copy;

	initStringInfo(&buf);
	for (;;)
	{
		va_copy(copy, *args);
		needed = appendStringInfoVA(&buf, format, copy);
		va_end(copy);
		if (needed == 0)
			return buf.data;
		enlargeStringInfo(&buf, needed);
	}
}

static void
raise(EvError error, EvDetail *detail, const char *hint, const char *message)
{
	appendStringInfoChar(&detail->json, '}');
	ereport(ERROR,
			(errcode(error_sqlstate(error)),
			 errmsg_internal("%s", message),
			 errdetail_internal("%s", detail->json.data),
			 hint ? errhint("%s", hint) : 0));
}

void
ev_raise(EvError error, EvDetail *detail, const char *hint, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	raise(error, detail, hint, format_message(format, &args));
	va_end(args);
	pg_unreachable();
}

void
ev_invalid(const char *field, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	raise(EV_VALIDATION_ERROR, ev_detail_text(ev_detail(), "field", field), NULL, format_message(format, &args));
	va_end(args);
	pg_unreachable();
}
