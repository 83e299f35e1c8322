/*
 * bars_picture.h - the picture of bars_plot.h as a script for gnuplot.
 *
 * From the top: price with what is drawn over it, volume, and a panel for each other indicator.
 * Bars stand side by side, without gaps where a market is closed.
 */
#ifndef TRADEWIND_CLI_BARS_PICTURE_H
#define TRADEWIND_CLI_BARS_PICTURE_H

#include <stdio.h>

#include "bars_plot.h"

typedef struct bars_picture {
    const bars_plot *plot;
    const char *symbol; /* neither it nor the frame has quotes or blanks */
    const char *frame;
    size_t begin; /* the first candle that is drawn */
} bars_picture;

/* A script of gnuplot.h; `context` is a bars_picture. */
bool bars_picture_put(FILE *script, void *context);

#endif
