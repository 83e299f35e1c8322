/*
 * performance_groups.c - gathers the facts of a series, group by group.
 *
 * Moments in two passes: a mean, corrected by the mean of what values differ by from it, then
 * powers of those differences. The differences are scaled by a power of two to magnitudes below 1,
 * which changes no digit, so that fourth powers of 1e150 and of 1e-150 are there.
 */
#include "performance_priv.h"

#include <float.h>

#include "drawdown_walk.h"

#define GROWTH_STEP 0x1p512 /* where a growing value is set back, exactly */

/* ---- Parts --------------------------------------------------------------------------------- */

performance_size performance_size_of(const performance_lanes *lanes, const double *weights,
                                     size_t count) {
    performance_size size = {.count = (double)count, .weight = (double)count};
    if (weights == NULL || count == 0)
        return size;
    performance_series series = {weights, NULL, count, 0, 1};
    performance_sums sums;
    lanes->powers(&series, &sums);
    size.weighted = true;
    size.weight = lanes->total(&series);
    size.concentration = sums.upper[1] / (size.weight * size.weight);
    return size;
}

bool performance_is_constant(const performance_moments *moments, double size) {
    double range = moments->greatest - moments->least;
    double magnitude = fmax(size, fmax(fabs(moments->least), fabs(moments->greatest)));
    return range == 0 || (size > 0 && range <= 8 * DBL_EPSILON * magnitude);
}

/* The power of two that brings the distances from the mean below 1. */
static double scale_of(const performance_moments *moments) {
    double distance = fmax(moments->greatest - moments->mean, moments->mean - moments->least);
    int exponent = 0;
    if (!(distance > 0))
        return 1;
    frexp(distance, &exponent);
    return exponent < -1000 ? 0x1p1000 : ldexp(1, -exponent);
}

performance_moments performance_level_of(const performance_lanes *lanes, performance_series *series,
                                         double weight, double size) {
    performance_moments moments = {.mean = NAN, .least = NAN, .greatest = NAN, .scale = 1};
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
    }
    series->centre = moments.mean;
    if (!performance_is_constant(&moments, size))
        moments.scale = scale_of(&moments);
    series->scale = moments.scale;
    return moments;
}

void performance_grow(performance_growth *growth, double factor) {
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

performance_growth performance_growth_of(const performance_lanes *lanes, const double *values,
                                         size_t count) {
    performance_growth growth = {.value = 1};
    if (lanes->growth(values, count, &growth.value))
        return growth;
    growth.value = 1;
    for (size_t i = 0; i < count && growth.value > 0; i++)
        if (!isnan(values[i]))
            performance_grow(&growth, 1 + values[i]);
    return growth;
}

double performance_growth_rate(performance_growth growth, double power) {
    const double ln2 = 0x1.62e42fefa39efp-1;
    if (growth.value == 0)
        return -1;
    if (growth.exponent == 0)
        return power == 1 ? growth.value - 1 : natural_power(growth.value, power) - 1;
    return natural_exponential(power * (natural_logarithm(growth.value) + growth.exponent * ln2)) -
           1;
}

double performance_spread(const performance_size *size, double sum, double ddof) {
    if (!size->weighted)
        return size->count > ddof ? sum / (size->count - ddof) : NAN;
    double rest = ddof > 0 ? 1 - size->concentration : 1;
    return rest > 0 && size->weight > 0 ? sum / size->weight / rest : NAN;
}

/* ---- Groups -------------------------------------------------------------------------------- */

static const double *weights_of(const tw_performance *p) {
    return p->has_weights ? p->weights : NULL;
}

static performance_series series_of(const tw_performance *p, const double *values) {
    return (performance_series){values, weights_of(p), p->count, 0, 1};
}

void performance_begin(tw_performance *p) {
    performance_facts *facts = &p->facts;
    *facts = (performance_facts){.config = &p->config};
    facts->size = performance_size_of(p->lanes, weights_of(p), p->count);
    facts->skipped = (double)p->skipped;
    facts->free = performance_rate(&p->config, p->config.risk_free);
    facts->wanted = performance_rate(&p->config, p->config.minimum_acceptable);
    performance_series free = series_of(p, p->free);
    performance_series wanted = series_of(p, p->wanted);
    if (p->has_free)
        facts->free = performance_level_of(p->lanes, &free, facts->size.weight, 0).mean;
    if (p->has_wanted)
        facts->wanted = performance_level_of(p->lanes, &wanted, facts->size.weight, 0).mean;
    size_t missing = 0;
    bool some =
        p->has_benchmark && !p->lanes->within(p->benchmark, p->count, TW_PERFORMANCE_VALUE_MAX);
    for (size_t i = 0; some && i < p->count; i++)
        missing += isnan(p->benchmark[i]) ? 1 : 0;
    facts->benchmark_skipped = (double)missing;
}

static void gather_moments(tw_performance *p) {
    performance_facts *facts = &p->facts;
    performance_series series = series_of(p, p->returns);
    performance_moments m = performance_level_of(p->lanes, &series, facts->size.weight, 0);
    p->lanes->powers(&series, &facts->halves);
    const performance_sums *h = &facts->halves;
    m.square = h->upper[1] + h->lower[1];
    m.cube = h->upper[2] - h->lower[2];
    m.fourth = h->upper[3] + h->lower[3];
    facts->moments = m;
}

/* What the returns are above `less`, a series or a rate. */
static double *differences(const tw_performance *p, bool is_series, const double *less,
                           double rate) {
    double *to = p->scratch[0];
    for (size_t i = 0; i < p->count; i++)
        to[i] = p->returns[i] - (is_series ? less[i] : rate);
    return to;
}

/* sum of w max(MAR - r, 0)^order; `wanted` are the sums about the MAR. */
static double shortfall_power(const tw_performance *p, const performance_sums *wanted) {
    double order = p->config.partial_order;
    double whole = floor(order);
    if (order == whole && order <= PERFORMANCE_POWERS)
        return wanted->lower[(size_t)whole - 1] / natural_power(wanted->scale, order);
    double *powers = p->scratch[1];
    for (size_t i = 0; i < p->count; i++) {
        double d = (p->has_wanted ? p->wanted[i] : p->facts.wanted) - p->returns[i];
        powers[i] = d > 0 ? natural_power(d, order) : 0;
    }
    performance_series series = series_of(p, powers);
    return p->lanes->total(&series);
}

static void gather_wanted(tw_performance *p) {
    performance_series series = series_of(p, p->returns);
    if (p->has_wanted)
        series.values = differences(p, true, p->wanted, 0);
    else
        series.centre = p->facts.wanted;
    p->lanes->powers(&series, &p->facts.about_wanted);
    p->facts.shortfall_power = shortfall_power(p, &p->facts.about_wanted);
}

static void gather_zero(tw_performance *p) {
    performance_series series = series_of(p, p->returns);
    p->lanes->powers(&series, &p->facts.about_zero);
}

static double magnitude_of(const performance_moments *moments) {
    return fmax(fabs(moments->least), fabs(moments->greatest));
}

static void gather_excess(tw_performance *p) {
    performance_facts *facts = &p->facts;
    if (!p->has_free) {
        facts->excess = facts->moments;
        facts->excess.mean -= facts->free;
        return;
    }
    performance_series series = series_of(p, differences(p, true, p->free, 0));
    performance_moments m =
        performance_level_of(p->lanes, &series, facts->size.weight, magnitude_of(&facts->moments));
    performance_products products = {0};
    if (!performance_is_constant(&m, magnitude_of(&facts->moments)))
        p->lanes->products(&series, &series, &products);
    m.square = products.aa;
    facts->excess = m;
}

static void gather_growth(tw_performance *p, unsigned needs) {
    if ((needs & GROUP_GROWTH) != 0)
        p->facts.growth = performance_growth_of(p->lanes, p->returns, p->count);
    if ((needs & GROUP_EXCESS_GROWTH) != 0)
        p->facts.excess_growth = performance_growth_of(
            p->lanes, differences(p, p->has_free, p->free, p->facts.free), p->count);
}

/* ---- Drawdowns ----------------------------------------------------------------------------- */

static void gather_path(tw_performance *p) {
    drawdown_walk walk = DRAWDOWN_WALK_BEGIN;
    double greatest = 0;
    for (size_t i = 0; i < p->count; i++) {
        drawdown_walk_step(&walk, p->returns[i], i);
        greatest = walk.drawdown > greatest ? walk.drawdown : greatest;
    }
    p->facts.max_drawdown = greatest;
}

/* The drawdown that went on ends with the observation `end`; one that has not ended can end with
 * the next one at the earliest. */
static void add_drawdown(performance_drawdowns *sums, drawdown_walk *walk, size_t end) {
    sums->count++;
    sums->depths += walk->depth;
    sums->depth_squares += walk->depth * walk->depth;
    sums->lengths += (double)(end - walk->start + 1);
    sums->recoveries += (double)(end - walk->trough);
    walk->depth = 0;
}

static void gather_drawdowns(tw_performance *p) {
    performance_drawdowns sums = {0};
    drawdown_walk walk = DRAWDOWN_WALK_BEGIN;
    double *all = p->scratch[0];
    double greatest = 0;
    for (size_t i = 0; i < p->count; i++) {
        if (drawdown_walk_step(&walk, p->returns[i], i))
            add_drawdown(&sums, &walk, i);
        all[i] = walk.drawdown;
        greatest = walk.drawdown > greatest ? walk.drawdown : greatest;
    }
    if (walk.depth > 0)
        add_drawdown(&sums, &walk, p->count);
    performance_series series = {all, NULL, p->count, 0, 1};
    performance_sums powers;
    p->lanes->powers(&series, &powers);
    sums.mean = powers.upper[0] / (double)p->count;
    sums.mean_square = powers.upper[1] / (double)p->count;
    p->facts.drawdowns = sums;
    p->facts.max_drawdown = greatest;
}

/* PerformanceAnalytics' reading of the Burke ratio: the runs of losses after the first
 * observation, each compounded as if returns were percents. */
static void gather_runs(tw_performance *p) {
    const double percent = 0.01;
    double run = 1;
    double squares = 0;
    for (size_t i = 1; i <= p->count; i++) {
        if (i < p->count && p->returns[i] < 0) {
            run *= 1 + p->returns[i] * percent;
            continue;
        }
        double loss = (1 - run) / percent;
        squares += loss * loss;
        run = 1;
    }
    p->facts.drawdowns.run_squares = squares;
}

/* ---- All ----------------------------------------------------------------------------------- */

static void gather_pairs(tw_performance *p, unsigned needs) {
    const struct {
        performance_group group;
        performance_pair *to;
    } pairs[] = {{GROUP_UP, &p->facts.up},
                 {GROUP_DOWN, &p->facts.down},
                 {GROUP_BULL, &p->facts.bull},
                 {GROUP_BEAR, &p->facts.bear}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if ((needs & pairs[i].group) != 0)
            *pairs[i].to = performance_pair_of(p, pairs[i].group, true);
    if ((needs & (GROUP_PAIR | GROUP_RATES)) != 0)
        p->facts.pair = performance_pair_of(p, GROUP_PAIR, (needs & GROUP_RATES) != 0);
}

void performance_gather(tw_performance *p, unsigned needs) {
    if ((needs & (GROUP_EXCESS | GROUP_HALVES | GROUP_MOMENTS)) != 0)
        needs |= GROUP_MOMENTS | GROUP_HALVES;
    if ((needs & GROUP_DRAWDOWNS) != 0)
        needs |= GROUP_PATH;
    needs &= ~p->known;
    if ((needs & GROUP_MOMENTS) != 0)
        gather_moments(p);
    if ((needs & GROUP_WANTED) != 0)
        gather_wanted(p);
    if ((needs & GROUP_ZERO) != 0)
        gather_zero(p);
    if ((needs & GROUP_EXCESS) != 0)
        gather_excess(p);
    gather_growth(p, needs);
    if ((needs & GROUP_PATH) != 0 && (needs & GROUP_DRAWDOWNS) == 0)
        gather_path(p);
    if ((needs & GROUP_DRAWDOWNS) != 0) {
        gather_drawdowns(p);
        if (p->config.burke == TW_BURKE_RUNS)
            gather_runs(p);
    }
    gather_pairs(p, needs);
    p->known |= needs;
}
