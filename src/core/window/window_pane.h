/*
 * window_pane.h - what is done with every trade: into the ring, and each window moved on.
 *
 * Shared by the single push and by runs, so that both do the same. Invariants are those of
 * window_priv.h.
 */
#ifndef TRADEWIND_CORE_WINDOW_PANE_H
#define TRADEWIND_CORE_WINDOW_PANE_H

#include <string.h>

#include "window_priv.h"

static inline uint64_t window_n(const tw_window *window, const pane *p) {
    return window->total - p->head;
}

static inline const pane_spec *spec_of(const tw_window *window, const pane *p) {
    return &window->specs[p - window->panes];
}

static inline const unit_facts *facts_of(const unit *u) {
    return &unit_table[u->shift];
}

/* nano in units; false when it is no multiple, or one beyond what is taken now. */
static inline bool unit_divide(const unit *u, int64_t nano, int64_t *ret_units) {
    const unit_facts *facts = facts_of(u);
    uint64_t product = (uint64_t)nano * facts->inverse;
    int64_t units = (int64_t)product >> u->shift;
    *ret_units = units;
    return (product & facts->remainder) == 0 && (uint64_t)units - (uint64_t)u->lowest <= u->width;
}

/* The double nearest to a price in units. */
static inline double window_price(const tw_window *window, int64_t units) {
    const unit_facts *facts = facts_of(&window->price_unit);
    if (units < EXACT_DOUBLE && units > -EXACT_DOUBLE)
        return (double)units / facts->scale;
    return ratio_round(wide192_of(units), facts->fives, -facts->decimals);
}

/* The words above the low ones, when they are kept. */
void window_put_high(tw_window *window, uint64_t index, int64_t price, int64_t quantity);
/* The squared log return into a trade. */
void window_put_return(tw_window *window, uint64_t index, int64_t price_nano);

/* Lays the trade of an index into its place. */
static inline void ring_put(tw_window *window, uint64_t index, int64_t price, int64_t quantity) {
    uint64_t p = (uint64_t)price;
    uint64_t q = (uint64_t)quantity;
    const totals_low *before = &window->lows[(index - 1) & window->mask];
    window->prices[index & window->mask] = price;
    window->lows[index & window->mask] = (totals_low){before->price + p, before->square + p * p,
                                                      before->value + p * q, before->volume + q};
    if (window->wide)
        window_put_high(window, index, price, quantity);
}

/* One trade into the ring; the windows are slid afterwards. `ret_price` is in units. */
static inline tw_status ring_push(tw_window *window, int64_t time_ns, tw_price price,
                                  tw_quantity quantity, int64_t *ret_price) {
    if (quantity.nano < 0 || (window->started && time_ns < window->now_ns))
        return TW_INVALID;
    int64_t p;
    int64_t q;
    bool fits = unit_divide(&window->price_unit, price.nano, &p);
    fits &= unit_divide(&window->quantity_unit, quantity.nano, &q);
    if (__builtin_expect(!fits, 0)) {
        window_units_refine(window, price, quantity);
        fits = unit_divide(&window->price_unit, price.nano, &p);
        fits &= unit_divide(&window->quantity_unit, quantity.nano, &q);
        TW_ASSERT(fits);
    }
    uint64_t index = window->total;
    ring_put(window, index, p, q);
    window->times[index & window->mask] = time_ns;
    window->times[(index + 1) & window->mask] = PLACE_NONE_NS; /* invariant 1 */
    if (window->returns != NULL)
        window_put_return(window, index, price.nano);
    window->last_price = price.nano;
    window->total = index + 1;
    window->now_ns = time_ns;
    window->started = true;
    *ret_price = p;
    return TW_OK;
}

/* The first trade from `head` on that is younger than the edge. Four at a time without a branch in
 * between: how many leave with one trade is a coin toss, which a loop would guess wrong. */
static inline uint64_t ring_search(const tw_window *window, uint64_t head, int64_t edge_ns) {
    const int64_t *times = window->times;
    uint64_t mask = window->mask;
    for (;;) {
        uint64_t a = times[head & mask] <= edge_ns;
        uint64_t b = a & (times[(head + 1) & mask] <= edge_ns);
        uint64_t c = b & (times[(head + 2) & mask] <= edge_ns);
        uint64_t d = c & (times[(head + 3) & mask] <= edge_ns);
        head += a + b + c + d;
        if (d == 0)
            return head;
    }
}

/* Suffix extremes of all that is inside; `back` begins anew behind it (invariant 4). */
static inline void pane_turn_over(const tw_window *window, pane *p) {
    extremes running = {INT64_MAX, INT64_MIN};
    uint64_t n = window_n(window, p);
    for (uint64_t k = n; k-- > 0;) {
        int64_t price = window->prices[(p->head + k) & window->mask];
        running.min = price < running.min ? price : running.min;
        running.max = price > running.max ? price : running.max;
        p->suffix[k] = running;
    }
    p->front_count = (uint32_t)n;
    p->front_at = 0;
    p->back = (extremes){INT64_MAX, INT64_MIN};
}

/* Twice as many places (invariant 1). */
void window_grow(tw_window *window);

/* Prices leave the order of a pane, and the newest enters it if there is one. */
void pane_reorder(const tw_window *window, pane *p, uint64_t head, bool entered);

/* Where the window begins now. */
static inline uint64_t pane_begin(const tw_window *window, pane *p, const pane_spec *spec) {
    uint64_t head = p->head;
    int64_t edge_ns;
    /* Before the beginning of time nothing is outside. */
    if (spec->span_ns != 0 && !__builtin_sub_overflow(window->now_ns, spec->span_ns, &edge_ns))
        head = ring_search(window, head, edge_ns);
    if (window->total - head > spec->count) {
        uint64_t oldest = window->total - spec->count;
        if (spec->span_ns != 0) {
            p->crowded_out += oldest - head;
            p->crowded_newest_ns = window->times[(oldest - 1) & window->mask];
        }
        head = oldest;
    }
    return head;
}

/* Lets those before `head` go; `back` already has the newest. */
static inline void pane_move(const tw_window *window, pane *p, uint64_t head) {
    uint64_t left = head - p->head;
    p->head = head;
    if (left >= p->front_count) {
        pane_turn_over(window, p);
    } else {
        p->front_count -= (uint32_t)left;
        p->front_at += (uint32_t)left;
    }
}

/* Moves a pane on after its ring has taken a trade of this price. */
static inline void pane_push(tw_window *window, pane *p, const pane_spec *spec, int64_t price) {
    uint64_t head = pane_begin(window, p, spec);
    if (p->order != NULL)
        pane_reorder(window, p, head, true);
    p->back.min = price < p->back.min ? price : p->back.min;
    p->back.max = price > p->back.max ? price : p->back.max;
    pane_move(window, p, head);
    if (__builtin_expect(window_n(window, p) + 2 > window->mask, 0))
        window_grow(window);
}

static inline extremes pane_extremes(const pane *p) {
    extremes all = p->back;
    if (p->front_count > 0) {
        extremes older = p->suffix[p->front_at];
        all.min = older.min < all.min ? older.min : all.min;
        all.max = older.max > all.max ? older.max : all.max;
    }
    return all;
}

/*
 * The numerators, if the totals are narrow and every division that follows is of two integers that
 * are doubles, so that it rounds once. False: by window_exact. |price| < 2^53 follows from
 * invariant 3: it is at most count_max x sqrt(2^63 / count_max) <= 2^47.
 */
static inline bool pane_numerators(const tw_window *window, const pane *p, numerators *ret) {
    const totals_low *newest = &window->lows[(window->total - 1) & window->mask];
    const totals_low *before = &window->lows[(p->head - 1) & window->mask];
    const unit_facts *facts = facts_of(&window->price_unit);
    uint64_t n = window_n(window, p);
    int64_t price = (int64_t)(newest->price - before->price);
    uint64_t square = newest->square - before->square;
    int64_t value = (int64_t)(newest->value - before->value);
    uint64_t volume = newest->volume - before->volume;
    wide_uint variance = (wide_uint)n * square - (wide_uint)((wide_int)price * price);
    extremes all = pane_extremes(p);
    *ret = (numerators){.n = (int64_t)n,
                        .price = price,
                        .variance = (int64_t)(uint64_t)variance,
                        .value = value,
                        .volume = (int64_t)volume,
                        .min = all.min,
                        .max = all.max};
    uint64_t beyond = (uint64_t)(variance >> 51) |
                      ((uint64_t)value + (uint64_t)EXACT_COLUMN) >> 52 |
                      (uint64_t)(volume > facts->volume_fast_max) |
                      (uint64_t)(n > facts->count_fast_max) | (uint64_t)window->wide;
    return beyond == 0;
}

/* The double of an integer below EXACT_COLUMN: in the middle of a range where doubles are the
 * integers, its bits are the sum of two. Unlike a conversion this can be done in vectors anywhere.
 */
static inline double as_double(int64_t value) {
    const double middle = 0x1.8p52;
    uint64_t bits;
    double shifted;
    memcpy(&bits, &middle, sizeof bits);
    bits += (uint64_t)value;
    memcpy(&shifted, &bits, sizeof shifted);
    return shifted - middle;
}

/* Each of these divides two exact doubles: what comes out is the nearest double. */
static inline double finish_mean(double price, double n, double scale) {
    return price / (n * scale);
}

static inline double finish_variance(double variance, double n, double ddof, double scale) {
    return variance / ((n * (n - ddof)) * (scale * scale));
}

static inline double finish_vwap(double value, double volume, double scale) {
    return value / (volume * scale);
}

/* The weight of a new price in the mean by time. */
static inline double ema_weight(double elapsed_ns, double tau) {
    return decay_weight(elapsed_ns / tau);
}

/* Nanoseconds between two times, of which the second is not before the first. */
static inline double elapsed_ns(int64_t from_ns, int64_t to_ns) {
    return (double)((uint64_t)to_ns - (uint64_t)from_ns);
}

/* Between the newest two trades; 0 for the first. A trade before is in its place still, since a
 * ring has at least four. */
static inline double ring_elapsed(const tw_window *window) {
    uint64_t last = window->total - 1;
    if (last == 0)
        return 0;
    return elapsed_ns(window->times[(last - 1) & window->mask], window->times[last & window->mask]);
}

/* While the mean of the first prices, which ema begins as, is not there yet; `index` is the
 * trade's. */
void pane_seed(pane *p, const pane_spec *spec, uint64_t index, int64_t price_nano);

/* The exponential mean by count takes the trade of an index. */
static inline void pane_ema(pane *p, const pane_spec *spec, uint64_t index, double price,
                            int64_t price_nano) {
    p->ema = index == 0 ? price : p->ema + spec->alpha * (price - p->ema);
    if (spec->ema_from_mean && index < spec->ema_count)
        pane_seed(p, spec, index, price_nano);
}

/* And the one by time. */
static inline void pane_ema_time(pane *p, bool first, double price, double weight) {
    p->ema_time = first ? price : p->ema_time + weight * (price - p->ema_time);
}

#endif
