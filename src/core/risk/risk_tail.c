/*
 * risk_tail.c - value at risk and expected shortfall, three ways.
 *
 * Cornish-Fisher after Boudt, Peterson and Croux (2008), with S and K the population skewness and
 * excess kurtosis and z the normal quantile of the tail probability a:
 *     h  = z + (z^2 - 1) S/6 + (z^3 - 3z) K/24 - (2z^3 - 5z) S^2/36
 *     VaR = -(m + h s)
 *     ES  = -m + s/a x phi(h) (1 + (H3 + 3 H1) S/6 + (H4 + 4 H2) K/24 + (H6 + 6 H4) S^2/72)
 * with Hi the Hermite polynomials at h; the ES is taken no lower than the VaR.
 */
#include "risk_priv.h"

double tw_risk_quantile_sorted(const double *values, size_t count, double probability) {
    TW_ASSERT(count > 0 && probability >= 0 && probability <= 1);
    double place = (double)(count - 1) * probability;
    size_t low = (size_t)floor(place);
    if (low + 1 >= count)
        return values[count - 1];
    return values[low] + (place - (double)low) * (values[low + 1] - values[low]);
}

/* The rational approximations of AS 241 (PPND16), by region. */
static double ratio(const double *p, const double *q, double r) {
    double above = p[7];
    double below = q[7];
    for (int i = 6; i >= 0; i--) {
        above = above * r + p[i];
        below = below * r + q[i];
    }
    return above / below;
}

double tw_risk_normal_quantile(double probability) {
    static const double a[8] = {3.3871328727963666080e0, 1.3314166789178437745e2,
                                1.9715909503065514427e3, 1.3731693765509461125e4,
                                4.5921953931549871457e4, 6.7265770927008700853e4,
                                3.3430575583588128105e4, 2.5090809287301226727e3};
    static const double b[8] = {1.0,
                                4.2313330701600911252e1,
                                6.8718700749205790830e2,
                                5.3941960214247511077e3,
                                2.1213794301586595867e4,
                                3.9307895800092710610e4,
                                2.8729085735721942674e4,
                                5.2264952788528545610e3};
    static const double c[8] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                5.76949722146069140550e0,  3.64784832476320460504e0,
                                1.27045825245236838258e0,  2.41780725177450611770e-1,
                                2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[8] = {1.0,
                                2.05319162663775882187e0,
                                1.67638483018380384940e0,
                                6.89767334985100004550e-1,
                                1.48103976427480074590e-1,
                                1.51986665636164571966e-2,
                                5.47593808499534494600e-4,
                                1.05075007164441684324e-9};
    static const double e[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                1.78482653991729133580e0,  2.96560571828504891230e-1,
                                2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[8] = {1.0,
                                5.99832206555887937690e-1,
                                1.36929880922735805310e-1,
                                1.48753612908506148525e-2,
                                7.86869131145613259100e-4,
                                1.84631831751005468180e-5,
                                1.42151175831644588870e-7,
                                2.04426310338993978564e-15};
    if (!(probability > 0 && probability < 1))
        return NAN;
    double q = probability - 0.5;
    if (fabs(q) <= 0.425)
        return q * ratio(a, b, 0.180625 - q * q);
    double r = sqrt(-log(q < 0 ? probability : 1 - probability));
    double z = r <= 5 ? ratio(c, d, r - 1.6) : ratio(e, f, r - 5);
    return q < 0 ? -z : z;
}

static double normal_density(double x) {
    return exp(-0.5 * x * x) / sqrt(2 * 3.14159265358979323846);
}

void risk_tail_sort(const double *values, size_t count, size_t *order, size_t *scratch) {
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    /* Bottom-up merging is stable: ties stay in the order of the rows. */
    size_t *from = order;
    size_t *to = scratch;
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t start = 0; start < count; start += 2 * run) {
            size_t middle = start + run < count ? start + run : count;
            size_t end = middle + run < count ? middle + run : count;
            size_t left = start;
            size_t right = middle;
            for (size_t k = start; k < end; k++) {
                bool take_left =
                    left < middle && (right >= end || values[from[left]] <= values[from[right]]);
                to[k] = take_left ? from[left++] : from[right++];
            }
        }
        size_t *swap = from;
        from = to;
        to = swap;
    }
    for (size_t i = 0; from != order && i < count; i++)
        order[i] = from[i];
}

risk_place risk_tail_place_of(size_t count, double confidence) {
    TW_ASSERT(count > 0 && confidence > 0.5 && confidence < 1);
    double tail = 1 - confidence;
    double place = (double)(count - 1) * tail;
    double reach = (double)count * tail;
    risk_place p = {0};
    p.var_low = (size_t)floor(place);
    p.var_high = p.var_low + 1 < count ? p.var_low + 1 : p.var_low;
    p.var_part = place - floor(place);
    p.es_whole = (size_t)floor(reach);
    p.es_part = reach - floor(reach);
    return p;
}

tw_risk_estimate risk_tail_historical(const double *sorted, size_t count, double confidence) {
    risk_place place = risk_tail_place_of(count, confidence);
    careful_sum total = {0};
    for (size_t i = 0; i < place.es_whole; i++)
        careful_add(&total, sorted[i]);
    careful_add(&total, place.es_part * sorted[place.es_whole]);
    double value = -tw_risk_quantile_sorted(sorted, count, 1 - confidence);
    double reach = (double)place.es_whole + place.es_part;
    double shortfall = -careful_value(&total) / reach;
    return (tw_risk_estimate){.confidence = confidence,
                              .value = value,
                              .expected_shortfall = shortfall > value ? shortfall : value,
                              .method = TW_RISK_HISTORICAL,
                              .valid = true};
}

tw_risk_estimate risk_tail_gaussian(const risk_moments *moments, double confidence) {
    bool enough = moments->count >= 2;
    double tail = 1 - confidence;
    double z = tw_risk_normal_quantile(tail);
    double s = enough ? risk_series_deviation(moments, 0) : NAN;
    return (tw_risk_estimate){.confidence = confidence,
                              .value = -(moments->mean + z * s),
                              .expected_shortfall = -moments->mean + s * normal_density(z) / tail,
                              .method = TW_RISK_GAUSSIAN,
                              .valid = enough};
}

/* h'(z) = a z^2 + b z + c is above 0 for every z: the expansion orders the outcomes. */
static bool is_increasing(double skewness, double kurtosis) {
    double squared = skewness * skewness;
    double a = kurtosis / 8 - squared / 6;
    double b = skewness / 3;
    double c = 1 - kurtosis / 8 + 5 * squared / 36;
    return (a > 0 && b * b < 4 * a * c) || (a == 0 && b == 0 && c > 0);
}

tw_risk_estimate risk_tail_cornish_fisher(const risk_moments *moments, double confidence) {
    bool enough = moments->count >= 2;
    double n = (double)moments->count;
    double m2 = enough ? moments->s2 / n : NAN;
    double s = sqrt(m2);
    /* A constant series has no shape: the expansion is the normal one. */
    double skewness = m2 == 0 ? 0 : moments->s3 / n / (m2 * s);
    double kurtosis = m2 == 0 ? 0 : moments->s4 / n / (m2 * m2) - 3;
    double tail = 1 - confidence;
    double z = tw_risk_normal_quantile(tail);
    double z3 = z * z * z;
    double squared = skewness * skewness;
    double h = z + (z * z - 1) * skewness / 6 + (z3 - 3 * z) * kurtosis / 24 -
               (2 * z3 - 5 * z) * squared / 36;
    double h2 = h * h;
    double h4 = h2 * h2;
    double terms = 1 + h2 * h * skewness / 6 + (h4 - 2 * h2 - 1) * kurtosis / 24 +
                   (h4 * h2 - 9 * h4 + 9 * h2 + 3) * squared / 72;
    double value = -(moments->mean + h * s);
    double shortfall = -moments->mean + s * normal_density(h) * terms / tail;
    return (tw_risk_estimate){.confidence = confidence,
                              .value = value,
                              .expected_shortfall = shortfall < value ? value : shortfall,
                              .method = TW_RISK_CORNISH_FISHER,
                              .valid = enough && is_increasing(skewness, kurtosis)};
}
