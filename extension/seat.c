/*
 * seat.c
 *		Finds, locks and gives seats.
 */
#include "postgres.h"

#include "errors.h"
#include "id.h"
#include "seat.h"
#include "spi.h"
#include "tuple.h"

/* Reserved sections only: those of general admission have no seats. */
EV_STATEMENT(find_seats,
			 "SELECT s.ordinal, s.label, s.section_id, s.seat_id,"
			 "       s.booking_id IS NOT NULL OR coalesce(s.held_until > $4, false)"
			 "  FROM evently.event_seat s"
			 " WHERE s.event_id = $1"
			 "   AND s.label = ANY ($2 || ARRAY(SELECT v.label FROM evently.venue_seat v WHERE v.seat_id = ANY ($3)))"
			 "   AND (s.label = ANY ($2) OR s.seat_id = ANY ($3))"
			 " ORDER BY s.ordinal",
			 UUIDOID, TEXTARRAYOID, UUIDARRAYOID, TIMESTAMPTZOID);

/* By ids that the layout no longer has, or has under another label: the event keeps what it copied. */
EV_STATEMENT(seats_by_id,
			 "SELECT s.seat_id, s.label FROM evently.event_seat s WHERE s.event_id = $1 AND s.seat_id = ANY ($2)",
			 UUIDOID, UUIDARRAYOID);

EV_STATEMENT(layout_seats,
			 "SELECT v.label FROM evently.venue_seat v WHERE v.seat_id = ANY ($1)",
			 UUIDARRAYOID);

EV_STATEMENT(lock_seats,
			 "SELECT booking_id IS NOT NULL, held_until"
			 "  FROM evently.event_seat"
			 " WHERE event_id = $1 AND ordinal = ANY ($2)"
			 " ORDER BY ordinal FOR UPDATE",
			 UUIDOID, INT4ARRAYOID);

EV_STATEMENT(give_seats,
			 "UPDATE evently.event_seat SET hold_id = $3, held_until = $4, booking_id = $5"
			 " WHERE event_id = $1 AND ordinal = ANY ($2)",
			 UUIDOID, INT4ARRAYOID, UUIDOID, TIMESTAMPTZOID, UUIDOID);

static EvArg
ordinals_of(const EvSeat *seats, int n)
{
	int *ordinals = palloc(n * sizeof(int));

	for (int i = 0; i < n; i++)
		ordinals[i] = seats[i].ordinal;
	return ev_int_array(ordinals, n);
}

static void
refuse_taken(const EvEvent *event, char *const *labels, int n)
{
	ev_raise(EV_SEATS_UNAVAILABLE,
			 ev_detail_texts(ev_detail_uuid(ev_detail(), "event_id", &event->event_id), "seat_ids", labels, n),
			 "Choose other seats; get_seat_map() shows what is free.",
			 n == 1 ? "seat %s is taken" : "seats %s and others are taken", labels[0]);
}

/* Which of the names asked for is not among the seats found? */
static void
refuse_unknown(const EvEvent *event, char *const *names, int n, int nfound)
{
	char **missing = palloc(n * sizeof(char *));
	int nmissing = 0;

	for (int i = 0; i < n; i++)
	{
		pg_uuid_t id;
		bool found = false;

		for (int row = 0; row < nfound && !found; row++)
		{
			pg_uuid_t seat_id = ev_get_uuid(row, 4);

			found = strcmp(ev_get_text(row, 2), names[i]) == 0 ||
				(ev_parse_uuid(names[i], &id) && ev_same_id(&id, &seat_id));
		}
		if (!found)
			missing[nmissing++] = names[i];
	}
	if (nmissing == 0)
		ev_invalid("seat_ids", "a seat is named twice, by its label and by its id");

	for (int i = 0; i < nmissing; i++)
	{
		pg_uuid_t id;

		if (ev_parse_uuid(missing[i], &id) && ev_query(&layout_seats, ev_uuid_array(&id, 1)) > 0)
			ev_invalid("seat_ids", "seat %s (%s) belongs to another event", missing[i], ev_get_text(0, 1));
	}
	ev_raise(EV_SEAT_NOT_FOUND,
			 ev_detail_texts(ev_detail_uuid(ev_detail(), "event_id", &event->event_id), "seat_ids", missing, nmissing),
			 NULL, "the event has no seat %s", missing[0]);
}

static int
compare_names(const void *a, const void *b)
{
	return pg_strcasecmp(*(char *const *) a, *(char *const *) b);
}

static void
refuse_repeated(char *const *names, int n)
{
	char **sorted = palloc(n * sizeof(char *));

	memcpy(sorted, names, n * sizeof(char *));
	qsort(sorted, n, sizeof(char *), compare_names);
	for (int i = 1; i < n; i++)
	{
		pg_uuid_t id;

		if (strcmp(sorted[i - 1], sorted[i]) == 0 ||
			(compare_names(&sorted[i - 1], &sorted[i]) == 0 && ev_parse_uuid(sorted[i], &id)))
			ev_invalid("seat_ids", "seat %s is named twice", sorted[i]);
	}
}

static bool
has_seats(const EvEvent *event)
{
	for (int i = 0; i < event->nsections; i++)
	{
		if (event->sections[i].reserved)
			return true;
	}
	return false;
}

static int
find(const EvEvent *event, char *const *names, int n, const pg_uuid_t *ids, int nids)
{
	return (int) ev_query(&find_seats, ev_uuid(&event->event_id), ev_text_array(names, n), ev_uuid_array(ids, nids),
						  ev_time(GetCurrentTimestamp()));
}

/* The names, with the event's own label in place of every id. */
static char **
own_labels(const EvEvent *event, char *const *names, int n, const pg_uuid_t *ids, int nids)
{
	char **own = palloc(n * sizeof(char *));
	int found = (int) ev_query(&seats_by_id, ev_uuid(&event->event_id), ev_uuid_array(ids, nids));

	memcpy(own, names, n * sizeof(char *));
	for (int i = 0; i < n; i++)
	{
		pg_uuid_t id;

		for (int row = 0; row < found && ev_parse_uuid(names[i], &id); row++)
		{
			pg_uuid_t seat_id = ev_get_uuid(row, 1);

			if (ev_same_id(&id, &seat_id))
				own[i] = ev_get_text(row, 2);
		}
	}
	return own;
}

EvSeat *
ev_seats_find(EvEvent *event, char *const *names, int n)
{
	pg_uuid_t *ids = palloc(n * sizeof(pg_uuid_t));
	int nids = 0;
	int nfound;
	EvSeat *seats = palloc(n * sizeof(EvSeat));
	char **taken = palloc(n * sizeof(char *));
	int ntaken = 0;
	pg_uuid_t section_id;

	if (!has_seats(event))
		ev_raise(EV_SEAT_MAP_MISSING, ev_detail_uuid(ev_detail(), "event_id", &event->event_id),
				 "Ask for a quantity instead.", "the event has no numbered seats");
	refuse_repeated(names, n);
	for (int i = 0; i < n; i++)
	{
		if (ev_parse_uuid(names[i], &ids[nids]))
			nids++;
	}
	nfound = find(event, names, n, ids, nids);
	if (nfound != n && nids > 0)
		nfound = find(event, own_labels(event, names, n, ids, nids), n, ids, nids);
	if (nfound != n)
		refuse_unknown(event, names, n, nfound);
	for (int i = 0; i < n; i++)
	{
		section_id = ev_get_uuid(i, 3);
		seats[i] = (EvSeat){
			.ordinal = ev_get_int(i, 1),
			.label = ev_get_text(i, 2),
			.section = ev_event_section_index(event, &section_id),
		};
		if (ev_get_bool(i, 5))
			taken[ntaken++] = seats[i].label;
	}
	if (ntaken > 0)
		refuse_taken(event, taken, ntaken);
	return seats;
}

void
ev_seats_lock_free(const EvEvent *event, EvSeat *seats, int n)
{
	char **taken = palloc(n * sizeof(char *));
	int ntaken = 0;
	TimestampTz clock;

	if (ev_query(&lock_seats, ev_uuid(&event->event_id), ordinals_of(seats, n)) != (uint64) n)
		elog(ERROR, "a seat of the event is gone");
	clock = GetCurrentTimestamp();
	for (int i = 0; i < n; i++)
	{
		seats[i].was_held = !ev_is_null(i, 2);
		if (ev_get_bool(i, 1) || (seats[i].was_held && ev_get_time(i, 2) > clock))
			taken[ntaken++] = seats[i].label;
	}
	if (ntaken > 0)
		refuse_taken(event, taken, ntaken);
}

void
ev_seats_give(const EvEvent *event, const EvSeat *seats, int n, EvSeatOwner owner)
{
	uint64 given = ev_query(&give_seats, ev_uuid(&event->event_id), ordinals_of(seats, n),
							ev_maybe_uuid(owner.hold_id),
							owner.hold_id ? ev_time(owner.held_until) : ev_null(),
							ev_maybe_uuid(owner.booking_id));

	if (given != (uint64) n)
		elog(ERROR, "gave " UINT64_FORMAT " of %d seats", given, n);
}
