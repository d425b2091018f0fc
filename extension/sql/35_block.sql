-- House seats (block.c).

CREATE TYPE evently.block_detail AS (
	hold_id uuid,
	event_id uuid,
	section_id uuid,
	seat_ids text[],
	quantity integer,
	reason text,
	status text,
	blocked_by uuid,
	created_at timestamptz,
	expires_at timestamptz
);
COMMENT ON TYPE evently.block_detail IS
	'House seats, kept back for a reason. seat_ids (labels) where there are seats, section_id where there are none. expires_at null: for good. status: active, released, expired.';

CREATE VIEW evently.described_block AS
SELECT h.event_id, h.hold_id, h.status, h.expires_at, ROW(h.hold_id, h.event_id, h.section_id,
		ARRAY(SELECT s.label FROM evently.event_seat s
			WHERE s.event_id = h.event_id AND s.ordinal = ANY (h.ordinals) ORDER BY s.ordinal),
		h.quantity, h.reason,
		CASE WHEN h.status = 'active' AND h.expires_at <= statement_timestamp() THEN 'expired' ELSE h.status::text END,
		nullif(h.user_id, '00000000-0000-0000-0000-000000000000'), h.created_at,
		nullif(h.expires_at, 'infinity'))::evently.block_detail AS detail
FROM evently.hold h
WHERE h.reason IS NOT NULL;
COMMENT ON VIEW evently.described_block IS 'House seats as functions return them.';

CREATE FUNCTION evently.block_seats(event_id uuid, reason text, seat_ids text[] DEFAULT NULL, quantity integer DEFAULT NULL,
	section_id uuid DEFAULT NULL, expires_at timestamptz DEFAULT NULL, actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.block_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_block_seats';
COMMENT ON FUNCTION evently.block_seats(uuid, text, text[], integer, uuid, timestamptz, uuid, text) IS
'Keeps seats (seat_ids), or a number of places (quantity, of section_id or the first section that has enough), back from sale, all or none: until expires_at, or until they are unblocked. Before, during and after the sale; counts against no limit. Errors: VE101 SEATS_UNAVAILABLE, VE102 INSUFFICIENT_SEATS, VE103 SEAT_NOT_FOUND, VE104 SEAT_MAP_MISSING, VE105 SECTION_NOT_FOUND, VE401 EVENT_NOT_FOUND, VE402 EVENT_NOT_BOOKABLE (cancelled, completed, over), VE002 FORBIDDEN, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes hold, event_seat, stock, outbox, idempotency.';

CREATE FUNCTION evently.unblock_seats(event_id uuid, hold_id uuid, actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.block_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_unblock_seats';
COMMENT ON FUNCTION evently.unblock_seats(uuid, uuid, uuid, text) IS
'Puts what block_seats() kept back on sale again. A repeat gives the same answer. Errors: VE106 HOLD_NOT_FOUND, VE002 FORBIDDEN, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes hold, event_seat, stock, outbox, idempotency.';

CREATE FUNCTION evently.list_blocks(event_id uuid, actor_id uuid DEFAULT NULL) RETURNS SETOF evently.block_detail
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT (b.detail).* FROM evently.get_event(list_blocks.event_id, actor_id => list_blocks.actor_id) e, evently.described_block b
	WHERE b.event_id = e.event_id AND b.status = 'active' AND b.expires_at > statement_timestamp()
	ORDER BY b.hold_id;
END;
COMMENT ON FUNCTION evently.list_blocks(uuid, uuid) IS
'The house seats of an event, oldest first, for who manages it. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

GRANT EXECUTE ON FUNCTION
	evently.block_seats(uuid, text, text[], integer, uuid, timestamptz, uuid, text),
	evently.unblock_seats(uuid, uuid, uuid, text),
	evently.list_blocks(uuid, uuid)
TO evently_api;
