/*
 * Checks and forms of single values. Each check takes the text that a client sent and says whether PostgreSQL
 * would take it as that type and the API allows it; none looks at the request.
 */
#ifndef EV_VALUE_H
#define EV_VALUE_H

#include <stdbool.h>

#include "arena.h"
#include "json.h"

bool value_is_uuid(const char *text);
char *value_lower(const char *text, struct arena *arena);
const char *value_uuid(const char *text, struct arena *arena);
void value_uuid_bytes(const char *uuid, unsigned char bytes[16]);
bool value_is_int(const char *text);
bool value_is_numeric(const char *text);
bool value_is_time(const char *text);
const char *value_bool(const char *text);
bool value_percent_decode(char *text, bool plus_is_blank);

char *value_array(const char *const *elements, int count, struct arena *arena);

#endif
