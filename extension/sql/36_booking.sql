-- Bookings (booking.c, reserve.c).

CREATE FUNCTION evently.book(event_id uuid, user_id uuid, seat_ids text[] DEFAULT NULL, quantity integer DEFAULT NULL,
	section_id uuid DEFAULT NULL, ticket_type text DEFAULT NULL, access_code text DEFAULT NULL,
	payment jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.booking_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_book';
COMMENT ON FUNCTION evently.book(uuid, uuid, text[], integer, uuid, text, text, jsonb, text) IS
'Books seats (seat_ids) or a number of tickets (quantity) at once, all or none; rows of your own written in the same transaction stand or fall with it. Make it the last call before COMMIT. payment: {"token", "method", a word such as card}, charged to the built-in mock provider (tok_declined and tok_timeout are refused, all else is paid) unless evently.mock_payments is off; null: you settle the money yourself. Errors: VE209 PAYMENT_DECLINED, VE213 PAYMENT_REQUIRED where evently.mock_payments is off, those of hold_seats() and hold_tickets() but VE108 HOLD_LIMIT. Writes booking, ticket, payment, event_seat, stock, idempotency, outbox.';

CREATE FUNCTION evently.confirm_hold(event_id uuid, hold_id uuid, user_id uuid DEFAULT NULL, payment jsonb DEFAULT NULL,
	idempotency_key text DEFAULT NULL)
RETURNS evently.booking_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_confirm_hold';
COMMENT ON FUNCTION evently.confirm_hold(uuid, uuid, uuid, jsonb, text) IS
'Turns a live hold into a booking at the price promised by the hold. Confirming it again gives the same booking. payment: as in book(), but with tok_timeout the answer is pending: the hold goes on, and complete_payment() makes the booking. A declined payment leaves the hold as it is. Errors: VE209 PAYMENT_DECLINED, VE213 PAYMENT_REQUIRED where evently.mock_payments is off, VE106 HOLD_NOT_FOUND, VE002 FORBIDDEN, VE107 HOLD_EXPIRED, VE109 HOLD_NOT_ACTIVE (released), VE402 EVENT_NOT_BOOKABLE, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes booking, ticket, payment, hold, event_seat, idempotency, outbox.';

CREATE FUNCTION evently.get_booking(event_id uuid, booking_id uuid, user_id uuid DEFAULT NULL) RETURNS evently.booking_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_booking';
COMMENT ON FUNCTION evently.get_booking(uuid, uuid, uuid) IS
'A booking with its tickets. event_id null: found by booking_id. user_id, when given, must be its owner, or have bookings:read for the event (permission.h). Errors: VE201 BOOKING_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

-- Each filter is read once, before any row: OFFSET 0 keeps the planner from moving it into the scan, where a filter that
-- cannot be read would pass unnoticed as long as no row is there to meet it.
CREATE FUNCTION evently.matching_bookings(user_id uuid, event_id uuid, status text)
RETURNS SETOF evently.booking
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT m.*
	FROM (SELECT evently.require_word(matching_bookings.status, 'status', 'confirmed, cancelled') OFFSET 0) AS f (status),
		LATERAL (
			SELECT b.* FROM evently.booking b
			WHERE b.user_id = matching_bookings.user_id
				AND (matching_bookings.event_id IS NULL OR b.event_id = matching_bookings.event_id)
				AND (f.status IS NULL OR b.status = f.status::evently.booking_status)
			OFFSET 0) m;
END;
COMMENT ON FUNCTION evently.matching_bookings(uuid, uuid, text) IS
'The bookings that the filters of list_bookings() let through.';

CREATE FUNCTION evently.list_bookings(user_id uuid, event_id uuid DEFAULT NULL, status text DEFAULT NULL, max_rows integer DEFAULT 20, skip bigint DEFAULT 0)
RETURNS SETOF evently.booking_detail
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT d.* FROM (
		SELECT m.event_id, m.booking_id, m.created_at
		FROM evently.matching_bookings(list_bookings.user_id, list_bookings.event_id, list_bookings.status) m
		ORDER BY m.created_at DESC, m.booking_id DESC
		LIMIT evently.require_count(max_rows, 'max_rows') OFFSET evently.require_count(skip, 'skip')) b,
		LATERAL evently.get_booking(b.event_id, b.booking_id) d
	ORDER BY b.created_at DESC, b.booking_id DESC;
END;
COMMENT ON FUNCTION evently.list_bookings(uuid, uuid, text, integer, bigint) IS
'A user''s bookings, newest first. status: confirmed or cancelled. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.list_bookings_page(user_id uuid, page integer DEFAULT NULL, "limit" integer DEFAULT NULL,
	"offset" integer DEFAULT NULL, event_id uuid DEFAULT NULL, status text DEFAULT NULL)
RETURNS evently.booking_page
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT ROW(ARRAY(SELECT b FROM evently.list_bookings(list_bookings_page.user_id, list_bookings_page.event_id,
			list_bookings_page.status, p.rows, p.skip) b),
		t.total, evently.page_number(page, "limit", "offset"), p.rows, p.skip + p.rows < t.total)::evently.booking_page
	FROM (SELECT evently.page_limit(page, "limit", "offset"), evently.page_offset(page, "limit", "offset")) AS p (rows, skip),
		LATERAL (SELECT count(*) FROM evently.matching_bookings(list_bookings_page.user_id, list_bookings_page.event_id,
			list_bookings_page.status)) AS t (total);
END;
COMMENT ON FUNCTION evently.list_bookings_page(uuid, integer, integer, integer, uuid, text) IS
'One page of list_bookings(). page from 1, or offset; limit 20 by default, 100 at most. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.list_admin_bookings_page(actor_id uuid, event_id uuid DEFAULT NULL, user_id uuid DEFAULT NULL,
	status text DEFAULT NULL, page integer DEFAULT NULL, "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL)
RETURNS evently.booking_page
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_list_admin_bookings_page';
COMMENT ON FUNCTION evently.list_admin_bookings_page(uuid, uuid, uuid, text, integer, integer, integer) IS
'One page of the bookings of an event, for who has bookings:read for it (permission.h), or without an event of all, newest first; user_id: those of one person; status: confirmed or cancelled. page from 1, or offset; limit 20 by default, 100 at most. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

GRANT EXECUTE ON FUNCTION
	evently.book(uuid, uuid, text[], integer, uuid, text, text, jsonb, text),
	evently.confirm_hold(uuid, uuid, uuid, jsonb, text),
	evently.get_booking(uuid, uuid, uuid),
	evently.list_bookings(uuid, uuid, text, integer, bigint),
	evently.list_admin_bookings_page(uuid, uuid, uuid, text, integer, integer, integer),
	evently.list_bookings_page(uuid, integer, integer, integer, uuid, text)
TO evently_api;
