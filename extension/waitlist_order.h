/*
 * waitlist_order.h
 *		Whose turn it is: the order of a waitlist as a pure function of who waits and what is free.
 *
 * Waiters are looked at in the order of their positions. One is served from his section, or where he takes any from the
 * first one, in the event's order, that has enough for his whole party. One who is not keeps all that he could have from
 * those behind him, unless evently.waitlist_skip_unfit is on. A party larger than what every section it waits for may serve
 * at once can't be served and keeps nothing.
 */
#ifndef EV_WAITLIST_ORDER_H
#define EV_WAITLIST_ORDER_H

#include "postgres.h"

#define EV_ANY_SECTION (-1)

/* Instead of a section. */
#define EV_WAITS (-1)
#define EV_TOO_LARGE (-2)

/* What is free, by section in the event's order. */
typedef struct EvFree
{
	int nsections;
	const int *largest; /* party that may have places there */
	int *available;
	bool *kept; /* for a waiter looked at already */
	bool skip_unfit;
} EvFree;

extern EvFree ev_free(int nsections, const int *largest, int *available, bool skip_unfit);

/* The section that serves this waiter, the next in order; what he takes is free no more. */
extern int ev_serve(EvFree *free, int section, int quantity);

/* It could not, for another reason than places: as if it had not enough. */
extern void ev_not_served(EvFree *free, int section, int served_from, int quantity);

#endif
