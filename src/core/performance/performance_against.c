/*
 * performance_against.c - the formulas against a benchmark, from the facts of pairs.
 *
 * All of them are over the periods in which both values are there. Growth rates are annual and
 * compounded; deviations of both sides have the ddof of the configuration.
 */
#include "performance_figures.h"

typedef const performance_facts facts_of;
typedef const performance_pair pair_of;

double against_skipped(facts_of *f) {
    return f->benchmark_skipped;
}

/* ---- Regression ---------------------------------------------------------------------------- */

static double beta_of(pair_of *p) {
    return series_beta(&p->size, &p->products);
}

static double alpha_of(pair_of *p) {
    return p->excess_a - beta_of(p) * p->excess_b;
}

static double annual_of(facts_of *f, double alpha) {
    double periods = f->config->periods_per_year;
    if (f->config->annual == TW_ANNUAL_ARITHMETIC || isnan(alpha))
        return alpha * periods;
    return series_growth_rate((series_growth){.value = fmax(1 + alpha, 0)}, periods);
}

double against_alpha(facts_of *f) {
    return alpha_of(&f->pair);
}

double against_alpha_annual(facts_of *f) {
    return annual_of(f, alpha_of(&f->pair));
}

double against_beta(facts_of *f) {
    return beta_of(&f->pair);
}

double against_fama_beta(facts_of *f) {
    pair_of *p = &f->pair;
    return p->size.count < 2 ? NAN
                             : performance_quotient(f, sqrt(p->products.aa), sqrt(p->products.bb));
}

double against_correlation(facts_of *f) {
    return series_correlation(&f->pair.products);
}

double against_r_squared(facts_of *f) {
    double correlation = against_correlation(f);
    return correlation * correlation;
}

double against_beta_bull(facts_of *f) {
    return beta_of(&f->bull);
}

double against_beta_bear(facts_of *f) {
    return beta_of(&f->bear);
}

double against_timing(facts_of *f) {
    return performance_quotient(f, beta_of(&f->bull), beta_of(&f->bear));
}

double against_up_alpha(facts_of *f) {
    return annual_of(f, alpha_of(&f->up));
}

double against_up_beta(facts_of *f) {
    return beta_of(&f->up);
}

double against_down_alpha(facts_of *f) {
    return annual_of(f, alpha_of(&f->down));
}

double against_down_beta(facts_of *f) {
    return beta_of(&f->down);
}

/* ---- Capture ------------------------------------------------------------------------------- */

static double rate_of(facts_of *f, pair_of *p, series_growth growth) {
    if (p->size.count == 0)
        return NAN;
    return series_growth_rate(growth, 1 / performance_years(f, p->size.count));
}

static double rate_a(facts_of *f) {
    return rate_of(f, &f->pair, f->pair.growth_a);
}

static double rate_b(facts_of *f) {
    return rate_of(f, &f->pair, f->pair.growth_b);
}

/* When what is missing takes its time, each side grows over the whole of it. */
double against_capture(facts_of *f) {
    double power = 1 / performance_years(f, f->size.count);
    if (f->config->missing_takes_time && f->pair.size.count > 0)
        return performance_quotient(f, series_growth_rate(f->pair.alone_a, power),
                                    series_growth_rate(f->pair.alone_b, power));
    return performance_quotient(f, rate_a(f), rate_b(f));
}

static double capture_of(facts_of *f, pair_of *p) {
    if (p->size.count == 0)
        return NAN;
    if (f->config->capture == TW_CAPTURE_MEAN)
        return performance_quotient(f, p->mean_a, p->mean_b);
    double power =
        f->config->capture == TW_CAPTURE_TOTAL ? 1 : f->config->periods_per_year / p->size.count;
    return performance_quotient(f, series_growth_rate(p->growth_a, power),
                                series_growth_rate(p->growth_b, power));
}

double against_up_capture(facts_of *f) {
    return capture_of(f, &f->up);
}

double against_down_capture(facts_of *f) {
    return capture_of(f, &f->down);
}

double against_up_down_capture(facts_of *f) {
    return performance_quotient(f, capture_of(f, &f->up), capture_of(f, &f->down));
}

static double part_of(pair_of *p, double weight) {
    return p->size.weight > 0 ? weight / p->size.weight : NAN;
}

double against_batting(facts_of *f) {
    return part_of(&f->pair, f->pair.wins);
}

double against_up_batting(facts_of *f) {
    return part_of(&f->up, f->up.wins);
}

double against_down_batting(facts_of *f) {
    return part_of(&f->down, f->down.wins);
}

double against_up_number(facts_of *f) {
    return part_of(&f->up, f->up.rises);
}

double against_down_number(facts_of *f) {
    return part_of(&f->down, f->down.falls);
}

/* ---- Active returns ------------------------------------------------------------------------ */

double against_tracking_error(facts_of *f) {
    return sqrt(series_variance(&f->pair.size, f->pair.active_square, f->config->ddof));
}

double against_tracking_error_annual(facts_of *f) {
    return against_tracking_error(f) * performance_root_periods(f);
}

double against_active_premium(facts_of *f) {
    return rate_a(f) - rate_b(f);
}

double against_information(facts_of *f) {
    return performance_quotient(f, f->pair.active_mean, against_tracking_error(f));
}

double against_information_annual(facts_of *f) {
    return against_information(f) * performance_root_periods(f);
}

double against_information_geometric(facts_of *f) {
    return performance_quotient(f, against_active_premium(f), against_tracking_error_annual(f));
}

/* ---- Bacon, Practical Portfolio Performance Measurement and Attribution, 2008 ---------------- */

double against_jensen_alpha(facts_of *f) {
    double free = performance_free_annual(f);
    return rate_a(f) - free - beta_of(&f->pair) * (rate_b(f) - free);
}

double against_epsilon(facts_of *f) {
    return against_jensen_alpha(f) - alpha_of(&f->pair);
}

static double annual_deviation(facts_of *f, double square) {
    return sqrt(series_variance(&f->pair.size, square, f->config->ddof)) *
           performance_root_periods(f);
}

double against_systematic(facts_of *f) {
    return beta_of(&f->pair) * annual_deviation(f, f->pair.products.bb);
}

/* What the regression leaves; below a rounding of the whole there is nothing left. */
double against_specific(facts_of *f) {
    const series_products *s = &f->pair.products;
    double left = s->aa - beta_of(&f->pair) * s->ab;
    left = left <= 0x1p-50 * s->aa ? 0 : left;
    return sqrt(series_variance(&f->pair.size, left, f->config->residual_ddof)) *
           performance_root_periods(f);
}

double against_total_risk(facts_of *f) {
    double systematic = against_systematic(f);
    double specific = against_specific(f);
    return sqrt(systematic * systematic + specific * specific);
}

double against_appraisal(facts_of *f) {
    return performance_quotient(f, against_jensen_alpha(f), against_specific(f));
}

double against_appraisal_modified(facts_of *f) {
    return performance_quotient(f, against_jensen_alpha(f), beta_of(&f->pair));
}

double against_appraisal_alternative(facts_of *f) {
    return performance_quotient(f, against_jensen_alpha(f), against_systematic(f));
}

double against_treynor(facts_of *f) {
    return performance_quotient(f, rate_a(f) - performance_free_annual(f), beta_of(&f->pair));
}

double against_treynor_modified(facts_of *f) {
    return performance_quotient(f, rate_a(f) - performance_free_annual(f), against_systematic(f));
}

/* Modigliani and Modigliani 1997: the growth rate at the benchmark's deviation. */
double against_m_squared(facts_of *f) {
    double free = performance_free_annual(f);
    double slope =
        performance_quotient(f, rate_a(f) - free, annual_deviation(f, f->pair.products.aa));
    return free + slope * annual_deviation(f, f->pair.products.bb);
}

double against_m_squared_excess(facts_of *f) {
    return against_m_squared(f) - rate_b(f);
}

double against_m_squared_geometric(facts_of *f) {
    return performance_quotient(f, 1 + against_m_squared(f), 1 + rate_b(f)) - 1;
}

/* Downside deviation over the pairs, a period. */
static double downside_of(facts_of *f, double shortfall) {
    return sqrt(shortfall / f->pair.size.weight);
}

double against_m_squared_sortino(facts_of *f) {
    double own = downside_of(f, f->pair.shortfall_a);
    double other = downside_of(f, f->pair.shortfall_b);
    double ratio = performance_quotient(f, f->pair.mean_a - f->wanted, own);
    return rate_a(f) + ratio * (other - own) * performance_root_periods(f);
}

double against_omega_excess(facts_of *f) {
    return rate_a(f) - 3 * downside_of(f, f->pair.shortfall_a) *
                           downside_of(f, f->pair.shortfall_b) * f->config->periods_per_year;
}
