-- The same with the peer's functions.
\set pair :n * :clients + :client_id
\set n :n + 1
SELECT p.event, p.buyer, peer.hold_seats(p.event, p.buyer, p.labels) AS hold FROM (
	SELECT (:houses::uuid[])[1 + :pair / 25000] AS event, gen_random_uuid() AS buyer, labels
	FROM peer.pair WHERE pair = mod(:pair, 25000) OFFSET 0) p \gset
SELECT peer.confirm_hold(:event, :hold, :buyer);
