-- Layouts: sections and seats of venues, of venue templates, and of single events (layout*.c).

CREATE TYPE evently.layout_seat_detail AS (
	seat_id text,
	id uuid,
	section_id uuid,
	section text,
	"row" text,
	number integer,
	x numeric,
	y numeric,
	accessible boolean
);
COMMENT ON TYPE evently.layout_seat_detail IS 'A seat of a layout. seat_id is its label, unique in the layout; id its UUID.';

CREATE TYPE evently.section_deletion AS (message text, section_id uuid);
COMMENT ON TYPE evently.section_deletion IS 'Answer of delete_section().';

CREATE TYPE evently.seat_deletion AS (message text, id uuid);
COMMENT ON TYPE evently.seat_deletion IS 'Answer of delete_seat().';

CREATE TYPE evently.seat_map_import AS (
	layout_id uuid,
	section_count integer,
	seat_count integer,
	capacity integer,
	sections evently.venue_section_detail[]
);
COMMENT ON TYPE evently.seat_map_import IS 'Answer of import_seat_map(): the layout of the venue or template as it is now.';

CREATE FUNCTION evently.row_label("row" integer) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'evently_row_label';
COMMENT ON FUNCTION evently.row_label(integer) IS 'The letter of a row: 0 is A, 25 Z, 26 AA. Errors: VE001 VALIDATION_ERROR below 0.';

CREATE FUNCTION evently.describe_section(section evently.venue_section) RETURNS evently.venue_section_detail
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT ROW(section.section_id, section.name, section.kind, section.capacity, section.price_multiplier,
		section.description)::evently.venue_section_detail;
END;
COMMENT ON FUNCTION evently.describe_section(evently.venue_section) IS 'A section of a layout as functions return it.';

CREATE FUNCTION evently.describe_sections(layout_id uuid) RETURNS evently.venue_section_detail[]
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT ARRAY(SELECT evently.describe_section(s) FROM evently.venue_section s
		WHERE s.venue_id = describe_sections.layout_id ORDER BY s.ordinal);
END;
COMMENT ON FUNCTION evently.describe_sections(uuid) IS 'The sections of a layout, in order.';

CREATE FUNCTION evently.describe_layout_seat(seat evently.venue_seat) RETURNS evently.layout_seat_detail
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT ROW(seat.label, seat.seat_id, seat.section_id,
		(SELECT s.name FROM evently.venue_section s WHERE s.section_id = seat.section_id),
		seat.row_label, seat.number, seat.x, seat.y, seat.accessible)::evently.layout_seat_detail;
END;
COMMENT ON FUNCTION evently.describe_layout_seat(evently.venue_seat) IS 'A seat of a layout as functions return it.';

CREATE FUNCTION evently.list_sections(venue_id uuid DEFAULT NULL, venue_template_id uuid DEFAULT NULL)
RETURNS SETOF evently.venue_section_detail
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT d.* FROM evently.venue_section s, LATERAL evently.describe_section(s) d
	WHERE s.venue_id = coalesce(list_sections.venue_template_id, list_sections.venue_id)
	ORDER BY s.ordinal;
END;
COMMENT ON FUNCTION evently.list_sections(uuid, uuid) IS
'The sections of a venue or of a venue template, in order. No row for an unknown one.';

CREATE FUNCTION evently.create_section(venue_id uuid DEFAULT NULL, venue_template_id uuid DEFAULT NULL, name text DEFAULT NULL,
	description text DEFAULT NULL, kind text DEFAULT NULL, rows integer DEFAULT NULL, seats_per_row integer DEFAULT NULL,
	row_start text DEFAULT NULL, row_end text DEFAULT NULL, total_seats integer DEFAULT NULL, capacity integer DEFAULT NULL,
	price_multiplier numeric DEFAULT NULL, accessible_seats text[] DEFAULT NULL, seats jsonb DEFAULT NULL,
	actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.venue_section_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_create_section';
COMMENT ON FUNCTION evently.create_section(uuid, uuid, text, text, text, integer, integer, text, text, integer, integer, numeric, text[], jsonb, uuid, text) IS
'Adds a section to a venue or a venue template (one of the two is named), behind the others. The arguments are those of a section of create_venue(); a template''s defaults stand in for rows and seats_per_row. Labels carry the section''s name where it shares a row with another section. Events that exist keep what they copied. Errors: VE409 VENUE_NOT_FOUND, VE420 VENUE_TEMPLATE_NOT_FOUND, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the venue or template. Writes venue_section, venue_seat, venue or venue_template, idempotency, outbox.';

CREATE FUNCTION evently.update_section(section_id uuid, name text DEFAULT NULL, description text DEFAULT NULL, rows integer DEFAULT NULL,
	seats_per_row integer DEFAULT NULL, row_start text DEFAULT NULL, row_end text DEFAULT NULL, total_seats integer DEFAULT NULL,
	capacity integer DEFAULT NULL, price_multiplier numeric DEFAULT NULL, accessible_seats text[] DEFAULT NULL, seats jsonb DEFAULT NULL,
	actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.venue_section_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_update_section';
COMMENT ON FUNCTION evently.update_section(uuid, text, text, integer, integer, text, text, integer, integer, numeric, text[], jsonb, uuid, text) IS
'Changes what is not null of a section of a venue or a venue template. With rows, seats_per_row, row_start, row_end, total_seats, accessible_seats or seats its seats are made anew; without, they and their labels stay. capacity: general sections only. Events that exist keep what they copied. Errors: VE105 SECTION_NOT_FOUND, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the venue or template. Writes venue_section, venue_seat, venue or venue_template, idempotency, outbox.';

CREATE FUNCTION evently.delete_section(section_id uuid, actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.section_deletion
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_delete_section';
COMMENT ON FUNCTION evently.delete_section(uuid, uuid, text) IS
'Deletes a section of a venue or a venue template, with its seats. Events that exist keep what they copied. Errors: VE105 SECTION_NOT_FOUND, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the venue or template. Writes venue_section, venue_seat, venue or venue_template, idempotency, outbox.';

CREATE FUNCTION evently.import_seat_map(venue_id uuid DEFAULT NULL, venue_template_id uuid DEFAULT NULL, sections jsonb DEFAULT NULL,
	csv text DEFAULT NULL, replace boolean DEFAULT false, actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.seat_map_import
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_import_seat_map';
COMMENT ON FUNCTION evently.import_seat_map(uuid, uuid, jsonb, text, boolean, uuid, text) IS
'Adds sections and seats to a venue or a venue template (one of the two is named); with replace, in place of all that it has. sections: as create_venue() takes them; a section with "seats": [{"row": "A", "number": 1, "x": 0, "y": 0, "accessible": false, "label": "A-1"}] has exactly these. csv: a header line that names the columns, then a line for each seat; section, row and number are required, x and y (together), accessible, label and price_multiplier (of the section, its first line counts) are not; fields may be quoted. Seats are put in natural order; without x and y they stand in rows. All or nothing. Errors: VE409 VENUE_NOT_FOUND, VE420 VENUE_TEMPLATE_NOT_FOUND, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR, whose DETAIL names field and line, or field, section and seat. Locks the venue or template. Writes venue_section, venue_seat, venue or venue_template, idempotency, outbox.';

CREATE FUNCTION evently.get_seat(seat_id uuid) RETURNS evently.layout_seat_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_seat';
COMMENT ON FUNCTION evently.get_seat(uuid) IS 'A seat of a layout, by its UUID. Errors: VE103 SEAT_NOT_FOUND, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.list_section_seats(section_id uuid) RETURNS SETOF evently.layout_seat_detail
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT d.* FROM evently.venue_seat s, LATERAL evently.describe_layout_seat(s) d
	WHERE s.section_id = list_section_seats.section_id ORDER BY s.ordinal;
END;
COMMENT ON FUNCTION evently.list_section_seats(uuid) IS
'The seats of a section of a layout, in natural order. Who has them at an event: get_seat_map(event_id, section_id).';

CREATE FUNCTION evently.update_seat(seat_id uuid, label text DEFAULT NULL, x numeric DEFAULT NULL, y numeric DEFAULT NULL,
	accessible boolean DEFAULT NULL, actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.layout_seat_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_update_seat';
COMMENT ON FUNCTION evently.update_seat(uuid, text, numeric, numeric, boolean, uuid, text) IS
'Changes what is not null of a seat of a venue''s or a venue template''s layout; its row, number and place in the order stay. Events that exist keep what they copied. Errors: VE103 SEAT_NOT_FOUND, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the venue or template. Writes venue_seat, venue or venue_template, idempotency, outbox.';

CREATE FUNCTION evently.delete_seat(seat_id uuid, actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.seat_deletion
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_delete_seat';
COMMENT ON FUNCTION evently.delete_seat(uuid, uuid, text) IS
'Deletes a seat of a venue''s or a venue template''s layout, unless it is the last of its section; its neighbours are not beside each other then. Events that exist keep what they copied. Errors: VE103 SEAT_NOT_FOUND, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the venue or template. Writes venue_seat, venue_section, venue or venue_template, idempotency, outbox.';

GRANT EXECUTE ON FUNCTION
	evently.list_sections(uuid, uuid),
	evently.create_section(uuid, uuid, text, text, text, integer, integer, text, text, integer, integer, numeric, text[], jsonb, uuid, text),
	evently.update_section(uuid, text, text, integer, integer, text, text, integer, integer, numeric, text[], jsonb, uuid, text),
	evently.delete_section(uuid, uuid, text),
	evently.import_seat_map(uuid, uuid, jsonb, text, boolean, uuid, text),
	evently.get_seat(uuid),
	evently.list_section_seats(uuid),
	evently.update_seat(uuid, text, numeric, numeric, boolean, uuid, text),
	evently.delete_seat(uuid, uuid, text)
TO evently_api;
