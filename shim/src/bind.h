/*
 * Binding: from the fields of a request to values for SQL.
 *
 * bind_value() finds the field of a binding, checks its type and gives its text as PostgreSQL reads it, or NULL
 * when it was not sent (JSON null counts as that). One id or word is one text, in whatever letter case it was sent, so
 * that whoever compares values (question.h) has one spelling of it. When it returns false it has already replied: every refusal
 * names the field. A text lives in the request's arena. What was looked for counts as known; the rest ends in
 * X-Unknown-Fields.
 */
#ifndef EV_BIND_H
#define EV_BIND_H

#include "request.h"

bool bind_body(struct request *rq);
bool bind_query(struct request *rq);
bool bind_value(struct request *rq, const struct binding *binding, const char **value);
bool bind_call(struct request *rq);
bool bind_fields(struct request *rq, int count, const char **targets[]);
const char *bind_unknown(struct request *rq);

#endif
