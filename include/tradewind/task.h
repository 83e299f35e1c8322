/*
 * task.h - how a module of pure loops is given more than one thread: the seam.
 *
 * A module that can do its work in parts (columns of a matrix, symbols) starts no threads. It is
 * given a tw_task_runner, in the way in which it is given memory, and hands it the parts. What the
 * parts compute may not depend on who runs them or in which order, so results are the same with
 * any runner; NULL, where a runner is wanted, means the calling thread alone.
 *
 * tw_workers (workers.h) gives one with threads behind it.
 */
#ifndef TRADEWIND_TASK_H
#define TRADEWIND_TASK_H

#include <stddef.h>

#include "tradewind/api.h"

/* One part, by its number. It must not call the runner that runs it. */
typedef void (*tw_task)(void *argument, size_t index);

typedef struct tw_task_runner {
    /* Calls task(argument, index) once for each index below `count`, in any order and from any
     * threads, and returns when all of these calls have returned. What was written before `run` is
     * seen by the tasks, and what they write by whoever called it. */
    void (*run)(void *context, size_t count, tw_task task, void *argument);
    void *context;
} tw_task_runner;

TW_BEGIN_DECLS

/* Runs them; with NULL one after another. */
TW_API void tw_task_run(const tw_task_runner *runner, size_t count, tw_task task, void *argument);

TW_END_DECLS

#endif
