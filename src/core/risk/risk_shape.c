/*
 * risk_shape.c - value at risk and expected shortfall from moments: Gaussian and Cornish-Fisher.
 *
 * Every figure is -m + s L, and L depends on the tail's probability a, its normal quantile z and,
 * for Cornish-Fisher, on skewness S and excess kurtosis K:
 *     h  = z + (z^2 - 1) S/6 + (z^3 - 3z) K/24 - (2z^3 - 5z) S^2/36
 *     L  = -h                                                                       of the VaR
 *     L  = phi(h)/a (1 + (H3 + 3 H1) S/6 + (H4 + 4 H2) K/24 + (H6 + 6 H4) S^2/72)   of the
 * shortfall with Hi the Hermite polynomials at h (Boudt, Peterson and Croux 2008). What an asset
 * adds needs the derivatives of L by S and K: numbers carry them along (`dual`), so each formula
 * stands once.
 *
 * The corrected expansion. In Hermite polynomials of z the expansion is b1 H1 + b2 H2 + b3 H3 with
 *     b1 = 1 - S^2/36,  b2 = S/6,  b3 = K/24 - S^2/18,
 * so its own moments are polynomials of the parameters, which are not S and K of what it describes.
 * Newton's method finds the parameters for which they are (Maillard 2012); the tail mean is exact,
 * since the integral of Hn phi up to z is -H(n-1) phi.
 */
#include "normal.h"
#include "risk_priv.h"

double tw_risk_normal_quantile(double probability) {
    return normal_quantile(probability);
}

/* ---- Numbers with two derivatives ---------------------------------------------------------- */

typedef struct dual {
    double value;
    double by_s;
    double by_k;
} dual;

static dual constant(double value) {
    return (dual){value, 0, 0};
}

static dual sum(dual a, dual b) {
    return (dual){a.value + b.value, a.by_s + b.by_s, a.by_k + b.by_k};
}

static dual scaled(dual a, double by) {
    return (dual){a.value * by, a.by_s * by, a.by_k * by};
}

static dual product(dual a, dual b) {
    return (dual){a.value * b.value, a.by_s * b.value + a.value * b.by_s,
                  a.by_k * b.value + a.value * b.by_k};
}

/* f(a), from f and its derivative there. */
static dual mapped(dual a, double value, double slope) {
    return (dual){value, slope * a.by_s, slope * a.by_k};
}

static dual density(dual a) {
    double value = normal_density(a.value);
    return mapped(a, value, -a.value * value);
}

static risk_level level_of(dual a) {
    return (risk_level){a.value, a.by_s, a.by_k};
}

/* ---- The expansion ------------------------------------------------------------------------- */

/* h'(z) = a z^2 + b z + c is above 0 for every z: the expansion orders the outcomes. */
static bool is_increasing(double skewness, double kurtosis) {
    double squared = skewness * skewness;
    double a = kurtosis / 8 - squared / 6;
    double b = skewness / 3;
    double c = 1 - kurtosis / 8 + 5 * squared / 36;
    return (a > 0 && b * b < 4 * a * c) || (a == 0 && b == 0 && c > 0);
}

static risk_shape gaussian(double tail, double z) {
    return (risk_shape){
        .var = {-z, 0, 0}, .shortfall = {normal_density(z) / tail, 0, 0}, .valid = true};
}

static risk_shape cornish_fisher(double skewness, double kurtosis, double tail, double z) {
    const dual s = {skewness, 1, 0};
    const dual k = {kurtosis, 0, 1};
    const dual squared = product(s, s);
    double z3 = z * z * z;
    dual h = sum(sum(constant(z), scaled(s, (z * z - 1) / 6)),
                 sum(scaled(k, (z3 - 3 * z) / 24), scaled(squared, -(2 * z3 - 5 * z) / 36)));
    dual h2 = product(h, h);
    dual h4 = product(h2, h2);
    dual by_skewness = product(h2, h);                             /* H3 + 3 H1 */
    dual by_kurtosis = sum(sum(h4, scaled(h2, -2)), constant(-1)); /* H4 + 4 H2 */
    dual by_square = sum(sum(product(h4, h2), scaled(h4, -9)), sum(scaled(h2, 9), constant(3)));
    dual terms = sum(sum(constant(1), scaled(product(by_skewness, s), 1 / 6.0)),
                     sum(scaled(product(by_kurtosis, k), 1 / 24.0),
                         scaled(product(by_square, squared), 1 / 72.0)));
    risk_shape shape = {.var = level_of(scaled(h, -1)),
                        .shortfall = level_of(scaled(product(density(h), terms), 1 / tail)),
                        .valid = is_increasing(skewness, kurtosis)};
    if (shape.shortfall.level < shape.var.level) {
        shape.shortfall = shape.var;
        shape.valid = false;
    }
    return shape;
}

/* ---- The corrected expansion --------------------------------------------------------------- */

typedef struct expansion {
    dual b[4]; /* of H1, H2, H3, from index 1 */
    dual variance;
    dual skewness; /* of what the expansion describes */
    dual kurtosis;
} expansion;

/* The square of the expansion is c0 + c1 H1 + ... + c6 H6, and the mean of Hn Hm is n! or 0. */
static expansion expansion_of(double skewness, double kurtosis) {
    static const double factorials[7] = {1, 1, 2, 6, 24, 120, 720};
    const dual s = {skewness, 1, 0};
    const dual k = {kurtosis, 0, 1};
    const dual squared = product(s, s);
    const dual b1 = sum(constant(1), scaled(squared, -1 / 36.0));
    const dual b2 = scaled(s, 1 / 6.0);
    const dual b3 = sum(scaled(k, 1 / 24.0), scaled(squared, -1 / 18.0));
    const dual b11 = product(b1, b1);
    const dual b12 = product(b1, b2);
    const dual b13 = product(b1, b3);
    const dual b22 = product(b2, b2);
    const dual b23 = product(b2, b3);
    const dual b33 = product(b3, b3);
    const dual c[7] = {sum(b11, sum(scaled(b22, 2), scaled(b33, 6))),
                       sum(scaled(b12, 4), scaled(b23, 12)),
                       sum(sum(b11, scaled(b22, 4)), sum(scaled(b33, 18), scaled(b13, 6))),
                       sum(scaled(b12, 2), scaled(b23, 12)),
                       sum(b22, sum(scaled(b33, 9), scaled(b13, 2))),
                       scaled(b23, 2),
                       b33};
    dual fourth = constant(0);
    for (size_t n = 0; n < 7; n++)
        fourth = sum(fourth, scaled(product(c[n], c[n]), factorials[n]));
    dual third =
        sum(product(c[1], b1), sum(scaled(product(c[2], b2), 2), scaled(product(c[3], b3), 6)));
    double root = sqrt(c[0].value);
    dual deviation = mapped(c[0], root, 0.5 / root);
    dual cube = product(c[0], deviation);
    dual inverse_cube = mapped(cube, 1 / cube.value, -1 / (cube.value * cube.value));
    dual square = product(c[0], c[0]);
    dual inverse_square = mapped(square, 1 / square.value, -1 / (square.value * square.value));
    return (expansion){.b = {constant(0), b1, b2, b3},
                       .variance = c[0],
                       .skewness = product(third, inverse_cube),
                       .kurtosis = sum(product(fourth, inverse_square), constant(-3))};
}

#define SOLVE_STEPS_MAX 100
#define HALVINGS_MAX 20
#define SOLVE_NEAR 1e-13

/* Newton's method from the uncorrected parameters, with steps halved while they lead away. */
static bool solve(double skewness, double kurtosis, expansion *ret_expansion) {
    double s = skewness;
    double k = kurtosis;
    expansion at = expansion_of(s, k);
    for (int step = 0; step < SOLVE_STEPS_MAX; step++) {
        double miss_s = at.skewness.value - skewness;
        double miss_k = at.kurtosis.value - kurtosis;
        double miss = fabs(miss_s) + fabs(miss_k);
        if (miss <= SOLVE_NEAR * (1 + fabs(skewness) + fabs(kurtosis))) {
            *ret_expansion = at;
            return is_increasing(s, k);
        }
        double determinant =
            at.skewness.by_s * at.kurtosis.by_k - at.skewness.by_k * at.kurtosis.by_s;
        double step_s = (at.kurtosis.by_k * miss_s - at.skewness.by_k * miss_k) / determinant;
        double step_k = (at.skewness.by_s * miss_k - at.kurtosis.by_s * miss_s) / determinant;
        int halvings = 0;
        double missed = INFINITY;
        for (; !(missed < miss) && halvings < HALVINGS_MAX; halvings++) {
            at = expansion_of(s - step_s, k - step_k);
            missed = fabs(at.skewness.value - skewness) + fabs(at.kurtosis.value - kurtosis);
            step_s = missed < miss ? step_s : step_s / 2;
            step_k = missed < miss ? step_k : step_k / 2;
        }
        if (!(missed < miss))
            return false; /* no way on, or not a number */
        s -= step_s;
        k -= step_k;
    }
    return false;
}

/* From derivatives by the parameters to those by the skewness and kurtosis they make. */
static risk_level level_by_moments(dual level, const expansion *at) {
    const dual s = at->skewness;
    const dual k = at->kurtosis;
    double determinant = s.by_s * k.by_k - s.by_k * k.by_s;
    return (risk_level){level.value, (level.by_s * k.by_k - level.by_k * k.by_s) / determinant,
                        (level.by_k * s.by_s - level.by_s * s.by_k) / determinant};
}

static risk_shape corrected(double skewness, double kurtosis, double tail, double z) {
    expansion at;
    if (!solve(skewness, kurtosis, &at)) {
        const risk_level none = {NAN, NAN, NAN};
        return (risk_shape){.var = none, .shortfall = none, .valid = false};
    }
    double root = sqrt(at.variance.value);
    dual inverse = mapped(at.variance, 1 / root, -0.5 / (root * at.variance.value));
    dual h = sum(scaled(at.b[1], z),
                 sum(scaled(at.b[2], z * z - 1), scaled(at.b[3], z * z * z - 3 * z)));
    dual mean = sum(at.b[1], sum(scaled(at.b[2], z), scaled(at.b[3], z * z - 1)));
    double weight = normal_density(z) / tail;
    return (risk_shape){.var = level_by_moments(scaled(product(h, inverse), -1), &at),
                        .shortfall = level_by_moments(scaled(product(mean, inverse), weight), &at),
                        .valid = true};
}

/* ---- Figures ------------------------------------------------------------------------------- */

risk_cumulants risk_cumulants_of(const series_size *size, const series_moments *moments,
                                 double ddof) {
    risk_cumulants c = {moments->mean, NAN, NAN, NAN};
    if (size->count < 2)
        return c;
    double variance = series_variance(size, moments->square, ddof);
    double deviation = sqrt(variance);
    bool moves = moments->square > 0;
    c.deviation = deviation / moments->scale;
    c.skewness = moves ? moments->cube / size->weight / (variance * deviation) : 0;
    c.kurtosis = moves ? moments->fourth / size->weight / (variance * variance) - 3 : 0;
    return c;
}

risk_shape risk_shape_of(const tw_risk_config *config, tw_risk_method method,
                         const risk_cumulants *cumulants, double confidence, uint32_t horizon) {
    double tail = 1 - confidence;
    double z = tw_risk_normal_quantile(tail);
    double root = sqrt((double)horizon);
    double skewness = cumulants->skewness / root;
    double kurtosis = cumulants->kurtosis / horizon;
    risk_shape shape = method == TW_RISK_GAUSSIAN    ? gaussian(tail, z)
                       : config->corrected_expansion ? corrected(skewness, kurtosis, tail, z)
                                                     : cornish_fisher(skewness, kurtosis, tail, z);
    shape.valid = shape.valid && !isnan(cumulants->deviation);
    shape.var.by_skewness /= root;
    shape.shortfall.by_skewness /= root;
    shape.var.by_kurtosis /= horizon;
    shape.shortfall.by_kurtosis /= horizon;
    return shape;
}

tw_risk_estimate risk_shape_estimate(const risk_shape *shape, const risk_cumulants *cumulants,
                                     uint32_t horizon) {
    double mean = cumulants->mean * horizon;
    double deviation = cumulants->deviation * sqrt((double)horizon);
    return (tw_risk_estimate){.value = -mean + deviation * shape->var.level,
                              .expected_shortfall = -mean + deviation * shape->shortfall.level,
                              .value_error = NAN,
                              .shortfall_error = NAN,
                              .valid = shape->valid};
}
