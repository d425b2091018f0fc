/*
 * permission.h
 *		Who may do what with an event of others.
 *
 * An event belongs to its organiser, a team of accounts, or where it has none to the account that made it. Its owner may
 * everything; a member of the team what the team lets him; an administrator what his account's permissions say.
 *
 *		permission		of a member, for the events of his team		of an administrator
 *		events:own		change, cancel and transfer them			make events and manage his own
 *		events:any		-											everything with every event
 *		bookings:read	see who booked								the same for every event
 *		analytics:read	see their figures							the same for every event
 *		members:manage	change the team								-
 *
 * Venues, venue templates and their layouts are shared: every administrator may change them, whoever made them.
 *
 * Nothing is locked: a permission that is taken away counts from the next call.
 */
#ifndef EV_PERMISSION_H
#define EV_PERMISSION_H

#include "utils/uuid.h"

#include "spi.h"

/*
 * FORBIDDEN unless the actor is NULL (account.h) or may. The event exists. permission NULL: any of them will do, to look at
 * the event itself.
 */
extern void ev_require_event_permission(const pg_uuid_t *actor_id, const pg_uuid_t *event_id, const char *permission);

/* What somebody bought is seen by him, and by who has bookings:read for the event. */
extern void ev_require_reader(const pg_uuid_t *actor_id, const pg_uuid_t *user_id, const pg_uuid_t *event_id,
							  const char *what);

/* The same for all events together. */
extern void ev_require_permission(const pg_uuid_t *actor_id, const char *permission, const char *what);

/* FORBIDDEN unless the actor is NULL or may in that team; permission NULL: be a member. */
extern void ev_require_member(const pg_uuid_t *actor_id, const pg_uuid_t *organiser_id, const char *permission);

/* Each is one of words, a list like "events:own, events:any"; sorted, each once. */
extern EvArg ev_permissions(Datum given, const char *words);

#endif
