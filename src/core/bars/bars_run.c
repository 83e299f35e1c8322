/*
 * bars_run.c - a whole table of trades into tables of bars.
 *
 * Idea: stretches of rows that are in order of time and plain go through a part (bars_part.c), or
 * are cut, where a bar of the shortest frame begins, into several at once (bars_join.c); what stops
 * a part is taken row by row, as one would with tw_bars_advance and tw_bars_push, which is also
 * what all of it must equal.
 */
#include "bars_run.h"

enum {
    PART_ROW_MIN = 65536, /* fewer are not worth a thread */
    SLOW_ROWS = 1024      /* taken one by one before a part is tried again */
};

/* ---- Life ---------------------------------------------------------------------------------- */

static size_t touched_room(const tw_bars *bars) {
    return (size_t)bars->config.symbol_count_max + 8; /* they are read eight at a time */
}

static bool part_new(tw_bars *bars, run_part *part, bool is_first) {
    const tw_allocator *allocator = &bars->allocator;
    size_t symbols = bars->config.symbol_count_max;
    bool done = true;
    part->bars = bars;
    part->is_first = is_first;
    for (uint32_t i = 0; i < bars->time_count && done; i++) {
        part->slots[i] = (run_slot *)(void *)TW_NEW(allocator, symbols, bar_line);
        part->heads[i] = is_first ? NULL : (run_slot *)(void *)TW_NEW(allocator, symbols, bar_line);
        part->touched[i] = TW_NEW(allocator, touched_room(bars), unsigned char);
        done = part->slots[i] != NULL && part->touched[i] != NULL &&
               (is_first || part->heads[i] != NULL);
    }
    return done;
}

tw_status run_new(tw_bars *bars) {
    if (!bars->is_plain)
        return TW_OK;
    uint32_t count = bars->config.run_part_max;
    bars->parts = TW_NEW(&bars->allocator, count, run_part);
    if (bars->parts == NULL)
        return TW_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        if (!part_new(bars, &bars->parts[i], i == 0))
            return TW_NO_MEMORY;
    return TW_OK;
}

static void delete_lines(const tw_bars *bars, run_slot *slots) {
    TW_DELETE(&bars->allocator, (bar_line *)(void *)slots, bars->config.symbol_count_max, bar_line);
}

void run_free(tw_bars *bars) {
    if (bars->parts == NULL)
        return;
    for (uint32_t k = 0; k < bars->config.run_part_max; k++) {
        run_part *part = &bars->parts[k];
        for (uint32_t i = 0; i < TW_BARS_FRAME_COUNT_MAX; i++) {
            delete_lines(bars, part->slots[i]);
            delete_lines(bars, part->heads[i]);
            TW_DELETE(&bars->allocator, part->touched[i], touched_room(bars), unsigned char);
        }
    }
    TW_DELETE(&bars->allocator, bars->parts, bars->config.run_part_max, run_part);
    bars->parts = NULL;
}

/* ---- Tables -------------------------------------------------------------------------------- */

void tw_bars_table_put(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    tw_bars_table *table = (tw_bars_table *)context + detail->frame;
    size_t at = table->count++;
    TW_ASSERT(at < table->room);
    table->times_ns[at] = bar->time_ns;
    table->symbols[at] = bar->symbol;
    table->opens[at] = bar->open;
    table->highs[at] = bar->high;
    table->lows[at] = bar->low;
    table->closes[at] = bar->close;
    table->vwaps[at] = bar->vwap;
    table->volumes[at] = bar->volume;
    table->counts[at] = bar->count;
}

static bool tables_have_room(const tw_bars *bars, const tw_bars_table *tables) {
    for (uint32_t i = 0; i < bars->frame_count; i++) {
        TW_ASSERT(tables[i].count <= tables[i].room);
        if (tables[i].room - tables[i].count < bars->config.symbol_count_max)
            return false;
    }
    return true;
}

/* ---- Calls --------------------------------------------------------------------------------- */

/* What one call is about. */
typedef struct run_call {
    tw_bars *bars;
    const tw_bars_ticks *ticks;
    tw_bars_table *tables; /* that take the next rows */
    const tw_task_runner *runner;
    size_t row;
    bool is_advanced; /* time has been, to the row */
    bool may_split;   /* once a call: later rows belong behind what the last part gave */
} run_call;

static tw_trade trade_of(const tw_bars_ticks *ticks, size_t row) {
    return (tw_trade){.time_ns = ticks->times_ns[row],
                      .price = ticks->prices[row],
                      .quantity = ticks->quantities[row],
                      .symbol = ticks->symbols[row]};
}

/* ---- Row by row ---------------------------------------------------------------------------- */

/* Whether time has been advanced to the row at hand; first it is. */
static tw_status advance_to_row(run_call *call, const tw_trade *trade) {
    if (call->is_advanced)
        return TW_OK;
    tw_status status = bars_check_trade(call->bars, trade);
    if (status != TW_OK)
        return status;
    if (!tables_have_room(call->bars, call->tables))
        return TW_FULL;
    (void)tw_bars_advance(call->bars, trade->time_ns, tw_bars_table_put, call->tables);
    call->is_advanced = true;
    return TW_OK;
}

/* A push after an advance to its time completes no bar: it needs no room. */
static tw_status take_row(run_call *call) {
    tw_trade trade = trade_of(call->ticks, call->row);
    tw_status status = advance_to_row(call, &trade);
    if (status == TW_OK)
        status = tw_bars_push(call->bars, &trade, tw_bars_table_put, call->tables);
    if (status != TW_OK && status != TW_STATE)
        return status;
    call->row++;
    call->is_advanced = false;
    return TW_OK;
}

/* ---- Parts --------------------------------------------------------------------------------- */

static void part_task(void *argument, size_t index) {
    part_take((run_part *)argument + index);
}

/* The first row at or after `from` that begins a bar of the shortest frame; `until` for none. */
static size_t find_cut(const run_call *call, size_t from, size_t until) {
    const int64_t *times_ns = call->ticks->times_ns;
    int64_t before_ns = times_ns[from - 1];
    int64_t start_ns;
    int64_t end_ns;
    if (before_ns < 0 || before_ns > INT64_MAX - 2 * TIMEFRAME_NS_MAX)
        return until;
    time_window(call->bars, 0, before_ns, &start_ns, &end_ns);
    size_t low = from;
    size_t high = until;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (times_ns[middle] < end_ns)
            low = middle + 1;
        else
            high = middle;
    }
    /* Rows out of order could make it any row. */
    bool holds = low < until && times_ns[low] >= end_ns && times_ns[low - 1] < end_ns &&
                 times_ns[low] <= INT64_MAX - 2 * TIMEFRAME_NS_MAX;
    return holds ? low : until;
}

/* Cuts rows [call->row, until) into parts. Returns how many. */
static size_t cut_parts(const run_call *call, size_t until) {
    tw_bars *bars = call->bars;
    run_part *parts = bars->parts;
    size_t rows = until - call->row;
    uint32_t row_min = bars->config.run_row_min;
    size_t most = rows / (row_min > 0 ? row_min : PART_ROW_MIN);
    if (!call->may_split || bars->config.skip_partial || most < 1)
        most = 1;
    if (most > bars->config.run_part_max)
        most = bars->config.run_part_max;
    size_t count = 1;
    parts[0].begin = call->row;
    for (size_t k = 1; k < most; k++) {
        size_t cut = find_cut(call, call->row + rows / most * k, until);
        if (cut == until)
            break;
        if (cut > parts[count - 1].begin) {
            parts[count - 1].end = cut;
            parts[count++].begin = cut;
        }
    }
    parts[count - 1].end = until;
    return count;
}

static void begin_parts(const run_call *call, size_t count) {
    tw_bars *bars = call->bars;
    for (size_t k = 0; k < count; k++) {
        run_part *part = &bars->parts[k];
        join_begin(part, call->ticks, call->tables + k * bars->frame_count);
        part->base = call->row;
        part->is_last = k == count - 1;
        if (k > 0)
            join_begin_other(part, call->ticks->times_ns[part->begin]);
    }
}

/* After the tasks: states are brought to the end of the last part that can be joined. */
static void end_parts(run_call *call, size_t count) {
    run_part *parts = call->bars->parts;
    uint64_t held = parts[0].held;
    bool holds = true;
    join_finish(&parts[0]);
    call->row = parts[0].taken;
    for (size_t k = 1; k < count; k++) {
        run_part *part = &parts[k];
        holds = holds && parts[k - 1].taken == parts[k - 1].end && part->taken > part->begin &&
                held + part->held <= INT64_MAX;
        if (!holds) {
            join_drop(part);
            continue;
        }
        held += part->held;
        join_after(part, call->tables);
        call->tables = part->tables;
        call->row = part->taken;
    }
}

/* Takes as many rows as parts can, which may be none. */
static tw_status take_parts(run_call *call) {
    enum { ROWS_MAX = 1 << 30 };
    tw_bars *bars = call->bars;
    size_t rest = call->ticks->count - call->row;
    tw_trade first = trade_of(call->ticks, call->row);
    tw_status status = advance_to_row(call, &first);
    if (status != TW_OK || !join_begin_first(&bars->parts[0], first.time_ns))
        return status;
    size_t before = call->row;
    size_t count = cut_parts(call, before + (rest < ROWS_MAX ? rest : ROWS_MAX));
    begin_parts(call, count);
    tw_task_run(call->runner, count, part_task, bars->parts);
    end_parts(call, count);
    call->is_advanced = call->row == before;
    call->may_split = false;
    return TW_OK;
}

tw_status tw_bars_run(tw_bars *bars, const tw_bars_ticks *ticks, tw_bars_table *tables,
                      const tw_task_runner *runner, size_t *ret_taken) {
    TW_ASSERT(bars != NULL && ticks != NULL && tables != NULL && ret_taken != NULL);
    run_call call = {bars, ticks, tables, runner, 0, false, true};
    *ret_taken = 0;
    if (bars->time_count < bars->frame_count || bars->history != NULL ||
        bars->config.empty_count_max > 0)
        return TW_UNSUPPORTED;
    size_t slow_until = bars->parts != NULL ? 0 : ticks->count;
    tw_status status = TW_OK;
    while (status == TW_OK && call.row < ticks->count) {
        size_t before = call.row;
        if (before < slow_until) {
            status = take_row(&call);
            continue;
        }
        status = take_parts(&call);
        if (call.row == before) /* what stopped the part is near */
            slow_until = before + SLOW_ROWS;
    }
    *ret_taken = call.row;
    return status;
}
