/*
 * golden_vectors.c - answers that nobody on this project computed.
 *
 * Runs the cases of $TRADEWIND_DATA/vectors/NAME.json whose metric and convention the library has,
 * and prints for each file what passed and, by name, what it does not support. A supported case
 * that differs by more than the case's own tolerance fails the test.
 *
 * A case is unsupported when its metric is not there or when its source defines it differently
 * (the table of conventions in tradewind/risk.h); the reason stands where it is sorted out.
 */
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/batch.h"
#include "tradewind/rebalance.h"
#include "tradewind/risk.h"
#include "tradewind/rolling.h"
#include "tradewind/window.h"

#define VALUES_MAX 12000
#define COLUMNS_MAX 24
#define NAMES_MAX 128

typedef enum verdict { PASSED, UNSUPPORTED, FAILED } verdict;

/* The case at hand. */
typedef struct test_case {
    const char *metric;
    const json_t *params;
    const json_t *input;
    const json_t *expected;
    double tolerance;
    double tolerance_relative;
} test_case;

typedef struct series {
    double values[VALUES_MAX];
    size_t count;
} series;

/* --- reading ------------------------------------------------------------------------------ */

static char *data_path(const char *name) {
    static char path[1024];
    const char *root = getenv("TRADEWIND_DATA");
    assert_non_null(root);
    snprintf(path, sizeof path, "%s/vectors/%s", root, name);
    return path;
}

static double number_of(const json_t *value) {
    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        return strcmp(text, "Inf") == 0    ? INFINITY
               : strcmp(text, "-Inf") == 0 ? -INFINITY
               : strcmp(text, "NaN") == 0  ? NAN
                                           : strtod(text, NULL);
    }
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool series_from(const json_t *value, series *ret) {
    if (json_is_object(value))
        value = json_object_get(value, "series");
    if (!json_is_array(value) || json_array_size(value) > VALUES_MAX)
        return false;
    ret->count = json_array_size(value);
    for (size_t i = 0; i < ret->count; i++)
        ret->values[i] = number_of(json_array_get(value, i));
    return true;
}

/* A column of a CSV file by name; an empty cell is missing. */
static bool series_from_csv(const char *file, const char *column, series *ret) {
    FILE *stream = fopen(data_path(file), "r");
    if (stream == NULL)
        return false;
    char line[4096];
    int wanted = -1;
    ret->count = 0;
    while (fgets(line, sizeof line, stream) != NULL) {
        char *rest = line;
        char *cell;
        int at = 0;
        bool header = wanted < 0;
        while ((cell = strsep(&rest, ",\r\n")) != NULL) {
            if (header && strcmp(cell, column) == 0)
                wanted = at;
            if (!header && at == wanted)
                ret->values[ret->count++] = *cell == 0 ? NAN : strtod(cell, NULL);
            at++;
        }
        if (header && wanted < 0)
            break;
    }
    fclose(stream);
    return wanted >= 0;
}

static double param(const test_case *c, const char *name, double otherwise) {
    const json_t *value = json_object_get(c->params, name);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static const char *param_text(const test_case *c, const char *name) {
    const char *text = json_string_value(json_object_get(c->params, name));
    return text == NULL ? "" : text;
}

/* --- comparing ---------------------------------------------------------------------------- */

static bool is_close(const test_case *c, double actual, double expected) {
    if (isnan(expected) || isnan(actual))
        return isnan(expected) && isnan(actual);
    double distance = fabs(actual - expected);
    return distance <= c->tolerance || distance <= c->tolerance_relative * fabs(expected);
}

static verdict compare(const test_case *c, double actual, const json_t *expected) {
    double wanted = number_of(expected);
    if (isinf(wanted))
        return UNSUPPORTED; /* a quotient by zero is NaN here, by the rule in risk.h */
    if (is_close(c, actual, wanted))
        return PASSED;
    print_error("%s: %.17g, not %.17g\n", c->metric, actual, wanted);
    return FAILED;
}

static verdict compare_expected(const test_case *c, double actual) {
    const json_t *expected = c->expected;
    if (json_is_array(expected))
        expected = json_array_get(expected, 0);
    return compare(c, actual, expected);
}

static verdict worse(verdict a, verdict b) {
    return a == FAILED || b == FAILED ? FAILED : a == UNSUPPORTED ? a : b;
}

/* --- risk of one series ------------------------------------------------------------------- */

static double periods_of(const test_case *c) {
    if (json_is_number(json_object_get(c->params, "scale")))
        return param(c, "scale", 1);
    const char *period = param_text(c, "period");
    return strcmp(period, "daily") == 0     ? 252
           : strcmp(period, "weekly") == 0  ? 52
           : strcmp(period, "monthly") == 0 ? 12
                                            : 1;
}

static tw_risk *the_risk;

/* False when there is no row at all: then every figure is NaN. */
static bool report_of(const test_case *c, const series *returns, const series *benchmark,
                      tw_risk_report *ret) {
    static const double one = 1;
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.periods_per_year = periods_of(c);
    double free = param(c, "risk_free", param(c, "Rf_per_period", 0));
    double wanted = param(c, "required_return", param(c, "MAR", param(c, "L", 0)));
    config.risk_free = (tw_rate){free, TW_RATE_PER_PERIOD};
    config.minimum_acceptable = (tw_rate){wanted, TW_RATE_PER_PERIOD};
    if (strcmp(c->metric, "omega_ratio") == 0 && param(c, "annualization", 1) != 1) {
        double years = 1 / param(c, "annualization", 1);
        config.minimum_acceptable.value = free + (pow(1 + wanted, years) - 1);
    }
    config.confidences[0] = param(c, "p", 0.95);
    config.confidence_count = 1;
    tw_risk_input input = {returns->values, &one, NULL, returns->count, 1};
    if (benchmark != NULL)
        input.benchmark = benchmark->values;
    tw_error error = {0};
    tw_status status = tw_risk_compute(the_risk, &config, &input, ret, &error);
    if (status != TW_OK && status != TW_EMPTY)
        fail_msg("%s: %s", c->metric, error.message);
    return status == TW_OK;
}

/* The figure that a metric names, in the unit and with the sign of its source. */
static bool figure_of(const test_case *c, const tw_risk_report *r, double *ret) {
    double root = sqrt(r->periods_per_year);
    bool from_r = json_object_get(c->input, "file") != NULL;
    const struct {
        const char *name;
        double value;
    } table[] = {
        {"mean", r->mean},
        {"stddev", r->volatility},
        {"standard_deviation", r->volatility},
        {"variance", r->volatility * r->volatility},
        {"stddev_annualized", r->volatility_annual},
        {"annual_volatility", r->volatility_annual},
        {"skewness", r->skewness},
        {"kurtosis_excess", r->excess_kurtosis},
        {"kurtosis_sample_excess", r->excess_kurtosis},
        {"min", r->worst},
        {"worst_realization", -r->worst},
        {"max_drawdown", from_r ? r->max_drawdown : -r->max_drawdown},
        {"cumulative_return", r->total_return},
        {"annual_return", r->cagr},
        {"cagr", r->cagr},
        {"calmar_ratio", r->calmar},
        {"omega_ratio", r->omega},
        {"sharpe_ratio", from_r ? r->sharpe / root : r->sharpe},
        {"sortino_ratio", from_r ? r->sortino / root : r->sortino},
        {"downside_risk", r->downside_deviation * root},
        {"downside_deviation", r->downside_deviation},
        {"excess_sharpe", r->information_ratio / root},
        {"alpha", pow(1 + r->alpha, r->periods_per_year) - 1},
        {"beta", r->beta},
        {"correlation", r->correlation},
        {"tracking_error", r->tracking_error},
        {"cvar", r->estimates[0].expected_shortfall},
        {"var_gaussian", -r->estimates[1].value},
        {"es_modified", -r->estimates[2].expected_shortfall},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(c->metric, table[i].name) == 0) {
            *ret = table[i].value;
            return true;
        }
    return false;
}

static series the_returns;
static series the_benchmark;

/* Sources that align by date differ in length at the front only. */
static void align_tails(series *a, series *b) {
    size_t count = a->count < b->count ? a->count : b->count;
    memmove(a->values, a->values + (a->count - count), count * sizeof a->values[0]);
    memmove(b->values, b->values + (b->count - count), count * sizeof b->values[0]);
    a->count = b->count = count;
}

static verdict run_one_series(const test_case *c, const series *benchmark, const json_t *expected) {
    tw_risk_report report;
    memset(&report, 0, sizeof report);
    double figure = NAN;
    bool some = report_of(c, &the_returns, benchmark, &report);
    if (!figure_of(c, &report, &figure))
        return UNSUPPORTED;
    return compare(c, some ? figure : NAN, expected);
}

static bool has_own_convention(const test_case *c) {
    /* Weighted observations, and rates that are series, are not there. */
    if (json_is_string(json_object_get(c->params, "sample_weight")))
        return true;
    if (json_is_object(json_object_get(c->input, "risk_free")) ||
        json_is_object(json_object_get(c->input, "required_return")))
        return true;
    if (json_is_string(json_object_get(c->params, "Rf")) ||
        json_is_true(json_object_get(c->params, "biased")))
        return true;
    /* A required return of -100% or less has no yearly equivalent. */
    return strcmp(c->metric, "omega_ratio") == 0 && param(c, "required_return", 0) <= -1;
}

static verdict run_columns(const test_case *c) {
    const char *file = json_string_value(json_object_get(c->input, "file"));
    const json_t *columns = json_object_get(c->input, "columns");
    const char *benchmark = json_string_value(json_object_get(c->input, "benchmark"));
    size_t count = json_is_string(columns) ? 1 : json_array_size(columns);
    verdict all = PASSED;
    for (size_t i = 0; i < count; i++) {
        const char *name = json_is_string(columns) ? json_string_value(columns)
                                                   : json_string_value(json_array_get(columns, i));
        if (!series_from_csv(file, name, &the_returns))
            return UNSUPPORTED;
        if (benchmark != NULL && !series_from_csv(file, benchmark, &the_benchmark))
            return UNSUPPORTED;
        if (strcmp(param_text(c, "rows"), "1..100") == 0)
            the_returns.count = the_benchmark.count = 100;
        const json_t *expected =
            json_is_array(c->expected) ? json_array_get(c->expected, i) : c->expected;
        all = worse(all, run_one_series(c, benchmark == NULL ? NULL : &the_benchmark, expected));
        if (all == UNSUPPORTED)
            return all;
    }
    return all;
}

/* empyrical: {"frame": {name: [...]}} -> {"index": [name], "series": [...]} */
static verdict run_frame(const test_case *c, const json_t *frame) {
    const json_t *names = json_object_get(c->expected, "index");
    const json_t *values = json_object_get(c->expected, "series");
    verdict all = json_array_size(names) == 0 ? UNSUPPORTED : PASSED;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (!series_from(json_object_get(frame, name), &the_returns))
            return UNSUPPORTED;
        all = worse(all, run_one_series(c, NULL, json_array_get(values, i)));
    }
    return all;
}

static verdict run_risk(const test_case *c) {
    if (has_own_convention(c))
        return UNSUPPORTED;
    if (json_object_get(c->input, "file") != NULL)
        return run_columns(c);
    const json_t *returns = json_object_get(c->input, "returns");
    if (returns == NULL)
        returns = json_object_get(c->input, "x");
    if (json_object_get(returns, "frame") != NULL)
        return run_frame(c, json_object_get(returns, "frame"));
    if (json_is_array(json_array_get(returns, 0)) || !series_from(returns, &the_returns))
        return UNSUPPORTED;
    /* empyrical counts missing periods as time gone by; here they are no observation. */
    if (strcmp(c->metric, "cagr") == 0 && the_returns.count > 0 && isnan(the_returns.values[0]))
        return UNSUPPORTED;
    const series *benchmark = NULL;
    const json_t *factor = json_object_get(c->input, "factor_returns");
    if (factor != NULL) {
        if (!series_from(factor, &the_benchmark))
            return UNSUPPORTED;
        align_tails(&the_returns, &the_benchmark);
        benchmark = &the_benchmark;
    } else if (strcmp(c->metric, "excess_sharpe") == 0) {
        memset(the_benchmark.values, 0, sizeof the_benchmark.values);
        benchmark = &the_benchmark;
    }
    const json_t *expected = c->expected;
    return run_one_series(c, benchmark,
                          json_is_array(expected) ? json_array_get(expected, 0) : expected);
}

static verdict run_alpha_beta(const test_case *c) {
    if (!series_from(json_object_get(c->input, "returns"), &the_returns) ||
        !series_from(json_object_get(c->input, "factor_returns"), &the_benchmark))
        return UNSUPPORTED;
    align_tails(&the_returns, &the_benchmark);
    tw_risk_report r;
    bool some = report_of(c, &the_returns, &the_benchmark, &r);
    double alpha = some ? pow(1 + r.alpha, r.periods_per_year) - 1 : NAN;
    return worse(compare(c, alpha, json_array_get(c->expected, 0)),
                 compare(c, some ? r.beta : NAN, json_array_get(c->expected, 1)));
}

static verdict run_total_return(const test_case *c) {
    const json_t *returns = json_object_get(c->input, "returns");
    if (!series_from(returns, &the_returns))
        return UNSUPPORTED;
    tw_risk_report r;
    bool some = report_of(c, &the_returns, NULL, &r);
    double start = param(c, "starting_value", 0);
    double value = start == 0 ? r.total_return : start * (1 + r.total_return);
    return compare_expected(c, some ? value : NAN);
}

static verdict run_rolling_sharpe(const test_case *c) {
    series all;
    if (!series_from(json_object_get(c->input, "arr"), &all))
        return UNSUPPORTED;
    size_t window = (size_t)param(c, "window", 0);
    verdict verdict_all = PASSED;
    test_case daily = *c;
    json_t *params = json_pack("{s:s}", "period", "daily");
    daily.params = params;
    for (size_t i = 0; i + window <= all.count; i++) {
        memcpy(the_returns.values, all.values + i, window * sizeof all.values[0]);
        the_returns.count = window;
        tw_risk_report r;
        bool some = report_of(&daily, &the_returns, NULL, &r);
        assert_true(some);
        verdict_all = worse(verdict_all, compare(c, r.sharpe, json_array_get(c->expected, i)));
    }
    json_decref(params);
    return verdict_all;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static verdict run_quantile(const test_case *c) {
    if (!series_from(json_object_get(c->input, "returns"), &the_returns))
        return UNSUPPORTED;
    for (size_t i = 0; i < the_returns.count; i++)
        if (isnan(the_returns.values[i]))
            return UNSUPPORTED;
    qsort(the_returns.values, the_returns.count, sizeof(double), by_value);
    double quantile =
        tw_risk_quantile_sorted(the_returns.values, the_returns.count, param(c, "cutoff", 0));
    return compare_expected(c, quantile);
}

static verdict run_quantiles(const test_case *c) {
    const char *file = json_string_value(json_object_get(c->input, "file"));
    const char *column = json_string_value(json_object_get(c->input, "columns"));
    if (column == NULL || !series_from_csv(file, column, &the_returns))
        return UNSUPPORTED;
    qsort(the_returns.values, the_returns.count, sizeof(double), by_value);
    verdict all = PASSED;
    for (size_t i = 0; i < 5; i++) {
        double quantile =
            tw_risk_quantile_sorted(the_returns.values, the_returns.count, (double)i / 4);
        all = worse(all, compare(c, quantile, json_array_get(c->expected, i)));
    }
    return all;
}

/* z and phi(z) / (1 - p): the shortfall of a series of mean 0 and population deviation 1. */
static verdict run_normal(const test_case *c) {
    the_returns.values[0] = -1;
    the_returns.values[1] = 1;
    the_returns.count = 2;
    tw_risk_report r;
    bool some = report_of(c, &the_returns, NULL, &r);
    assert_true(some);
    verdict z =
        compare(c, tw_risk_normal_quantile(param(c, "p", 0.5)), json_object_get(c->expected, "z"));
    return worse(z, compare(c, r.estimates[1].expected_shortfall,
                            json_object_get(c->expected, "es_factor")));
}

/* --- several assets ----------------------------------------------------------------------- */

static double the_matrix[VALUES_MAX * COLUMNS_MAX];

static bool matrix_from_csv(const char *file, const json_t *columns, tw_batch_shape *ret_shape) {
    size_t count = json_array_size(columns);
    if (count == 0 || count > COLUMNS_MAX)
        return false;
    for (size_t j = 0; j < count; j++) {
        const char *name = json_string_value(json_array_get(columns, j));
        if (!series_from_csv(file, name, &the_returns))
            return false;
        for (size_t i = 0; i < the_returns.count; i++)
            the_matrix[i * count + j] = the_returns.values[i];
    }
    *ret_shape = (tw_batch_shape){the_returns.count, count};
    return true;
}

static verdict compare_list(const test_case *c, const double *actual, const json_t *expected) {
    verdict all = PASSED;
    for (size_t i = 0; i < json_array_size(expected); i++)
        all = worse(all, compare(c, actual[i], json_array_get(expected, i)));
    return all;
}

/* PerformanceAnalytics: the contributions of the assets to the deviation of a portfolio. */
static verdict run_components(const test_case *c) {
    tw_batch_shape shape;
    const char *file = json_string_value(json_object_get(c->input, "file"));
    if (!matrix_from_csv(file, json_object_get(c->input, "columns"), &shape))
        return UNSUPPORTED;
    if (strcmp(param_text(c, "rows"), "1..100") == 0)
        shape.rows = 100;
    double weights[COLUMNS_MAX];
    const json_t *given = json_object_get(c->params, "weights");
    for (size_t i = 0; i < shape.columns; i++)
        weights[i] =
            json_is_array(given) ? number_of(json_array_get(given, i)) : 1 / (double)shape.columns;
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.confidences[0] = param(c, "p", 0.95);
    config.confidence_count = 1;
    tw_risk_input input = {the_matrix, weights, NULL, shape.rows, shape.columns};
    tw_risk_report r;
    assert_int_equal(tw_risk_compute(the_risk, &config, &input, &r, NULL), TW_OK);
    double parts[COLUMNS_MAX];
    for (size_t i = 0; i < shape.columns; i++)
        parts[i] = r.contributions[i].volatility;
    return worse(compare(c, r.volatility, json_object_get(c->expected, "StdDev")),
                 compare_list(c, parts, json_object_get(c->expected, "contribution")));
}

static verdict run_correlation_matrix(const test_case *c) {
    const json_t *x = json_object_get(c->input, "x");
    size_t columns = json_array_size(json_array_get(x, 0));
    double weights[COLUMNS_MAX];
    for (size_t i = 0; i < json_array_size(x); i++)
        for (size_t j = 0; j < columns; j++)
            the_matrix[i * columns + j] = number_of(json_array_get(json_array_get(x, i), j));
    for (size_t j = 0; j < columns; j++)
        weights[j] = 1;
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.covariance = true;
    tw_risk_input input = {the_matrix, weights, NULL, json_array_size(x), columns};
    tw_risk_report r;
    assert_int_equal(tw_risk_compute(the_risk, &config, &input, &r, NULL), TW_OK);
    verdict all = PASSED;
    for (size_t i = 0; i < columns; i++)
        for (size_t j = 0; j < columns; j++) {
            double scale =
                sqrt(r.covariance[i * columns + i]) * sqrt(r.covariance[j * columns + j]);
            all = worse(all, compare(c, r.covariance[i * columns + j] / scale,
                                     json_array_get(json_array_get(c->expected, i), j)));
        }
    return all;
}

static double the_asset_returns[VALUES_MAX * COLUMNS_MAX];

/* Prices with gaps, each column over its own history: {name: mean return x frequency}. */
static verdict run_mean_returns(const test_case *c) {
    const char *file = json_string_value(json_object_get(c->input, "file"));
    verdict all = PASSED;
    const char *name;
    const json_t *expected;
    json_t *object = json_deep_copy(c->expected);
    json_object_foreach(object, name, expected) {
        if (!series_from_csv(file, name, &the_returns))
            fail_msg("%s is not in %s", name, file);
        tw_batch_shape shape = {the_returns.count, 1};
        tw_batch_returns(NULL, shape, the_returns.values, TW_BATCH_SIMPLE, the_asset_returns);
        double moments[3];
        shape.rows--;
        tw_batch_moments(NULL, shape, the_asset_returns, 1,
                         (tw_batch_moment_rows){&moments[0], &moments[1], &moments[2]});
        all = worse(all, compare(c, moments[0] * param(c, "frequency", 1), expected));
    }
    json_decref(object);
    return all;
}

static verdict run_simple_returns(const test_case *c) {
    if (!series_from(json_object_get(c->input, "prices"), &the_returns))
        return UNSUPPORTED;
    for (size_t i = 0; i < the_returns.count; i++)
        if (the_returns.values[i] == 0)
            return UNSUPPORTED; /* a return from a price of zero is missing here, not infinite */
    tw_batch_returns(NULL, (tw_batch_shape){the_returns.count, 1}, the_returns.values,
                     TW_BATCH_SIMPLE, the_asset_returns);
    return compare_list(c, the_asset_returns, c->expected);
}

/* --- windows ------------------------------------------------------------------------------ */

/* NIST: certified means and deviations, by the risk report, both kinds of windows and the batch. */
static verdict run_certified(const test_case *c) {
    verdict by_risk = run_risk(c);
    if (by_risk == UNSUPPORTED || !series_from(json_object_get(c->input, "x"), &the_returns))
        return by_risk;
    uint32_t count = (uint32_t)the_returns.count;
    tw_rolling_config config = {.count_max = count, .ddof = 1};
    tw_window_config exact = {.count_max = count, .window_count = 1, .windows = {{.ddof = 1}}};
    TW_AUTO(tw_rolling) *rolling = NULL;
    TW_AUTO(tw_window) *window = NULL;
    assert_int_equal(tw_rolling_new(NULL, &config, &rolling), TW_OK);
    assert_int_equal(tw_window_new(NULL, &exact, &window), TW_OK);
    for (size_t i = 0; i < the_returns.count; i++) {
        /* The certified series have few digits: at 1e-9 they are what they are. */
        tw_price price = {llround(the_returns.values[i] * 1e9)};
        assert_int_equal(tw_rolling_push(rolling, 0, the_returns.values[i]), TW_OK);
        assert_int_equal(tw_window_push(window, 0, price, (tw_quantity){TW_NANO}), TW_OK);
    }
    tw_rolling_stats stats;
    tw_window_stats integers;
    tw_rolling_read(rolling, &stats);
    tw_window_read(window, 0, &integers);
    bool mean = strcmp(c->metric, "mean") == 0;
    double actual = mean ? stats.mean : stats.stddev;
    double means;
    double stddevs;
    double counts;
    tw_batch_moments(NULL, (tw_batch_shape){the_returns.count, 1}, the_returns.values, 1,
                     (tw_batch_moment_rows){&means, &stddevs, &counts});
    verdict by_rolling = compare_expected(c, actual);
    verdict by_window = compare_expected(c, mean ? integers.mean : integers.stddev);
    /* The sums of a batch are plain ones: an error of one rounding for each of a few rows. */
    test_case plain = *c;
    plain.tolerance_relative = fmax(c->tolerance_relative, 1e-14);
    verdict by_batch = compare_expected(&plain, mean ? means : stddevs);
    return worse(worse(by_risk, by_window), worse(by_rolling, by_batch));
}

/* --- rebalancing -------------------------------------------------------------------------- */

static verdict run_fewest_trades(const test_case *c) {
    const json_t *low = json_object_get(c->input, "lot_min");
    const json_t *high = json_object_get(c->input, "lot_max");
    const json_t *price = json_object_get(c->input, "price_cents");
    const json_t *net = json_object_get(c->input, "net_buy_cents");
    size_t count = json_array_size(low);
    static tw_rebalance_range ranges[256];
    assert_true(count <= 256);
    memset(ranges, 0, sizeof ranges);
    for (size_t i = 0; i < count; i++) {
        tw_rebalance_range *r = &ranges[i];
        r->price.nano = json_integer_value(json_array_get(price, i)) * (TW_NANO / 100);
        r->lot.nano = TW_NANO;
        r->lots_min = json_integer_value(json_array_get(low, i));
        r->lots_max = json_integer_value(json_array_get(high, i));
        r->lots_wanted = r->lots_min > 0 ? r->lots_min : r->lots_max < 0 ? r->lots_max : 0;
        r->lots_least = 1;
        r->symbol = (tw_symbol)i;
    }
    tw_rebalance_config config;
    tw_rebalance_config_init(&config);
    config.cash_min.nano = -llround(number_of(json_array_get(net, 1)) * 1e7);
    config.cash_max.nano = -llround(number_of(json_array_get(net, 0)) * 1e7);
    TW_AUTO(tw_rebalance) *rebalance = NULL;
    assert_int_equal(tw_rebalance_new(NULL, count, &rebalance), TW_OK);
    tw_rebalance_plan plan;
    assert_int_equal(tw_rebalance_solve(rebalance, &config, ranges, count, &plan, NULL), TW_OK);
    if (!plan.feasible) {
        print_error("%s\n", plan.reason);
        return FAILED;
    }
    json_int_t mandatory = json_integer_value(json_object_get(c->expected, "mandatory_trades"));
    json_int_t optional = json_integer_value(json_object_get(c->expected, "optional_trades"));
    if (plan.mandatory == (size_t)mandatory && plan.count == (size_t)(mandatory + optional) &&
        plan.proven)
        return PASSED;
    print_error("%zu trades, not %lld\n", plan.count, (long long)(mandatory + optional));
    return FAILED;
}

/* Is any name outside its relative band? */
static verdict run_trigger(const test_case *c) {
    const json_t *weights = json_object_get(c->input, "weights");
    const json_t *targets = json_object_get(c->input, "target");
    tw_rebalance_position positions[COLUMNS_MAX];
    memset(positions, 0, sizeof positions);
    size_t count = json_array_size(weights);
    for (size_t i = 0; i < count; i++) {
        positions[i].quantity.nano = llround(number_of(json_array_get(weights, i)) * 1e12);
        positions[i].price.nano = TW_NANO;
        positions[i].weight_nano = llround(number_of(json_array_get(targets, i)) * 1e9);
        positions[i].band_nano = llround(param(c, "tolerance", 0) * 1e9);
        positions[i].band_kind = TW_BAND_RELATIVE;
    }
    tw_rebalance_config config;
    tw_rebalance_config_init(&config);
    TW_AUTO(tw_rebalance) *rebalance = NULL;
    assert_int_equal(tw_rebalance_new(NULL, count, &rebalance), TW_OK);
    tw_rebalance_plan plan;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, positions, count, &plan, NULL),
                     TW_OK);
    return (plan.mandatory > 0) == json_is_true(c->expected) ? PASSED : FAILED;
}

/* bt: whole shares to the target weights. A fixed commission a trade is not there. */
static verdict run_integer_shares(const test_case *c) {
    if (param(c, "commission_per_trade", 0) != 0 || param(c, "cash_fraction", 0) != 0)
        return UNSUPPORTED;
    const json_t *prices = json_object_get(c->input, "prices");
    const json_t *held = json_object_get(c->input, "positions");
    const json_t *targets = json_object_get(c->input, "target");
    const json_t *after = json_object_get(c->expected, "positions");
    tw_rebalance_position positions[COLUMNS_MAX];
    const char *names[COLUMNS_MAX];
    memset(positions, 0, sizeof positions);
    size_t count = 0;
    for (void *at = json_object_iter((json_t *)(uintptr_t)prices); at != NULL;
         at = json_object_iter_next((json_t *)(uintptr_t)prices, at)) {
        const char *name = json_object_iter_key(at);
        double quantity = json_number_value(json_object_get(held, name));
        positions[count].price.nano = llround(number_of(json_object_iter_value(at)) * 1e9);
        positions[count].quantity.nano = llround(quantity * 1e9);
        positions[count].weight_nano =
            llround(json_number_value(json_object_get(targets, name)) * 1e9);
        positions[count].lot.nano = TW_NANO;
        names[count++] = name;
    }
    tw_rebalance_config config;
    tw_rebalance_config_init(&config);
    config.aim = TW_REBALANCE_TO_TARGET;
    config.cash.nano = llround(number_of(json_object_get(c->input, "cash")) * 1e9);
    TW_AUTO(tw_rebalance) *rebalance = NULL;
    assert_int_equal(tw_rebalance_new(NULL, count, &rebalance), TW_OK);
    tw_rebalance_plan plan;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, positions, count, &plan, NULL),
                     TW_OK);
    for (size_t i = 0; i < plan.count; i++) {
        const tw_rebalance_trade *t = &plan.trades[i];
        int64_t change = t->side == TW_SIDE_BUY ? t->quantity.nano : -t->quantity.nano;
        positions[t->index].quantity.nano += change;
    }
    verdict all =
        compare(c, (double)plan.cash_after.nano / 1e9, json_object_get(c->expected, "cash"));
    for (size_t i = 0; i < count; i++)
        if (json_object_get(after, names[i]) != NULL)
            all = worse(all, compare(c, (double)positions[i].quantity.nano / 1e9,
                                     json_object_get(after, names[i])));
    return all;
}

/* One decimal of the first row of a lumibot table, where numbers are texts. */
static double row_number(const json_t *rows, const char *name) {
    const json_t *value = json_object_get(rows, name);
    return number_of(json_is_array(value) ? json_array_get(value, 0) : value);
}

/*
 * lumibot: one drifted asset is sold down to its target. Purchases are sized there at a price with
 * slippage, a part of a share is cut off instead of rounded to the nearest, and some tests give a
 * drift that is not that of the weights: these are other conventions.
 */
static verdict run_drift_orders(const test_case *c) {
    const json_t *rows = json_object_get(c->input, "rows");
    double weight = row_number(rows, "current_weight");
    double target = row_number(rows, "target_weight");
    double value = row_number(rows, "current_value");
    double quantity = row_number(rows, "current_quantity");
    double wanted = quantity - quantity * target / weight;
    bool fractional = json_is_true(json_object_get(c->params, "fractional_shares"));
    bool clean = fractional ? target == 0 : wanted == floor(wanted);
    if (!(weight > target) || !clean || json_is_number(json_object_get(c->input, "cash")))
        return UNSUPPORTED;
    if (fabs(row_number(rows, "drift")) < weight - target - 1e-12)
        return UNSUPPORTED;
    tw_rebalance_position position = {.quantity = {llround(quantity * 1e9)},
                                      .price = {llround(value / quantity * 1e9)},
                                      .weight_nano = llround(target * 1e9),
                                      .band_nano = TW_NANO / 20,
                                      .lot = {fractional ? 0 : TW_NANO}};
    tw_rebalance_config config;
    tw_rebalance_config_init(&config);
    config.aim = TW_REBALANCE_TO_TARGET;
    TW_AUTO(tw_rebalance) *rebalance = NULL;
    assert_int_equal(tw_rebalance_new(NULL, 1, &rebalance), TW_OK);
    tw_rebalance_plan plan;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, &position, 1, &plan, NULL), TW_OK);
    verdict count = compare(c, (double)plan.count, json_object_get(c->expected, "order_count"));
    if (count != PASSED || plan.count == 0)
        return count;
    const json_t *order = json_object_get(json_object_get(c->expected, "orders"), "0");
    bool sells = strcmp(json_string_value(json_object_get(order, "side")), "sell") == 0;
    if (sells != (plan.trades[0].side == TW_SIDE_SELL))
        return FAILED;
    return compare(c, (double)plan.trades[0].quantity.nano / 1e9,
                   json_object_get(order, "quantity"));
}

/* --- the run ------------------------------------------------------------------------------ */

typedef struct runner {
    const char *metric; /* NULL: all that have no row of their own */
    verdict (*run)(const test_case *c);
} runner;

static const runner empyrical[] = {
    {"simple_returns", run_simple_returns},  {"alpha_beta", run_alpha_beta},
    {"cum_returns_final", run_total_return}, {"roll_sharpe_ratio", run_rolling_sharpe},
    {"value_at_risk", run_quantile},         {NULL, run_risk},
};
static const runner quantlib[] = {{"correlation_matrix", run_correlation_matrix}, {NULL, run_risk}};
static const runner nist[] = {{NULL, run_certified}};
/* What rolls is in golden_rolling. */
static const runner rolling[] = {{NULL, run_risk}};
/* component_var_* and component_es_*: over the sample covariance there, population here. */
static const runner performance[] = {
    {"component_stddev", run_components},
    {"quantiles_0_25_50_75_100", run_quantiles},
    {NULL, run_risk},
};
static const runner skfolio[] = {{"correlation", NULL}, {NULL, run_risk}};
static const runner covariance[] = {
    {"normal_quantile_and_es_factor", run_normal},
    /* cov_sample_annual: over pairs of columns there, over whole rows here. */
    {"mean_return_arith_annual", run_mean_returns},
    {NULL, NULL}};
static const runner trades[] = {{"fewest_trades", run_fewest_trades}, {NULL, NULL}};
static const runner rebalancing[] = {{"rebalance_trigger_relative", run_trigger},
                                     {"rebalance_integer_shares", run_integer_shares},
                                     {"rebalance_drift_orders", run_drift_orders},
                                     {NULL, NULL}};
/* Bars by ticks, volume, value, imbalance, runs and Renko: none of them is by time. */
static const runner nautilus[] = {{NULL, NULL}};

static verdict run_case(const runner *runners, const json_t *json) {
    test_case c = {.metric = json_string_value(json_object_get(json, "metric")),
                   .params = json_object_get(json, "params"),
                   .input = json_object_get(json, "input"),
                   .expected = json_object_get(json, "expected"),
                   .tolerance = number_of(json_object_get(json, "tol_abs")),
                   .tolerance_relative = number_of(json_object_get(json, "tol_rel"))};
    /* A tolerance that is not given is NaN and allows nothing: no distance is at most NaN. */
    const runner *row = runners;
    while (row->metric != NULL && strcmp(row->metric, c.metric) != 0)
        row++;
    verdict result = row->run == NULL ? UNSUPPORTED : row->run(&c);
    if (result == FAILED)
        print_error("^ %s\n", json_string_value(json_object_get(json, "id")));
    return result;
}

typedef struct tally {
    const char *names[NAMES_MAX];
    size_t counts[NAMES_MAX];
    size_t name_count;
} tally;

static void tally_add(tally *t, const char *name) {
    for (size_t i = 0; i < t->name_count; i++)
        if (strcmp(t->names[i], name) == 0) {
            t->counts[i]++;
            return;
        }
    assert_true(t->name_count < NAMES_MAX);
    t->names[t->name_count] = name;
    t->counts[t->name_count++] = 1;
}

static void run_file(const char *file, const runner *runners, size_t passed_min) {
    if (getenv("TRADEWIND_DATA") == NULL) {
        print_message("TRADEWIND_DATA is not set: skipped\n");
        skip();
    }
    json_error_t error;
    json_t *cases = json_load_file(data_path(file), 0, &error);
    if (cases == NULL) {
        print_message("%s: %s: skipped\n", data_path(file), error.text);
        skip();
    }
    size_t counts[3] = {0};
    tally unsupported = {0};
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *json = json_array_get(cases, i);
        verdict result = run_case(runners, json);
        counts[result]++;
        if (result == UNSUPPORTED)
            tally_add(&unsupported, json_string_value(json_object_get(json, "metric")));
    }
    print_message("%s: %zu passed, %zu unsupported, %zu failed\n", file, counts[PASSED],
                  counts[UNSUPPORTED], counts[FAILED]);
    for (size_t i = 0; i < unsupported.name_count; i++)
        print_message("%s %s %zu", i == 0 ? "  unsupported:" : ",", unsupported.names[i],
                      unsupported.counts[i]);
    print_message("%s", unsupported.name_count > 0 ? "\n" : "");
    json_decref(cases);
    assert_int_equal(counts[FAILED], 0);
    /* What was supported once stays supported. */
    assert_true(counts[PASSED] >= passed_min);
}

#define FILE_TEST(name, file, runners, passed_min) \
    static void test_##name(void **state) {        \
        (void)state;                               \
        run_file(file, runners, passed_min);       \
    }

FILE_TEST(empyrical, "empyrical.json", empyrical, 1)
FILE_TEST(quantlib, "quantlib.json", quantlib, 1)
FILE_TEST(nist, "nist_strd.json", nist, 1)
FILE_TEST(rolling, "rolling_numerics.json", rolling, 1)
FILE_TEST(performance, "performanceanalytics.json", performance, 1)
FILE_TEST(skfolio, "skfolio.json", skfolio, 1)
FILE_TEST(covariance, "covariance.json", covariance, 1)
FILE_TEST(fewest_trades, "fewest_trades.json", trades, 1)
FILE_TEST(rebalance, "rebalance.json", rebalancing, 1)
FILE_TEST(bars, "bars_nautilus.json", nautilus, 0)

static int make_risk(void **state) {
    (void)state;
    return tw_risk_new(NULL, VALUES_MAX, COLUMNS_MAX, &the_risk) == TW_OK ? 0 : -1;
}

static int free_risk(void **state) {
    (void)state;
    tw_risk_free(the_risk);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empyrical),   cmocka_unit_test(test_quantlib),
        cmocka_unit_test(test_nist),        cmocka_unit_test(test_rolling),
        cmocka_unit_test(test_performance), cmocka_unit_test(test_skfolio),
        cmocka_unit_test(test_covariance),  cmocka_unit_test(test_fewest_trades),
        cmocka_unit_test(test_rebalance),   cmocka_unit_test(test_bars),
    };
    return cmocka_run_group_tests(tests, make_risk, free_risk);
}
