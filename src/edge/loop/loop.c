/*
 * loop.c - libuv, one turn at a time.
 *
 * Idea: libuv's epoll descriptor can itself be waited for. A turn waits on it (by ppoll, or by
 * whoever took the waiter's seat) and then lets libuv run without waiting. So the precision of
 * the wait is ours (nanoseconds), and another library may do the waiting.
 *
 * Invariants
 *   1. libuv hands changed watches to the kernel only inside uv_run; `changed` says that there
 *      are some, and no wait begins before they are handed over.
 *   2. No wait is longer than until the earliest timer: ppoll is given that time; a foreign
 *      waiter finds `timer_fd` set to it, which libuv's descriptor contains.
 *   3. A watch slot returns to the free list only from libuv's close callback; until then libuv
 *      owns its memory.
 *   4. Tasks are a list through the callers' structs; `deferred` is true exactly while linked.
 */
#include "tradewind/loop.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "timers.h"
#include "tradewind/time.h"

#define WATCH_COUNT_DEFAULT 1024
#define TIMER_COUNT_DEFAULT 4096

typedef enum slot_state { SLOT_FREE = 0, SLOT_IN_USE, SLOT_CLOSING } slot_state;

struct tw_loop_watch {
    uv_poll_t poll;
    tw_loop *loop;
    tw_loop_watch *next_free;
    tw_loop_on_ready on_ready;
    void *context;
    uint32_t events;
    int fd;
    slot_state state;
};

typedef struct signal_slot {
    uv_signal_t handle;
    tw_loop *loop;
    tw_loop_on_signal on_signal;
    void *context;
    int number;
    slot_state state;
} signal_slot;

struct tw_loop {
    const tw_allocator *allocator;
    uv_loop_t uv;
    uv_async_t wake;
    bool uv_ready;
    bool wake_ready;
    bool changed; /* invariant 1 */
    bool turning;
    uint32_t work; /* callbacks run in this turn */
    int64_t now_ns;

    tw_loop_watch *watches;
    tw_loop_watch *first_free_watch;
    uint32_t watch_count_max;
    uint32_t watch_used_count; /* those behind were never used, nor their memory touched */
    timer_heap timers;
    signal_slot signals[TW_LOOP_SIGNAL_COUNT_MAX];

    tw_loop_task tasks; /* head of the ring of deferred tasks */
    uint32_t task_count;

    tw_loop_on_wake on_wake;
    void *wake_context;
    tw_loop_waiter waiter; /* `wait` NULL: nobody has the seat */
    int timer_fd;          /* -1 until somebody takes the waiter's seat */
    int64_t timer_fd_ns;   /* what it is set to; INT64_MAX: nothing */
    uv_poll_t timer_poll;
};

/* ---- creation ------------------------------------------------------------------------- */

static void wake_arrived(uv_async_t *handle) {
    tw_loop *loop = handle->data;
    if (loop->on_wake == NULL)
        return;
    loop->work++;
    loop->on_wake(loop->wake_context);
}

static tw_status make_tables(tw_loop *loop, uint32_t timer_count_max) {
    loop->watches = TW_NEW(loop->allocator, loop->watch_count_max, tw_loop_watch);
    if (loop->watches == NULL)
        return TW_NO_MEMORY;
    return loop_timers_init(&loop->timers, loop->allocator, timer_count_max);
}

static tw_status open_uv(tw_loop *loop, tw_error *error) {
    int failed = uv_loop_init(&loop->uv);
    if (failed != 0)
        return tw_error_set_errno(error, -failed, "an event loop could not be made");
    loop->uv_ready = true;
    failed = uv_async_init(&loop->uv, &loop->wake, wake_arrived);
    if (failed != 0)
        return tw_error_set_errno(error, -failed, "the wake-up of an event loop could not be made");
    loop->wake.data = loop;
    loop->wake_ready = true;
    loop->changed = true;
    return TW_OK;
}

tw_status tw_loop_new(const tw_loop_config *config, tw_loop **ret_loop, tw_error *error) {
    TW_ASSERT(ret_loop != NULL);
    static const tw_loop_config defaults = {0};
    if (config == NULL)
        config = &defaults;
    const tw_allocator *allocator =
        config->allocator != NULL ? config->allocator : tw_allocator_system();
    tw_loop *loop = TW_NEW(allocator, 1, tw_loop);
    if (loop == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for an event loop");
    loop->allocator = allocator;
    loop->timer_fd = -1;
    loop->timer_fd_ns = INT64_MAX;
    loop->tasks.next = loop->tasks.previous = &loop->tasks;
    loop->watch_count_max =
        config->watch_count_max > 0 ? config->watch_count_max : WATCH_COUNT_DEFAULT;
    loop->now_ns = tw_time_monotonic_ns();
    tw_status status = make_tables(loop, config->timer_count_max > 0 ? config->timer_count_max
                                                                     : TIMER_COUNT_DEFAULT);
    if (status != TW_OK)
        status = tw_error_set(error, status, "no memory for the tables of an event loop");
    else
        status = open_uv(loop, error);
    if (status != TW_OK) {
        tw_loop_free(loop);
        return status;
    }
    *ret_loop = loop;
    return TW_OK;
}

static void close_all(tw_loop *loop) {
    for (uint32_t i = 0; loop->watches != NULL && i < loop->watch_used_count; i++)
        if (loop->watches[i].state == SLOT_IN_USE)
            tw_loop_watch_stop(&loop->watches[i]);
    for (int i = 0; i < TW_LOOP_SIGNAL_COUNT_MAX; i++)
        if (loop->signals[i].state == SLOT_IN_USE)
            tw_loop_signal_stop(loop, loop->signals[i].number);
    if (loop->wake_ready)
        uv_close((uv_handle_t *)&loop->wake, NULL);
    if (loop->timer_fd >= 0)
        uv_close((uv_handle_t *)&loop->timer_poll, NULL);
    /* Only close callbacks are left to run; each needs one round. */
    while (uv_run(&loop->uv, UV_RUN_NOWAIT) != 0)
        continue;
    int failed = uv_loop_close(&loop->uv);
    TW_ASSERT(failed == 0);
}

void tw_loop_free(tw_loop *loop) {
    if (loop == NULL)
        return;
    TW_ASSERT(!loop->turning);
    loop->on_wake = NULL;
    if (loop->uv_ready)
        close_all(loop);
    if (loop->timer_fd >= 0)
        close(loop->timer_fd);
    loop_timers_done(&loop->timers);
    TW_DELETE(loop->allocator, loop->watches, loop->watch_count_max, tw_loop_watch);
    TW_DELETE(loop->allocator, loop, 1, tw_loop);
}

/* ---- the turn ------------------------------------------------------------------------- */

static void run_tasks(tw_loop *loop) {
    /* Those deferred meanwhile wait for the next round. */
    for (uint32_t count = loop->task_count; count > 0 && loop->task_count > 0; count--) {
        tw_loop_task *task = loop->tasks.next;
        tw_loop_defer_drop(loop, task);
        loop->work++;
        task->run(task->context);
    }
}

static void run_uv(tw_loop *loop) {
    loop->changed = false;
    uv_run(&loop->uv, UV_RUN_NOWAIT);
}

/* The time to wait, cut at the earliest timer; 0 when there is something to do. */
static int64_t wait_span(const tw_loop *loop, int64_t timeout_ns) {
    if (loop->task_count > 0 || loop->work > 0)
        return 0;
    int64_t next_ns = loop_timers_next_ns(&loop->timers);
    if (next_ns == INT64_MAX || timeout_ns == 0)
        return timeout_ns;
    int64_t left_ns = next_ns - tw_time_monotonic_ns();
    if (left_ns < 0)
        left_ns = 0;
    return timeout_ns < 0 || left_ns < timeout_ns ? left_ns : timeout_ns;
}

static tw_status wait_own(tw_loop *loop, int64_t span_ns, tw_error *error) {
    struct pollfd descriptor = {.fd = uv_backend_fd(&loop->uv), .events = POLLIN};
    struct timespec span = {.tv_sec = (time_t)(span_ns / TW_NS_PER_SECOND),
                            .tv_nsec = (long)(span_ns % TW_NS_PER_SECOND)};
    if (ppoll(&descriptor, 1, span_ns < 0 ? NULL : &span, NULL) < 0 && errno != EINTR)
        return tw_error_set_errno(error, errno, "waiting for events failed");
    return TW_OK;
}

/* Sets the timer descriptor to the earliest deadline (invariant 2). */
static tw_status arm_timer_fd(tw_loop *loop, tw_error *error) {
    int64_t next_ns = loop_timers_next_ns(&loop->timers);
    if (next_ns == loop->timer_fd_ns)
        return TW_OK;
    struct itimerspec setting = {0};
    if (next_ns != INT64_MAX) {
        setting.it_value.tv_sec = (time_t)(next_ns / TW_NS_PER_SECOND);
        setting.it_value.tv_nsec = (long)(next_ns % TW_NS_PER_SECOND);
    }
    if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &setting, NULL) != 0)
        return tw_error_set_errno(error, errno, "setting the timer of an event loop failed");
    loop->timer_fd_ns = next_ns;
    return TW_OK;
}

static tw_status wait_for_events(tw_loop *loop, int64_t timeout_ns, tw_error *error) {
    int64_t span_ns = wait_span(loop, timeout_ns);
    if (span_ns == 0)
        return TW_OK;
    if (loop->waiter.wait == NULL)
        return wait_own(loop, span_ns, error);
    tw_status status = arm_timer_fd(loop, error);
    if (status == TW_OK)
        loop->waiter.wait(loop->waiter.context, uv_backend_fd(&loop->uv), span_ns);
    return status;
}

tw_status tw_loop_turn(tw_loop *loop, int64_t timeout_ns, uint32_t *ret_work_done,
                       tw_error *error) {
    TW_ASSERT(loop != NULL);
    TW_ASSERT(!loop->turning);
    loop->turning = true;
    loop->work = 0;
    loop->now_ns = tw_time_monotonic_ns();
    run_tasks(loop);
    if (loop->changed)
        run_uv(loop);
    tw_status status = wait_for_events(loop, timeout_ns, error);
    if (status == TW_OK) {
        loop->now_ns = tw_time_monotonic_ns();
        if (loop->waiter.handle != NULL)
            loop->work += loop->waiter.handle(loop->waiter.context);
        run_uv(loop);
        loop->work += loop_timers_run(&loop->timers, loop->now_ns);
        run_tasks(loop);
    }
    loop->turning = false;
    if (ret_work_done != NULL)
        *ret_work_done = loop->work;
    return status;
}

int64_t tw_loop_now_ns(const tw_loop *loop) {
    return loop->now_ns;
}

/* ---- descriptors ---------------------------------------------------------------------- */

static void watch_ready(uv_poll_t *handle, int status, int uv_events);

static void listen_for(tw_loop_watch *watch) {
    int wanted = 0;
    if ((watch->events & TW_LOOP_READABLE) != 0)
        wanted |= UV_READABLE;
    if ((watch->events & TW_LOOP_WRITABLE) != 0)
        wanted |= UV_WRITABLE;
    int failed = uv_poll_start(&watch->poll, wanted, watch_ready);
    TW_ASSERT(failed == 0); /* it can only fail on a handle that is closing */
}

static void watch_ready(uv_poll_t *handle, int status, int uv_events) {
    tw_loop_watch *watch = handle->data;
    uint32_t events = 0;
    /* Broken: the reader shall find out why. libuv has stopped the handle, but there may be bytes
     * to read before the reason is. */
    if (status < 0) {
        events = watch->events;
        watch->loop->changed = true;
        listen_for(watch);
    }
    if ((uv_events & UV_READABLE) != 0)
        events |= TW_LOOP_READABLE;
    if ((uv_events & UV_WRITABLE) != 0)
        events |= TW_LOOP_WRITABLE;
    watch->loop->work++;
    watch->on_ready(watch->context, watch->fd, events);
}

static tw_loop_watch *take_watch(tw_loop *loop) {
    tw_loop_watch *watch = loop->first_free_watch;
    if (watch != NULL) {
        loop->first_free_watch = watch->next_free;
    } else if (loop->watch_used_count < loop->watch_count_max) {
        watch = &loop->watches[loop->watch_used_count++];
        watch->loop = loop;
    }
    return watch;
}

static void give_watch_back(tw_loop_watch *watch) {
    tw_loop *loop = watch->loop;
    watch->state = SLOT_FREE;
    watch->next_free = loop->first_free_watch;
    loop->first_free_watch = watch;
}

static void watch_closed(uv_handle_t *handle) {
    give_watch_back(handle->data);
}

tw_status tw_loop_watch_start(tw_loop *loop, int fd, uint32_t events, tw_loop_on_ready on_ready,
                              void *context, tw_loop_watch **ret_watch) {
    TW_ASSERT(fd >= 0 && on_ready != NULL && ret_watch != NULL);
    tw_loop_watch *watch = take_watch(loop);
    if (watch == NULL)
        return TW_FULL;
    int failed = uv_poll_init(&loop->uv, &watch->poll, fd);
    if (failed != 0)
        give_watch_back(watch);
    if (failed == UV_EEXIST)
        return TW_EXISTS;
    if (failed == UV_EPERM || failed == UV_EBADF)
        return TW_INVALID;
    if (failed != 0)
        return tw_status_from_errno(-failed);
    watch->poll.data = watch;
    watch->on_ready = on_ready;
    watch->context = context;
    watch->fd = fd;
    watch->events = 0;
    watch->state = SLOT_IN_USE;
    tw_loop_watch_set(watch, events);
    *ret_watch = watch;
    return TW_OK;
}

void tw_loop_watch_set(tw_loop_watch *watch, uint32_t events) {
    TW_ASSERT(watch->state == SLOT_IN_USE);
    TW_ASSERT((events & ~(TW_LOOP_READABLE | TW_LOOP_WRITABLE)) == 0);
    if (watch->events == events)
        return;
    watch->events = events;
    watch->loop->changed = true;
    listen_for(watch);
}

void tw_loop_watch_stop(tw_loop_watch *watch) {
    if (watch == NULL)
        return;
    TW_ASSERT(watch->state == SLOT_IN_USE);
    watch->state = SLOT_CLOSING;
    watch->loop->changed = true;
    uv_close((uv_handle_t *)&watch->poll, watch_closed);
}

/* ---- timers --------------------------------------------------------------------------- */

tw_status tw_loop_timer_start(tw_loop *loop, int64_t delay_ns, int64_t repeat_ns,
                              tw_loop_on_timer on_timer, void *context, tw_loop_timer **ret_timer) {
    TW_ASSERT(delay_ns >= 0 && repeat_ns >= 0);
    TW_ASSERT(on_timer != NULL && ret_timer != NULL);
    int64_t deadline_ns = 0;
    if (__builtin_add_overflow(tw_time_monotonic_ns(), delay_ns, &deadline_ns))
        deadline_ns = INT64_MAX - 1; /* in some centuries */
    tw_loop_timer *timer = loop_timers_start(&loop->timers, deadline_ns, repeat_ns);
    if (timer == NULL)
        return TW_FULL;
    timer->on_timer = on_timer;
    timer->context = context;
    *ret_timer = timer;
    return TW_OK;
}

void tw_loop_timer_stop(tw_loop_timer *timer) {
    if (timer != NULL)
        loop_timers_stop(timer);
}

/* ---- wake-ups and signals ------------------------------------------------------------- */

void tw_loop_set_wake(tw_loop *loop, tw_loop_on_wake on_wake, void *context) {
    loop->on_wake = on_wake;
    loop->wake_context = context;
}

void tw_loop_wake(tw_loop *loop) {
    int failed = uv_async_send(&loop->wake);
    TW_ASSERT(failed == 0);
}

static void signal_arrived(uv_signal_t *handle, int number) {
    signal_slot *slot = handle->data;
    slot->loop->work++;
    slot->on_signal(slot->context, number);
}

static void signal_closed(uv_handle_t *handle) {
    signal_slot *slot = handle->data;
    slot->state = SLOT_FREE;
}

static signal_slot *find_signal(tw_loop *loop, int number) {
    for (int i = 0; i < TW_LOOP_SIGNAL_COUNT_MAX; i++)
        if (loop->signals[i].state == SLOT_IN_USE && loop->signals[i].number == number)
            return &loop->signals[i];
    return NULL;
}

static signal_slot *find_free_signal(tw_loop *loop) {
    for (int i = 0; i < TW_LOOP_SIGNAL_COUNT_MAX; i++)
        if (loop->signals[i].state == SLOT_FREE)
            return &loop->signals[i];
    return NULL;
}

tw_status tw_loop_signal_start(tw_loop *loop, int signal_number, tw_loop_on_signal on_signal,
                               void *context) {
    TW_ASSERT(on_signal != NULL);
    if (find_signal(loop, signal_number) != NULL)
        return TW_EXISTS;
    signal_slot *slot = find_free_signal(loop);
    if (slot == NULL)
        return TW_FULL;
    int failed = uv_signal_init(&loop->uv, &slot->handle);
    if (failed != 0)
        return tw_status_from_errno(-failed);
    slot->handle.data = slot;
    slot->loop = loop;
    slot->on_signal = on_signal;
    slot->context = context;
    slot->number = signal_number;
    slot->state = SLOT_IN_USE;
    loop->changed = true;
    if (uv_signal_start(&slot->handle, signal_arrived, signal_number) == 0)
        return TW_OK;
    tw_loop_signal_stop(loop, signal_number);
    return TW_INVALID;
}

void tw_loop_signal_stop(tw_loop *loop, int signal_number) {
    signal_slot *slot = find_signal(loop, signal_number);
    if (slot == NULL)
        return;
    slot->state = SLOT_CLOSING;
    loop->changed = true;
    uv_close((uv_handle_t *)&slot->handle, signal_closed);
}

/* ---- tasks ---------------------------------------------------------------------------- */

void tw_loop_defer(tw_loop *loop, tw_loop_task *task) {
    TW_ASSERT(task->run != NULL);
    if (task->deferred)
        return;
    task->deferred = true;
    task->next = &loop->tasks;
    task->previous = loop->tasks.previous;
    task->previous->next = task;
    loop->tasks.previous = task;
    loop->task_count++;
}

void tw_loop_defer_drop(tw_loop *loop, tw_loop_task *task) {
    if (!task->deferred)
        return;
    TW_ASSERT(loop->task_count > 0);
    task->deferred = false;
    task->previous->next = task->next;
    task->next->previous = task->previous;
    task->next = task->previous = NULL;
    loop->task_count--;
}

/* ---- the waiter's seat ---------------------------------------------------------------- */

static void timer_fd_ready(uv_poll_t *handle, int status, int events) {
    tw_loop *loop = handle->data;
    (void)status;
    (void)events;
    uint64_t expirations = 0;
    /* Only to make it quiet again; the timers themselves are run by the turn. */
    if (read(loop->timer_fd, &expirations, sizeof expirations) == (ssize_t)sizeof expirations)
        loop->timer_fd_ns = INT64_MAX;
}

static tw_status open_timer_fd(tw_loop *loop) {
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0)
        return tw_status_from_errno(errno);
    int failed = uv_poll_init(&loop->uv, &loop->timer_poll, fd);
    if (failed != 0) {
        close(fd);
        return tw_status_from_errno(-failed);
    }
    loop->timer_poll.data = loop;
    failed = uv_poll_start(&loop->timer_poll, UV_READABLE, timer_fd_ready);
    TW_ASSERT(failed == 0);
    loop->timer_fd = fd;
    loop->changed = true;
    return TW_OK;
}

tw_status tw_loop_set_waiter(tw_loop *loop, const tw_loop_waiter *waiter) {
    if (waiter == NULL) {
        loop->waiter = (tw_loop_waiter){0};
        return TW_OK;
    }
    TW_ASSERT(waiter->wait != NULL && waiter->handle != NULL);
    if (loop->waiter.wait != NULL)
        return TW_BUSY;
    if (loop->timer_fd < 0) {
        tw_status status = open_timer_fd(loop);
        if (status != TW_OK)
            return status;
    }
    loop->waiter = *waiter;
    return TW_OK;
}
