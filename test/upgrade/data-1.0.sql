-- The rows of a database of version 1.0, as pg_dump --data-only of that version wrote them: sold, held, expired, released,
-- cancelled and keyed, by seat and by quantity, in three currencies. Version 1.0 wrote them, so nothing is ever added here.

COPY evently.account (account_id, email, password_hash, name, first_name, last_name, phone_number, role, permissions, is_active, token_version, created_at, updated_at) FROM stdin;
01a1fe4b-ed36-71f5-8e91-0872f72e7908	ann@example.com	$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy	Ann	\N	\N	+33 1 23 45	user	{}	t	1	2026-11-21 13:29:11.222345+00	2026-11-21 13:29:11.222345+00
01a1fe4b-ed37-74a4-8e2e-cfa9268acc2e	admin@example.com	$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy	Admin	\N	\N	\N	admin	{events:own,events:any}	t	2	2026-11-21 13:29:11.223579+00	2026-11-21 13:29:11.22404+00
01a1fe4b-ed38-7b67-87dc-4030941eb36c	olga@example.com	\N	Olga	\N	\N	\N	admin	{events:own}	t	1	2026-11-21 13:29:11.2243+00	2026-11-21 13:29:11.2243+00
\.
COPY evently.booking (event_id, booking_id, user_id, hold_id, quantity, total_price, currency, status, created_at, version) FROM stdin;
01a1fe4b-ed40-7aae-a2da-76a7f4c721b6	01a1fe4b-ed41-772a-85da-b5a79700f8a8	7e0d7f8a-5d96-c24f-fcc8-40f31bce72b2	\N	2	6.00	USD	confirmed	2026-11-21 13:29:11.233144+00	1
01a1fe4b-ed40-7675-bdb4-6a8c7e30831b	01a1fe4b-ed42-7028-b181-bc86f53c6a78	7e0d7f8a-5d96-c24f-fcc8-40f31bce72b2	\N	2	15.00	EUR	cancelled	2026-11-21 13:29:11.234173+00	2
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed44-7cb4-bdf6-406b401b32de	7e0d7f8a-5d96-c24f-fcc8-40f31bce72b2	\N	2	80.00	USD	confirmed	2026-11-21 13:29:11.237067+00	1
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	01a1fe4b-ed45-7a66-b586-0c8da007dac4	7e0d7f8a-5d96-c24f-fcc8-40f31bce72b2	\N	3	30	JPY	confirmed	2026-11-21 13:29:11.237535+00	1
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed47-7cb4-8d36-d66f51c9a639	4b7cc569-4dd3-a265-bac3-26eaba31266e	01a1fe4b-ed46-7cb4-b389-7dc8a66acbb8	1	40.00	USD	confirmed	2026-11-21 13:29:11.239408+00	1
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	01a1fe4b-ed48-7a66-a98c-c5efe0fca5c6	4b7cc569-4dd3-a265-bac3-26eaba31266e	01a1fe4b-ed48-7a66-b546-fae249315ba8	2	20	JPY	confirmed	2026-11-21 13:29:11.240183+00	1
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed48-7cb4-94fc-1e621e114d9e	9180b4da-3f0c-7e80-975f-ad685f7f134e	\N	1	40.00	USD	cancelled	2026-11-21 13:29:11.240526+00	2
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed4b-7cb4-b3a0-0e224cf6c168	5bc45960-fb20-67f6-b569-db892c5056f9	\N	1	40.00	USD	confirmed	2026-11-21 13:29:11.243499+00	1
\.
COPY evently.cancellation (event_id, cancellation_id, booking_id, fee, refund_amount, currency, reason, requested_at) FROM stdin;
01a1fe4b-ed40-7675-bdb4-6a8c7e30831b	01a1fe4b-ed43-7028-b0d8-02077daa4a33	01a1fe4b-ed42-7028-b181-bc86f53c6a78	0.00	15.00	EUR	event cancelled	2026-11-21 13:29:11.234402+00
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed49-7cb4-b2b7-108b76b71a11	01a1fe4b-ed48-7cb4-94fc-1e621e114d9e	0.00	40.00	USD	ill	2026-11-21 13:29:11.241123+00
\.
COPY evently.event (event_id, name, description, venue_id, event_type, start_datetime, end_datetime, timezone, sale_start_time, sale_end_time, total_capacity, base_price, currency, max_tickets_per_booking, status, tags, created_by, created_at, updated_at, version) FROM stdin;
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	show	A tab\there, a backslash \\ and "quotes"	01a1fe4b-ed38-7b65-a351-7381e2c033e6	theatre	2099-06-01 18:00:00+00	2099-06-01 21:00:00+00	Europe/Paris	\N	\N	46	40.00	USD	20	published	{theatre,classic}	01a1fe4b-ed38-7b67-87dc-4030941eb36c	2026-11-21 13:29:11.227435+00	2026-11-21 13:29:11.227435+00	1
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	club	\N	\N	\N	2099-06-02 18:00:00+00	2099-06-02 21:00:00+00	UTC	2020-01-01 00:00:00+00	2099-06-02 18:00:00+00	20	10	JPY	6	published	{}	\N	2026-11-21 13:29:11.23164+00	2026-11-21 13:29:11.23164+00	1
01a1fe4b-ed40-72c6-b13d-b2c474e9a1b8	draft	\N	\N	\N	2099-06-03 18:00:00+00	2099-06-03 21:00:00+00	UTC	\N	\N	5	0.00	USD	20	draft	{}	\N	2026-11-21 13:29:11.232047+00	2026-11-21 13:29:11.232047+00	1
01a1fe4b-ed40-7aae-a2da-76a7f4c721b6	past	\N	\N	\N	2020-01-01 20:00:00+00	2020-01-01 23:00:00+00	UTC	\N	\N	5	3.00	USD	20	published	{}	\N	2026-11-21 13:29:11.232617+00	2026-11-21 13:29:11.232617+00	1
01a1fe4b-ed40-7675-bdb4-6a8c7e30831b	off	\N	\N	\N	2099-06-04 18:00:00+00	2099-06-04 21:00:00+00	UTC	\N	\N	5	7.50	EUR	20	cancelled	{}	\N	2026-11-21 13:29:11.232325+00	2026-11-21 13:29:11.234616+00	2
\.
COPY evently.event_seat (event_id, ordinal, section_id, seat_id, label, row_label, number, x, y, accessible, hold_id, held_until, booking_id) FROM stdin;
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	3	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	01a1fe4b-ed3a-7e89-9347-97da12cf48d0	A-3	A	3	3	0	f	\N	\N	\N
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	4	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	01a1fe4b-ed3a-74ce-bea1-8212e7189a9a	A-4	A	4	4	0	f	\N	\N	\N
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	6	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	01a1fe4b-ed3a-7072-932a-8f0e09d43fb0	B-2	B	2	2	1	f	\N	\N	\N
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	7	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	01a1fe4b-ed3a-77b0-8bcf-4a0d2651678e	B-3	B	3	3	1	f	\N	\N	\N
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	8	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	01a1fe4b-ed3a-760a-9e89-ce47efcd5325	B-4	B	4	4	1	f	\N	\N	\N
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	14	01a1fe4b-ed3a-71d4-beb1-466d30bd4e46	01a1fe4b-ed3a-760d-831e-39845024d544	AA-2	AA	2	2	4	f	\N	\N	\N
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	15	01a1fe4b-ed3a-71d4-beb1-466d30bd4e46	01a1fe4b-ed3a-7ae8-b35b-1e3b40c111b3	AA-3	AA	3	3	4	f	\N	\N	\N
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	16	01a1fe4b-ed3a-71d4-beb1-466d30bd4e46	01a1fe4b-ed3a-7673-9b39-1a3c7c5a6919	AA-4	AA	4	4	4	f	\N	\N	\N
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	1	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	01a1fe4b-ed39-719f-928a-37c6fbca9fc7	A-1	A	1	1	0	f	\N	\N	01a1fe4b-ed44-7cb4-bdf6-406b401b32de
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	2	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	01a1fe4b-ed3a-7a9a-b23a-bbff228e841e	A-2	A	2	2	0	f	\N	\N	01a1fe4b-ed44-7cb4-bdf6-406b401b32de
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	9	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	01a1fe4b-ed3a-790b-9686-08235bde1130	C-1	C	1	1	2	f	\N	\N	01a1fe4b-ed47-7cb4-8d36-d66f51c9a639
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	10	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	01a1fe4b-ed3a-709a-b171-03138148e4d7	C-2	C	2	2	2	f	\N	\N	\N
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	5	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	01a1fe4b-ed3a-7f25-b67f-4e24774331af	B-1	B	1	1	1	f	01a1fe4b-ed45-7cb4-ac47-d8e3ada645b5	2099-01-01 00:00:00+00	\N
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	13	01a1fe4b-ed3a-71d4-beb1-466d30bd4e46	01a1fe4b-ed3a-73b3-8284-78ab4f1301dd	AA-1	AA	1	1	4	f	01a1fe4b-ed45-7cb4-ac47-d8e3ada645b5	2099-01-01 00:00:00+00	\N
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	12	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	01a1fe4b-ed3a-7f9c-a35f-057bb3be60c3	C-4	C	4	4	2	f	01a1fe4b-ed4a-7cb4-abad-4ce0c6a32615	2020-01-01 00:00:00+00	\N
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	11	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	01a1fe4b-ed3a-7168-ad6c-2e2caa5fee0e	C-3	C	3	3	2	f	\N	\N	01a1fe4b-ed4b-7cb4-b3a0-0e224cf6c168
\.
COPY evently.event_section (event_id, section_id, ordinal, name, kind, capacity, price_multiplier, price, stripes) FROM stdin;
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed3a-71d4-beb1-466d30bd4e46	2	Balcony	reserved	4	2	80.00	1
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed3a-722a-9187-7a8b4fcab894	3	Floor	general	30	0.5	20.00	3
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	1	Stalls	reserved	12	1	40.00	1
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	01a1fe4b-ed3f-7ae3-998c-638174383a37	1	General	general	20	1	10	2
01a1fe4b-ed40-72c6-b13d-b2c474e9a1b8	01a1fe4b-ed40-7ccc-9242-f055cb838c62	1	General	general	5	1	0.00	1
01a1fe4b-ed40-7675-bdb4-6a8c7e30831b	01a1fe4b-ed40-71d0-a61a-de2a4b059618	1	General	general	5	1	7.50	1
01a1fe4b-ed40-7aae-a2da-76a7f4c721b6	01a1fe4b-ed40-7b8d-88cd-355f208e69b3	1	General	general	5	1	3.00	1
\.
COPY evently.hold (event_id, hold_id, user_id, section_id, ordinals, quantity, prices, total_price, currency, status, created_at, expires_at) FROM stdin;
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed46-7cb4-b389-7dc8a66acbb8	4b7cc569-4dd3-a265-bac3-26eaba31266e	\N	{9}	1	{40.00}	40.00	USD	confirmed	2026-11-21 13:29:11.238797+00	2026-11-21 13:39:11.238797+00
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	01a1fe4b-ed48-7a66-b546-fae249315ba8	4b7cc569-4dd3-a265-bac3-26eaba31266e	01a1fe4b-ed3f-7ae3-998c-638174383a37	\N	2	{10,10}	20	JPY	confirmed	2026-11-21 13:29:11.240086+00	2026-11-21 13:39:11.240086+00
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	01a1fe4b-ed49-7a66-b894-906f332459fe	9180b4da-3f0c-7e80-975f-ad685f7f134e	01a1fe4b-ed3f-7ae3-998c-638174383a37	\N	1	{10}	10	JPY	released	2026-11-21 13:29:11.241856+00	2026-11-21 13:39:11.241856+00
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed45-7cb4-ac47-d8e3ada645b5	9f9d51bc-70ef-21ca-5c14-f307980a29d8	\N	{5,13}	2	{40.00,80.00}	120.00	USD	active	2026-11-21 13:29:11.237831+00	2099-01-01 00:00:00+00
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	01a1fe4b-ed46-7a66-80e5-b1ee91c0fc69	9f9d51bc-70ef-21ca-5c14-f307980a29d8	01a1fe4b-ed3f-7ae3-998c-638174383a37	\N	2	{10,10}	20	JPY	active	2026-11-21 13:29:11.23847+00	2099-01-01 00:00:00+00
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed4a-7cb4-abad-4ce0c6a32615	fa6a91ef-9baa-242d-e0b3-54a212e8cf82	\N	{11,12}	2	{40.00,40.00}	80.00	USD	active	2019-12-31 00:00:00+00	2020-01-01 00:00:00+00
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	01a1fe4b-ed4a-7a66-afc7-ec97712e81a3	fa6a91ef-9baa-242d-e0b3-54a212e8cf82	01a1fe4b-ed3f-7ae3-998c-638174383a37	\N	4	{10,10,10,10}	40	JPY	active	2019-12-31 00:00:00+00	2020-01-01 00:00:00+00
\.
COPY evently.idempotency (scope_id, user_id, operation, key, request_hash, response, created_at) FROM stdin;
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	7e0d7f8a-5d96-c24f-fcc8-40f31bce72b2	book	order-1	\\x9666139dd410d370ff2f3f085ead7f5dcc0b66a70a866ef0dfd6e2076f1d8ec6	{"booking_id":"01a1fe4b-ed44-7cb4-bdf6-406b401b32de","booking_ref":"YPCP10DD0J","event_id":"01a1fe4b-ed3a-73d9-873e-f3842b9dc78b","user_id":"7e0d7f8a-5d96-c24f-fcc8-40f31bce72b2","hold_id":null,"quantity":2,"seat_ids":["A-1","A-2"],"tickets":[{"ticket_id":"01a1fe4b-ed45-7cb4-a1e5-df48ad3ab25f","section_id":"01a1fe4b-ed39-788f-bd10-0456a30b6b8c","seat_id":"A-1","price":40.00},{"ticket_id":"01a1fe4b-ed45-7cb4-a5c5-1a60227a44ee","section_id":"01a1fe4b-ed39-788f-bd10-0456a30b6b8c","seat_id":"A-2","price":40.00}],"total_price":80.00,"currency":"USD","status":"confirmed","created_at":"2026-11-21T13:29:11.237067Z","version":1}	2026-11-21 13:29:11.237261+00
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	7e0d7f8a-5d96-c24f-fcc8-40f31bce72b2	book	order-2	\\x4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce	{"booking_id":"01a1fe4b-ed45-7a66-b586-0c8da007dac4","booking_ref":"4PPF0GPHCG","event_id":"01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c","user_id":"7e0d7f8a-5d96-c24f-fcc8-40f31bce72b2","hold_id":null,"quantity":3,"seat_ids":[],"tickets":[{"ticket_id":"01a1fe4b-ed45-7a66-83f1-1d6f4bf9f6fb","section_id":"01a1fe4b-ed3f-7ae3-998c-638174383a37","seat_id":null,"price":10},{"ticket_id":"01a1fe4b-ed45-7a66-aa6f-05547e9b6000","section_id":"01a1fe4b-ed3f-7ae3-998c-638174383a37","seat_id":null,"price":10},{"ticket_id":"01a1fe4b-ed45-7a66-ae3b-d32d519b6409","section_id":"01a1fe4b-ed3f-7ae3-998c-638174383a37","seat_id":null,"price":10}],"total_price":30,"currency":"JPY","status":"confirmed","created_at":"2026-11-21T13:29:11.237535Z","version":1}	2026-11-21 13:29:11.237579+00
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	9f9d51bc-70ef-21ca-5c14-f307980a29d8	hold	hold-1	\\xd4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35	{"hold_id":"01a1fe4b-ed46-7a66-80e5-b1ee91c0fc69","event_id":"01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c","user_id":"9f9d51bc-70ef-21ca-5c14-f307980a29d8","section_id":"01a1fe4b-ed3f-7ae3-998c-638174383a37","seat_ids":[],"quantity":2,"total_price":20,"currency":"JPY","status":"active","expires_at":"2026-11-21T13:39:11.23847Z","ttl_seconds":600}	2026-11-21 13:29:11.238537+00
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	4b7cc569-4dd3-a265-bac3-26eaba31266e	confirm	c-1	\\xe16a0fb08c465854b0a00fc0f3ff8b93956310d8823a356e4b823d995104f7a7	{"booking_id":"01a1fe4b-ed47-7cb4-8d36-d66f51c9a639","booking_ref":"SH9KW8XDPP","event_id":"01a1fe4b-ed3a-73d9-873e-f3842b9dc78b","user_id":"4b7cc569-4dd3-a265-bac3-26eaba31266e","hold_id":"01a1fe4b-ed46-7cb4-b389-7dc8a66acbb8","quantity":1,"seat_ids":["C-1"],"tickets":[{"ticket_id":"01a1fe4b-ed47-7cb4-b0e4-2cc14cd89fbf","section_id":"01a1fe4b-ed39-788f-bd10-0456a30b6b8c","seat_id":"C-1","price":40.00}],"total_price":40.00,"currency":"USD","status":"confirmed","created_at":"2026-11-21T13:29:11.239408Z","version":1}	2026-11-21 13:29:11.239871+00
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	9180b4da-3f0c-7e80-975f-ad685f7f134e	cancel	x-1	\\x26e408d9c20dfea031e0e480a4f7b1761da164a4358446e80840050eb839bd44	{"cancellation_id":"01a1fe4b-ed49-7cb4-b2b7-108b76b71a11","booking_id":"01a1fe4b-ed48-7cb4-94fc-1e621e114d9e","event_id":"01a1fe4b-ed3a-73d9-873e-f3842b9dc78b","status":"completed","fee":0.00,"refund_amount":40.00,"currency":"USD","reason":"ill","requested_at":"2026-11-21T13:29:11.241123Z"}	2026-11-21 13:29:11.241633+00
\.
COPY evently.refresh_token (token_hash, account_id, family_id, created_at, expires_at, used_at, revoked_at) FROM stdin;
\\x49915e0d7d4b402e3017d010bc1c0e83cac6c797d6c16e66340fe3268693a6a1	01a1fe4b-ed36-71f5-8e91-0872f72e7908	01a1fe4b-ed36-7635-b4ae-3cb94c537449	2026-11-21 13:29:11.222806+00	2026-12-21 13:29:11.222806+00	\N	\N
\.
COPY evently.stock (event_id, section_id, stripe, reserved, available) FROM stdin;
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed3a-722a-9187-7a8b4fcab894	0	f	10
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed3a-722a-9187-7a8b4fcab894	1	f	10
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed3a-722a-9187-7a8b4fcab894	2	f	10
01a1fe4b-ed40-72c6-b13d-b2c474e9a1b8	01a1fe4b-ed40-7ccc-9242-f055cb838c62	0	f	5
01a1fe4b-ed40-7aae-a2da-76a7f4c721b6	01a1fe4b-ed40-7b8d-88cd-355f208e69b3	0	f	3
01a1fe4b-ed40-7675-bdb4-6a8c7e30831b	01a1fe4b-ed40-71d0-a61a-de2a4b059618	0	f	5
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed3a-71d4-beb1-466d30bd4e46	0	t	3
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	01a1fe4b-ed3f-7ae3-998c-638174383a37	0	f	3
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	0	t	6
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	01a1fe4b-ed3f-7ae3-998c-638174383a37	1	f	6
\.
COPY evently.ticket (event_id, booking_id, ticket_id, section_id, seat_ordinal, seat_label, price, cancelled_at) FROM stdin;
01a1fe4b-ed40-7aae-a2da-76a7f4c721b6	01a1fe4b-ed41-772a-85da-b5a79700f8a8	01a1fe4b-ed41-772a-8c69-96aedb7ac70c	01a1fe4b-ed40-7b8d-88cd-355f208e69b3	\N	\N	3.00	\N
01a1fe4b-ed40-7aae-a2da-76a7f4c721b6	01a1fe4b-ed41-772a-85da-b5a79700f8a8	01a1fe4b-ed41-772a-afdf-fc402f26858f	01a1fe4b-ed40-7b8d-88cd-355f208e69b3	\N	\N	3.00	\N
01a1fe4b-ed40-7675-bdb4-6a8c7e30831b	01a1fe4b-ed42-7028-b181-bc86f53c6a78	01a1fe4b-ed42-7028-a75b-2e50725a8fbc	01a1fe4b-ed40-71d0-a61a-de2a4b059618	\N	\N	7.50	2026-11-21 13:29:11.234402+00
01a1fe4b-ed40-7675-bdb4-6a8c7e30831b	01a1fe4b-ed42-7028-b181-bc86f53c6a78	01a1fe4b-ed42-7028-ad9d-a6a959f82039	01a1fe4b-ed40-71d0-a61a-de2a4b059618	\N	\N	7.50	2026-11-21 13:29:11.234402+00
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed44-7cb4-bdf6-406b401b32de	01a1fe4b-ed45-7cb4-a1e5-df48ad3ab25f	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	1	A-1	40.00	\N
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed44-7cb4-bdf6-406b401b32de	01a1fe4b-ed45-7cb4-a5c5-1a60227a44ee	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	2	A-2	40.00	\N
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	01a1fe4b-ed45-7a66-b586-0c8da007dac4	01a1fe4b-ed45-7a66-83f1-1d6f4bf9f6fb	01a1fe4b-ed3f-7ae3-998c-638174383a37	\N	\N	10	\N
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	01a1fe4b-ed45-7a66-b586-0c8da007dac4	01a1fe4b-ed45-7a66-aa6f-05547e9b6000	01a1fe4b-ed3f-7ae3-998c-638174383a37	\N	\N	10	\N
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	01a1fe4b-ed45-7a66-b586-0c8da007dac4	01a1fe4b-ed45-7a66-ae3b-d32d519b6409	01a1fe4b-ed3f-7ae3-998c-638174383a37	\N	\N	10	\N
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed47-7cb4-8d36-d66f51c9a639	01a1fe4b-ed47-7cb4-b0e4-2cc14cd89fbf	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	9	C-1	40.00	\N
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	01a1fe4b-ed48-7a66-a98c-c5efe0fca5c6	01a1fe4b-ed48-7a66-8266-17596280d698	01a1fe4b-ed3f-7ae3-998c-638174383a37	\N	\N	10	\N
01a1fe4b-ed3f-7a40-ad12-6ab7ad5aa83c	01a1fe4b-ed48-7a66-a98c-c5efe0fca5c6	01a1fe4b-ed48-7a66-9b2f-1b4ddb9ca42e	01a1fe4b-ed3f-7ae3-998c-638174383a37	\N	\N	10	\N
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed48-7cb4-94fc-1e621e114d9e	01a1fe4b-ed48-7cb4-b9d1-a063be9a5743	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	10	C-2	40.00	2026-11-21 13:29:11.241123+00
01a1fe4b-ed3a-73d9-873e-f3842b9dc78b	01a1fe4b-ed4b-7cb4-b3a0-0e224cf6c168	01a1fe4b-ed4b-7cb4-a9d0-1eb4eea6725d	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	11	C-3	40.00	\N
\.
COPY evently.venue (venue_id, name, address, city, state, country, postal_code, capacity, layout_config, created_by, created_at, version) FROM stdin;
01a1fe4b-ed38-7b65-a351-7381e2c033e6	Hall	1 Quai	Lyon	\N	\N	\N	46	{"stage": "north"}	\N	2026-11-21 13:29:11.224886+00	1
\.
COPY evently.venue_seat (seat_id, venue_id, section_id, ordinal, label, row_label, number, x, y, accessible) FROM stdin;
01a1fe4b-ed39-719f-928a-37c6fbca9fc7	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	1	A-1	A	1	1	0	f
01a1fe4b-ed3a-7a9a-b23a-bbff228e841e	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	2	A-2	A	2	2	0	f
01a1fe4b-ed3a-7e89-9347-97da12cf48d0	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	3	A-3	A	3	3	0	f
01a1fe4b-ed3a-74ce-bea1-8212e7189a9a	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	4	A-4	A	4	4	0	f
01a1fe4b-ed3a-7f25-b67f-4e24774331af	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	5	B-1	B	1	1	1	f
01a1fe4b-ed3a-7072-932a-8f0e09d43fb0	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	6	B-2	B	2	2	1	f
01a1fe4b-ed3a-77b0-8bcf-4a0d2651678e	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	7	B-3	B	3	3	1	f
01a1fe4b-ed3a-760a-9e89-ce47efcd5325	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	8	B-4	B	4	4	1	f
01a1fe4b-ed3a-790b-9686-08235bde1130	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	9	C-1	C	1	1	2	f
01a1fe4b-ed3a-709a-b171-03138148e4d7	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	10	C-2	C	2	2	2	f
01a1fe4b-ed3a-7168-ad6c-2e2caa5fee0e	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	11	C-3	C	3	3	2	f
01a1fe4b-ed3a-7f9c-a35f-057bb3be60c3	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed39-788f-bd10-0456a30b6b8c	12	C-4	C	4	4	2	f
01a1fe4b-ed3a-73b3-8284-78ab4f1301dd	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed3a-71d4-beb1-466d30bd4e46	13	AA-1	AA	1	1	4	f
01a1fe4b-ed3a-760d-831e-39845024d544	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed3a-71d4-beb1-466d30bd4e46	14	AA-2	AA	2	2	4	f
01a1fe4b-ed3a-7ae8-b35b-1e3b40c111b3	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed3a-71d4-beb1-466d30bd4e46	15	AA-3	AA	3	3	4	f
01a1fe4b-ed3a-7673-9b39-1a3c7c5a6919	01a1fe4b-ed38-7b65-a351-7381e2c033e6	01a1fe4b-ed3a-71d4-beb1-466d30bd4e46	16	AA-4	AA	4	4	4	f
\.
COPY evently.venue_section (section_id, venue_id, ordinal, name, kind, capacity, price_multiplier) FROM stdin;
01a1fe4b-ed39-788f-bd10-0456a30b6b8c	01a1fe4b-ed38-7b65-a351-7381e2c033e6	1	Stalls	reserved	12	1
01a1fe4b-ed3a-71d4-beb1-466d30bd4e46	01a1fe4b-ed38-7b65-a351-7381e2c033e6	2	Balcony	reserved	4	2
01a1fe4b-ed3a-722a-9187-7a8b4fcab894	01a1fe4b-ed38-7b65-a351-7381e2c033e6	3	Floor	general	30	0.5
\.
