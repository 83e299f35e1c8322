/*
 * bench_plot.h - what the pictures of the report are drawn with: scales, ticks, and SVG.
 *
 * A plot is as wide as there is room and of a height in pixels. Across, places are percent of its
 * width; down, pixels from its top; so it fits a phone and a sheet of paper, and its words keep
 * their size. What lies beyond 0 and 100 percent stands in the margins that the style leaves.
 *
 *     plot_begin(stream, &(plot){"growth", "curve-1", 240}, "Cost by length", "ours 40 ns at 100");
 *     plot_sign(stream, "ours", plot_at(&across, 100), plot_at(&down, 40), "100: 40 ns");
 *     plot_end(stream);
 *
 * What cannot be written is remembered by the stream.
 */
#ifndef TRADEWIND_CLI_BENCH_PLOT_H
#define TRADEWIND_CLI_BENCH_PLOT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- scales ---------------------------------------------------------------------------------- */

/* A logarithmic one: low is shown at `from`, high at `to`. */
typedef struct plot_scale {
    double low; /* 0 < low < high */
    double high;
    double from;
    double to;
} plot_scale;

/* Over values from the least to the greatest, with a little room around them. Values that no such
 * scale has (none at all, no number, not above 0, or beyond all reason) are as if they were not
 * there. */
plot_scale plot_scale_over(double least, double greatest, double from, double to);

/* Where a value is shown: one beyond the scale at its end, one that is no number at its begin. */
double plot_at(const plot_scale *scale, double value);

enum { PLOT_TICKS_MAX = 10, PLOT_WORD_SIZE = 64 };

/* Round values on the scale, ascending: at least 2, at most `most` (2 to PLOT_TICKS_MAX), so far
 * from one another that their words do not meet. */
size_t plot_ticks(const plot_scale *scale, size_t most, double ret_ticks[PLOT_TICKS_MAX]);

/* Moves ascending places apart until `gap` lies between any two, as little as that takes, within
 * low and high as long as there is room for all of them. */
void plot_spread(double *places, size_t count, double gap, double low, double high);

/* "200 ns", "1.5 us" - "10k", "2M" - "0.5x", "100x": round values in few signs. */
char *plot_span(double ns, char buffer[PLOT_WORD_SIZE]);
char *plot_count(double count, char buffer[PLOT_WORD_SIZE]);
char *plot_times(double times, char buffer[PLOT_WORD_SIZE]);

/* ---- SVG ------------------------------------------------------------------------------------- */

typedef struct plot {
    const char *kind; /* its class in the style */
    const char *id;   /* that no other plot of the page has */
    double height;
} plot;

/* Any words as text of the page or between quotation marks, whatever is in them. */
void plot_words(FILE *stream, const char *words);

/* Those who do not see it are told both sentences. */
void plot_begin(FILE *stream, const plot *frame, const char *title, const char *description);
void plot_end(FILE *stream);

/* `kind` is a class of the style. */
void plot_line(FILE *stream, const char *kind, const double from[2], const double to[2]);
void plot_box(FILE *stream, const char *kind, const double from[2], const double to[2]);
void plot_label(FILE *stream, const char *kind, double across, double down, const char *words);

/* A sign whose form and colour are those of `kind`; it says `words` to whoever points at it. */
void plot_sign(FILE *stream, const char *kind, double across, double down, const char *words);

typedef struct plot_point {
    double across;
    double down;
} plot_point;

/* A line through points, and an area within an outline. */
void plot_curve(FILE *stream, const char *kind, const plot *frame, const plot_point *points,
                size_t count);
void plot_area(FILE *stream, const char *kind, const plot *frame, const plot_point *points,
               size_t count);

#endif
