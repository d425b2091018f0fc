/*
 * layout_owner.h
 *		Whose layout is edited: a venue's or a venue template's.
 *
 * Every edit locks the owner's row for update first, so edits of one layout come one after the other and none comes
 * between the two statements by which create_event() copies it, which locks that row for key share.
 */
#ifndef EV_LAYOUT_OWNER_H
#define EV_LAYOUT_OWNER_H

#include "fmgr.h"

#include "spi.h"

typedef struct EvLayoutOwner
{
	pg_uuid_t id;
	const char *aggregatetype;
	const char *event;
	EvStatement *touch;
	EvArg default_rows;
	EvArg default_seats_per_row;
} EvLayoutOwner;

/* The first two arguments, venue_id or venue_template_id: found and locked, or VENUE_NOT_FOUND and so on. */
extern EvLayoutOwner ev_layout_owner_of_arguments(FunctionCallInfo fcinfo);
/* The owner of a section, or of a seat, locked; SECTION_NOT_FOUND, SEAT_NOT_FOUND. */
extern EvLayoutOwner ev_layout_owner_of_section(const pg_uuid_t *section_id);
extern EvLayoutOwner ev_layout_owner_of_seat(const pg_uuid_t *seat_id);

/* After the edit: the owner's capacity is that of its sections, and its version counts edits of the layout too. */
extern int ev_layout_touch(const EvLayoutOwner *owner);
/* Tells of the edit. */
extern Datum ev_layout_answer(const EvLayoutOwner *owner, const pg_uuid_t *actor_id, Datum answer);

extern void ev_section_not_found(const pg_uuid_t *section_id) pg_attribute_noreturn();
extern void ev_seat_not_found(const pg_uuid_t *seat_id) pg_attribute_noreturn();

#endif
