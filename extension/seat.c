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
find_seat(const pg_uuid_t *event_id, EvAccess access, int ordinal)
{
	EvScan scan = ev_scan_begin(&seat_table, access, (const EvArg[]){ev_uuid(event_id), ev_int(ordinal)}, 2);

	if (!ev_scan_next(&scan))
		elog(ERROR, "a seat of the event is gone");
	return scan;
}

/* Nobody else changes a seat beside a batch, whose set has Q exclusive. */
static EvScan
lock_seat(const pg_uuid_t *event_id, int ordinal)
{
	EvScan scan = find_seat(event_id, EV_WRITES, ordinal);

	if (!ev_batch_is_open() && !ev_scan_lock(&scan))
		elog(ERROR, "a seat of the event is gone");
	return scan;
}

static bool
is_taken(const EvScan *scan, TimestampTz clock)
{
	return !ev_scan_is_null(scan, BOOKING_ID) ||
		(!ev_scan_is_null(scan, HELD_UNTIL) && DatumGetTimestampTz(ev_scan_value(scan, HELD_UNTIL)) > clock);
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

static int
compare_seats(const void *a, const void *b)
{
	return ((const EvSeat *) a)->ordinal - ((const EvSeat *) b)->ordinal;
}

/* All by label, as most ask; false: some are not there so. */
static bool
find_by_label(const EvEvent *event, char *const *names, int n, EvSeat *seats)
{
	TimestampTz clock = GetCurrentTimestamp();
	bool found = true;

	for (int i = 0; found && i < n; i++)
	{
		EvScan scan = ev_scan_begin(&seats_by_label, EV_READS,
									(const EvArg[]){ev_uuid(&event->event_id), ev_text(names[i])}, 2);

		found = ev_scan_next(&scan);
		if (found)
			seats[i] = (EvSeat){
				.ordinal = DatumGetInt32(ev_scan_value(&scan, ORDINAL_OF_LABEL)),
				.label = names[i],
				.section = ev_event_section_index(event, DatumGetUUIDP(ev_scan_value(&scan, SECTION_ID))),
				.is_taken = is_taken(&scan, clock),
			};
		ev_scan_end(&scan);
	}
	if (found)
		qsort(seats, n, sizeof(EvSeat), compare_seats);
	return found;
}

/* Layout ids too. */
static void
find_by_name(const EvEvent *event, char *const *names, int n, EvSeat *seats)
{
	pg_uuid_t *ids = palloc(n * sizeof(pg_uuid_t));
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
	{
		pg_uuid_t section_id = ev_get_uuid(i, 3);

		seats[i] = (EvSeat){
			.ordinal = ev_get_int(i, 1),
			.label = ev_get_text(i, 2),
			.section = ev_event_section_index(event, &section_id),
			.is_taken = ev_get_bool(i, 5),
		};
	}
}

static void
require_free(const EvEvent *event, const EvSeat *seats, int n)
{
	char **taken = palloc(n * sizeof(char *));
	int ntaken = 0;

	for (int i = 0; i < n; i++)
	{
		if (seats[i].is_taken)
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

void
ev_seats_lock_free(const EvEvent *event, EvSeat *seats, int n)
{
	TimestampTz *held_until = palloc(n * sizeof(TimestampTz));
	TimestampTz clock;

	for (int i = 0; i < n; i++)
	{
		EvScan scan = lock_seat(&event->event_id, seats[i].ordinal);

		seats[i].is_taken = !ev_scan_is_null(&scan, BOOKING_ID);
		seats[i].was_held = !ev_scan_is_null(&scan, HELD_UNTIL);
		held_until[i] = seats[i].was_held ? DatumGetTimestampTz(ev_scan_value(&scan, HELD_UNTIL)) : DT_NOBEGIN;
		ev_scan_end(&scan);
	}
	clock = GetCurrentTimestamp();
	for (int i = 0; i < n; i++)
		seats[i].is_taken = seats[i].is_taken || held_until[i] > clock;
	require_free(event, seats, n);
}

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
	bool changed = ev_scan_change(scan, HOLD_ID, 3, &values[HOLD_ID - 1]);

	ev_scan_end(scan);
	if (!changed && ev_run(&give_seat, values) != 1)
		elog(ERROR, "a seat of the event is gone");
}

void
ev_seats_give(const EvEvent *event, const EvSeat *seats, int n, EvSeatOwner owner)
{
	for (int i = 0; i < n; i++)
	{
		EvScan scan = find_seat(&event->event_id, EV_WRITES, seats[i].ordinal);

		give(&scan, &event->event_id, seats[i].ordinal, owner);
	}
}

EvHeldSeat *
ev_seats_held(const pg_uuid_t *event_id, const int *ordinals, int n)
{
	EvHeldSeat *seats = palloc(n * sizeof(EvHeldSeat));

	for (int i = 0; i < n; i++)
	{
		EvScan scan = find_seat(event_id, EV_READS, ordinals[i]);

		seats[i].label = TextDatumGetCString(ev_scan_value(&scan, LABEL));
		seats[i].section_id = *DatumGetUUIDP(ev_scan_value(&scan, SECTION_ID));
		ev_scan_end(&scan);
	}
	return seats;
}

int
ev_seats_lock_held(const pg_uuid_t *event_id, const int *ordinals, int n, const pg_uuid_t *hold_id)
{
	int carried = 0;

	for (int i = 0; i < n; i++)
	{
		EvScan scan = lock_seat(event_id, ordinals[i]);

		carried += is_held_by(&scan, hold_id) ? 1 : 0;
		ev_scan_end(&scan);
	}
	return carried;
}

void
ev_seats_sell(const pg_uuid_t *event_id, const int *ordinals, int n, const pg_uuid_t *hold_id, const pg_uuid_t *booking_id)
{
	for (int i = 0; i < n; i++)
	{
		EvScan scan = find_seat(event_id, EV_WRITES, ordinals[i]);

		if (!is_held_by(&scan, hold_id))
			elog(ERROR, "a seat to be sold is not the hold's");
		give(&scan, event_id, ordinals[i], (EvSeatOwner){.booking_id = booking_id});
	}
}
