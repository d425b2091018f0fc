/*
 * personal_data.c
 *		What is kept about a person: given to him, and erased.
 *
 * Personal is the account, with its sessions, its places in teams and its own figures, and what a buyer wrote himself: why
 * he cancelled, his preferences on a waitlist, his idempotency keys. All that goes. What was sold, paid and refunded stays,
 * under an id that nobody's name belongs to any more: it is the ledger. The outbox tells of the erasure, so that whoever
 * copied the account can follow.
 *
 * Locks: administrators, sessions (account.h), the organisers, then the rows. It takes no event's lock: somebody who waits
 * for tickets leaves his waitlists first, by calls of their own. What calls of his that are under way write is not seen.
 */
#include "postgres.h"

#include "fmgr.h"

#include "account.h"
#include "args.h"
#include "errors.h"
#include "id.h"
#include "organiser.h"
#include "outbox.h"
#include "render.h"
#include "session.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_export_account);
PG_FUNCTION_INFO_V1(evently_erase_account);

EV_STATEMENT(export_account,
			 "SELECT ROW(statement_timestamp(), evently.describe_account(a),"
			 "  ARRAY(SELECT ROW(t.created_at, t.expires_at)::evently.account_session FROM evently.refresh_token t"
			 "         WHERE t.account_id = $1 AND t.used_at IS NULL AND t.revoked_at IS NULL ORDER BY t.created_at),"
			 "  ARRAY(SELECT ROW(o.organiser_id, o.name, m.permissions)::evently.account_team FROM evently.organiser_member m"
			 "         JOIN evently.organiser o ON o.organiser_id = m.organiser_id"
			 "         WHERE m.account_id = $1 ORDER BY o.organiser_id),"
			 "  ARRAY(SELECT evently.get_hold(h.event_id, h.hold_id) FROM evently.hold h"
			 "         WHERE h.user_id = $1 AND h.reason IS NULL ORDER BY h.created_at, h.hold_id),"
			 "  ARRAY(SELECT evently.get_booking(b.event_id, b.booking_id) FROM evently.booking b"
			 "         WHERE b.user_id = $1 ORDER BY b.created_at, b.booking_id),"
			 "  ARRAY(SELECT c.detail FROM evently.booking b"
			 "         JOIN evently.described_cancellation c ON c.event_id = b.event_id AND c.booking_id = b.booking_id"
			 "         WHERE b.user_id = $1 ORDER BY c.requested_at, c.cancellation_id),"
			 "  ARRAY(SELECT evently.describe_payment(p) FROM evently.payment p WHERE (p.event_id, p.payment_id) IN ("
			 "          SELECT q.event_id, q.payment_id FROM evently.hold h"
			 "            JOIN evently.payment q ON q.event_id = h.event_id AND q.hold_id = h.hold_id WHERE h.user_id = $1"
			 "          UNION SELECT q.event_id, q.payment_id FROM evently.booking b"
			 "            JOIN evently.payment q ON q.event_id = b.event_id AND q.booking_id = b.booking_id WHERE b.user_id = $1)"
			 "         ORDER BY p.created_at, p.payment_id),"
			 "  ARRAY(SELECT d.detail FROM evently.described_entry d WHERE d.user_id = $1 ORDER BY d.joined_at, d.entry_id)"
			 " )::evently.account_export FROM evently.account a WHERE a.account_id = $1",
			 UUIDOID);

EV_STATEMENT(role_of,
			 "SELECT role = 'admin' AND is_active FROM evently.account WHERE account_id = $1 FOR UPDATE",
			 UUIDOID);

EV_STATEMENT(waits_for,
			 "SELECT array_agg(s.event_id::text ORDER BY s.event_id) FROM evently.entry_status s"
			 " WHERE s.user_id = $1 AND s.status IN ('active', 'notified')",
			 UUIDOID);

EV_STATEMENT(forget_preferences,
			 "UPDATE evently.waitlist_entry SET preferences = NULL WHERE user_id = $1 AND preferences IS NOT NULL",
			 UUIDOID);

EV_STATEMENT(forget_reasons,
			 "WITH own AS MATERIALIZED (SELECT b.event_id, b.booking_id FROM evently.booking b WHERE b.user_id = $1),"
			 "refunds AS ("
			 "  UPDATE evently.refund r SET reason = NULL FROM own"
			 "    JOIN evently.payment p ON p.event_id = own.event_id AND p.booking_id = own.booking_id"
			 "   WHERE r.event_id = p.event_id AND r.payment_id = p.payment_id AND r.cancellation_id IS NOT NULL)"
			 "UPDATE evently.cancellation c SET reason = NULL FROM own"
			 " WHERE c.event_id = own.event_id AND c.booking_id = own.booking_id AND c.reason IS NOT NULL",
			 UUIDOID);

/* In the order in which they are acknowledged. */
EV_STATEMENT(forget_messages,
			 "WITH told AS MATERIALIZED ("
			 "  SELECT o.xid, o.id FROM evently.outbox o WHERE o.user_id = $1"
			 "     AND (o.aggregatetype = 'BOOKING' AND o.payload ->> 'reason' IS NOT NULL"
			 "          OR o.aggregatetype = 'WAITLIST_ENTRY' AND o.payload ->> 'preferences' IS NOT NULL)"
			 "   ORDER BY o.xid, o.id FOR UPDATE)"
			 "UPDATE evently.outbox o SET payload = (o.payload::jsonb || CASE o.aggregatetype"
			 "   WHEN 'BOOKING' THEN '{\"reason\": null}' ELSE '{\"preferences\": null}' END::jsonb)::json"
			 "  FROM told WHERE o.xid = told.xid AND o.id = told.id",
			 UUIDOID);

EV_STATEMENT(forget_account,
			 "WITH keys AS (DELETE FROM evently.idempotency WHERE user_id = $1),"
			 "figures AS (DELETE FROM evently.analytics_cache WHERE owner_id = $1),"
			 "sessions AS (DELETE FROM evently.refresh_token WHERE account_id = $1)"
			 "DELETE FROM evently.account WHERE account_id = $1",
			 UUIDOID);

/* export_account(user_id, actor_id) */
Datum
evently_export_account(PG_FUNCTION_ARGS)
{
	pg_uuid_t *account_id;

	ev_begin(EV_READS);
	account_id = ev_required_uuid(fcinfo, 0, "user_id");
	ev_require_owner(ev_uuid_argument(fcinfo, 1), account_id, "account");
	if (ev_query(&export_account, ev_uuid(account_id)) == 0)
		ev_account_not_found("user_id");
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}

static void
require_not_waiting(const pg_uuid_t *account_id)
{
	char **events;
	int n;

	ev_query(&waits_for, ev_uuid(account_id));
	if (ev_is_null(0, 1))
		return;
	events = ev_texts_of(ev_copied_value(0, 1), "events", &n);
	ev_raise(EV_ACCOUNT_WAITS, ev_detail_texts(ev_detail(), "events", events, n), "Leave these waitlists first.",
			 "the account waits for tickets");
}

static Datum
erase(FunctionCallInfo fcinfo, const pg_uuid_t *account_id)
{
	EvRow row;
	Datum answer;

	ev_account_lock_admins();
	ev_sessions_lock(account_id);
	if (ev_query(&role_of, ev_uuid(account_id)) == 0)
		ev_account_not_found("user_id");
	if (ev_get_bool(0, 1))
		ev_account_require_other_admin();
	require_not_waiting(account_id);
	ev_organiser_leave_all(account_id);
	ev_query(&forget_preferences, ev_uuid(account_id));
	ev_query(&forget_reasons, ev_uuid(account_id));
	ev_query(&forget_messages, ev_uuid(account_id));
	ev_query(&forget_account, ev_uuid(account_id));
	row = ev_row(fcinfo);
	ev_row_add_text(&row, "Account erased");
	ev_row_add(&row, ev_uuid(account_id));
	answer = ev_row_datum(&row);
	ev_outbox_add(NULL, "ACCOUNT", account_id, "ACCOUNT_ERASED", account_id, ev_render(answer));
	return answer;
}

/* erase_account(user_id, actor_id) */
Datum
evently_erase_account(PG_FUNCTION_ARGS)
{
	pg_uuid_t *account_id;

	ev_begin(EV_WRITES);
	account_id = ev_required_uuid(fcinfo, 0, "user_id");
	ev_require_owner(ev_uuid_argument(fcinfo, 1), account_id, "account");
	PG_RETURN_DATUM(ev_end(erase(fcinfo, account_id)));
}
