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

-- plans.sql shows that lists are read by them.
SELECT ok(EXISTS (SELECT FROM pg_index WHERE indrelid = ('evently.' || tbl)::regclass AND starts_with(split_part(pg_get_indexdef(indexrelid), 'btree ', 2), columns)),
	format('%s (%s)', what, rows))
FROM (VALUES
	('account', '(lower(email))', 'an account by its address', 'S1-DATA-1'),
	('refresh_token', '(token_hash)', 'a refresh token', 'S1-DATA-1'),
	('refresh_token', '(account_id)', 'the sessions of an account', 'S1-DATA-1'),
	('event', '(status, start_datetime', 'published events by their start; what is available is in stock', 'S1-DATA-4'),
	('event', '(lower(event_type), start_datetime', 'a type of events by their start', 'S1-DATA-5'),
	('event', '(created_by, status, created_at', 'the events of who manages them', 'S1-DATA-6'),
	('event', '(venue_id, status, start_datetime', 'the published events of a venue', 'S1-DATA-7')
) i (tbl, columns, what, rows);

SELECT * FROM finish();
ROLLBACK;
