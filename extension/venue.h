/*
 * venue.h
 *		Venues: places with a layout (layout.h) of their own.
 */
#ifndef EV_VENUE_H
#define EV_VENUE_H

#include "utils/uuid.h"

/* The venue named by a JSON string or object ("name", "address", "city", ...): found by its name, or created. */
extern pg_uuid_t ev_venue_find_or_create(Datum venue_jsonb, const pg_uuid_t *created_by);
extern void ev_venue_not_found(const pg_uuid_t *venue_id) pg_attribute_noreturn();

#endif
