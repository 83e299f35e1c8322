/*
 * batch_plot.h - features as a picture: how they are spread over the symbols, through time.
 *
 * A panel a feature, one below the other: the median of the symbols, the half around it, and eight
 * tenths of them; one symbol may be drawn as a line of its own.
 */
#ifndef TRADEWIND_CLI_BATCH_PLOT_H
#define TRADEWIND_CLI_BATCH_PLOT_H

#include "batch_report.h"

/* A picture has room for so many features; the first ones are drawn. */
enum { BATCH_PLOT_PANEL_MAX = 8 };

typedef struct batch_plot {
    const batch_result *result;
    size_t symbol; /* a column that is drawn by itself; SIZE_MAX: none */
    int64_t timeframe_ns;
} batch_plot;

/* Draws into a file that is there already. TW_EMPTY: no feature has an answer. Others as
 * gnuplot_draw; TW_NO_MEMORY. */
tw_status batch_plot_draw(const batch_plot *plot, const char *path, tw_error *error) TW_MUST_CHECK;

#endif
