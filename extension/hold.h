/*
 * hold.h
 *		Seats or tickets put aside for a user until a time.
 *
 *		active -> confirmed (became a booking)
 *		active -> released  (given back)
 *		active -> expired   (its time is over and somebody tidied up)
 *
 * Invariants
 *	1. From expires_at on a hold is over for every reader and writer, whatever its status still says.
 *	2. An active hold's seats carry its id and its end; it is confirmed only if every one of them still does.
 *	3. What it holds and what that costs never change; its end and its status do, and a new quota may count it.
 *	4. Stock is credited once, by whoever moves the status away from active other than to confirmed.
 *
 * Locks: (U, to extend ->) Q shared -> the hold's row -> its seat rows -> T. The row is read without a lock first:
 * owner, section and seats are immutable.
 */
#ifndef EV_HOLD_H
#define EV_HOLD_H

#include "fmgr.h"

#include "errors.h"
#include "event.h"
#include "pool.h"
#include "reserve.h"
#include "seat.h"
#include "spi.h"
#include "tuple.h"

typedef struct EvHold
{
	pg_uuid_t hold_id;
	pg_uuid_t event_id;
	pg_uuid_t user_id;
	pg_uuid_t *section_id; /* by quantity, or */
	int *ordinals;		   /* seats */
	char **labels;
	EvHeldSeat *seats;	   /* NULL until they are read */
	ItemPointerData place; /* of its row */
	int quantity;
	Numeric *prices;
	Numeric total;
	char *currency;
	char *status;
	TimestampTz created_at;
	TimestampTz expires_at;
	EvPoolIds pools; /* that it counts in beside its section */
	const pg_uuid_t *ticket_type_id;
	const char *ticket_type; /* its name */
	char *reason;			 /* of house seats (block.c); NULL for a buyer's hold */
	int renewals;
	const pg_uuid_t *entry_id; /* an offer to this waitlist entry, or NULL */
} EvHold;

/* HOLD_NOT_FOUND. event_id may be NULL: found by the hold's id. FORBIDDEN where the actor may not see it. */
extern EvHold *ev_hold_load(const pg_uuid_t *event_id, const pg_uuid_t *hold_id, const pg_uuid_t *actor_id);

/* The same for house seats, which the others do not find. */
extern EvHold *ev_hold_load_block(const pg_uuid_t *event_id, const pg_uuid_t *hold_id);
/* Of either kind, for a caller that ends them all. */
extern EvHold *ev_hold_load_any(const pg_uuid_t *event_id, const pg_uuid_t *hold_id);

/* The same by the arguments (event_id, hold_id, user_id) that every function about a hold begins with. */
extern EvHold *ev_hold_by_arguments(FunctionCallInfo fcinfo);

/* The hold that a grant becomes, and its row. */
extern EvHold *ev_hold_of_grant(const EvRequest *request, const EvGrant *grant);
extern void ev_hold_store(const EvHold *hold);

/* What functions return: a hold_detail. */
extern Datum ev_hold_detail(EvRow row, const EvHold *hold, TimestampTz clock);

extern bool ev_hold_is_over(const EvHold *hold, TimestampTz clock);
extern EvArg ev_hold_ordinals(const EvHold *hold);
/* Its ids, to begin the DETAIL of a refusal with. */
extern EvDetail *ev_hold_facts(const EvHold *hold);

/*
 * Lock the row and read again what can change; then, of an active hold, the seats that still carry it: their number. The seats
 * of one that is over are others' to lock, its own booking's too.
 */
extern int ev_hold_lock(EvHold *hold);

/* HOLD_EXPIRED or HOLD_NOT_ACTIVE, unless the hold lives at that time with all its seats. */
extern void ev_hold_require_live(const EvHold *hold, int seats_carried, TimestampTz clock);

extern void ev_hold_set_status(EvHold *hold, const char *status);

/* Tell what became of a hold, where no function returns it. */
extern void ev_hold_tell(const EvHold *hold, const char *type);
/* The same of house seats; the block_detail that is told. */
extern Datum ev_hold_tell_block(const EvHold *hold, const char *type);

#endif
