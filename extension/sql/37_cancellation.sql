-- Cancellation of bookings and its terms (cancellation.c, policy.c, policy_change.c).

CREATE FUNCTION evently.describe_policy(policy evently.cancellation_policy, currency text) RETURNS evently.policy_detail
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
	SELECT ROW(policy.event_id, policy.allow_cancellation, policy.cancellation_deadline, policy.fee_type, policy.fee_amount,
		policy.tiers, policy.refund_processing_days, describe_policy.currency, policy.version,
		policy.created_at)::evently.policy_detail;
END;
COMMENT ON FUNCTION evently.describe_policy(evently.cancellation_policy, text) IS 'A cancellation policy as functions return it.';

CREATE FUNCTION evently.create_cancellation_policy(event_id uuid, actor_id uuid DEFAULT NULL, allow_cancellation boolean DEFAULT NULL,
	cancellation_deadline timestamptz DEFAULT NULL, fee_type text DEFAULT NULL, fee_amount numeric DEFAULT NULL, tiers jsonb DEFAULT NULL,
	refund_processing_days integer DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.policy_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_create_cancellation_policy';
COMMENT ON FUNCTION evently.create_cancellation_policy(uuid, uuid, boolean, timestamptz, text, numeric, jsonb, integer, text) IS
'The terms under which bookings made from now on are cancelled, always before the start: allow_cancellation (true by default), until cancellation_deadline. fee_type: none (default); fixed: fee_amount in the event''s currency, with no more decimals than it has, once for a booking and never more than it cost; percentage: fee_amount percent of the price. tiers: [{"hours_before", "fee_type", "fee_amount"}]: the one with the most hours that are still left before the start applies instead. refund_processing_days: 0 by default. Without a policy cancellation is free until the start. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE208 POLICY_EXISTS, VE405 EVENT_NOT_MODIFIABLE, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes cancellation_policy, event, outbox, idempotency.';

CREATE FUNCTION evently.update_cancellation_policy(event_id uuid, actor_id uuid DEFAULT NULL, version integer DEFAULT NULL,
	allow_cancellation boolean DEFAULT NULL, cancellation_deadline timestamptz DEFAULT NULL, fee_type text DEFAULT NULL,
	fee_amount numeric DEFAULT NULL, tiers jsonb DEFAULT NULL, refund_processing_days integer DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.policy_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_update_cancellation_policy';
COMMENT ON FUNCTION evently.update_cancellation_policy(uuid, uuid, integer, boolean, timestamptz, text, numeric, jsonb, integer, text) IS
'The next version of an event''s terms, for the bookings still to come: what is null stays. A cancellation_deadline of infinity takes it away. version, when given, must be the present one. Errors: VE207 POLICY_NOT_FOUND, VE408 CONCURRENT_UPDATE, and those of create_cancellation_policy() but VE208 POLICY_EXISTS. Locks the event. Writes cancellation_policy, event, outbox, idempotency.';

CREATE FUNCTION evently.get_cancellation_policy(event_id uuid, actor_id uuid DEFAULT NULL, version integer DEFAULT NULL)
RETURNS evently.policy_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_cancellation_policy';
COMMENT ON FUNCTION evently.get_cancellation_policy(uuid, uuid, integer) IS
'The present terms of an event, or those of a version. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE207 POLICY_NOT_FOUND, VE001 VALIDATION_ERROR.';

CREATE VIEW evently.cancelled_ticket AS
SELECT t.event_id, t.booking_id, t.ticket_id,
	coalesce(t.cancellation_id, (SELECT c.cancellation_id FROM evently.cancellation c
		WHERE c.event_id = t.event_id AND c.booking_id = t.booking_id
		ORDER BY c.cancellation_id LIMIT 1)) AS cancellation_id,
	t.price, coalesce(t.fee, 0) AS fee, t.seat_ordinal
FROM evently.ticket t
WHERE t.cancelled_at IS NOT NULL;
COMMENT ON VIEW evently.cancelled_ticket IS 'Cancelled tickets with their cancellation, those of 1.0 too, which did not name it.';

CREATE VIEW evently.described_cancellation AS
SELECT c.event_id, c.booking_id, c.cancellation_id, c.requested_at,
	ROW(c.cancellation_id, c.booking_id, c.event_id, 'completed', c.fee, c.refund_amount, c.currency, c.reason, c.requested_at,
		ARRAY(SELECT t.ticket_id FROM evently.cancelled_ticket t
			WHERE t.event_id = c.event_id AND t.booking_id = c.booking_id AND t.cancellation_id = c.cancellation_id
			ORDER BY t.seat_ordinal, t.ticket_id))::evently.cancellation_detail AS detail
FROM evently.cancellation c;
COMMENT ON VIEW evently.described_cancellation IS 'Cancellations as functions return them.';

CREATE FUNCTION evently.quote_cancellation(event_id uuid, booking_id uuid, user_id uuid DEFAULT NULL, ticket_ids uuid[] DEFAULT NULL)
RETURNS evently.cancellation_quote
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_quote_cancellation';
COMMENT ON FUNCTION evently.quote_cancellation(uuid, uuid, uuid, uuid[]) IS
'What cancel_booking() would keep and give back if it were called now, or its refusal. Errors: VE204 BOOKING_ALREADY_CANCELLED, and those of cancel_booking().';

CREATE FUNCTION evently.cancel_booking(event_id uuid, booking_id uuid, user_id uuid DEFAULT NULL, reason text DEFAULT NULL,
	ticket_ids uuid[] DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.cancellation_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_cancel_booking';
COMMENT ON FUNCTION evently.cancel_booking(uuid, uuid, uuid, text, uuid[], text) IS
'Cancels a booking, or those of its tickets that ticket_ids names, before its event starts and under the terms of the day it was bought (none: free of charge); in full where the event itself is cancelled. Seats and tickets go back at once. The fee is the booking''s, spread over its tickets, so tickets cancelled one by one cost no more than all at once. A repeat gives the same answer. What was paid by a payment is refunded to it. Errors: VE201 BOOKING_NOT_FOUND, VE205 TICKET_NOT_FOUND, VE002 FORBIDDEN, VE202 CANCELLATION_NOT_ALLOWED, VE203 CANCELLATION_DEADLINE_PASSED, VE204 BOOKING_ALREADY_CANCELLED (some of the tickets), VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes cancellation, booking, ticket, payment, refund, event_seat, stock, outbox, idempotency.';

CREATE FUNCTION evently.get_cancellation(event_id uuid, cancellation_id uuid, user_id uuid DEFAULT NULL) RETURNS evently.cancellation_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_cancellation';
COMMENT ON FUNCTION evently.get_cancellation(uuid, uuid, uuid) IS
'A cancellation. event_id null: found by cancellation_id. user_id, when given, must be the booking''s owner or have permission bookings:read for the event. Errors: VE206 CANCELLATION_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.matching_cancellations(user_id uuid, event_id uuid)
RETURNS SETOF evently.cancellation
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT c.* FROM evently.booking b
	JOIN evently.cancellation c ON c.event_id = b.event_id AND c.booking_id = b.booking_id
	WHERE b.user_id = matching_cancellations.user_id
		AND (matching_cancellations.event_id IS NULL OR b.event_id = matching_cancellations.event_id);
END;
COMMENT ON FUNCTION evently.matching_cancellations(uuid, uuid) IS 'The cancellations that the filters of list_cancellations() let through.';

CREATE FUNCTION evently.list_cancellations(user_id uuid, event_id uuid DEFAULT NULL, max_rows integer DEFAULT 20, skip bigint DEFAULT 0)
RETURNS SETOF evently.cancellation_detail
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT d.detail FROM (
		SELECT m.event_id, m.cancellation_id FROM evently.matching_cancellations(list_cancellations.user_id, list_cancellations.event_id) m
		ORDER BY m.requested_at DESC, m.cancellation_id DESC
		LIMIT evently.require_count(max_rows, 'max_rows') OFFSET evently.require_count(skip, 'skip')) c
	JOIN evently.described_cancellation d ON d.event_id = c.event_id AND d.cancellation_id = c.cancellation_id
	ORDER BY d.requested_at DESC, d.cancellation_id DESC;
END;
COMMENT ON FUNCTION evently.list_cancellations(uuid, uuid, integer, bigint) IS
'The cancellations of a user''s bookings, newest first, whole ones and those of single tickets. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.list_cancellations_page(user_id uuid, page integer DEFAULT NULL, "limit" integer DEFAULT NULL,
	"offset" integer DEFAULT NULL, event_id uuid DEFAULT NULL)
RETURNS evently.cancellation_page
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT ROW(ARRAY(SELECT c FROM evently.list_cancellations(list_cancellations_page.user_id, list_cancellations_page.event_id,
			p.rows, p.skip) c),
		t.total, evently.page_number(page, "limit", "offset"), p.rows, p.skip + p.rows < t.total)::evently.cancellation_page
	FROM (SELECT evently.page_limit(page, "limit", "offset"), evently.page_offset(page, "limit", "offset")) AS p (rows, skip),
		LATERAL (SELECT count(*) FROM evently.matching_cancellations(list_cancellations_page.user_id,
			list_cancellations_page.event_id)) AS t (total);
END;
COMMENT ON FUNCTION evently.list_cancellations_page(uuid, integer, integer, integer, uuid) IS
'One page of list_cancellations(). page from 1, or offset; limit 20 by default, 100 at most. Errors: VE001 VALIDATION_ERROR.';

GRANT EXECUTE ON FUNCTION
	evently.create_cancellation_policy(uuid, uuid, boolean, timestamptz, text, numeric, jsonb, integer, text),
	evently.update_cancellation_policy(uuid, uuid, integer, boolean, timestamptz, text, numeric, jsonb, integer, text),
	evently.get_cancellation_policy(uuid, uuid, integer),
	evently.quote_cancellation(uuid, uuid, uuid, uuid[]),
	evently.cancel_booking(uuid, uuid, uuid, text, uuid[], text),
	evently.get_cancellation(uuid, uuid, uuid),
	evently.list_cancellations(uuid, uuid, integer, bigint),
	evently.list_cancellations_page(uuid, integer, integer, integer, uuid)
TO evently_api;
