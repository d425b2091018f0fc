SELECT booking_id FROM evently.book(:event, gen_random_uuid(), quantity => 1);
