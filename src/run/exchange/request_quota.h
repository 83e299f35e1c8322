/*
 * request_quota.h - how many requests an account may make a minute, as Alpaca counts them.
 *
 * A minute begins with the first request that is counted in it. Trading and market data are counted
 * apart. What an answer says in X-RateLimit-Limit, -Remaining and -Reset comes from here.
 *
 * Memory: REQUEST_QUOTA_COUNT_MAX counters in the caller's storage; when more are wanted, the one
 * whose minute is oldest is forgotten. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_REQUEST_QUOTA_H
#define TRADEWIND_RUN_EXCHANGE_REQUEST_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#define REQUEST_QUOTA_COUNT_MAX 128

/* What "off" comes to: nobody makes so many in a minute. */
#define REQUEST_QUOTA_OFF 1000000000u

typedef struct request_counter {
    const void *account;
    bool data;
    uint32_t used;
    int64_t begin_ns; /* of its minute; 0: free */
} request_counter;

typedef struct request_quota {
    uint32_t limit;
    request_counter counters[REQUEST_QUOTA_COUNT_MAX];
} request_quota;

typedef struct quota_verdict {
    bool refused;
    uint32_t limit;
    uint32_t remaining;
    int64_t reset_s; /* seconds since 1970 at which the next minute begins, rounded up */
} quota_verdict;

/* `limit` requests a minute; 0: as many as there are. */
void request_quota_init(request_quota *quota, uint32_t limit);

/* Counts a request at a time of the wall clock. One that is refused is not counted. A clock that
 * was set back begins a new minute. */
quota_verdict request_quota_take(request_quota *quota, const void *account, bool data,
                                 int64_t now_ns);

#endif
