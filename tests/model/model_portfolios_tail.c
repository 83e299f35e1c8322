/*
 * model_portfolios_tail.c - the smallest values of a window beside the whole window, sorted.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "portfolios_tail.h"
#include "tradewind/random.h"

#define ROWS_MAX 3000
#define SERIES PORTFOLIO_TAIL_SIDE_BY_SIDE

static double window[ROWS_MAX][SERIES];
static double sorted[ROWS_MAX];
static double memory[SERIES][4 * ROWS_MAX];

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { SHAPE_COUNT = 7 };

/* Shapes that are hard for buckets, pivots or ties. */
static double value_of(size_t shape, size_t i, tw_random *random) {
    double u = tw_random_uniform(random);
    switch (shape) {
    case 0:
        return tw_random_normal(random);
    case 1:
        return -(double)i; /* each is the least so far: the memory fills up */
    case 2:
        return (double)i;
    case 3:
        return floor(5 * u);
    case 4:
        return u < 0.01 ? -1e9 * u : 1e-3 * u; /* one bucket holds nearly all */
    case 5:
        return 1;
    default:
        return u < 0.1 ? NAN : tw_random_normal(random);
    }
}

/* Those of a series that are there, in order. */
static size_t sort_series(size_t rows, size_t k) {
    size_t count = 0;
    for (size_t i = 0; i < rows; i++) {
        if (!isnan(window[i][k]))
            sorted[count++] = window[i][k];
    }
    qsort(sorted, count, sizeof *sorted, by_value);
    return count;
}

static void assert_smallest(const portfolio_tail *tail, size_t present) {
    assert_true(tail->count <= present);
    for (size_t i = 0; i < tail->count; i++)
        assert_true(tail->values[i] == sorted[i]);
}

static size_t below(tw_random *random, size_t count) {
    return (size_t)(tw_random_uniform(random) * (double)count) % count;
}

/* What is gathered: all that are below the threshold, or the smallest that are kept. */
static void gather(uint64_t seed) {
    tw_random random;
    tw_random_init(&random, seed, 0);
    size_t rows = 1 + below(&random, seed % 2 == 0 ? 100 : ROWS_MAX);
    portfolio_tail_sizes sizes = portfolio_tail_sizes_for(1 + below(&random, rows), seed % 3 == 0);
    assert_true(sizes.room <= sizeof memory[0] / sizeof memory[0][0]);
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < SERIES; k++)
            window[i][k] = value_of((seed + k) % SHAPE_COUNT, i, &random);
    size_t first = below(&random, rows + 1);
    portfolio_span spans[2] = {{window[0], first, SERIES}, {window[first], rows - first, SERIES}};
    double thresholds[SERIES] = {INFINITY, INFINITY, 0, -INFINITY};
    portfolio_tail tails[SERIES];
    for (size_t k = 0; k < SERIES; k++)
        tails[k].values = memory[k];
    portfolio_tail_gather(spans, &sizes, thresholds, tails);
    for (size_t k = 0; k < SERIES; k++) {
        size_t present = sort_series(rows, k);
        size_t expected = 0;
        while (expected < present && expected < sizes.keep && sorted[expected] < thresholds[k])
            expected++;
        assert_int_equal(tails[k].count, expected);
        assert_smallest(&tails[k], present);
    }
}

static void test_what_is_gathered_is_what_is_smallest(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++)
        gather(seed);
}

/* Values come and go; a tail that is too short is gathered again, as seldom as can be. */
static void come_and_go(uint64_t seed) {
    tw_random random;
    tw_random_init(&random, seed, 1);
    size_t rows = 20 + below(&random, 200);
    size_t needed = 1 + below(&random, rows / 3);
    portfolio_tail_sizes sizes = portfolio_tail_sizes_for(needed, true);
    portfolio_tail tail = {memory[0], 0};
    size_t present = 0;
    size_t gathered = 0;
    for (size_t t = 0; t < 2000; t++) {
        double *place = &window[t % rows][0];
        double left = t < rows ? NAN : *place;
        *place = value_of(seed % SHAPE_COUNT, t, &random);
        if (!isnan(*place)) {
            portfolio_tail_enter(&tail, &sizes, present, *place);
            present++;
        }
        if (!isnan(left)) {
            portfolio_tail_leave(&tail, left);
            present--;
        }
        size_t held = t + 1 < rows ? t + 1 : rows;
        if (tail.count < needed && tail.count < present) {
            portfolio_span spans[2] = {{&window[0][0], held, SERIES}, {NULL, 0, SERIES}};
            portfolio_tail_gather_one(spans, &sizes, INFINITY, &tail);
            gathered++;
        }
        assert_int_equal(sort_series(held, 0), present);
        assert_true(tail.count >= needed || tail.count == present);
        assert_smallest(&tail, present);
    }
    assert_true(seed % SHAPE_COUNT != 0 || gathered < 200);
}

static void test_a_tail_follows_its_window(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++)
        come_and_go(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_gathered_is_what_is_smallest),
        cmocka_unit_test(test_a_tail_follows_its_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
