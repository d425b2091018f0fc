-- Best available seats (best_available.c, pick.c, window.c).

CREATE TYPE evently.best_seats AS (
	event_id uuid,
	section_id uuid,
	section text,
	seat_ids text[],
	quantity integer,
	price numeric,
	total_price numeric,
	currency text,
	adjacent boolean,
	groups integer,
	explanation text
);
COMMENT ON TYPE evently.best_seats IS
	'The seats that best_available() would give, and why. price is that of one seat; groups: 1 where all are beside each other.';

CREATE FUNCTION evently.best_available(event_id uuid, quantity integer DEFAULT 1, section_id uuid DEFAULT NULL,
	min_price numeric DEFAULT NULL, max_price numeric DEFAULT NULL, accessible integer DEFAULT 0, split boolean DEFAULT false)
RETURNS evently.best_seats
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_best_available';
COMMENT ON FUNCTION evently.best_available(uuid, integer, uuid, numeric, numeric, integer, boolean) IS
'The best free seats for a party, in one section: beside each other in a row, leaving no single seat where that can be, nearest to the middle of the section''s front; without section_id the first section in the event''s order in which they fit as well. min_price and max_price: of a seat. accessible: how many of them must be accessible; accessible seats that nobody asked for are taken only where nothing else is left. split: in as few groups as can be where they do not fit together; accessible seats are not looked for in groups. The same seats are free, the same answer. Holds nothing: place_hold() does, and by quantity it takes the best seats at once, split where it must, as book() does. Errors: VE401 EVENT_NOT_FOUND, VE105 SECTION_NOT_FOUND, VE104 SEAT_MAP_MISSING, VE102 INSUFFICIENT_SEATS (DETAIL: available in a section, together in it), VE001 VALIDATION_ERROR. Writes nothing.';

GRANT EXECUTE ON FUNCTION evently.best_available(uuid, integer, uuid, numeric, numeric, integer, boolean) TO evently_api;
