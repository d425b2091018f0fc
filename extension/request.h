/*
 * request.h
 *		What a hold or a booking asks for: seats by name, or a number of tickets. The same for every door to the
 *		reservation routine (reserve.h).
 */
#ifndef EV_REQUEST_H
#define EV_REQUEST_H

#include "fmgr.h"

#include "spi.h"

typedef struct EvRequest
{
	pg_uuid_t event_id;
	pg_uuid_t user_id;
	char **seats; /* labels or layout ids; NULL: by quantity */
	int quantity;
	pg_uuid_t *section_id;		 /* by quantity: this section; NULL: the first that has enough */
	char *ticket_type;			 /* its name or id; NULL: the first that is open and has room */
	char *access_code;			 /* or NULL */
	char *reason;				 /* house seats, kept back for it */
	TimestampTz held_until;		 /* until then */
	const pg_uuid_t *hold_id;	 /* who is to have them: a hold, or */
	const pg_uuid_t *booking_id; /* a booking */
	const pg_uuid_t *entry_id;	 /* the hold is an offer to this waitlist entry */
} EvRequest;

/* What a hold or a booking asks for: seats (text[]) or a quantity (integer) or both, agreeing. */
extern EvRequest ev_request(const pg_uuid_t *event_id, const pg_uuid_t *user_id);
extern void ev_request_for(EvRequest *request, EvArg seats, EvArg quantity, pg_uuid_t *section_id);

/* By which ticket type, with which access code; either may be NULL. */
extern void ev_request_by(EvRequest *request, char *ticket_type, char *access_code);

/* Of a function that asks by (event_id, user_id, seat_ids, quantity, section_id, ticket_type, access_code): for seats by name alone? */
extern bool ev_request_names_seats(FunctionCallInfo fcinfo);

/* An EvRequest as a text that is equal for equal requests (idempotency.h). */
extern char *ev_request_canonical(const void *request);

#endif
