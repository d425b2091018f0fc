/*
 * event_cancel.c
 *		Cancelling an event: its holds released, its bookings refunded in full, its waitlist closed.
 *
 * The status is set under Q exclusive; from its commit on nothing more is held or booked. What there was is ended in parts,
 * each a transaction of its own under Q exclusive, holds first, then bookings, each by the routine that ends a single
 * one, then who still waits. event.is_cancelling says that a part is left; it falls in the transaction that ends the last. So whatever stops it, the
 * next part finds what is left. A buyer who cancels meanwhile is refunded in full too.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "args.h"
#include "cancellation.h"
#include "errors.h"
#include "event_manage.h"
#include "hold.h"
#include "idempotency.h"
#include "lock.h"
#include "money.h"
#include "outbox.h"
#include "release.h"
#include "render.h"
#include "tuple.h"
#include "waitlist.h"

/* Holds, bookings and waitlist entries ended by one transaction. */
#define PART 500

#define REASON "event cancelled"

PG_FUNCTION_INFO_V1(evently_cancel_event);
PG_FUNCTION_INFO_V1(evently_continue_event_cancellation);

EV_STATEMENT(set_cancelled,
			 "UPDATE evently.event SET status = 'cancelled', is_cancelling = true, version = version + 1,"
			 " updated_at = clock_timestamp() WHERE event_id = $1",
			 UUIDOID);

EV_STATEMENT(event_to_continue,
			 "SELECT event_id FROM evently.event WHERE is_cancelling ORDER BY event_id LIMIT $1",
			 INT4OID);

EV_STATEMENT(load_progress,
			 "SELECT is_cancelling, currency, version FROM evently.event WHERE event_id = $1",
			 UUIDOID);

EV_STATEMENT(holds_left,
			 "SELECT hold_id FROM evently.hold WHERE event_id = $1 AND status = 'active' ORDER BY hold_id LIMIT $2",
			 UUIDOID, INT4OID);

EV_STATEMENT(bookings_left,
			 "SELECT booking_id FROM evently.booking WHERE event_id = $1 AND status = 'confirmed' ORDER BY booking_id LIMIT $2",
			 UUIDOID, INT4OID);

EV_STATEMENT(count_left,
			 "SELECT ((SELECT count(*) FROM evently.hold WHERE event_id = $1 AND status = 'active')"
			 "        + (SELECT count(*) FROM evently.booking WHERE event_id = $1 AND status = 'confirmed')"
			 "        + (SELECT count(*) FROM evently.waitlist_entry WHERE event_id = $1 AND status = 'active'))::integer",
			 UUIDOID);

EV_STATEMENT(set_finished,
			 "UPDATE evently.event SET is_cancelling = false WHERE event_id = $1",
			 UUIDOID);

EV_STATEMENT(replay_cancellation,
			 "SELECT json_populate_record(NULL::evently.event_cancellation, $1)",
			 JSONOID);

static const EvOperation cancel_operation = {"cancel_event", &replay_cancellation};

/* What one call ends. */
typedef struct Part
{
	pg_uuid_t event_id;
	int max;
	int holds;
	int bookings;
	int entries;
	int remaining;
	Numeric refunded;
	char *currency;
	int version;
} Part;

/* Ids that the last statement returned. */
static pg_uuid_t *
ids_of(uint64 n)
{
	pg_uuid_t *ids = palloc(n * sizeof(pg_uuid_t));

	for (uint64 i = 0; i < n; i++)
		ids[i] = ev_get_uuid(i, 1);
	return ids;
}

static void
end_hold(EvRelease *release, const pg_uuid_t *hold_id)
{
	EvHold *hold = ev_hold_load_any(&release->event->event_id, hold_id);

	ev_hold_lock(hold);
	ev_release_hold(release, hold);
	ev_release_settle(hold, GetCurrentTimestamp());
	if (hold->reason != NULL)
		(void) ev_hold_tell_block(hold, "SEATS_UNBLOCKED");
	else
		ev_hold_tell(hold, ev_release_news(hold));
}

static void
end_holds(Part *part, EvRelease *release)
{
	uint64 n = ev_query(&holds_left, ev_uuid(&part->event_id), ev_int(part->max));
	pg_uuid_t *ids = ids_of(n);

	for (uint64 i = 0; i < n; i++)
		end_hold(release, &ids[i]);
	part->holds = (int) n;
}

static void
end_booking(Part *part, EvCancellation *cancellation, TimestampTz clock)
{
	const EvBooking *booking = cancellation->booking;

	ev_cancellation_decide(cancellation, clock);
	ev_outbox_add(&booking->event_id, "BOOKING", &booking->booking_id, "BOOKING_CANCELLED", &booking->user_id,
				  ev_render(ev_cancellation_record(cancellation, REASON)));
	part->refunded = ev_money_add(part->refunded, cancellation->refund);
}

/* All rows are locked and given back before the first is written off: T comes after the last seat. */
static void
end_bookings(Part *part, EvRelease *release)
{
	uint64 n = ev_query(&bookings_left, ev_uuid(&part->event_id), ev_int(part->max - part->holds));
	pg_uuid_t *ids = ids_of(n);
	EvBooking *bookings = palloc(n * sizeof(EvBooking));
	EvCancellation *cancellations = palloc(n * sizeof(EvCancellation));
	TimestampTz clock;

	for (uint64 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		bookings[i] = ev_booking_load(&part->event_id, &ids[i], NULL);
		ev_booking_lock(&bookings[i]);
		cancellations[i] = ev_cancellation_of(&bookings[i], release->event);
		ev_release_tickets(release, &bookings[i], cancellations[i].tickets, cancellations[i].n);
	}
	clock = ev_release_end(release);
	for (uint64 i = 0; i < n; i++)
		end_booking(part, &cancellations[i], clock);
	part->bookings = (int) n;
}

/* Q exclusive is held. */
static void
end_part(Part *part)
{
	EvRelease *release;
	bool is_cancelling;

	if (ev_query(&load_progress, ev_uuid(&part->event_id)) == 0)
		ev_event_not_found(&part->event_id);
	is_cancelling = ev_get_bool(0, 1);
	part->currency = ev_get_text(0, 2);
	part->version = ev_get_int(0, 3);
	part->refunded = ev_money_round(int64_to_numeric(0), part->currency);
	if (!is_cancelling)
		return;
	release = ev_release_continue(&part->event_id);
	end_holds(part, release);
	end_bookings(part, release);
	part->entries = ev_waitlist_close(&part->event_id, part->max - part->holds - part->bookings, GetCurrentTimestamp());
	ev_query(&count_left, ev_uuid(&part->event_id));
	part->remaining = ev_get_int(0, 1);
	if (part->remaining == 0)
		ev_query(&set_finished, ev_uuid(&part->event_id));
}

static Datum
answer(FunctionCallInfo fcinfo, const Part *part)
{
	EvRow row = ev_row(fcinfo);

	ev_row_add(&row, ev_uuid(&part->event_id));
	ev_row_add_text(&row, "Event cancelled");
	ev_row_add(&row, ev_int(part->bookings));
	ev_row_add(&row, ev_int(part->holds));
	ev_row_add(&row, ev_datum(NumericGetDatum(part->refunded)));
	ev_row_add_text(&row, part->currency);
	ev_row_add(&row, ev_int(part->version));
	ev_row_add(&row, ev_int(part->remaining));
	ev_row_add(&row, ev_int(part->entries));
	return ev_row_datum(&row);
}

static Datum
cancel(FunctionCallInfo fcinfo)
{
	Part part = {.event_id = *ev_required_uuid(fcinfo, 0, "event_id"), .max = PART};
	pg_uuid_t *actor_id = ev_uuid_argument(fcinfo, 1);
	Datum result;

	ev_event_require_not_started(ev_event_manage(&part.event_id, actor_id, ev_arg(2)), GetCurrentTimestamp());
	ev_query(&set_cancelled, ev_uuid(&part.event_id));
	end_part(&part);
	result = answer(fcinfo, &part);
	ev_outbox_add(&part.event_id, "EVENT", &part.event_id, "EVENT_CANCELLED", actor_id, ev_render(result));
	return result;
}

/* cancel_event(event_id, actor_id, version, idempotency_key) */
Datum
evently_cancel_event(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &cancel_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 1), cancel)));
}

/* continue_event_cancellation(event_id, max_rows): one event per transaction, so without one it takes the first */
Datum
evently_continue_event_cancellation(PG_FUNCTION_ARGS)
{
	Part part = {.max = ev_max_rows(fcinfo, 1, PART)};

	ev_begin(EV_WRITES);
	if (!PG_ARGISNULL(0))
		part.event_id = *PG_GETARG_UUID_P(0);
	else if (ev_query(&event_to_continue, ev_int(1)) > 0)
		part.event_id = ev_get_uuid(0, 1);
	else
	{
		ev_end_without_result();
		PG_RETURN_NULL();
	}
	ev_lock_event_exclusive(&part.event_id);
	end_part(&part);
	PG_RETURN_DATUM(ev_end(answer(fcinfo, &part)));
}
