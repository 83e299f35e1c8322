/* test_book.c - the rules of the book, one a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/book.h"

static tw_book *make(uint32_t order_count_max, uint32_t level_count_max) {
    const tw_book_config config = {.symbol_count_max = 2,
                                   .order_count_max = order_count_max,
                                   .level_count_max = level_count_max,
                                   .allow_nonpositive_prices = true,
                                   .keep_tags = true};
    tw_book *book = NULL;
    assert_int_equal(tw_book_new(NULL, &config, &book), TW_OK);
    return book;
}

static tw_book_order order_of(uint64_t id, tw_side side, int64_t price, int64_t quantity) {
    return (tw_book_order){.id = id,
                           .tag = id * 10,
                           .price.nano = price,
                           .quantity.nano = quantity,
                           .side = (uint8_t)side};
}

static tw_status add(tw_book *book, uint64_t id, tw_side side, int64_t price, int64_t quantity) {
    tw_book_order order = order_of(id, side, price, quantity);
    return tw_book_add(book, 0, &order);
}

static void must_add(tw_book *book, uint64_t id, tw_side side, int64_t price, int64_t quantity) {
    assert_int_equal(add(book, id, side, price, quantity), TW_OK);
}

static tw_level level_of(tw_side side, int64_t price, int64_t quantity) {
    return (tw_level){.time_ns = 5,
                      .price.nano = price,
                      .quantity.nano = quantity,
                      .symbol = 1,
                      .side = (uint8_t)side};
}

/* ---- Creation ----------------------------------------------------------------------------- */

static void counts_outside_their_range_are_refused(void **state) {
    (void)state;
    const tw_book_config bad[] = {
        {.symbol_count_max = 0, .order_count_max = 1, .level_count_max = 1},
        {.symbol_count_max = 1, .order_count_max = 1, .level_count_max = 0},
        {.symbol_count_max = TW_BOOK_COUNT_MAX + 1, .order_count_max = 1, .level_count_max = 1},
        {.symbol_count_max = 1, .order_count_max = TW_BOOK_COUNT_MAX + 1, .level_count_max = 1},
        {.symbol_count_max = 1, .order_count_max = 1, .level_count_max = TW_BOOK_COUNT_MAX + 1},
        {.symbol_count_max = 1,
         .order_count_max = 1,
         .level_count_max = 1,
         .order_count_expected = 2},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tw_book *book = NULL;
        assert_int_equal(tw_book_new(NULL, &bad[i], &book), TW_INVALID);
        assert_null(book);
    }
    tw_book_free(NULL);
}

static tw_status make_use_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    const tw_book_config config = {
        .symbol_count_max = 3, .order_count_max = 10, .level_count_max = 10};
    const tw_book_order order = order_of(1, TW_SIDE_BUY, 100, 5);
    TW_AUTO(tw_book) *book = NULL;
    tw_status status = tw_book_new(allocator, &config, &book);
    if (status != TW_OK) {
        assert_null(book);
        return status;
    }
    return tw_book_add(book, 2, &order);
}

static void every_failed_allocation_leaves_nothing(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_use_and_free, NULL);
}

/* ---- By order ----------------------------------------------------------------------------- */

static void orders_of_a_price_keep_their_time(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(8, 8);
    must_add(book, 1, TW_SIDE_BUY, 100, 5);
    must_add(book, 2, TW_SIDE_BUY, 100, 6);
    must_add(book, 3, TW_SIDE_BUY, 101, 7);
    must_add(book, 4, TW_SIDE_BUY, 100, 8);
    tw_book_ahead ahead;
    assert_int_equal(tw_book_queue(book, 0, 4, &ahead), TW_OK);
    assert_int_equal(ahead.quantity.nano, 11);
    assert_int_equal(ahead.order_count, 2);
    assert_int_equal(tw_book_reduce(book, 0, 1, (tw_quantity){2}), TW_OK);
    assert_int_equal(tw_book_queue(book, 0, 4, &ahead), TW_OK);
    assert_int_equal(ahead.quantity.nano, 9);
    assert_int_equal(tw_book_delete(book, 0, 2), TW_OK);
    assert_int_equal(tw_book_queue(book, 0, 4, &ahead), TW_OK);
    assert_int_equal(ahead.quantity.nano, 3);
    assert_int_equal(ahead.order_count, 1);
    assert_int_equal(tw_book_queue(book, 0, 2, &ahead), TW_NOT_FOUND);
    tw_book_check(book);
}

static void replace_moves_an_order_to_the_back(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(8, 8);
    must_add(book, 1, TW_SIDE_SELL, 100, 5);
    must_add(book, 2, TW_SIDE_SELL, 100, 6);
    tw_book_order order = order_of(1, TW_SIDE_NONE, 100, 5);
    assert_int_equal(tw_book_replace(book, 0, 1, &order), TW_OK);
    tw_book_view view;
    tw_book_level_place level = tw_book_level_first(book, 0, TW_SIDE_SELL);
    tw_book_order_place place = tw_book_order_first(book, level);
    tw_book_order_read(book, place, &view);
    assert_int_equal(view.id, 2);
    place = tw_book_order_next(book, place);
    tw_book_order_read(book, place, &view);
    assert_int_equal(view.id, 1);
    assert_int_equal(view.side, TW_SIDE_SELL);
    assert_int_equal(view.tag, 10);
    assert_int_equal(tw_book_order_next(book, place), TW_BOOK_NO_PLACE);
    order = order_of(9, TW_SIDE_BUY, 90, 5);
    assert_int_equal(tw_book_replace(book, 0, 1, &order), TW_OK);
    assert_int_equal(tw_book_find(book, 0, 1, &view), TW_NOT_FOUND);
    assert_int_equal(tw_book_find(book, 0, 9, &view), TW_OK);
    assert_int_equal(view.side, TW_SIDE_BUY);
}

static void every_anomaly_is_counted_and_named(void **state) {
    (void)state;
    const tw_book_config config = {
        .symbol_count_max = 2, .order_count_max = 3, .level_count_max = 3};
    TW_AUTO(tw_book) *book = NULL;
    assert_int_equal(tw_book_new(NULL, &config, &book), TW_OK);
    const tw_order_event bad_kinds[2] = {{.id = 1, .quantity.nano = 1, .kind = 99},
                                         {.id = 1, .quantity.nano = 1}}; /* a zeroed one */
    tw_book_result result;
    must_add(book, 1, TW_SIDE_BUY, 100, INT64_MAX);
    must_add(book, 2, TW_SIDE_BUY, 99, 5);
    assert_int_equal(tw_book_delete(book, 2, 1), TW_INVALID);
    assert_int_equal(add(book, 0, TW_SIDE_BUY, 100, 5), TW_INVALID);
    assert_int_equal(add(book, 5, TW_SIDE_NONE, 100, 5), TW_INVALID);
    assert_int_equal(add(book, 5, TW_SIDE_BUY, 0, 5), TW_INVALID);
    assert_int_equal(add(book, 5, TW_SIDE_BUY, 100, 0), TW_INVALID);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(tw_book_apply(book, &bad_kinds[i], 1, &result), 0);
        assert_int_equal(result.status, TW_INVALID);
    }
    assert_int_equal(add(book, 5, TW_SIDE_BUY, 100, 1), TW_OVERFLOW);
    assert_int_equal(add(book, 1, TW_SIDE_BUY, 100, 1), TW_EXISTS);
    assert_int_equal(tw_book_delete(book, 0, 7), TW_NOT_FOUND);
    const tw_level level = {.price.nano = 9, .quantity.nano = 9, .side = TW_SIDE_BUY};
    assert_int_equal(tw_book_set_level(book, &level), TW_STATE);
    const tw_level gone = {.price.nano = 9, .symbol = 1, .side = TW_SIDE_BUY};
    assert_int_equal(tw_book_set_level(book, &gone), TW_NOT_FOUND);
    must_add(book, 3, TW_SIDE_SELL, 100, 5); /* locks */
    assert_int_equal(add(book, 4, TW_SIDE_SELL, 100, 5), TW_FULL);
    assert_int_equal(tw_book_execute(book, 0, 2, (tw_quantity){6}), TW_RANGE);
    must_add(book, 4, TW_SIDE_SELL, 98, 5);                                   /* crosses */
    assert_int_equal(tw_book_reduce(book, 0, 4, (tw_quantity){6}), TW_RANGE); /* locks */
    must_add(book, 6, TW_SIDE_SELL, 120, 5);
    assert_int_equal(tw_book_delete(book, 0, 3), TW_OK);
    must_add(book, 7, TW_SIDE_SELL, 121, 5);
    assert_int_equal(tw_book_reduce(book, 0, 1, (tw_quantity){1}), TW_OK);
    tw_book_anomalies anomalies;
    tw_book_anomalies_of(book, &anomalies);
    const tw_book_anomalies wanted = {.bad_symbol = 1,
                                      .bad_id = 1,
                                      .bad_side = 1,
                                      .bad_price = 1,
                                      .bad_quantity = 2,
                                      .bad_kind = 2,
                                      .wrong_way = 1,
                                      .unknown_id = 1,
                                      .unknown_level = 1,
                                      .duplicate_id = 1,
                                      .over_reduced = 1,
                                      .over_executed = 1,
                                      .orders_full = 1,
                                      .became_locked = 2,
                                      .became_crossed = 1};
    assert_memory_equal(&anomalies, &wanted, sizeof wanted);
    tw_book_check(book);
}

static void a_crossed_book_is_kept_as_it_came(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(4, 4);
    tw_price spread;
    must_add(book, 1, TW_SIDE_BUY, 100, 5);
    must_add(book, 2, TW_SIDE_SELL, 98, 6);
    assert_int_equal(tw_book_crossed(book, 0), TW_BOOK_CROSSED);
    assert_int_equal(tw_book_spread(book, 0, &spread), TW_OK);
    assert_int_equal(spread.nano, -2);
    assert_int_equal(tw_book_delete(book, 0, 2), TW_OK);
    assert_int_equal(tw_book_crossed(book, 0), TW_BOOK_UNCROSSED);
}

static void full_pools_refuse_and_recover(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(3, 2);
    must_add(book, 1, TW_SIDE_BUY, 100, 5);
    must_add(book, 2, TW_SIDE_BUY, 101, 5);
    assert_int_equal(add(book, 3, TW_SIDE_BUY, 102, 5), TW_FULL); /* levels */
    must_add(book, 3, TW_SIDE_BUY, 101, 5);
    assert_int_equal(add(book, 4, TW_SIDE_BUY, 101, 5), TW_FULL); /* orders */
    /* The only order of a level may move although no level is free; one of two may not. */
    tw_book_order order = order_of(1, TW_SIDE_BUY, 90, 5);
    assert_int_equal(tw_book_replace(book, 0, 1, &order), TW_OK);
    order = order_of(2, TW_SIDE_BUY, 91, 5);
    assert_int_equal(tw_book_replace(book, 0, 2, &order), TW_FULL);
    assert_int_equal(tw_book_delete(book, 0, 1), TW_OK);
    must_add(book, 4, TW_SIDE_SELL, 200, 5);
    tw_book_usage usage;
    tw_book_usage_of(book, &usage);
    assert_int_equal(usage.order_count, 3);
    assert_int_equal(usage.level_count, 2);
    tw_book_check(book);
}

static void ids_are_unique_to_their_symbol_only(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(4, 4);
    tw_book_order order = order_of(UINT64_MAX, TW_SIDE_BUY, 100, 5);
    assert_int_equal(tw_book_add(book, 0, &order), TW_OK);
    order.price.nano = 200;
    assert_int_equal(tw_book_add(book, 1, &order), TW_OK);
    tw_book_view view;
    assert_int_equal(tw_book_find(book, 1, UINT64_MAX, &view), TW_OK);
    assert_int_equal(view.price.nano, 200);
    assert_int_equal(tw_book_clear(book, 1), TW_OK);
    assert_int_equal(tw_book_find(book, 1, UINT64_MAX, &view), TW_NOT_FOUND);
    assert_int_equal(tw_book_find(book, 0, UINT64_MAX, &view), TW_OK);
}

static void the_id_table_grows_with_the_orders_alive(void **state) {
    (void)state;
    enum { COUNT = 20000 };
    TW_AUTO(tw_book) *book = make(COUNT, 100);
    for (uint64_t i = 1; i <= COUNT; i++)
        must_add(book, i << 20, (i & 1) != 0 ? TW_SIDE_BUY : TW_SIDE_SELL, (int64_t)(i % 50), 1);
    tw_book_check(book);
    for (uint64_t i = 1; i <= COUNT; i += 2)
        assert_int_equal(tw_book_delete(book, 0, i << 20), TW_OK);
    tw_book_check(book);
    tw_book_view view;
    for (uint64_t i = 1; i <= COUNT; i++)
        assert_int_equal(tw_book_find(book, 0, i << 20, &view), i % 2 == 0 ? TW_OK : TW_NOT_FOUND);
    assert_int_equal(tw_book_clear(book, 0), TW_OK);
    tw_book_check(book);
}

static void ascending_and_descending_ladders_stay_balanced(void **state) {
    (void)state;
    enum { COUNT = 4096 };
    TW_AUTO(tw_book) *book = make(2 * COUNT, 2 * COUNT);
    for (int64_t i = 1; i <= COUNT; i++) {
        must_add(book, (uint64_t)i, TW_SIDE_BUY, i, 1);
        must_add(book, (uint64_t)(COUNT + i), TW_SIDE_SELL, 3 * COUNT - i, 1);
    }
    tw_book_check(book); /* asserts the balance */
    for (int64_t i = 1; i <= COUNT; i += 3)
        assert_int_equal(tw_book_delete(book, 0, (uint64_t)i), TW_OK);
    tw_book_check(book);
}

static void revisions_tell_when_the_best_changed(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(8, 8);
    must_add(book, 1, TW_SIDE_BUY, 100, 5);
    uint64_t revision = tw_book_revision(book, 0);
    must_add(book, 2, TW_SIDE_BUY, 99, 5); /* behind */
    assert_int_equal(tw_book_revision(book, 0), revision);
    must_add(book, 3, TW_SIDE_BUY, 100, 1); /* size */
    assert_true(tw_book_revision(book, 0) > revision);
    revision = tw_book_revision(book, 0);
    tw_book_order same = order_of(4, TW_SIDE_BUY, 100, 1);
    assert_int_equal(tw_book_replace(book, 0, 3, &same), TW_OK); /* out and in: the same best */
    assert_int_equal(tw_book_revision(book, 0), revision);
    assert_int_equal(tw_book_revision(book, 1), 0);
}

static void a_batch_does_what_single_calls_do(void **state) {
    (void)state;
    enum { COUNT = 64 };
    TW_AUTO(tw_book) *book = make(COUNT, 8);
    tw_order_event events[COUNT + 4] = {0};
    tw_book_result results[COUNT + 4];
    for (size_t i = 0; i < COUNT; i++)
        events[i] = (tw_order_event){.time_ns = (int64_t)i + 1,
                                     .id = i + 1,
                                     .price.nano = 100 + (int64_t)(i % 4),
                                     .quantity.nano = 2,
                                     .kind = TW_EVENT_ADD,
                                     .side = TW_SIDE_SELL};
    events[COUNT] = (tw_order_event){.id = 1, .quantity.nano = 1, .kind = TW_EVENT_EXECUTE};
    events[COUNT + 1] = (tw_order_event){.id = 999, .kind = TW_EVENT_DELETE};
    events[COUNT + 2] = (tw_order_event){.symbol = 7, .kind = TW_EVENT_CLEAR};
    events[COUNT + 3] = (tw_order_event){.id = 1, .quantity.nano = 1, .kind = TW_EVENT_HIDDEN};
    assert_int_equal(tw_book_apply(book, events, COUNT + 4, results), COUNT + 2);
    assert_int_equal(results[0].best_changed, TW_BOOK_BEST_ASK);
    assert_int_equal(results[1].best_changed, 0);
    assert_int_equal(results[COUNT].best_changed, TW_BOOK_BEST_ASK);
    assert_int_equal(results[COUNT + 1].status, TW_NOT_FOUND);
    assert_int_equal(results[COUNT + 2].status, TW_INVALID);
    assert_int_equal(results[COUNT + 3].best_changed, 0);
    tw_quote best;
    tw_book_best(book, 0, &best);
    assert_int_equal(best.ask_size.nano, 31);
    assert_int_equal(best.time_ns, COUNT);
    assert_int_equal(tw_book_apply(book, NULL, 0, NULL), 0);
    tw_book_check(book);
}

/* Each figure of the four is seen to change, and nothing else is. */
static void a_quote_follows_the_best(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(16, 16);
    tw_quote quote = {0};
    assert_false(tw_book_best_follow(book, 1, &quote));
    const struct {
        uint64_t id;
        tw_side side;
        int64_t price;
        bool changes;
    } orders[] = {{1, TW_SIDE_BUY, 90, true},  {2, TW_SIDE_BUY, 89, false},
                  {3, TW_SIDE_SELL, 95, true}, {4, TW_SIDE_SELL, 96, false},
                  {5, TW_SIDE_BUY, 91, true},  {6, TW_SIDE_SELL, 94, true},
                  {7, TW_SIDE_SELL, 94, true}};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        const tw_book_order order = {.id = orders[i].id,
                                     .price.nano = orders[i].price,
                                     .quantity.nano = 2,
                                     .side = (uint8_t)orders[i].side};
        assert_int_equal(tw_book_add(book, 1, &order), TW_OK);
        assert_int_equal(tw_book_best_follow(book, 1, &quote), orders[i].changes);
        tw_quote best;
        tw_book_best(book, 1, &best);
        assert_memory_equal(&quote, &best, sizeof best);
    }
    assert_false(tw_book_best_follow(book, 1, &quote));
    assert_int_equal(tw_book_clear(book, 1), TW_OK);
    assert_true(tw_book_best_follow(book, 1, &quote));
    assert_int_equal(quote.ask_price.nano, 0);
    assert_int_equal(quote.bid_size.nano, 0);
}

/* ---- Prices and pages ----------------------------------------------------------------------- */

/* The levels of one side, as prices. */
static size_t prices_of(const tw_book *book, tw_side side, int64_t *ret_prices, size_t capacity) {
    tw_level levels[16];
    assert_true(capacity <= 16);
    size_t count = tw_book_depth(book, 0, side, levels, capacity);
    for (size_t i = 0; i < count; i++)
        ret_prices[i] = levels[i].price.nano;
    return count;
}

static void expect_prices(const tw_book *book, tw_side side, const int64_t *wanted, size_t count) {
    int64_t prices[16] = {0};
    assert_int_equal(prices_of(book, side, prices, 16), count);
    assert_memory_equal(prices, wanted, count * sizeof *wanted);
    tw_book_check(book);
}

/* Each price is no multiple of what the ones before had in common. */
static void prices_of_any_tick_stand_in_order(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(16, 16);
    must_add(book, 1, TW_SIDE_BUY, INT64_C(585330000000), 1);
    must_add(book, 2, TW_SIDE_BUY, INT64_C(585340000000), 1);
    must_add(book, 3, TW_SIDE_BUY, INT64_C(585335000000), 1);
    must_add(book, 4, TW_SIDE_BUY, INT64_C(100), 1);
    must_add(book, 5, TW_SIDE_BUY, 7, 1);
    must_add(book, 6, TW_SIDE_SELL, INT64_C(700000000000000000), 1); /* Berkshire and more */
    must_add(book, 7, TW_SIDE_SELL, INT64_C(585350000001), 1);
    expect_prices(book, TW_SIDE_BUY,
                  (const int64_t[]){INT64_C(585340000000), INT64_C(585335000000),
                                    INT64_C(585330000000), 100, 7},
                  5);
    expect_prices(book, TW_SIDE_SELL,
                  (const int64_t[]){INT64_C(585350000001), INT64_C(700000000000000000)}, 2);
    assert_int_equal(
        tw_book_quantity_at(book, 0, TW_SIDE_BUY, (tw_price){INT64_C(585335000000)}).nano, 1);
    assert_int_equal(
        tw_book_quantity_at(book, 0, TW_SIDE_BUY, (tw_price){INT64_C(585335000001)}).nano, 0);
}

static void prices_stand_at_both_ends_of_the_range(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(16, 16);
    must_add(book, 1, TW_SIDE_BUY, INT64_MIN, 1); /* alone: its tick is 2^63 */
    must_add(book, 2, TW_SIDE_SELL, INT64_MIN, 1);
    must_add(book, 3, TW_SIDE_SELL, 0, 1);
    expect_prices(book, TW_SIDE_SELL, (const int64_t[]){INT64_MIN, 0}, 2);
    must_add(book, 4, TW_SIDE_SELL, INT64_MAX, 1);
    must_add(book, 5, TW_SIDE_BUY, INT64_MAX, 1);
    must_add(book, 6, TW_SIDE_BUY, -1, 1);
    expect_prices(book, TW_SIDE_SELL, (const int64_t[]){INT64_MIN, 0, INT64_MAX}, 3);
    expect_prices(book, TW_SIDE_BUY, (const int64_t[]){INT64_MAX, -1, INT64_MIN}, 3);
    assert_int_equal(tw_book_delete(book, 0, 5), TW_OK);
    assert_int_equal(tw_book_delete(book, 0, 4), TW_OK);
    expect_prices(book, TW_SIDE_BUY, (const int64_t[]){-1, INT64_MIN}, 2);
}

/* Nothing is worse than it, so it is not the best by being better than none. */
static void the_worst_price_of_all_leads_an_empty_side(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(16, 16);
    for (uint64_t round = 0; round < 3; round++) {
        must_add(book, 1, TW_SIDE_SELL, INT64_MAX, 1);
        must_add(book, 2, TW_SIDE_BUY, INT64_MIN, 2);
        expect_prices(book, TW_SIDE_SELL, (const int64_t[]){INT64_MAX}, 1);
        expect_prices(book, TW_SIDE_BUY, (const int64_t[]){INT64_MIN}, 1);
        must_add(book, 3, TW_SIDE_SELL, INT64_MAX - 1, 3);
        must_add(book, 4, TW_SIDE_BUY, INT64_MIN + 1, 4);
        expect_prices(book, TW_SIDE_SELL, (const int64_t[]){INT64_MAX - 1, INT64_MAX}, 2);
        expect_prices(book, TW_SIDE_BUY, (const int64_t[]){INT64_MIN + 1, INT64_MIN}, 2);
        for (uint64_t id = 1; id <= 4; id++)
            assert_int_equal(tw_book_delete(book, 0, id), TW_OK);
    }
}

static void a_price_of_zero_may_be_the_first(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(16, 16);
    must_add(book, 1, TW_SIDE_BUY, 0, 1);
    must_add(book, 2, TW_SIDE_BUY, 0, 1);
    expect_prices(book, TW_SIDE_BUY, (const int64_t[]){0}, 1);
    must_add(book, 3, TW_SIDE_BUY, INT64_C(-250000000), 1);
    must_add(book, 4, TW_SIDE_BUY, INT64_C(500000000), 1);
    expect_prices(book, TW_SIDE_BUY, (const int64_t[]){INT64_C(500000000), 0, INT64_C(-250000000)},
                  3);
}

/* Two levels at a time wander through far more pages than there are slots for. */
static void wandering_prices_need_no_more_than_their_levels(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(4, 2);
    must_add(book, 1, TW_SIDE_BUY, 1, 1); /* the tick is 1: far prices are far pages */
    assert_int_equal(tw_book_delete(book, 0, 1), TW_OK);
    for (uint64_t i = 2; i < 5000; i++) {
        int64_t price = (int64_t)(i * 7919 % 1000) * 1000;
        must_add(book, i, TW_SIDE_BUY, price, 1);
        if (i > 2)
            assert_int_equal(tw_book_delete(book, 0, i - 1), TW_OK);
        if (i % 512 == 0)
            tw_book_check(book);
    }
    expect_prices(book, TW_SIDE_BUY, (const int64_t[]){4999 * 7919 % 1000 * 1000}, 1);
}

/* The pages that wait for their prices to come back are forgotten with the book. */
static void a_cleared_book_starts_anew(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(4, 4);
    must_add(book, 1, TW_SIDE_BUY, 1000, 1);
    must_add(book, 2, TW_SIDE_BUY, 1, 1);
    assert_int_equal(tw_book_delete(book, 0, 1), TW_OK);
    assert_int_equal(tw_book_clear(book, 0), TW_OK);
    must_add(book, 1, TW_SIDE_BUY, 64000, 1);
    must_add(book, 2, TW_SIDE_BUY, 65000, 1);
    expect_prices(book, TW_SIDE_BUY, (const int64_t[]){65000, 64000}, 2);
}

/* ---- Ids ------------------------------------------------------------------------------------ */

static void ids_of_all_sizes_are_told_apart(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(1024, 8);
    uint64_t ids[1024];
    size_t count = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        for (unsigned add = 0; add < 8; add++) {
            uint64_t id = (UINT64_C(1) << bit) + add * (UINT64_C(1) << bit >> 4) - add % 2;
            bool is_new = id != 0;
            for (size_t i = 0; i < count && is_new; i++)
                is_new = ids[i] != id;
            if (is_new)
                ids[count++] = id;
        }
    }
    ids[count++] = UINT64_MAX;
    for (size_t i = 0; i < count; i++)
        must_add(book, ids[i], TW_SIDE_BUY, 100 + (int64_t)(i % 8), (int64_t)i + 1);
    tw_book_check(book);
    for (size_t i = 0; i < count; i++) {
        tw_book_view view;
        assert_int_equal(tw_book_find(book, 0, ids[i], &view), TW_OK);
        assert_int_equal(view.quantity.nano, i + 1);
        assert_int_equal(add(book, ids[i], TW_SIDE_SELL, 200, 1), TW_EXISTS);
    }
    for (size_t i = 0; i < count; i++)
        assert_int_equal(tw_book_delete(book, 0, ids[i]), TW_OK);
    tw_book_check(book);
}

static void tags_are_kept_only_when_asked_for(void **state) {
    (void)state;
    const tw_book_config config = {
        .symbol_count_max = 1, .order_count_max = 2, .level_count_max = 2};
    tw_book *book = NULL;
    assert_int_equal(tw_book_new(NULL, &config, &book), TW_OK);
    must_add(book, 1, TW_SIDE_BUY, 100, 1); /* with a tag of 10 */
    tw_book_view view;
    assert_int_equal(tw_book_find(book, 0, 1, &view), TW_OK);
    assert_int_equal(view.tag, 0);
    tw_book_free(book);
}

static void modify_keeps_the_place_only_of_less_at_the_same_price(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(8, 8);
    must_add(book, 1, TW_SIDE_BUY, 100, 5);
    must_add(book, 2, TW_SIDE_BUY, 100, 5);
    tw_book_ahead ahead;
    assert_int_equal(tw_book_modify(book, 0, 1, (tw_price){100}, (tw_quantity){3}), TW_OK);
    assert_int_equal(tw_book_queue(book, 0, 2, &ahead), TW_OK);
    assert_int_equal(ahead.quantity.nano, 3); /* 1 is still before 2 */
    uint64_t revision = tw_book_revision(book, 0);
    assert_int_equal(tw_book_modify(book, 0, 1, (tw_price){100}, (tw_quantity){3}), TW_OK);
    assert_int_equal(tw_book_revision(book, 0), revision); /* nothing changed */
    assert_int_equal(tw_book_modify(book, 0, 1, (tw_price){100}, (tw_quantity){4}), TW_OK);
    assert_int_equal(tw_book_queue(book, 0, 1, &ahead), TW_OK);
    assert_int_equal(ahead.quantity.nano, 5); /* now behind it */
    assert_int_equal(tw_book_modify(book, 0, 2, (tw_price){101}, (tw_quantity){5}), TW_OK);
    tw_book_view view;
    assert_int_equal(tw_book_find(book, 0, 2, &view), TW_OK);
    assert_int_equal(view.price.nano, 101);
    assert_int_equal(view.tag, 20); /* it is the same order */
    assert_int_equal(tw_book_modify(book, 0, 3, (tw_price){101}, (tw_quantity){5}), TW_NOT_FOUND);
    assert_int_equal(tw_book_modify(book, 0, 2, (tw_price){101}, (tw_quantity){0}), TW_INVALID);
    tw_book_check(book);
}

/* ---- Many ----------------------------------------------------------------------------------- */

enum { MANY_SYMBOLS = 40, MANY_ORDERS = 50000 };

static uint64_t next_number(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* An event of any kind, most of them sensible, some with a symbol, side or kind that is none. */
static tw_order_event any_event(uint64_t *state, uint64_t number) {
    static const uint8_t kinds[] = {TW_EVENT_ADD,    TW_EVENT_ADD,    TW_EVENT_ADD,
                                    TW_EVENT_ADD,    TW_EVENT_DELETE, TW_EVENT_REDUCE,
                                    TW_EVENT_MODIFY, TW_EVENT_REPLACE};
    bool adds = number < 45000;
    uint64_t roll = next_number(state);
    tw_order_event event = {.time_ns = (int64_t)number + 1,
                            .id = 1 + next_number(state) % (number + 1),
                            .new_id = 1000000 + number,
                            .price.nano = (int64_t)(1 + next_number(state) % 500) * 10000000,
                            .quantity.nano = (int64_t)(1 + next_number(state) % 9),
                            .kind = adds ? TW_EVENT_ADD : kinds[roll % 8]};
    if (event.kind == TW_EVENT_ADD)
        event.id = 1 + number;
    event.symbol = (uint32_t)(event.id % MANY_SYMBOLS);
    event.side = (uint8_t)(TW_SIDE_BUY + event.id / 64 % 2);
    if (roll % 1000 == 1)
        event.symbol = MANY_SYMBOLS + 7;
    if (roll % 1000 == 2)
        event.side = 77;
    if (roll % 1000 == 3)
        event.kind = 99;
    if (roll % 1000 == 4)
        event.id = 0;
    return event;
}

/* A book so large that its memory is fetched ahead. */
static void a_large_batch_does_what_single_calls_do(void **state) {
    (void)state;
    const tw_book_config config = {
        .symbol_count_max = MANY_SYMBOLS, .order_count_max = MANY_ORDERS, .level_count_max = 60000};
    TW_AUTO(tw_book) *one = NULL;
    TW_AUTO(tw_book) *many = NULL;
    assert_int_equal(tw_book_new(NULL, &config, &one), TW_OK);
    assert_int_equal(tw_book_new(NULL, &config, &many), TW_OK);
    uint64_t seed = 5;
    enum { BATCH = 100 };
    for (uint64_t number = 0; number < 100000; number += BATCH) {
        tw_order_event events[BATCH];
        tw_book_result results[BATCH];
        for (size_t i = 0; i < BATCH; i++)
            events[i] = any_event(&seed, number + i);
        size_t done = tw_book_apply(many, events, BATCH, results);
        for (size_t i = 0; i < BATCH; i++) {
            tw_status status = tw_book_apply_event(one, &events[i]);
            assert_int_equal(results[i].status, status);
            done -= status == TW_OK;
        }
        assert_int_equal(done, 0);
    }
    tw_book_check(many);
    tw_book_usage usage;
    tw_book_usage_of(many, &usage);
    assert_true(usage.order_count > 32768); /* from where on it fetches */
    tw_book_anomalies a;
    tw_book_anomalies b;
    tw_book_anomalies_of(one, &a);
    tw_book_anomalies_of(many, &b);
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(a.bad_symbol > 0 && a.bad_side > 0 && a.bad_kind > 0 && a.bad_id > 0);
    for (tw_symbol symbol = 0; symbol < MANY_SYMBOLS; symbol++) {
        tw_level levels[2][8];
        memset(levels, 0, sizeof levels);
        size_t count = tw_book_depth(one, symbol, TW_SIDE_BUY, levels[0], 8);
        assert_int_equal(tw_book_depth(many, symbol, TW_SIDE_BUY, levels[1], 8), count);
        assert_memory_equal(levels[0], levels[1], sizeof levels[0]);
    }
}

static void nothing_is_allocated_after_creation(void **state) {
    (void)state;
    failing_heap heap;
    failing_heap_init(&heap);
    const tw_book_config config = {
        .symbol_count_max = MANY_SYMBOLS, .order_count_max = MANY_ORDERS, .level_count_max = 60000};
    tw_book *book = NULL;
    assert_int_equal(tw_book_new(&heap.allocator, &config, &book), TW_OK);
    uint64_t attempts = heap.attempts;
    uint64_t seed = 6;
    uint32_t done = 0;
    for (uint64_t number = 0; number < 100000; number++) {
        tw_order_event event = any_event(&seed, number);
        done += tw_book_apply_event(book, &event) == TW_OK;
    }
    assert_true(done > 50000); /* some are meant to fail */
    assert_int_equal(heap.attempts, attempts);
    tw_book_free(book);
    assert_int_equal(heap.bytes_out, 0);
}

/* ---- By level and by top ------------------------------------------------------------------- */

static void a_snapshot_replaces_the_levels(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(0, 3);
    tw_level level = level_of(TW_SIDE_BUY, 100, 5);
    assert_int_equal(tw_book_set_level(book, &level), TW_OK);
    level = level_of(TW_SIDE_BUY, 99, 6);
    assert_int_equal(tw_book_set_level(book, &level), TW_OK);
    level = level_of(TW_SIDE_SELL, 101, 7);
    level.time_ns = 9;
    assert_int_equal(tw_book_set_level(book, &level), TW_OK);
    level = level_of(TW_SIDE_SELL, 102, 7);
    assert_int_equal(tw_book_set_level(book, &level), TW_FULL);
    level.clear = 1; /* its own levels make the room */
    assert_int_equal(tw_book_set_level(book, &level), TW_OK);
    tw_level depth[4];
    assert_int_equal(tw_book_depth(book, 1, TW_SIDE_BUY, depth, 4), 0);
    assert_int_equal(tw_book_depth(book, 1, TW_SIDE_SELL, depth, 4), 1);
    assert_int_equal(depth[0].price.nano, 102);
    assert_int_equal(depth[0].time_ns, 5);
    level.quantity.nano = 0; /* a clear alone */
    level.side = TW_SIDE_NONE;
    assert_int_equal(tw_book_set_level(book, &level), TW_OK);
    assert_int_equal(tw_book_depth(book, 1, TW_SIDE_SELL, depth, 4), 0);
    tw_book_check(book);
}

static void a_symbol_changes_its_way_only_through_clear(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(4, 4);
    tw_book_order order = order_of(1, TW_SIDE_BUY, 100, 5);
    tw_level level = level_of(TW_SIDE_BUY, 100, 5);
    const tw_quote quote = {.bid_price.nano = 1, .bid_size.nano = 1, .symbol = 1};
    assert_int_equal(tw_book_set_level(book, &level), TW_OK);
    assert_int_equal(tw_book_add(book, 1, &order), TW_STATE);
    assert_int_equal(tw_book_set_top(book, &quote), TW_STATE);
    assert_int_equal(tw_book_clear(book, 1), TW_OK);
    assert_int_equal(tw_book_set_top(book, &quote), TW_OK);
    assert_int_equal(tw_book_set_level(book, &level), TW_STATE);
    assert_int_equal(tw_book_delete(book, 1, 1), TW_STATE);
    assert_int_equal(tw_book_clear(book, 1), TW_OK);
    assert_int_equal(tw_book_add(book, 1, &order), TW_OK);
    tw_book_check(book);
}

static void a_quote_sets_both_sides_at_once(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(0, 2);
    tw_quote quote = {.time_ns = 7,
                      .bid_price.nano = 99,
                      .ask_price.nano = 101,
                      .bid_size.nano = 3,
                      .ask_size.nano = 4,
                      .symbol = 1};
    tw_quote best;
    assert_int_equal(tw_book_set_top(book, &quote), TW_OK);
    quote.bid_price.nano = 98;
    quote.ask_size.nano = 0;
    assert_int_equal(tw_book_set_top(book, &quote), TW_OK);
    tw_book_best(book, 1, &best);
    assert_int_equal(best.bid_price.nano, 98);
    assert_int_equal(best.bid_size.nano, 3);
    assert_int_equal(best.ask_price.nano, 0);
    assert_int_equal(best.ask_size.nano, 0);
    assert_int_equal(best.time_ns, 7);
    assert_int_equal(best.symbol, 1);
    tw_book_check(book);
}

/* ---- Figures ------------------------------------------------------------------------------ */

static void figures_are_exact(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(8, 8);
    tw_price price;
    tw_quantity quantity;
    tw_book_cost cost;
    double imbalance;
    assert_int_equal(tw_book_spread(book, 0, &price), TW_EMPTY);
    assert_int_equal(tw_book_microprice(book, 0, &price), TW_EMPTY);
    assert_int_equal(tw_book_imbalance(book, 0, 1, &imbalance), TW_EMPTY);
    assert_int_equal(tw_book_imbalance(book, 0, 0, &imbalance), TW_INVALID);
    assert_int_equal(tw_book_average_price(book, 0, TW_SIDE_SELL, (tw_quantity){1}, &cost),
                     TW_EMPTY);
    must_add(book, 1, TW_SIDE_BUY, 100, 30);
    must_add(book, 2, TW_SIDE_BUY, 90, 10);
    must_add(book, 3, TW_SIDE_SELL, 104, 10);
    must_add(book, 4, TW_SIDE_SELL, 110, 20);
    assert_int_equal(tw_book_spread(book, 0, &price), TW_OK);
    assert_int_equal(price.nano, 4);
    assert_int_equal(tw_book_microprice(book, 0, &price), TW_OK);
    assert_int_equal(price.nano, 103); /* (100 x 10 + 104 x 30) / 40 */
    assert_int_equal(tw_book_imbalance(book, 0, 1, &imbalance), TW_OK);
    assert_true(imbalance == 0.5); /* (30 - 10) / 40 */
    assert_int_equal(tw_book_imbalance(book, 0, 5, &imbalance), TW_OK);
    assert_true(imbalance == 10.0 / 70.0);
    assert_int_equal(tw_book_quantity_at(book, 0, TW_SIDE_SELL, (tw_price){110}).nano, 20);
    assert_int_equal(tw_book_quantity_at(book, 0, TW_SIDE_SELL, (tw_price){109}).nano, 0);
    assert_int_equal(tw_book_quantity_through(book, 0, TW_SIDE_BUY, (tw_price){95}, &quantity),
                     TW_OK);
    assert_int_equal(quantity.nano, 30);
    assert_int_equal(tw_book_quantity_through(book, 0, TW_SIDE_BUY, (tw_price){90}, &quantity),
                     TW_OK);
    assert_int_equal(quantity.nano, 40);
    assert_int_equal(tw_book_average_price(book, 0, TW_SIDE_SELL, (tw_quantity){0}, &cost),
                     TW_INVALID);
    assert_int_equal(tw_book_average_price(book, 0, TW_SIDE_SELL, (tw_quantity){20}, &cost), TW_OK);
    assert_int_equal(cost.filled.nano, 20);
    assert_int_equal(cost.average_price.nano, 107); /* (104 x 10 + 110 x 10) / 20 */
    assert_int_equal(cost.worst_price.nano, 110);
    assert_int_equal(cost.level_count, 2);
    assert_int_equal(tw_book_average_price(book, 0, TW_SIDE_SELL, (tw_quantity){99}, &cost), TW_OK);
    assert_int_equal(cost.filled.nano, 30); /* all there is */
}

static void averages_round_to_even_below_zero_too(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(8, 8);
    tw_book_cost cost;
    must_add(book, 1, TW_SIDE_SELL, -3, 1);
    must_add(book, 2, TW_SIDE_SELL, -2, 1);
    assert_int_equal(tw_book_average_price(book, 0, TW_SIDE_SELL, (tw_quantity){2}, &cost), TW_OK);
    assert_int_equal(cost.average_price.nano, -2); /* -2.5 */
    must_add(book, 3, TW_SIDE_SELL, -1, 1);
    assert_int_equal(tw_book_delete(book, 0, 1), TW_OK);
    assert_int_equal(tw_book_average_price(book, 0, TW_SIDE_SELL, (tw_quantity){2}, &cost), TW_OK);
    assert_int_equal(cost.average_price.nano, -2); /* -1.5 */
}

static void extremes_do_not_overflow(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(8, 8);
    tw_price price;
    tw_quantity quantity;
    tw_book_cost cost;
    must_add(book, 1, TW_SIDE_BUY, INT64_MIN, INT64_MAX);
    must_add(book, 2, TW_SIDE_SELL, INT64_MAX, INT64_MAX);
    assert_int_equal(tw_book_spread(book, 0, &price), TW_OVERFLOW);
    assert_int_equal(tw_book_microprice(book, 0, &price), TW_OK);
    assert_int_equal(price.nano, 0); /* -0.5 */
    must_add(book, 3, TW_SIDE_SELL, INT64_MIN, INT64_MAX);
    assert_int_equal(tw_book_microprice(book, 0, &price), TW_OK);
    assert_int_equal(price.nano, INT64_MIN);
    assert_int_equal(
        tw_book_quantity_through(book, 0, TW_SIDE_SELL, (tw_price){INT64_MAX}, &quantity),
        TW_OVERFLOW);
    assert_int_equal(tw_book_average_price(book, 0, TW_SIDE_SELL, (tw_quantity){INT64_MAX}, &cost),
                     TW_OK);
    assert_int_equal(cost.average_price.nano, INT64_MIN);
    tw_book_check(book);
}

/* ---- Taking off what is told --------------------------------------------------------------- */

static void what_is_taken_is_told_as_it_stood(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(4, 4);
    tw_book_view view;
    must_add(book, 1, TW_SIDE_SELL, 101, 5);
    assert_int_equal(tw_book_take(book, 0, 1, (tw_quantity){2}, &view), TW_OK);
    assert_int_equal(view.quantity.nano, 5);
    assert_int_equal(view.price.nano, 101);
    assert_int_equal(view.tag, 10);
    assert_int_equal(view.side, TW_SIDE_SELL);
    assert_int_equal(tw_book_take(book, 0, 1, (tw_quantity){INT64_MAX}, &view), TW_OK);
    assert_int_equal(view.quantity.nano, 3);
    assert_int_equal(tw_book_take(book, 0, 1, (tw_quantity){1}, &view), TW_NOT_FOUND);
    assert_int_equal(tw_book_take(book, 0, 1, (tw_quantity){0}, &view), TW_INVALID);
    tw_book_check(book);
}

static void the_first_to_trade_is_executed_up_to_a_limit(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make(4, 4);
    tw_book_view view;
    tw_price best;
    const tw_quantity four = {4};
    assert_false(tw_book_best_price(book, 0, TW_SIDE_BUY, &best));
    assert_int_equal(tw_book_execute_first(book, 0, TW_SIDE_BUY, (tw_price){1}, four, &view),
                     TW_EMPTY);
    must_add(book, 1, TW_SIDE_BUY, 99, 5);
    must_add(book, 2, TW_SIDE_BUY, 100, 3);
    must_add(book, 3, TW_SIDE_BUY, 100, 3);
    assert_true(tw_book_best_price(book, 0, TW_SIDE_BUY, &best));
    assert_int_equal(best.nano, 100);
    assert_int_equal(tw_book_execute_first(book, 0, TW_SIDE_BUY, (tw_price){101}, four, &view),
                     TW_EMPTY);
    assert_int_equal(tw_book_execute_first(book, 0, TW_SIDE_BUY, (tw_price){100}, four, &view),
                     TW_OK);
    assert_int_equal(view.id, 2);
    assert_int_equal(view.quantity.nano, 3);
    assert_int_equal(
        tw_book_execute_first(book, 0, TW_SIDE_BUY, (tw_price){99}, (tw_quantity){1}, &view),
        TW_OK);
    assert_int_equal(view.id, 3);
    assert_int_equal(tw_book_find(book, 0, 3, &view), TW_OK);
    assert_int_equal(view.quantity.nano, 2);
    assert_int_equal(tw_book_find(book, 0, 2, &view), TW_NOT_FOUND);
    tw_book_check(book);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken_is_told_as_it_stood),
        cmocka_unit_test(the_first_to_trade_is_executed_up_to_a_limit),
        cmocka_unit_test(counts_outside_their_range_are_refused),
        cmocka_unit_test(every_failed_allocation_leaves_nothing),
        cmocka_unit_test(orders_of_a_price_keep_their_time),
        cmocka_unit_test(replace_moves_an_order_to_the_back),
        cmocka_unit_test(every_anomaly_is_counted_and_named),
        cmocka_unit_test(a_crossed_book_is_kept_as_it_came),
        cmocka_unit_test(full_pools_refuse_and_recover),
        cmocka_unit_test(ids_are_unique_to_their_symbol_only),
        cmocka_unit_test(the_id_table_grows_with_the_orders_alive),
        cmocka_unit_test(ascending_and_descending_ladders_stay_balanced),
        cmocka_unit_test(revisions_tell_when_the_best_changed),
        cmocka_unit_test(a_batch_does_what_single_calls_do),
        cmocka_unit_test(prices_of_any_tick_stand_in_order),
        cmocka_unit_test(prices_stand_at_both_ends_of_the_range),
        cmocka_unit_test(the_worst_price_of_all_leads_an_empty_side),
        cmocka_unit_test(a_price_of_zero_may_be_the_first),
        cmocka_unit_test(wandering_prices_need_no_more_than_their_levels),
        cmocka_unit_test(a_cleared_book_starts_anew),
        cmocka_unit_test(ids_of_all_sizes_are_told_apart),
        cmocka_unit_test(tags_are_kept_only_when_asked_for),
        cmocka_unit_test(modify_keeps_the_place_only_of_less_at_the_same_price),
        cmocka_unit_test(a_large_batch_does_what_single_calls_do),
        cmocka_unit_test(nothing_is_allocated_after_creation),
        cmocka_unit_test(a_snapshot_replaces_the_levels),
        cmocka_unit_test(a_symbol_changes_its_way_only_through_clear),
        cmocka_unit_test(a_quote_sets_both_sides_at_once),
        cmocka_unit_test(a_quote_follows_the_best),
        cmocka_unit_test(figures_are_exact),
        cmocka_unit_test(averages_round_to_even_below_zero_too),
        cmocka_unit_test(extremes_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
