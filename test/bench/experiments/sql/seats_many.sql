-- The next pairs of the house (see peer.pair): held as a set, then confirmed as a set, all of which must succeed.
\set first (:n * :clients + :client_id) * :size
\set end :first + :size
\set n :n + 1
SELECT array_agg((o.result).hold_id) AS holds, array_agg((o.result).user_id) AS buyers
FROM evently.hold_many(:event, ARRAY(
	SELECT ROW(gen_random_uuid(), labels, NULL, NULL, NULL, NULL, NULL)::evently.hold_request
	FROM peer.pair WHERE pair >= :first AND pair < :end)) o \gset
SELECT 1 / (count(*) FILTER (WHERE o.error IS NULL) = :size)::integer
FROM evently.confirm_many(:event, ARRAY(
	SELECT ROW(hold, buyer, NULL, NULL)::evently.confirm_request
	FROM unnest(:holds::uuid[], :buyers::uuid[]) AS held (hold, buyer))) o;
