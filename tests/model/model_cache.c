/*
 * model_cache.c - random calls of a cache beside an obvious slow one: see cache_model.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache_model.h"

#define BYTES_SIZE 65536
#define SEED_COUNT 40

/* SplitMix64. */
static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void run(size_t kind) {
    cache_model *model = test_malloc(sizeof *model);
    uint8_t *bytes = test_malloc(BYTES_SIZE);
    for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
        uint64_t state = seed * 1000 + kind;
        for (size_t i = 0; i < BYTES_SIZE; i++)
            bytes[i] = (uint8_t)next_random(&state);
        bool exact = false;
        tw_cache_config config = cache_model_config(kind, &exact);
        config.seed = state;
        assert_true(cache_model_run(model, bytes, BYTES_SIZE, &config, exact) > BYTES_SIZE / 32);
    }
    test_free(bytes);
    test_free(model);
}

static void a_roomy_cache_answers_exactly(void **state) {
    (void)state;
    run(0);
    run(1);
}

static void a_cache_at_its_count_answers_rightly_or_not_at_all(void **state) {
    (void)state;
    run(2);
}

static void a_cache_at_its_weight_answers_rightly_under_each_policy(void **state) {
    (void)state;
    run(3);
    run(7);
    run(11);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_roomy_cache_answers_exactly),
        cmocka_unit_test(a_cache_at_its_count_answers_rightly_or_not_at_all),
        cmocka_unit_test(a_cache_at_its_weight_answers_rightly_under_each_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
