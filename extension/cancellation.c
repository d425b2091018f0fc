/*
 * cancellation.c
 *		Cancels a booking, or some of its tickets: seats and stock go back, fee and refund are recorded, all once.
 *
 * A quote and a cancellation are one decision (decide()): the quote looks, the cancellation looks under its locks.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "args.h"
#include "cancellation.h"
#include "errors.h"
#include "id.h"
#include "idempotency.h"
#include "money.h"
#include "outbox.h"
#include "permission.h"
#include "policy.h"
#include "refund.h"
#include "release.h"
#include "set.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_cancel_booking);
PG_FUNCTION_INFO_V1(evently_cancel_many);
PG_FUNCTION_INFO_V1(evently_quote_cancellation);
PG_FUNCTION_INFO_V1(evently_get_cancellation);

EV_STATEMENT(change_booking,
			 "UPDATE evently.booking SET status = $3::evently.booking_status, version = version + 1"
			 " WHERE event_id = $1 AND booking_id = $2",
			 UUIDOID, UUIDOID, TEXTOID);

EV_STATEMENT(cancel_tickets,
			 "UPDATE evently.ticket t SET cancelled_at = $3, cancellation_id = $4, fee = c.fee"
			 "  FROM unnest($5, $6) c (ticket_id, fee)"
			 " WHERE t.event_id = $1 AND t.booking_id = $2 AND t.ticket_id = c.ticket_id AND t.cancelled_at IS NULL",
			 UUIDOID, UUIDOID, TIMESTAMPTZOID, UUIDOID, UUIDARRAYOID, NUMERICARRAYOID);

EV_STATEMENT(insert_cancellation,
			 "INSERT INTO evently.cancellation (event_id, cancellation_id, booking_id, fee, refund_amount,"
			 " currency, reason, requested_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
			 UUIDOID, UUIDOID, UUIDOID, NUMERICOID, NUMERICOID, TEXTOID, TEXTOID, TIMESTAMPTZOID);

EV_STATEMENT(find_cancellation,
			 "SELECT detail FROM evently.described_cancellation WHERE event_id = $1 AND cancellation_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(find_last_cancellation,
			 "SELECT detail FROM evently.described_cancellation WHERE event_id = $1 AND booking_id = $2"
			 " ORDER BY requested_at DESC, cancellation_id DESC LIMIT 1",
			 UUIDOID, UUIDOID);

EV_STATEMENT(read_cancellation,
			 "SELECT c.detail, b.user_id, c.event_id FROM evently.described_cancellation c"
			 "  JOIN evently.booking b ON b.event_id = c.event_id AND b.booking_id = c.booking_id"
			 " WHERE c.cancellation_id = $2 AND ($1 IS NULL OR c.event_id = $1)",
			 UUIDOID, UUIDOID);

EV_STATEMENT(replay_cancellation,
			 "SELECT json_populate_record(NULL::evently.cancellation_detail, $1)",
			 JSONOID);

static const EvOperation cancel_operation = {"cancel", &replay_cancellation};

/* Which tickets of which booking; n = 0: all that are left. */
typedef struct Wanted
{
	EvBooking *booking;
	pg_uuid_t *tickets;
	int n;
} Wanted;

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, UUID_LEN);
}

/* In order, each once. */
static Wanted
wanted(EvBooking *booking, EvArg ticket_ids)
{
	Wanted result = {.booking = booking};
	int n;

	if (ticket_ids.isnull)
		return result;
	result.tickets = ev_ids_of(ticket_ids.value, "ticket_ids", &n);
	if (n == 0)
		ev_invalid("ticket_ids", "ticket_ids must not be empty");
	qsort(result.tickets, n, sizeof(pg_uuid_t), compare_ids);
	for (int i = 0; i < n; i++)
	{
		if (i == 0 || !ev_same_id(&result.tickets[i], &result.tickets[result.n - 1]))
			result.tickets[result.n++] = result.tickets[i];
	}
	return result;
}

static char *
canonical(const void *asked)
{
	const Wanted *request = asked;
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, ev_id_text(&request->booking->booking_id));
	for (int i = 0; i < request->n; i++)
		appendStringInfo(&text, " %s", ev_id_text(&request->tickets[i]));
	return text.data;
}

static EvDetail *
booking_facts(const EvBooking *booking)
{
	return ev_detail_uuid(ev_detail_uuid(ev_detail(), "booking_id", &booking->booking_id), "event_id",
						  &booking->event_id);
}

static const EvTicket *
find_ticket(const EvBooking *booking, const pg_uuid_t *ticket_id)
{
	for (int i = 0; i < booking->quantity; i++)
	{
		if (ev_same_id(&booking->tickets[i].ticket_id, ticket_id))
			return &booking->tickets[i];
	}
	ev_raise(EV_TICKET_NOT_FOUND, ev_detail_uuid(booking_facts(booking), "ticket_id", ticket_id), NULL,
			 "the booking has no such ticket");
}

static bool
is_wanted(const Wanted *request, const pg_uuid_t *ticket_id)
{
	return request->n == 0 || bsearch(ticket_id, request->tickets, request->n, sizeof(pg_uuid_t), compare_ids) != NULL;
}

static void
refuse_cancelled(const EvBooking *booking)
{
	ev_raise(EV_BOOKING_ALREADY_CANCELLED, booking_facts(booking), "Read the booking again to see which tickets are left.",
			 strcmp(booking->status, "cancelled") == 0 ? "the booking is cancelled already"
													   : "some of these tickets are cancelled already");
}

/* The cancellation that did just this before, or NULL; BOOKING_ALREADY_CANCELLED where a part of it was done. */
static const pg_uuid_t *
done_before(const Wanted *request)
{
	const pg_uuid_t *before = NULL;
	int cancelled = 0;

	for (int i = 0; i < request->n; i++)
	{
		const EvTicket *ticket = find_ticket(request->booking, &request->tickets[i]);

		if (ticket->cancellation_id == NULL)
			continue;
		if (before != NULL && !ev_same_id(before, ticket->cancellation_id))
			refuse_cancelled(request->booking);
		before = ticket->cancellation_id;
		cancelled++;
	}
	if (cancelled > 0 && cancelled < request->n)
		refuse_cancelled(request->booking);
	return before;
}

static EvCancellation
chosen(const Wanted *request, const EvEvent *event)
{
	EvBooking *booking = request->booking;
	EvCancellation cancellation = {
		.booking = booking,
		.event = event,
		.tickets = palloc(booking->quantity * sizeof(EvTicket)),
		.numbers = palloc(booking->quantity * sizeof(int)),
	};

	for (int i = 0; i < booking->quantity; i++)
	{
		const EvTicket *ticket = &booking->tickets[i];

		if (ticket->cancellation_id != NULL || !is_wanted(request, &ticket->ticket_id))
			continue;
		cancellation.numbers[cancellation.n] = i;
		cancellation.tickets[cancellation.n++] = *ticket;
	}
	return cancellation;
}

EvCancellation
ev_cancellation_of(EvBooking *booking, const EvEvent *event)
{
	const Wanted all = {.booking = booking};

	return chosen(&all, event);
}

void
ev_cancellation_decide(EvCancellation *cancellation, TimestampTz clock)
{
	const EvBooking *booking = cancellation->booking;
	EvTerms terms = ev_policy_terms(booking, cancellation->event, clock);
	Numeric *fees;

	ev_policy_require_allowed(&terms, booking, cancellation->event, clock);
	fees = ev_policy_fees(&terms, booking);
	cancellation->clock = clock;
	cancellation->refund_processing_days = terms.refund_processing_days;
	cancellation->fees = palloc(cancellation->n * sizeof(Numeric));
	cancellation->fee = cancellation->refund = ev_money_round(int64_to_numeric(0), booking->currency);
	for (int i = 0; i < cancellation->n; i++)
	{
		Numeric fee = fees[cancellation->numbers[i]];

		cancellation->fees[i] = fee;
		cancellation->fee = ev_money_add(cancellation->fee, fee);
		cancellation->refund = ev_money_add(cancellation->refund,
											ev_money_subtract(cancellation->tickets[i].price, fee));
	}
}

static pg_uuid_t *
ticket_ids(const EvCancellation *cancellation)
{
	pg_uuid_t *ids = palloc(cancellation->n * sizeof(pg_uuid_t));

	for (int i = 0; i < cancellation->n; i++)
		ids[i] = cancellation->tickets[i].ticket_id;
	return ids;
}

static EvArg
ticket_fees(const EvCancellation *cancellation)
{
	Datum *fees = palloc(cancellation->n * sizeof(Datum));

	for (int i = 0; i < cancellation->n; i++)
		fees[i] = NumericGetDatum(cancellation->fees[i]);
	return ev_array(fees, cancellation->n, NUMERICOID);
}

static bool
is_last(const EvCancellation *cancellation)
{
	int valid = 0;

	for (int i = 0; i < cancellation->booking->quantity; i++)
		valid += cancellation->booking->tickets[i].cancellation_id == NULL ? 1 : 0;
	return valid == cancellation->n;
}

Datum
ev_cancellation_record(const EvCancellation *cancellation, const char *reason)
{
	const EvBooking *booking = cancellation->booking;
	EvArg event_id = ev_uuid(&booking->event_id);
	EvArg booking_id = ev_uuid(&booking->booking_id);
	pg_uuid_t cancellation_id = ev_new_id(&booking->event_id);
	bool whole = is_last(cancellation);
	const EvRefund refund = {&cancellation_id, cancellation->refund, reason, cancellation->refund_processing_days,
							 cancellation->clock};
	Datum result;

	ev_release_seats(booking, cancellation->tickets, cancellation->n);
	ev_query(&change_booking, event_id, booking_id, ev_text(whole ? "cancelled" : "confirmed"));
	if (ev_query(&cancel_tickets, event_id, booking_id, ev_time(cancellation->clock), ev_uuid(&cancellation_id),
				 ev_uuid_array(ticket_ids(cancellation), cancellation->n), ticket_fees(cancellation)) !=
		(uint64) cancellation->n)
		elog(ERROR, "a ticket was cancelled meanwhile");
	ev_query(&insert_cancellation, event_id, ev_uuid(&cancellation_id), booking_id,
			 ev_datum(NumericGetDatum(cancellation->fee)), ev_datum(NumericGetDatum(cancellation->refund)),
			 ev_text(booking->currency), ev_text(reason), ev_time(cancellation->clock));
	ev_query(&find_cancellation, event_id, ev_uuid(&cancellation_id));
	result = ev_copied_value(0, 1);
	ev_refund_booking(&booking->event_id, &booking->booking_id, &refund);
	return result;
}

static Datum
repeated(const EvKey *key, EvStatement *statement, const EvBooking *booking, const pg_uuid_t *id)
{
	Datum result;

	ev_query(statement, ev_uuid(&booking->event_id), ev_uuid(id));
	result = ev_copied_value(0, 1);
	ev_key_store(key, result);
	return result;
}

/* What it makes is told before what those who wait get of it. */
static Datum
cancel(const Wanted *request, const char *reason, const EvKey *key)
{
	EvBooking *booking = request->booking;
	EvRelease *release = ev_release_begin(&booking->event_id);
	EvCancellation cancellation;
	const pg_uuid_t *before;
	const char *happened;
	Datum result;

	ev_booking_lock(booking);
	if (request->n == 0 && strcmp(booking->status, "cancelled") == 0)
		return repeated(key, &find_last_cancellation, booking, &booking->booking_id);
	before = done_before(request);
	if (before != NULL)
		return repeated(key, &find_cancellation, booking, before);
	cancellation = chosen(request, release->event);
	ev_release_tickets(release, booking, cancellation.tickets, cancellation.n);
	ev_cancellation_decide(&cancellation, ev_release_end(release));
	happened = is_last(&cancellation) ? "BOOKING_CANCELLED" : "TICKETS_CANCELLED";
	result = ev_cancellation_record(&cancellation, reason);
	ev_outbox_answer(key, &booking->event_id, "BOOKING", &booking->booking_id, happened, &booking->user_id, result);
	ev_release_hand_over(release, cancellation.clock);
	return result;
}

static Datum
cancel_booking(FunctionCallInfo fcinfo, EvRow row)
{
	EvBooking booking;
	Wanted request;
	EvKey key;
	Datum result;

	ev_require_length(fcinfo, 3, "reason", 2000);
	booking = ev_booking_load(ev_uuid_argument(fcinfo, 0), ev_required_uuid(fcinfo, 1, "booking_id"),
							  ev_uuid_argument(fcinfo, 2));
	request = wanted(&booking, ev_arg(4));
	if (!ev_key_open(&key, &cancel_operation, &booking.event_id, &booking.user_id, ev_text_argument(fcinfo, 5),
					 canonical, &request, &result))
		result = cancel(&request, ev_text_argument(fcinfo, 3), &key);
	return result;
}

/* cancel_booking(event_id, booking_id, user_id, reason, ticket_ids, idempotency_key): a repeat gives the same answer */
Datum
evently_cancel_booking(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(cancel_booking(fcinfo, ev_row(fcinfo))));
}

Datum
evently_cancel_many(PG_FUNCTION_ARGS)
{
	static const EvSetKind kind = {.serve = cancel_booking};

	return ev_set_run(fcinfo, &kind);
}

static Datum
quote_row(FunctionCallInfo fcinfo, const EvCancellation *cancellation)
{
	const EvBooking *booking = cancellation->booking;
	EvRow row = ev_row(fcinfo);

	ev_row_add(&row, ev_uuid(&booking->booking_id));
	ev_row_add(&row, ev_uuid(&booking->event_id));
	ev_row_add(&row, ev_uuid_array(ticket_ids(cancellation), cancellation->n));
	ev_row_add(&row, ev_datum(NumericGetDatum(cancellation->fee)));
	ev_row_add(&row, ev_datum(NumericGetDatum(cancellation->refund)));
	ev_row_add_text(&row, booking->currency);
	ev_row_add(&row, booking->policy_version > 0 ? ev_int(booking->policy_version) : ev_null());
	ev_row_add(&row, ev_int(cancellation->refund_processing_days));
	ev_row_add(&row, ev_time(cancellation->clock));
	return ev_row_datum(&row);
}

/* quote_cancellation(event_id, booking_id, user_id, ticket_ids) */
Datum
evently_quote_cancellation(PG_FUNCTION_ARGS)
{
	EvBooking booking;
	Wanted request;
	EvCancellation cancellation;

	ev_begin(EV_READS);
	booking = ev_booking_load(ev_uuid_argument(fcinfo, 0), ev_required_uuid(fcinfo, 1, "booking_id"),
							  ev_uuid_argument(fcinfo, 2));
	request = wanted(&booking, ev_arg(3));
	if (strcmp(booking.status, "cancelled") == 0 || done_before(&request) != NULL)
		refuse_cancelled(&booking);
	cancellation = chosen(&request, ev_event_load(&booking.event_id));
	ev_cancellation_decide(&cancellation, GetCurrentTimestamp());
	PG_RETURN_DATUM(ev_end(quote_row(fcinfo, &cancellation)));
}

/* get_cancellation(event_id, cancellation_id, user_id) */
Datum
evently_get_cancellation(PG_FUNCTION_ARGS)
{
	pg_uuid_t *cancellation_id;
	pg_uuid_t owner;
	pg_uuid_t event_id;
	Datum result;

	ev_begin(EV_READS);
	cancellation_id = ev_required_uuid(fcinfo, 1, "cancellation_id");
	if (ev_query(&read_cancellation, ev_arg(0), ev_uuid(cancellation_id)) == 0)
		ev_raise(EV_CANCELLATION_NOT_FOUND, ev_detail_uuid(ev_detail(), "cancellation_id", cancellation_id), NULL,
				 "cancellation not found");
	result = ev_copied_value(0, 1);
	owner = ev_get_uuid(0, 2);
	event_id = ev_get_uuid(0, 3);
	ev_require_reader(ev_uuid_argument(fcinfo, 2), &owner, &event_id, "cancellation");
	PG_RETURN_DATUM(ev_end(result));
}
