/*
 * tag.c
 *		Tags: what the slugs in events' tags stand for.
 *
 * An event carries slugs, known here or not, so a tag's slug never changes and deleting a tag changes no event.
 */
#include "postgres.h"

#include "fmgr.h"

#include "args.h"
#include "errors.h"
#include "event_check.h"
#include "id.h"
#include "idempotency.h"
#include "outbox.h"
#include "render.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_create_tag);
PG_FUNCTION_INFO_V1(evently_get_tag);
PG_FUNCTION_INFO_V1(evently_get_tag_by_slug);
PG_FUNCTION_INFO_V1(evently_update_tag);
PG_FUNCTION_INFO_V1(evently_delete_tag);

EV_STATEMENT(slug_of,
			 "SELECT s.slug, s.slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(s.slug) <= $3"
			 "  FROM (SELECT coalesce($1, btrim(regexp_replace(lower($2), '[^a-z0-9]+', '-', 'g'), '-')) AS slug) s",
			 TEXTOID, TEXTOID, INT4OID);

EV_STATEMENT(insert_tag,
			 "INSERT INTO evently.tag (tag_id, slug, name, description, is_active, created_at)"
			 " VALUES ($1, $2, $3, $4, coalesce($5, true), clock_timestamp()) ON CONFLICT (slug) DO NOTHING",
			 UUIDOID, TEXTOID, TEXTOID, TEXTOID, BOOLOID);

EV_STATEMENT(tag_detail,
			 "SELECT evently.describe_tag(t) FROM evently.tag t WHERE t.tag_id = $1",
			 UUIDOID);

EV_STATEMENT(tag_of_slug,
			 "SELECT evently.describe_tag(t) FROM evently.tag t WHERE t.slug = $1 AND (t.is_active OR NOT $2)",
			 TEXTOID, BOOLOID);

EV_STATEMENT(lock_tag,
			 "SELECT version FROM evently.tag WHERE tag_id = $1 FOR UPDATE",
			 UUIDOID);

EV_STATEMENT(update_tag,
			 "UPDATE evently.tag SET name = coalesce($2, name), description = coalesce($3, description),"
			 " is_active = coalesce($4, is_active), version = version + 1 WHERE tag_id = $1",
			 UUIDOID, TEXTOID, TEXTOID, BOOLOID);

EV_STATEMENT(delete_tag,
			 "DELETE FROM evently.tag WHERE tag_id = $1",
			 UUIDOID);

EV_STATEMENT(replay_tag,
			 "SELECT json_populate_record(NULL::evently.tag_detail, $1)",
			 JSONOID);

static const EvOperation create_operation = {"create_tag", &replay_tag};
static const EvOperation update_operation = {"update_tag", &replay_tag};
static const EvOperation delete_operation = {"delete_tag", &replay_tag};

static void
tag_not_found(EvDetail *detail)
{
	ev_raise(EV_TAG_NOT_FOUND, detail, NULL, "tag not found");
}

static Datum
detail_of(const pg_uuid_t *tag_id)
{
	if (ev_query(&tag_detail, ev_uuid(tag_id)) == 0)
		tag_not_found(ev_detail_uuid(ev_detail(), "tag_id", tag_id));
	return ev_copied_value(0, 1);
}

static Datum
tell(const pg_uuid_t *tag_id, const char *type, const pg_uuid_t *actor_id, Datum detail)
{
	ev_outbox_add(NULL, "TAG", tag_id, type, actor_id, ev_render(detail));
	return detail;
}

static void
lock(const pg_uuid_t *tag_id, EvArg version)
{
	EvDetail *detail = ev_detail_uuid(ev_detail(), "tag_id", tag_id);

	if (ev_query(&lock_tag, ev_uuid(tag_id)) == 0)
		tag_not_found(detail);
	ev_require_version(version, ev_get_int(0, 1), detail, "tag");
}

/* The arguments from first on: name, description. */
static void
require_fields(FunctionCallInfo fcinfo, int first)
{
	ev_require_name(fcinfo, first, "name", 100);
	ev_require_length(fcinfo, first + 1, "description", 2000);
}

static Datum
create(FunctionCallInfo fcinfo)
{
	pg_uuid_t tag_id = ev_new_id(NULL);
	char *slug;

	(void) ev_required_text(fcinfo, 0, "name");
	require_fields(fcinfo, 0);
	ev_query(&slug_of, ev_arg(2), ev_arg(0), ev_int(EV_TAG_LENGTH));
	slug = ev_get_text(0, 1);
	if (!ev_get_bool(0, 2))
		ev_invalid("slug", "slug must be words of a to z and 0 to 9 with - between them, %d characters at most",
				   EV_TAG_LENGTH);
	if (ev_query(&insert_tag, ev_uuid(&tag_id), ev_text(slug), ev_arg(0), ev_arg(1), ev_arg(3)) == 0)
		ev_raise(EV_TAG_EXISTS, ev_detail_text(ev_detail(), "slug", slug), NULL, "there is a tag of this slug");
	return tell(&tag_id, "TAG_CREATED", ev_uuid_argument(fcinfo, 4), detail_of(&tag_id));
}

/* create_tag(name, description, slug, is_active, actor_id, idempotency_key) */
Datum
evently_create_tag(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &create_operation, NULL, ev_uuid_argument(fcinfo, 4), create)));
}

/* get_tag(tag_id) */
Datum
evently_get_tag(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(detail_of(ev_required_uuid(fcinfo, 0, "tag_id"))));
}

/* get_tag_by_slug(slug, active_only) */
Datum
evently_get_tag_by_slug(PG_FUNCTION_ARGS)
{
	char *slug;

	ev_begin(EV_READS);
	slug = ev_required_text(fcinfo, 0, "slug");
	if (ev_query(&tag_of_slug, ev_text(slug), ev_bool(!PG_ARGISNULL(1) && PG_GETARG_BOOL(1))) == 0)
		tag_not_found(ev_detail_text(ev_detail(), "slug", slug));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}

static Datum
update(FunctionCallInfo fcinfo)
{
	pg_uuid_t *tag_id = ev_required_uuid(fcinfo, 0, "tag_id");

	require_fields(fcinfo, 1);
	lock(tag_id, ev_arg(4));
	ev_query(&update_tag, ev_uuid(tag_id), ev_arg(1), ev_arg(2), ev_arg(3));
	return tell(tag_id, "TAG_UPDATED", ev_uuid_argument(fcinfo, 5), detail_of(tag_id));
}

/* update_tag(tag_id, name, description, is_active, version, actor_id, idempotency_key) */
Datum
evently_update_tag(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &update_operation, NULL, ev_uuid_argument(fcinfo, 5), update)));
}

static Datum
remove_tag(FunctionCallInfo fcinfo)
{
	pg_uuid_t *tag_id = ev_required_uuid(fcinfo, 0, "tag_id");
	Datum detail;

	lock(tag_id, ev_null());
	detail = detail_of(tag_id);
	ev_query(&delete_tag, ev_uuid(tag_id));
	return tell(tag_id, "TAG_DELETED", ev_uuid_argument(fcinfo, 1), detail);
}

/* delete_tag(tag_id, actor_id, idempotency_key): events keep the slug */
Datum
evently_delete_tag(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &delete_operation, NULL, ev_uuid_argument(fcinfo, 1), remove_tag)));
}
