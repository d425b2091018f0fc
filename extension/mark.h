/*
 * mark.h
 *		How long what was read stays true: a mark that a reader gives its answer.
 *
 * PostgreSQL counts the transactions that have ended after changing something, and takes a snapshot anew only when the
 * number is another. So do we: as long as it is the same, the same function answers the same, but for what goes by the
 * clock, of which the reader says when it is over. Both are known to one session, with the settings that it has.
 *
 *		ev_begin(EV_READS);  ev_mark_begin();  ... what is read, ev_mark_until(sale_start) ...
 *
 * Invariant: the number is read before the first snapshot is taken. A mark may be too old for its answer, and then
 * stands for nothing; it is never too new.
 */
#ifndef EV_MARK_H
#define EV_MARK_H

#include "datatype/timestamp.h"

/* The answer of the function that begins can be kept, all of it. */
extern void ev_mark_begin(void);
/* It is another one from that time on, if that is still to come. */
extern void ev_mark_until(TimestampTz time);
/* Another function begins. */
extern void ev_mark_drop(void);

#endif
