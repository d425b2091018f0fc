-- Tables that came with version 1.1, and new indexes on older ones: an update runs this file as it stands, after
-- extension/upgrade/1.0--1.1.sql has changed the tables of 20_tables.sql. The rules are those of 20_tables.sql.

CREATE TABLE evently.pool (
	event_id uuid NOT NULL,
	pool_id uuid NOT NULL,
	size integer NOT NULL CHECK (size >= 0),
	stripes smallint NOT NULL CHECK (stripes BETWEEN 1 AND 64),
	PRIMARY KEY (event_id, pool_id)
);
COMMENT ON TABLE evently.pool IS
	'What is counted beside the places of sections, in stock like them. A hold or booking names in pools those that its whole quantity counts in.';
COMMENT ON COLUMN evently.pool.stripes IS 'Number of rows in stock; made with the pool, never changed.';
COMMENT ON COLUMN evently.stock.section_id IS 'A section, or where of_section is false a row of pool.';
COMMENT ON COLUMN evently.hold.pools IS 'The pools beside its sections that its quantity counts in; null where there are none. A booking inherits them.';

CREATE INDEX hold_blocked ON evently.hold (event_id, hold_id) WHERE reason IS NOT NULL AND status = 'active';
COMMENT ON COLUMN evently.hold.reason IS 'Of house seats: kept back by who manages the event. Null for buyers'' holds.';
COMMENT ON COLUMN evently.event.max_tickets_per_user IS 'Of bookings and live holds together; null: no limit.';

CREATE TABLE evently.adjustment (
	event_id uuid NOT NULL,
	adjustment_id uuid NOT NULL,
	section_id uuid NOT NULL,
	delta integer NOT NULL CHECK (delta <> 0),
	reason text CHECK (length(reason) <= 2000),
	actor_id uuid,
	created_at timestamptz NOT NULL,
	PRIMARY KEY (event_id, adjustment_id)
);
COMMENT ON TABLE evently.adjustment IS
	'Places taken (delta below 0) and given back by number alone, for another system that sells them: the ledger by which verify() accounts for them.';
COMMENT ON COLUMN evently.event.sale_status IS 'Set by hand, and stays; null: derived.';

CREATE TABLE evently.ticket_type (
	event_id uuid NOT NULL,
	type_id uuid NOT NULL,
	ordinal integer NOT NULL,
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	section_id uuid,
	price numeric CHECK (price >= 0 AND price < 1e12),
	price_multiplier numeric CHECK (price_multiplier BETWEEN 0 AND 1000),
	sale_start_time timestamptz,
	sale_end_time timestamptz CHECK (sale_end_time > sale_start_time),
	requires_code boolean NOT NULL DEFAULT false,
	max_per_booking integer CHECK (max_per_booking > 0),
	is_active boolean NOT NULL DEFAULT true,
	PRIMARY KEY (event_id, type_id),
	CHECK (num_nonnulls(price, price_multiplier) <= 1)
);
CREATE UNIQUE INDEX ticket_type_name ON evently.ticket_type (event_id, lower(name));
COMMENT ON TABLE evently.ticket_type IS
	'Kinds of tickets. An event that has some sells by one always: by the one named, or by the first in order of ordinal that is open to the buyer and has room.';
COMMENT ON COLUMN evently.ticket_type.price IS 'Or price_multiplier, of the section''s price. Neither: the section''s price.';
COMMENT ON COLUMN evently.event.has_ticket_types IS 'Saves a look for events that have none.';

CREATE TABLE evently.quota (
	event_id uuid NOT NULL,
	quota_id uuid NOT NULL,
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	type_ids uuid[] NOT NULL CHECK (cardinality(type_ids) > 0),
	PRIMARY KEY (event_id, quota_id)
);
COMMENT ON TABLE evently.quota IS
	'How many may be sold of the types that it binds, all together. Its size and stock are those of the pool of the same id. Several may bind one type: all must have room.';

CREATE TABLE evently.access_code (
	event_id uuid NOT NULL,
	code_id uuid NOT NULL,
	code text NOT NULL CHECK (length(code) BETWEEN 1 AND 100),
	type_ids uuid[],
	before_sale boolean NOT NULL DEFAULT false,
	valid_from timestamptz,
	valid_until timestamptz CHECK (valid_until > valid_from),
	PRIMARY KEY (event_id, code_id)
);
CREATE UNIQUE INDEX access_code_code ON evently.access_code (event_id, lower(code));
COMMENT ON TABLE evently.access_code IS
	'Who presents one may buy the ticket types that it unlocks (type_ids null: all that need a code), or, with before_sale, before the sale starts. Its uses are the pool of the same id; without one they are not limited.';

CREATE TABLE evently.outbox (
	id uuid NOT NULL,
	aggregatetype text NOT NULL,
	aggregateid uuid NOT NULL,
	type text NOT NULL,
	payload json NOT NULL,
	event_id uuid,
	user_id uuid,
	xid xid8 NOT NULL,
	notice boolean NOT NULL,
	occurred_at timestamptz NOT NULL,
	acked_at timestamptz,
	notified_at timestamptz,
	PRIMARY KEY (xid, id)
);
COMMENT ON TABLE evently.outbox IS
	'What happened, in the transaction in which it did: for brokers, mailers and auditors. A node''s own stream, in the order of the node''s transactions. No index but the primary key: every booking pays for each.';
COMMENT ON COLUMN evently.outbox.xid IS 'The transaction. Rows are read in the order of (xid, id), once every transaction before theirs has ended.';
COMMENT ON COLUMN evently.outbox.notice IS 'Its user wants to be told of it.';

CREATE TABLE evently.outbox_reader (
	name text PRIMARY KEY CHECK (name IN ('outbox', 'notification')),
	xid xid8 NOT NULL,
	system_identifier bigint NOT NULL
);
COMMENT ON TABLE evently.outbox_reader IS
	'Where reading begins: what transactions before xid have told is acknowledged, in the cluster with this identifier. May lag behind.';

CREATE TABLE evently.worker_progress (
	name text PRIMARY KEY CHECK (name IN ('sale_openings')),
	done_until timestamptz NOT NULL
);
COMMENT ON TABLE evently.worker_progress IS 'Until when the background worker has told of the sales that open.';
CREATE INDEX event_sale_start ON evently.event (sale_start_time) WHERE sale_start_time IS NOT NULL;

CREATE TABLE evently.analytics_cache (
	name text NOT NULL,
	owner_id uuid NOT NULL,
	answer jsonb NOT NULL,
	generated_at timestamptz NOT NULL,
	last_outbox_id uuid,
	PRIMARY KEY (name, owner_id)
);
COMMENT ON TABLE evently.analytics_cache IS
	'Figures that take long to sum, as they were at generated_at: of one owner''s events, or of all (the zero UUID). Nothing is lost with a row of it.';
COMMENT ON COLUMN evently.analytics_cache.last_outbox_id IS 'The newest row of the outbox that the figures know of: with another one there, something has happened since.';

CREATE INDEX cancellation_id ON evently.cancellation (cancellation_id);
CREATE INDEX cancellation_booking ON evently.cancellation (event_id, booking_id);
COMMENT ON TABLE evently.cancellation IS
	'Cancelled bookings, or tickets of them: fee + refund_amount is what the cancelled tickets cost.';
COMMENT ON COLUMN evently.ticket.cancellation_id IS
	'By which it was cancelled. Null in a ticket that 1.0 cancelled: by the only one of its booking, without a fee.';
COMMENT ON COLUMN evently.ticket.fee IS 'What its cancellation kept of the price.';
COMMENT ON COLUMN evently.booking.policy_version IS 'The cancellation policy at the time of purchase; null: there was none.';

CREATE TABLE evently.cancellation_policy (
	event_id uuid NOT NULL,
	version integer NOT NULL CHECK (version > 0),
	allow_cancellation boolean NOT NULL,
	cancellation_deadline timestamptz,
	fee_type text NOT NULL CHECK (fee_type IN ('none', 'fixed', 'percentage')),
	fee_amount numeric NOT NULL CHECK (fee_amount >= 0 AND fee_amount <= CASE fee_type WHEN 'percentage' THEN 100 ELSE 1e15 END),
	tiers jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(tiers) = 'array'),
	refund_processing_days integer NOT NULL DEFAULT 0 CHECK (refund_processing_days BETWEEN 0 AND 365),
	created_by uuid,
	created_at timestamptz NOT NULL,
	PRIMARY KEY (event_id, version)
);
COMMENT ON TABLE evently.cancellation_policy IS
	'Under which terms the bookings of an event are cancelled. A version never changes: a booking names the one it was made under, event.policy_version the one for the next.';
COMMENT ON COLUMN evently.cancellation_policy.tiers IS
	'[{"hours_before", "fee_type", "fee_amount"}], the earliest first: the first whose hours are left before the start applies; fee_type and fee_amount of the row where none is.';

CREATE INDEX account_created ON evently.account (created_at, account_id);

CREATE TABLE evently.organiser (
	organiser_id uuid PRIMARY KEY,
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
	created_by uuid,
	created_at timestamptz NOT NULL,
	version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE evently.organiser IS 'Teams that events belong to. An event without one belongs to the account that made it.';

CREATE TABLE evently.organiser_member (
	organiser_id uuid NOT NULL,
	account_id uuid NOT NULL,
	permissions text[] NOT NULL,
	PRIMARY KEY (organiser_id, account_id),
	CONSTRAINT organiser_member_permissions
		CHECK (permissions <@ '{events:own,bookings:read,analytics:read,members:manage}')
);
CREATE INDEX organiser_member_account ON evently.organiser_member (account_id);
COMMENT ON TABLE evently.organiser_member IS 'Who is in the team of an organiser, and what he may do with its events.';

CREATE INDEX event_organiser ON evently.event (organiser_id, status, created_at) WHERE organiser_id IS NOT NULL;
COMMENT ON COLUMN evently.event.organiser_id IS 'Whose it is; null: of created_by.';

CREATE TABLE evently.venue_template (
	venue_template_id uuid PRIMARY KEY,
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
	description text CHECK (length(description) <= 20000),
	default_rows integer CHECK (default_rows BETWEEN 1 AND 200000),
	default_seats_per_row integer CHECK (default_seats_per_row BETWEEN 1 AND 200000),
	layout_type text CHECK (length(layout_type) <= 100),
	capacity integer NOT NULL CHECK (capacity BETWEEN 0 AND 1000000),
	created_by uuid,
	created_at timestamptz NOT NULL,
	version integer NOT NULL DEFAULT 1
);
CREATE INDEX venue_template_name ON evently.venue_template (lower(name));
COMMENT ON TABLE evently.venue_template IS 'Layouts without a place: events copy their sections and seats as they copy a venue''s.';
COMMENT ON TABLE evently.venue_section IS 'Parts of a layout: reserved (numbered seats) or general (a number of places).';
COMMENT ON TABLE evently.venue_seat IS 'Seats of a layout''s reserved sections, in natural order: rows A to Z before AA, seat 2 before seat 10.';
COMMENT ON COLUMN evently.venue_section.venue_id IS 'Whose layout: a venue''s, a venue template''s, or that of one event.';
COMMENT ON COLUMN evently.venue_seat.venue_id IS 'Whose layout, as in venue_section.';
COMMENT ON COLUMN evently.venue_seat.ordinal IS
	'A million times the section''s ordinal and the place in it, so that a section can be made anew without moving the others. (1.0 counted through the whole layout: less than a million.)';

CREATE TABLE evently.payment (
	event_id uuid NOT NULL,
	payment_id uuid NOT NULL,
	user_id uuid NOT NULL,
	hold_id uuid,
	booking_id uuid,
	amount numeric NOT NULL,
	currency text NOT NULL,
	refunded numeric NOT NULL DEFAULT 0,
	method text NOT NULL CHECK (length(method) BETWEEN 1 AND 50),
	provider text NOT NULL CHECK (length(provider) BETWEEN 1 AND 50),
	provider_ref text CHECK (length(provider_ref) <= 255),
	status text NOT NULL CHECK (status IN ('pending', 'paid', 'failed')),
	created_at timestamptz NOT NULL,
	resolved_at timestamptz,
	PRIMARY KEY (event_id, payment_id),
	CONSTRAINT payment_refunded_at_most CHECK (amount > 0 AND amount < 'NaN' AND refunded BETWEEN 0 AND amount),
	CONSTRAINT payment_resolved CHECK ((status = 'pending') = (resolved_at IS NULL)
		AND (status = 'paid' OR (booking_id IS NULL AND refunded = 0)))
);
CREATE UNIQUE INDEX payment_booking ON evently.payment (event_id, booking_id) WHERE booking_id IS NOT NULL;
CREATE UNIQUE INDEX payment_bought ON evently.payment (event_id, hold_id) WHERE booking_id IS NOT NULL AND hold_id IS NOT NULL;
CREATE INDEX payment_hold ON evently.payment (event_id, hold_id) WHERE hold_id IS NOT NULL;
CREATE INDEX payment_id ON evently.payment (payment_id);
COMMENT ON TABLE evently.payment IS
	'Money for a booking, or for a hold that is to become one. Never more is refunded than was paid. No token of a buyer is kept, only the provider''s own reference.';

CREATE TABLE evently.refund (
	event_id uuid NOT NULL,
	refund_id uuid NOT NULL,
	payment_id uuid NOT NULL,
	cancellation_id uuid,
	amount numeric NOT NULL CHECK (amount > 0 AND amount < 'NaN'),
	currency text NOT NULL,
	status text NOT NULL CHECK (status IN ('due', 'completed')),
	reason text CHECK (length(reason) <= 2000),
	due_at timestamptz NOT NULL,
	created_at timestamptz NOT NULL,
	completed_at timestamptz,
	provider_ref text CHECK (length(provider_ref) <= 255),
	PRIMARY KEY (event_id, refund_id),
	CONSTRAINT refund_completed CHECK ((status = 'due') = (completed_at IS NULL))
);
CREATE INDEX refund_payment ON evently.refund (event_id, payment_id);
CREATE INDEX refund_id ON evently.refund (refund_id);
CREATE INDEX refund_due ON evently.refund (due_at, refund_id) WHERE status = 'due';
COMMENT ON TABLE evently.refund IS 'Parts of a payment that go back: with a cancellation, or because it bought nothing.';

-- The orders and filters of list_events(); what is looked for in a text, by its trigrams. Events are read far more often than
-- written: nothing is left pending for the reader to look through.
CREATE INDEX event_start ON evently.event (start_datetime, event_id);
CREATE INDEX event_name ON evently.event (lower(name), event_id);
CREATE INDEX event_price ON evently.event (base_price, event_id);
CREATE INDEX event_created ON evently.event (created_at, event_id);
CREATE INDEX event_type ON evently.event (lower(event_type), start_datetime);
CREATE INDEX event_venue_type ON evently.event (venue_id, lower(event_type), status, start_datetime);
CREATE INDEX event_tags ON evently.event USING gin (tags) WITH (fastupdate = off);
CREATE INDEX event_text ON evently.event USING gin (name gin_trgm_ops, description gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX venue_city ON evently.venue (lower(city));
CREATE INDEX venue_text ON evently.venue USING gin (name gin_trgm_ops) WITH (fastupdate = off);

COMMENT ON INDEX evently.event_seat_section IS
	'What best available seats are picked from. No index says whether a seat is held or sold, so that a change of that stays on its page.';
COMMENT ON COLUMN evently.event_section.focal_x IS 'With focal_y the middle of the section''s front, which best available seats are nearest to; null: of a dump of 1.0.';

CREATE INDEX event_cancelling ON evently.event (event_id) WHERE is_cancelling;
COMMENT ON COLUMN evently.event.is_cancelling IS 'It is cancelled, and holds, bookings or waitlist entries of it are still to be ended: continue_event_cancellation() does.';
CREATE INDEX event_document ON evently.event USING gin (document) WITH (fastupdate = off);
CREATE INDEX venue_document ON evently.venue USING gin (to_tsvector('simple', name || ' ' || coalesce(city, ''))) WITH (fastupdate = off);
COMMENT ON COLUMN evently.event.document IS 'Its words, to be searched: of name, type, tags and description.';
CREATE TYPE evently.waitlist_status AS ENUM ('active', 'notified', 'converted', 'expired', 'cancelled');

CREATE TABLE evently.waitlist_entry (
	event_id uuid NOT NULL,
	entry_id uuid NOT NULL,
	user_id uuid NOT NULL,
	section_id uuid,
	quantity integer NOT NULL CHECK (quantity > 0),
	mode text NOT NULL CHECK (mode IN ('offer', 'auto')),
	status evently.waitlist_status NOT NULL DEFAULT 'active',
	position bigint NOT NULL,
	preferences jsonb,
	joined_at timestamptz NOT NULL,
	notified_at timestamptz,
	ended_at timestamptz,
	hold_id uuid,
	booking_id uuid,
	PRIMARY KEY (event_id, entry_id),
	UNIQUE (event_id, position),
	CHECK ((status IN ('active', 'notified')) = (ended_at IS NULL)),
	CHECK (hold_id IS NOT NULL OR status NOT IN ('notified', 'converted')),
	CHECK ((booking_id IS NOT NULL) = (status = 'converted'))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX waitlist_entry_live ON evently.waitlist_entry (event_id, user_id) WHERE status IN ('active', 'notified');
CREATE INDEX waitlist_entry_queue ON evently.waitlist_entry (event_id, section_id, position) INCLUDE (quantity) WHERE status = 'active';
CREATE INDEX waitlist_entry_notified ON evently.waitlist_entry (event_id, notified_at) WHERE notified_at IS NOT NULL;
CREATE INDEX waitlist_entry_id ON evently.waitlist_entry (entry_id);
CREATE INDEX waitlist_entry_user ON evently.waitlist_entry (user_id, joined_at);
COMMENT ON TABLE evently.waitlist_entry IS
	'Who waits for what is sold out, one live entry (active or notified) per user and event. section_id null: any section. Kept when it is over.';
COMMENT ON COLUMN evently.waitlist_entry.position IS 'The order of the queue: drawn from event.last_position at joining, never given twice.';
COMMENT ON COLUMN evently.waitlist_entry.hold_id IS 'The offer: a hold with this entry''s id.';

CREATE TABLE evently.tag (
	tag_id uuid PRIMARY KEY,
	slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 50),
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	description text CHECK (length(description) <= 2000),
	is_active boolean NOT NULL DEFAULT true,
	created_at timestamptz NOT NULL,
	version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE evently.tag IS 'What the slugs in event.tags stand for; an event may carry others.';
COMMENT ON COLUMN evently.tag.slug IS 'Never changes, as events carry it.';
