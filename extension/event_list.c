/*
 * event_list.c
 *		Lists of events: filtered, sorted, in pages.
 *
 * A page is asked for by its number, or goes on behind the last event of the one before (cursor): then each event is shown
 * once, also while others are added. A cursor names the order, that event's place in it and its id. With one, nothing is
 * counted.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "args.h"
#include "errors.h"
#include "event_filter.h"
#include "event_read.h"
#include "id.h"
#include "mark.h"
#include "paging.h"
#include "permission.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_find_events);
PG_FUNCTION_INFO_V1(evently_list_events_page);
PG_FUNCTION_INFO_V1(evently_list_admin_events_page);

#define MAX_COUNTED 10000

/* So many more than are shown are looked for, if they are to be counted: where there are no more, they are. */
#define LOOK_AHEAD 200

/* $10: the text looked for, as a pattern; $11: the venues that have it in their name. */
#define MATCHES EV_FILTERED " AND ($10 IS NULL OR e.name ILIKE $10 OR e.description ILIKE $10 OR e.venue_id = ANY ($11))"

/*
 * $12 the order, by its first letter, $13 downwards, $14 rows, $15 rows before them; $16 to $19 where a cursor stands, its place as a time, a
 * text or a number, and its id. All that belongs to another order is gone before the statement is planned: what is left is
 * one index's.
 */
#define BEHIND(key, place)                                                   \
	"(" place " IS NULL OR $13 OR (" key ", e.event_id) > (" place ", $19))" \
	" AND (" place " IS NULL OR NOT $13 OR (" key ", e.event_id) < (" place ", $19))"
#define BEHIND_START "($12 <> 's' OR " BEHIND("e.start_datetime", "$16") ")"
#define BEHIND_CREATION "($12 <> 'c' OR " BEHIND("e.created_at", "$16") ")"
#define BEHIND_NAME BEHIND("lower(e.name)", "$17")
#define BEHIND_PRICE BEHIND("e.base_price", "$18")
#define BEHIND_CURSOR BEHIND_START " AND " BEHIND_CREATION " AND " BEHIND_NAME " AND " BEHIND_PRICE

#define ORDERED(key, letter) \
	"CASE WHEN $12 = '" letter "' AND NOT $13 THEN " key " END, CASE WHEN $12 = '" letter "' AND $13 THEN " key " END DESC"
#define BY_TIME ORDERED("e.start_datetime", "s") ", " ORDERED("e.created_at", "c")
#define BY_NAME_OR_PRICE ORDERED("lower(e.name)", "n") ", " ORDERED("e.base_price", "p")
#define BY_ID "CASE WHEN NOT $13 THEN e.event_id END, CASE WHEN $13 THEN e.event_id END DESC"
#define IN_ORDER BY_TIME ", " BY_NAME_OR_PRICE ", " BY_ID

EV_CHOICE(find_events,
		  "SELECT e.event_id, e.ctid, CASE $12 WHEN 's' THEN e.start_datetime WHEN 'c' THEN e.created_at END,"
		  "       CASE $12 WHEN 'n' THEN lower(e.name) END, CASE $12 WHEN 'p' THEN e.base_price END"
		  "  FROM evently.event e WHERE " MATCHES " AND " BEHIND_CURSOR " ORDER BY " IN_ORDER " LIMIT $14 OFFSET $15",
		  EV_FILTER_TYPES, TEXTOID, UUIDARRAYOID, CHAROID, BOOLOID, INT8OID, INT8OID, TIMESTAMPTZOID, TEXTOID, NUMERICOID,
		  UUIDOID);

EV_CHOICE(count_events,
		  "SELECT count(*) FROM (SELECT FROM evently.event e WHERE " MATCHES " LIMIT $12) c",
		  EV_FILTER_TYPES, TEXTOID, UUIDARRAYOID, INT8OID);

/* An order, and a place in it: at most one of the keys. */
typedef struct Place
{
	const char *sort;
	bool descending;
	EvArg time;
	EvArg name;
	EvArg price;
	EvArg event_id;
} Place;

typedef struct Listing
{
	EvEventFilter filter;
	EvArg pattern;
	EvArg venues;
	Place place;
	int64 limit;
	int64 offset;
	bool counted;
} Listing;

typedef struct Found
{
	pg_uuid_t *ids;
	ItemPointerData *places;
	int n;
	bool more;
	int64 total;  /* -1: not known yet */
	char *cursor; /* behind the last one; NULL where there are no more */
} Found;

/* % and _ are plain characters to who searches. */
static EvArg
pattern_of(EvArg q)
{
	StringInfoData pattern;

	if (q.isnull)
		return q;
	initStringInfo(&pattern);
	appendStringInfoChar(&pattern, '%');
	for (const char *c = TextDatumGetCString(q.value); *c != '\0'; c++)
	{
		if (*c == '%' || *c == '_' || *c == '\\')
			appendStringInfoChar(&pattern, '\\');
		appendStringInfoChar(&pattern, *c);
	}
	appendStringInfoChar(&pattern, '%');
	return ev_text(pattern.data);
}

static Place
order_of(EvArg sort, EvArg order)
{
	EvArg none = ev_null();
	Place place = {"start_datetime", false, none, none, none, none};

	if (!sort.isnull)
		place.sort = ev_word(TextDatumGetCString(sort.value), "sort", "start_datetime, name, price, created_at");
	if (!order.isnull)
		place.descending = strcmp(ev_word(TextDatumGetCString(order.value), "order", "asc, desc"), "desc") == 0;
	return place;
}

/* What a cursor says before it is made unreadable: "start_datetime asc ID KEY". */
static char *
cursor_text(const Place *place, const char *id, const char *key)
{
	return psprintf("%s %s %s %s", place->sort, place->descending ? "desc" : "asc", id, key);
}

/* In hexadecimal digits: no character of it needs care in a URL. */
static char *
write_cursor(const Place *place, int row)
{
	pg_uuid_t id = ev_get_uuid(row, 1);
	char *key;
	char *text;
	char *cursor;
	uint64 length;

	if (strcmp(place->sort, "name") == 0)
		key = ev_get_text(row, 4);
	else if (strcmp(place->sort, "price") == 0)
		key = DatumGetCString(DirectFunctionCall1(numeric_out, ev_copied_value(row, 5)));
	else
		key = psprintf(INT64_FORMAT, ev_get_time(row, 3));
	text = cursor_text(place, ev_id_text(&id), key);
	length = strlen(text);
	cursor = palloc0(length * 2 + 1);
	(void) hex_encode(text, length, cursor);
	return cursor;
}

static void
bad_cursor(void)
{
	ev_invalid("cursor", "cursor must be next_cursor of a page with the same sort and order");
}

static char *
cursor_key(const char *cursor, const Place *place, pg_uuid_t *id)
{
	char *head = cursor_text(place, "", "");
	size_t head_length = strlen(head) - 1;
	size_t length = strlen(cursor) / 2;
	char *text = palloc0(length + 1);

	if (strlen(cursor) % 2 != 0 || strspn(cursor, "0123456789abcdefABCDEF") != length * 2)
		bad_cursor();
	(void) hex_decode(cursor, length * 2, text);
	if (length < head_length + 38 || strncmp(text, head, head_length) != 0 || text[head_length + 36] != ' ' ||
		!pg_verifymbstr(text, length, true))
		bad_cursor();
	text[head_length + 36] = '\0';
	if (!ev_parse_uuid(text + head_length, id))
		bad_cursor();
	return text + head_length + 37;
}

/* As a price is written: digits, perhaps a point and more of them. */
static bool
is_amount(const char *text)
{
	const char *digits = "0123456789";
	size_t whole = strspn(text, digits);
	const char *rest = text + whole + 1;

	return whole > 0 && whole < 40 && (text[whole] == '\0' || (text[whole] == '.' && strspn(rest, digits) == strlen(rest)));
}

static void
read_cursor(Place *place, const char *cursor)
{
	pg_uuid_t *id = palloc(sizeof(pg_uuid_t));
	char *key = cursor_key(cursor, place, id);
	char *end;

	place->event_id = ev_uuid(id);
	if (strcmp(place->sort, "name") == 0)
		place->name = ev_text(key);
	else if (strcmp(place->sort, "price") == 0)
	{
		if (!is_amount(key))
			bad_cursor();
		place->price = ev_datum(DirectFunctionCall3(numeric_in, CStringGetDatum(key), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	}
	else
	{
		place->time = ev_time(strtoll(key, &end, 10));
		if (*end != '\0')
			bad_cursor();
	}
}

/* One more row than asked for tells whether there is more. */
static Found
find(const Listing *list)
{
	const Place *place = &list->place;
	int64 wanted = list->limit + (list->counted ? LOOK_AHEAD : 1);
	Found found;

	found.n = ev_query(&find_events, EV_FILTER_VALUES(list->filter), list->pattern, list->venues,
					   ev_datum(CharGetDatum(place->sort[0])), ev_bool(place->descending), ev_datum(Int64GetDatum(wanted)),
					   ev_datum(Int64GetDatum(list->offset)), place->time, place->name, place->price, place->event_id);
	found.total = found.n < wanted && (found.n > 0 || list->offset == 0) ? list->offset + found.n : -1;
	found.more = found.n > list->limit;
	found.n = Min(found.n, list->limit);
	found.ids = palloc(found.n * sizeof(pg_uuid_t));
	found.places = palloc(found.n * sizeof(ItemPointerData));
	for (int i = 0; i < found.n; i++)
	{
		found.ids[i] = ev_get_uuid(i, 1);
		found.places[i] = *(ItemPointer) DatumGetPointer(ev_copied_value(i, 2));
	}
	found.cursor = found.more && found.n > 0 ? write_cursor(place, found.n - 1) : NULL;
	return found;
}

/* The arguments from first on: q, type, city, date, date_from, date_to, status, tags, sort, order. */
static Listing
read_list(FunctionCallInfo fcinfo, int first, EvArg published_only, EvArg created_by)
{
	EvGivenFilter given = {ev_arg(first + 1), ev_arg(first + 2), ev_arg(first + 3), ev_arg(first + 4), ev_arg(first + 5),
						   ev_arg(first + 6), ev_arg(first + 7), published_only, created_by};

	EvArg pattern = pattern_of(ev_arg(first));

	return (Listing){
		.filter = ev_event_filter(&given),
		.pattern = pattern,
		.venues = ev_venues_like(pattern),
		.place = order_of(ev_arg(first + 8), ev_arg(first + 9)),
	};
}

/*
 * How many there are, up to MAX_COUNTED or to the end of this page: to count a million takes a hundred times as long as to find
 * twenty.
 */
static EvArg
total_of(const Listing *list, const Found *found)
{
	int64 met = list->offset + found->n + found->more;

	if (found->total >= 0)
		return ev_datum(Int64GetDatum(found->total));
	ev_query(&count_events, EV_FILTER_VALUES(list->filter), list->pattern, list->venues,
			 ev_datum(Int64GetDatum(Max(MAX_COUNTED, met))));
	return ev_datum(ev_copied_value(0, 1));
}

/* The arguments from first on, and behind those of read_list: page, limit, offset. */
static Datum
page_of(FunctionCallInfo fcinfo, int first, EvArg published_only, EvArg created_by, const char *cursor)
{
	EvPage page = ev_page(ev_arg(first + 10), ev_arg(first + 11), ev_arg(first + 12));
	Listing list = read_list(fcinfo, first, published_only, created_by);
	EvRow row = ev_row(fcinfo);
	Found found;

	list.limit = page.limit;
	list.offset = cursor == NULL ? page.offset : 0;
	list.counted = cursor == NULL;
	if (cursor != NULL)
		read_cursor(&list.place, cursor);
	found = find(&list);
	ev_row_add(&row, ev_event_details(found.ids, found.places, found.n));
	ev_row_add(&row, cursor == NULL ? total_of(&list, &found) : ev_null());
	ev_row_add(&row, cursor == NULL ? ev_int(page.number) : ev_null());
	ev_row_add(&row, ev_int(page.limit));
	ev_row_add(&row, ev_bool(found.more));
	ev_row_add_text(&row, found.cursor);
	return ev_row_datum(&row);
}

/*
 * list_events_page(q, type, city, date, date_from, date_to, status, tags, sort, order, page, limit, offset,
 * published_only, created_by, cursor)
 */
Datum
evently_list_events_page(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	ev_mark_begin();
	PG_RETURN_DATUM(ev_end(page_of(fcinfo, 0, ev_arg(13), ev_arg(14), ev_text_argument(fcinfo, 15))));
}

/*
 * list_admin_events_page(actor_id, scope, q, type, city, date, date_from, date_to, status, tags, sort, order, page,
 * limit, offset, cursor): everybody's events only for who may manage them
 */
Datum
evently_list_admin_events_page(PG_FUNCTION_ARGS)
{
	pg_uuid_t *actor_id;
	char *scope;
	bool own;

	ev_begin(EV_READS);
	actor_id = ev_required_uuid(fcinfo, 0, "actor_id");
	scope = ev_text_argument(fcinfo, 1);
	own = scope == NULL || strcmp(ev_word(scope, "scope", "own, all"), "own") == 0;
	if (!own)
		ev_require_permission(actor_id, "events:own", "list of all events");
	PG_RETURN_DATUM(ev_end(page_of(fcinfo, 2, ev_bool(false), own ? ev_uuid(actor_id) : ev_null(),
								   ev_text_argument(fcinfo, 15))));
}

/*
 * find_events(q, type, city, date, date_from, date_to, status, tags, sort, order, max_rows, skip, published_only,
 * created_by): an event_page without its numbers
 */
Datum
evently_find_events(PG_FUNCTION_ARGS)
{
	Listing list;
	Found found;
	EvRow row;

	ev_begin(EV_READS);
	list = read_list(fcinfo, 0, ev_arg(12), ev_arg(13));
	list.limit = PG_ARGISNULL(10) ? INT32_MAX : PG_GETARG_INT32(10);
	list.offset = PG_ARGISNULL(11) ? 0 : PG_GETARG_INT64(11);
	if (list.limit < 0 || list.offset < 0)
		ev_invalid("max_rows", "max_rows and skip must not be negative");
	found = find(&list);
	row = ev_row(fcinfo);
	ev_row_add(&row, ev_event_details(found.ids, found.places, found.n));
	while (row.filled < row.desc->natts)
		ev_row_add(&row, ev_null());
	PG_RETURN_DATUM(ev_end(ev_row_datum(&row)));
}
