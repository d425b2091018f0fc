/*
 * pick.c
 *		Finds the best available seats of a section, and locks them.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "pick.h"
#include "spi.h"
#include "table.h"
#include "tuple.h"

EV_STATEMENT(read_focus,
			 "SELECT c.focal_x, c.focal_y FROM evently.event_section c"
			 " WHERE c.event_id = $1 AND c.section_id = $2 AND c.focal_x IS NOT NULL",
			 UUIDOID, UUIDOID);

/* Of a section that 1.0 made. */
EV_STATEMENT(find_focus,
			 "SELECT (min(s.x) + max(s.x)) / 2, min(s.y) FROM evently.event_seat s"
			 " WHERE s.event_id = $1 AND s.section_id = $2",
			 UUIDOID, UUIDOID);

/* The columns of a seat of a section, in order of ordinals. */
enum
{
	ORDINAL = 3,
	BOOKING_ID,
	HELD_UNTIL,
	ROW_LABEL,
	X,
	Y,
	ACCESSIBLE
};

static const char *const seat_columns[] = {
	"event_id", "section_id", "ordinal", "booking_id", "held_until", "row_label", "x", "y", "accessible"};
static const Oid seat_types[] = {
	UUIDOID, UUIDOID, INT4OID, UUIDOID, TIMESTAMPTZOID, TEXTOID, NUMERICOID, NUMERICOID, BOOLOID};
EV_TABLE_BY(seats_of_section, "event_seat", "event_seat_section", seat_columns, seat_types);

EV_STATEMENT(lock_free,
			 "SELECT ordinal, label, hold_id IS NOT NULL FROM evently.event_seat"
			 " WHERE event_id = $1 AND ordinal = ANY ($2) AND booking_id IS NULL"
			 "   AND (held_until IS NULL OR held_until <= $3)"
			 " ORDER BY ordinal FOR UPDATE SKIP LOCKED",
			 UUIDOID, INT4ARRAYOID, TIMESTAMPTZOID);

/* Seats that could not be locked. */
typedef struct Busy
{
	int n;
	int *ordinals;
} Busy;

static double
number(uint64 row, int column)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, ev_copied_value(row, column)));
}

static void
focus(EvParty *party, const EvEvent *event, const EvSection *section)
{
	if (ev_query(&read_focus, ev_uuid(&event->event_id), ev_uuid(&section->section_id)) == 0)
		ev_query(&find_focus, ev_uuid(&event->event_id), ev_uuid(&section->section_id));
	if (ev_is_null(0, 1))
		return;
	party->focal_x = number(0, 1);
	party->focal_y = number(0, 2);
}

/* Has another transaction, which is still running, locked or changed the row? A multixact looks like no such one. */
static bool
in_hands(TransactionId xmax)
{
	return TransactionIdIsNormal(xmax) && TransactionIdPrecedes(xmax, ReadNextTransactionId()) &&
		!TransactionIdIsCurrentTransactionId(xmax) && TransactionIdIsInProgress(xmax);
}

static bool
is_busy(const Busy *busy, int ordinal)
{
	for (int i = 0; i < busy->n; i++)
	{
		if (busy->ordinals[i] == ordinal)
			return true;
	}
	return false;
}

static bool
is_free(const EvScan *scan, TimestampTz clock)
{
	return ev_scan_is_null(scan, BOOKING_ID) &&
		(ev_scan_is_null(scan, HELD_UNTIL) || DatumGetTimestampTz(ev_scan_value(scan, HELD_UNTIL)) <= clock);
}

static bool
is_passed_by(const EvScan *scan, const Busy *busy)
{
	return is_busy(busy, DatumGetInt32(ev_scan_value(scan, ORDINAL))) || in_hands(ev_scan_xmax(scan));
}

static EvFreeSeat
free_seat(const EvScan *scan)
{
	return (EvFreeSeat){
		.ordinal = DatumGetInt32(ev_scan_value(scan, ORDINAL)),
		.row = TextDatumGetCString(ev_scan_value(scan, ROW_LABEL)),
		.x = NumericGetDatum(DatumGetNumericCopy(ev_scan_value(scan, X))),
		.y = NumericGetDatum(DatumGetNumericCopy(ev_scan_value(scan, Y))),
		.accessible = DatumGetBool(ev_scan_value(scan, ACCESSIBLE)),
	};
}

/* By all seats, as an index of those that are not sold would be written to by every sale: to look at a seat costs little. */
static EvSearch
search_section(const EvEvent *event, const EvSection *section, EvParty party, TimestampTz clock, const Busy *busy)
{
	const EvArg key[] = {ev_uuid(&event->event_id), ev_uuid(&section->section_id)};
	EvSearch search = ev_search(party);
	EvScan scan = ev_scan_begin(&seats_of_section, EV_READS, key, lengthof(key));
	bool enough = false;

	while (!enough && ev_scan_next(&scan))
	{
		CHECK_FOR_INTERRUPTS();
		if (is_free(&scan, clock) && !(busy != NULL && is_passed_by(&scan, busy)))
			enough = ev_search_add(&search, free_seat(&scan));
	}
	ev_scan_end(&scan);
	if (!enough)
		ev_search_end(&search);
	return search;
}

EvSearch
ev_pick_search(const EvEvent *event, const EvSection *section, int quantity, int accessible, TimestampTz clock)
{
	EvParty party = {.quantity = quantity, .accessible = accessible};

	focus(&party, event, section);
	return search_section(event, section, party, clock, NULL);
}

/* The ordinals of the best place, or else of the fewest groups; NULL where less are free. */
static int *
choose(const EvSearch *search)
{
	int *ordinals = palloc(search->party.quantity * sizeof(int));
	const EvWindow *groups = &search->best;
	int ngroups = 1;
	int n = 0;

	if (!search->found)
		groups = ev_search_split(search, &ngroups);
	if (groups == NULL)
		return NULL;
	for (int g = 0; g < ngroups; g++)
	{
		for (int i = 0; i < groups[g].length; i++)
			ordinals[n++] = search->seats[groups[g].first + i].ordinal;
	}
	return ordinals;
}

/* What of the ordinals is not among the rows that were locked is busy from now on. */
static void
note_busy(Busy *busy, const int *ordinals, int n, int nlocked)
{
	for (int i = 0; i < n; i++)
	{
		bool locked = false;

		for (int row = 0; row < nlocked && !locked; row++)
			locked = ev_get_int(row, 1) == ordinals[i];
		if (!locked)
		{
			busy->ordinals = repalloc(busy->ordinals, (busy->n + 1) * sizeof(int));
			busy->ordinals[busy->n++] = ordinals[i];
		}
	}
}

EvSeat *
ev_seats_pick(EvEvent *event, const EvSection *section, int n, TimestampTz clock)
{
	EvSeat *seats = palloc(n * sizeof(EvSeat));
	EvParty party = {.quantity = n};
	Busy busy = {.ordinals = palloc(sizeof(int))};
	int *ordinals;
	int nlocked;

	focus(&party, event, section);
	do
	{
		EvSearch search = search_section(event, section, party, clock, &busy);

		ordinals = choose(&search);
		if (ordinals == NULL)
			return NULL;
		nlocked = (int) ev_query(&lock_free, ev_uuid(&event->event_id), ev_int_array(ordinals, n), ev_time(clock));
		if (nlocked < n)
			note_busy(&busy, ordinals, n, nlocked);
	} while (nlocked < n);
	for (int i = 0; i < n; i++)
		seats[i] = (EvSeat){
			.ordinal = ev_get_int(i, 1),
			.label = ev_get_text(i, 2),
			.section = (int) (section - event->sections),
			.was_held = ev_get_bool(i, 3),
		};
	return seats;
}
