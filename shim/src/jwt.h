/*
 * Access tokens: JWT with HS256 and nothing else.
 *
 * jwt_verify() accepts exactly what jwt_sign() makes: canonical base64url without padding, alg HS256, iss "evently",
 * typ "access", a UUID as sub, a known role, nbf and exp around now. The signature is checked before anything in the
 * payload is looked at. It gives user_id and role; what else an account may do is the database's matter.
 * jwt_init() runs once, before the fork.
 */
#ifndef EV_JWT_H
#define EV_JWT_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"

struct jwt_claims {
	const char *user_id;
	const char *role;
	const char *permissions; /* JSON array */
	long long version; /* the account's token version */
	long long expires; /* of a verified token: seconds since the epoch */
};

void jwt_init(const char *secret);
char *jwt_sign(const struct jwt_claims *claims, int ttl_s, struct arena *arena);
bool jwt_verify(const char *token, struct jwt_claims *claims, struct arena *arena);

char *base64url_encode(const unsigned char *data, size_t len, struct arena *arena);

#endif
