\set ECHO none
\i sql/include/setup.psql
SELECT plan(46);

-- The same requests one by one in one event and in sets in its twin: all that can be compared must be the same.
CREATE FUNCTION twins(name text, VARIADIC setup text[] DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	step text;
BEGIN
	FOR i IN 1..2 LOOP
		PERFORM evently.create_event(name || i, now() + interval '30 days', venue_id => test.venue('Hall'), base_price => 40);
		FOREACH step IN ARRAY setup LOOP
			EXECUTE replace('SELECT evently.' || step, '$', format('test.event(%L)', name || i));
		END LOOP;
	END LOOP;
END
$$;
CREATE TABLE asked (n integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, twins text, kind text, request jsonb,
	alone jsonb, alone_id uuid, together jsonb, together_id uuid);

CREATE FUNCTION pick(VARIADIC words text[]) RETURNS text LANGUAGE sql VOLATILE
AS 'SELECT words[1 + floor(random() * cardinality(words))]';
CREATE FUNCTION random_request(kind text, twins text) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
	SELECT jsonb_strip_nulls(CASE
		WHEN kind IN ('book', 'hold') THEN jsonb_build_object(
			'user_id', person(pick('ann', 'bob', 'cid', 'dan', 'eve', NULL)),
			'seat_ids', CASE WHEN random() < 0.5 THEN (SELECT jsonb_agg(pick('A-1', 'A-2', 'A-3', 'B-1', 'B-2', 'B-3', 'B-4', 'C-1', 'C-2', 'C-3', 'C-4', 'AA-1', 'AA-2', 'Z-9'))
				FROM generate_series(1, 1 + floor(random() * 2)::integer)) END,
			'quantity', CASE WHEN random() < 0.6 THEN floor(random() * 4) END,
			'section', CASE WHEN random() < 0.3 THEN pick('Stalls', 'Balcony', 'Floor', 'none') END,
			'ticket_type', CASE WHEN random() < 0.1 THEN pick('Adult', 'Child', 'Nobody') END,
			'access_code', CASE WHEN random() < 0.1 THEN pick('SESAME', 'WRONG') END)
			|| CASE kind WHEN 'book' THEN jsonb_build_object('payment', CASE WHEN random() < 0.3 THEN jsonb_build_object('token', pick('tok_ok', 'tok_declined', 'tok_timeout')) END) ELSE '{}' END
		WHEN kind = 'confirm' THEN jsonb_build_object('of', (SELECT a.n FROM asked a WHERE a.twins = $2 AND a.kind = 'hold' ORDER BY random() LIMIT 1),
			'user_id', CASE WHEN random() < 0.1 THEN person('eve') END,
			'payment', CASE WHEN random() < 0.3 THEN jsonb_build_object('token', pick('tok_ok', 'tok_declined', 'tok_timeout')) END)
		ELSE jsonb_build_object('of', (SELECT a.n FROM asked a WHERE a.twins = $2 AND a.kind IN ('book', 'confirm') ORDER BY random() LIMIT 1),
			'reason', CASE WHEN random() < 0.5 THEN 'Ill' END, 'user_id', CASE WHEN random() < 0.1 THEN person('eve') END)
		END || jsonb_build_object('idempotency_key', CASE WHEN random() < 0.4 THEN 'key ' || floor(random() * 12) END))
$$;
-- The request as one of the twins is asked it.
CREATE FUNCTION of_twin(request jsonb, event text, which text) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
	SELECT request - 'section' - 'of'
		|| CASE WHEN request ? 'section' THEN jsonb_build_object('section_id', coalesce(section(event, request->>'section'), '00000000-0000-4000-8000-000000000000')) ELSE '{}' END
		|| CASE WHEN request ? 'of' THEN (SELECT jsonb_build_object(CASE a.kind WHEN 'hold' THEN 'hold_id' ELSE 'booking_id' END,
			coalesce(CASE which WHEN 'alone' THEN a.alone_id ELSE a.together_id END, '00000000-0000-4000-8000-000000000000'))
			FROM asked a WHERE a.n = (of_twin.request->>'of')::integer) ELSE '{}' END
$$;
-- What no two calls have in common is left out: ids and times.
CREATE FUNCTION comparable(value jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE jsonb_typeof(value)
		WHEN 'object' THEN (SELECT jsonb_object_agg(key, comparable(v)) FROM jsonb_each(value) AS x (key, v)
			WHERE key !~ '(_id|_ids|_ref|_at|ttl_seconds)$' OR key = 'seat_ids' OR key = 'user_id')
		WHEN 'array' THEN (SELECT jsonb_agg(comparable(v) ORDER BY i) FROM jsonb_array_elements(value) WITH ORDINALITY AS x (v, i))
		ELSE value END;
END
$$;
CREATE FUNCTION ask(INOUT a asked) LANGUAGE plpgsql AS $$
DECLARE
	r jsonb := of_twin(a.request, a.twins || 1, 'alone');
	e uuid := event(a.twins || 1);
	answer jsonb;
	state text;
	detail text;
	hint text;
BEGIN
	CASE a.kind
		WHEN 'book' THEN SELECT to_jsonb(x), x.booking_id INTO answer, a.alone_id FROM jsonb_populate_record(NULL::evently.book_request, r) q,
			evently.book(e, q.user_id, q.seat_ids, q.quantity, q.section_id, q.ticket_type, q.access_code, q.payment, q.idempotency_key) x;
		WHEN 'hold' THEN SELECT to_jsonb(x), x.hold_id INTO answer, a.alone_id FROM jsonb_populate_record(NULL::evently.hold_request, r) q,
			evently.place_hold(e, q.user_id, q.seat_ids, q.quantity, q.section_id, q.ticket_type, q.access_code, q.idempotency_key) x;
		WHEN 'confirm' THEN SELECT to_jsonb(x), x.booking_id INTO answer, a.alone_id FROM jsonb_populate_record(NULL::evently.confirm_request, r) q,
			evently.confirm_hold(e, q.hold_id, q.user_id, q.payment, q.idempotency_key) x;
		WHEN 'cancel' THEN SELECT to_jsonb(x), x.booking_id INTO answer, a.alone_id FROM jsonb_populate_record(NULL::evently.cancel_request, r) q,
			evently.cancel_booking(e, q.booking_id, q.user_id, q.reason, q.ticket_ids, q.idempotency_key) x;
	END CASE;
	a.alone := jsonb_build_object('result', answer, 'replayed', evently.was_replayed());
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, answer = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	a.alone := jsonb_build_object('error', jsonb_build_object('sqlstate', state, 'message', SQLERRM, 'detail', answer, 'hint', nullif(hint, '')));
END
$$;
-- A set of random requests of one kind, one by one and together.
CREATE FUNCTION ask_set(twins text, kind text, size integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	first integer := (SELECT coalesce(max(n), 0) FROM asked);
	a asked;
	many jsonb;
BEGIN
	FOR i IN 1..size LOOP
		INSERT INTO asked (twins, kind, request) VALUES (ask_set.twins, ask_set.kind,
			CASE WHEN i > 1 AND random() < 0.2 THEN a.request ELSE random_request(ask_set.kind, ask_set.twins) END) RETURNING * INTO a;
		a := ask(a);
		UPDATE asked SET alone = a.alone, alone_id = a.alone_id WHERE n = a.n;
	END LOOP;
	EXECUTE format('SELECT jsonb_agg(to_jsonb(o) ORDER BY o.request) FROM evently.%s_many($1, ARRAY(
			SELECT jsonb_populate_record(NULL::evently.%1$s_request, test.of_twin(request, $2, ''together'')) FROM test.asked WHERE n > $3 ORDER BY n)) o', kind)
		INTO many USING event(twins || 2), twins || 2, first;
	UPDATE asked SET together = o, together_id = CASE WHEN asked.kind = 'hold' THEN (o->'result'->>'hold_id')::uuid ELSE (o->'result'->>'booking_id')::uuid END
	FROM jsonb_array_elements(many) o WHERE n = first + (o->>'request')::integer;
END
$$;
CREATE FUNCTION different(twins text) RETURNS TABLE (n integer, kind text, request jsonb, alone jsonb, together jsonb) LANGUAGE sql AS $$
	SELECT a.n, a.kind, a.request, d.alone, d.together FROM asked a, LATERAL (VALUES (
		jsonb_strip_nulls(comparable(jsonb_build_object('replayed', false) || a.alone)),
		jsonb_strip_nulls(comparable(a.together #- '{error,code}')) - 'request')) AS d (alone, together)
	WHERE a.twins = $1 AND d.alone IS DISTINCT FROM d.together
$$;
-- What is left and who has it, what was told and what is kept for retries.
CREATE FUNCTION state(event text) RETURNS TABLE (what text, detail text) LANGUAGE sql AS $$
	SELECT s.section, s.available_seats::text FROM evently.get_sections(test.event($1)) e, unnest(e.sections) s
	UNION ALL SELECT seat_id, status FROM evently.get_seat_map(test.event($1))
	UNION ALL SELECT 'quota ' || name, available::text FROM evently.list_quotas(test.event($1))
	UNION ALL SELECT 'code ' || code, available::text FROM evently.list_access_codes(test.event($1))
	UNION ALL SELECT row_number() OVER (ORDER BY id)::text, type || ' ' || coalesce(user_id::text, '') FROM evently.outbox WHERE event_id = test.event($1) AND aggregatetype <> 'EVENT'
	UNION ALL SELECT 'key ' || operation || key, count(*)::text FROM evently.idempotency WHERE scope_id = test.event($1) GROUP BY operation, key
$$;

SELECT setseed(0.25) \g /dev/null
SELECT twins('plain') \g /dev/null
SELECT twins('typed', $$create_ticket_type($, 'Adult')$$, $$create_ticket_type($, 'Child', price_multiplier => 0.5)$$,
	$$create_quota($, 'All', 16, ARRAY(SELECT type_id FROM evently.ticket_type t WHERE t.event_id = $))$$,
	$$create_access_code($, 'SESAME', max_uses => 5)$$) \g /dev/null
SELECT twins('limited', 'update_event($, max_tickets_per_user => 6)') \g /dev/null
SELECT twins('termed', $$create_cancellation_policy($, fee_type => 'percentage', fee_amount => 10)$$) \g /dev/null
SELECT twins('final', 'create_cancellation_policy($, allow_cancellation => false)') \g /dev/null
SELECT ask_set(twins, kind, size) FROM (SELECT twins, kind, size FROM unnest('{plain,typed,limited,termed,final}'::text[]) twins,
	(VALUES (1, 'hold', 12), (2, 'confirm', 8), (3, 'book', 20), (4, 'cancel', 10), (5, 'hold', 30), (6, 'confirm', 30), (7, 'cancel', 20),
		(8, 'book', 40), (9, 'book', 1)) AS x (i, kind, size) ORDER BY twins, i) s \g /dev/null
SELECT is_empty(format('SELECT * FROM different(%L)', twins), twins || ': every outcome is the single call''s'),
	results_eq(format('SELECT * FROM state(%L) ORDER BY 1, 2', twins || 2), format('SELECT * FROM state(%L) ORDER BY 1, 2', twins || 1),
		twins || ': and so is what they leave behind')
FROM unnest('{plain,typed,limited,termed,final}'::text[]) twins;
SELECT cmp_ok(count(*), '>=', 3::bigint, kind || ': ' || CASE WHEN refused THEN 'some refused' ELSE 'some served' END)
FROM (SELECT kind, together ? 'error' AND together->'error' <> 'null' AS refused FROM asked) a GROUP BY kind, refused ORDER BY kind, refused;
SELECT cmp_ok((SELECT count(*) FROM asked WHERE (together->>'replayed')::boolean), '>=', 3::bigint, 'some replayed');
SELECT all_is_well();

-- What an outcome is
SELECT results_eq($$SELECT request, (result).quantity, (error).code FROM evently.book_many(event('club'), ARRAY[
		ROW(person('ann'), NULL, 2, NULL, NULL, NULL, NULL, NULL)::evently.book_request,
		ROW(person('bob'), NULL, 19, NULL, NULL, NULL, NULL, NULL)::evently.book_request,
		ROW(person('cid'), NULL, 18, NULL, NULL, NULL, NULL, NULL)::evently.book_request])$$,
	$$VALUES (1, 2, NULL), (2, NULL, 'INSUFFICIENT_SEATS'), (3, 18, NULL)$$, 'in the order given: one who is refused leaves what he wanted to those behind him');
SELECT is((SELECT (e.sqlstate, e.code, e.message, e.detail->>'field', e.hint) FROM evently.book_many(event('show'), ARRAY[ROW(person('ann'), NULL, 0, NULL, NULL, NULL, NULL, NULL)::evently.book_request]) o, LATERAL (SELECT (o.error).*) e),
	ROW('VE001'::text, 'VALIDATION_ERROR'::text, 'quantity must be at least 1'::text, 'quantity'::text, NULL::text), 'a refusal has what the error would have had');
SELECT is((SELECT count(*) FROM evently.book_many(event('show'), '{}')), 0::bigint, 'no requests, no outcomes');

-- Keys used before
SELECT evently.create_event('cellar', now() + interval '32 days', total_capacity => 4, base_price => 10) \g /dev/null
SELECT evently.book(event('cellar'), person('eve'), quantity => 2, idempotency_key => 'eves') \g /dev/null
CREATE FUNCTION ask_cellar(name text, quantity integer) RETURNS evently.book_request LANGUAGE sql
AS $$SELECT ROW(person(name), NULL, quantity, NULL, NULL, NULL, NULL, name || 's')::evently.book_request$$;
SELECT results_eq($$SELECT request, (result).quantity, replayed FROM evently.book_many(event('cellar'),
		ARRAY[ask_cellar('ann', 1), ask_cellar('eve', 2), ask_cellar('bob', 1)])$$,
	$$VALUES (1, 1, false), (2, 2, true), (3, 1, false)$$, 'a key that was used before is answered as then, and takes nothing');
SELECT results_eq($$SELECT request, (result).quantity, (error).code, replayed FROM evently.book_many(event('cellar'),
		ARRAY[ask_cellar('dan', 1), ask_cellar('eve', 2), ask_cellar('bob', 2)])$$,
	$$VALUES (1, NULL, 'INSUFFICIENT_SEATS', false), (2, 2, NULL, true), (3, NULL, 'IDEMPOTENCY_KEY_REUSED', false)$$,
	'and so it is when the call itself would be refused by now');

-- Triggers of an administrator fire as they do for single calls; one that writes by a function of ours can't be told from the
-- set's own rows, and is refused
CREATE TABLE journal (what text);
CREATE FUNCTION journal() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO test.journal VALUES (TG_TABLE_NAME || ' ' || lower(TG_OP)); RETURN NEW; END$$;
GRANT ALL ON SCHEMA test TO PUBLIC;
GRANT ALL ON journal TO PUBLIC;
CREATE TRIGGER journal AFTER INSERT OR UPDATE ON evently.event_seat FOR EACH ROW EXECUTE FUNCTION journal();
CREATE TRIGGER journal AFTER INSERT OR UPDATE ON evently.hold FOR EACH ROW EXECUTE FUNCTION journal();
CREATE TRIGGER journal AFTER INSERT OR UPDATE ON evently.ticket FOR EACH ROW EXECUTE FUNCTION journal();
CREATE TRIGGER journal AFTER UPDATE ON evently.stock FOR EACH ROW EXECUTE FUNCTION journal();
SELECT results_eq($$WITH held AS MATERIALIZED (SELECT (result).hold_id FROM evently.hold_many(event('show'), ARRAY[
			ROW(person('ann'), '{A-1,A-2}', NULL, NULL, NULL, NULL, NULL), ROW(person('bob'), '{A-2,A-3}', NULL, NULL, NULL, NULL, NULL),
			ROW(person('cid'), '{A-3}', NULL, NULL, NULL, NULL, NULL)]::evently.hold_request[]))
		SELECT (c.result).seat_ids, (c.error).code FROM evently.confirm_many(event('show'), ARRAY(SELECT ROW(hold_id, NULL, NULL, NULL)::evently.confirm_request FROM held)) c$$,
	$$VALUES ('{A-1,A-2}'::text[], NULL), (NULL, 'VALIDATION_ERROR'), ('{A-3}', NULL)$$, 'a set goes on where tables have triggers');
SELECT results_eq($$SELECT what, count(*) FROM journal WHERE what <> 'stock update' GROUP BY what ORDER BY what$$,
	$$VALUES ('event_seat update', 6::bigint), ('hold insert', 2), ('hold update', 2), ('ticket insert', 3)$$, 'which fire for each row');
SELECT all_is_well();
CREATE FUNCTION buy() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM evently.book(NEW.event_id, NEW.user_id, quantity => 1); RETURN NEW; END$$;
CREATE TRIGGER buy AFTER INSERT ON evently.hold FOR EACH ROW EXECUTE FUNCTION buy();
SELECT throws_ok($$SELECT evently.hold_many(event('show'), array_fill(ROW(person('dan'), NULL, 1, NULL, NULL, NULL, NULL)::evently.hold_request, '{2}'))$$, 'VE000',
	NULL, 'a trigger that books');
SELECT lives_ok($$SELECT evently.hold_many(event('show'), array_fill(ROW(person('dan'), NULL, 1, NULL, NULL, NULL, NULL)::evently.hold_request, '{1}'))$$,
	'may do so in single calls, and in sets of one');
DROP TRIGGER buy ON evently.hold;
SELECT all_is_well();

-- Errors of the call
SELECT throws_ok(format('SELECT evently.%s_many(NULL, ''{}'')', kind), 'VE001', 'event_id is required', kind || '_many: which event?'),
	throws_ok(format('SELECT evently.%s_many(%L, NULL)', kind, event('show')), 'VE001', 'requests is required', 'which requests?'),
	throws_ok(format('SELECT evently.%s_many(%L, ARRAY[NULL]::evently.%1$s_request[])', kind, event('show')), 'VE001', 'requests must not contain null', 'a null is none')
FROM unnest('{book,hold,confirm,cancel}'::text[]) kind;
SELECT throws_ok($$SELECT evently.book_many(event('show'), array_fill(ROW(person('ann'), NULL, 1, NULL, NULL, NULL, NULL, NULL)::evently.book_request, '{129}'))$$,
	'VE001', 'at most 128 requests', 'how many at once is bounded');
SELECT is((SELECT array_agg(DISTINCT (error).code) FROM evently.book_many(person('nowhere'), array_fill(ROW(person('ann'), NULL, 1, NULL, NULL, NULL, NULL, NULL)::evently.book_request, '{2}'))),
	'{EVENT_NOT_FOUND}', 'an unknown event is each one''s refusal');
SELECT all_is_well();
SELECT * FROM finish();
ROLLBACK;
