/*
 * worker.h
 *		The background worker: one per database, it tidies up and hands on what time brings about.
 *
 * Nothing depends on it for its correctness: an expired hold is free without it, everything it does others may do too, and
 * it can be killed at any moment. What it does for one event is one transaction, of at most 500 rows. It does not wait
 * for an event that is busy but comes back, and queues for it, shortly, only where that took half a second already.
 *
 * It is started with the server for the databases of evently.worker_databases (shared_preload_libraries), or by
 * evently.start_worker(), and is to be seen in pg_stat_activity as "evently worker". After an error or a crash it is
 * started again; pg_terminate_backend() ends it for good.
 */
#ifndef EV_WORKER_H
#define EV_WORKER_H

/* In the postmaster, from _PG_init. */
extern void ev_worker_register(void);

/* One round (work.c): returns the milliseconds until the next one is due, at most the interval. */
extern long ev_work(void);

#endif
