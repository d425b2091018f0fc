-- Tables and their constraints. The constraints are the invariants of the engine: they guard every path, an
-- administrator's own SQL too. evently.verify() checks what a constraint cannot say.
--
-- These are the tables of version 1.0. What changes in one is written here, new columns at its end, and in
-- extension/upgrade/1.0--1.1.sql. New tables, types and indexes stand in 21_tables_1_1.sql, which an update runs as it is.
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
	description text CONSTRAINT venue_section_description_check CHECK (length(description) <= 2000),
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
	policy_version integer,
	organiser_id uuid,
	has_ticket_types boolean NOT NULL DEFAULT false,
	max_tickets_per_user integer CONSTRAINT event_max_tickets_per_user_check CHECK (max_tickets_per_user > 0),
	is_cancelling boolean NOT NULL DEFAULT false,
	document tsvector GENERATED ALWAYS AS (setweight(to_tsvector('simple', name), 'A')
		|| setweight(to_tsvector('simple', coalesce(event_type, '')), 'B')
		|| array_to_tsvector(array_remove(array_remove(tags, ''), NULL))
		|| setweight(to_tsvector('simple', coalesce(description, '')), 'C')) STORED,
	sale_status text CONSTRAINT event_sale_status_check CHECK (sale_status IN ('upcoming', 'on_sale', 'sold_out')),
	waiting integer NOT NULL DEFAULT 0 CONSTRAINT waiting_counted CHECK (waiting >= 0),
	last_position bigint NOT NULL DEFAULT 0,
	CHECK (end_datetime > start_datetime),
	CHECK (sale_end_time > sale_start_time)
);
CREATE INDEX event_status_start ON evently.event (status, start_datetime, event_id);
CREATE INDEX event_created_by ON evently.event (created_by, status, created_at);
CREATE INDEX event_venue ON evently.event (venue_id, status, start_datetime);
COMMENT ON TABLE evently.event IS 'What is sold. version is raised by administrators'' edits, never by holds or bookings.';
COMMENT ON COLUMN evently.event.waiting IS 'Active waitlist entries that any section serves. While there are some, nobody else is served.';
COMMENT ON COLUMN evently.event.last_position IS 'The position that the last waitlist entry got.';

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
	focal_x numeric,
	focal_y numeric,
	waiting integer NOT NULL DEFAULT 0 CONSTRAINT waiting_counted CHECK (waiting >= 0),
	PRIMARY KEY (event_id, section_id),
	UNIQUE (event_id, ordinal)
);
COMMENT ON TABLE evently.event_section IS 'A section as one event sells it, with the price that every hold and booking uses.';
COMMENT ON COLUMN evently.event_section.price_multiplier IS 'The price follows the event''s base price times this; null: the price stands by itself.';
COMMENT ON COLUMN evently.event_section.stripes IS 'Number of rows in stock; made with the section, never changed.';
COMMENT ON COLUMN evently.event_section.waiting IS 'Active waitlist entries for this section. While there are some, nobody else is served from it.';

CREATE TABLE evently.stock (
	event_id uuid NOT NULL,
	section_id uuid NOT NULL,
	stripe smallint NOT NULL,
	reserved boolean NOT NULL,
	available integer NOT NULL,
	of_section boolean NOT NULL DEFAULT true,
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
	pools uuid[],
	ticket_type_id uuid,
	reason text,
	renewals integer NOT NULL DEFAULT 0,
	entry_id uuid,
	PRIMARY KEY (event_id, hold_id),
	CONSTRAINT hold_of_section_or_seats CHECK ((section_id IS NULL) <> (ordinals IS NULL)
		AND quantity > 0 AND cardinality(prices) = quantity AND coalesce(cardinality(ordinals), quantity) = quantity
		AND total_price >= 0 AND expires_at > created_at)
) WITH (fillfactor = 80);
CREATE INDEX hold_id ON evently.hold (hold_id);
CREATE INDEX hold_user ON evently.hold (user_id, created_at);
CREATE INDEX hold_active_user ON evently.hold (user_id, event_id) WHERE status = 'active';
CREATE INDEX hold_active_expiry ON evently.hold (event_id, expires_at) INCLUDE (quantity) WHERE status = 'active';
COMMENT ON COLUMN evently.hold.entry_id IS 'The waitlist entry that this hold is an offer to.';
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
	pools uuid[],
	policy_version integer,
	ticket_type_id uuid,
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
	cancellation_id uuid,
	fee numeric,
	PRIMARY KEY (event_id, booking_id, ticket_id),
	CONSTRAINT ticket_of_place_or_seat CHECK (price >= 0 AND (seat_ordinal IS NULL) = (seat_label IS NULL)),
	CONSTRAINT ticket_valid_or_cancelled CHECK ((fee IS NULL) = (cancellation_id IS NULL)
		AND (cancelled_at IS NOT NULL OR cancellation_id IS NULL) AND fee BETWEEN 0 AND price)
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
	PRIMARY KEY (event_id, cancellation_id)
);

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
