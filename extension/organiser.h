/*
 * organiser.h
 *		Teams that events belong to; permission.h tells what their members may do.
 */
#ifndef EV_ORGANISER_H
#define EV_ORGANISER_H

#include "utils/uuid.h"

/* Keeps the organiser until the commit. ORGANISER_NOT_FOUND; FORBIDDEN unless the actor may manage its events. */
extern void ev_organiser_require(const pg_uuid_t *organiser_id, const pg_uuid_t *actor_id);

/* An account that ends leaves its teams. LAST_ADMIN where one would have members but nobody who manages them. */
extern void ev_organiser_leave_all(const pg_uuid_t *account_id);

#endif
