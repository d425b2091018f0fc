/*
 * account_admin.c
 *		Accounts as administrators manage them: who there is, new ones, roles and permissions.
 *
 * Nobody gives a permission that he does not have, nor changes another administrator without events:any. There is always
 * an administrator.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "account.h"
#include "args.h"
#include "errors.h"
#include "paging.h"
#include "permission.h"
#include "spi.h"
#include "tuple.h"

#define ROLES "user, admin"
#define ADMIN_PERMISSIONS "events:own, events:any, bookings:read, analytics:read"

PG_FUNCTION_INFO_V1(evently_create_account);
PG_FUNCTION_INFO_V1(evently_set_role);
PG_FUNCTION_INFO_V1(evently_change_role);
PG_FUNCTION_INFO_V1(evently_list_accounts_page);

EV_STATEMENT(lock_account,
			 "SELECT account_id, role = 'admin', is_active FROM evently.account"
			 " WHERE account_id = $1 OR lower(email) = lower($2) FOR UPDATE",
			 UUIDOID, TEXTOID);

EV_STATEMENT(change_role,
			 "UPDATE evently.account a SET role = $2, permissions = $3, token_version = a.token_version + 1,"
			 " updated_at = clock_timestamp()"
			 " WHERE a.account_id = $1 AND (a.role <> $2 OR NOT (a.permissions @> $3 AND a.permissions <@ $3))",
			 UUIDOID, TEXTOID, TEXTARRAYOID);

EV_STATEMENT(account_detail,
			 "SELECT evently.describe_account(a) FROM evently.account a WHERE a.account_id = $1",
			 UUIDOID);

#define LISTED                                                 \
	"FROM evently.account a WHERE ($2 IS NULL OR a.role = $2)" \
	" AND ($1 IS NULL OR position(lower($1) IN lower(concat_ws(' ', a.name, a.email))) > 0)"

EV_STATEMENT(list_accounts,
			 "SELECT ROW(ARRAY(SELECT evently.describe_account(a) " LISTED
			 "                  ORDER BY a.created_at DESC, a.account_id DESC LIMIT $3 OFFSET $4),"
			 "           t.total, $5, $3, $4 + $3 < t.total)::evently.account_page"
			 "  FROM (SELECT count(*) AS total " LISTED ") t",
			 TEXTOID, TEXTOID, INT4OID, INT8OID, INT4OID);

static void
require_admin(const pg_uuid_t *actor_id)
{
	if (actor_id != NULL && !ev_account_is_admin(actor_id))
		ev_raise(EV_FORBIDDEN, ev_detail_text(ev_detail(), "role", "admin"), NULL, "only an administrator can do that");
}

/* create_account(email, password_hash, name, role, phone_number, actor_id) */
Datum
evently_create_account(PG_FUNCTION_ARGS)
{
	char *name;
	char *role;
	pg_uuid_t account_id;

	ev_begin(EV_WRITES);
	ev_account_lock_admins();
	require_admin(ev_uuid_argument(fcinfo, 5));
	name = ev_required_text(fcinfo, 2, "name");
	ev_require_name(fcinfo, 2, "name", 200);
	ev_require_length(fcinfo, 4, "phone_number", 40);
	role = ev_word(PG_ARGISNULL(3) ? "user" : ev_text_argument(fcinfo, 3), "role", ROLES);
	account_id = ev_account_create(ev_required_text(fcinfo, 0, "email"), ev_arg(1), name, ev_null(), ev_null(),
								   ev_arg(4), role, ev_uuid_argument(fcinfo, 5));
	ev_query(&account_detail, ev_uuid(&account_id));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}

/* The permissions given, else those that the role brings. */
static EvArg
permissions_of(const char *role, EvArg given, const pg_uuid_t *actor_id)
{
	char *standard[] = {"events:own", "events:any"};
	bool admin = strcmp(role, "admin") == 0;
	int nstandard = !admin ? 0 : actor_id == NULL ? 2
												  : 1;
	EvArg permissions = given.isnull ? ev_text_array(standard, nstandard) : ev_permissions(given.value, ADMIN_PERMISSIONS);
	int n;

	(void) ev_texts_of(permissions.value, "permissions", &n);
	if (!admin && n > 0)
		ev_invalid("permissions", "only an administrator has permissions");
	ev_account_require_may_give(actor_id, permissions.value);
	return permissions;
}

/* The account is found by its id or its address. Where nothing changes, nobody has to sign in again. */
static Datum
give_role(EvArg account_id, EvArg email, char *given, EvArg permissions, const pg_uuid_t *actor_id)
{
	char *role = ev_word(given, "role", ROLES);
	pg_uuid_t id;
	bool is_admin;
	bool is_active;

	ev_account_lock_admins();
	require_admin(actor_id);
	permissions = permissions_of(role, permissions, actor_id);
	if (ev_query(&lock_account, account_id, email) == 0)
		ev_account_not_found(account_id.isnull ? "email" : "user_id");
	id = ev_get_uuid(0, 1);
	is_admin = ev_get_bool(0, 2);
	is_active = ev_get_bool(0, 3);
	if (is_admin)
		ev_require_owner(actor_id, &id, "account");
	if (is_admin && is_active && strcmp(role, "user") == 0)
		ev_account_require_other_admin();
	ev_query(&change_role, ev_uuid(&id), ev_text(role), permissions);
	ev_query(&account_detail, ev_uuid(&id));
	return ev_copied_value(0, 1);
}

/* set_role(email, role, permissions) */
Datum
evently_set_role(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	(void) ev_required_text(fcinfo, 0, "email");
	PG_RETURN_DATUM(ev_end(give_role(ev_null(), ev_arg(0), ev_required_text(fcinfo, 1, "role"), ev_arg(2), NULL)));
}

/* change_role(user_id, role, permissions, actor_id) */
Datum
evently_change_role(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	(void) ev_required_uuid(fcinfo, 0, "user_id");
	PG_RETURN_DATUM(ev_end(give_role(ev_arg(0), ev_null(), ev_required_text(fcinfo, 1, "role"), ev_arg(2),
									 ev_uuid_argument(fcinfo, 3))));
}

/* list_accounts_page(actor_id, q, role, page, limit, offset) */
Datum
evently_list_accounts_page(PG_FUNCTION_ARGS)
{
	EvPage page;
	EvArg role = ev_null();

	ev_begin(EV_READS);
	require_admin(ev_uuid_argument(fcinfo, 0));
	page = ev_page(ev_arg(3), ev_arg(4), ev_arg(5));
	if (!PG_ARGISNULL(2))
		role = ev_text(ev_word(ev_text_argument(fcinfo, 2), "role", ROLES));
	ev_query(&list_accounts, ev_arg(1), role, ev_int(page.limit), ev_datum(Int64GetDatum(page.offset)),
			 ev_int(page.number));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}
