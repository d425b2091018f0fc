/*
 * event.h
 *		Events as the booking functions see them, and who may change them.
 *
 * Status:		draft -> published <-> inactive;  any of them -> cancelled;  published -> completed
 * cancelled and completed are final. Only a published event sells.
 *
 * What is loaded here is true as long as the caller holds Q (lock.h) and loaded after it was granted: every change of
 * an event takes Q exclusive.
 */
#ifndef EV_EVENT_H
#define EV_EVENT_H

#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

typedef struct EvSection
{
	int ordinal;
	pg_uuid_t section_id;
	char *name;
	bool reserved;
	int stripes;
	int capacity;
	Numeric price;
	int waiting; /* waitlist entries for this section */
} EvSection;

typedef struct EvEvent
{
	pg_uuid_t event_id;
	char *status;
	TimestampTz start;
	TimestampTz end;
	TimestampTz sale_start; /* DT_NOBEGIN where not given */
	TimestampTz sale_end;	/* DT_NOEND where not given */
	char *currency;
	int max_tickets_per_booking;
	int policy_version; /* of the terms of cancellation; 0 where there are none */
	bool has_ticket_types;
	char *sale_status;		  /* set by hand, or NULL */
	int max_tickets_per_user; /* 0 where not limited */
	int waiting;			  /* waitlist entries for any section */
	int nsections;
	EvSection *sections; /* in order of their ordinals */
} EvEvent;

/* EVENT_NOT_FOUND where there is none. In a batch (batch.h), whose caller has Q, it is read once. */
extern EvEvent *ev_event_load(const pg_uuid_t *event_id);
/* A batch ends: what it read is forgotten. */
extern void ev_event_drop(void);

/* Where in event->sections; SECTION_NOT_FOUND where the event has no such section. */
extern int ev_event_section_index(const EvEvent *event, const pg_uuid_t *section_id);

extern bool ev_event_is_cancelled(const EvEvent *event);

/* Refuses an event that does not sell at that time; early: to who may buy before the sale starts. */
extern void ev_event_require_published(const EvEvent *event);
/* Refuses one that is cancelled, completed or over. */
extern void ev_event_require_unfinished(const EvEvent *event, TimestampTz clock);
extern void ev_event_require_on_sale(const EvEvent *event, TimestampTz clock, bool early);
extern bool ev_event_is_on_sale(const EvEvent *event, TimestampTz clock);

/* EVENT_NOT_MODIFIABLE: refuses one that is cancelled or completed, or that and one that has started. */
extern void ev_event_require_not_final(const EvEvent *event);
extern void ev_event_require_not_started(const EvEvent *event, TimestampTz clock);

/* Does somebody wait for it, for places in that section? (waitlist.h) */
extern bool ev_event_has_waiters(const EvEvent *event);
extern bool ev_event_is_waited_for(const EvEvent *event, int section);

extern void ev_event_not_found(const pg_uuid_t *event_id) pg_attribute_noreturn();

#endif
