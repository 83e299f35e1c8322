/* risk_plot.c - see risk_plot.h. */
#include "risk_plot.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "gnuplot.h"
#include "time_labels.h"
#include "tradewind/rolling.h"

enum { LABEL_COUNT = 9, POINT_MAX = 1600, PERCENT = 100 };

typedef struct risk_picture {
    const risk_plot *plot;
    tw_rolling *rolling;
} risk_picture;

/* ---- Rows ---------------------------------------------------------------------------------- */

/* Of one row: what 1 became, how far it is below its peak, and the volatility of the window. */
static bool put_rows(FILE *script, const risk_picture *picture) {
    const risk_plot *plot = picture->plot;
    size_t step = (plot->rows + POINT_MAX - 1) / POINT_MAX;
    double value = 1;
    double peak = 1;
    double other = 1;
    double deepest = 0; /* since the last point */
    fprintf(script, "$rows << END\n");
    for (size_t i = 0; i < plot->rows; i++) {
        value = fmax(0, value * (1 + plot->returns[i])); /* ruin stays */
        peak = fmax(peak, value);
        deepest = fmax(deepest, (peak - value) / peak);
        if (plot->benchmark != NULL && isfinite(plot->benchmark[i]))
            other *= 1 + plot->benchmark[i];
        if (tw_rolling_push(picture->rolling, (int64_t)i, plot->returns[i]) != TW_OK)
            return false;
        if ((plot->rows - 1 - i) % step != 0)
            continue;
        tw_rolling_stats stats;
        tw_rolling_read(picture->rolling, &stats);
        fprintf(script, "%zu %.9g %.9g %.9g %.9g\n", i, value, -PERCENT * deepest,
                PERCENT * stats.stddev * sqrt(plot->periods_per_year), other);
        deepest = 0;
    }
    fprintf(script, "END\n");
    return true;
}

/* ---- Assets -------------------------------------------------------------------------------- */

static int by_share(const void *a, const void *b) {
    const risk_plot_asset *x = a;
    const risk_plot_asset *y = b;
    double left = fabs(x->volatility_share);
    double right = fabs(y->volatility_share);
    return (left < right) - (left > right);
}

static size_t shown(const risk_plot *plot) {
    return plot->count < RISK_PLOT_ASSET_MAX ? plot->count : RISK_PLOT_ASSET_MAX;
}

/* A column may have any name; in a script only letters, digits and a few signs are safe. */
static const char *safe_name(const char *name, char buffer[TW_SYMBOL_NAME_SIZE]) {
    size_t i = 0;
    for (; name[i] != '\0' && i + 1 < TW_SYMBOL_NAME_SIZE; i++) {
        char c = name[i];
        bool safe = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                    c == '.' || c == '-' || c == '_' || c == '/';
        buffer[i] = safe ? c : '?';
    }
    buffer[i] = '\0';
    return buffer;
}

/* What is not finite (of a portfolio without a deviation) is drawn as nothing. */
static double percent(double share) {
    return isfinite(share) ? PERCENT * share : 0;
}

static void put_assets(FILE *script, const risk_plot *plot) {
    fprintf(script, "$assets << END\n");
    for (size_t k = 0; k < shown(plot); k++) {
        const risk_plot_asset *asset = &plot->assets[k];
        char name[TW_SYMBOL_NAME_SIZE];
        fprintf(script, "\"%s\" %.9g %.9g %.9g\n", safe_name(asset->name, name),
                percent(asset->weight), percent(asset->volatility_share),
                percent(asset->var_share));
    }
    fprintf(script, "END\n");
}

/* ---- The script ---------------------------------------------------------------------------- */

static void put_value(FILE *script, const risk_plot *plot) {
    fputs("set bmargin at screen 0.72\nset tmargin at screen 0.92\nset ylabel 'value of 1'\n"
          "set key at screen 0.975, screen 0.965 right horizontal\n",
          script);
    fputs("plot $rows using 1:2 with lines lw 1.6 lc '#1f5c8b' title 'portfolio'", script);
    char name[TW_SYMBOL_NAME_SIZE];
    if (plot->benchmark != NULL)
        fprintf(script, ", $rows using 1:5 with lines lw 1.2 lc '#8a8a8a' title \"%s\" noenhanced",
                safe_name(plot->benchmark_name, name));
    fputs("\nunset label 1\nunset key\n", script);
}

static const char drawdown[] =
    "set bmargin at screen 0.53\nset tmargin at screen 0.69\nset ylabel 'drawdown %'\n"
    "set yrange [*<-0.1:0]\n"
    "plot $rows using 1:3:(0) with filledcurves lc '#e3b4ae' notitle, "
    "$rows using 1:3 with lines lw 1.2 lc '#c0392b' notitle\nset autoscale y\n";

static void put_volatility(FILE *script, const risk_plot *plot) {
    fprintf(script,
            "set bmargin at screen 0.34\nset tmargin at screen 0.50\n"
            "set ylabel 'volatility %%, %zu rows'\nset yrange [0:*]\n",
            plot->window);
    fputs("plot $rows using 1:4 with lines lw 1.4 lc '#1f5c8b' notitle\nset autoscale y\n", script);
}

static void put_bars(FILE *script, const risk_plot *plot) {
    fprintf(script,
            "set bmargin at screen 0.07\nset tmargin at screen 0.25\nset ylabel 'share %%'\n"
            "set yrange [*<0:*]\nset autoscale x\nset xrange [-0.6:%zu - 0.4]\nunset grid\nset "
            "grid ytics back lc "
            "'#dddddd'\n"
            "set style data histograms\nset style histogram clustered gap 1\nset boxwidth 0.9\n"
            "set xtics norotate noenhanced\nset xzeroaxis lc '#888888'\n"
            "set key at screen 0.975, screen 0.285 right horizontal\n",
            shown(plot));
    fputs("plot $assets using 2:xtic(1) lc '#b8b8b8' title 'weight', "
          "$assets using 3 lc '#1f5c8b' title 'of volatility', "
          "$assets using 4 lc '#c0392b' title 'of value at risk'\n",
          script);
}

/* The title is the command's own words. */
static bool put_script(FILE *script, void *context) {
    const risk_picture *picture = context;
    const risk_plot *plot = picture->plot;
    if (!put_rows(script, picture))
        return false;
    put_assets(script, plot);
    fputs("set terminal pngcairo size 1600,1200 font 'sans,12' background '#ffffff'\n", script);
    fputs(gnuplot_panels, script);
    fprintf(script,
            "set label 1 \"%s\" at screen 0.075, screen 0.955 left font 'sans,15' noenhanced\n",
            plot->title);
    fprintf(script, "set xrange [0:%zu]\n", plot->rows > 1 ? plot->rows - 1 : 1);
    time_labels_put(script, plot->times_ns, plot->rows, LABEL_COUNT, false);
    put_value(script, plot);
    fputs(drawdown, script);
    time_labels_put(script, plot->times_ns, plot->rows, LABEL_COUNT, true);
    put_volatility(script, plot);
    put_bars(script, plot);
    fputs("unset multiplot\nunset output\n", script);
    return true;
}

tw_status risk_plot_draw(const risk_plot *plot, const char *path, tw_error *error) {
    risk_picture picture = {.plot = plot};
    const tw_rolling_config config = {
        .count_max = (uint32_t)plot->window, .count_min = (uint32_t)plot->window, .ddof = 1};
    if (tw_rolling_new(NULL, &config, &picture.rolling) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a window of %zu rows",
                            plot->window);
    qsort(plot->assets, plot->count, sizeof *plot->assets, by_share);
    tw_status status = gnuplot_draw(path, put_script, &picture, "the risk", error);
    tw_rolling_free(picture.rolling);
    return status;
}
