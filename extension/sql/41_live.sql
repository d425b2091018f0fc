-- What changed since, for those who watch events live: seats, what is left, the state of the sale, places in the queue (live.c).

CREATE TYPE evently.live_change AS (
	event_id uuid,
	available_seats integer,
	total_capacity integer,
	status text,
	sale_status text,
	seats json,
	reload boolean
);
COMMENT ON TYPE evently.live_change IS
	'An event as it is now, and its seats that may have changed: {label: status}. reload: the seat map itself may be another one, read it again.';

CREATE TYPE evently.live_place AS (
	entry_id uuid,
	event_id uuid,
	quantity integer,
	status text,
	"position" integer,
	offer evently.waitlist_offer
);
COMMENT ON TYPE evently.live_place IS 'A place in the queue of an event, as waitlist_entry_detail has it.';

CREATE TYPE evently.live_answer AS (
	watcher bigint,
	signed_in boolean,
	place evently.live_place
);
COMMENT ON TYPE evently.live_answer IS
	'What one watcher is told. signed_in: his access token still counts; otherwise he is told nothing.';

CREATE TYPE evently.live_news AS (
	"position" text,
	changes evently.live_change[],
	places evently.live_answer[]
);
COMMENT ON TYPE evently.live_news IS
	'What is to be told: of each event that changed, and of each watcher whose place in a queue may be another one, in the order of their numbers. position: where to go on from.';

CREATE FUNCTION evently.live_position() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT pg_catalog.pg_current_snapshot()::text || '@' || (extract(epoch FROM statement_timestamp()) * 1000000)::bigint;
END;
COMMENT ON FUNCTION evently.live_position() IS
'Which transactions are visible to this statement, and its time: live_changes(after => this) returns what comes later. Writes nothing.';

CREATE FUNCTION evently.live_changes(event_ids uuid[], after text, watchers json DEFAULT NULL) RETURNS evently.live_news
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_live_changes';
COMMENT ON FUNCTION evently.live_changes(uuid[], text, json) IS
'What changed in these events after a position of live_position() or of an earlier call: each event that did, with the seats that were held, sold or freed meanwhile as they are now. Nothing is left out, however late it was committed; a seat may be named though it is as it was. Holds that ended in between count, tidied or not. watchers, [{"watcher", "event_id", "user_id", "token_version", "told"}] with a number of the caller''s own as watcher: the last place in the queue of each whose queue has moved, or, where told is false, in any case; one who never joined has none. token_version null: he is not asked for a token. Errors: VE001 VALIDATION_ERROR. Writes nothing.';

GRANT EXECUTE ON FUNCTION
	evently.live_position(),
	evently.live_changes(uuid[], text, json)
TO evently_api;
