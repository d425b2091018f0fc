/*
 * guc.h
 *		Settings "evently.*", declared with bounds and units in guc.c.
 *
 * Settings decide about new holds only: what was promised to a buyer (a hold's end, a price) is stored with it and
 * does not move when a setting changes. What comes after a hold's end (payment_max_age) was not promised.
 *
 * The library is loaded at a session's first call. A session that sets one of the administrator's settings before that
 * is not obeyed, but gets the built-in default; where that matters, name the library in session_preload_libraries.
 */
#ifndef EV_GUC_H
#define EV_GUC_H

extern int ev_hold_ttl;				/* seconds a hold lives */
extern int ev_hold_max_lifetime;	/* seconds a hold lives at most, with extensions */
extern int ev_hold_max_renewals;	/* times a hold is extended */
extern int ev_max_holds_per_user;	/* live holds of one user on one event */
extern int ev_payment_max_age;		/* seconds after which a payment takes nothing again, 0: never */
extern int ev_stock_stripes;		/* most stripes of an event's stock */
extern int ev_analytics_ttl;		/* seconds that figures are kept, 0: never */
extern int ev_outbox_retention;		/* seconds what is acknowledged is kept */
extern int ev_outbox_max_age;		/* seconds anything is kept; 0: for ever */
extern int ev_key_retention;		/* seconds an idempotency key is kept */
extern int ev_worker_interval;		/* ms between two rounds of the worker */
extern char *ev_worker_databases;	/* comma separated; with shared_preload_libraries only */
extern int ev_offer_ttl;			/* seconds an offer to a waiter lives */
extern bool ev_waitlist_skip_unfit; /* smaller parties pass a larger one that does not fit */
extern int ev_lock_timeout;			/* ms, used where the session has no lock_timeout */
extern bool ev_mock_payments;		/* the mock provider takes payments */

extern void ev_guc_define(void);

#endif
