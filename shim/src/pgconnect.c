#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "pgconnect.h"

static char session_options[1024];

/* Ends the start when the connection string cannot be parsed; keeps the options that it brings along. */
void
pg_connect_check(void)
{
	PQconninfoOption *options, *o;
	char *error = NULL;
	const char *theirs = "";

	options = PQconninfoParse(config.database_url, &error);
	if (options == NULL) {
		fprintf(stderr, "evently: setting EVENTLY_DATABASE_URL: give a libpq URL or \"key=value\" pairs: %s",
		    error != NULL ? error : "out of memory\n");
		exit(1);
	}
	for (o = options; o->keyword != NULL; o++) {
		if (strcmp(o->keyword, "options") == 0 && o->val != NULL)
			theirs = o->val;
	}
	(void)snprintf(session_options, sizeof(session_options),
	    "%s -c statement_timeout=%d -c lock_timeout=%d -c TimeZone=UTC -c DateStyle=ISO "
	    "-c idle_in_transaction_session_timeout=60000",
	    theirs, config.statement_timeout_ms, config.lock_timeout_ms);
	PQconninfoFree(options);
}

PGconn *
pg_connect_start(void)
{
	const char *const keywords[] = { "dbname", "options", "client_encoding", "fallback_application_name",
		"keepalives_idle", NULL };
	const char *const values[] = { config.database_url, session_options, "UTF8", "evently", "30", NULL };

	return (PQconnectStartParams(keywords, values, 1));
}
