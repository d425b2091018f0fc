#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "answer.h"

static struct answer *
answer_new(const char *text, size_t len)
{
	struct answer *answer;

	answer = kore_calloc(1, sizeof(*answer));
	answer->holders = 1;
	answer->text = text;
	answer->len = len;
	TAILQ_INIT(&answer->waiting);

	return (answer);
}

struct answer *
answer_of_text(const char *text, size_t len)
{
	char *copy = kore_malloc(len + 1);
	struct answer *answer;

	memcpy(copy, text, len);
	answer = answer_new(copy, len);
	answer->copy = copy;

	return (answer);
}

/* The first column of the first row; the result now belongs to the answer. */
struct answer *
answer_of_row(PGresult *result)
{
	struct answer *answer = answer_new(PQgetvalue(result, 0, 0), (size_t)PQgetlength(result, 0, 0));

	answer->result = result;

	return (answer);
}

struct answer *
answer_hold(struct answer *answer)
{
	answer->holders++;

	return (answer);
}

void
answer_release(struct answer *answer)
{
	if (--answer->holders > 0)
		return;
	PQclear(answer->result);
	kore_free(answer->copy);
	free(answer->packed);
	kore_free(answer);
}

/* The value of one of the plain fields at the end of an object, or NULL. `key` as the text has it. */
static const char *
last_fields_value(const struct answer *answer, const char *key)
{
	const char *end = answer->text + answer->len - 1, *p;
	size_t len = strlen(key);

	if (answer->len == 0 || *end != '}')
		return (NULL);
	for (p = end; p > answer->text && strchr("{}[]", *--p) == NULL;) {
		if ((size_t)(end - p) > len && memcmp(p, key, len) == 0)
			return (p + len);
	}
	return (NULL);
}

static XXH64_hash_t
hash_around(const struct answer *answer, const char *from, const char *to)
{
	XXH64_hash_t head = XXH3_64bits(answer->text, (size_t)(from - answer->text));

	return (XXH3_64bits_withSeed(to, (size_t)(answer->text + answer->len - to), head));
}

/* What the database calls the state in which it read a row of a route that is kept; NULL: that will not stand. */
const char *
answer_mark(const struct answer *answer)
{
	if (PQnfields(answer->result) < 2 || PQgetisnull(answer->result, 0, 1))
		return (NULL);
	return (PQgetvalue(answer->result, 0, 1));
}

const char *
answer_tag(struct answer *answer)
{
	const char *version, *updated;
	XXH64_hash_t hash;
	int digits = 0;

	if (answer->tag[0] != '\0')
		return (answer->tag);
	if ((version = last_fields_value(answer, "\"version\":")) != NULL)
		digits = (int)strspn(version, "0123456789");
	if ((updated = last_fields_value(answer, "\"last_updated\":\"")) != NULL)
		hash = hash_around(answer, updated, updated + strcspn(updated, "\""));
	else
		hash = XXH3_64bits(answer->text, answer->len);
	answer->weak = updated != NULL;
	(void)snprintf(answer->tag, sizeof(answer->tag), "%.*s%s%016llx", digits, digits > 0 ? version : "",
	    digits > 0 ? "." : "", (unsigned long long)hash);

	return (answer->tag);
}
