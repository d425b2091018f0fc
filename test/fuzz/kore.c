/* What the parsers need of Kore, without Kore, beside memory/kore.c: an end, and a search. kore/src/buf.c is Kore's own. */
#include <kore/kore.h>

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
