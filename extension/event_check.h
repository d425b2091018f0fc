/*
 * event_check.h
 *		What the fields of an event may be, the same when it is created and when it is changed: VALIDATION_ERROR names
 *		the field.
 */
#ifndef EV_EVENT_CHECK_H
#define EV_EVENT_CHECK_H

#include "fmgr.h"

#include "utils/numeric.h"

#include "spi.h"

#define EV_TAG_LENGTH 50

/* The numbers of the arguments. */
extern void ev_require_texts(FunctionCallInfo fcinfo, int name, int description, int event_type);
extern void ev_require_timezone(const char *timezone);
/* The price, with the decimals of the currency: no more may be given but zeros. */
extern Numeric ev_price(const char *field, Numeric given, const char *currency);
extern void ev_require_decimals(const char *field, Numeric amount, const char *currency);
/* Of a price: 0 to 1000. */
extern void ev_require_multiplier(EvArg multiplier);
extern void ev_require_max_tickets(EvArg max);
/* 0: no limit. */
extern void ev_require_max_per_user(EvArg max);
extern void ev_require_capacity(int capacity);
/* At most 20 of 1 to 50 characters, each once, in their order; null where none are given. */
extern EvArg ev_event_tags(EvArg given);
extern void ev_require_order(TimestampTz start, TimestampTz end);
extern void ev_require_sale_order(EvArg start, EvArg end);

/* In upper case; USD where none is given. */
extern char *ev_currency(const char *given);

#endif
