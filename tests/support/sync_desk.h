/*
 * sync_desk.h - a small book with its synchroniser, and updates made by hand.
 *
 * Include <cmocka.h> and what it needs before this.
 */
#ifndef TRADEWIND_TEST_SYNC_DESK_H
#define TRADEWIND_TEST_SYNC_DESK_H

#include "tradewind/book_sync.h"

#define BID TW_SIDE_BUY
#define ASK TW_SIDE_SELL
#define SYMBOLS 3
#define LEVELS_MAX 64

typedef struct desk {
    tw_book *book;
    tw_book_sync *sync;
    tw_book_sync_result result;
    tw_level levels[LEVELS_MAX]; /* of the update that is being made */
} desk;

static const tw_book_sync_config usual = {
    .symbol_count_max = SYMBOLS, .update_count_max = 8, .level_count_max = 16};

static inline desk *open_desk(const tw_book_sync_config *config, uint32_t level_count_max) {
    desk *made = test_calloc(1, sizeof *made);
    const tw_book_config book = {.symbol_count_max = SYMBOLS, .level_count_max = level_count_max};
    assert_int_equal(tw_book_new(NULL, &book, &made->book), TW_OK);
    assert_int_equal(tw_book_sync_new(NULL, config, made->book, &made->sync), TW_OK);
    return made;
}

static inline desk *open_usual(void) {
    return open_desk(&usual, 100);
}

static inline void close_desk(desk *made) {
    tw_book_sync_check(made->sync);
    tw_book_check(made->book);
    tw_book_sync_free(made->sync);
    tw_book_free(made->book);
    test_free(made);
}

static inline tw_level level_of(tw_side side, int64_t price, int64_t quantity) {
    return (tw_level){.price.nano = price, .quantity.nano = quantity, .side = (uint8_t)side};
}

/* A change of one level, numbered as Binance spot does it. */
static inline tw_depth_update range(desk *made, uint64_t first_id, uint64_t last_id,
                                    tw_level level) {
    made->levels[0] = level;
    return (tw_depth_update){.time_ns = (int64_t)last_id,
                             .first_id = first_id,
                             .last_id = last_id,
                             .levels = made->levels,
                             .level_count = 1};
}

/* The same as Binance futures. */
static inline tw_depth_update chained(desk *made, uint64_t previous_id, uint64_t first_id,
                                      uint64_t last_id, tw_level level) {
    tw_depth_update update = range(made, first_id, last_id, level);
    update.previous_id = previous_id;
    return update;
}

/* A bid at 10 and an ask at 20, 5 each. */
static inline tw_depth_update snapshot_of(desk *made, uint64_t last_id) {
    made->levels[0] = level_of(BID, 10, 5);
    made->levels[1] = level_of(ASK, 20, 5);
    return (tw_depth_update){.time_ns = (int64_t)last_id,
                             .last_id = last_id,
                             .levels = made->levels,
                             .level_count = 2,
                             .snapshot = 1};
}

static inline tw_status give(desk *made, tw_depth_update update) {
    tw_status status = tw_book_sync_apply(made->sync, &update, &made->result);
    tw_book_sync_check(made->sync);
    return status;
}

static inline void expect(desk *made, tw_depth_update update, tw_status status,
                          tw_book_sync_outcome outcome, tw_book_sync_state state) {
    assert_int_equal(give(made, update), status);
    assert_string_equal(tw_book_sync_outcome_name((tw_book_sync_outcome)made->result.outcome),
                        tw_book_sync_outcome_name(outcome));
    assert_int_equal(made->result.state, state);
    assert_int_equal(tw_book_sync_state_of(made->sync, update.symbol), state);
}

static inline int64_t quantity_at(const desk *made, tw_side side, int64_t price) {
    return tw_book_quantity_at(made->book, 0, side, (tw_price){price}).nano;
}

static inline tw_book_sync_counts counts_of(const desk *made) {
    tw_book_sync_counts counts;
    tw_book_sync_counts_of(made->sync, TW_SYMBOL_NONE, &counts);
    return counts;
}

static inline bool is_empty(const desk *made, tw_symbol symbol) {
    tw_book_counts counts;
    tw_book_counts_of(made->book, symbol, &counts);
    return counts.bid_level_count == 0 && counts.ask_level_count == 0;
}

static inline tw_depth_update unnumbered(desk *made, tw_level level) {
    return range(made, 0, 0, level);
}

static inline void expect_refused(desk *made, tw_depth_update update, tw_book_sync_reason reason,
                                  tw_book_sync_state state) {
    expect(made, update, TW_INVALID, TW_BOOK_SYNC_REFUSED, state);
    assert_string_equal(tw_book_sync_reason_name((tw_book_sync_reason)made->result.reason),
                        tw_book_sync_reason_name(reason));
}

#endif
