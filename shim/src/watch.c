#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <string.h>
#include <time.h>

#include <kore/kore.h>
#include <kore/http.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "metrics.h"
#include "watch.h"

#define UNREAD_MAX   (64 * 1024)
#define KERNEL_MAX   (64 * 1024) /* of what was sent and is not acknowledged */
#define HEARTBEAT_MS 15000
#define SILENCE_MS   45000 /* of a peer that does not even acknowledge */

struct watcher {
	struct connection *c; /* NULL: on its way out */
	uint64_t number;
	struct feed *feed;
	struct limit_key client;
	bool websocket;
	bool only_place;
	char user_id[37]; /* empty: a stranger */
	int token_version;
	long long token_expires;
	bool place_told;
	XXH64_hash_t place; /* what was told last */
	TAILQ_ENTRY(watcher) list; /* of its feed */
	TAILQ_ENTRY(watcher) all; /* by number */
};

static TAILQ_HEAD(, watcher) all = TAILQ_HEAD_INITIALIZER(all);
static uint64_t count, last_number, asked_number;
static struct watcher *found; /* the last one */
static struct kore_timer *heartbeat_timer;

uint64_t
watch_count(void)
{
	return (count);
}

int
watch_count_of(const struct limit_key *client)
{
	struct watcher *watcher;
	int streams = 0;

	TAILQ_FOREACH(watcher, &all, all)
		streams += memcmp(&watcher->client, client, sizeof(*client)) == 0;
	return (streams);
}

bool
watch_is_open(const struct watcher *watcher)
{
	return (watcher->c != NULL);
}

/* Kore tells that the connection is on its way out; it frees the watcher, its hdlr_extra, itself. */
void
watch_left(struct connection *c)
{
	struct watcher *watcher = c->hdlr_extra;

	if (watcher->c == NULL)
		return;
	watcher->c = NULL;
	if (found == watcher)
		found = NULL;
	TAILQ_REMOVE(&watcher->feed->watchers, watcher, list);
	TAILQ_REMOVE(&all, watcher, all);
	count--;
	feed_leave(watcher->feed);
}

static size_t
unread(const struct connection *c)
{
	const struct netbuf *nb;
	size_t len = 0;

	TAILQ_FOREACH(nb, &c->send_queue, list)
		len += nb->b_len - nb->s_off;
	return (len);
}

/* The connection may be gone afterwards, and the watcher with it. */
static void
send_bytes(struct watcher *watcher, int opcode, const char *data, size_t len)
{
	struct connection *c = watcher->c;

	if (unread(c) > UNREAD_MAX) {
		METRIC_ADD(metrics->live_dropped, 1);
		c->flags |= CONN_WS_CLOSE_SENT;
		kore_connection_disconnect(c);
		return;
	}
	if (watcher->websocket) {
		kore_websocket_send(c, (u_int8_t)opcode, data, len);
		return;
	}
	net_send_queue(c, data, len);
	if (!net_send_flush(c))
		kore_connection_disconnect(c);
}

/* id NULL: what is told with it is no step in the feed, and is told anew to who comes back. */
static void
write_message(struct kore_buf *out, bool websocket, const char *event, const char *id, const char *json)
{
	if (websocket)
		kore_buf_appendf(out,
		    id != NULL ? "{\"event\":\"%s\",\"id\":\"%s\",\"data\":" : "{\"event\":\"%s\",\"data\":", event,
		    id);
	else
		kore_buf_appendf(out, id != NULL ? "event: %s\nid: %s\ndata: " : "event: %s\ndata: ", event, id);
	kore_buf_append(out, json, strlen(json));
	kore_buf_append(out, websocket ? "}" : "\n\n", websocket ? 1 : 2);
}

static void
send_message(struct watcher *watcher, const struct kore_buf *message)
{
	METRIC_ADD(metrics->live_messages, 1);
	send_bytes(watcher, WEBSOCKET_OP_TEXT, (const char *)message->data, message->offset);
}

void
watch_send(struct watcher *watcher, const char *event, const char *id, const char *json)
{
	struct kore_buf out;

	kore_buf_init(&out, 1024);
	write_message(&out, watcher->websocket, event, id, json);
	send_message(watcher, &out);
	kore_buf_cleanup(&out);
}

/* To all who watch the event; written once for each of the two ways. */
void
watch_tell(struct feed *feed, const struct change *change)
{
	struct watcher *watcher, *next;
	struct kore_buf out[2];
	int i;

	for (i = 0; i < 2; i++) {
		kore_buf_init(&out[i], 1024);
		write_message(&out[i], i == 1, "change", change->position, change->json);
	}
	for (watcher = TAILQ_FIRST(&feed->watchers); watcher != NULL; watcher = next) {
		next = TAILQ_NEXT(watcher, list);
		if (!watcher->only_place)
			send_message(watcher, &out[watcher->websocket]);
	}
	for (i = 0; i < 2; i++)
		kore_buf_cleanup(&out[i]);
}

/* The watchers that live_changes() is asked about; NULL without any. Those whose tokens have run out leave. */
char *
watch_who_wait(void)
{
	struct watcher *watcher, *next;
	struct kore_buf list;
	char *text = NULL;
	time_t now = time(NULL);

	kore_buf_init(&list, 1024);
	for (watcher = TAILQ_FIRST(&all); watcher != NULL; watcher = next) {
		next = TAILQ_NEXT(watcher, all);
		if (watcher->user_id[0] == '\0')
			continue;
		if (watcher->token_expires <= now) {
			kore_connection_disconnect(watcher->c);
			continue;
		}
		kore_buf_appendf(&list,
		    "%c{\"watcher\":%llu,\"event_id\":\"%s\",\"user_id\":\"%s\",\"token_version\":%d,\"told\":%s}",
		    list.offset == 0 ? '[' : ',', (unsigned long long)watcher->number, watcher->feed->event_id,
		    watcher->user_id, watcher->token_version, watcher->place_told ? "true" : "false");
	}
	asked_number = last_number;
	if (list.offset > 0) {
		kore_buf_append(&list, "]", 1);
		text = kore_strdup(kore_buf_stringify(&list, NULL));
	}
	kore_buf_cleanup(&list);

	return (text);
}

/* Answers come in the order of the numbers. */
static struct watcher *
find(uint64_t number)
{
	if (found == NULL || found->number > number)
		found = TAILQ_FIRST(&all);
	while (found != NULL && found->number < number)
		found = TAILQ_NEXT(found, all);
	return (found != NULL && found->number == number ? found : NULL);
}

/* His place in the queue, if he does not know it; NULL: his token counts no more. */
void
watch_tell_place(uint64_t number, const char *json)
{
	struct watcher *watcher = find(number);
	XXH64_hash_t place;

	if (watcher == NULL)
		return;
	if (json == NULL) {
		kore_connection_disconnect(watcher->c);
		return;
	}
	place = XXH3_64bits(json, strlen(json));
	if (watcher->place_told && watcher->place == place)
		return;
	watcher->place = place;
	watch_send(watcher, "waitlist", NULL, json);
}

/* All that were asked about have been told. */
void
watch_places_told(void)
{
	struct watcher *watcher;

	TAILQ_FOREACH(watcher, &all, all) {
		if (watcher->number > asked_number)
			break;
		watcher->place_told = true;
	}
}

/* So that proxies do not close what is silent, and we notice who is gone. Who has not read the last one needs no more. */
static void
heartbeat(void *arg, u_int64_t now)
{
	struct watcher *watcher, *next;

	(void)arg;
	(void)now;
	for (watcher = TAILQ_FIRST(&all); watcher != NULL; watcher = next) {
		next = TAILQ_NEXT(watcher, all);
		if (!TAILQ_EMPTY(&watcher->c->send_queue))
			continue;
		if (watcher->websocket)
			send_bytes(watcher, WEBSOCKET_OP_PING, NULL, 0);
		else
			send_bytes(watcher, 0, ":\n\n", 3);
	}
}

static int
ignore_bytes(struct netbuf *nb)
{
	nb->s_off = 0;
	return (KORE_RESULT_OK);
}

/* From HTTP to a stream without end: what the client sends is not a request any more, and no timer of HTTP's runs. */
static void
take_over(struct connection *c)
{
	c->proto = CONN_PROTO_UNKNOWN;
	c->flags &= ~CONN_CLOSE_EMPTY;
	c->http_timeout = 0;
	c->idle_timer.length = UINT64_MAX;
	c->disconnect = watch_left;
	net_recv_reset(c, 1024, ignore_bytes);
}

static void
bound_kernel(const struct connection *c)
{
	unsigned int silence_ms = SILENCE_MS;
	int bytes = KERNEL_MAX;

	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence_ms, sizeof(silence_ms));
	(void)setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

/* The headers have been sent: the connection becomes a watcher's. */
struct watcher *
watch_start(struct connection *c, const struct watch_terms *terms)
{
	struct watcher *watcher = kore_calloc(1, sizeof(*watcher));

	if (!terms->websocket)
		take_over(c);
	bound_kernel(c);
	watcher->c = c;
	watcher->number = ++last_number;
	watcher->feed = terms->feed;
	watcher->feed->users++;
	watcher->client = terms->client;
	watcher->websocket = terms->websocket;
	watcher->only_place = terms->only_place;
	if (terms->caller.user_id != NULL) {
		(void)kore_strlcpy(watcher->user_id, terms->caller.user_id, sizeof(watcher->user_id));
		watcher->token_version = atoi(terms->caller.version);
		watcher->token_expires = terms->caller.expires;
	}
	c->hdlr_extra = watcher;
	TAILQ_INSERT_TAIL(&watcher->feed->watchers, watcher, list);
	TAILQ_INSERT_TAIL(&all, watcher, all);
	count++;
	if (heartbeat_timer == NULL)
		heartbeat_timer = kore_timer_add(heartbeat, HEARTBEAT_MS, NULL, 0);

	return (watcher);
}

void
watch_close_all(void)
{
	while (!TAILQ_EMPTY(&all))
		kore_connection_disconnect(TAILQ_FIRST(&all)->c);
}
