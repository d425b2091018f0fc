-- Ticket types, quotas and access codes (ticket_type.c, ticket_type_change.c, access_code_change.c, choice.c).

CREATE TYPE evently.ticket_type_detail AS (
	ticket_type_id uuid,
	event_id uuid,
	name text,
	section_id uuid,
	price numeric,
	price_multiplier numeric,
	currency text,
	sale_start_time timestamptz,
	sale_end_time timestamptz,
	requires_code boolean,
	max_per_booking integer,
	"position" integer,
	is_active boolean,
	available integer
);
COMMENT ON TYPE evently.ticket_type_detail IS
	'A kind of ticket of an event. price, or price_multiplier of the section''s price, or neither: the section''s price. position: types are tried in its order. available: what its quotas leave, null where none binds it.';

CREATE TYPE evently.quota_detail AS (
	quota_id uuid,
	event_id uuid,
	name text,
	size integer,
	available integer,
	ticket_types text[]
);
COMMENT ON TYPE evently.quota_detail IS
	'How many may be sold of some ticket types (their names), all together. available counts expired holds as free.';

CREATE TYPE evently.access_code_detail AS (
	code_id uuid,
	event_id uuid,
	code text,
	max_uses integer,
	available integer,
	ticket_types uuid[],
	before_sale boolean,
	valid_from timestamptz,
	valid_until timestamptz
);
COMMENT ON TYPE evently.access_code_detail IS
	'An access code, for who manages the event. A ticket, held or sold, is a use; max_uses and available are null where they are not limited. ticket_types: those that it unlocks, null for all that need a code.';

CREATE FUNCTION evently.pool_available(event_id uuid, pool_id uuid, at timestamptz) RETURNS integer
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT ((SELECT sum(t.available) FROM evently.stock t
			WHERE t.event_id = pool_available.event_id AND t.section_id = pool_available.pool_id)
		+ coalesce((SELECT x.quantity FROM evently.expired_stock(pool_available.event_id, at) x
			WHERE x.pool_id = pool_available.pool_id), 0))::integer;
END;
COMMENT ON FUNCTION evently.pool_available(uuid, uuid, timestamptz) IS 'What is left of a quota or an access code; null where there is none.';

CREATE VIEW evently.described_ticket_type AS
SELECT t.event_id, t.type_id, t.ordinal, ROW(t.type_id, t.event_id, t.name, t.section_id, t.price, t.price_multiplier, e.currency,
		t.sale_start_time, t.sale_end_time, t.requires_code, t.max_per_booking, t.ordinal, t.is_active,
		(SELECT min(evently.pool_available(q.event_id, q.quota_id, statement_timestamp())) FROM evently.quota q
			WHERE q.event_id = t.event_id AND t.type_id = ANY (q.type_ids)))::evently.ticket_type_detail AS detail
FROM evently.ticket_type t
JOIN evently.event e ON e.event_id = t.event_id;
COMMENT ON VIEW evently.described_ticket_type IS 'Ticket types as functions return them.';

CREATE VIEW evently.described_quota AS
SELECT q.event_id, q.quota_id, ROW(q.quota_id, q.event_id, q.name, p.size,
		evently.pool_available(q.event_id, q.quota_id, statement_timestamp()),
		ARRAY(SELECT t.name FROM evently.ticket_type t
			WHERE t.event_id = q.event_id AND t.type_id = ANY (q.type_ids)
			ORDER BY t.ordinal, t.type_id))::evently.quota_detail AS detail
FROM evently.quota q
JOIN evently.pool p ON p.event_id = q.event_id AND p.pool_id = q.quota_id;
COMMENT ON VIEW evently.described_quota IS 'Quotas as functions return them.';

CREATE VIEW evently.described_access_code AS
SELECT c.event_id, c.code_id, c.code, ROW(c.code_id, c.event_id, c.code, p.size,
		evently.pool_available(c.event_id, p.pool_id, statement_timestamp()), c.type_ids, c.before_sale, c.valid_from,
		c.valid_until)::evently.access_code_detail AS detail
FROM evently.access_code c
LEFT JOIN evently.pool p ON p.event_id = c.event_id AND p.pool_id = c.code_id;
COMMENT ON VIEW evently.described_access_code IS 'Access codes as functions return them.';

CREATE FUNCTION evently.create_ticket_type(event_id uuid, name text, actor_id uuid DEFAULT NULL, section_id uuid DEFAULT NULL,
	price numeric DEFAULT NULL, price_multiplier numeric DEFAULT NULL, sale_start_time timestamptz DEFAULT NULL,
	sale_end_time timestamptz DEFAULT NULL, requires_code boolean DEFAULT NULL, max_per_booking integer DEFAULT NULL,
	"position" integer DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.ticket_type_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_create_ticket_type';
COMMENT ON FUNCTION evently.create_ticket_type(uuid, text, uuid, uuid, numeric, numeric, timestamptz, timestamptz, boolean, integer, integer, text) IS
'A kind of ticket, of one section or (section_id null) of any. From then on the event sells by ticket type only. price in the event''s currency, with no more decimals than it has, or price_multiplier (0 to 1000) of the section''s price. requires_code: for bearers of an access code. position: the last by default. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE105 SECTION_NOT_FOUND, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes ticket_type, event, outbox, idempotency.';

CREATE FUNCTION evently.update_ticket_type(event_id uuid, ticket_type_id uuid, actor_id uuid DEFAULT NULL, name text DEFAULT NULL,
	price numeric DEFAULT NULL, price_multiplier numeric DEFAULT NULL, sale_start_time timestamptz DEFAULT NULL,
	sale_end_time timestamptz DEFAULT NULL, requires_code boolean DEFAULT NULL, max_per_booking integer DEFAULT NULL,
	"position" integer DEFAULT NULL, is_active boolean DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.ticket_type_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_update_ticket_type';
COMMENT ON FUNCTION evently.update_ticket_type(uuid, uuid, uuid, text, numeric, numeric, timestamptz, timestamptz, boolean, integer, integer, boolean, text) IS
'Changes what is not null; one that is not active is not sold. What is held or booked keeps its price. Errors: VE401 EVENT_NOT_FOUND, VE111 TICKET_TYPE_NOT_FOUND, VE002 FORBIDDEN, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes ticket_type, event, outbox, idempotency.';

CREATE FUNCTION evently.list_ticket_types(event_id uuid) RETURNS SETOF evently.ticket_type_detail
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT (t.detail).* FROM evently.described_ticket_type t
	WHERE t.event_id = list_ticket_types.event_id ORDER BY t.ordinal, t.type_id;
END;
COMMENT ON FUNCTION evently.list_ticket_types(uuid) IS 'The ticket types of an event in their order, with what is left of each.';

CREATE FUNCTION evently.create_quota(event_id uuid, name text, size integer, ticket_types uuid[], actor_id uuid DEFAULT NULL,
	idempotency_key text DEFAULT NULL)
RETURNS evently.quota_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_create_quota';
COMMENT ON FUNCTION evently.create_quota(uuid, text, integer, uuid[], uuid, text) IS
'How many may be sold and held of these ticket types together, what they sold before included. Several quotas may bind one type: all must have room. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE407 CAPACITY_BELOW_BOOKED, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes quota, pool, stock, hold, booking, event, outbox, idempotency.';

CREATE FUNCTION evently.resize_quota(event_id uuid, quota_id uuid, size integer, actor_id uuid DEFAULT NULL,
	idempotency_key text DEFAULT NULL)
RETURNS evently.quota_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_resize_quota';
COMMENT ON FUNCTION evently.resize_quota(uuid, uuid, integer, uuid, text) IS
'Another size, never below what is sold and held. Errors: VE401 EVENT_NOT_FOUND, VE112 QUOTA_NOT_FOUND, VE002 FORBIDDEN, VE407 CAPACITY_BELOW_BOOKED, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes pool, stock, hold, event_seat, event, outbox, idempotency.';

CREATE FUNCTION evently.list_quotas(event_id uuid) RETURNS SETOF evently.quota_detail
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT (q.detail).* FROM evently.described_quota q WHERE q.event_id = list_quotas.event_id ORDER BY q.quota_id;
END;
COMMENT ON FUNCTION evently.list_quotas(uuid) IS 'The quotas of an event, oldest first, with what is left of each.';

CREATE FUNCTION evently.create_access_code(event_id uuid, code text, max_uses integer DEFAULT NULL, ticket_types uuid[] DEFAULT NULL,
	before_sale boolean DEFAULT NULL, valid_from timestamptz DEFAULT NULL, valid_until timestamptz DEFAULT NULL,
	actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.access_code_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_create_access_code';
COMMENT ON FUNCTION evently.create_access_code(uuid, text, integer, uuid[], boolean, timestamptz, timestamptz, uuid, text) IS
'A code (compared without case) that unlocks these ticket types, or all that need one; before_sale: its bearer may buy before the sale starts. max_uses tickets, held or sold; null: any number. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes access_code, pool, stock, event, outbox, idempotency.';

CREATE FUNCTION evently.update_access_code(event_id uuid, code_id uuid, max_uses integer DEFAULT NULL, valid_from timestamptz DEFAULT NULL,
	valid_until timestamptz DEFAULT NULL, actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.access_code_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_update_access_code';
COMMENT ON FUNCTION evently.update_access_code(uuid, uuid, integer, timestamptz, timestamptz, uuid, text) IS
'Changes what is not null; valid_until now ends it. max_uses never below what is used and held. Errors: VE401 EVENT_NOT_FOUND, VE114 ACCESS_CODE_INVALID, VE002 FORBIDDEN, VE407 CAPACITY_BELOW_BOOKED, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes access_code, pool, stock, hold, event_seat, event, outbox, idempotency.';

CREATE FUNCTION evently.list_access_codes(event_id uuid, actor_id uuid DEFAULT NULL) RETURNS SETOF evently.access_code_detail
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT (c.detail).* FROM evently.get_event(list_access_codes.event_id, actor_id => list_access_codes.actor_id) e,
		evently.described_access_code c
	WHERE c.event_id = e.event_id ORDER BY c.code_id;
END;
COMMENT ON FUNCTION evently.list_access_codes(uuid, uuid) IS
'The access codes of an event, oldest first, for who manages it. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

GRANT EXECUTE ON FUNCTION
	evently.create_ticket_type(uuid, text, uuid, uuid, numeric, numeric, timestamptz, timestamptz, boolean, integer, integer, text),
	evently.update_ticket_type(uuid, uuid, uuid, text, numeric, numeric, timestamptz, timestamptz, boolean, integer, integer, boolean, text),
	evently.list_ticket_types(uuid),
	evently.create_quota(uuid, text, integer, uuid[], uuid, text),
	evently.resize_quota(uuid, uuid, integer, uuid, text),
	evently.list_quotas(uuid),
	evently.create_access_code(uuid, text, integer, uuid[], boolean, timestamptz, timestamptz, uuid, text),
	evently.update_access_code(uuid, uuid, integer, timestamptz, timestamptz, uuid, text),
	evently.list_access_codes(uuid, uuid)
TO evently_api;
