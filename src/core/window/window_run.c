/*
 * window_run.c - many trades at once: the same integers as one by one, the divisions in rows.
 *
 * Trades are taken in blocks. Those of a block are accepted one after the other and chained by
 * symbol; then a kernel takes them chain by chain (window_chains.c), so that what a symbol needs is
 * fetched once for some trades and not for each. What the windows answer stays together by row
 * until the block is through, and is then written column by column.
 */
#include "levels.h"
#include "window_block.h"

#include <math.h>
#include <string.h>

/* ---- what few trades need ------------------------------------------------------------------ */

void window_put_rest(const view *v, const tw_window_output *output, size_t row) {
    double *z_score = output->columns[TW_WINDOW_Z_SCORE];
    double *volatility = output->columns[TW_WINDOW_VOLATILITY];
    const pane_spec *spec = v->spec;
    if (z_score != NULL) {
        tw_window_stats stats;
        window_exact(v, &stats);
        stats.stddev = sqrt(stats.variance);
        z_score[row] = window_z_score(v, &stats);
    }
    if (volatility != NULL)
        volatility[row] = window_volatility(v);
    for (uint32_t i = 0; i < TW_WINDOW_QUANTILE_MAX; i++) {
        double *quantile = output->columns[TW_WINDOW_QUANTILE + i];
        if (quantile != NULL)
            quantile[row] = i < spec->quantile_count ? window_quantile(v, spec->quantiles[i]) : NAN;
    }
}

static bool wants_rest(const tw_window_output *output) {
    bool wants =
        output->columns[TW_WINDOW_Z_SCORE] != NULL || output->columns[TW_WINDOW_VOLATILITY] != NULL;
    for (uint32_t i = 0; i < TW_WINDOW_QUANTILE_MAX; i++)
        wants = wants || output->columns[TW_WINDOW_QUANTILE + i] != NULL;
    return wants;
}

static void put(double *column, size_t row, double value) {
    if (column != NULL)
        column[row] = value;
}

static void put_stats(const tw_window_output *output, size_t row, const tw_window_stats *stats) {
    double *const *columns = output->columns;
    put(columns[TW_WINDOW_N], row, (double)stats->n);
    put(columns[TW_WINDOW_SUM], row, stats->sum);
    put(columns[TW_WINDOW_MEAN], row, stats->mean);
    put(columns[TW_WINDOW_VARIANCE], row, stats->variance);
    put(columns[TW_WINDOW_STDDEV], row, sqrt(stats->variance));
    put(columns[TW_WINDOW_MIN], row, stats->min);
    put(columns[TW_WINDOW_MAX], row, stats->max);
    put(columns[TW_WINDOW_RANGE], row, stats->range);
    put(columns[TW_WINDOW_VOLUME], row, stats->volume);
    put(columns[TW_WINDOW_VWAP], row, stats->vwap);
}

void window_put_wide(const view *v, const tw_window_output *output, size_t row) {
    tw_window_stats stats;
    window_exact(v, &stats);
    put_stats(output, row, &stats);
}

void window_put_slow(const desk *d, const block *b, uint32_t j, size_t row) {
    const answer *a = &b->answers[j * b->capacity + row];
    const rates of = {&unit_table[b->price_shifts[row]], &unit_table[b->quantity_shifts[row]],
                      d->specs[j].ddof};
    tw_window_stats stats;
    window_exact_narrow(&a->sums, a->n, (extremes){a->extremes[0], a->extremes[1]}, &of, &stats);
    put_stats(&d->outputs[j], b->begin + row, &stats);
}

/* ---- blocks ------------------------------------------------------------------------------- */

#define STREAMED_COUNT ((size_t)512 * 1024) /* 4 MiB of doubles */
#define AHEAD 128 /* trades ahead whose columns are fetched: the first to be read in a block */

static inline void warm(const tw_window_ticks *ticks, size_t i) {
    if (i + AHEAD >= ticks->count)
        return;
    __builtin_prefetch(&ticks->times_ns[i + AHEAD]);
    __builtin_prefetch(&ticks->quantities[i + AHEAD]);
    __builtin_prefetch(&ticks->prices[i + AHEAD]);
}

/* Puts a row at the end of the chain of its symbol. */
static inline void chain(block *b, tw_window *window, uint32_t symbol, uint16_t row) {
    b->next[row] = CHAIN_NONE;
    if (window->chain_first == CHAIN_NONE) {
        window->chain_first = row;
        b->chains[b->chain_count++] = symbol;
    } else {
        b->next[window->chain_last] = row;
    }
    window->chain_last = row;
}

/* Trades from b->begin on, until one is refused or there are so many. One that is accepted leaves
 * its time in its ring, so that the next can be refused. */
static tw_status accept(const desk *d, block *b, size_t until) {
    const tw_window_ticks *ticks = d->ticks;
    const uint32_t *symbols = d->symbols;
    const int64_t *times_ns = ticks->times_ns + b->begin;
    const tw_quantity *quantities = ticks->quantities + b->begin;
    size_t room = ticks->count - b->begin;
    size_t most = room < until ? room : until;
    tw_status status = TW_OK;
    size_t row = 0;
    b->chain_count = 0;
    for (; row < most; row++) {
        uint32_t symbol = symbols != NULL ? symbols[b->begin + row] : 0;
        warm(ticks, b->begin + row);
        if (symbol >= d->symbol_count) {
            status = TW_RANGE;
            break;
        }
        tw_window *window = &d->items[symbol];
        int64_t time_ns = times_ns[row];
        if (quantities[row].nano < 0 || time_ns < window->now_ns) {
            status = TW_INVALID;
            break;
        }
        b->elapsed[row] = (uint64_t)time_ns - (uint64_t)window->last_ns;
        window->now_ns = window->last_ns = time_ns;
        chain(b, window, symbol, (uint16_t)row);
    }
    b->count = row;
    return status;
}

/* Rows before all columns begin a line together; LINE_ROWS when they never do, or are so short that
 * they are better kept in the cache. */
static size_t rows_to_line(const desk *d) {
    size_t lead = LINE_ROWS;
    size_t count = 0;
    for (uint32_t j = 0; j < d->pane_count; j++)
        for (int c = 0; c < TW_WINDOW_COLUMN_COUNT; c++) {
            const double *column = d->outputs[j].columns[c];
            if (column == NULL)
                continue;
            size_t rows = -((uintptr_t)column / sizeof *column) % LINE_ROWS;
            if (count++ > 0 && rows != lead)
                return LINE_ROWS;
            lead = rows;
        }
    return count * d->ticks->count >= STREAMED_COUNT ? lead : LINE_ROWS;
}

static tw_status run(const desk *d, block *b, size_t *ret_count) {
    window_block_kernel *kernel = LEVEL_PICK(d->items->cpu_level, window_block);
    tw_status status = TW_OK;
    size_t lead = rows_to_line(d);
    size_t until = b->capacity - LINE_ROWS + lead; /* the others are whole lines after it */
    for (b->begin = 0; status == TW_OK && b->begin < d->ticks->count; b->begin += b->count) {
        b->streamed = b->begin % LINE_ROWS == lead;
        status = accept(d, b, until);
        kernel(d, b);
        until = b->capacity;
    }
    *ret_count = b->begin;
    return status;
}

static desk desk_of(tw_window *items, uint32_t symbol_count, const tw_window_ticks *ticks,
                    const tw_window_output *outputs) {
    desk d = {.items = items,
              .symbol_count = symbol_count,
              .pane_count = items->pane_count,
              .specs = items->specs,
              .ticks = ticks,
              .outputs = outputs};
    for (uint32_t j = 0; j < d.pane_count; j++)
        d.rest[j] = wants_rest(&outputs[j]);
    return d;
}

tw_status tw_window_run(tw_window *window, const tw_window_ticks *ticks,
                        const tw_window_output *outputs, size_t *ret_count) {
    TW_ASSERT(window != NULL && ticks != NULL && outputs != NULL && ret_count != NULL);
    double price[BLOCK_ONE];
    uint64_t elapsed[BLOCK_ONE];
    double weights[TW_WINDOW_SPEC_MAX * BLOCK_ONE];
    plain_trade plain[BLOCK_ONE];
    uint16_t next[BLOCK_ONE];
    uint32_t chains[1];
    uint8_t shifts[3][BLOCK_ONE] = {{0}};
    answer answers[TW_WINDOW_SPEC_MAX * BLOCK_ONE];
    block b = {.price = price,
               .elapsed = elapsed,
               .weights = weights,
               .plain = plain,
               .next = next,
               .chains = chains,
               .price_shifts = shifts[0],
               .quantity_shifts = shifts[1],
               .wide = shifts[2],
               .answers = answers,
               .capacity = BLOCK_ONE};
    desk d = desk_of(window, 1, ticks, outputs);
    return run(&d, &b, ret_count);
}

/* ---- many symbols ------------------------------------------------------------------------- */

#define SYMBOL_COUNT_MAX (UINT32_C(1) << 24)

struct tw_windows {
    tw_allocator allocator;
    uint32_t symbol_count;
    uint32_t pane_count;
    tw_window *items;
    block block;
    pane_spec specs[TW_WINDOW_SPEC_MAX];
};

static bool block_init(block *b, const tw_allocator *allocator, uint32_t pane_count) {
    b->capacity = BLOCK_MANY;
    b->price = TW_NEW(allocator, BLOCK_MANY, double);
    b->elapsed = TW_NEW(allocator, BLOCK_MANY, uint64_t);
    b->weights = TW_NEW(allocator, (size_t)pane_count * BLOCK_MANY, double);
    b->plain = TW_NEW(allocator, BLOCK_MANY, plain_trade);
    b->next = TW_NEW(allocator, BLOCK_MANY, uint16_t);
    b->chains = TW_NEW(allocator, BLOCK_MANY, uint32_t);
    b->price_shifts = TW_NEW(allocator, BLOCK_MANY, uint8_t);
    b->quantity_shifts = TW_NEW(allocator, BLOCK_MANY, uint8_t);
    b->wide = TW_NEW(allocator, BLOCK_MANY, uint8_t);
    b->answers = TW_NEW(allocator, (size_t)pane_count * BLOCK_MANY, answer);
    return b->price != NULL && b->elapsed != NULL && b->weights != NULL && b->next != NULL &&
           b->plain != NULL && b->chains != NULL && b->price_shifts != NULL &&
           b->quantity_shifts != NULL && b->wide != NULL && b->answers != NULL;
}

static void block_done(block *b, const tw_allocator *allocator, uint32_t pane_count) {
    TW_DELETE(allocator, b->price, BLOCK_MANY, double);
    TW_DELETE(allocator, b->elapsed, BLOCK_MANY, uint64_t);
    TW_DELETE(allocator, b->weights, (size_t)pane_count * BLOCK_MANY, double);
    TW_DELETE(allocator, b->plain, BLOCK_MANY, plain_trade);
    TW_DELETE(allocator, b->next, BLOCK_MANY, uint16_t);
    TW_DELETE(allocator, b->chains, BLOCK_MANY, uint32_t);
    TW_DELETE(allocator, b->price_shifts, BLOCK_MANY, uint8_t);
    TW_DELETE(allocator, b->quantity_shifts, BLOCK_MANY, uint8_t);
    TW_DELETE(allocator, b->wide, BLOCK_MANY, uint8_t);
    TW_DELETE(allocator, b->answers, (size_t)pane_count * BLOCK_MANY, answer);
}

static tw_status windows_init(tw_windows *windows, const tw_window_config *config,
                              uint32_t symbol_count) {
    windows->pane_count = config->window_count;
    window_set_specs(config, windows->specs);
    if (!block_init(&windows->block, &windows->allocator, windows->pane_count))
        return TW_NO_MEMORY;
    windows->items = TW_NEW(&windows->allocator, symbol_count, tw_window);
    if (windows->items == NULL)
        return TW_NO_MEMORY;
    windows->symbol_count = symbol_count;
    tw_status status = TW_OK;
    for (uint32_t i = 0; status == TW_OK && i < symbol_count; i++)
        status = window_init(&windows->items[i], &windows->allocator, config, windows->specs);
    return status;
}

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
    status = windows_init(windows, config, symbol_count);
    if (status == TW_OK)
        *ret_windows = windows;
    else
        tw_windows_free(windows);
    return status;
}

void tw_windows_free(tw_windows *windows) {
    if (windows == NULL)
        return;
    tw_allocator allocator = windows->allocator;
    for (uint32_t i = 0; i < windows->symbol_count; i++)
        window_done(&windows->items[i]);
    TW_DELETE(&allocator, windows->items, windows->symbol_count, tw_window);
    block_done(&windows->block, &allocator, windows->pane_count);
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
    desk d = desk_of(windows->items, windows->symbol_count, ticks, outputs);
    d.symbols = ticks->symbols;
    return run(&d, &windows->block, ret_count);
}
