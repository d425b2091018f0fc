-- The outbox, and the notifications among its rows (outbox.c, outbox_read.c).

CREATE TYPE evently.outbox_message AS (
	"position" text,
	id uuid,
	aggregatetype text,
	aggregateid uuid,
	type text,
	payload json,
	event_id uuid,
	user_id uuid,
	occurred_at timestamptz
);
COMMENT ON TYPE evently.outbox_message IS
	'What happened to a thing. type: BOOKING_CONFIRMED and so on; payload: the thing as the function that changed it returned it; id: the same however often it is read; position: its place in the order of reading. user_id: the buyer, or the administrator who did it.';

CREATE TYPE evently.notification_detail AS (
	"position" text,
	id uuid,
	kind text,
	user_id uuid,
	email text,
	name text,
	subject text,
	event_id uuid,
	event_name text,
	start_datetime timestamptz,
	timezone text,
	payload json,
	occurred_at timestamptz
);
COMMENT ON TYPE evently.notification_detail IS
	'What a person is to be told, for a mailer. kind: booking_confirmed, booking_cancelled, tickets_cancelled, waitlist_offered. email and name are null where the user has no account here.';

CREATE FUNCTION evently.outbox_add(event_id uuid, aggregatetype text, aggregateid uuid, type text, user_id uuid, payload json)
RETURNS void
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_outbox_add';
COMMENT ON FUNCTION evently.outbox_add(uuid, text, uuid, text, uuid, json) IS
'Tells what happened to a thing (aggregatetype, aggregateid, event_id if it belongs to one); user_id: whom it is about. For functions of the extension. Writes outbox.';

CREATE FUNCTION evently.outbox_xid("position" text) RETURNS xid8
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'evently_outbox_xid';
COMMENT ON FUNCTION evently.outbox_xid(text) IS 'The transaction of a position. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.outbox_id("position" text) RETURNS uuid
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'evently_outbox_id';
COMMENT ON FUNCTION evently.outbox_id(text) IS 'The id of a position. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.outbox_limit("limit" integer) RETURNS integer
LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'evently_outbox_limit';
COMMENT ON FUNCTION evently.outbox_limit(integer) IS 'Rows of one reading: 100 by default, 1000 at most. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.outbox_start(reader text) RETURNS xid8
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT coalesce((SELECT r.xid FROM evently.outbox_reader r WHERE r.name = outbox_start.reader
		AND r.system_identifier = (SELECT s.system_identifier FROM pg_catalog.pg_control_system() s)), '0'::xid8);
END;
COMMENT ON FUNCTION evently.outbox_start(text) IS
'The first transaction that may have rows that a reader (outbox or notification) has not acknowledged. Another cluster counts other transactions: after a restore everything is looked at again.';

-- Two ranges in place of one condition: while a transaction runs for long, what comes after it is not looked at in vain. A
-- CASE, because the planner must not guess how many rows are left to be read from how many there were when it last looked:
-- they are always read in the order of the key, and no further than wanted.
CREATE FUNCTION evently.settled_outbox(after_xid xid8, after_id uuid, reader text, max_rows integer) RETURNS SETOF evently.outbox
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT s.* FROM (
		(SELECT o.* FROM evently.outbox o
		WHERE (o.xid, o.id) > (settled_outbox.after_xid, settled_outbox.after_id)
			AND o.xid < pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())
			AND CASE WHEN settled_outbox.reader = 'outbox' AND o.acked_at IS NOT NULL
				OR settled_outbox.reader = 'notification' AND (o.notified_at IS NOT NULL OR NOT o.notice) THEN false ELSE true END
		ORDER BY o.xid, o.id LIMIT max_rows)
		UNION ALL
		(SELECT o.* FROM evently.outbox o
		WHERE o.xid >= greatest(settled_outbox.after_xid, pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()))
			AND (o.xid > settled_outbox.after_xid OR o.id > settled_outbox.after_id)
			AND o.xid IS DISTINCT FROM pg_catalog.pg_current_xact_id_if_assigned()
			AND CASE WHEN settled_outbox.reader = 'outbox' AND o.acked_at IS NOT NULL
				OR settled_outbox.reader = 'notification' AND (o.notified_at IS NOT NULL OR NOT o.notice) THEN false ELSE true END
		ORDER BY o.xid, o.id LIMIT max_rows)) s
	ORDER BY s.xid, s.id LIMIT max_rows;
END;
COMMENT ON FUNCTION evently.settled_outbox(xid8, uuid, text, integer) IS
'The next rows after a place that no running transaction can add to, in order: those of transactions older than all that run, and those that a dump brought from a cluster which had counted further. reader: only what it has not acknowledged; null: all.';

CREATE FUNCTION evently.describe_message(message evently.outbox) RETURNS evently.outbox_message
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
	SELECT ROW(message.xid::text || '/' || message.id::text, message.id, message.aggregatetype, message.aggregateid, message.type,
		message.payload, message.event_id, message.user_id, message.occurred_at)::evently.outbox_message;
END;
COMMENT ON FUNCTION evently.describe_message(evently.outbox) IS 'A row of the outbox as functions return it.';

CREATE FUNCTION evently.outbox_read(after text DEFAULT NULL, "limit" integer DEFAULT NULL)
RETURNS SETOF evently.outbox_message
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT (evently.describe_message(o)).*
	FROM evently.settled_outbox(
		CASE WHEN after IS NULL THEN evently.outbox_start('outbox') ELSE evently.outbox_xid(after) END,
		coalesce(evently.outbox_id(after), '00000000-0000-0000-0000-000000000000'),
		CASE WHEN after IS NULL THEN 'outbox' END, evently.outbox_limit("limit")) o
	ORDER BY o.xid, o.id;
END;
COMMENT ON FUNCTION evently.outbox_read(text, integer) IS
'What happened, in order, none left out and none that its transaction could still take back. Without after: what outbox_ack() has not been told of; read, publish, acknowledge, again. after, the position of the last message read: all that follow, acknowledged or not, for a reader that keeps its own place (begin with outbox_position(); after a restore begin anew). limit: 100 by default, 1000 at most. A transaction that has written and stays open holds back what came after it. Several readers may read at once; a message is delivered at least once, its id tells a repeat. Errors: VE001 VALIDATION_ERROR. Writes nothing.';

CREATE FUNCTION evently.outbox_position() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text || '/00000000-0000-0000-0000-000000000000';
END;
COMMENT ON FUNCTION evently.outbox_position() IS
'Where the outbox ends now: outbox_read(after => this) returns whatever is still to come, and nothing that was readable before. Writes nothing.';

CREATE FUNCTION evently.outbox_ack(positions text[]) RETURNS integer
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_outbox_ack';
COMMENT ON FUNCTION evently.outbox_ack(text[]) IS
'Acknowledges messages: outbox_read() without a position does not return them again. How many were not acknowledged before. Errors: VE001 VALIDATION_ERROR, 55P03 after the lock timeout. Writes outbox, outbox_reader.';

CREATE FUNCTION evently.notification_read("limit" integer DEFAULT NULL) RETURNS SETOF evently.notification_detail
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT o.xid::text || '/' || o.id::text, o.id, lower(o.type), o.user_id, a.email, a.name,
		CASE o.type WHEN 'BOOKING_CONFIRMED' THEN 'Your booking for ' WHEN 'BOOKING_CANCELLED' THEN 'Your booking was cancelled: '
			WHEN 'TICKETS_CANCELLED' THEN 'Tickets of your booking were cancelled: '
			ELSE 'Your place on the waitlist: seats are kept for you for ' END || coalesce(e.name, 'your event'),
		o.event_id, e.name, e.start_datetime, e.timezone, o.payload, o.occurred_at
	FROM evently.settled_outbox(evently.outbox_start('notification'), '00000000-0000-0000-0000-000000000000', 'notification',
			evently.outbox_limit("limit")) s
		JOIN evently.outbox o ON o.xid = s.xid AND o.id = s.id AND o.notified_at IS NULL
		LEFT JOIN evently.account a ON a.account_id = o.user_id
		LEFT JOIN evently.event e ON e.event_id = o.event_id
	ORDER BY o.xid, o.id
	FOR UPDATE OF o SKIP LOCKED;
END;
COMMENT ON FUNCTION evently.notification_read(integer) IS
'What people are to be told and have not been (bookings confirmed and cancelled, offers of the waitlist), oldest first, with addresses and a subject line. In one transaction: read, send, notification_ack(); until it ends nobody else is given the same. Without a mailer they stay queued. limit: 100 by default, 1000 at most. Errors: VE001 VALIDATION_ERROR. Writes nothing, locks the rows.';

CREATE FUNCTION evently.notification_ack(positions text[]) RETURNS integer
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_notification_ack';
COMMENT ON FUNCTION evently.notification_ack(text[]) IS
'Marks notifications as sent. How many were not before. Errors: VE001 VALIDATION_ERROR, 55P03 after the lock timeout. Writes outbox, outbox_reader.';

CREATE FUNCTION evently.prune_outbox(max_rows integer DEFAULT 500) RETURNS integer
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_prune_outbox';
COMMENT ON FUNCTION evently.prune_outbox(integer) IS
'Deletes the oldest rows of the outbox: after evently.outbox_retention where both outbox and notifications are acknowledged up to there, after evently.outbox_max_age in any case. How many; the background worker repeats it. Errors: VE001 VALIDATION_ERROR, 55P03 after the lock timeout. Writes outbox.';

GRANT EXECUTE ON FUNCTION
	evently.outbox_read(text, integer),
	evently.outbox_position(),
	evently.outbox_ack(text[]),
	evently.notification_read(integer),
	evently.notification_ack(text[]),
	evently.prune_outbox(integer)
TO evently_api;
