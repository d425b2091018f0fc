/*
 * attempt.c
 *		Work that may be refused.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "attempt.h"
#include "batch.h"

ErrorData *
ev_attempt_at_all(EvWork work, void *argument)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		work(argument);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

EvRefusal *
ev_attempt(EvWork work, void *argument)
{
	ErrorData *error = ev_attempt_at_all(work, argument);
	EvRefusal *refusal;

	if (error == NULL)
		return NULL;
	refusal = ev_refusal(error);
	if (refusal == NULL)
		ReThrowError(error);
	return refusal;
}

static Snapshot
open_snapshot(void)
{
	return ActiveSnapshotSet() ? GetActiveSnapshot() : NULL;
}

/* A refusal that came out of a running statement or scan has left it open: only an abort closes it. */
EvRefusal *
ev_attempt_in_batch(EvWork work, void *argument, bool *declined)
{
	MemoryContext context = CurrentMemoryContext;
	Snapshot snapshot = open_snapshot();
	ErrorData *volatile error = NULL;
	EvRefusal *volatile refusal = NULL;

	*declined = false;
	ev_batch_mark();
	PG_TRY();
	{
		work(argument);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		*declined = ev_batch_is_refused(error->sqlerrcode);
		refusal = *declined ? NULL : ev_refusal(error);
		if (open_snapshot() != snapshot || (refusal == NULL && !*declined))
			PG_RE_THROW();
		FlushErrorState();
		ev_batch_undo();
	}
	PG_END_TRY();
	return refusal;
}
