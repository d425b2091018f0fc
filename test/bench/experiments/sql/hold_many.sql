-- The next pairs of the house (see peer.pair), held as a set, all of which must succeed.
\set first (:n * :clients + :client_id) * :size
\set end :first + :size
\set n :n + 1
SELECT 1 / (count(*) FILTER (WHERE o.error IS NULL) = :size)::integer
FROM evently.hold_many(:event, ARRAY(
	SELECT ROW(gen_random_uuid(), labels, NULL, NULL, NULL, NULL, NULL)::evently.hold_request
	FROM peer.pair WHERE pair >= :first AND pair < :end)) o;
