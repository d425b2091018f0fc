/*
 * policy_change.c
 *		Terms of cancellation: made, changed, read.
 *
 * A change takes Q exclusive, so every booking was made under the version it names: the one before or the one after.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "args.h"
#include "errors.h"
#include "event_check.h"
#include "event_manage.h"
#include "idempotency.h"
#include "money.h"
#include "outbox.h"
#include "permission.h"
#include "spi.h"
#include "tuple.h"

#define MAX_TIERS 20
#define MAX_HOURS 87840 /* ten leap years */
#define MAX_DAYS 365

PG_FUNCTION_INFO_V1(evently_create_cancellation_policy);
PG_FUNCTION_INFO_V1(evently_update_cancellation_policy);
PG_FUNCTION_INFO_V1(evently_get_cancellation_policy);

EV_STATEMENT(load_policy,
			 "SELECT allow_cancellation, cancellation_deadline, fee_type, fee_amount, tiers, refund_processing_days"
			 "  FROM evently.cancellation_policy WHERE event_id = $1 AND version = $2",
			 UUIDOID, INT4OID);

EV_STATEMENT(read_tiers,
			 "SELECT CASE WHEN jsonb_typeof(e->'hours_before') = 'number' THEN (e->>'hours_before')::numeric END,"
			 "       coalesce(e->>'fee_type', 'none'),"
			 "       CASE WHEN jsonb_typeof(e->'fee_amount') = 'number' THEN (e->>'fee_amount')::numeric ELSE 0 END"
			 "  FROM jsonb_array_elements($1) e",
			 JSONBOID);

EV_STATEMENT(build_tiers,
			 "SELECT coalesce(jsonb_agg(jsonb_build_object('hours_before', h, 'fee_type', t, 'fee_amount', a) ORDER BY h DESC), '[]')"
			 "  FROM unnest($1, $2, $3) r (h, t, a)",
			 INT4ARRAYOID, TEXTARRAYOID, NUMERICARRAYOID);

EV_STATEMENT(insert_policy,
			 "INSERT INTO evently.cancellation_policy (event_id, version, allow_cancellation, cancellation_deadline, fee_type,"
			 " fee_amount, tiers, refund_processing_days, created_by, created_at)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
			 UUIDOID, INT4OID, BOOLOID, TIMESTAMPTZOID, TEXTOID, NUMERICOID, JSONBOID, INT4OID, UUIDOID, TIMESTAMPTZOID);

EV_STATEMENT(set_version,
			 "UPDATE evently.event SET policy_version = $2 WHERE event_id = $1",
			 UUIDOID, INT4OID);

EV_STATEMENT(read_policy,
			 "SELECT evently.describe_policy(p, e.currency)"
			 "  FROM evently.event e"
			 "  JOIN evently.cancellation_policy p ON p.event_id = e.event_id AND p.version = coalesce($2, e.policy_version)"
			 " WHERE e.event_id = $1",
			 UUIDOID, INT4OID);

EV_STATEMENT(terms_as_text,
			 "SELECT jsonb_build_array($1, $2, $3, $4, $5, $6, $7)::text",
			 INT4OID, BOOLOID, TIMESTAMPTZOID, TEXTOID, NUMERICOID, JSONBOID, INT4OID);

EV_STATEMENT(replay_policy,
			 "SELECT json_populate_record(NULL::evently.policy_detail, $1)",
			 JSONOID);

static const EvOperation create_operation = {"create_policy", &replay_policy};
static const EvOperation update_operation = {"update_policy", &replay_policy};

/* Who asks for a change of which. */
typedef struct Change
{
	pg_uuid_t *event_id;
	pg_uuid_t *actor_id;
	EvKey key;
} Change;

/* As they were asked for; null for what was not. */
typedef struct Terms
{
	EvArg version; /* the one that is changed, as far as its changer knows */
	EvArg allowed;
	EvArg deadline;
	EvArg fee_type;
	EvArg fee_amount;
	EvArg tiers;
	EvArg days;
} Terms;

static Terms
terms_argument(FunctionCallInfo fcinfo, EvArg version, int first)
{
	return (Terms){
		.version = version,
		.allowed = ev_arg(first),
		.deadline = ev_arg(first + 1),
		.fee_type = ev_arg(first + 2),
		.fee_amount = ev_arg(first + 3),
		.tiers = ev_arg(first + 4),
		.days = ev_arg(first + 5),
	};
}

static char *
canonical(const void *asked)
{
	const Terms *terms = asked;

	ev_query(&terms_as_text, terms->version, terms->allowed, terms->deadline, terms->fee_type, terms->fee_amount,
			 terms->tiers, terms->days);
	return ev_get_text(0, 1);
}

static EvDetail *
facts(const EvEvent *event)
{
	return ev_detail_uuid(ev_detail(), "event_id", &event->event_id);
}

/* The versions are those of the terms: what else is changed of the event is no concern of theirs. */
static EvEvent *
begin_change(const Change *change)
{
	EvEvent *event = ev_event_manage(change->event_id, change->actor_id, ev_null());

	ev_event_require_not_final(event);
	return event;
}

/* NaN and infinity are above every limit. */
static bool
is_within(Numeric value, int64 most)
{
	Datum v = NumericGetDatum(value);

	return DatumGetBool(DirectFunctionCall2(numeric_ge, v, NumericGetDatum(int64_to_numeric(0)))) &&
		DatumGetBool(DirectFunctionCall2(numeric_le, v, NumericGetDatum(int64_to_numeric(most))));
}

static Numeric
fee(const char *field, const char *type, Numeric amount, const char *currency)
{
	if (strcmp(type, "none") == 0)
		return int64_to_numeric(0);
	if (strcmp(type, "percentage") == 0)
	{
		if (!is_within(amount, 100))
			ev_invalid(field, "a percentage is between 0 and 100");
		return amount;
	}
	if (!is_within(amount, INT64CONST(1000000000000)))
		ev_invalid(field, "a fee is between 0 and 1e12");
	ev_require_decimals(field, amount, currency);
	return ev_money_round(amount, currency);
}

/* The place of an hour among those before it: each once. */
static int
hours(int tier, const int *before)
{
	Numeric given;

	if (ev_is_null(tier, 1))
		ev_invalid("tiers", "a tier needs hours_before, a number");
	given = DatumGetNumeric(ev_copied_value(tier, 1));
	if (!is_within(given, MAX_HOURS) ||
		DatumGetBool(DirectFunctionCall2(numeric_ne, NumericGetDatum(given),
										 DirectFunctionCall1(numeric_floor, NumericGetDatum(given)))))
		ev_invalid("tiers", "hours_before must be a whole number from 0 to %d", MAX_HOURS);
	for (int i = 0; i < tier; i++)
	{
		if (before[i] == numeric_int4_opt_error(given, NULL))
			ev_invalid("tiers", "two tiers have the same hours_before");
	}
	return numeric_int4_opt_error(given, NULL);
}

/* In the form that is stored. */
static EvArg
checked_tiers(EvArg given, const char *currency)
{
	int hours_before[MAX_TIERS];
	char *types[MAX_TIERS];
	Datum amounts[MAX_TIERS];
	uint64 n;

	ev_require_objects(given, "tiers");
	n = ev_query(&read_tiers, given);
	if (n > MAX_TIERS)
		ev_invalid("tiers", "at most %d tiers", MAX_TIERS);
	for (uint64 i = 0; i < n; i++)
	{
		hours_before[i] = hours(i, hours_before);
		types[i] = ev_word(ev_get_text(i, 2), "tiers", "none, fixed, percentage");
		amounts[i] = NumericGetDatum(fee("tiers", types[i], DatumGetNumeric(ev_copied_value(i, 3)), currency));
	}
	ev_query(&build_tiers, ev_int_array(hours_before, n), ev_text_array(types, n), ev_array(amounts, n, NUMERICOID));
	return ev_datum(ev_copied_value(0, 1));
}

/* What is not asked for stays as it is in the present version. */
static void
complete(Terms *terms, const EvEvent *event)
{
	EvArg *members[] = {&terms->allowed, &terms->deadline, &terms->fee_type, &terms->fee_amount, &terms->tiers, &terms->days};

	ev_query(&load_policy, ev_uuid(&event->event_id), ev_int(event->policy_version));
	for (int i = 0; i < lengthof(members); i++)
	{
		if (members[i]->isnull && !ev_is_null(0, i + 1))
			*members[i] = ev_datum(ev_copied_value(0, i + 1));
	}
}

static EvArg
or_else(EvArg given, EvArg otherwise)
{
	return given.isnull ? otherwise : given;
}

static void
check(Terms *terms, const char *currency)
{
	char *type = terms->fee_type.isnull
		? "none"
		: ev_word(TextDatumGetCString(terms->fee_type.value), "fee_type", "none, fixed, percentage");
	Numeric amount = terms->fee_amount.isnull ? int64_to_numeric(0) : DatumGetNumeric(terms->fee_amount.value);

	terms->allowed = or_else(terms->allowed, ev_bool(true));
	terms->fee_type = ev_text(type);
	terms->fee_amount = ev_datum(NumericGetDatum(fee("fee_amount", type, amount, currency)));
	terms->tiers = checked_tiers(or_else(terms->tiers, ev_datum(DirectFunctionCall1(jsonb_in, CStringGetDatum("[]")))), currency);
	terms->days = or_else(terms->days, ev_int(0));
	if (DatumGetInt32(terms->days.value) < 0 || DatumGetInt32(terms->days.value) > MAX_DAYS)
		ev_invalid("refund_processing_days", "refund_processing_days must be between 0 and %d", MAX_DAYS);
	if (!terms->deadline.isnull && TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(terms->deadline.value)))
		terms->deadline = ev_null();
}

static Datum
policy_of(const pg_uuid_t *event_id, EvArg version)
{
	if (ev_query(&read_policy, ev_uuid(event_id), version) == 0)
		ev_raise(EV_POLICY_NOT_FOUND, ev_detail_uuid(ev_detail(), "event_id", event_id),
				 "Without a policy bookings are cancelled free of charge until the event starts.",
				 "the event has no such cancellation policy");
	return ev_copied_value(0, 1);
}

static Datum
store(const Change *change, const EvEvent *event, Terms *terms, const char *what)
{
	EvArg event_id = ev_uuid(change->event_id);
	EvArg version = ev_int(event->policy_version + 1);
	Datum policy;

	check(terms, event->currency);
	ev_query(&insert_policy, event_id, version, terms->allowed, terms->deadline, terms->fee_type, terms->fee_amount,
			 terms->tiers, terms->days, ev_maybe_uuid(change->actor_id), ev_time(GetCurrentTimestamp()));
	ev_query(&set_version, event_id, version);
	policy = policy_of(change->event_id, version);
	ev_outbox_answer(&change->key, change->event_id, "EVENT", change->event_id, what, change->actor_id, policy);
	return policy;
}

static Datum
create(const Change *change, Terms *terms)
{
	const EvEvent *event = begin_change(change);

	if (event->policy_version > 0)
		ev_raise(EV_POLICY_EXISTS, ev_detail_int(facts(event), "version", event->policy_version),
				 "Use update_cancellation_policy(), or PUT.", "the event has a cancellation policy already");
	return store(change, event, terms, "CANCELLATION_POLICY_CREATED");
}

static Datum
update(const Change *change, Terms *terms)
{
	const EvEvent *event = begin_change(change);

	if (event->policy_version == 0)
		(void) policy_of(change->event_id, ev_null());
	ev_require_version(terms->version, event->policy_version, facts(event), "policy");
	complete(terms, event);
	return store(change, event, terms, "CANCELLATION_POLICY_UPDATED");
}

static Datum
change_terms(FunctionCallInfo fcinfo, const EvOperation *operation, Terms terms, int key_argument,
			 Datum (*work)(const Change *, Terms *))
{
	static const pg_uuid_t nobody;
	Change change = {
		.event_id = ev_required_uuid(fcinfo, 0, "event_id"),
		.actor_id = ev_uuid_argument(fcinfo, 1),
	};
	Datum result;

	if (!ev_key_open(&change.key, operation, change.event_id, change.actor_id ? change.actor_id : &nobody,
					 ev_text_argument(fcinfo, key_argument), canonical, &terms, &result))
		result = work(&change, &terms);
	return ev_end(result);
}

/*
 * create_cancellation_policy(event_id, actor_id, allow_cancellation, cancellation_deadline, fee_type, fee_amount, tiers,
 * refund_processing_days, idempotency_key)
 */
Datum
evently_create_cancellation_policy(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(change_terms(fcinfo, &create_operation, terms_argument(fcinfo, ev_null(), 2), 8, create));
}

/*
 * update_cancellation_policy(event_id, actor_id, version, allow_cancellation, cancellation_deadline, fee_type, fee_amount,
 * tiers, refund_processing_days, idempotency_key)
 */
Datum
evently_update_cancellation_policy(PG_FUNCTION_ARGS)
{
	ev_begin(EV_WRITES);
	PG_RETURN_DATUM(change_terms(fcinfo, &update_operation, terms_argument(fcinfo, ev_arg(2), 3), 9, update));
}

/* get_cancellation_policy(event_id, actor_id, version) */
Datum
evently_get_cancellation_policy(PG_FUNCTION_ARGS)
{
	pg_uuid_t *event_id;

	ev_begin(EV_READS);
	event_id = ev_required_uuid(fcinfo, 0, "event_id");
	(void) ev_event_load(event_id);
	ev_require_event_permission(ev_uuid_argument(fcinfo, 1), event_id, "events:own");
	PG_RETURN_DATUM(ev_end(policy_of(event_id, ev_arg(2))));
}
