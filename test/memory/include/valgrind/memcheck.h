/*
 * PostgreSQL tells valgrind what of a memory context, and which buffers, are in use. This tells AddressSanitizer the same,
 * where its library is loaded: one build of the server serves both.
 */
#ifndef EV_MEMCHECK_H
#define EV_MEMCHECK_H

#include_next <valgrind/memcheck.h>

#include <dlfcn.h>
#include <stddef.h>

static void (*asan_close)(const volatile void *, size_t);
static void (*asan_open)(const volatile void *, size_t);

__attribute__((constructor)) static void
memory_find_asan(void)
{
	asan_close = (void (*)(const volatile void *, size_t))dlsym(RTLD_DEFAULT, "__asan_poison_memory_region");
	asan_open = (void (*)(const volatile void *, size_t))dlsym(RTLD_DEFAULT, "__asan_unpoison_memory_region");
}

static inline void
memory_close(const volatile void *memory, size_t len)
{
	VALGRIND_MAKE_MEM_NOACCESS(memory, len);
	if (asan_close != NULL)
		asan_close(memory, len);
}

static inline void
memory_open(const volatile void *memory, size_t len, int is_set)
{
	if (is_set)
		VALGRIND_MAKE_MEM_DEFINED(memory, len);
	else
		VALGRIND_MAKE_MEM_UNDEFINED(memory, len);
	if (asan_open != NULL)
		asan_open(memory, len);
}

static inline void
memory_allocated(const void *context, const void *memory, size_t len)
{
	VALGRIND_MEMPOOL_ALLOC(context, memory, len);
	if (asan_open != NULL)
		asan_open(memory, len);
}

static inline void
memory_moved(const void *context, const void *from, const void *to, size_t len)
{
	VALGRIND_MEMPOOL_CHANGE(context, from, to, len);
	if (asan_open != NULL)
		asan_open(to, len);
}

#undef VALGRIND_MAKE_MEM_NOACCESS
#undef VALGRIND_MAKE_MEM_DEFINED
#undef VALGRIND_MAKE_MEM_UNDEFINED
#undef VALGRIND_MEMPOOL_ALLOC
#undef VALGRIND_MEMPOOL_CHANGE
#define VALGRIND_MAKE_MEM_NOACCESS(memory, len)             memory_close(memory, len)
#define VALGRIND_MAKE_MEM_DEFINED(memory, len)              memory_open(memory, len, 1)
#define VALGRIND_MAKE_MEM_UNDEFINED(memory, len)            memory_open(memory, len, 0)
#define VALGRIND_MEMPOOL_ALLOC(context, memory, len)        memory_allocated(context, memory, len)
#define VALGRIND_MEMPOOL_CHANGE(context, from, to, len)     memory_moved(context, from, to, len)

#endif
