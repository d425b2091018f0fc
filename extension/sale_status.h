/*
 * sale_status.h
 *		How the sale of an event stands: upcoming, on_sale, sold_out, ended or cancelled.
 *
 * Derived from the event's status, its times and what is left, unless upcoming or sold_out was set by hand.
 */
#ifndef EV_SALE_STATUS_H
#define EV_SALE_STATUS_H

#include "utils/timestamp.h"

typedef struct EvSale
{
	const char *status; /* the event's */
	const char *set;	/* by hand, or NULL */
	TimestampTz start;	/* DT_NOBEGIN where not given */
	TimestampTz end;	/* DT_NOEND where not given */
	TimestampTz event_end;
} EvSale;

extern const char *ev_sale_status(const EvSale *sale, int available, TimestampTz clock);

#endif
