/*
 * The compiler of a route's SQL call: text with placeholders in, statement and bindings out (grammar: route.h).
 *
 * A call that makes no sense is a defect of the program, so it ends the start and says where.
 */
#ifndef EV_PLACEHOLDER_H
#define EV_PLACEHOLDER_H

#include "route.h"

void placeholder_compile(struct route *route, const struct path *path);
void placeholder_compile_set(struct route *route); /* after placeholder_compile() */
void placeholder_fields(struct route *route, const struct path *path);

#endif
