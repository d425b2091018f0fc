/*
 * event_search.c
 *		Full text search of events.
 *
 * An event keeps its words in a generated column; those of its venue stand with the venue, so that neither has to be written
 * anew with the other. A word that some venue has may be met by the event or by its venue; one that no venue has must be the
 * event's, and the index finds it.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "args.h"
#include "errors.h"
#include "event_filter.h"
#include "event_read.h"
#include "mark.h"
#include "paging.h"
#include "tuple.h"

#define MAX_LENGTH 500

/* Shorter words with a letter wrong are still found, and longer ones not everywhere. */
#define SIMILAR "0.4"

PG_FUNCTION_INFO_V1(evently_search_events);

/* As the index of venues has it. */
#define VENUE_WORDS "to_tsvector('simple', v.name || ' ' || coalesce(v.city, ''))"

/*
 * Ten words at most, each as a query for what begins with it, or for a tag that does. Answered: all words that no venue has
 * (null: none), any word, those that venues have, these venues.
 */
EV_CHOICE(read_words,
		  "WITH word AS (SELECT DISTINCT '''' || replace(replace(lower(w), '\\', '\\\\'), '''', '''''') || ''':*' AS w"
		  "                FROM regexp_split_to_table(btrim($1), '\\s+') w WHERE w <> '' LIMIT 10),"
		  " term AS (SELECT (to_tsquery('simple', w) || w::tsquery)::text AS query FROM word"
		  "           WHERE numnode(to_tsquery('simple', w)) > 0),"
		  " met AS (SELECT t.query, ARRAY(SELECT v.venue_id FROM evently.venue v WHERE " VENUE_WORDS " @@ t.query::tsquery) AS venues"
		  "           FROM term t)"
		  " SELECT (string_agg('(' || query || ')', ' & ') FILTER (WHERE venues = '{}'))::tsquery,"
		  "        string_agg('(' || query || ')', ' | ')::tsquery,"
		  "        array_agg(query) FILTER (WHERE venues <> '{}'),"
		  "        (SELECT array_agg(DISTINCT v) FROM met m, unnest(m.venues) v)"
		  "   FROM met",
		  TEXTOID);

#define FACET(value, source)                                                                       \
	"ARRAY(SELECT ROW(f.value, f.n)::evently.facet"                                                \
	"        FROM (SELECT " value " AS value, count(*) AS n FROM " source " GROUP BY " value ") f" \
	"       WHERE f.value IS NOT NULL ORDER BY f.n DESC, f.value LIMIT 20)"
#define TYPES FACET("m.event_type", "matched m")
#define CITIES FACET("v.city", "matched m JOIN evently.venue v ON v.venue_id = m.venue_id")
#define TAGS FACET("t.tag", "matched m, unnest(m.tags) t (tag)")

/* Of rows of "matched": the ids of a page, the total, the facets; $10 rows, $11 before them. */
#define PAGE_OF_MATCHED                                                                                 \
	" SELECT ARRAY(SELECT m.event_id FROM matched m ORDER BY m.rank DESC, m.start_datetime, m.event_id" \
	"               LIMIT $10 OFFSET $11),"                                                             \
	"        (SELECT count(*) FROM matched),"                                                           \
	"        ROW(" TYPES ", " CITIES ", " TAGS ")::evently.event_facets"

#define MATCHED "matched AS MATERIALIZED (SELECT e.event_id, e.venue_id, e.event_type, e.tags, e.start_datetime, "
#define MOST " LIMIT 10000)"

/* $12 to $15: what read_words answers. */
EV_CHOICE(find_by_words,
		  "WITH pair AS MATERIALIZED (SELECT w, v.venue_id FROM unnest($14) w"
		  "                             JOIN evently.venue v ON " VENUE_WORDS " @@ w::tsquery), " MATCHED
		  "ts_rank(e.document, $13) + CASE WHEN e.venue_id = ANY ($15) THEN 0.1 ELSE 0 END AS rank"
		  "   FROM evently.event e"
		  "  WHERE " EV_FILTERED " AND ($12 IS NULL OR e.document @@ $12)"
		  "    AND ($12 IS NOT NULL OR e.document @@ $13 OR e.venue_id = ANY ($15))"
		  "    AND ($14 IS NULL OR NOT EXISTS (SELECT FROM unnest($14) w WHERE NOT e.document @@ w::tsquery"
		  "         AND ((w, e.venue_id) IN (SELECT p.w, p.venue_id FROM pair p)) IS NOT TRUE))" MOST PAGE_OF_MATCHED,
		  EV_FILTER_TYPES, INT8OID, INT8OID, TSQUERYOID, TSQUERYOID, TEXTARRAYOID, UUIDARRAYOID);

EV_CHOICE(find_similar,
		  "WITH alike AS MATERIALIZED (SELECT s.event_id, max(s.similarity) AS rank"
		  " FROM (SELECT * FROM evently.similar_events($12) LIMIT 10000) s"
		  "                               GROUP BY s.event_id)," MATCHED "s.rank FROM alike s JOIN evently.event e ON e.event_id = s.event_id WHERE " EV_FILTERED MOST PAGE_OF_MATCHED,
		  EV_FILTER_TYPES, INT8OID, INT8OID, TEXTOID);

static EvArg
value_of(int column)
{
	return ev_is_null(0, column) ? ev_null() : ev_datum(ev_copied_value(0, column));
}

static int64
total(void)
{
	return DatumGetInt64(ev_copied_value(0, 2));
}

static void
find_words(const EvEventFilter *filter, const EvPage *page, EvArg q)
{
	EvArg limit = ev_datum(Int64GetDatum(page->limit));
	EvArg offset = ev_datum(Int64GetDatum(page->offset));
	EvArg all;
	EvArg any;
	EvArg of_venues;
	EvArg venues;

	ev_query(&read_words, q);
	all = value_of(1);
	any = value_of(2);
	of_venues = value_of(3);
	venues = value_of(4);
	if (any.isnull)
		ev_invalid("q", "q must have a word to search for");
	ev_query(&find_by_words, EV_FILTER_VALUES(*filter), limit, offset, all, any, of_venues, venues);
}

/* The setting ends with the function, as those of ev_begin do. */
static void
find_like(const EvEventFilter *filter, const EvPage *page, EvArg q)
{
	(void) set_config_option("pg_trgm.word_similarity_threshold", SIMILAR, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
							 0, false);
	ev_query(&find_similar, EV_FILTER_VALUES(*filter), ev_datum(Int64GetDatum(page->limit)),
			 ev_datum(Int64GetDatum(page->offset)), q);
}

static Datum
page_row(FunctionCallInfo fcinfo, const EvPage *page, bool fuzzy)
{
	EvRow row = ev_row(fcinfo);
	int64 found = total();
	EvArg facets = value_of(3);
	int n;
	pg_uuid_t *ids = ev_ids_of(ev_copied_value(0, 1), "event_id", &n);

	ev_row_add(&row, ev_event_details(ids, NULL, n));
	ev_row_add(&row, ev_datum(Int64GetDatum(found)));
	ev_row_add(&row, ev_int(page->number));
	ev_row_add(&row, ev_int(page->limit));
	ev_row_add(&row, ev_bool(page->offset + page->limit < found));
	ev_row_add(&row, ev_bool(fuzzy));
	ev_row_add(&row, facets);
	return ev_row_datum(&row);
}

/* search_events(q, type, city, date, date_from, date_to, status, tags, page, limit, offset, published_only, created_by) */
Datum
evently_search_events(PG_FUNCTION_ARGS)
{
	EvGivenFilter given = {ev_arg(1), ev_arg(2), ev_arg(3), ev_arg(4), ev_arg(5), ev_arg(6), ev_arg(7), ev_arg(11), ev_arg(12)};
	EvEventFilter filter;
	EvPage page;
	bool fuzzy;

	ev_begin(EV_READS);
	ev_mark_begin();
	(void) ev_required_text(fcinfo, 0, "q");
	ev_require_length(fcinfo, 0, "q", MAX_LENGTH);
	page = ev_page(ev_arg(8), ev_arg(9), ev_arg(10));
	filter = ev_event_filter(&given);
	find_words(&filter, &page, ev_arg(0));
	fuzzy = total() == 0;
	if (fuzzy)
		find_like(&filter, &page, ev_arg(0));
	PG_RETURN_DATUM(ev_end(page_row(fcinfo, &page, fuzzy && total() > 0)));
}
