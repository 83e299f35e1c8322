/*
 * store_batches.h - batches of the store that are numbered, so that each can be looked for.
 */
#ifndef TRADEWIND_TESTS_STORE_BATCHES_H
#define TRADEWIND_TESTS_STORE_BATCHES_H

#include "store_place.h"

/* A batch that takes every way: rows in bulk, lines of our own, a symbol, a record, an import. */
static inline tw_status put_batch(const test_place *place, tw_store *store, uint64_t number,
                                  size_t count, tw_error *error) {
    tw_trade trades[400];
    assert_true(count <= 400);
    for (size_t i = 0; i < count; i++)
        trades[i] = trade_at(place, (int64_t)(number * 1000 + i), number * 1000 + i + 1);
    tw_store_record record = {.sequence = number,
                              .time_ns = (int64_t)number,
                              .kind = tw_slice_of("intent"),
                              .payload = tw_slice_of("{\"quantity\":\"100\"}")};
    tw_store_import import = {.name = tw_slice_of("trades.csv"), .row_count = number, .size = 1};
    tw_status status = tw_store_put_trades(store, trades, count, error);
    if (status == TW_OK)
        status = tw_store_append_journal(store, &record, 1, error);
    return status == TW_OK ? tw_store_put_import(store, &import, error) : status;
}

static inline void put_and_commit(const test_place *place, tw_store *store, uint64_t number,
                                  size_t count) {
    tw_error error = {0};
    if (put_batch(place, store, number, count, &error) != TW_OK)
        fail_msg("%s", error.message);
    commit(store, TW_STORE_FULL);
}

/* Exactly `count` batches of `size` are there, as another program sees it. */
static inline void expect_batches(const test_place *place, uint64_t count, uint64_t size) {
    tw_store *reader = open_reader(place);
    tw_error error = {0};
    if (tw_store_verify(reader, &error) != TW_OK)
        fail_msg("%s", error.message);
    assert_int_equal(rows(reader, TW_STORE_JOURNAL), count);
    assert_int_equal(rows(reader, TW_STORE_TRADES), count * size);
    tw_store_import import = {0};
    assert_int_equal(tw_store_find_import(reader, tw_slice_of("trades.csv"), &import, NULL), TW_OK);
    assert_int_equal(import.row_count, count);
    close_store(reader);
}

static inline tw_store_figures figures_of(const tw_store *store) {
    tw_store_figures figures;
    tw_store_read_figures(store, &figures);
    return figures;
}

#endif
