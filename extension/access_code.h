/*
 * access_code.h
 *		Codes that let their bearer buy before the sale starts, or ticket types that are not for everybody.
 *
 * The uses of a code are a pool (pool.h): live holds count, so that a code is never used too often, however many use it
 * at once. A ticket is a use. A code is compared without case; no refusal or answer to a buyer repeats it, and none tells a
 * code that is not valid yet, or no longer, from one that there is not.
 */
#ifndef EV_ACCESS_CODE_H
#define EV_ACCESS_CODE_H

#include "event.h"
#include "pool.h"

typedef struct EvAccessCode
{
	pg_uuid_t code_id;
	bool before_sale; /* opens the sale early */
	bool limited;	  /* its uses are counted: the code's id is their pool's */
	EvPoolIds types;  /* that it unlocks */
	bool all_types;
	TimestampTz valid_from;
	TimestampTz valid_until;
} EvAccessCode;

/* ACCESS_CODE_INVALID where the event has no such code. */
extern EvAccessCode *ev_access_code_load(const EvEvent *event, const char *code);
extern void ev_access_code_require_valid(const EvEvent *event, const EvAccessCode *code, TimestampTz clock);

extern bool ev_access_code_unlocks(const EvAccessCode *code, const pg_uuid_t *type_id);

#endif
