/*
 * breaker.h - a circuit breaker: stops asking somebody who does not answer, and finds out with few
 * questions when he does again.
 *
 *     tw_breaker_permit permit;
 *     if (tw_breaker_acquire(breaker, now_ns, &permit) != TW_OK)
 *         ...                                      fail at once, or ask again at tw_breaker_next_ns
 *     call ...
 *     tw_breaker_release(breaker, &permit, &(tw_breaker_answer){.status = status}, now_ns);
 *
 * Each permit goes back exactly once, with what came of the call. What it counts as (an outcome) is
 * said by a callback; tw_breaker_classify is the usual one. Over a window of the newest outcomes,
 * by count or by time, three rules open a closed breaker: the share of failures, the share of slow
 * calls (both from `call_min` outcomes on), and a run of failures without a success between.
 *
 * Open. For `open_ns_min`, doubling each time it opens again up to `open_ns_max`, less jitter. A
 * failure that told when to come again (Retry-After) may lengthen it. After `healthy_ns` in the
 * state CLOSED the next opening is short again.
 *
 * Half open. Up to `probe_parallel_max` probes at once, each a lease until `probe_ns_max` from its
 * beginning. A failure opens the breaker again, and so does a lease that ends without an answer: a
 * caller who forgets his probe cannot shut the breaker for ever. After `probe_success_min`
 * successes it closes, unless the share of slow ones among them is that of the rule above.
 *
 * Generations. Each change of state begins a new one. What comes back with a permit of an older
 * one changes nothing and is counted as stale.
 *
 * Time. Changes that time brings happen when the breaker is next used, and are dated when they
 * were due, so it makes no difference how often it is looked at. Who wants to hear of them in time
 * calls tw_breaker_turn at tw_breaker_next_ns. A `now_ns` before one that was seen counts as that
 * one.
 *
 * Memory: all at creation: about 1.4 KB, and a byte an outcome of a window by count or 24 a bucket
 * of a window by time. Cost: a permit of a closed breaker: one atomic load, no lock, no clock. A
 * rejection: two loads and an atomic addition. A release: a short lock, and O(1) (a window by time:
 * the buckets that ended since). Threads: every function may be called from any thread, but
 * tw_breaker_new and tw_breaker_free. The callbacks are called without any lock, so they may call
 * the breaker again; on_change of two threads may overlap, and the generations tell their order.
 * Source: M. Nygard, Release It! (2007); the rules are those that resilience4j made standard, with
 * leases instead of half-open permits that can be lost (its issues 903, 935 and 1389).
 */
#ifndef TRADEWIND_BREAKER_H
#define TRADEWIND_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/status.h"
#include "tradewind/text.h"
#include "tradewind/wait.h"

#define TW_BREAKER_WINDOW_MAX 65536
#define TW_BREAKER_BUCKET_MAX 1024
#define TW_BREAKER_PROBE_MAX 64              /* at once */
#define TW_BREAKER_NS_MAX (INT64_C(1) << 60) /* the longest span, 36 years */
#define TW_BREAKER_PERCENT_NEVER 101         /* as a share: the rule is off */

typedef struct tw_breaker tw_breaker;

typedef enum tw_breaker_state {
    TW_BREAKER_CLOSED,        /* all calls pass, outcomes are counted */
    TW_BREAKER_OPEN,          /* none passes, for a while */
    TW_BREAKER_HALF_OPEN,     /* a few pass, to find out */
    TW_BREAKER_FORCED_OPEN,   /* none passes, until somebody says otherwise */
    TW_BREAKER_FORCED_CLOSED, /* all pass, the window rests */
    TW_BREAKER_METRICS_ONLY,  /* all pass; when it would have opened is counted */
    TW_BREAKER_STATE_COUNT
} tw_breaker_state;

/* What a call counts as. */
typedef enum tw_breaker_outcome {
    TW_BREAKER_SUCCESS,
    TW_BREAKER_FAILURE,
    TW_BREAKER_SLOW,      /* a success that took slow_ns or more */
    TW_BREAKER_IGNORED,   /* says nothing about the other side: cancelled, or our own mistake */
    TW_BREAKER_THROTTLED, /* asked too often: a matter of the limiter, not of this */
    TW_BREAKER_OUTCOME_COUNT
} tw_breaker_outcome;

/* Why a state changed. */
typedef enum tw_breaker_reason {
    TW_BREAKER_FAILURE_RATE,
    TW_BREAKER_SLOW_RATE,
    TW_BREAKER_CONSECUTIVE,
    TW_BREAKER_ELAPSED, /* the open time is over */
    TW_BREAKER_PROBE_FAILED,
    TW_BREAKER_PROBE_SLOW,
    TW_BREAKER_PROBE_EXPIRED, /* a lease ended without an answer */
    TW_BREAKER_RECOVERED,     /* enough probes succeeded */
    TW_BREAKER_PANIC,         /* tw_breaker_probe: the open time was cut short */
    TW_BREAKER_FORCED,        /* tw_breaker_force */
    TW_BREAKER_RESET,         /* tw_breaker_reset */
    TW_BREAKER_REASON_COUNT
} tw_breaker_reason;

/* What came of a call. */
typedef struct tw_breaker_answer {
    tw_status status;
    uint32_t http_status;   /* 0: there was none */
    int64_t retry_after_ns; /* the other side asked for so long a rest; 0: it did not */
    int64_t elapsed_ns;     /* set by tw_breaker_release before it asks the callback */
    const void *detail;     /* whatever the callback wants to see */
} tw_breaker_answer;

typedef struct tw_breaker_change {
    tw_breaker_state from;
    tw_breaker_state to;
    tw_breaker_reason reason;
    uint64_t generation; /* that begins */
    int64_t at_ns;       /* when it was due */
} tw_breaker_change;

typedef struct tw_breaker_hooks {
    /* NULL: tw_breaker_classify. A success that took slow_ns becomes TW_BREAKER_SLOW by itself. */
    tw_breaker_outcome (*classify)(void *context, const tw_breaker_answer *answer);
    void (*on_change)(void *context, const tw_breaker_change *change); /* may be NULL */
    void *context;
} tw_breaker_hooks;

/* Begin with tw_breaker_config_default. Spans are nanoseconds up to TW_BREAKER_NS_MAX. */
typedef struct tw_breaker_config {
    tw_breaker_state start; /* CLOSED, FORCED_OPEN, FORCED_CLOSED or METRICS_ONLY */
    uint32_t
        window_count;  /* the window: so many outcomes, up to TW_BREAKER_WINDOW_MAX; or 0, and */
    int64_t window_ns; /* those of so long, in buckets; 0 with a count */
    uint32_t bucket_count;    /* 1 to TW_BREAKER_BUCKET_MAX */
    uint32_t call_min;        /* outcomes in the window before a share counts; at least 1. More than
                                 window_count means window_count */
    uint32_t failure_percent; /* open at this share or more, 1 to 100; 101: never */
    uint32_t slow_percent;    /* the same for slow calls, failed ones among them */
    int64_t slow_ns;          /* a call of so long or more is slow; 0: none is */
    uint32_t consecutive_max; /* open after so many failures in a row; 0: no such rule */
    int64_t open_ns_min;      /* at least 1 */
    int64_t open_ns_max;      /* at least open_ns_min */
    uint32_t jitter_percent;  /* an open time is shorter by up to this, 0 to 100 */
    int64_t healthy_ns;       /* closed so long: the next open time begins at open_ns_min */
    int64_t retry_after_ns_max;  /* a wish of the other side counts up to this; 0: not at all */
    uint32_t probe_success_min;  /* successes that close it, at least 1 */
    uint32_t probe_parallel_max; /* probes at once, 1 to TW_BREAKER_PROBE_MAX */
    int64_t probe_ns_max;        /* the lease of a probe; at least 1 */
    uint64_t seed;               /* of the jitter */
    tw_breaker_hooks hooks;
    const tw_waiter *waiter; /* of the lock; NULL: the system's. Borrowed */
} tw_breaker_config;

/* Plain data; a copy is the same permit and goes back only once. */
typedef struct tw_breaker_permit {
    uint64_t generation; /* 0: none */
    int64_t begin_ns;
    uint32_t probe; /* of the breaker */
} tw_breaker_permit;

/* Figures. Counts since creation. */
typedef struct tw_breaker_figures {
    tw_breaker_state state;
    uint64_t generation;
    int64_t since_ns;      /* in this state; 0: from the beginning */
    int64_t open_until_ns; /* while OPEN */
    uint32_t window_calls; /* outcomes in the window: successes, slow ones and failures */
    uint32_t window_failures;
    uint32_t window_slow;
    uint32_t consecutive;                        /* failures in a row */
    uint32_t probes;                             /* leases that are out */
    uint64_t outcomes[TW_BREAKER_OUTCOME_COUNT]; /* of the permits that counted */
    uint64_t rejected;
    uint64_t stale;   /* results that came too late to count */
    uint64_t expired; /* leases that ended without an answer */
    uint64_t shadow;  /* METRICS_ONLY: how often it would have opened */
    uint64_t changes[TW_BREAKER_STATE_COUNT][TW_BREAKER_STATE_COUNT]; /* from, to */
    uint64_t reasons[TW_BREAKER_REASON_COUNT];
    int64_t open_ns; /* in the state OPEN, altogether */
} tw_breaker_figures;

TW_BEGIN_DECLS

/* A window of 100 outcomes, half of them failed or all of them slow (above slow_ns, which is off);
 * open for 5 s, doubling to 60 s, with 10% jitter, healthy after 60 s; Retry-After up to 5 minutes;
 * three successful probes, one at a time, of at most 30 s. */
TW_API tw_breaker_config tw_breaker_config_default(void);

/* Makes a breaker. A NULL allocator is the system's. TW_RANGE for a configuration outside of its
 * limits, TW_NO_MEMORY. */
TW_API tw_status tw_breaker_new(const tw_allocator *allocator, const tw_breaker_config *config,
                                tw_breaker **ret_breaker, tw_error *error) TW_MUST_CHECK;

/* NULL is ignored. No thread may still use it; permits that are out are simply forgotten. */
TW_API void tw_breaker_free(tw_breaker *breaker);

/* Asks to make a call. TW_STATE: not now; nothing is to be released. */
TW_API tw_status tw_breaker_acquire(tw_breaker *breaker, int64_t now_ns,
                                    tw_breaker_permit *ret_permit) TW_MUST_CHECK;

/* As tw_breaker_acquire, but an open breaker becomes half open at once: for the owner of several
 * that are all open (breaker_set.h). TW_STATE when forced open, or all probes are out. */
TW_API tw_status tw_breaker_probe(tw_breaker *breaker, int64_t now_ns,
                                  tw_breaker_permit *ret_permit) TW_MUST_CHECK;

/* Gives a permit back with what came of the call, and empties it. A permit that is empty is a
 * programmer error. Returns what it counted as, also if it came too late to count. */
TW_API tw_breaker_outcome tw_breaker_release(tw_breaker *breaker, tw_breaker_permit *permit,
                                             const tw_breaker_answer *answer, int64_t now_ns);

/*
 * The usual classes. Failures: TW_TIMEOUT, UNREACHABLE, CLOSED, IO, CORRUPT, TRUNCATED, PROTOCOL,
 * REMOTE and UNKNOWN; with TW_OK an HTTP status of 408 or from 500 on. Throttled: TW_THROTTLED, and
 * 429. Success: TW_OK with any other status below 400. Ignored: all the rest, such as TW_CANCELLED
 * and an HTTP status of 404.
 */
TW_API tw_breaker_outcome tw_breaker_classify(const tw_breaker_answer *answer);

/* Moves on what time has brought; returns 1 if the state changed, else 0. */
TW_API uint32_t tw_breaker_turn(tw_breaker *breaker, int64_t now_ns);

/* When time will change the state next: the end of the open time, or of the first lease; INT64_MAX
 * if it will not. */
TW_API int64_t tw_breaker_next_ns(tw_breaker *breaker);

/* The state as it was last moved; a load. */
TW_API tw_breaker_state tw_breaker_state_of(const tw_breaker *breaker);

/* Holds a state: FORCED_OPEN, FORCED_CLOSED or METRICS_ONLY; another is a programmer error. Ends
 * with tw_breaker_reset. Forcing what is forced already changes nothing. */
TW_API void tw_breaker_force(tw_breaker *breaker, tw_breaker_state state, int64_t now_ns);

/* Back to CLOSED, with an empty window and a short open time to come. */
TW_API void tw_breaker_reset(tw_breaker *breaker, int64_t now_ns);

/* Figures of this moment, after moving on what time has brought. */
TW_API void tw_breaker_figures_of(tw_breaker *breaker, int64_t now_ns,
                                  tw_breaker_figures *ret_figures);

/* Appends one line of `key=value`, without its end, for people. */
TW_API void tw_breaker_describe(tw_breaker *breaker, int64_t now_ns, tw_text *text);

/* "half_open", "probe_failed", "throttled": words for labels and logs. Never NULL. */
TW_API const char *tw_breaker_state_word(tw_breaker_state state);
TW_API const char *tw_breaker_reason_word(tw_breaker_reason reason);
TW_API const char *tw_breaker_outcome_word(tw_breaker_outcome outcome);

/* Asserts the invariants. O(window). */
TW_API void tw_breaker_check(tw_breaker *breaker);

TW_END_DECLS

TW_DEFINE_AUTO(tw_breaker, tw_breaker_free)

#endif
