-- The rows of a booking (booking, ticket, outbox, key) with nothing decided: a commit cannot cost less.
WITH new AS MATERIALIZED (
	SELECT gen_random_uuid() AS id, gen_random_uuid() AS user_id, clock_timestamp() AS now
), booking AS (
	INSERT INTO peer.booking (event_id, booking_id, user_id, quantity, total_price, currency, created_at)
	SELECT :event, id, user_id, 1, 50.00, 'USD', now FROM new
), ticket AS (
	INSERT INTO peer.ticket (event_id, booking_id, ticket_id, section_id, price)
	SELECT :event, id, gen_random_uuid(), :event, 50.00 FROM new
), outbox AS (
	INSERT INTO peer.outbox (id, aggregatetype, aggregateid, type, payload, event_id, user_id, xid, notice, occurred_at)
	SELECT gen_random_uuid(), 'BOOKING', id, 'BOOKING_CONFIRMED', :answer, :event, user_id, pg_current_xact_id(), true, now FROM new
)
INSERT INTO peer.idempotency (scope_id, user_id, operation, key, request_hash, response, created_at)
SELECT :event, user_id, 'book', gen_random_uuid()::text, '\x6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b', :answer, now
FROM new;
