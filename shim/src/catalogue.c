#include <string.h>

#include "catalogue.h"

const struct error_code error_codes[ERROR_CODES] = {
#define CODE(symbol, status, meaning) { #symbol, status, meaning },
#include "codes.def"
#undef CODE
#define EV_ERROR(symbol, sqlstate, status) { #symbol, status, NULL },
#include "errors.def"
#undef EV_ERROR
};

/* Its place in the list, -1 for an unknown one. A code of both lists is found in the web app's. */
int
error_code_find(const char *code)
{
	int i;

	for (i = 0; i < ERROR_CODES; i++) {
		if (strcmp(error_codes[i].code, code) == 0)
			return (i);
	}
	return (-1);
}
