-- Sets: requests of one event decided by one call (set.c).

CREATE TYPE evently.refusal AS (
	sqlstate text,
	code text,
	message text,
	detail json,
	hint text
);
COMMENT ON TYPE evently.refusal IS
	'Why a request of a set was refused: what the single call would have raised. code is the API''s code of the sqlstate.';

CREATE TYPE evently.book_request AS (
	user_id uuid,
	seat_ids text[],
	quantity integer,
	section_id uuid,
	ticket_type text,
	access_code text,
	payment jsonb,
	idempotency_key text
);
COMMENT ON TYPE evently.book_request IS 'The arguments of book() after event_id.';

CREATE TYPE evently.book_outcome AS (
	request integer,
	result evently.booking_detail,
	error evently.refusal,
	replayed boolean
);
COMMENT ON TYPE evently.book_outcome IS
	'What became of a request of a set. request: its number, from 1. One of result and error is set. replayed: an idempotency key answered it.';

CREATE TYPE evently.hold_request AS (
	user_id uuid,
	seat_ids text[],
	quantity integer,
	section_id uuid,
	ticket_type text,
	access_code text,
	idempotency_key text
);
COMMENT ON TYPE evently.hold_request IS 'The arguments of place_hold() after event_id.';

CREATE TYPE evently.hold_outcome AS (
	request integer,
	result evently.hold_detail,
	error evently.refusal,
	replayed boolean
);
COMMENT ON TYPE evently.hold_outcome IS 'As book_outcome.';

CREATE TYPE evently.confirm_request AS (
	hold_id uuid,
	user_id uuid,
	payment jsonb,
	idempotency_key text
);
COMMENT ON TYPE evently.confirm_request IS 'The arguments of confirm_hold() after event_id.';

CREATE TYPE evently.cancel_request AS (
	booking_id uuid,
	user_id uuid,
	reason text,
	ticket_ids uuid[],
	idempotency_key text
);
COMMENT ON TYPE evently.cancel_request IS 'The arguments of cancel_booking() after event_id.';

CREATE TYPE evently.cancel_outcome AS (
	request integer,
	result evently.cancellation_detail,
	error evently.refusal,
	replayed boolean
);
COMMENT ON TYPE evently.cancel_outcome IS 'As book_outcome.';

CREATE FUNCTION evently.book_many(event_id uuid, requests evently.book_request[]) RETURNS SETOF evently.book_outcome
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_book_many';
COMMENT ON FUNCTION evently.book_many(uuid, evently.book_request[]) IS
'book() for up to 128 requests of one event at once, many times faster than one by one: one row for each, in their order, with what book() would have returned or raised, called for one after the other. A request that is refused leaves nothing behind and disturbs no other. Error 55P03 UNAVAILABLE in an outcome: somebody else is using what it needs; it was not decided, ask for it again by itself. Errors: VE001 VALIDATION_ERROR, 55P03 after the lock timeout. Locks the event; where all requests name their seats, those. Writes what book() does.';

CREATE FUNCTION evently.hold_many(event_id uuid, requests evently.hold_request[]) RETURNS SETOF evently.hold_outcome
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_hold_many';
COMMENT ON FUNCTION evently.hold_many(uuid, evently.hold_request[]) IS
'place_hold() for up to 128 requests of one event at once, as book_many(). Errors: VE001 VALIDATION_ERROR, 55P03 after the lock timeout. Locks the event; where all requests name their seats, those. Writes what place_hold() does.';

CREATE FUNCTION evently.confirm_many(event_id uuid, requests evently.confirm_request[]) RETURNS SETOF evently.book_outcome
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_confirm_many';
COMMENT ON FUNCTION evently.confirm_many(uuid, evently.confirm_request[]) IS
'confirm_hold() for up to 128 holds of one event at once, as book_many(). Errors: VE001 VALIDATION_ERROR, 55P03 after the lock timeout. Locks the holds and their seats. Writes what confirm_hold() does.';

CREATE FUNCTION evently.cancel_many(event_id uuid, requests evently.cancel_request[]) RETURNS SETOF evently.cancel_outcome
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_cancel_many';
COMMENT ON FUNCTION evently.cancel_many(uuid, evently.cancel_request[]) IS
'cancel_booking() for up to 128 bookings of one event at once, as book_many(). Errors: VE001 VALIDATION_ERROR, 55P03 after the lock timeout. Locks the event. Writes what cancel_booking() does.';

GRANT EXECUTE ON FUNCTION
	evently.book_many(uuid, evently.book_request[]),
	evently.hold_many(uuid, evently.hold_request[]),
	evently.confirm_many(uuid, evently.confirm_request[]),
	evently.cancel_many(uuid, evently.cancel_request[])
TO evently_api;
