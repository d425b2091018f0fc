/*
 * event_manage.h
 *		What every change of an event begins and ends with.
 *
 * Every change takes Q exclusive: it waits for the bookings under way and keeps new ones out until it commits, so a
 * booking never acts on a status, price, limit or quota that is no longer true.
 */
#ifndef EV_EVENT_MANAGE_H
#define EV_EVENT_MANAGE_H

#include "event.h"
#include "spi.h"

/*
 * Q exclusive; then who may, and whether he has seen the present version (null: he does not say). The event as it is.
 * EVENT_NOT_FOUND, FORBIDDEN, CONCURRENT_UPDATE.
 */
extern EvEvent *ev_event_manage(const pg_uuid_t *event_id, const pg_uuid_t *actor_id, EvArg version);

/* Raises its version and tells of it: the event_detail that it is now. */
extern Datum ev_event_changed(const pg_uuid_t *event_id, const pg_uuid_t *actor_id, const char *type);

#endif
