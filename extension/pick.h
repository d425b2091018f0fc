/*
 * pick.h
 *		Best available seats of an event: found, and locked.
 *
 * Finding reads without locks. Picking goes on to lock what was found, passing by seats that others are deciding about
 * (SKIP LOCKED): what cannot be locked is left out and the search begins again, so that two who want the best seats at once
 * get the best and the next best. A seat whose row somebody has just locked is left out from the start; that is a hint and
 * saves rounds, the row lock decides.
 */
#ifndef EV_PICK_H
#define EV_PICK_H

#include "seat.h"
#include "window.h"

/* Free seats of a section now. */
extern EvSearch ev_pick_search(const EvEvent *event, const EvSection *section, int quantity, int accessible,
							   TimestampTz clock);

#endif
