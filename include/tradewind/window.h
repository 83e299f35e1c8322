/*
 * window.h - sliding windows over the trades of a symbol, by count and by time, any number at once.
 *
 *     tw_window_config config = {.count_max = 4096, .window_count = 2};
 *     config.windows[0] = (tw_window_spec){.count = 100};
 *     config.windows[1] = (tw_window_spec){.span_ns = 60 * TW_NS_PER_SECOND};
 *     TW_AUTO(tw_window) *window = NULL;
 *     tw_status status = tw_window_new(NULL, &config, &window);
 *     ...
 *     status = tw_window_push(window, trade.time_ns, trade.price, trade.quantity);
 *     tw_window_stats stats;
 *     tw_window_read(window, 0, &stats);
 *
 * A tw_window is one symbol: a ring of its newest trades and up to eight windows over it, which
 * share the ring, so that another window costs little. A trade is in a window while it is among
 * the newest `count` and its time is in (now - span_ns, now], now being the newest time pushed or
 * advanced to. A tw_windows is a set of them for many symbols whose trades come interleaved.
 *
 * Sums are exact integers. With prices and quantities p, q as int64 of 1e-9 and n <= 2^31 trades,
 *
 *     |sum p| < 2^94    sum p^2 < 2^157    |sum p q| < 2^157    sum q < 2^94
 *     n sum p^2 - (sum p)^2 < 2^188    n (n - ddof) 5^18 < 2^104    sum q x 5^9 < 2^115
 *
 * so 192 bits hold every sum and numerator and 128 every denominator, and nothing can overflow.
 * They are kept in the coarsest decimal unit of what the ring holds (cents, say), where 64 bits
 * are enough for nearly all; which width is used changes the time and never the answer. A trade
 * that has left has been taken off exactly: no drift, no trace, equal prices have a variance of
 * exactly 0, and the answer depends on nothing but what is in the window.
 *
 * Rounding: sum, mean, variance, min, max, range, volume and vwap are the doubles nearest to the
 * exact rational number (ties to even). stddev is the square root of that variance, z_score the
 * nearest double of (newest - mean) over stddev: one more rounding each. The two exponential means
 * look back over the whole stream, by definition, and are recurrences in double.
 *
 * Nothing is ever missing here: prices are integers. What does not exist (the mean of no trades,
 * the deviation of one with ddof 1, a return over a price of 0) is NaN.
 *
 * Memory: all of it at creation: 96 bytes for each place of the ring (count_max + 16 rounded up to
 * a power of two), of which only as many are touched as the windows need; 16 for each trade that a
 * window may hold, 24 more a place if one asks for volatility, 8 to 32 a trade for quantiles. A
 * set has 33 KiB besides, and 72 KiB for each of its windows; tw_window_run uses 48 KiB of stack.
 * Cost: push and advance O(windows) amortised, read O(1); with quantiles one memmove within a block
 * of at most 1,024 prices a trade. Two windows over interleaved trades of 100 symbols: 130 to
 * 140 ns a trade to push and read both, 43 to 64 ns by tw_windows_run (bench_windows). Threads: a
 * window or a set belongs to one thread at a time.
 */
#ifndef TRADEWIND_WINDOW_H
#define TRADEWIND_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/cpu.h"
#include "tradewind/market.h"
#include "tradewind/status.h"

/* The greatest count_max, count and ema_count. */
#define TW_WINDOW_COUNT_MAX (UINT32_C(1) << 31)

/* Windows over one ring, and quantiles of one window. */
#define TW_WINDOW_SPEC_MAX 8
#define TW_WINDOW_QUANTILE_MAX 8

typedef struct tw_window tw_window;
typedef struct tw_windows tw_windows;
typedef struct tw_window_pair tw_window_pair;

/* One window. All zero: the whole ring, population deviations. */
typedef struct tw_window_spec {
    uint32_t count;     /* the newest so many; 0: as many as the ring holds */
    uint32_t ema_count; /* alpha is 2 / (ema_count + 1); 0 takes count, or count_max if that is 0 */
    int64_t span_ns;    /* how far back it reaches; 0 for no limit by time */
    int64_t ema_span_ns; /* tau of the exponential mean by time, whose weight of a new price is
                          * 1 - exp(-dt / tau); 0 takes span_ns; with both 0 there is none (NaN) */
    uint8_t ddof;        /* 0 or 1: variance is divided by n - ddof */
    bool
        ema_from_mean; /* ema begins as the mean of the first ema_count prices; else as the first */
    bool volatility;   /* realised volatility is kept */
    uint8_t quantile_count;
    double quantiles[TW_WINDOW_QUANTILE_MAX]; /* each 0 to 1; 0.5 is the median */
} tw_window_spec;

typedef struct tw_window_config {
    /* The most trades held, at least 1. For a window by time this is the memory bound: a push into
     * a full ring drops the oldest, and the statistics say so (complete). */
    uint32_t count_max;
    uint32_t window_count; /* 1 to TW_WINDOW_SPEC_MAX */
    tw_window_spec windows[TW_WINDOW_SPEC_MAX];
    /* The instructions of runs: TW_CPU_BEST (0), or the highest to use. The bits are the same. */
    tw_cpu_level cpu_level;
} tw_window_config;

typedef struct tw_window_stats {
    uint64_t n;      /* trades in the window; the rest is NaN when it is 0 (sums are 0) */
    double sum;      /* of the prices */
    double mean;     /* of the prices */
    double variance; /* NaN while n <= ddof; exactly 0 for equal prices */
    double stddev;
    double min;
    double max;
    double range;      /* max - min, rounded once */
    double volume;     /* sum of the quantities */
    double vwap;       /* sum of price x quantity / volume; NaN when the volume is 0 */
    double ema;        /* by count, over the whole stream; NaN before its seed */
    double ema_time;   /* by time, seeded by the first price; NaN before it or if there is none */
    double z_score;    /* of the newest price; NaN when stddev is 0 or NaN */
    double volatility; /* realised: sqrt of the sum of squared log returns from trade to trade
                        * inside the window; 0 for one trade; NaN where a price is not above 0, or
                        * when it was not asked for */
    double quantiles[TW_WINDOW_QUANTILE_MAX]; /* as configured, the rest NaN; type 7 of Hyndman and
                                               * Fan: linear between exact order statistics */
    int64_t oldest_ns;                        /* 0 when n is 0 */
    int64_t newest_ns;
    uint64_t crowded_out; /* trades dropped for a count while inside span_ns, ever */
    bool complete;        /* by time: false while such a dropped one would still be inside */
} tw_window_stats;

/* The columns that a run writes, in the order of tw_window_stats. */
typedef enum tw_window_column {
    TW_WINDOW_N,
    TW_WINDOW_SUM,
    TW_WINDOW_MEAN,
    TW_WINDOW_VARIANCE,
    TW_WINDOW_STDDEV,
    TW_WINDOW_MIN,
    TW_WINDOW_MAX,
    TW_WINDOW_RANGE,
    TW_WINDOW_VOLUME,
    TW_WINDOW_VWAP,
    TW_WINDOW_EMA,
    TW_WINDOW_EMA_TIME,
    TW_WINDOW_Z_SCORE,
    TW_WINDOW_VOLATILITY,
    TW_WINDOW_QUANTILE /* the first; the others follow */
} tw_window_column;
#define TW_WINDOW_COLUMN_COUNT (TW_WINDOW_QUANTILE + TW_WINDOW_QUANTILE_MAX)

/* Trades as columns, in order of time within each symbol. */
typedef struct tw_window_ticks {
    const uint32_t *symbols; /* of a set: 0 to its symbol_count - 1; not read for one window */
    const int64_t *times_ns;
    const tw_price *prices;
    const tw_quantity *quantities;
    size_t count;
} tw_window_ticks;

/* Where the answers of one window go: row i is its state after trade i. NULL: not wanted. */
typedef struct tw_window_output {
    double *columns[TW_WINDOW_COLUMN_COUNT];
} tw_window_output;

/* A window over two series that are sampled together. */
typedef struct tw_window_pair_config {
    uint32_t count_max; /* the newest so many, at least 1; by time alone the memory bound */
    uint8_t ddof;       /* 0 or 1 */
    int64_t span_ns;    /* those in (now - span_ns, now]; 0 for no limit by time */
} tw_window_pair_config;

/* NaN where a divisor is 0. The moments are the doubles nearest to the exact ratio; beta and
 * correlation are made of two or three such, with a rounding each. */
typedef struct tw_window_pair_stats {
    uint64_t n;
    double mean_a;
    double mean_b;
    double variance_a; /* divided by n - ddof, as the covariance */
    double variance_b;
    double covariance;
    double correlation; /* -1 to 1 */
    double beta;        /* of a on b: covariance over variance_b */
} tw_window_pair_stats;

TW_BEGIN_DECLS

/* Makes an empty ring with its windows. TW_RANGE: a count_max, count or ema_count of more than
 * TW_WINDOW_COUNT_MAX, a count_max of 0, a count above count_max, a negative span, a window_count,
 * ddof, quantile, quantile_count or cpu_level outside its limits. TW_NO_MEMORY. The caller frees
 * it. */
TW_API tw_status tw_window_new(const tw_allocator *allocator, const tw_window_config *config,
                               tw_window **ret_window) TW_MUST_CHECK;
TW_API void tw_window_free(tw_window *window);

/* Takes one trade, of any price. TW_INVALID for a quantity below zero or a time before the newest;
 * nothing has changed then. */
TW_API tw_status tw_window_push(tw_window *window, int64_t time_ns, tw_price price,
                                tw_quantity quantity) TW_MUST_CHECK;

/* Moves time on without a trade: those outside (now_ns - span_ns, now_ns] leave. TW_INVALID, and
 * nothing changed, when now_ns is before the newest time. */
TW_API tw_status tw_window_advance(tw_window *window, int64_t now_ns) TW_MUST_CHECK;

/* The statistics of one window (0 to window_count - 1) as it is now. */
TW_API void tw_window_read(const tw_window *window, uint32_t index, tw_window_stats *ret_stats);

/*
 * Pushes many trades and writes the state of each window after each of them: bit for bit what
 * tw_window_push and tw_window_read give one by one, only faster. `outputs` has one entry a window;
 * columns have room for ticks->count rows. TW_INVALID as tw_window_push: the trades before
 * the bad one are in and their rows written, and `ret_count` says how many they are.
 */
TW_API tw_status tw_window_run(tw_window *window, const tw_window_ticks *ticks,
                               const tw_window_output *outputs, size_t *ret_count) TW_MUST_CHECK;

/* Back to empty, as after tw_window_new; the memory is kept. */
TW_API void tw_window_clear(tw_window *window);

/* Walks the whole ring and asserts its invariants. O(places x windows). */
TW_API void tw_window_check(const tw_window *window);

/* The same windows for each of `symbol_count` (1 to 2^24) symbols. Statuses as tw_window_new. */
TW_API tw_status tw_windows_new(const tw_allocator *allocator, const tw_window_config *config,
                                uint32_t symbol_count, tw_windows **ret_windows) TW_MUST_CHECK;
TW_API void tw_windows_free(tw_windows *windows);

/* The ring of one symbol, borrowed: for push, advance and read. */
TW_API tw_window *tw_windows_at(tw_windows *windows, uint32_t symbol);

/* As tw_window_run, over interleaved trades of many symbols: row i is the state of the windows of
 * trade i's own symbol. TW_RANGE for a symbol outside the set. */
TW_API tw_status tw_windows_run(tw_windows *windows, const tw_window_ticks *ticks,
                                const tw_window_output *outputs, size_t *ret_count) TW_MUST_CHECK;

/*
 * A window over two series of exact numbers, sums kept as exact integers of 192 bits (the bounds
 * above hold for the products of both): 24 bytes a place, O(1) amortised. For returns give them at
 * 1e-9. TW_RANGE: a count_max of 0 or above TW_WINDOW_COUNT_MAX, a ddof above 1, a negative span.
 * TW_NO_MEMORY.
 */
TW_API tw_status tw_window_pair_new(const tw_allocator *allocator,
                                    const tw_window_pair_config *config,
                                    tw_window_pair **ret_pair) TW_MUST_CHECK;
TW_API void tw_window_pair_free(tw_window_pair *pair);

/* TW_INVALID, and nothing changed, for a time before the newest. */
TW_API tw_status tw_window_pair_push(tw_window_pair *pair, int64_t time_ns, tw_price a,
                                     tw_price b) TW_MUST_CHECK;
TW_API tw_status tw_window_pair_advance(tw_window_pair *pair, int64_t now_ns) TW_MUST_CHECK;

TW_API void tw_window_pair_read(const tw_window_pair *pair, tw_window_pair_stats *ret_stats);

/* Back to empty; the memory is kept. */
TW_API void tw_window_pair_clear(tw_window_pair *pair);

TW_END_DECLS

TW_DEFINE_AUTO(tw_window_pair, tw_window_pair_free)
TW_DEFINE_AUTO(tw_window, tw_window_free)
TW_DEFINE_AUTO(tw_windows, tw_windows_free)

#endif
