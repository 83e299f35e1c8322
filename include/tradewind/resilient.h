/*
 * resilient.h - an HTTP request to somebody who may not answer: limits, attempts, breakers, hedges
 * and deadlines around tw_http_client.
 *
 *     tw_resilient_call call = {.http = {.method = "GET", .url = url,
 *                                        .total_timeout_ns = 5 * TW_NS_PER_SECOND},
 *                               .route = TW_ROUTE_QUERY, .kind = TW_RETRY_READ};
 *     status = tw_resilient_send(resilient, &call, on_done, context, &id, &error);
 *
 * Around each call, from the outside to the inside:
 *
 *     deadline        http.total_timeout_ns, pauses and waiting included
 *     rate limit      tokens of the host's bucket, for each attempt
 *     bulkhead        a place among the host's attempts that are out; taken with the tokens, in one
 *     retry           what may be tried again, when, and whether the host's budget pays
 *     breaker         of the host and the class of route
 *     hedge           a read slower than 95 of 100 of its kind is asked a second time
 *     attempt         attempt_ns_max of the route, or what is left of the deadline
 *     transport       tw_http_client
 *
 * A call of kind TW_RETRY_ONCE (the default) is sent at most once. The transport never sends an
 * attempt again by itself (at_most_once of http.h): all attempts are decided here and paid for. An
 * answer counts as one whatever its status says, unless that status may pass (408, 429, 500, 502,
 * 503, 504, 522, 524) and the call may be tried again.
 *
 * Limits that answers tell (X-RateLimit-Limit, -Remaining, -Reset, Retry-After) are learned.
 *
 * Memory: tables at creation: about 1.4 KB a call, 155 KB a host (four histograms). A call's
 * method, URL, headers and body are copied, one block a call, until it is done.
 * Cost: around what the client does, a step of each machine an attempt (build/bench/bench_guards).
 * Threads: everything belongs to the loop's thread.
 */
#ifndef TRADEWIND_RESILIENT_H
#define TRADEWIND_RESILIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/breaker_set.h"
#include "tradewind/error.h"
#include "tradewind/histogram.h"
#include "tradewind/http.h"
#include "tradewind/limiter.h"
#include "tradewind/loop.h"
#include "tradewind/retry.h"

#define TW_RESILIENT_CALL_MAX 65536
#define TW_RESILIENT_HOST_MAX 64

typedef struct tw_resilient tw_resilient;

/* Where a call ended. */
typedef enum tw_resilient_layer {
    TW_RESILIENT_ANSWERED, /* an answer came that counts */
    TW_RESILIENT_LIMITER,  /* no tokens or no place before the deadline */
    TW_RESILIENT_BREAKER,  /* the breaker let nothing through */
    TW_RESILIENT_RETRY,    /* it failed, and was not to be tried again */
    TW_RESILIENT_CLIENT,   /* the client did not take it, or its loop has no timer left */
    TW_RESILIENT_ENDED,    /* tw_resilient_free, or the client's end */
    TW_RESILIENT_LAYER_COUNT
} tw_resilient_layer;

/* How a class of routes is treated. */
typedef struct tw_resilient_route {
    tw_retry_policy policy;
    int64_t attempt_ns_max; /* of one attempt; at least 1 */
} tw_resilient_route;

/* Begin with tw_resilient_config_default. */
typedef struct tw_resilient_config {
    tw_loop *loop;                 /* borrowed */
    tw_http_client *client;        /* borrowed; freed before this */
    uint32_t call_max;             /* calls at once, waiting ones too; 1 to TW_RESILIENT_CALL_MAX */
    uint32_t host_max;             /* 1 to TW_RESILIENT_HOST_MAX */
    uint32_t places;               /* attempts out at once, a host; at least 1 */
    tw_limiter_bucket_config rate; /* of each host, without a name; tokens 0: no limit */
    tw_breaker_set_config breakers; /* its host_max is set to the one above */
    tw_retry_budget_config budget;  /* of each host */
    tw_resilient_route routes[TW_ROUTE_CLASS_COUNT];
    uint32_t hedge_percent; /* hedge when slower than so many of 100; 1 to 99 */
    uint32_t hedge_after;   /* no hedges before so many answers of the route were timed */
    uint64_t seed;          /* of all jitter */
} tw_resilient_config;

typedef struct tw_resilient_call {
    tw_http_call http; /* copied; without on_body; its priority follows from the route */
    tw_route_class route;
    tw_retry_kind kind;
    uint32_t weight; /* tokens of the rate; 0: one */
} tw_resilient_call;

/* All pointers are valid during the callback. */
typedef struct tw_resilient_result {
    tw_status status;           /* TW_OK: `http` is an answer that counts */
    tw_resilient_layer layer;   /* where it ended */
    tw_retry_verdict verdict;   /* why there was no further attempt; AGAIN if that was not asked */
    const tw_http_result *http; /* of the last attempt; NULL if it ended between attempts */
    uint32_t attempts;          /* that were begun */
    bool by_hedge;              /* the hedge's answer was first */
    int64_t elapsed_ns;
    int64_t limited_ns;  /* of it, waiting for tokens and places */
    const char *message; /* a sentence, unless status is TW_OK: then "" */
} tw_resilient_result;

typedef void (*tw_resilient_on_done)(void *context, const tw_resilient_result *result);

/* Counts since creation. */
typedef struct tw_resilient_figures {
    uint64_t sent;    /* tw_resilient_send gave TW_OK */
    uint64_t refused; /* it gave anything else */
    uint64_t cancelled;
    uint64_t done[TW_RESILIENT_LAYER_COUNT];
    uint64_t attempts;
    uint32_t calls; /* now */
    uint32_t out;   /* attempts, now */
    uint32_t hosts;
} tw_resilient_figures;

/* What the layers of one host say. */
typedef struct tw_resilient_host_figures {
    tw_limiter_bucket_figures rate; /* all zero without one */
    tw_limiter_bucket_figures places;
    tw_retry_figures retry;
    tw_breaker_figures breakers[TW_ROUTE_CLASS_COUNT];
} tw_resilient_host_figures;

TW_BEGIN_DECLS

/* 1,024 calls, 8 hosts, 64 places a host, no rate limit; the defaults of breakers and budget; three
 * attempts of at most 10 s, of cancels five of 2 s; reads hedged after 95 of 100, from 100 answers
 * on. `loop` and `client` are yours to set. */
TW_API tw_resilient_config tw_resilient_config_default(void);

/* TW_RANGE or TW_INVALID for a configuration that cannot be, with a sentence; TW_NO_MEMORY. */
TW_API tw_status tw_resilient_new(const tw_allocator *allocator, const tw_resilient_config *config,
                                  tw_resilient **ret_resilient, tw_error *error) TW_MUST_CHECK;

/* Ends calls that wait with TW_CANCELLED (their callbacks run now). NULL is ignored. The client has
 * been freed just before, without a turn of the loop between, which has ended those that were out:
 * one that is still out is a programmer error. */
TW_API void tw_resilient_free(tw_resilient *resilient);

/*
 * Begins a call. `on_done` is called once, from a later turn of the loop, if and only if this
 * returns TW_OK, and unless the call is cancelled. `ret_id` (may be NULL) is never 0. TW_FULL
 * (call_max, host_max, or the client's limits), TW_STATE (the breaker is open), TW_TIMEOUT (there
 * will be no tokens before the deadline), TW_INVALID (URL, a streamed body), TW_RANGE (weight),
 * TW_CLOSED (from a callback of tw_resilient_free), else as tw_http_client_send.
 */
TW_API tw_status tw_resilient_send(tw_resilient *resilient, const tw_resilient_call *call,
                                   tw_resilient_on_done on_done, void *context, uint64_t *ret_id,
                                   tw_error *error) TW_MUST_CHECK;

/* Gives a call up; its callback will not be called. TW_NOT_FOUND: it is done. */
TW_API tw_status tw_resilient_cancel(tw_resilient *resilient, uint64_t id) TW_MUST_CHECK;

TW_API void tw_resilient_figures_of(const tw_resilient *resilient,
                                    tw_resilient_figures *ret_figures);

/* TW_NOT_FOUND: no call has been made to this host and port. */
TW_API tw_status tw_resilient_host_figures_of(tw_resilient *resilient, tw_slice host, uint16_t port,
                                              tw_resilient_host_figures *ret_figures) TW_MUST_CHECK;

/* How long answers of a route took, from the send of an attempt. NULL: no such host. */
TW_API const tw_histogram *tw_resilient_histogram(tw_resilient *resilient, tw_slice host,
                                                  uint16_t port, tw_route_class route);

/* The breakers, to look at, force and reset. Borrowed. */
TW_API tw_breaker_set *tw_resilient_breakers(tw_resilient *resilient);

/* "limiter", "breaker", ... Never NULL. */
TW_API const char *tw_resilient_layer_word(tw_resilient_layer layer);

TW_END_DECLS

TW_DEFINE_AUTO(tw_resilient, tw_resilient_free)

#endif
