/*
 * waitlist.c
 *		Waitlist entries as they are read, and how they end. waitlist_change.c has the calls of those who wait,
 *		waitlist_serve.c serves them.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/formatting.h"

#include "account.h"
#include "args.h"
#include "errors.h"
#include "id.h"
#include "outbox.h"
#include "paging.h"
#include "render.h"
#include "spi.h"
#include "stock.h"
#include "ticket_type.h"
#include "tuple.h"
#include "waitlist.h"

PG_FUNCTION_INFO_V1(evently_get_waitlist_status);
PG_FUNCTION_INFO_V1(evently_explain_waitlist);
PG_FUNCTION_INFO_V1(evently_list_user_waitlist);

EV_STATEMENT(live_entry,
			 "SELECT entry_id, section_id, quantity, mode, status::text, hold_id FROM evently.waitlist_entry"
			 " WHERE event_id = $1 AND user_id = $2 AND status IN ('active', 'notified')",
			 UUIDOID, UUIDOID);

EV_STATEMENT(entry_detail,
			 "SELECT d.detail FROM evently.described_entry d WHERE d.event_id = $1 AND d.entry_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(last_entry_detail,
			 "SELECT d.detail FROM evently.described_entry d WHERE d.event_id = $1 AND d.user_id = $2"
			 " ORDER BY d.position DESC LIMIT 1",
			 UUIDOID, UUIDOID);

EV_STATEMENT(wait_for_any,
			 "UPDATE evently.event SET waiting = waiting + $2 WHERE event_id = $1",
			 UUIDOID, INT4OID);

EV_STATEMENT(wait_for_section,
			 "UPDATE evently.event_section SET waiting = waiting + $3 WHERE event_id = $1 AND section_id = $2",
			 UUIDOID, UUIDOID, INT4OID);

EV_STATEMENT(end_entry,
			 "UPDATE evently.waitlist_entry SET status = $3::evently.waitlist_status, booking_id = $4, ended_at = $5"
			 " WHERE event_id = $1 AND entry_id = $2 AND status IN ('active', 'notified')",
			 UUIDOID, UUIDOID, TEXTOID, UUIDOID, TIMESTAMPTZOID);

EV_STATEMENT(last_offer,
			 "SELECT hold_id FROM evently.waitlist_entry WHERE event_id = $1 AND user_id = $2 ORDER BY position DESC LIMIT 1",
			 UUIDOID, UUIDOID);

EV_STATEMENT(event_of_entry,
			 "SELECT event_id, user_id FROM evently.waitlist_entry WHERE entry_id = $1 AND ($2 IS NULL OR event_id = $2)",
			 UUIDOID, UUIDOID);

EV_STATEMENT(explain_entry,
			 "SELECT x.explanation FROM evently.explained_entry x WHERE x.event_id = $1 AND x.entry_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(read_user_entries,
			 "SELECT ROW(ARRAY(SELECT d.detail FROM evently.described_entry d"
			 "                  WHERE d.user_id = $1 AND ($2 IS NULL OR d.status = $2)"
			 "                  ORDER BY d.joined_at DESC, d.entry_id DESC LIMIT $3 OFFSET $4),"
			 "           t.total, $5, $3, $4 + $3 < t.total)::evently.waitlist_page"
			 "  FROM (SELECT count(*) AS total FROM evently.entry_status s"
			 "         WHERE s.user_id = $1 AND ($2 IS NULL OR s.status = $2)) t",
			 UUIDOID, TEXTOID, INT4OID, INT8OID, INT4OID);

char *
ev_entry_status(const char *given)
{
	return given ? ev_word(given, "status", "active, notified, converted, expired, cancelled") : NULL;
}

static pg_uuid_t *
maybe_id(int column)
{
	return ev_is_null(0, column) ? NULL : DatumGetUUIDP(ev_copied_value(0, column));
}

EvEntry *
ev_entry_live(const pg_uuid_t *event_id, const pg_uuid_t *user_id)
{
	EvEntry *entry;

	if (ev_query(&live_entry, ev_uuid(event_id), ev_uuid(user_id)) == 0)
		return NULL;
	entry = palloc(sizeof(EvEntry));
	*entry = (EvEntry){
		.entry_id = ev_get_uuid(0, 1),
		.event_id = *event_id,
		.user_id = *user_id,
		.section_id = maybe_id(2),
		.quantity = ev_get_int(0, 3),
		.mode = ev_get_text(0, 4),
		.status = ev_get_text(0, 5),
		.hold_id = maybe_id(6),
	};
	return entry;
}

static void
entry_not_found(EvDetail *detail)
{
	ev_raise(EV_WAITLIST_ENTRY_NOT_FOUND, detail, NULL, "waitlist entry not found");
}

void
ev_no_offer(const pg_uuid_t *event_id)
{
	ev_raise(EV_OFFER_NOT_ACTIVE, ev_detail_uuid(ev_detail(), "event_id", event_id),
			 "get_waitlist_status() tells when there is one.", "there is no offer");
}

Datum
ev_entry_detail(const pg_uuid_t *event_id, const pg_uuid_t *entry_id)
{
	if (ev_query(&entry_detail, ev_uuid(event_id), ev_uuid(entry_id)) == 0)
		entry_not_found(ev_detail_uuid(ev_detail(), "entry_id", entry_id));
	return ev_copied_value(0, 1);
}

Datum
ev_entry_detail_of(const pg_uuid_t *event_id, const pg_uuid_t *user_id)
{
	if (ev_query(&last_entry_detail, ev_uuid(event_id), ev_uuid(user_id)) == 0)
		entry_not_found(ev_detail_uuid(ev_detail(), "event_id", event_id));
	return ev_copied_value(0, 1);
}

pg_uuid_t
ev_last_offer(const pg_uuid_t *event_id, const pg_uuid_t *user_id)
{
	if (ev_query(&last_offer, ev_uuid(event_id), ev_uuid(user_id)) == 0)
		entry_not_found(ev_detail_uuid(ev_detail(), "event_id", event_id));
	if (ev_is_null(0, 1))
		ev_no_offer(event_id);
	return ev_get_uuid(0, 1);
}

EvSupply
ev_supply(const EvEvent *event, TimestampTz clock)
{
	EvSupply supply = {ev_stock_available(event, clock), palloc(event->nsections * sizeof(int))};

	for (int i = 0; i < event->nsections; i++)
		supply.largest[i] = event->sections[i].capacity;
	ev_ticket_types_bound(event, clock, supply.available, supply.largest);
	return supply;
}

void
ev_waiting_add(const pg_uuid_t *event_id, const pg_uuid_t *section_id, int n)
{
	if (section_id == NULL)
		ev_query(&wait_for_any, ev_uuid(event_id), ev_int(n));
	else
		ev_query(&wait_for_section, ev_uuid(event_id), ev_uuid(section_id), ev_int(n));
}

void
ev_entry_tell(const EvEntry *entry, const char *type)
{
	ev_outbox_add(&entry->event_id, "WAITLIST_ENTRY", &entry->entry_id, type, &entry->user_id,
				  ev_render(ev_entry_detail(&entry->event_id, &entry->entry_id)));
}

void
ev_entry_end(const EvEntry *entry, const char *status, const pg_uuid_t *booking_id, TimestampTz clock)
{
	if (ev_query(&end_entry, ev_uuid(&entry->event_id), ev_uuid(&entry->entry_id), ev_text(status),
				 ev_maybe_uuid(booking_id), ev_time(clock)) != 1)
		elog(ERROR, "a waitlist entry ended twice");
	if (strcmp(entry->status, "active") == 0)
		ev_waiting_add(&entry->event_id, entry->section_id, -1);
	ev_entry_tell(entry, psprintf("WAITLIST_%s", asc_toupper(status, strlen(status))));
}

static void
end_offer(const EvHold *hold, const char *status, const pg_uuid_t *booking_id, TimestampTz clock)
{
	const EvEntry entry = {
		.entry_id = *hold->entry_id,
		.event_id = hold->event_id,
		.user_id = hold->user_id,
		.status = "notified",
	};

	ev_entry_end(&entry, status, booking_id, clock);
}

void
ev_offer_confirmed(const EvHold *hold, const pg_uuid_t *booking_id, TimestampTz clock)
{
	if (hold->entry_id != NULL)
		end_offer(hold, "converted", booking_id, clock);
}

void
ev_offer_ended(const EvHold *hold, const char *status, TimestampTz clock)
{
	if (hold->entry_id != NULL)
		end_offer(hold, status, NULL, clock);
}

/* get_waitlist_status(event_id, user_id) */
Datum
evently_get_waitlist_status(PG_FUNCTION_ARGS)
{
	ev_begin(EV_READS);
	PG_RETURN_DATUM(ev_end(ev_entry_detail_of(ev_required_uuid(fcinfo, 0, "event_id"),
											  ev_required_uuid(fcinfo, 1, "user_id"))));
}

/* explain_waitlist(entry_id, event_id, user_id) */
Datum
evently_explain_waitlist(PG_FUNCTION_ARGS)
{
	pg_uuid_t *entry_id;
	pg_uuid_t event_id;
	pg_uuid_t user_id;

	ev_begin(EV_READS);
	entry_id = ev_required_uuid(fcinfo, 0, "entry_id");
	if (ev_query(&event_of_entry, ev_uuid(entry_id), ev_arg(1)) == 0)
		entry_not_found(ev_detail_uuid(ev_detail(), "entry_id", entry_id));
	event_id = ev_get_uuid(0, 1);
	user_id = ev_get_uuid(0, 2);
	ev_require_owner(ev_uuid_argument(fcinfo, 2), &user_id, "waitlist entry");
	ev_query(&explain_entry, ev_uuid(&event_id), ev_uuid(entry_id));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}

/* list_user_waitlist(user_id, status, page, limit, offset) */
Datum
evently_list_user_waitlist(PG_FUNCTION_ARGS)
{
	EvPage page;

	ev_begin(EV_READS);
	page = ev_page(ev_arg(2), ev_arg(3), ev_arg(4));
	ev_query(&read_user_entries, ev_uuid(ev_required_uuid(fcinfo, 0, "user_id")),
			 ev_text(ev_entry_status(ev_text_argument(fcinfo, 1))), ev_int(page.limit),
			 ev_datum(Int64GetDatum(page.offset)), ev_int(page.number));
	PG_RETURN_DATUM(ev_end(ev_copied_value(0, 1)));
}
