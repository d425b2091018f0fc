-- The invariants of the engine, numbered; one snapshot for all, and none depends on the clock.

CREATE FUNCTION evently.verify()
RETURNS TABLE (invariant integer, problem text, event_id uuid, detail text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH held_seat AS (
		SELECT h.event_id, h.hold_id, h.expires_at, o.ordinal
		FROM evently.hold h, unnest(h.ordinals) AS o (ordinal)
		WHERE h.status = 'active'
	),
	-- Few or none. Each is looked for among all holds of its event, so the planner must not do that with every held seat.
	lost_seat AS MATERIALIZED (
		SELECT h.event_id, h.hold_id, h.expires_at, h.ordinal, s.label
		FROM held_seat h
		JOIN evently.event_seat s ON s.event_id = h.event_id AND s.ordinal = h.ordinal
		WHERE s.hold_id IS DISTINCT FROM h.hold_id
	),
	section_use AS (
		SELECT s.event_id, s.section_id, s.kind, s.capacity, s.stripes,
			(SELECT count(*) FROM evently.stock t WHERE t.event_id = s.event_id AND t.section_id = s.section_id AND t.of_section
				AND t.reserved = (s.kind = 'reserved')) AS stripe_rows,
			(SELECT coalesce(sum(t.available), 0) FROM evently.stock t
				WHERE t.event_id = s.event_id AND t.section_id = s.section_id) AS available,
			(SELECT count(*) FROM evently.event_seat e
				WHERE e.event_id = s.event_id AND e.section_id = s.section_id) AS seats,
			(SELECT count(*) FROM evently.event_seat e
				WHERE e.event_id = s.event_id AND e.section_id = s.section_id AND e.hold_id IS NOT NULL) AS seats_held,
			(SELECT coalesce(sum(a.delta), 0) FROM evently.adjustment a
				WHERE a.event_id = s.event_id AND a.section_id = s.section_id) AS adjusted
		FROM evently.event_section s
	),
	tickets_sold AS (
		SELECT t.event_id, t.section_id, count(*) AS sold
		FROM evently.ticket t WHERE t.cancelled_at IS NULL GROUP BY 1, 2
	),
	tickets_held AS (
		SELECT h.event_id, h.section_id, sum(h.quantity) AS held
		FROM evently.hold h WHERE h.status = 'active' AND h.section_id IS NOT NULL GROUP BY 1, 2
	),
	held_of_pool AS (
		SELECT h.event_id, p.pool_id, sum(h.quantity) AS held
		FROM evently.hold h, unnest(h.pools) AS p (pool_id)
		WHERE h.status = 'active' AND h.pools IS NOT NULL GROUP BY 1, 2
	),
	sold_of_pool AS (
		SELECT b.event_id, p.pool_id, count(*) AS sold
		FROM evently.booking b
		JOIN evently.ticket t ON t.event_id = b.event_id AND t.booking_id = b.booking_id AND t.cancelled_at IS NULL,
			unnest(b.pools) AS p (pool_id)
		WHERE b.pools IS NOT NULL GROUP BY 1, 2
	),
	stock_of_pool AS (
		SELECT t.event_id, t.section_id, count(*) AS stripes, sum(t.available) AS available
		FROM evently.stock t WHERE NOT t.of_section AND NOT t.reserved GROUP BY 1, 2
	),
	ticket_sum AS (
		SELECT t.event_id, t.booking_id, count(*) AS tickets, sum(t.price) AS price,
			count(*) FILTER (WHERE t.cancelled_at IS NULL) AS valid
		FROM evently.ticket t GROUP BY 1, 2
	)
	SELECT 1, 'stock is not capacity less what is sold and held', u.event_id,
		format('section %s: %s available of %s, %s sold, %s held, %s adjusted', u.section_id, u.available, u.capacity,
			coalesce(t.sold, 0), coalesce(h.held, 0) + u.seats_held, u.adjusted)
	FROM section_use u
	LEFT JOIN tickets_sold t ON t.event_id = u.event_id AND t.section_id = u.section_id
	LEFT JOIN tickets_held h ON h.event_id = u.event_id AND h.section_id = u.section_id
	WHERE u.available <> u.capacity - coalesce(t.sold, 0) - coalesce(h.held, 0) - u.seats_held + u.adjusted
	UNION ALL
	SELECT 2, 'more is sold than there is', u.event_id, format('section %s: %s of %s', u.section_id, t.sold, u.capacity)
	FROM section_use u
	JOIN tickets_sold t ON t.event_id = u.event_id AND t.section_id = u.section_id
	WHERE t.sold > u.capacity
	UNION ALL
	SELECT 3, 'a section has not the stripes, of its kind, or seats it was made with', u.event_id,
		format('section %s: %s of %s stripes, %s of %s seats', u.section_id, u.stripe_rows, u.stripes, u.seats, u.capacity)
	FROM section_use u
	WHERE u.stripe_rows <> u.stripes OR u.seats <> CASE u.kind WHEN 'reserved' THEN u.capacity ELSE 0 END
	UNION ALL
	SELECT 4, 'the capacity of an event is not that of its sections', e.event_id,
		format('%s, but sections have %s', e.total_capacity, s.capacity)
	FROM evently.event e
	LEFT JOIN (SELECT s.event_id, sum(s.capacity) AS capacity FROM evently.event_section s GROUP BY 1) s
		ON s.event_id = e.event_id
	WHERE e.total_capacity IS DISTINCT FROM s.capacity
	UNION ALL
	SELECT 5, 'a sold seat and its ticket disagree', coalesce(s.event_id, t.event_id),
		format('seat %s: booking %s, ticket of booking %s', coalesce(s.label, t.seat_label), s.booking_id, t.booking_id)
	FROM (SELECT s.event_id, s.ordinal, s.label, s.section_id, s.booking_id FROM evently.event_seat s
			WHERE s.booking_id IS NOT NULL) s
	FULL JOIN (SELECT t.event_id, t.seat_ordinal, t.seat_label, t.section_id, t.booking_id FROM evently.ticket t
			WHERE t.seat_ordinal IS NOT NULL AND t.cancelled_at IS NULL) t
		ON t.event_id = s.event_id AND t.seat_ordinal = s.ordinal
	WHERE (s.booking_id, s.label, s.section_id) IS DISTINCT FROM (t.booking_id, t.seat_label, t.section_id)
	UNION ALL
	SELECT 6, 'a held seat is not one of its active hold''s, or ends at another time', s.event_id,
		format('seat %s, hold %s', s.label, s.hold_id)
	FROM evently.event_seat s
	LEFT JOIN held_seat h ON h.event_id = s.event_id AND h.hold_id = s.hold_id AND h.ordinal = s.ordinal
	WHERE s.hold_id IS NOT NULL AND s.held_until IS DISTINCT FROM h.expires_at
	UNION ALL
	SELECT 7, 'an active hold has lost a seat, and nobody took it after its end', h.event_id,
		format('seat %s, hold %s', h.label, h.hold_id)
	FROM lost_seat h
	WHERE NOT EXISTS (SELECT FROM evently.hold n
			WHERE n.event_id = h.event_id AND h.ordinal = ANY (n.ordinals) AND n.created_at >= h.expires_at)
		AND NOT EXISTS (SELECT FROM evently.ticket t
			JOIN evently.booking b ON b.event_id = t.event_id AND b.booking_id = t.booking_id
			WHERE t.event_id = h.event_id AND t.seat_ordinal = h.ordinal AND b.created_at >= h.expires_at)
	UNION ALL
	SELECT 8, 'a booking is not the sum of its tickets', b.event_id,
		format('booking %s: %s tickets of %s, %s of %s', b.booking_id, coalesce(t.tickets, 0), b.quantity,
			coalesce(t.price, 0), b.total_price)
	FROM evently.booking b
	LEFT JOIN ticket_sum t ON t.event_id = b.event_id AND t.booking_id = b.booking_id
	WHERE coalesce(t.tickets, 0) <> b.quantity OR coalesce(t.price, 0) <> b.total_price OR b.total_price = 'NaN'
		OR (coalesce(t.valid, 0) > 0) <> (b.status = 'confirmed')
	UNION ALL
	SELECT 9, 'a ticket has no booking', t.event_id, format('booking %s', t.booking_id)
	FROM ticket_sum t
	WHERE NOT EXISTS (SELECT FROM evently.booking b WHERE b.event_id = t.event_id AND b.booking_id = t.booking_id)
	UNION ALL
	SELECT 10, 'a confirmed hold and its booking disagree', coalesce(h.event_id, b.event_id),
		format('hold %s, booking %s', coalesce(h.hold_id, b.hold_id), b.booking_id)
	FROM (SELECT h.event_id, h.hold_id, h.user_id, h.quantity, h.total_price FROM evently.hold h
			WHERE h.status = 'confirmed') h
	FULL JOIN (SELECT b.event_id, b.hold_id, b.booking_id, b.user_id, b.quantity, b.total_price FROM evently.booking b
			WHERE b.hold_id IS NOT NULL) b
		ON b.event_id = h.event_id AND b.hold_id = h.hold_id
	WHERE (h.user_id, h.quantity, h.total_price) IS DISTINCT FROM (b.user_id, b.quantity, b.total_price)
	UNION ALL
	SELECT 11, 'a cancellation is not the sum of its tickets', coalesce(c.event_id, t.event_id),
		format('booking %s, cancellation %s: fee %s + refund %s of %s', coalesce(c.booking_id, t.booking_id),
			coalesce(c.cancellation_id, t.cancellation_id), c.fee, c.refund_amount, t.price)
	FROM (SELECT c.event_id, c.booking_id, c.cancellation_id, c.fee, c.refund_amount, b.currency = c.currency AS same_currency
			FROM evently.cancellation c
			LEFT JOIN evently.booking b ON b.event_id = c.event_id AND b.booking_id = c.booking_id) c
	FULL JOIN (SELECT t.event_id, t.booking_id, t.cancellation_id, sum(t.price) AS price, sum(t.fee) AS fee
			FROM evently.cancelled_ticket t GROUP BY 1, 2, 3) t
		ON t.event_id = c.event_id AND t.booking_id = c.booking_id AND t.cancellation_id = c.cancellation_id
	WHERE (c.fee, c.fee + c.refund_amount, c.same_currency) IS DISTINCT FROM (t.fee, t.price, true)
	UNION ALL
	SELECT 12, 'what a row refers to is not there', o.event_id, o.what
	FROM (
		SELECT DISTINCT s.event_id, 'the event of a section' AS what FROM evently.event_section s
			WHERE NOT EXISTS (SELECT FROM evently.event e WHERE e.event_id = s.event_id)
		UNION ALL
		SELECT DISTINCT t.event_id, format('section or pool %s of a stock', t.section_id) FROM evently.stock t
			WHERE NOT EXISTS (SELECT FROM evently.event_section s WHERE t.of_section AND s.event_id = t.event_id
				AND s.section_id = t.section_id)
			AND NOT EXISTS (SELECT FROM evently.pool p WHERE NOT t.of_section AND p.event_id = t.event_id
				AND p.pool_id = t.section_id)
		UNION ALL
		SELECT DISTINCT t.event_id, format('section %s of a seat', t.section_id) FROM evently.event_seat t
			WHERE NOT EXISTS (SELECT FROM evently.event_section s WHERE s.event_id = t.event_id AND s.section_id = t.section_id)
		UNION ALL
		SELECT DISTINCT p.event_id, format('the event of pool %s', p.pool_id) FROM evently.pool p
			WHERE NOT EXISTS (SELECT FROM evently.event e WHERE e.event_id = p.event_id)
		UNION ALL
		SELECT DISTINCT h.event_id, 'the event of a hold' FROM evently.hold h
			WHERE NOT EXISTS (SELECT FROM evently.event e WHERE e.event_id = h.event_id)
		UNION ALL
		SELECT DISTINCT b.event_id, 'the event of a booking' FROM evently.booking b
			WHERE NOT EXISTS (SELECT FROM evently.event e WHERE e.event_id = b.event_id)
		UNION ALL
		SELECT b.event_id, format('policy %s of booking %s', b.policy_version, b.booking_id) FROM evently.booking b
			WHERE b.policy_version IS NOT NULL AND NOT EXISTS (SELECT FROM evently.cancellation_policy p
				WHERE p.event_id = b.event_id AND p.version = b.policy_version)
		UNION ALL
		SELECT e.event_id, format('policy %s of an event', e.policy_version) FROM evently.event e
			WHERE e.policy_version IS NOT NULL AND NOT EXISTS (SELECT FROM evently.cancellation_policy p
				WHERE p.event_id = e.event_id AND p.version = e.policy_version)
		UNION ALL
		SELECT e.event_id, format('venue %s of an event', e.venue_id) FROM evently.event e
			WHERE e.venue_id IS NOT NULL AND NOT EXISTS (SELECT FROM evently.venue v WHERE v.venue_id = e.venue_id)
		UNION ALL
		SELECT DISTINCT NULL::uuid, format('layout %s of a section', s.venue_id) FROM evently.venue_section s
			WHERE NOT EXISTS (SELECT FROM evently.venue v WHERE v.venue_id = s.venue_id)
				AND NOT EXISTS (SELECT FROM evently.venue_template t WHERE t.venue_template_id = s.venue_id)
				AND NOT EXISTS (SELECT FROM evently.event e WHERE e.event_id = s.venue_id)
		UNION ALL
		SELECT DISTINCT NULL::uuid, format('section %s of a seat', s.section_id) FROM evently.venue_seat s
			WHERE NOT EXISTS (SELECT FROM evently.venue_section v
				WHERE v.section_id = s.section_id AND v.venue_id = s.venue_id)
		UNION ALL
		SELECT e.event_id, format('organiser %s of an event', e.organiser_id) FROM evently.event e
			WHERE e.organiser_id IS NOT NULL
				AND NOT EXISTS (SELECT FROM evently.organiser o WHERE o.organiser_id = e.organiser_id)
		UNION ALL
		SELECT DISTINCT NULL::uuid, format('organiser %s of a member', m.organiser_id) FROM evently.organiser_member m
			WHERE NOT EXISTS (SELECT FROM evently.organiser o WHERE o.organiser_id = m.organiser_id)
		UNION ALL
		SELECT DISTINCT NULL::uuid, format('account %s of a refresh token', t.account_id) FROM evently.refresh_token t
			WHERE NOT EXISTS (SELECT FROM evently.account a WHERE a.account_id = t.account_id)
	) o
	UNION ALL
	SELECT 13, 'a ticket does not fit its section', t.event_id, format('ticket %s', t.ticket_id)
	FROM evently.ticket t
	LEFT JOIN evently.event_section s ON s.event_id = t.event_id AND s.section_id = t.section_id
	WHERE s.kind IS DISTINCT FROM CASE WHEN t.seat_ordinal IS NULL THEN 'general' ELSE 'reserved' END
	UNION ALL
	SELECT 14, 'a hold does not cost what its tickets do', h.event_id, format('hold %s', h.hold_id)
	FROM evently.hold h
	WHERE h.total_price <> (SELECT sum(p) FROM unnest(h.prices) p) OR h.total_price = 'NaN'
	UNION ALL
	SELECT 15, 'a cancelled event is still held or booked, and nobody is to end that', e.event_id, format('%s holds, %s bookings', l.holds, l.bookings)
	FROM evently.event e,
		LATERAL (SELECT
			(SELECT count(*) FROM evently.hold h WHERE h.event_id = e.event_id AND h.status = 'active') AS holds,
			(SELECT count(*) FROM evently.booking b WHERE b.event_id = e.event_id AND b.status = 'confirmed') AS bookings) l
	WHERE CASE e.status WHEN 'cancelled' THEN NOT e.is_cancelling AND l.holds + l.bookings > 0 ELSE e.is_cancelling END
	UNION ALL
	SELECT 16, 'the stock of a pool is not its size less what is sold and held of it, or not in its stripes',
		coalesce(p.event_id, h.event_id, s.event_id),
		format('pool %s: %s available of %s, %s sold, %s held, %s of %s stripes', coalesce(p.pool_id, h.pool_id, s.pool_id),
			t.available, p.size, coalesce(s.sold, 0), coalesce(h.held, 0), t.stripes, p.stripes)
	FROM evently.pool p
	LEFT JOIN stock_of_pool t ON t.event_id = p.event_id AND t.section_id = p.pool_id
	FULL JOIN held_of_pool h ON h.event_id = p.event_id AND h.pool_id = p.pool_id
	FULL JOIN sold_of_pool s ON s.event_id = p.event_id AND s.pool_id = p.pool_id
	WHERE p.pool_id IS NULL OR (t.stripes, t.available) IS DISTINCT FROM (p.stripes::bigint, p.size - coalesce(s.sold, 0) - coalesce(h.held, 0))
	UNION ALL
	SELECT 17, 'a payment is not what its booking costs', p.event_id, format('payment %s of %s, booking %s of %s', p.payment_id, p.amount, p.booking_id, b.total_price)
	FROM evently.payment p
	LEFT JOIN evently.booking b ON b.event_id = p.event_id AND b.booking_id = p.booking_id
	WHERE p.booking_id IS NOT NULL
		AND (b.total_price, b.currency, b.user_id) IS DISTINCT FROM (p.amount, p.currency, p.user_id)
	UNION ALL
	SELECT 18, 'a payment is not refunded by its refunds, or bought nothing and is not refunded in full', coalesce(p.event_id, r.event_id),
		format('payment %s of %s: %s refunded, refunds of %s', coalesce(p.payment_id, r.payment_id), p.amount, p.refunded, r.amount)
	FROM evently.payment p
	FULL JOIN (SELECT r.event_id, r.payment_id, r.currency, sum(r.amount) AS amount FROM evently.refund r GROUP BY 1, 2, 3) r
		ON r.event_id = p.event_id AND r.payment_id = p.payment_id AND r.currency = p.currency
	WHERE p.refunded IS DISTINCT FROM coalesce(r.amount, 0)
		OR (p.status = 'paid' AND p.booking_id IS NULL AND p.refunded <> p.amount)
	UNION ALL
	SELECT 19, 'a cancellation of what was paid and its refund disagree', c.event_id,
		format('cancellation %s of %s, refunds of %s', c.cancellation_id, c.refund_amount, r.amount)
	FROM evently.payment p
	JOIN evently.cancellation c ON c.event_id = p.event_id AND c.booking_id = p.booking_id
	LEFT JOIN (SELECT r.event_id, r.payment_id, r.cancellation_id, sum(r.amount) AS amount FROM evently.refund r GROUP BY 1, 2, 3) r
		ON r.event_id = p.event_id AND r.payment_id = p.payment_id AND r.cancellation_id = c.cancellation_id
	WHERE c.refund_amount <> coalesce(r.amount, 0)
	UNION ALL
	SELECT 20, 'more was given back by adjustment than was taken, or of a section that there is not', a.event_id,
		format('section %s: %s', a.section_id, a.adjusted)
	FROM (SELECT x.event_id, x.section_id, sum(x.delta) AS adjusted FROM evently.adjustment x GROUP BY 1, 2) a
	WHERE a.adjusted > 0 OR NOT EXISTS (SELECT FROM evently.event_section s
		WHERE s.event_id = a.event_id AND s.section_id = a.section_id)
	UNION ALL
	SELECT 21, 'as many do not wait as are counted', c.event_id,
		format('section %s: %s wait, %s counted', coalesce(c.section_id::text, 'any'), w.waiting, c.waiting)
	FROM (SELECT e.event_id, NULL::uuid AS section_id, e.waiting FROM evently.event e
			UNION ALL SELECT s.event_id, s.section_id, s.waiting FROM evently.event_section s) c,
		LATERAL (SELECT count(*) AS waiting FROM evently.waitlist_entry x
			WHERE x.event_id = c.event_id AND x.section_id IS NOT DISTINCT FROM c.section_id AND x.status = 'active') w
	WHERE c.waiting <> w.waiting
	UNION ALL
	SELECT 22, 'an entry of a waitlist has no event or section, or a position beyond the last', w.event_id, format('entry %s', w.entry_id)
	FROM evently.waitlist_entry w
	LEFT JOIN evently.event e ON e.event_id = w.event_id
	WHERE w.position > coalesce(e.last_position, 0)
		OR w.section_id IS NOT NULL AND NOT EXISTS (SELECT FROM evently.event_section s
			WHERE s.event_id = w.event_id AND s.section_id = w.section_id)
	UNION ALL
	SELECT 23, 'an offer and its hold disagree', coalesce(w.event_id, h.event_id),
		format('entry %s, hold %s', coalesce(w.entry_id, h.entry_id), coalesce(h.hold_id, w.hold_id))
	FROM (SELECT w.event_id, w.entry_id, w.hold_id, w.user_id, w.quantity FROM evently.waitlist_entry w
			WHERE w.status = 'notified') w
	FULL JOIN (SELECT h.event_id, h.entry_id, h.hold_id, h.user_id, h.quantity FROM evently.hold h
			WHERE h.status = 'active' AND h.entry_id IS NOT NULL) h
		ON h.event_id = w.event_id AND h.entry_id = w.entry_id
	WHERE (w.hold_id, w.user_id, w.quantity) IS DISTINCT FROM (h.hold_id, h.user_id, h.quantity)
	UNION ALL
	SELECT 24, 'a converted entry and its booking disagree', coalesce(w.event_id, b.event_id),
		format('entry %s, booking %s', coalesce(w.entry_id, b.entry_id), coalesce(b.booking_id, w.booking_id))
	FROM (SELECT w.event_id, w.entry_id, w.booking_id, w.user_id, w.quantity FROM evently.waitlist_entry w
			WHERE w.status = 'converted') w
	FULL JOIN (SELECT b.event_id, h.entry_id, b.booking_id, b.user_id, b.quantity FROM evently.hold h
			JOIN evently.booking b ON b.event_id = h.event_id AND b.hold_id = h.hold_id
			WHERE h.entry_id IS NOT NULL) b
		ON b.event_id = w.event_id AND b.entry_id = w.entry_id
	WHERE (w.booking_id, w.user_id, w.quantity) IS DISTINCT FROM (b.booking_id, b.user_id, b.quantity)
	UNION ALL
	SELECT 25, 'somebody waits for a cancelled event', w.event_id, format('entry %s', w.entry_id)
	FROM evently.waitlist_entry w
	JOIN evently.event e ON e.event_id = w.event_id AND e.status = 'cancelled' AND NOT e.is_cancelling
	WHERE w.status = 'active';
END;
COMMENT ON FUNCTION evently.verify() IS
'Checks every invariant in one snapshot: no row means all is well, at any moment, under any load, after any crash. Reads all rows of the booking side.';
GRANT EXECUTE ON FUNCTION evently.verify() TO evently_api;
