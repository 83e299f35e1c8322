/*
 * bars_part.c - a stretch of rows of a table, in order of time, into bars: the quick way.
 *
 * Idea: where rows come in order of time, the window of a frame is the same for all symbols, so a
 * trade is not asked whether it ends a bar: the row whose time passes the window's end closes the
 * bars of all symbols at once. What is left of a trade is one line of memory and no branch that
 * could be guessed wrongly. Open and close are not kept, only where they stand in the table.
 *
 * A part takes what cannot go wrong: blocks of rows in order, of known symbols, positive, and
 * together too few for any volume to overflow. It stops before any other; bars_run.c goes on.
 */
#include <string.h>

#include "bars_run.h"

/* ---- Slots --------------------------------------------------------------------------------- */

static inline void empty_slot(run_slot *slot) {
    slot->value = 0;
    slot->high = INT64_MIN;
    slot->low = INT64_MAX;
    slot->volume = 0;
    slot->count = 0;
    slot->first = UINT32_MAX;
    slot->last = 0;
}

void part_clear_slot(const run_part *part, run_slot *slot) {
    empty_slot(slot);
    slot->end_ns = part->is_first ? RUN_CARRIED : RUN_NONE;
}

void part_make_ready(run_part *part, tw_symbol symbol) {
    for (; part->ready_count <= symbol; part->ready_count++) {
        for (uint32_t i = 0; i < part->bars->time_count; i++) {
            part_clear_slot(part, &part->slots[i][part->ready_count]);
            if (part->heads[i] != NULL)
                part_clear_slot(part, &part->heads[i][part->ready_count]);
        }
    }
}

bar_slot part_slot(const run_part *part, uint32_t frame, const run_slot *from) {
    const tw_bars_ticks *ticks = part->ticks;
    bar_slot slot = {.start_ns = part->starts_ns[frame], .end_ns = part->ends_ns[frame]};
    slot_clear(&slot, NULL);
    if (from->count == 0)
        return slot;
    slot.value = from->value;
    slot.high = from->high;
    slot.low = from->low;
    slot.volume = from->volume;
    slot.count = from->count;
    slot.open = ticks->prices[part->base + from->first].nano;
    slot.open_ns = ticks->times_ns[part->base + from->first];
    slot.close = ticks->prices[part->base + from->last].nano;
    slot.close_ns = ticks->times_ns[part->base + from->last];
    return slot;
}

/* ---- Closing ------------------------------------------------------------------------------- */

/* Adds the slots of a frame to those of a longer one. */
static void roll_up(const run_slot *slots, run_slot *longer, const tw_symbol *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const run_slot *from = &slots[list[i]];
        run_slot *into = &longer[list[i]];
        into->value += from->value;
        into->high = from->high > into->high ? from->high : into->high;
        into->low = from->low < into->low ? from->low : into->low;
        into->volume += from->volume;
        into->count += from->count;
        into->first = from->first < into->first ? from->first : into->first;
        into->last = from->last;
    }
}

static void roll_up_all(run_part *part, uint32_t frame, const tw_symbol *list, size_t count) {
    for (uint32_t fed = part->bars->plans[frame].fed; fed != 0; fed &= fed - 1) {
        uint32_t longer = (uint32_t)__builtin_ctz(fed);
        unsigned char *touched = part->touched[longer];
        roll_up(part->slots[frame], part->slots[longer], list, count);
        for (size_t i = 0; i < count; i++)
            touched[list[i]] = 1;
    }
}

static void empty_all(run_slot *slots, int64_t end_ns, const tw_symbol *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        empty_slot(&slots[list[i]]);
        slots[list[i]].end_ns = end_ns;
    }
}

/* Asks for the next `count` rows, which the next window will about need: between windows nothing
 * else is written to memory. */
static void prefetch_rows(const tw_bars_table *table, size_t count) {
    enum { LINE = 64 / sizeof(int64_t) };
    if (table->room - table->count < count)
        return;
    for (size_t i = table->count; i < table->count + count; i += LINE) {
        __builtin_prefetch(&table->times_ns[i], 1, 3);
        __builtin_prefetch(&table->opens[i], 1, 3);
        __builtin_prefetch(&table->highs[i], 1, 3);
        __builtin_prefetch(&table->lows[i], 1, 3);
        __builtin_prefetch(&table->closes[i], 1, 3);
        __builtin_prefetch(&table->vwaps[i], 1, 3);
        __builtin_prefetch(&table->volumes[i], 1, 3);
        __builtin_prefetch(&table->counts[i], 1, 3);
    }
}

/* Column by column, or nearly: a table has more of them than a processor has registers. */
static void append(const run_part *part, uint32_t frame, const tw_symbol *list, size_t count) {
    tw_bars_table *table = &part->tables[part->bars->plans[frame].index];
    const tw_price *prices = part->ticks->prices + part->base;
    const run_slot *slots = part->slots[frame];
    const int64_t time_ns =
        part->bars->config.stamp_close ? part->ends_ns[frame] : part->starts_ns[frame];
    int64_t *times_ns = table->times_ns + table->count;
    tw_price *opens = table->opens + table->count;
    tw_price *highs = table->highs + table->count;
    tw_price *lows = table->lows + table->count;
    tw_price *closes = table->closes + table->count;
    for (size_t i = 0; i < count; i++)
        times_ns[i] = time_ns;
    memcpy(table->symbols + table->count, list, count * sizeof list[0]);
    for (size_t i = 0; i < count; i++) {
        const run_slot *slot = &slots[list[i]];
        opens[i] = prices[slot->first];
        highs[i].nano = slot->high;
        lows[i].nano = slot->low;
        closes[i] = prices[slot->last];
    }
    tw_price *vwaps = table->vwaps + table->count;
    tw_quantity *volumes = table->volumes + table->count;
    uint64_t *counts = table->counts + table->count;
    for (size_t i = 0; i < count; i++) {
        const run_slot *slot = &slots[list[i]];
        vwaps[i].nano = mean_price_of(slot->value, slot->volume);
        volumes[i].nano = slot->volume;
        counts[i] = slot->count;
    }
    table->count += count;
    prefetch_rows(table, count);
}

static bool has_first(const run_slot *slots, const tw_symbol *list, size_t count) {
    bool has = false;
    for (size_t i = 0; i < count; i++)
        has = has || slots[list[i]].end_ns <= RUN_NONE;
    return has;
}

/* Bars of windows of which all trades are in this part, or (the first part) in states as well. */
static void close_whole(run_part *part, uint32_t frame, const tw_symbol *list, size_t count) {
    const run_slot *slots = part->slots[frame];
    /* One by one while there are symbols that close their first bar, all at once ever after. */
    size_t step = has_first(slots, list, count) ? 1 : count;
    for (size_t i = 0; i < count; i += step) {
        const run_slot *slot = &slots[list[i]];
        if (slot->end_ns == RUN_NONE && frame == 0)
            part->heads[0][list[i]] = *slot;
        if (slot->end_ns == RUN_CARRIED) { /* invariant 3 */
            join_close_carried(part, frame, list[i]);
            continue;
        }
        append(part, frame, list + i, step);
        roll_up_all(part, frame, list + i, step);
        part->made[frame] += step;
    }
}

static void close_heads(run_part *part, uint32_t frame, const tw_symbol *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        part->heads[frame][list[i]] = part->slots[frame][list[i]];
    roll_up_all(part, frame, list, count);
    part->head_starts_ns[frame] = part->starts_ns[frame];
    part->head_ends_ns[frame] = part->ends_ns[frame];
}

/* The marked symbols from `from` on, eight at a time, ascending; their marks go. */
static size_t take_touched(unsigned char *touched, tw_symbol from, tw_symbol until,
                           tw_symbol *list) {
    size_t count = 0;
    for (tw_symbol eight = from; eight < until; eight += 8) {
        uint64_t marks;
        memcpy(&marks, touched + eight, sizeof marks);
        for (tw_symbol i = 0; marks != 0 && i < 8; i++) {
            list[count] = eight + i;
            count += touched[eight + i];
        }
        memset(touched + eight, 0, sizeof marks);
    }
    return count;
}

static void close_frame(run_part *part, uint32_t frame) {
    tw_symbol list[RUN_LIST + 8];
    for (tw_symbol from = 0; from < part->ready_count; from += RUN_LIST) {
        tw_symbol rest = part->ready_count - from;
        tw_symbol until = from + (rest < RUN_LIST ? rest : RUN_LIST);
        size_t count = take_touched(part->touched[frame], from, until, list);
        if (part->starts_ns[frame] >= part->seam_ns)
            close_whole(part, frame, list, count);
        else
            close_heads(part, frame, list, count); /* invariant 4 */
        empty_all(part->slots[frame], part->ends_ns[frame], list, count);
    }
}

/* Room for a bar of each symbol, and once more for the heads of the part that follows. */
static bool has_room(const run_part *part) {
    size_t needed = (size_t)part->bars->config.symbol_count_max * (part->is_last ? 1 : 2);
    for (uint32_t i = 0; i < part->bars->time_count; i++) {
        const tw_bars_table *table = &part->tables[i];
        if (table->room - table->count < needed)
            return false;
    }
    return true;
}

/* Closes what ends at or before `time_ns`, from the shortest frame, and opens the windows that hold
 * it. */
static void turn_windows(run_part *part, int64_t time_ns) {
    const tw_bars *bars = part->bars;
    for (uint32_t i = 0; i < bars->time_count; i++)
        if (time_ns >= part->ends_ns[i] && part->ends_ns[i] != INT64_MIN)
            close_frame(part, i);
    for (uint32_t i = 0; i < bars->time_count; i++)
        if (time_ns >= part->ends_ns[i])
            time_window(bars, i, time_ns, &part->starts_ns[i], &part->ends_ns[i]);
}

/* ---- Rows ---------------------------------------------------------------------------------- */

/* Whether the symbols of rows [from, until) are in the set; sets new ones up. */
static bool block_is_known(run_part *part, size_t from, size_t until) {
    const uint32_t *symbols = part->ticks->symbols;
    uint32_t last = part->ready_count - 1; /* of none: all are new */
    uint32_t bad = part->ready_count == 0 ? UINT32_MAX : 0;
    for (size_t i = from; i < until; i++)
        bad |= (last - symbols[i]) | symbols[i];
    if (bad >> 31 == 0)
        return true;
    uint32_t most = 0;
    for (size_t i = from; i < until; i++)
        most = symbols[i] > most ? symbols[i] : most;
    if (most >= part->bars->config.symbol_count_max)
        return false;
    part_make_ready(part, most);
    if (part->is_first)
        bars_make_ready(part->bars, most);
    return true;
}

/* Whether rows [from, until) are in order, positive, and too few to overflow anything: by their
 * sign bits, which vectors do without branches. Times are at or after 1970, so that no difference
 * of two of them overflows. */
static bool block_is_plain(run_part *part, size_t from, size_t until) {
    const tw_bars_ticks *ticks = part->ticks;
    const int64_t *times_ns = ticks->times_ns;
    if (times_ns[from] < 0 || times_ns[from] < part->newest_ns)
        return false;
    uint64_t bad = 0;
    uint64_t bits = 0;
    uint64_t volume = 0;
    for (size_t i = from + 1; i < until; i++) {
        uint64_t time_ns = (uint64_t)times_ns[i];
        bad |= time_ns | (time_ns - (uint64_t)times_ns[i - 1]);
    }
    for (size_t i = from; i < until; i++) {
        uint64_t price = (uint64_t)ticks->prices[i].nano;
        uint64_t quantity = (uint64_t)ticks->quantities[i].nano;
        bad |= price | (price - 1) | quantity | (quantity - 1);
        bits |= quantity;
        volume += quantity;
    }
    if (bad >> 63 != 0 || times_ns[until - 1] > INT64_MAX - 2 * TIMEFRAME_NS_MAX ||
        bits > INT64_MAX / RUN_BLOCK || volume > (uint64_t)INT64_MAX - part->held)
        return false;
    part->held += volume;
    part->newest_ns = times_ns[until - 1];
    return true;
}

/* Adds rows from `row` on to the slots of the shortest frame, up to the end of its window. */
static size_t take_window(run_part *part, size_t row, size_t until) {
    const tw_bars_ticks ticks = *part->ticks;
    const int64_t end_ns = part->ends_ns[0];
    run_slot *slots = part->slots[0];
    unsigned char *touched = part->touched[0];
    uint32_t number = (uint32_t)(row - part->base);
    for (; row < until && ticks.times_ns[row] < end_ns; row++, number++) {
        tw_symbol symbol = ticks.symbols[row];
        int64_t price = ticks.prices[row].nano;
        int64_t quantity = ticks.quantities[row].nano;
        run_slot *slot = &slots[symbol];
        touched[symbol] = 1;
        slot->value += (bar_wide)(uint64_t)price * (uint64_t)quantity;
        slot->high = price > slot->high ? price : slot->high;
        slot->low = price < slot->low ? price : slot->low;
        slot->volume += quantity;
        slot->count++;
        slot->first = number < slot->first ? number : slot->first;
        slot->last = number;
    }
    return row;
}

/* Asks for the rows of a later block: nothing is known of a table before it is read, but which rows
 * come next. Without it the checks wait for memory and the sums do not use it. */
static void prefetch_block(const tw_bars_ticks *ticks, size_t row) {
    enum { LINE = 64 };
    for (size_t i = 0; i < RUN_BLOCK; i += LINE / sizeof(int64_t)) {
        __builtin_prefetch(&ticks->times_ns[row + i], 0, 2);
        __builtin_prefetch(&ticks->prices[row + i], 0, 2);
        __builtin_prefetch(&ticks->quantities[row + i], 0, 2);
    }
    for (size_t i = 0; i < RUN_BLOCK; i += LINE / sizeof(tw_symbol))
        __builtin_prefetch(&ticks->symbols[row + i], 0, 2);
}

void part_take(run_part *part) {
    const int64_t *times_ns = part->ticks->times_ns;
    size_t row = part->begin;
    part->taken = row;
    while (row < part->end) {
        size_t until = part->end - row < RUN_BLOCK ? part->end : row + RUN_BLOCK;
        if (!block_is_known(part, row, until) || !block_is_plain(part, row, until))
            return;
        if (part->end - row > RUN_BLOCK + RUN_AHEAD)
            prefetch_block(part->ticks, row + RUN_AHEAD);
        while (row < until) {
            if (times_ns[row] >= part->ends_ns[0]) {
                if (!has_room(part))
                    return;
                turn_windows(part, times_ns[row]);
            }
            row = take_window(part, row, until);
            part->taken = row;
        }
    }
}
