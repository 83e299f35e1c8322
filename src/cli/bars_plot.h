/*
 * bars_plot.h - candles of one symbol and one timeframe with their volume, drawn by gnuplot.
 *
 * Candles stand side by side, without gaps where a market is closed; their times are written below.
 * When there are more than fit, each candle becomes two that were side by side, so memory does not
 * grow with the file and the picture still shows all of it.
 */
#ifndef TRADEWIND_CLI_BARS_PLOT_H
#define TRADEWIND_CLI_BARS_PLOT_H

#include "tradewind/bars.h"
#include "tradewind/error.h"

enum { BARS_PLOT_CANDLE_MAX = 480 };

typedef struct bars_candle {
    int64_t time_ns;
    int64_t open;
    int64_t high;
    int64_t low;
    int64_t close;
    double volume;
    uint64_t bar_count; /* in it */
} bars_candle;

typedef struct bars_plot {
    tw_symbol symbol; /* TW_SYMBOL_NONE: no bar yet */
    uint32_t frame;   /* the one that is drawn */
    uint64_t bars_a_candle;
    uint64_t bar_count;
    size_t candle_count;
    bars_candle candles[BARS_PLOT_CANDLE_MAX];
} bars_plot;

void bars_plot_init(bars_plot *plot, uint32_t frame);

/* Bars of other frames are passed over. False: a bar of a second symbol. */
bool bars_plot_put(bars_plot *plot, const tw_bar *bar, const tw_bars_detail *detail);

/* Draws a PNG into a file that is there already. TW_EMPTY: there was no bar. Others as
 * gnuplot_draw. */
tw_status bars_plot_draw(const bars_plot *plot, const char *symbol, const char *frame,
                         const char *path, tw_error *error) TW_MUST_CHECK;

#endif
