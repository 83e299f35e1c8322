/*
 * test_tape.c - files of market data: good ones read exactly, bad ones named to the field.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "failing_heap.h"
#include "tape_place.h"
#include "tradewind/tape.h"
#include "tradewind/time.h"

/* ---- trades and bars ---- */

#define TRADES "ts_ns,symbol,price,size,side\n"

static void test_trades_are_read_exactly(void **state) {
    const test_place *place = *state;
    write_text(place, "\xef\xbb\xbf" TRADES "1704205800000000001,AAPL,187.150000001,100,B\n"
                      "1704205800000000001, BTC/USD ,42000.1234567895,0.00000001,\r\n"
                      "-5,MSFT,1e2,3,S\n");
    tw_tape *tape = open_tape(place, TW_TAPE_TRADES);
    tw_trade trade;
    assert_int_equal(tw_tape_next_trade(tape, &trade, NULL), TW_OK);
    assert_true(trade.time_ns == INT64_C(1704205800000000001));
    assert_true(trade.price.nano == INT64_C(187150000001));
    assert_true(trade.quantity.nano == 100 * TW_NANO);
    assert_int_equal(trade.side, TW_SIDE_BUY);
    assert_string_equal(tw_symbols_name(place->symbols, trade.symbol), "AAPL");
    assert_int_equal(tw_tape_next_trade(tape, &trade, NULL), TW_OK);
    assert_true(trade.price.nano == INT64_C(42000123456790)); /* half to even, at the tenth */
    assert_int_equal(trade.quantity.nano, 10);
    assert_int_equal(trade.side, TW_SIDE_NONE);
    assert_string_equal(tw_symbols_name(place->symbols, trade.symbol), "BTC/USD");
    assert_int_equal(tw_tape_next_trade(tape, &trade, NULL), TW_OK);
    assert_int_equal(trade.time_ns, -5); /* another symbol has its own time */
    assert_true(trade.price.nano == 100 * TW_NANO);
    assert_int_equal(tw_tape_next_trade(tape, &trade, NULL), TW_EMPTY);
    tw_tape_close(tape);
}

static void test_each_bad_field_of_a_trade_is_named(void **state) {
    const test_place *place = *state;
    static const struct {
        const char *line;
        tw_status status;
        uint64_t field;
    } cases[] = {
        {"1.5,AAPL,10,1,B", TW_PARSE, 1},   {"9223372036854775808,AAPL,10,1,B", TW_RANGE, 1},
        {"99,AAPL,10,1,B", TW_RANGE, 1},    {"100,,10,1,B", TW_PARSE, 2},
        {"100,AA PL,10,1,B", TW_PARSE, 2},  {"100,AAPL,nan,1,B", TW_PARSE, 3},
        {"100,AAPL,inf,1,B", TW_PARSE, 3},  {"100,AAPL,-10,1,B", TW_RANGE, 3},
        {"100,AAPL,0,1,B", TW_RANGE, 3},    {"100,AAPL,10000000000,1,B", TW_RANGE, 3},
        {"100,AAPL,,1,B", TW_PARSE, 3},     {"100,AAPL,10,-1,B", TW_RANGE, 4},
        {"100,AAPL,10,0,B", TW_RANGE, 4},   {"100,AAPL,10,1,X", TW_PARSE, 5},
        {"100,AAPL,10,1,BUY", TW_PARSE, 5}, {"100,AAPL,10,1", TW_PARSE, 4},
        {"100,AAPL,10,1,B,1", TW_PARSE, 6}, {"", TW_PARSE, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, TRADES "100,AAPL,10,1,B\n%s\n100,AAPL,11,1,\n", cases[i].line);
        write_text(place, text);
        tw_tape *tape = open_tape(place, TW_TAPE_TRADES);
        tw_trade trade;
        assert_int_equal(tw_tape_next_trade(tape, &trade, NULL), TW_OK);
        uint32_t symbols = tw_symbols_count(place->symbols);
        tw_error error = {0};
        tw_status status = tw_tape_next_trade(tape, &trade, &error);
        if (status != cases[i].status || error.line != 3 || error.column != cases[i].field)
            fail_msg("\"%s\" gave %s: %s", cases[i].line, tw_status_name(status), error.message);
        assert_int_equal(tw_symbols_count(place->symbols), symbols);
        assert_int_equal(tw_tape_next_trade(tape, &trade, NULL), TW_OK);
        assert_true(trade.price.nano == 11 * TW_NANO);
        tw_tape_close(tape);
    }
}

static void test_reports_may_go_back_and_take_trades_back(void **state) {
    const test_place *place = *state;
    write_text(place, "ts_ns,symbol,price,size,side,id,exchange,tape,conditions\n"
                      "200,A,10,1,B,7,,,\n"
                      "100,A,11,2,S,8,,,\n"
                      "200,A,,0,,7,,,\n"
                      "200,A,5,0,,,,,\n"
                      "200,A,,5,,9,,,\n"
                      "300,A,0,0,,8,,,\n");
    tw_tape_config config = {.path = place->path,
                             .symbols = place->symbols,
                             .format = TW_TAPE_TRADES,
                             .as_reported = true};
    tw_tape *tape = NULL;
    tw_trade trades[4];
    size_t count = 0;
    tw_error error = {0};
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    assert_int_equal(tw_tape_next_trades(tape, trades, 4, &count, &error), TW_OK);
    assert_int_equal(count, 3);
    assert_int_equal(trades[1].time_ns, 100);
    assert_int_equal(trades[2].id, 7);
    assert_int_equal(trades[2].quantity.nano, 0);
    assert_int_equal(tw_tape_next_trade(tape, trades, &error), TW_RANGE);
    assert_int_equal(error.column, 6);
    assert_int_equal(tw_tape_next_trade(tape, trades, &error), TW_RANGE);
    assert_int_equal(error.column, 3);
    assert_int_equal(tw_tape_next_trade(tape, trades, &error), TW_OK);
    assert_int_equal(trades[0].time_ns, 300);
    tw_tape_close(tape);
}

static void test_unknown_symbols_can_be_refused(void **state) {
    const test_place *place = *state;
    write_text(place, TRADES "100,MSFT,10,1,B\n");
    tw_tape_config config = {.path = place->path,
                             .symbols = place->symbols,
                             .format = TW_TAPE_TRADES,
                             .known_symbols_only = true};
    tw_tape *tape = NULL;
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    tw_trade trade;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_trade(tape, &trade, &error), TW_NOT_FOUND);
    assert_non_null(strstr(error.message, "MSFT"));
    tw_tape_close(tape);
}

static void test_the_table_of_symbols_has_an_end(void **state) {
    test_place *place = *state;
    FILE *file = fopen(place->path, "w");
    assert_non_null(file);
    fputs(TRADES, file);
    for (int i = 0; i < 65; i++)
        fprintf(file, "100,S%d,10,1,B\n", i);
    assert_int_equal(fclose(file), 0);
    tw_tape *tape = open_tape(place, TW_TAPE_TRADES);
    tw_trade trade;
    for (int i = 0; i < 64; i++)
        assert_int_equal(tw_tape_next_trade(tape, &trade, NULL), TW_OK);
    assert_int_equal(tw_tape_next_trade(tape, &trade, NULL), TW_FULL);
    tw_tape_close(tape);
}

#define BARS "ts_ns,symbol,timeframe,open,high,low,close,volume"

static void test_bars_are_read_with_and_without_their_extras(void **state) {
    const test_place *place = *state;
    write_text(place, BARS "\n60000000000,AAPL,1m,10,12,9,11,500\n");
    tw_tape *tape = open_tape(place, TW_TAPE_BARS);
    tw_bar bar;
    assert_int_equal(tw_tape_next_bar(tape, &bar, NULL), TW_OK);
    assert_true(bar.timeframe_ns == TW_NS_PER_MINUTE);
    assert_true(bar.high.nano == 12 * TW_NANO);
    assert_true(bar.volume.nano == 500 * TW_NANO);
    assert_int_equal(bar.count, 0);
    tw_tape_close(tape);

    write_text(place, BARS ",count,vwap\n0,AAPL,1d,10,12,9,11,500,7,10.5\n"
                           "0,AAPL,1m,10,12,9,11,0,,\n"
                           "0,AAPL,1m,10,12,9,11,0,,\n"         /* twice */
                           "60000000000,AAPL,1m,10,9,9,9,0,,\n" /* high below open */
                           "60000000000,AAPL,1x,10,9,9,9,0,,\n"
                           "60000000000,AAPL,1m,10,10,10,10,-1,,\n");
    tape = open_tape(place, TW_TAPE_BARS);
    assert_int_equal(tw_tape_next_bar(tape, &bar, NULL), TW_OK);
    assert_int_equal(bar.count, 7);
    assert_true(bar.vwap.nano == INT64_C(10500000000));
    assert_int_equal(tw_tape_next_bar(tape, &bar, NULL), TW_OK);
    tw_error error = {0};
    assert_int_equal(tw_tape_next_bar(tape, &bar, &error), TW_RANGE);
    assert_non_null(strstr(error.message, "twice"));
    assert_int_equal(tw_tape_next_bar(tape, &bar, &error), TW_RANGE);
    assert_int_equal(error.column, 5);
    assert_int_equal(tw_tape_next_bar(tape, &bar, &error), TW_PARSE);
    assert_int_equal(error.column, 3);
    assert_int_equal(tw_tape_next_bar(tape, &bar, &error), TW_RANGE);
    assert_int_equal(error.column, 8);
    assert_int_equal(tw_tape_next_bar(tape, &bar, &error), TW_EMPTY);
    tw_tape_close(tape);
}

static void test_rows_of_any_csv(void **state) {
    const test_place *place = *state;
    write_text(place, "symbol,weight\n AAPL , 0.5\n\"MSFT\",0.5\nGOOG,0.2,1\n");
    tw_tape *tape = open_tape(place, TW_TAPE_ROWS);
    size_t count;
    const tw_slice *fields = tw_tape_header(tape, &count);
    assert_int_equal(count, 2);
    assert_true(tw_slice_equal_string(fields[1], "weight"));
    assert_int_equal(tw_tape_next_row(tape, &fields, &count, NULL), TW_OK);
    assert_true(tw_slice_equal_string(fields[0], "AAPL"));
    assert_true(tw_slice_equal_string(fields[1], "0.5"));
    tw_error error = {0};
    assert_int_equal(tw_tape_next_row(tape, &fields, &count, &error), TW_PARSE);
    assert_non_null(strstr(error.message, "quoted"));
    assert_int_equal(tw_tape_next_row(tape, &fields, &count, &error), TW_PARSE);
    assert_non_null(strstr(error.message, "expected 2 fields, found 3"));
    assert_int_equal(tw_tape_next_row(tape, &fields, &count, NULL), TW_EMPTY);
    tw_tape_close(tape);
}

/* ---- files that are none ---- */

static void test_files_that_cannot_be_read(void **state) {
    const test_place *place = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/missing.csv", place->directory);
    assert_int_equal(refused(place, path, TW_TAPE_TRADES, "missing.csv"), TW_NOT_FOUND);
    assert_int_equal(refused(place, place->directory, TW_TAPE_TRADES, "directory"), TW_INVALID);
    write_text(place, "");
    assert_int_equal(refused(place, place->path, TW_TAPE_TRADES, "empty"), TW_EMPTY);
    assert_int_equal(refused(place, place->path, TW_TAPE_LOBSTER_MESSAGES, "empty"), TW_EMPTY);
    uint8_t packed[64];
    write_bytes(place, packed, pack_gzip("", 0, packed, sizeof packed));
    assert_int_equal(refused(place, place->path, TW_TAPE_TRADES, "empty"), TW_EMPTY);
    write_text(place, "time,symbol,price,size,side\n");
    assert_int_equal(refused(place, place->path, TW_TAPE_TRADES, "ts_ns,symbol,price,size,side"),
                     TW_PARSE);
    write_text(place, "ts_ns,symbol,price,size\n");
    assert_int_equal(refused(place, place->path, TW_TAPE_TRADES, "expected the header"), TW_PARSE);
}

static void test_a_file_without_permission(void **state) {
    const test_place *place = *state;
    write_text(place, TRADES);
    assert_int_equal(chmod(place->path, 0), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* as nobody: the superuser may read everything */
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        tw_tape_config config = {
            .path = place->path, .symbols = place->symbols, .format = TW_TAPE_TRADES};
        tw_tape *tape = NULL;
        _exit(tw_tape_open(&config, &tape, NULL) == TW_PERMISSION ? 0 : 1);
    }
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
}

static void test_a_line_without_end_is_refused(void **state) {
    const test_place *place = *state;
    char *text = malloc(TW_TAPE_LINE_SIZE_DEFAULT + 100);
    assert_non_null(text);
    memset(text, '1', TW_TAPE_LINE_SIZE_DEFAULT + 100);
    memcpy(text, TRADES, strlen(TRADES));
    write_bytes(place, text, TW_TAPE_LINE_SIZE_DEFAULT + 100);
    free(text);
    tw_tape *tape = open_tape(place, TW_TAPE_TRADES);
    tw_trade trade;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_trade(tape, &trade, &error), TW_PARSE);
    assert_non_null(strstr(error.message, "longer than"));
    assert_int_equal(error.line, 2);
    tw_tape_close(tape);
}

static void test_standard_input_is_a_file_too(void **state) {
    const test_place *place = *state;
    write_text(place, TRADES "100,AAPL,10,1,B\n");
    int saved = dup(STDIN_FILENO);
    int fd = open(place->path, O_RDONLY);
    assert_true(saved >= 0 && fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    tw_tape_config config = {.path = "-", .symbols = place->symbols, .format = TW_TAPE_TRADES};
    tw_tape *tape = NULL;
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    assert_true(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
    close(saved);
    close(fd);
    tw_trade trade;
    assert_int_equal(tw_tape_next_trade(tape, &trade, NULL), TW_OK);
    assert_int_equal(tw_tape_next_trade(tape, &trade, NULL), TW_EMPTY);
    tw_tape_close(tape);
}

/* ---- packed files ---- */

#define PACKED_ROWS 20000

/* Messages with times, ids and prices that do not repeat; returns a text to be freed. */
static char *many_messages(size_t *ret_size) {
    char *text = malloc(PACKED_ROWS * 64);
    assert_non_null(text);
    size_t size = 0;
    uint64_t random = 88172645463325252U;
    for (int i = 0; i < PACKED_ROWS; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size += (size_t)snprintf(text + size, 64, "%d.%09llu,1,%llu,%d,%llu,%d\n", 34200 + i,
                                 (unsigned long long)(random % 1000000000),
                                 (unsigned long long)(random >> 32) + 1, i % 500 + 1,
                                 (unsigned long long)(random % 9000000 + 1), i % 2 == 0 ? 1 : -1);
    }
    *ret_size = size;
    return text;
}

/* Reads all events; returns how many, and how it ended. */
static size_t read_events(const test_place *place, tw_tape_compression compression,
                          uint64_t *ret_sum, tw_status *ret_end, tw_error *error) {
    tw_tape *tape = open_tape(place, TW_TAPE_LOBSTER_MESSAGES);
    assert_int_equal(tw_tape_compression_of(tape), compression);
    tw_order_event event;
    size_t count = 0;
    *ret_sum = 0;
    while ((*ret_end = tw_tape_next_event(tape, &event, error)) == TW_OK) {
        count++;
        *ret_sum = *ret_sum * 31 + event.id + (uint64_t)event.price.nano + (uint64_t)event.time_ns;
    }
    tw_status again = tw_tape_next_event(tape, &event, NULL);
    assert_int_equal(again, *ret_end); /* an end is an end */
    if (*ret_end == TW_EMPTY)
        assert_true(tw_tape_tell(tape).bytes_read == tw_tape_tell(tape).bytes);
    tw_tape_close(tape);
    return count;
}

static void test_plain_gzip_and_zstd_are_the_same_tape(void **state) {
    const test_place *place = *state;
    size_t size;
    char *text = many_messages(&size);
    size_t capacity = size + 65536;
    uint8_t *packed = malloc(capacity);
    assert_non_null(packed);
    uint64_t plain;
    uint64_t sum;
    tw_status end;
    write_bytes(place, text, size);
    assert_int_equal(read_events(place, TW_TAPE_PLAIN, &plain, &end, NULL), PACKED_ROWS);
    assert_int_equal(end, TW_EMPTY);
    write_bytes(place, packed, pack_gzip(text, size, packed, capacity));
    assert_int_equal(read_events(place, TW_TAPE_GZIP, &sum, &end, NULL), PACKED_ROWS);
    assert_int_equal(end, TW_EMPTY);
    assert_true(sum == plain);
    /* Two members one after another, cut in the middle of a line, are one text. */
    size_t first = pack_gzip(text, size / 2, packed, capacity);
    first += pack_gzip(text + size / 2, size - size / 2, packed + first, capacity - first);
    write_bytes(place, packed, first);
    assert_int_equal(read_events(place, TW_TAPE_GZIP, &sum, &end, NULL), PACKED_ROWS);
    assert_true(sum == plain);
    size_t wrapped = ZSTD_compress(packed, capacity, text, size, 3);
    assert_false(ZSTD_isError(wrapped));
    write_bytes(place, packed, wrapped);
    assert_int_equal(read_events(place, TW_TAPE_ZSTD, &sum, &end, NULL), PACKED_ROWS);
    assert_int_equal(end, TW_EMPTY);
    assert_true(sum == plain);
    free(packed);
    free(text);
}

static void test_a_cut_or_damaged_pack_gives_all_before_the_fault(void **state) {
    const test_place *place = *state;
    size_t size;
    char *text = many_messages(&size);
    size_t capacity = size + 65536;
    uint8_t *packed = malloc(capacity);
    assert_non_null(packed);
    uint64_t sum;
    tw_status end;
    tw_error error = {0};
    for (int zstd = 0; zstd < 2; zstd++) {
        tw_tape_compression kind = zstd ? TW_TAPE_ZSTD : TW_TAPE_GZIP;
        size_t whole = zstd ? ZSTD_compress(packed, capacity, text, size, 3)
                            : pack_gzip(text, size, packed, capacity);
        write_bytes(place, packed, whole * 3 / 4);
        size_t count = read_events(place, kind, &sum, &end, &error);
        assert_int_equal(end, TW_TRUNCATED);
        assert_in_range(count, PACKED_ROWS / 3, PACKED_ROWS - 1);
        assert_non_null(strstr(error.message, place->path));
        assert_non_null(strstr(error.message, zstd ? "zstd" : "gzip"));
        char lines[32];
        snprintf(lines, sizeof lines, "%zu whole lines", count);
        assert_non_null(strstr(error.message, lines));
        write_bytes(place, packed, whole - 1); /* the last byte of the checksum or block */
        count = read_events(place, kind, &sum, &end, &error);
        assert_int_equal(end, TW_TRUNCATED);
        for (size_t i = 0; i < 64; i++)
            packed[whole / 2 + i] ^= 0x5a;
        write_bytes(place, packed, whole);
        count = read_events(place, kind, &sum, &end, &error);
        assert_true(end == TW_CORRUPT || end == TW_PARSE || end == TW_RANGE);
        assert_true(count < PACKED_ROWS);
    }
    size_t whole = pack_gzip(text, size, packed, capacity);
    memcpy(packed + whole, "garbage", 7);
    write_bytes(place, packed, whole + 7);
    assert_int_equal(read_events(place, TW_TAPE_GZIP, &sum, &end, &error), PACKED_ROWS);
    assert_int_equal(end, TW_CORRUPT);
    write_bytes(place, packed, 2); /* nothing but the magic */
    assert_int_equal(refused(place, place->path, TW_TAPE_LOBSTER_MESSAGES, "too early"),
                     TW_TRUNCATED);
    free(packed);
    free(text);
}

/* ---- tables ---- */

static tw_status read_table(const test_place *place, const char *text, bool positive,
                            tw_tape_table *ret_table, tw_error *error) {
    write_text(place, text);
    tw_tape_table_config config = {.path = place->path, .cell_count_max = 6, .positive = positive};
    return tw_tape_read_table(&config, ret_table, error);
}

static void test_a_wide_table_is_read_whole(void **state) {
    const test_place *place = *state;
    tw_tape_table table = {0};
    assert_int_equal(read_table(place, "date,GOOG,^GSPC\n2024-01-02,,1.5\n2024-01-03,-2e-3,\n",
                                false, &table, NULL),
                     TW_OK);
    assert_int_equal(table.row_count, 2);
    assert_int_equal(table.column_count, 2);
    assert_string_equal(table.names[1], "^GSPC");
    assert_true(table.times_ns[0] == 19724 * TW_NS_PER_DAY);
    assert_true(isnan(table.values[0]));
    assert_true(table.values[1] == 1.5);
    assert_true(table.values[2] == -2e-3);
    assert_true(isnan(table.values[3]));
    tw_tape_table_done(&table);
    assert_null(table.values);
    tw_tape_table_done(&table);
}

static void test_a_bad_table_is_named_and_not_given(void **state) {
    const test_place *place = *state;
    static const struct {
        const char *text;
        tw_status status;
        const char *words;
    } cases[] = {
        {"day,A\n2024-01-02,1\n", TW_PARSE, ":1:1: "},
        {"date\n2024-01-02\n", TW_PARSE, "at least one name"},
        {"date,A,A\n2024-01-02,1,1\n", TW_PARSE, ":1:3: the name A is there twice"},
        {"date,A,\n2024-01-02,1,1\n", TW_PARSE, ":1:3: "},
        {"date,A\n", TW_EMPTY, "no row"},
        {"date,A\n2024-02-30,1\n", TW_RANGE, ":2:1: "},
        {"date,A\n2024-01-02,1\n2024-01-02,1\n", TW_RANGE, ":3:1: dates must ascend"},
        {"date,A\n2024-01-02,1\n2024-01-01,1\n", TW_RANGE, ":3:1: dates must ascend"},
        {"date,A\n2024-01-02,inf\n", TW_PARSE, ":2:2: "},
        {"date,A\n2024-01-02,nan\n", TW_PARSE, ":2:2: "},
        {"date,A\n2024-01-02,1x\n", TW_PARSE, ":2:2: "},
        {"date,A\n2024-01-02,0\n", TW_RANGE, ":2:2: a price must be above zero"},
        {"date,A\n2024-01-02,1,2\n", TW_PARSE, ":2:3: expected 2 fields, found 3"},
        {"date,A,B,C,D,E,F,G\n2024-01-02,1,1,1,1,1,1,1\n", TW_FULL, "more than 0 rows"},
        {"date,A,B,C\n2024-01-02,1,1,1\n2024-01-03,1,1,1\n2024-01-04,1,1,1\n", TW_FULL,
         "more than 2 rows"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tw_tape_table table = {0};
        tw_error error = {0};
        tw_status status = read_table(place, cases[i].text, true, &table, &error);
        if (status != cases[i].status || strstr(error.message, cases[i].words) == NULL)
            fail_msg("case %zu gave %s: %s", i, tw_status_name(status), error.message);
        assert_null(table.values);
    }
}

/* ---- memory ---- */

static tw_status read_a_packed_tape(const tw_allocator *allocator, void *context) {
    const test_place *place = context;
    tw_tape_config config = {.path = place->path,
                             .symbols = place->symbols,
                             .allocator = allocator,
                             .format = TW_TAPE_TRADES};
    TW_AUTO(tw_tape) *tape = NULL;
    tw_status status = tw_tape_open(&config, &tape, NULL);
    tw_trade trade;
    while (status == TW_OK)
        status = tw_tape_next_trade(tape, &trade, NULL);
    return status == TW_EMPTY ? TW_OK : status;
}

/* ---- going on, and batches ---- */

static void open_at(const test_place *place, tw_tape_place start, tw_status wanted,
                    tw_tape **ret_tape) {
    tw_tape_config config = {.path = place->path,
                             .symbols = place->symbols,
                             .start = start,
                             .line_size_max = 64,
                             .format = TW_TAPE_TRADES};
    tw_error error = {0};
    tw_status status = tw_tape_open(&config, ret_tape, &error);
    if (status != wanted)
        fail_msg("at %llu: %s %s", (unsigned long long)start.offset, tw_status_name(status),
                 error.message);
}

/* From each line of the file the rest is what it was; a bad line in it is met again. */
static void check_going_on(const test_place *place) {
    enum { PLACES = 40 };
    tw_tape_place places[PLACES];
    tw_tape *tape = NULL;
    open_at(place, (tw_tape_place){0}, TW_OK, &tape);
    size_t count = 0;
    tw_status status = TW_OK;
    while (status != TW_EMPTY) {
        tw_trade trade;
        assert_true(count < PLACES);
        places[count++] = tw_tape_tell(tape).next;
        status = tw_tape_next_trade(tape, &trade, NULL);
    }
    tw_tape_close(tape);
    assert_int_equal(count, 33);
    for (size_t i = 0; i < count; i++) {
        open_at(place, places[i], TW_OK, &tape);
        assert_int_equal(tw_tape_tell(tape).line, i + 1); /* the header is a line too */
        assert_int_equal(tw_tape_line(tape).size, 0);     /* no line was read here yet */
        for (size_t j = i; j < count; j++) {
            tw_trade trade;
            tw_error error = {0};
            tw_tape_place next = tw_tape_tell(tape).next;
            assert_true(next.offset == places[j].offset);
            assert_true(next.line_count == places[j].line_count);
            status = tw_tape_next_trade(tape, &trade, &error);
            assert_int_equal(status, j + 1 == count ? TW_EMPTY : j == 20 ? TW_PARSE : TW_OK);
            if (status == TW_OK)
                assert_int_equal(trade.time_ns, 1000 + j);
            if (status == TW_PARSE)
                assert_int_equal(error.line, 22);
        }
        tw_tape_close(tape);
    }
}

static void test_reading_goes_on_where_it_stopped(void **state) {
    const test_place *place = *state;
    char text[2048] = TRADES;
    size_t size = strlen(text);
    for (int i = 0; i < 32; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%d,AAPL,%d.5,1,%s%s", 1000 + i,
                                 i + 1, i == 20 ? "bad" : "B",
                                 i == 31      ? ""
                                 : i % 5 == 0 ? "\r\n"
                                              : "\n");
    uint8_t packed[2048];
    write_bytes(place, text, size);
    check_going_on(place);
    write_bytes(place, packed, pack_gzip(text, size, packed, sizeof packed));
    check_going_on(place);
    size = ZSTD_compress(packed, sizeof packed, text, size, 3);
    assert_false(ZSTD_isError(size));
    write_bytes(place, packed, size);
    check_going_on(place);
}

static void test_a_place_at_which_no_line_begins_is_refused(void **state) {
    const test_place *place = *state;
    static const char text[] = TRADES "100,AAPL,10,1,B\n101,AAPL,10,1,B\n";
    uint8_t packed[512];
    size_t packed_size = pack_gzip(text, strlen(text), packed, sizeof packed);
    size_t header = strlen(TRADES);
    for (int kind = 0; kind < 2; kind++) {
        write_bytes(place, kind == 0 ? (const void *)text : packed,
                    kind == 0 ? strlen(text) : packed_size);
        for (size_t offset = 1; offset < strlen(text) + 3; offset++) {
            bool line = offset == header || offset == header + 16 || offset == header + 32;
            tw_tape *tape = NULL;
            open_at(place, (tw_tape_place){offset, 1}, line ? TW_OK : TW_RANGE, &tape);
            assert_true(line == (tape != NULL));
            tw_tape_close(tape);
        }
    }
    write_bytes(place, packed, packed_size - 6); /* cut within the pack's trailer and text */
    tw_tape *tape = NULL;
    open_at(place, (tw_tape_place){strlen(text) + 1, 1}, TW_TRUNCATED, &tape);
}

static void test_a_lobster_tape_goes_on_too(void **state) {
    const test_place *place = *state;
    write_text(place, "34200,1,16,18,5853300,1\n34201,1,17,18,5853300,1\n");
    tw_tape *tape = open_tape(place, TW_TAPE_LOBSTER_MESSAGES);
    assert_true(tw_tape_tell(tape).next.offset == 0); /* looked at, not used */
    assert_true(tw_tape_tell(tape).next.line_count == 0);
    tw_order_event event;
    assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_OK);
    tw_tape_place next = tw_tape_tell(tape).next;
    assert_true(next.offset == 24 && next.line_count == 1);
    tw_tape_close(tape);
    tw_tape_config config = {
        .path = place->path, .start = next, .format = TW_TAPE_LOBSTER_MESSAGES};
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_OK);
    assert_int_equal(event.id, 17);
    assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_EMPTY);
    tw_tape_close(tape);
}

static void test_rows_before_a_bad_line_come_first(void **state) {
    const test_place *place = *state;
    write_text(place, TRADES "100,AAPL,10,1,B\n101,AAPL,11,1,S\n102,AAPL,x,1,S\n103,AAPL,12,1,\n");
    tw_tape *tape = open_tape(place, TW_TAPE_TRADES);
    tw_trade trades[8];
    size_t count = 0;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_trades(tape, trades, 8, &count, &error), TW_OK);
    assert_int_equal(count, 2);
    assert_int_equal(error.status, TW_OK);
    assert_int_equal(tw_tape_tell(tape).line, 3);
    assert_true(tw_slice_equal_string(tw_tape_line(tape), "101,AAPL,11,1,S"));
    assert_int_equal(tw_tape_next_trades(tape, trades, 8, &count, &error), TW_PARSE);
    assert_int_equal(error.line, 4);
    assert_int_equal(error.column, 3);
    assert_non_null(strstr(error.message, "expected a price"));
    assert_int_equal(tw_tape_next_trades(tape, trades, 8, &count, &error), TW_OK);
    assert_int_equal(count, 1);
    assert_true(trades[0].price.nano == 12 * TW_NANO);
    assert_int_equal(tw_tape_next_trades(tape, trades, 8, &count, &error), TW_EMPTY);
    tw_tape_close(tape);
}

/* What has come is given, however much more is asked for. */
static void test_a_batch_does_not_wait_for_more(void **state) {
    const test_place *place = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    static const char text[] = TRADES "100,AAPL,10,1,B\n101,AAPL,11,1,S\n102,AA";
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    tw_tape_config config = {.path = path, .symbols = place->symbols, .format = TW_TAPE_TRADES};
    tw_tape *tape = NULL;
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    tw_trade trades[8];
    size_t count = 0;
    assert_int_equal(tw_tape_next_trades(tape, trades, 8, &count, NULL), TW_OK);
    assert_int_equal(count, 2);
    assert_int_equal(write(ends[1], "PL,12,1,S", 9), 9);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(tw_tape_next_trades(tape, trades, 8, &count, NULL), TW_OK);
    assert_int_equal(count, 1);
    assert_int_equal(tw_tape_next_trades(tape, trades, 8, &count, NULL), TW_EMPTY);
    tw_tape_close(tape);
    assert_int_equal(close(ends[0]), 0);
}

/* ---- long headers ---- */

#define TRADES_FULL "ts_ns,symbol,price,size,side,id,exchange,tape,conditions\n"

static void test_the_long_header_keeps_what_a_venue_says(void **state) {
    const test_place *place = *state;
    write_text(place, TRADES_FULL "1,AAPL,10,1,B,18446744073709551615,V,C,@ I \n"
                                  "2,AAPL,10,1,,, , ,\n"
                                  "3,AAPL,10,1,,x,V,C,@\n"
                                  "3,AAPL,10,1,,1,VV,C,@\n"
                                  "3,AAPL,10,1,,1,V,CC,@\n"
                                  "3,AAPL,10,1,,1,V,C,ABCDEF\n");
    tw_tape *tape = open_tape(place, TW_TAPE_TRADES);
    tw_trade trade;
    assert_int_equal(tw_tape_next_trade(tape, &trade, NULL), TW_OK);
    assert_true(trade.id == UINT64_MAX);
    assert_int_equal(trade.exchange, 'V');
    assert_int_equal(trade.tape, 'C');
    assert_memory_equal(trade.conditions, "@ I ", 5);
    assert_int_equal(tw_tape_next_trade(tape, &trade, NULL), TW_OK);
    assert_true(trade.id == 0 && trade.exchange == 0 && trade.tape == 0);
    assert_memory_equal(trade.conditions, "\0\0\0\0\0", 5);
    for (uint64_t field = 6; field <= 9; field++) {
        tw_error error = {0};
        assert_int_equal(tw_tape_next_trade(tape, &trade, &error), TW_PARSE);
        assert_int_equal(error.column, field);
    }
    assert_int_equal(tw_tape_next_trade(tape, &trade, NULL), TW_EMPTY);
    tw_tape_close(tape);
    write_text(place, "ts_ns,symbol,price,size,side,id\n");
    assert_int_equal(refused(place, place->path, TW_TAPE_TRADES, "expected the header"), TW_PARSE);
}

static void test_bars_may_say_which_revision_they_are(void **state) {
    const test_place *place = *state;
    write_text(place, BARS ",count,vwap,revision\n0,AAPL,1d,10,12,9,11,500,7,10.5,4294967295\n"
                           "0,AAPL,1m,10,12,9,11,500,7,10.5,4294967296\n");
    tw_tape *tape = open_tape(place, TW_TAPE_BARS);
    tw_bar bar;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_bar(tape, &bar, NULL), TW_OK);
    assert_true(bar.revision == UINT32_MAX);
    assert_int_equal(tw_tape_next_bar(tape, &bar, &error), TW_RANGE);
    assert_int_equal(error.column, 11);
    tw_tape_close(tape);
}

/* ---- writing ---- */

static tw_tape_writer *open_writer(test_sink *sink, tw_tape_format format, bool full) {
    tw_tape_writer_config config = {.sink = into_sink,
                                    .context = sink,
                                    .buffer_size = TW_TAPE_BUFFER_SIZE_MIN,
                                    .format = (uint8_t)format,
                                    .full = full};
    tw_tape_writer *writer = NULL;
    *sink = (test_sink){.size_max = sizeof sink->text};
    assert_int_equal(tw_tape_writer_new(&config, &writer, NULL), TW_OK);
    return writer;
}

static tw_trade some_trade(const test_place *place) {
    tw_trade trade = {.time_ns = 100,
                      .price.nano = 10500000000,
                      .quantity.nano = 1,
                      .id = 7,
                      .side = TW_SIDE_SELL,
                      .exchange = 'V',
                      .conditions = "@ I"};
    assert_int_equal(tw_symbols_intern(place->symbols, tw_slice_of("AAPL"), &trade.symbol), TW_OK);
    return trade;
}

static void test_trades_are_written_exactly(void **state) {
    const test_place *place = *state;
    static test_sink sink;
    tw_trade trade = some_trade(place);
    tw_tape_writer *writer = open_writer(&sink, TW_TAPE_TRADES, false);
    assert_int_equal(tw_tape_writer_put_trades(writer, place->symbols, &trade, 1, NULL), TW_OK);
    trade.time_ns = INT64_MIN;
    trade.price.nano = INT64_MAX;
    trade.quantity.nano = INT64_MIN;
    trade.side = TW_SIDE_NONE;
    assert_int_equal(tw_tape_writer_put_trades(writer, place->symbols, &trade, 1, NULL), TW_OK);
    assert_int_equal(sink.calls, 0);
    assert_int_equal(tw_tape_writer_flush(writer, NULL), TW_OK);
    sink_holds(&sink, TRADES "100,AAPL,10.5,0.000000001,S\n-9223372036854775808,AAPL,"
                             "9223372036.854775807,-9223372036.854775808,\n");
    tw_tape_writer_free(writer);
    writer = open_writer(&sink, TW_TAPE_TRADES, true);
    trade = some_trade(place);
    assert_int_equal(tw_tape_writer_put_trades(writer, place->symbols, &trade, 1, NULL), TW_OK);
    assert_int_equal(tw_tape_writer_flush(writer, NULL), TW_OK);
    sink_holds(&sink, TRADES_FULL "100,AAPL,10.5,0.000000001,S,7,V,,@ I\n");
    tw_tape_writer_free(writer);
}

static void test_codes_that_no_field_holds_are_refused(void **state) {
    const test_place *place = *state;
    static test_sink sink;
    tw_trade trades[7];
    for (size_t i = 0; i < 7; i++)
        trades[i] = some_trade(place);
    trades[0].exchange = ',';
    trades[1].exchange = ' ';
    trades[2].tape = '\n';
    trades[3].conditions[0] = '"';
    trades[4].conditions[1] = '\0'; /* bytes behind the end */
    trades[5].tape = (char)0xe4;
    tw_tape_writer *writer = open_writer(&sink, TW_TAPE_TRADES, true);
    for (size_t i = 0; i < 6; i++) {
        tw_error error = {0};
        assert_int_equal(tw_tape_writer_put_trades(writer, place->symbols, &trades[i], 1, &error),
                         TW_INVALID);
        assert_non_null(strstr(error.message, "row 1:"));
    }
    assert_int_equal(tw_tape_writer_put_trades(writer, place->symbols, &trades[6], 1, NULL), TW_OK);
    assert_int_equal(tw_tape_writer_flush(writer, NULL), TW_OK);
    sink_holds(&sink, TRADES_FULL "100,AAPL,10.5,0.000000001,S,7,V,,@ I\n");
    tw_tape_writer_free(writer);
    writer = open_writer(&sink, TW_TAPE_TRADES, false); /* no field, no harm */
    assert_int_equal(tw_tape_writer_put_trades(writer, place->symbols, trades, 7, NULL), TW_OK);
    tw_tape_writer_free(writer);
}

static void test_the_longest_bar_fits(void **state) {
    const test_place *place = *state;
    static test_sink sink;
    const tw_price least = {INT64_MIN};
    tw_bar bar = {.time_ns = INT64_MIN,
                  .timeframe_ns = 59 * TW_NS_PER_MINUTE,
                  .open = least,
                  .high = least,
                  .low = least,
                  .close = least,
                  .vwap = least,
                  .volume.nano = INT64_MIN,
                  .count = UINT64_MAX,
                  .revision = UINT32_MAX};
    static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ01234";
    assert_int_equal(tw_symbols_intern(place->symbols, tw_slice_of(name), &bar.symbol), TW_OK);
    tw_tape_writer *writer = open_writer(&sink, TW_TAPE_BARS, true);
    for (int i = 0; i < 100; i++)
        assert_int_equal(tw_tape_writer_put_bars(writer, place->symbols, &bar, 1, NULL), TW_OK);
    assert_int_equal(tw_tape_writer_flush(writer, NULL), TW_OK);
    assert_true(sink.calls > 10); /* no more than the buffer is gathered */
#define L "-9223372036.854775808,"
    static const char row[] = "-9223372036854775808,ABCDEFGHIJKLMNOPQRSTUVWXYZ01234,59m," L L L L L
                              "18446744073709551615," L "4294967295\n";
#undef L
    size_t header = strlen(BARS ",count,vwap,revision\n");
    assert_int_equal(sink.size, header + 100 * strlen(row));
    for (size_t i = 0; i < 100; i++)
        assert_memory_equal(sink.text + header + i * strlen(row), row, strlen(row));
    tw_tape_writer_free(writer);
}

static void test_what_a_sink_says_is_passed_on_and_stays(void **state) {
    const test_place *place = *state;
    static test_sink sink;
    tw_trade trade = some_trade(place);
    tw_tape_writer *writer = open_writer(&sink, TW_TAPE_TRADES, false);
    sink.size_max = 3000;
    tw_status status = TW_OK;
    tw_error error = {0};
    for (int i = 0; i < 1000 && status == TW_OK; i++)
        status = tw_tape_writer_put_trades(writer, place->symbols, &trade, 1, &error);
    assert_int_equal(status, TW_NO_SPACE);
    assert_string_equal(error.message, "the sink is full");
    int calls = sink.calls;
    sink.size_max = sizeof sink.text;
    error = (tw_error){0};
    assert_int_equal(tw_tape_writer_put_trades(writer, place->symbols, &trade, 1, &error),
                     TW_NO_SPACE);
    assert_string_equal(error.message, "the sink is full");
    assert_int_equal(tw_tape_writer_flush(writer, NULL), TW_NO_SPACE);
    assert_int_equal(sink.calls, calls);
    tw_tape_writer_free(writer);
}

static tw_status make_a_writer(const tw_allocator *allocator, void *context) {
    tw_tape_writer_config config = {
        .sink = into_sink, .context = context, .allocator = allocator, .format = TW_TAPE_BARS};
    tw_tape_writer *writer = NULL;
    tw_status status = tw_tape_writer_new(&config, &writer, NULL);
    tw_tape_writer_free(writer);
    return status;
}

/* ---- memory ---- */

static tw_status read_a_table(const tw_allocator *allocator, void *context) {
    const test_place *place = context;
    tw_tape_table_config config = {.path = place->path, .allocator = allocator};
    tw_tape_table table = {0};
    tw_status status = tw_tape_read_table(&config, &table, NULL);
    tw_tape_table_done(&table);
    return status;
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    test_place *place = *state;
    uint8_t packed[512];
    static const char text[] = TRADES "100,AAPL,10,1,B\n101,MSFT,10,1,B\n";
    write_bytes(place, packed, pack_gzip(text, strlen(text), packed, sizeof packed));
    assert_survives_failed_allocations(read_a_packed_tape, place);
    assert_survives_failed_allocations(make_a_writer, NULL);
    FILE *file = fopen(place->path, "w");
    assert_non_null(file);
    fputs("date,A,B\n", file);
    for (int i = 0; i < 600; i++) /* the arrays double twice */
        fprintf(file, "%d-%02d-%02d,1,2\n", 2000 + i / 336, i / 28 % 12 + 1, i % 28 + 1);
    assert_int_equal(fclose(file), 0);
    assert_survives_failed_allocations(read_a_table, place);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_trades_are_read_exactly),
        IN_PLACE(test_each_bad_field_of_a_trade_is_named),
        IN_PLACE(test_reports_may_go_back_and_take_trades_back),
        IN_PLACE(test_unknown_symbols_can_be_refused),
        IN_PLACE(test_the_table_of_symbols_has_an_end),
        IN_PLACE(test_bars_are_read_with_and_without_their_extras),
        IN_PLACE(test_rows_of_any_csv),
        IN_PLACE(test_files_that_cannot_be_read),
        IN_PLACE(test_a_file_without_permission),
        IN_PLACE(test_a_line_without_end_is_refused),
        IN_PLACE(test_standard_input_is_a_file_too),
        IN_PLACE(test_plain_gzip_and_zstd_are_the_same_tape),
        IN_PLACE(test_a_cut_or_damaged_pack_gives_all_before_the_fault),
        IN_PLACE(test_a_wide_table_is_read_whole),
        IN_PLACE(test_a_bad_table_is_named_and_not_given),
        IN_PLACE(test_reading_goes_on_where_it_stopped),
        IN_PLACE(test_a_place_at_which_no_line_begins_is_refused),
        IN_PLACE(test_a_lobster_tape_goes_on_too),
        IN_PLACE(test_rows_before_a_bad_line_come_first),
        IN_PLACE(test_a_batch_does_not_wait_for_more),
        IN_PLACE(test_the_long_header_keeps_what_a_venue_says),
        IN_PLACE(test_bars_may_say_which_revision_they_are),
        IN_PLACE(test_trades_are_written_exactly),
        IN_PLACE(test_codes_that_no_field_holds_are_refused),
        IN_PLACE(test_the_longest_bar_fits),
        IN_PLACE(test_what_a_sink_says_is_passed_on_and_stays),
        IN_PLACE(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
