/*
 * golden_contributions.c - what each asset adds to a portfolio's risk, beside PerformanceAnalytics'
 * answers.
 */
#include "vector_cases.h"

#include "tradewind/risk.h"

static tw_risk *the_risk;

/* PerformanceAnalytics: the contributions of the assets to the deviation of a portfolio. */
static verdict run_components(const test_case *c) {
    size_t rows = 0;
    size_t columns = 0;
    const char *file = json_string_value(json_object_get(c->input, "file"));
    if (!matrix_from_csv(file, json_object_get(c->input, "columns"), &rows, &columns))
        return UNSUPPORTED;
    if (strcmp(param_text(c, "rows"), "1..100") == 0)
        rows = 100;
    double weights[COLUMNS_MAX];
    const json_t *given = json_object_get(c->params, "weights");
    for (size_t i = 0; i < columns; i++)
        weights[i] =
            json_is_array(given) ? number_of(json_array_get(given, i)) : 1 / (double)columns;
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.confidences[0] = param(c, "p", 0.95);
    config.confidence_count = 1;
    tw_risk_input input = {the_matrix, weights, NULL, rows, columns};
    tw_risk_report r;
    assert_int_equal(tw_risk_compute(the_risk, &config, &input, &r, NULL), TW_OK);
    double parts[COLUMNS_MAX];
    for (size_t i = 0; i < columns; i++)
        parts[i] = r.contributions[i].volatility;
    return worse(compare(c, r.volatility, json_object_get(c->expected, "StdDev")),
                 compare_list(c, parts, json_object_get(c->expected, "contribution")));
}

/* component_var_* and component_es_*: over the sample covariance there, population here. */
static const runner performance[] = {
    {"component_stddev", run_components},
    {"component_var_gaussian", NULL},
    {"component_var_gaussian_total", NULL},
    {"component_var_historical", NULL},
    {"component_var_modified", NULL},
    {"component_es_gaussian", NULL},
    {"component_es_modified", NULL},
    {"marginal_var_gaussian", NULL},
    {NULL, run_elsewhere},
};

FILE_TEST(contributions, "performanceanalytics.json", performance, 1)

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
        cmocka_unit_test(test_contributions),
    };
    return cmocka_run_group_tests(tests, make_risk, free_risk);
}
