/* gate_kit.c - ring, histogram, cache, breaker and limiter. */
#include <stdio.h>

#include "gate.h"
#include "tradewind/breaker.h"
#include "tradewind/cache.h"
#include "tradewind/histogram.h"
#include "tradewind/limiter.h"
#include "tradewind/random.h"
#include "tradewind/ring.h"

enum { COUNT = 20000, KEYS = 1024, KEY_SIZE = 13 };

static const int64_t STEP_NS = 1000;

typedef struct record {
    uint64_t words[8];
} record;

/* ---- ring and histogram --------------------------------------------------------------------- */

GATE_PATH(ring)(tw_ring *ring) {
    record item = {{1, 2, 3, 4, 5, 6, 7, 8}};
    uint64_t sum = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        item.words[0] = i;
        require(tw_ring_push(ring, &item) == TW_OK, "tw_ring_push");
        if (i % 4 != 3)
            continue;
        for (int k = 0; k < 4; k++) {
            require(tw_ring_pop(ring, &item) == TW_OK, "tw_ring_pop");
            sum += item.words[0];
        }
    }
    return sum;
}

static void run_ring(void) {
    tw_ring *ring = NULL;
    require(tw_ring_new(NULL, 256, sizeof(record), &ring) == TW_OK, "tw_ring_new");
    GATE_RUN(ring, COUNT, ring);
    tw_ring_free(ring);
}

GATE_PATH(histogram)(tw_histogram *histogram, const int64_t *values) {
    for (size_t i = 0; i < COUNT; i++)
        tw_histogram_record(histogram, values[i]);
    return tw_histogram_count(histogram);
}

static void run_histogram(void) {
    static tw_histogram histogram;
    static int64_t values[COUNT];
    tw_random random;
    tw_random_init(&random, 1, 0);
    for (size_t i = 0; i < COUNT; i++)
        values[i] = (int64_t)(tw_random_next(&random) >> (34 + i % 16));
    tw_histogram_init(&histogram);
    GATE_RUN(histogram, COUNT, &histogram, values);
}

/* ---- cache ---------------------------------------------------------------------------------- */

typedef struct asking {
    tw_cache *cache;
    char texts[KEYS][KEY_SIZE];
    uint16_t order[COUNT];
} asking;

static tw_cache_key key_of(const asking *a, size_t at) {
    return tw_cache_key_bytes(a->texts[at], KEY_SIZE);
}

static tw_status load(void *context, tw_cache_key key, tw_cache_load *into) {
    (void)context;
    (void)key;
    (void)into;
    return TW_UNKNOWN; /* each call is a hit */
}

GATE_PATH(cache_hit)(asking *a) {
    uint64_t sum = 0;
    for (size_t i = 0; i < COUNT; i++) {
        uint64_t bytes = 0;
        tw_cache_value value = {.bytes = &bytes, .capacity = sizeof bytes};
        require(tw_cache_get(a->cache, key_of(a, a->order[i]), 1, &value) == TW_OK, "a hit");
        sum += bytes;
    }
    return sum;
}

GATE_PATH(cache_memoize)(asking *a) {
    uint64_t sum = 0;
    for (size_t i = 0; i < COUNT; i++) {
        uint64_t bytes = 0;
        tw_cache_value value = {.bytes = &bytes, .capacity = sizeof bytes};
        require(tw_memoize(a->cache, key_of(a, a->order[i]), 1, load, NULL, &value) == TW_OK,
                "a hit");
        sum += bytes;
    }
    return sum;
}

/* A new value over a known key, which is what a refresh does. */
GATE_PATH(cache_put)(asking *a) {
    for (size_t i = 0; i < COUNT; i++) {
        uint64_t value = i;
        require(tw_cache_put(a->cache, key_of(a, a->order[i]), 1, &value, sizeof value, NULL) ==
                    TW_OK,
                "tw_cache_put");
    }
    return COUNT;
}

static void run_cache(void) {
    static asking a;
    tw_random random;
    tw_cache_config config = tw_cache_config_default();
    config.entry_max = (size_t)2 * KEYS;
    config.value_size_max = sizeof(uint64_t);
    config.key_size_max = KEY_SIZE;
    config.ttl_ns = TW_CACHE_FOREVER;
    require(tw_cache_new(NULL, &config, NULL, &a.cache) == TW_OK, "tw_cache_new");
    tw_random_init(&random, 2, 0);
    for (uint64_t i = 0; i < KEYS; i++) {
        (void)snprintf(a.texts[i], KEY_SIZE, "SYM%06u:1d", (unsigned)i);
        require(tw_cache_put(a.cache, key_of(&a, i), 0, &i, sizeof i, NULL) == TW_OK, "a key");
    }
    for (size_t i = 0; i < COUNT; i++)
        a.order[i] = (uint16_t)tw_random_below(&random, KEYS);
    GATE_RUN(cache_hit, COUNT, &a);
    GATE_RUN(cache_memoize, COUNT, &a);
    GATE_RUN(cache_put, COUNT, &a);
    tw_cache_free(a.cache);
}

/* ---- guards --------------------------------------------------------------------------------- */

GATE_PATH(breaker)(tw_breaker *breaker) {
    const tw_breaker_answer answer = {.status = TW_OK, .http_status = 200};
    uint64_t sum = 0;
    for (int64_t i = 0; i < COUNT; i++) {
        tw_breaker_permit permit;
        require(tw_breaker_acquire(breaker, i * STEP_NS, &permit) == TW_OK, "a permit");
        sum += permit.generation;
        (void)tw_breaker_release(breaker, &permit, &answer, i * STEP_NS);
    }
    return sum;
}

GATE_PATH(limiter)(tw_limiter *limiter, uint32_t bucket) {
    const tw_limiter_want want = {.parts = {{bucket, 1}}, .part_count = 1};
    for (int64_t i = 0; i < COUNT; i++)
        require(tw_limiter_take(limiter, &want, i * STEP_NS, NULL) == TW_OK, "a token");
    return COUNT;
}

static void run_guards(void) {
    const tw_breaker_config config = tw_breaker_config_default();
    const tw_limiter_config buckets = {.bucket_max = 1};
    const tw_limiter_bucket_config bucket = {.name = "requests",
                                             .tokens = 1000000000,
                                             .period_ns = TW_LIMITER_NS_MAX / 1000,
                                             .burst = UINT32_MAX};
    tw_breaker *breaker = NULL;
    tw_limiter *limiter = NULL;
    uint32_t number = 0;
    require(tw_breaker_new(NULL, &config, &breaker, NULL) == TW_OK, "tw_breaker_new");
    require(tw_limiter_new(NULL, &buckets, &limiter, NULL) == TW_OK &&
                tw_limiter_define(limiter, &bucket, 0, &number, NULL) == TW_OK,
            "a bucket");
    GATE_RUN(breaker, COUNT, breaker);
    GATE_RUN(limiter, COUNT, limiter, number);
    tw_breaker_free(breaker);
    tw_limiter_free(limiter);
}

void gate_kit(void) {
    run_ring();
    run_histogram();
    run_cache();
    run_guards();
}
