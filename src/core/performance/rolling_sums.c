/*
 * rolling_sums.c - see rolling_sums.h.
 *
 * Central sums are joined by Chan, Golub and LeVeque (1979), third and fourth ones by Pebay,
 * Formulas for Robust, One-Pass Parallel Computation of Covariances and Arbitrary-Order Statistical
 * Moments (2008). A mean is a pair of doubles, so its error is a rounding of the spread and not of
 * the size; means of equal values are equal, and their distance is exactly 0.
 */
#include "rolling_sums.h"

#include <string.h>

static bool is_there(const rolling_item *item) {
    return item != NULL && !item->missing;
}

/* ---- Means --------------------------------------------------------------------------------- */

/* A mean and what its rounding lost. */
typedef struct pair_mean {
    double high;
    double low;
} pair_mean;

static double distance(pair_mean from, pair_mean to) {
    return (to.high - from.high) + (to.low - from.low);
}

static pair_mean moved(pair_mean mean, double by) {
    double sum = mean.high + by;
    double added = sum - mean.high;
    double lost = (mean.high - (sum - added)) + (by - added) + mean.low;
    double high = sum + lost;
    return (pair_mean){high, lost - (high - sum)};
}

/* Of n values: the mean, the central sum of squares and the range. */
typedef struct spread {
    double n;
    pair_mean mean;
    double square;
    double least;
    double greatest;
} spread;

static spread spread_of(double value) {
    return (spread){.n = 1, .mean = {value, 0}, .least = value, .greatest = value};
}

static spread join_spreads(const spread *a, const spread *b) {
    if (a->n == 0 || b->n == 0)
        return a->n == 0 ? *b : *a;
    double n = a->n + b->n;
    double d = distance(a->mean, b->mean);
    return (spread){.n = n,
                    .mean = moved(a->mean, d * (b->n / n)),
                    .square = a->square + b->square + d * d * (a->n * b->n / n),
                    .least = a->least < b->least ? a->least : b->least,
                    .greatest = a->greatest > b->greatest ? a->greatest : b->greatest};
}

/* As series_spread_of: a range within the roundings of `size` is none. */
static series_moments moments_of(const spread *s, double size) {
    series_moments m = {.mean = s->n > 0 ? s->mean.high + s->mean.low : NAN,
                        .least = s->n > 0 ? s->least : NAN,
                        .greatest = s->n > 0 ? s->greatest : NAN,
                        .square = s->square,
                        .scale = 1};
    if (series_is_constant(&m, size))
        m.square = 0;
    return m;
}

/* ---- What every group stands on ------------------------------------------------------------ */

typedef struct base_sums {
    double n;
    double free;
    double wanted;
} base_sums;

static void one_base(void *sums, const rolling_item *item) {
    *(base_sums *)sums = is_there(item) ? (base_sums){1, item->free, item->wanted} : (base_sums){0};
}

static void join_base(const void *older, const void *newer, void *ret_sums) {
    const base_sums *a = older;
    const base_sums *b = newer;
    *(base_sums *)ret_sums = (base_sums){a->n + b->n, a->free + b->free, a->wanted + b->wanted};
}

static void tell_base(const void *sums, performance_facts *facts) {
    const base_sums *s = sums;
    facts->size = (series_size){.count = s->n, .weight = s->n};
    facts->free = s->free / s->n;
    facts->wanted = s->wanted / s->n;
}

/* ---- Moments ------------------------------------------------------------------------------- */

typedef struct moment_sums {
    spread spread;
    double cube;
    double fourth;
} moment_sums;

static void one_moments(void *sums, const rolling_item *item) {
    *(moment_sums *)sums = (moment_sums){0};
    if (is_there(item))
        ((moment_sums *)sums)->spread = spread_of(item->value);
}

static void join_moments(const void *older, const void *newer, void *ret_sums) {
    const moment_sums *a = older;
    const moment_sums *b = newer;
    double na = a->spread.n;
    double nb = b->spread.n;
    moment_sums joined = na == 0 ? *b : *a;
    if (na > 0 && nb > 0) {
        double n = na + nb;
        double d = distance(a->spread.mean, b->spread.mean);
        double d2 = d * d;
        double sa = a->spread.square;
        double sb = b->spread.square;
        joined.spread = join_spreads(&a->spread, &b->spread);
        joined.cube = a->cube + b->cube + d2 * d * (na * nb * (na - nb) / (n * n)) +
                      3 * d * (na * sb - nb * sa) / n;
        joined.fourth = a->fourth + b->fourth +
                        d2 * d2 * (na * nb * (na * na - na * nb + nb * nb) / (n * n * n)) +
                        6 * d2 * (na * na * sb + nb * nb * sa) / (n * n) +
                        4 * d * (na * b->cube - nb * a->cube) / n;
    }
    *(moment_sums *)ret_sums = joined;
}

static void tell_moments(const void *sums, performance_facts *facts) {
    const moment_sums *s = sums;
    facts->moments = moments_of(&s->spread, 0);
    facts->moments.cube = s->cube;
    facts->moments.fourth = s->fourth;
}

/* ---- Excesses over the risk-free rate ------------------------------------------------------- */

typedef struct excess_sums {
    spread spread;
    double size; /* magnitude of the returns, when rates are a series */
} excess_sums;

static void one_excess(void *sums, const rolling_item *item) {
    *(excess_sums *)sums = (excess_sums){0};
    if (!is_there(item))
        return;
    excess_sums *s = sums;
    s->spread = spread_of(item->has_free ? item->value - item->free : item->value);
    s->size = item->has_free ? fabs(item->value) : 0;
}

static void join_excess(const void *older, const void *newer, void *ret_sums) {
    const excess_sums *a = older;
    const excess_sums *b = newer;
    *(excess_sums *)ret_sums =
        (excess_sums){join_spreads(&a->spread, &b->spread), fmax(a->size, b->size)};
}

/* A rate that is the same for all is taken off the mean alone. */
static void tell_excess(const void *sums, performance_facts *facts) {
    const excess_sums *s = sums;
    facts->excess = moments_of(&s->spread, s->size);
    if (s->size == 0)
        facts->excess.mean -= facts->free;
}

/* ---- Halves -------------------------------------------------------------------------------- */

typedef struct half_sums {
    series_sums sums;
    double shortfall_power;
} half_sums;

static half_sums halves_of(double d) {
    half_sums s = {.sums.scale = 1};
    double *to = d > 0 ? s.sums.upper : s.sums.lower;
    double power = fabs(d);
    for (size_t p = 0; p < SERIES_POWERS; p++) {
        to[p] = power;
        power *= fabs(d);
    }
    s.sums.above = d > 0 ? 1 : 0;
    s.sums.below = d < 0 ? 1 : 0;
    return s;
}

static void one_wanted(void *sums, const rolling_item *item) {
    half_sums *s = sums;
    *s = halves_of(is_there(item) ? item->value - item->wanted : 0);
    if (!is_there(item))
        return;
    double order = item->config->partial_order;
    double whole = floor(order);
    if (order == whole && order <= SERIES_POWERS)
        s->shortfall_power = s->sums.lower[(size_t)whole - 1];
    else if (s->sums.below > 0)
        s->shortfall_power = natural_power(s->sums.lower[0], order);
}

static void one_zero(void *sums, const rolling_item *item) {
    *(half_sums *)sums = halves_of(is_there(item) ? item->value : 0);
}

static void join_halves(const void *older, const void *newer, void *ret_sums) {
    const half_sums *b = newer;
    half_sums joined = *(const half_sums *)older;
    for (size_t p = 0; p < SERIES_POWERS; p++) {
        joined.sums.upper[p] += b->sums.upper[p];
        joined.sums.lower[p] += b->sums.lower[p];
    }
    joined.sums.above += b->sums.above;
    joined.sums.below += b->sums.below;
    joined.shortfall_power += b->shortfall_power;
    *(half_sums *)ret_sums = joined;
}

static void tell_wanted(const void *sums, performance_facts *facts) {
    facts->about_wanted = ((const half_sums *)sums)->sums;
    facts->shortfall_power = ((const half_sums *)sums)->shortfall_power;
}

static void tell_zero(const void *sums, performance_facts *facts) {
    facts->about_zero = ((const half_sums *)sums)->sums;
}

/* ---- Growth and the path -------------------------------------------------------------------- */

static series_growth growth_of(double value) {
    series_growth growth = {.value = 1};
    series_grow(&growth, 1 + value);
    return growth;
}

static series_growth join_growths(series_growth a, series_growth b) {
    series_growth joined = {a.value, a.exponent + b.exponent};
    series_grow(&joined, b.value);
    return joined;
}

static void one_growth(void *sums, const rolling_item *item) {
    *(series_growth *)sums = growth_of(is_there(item) ? item->value : 0);
}

static void one_excess_growth(void *sums, const rolling_item *item) {
    *(series_growth *)sums = growth_of(is_there(item) ? item->value - item->free : 0);
}

static void join_growth(const void *older, const void *newer, void *ret_sums) {
    const series_growth *a = older;
    const series_growth *b = newer;
    *(series_growth *)ret_sums = join_growths(*a, *b);
}

static void tell_growth(const void *sums, performance_facts *facts) {
    facts->growth = *(const series_growth *)sums;
}

static void tell_excess_growth(const void *sums, performance_facts *facts) {
    facts->excess_growth = *(const series_growth *)sums;
}

/* The path of 1 over the run, its start included. */
typedef struct path_sums {
    double end;
    double peak;
    double least;
    double drawdown;
} path_sums;

static void one_path(void *sums, const rolling_item *item) {
    double end = is_there(item) ? fmax(1 + item->value, 0) : 1;
    *(path_sums *)sums = (path_sums){.end = end,
                                     .peak = end > 1 ? end : 1,
                                     .least = end < 1 ? end : 1,
                                     .drawdown = end < 1 ? 1 - end : 0};
}

/* The greatest fall is in either run, or from the peak of the older to the least of the newer. */
static void join_path(const void *older, const void *newer, void *ret_sums) {
    const path_sums *a = older;
    const path_sums *b = newer;
    double peak = a->end * b->peak;
    double least = a->end * b->least;
    double across = (a->peak - least) / a->peak;
    double within = fmax(a->drawdown, b->drawdown);
    *(path_sums *)ret_sums = (path_sums){.end = a->end * b->end,
                                         .peak = fmax(a->peak, peak),
                                         .least = fmin(a->least, least),
                                         .drawdown = fmax(within, across)};
}

static void tell_path(const void *sums, performance_facts *facts) {
    facts->max_drawdown = ((const path_sums *)sums)->drawdown;
}

/* ---- Pairs --------------------------------------------------------------------------------- */

typedef struct pair_sums {
    spread a; /* of excesses when rates are a series, of returns otherwise */
    spread b;
    spread active;
    double product;
    double size; /* magnitude of both */
    double total_a;
    double total_b;
    double wins;
    double rises;
    double falls;
    double shortfall_a;
    double shortfall_b;
    series_growth growth_a;
    series_growth growth_b;
    series_growth alone_a;
    series_growth alone_b;
    double has_free;
} pair_sums;

static double squared_shortfall(double value, double wanted) {
    double d = value < wanted ? wanted - value : 0;
    return d * d;
}

static void one_pair_of(unsigned which, void *sums, const rolling_item *item) {
    pair_sums *s = sums;
    *s = (pair_sums){.growth_a = {.value = 1},
                     .growth_b = {.value = 1},
                     .alone_a = growth_of(is_there(item) ? item->value : 0),
                     .alone_b =
                         growth_of(item != NULL && !isnan(item->benchmark) ? item->benchmark : 0)};
    if (!is_there(item) || !performance_takes(which, item->benchmark, item->free))
        return;
    double a = item->value;
    double b = item->benchmark;
    double free = item->has_free ? item->free : 0;
    s->a = spread_of(a - free);
    s->b = spread_of(b - free);
    s->active = spread_of(a - b);
    s->size = fmax(fabs(a), fabs(b));
    s->total_a = a;
    s->total_b = b;
    s->wins = a > b ? 1 : 0;
    s->rises = a > 0 ? 1 : 0;
    s->falls = a < 0 ? 1 : 0;
    s->shortfall_a = squared_shortfall(a, item->wanted);
    s->shortfall_b = squared_shortfall(b, item->wanted);
    s->growth_a = growth_of(a);
    s->growth_b = growth_of(b);
    s->has_free = item->has_free ? 1 : 0;
}

static void join_pair(const void *older, const void *newer, void *ret_sums) {
    const pair_sums *a = older;
    const pair_sums *b = newer;
    double n = a->a.n + b->a.n;
    double between = n > 0 && a->a.n > 0 && b->a.n > 0
                         ? distance(a->a.mean, b->a.mean) * distance(a->b.mean, b->b.mean) *
                               (a->a.n * b->a.n / n)
                         : 0;
    *(pair_sums *)ret_sums = (pair_sums){.a = join_spreads(&a->a, &b->a),
                                         .b = join_spreads(&a->b, &b->b),
                                         .active = join_spreads(&a->active, &b->active),
                                         .product = a->product + b->product + between,
                                         .size = fmax(a->size, b->size),
                                         .total_a = a->total_a + b->total_a,
                                         .total_b = a->total_b + b->total_b,
                                         .wins = a->wins + b->wins,
                                         .rises = a->rises + b->rises,
                                         .falls = a->falls + b->falls,
                                         .shortfall_a = a->shortfall_a + b->shortfall_a,
                                         .shortfall_b = a->shortfall_b + b->shortfall_b,
                                         .growth_a = join_growths(a->growth_a, b->growth_a),
                                         .growth_b = join_growths(a->growth_b, b->growth_b),
                                         .alone_a = join_growths(a->alone_a, b->alone_a),
                                         .alone_b = join_growths(a->alone_b, b->alone_b),
                                         .has_free = fmax(a->has_free, b->has_free)};
}

static performance_pair pair_of(const pair_sums *s, double free) {
    bool given = s->has_free > 0;
    double n = s->a.n;
    series_moments a = moments_of(&s->a, given ? s->size : 0);
    series_moments b = moments_of(&s->b, given ? s->size : 0);
    series_moments active = moments_of(&s->active, s->size);
    bool moves = a.square > 0 && b.square > 0;
    return (performance_pair){.size = {.count = n, .weight = n},
                              .mean_a = given ? s->total_a / n : a.mean,
                              .mean_b = given ? s->total_b / n : b.mean,
                              .excess_a = given ? a.mean : a.mean - free,
                              .excess_b = given ? b.mean : b.mean - free,
                              .products = {a.square, b.square, moves ? s->product : 0},
                              .active_mean = active.mean,
                              .active_square = active.square,
                              .wins = s->wins,
                              .rises = s->rises,
                              .falls = s->falls,
                              .shortfall_a = s->shortfall_a,
                              .shortfall_b = s->shortfall_b,
                              .growth_a = s->growth_a,
                              .growth_b = s->growth_b,
                              .alone_a = s->alone_a,
                              .alone_b = s->alone_b};
}

static void one_all(void *sums, const rolling_item *item) {
    one_pair_of(GROUP_PAIR, sums, item);
}

static void one_up(void *sums, const rolling_item *item) {
    one_pair_of(GROUP_UP, sums, item);
}

static void one_down(void *sums, const rolling_item *item) {
    one_pair_of(GROUP_DOWN, sums, item);
}

static void one_bull(void *sums, const rolling_item *item) {
    one_pair_of(GROUP_BULL, sums, item);
}

static void one_bear(void *sums, const rolling_item *item) {
    one_pair_of(GROUP_BEAR, sums, item);
}

static void tell_all(const void *sums, performance_facts *facts) {
    facts->pair = pair_of(sums, facts->free);
    facts->benchmark_skipped = facts->size.count - facts->pair.size.count;
}

static void tell_up(const void *sums, performance_facts *facts) {
    facts->up = pair_of(sums, facts->free);
}

static void tell_down(const void *sums, performance_facts *facts) {
    facts->down = pair_of(sums, facts->free);
}

static void tell_bull(const void *sums, performance_facts *facts) {
    facts->bull = pair_of(sums, facts->free);
}

static void tell_bear(const void *sums, performance_facts *facts) {
    facts->bear = pair_of(sums, facts->free);
}

/* ---- All ----------------------------------------------------------------------------------- */

const rolling_kind rolling_kinds[ROLLING_KIND_COUNT] = {
    {GROUP_NONE, sizeof(base_sums), one_base, join_base, tell_base},
    {GROUP_MOMENTS, sizeof(moment_sums), one_moments, join_moments, tell_moments},
    {GROUP_WANTED, sizeof(half_sums), one_wanted, join_halves, tell_wanted},
    {GROUP_ZERO, sizeof(half_sums), one_zero, join_halves, tell_zero},
    {GROUP_EXCESS, sizeof(excess_sums), one_excess, join_excess, tell_excess},
    {GROUP_GROWTH, sizeof(series_growth), one_growth, join_growth, tell_growth},
    {GROUP_EXCESS_GROWTH, sizeof(series_growth), one_excess_growth, join_growth,
     tell_excess_growth},
    {GROUP_PATH, sizeof(path_sums), one_path, join_path, tell_path},
    {GROUP_PAIR | GROUP_RATES, sizeof(pair_sums), one_all, join_pair, tell_all},
    {GROUP_UP, sizeof(pair_sums), one_up, join_pair, tell_up},
    {GROUP_DOWN, sizeof(pair_sums), one_down, join_pair, tell_down},
    {GROUP_BULL, sizeof(pair_sums), one_bull, join_pair, tell_bull},
    {GROUP_BEAR, sizeof(pair_sums), one_bear, join_pair, tell_bear},
};
