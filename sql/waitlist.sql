\set ECHO none
\i sql/include/setup.psql
SELECT plan(132);

CREATE FUNCTION entry(event text, person text) RETURNS evently.waitlist_entry_detail LANGUAGE sql VOLATILE
AS 'SELECT evently.get_waitlist_status(test.event($1), test.person($2))';
-- All who joined, in their order: name:party:status, and the position of those who wait.
CREATE FUNCTION queue(event text) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT string_agg(concat_ws(':', p.name, e.quantity, e.status, e.position), ' ' ORDER BY e.joined_at, e.entry_id)
	FROM evently.list_waitlist_entries(test.event($1), "limit" => 100) l, unnest(l.entries) e
	LEFT JOIN unnest('{ann,bob,cid,dan,eve,fay,gus,hal,ivy,jim,kim,lea}'::text[]) AS p (name) ON test.person(p.name) = e.user_id
$$;
CREATE FUNCTION sell(event text, person text, quantity integer DEFAULT 1) RETURNS uuid LANGUAGE sql
AS 'SELECT (evently.book(test.event($1), test.person($2), quantity => $3)).booking_id';
CREATE FUNCTION give_back(event text, person text) RETURNS text LANGUAGE sql
AS 'SELECT (evently.cancel_booking(test.event($1), test.booking($2))).status';
CREATE FUNCTION wait(event text, person text, quantity integer DEFAULT 1, mode text DEFAULT NULL) RETURNS integer LANGUAGE sql
AS 'SELECT (evently.join_waitlist(test.event($1), test.person($2), $3, mode => $4)).position';
-- An event that is sold out: one booking of each size, by x1, x2, x3...
CREATE FUNCTION sold_out(event text, sizes integer[], price numeric DEFAULT 25) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM evently.create_event(sold_out.event, now() + interval '30 days', total_capacity => (SELECT sum(s)::integer FROM unnest(sizes) s),
		base_price => price, max_tickets_per_booking => 1000);
	FOR i IN 1 .. cardinality(sizes) LOOP
		PERFORM sell(sold_out.event, 'x' || i, sizes[i]);
	END LOOP;
END
$$;

-- The order, by itself: sections from 1, 0 for any; the answer is the section that serves, 0 waits, -1 never fits
SELECT is(evently.waitlist_order(sections, quantities, available, capacities, skip), served, what)
FROM (VALUES
	('{0,0,0}'::integer[], '{1,1,1}'::integer[], '{2}'::integer[], '{9}'::integer[], false, '{1,1,0}'::integer[], 'first come, first served'),
	('{0,0,0}', '{2,2,1}', '{3}', '{9}', false, '{1,0,0}', 'H30: a party that does not fit keeps the rest from those behind it'),
	('{0,0,0}', '{2,2,1}', '{3}', '{9}', true, '{1,0,1}', 'unless smaller ones may pass'),
	('{0,0}', '{3,1}', '{2}', '{9}', false, '{0,0}', 'H38: the head needs 3, two are free: nobody is served'),
	('{0,0,0}', '{9,10,1}', '{9}', '{9}', false, '{1,-1,0}', 'a party that can never fit'),
	('{0,0}', '{10,1}', '{9}', '{9}', false, '{-1,1}', 'keeps nobody'),
	('{1,2,1,2}', '{1,1,1,1}', '{1,2}', '{9,9}', false, '{1,2,0,2}', 'each section has its own queue'),
	('{1,0}', '{2,1}', '{1,1}', '{9,9}', false, '{0,2}', 'who takes any passes the queue of a section that is kept, for another one'),
	('{0,1,2}', '{3,1,1}', '{2,2}', '{9,9}', false, '{0,0,0}', 'who waits for any keeps all'),
	('{0,1}', '{2,2}', '{2,2}', '{9,9}', false, '{1,0}', 'any is the first section that has enough'),
	('{0,0}', '{2,2}', '{1,4}', '{9,9}', false, '{2,2}', 'a party is served from one section'),
	('{0,2}', '{5,5}', '{0,0}', '{3,9}', false, '{0,0}', 'never is said only where no section is large enough'),
	('{0,1}', '{5,1}', '{1,4}', '{3,9}', false, '{0,1}', 'nor is what is too small for him kept'),
	('{}', '{}', '{5}', '{5}', false, '{}', 'nobody waits')
) o (sections, quantities, available, capacities, skip, served, what);

-- Joining (S3-WAIT-1, S3-WAIT-6)
SELECT evently.create_event('gig', now() + interval '30 days', total_capacity => 6, base_price => 25, created_by => person('boss')) \g /dev/null
SELECT is(r.sqlstate || ' ' || (r.detail::jsonb ->> 'available'), 'VE302 6', 'H40: what can be booked is not waited for')
FROM refusal($$SELECT wait('gig', 'ann')$$) r;
SELECT sell('gig', 'x', 3), sell('gig', 'y', 2), sell('gig', 'z', 1) \g /dev/null
SELECT throws_ok($$SELECT evently.get_waitlist_status(event('gig'), person('ann'))$$, 'VE305', NULL, 'who never joined has no entry');
SELECT results_eq(
	$$SELECT quantity, mode, status, position, estimated_wait_seconds, preferences, offer IS NULL, booking_id IS NULL, notified_at IS NULL
	FROM evently.join_waitlist(event('gig'), person('ann'), 2, preferences => '{"aisle": true}')$$,
	$$VALUES (2, 'offer', 'active', 1, NULL::integer, '{"aisle": true}'::jsonb, true, true, true)$$, 'S3-WAIT-1, S3-WAIT-6, S1-WAIT-1: ann waits, the first');
SELECT is(ARRAY[wait('gig', 'bob', 2), wait('gig', 'cid')], '{2,3}', 'S3-WAIT-7, S3-WAIT-11: who joins is the last');
SELECT is(queue('gig'), 'ann:2:active:1 bob:2:active:2 cid:1:active:3', 'S3-WAIT-4: the queue, as its manager sees it');
SELECT is((entry('gig', 'cid')).position, 3, 'S3-WAIT-3, S3-WAIT-10: everybody knows his position');
SELECT is(r.sqlstate || ' ' || (r.detail::jsonb ->> 'entry_id'), 'VE303 ' || (entry('gig', 'bob')).entry_id, 'one live entry for each')
FROM refusal($$SELECT wait('gig', 'bob')$$) r;
SELECT throws_ok(format('SELECT evently.%s', call), sqlstate, NULL, why)
FROM (VALUES
	($$join_waitlist(event('gig'), person('dan'), 7)$$, 'VE304', 'H39: a party larger than the hall'),
	($$join_waitlist(event('gig'), person('dan'), 21)$$, 'VE110', 'or than one may book at once'),
	($$join_waitlist(person('x'), person('dan'))$$, 'VE401', 'H40: an unknown event'),
	($$join_waitlist(event('gig'), person('dan'), 0)$$, 'VE001', 'nobody'),
	($$join_waitlist(event('gig'), person('dan'), mode => 'now')$$, 'VE001', 'an unknown mode'),
	($$join_waitlist(event('gig'), person('dan'), section_id => person('x'))$$, 'VE105', 'an unknown section'),
	($$join_waitlist(NULL, person('dan'))$$, 'VE001', 'no event'),
	($$join_waitlist(event('gig'), NULL)$$, 'VE001', 'no user')
) c (call, sqlstate, why);
SELECT throws_ok($$SELECT sell('gig', 'new')$$, 'VE301', NULL, 'a newcomer does not pass them');

-- Handing over (S4-WAIT-1, S4-CANC-1, S3-CANC-8, S3-WAIT-12): three come back, parties of 2, 2 and 1 wait
SELECT is(give_back('gig', 'x'), 'completed', 'three tickets come back');
SELECT is(queue('gig'), 'ann:2:notified bob:2:active:1 cid:1:active:2', 'H30, S3-CANC-8, S4-CANC-1: the first party has an offer, one ticket is kept for the second');
SELECT results_eq($$SELECT e.status, (e.offer).total_price, (e.offer).currency, (e.offer).hold_id = hold('ann'), h.status, h.expires_at - made.created_at, h.quantity
	FROM entry('gig', 'ann') e, evently.get_hold(NULL, hold('ann'), person('ann')) h JOIN evently.hold made USING (hold_id)$$,
	$$VALUES ('notified', 50.00, 'USD', true, 'active', interval '900 s', 2)$$, 'an offer is a hold of evently.offer_ttl seconds');
SELECT is((SELECT array_agg(type ORDER BY id) FROM evently.outbox WHERE user_id = person('ann') AND event_id = event('gig')),
	'{WAITLIST_JOINED,HOLD_CREATED,WAITLIST_OFFERED}', 'H41, S3-NOTIF-1, S3-WAIT-12: the notice waits for a mailer');
SELECT throws_ok($$SELECT sell('gig', 'new')$$, 'VE301', NULL, 'H31, H38: a stranger does not get the ticket that is left');
SELECT throws_ok($$SELECT evently.extend_hold(event('gig'), hold('ann'), person('ann'))$$, 'VE108', NULL, 'an offer is not extended: others wait');
SELECT throws_ok($$SELECT evently.confirm_hold(event('gig'), hold('ann'), person('bob'))$$, 'VE002', NULL, 'and only its own');
SELECT is((SELECT b.quantity || ' ' || b.status || ' ' || (b.hold_id = hold('ann')) FROM evently.accept_offer(event('gig'), person('ann')) b),
	'2 confirmed true', 'H31: the offered user books');
SELECT is((evently.accept_offer(event('gig'), person('ann'))).booking_id, booking('ann'), 'a repeat gives the same booking');
SELECT is((SELECT e.status || ' ' || (e.booking_id = booking('ann')) || ' ' || (e.ended_at IS NOT NULL) FROM entry('gig', 'ann') e),
	'converted true true', 'his entry tells it');
SELECT throws_ok($$SELECT evently.decline_offer(event('gig'), person('ann'))$$, 'VE306', NULL, 'what is booked is not declined');
SELECT throws_ok($$SELECT evently.accept_offer(event('gig'), person('bob'))$$, 'VE306', NULL, 'who has no offer accepts none');
SELECT throws_ok($$SELECT evently.decline_offer(event('gig'), person('bob'))$$, 'VE306', NULL, 'and declines none');
SELECT is(give_back('gig', 'z'), 'completed', 'one ticket more');
SELECT is(queue('gig'), 'ann:2:converted bob:2:notified cid:1:active:1', 'and two make the offer that was waited for');
SELECT is((SELECT e.status || ' ' || (e.position IS NULL) FROM evently.decline_offer(event('gig'), person('bob')) e), 'cancelled true', 'bob declines');
SELECT is(queue('gig'), 'ann:2:converted bob:2:cancelled cid:1:notified', 'his offer is the next one''s at once');
SELECT is((evently.decline_offer(event('gig'), person('bob'))).status, 'cancelled', 'a repeat gives the same answer');
SELECT lives_ok($$SELECT sell('gig', 'new')$$, 'when nobody waits the rest is for all');
SELECT is(free('gig'), 0, 'all is taken');
SELECT is(wait('gig', 'bob', 1), 1, 'H33: who declined can join again');
SELECT is((evently.release_hold(event('gig'), hold('cid'), person('cid'))).status, 'released', 'an offer may be released as a hold');
SELECT is(queue('gig'), 'ann:2:converted bob:2:cancelled cid:1:cancelled bob:1:notified', 'which declines it');
SELECT all_is_well();

-- Missed offers (S3-WAIT-8, H32, H33)
SELECT wait('gig', 'dan'), wait('gig', 'eve') \g /dev/null
SELECT expire_holds_of('bob') \g /dev/null
SELECT is((SELECT e.status || ' ' || (e.ended_at = h.expires_at) || ' ' || (e.offer IS NULL) FROM entry('gig', 'bob') e, evently.hold h WHERE h.hold_id = hold('bob')),
	'expired true true', 'an offer that was not taken in time is over, tidied up or not');
SELECT throws_ok($$SELECT evently.accept_offer(event('gig'), person('bob'))$$, 'VE107', NULL, 'it cannot be accepted');
SELECT throws_ok($$SELECT sell('gig', 'new2')$$, 'VE301', NULL, 'what it held is for those who wait, not for strangers');
SELECT is(evently.expire_holds(event('gig')), 1, 'S3-WAIT-8: the worker ends it');
SELECT is((entry('gig', 'dan')).status, 'notified', 'H32: and passes it on');
SELECT expire_holds_of('dan') \g /dev/null
SELECT is(wait('gig', 'bob'), 1, 'H33: who missed it joins again, at the end');
SELECT is((entry('gig', 'eve')).status, 'notified', 'which passes on what was missed by others');
SELECT expire_holds_of('eve') \g /dev/null
SELECT is((evently.leave_waitlist(event('gig'), person('eve'))).status, 'expired', 'leaving what is over changes nothing');
SELECT is((entry('gig', 'bob')).status, 'notified', 'but passes it on');
SELECT is((evently.leave_waitlist(event('gig'), person('bob'))).status, 'cancelled', 'S3-WAIT-2: who leaves with an offer declines it');
SELECT is(free('gig'), 1, 'nobody is left: it is free');
SELECT throws_ok($$SELECT wait('gig', 'fay')$$, 'VE302', NULL, 'and need not be waited for');
SELECT throws_ok($$SELECT evently.leave_waitlist(event('gig'), person('fay'))$$, 'VE305', NULL, 'who never joined cannot leave');
SELECT all_is_well();

-- Leaving from the head serves those behind; the clock of an event that does not sell stands still
SELECT sold_out('fair', '{2,2,2,2}') \g /dev/null
SELECT wait('fair', 'ann', 3), wait('fair', 'bob', 2), wait('fair', 'cid', 1), give_back('fair', 'x1') \g /dev/null
SELECT is(queue('fair'), 'ann:3:active:1 bob:2:active:2 cid:1:active:3', 'H38: two are free, the head needs three');
SELECT matches((evently.explain_waitlist((entry('fair', 'bob')).entry_id)).explanation,
	'^Served after 1 that joined earlier .* 3 tickets in all; the next of them needs 3\. Needs 2 in one section; 2 are free', 'bob is told why he waits');
SELECT is((evently.leave_waitlist(event('fair'), person('ann'))).status, 'cancelled', 'the head leaves');
SELECT is(queue('fair'), 'ann:3:cancelled bob:2:notified cid:1:active:1', 'and those behind it are served');
SELECT evently.set_event_status(event('fair'), 'inactive'), give_back('fair', 'x2') \g /dev/null
SELECT is((entry('fair', 'cid')).status, 'active', 'nobody is served while the event does not sell');
SELECT evently.set_event_status(event('fair'), 'published') \g /dev/null
SELECT is((entry('fair', 'cid')).status, 'notified', 'but as soon as it does again');
SELECT is((SELECT array_agg(type ORDER BY id) FROM evently.outbox WHERE user_id = person('ann') AND event_id = event('fair')),
	'{WAITLIST_JOINED,WAITLIST_CANCELLED}', 'who left is told so');

-- More places (H22, S4-EVA-5), fewer places
SELECT sold_out('ball', '{4}') \g /dev/null
SELECT wait('ball', 'ann', 4), wait('ball', 'bob', 2), wait('ball', 'cid', 1) \g /dev/null
SELECT evently.update_event(event('ball'), total_capacity => 9) \g /dev/null
SELECT is(queue('ball'), 'ann:4:notified bob:2:active:1 cid:1:active:2', 'H22: an increase serves the waitlist first, in order');
SELECT evently.update_event(event('ball'), total_capacity => 11) \g /dev/null
SELECT is(queue('ball'), 'ann:4:notified bob:2:notified cid:1:notified', 'S4-EVA-5, S3-WAIT-9: all of it');
SELECT wait('ball', 'dan', 10), wait('ball', 'eve', 1) \g /dev/null
SELECT evently.leave_waitlist(event('ball'), person('bob')), evently.update_event(event('ball'), total_capacity => 9),
	evently.leave_waitlist(event('ball'), person('cid')) \g /dev/null
SELECT is(queue('ball'), 'ann:4:notified bob:2:cancelled cid:1:cancelled dan:10:expired eve:1:notified', 'a party that can never fit any more keeps nobody');
SELECT matches((evently.explain_waitlist((entry('ball', 'dan')).entry_id)).explanation, 'more than there will ever be', 'and is told so');
SELECT all_is_well();

-- Smaller parties may pass, where the administrator wants it
SELECT sold_out('pass', '{2,1}') \g /dev/null
SELECT wait('pass', 'ann', 3), wait('pass', 'bob', 1), wait('pass', 'cid', 1) \g /dev/null
SET evently.waitlist_skip_unfit = on;
SELECT give_back('pass', 'x2') \g /dev/null
SELECT is(queue('pass'), 'ann:3:active:1 bob:1:notified cid:1:active:2', 'evently.waitlist_skip_unfit: the first who fits');
SELECT give_back('pass', 'x1') \g /dev/null
SELECT is((SELECT evently.join_waitlist(event('pass'), person('dan')))::text IS NOT NULL AND queue('pass') ~ 'cid:1:notified dan:1:notified', true,
	'and who joins is served at once where he fits');
RESET evently.waitlist_skip_unfit;

-- Seats, and queues of sections
SELECT evently.hold_tickets(event('show'), person('x' || i), 4, section('show', s)) FROM (VALUES (1, 'Stalls'), (2, 'Stalls'), (3, 'Stalls'), (4, 'Balcony')) h (i, s) \g /dev/null
SELECT is((SELECT position FROM evently.join_waitlist(event('show'), person('ann'), 2, section('show', 'Stalls'))), 1, 'ann waits for the stalls');
SELECT is((SELECT position FROM evently.join_waitlist(event('show'), person('bob'), 1, section('show', 'Balcony'))), 1, 'bob for the balcony: positions are of those who wait for the same places');
SELECT is((SELECT position FROM evently.join_waitlist(event('show'), person('cid'), 1, section('show', 'Stalls'))), 2, 'cid behind ann');
SELECT lives_ok($$SELECT evently.hold_tickets(event('show'), person('y'), 20)$$, 'other sections sell on, also to who takes any');
SELECT throws_ok($$SELECT evently.hold_tickets(event('show'), person('y'), 1, section('show', 'Stalls'))$$, 'VE301', NULL, 'those that are waited for do not');
SELECT evently.release_hold(event('show'), hold('x2')) \g /dev/null
SELECT is((SELECT (e.offer).seat_ids FROM entry('show', 'ann') e), '{B-1,B-2}', 'an offer of seats names them');
SELECT is((SELECT (e.offer).seat_ids FROM entry('show', 'cid') e), '{B-3}', 'and the next ones are the next one''s');
SELECT is((entry('show', 'bob')).status, 'active', 'who waits for another section waits on');
SELECT throws_ok($$SELECT evently.hold_seats(event('show'), person('y'), '{B-1}')$$, 'VE101', NULL, 'H31: an offered seat is taken');
SELECT lives_ok($$SELECT evently.hold_seats(event('show'), person('y'), '{B-4}')$$, 'the one that nobody waits for is not');
SELECT is((SELECT seat_ids FROM evently.accept_offer(event('show'), person('ann'))), '{B-1,B-2}', 'ann books her seats');
SELECT evently.join_waitlist(event('show'), person('dan'), 4, section('show', 'Balcony')) \g /dev/null
SELECT expire_holds_of('x4') \g /dev/null
SELECT throws_ok($$SELECT evently.hold_seats(event('show'), person('y'), '{AA-1}')$$, 'VE301', NULL, 'a seat of an expired hold is for those who wait');
SELECT is((SELECT notified_count || ' ' || tickets_offered || ' ' || waiting || ' ' || (entries[1]).status FROM evently.notify_waitlist(event('show'), 1)),
	'1 1 1 notified', 'S3-WAIT-5: an administrator notifies the next in line');
SELECT all_is_well();

-- Mode auto
SELECT sold_out('free', '{1,1,1}', 0) \g /dev/null
SELECT wait('free', 'ann', 1, 'auto'), wait('free', 'bob', 1, 'AUTO'), wait('free', 'cid', 1), give_back('free', 'x1'), give_back('free', 'x2'), give_back('free', 'x3') \g /dev/null
SELECT is(queue('free'), 'ann:1:converted bob:1:converted cid:1:notified', 'S4-WAIT-1: mode auto books at once what costs nothing');
SELECT is((SELECT status FROM evently.get_booking(NULL, (entry('free', 'bob')).booking_id, person('bob'))), 'confirmed', 'there is the booking');
SELECT sold_out('paid', '{1}') \g /dev/null
SELECT wait('paid', 'ann', 1, 'auto'), give_back('paid', 'x1') \g /dev/null
SELECT is((entry('paid', 'ann')).status, 'notified', 'what is to be paid is offered');

-- A sale that opens again by time alone finds what was given back meanwhile (S3-WAIT-3)
CREATE FUNCTION due(event text) RETURNS SETOF interval LANGUAGE sql
AS 'SELECT date_trunc(''minute'', d.due_at - now()) FROM evently.due_work() d WHERE d.event_id = test.event($1)';
SELECT sold_out('pause', '{1,1}') \g /dev/null
SELECT wait('pause', 'ann'), wait('pause', 'bob') \g /dev/null
UPDATE evently.event SET sale_start_time = now() + interval '1 hour' WHERE event_id = event('pause');
SELECT give_back('pause', 'x1') \g /dev/null
SELECT is(queue('pause'), 'ann:1:active:1 bob:1:active:2', 'nobody is served while the sale is closed');
SELECT results_eq($$SELECT due('pause')$$, ARRAY['1 hour'::interval], 'the background worker comes when it opens');
UPDATE evently.event SET sale_start_time = now() - interval '1 day' WHERE event_id = event('pause');
SELECT results_eq($$SELECT due('pause')$$, ARRAY['-1 day'::interval], 'or as soon as it can');
SELECT evently.work_on(event('pause'), 500) \g /dev/null
SELECT is(queue('pause'), 'ann:1:notified bob:1:active:1', 'and what is free is offered in order');
SELECT is_empty($$SELECT * FROM due('pause') d WHERE d < '0'$$, 'then there is nothing left to be done');
SELECT sold_out('kinds', '{1}') \g /dev/null
SELECT wait('kinds', 'ann'), evently.create_ticket_type(event('kinds'), 'Late', sale_start_time => now() + interval '1 hour') \g /dev/null
SELECT give_back('kinds', 'x1') \g /dev/null
SELECT results_eq($$SELECT queue('kinds'), due('kinds')$$, $$VALUES ('ann:1:active:1', '1 hour'::interval)$$, 'nor before a ticket type opens');
UPDATE evently.ticket_type SET sale_start_time = now() - interval '1 minute' WHERE event_id = event('kinds');
SELECT results_eq($$SELECT due('kinds')$$, ARRAY['-1 minute'::interval], 'with it the worker comes');
SELECT evently.work_on(event('kinds'), 500) \g /dev/null
SELECT is(queue('kinds'), 'ann:1:notified', 'and the one who waits is served');


-- Ticket types: who could have none of them waits for nobody's places
CREATE FUNCTION typed(event text, sizes integer[], most integer DEFAULT NULL) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
	PERFORM evently.create_event(typed.event, now() + interval '30 days', total_capacity => (SELECT sum(s)::integer FROM unnest(sizes) s), base_price => 25);
	PERFORM evently.create_ticket_type(test.event(typed.event), 'Normal', max_per_booking => most);
	PERFORM sell(typed.event, 'x' || i, s) FROM unnest(sizes) WITH ORDINALITY AS o (s, i);
	RETURN test.event(typed.event);
END
$$;
CREATE FUNCTION most(event text, n integer) RETURNS integer LANGUAGE sql
AS 'SELECT (evently.update_ticket_type(test.event($1), t.ticket_type_id, max_per_booking => $2)).max_per_booking FROM evently.list_ticket_types(test.event($1)) t';
SELECT typed('few', '{2,2}', 2) \g /dev/null
SELECT throws_ok($$SELECT wait('few', 'ann', 3)$$, 'VE304', NULL, 'a party larger than a booking of any ticket type may be can never be served');
SELECT most('few', 4), wait('few', 'ann', 3), most('few', 2), wait('few', 'bob', 2) \g /dev/null
SELECT give_back('few', 'x1') \g /dev/null
SELECT is(queue('few'), 'ann:3:active:1 bob:2:notified', 'who could be served when he joined, and can not now, keeps nothing and waits on');
SELECT most('few', 4), give_back('few', 'x2') \g /dev/null
SELECT is((evently.decline_offer(event('few'), person('bob'))).status, 'cancelled', 'what the next one leaves');
SELECT is(queue('few'), 'ann:3:notified bob:2:cancelled', 'he has as soon as he can');
SELECT typed('half', '{2,2}') \g /dev/null
SELECT give_back('half', 'x1') \g /dev/null
SELECT evently.create_quota(event('half'), 'Half', 2, ARRAY(SELECT ticket_type_id FROM evently.list_ticket_types(event('half')))) \g /dev/null
SELECT throws_ok($$SELECT wait('half', 'ann', 3)$$, 'VE304', NULL, 'nor can one that is larger than a quota');
SELECT is(wait('half', 'ann'), 1, 'where the quota is sold out, places or not, people wait');
SELECT give_back('half', 'x2') \g /dev/null
SELECT is(queue('half'), 'ann:1:notified', 'until something of it is given back');

-- Waiting times: the median of the last 20 hand-overs, from the fifth on
SELECT sold_out('long', '{1,1,1,1,1,1}') \g /dev/null
SELECT wait('long', p), give_back('long', 'x' || i) FROM unnest('{ann,bob,cid,dan}'::text[]) WITH ORDINALITY AS w (p, i) \g /dev/null
SELECT wait('long', 'eve') \g /dev/null
SELECT is((entry('long', 'eve')).estimated_wait_seconds, NULL, 'four were served: nobody knows');
SELECT give_back('long', 'x5'), wait('long', 'fay') \g /dev/null
UPDATE evently.waitlist_entry SET joined_at = notified_at - s * interval '1 s' FROM (VALUES ('ann', 100), ('bob', 500), ('cid', 300), ('dan', 200), ('eve', 900)) w (p, s)
WHERE user_id = person(p) AND event_id = event('long');
SELECT is((entry('long', 'fay')).estimated_wait_seconds BETWEEN 298 AND 300, true, 'five: their median');
SELECT is((SELECT waiting || ' ' || waiting_tickets || ' ' || notified || ' ' || total || ' ' || median_wait_seconds FROM evently.get_waitlist_stats(event('long'))),
	'1 1 5 6 300', 'the figures of a waitlist');

-- Limits, keys, who may see what
SET evently.max_holds_per_user = 1;
SELECT sold_out('slim', '{1}') \g /dev/null
SELECT evently.update_event(event('slim'), total_capacity => 2) \g /dev/null
SELECT evently.hold_tickets(event('slim'), person('ann'), 1) \g /dev/null
SELECT throws_ok(format($$SELECT evently.join_waitlist(event('slim'), person('bob'), preferences => %s)$$, value), 'VE001', 'preferences has at most 4096 bytes', what)
FROM (VALUES ('to_jsonb(repeat(''x'', 5000))', 'preferences are short'), ('to_jsonb(array_fill(1e99, ''{1000}''))', 'as a text as well'),
	('(''['' || repeat(''1e131071,'', 20000) || ''0]'')::jsonb', 'which is not made of what is long already')) v (value, what);
SELECT throws_ok($$SELECT wait('slim', 'ann')$$, 'VE108', NULL, 'H12: an entry counts as a hold from joining on');
RESET evently.max_holds_per_user;
SELECT is((evently.join_waitlist(event('slim'), person('bob'), idempotency_key => 'k')).entry_id,
	(evently.join_waitlist(event('slim'), person('bob'), idempotency_key => 'k')).entry_id, 'a retry under its key gets the first answer');
SELECT throws_ok($$SELECT evently.join_waitlist(event('slim'), person('bob'), 2, idempotency_key => 'k')$$, 'VE901', NULL, 'another request does not');
SELECT throws_ok(format('SELECT evently.%s(event(''gig''), actor_id => person(''ann''))', f), 'VE002', NULL, f || ' is for who manages the event')
FROM unnest('{list_waitlist_entries,get_waitlist_stats,notify_waitlist}'::text[]) f;
SELECT is((SELECT l.total || ' ' || cardinality(l.entries) || ' ' || l.has_more FROM evently.list_waitlist_entries(event('gig'), person('boss'), 'cancelled', page => 1, "limit" => 2) l),
	'3 2 true', 'a page of a list, by status');
SELECT throws_ok($$SELECT evently.explain_waitlist((entry('slim', 'bob')).entry_id, user_id => person('ann'))$$, 'VE002', NULL, 'an explanation is for its owner');
SELECT is((SELECT l.total || ' ' || (SELECT string_agg(e.status, ' ') FROM unnest(l.entries) e) FROM evently.list_user_waitlist(person('dan'), "limit" => 3) l),
	'5 active notified expired', 'a user''s entries, the last first');

-- The event is cancelled (H54)
SELECT evently.cancel_event(event('ball')) \g /dev/null
SELECT is(queue('ball'), 'ann:4:cancelled bob:2:cancelled cid:1:cancelled dan:10:expired eve:1:cancelled', 'H54: a cancelled event closes its waitlist');
SELECT is((SELECT count(*) FROM evently.outbox WHERE event_id = event('ball') AND type = 'WAITLIST_CANCELLED'), 4::bigint, 'and tells those who waited');
SELECT all_is_well();

SELECT * FROM finish();
ROLLBACK;
