#include <sys/mman.h>

#include <limits.h>
#include <pthread.h>
#include <string.h>

#include <openssl/rand.h>

#include <kore/kore.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "clientip.h"
#include "config.h"
#include "ratelimit.h"
#include "reply.h"
#include "value.h"

#define SETS  8192
#define WAYS  8
#define LOCKS 64

enum counted_by { BY_IP, BY_USER, BY_OTHER };

struct count {
	struct limit_key key;
	enum limit_class class;
	int used;
	uint64_t ends_ms; /* in the past: the place is free */
};

struct table {
	pthread_mutex_t locks[LOCKS];
	struct count counts[SETS][WAYS];
};

static const struct {
	const char *word;
	enum counted_by by;
	const struct rate *rate;
	int times;
} classes[] = {
#define LIMIT(symbol, word, by, member, times) [LIMIT_##symbol] = { word, BY_##by, &config.member, times },
#include "limits.def"
#undef LIMIT
};

static struct table *table;
static XXH64_hash_t seed; /* or a client could choose addresses that fall on one place */

void
rate_limit_prepare(void)
{
	pthread_mutexattr_t attributes;
	int i;

	table = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (table == MAP_FAILED || RAND_bytes((unsigned char *)&seed, sizeof(seed)) != 1)
		fatal("ratelimit: no shared memory, or no random bytes: %s", errno_s);
	(void)pthread_mutexattr_init(&attributes);
	(void)pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	(void)pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	for (i = 0; i < LOCKS; i++)
		(void)pthread_mutex_init(&table->locks[i], &attributes);
	(void)pthread_mutexattr_destroy(&attributes);
}

struct rate rate_limit_rate(enum limit_class class)
{
	struct rate rate = *classes[class].rate;

	rate.count = rate.count > INT_MAX / classes[class].times ? INT_MAX : rate.count * classes[class].times;
	return (rate);
}

static void
lock(pthread_mutex_t *mutex)
{
	/* A count that its dead holder left half written is off by one at the worst. */
	if (pthread_mutex_lock(mutex) == EOWNERDEAD)
		(void)pthread_mutex_consistent(mutex);
}

/* The client's count in its set; where it has none a free one, or the one that matters least. */
static struct count *
find_count(struct count *set, enum limit_class class, const struct limit_key *key, uint64_t now)
{
	struct count *count, *place = NULL;

	for (count = set; count < set + WAYS; count++) {
		if (count->ends_ms <= now) {
			count->used = 0;
			count->class = LIMIT_NONE;
		}
		if (count->class == class && memcmp(&count->key, key, sizeof(*key)) == 0)
			return (count);
		if (place == NULL || count->used < place->used)
			place = count;
	}
	place->key = *key;
	place->class = class;
	place->used = 0;
	place->ends_ms = now + (uint64_t)classes[class].rate->window_s * 1000;

	return (place);
}

/* Counts `amount` more if the limit leaves room for one. */
static bool
count_up(enum limit_class class, const struct limit_key *key, int amount, struct limit_state *state)
{
	struct rate rate = rate_limit_rate(class);
	size_t place = (XXH3_64bits_withSeed(key, sizeof(*key), seed) + class) % SETS;
	pthread_mutex_t *mutex = &table->locks[place % LOCKS];
	uint64_t now = kore_time_ms();
	struct count *count;
	bool open;

	state->class = LIMIT_NONE;
	if (!config.rate_limit || rate.count == 0)
		return (true);
	lock(mutex);
	count = find_count(table->counts[place], class, key, now);
	open = count->used < rate.count;
	if (open)
		count->used += amount;
	state->class = class;
	state->remaining = rate.count - count->used;
	state->reset_s = (int)((count->ends_ms - now + 999) / 1000);
	(void)pthread_mutex_unlock(mutex);

	return (open);
}

/* Is there room for one more? Counts nothing. */
bool
rate_limit_open(enum limit_class class, const struct limit_key *key, struct limit_state *state)
{
	return (count_up(class, key, 0, state));
}

bool
rate_limit_take(enum limit_class class, const struct limit_key *key, struct limit_state *state)
{
	return (count_up(class, key, 1, state));
}

/* Counts the request in its route's class. If that is full the request has been answered. */
bool
rate_limit_admit(struct request *rq)
{
	enum limit_class class = rq->route->limit;
	struct in6_addr network;
	struct limit_key key;

	if (class == LIMIT_NONE)
		return (true);
	if (classes[class].by == BY_USER) {
		value_uuid_bytes(rq->caller.user_id, key.bytes);
	} else {
		network = client_ip_network(&rq->address);
		memcpy(key.bytes, &network, sizeof(key.bytes));
	}
	if (rate_limit_take(class, &key, &rq->limit))
		return (true);
	reply_rate_limited(rq);

	return (false);
}

const char *rate_limit_word(enum limit_class class)
{
	return (classes[class].word);
}
