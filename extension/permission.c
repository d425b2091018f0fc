/*
 * permission.c
 *		Who may do what with an event of others.
 */
#include "postgres.h"

#include "account.h"
#include "args.h"
#include "errors.h"
#include "id.h"
#include "permission.h"
#include "tuple.h"

/* What lets an administrator do it with every event. */
#define FOR_ALL_EVENTS                                                                                      \
	"CASE WHEN $2 = 'events:own' THEN ARRAY['events:any'] WHEN $2 IS NOT NULL THEN ARRAY['events:any', $2]" \
	" ELSE ARRAY['events:any', 'bookings:read', 'analytics:read'] END"

EV_STATEMENT(may_with_all,
			 "SELECT 1 FROM evently.account a"
			 " WHERE a.account_id = $1 AND a.role = 'admin' AND a.is_active AND a.permissions && " FOR_ALL_EVENTS,
			 UUIDOID, TEXTOID);

EV_STATEMENT(may_with_event,
			 "SELECT 1 FROM evently.event e WHERE e.event_id = $3 AND CASE WHEN e.organiser_id IS NULL"
			 " THEN e.created_by = $1"
			 " ELSE EXISTS (SELECT FROM evently.organiser_member m WHERE m.organiser_id = e.organiser_id"
			 "                 AND m.account_id = $1 AND ($2 IS NULL OR $2 = ANY (m.permissions))) END",
			 UUIDOID, TEXTOID, UUIDOID);

EV_STATEMENT(may_in_team,
			 "SELECT 1 FROM evently.organiser_member m WHERE m.organiser_id = $3 AND m.account_id = $1"
			 "    AND ($2 IS NULL OR $2 = ANY (m.permissions))",
			 UUIDOID, TEXTOID, UUIDOID);

EV_STATEMENT(sort_texts,
			 "SELECT ARRAY(SELECT DISTINCT t FROM unnest($1) t ORDER BY t)",
			 TEXTARRAYOID);

static void
forbid(const char *permission, const char *what)
{
	bool of_owner = permission == NULL || strcmp(permission, "events:own") == 0;

	ev_raise(EV_FORBIDDEN, ev_detail_text(ev_detail(), "permission", of_owner ? "events:any" : permission), NULL,
			 "the %s belongs to somebody else", what);
}

static EvArg
maybe_text(const char *text)
{
	return text == NULL ? ev_null() : ev_text(text);
}

static bool
may(const pg_uuid_t *actor_id, const pg_uuid_t *event_id, const char *permission)
{
	return ev_query(&may_with_event, ev_uuid(actor_id), maybe_text(permission), ev_uuid(event_id)) > 0;
}

void
ev_require_event_permission(const pg_uuid_t *actor_id, const pg_uuid_t *event_id, const char *permission)
{
	if (actor_id != NULL && !may(actor_id, event_id, permission))
		ev_require_permission(actor_id, permission, "event");
}

void
ev_require_reader(const pg_uuid_t *actor_id, const pg_uuid_t *user_id, const pg_uuid_t *event_id, const char *what)
{
	if (actor_id == NULL || ev_same_id(actor_id, user_id) || may(actor_id, event_id, "bookings:read"))
		return;
	ev_require_permission(actor_id, "bookings:read", what);
}

void
ev_require_permission(const pg_uuid_t *actor_id, const char *permission, const char *what)
{
	if (actor_id != NULL && ev_query(&may_with_all, ev_uuid(actor_id), maybe_text(permission)) == 0)
		forbid(permission, what);
}

void
ev_require_member(const pg_uuid_t *actor_id, const pg_uuid_t *organiser_id, const char *permission)
{
	if (actor_id != NULL &&
		ev_query(&may_in_team, ev_uuid(actor_id), maybe_text(permission), ev_uuid(organiser_id)) == 0)
		ev_require_permission(actor_id, "events:own", "organiser");
}

EvArg
ev_permissions(Datum given, const char *words)
{
	int n;
	char **permissions = ev_texts_of(given, "permissions", &n);

	for (int i = 0; i < n; i++)
	{
		ev_require_given(permissions[i] != NULL, "permissions");
		permissions[i] = ev_word(permissions[i], "permissions", words);
	}
	ev_query(&sort_texts, ev_text_array(permissions, n));
	return ev_datum(ev_copied_value(0, 1));
}
