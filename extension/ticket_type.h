/*
 * ticket_type.h
 *		Kinds of tickets that an event sells: name, price, place, time, who may buy them, how many.
 *
 * An event that has ticket types sells by one always: by the one that the request names, or by the first in their order
 * that is open to this buyer and has room. So "early bird, until May or the first hundred" is a type with an end of sale
 * and a quota, in front of the one that follows it.
 *
 * A quota is a pool (pool.h) that binds one or more types; several may bind one type: all must have room.
 */
#ifndef EV_TICKET_TYPE_H
#define EV_TICKET_TYPE_H

#include "access_code.h"
#include "event.h"
#include "pool.h"

typedef struct EvTicketType
{
	pg_uuid_t type_id;
	char *name;
	pg_uuid_t *section_id; /* NULL: any */
	Numeric price;		   /* or */
	Numeric multiplier;	   /* of the section's price; neither: the section's price */
	TimestampTz sale_start;
	TimestampTz sale_end;
	bool requires_code;
	int max_per_booking;
	EvPoolIds quotas;
} EvTicketType;

/* Those of an event that are in use, in their order. */
extern EvTicketType *ev_ticket_types_load(const pg_uuid_t *event_id, int *n);

/* The one of that id or name; TICKET_TYPE_NOT_FOUND. */
extern const EvTicketType *ev_ticket_type_named(const EvEvent *event, const EvTicketType *types, int n, const char *name);

extern bool ev_ticket_type_sold_in(const EvTicketType *type, const pg_uuid_t *section_id);

/* May so many be sold to the bearer of that code (NULL: none) at that time? */
extern bool ev_ticket_type_is_open(const EvTicketType *type, const EvAccessCode *code, int quantity, TimestampTz clock);
/* The same; the refusal says why not. */
extern void ev_ticket_type_require_open(const EvEvent *event, const EvTicketType *type, const EvAccessCode *code,
										int quantity, TimestampTz clock);

/*
 * What the types on sale leave of each section to who has no code: of what is available, and of the largest party that
 * could have places together. Nothing is changed where the event has none.
 */
extern void ev_ticket_types_bound(const EvEvent *event, TimestampTz clock, int *available, int *largest);

/* VALIDATION_ERROR unless the uuid[] names types of the event, each once. */
extern void ev_require_known_types(const pg_uuid_t *event_id, EvArg type_ids);

/* What a place of that section costs. type may be NULL. */
extern Numeric ev_ticket_type_price(const EvTicketType *type, const EvSection *section, const char *currency);

#endif
