-- Waitlists (waitlist.c, waitlist_change.c, waitlist_admin.c, waitlist_serve.c, waitlist_order.c).

CREATE FUNCTION evently.waitlist_order(sections integer[], quantities integer[], available integer[], capacities integer[],
	skip_unfit boolean)
RETURNS integer[]
LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'evently_waitlist_order';
COMMENT ON FUNCTION evently.waitlist_order(integer[], integer[], integer[], integer[], boolean) IS
'The order of a waitlist, as hand-overs decide it: waiters in order of joining (the section each waits for, from 1, or 0 for any; the size of each party) and sections (what is free of each, its capacity) give for each waiter the section that serves him, 0 if he waits on, -1 if he can never be served.';

-- Views, for the reason that described_section tells.
CREATE VIEW evently.entry_status AS
SELECT w.event_id, w.entry_id, w.user_id, w.joined_at,
	CASE WHEN w.status = 'notified' AND h.expires_at <= statement_timestamp() THEN 'expired' ELSE w.status::text END AS status
FROM evently.waitlist_entry w
LEFT JOIN evently.hold h ON w.status = 'notified' AND h.event_id = w.event_id AND h.hold_id = w.hold_id;
COMMENT ON VIEW evently.entry_status IS 'Waitlist entries and their status now: from its end on a missed offer is expired, tidied up or not.';

CREATE VIEW evently.waitlist_pace AS
SELECT e.event_id, (SELECT CASE WHEN count(*) >= 5
		THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM l.notified_at - l.joined_at)) END
	FROM (SELECT w.notified_at, w.joined_at FROM evently.waitlist_entry w
		WHERE w.event_id = e.event_id AND w.notified_at IS NOT NULL
		ORDER BY w.notified_at DESC LIMIT 20) l) AS median_wait_seconds
FROM evently.event e;
COMMENT ON VIEW evently.waitlist_pace IS 'How long the last 20 who were served had waited, in the median; null as long as there are fewer than 5.';

-- A position is counted from behind: who has just joined learns his at once.
CREATE VIEW evently.described_entry AS
SELECT w.event_id, w.entry_id, w.user_id, w.position, w.joined_at, s.status,
	ROW(w.entry_id, w.event_id, w.user_id, w.section_id, w.quantity, w.mode, s.status,
		CASE s.status WHEN 'active' THEN
			(SELECT e.waiting + (SELECT coalesce(sum(c.waiting), 0) FROM evently.event_section c
					WHERE c.event_id = w.event_id AND (w.section_id IS NULL OR c.section_id = w.section_id))
				FROM evently.event e WHERE e.event_id = w.event_id)
			- (SELECT count(*) FROM evently.waitlist_entry b
				WHERE b.event_id = w.event_id AND b.status = 'active' AND b.position > w.position
					AND (w.section_id IS NULL OR b.section_id IS NULL OR b.section_id = w.section_id)) END::integer,
		CASE s.status WHEN 'active' THEN
			(SELECT greatest(0, p.median_wait_seconds + extract(epoch FROM w.joined_at - statement_timestamp()))
				FROM evently.waitlist_pace p WHERE p.event_id = w.event_id AND p.median_wait_seconds IS NOT NULL) END::integer,
		w.joined_at, w.notified_at, coalesce(w.ended_at, CASE s.status WHEN 'expired' THEN h.expires_at END), w.preferences,
		CASE s.status WHEN 'notified' THEN ROW(h.hold_id, h.expires_at,
			ARRAY(SELECT t.label FROM evently.event_seat t WHERE t.event_id = h.event_id AND t.ordinal = ANY (h.ordinals)
				ORDER BY t.ordinal),
			h.total_price, h.currency)::evently.waitlist_offer END,
		w.booking_id)::evently.waitlist_entry_detail AS detail
FROM evently.waitlist_entry w
LEFT JOIN evently.hold h ON w.status = 'notified' AND h.event_id = w.event_id AND h.hold_id = w.hold_id,
	LATERAL (SELECT CASE WHEN w.status = 'notified' AND h.expires_at <= statement_timestamp() THEN 'expired'
		ELSE w.status::text END) s (status);
COMMENT ON VIEW evently.described_entry IS 'Waitlist entries as functions return them.';

CREATE VIEW evently.explained_entry AS
SELECT d.event_id, d.entry_id,
	ROW(d.entry_id, d.event_id, d.status, (d.detail).position, (d.detail).quantity, f.available, a.entries, a.tickets,
		CASE d.status
			WHEN 'active' THEN concat_ws(' ',
				CASE WHEN a.entries = 0 THEN 'The next to be served.'
					ELSE format('Served after %s that joined earlier and wait for the same places, %s tickets in all; the next of them needs %s.',
						a.entries, a.tickets, a.next_quantity) END,
				format('Needs %s in one section; %s free now in the one that has most.', (d.detail).quantity,
					CASE f.available WHEN 1 THEN '1 is' ELSE f.available || ' are' END),
				CASE e.status WHEN 'published' THEN NULL ELSE format('Nobody is served while the event is %s.', e.status) END)
			WHEN 'notified' THEN 'Has an offer: hold ' || ((d.detail).offer).hold_id || ' is to be confirmed before it expires.'
			WHEN 'converted' THEN 'Was served and booked.'
			WHEN 'expired' THEN CASE WHEN (d.detail).notified_at IS NULL THEN 'Needed more than there will ever be.'
				ELSE 'Had an offer that was not confirmed in time.' END
			ELSE CASE WHEN (d.detail).notified_at IS NULL THEN 'Left, or the waitlist was closed.'
				ELSE 'Had an offer that was declined, or the event was cancelled.' END
		END)::evently.waitlist_explanation AS explanation
FROM evently.described_entry d
JOIN evently.event e ON e.event_id = d.event_id,
	LATERAL (SELECT count(*)::integer AS entries, coalesce(sum(w.quantity), 0)::integer AS tickets,
			(array_agg(w.quantity ORDER BY w.position))[1] AS next_quantity
		FROM evently.waitlist_entry w
		WHERE w.event_id = d.event_id AND w.status = 'active' AND d.status = 'active' AND w.position < d.position
			AND ((d.detail).section_id IS NULL OR w.section_id IS NULL OR w.section_id = (d.detail).section_id)) a,
	LATERAL (SELECT coalesce(max(s.available_seats), 0) AS available
		FROM evently.described_section c, unnest(c.sections) s
		WHERE c.event_id = d.event_id AND ((d.detail).section_id IS NULL OR s.section_id = (d.detail).section_id)) f;
COMMENT ON VIEW evently.explained_entry IS 'Waitlist entries and why they wait, or how they ended.';

CREATE VIEW evently.described_waitlist AS
SELECT e.event_id,
	ROW(e.event_id, w.waiting, w.waiting_tickets, w.notified, w.converted, w.expired, w.cancelled, w.total, w.longest,
		round(p.median_wait_seconds)::integer, s.available)::evently.waitlist_stats AS stats
FROM evently.event e
JOIN evently.waitlist_pace p ON p.event_id = e.event_id,
	LATERAL (SELECT
			(count(*) FILTER (WHERE x.status = 'active'))::integer AS waiting,
			coalesce(sum(x.quantity) FILTER (WHERE x.status = 'active'), 0)::integer AS waiting_tickets,
			(count(*) FILTER (WHERE x.status = 'notified'))::integer AS notified,
			(count(*) FILTER (WHERE x.status = 'converted'))::integer AS converted,
			(count(*) FILTER (WHERE x.status = 'expired'))::integer AS expired,
			(count(*) FILTER (WHERE x.status = 'cancelled'))::integer AS cancelled,
			count(*)::integer AS total,
			ceil(extract(epoch FROM statement_timestamp() - min(x.joined_at) FILTER (WHERE x.status = 'active')))::integer AS longest
		FROM (SELECT s.status, w.quantity, w.joined_at FROM evently.entry_status s
			JOIN evently.waitlist_entry w ON w.event_id = s.event_id AND w.entry_id = s.entry_id
			WHERE s.event_id = e.event_id) x) w,
	LATERAL (SELECT x.available FROM evently.event_stock(e.event_id, statement_timestamp()) x OFFSET 0) s;
COMMENT ON VIEW evently.described_waitlist IS 'The waitlists of events in figures.';

CREATE FUNCTION evently.join_waitlist(event_id uuid, user_id uuid, quantity integer DEFAULT NULL, section_id uuid DEFAULT NULL,
	mode text DEFAULT NULL, preferences jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.waitlist_entry_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_join_waitlist';
COMMENT ON FUNCTION evently.join_waitlist(uuid, uuid, integer, uuid, text, jsonb, text) IS
'Waits, at the end of the queue, for that many tickets (1 by default) together in one section: section_id, or any. Who gives tickets back serves the queue in the order of joining before he commits: as an offer, a hold of evently.offer_ttl seconds that is to be confirmed, or in mode auto, where nothing is to be paid, as a booking. While somebody waits nobody else gets what he waits for. preferences, JSON of at most 4096 bytes, are kept for the application. Errors: VE302 SEATS_AVAILABLE where the request can be booked now, VE303 ALREADY_WAITLISTED, VE304 PARTY_TOO_LARGE where it can never be served, VE105 SECTION_NOT_FOUND, VE108 HOLD_LIMIT, VE110 LIMIT_EXCEEDED, VE401 EVENT_NOT_FOUND, VE402 EVENT_NOT_BOOKABLE, VE403 SALE_NOT_STARTED, VE404 SALE_ENDED, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR, 55P03 after the lock timeout. Locks the event. Writes waitlist_entry, event, event_section, outbox, idempotency, and for others that are served what leave_waitlist() does.';

CREATE FUNCTION evently.leave_waitlist(event_id uuid, user_id uuid, idempotency_key text DEFAULT NULL)
RETURNS evently.waitlist_entry_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_leave_waitlist';
COMMENT ON FUNCTION evently.leave_waitlist(uuid, uuid, text) IS
'Waits no longer; an offer is declined and passed on to the next in the same transaction. Who waits no more gets his last entry as it is. Joining again is at the end. Errors: VE401 EVENT_NOT_FOUND, VE305 WAITLIST_ENTRY_NOT_FOUND, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes waitlist_entry, event, event_section, hold, event_seat, stock, booking, ticket, outbox, idempotency.';

CREATE FUNCTION evently.decline_offer(event_id uuid, user_id uuid, idempotency_key text DEFAULT NULL)
RETURNS evently.waitlist_entry_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_decline_offer';
COMMENT ON FUNCTION evently.decline_offer(uuid, uuid, text) IS
'Gives the offer back, to the next in the queue. A repeat gives the same answer. Errors: VE401 EVENT_NOT_FOUND, VE305 WAITLIST_ENTRY_NOT_FOUND, VE306 OFFER_NOT_ACTIVE, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes what leave_waitlist() does, idempotency.';

CREATE FUNCTION evently.accept_offer(event_id uuid, user_id uuid, payment jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.booking_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_accept_offer';
COMMENT ON FUNCTION evently.accept_offer(uuid, uuid, jsonb, text) IS
'confirm_hold() of the user''s last offer. Errors: VE305 WAITLIST_ENTRY_NOT_FOUND, VE306 OFFER_NOT_ACTIVE, and those of confirm_hold(). Writes what confirm_hold() does, waitlist_entry, idempotency.';

CREATE FUNCTION evently.get_waitlist_status(event_id uuid, user_id uuid) RETURNS evently.waitlist_entry_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_waitlist_status';
COMMENT ON FUNCTION evently.get_waitlist_status(uuid, uuid) IS
'The user''s last entry in the waitlist of the event, also when it is over. Errors: VE305 WAITLIST_ENTRY_NOT_FOUND, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.explain_waitlist(entry_id uuid, event_id uuid DEFAULT NULL, user_id uuid DEFAULT NULL)
RETURNS evently.waitlist_explanation
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_explain_waitlist';
COMMENT ON FUNCTION evently.explain_waitlist(uuid, uuid, uuid) IS
'Why an entry waits, or how it ended, in figures and a sentence. event_id null: found by entry_id. user_id, when given, must be its owner or may manage all events. Errors: VE305 WAITLIST_ENTRY_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR. Writes nothing.';

CREATE FUNCTION evently.list_user_waitlist(user_id uuid, status text DEFAULT NULL, page integer DEFAULT NULL, "limit" integer DEFAULT NULL,
	"offset" integer DEFAULT NULL)
RETURNS evently.waitlist_page
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_list_user_waitlist';
COMMENT ON FUNCTION evently.list_user_waitlist(uuid, text, integer, integer, integer) IS
'One page of a user''s waitlist entries, last joined first. status: active, notified, converted, expired, cancelled. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.list_waitlist_entries(event_id uuid, actor_id uuid DEFAULT NULL, status text DEFAULT NULL,
	page integer DEFAULT NULL, "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL)
RETURNS evently.waitlist_page
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_list_waitlist_entries';
COMMENT ON FUNCTION evently.list_waitlist_entries(uuid, uuid, text, integer, integer, integer) IS
'One page of the entries of an event''s waitlist in the order of joining; actor_id must have permission bookings:read for the event. status: as list_user_waitlist(). Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_waitlist_stats(event_id uuid, actor_id uuid DEFAULT NULL) RETURNS evently.waitlist_stats
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_waitlist_stats';
COMMENT ON FUNCTION evently.get_waitlist_stats(uuid, uuid) IS
'The waitlist of an event in figures; actor_id must have permission bookings:read for the event. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.notify_waitlist(event_id uuid, available_tickets integer DEFAULT NULL, actor_id uuid DEFAULT NULL,
	idempotency_key text DEFAULT NULL)
RETURNS evently.waitlist_notice
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_notify_waitlist';
COMMENT ON FUNCTION evently.notify_waitlist(uuid, integer, uuid, text) IS
'Serves whoever is next from what is free, with available_tickets at most: what every release does by itself, for what became free otherwise: offers that ran out, an event put on sale again. actor_id must have permission events:own for the event. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Locks the event. Writes what leave_waitlist() does, idempotency.';

GRANT EXECUTE ON FUNCTION
	evently.join_waitlist(uuid, uuid, integer, uuid, text, jsonb, text),
	evently.leave_waitlist(uuid, uuid, text),
	evently.decline_offer(uuid, uuid, text),
	evently.accept_offer(uuid, uuid, jsonb, text),
	evently.get_waitlist_status(uuid, uuid),
	evently.explain_waitlist(uuid, uuid, uuid),
	evently.list_user_waitlist(uuid, text, integer, integer, integer),
	evently.list_waitlist_entries(uuid, uuid, text, integer, integer, integer),
	evently.get_waitlist_stats(uuid, uuid),
	evently.notify_waitlist(uuid, integer, uuid, text)
TO evently_api;
