/*
 * hold_list.c
 *		The holds of a user, for himself and for who may manage all events: newest first. House seats are nobody's.
 */
#include "postgres.h"

#include "fmgr.h"

#include "account.h"
#include "args.h"
#include "paging.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_list_user_holds);

/* $1 user, $2 status, $3 rows, $4 before them, $5 page */
#define MATCHING                                                                            \
	"evently.hold h WHERE h.user_id = $1 AND h.reason IS NULL AND ($2 = 'all' OR $2 = CASE" \
	" WHEN h.status = 'active' AND h.expires_at <= statement_timestamp() THEN 'expired' ELSE h.status::text END)"

EV_STATEMENT(page_of_holds,
			 "SELECT ROW(ARRAY(SELECT evently.get_hold(f.event_id, f.hold_id) FROM ("
			 "             SELECT h.event_id, h.hold_id, h.created_at FROM " MATCHING
			 "              ORDER BY h.created_at DESC, h.hold_id DESC LIMIT $3 OFFSET $4) f"
			 "            ORDER BY f.created_at DESC, f.hold_id DESC),"
			 "           t.total, $5, $3, $4 + $3 < t.total)::evently.hold_page"
			 "  FROM (SELECT count(*) FROM " MATCHING ") t (total)",
			 UUIDOID, TEXTOID, INT4OID, INT8OID, INT4OID);

/* list_user_holds(user_id, actor_id, status, page, limit, offset) */
Datum
evently_list_user_holds(PG_FUNCTION_ARGS)
{
	pg_uuid_t *user_id;
	char *status = "active";
	EvPage page;

	ev_begin(EV_READS);
	user_id = ev_required_uuid(fcinfo, 0, "user_id");
	ev_require_owner(ev_uuid_argument(fcinfo, 1), user_id, "list of holds");
	if (!PG_ARGISNULL(2))
		status = ev_word(ev_text_argument(fcinfo, 2), "status", "active, confirmed, released, expired, all");
	page = ev_page(ev_arg(3), ev_arg(4), ev_arg(5));
	ev_query(&page_of_holds, ev_uuid(user_id), ev_text(status), ev_int(page.limit),
			 ev_datum(Int64GetDatum(page.offset)), ev_int(page.number));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}
