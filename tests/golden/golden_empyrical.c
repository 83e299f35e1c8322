/*
 * golden_empyrical.c - figures of one series, and against a benchmark, beside empyrical's.
 *
 * Its conventions: rates a period, alpha compounded to a year, a missing return takes its time,
 * returns and benchmark aligned by their dates, losses negative.
 */
#include "performance_cases.h"

#include "tradewind/batch.h"
#include "tradewind/returns.h"
#include "tradewind/rolling_performance.h"
#include "tradewind/time.h"

static double periods_of(const test_case *c) {
    const char *period = param_text(c, "period");
    double annualization = param(c, "annualization", 0);
    return annualization > 0                ? annualization
           : strcmp(period, "weekly") == 0  ? 52
           : strcmp(period, "monthly") == 0 ? 12
           : strcmp(period, "yearly") == 0  ? 1
                                            : 252;
}

static request begin(const test_case *c, const metric_row *row) {
    request r = {.c = c, .figure = row->figure, .sign = row->sign};
    tw_performance_config_init(&r.config);
    r.config.periods_per_year = periods_of(c);
    r.config.annual = TW_ANNUAL_COMPOUND;
    r.config.missing_takes_time = true;
    r.config.shortfall = TW_SHORTFALL_BEYOND;
    r.config.tail = param(c, "cutoff", 0.05);
    r.config.risk_free = (tw_rate){param(c, "risk_free", 0), TW_RATE_PER_PERIOD};
    r.config.minimum_acceptable = (tw_rate){param(c, "required_return", 0), TW_RATE_PER_PERIOD};
    return r;
}

/* A rate that is a series. */
static const double *rates_of(const test_case *c, const char *name) {
    const json_t *rates = json_object_get(c->input, name);
    return rates != NULL && series_from(rates, &the_rates) ? the_rates.values : NULL;
}

static void tune_sharpe(request *r) {
    r->input.risk_free = rates_of(r->c, "risk_free");
}

static void tune_downside(request *r) {
    r->input.minimum_acceptable = rates_of(r->c, "required_return");
}

static void tune_sortino(request *r) {
    tune_downside(r);
    r->config.infinite_quotients = true;
}

/* Gains and losses about the required return, compounded to a period, above the risk-free rate. */
static void tune_omega(request *r) {
    double wanted = param(r->c, "required_return", 0);
    double free = param(r->c, "risk_free", 0);
    const double *rates = rates_of(r->c, "risk_free");
    r->config.compound_rates = true;
    r->config.minimum_acceptable = (tw_rate){wanted, TW_RATE_PER_YEAR};
    double period = wanted > -1 ? pow(1 + wanted, 1 / r->config.periods_per_year) - 1 : NAN;
    if (free != 0)
        r->config.minimum_acceptable = (tw_rate){free + period, TW_RATE_PER_PERIOD};
    for (size_t i = 0; rates != NULL && i < the_rates.count; i++)
        the_rates.values[i] += period;
    r->input.minimum_acceptable = rates;
}

static const metric_row rows[] = {
    {"cum_returns_final", TW_FIGURE_TOTAL_RETURN, 1, NULL},
    {"max_drawdown", TW_FIGURE_MAX_DRAWDOWN, -1, NULL},
    {"annual_return", TW_FIGURE_CAGR, 1, NULL},
    {"cagr", TW_FIGURE_CAGR, 1, NULL},
    {"annual_volatility", TW_FIGURE_VOLATILITY_ANNUAL, 1, NULL},
    {"calmar_ratio", TW_FIGURE_CALMAR, 1, NULL},
    {"omega_ratio", TW_FIGURE_OMEGA, 1, tune_omega},
    {"sharpe_ratio", TW_FIGURE_SHARPE_ANNUAL, 1, tune_sharpe},
    {"downside_risk", TW_FIGURE_DOWNSIDE_DEVIATION_ANNUAL, 1, tune_downside},
    {"sortino_ratio", TW_FIGURE_SORTINO_ANNUAL, 1, tune_sortino},
    {"excess_sharpe", TW_FIGURE_INFORMATION, 1, NULL},
    {"alpha", TW_FIGURE_ALPHA_ANNUAL, 1, NULL},
    {"beta", TW_FIGURE_BETA, 1, NULL},
    {"stability_of_timeseries", TW_FIGURE_STABILITY, 1, NULL},
    {"tail_ratio", TW_FIGURE_TAIL_RATIO, 1, NULL},
    {"capture", TW_FIGURE_CAPTURE, 1, NULL},
    {"up_capture", TW_FIGURE_UP_CAPTURE, 1, NULL},
    {"down_capture", TW_FIGURE_DOWN_CAPTURE, 1, NULL},
    {"up_down_capture", TW_FIGURE_UP_DOWN_CAPTURE, 1, NULL},
    {"value_at_risk", TW_FIGURE_VALUE_AT_RISK, -1, NULL},
    {"conditional_value_at_risk", TW_FIGURE_EXPECTED_SHORTFALL, -1, NULL},
    /* Of lists: the first of their figures. */
    {"alpha_beta", TW_FIGURE_ALPHA_ANNUAL, 1, NULL},
    {"up_alpha_beta", TW_FIGURE_UP_ALPHA, 1, NULL},
    {"down_alpha_beta", TW_FIGURE_DOWN_ALPHA, 1, NULL},
    {"batting_average", TW_FIGURE_BATTING, 1, NULL},
    {"roll_sharpe_ratio", TW_FIGURE_SHARPE_ANNUAL, 1, NULL},
    {"roll_max_drawdown", TW_FIGURE_MAX_DRAWDOWN, -1, NULL},
    {"roll_alpha_beta", TW_FIGURE_ALPHA_ANNUAL, 1, NULL},
    {"roll_up_capture", TW_FIGURE_UP_CAPTURE, 1, NULL},
    {"roll_down_capture", TW_FIGURE_DOWN_CAPTURE, 1, NULL},
    {"roll_up_down_capture", TW_FIGURE_UP_DOWN_CAPTURE, 1, NULL},
    {NULL, TW_FIGURE_COUNT, 0, NULL},
};

/* {"frame": {name: [...]}} with one column is a series, too. */
static const json_t *series_in(const json_t *value) {
    json_t *frame = json_object_get(value, "frame");
    void *only = frame != NULL && json_object_size(frame) == 1 ? json_object_iter(frame) : NULL;
    return only != NULL ? json_object_iter_value(only) : value;
}

/* The returns, and the benchmark where there is one, on the same dates. */
static bool read_input(request *r) {
    const json_t *returns = json_object_get(r->c->input, "returns");
    if (returns == NULL)
        returns = json_object_get(r->c->input, "arr");
    if (!series_from(series_in(returns), &the_returns))
        return false;
    const json_t *factor = json_object_get(r->c->input, "factor_returns");
    the_benchmark.count = 0;
    if (factor != NULL && !series_from(series_in(factor), &the_benchmark))
        return false;
    if (factor != NULL) {
        align(&the_returns, &the_benchmark);
        r->input.benchmark = the_benchmark.values;
    } else if (strcmp(r->c->metric, "excess_sharpe") == 0) {
        memset(the_benchmark.values, 0, sizeof the_benchmark.values);
        r->input.benchmark = the_benchmark.values;
    }
    r->input.returns = the_returns.values;
    r->input.count = the_returns.count;
    return true;
}

/* {"frame": {name: [...]}} -> {"index": [name], "series": [...]} */
static verdict run_frame(request *r, const json_t *frame, const json_t *expected,
                         double (*change)(const test_case *c, double value)) {
    const json_t *names = json_object_get(expected, "index");
    const json_t *values = json_object_get(expected, "series");
    verdict all = json_array_size(names) == 0 ? FAILED : PASSED;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        assert_true(series_from(json_object_get(frame, name), &the_returns));
        r->input.returns = the_returns.values;
        r->input.count = the_returns.count;
        all = worse(all, compare(r->c, change(r->c, figure_of(r)), json_array_get(values, i)));
    }
    return all;
}

/* A final value instead of a total return. */
static double as_told(const test_case *c, double value) {
    double start = param(c, "starting_value", 0);
    return strcmp(c->metric, "cum_returns_final") == 0 && start != 0 ? start * (1 + value) : value;
}

static verdict run_figure(const test_case *c) {
    const metric_row *row = row_of(rows, c->metric);
    if (row->metric == NULL)
        return UNSUPPORTED;
    request r = begin(c, row);
    if (row->tune != NULL)
        row->tune(&r);
    const json_t *frame = json_object_get(json_object_get(c->input, "returns"), "frame");
    const json_t *expected =
        json_is_array(c->expected) ? json_array_get(c->expected, 0) : c->expected;
    if (frame != NULL)
        return run_frame(&r, frame, expected, as_told);
    if (!read_input(&r))
        return UNSUPPORTED;
    return compare(c, as_told(c, figure_of(&r)), expected);
}

/* Lists of figures that stand one after another in tw_figure, two of them with another between. */
static verdict run_list(const test_case *c) {
    request r = begin(c, row_of(rows, c->metric));
    assert_true(read_input(&r));
    static const tw_figure after[][3] = {
        {TW_FIGURE_ALPHA_ANNUAL, TW_FIGURE_BETA, TW_FIGURE_COUNT},
        {TW_FIGURE_UP_ALPHA, TW_FIGURE_UP_BETA, TW_FIGURE_COUNT},
        {TW_FIGURE_DOWN_ALPHA, TW_FIGURE_DOWN_BETA, TW_FIGURE_COUNT},
        {TW_FIGURE_BATTING, TW_FIGURE_UP_BATTING, TW_FIGURE_DOWN_BATTING}};
    size_t k = 0;
    while (after[k][0] != r.figure)
        k++;
    verdict all = PASSED;
    for (size_t i = 0; i < json_array_size(c->expected); i++) {
        r.figure = after[k][i];
        all = worse(all, compare(c, figure_of(&r), json_array_get(c->expected, i)));
    }
    return all;
}

/* ---- Windows ------------------------------------------------------------------------------- */

/* One value or a list of them for each whole window. */
static verdict run_rolling(const test_case *c) {
    request r = begin(c, row_of(rows, c->metric));
    assert_true(read_input(&r));
    size_t window = (size_t)param(c, "window", 1);
    bool pair = strcmp(c->metric, "roll_alpha_beta") == 0;
    const tw_figure figures[2] = {r.figure, TW_FIGURE_BETA};
    tw_rolling_performance_config config = {.performance = r.config,
                                            .window = window,
                                            .figures = figures,
                                            .figure_count = pair ? 2 : 1};
    TW_AUTO(tw_rolling_performance) *rolling = NULL;
    tw_error error = {0};
    assert_int_equal(tw_rolling_performance_new(NULL, &config, &rolling, &error), TW_OK);
    size_t windows = the_returns.count >= window ? the_returns.count - window + 1 : 0;
    if (windows != json_array_size(c->expected))
        return FAILED;
    verdict all = PASSED;
    for (size_t t = 0; t < the_returns.count; t++) {
        tw_rolling_observation one = {.value = the_returns.values[t],
                                      .benchmark =
                                          r.input.benchmark != NULL ? r.input.benchmark[t] : NAN};
        assert_int_equal(tw_rolling_performance_push(rolling, &one, &error), TW_OK);
        if (t + 1 < window)
            continue;
        double values[2];
        tw_rolling_performance_read(rolling, values);
        const json_t *expected = json_array_get(c->expected, t + 1 - window);
        all = worse(all,
                    compare(c, r.sign * values[0], pair ? json_array_get(expected, 0) : expected));
        if (pair)
            all = worse(all, compare(c, values[1], json_array_get(expected, 1)));
    }
    return all;
}

/* ---- Returns ------------------------------------------------------------------------------- */

static double the_results[VALUES_MAX];

static verdict run_simple_returns(const test_case *c) {
    if (!series_from(json_object_get(c->input, "prices"), &the_returns))
        return UNSUPPORTED;
    for (size_t i = 0; i < the_returns.count; i++)
        if (the_returns.values[i] == 0)
            return UNSUPPORTED; /* a return from a price of zero is missing here, not infinite */
    tw_batch_returns(NULL, (tw_batch_shape){the_returns.count, 1}, the_returns.values,
                     TW_BATCH_SIMPLE, the_results);
    return compare_list(c, the_results, c->expected);
}

static verdict run_cumulated(const test_case *c) {
    assert_true(series_from(json_object_get(c->input, "returns"), &the_returns));
    tw_returns_cumulate(the_returns.values, the_returns.count, param(c, "starting_value", 0),
                        the_results);
    return compare_list(c, the_results, c->expected);
}

static int64_t the_times[VALUES_MAX];

static verdict run_by_calendar(const test_case *c) {
    static const char *const names[] = {"weekly", "monthly", "quarterly", "yearly"};
    const json_t *returns = json_object_get(c->input, "returns");
    const json_t *dates = json_object_get(returns, "index");
    assert_true(series_from(returns, &the_returns));
    for (size_t i = 0; i < the_returns.count; i++) {
        const char *text = json_string_value(json_array_get(dates, i));
        assert_int_equal(tw_time_parse((tw_slice){text, 10}, &the_times[i]), TW_OK);
    }
    unsigned period = 0;
    while (strcmp(names[period], param_text(c, "convert_to")) != 0)
        period++;
    tw_calendar_returns results = {.returns = the_results};
    assert_int_equal(tw_returns_by_calendar(the_times, the_returns.values, the_returns.count,
                                            (tw_calendar_period)period, &results, NULL),
                     TW_OK);
    return results.count == json_array_size(c->expected) ? compare_list(c, the_results, c->expected)
                                                         : FAILED;
}

static const runner empyrical[] = {
    {"simple_returns", run_simple_returns},
    {"cum_returns", run_cumulated},
    {"aggregate_returns", run_by_calendar},
    {"alpha_beta", run_list},
    {"up_alpha_beta", run_list},
    {"down_alpha_beta", run_list},
    {"batting_average", run_list},
    {"roll_sharpe_ratio", run_rolling},
    {"roll_max_drawdown", run_rolling},
    {"roll_alpha_beta", run_rolling},
    {"roll_up_capture", run_rolling},
    {"roll_down_capture", run_rolling},
    {"roll_up_down_capture", run_rolling},
    /* Where a simplex search stopped, some 2e-5 from the likelihood's maximum, of a density whose
     * arguments are losses and not what they exceed the threshold by: no figure to repeat.
     * TW_FIGURE_PARETO_SHAPE and its kin estimate such a tail by moments. */
    {"gpd_risk_estimates_aligned", NULL},
    {NULL, run_figure},
};

FILE_TEST(empyrical, "empyrical.json", empyrical, 1)

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_empyrical)};
    return cmocka_run_group_tests(tests, make_performance, free_performance);
}
