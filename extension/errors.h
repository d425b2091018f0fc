/*
 * errors.h
 *		The error catalogue (errors.def) and how a refusal is raised.
 *
 * A refusal has a code, a message (lower case, no full stop), a hint where the caller can do something, and a DETAIL
 * that is a JSON object of facts the caller may know: never another user's identity.
 */
#ifndef EV_ERRORS_H
#define EV_ERRORS_H

#include "lib/stringinfo.h"
#include "utils/uuid.h"

typedef enum EvError
{
#define EV_ERROR(symbol, sqlstate, http) EV_##symbol,
#include "errors.def"
#undef EV_ERROR
} EvError;

/* One that was raised, and caught again. */
typedef struct EvRefusal
{
	const char *sqlstate;
	const char *code;
	char *message;
	char *detail;
	char *hint;
} EvRefusal;

/* NULL where the error is none. */
extern EvRefusal *ev_refusal(const ErrorData *error);

/* DETAIL under construction: a JSON object, member by member. */
typedef struct EvDetail
{
	StringInfoData json;
} EvDetail;

extern EvDetail *ev_detail(void);
extern EvDetail *ev_detail_int(EvDetail *detail, const char *name, int64 value);
extern EvDetail *ev_detail_text(EvDetail *detail, const char *name, const char *value);
extern EvDetail *ev_detail_uuid(EvDetail *detail, const char *name, const pg_uuid_t *value);
extern EvDetail *ev_detail_texts(EvDetail *detail, const char *name, char *const *values, int n);

/* Raise the refusal. hint may be NULL. */
extern void ev_raise(EvError error, EvDetail *detail, const char *hint, const char *format, ...)
	pg_attribute_noreturn() pg_attribute_printf(4, 5);

/* VALIDATION_ERROR about one named argument; DETAIL is {"field": name}. */
extern void ev_invalid(const char *field, const char *format, ...)
	pg_attribute_noreturn() pg_attribute_printf(2, 3);

#endif
