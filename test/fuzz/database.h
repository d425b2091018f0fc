/*
 * What the database answers from now on to all calls (UNAVAILABLE: there is none), and the turn of the event loop in which
 * it does.
 */
#ifndef EV_FUZZ_DATABASE_H
#define EV_FUZZ_DATABASE_H

#include "pgpipe.h"

void database_choose(enum pg_outcome outcome);
void database_turn(void);

#endif
