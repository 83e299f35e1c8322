/*
 * limiter.h - asks no more often than is allowed: token buckets, several at once, by priority.
 *
 *     tw_limiter_want want = {.parts = {{account, 1}, {orders, 1}}, .part_count = 2,
 *                             .priority = 1};
 *     if (tw_limiter_take(limiter, &want, now_ns, &ready_ns) != TW_OK)
 *         ...                         not now; by what is known, at ready_ns
 *
 * or, to wait in a queue with a deadline:
 *
 *     tw_limiter_patience patience = {deadline_ns, on_answer, context};
 *     status = tw_limiter_ask(limiter, &want, now_ns, &patience, &request);
 *     ...
 *     tw_limiter_turn(limiter, now_ns);     at tw_limiter_next_ns, or when on_work was called
 *
 * Buckets. A bucket holds at most `burst` tokens and gets `tokens` each `period_ns`, spread evenly
 * and exactly: whatever the rate, nothing is rounded. A want takes from several buckets, with a
 * weight from each: from all of them, or from none.
 *
 * Bulkheads. A bucket with `tokens` 0 is not filled by time: its tokens come back by
 * tw_limiter_give_back. That bounds how much goes on at once, and in the same want as the rates.
 *
 * Priorities. 0 is the most urgent. A want must leave `reserve` of its priority in each bucket:
 * what is left there is for the more urgent, such as cancels. Who waits is served by priority, then
 * by arrival, and nobody takes from a bucket past one who waits for it before him in that order.
 * Who waits for one bucket does not hold up those who want others.
 *
 * Learning. Answers of the other side tell how much it still allows (X-RateLimit-Limit, -Remaining,
 * -Reset; Retry-After): tw_limiter_learn takes them as numbers. What it learns makes a bucket
 * stricter: fewer tokens than were thought, or a pause; a larger limit makes it faster only if the
 * bucket `learns`. A pause holds for all priorities.
 *
 * Time is an argument, monotonic nanoseconds from 0; one before another that was seen counts as
 * that one.
 *
 * Memory: all at creation: about 200 bytes a bucket and 130 a waiter.
 * Cost: take, give back: a short lock, O(buckets of the want). A turn: O(waiters), and nothing
 * before tw_limiter_next_ns.
 * Threads: every function may be called from any thread, but tw_limiter_new and _free. Callbacks
 * are called without a lock and may call the limiter again. Source: the token bucket as in RFC
 * 2697; linked limits with weights as users of venues' interfaces need them.
 */
#ifndef TRADEWIND_LIMITER_H
#define TRADEWIND_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/status.h"
#include "tradewind/wait.h"

#define TW_LIMITER_BUCKET_MAX 256
#define TW_LIMITER_WAITER_MAX 65536
#define TW_LIMITER_PART_MAX 8
#define TW_LIMITER_PRIORITY_COUNT 4
#define TW_LIMITER_NAME_SIZE 32 /* with the NUL */
#define TW_LIMITER_NS_MAX (INT64_C(1) << 60)
#define TW_LIMITER_UNKNOWN (-1)

typedef struct tw_limiter tw_limiter;

typedef struct tw_limiter_bucket_config {
    const char *name;  /* for figures; 1 to TW_LIMITER_NAME_SIZE - 1 bytes, copied */
    uint32_t tokens;   /* each period; 0: a bulkhead */
    int64_t period_ns; /* 1 to TW_LIMITER_NS_MAX; of a bulkhead: ignored */
    uint32_t burst;    /* at most so many, and so many to begin with; at least 1 */
    uint32_t reserve[TW_LIMITER_PRIORITY_COUNT]; /* what a want of that priority must leave */
    bool learns;          /* a limit that the other side tells becomes `tokens` */
    int64_t pause_ns;     /* after a refusal that names no time */
    int64_t pause_ns_max; /* the longest pause that is believed; 0: none is */
} tw_limiter_bucket_config;

/* `weight` tokens, at least 1, from a bucket. */
typedef struct tw_limiter_part {
    uint32_t bucket;
    uint32_t weight;
} tw_limiter_part;

/* Each bucket at most once. */
typedef struct tw_limiter_want {
    tw_limiter_part parts[TW_LIMITER_PART_MAX];
    uint32_t part_count; /* 1 to TW_LIMITER_PART_MAX */
    uint32_t priority;   /* below TW_LIMITER_PRIORITY_COUNT; 0 is the most urgent */
} tw_limiter_want;

/* What the other side said. */
typedef struct tw_limiter_notice {
    int64_t limit;          /* tokens a period, or TW_LIMITER_UNKNOWN */
    int64_t remaining;      /* tokens left, or TW_LIMITER_UNKNOWN */
    int64_t reset_ns;       /* when there will be all again, as a time; 0: it did not say */
    int64_t retry_after_ns; /* not again for so long; 0: it did not say */
    uint32_t in_flight;     /* tokens taken for what was not answered yet: not in `remaining` */
    bool refused;           /* 429: it was too much */
} tw_limiter_notice;

/* A waiter. Never used for two in 2^32 uses of its place; 0 is none. */
typedef struct tw_limiter_request {
    uint64_t number;
} tw_limiter_request;

/* TW_OK: the tokens are taken. Else nothing is: TW_TIMEOUT, or TW_CLOSED from tw_limiter_close. */
typedef void (*tw_limiter_on_answer)(void *context, tw_status status, int64_t wait_ns);

/* How somebody waits. */
typedef struct tw_limiter_patience {
    int64_t deadline_ns; /* not TW_WAIT_FOREVER: every wait has an end */
    tw_limiter_on_answer on_answer;
    void *context;
} tw_limiter_patience;

typedef struct tw_limiter_config {
    uint32_t bucket_max; /* 1 to TW_LIMITER_BUCKET_MAX */
    uint32_t waiter_max; /* 0 (no queue) to TW_LIMITER_WAITER_MAX */
    /* tw_limiter_next_ns has become earlier: a turn is due sooner. May be NULL. */
    void (*on_work)(void *context);
    void *context;
    const tw_waiter *waiter; /* of the lock; NULL: the system's. Borrowed */
} tw_limiter_config;

/* Counts since creation. */
typedef struct tw_limiter_figures {
    uint64_t allowed[TW_LIMITER_PRIORITY_COUNT];  /* wants that were granted, at once or later */
    uint64_t rejected[TW_LIMITER_PRIORITY_COUNT]; /* by tw_limiter_take */
    uint64_t timeouts[TW_LIMITER_PRIORITY_COUNT];
    uint64_t waited; /* granted in the queue */
    uint64_t cancelled;
    uint64_t refused; /* the queue was full */
    int64_t wait_ns_sum;
    int64_t wait_ns_max;
    uint32_t waiting; /* now */
    uint32_t buckets;
} tw_limiter_figures;

typedef struct tw_limiter_bucket_figures {
    char name[TW_LIMITER_NAME_SIZE];
    int64_t tokens; /* whole ones there now; below 0 in a bulkhead that was made smaller */
    uint32_t burst; /* as learned */
    uint32_t rate;  /* tokens a period, as learned */
    int64_t pause_until_ns;
    uint32_t waiting;  /* for this bucket */
    uint64_t taken;    /* tokens */
    uint64_t returned; /* tokens given back */
    uint64_t notices;
    uint64_t refusals;
} tw_limiter_bucket_figures;

TW_BEGIN_DECLS

/* Makes a limiter without buckets. A NULL allocator is the system's. TW_RANGE, TW_NO_MEMORY. */
TW_API tw_status tw_limiter_new(const tw_allocator *allocator, const tw_limiter_config *config,
                                tw_limiter **ret_limiter, tw_error *error) TW_MUST_CHECK;

/* NULL is ignored. A waiter is a programmer error: close first. */
TW_API void tw_limiter_free(tw_limiter *limiter);

/* Adds a full bucket; its number goes to `*ret_bucket`. TW_RANGE for a size, span or reserve
 * outside of its limits, TW_INVALID for a name, TW_FULL at bucket_max. */
TW_API tw_status tw_limiter_define(tw_limiter *limiter, const tw_limiter_bucket_config *config,
                                   int64_t now_ns, uint32_t *ret_bucket,
                                   tw_error *error) TW_MUST_CHECK;

/*
 * Takes all or nothing. TW_THROTTLED: not now; `*ret_ready_ns` (may be NULL) is when the buckets
 * will have as much if nobody else takes any, INT64_MAX if only somebody who gives back can tell.
 * TW_RANGE: never, because a bucket is too small for the weight and the reserve. A want that is
 * malformed is a programmer error.
 */
TW_API tw_status tw_limiter_take(tw_limiter *limiter, const tw_limiter_want *want, int64_t now_ns,
                                 int64_t *ret_ready_ns) TW_MUST_CHECK;

/*
 * Takes later. `on_answer` is called exactly once, from tw_limiter_turn or _close, never from here,
 * unless the request is cancelled before. TW_TIMEOUT: it cannot be before the deadline; TW_RANGE as
 * above; TW_FULL at waiter_max; TW_CLOSED. Nothing will be called then.
 */
TW_API tw_status tw_limiter_ask(tw_limiter *limiter, const tw_limiter_want *want, int64_t now_ns,
                                const tw_limiter_patience *patience,
                                tw_limiter_request *ret_request) TW_MUST_CHECK;

/* Takes a request back. TW_NOT_FOUND: it is answered, or just being answered. */
TW_API tw_status tw_limiter_cancel(tw_limiter *limiter, tw_limiter_request request) TW_MUST_CHECK;

/* Gives tokens back: those of a bulkhead when the work is done, or of any bucket when what they
 * were taken for was not sent. */
TW_API void tw_limiter_give_back(tw_limiter *limiter, const tw_limiter_part *parts,
                                 uint32_t part_count, int64_t now_ns);

/* Learns from what the other side said about a bucket. */
TW_API void tw_limiter_learn(tw_limiter *limiter, uint32_t bucket, const tw_limiter_notice *notice,
                             int64_t now_ns);

/* Sets another rate and burst. What is out of a bulkhead stays out. TW_RANGE for a burst that is
 * not above every reserve, or to make a bulkhead of a rate or a rate of a bulkhead. */
TW_API tw_status tw_limiter_resize(tw_limiter *limiter, uint32_t bucket, uint32_t tokens,
                                   uint32_t burst, int64_t now_ns) TW_MUST_CHECK;

/* Answers those whose turn it is, and those whose deadline has passed. Returns how many. */
TW_API uint32_t tw_limiter_turn(tw_limiter *limiter, int64_t now_ns);

/* When the next turn is due; INT64_MAX without a reason to turn. */
TW_API int64_t tw_limiter_next_ns(tw_limiter *limiter);

/* Answers all who wait with TW_CLOSED; who asks later gets that at once. tw_limiter_take goes on.
 */
TW_API void tw_limiter_close(tw_limiter *limiter);

TW_API void tw_limiter_figures_of(tw_limiter *limiter, tw_limiter_figures *ret_figures);
TW_API void tw_limiter_bucket_figures_of(tw_limiter *limiter, uint32_t bucket, int64_t now_ns,
                                         tw_limiter_bucket_figures *ret_figures);

/* Asserts the invariants. O(buckets + waiters). */
TW_API void tw_limiter_check(tw_limiter *limiter);

TW_END_DECLS

TW_DEFINE_AUTO(tw_limiter, tw_limiter_free)

#endif
