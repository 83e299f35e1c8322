/*
 * window_plot.h - the windows of one symbol as a picture: prices with the mean, its band, VWAP and
 * exponential mean; below, the deviation.
 *
 * The trades of the first symbol that is put are drawn, in their order. Where there are more than
 * have room, neighbours are joined: prices by their range, statistics by the last ones.
 */
#ifndef TRADEWIND_CLI_WINDOW_PLOT_H
#define TRADEWIND_CLI_WINDOW_PLOT_H

#include "tradewind/error.h"
#include "tradewind/market.h"
#include "tradewind/window.h"

enum { WINDOW_PLOT_POINT_MAX = 1600 };

typedef struct window_point {
    int64_t time_ns; /* of its first trade */
    double low;
    double high;
    double last;
    tw_window_stats stats; /* after its last trade */
    uint64_t trade_count;
} window_point;

typedef struct window_plot {
    window_point points[WINDOW_PLOT_POINT_MAX];
    size_t point_count;
    uint64_t trades_a_point;
    uint64_t trade_count;
    tw_symbol symbol; /* TW_SYMBOL_NONE: nothing was put */
    char name[TW_SYMBOL_NAME_SIZE];
} window_plot;

void window_plot_init(window_plot *plot);

/* A trade, the name of its symbol, and its window. False: it is of another symbol than the first.
 */
bool window_plot_put(window_plot *plot, const tw_trade *trade, const char *name,
                     const tw_window_stats *stats);

/* Draws into a file that is there already. `window` says what it is, like "100 trades, 60s".
 * TW_EMPTY: nothing was put. Others as gnuplot_draw. */
tw_status window_plot_draw(const window_plot *plot, const char *window, const char *path,
                           tw_error *error) TW_MUST_CHECK;

#endif
