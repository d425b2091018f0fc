#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "auth.h"
#include "bind.h"
#include "call.h"
#include "clientip.h"
#include "config.h"
#include "live.h"
#include "reply.h"
#include "value.h"
#include "watch.h"

#define RETRY_S 5

/* Between the request and the hand-over. */
struct arrival {
	struct watch_terms terms;
	const char *event; /* of the first message; NULL: the changes missed */
	const char *id;
	const char *state;
	uint64_t number; /* changes up to this one are known */
	TAILQ_ENTRY(arrival) list;
};

static TAILQ_HEAD(, arrival) arrivals = TAILQ_HEAD_INITIALIZER(arrivals);
static int arrival_count;
static int state_statement, place_statement;
static bool stopping;

/* The position is no later than what the function sees. */
void
live_prepare(void)
{
	feed_prepare();
	state_statement = pg_statement_add(
	    "SELECT evently.render(a), evently.live_position() "
	    "FROM evently.get_availability(event_id => $1::uuid, published_only => true) a "
	    "WHERE $2::uuid IS NULL OR evently.require_session(user_id => $2::uuid, token_version => $3::integer)",
	    3);
	place_statement =
	    pg_statement_add("SELECT evently.render(w), evently.live_position() "
			     "FROM evently.get_waitlist_status(event_id => $1::uuid, user_id => $2::uuid) w "
			     "WHERE evently.require_session(user_id => $2::uuid, token_version => $3::integer)",
		3);
}

/*
 * The headers are out: the connection becomes a watcher's, and gets what has happened since the state was read. One that has
 * ended meanwhile, in this very turn, tells nobody so any more.
 */
static void
start_stream(struct request *rq)
{
	struct arrival *arrival = rq->flow;
	const struct change *change;
	struct watcher *watcher;
	uint64_t number;

	if (stopping || rq->http->owner->state != CONN_STATE_ESTABLISHED)
		return;
	watcher = watch_start(rq->http->owner, &arrival->terms);
	if (arrival->event != NULL)
		watch_send(watcher, arrival->event, arrival->id, arrival->state);
	for (number = arrival->number + 1; watch_is_open(watcher); number++) {
		if ((change = feed_change(arrival->terms.feed, number)) == NULL)
			break;
		watch_send(watcher, "change", change->position, change->json);
	}
}

/* Clients that lost the same server come back one after the other. */
static void
reply_stream(struct request *rq)
{
	struct arrival *arrival = rq->flow;
	char *opening = arena_printf(&rq->arena, "retry: %u\n\n", 1000 + arc4random_uniform(2000));

	rq->content_type = "text/event-stream";
	if (rq->http != NULL && rq->http->method != HTTP_METHOD_HEAD)
		rq->stream = start_stream;
	if (arrival->terms.websocket)
		reply_json(rq, 101, NULL, 0);
	else
		reply_json(rq, 200, opening, strlen(opening));
}

static void
state_done(struct request *rq)
{
	struct arrival *arrival = rq->flow;
	struct feed *feed = arrival->terms.feed;
	char *position;

	if (!call_row(rq))
		return;
	position =
	    arena_copy(&rq->arena, PQgetvalue(rq->call.result, 0, 1), (size_t)PQgetlength(rq->call.result, 0, 1));
	arrival->state = call_take_row(rq);
	feed_begin(feed, position);
	if (arrival->terms.only_place) {
		arrival->number = feed->last;
	} else if (arrival->id == NULL || !feed_find(feed, arrival->id, &arrival->number)) {
		arrival->event = arrival->id != NULL ? "reset" : "state";
		arrival->number = feed->last;
		arrival->id = position;
	}
	reply_stream(rq);
}

/* Does the request ask for a WebSocket? One that asks in a wrong way is refused, or speaks before it may (RFC 6455, 4.1). */
static bool
wants_websocket(struct request *rq, bool *websocket)
{
	const char *upgrade = request_header(rq, "upgrade");
	const char *version = request_header(rq, "sec-websocket-version");

	*websocket = upgrade != NULL && strcasecmp(upgrade, "websocket") == 0 && rq->http->method != HTTP_METHOD_HEAD;
	if (!*websocket)
		return (true);
	if (request_header(rq, "sec-websocket-key") == NULL || version == NULL || strcmp(version, "13") != 0)
		reply_error(
		    rq, 400, CODE_INVALID, NULL, "A WebSocket needs Sec-WebSocket-Key and Sec-WebSocket-Version 13");
	else if (rq->http->owner->http_rest != NULL)
		reply_error(rq, 400, CODE_INVALID, NULL, "Nothing may follow until the WebSocket is open");
	else
		return (true);

	return (false);
}

static struct limit_key
client_of(const struct request *rq)
{
	struct limit_key client;
	struct in6_addr network;

	if (rq->caller.user_id != NULL) {
		value_uuid_bytes(rq->caller.user_id, client.bytes);
	} else {
		network = client_ip_network(&rq->address);
		memcpy(client.bytes, &network, sizeof(client.bytes));
	}
	return (client);
}

/* Is there room for one more stream? If not, the request has been answered. */
static bool
has_room(struct request *rq, const struct limit_key *client)
{
	const struct arrival *other;
	int streams = watch_count_of(client);

	TAILQ_FOREACH(other, &arrivals, list)
		streams += memcmp(&other->terms.client, client, sizeof(*client)) == 0;
	rq->retry_after_s = RETRY_S;
	if (config.rate_limit && streams >= config.live_per_client)
		reply_error(rq, 429, "RATE_LIMITED", arena_printf(&rq->arena, "{\"limit\":%d}", config.live_per_client),
		    "Too many live streams");
	else if (watch_count() + (uint64_t)arrival_count >= (uint64_t)config.live_connections)
		reply_unavailable(rq, "Too many live streams");
	else
		rq->retry_after_s = 0;

	return (!rq->answered);
}

static void
leave(struct request *rq)
{
	struct arrival *arrival = rq->flow;

	TAILQ_REMOVE(&arrivals, arrival, list);
	arrival_count--;
	feed_leave(arrival->terms.feed);
}

static void
arrive(struct request *rq, struct arrival *arrival, const char *event_id, int statement)
{
	arrival->terms.caller = rq->caller;
	arrival->terms.client = client_of(rq);
	if (!wants_websocket(rq, &arrival->terms.websocket) || !has_room(rq, &arrival->terms.client))
		return;
	arrival->terms.feed = feed_open(event_id);
	TAILQ_INSERT_TAIL(&arrivals, arrival, list);
	arrival_count++;
	rq->flow = arrival;
	rq->leave = leave;
	rq->call.values[0] = event_id;
	rq->call.values[1] = rq->caller.user_id;
	rq->call.values[2] = rq->caller.version;
	call_statement(rq, statement, PG_READ, state_done);
}

static struct arrival *
arrival_new(struct request *rq)
{
	struct arrival *arrival = arena_alloc(&rq->arena, sizeof(*arrival));

	memset(arrival, 0, sizeof(*arrival));
	return (arrival);
}

void
live_event(struct request *rq)
{
	struct arrival *arrival = arrival_new(rq);
	const char *event_id, *by_header, *by_query;

	if (!auth_identify(rq) || !bind_fields(rq, 3, (const char **[]){ &event_id, &by_header, &by_query }))
		return;
	arrival->id = by_header != NULL ? by_header : by_query;
	arrive(rq, arrival, event_id, state_statement);
}

void
live_place(struct request *rq)
{
	struct arrival *arrival = arrival_new(rq);
	const char *event_id;

	if (!bind_fields(rq, 1, (const char **[]){ &event_id }))
		return;
	arrival->terms.only_place = true;
	arrive(rq, arrival, event_id, place_statement);
}

/* For good: the worker ends. Clients come back, to another one. */
void
live_stop(void)
{
	stopping = true;
	watch_close_all();
}
