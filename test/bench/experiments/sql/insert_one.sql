INSERT INTO peer.booking (event_id, booking_id, user_id, quantity, total_price, currency, created_at)
VALUES (:event, gen_random_uuid(), gen_random_uuid(), 1, 50.00, 'USD', clock_timestamp());
