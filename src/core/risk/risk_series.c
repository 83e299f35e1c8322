/*
 * risk_series.c - moments and the path of one series.
 *
 * Two passes: a mean, then deviations from it; the mean is corrected by the mean deviation. All
 * sums are compensated and in the order of the series, so the result is the same everywhere.
 */
#include <float.h>

#include "risk_priv.h"

static double mean_of(const double *values, size_t count) {
    careful_sum total = {0};
    for (size_t i = 0; i < count; i++)
        careful_add(&total, values[i]);
    double mean = careful_value(&total) / (double)count;
    careful_sum rest = {0};
    for (size_t i = 0; i < count; i++)
        careful_add(&rest, values[i] - mean);
    return mean + careful_value(&rest) / (double)count;
}

risk_moments risk_series_moments_of(const double *values, size_t count, double scale) {
    risk_moments m = {.count = count, .mean = NAN, .best = NAN, .worst = NAN};
    if (count == 0)
        return m;
    m.best = m.worst = values[0];
    for (size_t i = 1; i < count; i++) {
        m.best = values[i] > m.best ? values[i] : m.best;
        m.worst = values[i] < m.worst ? values[i] : m.worst;
    }
    double size = fmax(scale, fmax(fabs(m.best), fabs(m.worst)));
    m.mean = m.best == m.worst ? m.best : mean_of(values, count);
    if (m.best - m.worst <= 8 * DBL_EPSILON * size)
        return m; /* constant: the powers stay exactly 0 */
    careful_sum s2 = {0};
    careful_sum s3 = {0};
    careful_sum s4 = {0};
    for (size_t i = 0; i < count; i++) {
        double d = values[i] - m.mean;
        double square = d * d;
        careful_add(&s2, square);
        careful_add(&s3, square * d);
        careful_add(&s4, square * square);
    }
    m.s2 = careful_value(&s2);
    m.s3 = careful_value(&s3);
    m.s4 = careful_value(&s4);
    return m;
}

double risk_series_deviation(const risk_moments *moments, size_t ddof) {
    if (moments->count <= ddof)
        return NAN;
    return sqrt(moments->s2 / (double)(moments->count - ddof));
}

/* G1 = sqrt(n (n - 1)) / (n - 2) x g1, g1 from population moments. */
double risk_series_skewness_sample(const risk_moments *moments) {
    if (moments->count < 3 || moments->s2 <= 0)
        return NAN;
    double n = (double)moments->count;
    double m2 = moments->s2 / n;
    double g1 = moments->s3 / n / (m2 * sqrt(m2));
    return sqrt(n * (n - 1)) / (n - 2) * g1;
}

/* G2 = (n - 1) / ((n - 2)(n - 3)) x ((n + 1) g2 + 6). */
double risk_series_kurtosis_sample(const risk_moments *moments) {
    if (moments->count < 4 || moments->s2 <= 0)
        return NAN;
    double n = (double)moments->count;
    double m2 = moments->s2 / n;
    double g2 = moments->s4 / n / (m2 * m2) - 3;
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6);
}

double risk_series_product(const double *a, double mean_a, const double *b, double mean_b,
                           size_t count) {
    careful_sum total = {0};
    for (size_t i = 0; i < count; i++)
        careful_add(&total, (a[i] - mean_a) * (b[i] - mean_b));
    return careful_value(&total);
}

risk_path risk_series_path_of(const double *returns, size_t count) {
    risk_path path = {.value = 1};
    double peak = 1;
    for (size_t i = 0; i < count; i++) {
        path.value *= 1 + returns[i];
        if (path.value <= 0)
            return (risk_path){.value = 0, .max_drawdown = 1}; /* ruin: nothing can come back */
        peak = path.value > peak ? path.value : peak;
        double drawdown = (peak - path.value) / peak;
        path.max_drawdown = drawdown > path.max_drawdown ? drawdown : path.max_drawdown;
    }
    return path;
}
