/*
 * event_read.h
 *		Events as they are read: alone, as lists, what is left of them, their seats. Nothing is locked.
 *
 * Every read is one statement, so it is consistent in itself, and expired holds count as free in it.
 */
#ifndef EV_EVENT_READ_H
#define EV_EVENT_READ_H

#include "utils/uuid.h"

/* The event as functions return it: an event_detail. */
extern Datum ev_event_detail(const pg_uuid_t *event_id);

#endif
