/*
 * model_batch_clean.c - gaps, outliers and spikes against slow, obvious versions: the window of
 * each value copied and sorted anew; and any way gives the same.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/batch_clean.h"
#include "tradewind/random.h"
#include "tradewind/workers.h"

#define ROUND_COUNT 400
#define ROWS_MAX 200
#define COLUMNS_MAX 300
#define CELLS_MAX (ROWS_MAX * COLUMNS_MAX)

typedef struct memory {
    tw_batch_shape shape;
    double values[CELLS_MAX];
    double other[CELLS_MAX];
    double slow[CELLS_MAX];
    uint8_t flags[CELLS_MAX];
    uint8_t slow_flags[CELLS_MAX];
    tw_workers *workers;
} memory;

static void fill(memory *m, tw_random *random, bool prices) {
    m->shape =
        (tw_batch_shape){tw_random_below(random, ROWS_MAX + 1), 1 + tw_random_below(random, 12)};
    if (tw_random_below(random, 10) == 0)
        m->shape = (tw_batch_shape){20, 1 + tw_random_below(random, COLUMNS_MAX)};
    for (size_t j = 0; j < m->shape.columns; j++) {
        double level = 50 + 100 * tw_random_uniform(random);
        bool coarse = tw_random_below(random, 4) == 0;
        for (size_t i = 0; i < m->shape.rows; i++) {
            double step = tw_random_normal(random);
            level *= prices ? exp(0.01 * step) : 1;
            double value = prices ? level : level + step;
            value = coarse ? floor(value) : value;
            uint64_t dice = tw_random_below(random, 30);
            value = dice == 0 ? NAN : dice == 1 ? -INFINITY : dice == 2 ? value * 0.1 : value;
            m->values[i * m->shape.columns + j] = value;
        }
    }
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double slow_median(double *values, size_t count) {
    qsort(values, count, sizeof *values, by_value);
    return count % 2 == 1 ? values[count / 2]
                          : 0.5 * values[count / 2 - 1] + 0.5 * values[count / 2];
}

/* Whether a value is further than the rule allows from the last ones of `before`; *ret_centre is
 * their median. Says no without a bound. */
static bool slow_outside(const double *before, size_t count, const tw_batch_outlier_rule *rule,
                         double value, double *ret_centre) {
    double sorted[TW_BATCH_OUTLIER_WINDOW_MAX];
    size_t size = count < rule->window ? count : rule->window;
    *ret_centre = 0;
    if (size < rule->count_min)
        return false;
    memcpy(sorted, before + count - size, size * sizeof *sorted);
    double centre = slow_median(sorted, size);
    for (size_t i = 0; i < size; i++)
        sorted[i] = fabs(before[count - size + i] - centre);
    double bound = rule->threshold * (1.4826 * slow_median(sorted, size));
    *ret_centre = centre;
    return bound > 0 && fabs(value - centre) > bound;
}

static size_t slow_outliers(memory *m, const tw_batch_outlier_rule *rule) {
    size_t found = 0;
    size_t n = m->shape.columns;
    for (size_t j = 0; j < n; j++) {
        double before[ROWS_MAX];
        size_t count = 0;
        for (size_t i = 0; i < m->shape.rows; i++) {
            double value = m->values[i * n + j];
            double centre = 0;
            bool outside = isfinite(value) && slow_outside(before, count, rule, value, &centre);
            m->slow_flags[i * n + j] = outside ? 1 : 0;
            found += outside ? 1 : 0;
            if (isfinite(value))
                before[count++] = value;
        }
    }
    return found;
}

/* Lists the rows that have a price first; then walks over them with the last good one in hand. */
static size_t slow_spikes(memory *m, const tw_batch_outlier_rule *rule) {
    size_t found = 0;
    size_t n = m->shape.columns;
    memset(m->slow_flags, 0, sizeof m->slow_flags);
    for (size_t j = 0; j < n; j++) {
        double levels[ROWS_MAX];
        size_t rows[ROWS_MAX];
        size_t count = 0;
        for (size_t i = 0; i < m->shape.rows; i++) {
            double price = m->values[i * n + j];
            if (isfinite(price) && price > 0) {
                levels[count] = log(price);
                rows[count++] = i;
            }
        }
        double before[ROWS_MAX];
        size_t before_count = 0;
        double good = levels[0];
        for (size_t k = 1; k + 1 < count; k++) {
            double in = levels[k] - good;
            double out = levels[k + 1] - levels[k];
            double centre = 0;
            bool spike = slow_outside(before, before_count, rule, in, &centre) &&
                         slow_outside(before, before_count, rule, out, &centre) &&
                         !slow_outside(before, before_count, rule, in + out, &centre) &&
                         (in > centre) != (out > centre);
            if (spike) {
                m->slow_flags[rows[k] * n + j] = 1;
                found++;
            } else {
                before[before_count++] = in;
                good = levels[k];
            }
        }
    }
    return found;
}

static tw_batch_outlier_rule any_rule(tw_random *random) {
    size_t window = 3 + tw_random_below(random, 40);
    return (tw_batch_outlier_rule){.window = window,
                                   .count_min = 3 + tw_random_below(random, window - 2),
                                   .threshold = 2 + 6 * tw_random_uniform(random)};
}

static tw_batch_way any_way(const memory *m, tw_random *random) {
    tw_cpu_level level = (tw_cpu_level)tw_random_below(random, TW_CPU_LEVEL_COUNT);
    return (tw_batch_way){.runner = tw_random_below(random, 2) == 0 ? NULL
                                                                    : tw_workers_runner(m->workers),
                          .level = tw_cpu_has(level) ? level : TW_CPU_BEST};
}

static void any_outlier_is_what_the_sorted_window_says(memory *m, tw_random *random) {
    size_t total = 0;
    for (int round = 0; round < ROUND_COUNT; round++) {
        tw_batch_outlier_rule rule = any_rule(random);
        tw_batch_way way = any_way(m, random);
        size_t count = 0;
        fill(m, random, false);
        assert_int_equal(tw_batch_outliers(&way, m->shape, m->values, &rule, m->flags, &count),
                         TW_OK);
        assert_int_equal(count, slow_outliers(m, &rule));
        assert_memory_equal(m->flags, m->slow_flags, m->shape.rows * m->shape.columns);
        fill(m, random, true);
        assert_int_equal(tw_batch_spikes(&way, m->shape, m->values, &rule, m->flags, &count),
                         TW_OK);
        assert_int_equal(count, slow_spikes(m, &rule));
        assert_memory_equal(m->flags, m->slow_flags, m->shape.rows * m->shape.columns);
        total += count;
    }
    assert_true(total > 100);
}

static size_t slow_fill(memory *m, size_t limit) {
    size_t filled = 0;
    size_t n = m->shape.columns;
    for (size_t cell = 0; cell < m->shape.rows * n; cell++) {
        m->slow[cell] = m->values[cell];
        for (size_t age = 1; !isfinite(m->values[cell]) && age <= limit && age * n <= cell; age++) {
            double earlier = m->values[cell - age * n];
            if (!isfinite(earlier))
                continue;
            m->slow[cell] = earlier;
            filled++;
            break;
        }
    }
    return filled;
}

static void any_gap_is_filled_by_the_last_value(memory *m, tw_random *random) {
    for (int round = 0; round < ROUND_COUNT; round++) {
        tw_batch_way way = any_way(m, random);
        size_t limit =
            tw_random_below(random, 4) == 0 ? TW_BATCH_FILL_UNLIMITED : tw_random_below(random, 4);
        fill(m, random, true);
        size_t filled = slow_fill(m, limit);
        memcpy(m->other, m->values, sizeof m->other);
        assert_int_equal(tw_batch_fill_forward(&way, m->shape, m->other, limit), filled);
        assert_memory_equal(m->other, m->slow, m->shape.rows * m->shape.columns * sizeof *m->slow);
    }
}

static void run(void (*rule)(memory *m, tw_random *random), uint64_t seed) {
    tw_random random;
    tw_random_init(&random, seed, 0);
    memory *m = calloc(1, sizeof *m);
    assert_non_null(m);
    assert_int_equal(tw_workers_new(NULL, 2, &m->workers, NULL), TW_OK);
    rule(m, &random);
    tw_workers_free(m->workers);
    free(m);
}

static void test_outliers(void **state) {
    (void)state;
    run(any_outlier_is_what_the_sorted_window_says, 31);
}

static void test_gaps(void **state) {
    (void)state;
    run(any_gap_is_filled_by_the_last_value, 32);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_outliers),
                                       cmocka_unit_test(test_gaps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
