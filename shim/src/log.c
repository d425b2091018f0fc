#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "clientip.h"
#include "config.h"
#include "json.h"
#include "log.h"
#include "request.h"

static const char *const level_names[] = { "debug", "info", "warn", "error" };

bool
log_enabled(enum log_level level)
{
	return ((int)level >= config.log_level);
}

static void
line_begin(struct kore_buf *line, enum log_level level)
{
	struct timespec now;
	struct tm tm;
	char stamp[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	kore_buf_init(line, 256);
	kore_buf_appendf(line, "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"pid\":%d", stamp, now.tv_nsec / 1000000,
	    level_names[level], (int)getpid());
}

static void
line_end(struct kore_buf *line, enum log_level level)
{
	ssize_t unused;

	kore_buf_append(line, "}\n", 2);
	unused = write(level >= LEVEL_WARN ? STDERR_FILENO : STDOUT_FILENO, line->data, line->offset);
	(void)unused;
	kore_buf_cleanup(line);
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	struct kore_buf line;
	char text[2048];
	va_list args;
	size_t len;

	if (!log_enabled(level))
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (len = strlen(text); len > 0 && text[len - 1] == '\n'; len--)
		text[len - 1] = '\0';

	line_begin(&line, level);
	kore_buf_appendf(&line, ",\"message\":");
	json_escape(&line, text);
	line_end(&line, level);
}

static void
line_client(struct kore_buf *line, const char *request_id, const struct in6_addr *client)
{
	char text[CLIENT_IP_MAX];

	client_ip_text(client, text);
	kore_buf_appendf(line, ",\"request_id\":\"%s\",\"client\":\"%s\"", request_id, text);
}

static void
line_outcome(struct kore_buf *line, int status, const char *code)
{
	kore_buf_appendf(line, ",\"status\":%d", status);
	if (code != NULL)
		kore_buf_appendf(line, ",\"code\":\"%s\"", code);
}

/* The access log. `code` is the error's code, or NULL. */
void
log_request(const struct request *rq, int status, const char *code)
{
	struct kore_buf line;

	if (!log_enabled(LEVEL_INFO))
		return;
	line_begin(&line, LEVEL_INFO);
	line_client(&line, rq->id, &rq->address);
	kore_buf_appendf(&line, ",\"method\":\"%s\",\"route\":\"%s\"", http_method_text(rq->http->method),
	    rq->route != NULL ? rq->route->pattern : "-");
	line_outcome(&line, status, code);
	kore_buf_appendf(&line, ",\"ms\":%.3f,\"db_ms\":%.3f,\"bytes\":%zu",
	    (double)(clock_us() - rq->started_us) / 1000, (double)rq->database_us / 1000,
	    rq->http->method == HTTP_METHOD_HEAD ? 0 : rq->reply_len);
	line_end(&line, LEVEL_INFO);
}

/* What never became a request. */
void
log_rejected(const char *request_id, const struct in6_addr *client, int status, const char *code)
{
	struct kore_buf line;

	if (!log_enabled(LEVEL_INFO))
		return;
	line_begin(&line, LEVEL_INFO);
	line_client(&line, request_id, client);
	line_outcome(&line, status, code);
	line_end(&line, LEVEL_INFO);
}

/* Kore's own messages; see kore/01-host.patch. */
void
log_kore(int priority, const char *who, const char *text)
{
	enum log_level level = LEVEL_DEBUG;

	if (priority <= LOG_ERR)
		level = LEVEL_ERROR;
	else if (priority <= LOG_NOTICE)
		level = LEVEL_WARN;
	log_line(level, "kore %s: %s", who, text);
}
