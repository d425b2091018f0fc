#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "catalogue.h"
#include "config.h"
#include "exposition.h"
#include "metrics.h"
#include "reply.h"
#include "route.h"

#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

static const char *const lane_names[] = { [PG_READ] = "read", [PG_BULK] = "bulk", [PG_WRITE] = "write" };
static const char *const outcome_names[] = { [PG_ROWS] = "rows",
	[PG_REFUSED] = "refused",
	[PG_BUSY] = "busy",
	[PG_UNAVAILABLE] = "unavailable",
	[PG_LOST] = "lost" };

/* Everything but pid is a uint64_t, so a sum of two is a sum of words. */
static void
add_all(struct metrics *total)
{
	size_t words = sizeof(*total) / sizeof(uint64_t), i;
	const uint64_t *place;
	int worker_number;

	memset(total, 0, sizeof(*total));
	for (worker_number = 0; worker_number <= config.workers; worker_number++) {
		place = (const uint64_t *)metrics_of(worker_number);
		for (i = 0; i < words; i++)
			((uint64_t *)total)[i] += __atomic_load_n(&place[i], __ATOMIC_RELAXED);
	}
}

static void
head(struct kore_buf *out, const char *name, const char *type, const char *help)
{
	kore_buf_appendf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
single(struct kore_buf *out, const char *name, const char *type, uint64_t value, const char *help)
{
	head(out, name, type, help);
	kore_buf_appendf(out, "%s %" PRIu64 "\n", name, value);
}

static uint64_t
bucket_lines(
    struct kore_buf *out, const char *name, const char *labels, const struct histogram *histogram, const double *bounds)
{
	const char *comma = labels[0] != '\0' ? "," : "";
	uint64_t count = 0;
	int i;

	for (i = 0; i < METRIC_BUCKETS - 1; i++) {
		count += histogram->buckets[i];
		kore_buf_appendf(out, "%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", name, labels, comma, bounds[i], count);
	}
	count += histogram->buckets[i];
	kore_buf_appendf(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma, count);

	return (count);
}

static void
duration_lines(struct kore_buf *out, const char *name, const char *labels, const struct histogram *histogram)
{
	uint64_t count = bucket_lines(out, name, labels, histogram, metric_bounds);

	kore_buf_appendf(out, "%s_sum{%s} %.6f\n%s_count{%s} %" PRIu64 "\n", name, labels, (double)histogram->sum / 1e6,
	    name, labels, count);
}

/* What fits no route stands under "-". */
static void
route_labels(int place, char *labels, size_t size)
{
	const struct route *route = place < route_count() ? route_at(place) : NULL;

	(void)snprintf(labels, size, "method=\"%s\",route=\"%s\"",
	    route != NULL ? http_method_text(route->method) : "-", route != NULL ? route->pattern : "-");
}

static void
requests(struct kore_buf *out, const struct metrics *total)
{
	static const char durations[] = "evently_http_request_duration_seconds";
	char labels[256];
	int place, status;

	head(out, "evently_http_requests_total", "counter", "Requests answered, by route and status.");
	for (place = 0; place <= route_count(); place++) {
		route_labels(place, labels, sizeof(labels));
		for (status = 0; status < METRIC_STATUSES_MAX; status++) {
			if (total->requests[place][status] != 0)
				kore_buf_appendf(out, "evently_http_requests_total{%s,status=\"%d\"} %" PRIu64 "\n",
				    labels, metric_statuses[status], total->requests[place][status]);
		}
	}
	head(out, durations, "histogram", "From the arrival of a request to its answer.");
	for (place = 0; place <= route_count(); place++) {
		route_labels(place, labels, sizeof(labels));
		if (total->duration[place].sum != 0)
			duration_lines(out, durations, labels, &total->duration[place]);
	}
	single(out, "evently_http_requests_in_progress", "gauge", total->in_progress,
	    "Requests that wait for their answer.");
	single(out, "evently_http_connections", "gauge", total->connections, "Open connections of clients.");
	single(out, "evently_live_connections", "gauge", total->live, "Streams of live updates that are open.");
	single(out, "evently_live_events", "gauge", total->live_events,
	    "Events that streams are about, or were a moment ago; one that several workers tell of counts for each.");
	single(out, "evently_live_polls_total", "counter", total->live_polls,
	    "Calls to the database for what live updates are to tell, for all streams of a worker together.");
	single(out, "evently_live_messages_total", "counter", total->live_messages,
	    "Live updates sent, one for each stream.");
	single(out, "evently_live_dropped_total", "counter", total->live_dropped,
	    "Streams closed because their client read too slowly.");
	single(
	    out, "evently_http_compressed_responses_total", "counter", total->compressed, "Answers sent compressed.");
	single(out, "evently_http_coalesced_requests_total", "counter", total->coalesced,
	    "Reads answered by the call of another that asked the same.");
	single(out, "evently_db_answers_kept_total", "counter", total->kept,
	    "Calls that the database answered with: nothing has changed.");
}

static void
outcomes(struct kore_buf *out, const struct metrics *total)
{
	int i;

	head(out, "evently_errors_total", "counter", "Errors answered, by code.");
	for (i = 0; i < ERROR_CODES; i++) {
		if (error_code_find(error_codes[i].code) == i)
			kore_buf_appendf(out, "evently_errors_total{code=\"%s\"} %" PRIu64 "\n", error_codes[i].code,
			    total->codes[i]);
	}
	head(out, "evently_rate_limited_total", "counter", "Requests refused by a rate limit, by its class.");
	for (i = LIMIT_NONE + 1; i < LIMIT_CLASSES; i++)
		kore_buf_appendf(out, "evently_rate_limited_total{class=\"%s\"} %" PRIu64 "\n",
		    rate_limit_word((enum limit_class)i), total->limited[i]);
	single(out, "evently_holds_total", "counter", total->events[EVENT_HOLD], "Holds placed.");
	single(out, "evently_holds_released_total", "counter", total->events[EVENT_RELEASE],
	    "Holds released by their owners.");
	single(out, "evently_bookings_total", "counter", total->events[EVENT_BOOKING], "Bookings made.");
	single(out, "evently_cancellations_total", "counter", total->events[EVENT_CANCELLATION],
	    "Cancellations of bookings, repeated ones too.");
	single(out, "evently_password_hashes_total", "counter", total->hashes,
	    "Passwords hashed, to set them or to compare; one for each login, whoever it is.");
	single(out, "evently_idempotent_replays_total", "counter", total->replays,
	    "Answers given again for an Idempotency-Key.");
}

/* `member`: where it stands in struct lane_metrics. */
static void
by_lane(struct kore_buf *out, const char *name, const char *type, const struct metrics *total, size_t member,
    const char *help)
{
	int lane;

	head(out, name, type, help);
	for (lane = 0; lane < PG_LANES; lane++)
		kore_buf_appendf(out, "%s{lane=\"%s\"} %" PRIu64 "\n", name, lane_names[lane],
		    *(const uint64_t *)((uintptr_t)&total->lanes[lane] + member));
}

static void
database(struct kore_buf *out, const struct metrics *total)
{
	static const char durations[] = "evently_db_call_duration_seconds";
	char labels[32];
	int lane, i;

	head(out, "evently_db_calls_total", "counter", "Calls to the database, by lane and outcome.");
	for (lane = 0; lane < PG_LANES; lane++) {
		for (i = 0; i < PG_OUTCOMES; i++)
			kore_buf_appendf(out, "evently_db_calls_total{lane=\"%s\",outcome=\"%s\"} %" PRIu64 "\n",
			    lane_names[lane], outcome_names[i], total->lanes[lane].calls[i]);
	}
	head(out, durations, "histogram", "From handing over a call to its result, queueing included.");
	for (lane = 0; lane < PG_LANES; lane++) {
		(void)snprintf(labels, sizeof(labels), "lane=\"%s\"", lane_names[lane]);
		duration_lines(out, durations, labels, &total->lanes[lane].duration);
	}
	by_lane(out, "evently_db_syncs_total", "counter", total, offsetof(struct lane_metrics, syncs),
	    "Groups of calls sent as one transaction; calls per group is the batch.");
	by_lane(out, "evently_db_queued_calls", "gauge", total, offsetof(struct lane_metrics, queued),
	    "Calls that wait for a connection.");
	by_lane(out, "evently_db_calls_in_progress", "gauge", total, offsetof(struct lane_metrics, pending),
	    "Calls queued or in flight.");
	by_lane(out, "evently_db_connections", "gauge", total, offsetof(struct lane_metrics, ready),
	    "Connections to the database that are up.");
}

static void
sets(struct kore_buf *out, const struct set_metrics *total)
{
	static const char sizes[] = "evently_set_requests";
	uint64_t count;

	head(out, sizes, "histogram", "Requests that travelled together, in one transaction; a set of one is a call.");
	count = bucket_lines(out, sizes, "", &total->sizes, metric_set_bounds);
	kore_buf_appendf(out, "%s_sum %" PRIu64 "\n%s_count %" PRIu64 "\n", sizes, total->sizes.sum, sizes, count);
	single(out, "evently_set_alone_total", "counter", total->alone,
	    "Requests that a set left open, sent again alone.");
	single(out, "evently_set_divided_total", "counter", total->divided,
	    "Sets that failed as a whole, sent again in parts.");
	single(out, "evently_set_refused_total", "counter", total->refused,
	    "Requests refused because too many wait for a set.");
	single(out, "evently_set_waiting_requests", "gauge", total->waiting, "Requests that wait for the next set.");
	single(out, "evently_sets_in_progress", "gauge", total->under_way, "Sets in flight.");
}

struct process {
	double cpu_s, started_s;
	uint64_t resident;
};

/* proc(5); fields are counted behind the name, which may hold blanks. */
static bool
process_read(uint64_t pid, struct process *process)
{
	unsigned long utime, stime, rss;
	unsigned long long start;
	char path[64], text[1024], *p;
	struct timespec now, up;
	double ticks = (double)sysconf(_SC_CLK_TCK);
	size_t len;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%" PRIu64 "/stat", pid);
	if ((file = fopen(path, "re")) == NULL)
		return (false);
	len = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[len] = '\0';
	if ((p = strrchr(text, ')')) == NULL ||
	    sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %llu %*u %lu",
		&utime, &stime, &start, &rss) != 4)
		return (false);
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	process->cpu_s = (double)(utime + stime) / ticks;
	process->started_s = (double)(now.tv_sec - up.tv_sec) + (double)start / ticks;
	process->resident = rss * (uint64_t)sysconf(_SC_PAGESIZE);

	return (true);
}

static void
process_line(struct kore_buf *out, const char *name, int worker_number, double value)
{
	if (worker_number == 0)
		kore_buf_appendf(out, "%s{process=\"parent\"} %.17g\n", name, value);
	else
		kore_buf_appendf(out, "%s{process=\"worker-%d\"} %.17g\n", name, worker_number, value);
}

static void
processes(struct kore_buf *out)
{
	struct process found[65];
	bool known[65];
	int i;

	for (i = 0; i <= config.workers; i++)
		known[i] = process_read(metrics_of(i)->pid, &found[i]);
	head(out, "process_resident_memory_bytes", "gauge", "Resident memory; shared pages count in each process.");
	for (i = 0; i <= config.workers; i++) {
		if (known[i])
			process_line(out, "process_resident_memory_bytes", i, (double)found[i].resident);
	}
	head(out, "process_cpu_seconds_total", "counter", "Processor time, user and system.");
	for (i = 0; i <= config.workers; i++) {
		if (known[i])
			process_line(out, "process_cpu_seconds_total", i, found[i].cpu_s);
	}
	head(out, "process_start_time_seconds", "gauge", "When the process began, since the epoch.");
	for (i = 0; i <= config.workers; i++) {
		if (known[i])
			process_line(out, "process_start_time_seconds", i, found[i].started_s);
	}
	head(out, "evently_build_info", "gauge", "Versions; always 1.");
	kore_buf_appendf(out, "evently_build_info{kore=\"%s\",libpq=\"%d\"} 1\n", kore_version, PQlibVersion());
}

static bool
may_read(struct request *rq)
{
	const char *sent = request_header(rq, "authorization");
	size_t len = strlen(config.metrics_token);

	if (len == 0)
		return (true);
	if (sent != NULL && strncasecmp(sent, "Bearer ", 7) == 0 && strlen(sent + 7) == len &&
	    CRYPTO_memcmp(sent + 7, config.metrics_token, len) == 0)
		return (true);
	reply_unauthorized(rq, "Missing or invalid token");

	return (false);
}

void
metrics_page(struct request *rq)
{
	struct metrics *total;
	struct kore_buf out;

	if (!may_read(rq))
		return;
	total = kore_malloc(sizeof(*total));
	add_all(total);
	kore_buf_init(&out, 65536);
	requests(&out, total);
	outcomes(&out, total);
	database(&out, total);
	sets(&out, &total->sets);
	processes(&out);
	kore_free(total);
	rq->content_type = CONTENT_TYPE;
	reply_json(rq, 200, arena_copy(&rq->arena, (const char *)out.data, out.offset), out.offset);
	kore_buf_cleanup(&out);
}
