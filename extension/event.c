/*
 * event.c
 *		Events as the booking functions see them.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "batch.h"
#include "errors.h"
#include "event.h"
#include "id.h"
#include "render.h"
#include "table.h"

static const char *const event_columns[] = {
	"event_id", "status", "start_datetime", "end_datetime",
	"sale_start_time", "sale_end_time", "currency", "max_tickets_per_booking", "policy_version", "has_ticket_types",
	"max_tickets_per_user", "sale_status", "waiting"};
static const Oid event_types[] = {
	UUIDOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, INT4OID, INT4OID, BOOLOID,
	INT4OID, TEXTOID, INT4OID};
EV_TABLE(event_table, "event", event_columns, event_types);

static const char *const section_columns[] = {"event_id", "section_id", "ordinal", "name", "kind", "stripes", "price", "capacity", "waiting"};
static const Oid section_types[] = {UUIDOID, UUIDOID, INT4OID, TEXTOID, TEXTOID, INT2OID, NUMERICOID, INT4OID, INT4OID};
EV_TABLE(section_table, "event_section", section_columns, section_types);

/* By a batch. */
static EvEvent *kept;

void
ev_event_not_found(const pg_uuid_t *event_id)
{
	ev_raise(EV_EVENT_NOT_FOUND, ev_detail_uuid(ev_detail(), "event_id", event_id), NULL, "event not found");
}

static int
compare_ordinals(const void *a, const void *b)
{
	return ((const EvSection *) a)->ordinal - ((const EvSection *) b)->ordinal;
}

static TimestampTz
time_or(const EvScan *scan, int column, TimestampTz otherwise)
{
	return ev_scan_is_null(scan, column) ? otherwise : DatumGetTimestampTz(ev_scan_value(scan, column));
}

static EvEvent *
load_event(const pg_uuid_t *event_id)
{
	EvScan scan = ev_scan_begin(&event_table, EV_READS, &ev_uuid(event_id), 1);
	EvEvent *event = palloc(sizeof(EvEvent));

	if (!ev_scan_next(&scan))
	{
		ev_scan_end(&scan);
		ev_event_not_found(event_id);
	}
	*event = (EvEvent){
		.event_id = *event_id,
		.status = TextDatumGetCString(ev_scan_value(&scan, 2)),
		.start = DatumGetTimestampTz(ev_scan_value(&scan, 3)),
		.end = DatumGetTimestampTz(ev_scan_value(&scan, 4)),
		.sale_start = time_or(&scan, 5, DT_NOBEGIN),
		.sale_end = time_or(&scan, 6, DT_NOEND),
		.currency = TextDatumGetCString(ev_scan_value(&scan, 7)),
		.max_tickets_per_booking = DatumGetInt32(ev_scan_value(&scan, 8)),
		.policy_version = ev_scan_is_null(&scan, 9) ? 0 : DatumGetInt32(ev_scan_value(&scan, 9)),
		.has_ticket_types = DatumGetBool(ev_scan_value(&scan, 10)),
		.max_tickets_per_user = ev_scan_is_null(&scan, 11) ? 0 : DatumGetInt32(ev_scan_value(&scan, 11)),
		.sale_status = ev_scan_is_null(&scan, 12) ? NULL : TextDatumGetCString(ev_scan_value(&scan, 12)),
		.waiting = DatumGetInt32(ev_scan_value(&scan, 13)),
	};
	ev_scan_end(&scan);
	return event;
}

static EvSection
section_of(const EvScan *scan)
{
	char *kind = TextDatumGetCString(ev_scan_value(scan, 5));

	return (EvSection){
		.section_id = *DatumGetUUIDP(ev_scan_value(scan, 2)),
		.ordinal = DatumGetInt32(ev_scan_value(scan, 3)),
		.name = TextDatumGetCString(ev_scan_value(scan, 4)),
		.reserved = strcmp(kind, "reserved") == 0,
		.stripes = DatumGetInt16(ev_scan_value(scan, 6)),
		.price = DatumGetNumericCopy(ev_scan_value(scan, 7)),
		.capacity = DatumGetInt32(ev_scan_value(scan, 8)),
		.waiting = DatumGetInt32(ev_scan_value(scan, 9)),
	};
}

static void
load_sections(EvEvent *event)
{
	EvScan scan = ev_scan_begin(&section_table, EV_READS, &ev_uuid(&event->event_id), 1);
	int room = 1;

	event->sections = palloc(room * sizeof(EvSection));
	while (ev_scan_next(&scan))
	{
		if (event->nsections == room)
		{
			room *= 2;
			event->sections = repalloc(event->sections, room * sizeof(EvSection));
		}
		event->sections[event->nsections++] = section_of(&scan);
	}
	ev_scan_end(&scan);
	qsort(event->sections, event->nsections, sizeof(EvSection), compare_ordinals);
}

/* Two snapshots see one state: under Q nothing of it changes. */
static EvEvent *
load_whole(const pg_uuid_t *event_id)
{
	EvEvent *event = load_event(event_id);

	load_sections(event);
	return event;
}

static void
keep(const pg_uuid_t *event_id)
{
	MemoryContext request = MemoryContextSwitchTo(ev_batch_memory());

	kept = load_whole(event_id);
	MemoryContextSwitchTo(request);
}

EvEvent *
ev_event_load(const pg_uuid_t *event_id)
{
	if (!ev_batch_is_open())
		return load_whole(event_id);
	if (kept == NULL || !ev_same_id(&kept->event_id, event_id))
		keep(event_id);
	return kept;
}

void
ev_event_drop(void)
{
	kept = NULL;
}

int
ev_event_section_index(const EvEvent *event, const pg_uuid_t *section_id)
{
	for (int i = 0; i < event->nsections; i++)
	{
		if (ev_same_id(&event->sections[i].section_id, section_id))
			return i;
	}
	ev_raise(EV_SECTION_NOT_FOUND,
			 ev_detail_uuid(ev_detail_uuid(ev_detail(), "event_id", &event->event_id), "section_id", section_id),
			 NULL, "the event has no such section");
}

static EvDetail *
event_detail(const EvEvent *event)
{
	return ev_detail_text(ev_detail_uuid(ev_detail(), "event_id", &event->event_id), "status", event->status);
}

bool
ev_event_is_cancelled(const EvEvent *event)
{
	return strcmp(event->status, "cancelled") == 0;
}

static bool
is_final(const EvEvent *event)
{
	return ev_event_is_cancelled(event) || strcmp(event->status, "completed") == 0;
}

void
ev_event_require_published(const EvEvent *event)
{
	if (strcmp(event->status, "published") != 0)
		ev_raise(EV_EVENT_NOT_BOOKABLE, event_detail(event), NULL, "the event is %s", event->status);
}

static EvDetail *
time_detail(const EvEvent *event, const char *name, TimestampTz time)
{
	return ev_detail_text(ev_detail_uuid(ev_detail(), "event_id", &event->event_id),
						  name, ev_render_time(time));
}

static void
require_not_over(const EvEvent *event, TimestampTz clock)
{
	if (clock >= event->end)
		ev_raise(EV_EVENT_NOT_BOOKABLE, time_detail(event, "end_datetime", event->end), NULL,
				 "the event is over");
}

void
ev_event_require_unfinished(const EvEvent *event, TimestampTz clock)
{
	if (is_final(event))
		ev_raise(EV_EVENT_NOT_BOOKABLE, event_detail(event), NULL, "the event is %s", event->status);
	require_not_over(event, clock);
}

void
ev_event_require_not_final(const EvEvent *event)
{
	if (is_final(event))
		ev_raise(EV_EVENT_NOT_MODIFIABLE, event_detail(event), NULL, "the event is %s", event->status);
}

void
ev_event_require_not_started(const EvEvent *event, TimestampTz clock)
{
	ev_event_require_not_final(event);
	if (event->start <= clock)
		ev_raise(EV_EVENT_NOT_MODIFIABLE, event_detail(event), NULL, "the event has started");
}

/* What is set by hand stays, whatever the time and whatever is left. */
static void
require_not_closed(const EvEvent *event, bool early)
{
	EvDetail *detail;

	if (event->sale_status == NULL || strcmp(event->sale_status, "on_sale") == 0)
		return;
	detail = ev_detail_text(ev_detail_uuid(ev_detail(), "event_id", &event->event_id), "sale_status", event->sale_status);
	if (strcmp(event->sale_status, "sold_out") == 0)
		ev_raise(EV_SALE_SOLD_OUT, detail, NULL, "the event is sold out");
	if (!early)
		ev_raise(EV_SALE_NOT_STARTED, detail, NULL, "the sale has not started");
}

void
ev_event_require_on_sale(const EvEvent *event, TimestampTz clock, bool early)
{
	ev_event_require_published(event);
	require_not_over(event, clock);
	require_not_closed(event, early);
	if (clock < event->sale_start && !early)
		ev_raise(EV_SALE_NOT_STARTED, time_detail(event, "sale_start_time", event->sale_start), NULL,
				 "the sale has not started");
	if (clock >= event->sale_end)
		ev_raise(EV_SALE_ENDED, time_detail(event, "sale_end_time", event->sale_end), NULL,
				 "the sale has ended");
}

bool
ev_event_is_on_sale(const EvEvent *event, TimestampTz clock)
{
	return strcmp(event->status, "published") == 0 && clock < event->end && clock >= event->sale_start &&
		clock < event->sale_end && (event->sale_status == NULL || strcmp(event->sale_status, "on_sale") == 0);
}

bool
ev_event_is_waited_for(const EvEvent *event, int section)
{
	return event->waiting > 0 || event->sections[section].waiting > 0;
}

bool
ev_event_has_waiters(const EvEvent *event)
{
	for (int i = 0; i < event->nsections; i++)
	{
		if (ev_event_is_waited_for(event, i))
			return true;
	}
	return false;
}
