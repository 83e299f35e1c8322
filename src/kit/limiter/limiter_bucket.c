/*
 * limiter_bucket.c - the arithmetic of one bucket: exact, in grains (limiter_priv.h, invariant 1).
 */
#include "limiter_priv.h"

grains bucket_cap(const struct bucket *bucket) {
    return (grains)bucket->burst * bucket->unit;
}

/* Another rate and burst. What is inside stays, as far as it fits; in a bulkhead what is out does.
 */
void bucket_shape(struct bucket *bucket, uint32_t rate, uint32_t burst) {
    if (bucket->rate == 0)
        bucket->level += (grains)burst - bucket->burst;
    bucket->rate = rate;
    bucket->burst = burst;
    if (bucket->level > bucket_cap(bucket))
        bucket->level = bucket_cap(bucket);
}

void bucket_fill(struct bucket *bucket, int64_t now_ns) {
    int64_t passed_ns = now_ns - bucket->at_ns;
    bucket->at_ns = now_ns;
    if (bucket->rate == 0)
        return;
    bucket->level += (grains)passed_ns * bucket->rate;
    if (bucket->level > bucket_cap(bucket))
        bucket->level = bucket_cap(bucket);
}

/* When so much can be taken, if nobody else takes any. The bucket is filled up to now. */
int64_t bucket_ready_ns(const struct bucket *bucket, uint32_t weight, uint32_t priority) {
    grains need = ((grains)weight + bucket->config.reserve[priority]) * bucket->unit;
    int64_t ready_ns = bucket->at_ns;
    if (need > bucket->level) {
        if (need > bucket_cap(bucket) || bucket->rate == 0)
            return INT64_MAX;
        grains missing = need - bucket->level;
        ready_ns += (int64_t)((missing + bucket->rate - 1) / bucket->rate);
    }
    return ready_ns > bucket->pause_until_ns ? ready_ns : bucket->pause_until_ns;
}

/* The longest pause that is believed, from now. */
static void pause_until(struct bucket *bucket, int64_t until_ns) {
    int64_t last_ns = bucket->at_ns + bucket->config.pause_ns_max;
    if (until_ns > last_ns)
        until_ns = last_ns;
    if (until_ns > bucket->pause_until_ns)
        bucket->pause_until_ns = until_ns;
}

static void learn_limit(struct bucket *bucket, int64_t limit) {
    if (limit < 1 || limit > UINT32_MAX || bucket->rate == 0)
        return;
    uint32_t tokens = (uint32_t)limit;
    if (tokens > bucket->config.tokens && !bucket->config.learns)
        tokens = bucket->config.tokens;
    uint32_t burst = bucket->config.burst < tokens ? bucket->config.burst : tokens;
    bucket_shape(bucket, tokens, burst);
}

static void learn_remaining(struct bucket *bucket, const tw_limiter_notice *notice) {
    int64_t left = notice->remaining - notice->in_flight;
    if (left <= 0) {
        left = 0;
        pause_until(bucket, notice->reset_ns);
    }
    if ((grains)left * bucket->unit < bucket->level)
        bucket->level = (grains)left * bucket->unit;
}

/* The bucket is filled up to now. */
void bucket_learn(struct bucket *bucket, const tw_limiter_notice *notice) {
    bucket->notices++;
    learn_limit(bucket, notice->limit);
    if (notice->remaining >= 0 && bucket->rate > 0)
        learn_remaining(bucket, notice);
    if (notice->retry_after_ns > 0)
        pause_until(bucket, bucket->at_ns + (notice->retry_after_ns < TW_LIMITER_NS_MAX
                                                 ? notice->retry_after_ns
                                                 : TW_LIMITER_NS_MAX));
    if (!notice->refused)
        return;
    bucket->refusals++;
    if (notice->retry_after_ns <= 0)
        pause_until(bucket, notice->reset_ns > bucket->at_ns
                                ? notice->reset_ns
                                : bucket->at_ns + bucket->config.pause_ns);
    if (bucket->rate > 0 && bucket->level > 0)
        bucket->level = 0;
}
