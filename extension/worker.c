/*
 * worker.c
 *		The background worker's process. What it does is in work.c.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "guc.h"
#include "lock.h"
#include "spi.h"
#include "worker.h"

#define RESTART_S 5
#define POLL_US 5000

PG_FUNCTION_INFO_V1(evently_start_worker);

PGDLLEXPORT void evently_worker_main(Datum database);

EV_STATEMENT(running_worker,
			 "SELECT pid FROM pg_catalog.pg_stat_activity"
			 " WHERE datid = $1 AND backend_type = 'evently worker' AND pid <> $2",
			 OIDOID, INT4OID);

static BackgroundWorker
describe(const char *database_name, Oid database)
{
	BackgroundWorker worker = {
		.bgw_type = "evently worker",
		.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
		.bgw_start_time = BgWorkerStart_RecoveryFinished,
		.bgw_restart_time = RESTART_S,
		.bgw_library_name = "evently",
		.bgw_function_name = "evently_worker_main",
		.bgw_main_arg = ObjectIdGetDatum(database),
	};

	snprintf(worker.bgw_name, BGW_MAXLEN, "evently worker of %s", database_name);
	strlcpy(worker.bgw_extra, database_name, BGW_EXTRALEN);
	return worker;
}

void
ev_worker_register(void)
{
	List *names;
	ListCell *cell;

	if (!process_shared_preload_libraries_in_progress)
		return;
	if (!SplitIdentifierString(pstrdup(ev_worker_databases), ',', &names))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("evently.worker_databases is not a list of names")));
	foreach(cell, names)
	{
		BackgroundWorker worker = describe(lfirst(cell), InvalidOid);

		RegisterBackgroundWorker(&worker);
	}
}

static long
work_once(void)
{
	long sleep_ms;

	pgstat_report_activity(STATE_RUNNING, "tidying up");
	sleep_ms = ev_work();
	pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
	return sleep_ms;
}

static void
sleep_for(long ms)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, ms, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
}

static void
connect_to(Oid database)
{
	if (OidIsValid(database))
		BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	else
		BackgroundWorkerInitializeConnection(MyBgworkerEntry->bgw_extra, NULL, 0);
	SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_SUSET, PGC_S_OVERRIDE);
	SetConfigOption("default_transaction_isolation", "read committed", PGC_SUSET, PGC_S_OVERRIDE);
}

/* SIGTERM ends it between two transactions, with a status after which it is not started again. */
void
evently_worker_main(Datum database)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	connect_to(DatumGetObjectId(database));
	StartTransactionCommand();
	if (!ev_try_lock_worker())
	{
		ereport(LOG, (errmsg("database \"%s\" has an evently worker already", get_database_name(MyDatabaseId))));
		proc_exit(0);
	}
	CommitTransactionCommand();
	while (!ShutdownRequestPending)
		sleep_for(work_once());
	proc_exit(0);
}

/* 0: none. The list of sessions is read anew. */
static int
find_running(void)
{
	pgstat_clear_backend_activity_snapshot();
	if (ev_query(&running_worker, ev_datum(ObjectIdGetDatum(MyDatabaseId)), ev_int(MyProcPid)) == 0)
		return 0;
	return ev_get_int(0, 1);
}

static void
start_process(void)
{
	BackgroundWorker worker = describe(get_database_name(MyDatabaseId), MyDatabaseId);
	BackgroundWorkerHandle *handle;
	pid_t pid;

	worker.bgw_notify_pid = MyProcPid;
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES), errmsg("no slot is left for a background worker"), errhint("Raise max_worker_processes.")));
	if (WaitForBackgroundWorkerStartup(handle, &pid) != BGWH_STARTED)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("the background worker did not start"), errhint("See the server's log.")));
}

/*
 * start_worker(): the pid of this database's worker, started unless it runs. A process becomes the worker when it has
 * connected; of two that were started side by side one goes again.
 */
Datum
evently_start_worker(PG_FUNCTION_ARGS)
{
	int pid;

	ev_begin(EV_READS);
	pid = find_running();
	if (pid == 0)
		start_process();
	while (pid == 0)
	{
		pg_usleep(POLL_US);
		CHECK_FOR_INTERRUPTS();
		pid = find_running();
	}
	ev_end_without_result();
	PG_RETURN_INT32(pid);
}
