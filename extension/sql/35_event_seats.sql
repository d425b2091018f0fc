-- Seats of an event (event_seats.c), and its layout for drawing.

CREATE TYPE evently.section_layout AS (
	section_id uuid,
	name text,
	kind text,
	capacity integer,
	price numeric,
	min_x numeric,
	min_y numeric,
	max_x numeric,
	max_y numeric,
	focal_x numeric,
	focal_y numeric,
	seats evently.layout_seat_detail[]
);
COMMENT ON TYPE evently.section_layout IS
	'A section to be drawn: its bounds, the middle of its front, its seats in natural order. No bounds and no seats in a general section.';

CREATE TYPE evently.event_layout AS (
	event_id uuid,
	currency text,
	min_x numeric,
	min_y numeric,
	max_x numeric,
	max_y numeric,
	layout_config jsonb,
	sections evently.section_layout[]
);
COMMENT ON TYPE evently.event_layout IS
	'Sections and seats of an event with their coordinates; x grows to the right, y away from the stage. layout_config is the venue''s.';

CREATE FUNCTION evently.generate_seats(event_id uuid, rows integer DEFAULT NULL, seats_per_row integer DEFAULT NULL,
	sections jsonb DEFAULT NULL, csv text DEFAULT NULL, actor_id uuid DEFAULT NULL, version integer DEFAULT NULL,
	idempotency_key text DEFAULT NULL)
RETURNS evently.event_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_generate_seats';
COMMENT ON FUNCTION evently.generate_seats(uuid, integer, integer, jsonb, text, uuid, integer, text) IS
'Gives an event of general admission, of which nothing was sold yet, seats in the place of its sections: rows of seats_per_row (10 by default), or without rows as many as its capacity fills; or those of a seat map: sections as create_venue() takes them, or csv, a header line that names the columns, then a line for each seat (section, row and number; x and y, accessible, label, price_multiplier where you like). The capacity is that of the seats. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE408 CONCURRENT_UPDATE, VE421 SEAT_MAP_EXISTS, VE405 EVENT_NOT_MODIFIABLE (holds, bookings, a waitlist, ticket types, cancelled, completed), VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes event, event_section, event_seat, stock, venue_section, venue_seat, hold, idempotency, outbox.';

CREATE FUNCTION evently.get_event_layout(event_id uuid, published_only boolean DEFAULT false) RETURNS evently.event_layout
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	-- May it be seen? Its mark is that of all: what follows has a later snapshot.
	SELECT e.event_id FROM evently.get_event(get_event_layout.event_id, get_event_layout.published_only) e;
	SELECT ROW(e.event_id, e.currency, b.min_x, b.min_y, b.max_x, b.max_y,
		(SELECT v.layout_config FROM evently.venue v WHERE v.venue_id = e.venue_id),
		ARRAY(SELECT ROW(c.section_id, c.name, c.kind, c.capacity, c.price, s.min_x, s.min_y, s.max_x, s.max_y,
				c.focal_x, c.focal_y, coalesce(s.seats, '{}'))::evently.section_layout
			FROM evently.event_section c
			LEFT JOIN (
				SELECT t.section_id, min(t.x) AS min_x, min(t.y) AS min_y, max(t.x) AS max_x, max(t.y) AS max_y,
					array_agg(ROW(t.label, t.seat_id, t.section_id, n.name, t.row_label, t.number, t.x, t.y,
						t.accessible)::evently.layout_seat_detail ORDER BY t.ordinal) AS seats
				FROM evently.event_seat t
				JOIN evently.event_section n ON n.event_id = t.event_id AND n.section_id = t.section_id
				WHERE t.event_id = get_event_layout.event_id GROUP BY t.section_id) s ON s.section_id = c.section_id
			WHERE c.event_id = e.event_id ORDER BY c.ordinal))::evently.event_layout
	FROM evently.event e,
		LATERAL (SELECT min(t.x) AS min_x, min(t.y) AS min_y, max(t.x) AS max_x, max(t.y) AS max_y
			FROM evently.event_seat t WHERE t.event_id = e.event_id) b
	WHERE e.event_id = get_event_layout.event_id;
END;
COMMENT ON FUNCTION evently.get_event_layout(uuid, boolean) IS
'Where the sections and seats of an event are, to be drawn: it changes only with the event''s version; who has the seats tells get_seat_map(). published_only hides drafts, inactive and cancelled events. Errors: VE401 EVENT_NOT_FOUND, VE001 VALIDATION_ERROR. Writes nothing.';

GRANT EXECUTE ON FUNCTION
	evently.generate_seats(uuid, integer, integer, jsonb, text, uuid, integer, text),
	evently.get_event_layout(uuid, boolean)
TO evently_api;
