/*
 * bars.c - every timeframe of every symbol from one pass over the trades.
 *
 * One slot a pair (symbol, timeframe), the slots of a symbol side by side, so that a trade touches
 * one short run of memory. A slot knows the end of its bar: the usual trade costs one comparison
 * a timeframe and no division.
 *
 *              push: trade at or after the floor
 *     EMPTY ------------------------------------> OPEN --+
 *       ^                                          |  ^  | push: trade before the end (added)
 *       |    advance past the end, flush           |  +--+
 *       +------------------------------------------+  ^
 *                                                  |  | push: trade at or after the end
 *                                                  +--+ (handed out, the next bar opened)
 *
 * Invariants:
 * 1. A slot is OPEN iff its count is not 0; then floor_ns is the start of its bar.
 * 2. In an EMPTY slot floor_ns is the end of the last bar handed out, or INT64_MIN.
 * 3. A trade before floor_ns is late: so no bar is handed out twice or out of order.
 * 4. value <= high x volume < 2^126, because volume fits int64_t: the 128-bit sum cannot overflow.
 * 5. next_end_ns is not after the end of any OPEN slot.
 */
#include "tradewind/bars.h"

#include <string.h>

#include "tradewind/time.h"

__extension__ typedef unsigned __int128 wide;

#define TIMEFRAME_NS_MAX (400 * TW_NS_PER_DAY)
#define WEEK_NS (7 * TW_NS_PER_DAY)
/* The epoch was a Thursday; the Monday after it is day 4. */
#define FIRST_MONDAY_NS (4 * TW_NS_PER_DAY)

typedef struct slot {
    int64_t floor_ns; /* invariants 1 to 3 */
    int64_t open;
    int64_t high;
    int64_t low;
    int64_t close;
    int64_t volume;
    uint64_t count;
    wide value; /* sum of price x quantity at 1e-18 */
} slot;

struct tw_bars {
    tw_allocator allocator;
    tw_bars_config config;
    slot *slots; /* [symbol_count_max][timeframe_count] */
    int64_t next_end_ns;
    tw_bars_counts counts;
};

static size_t slot_count(const tw_bars *bars) {
    return (size_t)bars->config.symbol_count_max * bars->config.timeframe_count;
}

static tw_status config_check(const tw_bars_config *config) {
    if (config->timeframe_count == 0 || config->timeframe_count > TW_BARS_TIMEFRAME_COUNT_MAX ||
        config->symbol_count_max == 0 || config->symbol_count_max > TW_BARS_SYMBOL_COUNT_MAX)
        return TW_RANGE;
    for (uint32_t i = 0; i < config->timeframe_count; i++) {
        if (config->timeframes_ns[i] < 1 || config->timeframes_ns[i] > TIMEFRAME_NS_MAX)
            return TW_RANGE;
        for (uint32_t j = 0; j < i; j++)
            if (config->timeframes_ns[j] == config->timeframes_ns[i])
                return TW_EXISTS;
    }
    return TW_OK;
}

tw_status tw_bars_new(const tw_allocator *allocator, const tw_bars_config *config,
                      tw_bars **ret_bars) {
    TW_ASSERT(config != NULL && ret_bars != NULL);
    tw_status status = config_check(config);
    if (status != TW_OK)
        return status;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_bars *bars = TW_NEW(allocator, 1, tw_bars);
    if (bars == NULL)
        return TW_NO_MEMORY;
    bars->allocator = *allocator;
    bars->config = *config;
    bars->slots = TW_NEW(allocator, slot_count(bars), slot);
    if (bars->slots == NULL) {
        tw_bars_free(bars);
        return TW_NO_MEMORY;
    }
    for (size_t i = 0; i < slot_count(bars); i++)
        bars->slots[i].floor_ns = INT64_MIN;
    bars->next_end_ns = INT64_MAX;
    *ret_bars = bars;
    return TW_OK;
}

void tw_bars_free(tw_bars *bars) {
    if (bars == NULL)
        return;
    tw_allocator allocator = bars->allocator;
    TW_DELETE(&allocator, bars->slots, slot_count(bars), slot);
    TW_DELETE(&allocator, bars, 1, tw_bars);
}

int64_t tw_bars_start(int64_t time_ns, int64_t timeframe_ns) {
    TW_ASSERT(timeframe_ns > 0 && time_ns >= INT64_MIN + 2 * TIMEFRAME_NS_MAX);
    int64_t origin_ns = timeframe_ns == WEEK_NS ? FIRST_MONDAY_NS : 0;
    int64_t into = (time_ns - origin_ns) % timeframe_ns;
    return time_ns - (into < 0 ? into + timeframe_ns : into);
}

/* To nearest, ties to even: price x quantity at 1e-18 over quantity at 1e-9. */
static int64_t vwap_of(const slot *s) {
    TW_ASSERT(s->volume > 0);
    wide volume = (wide)s->volume;
    wide quotient = s->value / volume;
    wide rest = s->value % volume;
    if (rest > volume - rest || (rest == volume - rest && (quotient & 1) != 0))
        quotient++;
    return (int64_t)quotient;
}

static tw_bar bar_of(const tw_bars *bars, size_t symbol, uint32_t frame, const slot *s) {
    tw_bar bar;
    memset(&bar, 0, sizeof bar); /* bars are compared with memcmp */
    bar.time_ns = s->floor_ns;
    bar.timeframe_ns = bars->config.timeframes_ns[frame];
    bar.open.nano = s->open;
    bar.high.nano = s->high;
    bar.low.nano = s->low;
    bar.close.nano = s->close;
    bar.vwap.nano = vwap_of(s);
    bar.volume.nano = s->volume;
    bar.count = s->count;
    bar.symbol = (tw_symbol)symbol;
    return bar;
}

/* OPEN to EMPTY: hands the bar out and raises the floor to its end (invariant 2). */
static void close_slot(tw_bars *bars, size_t symbol, uint32_t frame, tw_bars_sink sink,
                       void *context) {
    slot *s = &bars->slots[symbol * bars->config.timeframe_count + frame];
    TW_ASSERT(s->count > 0);
    tw_bar bar = bar_of(bars, symbol, frame, s);
    int64_t end_ns = s->floor_ns + bars->config.timeframes_ns[frame];
    memset(s, 0, sizeof *s);
    s->floor_ns = end_ns;
    bars->counts.bars[frame]++;
    sink(context, &bar);
}

/* EMPTY to OPEN. */
static void open_slot(tw_bars *bars, slot *s, int64_t timeframe_ns, const tw_trade *trade) {
    s->floor_ns = tw_bars_start(trade->time_ns, timeframe_ns);
    s->open = s->high = s->low = trade->price.nano;
    if (s->floor_ns + timeframe_ns < bars->next_end_ns)
        bars->next_end_ns = s->floor_ns + timeframe_ns;
}

static void add_trade(slot *s, const tw_trade *trade) {
    if (trade->price.nano > s->high)
        s->high = trade->price.nano;
    if (trade->price.nano < s->low)
        s->low = trade->price.nano;
    s->close = trade->price.nano;
    s->volume += trade->quantity.nano;
    s->count++;
    s->value += (wide)trade->price.nano * (wide)trade->quantity.nano;
}

static bool is_past(const slot *s, int64_t timeframe_ns, int64_t time_ns) {
    return s->count > 0 && time_ns >= s->floor_ns + timeframe_ns;
}

/* Everything that can go wrong, before anything is changed. */
static tw_status trade_check(const tw_bars *bars, const tw_trade *trade) {
    if (trade->symbol >= bars->config.symbol_count_max ||
        trade->time_ns < INT64_MIN + 2 * TIMEFRAME_NS_MAX ||
        trade->time_ns > INT64_MAX - 2 * TIMEFRAME_NS_MAX)
        return TW_RANGE;
    if (trade->price.nano <= 0 || trade->quantity.nano <= 0)
        return TW_INVALID;
    const slot *slots = &bars->slots[(size_t)trade->symbol * bars->config.timeframe_count];
    for (uint32_t i = 0; i < bars->config.timeframe_count; i++) {
        const slot *s = &slots[i];
        bool joins = s->count > 0 && trade->time_ns >= s->floor_ns &&
                     !is_past(s, bars->config.timeframes_ns[i], trade->time_ns);
        if (joins && trade->quantity.nano > INT64_MAX - s->volume)
            return TW_OVERFLOW;
    }
    return TW_OK;
}

tw_status tw_bars_push(tw_bars *bars, const tw_trade *trade, tw_bars_sink sink, void *context) {
    TW_ASSERT(bars != NULL && trade != NULL && sink != NULL);
    tw_status status = trade_check(bars, trade);
    if (status != TW_OK)
        return status;
    size_t late = 0;
    for (uint32_t i = 0; i < bars->config.timeframe_count; i++) {
        int64_t timeframe_ns = bars->config.timeframes_ns[i];
        slot *s = &bars->slots[(size_t)trade->symbol * bars->config.timeframe_count + i];
        if (trade->time_ns < s->floor_ns) {
            bars->counts.late[i]++;
            late++;
            continue;
        }
        if (is_past(s, timeframe_ns, trade->time_ns))
            close_slot(bars, trade->symbol, i, sink, context);
        if (s->count == 0)
            open_slot(bars, s, timeframe_ns, trade);
        add_trade(s, trade);
    }
    bars->counts.trades += late < bars->config.timeframe_count;
    return late > 0 ? TW_STATE : TW_OK;
}

/* Closes the open slots whose end is at or before `now_ns` and finds the next end. */
static size_t sweep(tw_bars *bars, int64_t now_ns, tw_bars_sink sink, void *context) {
    size_t closed = 0;
    int64_t next_end_ns = INT64_MAX;
    for (size_t symbol = 0; symbol < bars->config.symbol_count_max; symbol++) {
        for (uint32_t i = 0; i < bars->config.timeframe_count; i++) {
            const slot *s = &bars->slots[symbol * bars->config.timeframe_count + i];
            if (s->count == 0)
                continue;
            int64_t end_ns = s->floor_ns + bars->config.timeframes_ns[i];
            if (end_ns <= now_ns) {
                close_slot(bars, symbol, i, sink, context);
                closed++;
            } else if (end_ns < next_end_ns) {
                next_end_ns = end_ns;
            }
        }
    }
    bars->next_end_ns = next_end_ns;
    return closed;
}

size_t tw_bars_advance(tw_bars *bars, int64_t now_ns, tw_bars_sink sink, void *context) {
    TW_ASSERT(bars != NULL && sink != NULL);
    return now_ns < bars->next_end_ns ? 0 : sweep(bars, now_ns, sink, context);
}

size_t tw_bars_flush(tw_bars *bars, tw_bars_sink sink, void *context) {
    TW_ASSERT(bars != NULL && sink != NULL);
    return sweep(bars, INT64_MAX, sink, context);
}

tw_status tw_bars_current(const tw_bars *bars, tw_symbol symbol, uint32_t timeframe_index,
                          tw_bar *ret_bar) {
    TW_ASSERT(bars != NULL && ret_bar != NULL);
    if (symbol >= bars->config.symbol_count_max || timeframe_index >= bars->config.timeframe_count)
        return TW_RANGE;
    const slot *s = &bars->slots[(size_t)symbol * bars->config.timeframe_count + timeframe_index];
    if (s->count == 0)
        return TW_EMPTY;
    *ret_bar = bar_of(bars, symbol, timeframe_index, s);
    return TW_OK;
}

void tw_bars_count(const tw_bars *bars, tw_bars_counts *ret_counts) {
    TW_ASSERT(bars != NULL && ret_counts != NULL);
    *ret_counts = bars->counts;
}
