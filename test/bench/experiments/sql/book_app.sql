-- What an application does that locks the event, from its side of the network: 5 round trips, and only the booking's own row.
BEGIN;
SELECT available FROM peer.event WHERE event_id = :event FOR UPDATE;
UPDATE peer.event SET available = available - 1 WHERE event_id = :event;
INSERT INTO peer.booking (event_id, booking_id, user_id, quantity, total_price, currency, created_at)
VALUES (:event, gen_random_uuid(), gen_random_uuid(), 1, 50.00, 'USD', clock_timestamp());
COMMIT;
