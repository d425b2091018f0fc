SELECT (evently.book(:event, gen_random_uuid(), quantity => 1)).booking_id;
