/* test_daily.c - the rules of the daily history, generated and given. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daily.h"
#include "failing_heap.h"
#include "session.h"
#include "tradewind/time.h"

enum { DAYS = 500, LAST_DAY = 20457 }; /* Sunday, 2026-01-04 */

static tw_symbols *make_symbols(const char *list) {
    tw_symbols *symbols = NULL;
    assert_int_equal(tw_symbols_new(NULL, 16, &symbols), TW_OK);
    tw_slice rest = tw_slice_of(list);
    while (rest.data != NULL) {
        tw_symbol symbol;
        assert_int_equal(tw_symbols_intern(symbols, tw_slice_split(&rest, ','), &symbol), TW_OK);
    }
    return symbols;
}

static daily_history *generate(const char *list, uint64_t seed) {
    tw_symbols *symbols = make_symbols(list);
    daily_history *history = NULL;
    assert_int_equal(daily_history_generate(NULL, symbols, LAST_DAY, DAYS, seed, &history), TW_OK);
    tw_symbols_free(symbols);
    return history;
}

static void check_bars(const daily_history *history, tw_symbol symbol) {
    uint32_t count = 0;
    const tw_bar *bars = daily_history_bars(history, symbol, &count);
    for (uint32_t i = 0; i < count; i++) {
        const tw_bar *bar = &bars[i];
        assert_true(bar->low.nano > 0);
        assert_true(bar->low.nano <= bar->open.nano && bar->low.nano <= bar->close.nano);
        assert_true(bar->high.nano >= bar->open.nano && bar->high.nano >= bar->close.nano);
        assert_true(bar->vwap.nano >= bar->low.nano && bar->vwap.nano <= bar->high.nano);
        assert_true(bar->volume.nano > 0 && bar->count > 0);
        assert_int_equal(bar->timeframe_ns, TW_NS_PER_DAY);
        assert_int_equal(bar->symbol, symbol);
        assert_int_equal(bar->time_ns, session_time_of(session_day_of(bar->time_ns), 0, 0));
        if (i > 0) {
            assert_true(bar->time_ns > bars[i - 1].time_ns);
            assert_int_equal(bar->open.nano, bars[i - 1].close.nano);
        }
    }
}

static void generated_bars_keep_the_rules(void **state) {
    (void)state;
    daily_history *history = generate("AAA,BBB,CCC", 7);
    for (tw_symbol s = 0; s < 3; s++) {
        uint32_t count = 0;
        const tw_bar *bars = daily_history_bars(history, s, &count);
        assert_int_equal(count, DAYS);
        check_bars(history, s);
        for (uint32_t i = 0; i < count; i++)
            assert_true(session_is_trading_day(session_day_of(bars[i].time_ns)));
        assert_int_equal(daily_history_last(history, s).nano, bars[count - 1].close.nano);
    }
    assert_int_equal(daily_history_last_day(history), LAST_DAY - 2); /* the Friday before */
    daily_history_free(history);
}

static void the_same_seed_gives_the_same_bars_and_another_seed_others(void **state) {
    (void)state;
    daily_history *first = generate("AAA,BBB", 7);
    daily_history *again = generate("AAA,BBB", 7);
    daily_history *other = generate("AAA,BBB", 8);
    uint32_t count = 0;
    const tw_bar *bars = daily_history_bars(first, 1, &count);
    assert_memory_equal(bars, daily_history_bars(again, 1, &count), count * sizeof *bars);
    assert_memory_not_equal(bars, daily_history_bars(other, 1, &count), count * sizeof *bars);
    assert_memory_not_equal(bars, daily_history_bars(first, 0, &count), count * sizeof *bars);
    daily_history_free(first);
    daily_history_free(again);
    daily_history_free(other);
}

static void another_symbol_changes_none_of_the_others(void **state) {
    (void)state;
    daily_history *few = generate("AAA,BBB", 7);
    daily_history *many = generate("AAA,BBB,CCC,DDD", 7);
    for (tw_symbol s = 0; s < 2; s++) {
        uint32_t count = 0;
        const tw_bar *bars = daily_history_bars(few, s, &count);
        assert_memory_equal(bars, daily_history_bars(many, s, &count), count * sizeof *bars);
    }
    daily_history_free(few);
    daily_history_free(many);
}

static void a_missing_close_makes_no_bar(void **state) {
    (void)state;
    const double closes[] = {10.0, NAN, 11.123456789, 5.0, NAN, NAN, 12.0, 6.5};
    const int64_t days[] = {100 * TW_NS_PER_DAY, 101 * TW_NS_PER_DAY, 104 * TW_NS_PER_DAY,
                            105 * TW_NS_PER_DAY};
    const daily_closes input = {days, closes, 4, 2};
    daily_history *history = NULL;
    assert_int_equal(daily_history_from_closes(NULL, &input, 1, &history), TW_OK);
    uint32_t count = 0;
    const tw_bar *bars = daily_history_bars(history, 0, &count);
    assert_int_equal(count, 3);
    check_bars(history, 0);
    assert_int_equal(bars[1].close.nano, INT64_C(11123456789)); /* all of its digits */
    assert_int_equal(bars[1].time_ns, session_time_of(101, 0, 0));
    assert_int_equal(daily_history_last(history, 0).nano, 12 * TW_NANO);
    bars = daily_history_bars(history, 1, &count);
    assert_int_equal(count, 2);
    check_bars(history, 1);
    assert_int_equal(bars[1].open.nano, 5 * TW_NANO);
    assert_int_equal(daily_history_last_day(history), 105);
    daily_history_free(history);
}

static void a_symbol_without_closes_has_no_price(void **state) {
    (void)state;
    const double closes[] = {NAN, NAN};
    const int64_t days[] = {0, TW_NS_PER_DAY};
    const daily_closes input = {days, closes, 2, 1};
    daily_history *history = NULL;
    assert_int_equal(daily_history_from_closes(NULL, &input, 1, &history), TW_OK);
    uint32_t count = 1;
    daily_history_bars(history, 0, &count);
    assert_int_equal(count, 0);
    assert_int_equal(daily_history_last(history, 0).nano, 0);
    assert_int_equal(daily_history_last_day(history), INT64_MIN);
    daily_history_free(history);
}

static void a_price_that_is_none_is_refused(void **state) {
    (void)state;
    const double bad[] = {0.0, -1.0, 1e-10, INFINITY, 1e9 * 1.001, 9.2e9, 1e300};
    const int64_t days[] = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const daily_closes input = {days, &bad[i], 1, 1};
        daily_history *history = NULL;
        assert_int_equal(daily_history_from_closes(NULL, &input, 1, &history), TW_RANGE);
        assert_null(history);
    }
    const double edges[] = {1e-9, 1e9};
    for (size_t i = 0; i < 2; i++) {
        const daily_closes input = {days, &edges[i], 1, 1};
        daily_history *history = NULL;
        assert_int_equal(daily_history_from_closes(NULL, &input, 1, &history), TW_OK);
        check_bars(history, 0);
        daily_history_free(history);
    }
}

static tw_status make_both(const tw_allocator *allocator, void *context) {
    daily_history *history = NULL;
    tw_status status = daily_history_generate(allocator, context, LAST_DAY, 10, 1, &history);
    daily_history_free(history);
    const double closes[] = {10.0};
    const int64_t days[] = {0};
    const daily_closes input = {days, closes, 1, 1};
    history = NULL;
    if (status == TW_OK)
        status = daily_history_from_closes(allocator, &input, 1, &history);
    daily_history_free(status == TW_OK ? history : NULL);
    return status;
}

static void nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    tw_symbols *symbols = make_symbols("AAA,BBB");
    assert_survives_failed_allocations(make_both, symbols);
    tw_symbols_free(symbols);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generated_bars_keep_the_rules),
        cmocka_unit_test(the_same_seed_gives_the_same_bars_and_another_seed_others),
        cmocka_unit_test(another_symbol_changes_none_of_the_others),
        cmocka_unit_test(a_missing_close_makes_no_bar),
        cmocka_unit_test(a_symbol_without_closes_has_no_price),
        cmocka_unit_test(a_price_that_is_none_is_refused),
        cmocka_unit_test(nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
