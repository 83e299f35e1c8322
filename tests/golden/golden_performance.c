/*
 * golden_performance.c - figures of one series, and against a benchmark, beside
 * PerformanceAnalytics'. What it has of several assets is in golden_contributions and
 * golden_covariance.
 *
 * Its conventions: ratios a period unless they say otherwise; captures of compounded returns; runs
 * of losses in the Burke ratio; the mean of all at or below the VaR.
 */
#include "performance_cases.h"

#include "tradewind/drawdown.h"
#include "tradewind/returns.h"
#include "tradewind/time.h"

static request begin(const test_case *c, const metric_row *row) {
    request r = {.c = c, .figure = row->figure, .sign = row->sign};
    tw_performance_config_init(&r.config);
    r.config.periods_per_year = param(c, "scale", 12);
    r.config.risk_free = (tw_rate){param(c, "Rf_per_period", 0), TW_RATE_PER_PERIOD};
    r.config.minimum_acceptable = (tw_rate){param(c, "MAR", param(c, "L", 0)), TW_RATE_PER_PERIOD};
    r.config.capture = TW_CAPTURE_TOTAL;
    r.config.burke = TW_BURKE_RUNS;
    r.config.shortfall = TW_SHORTFALL_BEYOND;
    r.config.tail = 1 - param(c, "p", 0.95);
    r.config.ddof = (uint8_t)param(c, "ddof", 1);
    r.config.partial_order = param(c, "l", 2);
    r.config.sterling_excess = param(c, "excess", 0.1);
    r.config.reference_sharpe = param(c, "refSR", 0);
    r.config.downside_subset = strcmp(param_text(c, "method"), "subset") == 0;
    r.config.prospect_of_sum = true;
    r.config.normal_kurtosis = true;
    return r;
}

static void tune_gaussian(request *r) {
    r->config.tail_method = TW_RISK_GAUSSIAN;
}

static void tune_modified(request *r) {
    r->config.tail_method = TW_RISK_CORNISH_FISHER;
}

static const metric_row rows[] = {
    {"mean_absolute_deviation", TW_FIGURE_MEAN_ABSOLUTE_DEVIATION, 1, NULL},
    {"m_squared", TW_FIGURE_M_SQUARED, 1, NULL},
    {"m_squared_excess", TW_FIGURE_M_SQUARED_EXCESS, 1, NULL},
    {"m_squared_excess_arithmetic", TW_FIGURE_M_SQUARED_EXCESS, 1, NULL},
    {"m_squared_excess_geometric", TW_FIGURE_M_SQUARED_EXCESS_GEOMETRIC, 1, NULL},
    {"regression_epsilon", TW_FIGURE_REGRESSION_EPSILON, 1, NULL},
    {"jensen_alpha_annual", TW_FIGURE_JENSEN_ALPHA, 1, NULL},
    {"systematic_risk_annual", TW_FIGURE_SYSTEMATIC_RISK, 1, NULL},
    {"specific_risk_annual", TW_FIGURE_SPECIFIC_RISK, 1, NULL},
    {"total_risk_annual", TW_FIGURE_TOTAL_RISK, 1, NULL},
    {"appraisal_ratio", TW_FIGURE_APPRAISAL, 1, NULL},
    {"appraisal_ratio_modified", TW_FIGURE_APPRAISAL_MODIFIED, 1, NULL},
    {"appraisal_ratio_alternative", TW_FIGURE_APPRAISAL_ALTERNATIVE, 1, NULL},
    {"fama_beta", TW_FIGURE_FAMA_BETA, 1, NULL},
    {"alpha", TW_FIGURE_ALPHA, 1, NULL},
    {"beta", TW_FIGURE_BETA, 1, NULL},
    {"treynor_ratio", TW_FIGURE_TREYNOR, 1, NULL},
    {"treynor_ratio_modified", TW_FIGURE_TREYNOR_MODIFIED, 1, NULL},
    {"skewness_moment", TW_FIGURE_SKEWNESS, 1, NULL},
    {"kurtosis_moment", TW_FIGURE_KURTOSIS, 1, NULL},
    {"kurtosis_excess", TW_FIGURE_EXCESS_KURTOSIS, 1, NULL},
    {"kurtosis_sample", TW_FIGURE_KURTOSIS_SAMPLE, 1, NULL},
    {"kurtosis_sample_excess", TW_FIGURE_EXCESS_KURTOSIS_SAMPLE, 1, NULL},
    {"pain_index", TW_FIGURE_PAIN_INDEX, 1, NULL},
    {"pain_ratio", TW_FIGURE_PAIN_RATIO, 1, NULL},
    {"burke_ratio", TW_FIGURE_BURKE, 1, NULL},
    {"burke_ratio_modified", TW_FIGURE_BURKE_MODIFIED, 1, NULL},
    {"martin_ratio", TW_FIGURE_MARTIN, 1, NULL},
    {"downside_potential", TW_FIGURE_DOWNSIDE_POTENTIAL, 1, NULL},
    {"downside_deviation", TW_FIGURE_DOWNSIDE_DEVIATION, 1, NULL},
    {"downside_variance", TW_FIGURE_DOWNSIDE_VARIANCE, 1, NULL},
    {"upside_risk", TW_FIGURE_UPSIDE_RISK, 1, NULL},
    {"upside_variance", TW_FIGURE_UPSIDE_VARIANCE, 1, NULL},
    {"upside_potential", TW_FIGURE_UPSIDE_POTENTIAL, 1, NULL},
    {"upside_potential_ratio", TW_FIGURE_UPSIDE_POTENTIAL_RATIO, 1, NULL},
    {"downside_frequency", TW_FIGURE_DOWNSIDE_FREQUENCY, 1, NULL},
    {"upside_frequency", TW_FIGURE_UPSIDE_FREQUENCY, 1, NULL},
    {"gain_loss_ratio", TW_FIGURE_GAIN_LOSS, 1, NULL},
    {"d_ratio", TW_FIGURE_D_RATIO, 1, NULL},
    {"omega_sharpe_ratio", TW_FIGURE_OMEGA_SHARPE, 1, NULL},
    {"kappa", TW_FIGURE_KAPPA, 1, NULL},
    {"volatility_skewness", TW_FIGURE_VOLATILITY_SKEWNESS, 1, NULL},
    {"variability_skewness", TW_FIGURE_VARIABILITY_SKEWNESS, 1, NULL},
    {"prospect_ratio", TW_FIGURE_PROSPECT, 1, NULL},
    {"m2_sortino", TW_FIGURE_M_SQUARED_SORTINO, 1, NULL},
    {"omega_excess_return", TW_FIGURE_OMEGA_EXCESS, 1, NULL},
    {"es_historical", TW_FIGURE_EXPECTED_SHORTFALL, -1, NULL},
    {"es_gaussian", TW_FIGURE_EXPECTED_SHORTFALL, -1, tune_gaussian},
    {"es_modified", TW_FIGURE_EXPECTED_SHORTFALL, -1, tune_modified},
    {"var_historical", TW_FIGURE_VALUE_AT_RISK, -1, NULL},
    {"var_gaussian", TW_FIGURE_VALUE_AT_RISK, -1, tune_gaussian},
    {"var_modified", TW_FIGURE_VALUE_AT_RISK, -1, tune_modified},
    {"stddev", TW_FIGURE_VOLATILITY, 1, NULL},
    {"stddev_annualized", TW_FIGURE_VOLATILITY_ANNUAL, 1, NULL},
    {"return_annualized", TW_FIGURE_CAGR, 1, NULL},
    {"max_drawdown", TW_FIGURE_MAX_DRAWDOWN, 1, NULL},
    {"calmar_ratio", TW_FIGURE_CALMAR, 1, NULL},
    {"sterling_ratio", TW_FIGURE_STERLING, 1, NULL},
    {"sharpe_ratio", TW_FIGURE_SHARPE, 1, NULL},
    /* The parameter says geometric, the value is that of the arithmetic one. */
    {"sharpe_ratio_annualized", TW_FIGURE_SHARPE_ANNUAL, 1, NULL},
    {"adjusted_sharpe_ratio", TW_FIGURE_SHARPE_ADJUSTED, 1, NULL},
    {"sortino_ratio", TW_FIGURE_SORTINO, 1, NULL},
    {"omega_ratio", TW_FIGURE_OMEGA, 1, NULL},
    {"tracking_error", TW_FIGURE_TRACKING_ERROR_ANNUAL, 1, NULL},
    {"information_ratio", TW_FIGURE_INFORMATION_GEOMETRIC, 1, NULL},
    {"active_premium", TW_FIGURE_ACTIVE_PREMIUM, 1, NULL},
    {"up_capture", TW_FIGURE_UP_CAPTURE, 1, NULL},
    {"down_capture", TW_FIGURE_DOWN_CAPTURE, 1, NULL},
    {"up_number", TW_FIGURE_UP_NUMBER, 1, NULL},
    {"down_number", TW_FIGURE_DOWN_NUMBER, 1, NULL},
    {"up_percent", TW_FIGURE_UP_BATTING, 1, NULL},
    {"down_percent", TW_FIGURE_DOWN_BATTING, 1, NULL},
    {"semi_deviation", TW_FIGURE_SEMI_DEVIATION, 1, NULL},
    {"semi_variance", TW_FIGURE_SEMI_VARIANCE, 1, NULL},
    {"ulcer_index", TW_FIGURE_ULCER_INDEX, 1, NULL},
    {"average_drawdown", TW_FIGURE_AVERAGE_DRAWDOWN, 1, NULL},
    {"average_length", TW_FIGURE_AVERAGE_LENGTH, 1, NULL},
    {"average_recovery", TW_FIGURE_AVERAGE_RECOVERY, 1, NULL},
    {"correlation", TW_FIGURE_CORRELATION, 1, NULL},
    {"kelly_ratio", TW_FIGURE_KELLY, 1, NULL},
    {"kelly_ratio_half", TW_FIGURE_KELLY_HALF, 1, NULL},
    {"hurst_index", TW_FIGURE_HURST, 1, NULL},
    {"probabilistic_sharpe_ratio", TW_FIGURE_SHARPE_PROBABILISTIC, 1, NULL},
    {"cumulative_return", TW_FIGURE_TOTAL_RETURN, 1, NULL},
    {"beta_bull", TW_FIGURE_BETA_BULL, 1, NULL},
    {"beta_bear", TW_FIGURE_BETA_BEAR, 1, NULL},
    {"timing_ratio", TW_FIGURE_TIMING, 1, NULL},
    /* Lists: begun with any figure of theirs. */
    {"sharpe_stddev_var_es", TW_FIGURE_SHARPE, 1, NULL},
    {"autocorrelation_lag1_6", TW_FIGURE_AUTOCORRELATION, 1, NULL},
    {"quantiles_0_25_50_75_100", TW_FIGURE_VALUE_AT_RISK, -1, NULL},
    {NULL, TW_FIGURE_COUNT, 0, NULL},
};

/* ---- Columns of a file ---------------------------------------------------------------------- */

static const char *file_of(const test_case *c) {
    return json_string_value(json_object_get(c->input, "file"));
}

static const char *column_of(const test_case *c, size_t i) {
    const json_t *columns = json_object_get(c->input, "columns");
    return json_is_string(columns) ? json_string_value(columns)
                                   : json_string_value(json_array_get(columns, i));
}

static size_t column_count(const test_case *c) {
    const json_t *columns = json_object_get(c->input, "columns");
    return json_is_string(columns) ? 1 : json_array_size(columns);
}

static void read_column(request *r, size_t i) {
    const test_case *c = r->c;
    const char *benchmark = json_string_value(json_object_get(c->input, "benchmark"));
    const char *free = json_string_value(json_object_get(c->params, "Rf"));
    assert_true(series_from_csv(file_of(c), column_of(c, i), &the_returns));
    r->input = (tw_performance_input){.returns = the_returns.values, .count = the_returns.count};
    if (benchmark != NULL) {
        assert_true(series_from_csv(file_of(c), benchmark, &the_benchmark));
        r->input.benchmark = the_benchmark.values;
    }
    if (free != NULL) {
        assert_true(series_from_csv(file_of(c), free, &the_rates));
        r->input.risk_free = the_rates.values;
    }
    if (strcmp(param_text(c, "rows"), "1..100") == 0)
        r->input.count = 100;
}

static verdict run_figure(const test_case *c) {
    const metric_row *row = row_of(rows, c->metric);
    if (row->metric == NULL)
        return UNSUPPORTED;
    request r = begin(c, row);
    if (row->tune != NULL)
        row->tune(&r);
    verdict all = PASSED;
    for (size_t i = 0; i < column_count(c); i++) {
        read_column(&r, i);
        const json_t *expected =
            json_is_array(c->expected) ? json_array_get(c->expected, i) : c->expected;
        all = worse(all, compare(c, figure_of(&r), expected));
    }
    return all;
}

/* Three Sharpe ratios a column: over the deviation, the modified VaR and its shortfall. */
static verdict run_sharpe_ratios(const test_case *c) {
    static const tw_figure figures[3] = {TW_FIGURE_SHARPE, TW_FIGURE_SHARPE_VALUE_AT_RISK,
                                         TW_FIGURE_SHARPE_SHORTFALL};
    request r = begin(c, row_of(rows, c->metric));
    tune_modified(&r);
    verdict all = PASSED;
    for (size_t i = 0; i < column_count(c); i++) {
        read_column(&r, i);
        for (size_t k = 0; k < 3; k++) {
            r.figure = figures[k];
            all = worse(all, compare(c, figure_of(&r), json_array_get(c->expected, 3 * i + k)));
        }
    }
    return all;
}

/* To four places, as the package prints them. */
static double to_four_places(double value) {
    return round(value * 1e4) / 1e4;
}

static verdict run_autocorrelations(const test_case *c) {
    request r = begin(c, row_of(rows, c->metric));
    read_column(&r, 0);
    r.config.autocorrelation_lag = 6;
    r.figure = TW_FIGURE_LJUNG_BOX_PROBABILITY;
    double probability = figure_of(&r);
    double values[6];
    tw_performance_autocorrelations(the_performance, 6, values);
    verdict all = PASSED;
    for (size_t i = 0; i < 6; i++)
        all = worse(all, compare(c, to_four_places(values[i]), json_array_get(c->expected, i)));
    return worse(all, compare(c, to_four_places(probability), json_array_get(c->expected, 6)));
}

static verdict run_quantiles(const test_case *c) {
    request r = begin(c, row_of(rows, c->metric));
    read_column(&r, 0);
    verdict all = PASSED;
    for (size_t i = 0; i < json_array_size(c->expected); i++) {
        r.config.tail = (double)i / 4;
        all = worse(all, compare(c, figure_of(&r), json_array_get(c->expected, i)));
    }
    return all;
}

static verdict run_drawdowns(const test_case *c) {
    assert_true(series_from_csv(file_of(c), column_of(c, 0), &the_returns));
    tw_drawdown deepest[10];
    size_t count = 0;
    assert_int_equal(
        tw_drawdowns_find(the_returns.values, the_returns.count, deepest, 10, &count, NULL), TW_OK);
    assert_true(count >= 10);
    verdict all = PASSED;
    for (size_t i = 0; i < 10; i++) {
        const struct {
            const char *name;
            double value;
        } parts[] = {{"from", (double)deepest[i].start + 1},
                     {"to", (double)deepest[i].end + 1},
                     {"trough", (double)deepest[i].trough + 1},
                     {"return", -deepest[i].depth},
                     {"length", (double)deepest[i].length},
                     {"peaktotrough", (double)deepest[i].to_trough},
                     {"recovery", (double)deepest[i].to_recovery}};
        for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
            all =
                worse(all, compare(c, parts[k].value,
                                   json_array_get(json_object_get(c->expected, parts[k].name), i)));
    }
    return all;
}

/* The dates of a file are its first column. */
static verdict run_periods(const test_case *c) {
    static int64_t times[4096];
    size_t count = 0;
    char line[4096];
    FILE *stream = fopen(data_path(file_of(c)), "r");
    assert_non_null(stream);
    assert_non_null(fgets(line, sizeof line, stream));
    while (fgets(line, sizeof line, stream) != NULL) {
        assert_true(count < sizeof times / sizeof times[0]);
        assert_int_equal(tw_time_parse((tw_slice){line, 10}, &times[count++]), TW_OK);
    }
    fclose(stream);
    return compare(c, tw_returns_periods_per_year(times, count), c->expected);
}

static const runner performance[] = {
    {"component_stddev", run_elsewhere},
    {"component_var_gaussian", run_elsewhere},
    {"component_var_gaussian_total", run_elsewhere},
    {"component_var_historical", run_elsewhere},
    {"component_var_modified", run_elsewhere},
    {"component_es_gaussian", run_elsewhere},
    {"component_es_modified", run_elsewhere},
    {"marginal_var_gaussian", run_elsewhere},
    {"cov_structured_indep", run_elsewhere},
    {"ewma_covariance", run_elsewhere},
    {"sharpe_stddev_var_es", run_sharpe_ratios},
    {"autocorrelation_lag1_6", run_autocorrelations},
    {"quantiles_0_25_50_75_100", run_quantiles},
    {"drawdown_table", run_drawdowns},
    {"periods_per_year", run_periods},
    /* The package divides by the population deviation inside the sample formula. Its G1 is
     * TW_FIGURE_SKEWNESS_SAMPLE, as in QuantLib, SciPy and Excel. */
    {"skewness_sample", NULL},
    {NULL, run_figure},
};

/* ---- Drift ---------------------------------------------------------------------------------- */

static double the_cells[64];

/* {"A": [...], "B": [...]} as [count][assets]. */
static size_t cells_from(const json_t *returns, size_t *ret_assets) {
    size_t assets = json_object_size(returns);
    size_t count = 0;
    size_t j = 0;
    const char *name;
    const json_t *column;
    json_t *object = json_deep_copy(returns);
    json_object_foreach(object, name, column) {
        count = json_array_size(column);
        for (size_t i = 0; i < count; i++)
            the_cells[i * assets + j] = number_of(json_array_get(column, i));
        j++;
    }
    json_decref(object);
    *ret_assets = assets;
    return count;
}

/* "return[1]", "bop_weight_B[1]", "turnover_at_rebalance", "drag". */
static double drift_figure(const char *name, const tw_drift_results *results, size_t assets,
                           double cost) {
    const char *bracket = strchr(name, '[');
    size_t row = bracket != NULL ? strtoul(bracket + 1, NULL, 10) : 1;
    if (strncmp(name, "return", 6) == 0)
        return results->returns[row];
    if (strncmp(name, "bop_weight_", 11) == 0)
        return results->weights[row * assets + (size_t)(name[11] - 'A')];
    return strcmp(name, "drag") == 0 ? cost * results->turnovers[row] : results->turnovers[row];
}

static verdict run_drift(const test_case *c) {
    tw_drift_input input = {.returns = the_cells};
    input.count = cells_from(json_object_get(c->input, "returns"), &input.assets);
    const json_t *weights = json_object_get(c->input, "weights");
    input.weights_are_rows = json_is_array(json_array_get(weights, 0));
    double targets[64];
    for (size_t i = 0; i < json_array_size(weights); i++) {
        const json_t *row = json_array_get(weights, i);
        for (size_t j = 0; j < json_array_size(row); j++)
            targets[i * input.assets + j] = number_of(json_array_get(row, j));
        if (!input.weights_are_rows)
            targets[i] = number_of(row);
    }
    input.weights = targets;
    double returns[64];
    double begun[64];
    double turnovers[64];
    tw_drift_config config = {.full_investment =
                                  json_is_true(json_object_get(c->params, "full_investment")),
                              .cost = param(c, "cost", 0)};
    tw_drift_results results = {returns, begun, turnovers};
    assert_int_equal(tw_returns_drift(&config, &input, &results, NULL), TW_OK);
    verdict all = json_object_size(c->expected) > 0 ? PASSED : FAILED;
    const char *name;
    const json_t *expected;
    json_t *object = json_deep_copy(c->expected);
    json_object_foreach(object, name, expected) all =
        worse(all, compare(c, drift_figure(name, &results, input.assets, config.cost), expected));
    json_decref(object);
    return all;
}

static const runner rebalance[] = {
    {"portfolio_return_missing_as_zero", run_drift},
    {"portfolio_return_full_investment", run_drift},
    {"portfolio_return_transaction_cost", run_drift},
    {NULL, run_elsewhere},
};

FILE_TEST(performance, "performanceanalytics.json", performance, 1)
FILE_TEST(rebalance, "rebalance.json", rebalance, 1)

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_performance),
                                       cmocka_unit_test(test_rebalance)};
    return cmocka_run_group_tests(tests, make_performance, free_performance);
}
