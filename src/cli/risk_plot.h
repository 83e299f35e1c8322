/*
 * risk_plot.h - the picture of `tradewind risk`: value, drawdown and rolling volatility through
 * time, and what each asset contributes.
 */
#ifndef TRADEWIND_CLI_RISK_PLOT_H
#define TRADEWIND_CLI_RISK_PLOT_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/error.h"
#include "tradewind/market.h"

enum { RISK_PLOT_ASSET_MAX = 24 };

typedef struct risk_plot_asset {
    const char *name;
    double weight;
    double volatility_share;
    double var_share;
} risk_plot_asset;

typedef struct risk_plot {
    const char *title;
    const int64_t *times_ns; /* [rows] */
    const double *returns;   /* [rows] of the portfolio */
    const double *benchmark; /* [rows] or NULL; NaN: missing */
    const char *benchmark_name;
    size_t rows;
    size_t window; /* rows of the rolling volatility */
    double periods_per_year;
    risk_plot_asset *assets; /* [count]; put in order: the greatest share first */
    size_t count;
} risk_plot;

/* Statuses as of gnuplot_draw; TW_NO_MEMORY. */
tw_status risk_plot_draw(const risk_plot *plot, const char *path, tw_error *error) TW_MUST_CHECK;

#endif
