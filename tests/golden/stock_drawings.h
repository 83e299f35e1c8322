/*
 * stock_drawings.h - what Stock.Indicators draws anew with each row, from the answers of ours.
 *
 * Pivots.StaticSeries.cs: a line between two turns is drawn when the second is known, with which we
 * tell its slope. Slope.StaticSeries.cs: the line of the last window.
 * StdDevChannels.StaticSeries.cs: such lines over windows that end with the last row, that window's
 * first, and so on, with two deviations beside them.
 */
#ifndef TRADEWIND_TESTS_STOCK_DRAWINGS_H
#define TRADEWIND_TESTS_STOCK_DRAWINGS_H

#include "stock_calls.h"

typedef struct drawing {
    const char *metric; /* stockind_... */
    const char *spec;   /* of the answers that it hangs on */
    void (*draw)(const char *column, const case_run *run, double *ret_line);
} drawing;

static double *answers_of(const case_run *run, const char *output) {
    case_run other = *run;
    snprintf(other.output, NAME_SIZE, "%s", output);
    return run_answers(&other);
}

/* highLine, lowLine: through the turns; highTrend, lowTrend: 0 a higher high, 1 a lower high, 2 a
 * higher low, 3 a lower low. */
static void draw_turns(const char *column, const case_run *run, double *ret_line) {
    bool high = strncmp(column, "high", 4) == 0;
    bool trend = strstr(column, "Trend") != NULL;
    case_run late = *run;
    late.delay = 2;
    double *points = answers_of(&late, high ? "high" : "low");
    double *slopes = answers_of(&late, high ? "high_slope" : "low_slope");
    size_t last = 0;
    for (size_t i = 0; i < run->rows; i++) {
        if (isnan(points[i]))
            continue;
        for (size_t t = last + 1; !isnan(slopes[i]) && slopes[i] != 0 && t <= i; t++) {
            double back = (double)t - (double)i;
            double name = (high ? 0 : 2) + (slopes[i] > 0 ? 0 : 1);
            ret_line[t] = trend ? name : points[i] + slopes[i] * back;
            if (!trend)
                ret_line[last] = points[last];
        }
        last = i;
    }
    free(points);
    free(slopes);
}

static void draw_window(const case_run *run, size_t end, size_t count, double deviations,
                        double *ret_line) {
    double *slope = answers_of(run, "slope");
    double *intercept = answers_of(run, "intercept");
    double *deviation = answers_of(run, "stddev");
    for (size_t i = end + 1 - count; i <= end; i++)
        ret_line[i] = slope[end] * (double)(i + 1) + intercept[end] + deviations * deviation[end];
    free(slope);
    free(intercept);
    free(deviation);
}

static size_t period_of(const case_run *run) {
    tw_indicator_config config;
    assert_int_equal(tw_indicator_parse(run->spec, &config, NULL), TW_OK);
    return (size_t)config.parameters[0];
}

static void draw_line(const char *column, const case_run *run, double *ret_line) {
    (void)column;
    draw_window(run, run->rows - 1, period_of(run), 0, ret_line);
}

static void draw_channels(const char *column, const case_run *run, double *ret_line) {
    double deviations = *column == 'u' ? 2 : (*column == 'l' ? -2 : 0);
    size_t count = period_of(run);
    for (size_t end = run->rows; end >= count; end -= count)
        draw_window(run, end - 1, count, deviations, ret_line);
}

static const drawing drawings[] = {
    {"stockind_pivots.highLine", "pivots(2,2,range,20)", draw_turns},
    {"stockind_pivots.lowLine", "pivots(2,2,range,20)", draw_turns},
    {"stockind_pivots.highTrend", "pivots(2,2,range,20)", draw_turns},
    {"stockind_pivots.lowTrend", "pivots(2,2,range,20)", draw_turns},
    {"stockind_slope.line", "slope(14)", draw_line},
    {"stockind_stdev_channels.centerline", "slope(20)", draw_channels},
    {"stockind_stdev_channels.upperChannel", "slope(20)", draw_channels},
    {"stockind_stdev_channels.lowerChannel", "slope(20)", draw_channels},
};

static const drawing *drawing_of(const char *metric) {
    for (size_t i = 0; i < sizeof drawings / sizeof drawings[0]; i++) {
        if (strcmp(drawings[i].metric, metric) == 0)
            return &drawings[i];
    }
    return NULL;
}

/* The column as it is drawn after the last row; the caller frees it. */
static double *draw(const drawing *what, const char *column, case_run *run) {
    double *line = malloc(run->rows * sizeof *line);
    assert_non_null(line);
    for (size_t i = 0; i < run->rows; i++)
        line[i] = NAN;
    snprintf(run->spec, SPEC_SIZE, "%s", what->spec);
    what->draw(column, run, line);
    return line;
}

#endif
