/*
 * window.h
 *		Which seats of a section are best: the rules, without the database.
 *
 * Seats are beside each other when their ordinals follow each other and they are of one row: where the layout has lost a
 * seat there is a gap. A run is what is free beside each other. Of all places of the party in all runs, the best
 *	1. takes no accessible seat beyond those asked for;
 *	2. leaves no single seat: a free one with nobody's free seat beside it;
 *	3. is nearest to the middle of the section's front (the middle of the place counts);
 *	4. comes first in natural order.
 * Rows are looked at from the front, until a row is farther away than the best place that 1 and 2 leave nothing to wish
 * for, or EV_NEAR_ROWS rows have had such a place: the work does not grow with what is free. In a row, x is taken to grow or
 * to fall from seat to seat.
 */
#ifndef EV_WINDOW_H
#define EV_WINDOW_H

#include "postgres.h"

#define EV_NEAR_ROWS 4

typedef struct EvFreeSeat
{
	int ordinal;
	char *row;
	Datum x; /* numeric */
	Datum y;
	bool accessible;
} EvFreeSeat;

typedef struct EvParty
{
	int quantity;
	int accessible; /* of them; the others may have one too where nothing else is left */
	double focal_x;
	double focal_y;
} EvParty;

/* Seats that go together; as many as the party where nothing was split. */
typedef struct EvWindow
{
	int first; /* index into the free seats */
	int length;
	int surplus; /* accessible seats beyond those asked for */
	int singles; /* left alone beside it */
	double distance;
} EvWindow;

/* A search over the free seats of a section, which are told row by row from the front. */
typedef struct EvSearch
{
	EvParty party;
	EvFreeSeat *seats;
	int nseats;
	int room;
	int row; /* where the last row begins */
	bool found;
	EvWindow best;
	int near_rows; /* that had a place, from the first on that nothing is wrong with */
	int longest;   /* run */
} EvSearch;

extern EvSearch ev_search(EvParty party);
/* The next free seat. True: no more are needed. */
extern bool ev_search_add(EvSearch *search, EvFreeSeat seat);
/* There are no more. */
extern void ev_search_end(EvSearch *search);

/*
 * Nothing is together: as few groups as can be, the largest first. NULL where less seats are free, or where these groups have
 * less accessible seats than asked for: nobody looks for them.
 */
extern EvWindow *ev_search_split(const EvSearch *search, int *ngroups);

#endif
