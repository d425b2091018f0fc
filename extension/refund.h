/*
 * refund.h
 *		Parts of a payment that go back: rows of their own, each due until the provider has done it.
 *
 *		due -> completed (final)
 *
 * The mock provider does it at once. Of an outside provider a refund is due until complete_refund() says it is done.
 */
#ifndef EV_REFUND_H
#define EV_REFUND_H

#include "payment.h"

/* What is refunded of a payment and why; cancellation_id may be NULL. */
typedef struct EvRefund
{
	const pg_uuid_t *cancellation_id;
	Numeric amount;
	const char *reason;
	int processing_days;
	TimestampTz clock;
} EvRefund;

/* The caller holds what guards the payment (payment.h). Nothing is refunded of nothing. */
extern void ev_refund_payment(const EvPayment *payment, const EvRefund *refund);
/* The same of what paid for a booking, if anything did. */
extern void ev_refund_booking(const pg_uuid_t *event_id, const pg_uuid_t *booking_id, const EvRefund *refund);

#endif
