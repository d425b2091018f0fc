/*
 * render.h
 *		A row as compact JSON: the one rendering of everything that leaves by REST or is kept for a replay.
 *
 * Times are RFC 3339 in UTC with a Z, fractions only when not zero; money is a JSON number with the digits that are
 * stored; composites are objects, arrays are arrays, json and jsonb lose their white space; null stays null.
 */
#ifndef EV_RENDER_H
#define EV_RENDER_H

#include "spi.h"

/* A json, to be stored as it is. */
extern EvArg ev_render(Datum composite);

/* NULL for infinity. */
extern char *ev_render_time(TimestampTz time);

#endif
