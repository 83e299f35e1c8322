/*
 * breaker_priv.h - what the files of the breaker share: its window, its fields, its states.
 *
 *                        trips (window, run)
 *          CLOSED ------------------------------> OPEN <------------------+
 *            ^                                     |  ^                    |
 *            |                 advance (elapsed),  |  | probe_ends (failed,
 *            |                 tw_breaker_probe    |  | slow), advance
 *            |                                     v  | (a lease expired)  |
 *            +------------- probe_ends --------- HALF_OPEN                 |
 *            |              (recovered)                                    |
 *            |                                                             |
 *            +--- tw_breaker_reset --- any state --- tw_breaker_force ---> FORCED_OPEN,
 *                                                     FORCED_CLOSED, METRICS_ONLY
 *
 * Invariants
 *   1. The word holds generation and state. It is written under the lock, and each writing of it
 *      begins a new generation; `open_until_ns` is written before it. So who reads OPEN without the
 *      lock reads an end that is this generation's or a later one's.
 *   2. The window and the run of failures are empty when a generation begins.
 *   3. Leases exist in HALF_OPEN only. None of them is past its end after `advance`.
 *   4. A change is dated when it was due, not when it was noticed: at the end of a lease, at the
 * end of the open time.
 *   5. Nothing unknown is called under the lock. Changes are noted, and told after it.
 */
#ifndef TRADEWIND_BREAKER_PRIV_H
#define TRADEWIND_BREAKER_PRIV_H

#include "tradewind/breaker.h"

#define LINE_PAIR 128

/* What can change within one call: a lease expires, the open time ends, and the call's own. */
#define CHANGE_MAX 4

struct bucket {
    int64_t number; /* of the span: time / length */
    uint32_t calls;
    uint32_t failures;
    uint32_t slow;
};

/* The newest outcomes: a ring of marks or a ring of buckets, and their sums. */
struct window {
    uint8_t *marks; /* of a window by count */
    struct bucket *buckets;
    uint32_t size; /* marks, or buckets */
    uint32_t next; /* mark to be written */
    int64_t bucket_ns;
    int64_t newest; /* bucket number; those above newest - size are inside */
    uint32_t calls;
    uint32_t failures;
    uint32_t slow;
};

struct tw_breaker {
    /* Read by all without the lock. */
    _Alignas(LINE_PAIR) uint64_t word; /* invariant 1 */
    int64_t open_until_ns;
    uint64_t rejected;

    /* Under the lock. */
    _Alignas(LINE_PAIR) tw_lock lock;
    int64_t clock_ns; /* the latest time that was seen */
    struct window window;
    uint32_t consecutive;
    uint32_t reopened; /* open times since it was healthy */
    uint32_t probe_successes;
    uint32_t probe_slow;
    uint64_t probes_out; /* a bit a lease */
    int64_t probe_ends_ns[TW_BREAKER_PROBE_MAX];
    uint64_t openings;          /* of the jitter */
    tw_breaker_figures figures; /* state, since and the counts; the rest is filled in for readers */

    tw_breaker_config config;
    const tw_allocator *allocator;
};

/* Changes to be told when the lock is let go. */
struct news {
    tw_breaker_change changes[CHANGE_MAX];
    uint32_t count;
};

#define STATE_BITS 3
#define STATE_MASK ((UINT64_C(1) << STATE_BITS) - 1)

static inline tw_breaker_state word_state(uint64_t word) {
    return (tw_breaker_state)(word & STATE_MASK);
}

static inline uint64_t word_generation(uint64_t word) {
    return word >> STATE_BITS;
}

/* breaker_window.c */
tw_status breaker_window_init(struct window *window, const tw_allocator *allocator,
                              const tw_breaker_config *config);
void breaker_window_done(struct window *window, const tw_allocator *allocator);
void breaker_window_clear(struct window *window);
void breaker_window_advance(struct window *window, int64_t now_ns);
void breaker_window_push(struct window *window, bool failed, bool slow);
void breaker_window_check(const struct window *window);

/* breaker_state.c; the lock is held. */
void breaker_move(tw_breaker *breaker, tw_breaker_state to, tw_breaker_reason reason, int64_t at_ns,
                  struct news *news);
void breaker_advance(tw_breaker *breaker, int64_t now_ns, struct news *news);
int64_t breaker_first_end_ns(const tw_breaker *breaker);
bool breaker_lend_probe(tw_breaker *breaker, tw_breaker_permit *ret_permit);
void breaker_count(tw_breaker *breaker, const tw_breaker_permit *permit, tw_breaker_outcome outcome,
                   const tw_breaker_answer *answer, struct news *news);

#endif
