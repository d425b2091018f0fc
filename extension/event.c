/*
 * event.c
 *		Events as the booking functions see them.
 */
#include "postgres.h"

#include "errors.h"
#include "event.h"
#include "id.h"
#include "render.h"
#include "spi.h"

EV_STATEMENT(load_event,
			 "SELECT e.status, e.start_datetime, e.end_datetime,"
			 "       coalesce(e.sale_start_time, '-infinity'), coalesce(e.sale_end_time, 'infinity'),"
			 "       e.currency, e.max_tickets_per_booking,"
			 "       s.ordinal, s.section_id, s.name, s.kind = 'reserved', s.stripes::integer, s.price"
			 "  FROM evently.event e JOIN evently.event_section s ON s.event_id = e.event_id"
			 " WHERE e.event_id = $1",
			 UUIDOID);

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

/* Sorted here: for the one section that most events have a Sort node costs more than it does. */
EvEvent *
ev_event_load(const pg_uuid_t *event_id)
{
	EvEvent *event = palloc(sizeof(EvEvent));

	event->event_id = *event_id;
	event->nsections = (int) ev_query(&load_event, ev_uuid(event_id));
	if (event->nsections == 0)
		ev_event_not_found(event_id);
	event->status = ev_get_text(0, 1);
	event->start = ev_get_time(0, 2);
	event->end = ev_get_time(0, 3);
	event->sale_start = ev_get_time(0, 4);
	event->sale_end = ev_get_time(0, 5);
	event->currency = ev_get_text(0, 6);
	event->max_tickets_per_booking = ev_get_int(0, 7);
	event->sections = palloc(event->nsections * sizeof(EvSection));
	for (int i = 0; i < event->nsections; i++)
		event->sections[i] = (EvSection){
			.ordinal = ev_get_int(i, 8),
			.section_id = ev_get_uuid(i, 9),
			.name = ev_get_text(i, 10),
			.reserved = ev_get_bool(i, 11),
			.stripes = ev_get_int(i, 12),
			.price = DatumGetNumeric(ev_copied_value(i, 13)),
		};
	qsort(event->sections, event->nsections, sizeof(EvSection), compare_ordinals);
	return event;
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

void
ev_event_require_on_sale(const EvEvent *event, TimestampTz clock)
{
	ev_event_require_published(event);
	if (clock >= event->end)
		ev_raise(EV_EVENT_NOT_BOOKABLE, time_detail(event, "end_datetime", event->end), NULL,
				 "the event is over");
	if (clock < event->sale_start)
		ev_raise(EV_SALE_NOT_STARTED, time_detail(event, "sale_start_time", event->sale_start), NULL,
				 "the sale has not started");
	if (clock >= event->sale_end)
		ev_raise(EV_SALE_ENDED, time_detail(event, "sale_end_time", event->sale_end), NULL,
				 "the sale has ended");
}
