/* One route in the OpenAPI document; used by openapi.c alone. */
#ifndef EV_OPERATION_H
#define EV_OPERATION_H

#include <stdbool.h>
#include <stddef.h>

#include "json.h"
#include "route.h"

struct kore_buf;

bool operation_function(const struct route *route, char *name, size_t size);
void operation_tags(struct kore_buf *out);
void operation_shared_responses(struct kore_buf *out);
void operation_write(
    struct kore_buf *out, const struct route *route, const struct json *catalogue, struct arena *arena);
const char *field_examples(void);

#endif
