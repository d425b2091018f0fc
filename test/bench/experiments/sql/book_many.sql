-- A set of bookings, all of which must succeed.
SELECT 1 / (count(*) FILTER (WHERE o.error IS NULL) = :size)::integer
FROM evently.book_many(:event, ARRAY(
	SELECT ROW(gen_random_uuid(), NULL, 1, NULL, NULL, NULL, NULL, gen_random_uuid()::text)::evently.book_request
	FROM generate_series(1, :size))) o;
