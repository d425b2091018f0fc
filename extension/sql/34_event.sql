-- Events (event.c, event_create.c, event_change.c).

CREATE TYPE evently.event_cancellation AS (
	event_id uuid,
	message text,
	bookings_cancelled integer,
	holds_released integer,
	refund_amount numeric,
	currency text,
	version integer,
	remaining integer,
	waitlist_closed integer
);
COMMENT ON TYPE evently.event_cancellation IS
	'Answer of cancel_event() and continue_event_cancellation(): how many bookings, holds and waitlist entries this call ended, the sum that it refunded, and how many of all three are still to be ended.';

CREATE TYPE evently.event_sections AS (
	event_id uuid,
	sections evently.section_availability[]
);
COMMENT ON TYPE evently.event_sections IS 'The sections of an event in order.';

CREATE TYPE evently.section_seats AS (
	section_id uuid,
	section text,
	event_id uuid,
	currency text,
	total integer,
	available integer,
	seats evently.seat_detail[]
);
COMMENT ON TYPE evently.section_seats IS
	'Seats of a section in natural order: those of an event, or of a layout, which knows neither prices nor buyers. total and available count all seats of the section.';

CREATE TYPE evently.seat_availability AS (
	event_id uuid,
	currency text,
	total integer,
	available boolean,
	seats evently.seat_detail[]
);
COMMENT ON TYPE evently.seat_availability IS 'The seats asked for in natural order. available: all of them are.';

-- A view, not a function: PostgreSQL plans the body of an SQL function at each call, but a view with the statement that
-- uses it, whose plan is kept.
CREATE VIEW evently.described_section AS
SELECT e.event_id, ARRAY(
		SELECT ROW(s.section_id, s.name, s.kind, s.price, e.currency, s.capacity,
			((SELECT coalesce(sum(t.available), 0) FROM evently.stock t
				WHERE t.event_id = s.event_id AND t.section_id = s.section_id)
				+ coalesce(x.quantity, 0))::integer)::evently.section_availability
		FROM evently.event_section s
		LEFT JOIN evently.expired_stock(e.event_id, statement_timestamp()) x ON x.pool_id = s.section_id
		WHERE s.event_id = e.event_id
		ORDER BY s.ordinal) AS sections
FROM evently.event e;
COMMENT ON VIEW evently.described_section IS 'The sections of events, in order, with what is left of each now.';

CREATE FUNCTION evently.create_event(name text, start_datetime timestamptz, end_datetime timestamptz DEFAULT NULL,
	venue_id uuid DEFAULT NULL, venue jsonb DEFAULT NULL, description text DEFAULT NULL, event_type text DEFAULT NULL,
	timezone text DEFAULT NULL, total_capacity integer DEFAULT NULL, base_price numeric DEFAULT NULL, currency text DEFAULT NULL,
	max_tickets_per_booking integer DEFAULT NULL, sale_start_time timestamptz DEFAULT NULL, sale_end_time timestamptz DEFAULT NULL,
	section_pricing jsonb DEFAULT NULL, status text DEFAULT NULL, tags text[] DEFAULT NULL, created_by uuid DEFAULT NULL,
	organiser_id uuid DEFAULT NULL, venue_template_id uuid DEFAULT NULL, sale_status text DEFAULT NULL,
	max_tickets_per_user integer DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.event_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_create_event';
COMMENT ON FUNCTION evently.create_event(text, timestamptz, timestamptz, uuid, jsonb, text, text, text, integer, numeric, text, integer, timestamptz, timestamptz, jsonb, text, text[], uuid, uuid, uuid, text, integer, text) IS
'An event, published unless status is draft. end_datetime: start + 3 h by default. venue_id, or venue as a name or object, found or created by name, without sections. Sections and seats of the venue template (or else of the venue) are copied, and the capacity is theirs: what is edited there later moves no seat of the event. Without sections it is general admission of total_capacity (or the venue''s capacity). base_price in currency (USD by default), with no more decimals than it has; a section costs base_price times its multiplier, or what section_pricing says: [{"section_id" or "name", "price" or "price_multiplier"}]; a product is rounded half away from zero. timezone: IANA, UTC by default. tags: at most 20, of 1 to 50 characters, each kept once. max_tickets_per_booking: 20 by default; max_tickets_per_user: no limit by default. sale_status upcoming or sold_out stays until set_sale_status() moves it. organiser_id: the team that it belongs to, of which created_by is a member with events:own; null: it belongs to created_by. Errors: VE001 VALIDATION_ERROR, VE409 VENUE_NOT_FOUND, VE420 VENUE_TEMPLATE_NOT_FOUND, VE505 ORGANISER_NOT_FOUND, VE002 FORBIDDEN, VE901 IDEMPOTENCY_KEY_REUSED. Writes event, event_section, event_seat, stock, venue, outbox, idempotency.';

CREATE FUNCTION evently.update_event(event_id uuid, actor_id uuid DEFAULT NULL, version integer DEFAULT NULL, name text DEFAULT NULL,
	description text DEFAULT NULL, event_type text DEFAULT NULL, start_datetime timestamptz DEFAULT NULL,
	end_datetime timestamptz DEFAULT NULL, timezone text DEFAULT NULL, sale_start_time timestamptz DEFAULT NULL,
	sale_end_time timestamptz DEFAULT NULL, total_capacity integer DEFAULT NULL, base_price numeric DEFAULT NULL,
	max_tickets_per_booking integer DEFAULT NULL, status text DEFAULT NULL, tags text[] DEFAULT NULL,
	max_tickets_per_user integer DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.event_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_update_event';
COMMENT ON FUNCTION evently.update_event(uuid, uuid, integer, text, text, text, timestamptz, timestamptz, text, timestamptz, timestamptz, integer, numeric, integer, text, text[], integer, text) IS
'Changes what is not null and raises version. version, when given, must be the present one. A new base_price moves the sections that follow it; holds and bookings keep their price. max_tickets_per_user limits bookings and live holds of one user together (0: no limit). tags as in create_event(). total_capacity only without sections, never below what is sold and held. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE408 CONCURRENT_UPDATE, VE405 EVENT_NOT_MODIFIABLE (started, cancelled, completed), VE406 INVALID_STATUS_TRANSITION, VE407 CAPACITY_BELOW_BOOKED, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes event, event_section, stock, outbox, idempotency.';

CREATE FUNCTION evently.set_event_status(event_id uuid, status text, actor_id uuid DEFAULT NULL, version integer DEFAULT NULL,
	idempotency_key text DEFAULT NULL)
RETURNS evently.event_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_set_event_status';
COMMENT ON FUNCTION evently.set_event_status(uuid, text, uuid, integer, text) IS
'draft to published; published to inactive and back; published to completed once it has started. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE408 CONCURRENT_UPDATE, VE406 INVALID_STATUS_TRANSITION, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes event, outbox, idempotency.';

CREATE FUNCTION evently.set_event_organiser(event_id uuid, organiser_id uuid, actor_id uuid DEFAULT NULL,
	version integer DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.event_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_set_event_organiser';
COMMENT ON FUNCTION evently.set_event_organiser(uuid, uuid, uuid, integer, text) IS
'Gives the event to a team; null: back to the account that made it. actor_id, when given, must be able to manage the event, and the events of that team. Errors: VE401 EVENT_NOT_FOUND, VE505 ORGANISER_NOT_FOUND, VE002 FORBIDDEN, VE408 CONCURRENT_UPDATE, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes event, outbox, idempotency.';

CREATE FUNCTION evently.publish_event(event_id uuid, actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.event_detail
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT r FROM evently.set_event_status(publish_event.event_id, 'published', publish_event.actor_id,
		idempotency_key => publish_event.idempotency_key) r;
END;
COMMENT ON FUNCTION evently.publish_event(uuid, uuid, text) IS 'set_event_status(event_id, ''published''): puts a draft or inactive event on sale. Errors: those of set_event_status(). Writes what it does.';

CREATE FUNCTION evently.cancel_event(event_id uuid, actor_id uuid DEFAULT NULL, version integer DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.event_cancellation
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_cancel_event';
COMMENT ON FUNCTION evently.cancel_event(uuid, uuid, integer, text) IS
'Cancels an event that has not started: from its commit on nothing of it is sold, and it is hidden from the public; final. Its holds are released, its bookings cancelled with a full refund, and its waitlist is closed, the first 500 of all these at once, the rest soon after by the background worker: remaining tells how many. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE408 CONCURRENT_UPDATE, VE405 EVENT_NOT_MODIFIABLE, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes event, event_section, hold, event_seat, cancellation, ticket, booking, payment, refund, stock, waitlist_entry, outbox, idempotency. Without a worker continue_event_cancellation() has to be called, by anybody, as long as remaining is not 0, or CALL finish_event_cancellation().';

CREATE FUNCTION evently.continue_event_cancellation(event_id uuid DEFAULT NULL, max_rows integer DEFAULT 500)
RETURNS evently.event_cancellation
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_continue_event_cancellation';
COMMENT ON FUNCTION evently.continue_event_cancellation(uuid, integer) IS
'Ends the next max_rows holds, bookings and waitlist entries of a cancelled event (null: of one that has some left) as cancel_event() does. Whatever stopped it before, it goes on where it was. Null where no event is left to be continued. Errors: VE401 EVENT_NOT_FOUND, VE001 VALIDATION_ERROR. Locks the event. Writes event, event_section, hold, event_seat, cancellation, ticket, booking, payment, refund, stock, waitlist_entry, outbox.';

-- It commits after each part, so it can neither run as its owner nor set a search_path: it has the caller's rights and calls
-- what he may call himself.
CREATE PROCEDURE evently.finish_event_cancellation(event_id uuid)
LANGUAGE plpgsql
AS $$
BEGIN
	LOOP
		EXIT WHEN coalesce((evently.continue_event_cancellation(finish_event_cancellation.event_id)).remaining, 0) OPERATOR(pg_catalog.=) 0;
		COMMIT;
	END LOOP;
END
$$;
COMMENT ON PROCEDURE evently.finish_event_cancellation(uuid) IS
'continue_event_cancellation() until nothing is left, with a COMMIT after each part: CALL it outside of a transaction. Errors: VE401 EVENT_NOT_FOUND. Writes what continue_event_cancellation() does.';

CREATE FUNCTION evently.get_event(event_id uuid, published_only boolean DEFAULT false, actor_id uuid DEFAULT NULL) RETURNS evently.event_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_event';
COMMENT ON FUNCTION evently.get_event(uuid, boolean, uuid) IS
'An event with what is left of it. published_only hides drafts, inactive and cancelled ones; actor_id must be able to manage it. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_event_id(id uuid) RETURNS uuid
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_event_id';
COMMENT ON FUNCTION evently.get_event_id(uuid) IS
'The event of the hold or booking with this id; null where there is none. For sets, which are of one event.';
GRANT EXECUTE ON FUNCTION evently.get_event_id(uuid) TO evently_web;

CREATE FUNCTION evently.get_availability(event_id uuid, published_only boolean DEFAULT false) RETURNS evently.availability
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_availability';
COMMENT ON FUNCTION evently.get_availability(uuid, boolean) IS
'What is left of an event now, whole and by section; expired holds count as free. Errors: VE401 EVENT_NOT_FOUND, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_sections(event_id uuid, published_only boolean DEFAULT false) RETURNS evently.event_sections
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_sections';
COMMENT ON FUNCTION evently.get_sections(uuid, boolean) IS 'The sections of an event: kind, price and what is left. Errors: VE401 EVENT_NOT_FOUND, VE001 VALIDATION_ERROR.';

CREATE VIEW evently.described_seat AS
SELECT s.event_id, s.ordinal, s.section_id, s.label AS seat_id, s.seat_id AS id, c.name AS section, s.row_label AS "row",
	s.number, s.x, s.y, c.price,
	CASE WHEN s.booking_id IS NOT NULL THEN 'sold'
		WHEN s.held_until > statement_timestamp() THEN CASE WHEN EXISTS (SELECT FROM evently.hold h
			WHERE h.event_id = s.event_id AND h.hold_id = s.hold_id AND h.reason IS NOT NULL AND h.status = 'active')
			THEN 'blocked' ELSE 'held' END
		ELSE 'available' END AS status,
	s.accessible
FROM evently.event_seat s
JOIN evently.event_section c ON c.event_id = s.event_id AND c.section_id = s.section_id;
COMMENT ON VIEW evently.described_seat IS 'Seats as functions return them, with who has them now.';

CREATE FUNCTION evently.get_seat_map(event_id uuid, section_id uuid DEFAULT NULL) RETURNS SETOF evently.seat_detail
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT s.seat_id, s.id, s.section_id, s.section, s."row", s.number, s.x, s.y, s.price, s.status, s.accessible
	FROM evently.described_seat s
	WHERE s.event_id = get_seat_map.event_id
		AND (get_seat_map.section_id IS NULL OR s.section_id = get_seat_map.section_id)
	ORDER BY s.ordinal;
END;
COMMENT ON FUNCTION evently.get_seat_map(uuid, uuid) IS
'The seats of an event, or of one section, in natural order. No row for general admission or an unknown event.';

CREATE FUNCTION evently.get_seat_map_page(event_id uuid, published_only boolean DEFAULT false, format text DEFAULT NULL)
RETURNS evently.seat_map
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_seat_map_page';
COMMENT ON FUNCTION evently.get_seat_map_page(uuid, boolean, text) IS
'All seats of an event in one row, as REST answers them. format: full (default), or compact, a hundredth of it: one letter a seat, by section and row; where the seats are to be drawn tells get_event_layout(). Errors: VE401 EVENT_NOT_FOUND, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_section_seats(section_id uuid, event_id uuid DEFAULT NULL, published_only boolean DEFAULT false,
	available_only boolean DEFAULT false)
RETURNS evently.section_seats
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_section_seats';
COMMENT ON FUNCTION evently.get_section_seats(uuid, uuid, boolean, boolean) IS
'The seats of a section in one row, as REST answers them: at an event, with price and status; without event_id those of the layout of a venue or a venue template. available_only: of an event, those that are free. Errors: VE401 EVENT_NOT_FOUND, VE105 SECTION_NOT_FOUND, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_seat_availability(event_id uuid, seat_ids text[], published_only boolean DEFAULT false)
RETURNS evently.seat_availability
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_seat_availability';
COMMENT ON FUNCTION evently.get_seat_availability(uuid, text[], boolean) IS
'Are these seats (labels, or layout ids; 1000 at most) free? A look, not a promise: only place_hold() decides. Errors: VE401 EVENT_NOT_FOUND, VE103 SEAT_NOT_FOUND, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.find_events(q text, type text, city text, date text, date_from text, date_to text, status text, tags text[],
	sort text, "order" text, max_rows integer, skip bigint, published_only boolean, created_by uuid)
RETURNS evently.event_page
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_find_events';
COMMENT ON FUNCTION evently.find_events(text, text, text, text, text, text, text, text[], text, text, integer, bigint, boolean, uuid) IS
'The events of list_events() in their order, in one row, nothing else of which is filled. Writes nothing. Errors: as list_events().';

CREATE FUNCTION evently.list_events(q text DEFAULT NULL, type text DEFAULT NULL, city text DEFAULT NULL, date text DEFAULT NULL,
	date_from text DEFAULT NULL, date_to text DEFAULT NULL, status text DEFAULT NULL, tags text[] DEFAULT NULL,
	sort text DEFAULT NULL, "order" text DEFAULT NULL, max_rows integer DEFAULT 20, skip bigint DEFAULT 0,
	published_only boolean DEFAULT false, created_by uuid DEFAULT NULL)
RETURNS SETOF evently.event_detail
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT e.* FROM evently.find_events(list_events.q, list_events.type, list_events.city, list_events.date,
		list_events.date_from, list_events.date_to, list_events.status, list_events.tags, list_events.sort, list_events."order",
		list_events.max_rows, list_events.skip, list_events.published_only, list_events.created_by) f, unnest(f.events) e;
END;
COMMENT ON FUNCTION evently.list_events(text, text, text, text, text, text, text, text[], text, text, integer, bigint, boolean, uuid) IS
'Events. q: part of name, description or venue, % and _ being plain characters; type, city: equal without case; date, date_from, date_to: a date (a whole day in UTC) or a time; tags: all of them; created_by: those of the account and of the teams it is in. sort: start_datetime (default), name, price, created_at; order: asc, desc. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.list_events_page(q text DEFAULT NULL, type text DEFAULT NULL, city text DEFAULT NULL, date text DEFAULT NULL,
	date_from text DEFAULT NULL, date_to text DEFAULT NULL, status text DEFAULT NULL, tags text[] DEFAULT NULL,
	sort text DEFAULT NULL, "order" text DEFAULT NULL, page integer DEFAULT NULL, "limit" integer DEFAULT NULL,
	"offset" integer DEFAULT NULL, published_only boolean DEFAULT false, created_by uuid DEFAULT NULL, cursor text DEFAULT NULL)
RETURNS evently.event_page
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_list_events_page';
COMMENT ON FUNCTION evently.list_events_page(text, text, text, text, text, text, text, text[], text, text, integer, integer, integer, boolean, uuid, text) IS
'One page of list_events(). page from 1, or offset; or cursor: next_cursor of the page before, then no event is shown twice or left out while others are added, and nothing is counted. limit 20 by default, 100 at most. Errors: as list_events().';

CREATE FUNCTION evently.list_admin_events_page(actor_id uuid, scope text DEFAULT NULL, q text DEFAULT NULL, type text DEFAULT NULL,
	city text DEFAULT NULL, date text DEFAULT NULL, date_from text DEFAULT NULL, date_to text DEFAULT NULL,
	status text DEFAULT NULL, tags text[] DEFAULT NULL, sort text DEFAULT NULL, "order" text DEFAULT NULL,
	page integer DEFAULT NULL, "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL, cursor text DEFAULT NULL)
RETURNS evently.event_page
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_list_admin_events_page';
COMMENT ON FUNCTION evently.list_admin_events_page(uuid, text, text, text, text, text, text, text, text, text[], text, text, integer, integer, integer, text) IS
'list_events_page() of the events of an administrator and of the teams he is in, or with scope all of everybody''s. Errors: VE002 FORBIDDEN, and those of list_events().';

GRANT EXECUTE ON FUNCTION
	evently.create_event(text, timestamptz, timestamptz, uuid, jsonb, text, text, text, integer, numeric, text, integer, timestamptz, timestamptz, jsonb, text, text[], uuid, uuid, uuid, text, integer, text),
	evently.update_event(uuid, uuid, integer, text, text, text, timestamptz, timestamptz, text, timestamptz, timestamptz, integer, numeric, integer, text, text[], integer, text),
	evently.set_event_status(uuid, text, uuid, integer, text),
	evently.set_event_organiser(uuid, uuid, uuid, integer, text),
	evently.publish_event(uuid, uuid, text),
	evently.cancel_event(uuid, uuid, integer, text),
	evently.continue_event_cancellation(uuid, integer),
	evently.get_event(uuid, boolean, uuid),
	evently.get_availability(uuid, boolean),
	evently.get_sections(uuid, boolean),
	evently.get_seat_map(uuid, uuid),
	evently.get_seat_map_page(uuid, boolean, text),
	evently.get_section_seats(uuid, uuid, boolean, boolean),
	evently.get_seat_availability(uuid, text[], boolean),
	evently.list_events(text, text, text, text, text, text, text, text[], text, text, integer, bigint, boolean, uuid),
	evently.list_events_page(text, text, text, text, text, text, text, text[], text, text, integer, integer, integer, boolean, uuid, text),
	evently.list_admin_events_page(uuid, text, text, text, text, text, text, text, text, text[], text, text, integer, integer, integer, text)
TO evently_api;
GRANT EXECUTE ON PROCEDURE evently.finish_event_cancellation(uuid) TO evently_api;
