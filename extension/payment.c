/*
 * payment.c
 *		Payments: charged, begun, read. payment_complete.c resolves what an outside provider answers.
 */
#include "postgres.h"

#include <ctype.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "args.h"
#include "booking.h"
#include "errors.h"
#include "guc.h"
#include "id.h"
#include "idempotency.h"
#include "lock.h"
#include "outbox.h"
#include "payment.h"
#include "permission.h"
#include "table.h"

PG_FUNCTION_INFO_V1(evently_begin_payment);
PG_FUNCTION_INFO_V1(evently_get_payment);
PG_FUNCTION_INFO_V1(evently_get_payments);

/* Of a token or method, in bytes. */
#define MEANS_MAX 4096
#define WORD_MAX 32

static const char *const payment_columns[] = {
	"event_id", "payment_id", "user_id", "hold_id", "booking_id", "amount", "currency", "method", "provider",
	"provider_ref", "status", "created_at", "resolved_at"};
EV_STATEMENT(insert_payment,
			 "INSERT INTO evently.payment (event_id, payment_id, user_id, hold_id, booking_id, amount, currency, method,"
			 " provider, provider_ref, status, created_at, resolved_at)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
			 UUIDOID, UUIDOID, UUIDOID, UUIDOID, UUIDOID, NUMERICOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
			 TIMESTAMPTZOID, TIMESTAMPTZOID);
EV_TABLE(payment_table, "payment", payment_columns, insert_payment_argtypes);

#define PAYMENT_COLUMNS                                                                                               \
	"payment_id, event_id, user_id, hold_id, booking_id, amount, refunded, currency, method, provider, provider_ref," \
	" status, created_at"

EV_STATEMENT(load_payment,
			 "SELECT " PAYMENT_COLUMNS " FROM evently.payment WHERE payment_id = $2 AND ($1 IS NULL OR event_id = $1)",
			 UUIDOID, UUIDOID);

EV_STATEMENT(load_payment_of_booking,
			 "SELECT " PAYMENT_COLUMNS " FROM evently.payment WHERE event_id = $1 AND booking_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(find_purchase_of_hold,
			 "SELECT 1 FROM evently.payment WHERE event_id = $1 AND hold_id = $2 AND booking_id IS NOT NULL",
			 UUIDOID, UUIDOID);

EV_STATEMENT(resolve_payment,
			 "UPDATE evently.payment SET status = $3, provider_ref = coalesce($4, provider_ref), resolved_at = $5, booking_id = $6"
			 " WHERE event_id = $1 AND payment_id = $2 AND status = 'pending'",
			 UUIDOID, UUIDOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, UUIDOID);

EV_STATEMENT(read_payment,
			 "SELECT evently.describe_payment(p) FROM evently.payment p WHERE p.event_id = $1 AND p.payment_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(read_payments,
			 "SELECT ROW($2, ARRAY(SELECT evently.describe_payment(p) FROM evently.payment p"
			 "                      WHERE p.event_id = $1 AND (p.booking_id = $2 OR p.hold_id = $3)"
			 "                      ORDER BY p.created_at, p.payment_id))::evently.booking_payments",
			 UUIDOID, UUIDOID, UUIDOID);

EV_STATEMENT(replay_payment,
			 "SELECT json_populate_record(NULL::evently.payment_detail, $1)",
			 JSONOID);

static const EvOperation begin_operation = {"begin_payment", &replay_payment};

/* A text in the object, or NULL. */
static char *
text_field(const Jsonb *object, const char *name)
{
	JsonbValue *field = getKeyJsonValueFromContainer((JsonbContainer *) &object->root, name, strlen(name), NULL);

	if (field == NULL || field->type == jbvNull)
		return NULL;
	if (field->type != jbvString || field->val.string.len > MEANS_MAX)
		ev_invalid("payment", "payment.%s must be a text of at most %d bytes", name, MEANS_MAX);
	return pnstrdup(field->val.string.val, field->val.string.len);
}

/* A word such as card or sepa_debit: who writes his name or a card's number there is not erased with his account. */
static void
require_word(const char *field, const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	if (!isalpha((unsigned char) *text) || text[length] != '\0' || length > WORD_MAX)
		ev_invalid(field, "a %s of payment is a word of at most %d letters, digits, _ and -", field, WORD_MAX);
}

/* Read without a statement, before which a set would write what it has gathered. */
EvMeans
ev_payment_means(EvArg payment)
{
	EvMeans means = {.given = !payment.isnull};
	Jsonb *object;

	if (!means.given)
		return means;
	object = DatumGetJsonbP(payment.value);
	if (!JB_ROOT_IS_OBJECT(object))
		ev_invalid("payment", "payment must be an object: {\"token\", \"method\"}");
	means.token = text_field(object, "token");
	means.method = text_field(object, "method");
	if (means.method == NULL)
		means.method = pstrdup("mock");
	require_word("method", means.method);
	return means;
}

static bool
has_token(const EvMeans *means, const char *token)
{
	return means->given && means->token != NULL && strcmp(means->token, token) == 0;
}

/* The mock provider will not answer at once. */
static bool
is_slow(const EvMeans *means)
{
	return has_token(means, "tok_timeout");
}

char *
ev_payment_canonical(const EvMeans *means)
{
	return means->given ? psprintf(" payment %zu:%s %s", strlen(means->method), means->method, means->token ? means->token : "")
						: pstrdup("");
}

static EvPayment *
new_payment(const EvBill *bill, const char *method, const char *provider, const char *status)
{
	EvPayment *payment = palloc0(sizeof(EvPayment));

	payment->payment_id = ev_new_id(bill->event_id);
	payment->event_id = *bill->event_id;
	payment->user_id = *bill->user_id;
	payment->hold_id = bill->hold_id;
	payment->amount = bill->amount;
	payment->refunded = int64_to_numeric(0);
	payment->currency = bill->currency;
	payment->method = pstrdup(method);
	payment->provider = pstrdup(provider);
	payment->status = pstrdup(status);
	payment->created_at = bill->clock;
	return payment;
}

static bool
is_nothing(Numeric amount)
{
	return DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(amount), NumericGetDatum(int64_to_numeric(0))));
}

EvPayment *
ev_payment_charge(const EvMeans *means, const EvBill *bill)
{
	EvPayment *payment;

	if (!means->given || is_nothing(bill->amount))
		return NULL;
	if (!ev_mock_payments)
		ev_raise(EV_PAYMENT_REQUIRED, ev_detail_uuid(ev_detail(), "event_id", bill->event_id),
				 "Hold them and begin a payment of the hold; they are booked when the provider has completed it.", "this is to be paid first");
	if (has_token(means, "tok_declined"))
		ev_raise(EV_PAYMENT_DECLINED, ev_detail_text(ev_detail_uuid(ev_detail(), "event_id", bill->event_id), "method", means->method),
				 "Try another means of payment; a hold stands until it expires.", "the payment was declined");
	payment = new_payment(bill, means->method, EV_MOCK_PROVIDER, is_slow(means) ? "pending" : "paid");
	payment->provider_ref = psprintf("mock-%s", ev_booking_ref(&payment->payment_id));
	return payment;
}

bool
ev_payment_is_pending(const EvPayment *payment)
{
	return payment != NULL && strcmp(payment->status, "pending") == 0;
}

void
ev_payment_store(const EvPayment *payment, const pg_uuid_t *booking_id)
{
	const EvArg values[] = {
		ev_uuid(&payment->event_id),
		ev_uuid(&payment->payment_id),
		ev_uuid(&payment->user_id),
		ev_maybe_uuid(payment->hold_id),
		ev_maybe_uuid(booking_id),
		ev_datum(NumericGetDatum(payment->amount)),
		ev_text(payment->currency),
		ev_text(payment->method),
		ev_text(payment->provider),
		ev_text(payment->provider_ref),
		ev_text(payment->status),
		ev_time(payment->created_at),
		ev_payment_is_pending(payment) ? ev_null() : ev_time(payment->created_at),
	};

	ev_insert(&payment_table, &insert_payment, values);
}

static pg_uuid_t *
maybe_id(int column)
{
	return ev_is_null(0, column) ? NULL : DatumGetUUIDP(ev_copied_value(0, column));
}

/* The row of the last statement. */
static EvPayment *
payment_row(void)
{
	EvPayment *payment = palloc(sizeof(EvPayment));

	*payment = (EvPayment){
		.payment_id = ev_get_uuid(0, 1),
		.event_id = ev_get_uuid(0, 2),
		.user_id = ev_get_uuid(0, 3),
		.hold_id = maybe_id(4),
		.booking_id = maybe_id(5),
		.amount = DatumGetNumeric(ev_copied_value(0, 6)),
		.refunded = DatumGetNumeric(ev_copied_value(0, 7)),
		.currency = ev_get_text(0, 8),
		.method = ev_get_text(0, 9),
		.provider = ev_get_text(0, 10),
		.provider_ref = ev_get_text(0, 11),
		.status = ev_get_text(0, 12),
		.created_at = ev_get_time(0, 13),
	};
	return payment;
}

EvPayment *
ev_payment_of_booking(const pg_uuid_t *event_id, const pg_uuid_t *booking_id)
{
	return ev_query(&load_payment_of_booking, ev_uuid(event_id), ev_uuid(booking_id)) > 0 ? payment_row() : NULL;
}

bool
ev_payment_has_bought(const pg_uuid_t *event_id, const pg_uuid_t *hold_id)
{
	return ev_query(&find_purchase_of_hold, ev_uuid(event_id), ev_uuid(hold_id)) > 0;
}

EvPayment *
ev_payment_load(const pg_uuid_t *event_id, const pg_uuid_t *payment_id)
{
	if (ev_query(&load_payment, ev_maybe_uuid(event_id), ev_uuid(payment_id)) == 0)
		ev_raise(EV_PAYMENT_NOT_FOUND, ev_detail_uuid(ev_detail(), "payment_id", payment_id), NULL, "payment not found");
	return payment_row();
}

void
ev_payment_resolve(const EvPayment *payment, const char *status, const char *provider_ref, TimestampTz clock)
{
	if (ev_query(&resolve_payment, ev_uuid(&payment->event_id), ev_uuid(&payment->payment_id), ev_text(status),
				 ev_text(provider_ref), ev_time(clock), ev_maybe_uuid(payment->booking_id)) != 1)
		elog(ERROR, "a payment was resolved meanwhile");
}

EvArg
ev_payment_summary(const EvRow *row, const EvPayment *payment)
{
	EvRow summary;

	if (payment == NULL)
		return ev_null();
	summary = ev_nested_row(row);
	ev_row_add(&summary, ev_uuid(&payment->payment_id));
	ev_row_add_text(&summary, payment->status);
	ev_row_add(&summary, ev_datum(NumericGetDatum(payment->amount)));
	ev_row_add(&summary, ev_datum(NumericGetDatum(payment->refunded)));
	ev_row_add_text(&summary, payment->currency);
	ev_row_add_text(&summary, payment->method);
	return ev_datum(ev_row_datum(&summary));
}

/* A payment_detail. */
static Datum
payment_detail(const pg_uuid_t *event_id, const pg_uuid_t *payment_id)
{
	ev_query(&read_payment, ev_uuid(event_id), ev_uuid(payment_id));
	return ev_copied_value(0, 1);
}

static EvPayment *
begin(EvHold *hold, const char *method, const char *provider)
{
	EvPayment *payment;
	EvBill bill = {&hold->event_id, &hold->user_id, &hold->hold_id, hold->total, hold->currency, 0};
	int carried;

	ev_lock_event_shared(&hold->event_id);
	carried = ev_hold_lock(hold);
	bill.clock = GetCurrentTimestamp();
	ev_hold_require_live(hold, carried, bill.clock);
	ev_event_require_published(ev_event_load(&hold->event_id));
	if (is_nothing(bill.amount))
		ev_invalid("hold_id", "the hold costs nothing");
	payment = new_payment(&bill, method, provider, "pending");
	ev_payment_store(payment, NULL);
	return payment;
}

/* begin_payment(event_id, hold_id, user_id, method, provider, idempotency_key) */
Datum
evently_begin_payment(PG_FUNCTION_ARGS)
{
	EvHold *hold;
	char *method;
	char *provider;
	EvKey key;
	Datum result;

	ev_begin(EV_WRITES);
	hold = ev_hold_by_arguments(fcinfo);
	method = PG_ARGISNULL(3) ? "card" : ev_text_argument(fcinfo, 3);
	provider = PG_ARGISNULL(4) ? "external" : ev_text_argument(fcinfo, 4);
	require_word("method", method);
	require_word("provider", provider);
	if (strcmp(provider, EV_MOCK_PROVIDER) == 0)
		ev_invalid("provider", "the mock provider settles at once: it has nothing to begin");
	if (!ev_key_open(&key, &begin_operation, &hold->event_id, &hold->user_id, ev_text_argument(fcinfo, 5), ev_id_text,
					 &hold->hold_id, &result))
	{
		EvPayment *payment = begin(hold, method, provider);

		result = payment_detail(&payment->event_id, &payment->payment_id);
		ev_outbox_answer(&key, &payment->event_id, "PAYMENT", &payment->payment_id, "PAYMENT_PENDING", &payment->user_id,
						 result);
	}
	PG_RETURN_DATUM(ev_end(result));
}

/* get_payment(event_id, payment_id, user_id) */
Datum
evently_get_payment(PG_FUNCTION_ARGS)
{
	EvPayment *payment;

	ev_begin(EV_READS);
	payment = ev_payment_load(ev_uuid_argument(fcinfo, 0), ev_required_uuid(fcinfo, 1, "payment_id"));
	ev_require_reader(ev_uuid_argument(fcinfo, 2), &payment->user_id, &payment->event_id, "payment");
	PG_RETURN_DATUM(ev_end(payment_detail(&payment->event_id, &payment->payment_id)));
}

/* get_payments(event_id, booking_id, user_id) */
Datum
evently_get_payments(PG_FUNCTION_ARGS)
{
	EvBooking booking;

	ev_begin(EV_READS);
	booking = ev_booking_load(ev_uuid_argument(fcinfo, 0), ev_required_uuid(fcinfo, 1, "booking_id"), NULL);
	ev_require_reader(ev_uuid_argument(fcinfo, 2), &booking.user_id, &booking.event_id, "booking");
	ev_query(&read_payments, ev_uuid(&booking.event_id), ev_uuid(&booking.booking_id), ev_maybe_uuid(booking.hold_id));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}
