-- Payments and refunds (payment.c, payment_complete.c, refund.c).

CREATE FUNCTION evently.describe_refund(refund evently.refund) RETURNS evently.refund_detail
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
	SELECT ROW(refund.refund_id, refund.payment_id, refund.event_id, refund.cancellation_id, refund.amount, refund.currency,
		refund.status, refund.reason, refund.due_at, refund.created_at, refund.completed_at,
		refund.provider_ref)::evently.refund_detail;
END;
COMMENT ON FUNCTION evently.describe_refund(evently.refund) IS 'A refund as functions return it.';

CREATE FUNCTION evently.describe_payment(payment evently.payment) RETURNS evently.payment_detail
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT ROW(payment.payment_id, payment.event_id, payment.hold_id, payment.booking_id, payment.user_id, payment.amount,
		payment.refunded, payment.currency, payment.method, payment.provider, payment.provider_ref, payment.status,
		ARRAY(SELECT evently.describe_refund(r) FROM evently.refund r
			WHERE r.event_id = payment.event_id AND r.payment_id = payment.payment_id ORDER BY r.created_at, r.refund_id),
		payment.created_at, payment.resolved_at)::evently.payment_detail;
END;
COMMENT ON FUNCTION evently.describe_payment(evently.payment) IS 'A payment as functions return it.';

CREATE FUNCTION evently.begin_payment(event_id uuid, hold_id uuid, user_id uuid DEFAULT NULL, method text DEFAULT NULL,
	provider text DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.payment_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_begin_payment';
COMMENT ON FUNCTION evently.begin_payment(uuid, uuid, uuid, text, text, text) IS
'A pending payment of what a live hold costs, to be asked of an outside provider: method (card by default), provider (external by default), each a word of at most 32 letters, digits, _ and -. The hold goes on as it is; complete_payment() tells what the provider answered. Errors: VE106 HOLD_NOT_FOUND, VE002 FORBIDDEN, VE107 HOLD_EXPIRED, VE109 HOLD_NOT_ACTIVE, VE402 EVENT_NOT_BOOKABLE, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR (it costs nothing, or provider is mock, which settles in the call that books). Writes payment, outbox, idempotency.';

CREATE FUNCTION evently.complete_payment(event_id uuid, payment_id uuid, outcome text, provider_ref text DEFAULT NULL,
	idempotency_key text DEFAULT NULL)
RETURNS evently.payment_completion
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_complete_payment';
COMMENT ON FUNCTION evently.complete_payment(uuid, uuid, text, text, text) IS
'What the provider answered, once: outcome paid or failed. Paid: the hold becomes a booking; where it is over, the same seats or tickets are booked again at its prices if they are free, until evently.payment_max_age (a day) after the payment began; later, where they are not, or another payment of the hold has bought them, the payment is refunded. Failed: the hold stands until it expires. The same again gives the same answer with already = true. It asks for no user: an application calls it for what its provider tells, never for what a buyer says. Errors: VE210 PAYMENT_NOT_FOUND, VE211 PAYMENT_ALREADY_RESOLVED (otherwise), VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes payment, refund, booking, ticket, hold, event_seat, stock, outbox, idempotency.';

CREATE FUNCTION evently.get_payment(event_id uuid, payment_id uuid, user_id uuid DEFAULT NULL) RETURNS evently.payment_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_payment';
COMMENT ON FUNCTION evently.get_payment(uuid, uuid, uuid) IS
'A payment with its refunds. event_id null: found by payment_id. user_id, when given, must be its owner or have permission bookings:read for the event. Errors: VE210 PAYMENT_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_payments(event_id uuid, booking_id uuid, user_id uuid DEFAULT NULL) RETURNS evently.booking_payments
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_payments';
COMMENT ON FUNCTION evently.get_payments(uuid, uuid, uuid) IS
'The payments of a booking and of the hold that it was, failed and pending ones too, each with its refunds. user_id, when given, must be the booking''s owner or have permission bookings:read for the event. Errors: VE201 BOOKING_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.complete_refund(event_id uuid, refund_id uuid, provider_ref text DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.refund_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_complete_refund';
COMMENT ON FUNCTION evently.complete_refund(uuid, uuid, text, text) IS
'The provider has paid a refund that was due. A repeat gives the same answer. Errors: VE212 REFUND_NOT_FOUND, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes refund, outbox, idempotency.';

CREATE FUNCTION evently.list_refunds_due(due_before timestamptz DEFAULT NULL, max_rows integer DEFAULT 100) RETURNS SETOF evently.refund_detail
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT d.* FROM (
		SELECT r AS refund FROM evently.refund r
		WHERE r.status = 'due' AND (list_refunds_due.due_before IS NULL OR r.due_at < list_refunds_due.due_before)
		ORDER BY r.due_at, r.refund_id LIMIT evently.require_count(max_rows, 'max_rows')) f,
		LATERAL evently.describe_refund(f.refund) d
	ORDER BY d.due_at, d.refund_id;
END;
COMMENT ON FUNCTION evently.list_refunds_due(timestamptz, integer) IS
'Refunds that an outside provider has still to pay, the first due first: for whoever asks the provider for them and tells complete_refund(). Errors: VE001 VALIDATION_ERROR.';

GRANT EXECUTE ON FUNCTION
	evently.begin_payment(uuid, uuid, uuid, text, text, text),
	evently.complete_payment(uuid, uuid, text, text, text),
	evently.get_payment(uuid, uuid, uuid),
	evently.get_payments(uuid, uuid, uuid),
	evently.complete_refund(uuid, uuid, text, text),
	evently.list_refunds_due(timestamptz, integer)
TO evently_api;
