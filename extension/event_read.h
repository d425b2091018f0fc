/*
 * event_read.h
 *		Events as they are read: each alone, what is left of it, its seats (lists: event_list.c). Nothing is locked.
 *
 * Every read is one statement, so it is consistent in itself, and expired holds count as free in it.
 */
#ifndef EV_EVENT_READ_H
#define EV_EVENT_READ_H

#include "utils/uuid.h"

/* The event as functions return it: an event_detail. */
extern Datum ev_event_detail(const pg_uuid_t *event_id);

#endif
