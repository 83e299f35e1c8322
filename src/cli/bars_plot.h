/*
 * bars_plot.h - candles of one symbol and one timeframe with their volume and indicators.
 *
 * Of all bars that are put, the newest BARS_PLOT_KEPT_MAX are kept, with their revisions; the last
 * of them are drawn, and indicators are computed over all that are kept: so what is drawn has had
 * its run-up, and memory does not grow with the file.
 */
#ifndef TRADEWIND_CLI_BARS_PLOT_H
#define TRADEWIND_CLI_BARS_PLOT_H

#include "bars_indicators.h"
#include "tradewind/bars.h"
#include "tradewind/error.h"
#include "tradewind/zone.h"

enum { BARS_PLOT_KEPT_MAX = 131072, BARS_PLOT_SHOWN_MAX = 1000 };

/* A bar that is kept. */
typedef struct bars_candle {
    int64_t time_ns;
    uint64_t sequence;
    double open;
    double high;
    double low;
    double close;
    double volume;
} bars_candle;

typedef struct bars_plot {
    tw_symbol symbol; /* TW_SYMBOL_NONE: no bar yet */
    size_t shown_max;
    const tw_zone *zone; /* whose days are sessions; NULL: UTC */
    bars_indicators indicators;
    int64_t timeframe_ns; /* 0: without a clock */
    uint64_t bar_count;   /* of the file */
    bars_candle *candles; /* [2 * BARS_PLOT_KEPT_MAX]; the newest are the last */
    size_t candle_count;
} bars_plot;

/* Takes memory for the bars; `plot` has shown_max, zone and indicators. TW_NO_MEMORY. */
tw_status bars_plot_open(bars_plot *plot, tw_error *error) TW_MUST_CHECK;
void bars_plot_close(bars_plot *plot);

/* Bars of other frames than the first are passed over. False: a bar of a second symbol. */
bool bars_plot_put(bars_plot *plot, const tw_bar *bar, const tw_bars_detail *detail);

/* Draws a PNG into a file that is there already. TW_EMPTY: there was no bar, or an indicator has no
 * answer for any that is drawn. Others as gnuplot_draw. */
tw_status bars_plot_draw(bars_plot *plot, const char *symbol, const char *frame, const char *path,
                         tw_error *error) TW_MUST_CHECK;

#endif
