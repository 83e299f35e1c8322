/*
 * golden_lobster_hour.c - an hour of Apple at NASDAQ (2012-06-21, 09:30 to 10:30), replayed message
 * by message and held against LOBSTER's own best prices of that day.
 *
 * The messages are those within the 50 best levels; the book file has a row for each event that
 * touches the best level of its side, and for each hidden execution. Orders from before the file
 * are known by the totals of the first row of the 50-level book only.
 *
 * One row cannot agree: order 45367855 (100 at 584.21, message 40,854) left the 50 levels and was
 * cancelled out there, which the file does not tell; when its price came near again it is still in
 * our book, and best in row 17,483. The test takes it out then and counts that row.
 *
 * The data is looked for in the directory named by TRADEWIND_DATA; without it the test says that it
 * was skipped (status 77).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tradewind/book.h"
#include "tradewind/tape.h"

enum { DEPTH = 50, EVENT_COUNT = 91997, ROW_COUNT = 25641, OLD_EVENT_COUNT = 84 };

#define OLD_ORDER (UINT64_C(1) << 62)
#define LOST_ORDER UINT64_C(45367855)

static const char *data_directory;

typedef struct hour {
    tw_book *book;
    tw_tape *messages;
    tw_tape *rows;
    uint32_t row_count;
    uint32_t different_count;
    uint32_t old_event_count;
} hour;

static tw_tape *open_tape(const char *name, tw_tape_format format) {
    char path[512];
    snprintf(path, sizeof path, "%s/orders/lobster/%s", data_directory, name);
    const tw_tape_config config = {.path = path, .format = (uint8_t)format};
    tw_tape *tape = NULL;
    tw_error error = {0};
    if (tw_tape_open(&config, &tape, &error) != TW_OK)
        fail_msg("%s", error.message);
    return tape;
}

static uint64_t old_order(uint8_t side, tw_price price) {
    return OLD_ORDER + (uint64_t)price.nano * 2 + (side == TW_SIDE_BUY);
}

/* What stood before the first message: the first row of the book, without that message. */
static void enter_old(hour *run, const tw_order_event *first) {
    tw_tape *tape = open_tape("AAPL_book.csv", TW_TAPE_LOBSTER_BOOK);
    tw_level levels[2 * DEPTH];
    size_t count = 0;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_levels(tape, levels, 2 * DEPTH, &count, &error), TW_OK);
    assert_int_equal(first->kind, TW_EVENT_ADD);
    for (size_t i = 0; i < count; i++) {
        const tw_level *level = &levels[i];
        tw_book_order order = {.id = old_order(level->side, level->price),
                               .price = level->price,
                               .quantity = level->quantity,
                               .side = level->side};
        if (level->side == first->side && level->price.nano == first->price.nano)
            order.quantity.nano -= first->quantity.nano;
        if (order.quantity.nano > 0)
            assert_int_equal(tw_book_add(run->book, 0, &order), TW_OK);
    }
    tw_tape_close(tape);
}

static tw_quote best_of(const hour *run) {
    tw_quote best;
    tw_book_best(run->book, 0, &best);
    return best;
}

static bool is_best(const tw_quote *best, const tw_order_event *event) {
    const tw_price price = event->side == TW_SIDE_BUY ? best->bid_price : best->ask_price;
    return price.nano == event->price.nano;
}

static void expect_row(hour *run) {
    tw_level levels[2];
    size_t count = 0;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_levels(run->rows, levels, 2, &count, &error), TW_OK);
    assert_int_equal(count, 2); /* the best ask, the best bid */
    tw_quote best = best_of(run);
    bool same = levels[0].price.nano == best.ask_price.nano &&
                levels[0].quantity.nano == best.ask_size.nano &&
                levels[1].price.nano == best.bid_price.nano &&
                levels[1].quantity.nano == best.bid_size.nano;
    run->row_count++;
    if (same)
        return;
    run->different_count++;
    assert_int_equal(run->row_count, 17483);
    assert_int_equal(tw_book_delete(run->book, 0, LOST_ORDER), TW_OK);
}

static void take(hour *run, const tw_order_event *event) {
    tw_quote before = best_of(run);
    tw_status status = tw_book_apply_event(run->book, event);
    if (status == TW_NOT_FOUND) {
        run->old_event_count++;
        status =
            tw_book_reduce(run->book, 0, old_order(event->side, event->price), event->quantity);
        assert_true(status == TW_OK || status == TW_NOT_FOUND || status == TW_RANGE);
        status = TW_OK;
    }
    assert_int_equal(status, TW_OK);
    tw_quote after = best_of(run);
    bool hidden = event->kind == TW_EVENT_HIDDEN;
    if (hidden || is_best(&before, event) || is_best(&after, event))
        expect_row(run);
}

static void an_hour_of_best_prices_is_rebuilt(void **state) {
    (void)state;
    const tw_book_config config = {
        .symbol_count_max = 1, .order_count_max = 4096, .level_count_max = 4096};
    hour run = {.messages = open_tape("AAPL_0930_1030_message_50.csv.gz", TW_TAPE_LOBSTER_MESSAGES),
                .rows = open_tape("AAPL_0930_1600_orderbook_1.csv.gz", TW_TAPE_LOBSTER_BOOK)};
    assert_int_equal(tw_book_new(NULL, &config, &run.book), TW_OK);
    tw_order_event event;
    tw_error error = {0};
    tw_status status;
    uint32_t count = 0;
    while ((status = tw_tape_next_event(run.messages, &event, &error)) == TW_OK) {
        if (count++ == 0)
            enter_old(&run, &event);
        take(&run, &event);
        if (count % 8192 == 0)
            tw_book_check(run.book);
    }
    assert_int_equal(status, TW_EMPTY);
    print_message(
        "counts: %u messages, %u rows of best prices, %u different (explained), %u events about "
        "orders from before\n",
        count, run.row_count, run.different_count, run.old_event_count);
    assert_int_equal(count, EVENT_COUNT);
    assert_int_equal(run.row_count, ROW_COUNT);
    assert_int_equal(run.different_count, 1);
    assert_int_equal(run.old_event_count, OLD_EVENT_COUNT);
    tw_book_check(run.book);
    tw_book_free(run.book);
    tw_tape_close(run.messages);
    tw_tape_close(run.rows);
}

int main(void) {
    data_directory = getenv("TRADEWIND_DATA");
    struct stat facts;
    if (data_directory == NULL || stat(data_directory, &facts) != 0) {
        fprintf(stderr, "skipped: TRADEWIND_DATA names no directory with the data\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_hour_of_best_prices_is_rebuilt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
