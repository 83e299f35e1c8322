/*
 * risk.c - from a matrix of returns and weights to one report.
 *
 * The rows that can be used are found first and their portfolio returns stored; everything else
 * reads these. Assets come in only through their covariance with the portfolio, which gives every
 * contribution without the covariance matrix: sum(w_i cov(r_i, r_p)) is var(r_p) by linearity.
 *
 * Invariants:
 * 1. portfolio[k] is the return of row rows[k]; rows ascend; both have `used` entries.
 * 2. order[] sorts portfolio[], ties by row; sorted[k] = portfolio[order[k]].
 * 3. paired[] and benchmark[] hold the used rows that have a benchmark value, in order.
 */
#include "tradewind/risk.h"

#include <string.h>

#include "risk_priv.h"

struct tw_risk {
    tw_allocator allocator;
    size_t observations_max;
    size_t assets_max;
    double *portfolio;
    double *sorted;
    double *paired;
    double *benchmark;
    double *active; /* portfolio less benchmark */
    double *column; /* one asset over the used rows */
    size_t *rows;
    size_t *order;
    size_t *scratch;
    tw_risk_contribution *contributions;
    double *means;
    double *covariance; /* of assets_max x assets_max */
};

void tw_risk_config_init(tw_risk_config *config) {
    TW_ASSERT(config != NULL);
    memset(config, 0, sizeof *config);
    config->periods_per_year = 252;
    config->risk_free = (tw_rate){0, TW_RATE_PER_YEAR};
    config->minimum_acceptable = (tw_rate){0, TW_RATE_PER_YEAR};
    config->confidences[0] = 0.95;
    config->confidences[1] = 0.99;
    config->confidence_count = 2;
}

/* The arrays of `observations_max` doubles and of row numbers, for taking and giving back. */
#define ROW_ARRAYS(X) X(portfolio) X(sorted) X(paired) X(benchmark) X(active) X(column)
#define INDEX_ARRAYS(X) X(rows) X(order) X(scratch)

static bool take_memory(tw_risk *risk) {
    const tw_allocator *allocator = &risk->allocator;
    bool have = true;
#define TAKE(name)                                                  \
    risk->name = TW_NEW(allocator, risk->observations_max, double); \
    have = have && risk->name != NULL;
    ROW_ARRAYS(TAKE)
#undef TAKE
#define TAKE(name)                                                  \
    risk->name = TW_NEW(allocator, risk->observations_max, size_t); \
    have = have && risk->name != NULL;
    INDEX_ARRAYS(TAKE)
#undef TAKE
    risk->contributions = TW_NEW(allocator, risk->assets_max, tw_risk_contribution);
    risk->means = TW_NEW(allocator, risk->assets_max, double);
    risk->covariance = TW_NEW(allocator, risk->assets_max * risk->assets_max, double);
    return have && risk->contributions != NULL && risk->means != NULL && risk->covariance != NULL;
}

tw_status tw_risk_new(const tw_allocator *allocator, size_t observations_max, size_t assets_max,
                      tw_risk **ret_risk) {
    TW_ASSERT(ret_risk != NULL);
    if (observations_max == 0 || assets_max == 0 || assets_max > SIZE_MAX / assets_max)
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_risk *risk = TW_NEW(allocator, 1, tw_risk);
    if (risk == NULL)
        return TW_NO_MEMORY;
    risk->allocator = *allocator;
    risk->observations_max = observations_max;
    risk->assets_max = assets_max;
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
#define GIVE(name) TW_DELETE(&allocator, risk->name, risk->observations_max, double);
    ROW_ARRAYS(GIVE)
#undef GIVE
#define GIVE(name) TW_DELETE(&allocator, risk->name, risk->observations_max, size_t);
    INDEX_ARRAYS(GIVE)
#undef GIVE
    TW_DELETE(&allocator, risk->contributions, risk->assets_max, tw_risk_contribution);
    TW_DELETE(&allocator, risk->means, risk->assets_max, double);
    TW_DELETE(&allocator, risk->covariance, risk->assets_max * risk->assets_max, double);
    TW_DELETE(&allocator, risk, 1, tw_risk);
}

static bool rate_is_good(tw_rate rate) {
    return isfinite(rate.value) &&
           (rate.unit == TW_RATE_PER_PERIOD || rate.unit == TW_RATE_PER_YEAR);
}

static double rate_per_period(tw_rate rate, double periods_per_year) {
    return rate.unit == TW_RATE_PER_YEAR ? rate.value / periods_per_year : rate.value;
}

static tw_status config_check(const tw_risk_config *config, tw_error *error) {
    if (!(config->periods_per_year > 0) || !isfinite(config->periods_per_year))
        return tw_error_set(error, TW_RANGE, "periods per year must be above 0, not %g",
                            config->periods_per_year);
    if (!rate_is_good(config->risk_free))
        return tw_error_set(error, TW_RANGE,
                            "the risk-free rate needs a finite value and a unit: per period or "
                            "per year");
    if (!rate_is_good(config->minimum_acceptable))
        return tw_error_set(error, TW_RANGE,
                            "the minimum acceptable return needs a finite value and a unit: per "
                            "period or per year");
    if (config->confidence_count > TW_RISK_CONFIDENCE_COUNT_MAX)
        return tw_error_set(error, TW_RANGE, "at most %d confidences",
                            TW_RISK_CONFIDENCE_COUNT_MAX);
    for (uint32_t i = 0; i < config->confidence_count; i++)
        if (!(config->confidences[i] > 0.5 && config->confidences[i] < 1))
            return tw_error_set(error, TW_RANGE,
                                "a confidence must lie between 0.5 and 1, as 0.95, not %g",
                                config->confidences[i]);
    return TW_OK;
}

static tw_status input_check(const tw_risk *risk, const tw_risk_input *input, tw_error *error) {
    TW_ASSERT(input->returns != NULL && input->weights != NULL);
    if (input->observations > risk->observations_max || input->assets > risk->assets_max)
        return tw_error_set(
            error, TW_FULL, "%zu observations of %zu assets exceed the %zu of %zu made room for",
            input->observations, input->assets, risk->observations_max, risk->assets_max);
    bool any = false;
    for (size_t i = 0; i < input->assets; i++) {
        if (!isfinite(input->weights[i]))
            return tw_error_set(error, TW_INVALID, "the weight of asset %zu is not finite", i);
        any = any || input->weights[i] != 0;
    }
    if (!any)
        return tw_error_set(error, TW_INVALID, "every weight is zero: there is no portfolio");
    for (size_t t = 0; t < input->observations; t++) {
        for (size_t i = 0; i < input->assets; i++)
            if (isinf(input->returns[t * input->assets + i]))
                return tw_error_set(error, TW_INVALID,
                                    "the return of asset %zu in row %zu is "
                                    "infinite",
                                    i, t);
        if (input->benchmark != NULL && isinf(input->benchmark[t]))
            return tw_error_set(error, TW_INVALID, "the benchmark in row %zu is infinite", t);
    }
    return TW_OK;
}

/* The portfolio return of a row, NaN when an asset that counts is missing. */
static double row_return(const tw_risk_input *input, size_t row) {
    careful_sum total = {0};
    for (size_t i = 0; i < input->assets; i++) {
        if (input->weights[i] == 0)
            continue;
        double value = input->returns[row * input->assets + i];
        if (isnan(value))
            return NAN;
        careful_add(&total, input->weights[i] * value);
    }
    return careful_value(&total);
}

/* Establishes invariants 1 to 3. */
static tw_status collect_rows(tw_risk *risk, const tw_risk_config *config,
                              const tw_risk_input *input, tw_risk_report *report, tw_error *error) {
    size_t used = 0;
    for (size_t t = 0; t < input->observations; t++) {
        double value = row_return(input, t);
        if (isnan(value)) {
            if (config->fail_missing)
                return tw_error_set(error, TW_INVALID, "row %zu has a missing return", t);
            report->skipped++;
            continue;
        }
        risk->rows[used] = t;
        risk->portfolio[used] = value;
        used++;
    }
    if (used == 0)
        return tw_error_set(error, TW_EMPTY, "no row of %zu has all the returns it needs",
                            input->observations);
    report->observations = used;
    report->assets = input->assets;
    risk_tail_sort(risk->portfolio, used, risk->order, risk->scratch);
    for (size_t k = 0; k < used; k++)
        risk->sorted[k] = risk->portfolio[risk->order[k]];
    return TW_OK;
}

/* a / b, NaN when there is nothing to divide by. */
static double quotient(double a, double b) {
    return b == 0 || isnan(b) ? NAN : a / b;
}

static void fill_downside(const double *values, size_t count, double mean, double periods,
                          tw_risk_report *report) {
    double wanted = report->minimum_acceptable_per_period;
    careful_sum squares = {0};
    careful_sum gains = {0};
    careful_sum losses = {0};
    for (size_t i = 0; i < count; i++) {
        double d = values[i] - wanted;
        if (d < 0) {
            careful_add(&squares, d * d);
            careful_add(&losses, -d);
        } else {
            careful_add(&gains, d);
        }
    }
    report->downside_deviation = sqrt(careful_value(&squares) / (double)count);
    report->sortino = quotient(mean - wanted, report->downside_deviation) * sqrt(periods);
    report->omega = quotient(careful_value(&gains), careful_value(&losses));
}

static void fill_portfolio(const tw_risk *risk, const risk_moments *m, tw_risk_report *report) {
    double periods = report->periods_per_year;
    double count = (double)m->count;
    report->mean = m->mean;
    report->volatility = risk_series_deviation(m, 1);
    report->mean_annual = m->mean * periods;
    report->volatility_annual = report->volatility * sqrt(periods);
    report->sharpe =
        quotient(m->mean - report->risk_free_per_period, report->volatility) * sqrt(periods);
    report->skewness = risk_series_skewness_sample(m);
    report->excess_kurtosis = risk_series_kurtosis_sample(m);
    report->best = m->best;
    report->worst = m->worst;
    risk_path path = risk_series_path_of(risk->portfolio, m->count);
    report->total_return = path.value - 1;
    report->cagr = pow(path.value, periods / count) - 1;
    report->max_drawdown = path.max_drawdown;
    report->calmar = quotient(report->cagr, path.max_drawdown);
    fill_downside(risk->portfolio, m->count, m->mean, periods, report);
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
    risk_moments p = risk_series_moments_of(risk->paired, count, 0);
    risk_moments b = risk_series_moments_of(risk->benchmark, count, 0);
    double size = fmax(fmax(fabs(p.best), fabs(p.worst)), fmax(fabs(b.best), fabs(b.worst)));
    risk_moments a = risk_series_moments_of(risk->active, count, size);
    double product = risk_series_product(risk->paired, p.mean, risk->benchmark, b.mean, count);
    double free = report->risk_free_per_period;
    double root = sqrt(report->periods_per_year);
    double active_deviation = risk_series_deviation(&a, 1);
    report->beta = p.s2 == 0 && b.s2 > 0 ? 0 : quotient(product, b.s2);
    report->alpha = (p.mean - free) - report->beta * (b.mean - free);
    report->alpha_annual = report->alpha * report->periods_per_year;
    report->correlation = quotient(product, sqrt(p.s2) * sqrt(b.s2));
    report->tracking_error = active_deviation * root;
    report->information_ratio = quotient(a.mean, active_deviation) * root;
}

static void fill_concentration(const tw_risk_input *input, tw_risk_report *report) {
    careful_sum gross = {0};
    careful_sum net = {0};
    careful_sum squares = {0};
    for (size_t i = 0; i < input->assets; i++) {
        careful_add(&gross, fabs(input->weights[i]));
        careful_add(&net, input->weights[i]);
    }
    report->gross = careful_value(&gross);
    report->net = careful_value(&net);
    for (size_t i = 0; i < input->assets; i++) {
        double share = fabs(input->weights[i]) / report->gross;
        careful_add(&squares, share * share);
    }
    report->hhi = careful_value(&squares);
    report->effective_assets = 1 / report->hhi;
}

static void fill_estimates(const tw_risk *risk, const tw_risk_config *config, const risk_moments *m,
                           tw_risk_report *report) {
    tw_risk_estimate *next = report->estimates;
    for (uint32_t i = 0; i < config->confidence_count; i++) {
        double confidence = config->confidences[i];
        *next++ = risk_tail_historical(risk->sorted, m->count, confidence);
        *next++ = risk_tail_gaussian(m, confidence);
        *next++ = risk_tail_cornish_fisher(m, confidence);
    }
    report->estimate_count = (uint32_t)(next - report->estimates);
}

static void copy_column(const tw_risk *risk, const tw_risk_input *input, size_t asset, size_t count,
                        double *column) {
    for (size_t k = 0; k < count; k++)
        column[k] = input->returns[risk->rows[k] * input->assets + asset];
}

/* The part of one asset in the historical tail figures, scenario by scenario. */
static void tail_contribution(const tw_risk *risk, size_t count, double confidence, double weight,
                              double *ret_var, double *ret_shortfall) {
    risk_place place = risk_tail_place_of(count, confidence);
    const double *column = risk->column;
    const size_t *order = risk->order;
    double low = column[order[place.var_low]];
    double high = column[order[place.var_high]];
    *ret_var = -weight * (low + place.var_part * (high - low));
    careful_sum total = {0};
    for (size_t k = 0; k < place.es_whole; k++)
        careful_add(&total, column[order[k]]);
    careful_add(&total, place.es_part * column[order[place.es_whole]]);
    double reach = (double)place.es_whole + place.es_part;
    *ret_shortfall = -weight * careful_value(&total) / reach;
}

static void fill_contribution(tw_risk *risk, const tw_risk_config *config,
                              const tw_risk_input *input, const risk_moments *p, size_t asset) {
    tw_risk_contribution *c = &risk->contributions[asset];
    memset(c, 0, sizeof *c);
    c->weight = input->weights[asset];
    double deviation = risk_series_deviation(p, 1);
    if (isnan(deviation) || deviation == 0)
        c->volatility_share = NAN;
    if (c->weight == 0)
        return; /* adds nothing, whatever its returns are */
    copy_column(risk, input, asset, p->count, risk->column);
    risk_moments m = risk_series_moments_of(risk->column, p->count, 0);
    double product = risk_series_product(risk->column, m.mean, risk->portfolio, p->mean, p->count);
    double n = (double)p->count;
    double flat = deviation == 0 ? 0 : NAN; /* what a quotient by no deviation stands for here */
    c->volatility = deviation > 0 ? c->weight * product / (n - 1) / deviation : flat;
    if (deviation > 0)
        c->volatility_share = c->weight * product / p->s2;
    double population = p->count >= 2 ? risk_series_deviation(p, 0) : NAN;
    double slope = population > 0 ? c->weight * product / n / population : flat;
    for (uint32_t i = 0; i < config->confidence_count; i++) {
        double z = tw_risk_normal_quantile(1 - config->confidences[i]);
        c->var_gaussian[i] = -c->weight * m.mean + fabs(z) * slope;
        tail_contribution(risk, p->count, config->confidences[i], c->weight, &c->var_historical[i],
                          &c->shortfall_historical[i]);
    }
}

static void fill_covariance(tw_risk *risk, const tw_risk_input *input, size_t count) {
    size_t assets = input->assets;
    for (size_t i = 0; i < assets; i++) {
        copy_column(risk, input, i, count, risk->column);
        risk->means[i] = risk_series_moments_of(risk->column, count, 0).mean;
    }
    for (size_t i = 0; i < assets; i++) {
        for (size_t j = 0; j <= i; j++) {
            careful_sum total = {0};
            for (size_t k = 0; k < count; k++) {
                const double *row = input->returns + risk->rows[k] * assets;
                careful_add(&total, (row[i] - risk->means[i]) * (row[j] - risk->means[j]));
            }
            double value = count < 2 ? NAN : careful_value(&total) / (double)(count - 1);
            risk->covariance[i * assets + j] = value;
            risk->covariance[j * assets + i] = value;
        }
    }
}

tw_status tw_risk_compute(tw_risk *risk, const tw_risk_config *config, const tw_risk_input *input,
                          tw_risk_report *ret_report, tw_error *error) {
    TW_ASSERT(risk != NULL && config != NULL && input != NULL && ret_report != NULL);
    tw_status status = config_check(config, error);
    if (status == TW_OK)
        status = input_check(risk, input, error);
    if (status != TW_OK)
        return status;
    tw_risk_report report;
    memset(&report, 0, sizeof report);
    report.periods_per_year = config->periods_per_year;
    report.risk_free_per_period = rate_per_period(config->risk_free, config->periods_per_year);
    report.minimum_acceptable_per_period =
        rate_per_period(config->minimum_acceptable, config->periods_per_year);
    status = collect_rows(risk, config, input, &report, error);
    if (status != TW_OK)
        return status;

    risk_moments moments = risk_series_moments_of(risk->portfolio, report.observations, 0);
    fill_portfolio(risk, &moments, &report);
    fill_benchmark(risk, input, &report);
    fill_concentration(input, &report);
    fill_estimates(risk, config, &moments, &report);
    for (size_t i = 0; i < input->assets; i++)
        fill_contribution(risk, config, input, &moments, i);
    report.contributions = risk->contributions;
    if (config->covariance) {
        fill_covariance(risk, input, report.observations);
        report.covariance = risk->covariance;
    }
    *ret_report = report;
    return TW_OK;
}

const char *tw_risk_method_name(tw_risk_method method) {
    switch (method) {
    case TW_RISK_HISTORICAL:
        return "historical";
    case TW_RISK_GAUSSIAN:
        return "gaussian";
    case TW_RISK_CORNISH_FISHER:
        return "cornish_fisher";
    default:
        return "unknown";
    }
}

const tw_risk_convention *tw_risk_conventions(size_t *ret_count) {
    static const tw_risk_convention table[] = {
        {"portfolio_return", "sum of weight x simple return; weights restored every period"},
        {"deviation", "sample, ddof 1"},
        {"annualisation", "arithmetic: mean x N, deviation x sqrt(N); cagr geometric"},
        {"rates", "a yearly rate is divided by N"},
        {"sharpe", "mean excess over sd of excess, annual"},
        {"sortino", "downside deviation over all periods, not centred, annual"},
        {"losses", "positive: drawdown, VaR, expected shortfall"},
        {"max_drawdown", "from a value of 1 before the first return"},
        {"var_historical", "linear quantile, type 7"},
        {"expected_shortfall_historical", "Rockafellar-Uryasev, fractional tail weight"},
        {"var_gaussian", "population moments"},
        {"var_cornish_fisher", "population moments; Boudt, Peterson and Croux (2008)"},
        {"skewness", "sample, G1"},
        {"excess_kurtosis", "sample, G2"},
        {"missing", "rows with a missing return of non-zero weight are skipped and counted"},
    };
    TW_ASSERT(ret_count != NULL);
    *ret_count = sizeof table / sizeof table[0];
    return table;
}
