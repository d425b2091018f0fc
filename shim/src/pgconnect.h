/*
 * How a session is opened: the connection string of the settings, and what every session of the shim has set
 * (timeouts, UTC, UTF-8). Nothing is set later, so a session is the same behind a pooler.
 */
#ifndef EV_PGCONNECT_H
#define EV_PGCONNECT_H

#include <libpq-fe.h>

void pg_connect_check(void);
PGconn *pg_connect_start(unsigned int first_server);

#endif
