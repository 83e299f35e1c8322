/* test_market.c - symbols, words, timeframes and notional. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "failing_heap.h"
#include "tradewind/market.h"
#include "tradewind/time.h"

static void test_a_name_has_one_index_and_an_index_its_name(void **state) {
    (void)state;
    TW_AUTO(tw_symbols) *symbols = NULL;
    assert_int_equal(tw_symbols_new(NULL, 3, &symbols), TW_OK);
    const char *const names[] = {"AAPL", "BRK.B", "BTC/USD"};
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 3; i++) {
            tw_symbol symbol = 77;
            assert_int_equal(tw_symbols_intern(symbols, tw_slice_of(names[i]), &symbol), TW_OK);
            assert_int_equal(symbol, i);
            assert_int_equal(tw_symbols_find(symbols, tw_slice_of(names[i])), i);
            assert_string_equal(tw_symbols_name(symbols, i), names[i]);
        }
        assert_int_equal(tw_symbols_count(symbols), 3);
    }
    assert_int_equal(tw_symbols_find(symbols, tw_slice_of("AAP")), TW_SYMBOL_NONE);
    assert_int_equal(tw_symbols_find(symbols, tw_slice_of("AAPL2")), TW_SYMBOL_NONE);
    tw_symbol symbol = 77;
    assert_int_equal(tw_symbols_intern(symbols, tw_slice_of("MSFT"), &symbol), TW_FULL);
    assert_int_equal(symbol, 77);
    assert_int_equal(tw_symbols_find(symbols, tw_slice_of("MSFT")), TW_SYMBOL_NONE);
}

static void test_names_are_checked(void **state) {
    (void)state;
    TW_AUTO(tw_symbols) *symbols = NULL;
    assert_int_equal(tw_symbols_new(NULL, 16, &symbols), TW_OK);
    tw_symbol symbol = 77;
    const char *const bad[] = {"",
                               "A B",
                               "A,B",
                               "A\n",
                               "A'",
                               "A\"",
                               "A&B",
                               "A:B",
                               "A\\",
                               "\xC3\xA9",
                               "12345678901234567890123456789012"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(tw_symbols_intern(symbols, tw_slice_of(bad[i]), &symbol), TW_INVALID);
        assert_int_equal(tw_symbols_find(symbols, tw_slice_of(bad[i])), TW_SYMBOL_NONE);
    }
    assert_int_equal(tw_symbols_intern(symbols, (tw_slice){"A\0", 2}, &symbol), TW_INVALID);
    assert_int_equal(tw_symbols_intern(symbols, (tw_slice){NULL, 0}, &symbol), TW_INVALID);
    assert_int_equal(symbol, 77);
    const char *const good[] = {
        "1234567890123456789012345678901", "aA0./-_=^", "^GSPC", "ES=F", "AAC+", "A-A#*$%!@~"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(tw_symbols_intern(symbols, tw_slice_of(good[i]), &symbol), TW_OK);
        assert_string_equal(tw_symbols_name(symbols, symbol), good[i]);
    }
}

static void test_many_symbols_up_to_the_limit(void **state) {
    (void)state;
    enum { LIMIT = 20000 };
    TW_AUTO(tw_symbols) *symbols = NULL;
    assert_int_equal(tw_symbols_new(NULL, LIMIT, &symbols), TW_OK);
    char name[TW_SYMBOL_NAME_SIZE];
    tw_symbol symbol = 0;
    for (uint32_t i = 0; i < LIMIT; i++) {
        snprintf(name, sizeof name, "S%u", i);
        assert_int_equal(tw_symbols_intern(symbols, tw_slice_of(name), &symbol), TW_OK);
        assert_int_equal(symbol, i);
    }
    for (uint32_t i = 0; i < LIMIT; i++) {
        snprintf(name, sizeof name, "S%u", i);
        assert_int_equal(tw_symbols_find(symbols, tw_slice_of(name)), i);
    }
    assert_int_equal(tw_symbols_intern(symbols, tw_slice_of("X"), &symbol), TW_FULL);
}

static void test_full_tables_tell_known_names_from_their_beginnings(void **state) {
    (void)state;
    for (uint32_t limit = 1; limit <= 4; limit++) {
        for (char letter = 'A'; letter <= 'Z'; letter++) {
            TW_AUTO(tw_symbols) *symbols = NULL;
            assert_int_equal(tw_symbols_new(NULL, limit, &symbols), TW_OK);
            for (uint32_t i = 0; i < limit; i++) {
                const char name[] = {letter, (char)('0' + i), 0};
                tw_symbol symbol = 0;
                assert_int_equal(tw_symbols_intern(symbols, tw_slice_of(name), &symbol), TW_OK);
                assert_int_equal(symbol, i);
            }
            assert_int_equal(tw_symbols_find(symbols, (tw_slice){&letter, 1}), TW_SYMBOL_NONE);
            assert_int_equal(tw_symbols_find(symbols, tw_slice_of("none")), TW_SYMBOL_NONE);
        }
    }
}

typedef struct shared_table {
    tw_symbols *symbols;
    _Atomic bool wrong;
} shared_table;

static void *read_while_added(void *context) {
    shared_table *shared = context;
    uint32_t count = 0;
    while (count < 5000) {
        count = tw_symbols_count(shared->symbols);
        if (count == 0)
            continue;
        const char *name = tw_symbols_name(shared->symbols, count - 1);
        char expected[TW_SYMBOL_NAME_SIZE];
        snprintf(expected, sizeof expected, "S%u", count - 1);
        tw_symbol found = tw_symbols_find(shared->symbols, tw_slice_of(expected));
        if (strcmp(name, expected) != 0 || (found != count - 1 && found != TW_SYMBOL_NONE))
            atomic_store(&shared->wrong, true);
    }
    return NULL;
}

static void test_readers_see_whole_names_while_one_thread_adds(void **state) {
    (void)state;
    shared_table shared = {.symbols = NULL};
    assert_int_equal(tw_symbols_new(NULL, 5000, &shared.symbols), TW_OK);
    pthread_t reader;
    assert_int_equal(pthread_create(&reader, NULL, read_while_added, &shared), 0);
    for (uint32_t i = 0; i < 5000; i++) {
        char name[TW_SYMBOL_NAME_SIZE];
        tw_symbol symbol = 0;
        snprintf(name, sizeof name, "S%u", i);
        assert_int_equal(tw_symbols_intern(shared.symbols, tw_slice_of(name), &symbol), TW_OK);
    }
    pthread_join(reader, NULL);
    assert_false(atomic_load(&shared.wrong));
    tw_symbols_free(shared.symbols);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_symbols) *symbols = NULL;
    tw_symbol symbol = 0;
    tw_status status = tw_symbols_new(allocator, 10, &symbols);
    return status == TW_OK ? tw_symbols_intern(symbols, tw_slice_of("A"), &symbol) : status;
}

static void test_nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
    tw_symbols_free(NULL);
}

static void test_words_are_the_field_s_both_ways(void **state) {
    (void)state;
    const char *const statuses[] = {
        "pending_new", "new",       "partially_filled", "pending_cancel", "pending_replace",
        "held",        "suspended", "unknown",          "filled",         "canceled",
        "expired",     "rejected",  "replaced",         "done_for_day"};
    for (int i = 0; i <= TW_ORDER_DONE_FOR_DAY; i++) {
        tw_order_status status = TW_ORDER_NEW;
        assert_string_equal(tw_order_status_name((tw_order_status)i), statuses[i]);
        assert_int_equal(tw_order_status_parse(tw_slice_of(statuses[i]), &status), TW_OK);
        assert_int_equal(status, i);
        assert_int_equal(tw_order_status_is_final(status), i >= TW_ORDER_FILLED);
    }
    const char *const types[] = {"market", "limit", "stop", "stop_limit", "trailing_stop"};
    for (int i = 0; i <= TW_ORDER_TRAILING_STOP; i++) {
        tw_order_type type = TW_ORDER_MARKET;
        assert_string_equal(tw_order_type_name((tw_order_type)i), types[i]);
        assert_int_equal(tw_order_type_parse(tw_slice_of(types[i]), &type), TW_OK);
        assert_int_equal(type, i);
    }
    const char *const times[] = {"day", "gtc", "ioc", "fok", "opg", "cls"};
    for (int i = 0; i <= TW_AT_CLOSE; i++) {
        tw_time_in_force time_in_force = TW_DAY;
        assert_string_equal(tw_time_in_force_name((tw_time_in_force)i), times[i]);
        assert_int_equal(tw_time_in_force_parse(tw_slice_of(times[i]), &time_in_force), TW_OK);
        assert_int_equal(time_in_force, i);
    }
    tw_side side = TW_SIDE_NONE;
    assert_string_equal(tw_side_name(TW_SIDE_NONE), "none");
    assert_int_equal(tw_side_parse(tw_slice_of("buy"), &side), TW_OK);
    assert_int_equal(side, TW_SIDE_BUY);
    assert_int_equal(tw_side_parse(tw_slice_of("sell"), &side), TW_OK);
    assert_int_equal(side, TW_SIDE_SELL);
}

static void test_other_words_are_refused_and_other_numbers_named_so(void **state) {
    (void)state;
    const char *const bad[] = {"", "Buy", "none", "buys", "limi", "GTC", "?"};
    tw_side side = TW_SIDE_BUY;
    tw_order_type type = TW_ORDER_STOP;
    tw_time_in_force time_in_force = TW_AT_OPEN;
    tw_order_status status = TW_ORDER_HELD;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tw_slice text = tw_slice_of(bad[i]);
        assert_int_equal(tw_side_parse(text, &side), TW_PARSE);
        assert_int_equal(tw_order_type_parse(text, &type), TW_PARSE);
        assert_int_equal(tw_time_in_force_parse(text, &time_in_force), TW_PARSE);
        assert_int_equal(tw_order_status_parse(text, &status), TW_PARSE);
    }
    assert_int_equal(side, TW_SIDE_BUY);
    int strange = 99;
    assert_string_equal(tw_side_name((tw_side)strange), "?");
    assert_string_equal(tw_order_type_name((tw_order_type)-strange), "?");
    assert_string_equal(tw_time_in_force_name((tw_time_in_force)strange), "?");
    assert_string_equal(tw_order_status_name((tw_order_status)strange), "?");
    assert_false(tw_order_status_is_final((tw_order_status)strange));
}

static void test_timeframes_are_read_in_both_spellings(void **state) {
    (void)state;
    const struct {
        const char *text;
        int64_t ns;
        const char *name;
        const char *alpaca;
    } cases[] = {
        {"1s", TW_NS_PER_SECOND, "1s", ""},
        {"5s", 5 * TW_NS_PER_SECOND, "5s", ""},
        {"1m", TW_NS_PER_MINUTE, "1m", "1Min"},
        {"1Min", TW_NS_PER_MINUTE, "1m", "1Min"},
        {"5T", 5 * TW_NS_PER_MINUTE, "5m", "5Min"},
        {"15m", 15 * TW_NS_PER_MINUTE, "15m", "15Min"},
        {"59Min", 59 * TW_NS_PER_MINUTE, "59m", "59Min"},
        {"1Hour", TW_NS_PER_HOUR, "1h", "1Hour"},
        {"4h", 4 * TW_NS_PER_HOUR, "4h", "4Hour"},
        {"23H", 23 * TW_NS_PER_HOUR, "23h", "23Hour"},
        {"1D", TW_NS_PER_DAY, "1d", "1Day"},
        {"1Day", TW_NS_PER_DAY, "1d", "1Day"},
        {"1d", TW_NS_PER_DAY, "1d", "1Day"},
        {"1w", 7 * TW_NS_PER_DAY, "1w", "1Week"},
        {"1Week", 7 * TW_NS_PER_DAY, "1w", "1Week"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ns = 0;
        char buffer[16];
        assert_int_equal(tw_timeframe_parse(tw_slice_of(cases[i].text), &ns), TW_OK);
        assert_true(ns == cases[i].ns);
        assert_int_equal(tw_timeframe_format(ns, buffer), strlen(cases[i].name));
        assert_string_equal(buffer, cases[i].name);
        assert_int_equal(tw_timeframe_format_alpaca(ns, buffer), strlen(cases[i].alpaca));
        assert_string_equal(buffer, cases[i].alpaca);
    }
    int64_t ns = 7;
    const char *const bad[] = {"", "m", "5", "1M", "1Month", "1 m", "-1m", "1.5h", "1min", "1mm"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(tw_timeframe_parse(tw_slice_of(bad[i]), &ns), TW_PARSE);
    const char *const beyond[] = {"0m", "60s", "60m", "24h", "2d", "2w", "99999999999999999999m"};
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++)
        assert_int_equal(tw_timeframe_parse(tw_slice_of(beyond[i]), &ns), TW_RANGE);
    assert_int_equal(ns, 7);
}

static void test_notional_rounds_to_even_and_tells_overflow(void **state) {
    (void)state;
    tw_money money = {7};
    assert_int_equal(tw_notional((tw_price){150250000000}, (tw_quantity){10 * TW_NANO}, &money),
                     TW_OK);
    assert_true(money.nano == INT64_C(1502500000000));
    assert_int_equal(tw_notional((tw_price){1}, (tw_quantity){TW_NANO / 2}, &money), TW_OK);
    assert_int_equal(money.nano, 0); /* half a nano: to even */
    assert_int_equal(tw_notional((tw_price){3}, (tw_quantity){-TW_NANO / 2}, &money), TW_OK);
    assert_int_equal(money.nano, -2);
    assert_int_equal(
        tw_notional((tw_price){100000 * TW_NANO}, (tw_quantity){100000 * TW_NANO}, &money),
        TW_OVERFLOW);
    assert_int_equal(money.nano, -2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_has_one_index_and_an_index_its_name),
        cmocka_unit_test(test_names_are_checked),
        cmocka_unit_test(test_many_symbols_up_to_the_limit),
        cmocka_unit_test(test_full_tables_tell_known_names_from_their_beginnings),
        cmocka_unit_test(test_readers_see_whole_names_while_one_thread_adds),
        cmocka_unit_test(test_nothing_is_left_when_memory_runs_out),
        cmocka_unit_test(test_words_are_the_field_s_both_ways),
        cmocka_unit_test(test_other_words_are_refused_and_other_numbers_named_so),
        cmocka_unit_test(test_timeframes_are_read_in_both_spellings),
        cmocka_unit_test(test_notional_rounds_to_even_and_tells_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
