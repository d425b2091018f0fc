/*
 * Watchers: connections that were handed over by their request, and are told what changes until one side has enough.
 *
 * What a watcher has not read yet is bounded, here and in the kernel: who reads too slowly is dropped, and may come
 * back. What he sends is not a request any more; it is read and forgotten, but for a WebSocket's pings and its close.
 * Nobody watches longer than his access token lives, nor is told a place in a queue once it counts no more.
 */
#ifndef EV_WATCH_H
#define EV_WATCH_H

#include "feed.h"
#include "ratelimit.h"
#include "request.h"

struct connection;

/* Of whom, and of what, somebody asks to be told. */
struct watch_terms {
	struct feed *feed;
	struct caller caller; /* user_id NULL: nobody's place in the queue */
	struct limit_key client; /* whose streams are counted together */
	bool websocket;
	bool only_place; /* and no change of seats */
};

struct watcher *watch_start(struct connection *c, const struct watch_terms *terms);
bool watch_is_open(const struct watcher *watcher);
void watch_send(struct watcher *watcher, const char *event, const char *id, const char *json);
void watch_tell(struct feed *feed, const struct change *change);
char *watch_who_wait(void);
void watch_tell_place(uint64_t number, const char *json);
void watch_places_told(void);
void watch_close_all(void);
uint64_t watch_count(void);
int watch_count_of(const struct limit_key *client);

void watch_left(struct connection *c); /* for Kore, which finds it by name */

#endif
