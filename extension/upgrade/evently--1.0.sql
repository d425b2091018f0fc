-- Evently: sell tickets inside PostgreSQL without overselling.
-- The files of extension/sql/ are concatenated in name order into evently--1.0.sql.
\echo Use "CREATE EXTENSION evently" to load this file. \quit

-- Roles belong to the cluster, not to the database: a second database, or a restored dump, finds them there.
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'evently_owner') THEN
		CREATE ROLE evently_owner NOLOGIN;
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'evently_api') THEN
		CREATE ROLE evently_api NOLOGIN;
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'evently_web') THEN
		CREATE ROLE evently_web NOLOGIN;
	END IF;
	GRANT evently_api TO evently_web;
END
$$;
-- What the functions return. A field's name is the API's name; times are timestamptz, money is numeric in the
-- currency beside it. A null field is "not given" or "does not apply".

CREATE TYPE evently.account_detail AS (
	user_id uuid,
	email text,
	name text,
	first_name text,
	last_name text,
	phone_number text,
	role text,
	permissions text[],
	is_active boolean,
	created_at timestamptz,
	updated_at timestamptz
);
COMMENT ON TYPE evently.account_detail IS 'A person who signs in. role: user or admin.';

CREATE TYPE evently.credential AS (
	user_id uuid,
	password_hash text,
	is_active boolean
);
COMMENT ON TYPE evently.credential IS 'What a login is checked against: the bcrypt hash of an account.';

CREATE TYPE evently.session AS (
	outcome text,
	token_version integer,
	expires_at timestamptz,
	account evently.account_detail
);
COMMENT ON TYPE evently.session IS
	'Answer of the session functions. outcome: ok, or why not: unknown, expired, reused, inactive, forbidden; then the rest is null. token_version goes into the access token as "ver".';

CREATE TYPE evently.venue_section_detail AS (
	section_id uuid,
	name text,
	kind text,
	capacity integer,
	price_multiplier numeric
);
COMMENT ON TYPE evently.venue_section_detail IS 'A part of a venue. kind: reserved (numbered seats) or general (a number of places).';

CREATE TYPE evently.venue_detail AS (
	venue_id uuid,
	name text,
	address text,
	city text,
	state text,
	country text,
	postal_code text,
	capacity integer,
	layout_config jsonb,
	sections evently.venue_section_detail[],
	created_at timestamptz,
	version integer
);
COMMENT ON TYPE evently.venue_detail IS 'A place where events happen, with its sections in order.';

CREATE TYPE evently.venue_page AS (
	venues evently.venue_detail[],
	total bigint,
	page integer,
	"limit" integer,
	has_more boolean
);
COMMENT ON TYPE evently.venue_page IS 'One page of venues, as a REST list answers it.';

CREATE TYPE evently.venue_summary AS (
	venue_id uuid,
	name text,
	address text,
	city text
);
COMMENT ON TYPE evently.venue_summary IS 'The venue as an event shows it.';

CREATE TYPE evently.event_detail AS (
	event_id uuid,
	name text,
	description text,
	venue evently.venue_summary,
	event_type text,
	start_datetime timestamptz,
	end_datetime timestamptz,
	datetime timestamptz,
	timezone text,
	sale_start_time timestamptz,
	sale_end_time timestamptz,
	total_capacity integer,
	available_seats integer,
	booked_count integer,
	base_price numeric,
	currency text,
	max_tickets_per_booking integer,
	status text,
	sale_status text,
	tags text[],
	created_by uuid,
	created_at timestamptz,
	version integer
);
COMMENT ON TYPE evently.event_detail IS
	'An event with what is left of it. status: draft, published, inactive, cancelled, completed. sale_status, derived: upcoming, on_sale, sold_out, ended, cancelled. available_seats counts expired holds as free; booked_count counts tickets sold, not live holds.';

CREATE TYPE evently.event_page AS (
	events evently.event_detail[],
	total bigint,
	page integer,
	"limit" integer,
	has_more boolean
);
COMMENT ON TYPE evently.event_page IS 'One page of events, as a REST list answers it.';

CREATE TYPE evently.section_availability AS (
	section_id uuid,
	section text,
	kind text,
	price numeric,
	currency text,
	capacity integer,
	available_seats integer
);
COMMENT ON TYPE evently.section_availability IS 'A section of an event: its price and what is left of it.';

CREATE TYPE evently.availability AS (
	event_id uuid,
	available_seats integer,
	total_capacity integer,
	status text,
	sale_status text,
	sections evently.section_availability[],
	last_updated timestamptz
);
COMMENT ON TYPE evently.availability IS 'What is left of an event at last_updated, whole and by section.';

CREATE TYPE evently.seat_detail AS (
	seat_id text,
	id uuid,
	section_id uuid,
	section text,
	"row" text,
	number integer,
	x numeric,
	y numeric,
	price numeric,
	status text,
	accessible boolean
);
COMMENT ON TYPE evently.seat_detail IS
	'A seat of an event. seat_id is its label, unique in the event; id is the seat of the venue''s layout. status: available, held, sold.';

CREATE TYPE evently.seat_map AS (
	event_id uuid,
	currency text,
	total integer,
	available integer,
	seats evently.seat_detail[]
);
COMMENT ON TYPE evently.seat_map IS 'All seats of an event in natural order, as REST answers them.';

CREATE TYPE evently.hold_detail AS (
	hold_id uuid,
	event_id uuid,
	user_id uuid,
	section_id uuid,
	seat_ids text[],
	quantity integer,
	total_price numeric,
	currency text,
	status text,
	expires_at timestamptz,
	ttl_seconds integer
);
COMMENT ON TYPE evently.hold_detail IS
	'Seats or tickets put aside until expires_at. seat_ids (labels) are set where there are seats, also for a hold by quantity of them; section_id where there are none. status: active, confirmed, released, expired. ttl_seconds: what is left of it, 0 when it is over.';

CREATE TYPE evently.hold_validity AS (
	valid boolean,
	reason text,
	ttl_seconds integer,
	hold evently.hold_detail
);
COMMENT ON TYPE evently.hold_validity IS 'Can this hold still be confirmed? reason, when not: confirmed, released or expired.';

CREATE TYPE evently.ticket_detail AS (
	ticket_id uuid,
	section_id uuid,
	seat_id text,
	price numeric
);
COMMENT ON TYPE evently.ticket_detail IS 'One admission of a booking. seat_id is the seat''s label, null for general admission.';

CREATE TYPE evently.booking_detail AS (
	booking_id uuid,
	booking_ref text,
	event_id uuid,
	user_id uuid,
	hold_id uuid,
	quantity integer,
	seat_ids text[],
	tickets evently.ticket_detail[],
	total_price numeric,
	currency text,
	status text,
	created_at timestamptz,
	version integer
);
COMMENT ON TYPE evently.booking_detail IS
	'A booking and its tickets. booking_ref is short enough to be read out at the door. status: confirmed, cancelled.';

CREATE TYPE evently.booking_page AS (
	bookings evently.booking_detail[],
	total bigint,
	page integer,
	"limit" integer,
	has_more boolean
);
COMMENT ON TYPE evently.booking_page IS 'One page of bookings, as a REST list answers it.';

CREATE TYPE evently.cancellation_detail AS (
	cancellation_id uuid,
	booking_id uuid,
	event_id uuid,
	status text,
	fee numeric,
	refund_amount numeric,
	currency text,
	reason text,
	requested_at timestamptz
);
COMMENT ON TYPE evently.cancellation_detail IS 'A cancelled booking: what was kept as fee and what is given back. status: completed.';
-- Tables and their constraints. The constraints are the invariants of the engine: they guard every path, an
-- administrator's own SQL too. evently.verify() checks what a constraint cannot say.
--
-- The booking side (event, event_section, event_seat, stock, hold, booking, ticket, cancellation, idempotency) starts
-- every key with event_id, so that it can be spread over nodes by event. Accounts and venues are reference data beside it.
--
-- No foreign keys: booking never locks a row that it does not change, and a dump is restored in any order, in parallel too
-- (of an extension's tables pg_restore does not know which one refers to which). Where a row must stay because another
-- refers to it, the function that deletes it looks, under a lock that the one that refers takes as well; verify() checks.
--
-- PostgreSQL parses the text of a CHECK anew for every statement that writes: in the tables of the hot path a
-- status is an enum, and what is checked is one short expression.

CREATE TYPE evently.hold_status AS ENUM ('active', 'confirmed', 'released', 'expired');
CREATE TYPE evently.booking_status AS ENUM ('confirmed', 'cancelled');

CREATE TABLE evently.account (
	account_id uuid PRIMARY KEY,
	email text NOT NULL CHECK (email ~ '^[^@]+@[^@]+$' AND length(email) <= 254),
	password_hash text,
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 201),
	first_name text CHECK (length(first_name) <= 100),
	last_name text CHECK (length(last_name) <= 100),
	phone_number text CHECK (length(phone_number) <= 40),
	role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
	permissions text[] NOT NULL DEFAULT '{}',
	is_active boolean NOT NULL DEFAULT true,
	token_version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL,
	updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX account_email ON evently.account (lower(email));
COMMENT ON TABLE evently.account IS 'People who sign in. The only table with personal data.';
COMMENT ON COLUMN evently.account.token_version IS 'Raised when tokens already issued must stop working.';

CREATE TABLE evently.refresh_token (
	token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
	account_id uuid NOT NULL,
	family_id uuid NOT NULL,
	created_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	used_at timestamptz,
	revoked_at timestamptz
);
CREATE INDEX refresh_token_account ON evently.refresh_token (account_id);
CREATE INDEX refresh_token_family ON evently.refresh_token (family_id);
COMMENT ON TABLE evently.refresh_token IS
	'Refresh tokens as SHA-256 hashes. A token works once; using it again revokes its family, the chain that began with one login.';

CREATE TABLE evently.venue (
	venue_id uuid PRIMARY KEY,
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
	address text CHECK (length(address) <= 500),
	city text CHECK (length(city) <= 200),
	state text CHECK (length(state) <= 200),
	country text CHECK (length(country) <= 200),
	postal_code text CHECK (length(postal_code) <= 40),
	capacity integer NOT NULL CHECK (capacity BETWEEN 0 AND 1000000),
	layout_config jsonb,
	created_by uuid,
	created_at timestamptz NOT NULL,
	version integer NOT NULL DEFAULT 1
);
CREATE INDEX venue_name ON evently.venue (lower(name));
COMMENT ON TABLE evently.venue IS 'Places. Events copy sections and seats at creation, so later edits never move a sold seat.';

CREATE TABLE evently.venue_section (
	section_id uuid PRIMARY KEY,
	venue_id uuid NOT NULL,
	ordinal integer NOT NULL,
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	kind text NOT NULL CHECK (kind IN ('reserved', 'general')),
	capacity integer NOT NULL CHECK (capacity BETWEEN 1 AND 1000000),
	price_multiplier numeric NOT NULL DEFAULT 1 CHECK (price_multiplier BETWEEN 0 AND 1000),
	UNIQUE (venue_id, ordinal),
	UNIQUE (venue_id, name)
);
COMMENT ON TABLE evently.venue_section IS 'Parts of a venue: reserved (numbered seats) or general (a number of places).';

CREATE TABLE evently.venue_seat (
	seat_id uuid PRIMARY KEY,
	venue_id uuid NOT NULL,
	section_id uuid NOT NULL,
	ordinal integer NOT NULL,
	label text NOT NULL,
	row_label text NOT NULL,
	number integer NOT NULL CHECK (number > 0),
	x numeric NOT NULL,
	y numeric NOT NULL,
	accessible boolean NOT NULL DEFAULT false,
	UNIQUE (venue_id, ordinal),
	UNIQUE (venue_id, label)
);
CREATE INDEX venue_seat_section ON evently.venue_seat (section_id);
COMMENT ON TABLE evently.venue_seat IS 'Seats of a venue''s reserved sections, in natural order: rows A to Z before AA, seat 2 before seat 10.';

CREATE TABLE evently.event (
	event_id uuid PRIMARY KEY,
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
	description text CHECK (length(description) <= 20000),
	venue_id uuid,
	event_type text CHECK (length(event_type) <= 100),
	start_datetime timestamptz NOT NULL,
	end_datetime timestamptz NOT NULL,
	timezone text NOT NULL DEFAULT 'UTC',
	sale_start_time timestamptz,
	sale_end_time timestamptz,
	total_capacity integer NOT NULL CHECK (total_capacity BETWEEN 0 AND 1000000),
	base_price numeric NOT NULL DEFAULT 0 CHECK (base_price >= 0 AND base_price < 1e12),
	currency text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
	max_tickets_per_booking integer NOT NULL DEFAULT 20 CHECK (max_tickets_per_booking BETWEEN 1 AND 1000),
	status text NOT NULL CHECK (status IN ('draft', 'published', 'inactive', 'cancelled', 'completed')),
	tags text[] NOT NULL DEFAULT '{}',
	created_by uuid,
	created_at timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	version integer NOT NULL DEFAULT 1,
	CHECK (end_datetime > start_datetime),
	CHECK (sale_end_time > sale_start_time)
);
CREATE INDEX event_status_start ON evently.event (status, start_datetime, event_id);
CREATE INDEX event_type_start ON evently.event (event_type, start_datetime);
CREATE INDEX event_created_by ON evently.event (created_by, status, created_at);
CREATE INDEX event_venue ON evently.event (venue_id, status, start_datetime);
COMMENT ON TABLE evently.event IS 'What is sold. version is raised by administrators'' edits, never by holds or bookings.';

CREATE TABLE evently.event_section (
	event_id uuid NOT NULL,
	section_id uuid NOT NULL,
	ordinal integer NOT NULL,
	name text NOT NULL,
	kind text NOT NULL CHECK (kind IN ('reserved', 'general')),
	capacity integer NOT NULL CHECK (capacity >= 0),
	price_multiplier numeric,
	price numeric NOT NULL CHECK (price >= 0 AND price < 1e15),
	stripes smallint NOT NULL CHECK (stripes BETWEEN 1 AND 64),
	PRIMARY KEY (event_id, section_id),
	UNIQUE (event_id, ordinal)
);
COMMENT ON TABLE evently.event_section IS 'A section as one event sells it, with the price that every hold and booking uses.';
COMMENT ON COLUMN evently.event_section.price_multiplier IS 'The price follows the event''s base price times this; null: the price stands by itself.';
COMMENT ON COLUMN evently.event_section.stripes IS 'Number of rows in stock; made with the section, never changed.';

CREATE TABLE evently.stock (
	event_id uuid NOT NULL,
	section_id uuid NOT NULL,
	stripe smallint NOT NULL,
	reserved boolean NOT NULL,
	available integer NOT NULL,
	PRIMARY KEY (event_id, section_id, stripe),
	CONSTRAINT stock_never_oversold CHECK (reserved OR available >= 0)
) WITH (fillfactor = 10);
COMMENT ON TABLE evently.stock IS
	'What is left of a section, spread over stripes so that buyers of one event do not wait for each other''s commit. Taken by every active hold, expired or not, and by every ticket. In reserved sections one stripe may be negative: there the seat rows are the guard and only the sum counts. No index but the primary key, so that every update stays on its page.';

CREATE TABLE evently.event_seat (
	event_id uuid NOT NULL,
	ordinal integer NOT NULL,
	section_id uuid NOT NULL,
	seat_id uuid NOT NULL,
	label text NOT NULL,
	row_label text NOT NULL,
	number integer NOT NULL,
	x numeric NOT NULL,
	y numeric NOT NULL,
	accessible boolean NOT NULL,
	hold_id uuid,
	held_until timestamptz,
	booking_id uuid,
	PRIMARY KEY (event_id, ordinal),
	UNIQUE (event_id, label),
	CONSTRAINT event_seat_one_owner CHECK ((hold_id IS NULL OR booking_id IS NULL) AND (hold_id IS NULL) = (held_until IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX event_seat_section ON evently.event_seat (event_id, section_id, ordinal);
COMMENT ON TABLE evently.event_seat IS
	'A seat of an event and who has it: a booking, a hold until held_until (from then on it is free), or nobody.';

CREATE TABLE evently.hold (
	event_id uuid NOT NULL,
	hold_id uuid NOT NULL,
	user_id uuid NOT NULL,
	section_id uuid,
	ordinals integer[],
	quantity integer NOT NULL,
	prices numeric[] NOT NULL,
	total_price numeric NOT NULL,
	currency text NOT NULL,
	status evently.hold_status NOT NULL DEFAULT 'active',
	created_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	PRIMARY KEY (event_id, hold_id),
	CONSTRAINT hold_of_section_or_seats CHECK ((section_id IS NULL) <> (ordinals IS NULL)
		AND quantity > 0 AND cardinality(prices) = quantity AND coalesce(cardinality(ordinals), quantity) = quantity
		AND total_price >= 0 AND expires_at > created_at)
) WITH (fillfactor = 80);
CREATE INDEX hold_id ON evently.hold (hold_id);
CREATE INDEX hold_user ON evently.hold (user_id, created_at);
CREATE INDEX hold_active_user ON evently.hold (user_id, event_id) WHERE status = 'active';
CREATE INDEX hold_active_expiry ON evently.hold (event_id, expires_at) INCLUDE (quantity) WHERE status = 'active';
COMMENT ON COLUMN evently.hold.prices IS 'What each ticket costs, as promised when the hold was made; for seats in the order of ordinals.';
COMMENT ON TABLE evently.hold IS
	'Seats or tickets put aside. Stays active past expires_at until someone tidies it; every query treats it as over from that moment on.';

CREATE TABLE evently.booking (
	event_id uuid NOT NULL,
	booking_id uuid NOT NULL,
	user_id uuid NOT NULL,
	hold_id uuid,
	quantity integer NOT NULL,
	total_price numeric NOT NULL,
	currency text NOT NULL,
	status evently.booking_status NOT NULL DEFAULT 'confirmed',
	created_at timestamptz NOT NULL,
	version integer NOT NULL DEFAULT 1,
	PRIMARY KEY (event_id, booking_id),
	CONSTRAINT booking_of_something CHECK (quantity > 0 AND total_price >= 0)
);
CREATE UNIQUE INDEX booking_hold ON evently.booking (event_id, hold_id) WHERE hold_id IS NOT NULL;
CREATE INDEX booking_id ON evently.booking (booking_id);
CREATE INDEX booking_user ON evently.booking (user_id, created_at);
COMMENT ON TABLE evently.booking IS 'Who bought what. A hold becomes one booking at most.';

CREATE TABLE evently.ticket (
	event_id uuid NOT NULL,
	booking_id uuid NOT NULL,
	ticket_id uuid NOT NULL,
	section_id uuid NOT NULL,
	seat_ordinal integer,
	seat_label text,
	price numeric NOT NULL,
	cancelled_at timestamptz,
	PRIMARY KEY (event_id, booking_id, ticket_id),
	CONSTRAINT ticket_of_place_or_seat CHECK (price >= 0 AND (seat_ordinal IS NULL) = (seat_label IS NULL))
);
CREATE UNIQUE INDEX ticket_seat_sold_once ON evently.ticket (event_id, seat_ordinal)
	WHERE seat_ordinal IS NOT NULL AND cancelled_at IS NULL;
COMMENT ON TABLE evently.ticket IS 'One admission. A seat has at most one ticket that is not cancelled: the last guard against selling it twice.';

CREATE TABLE evently.cancellation (
	event_id uuid NOT NULL,
	cancellation_id uuid NOT NULL,
	booking_id uuid NOT NULL,
	fee numeric NOT NULL CHECK (fee >= 0),
	refund_amount numeric NOT NULL CHECK (refund_amount >= 0),
	currency text NOT NULL,
	reason text CHECK (length(reason) <= 2000),
	requested_at timestamptz NOT NULL,
	PRIMARY KEY (event_id, cancellation_id),
	UNIQUE (event_id, booking_id)
);
COMMENT ON TABLE evently.cancellation IS 'Cancelled bookings: fee + refund_amount is what the booking cost.';

CREATE TABLE evently.idempotency (
	scope_id uuid NOT NULL,
	user_id uuid NOT NULL,
	operation text NOT NULL,
	key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
	request_hash bytea NOT NULL,
	response json NOT NULL,
	created_at timestamptz NOT NULL,
	PRIMARY KEY (scope_id, user_id, operation, key)
);
COMMENT ON TABLE evently.idempotency IS
	'Answers already given, by the caller''s key. Written in the transaction of the work itself, so that both stand or fall together; only successes are kept.';

-- How many events share a table, and how many of its holds are active, cannot be learned from a few rows: a handful makes
-- every event look like a row or two, and one that begins to sell is in no statistics yet. The planner would read its 50,000
-- seats by the first index that begins with event_id. Without statistics on these columns every value is taken for a
-- two-hundredth of the table, and the whole key is always worth it.
DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY['event_section', 'stock', 'event_seat', 'hold', 'booking', 'ticket', 'cancellation']
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE evently.%I ALTER COLUMN event_id SET STATISTICS 0', name);
	END LOOP;
END
$$;
ALTER TABLE evently.hold ALTER COLUMN status SET STATISTICS 0;

-- One call a table and statement: each updates the extension's own row.
DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY['account', 'refresh_token', 'venue', 'venue_section', 'venue_seat', 'event', 'event_section',
		'stock', 'event_seat', 'hold', 'booking', 'ticket', 'cancellation', 'idempotency']
	LOOP
		PERFORM pg_catalog.pg_extension_config_dump(('evently.' || name)::pg_catalog.regclass, '');
	END LOOP;
END
$$;
-- What every domain uses: ids, rendering, arguments of lists.

CREATE FUNCTION evently.new_id(event_id uuid) RETURNS uuid
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'evently_new_id';
COMMENT ON FUNCTION evently.new_id(uuid) IS
'A new id, UUID version 7. With an event, rand_a carries its 12-bit hash.';

CREATE FUNCTION evently.render(composite record) RETURNS json
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'evently_render';
COMMENT ON FUNCTION evently.render(record) IS
'A row as compact JSON: times in UTC with Z, money as exact numbers. Example: SELECT evently.render(e) FROM evently.get_event(id) e';
GRANT EXECUTE ON FUNCTION evently.render(record) TO evently_api;

CREATE FUNCTION evently.round_money(amount numeric, currency text) RETURNS numeric
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'evently_round_money';
COMMENT ON FUNCTION evently.round_money(numeric, text) IS
'The amount in the currency''s minor unit (ISO 4217), rounded half away from zero.';
GRANT EXECUTE ON FUNCTION evently.round_money(numeric, text) TO evently_api;

CREATE FUNCTION evently.lock_event(event_id uuid) RETURNS void
LANGUAGE c VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_lock_event';
COMMENT ON FUNCTION evently.lock_event(uuid) IS
'Locks the event for this transaction. Call it first where one transaction makes several booking calls on one event; others wait until the commit. Errors: 55P03 after the lock timeout. Writes nothing.';
GRANT EXECUTE ON FUNCTION evently.lock_event(uuid) TO evently_api;

CREATE FUNCTION evently.was_replayed() RETURNS boolean
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'evently_was_replayed';
COMMENT ON FUNCTION evently.was_replayed() IS
'Whether this session''s last call with an idempotency key was answered from the store.';
GRANT EXECUTE ON FUNCTION evently.was_replayed() TO evently_api;

CREATE FUNCTION evently.page_limit(page integer, "limit" integer, "offset" integer) RETURNS integer
LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'evently_page_limit';
COMMENT ON FUNCTION evently.page_limit(integer, integer, integer) IS 'Rows of a page: 20 by default, 100 at most. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.page_number(page integer, "limit" integer, "offset" integer) RETURNS integer
LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'evently_page_number';
COMMENT ON FUNCTION evently.page_number(integer, integer, integer) IS 'The page asked for, from 1. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.page_offset(page integer, "limit" integer, "offset" integer) RETURNS bigint
LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'evently_page_offset';
COMMENT ON FUNCTION evently.page_offset(integer, integer, integer) IS 'Rows before the page. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.require_word(value text, name text, words text) RETURNS text
LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'evently_require_word';
COMMENT ON FUNCTION evently.require_word(text, text, text) IS
'The value in lower case if it is one of the words (comma separated), null if it is null. Errors: VE001 VALIDATION_ERROR naming the argument.';

CREATE FUNCTION evently.instant(value text, days_later integer) RETURNS timestamptz
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT CASE WHEN value ~ '^\d{4}-\d{2}-\d{2}$' THEN (value::date + days_later)::timestamp AT TIME ZONE 'UTC'
		ELSE value::timestamptz END;
END;
COMMENT ON FUNCTION evently.instant(text, integer) IS
'A moment: a date is its midnight in UTC, that many days later; anything else a time as PostgreSQL reads it.';
-- Accounts and sessions (account.c, session.c).

CREATE FUNCTION evently.describe_account(account evently.account) RETURNS evently.account_detail
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
	SELECT ROW(account.account_id, account.email, account.name, account.first_name, account.last_name,
		account.phone_number, account.role, account.permissions, account.is_active,
		account.created_at, account.updated_at)::evently.account_detail;
END;
COMMENT ON FUNCTION evently.describe_account(evently.account) IS 'An account as functions return it.';

CREATE FUNCTION evently.register_account(email text, password_hash text, name text DEFAULT NULL, first_name text DEFAULT NULL,
	last_name text DEFAULT NULL, phone_number text DEFAULT NULL, token_hash bytea DEFAULT NULL, token_ttl interval DEFAULT NULL)
RETURNS evently.session
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_register_account';
COMMENT ON FUNCTION evently.register_account(text, text, text, text, text, text, bytea, interval) IS
'A new account with role user. password_hash: bcrypt ($2a$, $2b$), pgcrypto''s crypt() makes one. name, or first_name and last_name. With token_hash (SHA-256 of a refresh token) a session is started for token_ttl. Errors: VE501 EMAIL_TAKEN (compared without case), VE001 VALIDATION_ERROR. Writes account, refresh_token.';

CREATE FUNCTION evently.register_admin(email text, password_hash text, name text, phone_number text DEFAULT NULL,
	token_hash bytea DEFAULT NULL, token_ttl interval DEFAULT NULL, actor_id uuid DEFAULT NULL, mode text DEFAULT 'bootstrap')
RETURNS evently.session
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_register_admin';
COMMENT ON FUNCTION evently.register_admin(text, text, text, text, bytea, interval, uuid, text) IS
'A new administrator with permission events:own. mode bootstrap: while there is none, or by an administrator (actor_id); closed: by an administrator; open or trusted: the caller vouches. Errors: VE002 FORBIDDEN, VE501 EMAIL_TAKEN, VE001 VALIDATION_ERROR. Writes account, refresh_token.';

CREATE FUNCTION evently.get_credentials(email text) RETURNS evently.credential
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT ROW(a.account_id, a.password_hash, a.is_active)::evently.credential
	FROM evently.account a WHERE lower(a.email) = lower(get_credentials.email);
END;
COMMENT ON FUNCTION evently.get_credentials(text) IS 'The bcrypt hash that a login is checked against; all null for an unknown address. For the web app''s role only.';

CREATE FUNCTION evently.get_credentials_by_id(user_id uuid) RETURNS evently.credential
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT ROW(a.account_id, a.password_hash, a.is_active)::evently.credential
	FROM evently.account a WHERE a.account_id = get_credentials_by_id.user_id;
END;
COMMENT ON FUNCTION evently.get_credentials_by_id(uuid) IS 'The same by account, to check the present password before a change.';

CREATE FUNCTION evently.start_session(user_id uuid, token_hash bytea, token_ttl interval, password_hash text DEFAULT NULL,
	role text DEFAULT NULL) RETURNS evently.session
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_start_session';
COMMENT ON FUNCTION evently.start_session(uuid, bytea, interval, text, text) IS
'A login: stores the SHA-256 of a refresh token. password_hash, when given, is the one that was verified: where it has been changed since, no session is started. role, when given, must be the account''s. outcome: ok, unknown (no such account, or another password by now), inactive, forbidden (another role). Writes refresh_token.';

CREATE FUNCTION evently.refresh_session(token_hash bytea, new_token_hash bytea, token_ttl interval, role text DEFAULT NULL) RETURNS evently.session
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_refresh_session';
COMMENT ON FUNCTION evently.refresh_session(bytea, bytea, interval, text) IS
'Replaces a refresh token, once. role, when given, must be the account''s. outcome: ok, unknown, expired, inactive, forbidden (another role; the token still counts), or reused: then every token of its family is revoked. Refusals are answers, not errors, so that the revocation is kept. Writes refresh_token.';

CREATE FUNCTION evently.end_session(token_hash bytea) RETURNS boolean
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_end_session';
COMMENT ON FUNCTION evently.end_session(bytea) IS 'A logout: revokes the token''s family. False where there was nothing to revoke. Writes refresh_token.';

CREATE FUNCTION evently.require_session(user_id uuid, token_version integer) RETURNS boolean
LANGUAGE c STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_require_session';
COMMENT ON FUNCTION evently.require_session(uuid, integer) IS
'True while an access token of that version counts: the account is active, and neither its password nor its role has changed since. As a condition of the call that needs it (SELECT ... FROM evently.book(...) WHERE evently.require_session(...)) it is decided before the call and costs no round trip. Errors: VE504 UNAUTHORIZED.';

CREATE FUNCTION evently.get_account(user_id uuid) RETURNS evently.account_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_account';
COMMENT ON FUNCTION evently.get_account(uuid) IS 'An account. Errors: VE502 USER_NOT_FOUND.';

CREATE FUNCTION evently.update_account(user_id uuid, name text DEFAULT NULL, first_name text DEFAULT NULL,
	last_name text DEFAULT NULL, phone_number text DEFAULT NULL) RETURNS evently.account_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_update_account';
COMMENT ON FUNCTION evently.update_account(uuid, text, text, text, text) IS
'Changes what is not null; the name follows first_name and last_name where it is not given itself. Errors: VE502 USER_NOT_FOUND, VE001 VALIDATION_ERROR. Writes account.';

CREATE FUNCTION evently.change_password(user_id uuid, password_hash text) RETURNS evently.account_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_change_password';
COMMENT ON FUNCTION evently.change_password(uuid, text) IS
'A new bcrypt hash; ends every session and raises token_version. Errors: VE502 USER_NOT_FOUND. Writes account, refresh_token.';

CREATE FUNCTION evently.set_role(email text, role text) RETURNS evently.account_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_set_role';
COMMENT ON FUNCTION evently.set_role(text, text) IS
'Makes an account an admin (permissions events:own and events:any) or a user, and raises token_version. Errors: VE502 USER_NOT_FOUND, VE503 LAST_ADMIN, VE001 VALIDATION_ERROR. Writes account. Not for the web app.';

-- What a program that signs people in needs: it sees password hashes, issues sessions and vouches for administrators.
GRANT EXECUTE ON FUNCTION
	evently.register_account(text, text, text, text, text, text, bytea, interval),
	evently.register_admin(text, text, text, text, bytea, interval, uuid, text),
	evently.get_credentials(text),
	evently.get_credentials_by_id(uuid),
	evently.start_session(uuid, bytea, interval, text, text),
	evently.refresh_session(bytea, bytea, interval, text),
	evently.end_session(bytea),
	evently.require_session(uuid, integer),
	evently.change_password(uuid, text)
TO evently_web;

GRANT EXECUTE ON FUNCTION
	evently.get_account(uuid),
	evently.update_account(uuid, text, text, text, text)
TO evently_api;
-- Venues (venue.c).

CREATE TYPE evently.venue_deletion AS (message text, venue_id uuid);
COMMENT ON TYPE evently.venue_deletion IS 'Answer of delete_venue().';

CREATE FUNCTION evently.row_label("row" integer) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'evently_row_label';
COMMENT ON FUNCTION evently.row_label(integer) IS 'The letter of a row: 0 is A, 25 Z, 26 AA. Errors: VE001 VALIDATION_ERROR below 0.';

CREATE FUNCTION evently.describe_venue(venue evently.venue) RETURNS evently.venue_detail
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT ROW(venue.venue_id, venue.name, venue.address, venue.city, venue.state, venue.country, venue.postal_code,
		venue.capacity, venue.layout_config,
		ARRAY(SELECT ROW(s.section_id, s.name, s.kind, s.capacity, s.price_multiplier)::evently.venue_section_detail
			FROM evently.venue_section s WHERE s.venue_id = venue.venue_id ORDER BY s.ordinal),
		venue.created_at, venue.version)::evently.venue_detail;
END;
COMMENT ON FUNCTION evently.describe_venue(evently.venue) IS 'A venue as functions return it.';

CREATE FUNCTION evently.create_venue(name text, address text DEFAULT NULL, city text DEFAULT NULL, state text DEFAULT NULL,
	country text DEFAULT NULL, postal_code text DEFAULT NULL, capacity integer DEFAULT NULL, layout_config jsonb DEFAULT NULL,
	sections jsonb DEFAULT NULL, created_by uuid DEFAULT NULL)
RETURNS evently.venue_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_create_venue';
COMMENT ON FUNCTION evently.create_venue(text, text, text, text, text, text, integer, jsonb, jsonb, uuid) IS
'A venue. sections: array of {"name", "kind": "reserved", "rows", "seats_per_row", "row_start": "A", "price_multiplier": 1} or {"name", "kind": "general", "capacity", "price_multiplier"}; their seats are made at once, labelled A-1, or VIP-A-1 where sections share rows. With sections the capacity is theirs. Errors: VE001 VALIDATION_ERROR. Writes venue, venue_section, venue_seat.';

CREATE FUNCTION evently.get_venue(venue_id uuid) RETURNS evently.venue_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_venue';
COMMENT ON FUNCTION evently.get_venue(uuid) IS 'A venue with its sections. Errors: VE409 VENUE_NOT_FOUND.';

CREATE FUNCTION evently.matching_venues(city text, search text) RETURNS SETOF evently.venue
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT v FROM evently.venue v
	WHERE (matching_venues.city IS NULL OR lower(v.city) = lower(matching_venues.city))
		AND (matching_venues.search IS NULL
			OR position(lower(matching_venues.search) IN lower(concat_ws(' ', v.name, v.city, v.address))) > 0);
END;
COMMENT ON FUNCTION evently.matching_venues(text, text) IS 'The venues that the filters of list_venues() let through.';

CREATE FUNCTION evently.list_venues(city text DEFAULT NULL, search text DEFAULT NULL, max_rows integer DEFAULT 20, skip bigint DEFAULT 0)
RETURNS SETOF evently.venue_detail
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT evently.describe_venue(v) FROM evently.matching_venues(list_venues.city, list_venues.search) v
	ORDER BY lower(v.name), v.venue_id LIMIT max_rows OFFSET skip;
END;
COMMENT ON FUNCTION evently.list_venues(text, text, integer, bigint) IS
'Venues by name. city: equal without case; search: part of name, city or address, % and _ being plain characters.';

CREATE FUNCTION evently.list_venues_page(city text DEFAULT NULL, search text DEFAULT NULL, page integer DEFAULT NULL,
	"limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL)
RETURNS evently.venue_page
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT ROW(ARRAY(SELECT v FROM evently.list_venues(list_venues_page.city, list_venues_page.search, p.rows, p.skip) v),
		t.total, evently.page_number(page, "limit", "offset"), p.rows, p.skip + p.rows < t.total)::evently.venue_page
	FROM (SELECT evently.page_limit(page, "limit", "offset"), evently.page_offset(page, "limit", "offset")) AS p (rows, skip),
		LATERAL (SELECT count(*) FROM evently.matching_venues(list_venues_page.city, list_venues_page.search)) AS t (total);
END;
COMMENT ON FUNCTION evently.list_venues_page(text, text, integer, integer, integer) IS
'One page of list_venues(). page from 1, or offset; limit 20 by default, 100 at most. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.update_venue(venue_id uuid, name text DEFAULT NULL, address text DEFAULT NULL, city text DEFAULT NULL,
	state text DEFAULT NULL, country text DEFAULT NULL, postal_code text DEFAULT NULL, capacity integer DEFAULT NULL,
	layout_config jsonb DEFAULT NULL, version integer DEFAULT NULL)
RETURNS evently.venue_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_update_venue';
COMMENT ON FUNCTION evently.update_venue(uuid, text, text, text, text, text, text, integer, jsonb, integer) IS
'Changes what is not null; existing events keep what they copied. version, when given, must be the present one. Errors: VE409 VENUE_NOT_FOUND, VE408 CONCURRENT_UPDATE, VE001 VALIDATION_ERROR. Writes venue.';

CREATE FUNCTION evently.delete_venue(venue_id uuid) RETURNS evently.venue_deletion
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_delete_venue';
COMMENT ON FUNCTION evently.delete_venue(uuid) IS
'Deletes a venue that no event uses. Errors: VE409 VENUE_NOT_FOUND, VE410 VENUE_IN_USE. Writes venue, venue_section, venue_seat.';

GRANT EXECUTE ON FUNCTION
	evently.create_venue(text, text, text, text, text, text, integer, jsonb, jsonb, uuid),
	evently.get_venue(uuid),
	evently.list_venues(text, text, integer, bigint),
	evently.list_venues_page(text, text, integer, integer, integer),
	evently.update_venue(uuid, text, text, text, text, text, text, integer, jsonb, integer),
	evently.delete_venue(uuid)
TO evently_api;
-- What is left of an event (stock.c).

CREATE FUNCTION evently.stripes_for(capacity integer, sections integer) RETURNS smallint
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'evently_stripes_for';
COMMENT ON FUNCTION evently.stripes_for(integer, integer) IS
'Over how many rows the stock of a new section is spread, in an event of that many sections. Bounded by evently.stock_stripes.';

-- OFFSET 0: seat by seat through the primary key, never by a join that reads all seats of the event.
CREATE FUNCTION evently.expired_stock(event_id uuid, at timestamptz)
RETURNS TABLE (section_id uuid, quantity bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT x.section_id, sum(x.quantity)
	FROM (
		SELECT h.section_id, h.quantity
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
	) x
	GROUP BY x.section_id;
END;
COMMENT ON FUNCTION evently.expired_stock(uuid, timestamptz) IS
'By section: what expired holds still take from the stock and nobody has tidied up yet. It is free, and counted so.';

CREATE FUNCTION evently.event_stock(event_id uuid, at timestamptz)
RETURNS TABLE (available integer, held integer)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT ((SELECT coalesce(sum(t.available), 0) FROM evently.stock t WHERE t.event_id = event_stock.event_id)
			+ (SELECT coalesce(sum(x.quantity), 0) FROM evently.expired_stock(event_stock.event_id, at) x))::integer,
		(SELECT coalesce(sum(h.quantity), 0) FROM evently.hold h
			WHERE h.event_id = event_stock.event_id AND h.status = 'active' AND h.expires_at > at)::integer;
END;
COMMENT ON FUNCTION evently.event_stock(uuid, timestamptz) IS 'Free places and live holds of an event at that time, in one snapshot.';

CREATE FUNCTION evently.expire_holds(event_id uuid DEFAULT NULL, max_rows integer DEFAULT 500) RETURNS integer
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_expire_holds';
COMMENT ON FUNCTION evently.expire_holds(uuid, integer) IS
'Tidies up: turns expired holds of one event (null: of one that has some) to status expired and returns how many. Nothing depends on it: an expired hold is free at once everywhere; reads of an event with many of them get faster. Locks the event. Writes hold, event_seat, stock.';
GRANT EXECUTE ON FUNCTION evently.expire_holds(uuid, integer) TO evently_api;
-- Events (event.c, event_create.c, event_change.c).

CREATE TYPE evently.event_cancellation AS (
	event_id uuid,
	message text,
	bookings_cancelled integer,
	holds_released integer,
	refund_amount numeric,
	currency text,
	version integer
);
COMMENT ON TYPE evently.event_cancellation IS 'Answer of cancel_event(): what it ended, and the sum refunded.';

CREATE TYPE evently.event_sections AS (
	event_id uuid,
	sections evently.section_availability[]
);
COMMENT ON TYPE evently.event_sections IS 'The sections of an event in order.';

CREATE FUNCTION evently.sale_status(event evently.event, available integer, at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
	SELECT CASE
		WHEN event.status = 'cancelled' THEN 'cancelled'
		WHEN event.status = 'completed' OR at >= event.end_datetime OR at >= event.sale_end_time THEN 'ended'
		WHEN event.status <> 'published' OR at < event.sale_start_time THEN 'upcoming'
		WHEN available <= 0 THEN 'sold_out'
		ELSE 'on_sale'
	END;
END;
COMMENT ON FUNCTION evently.sale_status(evently.event, integer, timestamptz) IS
'upcoming, on_sale, sold_out, ended or cancelled: derived from status, sale window and what is left, never stored.';

-- Views, not functions: PostgreSQL plans the body of an SQL function at each call, but a view with the statement that
-- uses it, and the C functions below keep the plans of theirs. (OFFSET 0: count once, not once for each column.)
CREATE VIEW evently.described_event AS
SELECT e.event_id, ROW(e.event_id, e.name, e.description,
		(SELECT ROW(v.venue_id, v.name, v.address, v.city)::evently.venue_summary
			FROM evently.venue v WHERE v.venue_id = e.venue_id),
		e.event_type, e.start_datetime, e.end_datetime, e.start_datetime, e.timezone,
		e.sale_start_time, e.sale_end_time, e.total_capacity,
		s.available, e.total_capacity - s.available - s.held,
		e.base_price, e.currency, e.max_tickets_per_booking, e.status,
		evently.sale_status(e, s.available, statement_timestamp()),
		e.tags, e.created_by, e.created_at, e.version)::evently.event_detail AS detail
FROM evently.event e,
	LATERAL (SELECT x.available, x.held FROM evently.event_stock(e.event_id, statement_timestamp()) x OFFSET 0) s;
COMMENT ON VIEW evently.described_event IS 'Events as functions return them, with what is left of them now.';

CREATE VIEW evently.described_section AS
SELECT e.event_id, ARRAY(
		SELECT ROW(s.section_id, s.name, s.kind, s.price, e.currency, s.capacity,
			((SELECT coalesce(sum(t.available), 0) FROM evently.stock t
				WHERE t.event_id = s.event_id AND t.section_id = s.section_id)
				+ coalesce(x.quantity, 0))::integer)::evently.section_availability
		FROM evently.event_section s
		LEFT JOIN evently.expired_stock(e.event_id, statement_timestamp()) x ON x.section_id = s.section_id
		WHERE s.event_id = e.event_id
		ORDER BY s.ordinal) AS sections
FROM evently.event e;
COMMENT ON VIEW evently.described_section IS 'The sections of events, in order, with what is left of each now.';

CREATE FUNCTION evently.create_event(name text, start_datetime timestamptz, end_datetime timestamptz DEFAULT NULL,
	venue_id uuid DEFAULT NULL, venue jsonb DEFAULT NULL, description text DEFAULT NULL, event_type text DEFAULT NULL,
	timezone text DEFAULT NULL, total_capacity integer DEFAULT NULL, base_price numeric DEFAULT NULL, currency text DEFAULT NULL,
	max_tickets_per_booking integer DEFAULT NULL, sale_start_time timestamptz DEFAULT NULL, sale_end_time timestamptz DEFAULT NULL,
	section_pricing jsonb DEFAULT NULL, status text DEFAULT NULL, tags text[] DEFAULT NULL, created_by uuid DEFAULT NULL)
RETURNS evently.event_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_create_event';
COMMENT ON FUNCTION evently.create_event(text, timestamptz, timestamptz, uuid, jsonb, text, text, text, integer, numeric, text, integer, timestamptz, timestamptz, jsonb, text, text[], uuid) IS
'An event, published unless status is draft. end_datetime: start + 3 h by default. venue_id, or venue as a name or object, found or created by name. Sections and seats of the venue are copied, and its capacity is theirs; without sections it is general admission of total_capacity (or the venue''s capacity). base_price in currency (USD by default); a section costs base_price times its multiplier, or what section_pricing says: [{"section_id" or "name", "price" or "price_multiplier"}]. timezone: IANA, UTC by default. max_tickets_per_booking: 20 by default. Errors: VE001 VALIDATION_ERROR, VE409 VENUE_NOT_FOUND. Writes event, event_section, event_seat, stock, venue.';

CREATE FUNCTION evently.update_event(event_id uuid, actor_id uuid DEFAULT NULL, version integer DEFAULT NULL, name text DEFAULT NULL,
	description text DEFAULT NULL, event_type text DEFAULT NULL, start_datetime timestamptz DEFAULT NULL,
	end_datetime timestamptz DEFAULT NULL, timezone text DEFAULT NULL, sale_start_time timestamptz DEFAULT NULL,
	sale_end_time timestamptz DEFAULT NULL, total_capacity integer DEFAULT NULL, base_price numeric DEFAULT NULL,
	max_tickets_per_booking integer DEFAULT NULL, status text DEFAULT NULL, tags text[] DEFAULT NULL)
RETURNS evently.event_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_update_event';
COMMENT ON FUNCTION evently.update_event(uuid, uuid, integer, text, text, text, timestamptz, timestamptz, text, timestamptz, timestamptz, integer, numeric, integer, text, text[]) IS
'Changes what is not null and raises version. version, when given, must be the present one. A new base_price moves the sections that follow it; holds and bookings keep their price. total_capacity only without sections, never below what is sold and held. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE408 CONCURRENT_UPDATE, VE405 EVENT_NOT_MODIFIABLE (started, cancelled, completed), VE406 INVALID_STATUS_TRANSITION, VE407 CAPACITY_BELOW_BOOKED, VE001 VALIDATION_ERROR. Locks the event. Writes event, event_section, stock.';

CREATE FUNCTION evently.set_event_status(event_id uuid, status text, actor_id uuid DEFAULT NULL, version integer DEFAULT NULL)
RETURNS evently.event_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_set_event_status';
COMMENT ON FUNCTION evently.set_event_status(uuid, text, uuid, integer) IS
'draft to published; published to inactive and back; published to completed once it has started. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE408 CONCURRENT_UPDATE, VE406 INVALID_STATUS_TRANSITION. Locks the event. Writes event.';

CREATE FUNCTION evently.publish_event(event_id uuid, actor_id uuid DEFAULT NULL) RETURNS evently.event_detail
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT r FROM evently.set_event_status(publish_event.event_id, 'published', publish_event.actor_id) r;
END;
COMMENT ON FUNCTION evently.publish_event(uuid, uuid) IS 'set_event_status(event_id, ''published''): puts a draft or inactive event on sale.';

CREATE FUNCTION evently.cancel_event(event_id uuid, actor_id uuid DEFAULT NULL, version integer DEFAULT NULL)
RETURNS evently.event_cancellation
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_cancel_event';
COMMENT ON FUNCTION evently.cancel_event(uuid, uuid, integer) IS
'Cancels an event that has not started: releases its holds, cancels its bookings with a full refund, hides it from the public; final. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN, VE408 CONCURRENT_UPDATE, VE405 EVENT_NOT_MODIFIABLE. Locks the event. Writes event, hold, event_seat, cancellation, ticket, booking, stock.';

CREATE FUNCTION evently.get_event(event_id uuid, published_only boolean DEFAULT false, actor_id uuid DEFAULT NULL) RETURNS evently.event_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_event';
COMMENT ON FUNCTION evently.get_event(uuid, boolean, uuid) IS
'An event with what is left of it. published_only hides drafts, inactive and cancelled ones; actor_id must be able to manage it. Errors: VE401 EVENT_NOT_FOUND, VE002 FORBIDDEN.';

CREATE FUNCTION evently.get_availability(event_id uuid, published_only boolean DEFAULT false) RETURNS evently.availability
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_availability';
COMMENT ON FUNCTION evently.get_availability(uuid, boolean) IS
'What is left of an event now, whole and by section; expired holds count as free. Errors: VE401 EVENT_NOT_FOUND.';

CREATE FUNCTION evently.get_sections(event_id uuid, published_only boolean DEFAULT false) RETURNS evently.event_sections
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_sections';
COMMENT ON FUNCTION evently.get_sections(uuid, boolean) IS 'The sections of an event: kind, price and what is left. Errors: VE401 EVENT_NOT_FOUND.';

CREATE VIEW evently.described_seat AS
SELECT s.event_id, s.ordinal, s.section_id, s.label AS seat_id, s.seat_id AS id, c.name AS section, s.row_label AS "row",
	s.number, s.x, s.y, c.price,
	CASE WHEN s.booking_id IS NOT NULL THEN 'sold'
		WHEN s.held_until > statement_timestamp() THEN 'held'
		ELSE 'available' END AS status,
	s.accessible
FROM evently.event_seat s
JOIN evently.event_section c ON c.event_id = s.event_id AND c.section_id = s.section_id;
COMMENT ON VIEW evently.described_seat IS 'Seats as functions return them, with who has them now.';

CREATE FUNCTION evently.get_seat_map(event_id uuid, section_id uuid DEFAULT NULL) RETURNS SETOF evently.seat_detail
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT s.seat_id, s.id, s.section_id, s.section, s."row", s.number, s.x, s.y, s.price, s.status, s.accessible
	FROM evently.described_seat s
	WHERE s.event_id = get_seat_map.event_id
		AND (get_seat_map.section_id IS NULL OR s.section_id = get_seat_map.section_id)
	ORDER BY s.ordinal;
END;
COMMENT ON FUNCTION evently.get_seat_map(uuid, uuid) IS
'The seats of an event, or of one section, in natural order. No row for general admission or an unknown event.';

CREATE FUNCTION evently.get_seat_map_page(event_id uuid, published_only boolean DEFAULT false) RETURNS evently.seat_map
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_seat_map_page';
COMMENT ON FUNCTION evently.get_seat_map_page(uuid, boolean) IS 'All seats of an event in one row, as REST answers them. Errors: VE401 EVENT_NOT_FOUND.';

-- Each filter is read once, before any row: OFFSET 0 keeps the planner from moving it into the scan, where a filter that
-- cannot be read would pass unnoticed as long as no row is there to meet it.
CREATE FUNCTION evently.matching_events(q text, type text, city text, date text, date_from text, date_to text, status text,
	tags text[], published_only boolean, created_by uuid)
RETURNS SETOF evently.event
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT m.*
	FROM (SELECT
			evently.require_word(matching_events.status, 'status', 'draft, published, inactive, cancelled, completed'),
			greatest(evently.instant(matching_events.date_from, 0), evently.instant(matching_events.date, 0)),
			least(evently.instant(matching_events.date_to, 1), evently.instant(matching_events.date, 1))
			OFFSET 0) AS f (status, starts_from, starts_before),
		LATERAL (
			SELECT e.* FROM evently.event e
			WHERE (matching_events.published_only IS NOT TRUE OR e.status = 'published')
				AND (f.status IS NULL OR e.status = f.status)
				AND (f.starts_from IS NULL OR e.start_datetime >= f.starts_from)
				AND (f.starts_before IS NULL OR e.start_datetime < f.starts_before)
				AND (matching_events.type IS NULL OR lower(e.event_type) = lower(matching_events.type))
				AND (matching_events.created_by IS NULL OR e.created_by = matching_events.created_by)
				AND (matching_events.tags IS NULL OR e.tags @> matching_events.tags)
				AND (matching_events.city IS NULL OR EXISTS (SELECT FROM evently.venue v
					WHERE v.venue_id = e.venue_id AND lower(v.city) = lower(matching_events.city)))
				AND (matching_events.q IS NULL OR position(lower(matching_events.q) IN lower(concat_ws(' ', e.name,
					e.description, (SELECT v.name FROM evently.venue v WHERE v.venue_id = e.venue_id)))) > 0)
			OFFSET 0) m;
END;
COMMENT ON FUNCTION evently.matching_events(text, text, text, text, text, text, text, text[], boolean, uuid) IS
'The events that the filters of list_events() let through.';

CREATE FUNCTION evently.found_events(q text, type text, city text, date text, date_from text, date_to text, status text,
	tags text[], published_only boolean, created_by uuid, sort text, "order" text, max_rows integer, skip bigint)
RETURNS SETOF evently.event_detail
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT (d.detail).*
	FROM (SELECT
			coalesce(evently.require_word(found_events.sort, 'sort', 'start_datetime, name, price, created_at'), 'start_datetime'),
			coalesce(evently.require_word(found_events."order", 'order', 'asc, desc'), 'asc') = 'desc'
			OFFSET 0) AS o (sort, descending),
		LATERAL (
			SELECT p.event_id, p.place FROM (
				SELECT m.event_id, row_number() OVER (ORDER BY
					CASE o.sort WHEN 'start_datetime' THEN m.start_datetime WHEN 'created_at' THEN m.created_at END,
					CASE o.sort WHEN 'name' THEN lower(m.name) END,
					CASE o.sort WHEN 'price' THEN m.base_price END,
					m.event_id) * CASE WHEN o.descending THEN -1 ELSE 1 END AS place
				FROM evently.matching_events(found_events.q, found_events.type, found_events.city, found_events.date,
					found_events.date_from, found_events.date_to, found_events.status, found_events.tags,
					found_events.published_only, found_events.created_by) m) p
			ORDER BY p.place LIMIT max_rows OFFSET skip) n
		JOIN evently.described_event d ON d.event_id = n.event_id
	ORDER BY n.place;
END;
COMMENT ON FUNCTION evently.found_events(text, text, text, text, text, text, text, text[], boolean, uuid, text, text, integer, bigint) IS
'The events of list_events() in their order.';

CREATE FUNCTION evently.list_events(q text DEFAULT NULL, type text DEFAULT NULL, city text DEFAULT NULL, date text DEFAULT NULL,
	date_from text DEFAULT NULL, date_to text DEFAULT NULL, status text DEFAULT NULL, tags text[] DEFAULT NULL,
	sort text DEFAULT NULL, "order" text DEFAULT NULL, max_rows integer DEFAULT 20, skip bigint DEFAULT 0,
	published_only boolean DEFAULT false, created_by uuid DEFAULT NULL)
RETURNS SETOF evently.event_detail
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT e.* FROM evently.found_events(list_events.q, list_events.type, list_events.city, list_events.date,
		list_events.date_from, list_events.date_to, list_events.status, list_events.tags, list_events.published_only,
		list_events.created_by, list_events.sort, list_events."order", list_events.max_rows, list_events.skip) e;
END;
COMMENT ON FUNCTION evently.list_events(text, text, text, text, text, text, text, text[], text, text, integer, bigint, boolean, uuid) IS
'Events. q: part of name, description or venue, % and _ being plain characters; type, city: equal without case; date, date_from, date_to: a date (a whole day in UTC) or a time; tags: all of them. sort: start_datetime (default), name, price, created_at; order: asc, desc. Errors: VE001 VALIDATION_ERROR, class 22 for a time that cannot be read.';

CREATE FUNCTION evently.list_events_page(q text DEFAULT NULL, type text DEFAULT NULL, city text DEFAULT NULL, date text DEFAULT NULL,
	date_from text DEFAULT NULL, date_to text DEFAULT NULL, status text DEFAULT NULL, tags text[] DEFAULT NULL,
	sort text DEFAULT NULL, "order" text DEFAULT NULL, page integer DEFAULT NULL, "limit" integer DEFAULT NULL,
	"offset" integer DEFAULT NULL, published_only boolean DEFAULT false, created_by uuid DEFAULT NULL)
RETURNS evently.event_page
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_list_events_page';
COMMENT ON FUNCTION evently.list_events_page(text, text, text, text, text, text, text, text[], text, text, integer, integer, integer, boolean, uuid) IS
'One page of list_events(). page from 1, or offset; limit 20 by default, 100 at most. Errors: as list_events().';

CREATE FUNCTION evently.list_admin_events_page(actor_id uuid, scope text DEFAULT NULL, q text DEFAULT NULL, type text DEFAULT NULL,
	city text DEFAULT NULL, date text DEFAULT NULL, date_from text DEFAULT NULL, date_to text DEFAULT NULL,
	status text DEFAULT NULL, tags text[] DEFAULT NULL, sort text DEFAULT NULL, "order" text DEFAULT NULL,
	page integer DEFAULT NULL, "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL)
RETURNS evently.event_page
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_list_admin_events_page';
COMMENT ON FUNCTION evently.list_admin_events_page(uuid, text, text, text, text, text, text, text, text, text[], text, text, integer, integer, integer) IS
'list_events_page() of an administrator''s own events, or with scope all of everybody''s. Errors: VE002 FORBIDDEN, and those of list_events().';

GRANT EXECUTE ON FUNCTION
	evently.create_event(text, timestamptz, timestamptz, uuid, jsonb, text, text, text, integer, numeric, text, integer, timestamptz, timestamptz, jsonb, text, text[], uuid),
	evently.update_event(uuid, uuid, integer, text, text, text, timestamptz, timestamptz, text, timestamptz, timestamptz, integer, numeric, integer, text, text[]),
	evently.set_event_status(uuid, text, uuid, integer),
	evently.publish_event(uuid, uuid),
	evently.cancel_event(uuid, uuid, integer),
	evently.get_event(uuid, boolean, uuid),
	evently.get_availability(uuid, boolean),
	evently.get_sections(uuid, boolean),
	evently.get_seat_map(uuid, uuid),
	evently.get_seat_map_page(uuid, boolean),
	evently.list_events(text, text, text, text, text, text, text, text[], text, text, integer, bigint, boolean, uuid),
	evently.list_events_page(text, text, text, text, text, text, text, text[], text, text, integer, integer, integer, boolean, uuid),
	evently.list_admin_events_page(uuid, text, text, text, text, text, text, text, text, text[], text, text, integer, integer, integer)
TO evently_api;
-- Holds (hold.c, reserve.c).

CREATE FUNCTION evently.hold_seats(event_id uuid, user_id uuid, seat_ids text[], idempotency_key text DEFAULT NULL)
RETURNS evently.hold_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_hold_seats';
COMMENT ON FUNCTION evently.hold_seats(uuid, uuid, text[], text) IS
'Puts these seats (labels, or layout ids) aside for evently.hold_ttl seconds, all or none. With an idempotency key (1 to 255 characters) a retry gets the first answer. Errors: VE101 SEATS_UNAVAILABLE, VE103 SEAT_NOT_FOUND, VE104 SEAT_MAP_MISSING, VE108 HOLD_LIMIT, VE110 LIMIT_EXCEEDED, VE401 EVENT_NOT_FOUND, VE402 EVENT_NOT_BOOKABLE, VE403 SALE_NOT_STARTED, VE404 SALE_ENDED, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR, 55P03 after the lock timeout. Writes hold, event_seat, stock, idempotency.';

CREATE FUNCTION evently.hold_tickets(event_id uuid, user_id uuid, quantity integer, section_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.hold_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_hold_tickets';
COMMENT ON FUNCTION evently.hold_tickets(uuid, uuid, integer, uuid, text) IS
'Puts that many tickets of one section aside: of section_id, or of the first that has enough; in a section with seats, the first free ones. Errors: VE102 INSUFFICIENT_SEATS, VE105 SECTION_NOT_FOUND, and those of hold_seats(). Writes hold, event_seat, stock, idempotency.';

CREATE FUNCTION evently.place_hold(event_id uuid, user_id uuid, seat_ids text[] DEFAULT NULL, quantity integer DEFAULT NULL,
	section_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.hold_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_place_hold';
COMMENT ON FUNCTION evently.place_hold(uuid, uuid, text[], integer, uuid, text) IS
'hold_seats() where seat_ids are given, otherwise hold_tickets(). Both, and different numbers: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.get_hold(event_id uuid, hold_id uuid, user_id uuid DEFAULT NULL) RETURNS evently.hold_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_hold';
COMMENT ON FUNCTION evently.get_hold(uuid, uuid, uuid) IS
'A hold as it is now. event_id null: found by hold_id. user_id, when given, must be its owner or may manage all events. Errors: VE106 HOLD_NOT_FOUND, VE002 FORBIDDEN.';

CREATE FUNCTION evently.validate_hold(event_id uuid, hold_id uuid, user_id uuid DEFAULT NULL) RETURNS evently.hold_validity
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_validate_hold';
COMMENT ON FUNCTION evently.validate_hold(uuid, uuid, uuid) IS
'Can it still be confirmed? A look, not a promise: only confirm_hold() decides. Errors: VE106 HOLD_NOT_FOUND, VE002 FORBIDDEN.';

CREATE FUNCTION evently.extend_hold(event_id uuid, hold_id uuid, user_id uuid DEFAULT NULL) RETURNS evently.hold_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_extend_hold';
COMMENT ON FUNCTION evently.extend_hold(uuid, uuid, uuid) IS
'A live hold lives evently.hold_ttl seconds from now, evently.hold_max_lifetime from its beginning at most. Errors: VE106 HOLD_NOT_FOUND, VE002 FORBIDDEN, VE107 HOLD_EXPIRED, VE109 HOLD_NOT_ACTIVE, VE108 HOLD_LIMIT. Writes hold, event_seat.';

CREATE FUNCTION evently.release_hold(event_id uuid, hold_id uuid, user_id uuid DEFAULT NULL) RETURNS evently.hold_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_release_hold';
COMMENT ON FUNCTION evently.release_hold(uuid, uuid, uuid) IS
'Gives everything back. A repeat gives the same answer. Errors: VE106 HOLD_NOT_FOUND, VE002 FORBIDDEN, VE109 HOLD_NOT_ACTIVE when it is confirmed. Writes hold, event_seat, stock.';

GRANT EXECUTE ON FUNCTION
	evently.hold_seats(uuid, uuid, text[], text),
	evently.hold_tickets(uuid, uuid, integer, uuid, text),
	evently.place_hold(uuid, uuid, text[], integer, uuid, text),
	evently.get_hold(uuid, uuid, uuid),
	evently.validate_hold(uuid, uuid, uuid),
	evently.extend_hold(uuid, uuid, uuid),
	evently.release_hold(uuid, uuid, uuid)
TO evently_api;
-- Bookings and their cancellation (booking.c, cancellation.c, reserve.c).

CREATE FUNCTION evently.book(event_id uuid, user_id uuid, seat_ids text[] DEFAULT NULL, quantity integer DEFAULT NULL,
	section_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.booking_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_book';
COMMENT ON FUNCTION evently.book(uuid, uuid, text[], integer, uuid, text) IS
'Books seats (seat_ids) or a number of tickets (quantity) at once, all or none; rows of your own written in the same transaction stand or fall with it. Make it the last call before COMMIT. Errors: those of hold_seats() and hold_tickets() but HOLD_LIMIT. Writes booking, ticket, event_seat, stock, idempotency.';

CREATE FUNCTION evently.confirm_hold(event_id uuid, hold_id uuid, user_id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS evently.booking_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_confirm_hold';
COMMENT ON FUNCTION evently.confirm_hold(uuid, uuid, uuid, text) IS
'Turns a live hold into a booking at the price promised by the hold. Confirming it again gives the same booking. Errors: VE106 HOLD_NOT_FOUND, VE002 FORBIDDEN, VE107 HOLD_EXPIRED, VE109 HOLD_NOT_ACTIVE (released), VE402 EVENT_NOT_BOOKABLE, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes booking, ticket, hold, event_seat, idempotency.';

CREATE FUNCTION evently.get_booking(event_id uuid, booking_id uuid, user_id uuid DEFAULT NULL) RETURNS evently.booking_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_get_booking';
COMMENT ON FUNCTION evently.get_booking(uuid, uuid, uuid) IS
'A booking with its tickets. event_id null: found by booking_id. user_id, when given, must be its owner or may manage all events. Errors: VE201 BOOKING_NOT_FOUND, VE002 FORBIDDEN.';

CREATE FUNCTION evently.describe_cancellation(cancellation evently.cancellation) RETURNS evently.cancellation_detail
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
	SELECT ROW(cancellation.cancellation_id, cancellation.booking_id, cancellation.event_id, 'completed', cancellation.fee,
		cancellation.refund_amount, cancellation.currency, cancellation.reason,
		cancellation.requested_at)::evently.cancellation_detail;
END;
COMMENT ON FUNCTION evently.describe_cancellation(evently.cancellation) IS 'A cancellation as functions return it.';

CREATE FUNCTION evently.cancel_booking(event_id uuid, booking_id uuid, user_id uuid DEFAULT NULL, reason text DEFAULT NULL,
	idempotency_key text DEFAULT NULL)
RETURNS evently.cancellation_detail
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_cancel_booking';
COMMENT ON FUNCTION evently.cancel_booking(uuid, uuid, uuid, text, text) IS
'Cancels a booking before its event starts, free of charge: seats and tickets go back at once. A repeat gives the same answer. Errors: VE201 BOOKING_NOT_FOUND, VE002 FORBIDDEN, VE202 CANCELLATION_NOT_ALLOWED, VE901 IDEMPOTENCY_KEY_REUSED, VE001 VALIDATION_ERROR. Writes cancellation, booking, ticket, event_seat, stock, idempotency.';

CREATE FUNCTION evently.matching_bookings(user_id uuid, event_id uuid, status text)
RETURNS SETOF evently.booking
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT m.*
	FROM (SELECT evently.require_word(matching_bookings.status, 'status', 'confirmed, cancelled') OFFSET 0) AS f (status),
		LATERAL (
			SELECT b.* FROM evently.booking b
			WHERE b.user_id = matching_bookings.user_id
				AND (matching_bookings.event_id IS NULL OR b.event_id = matching_bookings.event_id)
				AND (f.status IS NULL OR b.status = f.status::evently.booking_status)
			OFFSET 0) m;
END;
COMMENT ON FUNCTION evently.matching_bookings(uuid, uuid, text) IS
'The bookings that the filters of list_bookings() let through; the filters are read before any row, as in matching_events().';

CREATE FUNCTION evently.list_bookings(user_id uuid, event_id uuid DEFAULT NULL, status text DEFAULT NULL, max_rows integer DEFAULT 20, skip bigint DEFAULT 0)
RETURNS SETOF evently.booking_detail
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT d.* FROM (
		SELECT m.event_id, m.booking_id, m.created_at
		FROM evently.matching_bookings(list_bookings.user_id, list_bookings.event_id, list_bookings.status) m
		ORDER BY m.created_at DESC, m.booking_id DESC LIMIT max_rows OFFSET skip) b,
		LATERAL evently.get_booking(b.event_id, b.booking_id) d
	ORDER BY b.created_at DESC, b.booking_id DESC;
END;
COMMENT ON FUNCTION evently.list_bookings(uuid, uuid, text, integer, bigint) IS
'A user''s bookings, newest first. status: confirmed or cancelled. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.list_bookings_page(user_id uuid, page integer DEFAULT NULL, "limit" integer DEFAULT NULL,
	"offset" integer DEFAULT NULL, event_id uuid DEFAULT NULL, status text DEFAULT NULL)
RETURNS evently.booking_page
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT ROW(ARRAY(SELECT b FROM evently.list_bookings(list_bookings_page.user_id, list_bookings_page.event_id,
			list_bookings_page.status, p.rows, p.skip) b),
		t.total, evently.page_number(page, "limit", "offset"), p.rows, p.skip + p.rows < t.total)::evently.booking_page
	FROM (SELECT evently.page_limit(page, "limit", "offset"), evently.page_offset(page, "limit", "offset")) AS p (rows, skip),
		LATERAL (SELECT count(*) FROM evently.matching_bookings(list_bookings_page.user_id, list_bookings_page.event_id,
			list_bookings_page.status)) AS t (total);
END;
COMMENT ON FUNCTION evently.list_bookings_page(uuid, integer, integer, integer, uuid, text) IS
'One page of list_bookings(). page from 1, or offset; limit 20 by default, 100 at most. Errors: VE001 VALIDATION_ERROR.';

GRANT EXECUTE ON FUNCTION
	evently.book(uuid, uuid, text[], integer, uuid, text),
	evently.confirm_hold(uuid, uuid, uuid, text),
	evently.get_booking(uuid, uuid, uuid),
	evently.cancel_booking(uuid, uuid, uuid, text, text),
	evently.list_bookings(uuid, uuid, text, integer, bigint),
	evently.list_bookings_page(uuid, integer, integer, integer, uuid, text)
TO evently_api;
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
	section_use AS (
		SELECT s.event_id, s.section_id, s.kind, s.capacity, s.stripes,
			(SELECT count(*) FROM evently.stock t WHERE t.event_id = s.event_id AND t.section_id = s.section_id
				AND t.reserved = (s.kind = 'reserved')) AS stripe_rows,
			(SELECT coalesce(sum(t.available), 0) FROM evently.stock t
				WHERE t.event_id = s.event_id AND t.section_id = s.section_id) AS available,
			(SELECT count(*) FROM evently.event_seat e
				WHERE e.event_id = s.event_id AND e.section_id = s.section_id) AS seats,
			(SELECT count(*) FROM evently.event_seat e
				WHERE e.event_id = s.event_id AND e.section_id = s.section_id AND e.hold_id IS NOT NULL) AS seats_held
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
	ticket_sum AS (
		SELECT t.event_id, t.booking_id, count(*) AS tickets, sum(t.price) AS price,
			count(*) FILTER (WHERE t.cancelled_at IS NULL) AS valid
		FROM evently.ticket t GROUP BY 1, 2
	)
	SELECT 1, 'stock is not capacity less what is sold and held', u.event_id,
		format('section %s: %s available of %s, %s sold, %s held', u.section_id, u.available, u.capacity,
			coalesce(t.sold, 0), coalesce(h.held, 0) + u.seats_held)
	FROM section_use u
	LEFT JOIN tickets_sold t ON t.event_id = u.event_id AND t.section_id = u.section_id
	LEFT JOIN tickets_held h ON h.event_id = u.event_id AND h.section_id = u.section_id
	WHERE u.available <> u.capacity - coalesce(t.sold, 0) - coalesce(h.held, 0) - u.seats_held
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
		format('seat %s, hold %s', s.label, h.hold_id)
	FROM held_seat h
	JOIN evently.event_seat s ON s.event_id = h.event_id AND s.ordinal = h.ordinal
	WHERE s.hold_id IS DISTINCT FROM h.hold_id
		AND NOT EXISTS (SELECT FROM evently.hold n
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
		OR coalesce(t.valid, 0) <> CASE b.status WHEN 'confirmed' THEN b.quantity ELSE 0 END
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
	SELECT 11, 'a cancelled booking and its cancellation disagree', coalesce(b.event_id, c.event_id),
		format('booking %s, cancellation %s: fee %s + refund %s of %s', coalesce(b.booking_id, c.booking_id),
			c.cancellation_id, c.fee, c.refund_amount, b.total_price)
	FROM (SELECT b.event_id, b.booking_id, b.total_price, b.currency FROM evently.booking b WHERE b.status = 'cancelled') b
	FULL JOIN evently.cancellation c ON c.event_id = b.event_id AND c.booking_id = b.booking_id
	WHERE b.booking_id IS NULL OR c.booking_id IS NULL OR c.fee + c.refund_amount <> b.total_price OR c.currency <> b.currency
	UNION ALL
	SELECT 12, 'what a row refers to is not there', o.event_id, o.what
	FROM (
		SELECT DISTINCT s.event_id, 'the event of a section' AS what FROM evently.event_section s
			WHERE NOT EXISTS (SELECT FROM evently.event e WHERE e.event_id = s.event_id)
		UNION ALL
		SELECT DISTINCT t.event_id, format('section %s of a stock', t.section_id) FROM evently.stock t
			WHERE NOT EXISTS (SELECT FROM evently.event_section s WHERE s.event_id = t.event_id AND s.section_id = t.section_id)
		UNION ALL
		SELECT DISTINCT t.event_id, format('section %s of a seat', t.section_id) FROM evently.event_seat t
			WHERE NOT EXISTS (SELECT FROM evently.event_section s WHERE s.event_id = t.event_id AND s.section_id = t.section_id)
		UNION ALL
		SELECT DISTINCT h.event_id, 'the event of a hold' FROM evently.hold h
			WHERE NOT EXISTS (SELECT FROM evently.event e WHERE e.event_id = h.event_id)
		UNION ALL
		SELECT DISTINCT b.event_id, 'the event of a booking' FROM evently.booking b
			WHERE NOT EXISTS (SELECT FROM evently.event e WHERE e.event_id = b.event_id)
		UNION ALL
		SELECT e.event_id, format('venue %s of an event', e.venue_id) FROM evently.event e
			WHERE e.venue_id IS NOT NULL AND NOT EXISTS (SELECT FROM evently.venue v WHERE v.venue_id = e.venue_id)
		UNION ALL
		SELECT DISTINCT NULL::uuid, format('venue %s of a section', s.venue_id) FROM evently.venue_section s
			WHERE NOT EXISTS (SELECT FROM evently.venue v WHERE v.venue_id = s.venue_id)
		UNION ALL
		SELECT DISTINCT NULL::uuid, format('section %s of a seat', s.section_id) FROM evently.venue_seat s
			WHERE NOT EXISTS (SELECT FROM evently.venue_section v
				WHERE v.section_id = s.section_id AND v.venue_id = s.venue_id)
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
	SELECT 15, 'a cancelled event is still held or booked', e.event_id, format('%s holds, %s bookings', l.holds, l.bookings)
	FROM evently.event e,
		LATERAL (SELECT
			(SELECT count(*) FROM evently.hold h WHERE h.event_id = e.event_id AND h.status = 'active') AS holds,
			(SELECT count(*) FROM evently.booking b WHERE b.event_id = e.event_id AND b.status = 'confirmed') AS bookings) l
	WHERE e.status = 'cancelled' AND l.holds + l.bookings > 0;
END;
COMMENT ON FUNCTION evently.verify() IS
'Checks every invariant in one snapshot: no row means all is well, at any moment, under any load, after any crash. Reads all rows of the booking side.';
GRANT EXECUTE ON FUNCTION evently.verify() TO evently_api;
-- Least privilege: everything belongs to evently_owner, a role nobody can log in as; evently_api may call the functions
-- granted to it and read no table; evently_web may sign people in besides; PUBLIC may do nothing.

DO $$
DECLARE
	object text;
BEGIN
	FOR object IN SELECT p.oid::pg_catalog.regprocedure FROM pg_catalog.pg_proc p
		JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
		JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'evently' AND d.deptype = 'e'
	LOOP
		EXECUTE pg_catalog.format('ALTER FUNCTION %s OWNER TO evently_owner', object);
		EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', object);
	END LOOP;
	FOR object IN SELECT c.oid::pg_catalog.regclass FROM pg_catalog.pg_class c
		JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
		JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'evently' AND d.deptype = 'e'
		WHERE c.relkind IN ('r', 'v')
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE %s OWNER TO evently_owner', object);
	END LOOP;
END
$$;

GRANT USAGE ON SCHEMA evently TO evently_owner, evently_api, evently_web;
