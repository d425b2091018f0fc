/*
 * event_manage.c
 *		What every change of an event begins and ends with.
 */
#include "postgres.h"

#include "args.h"
#include "event_manage.h"
#include "event_read.h"
#include "lock.h"
#include "outbox.h"
#include "permission.h"
#include "render.h"
#include "waitlist.h"

EV_STATEMENT(load_version,
			 "SELECT version FROM evently.event WHERE event_id = $1",
			 UUIDOID);

EV_STATEMENT(raise_version,
			 "UPDATE evently.event SET version = version + 1, updated_at = clock_timestamp() WHERE event_id = $1",
			 UUIDOID);

EvEvent *
ev_event_manage(const pg_uuid_t *event_id, const pg_uuid_t *actor_id, EvArg version)
{
	int present;

	ev_lock_event_exclusive(event_id);
	if (ev_query(&load_version, ev_uuid(event_id)) == 0)
		ev_event_not_found(event_id);
	present = ev_get_int(0, 1);
	ev_require_event_permission(actor_id, event_id, "events:own");
	ev_require_version(version, present, ev_detail_uuid(ev_detail(), "event_id", event_id), "event");
	return ev_event_load(event_id);
}

Datum
ev_event_changed(const pg_uuid_t *event_id, const pg_uuid_t *actor_id, const char *type)
{
	Datum detail;

	ev_query(&raise_version, ev_uuid(event_id));
	ev_hand_over(event_id, PG_INT32_MAX, GetCurrentTimestamp());
	detail = ev_event_detail(event_id);
	ev_outbox_add(event_id, "EVENT", event_id, type, actor_id, ev_render(detail));
	return detail;
}
