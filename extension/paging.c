/*
 * paging.c
 *		Pages of lists, for C and for the lists that are SQL functions.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "args.h"
#include "errors.h"
#include "paging.h"

#define DEFAULT_LIMIT 20
#define MAX_LIMIT 100

PG_FUNCTION_INFO_V1(evently_page_limit);
PG_FUNCTION_INFO_V1(evently_page_number);
PG_FUNCTION_INFO_V1(evently_page_offset);
PG_FUNCTION_INFO_V1(evently_require_count);
PG_FUNCTION_INFO_V1(evently_require_word);

EvPage
ev_page(EvArg page, EvArg limit, EvArg offset)
{
	EvPage result = {.number = 1, .limit = DEFAULT_LIMIT};

	if (!limit.isnull)
		result.limit = Min(DatumGetInt32(limit.value), MAX_LIMIT);
	if (result.limit < 1)
		ev_invalid("limit", "limit must be at least 1");
	if (!page.isnull)
		result.number = DatumGetInt32(page.value);
	if (result.number < 1)
		ev_invalid("page", "page must be at least 1");
	result.offset = (int64) (result.number - 1) * result.limit;
	if (!offset.isnull)
	{
		result.offset = DatumGetInt32(offset.value);
		if (result.offset < 0)
			ev_invalid("offset", "offset must not be negative");
		result.number = result.offset / result.limit + 1;
	}
	return result;
}

static EvPage
page_of(FunctionCallInfo fcinfo)
{
	return ev_page(ev_arg(0), ev_arg(1), ev_arg(2));
}

/* page_limit(page, limit, offset) */
Datum
evently_page_limit(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(page_of(fcinfo).limit);
}

/* page_number(page, limit, offset): the page that an offset begins on, or the page asked for */
Datum
evently_page_number(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(page_of(fcinfo).number);
}

/* page_offset(page, limit, offset) */
Datum
evently_page_offset(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(page_of(fcinfo).offset);
}

/* require_count(value, name): null stays null */
Datum
evently_require_count(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	ev_require_given(!PG_ARGISNULL(1), "name");
	if (PG_GETARG_INT64(0) < 0)
	{
		const char *name = ev_text_argument(fcinfo, 1);

		ev_invalid(name, "%s must not be negative", name);
	}
	PG_RETURN_INT64(PG_GETARG_INT64(0));
}

/* require_word(value, name, words): the value in lower case; null stays null */
Datum
evently_require_word(PG_FUNCTION_ARGS)
{
	char *value = ev_text_argument(fcinfo, 0);

	if (value == NULL)
		PG_RETURN_NULL();
	ev_require_given(!PG_ARGISNULL(1) && !PG_ARGISNULL(2), "words");
	PG_RETURN_TEXT_P(cstring_to_text(ev_word(value, ev_text_argument(fcinfo, 1), ev_text_argument(fcinfo, 2))));
}
