/*
 * payment_complete.c
 *		What an outside provider answers: a payment is resolved once, and what was paid buys the booking or is refunded.
 *
 * K (event, hold) comes first, so that whoever resolves it second, or pays for the same hold second, sees what the first
 * made of it. Then the hold is confirmed; where it is over, the same seats or tickets are taken again, at its prices; where
 * they are gone, or were bought by another payment, or the event sells no more, or the payment was begun too long ago
 * (evently.payment_max_age), the money is due back. Each is an attempt of its own (attempt.h): the first lets go of the
 * hold's row before the second may have to wait for Q exclusive.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "args.h"
#include "attempt.h"
#include "booking.h"
#include "errors.h"
#include "guc.h"
#include "id.h"
#include "idempotency.h"
#include "lock.h"
#include "outbox.h"
#include "refund.h"
#include "render.h"

PG_FUNCTION_INFO_V1(evently_complete_payment);

EV_STATEMENT(read_refund_due,
			 "SELECT sum(amount), min(reason) FROM evently.refund"
			 " WHERE event_id = $1 AND payment_id = $2 AND cancellation_id IS NULL",
			 UUIDOID, UUIDOID);

EV_STATEMENT(replay_completion,
			 "SELECT json_populate_record(NULL::evently.payment_completion, $1)",
			 JSONOID);

static const EvOperation complete_operation = {"complete_payment", &replay_completion};

/* What the provider says. */
typedef struct Answer
{
	pg_uuid_t *payment_id;
	char *outcome; /* paid or failed */
	char *provider_ref;
} Answer;

/* A purchase that is attempted: a hold, what pays for it, and the booking that comes of it. */
typedef struct Purchase
{
	EvHold *hold;
	const EvPayment *payment;
	EvBooking booking;
} Purchase;

static char *
canonical(const void *asked)
{
	const Answer *answer = asked;

	return psprintf("%s %s", ev_id_text(answer->payment_id), answer->outcome);
}

static bool
is_whole(const EvBooking *booking)
{
	for (int i = 0; i < booking->quantity; i++)
	{
		if (booking->tickets[i].cancellation_id != NULL)
			return false;
	}
	return true;
}

/*
 * A hold confirmed meanwhile without a payment is paid now; one that was paid is not paid twice, and one of which tickets
 * were cancelled no longer costs what is paid.
 */
static void
confirm(void *argument)
{
	static const EvMeans paid_already;
	Purchase *purchase = argument;

	purchase->booking = ev_booking_confirm(purchase->hold, &paid_already);
	if (!purchase->booking.is_new)
	{
		ev_booking_lock(&purchase->booking);
		if (strcmp(purchase->booking.status, "confirmed") != 0)
			ev_raise(EV_HOLD_NOT_ACTIVE, ev_hold_facts(purchase->hold), NULL, "the booking is cancelled");
		if (!is_whole(&purchase->booking))
			ev_raise(EV_HOLD_NOT_ACTIVE, ev_hold_facts(purchase->hold), NULL, "tickets of the booking are cancelled");
		if (ev_payment_of_booking(&purchase->booking.event_id, &purchase->booking.booking_id) != NULL)
			ev_raise(EV_HOLD_NOT_ACTIVE, ev_hold_facts(purchase->hold), NULL, "the booking was paid already");
	}
}

static bool
is_too_old(const EvPayment *payment)
{
	return ev_payment_max_age > 0 &&
		GetCurrentTimestamp() > TimestampTzPlusMilliseconds(payment->created_at, (int64) ev_payment_max_age * 1000);
}

/*
 * The hold does not tell that a payment has bought something before: it is over as it was. Its prices are kept for a time,
 * so that nobody pays months later what it cost then.
 */
static void
take_again(void *argument)
{
	Purchase *purchase = argument;

	if (ev_payment_has_bought(&purchase->hold->event_id, &purchase->hold->hold_id))
		ev_raise(EV_HOLD_NOT_ACTIVE, ev_hold_facts(purchase->hold), NULL, "the booking was paid already");
	if (is_too_old(purchase->payment))
		ev_raise(EV_HOLD_EXPIRED, ev_hold_facts(purchase->hold), NULL, "the payment came too late");
	purchase->booking = ev_booking_retake(purchase->hold);
}

/* Found under its row lock. A hold that lives, of an event that sells no more, keeps what it has: it may be confirmed yet. */
static bool
is_over(const EvHold *hold, const EvRefusal *refusal)
{
	return strcmp(refusal->code, "HOLD_EXPIRED") == 0 || strcmp(hold->status, "released") == 0;
}

/* Buys what the payment is for, or tells why not. */
static char *
buy(Purchase *purchase)
{
	EvRefusal *refusal = ev_attempt(confirm, purchase);

	if (refusal != NULL && is_over(purchase->hold, refusal))
		refusal = ev_attempt(take_again, purchase);
	return refusal ? refusal->message : NULL;
}

static void
tell_of_booking(const EvBooking *booking, Datum detail)
{
	ev_outbox_add(&booking->event_id, "BOOKING", &booking->booking_id, "BOOKING_CONFIRMED", &booking->user_id,
				  ev_render(detail));
}

/* The columns of a payment_completion; the booking is the last one. */
static EvRow
completion(FunctionCallInfo fcinfo, const EvPayment *payment, bool already)
{
	EvRow row = ev_row(fcinfo);
	bool due;

	ev_row_add(&row, ev_uuid(&payment->payment_id));
	ev_row_add(&row, ev_uuid(&payment->event_id));
	ev_row_add_text(&row, payment->status);
	ev_row_add(&row, ev_bool(already));
	ev_row_add(&row, ev_maybe_uuid(payment->booking_id));
	ev_query(&read_refund_due, ev_uuid(&payment->event_id), ev_uuid(&payment->payment_id));
	due = !ev_is_null(0, 1);
	ev_row_add(&row, due ? ev_datum(ev_copied_value(0, 1)) : ev_null());
	ev_row_add(&row, due ? ev_text(ev_get_text(0, 2)) : ev_null());
	return row;
}

static Datum
completed_before(FunctionCallInfo fcinfo, const EvPayment *payment)
{
	EvRow row = completion(fcinfo, payment, true);

	if (payment->booking_id == NULL)
		ev_row_add(&row, ev_null());
	else
	{
		EvBooking booking = ev_booking_load(&payment->event_id, payment->booking_id, NULL);

		ev_row_add(&row, ev_datum(ev_booking_detail(ev_nested_row(&row), &booking)));
	}
	return ev_row_datum(&row);
}

static Datum
fail(FunctionCallInfo fcinfo, EvPayment *payment, const Answer *answer)
{
	EvRow row;

	ev_payment_resolve(payment, "failed", answer->provider_ref, GetCurrentTimestamp());
	payment->status = "failed";
	row = completion(fcinfo, payment, false);
	ev_row_add(&row, ev_null());
	return ev_row_datum(&row);
}

static Datum
settle(FunctionCallInfo fcinfo, EvPayment *payment, const Answer *answer)
{
	Purchase purchase = {.hold = ev_hold_load(&payment->event_id, payment->hold_id, NULL), .payment = payment};
	char *refusal = buy(&purchase);
	TimestampTz clock = GetCurrentTimestamp();
	EvRow row;
	Datum detail;

	payment->status = "paid";
	if (refusal == NULL)
	{
		payment->booking_id = palloc(sizeof(pg_uuid_t));
		*payment->booking_id = purchase.booking.booking_id;
	}
	ev_payment_resolve(payment, "paid", answer->provider_ref, clock);
	if (refusal != NULL)
	{
		const EvRefund refund = {.amount = payment->amount, .reason = refusal, .clock = clock};

		ev_refund_payment(payment, &refund);
		row = completion(fcinfo, payment, false);
		ev_row_add(&row, ev_null());
		return ev_row_datum(&row);
	}
	purchase.booking.payment = payment;
	row = completion(fcinfo, payment, false);
	detail = ev_booking_detail(ev_nested_row(&row), &purchase.booking);
	ev_row_add(&row, ev_datum(detail));
	if (purchase.booking.is_new)
		tell_of_booking(&purchase.booking, detail);
	return ev_row_datum(&row);
}

static void
require_same(const EvPayment *payment, const Answer *answer)
{
	if (strcmp(payment->status, answer->outcome) != 0)
		ev_raise(EV_PAYMENT_ALREADY_RESOLVED,
				 ev_detail_text(ev_detail_uuid(ev_detail(), "payment_id", &payment->payment_id), "status", payment->status),
				 NULL, "the payment is %s already", payment->status);
}

static Datum
complete(FunctionCallInfo fcinfo, EvPayment *payment, const Answer *answer, const EvKey *key)
{
	bool paid = strcmp(answer->outcome, "paid") == 0;
	Datum result;

	if (payment->hold_id != NULL)
	{
		ev_lock_key(&payment->event_id, payment->hold_id, "payment", "");
		payment = ev_payment_load(&payment->event_id, &payment->payment_id);
	}
	if (!ev_payment_is_pending(payment))
	{
		require_same(payment, answer);
		result = completed_before(fcinfo, payment);
		ev_key_store(key, result);
		return result;
	}
	result = paid ? settle(fcinfo, payment, answer) : fail(fcinfo, payment, answer);
	ev_outbox_answer(key, &payment->event_id, "PAYMENT", &payment->payment_id, paid ? "PAYMENT_PAID" : "PAYMENT_FAILED",
					 &payment->user_id, result);
	return result;
}

/* complete_payment(event_id, payment_id, outcome, provider_ref, idempotency_key) */
Datum
evently_complete_payment(PG_FUNCTION_ARGS)
{
	Answer answer;
	EvPayment *payment;
	EvKey key;
	Datum result;

	ev_begin(EV_WRITES);
	ev_require_length(fcinfo, 3, "provider_ref", 255);
	answer = (Answer){
		.payment_id = ev_required_uuid(fcinfo, 1, "payment_id"),
		.outcome = ev_word(ev_required_text(fcinfo, 2, "outcome"), "outcome", "paid, failed"),
		.provider_ref = ev_text_argument(fcinfo, 3),
	};
	payment = ev_payment_load(ev_uuid_argument(fcinfo, 0), answer.payment_id);
	if (!ev_key_open(&key, &complete_operation, &payment->event_id, &payment->user_id, ev_text_argument(fcinfo, 4),
					 canonical, &answer, &result))
		result = complete(fcinfo, payment, &answer, &key);
	PG_RETURN_DATUM(ev_end(result));
}
