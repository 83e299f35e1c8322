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

#ifdef __AVX512VL__
#include <immintrin.h>
#endif

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
static inline double price_of(const unit_facts *facts, int64_t units) {
    if (units < EXACT_DOUBLE && units > -EXACT_DOUBLE)
        return (double)units / facts->scale;
    return ratio_round(wide192_of(units), facts->fives, -facts->decimals);
}

/* The words above the low ones, when they are kept. */
void window_put_high(tw_window *window, uint64_t index, const trade_units *trade);
/* The squared log return into a trade. */
void window_put_return(tw_window *window, uint64_t index, int64_t price_nano);

/* The four totals at once. What is read soon after it was written must have been written in one
 * piece, or it waits for the cache. */
typedef uint64_t totals_lanes __attribute__((vector_size(32)));

static inline void totals_load(const totals_low *totals, totals_lanes *ret) {
    memcpy(ret, totals, sizeof *ret);
}

static inline void totals_store(const totals_lanes *totals, totals_low *ret) {
    memcpy(ret, totals, sizeof *ret);
}

static inline void totals_difference(const totals_low *a, const totals_low *b, totals_low *ret) {
    totals_lanes x, y;
    totals_load(a, &x);
    totals_load(b, &y);
    x -= y;
    totals_store(&x, ret);
}

/* Lays the trade of an index into its place; `totals` are those before it, then with it. */
static inline void ring_put(tw_window *window, uint64_t index, const trade_units *trade,
                            totals_lanes *totals) {
    uint64_t p = (uint64_t)trade->price;
    uint64_t q = (uint64_t)trade->quantity;
    const totals_lanes more = {p, p * p, p * q, q};
    *totals += more;
    totals_store(totals, &window->lows[index & window->mask]);
    window->prices[index & window->mask] = trade->price;
}

/* One trade into the ring, which has room for it; the windows are moved on afterwards. */
static inline void ring_push(tw_window *window, int64_t time_ns, int64_t price_nano,
                             const trade_units *trade) {
    uint64_t index = window->total;
    totals_lanes totals;
    totals_load(&window->lows[(index - 1) & window->mask], &totals);
    ring_put(window, index, trade, &totals);
    if (window->wide)
        window_put_high(window, index, trade);
    if (window->has_returns)
        window_put_return(window, index, price_nano);
    window->times[index & window->mask] = time_ns;
    window->total = index + 1;
}

/* The index of the oldest trade of any window. */
static inline uint64_t window_oldest(const tw_window *window) {
    uint64_t oldest = window->total;
    for (uint32_t i = 0; i < window->pane_count; i++) {
        uint64_t head = window->panes[i].state.head;
        oldest = head < oldest ? head : oldest;
    }
    return oldest;
}

/* How many trades can enter before windows must be moved on (invariant 1). */
static inline uint64_t ring_room(const tw_window *window) {
    return window_oldest(window) + window->mask - 1 - window->total;
}

/* The room when all windows are moved on: at least 1, and `wanted` if memory allows. */
uint64_t ring_make_room(tw_window *window, uint64_t wanted);

/* False when the ring must be kept finer or wider for a trade (window_units_refine). */
static inline bool ring_convert(const tw_window *window, tw_price price, tw_quantity quantity,
                                trade_units *ret) {
    bool fits = unit_divide(&window->price_unit, price.nano, &ret->price);
    fits &= unit_divide(&window->quantity_unit, quantity.nano, &ret->quantity);
    return fits;
}

/* The first trade from `head` on that is younger than the edge; there must be one. Four at a time
 * without a branch in between: how many leave with one trade is a coin toss, which a loop would
 * guess wrong. */
static inline uint64_t ring_search(const int64_t *times, uint64_t mask, uint64_t head,
                                   int64_t edge_ns) {
    for (;;) {
        uint64_t a = times[head & mask] <= edge_ns;
        uint64_t b = a & (times[(head + 1) & mask] <= edge_ns);
        uint64_t c = b & (times[(head + 2) & mask] <= edge_ns);
        uint64_t d = c & (times[(head + 3) & mask] <= edge_ns);
        head += a + b + c + d;
        if (__builtin_expect(d == 0, 1))
            return head;
    }
}

/* Extremes as they are worked with. */
#ifdef __AVX512VL__
typedef __m128i extremes_lanes;

static inline extremes_lanes extremes_load(const extremes *e) {
    return _mm_load_si128((const __m128i *)e);
}

static inline void extremes_store(extremes_lanes value, extremes *ret) {
    _mm_store_si128((__m128i *)ret, value);
}

static inline extremes_lanes extremes_of(int64_t price) {
    return _mm_xor_si128(_mm_set1_epi64x(price), _mm_set_epi64x(-1, 0));
}

static inline extremes_lanes extremes_lesser(extremes_lanes a, extremes_lanes b) {
    return _mm_min_epi64(a, b);
}
#else
typedef extremes extremes_lanes;

static inline extremes_lanes extremes_load(const extremes *e) {
    return *e;
}

static inline void extremes_store(extremes_lanes value, extremes *ret) {
    *ret = value;
}

static inline extremes_lanes extremes_of(int64_t price) {
    return (extremes){price, ~price};
}

static inline extremes_lanes extremes_lesser(extremes_lanes a, extremes_lanes b) {
    return (extremes){a.min < b.min ? a.min : b.min, a.not_max < b.not_max ? a.not_max : b.not_max};
}
#endif

/* Suffix extremes of some prices in a row, given those of what follows. */
static inline extremes_lanes extremes_before(extremes_lanes running, const int64_t *prices,
                                             uint64_t count, extremes *ret_suffix) {
    while (count-- > 0) {
        running = extremes_lesser(running, extremes_of(prices[count]));
        extremes_store(running, &ret_suffix[count]);
    }
    return running;
}

/* Suffix extremes of all from head to `end`; `back` begins anew behind it (invariant 4). */
static inline void pane_turn_over(const tw_window *window, pane_state *s, uint64_t end) {
    const extremes none = {INT64_MAX, INT64_MAX};
    uint64_t first = s->head & window->mask;
    uint64_t count = end - s->head;
    uint64_t room = window->mask + 1 - first; /* before the ring goes round */
    uint64_t straight = count < room ? count : room;
    extremes_lanes running = extremes_before(extremes_load(&none), window->prices, count - straight,
                                             s->suffix + straight);
    extremes_before(running, window->prices + first, straight, s->suffix);
    s->front_begin = s->head;
    s->front_end = end;
    s->back = none;
}

/* More than `count` trades are in a window whose newest is that before `end`: where it begins. A
 * window by time remembers whom it crowded out. */
static inline uint64_t pane_crowd(const tw_window *window, pane *p, const pane_spec *spec,
                                  uint64_t head, uint64_t end) {
    uint64_t oldest = end - spec->count;
    if (spec->span_ns != 0) {
        p->crowded_out += oldest - head;
        p->crowded_newest_ns = window->times[(oldest - 1) & window->mask];
    }
    return oldest;
}

/* Where the window begins when its newest trade is that before `end` and it is now_ns. */
static inline uint64_t pane_begin(const tw_window *window, pane *p, const pane_spec *spec,
                                  uint64_t head, uint64_t end, int64_t now_ns) {
    int64_t edge_ns;
    /* Before the beginning of time nothing is outside. */
    if (spec->span_ns != 0 && !__builtin_sub_overflow(now_ns, spec->span_ns, &edge_ns))
        head = ring_search(window->times, window->mask, head, edge_ns);
    if (end - head > spec->count)
        head = pane_crowd(window, p, spec, head, end);
    return head;
}

/* Lets those before `head` go; `back` already has the newest. */
static inline void pane_move(const tw_window *window, pane_state *s, uint64_t head, uint64_t end) {
    s->head = head;
    if (head >= s->front_end)
        pane_turn_over(window, s, end);
}

/* Prices from one index to another leave the order of a pane. */
void pane_order_drop(const tw_window *window, pane *p, uint64_t from, uint64_t to);
/* That of an index enters it. */
void pane_order_put(const tw_window *window, pane *p, uint64_t index);

/* Of one that is not empty (invariant 4). */
static inline extremes pane_extremes(const pane_state *s) {
    extremes all;
    extremes_lanes older = extremes_load(&s->suffix[s->head - s->front_begin]);
    extremes_store(extremes_lesser(extremes_load(&s->back), older), &all);
    return all;
}

/* What is divided: doubles that are the integers, so that each division rounds once. */
typedef struct numerators {
    double n;
    double price;
    double variance;
    double value;
    double volume;
} numerators;

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

/* The nearest double, of any integer, in parts that each are exact but for the last sum. */
static inline double as_nearest_double(uint64_t value) {
    const double above = 0x1p84;
    const double below = 0x1p52;
    uint64_t high_bits, low_bits;
    double high, low;
    memcpy(&high_bits, &above, sizeof high_bits);
    memcpy(&low_bits, &below, sizeof low_bits);
    high_bits |= value >> 32;
    low_bits |= value & UINT32_MAX;
    memcpy(&high, &high_bits, sizeof high);
    memcpy(&low, &low_bits, sizeof low);
    return (high - (above + below)) + low;
}

/*
 * The numerators from the sums of a window, and whether (0) every division that follows is of two
 * doubles that are the integers. Not 0: by window_exact_narrow, as when the ring is wide.
 *
 * By invariant 3, |sum p| <= n p <= sqrt(2^63 count_max) <= 2^47, sum p^2 and sum q below 2^63. The
 * variance is right modulo 2^64; its double is within 2^44 of n sum p^2 - (sum p)^2 < 2^94, so if
 * that is below 2^52, so is the variance but for as much, and its low word is all of it.
 */
static inline uint64_t numerators_of(uint64_t n, const totals_low *sums, double fives,
                                     numerators *ret) {
    uint64_t variance = n * sums->square - sums->price * sums->price;
    ret->n = as_double((int64_t)n);
    ret->price = as_double((int64_t)sums->price);
    ret->variance = as_double((int64_t)variance);
    ret->value = as_double((int64_t)sums->value);
    ret->volume = as_nearest_double(sums->volume);
    double about = ret->n * as_nearest_double(sums->square) - ret->price * ret->price;
    uint64_t beyond = variance >> 51 | (sums->value + (uint64_t)EXACT_COLUMN) >> 52;
    /* All divisors are below 2^51 but for twos: n^2 5^2k and volume x 5^k, k decimals. */
    beyond |= about < 0x1p52 ? 0 : 1;
    beyond |= ret->volume * fives < VOLUME_BEYOND ? 0 : 1;
    beyond |= ret->n * fives < COUNT_BEYOND ? 0 : 1;
    return beyond;
}

/* What they are divided by: integers of at most 53 bits but for twos, so doubles. */
static inline double mean_divisor(double n, double scale) {
    return n * scale;
}

static inline double variance_divisor(double n, double ddof, double scale) {
    return (n * (n - ddof)) * (scale * scale);
}

static inline double vwap_divisor(double volume, double scale) {
    return volume * scale;
}

/* The weight of a new price in the mean by time. */
static inline double ema_weight(double elapsed_ns, double tau) {
    return decay_weight(elapsed_ns / tau);
}

/* Nanoseconds between two times, of which the second is not before the first. */
static inline double elapsed_ns(int64_t from_ns, int64_t to_ns) {
    return as_nearest_double((uint64_t)to_ns - (uint64_t)from_ns);
}

/* The exponential means take a price. */
static inline double ema_next(double ema, double weight, double price) {
    return ema + weight * (price - ema);
}

/* A trade that is in its ring, for the windows. */
typedef struct pane_trade {
    uint64_t end; /* the index behind it */
    int64_t time_ns;
    int64_t units; /* its price */
    int64_t nano;
    double nearest;
    double elapsed; /* nanoseconds since the one before */
} pane_trade;

/* A window takes the trade behind those that it has. */
void pane_push(const tw_window *window, pane *p, const pane_spec *spec, const pane_trade *trade);

#endif
