/*
 * refund.c
 *		Refunds: recorded with what causes them, completed when the provider has paid them.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "args.h"
#include "errors.h"
#include "id.h"
#include "idempotency.h"
#include "outbox.h"
#include "refund.h"

PG_FUNCTION_INFO_V1(evently_complete_refund);

EV_STATEMENT(count_refunded,
			 "UPDATE evently.payment SET refunded = refunded + $3 WHERE event_id = $1 AND payment_id = $2",
			 UUIDOID, UUIDOID, NUMERICOID);

EV_STATEMENT(insert_refund,
			 "INSERT INTO evently.refund AS r (event_id, refund_id, payment_id, cancellation_id, amount, currency, status,"
			 " reason, due_at, created_at, completed_at, provider_ref)"
			 " VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $10 IS NULL THEN 'due' ELSE 'completed' END, $7, $8, $9, $10, $11)",
			 UUIDOID, UUIDOID, UUIDOID, UUIDOID, NUMERICOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
			 TIMESTAMPTZOID, TEXTOID);

EV_STATEMENT(lock_refund,
			 "SELECT event_id, completed_at IS NOT NULL FROM evently.refund"
			 " WHERE refund_id = $2 AND ($1 IS NULL OR event_id = $1) FOR UPDATE",
			 UUIDOID, UUIDOID);

EV_STATEMENT(finish_refund,
			 "UPDATE evently.refund SET status = 'completed', completed_at = $3, provider_ref = $4"
			 " WHERE event_id = $1 AND refund_id = $2",
			 UUIDOID, UUIDOID, TIMESTAMPTZOID, TEXTOID);

EV_STATEMENT(read_refund,
			 "SELECT evently.describe_refund(r), p.user_id FROM evently.refund r"
			 "  JOIN evently.payment p ON p.event_id = r.event_id AND p.payment_id = r.payment_id"
			 " WHERE r.event_id = $1 AND r.refund_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(replay_refund,
			 "SELECT json_populate_record(NULL::evently.refund_detail, $1)",
			 JSONOID);

static const EvOperation complete_operation = {"complete_refund", &replay_refund};

static bool
is_positive(Numeric amount)
{
	return DatumGetBool(DirectFunctionCall2(numeric_gt, NumericGetDatum(amount), NumericGetDatum(int64_to_numeric(0))));
}

void
ev_refund_payment(const EvPayment *payment, const EvRefund *refund)
{
	pg_uuid_t refund_id = ev_new_id(&payment->event_id);
	bool at_once = strcmp(payment->provider, EV_MOCK_PROVIDER) == 0;
	EvArg amount = ev_datum(NumericGetDatum(refund->amount));
	TimestampTz due = TimestampTzPlusMilliseconds(refund->clock, refund->processing_days * (USECS_PER_DAY / 1000));

	if (!is_positive(refund->amount))
		return;
	if (ev_query(&count_refunded, ev_uuid(&payment->event_id), ev_uuid(&payment->payment_id), amount) != 1)
		elog(ERROR, "a payment is missing");
	ev_query(&insert_refund, ev_uuid(&payment->event_id), ev_uuid(&refund_id), ev_uuid(&payment->payment_id),
			 ev_maybe_uuid(refund->cancellation_id), amount, ev_text(payment->currency), ev_text(refund->reason), ev_time(due),
			 ev_time(refund->clock), at_once ? ev_time(refund->clock) : ev_null(),
			 ev_text(at_once ? psprintf("mock-%s", ev_booking_ref(&refund_id)) : NULL));
}

void
ev_refund_booking(const pg_uuid_t *event_id, const pg_uuid_t *booking_id, const EvRefund *refund)
{
	EvPayment *payment = ev_payment_of_booking(event_id, booking_id);

	if (payment != NULL)
		ev_refund_payment(payment, refund);
}

static void
refund_not_found(const pg_uuid_t *refund_id)
{
	ev_raise(EV_REFUND_NOT_FOUND, ev_detail_uuid(ev_detail(), "refund_id", refund_id), NULL, "refund not found");
}

/* complete_refund(event_id, refund_id, provider_ref, idempotency_key): a repeat gives the same answer */
Datum
evently_complete_refund(PG_FUNCTION_ARGS)
{
	static const pg_uuid_t nobody;
	pg_uuid_t *refund_id;
	pg_uuid_t event_id;
	bool completed;
	EvKey key;
	Datum result;

	ev_begin(EV_WRITES);
	refund_id = ev_required_uuid(fcinfo, 1, "refund_id");
	ev_require_length(fcinfo, 2, "provider_ref", 255);
	if (!ev_key_open(&key, &complete_operation, PG_ARGISNULL(0) ? &nobody : PG_GETARG_UUID_P(0), &nobody,
					 ev_text_argument(fcinfo, 3), ev_id_text, refund_id, &result))
	{
		pg_uuid_t user_id;

		if (ev_query(&lock_refund, ev_arg(0), ev_uuid(refund_id)) == 0)
			refund_not_found(refund_id);
		event_id = ev_get_uuid(0, 1);
		completed = ev_get_bool(0, 2);
		if (!completed)
			ev_query(&finish_refund, ev_uuid(&event_id), ev_uuid(refund_id), ev_time(GetCurrentTimestamp()), ev_arg(2));
		ev_query(&read_refund, ev_uuid(&event_id), ev_uuid(refund_id));
		result = ev_copied_value(0, 1);
		user_id = ev_get_uuid(0, 2);
		if (completed)
			ev_key_store(&key, result);
		else
			ev_outbox_answer(&key, &event_id, "PAYMENT", refund_id, "REFUND_COMPLETED", &user_id, result);
	}
	PG_RETURN_DATUM(ev_end(result));
}
