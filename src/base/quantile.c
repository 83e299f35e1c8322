/*
 * quantile.c - ranks of quantiles and tails, the one copy of them.
 *
 * A probability is a rounded number, and often the difference of another one from 1; count times
 * it is then beside the whole number that is meant, which would be one rank away for a step. So
 * what is whole but for such a rounding is taken as whole, and only then is a rank read from it.
 */
#include "tradewind/quantile.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

/* The whole number beside a share of `count` values, where there is one but for rounding. */
static double snapped(double share, double count) {
    double near = floor(share + 0.5);
    return fabs(share - near) <= 4 * DBL_EPSILON * count ? near : share;
}

/* The nearest rank, from 1, of two the even one. */
static double nearest(double share) {
    double near = floor(share + 0.5);
    bool tie = near - share == 0.5;
    return tie && fmod(near, 2) != 0 ? near - 1 : near;
}

/* From 0, before it is brought into the range of ranks. `share` is count x probability. */
static double place_of(tw_quantile_kind kind, double share, double probability, double count) {
    double below = floor(share);
    switch (kind) {
    case TW_QUANTILE_STEP:
        return ceil(share) - 1;
    case TW_QUANTILE_STEP_MEAN:
        return share > below ? below : below - 0.5;
    case TW_QUANTILE_NEAREST:
        return nearest(share) - 1;
    case TW_QUANTILE_COUNT:
        return share - 1;
    case TW_QUANTILE_HAZEN:
        return share - 0.5;
    case TW_QUANTILE_WEIBULL:
        return share + probability - 1;
    case TW_QUANTILE_MEDIAN:
        return share + (probability + 1) / 3 - 1;
    case TW_QUANTILE_NORMAL:
        return share + probability / 4 - 0.625;
    case TW_QUANTILE_LOWER:
        return floor(snapped((count - 1) * probability, count));
    case TW_QUANTILE_HIGHER:
        return ceil(snapped((count - 1) * probability, count));
    case TW_QUANTILE_LINEAR:
    default:
        return (count - 1) * probability;
    }
}

tw_quantile_place tw_quantile_place_of(tw_quantile_kind kind, size_t count, double probability) {
    TW_ASSERT(kind >= TW_QUANTILE_KIND_MIN && kind <= TW_QUANTILE_KIND_MAX);
    TW_ASSERT(count > 0 && probability >= 0 && probability <= 1);
    double n = (double)count;
    double place = place_of(kind, snapped(n * probability, n), probability, n);
    place = place > 0 ? place : 0;
    place = snapped(place < n - 1 ? place : n - 1, n);
    size_t low = (size_t)place;
    size_t high = low + 1 < count ? low + 1 : low;
    return (tw_quantile_place){low, high, place - (double)low};
}

double tw_quantile_between(tw_quantile_place place, double low, double high) {
    return low + place.part * (high - low);
}

double tw_quantile_sorted(tw_quantile_kind kind, const double *values, size_t count,
                          double probability) {
    TW_ASSERT(values != NULL);
    tw_quantile_place place = tw_quantile_place_of(kind, count, probability);
    return tw_quantile_between(place, values[place.low], values[place.high]);
}

tw_tail_reach tw_tail_reach_of(tw_shortfall_kind kind, size_t count, double tail) {
    TW_ASSERT(kind == TW_SHORTFALL_CONTINUOUS || kind == TW_SHORTFALL_FIRST);
    TW_ASSERT(count > 0 && tail >= 0 && tail <= 1);
    if (kind == TW_SHORTFALL_FIRST)
        return (tw_tail_reach){tw_quantile_place_of(TW_QUANTILE_LINEAR, count, tail).low + 1, 0};
    double n = (double)count;
    double reach = snapped(n * tail, n);
    reach = reach > 0 ? reach : n * tail; /* a part of the worst, however small */
    double whole = floor(reach);
    return (tw_tail_reach){(size_t)whole, reach - whole};
}

const char *tw_quantile_text(tw_quantile_kind kind) {
    static const char *const texts[] = {
        "order statistic ceil(p n), type 1",
        "inverse of the distribution, averaged at steps, type 2",
        "nearest order statistic, even of two, type 3",
        "linear in p n, type 4",
        "linear in p n + 1/2, type 5",
        "linear in p (n + 1), type 6",
        "linear quantile, type 7",
        "median-unbiased quantile, type 8",
        "quantile unbiased for the normal, type 9",
        "the value at or before (n - 1) p",
        "the value at or after (n - 1) p",
    };
    _Static_assert(sizeof texts / sizeof texts[0] == TW_QUANTILE_KIND_MAX, "one a kind");
    bool known = kind >= TW_QUANTILE_KIND_MIN && kind <= TW_QUANTILE_KIND_MAX;
    return known ? texts[kind - TW_QUANTILE_KIND_MIN] : "unknown";
}

const char *tw_shortfall_text(tw_shortfall_kind kind) {
    static const char *const texts[] = {
        "Rockafellar-Uryasev, fractional tail weight",
        "mean of all returns at most the quantile",
        "mean of the worst floor((n - 1) t) + 1",
    };
    _Static_assert(sizeof texts / sizeof texts[0] == TW_SHORTFALL_KIND_MAX + 1, "one a kind");
    return (unsigned)kind <= TW_SHORTFALL_KIND_MAX ? texts[kind] : "unknown";
}
