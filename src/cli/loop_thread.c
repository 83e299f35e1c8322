/* loop_thread.c - see loop_thread.h. */
#include "loop_thread.h"

#include <stdio.h>

tw_status loop_thread_open(loop_thread *thread, tw_error *error) {
    return tw_loop_new(NULL, &thread->loop, error);
}

static void *thread_main(void *context) {
    loop_thread *thread = context;
    const loop_thread_work *work = &thread->work;
    tw_error error = {0};
    tw_status status = TW_OK;
    while (status == TW_OK && !atomic_load(&thread->ending)) {
        if (work->turn != NULL)
            work->turn(work->context);
        status = tw_loop_turn(thread->loop, work->wait_ns, NULL, &error);
    }
    if (status == TW_OK && work->end != NULL)
        status = work->end(work->context, &error);
    if (status != TW_OK)
        fprintf(stderr, "tradewind run: %s: %s\n", work->lost, error.message);
    return NULL;
}

tw_status loop_thread_start(loop_thread *thread, const loop_thread_work *work, tw_error *error) {
    TW_ASSERT(thread->loop != NULL && !thread->running);
    thread->work = *work;
    int failure = pthread_create(&thread->thread, NULL, thread_main, thread);
    if (failure != 0)
        return tw_error_set_errno(error, failure, "a thread could not be started");
    thread->running = true;
    return TW_OK;
}

void loop_thread_stop(loop_thread *thread) {
    if (!thread->running)
        return;
    atomic_store(&thread->ending, true);
    tw_loop_wake(thread->loop);
    pthread_join(thread->thread, NULL);
    thread->running = false;
}

void loop_thread_close(loop_thread *thread) {
    TW_ASSERT(!thread->running);
    tw_loop_free(thread->loop);
    thread->loop = NULL;
}
