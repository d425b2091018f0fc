/*
 * The body of an answer, with what is made of it once: its ETag and its compressed form. Requests that ask the same
 * share one (coalesce.h); whoever is last frees it.
 *
 * ETag: "VERSION.HASH": the object's version, where it has one, and a hash of the whole text, as more changes than what
 * raises the version. Of a text with a field last_updated, which is another at each reading, the hash is of the rest
 * and the tag a weak one.
 */
#ifndef EV_ANSWER_H
#define EV_ANSWER_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>

#include <libpq-fe.h>

#define ANSWER_TAG_MAX 32

struct request;

TAILQ_HEAD(requests, request);

struct answer {
	int holders;
	const char *text;
	size_t len;
	PGresult *result; /* has the text; NULL: `copy` has */
	char *copy;
	char tag[ANSWER_TAG_MAX]; /* without quotes; empty until somebody wants it */
	bool weak;
	bool compressing, compressed;
	char *packed; /* NULL where compressing saves nothing */
	size_t packed_len;
	struct requests waiting; /* for the compressed form */
};

struct answer *answer_of_text(const char *text, size_t len);
struct answer *answer_of_row(PGresult *result);
struct answer *answer_hold(struct answer *answer);
void answer_release(struct answer *answer);
const char *answer_tag(struct answer *answer);
const char *answer_mark(const struct answer *answer);

#endif
