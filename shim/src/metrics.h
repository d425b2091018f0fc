/*
 * Counters for /metrics.
 *
 * Each worker counts in a place of its own in shared memory, which it alone writes, so counting takes no lock; whichever
 * worker is asked adds all places up. A worker that is started anew goes on in its predecessor's place: counters never
 * go back. What is a level and not a count (connections, queues) is copied there once per turn of the loop.
 */
#ifndef EV_METRICS_H
#define EV_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "catalogue.h"
#include "pgpipe.h"
#include "ratelimit.h"

#define METRIC_ROUTES_MAX   256
#define METRIC_STATUSES_MAX 32
#define METRIC_BUCKETS      13 /* the last is for what took longer than all bounds */

enum metric_event {
	EVENT_NONE,
	EVENT_HOLD,
	EVENT_RELEASE,
	EVENT_BOOKING,
	EVENT_CANCELLATION,
	EVENT_KINDS,
};

struct histogram {
	uint64_t buckets[METRIC_BUCKETS]; /* not cumulative */
	uint64_t sum; /* microseconds, or requests of sets */
};

struct lane_metrics {
	uint64_t calls[PG_OUTCOMES];
	uint64_t syncs;
	struct histogram duration;
	uint64_t queued, pending, ready; /* levels; ready: connections */
};

struct set_metrics {
	struct histogram sizes;
	uint64_t alone, divided, refused;
	uint64_t waiting, under_way; /* levels */
};

/* Of a worker. Routes: by place in routes.def, and behind them what fits none. */
struct metrics {
	uint64_t pid;
	uint64_t requests[METRIC_ROUTES_MAX + 1][METRIC_STATUSES_MAX];
	struct histogram duration[METRIC_ROUTES_MAX + 1];
	uint64_t codes[ERROR_CODES];
	uint64_t limited[LIMIT_CLASSES];
	uint64_t events[EVENT_KINDS];
	uint64_t replays;
	uint64_t compressed;
	uint64_t hashes;
	uint64_t coalesced, kept;
	struct lane_metrics lanes[PG_LANES];
	struct set_metrics sets;
	uint64_t live_polls, live_messages, live_dropped;
	uint64_t in_progress, connections, live, live_events; /* levels */
};

struct request;

/* One writer, so no more than whole words is needed. */
#define METRIC_ADD(counter, amount) __atomic_store_n(&(counter), (counter) + (uint64_t)(amount), __ATOMIC_RELAXED)
#define METRIC_SET(level, value)    __atomic_store_n(&(level), (uint64_t)(value), __ATOMIC_RELAXED)

extern const int metric_statuses[];
extern const double metric_bounds[METRIC_BUCKETS - 1]; /* seconds */
extern const double metric_set_bounds[METRIC_BUCKETS - 1]; /* requests */
extern struct metrics *metrics; /* this worker's */

void metrics_prepare(void);
void metrics_attach(int worker);
void metrics_turn(void);
const struct metrics *metrics_of(int worker);

void metrics_request(const struct request *rq, int status, const char *code);
void metrics_rejected(int status, const char *code);
void metrics_call(const struct pg_call *call, uint64_t duration_us);
void metrics_set(int requests);

#endif
