/* bench_growth.c - how the cost of a unit grows: a line a way, its spread as a band. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench_charts.h"
#include "bench_plot.h"
#include "tradewind/text.h"

enum { TOP = 12, HEIGHT = 290, BOTTOM = 240, TICKS_DOWN = 6, DESCRIPTION_SIZE = 4096 };
static const double NAME_GAP = 15;   /* pixels between the names of two lines */
static const double PLACE_GAP = 8.5; /* percent between the words of two places */

typedef struct chart {
    const proof_job *job;
    const proof_result *result;
    uint32_t axis;
    plot plot;
    plot_scale across;
    plot_scale down;
    FILE *stream;
} chart;

static const proof_figure *growth_of(const chart *c, uint32_t way) {
    return c->result->ways[way].growth[c->axis];
}

/* How many places of a way were measured. */
static uint32_t places_of(const proof_axis *axis, const proof_figure *growth) {
    uint32_t count = 0;
    for (uint32_t place = 0; place < axis->count; place++)
        count += growth[place].count > 0;
    return count;
}

bool bench_has_growth(const proof_job *job, const proof_result *result, uint32_t axis) {
    for (uint32_t way = 0; way < proof_way_count(job); way++) {
        if (places_of(&job->axes[axis], result->ways[way].growth[axis]) >= 2)
            return true;
    }
    return false;
}

static void choose_scales(chart *c) {
    const proof_axis *axis = &c->job->axes[c->axis];
    double least = INFINITY;
    double greatest = 0;
    double nearest = INFINITY;
    double farthest = 0;
    for (uint32_t way = 0; way < proof_way_count(c->job); way++) {
        for (uint32_t place = 0; place < axis->count; place++) {
            const proof_figure *figure = &growth_of(c, way)[place];
            if (figure->count == 0)
                continue;
            least = fmin(least, figure->low);
            greatest = fmax(greatest, figure->high);
            nearest = fmin(nearest, (double)axis->values[place]);
            farthest = fmax(farthest, (double)axis->values[place]);
        }
    }
    c->across = plot_scale_over(nearest, farthest, 0, 100);
    c->down = plot_scale_over(least, greatest, BOTTOM, TOP);
}

static void put_axes(const chart *c) {
    const proof_axis *axis = &c->job->axes[c->axis];
    double ticks[PLOT_TICKS_MAX];
    char word[PLOT_WORD_SIZE];
    double before = -INFINITY;
    size_t count = plot_ticks(&c->down, TICKS_DOWN, ticks);
    for (size_t i = 0; i < count; i++) {
        double at = plot_at(&c->down, ticks[i]);
        plot_line(c->stream, "grid", (double[]){0, at}, (double[]){100, at});
        plot_label(c->stream, "tick before", 0, at + 4, plot_span(ticks[i], word));
    }
    plot_line(c->stream, "axis", (double[]){0, BOTTOM}, (double[]){100, BOTTOM});
    for (uint32_t place = 0; place < axis->count; place++) {
        double value = (double)axis->values[place];
        double at = plot_at(&c->across, value);
        if (value < c->across.low || value > c->across.high)
            continue;
        plot_line(c->stream, "axis", (double[]){at, BOTTOM}, (double[]){at, BOTTOM + 5});
        if (at - before < PLACE_GAP)
            continue;
        plot_label(c->stream, "tick middle", at, BOTTOM + 19, plot_count(value, word));
        before = at;
    }
    plot_label(c->stream, "along middle", 50, HEIGHT - 8, axis->name);
}

static void put_band(const chart *c, const char *kind, const plot_point *highs,
                     const plot_point *lows, uint32_t count) {
    plot_point outline[2 * PROOF_PLACES_MAX];
    char band[BENCH_CELL_SIZE];
    memcpy(outline, highs, count * sizeof *highs);
    for (uint32_t i = 0; i < count; i++)
        outline[count + i] = lows[count - 1 - i];
    snprintf(band, sizeof band, "band %s", kind);
    plot_area(c->stream, band, &c->plot, outline, 2 * (size_t)count);
}

static void put_way(const chart *c, uint32_t way) {
    const proof_axis *axis = &c->job->axes[c->axis];
    const proof_figure *growth = growth_of(c, way);
    const char *kind = bench_way_kind(c->job, way);
    plot_point points[3][PROOF_PLACES_MAX];
    char words[4 * BENCH_CELL_SIZE];
    char cells[2][BENCH_CELL_SIZE];
    uint32_t count = 0;
    for (uint32_t place = 0; place < axis->count; place++) {
        if (growth[place].count == 0)
            continue;
        double across = plot_at(&c->across, (double)axis->values[place]);
        points[0][count] = (plot_point){across, plot_at(&c->down, growth[place].median)};
        points[1][count] = (plot_point){across, plot_at(&c->down, growth[place].high)};
        points[2][count++] = (plot_point){across, plot_at(&c->down, growth[place].low)};
    }
    if (count >= 2) {
        put_band(c, kind, points[1], points[2], count);
        snprintf(words, sizeof words, "curve %s", kind);
        plot_curve(c->stream, words, &c->plot, points[0], count);
    }
    for (uint32_t place = 0, i = 0; place < axis->count; place++) {
        if (growth[place].count == 0)
            continue;
        snprintf(words, sizeof words, "%.60s at %s: %s", c->job->ways[way].name,
                 plot_count((double)axis->values[place], cells[0]),
                 bench_span(growth[place].median, cells[1]));
        plot_sign(c->stream, kind, points[0][i].across, points[0][i].down, words);
        i++;
    }
}

/* Each at the height where its line ends, or as near to it as the others leave room for. */
static void put_names(const chart *c) {
    const proof_axis *axis = &c->job->axes[c->axis];
    double downs[PROOF_WAYS_MAX];
    uint32_t ways[PROOF_WAYS_MAX];
    size_t count = 0;
    for (uint32_t way = 0; way < proof_way_count(c->job); way++) {
        const proof_figure *growth = growth_of(c, way);
        if (places_of(axis, growth) == 0)
            continue;
        uint32_t last = axis->count - 1;
        while (growth[last].count == 0)
            last--;
        double down = plot_at(&c->down, growth[last].median);
        size_t at = count++;
        for (; at > 0 && downs[at - 1] > down; at--) {
            downs[at] = downs[at - 1];
            ways[at] = ways[at - 1];
        }
        downs[at] = down;
        ways[at] = way;
    }
    plot_spread(downs, count, NAME_GAP, TOP, BOTTOM);
    for (size_t i = 0; i < count; i++) {
        char kind[BENCH_CELL_SIZE];
        snprintf(kind, sizeof kind, "after %s", bench_way_kind(c->job, ways[i]));
        plot_label(c->stream, kind, 100, downs[i] + 4, c->job->ways[ways[i]].name);
    }
}

static void describe(const chart *c, tw_text *text) {
    const proof_axis *axis = &c->job->axes[c->axis];
    for (uint32_t way = 0; way < proof_way_count(c->job); way++) {
        const proof_figure *growth = growth_of(c, way);
        char cells[2][BENCH_CELL_SIZE];
        if (places_of(axis, growth) == 0)
            continue;
        tw_text_append_format(text, "%s:", c->job->ways[way].name);
        for (uint32_t place = 0; place < axis->count; place++) {
            if (growth[place].count > 0)
                tw_text_append_format(text, " %s at %s,",
                                      bench_span(growth[place].median, cells[0]),
                                      plot_count((double)axis->values[place], cells[1]));
        }
        tw_text_append_format(text, " ");
    }
}

void bench_chart_growth(const proof_job *job, const proof_result *result, uint32_t axis,
                        FILE *stream) {
    char memory[DESCRIPTION_SIZE];
    char id[BENCH_CELL_SIZE];
    char title[2 * BENCH_CELL_SIZE];
    tw_text description = tw_text_over(memory, sizeof memory);
    snprintf(id, sizeof id, "growth-%u-%.40s", axis, job->name);
    snprintf(title, sizeof title, "What one %.40s costs, by %.60s", job->unit,
             job->axes[axis].name);
    chart c = {.job = job,
               .result = result,
               .axis = axis,
               .plot = {"growth", id, HEIGHT},
               .stream = stream};
    choose_scales(&c);
    describe(&c, &description);
    plot_begin(stream, &c.plot, title, memory);
    put_axes(&c);
    for (uint32_t way = proof_way_count(job); way-- > 0;)
        put_way(&c, way);
    put_names(&c);
    plot_end(stream);
}
