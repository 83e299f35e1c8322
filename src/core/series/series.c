/*
 * series.c - see series.h.
 *
 * Moments in two passes: a mean, corrected by the mean of what values differ by from it, then
 * powers of those differences, scaled to magnitudes below 1.
 */
#include "series.h"

#include <float.h>
#include <math.h>

#include "drawdown_walk.h"
#include "exponential.h"
#include "levels.h"
#include "logarithm.h"

#define GROWTH_STEP 0x1p512 /* where a growing value is set back, exactly */

const series_lanes *series_lanes_of(tw_cpu_level level) {
    tw_cpu_level chosen = tw_cpu_choose(level);
    return LEVEL_PICK(chosen, &series_lanes);
}

/* ---- Sums ---------------------------------------------------------------------------------- */

series_size series_size_of(const series_lanes *lanes, const double *weights, size_t count) {
    series_size size = {.count = (double)count, .weight = (double)count};
    if (weights == NULL || count == 0)
        return size;
    series_view series = {weights, NULL, count, 0, 1};
    series_sums sums;
    lanes->powers(&series, &sums);
    size.weighted = true;
    size.weight = lanes->total(&series);
    size.concentration = sums.upper[1] / (size.weight * size.weight);
    return size;
}

bool series_is_constant(const series_moments *moments, double size) {
    double range = moments->greatest - moments->least;
    double magnitude = fmax(size, fmax(fabs(moments->least), fabs(moments->greatest)));
    return range <= 8 * DBL_EPSILON * magnitude;
}

/* The power of two that brings the distances from the mean below 1. */
static double scale_of(const series_moments *moments) {
    double distance = fmax(moments->greatest - moments->mean, moments->mean - moments->least);
    int exponent = 0;
    if (!(distance > 0))
        return 1;
    frexp(distance, &exponent);
    return exponent < -1000 ? 0x1p1000 : ldexp(1, -exponent);
}

series_moments series_level_of(const series_lanes *lanes, series_view *series, double weight) {
    series_moments moments = {.mean = NAN, .least = NAN, .greatest = NAN, .scale = 1};
    if (series->count == 0 || !(weight > 0))
        return moments;
    lanes->range(series->values, series->count, &moments.least, &moments.greatest);
    if (moments.least == moments.greatest) {
        moments.mean = moments.least;
    } else {
        series->centre = 0;
        moments.mean = lanes->total(series) / weight;
        series->centre = moments.mean;
        moments.mean += lanes->total(series) / weight;
        moments.scale = scale_of(&moments);
    }
    series->centre = moments.mean;
    series->scale = moments.scale;
    return moments;
}

series_moments series_moments_of(const series_lanes *lanes, series_view *series, double weight,
                                 double size, series_sums *ret_halves) {
    series_moments m = series_level_of(lanes, series, weight);
    series_sums halves = {.scale = m.scale};
    if (!series_is_constant(&m, size))
        lanes->powers(series, &halves);
    m.square = halves.upper[1] + halves.lower[1];
    m.cube = halves.upper[2] - halves.lower[2];
    m.fourth = halves.upper[3] + halves.lower[3];
    if (ret_halves != NULL)
        *ret_halves = halves;
    return m;
}

series_pair series_pair_of(const series_lanes *lanes, series_view *a, series_view *b, double weight,
                           double size) {
    series_pair pair = {.a = series_level_of(lanes, a, weight),
                        .b = series_level_of(lanes, b, weight)};
    a->scale = b->scale = 1;
    lanes->products(a, b, &pair.products);
    if (series_is_constant(&pair.a, size))
        pair.products.aa = pair.products.ab = 0;
    if (series_is_constant(&pair.b, size))
        pair.products.bb = pair.products.ab = 0;
    return pair;
}

series_moments series_spread_of(const series_lanes *lanes, series_view *series, double weight,
                                double size) {
    series_moments m = series_level_of(lanes, series, weight);
    series_products products = {0};
    m.scale = series->scale = 1;
    if (!series_is_constant(&m, size))
        lanes->products(series, series, &products);
    m.square = products.aa;
    return m;
}

/* ---- Growth -------------------------------------------------------------------------------- */

void series_grow(series_growth *growth, double factor) {
    double next = growth->value * factor;
    if (next >= GROWTH_STEP) {
        next /= GROWTH_STEP;
        growth->exponent += 512;
    } else if (next < 1 / GROWTH_STEP && next > 0) {
        next *= GROWTH_STEP;
        growth->exponent -= 512;
    }
    growth->value = next > 0 ? next : 0;
}

series_growth series_growth_of(const series_lanes *lanes, const double *values, size_t count) {
    series_growth growth = {.value = 1};
    if (lanes->growth(values, count, &growth.value))
        return growth;
    growth.value = 1;
    for (size_t i = 0; i < count && growth.value > 0; i++)
        if (!isnan(values[i]))
            series_grow(&growth, 1 + values[i]);
    return growth;
}

double series_growth_rate(series_growth growth, double power) {
    const double ln2 = 0x1.62e42fefa39efp-1;
    if (growth.value == 0)
        return -1;
    if (growth.exponent == 0)
        return power == 1 ? growth.value - 1 : natural_power(growth.value, power) - 1;
    return natural_exponential(power * (natural_logarithm(growth.value) + growth.exponent * ln2)) -
           1;
}

double series_max_drawdown(const double *values, size_t count) {
    drawdown_walk walk = DRAWDOWN_WALK_BEGIN;
    double greatest = 0;
    for (size_t i = 0; i < count; i++) {
        drawdown_walk_step(&walk, values[i], i);
        greatest = walk.drawdown > greatest ? walk.drawdown : greatest;
    }
    return greatest;
}

/* ---- Figures ------------------------------------------------------------------------------- */

double series_variance(const series_size *size, double sum, double ddof) {
    if (!size->weighted)
        return size->count > ddof ? sum / (size->count - ddof) : NAN;
    double rest = ddof > 0 ? 1 - size->concentration : 1;
    return rest > 0 && size->weight > 0 ? sum / size->weight / rest : NAN;
}

double series_deviation(const series_size *size, const series_moments *moments, double ddof) {
    return sqrt(series_variance(size, moments->square, ddof)) / moments->scale;
}

double series_skewness(const series_size *size, const series_moments *moments) {
    double m2 = moments->square / size->weight;
    return m2 > 0 ? moments->cube / size->weight / (m2 * sqrt(m2)) : NAN;
}

double series_kurtosis(const series_size *size, const series_moments *moments) {
    double m2 = moments->square / size->weight;
    return m2 > 0 ? moments->fourth / size->weight / (m2 * m2) : NAN;
}

/* G1 = sqrt(n (n - 1)) / (n - 2) x g1. */
double series_skewness_sample(const series_size *size, const series_moments *moments) {
    double n = size->count;
    return n > 2 ? sqrt(n * (n - 1)) / (n - 2) * series_skewness(size, moments) : NAN;
}

/* G2 = (n - 1) / ((n - 2)(n - 3)) x ((n + 1) g2 + 6). */
double series_excess_kurtosis_sample(const series_size *size, const series_moments *moments) {
    double n = size->count;
    double excess = series_kurtosis(size, moments) - 3;
    return n > 3 ? (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * excess + 6) : NAN;
}

static double mean_of(const series_size *size, const series_sums *sums, double sum, int power) {
    double mean = sum / size->weight;
    for (int i = 0; i < power; i++)
        mean /= sums->scale;
    return mean;
}

double series_above(const series_size *size, const series_sums *sums, int power) {
    return mean_of(size, sums, sums->upper[power - 1], power);
}

double series_below(const series_size *size, const series_sums *sums, int power) {
    return mean_of(size, sums, sums->lower[power - 1], power);
}

double series_downside_variance(const series_size *size, const series_sums *sums, double ddof) {
    return series_variance(size, sums->lower[1] / sums->scale / sums->scale, ddof);
}

double series_beta(const series_size *size, const series_products *products) {
    if (size->count < 2 || products->bb == 0)
        return NAN;
    return products->ab / products->bb;
}

double series_correlation(const series_products *products) {
    double scale = sqrt(products->aa) * sqrt(products->bb);
    return scale > 0 ? products->ab / scale : NAN;
}
