/*
 * account.h
 *		People who sign in, and what they may do.
 *
 * An actor of NULL is the database's own user calling by SQL: trusted, because he needs EXECUTE to be there. The shim
 * always names the account of the token.
 */
#ifndef EV_ACCOUNT_H
#define EV_ACCOUNT_H

#include "utils/uuid.h"

/* FORBIDDEN unless the actor is NULL, the owner (may be NULL), or an administrator with permission events:any. */
extern void ev_require_owner(const pg_uuid_t *actor_id, const pg_uuid_t *owner_id, const char *what);

/* Of an active administrator. */
extern bool ev_has_permission(const pg_uuid_t *actor_id, const char *permission);

#endif
