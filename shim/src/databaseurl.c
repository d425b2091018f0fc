#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "databaseurl.h"
#include "dotenv.h"

static const char *
look_up(const char *name)
{
	const char *value = getenv(name);

	if (value == NULL || *value == '\0')
		value = dotenv_get(name);
	return (value != NULL && *value != '\0' ? value : NULL);
}

/* key='value', with what would end the value escaped; as much as fits. */
static size_t
append(char *text, size_t size, size_t len, const char *key, const char *value)
{
	len += (size_t)snprintf(text + len, size - len, "%s%s='", len > 0 ? " " : "", key);
	for (; *value != '\0' && len + 4 < size; value++) {
		if (*value == '\'' || *value == '\\')
			text[len++] = '\\';
		text[len++] = *value;
	}
	text[len++] = '\'';
	text[len] = '\0';

	return (len);
}

static const char *
from_parts(void)
{
	static const char *const parts[][2] = { { "DB_HOST", "host" }, { "DB_PORT", "port" }, { "DB_NAME", "dbname" },
		{ "DB_USER", "user" }, { "DB_PASSWORD", "password" } };
	char text[4096] = "";
	const char *value;
	size_t len = 0, i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if ((value = look_up(parts[i][0])) != NULL && len + strlen(value) < sizeof(text) / 2)
			len = append(text, sizeof(text), len, parts[i][1], value);
	}
	return (len > 0 ? strdup(text) : NULL);
}

void
database_url_derive(const char **value, const char **origin)
{
	static const char scheme[] = "postgresql+";
	const char *made;
	char *rest;

	if (strcmp(*origin, "default") == 0 && (made = from_parts()) != NULL) {
		*value = made;
		*origin = "environment, DB_HOST and others";
	} else if (strncmp(*value, scheme, strlen(scheme)) == 0 && (rest = strstr(*value, "://")) != NULL) {
		char *plain = malloc(strlen(*value) + 1);

		if (plain == NULL)
			abort();
		(void)sprintf(plain, "postgresql%s", rest);
		*value = plain;
	}
}
