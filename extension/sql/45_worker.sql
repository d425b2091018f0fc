-- The background worker (worker.c, work.c).

-- From event to event in the indexes of active holds and of who waits: one look at each event that has some, none at the rest.
-- Where a sale or a ticket type has opened, somebody is to be served if a section has what the first in its queue needs. Of
-- ticket types not even that is sure, as quotas may have nothing left: they are looked at for ten minutes.
CREATE FUNCTION evently.due_work() RETURNS TABLE (event_id uuid, due_at timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH RECURSIVE next (event_id, expires_at) AS (
		(SELECT h.event_id, h.expires_at FROM evently.hold h WHERE h.status = 'active' ORDER BY h.event_id, h.expires_at LIMIT 1)
		UNION ALL
		SELECT f.event_id, f.expires_at FROM next n, LATERAL (
			SELECT h.event_id, h.expires_at FROM evently.hold h WHERE h.status = 'active' AND h.event_id > n.event_id
			ORDER BY h.event_id, h.expires_at LIMIT 1) f),
	waited (event_id) AS (
		(SELECT w.event_id FROM evently.waitlist_entry w WHERE w.status = 'active' ORDER BY w.event_id LIMIT 1)
		UNION ALL
		SELECT f.event_id FROM waited n, LATERAL (
			SELECT w.event_id FROM evently.waitlist_entry w WHERE w.status = 'active' AND w.event_id > n.event_id
			ORDER BY w.event_id LIMIT 1) f)
	SELECT n.event_id, n.expires_at FROM next n
	UNION ALL
	SELECT e.event_id, e.updated_at FROM evently.event e WHERE e.is_cancelling
	UNION ALL
	SELECT e.event_id, o.opens_at
	FROM waited n
	JOIN evently.event e ON e.event_id = n.event_id,
		LATERAL (SELECT e.sale_start_time
			UNION ALL SELECT t.sale_start_time FROM evently.ticket_type t WHERE t.event_id = e.event_id AND t.is_active) o (opens_at)
	WHERE e.status = 'published' AND coalesce(e.sale_status, 'on_sale') = 'on_sale'
		AND statement_timestamp() < least(e.end_datetime, e.sale_end_time)
		AND (o.opens_at > statement_timestamp()
			OR o.opens_at > CASE WHEN e.has_ticket_types THEN statement_timestamp() - interval '10 minutes' ELSE '-infinity' END
			AND coalesce(e.sale_start_time <= statement_timestamp(), true)
			AND EXISTS (SELECT FROM evently.event_section c
				WHERE c.event_id = e.event_id
					AND (SELECT sum(k.available) FROM evently.stock k
						WHERE k.event_id = c.event_id AND k.section_id = c.section_id)
					>= (SELECT w.quantity FROM evently.waitlist_entry w
						WHERE w.event_id = c.event_id AND w.status = 'active'
							AND (w.section_id = c.section_id OR w.section_id IS NULL)
						ORDER BY w.position LIMIT 1)));
END;
COMMENT ON FUNCTION evently.due_work() IS
'The events that the background worker has, or will have, something to do for, and from when on: the first of their holds expires then, their sale or one of their ticket types opens while somebody waits, or their cancellation is to be continued.';

CREATE FUNCTION evently.work_on(event_id uuid, max_rows integer) RETURNS integer
LANGUAGE sql VOLATILE
BEGIN ATOMIC
	SELECT coalesce(
		(SELECT c.holds_released + c.bookings_cancelled + c.waitlist_closed
		FROM evently.event e, LATERAL evently.continue_event_cancellation(e.event_id, work_on.max_rows) c
		WHERE e.event_id = work_on.event_id AND e.is_cancelling),
		evently.expire_holds(work_on.event_id, work_on.max_rows));
END;
COMMENT ON FUNCTION evently.work_on(uuid, integer) IS
'What the background worker does for an event that is due: at most so many rows; it returns how many it did.';

CREATE FUNCTION evently.start_worker() RETURNS integer
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'evently_start_worker';
COMMENT ON FUNCTION evently.start_worker() IS
'Starts this database''s background worker, unless it runs, and returns its pid; it is started again after errors and crashes, but not with the server: for that, name the database in evently.worker_databases. pg_terminate_backend(pid) ends it.';
