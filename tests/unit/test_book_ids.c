/* test_book_ids.c - the id table finds its orders in few steps, whatever a venue's ids are like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "book_ids.h"

#define ORDER_COUNT 40000
#define SYMBOL_COUNT 50

/* Ids by their number, from 1 on, and symbols. */
typedef uint64_t (*id_of)(uint64_t number);
typedef tw_symbol (*symbol_of)(uint64_t number);

static tw_symbol one_symbol(uint64_t number) {
    (void)number;
    return 0;
}

static tw_symbol symbols_in_turn(uint64_t number) {
    return (tw_symbol)(number % SYMBOL_COUNT);
}

static uint64_t counted(uint64_t number) {
    return number;
}

/* Each symbol counts for itself. */
static uint64_t counted_by_symbol(uint64_t number) {
    return 1 + number / SYMBOL_COUNT;
}

/* A number of Fibonacci: its multiples all but agree in the topmost bits of the product with the
 * golden ratio. */
static uint64_t in_step_with_the_golden_ratio(uint64_t number) {
    return number * UINT64_C(1548008755920);
}

/* All in the home of their first one. */
static uint64_t of_one_home(uint64_t number) {
    const uint64_t inverse = UINT64_C(0xf1de83e19937733d); /* of the golden ratio's factor */
    return number * inverse;
}

static uint64_t counted_backwards(uint64_t number) {
    return UINT64_MAX - number;
}

static uint64_t in_high_bits(uint64_t number) {
    return number << 44;
}

static tw_book *make(void) {
    const tw_book_config config = {.symbol_count_max = SYMBOL_COUNT,
                                   .order_count_max = ORDER_COUNT,
                                   .level_count_max = SYMBOL_COUNT};
    tw_book *book = NULL;
    assert_int_equal(tw_book_new(NULL, &config, &book), TW_OK);
    return book;
}

static uint32_t most_passed(const tw_book *book) {
    uint32_t most = 0;
    for (uint32_t i = 0; i <= book->bucket_mask; i++) {
        if (book->buckets[i].passed_count > most)
            most = book->buckets[i].passed_count;
    }
    return most;
}

/* Adds all, checks on the way, and takes all off. Returns how often factors were drawn. */
static uint32_t fill_and_empty(id_of id, symbol_of symbol) {
    TW_AUTO(tw_book) *book = make();
    for (uint64_t i = 1; i <= ORDER_COUNT; i++) {
        const tw_book_order order = {
            .id = id(i), .price.nano = 1000, .quantity.nano = 1, .side = TW_SIDE_BUY};
        assert_int_equal(tw_book_add(book, symbol(i), &order), TW_OK);
        assert_int_equal(tw_book_add(book, symbol(i), &order), TW_EXISTS);
    }
    tw_book_check(book);
    assert_true(book->away_count <= 64 + ORDER_COUNT / 4);
    assert_true(most_passed(book) <= 40);
    for (uint64_t i = 1; i <= ORDER_COUNT; i++)
        assert_int_equal(tw_book_delete(book, symbol(i), id(i)), TW_OK);
    tw_book_check(book);
    assert_int_equal(book->away_count, 0);
    assert_int_equal(most_passed(book), 0);
    return book->draw_count;
}

static void ids_that_are_counted_up_need_one_factor(void **state) {
    (void)state;
    assert_int_equal(fill_and_empty(counted, one_symbol), 0);
    assert_int_equal(fill_and_empty(counted, symbols_in_turn), 0);
    assert_int_equal(fill_and_empty(counted_backwards, one_symbol), 0);
    assert_int_equal(fill_and_empty(in_high_bits, one_symbol), 0);
}

static void ids_in_step_with_a_factor_get_another(void **state) {
    (void)state;
    uint32_t draws = fill_and_empty(in_step_with_the_golden_ratio, one_symbol);
    assert_in_range(draws, 1, 4);
    draws = fill_and_empty(of_one_home, symbols_in_turn);
    assert_in_range(draws, 1, 4);
}

static void symbols_with_the_same_ids_are_told_apart(void **state) {
    (void)state;
    uint32_t draws = fill_and_empty(counted_by_symbol, symbols_in_turn);
    assert_in_range(draws, 1, 4);
}

/* Whoever knows the factor can make ids that no table is quick with: it stays right. */
static void ids_against_every_factor_are_slow_but_right(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make();
    book->draw_wait = 1000000; /* as after a draw in a large book */
    for (uint64_t i = 1; i <= 2000; i++) {
        const tw_book_order order = {
            .id = of_one_home(i), .price.nano = 1000, .quantity.nano = 1, .side = TW_SIDE_BUY};
        assert_int_equal(tw_book_add(book, 0, &order), TW_OK);
    }
    tw_book_check(book);
    assert_int_equal(book->draw_count, 0);
    assert_true(most_passed(book) > 1000);
    for (uint64_t i = 2000; i >= 1; i--)
        assert_int_equal(tw_book_delete(book, 0, of_one_home(i)), TW_OK);
    tw_book_check(book);
    assert_int_equal(most_passed(book), 0);
}

/* Among many orders that are at home: too few are away to count, but one would pass too many. */
static void a_cluster_of_ids_gets_another_factor(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make();
    for (uint64_t i = 1; i <= 3000 + 230; i++) {
        const tw_book_order order = {.id = i <= 3000 ? i : of_one_home(i),
                                     .price.nano = 1000,
                                     .quantity.nano = 1,
                                     .side = TW_SIDE_BUY};
        assert_int_equal(tw_book_add(book, 0, &order), TW_OK);
    }
    tw_book_check(book);
    assert_int_equal(book->draw_count, 1);
    assert_true(book->passed_most < 8);
}

/* A draw is paid for by the puts before the next one. */
static void draws_keep_their_distance(void **state) {
    (void)state;
    TW_AUTO(tw_book) *book = make();
    uint64_t id = 1;
    for (uint64_t i = 1; i <= 20000; i++) {
        /* Always of the first home by the factor of the moment. */
        while (book_id_hash(book, 0, id) >> book->bucket_shift != 0)
            id++;
        const tw_book_order order = {
            .id = id++, .price.nano = 1000, .quantity.nano = 1, .side = TW_SIDE_BUY};
        assert_int_equal(tw_book_add(book, 0, &order), TW_OK);
    }
    tw_book_check(book);
    assert_in_range(book->draw_count, 2, 12);
}

/* The bucket of an id in a table of two. */
static size_t home_of(const tw_book *book, uint64_t id) {
    return (size_t)(book_ids_home(book, book_id_hash(book, 0, id)) - book->buckets);
}

/* The next id from *at on that is at home in a bucket. */
static uint64_t next_at_home(const tw_book *book, size_t bucket, uint64_t *at) {
    while (home_of(book, *at) != bucket)
        (*at)++;
    return (*at)++;
}

static void add_at_home(tw_book *book, size_t bucket, uint64_t *at, uint64_t *ret_id) {
    const tw_book_order order = {.id = next_at_home(book, bucket, at),
                                 .price.nano = 1000,
                                 .quantity.nano = 1,
                                 .side = TW_SIDE_BUY};
    *ret_id = order.id;
    assert_int_equal(tw_book_add(book, 0, &order), TW_OK);
}

/* Orders of the first bucket that found it full stand in the second, and one of the second, which
 * is full of them, in the first: no bucket ends a search then. */
static void a_search_ends_when_every_bucket_was_passed(void **state) {
    (void)state;
    const tw_book_config config = {
        .symbol_count_max = 1, .order_count_max = 16, .level_count_max = 4};
    TW_AUTO(tw_book) *book = NULL;
    assert_int_equal(tw_book_new(NULL, &config, &book), TW_OK);
    assert_int_equal(book->bucket_mask, 1);
    uint64_t at = 1;
    uint64_t ids[2][16];
    for (int i = 0; i < 16; i++) /* 12 fill the first, 4 pass it */
        add_at_home(book, 0, &at, &ids[0][i]);
    for (int i = 0; i < 11; i++)
        assert_int_equal(tw_book_delete(book, 0, ids[0][i]), TW_OK);
    for (int i = 0; i < 9; i++) /* 8 fill the second, 1 passes it */
        add_at_home(book, 1, &at, &ids[1][i]);
    assert_true(book->buckets[0].passed_count > 0 && book->buckets[1].passed_count > 0);
    tw_book_check(book);
    assert_int_equal(tw_book_delete(book, 0, next_at_home(book, 0, &at)), TW_NOT_FOUND);
    assert_int_equal(tw_book_delete(book, 0, next_at_home(book, 1, &at)), TW_NOT_FOUND);
    uint64_t added = 0;
    add_at_home(book, 1, &at, &added);
    for (int i = 11; i < 16; i++)
        assert_int_equal(tw_book_delete(book, 0, ids[0][i]), TW_OK);
    tw_book_check(book);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_that_are_counted_up_need_one_factor),
        cmocka_unit_test(ids_in_step_with_a_factor_get_another),
        cmocka_unit_test(symbols_with_the_same_ids_are_told_apart),
        cmocka_unit_test(ids_against_every_factor_are_slow_but_right),
        cmocka_unit_test(a_cluster_of_ids_gets_another_factor),
        cmocka_unit_test(draws_keep_their_distance),
        cmocka_unit_test(a_search_ends_when_every_bucket_was_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
