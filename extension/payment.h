/*
 * payment.h
 *		Payments of bookings and of holds that are to become one.
 *
 *		pending -> paid | failed (both final)
 *
 * Who calls without naming a payment settles the money himself: there is no payment then. A named one is charged to the
 * mock provider, which is built in and goes by the token alone: tok_declined is refused, tok_timeout is not answered yet,
 * everything else is paid. An outside provider is asked between begin_payment() and complete_payment().
 *
 * Invariants
 *	1. A payment is resolved once. A booking is paid by one payment at most, in full; so is a hold, whatever became of it.
 *	2. What was paid has bought a booking or is refunded, at the latest in the transaction that resolves it (H11).
 *	3. refunded is the sum of its refund rows and never more than amount.
 *	4. A token is used and forgotten: neither a table nor a message nor the outbox has it.
 *
 * Locks: a pending payment is resolved under K (event, its hold); the payment of a booking changes under the booking's
 * row lock. So its own row is never waited for, and may come after T.
 */
#ifndef EV_PAYMENT_H
#define EV_PAYMENT_H

#include "spi.h"
#include "tuple.h"
#include "utils/numeric.h"

/* The provider that is built in: it settles in the call that books or refunds, so nothing is begun with it. */
#define EV_MOCK_PROVIDER "mock"

/* What a buyer pays with, as the argument payment says. */
typedef struct EvMeans
{
	bool given;
	char *token;
	char *method;
} EvMeans;

typedef struct EvPayment
{
	pg_uuid_t payment_id;
	pg_uuid_t event_id;
	pg_uuid_t user_id;
	pg_uuid_t *hold_id;
	pg_uuid_t *booking_id;
	Numeric amount;
	Numeric refunded;
	char *currency;
	char *method;
	char *provider;
	char *provider_ref;
	char *status;
	TimestampTz created_at;
} EvPayment;

/* Whose money, how much and for which hold. */
typedef struct EvBill
{
	const pg_uuid_t *event_id;
	const pg_uuid_t *user_id;
	pg_uuid_t *hold_id;
	Numeric amount;
	char *currency;
	TimestampTz clock;
} EvBill;

/* {"token", "method"} as jsonb, or null. */
extern EvMeans ev_payment_means(EvArg payment);
/* Equal for equal means (idempotency.h). */
extern char *ev_payment_canonical(const EvMeans *means);

/* Paid or pending, not stored yet; NULL where nothing is to be paid or none was named; PAYMENT_DECLINED. */
extern EvPayment *ev_payment_charge(const EvMeans *means, const EvBill *bill);
extern bool ev_payment_is_pending(const EvPayment *payment);
/* booking_id: what it paid for, NULL where it is pending. */
extern void ev_payment_store(const EvPayment *payment, const pg_uuid_t *booking_id);

/* What paid for the booking, or NULL. */
extern EvPayment *ev_payment_of_booking(const pg_uuid_t *event_id, const pg_uuid_t *booking_id);
/* Whether one of the hold's payments has a booking. Under K (event, hold) that stands. */
extern bool ev_payment_has_bought(const pg_uuid_t *event_id, const pg_uuid_t *hold_id);
/* PAYMENT_NOT_FOUND; event_id may be NULL: found by the payment's id. */
extern EvPayment *ev_payment_load(const pg_uuid_t *event_id, const pg_uuid_t *payment_id);
/* Resolve it; what it bought stands in booking_id. */
extern void ev_payment_resolve(const EvPayment *payment, const char *status, const char *provider_ref, TimestampTz clock);

/* A payment_summary for the next column of the row; null for NULL. */
extern EvArg ev_payment_summary(const EvRow *row, const EvPayment *payment);

#endif
