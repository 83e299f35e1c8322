/*
 * limiter_wants.h - short words for the tests of the limiter: a limiter, its buckets, a want.
 *
 * Include <cmocka.h> before.
 */
#ifndef TRADEWIND_TEST_LIMITER_WANTS_H
#define TRADEWIND_TEST_LIMITER_WANTS_H

#include <stdio.h>

#include "tradewind/limiter.h"

static inline tw_limiter *limiter_of(uint32_t bucket_max, uint32_t waiter_max) {
    tw_limiter *limiter = NULL;
    tw_limiter_config config = {.bucket_max = bucket_max, .waiter_max = waiter_max};
    assert_int_equal(tw_limiter_new(NULL, &config, &limiter, NULL), TW_OK);
    return limiter;
}

static inline uint32_t bucket_of(tw_limiter *limiter, const tw_limiter_bucket_config *config) {
    uint32_t bucket = UINT32_MAX;
    assert_int_equal(tw_limiter_define(limiter, config, 0, &bucket, NULL), TW_OK);
    return bucket;
}

/* A bucket of a rate and nothing else; with 0 tokens a bulkhead. */
static inline uint32_t rate_of(tw_limiter *limiter, uint32_t tokens, int64_t period_ns,
                               uint32_t burst) {
    tw_limiter_bucket_config config = {
        .name = "rate", .tokens = tokens, .period_ns = period_ns, .burst = burst};
    return bucket_of(limiter, &config);
}

static inline tw_limiter_want want_of(uint32_t bucket, uint32_t weight, uint32_t priority) {
    return (tw_limiter_want){.parts = {{bucket, weight}}, .part_count = 1, .priority = priority};
}

static inline bool takes(tw_limiter *limiter, tw_limiter_want want, int64_t now_ns) {
    tw_status status = tw_limiter_take(limiter, &want, now_ns, NULL);
    tw_limiter_check(limiter);
    assert_true(status == TW_OK || status == TW_THROTTLED);
    return status == TW_OK;
}

static inline int64_t tokens_of(tw_limiter *limiter, uint32_t bucket, int64_t now_ns) {
    tw_limiter_bucket_figures figures;
    tw_limiter_bucket_figures_of(limiter, bucket, now_ns, &figures);
    return figures.tokens;
}

#endif
