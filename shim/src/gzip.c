#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <zlib.h>

#include <kore/kore.h>
#include <kore/http.h>
#include <kore/tasks.h>

#include "gzip.h"
#include "request.h"

#define LEVEL       1 /* 5 times the speed of level 6, for JSON that is a tenth larger */
#define GZIP_FORMAT (15 + 16) /* zlib's way of asking for gzip in place of its own format */

struct job {
	struct kore_task task; /* Kore wants it first */
	struct answer *answer;
	const char *data;
	size_t len;
	char *out; /* NULL: it could not be done */
	size_t out_len;
};

/* In memory of its own; NULL where it fails or saves nothing. */
static char *
compress_text(const char *data, size_t len, size_t *out_len)
{
	z_stream stream;
	char *out;

	memset(&stream, 0, sizeof(stream));
	if (len > UINT32_MAX / 2 ||
	    deflateInit2(&stream, LEVEL, Z_DEFLATED, GZIP_FORMAT, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return (NULL);
	out = malloc(len);
	stream.next_in = (unsigned char *)(uintptr_t)data;
	stream.avail_in = (unsigned int)len;
	stream.next_out = (unsigned char *)out;
	stream.avail_out = (unsigned int)len;
	if (out != NULL && deflate(&stream, Z_FINISH) != Z_STREAM_END) {
		free(out);
		out = NULL;
	}
	*out_len = stream.total_out;
	(void)deflateEnd(&stream);

	return (out);
}

/* The answer has its compressed form, or will never have one. */
static void
take(struct answer *answer, char *out, size_t len)
{
	answer->compressed = true;
	answer->packed = out;
	answer->packed_len = len;
}

static void
use(struct request *rq)
{
	const struct answer *answer = rq->answer;

	if (answer->packed == NULL)
		return;
	rq->encoded = true;
	rq->reply = answer->packed;
	rq->reply_len = answer->packed_len;
}

/* On a task thread: touches nothing but its job. */
static int
job_run(struct kore_task *task)
{
	struct job *job = (struct job *)task;

	job->out = compress_text(job->data, job->len, &job->out_len);

	return (KORE_RESULT_OK);
}

static void
job_done(struct kore_task *task)
{
	struct job *job = (struct job *)task;
	struct answer *answer = job->answer;
	struct request *rq;

	if (!kore_task_finished(task))
		return;
	take(answer, job->out, job->out_len);
	while ((rq = TAILQ_FIRST(&answer->waiting)) != NULL) {
		TAILQ_REMOVE(&answer->waiting, rq, shared);
		rq->compressing = false;
		use(rq);
		if (rq->http != NULL)
			http_request_wakeup(rq->http);
		request_release(rq);
	}
	answer_release(answer);
	kore_task_destroy(task);
	kore_free(job);
}

static void
start_job(struct answer *answer)
{
	struct job *job;

	answer->compressing = true;
	job = kore_calloc(1, sizeof(*job));
	job->answer = answer_hold(answer);
	job->data = answer->text;
	job->len = answer->len;
	kore_task_create(&job->task, job_run);
	kore_task_bind_callback(&job->task, job_done);
	kore_task_run(&job->task);
}

/* Does Accept-Encoding name gzip, and not with weight 0? */
bool
gzip_accepted(const struct request *rq)
{
	const char *p = request_header(rq, "accept-encoding"), *q;
	size_t len;

	for (; p != NULL && *p != '\0'; p += len) {
		p += strspn(p, ", \t");
		len = strcspn(p, ",");
		if (strncasecmp(p, "gzip", 4) != 0 || (len > 4 && strchr("; \t", p[4]) == NULL))
			continue;
		q = memmem(p, len, "q=", 2);
		return (q == NULL || strtod(q + 2, NULL) > 0);
	}
	return (false);
}

/* Compresses the reply's answer, once for all; false when that is under way, and the request will be woken up. */
bool
gzip_reply(struct request *rq)
{
	struct answer *answer = rq->answer;
	size_t len = 0;
	char *out;

	if (!answer->compressed && answer->len <= GZIP_INLINE_MAX) {
		out = compress_text(answer->text, answer->len, &len);
		take(answer, out, len);
	}
	if (answer->compressed) {
		use(rq);
		return (true);
	}
	request_hold(rq);
	rq->compressing = true;
	TAILQ_INSERT_TAIL(&answer->waiting, rq, shared);
	if (!answer->compressing)
		start_job(answer);

	return (false);
}
