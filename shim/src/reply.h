/*
 * Answers: the envelope and the errors.
 *
 * Exactly one reply_...() function is called for a request; it records the answer and wakes the request up.
 * respond.c then sends it. Strings given are copied where they must live on; `details` is JSON text.
 *
 * Error form: {"error":{"code","message","details","timestamp"},"detail":message}, or RFC 9457's when the client
 * accepts application/problem+json.
 */
#ifndef EV_REPLY_H
#define EV_REPLY_H

#include "request.h"

#define CODE_INVALID     "VALIDATION_ERROR"
#define CODE_UNAVAILABLE "UNAVAILABLE"

struct connection;
struct kore_buf;

/* As the database words it. */
struct refusal {
	const char *sqlstate, *message, *detail, *hint;
};

void reply_error(struct request *rq, int status, const char *code, const char *details, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
void reply_invalid_field(struct request *rq, const char *code, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void reply_invalid_token(struct request *rq);
void reply_unauthorized(struct request *rq, const char *message);
void reply_unavailable(struct request *rq, const char *message);
void reply_rate_limited(struct request *rq);
void reply_json(struct request *rq, int status, const char *json, size_t len);
void reply_answer(struct request *rq, int status, struct answer *answer);
void reply_row(struct request *rq, int status, PGresult *result);
void reply_refusal(struct request *rq, const struct refusal *refusal);
void reply_database(struct request *rq, const struct pg_call *call);

void reply_kore_error(struct connection *c, int status, struct kore_buf *headers, struct kore_buf *body);

#endif
