/*
 * performance_pairs.c - returns beside a benchmark, over the periods that a group chooses.
 *
 * The chosen rows are laid side by side in the scratch, unless all of them are chosen: then the
 * series themselves are read. Excesses over a risk-free series take their place when raw returns
 * are done with.
 */
#include "performance_priv.h"

/* The chosen periods, laid side by side. */
typedef struct chosen {
    const series_lanes *lanes;
    size_t count;
    const double *a;
    const double *b;
    const double *weights; /* NULL without */
    double *work;
} chosen;

static double free_at(const tw_performance *p, size_t i) {
    return p->has_free ? p->free[i] : p->facts.free;
}

static chosen choose_periods(const tw_performance *p, performance_group which) {
    chosen c = {
        p->lanes,     p->count, p->returns, p->benchmark, p->has_weights ? p->weights : NULL,
        p->scratch[3]};
    if (which == GROUP_PAIR && p->facts.benchmark_skipped == 0)
        return c;
    c.a = p->scratch[0];
    c.b = p->scratch[1];
    c.weights = p->has_weights ? p->scratch[2] : NULL;
    size_t count = 0;
    for (size_t i = 0; i < p->count; i++) {
        p->scratch[0][count] = p->returns[i];
        p->scratch[1][count] = p->benchmark[i];
        p->scratch[2][count] = p->weights[i];
        count += performance_takes(which, p->benchmark[i], free_at(p, i)) ? 1 : 0;
    }
    c.count = count;
    return c;
}

static series_view series_of(const chosen *c, const double *values) {
    return (series_view){values, c->weights, c->count, 0, 1};
}

static double magnitude_of(const series_moments *a, const series_moments *b) {
    return fmax(fmax(fabs(a->least), fabs(a->greatest)), fmax(fabs(b->least), fabs(b->greatest)));
}

static void add_wins(const chosen *c, performance_pair *pair) {
    if (c->weights == NULL) {
        size_t counts[3] = {0};
        for (size_t i = 0; i < c->count; i++) {
            counts[0] += c->a[i] > c->b[i] ? 1 : 0;
            counts[1] += c->a[i] > 0 ? 1 : 0;
            counts[2] += c->a[i] < 0 ? 1 : 0;
        }
        pair->wins = (double)counts[0];
        pair->rises = (double)counts[1];
        pair->falls = (double)counts[2];
        return;
    }
    for (size_t i = 0; i < c->count; i++) {
        pair->wins += c->a[i] > c->b[i] ? c->weights[i] : 0;
        pair->rises += c->a[i] > 0 ? c->weights[i] : 0;
        pair->falls += c->a[i] < 0 ? c->weights[i] : 0;
    }
}

/* Moments of what the returns are above the benchmark. */
static void add_active(const chosen *c, double size, performance_pair *pair) {
    for (size_t i = 0; i < c->count; i++)
        c->work[i] = c->a[i] - c->b[i];
    series_view active = series_of(c, c->work);
    series_moments m = series_spread_of(c->lanes, &active, pair->size.weight, size);
    pair->active_mean = m.mean;
    pair->active_square = m.square;
}

/* Sum of w min(value - MAR, 0)^2 over all pairs. */
static double shortfall_of(const tw_performance *p, const chosen *c, const double *values) {
    size_t k = 0;
    for (size_t i = 0; i < p->count; i++)
        if (performance_takes(GROUP_PAIR, p->benchmark[i], 0)) {
            c->work[k] = values[k] - (p->has_wanted ? p->wanted[i] : p->facts.wanted);
            k++;
        }
    series_view series = series_of(c, c->work);
    series_sums sums;
    c->lanes->powers(&series, &sums);
    return sums.lower[1];
}

static void add_growth(const tw_performance *p, const chosen *c, performance_group which,
                       performance_pair *pair) {
    pair->growth_a = series_growth_of(c->lanes, c->a, c->count);
    pair->growth_b = series_growth_of(c->lanes, c->b, c->count);
    if (which != GROUP_PAIR)
        return;
    pair->shortfall_a = shortfall_of(p, c, c->a);
    pair->shortfall_b = shortfall_of(p, c, c->b);
    pair->alone_a = series_growth_of(c->lanes, p->returns, p->count);
    pair->alone_b =
        p->skipped > 0 ? p->benchmark_alone : series_growth_of(c->lanes, p->benchmark, p->count);
}

/* Takes the risk-free series off both. */
static void take_off_free(const tw_performance *p, chosen *c, performance_group which) {
    size_t k = 0;
    for (size_t i = 0; i < p->count; i++)
        if (performance_takes(which, p->benchmark[i], p->free[i])) {
            p->scratch[0][k] = c->a[k] - p->free[i];
            p->scratch[1][k] = c->b[k] - p->free[i];
            k++;
        }
    c->a = p->scratch[0];
    c->b = p->scratch[1];
}

/* Of excesses, or returns: `size` is 0 for these. */
static void add_products(const chosen *c, double size, performance_pair *pair) {
    series_view a = series_of(c, c->a);
    series_view b = series_of(c, c->b);
    series_pair both = series_pair_of(c->lanes, &a, &b, pair->size.weight, size);
    pair->excess_a = both.a.mean;
    pair->excess_b = both.b.mean;
    pair->products = both.products;
}

performance_pair performance_pair_of(const tw_performance *p, performance_group which, bool rates) {
    performance_pair pair = {0};
    chosen c = choose_periods(p, which);
    pair.size = series_size_of(c.lanes, c.weights, c.count);
    series_view a = series_of(&c, c.a);
    series_view b = series_of(&c, c.b);
    series_moments ma = series_level_of(c.lanes, &a, pair.size.weight);
    series_moments mb = series_level_of(c.lanes, &b, pair.size.weight);
    double size = magnitude_of(&ma, &mb);
    pair.mean_a = ma.mean;
    pair.mean_b = mb.mean;
    add_wins(&c, &pair);
    if (rates)
        add_growth(p, &c, which, &pair);
    if (which == GROUP_PAIR)
        add_active(&c, size, &pair);
    if (p->has_free)
        take_off_free(p, &c, which);
    add_products(&c, p->has_free ? size : 0, &pair);
    if (!p->has_free) {
        pair.excess_a -= p->facts.free;
        pair.excess_b -= p->facts.free;
    }
    return pair;
}
