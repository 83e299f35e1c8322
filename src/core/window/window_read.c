/*
 * window_read.c - the answers of one window, from its totals.
 *
 * There are two ways to the same bits. Nearly always the numerators and denominators are doubles
 * exactly, and one division of doubles rounds as the ratio must be rounded (numerators_of).
 * Otherwise the exact integers go through ratio_round.
 */
#include "tradewind/quantile.h"
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

static sums sums_of(const view *v) {
    const tw_window *window = v->window;
    uint64_t last = (v->end - 1) & window->mask;
    uint64_t first = (v->head - 1) & window->mask;
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

/* The answers of exact sums. */
static void divide_exactly(const sums *s, uint64_t n, extremes all, const rates *of,
                           tw_window_stats *ret_stats) {
    uint64_t fives = of->price->fives;
    int exponent = -of->price->decimals;
    wide192 variance =
        wide192_subtract(wide192_times(s->square, n), wide192_product(s->price, s->price));
    wide_uint pairs = (wide_uint)n * (n - of->ddof);
    wide_uint range = (wide_uint)((wide_int)~all.not_max - all.min);
    ret_stats->n = n;
    ret_stats->sum = ratio_round(wide192_of(s->price), fives, exponent);
    ret_stats->mean = ratio_round(wide192_of(s->price), (wide_uint)n * fives, exponent);
    ret_stats->variance =
        pairs == 0 ? NAN : ratio_round(variance, pairs * (fives * fives), 2 * exponent);
    ret_stats->min = price_of(of->price, all.min);
    ret_stats->max = price_of(of->price, ~all.not_max);
    ret_stats->range = ratio_round(wide192_of_unsigned(range), fives, exponent);
    ret_stats->volume =
        ratio_round(wide192_of_unsigned(s->volume), of->quantity->fives, -of->quantity->decimals);
    ret_stats->vwap = s->volume == 0 ? NAN : ratio_round(s->value, s->volume * fives, exponent);
}

void window_exact_narrow(const totals_low *sums_low, uint64_t n, extremes all, const rates *of,
                         tw_window_stats *ret_stats) {
    sums s = {.price = (int64_t)sums_low->price,
              .square = wide192_of_unsigned(sums_low->square),
              .value = wide192_of((int64_t)sums_low->value),
              .volume = sums_low->volume};
    divide_exactly(&s, n, all, of, ret_stats);
}

void window_exact(const view *v, tw_window_stats *ret_stats) {
    const tw_window *window = v->window;
    const rates of = {facts_of(&window->price_unit), facts_of(&window->quantity_unit),
                      v->spec->ddof};
    uint64_t n = v->end - v->head;
    numerators top;
    totals_low between;
    totals_difference(&window->lows[(v->end - 1) & window->mask],
                      &window->lows[(v->head - 1) & window->mask], &between);
    if (window->wide || numerators_of(n, &between, of.price->fives_double, &top) != 0) {
        sums s = sums_of(v);
        divide_exactly(&s, n, v->all, &of, ret_stats);
        return;
    }
    double scale = of.price->scale;
    ret_stats->n = n;
    ret_stats->sum = top.price / scale;
    ret_stats->mean = top.price / mean_divisor(top.n, scale);
    ret_stats->variance = top.variance / variance_divisor(top.n, of.ddof, scale);
    ret_stats->min = as_double(v->all.min) / scale;
    ret_stats->max = as_double(~v->all.not_max) / scale;
    ret_stats->range = as_double(~v->all.not_max - v->all.min) / scale;
    ret_stats->volume = top.volume / of.quantity->scale;
    ret_stats->vwap = top.value / vwap_divisor(top.volume, scale);
}

/* n x (newest price - mean), in units. */
static wide_int deviation_of(const view *v) {
    const tw_window *window = v->window;
    int64_t newest = window->prices[(v->end - 1) & window->mask];
    uint64_t n = v->end - v->head;
    if (window->wide)
        return (wide_int)newest * (wide_int)n - sums_of(v).price;
    /* Of a narrow ring both have 62 bits at most. */
    uint64_t sum = window->lows[(v->end - 1) & window->mask].price -
                   window->lows[(v->head - 1) & window->mask].price;
    return newest * (int64_t)n - (int64_t)sum;
}

double window_z_score(const view *v, const tw_window_stats *stats) {
    if (!(stats->stddev > 0))
        return NAN;
    const unit_facts *facts = facts_of(&v->window->price_unit);
    uint64_t n = v->end - v->head;
    wide_int deviation = deviation_of(v);
    bool exact = deviation < EXACT_DOUBLE && deviation > -EXACT_DOUBLE;
    if (exact && (double)n * facts->fives_double < 0x1p53)
        return (double)(int64_t)deviation / mean_divisor((double)n, facts->scale) / stats->stddev;
    return ratio_round(wide192_of(deviation), (wide_uint)n * facts->fives, -facts->decimals) /
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
    window->last_price = price_nano;
}

double window_volatility(const view *v) {
    const tw_window *window = v->window;
    if (!v->spec->volatility)
        return NAN;
    const totals_return *a = &window->returns[(v->end - 1) & window->mask];
    const totals_return *b = &window->returns[v->head & window->mask];
    bool priced = window->prices[v->head & window->mask] > 0;
    if (a->missing != b->missing || !priced)
        return NAN;
    wide_uint total =
        ((wide_uint)a->words[1] << 64 | a->words[0]) - ((wide_uint)b->words[1] << 64 | b->words[0]);
    return sqrt(ratio_round(wide192_of_unsigned(total), 1, -84));
}

/* Type 7: at (n - 1) x probability between two order statistics, which are exact integers. */
double window_quantile(const view *v, double probability) {
    uint64_t n = v->end - v->head;
    tw_quantile_place place = tw_quantile_place_of(TW_QUANTILE_LINEAR, (size_t)n, probability);
    int64_t low = window_order_at(v->order, place.low);
    double at = ratio_round(wide192_of(low), UINT64_C(1953125), -9); /* 1e9 is 5^9 2^9 */
    if (place.part == 0)
        return at;
    int64_t high = window_order_at(v->order, place.high);
    wide_int gap = (wide_int)high - low;
    return at + place.part * ratio_round(wide192_of(gap), UINT64_C(1953125), -9);
}

/* Whether the youngest that was crowded out would have left by now. */
static bool is_complete(const tw_window *window, const pane *p, int64_t span_ns) {
    int64_t edge_ns;
    if (p->crowded_out == 0)
        return true;
    return !__builtin_sub_overflow(window->now_ns, span_ns, &edge_ns) &&
           p->crowded_newest_ns <= edge_ns;
}

static void read_trades(const view *v, tw_window_stats *ret_stats) {
    const tw_window *window = v->window;
    window_exact(v, ret_stats);
    ret_stats->stddev = sqrt(ret_stats->variance);
    ret_stats->z_score = window_z_score(v, ret_stats);
    ret_stats->volatility = window_volatility(v);
    for (uint32_t i = 0; i < v->spec->quantile_count; i++)
        ret_stats->quantiles[i] = window_quantile(v, v->spec->quantiles[i]);
    ret_stats->oldest_ns = window->times[v->head & window->mask];
    ret_stats->newest_ns = window->last_ns;
}

void tw_window_read(const tw_window *window, uint32_t index, tw_window_stats *ret_stats) {
    TW_ASSERT(window != NULL && ret_stats != NULL && index < window->pane_count);
    const pane *p = &window->panes[index];
    const pane_spec *spec = &window->specs[index];
    memset(ret_stats, 0, sizeof *ret_stats);
    ret_stats->mean = ret_stats->variance = ret_stats->stddev = ret_stats->min = NAN;
    ret_stats->max = ret_stats->range = ret_stats->vwap = ret_stats->z_score = NAN;
    ret_stats->volatility = NAN;
    for (uint32_t i = 0; i < TW_WINDOW_QUANTILE_MAX; i++)
        ret_stats->quantiles[i] = NAN;
    if (window->total > p->state.head) {
        view v = {window, spec, p->order, p->state.head, window->total, pane_extremes(&p->state)};
        read_trades(&v, ret_stats);
    }
    bool any = window->total > 0;
    ret_stats->ema = any ? p->state.ema : NAN;
    ret_stats->ema_time = any && spec->tau > 0 ? p->state.ema_time : NAN;
    ret_stats->crowded_out = p->crowded_out;
    ret_stats->complete = is_complete(window, p, spec->span_ns);
}
