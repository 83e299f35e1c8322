/*
 * retry.h - whether a failed call may be tried again, and when; and whether a slow one may be asked
 * a second time beside it.
 *
 * The machine sends nothing. It is told what happened and says what may be done next:
 *
 *     tw_retry_begin(&retry, budget, &policy, &terms, now_ns);
 *     (send)
 *     ... it failed:
 *     if (tw_retry_failed(&retry, &failure, now_ns, draw) == TW_RETRY_AGAIN)
 *         (at tw_retry_next_ns: tw_retry_again, and send)
 *     ... it came well:
 *     tw_retry_succeeded(&retry, now_ns);
 *
 *                 begin                  failed: AGAIN                  again
 *       NONE ---------------> TRYING --------------------> WAITING ----------------> TRYING
 *                             |    |                         |
 *              hedge (again   |    | failed: any other       | again: too late
 *              TRYING, two    |    | verdict but PENDING     | cancelled
 *              are out)       |    v                         v
 *                             +--> ENDED <-------------------+
 *                                   ^ succeeded, cancelled
 *
 * What may be tried again. A read (TW_RETRY_READ) may. A call that changes something may only if it
 * carries a key by which the other side knows a second one for the same (TW_RETRY_KEYED). Anything
 * else (TW_RETRY_ONCE) never is: an order without an answer is UNKNOWN, and only a query by its
 * client order id ends that. Besides: the failure may pass, the deadline leaves room for the pause
 * and `attempt_ns_min` of work, the breaker is not open, there were fewer than `attempt_max`
 * attempts, and the budget pays.
 *
 * Pauses. The ceiling is pause_ns_min x 2^n after n retries, at most pause_ns_max. A failure that
 * may pass: uniform between 0 and the ceiling (full jitter). One that asked for less: uniform
 * between half the ceiling and all of it (equal jitter), because a limit by the minute does not
 * pass in no time. `decorrelated` draws between pause_ns_min and three times the last pause
 * instead. A Retry-After takes the place of all this. The first retry after a connection that was
 * reset may come at once (`reset_at_once`).
 *
 * The budget is shared by all calls to one host, retries and hedges alike. It holds tokens: an
 * extra attempt costs some, one after a timeout twice as many; an extra that helped gets them back,
 * and a call that needed none adds a few. And of all calls in flight only a share may be extras. So
 * when everything fails, there is little more load than without retries.
 *
 * Hedges are for reads: when the answer is slower than those of this route usually are (give the
 * 95th percentile of its histogram), a second attempt goes out on another connection, and the first
 * answer counts. At most one a call. Cancel the other.
 *
 * Time is an argument, monotonic nanoseconds; so is chance: `draw` is 64 uniform bits.
 *
 * Memory: a call is plain data of the caller; a budget is one block of about 300 bytes.
 * Cost: O(1), a short lock of the budget a step.
 * Threads: one call, one thread at a time. A budget may be used from any thread.
 * Source: M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog (2015); the token
 * bucket of the AWS SDKs' standard mode; the share of Envoy's retry budget, by their documentation.
 */
#ifndef TRADEWIND_RETRY_H
#define TRADEWIND_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/status.h"
#include "tradewind/text.h"
#include "tradewind/wait.h"

#define TW_RETRY_NS_MAX (INT64_C(1) << 60) /* the longest span of a policy, 36 years */
#define TW_RETRY_ATTEMPT_MAX 16

typedef struct tw_retry_budget tw_retry_budget;

/* What a call is. */
typedef enum tw_retry_kind {
    TW_RETRY_ONCE = 0, /* it changes something, and nobody would know a second one for the same */
    TW_RETRY_READ,     /* it changes nothing */
    TW_RETRY_KEYED     /* it changes something, under a key that the other side enforces */
} tw_retry_kind;

/* How a call failed. */
typedef enum tw_retry_cause {
    TW_RETRY_FINAL,     /* it would fail again */
    TW_RETRY_TRANSIENT, /* it may pass */
    TW_RETRY_TIMEOUT,   /* the same, and it cost much time */
    TW_RETRY_RESET,     /* the same: the connection broke, or there was none */
    TW_RETRY_THROTTLED, /* it asked for less */
    TW_RETRY_CAUSE_COUNT
} tw_retry_cause;

/* What to do. All but AGAIN and PENDING end the call. */
typedef enum tw_retry_verdict {
    TW_RETRY_AGAIN,       /* at tw_retry_next_ns */
    TW_RETRY_PENDING,     /* nothing yet: the other attempt of a hedged call is still out */
    TW_RETRY_NO_FINAL,    /* it would fail again */
    TW_RETRY_NO_UNSAFE,   /* it may have been done, and nobody would know a second for the same */
    TW_RETRY_NO_BREAKER,  /* the breaker is open */
    TW_RETRY_NO_ATTEMPTS, /* attempt_max is reached */
    TW_RETRY_NO_DEADLINE, /* there is no time left */
    TW_RETRY_NO_BUDGET,   /* too much fails already */
    TW_RETRY_VERDICT_COUNT
} tw_retry_verdict;

/* How calls of a route are tried again. Begin with tw_retry_policy_default. */
typedef struct tw_retry_policy {
    uint32_t attempt_max;       /* 1 to TW_RETRY_ATTEMPT_MAX, the first and hedges among them */
    int64_t pause_ns_min;       /* at least 1 */
    int64_t pause_ns_max;       /* at least pause_ns_min */
    int64_t retry_after_ns_max; /* what is asked for counts up to this */
    int64_t attempt_ns_min; /* an attempt with less time than this left is not worth beginning */
    int64_t hedge_ns_min;   /* a hedge never goes out earlier; 0: no hedges */
    bool decorrelated;
    bool reset_at_once;
} tw_retry_policy;

/* One call. */
typedef struct tw_retry_terms {
    tw_retry_kind kind;
    int64_t deadline_ns;
} tw_retry_terms;

typedef struct tw_retry_failure {
    tw_retry_cause cause;
    int64_t retry_after_ns; /* it named a pause; 0: it did not */
    bool breaker_open;      /* another attempt would be rejected here */
} tw_retry_failure;

/* Begin with tw_retry_budget_config_default. */
typedef struct tw_retry_budget_config {
    uint32_t token_max;      /* and so many to begin with */
    uint32_t retry_cost;     /* of an extra attempt, hedges too */
    uint32_t timeout_cost;   /* of one after a timeout */
    uint32_t success_gain;   /* of a call that needed no extra */
    uint32_t share_percent;  /* extras among the calls in flight, 0 to 100 */
    uint32_t extra_min;      /* so many extras may always be */
    const tw_waiter *waiter; /* of the lock; NULL: the system's. Borrowed */
} tw_retry_budget_config;

/* Counts since creation. */
typedef struct tw_retry_figures {
    uint32_t tokens;
    uint32_t in_flight; /* calls begun and not ended */
    uint32_t extras;    /* of these, extra attempts waiting or out */
    uint64_t succeeded;
    uint64_t cancelled;
    uint64_t attempts[TW_RETRY_ATTEMPT_MAX + 1]; /* calls that ended, by attempts that they took */
    uint64_t retries[TW_RETRY_CAUSE_COUNT];      /* by the cause of the failure before */
    uint64_t given_up[TW_RETRY_VERDICT_COUNT];
    uint64_t hedges;
    uint64_t hedges_won; /* the second attempt's answer came first */
} tw_retry_figures;

typedef enum tw_retry_state {
    TW_RETRY_STATE_NONE = 0,
    TW_RETRY_STATE_TRYING,
    TW_RETRY_STATE_WAITING,
    TW_RETRY_STATE_ENDED
} tw_retry_state;

/* Everything in it is private. */
typedef struct tw_retry {
    tw_retry_budget *budget;
    const tw_retry_policy *policy;
    tw_retry_terms terms;
    int64_t begun_ns; /* of the latest attempt */
    int64_t next_ns;
    int64_t pause_ns; /* the last */
    uint32_t attempts;
    uint32_t retries;
    uint32_t out;  /* attempts that are out: 2 while hedged */
    uint32_t held; /* tokens that the extra attempt cost */
    uint8_t state;
    bool extra; /* one of its attempts counts as an extra of the budget */
    bool hedged;
} tw_retry;

TW_BEGIN_DECLS

/* Three attempts, pauses of 100 ms to 20 s, Retry-After up to 60 s, attempts of at least 50 ms, no
 * hedges, the first retry after a reset at once. */
TW_API tw_retry_policy tw_retry_policy_default(void);

/* TW_RANGE for what is outside of the limits above; the error says what. */
TW_API tw_status tw_retry_policy_check(const tw_retry_policy *policy,
                                       tw_error *error) TW_MUST_CHECK;

/* 500 tokens; an extra costs 5, after a timeout 10; a call without extras gains 1; a fifth of the
 * calls in flight, 3 at least. */
TW_API tw_retry_budget_config tw_retry_budget_config_default(void);

/* Makes a budget. A NULL allocator is the system's. TW_RANGE, TW_NO_MEMORY. */
TW_API tw_status tw_retry_budget_new(const tw_allocator *allocator,
                                     const tw_retry_budget_config *config,
                                     tw_retry_budget **ret_budget, tw_error *error) TW_MUST_CHECK;

/* NULL is ignored. A call in flight is a programmer error. */
TW_API void tw_retry_budget_free(tw_retry_budget *budget);

TW_API void tw_retry_figures_of(tw_retry_budget *budget, tw_retry_figures *ret_figures);

/* Begins a call with its first attempt. The policy has been checked; policy and budget are borrowed
 * until the call has ended. */
TW_API void tw_retry_begin(tw_retry *retry, tw_retry_budget *budget, const tw_retry_policy *policy,
                           const tw_retry_terms *terms, int64_t now_ns);

/* An attempt has failed. TRYING only. */
TW_API tw_retry_verdict tw_retry_failed(tw_retry *retry, const tw_retry_failure *failure,
                                        int64_t now_ns, uint64_t draw);

/* When the next attempt is due; INT64_MAX unless WAITING. */
TW_API int64_t tw_retry_next_ns(const tw_retry *retry);

/* The next attempt begins. TW_EMPTY: it is not due. TW_TIMEOUT: it is too late for it, and the call
 * has ended. TW_STATE unless WAITING. */
TW_API tw_status tw_retry_again(tw_retry *retry, int64_t now_ns) TW_MUST_CHECK;

/* When a hedge would be due if the usual answer takes `usual_ns`; INT64_MAX if there may be none.
 */
TW_API int64_t tw_retry_hedge_ns(const tw_retry *retry, int64_t usual_ns);

/* A hedge goes out now. TW_STATE: this call may have none; TW_LIMIT: the budget does not pay. */
TW_API tw_status tw_retry_hedge(tw_retry *retry, int64_t now_ns) TW_MUST_CHECK;

/* An answer has come, and the call has ended. `by_hedge`: that of the hedge. TRYING only. */
TW_API void tw_retry_succeeded(tw_retry *retry, bool by_hedge);

/* The caller gave up. Nothing happens to a call that has ended or was never begun. */
TW_API void tw_retry_cancelled(tw_retry *retry);

TW_API tw_retry_state tw_retry_state_of(const tw_retry *retry);
TW_API uint32_t tw_retry_attempt_count(const tw_retry *retry);

/*
 * The usual causes. Timeout: TW_TIMEOUT, HTTP 408. Reset: TW_UNREACHABLE, TW_CLOSED. Throttled:
 * TW_THROTTLED, 429. Transient: TW_IO, TW_REMOTE, TW_PROTOCOL, TW_TRUNCATED, and the statuses 500,
 * 502, 503, 504, 522 and 524. Final: all others.
 */
TW_API tw_retry_cause tw_retry_cause_of(tw_status status, uint32_t http_status);

/*
 * Reads the value of a Retry-After header (RFC 9110, section 10.2.3): seconds, or an HTTP date in
 * one of its three forms, of which `wall_ns`, the time now since 1970, is taken away. 0 for a date
 * that has passed; more than TW_RETRY_NS_MAX is that. TW_PARSE for other text, TW_RANGE for a date
 * that does not exist.
 */
TW_API tw_status tw_retry_after_parse(tw_slice text, int64_t wall_ns,
                                      int64_t *ret_span_ns) TW_MUST_CHECK;

/* "no_budget", "throttled". Never NULL. */
TW_API const char *tw_retry_verdict_word(tw_retry_verdict verdict);
TW_API const char *tw_retry_cause_word(tw_retry_cause cause);

/* Asserts the invariants. */
TW_API void tw_retry_check(const tw_retry *retry);

TW_END_DECLS

TW_DEFINE_AUTO(tw_retry_budget, tw_retry_budget_free)

#endif
