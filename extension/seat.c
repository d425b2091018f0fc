/*
 * seat.c
 *		Finds, locks and gives seats.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "batch.h"
#include "errors.h"
#include "id.h"
#include "seat.h"
#include "table.h"
#include "tuple.h"

/* Reserved sections only: those of general admission have no seats. */
EV_STATEMENT(find_labels,
			 "SELECT s.label, s.seat_id FROM evently.event_seat s"
			 " WHERE s.event_id = $1"
			 "   AND s.label = ANY ($2 || ARRAY(SELECT v.label FROM evently.venue_seat v WHERE v.seat_id = ANY ($3)))"
			 "   AND (s.label = ANY ($2) OR s.seat_id = ANY ($3))",
			 UUIDOID, TEXTARRAYOID, UUIDARRAYOID);

/* By ids that the layout no longer has, or has under another label: the event keeps what it copied. */
EV_STATEMENT(seats_by_id,
			 "SELECT s.seat_id, s.label FROM evently.event_seat s WHERE s.event_id = $1 AND s.seat_id = ANY ($2)",
			 UUIDOID, UUIDARRAYOID);

EV_STATEMENT(layout_seats,
			 "SELECT v.label FROM evently.venue_seat v WHERE v.seat_id = ANY ($1)",
			 UUIDARRAYOID);

EV_STATEMENT(give_seat,
			 "UPDATE evently.event_seat SET hold_id = $3, held_until = $4, booking_id = $5"
			 " WHERE event_id = $1 AND ordinal = $2",
			 UUIDOID, INT4OID, UUIDOID, TIMESTAMPTZOID, UUIDOID);

/* Columns of a seat, after those of the key. */
enum
{
	HOLD_ID = 3,
	HELD_UNTIL,
	BOOKING_ID,
	SECTION_ID,
	LABEL,
	ORDINAL_OF_LABEL = LABEL
};

static const char *const seat_columns[] = {
	"event_id", "ordinal", "hold_id", "held_until", "booking_id", "section_id", "label"};
static const Oid seat_types[] = {UUIDOID, INT4OID, UUIDOID, TIMESTAMPTZOID, UUIDOID, UUIDOID, TEXTOID};
EV_TABLE(seat_table, "event_seat", seat_columns, seat_types);

static const char *const label_columns[] = {
	"event_id", "label", "hold_id", "held_until", "booking_id", "section_id", "ordinal"};
static const Oid label_types[] = {UUIDOID, TEXTOID, UUIDOID, TIMESTAMPTZOID, UUIDOID, UUIDOID, INT4OID};
EV_TABLE_BY(seats_by_label, "event_seat", "event_seat_event_id_label_key", label_columns, label_types);

static EvScan
begin_seats(EvAccess access)
{
	return ev_scan_begin(&seat_table, access, NULL, 2);
}

static void
stand_on(EvScan *scan, const pg_uuid_t *event_id, int ordinal, ItemPointer place)
{
	if (!ev_scan_return(scan, place, (const EvArg[]){ev_uuid(event_id), ev_int(ordinal)}))
		elog(ERROR, "a seat of the event is gone");
}

static void
lock_seat(EvScan *scan, const pg_uuid_t *event_id, int ordinal, ItemPointer place)
{
	stand_on(scan, event_id, ordinal, place);
	if (!ev_scan_lock(scan))
		elog(ERROR, "a seat of the event is gone");
	*place = ev_scan_place(scan);
}

static void
read_owner(EvSeat *seat, const EvScan *scan)
{
	seat->is_sold = !ev_scan_is_null(scan, BOOKING_ID);
	seat->was_held = !ev_scan_is_null(scan, HELD_UNTIL);
	seat->held_until = seat->was_held ? DatumGetTimestampTz(ev_scan_value(scan, HELD_UNTIL)) : DT_NOBEGIN;
}

static bool
is_held_by(const EvScan *scan, const pg_uuid_t *hold_id)
{
	return !ev_scan_is_null(scan, HOLD_ID) && ev_same_id(DatumGetUUIDP(ev_scan_value(scan, HOLD_ID)), hold_id);
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
			pg_uuid_t seat_id = ev_get_uuid(row, 2);

			found = strcmp(ev_get_text(row, 1), names[i]) == 0 ||
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
	return (int) ev_query(&find_labels, ev_uuid(&event->event_id), ev_text_array(names, n), ev_uuid_array(ids, nids));
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

static int
compare_seats(const void *a, const void *b)
{
	return ((const EvSeat *) a)->ordinal - ((const EvSeat *) b)->ordinal;
}

/* All by label, as most ask; false: some are not there so. */
static bool
find_by_label(const EvEvent *event, char *const *labels, int n, EvSeat *seats)
{
	EvScan scan = ev_scan_begin(&seats_by_label, EV_READS, NULL, 2);
	bool found = true;

	for (int i = 0; found && i < n; i++)
	{
		ev_scan_find(&scan, (const EvArg[]){ev_uuid(&event->event_id), ev_text(labels[i])});
		found = ev_scan_next(&scan);
		if (!found)
			break;
		seats[i] = (EvSeat){
			.ordinal = DatumGetInt32(ev_scan_value(&scan, ORDINAL_OF_LABEL)),
			.label = labels[i],
			.section = ev_event_section_index(event, DatumGetUUIDP(ev_scan_value(&scan, SECTION_ID))),
			.place = ev_scan_place(&scan),
		};
		read_owner(&seats[i], &scan);
	}
	ev_scan_end(&scan);
	if (found)
		qsort(seats, n, sizeof(EvSeat), compare_seats);
	return found;
}

/* Layout ids too. */
static void
find_by_name(const EvEvent *event, char *const *names, int n, EvSeat *seats)
{
	pg_uuid_t *ids = palloc(n * sizeof(pg_uuid_t));
	char **labels = palloc(n * sizeof(char *));
	int nids = 0;
	int nfound;

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
		labels[i] = ev_get_text(i, 1);
	if (!find_by_label(event, labels, n, seats))
		elog(ERROR, "a seat of the event is gone");
}

static void
require_free(const EvEvent *event, const EvSeat *seats, int n)
{
	TimestampTz clock = GetCurrentTimestamp();
	char **taken = palloc(n * sizeof(char *));
	int ntaken = 0;

	for (int i = 0; i < n; i++)
	{
		if (seats[i].is_sold || seats[i].held_until > clock)
			taken[ntaken++] = seats[i].label;
	}
	if (ntaken > 0)
		refuse_taken(event, taken, ntaken);
}

EvSeat *
ev_seats_find(EvEvent *event, char *const *names, int n)
{
	EvSeat *seats = palloc(n * sizeof(EvSeat));

	if (!has_seats(event))
		ev_raise(EV_SEAT_MAP_MISSING, ev_detail_uuid(ev_detail(), "event_id", &event->event_id),
				 "Ask for a quantity instead.", "the event has no numbered seats");
	refuse_repeated(names, n);
	if (!find_by_label(event, names, n, seats))
		find_by_name(event, names, n, seats);
	require_free(event, seats, n);
	return seats;
}

static void
lock_seats(const EvEvent *event, EvSeat *seats, int n)
{
	EvScan scan = begin_seats(EV_WRITES);

	for (int i = 0; i < n; i++)
	{
		lock_seat(&scan, &event->event_id, seats[i].ordinal, &seats[i].place);
		read_owner(&seats[i], &scan);
	}
	ev_scan_end(&scan);
}

/* Beside a batch that is alone nobody changes a seat: what was read stands. */
void
ev_seats_lock_free(const EvEvent *event, EvSeat *seats, int n)
{
	if (!ev_batch_is_alone())
		lock_seats(event, seats, n);
	require_free(event, seats, n);
}

/* To the seat that the scan stands on. */
static void
give(EvScan *scan, const pg_uuid_t *event_id, int ordinal, EvSeatOwner owner)
{
	const EvArg values[] = {
		ev_uuid(event_id),
		ev_int(ordinal),
		ev_maybe_uuid(owner.hold_id),
		owner.hold_id ? ev_time(owner.held_until) : ev_null(),
		ev_maybe_uuid(owner.booking_id),
	};

	if (!ev_scan_change(scan, HOLD_ID, 3, &values[HOLD_ID - 1]) && ev_run(&give_seat, values) != 1)
		elog(ERROR, "a seat of the event is gone");
}

void
ev_seats_give(const EvEvent *event, EvSeat *seats, int n, EvSeatOwner owner)
{
	EvScan scan = begin_seats(EV_WRITES);

	for (int i = 0; i < n; i++)
	{
		stand_on(&scan, &event->event_id, seats[i].ordinal, &seats[i].place);
		give(&scan, &event->event_id, seats[i].ordinal, owner);
	}
	ev_scan_end(&scan);
}

EvHeldSeat *
ev_seats_held(const pg_uuid_t *event_id, const int *ordinals, int n, const pg_uuid_t *hold_id)
{
	EvHeldSeat *seats = palloc(n * sizeof(EvHeldSeat));
	EvScan scan = begin_seats(EV_READS);

	for (int i = 0; i < n; i++)
	{
		ev_scan_find(&scan, (const EvArg[]){ev_uuid(event_id), ev_int(ordinals[i])});
		if (!ev_scan_next(&scan))
			elog(ERROR, "a seat of the event is gone");
		seats[i] = (EvHeldSeat){
			.ordinal = ordinals[i],
			.label = TextDatumGetCString(ev_scan_value(&scan, LABEL)),
			.section_id = *DatumGetUUIDP(ev_scan_value(&scan, SECTION_ID)),
			.place = ev_scan_place(&scan),
			.is_carried = is_held_by(&scan, hold_id),
		};
	}
	ev_scan_end(&scan);
	return seats;
}

static void
lock_held(const pg_uuid_t *event_id, EvHeldSeat *seats, int n, const pg_uuid_t *hold_id)
{
	EvScan scan = begin_seats(EV_WRITES);

	for (int i = 0; i < n; i++)
	{
		lock_seat(&scan, event_id, seats[i].ordinal, &seats[i].place);
		seats[i].is_carried = is_held_by(&scan, hold_id);
	}
	ev_scan_end(&scan);
}

int
ev_seats_lock_held(const pg_uuid_t *event_id, EvHeldSeat *seats, int n, const pg_uuid_t *hold_id)
{
	int carried = 0;

	if (!ev_batch_is_alone())
		lock_held(event_id, seats, n, hold_id);
	for (int i = 0; i < n; i++)
		carried += seats[i].is_carried ? 1 : 0;
	return carried;
}

void
ev_seats_sell(const pg_uuid_t *event_id, EvHeldSeat *seats, int n, const pg_uuid_t *hold_id, const pg_uuid_t *booking_id)
{
	EvScan scan = begin_seats(EV_WRITES);

	for (int i = 0; i < n; i++)
	{
		stand_on(&scan, event_id, seats[i].ordinal, &seats[i].place);
		if (!is_held_by(&scan, hold_id))
			elog(ERROR, "a seat to be sold is not the hold's");
		give(&scan, event_id, seats[i].ordinal, (EvSeatOwner){.booking_id = booking_id});
	}
	ev_scan_end(&scan);
}
