#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "clientip.h"
#include "log.h"
#include "metrics.h"
#include "reply.h"
#include "requestid.h"
#include "respond.h"
#include "sqlerror.h"

#define RETRY_AFTER_S 1

static void
now_rfc3339(char *out, size_t size)
{
	struct timespec now;
	struct tm tm;
	char seconds[24];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	(void)strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out, size, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
}

/* What the user can do, where the database says so. */
static void
append_hint(struct kore_buf *body, const char *hint)
{
	if (hint == NULL)
		return;
	kore_buf_appendf(body, ",\"hint\":");
	json_escape(body, hint);
}

static void
error_envelope(struct kore_buf *body, const char *code, const char *message, const char *hint, const char *details)
{
	char stamp[40];

	now_rfc3339(stamp, sizeof(stamp));
	kore_buf_appendf(body, "{\"error\":{\"code\":\"%s\",\"message\":", code);
	json_escape(body, message);
	append_hint(body, hint);
	kore_buf_appendf(body, ",\"details\":%s,\"timestamp\":\"%s\"},\"detail\":", details, stamp);
	json_escape(body, message);
	kore_buf_append(body, "}", 1);
}

/* RFC 9457 */
static void
error_problem(
    struct kore_buf *body, int status, const char *code, const char *message, const char *hint, const char *details)
{
	char stamp[40];

	now_rfc3339(stamp, sizeof(stamp));
	kore_buf_appendf(body,
	    "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":", http_status_text(status), status);
	json_escape(body, message);
	append_hint(body, hint);
	kore_buf_appendf(body, ",\"code\":\"%s\",\"details\":%s,\"timestamp\":\"%s\"}", code, details, stamp);
}

/* The answer is complete: the dispatcher may take it. */
static void
answered(struct request *rq, int status, const char *body, size_t len)
{
	rq->answered = true;
	rq->status = status;
	rq->reply = body;
	rq->reply_len = len;
	if (rq->http != NULL)
		http_request_wakeup(rq->http);
}

static void
reply_message(
    struct request *rq, int status, const char *code, const char *details, const char *message, const char *hint)
{
	const char *accept = request_header(rq, "accept");
	struct kore_buf body;
	bool problem;

	if (details == NULL)
		details = "null";
	rq->code = code;
	problem = accept != NULL && strstr(accept, "application/problem+json") != NULL;
	if (problem)
		rq->content_type = "application/problem+json";
	if ((status == 503 || strcmp(code, "IDEMPOTENCY_IN_FLIGHT") == 0) && rq->retry_after_s == 0)
		rq->retry_after_s = RETRY_AFTER_S;
	kore_buf_init(&body, 256);
	if (problem)
		error_problem(&body, status, code, message, hint, details);
	else
		error_envelope(&body, code, message, hint, details);
	answered(rq, status, arena_copy(&rq->arena, (const char *)body.data, body.offset), body.offset);
	kore_buf_cleanup(&body);
}

void
reply_error(struct request *rq, int status, const char *code, const char *details, const char *fmt, ...)
{
	char message[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	reply_message(rq, status, code, details, message, NULL);
}

/* 400 with details.field */
void
reply_invalid_field(struct request *rq, const char *code, const char *field, const char *fmt, ...)
{
	char message[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	reply_message(rq, 400, code, arena_printf(&rq->arena, "{\"field\":\"%s\"}", field), message, NULL);
}

void
reply_unauthorized(struct request *rq, const char *message)
{
	rq->authenticate = "Bearer realm=\"evently\"";
	reply_message(rq, 401, "UNAUTHORIZED", NULL, message, NULL);
}

void
reply_invalid_token(struct request *rq)
{
	reply_unauthorized(rq, "Invalid token");
	rq->authenticate = "Bearer realm=\"evently\", error=\"invalid_token\"";
}

void
reply_unavailable(struct request *rq, const char *message)
{
	reply_message(rq, 503, CODE_UNAVAILABLE, NULL, message, NULL);
}

void
reply_rate_limited(struct request *rq)
{
	struct rate rate = rate_limit_rate(rq->limit.class);

	rq->retry_after_s = rq->limit.reset_s;
	reply_message(rq, 429, "RATE_LIMITED",
	    arena_printf(&rq->arena, "{\"limit\":%d,\"window_seconds\":%d,\"retry_after\":%d}", rate.count,
		rate.window_s, rq->limit.reset_s),
	    "Rate limit exceeded", NULL);
}

/* `json` must live as long as the request: in its arena, or as a constant. */
void
reply_json(struct request *rq, int status, const char *json, size_t len)
{
	answered(rq, status, json, len);
}

/* The request now holds the answer. */
void
reply_answer(struct request *rq, int status, struct answer *answer)
{
	rq->answer = answer;
	answered(rq, status, answer->text, answer->len);
}

/* The first column of the first row is the body; the result now belongs to the request. */
void
reply_row(struct request *rq, int status, PGresult *result)
{
	reply_answer(rq, status, answer_of_row(result));
}

/*
 * The database's primary messages begin in lower case and have no full stop; an API's sentence begins with a
 * capital. A name of a field or function stays as it is.
 */
static const char *
sentence(struct request *rq, const char *message)
{
	const char *p;
	char *copy;

	for (p = message; islower((unsigned char)*p); p++)
		;
	copy = arena_copy(&rq->arena, message, strlen(message));
	if (p > message && (*p == ' ' || *p == ',' || *p == '\0'))
		*copy = (char)toupper((unsigned char)*copy);

	return (copy);
}

/* DETAIL of our own errors is a JSON object; anything else is not for clients. */
static const char *
details_of(struct request *rq, const char *detail)
{
	struct json json;

	if (detail == NULL || !json_parse(&json, detail, strlen(detail), &rq->arena) ||
	    json.nodes[0].type != JSON_OBJECT)
		return (NULL);
	return (arena_copy(&rq->arena, detail, strlen(detail)));
}

/* What the database refused, in a call or within a set. */
void
reply_refusal(struct request *rq, const struct refusal *refusal)
{
	struct sql_error error = sql_error_map(refusal->sqlstate);
	bool own = error.message == NULL;
	const char *message;

	message = own && refusal->message != NULL ? sentence(rq, refusal->message) : error.message;
	if (error.status >= 500)
		log_line(error.status == 500 ? LEVEL_ERROR : LEVEL_WARN, "request %s, %s: SQLSTATE %s: %s", rq->id,
		    rq->route != NULL ? rq->route->pattern : "-", refusal->sqlstate,
		    refusal->message != NULL ? refusal->message : "-");
	if (rq->if_match && strcmp(error.code, "CONCURRENT_UPDATE") == 0) {
		error.status = 412;
		error.code = "PRECONDITION_FAILED";
	}
	if (error.status == 401)
		reply_invalid_token(rq);
	else
		reply_message(rq, error.status, error.code, own ? details_of(rq, refusal->detail) : NULL,
		    message != NULL ? message : error.code, own ? refusal->hint : NULL);
}

static struct refusal
refusal_of(const PGresult *result)
{
	return ((struct refusal){
	    .sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE),
	    .message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
	    .detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL),
	    .hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT),
	});
}

/* Any outcome of a call but rows. The result stays the caller's. */
void
reply_database(struct request *rq, const struct pg_call *call)
{
	struct refusal refusal;

	switch (call->outcome) {
	case PG_REFUSED:
		refusal = refusal_of(call->result);
		reply_refusal(rq, &refusal);
		break;
	case PG_BUSY:
		reply_unavailable(rq, "The server is overloaded; nothing was done, try again");
		break;
	case PG_LOST:
		reply_unavailable(rq,
		    "The database did not confirm the outcome, so it is not known; "
		    "the same request may be sent again with the same Idempotency-Key");
		break;
	default:
		reply_unavailable(rq, "The database is away; try again");
	}
}

/* What Kore answers by itself, before there is a request; see kore/05-errors.patch. */
void
reply_kore_error(struct connection *c, int status, struct kore_buf *headers, struct kore_buf *body)
{
	static const struct {
		int status;
		const char *code, *message;
	} errors[] = {
		{ 404, "ROUTE_NOT_FOUND", "There is no such route" },
		{ 405, "METHOD_NOT_ALLOWED", "The method is not known" },
		{ 408, "REQUEST_TIMEOUT", "The request did not arrive in time" },
		{ 411, "LENGTH_REQUIRED", "Send the body with a Content-Length" },
		{ 413, "BODY_TOO_LARGE", "The request body is too large" },
		{ 414, "URI_TOO_LONG", "The address is too long" },
		{ 431, "HEADERS_TOO_LARGE", "The request has too many header fields, or too long ones" },
		{ 503, CODE_UNAVAILABLE, "The server is overloaded; try again" },
		{ 505, "VERSION_NOT_SUPPORTED", "The HTTP version is not supported" },
		{ 0, "BAD_REQUEST", "The request is not valid HTTP" },
	};
	char id[REQUEST_ID_MAX + 1];
	struct in6_addr address = client_ip_of_peer(c);
	int i;

	for (i = 0; errors[i].status != 0 && errors[i].status != status; i++)
		;
	request_id_make(id);
	respond_common_headers(headers);
	kore_buf_appendf(headers, "content-type: application/json\r\nx-request-id: %s\r\n", id);
	if (status == 405)
		kore_buf_appendf(headers, "allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n");
	if (status == 503)
		kore_buf_appendf(headers, "retry-after: %d\r\n", RETRY_AFTER_S);
	error_envelope(body, errors[i].code, errors[i].message, NULL, "null");
	metrics_rejected(status, errors[i].code);
	log_rejected(id, &address, status, errors[i].code);
}
