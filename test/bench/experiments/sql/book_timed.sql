-- created_at is the clock after the last lock; the next statement begins when the commit is answered, so that the time between
-- them holds all the time that the locks were held, and some more.
SELECT b.created_at::text AS locked FROM evently.book(:event, gen_random_uuid(), quantity => 1) b \gset
INSERT INTO peer.lock_held VALUES (statement_timestamp() - :locked);
