/*
 * event_filter.c
 *		Reads the filters of lists and searches.
 */
#include "postgres.h"

#include <ctype.h>

#include "utils/builtins.h"
#include "utils/datetime.h"

#include "args.h"
#include "event_filter.h"
#include "mark.h"
#include "tuple.h"

/* The events of an account's teams are its own. */
EV_STATEMENT(find_teams,
			 "SELECT ARRAY(SELECT m.organiser_id FROM evently.organiser_member m WHERE m.account_id = $1)",
			 UUIDOID);

EV_CHOICE(find_city,
		  "SELECT ARRAY(SELECT v.venue_id FROM evently.venue v WHERE lower(v.city) = lower($1))",
		  TEXTOID);

EV_CHOICE(find_venues,
		  "SELECT ARRAY(SELECT v.venue_id FROM evently.venue v WHERE v.name ILIKE $1)",
		  TEXTOID);

static EvArg
value_of(int column)
{
	return ev_is_null(0, column) ? ev_null() : ev_datum(ev_copied_value(0, column));
}

/* What is found for a value that is given. */
static EvArg
found_for(EvStatement *statement, EvArg given)
{
	if (given.isnull)
		return given;
	ev_query(statement, given);
	return value_of(1);
}

static EvArg
status_word(EvArg given)
{
	if (given.isnull)
		return given;
	return ev_text(ev_word(TextDatumGetCString(given.value), "status", "draft, published, inactive, cancelled, completed"));
}

static bool
is_day(const char *text)
{
	static const char form[] = "0000-00-00";
	int n = 0;

	while (form[n] != '\0' && (form[n] == '0' ? isdigit((unsigned char) text[n]) : text[n] == form[n]))
		n++;
	return form[n] == '\0' && text[n] == '\0';
}

/* DecodeDateTime() raises an error for an unknown one of these, in PostgreSQL 15. */
static bool
zones_are_known(char **fields, const int *types, int n)
{
	for (int i = 1; i < n; i++)
	{
		if (types[i] == DTK_DATE && !isdigit((unsigned char) *fields[i]) && pg_tzset(fields[i]) == NULL)
			return false;
	}
	return true;
}

/* As timestamptz_in(), which raises an error for what cannot be read. */
static bool
read_time(const char *text, TimestampTz *time)
{
	char work[MAXDATELEN + MAXDATEFIELDS];
	char *fields[MAXDATEFIELDS];
	int types[MAXDATEFIELDS];
	int n;
	int kind;
	struct pg_tm tm;
	fsec_t fraction;
	int zone;
#if PG_VERSION_NUM >= 160000
	DateTimeErrorExtra extra;
#endif

	if (ParseDateTime(text, work, sizeof(work), fields, types, MAXDATEFIELDS, &n) != 0 || !zones_are_known(fields, types, n))
		return false;
#if PG_VERSION_NUM >= 160000
	if (DecodeDateTime(fields, types, n, &kind, &tm, &fraction, &zone, &extra) != 0)
		return false;
#else
	if (DecodeDateTime(fields, types, n, &kind, &tm, &fraction, &zone) != 0)
		return false;
#endif
	switch (kind)
	{
		case DTK_DATE:
			return tm2timestamp(&tm, fraction, &zone, time) == 0;
		case DTK_EPOCH:
			*time = SetEpochTimestamp();
			return true;
		case DTK_EARLY:
			*time = DT_NOBEGIN;
			return true;
		case DTK_LATE:
			*time = DT_NOEND;
			return true;
		default:
			return false;
	}
}

/* A date is its midnight in UTC, that many days later; anything else a time as PostgreSQL reads it. */
static EvArg
time_of(EvArg given, const char *name, int days_later)
{
	char *value;
	bool day;
	TimestampTz time;

	if (given.isnull)
		return given;
	value = TextDatumGetCString(given.value);
	day = is_day(value);
	if (!read_time(day ? psprintf("%s 00:00:00Z", value) : value, &time))
		ev_invalid(name, "%s must be a date or a time", name);
	return ev_time(day ? time + days_later * USECS_PER_DAY : time);
}

static EvArg
later(EvArg a, EvArg b)
{
	return b.isnull || (!a.isnull && DatumGetTimestampTz(a.value) > DatumGetTimestampTz(b.value)) ? a : b;
}

static EvArg
earlier(EvArg a, EvArg b)
{
	return b.isnull || (!a.isnull && DatumGetTimestampTz(a.value) < DatumGetTimestampTz(b.value)) ? a : b;
}

EvEventFilter
ev_event_filter(const EvGivenFilter *given)
{
	EvArg status = status_word(given->status);
	EvArg from = later(time_of(given->date_from, "date_from", 0), time_of(given->date, "date", 0));
	EvArg to = earlier(time_of(given->date_to, "date_to", 1), time_of(given->date, "date", 1));

	if (!from.isnull || !to.isnull)
		ev_mark_drop(); /* it may be "today" */
	return (EvEventFilter){{given->type, found_for(&find_city, given->city), from, to, status, given->tags,
							given->published_only, given->created_by, found_for(&find_teams, given->created_by)}};
}

EvArg
ev_venues_like(EvArg pattern)
{
	return found_for(&find_venues, pattern);
}
