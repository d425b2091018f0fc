/*
 * batch.h
 *		What the requests of a set (set.h) write, written together.
 *
 * While a batch is open, ev_insert() keeps rows (table.h) and what is taken of stock is reckoned in memory (stock.h). So a
 * request that is refused is undone by forgetting what it added: no subtransaction, as long as it writes nothing by itself
 * before it can be refused no more. Before a statement runs (spi.h), what the requests before this one have added is
 * written: it sees what it would have seen had they been calls of their own.
 */
#ifndef EV_BATCH_H
#define EV_BATCH_H

#include "postgres.h"

extern void ev_batch_open(void);
extern bool ev_batch_is_open(void);

/* A request begins; it is refused: what it added since is forgotten. */
extern void ev_batch_mark(void);
extern void ev_batch_undo(void);

/* Write what was added before the mark. */
extern void ev_batch_write(void);

/* Raised where a request needs more than a batch can undo: it is to be served without one. Nothing is written yet. */
extern void ev_batch_refuse(void) pg_attribute_noreturn();
extern bool ev_batch_is_refused(int sqlerrcode);

/* Write all and go on as without a batch. */
extern void ev_batch_close(void);
/* After an error: forget all. */
extern void ev_batch_drop(void);

#endif
