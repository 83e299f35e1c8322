/*
 * performance_tail.c - quantiles, and the measures of what is beyond them.
 *
 * Where weights are given, a series is put in order and its weights are added up to the part that
 * is asked for; without them the few order statistics that matter are selected.
 */
#include "careful.h"
#include "performance_priv.h"

#include "risk_select.h"
#include "risk_shape.h"

/* ---- Quantiles ----------------------------------------------------------------------------- */

/* The indices of the returns in ascending order of these; they lie in two of the scratches. */
static const size_t *order_of(tw_performance *p) {
    _Static_assert(sizeof(size_t) <= sizeof(double), "indices fit in a scratch of doubles");
    size_t *order = (size_t *)(void *)p->scratch[0];
    risk_select_order(p->returns, p->count, order, (size_t *)(void *)p->scratch[1]);
    return order;
}

/* The first return of some weight up to which the weights reach the probability. */
static double weighted_quantile(tw_performance *p, double probability) {
    const size_t *order = order_of(p);
    double sum = 0;
    double last = NAN;
    for (size_t k = 0; k < p->count && !(sum >= probability && sum > 0); k++) {
        double weight = p->weights[order[k]] / p->facts.size.weight;
        last = weight > 0 ? p->returns[order[k]] : last;
        sum += weight;
    }
    return last;
}

double tw_performance_quantile(tw_performance *p, double probability) {
    TW_ASSERT(p != NULL);
    if (p->count == 0 || !(probability >= 0 && probability <= 1))
        return NAN;
    if (p->has_weights)
        return weighted_quantile(p, probability);
    tw_quantile_place place =
        tw_quantile_place_of((tw_quantile_kind)p->config.quantile, p->count, probability);
    risk_neighbours found = risk_select_at(p->returns, p->count, place.low, p->scratch[0]);
    return tw_quantile_between(place, found.at, found.next);
}

double performance_tail_ratio(tw_performance *p) {
    double low = fabs(tw_performance_quantile(p, p->config.tail));
    double high = fabs(tw_performance_quantile(p, 1 - p->config.tail));
    return performance_quotient(&p->facts, high, low);
}

/* ---- Value at risk and expected shortfall --------------------------------------------------- */

/* They are gathered where a tail asks for them: a historical one seldom does, and takes less time
 * than they do. */
static const series_moments *moments_of(tw_performance *p) {
    performance_gather(p, GROUP_MOMENTS);
    return &p->facts.moments;
}

/* By population moments (risk_shape.c): the level over the deviation below the mean. */
static tw_risk_estimate parametric(tw_performance *p) {
    const tw_risk_config plain = {0};
    risk_cumulants cumulants = risk_cumulants_of(&p->facts.size, moments_of(p), 0);
    risk_shape shape = risk_shape_of(&plain, (tw_risk_method)p->config.tail_method, &cumulants,
                                     1 - p->config.tail, 1);
    return risk_shape_estimate(&shape, &cumulants, 1);
}

double performance_value_at_risk(tw_performance *p) {
    if (p->config.tail_method == TW_RISK_HISTORICAL)
        return -tw_performance_quantile(p, p->config.tail);
    return parametric(p).value;
}

/* The sum of the `least` smallest returns but for the greatest of them, which is *ret_last. */
static double sum_of_least(tw_performance *p, size_t least, double *ret_last) {
    double *values = p->scratch[0];
    risk_select_least(p->returns, p->count, least, values);
    careful_sum sum = {0};
    for (size_t i = 0; i + 1 < least; i++)
        careful_add(&sum, values[i]);
    *ret_last = values[least - 1];
    return careful_value(&sum);
}

/* The mean of the worst observations that a tail reaches, the last of them in part. */
static double mean_within(tw_performance *p, tw_tail_reach reach) {
    double last;
    size_t least = reach.part > 0 ? reach.whole + 1 : reach.whole;
    if (least == 0)
        return -moments_of(p)->least;
    double sum = sum_of_least(p, least, &last);
    double share = reach.part > 0 ? reach.part : 1;
    return -(sum + share * last) / ((double)reach.whole + reach.part);
}

static double weighted_continuous(tw_performance *p, double tail) {
    const size_t *order = order_of(p);
    careful_sum sum = {0};
    double reached = 0;
    for (size_t k = 0; k < p->count && reached < tail; k++) {
        double weight = p->weights[order[k]] / p->facts.size.weight;
        double taken = reached + weight < tail ? weight : tail - reached;
        careful_add(&sum, taken * p->returns[order[k]]);
        reached += weight;
    }
    return tail > 0 ? -careful_value(&sum) / tail : -moments_of(p)->least;
}

static double beyond(tw_performance *p) {
    double limit = tw_performance_quantile(p, p->config.tail);
    careful_sum sum = {0};
    careful_sum weight = {0};
    for (size_t i = 0; i < p->count; i++) {
        if (p->returns[i] > limit)
            continue;
        double own = p->has_weights ? p->weights[i] : 1;
        careful_add(&sum, own * p->returns[i]);
        careful_add(&weight, own);
    }
    return -careful_value(&sum) / careful_value(&weight);
}

double performance_shortfall(tw_performance *p) {
    double tail = p->config.tail;
    if (p->config.tail_method != TW_RISK_HISTORICAL)
        return parametric(p).expected_shortfall;
    if (p->config.shortfall == TW_SHORTFALL_BEYOND)
        return beyond(p);
    if (p->has_weights)
        return weighted_continuous(p, tail);
    return mean_within(p, tw_tail_reach_of((tw_shortfall_kind)p->config.shortfall, p->count, tail));
}

/* Of excesses: the loss of the returns and the risk-free rate, the mean one of a series. */
double performance_sharpe_value_at_risk(tw_performance *p) {
    return performance_quotient(&p->facts, p->facts.excess.mean,
                                performance_value_at_risk(p) + p->facts.free);
}

double performance_sharpe_shortfall(tw_performance *p) {
    return performance_quotient(&p->facts, p->facts.excess.mean,
                                performance_shortfall(p) + p->facts.free);
}

/* ---- Entropic measures ---------------------------------------------------------------------- */

/*
 * Of losses l = (mean - r) x scale, below 1 in magnitude, and K(s) = ln of the mean of exp(s l):
 * the entropic measure is (K(s) - ln tail) / s at s = 1 / theta, and the entropic value at risk
 * (Ahmadi-Javid 2012) the least of it over s. Its derivative has the sign of s K'(s) - K(s) + ln
 * tail, which grows with s.
 */
typedef struct cumulant {
    double value; /* K(s) */
    double slope; /* K'(s) */
    double bend;  /* K''(s) */
} cumulant;

static double weight_at(const tw_performance *p, size_t i) {
    return p->has_weights ? p->weights[i] : 1;
}

static cumulant cumulant_at(const tw_performance *p, double s) {
    const series_moments *m = &p->facts.moments;
    double worst = (m->mean - m->least) * m->scale;
    careful_sum sums[3] = {0};
    for (size_t i = 0; i < p->count; i++) {
        double loss = (m->mean - p->returns[i]) * m->scale;
        double part = weight_at(p, i) * natural_exponential(s * (loss - worst));
        careful_add(&sums[0], part);
        careful_add(&sums[1], part * loss);
        careful_add(&sums[2], part * loss * loss);
    }
    double total = careful_value(&sums[0]);
    double slope = careful_value(&sums[1]) / total;
    return (cumulant){.value = s * worst + natural_logarithm(total / p->facts.size.weight),
                      .slope = slope,
                      .bend = careful_value(&sums[2]) / total - slope * slope};
}

double performance_entropic(tw_performance *p) {
    const series_moments *m = &p->facts.moments;
    double s = 1 / (p->config.entropic_aversion * m->scale);
    if (!(p->config.tail > 0))
        return INFINITY;
    double measure = (cumulant_at(p, s).value - natural_logarithm(p->config.tail)) / s;
    return measure / m->scale - m->mean;
}

/* The weight of the worst return, as a part of all. */
static double part_of_worst(const tw_performance *p) {
    double weight = 0;
    for (size_t i = 0; i < p->count; i++)
        weight += p->returns[i] == p->facts.moments.least ? weight_at(p, i) : 0;
    return weight / p->facts.size.weight;
}

/* The s at which s K' - K is `target`: Newton's steps, kept between bounds that close in. */
static double turning_point(const tw_performance *p, double target) {
    double low = 0;
    double high = INFINITY;
    double s = 1;
    for (int round = 0; round < 200; round++) {
        cumulant k = cumulant_at(p, s);
        double short_of = target - (s * k.slope - k.value);
        if (short_of > 0)
            low = s;
        else
            high = s;
        double next = s + short_of / (s * k.bend);
        if (!(next > low && next < high))
            next = isinf(high) ? 2 * low : low + (high - low) / 2;
        if (fabs(next - s) <= 0x1p-40 * s || s >= 0x1p60)
            return next;
        s = next;
    }
    return s;
}

double performance_entropic_value_at_risk(tw_performance *p) {
    const series_moments *m = &p->facts.moments;
    double tail = p->config.tail;
    double floor_theta = p->config.entropic_floor * -m->least * m->scale;
    double most = floor_theta > 0 ? 1 / floor_theta : INFINITY;
    if (tail >= 1 || m->least == m->greatest)
        return -m->mean;
    /* As s grows the measure falls to the worst loss, unless that is rarer than the tail. */
    bool falls = part_of_worst(p) >= tail;
    if (falls && isinf(most))
        return -m->least;
    double s = falls ? most : fmin(turning_point(p, -natural_logarithm(tail)), most);
    double measure = (cumulant_at(p, s).value - natural_logarithm(tail)) / s;
    return measure / m->scale - m->mean;
}

/* ---- Gini ---------------------------------------------------------------------------------- */

/* In ascending order each value is above all before it: by what they weigh, and by what they are
 * together. */
double performance_gini(tw_performance *p) {
    if (p->count < 2)
        return NAN;
    const size_t *order = order_of(p);
    double first = p->returns[order[0]];
    careful_sum differences = {0};
    careful_sum pairs = {0};
    careful_sum weight = {0};
    careful_sum sum = {0};
    for (size_t k = 0; k < p->count; k++) {
        double own = weight_at(p, order[k]);
        double value = p->returns[order[k]] - first;
        careful_add(&differences, own * value * careful_value(&weight));
        careful_add(&differences, -own * careful_value(&sum));
        careful_add(&pairs, own * careful_value(&weight));
        careful_add(&weight, own);
        careful_add(&sum, own * value);
    }
    return careful_value(&pairs) > 0 ? careful_value(&differences) / careful_value(&pairs) : NAN;
}
