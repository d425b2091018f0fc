/*
 * booking.c
 *		Bookings as they are read and locked. booking_create.c makes them, cancellation.c cancels them.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "account.h"
#include "args.h"
#include "booking.h"
#include "errors.h"
#include "id.h"
#include "permission.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_get_booking);

EV_STATEMENT(event_of_booking,
			 "SELECT event_id FROM evently.booking WHERE booking_id = $1",
			 UUIDOID);

EV_STATEMENT(load_booking,
			 "SELECT user_id, hold_id, quantity, total_price, currency, status::text, created_at, version, pools,"
			 "       coalesce(policy_version, 0), ticket_type_id,"
			 "       (SELECT t.name FROM evently.ticket_type t WHERE t.event_id = b.event_id AND t.type_id = b.ticket_type_id)"
			 "  FROM evently.booking b WHERE event_id = $1 AND booking_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(lock_booking,
			 "SELECT status::text, version, pools FROM evently.booking WHERE event_id = $1 AND booking_id = $2 FOR UPDATE",
			 UUIDOID, UUIDOID);

EV_STATEMENT(load_tickets,
			 "SELECT t.ticket_id, t.section_id, coalesce(t.seat_ordinal, 0), t.seat_label, t.price, c.cancellation_id"
			 "  FROM evently.ticket t"
			 "  LEFT JOIN evently.cancelled_ticket c ON t.cancelled_at IS NOT NULL"
			 "   AND c.event_id = t.event_id AND c.booking_id = t.booking_id AND c.ticket_id = t.ticket_id"
			 " WHERE t.event_id = $1 AND t.booking_id = $2"
			 " ORDER BY t.seat_ordinal, t.ticket_id",
			 UUIDOID, UUIDOID);

static Datum
ticket_rows(const EvRow *parent, const EvBooking *booking)
{
	Datum *rows = palloc(booking->quantity * sizeof(Datum));
	EvRow row = ev_nested_row(parent);

	for (int i = 0; i < booking->quantity; i++)
	{
		const EvTicket *ticket = &booking->tickets[i];

		ev_row_add(&row, ev_uuid(&ticket->ticket_id));
		ev_row_add(&row, ev_uuid(&ticket->section_id));
		ev_row_add_text(&row, ticket->label);
		ev_row_add(&row, ev_datum(NumericGetDatum(ticket->price)));
		ev_row_add_text(&row, ticket->cancellation_id ? "cancelled" : "valid");
		rows[i] = ev_row_datum(&row);
	}
	return ev_array(rows, booking->quantity, row.desc->tdtypeid).value;
}

static EvArg
seat_labels(const EvBooking *booking)
{
	char **labels = palloc(booking->quantity * sizeof(char *));
	int n = 0;

	for (int i = 0; i < booking->quantity; i++)
	{
		if (booking->tickets[i].label != NULL)
			labels[n++] = booking->tickets[i].label;
	}
	return ev_text_array(labels, n);
}

Datum
ev_booking_detail(EvRow row, const EvBooking *booking)
{
	bool pending = ev_payment_is_pending(booking->payment);

	ev_row_add(&row, pending ? ev_null() : ev_uuid(&booking->booking_id));
	ev_row_add_text(&row, pending ? NULL : ev_booking_ref(&booking->booking_id));
	ev_row_add(&row, ev_uuid(&booking->event_id));
	ev_row_add(&row, ev_uuid(&booking->user_id));
	ev_row_add(&row, ev_maybe_uuid(booking->hold_id));
	ev_row_add(&row, ev_int(booking->quantity));
	ev_row_add(&row, seat_labels(booking));
	ev_row_add(&row, pending ? ev_null() : ev_datum(ticket_rows(&row, booking)));
	ev_row_add(&row, ev_datum(NumericGetDatum(booking->total)));
	ev_row_add_text(&row, booking->currency);
	ev_row_add_text(&row, booking->status);
	ev_row_add(&row, ev_payment_summary(&row, booking->payment));
	ev_row_add(&row, ev_time(booking->created_at));
	ev_row_add(&row, ev_int(booking->version));
	ev_row_add(&row, ev_maybe_uuid(booking->ticket_type_id));
	ev_row_add_text(&row, booking->ticket_type);
	return ev_row_datum(&row);
}

static void
booking_not_found(const pg_uuid_t *booking_id)
{
	ev_raise(EV_BOOKING_NOT_FOUND, ev_detail_uuid(ev_detail(), "booking_id", booking_id), NULL, "booking not found");
}

static void
load_tickets_of(EvBooking *booking)
{
	booking->tickets = palloc(booking->quantity * sizeof(EvTicket));
	if (ev_query(&load_tickets, ev_uuid(&booking->event_id), ev_uuid(&booking->booking_id)) !=
		(uint64) booking->quantity)
		elog(ERROR, "a booking has not as many tickets as it says");
	for (int i = 0; i < booking->quantity; i++)
		booking->tickets[i] = (EvTicket){
			.ticket_id = ev_get_uuid(i, 1),
			.section_id = ev_get_uuid(i, 2),
			.ordinal = ev_get_int(i, 3),
			.label = ev_get_text(i, 4),
			.price = DatumGetNumeric(ev_copied_value(i, 5)),
			.cancellation_id = ev_is_null(i, 6) ? NULL : DatumGetUUIDP(ev_copied_value(i, 6)),
		};
}

void
ev_booking_lock(EvBooking *booking)
{
	ev_query(&lock_booking, ev_uuid(&booking->event_id), ev_uuid(&booking->booking_id));
	booking->status = ev_get_text(0, 1);
	booking->version = ev_get_int(0, 2);
	booking->pools = ev_pool_ids(0, 3);
	load_tickets_of(booking);
}

EvBooking
ev_booking_load(const pg_uuid_t *event_id, const pg_uuid_t *booking_id, const pg_uuid_t *actor_id)
{
	EvBooking booking = {.booking_id = *booking_id};

	if (event_id != NULL)
		booking.event_id = *event_id;
	else if (ev_query(&event_of_booking, ev_uuid(booking_id)) > 0)
		booking.event_id = ev_get_uuid(0, 1);
	else
		booking_not_found(booking_id);
	if (ev_query(&load_booking, ev_uuid(&booking.event_id), ev_uuid(booking_id)) == 0)
		booking_not_found(booking_id);
	booking.user_id = ev_get_uuid(0, 1);
	if (!ev_is_null(0, 2))
		booking.hold_id = DatumGetUUIDP(ev_copied_value(0, 2));
	booking.quantity = ev_get_int(0, 3);
	booking.total = DatumGetNumeric(ev_copied_value(0, 4));
	booking.currency = ev_get_text(0, 5);
	booking.status = ev_get_text(0, 6);
	booking.created_at = ev_get_time(0, 7);
	booking.version = ev_get_int(0, 8);
	booking.pools = ev_pool_ids(0, 9);
	booking.policy_version = ev_get_int(0, 10);
	booking.ticket_type_id = ev_is_null(0, 11) ? NULL : DatumGetUUIDP(ev_copied_value(0, 11));
	booking.ticket_type = ev_get_text(0, 12);
	ev_require_owner(actor_id, &booking.user_id, "booking");
	load_tickets_of(&booking);
	booking.payment = ev_payment_of_booking(&booking.event_id, booking_id);
	return booking;
}

/* get_booking(event_id, booking_id, user_id) */
Datum
evently_get_booking(PG_FUNCTION_ARGS)
{
	EvBooking booking;

	ev_begin(EV_READS);
	booking = ev_booking_load(ev_uuid_argument(fcinfo, 0), ev_required_uuid(fcinfo, 1, "booking_id"), NULL);
	ev_require_reader(ev_uuid_argument(fcinfo, 2), &booking.user_id, &booking.event_id, "booking");
	PG_RETURN_DATUM(ev_end(ev_booking_detail(ev_row(fcinfo), &booking)));
}
