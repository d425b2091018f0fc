#include <crypt.h>
#include <string.h>

#include <openssl/crypto.h>

#include <kore/kore.h>
#include <kore/http.h>
#include <kore/tasks.h>

#include "config.h"
#include "metrics.h"
#include "password.h"
#include "reply.h"

#define WAITING_MAX 300

struct job {
	struct kore_task task; /* Kore wants it first */
	struct request *rq;
	char password[PASSWORD_MAX + 1];
	char setting[CRYPT_OUTPUT_SIZE]; /* the hash to compare with, or salt and cost of a new one */
	char hash[CRYPT_OUTPUT_SIZE]; /* "" when it could not be made */
	bool refuse; /* the answer is no, whatever the hash says */
	void (*hashed)(struct request *rq, const char *hash);
	void (*verified)(struct request *rq, bool good);
	struct crypt_data data;
};

static char dummy_hash[CRYPT_OUTPUT_SIZE];
static int waiting;

static void
make_salt(char salt[CRYPT_OUTPUT_SIZE])
{
	if (crypt_gensalt_rn("$2b$", (unsigned long)config.bcrypt_cost, NULL, 0, salt, CRYPT_OUTPUT_SIZE) == NULL)
		fatal("password: libcrypt has no bcrypt");
}

void
password_init(void)
{
	static struct crypt_data data;
	char salt[CRYPT_OUTPUT_SIZE];
	const char *hash;

	make_salt(salt);
	if ((hash = crypt_rn("nobody's password", salt, &data, sizeof(data))) == NULL)
		fatal("password: libcrypt has no bcrypt");
	(void)kore_strlcpy(dummy_hash, hash, sizeof(dummy_hash));
}

/* On a task thread: touches nothing but its job. */
static int
job_run(struct kore_task *task)
{
	struct job *job = (struct job *)task;
	const char *hash;

	hash = crypt_rn(job->password, job->setting, &job->data, sizeof(job->data));
	if (hash != NULL)
		memcpy(job->hash, hash, strlen(hash) + 1);

	return (KORE_RESULT_OK);
}

static void
job_done(struct kore_task *task)
{
	struct job *job = (struct job *)task;
	struct request *rq = job->rq;
	size_t len = strlen(job->hash);
	bool good;

	if (!kore_task_finished(task))
		return;
	waiting--;
	if (len > 0)
		METRIC_ADD(metrics->hashes, 1);
	good = len > 0 && len == strlen(job->setting) && CRYPTO_memcmp(job->hash, job->setting, len) == 0;
	if (job->hashed != NULL && len > 0)
		job->hashed(rq, arena_copy(&rq->arena, job->hash, len));
	else if (job->hashed != NULL)
		reply_error(rq, 500, "INTERNAL_ERROR", NULL, "Something went wrong on our side");
	else
		job->verified(rq, good && !job->refuse);
	kore_task_destroy(task);
	OPENSSL_cleanse(job, sizeof(*job));
	kore_free(job);
	request_release(rq);
}

static struct job *
job_new(struct request *rq, const char *password)
{
	struct job *job;

	if (waiting >= WAITING_MAX) {
		reply_unavailable(rq, "The server is overloaded; nothing was done, try again");
		return (NULL);
	}
	waiting++;
	request_hold(rq);
	job = kore_calloc(1, sizeof(*job));
	job->rq = rq;
	(void)kore_strlcpy(job->password, password, sizeof(job->password));

	return (job);
}

static void
job_start(struct job *job)
{
	kore_task_create(&job->task, job_run);
	kore_task_bind_callback(&job->task, job_done);
	kore_task_run(&job->task);
}

void
password_hash(struct request *rq, const char *password, void (*done)(struct request *rq, const char *hash))
{
	struct job *job;

	if ((job = job_new(rq, password)) == NULL)
		return;
	job->hashed = done;
	make_salt(job->setting);
	job_start(job);
}

/* `hash` is NULL when there is no such account. */
void
password_verify(struct request *rq, const char *password, const char *hash, void (*done)(struct request *rq, bool good))
{
	struct job *job;

	if ((job = job_new(rq, password)) == NULL)
		return;
	job->verified = done;
	job->refuse = hash == NULL || strlen(password) > PASSWORD_MAX || strlen(hash) >= sizeof(job->setting);
	(void)kore_strlcpy(job->setting, job->refuse ? dummy_hash : hash, sizeof(job->setting));
	job_start(job);
}
