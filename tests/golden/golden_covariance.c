/*
 * golden_covariance.c - covariance and correlation matrices, beside the answers of other libraries.
 */
#include "vector_cases.h"

#include "tradewind/batch.h"
#include "tradewind/risk.h"

static tw_risk *the_risk;

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
    tw_risk_input input = {the_matrix, weights, NULL, json_array_size(x), columns, NULL};
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

static const runner quantlib[] = {
    {"correlation_matrix", run_correlation_matrix},
    {"nearest_psd_correlation_spectral", NULL},
    {NULL, run_elsewhere},
};
static const runner performance[] = {
    {"cov_structured_indep", NULL},
    {"ewma_covariance", NULL},
    {NULL, run_elsewhere},
};
static const runner skfolio[] = {{"correlation", NULL}, {NULL, run_elsewhere}};
static const runner covariance[] = {
    {"normal_quantile_and_es_factor", run_elsewhere},
    /* cov_sample_annual: over pairs of columns there, over whole rows here. */
    {"mean_return_arith_annual", run_mean_returns},
    {NULL, NULL},
};

FILE_TEST(quantlib, "quantlib.json", quantlib, 1)
FILE_TEST(performance, "performanceanalytics.json", performance, 0)
FILE_TEST(skfolio, "skfolio.json", skfolio, 0)
FILE_TEST(covariance, "covariance.json", covariance, 1)

static int make_risk(void **state) {
    (void)state;
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.covariance = true;
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
        cmocka_unit_test(test_quantlib),
        cmocka_unit_test(test_performance),
        cmocka_unit_test(test_skfolio),
        cmocka_unit_test(test_covariance),
    };
    return cmocka_run_group_tests(tests, make_risk, free_risk);
}
