/*
 * loop.h - one event loop a thread, over libuv: descriptors, timers, wake-ups, signals.
 *
 * A program makes a loop, starts what it wants to hear of, and turns it:
 *
 *     while (running)
 *         if (tw_loop_turn(loop, TW_NS_PER_SECOND, NULL, &error) != TW_OK)
 *             ...
 *
 * One turn waits for at most the given time, then runs, in this order: the callbacks of ready
 * descriptors (the waiter's first), wake-ups and signals; the timers that are due, earliest first
 * (ties: the one started first); the tasks deferred meanwhile. Nothing waits while a task is
 * deferred or a timer is due. Callbacks may start and stop anything, themselves included; they must
 * not turn the loop.
 *
 * Time: spans and points are nanoseconds of the monotonic clock. Timers fire at the nanosecond
 * asked for or later (libuv's own timers know only milliseconds, so they are not used).
 * Memory: all handles come out of tables made at creation; at the limit a start is TW_FULL.
 * libuv keeps some hundred bytes of its own on the C heap.
 * Cost: a turn is two system calls more than the callbacks make; a timer start is O(log n).
 * Threads: everything belongs to the loop's thread but tw_loop_wake, which any thread (and a
 * signal handler) may call.
 */
#ifndef TRADEWIND_LOOP_H
#define TRADEWIND_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"

typedef struct tw_loop tw_loop;
typedef struct tw_loop_watch tw_loop_watch;
typedef struct tw_loop_timer tw_loop_timer;

typedef struct tw_loop_config {
    const tw_allocator *allocator; /* NULL: the system's */
    uint32_t watch_count_max;      /* descriptors watched at once; 0: 1024 */
    uint32_t timer_count_max;      /* timers running at once; 0: 4096 */
} tw_loop_config;

/* What a descriptor is ready for; also what to wait for. */
#define TW_LOOP_READABLE 1u
#define TW_LOOP_WRITABLE 2u

/* The most signals one loop can listen to. */
#define TW_LOOP_SIGNAL_COUNT_MAX 4

/* `events` is a set of TW_LOOP_READABLE and TW_LOOP_WRITABLE. A broken descriptor is reported as
 * ready for everything it was watched for: the read or write then tells what is wrong. */
typedef void (*tw_loop_on_ready)(void *context, int fd, uint32_t events);
typedef void (*tw_loop_on_timer)(void *context);
typedef void (*tw_loop_on_wake)(void *context);
typedef void (*tw_loop_on_signal)(void *context, int signal_number);

/*
 * Something to be done at the end of this turn (or at the start of the next one, if it is
 * deferred outside of a turn). The struct belongs to the caller and is plain zero at first; it
 * must live until it has run or was dropped.
 */
typedef struct tw_loop_task {
    void (*run)(void *context);
    void *context;
    struct tw_loop_task *next;     /* private */
    struct tw_loop_task *previous; /* private */
    bool deferred;                 /* private */
} tw_loop_task;

/*
 * Who does the waiting. The default waits on the loop's own descriptor. A library that has a
 * faster wait of its own (libcurl's multi_poll) takes the seat. Timers of the loop make
 * `backend_fd` readable, so a wait that only knows milliseconds loses no precision.
 */
typedef struct tw_loop_waiter {
    /* Returns when `backend_fd` is readable, when `timeout_ns` is over (negative: never) or when
     * something of its own is ready. Not called when the turn does not wait. */
    void (*wait)(void *context, int backend_fd, int64_t timeout_ns);
    /* Handles what is ready, once every turn; returns how many callbacks it ran. */
    uint32_t (*handle)(void *context);
    void *context;
} tw_loop_waiter;

TW_BEGIN_DECLS

/* Makes a loop. `config` may be NULL. TW_NO_MEMORY, TW_IO (no descriptors left). */
TW_API tw_status tw_loop_new(const tw_loop_config *config, tw_loop **ret_loop,
                             tw_error *error) TW_MUST_CHECK;

/* Frees the loop and every watch, timer and signal still on it, without calling them. */
TW_API void tw_loop_free(tw_loop *loop);

/*
 * One cycle. Waits for at most `timeout_ns` (0: do not wait; negative: as long as it takes),
 * then runs what is ready. `ret_work_done` (may be NULL) is the number of callbacks run.
 * TW_OK also when nothing happened; TW_IO if the wait itself failed.
 */
TW_API tw_status tw_loop_turn(tw_loop *loop, int64_t timeout_ns, uint32_t *ret_work_done,
                              tw_error *error) TW_MUST_CHECK;

/* The monotonic time this turn began to run callbacks; read once a turn. */
TW_API int64_t tw_loop_now_ns(const tw_loop *loop);

/*
 * Watches a descriptor that can be polled (level-triggered) and makes it non-blocking. The
 * descriptor stays the caller's: stop the watch first, then close it. One watch a descriptor.
 * TW_FULL, TW_EXISTS (already watched), TW_INVALID (cannot be polled), TW_IO.
 */
TW_API tw_status tw_loop_watch_start(tw_loop *loop, int fd, uint32_t events,
                                     tw_loop_on_ready on_ready, void *context,
                                     tw_loop_watch **ret_watch) TW_MUST_CHECK;

/* Changes what is waited for; 0 pauses the watch. */
TW_API void tw_loop_watch_set(tw_loop_watch *watch, uint32_t events);

/* Ends the watch; no callback follows and the handle is gone. NULL is ignored. */
TW_API void tw_loop_watch_stop(tw_loop_watch *watch);

/*
 * Starts a timer that fires once after `delay_ns` (>= 0) and, if `repeat_ns` > 0, every
 * `repeat_ns` from then on; periods missed while the loop was busy are skipped, not made up.
 * A one-shot timer is gone once its callback has been entered: do not stop it after that.
 * TW_FULL.
 */
TW_API tw_status tw_loop_timer_start(tw_loop *loop, int64_t delay_ns, int64_t repeat_ns,
                                     tw_loop_on_timer on_timer, void *context,
                                     tw_loop_timer **ret_timer) TW_MUST_CHECK;

/* Ends a timer that is running; no callback follows and the handle is gone. NULL is ignored. */
TW_API void tw_loop_timer_stop(tw_loop_timer *timer);

/* Sets who is called after tw_loop_wake; NULL for nobody. */
TW_API void tw_loop_set_wake(tw_loop *loop, tw_loop_on_wake on_wake, void *context);

/* Ends the wait of the loop and has the wake callback called on its thread. From any thread;
 * several wakes before the loop gets to it are one. */
TW_API void tw_loop_wake(tw_loop *loop);

/* Calls back on the loop's thread when the process gets the signal, instead of its default.
 * TW_FULL, TW_EXISTS (listened to already), TW_INVALID (not a signal that can be caught). */
TW_API tw_status tw_loop_signal_start(tw_loop *loop, int signal_number, tw_loop_on_signal on_signal,
                                      void *context) TW_MUST_CHECK;
TW_API void tw_loop_signal_stop(tw_loop *loop, int signal_number);

/* Runs `task` at the end of this turn. Deferring a task twice is the same as once. */
TW_API void tw_loop_defer(tw_loop *loop, tw_loop_task *task);
/* Takes a task back; one that is not deferred is ignored. */
TW_API void tw_loop_defer_drop(tw_loop *loop, tw_loop_task *task);

/* Takes the seat of the waiter (the struct is copied), or leaves it (NULL). TW_BUSY if it is
 * taken, TW_IO (no descriptors left). */
TW_API tw_status tw_loop_set_waiter(tw_loop *loop, const tw_loop_waiter *waiter) TW_MUST_CHECK;

TW_END_DECLS

TW_DEFINE_AUTO(tw_loop, tw_loop_free)

#endif
