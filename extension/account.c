/*
 * account.c
 *		Accounts and what they may do.
 *
 * Passwords arrive here as bcrypt hashes: hashing is slow by design and never done in a backend.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "account.h"
#include "args.h"
#include "errors.h"
#include "id.h"
#include "lock.h"
#include "session.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_register_account);
PG_FUNCTION_INFO_V1(evently_register_admin);
PG_FUNCTION_INFO_V1(evently_get_account);
PG_FUNCTION_INFO_V1(evently_update_account);
PG_FUNCTION_INFO_V1(evently_change_password);

EV_STATEMENT(insert_account,
			 "INSERT INTO evently.account (account_id, email, password_hash, name, first_name, last_name,"
			 " phone_number, role, permissions, created_at, updated_at)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp(), clock_timestamp())"
			 " ON CONFLICT ((lower(email))) DO NOTHING",
			 UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTARRAYOID);

EV_STATEMENT(active_admins,
			 "SELECT count(*)::integer FROM evently.account WHERE role = $1 AND is_active",
			 TEXTOID);

EV_STATEMENT(is_admin,
			 "SELECT 1 FROM evently.account WHERE account_id = $1 AND role = 'admin' AND is_active",
			 UUIDOID);

EV_STATEMENT(may,
			 "SELECT 1 FROM evently.account"
			 " WHERE account_id = $1 AND role = 'admin' AND is_active AND $2 = ANY (permissions)",
			 UUIDOID, TEXTOID);

EV_STATEMENT(account_detail,
			 "SELECT evently.describe_account(a) FROM evently.account a WHERE a.account_id = $1",
			 UUIDOID);

EV_STATEMENT(update_account,
			 "UPDATE evently.account a SET name = coalesce($2,"
			 " CASE WHEN coalesce($3, $4) IS NOT NULL THEN nullif(btrim(concat_ws(' ', coalesce($3, a.first_name),"
			 " coalesce($4, a.last_name))), '') END, a.name), first_name = coalesce($3, a.first_name),"
			 " last_name = coalesce($4, a.last_name), phone_number = coalesce($5, a.phone_number),"
			 " updated_at = clock_timestamp()"
			 " WHERE a.account_id = $1 RETURNING evently.describe_account(a)",
			 UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID);

EV_STATEMENT(set_password,
			 "UPDATE evently.account a SET password_hash = $2, token_version = a.token_version + 1,"
			 " updated_at = clock_timestamp()"
			 " WHERE a.account_id = $1 RETURNING evently.describe_account(a)",
			 UUIDOID, TEXTOID);

void
ev_account_lock_admins(void)
{
	static const pg_uuid_t everywhere;

	ev_lock_key(&everywhere, &everywhere, "administrators", "");
}

static int
count_admins(void)
{
	ev_query(&active_admins, ev_text("admin"));
	return ev_get_int(0, 1);
}

void
ev_account_require_other_admin(void)
{
	if (count_admins() == 1)
		ev_raise(EV_LAST_ADMIN, ev_detail_int(ev_detail(), "admins", 1), "Make somebody else an administrator first.",
				 "there would be no administrator left");
}

bool
ev_has_permission(const pg_uuid_t *actor_id, const char *permission)
{
	return ev_query(&may, ev_uuid(actor_id), ev_text(permission)) > 0;
}

void
ev_require_owner(const pg_uuid_t *actor_id, const pg_uuid_t *owner_id, const char *what)
{
	if (actor_id == NULL || (owner_id != NULL && ev_same_id(actor_id, owner_id)))
		return;
	if (!ev_has_permission(actor_id, "events:any"))
		ev_raise(EV_FORBIDDEN, ev_detail_text(ev_detail(), "permission", "events:any"), NULL,
				 "the %s belongs to somebody else", what);
}

static void
require_email(const char *email)
{
	const char *at = strchr(email, '@');

	if (at == NULL || at == email || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
		strpbrk(email, " \t\r\n\v\f") != NULL || strlen(email) > 254)
		ev_invalid("email", "email must be an address like name@example.com");
}

static char *
name_or_parts(const char *name, const char *first_name, const char *last_name)
{
	if (name == NULL && (first_name != NULL || last_name != NULL))
		name = psprintf("%s%s%s", first_name ? first_name : "",
						first_name && last_name ? " " : "", last_name ? last_name : "");
	if (name == NULL || *name == '\0')
		ev_invalid("name", "name is required, or first_name and last_name");
	return pstrdup(name);
}

/* The numbers of the arguments; -1: there is none. */
static void
require_person(FunctionCallInfo fcinfo, int name, int first_name, int last_name, int phone_number)
{
	ev_require_name(fcinfo, name, "name", 200);
	if (first_name >= 0)
	{
		ev_require_length(fcinfo, first_name, "first_name", 100);
		ev_require_length(fcinfo, last_name, "last_name", 100);
	}
	ev_require_length(fcinfo, phone_number, "phone_number", 40);
}

void
ev_account_require_may_give(const pg_uuid_t *giver_id, Datum permissions)
{
	int n;
	char **needed = ev_texts_of(permissions, "permissions", &n);

	if (giver_id == NULL || ev_has_permission(giver_id, "events:any"))
		return;
	for (int i = 0; i < n; i++)
	{
		if (!ev_has_permission(giver_id, needed[i]))
			ev_raise(EV_FORBIDDEN, ev_detail_text(ev_detail(), "permission", needed[i]), NULL,
					 "nobody gives a permission that he does not have");
	}
}

pg_uuid_t
ev_account_create(char *email, EvArg password_hash, const char *name, EvArg first_name, EvArg last_name,
				  EvArg phone_number, const char *role, const pg_uuid_t *giver_id)
{
	pg_uuid_t account_id = ev_new_id(NULL);
	char *standard[] = {"events:own"};
	EvArg permissions = ev_text_array(standard, strcmp(role, "admin") == 0);

	ev_account_require_may_give(giver_id, permissions.value);
	require_email(email);
	if (ev_query(&insert_account, ev_uuid(&account_id), ev_text(email), password_hash, ev_text(name), first_name,
				 last_name, phone_number, ev_text(role), permissions) == 0)
		ev_raise(EV_EMAIL_TAKEN, ev_detail_text(ev_detail(), "field", "email"),
				 "Log in, or use another address.", "the email address is taken");
	return account_id;
}

/* register_account(email, password_hash, name, first_name, last_name, phone_number, token_hash, token_ttl) */
Datum
evently_register_account(PG_FUNCTION_ARGS)
{
	char *name;
	pg_uuid_t account_id;

	ev_begin(EV_WRITES);
	require_person(fcinfo, 2, 3, 4, 5);
	name = name_or_parts(ev_text_argument(fcinfo, 2), ev_text_argument(fcinfo, 3), ev_text_argument(fcinfo, 4));
	account_id = ev_account_create(ev_required_text(fcinfo, 0, "email"), ev_arg(1), name,
								   ev_arg(3), ev_arg(4), ev_arg(5), "user", NULL);
	PG_RETURN_DATUM(ev_end(ev_session_start(&account_id, ev_arg(6), ev_arg(7))));
}

bool
ev_account_is_admin(const pg_uuid_t *account_id)
{
	return ev_query(&is_admin, ev_uuid(account_id)) > 0;
}

/* Who makes an administrator, NULL where the mode lets everybody or there is none yet; FORBIDDEN. */
static const pg_uuid_t *
maker_of_admin(const char *mode, const pg_uuid_t *actor_id)
{
	if (strcmp(mode, "open") == 0 || strcmp(mode, "trusted") == 0)
		return NULL;
	if (actor_id != NULL && ev_account_is_admin(actor_id))
		return actor_id;
	if (strcmp(mode, "closed") == 0 || count_admins() > 0)
		ev_raise(EV_FORBIDDEN, ev_detail_text(ev_detail(), "mode", mode), NULL,
				 "only an administrator can register an administrator");
	return NULL;
}

/* register_admin(email, password_hash, name, phone_number, token_hash, token_ttl, actor_id, mode) */
Datum
evently_register_admin(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *maker_id;
	pg_uuid_t account_id;

	ev_begin(EV_WRITES);
	ev_account_lock_admins();
	maker_id = maker_of_admin(ev_word(ev_required_text(fcinfo, 7, "mode"), "mode", "bootstrap, closed, open, trusted"),
							  ev_uuid_argument(fcinfo, 6));
	require_person(fcinfo, 2, -1, -1, 3);
	account_id = ev_account_create(ev_required_text(fcinfo, 0, "email"), ev_arg(1),
								   name_or_parts(ev_text_argument(fcinfo, 2), NULL, NULL),
								   ev_null(), ev_null(), ev_arg(3), "admin", maker_id);
	PG_RETURN_DATUM(ev_end(ev_session_start(&account_id, ev_arg(4), ev_arg(5))));
}

void
ev_account_not_found(const char *field)
{
	ev_raise(EV_USER_NOT_FOUND, ev_detail_text(ev_detail(), "field", field), NULL, "user not found");
}

static Datum
one_account(EvStatement *statement, const EvArg *args)
{
	if (ev_run(statement, args) == 0)
		ev_account_not_found("user_id");
	return ev_copied_value(0, 1);
}

/* get_account(user_id) */
Datum
evently_get_account(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(one_account(&account_detail, (EvArg[]){ev_arg(0)})));
}

/* update_account(user_id, name, first_name, last_name, phone_number): null leaves a field */
Datum
evently_update_account(PG_FUNCTION_ARGS)
{
	EvArg args[] = {ev_arg(0), ev_arg(1), ev_arg(2), ev_arg(3), ev_arg(4)};

	ev_begin(EV_WRITES);
	require_person(fcinfo, 1, 2, 3, 4);
	PG_RETURN_DATUM(ev_end(one_account(&update_account, args)));
}

/* change_password(user_id, password_hash): every session ends */
Datum
evently_change_password(PG_FUNCTION_ARGS)
{
	EvArg args[] = {ev_arg(0), ev_arg(1)};
	Datum account;

	ev_begin(EV_WRITES);
	ev_sessions_lock(ev_required_uuid(fcinfo, 0, "user_id"));
	(void) ev_required_text(fcinfo, 1, "password_hash");
	account = one_account(&set_password, args);
	ev_sessions_revoke(PG_GETARG_UUID_P(0));
	PG_RETURN_DATUM(ev_end(account));
}
