#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <kore/kore.h>

#include "arena.h"

#define ARENA_CHUNK 2048

struct arena_chunk {
	struct arena_chunk *next;
	char data[] __attribute__((aligned(16)));
};

void *
arena_alloc(struct arena *arena, size_t len)
{
	struct arena_chunk *chunk;
	size_t size;
	void *p;

	len = (len + 15) & ~(size_t)15;
	if (len > arena->left) {
		size = len > ARENA_CHUNK ? len : ARENA_CHUNK;
		chunk = kore_malloc(sizeof(*chunk) + size);
		chunk->next = arena->chunks;
		arena->chunks = chunk;
		if (len > ARENA_CHUNK)
			return (chunk->data);
		arena->next = chunk->data;
		arena->left = size;
	}

	p = arena->next;
	arena->next += len;
	arena->left -= len;

	return (p);
}

/* A copy with a NUL behind it. */
char *
arena_copy(struct arena *arena, const char *data, size_t len)
{
	char *p;

	p = arena_alloc(arena, len + 1);
	memcpy(p, data, len);
	p[len] = '\0';

	return (p);
}

char *
arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list args;
	char *p;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);

	p = arena_alloc(arena, (size_t)len + 1);
	va_start(args, fmt);
	(void)vsnprintf(p, (size_t)len + 1, fmt, args);
	va_end(args);

	return (p);
}

void
arena_free(struct arena *arena)
{
	struct arena_chunk *chunk;

	while ((chunk = arena->chunks) != NULL) {
		arena->chunks = chunk->next;
		kore_free(chunk);
	}
	memset(arena, 0, sizeof(*arena));
}
