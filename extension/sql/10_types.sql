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

CREATE TYPE evently.account_page AS (
	users evently.account_detail[],
	total bigint,
	page integer,
	"limit" integer,
	has_more boolean
);
COMMENT ON TYPE evently.account_page IS 'One page of accounts, as a REST list answers it.';

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
	price_multiplier numeric,
	description text
);
COMMENT ON TYPE evently.venue_section_detail IS
	'A part of a venue or of a venue template. kind: reserved (numbered seats) or general (a number of places).';

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
	version integer,
	organiser_id uuid,
	max_tickets_per_user integer
);
COMMENT ON TYPE evently.event_detail IS
	'An event with what is left of it. status: draft, published, inactive, cancelled, completed. sale_status, derived: upcoming, on_sale, sold_out, ended, cancelled. available_seats counts expired holds as free; booked_count counts tickets sold, not live holds. max_tickets_per_user: of bookings and live holds together, null for no limit.';

CREATE TYPE evently.organiser_member_detail AS (
	user_id uuid,
	permissions text[]
);
COMMENT ON TYPE evently.organiser_member_detail IS 'A member of a team and what he may do with its events: events:own, bookings:read, analytics:read, members:manage.';

CREATE TYPE evently.organiser_detail AS (
	organiser_id uuid,
	name text,
	members evently.organiser_member_detail[],
	created_by uuid,
	created_at timestamptz,
	version integer
);
COMMENT ON TYPE evently.organiser_detail IS 'A team that events belong to, with its members.';

CREATE TYPE evently.event_page AS (
	events evently.event_detail[],
	total bigint,
	page integer,
	"limit" integer,
	has_more boolean,
	next_cursor text
);
COMMENT ON TYPE evently.event_page IS
	'One page of events, as a REST list answers it. next_cursor asks for the next page, null where there is none; total and page are null on a page that a cursor asked for. total is counted up to 10,000, or to the end of this page.';

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
	'A seat of an event. seat_id is its label, unique in the event; id is the seat of the venue''s layout. status: available, held, sold, blocked (house seats).';

CREATE TYPE evently.seat_run AS (
	"row" text,
	prefix text,
	first integer,
	states text
);
COMMENT ON TYPE evently.seat_run IS
	'Seats side by side, one letter of states for each: a available, h held, s sold, b blocked. The first letter is the seat with number first, the next one that with first + 1; their seat_ids are prefix and number. first null: one seat, whose seat_id is prefix.';

CREATE TYPE evently.section_map AS (
	section_id uuid,
	section text,
	price numeric,
	total integer,
	available integer,
	rows evently.seat_run[]
);
COMMENT ON TYPE evently.section_map IS 'A section of a compact seat map, its seats in natural order.';

CREATE TYPE evently.seat_map AS (
	event_id uuid,
	currency text,
	total integer,
	available integer,
	seats evently.seat_detail[],
	sections evently.section_map[]
);
COMMENT ON TYPE evently.seat_map IS
	'All seats of an event in natural order: one by one (seats; sections is null), or in the compact form by section and row (sections; seats is null).';

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
	ttl_seconds integer,
	ticket_type_id uuid,
	ticket_type text
);
COMMENT ON TYPE evently.hold_detail IS
	'Seats or tickets put aside until expires_at. seat_ids (labels) are set where there are seats, also for a hold by quantity of them; section_id where there are none. status: active, confirmed, released, expired. ttl_seconds: what is left of it, 0 when it is over. ticket_type: the name of the ticket type, null where the event has none.';

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
	price numeric,
	status text
);
COMMENT ON TYPE evently.ticket_detail IS
	'One admission of a booking. seat_id is the seat''s label, null for general admission. status: valid, cancelled.';

CREATE TYPE evently.payment_summary AS (
	payment_id uuid,
	status text,
	amount numeric,
	refunded numeric,
	currency text,
	method text
);
COMMENT ON TYPE evently.payment_summary IS 'What was paid for a booking, as the booking shows it.';

CREATE TYPE evently.refund_detail AS (
	refund_id uuid,
	payment_id uuid,
	event_id uuid,
	cancellation_id uuid,
	amount numeric,
	currency text,
	status text,
	reason text,
	due_at timestamptz,
	created_at timestamptz,
	completed_at timestamptz,
	provider_ref text
);
COMMENT ON TYPE evently.refund_detail IS
	'Money to be given back, or given back, of a payment. status: due, completed. cancellation_id: of which cancellation; null for a payment that bought nothing.';

CREATE TYPE evently.payment_detail AS (
	payment_id uuid,
	event_id uuid,
	hold_id uuid,
	booking_id uuid,
	user_id uuid,
	amount numeric,
	refunded numeric,
	currency text,
	method text,
	provider text,
	provider_ref text,
	status text,
	refunds evently.refund_detail[],
	created_at timestamptz,
	resolved_at timestamptz
);
COMMENT ON TYPE evently.payment_detail IS
	'A payment and what was refunded of it. status: pending, paid, failed. booking_id: what it paid for; null until then, and where it came too late.';

CREATE TYPE evently.booking_payments AS (
	booking_id uuid,
	payments evently.payment_detail[]
);
COMMENT ON TYPE evently.booking_payments IS 'The payments of a booking and of the hold it was, oldest first.';

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
	payment evently.payment_summary,
	created_at timestamptz,
	version integer,
	ticket_type_id uuid,
	ticket_type text
);
COMMENT ON TYPE evently.booking_detail IS
	'A booking and its tickets. booking_ref is short enough to be read out at the door. status: confirmed, cancelled; pending while the provider has not answered: then there is no booking yet, only the hold. payment: null where money is settled elsewhere. ticket_type: the name of the ticket type, null where the event has none.';

CREATE TYPE evently.payment_completion AS (
	payment_id uuid,
	event_id uuid,
	status text,
	already boolean,
	booking_id uuid,
	refund_due numeric,
	reason text,
	booking evently.booking_detail
);
COMMENT ON TYPE evently.payment_completion IS
	'What became of a payment. already: it was resolved so before. booking: what it paid for; refund_due and reason where it paid for nothing.';

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
	requested_at timestamptz,
	ticket_ids uuid[]
);
COMMENT ON TYPE evently.cancellation_detail IS
	'A cancelled booking, or some of its tickets: what was kept as fee and what is given back. status: completed.';

CREATE TYPE evently.cancellation_page AS (
	cancellations evently.cancellation_detail[],
	total bigint,
	page integer,
	"limit" integer,
	has_more boolean
);
COMMENT ON TYPE evently.cancellation_page IS 'One page of cancellations, as a REST list answers it.';

CREATE TYPE evently.cancellation_quote AS (
	booking_id uuid,
	event_id uuid,
	ticket_ids uuid[],
	fee numeric,
	refund_amount numeric,
	currency text,
	policy_version integer,
	refund_processing_days integer,
	quoted_at timestamptz
);
COMMENT ON TYPE evently.cancellation_quote IS
	'What cancelling these tickets at quoted_at would cost and give back. policy_version: the terms, null for none.';

CREATE TYPE evently.policy_detail AS (
	event_id uuid,
	allow_cancellation boolean,
	cancellation_deadline timestamptz,
	fee_type text,
	fee_amount numeric,
	tiers jsonb,
	refund_processing_days integer,
	currency text,
	version integer,
	created_at timestamptz
);
COMMENT ON TYPE evently.policy_detail IS
	'Terms of cancellation. fee_type: none, fixed (fee_amount in the event''s currency, per booking), percentage (fee_amount of the price). tiers: [{"hours_before", "fee_type", "fee_amount"}].';

CREATE TYPE evently.waitlist_offer AS (
	hold_id uuid,
	expires_at timestamptz,
	seat_ids text[],
	total_price numeric,
	currency text
);
COMMENT ON TYPE evently.waitlist_offer IS 'What a waitlist entry is offered: a hold, to be confirmed before expires_at.';

CREATE TYPE evently.waitlist_entry_detail AS (
	entry_id uuid,
	event_id uuid,
	user_id uuid,
	section_id uuid,
	quantity integer,
	mode text,
	status text,
	position integer,
	estimated_wait_seconds integer,
	joined_at timestamptz,
	notified_at timestamptz,
	ended_at timestamptz,
	preferences jsonb,
	offer evently.waitlist_offer,
	booking_id uuid
);
COMMENT ON TYPE evently.waitlist_entry_detail IS
	'A place in the queue of an event. status: active (waits), notified (has an offer), converted (booked), expired (missed the offer, or can never be served), cancelled (left, declined, or the waitlist was closed). position: 1 is the next of those who wait for the same places, null unless active. estimated_wait_seconds: null unless active, and as long as fewer than 5 have been served. offer: null unless notified.';

CREATE TYPE evently.waitlist_page AS (
	entries evently.waitlist_entry_detail[],
	total bigint,
	page integer,
	"limit" integer,
	has_more boolean
);
COMMENT ON TYPE evently.waitlist_page IS 'One page of waitlist entries, as a REST list answers it.';

CREATE TYPE evently.waitlist_stats AS (
	event_id uuid,
	waiting integer,
	waiting_tickets integer,
	notified integer,
	converted integer,
	expired integer,
	cancelled integer,
	total integer,
	longest_wait_seconds integer,
	median_wait_seconds integer,
	available_seats integer
);
COMMENT ON TYPE evently.waitlist_stats IS
	'The waitlist of an event in figures. waiting, notified, converted, expired, cancelled: entries by their status now. longest_wait_seconds: of those who wait now; median_wait_seconds: of the last 20 that were served, null below 5.';

CREATE TYPE evently.waitlist_notice AS (
	event_id uuid,
	notified_count integer,
	tickets_offered integer,
	waiting integer,
	entries evently.waitlist_entry_detail[]
);
COMMENT ON TYPE evently.waitlist_notice IS 'Who was served by a call, in order, and how many still wait.';

CREATE TYPE evently.waitlist_explanation AS (
	entry_id uuid,
	event_id uuid,
	status text,
	position integer,
	quantity integer,
	available_seats integer,
	entries_ahead integer,
	tickets_ahead integer,
	explanation text
);
COMMENT ON TYPE evently.waitlist_explanation IS
	'Why an entry waits, or how it ended. available_seats: free now in one section that could serve it, the largest. entries_ahead, tickets_ahead: those served before it.';
