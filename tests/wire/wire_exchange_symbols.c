/* wire_exchange_symbols.c - five thousand symbols in one exchange, from a count or a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange_world.h"

static tw_status open_with(const tw_exchange_config *config, tw_exchange **ret_exchange,
                           tw_error *error) {
    *ret_exchange = NULL;
    return tw_exchange_open(NULL, config, ret_exchange, error);
}

static void write_names(char path[64], const char *text) {
    snprintf(path, 64, "/tmp/tradewind-test-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void five_thousand_symbols_open_and_trade(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    config.symbols = NULL;
    config.symbol_count = 5000;
    config.history_days = 5;
    tw_exchange *exchange = NULL;
    tw_error error = {0};
    assert_int_equal(open_with(&config, &exchange, &error), TW_OK);
    assert_int_equal(tw_exchange_symbol_count(exchange), 5000);
    assert_string_equal(tw_exchange_symbol_name(exchange, 0), "AAPL");
    assert_string_equal(tw_exchange_symbol_name(exchange, 20), "ZAAA");
    assert_string_equal(tw_exchange_symbol_name(exchange, 4999), "ZHJN");
    trading_floor *floor = exchange->floor;
    assert_int_equal(
        floor_advance(floor, floor_now(floor) + 10 * TW_NS_PER_SECOND, UINT64_MAX, &error), TW_OK);
    /* Twice 2,000 a second, at the opening; in bursts. */
    assert_true(floor_event_count(floor) > 30000 && floor_event_count(floor) < 55000);
    for (tw_symbol s = 0; s < 5000; s++) {
        tw_quote quote;
        floor_quote(floor, s, &quote);
        assert_true(quote.bid_size.nano > 0 && quote.ask_size.nano > 0);
    }
    tw_book_usage usage;
    tw_book_usage_of(tw_match_book(floor_match(floor)), &usage);
    assert_true(usage.order_count >= 5000 * 70 && usage.order_count <= 5000 * 160);
    tw_exchange_close(exchange);
}

static void names_come_from_a_file_and_are_made_up_behind_it(void **state) {
    (void)state;
    char path[64];
    write_names(path, "# the first is the busiest\nSPY, QQQ\n\nBRK.B\tAAPL # and this\n");
    tw_exchange_config config = configuration();
    config.symbols = NULL;
    config.symbols_file = path;
    config.symbol_count = 6;
    tw_exchange *exchange = NULL;
    tw_error error = {0};
    assert_int_equal(open_with(&config, &exchange, &error), TW_OK);
    static const char *const names[] = {"SPY", "QQQ", "BRK.B", "AAPL", "ZAAA", "ZAAB"};
    assert_int_equal(tw_exchange_symbol_count(exchange), 6);
    for (uint32_t i = 0; i < 6; i++)
        assert_string_equal(tw_exchange_symbol_name(exchange, i), names[i]);
    tw_exchange_close(exchange);
    unlink(path);
}

static void a_file_without_names_or_that_is_none_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"", "# nothing\n\n",
                                        "A-VERY-LONG-NAME-THAT-IS-NO-SYMBOL\n"};
    for (size_t i = 0; i < 3; i++) {
        char path[64];
        write_names(path, texts[i]);
        tw_exchange_config config = configuration();
        config.symbols_file = path;
        tw_exchange *exchange = NULL;
        tw_error error = {0};
        assert_true(open_with(&config, &exchange, &error) != TW_OK);
        assert_true(error.message[0] != '\0');
        unlink(path);
    }
    tw_exchange_config config = configuration();
    tw_exchange *exchange = NULL;
    tw_error error = {0};
    config.symbols_file = "/nonexistent/names";
    assert_int_equal(open_with(&config, &exchange, &error), TW_NOT_FOUND);
    config.symbols_file = NULL;
    config.symbol_count = SYMBOL_COUNT_MAX + 1;
    assert_int_equal(open_with(&config, &exchange, &error), TW_RANGE);
}

static void the_first_symbols_are_the_busiest(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    config.symbols = NULL;
    config.symbol_count = 200;
    config.events_total = 6000.0;
    tw_exchange *exchange = NULL;
    assert_int_equal(open_with(&config, &exchange, NULL), TW_OK);
    trading_floor *floor = exchange->floor;
    assert_int_equal(
        floor_advance(floor, floor_now(floor) + 59 * TW_NS_PER_SECOND, UINT64_MAX, NULL), TW_OK);
    int64_t first = 0;
    int64_t last = 0;
    for (tw_symbol s = 0; s < 200; s++) {
        tw_bar bar;
        int64_t trades = floor_minute_now(floor, s, &bar) ? (int64_t)bar.count : 0;
        first += s < 20 ? trades : 0;
        last += s >= 180 ? trades : 0;
    }
    assert_true(first > 2 * last && last > 0);
    tw_exchange_close(exchange);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_thousand_symbols_open_and_trade),
        cmocka_unit_test(names_come_from_a_file_and_are_made_up_behind_it),
        cmocka_unit_test(a_file_without_names_or_that_is_none_is_refused),
        cmocka_unit_test(the_first_symbols_are_the_busiest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
