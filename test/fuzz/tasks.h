/* Does the tasks that wait. */
#ifndef EV_FUZZ_TASKS_H
#define EV_FUZZ_TASKS_H

void tasks_turn(void);

#endif
