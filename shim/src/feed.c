#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "config.h"
#include "feed.h"
#include "log.h"
#include "metrics.h"
#include "request.h"
#include "value.h"
#include "watch.h"

#define LINGER_MS 30000 /* so long a client may take to come back */
#define PLACES    4096

static TAILQ_HEAD(feeds, feed) feeds = TAILQ_HEAD_INITIALIZER(feeds);
static LIST_HEAD(, feed) places[PLACES];
static uint64_t count;
static int statement;
static struct pg_call poll_call;
static bool polling; /* the timer is set, or the call is under way */
static char *asked_events, *asked_after, *asked_watchers;
static uint64_t asked_us;
static char *position; /* up to here all changes were told; NULL while there are no feeds */

static void poll_later(void);

/* An event's change, or a watcher's place in the queue: null where his token counts no more. */
#define NEWS \
	"SELECT n.\"position\", x.event_id, x.watcher, x.news FROM evently.live_changes(event_ids => $1::uuid[], " \
	"after => $2::text, watchers => $3::json) n LEFT JOIN LATERAL (" \
	"SELECT c.event_id, NULL::bigint AS watcher, evently.render(c) AS news FROM unnest(n.changes) c UNION ALL " \
	"SELECT NULL, p.watcher, CASE WHEN p.signed_in THEN evently.render(p.place) END FROM unnest(n.places) p) x " \
	"ON true ORDER BY x.watcher NULLS FIRST"

void
feed_prepare(void)
{
	statement = pg_statement_add(NEWS, 3);
}

/* Events that are watched, or were lately. */
uint64_t
feed_count(void)
{
	return (count);
}

static void
replace(char **text, const char *with)
{
	kore_free(*text);
	*text = with != NULL ? kore_strdup(with) : NULL;
}

/* The lower bits of a UUID are random, and nobody chooses those of an event. */
static size_t
place_of(const unsigned char key[16])
{
	return ((size_t)(key[14] << 8 | key[15]) % PLACES);
}

static struct feed *
feed_get(const char *event_id)
{
	unsigned char key[16];
	struct feed *feed;

	value_uuid_bytes(event_id, key);
	LIST_FOREACH(feed, &places[place_of(key)], same_place) {
		if (memcmp(feed->key, key, sizeof(key)) == 0)
			return (feed);
	}
	return (NULL);
}

static struct feed *
feed_new(const char *event_id)
{
	struct feed *feed = kore_calloc(1, sizeof(*feed));

	(void)kore_strlcpy(feed->event_id, event_id, sizeof(feed->event_id));
	value_uuid_bytes(event_id, feed->key);
	TAILQ_INIT(&feed->watchers);
	TAILQ_INSERT_TAIL(&feeds, feed, list);
	LIST_INSERT_HEAD(&places[place_of(feed->key)], feed, same_place);
	count++;

	return (feed);
}

static void
drop_oldest(struct feed *feed)
{
	struct change *oldest = &feed->changes[(feed->last - (uint64_t)feed->kept + 1) % FEED_CHANGES];

	kore_free(feed->start);
	feed->start = oldest->position;
	feed->bytes -= strlen(oldest->json);
	kore_free(oldest->json);
	feed->kept--;
}

static void
feed_free(struct feed *feed)
{
	TAILQ_REMOVE(&feeds, feed, list);
	LIST_REMOVE(feed, same_place);
	count--;
	while (feed->kept > 0)
		drop_oldest(feed);
	kore_free(feed->start);
	kore_free(feed);
}

static void
feed_add(struct feed *feed, const char *at, const char *json)
{
	struct change *change;

	feed->bytes += strlen(json);
	while (feed->kept == FEED_CHANGES || (feed->kept > 0 && feed->bytes > FEED_BYTES))
		drop_oldest(feed);
	change = &feed->changes[++feed->last % FEED_CHANGES];
	change->position = kore_strdup(at);
	change->json = kore_strdup(json);
	feed->kept++;
	watch_tell(feed, change);
}

static void
take_news(PGresult *result)
{
	struct feed *feed;
	const char *news;
	int i;

	for (i = 0; i < PQntuples(result); i++) {
		news = PQgetisnull(result, i, 3) ? NULL : PQgetvalue(result, i, 3);
		if (!PQgetisnull(result, i, 2))
			watch_tell_place(strtoull(PQgetvalue(result, i, 2), NULL, 10), news);
		else if (news != NULL && (feed = feed_get(PQgetvalue(result, i, 1))) != NULL)
			feed_add(feed, PQgetvalue(result, i, 0), news);
	}
	watch_places_told();
	replace(&position, PQgetvalue(result, 0, 0));
}

static void
begin_anew(const char *reason)
{
	struct feed *feed;

	log_line(LEVEL_WARN, "live: %s", reason);
	watch_close_all();
	TAILQ_FOREACH(feed, &feeds, list)
		feed->wanted_until_ms = 0;
}

/*
 * While the database is away or busy nothing is lost: the next answer tells all since the last one. What it refuses
 * would be refused again (more changes than it can tell in time), so the watchers begin anew.
 */
static void
poll_done(struct pg_call *call)
{
	metrics_call(call, clock_us() - asked_us);
	if (call->outcome == PG_ROWS)
		take_news(call->result);
	else if (call->outcome == PG_REFUSED)
		begin_anew(PQresultErrorField(call->result, PG_DIAG_MESSAGE_PRIMARY));
	PQclear(call->result);
	poll_later();
}

static void
forget_unwanted(void)
{
	uint64_t now = kore_time_ms();
	struct feed *feed, *next;

	for (feed = TAILQ_FIRST(&feeds); feed != NULL; feed = next) {
		next = TAILQ_NEXT(feed, list);
		if (feed->users == 0 && feed->wanted_until_ms <= now)
			feed_free(feed);
	}
}

static char *
event_list(void)
{
	struct kore_buf list;
	struct feed *feed;
	char *text;

	kore_buf_init(&list, 1024);
	TAILQ_FOREACH(feed, &feeds, list)
		kore_buf_appendf(&list, "%c%s", list.offset == 0 ? '{' : ',', feed->event_id);
	kore_buf_append(&list, "}", 1);
	text = kore_strdup(kore_buf_stringify(&list, NULL));
	kore_buf_cleanup(&list);

	return (text);
}

static void
poll(void *arg, u_int64_t now)
{
	(void)arg;
	forget_unwanted();
	if (TAILQ_EMPTY(&feeds)) {
		polling = false;
		replace(&position, NULL);
		return;
	}
	if (position == NULL) {
		poll_later();
		return;
	}
	kore_free(asked_events);
	asked_events = event_list();
	replace(&asked_after, position);
	kore_free(asked_watchers);
	asked_watchers = watch_who_wait();
	asked_us = clock_us();
	poll_call.statement = statement;
	poll_call.values[0] = asked_events;
	poll_call.values[1] = asked_after;
	poll_call.values[2] = asked_watchers;
	poll_call.deadline_ms = now + (uint64_t)config.request_timeout_ms;
	poll_call.done = poll_done;
	METRIC_ADD(metrics->live_polls, 1);
	pg_submit(&poll_call);
}

static void
poll_later(void)
{
	polling = true;
	(void)kore_timer_add(poll, (u_int64_t)config.live_interval_ms, NULL, KORE_TIMER_ONESHOT);
}

/* The event's feed, from now on at the latest, for one more user. */
struct feed *
feed_open(const char *event_id)
{
	struct feed *feed = feed_get(event_id);

	if (feed == NULL)
		feed = feed_new(event_id);
	feed->users++;
	if (!polling)
		poll_later();

	return (feed);
}

/* An event that is not there, or not to be seen, leaves nothing behind. */
void
feed_leave(struct feed *feed)
{
	if (--feed->users > 0)
		return;
	if (feed->start == NULL)
		feed_free(feed);
	else
		feed->wanted_until_ms = kore_time_ms() + LINGER_MS;
}

/* The event is known to be as it was at that position: what is told later comes after it. */
void
feed_begin(struct feed *feed, const char *at)
{
	if (position == NULL)
		replace(&position, at);
	if (feed->start == NULL)
		replace(&feed->start, feed->last == 0 ? position : at);
}

static bool
read_position(const char *text, uint64_t *xmin, uint64_t *xmax, uint64_t *at)
{
	const char *at_sign = strchr(text, '@');
	char *end;

	*xmin = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end != ':' || at_sign == NULL)
		return (false);
	*xmax = strtoull(end + 1, NULL, 10);
	*at = strtoull(at_sign + 1, NULL, 10);

	return (true);
}

/* Was all that is visible at `earlier` visible at `later` too? False also when it cannot be told. */
static bool
is_behind(const char *later, const char *earlier)
{
	uint64_t xmin, xmax, at, earlier_xmin, earlier_xmax, earlier_at;

	if (strcmp(later, earlier) == 0)
		return (true);
	return (read_position(later, &xmin, &xmax, &at) &&
	    read_position(earlier, &earlier_xmin, &earlier_xmax, &earlier_at) && earlier_xmax <= xmin &&
	    earlier_at <= at);
}

/* After which change does somebody go on who has seen all up to `at`, a position of any worker's? */
bool
feed_find(const struct feed *feed, const char *at, uint64_t *number)
{
	uint64_t first = feed->last - (uint64_t)feed->kept;

	for (*number = feed->last; *number > first; (*number)--) {
		if (is_behind(at, feed_change(feed, *number)->position))
			return (true);
	}
	return (feed->start != NULL && is_behind(at, feed->start));
}

/* NULL when it is not kept any more. */
const struct change *
feed_change(const struct feed *feed, uint64_t number)
{
	if (number > feed->last || number + (uint64_t)feed->kept <= feed->last)
		return (NULL);
	return (&feed->changes[number % FEED_CHANGES]);
}
