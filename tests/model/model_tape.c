/*
 * model_tape.c - many rows at a time against one at a time, over good, unusual, bad and broken
 * files; and the writer against rows put together from the house's slow words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "tape_model.h"
#include "tradewind/time.h"

enum { FILE_COUNT = 1500, TEXT_SIZE = 1 << 16 };

typedef struct text_file {
    char path[64];
    int fd;
} text_file;

/* SplitMix64. */
static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static const char *one_of(uint64_t *seed, const char *const *words, size_t count) {
    return words[next_random(seed) % count];
}

#define ONE_OF(seed, ...)                            \
    one_of(seed, (const char *const[]){__VA_ARGS__}, \
           sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static text_file make_file(const char *text, size_t size, bool packed) {
    static uint8_t bytes[2 * TEXT_SIZE];
    text_file file = {.fd = memfd_create("tape", MFD_CLOEXEC)};
    assert_true(file.fd >= 0);
    if (packed) {
        z_stream stream = {0};
        assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
                         Z_OK);
        stream.next_in = (Bytef *)(uintptr_t)text;
        stream.avail_in = (uInt)size;
        stream.next_out = bytes;
        stream.avail_out = sizeof bytes;
        assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
        size = sizeof bytes - stream.avail_out;
        assert_int_equal(deflateEnd(&stream), Z_OK);
    }
    assert_int_equal(write(file.fd, packed ? (const void *)bytes : text, size), size);
    snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.fd);
    return file;
}

/* ---- files --------------------------------------------------------------------------------- */

static void put_number(tw_text *text, uint64_t *seed) {
    static const unsigned scales[] = {0, 1, 2, 2, 2, 8, 9, 10, 12};
    uint64_t kind = next_random(seed) % 24;
    if (kind < 2) {
        tw_text_append_string(
            text, ONE_OF(seed, "", "0", "-1", "+1", "1e3", "1.5E-2", ".5", "5.", "nan", "007.50",
                         "9223372036", "9223372036.854775807", "9223372035.999999999", "12 ", " 12",
                         "9223372036.854775808", "99999999999", "0.000000001", "0.0000000004",
                         "123456789.123456789", "1.2.3", "1,", "00000000000000000000001.5",
                         "12345678.12345678", "0.1234567891", "1\0" /* ends here */));
        return;
    }
    uint64_t whole = next_random(seed) >> (34 + next_random(seed) % 30);
    tw_text_append_u64(text, kind < 3 ? next_random(seed) : whole);
    unsigned scale = scales[next_random(seed) % (sizeof scales / sizeof scales[0])];
    if (scale > 0)
        tw_text_append_char(text, '.');
    for (unsigned i = 0; i < scale; i++)
        tw_text_append_char(text, (char)('0' + next_random(seed) % 10));
}

static void put_time(tw_text *text, uint64_t *seed, int64_t *time_ns) {
    uint64_t kind = next_random(seed) % 40;
    *time_ns += (int64_t)(next_random(seed) % 3);
    if (kind == 0)
        tw_text_append_string(text, ONE_OF(seed, "", "-5", "0", "9223372036854775807",
                                           "9223372036854775808", "1.5", "00000000000000000000017",
                                           "99999999999999999999", "12:30", " 7"));
    else
        tw_text_append_i64(text, *time_ns - (kind == 1 ? 4 : 0));
}

static void put_symbol(tw_text *text, uint64_t *seed) {
    tw_text_append_string(text, next_random(seed) % 30 == 0
                                    ? ONE_OF(seed, "", " A", "A ", "A\"", "\"A\"", "A B",
                                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
                                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345")
                                    : ONE_OF(seed, "A", "AA", "MSFT", "BRK.B", "SEVEN77",
                                             "BTC/USDT", "BTC-PERP_X", "AAPL240119C00190000", "B"));
}

static void put_trade_line(tw_text *text, uint64_t *seed, bool full, int64_t *time_ns) {
    put_time(text, seed, time_ns);
    tw_text_append_char(text, ',');
    put_symbol(text, seed);
    tw_text_append_char(text, ',');
    put_number(text, seed);
    tw_text_append_char(text, ',');
    put_number(text, seed);
    tw_text_append_string(text, next_random(seed) % 20 == 0
                                    ? ONE_OF(seed, "", ",X", ",B ", ",b", ",BS", ",\"B\"")
                                    : ONE_OF(seed, ",B", ",S", ","));
    if (!full)
        return;
    tw_text_append_string(text, ONE_OF(seed, ",", ",1", ",18446744073709551615", ",71", ",x",
                                       ",18446744073709551616", ",00000000000000000007"));
    tw_text_append_string(text,
                          ONE_OF(seed, ",,", ",V,A", ",Q,C", ",V,", ", ,A", ",VV,A", ",V,\x7f"));
    tw_text_append_string(text, ONE_OF(seed, ",", ",@", ",@ I", ", ", ",  TI", ",ABCDE", ",ABCDEF",
                                       ",\"", ",@,I", ",\xc3\xa4"));
}

static void put_bar_line(tw_text *text, uint64_t *seed, size_t field_count, int64_t *time_ns) {
    put_time(text, seed, time_ns);
    tw_text_append_char(text, ',');
    put_symbol(text, seed);
    tw_text_append_string(text, ONE_OF(seed, ",1m,", ",1m,", ",5s,", ",1d,", ",1Min,", ",59m,"));
    if (next_random(seed) % 30 == 0)
        tw_text_append_string(text, ONE_OF(seed, "1x", ",", " "));
    if (next_random(seed) % 4 > 0) {
        uint64_t low = next_random(seed) % 1000;
        tw_text_append_format(text, "%llu.25,%llu.5,%llu,%llu.1", (unsigned long long)low,
                              (unsigned long long)low + 2, (unsigned long long)low,
                              (unsigned long long)low + 1);
    } else {
        for (int i = 0; i < 4; i++) {
            tw_text_append_string(text, i > 0 ? "," : "");
            put_number(text, seed);
        }
    }
    tw_text_append_char(text, ',');
    put_number(text, seed);
    if (field_count > 8)
        tw_text_append_string(text, ONE_OF(seed, ",1", ",", ",12345678901", ",-1", ",7"));
    if (field_count > 9) {
        tw_text_append_char(text, ',');
        put_number(text, seed);
    }
    if (field_count > 10)
        tw_text_append_string(text, ONE_OF(seed, ",0", ",", ",4294967295", ",4294967296", ",3"));
}

static void put_header(tw_text *text, bool trades, size_t field_count) {
    tw_slice rest = tw_slice_of(
        trades ? "ts_ns,symbol,price,size,side,id,exchange,tape,conditions"
               : "ts_ns,symbol,timeframe,open,high,low,close,volume,count,vwap,revision");
    for (size_t i = 0; i < field_count; i++) {
        tw_text_append_string(text, i > 0 ? "," : "");
        tw_text_append(text, tw_slice_split(&rest, ','));
    }
    tw_text_append_char(text, '\n');
}

static void put_lines(tw_text *text, uint64_t *seed, bool trades, size_t field_count) {
    int64_t time_ns = next_random(seed) % 4 == 0 ? 90 : INT64_C(1704067200000000000);
    size_t line_count = next_random(seed) % 200;
    for (size_t i = 0; i < line_count; i++) {
        if (trades)
            put_trade_line(text, seed, field_count == 9, &time_ns);
        else
            put_bar_line(text, seed, field_count, &time_ns);
        bool last = i + 1 == line_count && next_random(seed) % 2 == 0;
        tw_text_append_string(text, last ? ""
                                    : next_random(seed) % 30 == 0
                                        ? ONE_OF(seed, "\r\n", "\n\n", " \n", ",\n", "\t\n")
                                        : "\n");
    }
}

static void put_fraction(tw_text *text, uint64_t *seed) {
    static const unsigned counts[] = {1, 3, 7, 8, 9, 9, 9, 9, 10, 11, 12, 17, 18, 19};
    unsigned count = counts[next_random(seed) % (sizeof counts / sizeof counts[0])];
    bool tie = next_random(seed) % 4 == 0; /* 5 and nothing but zeros behind the ninth digit */
    tw_text_append_char(text, '.');
    for (unsigned i = 0; i < count; i++)
        tw_text_append_char(text, tie && i == 9  ? '5'
                                  : tie && i > 9 ? '0'
                                                 : (char)('0' + next_random(seed) % 10));
}

static void put_message_line(tw_text *text, uint64_t *seed, int64_t *second) {
    uint64_t kind = next_random(seed) % 40;
    *second += (int64_t)(next_random(seed) % 4 > 0);
    if (kind == 0)
        tw_text_append_string(text,
                              ONE_OF(seed, "", "0", "-1", "86400", "86401", "86400.0000000001",
                                     "034201", "0034201", "1e3", ".5", "5.", "34200.5x"));
    else
        tw_text_append_i64(text, *second - (kind == 1 ? 2 : 0));
    if (kind > 1 && next_random(seed) % 10 > 0)
        put_fraction(text, seed);
    bool odd = next_random(seed) % 20 == 0;
    tw_text_append_string(text, odd ? ONE_OF(seed, ",0", ",8", ",", ",11", ",6", ",7")
                                    : ONE_OF(seed, ",1", ",2", ",3", ",4", ",5", ",1", ",3"));
    odd = next_random(seed) % 20 == 0;
    tw_text_append_string(text, odd ? ONE_OF(seed, ",0", ",-1", ",", ",18446744073709551615",
                                             ",18446744073709551616", ",00000000000000000000001")
                                    : ONE_OF(seed, ",1", ",16113575", ",161135751", ",77"));
    odd = next_random(seed) % 20 == 0;
    tw_text_append_string(text, odd ? ONE_OF(seed, ",0", ",-5", ",", ",9223372036", ",9223372037")
                                    : ONE_OF(seed, ",1", ",18", ",100", ",12345"));
    odd = next_random(seed) % 20 == 0;
    tw_text_append_string(text, odd ? ONE_OF(seed, ",0", ",-1", ",1", ",2", ",92233720368547",
                                             ",92233720368548", ",58.5", ", 5")
                                    : ONE_OF(seed, ",5853300", ",999900", ",10000000", ",5"));
    odd = next_random(seed) % 20 == 0;
    tw_text_append_string(text, odd ? ONE_OF(seed, "", ",0", ",+1", ",1,", ",-2", ",1 ", ",11")
                                    : ONE_OF(seed, ",1", ",-1"));
}

static void put_bitstamp_line(tw_text *text, uint64_t *seed, int64_t *millisecond) {
    uint64_t kind = next_random(seed) % 40;
    *millisecond += (int64_t)(next_random(seed) % 300);
    tw_text_append_string(text, kind == 0 ? ONE_OF(seed, "", "0", "-1", "18446744073709551616",
                                                   " 65595247", "65595247 ", "00000000000000000007")
                                          : ONE_OF(seed, "65595247", "1", "18446744073709551615"));
    tw_text_append_char(text, ',');
    if (kind == 1)
        tw_text_append_string(text, ONE_OF(seed, "", "9223372036854", "9223372036855", "-1", "1.5",
                                           "99999999999999999999", "0", "0001430438404518"));
    else
        tw_text_append_i64(text, *millisecond - (kind == 2 ? 301 : 0));
    tw_text_append_string(text, kind == 3 ? ONE_OF(seed, ",", ",0", ",-1", ",9223372036855", ",x")
                                          : ",1430438404000");
    tw_text_append_char(text, ',');
    put_number(text, seed);
    tw_text_append_string(text, kind < 8
                                    ? ONE_OF(seed, ",0", ",", ",922337203685477580", ",-1",
                                             ",922337203685477581", ",99999999999999999999", ",1.5")
                                    : ONE_OF(seed, ",200000000", ",178855669", ",1"));
    tw_text_append_string(text, kind == 8 ? ONE_OF(seed, ",", ",create", ",createds", ", changed",
                                                   ",Created", ",modified", ",deleted ")
                                          : ONE_OF(seed, ",created", ",changed", ",deleted"));
    tw_text_append_string(text, kind == 9 ? ONE_OF(seed, "", ",", ",bi", ",bids", ", ask", ",ask,")
                                          : ONE_OF(seed, ",bid", ",ask"));
}

static void put_quote_side(tw_text *text, uint64_t *seed) {
    switch (next_random(seed) % 8) {
    case 0:
        tw_text_append_string(text, ONE_OF(seed, ",,0", ",0,0", ",,", ",0,", ",5,0", ",0,5", ",,5",
                                           ",0.0,0.00", ",-0,0", ",0.0000000001,1", ",-1,1"));
        break;
    case 1:
        tw_text_append_string(text, ",,0");
        break;
    default:
        tw_text_append_char(text, ',');
        put_number(text, seed);
        tw_text_append_char(text, ',');
        put_number(text, seed);
    }
}

static void put_quote_line(tw_text *text, uint64_t *seed, int64_t *time_ns) {
    put_time(text, seed, time_ns);
    tw_text_append_char(text, ',');
    put_symbol(text, seed);
    put_quote_side(text, seed);
    put_quote_side(text, seed);
}

static void put_order_lines(tw_text *text, uint64_t *seed, tw_tape_format format) {
    int64_t clock = format == TW_TAPE_BITSTAMP    ? INT64_C(1430438404518)
                    : format == TW_TAPE_QUOTES    ? INT64_C(1704067200000000000)
                    : next_random(seed) % 30 == 0 ? 86390
                                                  : 34200;
    size_t line_count = 1 + next_random(seed) % 200;
    for (size_t i = 0; i < line_count; i++) {
        if (format == TW_TAPE_LOBSTER_MESSAGES)
            put_message_line(text, seed, &clock);
        else if (format == TW_TAPE_BITSTAMP)
            put_bitstamp_line(text, seed, &clock);
        else
            put_quote_line(text, seed, &clock);
        bool last = i + 1 == line_count && next_random(seed) % 2 == 0;
        tw_text_append_string(text, last ? ""
                                    : next_random(seed) % 30 == 0
                                        ? ONE_OF(seed, "\r\n", "\r\n", "\n\n", " \n", "\r\r\n")
                                        : "\n");
    }
}

/* A row of a book around a price that walks; now and then something in it is wrong or unusual. */
static void put_book_line(tw_text *text, uint64_t *seed, size_t depth, int64_t middle) {
    int64_t prices[2] = {middle, middle};
    uint64_t ends[2] = {depth, depth}; /* levels of asks and bids; empty places behind them */
    for (int side = 0; side < 2; side++)
        if (next_random(seed) % 4 == 0)
            ends[side] = next_random(seed) % (depth + 1);
    bool perhaps = next_random(seed) % 3 == 0;
    for (size_t i = 0; i < 2 * depth; i++) {
        bool bid = i % 2 == 1;
        bool odd = perhaps && next_random(seed) % (2 * depth) == 0;
        tw_text_append_string(text, i > 0 ? "," : "");
        prices[bid] += (bid ? -1 : 1) * (int64_t)(1 + next_random(seed) % 400);
        if (odd)
            tw_text_append_string(
                text, ONE_OF(seed, "", "1", "1,0", "0,5", "-5,5", "x,1", "9999999999,0",
                             "-9999999999,0", "9999999999,1", "-9999999999,1", "-9999999999,00",
                             "92233720368547,9223372036", "92233720368548,9223372037", "1, 1",
                             "007,08", "5853300,1.0", "12345678901234567890123,1"));
        else if (i / 2 >= ends[bid])
            tw_text_append_string(text, bid ? "-9999999999,0" : "9999999999,0");
        else
            tw_text_append_format(text, "%lld,%llu", (long long)prices[bid],
                                  (unsigned long long)(1 + next_random(seed) % 2000));
    }
}

static void put_book_lines(tw_text *text, uint64_t *seed, size_t depth) {
    size_t line_count = 1 + next_random(seed) % 40;
    int64_t middle = 5853300;
    for (size_t i = 0; i < line_count; i++) {
        middle += (int64_t)(next_random(seed) % 201) - 100;
        put_book_line(text, seed, depth, middle);
        bool last = i + 1 == line_count && next_random(seed) % 2 == 0;
        tw_text_append_string(text, last ? ""
                                    : next_random(seed) % 20 == 0
                                        ? ONE_OF(seed, "\r\n", "\n\n", " \n", ",\n", "\r\r\n")
                                        : "\n");
    }
}

/* Some bytes become others, behind the header. */
static void mutate(tw_text *text, uint64_t *seed, size_t begin) {
    static const char bytes[] = "\n\r,. \"-0959e\0ABS\x80\xff";
    for (uint64_t i = next_random(seed) % 20; i > 0 && text->size > begin; i--)
        text->data[begin + next_random(seed) % (text->size - begin)] =
            bytes[next_random(seed) % (sizeof bytes - 1)];
}

static void test_batches_are_what_single_rows_are(void **state) {
    (void)state;
    static char memory[TEXT_SIZE];
    static const size_t line_sizes[] = {96, 256, 4096, 65536};
    static const size_t trade_fields[] = {5, 5, 9};
    static const size_t bar_fields[] = {8, 9, 10, 10, 11};
    uint64_t answers = 0;
    for (uint64_t seed = 1; seed <= FILE_COUNT; seed++) {
        uint64_t draw = seed;
        bool trades = next_random(&draw) % 2 == 0;
        size_t field_count =
            trades ? trade_fields[next_random(&draw) % 3] : bar_fields[next_random(&draw) % 5];
        tw_text text = tw_text_over(memory, sizeof memory);
        put_header(&text, trades, field_count);
        size_t begin = text.size;
        put_lines(&text, &draw, trades, field_count);
        if (seed % 3 == 0)
            mutate(&text, &draw, begin);
        text_file file = make_file(text.data, text.size, seed % 4 == 0);
        tw_tape_config config = {.path = file.path,
                                 .line_size_max = line_sizes[next_random(&draw) % 4],
                                 .format = trades ? TW_TAPE_TRADES : TW_TAPE_BARS};
        answers += tape_model_run(&config, seed);
        assert_int_equal(close(file.fd), 0);
    }
    assert_true(answers > 10 * FILE_COUNT);
}

static void test_batches_of_events_and_quotes_are_what_single_ones_are(void **state) {
    (void)state;
    static char memory[TEXT_SIZE];
    static const size_t line_sizes[] = {96, 256, 4096, 65536};
    static const tw_tape_format formats[] = {TW_TAPE_LOBSTER_MESSAGES, TW_TAPE_BITSTAMP,
                                             TW_TAPE_QUOTES};
    uint64_t answers = 0;
    for (uint64_t seed = 1; seed <= 2 * FILE_COUNT; seed++) {
        uint64_t draw = seed + 1000000;
        tw_tape_format format = formats[seed % 3];
        tw_text text = tw_text_over(memory, sizeof memory);
        if (format == TW_TAPE_BITSTAMP)
            tw_text_append_string(
                &text, "id,timestamp,exchange.timestamp,price,volume,action,direction\n");
        if (format == TW_TAPE_QUOTES)
            tw_text_append_string(&text, "ts_ns,symbol,bid_price,bid_size,ask_price,ask_size\n");
        size_t begin = text.size;
        put_order_lines(&text, &draw, format);
        if (seed % 4 == 0)
            mutate(&text, &draw, begin);
        text_file file = make_file(text.data, text.size, seed % 5 == 0);
        tw_tape_config config = {.path = file.path,
                                 .line_size_max = line_sizes[next_random(&draw) % 4],
                                 .midnight_ns = INT64_C(1340251200000000000),
                                 .format = (uint8_t)format,
                                 .symbol = 3};
        answers += tape_model_run(&config, seed);
        assert_int_equal(close(file.fd), 0);
    }
    assert_true(answers > 10 * FILE_COUNT);
}

static void test_book_rows_are_what_their_text_says(void **state) {
    (void)state;
    static char memory[TEXT_SIZE];
    static const size_t depths[] = {1, 2, 3, 10, 20, 50};
    uint64_t rows = 0;
    for (uint64_t seed = 1; seed <= 2 * FILE_COUNT; seed++) {
        uint64_t draw = seed + 2000000;
        size_t depth = depths[next_random(&draw) % 6];
        tw_text text = tw_text_over(memory, sizeof memory);
        put_book_line(&text, &draw, depth, 5853300);
        tw_text_append_char(&text, '\n');
        size_t begin = text.size;
        put_book_lines(&text, &draw, depth);
        if (seed % 4 == 0)
            mutate(&text, &draw, begin);
        text_file file = make_file(text.data, text.size, seed % 5 == 0);
        tw_tape_config config = {.path = file.path,
                                 .line_size_max = next_random(&draw) % 2 == 0 ? 1700 : 8192,
                                 .format = TW_TAPE_LOBSTER_BOOK};
        rows += tape_model_run_book(&config);
        assert_int_equal(close(file.fd), 0);
    }
    assert_true(rows > 10 * FILE_COUNT);
}

/* ---- the writer ---------------------------------------------------------------------------- */

static tw_status gather(void *context, tw_slice bytes, tw_error *error) {
    (void)error;
    tw_text_append(context, bytes);
    return TW_OK;
}

static int64_t some_nano(uint64_t *seed) {
    static const int64_t steps[] = {1, 10, 1000, 10000000, 100000000, 1000000000};
    int64_t step = steps[next_random(seed) % 6];
    int64_t nano = (int64_t)(next_random(seed) >> (1 + next_random(seed) % 62));
    return nano < step ? step : nano / step * step;
}

static void slow_decimal(tw_text *text, int64_t nano) {
    char number[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(nano, number);
    tw_text_append_char(text, ',');
    tw_text_append_string(text, number);
}

static void slow_trade(tw_text *text, const tw_symbols *symbols, const tw_trade *trade) {
    tw_text_append_i64(text, trade->time_ns);
    tw_text_append_format(text, ",%s", tw_symbols_name(symbols, trade->symbol));
    slow_decimal(text, trade->price.nano);
    slow_decimal(text, trade->quantity.nano);
    tw_text_append_string(text, trade->side == 0 ? ",," : trade->side == 1 ? ",B," : ",S,");
    if (trade->id != 0)
        tw_text_append_u64(text, trade->id);
    tw_text_append_format(text, ",%.1s,%.1s,%.5s\n", &trade->exchange, &trade->tape,
                          trade->conditions);
}

static void slow_bar(tw_text *text, const tw_symbols *symbols, const tw_bar *bar) {
    char timeframe[16];
    tw_timeframe_format(bar->timeframe_ns, timeframe);
    tw_text_append_i64(text, bar->time_ns);
    tw_text_append_format(text, ",%s,%s", tw_symbols_name(symbols, bar->symbol), timeframe);
    slow_decimal(text, bar->open.nano);
    slow_decimal(text, bar->high.nano);
    slow_decimal(text, bar->low.nano);
    slow_decimal(text, bar->close.nano);
    slow_decimal(text, bar->volume.nano);
    tw_text_append_format(text, ",%llu", (unsigned long long)bar->count);
    slow_decimal(text, bar->vwap.nano);
    tw_text_append_format(text, ",%lu\n", (unsigned long)bar->revision);
}

enum { ROW_COUNT = 60 };

typedef struct rows {
    tw_symbols *symbols;
    tw_trade trades[ROW_COUNT];
    tw_bar bars[ROW_COUNT];
} rows;

static void make_rows(rows *made, uint64_t *seed) {
    static const char *const names[] = {"A", "MSFT", "BTC/USDT", "ABCDEFGHIJKLMNOPQRSTUVWXYZ01234"};
    static const char *const conditions[] = {"", "@", " ", "@ I", "ABCDE"};
    static const int64_t frames[] = {TW_NS_PER_SECOND, TW_NS_PER_MINUTE, TW_NS_PER_DAY};
    assert_int_equal(tw_symbols_new(NULL, 16, &made->symbols), TW_OK);
    int64_t time_ns = next_random(seed) % 2 == 0 ? -40 : INT64_C(1704067200000000000);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        tw_symbol symbol = 0;
        assert_int_equal(
            tw_symbols_intern(made->symbols, tw_slice_of(names[next_random(seed) % 4]), &symbol),
            TW_OK);
        time_ns += 1 + (int64_t)(next_random(seed) % 100);
        tw_trade *trade = &made->trades[i];
        *trade = (tw_trade){.time_ns = time_ns,
                            .price.nano = some_nano(seed),
                            .quantity.nano = some_nano(seed),
                            .id = next_random(seed) >> (next_random(seed) % 64),
                            .symbol = symbol,
                            .side = (uint8_t)(next_random(seed) % 3),
                            .exchange = "\0VQ"[next_random(seed) % 3],
                            .tape = "\0ABC"[next_random(seed) % 4]};
        const char *codes = conditions[next_random(seed) % 5];
        memcpy(trade->conditions, codes, strlen(codes));
        int64_t a = some_nano(seed);
        int64_t b = some_nano(seed);
        made->bars[i] = (tw_bar){.time_ns = time_ns,
                                 .timeframe_ns = frames[next_random(seed) % 3],
                                 .open.nano = a,
                                 .high.nano = a > b ? a : b,
                                 .low.nano = a < b ? a : b,
                                 .close.nano = b,
                                 .vwap.nano = some_nano(seed),
                                 .volume.nano = some_nano(seed) - 1,
                                 .count = next_random(seed) >> (next_random(seed) % 64),
                                 .symbol = symbol,
                                 .revision = (uint32_t)(next_random(seed) >> 40)};
    }
}

/* Writes the rows with a buffer so small that the sink is called often. */
static void write_rows(const rows *made, bool trades, tw_text *text) {
    tw_tape_writer_config config = {.sink = gather,
                                    .context = text,
                                    .buffer_size = TW_TAPE_BUFFER_SIZE_MIN,
                                    .format = trades ? TW_TAPE_TRADES : TW_TAPE_BARS,
                                    .full = true};
    TW_AUTO(tw_tape_writer) *writer = NULL;
    assert_int_equal(tw_tape_writer_new(&config, &writer, NULL), TW_OK);
    assert_int_equal(
        trades ? tw_tape_writer_put_trades(writer, made->symbols, made->trades, ROW_COUNT, NULL)
               : tw_tape_writer_put_bars(writer, made->symbols, made->bars, ROW_COUNT, NULL),
        TW_OK);
    assert_int_equal(tw_tape_writer_flush(writer, NULL), TW_OK);
    assert_false(text->truncated);
}

/* Reads all rows back, into the same table of symbols. */
static void read_rows(rows *read, bool trades, tw_slice text) {
    text_file file = make_file(text.data, text.size, false);
    tw_tape_config config = {.path = file.path,
                             .symbols = read->symbols,
                             .line_size_max = 400,
                             .format = trades ? TW_TAPE_TRADES : TW_TAPE_BARS};
    TW_AUTO(tw_tape) *tape = NULL;
    tw_error error = {0};
    tw_status status = tw_tape_open(&config, &tape, &error);
    size_t total = 0;
    while (status == TW_OK && total < ROW_COUNT) {
        size_t count = 0;
        status =
            trades
                ? tw_tape_next_trades(tape, read->trades + total, ROW_COUNT - total, &count, &error)
                : tw_tape_next_bars(tape, read->bars + total, ROW_COUNT - total, &count, &error);
        total += count;
    }
    if (status != TW_OK)
        fail_msg("%s", error.message);
    assert_int_equal(close(file.fd), 0);
}

static void check_written(uint64_t seed, bool trades) {
    static char written_memory[TEXT_SIZE];
    static char slow_memory[TEXT_SIZE];
    static rows made;
    static rows read;
    memset(&made, 0, sizeof made);
    memset(&read, 0, sizeof read);
    make_rows(&made, &seed);
    tw_text written = tw_text_over(written_memory, sizeof written_memory);
    tw_text slow = tw_text_over(slow_memory, sizeof slow_memory);
    write_rows(&made, trades, &written);
    put_header(&slow, trades, trades ? 9 : 11);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (trades)
            slow_trade(&slow, made.symbols, &made.trades[i]);
        else
            slow_bar(&slow, made.symbols, &made.bars[i]);
    }
    assert_false(slow.truncated);
    assert_string_equal(written.data, slow.data);
    read.symbols = made.symbols;
    read_rows(&read, trades, tw_text_slice(&written));
    if (trades)
        assert_memory_equal(read.trades, made.trades, sizeof made.trades);
    else
        assert_memory_equal(read.bars, made.bars, sizeof made.bars);
    tw_text_clear(&slow);
    write_rows(&read, trades, &slow);
    assert_string_equal(slow.data, written.data);
    tw_symbols_free(made.symbols);
}

static void test_what_is_written_reads_back_and_is_the_same_bytes_again(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        check_written(seed, true);
        check_written(seed, false);
    }
}

static size_t read_quotes(const char *path, tw_symbols *symbols, tw_quote *ret_quotes) {
    tw_tape_config config = {.path = path, .symbols = symbols, .format = TW_TAPE_QUOTES};
    TW_AUTO(tw_tape) *tape = NULL;
    size_t count = 0;
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    assert_int_equal(tw_tape_next_quotes(tape, ret_quotes, ROW_COUNT, &count, NULL), TW_OK);
    return count;
}

static void write_quotes(const rows *made, const tw_quote *quotes, tw_text *text) {
    tw_tape_writer_config config = {.sink = gather,
                                    .context = text,
                                    .buffer_size = TW_TAPE_BUFFER_SIZE_MIN,
                                    .format = TW_TAPE_QUOTES};
    TW_AUTO(tw_tape_writer) *writer = NULL;
    assert_int_equal(tw_tape_writer_new(&config, &writer, NULL), TW_OK);
    assert_int_equal(tw_tape_writer_put_quotes(writer, made->symbols, quotes, ROW_COUNT, NULL),
                     TW_OK);
    assert_int_equal(tw_tape_writer_flush(writer, NULL), TW_OK);
    assert_false(text->truncated);
}

static void slow_side(tw_text *text, int64_t price_nano, int64_t size_nano) {
    if (size_nano == 0)
        tw_text_append_char(text, ',');
    else
        slow_decimal(text, price_nano);
    slow_decimal(text, size_nano);
}

static void test_written_quotes_read_back_and_are_the_same_bytes_again(void **state) {
    (void)state;
    static char written_memory[TEXT_SIZE];
    static char slow_memory[TEXT_SIZE];
    static rows made;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        uint64_t draw = seed + 3000000;
        tw_quote quotes[ROW_COUNT] = {{0}};
        tw_quote back[ROW_COUNT];
        tw_text written = tw_text_over(written_memory, sizeof written_memory);
        tw_text slow = tw_text_over(slow_memory, sizeof slow_memory);
        tw_text_append_string(&slow, "ts_ns,symbol,bid_price,bid_size,ask_price,ask_size\n");
        make_rows(&made, &draw);
        for (size_t i = 0; i < ROW_COUNT; i++) {
            tw_quote *quote = &quotes[i];
            quote->time_ns = made.trades[i].time_ns;
            quote->symbol = made.trades[i].symbol;
            bool bid = next_random(&draw) % 4 > 0;
            bool ask = next_random(&draw) % 4 > 0;
            quote->bid_price.nano = bid ? some_nano(&draw) : 0;
            quote->bid_size.nano = bid ? some_nano(&draw) : 0;
            quote->ask_price.nano = ask ? some_nano(&draw) : 0;
            quote->ask_size.nano = ask ? some_nano(&draw) : 0;
            tw_text_append_i64(&slow, quote->time_ns);
            tw_text_append_format(&slow, ",%s", tw_symbols_name(made.symbols, quote->symbol));
            slow_side(&slow, quote->bid_price.nano, quote->bid_size.nano);
            slow_side(&slow, quote->ask_price.nano, quote->ask_size.nano);
            tw_text_append_char(&slow, '\n');
        }
        assert_false(slow.truncated);
        write_quotes(&made, quotes, &written);
        assert_string_equal(written.data, slow.data);
        text_file file = make_file(written.data, written.size, false);
        assert_int_equal(read_quotes(file.path, made.symbols, back), ROW_COUNT);
        assert_memory_equal(back, quotes, sizeof quotes);
        assert_int_equal(close(file.fd), 0);
        tw_text_clear(&slow);
        write_quotes(&made, back, &slow);
        assert_string_equal(slow.data, written.data);
        tw_symbols_free(made.symbols);
    }
}

enum { BOOK_ROWS = 30, BOOK_DEPTH_MAX = 50 };

/* Sides of a book of any length up to what is asked for, best first. */
static size_t make_side(uint64_t *seed, bool bid, size_t depth, tw_level *levels) {
    size_t count = next_random(seed) % 3 > 0 ? depth : next_random(seed) % (depth + 1);
    int64_t units = bid ? INT64_C(50000000) : INT64_C(50000001);
    for (size_t i = 0; i < count; i++) {
        levels[i] = (tw_level){.price.nano = units * 100000,
                               .quantity.nano = (int64_t)(1 + next_random(seed) % 10000) * TW_NANO};
        units += (bid ? -1 : 1) * (int64_t)(1 + next_random(seed) % 1000000);
    }
    return count;
}

static void slow_place(tw_text *text, const tw_level *level, bool there, bool bid) {
    if (there)
        tw_text_append_format(text, "%lld,%lld,", (long long)(level->price.nano / 100000),
                              (long long)(level->quantity.nano / TW_NANO));
    else
        tw_text_append_string(text, bid ? "-9999999999,0," : "9999999999,0,");
}

static void check_book(uint64_t seed, size_t depth) {
    static char written_memory[TEXT_SIZE * 2];
    static char slow_memory[TEXT_SIZE * 2];
    tw_text written = tw_text_over(written_memory, sizeof written_memory);
    tw_text slow = tw_text_over(slow_memory, sizeof slow_memory);
    tw_tape_writer_config config = {.sink = gather,
                                    .context = &written,
                                    .buffer_size = TW_TAPE_BUFFER_SIZE_MIN,
                                    .format = TW_TAPE_LOBSTER_BOOK,
                                    .depth = (uint32_t)depth};
    TW_AUTO(tw_tape_writer) *writer = NULL;
    assert_int_equal(tw_tape_writer_new(&config, &writer, NULL), TW_OK);
    for (int row = 0; row < BOOK_ROWS; row++) {
        tw_level asks[BOOK_DEPTH_MAX];
        tw_level bids[BOOK_DEPTH_MAX];
        size_t ask_count = make_side(&seed, false, depth, asks);
        size_t bid_count = make_side(&seed, true, depth, bids);
        assert_int_equal(tw_tape_writer_put_book(writer, asks, ask_count, bids, bid_count, NULL),
                         TW_OK);
        for (size_t i = 0; i < depth; i++) {
            slow_place(&slow, &asks[i], i < ask_count, false);
            slow_place(&slow, &bids[i], i < bid_count, true);
        }
        slow.data[slow.size - 1] = '\n'; /* in place of the last comma */
    }
    assert_int_equal(tw_tape_writer_flush(writer, NULL), TW_OK);
    assert_false(slow.truncated || written.truncated);
    assert_string_equal(written.data, slow.data);
    text_file file = make_file(written.data, written.size, false);
    tw_tape_config read = {
        .path = file.path, .line_size_max = 4096, .format = TW_TAPE_LOBSTER_BOOK};
    assert_int_equal(tape_model_run_book(&read), BOOK_ROWS);
    assert_int_equal(close(file.fd), 0);
}

static void test_written_books_read_back_and_are_the_same_bytes_again(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        check_book(seed, 1);
        check_book(seed, 10);
        check_book(seed, BOOK_DEPTH_MAX);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches_are_what_single_rows_are),
        cmocka_unit_test(test_batches_of_events_and_quotes_are_what_single_ones_are),
        cmocka_unit_test(test_book_rows_are_what_their_text_says),
        cmocka_unit_test(test_written_quotes_read_back_and_are_the_same_bytes_again),
        cmocka_unit_test(test_written_books_read_back_and_are_the_same_bytes_again),
        cmocka_unit_test(test_what_is_written_reads_back_and_is_the_same_bytes_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
