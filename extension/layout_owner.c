/*
 * layout_owner.c
 *		Locks the venue or the venue template whose layout is edited.
 */
#include "postgres.h"

#include "errors.h"
#include "layout.h"
#include "layout_owner.h"
#include "outbox.h"
#include "render.h"
#include "venue.h"
#include "venue_template.h"

EV_STATEMENT(lock_venue,
			 "SELECT NULL::integer, NULL::integer FROM evently.venue WHERE venue_id = $1 FOR UPDATE",
			 UUIDOID);

EV_STATEMENT(lock_template,
			 "SELECT default_rows, default_seats_per_row FROM evently.venue_template"
			 " WHERE venue_template_id = $1 FOR UPDATE",
			 UUIDOID);

EV_STATEMENT(touch_venue,
			 "UPDATE evently.venue SET version = version + 1,"
			 " capacity = (SELECT coalesce(sum(s.capacity), 0) FROM evently.venue_section s WHERE s.venue_id = $1)"
			 " WHERE venue_id = $1 RETURNING capacity",
			 UUIDOID);

EV_STATEMENT(touch_template,
			 "UPDATE evently.venue_template SET version = version + 1,"
			 " capacity = (SELECT coalesce(sum(s.capacity), 0) FROM evently.venue_section s WHERE s.venue_id = $1)"
			 " WHERE venue_template_id = $1 RETURNING capacity",
			 UUIDOID);

/* Of a venue or a template: the layout of an event cannot be edited. */
EV_STATEMENT(layout_of_section,
			 "SELECT s.venue_id FROM evently.venue_section s WHERE s.section_id = $1"
			 "   AND NOT EXISTS (SELECT FROM evently.event e WHERE e.event_id = s.venue_id)",
			 UUIDOID);

EV_STATEMENT(section_exists,
			 "SELECT 1 FROM evently.venue_section WHERE section_id = $1",
			 UUIDOID);

EV_STATEMENT(layout_of_seat,
			 "SELECT s.venue_id FROM evently.venue_seat s WHERE s.seat_id = $1"
			 "   AND NOT EXISTS (SELECT FROM evently.event e WHERE e.event_id = s.venue_id)",
			 UUIDOID);

EV_STATEMENT(seat_exists,
			 "SELECT 1 FROM evently.venue_seat WHERE seat_id = $1",
			 UUIDOID);

static EvArg
copied(int column)
{
	return ev_is_null(0, column) ? ev_null() : ev_datum(ev_copied_value(0, column));
}

/* False where there is no venue and no template of that id. */
static bool
lock_owner(EvLayoutOwner *owner, const pg_uuid_t *id)
{
	if (ev_query(&lock_venue, ev_uuid(id)) > 0)
		*owner = (EvLayoutOwner){*id, "VENUE", "VENUE_UPDATED", &touch_venue};
	else if (ev_query(&lock_template, ev_uuid(id)) > 0)
		*owner = (EvLayoutOwner){*id, "VENUE_TEMPLATE", "VENUE_TEMPLATE_UPDATED", &touch_template};
	else
		return false;
	owner->default_rows = copied(1);
	owner->default_seats_per_row = copied(2);
	return true;
}

EvLayoutOwner
ev_layout_owner_of_arguments(FunctionCallInfo fcinfo)
{
	EvLayoutOwner owner;

	if (PG_ARGISNULL(0) == PG_ARGISNULL(1))
		ev_invalid("venue_template_id", "name a venue_id or a venue_template_id");
	if (!PG_ARGISNULL(0) && (!lock_owner(&owner, PG_GETARG_UUID_P(0)) || owner.touch != &touch_venue))
		ev_venue_not_found(PG_GETARG_UUID_P(0));
	if (!PG_ARGISNULL(1) && (!lock_owner(&owner, PG_GETARG_UUID_P(1)) || owner.touch != &touch_template))
		ev_venue_template_not_found(PG_GETARG_UUID_P(1));
	return owner;
}

void
ev_section_not_found(const pg_uuid_t *section_id)
{
	ev_raise(EV_SECTION_NOT_FOUND, ev_detail_uuid(ev_detail(), "section_id", section_id), NULL, "section not found");
}

/* The section may be gone once the lock is granted. */
EvLayoutOwner
ev_layout_owner_of_section(const pg_uuid_t *section_id)
{
	EvLayoutOwner owner;
	pg_uuid_t layout_id;

	if (ev_query(&layout_of_section, ev_uuid(section_id)) == 0)
		ev_section_not_found(section_id);
	layout_id = ev_get_uuid(0, 1);
	if (!lock_owner(&owner, &layout_id) || ev_query(&section_exists, ev_uuid(section_id)) == 0)
		ev_section_not_found(section_id);
	return owner;
}

void
ev_seat_not_found(const pg_uuid_t *seat_id)
{
	ev_raise(EV_SEAT_NOT_FOUND, ev_detail_uuid(ev_detail(), "seat_id", seat_id), NULL, "seat not found");
}

EvLayoutOwner
ev_layout_owner_of_seat(const pg_uuid_t *seat_id)
{
	EvLayoutOwner owner;
	pg_uuid_t layout_id;

	if (ev_query(&layout_of_seat, ev_uuid(seat_id)) == 0)
		ev_seat_not_found(seat_id);
	layout_id = ev_get_uuid(0, 1);
	if (!lock_owner(&owner, &layout_id) || ev_query(&seat_exists, ev_uuid(seat_id)) == 0)
		ev_seat_not_found(seat_id);
	return owner;
}

int
ev_layout_touch(const EvLayoutOwner *owner)
{
	int capacity;

	ev_query(owner->touch, ev_uuid(&owner->id));
	capacity = ev_get_int(0, 1);
	if (capacity > EV_MAX_CAPACITY)
		ev_invalid("capacity", "the sections have more than %d places", EV_MAX_CAPACITY);
	return capacity;
}

Datum
ev_layout_answer(const EvLayoutOwner *owner, const pg_uuid_t *actor_id, Datum answer)
{
	ev_outbox_add(NULL, owner->aggregatetype, &owner->id, owner->event, actor_id, ev_render(answer));
	return answer;
}
