/*
 * golden_tape.c - the readers on real files, held against what is known of them.
 *
 * The data is looked for in the directory named by TRADEWIND_DATA; without it the test says that
 * it was skipped (status 77).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tradewind/tape.h"
#include "tradewind/time.h"

static const char *data_directory;

static tw_tape *open_tape(const char *name, tw_tape_format format) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", data_directory, name);
    tw_tape_config config = {.path = path, .format = (uint8_t)format};
    tw_tape *tape = NULL;
    tw_error error = {0};
    if (tw_tape_open(&config, &tape, &error) != TW_OK)
        fail_msg("%s", error.message);
    return tape;
}

/* One hour of Apple at NASDAQ, 2012-06-21: the counts of each type were taken with zcat and awk. */
static void test_an_hour_of_messages(void **state) {
    (void)state;
    tw_tape *tape =
        open_tape("orders/lobster/AAPL_0930_1030_message_50.csv.gz", TW_TAPE_LOBSTER_MESSAGES);
    assert_int_equal(tw_tape_compression_of(tape), TW_TAPE_GZIP);
    uint64_t counts[8] = {0};
    uint64_t total = 0;
    int64_t first_ns = -1;
    tw_order_event event = {0};
    tw_error error = {0};
    tw_status status;
    while ((status = tw_tape_next_event(tape, &event, &error)) == TW_OK) {
        if (total++ == 0)
            first_ns = event.time_ns;
        counts[event.kind]++;
    }
    if (status != TW_EMPTY)
        fail_msg("%s", error.message);
    assert_int_equal(total, 91997);
    assert_int_equal(counts[TW_EVENT_ADD], 44256);
    assert_int_equal(counts[TW_EVENT_REDUCE], 469);
    assert_int_equal(counts[TW_EVENT_DELETE], 41004);
    assert_int_equal(counts[TW_EVENT_EXECUTE], 4067);
    assert_int_equal(counts[TW_EVENT_HIDDEN], 2201);
    assert_int_equal(counts[TW_EVENT_CROSS] + counts[TW_EVENT_HALT], 0);
    assert_true(first_ns == INT64_C(34200004241176));
    assert_true(event.time_ns < 37800 * TW_NS_PER_SECOND);
    assert_int_equal(tw_tape_tell(tape).line, 91997);
    tw_tape_close(tape);
}

/* The same hour many a call: sums of sizes, prices and ids, and how many are of buyers, taken with
 * zcat and awk, and the events one by one. */
static void test_the_hour_in_batches(void **state) {
    (void)state;
    static const char name[] = "orders/lobster/AAPL_0930_1030_message_50.csv.gz";
    static tw_order_event events[1000];
    tw_tape *tape = open_tape(name, TW_TAPE_LOBSTER_MESSAGES);
    tw_tape *single = open_tape(name, TW_TAPE_LOBSTER_MESSAGES);
    int64_t size = 0;
    int64_t price = 0;
    uint64_t ids = 0;
    size_t buys = 0;
    size_t total = 0;
    size_t count = 0;
    tw_error error = {0};
    tw_status status;
    while ((status = tw_tape_next_events(tape, events, 1000, &count, &error)) == TW_OK) {
        for (size_t i = 0; i < count; i++) {
            tw_order_event event;
            assert_int_equal(tw_tape_next_event(single, &event, NULL), TW_OK);
            assert_memory_equal(&event, &events[i], sizeof event);
            size += events[i].quantity.nano / TW_NANO;
            price += events[i].price.nano / 100000;
            ids += events[i].id;
            buys += events[i].side == TW_SIDE_BUY;
        }
        total += count;
    }
    if (status != TW_EMPTY)
        fail_msg("%s", error.message);
    assert_int_equal(total, 91997);
    assert_int_equal(size, 10071532);
    assert_int_equal(price, INT64_C(538941689950));
    assert_int_equal(ids, UINT64_C(4285848556385));
    assert_int_equal(buys, 45123);
    tw_tape_close(tape);
    tw_tape_close(single);
}

/* Bitcoin for dollars at Bitstamp, 2015-05-01, five hours. The counts of each action and side, of
 * deletions that left nothing, and the sums of volumes and prices were taken with xzcat and awk. */
static void test_five_hours_of_bitstamp(void **state) {
    (void)state;
    static tw_order_event events[1000];
    tw_tape *tape = open_tape("orders/bitstamp/orders.csv.xz", TW_TAPE_BITSTAMP);
    assert_int_equal(tw_tape_compression_of(tape), TW_TAPE_XZ);
    size_t counts[16][3] = {{0}};
    size_t filled = 0;
    size_t total = 0;
    int64_t volume = 0;
    int64_t price = 0;
    int64_t first_ns = 0;
    size_t count = 0;
    tw_error error = {0};
    tw_status status;
    while ((status = tw_tape_next_events(tape, events, 1000, &count, &error)) == TW_OK) {
        first_ns = total == 0 ? events[0].time_ns : first_ns;
        for (size_t i = 0; i < count; i++) {
            counts[events[i].kind][events[i].side]++;
            filled += events[i].kind == TW_EVENT_DELETE && events[i].quantity.nano == 0;
            volume += events[i].quantity.nano / 10;
            price += events[i].price.nano / (TW_NANO / 100);
        }
        total += count;
    }
    if (status != TW_EMPTY)
        fail_msg("%s", error.message);
    assert_int_equal(total, 50414);
    assert_int_equal(counts[TW_EVENT_ADD][TW_SIDE_BUY], 17187);
    assert_int_equal(counts[TW_EVENT_ADD][TW_SIDE_SELL], 7707);
    assert_int_equal(counts[TW_EVENT_MODIFY][TW_SIDE_BUY], 267);
    assert_int_equal(counts[TW_EVENT_MODIFY][TW_SIDE_SELL], 335);
    assert_int_equal(counts[TW_EVENT_DELETE][TW_SIDE_BUY], 17222);
    assert_int_equal(counts[TW_EVENT_DELETE][TW_SIDE_SELL], 7696);
    assert_int_equal(filled, 580);
    assert_int_equal(volume, INT64_C(54789593461872));
    assert_int_equal(price, 1185313825);
    assert_int_equal(first_ns, INT64_C(1430438404518000000));
    assert_int_equal(tw_tape_tell(tape).line, 50415);
    tw_tape_close(tape);
}

/* Writes levels as LOBSTER does: fields missing on a side are filled with its empty place. */
static void write_row(char *text, size_t capacity, const tw_level *levels, size_t count,
                      size_t depth) {
    const tw_level *sides[2][200] = {{NULL}};
    size_t counts[2] = {0};
    for (size_t i = 0; i < count; i++) {
        int side = levels[i].side == TW_SIDE_SELL ? 0 : 1;
        sides[side][counts[side]++] = &levels[i];
    }
    size_t used = 0;
    for (size_t i = 0; i < 2 * depth; i++) {
        const tw_level *level = sides[i % 2][i / 2];
        long long price = level == NULL ? (i % 2 == 0 ? 9999999999 : -9999999999)
                                        : (long long)(level->price.nano / 100000);
        long long size = level == NULL ? 0 : (long long)(level->quantity.nano / TW_NANO);
        used += (size_t)snprintf(text + used, capacity - used, "%s%lld,%lld", i == 0 ? "" : ",",
                                 price, size);
    }
}

static tw_status into_text(void *context, tw_slice bytes, tw_error *error) {
    (void)error;
    tw_text_append(context, bytes);
    return TW_OK;
}

/* The same with the writer of books. */
static void put_row(tw_tape_writer *writer, const tw_level *levels, size_t count) {
    tw_level asks[200];
    tw_level bids[200];
    size_t ask_count = 0;
    size_t bid_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (levels[i].side == TW_SIDE_SELL)
            asks[ask_count++] = levels[i];
        else
            bids[bid_count++] = levels[i];
    }
    assert_int_equal(tw_tape_writer_put_book(writer, asks, ask_count, bids, bid_count, NULL),
                     TW_OK);
    assert_int_equal(tw_tape_writer_flush(writer, NULL), TW_OK);
}

/* Every row of a book file, read and written again, is the row. */
static void check_book(const char *name, size_t depth, size_t row_count) {
    tw_tape *tape = open_tape(name, TW_TAPE_LOBSTER_BOOK);
    char written[16384];
    tw_text row = tw_text_over(written, sizeof written);
    tw_tape_writer_config config = {.sink = into_text,
                                    .context = &row,
                                    .format = TW_TAPE_LOBSTER_BOOK,
                                    .depth = (uint32_t)depth};
    TW_AUTO(tw_tape_writer) *writer = NULL;
    assert_int_equal(tw_tape_writer_new(&config, &writer, NULL), TW_OK);
    assert_int_equal(tw_tape_depth(tape), depth);
    tw_level levels[400];
    size_t count;
    size_t total = 0;
    tw_error error = {0};
    tw_status status;
    while ((status = tw_tape_next_levels(tape, levels, 400, &count, &error)) == TW_OK) {
        char text[16384];
        write_row(text, sizeof text, levels, count, depth);
        if (!tw_slice_equal_string(tw_tape_line(tape), text))
            fail_msg("%s: row %zu came back as %.200s", name, total + 1, text);
        tw_text_clear(&row);
        put_row(writer, levels, count);
        assert_int_equal(row.data[row.size - 1], '\n');
        if (!tw_slice_equal_string((tw_slice){row.data, row.size - 1}, text))
            fail_msg("%s: row %zu was written as %.200s", name, total + 1, written);
        total++;
    }
    if (status != TW_EMPTY)
        fail_msg("%s", error.message);
    assert_int_equal(total, row_count);
    tw_tape_close(tape);
}

static void test_book_rows_come_back_as_they_were(void **state) {
    (void)state;
    check_book("orders/lobster/AAPL_book.csv", 50, 672);
    check_book("orders/lobster/AAPL_orderbook_10.csv", 10, 999);
    check_book("orders/lobster/AAPL_0930_1600_orderbook_1.csv.gz", 1, 118497);
}

static void test_twenty_stocks_over_the_years(void **state) {
    (void)state;
    char path[512];
    snprintf(path, sizeof path, "%s/vectors/data/pypfopt_stock_prices.csv", data_directory);
    tw_tape_table_config config = {.path = path, .positive = true};
    tw_tape_table table = {0};
    tw_error error = {0};
    if (tw_tape_read_table(&config, &table, &error) != TW_OK)
        fail_msg("%s", error.message);
    assert_int_equal(table.column_count, 20);
    assert_string_equal(table.names[0], "GOOG");
    assert_string_equal(table.names[19], "SBUX");
    assert_int_equal(table.row_count, 7126);
    tw_date first = tw_date_of(table.times_ns[0]);
    assert_int_equal(first.year, 1989);
    assert_int_equal(first.month, 12);
    assert_int_equal(first.day, 29);
    assert_true(isnan(table.values[0])); /* GOOG was not there yet */
    assert_true(table.values[1] == 0.117203);
    size_t present = 0;
    for (size_t i = 0; i < table.row_count * table.column_count; i++)
        present += isnan(table.values[i]) ? 0U : 1U;
    assert_int_equal(present, 106931); /* fields that are not empty, counted with awk */
    tw_tape_table_done(&table);
}

int main(void) {
    data_directory = getenv("TRADEWIND_DATA");
    struct stat facts;
    if (data_directory == NULL || stat(data_directory, &facts) != 0) {
        fprintf(stderr, "skipped: TRADEWIND_DATA names no directory with the data\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_hour_of_messages),
        cmocka_unit_test(test_the_hour_in_batches),
        cmocka_unit_test(test_five_hours_of_bitstamp),
        cmocka_unit_test(test_book_rows_come_back_as_they_were),
        cmocka_unit_test(test_twenty_stocks_over_the_years),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
