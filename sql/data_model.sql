-- What other designs of such a system store of each thing, and find by an index, is stored and found here, under our names.
\set ECHO none
\i sql/include/setup.psql
SELECT plan(17);

SELECT is_empty(format('SELECT unnest(%L::text[]) EXCEPT SELECT attname FROM pg_attribute WHERE attrelid = %L::regclass AND attnum > 0 AND NOT attisdropped',
	columns, 'evently.' || tbl), format('%s (%s)', tbl, rows))
FROM (VALUES
	('account', '{account_id,email,name,password_hash,phone_number,role,permissions,is_active,created_at,updated_at}',
		'S1-DATA-1, S1-AUTHA-5, S4-DATA-1, S5-DATA-1'),
	('refresh_token', '{token_hash,account_id,expires_at,revoked_at}', 'S1-DATA-2'),
	('venue', '{venue_id,name,address,city,state,country,postal_code,capacity,layout_config}', 'S1-DATA-3, S1-VEN-1'),
	('event', '{event_id,name,description,venue_id,event_type,start_datetime,end_datetime,total_capacity,base_price,status,created_by,version}',
		'S1-DATA-3, S1-EVA-6'),
	('event_seat', '{event_id,label,row_label,number,hold_id,booking_id}', 'S4-VT-4'),
	('booking', '{booking_id,event_id,user_id,quantity,status,created_at}', 'S4-BOOK-7'),
	('idempotency', '{scope_id,user_id,key,response}', 'S4-IDEM-4'),
	('cancellation_policy', '{event_id,version,allow_cancellation,fee_type,fee_amount,tiers}', 'S3-DATA-1'),
	('waitlist_entry', '{entry_id,event_id,user_id,quantity,status,position}', 'S3-DATA-1'),
	('outbox', '{id,aggregatetype,aggregateid,type,payload}', 'S5-OUT-1')) t (tbl, columns, rows);

-- The planner has to choose the index where it may: tables this small are read whole otherwise.
SET LOCAL enable_seqscan = off;
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	RETURN plan;
END
$$;
SELECT matches(plan_of('SELECT 1 FROM evently.' || query), format('"Index Name": "%s"', index), format('%s (%s)', what, rows))
FROM (VALUES
	('account WHERE lower(email) = ''x@y.z''', 'account_email', 'an account by its address', 'S1-DATA-1'),
	('refresh_token WHERE token_hash = ''x''', 'refresh_token_pkey', 'a refresh token', 'S1-DATA-1'),
	('refresh_token WHERE account_id = test.person(''x'')', 'refresh_token_account', 'the sessions of an account', 'S1-DATA-1'),
	('event WHERE status = ''published'' ORDER BY start_datetime', 'event_status_start', 'published events by their start; what is available is in stock', 'S1-DATA-4'),
	('event WHERE lower(event_type) = ''x'' ORDER BY start_datetime', 'event_type', 'a type of events by their start', 'S1-DATA-5'),
	('event WHERE created_by = test.person(''x'') AND status = ''draft'' ORDER BY created_at', 'event_created_by', 'the events of who manages them', 'S1-DATA-6'),
	('event WHERE venue_id = test.person(''x'') AND status = ''published'' ORDER BY start_datetime', 'event_venue', 'the published events of a venue', 'S1-DATA-7')
) q (query, index, what, rows);

SELECT * FROM finish();
ROLLBACK;
