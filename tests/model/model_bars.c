/*
 * model_bars.c - tw_bars beside a slow version that keeps every trade and makes every bar anew.
 *
 * After each operation (a trade in order, late or too late, a cancel, a correction, time passing,
 * the end of the stream) the slow version sorts the trades that a frame took, makes all bars of the
 * symbol from the list, and compares them with what it knows was handed out: what is new, another
 * or gone must be exactly what the sink has received, to the bit, with its revision. Bars of the
 * other kinds are made unit by unit of the quantity, so that nothing is computed that could be
 * counted.
 *
 * A run has few trades, a configuration drawn from its seed, and bounds that it does not reach
 * (those are for test_bars.c). TRADEWIND_MODEL_RUNS sets how many runs there are.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/bars.h"
#include "tradewind/time.h"

__extension__ typedef unsigned __int128 wide;
__extension__ typedef __int128 signed_wide;

enum { SYMBOLS = 2, OPERATIONS = 64, RUNS = 16000, MADE_MAX = 4096, PIECES_MAX = 256 };
#define UNIT INT64_C(10000000) /* of prices and quantities */

/* ---- What is kept -------------------------------------------------------------------------- */

typedef struct kept {
    tw_trade trade;
    uint32_t late; /* for these frames */
    bool settled;
    bool gone;
} kept;

typedef struct made {
    tw_bar bar;
    tw_bars_detail detail;
    bool withdrawn;
} made;

/* How far a time frame has come without the kept trades: what decides about lateness. */
typedef struct level {
    int64_t floor_ns;
    int64_t end_ns;
    bool open;
} level;

typedef struct symbol_model {
    kept trades[OPERATIONS + 1]; /* in order of time, then of arrival */
    size_t count;
    level levels[TW_BARS_FRAME_COUNT_MAX];
    int64_t last_ns[TW_BARS_FRAME_COUNT_MAX]; /* of frames without a clock, without a horizon */
    int64_t newest_ns;
    int64_t settled_ns;
    int64_t begin_ns;
    made known[MADE_MAX];
    size_t known_count;
} symbol_model;

static tw_bars_config config;
static symbol_model models[SYMBOLS];
static made received[MADE_MAX];
static size_t received_count;
static made rebuilt[MADE_MAX];
static size_t rebuilt_count;
static int64_t now_ns;
static bool flushed;
static tw_bars_counts totals;
static uint64_t run_number;
static bool touched[2]; /* symbols whose bars may have changed */

static uint64_t draw(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void receive(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    (void)context;
    assert_true(received_count < MADE_MAX);
    received[received_count++] = (made){.bar = *bar, .detail = *detail};
}

/* ---- Windows ------------------------------------------------------------------------------- */

/* The long way round: by counting from a Monday far back. */
static int64_t start_of(int64_t time_ns, int64_t step_ns) {
    int64_t origin_ns = step_ns == 7 * TW_NS_PER_DAY ? -(INT64_C(7) * 520 + 3) * TW_NS_PER_DAY
                                                     : -step_ns * (2000 * TW_NS_PER_DAY / step_ns);
    return origin_ns + (time_ns - origin_ns) / step_ns * step_ns;
}

static bool is_time(uint32_t frame) {
    return config.frames[frame].kind == TW_BARS_TIME;
}

/* False: late. */
static bool level_take(level *at, int64_t step_ns, int64_t time_ns, int64_t settled_ns) {
    if (time_ns >= at->end_ns) {
        int64_t start_ns = start_of(time_ns, step_ns);
        if (start_ns + step_ns <= settled_ns)
            return false;
        *at = (level){start_ns, start_ns + step_ns, true};
        return true;
    }
    return time_ns >= at->floor_ns;
}

static void level_advance(level *at, int64_t until_ns) {
    if (at->open && at->end_ns <= until_ns)
        *at = (level){at->end_ns, at->end_ns, false};
}

/* ---- A bar from a list of trades ----------------------------------------------------------- */

typedef struct piece {
    int64_t time_ns;
    int64_t price;
    int64_t volume;
    uint8_t moves;
    uint8_t reason;
} piece;

static uint8_t moves_of(const tw_trade *trade, uint8_t *ret_reason) {
    uint8_t moves = TW_BARS_MOVES_ALL;
    *ret_reason = 0;
    if (!config.has_conditions || trade->conditions[0] == '\0')
        return moves;
    const tw_bars_conditions *table =
        config.has_tape_c && trade->tape == 'C' ? &config.tape_c : &config.conditions;
    *ret_reason = table->reasons[(uint8_t)trade->conditions[0]];
    return table->moves[(uint8_t)trade->conditions[0]];
}

static const piece *first_with(const piece *pieces, size_t count, uint8_t moves) {
    for (size_t i = 0; i < count; i++)
        if ((pieces[i].moves & moves) != 0)
            return &pieces[i];
    return NULL;
}

static const piece *last_with(const piece *pieces, size_t count, uint8_t moves) {
    for (size_t i = count; i > 0; i--)
        if ((pieces[i - 1].moves & moves) != 0)
            return &pieces[i - 1];
    return NULL;
}

static void set_sums(const piece *pieces, size_t count, tw_bar *bar, tw_bars_detail *detail) {
    wide value = 0;
    for (size_t i = 0; i < count; i++) {
        const piece *p = &pieces[i];
        if ((p->moves & TW_BARS_MOVES_VOLUME) != 0) {
            bar->volume.nano += p->volume;
            bar->count++;
            value += (wide)p->price * (wide)p->volume;
        } else {
            detail->volume_left_out.nano += p->volume;
        }
        if (p->moves != TW_BARS_MOVES_ALL) {
            detail->excluded[p->reason].count++;
            detail->excluded[p->reason].volume.nano += p->volume;
        }
    }
    if (bar->volume.nano > 0) {
        wide volume = (wide)bar->volume.nano;
        wide twice = 2 * (value % volume);
        wide down = value / volume;
        bar->vwap.nano = (int64_t)(down + (twice > volume || (twice == volume && down % 2 == 1)));
    }
}

/* Which price is the open, or with `last_with` the close: of a trade that moves it, else of one
 * that moves the range and not everything, else of the other one, else the close before. */
static int64_t pick(const piece *own, const piece *weak, const piece *other, int64_t before) {
    return own != NULL     ? own->price
           : weak != NULL  ? weak->price
           : other != NULL ? other->price
                           : before;
}

static const piece *weak_of(const piece *pieces, size_t count, bool last) {
    const piece *found = NULL;
    for (size_t i = 0; i < count; i++) {
        bool weak =
            pieces[i].moves != TW_BARS_MOVES_ALL && (pieces[i].moves & TW_BARS_MOVES_HIGH_LOW) != 0;
        if (weak && (found == NULL || last))
            found = &pieces[i];
    }
    return found;
}

/* False: nothing to hand out. `before` is the close of the bar before, and then of this one. */
static bool bar_from(const piece *pieces, size_t count, int64_t *before, made *ret_made) {
    tw_bar bar;
    tw_bars_detail detail;
    memset(&bar, 0, sizeof bar);
    memset(&detail, 0, sizeof detail);
    set_sums(pieces, count, &bar, &detail);
    const piece *first = first_with(pieces, count, TW_BARS_MOVES_OPEN);
    const piece *last = last_with(pieces, count, TW_BARS_MOVES_CLOSE);
    bool priced =
        first_with(pieces, count, TW_BARS_MOVES_HIGH_LOW) != NULL || first != NULL || last != NULL;
    if (bar.count == 0 && !priced)
        return false;
    bar.open.nano = pick(first, weak_of(pieces, count, false), last, *before);
    bar.close.nano = pick(last, weak_of(pieces, count, true), first, *before);
    if (bar.open.nano == 0)
        return false;
    bar.high.nano = bar.open.nano > bar.close.nano ? bar.open.nano : bar.close.nano;
    bar.low.nano = bar.open.nano < bar.close.nano ? bar.open.nano : bar.close.nano;
    for (size_t i = 0; i < count; i++) {
        if ((pieces[i].moves & TW_BARS_MOVES_HIGH_LOW) == 0)
            continue;
        bar.high.nano = pieces[i].price > bar.high.nano ? pieces[i].price : bar.high.nano;
        bar.low.nano = pieces[i].price < bar.low.nano ? pieces[i].price : bar.low.nano;
    }
    detail.flags = priced ? 0 : TW_BARS_UNPRICED;
    *before = bar.close.nano;
    *ret_made = (made){.bar = bar, .detail = detail};
    return true;
}

/* ---- All bars of a frame ------------------------------------------------------------------- */

static piece piece_of(const kept *from) {
    piece p = {from->trade.time_ns, from->trade.price.nano, from->trade.quantity.nano, 0, 0};
    p.moves = moves_of(&from->trade, &p.reason);
    return p;
}

static bool belongs(const kept *trade, uint32_t frame) {
    return !trade->gone && (trade->late >> frame & 1) == 0;
}

static void put(made *one, tw_symbol symbol, uint32_t frame, int64_t start_ns, int64_t end_ns) {
    const symbol_model *model = &models[symbol];
    one->bar.symbol = symbol;
    one->bar.time_ns = config.stamp_close ? end_ns : start_ns;
    one->bar.timeframe_ns = is_time(frame) ? config.frames[frame].step : 0;
    one->detail.start_ns = start_ns;
    one->detail.end_ns = end_ns;
    one->detail.frame = frame;
    if (is_time(frame) && start_ns < model->begin_ns &&
        (one->detail.flags & TW_BARS_EMPTY_BAR) == 0)
        one->detail.flags |= TW_BARS_PARTIAL;
    if (config.skip_partial && (one->detail.flags & TW_BARS_PARTIAL) != 0)
        return;
    assert_true(rebuilt_count < MADE_MAX);
    rebuilt[rebuilt_count++] = *one;
}

static int64_t watermark_of(const symbol_model *model) {
    return model->newest_ns > now_ns ? model->newest_ns : now_ns;
}

static void fill_gap(tw_symbol symbol, uint32_t frame, int64_t from_ns, int64_t until_ns,
                     int64_t close) {
    int64_t step_ns = config.frames[frame].step;
    for (uint32_t i = 0; i < config.empty_count_max && from_ns + step_ns <= until_ns; i++) {
        made empty;
        memset(&empty, 0, sizeof empty);
        empty.bar.open.nano = empty.bar.high.nano = empty.bar.low.nano = empty.bar.close.nano =
            close;
        empty.detail.flags = TW_BARS_EMPTY_BAR;
        put(&empty, symbol, frame, from_ns, from_ns + step_ns);
        from_ns += step_ns;
    }
}

static bool is_closed(const symbol_model *model, uint32_t frame, int64_t start_ns) {
    int64_t end_ns = start_ns + config.frames[frame].step;
    if (flushed)
        return true;
    if (config.horizon_ns > 0)
        return end_ns <= watermark_of(model);
    const level *at = &model->levels[frame];
    return !(at->open && at->floor_ns == start_ns);
}

static void rebuild_time(tw_symbol symbol, uint32_t frame) {
    const symbol_model *model = &models[symbol];
    int64_t step_ns = config.frames[frame].step;
    int64_t close = 0;
    int64_t floor_ns = INT64_MIN;
    size_t i = 0;
    while (i < model->count) {
        piece pieces[PIECES_MAX];
        size_t count = 0;
        if (!belongs(&model->trades[i], frame)) {
            i++;
            continue;
        }
        int64_t start_ns = start_of(model->trades[i].trade.time_ns, step_ns);
        for (; i < model->count && model->trades[i].trade.time_ns < start_ns + step_ns; i++)
            if (belongs(&model->trades[i], frame))
                pieces[count++] = piece_of(&model->trades[i]);
        if (close != 0)
            fill_gap(symbol, frame, floor_ns, start_ns, close);
        floor_ns = start_ns + step_ns;
        made one;
        if (!is_closed(model, frame, start_ns))
            return;
        if (bar_from(pieces, count, &close, &one))
            put(&one, symbol, frame, start_ns, start_ns + step_ns);
    }
    if (close != 0 && config.empty_count_max > 0)
        fill_gap(symbol, frame, floor_ns, config.horizon_ns > 0 ? watermark_of(model) : now_ns,
                 close);
}

/* A bar in the making of a frame without a clock. */
typedef struct making {
    piece pieces[PIECES_MAX];
    size_t count;
    uint64_t broken_count[TW_BARS_REASON_COUNT]; /* exclusions of runs that were broken */
    int64_t broken_volume[TW_BARS_REASON_COUNT];
    int64_t broken_left_out;
    signed_wide bought;
    signed_wide sold;
    uint64_t sided;
    uint8_t run_side;
} making;

static uint64_t sequence;
static int64_t close_before;

static void finish(making *bar, tw_symbol symbol, uint32_t frame, uint8_t flags) {
    made one;
    bool counts = first_with(bar->pieces, bar->count, TW_BARS_MOVES_VOLUME) != NULL;
    if (counts && bar_from(bar->pieces, bar->count, &close_before, &one)) {
        one.detail.flags |= flags;
        for (int i = 0; i < TW_BARS_REASON_COUNT; i++) {
            one.detail.excluded[i].count += bar->broken_count[i];
            one.detail.excluded[i].volume.nano += bar->broken_volume[i];
        }
        one.detail.volume_left_out.nano += bar->broken_left_out;
        bool skipped = config.skip_partial && (flags & TW_BARS_PARTIAL) != 0;
        one.detail.sequence = skipped ? 0 : sequence++;
        put(&one, symbol, frame, bar->pieces[0].time_ns, bar->pieces[bar->count - 1].time_ns);
    }
    memset(bar, 0, sizeof *bar);
}

static void break_run(making *bar) {
    for (size_t i = 0; i < bar->count; i++) {
        const piece *p = &bar->pieces[i];
        bool counted = (p->moves & TW_BARS_MOVES_VOLUME) != 0;
        if (p->moves != TW_BARS_MOVES_ALL) {
            bar->broken_count[p->reason]++;
            bar->broken_volume[p->reason] += p->volume;
        }
        bar->broken_count[TW_BARS_REASON_RUN] += counted;
        bar->broken_volume[TW_BARS_REASON_RUN] += counted ? p->volume : 0;
        bar->broken_left_out += p->volume;
    }
    bar->count = 0;
    bar->bought = 0;
}

static bool is_kind(uint8_t kind, int tick) {
    return kind == tick || kind == tick + 1 || kind == tick + 2;
}

/* What one unit of a trade measures; a trade measured by the tick is one unit. */
static signed_wide unit_measure(uint8_t kind, const piece *p) {
    int by = (kind - TW_BARS_TICK) % 3;
    return by == 0 ? 1 : by == 1 ? UNIT : (signed_wide)p->price * UNIT;
}

static signed_wide limit_of(uint8_t kind, int64_t step) {
    return (kind - TW_BARS_TICK) % 3 == 2 ? (signed_wide)step * TW_NANO : step;
}

static void add_unit(making *bar, const piece *p, int64_t volume, bool first) {
    if (first) {
        assert_true(bar->count < PIECES_MAX);
        bar->pieces[bar->count] = *p;
        bar->pieces[bar->count++].volume = 0;
    }
    bar->pieces[bar->count - 1].volume += volume;
}

static void take_units(making *bar, tw_symbol symbol, uint32_t frame, const piece *p, int sign) {
    uint8_t kind = config.frames[frame].kind;
    bool whole = (kind - TW_BARS_TICK) % 3 == 0;
    bool first = true;
    for (int64_t left = p->volume; left > 0; left -= whole ? left : UNIT) {
        add_unit(bar, p, whole ? left : UNIT, first);
        first = false;
        bar->bought += sign * unit_measure(kind, p);
        signed_wide reached = bar->bought < 0 ? -bar->bought : bar->bought;
        if (sign == 0 || reached < limit_of(kind, config.frames[frame].step))
            continue;
        finish(bar, symbol, frame, 0);
        first = true;
    }
}

typedef struct means {
    double bought, sold, count;
    bool has_trades, has_bars;
    signed_wide limit;
} means;

static double mean_of(double before, double value, uint32_t span, bool begun) {
    return begun ? before + (value - before) * (2.0 / ((double)span + 1.0)) : value;
}

static void take_adaptive(making *bar, means *mean, tw_symbol symbol, uint32_t frame,
                          const piece *p, uint8_t side) {
    const tw_bars_frame *plan = &config.frames[frame];
    bool runs = is_kind(plan->kind, TW_BARS_TICK_RUNS);
    bool whole = (plan->kind - TW_BARS_TICK) % 3 == 0;
    add_unit(bar, p, p->volume, true);
    if (side == TW_SIDE_NONE)
        return;
    signed_wide amount = unit_measure(plan->kind, p) * (whole ? 1 : p->volume / UNIT);
    signed_wide bought = side == TW_SIDE_BUY ? amount : 0;
    bar->bought += bought;
    bar->sold += amount - bought;
    bar->sided++;
    mean->bought = mean_of(mean->bought, (double)bought, plan->adaptive_trades, mean->has_trades);
    mean->sold =
        mean_of(mean->sold, (double)(amount - bought), plan->adaptive_trades, mean->has_trades);
    mean->has_trades = true;
    signed_wide difference = bar->bought - bar->sold;
    signed_wide reached = runs ? (bar->bought > bar->sold ? bar->bought : bar->sold)
                               : (difference < 0 ? -difference : difference);
    if (reached < mean->limit)
        return;
    mean->count = mean_of(mean->count, (double)bar->sided, plan->adaptive_bars, mean->has_bars);
    mean->has_bars = true;
    double expected = runs ? fmax(mean->bought, mean->sold) : fabs(mean->bought - mean->sold);
    double limit = mean->count * expected;
    signed_wide least = limit_of(plan->kind, plan->adaptive_min);
    signed_wide most = limit_of(plan->kind, plan->adaptive_max);
    mean->limit = limit < (double)least ? least : limit > (double)most ? most : (signed_wide)limit;
    finish(bar, symbol, frame, 0);
}

static void rebuild_measure(tw_symbol symbol, uint32_t frame) {
    const symbol_model *model = &models[symbol];
    const tw_bars_frame *plan = &config.frames[frame];
    static making bar;
    memset(&bar, 0, sizeof bar);
    means mean = {.limit = limit_of(plan->kind, plan->step)};
    int64_t price_before = 0;
    uint8_t side_before = TW_SIDE_NONE;
    sequence = 0;
    close_before = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (!belongs(&model->trades[i], frame))
            continue;
        piece p = piece_of(&model->trades[i]);
        if ((p.moves & TW_BARS_MOVES_VOLUME) == 0) {
            add_unit(&bar, &p, p.volume, true);
            continue;
        }
        uint8_t side = model->trades[i].trade.side;
        if (side == TW_SIDE_NONE && plan->tick_rule && price_before != 0)
            side = p.price > price_before   ? TW_SIDE_BUY
                   : p.price < price_before ? TW_SIDE_SELL
                                            : side_before;
        price_before = p.price;
        side_before = side != TW_SIDE_NONE ? side : side_before;
        int sign = side == TW_SIDE_BUY ? 1 : side == TW_SIDE_SELL ? -1 : 0;
        if (plan->adaptive_bars > 0) {
            take_adaptive(&bar, &mean, symbol, frame, &p, side);
        } else if (is_kind(plan->kind, TW_BARS_TICK_RUNS)) {
            if (side == TW_SIDE_NONE) {
                add_unit(&bar, &p, p.volume, true);
                continue;
            }
            if (bar.run_side != side)
                break_run(&bar);
            bar.run_side = side;
            take_units(&bar, symbol, frame, &p, 1);
            if (bar.bought > 0)
                bar.run_side = side;
        } else {
            take_units(&bar, symbol, frame, &p,
                       is_kind(plan->kind, TW_BARS_TICK_IMBALANCE) ? sign : 1);
        }
    }
    if (flushed)
        finish(&bar, symbol, frame, TW_BARS_PARTIAL);
}

/* ---- Bricks -------------------------------------------------------------------------------- */

static void put_brick(const making *bar, tw_symbol symbol, uint32_t frame, int64_t open,
                      int64_t close, int64_t volume) {
    const tw_bars_frame *plan = &config.frames[frame];
    made one;
    memset(&one, 0, sizeof one);
    set_sums(bar->pieces, bar->count, &one.bar, &one.detail);
    one.bar.volume.nano = volume;
    one.bar.open.nano = open;
    one.bar.close.nano = close;
    int64_t high = 0;
    int64_t low = INT64_MAX;
    for (size_t i = 0; i < bar->count; i++) {
        if ((bar->pieces[i].moves & TW_BARS_MOVES_HIGH_LOW) == 0)
            continue;
        high = bar->pieces[i].price > high ? bar->pieces[i].price : high;
        low = bar->pieces[i].price < low ? bar->pieces[i].price : low;
    }
    bool none =
        plan->wicks == TW_BARS_WICKS_NONE || plan->renko == TW_BARS_RENKO_FROM_CLOSE || high == 0;
    if (none || plan->wicks == TW_BARS_WICKS_BODY) {
        high = none || open > high ? open : high;
        high = close > high ? close : high;
        low = none || open < low ? open : low;
        low = close < low ? close : low;
    }
    one.bar.high.nano = high;
    one.bar.low.nano = low;
    one.detail.sequence = sequence++;
    put(&one, symbol, frame, bar->pieces[0].time_ns, bar->pieces[bar->count - 1].time_ns);
}

static int64_t volume_of(const making *bar) {
    int64_t volume = 0;
    for (size_t i = 0; i < bar->count; i++)
        volume += (bar->pieces[i].moves & TW_BARS_MOVES_VOLUME) != 0 ? bar->pieces[i].volume : 0;
    return volume;
}

static void rebuild_renko(tw_symbol symbol, uint32_t frame) {
    const symbol_model *model = &models[symbol];
    const tw_bars_frame *plan = &config.frames[frame];
    bool classic = plan->renko == TW_BARS_RENKO_CLASSIC;
    static making bar;
    memset(&bar, 0, sizeof bar);
    int64_t low = 0;
    int64_t high = 0;
    sequence = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (!belongs(&model->trades[i], frame))
            continue;
        piece p = piece_of(&model->trades[i]);
        bool moves = (p.moves & TW_BARS_MOVES_CLOSE) != 0;
        if (high == 0 && moves) {
            low = high = p.price;
            if (plan->renko_unit.nano > 0) {
                int64_t unit = plan->renko_unit.nano;
                int64_t down = p.price / unit * unit;
                int64_t twice = 2 * (p.price - down);
                bool up = twice > unit || (twice == unit && down / unit % 2 == 1);
                low = high = up ? down + unit : down > 0 ? down : p.price;
            }
            if (classic) {
                memset(&bar, 0, sizeof bar);
                continue;
            }
        }
        add_unit(&bar, &p, p.volume, true);
        if (!moves)
            continue;
        int64_t edges[2] = {low, high};
        int64_t count = 0;
        while (p.price >= high + plan->step || p.price <= low - plan->step) { /* how many come */
            bool up = p.price > high;
            int64_t next = up ? high + plan->step : low - plan->step;
            low = !classic ? next : up ? high : next;
            high = !classic ? next : up ? next : edges[0] - count * plan->step;
            count++;
        }
        low = edges[0];
        high = edges[1];
        int64_t volume = volume_of(&bar);
        bool up = p.price > high;
        for (int64_t n = 0; n < count; n++) {
            int64_t open = up ? high : low;
            int64_t close = up ? open + plan->step : open - plan->step;
            int64_t share =
                classic ? volume / count + (n == count - 1 ? volume % count : 0) : volume;
            put_brick(&bar, symbol, frame, open, close, share);
            high = classic && !up ? open : close;
            low = classic && up ? open : close;
        }
        if (count > 0)
            memset(&bar, 0, sizeof bar);
    }
}

/* ---- Comparing ----------------------------------------------------------------------------- */

static bool is_same_place(const made *a, const made *b) {
    if (a->detail.frame != b->detail.frame || a->bar.symbol != b->bar.symbol)
        return false;
    return is_time(a->detail.frame) ? a->detail.start_ns == b->detail.start_ns
                                    : a->detail.sequence == b->detail.sequence;
}

static bool is_same_made(const made *a, const made *b) {
    return memcmp(&a->bar, &b->bar, sizeof a->bar) == 0 &&
           memcmp(&a->detail, &b->detail, sizeof a->detail) == 0;
}

static void print_made(const char *what, const made *one) {
    print_error("%s: symbol %u frame %u [%lld, %lld) seq %llu flags %u rev %u o %lld h %lld l %lld "
                "c %lld v %lld n %llu vwap %lld out %lld\n",
                what, one->bar.symbol, one->detail.frame, (long long)one->detail.start_ns,
                (long long)one->detail.end_ns, (unsigned long long)one->detail.sequence,
                one->detail.flags, one->bar.revision, (long long)one->bar.open.nano,
                (long long)one->bar.high.nano, (long long)one->bar.low.nano,
                (long long)one->bar.close.nano, (long long)one->bar.volume.nano,
                (unsigned long long)one->bar.count, (long long)one->bar.vwap.nano,
                (long long)one->detail.volume_left_out.nano);
}

/* Takes one bar out of those received. */
static void expect(const made *one, uint64_t seed) {
    for (size_t i = 0; i < received_count; i++) {
        if (is_same_made(&received[i], one)) {
            received[i] = received[--received_count];
            return;
        }
    }
    print_made("expected", one);
    for (size_t i = 0; i < received_count; i++)
        print_made("received", &received[i]);
    fail_msg("seed %llu: a bar did not come", (unsigned long long)seed);
}

static void expect_changes(symbol_model *model, uint64_t seed) {
    static bool seen[MADE_MAX];
    memset(seen, 0, sizeof seen[0] * model->known_count);
    size_t hint = 0;
    for (size_t i = 0; i < rebuilt_count; i++) {
        size_t at = 0;
        size_t tries = 0;
        for (at = hint; tries < model->known_count; tries++, at++) {
            at = at >= model->known_count ? 0 : at;
            if (is_same_place(&model->known[at], &rebuilt[i]))
                break;
        }
        if (tries == model->known_count) {
            assert_true(model->known_count < MADE_MAX);
            seen[model->known_count] = true;
            model->known[model->known_count++] = rebuilt[i];
            expect(&rebuilt[i], seed);
            continue;
        }
        hint = at + 1;
        seen[at] = true;
        made *known = &model->known[at];
        rebuilt[i].bar.revision = known->bar.revision;
        if (!known->withdrawn && is_same_made(known, &rebuilt[i]))
            continue;
        rebuilt[i].bar.revision++;
        *known = rebuilt[i];
        expect(known, seed);
    }
    for (size_t at = 0; at < model->known_count; at++) {
        made *known = &model->known[at];
        if (seen[at] || known->withdrawn)
            continue;
        made gone;
        memset(&gone, 0, sizeof gone);
        gone.bar.time_ns = known->bar.time_ns;
        gone.bar.timeframe_ns = known->bar.timeframe_ns;
        gone.bar.symbol = known->bar.symbol;
        gone.bar.revision = known->bar.revision + 1;
        gone.detail.start_ns = known->detail.start_ns;
        gone.detail.end_ns = known->detail.end_ns;
        gone.detail.sequence = known->detail.sequence;
        gone.detail.frame = known->detail.frame;
        gone.detail.flags = TW_BARS_WITHDRAWN;
        gone.withdrawn = true;
        *known = gone;
        expect(known, seed);
    }
}

static void compare(tw_symbol symbol, uint64_t seed) {
    rebuilt_count = 0;
    for (uint32_t frame = 0; frame < config.frame_count; frame++) {
        if (is_time(frame))
            rebuild_time(symbol, frame);
        else if (config.frames[frame].kind == TW_BARS_RENKO)
            rebuild_renko(symbol, frame);
        else
            rebuild_measure(symbol, frame);
    }
    expect_changes(&models[symbol], seed);
}

static void expect_nothing_more(uint64_t seed) {
    if (received_count == 0)
        return;
    print_made("not expected", &received[0]);
    fail_msg("seed %llu: a bar too many", (unsigned long long)seed);
}

/* ---- Operations ---------------------------------------------------------------------------- */

static void settle_old(symbol_model *model) {
    int64_t watermark_ns = watermark_of(model);
    if (config.horizon_ns == 0 || watermark_ns == INT64_MIN)
        return;
    int64_t until_ns = watermark_ns - config.horizon_ns;
    for (size_t i = 0; i < model->count; i++) {
        kept *one = &model->trades[i];
        if (one->gone || one->settled || one->trade.time_ns >= until_ns)
            continue;
        one->settled = true;
        for (uint32_t f = 0; f < config.frame_count; f++)
            if (is_time(f))
                (void)level_take(&model->levels[f], config.frames[f].step, one->trade.time_ns,
                                 INT64_MIN);
        model->settled_ns =
            one->trade.time_ns > model->settled_ns ? one->trade.time_ns : model->settled_ns;
    }
    if (until_ns <= model->settled_ns)
        return;
    model->settled_ns = until_ns;
    for (uint32_t f = 0; f < config.frame_count; f++)
        level_advance(&model->levels[f], until_ns);
}

static void insert(symbol_model *model, const kept *one) {
    size_t at = model->count++;
    for (; at > 0 && model->trades[at - 1].trade.time_ns > one->trade.time_ns; at--)
        model->trades[at] = model->trades[at - 1];
    model->trades[at] = *one;
}

/* For which frames the trade is late, as the header says. */
static uint32_t lateness(symbol_model *model, const tw_trade *trade) {
    uint32_t late = 0;
    bool kept_back = config.horizon_ns > 0;
    bool too_late = kept_back && trade->time_ns < model->settled_ns;
    for (uint32_t f = 0; f < config.frame_count; f++) {
        bool fits = !too_late;
        if (is_time(f) && (too_late || !kept_back))
            fits = level_take(&model->levels[f], config.frames[f].step, trade->time_ns,
                              kept_back ? model->settled_ns : INT64_MIN);
        if (!is_time(f) && !kept_back) {
            fits = trade->time_ns >= model->last_ns[f];
            model->last_ns[f] = fits ? trade->time_ns : model->last_ns[f];
        }
        late |= fits ? 0 : UINT32_C(1) << f;
    }
    return late;
}

static void push(tw_bars *bars, const tw_trade *trade) {
    symbol_model *model = &models[trade->symbol];
    touched[trade->symbol] = true;
    settle_old(model);
    if (model->begin_ns == INT64_MAX)
        model->begin_ns = trade->time_ns;
    kept one = {.trade = *trade, .late = lateness(model, trade)};
    uint32_t all = (UINT32_C(1) << config.frame_count) - 1;
    one.gone = one.late == all;
    one.settled = config.horizon_ns == 0 || trade->time_ns < model->settled_ns;
    insert(model, &one);
    for (uint32_t f = 0; f < config.frame_count; f++)
        totals.late[f] += one.late >> f & 1;
    if (trade->time_ns > model->newest_ns)
        model->newest_ns = trade->time_ns;
    tw_status status = tw_bars_push(bars, trade, receive, NULL);
    if (status != (one.late != 0 ? TW_STATE : TW_OK))
        fail_msg("seed %llu: status %d, late for %x", (unsigned long long)run_number, status,
                 one.late);
    settle_old(model);
}

static kept *find(symbol_model *model, uint64_t id) {
    for (size_t i = model->count; i > 0; i--) {
        kept *one = &model->trades[i - 1];
        if (!one->gone && !one->settled && one->trade.id == id)
            return one;
    }
    return NULL;
}

static void cancel(tw_bars *bars, tw_symbol symbol, uint64_t id) {
    symbol_model *model = &models[symbol];
    touched[symbol] = true;
    settle_old(model);
    kept *one = find(model, id);
    tw_status status = tw_bars_cancel(bars, symbol, id, receive, NULL);
    assert_int_equal(status, one == NULL ? TW_NOT_FOUND : TW_OK);
    if (one != NULL)
        one->gone = true;
}

static void correct(tw_bars *bars, uint64_t id, const tw_trade *trade) {
    symbol_model *model = &models[trade->symbol];
    touched[trade->symbol] = true;
    settle_old(model);
    kept *one = find(model, id);
    bool before = one != NULL && trade->time_ns < model->settled_ns;
    tw_status status = tw_bars_correct(bars, id, trade, receive, NULL);
    assert_int_equal(status, one == NULL ? TW_NOT_FOUND : before ? TW_STATE : TW_OK);
    if (status != TW_OK)
        return;
    kept moved = {.trade = *trade};
    if (one->trade.time_ns == trade->time_ns) {
        *one = moved;
    } else {
        one->gone = true;
        insert(model, &moved);
    }
    if (trade->time_ns > model->newest_ns)
        model->newest_ns = trade->time_ns;
    settle_old(model);
}

static void advance(tw_bars *bars, int64_t to_ns) {
    touched[0] = touched[1] = true;
    if (to_ns > now_ns)
        now_ns = to_ns;
    if (config.horizon_ns == 0)
        for (tw_symbol s = 0; s < SYMBOLS; s++)
            for (uint32_t f = 0; f < config.frame_count; f++)
                level_advance(&models[s].levels[f], to_ns);
    (void)tw_bars_advance(bars, to_ns, receive, NULL);
}

/* ---- Runs ---------------------------------------------------------------------------------- */

static tw_bars_frame draw_frame(uint64_t *seed) {
    static const int64_t steps[] = {
        TW_NS_PER_SECOND, 2 * TW_NS_PER_SECOND, 5 * TW_NS_PER_SECOND, 3 * TW_NS_PER_SECOND,
        TW_NS_PER_MINUTE, TW_NS_PER_DAY,        7 * TW_NS_PER_DAY};
    tw_bars_frame frame = {.kind = (uint8_t)(draw(seed) % 16)};
    if (frame.kind > TW_BARS_RENKO)
        frame.kind = TW_BARS_TIME;
    if (frame.kind == TW_BARS_TIME) {
        frame.step = steps[draw(seed) % 7];
        return frame;
    }
    if (frame.kind == TW_BARS_RENKO) {
        frame.step = (int64_t)(1 + draw(seed) % 4) * UNIT;
        frame.renko = draw(seed) % 2;
        frame.wicks = (uint8_t)(draw(seed) % 3);
        frame.renko_unit.nano = draw(seed) % 2 == 0 ? 0 : 5 * UNIT;
        return frame;
    }
    int by = (frame.kind - TW_BARS_TICK) % 3;
    int64_t scale = by == 0 ? 1 : by == 1 ? 6 * UNIT : 6 * UNIT * 100 * UNIT / TW_NANO;
    frame.step = (int64_t)(1 + draw(seed) % 5) * scale;
    frame.split_unit.nano = UNIT;
    frame.tick_rule = draw(seed) % 2 == 0;
    if (frame.kind >= TW_BARS_TICK_IMBALANCE && draw(seed) % 3 == 0) {
        frame.adaptive_bars = (uint32_t)(1 + draw(seed) % 5);
        frame.adaptive_trades = (uint32_t)(1 + draw(seed) % 9);
        frame.adaptive_min = scale;
        frame.adaptive_max = 8 * scale;
    }
    return frame;
}

static bool is_drawn_already(const tw_bars_frame *frame) {
    for (uint32_t i = 0; i < config.frame_count; i++)
        if (memcmp(&config.frames[i], frame, sizeof *frame) == 0)
            return true;
    return false;
}

static void draw_config(uint64_t *seed) {
    memset(&config, 0, sizeof config);
    config.symbol_count_max = SYMBOLS;
    uint32_t wanted = (uint32_t)(1 + draw(seed) % 6);
    while (config.frame_count < wanted) {
        tw_bars_frame frame;
        memset(&frame, 0, sizeof frame);
        frame = draw_frame(seed);
        if (!is_drawn_already(&frame))
            config.frames[config.frame_count++] = frame;
    }
    config.stamp_close = draw(seed) % 4 == 0;
    config.skip_partial = draw(seed) % 4 == 0;
    config.has_conditions = draw(seed) % 2 == 0;
    tw_bars_conditions_consolidated(draw(seed) % 2 == 0 ? 'A' : 'C', &config.conditions);
    config.has_tape_c = config.has_conditions && draw(seed) % 2 == 0;
    tw_bars_conditions_consolidated('C', &config.tape_c);
    config.horizon_ns = draw(seed) % 3 == 0 ? 0 : (int64_t)(1 + draw(seed) % 20) * TW_NS_PER_SECOND;
    config.horizon_trade_max = OPERATIONS + 1;
    config.horizon_bar_max = MADE_MAX;
    /* Without a horizon empty bars move what is late; the slow version has no word for it. */
    if (config.horizon_ns > 0 && !config.has_conditions && draw(seed) % 3 == 0)
        config.empty_count_max = (uint32_t)(1 + draw(seed) % 4);
}

static tw_trade draw_trade(uint64_t *seed, int64_t at_ns, uint64_t id) {
    static const char codes[] = "@@@IZMB9T4RLWG";
    tw_trade trade;
    memset(&trade, 0, sizeof trade);
    trade.time_ns = at_ns;
    trade.price.nano = (int64_t)(95 + draw(seed) % 11) * UNIT;
    trade.quantity.nano = (int64_t)(1 + draw(seed) % 12) * UNIT;
    trade.id = id;
    trade.symbol = (tw_symbol)(draw(seed) % SYMBOLS);
    trade.side = (uint8_t)(draw(seed) % 3);
    trade.tape = "\0ABC"[draw(seed) % 4];
    trade.conditions[0] = draw(seed) % 2 == 0 ? '\0' : codes[draw(seed) % (sizeof codes - 1)];
    return trade;
}

static void begin_run(void) {
    now_ns = INT64_MIN;
    flushed = false;
    received_count = 0;
    for (tw_symbol s = 0; s < SYMBOLS; s++) {
        models[s].count = 0;
        models[s].known_count = 0;
        models[s].newest_ns = models[s].settled_ns = INT64_MIN;
        models[s].begin_ns = INT64_MAX;
        for (uint32_t f = 0; f < TW_BARS_FRAME_COUNT_MAX; f++) {
            models[s].levels[f] = (level){INT64_MIN, INT64_MIN, false};
            models[s].last_ns[f] = INT64_MIN;
        }
    }
}

static void operate(tw_bars *bars, uint64_t *seed, int64_t *clock_ns, uint64_t number) {
    uint64_t what = draw(seed) % 20;
    *clock_ns += (int64_t)(draw(seed) % 4) * TW_NS_PER_SECOND / 2;
    if (draw(seed) % 40 == 0)
        *clock_ns += (int64_t)(draw(seed) % 3) * TW_NS_PER_HOUR;
    int64_t back_ns = (int64_t)(draw(seed) % (draw(seed) % 3 == 0 ? 60 : 8)) * TW_NS_PER_SECOND / 2;
    if (what < 10) {
        tw_trade trade = draw_trade(seed, *clock_ns, number);
        push(bars, &trade);
    } else if (what < 14) {
        tw_trade trade = draw_trade(seed, *clock_ns - back_ns, number);
        push(bars, &trade);
    } else if (what < 16) {
        cancel(bars, (tw_symbol)(draw(seed) % SYMBOLS), number - draw(seed) % 12);
    } else if (what < 18) {
        tw_trade trade = draw_trade(seed, *clock_ns - back_ns, number);
        uint64_t id = number - draw(seed) % 12;
        if (draw(seed) % 2 == 0) { /* a price only: the time stays */
            const kept *one = find(&models[trade.symbol], id);
            trade.time_ns = one != NULL ? one->trade.time_ns : trade.time_ns;
        }
        correct(bars, id, &trade);
    } else {
        advance(bars, *clock_ns - back_ns / 4);
    }
}

static void run(uint64_t number) {
    uint64_t seed = number;
    run_number = number;
    draw_config(&seed);
    begin_run();
    TW_AUTO(tw_bars) *bars = NULL;
    assert_int_equal(tw_bars_new(NULL, &config, &bars), TW_OK);
    memset(&totals, 0, sizeof totals);
    int64_t clock_ns = 1000 * TW_NS_PER_DAY + (int64_t)(draw(&seed) % 86400) * TW_NS_PER_SECOND;
    for (uint64_t i = 1; i <= OPERATIONS; i++) {
        touched[0] = touched[1] = false;
        operate(bars, &seed, &clock_ns, i + 100);
        for (tw_symbol s = 0; s < SYMBOLS; s++)
            if (touched[s])
                compare(s, number);
        expect_nothing_more(number);
    }
    flushed = true;
    (void)tw_bars_flush(bars, receive, NULL);
    for (tw_symbol s = 0; s < SYMBOLS; s++)
        compare(s, number);
    expect_nothing_more(number);
    tw_bars_counts counts;
    tw_bars_count(bars, &counts);
    for (uint32_t f = 0; f < config.frame_count; f++)
        assert_int_equal(counts.late[f], totals.late[f]);
    assert_int_equal(counts.squeezed, 0);
}

static void test_bars_are_those_of_a_version_that_makes_them_anew(void **state) {
    (void)state;
    const char *wanted = getenv("TRADEWIND_MODEL_RUNS");
    uint64_t runs = wanted != NULL ? strtoull(wanted, NULL, 10) : RUNS;
    for (uint64_t number = 1; number <= runs; number++)
        run(number);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bars_are_those_of_a_version_that_makes_them_anew)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
