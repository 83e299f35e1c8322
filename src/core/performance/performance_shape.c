/*
 * performance_shape.c - figures that need the observations in their order.
 */
#include "performance_priv.h"

/* RiskMetrics: zero mean, weights (1 - l) l^k / (1 - l^n) of the k-th newest. */
double performance_ewma_volatility(tw_performance *p) {
    double decay = p->config.decay;
    double squares = 0;
    double weights = 0;
    for (size_t i = 0; i < p->count; i++) {
        squares = squares * decay + p->returns[i] * p->returns[i];
        weights = weights * decay + 1;
    }
    return sqrt(squares / weights);
}

/* ---- Autocorrelation ----------------------------------------------------------------------- */

void tw_performance_autocorrelations(tw_performance *p, size_t lag_count, double *ret_values) {
    TW_ASSERT(p != NULL && lag_count <= TW_PERFORMANCE_LAG_MAX);
    series_view all = {p->returns, NULL, p->count, 0, 1};
    series_moments m = {.mean = NAN, .scale = 1};
    if (p->count > 0)
        m = series_level_of(p->lanes, &all, (double)p->count);
    series_products whole = {0};
    if (p->count > 0)
        p->lanes->products(&all, &all, &whole);
    for (size_t lag = 1; lag <= lag_count; lag++) {
        ret_values[lag - 1] = NAN;
        if (p->count <= lag || whole.aa == 0)
            continue;
        series_view late = {p->returns + lag, NULL, p->count - lag, m.mean, m.scale};
        series_view early = {p->returns, NULL, p->count - lag, m.mean, m.scale};
        series_products products;
        p->lanes->products(&late, &early, &products);
        ret_values[lag - 1] = products.ab / whole.aa;
    }
}

double performance_autocorrelation(tw_performance *p) {
    double values[TW_PERFORMANCE_LAG_MAX];
    size_t lag = p->config.autocorrelation_lag;
    tw_performance_autocorrelations(p, lag, values);
    return values[lag - 1];
}

/* Q = n (n + 2) sum over the lags of rho^2 / (n - lag) (Ljung and Box 1978). */
double performance_ljung_box(tw_performance *p) {
    double values[TW_PERFORMANCE_LAG_MAX];
    size_t count = p->config.autocorrelation_lag;
    double n = (double)p->count;
    double sum = 0;
    tw_performance_autocorrelations(p, count, values);
    for (size_t i = 0; i < count; i++)
        sum += values[i] * values[i] / (n - (double)(i + 1));
    return n * (n + 2) * sum;
}

/* That a chi-squared value of so many degrees of freedom is above `q`: its closed forms, a sum of
 * Poisson's for even ones, a normal tail and a sum for odd ones. */
static double chi_squared_tail(double q, size_t degrees) {
    bool even = degrees % 2 == 0;
    double root = sqrt(q);
    double term = even ? 1 : root * 0x1.9884533d43651p-1; /* sqrt(2 / pi) */
    double sum = 0;
    for (size_t i = even ? 0 : 1; 2 * i + (even ? 0 : 1) <= degrees - (even ? 2 : 0); i++) {
        sum += term;
        term *= q / (double)(2 * i + (even ? 2 : 1));
    }
    return natural_exponential(-q / 2) * sum + (even ? 0 : 2 * normal_probability(-root));
}

double performance_ljung_box_probability(tw_performance *p) {
    double q = performance_ljung_box(p);
    return isnan(q) ? NAN : chi_squared_tail(q, p->config.autocorrelation_lag);
}

/* ---- Paths --------------------------------------------------------------------------------- */

/* The range of the summed deviations from the mean, over the deviation (ddof 1), as a power of n
 * (Mandelbrot 1972). */
double performance_hurst(tw_performance *p) {
    const series_moments *m = &p->facts.moments;
    double deviation = series_deviation(&p->facts.size, m, 1);
    double sum = 0;
    double least = INFINITY;
    double greatest = -INFINITY;
    for (size_t i = 0; i < p->count; i++) {
        sum += p->returns[i] - m->mean;
        least = sum < least ? sum : least;
        greatest = sum > greatest ? sum : greatest;
    }
    double scaled = (greatest - least) / deviation;
    if (!(deviation > 0) || !(scaled > 0))
        return NAN;
    return natural_logarithm(scaled) / natural_logarithm((double)p->count);
}

double performance_stability(tw_performance *p) {
    double *sums = p->scratch[0];
    double *places = p->scratch[1];
    double sum = 0;
    for (size_t i = 0; i < p->count; i++) {
        if (p->returns[i] <= -1)
            return NAN;
        sum += natural_logarithm(1 + p->returns[i]);
        sums[i] = sum;
        places[i] = (double)i;
    }
    series_view a = {sums, NULL, p->count, 0, 1};
    series_view b = {places, NULL, p->count, 0, 1};
    series_level_of(p->lanes, &a, (double)p->count);
    series_level_of(p->lanes, &b, (double)p->count);
    series_products products;
    a.scale = b.scale = 1;
    p->lanes->products(&a, &b, &products);
    double scale = products.aa * products.bb;
    return scale > 0 ? products.ab * products.ab / scale : NAN;
}
