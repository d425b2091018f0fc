-- Venue templates (venue_template.c).

CREATE TYPE evently.venue_template_detail AS (
	venue_template_id uuid,
	name text,
	description text,
	default_rows integer,
	default_seats_per_row integer,
	layout_type text,
	capacity integer,
	sections evently.venue_section_detail[],
	created_by uuid,
	created_at timestamptz,
	version integer
);
COMMENT ON TYPE evently.venue_template_detail IS
	'A layout without a place, with its sections in order. The defaults are for sections that do not say.';

CREATE TYPE evently.venue_template_page AS (
	venue_templates evently.venue_template_detail[],
	total bigint,
	page integer,
	"limit" integer,
	has_more boolean
);
COMMENT ON TYPE evently.venue_template_page IS 'One page of venue templates, as a REST list answers it.';

CREATE TYPE evently.venue_template_sections AS (
	venue_template_id uuid,
	sections evently.venue_section_detail[]
);
COMMENT ON TYPE evently.venue_template_sections IS 'The sections of a venue template in order.';

CREATE TYPE evently.venue_template_deletion AS (message text, venue_template_id uuid);
COMMENT ON TYPE evently.venue_template_deletion IS 'Answer of delete_venue_template().';

CREATE FUNCTION evently.describe_venue_template(template evently.venue_template) RETURNS evently.venue_template_detail
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT ROW(template.venue_template_id, template.name, template.description, template.default_rows,
		template.default_seats_per_row, template.layout_type, template.capacity,
		evently.describe_sections(template.venue_template_id), template.created_by, template.created_at,
		template.version)::evently.venue_template_detail;
END;
COMMENT ON FUNCTION evently.describe_venue_template(evently.venue_template) IS 'A venue template as functions return it.';

CREATE FUNCTION evently.create_venue_template(name text, description text DEFAULT NULL, default_rows integer DEFAULT NULL,
	default_seats_per_row integer DEFAULT NULL, layout_type text DEFAULT NULL, sections jsonb DEFAULT NULL, created_by uuid DEFAULT NULL,
	idempotency_key text DEFAULT NULL)
RETURNS evently.venue_template_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_create_venue_template';
COMMENT ON FUNCTION evently.create_venue_template(text, text, integer, integer, text, jsonb, uuid, text) IS
'A layout from which create_event() makes events that name it as venue_template_id. sections: as create_venue() takes them; default_rows and default_seats_per_row stand in where a reserved section does not say. layout_type: a word of your own. Errors: VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes venue_template, venue_section, venue_seat, idempotency, outbox.';

CREATE FUNCTION evently.get_venue_template(venue_template_id uuid) RETURNS evently.venue_template_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_venue_template';
COMMENT ON FUNCTION evently.get_venue_template(uuid) IS 'A venue template with its sections. Errors: VE420 VENUE_TEMPLATE_NOT_FOUND, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_venue_template_sections(venue_template_id uuid) RETURNS evently.venue_template_sections
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT ROW(t.venue_template_id, t.sections)::evently.venue_template_sections
	FROM evently.get_venue_template(get_venue_template_sections.venue_template_id) t;
END;
COMMENT ON FUNCTION evently.get_venue_template_sections(uuid) IS
'The sections of a venue template, in order and in one row. Errors: VE420 VENUE_TEMPLATE_NOT_FOUND, VE001 VALIDATION_ERROR. Writes nothing.';

CREATE FUNCTION evently.matching_venue_templates(search text) RETURNS SETOF evently.venue_template
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT t FROM evently.venue_template t
	WHERE matching_venue_templates.search IS NULL
		OR position(lower(matching_venue_templates.search) IN lower(concat_ws(' ', t.name, t.description))) > 0;
END;
COMMENT ON FUNCTION evently.matching_venue_templates(text) IS 'The templates that the filter of list_venue_templates() lets through.';

CREATE FUNCTION evently.list_venue_templates(search text DEFAULT NULL, max_rows integer DEFAULT 20, skip bigint DEFAULT 0)
RETURNS SETOF evently.venue_template_detail
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT evently.describe_venue_template(t) FROM evently.matching_venue_templates(list_venue_templates.search) t
	ORDER BY lower(t.name), t.venue_template_id
	LIMIT evently.require_count(max_rows, 'max_rows') OFFSET evently.require_count(skip, 'skip');
END;
COMMENT ON FUNCTION evently.list_venue_templates(text, integer, bigint) IS
'Venue templates by name. search: part of name or description, % and _ being plain characters. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.list_venue_templates_page(search text DEFAULT NULL, page integer DEFAULT NULL, "limit" integer DEFAULT NULL,
	"offset" integer DEFAULT NULL)
RETURNS evently.venue_template_page
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT ROW(ARRAY(SELECT t FROM evently.list_venue_templates(list_venue_templates_page.search, p.rows, p.skip) t),
		t.total, evently.page_number(page, "limit", "offset"), p.rows, p.skip + p.rows < t.total)::evently.venue_template_page
	FROM (SELECT evently.page_limit(page, "limit", "offset"), evently.page_offset(page, "limit", "offset")) AS p (rows, skip),
		LATERAL (SELECT count(*) FROM evently.matching_venue_templates(list_venue_templates_page.search)) AS t (total);
END;
COMMENT ON FUNCTION evently.list_venue_templates_page(text, integer, integer, integer) IS
'One page of list_venue_templates(). page from 1, or offset; limit 20 by default, 100 at most. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.update_venue_template(venue_template_id uuid, name text DEFAULT NULL, description text DEFAULT NULL,
	default_rows integer DEFAULT NULL, default_seats_per_row integer DEFAULT NULL, layout_type text DEFAULT NULL,
	version integer DEFAULT NULL, actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.venue_template_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_update_venue_template';
COMMENT ON FUNCTION evently.update_venue_template(uuid, text, text, integer, integer, text, integer, uuid, text) IS
'Changes what is not null; sections have functions of their own, and events that exist keep what they copied. version, when given, must be the present one. Errors: VE420 VENUE_TEMPLATE_NOT_FOUND, VE408 CONCURRENT_UPDATE, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the template. Writes venue_template, idempotency, outbox.';

CREATE FUNCTION evently.delete_venue_template(venue_template_id uuid, actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.venue_template_deletion
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_delete_venue_template';
COMMENT ON FUNCTION evently.delete_venue_template(uuid, uuid, text) IS
'Deletes a venue template; events made from it keep what they copied. Errors: VE420 VENUE_TEMPLATE_NOT_FOUND, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the template. Writes venue_template, venue_section, venue_seat, idempotency, outbox.';

GRANT EXECUTE ON FUNCTION
	evently.create_venue_template(text, text, integer, integer, text, jsonb, uuid, text),
	evently.get_venue_template(uuid),
	evently.get_venue_template_sections(uuid),
	evently.list_venue_templates(text, integer, bigint),
	evently.list_venue_templates_page(text, integer, integer, integer),
	evently.update_venue_template(uuid, text, text, integer, integer, text, integer, uuid, text),
	evently.delete_venue_template(uuid, uuid, text)
TO evently_api;
