/*
 * golden_dbn_book.c - a real trading day of a future rebuilt from Databento's market by order.
 *
 * Data: the ES future of March 2024 at CME on 2023-12-25, schema mbo, DBN version 1; it begins with
 * a snapshot. Rules: adds, cancellations by their size, modifications (which lose their place with
 * another price or a larger size) and clears make the book; trades and fills do not change it. The
 * notes that came with the data say of the way and the end: no id is unknown, the book ends at
 * 4810.00 / 4810.25 with 922 and 565 levels and 11,217 orders, and at 891 of 47,022 event ends
 * (F_LAST) it is crossed, all before the opening.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tradewind/book.h"
#include "tradewind/tape_dbn.h"

#define BATCH 512

typedef struct rebuilt_day {
    tw_book *book;
    uint64_t refused; /* by the book, for any reason */
    uint64_t end_count;
    uint64_t crossed_count;
    uint64_t trade_count; /* which change nothing */
} rebuilt_day;

static const char *data_directory;

static tw_book_order order_of(const tw_order_event *event) {
    return (tw_book_order){
        .id = event->id, .price = event->price, .quantity = event->quantity, .side = event->side};
}

/* The order keeps its place if its price stays and its quantity does not grow. */
static tw_status modify(tw_book *book, const tw_order_event *event) {
    tw_book_order order = order_of(event);
    tw_book_view old;
    tw_status status = tw_book_find(book, event->symbol, event->id, &old);
    if (status == TW_NOT_FOUND)
        return tw_book_add(book, event->symbol, &order);
    int64_t less_nano = old.quantity.nano - event->quantity.nano;
    if (old.price.nano != event->price.nano || less_nano < 0)
        return tw_book_replace(book, event->symbol, event->id, &order);
    if (less_nano == 0)
        return TW_OK;
    return tw_book_reduce(book, event->symbol, event->id, (tw_quantity){less_nano});
}

static tw_status apply(rebuilt_day *day, const tw_order_event *event) {
    tw_book_order order = order_of(event);
    switch (event->kind) {
    case TW_EVENT_ADD:
        return tw_book_add(day->book, event->symbol, &order);
    case TW_EVENT_REDUCE:
        return tw_book_reduce(day->book, event->symbol, event->id, event->quantity);
    case TW_EVENT_MODIFY:
        return modify(day->book, event);
    case TW_EVENT_CLEAR:
        return tw_book_clear(day->book, event->symbol);
    default:
        day->trade_count++;
        return TW_OK;
    }
}

static void play(rebuilt_day *day, const tw_order_event *event) {
    day->refused += apply(day, event) != TW_OK;
    if ((event->flags & TW_EVENT_LAST) == 0)
        return;
    day->end_count++;
    day->crossed_count += tw_book_crossed(day->book, event->symbol) == TW_BOOK_CROSSED;
}

static tw_tape *open_day(tw_symbols *symbols) {
    char path[512];
    snprintf(path, sizeof path, "%s/orders/dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst",
             data_directory);
    tw_tape_config config = {.path = path, .symbols = symbols, .format = TW_TAPE_DBN};
    tw_tape *tape = NULL;
    tw_error error = {0};
    if (tw_tape_open(&config, &tape, &error) != TW_OK)
        fail_msg("%s", error.message);
    return tape;
}

static void replay_day(rebuilt_day *day, tw_symbols *symbols) {
    static tw_order_event events[BATCH];
    tw_tape *tape = open_day(symbols);
    tw_error error = {0};
    size_t count = 0;
    tw_status status;
    while ((status = tw_tape_next_events(tape, events, BATCH, &count, &error)) == TW_OK) {
        for (size_t i = 0; i < count; i++)
            play(day, &events[i]);
    }
    if (status != TW_EMPTY)
        fail_msg("%s", error.message);
    tw_tape_close(tape);
}

static void test_the_day_ends_with_the_book_that_is_known(void **state) {
    (void)state;
    TW_AUTO(tw_symbols) *symbols = NULL;
    TW_AUTO(tw_book) *book = NULL;
    tw_book_config config = {
        .symbol_count_max = 4, .order_count_max = 65536, .level_count_max = 8192};
    assert_int_equal(tw_symbols_new(NULL, 4, &symbols), TW_OK);
    assert_int_equal(tw_book_new(NULL, &config, &book), TW_OK);
    rebuilt_day day = {.book = book};
    replay_day(&day, symbols);

    tw_symbol symbol = tw_symbols_find(symbols, tw_slice_of("ESH4"));
    assert_int_equal(symbol, 0);
    tw_quote best;
    tw_book_best(book, symbol, &best);
    assert_true(best.bid_price.nano == 4810 * TW_NANO);
    assert_true(best.ask_price.nano == 4810 * TW_NANO + TW_NANO / 4);
    tw_book_counts counts;
    tw_book_counts_of(book, symbol, &counts);
    assert_int_equal(counts.bid_level_count, 922);
    assert_int_equal(counts.ask_level_count, 565);
    assert_int_equal(counts.bid_order_count + counts.ask_order_count, 11217);
    tw_book_anomalies anomalies;
    tw_book_anomalies_of(book, &anomalies);
    assert_int_equal(anomalies.unknown_id, 0);
    assert_int_equal(day.refused, 0);
    assert_int_equal(day.trade_count, 2973 + 6371);
    assert_int_equal(day.end_count, 47022);
    assert_int_equal(day.crossed_count, 891);
    tw_book_check(book);
    print_message("counts: %d trades, %d ends of events (%d crossed), %u orders on %u levels left, "
                  "no unknown "
                  "id\n",
                  (int)day.trade_count, (int)day.end_count, (int)day.crossed_count,
                  counts.bid_order_count + counts.ask_order_count,
                  counts.bid_level_count + counts.ask_level_count);
}

int main(void) {
    data_directory = getenv("TRADEWIND_DATA");
    struct stat facts;
    if (data_directory == NULL || stat(data_directory, &facts) != 0) {
        fprintf(stderr, "skipped: TRADEWIND_DATA names no directory with the data\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_day_ends_with_the_book_that_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
