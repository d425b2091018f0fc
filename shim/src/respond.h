/*
 * The last step of a request: from a recorded answer (reply.h) to what goes out.
 *
 * Validators: an answer of a GET's SQL call has an ETag (answer.h). If-None-Match with it is answered 304; If-Match looks
 * at the version only (bind.c). A compressed answer has "-gzip" behind it, for it is another text.
 *
 * Public answers may be kept by caches that ask each time (no-cache); all others not at all (no-store).
 */
#ifndef EV_RESPOND_H
#define EV_RESPOND_H

#include <stdbool.h>
#include <stddef.h>

struct request;
struct kore_buf;

bool respond_prepare(struct request *rq);
void respond(struct request *rq);
void respond_common_headers(struct kore_buf *headers);

#endif
