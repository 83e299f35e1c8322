/*
 * golden_rolling.c - rolling statistics against rolling_numerics.json: series that made others
 * answer with negative variances or remnants of values that had left (pandas' tests and issues).
 *
 * Every case passes, or its metric is told as one that does not roll, which golden_performance has.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "tradewind/rolling.h"
#include "tradewind/time.h"

#define VALUES_MAX 4096

typedef struct series {
    double values[VALUES_MAX];
    int64_t times[VALUES_MAX];
    size_t count;
} series;

static double number_of(const json_t *value) {
    if (json_is_string(value))
        return strtod(json_string_value(value), NULL); /* "NaN" and "Inf" are C's words too */
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static double param(const json_t *json, const char *name, double otherwise) {
    const json_t *value = json_object_get(json_object_get(json, "params"), name);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static bool flag(const json_t *json, const char *name) {
    return json_is_true(json_object_get(json_object_get(json, "params"), name));
}

/* The input x with its times, or 0, 1, 2, ... where it has none. */
static void read_series(const json_t *json, series *ret) {
    const json_t *input = json_object_get(json, "input");
    const json_t *x = json_object_get(input, "x");
    const json_t *times = json_object_get(input, "times");
    ret->count = json_array_size(x);
    assert_true(ret->count > 0 && ret->count <= VALUES_MAX);
    for (size_t i = 0; i < ret->count; i++) {
        ret->values[i] = number_of(json_array_get(x, i));
        ret->times[i] = (int64_t)i;
        const char *text = json_string_value(json_array_get(times, i));
        if (text != NULL)
            assert_int_equal(tw_time_parse(tw_slice_of(text), &ret->times[i]), TW_OK);
    }
}

/* ---- our answers -------------------------------------------------------------------------- */

static bool figure_of(const char *metric, const tw_rolling_stats *stats, double *ret) {
    const struct {
        const char *metric;
        double value;
    } table[] = {{"rolling_var", stats->variance},
                 {"rolling_std", stats->stddev},
                 {"rolling_sem", stats->sem},
                 {"rolling_mean", stats->mean},
                 {"rolling_sum", stats->sum},
                 {"rolling_min", stats->min},
                 {"rolling_max", stats->max},
                 {"rolling_median", stats->quantiles[0]},
                 {"rolling_quantile", stats->quantiles[0]}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].metric, metric) != 0)
            continue;
        *ret = table[i].value;
        return true;
    }
    return false;
}

/* `x` rolled, into actual; false when the metric is none of ours. By time if there is a span. */
static bool roll(const json_t *json, const char *metric, const series *x, double *actual) {
    int64_t span_ns = (int64_t)(param(json, "window_seconds", 0) * 1e9);
    uint32_t width = (uint32_t)param(json, "window", (double)x->count);
    uint32_t least = (uint32_t)param(json, "min_periods", span_ns > 0 ? 1 : width);
    tw_rolling_config config = {.count_max = width,
                                .count_min = least,
                                .span_ns = span_ns,
                                .ddof = (uint8_t)param(json, "ddof", 1),
                                .sem_by_degrees = true, /* the convention of these vectors */
                                .quantile_count = 1,
                                .quantiles = {param(json, "quantile", 0.5)}};
    TW_AUTO(tw_rolling) *rolling = NULL;
    assert_int_equal(tw_rolling_new(NULL, &config, &rolling), TW_OK);
    bool ours = true;
    for (size_t i = 0; ours && i < x->count; i++) {
        tw_rolling_stats stats;
        assert_int_equal(tw_rolling_push(rolling, x->times[i], x->values[i]), TW_OK);
        tw_rolling_read(rolling, &stats);
        ours = figure_of(metric, &stats, &actual[i]);
    }
    return ours;
}

static bool answer(const json_t *json, const char *metric, const series *x, double *actual) {
    if (strcmp(metric, "ewma_irregular_times") != 0)
        return roll(json, metric, x, actual);
    tw_ewma ewma = {.halflife_ns =
                        (int64_t)(param(json, "halflife_days", 0) * (double)TW_NS_PER_DAY),
                    .adjust = flag(json, "adjust")};
    for (size_t i = 0; i < x->count; i++)
        actual[i] = tw_ewma_push(&ewma, x->times[i], x->values[i]);
    return true;
}

/* ---- comparing ---------------------------------------------------------------------------- */

/* A tolerance that is not given is NaN and allows nothing: no distance is at most NaN. */
static bool is_close(const json_t *json, double actual, double expected) {
    if (isnan(expected) || isnan(actual))
        return isnan(expected) && isnan(actual);
    if (expected == 0 && flag(json, "exact_zero_required"))
        return actual == 0;
    double distance = fabs(actual - expected);
    return distance <= number_of(json_object_get(json, "tol_abs")) ||
           distance <= number_of(json_object_get(json, "tol_rel")) * fabs(expected);
}

static bool passes(const json_t *json, const double *actual, size_t count) {
    const json_t *expected = json_object_get(json, "expected");
    const json_t *last = json_object_get(expected, "last");
    bool all = true;
    for (size_t i = last != NULL ? count - 1 : 0; i < count; i++) {
        double wanted = number_of(last != NULL ? last : json_array_get(expected, i));
        if (is_close(json, actual[i], wanted))
            continue;
        print_error("%s at %zu: %.17g, not %.17g\n", json_string_value(json_object_get(json, "id")),
                    i, actual[i], wanted);
        all = false;
    }
    return all;
}

static void test_series_that_broke_others(void **state) {
    (void)state;
    static series x;
    static double actual[VALUES_MAX];
    const char *root = getenv("TRADEWIND_DATA");
    char path[4096];
    snprintf(path, sizeof path, "%s/vectors/rolling_numerics.json", root != NULL ? root : "");
    json_t *cases = root != NULL ? json_load_file(path, 0, NULL) : NULL;
    if (cases == NULL) {
        print_message("TRADEWIND_DATA has no rolling_numerics.json: skipped\n");
        skip();
    }
    size_t passed = 0;
    size_t failed = 0;
    char others[512] = "";
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *json = json_array_get(cases, i);
        const char *metric = json_string_value(json_object_get(json, "metric"));
        read_series(json, &x);
        if (!answer(json, metric, &x, actual))
            snprintf(others + strlen(others), sizeof others - strlen(others), " %s", metric);
        else if (passes(json, actual, x.count))
            passed++;
        else
            failed++;
    }
    print_message("counts: rolling_numerics.json: %zu passed, %zu failed%s%s\n", passed, failed,
                  others[0] != '\0' ? "; does not roll:" : "", others);
    json_decref(cases);
    assert_int_equal(failed, 0);
    assert_true(passed > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_series_that_broke_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
