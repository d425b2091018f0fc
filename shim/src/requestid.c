#include <ctype.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "digits.h"
#include "requestid.h"

/* Unique by process, time and count; nobody has to be unable to guess it. */
void
request_id_make(char id[REQUEST_ID_MAX + 1])
{
	static unsigned int count;
	static pid_t pid; /* the first one is made behind the fork */
	struct timespec now;
	char *p = id;

	if (pid == 0)
		pid = getpid();

	clock_gettime(CLOCK_REALTIME, &now);
	p = digits_hex(p, (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	*p++ = '-';
	p = digits_hex(p, (uint64_t)pid);
	*p++ = '-';
	*digits_hex(p, count++) = '\0';
}

void
request_id_take(char id[REQUEST_ID_MAX + 1], const char *sent)
{
	const char *p;

	for (p = sent; p != NULL && *p != '\0'; p++) {
		if (!isalnum((unsigned char)*p) && strchr("-_.:", *p) == NULL)
			break;
	}
	if (p == NULL || p == sent || *p != '\0' || p - sent > REQUEST_ID_MAX)
		request_id_make(id);
	else
		memcpy(id, sent, (size_t)(p - sent) + 1);
}
