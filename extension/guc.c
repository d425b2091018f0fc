/*
 * guc.c
 *		Settings "evently.*". What buyers are promised or limited to is the administrator's to set (ALTER DATABASE ... SET);
 *		how long to wait for a lock is each session's own.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"

#include "guc.h"
#include "stock.h"

int ev_hold_ttl;
int ev_hold_max_lifetime;
int ev_hold_max_renewals;
int ev_max_holds_per_user;
int ev_payment_max_age;
int ev_stock_stripes;
int ev_analytics_ttl;
int ev_outbox_retention;
int ev_outbox_max_age;
int ev_key_retention;
int ev_worker_interval;
char *ev_worker_databases;
int ev_lock_timeout;
int ev_offer_ttl;
bool ev_waitlist_skip_unfit;
bool ev_mock_payments;

void
ev_guc_define(void)
{
	DefineCustomIntVariable("evently.hold_ttl",
							"How long a new hold lives.",
							NULL, &ev_hold_ttl, 600, 1, 86400,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("evently.hold_max_lifetime",
							"How long a hold lives at most, with all its extensions.",
							NULL, &ev_hold_max_lifetime, 1800, 1, 604800,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("evently.hold_max_renewals",
							"How many times a hold may be extended.",
							"0 means no limit but evently.hold_max_lifetime.", &ev_hold_max_renewals, 0, 0, 100000,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("evently.max_holds_per_user",
							"How many live holds one user may have on one event.",
							"0 means no limit.", &ev_max_holds_per_user, 10, 0, 100000,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("evently.payment_max_age",
							"How long after it began a payment still buys what its hold had, once that is over.",
							"0 means for ever. What is paid later is due back.", &ev_payment_max_age, 86400, 0, PG_INT32_MAX,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("evently.offer_ttl",
							"How long an offer to a waiter lives.",
							NULL, &ev_offer_ttl, 900, 1, 604800,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomBoolVariable("evently.waitlist_skip_unfit",
							 "Whether a waitlist serves a smaller party while a larger one before it does not fit.",
							 "Off: nobody is served before who joined earlier.", &ev_waitlist_skip_unfit, false,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("evently.mock_payments",
							 "Whether the built-in mock provider takes the payments that calls bring along.",
							 "Off: what costs something is paid by a payment that is begun and completed, or settled by the caller.",
							 &ev_mock_payments, true, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("evently.stock_stripes",
							"Over how many rows the stock of a new event is spread at most.",
							"More rows let more buyers of one event commit side by side.",
							&ev_stock_stripes, EV_MAX_STRIPES, 1, EV_MAX_STRIPES,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("evently.analytics_ttl",
							"How old the figures of a summary may be.",
							"0 means that they are summed anew each time.", &ev_analytics_ttl, 60, 0, 86400,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("evently.outbox_retention",
							"How long a row of the outbox is kept when it is acknowledged.",
							"Live updates are told of it too, by who looks for them once a minute at the latest.",
							&ev_outbox_retention, 604800, 600, PG_INT32_MAX,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("evently.outbox_max_age",
							"How long a row of the outbox is kept though nobody acknowledges it.",
							"0 means for ever.", &ev_outbox_max_age, 2592000, 0, PG_INT32_MAX,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("evently.idempotency_retention",
							"How long the answer to a call with an idempotency key is kept.",
							"The background worker deletes what is older.", &ev_key_retention, 259200, 60, PG_INT32_MAX,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("evently.worker_interval",
							"How long the background worker sleeps at most.",
							"It wakes earlier when a hold expires.", &ev_worker_interval, 1000, 10, 3600000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomStringVariable("evently.worker_databases",
							   "Databases that get a background worker when the server starts, comma separated.",
							   "Needs evently in shared_preload_libraries.", &ev_worker_databases, "",
							   process_shared_preload_libraries_in_progress ? PGC_POSTMASTER : PGC_SIGHUP,
							   GUC_LIST_INPUT, NULL, NULL, NULL);
	DefineCustomIntVariable("evently.lock_timeout",
							"How long a function waits for a lock where the session sets no lock_timeout.",
							"0 means for ever.", &ev_lock_timeout, 5000, 0, 600000,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);

	MarkGUCPrefixReserved("evently");
}
