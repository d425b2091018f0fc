-- The outbox (outbox.c).

CREATE FUNCTION evently.outbox_add(event_id uuid, aggregatetype text, aggregateid uuid, type text, user_id uuid, payload json)
RETURNS void
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_outbox_add';
COMMENT ON FUNCTION evently.outbox_add(uuid, text, uuid, text, uuid, json) IS
'Tells what happened to a thing (aggregatetype, aggregateid, event_id if it belongs to one); user_id: whom it is about. For functions of the extension. Writes outbox.';
