-- The background worker (worker.c, work.c).

-- From event to event in the index of active holds: one look at each event that has some, none at the holds.
CREATE FUNCTION evently.due_work() RETURNS TABLE (event_id uuid, due_at timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH RECURSIVE next (event_id, expires_at) AS (
		(SELECT h.event_id, h.expires_at FROM evently.hold h WHERE h.status = 'active' ORDER BY h.event_id, h.expires_at LIMIT 1)
		UNION ALL
		SELECT f.event_id, f.expires_at FROM next n, LATERAL (
			SELECT h.event_id, h.expires_at FROM evently.hold h WHERE h.status = 'active' AND h.event_id > n.event_id
			ORDER BY h.event_id, h.expires_at LIMIT 1) f)
	SELECT n.event_id, n.expires_at FROM next n
	UNION ALL
	SELECT e.event_id, e.updated_at FROM evently.event e WHERE e.is_cancelling;
END;
COMMENT ON FUNCTION evently.due_work() IS
'The events that the background worker has, or will have, something to do for, and from when on: the first of their holds expires then, or their cancellation is to be continued.';

CREATE FUNCTION evently.work_on(event_id uuid, max_rows integer) RETURNS integer
LANGUAGE sql VOLATILE
BEGIN ATOMIC
	SELECT coalesce(
		(SELECT c.holds_released + c.bookings_cancelled
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
