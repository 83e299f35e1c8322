/*
 * model_tape.c - many lines at a time are the same as line by line, whatever stands in them.
 *
 * Seeded files: mostly as they are usually written, with every kind of oddity thrown in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tape_both.h"
#include "tradewind/random.h"

enum { FILE_COUNT = 400, ROW_COUNT_MAX = 900 };

static const char *const odd_numbers[] = {"",
                                          "0",
                                          "-1",
                                          "+1",
                                          "01",
                                          "1.",
                                          ".5",
                                          "1e3",
                                          "1.5e2",
                                          "999999999",
                                          "1000000000",
                                          "abc",
                                          "1.23456789",
                                          "1.123456789",
                                          " 1 ",
                                          "1 ",
                                          "1.0000000001",
                                          "9223372035",
                                          "0.1",
                                          "00",
                                          "1.5.5",
                                          "1,1",
                                          "\"1\"",
                                          "0.000000001",
                                          "0.0000000001",
                                          "1.99999999995",
                                          "7.12345678951",
                                          "12345678",
                                          "123456789.123456789",
                                          "nan"};
static const char *const odd_times[] = {"",
                                        "0",
                                        "-5",
                                        "9223372036854775807",
                                        "9223372036854775808",
                                        "18446744073709551616",
                                        "00012",
                                        "1704067200",
                                        "12345678",
                                        "1234567 ",
                                        "x"};
static const char *const odd_symbols[] = {"",
                                          "SYM",
                                          "ABCDEFGH",
                                          "ABCDEFGHI",
                                          "a b",
                                          "BRK.B",
                                          "BTC/USD",
                                          "x\ty",
                                          "A",
                                          "ABCDEFG",
                                          "THIS.NAME.IS.LONGER.THAN.A.SYMBOL",
                                          "Zz",
                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ01234"};
static const char *const odd_frames[] = {"", "1m", "5m", "1Min", "0m", "1d", "1x", "100s"};
static const char *const odd_ends[] = {"\n", "\n", "\n", "\r\n", ",\n", " \n", "\n\n", ""};

#define PICK(random, words) words[tw_random_below((random), sizeof(words) / sizeof((words)[0]))]

static bool rarely(tw_random *random) {
    return tw_random_below(random, 40) == 0;
}

static void put_number(tw_random *random, FILE *out) {
    if (rarely(random))
        fprintf(out, ",%s", PICK(random, odd_numbers));
    else
        fprintf(out, ",%d.%02d", 90 + (int)tw_random_below(random, 30),
                (int)tw_random_below(random, 100));
}

static void put_head(tw_random *random, FILE *out, int64_t *time_ns) {
    *time_ns += (int64_t)tw_random_below(random, 1000);
    if (rarely(random))
        fputs(PICK(random, odd_times), out);
    else
        fprintf(out, "%lld", (long long)*time_ns);
    if (rarely(random))
        fprintf(out, ",%s", PICK(random, odd_symbols));
    else
        fprintf(out, ",SYM%d", (int)tw_random_below(random, 5));
}

static void put_trade(tw_random *random, FILE *out, int64_t *time_ns) {
    put_head(random, out, time_ns);
    put_number(random, out);
    if (rarely(random))
        put_number(random, out);
    else
        fprintf(out, ",%d", 1 + (int)tw_random_below(random, 500));
    fprintf(out, ",%s", rarely(random) ? "X" : tw_random_below(random, 3) == 0 ? "" : "B");
}

static void put_bar(tw_random *random, FILE *out, int64_t *time_ns) {
    put_head(random, out, time_ns);
    fprintf(out, ",%s", rarely(random) ? PICK(random, odd_frames) : "1m");
    if (rarely(random))
        for (int i = 0; i < 4; i++)
            put_number(random, out);
    else
        fputs(",100.5,101,99.25,100", out);
    put_number(random, out);
    fprintf(out, ",%s", rarely(random) ? PICK(random, odd_numbers) : "17");
    put_number(random, out);
}

/* The same text again, with a byte in it changed, now and then. */
static void spoil(tw_random *random, int fd) {
    off_t size = lseek(fd, 0, SEEK_END);
    char byte = (char)tw_random_below(random, 256);
    if (size > 0 && tw_random_below(random, 3) == 0)
        assert_int_equal(pwrite(fd, &byte, 1, (off_t)tw_random_below(random, (uint64_t)size)), 1);
}

static void compare_a_file(uint64_t seed, tw_tape_format format) {
    tw_random random;
    tw_random_init(&random, seed, format);
    int fd = memfd_create("tape", MFD_CLOEXEC);
    assert_true(fd >= 0);
    FILE *out = fdopen(dup(fd), "w");
    assert_non_null(out);
    int64_t time_ns = 1704067200000000000;
    bool bars = format == TW_TAPE_BARS;
    bool short_header = bars && tw_random_below(&random, 8) == 0;
    fputs(!bars          ? "ts_ns,symbol,price,size,side\n"
          : short_header ? "ts_ns,symbol,timeframe,open,high,low,close,volume\n"
                         : "ts_ns,symbol,timeframe,open,high,low,close,volume,count,vwap\n",
          out);
    uint64_t rows = tw_random_below(&random, ROW_COUNT_MAX);
    for (uint64_t i = 0; i < rows; i++) {
        (bars ? put_bar : put_trade)(&random, out, &time_ns);
        fputs(rarely(&random) ? PICK(&random, odd_ends) : "\n", out);
    }
    assert_int_equal(fclose(out), 0);
    spoil(&random, fd);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    tape_both_ways(path, format, seed);
    close(fd);
}

static void test_trades_are_the_same_either_way(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= FILE_COUNT; seed++)
        compare_a_file(seed, TW_TAPE_TRADES);
}

static void test_bars_are_the_same_either_way(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= FILE_COUNT; seed++)
        compare_a_file(seed, TW_TAPE_BARS);
}

/* So that the quick way is not left out by a mistake that only costs time. */
static void test_a_usual_file_is_given_many_at_a_time(void **state) {
    (void)state;
    int fd = memfd_create("tape", MFD_CLOEXEC);
    assert_true(fd >= 0);
    FILE *out = fdopen(dup(fd), "w");
    assert_non_null(out);
    fputs("ts_ns,symbol,price,size,side\n", out);
    for (int i = 0; i < 1000; i++)
        fprintf(out, "%d,SYM%d,100.25,7,B\n", 1000000 + i, i % 3);
    assert_int_equal(fclose(out), 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    tw_symbols *symbols = NULL;
    assert_int_equal(tw_symbols_new(NULL, 8, &symbols), TW_OK);
    const tw_tape_config config = {.path = path, .symbols = symbols, .format = TW_TAPE_TRADES};
    tw_tape *tape = NULL;
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    static tw_trade trades[2000];
    size_t rows = 0;
    size_t calls = 0;
    size_t count = 0;
    for (; tw_tape_next_trades(tape, trades, 2000, &count, NULL) == TW_OK; calls++)
        rows += count;
    assert_int_equal(rows, 1000);
    assert_true(calls < 30); /* the last lines are near the end of the buffer and come alone */
    tw_tape_close(tape);
    tw_symbols_free(symbols);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trades_are_the_same_either_way),
        cmocka_unit_test(test_bars_are_the_same_either_way),
        cmocka_unit_test(test_a_usual_file_is_given_many_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
