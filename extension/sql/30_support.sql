-- What every domain uses: ids, rendering, arguments of lists.

CREATE FUNCTION evently.new_id(event_id uuid) RETURNS uuid
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'evently_new_id';
COMMENT ON FUNCTION evently.new_id(uuid) IS
'A new id, UUID version 7. With an event, rand_a carries its 12-bit hash.';

CREATE FUNCTION evently.render(composite record) RETURNS json
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'evently_render';
COMMENT ON FUNCTION evently.render(record) IS
'A row as compact JSON: times in UTC with Z, money as exact numbers. Example: SELECT evently.render(e) FROM evently.get_event(id) e';
GRANT EXECUTE ON FUNCTION evently.render(record) TO evently_api;

CREATE FUNCTION evently.round_money(amount numeric, currency text) RETURNS numeric
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'evently_round_money';
COMMENT ON FUNCTION evently.round_money(numeric, text) IS
'The amount in the currency''s minor unit (ISO 4217), rounded half away from zero.';
GRANT EXECUTE ON FUNCTION evently.round_money(numeric, text) TO evently_api;

CREATE FUNCTION evently.lock_event(event_id uuid) RETURNS void
LANGUAGE c VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_lock_event';
COMMENT ON FUNCTION evently.lock_event(uuid) IS
'Locks the event for this transaction. Call it first where one transaction makes several booking calls on one event; others wait until the commit. Errors: 55P03 after the lock timeout. Writes nothing.';
GRANT EXECUTE ON FUNCTION evently.lock_event(uuid) TO evently_api;

CREATE FUNCTION evently.was_replayed() RETURNS boolean
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'evently_was_replayed';
COMMENT ON FUNCTION evently.was_replayed() IS
'Whether this session''s last call with an idempotency key was answered from the store.';
GRANT EXECUTE ON FUNCTION evently.was_replayed() TO evently_api;

CREATE FUNCTION evently.answer_mark() RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'evently_answer_mark';
COMMENT ON FUNCTION evently.answer_mark() IS
'The mark of what this session''s last get_event(), list_events_page(), search_events(), get_seat_map_page() or get_event_layout() answered, for answer_stands(). Null where it was asked for a date, which may be another tomorrow, in a transaction that has written, and in isolation level REPEATABLE READ or above. Example: SELECT p, evently.answer_mark() FROM evently.list_events_page() p';
GRANT EXECUTE ON FUNCTION evently.answer_mark() TO evently_api;

CREATE FUNCTION evently.answer_stands(mark text) RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'evently_answer_stands';
COMMENT ON FUNCTION evently.answer_stands(text) IS
'Whether the call whose answer_mark() it is would answer the same now: no transaction of the server that wrote has ended since, and nothing that was said is over by the clock. Only for marks of this session, which has the same settings still. False for null and anything else.';
GRANT EXECUTE ON FUNCTION evently.answer_stands(text) TO evently_api;

CREATE FUNCTION evently.page_limit(page integer, "limit" integer, "offset" integer) RETURNS integer
LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'evently_page_limit';
COMMENT ON FUNCTION evently.page_limit(integer, integer, integer) IS 'Rows of a page: 20 by default, 100 at most. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.page_number(page integer, "limit" integer, "offset" integer) RETURNS integer
LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'evently_page_number';
COMMENT ON FUNCTION evently.page_number(integer, integer, integer) IS 'The page asked for, from 1. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.page_offset(page integer, "limit" integer, "offset" integer) RETURNS bigint
LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'evently_page_offset';
COMMENT ON FUNCTION evently.page_offset(integer, integer, integer) IS 'Rows before the page. Errors: VE001 VALIDATION_ERROR.';

CREATE FUNCTION evently.require_count(value bigint, name text) RETURNS bigint
LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'evently_require_count';
COMMENT ON FUNCTION evently.require_count(bigint, text) IS
'The value if it is not negative, null if it is null. Errors: VE001 VALIDATION_ERROR naming the argument.';

CREATE FUNCTION evently.require_word(value text, name text, words text) RETURNS text
LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'evently_require_word';
COMMENT ON FUNCTION evently.require_word(text, text, text) IS
'The value in lower case if it is one of the words (comma separated), null if it is null. Errors: VE001 VALIDATION_ERROR naming the argument.';
