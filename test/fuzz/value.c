/* Any text as a value of each kind: looked at to its end and no further. */
#include <kore/kore.h>

#include "value.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena arena = { 0 };
	unsigned char uuid[16];
	char *text = malloc(len + 1);
	const char *elements[2] = { text, NULL };

	memcpy(text, data, len);
	text[len] = '\0';
	if (value_is_uuid(text))
		value_uuid_bytes(text, uuid);
	(void)value_is_int(text);
	(void)value_is_numeric(text);
	(void)value_is_time(text);
	(void)value_bool(text);
	(void)value_array(elements, 2, &arena);
	if (value_percent_decode(text, len % 2 == 0) && strlen(text) > len)
		abort();
	arena_free(&arena);
	free(text);

	return (0);
}
