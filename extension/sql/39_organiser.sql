-- Organisers (organiser.c, permission.c).

CREATE FUNCTION evently.describe_organiser(organiser evently.organiser) RETURNS evently.organiser_detail
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT ROW(organiser.organiser_id, organiser.name,
		ARRAY(SELECT ROW(m.account_id, m.permissions)::evently.organiser_member_detail FROM evently.organiser_member m
			WHERE m.organiser_id = organiser.organiser_id ORDER BY m.account_id),
		organiser.created_by, organiser.created_at, organiser.version)::evently.organiser_detail;
END;
COMMENT ON FUNCTION evently.describe_organiser(evently.organiser) IS 'An organiser as functions return it.';

CREATE FUNCTION evently.create_organiser(name text, created_by uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.organiser_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_create_organiser';
COMMENT ON FUNCTION evently.create_organiser(text, uuid, text) IS
'A team that events can belong to. created_by becomes its first member, with all permissions. Errors: VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes organiser, organiser_member, outbox, idempotency.';

CREATE FUNCTION evently.get_organiser(organiser_id uuid, actor_id uuid DEFAULT NULL) RETURNS evently.organiser_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_organiser';
COMMENT ON FUNCTION evently.get_organiser(uuid, uuid) IS
'An organiser with its members. actor_id, when given, must be one of them, or may manage all events. Errors: VE505 ORGANISER_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.list_organisers(actor_id uuid DEFAULT NULL, max_rows integer DEFAULT 20, skip bigint DEFAULT 0)
RETURNS SETOF evently.organiser_detail
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT evently.describe_organiser(o) FROM evently.organiser o
	WHERE list_organisers.actor_id IS NULL OR EXISTS (SELECT FROM evently.organiser_member m
		WHERE m.organiser_id = o.organiser_id AND m.account_id = list_organisers.actor_id)
	ORDER BY lower(o.name), o.organiser_id
	LIMIT evently.require_count(max_rows, 'max_rows') OFFSET evently.require_count(skip, 'skip');
END;
COMMENT ON FUNCTION evently.list_organisers(uuid, integer, bigint) IS 'The organisers that the account is a member of, by name; null: all. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.update_organiser(organiser_id uuid, name text DEFAULT NULL, actor_id uuid DEFAULT NULL,
	version integer DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.organiser_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_update_organiser';
COMMENT ON FUNCTION evently.update_organiser(uuid, text, uuid, integer, text) IS
'Another name. actor_id, when given, needs members:manage in the team, or events:any. Errors: VE505 ORGANISER_NOT_FOUND, VE002 FORBIDDEN, VE408 CONCURRENT_UPDATE, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes organiser, outbox, idempotency.';

CREATE FUNCTION evently.delete_organiser(organiser_id uuid, actor_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.organiser_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_delete_organiser';
COMMENT ON FUNCTION evently.delete_organiser(uuid, uuid, text) IS
'Deletes an organiser that has no events, as update_organiser() lets one; the answer is what it was. Errors: VE505 ORGANISER_NOT_FOUND, VE506 ORGANISER_IN_USE, VE002 FORBIDDEN, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes organiser, organiser_member, outbox, idempotency.';

CREATE FUNCTION evently.set_organiser_member(organiser_id uuid, user_id uuid, permissions text[], actor_id uuid DEFAULT NULL,
	idempotency_key text DEFAULT NULL)
RETURNS evently.organiser_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_set_organiser_member';
COMMENT ON FUNCTION evently.set_organiser_member(uuid, uuid, text[], uuid, text) IS
'Makes an account a member, or changes what a member may do with the team''s events: events:own (change and cancel them), bookings:read, analytics:read, members:manage. Errors: VE505 ORGANISER_NOT_FOUND, VE502 USER_NOT_FOUND, VE002 FORBIDDEN, VE503 LAST_ADMIN (nobody would manage the members), VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes organiser_member, organiser, outbox, idempotency.';

CREATE FUNCTION evently.remove_organiser_member(organiser_id uuid, user_id uuid, actor_id uuid DEFAULT NULL,
	idempotency_key text DEFAULT NULL)
RETURNS evently.organiser_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_remove_organiser_member';
COMMENT ON FUNCTION evently.remove_organiser_member(uuid, uuid, uuid, text) IS
'Takes an account out of the team; everybody may leave. A repeat changes nothing. Errors: VE505 ORGANISER_NOT_FOUND, VE002 FORBIDDEN, VE503 LAST_ADMIN, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes organiser_member, organiser, outbox, idempotency.';

CREATE FUNCTION evently.events_of(account_id uuid, permission text) RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT e.event_id FROM evently.event e WHERE e.created_by = events_of.account_id AND e.organiser_id IS NULL
	UNION ALL
	SELECT e.event_id FROM evently.organiser_member m JOIN evently.event e ON e.organiser_id = m.organiser_id
	WHERE m.account_id = events_of.account_id AND events_of.permission = ANY (m.permissions);
END;
COMMENT ON FUNCTION evently.events_of(uuid, text) IS
'The events that belong to an account, or to a team in which it has the permission.';

GRANT EXECUTE ON FUNCTION
	evently.create_organiser(text, uuid, text),
	evently.get_organiser(uuid, uuid),
	evently.list_organisers(uuid, integer, bigint),
	evently.update_organiser(uuid, text, uuid, integer, text),
	evently.delete_organiser(uuid, uuid, text),
	evently.set_organiser_member(uuid, uuid, text[], uuid, text),
	evently.remove_organiser_member(uuid, uuid, uuid, text)
TO evently_api;
