/*
 * Answers that are kept for as long as they stand.
 *
 * An answer to which the database gave a mark (evently.answer_mark()) is kept, and its mark goes along when the same is
 * asked again. Then the database looks first whether it stands (evently.answer_stands()): whether anything has changed
 * since. If not it answers no row, and what was kept is told. So nobody is told what is not true when he asks, and what
 * was made of an answer once, its ETag and its compressed form, is there.
 *
 * What was not asked for the longest goes first, when there is more than EVENTLY_KEEP_ANSWERS.
 */
#ifndef EV_KEPT_H
#define EV_KEPT_H

#include "answer.h"
#include "question.h"

/* The caller holds the answer then; NULL: there is none. */
struct answer *kept_find(const struct question *question);
/* One that has a mark, in place of the one there may be. */
void kept_put(const struct question *question, struct answer *answer);

#endif
