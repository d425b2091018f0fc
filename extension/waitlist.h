/*
 * waitlist.h
 *		Who waits for an event that is sold out, and what he is offered when something is given back.
 *
 *		active -> notified (has an offer) -> converted (booked)
 *										  -> expired (its time is over), cancelled (declined)
 *		active -> converted (mode auto, nothing to pay), cancelled (left), expired (can never be served any more)
 *		active, notified -> cancelled (the event was)
 *
 * Invariants
 *	1. The order of the queue is that of the positions, a counter of the event that joining raises under Q exclusive.
 *	   Who is served is decided by ev_serve() (waitlist_order.h) and by nothing else.
 *	2. event.waiting and event_section.waiting are the numbers of active entries for any section, for that section.
 *	   They are read with the event: while one that concerns a request is not zero, the request is refused
 *	   (WAITLIST_ACTIVE), be it for what is free, held by an expired hold or given back this moment.
 *	3. Whoever gives back where somebody waits does so under Q exclusive and hands over before it commits. So between
 *	   two transactions nothing is free, expired holds aside, that the next waiter could have.
 *	4. An offer is a hold that carries its entry's id, of the same user and quantity: it ends, is confirmed and given
 *	   back as holds are (hold.h), and its entry follows in the same transaction.
 *	5. A user has one live entry (active or notified) per event; it counts against his limits from joining on, so an
 *	   offer never takes U.
 *
 * Locks: K -> (U, to join ->) Q exclusive -> the offer's hold and seats -> stock -> the entry. Under Q exclusive nobody
 * else has a lock on anything of the event but U. Confirming an offer has Q shared and the hold's row, then the entry's.
 */
#ifndef EV_WAITLIST_H
#define EV_WAITLIST_H

#include "event.h"
#include "hold.h"

typedef struct EvEntry
{
	pg_uuid_t entry_id;
	pg_uuid_t event_id;
	pg_uuid_t user_id;
	pg_uuid_t *section_id; /* NULL: any */
	int quantity;
	char *mode;
	char *status;
	pg_uuid_t *hold_id;
} EvEntry;

/* The user's live entry of the event, or NULL. */
extern EvEntry *ev_entry_live(const pg_uuid_t *event_id, const pg_uuid_t *user_id);

/* A waitlist_entry_detail; WAITLIST_ENTRY_NOT_FOUND. */
extern Datum ev_entry_detail(const pg_uuid_t *event_id, const pg_uuid_t *entry_id);
/* The same of the user's last entry. */
extern Datum ev_entry_detail_of(const pg_uuid_t *event_id, const pg_uuid_t *user_id);
extern void ev_no_offer(const pg_uuid_t *event_id) pg_attribute_noreturn();

/* The hold that is or was the user's last offer; WAITLIST_ENTRY_NOT_FOUND, OFFER_NOT_ACTIVE. */
extern pg_uuid_t ev_last_offer(const pg_uuid_t *event_id, const pg_uuid_t *user_id);

/* A status as a filter of lists; NULL: all. */
extern char *ev_entry_status(const char *given);

/* Under Q exclusive: n more, or less, wait for the section (NULL: any). */
extern void ev_waiting_add(const pg_uuid_t *event_id, const pg_uuid_t *section_id, int n);

/* WAITLIST_JOINED and so on, with the entry as it is now. */
extern void ev_entry_tell(const EvEntry *entry, const char *type);

/* From active or notified to an end; booking_id NULL unless converted. */
extern void ev_entry_end(const EvEntry *entry, const char *status, const pg_uuid_t *booking_id, TimestampTz clock);

/* The entry of an offer follows its hold, whose row is locked: converted with a booking, or ended without one. */
extern void ev_offer_confirmed(const EvHold *hold, const pg_uuid_t *booking_id, TimestampTz clock);
extern void ev_offer_ended(const EvHold *hold, const char *status, TimestampTz clock);

/* What there is for those who wait, by section: a ticket type that needs a code, or is not on sale now, has nothing for them. */
typedef struct EvSupply
{
	int *available;
	int *largest; /* party that may have places together, however much is free */
} EvSupply;

extern EvSupply ev_supply(const EvEvent *event, TimestampTz clock);

/* Whom a hand-over served. */
typedef struct EvHandedOver
{
	int nentries;
	int room;
	pg_uuid_t *entries; /* in the order served */
	int tickets;
} EvHandedOver;

/*
 * Under Q exclusive: serve whoever's turn it is, from what is free at that time (what expired holds and missed offers have
 * is given back first), until nobody fits any more or so many tickets are given. Nothing where nobody waits or the event
 * does not sell.
 */
extern EvHandedOver ev_hand_over(const pg_uuid_t *event_id, int max_tickets, TimestampTz clock);

/* Under Q exclusive, of an event that is cancelled: the first max wait no more; how many did. Offers end with their holds. */
extern int ev_waitlist_close(const pg_uuid_t *event_id, int max, TimestampTz clock);

#endif
