/*
 * loop_thread.h - a thread of a run that turns a loop of its own.
 *
 *     open --> something is hung on the loop --> start --> stop --> that is taken down --> close
 *
 * Whoever is served there is answered however busy the other threads are, and takes no time of
 * theirs. A loop whose wait fails has nothing left to serve with: that is told on standard error,
 * and the run goes on without.
 */
#ifndef TRADEWIND_CLI_LOOP_THREAD_H
#define TRADEWIND_CLI_LOOP_THREAD_H

#include <pthread.h>
#include <stdatomic.h>

#include "tradewind/loop.h"

/* What the thread does besides turning the loop. */
typedef struct loop_thread_work {
    int64_t wait_ns;                                  /* of a turn at most; below 0: for ever */
    void (*turn)(void *context);                      /* before each wait, or NULL */
    tw_status (*end)(void *context, tw_error *error); /* told to stop: the last act, or NULL */
    void *context;
    const char *lost; /* said of a loop that fails: "the dashboard is not served any more" */
} loop_thread_work;

/* All zero: nothing has been opened. */
typedef struct loop_thread {
    tw_loop *loop;
    loop_thread_work work;
    pthread_t thread;
    bool running;
    atomic_bool ending;
} loop_thread;

tw_status loop_thread_open(loop_thread *thread, tw_error *error) TW_MUST_CHECK;
tw_status loop_thread_start(loop_thread *thread, const loop_thread_work *work,
                            tw_error *error) TW_MUST_CHECK;

/* Ends the thread and waits for it. Harmless in any state, as loop_thread_close. */
void loop_thread_stop(loop_thread *thread);
void loop_thread_close(loop_thread *thread);

#endif
