/* book_plot.c - see book_plot.h. */
#include "book_plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gnuplot.h"

#include "tradewind/time.h"

enum { COLUMN_COUNT = 900, ROW_COUNT_MAX = 240 };

tw_status book_plot_open(book_plot *plot, const book_replay *replay, tw_error *error) {
    *plot = (book_plot){
        .replay = replay, .symbol = replay->only, .seen_ns = INT64_MIN, .trade_every = 1};
    plot->samples = calloc(BOOK_PLOT_SAMPLE_MAX, sizeof *plot->samples);
    plot->trades = calloc(BOOK_PLOT_TRADE_MAX, sizeof *plot->trades);
    if (plot->samples == NULL || plot->trades == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the plot");
    return TW_OK;
}

void book_plot_close(book_plot *plot) {
    free(plot->samples);
    free(plot->trades);
    *plot = (book_plot){0};
}

/* ---- Sampling ------------------------------------------------------------------------------ */

/* From an earlier time to a later one: as a difference it cannot overflow. */
static uint64_t elapsed_ns(int64_t from_ns, int64_t to_ns) {
    return (uint64_t)to_ns - (uint64_t)from_ns;
}

static size_t keep_those_apart(book_plot *plot) {
    size_t kept = 1;
    for (size_t i = 1; i < plot->sample_count; i++) {
        if (elapsed_ns(plot->samples[kept - 1].time_ns, plot->samples[i].time_ns) >=
            plot->interval_ns)
            plot->samples[kept++] = plot->samples[i];
    }
    return kept;
}

static size_t keep_every_second(book_plot *plot) {
    size_t kept = 0;
    for (size_t i = 0; i < plot->sample_count; i += 2)
        plot->samples[kept++] = plot->samples[i];
    return kept;
}

/* Twice as far apart as they are on average now; those in between go. Some always go, whatever the
 * times are: the samples are full when this is called. */
static void thin_samples(book_plot *plot) {
    uint64_t span =
        elapsed_ns(plot->samples[0].time_ns, plot->samples[plot->sample_count - 1].time_ns);
    plot->interval_ns = span / (BOOK_PLOT_SAMPLE_MAX / 2) + 1;
    size_t kept = keep_those_apart(plot);
    if (kept == plot->sample_count)
        kept = keep_every_second(plot);
    plot->sample_count = kept;
}

static void fill_side(const book_plot *plot, tw_side side, book_plot_sample *sample) {
    tw_level levels[BOOK_PLOT_DEPTH];
    size_t at = side == TW_SIDE_BUY ? 0 : 1;
    size_t count = tw_book_depth(plot->replay->book, plot->symbol, side, levels, BOOK_PLOT_DEPTH);
    sample->counts[at] = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        sample->levels[at][i] =
            (book_plot_level){levels[i].price.nano, (double)levels[i].quantity.nano * 1e-9};
}

static void take_sample(book_plot *plot, int64_t time_ns) {
    if (plot->sample_count == BOOK_PLOT_SAMPLE_MAX)
        thin_samples(plot);
    TW_ASSERT(plot->sample_count < BOOK_PLOT_SAMPLE_MAX);
    book_plot_sample *sample = &plot->samples[plot->sample_count++];
    sample->time_ns = time_ns;
    fill_side(plot, TW_SIDE_BUY, sample);
    fill_side(plot, TW_SIDE_SELL, sample);
    plot->last_ns = time_ns;
}

static void take_trade(book_plot *plot, const book_step *step) {
    if (plot->trades_seen++ % plot->trade_every != 0)
        return;
    if (plot->trade_count == BOOK_PLOT_TRADE_MAX) {
        for (size_t i = 0; i < BOOK_PLOT_TRADE_MAX / 2; i++)
            plot->trades[i] = plot->trades[2 * i];
        plot->trade_count /= 2;
        plot->trade_every *= 2;
    }
    plot->trades[plot->trade_count++] = (book_plot_trade){
        .time_ns = plot->seen_ns,
        .price = (double)step->trade_price.nano * 1e-9,
        .size = (double)step->trade_size.nano * 1e-9,
        .resting_side = step->trade_side,
    };
}

tw_status book_plot_put(book_plot *plot, const book_step *step, tw_error *error) {
    if (plot->symbol == TW_SYMBOL_NONE)
        plot->symbol = step->symbol;
    if (step->symbol != plot->symbol)
        return tw_error_set(error, TW_USAGE,
                            "there is more than one symbol in %s (%s, %s ...): choose the one to "
                            "plot with --symbol",
                            plot->replay->config.path,
                            tw_symbols_name(plot->replay->symbols, plot->symbol),
                            tw_symbols_name(plot->replay->symbols, step->symbol));
    if (step->time_ns > plot->seen_ns)
        plot->seen_ns = step->time_ns;
    if (step->trade_size.nano > 0 && step->trade_price.nano != 0)
        take_trade(plot, step);
    bool due =
        plot->sample_count == 0 || elapsed_ns(plot->last_ns, plot->seen_ns) >= plot->interval_ns;
    if (step->whole && due)
        take_sample(plot, plot->seen_ns);
    return TW_OK;
}

/* ---- What is drawn ------------------------------------------------------------------------- */

/* A view of less time is widened: finer than this the axis of gnuplot has no numbers. */
static const int64_t SPAN_NS_MIN = 100000;

typedef struct plot_view {
    int64_t begin_ns;
    int64_t end_ns;
    double low; /* of the prices shown */
    double high;
    double row_height; /* a whole number of ticks */
    size_t row_count;
} plot_view;

static double price_of(int64_t nano) {
    return (double)nano * 1e-9;
}

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t distance(int64_t a, int64_t b) {
    return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

/* The smallest step between two levels of a side; 0 where no side has two. */
static double find_tick(const book_plot *plot) {
    uint64_t tick = UINT64_MAX;
    for (size_t i = 0; i < plot->sample_count; i++) {
        const book_plot_sample *sample = &plot->samples[i];
        for (int side = 0; side < 2; side++) {
            const book_plot_level *levels = sample->levels[side];
            for (uint32_t j = 1; j < sample->counts[side]; j++) {
                uint64_t step = distance(levels[j].price_nano, levels[j - 1].price_nano);
                if (step > 0 && step < tick)
                    tick = step;
            }
        }
    }
    return tick == UINT64_MAX ? 0 : (double)tick * 1e-9;
}

/* Rows as high as a tick, or as some where there would be too many, with prices in their middle. */
static void lay_rows(plot_view *view, double tick) {
    TW_ASSERT(tick > 0 && view->high > view->low);
    double ticks = ceil((view->high - view->low) / tick / ROW_COUNT_MAX);
    view->row_height = tick * ticks;
    view->low = (floor(view->low / tick) - 0.5) * tick;
    view->row_count = (size_t)ceil((view->high - view->low) / view->row_height);
    view->row_count = view->row_count < ROW_COUNT_MAX ? view->row_count : ROW_COUNT_MAX;
    view->high = view->low + view->row_height * (double)view->row_count;
}

/* The prices from `low` to `high`, a third of that around, and never nothing. */
static void frame_prices(const book_plot *plot, double low, double high, plot_view *view) {
    double tick = find_tick(plot);
    double around = fmax(fmax((high - low) * 0.35, fabs(high) * 2e-4), tick);
    if (around <= 0)
        around = 1; /* all prices are 0: any height will do */
    view->low = low - around;
    view->high = high + around;
    double height = view->high - view->low;
    lay_rows(view, tick > 0 ? fmin(tick, height) : height);
}

static void frame_times(const book_plot *plot, plot_view *view) {
    view->begin_ns = plot->samples[0].time_ns;
    view->end_ns = plot->last_ns;
    if (elapsed_ns(view->begin_ns, view->end_ns) < (uint64_t)SPAN_NS_MIN)
        view->end_ns =
            view->begin_ns < INT64_MAX - SPAN_NS_MIN ? view->begin_ns + SPAN_NS_MIN : INT64_MAX;
}

/* The best prices of the samples with two sides, in order. Returns how many. */
static size_t sort_touch(const book_plot *plot, int64_t *touch) {
    size_t count = 0;
    for (size_t i = 0; i < plot->sample_count; i++) {
        const book_plot_sample *sample = &plot->samples[i];
        if (sample->counts[0] == 0 || sample->counts[1] == 0)
            continue;
        touch[count++] = sample->levels[0][0].price_nano;
        touch[count++] = sample->levels[1][0].price_nano;
    }
    qsort(touch, count, sizeof *touch, by_value);
    return count;
}

/* All of the time, and of the touch all but its outermost hundredth. */
static tw_status find_view(const book_plot *plot, plot_view *ret_view, tw_error *error) {
    const char *path = plot->replay->config.path;
    int64_t *touch = calloc(plot->sample_count * 2 + 1, sizeof *touch);
    if (touch == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the plot");
    size_t count = sort_touch(plot, touch);
    double low = count > 0 ? price_of(touch[count / 200]) : 0;
    double high = count > 0 ? price_of(touch[count - 1 - count / 200]) : 0;
    free(touch);
    if (count == 0)
        return tw_error_set(error, TW_EMPTY, "there is no book with two sides to plot in %s", path);
    if (plot->last_ns == plot->samples[0].time_ns)
        return tw_error_set(error, TW_EMPTY,
                            "there is nothing to plot in %s: no time passes between its first and "
                            "its last book",
                            path);
    frame_prices(plot, low, high, ret_view);
    frame_times(plot, ret_view);
    return TW_OK;
}

static double seconds_of(int64_t time_ns) {
    return (double)time_ns * 1e-9;
}

static void put_column(const book_plot_sample *sample, const plot_view *view, float *column) {
    memset(column, 0, view->row_count * sizeof *column);
    for (int side = 0; side < 2; side++) {
        for (uint32_t i = 0; i < sample->counts[side]; i++) {
            const book_plot_level *level = &sample->levels[side][i];
            double at = (price_of(level->price_nano) - view->low) / view->row_height;
            if (at >= 0 && at < (double)view->row_count)
                column[(size_t)at] += (float)(side == 0 ? level->size : -level->size);
        }
    }
}

/* The sizes as a grid of time and price. The scale is logarithmic: a price with ten times as much
 * is seen as one step more. */
static bool put_grid(FILE *script, const book_plot *plot, const plot_view *view) {
    TW_ASSERT(view->row_count > 0);
    float *grid = calloc(COLUMN_COUNT * view->row_count, sizeof *grid);
    if (grid == NULL)
        return false;
    size_t next = 0;
    double most = 0;
    double span = (double)elapsed_ns(view->begin_ns, view->end_ns);
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        uint64_t passed = (uint64_t)(span * (double)column / COLUMN_COUNT);
        while (next + 1 < plot->sample_count &&
               elapsed_ns(view->begin_ns, plot->samples[next + 1].time_ns) <= passed)
            next++;
        put_column(&plot->samples[next], view, grid + column * view->row_count);
    }
    for (size_t i = 0; i < COLUMN_COUNT * view->row_count; i++)
        most = fmax(most, fabsf(grid[i]));
    fprintf(script, "$grid << END\n");
    for (size_t row = 0; row < view->row_count; row++) {
        for (size_t column = 0; column < COLUMN_COUNT; column++) {
            double size = grid[column * view->row_count + row];
            double shade = most > 0 ? log1p(fabs(size) / most * 1000) / log1p(1000) : 0;
            fprintf(script, "%.3f ", size < 0 ? -shade : shade);
        }
        fputc('\n', script);
    }
    fprintf(script, "END\n");
    free(grid);
    return true;
}

static void put_touch(FILE *script, const book_plot *plot) {
    fprintf(script, "$touch << END\n");
    for (size_t i = 0; i < plot->sample_count; i++) {
        const book_plot_sample *sample = &plot->samples[i];
        double totals[2] = {0, 0};
        for (int side = 0; side < 2; side++) {
            for (uint32_t j = 0; j < sample->counts[side]; j++)
                totals[side] += sample->levels[side][j].size;
        }
        fprintf(script, "%.9f ", seconds_of(sample->time_ns));
        for (int side = 0; side < 2; side++) {
            if (sample->counts[side] > 0)
                fprintf(script, "%.9f ", price_of(sample->levels[side][0].price_nano));
            else
                fprintf(script, "NaN ");
        }
        fprintf(script, "%.9g %.9g\n", totals[0], -totals[1]);
    }
    fprintf(script, "END\n");
}

static void put_trades(FILE *script, const book_plot *plot) {
    double most = 0;
    for (size_t i = 0; i < plot->trade_count; i++)
        most = fmax(most, plot->trades[i].size);
    fprintf(script, "$trades << END\n");
    for (size_t i = 0; i < plot->trade_count; i++) {
        const book_plot_trade *trade = &plot->trades[i];
        int buyer_took = trade->resting_side == TW_SIDE_SELL  ? 1
                         : trade->resting_side == TW_SIDE_BUY ? -1
                                                              : 0;
        fprintf(script, "%.9f %.9f %.3f %d\n", seconds_of(trade->time_ns), trade->price,
                0.25 + 1.25 * sqrt(trade->size / most), buyer_took);
    }
    fprintf(script, "END\n");
}

/* ---- The script ---------------------------------------------------------------------------- */

static const char head[] = "\nset multiplot\nset lmargin at screen 0.085\n"
                           "set rmargin at screen 0.975\nset tics front\nset border 3\n"
                           "set xtics nomirror\nset ytics nomirror\nset grid back lc '#dddddd'\n"
                           "set palette defined (-1 '#8c0d1f', -0.5 '#e08070', 0 '#ffffff', "
                           "0.5 '#74a9cf', 1 '#08306b')\nset cbrange [-1:1]\nunset colorbox\n";

static const char upper[] =
    "set bmargin at screen 0.35\nset tmargin at screen 0.90\nset xtics time format ''\n"
    "set ylabel 'price'\nset key at graph 0, 1.06 left top horizontal samplen 2\n"
    "set label 1 'darker: more stands at the price' at graph 1, 1.035 right font ',11' "
    "textcolor '#666666'\n"
    "plot $grid matrix using (x0 + ($1 + 0.5) * dx):(y0 + ($2 + 0.5) * dy):3 with image notitle, "
    "\\\n"
    " $touch using 1:3 with steps lc '#b2182b' lw 1.2 title 'best ask', \\\n"
    " $touch using 1:2 with steps lc '#2166ac' lw 1.2 title 'best bid'";

static const char lower[] = "unset title\nunset label 1\nset bmargin at screen 0.09\n"
                            "set tmargin at screen 0.32\nset format y '%g'\n"
                            "set yrange [*:*]\nset style fill solid 1.0 noborder\nunset key\n"
                            "plot $touch using 1:4 with fillsteps fc '#9ecae1' title 'bids', \\\n"
                            " $touch using 1:5 with fillsteps fc '#f4b6a6' title 'asks'\n";

/* Of trades, those that there are: gnuplot warns of points that there are not. */
static void put_upper(FILE *script, const book_plot *plot) {
    static const struct {
        uint8_t resting_side;
        const char *condition;
        const char *look;
        const char *title;
    } kinds[] = {{TW_SIDE_SELL, "$4 > 0", "pt 9 ps variable lc '#1a9850'", "buyer took"},
                 {TW_SIDE_BUY, "$4 < 0", "pt 11 ps variable lc '#d95f02'", "seller took"},
                 {TW_SIDE_NONE, "$4 == 0", "pt 7 ps variable lc '#555555'", "trade"}};
    fputs(upper, script);
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        bool there = false;
        for (size_t i = 0; i < plot->trade_count && !there; i++)
            there = plot->trades[i].resting_side == kinds[k].resting_side;
        if (there)
            fprintf(script, ", \\\n $trades using 1:(%s ? $2 : NaN):3 with points %s title '%s'",
                    kinds[k].condition, kinds[k].look, kinds[k].title);
    }
    fputc('\n', script);
}

/* Decimals by which prices a tenth of the picture apart differ. */
static int decimals_of(const plot_view *view) {
    double step = (view->high - view->low) / 10;
    int decimals = step > 0 && step < 1 ? (int)ceil(-log10(step)) : 0;
    return decimals < 9 ? decimals : 9;
}

static bool has_date(const plot_view *view) {
    return view->begin_ns > 2 * 86400 * TW_NANO;
}

static const char *time_format(const plot_view *view) {
    uint64_t span_s = elapsed_ns(view->begin_ns, view->end_ns) / TW_NANO;
    if (span_s > 2 * 86400)
        return "%m-%d";
    if (span_s < 10)
        return "%H:%M:%.3S";
    return has_date(view) && span_s > 43200 ? "%m-%d\\n%H:%M"
           : span_s < 1800                  ? "%H:%M:%S"
                                            : "%H:%M";
}

static void put_time_label(FILE *script, const plot_view *view) {
    char date[TW_TIME_TEXT_SIZE] = "";
    if (has_date(view))
        tw_time_format(view->begin_ns, 0, date);
    date[has_date(view) ? sizeof "2024-01-10" - 1 : 0] = '\0';
    fprintf(script, "set xlabel '%s%s' offset 0,0.5\n", date,
            has_date(view) ? ", UTC" : "time of the exchange");
}

/* What a script is made of. */
typedef struct plot_picture {
    const book_plot *plot;
    plot_view view;
} plot_picture;

/* The name of a symbol has neither quotes nor spaces. */
static bool put_script(FILE *script, void *context) {
    const plot_picture *picture = context;
    const book_plot *plot = picture->plot;
    const plot_view *view = &picture->view;
    const char *name = tw_symbols_name(plot->replay->symbols, plot->symbol);
    if (!put_grid(script, plot, view))
        return false;
    put_touch(script, plot);
    put_trades(script, plot);
    fprintf(script, "set terminal pngcairo size 1600,1000 font 'sans,12' background '#ffffff'");
    fputs(head, script);
    fprintf(script, "set title \"%s    %llu messages, %llu trades", name,
            (unsigned long long)plot->replay->totals.messages,
            (unsigned long long)plot->trades_seen);
    if (plot->trade_every > 1)
        fprintf(script, " (1 in %u shown)", plot->trade_every);
    fprintf(script, "\" font 'sans,15' noenhanced offset 0,1.4\n");
    double begin = seconds_of(view->begin_ns);
    double end = seconds_of(view->end_ns);
    fprintf(script, "x0 = %.9f\ndx = %.12g\ny0 = %.15g\ndy = %.12g\n", begin,
            (end - begin) / COLUMN_COUNT, view->low, view->row_height);
    fprintf(script, "set xrange [%.9f:%.9f]\nset yrange [%.15g:%.15g]\n", begin, end, view->low,
            view->high);
    fprintf(script, "set format y '%%.%df'\n", decimals_of(view));
    put_upper(script, plot);
    fprintf(script, "set xtics time format \"%s\"\nset ylabel 'best %d levels: bids, asks'\n",
            time_format(view), BOOK_PLOT_DEPTH);
    put_time_label(script, view);
    fputs(lower, script);
    fputs("unset multiplot\nunset output\n", script);
    return true;
}

tw_status book_plot_draw(book_plot *plot, const char *path, tw_error *error) {
    plot_picture picture = {.plot = plot};
    char what[TW_ERROR_MESSAGE_SIZE];
    if (plot->sample_count > 0 && plot->symbol != TW_SYMBOL_NONE)
        take_sample(plot, plot->seen_ns);
    tw_status status = find_view(plot, &picture.view, error);
    if (status != TW_OK)
        return status;
    snprintf(what, sizeof what, "the book of %s", plot->replay->config.path);
    return gnuplot_draw(path, put_script, &picture, what, error);
}
