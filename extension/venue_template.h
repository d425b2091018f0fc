/*
 * venue_template.h
 *		Venue templates: layouts (layout.h) without a place, from which events are made.
 */
#ifndef EV_VENUE_TEMPLATE_H
#define EV_VENUE_TEMPLATE_H

#include "utils/uuid.h"

extern void ev_venue_template_not_found(const pg_uuid_t *venue_template_id) pg_attribute_noreturn();

#endif
