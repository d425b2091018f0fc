/*
 * Feeds: what changes in the events that somebody watches, from one query for all of them.
 *
 * Invariants
 *  1. While there are feeds a worker asks evently.live_changes() once per EVENTLY_LIVE_INTERVAL, about all events and
 *     watchers together and about what has come since its last answer; without feeds it asks nothing.
 *  2. A feed's changes are numbered from 1. Each says how things are now, so one seen twice does no harm.
 *  3. Who opens a feed before he asks for an event's state, and takes the changes that come after the answer, misses
 *     nothing: both travel on the same connection, in order.
 *  4. A feed is there while somebody uses it. Once begun it keeps its last changes for who comes back, up to a bound,
 *     and stays for a while after the last user has left.
 *
 * A position is "XMIN:XMAX:XIP,...@MICROSECONDS": a snapshot of the database, and its time.
 */
#ifndef EV_FEED_H
#define EV_FEED_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FEED_CHANGES 64 /* kept */
#define FEED_BYTES   (256 * 1024) /* of them, but for the newest */

struct watcher;
TAILQ_HEAD(watchers, watcher);

struct change {
	char *position; /* behind it */
	char *json;
};

struct feed {
	char event_id[37];
	unsigned char key[16];
	int users;
	uint64_t wanted_until_ms; /* without users */
	struct watchers watchers;
	char *start; /* position before the first of the changes kept; NULL: not begun */
	uint64_t last; /* number of the newest change */
	int kept;
	size_t bytes;
	struct change changes[FEED_CHANGES]; /* by number */
	TAILQ_ENTRY(feed) list;
	LIST_ENTRY(feed) same_place; /* of the hash table */
};

void feed_prepare(void);
struct feed *feed_open(const char *event_id);
void feed_leave(struct feed *feed);
void feed_begin(struct feed *feed, const char *position);
bool feed_find(const struct feed *feed, const char *position, uint64_t *number);
const struct change *feed_change(const struct feed *feed, uint64_t number);
uint64_t feed_count(void);

#endif
