-- Two seats at random, another pair each time: see peer.pair.
\set pair :n * :clients + :client_id
\set n :n + 1
SELECT h.hold_id FROM peer.pair p, evently.hold_seats((:houses::uuid[])[1 + :pair / 25000], gen_random_uuid(), p.labels) h
WHERE p.pair = mod(:pair, 25000);
