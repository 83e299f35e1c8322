/*
 * limiter.c - creation, buckets, and what is taken or given back at once. The invariants are drawn
 * in limiter_priv.h.
 */
#include "limiter_priv.h"

#include <string.h>

/* ---- creation ---- */

tw_status tw_limiter_new(const tw_allocator *allocator, const tw_limiter_config *config,
                         tw_limiter **ret_limiter, tw_error *error) {
    TW_ASSERT(config != NULL && ret_limiter != NULL);
    if (config->bucket_max < 1 || config->bucket_max > TW_LIMITER_BUCKET_MAX ||
        config->waiter_max > TW_LIMITER_WAITER_MAX)
        return tw_error_set(error, TW_RANGE,
                            "a limiter of %u buckets and %u waiters; expected 1 to %d and at most "
                            "%d",
                            config->bucket_max, config->waiter_max, TW_LIMITER_BUCKET_MAX,
                            TW_LIMITER_WAITER_MAX);
    tw_limiter *limiter = TW_NEW(allocator, 1, tw_limiter);
    if (limiter == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for a limiter");
    limiter->allocator = allocator;
    limiter->config = *config;
    limiter->next_ns = INT64_MAX;
    limiter->deadline_ns = INT64_MAX;
    limiter->buckets = TW_NEW(allocator, config->bucket_max, struct bucket);
    if (config->waiter_max > 0)
        limiter->waiters = TW_NEW(allocator, config->waiter_max, struct waiter);
    if (limiter->buckets == NULL || (config->waiter_max > 0 && limiter->waiters == NULL)) {
        tw_limiter_free(limiter);
        return tw_error_set(error, TW_NO_MEMORY, "no memory for a limiter of %u buckets",
                            config->bucket_max);
    }
    for (uint32_t i = config->waiter_max; i-- > 0;) {
        limiter->waiters[i].next = limiter->free_waiters;
        limiter->free_waiters = &limiter->waiters[i];
    }
    *ret_limiter = limiter;
    return TW_OK;
}

void tw_limiter_free(tw_limiter *limiter) {
    if (limiter == NULL)
        return;
    TW_ASSERT(limiter->figures.waiting == 0);
    TW_DELETE(limiter->allocator, limiter->buckets, limiter->config.bucket_max, struct bucket);
    TW_DELETE(limiter->allocator, limiter->waiters, limiter->config.waiter_max, struct waiter);
    TW_DELETE(limiter->allocator, limiter, 1, tw_limiter);
}

static tw_status check_bucket(const tw_limiter_bucket_config *config, tw_error *error) {
    if (config->name == NULL || config->name[0] == '\0' ||
        strlen(config->name) >= TW_LIMITER_NAME_SIZE)
        return tw_error_set(error, TW_INVALID, "a bucket needs a name of 1 to %d bytes",
                            TW_LIMITER_NAME_SIZE - 1);
    if (config->burst < 1 ||
        (config->tokens > 0 && (config->period_ns < 1 || config->period_ns > TW_LIMITER_NS_MAX)))
        return tw_error_set(error, TW_RANGE,
                            "bucket %s: expected a burst of at least 1 and a period of 1 ns to 36 "
                            "years",
                            config->name);
    if (config->pause_ns < 0 || config->pause_ns > TW_LIMITER_NS_MAX || config->pause_ns_max < 0 ||
        config->pause_ns_max > TW_LIMITER_NS_MAX)
        return tw_error_set(error, TW_RANGE, "bucket %s: a pause is negative or above 36 years",
                            config->name);
    for (int i = 0; i < TW_LIMITER_PRIORITY_COUNT; i++) {
        if (config->reserve[i] >= config->burst)
            return tw_error_set(error, TW_RANGE,
                                "bucket %s: %u tokens kept back from priority %d leave none of %u",
                                config->name, config->reserve[i], i, config->burst);
    }
    return TW_OK;
}

tw_status tw_limiter_define(tw_limiter *limiter, const tw_limiter_bucket_config *config,
                            int64_t now_ns, uint32_t *ret_bucket, tw_error *error) {
    tw_status status = check_bucket(config, error);
    if (status != TW_OK)
        return status;
    struct bucket bucket = {.config = *config,
                            .unit = config->tokens == 0 ? 1 : config->period_ns,
                            .rate = config->tokens,
                            .burst = config->burst};
    bucket.level = bucket_cap(&bucket);
    memcpy(bucket.name, config->name, strlen(config->name));
    bucket.config.name = NULL; /* the caller's */
    limiter_enter(limiter, now_ns);
    uint32_t number = limiter->figures.buckets;
    if (number < limiter->config.bucket_max) {
        bucket.at_ns = limiter->clock_ns;
        limiter->buckets[number] = bucket;
        limiter->figures.buckets++;
        *ret_bucket = number;
    } else {
        status = tw_error_set(error, TW_FULL, "a limiter of at most %u buckets",
                              limiter->config.bucket_max);
    }
    limiter_leave(limiter, limiter->next_ns);
    return status;
}

/* ---- the lock ---- */

void limiter_enter(tw_limiter *limiter, int64_t now_ns) {
    TW_ASSERT(now_ns >= 0);
    tw_lock_acquire(&limiter->lock, limiter->config.waiter);
    if (now_ns > limiter->clock_ns)
        limiter->clock_ns = now_ns;
}

/* Tells the owner if a turn is now due earlier than before. */
void limiter_leave(tw_limiter *limiter, int64_t next_before_ns) {
    bool earlier = limiter->next_ns < next_before_ns;
    tw_lock_release(&limiter->lock, limiter->config.waiter);
    if (earlier && limiter->config.on_work != NULL)
        limiter->config.on_work(limiter->config.context);
}

/* ---- wants ---- */

static void expect_parts(const tw_limiter *limiter, const tw_limiter_part *parts, uint32_t count) {
    TW_ASSERT(count >= 1 && count <= TW_LIMITER_PART_MAX);
    for (uint32_t i = 0; i < count; i++) {
        TW_ASSERT(parts[i].bucket < limiter->figures.buckets && parts[i].weight > 0);
        for (uint32_t j = 0; j < i; j++)
            TW_ASSERT(parts[j].bucket != parts[i].bucket);
    }
}

void limiter_expect(const tw_limiter *limiter, const tw_limiter_want *want) {
    TW_ASSERT(want->priority < TW_LIMITER_PRIORITY_COUNT);
    expect_parts(limiter, want->parts, want->part_count);
}

/* Whether the buckets are large enough for it ever to be granted. */
bool limiter_fits_locked(const tw_limiter *limiter, const tw_limiter_want *want) {
    for (uint32_t i = 0; i < want->part_count; i++) {
        const struct bucket *bucket = &limiter->buckets[want->parts[i].bucket];
        if ((uint64_t)want->parts[i].weight + bucket->config.reserve[want->priority] >
            bucket->burst)
            return false;
    }
    return true;
}

/* When all buckets have enough, if nobody else takes any. */
int64_t limiter_ready_locked(tw_limiter *limiter, const tw_limiter_want *want) {
    int64_t ready_ns = limiter->clock_ns;
    for (uint32_t i = 0; i < want->part_count; i++) {
        struct bucket *bucket = &limiter->buckets[want->parts[i].bucket];
        bucket_fill(bucket, limiter->clock_ns);
        int64_t one_ns = bucket_ready_ns(bucket, want->parts[i].weight, want->priority);
        ready_ns = one_ns > ready_ns ? one_ns : ready_ns;
    }
    return ready_ns;
}

/* All buckets have enough. */
void limiter_take_locked(tw_limiter *limiter, const tw_limiter_want *want) {
    for (uint32_t i = 0; i < want->part_count; i++) {
        struct bucket *bucket = &limiter->buckets[want->parts[i].bucket];
        bucket->level -= (grains)want->parts[i].weight * bucket->unit;
        bucket->taken += want->parts[i].weight;
    }
    limiter->figures.allowed[want->priority]++;
}

/* Somebody waits for one of these buckets who comes first (invariant 3). */
static bool is_behind_locked(const tw_limiter *limiter, const tw_limiter_want *want) {
    for (uint32_t i = 0; i < want->part_count; i++) {
        for (uint32_t j = 0; j <= want->priority; j++) {
            if (limiter->buckets[want->parts[i].bucket].waiting[j] > 0)
                return true;
        }
    }
    return false;
}

tw_status tw_limiter_take(tw_limiter *limiter, const tw_limiter_want *want, int64_t now_ns,
                          int64_t *ret_ready_ns) {
    limiter_enter(limiter, now_ns);
    limiter_expect(limiter, want);
    tw_status status = TW_OK;
    int64_t ready_ns = limiter_ready_locked(limiter, want);
    if (!limiter_fits_locked(limiter, want))
        status = TW_RANGE;
    else if (ready_ns > limiter->clock_ns || is_behind_locked(limiter, want))
        status = TW_THROTTLED;
    if (status == TW_OK)
        limiter_take_locked(limiter, want);
    else
        limiter->figures.rejected[want->priority]++;
    limiter_leave(limiter, limiter->next_ns);
    if (status != TW_OK && ret_ready_ns != NULL)
        *ret_ready_ns = ready_ns;
    return status;
}

/* A change of a bucket that those who wait for it should look at. */
static void wake_locked(tw_limiter *limiter, const struct bucket *bucket) {
    for (int i = 0; i < TW_LIMITER_PRIORITY_COUNT; i++) {
        if (bucket->waiting[i] > 0)
            limiter->next_ns = 0;
    }
}

void tw_limiter_give_back(tw_limiter *limiter, const tw_limiter_part *parts, uint32_t part_count,
                          int64_t now_ns) {
    limiter_enter(limiter, now_ns);
    expect_parts(limiter, parts, part_count);
    int64_t next_before_ns = limiter->next_ns;
    for (uint32_t i = 0; i < part_count; i++) {
        struct bucket *bucket = &limiter->buckets[parts[i].bucket];
        bucket_fill(bucket, limiter->clock_ns);
        bucket->level += (grains)parts[i].weight * bucket->unit;
        bool overflows = bucket->level > bucket_cap(bucket);
        TW_ASSERT(!overflows || bucket->rate > 0); /* a bulkhead gets what it gave */
        if (overflows)
            bucket->level = bucket_cap(bucket);
        bucket->returned += parts[i].weight;
        wake_locked(limiter, bucket);
    }
    limiter_leave(limiter, next_before_ns);
}

/* ---- what is known of a bucket ---- */

static struct bucket *bucket_locked(tw_limiter *limiter, uint32_t number) {
    TW_ASSERT(number < limiter->figures.buckets);
    struct bucket *bucket = &limiter->buckets[number];
    bucket_fill(bucket, limiter->clock_ns);
    return bucket;
}

void tw_limiter_learn(tw_limiter *limiter, uint32_t bucket, const tw_limiter_notice *notice,
                      int64_t now_ns) {
    limiter_enter(limiter, now_ns);
    int64_t next_before_ns = limiter->next_ns;
    struct bucket *of = bucket_locked(limiter, bucket);
    bucket_learn(of, notice);
    wake_locked(limiter, of);
    limiter_leave(limiter, next_before_ns);
}

tw_status tw_limiter_resize(tw_limiter *limiter, uint32_t bucket, uint32_t tokens, uint32_t burst,
                            int64_t now_ns) {
    limiter_enter(limiter, now_ns);
    int64_t next_before_ns = limiter->next_ns;
    struct bucket *of = bucket_locked(limiter, bucket);
    bool fits = (tokens == 0) == (of->rate == 0);
    for (int i = 0; i < TW_LIMITER_PRIORITY_COUNT; i++)
        fits = fits && burst > of->config.reserve[i];
    if (fits) {
        bucket_shape(of, tokens, burst);
        of->config.tokens = tokens;
        of->config.burst = burst;
    }
    wake_locked(limiter, of);
    limiter_leave(limiter, next_before_ns);
    return fits ? TW_OK : TW_RANGE;
}

void tw_limiter_figures_of(tw_limiter *limiter, tw_limiter_figures *ret_figures) {
    limiter_enter(limiter, 0);
    *ret_figures = limiter->figures;
    limiter_leave(limiter, limiter->next_ns);
}

/* Whole tokens, rounded down. */
static int64_t whole_tokens(const struct bucket *bucket) {
    return (int64_t)(bucket->level / bucket->unit); /* a bulkhead's unit is 1 */
}

void tw_limiter_bucket_figures_of(tw_limiter *limiter, uint32_t bucket, int64_t now_ns,
                                  tw_limiter_bucket_figures *ret_figures) {
    limiter_enter(limiter, now_ns);
    const struct bucket *of = bucket_locked(limiter, bucket);
    *ret_figures = (tw_limiter_bucket_figures){.tokens = whole_tokens(of),
                                               .burst = of->burst,
                                               .rate = of->rate,
                                               .pause_until_ns = of->pause_until_ns,
                                               .taken = of->taken,
                                               .returned = of->returned,
                                               .notices = of->notices,
                                               .refusals = of->refusals};
    memcpy(ret_figures->name, of->name, sizeof of->name);
    for (int i = 0; i < TW_LIMITER_PRIORITY_COUNT; i++)
        ret_figures->waiting += of->waiting[i];
    limiter_leave(limiter, limiter->next_ns);
}
