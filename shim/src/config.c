#include <sys/stat.h>

#include <openssl/rand.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "databaseurl.h"
#include "dotenv.h"
#include "log.h"

#define SECRET_MIN       32
#define SECRET_KINDS_MIN 8 /* different bytes; hexadecimal has up to 16 */

enum kind {
	KIND_TEXT,
	KIND_INT,
	KIND_MS, /* a duration, kept in milliseconds */
	KIND_SECONDS, /* a duration, kept in seconds */
	KIND_WORD, /* one of a list, kept as its index */
	KIND_RATE, /* a number in a duration */
};

struct setting {
	const char *name;
	const char *aliases; /* separated by blanks */
	enum kind kind;
	void *target;
	const char *fallback;
	long long min, max; /* in the unit kept; for a text its length */
	const char *words;
	const char *about;
	bool secret;
	const char *value; /* as given */
	const char *origin;
};

struct config config;

#define SETTING(n, a, k, member, text, what, ...) \
	{ .name = n, .aliases = a, .kind = k, .target = &config.member, .fallback = text, .about = what, __VA_ARGS__ },
#define TEXT(n, a, m, text, least, most, hide, what) \
	SETTING(n, a, KIND_TEXT, m, text, what, .min = least, .max = most, .secret = hide)
#define NUMBER(n, a, m, text, least, most, what)       SETTING(n, a, KIND_INT, m, text, what, .min = least, .max = most)
#define SECONDS(n, a, m, text, least, most, what)      SETTING(n, a, KIND_SECONDS, m, text, what, .min = least, .max = most)
#define MILLISECONDS(n, a, m, text, least, most, what) SETTING(n, a, KIND_MS, m, text, what, .min = least, .max = most)
#define WORD(n, a, m, text, list, what)                SETTING(n, a, KIND_WORD, m, text, what, .words = list)
#define SWITCH(n, a, m, text, what)                    WORD(n, a, m, text, SWITCH_WORDS, what)
#define RATE(n, a, m, text, what)                      SETTING(n, a, KIND_RATE, m, text, what, .min = 0)

static struct setting settings[] = {
#include "settings.def"
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

static void refuse(const struct setting *s, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));

static void
refuse(const struct setting *s, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	(void)fprintf(stderr, "evently: setting %s (from %s): %s\n", s->name, s->origin, text);
	exit(1);
}

static struct setting *
setting_find(const char *name)
{
	size_t i;

	for (i = 0; i < SETTINGS; i++) {
		if (strcmp(settings[i].name, name) == 0)
			return (&settings[i]);
	}
	abort();
}

/* Go's form, "1h30m" or "500ms"; a bare number is in the unit kept. */
static bool
parse_duration(const char *text, long long unit_ms, long long *out)
{
	long long n, total = 0, unit;
	char *end;

	if (!isdigit((unsigned char)*text))
		return (false);
	for (; *text != '\0'; text = end) {
		errno = 0;
		n = strtoll(text, &end, 10);
		if (end == text || errno != 0 || n < 0 || n > 1000000000LL)
			return (false);
		if (*end == '\0')
			unit = unit_ms;
		else if (strncmp(end, "ms", 2) == 0)
			unit = 1, end += 2;
		else if (*end == 's')
			unit = 1000, end++;
		else if (*end == 'm')
			unit = 60000, end++;
		else if (*end == 'h')
			unit = 3600000, end++;
		else if (*end == 'd')
			unit = 86400000, end++;
		else
			return (false);
		total += n * unit;
	}
	*out = total / unit_ms;
	return (true);
}

static int
parse_word(const struct setting *s)
{
	const char *p = s->words, *blank;
	size_t len;
	int i;

	for (i = 0; *p != '\0'; i++) {
		blank = strchr(p, ' ');
		len = blank != NULL ? (size_t)(blank - p) : strlen(p);
		if (strlen(s->value) == len && strncasecmp(s->value, p, len) == 0)
			return (i);
		p += len + (blank != NULL);
	}
	refuse(s, "\"%s\" is not known; choose one of: %s", s->value, s->words);
}

static struct rate
parse_rate(const struct setting *s)
{
	struct rate rate = { 0, 60 };
	long long count, window_s;
	char *end;

	if (strcasecmp(s->value, "off") == 0)
		return (rate);
	errno = 0;
	count = strtoll(s->value, &end, 10);
	if (end == s->value || errno != 0 || count < 1 || count > 1000000000LL || *end != '/' ||
	    !parse_duration(end + 1, 1000, &window_s) || window_s < 1 || window_s > 86400)
		refuse(s, "\"%s\" is not a rate such as 60/1m, in at most 24h, nor off", s->value);
	rate.count = (int)count;
	rate.window_s = (int)window_s;

	return (rate);
}

static const char *
unit_name(enum kind kind)
{
	if (kind == KIND_MS)
		return (" milliseconds");
	return (kind == KIND_SECONDS ? " seconds" : "");
}

static void
set_value(struct setting *s)
{
	long long n;
	char *end;

	switch (s->kind) {
	case KIND_TEXT:
		if (strlen(s->value) < (size_t)s->min || strlen(s->value) > (size_t)s->max)
			refuse(s, "give a text of %lld to %lld characters", s->min, s->max);
		*(char **)s->target = strdup(s->value);
		return;
	case KIND_WORD:
		*(int *)s->target = parse_word(s);
		return;
	case KIND_RATE:
		*(struct rate *)s->target = parse_rate(s);
		return;
	case KIND_INT:
		errno = 0;
		n = strtoll(s->value, &end, 10);
		if (end == s->value || *end != '\0' || errno != 0)
			refuse(s, "\"%s\" is not a whole number", s->value);
		break;
	default:
		if (!parse_duration(s->value, s->kind == KIND_MS ? 1 : 1000, &n))
			refuse(s, "\"%s\" is not a duration such as 15m, 8s or 500ms", s->value);
	}
	if (n < s->min || n > s->max)
		refuse(s, "%lld is out of bounds; give %lld to %lld%s", n, s->min, s->max, unit_name(s->kind));
	*(int *)s->target = (int)n;
}

/* As other systems name durations: ACCESS_TOKEN_EXPIRE_MINUTES=120. */
static const char *
in_unit(const char *name, const char *value)
{
	static const char minutes[] = "_MINUTES";
	size_t len = strlen(name);
	char text[64];

	if (len < strlen(minutes) || strcmp(name + len - strlen(minutes), minutes) != 0 ||
	    strspn(value, "0123456789") != strlen(value))
		return (value);
	(void)snprintf(text, sizeof(text), "%sm", value);

	return (strdup(text));
}

/* The value under one of the setting's names, and that name; an empty one counts as not given. */
static const char *
look_up(const struct setting *s, const char *(*get)(const char *), char *name, size_t room)
{
	char names[256], *p, *word;
	const char *value;

	(void)snprintf(names, sizeof(names), "%s %s", s->name, s->aliases);
	for (p = names; (word = strsep(&p, " ")) != NULL;) {
		if (*word != '\0' && (value = get(word)) != NULL && *value != '\0') {
			(void)snprintf(name, room, "%s", word);
			return (in_unit(word, value));
		}
	}
	return (NULL);
}

static const char *
get_environment(const char *name)
{
	return (getenv(name));
}

static void
find_value(struct setting *s)
{
	char origin[160], name[128];

	if ((s->value = look_up(s, get_environment, name, sizeof(name))) != NULL) {
		(void)snprintf(origin, sizeof(origin), "environment, %s", name);
		s->origin = strdup(origin);
	} else if ((s->value = look_up(s, dotenv_get, name, sizeof(name))) != NULL) {
		(void)snprintf(origin, sizeof(origin), ".env, %s", name);
		s->origin = strdup(origin);
	} else {
		s->value = s->fallback;
		s->origin = "default";
	}
}

static void
derive_by_env(struct setting *s, const char *development, const char *production)
{
	s->value = config.development ? development : production;
	s->origin = config.development ? "default, development" : "default";
}

/* Defaults that depend on the machine or on another setting. */
static void
derive_defaults(struct setting *s)
{
	char number[16];

	if (s->target == &config.database_url)
		database_url_derive(&s->value, &s->origin);
	if (*s->value != '\0')
		return;
	if (s->target == &config.workers) {
		(void)snprintf(number, sizeof(number), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
		s->value = strdup(number);
		s->origin = "default, number of cores";
	} else if (s->target == &config.password_min) {
		derive_by_env(s, "4", "8");
	} else if (s->target == &config.admin_registration) {
		derive_by_env(s, "bootstrap", "closed");
	} else if (s->target == &config.mock_payments) {
		derive_by_env(s, "on", "off");
	} else if (s->target == &config.jwt_secret && config.development) {
		s->origin = "made once, $EVENTLY_HOME/jwt_secret";
	} else if (s->target == &config.internal_api_key && config.development) {
		s->origin = "made once, $EVENTLY_HOME/internal_api_key";
	}
}

/* Development only: the secret is made once and kept, so that tokens outlive a restart. */
static char *
kept_secret(struct setting *s, const char *file)
{
	char path[PATH_MAX], text[2 * SECRET_MIN + 1];
	unsigned char bytes[SECRET_MIN];
	ssize_t len;
	int fd, i;

	(void)snprintf(path, sizeof(path), "%s/%s", config.home, file);
	(void)mkdir(config.home, 0755);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd != -1) {
		if (RAND_bytes(bytes, sizeof(bytes)) != 1)
			refuse(s, "no random bytes to be had");
		for (i = 0; i < SECRET_MIN; i++)
			(void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
		if (write(fd, text, 2 * SECRET_MIN) != 2 * SECRET_MIN)
			refuse(s, "could not write %s: %s", path, strerror(errno));
		(void)close(fd);
	}
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		refuse(s, "could not keep a secret in %s: %s", path, strerror(errno));
	len = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (len < SECRET_MIN)
		refuse(s, "%s is too short; remove it, and a new one will be made", path);
	text[len] = '\0';
	return (strdup(text));
}

/* A secret of one's own must be long, and no row of one letter; in development anything goes. */
static void
check_strength(const struct setting *s, const char *secret)
{
	size_t kinds, i;

	for (kinds = i = 0; secret[i] != '\0'; i++)
		kinds += strchr(secret, secret[i]) == secret + i;
	if (config.development || (i >= SECRET_MIN && kinds >= SECRET_KINDS_MIN))
		return;
	refuse(s,
	    "it is too weak: give a random text of at least %d bytes, for example from "
	    "`openssl rand -hex 32`",
	    SECRET_MIN);
}

void
config_check_secrets(void)
{
	struct setting *s = setting_find("EVENTLY_JWT_SECRET"), *key = setting_find("EVENTLY_INTERNAL_API_KEY");

	if (*config.jwt_secret == '\0' && !config.development)
		refuse(s,
		    "it is missing: give a random text of at least %d bytes, for example from "
		    "`openssl rand -hex 32` (only EVENTLY_ENV=development makes one itself)",
		    SECRET_MIN);
	check_strength(s, config.jwt_secret);
	if (*config.internal_api_key != '\0')
		check_strength(key, config.internal_api_key);
}

void
config_make_secrets(void)
{
	if (*config.jwt_secret == '\0' && config.development)
		config.jwt_secret = kept_secret(setting_find("EVENTLY_JWT_SECRET"), "jwt_secret");
	if (*config.internal_api_key == '\0' && config.development)
		config.internal_api_key = kept_secret(setting_find("EVENTLY_INTERNAL_API_KEY"), "internal_api_key");
}

void
config_load(void)
{
	size_t i;

	dotenv_load(".env");
	for (i = 0; i < SETTINGS; i++) {
		find_value(&settings[i]);
		derive_defaults(&settings[i]);
		set_value(&settings[i]);
		if (settings[i].target == &config.env)
			config.development = strcasecmp(config.env, "development") == 0;
	}
}

static const char *
shown_value(const struct setting *s)
{
	if (s->secret && strcmp(s->origin, "default") != 0)
		return ("(hidden)");
	return (*s->value != '\0' ? s->value : "(none)");
}

/* What `make config` shows first. */
void
config_print(void)
{
	const struct setting *s;

	for (s = settings; s < settings + SETTINGS; s++)
		printf("%-36s %-28s %s\n", s->name, shown_value(s), s->origin);
}

/* The README's table. */
void
config_document(void)
{
	const struct setting *s;

	printf("| setting | default | meaning |\n|---|---|---|\n");
	for (s = settings; s < settings + SETTINGS; s++) {
		printf("| `%s`", s->name);
		if (*s->aliases != '\0')
			printf(", also `%s`", s->aliases);
		printf(" | %s%s%s | %s |\n", *s->fallback != '\0' ? "`" : "", s->fallback,
		    *s->fallback != '\0' ? "`" : "", s->about);
	}
}
