/*
 * Rate limits: how many requests of a class one client may make in a window of time.
 *
 * A route's class stands in routes.def; what a class counts by, and the setting with its figure, in limits.def.
 * The count of a client begins with its first request and ends when its window is over; a request that is refused is
 * not counted. 429 with Retry-After; every counted answer carries RateLimit-Policy and RateLimit (IETF draft).
 *
 * The counts are in memory that all workers share (made before the fork, so a worker that is started anew finds it),
 * under locks that survive the death of their holder: of N requests in parallel exactly as many pass as may. The
 * table has a fixed size. Where its place for a client is full, the client with the fewest requests there is forgotten.
 */
#ifndef EV_RATELIMIT_H
#define EV_RATELIMIT_H

#include <netinet/in.h>

#include <stdbool.h>
#include <stdint.h>

struct request;

enum limit_class {
	LIMIT_NONE,
#define LIMIT(symbol, word, by, member, times) LIMIT_##symbol,
#include "limits.def"
#undef LIMIT
	LIMIT_CLASSES,
};

/* count 0: no limit */
struct rate {
	int count;
	int window_s;
};

/* Whose requests are counted together: an account's id, an address, a hash of something longer. */
struct limit_key {
	unsigned char bytes[16];
};

/* How a client stands after its request. */
struct limit_state {
	enum limit_class class; /* LIMIT_NONE: nothing was counted */
	int remaining;
	int reset_s;
};

void rate_limit_prepare(void);
bool rate_limit_admit(struct request *rq);
bool rate_limit_open(enum limit_class class, const struct limit_key *key, struct limit_state *state);
bool rate_limit_take(enum limit_class class, const struct limit_key *key, struct limit_state *state);
struct rate rate_limit_rate(enum limit_class class);
const char *rate_limit_word(enum limit_class class);

#endif
