/*
 * window_read.c - the answers of one window, from its totals.
 *
 * There are two ways to the same bits. Nearly always the numerators and denominators are doubles
 * exactly, and one division of doubles rounds as the ratio must be rounded (pane_numerators).
 * Otherwise the exact integers go through ratio_round.
 */
#include "window_pane.h"

#include <math.h>
#include <string.h>

/* The exact sums of a window. */
typedef struct sums {
    wide_int price;
    wide192 square;
    wide192 value;
    wide_uint volume;
} sums;

static wide192 difference(uint64_t low_a, const uint64_t *high_a, uint64_t low_b,
                          const uint64_t *high_b) {
    return wide192_subtract((wide192){{low_a, high_a[0], high_a[1]}},
                            (wide192){{low_b, high_b[0], high_b[1]}});
}

static sums sums_of(const tw_window *window, const pane *p) {
    uint64_t last = (window->total - 1) & window->mask;
    uint64_t first = (p->head - 1) & window->mask;
    const totals_low *a = &window->lows[last];
    const totals_low *b = &window->lows[first];
    if (!window->wide)
        return (sums){.price = (int64_t)(a->price - b->price),
                      .square = wide192_of_unsigned(a->square - b->square),
                      .value = wide192_of((int64_t)(a->value - b->value)),
                      .volume = a->volume - b->volume};
    const totals_high *x = &window->highs[last];
    const totals_high *y = &window->highs[first];
    wide_uint price =
        ((wide_uint)x->price << 64 | a->price) - ((wide_uint)y->price << 64 | b->price);
    wide_uint volume =
        ((wide_uint)x->volume << 64 | a->volume) - ((wide_uint)y->volume << 64 | b->volume);
    return (sums){.price = (wide_int)price,
                  .square = difference(a->square, x->square, b->square, y->square),
                  .value = difference(a->value, x->value, b->value, y->value),
                  .volume = volume};
}

static void exact_slow(const tw_window *window, const pane *p, tw_window_stats *ret) {
    const unit_facts *u = facts_of(&window->price_unit);
    const unit_facts *v = facts_of(&window->quantity_unit);
    int exponent = -u->decimals;
    sums s = sums_of(window, p);
    uint64_t n = window_n(window, p);
    extremes all = pane_extremes(p);
    wide192 variance =
        wide192_subtract(wide192_times(s.square, n), wide192_product(s.price, s.price));
    wide_uint pairs = (wide_uint)n * (n - spec_of(window, p)->ddof);
    wide_uint range = (wide_uint)((wide_int)all.max - all.min);
    ret->sum = ratio_round(wide192_of(s.price), u->fives, exponent);
    ret->mean = ratio_round(wide192_of(s.price), (wide_uint)n * u->fives, exponent);
    ret->variance =
        pairs == 0 ? NAN : ratio_round(variance, pairs * (u->fives * u->fives), 2 * exponent);
    ret->min = window_price(window, all.min);
    ret->max = window_price(window, all.max);
    ret->range = ratio_round(wide192_of_unsigned(range), u->fives, exponent);
    ret->volume = ratio_round(wide192_of_unsigned(s.volume), v->fives, -v->decimals);
    ret->vwap = s.volume == 0 ? NAN : ratio_round(s.value, s.volume * u->fives, exponent);
}

void window_exact(const tw_window *window, const pane *p, tw_window_stats *ret_stats) {
    numerators of;
    ret_stats->n = window_n(window, p);
    if (!pane_numerators(window, p, &of)) {
        exact_slow(window, p, ret_stats);
        return;
    }
    double scale = facts_of(&window->price_unit)->scale;
    double n = as_double(of.n);
    ret_stats->sum = as_double(of.price) / scale;
    ret_stats->mean = finish_mean(as_double(of.price), n, scale);
    ret_stats->variance =
        finish_variance(as_double(of.variance), n, spec_of(window, p)->ddof, scale);
    ret_stats->min = as_double(of.min) / scale;
    ret_stats->max = as_double(of.max) / scale;
    ret_stats->range = as_double(of.max - of.min) / scale;
    ret_stats->volume = as_double(of.volume) / facts_of(&window->quantity_unit)->scale;
    ret_stats->vwap = finish_vwap(as_double(of.value), as_double(of.volume), scale);
}

double window_z_score(const tw_window *window, const pane *p, const tw_window_stats *stats) {
    if (!(stats->stddev > 0))
        return NAN;
    const unit_facts *u = facts_of(&window->price_unit);
    uint64_t n = window_n(window, p);
    wide_int newest = window->prices[(window->total - 1) & window->mask];
    wide_int deviation = newest * (wide_int)n - sums_of(window, p).price;
    bool exact = deviation < EXACT_DOUBLE && deviation > -EXACT_DOUBLE;
    if (exact && n <= u->count_fast_max)
        return finish_mean((double)deviation, (double)n, u->scale) / stats->stddev;
    return ratio_round(wide192_of(deviation), (wide_uint)n * u->fives, -u->decimals) /
           stats->stddev;
}

void window_put_return(tw_window *window, uint64_t index, int64_t price_nano) {
    const totals_return *before = &window->returns[(index - 1) & window->mask];
    wide_uint total = (wide_uint)before->words[1] << 64 | before->words[0];
    uint64_t missing = before->missing;
    int64_t last = window->last_price;
    if (index > 0 && price_nano > 0 && last > 0) {
        double change = log_ratio((double)price_nano, (double)last, (double)(price_nano - last));
        total += (wide_uint)ldexp(change * change, 84); /* the rest is cut off */
    } else if (index > 0) {
        missing++;
    }
    window->returns[index & window->mask] =
        (totals_return){{(uint64_t)total, (uint64_t)(total >> 64)}, missing};
}

double window_volatility(const tw_window *window, const pane *p) {
    if (!spec_of(window, p)->volatility)
        return NAN;
    const totals_return *a = &window->returns[(window->total - 1) & window->mask];
    const totals_return *b = &window->returns[p->head & window->mask];
    bool priced = window->prices[p->head & window->mask] > 0;
    if (a->missing != b->missing || !priced)
        return NAN;
    wide_uint total =
        ((wide_uint)a->words[1] << 64 | a->words[0]) - ((wide_uint)b->words[1] << 64 | b->words[0]);
    return sqrt(ratio_round(wide192_of_unsigned(total), 1, -84));
}

/* Type 7: at (n - 1) x probability between two order statistics, which are exact integers. */
double window_quantile(const tw_window *window, const pane *p, double probability) {
    uint64_t n = window_n(window, p);
    double place = (double)(n - 1) * probability;
    double below = floor(place);
    uint64_t rank = (uint64_t)below;
    int64_t low = window_order_at(p->order, rank);
    double at = ratio_round(wide192_of(low), UINT64_C(1953125), -9); /* 1e9 is 5^9 2^9 */
    if (place == below)
        return at;
    int64_t high = window_order_at(p->order, rank + 1);
    wide_int gap = (wide_int)high - low;
    return at + (place - below) * ratio_round(wide192_of(gap), UINT64_C(1953125), -9);
}

static void read_times(const tw_window *window, const pane *p, tw_window_stats *ret_stats) {
    ret_stats->oldest_ns = window->times[p->head & window->mask];
    ret_stats->newest_ns = window->times[(window->total - 1) & window->mask];
}

/* Whether the youngest that was crowded out would have left by now. */
static bool is_complete(const tw_window *window, const pane *p) {
    int64_t edge_ns;
    if (p->crowded_out == 0)
        return true;
    return !__builtin_sub_overflow(window->now_ns, spec_of(window, p)->span_ns, &edge_ns) &&
           p->crowded_newest_ns <= edge_ns;
}

void tw_window_read(const tw_window *window, uint32_t index, tw_window_stats *ret_stats) {
    TW_ASSERT(window != NULL && ret_stats != NULL && index < window->pane_count);
    const pane *p = &window->panes[index];
    const pane_spec *spec = &window->specs[index];
    uint64_t n = window_n(window, p);
    memset(ret_stats, 0, sizeof *ret_stats);
    ret_stats->mean = ret_stats->variance = ret_stats->min = ret_stats->max = NAN;
    ret_stats->range = ret_stats->vwap = ret_stats->z_score = ret_stats->volatility = NAN;
    for (uint32_t i = 0; i < TW_WINDOW_QUANTILE_MAX; i++)
        ret_stats->quantiles[i] = NAN;
    if (n > 0) {
        window_exact(window, p, ret_stats);
        read_times(window, p, ret_stats);
        ret_stats->volatility = window_volatility(window, p);
        for (uint32_t i = 0; i < spec->quantile_count; i++)
            ret_stats->quantiles[i] = window_quantile(window, p, spec->quantiles[i]);
    }
    ret_stats->stddev = sqrt(ret_stats->variance);
    if (n > 0)
        ret_stats->z_score = window_z_score(window, p, ret_stats);
    bool any = window->total > 0;
    ret_stats->ema = any ? p->ema : NAN;
    ret_stats->ema_time = any && spec->tau > 0 ? p->ema_time : NAN;
    ret_stats->crowded_out = p->crowded_out;
    ret_stats->complete = is_complete(window, p);
}
