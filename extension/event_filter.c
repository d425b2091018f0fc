/*
 * event_filter.c
 *		Reads the filters of lists and searches.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "args.h"
#include "event_filter.h"
#include "tuple.h"

/* A date is a whole day. The teams of an account: their events are its own. */
EV_STATEMENT(read_filter,
			 "SELECT greatest(evently.instant($2, 0), evently.instant($1, 0)),"
			 "       least(evently.instant($3, 1), evently.instant($1, 1)),"
			 "       ARRAY(SELECT m.organiser_id FROM evently.organiser_member m WHERE m.account_id = $4),"
			 "       CASE WHEN $5 IS NOT NULL THEN"
			 "            ARRAY(SELECT v.venue_id FROM evently.venue v WHERE lower(v.city) = lower($5)) END",
			 TEXTOID, TEXTOID, TEXTOID, UUIDOID, TEXTOID);

EV_SURVEY(find_venues,
		  "SELECT ARRAY(SELECT v.venue_id FROM evently.venue v WHERE v.name ILIKE $1)",
		  TEXTOID);

static EvArg
value_of(int column)
{
	return ev_is_null(0, column) ? ev_null() : ev_datum(ev_copied_value(0, column));
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
	EvArg none = ev_null();

	if (given->date.isnull && given->date_from.isnull && given->date_to.isnull && given->created_by.isnull && given->city.isnull)
		return (EvEventFilter){{given->type, none, none, none, status, given->tags, given->published_only, none, none}};
	ev_query(&read_filter, given->date, given->date_from, given->date_to, given->created_by, given->city);
	return (EvEventFilter){{given->type, value_of(4), value_of(1), value_of(2), status, given->tags,
							given->published_only, given->created_by, value_of(3)}};
}

EvArg
ev_venues_like(EvArg pattern)
{
	if (pattern.isnull)
		return pattern;
	ev_query(&find_venues, pattern);
	return value_of(1);
}
