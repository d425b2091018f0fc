/*
 * left.h
 *		What is left of events, for those who look: free places and live holds, in one snapshot.
 *
 * The same as event_stock() and expired_stock() say, which are for statements. Every reader of an event asks for it, and a
 * list asks for twenty, so it is read by the keys, without a plan, several times as fast.
 *
 *		reader = ev_left_begin(clock);  ... ev_left_read(&reader, event_id, true) for each event ...  ev_left_end(&reader);
 */
#ifndef EV_LEFT_H
#define EV_LEFT_H

#include "table.h"

typedef struct EvLeftOfSection
{
	pg_uuid_t section_id;
	int available;
} EvLeftOfSection;

typedef struct EvLeft
{
	int available; /* expired holds count as free */
	int held;	   /* by live holds, where asked for */
	int nsections;
	EvLeftOfSection *sections;
} EvLeft;

/* Everything is seen as of its beginning. In between, ev_scan_open() looks at the same state. */
typedef struct EvLeftReader
{
	TimestampTz clock;
	EvScan stock;
	EvScan holds;
	EvScan seats;
} EvLeftReader;

extern EvLeftReader ev_left_begin(TimestampTz clock);
/* held: live holds are counted too, however many there are. */
extern EvLeft ev_left_read(EvLeftReader *reader, const pg_uuid_t *event_id, bool held);
extern void ev_left_end(EvLeftReader *reader);

/* Of one event, live holds not counted. */
extern EvLeft ev_left_of(const pg_uuid_t *event_id, TimestampTz clock);

extern int ev_left_of_section(const EvLeft *left, const pg_uuid_t *section_id);

#endif
