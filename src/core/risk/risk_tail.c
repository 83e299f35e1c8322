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
#include "normal.h"
#include "risk_priv.h"

double tw_risk_quantile_sorted(const double *values, size_t count, double probability) {
    TW_ASSERT(count > 0 && probability >= 0 && probability <= 1);
    double place = (double)(count - 1) * probability;
    size_t low = (size_t)floor(place);
    if (low + 1 >= count)
        return values[count - 1];
    return values[low] + (place - (double)low) * (values[low + 1] - values[low]);
}

double tw_risk_normal_quantile(double probability) {
    return normal_quantile(probability);
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
