-- What is kept about a person (personal_data.c).

CREATE TYPE evently.account_session AS (
	created_at timestamptz,
	expires_at timestamptz
);
COMMENT ON TYPE evently.account_session IS 'A refresh token that still counts: where somebody is signed in.';

CREATE TYPE evently.account_team AS (
	organiser_id uuid,
	name text,
	permissions text[]
);
COMMENT ON TYPE evently.account_team IS 'A team that an account is a member of, and what it may do there.';

CREATE TYPE evently.account_export AS (
	exported_at timestamptz,
	account evently.account_detail,
	sessions evently.account_session[],
	teams evently.account_team[],
	holds evently.hold_detail[],
	bookings evently.booking_detail[],
	cancellations evently.cancellation_detail[],
	payments evently.payment_detail[],
	waitlist_entries evently.waitlist_entry_detail[]
);
COMMENT ON TYPE evently.account_export IS 'All that is kept about a person.';

CREATE TYPE evently.account_erasure AS (
	message text,
	user_id uuid
);
COMMENT ON TYPE evently.account_erasure IS 'Answer of erase_account().';

CREATE FUNCTION evently.export_account(user_id uuid, actor_id uuid DEFAULT NULL) RETURNS evently.account_export
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_export_account';
COMMENT ON FUNCTION evently.export_account(uuid, uuid) IS
'All that is kept about a person, for him to take along. actor_id, when given, must be the account itself or have permission events:any. Errors: VE502 USER_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR. Writes nothing.';

CREATE FUNCTION evently.erase_account(user_id uuid, actor_id uuid DEFAULT NULL) RETURNS evently.account_erasure
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_erase_account';
COMMENT ON FUNCTION evently.erase_account(uuid, uuid) IS
'Erases an account and all that is personal about it: address, names, sessions, places in teams, keys, what its owner wrote when he cancelled or waited, also in the outbox. Its bookings, payments and refunds stand, under an id that is nobody''s. The outbox tells of it (ACCOUNT_ERASED). actor_id, when given, must be the account itself or have permission events:any. Errors: VE507 ACCOUNT_WAITS while it is on a waitlist, VE503 LAST_ADMIN of all, or of a team that has other members, VE502 USER_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR. Writes account, refresh_token, organiser_member, organiser, waitlist_entry, cancellation, refund, idempotency, analytics_cache, outbox.';

GRANT EXECUTE ON FUNCTION evently.export_account(uuid, uuid) TO evently_api;
GRANT EXECUTE ON FUNCTION evently.erase_account(uuid, uuid) TO evently_web;
