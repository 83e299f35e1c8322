/*
 * risk.c - from a matrix of returns and weights to one report.
 *
 * The portfolio's returns come first; everything else reads these. Assets come in through sums of
 * products with powers of the portfolio's returns, and through the rows of a few scenarios: so two
 * passes over the matrix and some of its rows are enough for every estimate and contribution.
 *
 * Invariants:
 * 1. portfolio[k] is the return of row rows[k]; rows ascend; both have `used` entries.
 * 2. powers[k] holds the first three powers of portfolio[k] less its mean, in units of a power of
 *    two.
 * 3. paired[] and benchmark[] hold the used rows that have a benchmark value, in order.
 * 4. estimate e has the marginal figures and contributions [e x assets, (e + 1) x assets).
 */
#include "tradewind/risk.h"

#include <string.h>

#include "levels.h"
#include "risk_handle.h"
#include "tradewind/dense.h"

/* ---- Memory -------------------------------------------------------------------------------- */

void tw_risk_config_init(tw_risk_config *config) {
    TW_ASSERT(config != NULL);
    memset(config, 0, sizeof *config);
    config->periods_per_year = 252;
    config->risk_free = (tw_rate){0, TW_RATE_PER_YEAR};
    config->minimum_acceptable = (tw_rate){0, TW_RATE_PER_YEAR};
    config->confidences[0] = 0.95;
    config->confidences[1] = 0.99;
    config->confidence_count = 2;
    config->horizons[0] = 1;
    config->horizon_count = 1;
    config->methods = (UINT32_C(1) << TW_RISK_METHOD_COUNT) - 1;
    config->quantile = TW_QUANTILE_LINEAR;
    config->filter_decay = 0.94;
    config->seed = 1;
    config->degrees = 5;
    config->level = TW_CPU_BEST;
}

tw_risk_maxima tw_risk_maxima_of(const tw_risk_config *config, size_t observations, size_t assets) {
    TW_ASSERT(config != NULL);
    bool filtered = (config->methods & TW_RISK_METHOD_BIT(TW_RISK_FILTERED_HISTORICAL)) != 0;
    bool simulated = (config->methods & TW_RISK_METHOD_BIT(TW_RISK_MONTE_CARLO)) != 0;
    return (tw_risk_maxima){.observations = observations,
                            .assets = assets,
                            .estimates = risk_slots_of(config).count,
                            .covariance = config->covariance,
                            .incremental = config->incremental,
                            .filter_assets = filtered && config->filter == TW_RISK_FILTER_ASSETS,
                            .paths = simulated ? config->paths : 0};
}

static size_t greater(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t products_scratch(tw_risk_maxima m) {
    return tw_dense_products_scratch((tw_dense_shape){m.observations, m.assets});
}

/* Every array with its type, its count and whether it is wanted. */
#define ARRAYS(X, m)                                                                    \
    X(portfolio, double, (m).observations, true)                                        \
    X(paired, double, (m).observations, true)                                           \
    X(benchmark, double, (m).observations, true)                                        \
    X(active, double, (m).observations, true)                                           \
    X(powers, double, 3 * (m).observations, true)                                       \
    X(rows, size_t, (m).observations, true)                                             \
    X(comoments, double, 4 * (m).assets, true)                                          \
    X(volatility_contributions, double, (m).assets, true)                               \
    X(volatility_shares, double, (m).assets, true)                                      \
    X(block, double, TW_RISK_SCENARIO_BLOCK *(m).assets, (m).scenarios + (m).paths > 0) \
    X(paths, double, (m).paths, (m).paths > 0)                                          \
    X(estimates, tw_risk_estimate, (m).estimates, true)                                 \
    X(without, tw_risk_estimate, (m).estimates, (m).incremental)                        \
    X(var_marginals, double, (m).estimates *(m).assets, true)                           \
    X(shortfall_marginals, double, (m).estimates *(m).assets, true)                     \
    X(var_contributions, double, (m).estimates *(m).assets, true)                       \
    X(shortfall_contributions, double, (m).estimates *(m).assets, true)                 \
    X(var_increments, double, (m).estimates *(m).assets, (m).incremental)               \
    X(shortfall_increments, double, (m).estimates *(m).assets, (m).incremental)         \
    X(left_out, double, RISK_LANES *(m).observations, (m).incremental)                  \
    X(filtered, double, (m).observations *(m).assets, (m).filter_assets)                \
    X(filtered_rows, size_t, (m).observations, (m).filter_assets)                       \
    X(covariance, double, (m).assets *(m).assets, (m).covariance)                       \
    X(whole_rows, double, (m).observations *(m).assets, (m).covariance)                 \
    X(scratch, double, products_scratch(m), (m).covariance)

static bool take_memory(tw_risk *risk) {
    const tw_allocator *allocator = &risk->allocator;
    const tw_risk_maxima m = risk->maxima;
    size_t scenarios = greater(m.scenarios, m.paths);
    bool have =
        risk_workspace_init(&risk->workspace, allocator, greater(m.observations, scenarios));
    if (m.paths > 0)
        have = tw_simulate_new(allocator, 1, &risk->simulate) == TW_OK && have;
#define TAKE(name, type, size, wanted)                \
    if (wanted) {                                     \
        risk->name = TW_NEW(allocator, (size), type); \
        have = have && risk->name != NULL;            \
    }
    ARRAYS(TAKE, m)
#undef TAKE
    return have;
}

/* Whether counts of doubles, with a factor for what is taken of them, fit into a size. */
static bool fits(size_t a, size_t b) {
    const size_t most = SIZE_MAX / (2 * TW_RISK_SCENARIO_BLOCK * sizeof(double));
    return a == 0 || b <= most / a;
}

tw_status tw_risk_new(const tw_allocator *allocator, const tw_risk_maxima *maxima,
                      tw_risk **ret_risk) {
    TW_ASSERT(maxima != NULL && ret_risk != NULL);
    const tw_risk_maxima m = *maxima;
    if (m.observations == 0 || m.assets == 0 || m.estimates > TW_RISK_ESTIMATE_COUNT_MAX ||
        !fits(m.observations, 1) || !fits(m.scenarios, 1) || !fits(m.paths, 1) ||
        !fits(m.estimates + 1, m.assets) || (m.filter_assets && !fits(m.observations, m.assets)) ||
        (m.covariance && (!fits(m.assets, m.assets) || !fits(m.observations, m.assets))))
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_risk *risk = TW_NEW(allocator, 1, tw_risk);
    if (risk == NULL)
        return TW_NO_MEMORY;
    memset(risk, 0, sizeof *risk);
    risk->allocator = *allocator;
    risk->maxima = m;
    risk->maxima.estimates = greater(m.estimates, 1); /* no array is of nothing */
    if (!take_memory(risk)) {
        tw_risk_free(risk);
        return TW_NO_MEMORY;
    }
    *ret_risk = risk;
    return TW_OK;
}

void tw_risk_free(tw_risk *risk) {
    if (risk == NULL)
        return;
    tw_allocator allocator = risk->allocator;
    const tw_risk_maxima m = risk->maxima;
    risk_workspace_done(&risk->workspace, &allocator);
    tw_simulate_free(risk->simulate);
#define GIVE(name, type, size, wanted) \
    if (wanted)                        \
        TW_DELETE(&allocator, risk->name, (size), type);
    ARRAYS(GIVE, m)
#undef GIVE
    TW_DELETE(&allocator, risk, 1, tw_risk);
}

/* ---- Rows ---------------------------------------------------------------------------------- */

static double rate_per_period(tw_rate rate, double periods_per_year) {
    return rate.unit == TW_RATE_PER_YEAR ? rate.value / periods_per_year : rate.value;
}

static tw_status check_room(const tw_risk *risk, const tw_risk_config *config,
                            const tw_risk_input *input, tw_error *error) {
    tw_risk_maxima want = tw_risk_maxima_of(config, input->observations, input->assets);
    const tw_risk_maxima *have = &risk->maxima;
    size_t scenarios = input->scenarios == NULL ? 0 : input->scenarios->count;
    if (want.observations > have->observations || want.assets > have->assets)
        return tw_error_set(error, TW_FULL,
                            "%zu observations of %zu assets exceed the %zu of %zu made room for",
                            want.observations, want.assets, have->observations, have->assets);
    if (scenarios > have->scenarios)
        return tw_error_set(error, TW_FULL, "%zu scenarios exceed the %zu made room for", scenarios,
                            have->scenarios);
    if (input->scenarios == NULL && want.paths > have->paths)
        return tw_error_set(error, TW_FULL, "%zu paths exceed the %zu made room for", want.paths,
                            have->paths);
    if (want.estimates > have->estimates)
        return tw_error_set(error, TW_FULL, "%zu estimates exceed the %zu made room for",
                            want.estimates, have->estimates);
    if ((want.covariance && !have->covariance) || (want.incremental && !have->incremental) ||
        (want.filter_assets && !have->filter_assets))
        return tw_error_set(error, TW_FULL, "no room was made for %s",
                            want.covariance && !have->covariance     ? "a covariance matrix"
                            : want.incremental && !have->incremental ? "increments"
                                                                     : "filtered assets");
    return TW_OK;
}

risk_moments risk_moments_of(const series_lanes *lanes, const double *values, size_t count,
                             double size) {
    risk_moments moments = {.size = series_size_of(lanes, NULL, count)};
    series_view series = series_of_values(values, count);
    moments.sums = series_moments_of(lanes, &series, moments.size.weight, size, NULL);
    return moments;
}

/* Establishes invariant 1. Nearly all rows are whole, and their returns numbers. */
static tw_status collect_rows(tw_risk *risk, const tw_risk_config *config,
                              const tw_risk_input *input, tw_risk_report *report, tw_error *error) {
    size_t used = 0;
    double *values = risk->portfolio;
    risk->lanes->row_returns(input->returns, input->observations, input->assets, input->weights,
                             values);
    for (size_t t = 0; t < input->observations; t++) {
        double value = values[t];
        size_t missing = input->assets;
        if (!isfinite(value)) {
            tw_status status = risk_row_check(input, t, &missing, error);
            if (status != TW_OK)
                return status;
            value = risk_row_without_gaps(risk->lanes, input, t, risk->volatility_shares);
        }
        if (missing < input->assets && config->fail_missing)
            return tw_error_set(error, TW_INVALID, "the return of %s %s is missing",
                                risk_asset_label(input, missing).text,
                                risk_row_label(input, t).text);
        risk->rows[used] = t;
        values[used] = value;
        used += missing < input->assets ? 0 : 1;
    }
    if (used == 0)
        return tw_error_set(error, TW_EMPTY, "no row of %zu has all the returns it needs",
                            input->observations);
    report->observations = used;
    report->skipped = input->observations - used;
    report->assets = input->assets;
    return TW_OK;
}

/* ---- Figures of the portfolio -------------------------------------------------------------- */

/* a / b, NaN when there is nothing to divide by. */
static double quotient(double a, double b) {
    return b == 0 || isnan(b) ? NAN : a / b;
}

static void fill_downside(const tw_risk *risk, const risk_moments *m, tw_risk_report *report) {
    series_view about = series_of_values(risk->portfolio, report->observations);
    series_sums sums;
    about.centre = report->minimum_acceptable_per_period;
    risk->series->powers(&about, &sums);
    double above = series_above(&m->size, &sums, 1) - series_below(&m->size, &sums, 1);
    report->downside_deviation = sqrt(series_downside_variance(&m->size, &sums, 0));
    report->sortino = quotient(above, report->downside_deviation) * sqrt(report->periods_per_year);
    report->omega = quotient(sums.upper[0], sums.lower[0]);
}

static void fill_path(const tw_risk *risk, tw_risk_report *report) {
    size_t count = report->observations;
    series_growth growth = series_growth_of(risk->series, risk->portfolio, count);
    report->total_return = series_growth_rate(growth, 1);
    report->cagr = series_growth_rate(growth, 1 / ((double)count / report->periods_per_year));
    report->max_drawdown = series_max_drawdown(risk->portfolio, count);
    report->calmar = quotient(report->cagr, report->max_drawdown);
}

static void fill_portfolio(const tw_risk *risk, const risk_moments *m, tw_risk_report *report) {
    double periods = report->periods_per_year;
    double mean = m->sums.mean;
    report->mean = mean;
    report->volatility = series_deviation(&m->size, &m->sums, 1);
    report->mean_annual = mean * periods;
    report->volatility_annual = report->volatility * sqrt(periods);
    report->sharpe =
        quotient(mean - report->risk_free_per_period, report->volatility) * sqrt(periods);
    report->skewness = series_skewness_sample(&m->size, &m->sums);
    report->excess_kurtosis = series_excess_kurtosis_sample(&m->size, &m->sums);
    report->best = m->sums.greatest;
    report->worst = m->sums.least;
    fill_path(risk, report);
    fill_downside(risk, m, report);
}

static double magnitude_of(const series_moments *moments) {
    return fmax(fabs(moments->least), fabs(moments->greatest));
}

static void fill_benchmark(tw_risk *risk, const tw_risk_input *input, tw_risk_report *report) {
    report->beta = report->alpha = report->alpha_annual = report->correlation = NAN;
    report->tracking_error = report->information_ratio = NAN;
    if (input->benchmark == NULL)
        return;
    size_t count = 0;
    for (size_t k = 0; k < report->observations; k++) {
        double value = input->benchmark[risk->rows[k]];
        if (isnan(value)) {
            report->benchmark_skipped++;
            continue;
        }
        risk->paired[count] = risk->portfolio[k];
        risk->benchmark[count] = value;
        risk->active[count] = risk->portfolio[k] - value;
        count++;
    }
    if (count < 2)
        return;
    const series_lanes *lanes = risk->series;
    series_size n = series_size_of(lanes, NULL, count);
    series_view paired = series_of_values(risk->paired, count);
    series_view market = series_of_values(risk->benchmark, count);
    series_view differences = series_of_values(risk->active, count);
    series_pair pair = series_pair_of(lanes, &paired, &market, n.weight, 0);
    double size = fmax(magnitude_of(&pair.a), magnitude_of(&pair.b));
    series_moments active = series_spread_of(lanes, &differences, n.weight, size);
    double free = report->risk_free_per_period;
    double root = sqrt(report->periods_per_year);
    double deviation = series_deviation(&n, &active, 1);
    report->beta = series_beta(&n, &pair.products);
    report->alpha = (pair.a.mean - free) - report->beta * (pair.b.mean - free);
    report->alpha_annual = report->alpha * report->periods_per_year;
    report->correlation = series_correlation(&pair.products);
    report->tracking_error = deviation * root;
    report->information_ratio = quotient(active.mean, deviation) * root;
}

/* ---- The report ---------------------------------------------------------------------------- */

/* The rows that are used, one after the other. */
static const double *contiguous_rows(const risk_work *work) {
    size_t assets = work->rows.assets;
    if (work->rows.count == work->input->observations)
        return work->rows.returns;
    double *rows = work->risk->whole_rows;
    for (size_t k = 0; k < work->rows.count; k++)
        memcpy(rows + k * assets, work->rows.returns + work->rows.rows[k] * assets,
               assets * sizeof *rows);
    return rows;
}

static void fill_covariance(const risk_work *work) {
    tw_risk *risk = work->risk;
    size_t assets = work->rows.assets;
    const tw_dense_way way = {work->config->runner, work->config->level};
    tw_dense_products(&way, (tw_dense_shape){work->rows.count, assets}, contiguous_rows(work),
                      work->comoments.means, risk->scratch, risk->covariance);
    double freedom = (double)work->rows.count - 1; /* 0: NaN */
    for (size_t i = 0; i < assets * assets; i++)
        risk->covariance[i] = freedom > 0 ? risk->covariance[i] / freedom : NAN;
}

static void point_to_estimates(const tw_risk *risk, const tw_risk_config *config,
                               tw_risk_report *report) {
    report->portfolio = risk->portfolio;
    report->rows = risk->rows;
    report->estimates = risk->estimates;
    report->estimate_count = risk->slots.count;
    report->var_marginals = risk->var_marginals;
    report->shortfall_marginals = risk->shortfall_marginals;
    report->var_contributions = risk->var_contributions;
    report->shortfall_contributions = risk->shortfall_contributions;
    report->var_increments = config->incremental ? risk->var_increments : NULL;
    report->shortfall_increments = config->incremental ? risk->shortfall_increments : NULL;
    report->covariance = config->covariance ? risk->covariance : NULL;
}

static tw_status fill_report(tw_risk *risk, const tw_risk_config *config,
                             const tw_risk_input *input, tw_risk_report *report, tw_error *error) {
    risk_moments moments = risk_moments_of(risk->series, risk->portfolio, report->observations, 0);
    risk_work work = {.risk = risk,
                      .config = config,
                      .input = input,
                      .moments = &moments,
                      .cumulants =
                          risk_cumulants_of(&moments.size, &moments.sums, config->moment_ddof),
                      .rows = {input->returns, risk->rows, report->observations, input->assets}};
    fill_portfolio(risk, &moments, report);
    fill_benchmark(risk, input, report);
    report->exposure = tw_risk_exposure_of(input->weights, input->assets);
    risk_assets_sum(&work);
    tw_status status = risk_assets_estimate(&work, error);
    if (status != TW_OK)
        return status;
    risk_assets_volatility(&work, report);
    if (config->incremental)
        risk_assets_increments(&work);
    if (config->covariance)
        fill_covariance(&work);
    point_to_estimates(risk, config, report);
    return TW_OK;
}

tw_status tw_risk_compute(tw_risk *risk, const tw_risk_config *config, const tw_risk_input *input,
                          tw_risk_report *ret_report, tw_error *error) {
    TW_ASSERT(risk != NULL && config != NULL && input != NULL && ret_report != NULL);
    tw_status status = risk_config_check(config, error);
    if (status == TW_OK)
        status = check_room(risk, config, input, error);
    if (status == TW_OK)
        status = risk_input_check(input, error);
    if (status != TW_OK)
        return status;
    tw_risk_config wanted = *config;
    if (input->scenarios == NULL && config->paths == 0)
        wanted.methods &= ~TW_RISK_METHOD_BIT(TW_RISK_MONTE_CARLO);
    risk->slots = risk_slots_of(&wanted);
    risk->lanes = LEVEL_PICK(tw_cpu_choose(config->level), &risk_lanes);
    risk->series = series_lanes_of(config->level);
    tw_risk_report report;
    memset(&report, 0, sizeof report);
    report.periods_per_year = config->periods_per_year;
    report.risk_free_per_period = rate_per_period(config->risk_free, config->periods_per_year);
    report.minimum_acceptable_per_period =
        rate_per_period(config->minimum_acceptable, config->periods_per_year);
    status = collect_rows(risk, &wanted, input, &report, error);
    if (status == TW_OK)
        status = fill_report(risk, &wanted, input, &report, error);
    if (status == TW_OK)
        *ret_report = report;
    return status;
}

uint32_t tw_risk_find(const tw_risk_report *report, tw_risk_method method, double confidence,
                      uint32_t horizon) {
    TW_ASSERT(report != NULL);
    uint32_t at = 0;
    while (at < report->estimate_count &&
           !(report->estimates[at].method == method && report->estimates[at].horizon == horizon &&
             report->estimates[at].confidence == confidence))
        at++;
    return at;
}
