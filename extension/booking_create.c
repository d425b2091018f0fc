/*
 * booking_create.c
 *		Bookings made: directly, or of a hold.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "args.h"
#include "booking.h"
#include "errors.h"
#include "id.h"
#include "idempotency.h"
#include "lock.h"
#include "outbox.h"
#include "request.h"
#include "set.h"
#include "spi.h"
#include "table.h"
#include "tuple.h"
#include "waitlist.h"

PG_FUNCTION_INFO_V1(evently_book);
PG_FUNCTION_INFO_V1(evently_book_many);
PG_FUNCTION_INFO_V1(evently_confirm_hold);
PG_FUNCTION_INFO_V1(evently_confirm_many);

static const char *const booking_columns[] = {
	"event_id", "booking_id", "user_id", "hold_id", "quantity", "total_price", "currency", "created_at", "pools",
	"policy_version", "ticket_type_id"};
EV_STATEMENT(insert_booking,
			 "INSERT INTO evently.booking (event_id, booking_id, user_id, hold_id, quantity, total_price, currency,"
			 " created_at, pools, policy_version, ticket_type_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
			 UUIDOID, UUIDOID, UUIDOID, UUIDOID, INT4OID, NUMERICOID, TEXTOID, TIMESTAMPTZOID, UUIDARRAYOID, INT4OID,
			 UUIDOID);
EV_TABLE(booking_table, "booking", booking_columns, insert_booking_argtypes);

static const char *const ticket_columns[] = {
	"event_id", "booking_id", "ticket_id", "section_id", "seat_ordinal", "seat_label", "price"};
EV_STATEMENT(insert_ticket,
			 "INSERT INTO evently.ticket (event_id, booking_id, ticket_id, section_id, seat_ordinal, seat_label, price)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7)",
			 UUIDOID, UUIDOID, UUIDOID, UUIDOID, INT4OID, TEXTOID, NUMERICOID);
EV_TABLE(ticket_table, "ticket", ticket_columns, insert_ticket_argtypes);

EV_STATEMENT(find_booking_of_hold,
			 "SELECT booking_id FROM evently.booking WHERE event_id = $1 AND hold_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(replay_booking,
			 "SELECT json_populate_record(NULL::evently.booking_detail, $1)",
			 JSONOID);

static const EvOperation book_operation = {"book", &replay_booking};
static const EvOperation confirm_operation = {"confirm", &replay_booking};

static void
store_ticket(const EvBooking *booking, const EvTicket *ticket)
{
	const EvArg values[] = {
		ev_uuid(&booking->event_id),
		ev_uuid(&booking->booking_id),
		ev_uuid(&ticket->ticket_id),
		ev_uuid(&ticket->section_id),
		ticket->label ? ev_int(ticket->ordinal) : ev_null(),
		ev_text(ticket->label),
		ev_datum(NumericGetDatum(ticket->price)),
	};

	ev_insert(&ticket_table, &insert_ticket, values);
}

static void
store_booking(const EvBooking *booking)
{
	const EvArg values[] = {
		ev_uuid(&booking->event_id),
		ev_uuid(&booking->booking_id),
		ev_uuid(&booking->user_id),
		ev_maybe_uuid(booking->hold_id),
		ev_int(booking->quantity),
		ev_datum(NumericGetDatum(booking->total)),
		ev_text(booking->currency),
		ev_time(booking->created_at),
		ev_pool_ids_value(booking->pools),
		booking->policy_version > 0 ? ev_int(booking->policy_version) : ev_null(),
		ev_maybe_uuid(booking->ticket_type_id),
	};

	ev_insert(&booking_table, &insert_booking, values);
	for (int i = 0; i < booking->quantity; i++)
		store_ticket(booking, &booking->tickets[i]);
	if (booking->payment != NULL)
		ev_payment_store(booking->payment, &booking->booking_id);
}

/* The booking that a grant becomes. */
static EvBooking
booking_of_grant(const EvRequest *request, const EvGrant *grant)
{
	EvBooking booking = {
		.booking_id = *request->booking_id,
		.event_id = request->event_id,
		.user_id = request->user_id,
		.quantity = grant->quantity,
		.tickets = palloc0(grant->quantity * sizeof(EvTicket)),
		.total = grant->total,
		.currency = grant->event->currency,
		.status = "confirmed",
		.created_at = grant->clock,
		.version = 1,
		.policy_version = grant->event->policy_version,
		.pools = ev_pools_ids(grant->pools),
		.ticket_type_id = ev_grant_type_id(grant),
		.ticket_type = ev_grant_type_name(grant),
		.is_new = true,
	};
	pg_uuid_t *ids = ev_new_ids(&request->event_id, grant->quantity);

	for (int i = 0; i < grant->quantity; i++)
	{
		EvTicket *ticket = &booking.tickets[i];
		const EvSeat *seat = grant->seats ? &grant->seats[i] : NULL;

		ticket->ticket_id = ids[i];
		ticket->section_id = seat ? grant->event->sections[seat->section].section_id : grant->section->section_id;
		ticket->ordinal = seat ? seat->ordinal : 0;
		ticket->label = seat ? seat->label : NULL;
		ticket->price = grant->prices[i];
	}
	return booking;
}

/* A direct booking has nothing to wait with for a provider's answer. */
static void
pay(EvBooking *booking, const EvMeans *means)
{
	const EvBill bill = {&booking->event_id, &booking->user_id, NULL, booking->total, booking->currency,
						 booking->created_at};

	booking->payment = ev_payment_charge(means, &bill);
	if (ev_payment_is_pending(booking->payment))
		ev_raise(EV_PAYMENT_DECLINED, ev_detail_uuid(ev_detail(), "event_id", &booking->event_id),
				 "Hold the tickets and confirm the hold: it waits for the answer.",
				 "the payment was not answered in time");
}

/* What is booked and how it is paid. */
typedef struct Order
{
	EvRequest request;
	EvMeans means;
} Order;

static char *
order_canonical(const void *asked)
{
	const Order *order = asked;

	return psprintf("%s%s", ev_request_canonical(&order->request), ev_payment_canonical(&order->means));
}

static void
tell_and_keep(const EvKey *key, const EvBooking *booking, Datum detail)
{
	ev_outbox_answer(key, &booking->event_id, "BOOKING", &booking->booking_id, "BOOKING_CONFIRMED", &booking->user_id,
					 detail);
}

static Datum
book(FunctionCallInfo fcinfo, EvRow row)
{
	Order order = {.request = ev_request(ev_uuid_argument(fcinfo, 0), ev_uuid_argument(fcinfo, 1))};
	EvRequest *request = &order.request;
	EvKey key;
	Datum result;

	ev_request_for(request, ev_arg(2), ev_arg(3), ev_uuid_argument(fcinfo, 4));
	ev_request_by(request, ev_text_argument(fcinfo, 5), ev_text_argument(fcinfo, 6));
	order.means = ev_payment_means(ev_arg(7));
	if (!ev_key_open(&key, &book_operation, &request->event_id, &request->user_id, ev_text_argument(fcinfo, 8),
					 order_canonical, &order, &result))
	{
		pg_uuid_t booking_id = ev_new_id(&request->event_id);
		EvGrant *grant;
		EvBooking booking;

		request->booking_id = &booking_id;
		grant = ev_reserve(request);
		booking = booking_of_grant(request, grant);
		pay(&booking, &order.means);
		ev_grant_give(grant);
		store_booking(&booking);
		result = ev_booking_detail(row, &booking);
		tell_and_keep(&key, &booking, result);
	}
	return result;
}

/* book(event_id, user_id, seat_ids, quantity, section_id, ticket_type, access_code, payment, idempotency_key) */
Datum
evently_book(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(book(fcinfo, ev_row(fcinfo))));
}

Datum
evently_book_many(PG_FUNCTION_ARGS)
{
	static const EvSetKind kind = {book, ev_request_names_seats};

	return ev_set_run(fcinfo, &kind);
}

/* What a booking takes over from its hold. */
static EvBooking
taken_over(EvHold *hold, char *status, TimestampTz clock)
{
	EvBooking booking = {
		.event_id = hold->event_id,
		.user_id = hold->user_id,
		.hold_id = &hold->hold_id,
		.quantity = hold->quantity,
		.tickets = palloc0(hold->quantity * sizeof(EvTicket)),
		.total = hold->total,
		.currency = hold->currency,
		.status = status,
		.created_at = clock,
		.pools = hold->pools,
		.ticket_type_id = hold->ticket_type_id,
		.ticket_type = hold->ticket_type,
	};

	for (int i = 0; i < hold->quantity; i++)
	{
		EvTicket *ticket = &booking.tickets[i];

		ticket->ordinal = hold->ordinals ? hold->ordinals[i] : 0;
		ticket->label = hold->ordinals ? hold->labels[i] : NULL;
		ticket->price = hold->prices[i];
	}
	return booking;
}

/* The hold goes on as it is; complete_payment() makes the booking. */
static EvBooking
pending_booking(EvHold *hold, EvPayment *payment)
{
	EvBooking booking = taken_over(hold, "pending", payment->created_at);

	booking.payment = payment;
	ev_payment_store(payment, NULL);
	return booking;
}

/* The booking that a live, locked hold becomes. */
static EvBooking
booking_of_hold(EvHold *hold, const EvEvent *event, TimestampTz clock)
{
	EvBooking booking = taken_over(hold, "confirmed", clock);
	pg_uuid_t *ids = ev_new_ids(&hold->event_id, hold->quantity);

	booking.booking_id = ev_new_id(&hold->event_id);
	booking.version = 1;
	booking.policy_version = event->policy_version;
	booking.is_new = true;
	if (hold->ordinals != NULL)
		ev_seats_sell(&hold->event_id, hold->seats, hold->quantity, &hold->hold_id, &booking.booking_id);
	for (int i = 0; i < hold->quantity; i++)
	{
		booking.tickets[i].ticket_id = ids[i];
		booking.tickets[i].section_id = hold->ordinals ? hold->seats[i].section_id : *hold->section_id;
	}
	return booking;
}

/*
 * A hold is a promise: it is kept after the sale has ended, but not where the event sells no more (inactive). The
 * booking that a confirmed hold became is its answer for ever; then it is not a new one.
 */
EvBooking
ev_booking_confirm(EvHold *hold, const EvMeans *means)
{
	EvBooking booking;
	EvPayment *payment;
	EvEvent *event;
	TimestampTz clock;
	int carried;

	ev_lock_event_shared(&hold->event_id);
	carried = ev_hold_lock(hold);
	if (strcmp(hold->status, "confirmed") == 0)
	{
		ev_query(&find_booking_of_hold, ev_uuid(&hold->event_id), ev_uuid(&hold->hold_id));
		return ev_booking_load(&hold->event_id, DatumGetUUIDP(ev_copied_value(0, 1)), NULL);
	}
	clock = GetCurrentTimestamp();
	ev_hold_require_live(hold, carried, clock);
	event = ev_event_load(&hold->event_id);
	ev_event_require_published(event);
	payment = ev_payment_charge(means, &(EvBill){&hold->event_id, &hold->user_id, &hold->hold_id, hold->total, hold->currency, clock});
	if (ev_payment_is_pending(payment))
		return pending_booking(hold, payment);
	booking = booking_of_hold(hold, event, clock);
	booking.payment = payment;
	store_booking(&booking);
	ev_hold_set_status(hold, "confirmed");
	ev_offer_confirmed(hold, &booking.booking_id, clock);
	return booking;
}

EvBooking
ev_booking_retake(const EvHold *hold)
{
	pg_uuid_t booking_id = ev_new_id(&hold->event_id);
	EvRequest request = ev_request(&hold->event_id, &hold->user_id);
	EvGrant *grant;
	EvBooking booking;

	request.seats = hold->labels;
	request.section_id = hold->section_id;
	request.quantity = hold->quantity;
	request.ticket_type = hold->ticket_type_id ? ev_id_text(hold->ticket_type_id) : NULL;
	request.booking_id = &booking_id;
	grant = ev_reserve(&request);
	ev_grant_give(grant);
	grant->prices = hold->prices;
	grant->total = hold->total;
	booking = booking_of_grant(&request, grant);
	store_booking(&booking);
	return booking;
}

/* Which hold, and how it is paid. */
typedef struct Confirmation
{
	EvHold *hold;
	EvMeans means;
} Confirmation;

static char *
confirmation_canonical(const void *asked)
{
	const Confirmation *confirmation = asked;

	return psprintf("%s%s", ev_id_text(&confirmation->hold->hold_id), ev_payment_canonical(&confirmation->means));
}

static Datum
confirm(FunctionCallInfo fcinfo, EvRow row)
{
	EvHold *hold = ev_hold_by_arguments(fcinfo);
	const Confirmation confirmation = {hold, ev_payment_means(ev_arg(3))};
	EvKey key;
	Datum result;

	if (!ev_key_open(&key, &confirm_operation, &hold->event_id, &hold->user_id, ev_text_argument(fcinfo, 4),
					 confirmation_canonical, &confirmation, &result))
	{
		EvBooking booking = ev_booking_confirm(hold, &confirmation.means);

		result = ev_booking_detail(row, &booking);
		if (ev_payment_is_pending(booking.payment))
			ev_outbox_answer(&key, &hold->event_id, "PAYMENT", &booking.payment->payment_id, "PAYMENT_PENDING",
							 &hold->user_id, result);
		else if (booking.is_new)
			tell_and_keep(&key, &booking, result);
		else
			ev_key_store(&key, result);
	}
	return result;
}

/* confirm_hold(event_id, hold_id, user_id, payment, idempotency_key) */
Datum
evently_confirm_hold(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(confirm(fcinfo, ev_row(fcinfo))));
}

static bool
names_hold(FunctionCallInfo call)
{
	return true;
}

Datum
evently_confirm_many(PG_FUNCTION_ARGS)
{
	static const EvSetKind kind = {confirm, names_hold};

	return ev_set_run(fcinfo, &kind);
}
