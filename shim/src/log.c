#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "clientip.h"
#include "config.h"
#include "digits.h"
#include "json.h"
#include "log.h"
#include "request.h"

static const char *const level_names[] = { "debug", "info", "warn", "error" };

bool
log_enabled(enum log_level level)
{
	return ((int)level >= config.log_level);
}

/* Lines of a worker that go out together. No more than PIPE_BUF, as a pipe that workers share may tear what is longer. */
static char gathered[PIPE_BUF];
static size_t gathered_len;
static pid_t gatherer; /* this worker; 0: lines are written at once */

/* The line that is being made. */
static struct kore_buf line;

static void
write_out(int fd, const void *data, size_t len)
{
	ssize_t unused = write(fd, data, len);

	(void)unused;
}

void
log_flush(void)
{
	if (gathered_len > 0)
		write_out(STDOUT_FILENO, gathered, gathered_len);
	gathered_len = 0;
}

/* From now on, in this process, until it ends. */
void
log_gather(void)
{
	gatherer = getpid();
	if (atexit(log_flush) != 0)
		fatal("log: atexit failed");
}

static void
put(const char *text)
{
	kore_buf_append(&line, text, strlen(text));
}

static void
put_number(uint64_t number)
{
	char digits[DIGITS_MAX];

	kore_buf_append(&line, digits, (size_t)(digits_decimal(digits, number) - digits));
}

/* A point, and thousandths. */
static void
put_places(uint64_t thousandths)
{
	char text[4] = ".";

	(void)digits_padded(text + 1, thousandths, 3);
	kore_buf_append(&line, text, sizeof(text));
}

static void
put_milliseconds(uint64_t us)
{
	put_number(us / 1000);
	put_places(us);
}

/* The seconds are made once a second. */
static void
put_time(void)
{
	static char seconds[32];
	static time_t made;
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != made) {
		gmtime_r(&now.tv_sec, &tm);
		(void)strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
		made = now.tv_sec;
	}
	put(seconds);
	put_places((uint64_t)now.tv_nsec / 1000000);
	put("Z");
}

static void
line_begin(enum log_level level)
{
	if (line.data == NULL)
		kore_buf_init(&line, 512);
	kore_buf_reset(&line);
	put("{\"time\":\"");
	put_time();
	put("\",\"level\":\"");
	put(level_names[level]);
	put("\",\"pid\":");
	put_number((uint64_t)(gatherer != 0 ? gatherer : getpid()));
}

/* A warning stands behind what was said before it, and is not waited for. */
static void
line_end(enum log_level level)
{
	bool waits = level < LEVEL_WARN && gatherer != 0;

	put("}\n");
	if (!waits || line.offset > sizeof(gathered) - gathered_len)
		log_flush();
	if (waits && line.offset <= sizeof(gathered)) {
		memcpy(gathered + gathered_len, line.data, line.offset);
		gathered_len += line.offset;
	} else {
		write_out(level >= LEVEL_WARN ? STDERR_FILENO : STDOUT_FILENO, line.data, line.offset);
	}
}

void
log_line(enum log_level level, const char *fmt, ...)
{
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

	line_begin(level);
	put(",\"message\":");
	json_escape(&line, text);
	line_end(level);
}

static void
put_client(const char *request_id, const struct in6_addr *client)
{
	char text[CLIENT_IP_MAX];

	client_ip_text(client, text);
	put(",\"request_id\":\"");
	put(request_id);
	put("\",\"client\":\"");
	put(text);
	put("\"");
}

static void
put_outcome(int status, const char *code)
{
	put(",\"status\":");
	put_number((uint64_t)status);
	if (code == NULL)
		return;
	put(",\"code\":\"");
	put(code);
	put("\"");
}

/* The access log. `code` is the error's code, or NULL. */
void
log_request(const struct request *rq, int status, const char *code)
{
	if (!log_enabled(LEVEL_INFO))
		return;
	line_begin(LEVEL_INFO);
	put_client(rq->id, &rq->address);
	put(",\"method\":\"");
	put(http_method_text(rq->http->method));
	put("\",\"route\":\"");
	put(rq->route != NULL ? rq->route->pattern : "-");
	put("\"");
	put_outcome(status, code);
	put(",\"ms\":");
	put_milliseconds(clock_us() - rq->started_us);
	put(",\"db_ms\":");
	put_milliseconds(rq->database_us);
	put(",\"bytes\":");
	put_number(rq->http->method == HTTP_METHOD_HEAD ? 0 : rq->reply_len);
	line_end(LEVEL_INFO);
}

/* What never became a request. */
void
log_rejected(const char *request_id, const struct in6_addr *client, int status, const char *code)
{
	if (!log_enabled(LEVEL_INFO))
		return;
	line_begin(LEVEL_INFO);
	put_client(request_id, client);
	put_outcome(status, code);
	line_end(LEVEL_INFO);
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
