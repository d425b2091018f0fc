/* The first memory is asked for before libraries are set up that would ask for it while they hold locks: AddressSanitizer,
 * preloaded into a server that was built without it, waits for itself otherwise. Linked with -z initfirst. */
#include <stdlib.h>

static void *volatile block;

__attribute__((constructor)) static void
ask_first(void)
{
	block = malloc(1);
	free(block);
}
