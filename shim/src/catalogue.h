/* All error codes: those of the extension (errors.def) and the web app's own (codes.def), each once. */
#ifndef EV_CATALOGUE_H
#define EV_CATALOGUE_H

struct error_code {
	const char *code;
	int status;
	const char *meaning; /* NULL: the extension's messages say it */
};

extern const struct error_code error_codes[];
extern const int error_code_count;

int error_code_find(const char *code);

#endif
