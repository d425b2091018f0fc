/*
 * batch.c
 *		What the requests of a set write, written together.
 */
#include "postgres.h"

#include "batch.h"
#include "event.h"
#include "stock.h"
#include "table.h"

#define NOT_IN_A_BATCH MAKE_SQLSTATE('V', 'E', '0', '0', '0')
#define NOT_BESIDE_OTHERS MAKE_SQLSTATE('V', 'E', '0', '0', 'Z')

static bool is_open;
static bool is_alone;
static MemoryContext batch_memory;

void
ev_batch_open(bool alone, MemoryContext memory)
{
	is_open = true;
	is_alone = alone;
	batch_memory = memory;
}

MemoryContext
ev_batch_memory(void)
{
	Assert(is_open);
	return batch_memory;
}

bool
ev_batch_is_open(void)
{
	return is_open;
}

bool
ev_batch_is_alone(void)
{
	return is_open && is_alone;
}

bool
ev_batch_is_beside_others(void)
{
	return is_open && !is_alone;
}

void
ev_batch_mark(void)
{
	ev_rows_mark();
	ev_stock_mark();
}

void
ev_batch_undo(void)
{
	ev_rows_undo();
	ev_stock_undo();
}

/* Stock may run a statement, which comes here again. */
static void
write_marked(bool stock_too)
{
	static bool writing;

	if (!is_open || writing)
		return;
	writing = true;
	PG_TRY();
	{
		ev_rows_write();
		if (stock_too)
			ev_stock_write();
	}
	PG_FINALLY();
	{
		writing = false;
	}
	PG_END_TRY();
}

void
ev_batch_write(void)
{
	write_marked(is_alone);
}

void
ev_batch_refuse(void)
{
	if (ev_batch_is_beside_others())
		ev_batch_yield();
	ereport(ERROR, (errcode(NOT_IN_A_BATCH), errmsg_internal("the request needs to be served without a batch")));
}

bool
ev_batch_is_refused(int sqlerrcode)
{
	return sqlerrcode == NOT_IN_A_BATCH;
}

void
ev_batch_yield(void)
{
	ereport(ERROR, (errcode(NOT_BESIDE_OTHERS), errmsg_internal("the set needs to be served alone")));
}

bool
ev_batch_has_yielded(int sqlerrcode)
{
	return sqlerrcode == NOT_BESIDE_OTHERS;
}

void
ev_batch_drop(void)
{
	ev_rows_drop();
	ev_stock_drop();
	ev_event_drop();
	is_open = false;
}

void
ev_batch_close(void)
{
	ev_batch_mark();
	write_marked(true);
	ev_batch_drop();
}
