/*
 * Any bytes as the file .env: refused, or settings within their bounds; and behind a NUL, as lines of X-Forwarded-For, which
 * come through the proxies that it trusts.
 */
#include <sys/stat.h>

#include <openssl/rand.h>

#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>
#include <kore/http.h>

#include <libpq-fe.h>

#include "arena.h"

/* What ends the start ends the input, what is kept for good is kept until then, and .env is the input. */
static void settings_end(int status) __attribute__((noreturn));
static void *settings_malloc(size_t len);
static char *settings_strdup(const char *text);
static FILE *settings_open(const char *path, const char *mode);
static int settings_close(FILE *open);
static int settings_complain(FILE *stream, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define exit          settings_end
#define malloc        settings_malloc
#define strdup        settings_strdup
#define kore_strdup   settings_strdup
#define fopen         settings_open
#define fclose        settings_close
#define fprintf       settings_complain
#define getenv(name)  NULL

/* All of it here, so that what they remember can be forgotten. */
#include "../../shim/src/clientip.c"
#include "../../shim/src/dotenv.c"
#include "../../shim/src/databaseurl.c"
#define look_up look_up_setting
#include "../../shim/src/config.c"

#undef fopen
#undef fclose

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

static const uint8_t *input;
static size_t input_len;
static FILE *file;
static struct arena arena;
static jmp_buf refused;

static void
settings_end(int status)
{
	REQUIRE(status == 1);
	longjmp(refused, 1);
}

static void *
settings_malloc(size_t len)
{
	return (arena_alloc(&arena, len));
}

static char *
settings_strdup(const char *text)
{
	return (arena_copy(&arena, text, strlen(text)));
}

static FILE *
settings_open(const char *path, const char *mode)
{
	REQUIRE(strcmp(path, ".env") == 0);
	file = input_len > 0 ? fmemopen((void *)(uintptr_t)input, input_len, mode) : NULL;
	errno = ENOENT;

	return (file);
}

static int
settings_close(FILE *open)
{
	file = NULL;
	return (fclose(open));
}

/* The message is made, and read by nobody. */
static int
settings_complain(FILE *stream, const char *fmt, ...)
{
	va_list args;
	char text[8];

	(void)stream;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	return (0);
}

static bool
is_given(const char *name)
{
	const char *value = dotenv_get(name);

	return (value != NULL && *value != '\0');
}

/* What DB_HOST and others are made into, where no URL is given, can be parsed, and has them as they were. */
static void
check_database_url(void)
{
	const char *password = dotenv_get("DB_PASSWORD"), *host = dotenv_get("DB_HOST");
	PQconninfoOption *options, *o;

	if (is_given("EVENTLY_DATABASE_URL") || is_given("DATABASE_URL"))
		return;
	if (strncmp(config.database_url, "host='", 6) != 0)
		return;
	REQUIRE((options = PQconninfoParse(config.database_url, NULL)) != NULL);
	for (o = options; o->keyword != NULL; o++) {
		if (strcmp(o->keyword, "host") == 0)
			REQUIRE(host != NULL && strcmp(o->val, host) == 0);
		if (strcmp(o->keyword, "password") == 0 && o->val != NULL)
			REQUIRE(password != NULL && strcmp(o->val, password) == 0);
	}
	PQconninfoFree(options);
}

static void
check_bounds(void)
{
	int i;

	REQUIRE(config.port >= 1 && config.port <= 65535 && config.workers >= 1 && config.workers <= 64);
	REQUIRE(config.access_ttl_s >= 1 && config.rate_public.count >= 0 && config.rate_public.window_s >= 1);
	REQUIRE(config.home[0] != '\0' && strlen(config.trusted_proxies) <= 4096);
	for (i = 0; i < proxy_count; i++)
		REQUIRE(proxies[i].bits >= 0 && proxies[i].bits <= 128);
}

/* One line of the header for each of the text. */
static void
check_client(char *text)
{
	struct connection connection = { .family = AF_INET };
	struct http_request http = { .owner = &connection };
	struct http_header headers[HTTP_REQ_HEADER_MAX], *header;
	char shown[CLIENT_IP_MAX], *line;
	struct in6_addr address;
	int count = 0;

	TAILQ_INIT(&http.req_headers);
	connection.addr.ipv4.sin_addr.s_addr = htonl(0x0A000001);
	while ((line = strsep(&text, "\n")) != NULL && count < HTTP_REQ_HEADER_MAX) {
		header = &headers[count++];
		header->header = (char *)(uintptr_t)"X-Forwarded-For";
		header->value = line;
		TAILQ_INSERT_TAIL(&http.req_headers, header, list);
	}
	address = client_ip_of_request(&http);
	client_ip_text(&address, shown);
	REQUIRE(parse_address(shown, &address));
	(void)client_ip_network(&address);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *nul = memchr(data, '\0', len);
	const uint8_t *end = data + len;

	input = data;
	input_len = (size_t)((nul != NULL ? nul : end) - data);
	entry_count = proxy_count = 0;
	if (setjmp(refused) == 0) {
		config_load();
		check_database_url();
		client_ip_prepare();
		check_bounds();
		if (nul != NULL)
			check_client(arena_copy(&arena, (const char *)nul + 1, (size_t)(end - nul - 1)));
	}
	if (file != NULL)
		(void)settings_close(file);
	arena_free(&arena);

	return (0);
}
