/*
 * limiter_priv.h - what the files of the limiter share: buckets, waiters, the queue.
 *
 *              ask                        turn (tokens, deadline), close
 *      FREE ---------> WAITING ------------------------------------------> answered, FREE
 *        ^                |
 *        +---- cancel ----+
 *
 * Invariants
 *   1. A token of a bucket is `unit` grains (the nanoseconds of its period), and each nanosecond
 *      brings `rate` grains (its tokens a period). So `level` is a whole number, and nothing is
 * ever rounded. It is at most burst x unit; only in a bulkhead (rate 0) can it be below 0.
 *   2. `waiting` of a bucket counts, by priority, the waiters that want from it.
 *   3. Each priority's list is in the order of arrival. In the order of priority, then arrival,
 *      nobody takes from a bucket past a waiter that wants from it.
 *   4. `next_ns` is never later than the first moment at which a turn has something to do.
 *   5. Nothing unknown is called under the lock: answers are collected, and given after it.
 */
#ifndef TRADEWIND_LIMITER_PRIV_H
#define TRADEWIND_LIMITER_PRIV_H

#include "tradewind/limiter.h"

#define BATCH_SIZE 32

__extension__ typedef __int128 grains;

struct bucket {
    grains level; /* at `at_ns` */
    int64_t at_ns;
    int64_t unit;
    int64_t pause_until_ns;
    uint32_t waiting[TW_LIMITER_PRIORITY_COUNT];
    uint32_t rate;  /* as learned */
    uint32_t burst; /* as learned */
    uint64_t taken;
    uint64_t returned;
    uint64_t notices;
    uint64_t refusals;
    tw_limiter_bucket_config config;
    char name[TW_LIMITER_NAME_SIZE];
};

struct waiter {
    struct waiter *next;
    struct waiter *previous;
    tw_limiter_want want;
    int64_t asked_ns;
    int64_t deadline_ns;
    tw_limiter_on_answer on_answer; /* NULL: free */
    void *context;
    uint32_t generation;
};

struct list {
    struct waiter *first;
    struct waiter *last;
};

struct tw_limiter {
    tw_limiter_config config;
    const tw_allocator *allocator;
    struct bucket *buckets;
    struct waiter *waiters;

    tw_lock lock;
    int64_t clock_ns;
    int64_t next_ns;
    int64_t deadline_ns; /* none of the waiters' is earlier */
    struct list lists[TW_LIMITER_PRIORITY_COUNT];
    struct waiter *free_waiters; /* by `next` */
    bool closed;
    tw_limiter_figures figures;
};

/* limiter_bucket.c */
grains bucket_cap(const struct bucket *bucket);
void bucket_shape(struct bucket *bucket, uint32_t rate, uint32_t burst);
void bucket_fill(struct bucket *bucket, int64_t now_ns);
int64_t bucket_ready_ns(const struct bucket *bucket, uint32_t weight, uint32_t priority);
void bucket_learn(struct bucket *bucket, const tw_limiter_notice *notice);

/* limiter.c; `locked`: the lock is held. */
void limiter_enter(tw_limiter *limiter, int64_t now_ns);
void limiter_leave(tw_limiter *limiter, int64_t next_before_ns);
void limiter_expect(const tw_limiter *limiter, const tw_limiter_want *want);
int64_t limiter_ready_locked(tw_limiter *limiter, const tw_limiter_want *want);
void limiter_take_locked(tw_limiter *limiter, const tw_limiter_want *want);
bool limiter_fits_locked(const tw_limiter *limiter, const tw_limiter_want *want);

#endif
