/*
 * Memory of one request: many small pieces, freed together.
 *
 * An arena starts zeroed and is emptied with arena_free(). Nothing is ever given back singly. Out of
 * memory ends the worker, as everywhere in Kore.
 */
#ifndef EV_ARENA_H
#define EV_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
	char *next;
	size_t left;
};

void *arena_alloc(struct arena *arena, size_t len);
char *arena_copy(struct arena *arena, const char *data, size_t len);
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *arena);

#endif
