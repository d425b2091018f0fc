/*
 * best_available.c
 *		The best available seats, told and explained; nothing is held.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "args.h"
#include "errors.h"
#include "event.h"
#include "id.h"
#include "money.h"
#include "pick.h"
#include "spi.h"
#include "tuple.h"

PG_FUNCTION_INFO_V1(evently_best_available);

EV_STATEMENT(read_labels,
			 "SELECT label FROM evently.event_seat WHERE event_id = $1 AND ordinal = ANY ($2) ORDER BY ordinal",
			 UUIDOID, INT4ARRAYOID);

/* What was found in the section that is best so far. */
typedef struct Choice
{
	const EvSection *section;
	EvSearch search;
	EvWindow *groups;
	int ngroups;
} Choice;

static bool
in_price_range(const EvSection *section, EvArg min, EvArg max)
{
	Datum price = NumericGetDatum(section->price);

	return (min.isnull || DatumGetBool(DirectFunctionCall2(numeric_ge, price, min.value))) &&
		(max.isnull || DatumGetBool(DirectFunctionCall2(numeric_le, price, max.value)));
}

/* Are the accessible seats or the single ones of a place fewer? Else the earlier section stays. */
static bool
is_more_fitting(const EvWindow *a, const EvWindow *b)
{
	return a->surplus != b->surplus ? a->surplus < b->surplus : a->singles < b->singles;
}

static void
refuse(const EvEvent *event, int quantity, int together, int available)
{
	EvDetail *detail = ev_detail_int(ev_detail_int(ev_detail_int(ev_detail_uuid(ev_detail(), "event_id", &event->event_id),
																 "requested", quantity),
												   "available", available),
									 "together", together);

	ev_raise(EV_INSUFFICIENT_SEATS, detail, together < available ? "Ask for fewer, or with split." : NULL,
			 "Not enough seats available");
}

static void
require_party(const EvEvent *event, int quantity, int accessible)
{
	if (quantity < 1 || quantity > event->max_tickets_per_booking)
		ev_invalid("quantity", "quantity must be between 1 and %d", event->max_tickets_per_booking);
	if (accessible < 0 || accessible > quantity)
		ev_invalid("accessible", "accessible must be between 0 and the quantity");
	for (int i = 0; i < event->nsections; i++)
	{
		if (event->sections[i].reserved)
			return;
	}
	ev_raise(EV_SEAT_MAP_MISSING, ev_detail_uuid(ev_detail(), "event_id", &event->event_id), "Ask for a quantity instead.",
			 "the event has no numbered seats");
}

/* Together in one section, the first of those where the place is as fitting; or split in the first that has enough. */
static Choice
choose(FunctionCallInfo fcinfo, const EvEvent *event, int quantity, int accessible, bool split)
{
	int asked = PG_ARGISNULL(2) ? -1 : ev_event_section_index(event, PG_GETARG_UUID_P(2));
	Choice together = {0};
	Choice apart = {0};
	int longest = 0;
	int available = 0;

	for (int i = 0; i < event->nsections; i++)
	{
		const EvSection *section = &event->sections[i];
		Choice choice = {.section = section};

		if ((asked >= 0 && i != asked) || !section->reserved || !in_price_range(section, ev_arg(3), ev_arg(4)))
			continue;
		choice.search = ev_pick_search(event, section, quantity, accessible, GetCurrentTimestamp());
		longest = Max(longest, choice.search.longest);
		available = Max(available, choice.search.nseats);
		if (choice.search.found &&
			(together.section == NULL || is_more_fitting(&choice.search.best, &together.search.best)))
			together = choice;
		if (!choice.search.found && split && apart.section == NULL)
		{
			choice.groups = ev_search_split(&choice.search, &choice.ngroups);
			if (choice.groups != NULL)
				apart = choice;
		}
	}
	if (together.section != NULL)
	{
		together.groups = palloc(sizeof(EvWindow));
		*together.groups = together.search.best;
		together.ngroups = 1;
		return together;
	}
	if (apart.section == NULL)
		refuse(event, quantity, longest, available);
	return apart;
}

static char *
explanation(const Choice *choice, int quantity)
{
	StringInfoData text;
	int singles = 0;
	int surplus = 0;

	initStringInfo(&text);
	appendStringInfo(&text, "section %s: ", choice->section->name);
	if (quantity == 1)
		appendStringInfoString(&text, "the seat nearest to the middle of its front");
	else if (choice->ngroups == 1)
		appendStringInfo(&text, "%d seats beside each other, nearest to the middle of its front", quantity);
	else
		appendStringInfo(&text, "no %d seats are free beside each other; %d groups, the largest first", quantity,
						 choice->ngroups);
	for (int i = 0; i < choice->ngroups; i++)
	{
		singles += choice->groups[i].singles;
		surplus += choice->ngroups == 1 ? choice->groups[i].surplus : 0;
	}
	if (choice->ngroups == 1)
		appendStringInfoString(&text, singles > 0 ? "; no other place leaves fewer single seats" : "; no single seat is left beside them");
	if (surplus > 0)
		appendStringInfo(&text, "; with %d accessible seats more than asked for, as nothing else is free", surplus);
	return text.data;
}

static EvArg
labels_of(const EvEvent *event, const Choice *choice, int quantity)
{
	int *ordinals = palloc(quantity * sizeof(int));
	char **labels = palloc(quantity * sizeof(char *));
	int n = 0;

	for (int g = 0; g < choice->ngroups; g++)
	{
		for (int i = 0; i < choice->groups[g].length; i++)
			ordinals[n++] = choice->search.seats[choice->groups[g].first + i].ordinal;
	}
	n = (int) ev_query(&read_labels, ev_uuid(&event->event_id), ev_int_array(ordinals, n));
	for (int i = 0; i < n; i++)
		labels[i] = ev_get_text(i, 1);
	return ev_text_array(labels, n);
}

/* best_available(event_id, quantity, section_id, min_price, max_price, accessible, split) */
Datum
evently_best_available(PG_FUNCTION_ARGS)
{
	int quantity = PG_ARGISNULL(1) ? 1 : PG_GETARG_INT32(1);
	int accessible = PG_ARGISNULL(5) ? 0 : PG_GETARG_INT32(5);
	EvEvent *event;
	Choice choice;
	Numeric total;
	EvRow row;

	ev_begin(EV_READS);
	event = ev_event_load(ev_required_uuid(fcinfo, 0, "event_id"));
	require_party(event, quantity, accessible);
	choice = choose(fcinfo, event, quantity, accessible, !PG_ARGISNULL(6) && PG_GETARG_BOOL(6));
	total = choice.section->price;
	for (int i = 1; i < quantity; i++)
		total = ev_money_add(total, choice.section->price);

	row = ev_row(fcinfo);
	ev_row_add(&row, ev_uuid(&event->event_id));
	ev_row_add(&row, ev_uuid(&choice.section->section_id));
	ev_row_add_text(&row, choice.section->name);
	ev_row_add(&row, labels_of(event, &choice, quantity));
	ev_row_add(&row, ev_int(quantity));
	ev_row_add(&row, ev_datum(NumericGetDatum(choice.section->price)));
	ev_row_add(&row, ev_datum(NumericGetDatum(total)));
	ev_row_add_text(&row, event->currency);
	ev_row_add(&row, ev_bool(choice.ngroups == 1));
	ev_row_add(&row, ev_int(choice.ngroups));
	ev_row_add_text(&row, explanation(&choice, quantity));
	PG_RETURN_DATUM(ev_end(ev_row_datum(&row)));
}
