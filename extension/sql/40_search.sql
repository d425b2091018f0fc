-- Search (event_search.c): words, whole or begun, in an event's name, type, tags, description, or its venue's name and city.

CREATE TYPE evently.facet AS (
	value text,
	count bigint
);
COMMENT ON TYPE evently.facet IS 'How many of the events found have this value.';

CREATE TYPE evently.event_facets AS (
	types evently.facet[],
	cities evently.facet[],
	tags evently.facet[]
);
COMMENT ON TYPE evently.event_facets IS 'What the events found are, the 20 most frequent values of each kind.';

CREATE TYPE evently.search_page AS (
	events evently.event_detail[],
	total bigint,
	page integer,
	"limit" integer,
	has_more boolean,
	fuzzy boolean,
	facets evently.event_facets
);
COMMENT ON TYPE evently.search_page IS
	'One page of events found, the best first. total and facets are of the first 10,000 matches. fuzzy: no event has all the words; these have a similar name.';

-- Bound to the operators of pg_trgm here, wherever it is installed.
CREATE FUNCTION evently.similar_events(q text) RETURNS TABLE (event_id uuid, similarity real)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT e.event_id, word_similarity(similar_events.q, e.name) FROM evently.event e WHERE similar_events.q <% e.name
	UNION ALL
	SELECT e.event_id, word_similarity(similar_events.q, v.name) FROM evently.venue v
	JOIN evently.event e ON e.venue_id = v.venue_id WHERE similar_events.q <% v.name;
END;
COMMENT ON FUNCTION evently.similar_events(text) IS 'Events whose name, or whose venue''s, has a part like q.';

CREATE FUNCTION evently.search_events(q text, type text DEFAULT NULL, city text DEFAULT NULL, date text DEFAULT NULL,
	date_from text DEFAULT NULL, date_to text DEFAULT NULL, status text DEFAULT NULL, tags text[] DEFAULT NULL,
	page integer DEFAULT NULL, "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL, published_only boolean DEFAULT false,
	created_by uuid DEFAULT NULL)
RETURNS evently.search_page
LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'evently_search_events';
COMMENT ON FUNCTION evently.search_events(text, text, text, text, text, text, text, text[], integer, integer, integer, boolean, uuid) IS
'Events that have each word of q, whole or as a beginning, in name, type, tags, description, or the venue''s name or city; ranked, a name counting more than a description. Where no event has, those with a similar name (fuzzy). Filters and pages as in list_events_page(). Writes nothing. Errors: VE001 VALIDATION_ERROR.';

GRANT EXECUTE ON FUNCTION evently.search_events(text, text, text, text, text, text, text, text[], integer, integer, integer, boolean, uuid)
TO evently_api;
