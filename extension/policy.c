/*
 * policy.c
 *		Terms of cancellation as bookings are cancelled under them. policy_change.c makes them.
 */
#include "postgres.h"

#include "errors.h"
#include "policy.h"
#include "render.h"
#include "spi.h"
#include "tuple.h"

EV_STATEMENT(terms_at,
			 "SELECT p.allow_cancellation, p.cancellation_deadline, coalesce(t.fee_type, p.fee_type),"
			 "       coalesce(t.fee_amount, p.fee_amount), p.refund_processing_days"
			 "  FROM evently.cancellation_policy p"
			 "  LEFT JOIN LATERAL ("
			 "       SELECT t.fee_type, t.fee_amount"
			 "         FROM jsonb_to_recordset(p.tiers) t (hours_before integer, fee_type text, fee_amount numeric)"
			 "        WHERE $4 + make_interval(hours => t.hours_before) <= $3"
			 "        ORDER BY t.hours_before DESC LIMIT 1) t ON true"
			 " WHERE p.event_id = $1 AND p.version = $2",
			 UUIDOID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID);

/* In whole minor units, so that nothing is rounded but the fee itself. */
EV_STATEMENT(spread_fee,
			 "WITH total AS ("
			 "  SELECT sum(p) AS price, ('1e-' || scale(evently.round_money(0, $4)))::numeric AS unit FROM unnest($3) p),"
			 "kept AS ("
			 "  SELECT price, unit, least(price, evently.round_money("
			 "           CASE $1 WHEN 'fixed' THEN $2 WHEN 'percentage' THEN price * $2 / 100 ELSE 0 END, $4)) / unit AS fee"
			 "    FROM total),"
			 "part AS ("
			 "  SELECT p.n, k.unit, k.fee, div(k.fee * p.price, nullif(k.price, 0)) AS units,"
			 "         mod(k.fee * p.price, nullif(k.price, 0)) AS remainder"
			 "    FROM kept k, unnest($3) WITH ORDINALITY p (price, n))"
			 "SELECT evently.round_money(coalesce(unit * (units"
			 "         + (row_number() OVER (ORDER BY remainder DESC, n) <= fee - sum(units) OVER ())::integer), 0), $4)"
			 "  FROM part ORDER BY n",
			 TEXTOID, NUMERICOID, NUMERICARRAYOID, TEXTOID);

EvTerms
ev_policy_terms(const EvBooking *booking, const EvEvent *event, TimestampTz clock)
{
	EvTerms terms = {
		.allowed = true,
		.deadline = DT_NOEND,
		.fee_type = "none",
		.fee_amount = int64_to_numeric(0),
	};

	if (booking->policy_version == 0 || ev_event_is_cancelled(event))
		return terms;
	if (ev_query(&terms_at, ev_uuid(&booking->event_id), ev_int(booking->policy_version), ev_time(event->start),
				 ev_time(clock)) == 0)
		elog(ERROR, "the terms of a booking are missing");
	terms.allowed = ev_get_bool(0, 1);
	if (!ev_is_null(0, 2))
		terms.deadline = ev_get_time(0, 2);
	terms.fee_type = ev_get_text(0, 3);
	terms.fee_amount = DatumGetNumeric(ev_copied_value(0, 4));
	terms.refund_processing_days = ev_get_int(0, 5);
	return terms;
}

static EvDetail *
booking_facts(const EvBooking *booking)
{
	return ev_detail_uuid(ev_detail_uuid(ev_detail(), "booking_id", &booking->booking_id), "event_id",
						  &booking->event_id);
}

void
ev_policy_require_allowed(const EvTerms *terms, const EvBooking *booking, const EvEvent *event, TimestampTz clock)
{
	if (ev_event_is_cancelled(event))
		return;
	if (!terms->allowed)
		ev_raise(EV_CANCELLATION_NOT_ALLOWED, booking_facts(booking), NULL, "bookings of this event cannot be cancelled");
	if (clock >= event->start)
		ev_raise(EV_CANCELLATION_NOT_ALLOWED, booking_facts(booking), NULL, "the event has started");
	if (clock >= terms->deadline)
		ev_raise(EV_CANCELLATION_DEADLINE_PASSED,
				 ev_detail_text(booking_facts(booking), "cancellation_deadline", ev_render_time(terms->deadline)), NULL,
				 "bookings of this event can no longer be cancelled");
}

static EvArg
ticket_prices(const EvBooking *booking)
{
	Datum *prices = palloc(booking->quantity * sizeof(Datum));

	for (int i = 0; i < booking->quantity; i++)
		prices[i] = NumericGetDatum(booking->tickets[i].price);
	return ev_array(prices, booking->quantity, NUMERICOID);
}

Numeric *
ev_policy_fees(const EvTerms *terms, const EvBooking *booking)
{
	Numeric *fees = palloc(booking->quantity * sizeof(Numeric));

	ev_query(&spread_fee, ev_text(terms->fee_type), ev_datum(NumericGetDatum(terms->fee_amount)),
			 ticket_prices(booking), ev_text(booking->currency));
	for (int i = 0; i < booking->quantity; i++)
		fees[i] = DatumGetNumeric(ev_copied_value(i, 1));
	return fees;
}
