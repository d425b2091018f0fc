#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dotenv.h"

#define ENTRIES_MAX 256

static struct {
	char *name;
	char *value;
} entries[ENTRIES_MAX];
static int entry_count;

static char *
trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return (text);
}

/* A quoted value ends at its quote; a bare one at " #". */
static char *
unquote(char *value)
{
	char *end;

	if (*value == '"' || *value == '\'') {
		if ((end = strchr(value + 1, *value)) == NULL)
			return (NULL);
		*end = '\0';
		return (value + 1);
	}
	if ((end = strstr(value, " #")) != NULL)
		*end = '\0';
	return (trim(value));
}

void
dotenv_load(const char *path)
{
	char line[8192], *name, *value;
	int number;
	FILE *fp;

	if ((fp = fopen(path, "r")) == NULL) {
		if (errno == ENOENT)
			return;
		(void)fprintf(stderr, "evently: could not read %s: %s\n", path, strerror(errno));
		exit(1);
	}
	for (number = 1; fgets(line, sizeof(line), fp) != NULL; number++) {
		name = trim(line);
		if (*name == '\0' || *name == '#')
			continue;
		if (strncmp(name, "export ", 7) == 0)
			name = trim(name + 7);
		value = strchr(name, '=');
		if (value != NULL)
			*value++ = '\0';
		if (value == NULL || entry_count == ENTRIES_MAX || (value = unquote(trim(value))) == NULL) {
			(void)fprintf(stderr, "evently: %s line %d: expected NAME=value\n", path, number);
			exit(1);
		}
		entries[entry_count].name = strdup(trim(name));
		entries[entry_count++].value = strdup(value);
	}
	(void)fclose(fp);
}

const char *
dotenv_get(const char *name)
{
	int i;

	for (i = entry_count - 1; i >= 0; i--) {
		if (strcmp(entries[i].name, name) == 0)
			return (entries[i].value);
	}
	return (NULL);
}
