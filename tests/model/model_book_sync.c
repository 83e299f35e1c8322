/*
 * model_book_sync.c - feeds of random faults, beside an obvious slow synchroniser, and held against
 * the venue's own book wherever there are numbers (see book_sync_model.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "book_sync_model.h"

#define ROUNDS 250
#define BYTES_SIZE 4096 /* few enough that histories do not fill up too soon */

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A situation, with many seeds; returns how often a live book was the venue's. */
static uint64_t run(const sm_config *config, unsigned rounds, uint64_t seed) {
    sm_model *model = test_malloc(sizeof *model);
    uint8_t bytes[BYTES_SIZE];
    uint64_t live_count = 0;
    uint64_t op_count = 0;
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < BYTES_SIZE; i++)
            bytes[i] = (uint8_t)next_random(&seed);
        /* quiet rounds: two faults of three become changes */
        for (size_t i = 0; round % 2 == 1 && i < BYTES_SIZE; i++) {
            if (bytes[i] % 16 >= 7 && next_random(&seed) % 3 != 0)
                bytes[i] &= 0xf6;
        }
        live_count += sm_run(model, config, bytes, BYTES_SIZE);
        op_count += model->op_count;
    }
    test_free(model);
    assert_true(op_count > rounds * UINT64_C(100));
    return live_count;
}

static void numbered_feeds_equal_the_slow_one_and_the_venue(void **state) {
    (void)state;
    assert_true(run(&sm_configs[0], ROUNDS, 1) > 1000);
    assert_true(run(&sm_configs[1], ROUNDS, 2) > 1000);
}

static void full_waiting_rooms_and_books_equal_the_slow_one_and_the_venue(void **state) {
    (void)state;
    for (size_t i = 2; i < 5; i++)
        assert_true(run(&sm_configs[i], ROUNDS, 3 + i) > 500);
}

static void feeds_without_numbers_equal_the_slow_one(void **state) {
    (void)state;
    (void)run(&sm_configs[5], ROUNDS, 10);
    (void)run(&sm_configs[6], ROUNDS, 11);
}

static void numbers_and_checksums_together_equal_the_slow_one(void **state) {
    (void)state;
    (void)run(&sm_configs[7], ROUNDS, 12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbered_feeds_equal_the_slow_one_and_the_venue),
        cmocka_unit_test(full_waiting_rooms_and_books_equal_the_slow_one_and_the_venue),
        cmocka_unit_test(feeds_without_numbers_equal_the_slow_one),
        cmocka_unit_test(numbers_and_checksums_together_equal_the_slow_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
