-- Venues (venue.c).

CREATE TYPE evently.venue_deletion AS (message text, venue_id uuid);
COMMENT ON TYPE evently.venue_deletion IS 'Answer of delete_venue().';

CREATE FUNCTION evently.describe_venue(venue evently.venue) RETURNS evently.venue_detail
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT ROW(venue.venue_id, venue.name, venue.address, venue.city, venue.state, venue.country, venue.postal_code,
		venue.capacity, venue.layout_config,
		evently.describe_sections(venue.venue_id),
		venue.created_at, venue.version)::evently.venue_detail;
END;
COMMENT ON FUNCTION evently.describe_venue(evently.venue) IS 'A venue as functions return it.';

CREATE FUNCTION evently.create_venue(name text, address text DEFAULT NULL, city text DEFAULT NULL, state text DEFAULT NULL,
	country text DEFAULT NULL, postal_code text DEFAULT NULL, capacity integer DEFAULT NULL, layout_config jsonb DEFAULT NULL,
	sections jsonb DEFAULT NULL, created_by uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.venue_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_create_venue';
COMMENT ON FUNCTION evently.create_venue(text, text, text, text, text, text, integer, jsonb, jsonb, uuid, text) IS
'A venue. sections: array of {"name", "kind": "reserved", "rows", "seats_per_row", "row_start": "A", "row_end", "total_seats", "accessible_seats": ["A-1"], "price_multiplier": 1, "description"}, {"name", "kind": "reserved", "seats": [{"row", "number", "x", "y", "accessible", "label"}]} or {"name", "kind": "general", "capacity", "price_multiplier"}; their seats are made at once, labelled A-1, or VIP-A-1 where sections share rows. row_end or total_seats tell the rows too (10 seats each by default; the last may be shorter). With sections the capacity is theirs. Errors: VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes venue, venue_section, venue_seat, outbox, idempotency.';

CREATE FUNCTION evently.get_venue(venue_id uuid) RETURNS evently.venue_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_venue';
COMMENT ON FUNCTION evently.get_venue(uuid) IS 'A venue with its sections. Errors: VE409 VENUE_NOT_FOUND, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.matching_venues(city text, search text) RETURNS SETOF evently.venue
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT v FROM evently.venue v
	WHERE (matching_venues.city IS NULL OR lower(v.city) = lower(matching_venues.city))
		AND (matching_venues.search IS NULL
			OR position(lower(matching_venues.search) IN lower(concat_ws(' ', v.name, v.city, v.address))) > 0);
END;
COMMENT ON FUNCTION evently.matching_venues(text, text) IS 'The venues that the filters of list_venues() let through.';

CREATE FUNCTION evently.list_venues(city text DEFAULT NULL, search text DEFAULT NULL, max_rows integer DEFAULT 20, skip bigint DEFAULT 0)
RETURNS SETOF evently.venue_detail
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT evently.describe_venue(v) FROM evently.matching_venues(list_venues.city, list_venues.search) v
	ORDER BY lower(v.name), v.venue_id
	LIMIT evently.require_count(max_rows, 'max_rows') OFFSET evently.require_count(skip, 'skip');
END;
COMMENT ON FUNCTION evently.list_venues(text, text, integer, bigint) IS
'Venues by name. city: equal without case; search: part of name, city or address, % and _ being plain characters. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.list_venues_page(city text DEFAULT NULL, search text DEFAULT NULL, page integer DEFAULT NULL,
	"limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL)
RETURNS evently.venue_page
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT ROW(ARRAY(SELECT v FROM evently.list_venues(list_venues_page.city, list_venues_page.search, p.rows, p.skip) v),
		t.total, evently.page_number(page, "limit", "offset"), p.rows, p.skip + p.rows < t.total)::evently.venue_page
	FROM (SELECT evently.page_limit(page, "limit", "offset"), evently.page_offset(page, "limit", "offset")) AS p (rows, skip),
		LATERAL (SELECT count(*) FROM evently.matching_venues(list_venues_page.city, list_venues_page.search)) AS t (total);
END;
COMMENT ON FUNCTION evently.list_venues_page(text, text, integer, integer, integer) IS
'One page of list_venues(). page from 1, or offset; limit 20 by default, 100 at most. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.update_venue(venue_id uuid, name text DEFAULT NULL, address text DEFAULT NULL, city text DEFAULT NULL,
	state text DEFAULT NULL, country text DEFAULT NULL, postal_code text DEFAULT NULL, capacity integer DEFAULT NULL,
	layout_config jsonb DEFAULT NULL, version integer DEFAULT NULL, actor_id uuid DEFAULT NULL,
	idempotency_key text DEFAULT NULL)
RETURNS evently.venue_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_update_venue';
COMMENT ON FUNCTION evently.update_venue(uuid, text, text, text, text, text, text, integer, jsonb, integer, uuid, text) IS
'Changes what is not null; existing events keep what they copied. version, when given, must be the present one. Errors: VE409 VENUE_NOT_FOUND, VE408 CONCURRENT_UPDATE, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes venue, outbox, idempotency.';

CREATE FUNCTION evently.delete_venue(venue_id uuid, actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.venue_deletion
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_delete_venue';
COMMENT ON FUNCTION evently.delete_venue(uuid, uuid, text) IS
'Deletes a venue that no event uses. Errors: VE409 VENUE_NOT_FOUND, VE410 VENUE_IN_USE, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes venue, venue_section, venue_seat, outbox, idempotency.';

GRANT EXECUTE ON FUNCTION
	evently.create_venue(text, text, text, text, text, text, integer, jsonb, jsonb, uuid, text),
	evently.get_venue(uuid),
	evently.list_venues(text, text, integer, bigint),
	evently.list_venues_page(text, text, integer, integer, integer),
	evently.update_venue(uuid, text, text, text, text, text, text, integer, jsonb, integer, uuid, text),
	evently.delete_venue(uuid, uuid, text)
TO evently_api;
