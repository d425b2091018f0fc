-- What one would write instead: PL/pgSQL that locks one row and writes the same rows.

CREATE SCHEMA naive;

CREATE TABLE naive.event (event_id uuid PRIMARY KEY, available integer NOT NULL, price numeric NOT NULL);
CREATE TABLE naive.booking (
	booking_id uuid PRIMARY KEY,
	event_id uuid NOT NULL,
	user_id uuid NOT NULL,
	quantity integer NOT NULL,
	total_price numeric NOT NULL,
	created_at timestamptz NOT NULL
);
CREATE INDEX ON naive.booking (user_id, created_at);
CREATE TABLE naive.ticket (ticket_id uuid PRIMARY KEY, booking_id uuid NOT NULL, price numeric NOT NULL);
CREATE INDEX ON naive.ticket (booking_id);
CREATE FUNCTION naive.book(event uuid, buyer uuid, n integer) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	e naive.event;
	id uuid := gen_random_uuid();
BEGIN
	SELECT * INTO e FROM naive.event WHERE event_id = book.event FOR UPDATE;
	IF e.available < n THEN
		RAISE EXCEPTION 'sold out';
	END IF;
	UPDATE naive.event SET available = available - n WHERE event_id = book.event;
	INSERT INTO naive.booking VALUES (id, event, buyer, n, e.price * n, clock_timestamp());
	INSERT INTO naive.ticket SELECT gen_random_uuid(), id, e.price FROM generate_series(1, n);
	RETURN id;
END
$$;

INSERT INTO naive.event VALUES ('00000000-0000-0000-0000-000000000001', 1000000000, 50);
