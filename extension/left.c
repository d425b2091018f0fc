/*
 * left.c
 *		What is left of events.
 *
 * Places that a hold or booking has are out of the stock. A hold that is over is still out of it until somebody tidies it
 * up, so what it had is added: a number of places of its section, or those of its seats that nobody has taken since.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/snapmgr.h"

#include "id.h"
#include "left.h"
#include "mark.h"
#include "tuple.h"

static const char *const stock_columns[] = {"event_id", "section_id", "stripe", "available", "of_section"};
static const Oid stock_types[] = {UUIDOID, UUIDOID, INT2OID, INT4OID, BOOLOID};
EV_TABLE(stock_table, "stock", stock_columns, stock_types);

static const char *const hold_columns[] = {"event_id", "expires_at", "quantity", "section_id", "ordinals", "hold_id"};
static const Oid hold_types[] = {UUIDOID, TIMESTAMPTZOID, INT4OID, UUIDOID, INT4ARRAYOID, UUIDOID};
EV_TABLE_BY(active_holds, "hold", "hold_active_expiry", hold_columns, hold_types);

static const char *const seat_columns[] = {"event_id", "ordinal", "section_id", "hold_id"};
static const Oid seat_types[] = {UUIDOID, INT4OID, UUIDOID, UUIDOID};
EV_TABLE(seat_table, "event_seat", seat_columns, seat_types);

EvLeftReader
ev_left_begin(TimestampTz clock)
{
	EvLeftReader reader = {.clock = clock};

	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	reader.stock = ev_scan_open(&stock_table, 1);
	reader.holds = ev_scan_open(&active_holds, 1);
	reader.seats = ev_scan_open(&seat_table, 2);
	return reader;
}

void
ev_left_end(EvLeftReader *reader)
{
	ev_scan_end(&reader->seats);
	ev_scan_end(&reader->holds);
	ev_scan_end(&reader->stock);
	PopActiveSnapshot();
}

static EvLeftOfSection *
find_section(const EvLeft *left, const pg_uuid_t *section_id)
{
	for (int i = left->nsections - 1; i >= 0; i--)
	{
		if (ev_same_id(&left->sections[i].section_id, section_id))
			return &left->sections[i];
	}
	return NULL;
}

/* Rows come by section. */
static void
read_stock(EvLeft *left, EvScan *stock)
{
	int room = 0;

	while (ev_scan_next(stock))
	{
		pg_uuid_t *section_id = DatumGetUUIDP(ev_scan_value(stock, 2));

		if (!DatumGetBool(ev_scan_value(stock, 5)))
			continue;
		if (left->nsections == 0 || !ev_same_id(&left->sections[left->nsections - 1].section_id, section_id))
		{
			if (left->nsections == room)
			{
				room = Max(room * 2, 4);
				left->sections = left->sections == NULL ? palloc(room * sizeof(EvLeftOfSection))
														: repalloc(left->sections, room * sizeof(EvLeftOfSection));
			}
			left->sections[left->nsections++] = (EvLeftOfSection){*section_id, 0};
		}
		left->sections[left->nsections - 1].available += DatumGetInt32(ev_scan_value(stock, 4));
	}
}

static void
free_places(EvLeft *left, const pg_uuid_t *section_id, int n)
{
	EvLeftOfSection *section = find_section(left, section_id);

	if (section != NULL)
		section->available += n;
}

static void
free_seats(EvLeft *left, EvLeftReader *reader, const pg_uuid_t *event_id)
{
	const pg_uuid_t *hold_id = DatumGetUUIDP(ev_scan_value(&reader->holds, 6));
	EvScan *seats = &reader->seats;
	int n;
	int *ordinals = ev_ints_of(ev_scan_value(&reader->holds, 5), &n);

	for (int i = 0; i < n; i++)
	{
		EvArg key[] = {ev_uuid(event_id), ev_int(ordinals[i])};

		ev_scan_find(seats, key);
		if (ev_scan_next(seats) && !ev_scan_is_null(seats, 4) && ev_same_id(DatumGetUUIDP(ev_scan_value(seats, 4)), hold_id))
			free_places(left, DatumGetUUIDP(ev_scan_value(seats, 3)), 1);
	}
}

/* Those that are over come first. */
static void
read_holds(EvLeft *left, EvLeftReader *reader, const pg_uuid_t *event_id, bool held)
{
	EvScan *holds = &reader->holds;

	while (ev_scan_next(holds))
	{
		int quantity = DatumGetInt32(ev_scan_value(holds, 3));

		TimestampTz expires_at = DatumGetTimestampTz(ev_scan_value(holds, 2));

		if (expires_at > reader->clock)
		{
			ev_mark_until(expires_at);
			if (!held)
				return;
			left->held += quantity;
		}
		else if (!ev_scan_is_null(holds, 4))
			free_places(left, DatumGetUUIDP(ev_scan_value(holds, 4)), quantity);
		else
			free_seats(left, reader, event_id);
	}
}

EvLeft
ev_left_read(EvLeftReader *reader, const pg_uuid_t *event_id, bool held)
{
	EvLeft left = {0};

	ev_scan_find(&reader->stock, &ev_uuid(event_id));
	read_stock(&left, &reader->stock);
	ev_scan_find(&reader->holds, &ev_uuid(event_id));
	read_holds(&left, reader, event_id, held);
	for (int i = 0; i < left.nsections; i++)
		left.available += left.sections[i].available;
	return left;
}

EvLeft
ev_left_of(const pg_uuid_t *event_id, TimestampTz clock)
{
	EvLeftReader reader = ev_left_begin(clock);
	EvLeft left = ev_left_read(&reader, event_id, false);

	ev_left_end(&reader);
	return left;
}

int
ev_left_of_section(const EvLeft *left, const pg_uuid_t *section_id)
{
	const EvLeftOfSection *section = find_section(left, section_id);

	return section == NULL ? 0 : section->available;
}
