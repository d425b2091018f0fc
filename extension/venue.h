/*
 * venue.h
 *		Venues, their sections and seats.
 *
 * Events copy sections and seats when they are created, so a later edit of a venue never moves a sold seat.
 * Row labels run A to Z, then AA; seats and rows are numbered in that natural order by their ordinal.
 */
#ifndef EV_VENUE_H
#define EV_VENUE_H

#include "utils/uuid.h"

/* The venue named by a JSON string or object ("name", "address", "city", ...): found by its name, or created. */
extern pg_uuid_t ev_venue_find_or_create(Datum venue_jsonb, const pg_uuid_t *created_by);
extern void ev_venue_not_found(const pg_uuid_t *venue_id) pg_attribute_noreturn();

#endif
