/*
 * policy.h
 *		Terms of cancellation: whether tickets may be cancelled, until when, and what is kept of their price.
 *
 * An event has no terms (free of charge until it starts) or a present version of them. A version never changes: an
 * update makes the next one, for the bookings still to come; a booking is cancelled under the version of its purchase.
 *
 * The fee is that of the whole booking at that moment, spread over its tickets by their price and the largest remainder,
 * in the currency's minor unit. So tickets cancelled one by one at one moment cost together what the booking does at once.
 * Where the event itself is cancelled nothing is kept.
 */
#ifndef EV_POLICY_H
#define EV_POLICY_H

#include "booking.h"

typedef struct EvTerms
{
	bool allowed;
	TimestampTz deadline; /* DT_NOEND where there is none */
	char *fee_type;
	Numeric fee_amount;
	int refund_processing_days;
} EvTerms;

/* The terms that the booking has at that time. */
extern EvTerms ev_policy_terms(const EvBooking *booking, const EvEvent *event, TimestampTz clock);

/* CANCELLATION_NOT_ALLOWED, CANCELLATION_DEADLINE_PASSED. */
extern void ev_policy_require_allowed(const EvTerms *terms, const EvBooking *booking, const EvEvent *event,
									  TimestampTz clock);

/* What would be kept of each ticket, in the order of the booking. */
extern Numeric *ev_policy_fees(const EvTerms *terms, const EvBooking *booking);

#endif
