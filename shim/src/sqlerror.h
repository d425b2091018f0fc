/*
 * From a SQLSTATE to an API error. Our own class VE comes from extension/errors.def, the list that the extension
 * raises from; the standard classes follow the contract: data the caller sent is 400, what passes is 503, the rest
 * is our fault.
 */
#ifndef EV_SQLERROR_H
#define EV_SQLERROR_H

#include <stdbool.h>

struct sql_error {
	int status;
	const char *code;
	const char *message; /* NULL: the database's own */
};

struct sql_error sql_error_map(const char *sqlstate);

#endif
