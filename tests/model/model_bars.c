/*
 * model_bars.c - the one pass over all symbols and timeframes beside one slow pass for each pair.
 *
 * The slow pass keeps every trade that belongs to a bar and computes the bar from the list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/bars.h"
#include "tradewind/time.h"

#define SYMBOLS 3
#define FRAMES 4
#define TRADES 3000
#define EVENTS 4000

__extension__ typedef unsigned __int128 wide;

static const int64_t frames_ns[FRAMES] = {TW_NS_PER_SECOND, 7 * TW_NS_PER_SECOND, TW_NS_PER_DAY,
                                          7 * TW_NS_PER_DAY};

/* A trade, a time to advance to (symbol NONE), in the order of events. */
typedef struct event {
    tw_trade trade;
} event;

static event events[EVENTS];
static tw_bar fast[FRAMES * TRADES * 2];
static size_t fast_count;
static tw_bar slow[TRADES * 2];
static size_t slow_count;

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void collect(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    (void)detail;
    (void)context;
    fast[fast_count++] = *bar;
}

/* The start of a bar, the long way round: by counting days from a Monday far back. */
static int64_t start_of(int64_t time_ns, int64_t frame_ns) {
    int64_t monday_ns = -(INT64_C(7) * 520 + 3) * TW_NS_PER_DAY; /* 1969-12-29 less 520 weeks */
    int64_t origin_ns = frame_ns == 7 * TW_NS_PER_DAY ? monday_ns : -TW_NS_PER_DAY * 7000;
    if (frame_ns == 7 * TW_NS_PER_SECOND)
        origin_ns = -7 * TW_NS_PER_DAY * 1000;
    return origin_ns + (time_ns - origin_ns) / frame_ns * frame_ns;
}

static tw_bar bar_of(const tw_trade *trades, size_t count, int64_t start_ns, int64_t frame_ns) {
    tw_bar bar;
    memset(&bar, 0, sizeof bar);
    bar.time_ns = start_ns;
    bar.timeframe_ns = frame_ns;
    bar.symbol = trades[0].symbol;
    bar.open = trades[0].price;
    bar.close = trades[count - 1].price;
    bar.high = bar.low = bar.open;
    wide value = 0;
    for (size_t i = 0; i < count; i++) {
        if (trades[i].price.nano > bar.high.nano)
            bar.high = trades[i].price;
        if (trades[i].price.nano < bar.low.nano)
            bar.low = trades[i].price;
        bar.volume.nano += trades[i].quantity.nano;
        value += (wide)trades[i].price.nano * (wide)trades[i].quantity.nano;
    }
    bar.count = count;
    wide volume = (wide)bar.volume.nano;
    wide twice = 2 * (value % volume);
    wide down = value / volume;
    bar.vwap.nano = (int64_t)(down + (twice > volume || (twice == volume && down % 2 == 1)));
    return bar;
}

/* One symbol, one timeframe, all events. */
static uint64_t slow_pass(tw_symbol symbol, int64_t frame_ns) {
    static tw_trade held[TRADES];
    size_t count = 0;
    int64_t start_ns = 0;
    int64_t floor_ns = INT64_MIN;
    uint64_t late = 0;
    slow_count = 0;
    for (size_t e = 0; e <= EVENTS; e++) {
        bool end = e == EVENTS;
        const tw_trade *trade = end ? NULL : &events[e].trade;
        if (!end && trade->symbol != symbol && trade->symbol != TW_SYMBOL_NONE)
            continue;
        bool late_trade =
            !end && trade->symbol == symbol && trade->time_ns < (count > 0 ? start_ns : floor_ns);
        if (late_trade) {
            late++;
            continue;
        }
        if (count > 0 && (end || trade->time_ns >= start_ns + frame_ns)) {
            slow[slow_count++] = bar_of(held, count, start_ns, frame_ns);
            floor_ns = start_ns + frame_ns;
            count = 0;
        }
        if (end || trade->symbol == TW_SYMBOL_NONE)
            continue;
        if (count == 0)
            start_ns = start_of(trade->time_ns, frame_ns);
        held[count++] = *trade;
    }
    return late;
}

static void make_events(uint64_t seed) {
    int64_t now_ns = -5 * TW_NS_PER_DAY;
    for (size_t e = 0; e < EVENTS; e++) {
        uint64_t r = next_random(&seed);
        now_ns += r % 50 == 0  ? TW_NS_PER_DAY / 3
                  : r % 5 == 0 ? TW_NS_PER_SECOND
                               : (int64_t)(r >> 40) % (TW_NS_PER_SECOND / 3);
        memset(&events[e], 0, sizeof events[e]);
        tw_trade *trade = &events[e].trade;
        trade->symbol = r % 4 == 3 ? TW_SYMBOL_NONE : (tw_symbol)(r % 4);
        trade->time_ns = now_ns;
        if (trade->symbol != TW_SYMBOL_NONE && next_random(&seed) % 9 == 0)
            trade->time_ns -= (int64_t)(next_random(&seed) % (uint64_t)(3 * TW_NS_PER_SECOND));
        trade->price.nano = 1 + (int64_t)(next_random(&seed) % 1000);
        trade->quantity.nano = 1 + (int64_t)(next_random(&seed) % 10);
    }
}

static void run(uint64_t seed) {
    make_events(seed);
    tw_bars_config config = {.frame_count = FRAMES, .symbol_count_max = SYMBOLS};
    for (uint32_t i = 0; i < FRAMES; i++)
        config.frames[i].step = frames_ns[i];
    TW_AUTO(tw_bars) *bars = NULL;
    assert_int_equal(tw_bars_new(NULL, &config, &bars), TW_OK);
    fast_count = 0;
    for (size_t e = 0; e < EVENTS; e++) {
        const tw_trade *trade = &events[e].trade;
        if (trade->symbol == TW_SYMBOL_NONE) {
            tw_bars_advance(bars, trade->time_ns, collect, NULL);
        } else {
            tw_status status = tw_bars_push(bars, trade, collect, NULL);
            assert_true(status == TW_OK || status == TW_STATE);
        }
    }
    tw_bars_flush(bars, collect, NULL);
    tw_bars_counts counts;
    tw_bars_count(bars, &counts);
    for (uint32_t frame = 0; frame < FRAMES; frame++) {
        uint64_t late = 0;
        uint64_t made = 0;
        for (tw_symbol symbol = 0; symbol < SYMBOLS; symbol++) {
            late += slow_pass(symbol, frames_ns[frame]);
            made += slow_count;
            size_t at = 0;
            for (size_t i = 0; i < fast_count; i++) {
                if (fast[i].symbol != symbol || fast[i].timeframe_ns != frames_ns[frame])
                    continue;
                assert_true(at < slow_count);
                assert_memory_equal(&fast[i], &slow[at], sizeof fast[i]);
                at++;
            }
            assert_int_equal(at, slow_count);
        }
        assert_int_equal(counts.late[frame], late);
        assert_int_equal(counts.bars[frame], made);
        assert_true(made > 2);
    }
    assert_true(counts.late[0] > 10); /* the rule was exercised */
}

static void test_one_pass_agrees_with_a_pass_for_each(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++)
        run(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_pass_agrees_with_a_pass_for_each)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
