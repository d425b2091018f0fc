#include <sys/mman.h>

#include <string.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "config.h"
#include "metrics.h"
#include "request.h"
#include "route.h"
#include "set.h"
#include "watch.h"

const int metric_statuses[METRIC_STATUSES_MAX] = { 101, 200, 201, 204, 304, 400, 401, 402, 403, 404, 405, 408, 409, 410,
	411, 412, 413, 414, 415, 422, 429, 431, 499, 500, 503, 505 }; /* a zero: all others */
const double metric_bounds[METRIC_BUCKETS - 1] = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
	10 };
const double metric_set_bounds[METRIC_BUCKETS - 1] = { 1, 2, 3, 4, 6, 8, 12, 16, 32, 64, 96, 128 };

static struct metrics *all;
struct metrics *metrics;

void
metrics_prepare(void)
{
	if (route_count() > METRIC_ROUTES_MAX)
		fatal("metrics: too many routes");
	/* A place more, for the parent. */
	all = mmap(NULL, sizeof(*all) * ((size_t)config.workers + 1), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		fatal("metrics: no shared memory: %s", errno_s);
	metrics_attach(0);
}

/* The parent is 0, workers are counted from 1. */
void
metrics_attach(int worker_number)
{
	metrics = &all[worker_number];
	metrics->pid = (uint64_t)getpid();
}

const struct metrics *
metrics_of(int worker_number)
{
	return (&all[worker_number]);
}

void
metrics_turn(void)
{
	METRIC_SET(metrics->in_progress, request_count());
	METRIC_SET(metrics->connections, worker_active_connections);
	METRIC_SET(metrics->live, watch_count());
	METRIC_SET(metrics->live_events, feed_count());
	pg_levels(metrics->lanes);
	set_levels();
}

static int
status_place(int status)
{
	int i;

	for (i = 0; metric_statuses[i] != 0 && metric_statuses[i] != status; i++)
		;
	return (i);
}

/* `scale`: what is counted, in a unit of the bounds. */
static void
observe(struct histogram *histogram, const double *bounds, double scale, uint64_t value)
{
	int i;

	for (i = 0; i < METRIC_BUCKETS - 1 && (double)value > bounds[i] * scale; i++)
		;
	METRIC_ADD(histogram->buckets[i], 1);
	METRIC_ADD(histogram->sum, value);
}

static void
observe_duration(struct histogram *histogram, uint64_t us)
{
	observe(histogram, metric_bounds, 1e6, us);
}

static void
count_code(const char *code)
{
	int place;

	if (code != NULL && (place = error_code_find(code)) >= 0)
		METRIC_ADD(metrics->codes[place], 1);
}

void
metrics_request(const struct request *rq, int status, const char *code)
{
	int place = rq->route != NULL ? route_place(rq->route) : route_count();

	METRIC_ADD(metrics->requests[place][status_place(status)], 1);
	observe_duration(&metrics->duration[place], clock_us() - rq->started_us);
	count_code(code);
	if (status == 429)
		METRIC_ADD(metrics->limited[rq->limit.class], 1);
	if (rq->replayed)
		METRIC_ADD(metrics->replays, 1);
	else if (rq->route != NULL && status < 300)
		METRIC_ADD(metrics->events[rq->route->event], 1);
	if (rq->encoded)
		METRIC_ADD(metrics->compressed, 1);
}

void
metrics_rejected(int status, const char *code)
{
	METRIC_ADD(metrics->requests[route_count()][status_place(status)], 1);
	count_code(code);
}

void
metrics_call(const struct pg_call *call, uint64_t duration_us)
{
	struct lane_metrics *lane = &metrics->lanes[call->lane];

	METRIC_ADD(lane->calls[call->outcome], 1);
	observe_duration(&lane->duration, duration_us);
}

void
metrics_set(int requests)
{
	observe(&metrics->sets.sizes, metric_set_bounds, 1, (uint64_t)requests);
}
