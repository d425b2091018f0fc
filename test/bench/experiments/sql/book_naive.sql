SELECT peer.book(:event, gen_random_uuid(), 1, gen_random_uuid()::text);
