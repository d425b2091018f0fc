/*
 * booking.h
 *		Bookings and their tickets: made from a hold or directly, cancelled.
 *
 *		confirmed -> cancelled (final)
 *
 * Invariants
 *	1. A booking has as many tickets as its quantity says, and costs what they cost; both never change.
 *	2. A hold becomes one booking at most (a unique key); confirming it again gives that booking.
 *	3. A ticket is cancelled once, by one cancellation, fee + refund = what its tickets cost; cancelling it again gives
 *	   that one. Its seat and stock go back with it. A booking without a valid ticket is cancelled.
 *	4. The terms of cancellation are those of the day of purchase.
 *
 * Locks: see lock.h; a booking's row is locked where a hold's is, before its seats.
 */
#ifndef EV_BOOKING_H
#define EV_BOOKING_H

#include "hold.h"
#include "payment.h"

typedef struct EvTicket
{
	pg_uuid_t ticket_id;
	pg_uuid_t section_id;
	int ordinal; /* of the seat; 0 for general admission */
	char *label; /* NULL for general admission */
	Numeric price;
	pg_uuid_t *cancellation_id; /* NULL: valid */
} EvTicket;

typedef struct EvBooking
{
	pg_uuid_t booking_id;
	pg_uuid_t event_id;
	pg_uuid_t user_id;
	pg_uuid_t *hold_id;
	int quantity;
	EvTicket *tickets;
	Numeric total;
	char *currency;
	char *status;
	TimestampTz created_at;
	int version;
	EvPoolIds pools;	/* that its tickets count in beside their sections */
	int policy_version; /* of the terms it was bought under; 0 where there were none */
	const pg_uuid_t *ticket_type_id;
	const char *ticket_type; /* its name */
	EvPayment *payment;		 /* NULL: settled elsewhere */
	bool is_new;			 /* made by this call */
} EvBooking;

/*
 * With its tickets, nothing locked. BOOKING_NOT_FOUND; event_id may be NULL: found by the booking's id; FORBIDDEN where
 * the actor may not see it.
 */
extern EvBooking ev_booking_load(const pg_uuid_t *event_id, const pg_uuid_t *booking_id, const pg_uuid_t *actor_id);

/* A booking_detail. */
extern Datum ev_booking_detail(EvRow row, const EvBooking *booking);

/*
 * The booking that a live hold becomes, or has become; the refusals of hold.h. A payment that the provider has not
 * answered makes none yet: its status is pending then, and it has no id.
 */
extern EvBooking ev_booking_confirm(EvHold *hold, const EvMeans *means);

/* What a hold that is over had, booked again at its prices; the refusals of reserve.h. */
extern EvBooking ev_booking_retake(const EvHold *hold);

/* Lock its row and read again what can change: its status, version, pools and tickets. */
extern void ev_booking_lock(EvBooking *booking);

#endif
