/*
 * choice.c
 *		What a request is served from.
 */
#include "postgres.h"

#include "choice.h"
#include "errors.h"
#include "id.h"
#include "stock.h"

/* Ticket types that the request may be served from; a NULL where the event has none. */
typedef struct Types
{
	int n;
	const EvTicketType **types;
} Types;

/* Does the type sell the seats that are named, or of the section asked for? */
static bool
fits(const EvTicketType *type, const EvRequest *request, const EvGrant *grant)
{
	for (int i = 0; request->seats != NULL && i < grant->quantity; i++)
	{
		if (!ev_ticket_type_sold_in(type, &grant->event->sections[grant->seats[i].section].section_id))
			return false;
	}
	return request->section_id == NULL || ev_ticket_type_sold_in(type, request->section_id);
}

/* None is open: why not the first of those that fit? */
static void
refuse_all(const EvRequest *request, const EvGrant *grant, const EvTicketType *types, int n, TimestampTz clock)
{
	for (int i = 0; i < n; i++)
	{
		if (fits(&types[i], request, grant))
			ev_ticket_type_require_open(grant->event, &types[i], grant->code, grant->quantity, clock);
	}
	ev_raise(EV_TICKET_TYPE_NOT_FOUND, ev_detail_uuid(ev_detail(), "event_id", &request->event_id), NULL,
			 "no ticket type is sold there");
}

static Types
open_types(const EvRequest *request, const EvGrant *grant, TimestampTz clock)
{
	int n = 0;
	bool typed = grant->event->has_ticket_types && request->reason == NULL;
	EvTicketType *types = typed ? ev_ticket_types_load(&request->event_id, &n) : NULL;
	Types open = {0, palloc0(Max(n, 1) * sizeof(EvTicketType *))};

	if (request->ticket_type != NULL)
	{
		open.types[open.n++] = ev_ticket_type_named(grant->event, types, n, request->ticket_type);
		ev_ticket_type_require_open(grant->event, open.types[0], grant->code, grant->quantity, clock);
		if (!fits(open.types[0], request, grant))
			ev_invalid("ticket_type", "ticket type %s is sold in another section", open.types[0]->name);
		return open;
	}
	for (int i = 0; i < n; i++)
	{
		if (fits(&types[i], request, grant) &&
			ev_ticket_type_is_open(&types[i], grant->code, grant->quantity, clock))
			open.types[open.n++] = &types[i];
	}
	if (n > 0 && open.n == 0)
		refuse_all(request, grant, types, n, clock);
	open.n = Max(open.n, 1);
	return open;
}

/* The pools of a type and those of the code. */
static EvPoolIds
pools_of(const EvGrant *grant, const EvTicketType *type)
{
	int nquotas = type ? type->quotas.n : 0;
	EvPoolIds pools = {nquotas, NULL};

	if (nquotas == 0 && (grant->code == NULL || !grant->code->limited))
		return pools;
	pools.ids = palloc((nquotas + 1) * sizeof(pg_uuid_t));
	if (nquotas > 0)
		memcpy(pools.ids, type->quotas.ids, nquotas * sizeof(pg_uuid_t));
	if (grant->code != NULL && grant->code->limited)
		pools.ids[pools.n++] = grant->code->code_id;
	return pools;
}

static void
choose(const EvRequest *request, EvGrant *grant, const EvTicketType *type, EvSection *section)
{
	grant->type = type;
	grant->section = section;
	grant->pools = ev_pools_load(&request->event_id, pools_of(grant, type));
}

/* Where a type may be bought: a NULL for seats that are named. */
static EvSection **
sections_of(const EvRequest *request, const EvGrant *grant, const EvTicketType *type, int *n)
{
	EvEvent *event = grant->event;
	const pg_uuid_t *only = request->section_id ? request->section_id : type ? type->section_id
																			 : NULL;
	EvSection **sections = palloc0(Max(event->nsections, 1) * sizeof(EvSection *));

	*n = 1;
	if (request->seats != NULL)
		return sections;
	if (only != NULL)
	{
		sections[0] = &event->sections[ev_event_section_index(event, only)];
		return sections;
	}
	for (*n = 0; *n < event->nsections; (*n)++)
		sections[*n] = &event->sections[*n];
	return sections;
}

static void
refuse_sold_out(const EvRequest *request, int available)
{
	ev_raise(EV_INSUFFICIENT_SEATS,
			 ev_detail_uuid(ev_detail_int(ev_detail_int(ev_detail(), "requested", request->quantity),
										  "available", available),
							"event_id", &request->event_id),
			 NULL, "Not enough seats available");
}

static void
require_uses(const EvRequest *request, const EvGrant *grant, TimestampTz clock)
{
	EvPoolIds pool = {1, &grant->code->code_id};
	int uses = ev_pools_least(&request->event_id, pool, clock);

	if (uses < request->quantity)
		ev_raise(EV_ACCESS_CODE_USED_UP,
				 ev_detail_uuid(ev_detail_int(ev_detail_int(ev_detail(), "requested", request->quantity),
											  "available", uses),
								"event_id", &request->event_id),
				 NULL, "the access code has not that many uses left");
}

/* Of seats that are named it is known already. */
static bool
is_behind(const EvRequest *request, const EvGrant *grant, const EvSection *section)
{
	return section != NULL && ev_request_is_behind(request, grant->event, section - grant->event->sections);
}

static void
choose_with_room(const EvRequest *request, EvGrant *grant, Types types, TimestampTz clock)
{
	int *places = request->seats == NULL ? ev_stock_available(grant->event, clock) : NULL;
	int most = 0;
	bool behind = false;

	if (grant->code != NULL && grant->code->limited)
		require_uses(request, grant, clock);
	for (int i = 0; i < types.n; i++)
	{
		int least = ev_pools_least(&request->event_id, pools_of(grant, types.types[i]), clock);
		int nsections;
		EvSection **sections = sections_of(request, grant, types.types[i], &nsections);

		for (int s = 0; s < nsections; s++)
		{
			int room = places ? Min(least, places[sections[s] - grant->event->sections]) : least;

			if (room >= request->quantity && is_behind(request, grant, sections[s]))
				behind = true;
			else if (room >= request->quantity)
			{
				choose(request, grant, types.types[i], sections[s]);
				return;
			}
			most = Max(most, room);
		}
	}
	if (behind || grant->others_first)
		ev_refuse_behind(request);
	refuse_sold_out(request, most);
}

void
ev_choose(const EvRequest *request, EvGrant *grant, TimestampTz clock, bool counted)
{
	Types types = open_types(request, grant, clock);
	int nsections;
	EvSection **sections = sections_of(request, grant, types.types[0], &nsections);

	if (types.n == 1 && nsections == 1 && is_behind(request, grant, sections[0]))
		ev_refuse_behind(request);
	if (types.n == 1 && nsections == 1 && !counted)
		choose(request, grant, types.types[0], sections[0]);
	else
		choose_with_room(request, grant, types, clock);
}
