/*
 * waitlist_order.c
 *		Whose turn it is.
 */
#include "postgres.h"

#include "fmgr.h"

#include "spi.h"
#include "tuple.h"
#include "waitlist_order.h"

PG_FUNCTION_INFO_V1(evently_waitlist_order);

EvFree
ev_free(int nsections, const int *largest, int *available, bool skip_unfit)
{
	return (EvFree){
		.nsections = nsections,
		.largest = largest,
		.available = available,
		.kept = palloc0(nsections * sizeof(bool)),
		.skip_unfit = skip_unfit,
	};
}

/* What he waits for. */
static void
find_sections(const EvFree *free, int section, int *first, int *last)
{
	*first = section == EV_ANY_SECTION ? 0 : section;
	*last = section == EV_ANY_SECTION ? free->nsections - 1 : section;
}

static void
keep(EvFree *free, int section, int quantity)
{
	int first;
	int last;

	find_sections(free, section, &first, &last);
	for (int i = first; i <= last; i++)
	{
		if (free->largest[i] >= quantity)
			free->kept[i] = !free->skip_unfit;
	}
}

void
ev_not_served(EvFree *free, int section, int served_from, int quantity)
{
	free->available[served_from] += quantity;
	keep(free, section, quantity);
}

int
ev_serve(EvFree *free, int section, int quantity)
{
	int first;
	int last;
	bool may_fit = false;

	find_sections(free, section, &first, &last);
	for (int i = first; i <= last; i++)
	{
		if (free->largest[i] < quantity)
			continue;
		may_fit = true;
		if (!free->kept[i] && free->available[i] >= quantity)
		{
			free->available[i] -= quantity;
			return i;
		}
	}
	if (!may_fit)
		return EV_TOO_LARGE;
	keep(free, section, quantity);
	return EV_WAITS;
}

/* In SQL sections are numbered from 1, 0 is any; the answer is a section, 0 for "waits", -1 for "too large". */
Datum
evently_waitlist_order(PG_FUNCTION_ARGS)
{
	int nwaiters;
	int nquantities;
	int nsections;
	int ncapacities;
	int *sections = ev_ints_of(PG_GETARG_DATUM(0), &nwaiters);
	int *quantities = ev_ints_of(PG_GETARG_DATUM(1), &nquantities);
	int *available = ev_ints_of(PG_GETARG_DATUM(2), &nsections);
	int *capacities = ev_ints_of(PG_GETARG_DATUM(3), &ncapacities);
	EvFree free = ev_free(nsections, capacities, available, PG_GETARG_BOOL(4));
	int *served = palloc(nwaiters * sizeof(int));

	if (nquantities != nwaiters || ncapacities != nsections)
		elog(ERROR, "the arrays do not belong together");
	for (int i = 0; i < nwaiters; i++)
	{
		if (sections[i] < 0 || sections[i] > nsections)
			elog(ERROR, "there is no section %d", sections[i]);
		served[i] = ev_serve(&free, sections[i] - 1, quantities[i]) + 1;
	}
	PG_RETURN_DATUM(ev_int_array(served, nwaiters).value);
}
