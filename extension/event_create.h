/*
 * event_create.h
 *		Sections, seats and stock of an event, made from a layout (layout.h).
 */
#ifndef EV_EVENT_CREATE_H
#define EV_EVENT_CREATE_H

#include "utils/numeric.h"

#include "spi.h"

/* pricing: section_pricing of create_event(), or null. */
extern void ev_event_copy_layout(const pg_uuid_t *event_id, const pg_uuid_t *layout_id, Numeric base_price,
								 const char *currency, EvArg pricing);

#endif
