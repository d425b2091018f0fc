-- Tags (tag.c).

CREATE TYPE evently.tag_detail AS (
	tag_id uuid,
	slug text,
	name text,
	description text,
	is_active boolean,
	created_at timestamptz,
	version integer
);
COMMENT ON TYPE evently.tag_detail IS 'What a slug in the tags of events stands for. is_active: shown to buyers.';

CREATE TYPE evently.tag_page AS (
	tags evently.tag_detail[],
	total bigint,
	page integer,
	"limit" integer,
	has_more boolean
);
COMMENT ON TYPE evently.tag_page IS 'One page of tags, as a REST list answers it.';

CREATE FUNCTION evently.describe_tag(tag evently.tag) RETURNS evently.tag_detail
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT ROW(tag.tag_id, tag.slug, tag.name, tag.description, tag.is_active, tag.created_at, tag.version)::evently.tag_detail;
END;
COMMENT ON FUNCTION evently.describe_tag(evently.tag) IS 'A tag as functions return it.';

CREATE FUNCTION evently.create_tag(name text, description text DEFAULT NULL, slug text DEFAULT NULL, is_active boolean DEFAULT NULL,
	actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.tag_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_create_tag';
COMMENT ON FUNCTION evently.create_tag(text, text, text, boolean, uuid, text) IS
'A tag. slug, by which events carry it: words of a to z and 0 to 9 with - between them, 50 characters at most, made from the name by default; it never changes. Active unless is_active is false. Errors: VE423 TAG_EXISTS, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes tag, idempotency, outbox.';

CREATE FUNCTION evently.get_tag(tag_id uuid) RETURNS evently.tag_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_tag';
COMMENT ON FUNCTION evently.get_tag(uuid) IS 'A tag. Errors: VE422 TAG_NOT_FOUND, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_tag_by_slug(slug text, active_only boolean DEFAULT false) RETURNS evently.tag_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_tag_by_slug';
COMMENT ON FUNCTION evently.get_tag_by_slug(text, boolean) IS
'The tag of that slug; with active_only one that is not active is not found. Errors: VE422 TAG_NOT_FOUND, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.list_tags_page(active_only boolean DEFAULT false, page integer DEFAULT NULL, "limit" integer DEFAULT NULL,
	"offset" integer DEFAULT NULL)
RETURNS evently.tag_page
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT ROW(ARRAY(SELECT evently.describe_tag(t) FROM evently.tag t WHERE t.is_active OR NOT coalesce(list_tags_page.active_only, false)
			ORDER BY t.slug LIMIT p.rows OFFSET p.skip),
		c.total, evently.page_number(page, "limit", "offset"), p.rows, p.skip + p.rows < c.total)::evently.tag_page
	FROM (SELECT evently.page_limit(page, "limit", "offset"), evently.page_offset(page, "limit", "offset")) AS p (rows, skip),
		LATERAL (SELECT count(*) FROM evently.tag t
			WHERE t.is_active OR NOT coalesce(list_tags_page.active_only, false)) AS c (total);
END;
COMMENT ON FUNCTION evently.list_tags_page(boolean, integer, integer, integer) IS
'One page of tags by slug. page from 1, or offset; limit 20 by default, 100 at most. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.update_tag(tag_id uuid, name text DEFAULT NULL, description text DEFAULT NULL, is_active boolean DEFAULT NULL,
	version integer DEFAULT NULL, actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.tag_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_update_tag';
COMMENT ON FUNCTION evently.update_tag(uuid, text, text, boolean, integer, uuid, text) IS
'Changes what is not null. version, when given, must be the present one. Errors: VE422 TAG_NOT_FOUND, VE408 CONCURRENT_UPDATE, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the tag. Writes tag, idempotency, outbox.';

CREATE FUNCTION evently.delete_tag(tag_id uuid, actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.tag_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_delete_tag';
COMMENT ON FUNCTION evently.delete_tag(uuid, uuid, text) IS
'Deletes a tag and returns what it was; events keep the slug. Errors: VE422 TAG_NOT_FOUND, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the tag. Writes tag, idempotency, outbox.';

GRANT EXECUTE ON FUNCTION
	evently.create_tag(text, text, text, boolean, uuid, text),
	evently.get_tag(uuid),
	evently.get_tag_by_slug(text, boolean),
	evently.list_tags_page(boolean, integer, integer, integer),
	evently.update_tag(uuid, text, text, boolean, integer, uuid, text),
	evently.delete_tag(uuid, uuid, text)
TO evently_api;
