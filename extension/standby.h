/*
 * standby.h
 *		What is told to be done is on the synchronous standby, too, where there is one.
 */
#ifndef EV_STANDBY_H
#define EV_STANDBY_H

extern void ev_standby_init(void);

/* The answer of this transaction tells of something that was to be written, by it or by another one before it. */
extern void ev_standby_expect(void);

#endif
