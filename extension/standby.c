/*
 * standby.c
 *		The answer of a writer that had nothing left to write.
 *
 * A commit waits for the synchronous standby if it wrote something. Who repeats a call with its key, or confirms a hold that
 * is confirmed, writes nothing and would be answered at once, though the commit of the first call may be on this server alone:
 * its wait can have been cancelled. So such a transaction writes a record that says nothing, and its wait covers all
 * records before it.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xloginsert.h"
#include "catalog/pg_control.h"
#include "replication/syncrep.h"
#include "replication/walsender.h"

#include "standby.h"

static bool expected;

void
ev_standby_expect(void)
{
	expected = true;
}

static bool
has_standby(void)
{
	return SyncRepRequested() && SyncRepStandbyNames != NULL && *SyncRepStandbyNames != '\0' && !RecoveryInProgress();
}

static void
write_nothing(void)
{
	(void) GetTopTransactionId();
	XLogBeginInsert();
	(void) XLogInsert(RM_XLOG_ID, XLOG_NOOP);
}

static void
at_end_of_transaction(XactEvent event, void *argument)
{
	if (event == XACT_EVENT_PRE_COMMIT && expected && !TransactionIdIsValid(GetTopTransactionIdIfAny()) && has_standby())
		write_nothing();
	expected = false;
}

void
ev_standby_init(void)
{
	RegisterXactCallback(at_end_of_transaction, NULL);
}
