/* All error codes: those of the extension (errors.def) and the web app's own (codes.def), each once. */
#ifndef EV_CATALOGUE_H
#define EV_CATALOGUE_H

struct error_code {
	const char *code;
	int status;
	const char *meaning; /* NULL: the extension's messages say it */
};

/* How many there are. */
enum {
	ERROR_CODES = 0
#define CODE(symbol, status, meaning) +1
#include "codes.def"
#undef CODE
#define EV_ERROR(symbol, sqlstate, status) +1
#include "errors.def"
#undef EV_ERROR
};

extern const struct error_code error_codes[ERROR_CODES];

int error_code_find(const char *code);

#endif
