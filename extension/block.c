/*
 * block.c
 *		House seats: kept back by who manages the event, for a reason, until a time or for good.
 *
 * A block is a hold with a reason: it takes seats and stock as every hold does, and expires like one where it has an end.
 * It needs no sale, has no price list and counts against no limit; nobody confirms it.
 */
#include "postgres.h"

#include "fmgr.h"

#include "args.h"
#include "errors.h"
#include "hold.h"
#include "id.h"
#include "idempotency.h"
#include "outbox.h"
#include "permission.h"
#include "release.h"
#include "render.h"
#include "request.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_block_seats);
PG_FUNCTION_INFO_V1(evently_unblock_seats);

EV_STATEMENT(describe_block,
			 "SELECT detail FROM evently.described_block WHERE event_id = $1 AND hold_id = $2",
			 UUIDOID, UUIDOID);

EV_STATEMENT(replay_block,
			 "SELECT json_populate_record(NULL::evently.block_detail, $1)",
			 JSONOID);

static const EvOperation block_operation = {"block_seats", &replay_block};
static const EvOperation unblock_operation = {"unblock_seats", &replay_block};

Datum
ev_hold_tell_block(const EvHold *hold, const char *type)
{
	Datum detail;

	ev_query(&describe_block, ev_uuid(&hold->event_id), ev_uuid(&hold->hold_id));
	detail = ev_copied_value(0, 1);
	ev_outbox_add(&hold->event_id, "HOLD", &hold->hold_id, type, NULL, ev_render(detail));
	return detail;
}

static Datum
block_seats(FunctionCallInfo fcinfo)
{
	static const pg_uuid_t nobody;
	const pg_uuid_t *event_id = ev_required_uuid(fcinfo, 0, "event_id");
	const pg_uuid_t *actor_id = ev_uuid_argument(fcinfo, 6);
	EvRequest request = ev_request(event_id, actor_id ? actor_id : &nobody);
	pg_uuid_t hold_id = ev_new_id(event_id);
	EvGrant *grant;
	EvHold *hold;

	request.reason = ev_required_text(fcinfo, 1, "reason");
	ev_require_name(fcinfo, 1, "reason", 200);
	ev_request_for(&request, ev_arg(2), ev_arg(3), ev_uuid_argument(fcinfo, 4));
	request.held_until = PG_ARGISNULL(5) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(5);
	if (request.held_until <= GetCurrentTimestamp())
		ev_invalid("expires_at", "expires_at must be in the future");
	ev_require_event_permission(actor_id, event_id, "events:own");
	request.hold_id = &hold_id;
	grant = ev_reserve(&request);
	ev_grant_give(grant);
	hold = ev_hold_of_grant(&request, grant);
	ev_hold_store(hold);
	return ev_hold_tell_block(hold, "SEATS_BLOCKED");
}

/* block_seats(event_id, reason, seat_ids, quantity, section_id, expires_at, actor_id, idempotency_key) */
Datum
evently_block_seats(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &block_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 6), block_seats)));
}

static Datum
unblock_seats(FunctionCallInfo fcinfo)
{
	const pg_uuid_t *event_id = ev_required_uuid(fcinfo, 0, "event_id");
	EvHold *hold = ev_hold_load_block(event_id, ev_required_uuid(fcinfo, 1, "hold_id"));
	EvRelease *release;

	ev_require_event_permission(ev_uuid_argument(fcinfo, 2), event_id, "events:own");
	release = ev_release_begin(event_id);
	ev_hold_lock(hold);
	if (strcmp(hold->status, "active") == 0)
	{
		TimestampTz clock = ev_release_whole_hold(release, hold);
		Datum result = ev_hold_tell_block(hold, "SEATS_UNBLOCKED");

		ev_release_hand_over(release, clock);
		return result;
	}
	ev_query(&describe_block, ev_uuid(event_id), ev_uuid(&hold->hold_id));
	return ev_copied_value(0, 1);
}

/* unblock_seats(event_id, hold_id, actor_id, idempotency_key): a repeat gives the same answer */
Datum
evently_unblock_seats(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(ev_end(ev_key_run(fcinfo, &unblock_operation, ev_required_uuid(fcinfo, 0, "event_id"),
									  ev_uuid_argument(fcinfo, 2), unblock_seats)));
}
