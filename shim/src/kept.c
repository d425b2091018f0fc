#include <string.h>

#include <kore/kore.h>

#include "config.h"
#include "kept.h"
#include "pgpipe.h"

#define BUCKETS 4096
#define MIB     (1024 * 1024)

struct kept {
	struct question question;
	const char *values[PG_VALUES_MAX];
	struct answer *answer;
	size_t size;
	LIST_ENTRY(kept) list;
	TAILQ_ENTRY(kept) age;
	char texts[]; /* of the values */
};

static LIST_HEAD(kept_list, kept) buckets[BUCKETS];
static TAILQ_HEAD(kept_ages, kept) by_age = TAILQ_HEAD_INITIALIZER(by_age); /* asked for last: first */
static size_t total_size;

static struct kept_list *
bucket_of(const struct question *question)
{
	return (&buckets[question_hash(question) % BUCKETS]);
}

static struct kept *
find(const struct question *question)
{
	struct kept *kept;

	LIST_FOREACH(kept, bucket_of(question), list) {
		if (question_same(&kept->question, question))
			return (kept);
	}
	return (NULL);
}

static void
forget(struct kept *kept)
{
	LIST_REMOVE(kept, list);
	TAILQ_REMOVE(&by_age, kept, age);
	total_size -= kept->size;
	answer_release(kept->answer);
	kore_free(kept);
}

struct answer *
kept_find(const struct question *question)
{
	struct kept *kept = find(question);

	if (kept == NULL)
		return (NULL);
	TAILQ_REMOVE(&by_age, kept, age);
	TAILQ_INSERT_HEAD(&by_age, kept, age);

	return (answer_hold(kept->answer));
}

static struct kept *
kept_new(const struct question *question)
{
	size_t len = 0;
	struct kept *kept;
	char *text;
	int i;

	for (i = 0; i < question->count; i++)
		len += question->values[i] != NULL ? strlen(question->values[i]) + 1 : 0;
	kept = kore_calloc(1, sizeof(*kept) + len);
	for (text = kept->texts, i = 0; i < question->count; i++) {
		if (question->values[i] == NULL)
			continue;
		kept->values[i] = text;
		text = stpcpy(text, question->values[i]) + 1;
	}
	kept->question = (struct question){ question->statement, question->count, kept->values };
	kept->size = sizeof(*kept) + len;

	return (kept);
}

void
kept_put(const struct question *question, struct answer *answer)
{
	size_t limit = (size_t)config.keep_answers * MIB;
	struct kept *kept = find(question);

	if (kept != NULL)
		forget(kept);
	if (limit == 0)
		return;
	kept = kept_new(question);
	kept->answer = answer_hold(answer);
	kept->size += PQresultMemorySize(answer->result);
	total_size += kept->size;
	LIST_INSERT_HEAD(bucket_of(question), kept, list);
	TAILQ_INSERT_HEAD(&by_age, kept, age);
	while (total_size > limit)
		forget(TAILQ_LAST(&by_age, kept_ages));
}
