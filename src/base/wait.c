/*
 * wait.c - the waiting seam over futexes, and the lock over the seam.
 *
 * Invariants of the lock
 *   1. The word is 0 if and only if nobody holds it.
 *   2. Who waits has set the word to 2 before, and takes the lock with 2, because he cannot know
 *      whether others wait beside him: a release of 2 always wakes one. So no waiter is forgotten.
 */
#include "tradewind/wait.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tradewind/time.h"

/* Turns of a busy lock before the thread goes to sleep: about one short critical section. */
#define SPIN_COUNT 64

enum { LOCK_FREE = 0, LOCK_HELD = 1, LOCK_CONTENDED = 2 };

static int64_t system_now_ns(void *context) {
    (void)context;
    return tw_time_monotonic_ns();
}

static void system_wait(void *context, uint32_t *word, uint32_t expected, int64_t deadline_ns) {
    (void)context;
    struct timespec until = {.tv_sec = deadline_ns / TW_NS_PER_SECOND,
                             .tv_nsec = deadline_ns % TW_NS_PER_SECOND};
    if (deadline_ns < 0)
        return; /* long past */
    /* The bitset form takes an absolute deadline of the monotonic clock. Each way in which it can
     * end (woken, changed, late, a signal) means: look again. */
    long code =
        syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected,
                deadline_ns == TW_WAIT_FOREVER ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
    TW_ASSERT(code == 0 || errno == EAGAIN || errno == ETIMEDOUT || errno == EINTR);
}

static void system_wake(void *context, uint32_t *word, uint32_t count) {
    (void)context;
    long code = syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
    TW_ASSERT(code >= 0 || errno == EFAULT); /* the word's memory may be gone with its last user */
}

static const tw_waiter system_waiter = {system_now_ns, system_wait, system_wake, NULL};

const tw_waiter *tw_waiter_system(void) {
    return &system_waiter;
}

int64_t tw_waiter_now_ns(const tw_waiter *waiter) {
    return waiter == NULL ? tw_time_monotonic_ns() : waiter->now_ns(waiter->context);
}

void tw_waiter_wait(const tw_waiter *waiter, uint32_t *word, uint32_t expected,
                    int64_t deadline_ns) {
    if (waiter == NULL)
        waiter = &system_waiter;
    waiter->wait(waiter->context, word, expected, deadline_ns);
}

void tw_waiter_wake(const tw_waiter *waiter, uint32_t *word, uint32_t count) {
    TW_ASSERT(count > 0 && count <= INT32_MAX);
    if (waiter == NULL)
        waiter = &system_waiter;
    waiter->wake(waiter->context, word, count);
}

/* ---- the lock ---- */

bool tw_lock_try(tw_lock *lock) {
    uint32_t seen = LOCK_FREE;
    return __atomic_compare_exchange_n(&lock->word, &seen, LOCK_HELD, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

void tw_lock_acquire(tw_lock *lock, const tw_waiter *waiter) {
    if (tw_lock_try(lock))
        return;
    for (int i = 0; i < SPIN_COUNT; i++) {
        pause_briefly();
        if (__atomic_load_n(&lock->word, __ATOMIC_RELAXED) == LOCK_FREE && tw_lock_try(lock))
            return;
    }
    while (__atomic_exchange_n(&lock->word, LOCK_CONTENDED, __ATOMIC_ACQUIRE) != LOCK_FREE)
        tw_waiter_wait(waiter, &lock->word, LOCK_CONTENDED, TW_WAIT_FOREVER); /* invariant 2 */
}

void tw_lock_release(tw_lock *lock, const tw_waiter *waiter) {
    uint32_t was = __atomic_exchange_n(&lock->word, LOCK_FREE, __ATOMIC_RELEASE);
    TW_ASSERT(was != LOCK_FREE);
    if (was == LOCK_CONTENDED)
        tw_waiter_wake(waiter, &lock->word, 1);
}
