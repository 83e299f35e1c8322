/*
 * golden_contributions.c - what each asset adds to a portfolio's risk, beside PerformanceAnalytics'
 * answers.
 *
 * Its conventions, by option: the deviation of a sample in components (moment_ddof 1); a historical
 * value at risk of the portfolio that is bought and held (tw_risk_drift), shared out by all losing
 * rows (TW_RISK_SHARES_LOSSES). Its marginal figures are those of the portfolio without an asset,
 * the others scaled up, less those of the whole.
 */
#include "vector_cases.h"

#include "tradewind/risk.h"

static tw_risk *the_risk;
static double the_weights[COLUMNS_MAX];
static double the_parts[VALUES_MAX * COLUMNS_MAX]; /* what drifting assets contribute */

/* Fills the_matrix and the_weights. */
static bool read_case(const test_case *c, size_t *ret_rows, size_t *ret_columns) {
    const char *file = json_string_value(json_object_get(c->input, "file"));
    if (!matrix_from_csv(file, json_object_get(c->input, "columns"), ret_rows, ret_columns))
        return false;
    size_t first = 0;
    size_t last = 0;
    if (sscanf(param_text(c, "rows"), "%zu..%zu", &first, &last) == 2) {
        if (first != 1 || last > *ret_rows)
            return false;
        *ret_rows = last;
    }
    const json_t *given = json_object_get(c->params, "weights");
    for (size_t i = 0; i < *ret_columns; i++)
        the_weights[i] =
            json_is_array(given) ? number_of(json_array_get(given, i)) : 1 / (double)*ret_columns;
    return true;
}

static tw_risk_config config_of(const test_case *c) {
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.confidences[0] = param(c, "p", 0.95);
    config.confidence_count = 1;
    config.methods &= ~TW_RISK_METHOD_BIT(TW_RISK_MONTE_CARLO);
    return config;
}

static tw_risk_report compute(const tw_risk_config *config, const tw_risk_input *input) {
    tw_risk_report report;
    assert_int_equal(tw_risk_compute(the_risk, config, input, &report, NULL), TW_OK);
    return report;
}

/* The expected whole bears one of several names. */
static const json_t *whole_of(const json_t *expected) {
    static const char *const names[] = {"VaR", "ES", "MVaR", "MES", "StdDev", "hVaR"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (json_object_get(expected, names[i]) != NULL)
            return json_object_get(expected, names[i]);
    return expected;
}

static const json_t *shares_of(const json_t *expected) {
    const char *name;
    const json_t *value;
    json_object_foreach((json_t *)(uintptr_t)expected, name, value) {
        if (strncmp(name, "pct_contrib", strlen("pct_contrib")) == 0)
            return value;
    }
    return NULL;
}

/* A whole, what assets add to it, and their shares of it, where the case has them. */
static verdict compare_parts(const test_case *c, double whole, const double *parts, size_t count) {
    double shares[COLUMNS_MAX];
    for (size_t i = 0; i < count; i++)
        shares[i] = parts[i] / whole;
    verdict result = compare(c, whole, whole_of(c->expected));
    result = worse(result, compare_list(c, parts, json_object_get(c->expected, "contribution")));
    return worse(result, compare_list(c, shares, shares_of(c->expected)));
}

static verdict run_deviation(const test_case *c) {
    size_t rows;
    size_t columns;
    if (!read_case(c, &rows, &columns))
        return UNSUPPORTED;
    tw_risk_config config = config_of(c);
    tw_risk_report r =
        compute(&config, &(tw_risk_input){the_matrix, the_weights, NULL, rows, columns, NULL});
    return compare_parts(c, r.volatility, r.volatility_contributions, columns);
}

static verdict run_moments(const test_case *c, tw_risk_method method, bool shortfall) {
    size_t rows;
    size_t columns;
    if (!read_case(c, &rows, &columns))
        return UNSUPPORTED;
    tw_risk_config config = config_of(c);
    config.moment_ddof = 1;
    tw_risk_report r =
        compute(&config, &(tw_risk_input){the_matrix, the_weights, NULL, rows, columns, NULL});
    uint32_t at = tw_risk_find(&r, method, config.confidences[0], 1);
    assert_true(at < r.estimate_count);
    const tw_risk_estimate *estimate = &r.estimates[at];
    return shortfall
               ? compare_parts(c, estimate->expected_shortfall,
                               r.shortfall_contributions + at * columns, columns)
               : compare_parts(c, estimate->value, r.var_contributions + at * columns, columns);
}

static verdict run_var_gaussian(const test_case *c) {
    return run_moments(c, TW_RISK_GAUSSIAN, false);
}

static verdict run_es_gaussian(const test_case *c) {
    return run_moments(c, TW_RISK_GAUSSIAN, true);
}

static verdict run_var_modified(const test_case *c) {
    return run_moments(c, TW_RISK_CORNISH_FISHER, false);
}

static verdict run_es_modified(const test_case *c) {
    return run_moments(c, TW_RISK_CORNISH_FISHER, true);
}

static const double *ones(void) {
    static double values[COLUMNS_MAX];
    for (size_t i = 0; i < COLUMNS_MAX; i++)
        values[i] = 1;
    return values;
}

static tw_risk_report compute_drifting(const tw_risk_config *config, const tw_risk_input *input) {
    double values[COLUMNS_MAX];
    double whole[COLUMNS_MAX]; /* the package has no cash: what is left out is spread over the
                                  others */
    double sum = 0;
    for (size_t i = 0; i < input->assets; i++)
        sum += input->weights[i];
    for (size_t i = 0; i < input->assets; i++)
        whole[i] = input->weights[i] / sum;
    tw_risk_input held = *input;
    held.weights = whole;
    tw_risk_drift(&held, values, the_parts);
    held.returns = the_parts;
    held.weights = ones();
    return compute(config, &held);
}

/* The package scales its contributions so that they come to half of the value at risk, with the
 * sign of returns (its issue 169); its shares sum to 1 and are compared as they are. */
static verdict run_var_historical(const test_case *c) {
    size_t rows;
    size_t columns;
    if (!read_case(c, &rows, &columns))
        return UNSUPPORTED;
    tw_risk_config config = config_of(c);
    config.shares = TW_RISK_SHARES_LOSSES;
    tw_risk_report r = compute_drifting(
        &config, &(tw_risk_input){the_matrix, the_weights, NULL, rows, columns, NULL});
    double parts[COLUMNS_MAX];
    double shares[COLUMNS_MAX];
    for (size_t i = 0; i < columns; i++) {
        parts[i] = -r.var_contributions[i] / 2;
        shares[i] = r.var_contributions[i] / r.estimates[0].value;
    }
    verdict result = compare(c, r.estimates[0].value, whole_of(c->expected));
    result = worse(result, compare_list(c, parts, json_object_get(c->expected, "contribution")));
    return worse(result, compare_list(c, shares, shares_of(c->expected)));
}

/* Fills the_matrix without one column. */
static void leave_out(size_t rows, size_t columns, size_t column) {
    size_t to = 0;
    for (size_t k = 0; k < rows * columns; k++)
        if (k % columns != column)
            the_matrix[to++] = the_matrix[k];
    for (size_t i = column; i + 1 < columns; i++)
        the_weights[i] = the_weights[i + 1];
}

/* In returns: a loss is negative. The method that is named does not reach the package's estimator:
 * what is computed is the modified value at risk. */
static verdict run_marginal(const test_case *c) {
    size_t rows;
    size_t columns;
    if (!read_case(c, &rows, &columns))
        return UNSUPPORTED;
    tw_risk_config config = config_of(c);
    config.methods = TW_RISK_METHOD_BIT(TW_RISK_CORNISH_FISHER);
    const tw_risk_input whole = {the_matrix, the_weights, NULL, rows, columns, NULL};
    double total = compute_drifting(&config, &whole).estimates[0].value;
    verdict result = compare(c, -total, json_array_get(c->expected, 0));
    for (size_t i = 0; i < columns; i++) {
        assert_true(read_case(c, &rows, &columns));
        leave_out(rows, columns, i);
        const tw_risk_input others = {the_matrix, the_weights, NULL, rows, columns - 1, NULL};
        double without = compute_drifting(&config, &others).estimates[0].value;
        result = worse(result, compare(c, total - without, json_array_get(c->expected, i + 1)));
    }
    return result;
}

static const runner performance[] = {
    {"component_stddev", run_deviation},
    {"component_var_gaussian", run_var_gaussian},
    {"component_var_gaussian_total", run_var_gaussian},
    {"component_var_historical", run_var_historical},
    {"component_var_modified", run_var_modified},
    {"component_es_gaussian", run_es_gaussian},
    {"component_es_modified", run_es_modified},
    {"marginal_var_gaussian", run_marginal},
    {"marginal_var_modified", run_marginal},
    {NULL, run_elsewhere},
};

FILE_TEST(contributions, "performanceanalytics.json", performance, 8)

static int make_risk(void **state) {
    (void)state;
    tw_risk_config config;
    tw_risk_config_init(&config);
    const tw_risk_maxima maxima = tw_risk_maxima_of(&config, VALUES_MAX, COLUMNS_MAX);
    return tw_risk_new(NULL, &maxima, &the_risk) == TW_OK ? 0 : -1;
}

static int free_risk(void **state) {
    (void)state;
    tw_risk_free(the_risk);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contributions),
    };
    return cmocka_run_group_tests(tests, make_risk, free_risk);
}
