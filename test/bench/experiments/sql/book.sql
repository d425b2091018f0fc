SELECT (evently.book(:event, gen_random_uuid(), quantity => 1, idempotency_key => gen_random_uuid()::text)).booking_id;
