/* Kore's tasks without threads: each is done in the next turn, one after the other, so that the same input does the same. */
#include <kore/kore.h>
#include <kore/http.h>
#include <kore/tasks.h>

#include "tasks.h"

u_int16_t kore_task_threads;

static TAILQ_HEAD(, kore_task) tasks = TAILQ_HEAD_INITIALIZER(tasks);

void
kore_task_init(void)
{
}

void
kore_task_create(struct kore_task *task, int (*entry)(struct kore_task *))
{
	task->entry = entry;
}

void
kore_task_bind_callback(struct kore_task *task, void (*done)(struct kore_task *))
{
	task->cb = done;
}

void
kore_task_run(struct kore_task *task)
{
	TAILQ_INSERT_TAIL(&tasks, task, list);
}

int
kore_task_finished(struct kore_task *task)
{
	(void)task;
	return (1);
}

void
kore_task_destroy(struct kore_task *task)
{
	(void)task;
}

void
tasks_turn(void)
{
	struct kore_task *task;

	while ((task = TAILQ_FIRST(&tasks)) != NULL) {
		TAILQ_REMOVE(&tasks, task, list);
		(void)task->entry(task);
		task->cb(task);
	}
}
