#include <stddef.h>
#include <string.h>

#include "sqlerror.h"

#define EV_ERROR(symbol, sqlstate, status) { sqlstate, status, #symbol },

static const struct {
	const char *sqlstate;
	int status;
	const char *code;
} own_errors[] = {
#include "errors.def"
};

#define INVALID   "VALIDATION_ERROR"
#define AWAY      "UNAVAILABLE"
#define NOT_READY "The database is not ready: the extension evently is missing or of another version"

/* First match wins, by prefix. */
static const struct {
	const char *prefix;
	struct sql_error error;
} standard_errors[] = {
	{ "22003", { 400, INVALID, "A number is out of range" } },
	{ "22007", { 400, INVALID, "A date or time is not valid" } },
	{ "22008", { 400, INVALID, "A date or time is not valid" } },
	{ "22001", { 400, INVALID, "A text is too long" } },
	{ "22021", { 400, INVALID, "A text holds characters that cannot be stored" } },
	{ "22P05", { 400, INVALID, "A text holds characters that cannot be stored" } },
	{ "22", { 400, INVALID, "A value is not valid" } },
	{ "23502", { 400, INVALID, "A required value is missing" } },
	{ "23514", { 400, INVALID, "A value is outside of what is allowed" } },
	{ "55P03", { 503, AWAY, "Others are changing the same data right now; try again" } },
	{ "40001", { 503, AWAY, "Others are changing the same data right now; try again" } },
	{ "40P01", { 503, AWAY, "Others are changing the same data right now; try again" } },
	{ "57014", { 503, AWAY, "The database took too long; try again" } },
	{ "53", { 503, AWAY, "The database is overloaded; try again" } },
	{ "57P", { 503, AWAY, "The database is restarting; try again" } },
	{ "58", { 503, AWAY, "The database could not read or write its files; try again" } },
	{ "08", { 503, AWAY, "The database is away; try again" } },
	{ "25006", { 503, AWAY, "The database takes no writes; try again" } },
	{ "42501", { 503, AWAY, "The database is not ready: the web app's role may not call Evently" } },
	{ "42883", { 503, AWAY, NOT_READY } },
	{ "42P01", { 503, AWAY, NOT_READY } },
	{ "42704", { 503, AWAY, NOT_READY } },
	{ "3F000", { 503, AWAY, NOT_READY } },
};

struct sql_error
sql_error_map(const char *sqlstate)
{
	struct sql_error error = { 500, "INTERNAL_ERROR", "Something went wrong on our side" };
	size_t i;

	for (i = 0; i < sizeof(own_errors) / sizeof(own_errors[0]); i++) {
		if (strcmp(own_errors[i].sqlstate, sqlstate) == 0)
			return ((struct sql_error){ own_errors[i].status, own_errors[i].code, NULL });
	}
	for (i = 0; i < sizeof(standard_errors) / sizeof(standard_errors[0]); i++) {
		if (strncmp(standard_errors[i].prefix, sqlstate, strlen(standard_errors[i].prefix)) == 0)
			return (standard_errors[i].error);
	}
	return (error);
}
