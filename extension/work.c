/*
 * work.c
 *		What the background worker does in a round.
 *
 *	1. For each event that has something due (evently.due_work()): evently.work_on(event), in a transaction of its own.
 *	2. Sales that have opened since the last time are told of in the outbox.
 *	3. Once a minute, what is old goes: idempotency keys, refresh tokens, rows of the outbox.
 *
 * An error in one of these is logged and does not keep it from the others. Keys and tokens have no index by age, which
 * every call would pay for: their tables are walked through, a stretch a minute.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "storage/itemptr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "guc.h"
#include "lock.h"
#include "outbox.h"
#include "spi.h"
#include "tuple.h"
#include "worker.h"

/* Until a busy event is looked at again, until it is queued for, and for how long: all callers queue behind, and other events wait. */
#define BUSY_AGAIN_MS 50
#define BUSY_PATIENCE_MS 500
#define BUSY_WAIT_MS 200
#define BUSY_LONGEST_WAIT_MS 1000

#define PRUNE_MS 60000
#define PRUNE_PAGES 4096
#define ROUND 500 /* rows of one transaction */

EV_STATEMENT(is_installed,
			 "SELECT pg_catalog.to_regclass($1) IS NOT NULL",
			 TEXTOID);

EV_STATEMENT(due_work,
			 "SELECT event_id, due_at FROM evently.due_work() WHERE due_at <= $1 ORDER BY due_at",
			 TIMESTAMPTZOID);

EV_STATEMENT(work_on,
			 "SELECT evently.work_on($1, $2)",
			 UUIDOID, INT4OID);

EV_STATEMENT(openings_told,
			 "SELECT done_until FROM evently.worker_progress WHERE name = $1",
			 TEXTOID);

EV_STATEMENT(openings,
			 "SELECT e.event_id, evently.render(d) FROM evently.event e, LATERAL evently.get_event(e.event_id) d"
			 " WHERE e.sale_start_time > $1 AND e.sale_start_time <= $2 AND e.status = 'published' AND e.end_datetime > $2"
			 " ORDER BY e.sale_start_time",
			 TIMESTAMPTZOID, TIMESTAMPTZOID);

EV_STATEMENT(keep_openings_told,
			 "INSERT INTO evently.worker_progress (name, done_until) VALUES ($1, $2)"
			 " ON CONFLICT (name) DO UPDATE SET done_until = excluded.done_until",
			 TEXTOID, TIMESTAMPTZOID);

EV_STATEMENT(prune_outbox,
			 "SELECT evently.prune_outbox($1)",
			 INT4OID);

EV_STATEMENT(pages_of,
			 "SELECT (pg_catalog.pg_relation_size($1::pg_catalog.regclass)"
			 "        / pg_catalog.current_setting('block_size')::integer)::integer",
			 TEXTOID);

EV_STATEMENT(prune_keys,
			 "DELETE FROM evently.idempotency WHERE ctid >= $1 AND ctid < $2 AND created_at < $3",
			 TIDOID, TIDOID, TIMESTAMPTZOID);

EV_STATEMENT(prune_tokens,
			 "DELETE FROM evently.refresh_token WHERE ctid >= $1 AND ctid < $2 AND expires_at < $3",
			 TIDOID, TIDOID, TIMESTAMPTZOID);

/* A table that is walked through, and where the next stretch begins. */
typedef struct Walk
{
	const char *table;
	EvStatement *statement;
	int next_page;
} Walk;

/* An event that has, or will have, something to be done. */
typedef struct Due
{
	pg_uuid_t event_id;
	TimestampTz due_at;
} Due;

typedef struct Agenda
{
	TimestampTz clock;
	TimestampTz until; /* of interest */
	Due *due;
	int n;
} Agenda;

/* One event's turn: what is asked for and how it ended. */
typedef struct Turn
{
	const Due *due;
	long wait_ms; /* 0: only if nobody has it */
	bool busy;
	int done;
} Turn;

typedef void (*Step)(void *argument);

static MemoryContext round_memory;

/* A transaction. False after an error, which is logged unless it was the wait for a lock. */
static bool
run(Step step, void *argument)
{
	volatile bool done = false;

	PG_TRY();
	{
		SetCurrentStatementStartTimestamp();
		StartTransactionCommand();
		PushActiveSnapshot(GetTransactionSnapshot());
		ev_begin(EV_WRITES);
		step(argument);
		ev_end_without_result();
		PopActiveSnapshot();
		CommitTransactionCommand();
		done = true;
	}
	PG_CATCH();
	{
		HOLD_INTERRUPTS();
		if (geterrcode() != ERRCODE_LOCK_NOT_AVAILABLE)
			EmitErrorReport();
		AbortOutOfAnyTransaction();
		FlushErrorState();
		RESUME_INTERRUPTS();
	}
	PG_END_TRY();
	return done;
}

/* Nothing, where the database has no Evently of this version. */
static void
read_agenda(void *argument)
{
	Agenda *agenda = argument;

	ev_query(&is_installed, ev_text("evently.worker_progress"));
	if (!ev_get_bool(0, 1))
		return;
	agenda->n = (int) ev_query(&due_work, ev_time(agenda->until));
	agenda->due = MemoryContextAlloc(round_memory, Max(agenda->n, 1) * sizeof(Due));
	for (int i = 0; i < agenda->n; i++)
		agenda->due[i] = (Due){ev_get_uuid(i, 1), ev_get_time(i, 2)};
}

static void
queue_for(const pg_uuid_t *event_id, long wait_ms)
{
	char timeout[32];

	snprintf(timeout, sizeof(timeout), "%ldms", wait_ms);
	(void) set_config_option("lock_timeout", timeout, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
	ev_lock_event_exclusive(event_id);
}

static void
take_turn(void *argument)
{
	Turn *turn = argument;

	turn->busy = !ev_try_lock_event_exclusive(&turn->due->event_id);
	if (turn->busy && turn->wait_ms == 0)
		return;
	if (turn->busy)
	{
		queue_for(&turn->due->event_id, turn->wait_ms);
		turn->busy = false;
	}
	ev_query(&work_on, ev_uuid(&turn->due->event_id), ev_int(ROUND));
	turn->done = ev_get_int(0, 1);
}

static long
ms_until(TimestampTz from, TimestampTz to)
{
	return TimestampDifferenceMilliseconds(from, to);
}

/* The later, the longer: whoever has it for longer than we ever wait, in turns with others, would have it for ever. */
static long
patience_ms(const Due *due, TimestampTz clock)
{
	long late_ms = ms_until(due->due_at, clock);

	return late_ms <= BUSY_PATIENCE_MS ? 0 : Max(BUSY_WAIT_MS, Min(late_ms / 2, BUSY_LONGEST_WAIT_MS));
}

/* How long until this event wants attention again. */
static long
work_on_event(const Due *due, TimestampTz clock)
{
	Turn turn = {.due = due, .wait_ms = patience_ms(due, clock)};
	bool went_well = run(take_turn, &turn);

	if (turn.busy)
		return Max(BUSY_AGAIN_MS, turn.wait_ms / 2);
	return went_well && turn.done >= ROUND ? 0 : ev_worker_interval;
}

typedef struct Opening
{
	pg_uuid_t event_id;
	EvArg payload; /* an event_detail */
} Opening;

/* The first time there is nothing to tell: the sales that are open already are no news. */
static void
tell_openings(void *argument)
{
	TimestampTz clock = GetCurrentTimestamp();
	EvArg name = ev_text("sale_openings");
	bool first = ev_query(&openings_told, name) == 0;
	TimestampTz told = first ? clock : ev_get_time(0, 1);
	int n = (int) ev_query(&openings, ev_time(told), ev_time(clock));
	Opening *opened = palloc(Max(n, 1) * sizeof(Opening));

	for (int i = 0; i < n; i++)
		opened[i] = (Opening){ev_get_uuid(i, 1), ev_datum(ev_copied_value(i, 2))};
	for (int i = 0; i < n; i++)
		ev_outbox_add(&opened[i].event_id, "EVENT", &opened[i].event_id, "SALE_OPENED", NULL, opened[i].payload);
	if (first || n > 0 || ms_until(told, clock) > PRUNE_MS)
		ev_query(&keep_openings_told, name, ev_time(clock));
}

static void
walk(Walk *walk, TimestampTz before)
{
	ItemPointerData from;
	ItemPointerData to;
	int pages;

	ev_query(&pages_of, ev_text(walk->table));
	pages = ev_get_int(0, 1);
	if (walk->next_page >= pages)
		walk->next_page = 0;
	ItemPointerSet(&from, walk->next_page, 0);
	walk->next_page += Min(PRUNE_PAGES, pages - walk->next_page);
	ItemPointerSet(&to, walk->next_page, 0);
	ev_query(walk->statement, ev_datum(PointerGetDatum(&from)), ev_datum(PointerGetDatum(&to)), ev_time(before));
}

static void
walk_through(void *argument)
{
	static Walk keys = {"evently.idempotency", &prune_keys};
	static Walk tokens = {"evently.refresh_token", &prune_tokens};
	TimestampTz clock = GetCurrentTimestamp();

	walk(&keys, TimestampTzPlusMilliseconds(clock, -(int64) ev_key_retention * 1000));
	walk(&tokens, clock);
}

static void
prune_outbox_rows(void *argument)
{
	ev_query(&prune_outbox, ev_int(ROUND));
	*(int *) argument = ev_get_int(0, 1);
}

static void
prune(void)
{
	int pruned;

	(void) run(walk_through, NULL);
	do
		pruned = 0;
	while (run(prune_outbox_rows, &pruned) && pruned == ROUND && !ShutdownRequestPending);
}

static bool
is_time_to_prune(TimestampTz clock)
{
	static TimestampTz pruned_at;

	if (ms_until(pruned_at, clock) < PRUNE_MS)
		return false;
	pruned_at = clock;
	return true;
}

long
ev_work(void)
{
	Agenda agenda = {.clock = GetCurrentTimestamp()};
	long sleep_ms = ev_worker_interval;

	if (round_memory == NULL)
		round_memory = AllocSetContextCreate(TopMemoryContext, "evently worker's round", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(round_memory);
	agenda.until = TimestampTzPlusMilliseconds(agenda.clock, ev_worker_interval);
	if (!run(read_agenda, &agenda) || agenda.due == NULL)
		return sleep_ms;

	for (int i = 0; i < agenda.n && !ShutdownRequestPending; i++)
	{
		const Due *due = &agenda.due[i];
		long again = due->due_at <= agenda.clock ? work_on_event(due, agenda.clock) : ms_until(agenda.clock, due->due_at) + 1;

		sleep_ms = Min(sleep_ms, again);
	}
	(void) run(tell_openings, NULL);
	if (is_time_to_prune(agenda.clock))
		prune();
	return sleep_ms;
}
