/*
 * id.h
 *		Public ids: UUID version 7, in order of time.
 *
 * The id of a thing that belongs to an event carries a 12-bit hash of the event in rand_a, so that its node is known
 * from the id alone when events are spread over nodes. 62 random bits remain.
 */
#ifndef EV_ID_H
#define EV_ID_H

#include "utils/uuid.h"

/* event may be NULL: then rand_a is random too. */
extern pg_uuid_t ev_new_id(const pg_uuid_t *event);
/* Greater than another, which may be NULL; its time runs ahead by a millisecond where it must. */
extern pg_uuid_t ev_new_id_after(const pg_uuid_t *event, const pg_uuid_t *other);
/* In ascending order. */
extern pg_uuid_t *ev_new_ids(const pg_uuid_t *event, int n);
/* As text; also the canonical request (idempotency.h) of a call about one thing. */
extern char *ev_id_text(const void *id);
extern bool ev_parse_uuid(const char *text, pg_uuid_t *id);
extern bool ev_same_id(const pg_uuid_t *a, const pg_uuid_t *b);

/* Short reference of a booking, to be read out: 10 characters of Crockford's base 32 from the id's random bits. */
extern char *ev_booking_ref(const pg_uuid_t *booking);

#endif
