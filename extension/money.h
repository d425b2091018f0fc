/*
 * money.h
 *		Exact money: numeric in the currency beside it, rounded once, half away from zero, to the currency's minor unit.
 */
#ifndef EV_MONEY_H
#define EV_MONEY_H

#include "utils/numeric.h"

/* Digits after the point: 2, but 0 for JPY and its like, 3 for KWD and its like (ISO 4217). */
extern int ev_money_digits(const char *currency);
/* Is it what it is rounded to? */
extern bool ev_money_is_round(Numeric amount, const char *currency);
extern Numeric ev_money_round(Numeric amount, const char *currency);
extern Numeric ev_money_add(Numeric a, Numeric b);
extern Numeric ev_money_subtract(Numeric a, Numeric b);

#endif
