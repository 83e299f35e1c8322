/*
 * performance_pareto.c - the tail beyond a threshold as a generalised Pareto distribution.
 *
 * The worst k returns, k a part of n, are losses y above a threshold u, which is the next loss. By
 * probability-weighted moments (Hosking and Wallis 1987), with y in ascending order and
 * p_i = (i - 0.35) / k:
 *     a0 = mean(y),  a1 = mean((1 - p_i) y_i)
 *     shape = 2 - a0 / (a0 - 2 a1),  scale = 2 a0 a1 / (a0 - 2 a1)
 * which needs no search, and is as good as the likelihood's maximum for tails of fewer than 500 and
 * shapes below 0.4. The loss that a part t of all returns exceeds, and the mean of those beyond
 * (McNeil, Frey and Embrechts 2005):
 *     VaR = u + scale ((t n / k)^-shape - 1) / shape
 *     ES  = (VaR + scale - shape u) / (1 - shape)
 */
#include "careful.h"
#include "performance_priv.h"
#include "risk_select.h"

#define LEAST_EXCESSES 10

typedef struct pareto {
    double threshold;
    double scale;
    double shape;
    double beyond; /* part of the returns that is beyond the threshold; 0: there is no tail */
} pareto;

static pareto pareto_of(const tw_performance *p) {
    double *worst = p->scratch[0];
    size_t count = (size_t)floor((double)p->count * p->config.pareto_part);
    if (count < LEAST_EXCESSES || count + 1 > p->count || p->has_weights)
        return (pareto){0};
    risk_select_least(p->returns, p->count, count + 1, worst);
    double edge = worst[count];
    risk_select_sort(worst, count, p->scratch[1]);
    careful_sum all = {0};
    careful_sum weighed = {0};
    for (size_t k = 0; k < count; k++) { /* the worst first: it has rank `count` */
        double excess = edge - worst[k];
        double place = ((double)(count - k) - 0.35) / (double)count;
        careful_add(&all, excess);
        careful_add(&weighed, (1 - place) * excess);
    }
    double a0 = careful_value(&all) / (double)count;
    double a1 = careful_value(&weighed) / (double)count;
    if (!(a0 - 2 * a1 > 0))
        return (pareto){0};
    return (pareto){.threshold = -edge,
                    .scale = 2 * a0 * a1 / (a0 - 2 * a1),
                    .shape = 2 - a0 / (a0 - 2 * a1),
                    .beyond = (double)count / (double)p->count};
}

/* ((1 / ratio)^shape - 1) / shape; near a shape of 0 its expansion, as the difference has no digits
 * there. */
static double stretch(double ratio, double shape) {
    double depth = -natural_logarithm(ratio);
    double product = shape * depth;
    if (fabs(product) < 1e-5)
        return depth * (1 + product / 2 + product * product / 6);
    return (natural_exponential(product) - 1) / shape;
}

static double value_of(const pareto *tail, double part) {
    if (tail->beyond == 0 || !(part > 0 && part <= tail->beyond))
        return NAN;
    return tail->threshold + tail->scale * stretch(part / tail->beyond, tail->shape);
}

double performance_pareto_shape(tw_performance *p) {
    pareto tail = pareto_of(p);
    return tail.beyond > 0 ? tail.shape : NAN;
}

double performance_pareto_scale(tw_performance *p) {
    pareto tail = pareto_of(p);
    return tail.beyond > 0 ? tail.scale : NAN;
}

double performance_pareto_value_at_risk(tw_performance *p) {
    pareto tail = pareto_of(p);
    return value_of(&tail, p->config.tail);
}

/* With a shape of 1 or more the mean does not exist. */
double performance_pareto_shortfall(tw_performance *p) {
    pareto tail = pareto_of(p);
    double value = value_of(&tail, p->config.tail);
    return tail.shape < 1 ? (value + tail.scale - tail.shape * tail.threshold) / (1 - tail.shape)
                          : NAN;
}
