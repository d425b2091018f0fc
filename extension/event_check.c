/*
 * event_check.c
 *		What the fields of an event may be.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "args.h"
#include "errors.h"
#include "event_check.h"
#include "money.h"
#include "tuple.h"

/* 1e12 of any currency */
#define PRICE_LIMIT INT64CONST(1000000000000)
#define MAX_TAGS 20

EV_STATEMENT(find_zone,
			 "SELECT 1 FROM pg_catalog.pg_timezone_names z WHERE lower(z.name) = lower($1)",
			 TEXTOID);

void
ev_require_texts(FunctionCallInfo fcinfo, int name, int description, int event_type)
{
	ev_require_name(fcinfo, name, "name", 200);
	ev_require_length(fcinfo, description, "description", 20000);
	ev_require_length(fcinfo, event_type, "event_type", 100);
}

/* A specification of POSIX, which PostgreSQL takes for a zone too, has a digit. The search reads all zones there are. */
static bool
is_zone(const char *name)
{
	if (*name == '\0' || pg_tzset(name) == NULL)
		return false;
	return strpbrk(name, "0123456789") == NULL || ev_query(&find_zone, ev_text(name)) > 0;
}

void
ev_require_timezone(const char *timezone)
{
	if (timezone != NULL && !is_zone(timezone))
		ev_invalid("timezone", "timezone must be a name of the IANA database, like Europe/Paris");
}

/* At least 0, at most the limit; NaN and infinity are above every limit. */
static bool
is_between(Numeric value, int64 limit)
{
	return DatumGetBool(DirectFunctionCall2(numeric_ge, NumericGetDatum(value), NumericGetDatum(int64_to_numeric(0)))) &&
		DatumGetBool(DirectFunctionCall2(numeric_le, NumericGetDatum(value), NumericGetDatum(int64_to_numeric(limit))));
}

void
ev_require_multiplier(EvArg multiplier)
{
	if (!multiplier.isnull && !is_between(DatumGetNumeric(multiplier.value), 1000))
		ev_invalid("price_multiplier", "price_multiplier must be between 0 and 1000");
}

Numeric
ev_price(const char *field, Numeric given, const char *currency)
{
	if (!is_between(given, PRICE_LIMIT) ||
		DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(given),
										 NumericGetDatum(int64_to_numeric(PRICE_LIMIT)))))
		ev_invalid(field, "%s must be at least 0 and below 1e12", field);
	ev_require_decimals(field, given, currency);
	return ev_money_round(given, currency);
}

void
ev_require_decimals(const char *field, Numeric amount, const char *currency)
{
	if (!ev_money_is_round(amount, currency))
		ev_invalid(field, "%s has at most %d decimals in %s", field, ev_money_digits(currency), currency);
}

void
ev_require_max_tickets(EvArg max)
{
	if (!max.isnull && (DatumGetInt32(max.value) < 1 || DatumGetInt32(max.value) > 1000))
		ev_invalid("max_tickets_per_booking", "max_tickets_per_booking must be between 1 and 1000");
}

void
ev_require_max_per_user(EvArg max)
{
	if (!max.isnull && (DatumGetInt32(max.value) < 0 || DatumGetInt32(max.value) > 1000000))
		ev_invalid("max_tickets_per_user", "max_tickets_per_user must be between 1 and 1000000, or 0 for no limit");
}

void
ev_require_capacity(int capacity)
{
	if (capacity < 0 || capacity > 1000000)
		ev_invalid("total_capacity", "total_capacity must be between 0 and 1000000");
}

EvArg
ev_event_tags(EvArg given)
{
	char *tags[MAX_TAGS];
	int ntags = 0;
	int n;
	char **texts;

	if (given.isnull)
		return given;
	texts = ev_texts_of(given.value, "tags", &n);
	for (int i = 0; i < n; i++)
	{
		int length = pg_mbstrlen(texts[i]);
		int known = 0;

		if (length < 1 || length > EV_TAG_LENGTH)
			ev_invalid("tags", "a tag has 1 to %d characters", EV_TAG_LENGTH);
		while (known < ntags && strcmp(tags[known], texts[i]) != 0)
			known++;
		if (known == MAX_TAGS)
			ev_invalid("tags", "an event has at most %d tags", MAX_TAGS);
		if (known == ntags)
			tags[ntags++] = texts[i];
	}
	return ev_text_array(tags, ntags);
}

/* Years that every reader of a date knows, JSON's among them. */
static void
require_common_year(const char *field, TimestampTz time)
{
	TimestampTz first = (TimestampTz) (date2j(1900, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;
	TimestampTz last = (TimestampTz) (date2j(10000, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;

	if (time < first || time >= last)
		ev_invalid(field, "%s must be in the years 1900 to 9999", field);
}

void
ev_require_order(TimestampTz start, TimestampTz end)
{
	require_common_year("start_datetime", start);
	require_common_year("end_datetime", end);
	if (end <= start)
		ev_invalid("end_datetime", "end_datetime must be after start_datetime");
}

void
ev_require_sale_order(EvArg start, EvArg end)
{
	if (!start.isnull)
		require_common_year("sale_start_time", DatumGetTimestampTz(start.value));
	if (!end.isnull)
		require_common_year("sale_end_time", DatumGetTimestampTz(end.value));
	if (!start.isnull && !end.isnull && DatumGetTimestampTz(end.value) <= DatumGetTimestampTz(start.value))
		ev_invalid("sale_end_time", "sale_end_time must be after sale_start_time");
}

char *
ev_currency(const char *given)
{
	char *currency = pstrdup(given ? given : "USD");

	for (char *p = currency; *p != '\0'; p++)
		*p = pg_toupper((unsigned char) *p);
	if (strlen(currency) != 3 || strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
		ev_invalid("currency", "currency must be a code of ISO 4217, like EUR");
	return currency;
}
