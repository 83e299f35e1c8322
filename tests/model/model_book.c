/*
 * model_book.c - a million random changes, sound and unsound, beside an obvious slow book.
 *
 * Three regimes: small pools that run full all the time, larger ones that make the id table grow
 * and the ladders deep, and prices at and below zero.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "book_model.h"

#define BYTES_SIZE 262144

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Runs seeds until `op_count` changes were made. */
static void run(const tw_book_config *config, uint32_t op_count, uint64_t seed) {
    book_model *model = test_malloc(sizeof *model);
    uint8_t *bytes = test_malloc(BYTES_SIZE);
    for (uint32_t done = 0; done < op_count;) {
        for (size_t i = 0; i < BYTES_SIZE; i++)
            bytes[i] = (uint8_t)next_random(&seed);
        done += book_model_run(model, bytes, BYTES_SIZE, config);
    }
    test_free(bytes);
    test_free(model);
}

static void full_pools_equal_the_slow_book(void **state) {
    (void)state;
    const tw_book_config config = {
        .symbol_count_max = SLOW_SYMBOL_COUNT, .order_count_max = 24, .level_count_max = 16};
    run(&config, 880000, 1);
}

static void growing_tables_equal_the_slow_book(void **state) {
    (void)state;
    const tw_book_config config = {
        .symbol_count_max = SLOW_SYMBOL_COUNT, .order_count_max = 800, .level_count_max = 200};
    run(&config, 20000, 2);
}

static void prices_below_zero_equal_the_slow_book(void **state) {
    (void)state;
    const tw_book_config config = {.symbol_count_max = SLOW_SYMBOL_COUNT,
                                   .order_count_max = 24,
                                   .level_count_max = 200,
                                   .allow_nonpositive_prices = true};
    run(&config, 100000, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_pools_equal_the_slow_book),
        cmocka_unit_test(growing_tables_equal_the_slow_book),
        cmocka_unit_test(prices_below_zero_equal_the_slow_book),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
