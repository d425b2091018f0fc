#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "question.h"

uint64_t
question_hash(const struct question *question)
{
	XXH64_hash_t hash = (XXH64_hash_t)question->statement;
	const char *value;
	int i;

	for (i = 0; i < question->count; i++) {
		value = question->values[i];
		hash = XXH3_64bits_withSeed(value, value != NULL ? strlen(value) + 1 : 0, hash);
	}
	return (hash);
}

bool
question_same(const struct question *a, const struct question *b)
{
	const char *one, *other;
	int i;

	if (a->statement != b->statement)
		return (false);
	for (i = 0; i < a->count; i++) {
		one = a->values[i];
		other = b->values[i];
		if ((one == NULL) != (other == NULL) || (one != NULL && strcmp(one, other) != 0))
			return (false);
	}
	return (true);
}
