/*
 * booking_list.c
 *		The bookings of an event, or of all, for who may read them: newest first, as their ids are.
 *
 * Whether an event, a user or neither is named decides which index is walked: a statement each.
 */
#include "postgres.h"

#include "fmgr.h"

#include "args.h"
#include "event.h"
#include "paging.h"
#include "permission.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_list_admin_bookings_page);

/* $1 event, $2 user, $3 status, $4 rows, $5 before them, $6 page */
#define PAGE_OF(condition)                                                                        \
	"SELECT ROW(ARRAY(SELECT evently.get_booking(f.event_id, f.booking_id) FROM ("                \
	"             SELECT b.event_id, b.booking_id FROM evently.booking b WHERE " condition        \
	"                AND ($3 IS NULL OR b.status = $3::evently.booking_status)"                   \
	"              ORDER BY b.booking_id DESC LIMIT $4 OFFSET $5) f ORDER BY f.booking_id DESC)," \
	"           t.total, $6, $4, $5 + $4 < t.total)::evently.booking_page"                        \
	"  FROM (SELECT count(*) FROM evently.booking b WHERE " condition                             \
	"           AND ($3 IS NULL OR b.status = $3::evently.booking_status)) t (total)"

EV_STATEMENT(page_of_event,
			 PAGE_OF("b.event_id = $1 AND ($2 IS NULL OR b.user_id = $2)"),
			 UUIDOID, UUIDOID, TEXTOID, INT4OID, INT8OID, INT4OID);

EV_STATEMENT(page_of_user,
			 PAGE_OF("$1::uuid IS NULL AND b.user_id = $2"),
			 UUIDOID, UUIDOID, TEXTOID, INT4OID, INT8OID, INT4OID);

EV_STATEMENT(page_of_all,
			 PAGE_OF("$1::uuid IS NULL AND $2::uuid IS NULL"),
			 UUIDOID, UUIDOID, TEXTOID, INT4OID, INT8OID, INT4OID);

static void
require_reader(const pg_uuid_t *actor_id, const pg_uuid_t *event_id)
{
	if (event_id == NULL)
		ev_require_permission(actor_id, "bookings:read", "list of all bookings");
	else
	{
		(void) ev_event_load(event_id);
		ev_require_event_permission(actor_id, event_id, "bookings:read");
	}
}

/* list_admin_bookings_page(actor_id, event_id, user_id, status, page, limit, offset) */
Datum
evently_list_admin_bookings_page(PG_FUNCTION_ARGS)
{
	EvPage page;
	char *status;

	ev_begin(EV_READS);
	require_reader(ev_uuid_argument(fcinfo, 0), ev_uuid_argument(fcinfo, 1));
	status = PG_ARGISNULL(3) ? NULL : ev_word(ev_text_argument(fcinfo, 3), "status", "confirmed, cancelled");
	page = ev_page(ev_arg(4), ev_arg(5), ev_arg(6));
	ev_query(!PG_ARGISNULL(1)		? &page_of_event
				 : !PG_ARGISNULL(2) ? &page_of_user
									: &page_of_all,
			 ev_arg(1), ev_arg(2), ev_text(status), ev_int(page.limit), ev_datum(Int64GetDatum(page.offset)),
			 ev_int(page.number));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}
