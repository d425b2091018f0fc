/*
 * Sessions: the pair of tokens that a sign-in, a registration or a refresh answers with.
 *
 * The access token is a JWT. The refresh token is 32 random bytes; the database knows only its SHA-256. A new one is
 * made before the call that stores it, kept in the request's flow, and shown once, in the answer.
 */
#ifndef EV_SESSION_H
#define EV_SESSION_H

#include "request.h"

/* What the answer repeats beside the tokens and the user. */
enum session_form {
	SESSION_PLAIN,
	SESSION_WITH_USER, /* the user's fields at the top */
	SESSION_WITH_ADMIN, /* the same and admin_id */
};

void session_new_token(struct request *rq, const char **token, const char **hash);
const char *session_token_hash(struct request *rq, const char *token);
const char *session_ttl(struct request *rq);
const char *session_role(enum session_form form);
void session_reply(struct request *rq, const char *refresh_token, enum session_form form);

#endif
