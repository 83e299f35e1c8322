/*
 * model_risk_select.c - order statistics beside a sorted copy.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "risk_select.h"
#include "tradewind/random.h"

#define COUNT_MAX 20000

static double values[COUNT_MAX];
static double sorted[COUNT_MAX];
static double scratch[COUNT_MAX];
static double again[COUNT_MAX];
static size_t order[COUNT_MAX];
static size_t order_scratch[COUNT_MAX];

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { SHAPE_COUNT = 8 };

/* Shapes that are hard for samples, pivots or ties. */
static double value_of(int shape, size_t i, size_t count, tw_random *random) {
    switch (shape) {
    case 0:
        return tw_random_normal(random);
    case 1:
        return (double)i;
    case 2:
        return (double)(count - i);
    case 3:
        return (double)(tw_random_next(random) % 5);
    case 4:
        return 0.5;
    case 5: /* every value of the sample is the greatest */
        return i % 32 == 0 ? 1e9 : tw_random_normal(random);
    case 6: /* and the least */
        return i % 32 == 0 ? -1e9 : tw_random_normal(random);
    default: /* up and down */
        return (double)(i < count / 2 ? i : count - i);
    }
}

static void fill(int shape, size_t count, uint64_t seed) {
    tw_random random;
    tw_random_init(&random, seed, 0);
    for (size_t i = 0; i < count; i++)
        values[i] = value_of(shape, i, count, &random);
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_value);
}

static void check_rank(size_t count, size_t rank) {
    risk_neighbours found = risk_select_at(values, count, rank, scratch);
    assert_true(found.at == sorted[rank]);
    assert_true(found.next == sorted[rank + 1 < count ? rank + 1 : rank]);
}

static void check_least(size_t count, size_t least) {
    risk_select_least(values, count, least, scratch);
    assert_true(scratch[least - 1] == sorted[least - 1]);
    memcpy(again, scratch, least * sizeof *again);
    qsort(again, least, sizeof *again, by_value);
    assert_memory_equal(again, sorted, least * sizeof *again);
}

static const size_t counts[] = {1, 2, 3, 7, 63, 64, 65, 601, 2047, 2048, 2520, 20000};
#define SIZE_COUNT (sizeof counts / sizeof counts[0])

static void test_a_rank_is_what_a_sorted_copy_has_there(void **state) {
    (void)state;
    static const double parts[] = {0, 0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999, 1};
    for (int shape = 0; shape < SHAPE_COUNT; shape++)
        for (size_t s = 0; s < SIZE_COUNT; s++) {
            fill(shape, counts[s], s + 1);
            for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
                size_t rank = (size_t)(parts[p] * (double)(counts[s] - 1));
                check_rank(counts[s], rank);
                check_least(counts[s], rank + 1);
            }
        }
}

static void test_every_rank_of_small_series(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++)
        for (size_t count = 1; count <= 24; count++) {
            fill((int)(seed % SHAPE_COUNT), count, seed);
            for (size_t rank = 0; rank < count; rank++) {
                check_rank(count, rank);
                check_least(count, rank + 1);
            }
        }
}

static void test_sorting_sorts_and_orders_keep_ties(void **state) {
    (void)state;
    for (int shape = 0; shape < SHAPE_COUNT; shape++)
        for (size_t s = 0; s < SIZE_COUNT; s++) {
            size_t count = counts[s];
            fill(shape, count, s + 100);
            risk_select_order(values, count, order, order_scratch);
            for (size_t i = 0; i < count; i++) {
                assert_true(values[order[i]] == sorted[i]);
                assert_true(i == 0 || sorted[i - 1] < sorted[i] || order[i - 1] < order[i]);
            }
            risk_select_sort(values, count, scratch);
            assert_memory_equal(values, sorted, count * sizeof *values);
        }
}

static void test_infinities_and_both_zeros_have_their_places(void **state) {
    (void)state;
    for (size_t count = 5; count <= 5000; count += 4995) {
        fill(0, count, 7);
        values[0] = INFINITY;
        values[1] = -INFINITY;
        values[2] = 0.0;
        values[3] = -0.0;
        values[4] = 5e-324;
        memcpy(sorted, values, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, by_value);
        check_rank(count, 0);
        check_rank(count, 1);
        check_rank(count, count / 2);
        check_rank(count, count - 1);
        risk_select_sort(values, count, scratch);
        for (size_t i = 0; i < count; i++)
            assert_true(values[i] == sorted[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_rank_is_what_a_sorted_copy_has_there),
        cmocka_unit_test(test_every_rank_of_small_series),
        cmocka_unit_test(test_sorting_sorts_and_orders_keep_ties),
        cmocka_unit_test(test_infinities_and_both_zeros_have_their_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
