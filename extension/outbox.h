/*
 * outbox.h
 *		What happened, told to the world outside: a row for every change of state, in the transaction that makes it.
 *
 * The columns are Debezium's (id, aggregatetype, aggregateid, type, payload). The rows are also the audit trail.
 *
 *		aggregatetype	EVENT, VENUE, VENUE_TEMPLATE, TAG, ORGANISER, HOLD, BOOKING, WAITLIST_ENTRY, PAYMENT, ACCOUNT
 *		type			what happened to it: BOOKING_CONFIRMED
 *		payload			the thing as the function that changed it returns it: the same JSON
 *
 * Invariants
 *	1. The row stands or falls with the change it tells of; a replay, or a repeat that changes nothing, tells nothing.
 *	2. Ids ascend within a transaction.
 *	3. No payload holds anything secret, and of personal data only what a buyer wrote himself, why he cancelled and his
 *	   preferences, until his account is erased (personal_data.c): a person is a user_id, a payment a reference.
 *
 * Rows are read in order of (xid, id), and only once no transaction is running that could still add one before them:
 * a reader that goes by the id alone loses what commits late.
 */
#ifndef EV_OUTBOX_H
#define EV_OUTBOX_H

#include "idempotency.h"

/*
 * Nothing is locked; call it with the other inserts. event_id: NULL for what belongs to no event. user_id: whom it is
 * about, the one to be notified, or which administrator did it; NULL where that is not known. payload: a JSON object,
 * ev_render()'s.
 */
extern void ev_outbox_add(const pg_uuid_t *event_id, const char *aggregatetype, const pg_uuid_t *aggregateid,
						  const char *type, const pg_uuid_t *user_id, EvArg payload);

/* The same of the row that a function is about to return, which is kept for a replay (ev_key_store): rendered once. */
extern void ev_outbox_answer(const EvKey *key, const pg_uuid_t *event_id, const char *aggregatetype,
							 const pg_uuid_t *aggregateid, const char *type, const pg_uuid_t *user_id, Datum answer);

#endif
