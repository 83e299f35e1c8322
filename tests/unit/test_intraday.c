/* test_intraday.c - the minutes of a day add up to the day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daily.h"
#include "holidays.h"
#include "intraday.h"
#include "session.h"
#include "tradewind/time.h"

enum { DAYS = 300, LAST_DAY = 20457 };

static void check_minutes(const tw_bar *day, const tw_bar *minutes, uint32_t count) {
    int64_t high = 0, low = INT64_MAX, volume = 0;
    uint64_t trades = 0;
    assert_int_equal(minutes[0].open.nano, day->open.nano);
    assert_int_equal(minutes[count - 1].close.nano, day->close.nano);
    for (uint32_t k = 0; k < count; k++) {
        const tw_bar *minute = &minutes[k];
        assert_true(minute->low.nano <= minute->open.nano &&
                    minute->open.nano <= minute->high.nano);
        assert_true(minute->low.nano <= minute->close.nano &&
                    minute->close.nano <= minute->high.nano);
        assert_true(minute->vwap.nano >= minute->low.nano &&
                    minute->vwap.nano <= minute->high.nano);
        assert_true(minute->volume.nano >= 0);
        assert_int_equal(minute->timeframe_ns, TW_NS_PER_MINUTE);
        assert_int_equal(minute->symbol, day->symbol);
        if (k > 0)
            assert_int_equal(minute->time_ns, minutes[k - 1].time_ns + TW_NS_PER_MINUTE);
        high = minute->high.nano > high ? minute->high.nano : high;
        low = minute->low.nano < low ? minute->low.nano : low;
        volume += minute->volume.nano;
        trades += minute->count;
    }
    assert_int_equal(high, day->high.nano);
    assert_int_equal(low, day->low.nano);
    assert_int_equal(volume, day->volume.nano);
    assert_int_equal(trades, day->count);
}

static void minutes_add_up_to_their_day(void **state) {
    (void)state;
    tw_bar minutes[INTRADAY_MINUTE_COUNT];
    tw_bar again[INTRADAY_MINUTE_COUNT];
    tw_symbols *symbols = NULL;
    tw_symbol symbol;
    daily_history *history = NULL;
    assert_int_equal(tw_symbols_new(NULL, 4, &symbols), TW_OK);
    assert_int_equal(tw_symbols_intern(symbols, tw_slice_of("AAA"), &symbol), TW_OK);
    assert_int_equal(tw_symbols_intern(symbols, tw_slice_of("BBB"), &symbol), TW_OK);
    assert_int_equal(daily_history_generate(NULL, symbols, LAST_DAY, DAYS, 3, &history), TW_OK);
    uint32_t short_days = 0;
    for (tw_symbol s = 0; s < 2; s++) {
        uint32_t days = 0;
        const tw_bar *bars = daily_history_bars(history, s, &days);
        for (uint32_t i = 0; i < days; i++) {
            uint32_t count = intraday_minutes(&bars[i], 3, minutes);
            bool early = holidays_close_minute(session_day_of(bars[i].time_ns)) == 780;
            short_days += early;
            assert_int_equal(count, early ? 210 : INTRADAY_MINUTE_COUNT);
            check_minutes(&bars[i], minutes, count);
            int64_t open_ns = session_time_of(session_day_of(bars[i].time_ns), 9, 30);
            assert_int_equal(minutes[0].time_ns, open_ns);
            assert_int_equal(intraday_minutes(&bars[i], 3, again), count);
            assert_memory_equal(minutes, again, count * sizeof minutes[0]);
        }
    }
    assert_true(short_days >= 4);
    daily_history_free(history);
    tw_symbols_free(symbols);
}

static tw_bar day_of(int64_t open, int64_t high, int64_t low, int64_t close, int64_t shares) {
    return (tw_bar){
        .time_ns = session_time_of(LAST_DAY - 2, 0, 0),
        .timeframe_ns = TW_NS_PER_DAY,
        .open = {open * TW_NANO},
        .high = {high * TW_NANO},
        .low = {low * TW_NANO},
        .close = {close * TW_NANO},
        .vwap = {low * TW_NANO},
        .volume = {shares * TW_NANO + 5},
        .count = (uint64_t)shares / 3 + 1,
    };
}

static void days_of_every_shape_have_minutes(void **state) {
    (void)state;
    tw_bar minutes[INTRADAY_MINUTE_COUNT];
    const tw_bar days[] = {
        day_of(10, 10, 10, 10, 100000), /* no movement */
        day_of(10, 20, 10, 20, 400),    /* from its low to its high */
        day_of(20, 20, 10, 10, 390),    day_of(10, 900000, 1, 11, 1000000000),
        day_of(10, 12, 9, 11, 389), /* less than a share a minute */
        day_of(10, 12, 9, 11, 0),
    };
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        uint32_t count = intraday_minutes(&days[i], i, minutes);
        assert_int_equal(count, i < 4 ? INTRADAY_MINUTE_COUNT : 1);
        check_minutes(&days[i], minutes, count);
    }
}

static void another_seed_or_symbol_is_another_day(void **state) {
    (void)state;
    tw_bar first[INTRADAY_MINUTE_COUNT];
    tw_bar second[INTRADAY_MINUTE_COUNT];
    tw_bar day = day_of(100, 104, 98, 101, 1000000);
    intraday_minutes(&day, 1, first);
    intraday_minutes(&day, 2, second);
    assert_memory_not_equal(first, second, sizeof first);
    day.symbol = 1;
    intraday_minutes(&day, 1, second);
    assert_int_not_equal(first[100].close.nano, second[100].close.nano);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minutes_add_up_to_their_day),
        cmocka_unit_test(days_of_every_shape_have_minutes),
        cmocka_unit_test(another_seed_or_symbol_is_another_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
