-- What is left of an event (stock.c, release.c).

CREATE FUNCTION evently.stripes_for(capacity integer, sections integer) RETURNS smallint
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'evently_stripes_for';
COMMENT ON FUNCTION evently.stripes_for(integer, integer) IS
'Over how many rows the stock of a new section is spread, in an event of that many sections. Bounded by evently.stock_stripes.';

-- OFFSET 0: seat by seat through the primary key, never by a join that reads all seats of the event.
CREATE FUNCTION evently.expired_stock(event_id uuid, at timestamptz)
RETURNS TABLE (pool_id uuid, quantity bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT x.pool_id, sum(x.quantity)
	FROM (
		SELECT h.section_id AS pool_id, h.quantity
		FROM evently.hold h
		WHERE h.event_id = expired_stock.event_id AND h.status = 'active' AND h.expires_at <= at
			AND h.section_id IS NOT NULL
		UNION ALL
		SELECT s.section_id, 1
		FROM evently.hold h, unnest(h.ordinals) o,
			LATERAL (SELECT e.section_id FROM evently.event_seat e
				WHERE e.event_id = h.event_id AND e.ordinal = o AND e.hold_id = h.hold_id
				OFFSET 0) s
		WHERE h.event_id = expired_stock.event_id AND h.status = 'active' AND h.expires_at <= at
		UNION ALL
		SELECT p, h.quantity
		FROM evently.hold h, unnest(h.pools) p
		WHERE h.event_id = expired_stock.event_id AND h.status = 'active' AND h.expires_at <= at
	) x
	GROUP BY x.pool_id;
END;
COMMENT ON FUNCTION evently.expired_stock(uuid, timestamptz) IS
'By pool: what expired holds still take from the stock and nobody has tidied up yet. It is free, and counted so.';

CREATE FUNCTION evently.event_stock(event_id uuid, at timestamptz)
RETURNS TABLE (available integer, held integer)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT ((SELECT coalesce(sum(t.available), 0) FROM evently.stock t
				WHERE t.event_id = event_stock.event_id AND t.of_section)
			+ (SELECT coalesce(sum(x.quantity), 0) FROM evently.expired_stock(event_stock.event_id, at) x
				WHERE x.pool_id IN (SELECT s.section_id FROM evently.event_section s
					WHERE s.event_id = event_stock.event_id)))::integer,
		(SELECT coalesce(sum(h.quantity), 0) FROM evently.hold h
			WHERE h.event_id = event_stock.event_id AND h.status = 'active' AND h.expires_at > at)::integer;
END;
COMMENT ON FUNCTION evently.event_stock(uuid, timestamptz) IS 'Free places and live holds of an event at that time, in one snapshot.';

CREATE FUNCTION evently.expire_holds(event_id uuid DEFAULT NULL, max_rows integer DEFAULT 500) RETURNS integer
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_expire_holds';
COMMENT ON FUNCTION evently.expire_holds(uuid, integer) IS
'Tidies up: turns expired holds of one event (null: of one that has some) to status expired and returns how many, and serves whoever waits for what they gave back, or for what was free already when the sale opened. Nothing else depends on it: an expired hold is free at once everywhere; reads of an event with many of them get faster. max_rows: so many at most. Errors: VE401 EVENT_NOT_FOUND, VE001 VALIDATION_ERROR. Locks the event. Writes hold, event_seat, stock, outbox, and where somebody waits what leave_waitlist() does.';
GRANT EXECUTE ON FUNCTION evently.expire_holds(uuid, integer) TO evently_api;
