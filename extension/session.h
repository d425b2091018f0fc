/*
 * session.h
 *		Sessions: a login is a family of refresh tokens, each of which works once and is replaced by the next.
 *
 * Tokens arrive as SHA-256 hashes. Whoever presents a used one has a copy of somebody else's, so the whole family is
 * revoked. An account's sessions change one transaction at a time (ev_sessions_lock), or a token just being issued would
 * slip past a revocation that does not see it yet. Access tokens carry the account's token_version and count while it is
 * the present one; whatever revokes refresh tokens raises it.
 */
#ifndef EV_SESSION_H
#define EV_SESSION_H

#include "spi.h"

extern void ev_sessions_lock(const pg_uuid_t *account_id);
extern void ev_sessions_revoke(const pg_uuid_t *account_id);

/* A session of a new family, as functions answer it. Without a token only the account is answered. */
extern Datum ev_session_start(const pg_uuid_t *account_id, EvArg token_hash, EvArg ttl);

#endif
