-- Analytics (analytics.c, analytics_cache.c). Every figure is a sum over the ledger: a sale counts when it was made, a cancellation when it was
-- made, so that what is past does not change. revenue is what was sold less what was given back: fees that were kept are in it.

CREATE TYPE evently.booking_trend AS (
	date date,
	bookings bigint,
	tickets_booked bigint,
	tickets_cancelled bigint,
	gross numeric,
	refunds numeric,
	revenue numeric
);
COMMENT ON TYPE evently.booking_trend IS 'What was sold and cancelled on one day.';

CREATE TYPE evently.hold_figures AS (
	created bigint,
	active bigint,
	confirmed bigint,
	released bigint,
	expired bigint,
	conversion numeric
);
COMMENT ON TYPE evently.hold_figures IS
	'How holds of buyers end; seats kept back and offers to who waits are not among them. active: not over yet. conversion: percentage confirmed of those that are over.';

CREATE TYPE evently.waitlist_figures AS (
	waiting bigint,
	waiting_tickets bigint,
	offers bigint,
	converted bigint,
	expired bigint,
	conversion numeric
);
COMMENT ON TYPE evently.waitlist_figures IS
	'Who waits now, and for how many tickets. offers: those ever served, converted by confirming or by themselves (mode auto), expired by not confirming in time; the others are open or were declined. conversion: percentage converted of the offers that are over.';

CREATE TYPE evently.event_analytics AS (
	event_id uuid,
	name text,
	status text,
	tickets_sold bigint,
	tickets_cancelled bigint,
	bookings bigint,
	gross numeric,
	refunds numeric,
	revenue numeric,
	currency text,
	total_capacity integer,
	capacity_utilization numeric,
	booking_trends evently.booking_trend[],
	holds evently.hold_figures,
	waitlist evently.waitlist_figures
);
COMMENT ON TYPE evently.event_analytics IS
	'An event in figures. tickets_sold are valid today; bookings are those ever made; revenue is gross less refunds; capacity_utilization is a percentage; booking_trends has a row for each day, in the event''s time zone, on which something was booked or cancelled.';

CREATE TYPE evently.currency_amount AS (
	currency text,
	revenue numeric
);
COMMENT ON TYPE evently.currency_amount IS 'Revenue in one currency: amounts in different ones are never added.';

CREATE TYPE evently.event_figures AS (
	event_id uuid,
	name text,
	status text,
	start_datetime timestamptz,
	capacity integer,
	booked bigint,
	revenue numeric,
	currency text,
	utilization_pct numeric
);
COMMENT ON TYPE evently.event_figures IS 'A line of a list of events in figures.';

CREATE TYPE evently.analytics_totals AS (
	events bigint,
	active_events bigint,
	capacity bigint,
	bookings bigint,
	booked bigint,
	revenue numeric,
	currency text,
	revenues evently.currency_amount[],
	utilization_pct numeric
);
COMMENT ON TYPE evently.analytics_totals IS
	'active_events are published and not over; capacity and utilization_pct leave out drafts and cancelled events; booked counts valid tickets; revenue is that of currency, the one most tickets were sold in; revenues has all of them.';

CREATE TYPE evently.analytics_summary AS (
	generated_at timestamptz,
	cached boolean,
	totals evently.analytics_totals,
	events evently.event_figures[],
	top_events evently.event_figures[]
);
COMMENT ON TYPE evently.analytics_summary IS
	'The dashboard at generated_at. events: the 100 published ones that end next; top_events: the 10 with the most tickets sold.';

CREATE TYPE evently.overall_analytics AS (
	totals evently.analytics_totals,
	tickets_cancelled bigint,
	draft_events bigint,
	cancelled_events bigint,
	holds evently.hold_figures,
	booking_trends evently.booking_trend[],
	waitlist evently.waitlist_figures
);
COMMENT ON TYPE evently.overall_analytics IS 'All events in figures. booking_trends: the days asked for; bookings of every currency, gross, refunds and revenue in that of totals.';

CREATE TYPE evently.revenue_row AS (
	date date,
	event_id uuid,
	event text,
	section_id uuid,
	section text,
	bookings bigint,
	tickets_booked bigint,
	tickets_cancelled bigint,
	gross numeric,
	refunds numeric,
	revenue numeric,
	currency text
);
COMMENT ON TYPE evently.revenue_row IS 'Revenue of one day or month (its first day), event, or section of an event, in one currency.';

CREATE TYPE evently.revenue_report AS (
	"by" text,
	timezone text,
	date_from date,
	date_to date,
	rows evently.revenue_row[],
	totals evently.currency_amount[]
);
COMMENT ON TYPE evently.revenue_report IS 'Revenue by day, month, event or section. totals sums all of it, also rows beyond the limit.';

CREATE TYPE evently.popular_event AS (
	event_id uuid,
	name text,
	start_datetime timestamptz,
	tickets_sold bigint,
	score double precision
);
COMMENT ON TYPE evently.popular_event IS 'score: its valid tickets, each halved in weight with every 24 hours since it was booked.';

CREATE TYPE evently.popular_events AS (
	generated_at timestamptz,
	events evently.popular_event[]
);
COMMENT ON TYPE evently.popular_events IS 'Events by score, the highest first.';

CREATE TYPE evently.homepage_stats AS (
	generated_at timestamptz,
	cached boolean,
	events bigint,
	venues bigint,
	cities bigint,
	tickets_sold bigint,
	popular_events evently.popular_event[]
);
COMMENT ON TYPE evently.homepage_stats IS 'What a homepage boasts of: published events that are not over, their venues and cities, tickets ever sold and still valid.';

CREATE TYPE evently.user_analytics AS (
	user_id uuid,
	bookings bigint,
	tickets bigint,
	tickets_cancelled bigint,
	events bigint,
	upcoming_events bigint,
	spent evently.currency_amount[],
	first_booking_at timestamptz,
	last_booking_at timestamptz
);
COMMENT ON TYPE evently.user_analytics IS 'A buyer in figures: bookings ever made, tickets valid today, events they admit to, and what was paid less what came back (revenue).';

CREATE FUNCTION evently.percentage(part numeric, whole numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(round(100 * part / nullif(whole, 0), 2), 0);
END;
COMMENT ON FUNCTION evently.percentage(numeric, numeric) IS 'A part of the whole in percent, 0 of nothing.';

-- Views for analysts and their tools, who come as evently_analyst; no name, no address is in them.
CREATE VIEW evently.sale_ledger AS
SELECT b.event_id, b.booking_id, NULL::uuid AS cancellation_id, b.created_at AS occurred_at, b.quantity AS tickets,
	b.total_price AS amount, b.currency
FROM evently.booking b
UNION ALL
SELECT c.event_id, c.booking_id, c.cancellation_id, c.requested_at,
	-(SELECT count(*) FROM evently.ticket t WHERE t.event_id = c.event_id AND t.booking_id = c.booking_id
		AND t.cancelled_at IS NOT NULL AND coalesce(t.cancellation_id, c.cancellation_id) = c.cancellation_id)::integer,
	-c.refund_amount, c.currency
FROM evently.cancellation c;
COMMENT ON VIEW evently.sale_ledger IS
'The ledger: a row for each booking, when it was made, and one for each cancellation (tickets and amount negative), when that was. Sum it by whatever you like; the past does not change.';

CREATE VIEW evently.ticket_ledger AS
SELECT t.event_id, t.section_id, t.booking_id, t.ticket_id, b.created_at AS occurred_at, 1 AS tickets, t.price AS amount, b.currency
FROM evently.ticket t
JOIN evently.booking b ON b.event_id = t.event_id AND b.booking_id = t.booking_id
UNION ALL
SELECT t.event_id, t.section_id, t.booking_id, t.ticket_id, t.cancelled_at, -1, coalesce(t.fee, 0) - t.price, b.currency
FROM evently.ticket t
JOIN evently.booking b ON b.event_id = t.event_id AND b.booking_id = t.booking_id
WHERE t.cancelled_at IS NOT NULL;
COMMENT ON VIEW evently.ticket_ledger IS 'The ledger ticket by ticket, with its section: what a cancellation gave back of it is amount, what it kept is not.';

-- Sales and cancellations apart: the sum over all bookings is then done by several processes.
CREATE VIEW evently.event_performance AS
SELECT e.event_id, e.name, e.event_type, e.status, e.venue_id, e.start_datetime, e.end_datetime, e.created_by, e.total_capacity,
	coalesce(s.bookings, 0) AS bookings, coalesce(s.tickets - coalesce(c.tickets, 0), 0) AS tickets_sold,
	coalesce(c.tickets, 0) AS tickets_cancelled, coalesce(s.gross, 0) AS gross, coalesce(c.refunds, 0) AS refunds,
	coalesce(s.gross - coalesce(c.refunds, 0), 0) AS revenue, e.currency,
	evently.percentage(coalesce(s.tickets - coalesce(c.tickets, 0), 0), e.total_capacity) AS utilization_pct
FROM evently.event e
LEFT JOIN (
	SELECT b.event_id, count(*) AS bookings, sum(b.quantity) AS tickets, sum(b.total_price) AS gross
	FROM evently.booking b GROUP BY b.event_id) s ON s.event_id = e.event_id
LEFT JOIN (
	SELECT l.event_id, -sum(l.tickets) AS tickets, -sum(l.amount) AS refunds
	FROM evently.sale_ledger l WHERE l.cancellation_id IS NOT NULL GROUP BY l.event_id) c ON c.event_id = e.event_id;
COMMENT ON VIEW evently.event_performance IS 'Each event with its sums over the ledger.';

CREATE VIEW evently.daily_sales AS
SELECT (s.occurred_at AT TIME ZONE 'UTC')::date AS date, s.event_id, s.currency,
	count(*) FILTER (WHERE s.cancellation_id IS NULL) AS bookings,
	coalesce(sum(s.tickets) FILTER (WHERE s.cancellation_id IS NULL), 0) AS tickets_booked,
	coalesce(-sum(s.tickets) FILTER (WHERE s.cancellation_id IS NOT NULL), 0) AS tickets_cancelled,
	coalesce(sum(s.amount) FILTER (WHERE s.cancellation_id IS NULL), 0) AS gross,
	coalesce(-sum(s.amount) FILTER (WHERE s.cancellation_id IS NOT NULL), 0) AS refunds,
	sum(s.amount) AS revenue
FROM evently.sale_ledger s
GROUP BY 1, 2, 3;
COMMENT ON VIEW evently.daily_sales IS 'The ledger by day (UTC), event and currency.';

-- A power of two below 2^-1000 is no number any more.
CREATE VIEW evently.popularity AS
SELECT s.event_id, s.tickets - coalesce(c.tickets, 0) AS tickets_sold, s.score - coalesce(c.score, 0) AS score
FROM (
	SELECT b.event_id, sum(b.quantity) AS tickets, sum(b.quantity * power(2, greatest(-1000,
		(date_part('epoch', b.created_at) - date_part('epoch', statement_timestamp())) / 86400))) AS score
	FROM evently.booking b GROUP BY b.event_id) s
LEFT JOIN (
	SELECT l.event_id, -sum(l.tickets) AS tickets, -sum(l.tickets * power(2, greatest(-1000,
		(date_part('epoch', b.created_at) - date_part('epoch', statement_timestamp())) / 86400))) AS score
	FROM evently.sale_ledger l,
		LATERAL (SELECT k.created_at FROM evently.booking k WHERE k.event_id = l.event_id AND k.booking_id = l.booking_id OFFSET 0) b
	WHERE l.cancellation_id IS NOT NULL GROUP BY l.event_id) c ON c.event_id = s.event_id;
COMMENT ON VIEW evently.popularity IS 'Events by what was booked lately: each valid ticket weighs 2^(-age / 24 hours), age being the time since it was booked.';

GRANT EXECUTE ON FUNCTION evently.percentage(numeric, numeric) TO evently_analyst;
GRANT SELECT ON evently.sale_ledger, evently.ticket_ledger, evently.event_performance, evently.daily_sales, evently.popularity TO evently_analyst;

CREATE FUNCTION evently.get_event_analytics(event_id uuid, actor_id uuid DEFAULT NULL) RETURNS evently.event_analytics
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_event_analytics';
COMMENT ON FUNCTION evently.get_event_analytics(uuid, uuid) IS
'An event in figures, summed over the ledger at this moment. actor_id must be able to manage it. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_overall_analytics(actor_id uuid DEFAULT NULL, days integer DEFAULT NULL, timezone text DEFAULT NULL) RETURNS evently.overall_analytics
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_overall_analytics';
COMMENT ON FUNCTION evently.get_overall_analytics(uuid, integer, text) IS
'All events in figures at this moment, or the events of the actor and his teams (analytics:read) without permission analytics:read or events:any. booking_trends: the last days (30 by default, 366 at most), today included, in timezone (UTC by default). Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_revenue("by" text DEFAULT NULL, date_from date DEFAULT NULL, date_to date DEFAULT NULL, event_id uuid DEFAULT NULL,
	timezone text DEFAULT NULL, "limit" integer DEFAULT NULL, actor_id uuid DEFAULT NULL) RETURNS evently.revenue_report
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_revenue';
COMMENT ON FUNCTION evently.get_revenue(text, date, date, uuid, text, integer, uuid) IS
'Revenue by day (default), month, event or section, from date_from to date_to, both whole days in timezone (UTC by default), of all events or one. Days and months in order, events and sections by revenue, the highest first; limit: 1000 by default, 10000 at most. Of the events of the actor and his teams (analytics:read) without permission analytics:read or events:any. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_popular_events("limit" integer DEFAULT NULL, actor_id uuid DEFAULT NULL) RETURNS evently.popular_events
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_popular_events';
COMMENT ON FUNCTION evently.get_popular_events(integer, uuid) IS
'Published events by what was booked lately: each valid ticket weighs 2^(-age / 24 hours). limit: 10 by default, 100 at most. Of the events of the actor and his teams (analytics:read) without permission analytics:read or events:any. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_analytics_summary(refresh boolean DEFAULT NULL, actor_id uuid DEFAULT NULL) RETURNS evently.analytics_summary
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_analytics_summary';
COMMENT ON FUNCTION evently.get_analytics_summary(boolean, uuid) IS
'The dashboard. Kept for evently.analytics_ttl seconds, or until something happens that the outbox tells of; refresh computes it anew. Of the events of the actor and his teams (analytics:read) without permission analytics:read or events:any. The answer is kept in analytics_cache, where that may be written.';

CREATE FUNCTION evently.get_homepage_stats() RETURNS evently.homepage_stats
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_homepage_stats';
COMMENT ON FUNCTION evently.get_homepage_stats() IS
'Public figures, at most evently.analytics_ttl seconds old, however much is booked meanwhile. The answer is kept in analytics_cache, where that may be written.';

CREATE FUNCTION evently.get_user_analytics(user_id uuid) RETURNS evently.user_analytics
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_user_analytics';
COMMENT ON FUNCTION evently.get_user_analytics(uuid) IS 'A buyer''s own bookings in figures; zeros for who never booked. Errors: VE001 VALIDATION_ERROR.';

GRANT EXECUTE ON FUNCTION
	evently.get_event_analytics(uuid, uuid),
	evently.get_overall_analytics(uuid, integer, text),
	evently.get_revenue(text, date, date, uuid, text, integer, uuid),
	evently.get_popular_events(integer, uuid),
	evently.get_analytics_summary(boolean, uuid),
	evently.get_homepage_stats(),
	evently.get_user_analytics(uuid)
TO evently_api;
