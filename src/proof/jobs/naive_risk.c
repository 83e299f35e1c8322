/* naive_risk.c - see naive_risk.h. */
#include "naive_risk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double DAYS_PER_YEAR = 252;

static double mean_of(const double *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum / (double)count;
}

static double covariance_of(const double *a, double mean_a, const double *b, double mean_b,
                            size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (a[i] - mean_a) * (b[i] - mean_b);
    return sum / (double)(count - 1);
}

static void find_covariances(const naive_portfolio *p) {
    for (size_t i = 0; i < p->assets; i++)
        p->means[i] = mean_of(&p->series[i * p->days], p->days);
    for (size_t i = 0; i < p->assets; i++) {
        for (size_t j = 0; j <= i; j++) {
            double both = covariance_of(&p->series[i * p->days], p->means[i],
                                        &p->series[j * p->days], p->means[j], p->days);
            p->covariance[i * p->assets + j] = both;
            p->covariance[j * p->assets + i] = both;
        }
    }
}

static void find_returns(const naive_portfolio *p) {
    for (size_t day = 0; day < p->days; day++)
        p->returns[day] = 0;
    for (size_t i = 0; i < p->assets; i++) {
        for (size_t day = 0; day < p->days; day++)
            p->returns[day] += p->weights[i] * p->series[i * p->days + day];
    }
}

/* Returns the variance of the portfolio, and what part of it each asset brings. */
static double find_shares(const naive_portfolio *p) {
    double variance = 0;
    for (size_t i = 0; i < p->assets; i++) {
        double with_all = 0;
        for (size_t j = 0; j < p->assets; j++)
            with_all += p->covariance[i * p->assets + j] * p->weights[j];
        p->shares[i] = p->weights[i] * with_all;
        variance += p->shares[i];
    }
    for (size_t i = 0; i < p->assets; i++)
        p->shares[i] /= variance;
    return variance;
}

static double downside_of(const double *returns, size_t days) {
    double squares = 0;
    for (size_t day = 0; day < days; day++)
        squares += returns[day] < 0 ? returns[day] * returns[day] : 0;
    return sqrt(squares / (double)days);
}

static double drawdown_of(const double *returns, size_t days) {
    double value = 1;
    double peak = 1;
    double most = 0;
    for (size_t day = 0; day < days; day++) {
        value *= 1 + returns[day];
        peak = value > peak ? value : peak;
        most = 1 - value / peak > most ? 1 - value / peak : most;
    }
    return most;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void find_tail(const naive_portfolio *p, double share, double *ret_value,
                      double *ret_shortfall) {
    double place = share * (double)(p->days - 1);
    size_t low = (size_t)place;
    *ret_value = -(p->sorted[low] + (place - (double)low) * (p->sorted[low + 1] - p->sorted[low]));
    double exact = share * (double)p->days;
    size_t whole = (size_t)exact;
    double sum = (exact - (double)whole) * p->sorted[whole];
    for (size_t i = 0; i < whole; i++)
        sum += p->sorted[i];
    *ret_shortfall = -sum / exact;
}

void naive_risk(const naive_portfolio *p, risk_figures *ret_figures) {
    static const double shares[RISK_CONFIDENCES] = {0.05, 0.01};
    find_covariances(p);
    find_returns(p);
    double mean = mean_of(p->returns, p->days);
    double volatility = sqrt(find_shares(p));
    double market = mean_of(p->benchmark, p->days);
    ret_figures->mean_annual = mean * DAYS_PER_YEAR;
    ret_figures->volatility_annual = volatility * sqrt(DAYS_PER_YEAR);
    ret_figures->sharpe = (mean - p->risk_free) / volatility * sqrt(DAYS_PER_YEAR);
    ret_figures->sortino = mean / downside_of(p->returns, p->days) * sqrt(DAYS_PER_YEAR);
    ret_figures->max_drawdown = drawdown_of(p->returns, p->days);
    ret_figures->beta = covariance_of(p->returns, mean, p->benchmark, market, p->days) /
                        covariance_of(p->benchmark, market, p->benchmark, market, p->days);
    memcpy(p->sorted, p->returns, p->days * sizeof p->sorted[0]);
    qsort(p->sorted, p->days, sizeof p->sorted[0], by_value);
    for (size_t i = 0; i < RISK_CONFIDENCES; i++)
        find_tail(p, shares[i], &ret_figures->value_at_risk[i], &ret_figures->shortfall[i]);
}
