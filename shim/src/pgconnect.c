#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "pgconnect.h"

static char session_options[1024];

/* What the connection string lists, one for each server. */
static struct server_list {
	const char *keyword;
	char servers[2048], rotated[4096];
} lists[] = { { .keyword = "host" }, { .keyword = "hostaddr" }, { .keyword = "port" } };

#define LIST_COUNT (sizeof(lists) / sizeof(lists[0]))

static void
keep_servers(const PQconninfoOption *option)
{
	size_t i;

	for (i = 0; i < LIST_COUNT; i++) {
		if (strcmp(option->keyword, lists[i].keyword) == 0)
			(void)snprintf(lists[i].servers, sizeof(lists[i].servers), "%s", option->val);
	}
}

/* Ends the start when the connection string cannot be parsed; keeps what it brings along. */
void
pg_connect_check(void)
{
	PQconninfoOption *options, *o;
	char *error = NULL;
	const char *theirs = "";

	options = PQconninfoParse(config.database_url, &error);
	if (options == NULL) {
		(void)fprintf(stderr,
		    "evently: setting EVENTLY_DATABASE_URL: give a libpq URL or \"key=value\" pairs: %s",
		    error != NULL ? error : "out of memory\n");
		exit(1);
	}
	for (o = options; o->keyword != NULL; o++) {
		if (o->val == NULL)
			continue;
		if (strcmp(o->keyword, "options") == 0)
			theirs = o->val;
		keep_servers(o);
	}
	(void)snprintf(session_options, sizeof(session_options),
	    "%s -c statement_timeout=%d -c lock_timeout=%d -c TimeZone=UTC -c DateStyle=ISO "
	    "-c idle_in_transaction_session_timeout=60000 -c evently.mock_payments=%s",
	    theirs, config.statement_timeout_ms, config.lock_timeout_ms, config.mock_payments ? "on" : "off");
	PQconninfoFree(options);
}

/* The list with that many of its servers moved to the end; NULL where there is but one, and the string's own counts. */
static const char *
rotate(struct server_list *list, unsigned int by)
{
	const char *p, *first = list->servers;
	unsigned int count = 1;

	for (p = list->servers; (p = strchr(p, ',')) != NULL; p++)
		count++;
	if (count == 1)
		return (NULL);
	for (by %= count; by > 0; by--)
		first = strchr(first, ',') + 1;
	if (first == list->servers)
		return (first);
	(void)snprintf(
	    list->rotated, sizeof(list->rotated), "%s,%.*s", first, (int)(first - list->servers - 1), list->servers);

	return (list->rotated);
}

/*
 * libpq asks the servers one after the other, and waits for one that says nothing as long as we let it. So each attempt
 * after such a silence begins with the next.
 */
PGconn *
pg_connect_start(unsigned int first_server)
{
	const char *const keywords[] = { "dbname", "options", "client_encoding", "fallback_application_name",
		"keepalives_idle", lists[0].keyword, lists[1].keyword, lists[2].keyword, NULL };
	const char *const values[] = { config.database_url, session_options, "UTF8", "evently", "30",
		rotate(&lists[0], first_server), rotate(&lists[1], first_server), rotate(&lists[2], first_server),
		NULL };

	return (PQconnectStartParams(keywords, values, 1));
}
