/*
 * test_tape_guess.c - the format of a file, by how it begins.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tape_place.h"

static const struct beginning {
    tw_tape_format format;
    size_t size; /* 0: a text */
    const char *bytes;
} beginnings[] = {
    {TW_TAPE_DBN, 8, "DBN\x03\x10\0\0\0"},
    {TW_TAPE_ITCH, 24, "\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x01\0\0\0"},
    {TW_TAPE_ITCH, 12, "\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a"},
    {TW_TAPE_ITCH, 14, "\0\x0cS\0\0\0\0\0\0\0\0\0\0O"}, /* a system event of 12 bytes */
    {TW_TAPE_BITSTAMP, 0,
     "id,timestamp,exchange.timestamp,price,volume,action,direction\n1,2,3,4,5,created,bid\n"},
    {TW_TAPE_TRADES, 0, "ts_ns,symbol,price,size,side\n"},
    {TW_TAPE_QUOTES, 0, "ts_ns,symbol,bid_price,bid_size,ask_price,ask_size\n"},
    {TW_TAPE_BARS, 0, "ts_ns,symbol,timeframe,open,high,low,close,volume\n"},
    {TW_TAPE_KRAKEN, 0, "1618678132.9: {\"event\":\"heartbeat\"}\n"},
    {TW_TAPE_KRAKEN, 0, "1618678132: [0,{}]\n"},
    {TW_TAPE_BINANCE, 0, "1723161253937085768 {\"stream\":\"btcusdt@depth\"}\n"},
    {TW_TAPE_LOBSTER_MESSAGES, 0, "34200.01,1,11,100,1000000,1\n"},
    {TW_TAPE_LOBSTER_MESSAGES, 0, "34200.01,1,11,100,1000000,1"}, /* and no more */
    {TW_TAPE_LOBSTER_BOOK, 0, "1000100,25,1000000,130\n"},
    {TW_TAPE_LOBSTER_BOOK, 0, "1000100,25,1000000,130,9999999999,0,-9999999999,0\n"},
};

enum { BEGINNING_COUNT = sizeof beginnings / sizeof beginnings[0] };

static void test_each_format_is_known_by_how_it_begins(void **state) {
    const test_place *place = *state;
    for (size_t i = 0; i < BEGINNING_COUNT; i++) {
        const struct beginning *one = &beginnings[i];
        size_t size = one->size != 0 ? one->size : strlen(one->bytes);
        write_bytes(place, one->bytes, size);
        tw_tape_format format = TW_TAPE_ROWS;
        tw_error error = {0};
        if (tw_tape_guess(place->path, NULL, &format, &error) != TW_OK)
            fail_msg("beginning %zu: %s", i, error.message);
        assert_int_equal(format, one->format);
    }
}

static void test_it_is_known_through_what_packs_it(void **state) {
    const test_place *place = *state;
    const char *text = beginnings[BEGINNING_COUNT - 1].bytes;
    uint8_t packed[512];
    write_bytes(place, packed, pack_gzip(text, strlen(text), packed, sizeof packed));
    tw_tape_format format = TW_TAPE_ROWS;
    assert_int_equal(tw_tape_guess(place->path, NULL, &format, NULL), TW_OK);
    assert_int_equal(format, TW_TAPE_LOBSTER_BOOK);
}

static tw_status guess_text(const test_place *place, const char *text, tw_error *error) {
    tw_tape_format format = TW_TAPE_ROWS;
    write_text(place, text);
    return tw_tape_guess(place->path, NULL, &format, error);
}

static void test_what_is_like_none_is_told(void **state) {
    const test_place *place = *state;
    static const char *const unlike[] = {"what is this\n", "1,2\n",      "1,2,3\n", "{\"a\":1}\n",
                                         "12 words\n",     "id,price\n", "\n",      "1: text\n"};
    for (size_t i = 0; i < sizeof unlike / sizeof unlike[0]; i++) {
        tw_error error = {0};
        assert_int_equal(guess_text(place, unlike[i], &error), TW_UNSUPPORTED);
        assert_non_null(strstr(error.message, place->path));
    }
    assert_int_equal(guess_text(place, "", NULL), TW_EMPTY);
}

static void test_what_cannot_be_read_twice_is_not_touched(void **state) {
    const test_place *place = *state;
    tw_tape_format format = TW_TAPE_ROWS;
    tw_error error = {0};
    assert_int_equal(tw_tape_guess("-", NULL, &format, &error), TW_STATE);
    assert_int_equal(tw_tape_guess(place->path, NULL, &format, &error), TW_NOT_FOUND);
    assert_int_equal(mkfifo(place->path, 0600), 0);
    assert_int_equal(tw_tape_guess(place->path, NULL, &format, &error), TW_STATE); /* or it hangs */
    assert_non_null(strstr(error.message, "only once"));
}

static tw_status guess_with(const tw_allocator *allocator, void *context) {
    const test_place *place = context;
    tw_tape_format format = TW_TAPE_ROWS;
    return tw_tape_guess(place->path, allocator, &format, NULL);
}

static void test_each_failing_allocation_is_told(void **state) {
    test_place *place = *state;
    write_text(place, beginnings[BEGINNING_COUNT - 1].bytes);
    assert_survives_failed_allocations(guess_with, place);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_each_format_is_known_by_how_it_begins),
        IN_PLACE(test_it_is_known_through_what_packs_it),
        IN_PLACE(test_what_is_like_none_is_told),
        IN_PLACE(test_what_cannot_be_read_twice_is_not_touched),
        IN_PLACE(test_each_failing_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
