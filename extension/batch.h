/*
 * batch.h
 *		What the requests of a set (set.h) write, written together.
 *
 * While a batch is open, ev_insert() keeps rows (table.h) and what is taken of stock is reckoned in memory (stock.h). So a
 * request that is refused is undone by forgetting what it added: no subtransaction, as long as it writes nothing by itself
 * before it can be refused no more. Before a statement runs (spi.h), what the requests before this one have added is
 * written: it sees what it would have seen had they been calls of their own.
 *
 * A batch that is alone has Q exclusive: nobody changes anything of its event beside it, and it locks no row. Beside others
 * it has Q shared, locks rows as single calls do, and yields to whoever is in its way: all of it is undone, to be served
 * alone. There it takes no stock but seats, and what they change of it is written last, as T is the last lock.
 */
#ifndef EV_BATCH_H
#define EV_BATCH_H

#include "postgres.h"

/* memory: where what the batch keeps lives, from one request to the next. */
extern void ev_batch_open(bool alone, MemoryContext memory);
extern MemoryContext ev_batch_memory(void);
extern bool ev_batch_is_open(void);
extern bool ev_batch_is_alone(void);
extern bool ev_batch_is_beside_others(void);

/* A request begins; it is refused: what it added since is forgotten. */
extern void ev_batch_mark(void);
extern void ev_batch_undo(void);

/* Write what was added before the mark. */
extern void ev_batch_write(void);

/*
 * Raised where a request needs more than a batch can undo: it is to be served without one. Nothing is written yet. A batch
 * beside others yields instead.
 */
extern void ev_batch_refuse(void) pg_attribute_noreturn();
extern bool ev_batch_is_refused(int sqlerrcode);

/* Raised where somebody is in the way of a batch beside others, or it needs to be alone for another reason. */
extern void ev_batch_yield(void) pg_attribute_noreturn();
extern bool ev_batch_has_yielded(int sqlerrcode);

/* Write all and go on as without a batch. */
extern void ev_batch_close(void);
/* After an error: forget all. */
extern void ev_batch_drop(void);

#endif
