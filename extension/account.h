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

#include "spi.h"

/* FORBIDDEN unless the actor is NULL, the owner (may be NULL), or an administrator with permission events:any. */
extern void ev_require_owner(const pg_uuid_t *actor_id, const pg_uuid_t *owner_id, const char *what);

/* Of an active administrator. */
extern bool ev_has_permission(const pg_uuid_t *actor_id, const char *permission);
extern bool ev_account_is_admin(const pg_uuid_t *account_id);

/* Who may become or stop being an administrator is decided one at a time: taken first, held to the commit. */
extern void ev_account_lock_admins(void);
/* LAST_ADMIN: for an administrator who is about to be none. */
extern void ev_account_require_other_admin(void);

/* FORBIDDEN unless the giver, NULL or an administrator, has all of these permissions: events:any is all. */
extern void ev_account_require_may_give(const pg_uuid_t *giver_id, Datum permissions);

/* A new account; an administrator has permission events:own, of the giver. FORBIDDEN, EMAIL_TAKEN. */
extern pg_uuid_t ev_account_create(char *email, EvArg password_hash, const char *name, EvArg first_name,
								   EvArg last_name, EvArg phone_number, const char *role, const pg_uuid_t *giver_id);

extern void ev_account_not_found(const char *field) pg_attribute_noreturn();

#endif
