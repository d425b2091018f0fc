/*
 * Compressed answers, for clients that accept them.
 *
 * Only where it pays: from GZIP_MIN bytes on. Up to GZIP_INLINE_MAX it is done at once; more would hold up the event
 * loop, so a task thread does it, and the request is woken up when it is ready. A GET's answers only: what is
 * answered to a POST may hold a token beside text that somebody else chose, and its length would tell (BREACH).
 */
#ifndef EV_GZIP_H
#define EV_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#define GZIP_MIN        1024
#define GZIP_INLINE_MAX 65536

struct request;

bool gzip_accepted(const struct request *rq);
bool gzip_reply(struct request *rq);

#endif
