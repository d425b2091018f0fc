/*
 * organiser.c
 *		Organisers: teams whose members manage events together.
 *
 * A change locks the organiser's row; who gives an event to an organiser keeps the row until his commit, so none is deleted
 * that an event is about to belong to. Invariant: a team that has members has one who may manage them.
 */
#include "postgres.h"

#include "fmgr.h"

#include "args.h"
#include "errors.h"
#include "id.h"
#include "idempotency.h"
#include "organiser.h"
#include "outbox.h"
#include "permission.h"
#include "render.h"
#include "spi.h"
#include "tuple.h"

#define MEMBER_PERMISSIONS "events:own, bookings:read, analytics:read, members:manage"

PG_FUNCTION_INFO_V1(evently_create_organiser);
PG_FUNCTION_INFO_V1(evently_get_organiser);
PG_FUNCTION_INFO_V1(evently_update_organiser);
PG_FUNCTION_INFO_V1(evently_delete_organiser);
PG_FUNCTION_INFO_V1(evently_set_organiser_member);
PG_FUNCTION_INFO_V1(evently_remove_organiser_member);

EV_STATEMENT(keep_organiser,
			 "SELECT 1 FROM evently.organiser WHERE organiser_id = $1 FOR KEY SHARE",
			 UUIDOID);

EV_STATEMENT(lock_organiser,
			 "SELECT version FROM evently.organiser WHERE organiser_id = $1 FOR UPDATE",
			 UUIDOID);

EV_STATEMENT(organiser_detail,
			 "SELECT evently.describe_organiser(o) FROM evently.organiser o WHERE o.organiser_id = $1",
			 UUIDOID);

EV_STATEMENT(insert_organiser,
			 "INSERT INTO evently.organiser (organiser_id, name, created_by, created_at)"
			 " VALUES ($1, $2, $3, clock_timestamp())",
			 UUIDOID, TEXTOID, UUIDOID);

EV_STATEMENT(update_organiser,
			 "UPDATE evently.organiser SET name = coalesce($2, name), version = version + 1 WHERE organiser_id = $1",
			 UUIDOID, TEXTOID);

EV_STATEMENT(events_of_organiser,
			 "SELECT count(*)::integer FROM evently.event WHERE organiser_id = $1",
			 UUIDOID);

EV_STATEMENT(delete_organiser,
			 "WITH members AS (DELETE FROM evently.organiser_member WHERE organiser_id = $1)"
			 "DELETE FROM evently.organiser WHERE organiser_id = $1",
			 UUIDOID);

EV_STATEMENT(account_exists,
			 "SELECT 1 FROM evently.account WHERE account_id = $1",
			 UUIDOID);

EV_STATEMENT(set_member,
			 "INSERT INTO evently.organiser_member (organiser_id, account_id, permissions) VALUES ($1, $2, $3)"
			 " ON CONFLICT (organiser_id, account_id) DO UPDATE SET permissions = $3",
			 UUIDOID, UUIDOID, TEXTARRAYOID);

EV_STATEMENT(remove_member,
			 "DELETE FROM evently.organiser_member WHERE organiser_id = $1 AND account_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(teams_of,
			 "SELECT organiser_id FROM evently.organiser_member WHERE account_id = $1 ORDER BY organiser_id",
			 UUIDOID);

EV_STATEMENT(members_and_managers,
			 "SELECT count(*)::integer, (count(*) FILTER (WHERE 'members:manage' = ANY (permissions)))::integer"
			 "  FROM evently.organiser_member WHERE organiser_id = $1",
			 UUIDOID);

EV_STATEMENT(replay_organiser,
			 "SELECT json_populate_record(NULL::evently.organiser_detail, $1)",
			 JSONOID);

static const EvOperation create_operation = {"create_organiser", &replay_organiser};
static const EvOperation update_operation = {"update_organiser", &replay_organiser};
static const EvOperation delete_operation = {"delete_organiser", &replay_organiser};
static const EvOperation set_member_operation = {"set_organiser_member", &replay_organiser};
static const EvOperation remove_member_operation = {"remove_organiser_member", &replay_organiser};

static void
organiser_not_found(const pg_uuid_t *organiser_id)
{
	ev_raise(EV_ORGANISER_NOT_FOUND, ev_detail_uuid(ev_detail(), "organiser_id", organiser_id), NULL,
			 "organiser not found");
}

void
ev_organiser_require(const pg_uuid_t *organiser_id, const pg_uuid_t *actor_id)
{
	if (ev_query(&keep_organiser, ev_uuid(organiser_id)) == 0)
		organiser_not_found(organiser_id);
	ev_require_member(actor_id, organiser_id, "events:own");
}

static Datum
detail_of(const pg_uuid_t *organiser_id)
{
	if (ev_query(&organiser_detail, ev_uuid(organiser_id)) == 0)
		organiser_not_found(organiser_id);
	return ev_copied_value(0, 1);
}

/* Tells of a change, and returns what it made. */
static Datum
tell(const pg_uuid_t *organiser_id, const char *type, const pg_uuid_t *actor_id, Datum detail)
{
	ev_outbox_add(NULL, "ORGANISER", organiser_id, type, actor_id, ev_render(detail));
	return detail;
}

/* Locked; then who may, and whether he has seen the present version. */
static void
begin_change(const pg_uuid_t *organiser_id, const pg_uuid_t *actor_id, EvArg version)
{
	int present;

	if (ev_query(&lock_organiser, ev_uuid(organiser_id)) == 0)
		organiser_not_found(organiser_id);
	present = ev_get_int(0, 1);
	ev_require_member(actor_id, organiser_id, "members:manage");
	ev_require_version(version, present, ev_detail_uuid(ev_detail(), "organiser_id", organiser_id), "organiser");
}

static void
require_manager(const pg_uuid_t *organiser_id)
{
	ev_query(&members_and_managers, ev_uuid(organiser_id));
	if (ev_get_int(0, 1) > 0 && ev_get_int(0, 2) == 0)
		ev_raise(EV_LAST_ADMIN, ev_detail_int(ev_detail_uuid(ev_detail(), "organiser_id", organiser_id), "admins", 1),
				 "Let somebody else manage the members first.", "the team would have nobody who manages its members");
}

static Datum
end_change(const pg_uuid_t *organiser_id, const pg_uuid_t *actor_id, EvArg name)
{
	require_manager(organiser_id);
	ev_query(&update_organiser, ev_uuid(organiser_id), name);
	return tell(organiser_id, "ORGANISER_UPDATED", actor_id, detail_of(organiser_id));
}

static Datum
create(FunctionCallInfo fcinfo)
{
	pg_uuid_t organiser_id = ev_new_id(NULL);
	pg_uuid_t *creator = ev_uuid_argument(fcinfo, 1);
	char *permissions[] = {"analytics:read", "bookings:read", "events:own", "members:manage"};

	(void) ev_required_text(fcinfo, 0, "name");
	ev_require_name(fcinfo, 0, "name", 200);
	ev_query(&insert_organiser, ev_uuid(&organiser_id), ev_arg(0), ev_arg(1));
	if (creator != NULL)
		ev_query(&set_member, ev_uuid(&organiser_id), ev_uuid(creator),
				 ev_text_array(permissions, lengthof(permissions)));
	return tell(&organiser_id, "ORGANISER_CREATED", creator, detail_of(&organiser_id));
}

/* create_organiser(name, created_by, idempotency_key) */
Datum
evently_create_organiser(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &create_operation, NULL, ev_uuid_argument(fcinfo, 1), create)));
}

/* get_organiser(organiser_id, actor_id) */
Datum
evently_get_organiser(PG_FUNCTION_ARGS)
{
	pg_uuid_t *organiser_id;
	Datum detail;

	ev_begin(EV_READS);
	organiser_id = ev_required_uuid(fcinfo, 0, "organiser_id");
	detail = detail_of(organiser_id);
	ev_require_member(ev_uuid_argument(fcinfo, 1), organiser_id, NULL);
	PG_RETURN_DATUM(ev_end(detail));
}

static Datum
update(FunctionCallInfo fcinfo)
{
	pg_uuid_t *organiser_id = ev_required_uuid(fcinfo, 0, "organiser_id");
	pg_uuid_t *actor_id = ev_uuid_argument(fcinfo, 2);

	ev_require_name(fcinfo, 1, "name", 200);
	begin_change(organiser_id, actor_id, ev_arg(3));
	return end_change(organiser_id, actor_id, ev_arg(1));
}

/* update_organiser(organiser_id, name, actor_id, version, idempotency_key) */
Datum
evently_update_organiser(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &update_operation, NULL, ev_uuid_argument(fcinfo, 2), update)));
}

static Datum delete (FunctionCallInfo fcinfo)
{
	pg_uuid_t *organiser_id = ev_required_uuid(fcinfo, 0, "organiser_id");
	pg_uuid_t *actor_id = ev_uuid_argument(fcinfo, 1);
	Datum detail;

	begin_change(organiser_id, actor_id, ev_null());
	detail = detail_of(organiser_id);
	ev_query(&events_of_organiser, ev_uuid(organiser_id));
	if (ev_get_int(0, 1) > 0)
		ev_raise(EV_ORGANISER_IN_USE,
				 ev_detail_int(ev_detail_uuid(ev_detail(), "organiser_id", organiser_id), "events", ev_get_int(0, 1)),
				 "Give its events to somebody else first, by set_event_organiser().", "the organiser has events");
	ev_query(&delete_organiser, ev_uuid(organiser_id));
	return tell(organiser_id, "ORGANISER_DELETED", actor_id, detail);
}

/* delete_organiser(organiser_id, actor_id, idempotency_key) */
Datum
evently_delete_organiser(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &delete_operation, NULL, ev_uuid_argument(fcinfo, 1), delete)));
}

static Datum
set_member_of(FunctionCallInfo fcinfo)
{
	pg_uuid_t *organiser_id = ev_required_uuid(fcinfo, 0, "organiser_id");
	pg_uuid_t *account_id = ev_required_uuid(fcinfo, 1, "user_id");
	pg_uuid_t *actor_id = ev_uuid_argument(fcinfo, 3);
	EvArg permissions;

	ev_require_given(!PG_ARGISNULL(2), "permissions");
	permissions = ev_permissions(PG_GETARG_DATUM(2), MEMBER_PERMISSIONS);
	begin_change(organiser_id, actor_id, ev_null());
	if (ev_query(&account_exists, ev_uuid(account_id)) == 0)
		ev_raise(EV_USER_NOT_FOUND, ev_detail_text(ev_detail(), "field", "user_id"), NULL, "user not found");
	ev_query(&set_member, ev_uuid(organiser_id), ev_uuid(account_id), permissions);
	return end_change(organiser_id, actor_id, ev_null());
}

/* set_organiser_member(organiser_id, user_id, permissions, actor_id, idempotency_key) */
Datum
evently_set_organiser_member(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &set_member_operation, NULL, ev_uuid_argument(fcinfo, 3), set_member_of)));
}

/* Everybody may leave; who removes another manages the members. */
static Datum
remove_member_of(FunctionCallInfo fcinfo)
{
	pg_uuid_t *organiser_id = ev_required_uuid(fcinfo, 0, "organiser_id");
	pg_uuid_t *account_id = ev_required_uuid(fcinfo, 1, "user_id");
	pg_uuid_t *actor_id = ev_uuid_argument(fcinfo, 2);
	bool leaves = actor_id != NULL && ev_same_id(actor_id, account_id);

	begin_change(organiser_id, leaves ? NULL : actor_id, ev_null());
	if (ev_query(&remove_member, ev_uuid(organiser_id), ev_uuid(account_id)) == 0)
		return detail_of(organiser_id);
	return end_change(organiser_id, actor_id, ev_null());
}

/* remove_organiser_member(organiser_id, user_id, actor_id, idempotency_key): a repeat changes nothing */
Datum
evently_remove_organiser_member(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &remove_member_operation, NULL, ev_uuid_argument(fcinfo, 2),
									  remove_member_of)));
}

void
ev_organiser_leave_all(const pg_uuid_t *account_id)
{
	int n = (int) ev_query(&teams_of, ev_uuid(account_id));
	pg_uuid_t *teams = palloc(n * sizeof(pg_uuid_t));

	for (int i = 0; i < n; i++)
		teams[i] = ev_get_uuid(i, 1);
	for (int i = 0; i < n; i++)
	{
		begin_change(&teams[i], NULL, ev_null());
		ev_query(&remove_member, ev_uuid(&teams[i]), ev_uuid(account_id));
		(void) end_change(&teams[i], account_id, ev_null());
	}
}
