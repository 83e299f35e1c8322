/*
 * model_pool.c - random uses of a pool, in virtual time, beside an obvious slow pool.
 *
 * Each run has a configuration of its own (fixed, elastic, with and without ages, keep-alive and
 * leaks), drawn with its uses from the seed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pool_model.h"

#define BYTES_SIZE 4096
#define OP_COUNT 6000000

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void test_a_pool_equals_the_slow_pool(void **state) {
    (void)state;
    pool_model *model = test_malloc(sizeof *model);
    uint8_t *bytes = test_malloc(BYTES_SIZE);
    uint64_t seed = 1;
    for (uint32_t done = 0; done < OP_COUNT;) {
        for (size_t i = 0; i < BYTES_SIZE; i++)
            bytes[i] = (uint8_t)next_random(&seed);
        done += pool_model_run(model, bytes, BYTES_SIZE);
    }
    test_free(bytes);
    test_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_pool_equals_the_slow_pool)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
