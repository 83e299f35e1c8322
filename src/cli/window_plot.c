/* window_plot.c - see window_plot.h. */
#include "window_plot.h"

#include <stdio.h>

#include "gnuplot.h"
#include "time_labels.h"
#include "tradewind/text.h"

enum { LABEL_COUNT = 9 };

void window_plot_init(window_plot *plot) {
    plot->point_count = 0;
    plot->trades_a_point = 1;
    plot->trade_count = 0;
    plot->symbol = TW_SYMBOL_NONE;
}

/* ---- Points -------------------------------------------------------------------------------- */

static void join(window_point *point, const window_point *next) {
    point->low = next->low < point->low ? next->low : point->low;
    point->high = next->high > point->high ? next->high : point->high;
    point->last = next->last;
    point->stats = next->stats;
    point->trade_count += next->trade_count;
}

/* Each two side by side become one. */
static void thin(window_plot *plot) {
    for (size_t i = 0; i < WINDOW_PLOT_POINT_MAX / 2; i++) {
        window_point both = plot->points[2 * i];
        join(&both, &plot->points[2 * i + 1]);
        plot->points[i] = both;
    }
    plot->point_count = WINDOW_PLOT_POINT_MAX / 2;
    plot->trades_a_point *= 2;
}

bool window_plot_put(window_plot *plot, const tw_trade *trade, const char *name,
                     const tw_window_stats *stats) {
    if (plot->symbol == TW_SYMBOL_NONE) {
        plot->symbol = trade->symbol;
        tw_status status = tw_slice_copy(tw_slice_of(name), plot->name, sizeof plot->name);
        TW_ASSERT(status == TW_OK); /* a table of symbols takes no longer names */
    }
    if (plot->symbol != trade->symbol)
        return false;
    plot->trade_count++;
    double price = (double)trade->price.nano / (double)TW_NANO;
    window_point own = {trade->time_ns, price, price, price, *stats, 1};
    window_point *last = plot->point_count > 0 ? &plot->points[plot->point_count - 1] : NULL;
    if (last != NULL && last->trade_count < plot->trades_a_point) {
        join(last, &own);
        return true;
    }
    if (plot->point_count == WINDOW_PLOT_POINT_MAX)
        thin(plot);
    plot->points[plot->point_count++] = own;
    return true;
}

/* ---- The script ---------------------------------------------------------------------------- */

typedef struct window_picture {
    const window_plot *plot;
    const char *window;
} window_picture;

static const char upper[] =
    "set bmargin at screen 0.32\nset tmargin at screen 0.92\nset ylabel 'price'\n"
    "set key at screen 0.975, screen 0.965 right horizontal\n"
    "plot $points using 1:($5-2*$6):($5+2*$6) with filledcurves lc '#e3edf5' title '2 deviations', "
    "\\\n"
    " $points using 1:2:3 with filledcurves lc '#b8b8b8' notitle, \\\n"
    " $points using 1:4 with lines lw 1 lc '#8a8a8a' title 'price', \\\n"
    " $points using 1:5 with lines lw 1.8 lc '#1f5c8b' title 'mean', \\\n"
    " $points using 1:7 with lines lw 1.4 lc '#1a7f5a' title 'vwap', \\\n"
    " $points using 1:8 with lines lw 1.4 lc '#c0392b' title 'ema'\n";

static const char lower[] =
    "unset label 1\nunset key\nset bmargin at screen 0.09\nset tmargin at screen 0.29\n"
    "set ylabel 'stddev'\nset yrange [0:*]\n"
    "plot $points using 1:6 with lines lw 1.4 lc '#1f5c8b'\n";

static void put_points(FILE *script, const window_plot *plot) {
    fprintf(script, "$points << END\n");
    for (size_t i = 0; i < plot->point_count; i++) {
        const window_point *point = &plot->points[i];
        const tw_window_stats *stats = &point->stats;
        fprintf(script, "%zu %.9f %.9f %.9f %.9f %.9g %.9f %.9f\n", i, point->low, point->high,
                point->last, stats->mean, stats->stddev, stats->vwap, stats->ema);
    }
    fprintf(script, "END\n");
}

static void put_times(FILE *script, const window_plot *plot, bool shown) {
    int64_t times_ns[WINDOW_PLOT_POINT_MAX];
    for (size_t i = 0; i < plot->point_count; i++)
        times_ns[i] = plot->points[i].time_ns;
    time_labels_put(script, times_ns, plot->point_count, LABEL_COUNT, shown);
}

/* The names of symbols have neither quotes nor spaces. */
static bool put_script(FILE *script, void *context) {
    const window_picture *picture = context;
    const window_plot *plot = picture->plot;
    put_points(script, plot);
    fprintf(script, "set terminal pngcairo size 1600,1000 font 'sans,12' background '#ffffff'\n");
    fputs(gnuplot_panels, script);
    fprintf(script, "set label 1 \"%s  %s    %llu trades", plot->name, picture->window,
            (unsigned long long)plot->trade_count);
    if (plot->trades_a_point > 1)
        fprintf(script, " (%llu a point)", (unsigned long long)plot->trades_a_point);
    fputs("\" at screen 0.075, screen 0.955 left font 'sans,15' noenhanced\n", script);
    fprintf(script, "set xrange [0:%zu]\n", plot->point_count);
    put_times(script, plot, false);
    fputs(upper, script);
    put_times(script, plot, true);
    fputs(lower, script);
    fputs("unset multiplot\nunset output\n", script);
    return true;
}

tw_status window_plot_draw(const window_plot *plot, const char *window, const char *path,
                           tw_error *error) {
    char what[TW_ERROR_MESSAGE_SIZE];
    if (plot->point_count == 0)
        return tw_error_set(error, TW_EMPTY, "there is no trade to plot");
    window_picture picture = {plot, window};
    snprintf(what, sizeof what, "the windows of %s", plot->name);
    return gnuplot_draw(path, put_script, &picture, what, error);
}
