/*
 * bars.h - trades in, bars of every timeframe of every symbol out, in one pass.
 *
 *     tw_bars_config config = {.timeframes_ns = {TW_NS_PER_SECOND, TW_NS_PER_MINUTE},
 *                              .timeframe_count = 2, .symbol_count_max = 100};
 *     status = tw_bars_new(NULL, &config, &bars);
 *     status = tw_bars_push(bars, &trade, on_bar, context);  // for each trade
 *     tw_bars_advance(bars, now_ns, on_bar, context);        // from time to time
 *     tw_bars_flush(bars, on_bar, context);                  // at the end
 *
 * A bar covers [time_ns, time_ns + timeframe_ns). Timeframes are aligned to the UTC epoch, which
 * puts one day at midnight UTC; one week (7 days) starts on Monday. A bar is handed to the sink
 * once, when it is complete: when a trade at or after its end arrives, or time advances to its
 * end. Timeframes without a trade have no bar: empty bars are not emitted.
 *
 * Open and close are the first and last trade in the order of arrival. The vwap is exact: sums
 * of 128 bits, rounded once to 1e-9, ties to even.
 *
 * A late trade, one before the current bar of a timeframe, or inside a bar that was handed out,
 * is counted and left out of that timeframe; timeframes whose current bar it falls into take it.
 *
 * Memory: all at creation, about 80 bytes for each pair of symbol and timeframe.
 * Cost: push is O(timeframes) with one comparison for each, a division only for a new bar;
 * advance is O(1) while no bar ends, else O(symbols x timeframes).
 * Threads: a tw_bars belongs to one thread at a time.
 */
#ifndef TRADEWIND_BARS_H
#define TRADEWIND_BARS_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/market.h"
#include "tradewind/status.h"

#define TW_BARS_TIMEFRAME_COUNT_MAX 8
#define TW_BARS_SYMBOL_COUNT_MAX (UINT32_C(1) << 24)

typedef struct tw_bars tw_bars;

/* Receives each completed bar; `bar` is valid during the call. It must not call the same
 * tw_bars. */
typedef void (*tw_bars_sink)(void *context, const tw_bar *bar);

typedef struct tw_bars_config {
    int64_t timeframes_ns[TW_BARS_TIMEFRAME_COUNT_MAX]; /* each 1 ns to 400 days, all different */
    uint32_t timeframe_count;                           /* 1 to 8 */
    uint32_t symbol_count_max;                          /* symbols are below it; at least 1 */
} tw_bars_config;

typedef struct tw_bars_counts {
    uint64_t trades;                            /* taken by at least one timeframe */
    uint64_t bars[TW_BARS_TIMEFRAME_COUNT_MAX]; /* handed to a sink */
    uint64_t late[TW_BARS_TIMEFRAME_COUNT_MAX]; /* trades left out for being late */
} tw_bars_counts;

TW_BEGIN_DECLS

/* Makes a set without bars. TW_RANGE for a count or timeframe outside its bounds, TW_EXISTS for
 * a timeframe named twice, TW_NO_MEMORY. The caller frees it. */
TW_API tw_status tw_bars_new(const tw_allocator *allocator, const tw_bars_config *config,
                             tw_bars **ret_bars) TW_MUST_CHECK;
TW_API void tw_bars_free(tw_bars *bars);

/*
 * Takes one trade into all timeframes; bars that it completes go to `sink` first, in the order of
 * the configured timeframes.
 * TW_STATE: late for at least one timeframe, which counted it; the others took it.
 * TW_INVALID: price or quantity is not positive. TW_RANGE: unknown symbol, or a time within 800
 * days of the ends of int64_t. TW_OVERFLOW: the volume of a bar would not fit. Nothing has
 * changed, and no bar was handed out, after these three.
 */
TW_API tw_status tw_bars_push(tw_bars *bars, const tw_trade *trade, tw_bars_sink sink,
                              void *context) TW_MUST_CHECK;

/* Completes each bar whose end is at or before `now_ns`, by symbol, then in the order of the
 * configured timeframes. Returns how many. A time before an earlier one completes nothing. */
TW_API size_t tw_bars_advance(tw_bars *bars, int64_t now_ns, tw_bars_sink sink, void *context);

/* Completes every bar as it is, for the end of a stream, in the same order. Returns how many.
 * Trades that come later for the same bars are late. */
TW_API size_t tw_bars_flush(tw_bars *bars, tw_bars_sink sink, void *context);

/* The bar in progress. TW_EMPTY when there is none; TW_RANGE for an unknown symbol or index. */
TW_API tw_status tw_bars_current(const tw_bars *bars, tw_symbol symbol, uint32_t timeframe_index,
                                 tw_bar *ret_bar) TW_MUST_CHECK;

TW_API void tw_bars_count(const tw_bars *bars, tw_bars_counts *ret_counts);

/* The start of the bar of `timeframe_ns` (> 0) that `time_ns` falls into. Times below the first
 * whole bar of int64_t are a programmer error. */
TW_API int64_t tw_bars_start(int64_t time_ns, int64_t timeframe_ns);

TW_END_DECLS

TW_DEFINE_AUTO(tw_bars, tw_bars_free)

#endif
