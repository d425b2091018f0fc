-- Holds (hold.c, reserve.c).

CREATE TYPE evently.hold_page AS (
	holds evently.hold_detail[],
	total bigint,
	page integer,
	"limit" integer,
	has_more boolean
);
COMMENT ON TYPE evently.hold_page IS 'One page of holds, as a REST list answers it.';

CREATE FUNCTION evently.hold_seats(event_id uuid, user_id uuid, seat_ids text[], ticket_type text DEFAULT NULL,
	access_code text DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.hold_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_hold_seats';
COMMENT ON FUNCTION evently.hold_seats(uuid, uuid, text[], text, text, text) IS
'Puts these seats (labels, or layout ids) aside for evently.hold_ttl seconds, all or none. In an event with ticket types they are sold by ticket_type (a name or id), or by the first that is open to the buyer and has room; access_code unlocks what needs one. With an idempotency key (1 to 255 characters) a retry gets the first answer. Errors: VE101 SEATS_UNAVAILABLE, VE103 SEAT_NOT_FOUND, VE104 SEAT_MAP_MISSING, VE108 HOLD_LIMIT, VE110 LIMIT_EXCEEDED, VE111 TICKET_TYPE_NOT_FOUND, VE113 ACCESS_CODE_REQUIRED, VE114 ACCESS_CODE_INVALID, VE115 ACCESS_CODE_USED_UP, VE102 INSUFFICIENT_SEATS (of a quota), VE301 WAITLIST_ACTIVE, VE401 EVENT_NOT_FOUND, VE402 EVENT_NOT_BOOKABLE, VE403 SALE_NOT_STARTED, VE404 SALE_ENDED, VE411 SALE_SOLD_OUT, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR, 55P03 after the lock timeout. Writes hold, event_seat, stock, idempotency, outbox.';

CREATE FUNCTION evently.hold_tickets(event_id uuid, user_id uuid, quantity integer, section_id uuid DEFAULT NULL,
	ticket_type text DEFAULT NULL, access_code text DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.hold_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_hold_tickets';
COMMENT ON FUNCTION evently.hold_tickets(uuid, uuid, integer, uuid, text, text, text) IS
'Puts that many tickets of one section aside: of section_id, or of the first that has enough; in a section with seats, the first free ones. Errors: VE102 INSUFFICIENT_SEATS, VE105 SECTION_NOT_FOUND, and those of hold_seats(). Writes hold, event_seat, stock, idempotency, outbox.';

CREATE FUNCTION evently.place_hold(event_id uuid, user_id uuid, seat_ids text[] DEFAULT NULL, quantity integer DEFAULT NULL,
	section_id uuid DEFAULT NULL,
	ticket_type text DEFAULT NULL, access_code text DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.hold_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_place_hold';
COMMENT ON FUNCTION evently.place_hold(uuid, uuid, text[], integer, uuid, text, text, text) IS
'Puts seats aside (seat_ids) or a number of tickets (quantity), all or none, for evently.hold_ttl seconds. Both, and different numbers: VE001 VALIDATION_ERROR. Errors: those of hold_seats() and hold_tickets(). Writes what they do.';

CREATE FUNCTION evently.get_hold(event_id uuid, hold_id uuid, user_id uuid DEFAULT NULL) RETURNS evently.hold_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_hold';
COMMENT ON FUNCTION evently.get_hold(uuid, uuid, uuid) IS
'A hold as it is now. event_id null: found by hold_id. user_id, when given, must be its owner or have permission bookings:read for the event. Errors: VE106 HOLD_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.validate_hold(event_id uuid, hold_id uuid, user_id uuid DEFAULT NULL) RETURNS evently.hold_validity
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_validate_hold';
COMMENT ON FUNCTION evently.validate_hold(uuid, uuid, uuid) IS
'Can it still be confirmed? A look, not a promise: only confirm_hold() decides. Errors: VE106 HOLD_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.extend_hold(event_id uuid, hold_id uuid, user_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.hold_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_extend_hold';
COMMENT ON FUNCTION evently.extend_hold(uuid, uuid, uuid, text) IS
'A live hold lives evently.hold_ttl seconds from now, evently.hold_max_lifetime from its beginning at most, and not more than evently.hold_max_renewals times. Errors: VE106 HOLD_NOT_FOUND, VE002 FORBIDDEN, VE107 HOLD_EXPIRED, VE109 HOLD_NOT_ACTIVE, VE108 HOLD_LIMIT, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes hold, event_seat, outbox, idempotency.';

CREATE FUNCTION evently.release_hold(event_id uuid, hold_id uuid, user_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.hold_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_release_hold';
COMMENT ON FUNCTION evently.release_hold(uuid, uuid, uuid, text) IS
'Gives everything back. A repeat gives the same answer. Errors: VE106 HOLD_NOT_FOUND, VE002 FORBIDDEN, VE109 HOLD_NOT_ACTIVE when it is confirmed, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes hold, event_seat, stock, outbox, idempotency.';

CREATE FUNCTION evently.list_user_holds(user_id uuid, actor_id uuid DEFAULT NULL, status text DEFAULT NULL, page integer DEFAULT NULL,
	"limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL)
RETURNS evently.hold_page
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_list_user_holds';
COMMENT ON FUNCTION evently.list_user_holds(uuid, uuid, text, integer, integer, integer) IS
'One page of a user''s holds, newest first. actor_id, when given, must be the user or may manage all events. status: active (default), confirmed, released, expired, all. page from 1, or offset; limit 20 by default, 100 at most. Errors: VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

GRANT EXECUTE ON FUNCTION
	evently.hold_seats(uuid, uuid, text[], text, text, text),
	evently.hold_tickets(uuid, uuid, integer, uuid, text, text, text),
	evently.place_hold(uuid, uuid, text[], integer, uuid, text, text, text),
	evently.get_hold(uuid, uuid, uuid),
	evently.validate_hold(uuid, uuid, uuid),
	evently.extend_hold(uuid, uuid, uuid, text),
	evently.release_hold(uuid, uuid, uuid, text),
	evently.list_user_holds(uuid, uuid, text, integer, integer, integer)
TO evently_api;
