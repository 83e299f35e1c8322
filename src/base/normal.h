/*
 * normal.h - the standard normal distribution in plain C that compilers make vectors of.
 *
 * As logarithm.h: no branch, and the same bits everywhere, whatever instructions it is compiled to
 * (with -ffp-contract=off; a loop over the quantile needs -fno-math-errno to become wide, for its
 * square root).
 */
#ifndef TRADEWIND_BASE_NORMAL_H
#define TRADEWIND_BASE_NORMAL_H

#include "exponential.h"
#include "logarithm.h"

#include <math.h>

#define NORMAL_INLINE static inline __attribute__((always_inline))

/* e^(-x^2 / 2) of a magnitude, with the square in two parts: far out it has hundreds of units, and
 * what its rounding loses would be felt. It is 0 from 38.6 on. */
NORMAL_INLINE double normal_bell(double x) {
    x = x > 40 ? 40 : x;
    exponential_pair square = exact_product(x, x);
    return exponential_of_sum(-0.5 * square.high, -0.5 * square.low);
}

/* The density, within two units in the last place. */
NORMAL_INLINE double normal_density(double x) {
    return 0x1.9884533d43651p-2 * normal_bell(fabs(x)); /* 1 / sqrt(2 pi) */
}

/* ((1 + sqrt(pi / 2) x) e^(x^2 / 2) Q(x) - 1 / 2) / u, with Q the probability above x >= 0, u = x /
 * (x + 7) and t = 2 u - 1: the interpolating polynomial of its Chebyshev points, for x up to 40.
 * With it the product is right to 2^-59. (Mills's ratio, in a form after Schonfelder, Chebyshev
 * Expansions for the Error and Related Functions, 1978.) */
NORMAL_INLINE double normal_mills(double t) {
    double value = 0x1.3ff27e5dfee5cp-28;
    value = value * t + 0x1.e30a00c0a6701p-28;
    value = value * t - 0x1.ad471a5ecd8ccp-25;
    value = value * t - 0x1.874c73787abeap-32;
    value = value * t + 0x1.b51a441c65790p-22;
    value = value * t - 0x1.fdb42bc394c37p-21;
    value = value * t - 0x1.24ceca0fe948fp-20;
    value = value * t + 0x1.a298ecdd193e1p-17;
    value = value * t - 0x1.131e244c3032ap-15;
    value = value * t - 0x1.b3792acb2d1d5p-20;
    value = value * t + 0x1.851475867db6ap-12;
    value = value * t - 0x1.e990378b07fadp-10;
    value = value * t + 0x1.9656e830a9d93p-8;
    value = value * t - 0x1.0b5965f71b96fp-6;
    value = value * t + 0x1.290f60c42597ap-5;
    value = value * t - 0x1.1f246b3540074p-4;
    value = value * t + 0x1.ea6ad882d1ab7p-4;
    value = value * t - 0x1.7488602965420p-3;
    value = value * t + 0x1.f72acf29c9688p-3;
    value = value * t - 0x1.2afb1840be9c3p-2;
    value = value * t + 0x1.2f60c597a1223p-2;
    value = value * t - 0x1.e0f893f47982ap-3;
    return value * t + 0x1.7af2518075ec3p-4;
}

/* The probability below x, to 1e-15 of itself in both tails. It is 0 below -38.5, and 1 from 8.3
 * on. */
NORMAL_INLINE double normal_probability(double x) {
    double size = fabs(x);
    size = size > 40 ? 40 : size;
    double u = size / (size + 7);
    double ratio = (0.5 + u * normal_mills(2 * u - 1)) / (1 + 0x1.40d931ff62706p+0 * size);
    double outside = ratio * normal_bell(size);
    return x > 0 ? 1 - outside : outside;
}

/*
 * The quantile: Wichura, Algorithm AS 241: The Percentage Points of the Normal Distribution, 1988
 * (PPND16): a ratio of two polynomials in the middle, |p - 0.5| <= 0.425, one in the tails and one
 * further out than e^-25. All three are made, and one is chosen. With rounding it is within 1e-15
 * of itself.
 */
NORMAL_INLINE double normal_central(double r) {
    double above = 2.5090809287301226727e3;
    double below = 5.2264952788528545610e3;
    above = above * r + 3.3430575583588128105e4;
    above = above * r + 6.7265770927008700853e4;
    above = above * r + 4.5921953931549871457e4;
    above = above * r + 1.3731693765509461125e4;
    above = above * r + 1.9715909503065514427e3;
    above = above * r + 1.3314166789178437745e2;
    above = above * r + 3.3871328727963666080e0;
    below = below * r + 2.8729085735721942674e4;
    below = below * r + 3.9307895800092710610e4;
    below = below * r + 2.1213794301586595867e4;
    below = below * r + 5.3941960214247511077e3;
    below = below * r + 6.8718700749205790830e2;
    below = below * r + 4.2313330701600911252e1;
    below = below * r + 1;
    return above / below;
}

NORMAL_INLINE double normal_near(double r) {
    double above = 7.74545014278341407640e-4;
    double below = 1.05075007164441684324e-9;
    above = above * r + 2.27238449892691845833e-2;
    above = above * r + 2.41780725177450611770e-1;
    above = above * r + 1.27045825245236838258e0;
    above = above * r + 3.64784832476320460504e0;
    above = above * r + 5.76949722146069140550e0;
    above = above * r + 4.63033784615654529590e0;
    above = above * r + 1.42343711074968357734e0;
    below = below * r + 5.47593808499534494600e-4;
    below = below * r + 1.51986665636164571966e-2;
    below = below * r + 1.48103976427480074590e-1;
    below = below * r + 6.89767334985100004550e-1;
    below = below * r + 1.67638483018380384940e0;
    below = below * r + 2.05319162663775882187e0;
    below = below * r + 1;
    return above / below;
}

NORMAL_INLINE double normal_far(double r) {
    double above = 2.01033439929228813265e-7;
    double below = 2.04426310338993978564e-15;
    above = above * r + 2.71155556874348757815e-5;
    above = above * r + 1.24266094738807843860e-3;
    above = above * r + 2.65321895265761230930e-2;
    above = above * r + 2.96560571828504891230e-1;
    above = above * r + 1.78482653991729133580e0;
    above = above * r + 5.46378491116411436990e0;
    above = above * r + 6.65790464350110377720e0;
    below = below * r + 1.42151175831644588870e-7;
    below = below * r + 1.84631831751005468180e-5;
    below = below * r + 7.86869131145613259100e-4;
    below = below * r + 1.48753612908506148525e-2;
    below = below * r + 1.36929880922735805310e-1;
    below = below * r + 5.99832206555887937690e-1;
    below = below * r + 1;
    return above / below;
}

/* Of a probability in (0, 1); NaN of anything else. */
NORMAL_INLINE double normal_quantile(double probability) {
    double q = probability - 0.5;
    double outer = q < 0 ? probability : 1 - probability;
    double root = sqrt(-natural_logarithm(outer));
    double size = root <= 5 ? normal_near(root - 1.6) : normal_far(root - 5);
    double outside = q < 0 ? -size : size;
    double value = fabs(q) <= 0.425 ? q * normal_central(0.180625 - q * q) : outside;
    value = probability > 0 ? value : NAN;
    return probability < 1 ? value : NAN;
}

#endif
