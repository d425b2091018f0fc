#include <string.h>
#include <time.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "bind.h"
#include "config.h"
#include "cors.h"
#include "digits.h"
#include "gzip.h"
#include "log.h"
#include "metrics.h"
#include "reply.h"
#include "respond.h"

#define JSON_POLICY    "default-src 'none'; frame-ancestors 'none'"
#define HSTS           "max-age=31536000"
#define REFERENCE_MIN  32768
#define SECURITY_LINES "x-content-type-options: nosniff\r\nx-frame-options: DENY\r\nreferrer-policy: no-referrer\r\n"

/* The header lines of the answer that is being sent. */
static struct kore_buf lines;

static inline void
put(const char *text)
{
	kore_buf_append(&lines, text, strlen(text));
}

static void
line(const char *name, const char *value)
{
	put(name);
	put(": ");
	put(value);
	put("\r\n");
}

/* The lines of all answers, made once a second. */
static const struct kore_buf *
common_lines(void)
{
	static struct kore_buf common;
	static time_t made;
	time_t now = time(NULL);
	char date[64];
	struct tm tm;

	if (now == made)
		return (&common);
	if (common.data == NULL)
		kore_buf_init(&common, 512);
	gmtime_r(&now, &tm);
	(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	kore_buf_reset(&common);
	kore_buf_appendf(&common, "date: %s\r\n" SECURITY_LINES, date);
	if (config.tls_cert[0] != '\0')
		kore_buf_appendf(&common, "strict-transport-security: " HSTS "\r\n");
	made = now;

	return (&common);
}

/* Is the tag, compressed or not, among those of If-None-Match? */
static bool
client_has_it(struct request *rq)
{
	const char *p = request_header(rq, "if-none-match");
	size_t len = strlen(rq->etag), word;

	if (p == NULL)
		return (false);
	if (strcmp(p, "*") == 0)
		return (true);
	for (; *p != '\0'; p += word) {
		p += strspn(p, ", \t");
		word = strcspn(p, ",");
		if (strncmp(p, "W/", 2) == 0)
			p += 2, word -= 2;
		if (*p == '"' && strncmp(p + 1, rq->etag, len) == 0 &&
		    (p[len + 1] == '"' || strncmp(p + len + 1, "-gzip\"", 6) == 0))
			return (true);
	}
	return (false);
}

static void
not_modified(struct request *rq)
{
	rq->status = 304;
	rq->reply = NULL;
	rq->reply_len = 0;
}

/* What has to be done before the answer can go out; false when it takes a while, and the request will be woken up. */
bool
respond_prepare(struct request *rq)
{
	bool is_get = rq->route != NULL && rq->route->method == HTTP_METHOD_GET;

	if (rq->prepared)
		return (true);
	rq->prepared = true;
	if (is_get && rq->status == 200 && rq->answer != NULL)
		rq->etag = answer_tag(rq->answer);
	if (rq->etag != NULL && client_has_it(rq))
		not_modified(rq);
	rq->compressible = is_get && rq->stream == NULL && (rq->encoded || rq->reply_len >= GZIP_MIN);
	if (!rq->compressible || rq->encoded || !gzip_accepted(rq))
		return (true);
	if (rq->answer == NULL)
		rq->answer = answer_of_text(rq->reply, rq->reply_len);

	return (gzip_reply(rq));
}

static void
limit_headers(struct request *rq)
{
	struct rate rate;
	const char *word;

	if (rq->limit.class == LIMIT_NONE)
		return;
	rate = rate_limit_rate(rq->limit.class);
	word = rate_limit_word(rq->limit.class);
	line("ratelimit-policy", arena_printf(&rq->arena, "\"%s\";q=%d;w=%d", word, rate.count, rate.window_s));
	line("ratelimit", arena_printf(&rq->arena, "\"%s\";r=%d;t=%d", word, rq->limit.remaining, rq->limit.reset_s));
}

static void
cache_headers(struct request *rq)
{
	bool by_origin = cors_depends_on_origin(), weak = rq->answer != NULL && rq->answer->weak;

	if (rq->etag != NULL) {
		put(weak ? "etag: W/\"" : "etag: \"");
		put(rq->etag);
		put(rq->encoded ? "-gzip\"\r\n" : "\"\r\n");
	}
	line("cache-control", rq->etag != NULL && rq->route->access == ACCESS_PUBLIC ? "no-cache" : "no-store");
	if (rq->encoded)
		line("content-encoding", "gzip");
	if (by_origin || rq->compressible)
		line("vary", !rq->compressible ? "Origin" : by_origin ? "Origin, Accept-Encoding" : "Accept-Encoding");
}

static void
length_header(size_t len)
{
	char digits[DIGITS_MAX];

	put("content-length: ");
	kore_buf_append(&lines, digits, (size_t)(digits_decimal(digits, len) - digits));
	put("\r\n");
}

static void
write_lines(struct request *rq)
{
	const char *unknown = rq->status < 400 ? bind_unknown(rq) : NULL;
	const struct kore_buf *common = common_lines();

	if (lines.data == NULL)
		kore_buf_init(&lines, 1024);
	kore_buf_reset(&lines);
	kore_buf_append(&lines, common->data, common->offset);
	line("content-security-policy", rq->content_policy != NULL ? rq->content_policy : JSON_POLICY);
	if (rq->reply_len > 0)
		line("content-type", rq->content_type != NULL ? rq->content_type : "application/json");
	line("x-request-id", rq->id);
	cache_headers(rq);
	cors_headers(rq);
	limit_headers(rq);
	if (rq->authenticate != NULL)
		line("www-authenticate", rq->authenticate);
	if (rq->retry_after_s > 0)
		line("retry-after", arena_printf(&rq->arena, "%d", rq->retry_after_s));
	if (rq->replayed)
		line("idempotent-replay", "true");
	if ((rq->status == 405 || rq->status == 204) && rq->match.path != NULL)
		line("allow", rq->match.path->allow);
	if (unknown != NULL)
		line("x-unknown-fields", unknown);
	if (rq->status != 204 && rq->status != 304 && rq->stream == NULL)
		length_header(rq->reply_len);
}

static bool
is_sent_by_reference(const struct request *rq)
{
	return (rq->answer != NULL && rq->reply_len >= REFERENCE_MIN && rq->http->method != HTTP_METHOD_HEAD);
}

static int
reference_sent(struct netbuf *nb)
{
	answer_release(nb->extra);

	return (KORE_RESULT_OK);
}

/*
 * A large answer is not copied for each of those that share it. Busy: or Kore would look at the next request before the
 * body is queued, and might answer it at once.
 */
static void
send_by_reference(struct request *rq)
{
	struct connection *c = rq->http->owner;

	c->flags |= CONN_IS_BUSY;
	http_response_stream(
	    rq->http, rq->status, (char *)(uintptr_t)rq->reply, rq->reply_len, reference_sent, answer_hold(rq->answer));
	c->flags &= ~CONN_IS_BUSY;
	if (!(c->flags & CONN_CLOSE_EMPTY))
		http_start_recv(c);
}

/* A stream ends with its connection. What has come meanwhile is the stream's, and nobody else would look at it. */
static void
respond_stream(struct request *rq)
{
	struct connection *c = rq->http->owner;

	if (rq->status == 101) {
		kore_websocket_handshake(rq->http, NULL, NULL, "watch_left");
	} else {
		c->flags |= CONN_CLOSE_EMPTY;
		http_response(rq->http, rq->status, rq->reply, rq->reply_len);
	}
	rq->stream(rq);
	if (c->state == CONN_STATE_ESTABLISHED && !net_recv_flush(c))
		kore_connection_disconnect(c);
}

void
respond(struct request *rq)
{
	write_lines(rq);
	http_head_lines = &lines;
	if (rq->stream != NULL)
		respond_stream(rq);
	else if (is_sent_by_reference(rq))
		send_by_reference(rq);
	else
		http_response(rq->http, rq->status, rq->reply_len > 0 ? rq->reply : NULL, rq->reply_len);
	http_head_lines = NULL;
	metrics_request(rq, rq->status, rq->code);
	log_request(rq, rq->status, rq->code);
}

/* The same for answers to what never became a request. */
void
respond_common_headers(struct kore_buf *headers)
{
	const struct kore_buf *common = common_lines();

	kore_buf_append(headers, common->data, common->offset);
	kore_buf_appendf(headers, "content-security-policy: " JSON_POLICY "\r\ncache-control: no-store\r\n");
}
