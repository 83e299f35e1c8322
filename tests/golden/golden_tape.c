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

/* Every row of a book file, read and written again, is the row. */
static void check_book(const char *name, size_t depth, size_t row_count) {
    tw_tape *tape = open_tape(name, TW_TAPE_LOBSTER_BOOK);
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
        cmocka_unit_test(test_book_rows_come_back_as_they_were),
        cmocka_unit_test(test_twenty_stocks_over_the_years),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
