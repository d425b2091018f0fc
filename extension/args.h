/*
 * args.h
 *		Arguments of the SQL functions, read and checked: VALIDATION_ERROR names the one that is wrong.
 */
#ifndef EV_ARGS_H
#define EV_ARGS_H

#include "fmgr.h"

#include "errors.h"
#include "spi.h"

/* NULL where the argument is null. */
extern pg_uuid_t *ev_uuid_argument(FunctionCallInfo fcinfo, int n);
extern char *ev_text_argument(FunctionCallInfo fcinfo, int n);

static inline void
ev_require_given(bool given, const char *name)
{
	if (!given)
		ev_invalid(name, "%s is required", name);
}

extern pg_uuid_t *ev_required_uuid(FunctionCallInfo fcinfo, int n, const char *name);
extern char *ev_required_text(FunctionCallInfo fcinfo, int n, const char *name);

/* Refuse a text that is longer, or, as a name, empty. Null passes. */
extern void ev_require_length(FunctionCallInfo fcinfo, int n, const char *name, int max);
extern void ev_require_name(FunctionCallInfo fcinfo, int n, const char *name, int max);

/* Refuse a jsonb that is not an array of objects. Null passes. */
extern void ev_require_objects(EvArg json, const char *name);

/* Refuse a jsonb whose text is longer. Null passes. */
extern void ev_require_json_length(EvArg json, const char *name, int max);

/* How many rows a function may do at once: "max_rows", at least 1. */
extern int ev_max_rows(FunctionCallInfo fcinfo, int n, int otherwise);

/*
 * What is changed is still as its changer has seen it (null: he does not say); detail names it. CONCURRENT_UPDATE, after
 * which he reads it again.
 */
extern void ev_require_version(EvArg seen, int present, EvDetail *detail, const char *what);

/* A word of a list like "user, admin", in any case; lower case is returned. */
extern char *ev_word(const char *given, const char *name, const char *words);

#endif
