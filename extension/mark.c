/*
 * mark.c
 *		How long what was read stays true.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lwlock.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "args.h"
#include "mark.h"

#if PG_VERSION_NUM >= 170000
#define ShmemVariableCache TransamVariables
#endif

PG_FUNCTION_INFO_V1(evently_answer_mark);
PG_FUNCTION_INFO_V1(evently_answer_stands);

static bool is_marked;
static uint64 marked_at;
static TimestampTz marked_until;

static uint64
transactions_ended(void)
{
	uint64 number;

	LWLockAcquire(ProcArrayLock, LW_SHARED);
	number = ShmemVariableCache->xactCompletionCount;
	LWLockRelease(ProcArrayLock);
	return number;
}

/* Of what this transaction wrote itself the number says nothing, and an old snapshot is not of now. */
static bool
sees_what_is_counted(void)
{
	return !TransactionIdIsValid(GetTopTransactionIdIfAny()) && !IsolationUsesXactSnapshot();
}

void
ev_mark_begin(void)
{
	is_marked = sees_what_is_counted();
	marked_at = transactions_ended();
	marked_until = DT_NOEND;
}

void
ev_mark_until(TimestampTz time)
{
	if (time > GetCurrentStatementStartTimestamp())
		marked_until = Min(marked_until, time);
}

void
ev_mark_drop(void)
{
	is_marked = false;
}

/* All of a mark but its end: what must still be the same. */
static char *
state_at(uint64 number)
{
	return psprintf("%d." INT64_FORMAT "." INT64_FORMAT "." UINT64_FORMAT ".", MyProcPid, MyStartTimestamp, PgReloadTime, number);
}

/* answer_mark() */
Datum
evently_answer_mark(PG_FUNCTION_ARGS)
{
	if (!is_marked)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s" INT64_FORMAT, state_at(marked_at), marked_until)));
}

/* answer_stands(mark) */
Datum
evently_answer_stands(PG_FUNCTION_ARGS)
{
	char *mark = ev_text_argument(fcinfo, 0);
	char *state;

	if (mark == NULL || !sees_what_is_counted())
		PG_RETURN_BOOL(false);
	state = state_at(transactions_ended());
	PG_RETURN_BOOL(strncmp(mark, state, strlen(state)) == 0 &&
				   strtoll(mark + strlen(state), NULL, 10) > GetCurrentStatementStartTimestamp());
}
