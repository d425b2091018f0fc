/*
 * Passwords that are given to be checked: with an e-mail, or again by who is signed in.
 *
 * Wrong ones are counted, for an account or for an address that has none, and too many are answered 429. Whether an
 * e-mail is known never shows, neither in an answer nor in its time.
 */
#ifndef EV_CREDENTIAL_H
#define EV_CREDENTIAL_H

#include "ratelimit.h"
#include "request.h"

/* The flow (request.h) of who has a password checked begins with it. */
struct credential {
	const char *email, *password; /* as given */
	const char *user_id; /* whose credential was found */
	const char *hash; /* what the password was verified against */
	bool active;
	struct limit_key account; /* whose wrong passwords are counted */
	void (*done)(struct request *rq, bool good);
};

void credential_prepare(void);
/* Long enough and not too long? False: the request has been answered. */
bool credential_password_is_fit(struct request *rq, const char *field, const char *password);
/* The flow's password against that of its e-mail's account. `done` is called unless the request has been answered. */
void credential_check(struct request *rq, void (*done)(struct request *rq, bool good));
/* The same against the caller's own. */
void credential_check_own(struct request *rq, void (*done)(struct request *rq, bool good));

#endif
