/*
 * paging.c
 *		Arguments that lists share: page, limit, offset, and words out of a list.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "args.h"
#include "errors.h"

#define DEFAULT_LIMIT 20
#define MAX_LIMIT 100

PG_FUNCTION_INFO_V1(evently_page_limit);
PG_FUNCTION_INFO_V1(evently_page_number);
PG_FUNCTION_INFO_V1(evently_page_offset);
PG_FUNCTION_INFO_V1(evently_require_word);

static int
limit_of(FunctionCallInfo fcinfo, int n)
{
	int limit = PG_ARGISNULL(n) ? DEFAULT_LIMIT : PG_GETARG_INT32(n);

	if (limit < 1)
		ev_invalid("limit", "limit must be at least 1");
	return Min(limit, MAX_LIMIT);
}

static int
page_of(FunctionCallInfo fcinfo, int n)
{
	int page = PG_ARGISNULL(n) ? 1 : PG_GETARG_INT32(n);

	if (page < 1)
		ev_invalid("page", "page must be at least 1");
	return page;
}

/* page_limit(limit) */
Datum
evently_page_limit(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(limit_of(fcinfo, 0));
}

/* page_number(page, limit, offset): the page that an offset begins on, or the page asked for */
Datum
evently_page_number(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(2))
		PG_RETURN_INT32(page_of(fcinfo, 0));
	PG_RETURN_INT32(PG_GETARG_INT32(2) / limit_of(fcinfo, 1) + 1);
}

/* page_offset(page, limit, offset) */
Datum
evently_page_offset(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(2))
		PG_RETURN_INT64((int64) (page_of(fcinfo, 0) - 1) * limit_of(fcinfo, 1));
	if (PG_GETARG_INT32(2) < 0)
		ev_invalid("offset", "offset must not be negative");
	PG_RETURN_INT64(PG_GETARG_INT32(2));
}

/* require_word(value, name, words): the value in lower case; null stays null */
Datum
evently_require_word(PG_FUNCTION_ARGS)
{
	char *value = ev_text_argument(fcinfo, 0);

	if (value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(ev_word(value, ev_text_argument(fcinfo, 1), ev_text_argument(fcinfo, 2))));
}
