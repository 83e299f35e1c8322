/* test_made_ticks.c - the trades that are made of a minute make that minute, to the last digit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daily.h"
#include "intraday.h"
#include "made_ticks.h"
#include "session.h"
#include "tradewind/random.h"
#include "tradewind/time.h"

__extension__ typedef __int128 wide;

/* To the nearest, as any bar's mean price is rounded. */
static int64_t divide(wide value, int64_t volume) {
    return (int64_t)((2 * value + volume) / (2 * (wide)volume));
}

static void assert_made(const tw_bar *bar, uint64_t seed) {
    const made_minute minute = {bar, seed, 1000};
    int64_t high = 0, low = INT64_MAX, volume = 0, last_ns = bar->time_ns;
    wide value = 0;
    tw_trade trade = {0};
    for (uint64_t k = 0; k < bar->count; k++) {
        made_trade(&minute, k, &trade);
        assert_true(trade.time_ns >= last_ns && trade.time_ns < bar->time_ns + TW_NS_PER_MINUTE);
        assert_true(trade.quantity.nano > 0 && trade.price.nano > 0);
        assert_int_equal(trade.id, 1000 + k);
        if (k == 0)
            assert_int_equal(trade.price.nano, bar->open.nano);
        high = trade.price.nano > high ? trade.price.nano : high;
        low = trade.price.nano < low ? trade.price.nano : low;
        volume += trade.quantity.nano;
        value += (wide)trade.price.nano * trade.quantity.nano;
        last_ns = trade.time_ns;
    }
    assert_int_equal(trade.price.nano, bar->close.nano);
    assert_int_equal(high, bar->high.nano);
    assert_int_equal(low, bar->low.nano);
    assert_int_equal(volume, bar->volume.nano);
    assert_int_equal(divide(value, volume), bar->vwap.nano);
}

/* Each trade is made at a side of the quote before it, which is not before the trade before. */
static void assert_quoted(const tw_bar *bar, uint64_t seed) {
    const made_minute minute = {bar, seed, 1000};
    int64_t last_ns = bar->time_ns;
    for (uint64_t k = 0; k < bar->count; k++) {
        tw_quote quote;
        tw_trade trade;
        made_quote(&minute, k, &quote);
        made_trade(&minute, k, &trade);
        assert_int_equal(quote.time_ns, made_quote_time(&minute, k));
        assert_true(quote.time_ns >= last_ns && quote.time_ns <= trade.time_ns);
        assert_true(quote.bid_price.nano > 0 && quote.bid_price.nano < quote.ask_price.nano);
        bool bought = trade.side == TW_SIDE_BUY;
        assert_int_equal(trade.price.nano, bought ? quote.ask_price.nano : quote.bid_price.nano);
        assert_true(quote.bid_size.nano > 0 && quote.ask_size.nano > 0);
        last_ns = trade.time_ns;
    }
}

static void the_trades_of_a_history_make_its_minutes(void **state) {
    (void)state;
    static const double closes[] = {10.0, 10.25, 9.875, 1234.567891, 0.53, 87.123456789, 87.13};
    int64_t day_ns[7];
    for (int i = 0; i < 7; i++)
        day_ns[i] = (20454 + i) * TW_NS_PER_DAY;
    daily_closes input = {day_ns, closes, 7, 1};
    daily_history *history = NULL;
    assert_int_equal(daily_history_from_closes(NULL, &input, 5, &history), TW_OK);
    uint32_t days = 0;
    const tw_bar *bars = daily_history_bars(history, 0, &days);
    assert_int_equal(days, 7);
    for (uint32_t i = 0; i < days; i++) {
        tw_bar minutes[INTRADAY_MINUTE_COUNT];
        uint32_t count = intraday_minutes(&bars[i], 5, minutes);
        for (uint32_t m = 0; m < count; m++) {
            assert_true(minutes[m].count >= 2);
            assert_made(&minutes[m], 5);
            assert_quoted(&minutes[m], 5);
        }
    }
    daily_history_free(history);
}

static void minutes_of_few_trades_are_made_too(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 17, 3);
    for (int i = 0; i < 20000; i++) {
        uint64_t n = 2 + tw_random_below(&random, 12);
        int64_t open = (int64_t)(100 + tw_random_below(&random, 10000)) * (TW_NANO / 100);
        int64_t close = (int64_t)(100 + tw_random_below(&random, 10000)) * (TW_NANO / 100);
        tw_bar bar = {
            .time_ns = i * TW_NS_PER_MINUTE,
            .open = {open},
            .close = {close},
            .high = {open > close ? open : close},
            .low = {open < close ? open : close},
            .vwap = {open + (close - open) / 2},
            .volume = {(int64_t)(n / 2 + tw_random_below(&random, 2000)) * TW_NANO},
            .count = n,
            .symbol = (tw_symbol)(i % 3),
        };
        assert_made(&bar, (uint64_t)i);
    }
}

static void a_place_gives_the_same_alone_as_in_its_row(void **state) {
    (void)state;
    const tw_bar bar = {.time_ns = 60 * TW_NS_PER_MINUTE,
                        .open = {20 * TW_NANO},
                        .high = {21 * TW_NANO},
                        .low = {20 * TW_NANO},
                        .close = {21 * TW_NANO},
                        .vwap = {41 * TW_NANO / 2},
                        .volume = {90000 * TW_NANO},
                        .count = 700};
    const made_minute minute = {&bar, 9, 1};
    const made_minute other = {&bar, 10, 1};
    tw_trade trades[700], again;
    uint32_t different = 0, sizes = 0;
    for (uint64_t k = 0; k < 700; k++)
        made_trade(&minute, k, &trades[k]);
    for (uint64_t k = 700; k-- > 0;) {
        made_trade(&minute, k, &again);
        assert_memory_equal(&again, &trades[k], sizeof again);
        made_trade(&other, k, &again);
        different += again.price.nano != trades[k].price.nano;
        sizes += trades[k].quantity.nano != trades[0].quantity.nano;
    }
    assert_true(different > 400 && sizes > 400);
    assert_true(made_day_id(20457) > (UINT64_C(1) << 38) && made_day_id(80000) < UINT64_C(1) << 53);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_trades_of_a_history_make_its_minutes),
        cmocka_unit_test(minutes_of_few_trades_are_made_too),
        cmocka_unit_test(a_place_gives_the_same_alone_as_in_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
