/*
 * idempotency.h
 *		A keyed call runs once: a retry under its key gets the first answer again.
 *
 * The key is (scope, user, operation, key); the scope is the event. The answer is stored in the transaction of the work,
 * so both stand or fall together; a refusal stores nothing and may be tried again. Another request under a used key is
 * IDEMPOTENCY_KEY_REUSED. K (lock.h) is taken first, so parallel calls with one key run one after the other and the
 * later ones replay; one that waited as long as lock_timeout allows is IDEMPOTENCY_IN_FLIGHT.
 */
#ifndef EV_IDEMPOTENCY_H
#define EV_IDEMPOTENCY_H

#include "fmgr.h"

#include "spi.h"

/* A kind of keyed call: its name, and the statement that makes its result of the stored JSON. */
typedef struct EvOperation
{
	const char *name;
	EvStatement *replay;
} EvOperation;

typedef char *(*EvCanonical)(const void *request);

/* One keyed call. Without a key nothing is looked up and nothing stored. */
typedef struct EvKey
{
	const EvOperation *operation;
	pg_uuid_t scope_id;
	pg_uuid_t user_id;
	char *key;
	Datum request_hash;
} EvKey;

/*
 * Takes K. True: it was done before, *replay is the answer. canonical makes of the request a text that is equal for equal
 * requests; it is asked only where there is a key. key may be NULL.
 */
extern bool ev_key_open(EvKey *open, const EvOperation *operation, const pg_uuid_t *scope_id,
						const pg_uuid_t *user_id, char *key, EvCanonical canonical, const void *request, Datum *replay);
extern void ev_key_store(const EvKey *open, Datum answer);
/* The same of an answer that was rendered already (render.h). */
extern void ev_key_store_rendered(const EvKey *open, EvArg answer);

/* The last keyed call of this backend was answered from the store. */
extern bool ev_key_was_replayed(void);

/*
 * The keys of a set are nearly always new. While they are presumed to be, none is looked up: one that is not is an error when
 * it is stored. Who is refused stores none, so there it is to be required that the key of the last call was new. Of the
 * error that ended either: was it that? Then what was done under the presumption is to be undone, and done without it.
 */
extern void ev_keys_presume_new(bool on);
extern void ev_key_require_new(void);
extern bool ev_key_was_not_new(const ErrorData *error);

/*
 * The whole of it, for a function whose last argument is the key and whose other arguments are the request: the answer of
 * work(fcinfo), or the first one again. scope_id: the event, NULL for what belongs to none; user_id: the actor, NULL for the
 * database's own caller.
 */
extern Datum ev_key_run(FunctionCallInfo fcinfo, const EvOperation *operation, const pg_uuid_t *scope_id,
						const pg_uuid_t *user_id, Datum (*work)(FunctionCallInfo fcinfo));

#endif
