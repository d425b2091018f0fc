-- Two seats at random, another pair each time: see peer.pair.
\set pair :n * :clients + :client_id
\set n :n + 1
SELECT h.event_id AS event, h.hold_id AS hold, h.user_id AS buyer
FROM peer.pair p, evently.hold_seats((:houses::uuid[])[1 + :pair / 25000], gen_random_uuid(), p.labels) h
WHERE p.pair = mod(:pair, 25000) \gset
SELECT (evently.confirm_hold(:event, :hold, :buyer)).booking_id;
