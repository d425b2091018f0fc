/*
 * ticket_type.c
 *		Ticket types as they are sold. ticket_type_change.c makes and changes them.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "errors.h"
#include "id.h"
#include "money.h"
#include "render.h"
#include "ticket_type.h"

EV_STATEMENT(load_types,
			 "SELECT t.type_id, t.name, t.section_id, t.price, t.price_multiplier,"
			 "       coalesce(t.sale_start_time, '-infinity'), coalesce(t.sale_end_time, 'infinity'), t.requires_code,"
			 "       coalesce(t.max_per_booking, 2147483647),"
			 "       ARRAY(SELECT q.quota_id FROM evently.quota q"
			 "              WHERE q.event_id = t.event_id AND t.type_id = ANY (q.type_ids))"
			 "  FROM evently.ticket_type t WHERE t.event_id = $1 AND t.is_active ORDER BY t.ordinal, t.type_id",
			 UUIDOID);

static Numeric
maybe_numeric(uint64 row, int column)
{
	return ev_is_null(row, column) ? NULL : DatumGetNumeric(ev_copied_value(row, column));
}

EvTicketType *
ev_ticket_types_load(const pg_uuid_t *event_id, int *n)
{
	EvTicketType *types;

	*n = (int) ev_query(&load_types, ev_uuid(event_id));
	types = palloc(Max(*n, 1) * sizeof(EvTicketType));
	for (int i = 0; i < *n; i++)
		types[i] = (EvTicketType){
			.type_id = ev_get_uuid(i, 1),
			.name = ev_get_text(i, 2),
			.section_id = ev_is_null(i, 3) ? NULL : DatumGetUUIDP(ev_copied_value(i, 3)),
			.price = maybe_numeric(i, 4),
			.multiplier = maybe_numeric(i, 5),
			.sale_start = ev_get_time(i, 6),
			.sale_end = ev_get_time(i, 7),
			.requires_code = ev_get_bool(i, 8),
			.max_per_booking = ev_get_int(i, 9),
			.quotas = ev_pool_ids(i, 10),
		};
	return types;
}

const EvTicketType *
ev_ticket_type_named(const EvEvent *event, const EvTicketType *types, int n, const char *name)
{
	pg_uuid_t id;
	bool is_id = ev_parse_uuid(name, &id);

	for (int i = 0; i < n; i++)
	{
		if (is_id ? ev_same_id(&types[i].type_id, &id) : pg_strcasecmp(types[i].name, name) == 0)
			return &types[i];
	}
	ev_raise(EV_TICKET_TYPE_NOT_FOUND,
			 ev_detail_text(ev_detail_uuid(ev_detail(), "event_id", &event->event_id), "ticket_type", name), NULL,
			 "the event has no such ticket type");
}

bool
ev_ticket_type_sold_in(const EvTicketType *type, const pg_uuid_t *section_id)
{
	return type->section_id == NULL || ev_same_id(type->section_id, section_id);
}

bool
ev_ticket_type_is_open(const EvTicketType *type, const EvAccessCode *code, int quantity, TimestampTz clock)
{
	return (!type->requires_code || (code != NULL && ev_access_code_unlocks(code, &type->type_id))) &&
		clock >= type->sale_start && clock < type->sale_end && quantity <= type->max_per_booking;
}

static EvDetail *
facts(const EvEvent *event, const EvTicketType *type)
{
	return ev_detail_text(ev_detail_uuid(ev_detail(), "event_id", &event->event_id), "ticket_type", type->name);
}

void
ev_ticket_type_require_open(const EvEvent *event, const EvTicketType *type, const EvAccessCode *code, int quantity,
							TimestampTz clock)
{
	if (type->requires_code && (code == NULL || !ev_access_code_unlocks(code, &type->type_id)))
		ev_raise(EV_ACCESS_CODE_REQUIRED, facts(event, type), NULL, "this ticket type needs an access code");
	if (clock < type->sale_start)
		ev_raise(EV_SALE_NOT_STARTED,
				 ev_detail_text(facts(event, type), "sale_start_time", ev_render_time(type->sale_start)), NULL,
				 "the sale of this ticket type has not started");
	if (clock >= type->sale_end)
		ev_raise(EV_SALE_ENDED,
				 ev_detail_text(facts(event, type), "sale_end_time", ev_render_time(type->sale_end)), NULL,
				 "the sale of this ticket type has ended");
	if (quantity > type->max_per_booking)
		ev_raise(EV_LIMIT_EXCEEDED,
				 ev_detail_int(ev_detail_int(facts(event, type), "requested", quantity),
							   "max_per_booking", type->max_per_booking),
				 NULL, "at most %d tickets of this type per booking", type->max_per_booking);
}

Numeric
ev_ticket_type_price(const EvTicketType *type, const EvSection *section, const char *currency)
{
	if (type == NULL || (type->price == NULL && type->multiplier == NULL))
		return section->price;
	if (type->price != NULL)
		return type->price;
	return ev_money_round(DatumGetNumeric(DirectFunctionCall2(numeric_mul, NumericGetDatum(section->price),
															  NumericGetDatum(type->multiplier))),
						  currency);
}

void
ev_ticket_types_bound(const EvEvent *event, TimestampTz clock, int *available, int *largest)
{
	EvTicketType *types;
	int *left;
	int *party;
	int n;

	if (!event->has_ticket_types)
		return;
	types = ev_ticket_types_load(&event->event_id, &n);
	left = palloc0(event->nsections * sizeof(int));
	party = palloc0(event->nsections * sizeof(int));
	for (int t = 0; t < n; t++)
	{
		int least;
		int most;

		if (!ev_ticket_type_is_open(&types[t], NULL, 1, clock))
			continue;
		least = ev_pools_least(&event->event_id, types[t].quotas, clock);
		most = Min(types[t].max_per_booking, ev_pools_smallest(&event->event_id, types[t].quotas));
		for (int i = 0; i < event->nsections; i++)
		{
			if (!ev_ticket_type_sold_in(&types[t], &event->sections[i].section_id))
				continue;
			left[i] = Max(left[i], least);
			party[i] = Max(party[i], most);
		}
	}
	for (int i = 0; i < event->nsections; i++)
	{
		available[i] = Min(available[i], left[i]);
		largest[i] = Min(largest[i], party[i]);
	}
}
