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

static bool is_open;

void
ev_batch_open(void)
{
	is_open = true;
}

bool
ev_batch_is_open(void)
{
	return is_open;
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
void
ev_batch_write(void)
{
	static bool writing;

	if (!is_open || writing)
		return;
	writing = true;
	PG_TRY();
	{
		ev_rows_write();
		ev_stock_write();
	}
	PG_FINALLY();
	{
		writing = false;
	}
	PG_END_TRY();
}

void
ev_batch_refuse(void)
{
	ereport(ERROR, (errcode(NOT_IN_A_BATCH), errmsg_internal("the request needs to be served without a batch")));
}

bool
ev_batch_is_refused(int sqlerrcode)
{
	return sqlerrcode == NOT_IN_A_BATCH;
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
	ev_batch_write();
	ev_batch_drop();
}
