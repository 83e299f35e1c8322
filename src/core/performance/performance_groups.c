/*
 * performance_groups.c - gathers the facts of a series, group by group.
 */
#include "performance_priv.h"

#include "drawdown_walk.h"

/* ---- Groups -------------------------------------------------------------------------------- */

static const double *weights_of(const tw_performance *p) {
    return p->has_weights ? p->weights : NULL;
}

static series_view series_of(const tw_performance *p, const double *values) {
    return (series_view){values, weights_of(p), p->count, 0, 1};
}

void performance_begin(tw_performance *p) {
    performance_facts *facts = &p->facts;
    *facts = (performance_facts){.config = &p->config};
    facts->size = series_size_of(p->lanes, weights_of(p), p->count);
    facts->skipped = (double)p->skipped;
    facts->free = performance_rate(&p->config, p->config.risk_free);
    facts->wanted = performance_rate(&p->config, p->config.minimum_acceptable);
    series_view free = series_of(p, p->free);
    series_view wanted = series_of(p, p->wanted);
    if (p->has_free)
        facts->free = series_level_of(p->lanes, &free, facts->size.weight).mean;
    if (p->has_wanted)
        facts->wanted = series_level_of(p->lanes, &wanted, facts->size.weight).mean;
    size_t missing = 0;
    bool some =
        p->has_benchmark && !p->lanes->within(p->benchmark, p->count, TW_PERFORMANCE_VALUE_MAX);
    for (size_t i = 0; some && i < p->count; i++)
        missing += isnan(p->benchmark[i]) ? 1 : 0;
    facts->benchmark_skipped = (double)missing;
}

static void gather_moments(tw_performance *p) {
    series_view series = series_of(p, p->returns);
    p->facts.moments =
        series_moments_of(p->lanes, &series, p->facts.size.weight, 0, &p->facts.halves);
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
static double shortfall_power(const tw_performance *p, const series_sums *wanted) {
    double order = p->config.partial_order;
    double whole = floor(order);
    if (order == whole && order <= SERIES_POWERS)
        return wanted->lower[(size_t)whole - 1] / natural_power(wanted->scale, order);
    double *powers = p->scratch[1];
    for (size_t i = 0; i < p->count; i++) {
        double d = (p->has_wanted ? p->wanted[i] : p->facts.wanted) - p->returns[i];
        powers[i] = d > 0 ? natural_power(d, order) : 0;
    }
    series_view series = series_of(p, powers);
    return p->lanes->total(&series);
}

static void gather_wanted(tw_performance *p) {
    series_view series = series_of(p, p->returns);
    if (p->has_wanted)
        series.values = differences(p, true, p->wanted, 0);
    else
        series.centre = p->facts.wanted;
    p->lanes->powers(&series, &p->facts.about_wanted);
    p->facts.shortfall_power = shortfall_power(p, &p->facts.about_wanted);
}

static void gather_zero(tw_performance *p) {
    series_view series = series_of(p, p->returns);
    p->lanes->powers(&series, &p->facts.about_zero);
}

static double magnitude_of(const series_moments *moments) {
    return fmax(fabs(moments->least), fabs(moments->greatest));
}

static void gather_excess(tw_performance *p) {
    performance_facts *facts = &p->facts;
    if (!p->has_free) {
        facts->excess = facts->moments;
        facts->excess.mean -= facts->free;
        return;
    }
    series_view series = series_of(p, differences(p, true, p->free, 0));
    double size = magnitude_of(&facts->moments);
    facts->excess = series_moments_of(p->lanes, &series, facts->size.weight, size, NULL);
}

static void gather_growth(tw_performance *p, unsigned needs) {
    if ((needs & GROUP_GROWTH) != 0)
        p->facts.growth = series_growth_of(p->lanes, p->returns, p->count);
    if ((needs & GROUP_EXCESS_GROWTH) != 0)
        p->facts.excess_growth = series_growth_of(
            p->lanes, differences(p, p->has_free, p->free, p->facts.free), p->count);
}

/* ---- Drawdowns ----------------------------------------------------------------------------- */

static void gather_path(tw_performance *p) {
    p->facts.max_drawdown = series_max_drawdown(p->returns, p->count);
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
    series_view series = {all, NULL, p->count, 0, 1};
    series_sums powers;
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
