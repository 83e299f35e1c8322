/*
 * window_priv.h - the ring of a symbol and the windows over it, as the files of window see them.
 *
 * A trade has an index from 0 on for as long as the ring lives; its place is index & mask. The ring
 * keeps running totals, so the sums of a window are those of its newest trade less those of the
 * trade before its oldest: one subtraction a sum, however many trades leave. All arithmetic on
 * totals wraps, and the difference is exact because the sums of a window fit.
 *
 * Invariants:
 * 1. The trades of every window, the one before them (for its totals) and the one place behind the
 *    newest whose time is INT64_MAX, where searches end, are all there. So of n trades the ring has
 *    n + 3 places before the next push, or count_max + 2, since of a full window one leaves. Only
 * as many places are in use as that takes: the ring doubles within the memory that it has, so that
 *    it goes round in the cache.
 * 2. Prices and totals are in `price_unit` and `quantity_unit`, powers of ten of at most 1e9 nano
 *    that divide whatever a window holds.
 * 3. While not `wide`: count_max x p x max(|p|, q) < 2^63 for the limits of p and q, so that the
 *    low words alone are the sums of any window. The high words are right only while `wide`.
 * 4. Of a pane, suffix[front_at + k] has the extremes of the trades from head + k to the end of the
 *    front, head + front_count; `back` has those of the trades behind it.
 */
#ifndef TRADEWIND_CORE_WINDOW_PRIV_H
#define TRADEWIND_CORE_WINDOW_PRIV_H

#include "tradewind/window.h"

#include "window_curve.h"
#include "window_ratio.h"

#define PLACE_NONE_NS INT64_MAX
#define EXACT_DOUBLE (INT64_C(1) << 53) /* integers up to here are doubles */
#define EXACT_COLUMN (INT64_C(1) << 51) /* and up to here soon turned into such, see as_double */

typedef struct window_order window_order;

/* The low words of the running totals up to and with a trade. */
typedef struct totals_low {
    _Alignas(32) uint64_t price;
    uint64_t square;
    uint64_t value; /* price x quantity */
    uint64_t volume;
} totals_low;

/* The words above them. */
typedef struct totals_high {
    uint64_t price;
    uint64_t square[2];
    uint64_t value[2];
    uint64_t volume;
} totals_high;

/* Squared log returns as integers of 2^-84, which 128 bits hold for 2^31 trades: a return is below
 * 44, its square below 2^11. `missing` counts those over a price that is not above 0. */
typedef struct totals_return {
    uint64_t words[2];
    uint64_t missing;
} totals_return;

typedef struct extremes {
    int64_t min;
    int64_t max;
} extremes;

/* A decimal unit of 10^shift nano, and which multiples of it are taken. */
typedef struct unit {
    int64_t lowest; /* multiples from here ... */
    uint64_t width; /* ... to lowest + width */
    uint32_t shift; /* 0 to 9 */
} unit;

/* What the ten units have in common with none: one table for all rings. */
typedef struct unit_facts {
    uint64_t inverse;   /* of 5^shift, modulo 2^64: to divide by it with a product */
    uint64_t remainder; /* 2^shift - 1 */
    int64_t size;       /* 10^shift */
    double scale;       /* 10^(9 - shift): how many make 1 */
    uint64_t fives;     /* 5^(9 - shift) */
    /* While n and the volume are at most these, every division is of two exact doubles. */
    uint64_t count_fast_max;
    uint64_t volume_fast_max;
    int32_t decimals; /* 9 - shift */
} unit_facts;

#define UNIT_COUNT 10
extern const unit_facts unit_table[UNIT_COUNT];

/* How a window is configured; the same for all symbols of a set. */
typedef struct pane_spec {
    int64_t span_ns;
    uint64_t count;
    double alpha;
    double tau; /* 0: none */
    uint32_t ema_count;
    uint8_t ddof;
    bool ema_from_mean;
    bool volatility;
    uint8_t quantile_count;
    double quantiles[TW_WINDOW_QUANTILE_MAX];
} pane_spec;

/* One window of a ring: the first line is touched with every trade, the rest seldom. */
typedef struct pane {
    _Alignas(64) uint64_t head; /* index of the oldest trade inside */
    uint32_t front_count;       /* trades from head on with suffix extremes */
    uint32_t front_at;          /* where those of head stand in `suffix` */
    extremes back;
    extremes *suffix; /* [spec->count] */
    double ema;
    double ema_time;
    window_order *order; /* NULL: no quantiles */

    uint64_t crowded_out;
    int64_t crowded_newest_ns; /* time of the youngest that was crowded out */
    wide_int seed;             /* sum of the first prices, in nano, for ema_from_mean */
} pane;

struct tw_window {
    _Alignas(64) uint64_t total; /* trades ever: the index of the next */
    uint64_t mask;
    int64_t *times;
    int64_t *prices;
    totals_low *lows;
    int64_t now_ns;
    const pane_spec *specs; /* [pane_count] */
    uint32_t pane_count;
    bool started; /* now_ns is set */
    bool wide;

    unit price_unit;
    unit quantity_unit;
    totals_return *returns; /* NULL: nobody asks for volatility */
    totals_high *highs;
    int64_t last_price; /* nano */
    uint64_t count_max;
    size_t places; /* that there is memory for; mask + 1 are in use */
    tw_allocator allocator;
    pane panes[TW_WINDOW_SPEC_MAX];
};

/* What of a window is divided. */
typedef struct numerators {
    int64_t n;
    int64_t price;
    int64_t variance;
    int64_t value;
    int64_t volume;
    int64_t min;
    int64_t max;
} numerators;

/* ---- window.c: making --------------------------------------------------------------------- */

tw_status window_check_config(const tw_window_config *config);
void window_set_specs(const tw_window_config *config, pane_spec *ret_specs);
/* Gives a zeroed window its memory; window_done takes it back, also of one half made. The specs are
 * borrowed. */
tw_status window_init(tw_window *window, const tw_allocator *allocator,
                      const tw_window_config *config, const pane_spec *specs);
void window_done(tw_window *window);

/* ---- window_units.c: how wide the ring is kept --------------------------------------------- */

void window_units_reset(tw_window *window);
/* Makes the units so fine, or the totals so wide, that this trade can be taken. */
void window_units_refine(tw_window *window, tw_price price, tw_quantity quantity);
/* When the ring has gone round: coarser units and narrow totals again if what is held allows. */
void window_units_reconsider(tw_window *window);

/* ---- window_read.c: answers ----------------------------------------------------------------- */

/* Sum to vwap of a window by whichever path, without stddev. n is above 0. */
void window_exact(const tw_window *window, const pane *p, tw_window_stats *ret_stats);
/* What only some ask for. */
double window_z_score(const tw_window *window, const pane *p, const tw_window_stats *stats);
double window_volatility(const tw_window *window, const pane *p);
double window_quantile(const tw_window *window, const pane *p, double probability);

/* ---- window_order.c: prices in order -------------------------------------------------------- */

tw_status window_order_new(const tw_allocator *allocator, uint64_t count_max,
                           window_order **ret_order);
void window_order_free(const tw_allocator *allocator, window_order *order);
void window_order_clear(window_order *order);
void window_order_put(window_order *order, int64_t price);
/* The price must be there. */
void window_order_drop(window_order *order, int64_t price);
/* The rank-th smallest, from 0. */
int64_t window_order_at(const window_order *order, uint64_t rank);
void window_order_check(const window_order *order, uint64_t count);

#endif
