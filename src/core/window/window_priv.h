/*
 * window_priv.h - the ring of a symbol and the windows over it, as the files of window see them.
 *
 * A trade has an index from 0 on for as long as the ring lives; its place is index & mask. The ring
 * keeps running totals, so the sums of a window are those of its newest trade less those of the
 * trade before its oldest: one subtraction a sum, however many trades leave. All arithmetic on
 * totals wraps, and the difference is exact because the sums of a window fit.
 *
 * Invariants:
 * 1. The places between the trade before the oldest of any window (for its totals) and the one
 *    behind the newest (where the search of an advance ends) are all there. A trade enters only
 *    where that leaves it a place (ring_room); windows may be moved on some trades later, and only
 *    then do their oldest trades leave. Only as many places are in use as all that takes: the ring
 *    doubles within the memory that it has, so that it goes round in the cache.
 * 2. Prices and totals are in `price_unit` and `quantity_unit`, powers of ten of at most 1e9 nano
 *    that divide whatever a window holds.
 * 3. While not `wide`: count_max x p x max(|p|, q) < 2^63 for the limits of p and q, so that the
 *    low words alone are the sums of any window. The high words are right only while `wide`.
 * 4. Of a pane, suffix[i - front_begin] has the extremes of the trades from index i to front_end,
 *    for i from head on; `back` has those of the trades from front_end on. A window that is not
 *    empty has head < front_end.
 */
#ifndef TRADEWIND_CORE_WINDOW_PRIV_H
#define TRADEWIND_CORE_WINDOW_PRIV_H

#include "tradewind/window.h"

#include "window_curve.h"
#include "window_ratio.h"

#define PLACE_NONE_NS INT64_MAX
#define EXACT_DOUBLE (INT64_C(1) << 53) /* integers up to here are doubles */
#define EXACT_COLUMN (INT64_C(1) << 51) /* and up to here soon turned into such, see as_double */

/* Divisors are below 2^51 but for twos while volume x 5^decimals, and the count as often, are below
 * these. */
#define VOLUME_BEYOND 0x1p51
#define COUNT_BEYOND 47453132.0 /* of which the square is below 2^51 */

typedef struct window_order window_order;

/* The low words of the running totals up to and with a trade. */
typedef struct totals_low {
    _Alignas(32) uint64_t price;
    uint64_t square;
    uint64_t value; /* price x quantity */
    uint64_t volume;
} totals_low;

/* What a ring has for four places: a time, a price and totals each. */
typedef struct ring_part {
    _Alignas(64) uint8_t bytes[4 * (2 * sizeof(int64_t) + sizeof(totals_low))];
} ring_part;

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

/* The least price and the complement of the greatest: of two such, the lesser of each is that of
 * both together. */
typedef struct extremes {
    _Alignas(16) int64_t min;
    int64_t not_max;
} extremes;

/* A decimal unit of 10^shift nano, and which multiples of it are taken. */
typedef struct unit {
    int64_t lowest; /* multiples from here ... */
    uint64_t width; /* ... to lowest + width */
    uint32_t shift; /* 0 to 9 */
} unit;

/* What the ten units have in common with none: one table for all rings. */
typedef struct unit_facts {
    uint64_t inverse;     /* of 5^shift, modulo 2^64: to divide by it with a product */
    uint64_t remainder;   /* 2^shift - 1 */
    int64_t size;         /* 10^shift */
    double scale;         /* 10^(9 - shift): how many make 1 */
    double inverse_scale; /* the double nearest to 1 / scale */
    uint64_t fives;       /* 5^(9 - shift) */
    double fives_double;
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

/* What of a window changes with every trade: one line. */
typedef struct pane_state {
    _Alignas(64) uint64_t head; /* index of the oldest trade inside */
    uint64_t front_end;
    uint64_t front_begin;
    extremes back;
    extremes *suffix; /* [spec->count] */
    double ema;
    double ema_time;
} pane_state;

/* One window of a ring. */
typedef struct pane {
    pane_state state;
    window_order *order; /* NULL: no quantiles */
    uint64_t crowded_out;
    int64_t crowded_newest_ns; /* time of the youngest that was crowded out */
    wide_int seed;             /* sum of the first prices, in nano, for ema_from_mean */
} pane;

/* The first two lines are touched with every trade. */
struct tw_window {
    _Alignas(64) uint64_t total; /* trades ever: the index of the next */
    uint64_t mask;
    int64_t now_ns;  /* INT64_MIN at first */
    int64_t last_ns; /* time of the newest trade */
    int64_t *times;  /* the three columns of the places in use, one behind the other, ... */
    int64_t *prices;
    totals_low *lows;
    uint16_t chain_first; /* rows of this ring in the block that is being taken (window_block.h) */
    uint16_t chain_last;
    uint32_t pane_count;

    unit price_unit;
    unit quantity_unit;
    const pane_spec *specs; /* [pane_count] */
    bool wide;
    bool has_returns; /* somebody asks for volatility */
    tw_cpu_level cpu_level;

    ring_part *memory;      /* ... are here: [places / 4] */
    totals_return *returns; /* NULL: nobody */
    totals_high *highs;
    int64_t last_price; /* nano; only with returns */
    uint64_t count_max;
    int64_t narrow_limit; /* of prices and quantities in units, see invariant 3 */
    size_t places;        /* that there is memory for; mask + 1 are in use */
    tw_allocator allocator;
    pane panes[TW_WINDOW_SPEC_MAX];
};

/* A trade in the units of a ring. */
typedef struct trade_units {
    int64_t price;
    int64_t quantity;
} trade_units;

/* What an answer is divided by besides counts. */
typedef struct rates {
    const unit_facts *price;
    const unit_facts *quantity;
    uint8_t ddof;
} rates;

/* A window as it was after some trade: what answers are made of. */
typedef struct view {
    const tw_window *window;
    const pane_spec *spec;
    const window_order *order;
    uint64_t head;
    uint64_t end; /* the index behind its newest trade */
    extremes all;
} view;

/* A trade without a block, or the end of a chain of rows. */
#define CHAIN_NONE UINT16_MAX

/* ---- window.c: making --------------------------------------------------------------------- */

tw_status window_check_config(const tw_window_config *config);
void window_set_specs(const tw_window_config *config, pane_spec *ret_specs);
/* Gives a zeroed window its memory; window_done takes it back, also of one half made. The specs are
 * borrowed. */
tw_status window_init(tw_window *window, const tw_allocator *allocator,
                      const tw_window_config *config, const pane_spec *specs);
void window_done(tw_window *window);

/* ---- window_units.c: how wide the ring is kept --------------------------------------------- */

/* The greatest p of 32 bits with count_max x p^2 < 2^63 (invariant 3). */
int64_t window_narrow_limit(uint64_t count_max);
void window_units_reset(tw_window *window);
/* Makes the units so fine, or the totals so wide, that this trade can be taken, and converts it. */
void window_units_refine(tw_window *window, tw_price price, tw_quantity quantity,
                         trade_units *ret_trade);
/* When the ring has gone round: coarser units and narrow totals again if what is held allows. */
void window_units_reconsider(tw_window *window);

/* ---- window_read.c: answers ----------------------------------------------------------------- */

/* Sum to vwap of a window by whichever path, without stddev. n is above 0. */
void window_exact(const view *v, tw_window_stats *ret_stats);
/* The same from the exact sums of a narrow ring, whatever their size. */
void window_exact_narrow(const totals_low *sums, uint64_t n, extremes all, const rates *of,
                         tw_window_stats *ret_stats);
/* What only some ask for. */
double window_z_score(const view *v, const tw_window_stats *stats);
double window_volatility(const view *v);
double window_quantile(const view *v, double probability);

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
