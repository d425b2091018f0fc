-- Figures by tag, of cancellations, and of who buys (analytics_group.c).

CREATE TYPE evently.tag_figures AS (
	tag text,
	events bigint,
	active_events bigint,
	capacity bigint,
	tickets_sold bigint,
	tickets_cancelled bigint,
	utilization_pct numeric,
	revenues evently.currency_amount[],
	score double precision
);
COMMENT ON TYPE evently.tag_figures IS
	'The events with a tag in figures, as analytics_totals has them. score: the sum of their scores as popular_event has them.';

CREATE TYPE evently.tag_report AS (
	generated_at timestamptz,
	tags evently.tag_figures[]
);
COMMENT ON TYPE evently.tag_report IS 'Tags by score, the highest first. An event counts for each of its tags.';

CREATE TYPE evently.tag_day AS (
	date date,
	bookings bigint,
	tickets_booked bigint,
	tickets_cancelled bigint
);
COMMENT ON TYPE evently.tag_day IS 'What was booked and cancelled on one day.';

CREATE TYPE evently.tag_trend AS (
	tag text,
	days evently.tag_day[]
);
COMMENT ON TYPE evently.tag_trend IS 'The days on which something with a tag was booked or cancelled.';

CREATE TYPE evently.tag_trends AS (
	timezone text,
	tags evently.tag_trend[]
);
COMMENT ON TYPE evently.tag_trends IS 'Tags by the tickets of the days asked for, those with most first.';

CREATE TYPE evently.cancelled_amount AS (
	currency text,
	refunds numeric,
	fees numeric
);
COMMENT ON TYPE evently.cancelled_amount IS 'What cancellations gave back, and what they kept.';

CREATE TYPE evently.cancellation_day AS (
	date date,
	cancellations bigint,
	tickets bigint
);
COMMENT ON TYPE evently.cancellation_day IS 'What was cancelled on one day.';

CREATE TYPE evently.cancellation_analytics AS (
	timezone text,
	cancellations bigint,
	tickets bigint,
	cancellation_rate numeric,
	amounts evently.cancelled_amount[],
	days evently.cancellation_day[]
);
COMMENT ON TYPE evently.cancellation_analytics IS
	'Cancellations of some days. cancellation_rate: their tickets in percent of those booked in the same days.';

CREATE TYPE evently.registration_day AS (
	date date,
	registrations bigint
);
COMMENT ON TYPE evently.registration_day IS 'Accounts made on one day.';

CREATE TYPE evently.users_analytics AS (
	timezone text,
	users bigint,
	active_users bigint,
	new_users bigint,
	buyers bigint,
	returning_buyers bigint,
	bookings_per_buyer numeric,
	days evently.registration_day[]
);
COMMENT ON TYPE evently.users_analytics IS
	'Accounts, those made in the days asked for, and who ever booked, once or more often.';

CREATE FUNCTION evently.get_tag_analytics(tags text[] DEFAULT NULL, "limit" integer DEFAULT NULL, actor_id uuid DEFAULT NULL) RETURNS evently.tag_report
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_tag_analytics';
COMMENT ON FUNCTION evently.get_tag_analytics(text[], integer, uuid) IS
'Tags of events in figures, the most popular first: of all tags, or to compare those named. limit: 100 by default, 1000 at most. Of the events of the actor and his teams (analytics:read) without permission analytics:read or events:any. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_tag_trends(tags text[] DEFAULT NULL, days integer DEFAULT NULL, timezone text DEFAULT NULL, "limit" integer DEFAULT NULL,
	actor_id uuid DEFAULT NULL) RETURNS evently.tag_trends
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_tag_trends';
COMMENT ON FUNCTION evently.get_tag_trends(text[], integer, text, integer, uuid) IS
'Bookings and cancellations by tag and day: the last days (30 by default, 366 at most), today included, in timezone (UTC by default). limit and whose events: as get_tag_analytics(). Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_cancellation_analytics(days integer DEFAULT NULL, timezone text DEFAULT NULL, actor_id uuid DEFAULT NULL)
RETURNS evently.cancellation_analytics
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_cancellation_analytics';
COMMENT ON FUNCTION evently.get_cancellation_analytics(integer, text, uuid) IS
'Cancellations of the last days (30 by default, 366 at most), today included, in timezone (UTC by default). Whose events: as get_tag_analytics(). Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_users_analytics(days integer DEFAULT NULL, timezone text DEFAULT NULL, actor_id uuid DEFAULT NULL) RETURNS evently.users_analytics
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_users_analytics';
COMMENT ON FUNCTION evently.get_users_analytics(integer, text, uuid) IS
'Accounts and buyers in figures. days and timezone: as get_cancellation_analytics(). actor_id must have permission analytics:read. Errors: VE002 FORBIDDEN, VE001 VALIDATION_ERROR.';

GRANT EXECUTE ON FUNCTION
	evently.get_tag_analytics(text[], integer, uuid),
	evently.get_tag_trends(text[], integer, text, integer, uuid),
	evently.get_cancellation_analytics(integer, text, uuid),
	evently.get_users_analytics(integer, text, uuid)
TO evently_api;
