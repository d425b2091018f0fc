/*
 * reserve.h
 *		The one reservation routine, behind every door that takes seats or tickets: holds and direct bookings.
 *
 * It decides limits, sale window, stock and seats, and takes them; the caller then writes the hold or the booking.
 * When it refuses (an ERROR of errors.def) nothing is left behind. All or nothing: a request is never served in part.
 *
 * Where somebody waits for what is asked for, it is refused, whatever is free: the waitlist is served first (waitlist.h).
 *
 * Locks, in the order of lock.h: U (where the holds or tickets of a user are limited), Q shared, seat rows, one T per
 * touched section and pool. Short of stock that is there all the same (scattered, or not yet committed by others): Q shared is let
 * go, Q exclusive taken, expired holds are reclaimed, whoever waits is served, and it is decided anew, exactly. A refusal
 * undoes that: what is free is then still for those who wait, and so it says.
 */
#ifndef EV_RESERVE_H
#define EV_RESERVE_H

#include "access_code.h"
#include "event.h"
#include "request.h"
#include "seat.h"
#include "ticket_type.h"

typedef struct EvGrant
{
	EvEvent *event;
	TimestampTz clock;		/* the moment of the decision */
	TimestampTz expires_at; /* of a hold */
	int quantity;
	bool others_first;		  /* what is free was offered to those who wait before it was looked at */
	EvAccessCode *code;		  /* that the request presents, or NULL */
	const EvTicketType *type; /* NULL where the event has none */
	EvPools pools;			  /* that it counts in beside its section */
	EvSection *section;		  /* by quantity: where */
	EvSeat *seats;			  /* quantity of them, or NULL for general admission */
	EvSeatOwner owner;		  /* who gets them */
	bool given;
	Numeric *prices; /* quantity of them, in the order of the seats */
	Numeric total;
} EvGrant;

/* Its ticket type's id and name, or NULL. */
extern const pg_uuid_t *ev_grant_type_id(const EvGrant *grant);
extern const char *ev_grant_type_name(const EvGrant *grant);

/* Decided, and taken but for the seats, which are locked: nothing that may be refused comes after ev_grant_give(). */
extern EvGrant *ev_reserve(const EvRequest *request);
extern void ev_grant_give(EvGrant *grant);

/*
 * The whole of it for a waitlist entry (request->entry_id) whose turn it is: Q exclusive, expired holds given back, the section of the
 * request has enough. What the user may have was looked at when he joined.
 */
extern EvGrant *ev_reserve_offer(const EvRequest *request, EvEvent *event, TimestampTz clock);

/* WAITLIST_ACTIVE where somebody waits for that section; house seats and offers are not asked. */
extern bool ev_request_is_behind(const EvRequest *request, const EvEvent *event, int section);
extern void ev_refuse_behind(const EvRequest *request) pg_attribute_noreturn();

#endif
