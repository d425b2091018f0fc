/*
 * attempt.c
 *		Work that may be refused.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/resowner.h"

#include "attempt.h"

static bool
is_refusal(const ErrorData *error)
{
	return ERRCODE_TO_CATEGORY(error->sqlerrcode) == MAKE_SQLSTATE('V', 'E', '0', '0', '0');
}

char *
ev_attempt(EvWork work, void *argument)
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
	if (error == NULL)
		return NULL;
	if (!is_refusal(error))
		ReThrowError(error);
	return error->message;
}
