/*
 * event_filter.h
 *		Which events lists and searches let through.
 *
 * Every filter is read before any row, so that one that cannot be read is refused also where no event is.
 */
#ifndef EV_EVENT_FILTER_H
#define EV_EVENT_FILTER_H

#include "spi.h"

#define EV_FILTER_ARGS 9

typedef struct EvEventFilter
{
	EvArg args[EV_FILTER_ARGS]; /* the arguments of EV_FILTERED, from $1 */
} EvEventFilter;

/* As the functions take them: texts, tags a text[], published_only boolean, created_by uuid. */
typedef struct EvGivenFilter
{
	EvArg type;
	EvArg city;
	EvArg date;
	EvArg date_from;
	EvArg date_to;
	EvArg status;
	EvArg tags;
	EvArg published_only;
	EvArg created_by;
} EvGivenFilter;

/* The venues whose name is like the pattern, as an array: how many there are decides how their events are found. */
extern EvArg ev_venues_like(EvArg pattern);

/* VALIDATION_ERROR names the argument that is wrong. */
extern EvEventFilter ev_event_filter(const EvGivenFilter *given);

/* Of an event e, in an EV_CHOICE: what is not asked for is gone before the statement is planned. */
#define EV_FILTERED                                   \
	"($1 IS NULL OR lower(e.event_type) = lower($1))" \
	" AND ($2 IS NULL OR e.venue_id = ANY ($2))"      \
	" AND ($3 IS NULL OR e.start_datetime >= $3)"     \
	" AND ($4 IS NULL OR e.start_datetime < $4)"      \
	" AND ($5 IS NULL OR e.status = $5)"              \
	" AND ($6 IS NULL OR e.tags @> $6)"               \
	" AND ($7 IS NOT TRUE OR e.status = 'published')" \
	" AND ($8 IS NULL OR e.created_by = $8 AND e.organiser_id IS NULL OR e.organiser_id = ANY ($9))"
#define EV_FILTER_TYPES \
	TEXTOID, UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TEXTARRAYOID, BOOLOID, UUIDOID, UUIDARRAYOID

#define EV_FILTER_VALUES(f) \
	(f).args[0], (f).args[1], (f).args[2], (f).args[3], (f).args[4], (f).args[5], (f).args[6], (f).args[7], (f).args[8]

#endif
