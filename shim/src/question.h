/* What a read asks: a statement with its values. */
#ifndef EV_QUESTION_H
#define EV_QUESTION_H

#include <stdbool.h>
#include <stdint.h>

struct question {
	int statement;
	int count;
	const char *const *values; /* NULL: null */
};

uint64_t question_hash(const struct question *question);
bool question_same(const struct question *a, const struct question *b);

#endif
