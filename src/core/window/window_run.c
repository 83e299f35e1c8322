/*
 * window_run.c - many trades at once: the same integers as one by one, the divisions in rows.
 *
 * Trades are taken in blocks, in the order in which they come. A first pass moves the rings on and
 * writes what is to be divided as columns; then each column of answers is one loop over the block,
 * which the compiler makes vectors of. The expressions are those of a single read, and none of them
 * is contracted, so the bits are the same. A trade whose numbers are too great for that is answered
 * by window_exact at once, and its answers are laid over the columns in the end.
 *
 * Interleaved symbols are not sorted first: the rows of a symbol lie far apart in twelve columns
 * or more, and to write them symbol by symbol costs more than to fetch the few lines of a ring that
 * the next trades need, while the trades before them are worked on (warm).
 */
#include "window_block.h"

#include <math.h>
#include <string.h>

#define AHEAD_RING 12 /* trades ahead for the ring itself ... */
#define AHEAD_PLACE 6 /* ... and, once that is there, for its places */

struct tw_windows {
    tw_allocator allocator;
    uint32_t symbol_count;
    tw_window *items;
    pane_spec specs[TW_WINDOW_SPEC_MAX];
};

/* ---- the rings move on -------------------------------------------------------------------- */

static void put_slow(rows *r, const tw_window *window, const pane *p, size_t row) {
    tw_window_stats stats;
    window_exact(window, p, &stats);
    r->slow[r->slow_count++] = (slow_row){.row = row,
                                          .sum = stats.sum,
                                          .mean = stats.mean,
                                          .variance = stats.variance,
                                          .min = stats.min,
                                          .max = stats.max,
                                          .range = stats.range,
                                          .volume = stats.volume,
                                          .vwap = stats.vwap};
}

static inline void put_numerators(rows *r, const tw_window *window, const pane *p, size_t row) {
    numerators of;
    bool fast = pane_numerators(window, p, &of);
    r->n[row] = of.n;
    r->price[row] = of.price;
    r->variance[row] = of.variance;
    r->value[row] = of.value;
    r->volume[row] = of.volume;
    r->min[row] = of.min;
    r->max[row] = of.max;
    if (__builtin_expect(!fast, 0))
        put_slow(r, window, p, row);
}

/* What is not a division of two columns: asked for one by one. */
static void put_rest(const tw_window *window, const pane *p, const tw_window_output *output,
                     size_t row) {
    double *z_score = output->columns[TW_WINDOW_Z_SCORE];
    double *volatility = output->columns[TW_WINDOW_VOLATILITY];
    if (z_score != NULL) {
        tw_window_stats stats;
        window_exact(window, p, &stats);
        stats.stddev = sqrt(stats.variance);
        z_score[row] = window_z_score(window, p, &stats);
    }
    if (volatility != NULL)
        volatility[row] = window_volatility(window, p);
    for (uint32_t i = 0; i < TW_WINDOW_QUANTILE_MAX; i++) {
        double *quantile = output->columns[TW_WINDOW_QUANTILE + i];
        if (quantile != NULL)
            quantile[row] = i < spec_of(window, p)->quantile_count
                                ? window_quantile(window, p, spec_of(window, p)->quantiles[i])
                                : NAN;
    }
}

static bool wants_rest(const tw_window_output *output) {
    bool wants =
        output->columns[TW_WINDOW_Z_SCORE] != NULL || output->columns[TW_WINDOW_VOLATILITY] != NULL;
    for (uint32_t i = 0; i < TW_WINDOW_QUANTILE_MAX; i++)
        wants = wants || output->columns[TW_WINDOW_QUANTILE + i] != NULL;
    return wants;
}

/* One trade of a block into its ring. */
static inline tw_status take(block *b, rows *all, tw_window *window, const tw_window_ticks *ticks,
                             size_t row) {
    size_t i = b->begin + row;
    int64_t units;
    tw_status status =
        ring_push(window, ticks->times_ns[i], ticks->prices[i], ticks->quantities[i], &units);
    if (status != TW_OK)
        return status;
    b->windows[row] = window;
    b->first[row] = window->total == 1;
    b->scale[row] = facts_of(&window->price_unit)->scale;
    b->quantity_scale[row] = facts_of(&window->quantity_unit)->scale;
    b->price[row] = window_price(window, units);
    b->elapsed[row] = ring_elapsed(window);
    for (uint32_t j = 0; j < window->pane_count; j++) {
        pane *p = &window->panes[j];
        const pane_spec *spec = &window->specs[j];
        pane_push(window, p, spec, units);
        put_numerators(&all[j], window, p, row);
        pane_ema(p, spec, window->total - 1, b->price[row], ticks->prices[i].nano);
        all[j].ema[row] = p->ema;
    }
    return TW_OK;
}

/* ---- blocks ------------------------------------------------------------------------------- */

/* One window, or the one of a symbol. */
typedef struct desk {
    tw_window *items;
    const uint32_t *symbols; /* NULL: one window */
    uint32_t symbol_count;
    uint32_t pane_count;
    bool rest[TW_WINDOW_SPEC_MAX];
} desk;

static inline tw_window *desk_at(const desk *d, size_t i) {
    return d->symbols != NULL ? &d->items[d->symbols[i]] : d->items;
}

/* Fetches what a later trade will touch. A symbol outside the set is not looked at. */
static inline void warm(const desk *d, size_t i, size_t count) {
    if (i + AHEAD_RING < count && d->symbols[i + AHEAD_RING] < d->symbol_count) {
        const char *ring = (const char *)desk_at(d, i + AHEAD_RING);
        __builtin_prefetch(ring, 1);
        __builtin_prefetch(ring + 64, 1);
        for (uint32_t j = 0; j < d->pane_count; j++)
            __builtin_prefetch(ring + offsetof(tw_window, panes) + j * sizeof(pane), 1);
    }
    if (i + AHEAD_PLACE < count && d->symbols[i + AHEAD_PLACE] < d->symbol_count) {
        const tw_window *window = desk_at(d, i + AHEAD_PLACE);
        uint64_t place = window->total & window->mask;
        __builtin_prefetch(&window->times[place], 1);
        __builtin_prefetch(&window->prices[place], 1);
        __builtin_prefetch(&window->lows[place], 1);
        for (uint32_t j = 0; j < window->pane_count; j++) {
            const pane *p = &window->panes[j];
            if (window->specs[j].span_ns != 0)
                __builtin_prefetch(&window->times[p->head & window->mask]);
            __builtin_prefetch(&window->lows[p->head & window->mask]);
            __builtin_prefetch(&p->suffix[p->front_at + 1]);
        }
    }
}

static tw_status run_block(const desk *d, block *b, rows *all, const tw_window_ticks *ticks,
                           const tw_window_output *outputs) {
    size_t room = ticks->count - b->begin;
    size_t most = room < BLOCK ? room : BLOCK;
    tw_status status = TW_OK;
    for (b->count = 0; b->count < most; b->count++) {
        size_t i = b->begin + b->count;
        if (d->symbols != NULL) {
            if (d->symbols[i] >= d->symbol_count)
                status = TW_RANGE;
            warm(d, i, ticks->count);
        }
        tw_window *window = status == TW_OK ? desk_at(d, i) : NULL;
        if (status == TW_OK)
            status = take(b, all, window, ticks, b->count);
        if (status != TW_OK)
            break;
        for (uint32_t j = 0; j < d->pane_count; j++)
            if (d->rest[j])
                put_rest(window, &window->panes[j], &outputs[j], i);
        if ((window->total & window->mask) == 0)
            window_units_reconsider(window);
    }
    for (uint32_t j = 0; j < d->pane_count; j++)
        block_write_columns(b, &all[j], j, outputs[j].columns);
    return status;
}

static tw_status run(const desk *d, const tw_window_ticks *ticks, const tw_window_output *outputs,
                     size_t *ret_count) {
    block b;
    rows all[TW_WINDOW_SPEC_MAX];
    for (uint32_t j = 0; j < TW_WINDOW_SPEC_MAX; j++)
        all[j].slow_count = 0;
    tw_status status = TW_OK;
    for (b.begin = 0; status == TW_OK && b.begin < ticks->count; b.begin += b.count)
        status = run_block(d, &b, all, ticks, outputs);
    *ret_count = b.begin;
    return status;
}

static desk desk_of(tw_window *items, const tw_window_output *outputs) {
    desk d = {.items = items, .symbol_count = 1, .pane_count = items->pane_count};
    for (uint32_t j = 0; j < d.pane_count; j++)
        d.rest[j] = wants_rest(&outputs[j]);
    return d;
}

tw_status tw_window_run(tw_window *window, const tw_window_ticks *ticks,
                        const tw_window_output *outputs, size_t *ret_count) {
    TW_ASSERT(window != NULL && ticks != NULL && outputs != NULL && ret_count != NULL);
    desk d = desk_of(window, outputs);
    return run(&d, ticks, outputs, ret_count);
}

/* ---- many symbols ------------------------------------------------------------------------- */

#define SYMBOL_COUNT_MAX (UINT32_C(1) << 24)

tw_status tw_windows_new(const tw_allocator *allocator, const tw_window_config *config,
                         uint32_t symbol_count, tw_windows **ret_windows) {
    TW_ASSERT(config != NULL && ret_windows != NULL);
    tw_status status = window_check_config(config);
    if (status != TW_OK || symbol_count == 0 || symbol_count > SYMBOL_COUNT_MAX)
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_windows *windows = TW_NEW(allocator, 1, tw_windows);
    if (windows == NULL)
        return TW_NO_MEMORY;
    windows->allocator = *allocator;
    window_set_specs(config, windows->specs);
    windows->items = TW_NEW(allocator, symbol_count, tw_window);
    status = windows->items != NULL ? TW_OK : TW_NO_MEMORY;
    while (status == TW_OK && windows->symbol_count < symbol_count)
        status = window_init(&windows->items[windows->symbol_count++], allocator, config,
                             windows->specs);
    if (status != TW_OK) {
        /* The size that was asked for goes back with the block. */
        for (uint32_t i = 0; i < windows->symbol_count; i++)
            window_done(&windows->items[i]);
        TW_DELETE(allocator, windows->items, symbol_count, tw_window);
        TW_DELETE(allocator, windows, 1, tw_windows);
        return status;
    }
    *ret_windows = windows;
    return TW_OK;
}

void tw_windows_free(tw_windows *windows) {
    if (windows == NULL)
        return;
    tw_allocator allocator = windows->allocator;
    for (uint32_t i = 0; i < windows->symbol_count; i++)
        window_done(&windows->items[i]);
    TW_DELETE(&allocator, windows->items, windows->symbol_count, tw_window);
    TW_DELETE(&allocator, windows, 1, tw_windows);
}

tw_window *tw_windows_at(tw_windows *windows, uint32_t symbol) {
    TW_ASSERT(windows != NULL && symbol < windows->symbol_count);
    return &windows->items[symbol];
}

tw_status tw_windows_run(tw_windows *windows, const tw_window_ticks *ticks,
                         const tw_window_output *outputs, size_t *ret_count) {
    TW_ASSERT(windows != NULL && ticks != NULL && outputs != NULL && ret_count != NULL);
    TW_ASSERT(ticks->count == 0 || ticks->symbols != NULL);
    desk d = desk_of(windows->items, outputs);
    d.symbols = ticks->symbols;
    d.symbol_count = windows->symbol_count;
    return run(&d, ticks, outputs, ret_count);
}
