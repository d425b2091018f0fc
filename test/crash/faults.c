/*
 * A library to preload into PostgreSQL and the web app: makes calls to the system fail, as the control page says.
 *
 * The page is the file that EVENTLY_FAULTS names, shared with the test (faults.py): it sets the rates and reads how many
 * faults there have been. Other programs, which the variables reach on the way, are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MILLION 1000000

struct page {
	_Atomic uint32_t write, sync, memory; /* faults in a million calls */
	_Atomic uint32_t full; /* no write succeeds */
	_Atomic int64_t clock_s; /* by how much the wall clock is wrong */
	_Atomic uint32_t faults; /* until now */
};

static struct page *page;

static uint32_t
draw(void)
{
	static __thread uint64_t state;

	if (state == 0)
		state = ((uint64_t)getpid() << 32) ^ (uint64_t)(uintptr_t)&state ^ 0x9E3779B97F4A7C15;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;

	return ((uint32_t)(state >> 11) % MILLION);
}

static bool
strikes(uint32_t rate)
{
	if (rate == 0 || draw() >= rate)
		return (false);
	page->faults++;
	return (true);
}

/* Sockets and terminals work. */
static bool
is_file(int fd)
{
	struct stat st;

	return (fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
}

static bool
write_fails(int fd)
{
	if (page == NULL || (page->write == 0 && page->full == 0) || !is_file(fd))
		return (false);
	if (page->full) {
		page->faults++;
		errno = ENOSPC;
		return (true);
	}
	if (!strikes(page->write))
		return (false);
	errno = draw() % 2 ? EIO : ENOSPC;
	return (true);
}

static bool
sync_fails(int fd)
{
	if (page == NULL || page->sync == 0 || !is_file(fd) || !strikes(page->sync))
		return (false);
	errno = EIO;
	return (true);
}

#define REAL(name) \
	static __typeof__(name) *real; \
	if (real == NULL) \
		real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

ssize_t
pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	REAL(pwrite64);
	return (write_fails(fd) ? -1 : real(fd, data, len, at));
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	REAL(pwrite);
	return (write_fails(fd) ? -1 : real(fd, data, len, at));
}

ssize_t
pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
	REAL(pwritev64);
	return (write_fails(fd) ? -1 : real(fd, parts, count, at));
}

ssize_t
pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
	REAL(pwritev);
	return (write_fails(fd) ? -1 : real(fd, parts, count, at));
}

int
fsync(int fd)
{
	REAL(fsync);
	return (sync_fails(fd) ? -1 : real(fd));
}

int
fdatasync(int fd)
{
	REAL(fdatasync);
	return (sync_fails(fd) ? -1 : real(fd));
}

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static bool
memory_fails(void)
{
	if (page == NULL || !strikes(page->memory))
		return (false);
	errno = ENOMEM;
	return (true);
}

void *
malloc(size_t size)
{
	return (memory_fails() ? NULL : __libc_malloc(size));
}

void *
calloc(size_t count, size_t size)
{
	return (memory_fails() ? NULL : __libc_calloc(count, size));
}

void *
realloc(void *memory, size_t size)
{
	return (memory_fails() ? NULL : __libc_realloc(memory, size));
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int result;

	REAL(clock_gettime);
	result = real(clock, now);
	if (page != NULL && clock == CLOCK_REALTIME)
		now->tv_sec += page->clock_s;
	return (result);
}

int
gettimeofday(struct timeval *now, void *zone)
{
	REAL(gettimeofday);
	if (real(now, zone) != 0)
		return (-1);
	if (page != NULL)
		now->tv_sec += page->clock_s;
	return (0);
}

time_t
time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return (now.tv_sec);
}

__attribute__((constructor)) static void
map_page(void)
{
	const char *path = getenv("EVENTLY_FAULTS");
	void *mapped;
	int fd;

	if (path == NULL || (strcmp(program_invocation_short_name, "postgres") != 0 &&
				strcmp(program_invocation_short_name, "evently") != 0))
		return;
	if ((fd = open(path, O_RDWR | O_CLOEXEC)) < 0)
		abort();
	mapped = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		abort();
	close(fd);
	page = mapped;
}
