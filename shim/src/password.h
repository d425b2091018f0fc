/*
 * Passwords: bcrypt ($2b$) in Kore's task threads, never on the event loop.
 *
 * password_hash() and password_verify() hold the request, work elsewhere and call `done` from the event loop. A
 * verification without a hash (an unknown account) is done against a dummy, takes the same time and fails. When too
 * many are waiting they reply 503 and `done` is not called. Copies of a password are wiped.
 */
#ifndef EV_PASSWORD_H
#define EV_PASSWORD_H

#include "request.h"

/* bcrypt looks at no more bytes. */
#define PASSWORD_MAX 72

void password_init(void);
void password_hash(struct request *rq, const char *password, void (*done)(struct request *rq, const char *hash));
void password_verify(
    struct request *rq, const char *password, const char *hash, void (*done)(struct request *rq, bool good));

#endif
