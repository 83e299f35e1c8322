/*
 * workers.c - threads that sleep on one word and share the parts of a job by a counter.
 *
 * A job is published by raising `round`; every thread takes part in every round, if only to find
 * that nothing is left, and reports by lowering `running`. So when `running` is zero no thread
 * looks at the job any more, and the next one can be written.
 *
 * Invariants:
 * 1. `task`, `argument` and `count` are written only while `running` is 0, before `round` rises.
 * 2. Each index below `count` is given out once: `next` only rises within a round.
 * 3. A thread lowers `running` once a round, after its last part.
 *
 * A job of algebra is many short rounds, one straight after the other, and to put a thread to sleep
 * and wake it takes as long as such a round. So who waits first looks at the word for some tens of
 * microseconds, unless there are more threads than processors.
 */
#include "tradewind/workers.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "tradewind/wait.h"

enum { LOOK_COUNT = 500 };

struct tw_workers {
    tw_allocator allocator;
    tw_task_runner runner;
    pthread_t *threads;
    uint32_t thread_count; /* beside the caller */
    uint32_t busy;         /* 1 while a job runs */
    uint32_t round;        /* a word to wait on */
    uint32_t running;      /* threads that have not reported; a word to wait on */
    uint32_t stopping;
    uint32_t looks; /* before a thread sleeps */
    tw_task task;
    void *argument;
    size_t count;
    size_t next;
};

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* Returns when the word holds another value, or for no reason. */
static void wait_while(const tw_workers *workers, uint32_t *word, uint32_t value) {
    for (uint32_t i = 0; i < workers->looks; i++) {
        if (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value)
            return;
        pause_briefly();
    }
    tw_waiter_wait(NULL, word, value, TW_WAIT_FOREVER);
}

static void take_parts(tw_workers *workers) {
    for (;;) {
        size_t index = __atomic_fetch_add(&workers->next, 1, __ATOMIC_RELAXED);
        if (index >= workers->count)
            return;
        workers->task(workers->argument, index);
    }
}

static void *work(void *context) {
    tw_workers *workers = context;
    uint32_t seen = 0;
    for (;;) {
        uint32_t round = __atomic_load_n(&workers->round, __ATOMIC_ACQUIRE);
        if (round == seen) {
            wait_while(workers, &workers->round, seen);
            continue;
        }
        seen = round;
        if (__atomic_load_n(&workers->stopping, __ATOMIC_RELAXED) != 0)
            return NULL;
        take_parts(workers);
        if (__atomic_sub_fetch(&workers->running, 1, __ATOMIC_ACQ_REL) == 0)
            tw_waiter_wake(NULL, &workers->running, 1);
    }
}

static void begin_round(tw_workers *workers) {
    if (workers->thread_count == 0)
        return;
    __atomic_store_n(&workers->running, workers->thread_count, __ATOMIC_RELAXED);
    __atomic_add_fetch(&workers->round, 1, __ATOMIC_RELEASE);
    tw_waiter_wake(NULL, &workers->round, workers->thread_count);
}

static void run(void *context, size_t count, tw_task task, void *argument) {
    tw_workers *workers = context;
    TW_ASSERT(__atomic_exchange_n(&workers->busy, 1, __ATOMIC_ACQUIRE) == 0);
    workers->task = task;
    workers->argument = argument;
    workers->count = count;
    __atomic_store_n(&workers->next, 0, __ATOMIC_RELAXED);
    bool alone = count < 2 || workers->thread_count == 0;
    if (!alone)
        begin_round(workers);
    take_parts(workers);
    while (!alone) {
        uint32_t running = __atomic_load_n(&workers->running, __ATOMIC_ACQUIRE);
        if (running == 0)
            break;
        wait_while(workers, &workers->running, running);
    }
    __atomic_store_n(&workers->busy, 0, __ATOMIC_RELEASE);
}

static uint32_t processors(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    if (count < 1)
        return 1;
    return count < TW_WORKERS_COUNT_MAX ? (uint32_t)count : TW_WORKERS_COUNT_MAX;
}

/* Signals stay with the threads that were there before. */
static int start_thread(tw_workers *workers) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&workers->threads[workers->thread_count], NULL, work, workers);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

static tw_status start(tw_workers *workers, uint32_t count, tw_error *error) {
    for (uint32_t i = 1; i < count; i++) {
        int code = start_thread(workers);
        if (code != 0)
            return tw_error_set(error, TW_NO_MEMORY,
                                "this system gives only %u of %u threads (error %d)", i, count,
                                code);
        workers->thread_count++;
    }
    return TW_OK;
}

tw_status tw_workers_new(const tw_allocator *allocator, uint32_t count, tw_workers **ret_workers,
                         tw_error *error) {
    TW_ASSERT(ret_workers != NULL);
    if (count > TW_WORKERS_COUNT_MAX)
        return tw_error_set(error, TW_RANGE, "%u workers are too many: expected 0 to %u", count,
                            TW_WORKERS_COUNT_MAX);
    if (count == 0)
        count = processors();
    tw_workers *workers = TW_NEW(allocator, 1, tw_workers);
    if (workers == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the workers");
    workers->allocator = allocator != NULL ? *allocator : *tw_allocator_system();
    workers->runner = (tw_task_runner){run, workers};
    workers->looks = count <= processors() ? LOOK_COUNT : 0;
    workers->threads = TW_NEW(allocator, TW_WORKERS_COUNT_MAX, pthread_t);
    tw_status status =
        workers->threads != NULL
            ? start(workers, count, error)
            : tw_error_set(error, TW_NO_MEMORY, "there is no memory for the workers");
    if (status != TW_OK) {
        tw_workers_free(workers);
        return status;
    }
    *ret_workers = workers;
    return TW_OK;
}

void tw_workers_free(tw_workers *workers) {
    if (workers == NULL)
        return;
    TW_ASSERT(__atomic_load_n(&workers->busy, __ATOMIC_ACQUIRE) == 0);
    __atomic_store_n(&workers->stopping, 1, __ATOMIC_RELAXED);
    begin_round(workers);
    for (uint32_t i = 0; i < workers->thread_count; i++) {
        int code = pthread_join(workers->threads[i], NULL);
        TW_ASSERT(code == 0);
    }
    tw_allocator allocator = workers->allocator;
    TW_DELETE(&allocator, workers->threads, TW_WORKERS_COUNT_MAX, pthread_t);
    TW_DELETE(&allocator, workers, 1, tw_workers);
}

uint32_t tw_workers_count(const tw_workers *workers) {
    TW_ASSERT(workers != NULL);
    return workers->thread_count + 1;
}

const tw_task_runner *tw_workers_runner(tw_workers *workers) {
    TW_ASSERT(workers != NULL);
    return &workers->runner;
}
