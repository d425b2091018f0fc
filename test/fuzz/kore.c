/* What the parsers need of Kore, without Kore: memory, and an end. kore/src/buf.c is Kore's own. */
#include <kore/kore.h>

void *
kore_malloc(size_t len)
{
	return (malloc(len));
}

void *
kore_calloc(size_t count, size_t len)
{
	return (calloc(count, len));
}

void *
kore_realloc(void *memory, size_t len)
{
	return (realloc(memory, len));
}

void
kore_free(void *memory)
{
	free(memory);
}

void
fatal(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

void *
kore_mem_find(void *data, size_t len, const void *wanted, size_t wanted_len)
{
	return (memmem(data, len, wanted, wanted_len));
}
