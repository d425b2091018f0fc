/*
 * cancellation.h
 *		Tickets that are cancelled together: which, on what terms, and what becomes of them.
 *
 * The caller holds Q and the booking's row; decided and recorded is after the last lock, by a clock read after it.
 */
#ifndef EV_CANCELLATION_H
#define EV_CANCELLATION_H

#include "booking.h"

typedef struct EvCancellation
{
	EvBooking *booking;
	const EvEvent *event;
	int n;
	EvTicket *tickets;
	int *numbers;  /* of the tickets in the booking */
	Numeric *fees; /* what is kept of each */
	Numeric fee;
	Numeric refund;
	int refund_processing_days;
	TimestampTz clock;
} EvCancellation;

/* All tickets that are left of a booking. */
extern EvCancellation ev_cancellation_of(EvBooking *booking, const EvEvent *event);

/* Fee and refund, or why not: the refusals of policy.h. */
extern void ev_cancellation_decide(EvCancellation *cancellation, TimestampTz clock);

/* A cancellation_detail. */
extern Datum ev_cancellation_record(const EvCancellation *cancellation, const char *reason);

#endif
