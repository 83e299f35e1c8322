/*
 * golden_covariance.c - covariance and correlation matrices, beside the answers of other libraries.
 */
#include "vector_cases.h"

#include "tradewind/batch.h"
#include "tradewind/covariance.h"
#include "tradewind/expected_returns.h"

#define CELLS_MAX ((size_t)COLUMNS_MAX * COLUMNS_MAX)

static double the_answer[CELLS_MAX];
static double the_asset_returns[VALUES_MAX * COLUMNS_MAX];
static double the_row_weights[VALUES_MAX];

/* ---- Input ----------------------------------------------------------------------------------- */

/* Columns that a case names under one of the words of its input, or those it expects answers for.
 */
static const json_t *columns_of(const test_case *c) {
    const json_t *columns = json_object_get(c->input, "columns");
    return columns != NULL ? columns : json_object_get(c->expected, "columns");
}

/* Returns into the_matrix, with the name of a benchmark as one column more. */
static bool read_returns(const test_case *c, tw_covariance_input *ret) {
    const char *file = json_string_value(json_object_get(c->input, "file"));
    json_t *columns = json_deep_copy(columns_of(c));
    if (json_is_string(columns)) {
        json_t *list = json_array();
        json_array_append_new(list, columns);
        columns = list;
    }
    const json_t *benchmark = json_object_get(c->input, "benchmark");
    if (json_is_string(benchmark))
        json_array_append_new(columns, json_deep_copy(benchmark));
    bool read = file != NULL && matrix_from_csv(file, columns, &ret->rows, &ret->assets);
    ret->returns = the_matrix;
    json_decref(columns);
    return read;
}

/* Simple returns of prices with gaps: a price that is missing has none, as pct_change without fill.
 */
static bool read_prices(const test_case *c, tw_covariance_input *ret) {
    if (!read_returns(c, ret))
        return false;
    tw_batch_shape shape = {ret->rows, ret->assets};
    tw_batch_returns(NULL, shape, the_matrix, TW_BATCH_SIMPLE, the_asset_returns);
    ret->returns = the_asset_returns;
    ret->rows--;
    return true;
}

static bool read_weights(const test_case *c, tw_covariance_input *input) {
    const char *file = json_string_value(json_object_get(c->params, "sample_weight"));
    if (file == NULL)
        return true;
    FILE *stream = fopen(data_path(file), "r");
    char line[256];
    size_t count = 0;
    while (stream != NULL && count < input->rows && fgets(line, sizeof line, stream) != NULL) {
        const char *comma = strrchr(line, ',');
        const char *cell = comma != NULL ? comma + 1 : line;
        char *end;
        double value = strtod(cell, &end);
        if (end != cell)
            the_row_weights[count++] = value;
    }
    if (stream != NULL)
        fclose(stream);
    input->row_weights = the_row_weights;
    return count == input->rows;
}

/* ---- Comparing ------------------------------------------------------------------------------- */

static tw_covariance_report estimate(const tw_covariance_config *config,
                                     const tw_covariance_input *input) {
    tw_covariance_report report;
    tw_error error;
    if (tw_covariance_estimate(NULL, config, input, the_answer, &report, &error) != TW_OK)
        fail_msg("%s", error.message);
    return report;
}

static verdict compare_rows(const test_case *c, const json_t *rows, size_t assets) {
    verdict all = PASSED;
    for (size_t i = 0; i < assets; i++)
        all = worse(all, compare_list(c, the_answer + i * assets, json_array_get(rows, i)));
    return all;
}

static verdict compare_matrix(const test_case *c, size_t assets) {
    const json_t *rows =
        json_is_object(c->expected) ? json_object_get(c->expected, "covariance") : c->expected;
    assert_int_equal(json_array_size(rows),
                     json_is_array(json_array_get(rows, 0)) ? assets : assets * assets);
    return json_is_array(json_array_get(rows, 0)) ? compare_rows(c, rows, assets)
                                                  : compare_list(c, the_answer, rows);
}

/* {columns, diag, row0, delta}. */
static verdict compare_digest(const test_case *c, size_t assets, double shrinkage) {
    double diagonal[COLUMNS_MAX];
    for (size_t i = 0; i < assets; i++)
        diagonal[i] = the_answer[i * assets + i];
    const json_t *expected = json_object_get(c->expected, "diag");
    const json_t *row = json_object_get(c->expected, "row0");
    assert_int_equal(json_array_size(expected), assets);
    assert_int_equal(json_array_size(row), assets);
    verdict all = worse(compare_list(c, diagonal, expected), compare_list(c, the_answer, row));
    const json_t *delta = json_object_get(c->expected, "delta");
    return delta == NULL ? all : worse(all, compare(c, shrinkage, delta));
}

/* ---- Metrics --------------------------------------------------------------------------------- */

static verdict run_correlation_matrix(const test_case *c) {
    const json_t *x = json_object_get(c->input, "x");
    size_t columns = json_array_size(json_array_get(x, 0));
    for (size_t i = 0; i < json_array_size(x); i++)
        for (size_t j = 0; j < columns; j++)
            the_matrix[i * columns + j] = number_of(json_array_get(json_array_get(x, i), j));
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SAMPLE);
    config.correlation = true;
    tw_covariance_input input = {
        .returns = the_matrix, .rows = json_array_size(x), .assets = columns};
    estimate(&config, &input);
    return compare_matrix(c, columns);
}

static verdict run_nearest_spectral(const test_case *c) {
    const json_t *matrix = json_object_get(c->input, "matrix");
    size_t size = json_array_size(matrix);
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j < size; j++)
            the_matrix[i * size + j] = number_of(json_array_get(json_array_get(matrix, i), j));
    tw_covariance_repair_config config;
    tw_covariance_repair_config_init(&config);
    config.kind = TW_COVARIANCE_SPECTRAL;
    config.eigenvalue_least = 0;
    tw_covariance_repair_report report;
    assert_int_equal(tw_covariance_repair(NULL, &config, (tw_covariance_matrix){the_matrix, size},
                                          the_answer, &report, NULL),
                     TW_OK);
    return compare_matrix(c, size);
}

static verdict run_correlation(const test_case *c) {
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SAMPLE);
    config.correlation = true;
    tw_covariance_input input = {0};
    if (!read_returns(c, &input) || !read_weights(c, &input))
        return UNSUPPORTED;
    estimate(&config, &input);
    return json_is_array(c->expected) ? compare_matrix(c, input.assets)
                                      : compare(c, the_answer[1], c->expected);
}

static verdict run_ewma(const test_case *c) {
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_EXPONENTIAL);
    config.decay.value = param(c, "lambda", 0.94);
    tw_covariance_input input = {0};
    if (!read_returns(c, &input))
        return UNSUPPORTED;
    estimate(&config, &input);
    return compare_matrix(c, input.assets);
}

static verdict run_structured(const test_case *c, tw_covariance_target target) {
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_STRUCTURED);
    config.target = (uint8_t)target;
    tw_covariance_input input = {0};
    if (!read_returns(c, &input))
        return UNSUPPORTED;
    estimate(&config, &input);
    return compare_matrix(c, input.assets);
}

static verdict run_structured_independent(const test_case *c) {
    return run_structured(c, TW_COVARIANCE_INDEPENDENT);
}

static verdict run_structured_identity(const test_case *c) {
    return run_structured(c, TW_COVARIANCE_IDENTITY);
}

static verdict run_structured_correlation(const test_case *c) {
    return run_structured(c, TW_COVARIANCE_CONSTANT_CORRELATION);
}

/* scikit-learn on returns: {covariance, shrinkage}. */
static verdict run_shrunk_returns(const test_case *c, tw_covariance_kind kind) {
    tw_covariance_config config;
    tw_covariance_config_init(&config, kind);
    tw_covariance_input input = {0};
    if (!read_returns(c, &input))
        return UNSUPPORTED;
    tw_covariance_report report = estimate(&config, &input);
    verdict all = compare_matrix(c, input.assets);
    const json_t *shrinkage = json_object_get(c->expected, "shrinkage");
    return shrinkage == NULL ? all : worse(all, compare(c, report.shrinkage, shrinkage));
}

static verdict run_ledoit_wolf(const test_case *c) {
    return run_shrunk_returns(c, TW_COVARIANCE_SHRUNK);
}

static verdict run_oracle(const test_case *c) {
    return run_shrunk_returns(c, TW_COVARIANCE_ORACLE);
}

/* PyPortfolioOpt on prices with gaps. */
static verdict run_annual(const test_case *c, tw_covariance_config *config) {
    tw_covariance_input input = {0};
    if (!read_prices(c, &input))
        return UNSUPPORTED;
    config->annual = true;
    config->periods_per_year = param(c, "frequency", 252);
    tw_covariance_report report = estimate(config, &input);
    return compare_digest(c, input.assets, report.shrinkage);
}

static verdict run_sample_annual(const test_case *c) {
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SAMPLE);
    config.missing = TW_COVARIANCE_PAIRWISE;
    return run_annual(c, &config);
}

static verdict run_exponential_annual(const test_case *c) {
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_EXPONENTIAL);
    config.missing = TW_COVARIANCE_PAIRWISE;
    config.centre = TW_COVARIANCE_PLAIN_MEAN;
    config.decay = (tw_covariance_decay){param(c, "span", 180), TW_COVARIANCE_SPAN};
    return run_annual(c, &config);
}

static verdict run_semicovariance(const test_case *c) {
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SEMI);
    config.missing = TW_COVARIANCE_AS_ZERO;
    config.minimum_acceptable = (tw_rate){param(c, "benchmark", 0.000079), TW_RATE_PER_PERIOD};
    return run_annual(c, &config);
}

static verdict run_shrunk_annual(const test_case *c) {
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SHRUNK);
    config.missing = TW_COVARIANCE_PAIRWISE;
    config.ddof = 1;
    config.shrinkage = param(c, "delta", 0.2);
    return run_annual(c, &config);
}

static verdict run_ledoit_wolf_variance(const test_case *c) {
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SHRUNK);
    config.missing = TW_COVARIANCE_AS_ZERO;
    return run_annual(c, &config);
}

static verdict run_ledoit_wolf_factor(const test_case *c) {
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SHRUNK);
    config.target = TW_COVARIANCE_SINGLE_FACTOR;
    config.missing = TW_COVARIANCE_AS_ZERO;
    return run_annual(c, &config);
}

static verdict run_ledoit_wolf_correlation(const test_case *c) {
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SHRUNK);
    config.target = TW_COVARIANCE_CONSTANT_CORRELATION;
    config.missing = TW_COVARIANCE_PAIRWISE;
    config.ddof = 1;
    return run_annual(c, &config);
}

static verdict run_oracle_annual(const test_case *c) {
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_ORACLE);
    config.missing = TW_COVARIANCE_AS_ZERO;
    return run_annual(c, &config);
}

/* Prices with gaps, each column over its own history: {name: expected return a year}. */
static verdict run_expected(const test_case *c, tw_expected_returns_config *config) {
    const char *file = json_string_value(json_object_get(c->input, "file"));
    config->periods_per_year = param(c, "frequency", 252);
    verdict all = PASSED;
    const char *name;
    const json_t *expected;
    json_t *object = json_deep_copy(c->expected);
    json_object_foreach(object, name, expected) {
        if (!series_from_csv(file, name, &the_returns))
            fail_msg("%s is not in %s", name, file);
        tw_batch_shape shape = {the_returns.count, 1};
        tw_batch_returns(NULL, shape, the_returns.values, TW_BATCH_SIMPLE, the_asset_returns);
        tw_expected_returns_input input = {
            .returns = the_asset_returns, .rows = the_returns.count - 1, .assets = 1};
        double value;
        assert_int_equal(tw_expected_returns(config, &input, &value, NULL, NULL), TW_OK);
        all = worse(all, compare(c, value, expected));
    }
    json_decref(object);
    return all;
}

static verdict run_mean_returns(const test_case *c) {
    tw_expected_returns_config config;
    tw_expected_returns_config_init(&config);
    return run_expected(c, &config);
}

static verdict run_mean_growth(const test_case *c) {
    tw_expected_returns_config config;
    tw_expected_returns_config_init(&config);
    config.compound = true;
    return run_expected(c, &config);
}

static const runner quantlib[] = {
    {"correlation_matrix", run_correlation_matrix},
    {"nearest_psd_correlation_spectral", run_nearest_spectral},
    {NULL, run_elsewhere},
};
static const runner performance[] = {
    {"correlation", run_correlation},
    {"cov_structured_indep", run_structured_independent},
    {"cov_structured_indepid", run_structured_identity},
    {"cov_structured_cc", run_structured_correlation},
    {"ewma_covariance", run_ewma},
    {NULL, run_elsewhere},
};
static const runner skfolio[] = {{"correlation", run_correlation}, {NULL, run_elsewhere}};
static const runner covariance[] = {
    {"normal_quantile_and_es_factor", run_elsewhere},
    {"cov_ledoit_wolf_identity", run_ledoit_wolf},
    {"cov_oas", run_oracle},
    {"cov_sample_annual", run_sample_annual},
    {"cov_exponential", run_exponential_annual},
    {"cov_semicovariance", run_semicovariance},
    {"cov_shrunk", run_shrunk_annual},
    {"cov_ledoit_wolf_constant_variance", run_ledoit_wolf_variance},
    {"cov_ledoit_wolf_single_factor", run_ledoit_wolf_factor},
    {"cov_ledoit_wolf_constant_correlation", run_ledoit_wolf_correlation},
    {"cov_oracle_approximating", run_oracle_annual},
    {"mean_return_arith_annual", run_mean_returns},
    {"mean_return_compound_annual", run_mean_growth},
    {NULL, NULL},
};

FILE_TEST(quantlib, "quantlib.json", quantlib, 2)
FILE_TEST(performance, "performanceanalytics.json", performance, 3)
FILE_TEST(skfolio, "skfolio.json", skfolio, 1)
FILE_TEST(covariance, "covariance.json", covariance, 9)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantlib),
        cmocka_unit_test(test_performance),
        cmocka_unit_test(test_skfolio),
        cmocka_unit_test(test_covariance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
