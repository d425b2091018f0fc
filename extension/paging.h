/*
 * paging.h
 *		Pages of lists: page from 1 and limit, or limit and offset. 20 rows by default, 100 at most.
 */
#ifndef EV_PAGING_H
#define EV_PAGING_H

#include "spi.h"

typedef struct EvPage
{
	int number;
	int limit;
	int64 offset;
} EvPage;

/* All integers, each may be null; VALIDATION_ERROR names the one that is out of range. */
extern EvPage ev_page(EvArg page, EvArg limit, EvArg offset);

#endif
