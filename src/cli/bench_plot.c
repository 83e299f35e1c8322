/* bench_plot.c - see bench_plot.h. */
#include "bench_plot.h"

#include <math.h>
#include <stdbool.h>

#include "plain_text.h"
#include "tradewind/api.h"

/* ---- scales ---------------------------------------------------------------------------------- */

static const double LEAST = 1e-30;   /* less, or more than so many times, is no time and no ratio */
static const double ROOM = 0.06;     /* of the length, on either side */
static const double NARROWEST = 1.5; /* times as much at the end as at the begin, at least */
static const double CLOSEST = 0.55;  /* of an even distance between two ticks */
static const double ROUNDING = 1e-9; /* a value at an end of the scale is on it */

static bool is_shown(double value) {
    return value > LEAST && value < 1 / LEAST;
}

plot_scale plot_scale_over(double least, double greatest, double from, double to) {
    if (!is_shown(least))
        least = is_shown(greatest) ? greatest : 1;
    if (!is_shown(greatest) || greatest < least)
        greatest = least;
    double middle = sqrt(least) * sqrt(greatest);
    if (greatest / least < NARROWEST) {
        least = middle / sqrt(NARROWEST);
        greatest = middle * sqrt(NARROWEST);
    }
    double room = pow(greatest / least, ROOM);
    return (plot_scale){.low = least / room, .high = greatest * room, .from = from, .to = to};
}

double plot_at(const plot_scale *scale, double value) {
    TW_ASSERT(scale->low > 0 && scale->high > scale->low);
    if (!(value > scale->low))
        return scale->from;
    if (value >= scale->high)
        return scale->to;
    double share = log(value / scale->low) / log(scale->high / scale->low);
    return scale->from + share * (scale->to - scale->from);
}

/* Each returns how many there are on the scale, of which the first PLOT_TICKS_MAX are put. */

static size_t put_tick(const plot_scale *scale, double value, double *ticks, size_t count) {
    if (value < scale->low * (1 - ROUNDING) || value > scale->high * (1 + ROUNDING))
        return count;
    if (count < PLOT_TICKS_MAX)
        ticks[count] = value;
    return count + 1;
}

/* Some values of every n-th decade: 1, or 1, 2 and 5. */
static size_t put_decades(const plot_scale *scale, int every, int values, double *ticks) {
    static const double within[] = {1, 2, 5};
    int last = (int)floor(log10(scale->high) + ROUNDING);
    size_t count = 0;
    for (int decade = (int)floor(log10(scale->low)); decade <= last; decade++) {
        for (int i = 0; i < values && decade % every == 0; i++)
            count = put_tick(scale, within[i] * pow(10, decade), ticks, count);
    }
    return count;
}

static size_t put_steps(const plot_scale *scale, double step, double *ticks) {
    size_t count = 0;
    double first = ceil(scale->low / step - ROUNDING);
    double last = floor(scale->high / step + ROUNDING);
    for (int i = 0; first + i <= last && count <= PLOT_TICKS_MAX; i++)
        count = put_tick(scale, (first + i) * step, ticks, count);
    return count;
}

static bool are_apart(const plot_scale *scale, const double *ticks, size_t count, size_t most) {
    double closest = CLOSEST * fabs(scale->to - scale->from) / (double)most;
    if (count > most)
        return false;
    for (size_t i = 1; i < count; i++) {
        if (fabs(plot_at(scale, ticks[i]) - plot_at(scale, ticks[i - 1])) < closest)
            return false;
    }
    return true;
}

size_t plot_ticks(const plot_scale *scale, size_t most, double ret_ticks[PLOT_TICKS_MAX]) {
    static const double nice[] = {1, 2, 5};
    TW_ASSERT(most >= 2 && most <= PLOT_TICKS_MAX);
    size_t count = put_decades(scale, 1, 3, ret_ticks);
    if (count >= 3 && are_apart(scale, ret_ticks, count, most))
        return count;
    double finest = pow(10, floor(log10((scale->high - scale->low) / (double)most)));
    for (int i = 0; i < 9 && scale->high / scale->low < 10; i++) {
        count = put_steps(scale, finest * nice[i % 3] * pow(10, floor(i / 3.0)), ret_ticks);
        if (count >= 2 && are_apart(scale, ret_ticks, count, most))
            return count;
    }
    for (int every = 1; every < 300; every++) {
        count = put_decades(scale, every, 1, ret_ticks);
        if (count >= 2 && are_apart(scale, ret_ticks, count, most))
            return count;
    }
    ret_ticks[0] = scale->low;
    ret_ticks[1] = scale->high;
    return 2;
}

void plot_spread(double *places, size_t count, double gap, double low, double high) {
    for (size_t i = 0; i < count; i++) {
        double least = i == 0 ? low : places[i - 1] + gap;
        places[i] = places[i] < least ? least : places[i];
    }
    for (size_t i = count; i-- > 0;) {
        double most = high - gap * (double)(count - 1 - i);
        if (places[i] <= most || most - gap * (double)i < low)
            break;
        places[i] = most;
    }
}

/* ---- words ----------------------------------------------------------------------------------- */

/* A unit is taken from `step` of it on. */
static char *scaled(double value, double step, const char *const *units, char *buffer) {
    size_t unit = 0;
    for (; value >= step * 0.9995 && units[unit + 1] != NULL; unit++)
        value /= 1000;
    snprintf(buffer, PLOT_WORD_SIZE, value < 999.5 ? "%.3g%s" : "%.0f%s", value, units[unit]);
    return buffer;
}

char *plot_span(double ns, char buffer[PLOT_WORD_SIZE]) {
    static const char *const units[] = {" ns", " us", " ms", " s", NULL};
    return scaled(ns, 1000, units, buffer);
}

char *plot_count(double count, char buffer[PLOT_WORD_SIZE]) {
    static const char *const units[] = {"", "k", "M", "G", "T", NULL};
    return scaled(count, 1000, units, buffer);
}

char *plot_times(double times, char buffer[PLOT_WORD_SIZE]) {
    static const char *const units[] = {"x", "kx", "Mx", NULL};
    return scaled(times, 10000, units, buffer);
}

/* ---- SVG ------------------------------------------------------------------------------------- */

void plot_words(FILE *stream, const char *words) {
    char plain[PLAIN_TEXT_SIZE(1024)];
    for (const char *c = plain_text(words, plain, sizeof plain); *c != '\0'; c++) {
        if (*c == '<')
            fputs("&lt;", stream);
        else if (*c == '>')
            fputs("&gt;", stream);
        else if (*c == '&')
            fputs("&amp;", stream);
        else if (*c == '"')
            fputs("&quot;", stream);
        else
            fputc(*c, stream);
    }
}

void plot_begin(FILE *stream, const plot *frame, const char *title, const char *description) {
    fprintf(stream,
            "<svg class=\"plot %s\" height=\"%.0f\" role=\"img\" aria-labelledby=\"%s-title\" "
            "aria-describedby=\"%s-words\"><title id=\"%s-title\">",
            frame->kind, frame->height, frame->id, frame->id, frame->id);
    plot_words(stream, title);
    fprintf(stream, "</title><desc id=\"%s-words\">", frame->id);
    plot_words(stream, description);
    fputs("</desc>\n", stream);
}

void plot_end(FILE *stream) {
    fputs("</svg>\n", stream);
}

void plot_line(FILE *stream, const char *kind, const double from[2], const double to[2]) {
    fprintf(stream, "<line class=\"%s\" x1=\"%.2f%%\" y1=\"%.1f\" x2=\"%.2f%%\" y2=\"%.1f\"/>\n",
            kind, from[0], from[1], to[0], to[1]);
}

void plot_box(FILE *stream, const char *kind, const double from[2], const double to[2]) {
    fprintf(stream,
            "<rect class=\"%s\" x=\"%.2f%%\" y=\"%.1f\" width=\"%.2f%%\" height=\"%.1f\"/>\n", kind,
            fmin(from[0], to[0]), fmin(from[1], to[1]), fabs(to[0] - from[0]),
            fabs(to[1] - from[1]));
}

void plot_label(FILE *stream, const char *kind, double across, double down, const char *words) {
    fprintf(stream, "<text class=\"%s\" x=\"%.2f%%\" y=\"%.1f\">", kind, across, down);
    plot_words(stream, words);
    fputs("</text>\n", stream);
}

void plot_sign(FILE *stream, const char *kind, double across, double down, const char *words) {
    fprintf(stream, "<use class=\"%s\" href=\"#sign-%s\" x=\"%.2f%%\" y=\"%.1f\">", kind, kind,
            across, down);
    if (words[0] != '\0') {
        fputs("<title>", stream);
        plot_words(stream, words);
        fputs("</title>", stream);
    }
    fputs("</use>\n", stream);
}

/* Percent across are only understood by simple shapes: a line gets a drawing of 100 units, as wide
 * as the plot. */
static void put_path(FILE *stream, const char *kind, const plot *frame, const plot_point *points,
                     size_t count) {
    fprintf(stream,
            "<svg width=\"100%%\" height=\"%.0f\" viewBox=\"0 0 100 %.0f\" "
            "preserveAspectRatio=\"none\"><path class=\"%s\" d=\"",
            frame->height, frame->height, kind);
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "%c%.2f %.1f", i == 0 ? 'M' : 'L', points[i].across, points[i].down);
}

void plot_curve(FILE *stream, const char *kind, const plot *frame, const plot_point *points,
                size_t count) {
    put_path(stream, kind, frame, points, count);
    fputs("\"/></svg>\n", stream);
}

void plot_area(FILE *stream, const char *kind, const plot *frame, const plot_point *points,
               size_t count) {
    put_path(stream, kind, frame, points, count);
    fputs("Z\"/></svg>\n", stream);
}
