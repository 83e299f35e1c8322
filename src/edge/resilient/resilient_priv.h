/*
 * resilient_priv.h - what the files share: calls, attempts, hosts.
 *
 *                  send                     answer_limit (ask)
 *       FREE --------------> LIMITED ----------------------------> OUT
 *         ^                  |   ^  (or at once: begin_attempt)     |
 *         |          timeout |   | on_pause_over                    | on_attempt_done: AGAIN
 *         |                  |   +--------------- PAUSED <----------+
 *         |                  v                      |               |
 *         +--------------- finish <-----------------+---------------+
 *                            (counts, or no further attempt)
 *
 * Invariants
 *   1. An attempt outlives its call if it lost: then its `call` is NULL, and its end only gives
 * back what it took.
 *   2. A call is free before its callback is called, so the callback may send and cancel.
 *   3. What an attempt took (tokens, place, permit) is given back exactly once, by end_attempt or,
 *      if the client never took it, by undo_attempt.
 */
#ifndef TRADEWIND_RESILIENT_PRIV_H
#define TRADEWIND_RESILIENT_PRIV_H

#include "tradewind/resilient.h"

enum call_state { CALL_FREE, CALL_LIMITED, CALL_OUT, CALL_PAUSED };

struct host {
    tw_breaker_host *breakers;
    tw_retry_budget *budget;
    uint32_t rate;   /* bucket; UINT32_MAX without */
    uint32_t places; /* bucket */
    uint32_t out;    /* attempts */
    tw_histogram times[TW_ROUTE_CLASS_COUNT];
    struct usual_time {
        uint64_t count; /* of `times` when it was read; 0: never */
        int64_t ns;
    } usual[TW_ROUTE_CLASS_COUNT];
};

struct call;

struct attempt {
    struct attempt *next; /* free ones */
    tw_resilient *resilient;
    struct call *call; /* invariant 1 */
    struct host *host;
    tw_breaker_permit permit;
    tw_route_class route;
    uint64_t id; /* of the client */
    bool by_hedge;
};

struct call {
    struct call *next; /* free ones */
    tw_resilient *resilient;
    struct host *host;
    struct attempt *attempts[2]; /* out: the first, and its hedge; NULL */
    tw_resilient_call call;      /* its pointers are into `copy` */
    tw_http_header headers[TW_HTTP_CALL_HEADER_COUNT_MAX];
    char *copy;
    size_t copy_size;
    tw_resilient_on_done on_done;
    void *context;
    tw_retry retry;
    tw_limiter_want want;
    tw_limiter_request request; /* while LIMITED in the queue */
    tw_loop_timer *timer;       /* PAUSED: the pause; OUT: the hedge */
    int64_t begun_ns;
    int64_t deadline_ns;
    int64_t limited_ns;
    uint32_t generation;
    uint8_t state; /* enum call_state */
};

struct tw_resilient {
    tw_resilient_config config;
    const tw_allocator *allocator;
    tw_breaker_set *breakers;
    tw_limiter *limiter;
    struct host *hosts;
    struct call *calls;
    struct attempt *attempts;
    struct call *free_calls;
    struct attempt *free_attempts;
    tw_loop_timer *limiter_timer;
    int64_t limiter_timer_ns;
    tw_loop_task limiter_task;
    uint64_t draws;
    bool ending;
    tw_resilient_figures figures;
};

/* What a call ends with. */
struct ending {
    tw_status status;
    tw_resilient_layer layer;
    tw_retry_verdict verdict;
    const tw_http_result *http;
    bool by_hedge;
    const char *message;
};

/* resilient_host.c */
tw_status resilient_host(tw_resilient *resilient, const char *url, struct host **ret_host,
                         tw_error *error);
struct host *resilient_find_host(tw_resilient *resilient, tw_slice name, uint16_t port);
int64_t resilient_retry_after_ns(const tw_http_result *result);
void resilient_learn(tw_resilient *resilient, struct host *host, const tw_http_result *result);

/* resilient_attempt.c */
tw_status resilient_begin_attempt(struct call *call, tw_resilient_layer *ret_layer,
                                  tw_error *error);
void resilient_drop_attempts(struct call *call);
void resilient_turn_limiter(void *context);
void resilient_on_work(void *context);

/* resilient.c */
void resilient_finish(struct call *call, const struct ending *ending);

#endif
