/*
 * cancellation.c
 *		Cancels a booking: seats and stock go back, the money is recorded as refunded, all once.
 *
 * Without a policy a booking can be cancelled free of charge until its event starts.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "args.h"
#include "booking.h"
#include "errors.h"
#include "id.h"
#include "idempotency.h"
#include "money.h"
#include "outbox.h"
#include "release.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_cancel_booking);

EV_STATEMENT(lock_booking,
			 "SELECT status::text FROM evently.booking WHERE event_id = $1 AND booking_id = $2 FOR UPDATE",
			 UUIDOID, UUIDOID);

EV_STATEMENT(mark_cancelled,
			 "UPDATE evently.booking SET status = 'cancelled', version = version + 1"
			 " WHERE event_id = $1 AND booking_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(cancel_tickets,
			 "UPDATE evently.ticket SET cancelled_at = $3 WHERE event_id = $1 AND booking_id = $2",
			 UUIDOID, UUIDOID, TIMESTAMPTZOID);

EV_STATEMENT(insert_cancellation,
			 "INSERT INTO evently.cancellation AS c (event_id, cancellation_id, booking_id, fee, refund_amount,"
			 " currency, reason, requested_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
			 " RETURNING evently.describe_cancellation(c)",
			 UUIDOID, UUIDOID, UUIDOID, NUMERICOID, NUMERICOID, TEXTOID, TEXTOID, TIMESTAMPTZOID);

EV_STATEMENT(find_cancellation,
			 "SELECT evently.describe_cancellation(c) FROM evently.cancellation c"
			 " WHERE c.event_id = $1 AND c.booking_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(replay_cancellation,
			 "SELECT json_populate_record(NULL::evently.cancellation_detail, $1)",
			 JSONOID);

static const EvOperation cancel_operation = {"cancel", &replay_cancellation};

static void
require_allowed(const EvBooking *booking, const EvEvent *event, TimestampTz clock)
{
	if (clock >= event->start)
		ev_raise(EV_CANCELLATION_NOT_ALLOWED,
				 ev_detail_uuid(ev_detail_uuid(ev_detail(), "booking_id", &booking->booking_id),
								"event_id", &event->event_id),
				 NULL, "the event has started");
}

static Datum
record(const EvBooking *booking, const char *reason, TimestampTz clock)
{
	pg_uuid_t cancellation_id = ev_new_id(&booking->event_id);
	Numeric fee = ev_money_round(int64_to_numeric(0), booking->currency);

	ev_query(&mark_cancelled, ev_uuid(&booking->event_id), ev_uuid(&booking->booking_id));
	ev_query(&cancel_tickets, ev_uuid(&booking->event_id), ev_uuid(&booking->booking_id), ev_time(clock));
	ev_query(&insert_cancellation, ev_uuid(&booking->event_id), ev_uuid(&cancellation_id),
			 ev_uuid(&booking->booking_id), ev_datum(NumericGetDatum(fee)),
			 ev_datum(NumericGetDatum(booking->total)), ev_text(booking->currency), ev_text(reason), ev_time(clock));
	return ev_copied_value(0, 1);
}

static Datum
cancel(const EvBooking *booking, const char *reason, bool *is_new)
{
	EvRelease *release = ev_release_begin(&booking->event_id);
	TimestampTz clock;

	ev_query(&lock_booking, ev_uuid(&booking->event_id), ev_uuid(&booking->booking_id));
	*is_new = strcmp(ev_get_text(0, 1), "cancelled") != 0;
	if (!*is_new)
	{
		ev_query(&find_cancellation, ev_uuid(&booking->event_id), ev_uuid(&booking->booking_id));
		return ev_copied_value(0, 1);
	}
	ev_release_tickets(release, booking, booking->tickets, booking->quantity);
	clock = ev_release_end(release);
	require_allowed(booking, release->event, clock);
	return record(booking, reason, clock);
}

/* cancel_booking(event_id, booking_id, user_id, reason, idempotency_key): a repeat gives the same answer */
Datum
evently_cancel_booking(PG_FUNCTION_ARGS)
{
	EvBooking booking;
	EvKey key;
	Datum result;

	ev_begin(EV_WRITES);
	ev_require_length(fcinfo, 3, "reason", 2000);
	booking = ev_booking_load(ev_uuid_argument(fcinfo, 0), ev_required_uuid(fcinfo, 1, "booking_id"),
							  ev_uuid_argument(fcinfo, 2));
	if (!ev_key_open(&key, &cancel_operation, &booking.event_id, &booking.user_id, ev_text_argument(fcinfo, 4),
					 ev_id_text, &booking.booking_id, &result))
	{
		bool is_new;

		result = cancel(&booking, ev_text_argument(fcinfo, 3), &is_new);
		if (is_new)
			ev_outbox_answer(&key, &booking.event_id, "BOOKING", &booking.booking_id, "BOOKING_CANCELLED",
							 &booking.user_id, result);
		else
			ev_key_store(&key, result);
	}
	PG_RETURN_DATUM(ev_end(result));
}
