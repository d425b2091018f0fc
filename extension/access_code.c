/*
 * access_code.c
 *		Access codes as a buyer presents them.
 */
#include "postgres.h"

#include "access_code.h"
#include "errors.h"
#include "id.h"
#include "tuple.h"

EV_STATEMENT(load_code,
			 "SELECT c.code_id, c.before_sale, c.type_ids, coalesce(c.valid_from, '-infinity'),"
			 "       coalesce(c.valid_until, 'infinity'),"
			 "       EXISTS (SELECT FROM evently.pool p WHERE p.event_id = c.event_id AND p.pool_id = c.code_id)"
			 "  FROM evently.access_code c WHERE c.event_id = $1 AND lower(c.code) = lower($2)",
			 UUIDOID, TEXTOID);

static void
refuse(const EvEvent *event)
{
	ev_raise(EV_ACCESS_CODE_INVALID, ev_detail_uuid(ev_detail(), "event_id", &event->event_id), NULL,
			 "the access code is not valid");
}

EvAccessCode *
ev_access_code_load(const EvEvent *event, const char *given)
{
	EvAccessCode *code = palloc(sizeof(EvAccessCode));

	if (ev_query(&load_code, ev_uuid(&event->event_id), ev_text(given)) == 0)
		refuse(event);
	*code = (EvAccessCode){
		.code_id = ev_get_uuid(0, 1),
		.before_sale = ev_get_bool(0, 2),
		.types = ev_pool_ids(0, 3),
		.all_types = ev_is_null(0, 3),
		.valid_from = ev_get_time(0, 4),
		.valid_until = ev_get_time(0, 5),
		.limited = ev_get_bool(0, 6),
	};
	return code;
}

void
ev_access_code_require_valid(const EvEvent *event, const EvAccessCode *code, TimestampTz clock)
{
	if (clock < code->valid_from || clock >= code->valid_until)
		refuse(event);
}

bool
ev_access_code_unlocks(const EvAccessCode *code, const pg_uuid_t *type_id)
{
	for (int i = 0; i < code->types.n; i++)
	{
		if (ev_same_id(&code->types.ids[i], type_id))
			return true;
	}
	return code->all_types;
}
