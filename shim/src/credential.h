/*
 * Passwords that are given to be checked: with an e-mail, or again by who is signed in.
 *
 * Wrong ones are counted, by account, or e-mail that has none, and by the client's address, and too many are answered 429.
 * Whether an e-mail is known never shows, neither in an answer nor in its time.
 */
#ifndef EV_CREDENTIAL_H
#define EV_CREDENTIAL_H

#include "ratelimit.h"
#include "request.h"

struct failure_count {
	enum limit_class class;
	struct limit_key key;
};

/* The flow (request.h) of who has a password checked begins with it. */
struct credential {
	const char *email, *password; /* as given */
	const char *user_id; /* whose credential was found */
	const char *hash; /* what the password was verified against */
	bool active;
	bool own; /* given again by who is signed in */
	struct failure_count counts[2];
	int count_count;
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
