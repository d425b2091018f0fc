/*
 * Kore's memory, mem.c and pool.c, with malloc() behind every piece: Kore's own pools hide from sanitizers and valgrind
 * where a piece ends, and that it was given back.
 */
#include <stdlib.h>
#include <string.h>

#include <kore.h>

void
kore_mem_init(void)
{
}

void
kore_mem_cleanup(void)
{
}

static void *
checked(void *memory)
{
	if (memory == NULL)
		fatal("out of memory");
	return (memory);
}

void *
kore_malloc(size_t len)
{
	return (checked(malloc(len)));
}

void *
kore_calloc(size_t count, size_t len)
{
	return (checked(calloc(count, len)));
}

void *
kore_realloc(void *memory, size_t len)
{
	return (checked(realloc(memory, len)));
}

void
kore_free(void *memory)
{
	free(memory);
}

char *
kore_strdup(const char *text)
{
	return (checked(strdup(text)));
}

void
kore_pool_init(struct kore_pool *pool, const char *name, size_t len, size_t elements)
{
	(void)name;
	(void)elements;
	memset(pool, 0, sizeof(*pool));
	pool->elen = len;
}

void
kore_pool_cleanup(struct kore_pool *pool)
{
	(void)pool;
}

void *
kore_pool_get(struct kore_pool *pool)
{
	return (kore_malloc(pool->elen));
}

void
kore_pool_put(struct kore_pool *pool, void *element)
{
	(void)pool;
	kore_free(element);
}
