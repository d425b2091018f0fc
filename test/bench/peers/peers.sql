-- What one would write instead, in a schema of its own: tables of the same columns, indexes and checks as Evently's, and
-- PL/pgSQL that locks what it changes with SELECT ... FOR UPDATE.

CREATE SCHEMA peer;

CREATE TABLE peer.event (event_id uuid PRIMARY KEY, available integer NOT NULL, price numeric NOT NULL) WITH (fillfactor = 10);
CREATE TABLE peer.booking (LIKE evently.booking INCLUDING ALL);
CREATE TABLE peer.ticket (LIKE evently.ticket INCLUDING ALL);
CREATE TABLE peer.hold (LIKE evently.hold INCLUDING ALL) WITH (fillfactor = 80);
CREATE TABLE peer.seat (LIKE evently.event_seat INCLUDING ALL) WITH (fillfactor = 70);
CREATE TABLE peer.outbox (LIKE evently.outbox INCLUDING ALL);
CREATE TABLE peer.idempotency (LIKE evently.idempotency INCLUDING ALL);

-- Beside what it tells of, in the same transaction; the answer to its caller.
CREATE FUNCTION peer.tell(kind text, type text, of_event uuid, id uuid, buyer uuid, answer json) RETURNS json
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO peer.outbox (id, aggregatetype, aggregateid, type, payload, event_id, user_id, xid, notice, occurred_at)
	VALUES (gen_random_uuid(), kind, id, type, answer, of_event, buyer, pg_current_xact_id(), true, clock_timestamp());
	RETURN answer;
END
$$;

CREATE FUNCTION peer.book(of_event uuid, buyer uuid, n integer, key text) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	e peer.event;
	b peer.booking;
BEGIN
	SELECT * INTO e FROM peer.event WHERE event_id = of_event FOR UPDATE;
	IF e.available < n THEN
		RAISE EXCEPTION 'sold out';
	END IF;
	UPDATE peer.event SET available = available - n WHERE event_id = of_event;
	INSERT INTO peer.booking (event_id, booking_id, user_id, quantity, total_price, currency, created_at)
	VALUES (of_event, gen_random_uuid(), buyer, n, e.price * n, 'USD', clock_timestamp()) RETURNING * INTO b;
	INSERT INTO peer.ticket (event_id, booking_id, ticket_id, section_id, price)
	SELECT of_event, b.booking_id, gen_random_uuid(), of_event, e.price FROM generate_series(1, n);
	INSERT INTO peer.idempotency (scope_id, user_id, operation, key, request_hash, response, created_at)
	VALUES (of_event, buyer, 'book', key, sha256(convert_to(n::text, 'UTF8')),
		peer.tell('BOOKING', 'BOOKING_CONFIRMED', of_event, b.booking_id, buyer, row_to_json(b)), b.created_at);
	RETURN b.booking_id;
END
$$;

CREATE FUNCTION peer.hold_seats(of_event uuid, buyer uuid, labels text[]) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	h peer.hold;
	id uuid := gen_random_uuid();
	until timestamptz := clock_timestamp() + interval '10 minutes';
	free integer[];
BEGIN
	SELECT array_agg(s.ordinal) INTO free FROM (
		SELECT ordinal, booking_id, held_until FROM peer.seat
		WHERE event_id = of_event AND label = ANY (labels) ORDER BY ordinal FOR UPDATE) s
	WHERE s.booking_id IS NULL AND (s.held_until IS NULL OR s.held_until <= clock_timestamp());
	IF cardinality(free) IS DISTINCT FROM cardinality(labels) THEN
		RAISE EXCEPTION 'seats unavailable';
	END IF;
	UPDATE peer.seat SET hold_id = id, held_until = until WHERE event_id = of_event AND ordinal = ANY (free);
	INSERT INTO peer.hold (event_id, hold_id, user_id, ordinals, quantity, prices, total_price, currency, created_at, expires_at)
	VALUES (of_event, id, buyer, free, cardinality(free), array_fill(50.00, ARRAY[cardinality(free)]), 50.00 * cardinality(free), 'USD',
		clock_timestamp(), until)
	RETURNING * INTO h;
	PERFORM peer.tell('HOLD', 'HOLD_CREATED', of_event, id, buyer, row_to_json(h));
	RETURN id;
END
$$;

CREATE FUNCTION peer.confirm_hold(of_event uuid, of_hold uuid, buyer uuid) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	h peer.hold;
	b peer.booking;
	n integer;
BEGIN
	SELECT * INTO h FROM peer.hold WHERE event_id = of_event AND hold_id = of_hold FOR UPDATE;
	IF h.user_id IS DISTINCT FROM buyer OR h.status <> 'active' OR h.expires_at <= clock_timestamp() THEN
		RAISE EXCEPTION 'no such hold';
	END IF;
	INSERT INTO peer.booking (event_id, booking_id, user_id, hold_id, quantity, total_price, currency, created_at)
	VALUES (of_event, gen_random_uuid(), buyer, of_hold, h.quantity, h.total_price, h.currency, clock_timestamp()) RETURNING * INTO b;
	WITH sold AS (
		UPDATE peer.seat s SET booking_id = b.booking_id, hold_id = NULL, held_until = NULL
		WHERE s.event_id = of_event AND s.ordinal = ANY (h.ordinals) AND s.hold_id = of_hold
		RETURNING s.section_id, s.ordinal, s.label)
	INSERT INTO peer.ticket (event_id, booking_id, ticket_id, section_id, seat_ordinal, seat_label, price)
	SELECT of_event, b.booking_id, gen_random_uuid(), s.section_id, s.ordinal, s.label, 50.00 FROM sold s;
	GET DIAGNOSTICS n = ROW_COUNT;
	IF n <> h.quantity THEN
		RAISE EXCEPTION 'no such hold';
	END IF;
	UPDATE peer.hold SET status = 'confirmed' WHERE event_id = of_event AND hold_id = of_hold;
	PERFORM peer.tell('BOOKING', 'BOOKING_CONFIRMED', of_event, b.booking_id, buyer, row_to_json(b));
	RETURN b.booking_id;
END
$$;

-- In the houses of the bench, all alike: 50,000 seats in an order by chance, two by two, so that nobody asks for a seat twice.
CREATE TABLE peer.pair (pair integer PRIMARY KEY, labels text[] NOT NULL);
CREATE FUNCTION peer.sell_by_chance(house uuid) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO peer.pair
	SELECT place / 2, array_agg(label ORDER BY place)
	FROM (SELECT label, row_number() OVER (ORDER BY md5(label)) - 1 AS place FROM evently.event_seat WHERE event_id = house) s
	GROUP BY 1;
	ANALYZE peer.pair;
$$;

-- How long a booking keeps its locks: from the clock that it reads after the last of them until its commit has let them go.
CREATE UNLOGGED TABLE peer.lock_held (session integer NOT NULL, locked timestamptz NOT NULL, free timestamptz NOT NULL);
CREATE PROCEDURE peer.book_timed(of_event uuid)
LANGUAGE plpgsql AS $$
DECLARE
	locked timestamptz;
	free timestamptz;
BEGIN
	locked := (evently.book(of_event, gen_random_uuid(), quantity => 1)).created_at;
	COMMIT;
	free := clock_timestamp();
	INSERT INTO peer.lock_held VALUES (pg_backend_pid(), locked, free);
END
$$;

-- Many calls in one session, for its memory: a booking, a look at it, its cancellation, a look at what is left.
CREATE PROCEDURE peer.use(of_event uuid, rounds integer)
LANGUAGE plpgsql AS $$
DECLARE
	buyer uuid;
	booking uuid;
BEGIN
	FOR i IN 1..rounds LOOP
		buyer := gen_random_uuid();
		booking := (evently.book(of_event, buyer, quantity => 1, idempotency_key => 'book')).booking_id;
		PERFORM evently.get_booking(of_event, booking, buyer);
		PERFORM evently.cancel_booking(of_event, booking, buyer);
		PERFORM evently.get_availability(of_event);
		COMMIT;
	END LOOP;
END
$$;
