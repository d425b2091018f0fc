-- Sale status and availability by number (sale_status.c, adjust.c).

CREATE TYPE evently.adjusted_availability AS (
	event_id uuid,
	available_seats integer,
	status text,
	version integer
);
COMMENT ON TYPE evently.adjusted_availability IS 'Answer of adjust_availability(): what is left of the event, and its new version.';

CREATE FUNCTION evently.set_sale_status(event_id uuid, status text, actor_id uuid DEFAULT NULL, version integer DEFAULT NULL,
	idempotency_key text DEFAULT NULL)
RETURNS evently.event_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_set_sale_status';
COMMENT ON FUNCTION evently.set_sale_status(uuid, text, uuid, integer, text) IS
'Moves the sale by hand: upcoming to on_sale (if its time has not come, the sale starts now) to sold_out; upcoming or on_sale to cancelled, which is cancel_event(). upcoming and sold_out, set by hand, stay, and do not sell. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE408 CONCURRENT_UPDATE, VE406 INVALID_STATUS_TRANSITION, VE405 EVENT_NOT_MODIFIABLE, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes event, outbox, idempotency, and what cancel_event() does.';

CREATE FUNCTION evently.adjust_availability(event_id uuid, quantity integer, version integer DEFAULT NULL, section_id uuid DEFAULT NULL,
	actor_id uuid DEFAULT NULL, reason text DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.adjusted_availability
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_adjust_availability';
COMMENT ON FUNCTION evently.adjust_availability(uuid, integer, integer, uuid, uuid, text, text) IS
'For another system that sells places of an event: quantity below 0 takes as many, of section_id or the first section without seats that has enough, while the event is on sale; above 0 gives back at most what was taken so. Raises the event''s version; version, when given, must be the present one. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE408 CONCURRENT_UPDATE, VE102 INSUFFICIENT_SEATS, VE301 WAITLIST_ACTIVE, VE116 RETURN_EXCEEDS_TAKEN, VE105 SECTION_NOT_FOUND, VE402 EVENT_NOT_BOOKABLE, VE403 SALE_NOT_STARTED, VE404 SALE_ENDED, VE411 SALE_SOLD_OUT, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes adjustment, stock, hold, event_seat, event, outbox, idempotency.';

CREATE FUNCTION evently.return_seats(event_id uuid, quantity integer, version integer DEFAULT NULL, section_id uuid DEFAULT NULL,
	actor_id uuid DEFAULT NULL, reason text DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.adjusted_availability
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_return_seats';
COMMENT ON FUNCTION evently.return_seats(uuid, integer, integer, uuid, uuid, text, text) IS
'adjust_availability() that only gives back: quantity is above 0. Errors: those of adjust_availability(). Writes what that does, idempotency.';

GRANT EXECUTE ON FUNCTION
	evently.set_sale_status(uuid, text, uuid, integer, text),
	evently.adjust_availability(uuid, integer, integer, uuid, uuid, text, text),
	evently.return_seats(uuid, integer, integer, uuid, uuid, text, text)
TO evently_api;
