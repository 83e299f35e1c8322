/* batch_plot.c - see batch_plot.h. */
#include "batch_plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gnuplot.h"
#include "time_labels.h"
#include "tradewind/quantile.h"
#include "tradewind/time.h"

enum { MOMENT_MAX = 900, LABEL_COUNT = 9, QUANTILE_COUNT = 5, DATE_SIZE = 10 };

static const double quantiles[QUANTILE_COUNT] = {0.1, 0.25, 0.5, 0.75, 0.9};

typedef struct batch_picture {
    const batch_plot *plot;
    double *sorted; /* [columns] */
    size_t panel_count;
    size_t first; /* row that is drawn; the newest one is, too */
    size_t step;  /* rows from one moment that is drawn to the next */
} batch_picture;

/* What a panel shows. */
typedef struct panel_range {
    double least;
    double most;
    bool symbol; /* the symbol's line has a point */
} panel_range;

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of the symbols that have an answer; false without any. Between two of them by their distance. */
static bool spread_at(const batch_picture *picture, size_t output, size_t row,
                      double ret_values[QUANTILE_COUNT]) {
    const batch_result *result = picture->plot->result;
    size_t columns = result->panel->shape.columns;
    const double *values = result->values[output] + row * columns;
    size_t count = 0;
    for (size_t j = 0; j < columns; j++) {
        if (isfinite(values[j]))
            picture->sorted[count++] = values[j];
    }
    if (count == 0)
        return false;
    qsort(picture->sorted, count, sizeof *picture->sorted, by_value);
    for (int q = 0; q < QUANTILE_COUNT; q++) {
        ret_values[q] =
            tw_quantile_sorted(TW_QUANTILE_LINEAR, picture->sorted, count, quantiles[q]);
    }
    return true;
}

static double symbol_at(const batch_picture *picture, size_t output, size_t row) {
    const batch_plot *plot = picture->plot;
    if (plot->symbol == SIZE_MAX)
        return NAN;
    return plot->result->values[output][row * plot->result->panel->shape.columns + plot->symbol];
}

/* gnuplot complains of panels without a point or of no height. */
static panel_range range_of(const batch_picture *picture, size_t output) {
    panel_range range = {INFINITY, -INFINITY, false};
    for (size_t i = picture->first; i < picture->plot->result->panel->shape.rows;
         i += picture->step) {
        double values[QUANTILE_COUNT];
        double own = symbol_at(picture, output, i);
        if (!spread_at(picture, output, i, values))
            continue;
        range.least = fmin(range.least, fmin(values[0], own));
        range.most = fmax(range.most, fmax(values[QUANTILE_COUNT - 1], own));
        range.symbol = range.symbol || isfinite(own);
    }
    return range;
}

static void put_range(FILE *script, const panel_range *range) {
    double margin = 0.04 * (range->most - range->least);
    if (!(margin > 0))
        margin = range->most != 0 ? 0.01 * fabs(range->most) : 1;
    fprintf(script, "set yrange [%.9g:%.9g]\n", range->least - margin, range->most + margin);
}

/* An empty line where there is no answer breaks the bands there. */
static void put_moments(FILE *script, const batch_picture *picture, size_t output) {
    fprintf(script, "$spread << END\n");
    for (size_t i = picture->first; i < picture->plot->result->panel->shape.rows;
         i += picture->step) {
        double values[QUANTILE_COUNT];
        if (spread_at(picture, output, i, values))
            fprintf(script, "%zu %.9g %.9g %.9g %.9g %.9g %.9g", i, values[0], values[1], values[2],
                    values[3], values[4], symbol_at(picture, output, i));
        fprintf(script, "\n");
    }
    fprintf(script, "END\n");
}

static const char bands[] =
    "plot $spread using 1:2:6 with filledcurves lc '#d6e4f0' title \"%s\" noenhanced, \\\n"
    " $spread using 1:3:5 with filledcurves lc '#9dbfdb' title \"%s\" noenhanced, \\\n"
    " $spread using 1:4 with lines lw 1.6 lc '#1f5c8b' title \"%s\" noenhanced";

static void put_lines(FILE *script, const batch_picture *picture, const panel_range *range) {
    const batch_plot *plot = picture->plot;
    const batch_panel *panel = plot->result->panel;
    bool many = panel->shape.columns > 1;
    fprintf(script, bands, many ? "8 of 10 symbols" : "", many ? "the middle half" : "",
            many ? "median" : panel->names[0]);
    if (plot->symbol != SIZE_MAX && many)
        fprintf(script, ", \\\n %s with lines lw 1.4 lc '#c0392b' title \"%s\" noenhanced",
                range->symbol ? "$spread using 1:7" : "keyentry", panel->names[plot->symbol]);
    fputs("\nunset label 2\n", script);
}

static void put_panel(FILE *script, const batch_picture *picture, size_t index) {
    const double top = 0.93;
    const double bottom = 0.07;
    double height = (top - bottom) / (double)picture->panel_count;
    double upper = top - height * (double)index;
    panel_range range = range_of(picture, index);
    put_moments(script, picture, index);
    put_range(script, &range);
    fprintf(script, "set tmargin at screen %.4f\nset bmargin at screen %.4f\n",
            upper - 0.12 * height, upper - height + 0.06 * height);
    fprintf(script,
            "set label 1 \"%s\" at graph 0.006, graph 0.95 left front noenhanced "
            "font 'sans,12'\n",
            tw_features_name(picture->plot->result->features, index));
    const batch_panel *panel = picture->plot->result->panel;
    time_labels_put(script, panel->times_ns, panel->shape.rows, LABEL_COUNT,
                    index + 1 == picture->panel_count);
    fputs(index == 0 ? "set key at screen 0.975, screen 0.955 right horizontal\n" : "unset key\n",
          script);
    put_lines(script, picture, &range);
}

static void put_title(FILE *script, const batch_plot *plot) {
    const batch_panel *panel = plot->result->panel;
    char frame[TW_TIME_TEXT_SIZE];
    char from[TW_TIME_TEXT_SIZE];
    char to[TW_TIME_TEXT_SIZE];
    tw_timeframe_format(plot->timeframe_ns, frame);
    tw_time_format(panel->times_ns[0], 0, from);
    tw_time_format(panel->times_ns[panel->shape.rows - 1], 0, to);
    fputs("set label 2 \"", script);
    if (panel->shape.columns == 1)
        fprintf(script, "%s", panel->names[0]);
    else
        fprintf(script, "%zu symbols", panel->shape.columns);
    fprintf(script, "  %s    %.10s", frame, from);
    if (strncmp(from, to, DATE_SIZE) != 0)
        fprintf(script, " to %.10s", to);
    fputs("\" at screen 0.075, screen 0.957 left font 'sans,15' noenhanced\n", script);
}

/* The names of symbols and features have neither quotes nor spaces. */
static bool put_script(FILE *script, void *context) {
    const batch_picture *picture = context;
    size_t panels = picture->panel_count;
    fprintf(script, "set terminal pngcairo size 1600,%zu font 'sans,11' background '#ffffff'\n",
            200 + 200 * (panels > 3 ? panels : 3));
    fputs(gnuplot_panels, script);
    put_title(script, picture->plot);
    fprintf(script, "set xrange [0:%zu]\n", picture->plot->result->panel->shape.rows);
    for (size_t p = 0; p < panels; p++)
        put_panel(script, picture, p);
    fputs("unset multiplot\nunset output\n", script);
    return true;
}

static tw_status check_answers(const batch_picture *picture, tw_error *error) {
    for (size_t p = 0; p < picture->panel_count; p++) {
        panel_range range = range_of(picture, p);
        if (range.least > range.most)
            return tw_error_set(error, TW_EMPTY,
                                "--plot: %s has no answer at the times that are drawn: there are "
                                "too few bars, or too many gaps",
                                tw_features_name(picture->plot->result->features, p));
    }
    return TW_OK;
}

tw_status batch_plot_draw(const batch_plot *plot, const char *path, tw_error *error) {
    const tw_batch_shape shape = plot->result->panel->shape;
    size_t outputs = tw_features_outputs(plot->result->features);
    batch_picture picture = {.plot = plot,
                             .sorted = TW_NEW(tw_allocator_system(), shape.columns, double),
                             .panel_count =
                                 outputs < BATCH_PLOT_PANEL_MAX ? outputs : BATCH_PLOT_PANEL_MAX,
                             .step = (shape.rows + MOMENT_MAX - 1) / MOMENT_MAX};
    picture.first = (shape.rows - 1) % picture.step;
    if (picture.sorted == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a picture");
    tw_status status = check_answers(&picture, error);
    if (status == TW_OK)
        status = gnuplot_draw(path, put_script, &picture, "the features", error);
    TW_DELETE(tw_allocator_system(), picture.sorted, shape.columns, double);
    return status;
}
