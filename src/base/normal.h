/*
 * normal.h - the standard normal distribution: density, probability, quantile, with the same bits
 * everywhere (see exponential.h).
 */
#ifndef TRADEWIND_BASE_NORMAL_H
#define TRADEWIND_BASE_NORMAL_H

#include <math.h>
#include <stdbool.h>

#include "exponential.h"

/* 1 / sqrt(2 pi). */
#define NORMAL_PEAK 0.3989422804014326779

/* e^(-x^2 / 2), to a few units in the last place however large x is. */
LOGARITHM_INLINE double normal_bell(double x) {
    double low = 0;
    double square = exponential_product(x, x, &low);
    return x > 1e3 || x < -1e3 ? 0 : exponential_of(-0.5 * square, -0.5 * low);
}

LOGARITHM_INLINE double normal_density(double x) {
    return NORMAL_PEAK * normal_bell(x);
}

/* The probability of at most x, to 2e-15 of itself in both tails. From Cody, Rational Chebyshev
 * approximations for the error function, 1969. */
static inline double normal_probability(double x) {
    static const double a[] = {1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
                               3.77485237685302021e2, 3.20937758913846947e3};
    static const double b[] = {1, 2.36012909523441209e1, 2.44024637934444173e2,
                               1.28261652607737228e3, 2.84423683343917062e3};
    static const double c[] = {
        2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
        6.61191906371416295e1,  2.98635138197400131e2,  8.81952221241769090e2,
        1.71204761263407058e3,  2.05107837782607147e3,  1.23033935479799725e3};
    static const double d[] = {1,
                               1.57449261107098347e1,
                               1.17693950891312499e2,
                               5.37181101862009858e2,
                               1.62138957456669019e3,
                               3.29079923573345963e3,
                               4.36261909014324716e3,
                               3.43936767414372164e3,
                               1.23033935480374942e3};
    static const double p[] = {1.63153871373020978e-2, 3.05326634961232344e-1,
                               3.60344899949804439e-1, 1.25781726111229246e-1,
                               1.60837851487422766e-2, 6.58749161529837803e-4};
    static const double q[] = {1,
                               2.56852019228982242e0,
                               1.87295284992346725e0,
                               5.27905102951428412e-1,
                               6.05183413124413191e-2,
                               2.33520497626869185e-3};
    double y = fabs(x) * 0.70710678118654752440;
    double above = 0;
    double below = 0;
    if (x != x)
        return x;
    if (y <= 0.46875) {
        for (int i = 0; i < 5; i++) {
            above = above * (y * y) + a[i];
            below = below * (y * y) + b[i];
        }
        double half = 0.5 * y * above / below;
        return x < 0 ? 0.5 - half : 0.5 + half;
    }
    double tail;
    if (y <= 4) {
        for (int i = 0; i < 9; i++) {
            above = above * y + c[i];
            below = below * y + d[i];
        }
        tail = above / below;
    } else {
        double z = 1 / (y * y);
        for (int i = 0; i < 6; i++) {
            above = above * z + p[i];
            below = below * z + q[i];
        }
        tail = (0.56418958354775628695 - z * above / below) / y;
    }
    tail *= 0.5 * normal_bell(x);
    return x < 0 ? tail : 1 - tail;
}

/*
 * The z below which the probability lies; NaN outside of (0, 1). Wichura, Algorithm AS 241, 1988
 * (PPND16), full double precision; its three regions are chosen by selects, so that it vectorises.
 */
LOGARITHM_INLINE double normal_quantile(double probability) {
    double q = probability - 0.5;
    double side = probability < 1 - probability ? probability : 1 - probability;
    bool middle = q <= 0.425 && q >= -0.425;
    bool known = side > 0;
    double r = sqrt(-natural_logarithm(known ? side : 0.25));
    double t = middle ? 0.180625 - q * q : r <= 5 ? r - 1.6 : r - 5;
    bool near = r <= 5;
/* The coefficient of the region at hand. */
#define NORMAL_PICK(m, n, f) (middle ? (m) : near ? (n) : (f))
    double above =
        NORMAL_PICK(2509.0809287301226727, 7.74545014278341407640e-4, 2.01033439929228813265e-7);
    double below =
        NORMAL_PICK(5226.4952788528545610, 1.05075007164441684324e-9, 2.04426310338993978564e-15);
#define NORMAL_STEP(m, n, f, bm, bn, bf)      \
    above = above * t + NORMAL_PICK(m, n, f); \
    below = below * t + NORMAL_PICK(bm, bn, bf)
    NORMAL_STEP(33430.575583588128105, 2.27238449892691845833e-2, 2.71155556874348757815e-5,
                28729.085735721942674, 5.47593808499534494600e-4, 1.42151175831644588870e-7);
    NORMAL_STEP(67265.770927008700853, 2.41780725177450611770e-1, 1.24266094738807843860e-3,
                39307.895800092710610, 1.51986665636164571966e-2, 1.84631831751005468180e-5);
    NORMAL_STEP(45921.953931549871457, 1.27045825245236838258e0, 2.65321895265761230930e-2,
                21213.794301586595867, 1.48103976427480074590e-1, 7.86869131145613259100e-4);
    NORMAL_STEP(13731.693765509461125, 3.64784832476320460504e0, 2.96560571828504891230e-1,
                5394.1960214247511077, 6.89767334985100004550e-1, 1.48753612908506148525e-2);
    NORMAL_STEP(1971.5909503065514427, 5.76949722146069140550e0, 1.78482653991729133580e0,
                687.18700749205790830, 1.67638483018380384940e0, 1.36929880922735805310e-1);
    NORMAL_STEP(133.14166789178437745, 4.63033784615654529590e0, 5.46378491116411436990e0,
                42.313330701600911252, 2.05319162663775882187e0, 5.99832206555887937690e-1);
    NORMAL_STEP(3.3871328727963666080, 1.42343711074968357734e0, 6.65790464350110377720e0, 1.0, 1.0,
                1.0);
#undef NORMAL_STEP
#undef NORMAL_PICK
    double ratio = above / below;
    double z = middle ? q * ratio : q < 0 ? -ratio : ratio;
    return known ? z : NAN;
}

#endif
