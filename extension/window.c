/*
 * window.c
 *		Which seats of a section are best.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"

#include "window.h"

#define FIRST_ROOM 128

EvSearch
ev_search(EvParty party)
{
	return (EvSearch){
		.party = party,
		.seats = palloc(FIRST_ROOM * sizeof(EvFreeSeat)),
		.room = FIRST_ROOM,
	};
}

/* Is the first better? */
static bool
beats(const EvWindow *a, const EvWindow *b)
{
	if (a->surplus != b->surplus)
		return a->surplus < b->surplus;
	if (a->singles != b->singles)
		return a->singles < b->singles;
	return a->distance < b->distance;
}

static bool
faultless(const EvSearch *search)
{
	return search->found && search->best.surplus == 0 && search->best.singles == 0;
}

/* Seats a free run: those beside each other from first on, of at most end. */
static int
run_length(const EvSearch *search, int first, int end)
{
	int length = 1;

	while (first + length < end && search->seats[first + length].ordinal == search->seats[first + length - 1].ordinal + 1 &&
		   strcmp(search->seats[first + length].row, search->seats[first].row) == 0)
		length++;
	return length;
}

static int
accessible_in(const EvSearch *search, int first, int length)
{
	int n = 0;

	for (int i = first; i < first + length; i++)
		n += search->seats[i].accessible ? 1 : 0;
	return n;
}

static double
number(Datum numeric)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, numeric));
}

/* How far to the right of the focus is the middle of n seats from the i-th on? */
static double
offset_of(const EvSearch *search, int i, int n)
{
	return (number(search->seats[i].x) + number(search->seats[i + n - 1].x)) / 2 - search->party.focal_x;
}

static double
distance_of(const EvSearch *search, int i, int n)
{
	return hypot(offset_of(search, i, n),
				 (number(search->seats[i].y) + number(search->seats[i + n - 1].y)) / 2 - search->party.focal_y);
}

/* The first place of a run that is not on the side of the focus where the run begins; the last, where all are. */
static int
place_at_focus(const EvSearch *search, int first, int length, int n)
{
	int low = 0;
	int high = length - n;
	bool falls = offset_of(search, first, n) > offset_of(search, first + high, n);

	while (low < high)
	{
		int middle = (low + high) / 2;
		double offset = offset_of(search, first + middle, n);

		if (falls ? offset <= 0 : offset >= 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The better of the best place so far and the one at i of the run. */
static void
consider(const EvSearch *search, int first, int length, int i, int n, int wanted, bool *found, EvWindow *best)
{
	int accessible = accessible_in(search, first + i, n);
	EvWindow window = {
		.first = first + i,
		.length = n,
		.surplus = accessible - wanted,
		.singles = (i == 1 ? 1 : 0) + (length - i - n == 1 ? 1 : 0),
	};

	if (accessible < wanted)
		return;
	window.distance = distance_of(search, first + i, n);
	if (!*found || beats(&window, best))
		*best = window;
	*found = true;
}

/*
 * The best place for n of the party in a run that has room for them; false where accessible seats are missing. Without
 * accessible seats only a single that would be left keeps it from the place nearest to the focus, and moves it by two.
 */
static bool
place_in_run(const EvSearch *search, int first, int length, int n, int wanted, EvWindow *best)
{
	bool any = wanted > 0 || accessible_in(search, first, length) > 0;
	int nearest = any ? 0 : place_at_focus(search, first, length, n);
	int from = any ? 0 : Max(0, nearest - 3);
	int to = any ? length - n : Min(length - n, nearest + 2);
	bool found = false;

	for (int i = from; i <= to; i++)
		consider(search, first, length, i, n, wanted, &found, best);
	return found;
}

static void
end_row(EvSearch *search)
{
	bool had_place = false;

	for (int first = search->row; first < search->nseats;)
	{
		int length = run_length(search, first, search->nseats);
		EvWindow window;

		search->longest = Max(search->longest, length);
		if (length >= search->party.quantity &&
			place_in_run(search, first, length, search->party.quantity, search->party.accessible, &window))
		{
			had_place = true;
			if (!search->found || beats(&window, &search->best))
				search->best = window;
			search->found = true;
		}
		first += length;
	}
	search->near_rows += had_place && faultless(search) ? 1 : 0;
	search->row = search->nseats;
}

bool
ev_search_add(EvSearch *search, EvFreeSeat seat)
{
	if (search->nseats > search->row && strcmp(search->seats[search->row].row, seat.row) != 0)
	{
		end_row(search);
		if (faultless(search) && (search->near_rows >= EV_NEAR_ROWS || fabs(number(seat.y) - search->party.focal_y) >= search->best.distance))
			return true;
	}
	if (search->nseats == search->room)
	{
		search->room *= 2;
		search->seats = repalloc(search->seats, search->room * sizeof(EvFreeSeat));
	}
	search->seats[search->nseats++] = seat;
	return false;
}

void
ev_search_end(EvSearch *search)
{
	end_row(search);
}

typedef struct Run
{
	int first;
	int length;
} Run;

static int
compare_runs(const void *a, const void *b)
{
	const Run *first = a;
	const Run *second = b;

	return first->length != second->length ? second->length - first->length : first->first - second->first;
}

/* All free runs, the longest first, and those nearer to the front first of one length. */
static Run *
runs_of(const EvSearch *search, int *n)
{
	Run *runs = palloc((search->nseats + 1) * sizeof(Run));

	*n = 0;
	for (int first = 0; first < search->nseats; first += runs[(*n)++].length)
		runs[*n] = (Run){first, run_length(search, first, search->nseats)};
	qsort(runs, *n, sizeof(Run), compare_runs);
	return runs;
}

/* The best place for n in what the groups have left of the runs. */
static bool
place_rest(const EvSearch *search, const Run *runs, int nruns, int n, EvWindow *best)
{
	bool found = false;

	for (int i = 0; i < nruns && runs[i].length >= n; i++)
	{
		EvWindow window;

		if (place_in_run(search, runs[i].first, runs[i].length, n, 0, &window) &&
			(!found || beats(&window, best)))
		{
			*best = window;
			found = true;
		}
	}
	return found;
}

EvWindow *
ev_search_split(const EvSearch *search, int *ngroups)
{
	int left = search->party.quantity;
	int nruns;
	Run *runs = runs_of(search, &nruns);
	EvWindow *groups = palloc((nruns + 1) * sizeof(EvWindow));
	int accessible = 0;

	*ngroups = 0;
	if (search->nseats < left)
		return NULL;
	while (left > 0)
	{
		EvWindow *group = &groups[*ngroups];

		if (!place_rest(search, runs, nruns, left, group))
			*group = (EvWindow){.first = runs[0].first, .length = runs[0].length};
		for (int i = 0; i < nruns; i++)
		{
			if (group->first >= runs[i].first && group->first < runs[i].first + runs[i].length)
			{
				memmove(&runs[i], &runs[i + 1], (nruns - i - 1) * sizeof(Run));
				nruns--;
				break;
			}
		}
		left -= group->length;
		accessible += accessible_in(search, group->first, group->length);
		(*ngroups)++;
	}
	return accessible >= search->party.accessible ? groups : NULL;
}
