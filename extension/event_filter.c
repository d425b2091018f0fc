/*
 * event_filter.c
 *		Reads the filters of lists and searches.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "args.h"
#include "event_filter.h"
#include "mark.h"
#include "tuple.h"

/* A date is a whole day. */
EV_STATEMENT(read_times,
			 "SELECT greatest(evently.instant($2, 0), evently.instant($1, 0)),"
			 "       least(evently.instant($3, 1), evently.instant($1, 1))",
			 TEXTOID, TEXTOID, TEXTOID);

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

EvEventFilter
ev_event_filter(const EvGivenFilter *given)
{
	EvArg status = status_word(given->status);
	EvArg from = ev_null();
	EvArg to = ev_null();

	if (!given->date.isnull || !given->date_from.isnull || !given->date_to.isnull)
	{
		ev_mark_drop(); /* it may be "today" */
		ev_query(&read_times, given->date, given->date_from, given->date_to);
		from = value_of(1);
		to = value_of(2);
	}
	return (EvEventFilter){{given->type, found_for(&find_city, given->city), from, to, status, given->tags,
							given->published_only, given->created_by, found_for(&find_teams, given->created_by)}};
}

EvArg
ev_venues_like(EvArg pattern)
{
	return found_for(&find_venues, pattern);
}
