/* bars_plot.c - see bars_plot.h. */
#include "bars_plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bars_picture.h"
#include "gnuplot.h"
#include "tradewind/time.h"

enum { CANDLE_ROOM = 2 * BARS_PLOT_KEPT_MAX };

tw_status bars_plot_open(bars_plot *plot, tw_error *error) {
    plot->symbol = TW_SYMBOL_NONE;
    plot->candles = TW_NEW(tw_allocator_system(), CANDLE_ROOM, bars_candle);
    if (plot->candles == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a picture");
    return TW_OK;
}

void bars_plot_close(bars_plot *plot) {
    TW_DELETE(tw_allocator_system(), plot->candles, CANDLE_ROOM, bars_candle);
    bars_indicators_done(&plot->indicators);
    plot->candles = NULL;
}

/* ---- Bars ---------------------------------------------------------------------------------- */

/* In the order of a frame: by time, and without a clock by number. */
static bool is_before(const bars_candle *a, const bars_candle *b) {
    return a->sequence < b->sequence || (a->sequence == b->sequence && a->time_ns < b->time_ns);
}

static bool is_same(const bars_candle *a, const bars_candle *b) {
    return a->sequence == b->sequence && a->time_ns == b->time_ns;
}

static void remove_candle(bars_plot *plot, size_t at) {
    plot->candle_count--;
    memmove(&plot->candles[at], &plot->candles[at + 1],
            (plot->candle_count - at) * sizeof plot->candles[0]);
}

static void insert_candle(bars_plot *plot, size_t at, const bars_candle *candle) {
    memmove(&plot->candles[at + 1], &plot->candles[at],
            (plot->candle_count - at) * sizeof plot->candles[0]);
    plot->candles[at] = *candle;
    plot->candle_count++;
}

/* When there is no more room, the older half goes. */
static void make_room(bars_plot *plot) {
    if (plot->candle_count < CANDLE_ROOM)
        return;
    memmove(plot->candles, plot->candles + BARS_PLOT_KEPT_MAX,
            BARS_PLOT_KEPT_MAX * sizeof plot->candles[0]);
    plot->candle_count = BARS_PLOT_KEPT_MAX;
}

bool bars_plot_put(bars_plot *plot, const tw_bar *bar, const tw_bars_detail *detail) {
    if (detail->frame != 0)
        return true;
    if (plot->symbol == TW_SYMBOL_NONE)
        plot->symbol = bar->symbol;
    if (plot->symbol != bar->symbol)
        return false;
    plot->timeframe_ns = bar->timeframe_ns;
    bars_candle own = {.time_ns = detail->start_ns,
                       .sequence = detail->sequence,
                       .open = (double)bar->open.nano * 1e-9,
                       .high = (double)bar->high.nano * 1e-9,
                       .low = (double)bar->low.nano * 1e-9,
                       .close = (double)bar->close.nano * 1e-9,
                       .volume = (double)bar->volume.nano * 1e-9};
    size_t at = plot->candle_count;
    while (at > 0 && !is_before(&plot->candles[at - 1], &own))
        at--;
    bool known = at < plot->candle_count && is_same(&plot->candles[at], &own);
    if ((detail->flags & TW_BARS_WITHDRAWN) != 0) {
        if (known)
            remove_candle(plot, at);
        plot->bar_count -= known;
    } else if (known) {
        plot->candles[at] = own;
    } else {
        insert_candle(plot, at, &own);
        plot->bar_count++;
        make_room(plot);
    }
    return true;
}

/* ---- Indicators ---------------------------------------------------------------------------- */

static int64_t day_of(const bars_plot *plot, int64_t time_ns) {
    if (plot->zone != NULL)
        return tw_zone_day(plot->zone, time_ns, 0).day;
    return tw_time_floor(time_ns, TW_NS_PER_DAY) / TW_NS_PER_DAY;
}

static tw_status run_indicators(bars_plot *plot, tw_error *error) {
    size_t rows = plot->candle_count;
    double *columns = TW_NEW(tw_allocator_system(), 5 * rows, double);
    bool *resets = TW_NEW(tw_allocator_system(), rows, bool);
    tw_status status = columns != NULL && resets != NULL ? TW_OK : TW_NO_MEMORY;
    int64_t day_before = 0;
    for (size_t i = 0; i < rows && status == TW_OK; i++) {
        const bars_candle *candle = &plot->candles[i];
        int64_t day = day_of(plot, candle->time_ns);
        columns[i] = candle->open;
        columns[rows + i] = candle->high;
        columns[2 * rows + i] = candle->low;
        columns[3 * rows + i] = candle->close;
        columns[4 * rows + i] = candle->volume;
        resets[i] = i > 0 && day != day_before;
        day_before = day;
    }
    if (status == TW_OK) {
        const tw_indicator_table table = {.inputs = {columns, columns + rows, columns + 2 * rows,
                                                     columns + 3 * rows, columns + 4 * rows, NULL},
                                          .resets = resets,
                                          .rows = rows,
                                          .stride = 1};
        status = bars_indicators_run(&plot->indicators, &table, error);
    } else {
        (void)tw_error_set(error, status, "there is no memory for the indicators");
    }
    TW_DELETE(tw_allocator_system(), columns, 5 * rows, double);
    TW_DELETE(tw_allocator_system(), resets, rows, bool);
    return status;
}

/* gnuplot refuses a panel without a point. */
static tw_status check_answers(const bars_plot *plot, size_t begin, tw_error *error) {
    for (size_t i = 0; i < plot->indicators.count; i++) {
        const bars_indicator *entry = &plot->indicators.entries[i];
        bool has_any = false;
        for (size_t o = 0; o < TW_INDICATOR_OUTPUTS_MAX; o++)
            for (size_t row = begin; entry->values[o] != NULL && row < entry->rows; row++)
                has_any = has_any || isfinite(entry->values[o][row]);
        if (!has_any)
            return tw_error_set(error, TW_EMPTY, "--plot: there are too few bars (%zu) for %s",
                                plot->candle_count, entry->name);
    }
    return TW_OK;
}

tw_status bars_plot_draw(bars_plot *plot, const char *symbol, const char *frame, const char *path,
                         tw_error *error) {
    char what[TW_ERROR_MESSAGE_SIZE];
    if (plot->candle_count == 0)
        return tw_error_set(error, TW_EMPTY, "there is no %s bar to plot", frame);
    size_t shown = plot->candle_count < plot->shown_max ? plot->candle_count : plot->shown_max;
    bars_picture picture = {plot, symbol, frame, plot->candle_count - shown};
    tw_status status = plot->indicators.count > 0 ? run_indicators(plot, error) : TW_OK;
    if (status == TW_OK)
        status = check_answers(plot, picture.begin, error);
    if (status != TW_OK)
        return status;
    snprintf(what, sizeof what, "the %s bars of %s", frame, symbol);
    return gnuplot_draw(path, bars_picture_put, &picture, what, error);
}
