/*
 * workers.h - a bounded set of threads that runs the parts of a computation.
 *
 *     TW_AUTO(tw_workers) *workers = NULL;
 *     tw_status status = tw_workers_new(NULL, 2, &workers, &error);
 *     ...
 *     tw_batch_config config = {.runner = tw_workers_runner(workers), ...};
 *
 * The thread that calls works as well, so N workers are the caller and N - 1 threads. They sleep
 * between jobs and block all signals. Parts are taken one at a time, whoever is free first.
 *
 * Memory: a few hundred bytes and the threads' stacks. Cost of a job: one wake and two atomic
 * operations a thread, one a part; some ten microseconds where threads have to be woken.
 * Threads: one job at a time; a second caller meanwhile is a programmer error.
 */
#ifndef TRADEWIND_WORKERS_H
#define TRADEWIND_WORKERS_H

#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/status.h"
#include "tradewind/task.h"

#define TW_WORKERS_COUNT_MAX 256

typedef struct tw_workers tw_workers;

TW_BEGIN_DECLS

/* `count` workers with the caller among them, or, for 0, as many as the processors that this
 * process may use. TW_RANGE above TW_WORKERS_COUNT_MAX; TW_NO_MEMORY, also when the system gives no
 * more threads. The caller frees it. */
TW_API tw_status tw_workers_new(const tw_allocator *allocator, uint32_t count,
                                tw_workers **ret_workers, tw_error *error) TW_MUST_CHECK;

/* Ends the threads; no job may be running. */
TW_API void tw_workers_free(tw_workers *workers);

/* With the caller. */
TW_API uint32_t tw_workers_count(const tw_workers *workers);

/* Valid until the workers are freed. */
TW_API const tw_task_runner *tw_workers_runner(tw_workers *workers);

TW_END_DECLS

TW_DEFINE_AUTO(tw_workers, tw_workers_free)

#endif
