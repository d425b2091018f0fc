/*
 * event_read.h
 *		Events as they are read: each alone, what is left of it, its seats (seat_map.c, lists: event_list.c). Nothing is locked.
 *
 * Every read is of one snapshot, so it is consistent in itself, and expired holds count as free in it.
 */
#ifndef EV_EVENT_READ_H
#define EV_EVENT_READ_H

#include "storage/itemptr.h"

#include "spi.h"

/* The event as functions return it: an event_detail. EVENT_NOT_FOUND. */
extern Datum ev_event_detail(const pg_uuid_t *event_id);
/* Several of them, in that order, as an array. places: where a statement found their rows (ctid), which is quicker; or NULL. */
extern EvArg ev_event_details(const pg_uuid_t *ids, ItemPointerData *places, int n);

/* Drafts, inactive and cancelled events are not for the public. */
extern bool ev_event_is_public(const char *status);

/* Null where there is none, or none for the public: its event_detail, availability, event_sections. */
extern EvArg ev_event_shown(const pg_uuid_t *event_id, bool published_only);
extern EvArg ev_event_availability(const pg_uuid_t *event_id, bool published_only);
extern EvArg ev_event_sections(const pg_uuid_t *event_id, bool published_only);

#endif
