/* test_alpaca_line.c - a line is what the general writers write, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alpaca_line.h"
#include "tradewind/alpaca.h"
#include "tradewind/random.h"

static void assert_decimal(int64_t nano) {
    char expected[TW_DECIMAL_TEXT_SIZE];
    char line[64];
    size_t size = tw_decimal_format(nano, expected);
    char *end = line_decimal(line, nano);
    assert_int_equal(end - line, size);
    assert_memory_equal(line, expected, size);
}

static void assert_time(int64_t time_ns) {
    char expected[TW_TIME_TEXT_SIZE];
    char line[64];
    size_t size = tw_time_format(time_ns, -1, expected);
    char *end = tw_line_time(line, time_ns);
    assert_int_equal(end - line, size + 2);
    assert_memory_equal(line + 1, expected, size);
    assert_true(line[0] == '"' && end[-1] == '"');
}

static void numbers_and_times_are_those_of_the_general_writers(void **state) {
    (void)state;
    static const int64_t edges[] = {0,
                                    1,
                                    -1,
                                    9,
                                    10,
                                    99,
                                    100,
                                    TW_NANO,
                                    -TW_NANO,
                                    TW_NANO - 1,
                                    TW_NANO / 100,
                                    TW_NANO / 10,
                                    10 * TW_NANO,
                                    INT64_MAX,
                                    INT64_MIN,
                                    INT64_MIN + 1,
                                    INT64_MIN + TW_NS_PER_DAY};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        assert_decimal(edges[i]);
        assert_time(edges[i]);
    }
    tw_random random;
    tw_random_init(&random, 7, 0);
    static const int64_t units[] = {1, 10, 1000, 100000, 10000000, 100000000, TW_NANO};
    for (int i = 0; i < 200000; i++) {
        int64_t any = (int64_t)(tw_random_below(&random, UINT64_MAX) >> (i % 63));
        int64_t unit = units[i % 7];
        assert_decimal(any / unit * unit);
        assert_decimal(-(any / unit * unit));
        assert_time(any / unit * unit);
        assert_time(-(any / unit * unit));
    }
}

static void codes_are_escaped_as_json_wants(void **state) {
    (void)state;
    for (int code = 1; code < 256; code++) {
        char memory[32];
        char line[32];
        char c = (char)code;
        tw_text text = tw_text_over(memory, sizeof memory);
        tw_text_append_json(&text, (tw_slice){&c, 1});
        char *end = tw_line_code(line, c);
        assert_int_equal(end - line, text.size);
        assert_memory_equal(line, memory, text.size);
    }
}

/* The longest record there can be, into every room from none to enough. */
static void a_record_that_does_not_fit_is_left_out_as_a_whole(void **state) {
    (void)state;
    tw_trade trade = {.time_ns = INT64_MAX,
                      .price = {INT64_MIN},
                      .quantity = {INT64_MIN},
                      .id = UINT64_MAX,
                      .side = TW_SIDE_BUY,
                      .exchange = '\x01',
                      .tape = '\x01',
                      .conditions = "\x01\x01\x01\x01",
                      .mark = 1};
    trade.conditions[4] = '\x01';
    tw_bar bar = {.time_ns = INT64_MAX,
                  .open = {INT64_MIN},
                  .high = {INT64_MIN},
                  .low = {INT64_MIN},
                  .close = {INT64_MIN},
                  .vwap = {INT64_MIN},
                  .volume = {INT64_MIN},
                  .count = UINT64_MAX};
    char whole[2][512];
    tw_text text = tw_text_over(whole[0], sizeof whole[0]);
    tw_alpaca_encode_trade(&text, &trade);
    text = tw_text_over(whole[1], sizeof whole[1]);
    tw_alpaca_encode_bar(&text, &bar);
    for (size_t room = 1; room < 512; room++) {
        for (int kind = 0; kind < 2; kind++) {
            char memory[512];
            size_t size = strlen(whole[kind]);
            memset(memory, '#', sizeof memory);
            text = tw_text_over(memory, room);
            if (kind == 0)
                tw_alpaca_encode_trade(&text, &trade);
            else
                tw_alpaca_encode_bar(&text, &bar);
            assert_int_equal(text.truncated, size >= room);
            assert_int_equal(text.size, size < room ? size : 0);
            assert_string_equal(memory, size < room ? whole[kind] : "");
            for (size_t i = room; i < sizeof memory; i++)
                assert_int_equal(memory[i], '#');
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_times_are_those_of_the_general_writers),
        cmocka_unit_test(codes_are_escaped_as_json_wants),
        cmocka_unit_test(a_record_that_does_not_fit_is_left_out_as_a_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
