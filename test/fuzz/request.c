/*
 * Any bytes from a client, to the web app as it is but for its database: framing, path, query, headers, tokens, body,
 * binding, answers, live streams. Whatever comes out is whole answers, one behind the other, and nothing is left over.
 *
 * The last byte chooses what the database says, whether the client waits for answers, and in how many pieces the rest
 * arrives, so that the corpus can be read.
 */
#include <arpa/inet.h>
#include <sys/socket.h>

#include <sanitizer/lsan_interface.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kore/kore.h>
#include <kore/hooks.h>
#include <kore/http.h>

#include "database.h"
#include "request.h"
#include "tasks.h"

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)
#define TURNS_MAX 64

static struct kore_worker this_worker = { .id = 1 };
static struct listener *listener;
static const uint8_t *input;
static size_t input_len, piece;
static struct kore_buf output;
static enum pg_outcome outcome;
static bool leaves; /* the client, when it has sent all and the answer may be on its way */

/* The web app opens its port, and nobody else is to notice. */
int
bind(int fd, const struct sockaddr *address, socklen_t len)
{
	(void)fd;
	(void)address;
	(void)len;
	return (0);
}

int
listen(int fd, int backlog)
{
	(void)fd;
	(void)backlog;
	return (0);
}

/* Parent and worker are one. */
pid_t
getppid(void)
{
	return (getpid());
}

static void
set_environment(void)
{
	static const char *const settings[][2] = { { "EVENTLY_ENV", "production" }, { "EVENTLY_WORKERS", "1" },
		{ "EVENTLY_MAX_CONNECTIONS", "64" }, { "EVENTLY_LOG_LEVEL", "error" }, { "EVENTLY_BCRYPT_COST", "4" },
		{ "EVENTLY_JWT_SECRET", "a-secret-of-the-fuzzer-0123456789" },
		{ "EVENTLY_INTERNAL_API_KEY", "a-key-of-the-fuzzer-0123456789abc" }, { "EVENTLY_BODY_MAX", "2048" },
		{ "EVENTLY_RATE_LIMIT_PUBLIC", "1000000000/1s" }, { "EVENTLY_RATE_LIMIT_AUTH", "1000000000/1s" },
		{ "EVENTLY_RATE_LIMIT_BOOKING", "1000000000/1s" }, { "EVENTLY_RATE_LIMIT_ADMIN", "off" },
		{ "EVENTLY_CORS_ORIGINS", "https://a.example, https://b.example" },
		{ "EVENTLY_TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::/32" } };
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		(void)setenv(settings[i][0], settings[i][1], 1);
}

/* As Kore's main() and kore_worker_entry() do it, in one process. */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	__lsan_disable(); /* what is taken here is kept */
	set_environment();
	kore_platform_init();
	kore_log_init();
	kore_msg_init();
	http_parent_init();
	kore_auth_init();
	kore_validator_init();
	kore_domain_init();
	kore_module_init();
	kore_module_load(NULL, NULL, KORE_MODULE_NATIVE);
	kore_parent_configure(1, *argv);
	worker = &this_worker;
	net_init();
	kore_connection_init();
	kore_platform_event_init();
	http_init();
	kore_accesslog_worker_init();
	kore_timer_init();
	kore_worker_configure();
	listener = LIST_FIRST(&LIST_FIRST(&kore_servers)->listeners);
	kore_buf_init(&output, 65536);
	__lsan_enable();

	return (0);
}

static int
take_input(struct connection *c, size_t *taken)
{
	size_t len = c->rnb->b_len - c->rnb->s_off;

	if (input_len == 0) {
		c->evt.flags &= ~KORE_EVENT_READ;
		return (KORE_RESULT_OK);
	}
	if (len > piece)
		len = piece;
	if (len > input_len)
		len = input_len;
	memcpy(c->rnb->buf + c->rnb->s_off, input, len);
	input += len;
	input_len -= len;
	*taken = len;

	return (KORE_RESULT_OK);
}

static int
keep_output(struct connection *c, size_t len, size_t *written)
{
	kore_buf_append(&output, c->snb->buf + c->snb->s_off, len);
	*written = len;

	return (KORE_RESULT_OK);
}

static struct connection *
connect_client(void)
{
	struct connection *c = kore_connection_new(listener);

	c->fd = -1;
	c->family = AF_INET;
	c->addr.ipv4.sin_addr.s_addr = htonl(0x0A000001);
	c->state = CONN_STATE_ESTABLISHED;
	c->proto = CONN_PROTO_HTTP;
	c->handle = kore_connection_handle;
	c->read = take_input;
	c->write = keep_output;
	c->evt.flags = KORE_EVENT_READ | KORE_EVENT_WRITE;
	TAILQ_INSERT_TAIL(&connections, c, list);
	worker_active_connections++;
	net_recv_queue(c, http_header_max, NETBUF_CALL_CB_ALWAYS, http_header_recv);

	return (c);
}

static void
turn(void)
{
	kore_timer_run(kore_time_ms());
	http_process();
	tasks_turn();
	database_turn();
	kore_worker_turn();
}

/* Is there anything that a further turn would bring on? */
static bool
is_busy(const struct connection *c)
{
	return (c->state == CONN_STATE_ESTABLISHED && (input_len > 0 || !TAILQ_EMPTY(&c->http_requests)));
}

static void
converse(struct connection *c)
{
	int turns;

	for (turns = 0; is_busy(c) && turns < TURNS_MAX; turns++) {
		if (input_len > 0 && c->rnb->buf != NULL) {
			c->evt.flags |= KORE_EVENT_READ;
			kore_connection_event(c, 0);
		} else if (input_len == 0 && leaves) {
			kore_connection_event(c, 1);
		}
		turn();
	}
}

/* Behind the header line at `p`; NULL where none is. */
static const char *
line_end(const char *p, const char *end)
{
	while (p < end && ((unsigned char)*p >= 0x20 || *p == '\t') && *p != 0x7F)
		p++;
	return (end - p >= 2 && p[0] == '\r' && p[1] == '\n' ? p + 2 : NULL);
}

struct head {
	int status;
	size_t body_len;
	bool stream; /* what follows has no end */
};

static bool
begins_with(const char *line, const char *word)
{
	return (strncasecmp(line, word, strlen(word)) == 0);
}

/* The header of the answer at `p`; returns what stands behind it. */
static const char *
take_head(const char *p, const char *end, struct head *head)
{
	const char *next;

	REQUIRE(end - p > 12 && begins_with(p, "HTTP/1."));
	head->status = atoi(p + 9);
	head->body_len = 0;
	head->stream = head->status == 101;
	for (; (next = line_end(p, end)) != NULL && *p != '\r'; p = next) {
		if (begins_with(p, "content-length: "))
			head->body_len = (size_t)strtoul(p + 16, NULL, 10);
		head->stream = head->stream || begins_with(p, "content-type: text/event-stream");
	}
	REQUIRE(next != NULL);

	return (next);
}

/* An answer to HEAD tells the length of a body that does not follow. */
static void
check_output(void)
{
	const char *p = (const char *)output.data, *end = p + output.offset;
	struct head head;

	while (p < end) {
		p = take_head(p, end, &head);
		REQUIRE(head.status < 500 || head.status == 503 || head.status == 505 || outcome != PG_ROWS);
		if (head.stream)
			return;
		if (head.body_len > 0 && p < end && !begins_with(p, "HTTP/1.")) {
			REQUIRE((size_t)(end - p) >= head.body_len);
			p += head.body_len;
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct connection *c;
	int turns;

	if (len == 0)
		return (0);
	input = data;
	input_len = len - 1;
	outcome = (enum pg_outcome)(data[len - 1] % PG_OUTCOMES);
	database_choose(outcome);
	leaves = data[len - 1] / PG_OUTCOMES % 2 == 1;
	piece = data[len - 1] < 128 ? SIZE_MAX : data[len - 1] - 127;
	kore_buf_reset(&output);
	c = connect_client();
	converse(c);
	kore_connection_disconnect(c);
	for (turns = 0; request_count() > 0 || pg_pending() > 0; turns++) {
		REQUIRE(turns < TURNS_MAX);
		turn();
	}
	kore_connection_prune(KORE_CONNECTION_PRUNE_DISCONNECT);
	turn();
	check_output();

	return (0);
}
