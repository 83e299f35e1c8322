/*
 * wait.h - how a machine of the kit waits for another thread: the seam, and a small lock over it.
 *
 * Machines that let callers wait (pools, caches with one loader a key) call no thread library and
 * no clock by themselves. They are given a tw_waiter, in the way in which they are given memory: a
 * word of 32 bits is waited on as long as it has an expected value, and woken by whoever changed
 * it. A test gives one that turns virtual time instead of sleeping.
 *
 *     tw_lock_acquire(&pool->lock, waiter);
 *     ...
 *     tw_lock_release(&pool->lock, waiter);
 *
 * Times: monotonic nanoseconds of `now_ns`, which has no relation to the wall clock and never runs
 * backwards.
 * Threads: the system's waiter may be used from any thread; others say for themselves.
 * Source: Ulrich Drepper, Futexes Are Tricky (2011), the third mutex.
 */
#ifndef TRADEWIND_WAIT_H
#define TRADEWIND_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/status.h"

#define TW_WAIT_FOREVER INT64_MAX

typedef struct tw_waiter {
    int64_t (*now_ns)(void *context);
    /* Returns when the word was woken, when it does not hold `expected` to begin with, or when the
     * deadline (of now_ns; TW_WAIT_FOREVER: none) has passed; also for no reason at all. The caller
     * looks again at what it waits for. */
    void (*wait)(void *context, uint32_t *word, uint32_t expected, int64_t deadline_ns);
    /* Wakes at most `count` of those who wait on the word. */
    void (*wake)(void *context, uint32_t *word, uint32_t count);
    void *context;
} tw_waiter;

/* A lock of one word: 0 free, 1 held, 2 held and somebody waits. Zero it to make it. Short critical
 * sections only: a holder must not call out to code that it does not know. */
typedef struct tw_lock {
    uint32_t word;
} tw_lock;

TW_BEGIN_DECLS

/* The operating system's (futex, CLOCK_MONOTONIC). Passing NULL where a waiter is wanted means
 * this one. */
TW_API const tw_waiter *tw_waiter_system(void);

/* Monotonic time of a waiter; NULL: the system's. */
TW_API int64_t tw_waiter_now_ns(const tw_waiter *waiter);

/* Waits and wakes as above; NULL: the system's waiter. */
TW_API void tw_waiter_wait(const tw_waiter *waiter, uint32_t *word, uint32_t expected,
                           int64_t deadline_ns);
TW_API void tw_waiter_wake(const tw_waiter *waiter, uint32_t *word, uint32_t count);

/* Takes the lock, waiting as long as it must. Uncontended: one atomic exchange. */
TW_API void tw_lock_acquire(tw_lock *lock, const tw_waiter *waiter);

/* Takes the lock if it is free. */
TW_API bool tw_lock_try(tw_lock *lock) TW_MUST_CHECK;

/* Gives it back; the caller holds it. */
TW_API void tw_lock_release(tw_lock *lock, const tw_waiter *waiter);

TW_END_DECLS

#endif
