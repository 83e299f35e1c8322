/*
 * wire_store.c - the store as its header tells it, on a file and on a server: rows, keys, batches,
 * refusals.
 */
#include "store_place.h"

/* ---- what a read gave ---- */

typedef struct rows_read {
    unsigned char bytes[16][512];
    size_t count;
} rows_read;

static void collect(void *context, const void *record, size_t size) {
    rows_read *collected = context;
    assert_true(collected->count < 16 && size <= 512);
    memcpy(collected->bytes[collected->count++], record, size);
}

static tw_status on_trade(void *context, const tw_trade *trade) {
    collect(context, trade, sizeof *trade);
    return TW_OK;
}

static tw_status on_quote(void *context, const tw_quote *quote) {
    collect(context, quote, sizeof *quote);
    return TW_OK;
}

static tw_status on_bar(void *context, const tw_bar *bar) {
    collect(context, bar, sizeof *bar);
    return TW_OK;
}

static tw_status on_order(void *context, const tw_order *order) {
    collect(context, order, sizeof *order);
    return TW_OK;
}

static tw_status on_fill(void *context, const tw_fill *fill) {
    collect(context, fill, sizeof *fill);
    return TW_OK;
}

static tw_status on_position(void *context, int64_t time_ns, const tw_position *position) {
    assert_int_equal(time_ns, 77);
    collect(context, position, sizeof *position);
    return TW_OK;
}

#define assert_same(collected, index, record) \
    assert_memory_equal((collected).bytes[index], &(record), sizeof(record))

/* ---- round trips ---- */

static void test_market_rows_come_back_bit_for_bit(void **state) {
    const test_place *place = *state;
    tw_trade trades[3] = {trade_at(place, 1, UINT64_MAX),
                          trade_at(place, INT64_MAX, 7),
                          {.time_ns = INT64_MIN,
                           .price = {INT64_MAX},
                           .quantity = {1},
                           .symbol = place->coin,
                           .exchange = (char)-3}};
    tw_quote quotes[2] = {{.time_ns = 5,
                           .bid_price = {1},
                           .ask_price = {INT64_MAX},
                           .bid_size = {3},
                           .symbol = place->coin,
                           .bid_exchange = 'P',
                           .ask_exchange = 'Q',
                           .tape = 'A',
                           .conditions = "R"},
                          {.time_ns = 6, .symbol = place->coin}};
    tw_bar bar = {.time_ns = 60,
                  .timeframe_ns = TW_NS_PER_MINUTE,
                  .open = {2},
                  .high = {9},
                  .low = {1},
                  .close = {3},
                  .vwap = {4},
                  .volume = {INT64_MAX},
                  .count = UINT64_MAX,
                  .symbol = place->apple,
                  .revision = UINT32_MAX};
    tw_store *store = open_writer(place);
    assert_int_equal(tw_store_put_trades(store, trades, 3, NULL), TW_OK);
    assert_int_equal(tw_store_put_quotes(store, quotes, 2, NULL), TW_OK);
    assert_int_equal(tw_store_put_bars(store, &bar, 1, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
    close_store(store);

    store = open_reader(place);
    rows_read got = {0};
    assert_int_equal(tw_store_read_trades(store, &everything, on_trade, &got, NULL), TW_OK);
    assert_int_equal(got.count, 3);
    assert_same(got, 0, trades[0]);
    assert_same(got, 1, trades[1]);
    assert_same(got, 2, trades[2]);
    got = (rows_read){0};
    assert_int_equal(tw_store_read_quotes(store, &everything, on_quote, &got, NULL), TW_OK);
    assert_int_equal(got.count, 2);
    assert_same(got, 0, quotes[0]);
    assert_same(got, 1, quotes[1]);
    got = (rows_read){0};
    assert_int_equal(tw_store_read_bars(store, &everything, on_bar, &got, NULL), TW_OK);
    assert_int_equal(got.count, 1);
    assert_same(got, 0, bar);
    close_store(store);
}

static tw_order sample_order(const test_place *place) {
    tw_order order = {.client_order_id = "tw-1f-000001",
                      .venue_order_id = "61e69015-8549-4bfd-b9c3-01e75843f47d",
                      .created_ns = 1,
                      .updated_ns = 2,
                      .quantity = {10 * TW_NANO},
                      .filled = {1},
                      .limit_price = {3},
                      .stop_price = {4},
                      .average_price = {5},
                      .symbol = place->coin,
                      .side = TW_SIDE_BUY,
                      .type = TW_ORDER_STOP_LIMIT,
                      .time_in_force = TW_AT_CLOSE,
                      .status = TW_ORDER_UNKNOWN,
                      .extended_hours = 1};
    return order;
}

static void test_our_own_rows_come_back_bit_for_bit(void **state) {
    const test_place *place = *state;
    tw_order order = sample_order(place);
    tw_fill fill = {.client_order_id = "tw-1f-000001",
                    .execution_id = "20220118::e1",
                    .time_ns = 9,
                    .price = {11},
                    .quantity = {12},
                    .symbol = place->coin,
                    .side = TW_SIDE_SELL};
    tw_position position = {
        .quantity = {-5}, .average_price = {6}, .current_price = {7}, .symbol = place->apple};
    tw_store *store = open_writer(place);
    assert_int_equal(tw_store_put_orders(store, &order, 1, NULL), TW_OK);
    assert_int_equal(tw_store_put_fills(store, &fill, 1, NULL), TW_OK);
    assert_int_equal(tw_store_put_positions(store, 3, 77, &position, 1, NULL), TW_OK);
    commit(store, TW_STORE_FULL);
    close_store(store);

    store = open_reader(place);
    rows_read got = {0};
    assert_int_equal(tw_store_read_orders(store, on_order, &got, NULL), TW_OK);
    assert_int_equal(tw_store_read_fills(store, on_fill, &got, NULL), TW_OK);
    assert_int_equal(tw_store_read_positions(store, 3, on_position, &got, NULL), TW_OK);
    assert_int_equal(tw_store_read_positions(store, 4, on_position, &got, NULL), TW_OK);
    assert_int_equal(got.count, 3);
    assert_same(got, 0, order);
    assert_same(got, 1, fill);
    assert_same(got, 2, position);
    tw_order found;
    assert_int_equal(tw_store_find_order(store, tw_slice_of("tw-1f-000001"), &found, NULL), TW_OK);
    assert_memory_equal(&found, &order, sizeof order);
    assert_int_equal(tw_store_find_order(store, tw_slice_of("tw-1f"), &found, NULL), TW_NOT_FOUND);
    close_store(store);
}

static tw_status check_run(void *context, const tw_store_run *run) {
    int *count = context;
    ++*count;
    assert_int_equal(run->id, 1);
    assert_int_equal(run->started_ns, 10);
    assert_int_equal(run->ended_ns, 20);
    assert_true(run->seed == UINT64_MAX);
    assert_true(tw_slice_equal_string(run->venue, "demo"));
    assert_true(tw_slice_equal_string(run->strategy, ""));
    assert_true(tw_slice_equal_string(run->report, "{\"trades\":3}"));
    return TW_OK;
}

static void test_a_run_is_begun_and_ended_under_one_id(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_store_run run = {.started_ns = 10, .seed = UINT64_MAX, .venue = tw_slice_of("demo")};
    assert_int_equal(tw_store_put_run(store, &run, &run.id, NULL), TW_OK);
    assert_int_equal(run.id, 1);
    run.ended_ns = 20;
    run.report = tw_slice_of("{\"trades\":3}");
    assert_int_equal(tw_store_put_run(store, &run, NULL, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
    int count = 0;
    assert_int_equal(tw_store_read_runs(store, check_run, &count, NULL), TW_OK);
    assert_int_equal(count, 1);
    int64_t next = 0;
    run.id = 0;
    assert_int_equal(tw_store_put_run(store, &run, &next, NULL), TW_OK);
    assert_int_equal(next, 2);
    close_store(store);
}

static void test_symbols_survive_in_another_table_with_other_indexes(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_trade trade = trade_at(place, 5, 1);
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
    close_store(store);

    TW_AUTO(tw_symbols) *others = NULL;
    assert_int_equal(tw_symbols_new(NULL, 8, &others), TW_OK);
    tw_symbol first = intern(others, "ZZZ");
    store = open_with(place, (tw_store_config){.symbols = others});
    rows_read got = {0};
    assert_int_equal(tw_store_read_trades(store, &everything, on_trade, &got, NULL), TW_OK);
    assert_int_equal(got.count, 1);
    trade.symbol = 1;
    assert_same(got, 0, trade);
    assert_string_equal(tw_symbols_name(others, 1), "AAPL");
    tw_store_range none = {.from_ns = 0, .to_ns = INT64_MAX, .symbol = first};
    assert_int_equal(tw_store_read_trades(store, &none, on_trade, &got, NULL), TW_OK);
    assert_int_equal(got.count, 1);
    close_store(store);
}

/* ---- keys ---- */

static void test_putting_again_changes_nothing(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    /* Two trades without an id at one time are two trades, also when they are alike. */
    tw_trade trades[4] = {trade_at(place, 1, 0), trade_at(place, 1, 0), trade_at(place, 2, 0),
                          trade_at(place, 2, 9)};
    tw_quote quotes[2] = {{.time_ns = 4, .symbol = place->coin},
                          {.time_ns = 4, .symbol = place->coin}};
    for (int round = 0; round < 3; round++) {
        tw_store_begin_series(store);
        assert_int_equal(tw_store_put_trades(store, trades, 2, NULL), TW_OK);
        commit(store, TW_STORE_NORMAL); /* a place goes on over a commit */
        assert_int_equal(tw_store_put_trades(store, trades + 2, 2, NULL), TW_OK);
        assert_int_equal(tw_store_put_quotes(store, quotes, 2, NULL), TW_OK);
        commit(store, TW_STORE_NORMAL);
        assert_int_equal(rows(store, TW_STORE_TRADES), 4);
        assert_int_equal(rows(store, TW_STORE_QUOTES), 2);
    }
    tw_store_figures figures;
    tw_store_read_figures(store, &figures);
    assert_int_equal(figures.rows_put, 6);
    assert_int_equal(figures.rows_skipped, 12);
    close_store(store);
}

static void test_a_later_revision_of_a_bar_replaces_an_earlier_never(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_bar bar = {.timeframe_ns = TW_NS_PER_DAY,
                  .open = {2},
                  .high = {3},
                  .low = {1},
                  .close = {2},
                  .symbol = place->apple,
                  .revision = 5};
    assert_int_equal(tw_store_put_bars(store, &bar, 1, NULL), TW_OK);
    tw_bar older = bar;
    older.revision = 4;
    older.close.nano = 1;
    assert_int_equal(tw_store_put_bars(store, &older, 1, NULL), TW_OK);
    rows_read got = {0};
    assert_int_equal(tw_store_read_bars(store, &everything, on_bar, &got, NULL), TW_OK);
    assert_same(got, 0, bar);
    tw_bar newer = bar;
    newer.revision = 6;
    newer.close.nano = 3;
    assert_int_equal(tw_store_put_bars(store, &newer, 1, NULL), TW_OK);
    assert_int_equal(tw_store_put_bars(store, &newer, 1, NULL), TW_OK);
    tw_store_range range = everything;
    range.symbol = place->apple;
    range.timeframe_ns = TW_NS_PER_DAY;
    assert_int_equal(tw_store_read_bars(store, &range, on_bar, &got, NULL), TW_OK);
    assert_int_equal(got.count, 2);
    assert_same(got, 1, newer);
    range.timeframe_ns = TW_NS_PER_HOUR;
    assert_int_equal(tw_store_read_bars(store, &range, on_bar, &got, NULL), TW_OK);
    assert_int_equal(got.count, 2);
    tw_store_figures figures;
    tw_store_read_figures(store, &figures);
    assert_int_equal(figures.rows_put, 2);
    assert_int_equal(figures.rows_skipped, 2);
    close_store(store);
}

static void test_orders_are_replaced_and_fills_are_not(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_order order = sample_order(place);
    assert_int_equal(tw_store_put_orders(store, &order, 1, NULL), TW_OK);
    order.status = TW_ORDER_FILLED;
    assert_int_equal(tw_store_put_orders(store, &order, 1, NULL), TW_OK);
    tw_fill fill = {.client_order_id = "a", .execution_id = "x", .price = {1}, .quantity = {1}};
    tw_fill again = fill;
    again.price.nano = 2;
    assert_int_equal(tw_store_put_fills(store, &fill, 1, NULL), TW_OK);
    assert_int_equal(tw_store_put_fills(store, &again, 1, NULL), TW_OK);
    rows_read got = {0};
    assert_int_equal(tw_store_read_orders(store, on_order, &got, NULL), TW_OK);
    assert_int_equal(tw_store_read_fills(store, on_fill, &got, NULL), TW_OK);
    assert_int_equal(got.count, 2);
    assert_same(got, 0, order);
    assert_same(got, 1, fill);
    close_store(store);
}

static void test_ranges_include_their_start_and_exclude_their_end(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_trade trades[3] = {trade_at(place, 10, 1), trade_at(place, 20, 2), trade_at(place, 30, 3)};
    assert_int_equal(tw_store_put_trades(store, trades, 3, NULL), TW_OK);
    rows_read got = {0};
    tw_store_range range = {.from_ns = 10, .to_ns = 30, .symbol = place->apple};
    assert_int_equal(tw_store_read_trades(store, &range, on_trade, &got, NULL), TW_OK);
    assert_int_equal(got.count, 2);
    range.to_ns = INT64_MIN;
    assert_int_equal(tw_store_read_trades(store, &range, on_trade, &got, NULL), TW_OK);
    assert_int_equal(got.count, 2);
    int64_t newest = 0;
    assert_int_equal(tw_store_last_trade(store, place->apple, &newest, NULL), TW_OK);
    assert_int_equal(newest, 30);
    assert_int_equal(tw_store_last_trade(store, place->coin, &newest, NULL), TW_EMPTY);
    close_store(store);
}

static tw_status stop_at_once(void *context, const tw_trade *trade) {
    (void)trade;
    ++*(int *)context;
    return TW_CANCELLED;
}

static void test_a_callback_ends_a_read_with_its_own_status(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_trade trades[2] = {trade_at(place, 10, 1), trade_at(place, 20, 2)};
    assert_int_equal(tw_store_put_trades(store, trades, 2, NULL), TW_OK);
    int calls = 0;
    assert_int_equal(tw_store_read_trades(store, &everything, stop_at_once, &calls, NULL),
                     TW_CANCELLED);
    assert_int_equal(calls, 1);
    /* The statement is free again, and the batch can be committed. */
    assert_int_equal(tw_store_read_trades(store, &everything, stop_at_once, &calls, NULL),
                     TW_CANCELLED);
    commit(store, TW_STORE_NORMAL);
    close_store(store);
}

/* ---- batches ---- */

static void test_a_bad_row_keeps_the_whole_call_out(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_trade trades[2] = {trade_at(place, 1, 1), trade_at(place, 2, 2)};
    trades[1].quantity.nano = -1;
    tw_error error = {0};
    assert_int_equal(tw_store_put_trades(store, trades, 2, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "trade 1"));
    assert_non_null(strstr(error.message, "quantity"));
    assert_int_equal(rows(store, TW_STORE_TRADES), 0);
    trades[1] = trade_at(place, 2, 2);
    trades[1].symbol = 63;
    assert_int_equal(tw_store_put_trades(store, trades, 2, &error), TW_INVALID);
    tw_fill fill = {.client_order_id = "a", .price = {1}, .quantity = {1}};
    assert_int_equal(tw_store_put_fills(store, &fill, 1, &error), TW_INVALID);
    tw_order order = sample_order(place);
    memset(order.client_order_id, 'x', sizeof order.client_order_id);
    assert_int_equal(tw_store_put_orders(store, &order, 1, &error), TW_INVALID);
    close_store(store);
}

static void test_a_batch_is_bounded(void **state) {
    const test_place *place = *state;
    tw_store *store = open_with(place, (tw_store_config){.mode = TW_STORE_WRITE, .batch_rows = 3});
    tw_trade trades[4] = {trade_at(place, 1, 1), trade_at(place, 2, 2), trade_at(place, 3, 3),
                          trade_at(place, 4, 4)};
    assert_int_equal(tw_store_put_trades(store, trades, 4, NULL), TW_FULL);
    assert_int_equal(tw_store_put_trades(store, trades, 2, NULL), TW_OK);
    tw_trade bad = trades[3];
    bad.price.nano = 0;
    for (int i = 0; i < 3; i++) { /* what is refused does not count */
        assert_int_equal(tw_store_put_trades(store, trades + 2, 2, NULL), TW_FULL);
        assert_int_equal(tw_store_put_trades(store, &bad, 1, NULL), TW_INVALID);
        assert_int_equal(rows(store, TW_STORE_TRADES), 2);
    }
    assert_int_equal(tw_store_put_trades(store, trades, 1, NULL), TW_OK); /* there already */
    assert_int_equal(tw_store_put_trades(store, trades + 2, 1, NULL), TW_FULL);
    commit(store, TW_STORE_NORMAL);
    assert_int_equal(tw_store_put_trades(store, trades + 2, 2, NULL), TW_OK);
    close_store(store); /* without a commit: the batch is dropped */
    store = open_reader(place);
    assert_int_equal(rows(store, TW_STORE_TRADES), 2);
    close_store(store);
}

static void test_rows_of_a_symbol_too_many_are_not_in_the_batch(void **state) {
    const test_place *place = *state;
    const tw_store_config config = {.path = place->path,
                                    .symbols = place->symbols,
                                    .symbol_count_max = 1,
                                    .mode = TW_STORE_WRITE};
    tw_store *store = NULL;
    assert_int_equal(tw_store_open(&config, &store, NULL), TW_OK);
    tw_trade trades[2] = {trade_at(place, 1, 1), trade_at(place, 2, 2)};
    trades[1].symbol = place->coin;
    assert_int_equal(tw_store_put_trades(store, trades, 2, NULL), TW_FULL);
    tw_store_figures figures;
    tw_store_read_figures(store, &figures);
    assert_int_equal(figures.batch_rows, 0);
    assert_int_equal(tw_store_put_trades(store, trades, 1, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
    assert_int_equal(rows(store, TW_STORE_TRADES), 1);
    close_store(store);
}

static void test_a_dropped_batch_takes_its_symbols_and_places_with_it(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_trade trades[2] = {trade_at(place, 1, 0), trade_at(place, 1, 0)};
    assert_int_equal(tw_store_put_trades(store, trades, 2, NULL), TW_OK);
    assert_int_equal(rows(store, TW_STORE_SYMBOLS), 1);
    tw_store_drop_batch(store);
    assert_int_equal(rows(store, TW_STORE_SYMBOLS), 0);
    assert_int_equal(rows(store, TW_STORE_TRADES), 0);
    tw_trade other = trade_at(place, 1, 1);
    other.symbol = place->coin;
    assert_int_equal(tw_store_put_trades(store, &other, 1, NULL), TW_OK);
    assert_int_equal(tw_store_put_trades(store, trades, 2, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
    tw_store_begin_series(store);
    assert_int_equal(tw_store_put_trades(store, trades, 2, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
    assert_int_equal(rows(store, TW_STORE_TRADES), 3);
    tw_store_stats stats;
    assert_int_equal(tw_store_symbol_stats(store, place->apple, INT64_MIN, INT64_MAX, &stats, NULL),
                     TW_OK);
    assert_int_equal(stats.count, 2);
    close_store(store);
}

static void test_readers_see_commits_and_nothing_else(void **state) {
    const test_place *place = *state;
    tw_store *writer = open_writer(place);
    tw_store *reader = open_reader(place);
    tw_store *second = open_reader(place);
    tw_trade trade = trade_at(place, 1, 1);
    assert_int_equal(tw_store_put_trades(writer, &trade, 1, NULL), TW_OK);
    assert_int_equal(rows(writer, TW_STORE_TRADES), 1);
    assert_int_equal(rows(reader, TW_STORE_TRADES), 0);
    commit(writer, TW_STORE_NORMAL);
    assert_int_equal(rows(reader, TW_STORE_TRADES), 1);
    assert_int_equal(rows(second, TW_STORE_TRADES), 1);
    tw_error error = {0};
    assert_int_equal(tw_store_put_trades(reader, &trade, 1, &error), TW_READ_ONLY);
    assert_int_equal(tw_store_commit(reader, TW_STORE_FULL, &error), TW_READ_ONLY);
    assert_non_null(strstr(error.message, place->path));
    close_store(writer);
    assert_int_equal(rows(reader, TW_STORE_TRADES), 1);
    close_store(reader);
    close_store(second);
}

/* ---- who may open what ---- */

static void test_a_second_writer_is_refused_with_the_name_of_the_store(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    assert_int_equal(refused(place, place->path, TW_STORE_WRITE, place->path), TW_BUSY);
    assert_int_equal(refused(place, place->path, TW_STORE_WRITE, "process"), TW_BUSY);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* another process, too */
        tw_store_config config = {
            .path = place->path, .symbols = place->symbols, .mode = TW_STORE_WRITE};
        tw_store *mine = NULL;
        _exit(tw_store_open(&config, &mine, NULL) == TW_BUSY ? 0 : 1);
    }
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    close_store(store);
    close_store(open_writer(place));
}

static void test_the_epoch_is_random_or_given_and_stays(void **state) {
    const test_place *place = *state;
    tw_store *store = open_with(
        place, (tw_store_config){.mode = TW_STORE_WRITE, .epoch = UINT64_C(0xfedcba9876543210)});
    assert_true(tw_store_epoch(store) == UINT64_C(0xfedcba9876543210));
    assert_non_null(strstr(tw_store_backend(store), place->on_server ? "PostgreSQL" : "SQLite"));
    close_store(store);
    store = open_with(place, (tw_store_config){.mode = TW_STORE_WRITE, .epoch = 5});
    assert_true(tw_store_epoch(store) == UINT64_C(0xfedcba9876543210));
    close_store(store);
    char path[PRIVATE_POSTGRES_ADDRESS_SIZE];
    name_beside(place, "other", path);
    store = open_with(place, (tw_store_config){.path = path, .mode = TW_STORE_WRITE});
    assert_true(tw_store_epoch(store) != 0);
    assert_true(tw_store_epoch(store) != UINT64_C(0xfedcba9876543210));
    close_store(store);
}

/* ---- the journal ---- */

static tw_store_record record_of(uint64_t sequence, const char *payload) {
    return (tw_store_record){.sequence = sequence,
                             .time_ns = -5,
                             .kind = tw_slice_of("order.intent"),
                             .payload = tw_slice_of(payload)};
}

static void hash_text(tw_store *store, char text[2 * TW_STORE_HASH_SIZE + 1]) {
    uint8_t hash[TW_STORE_HASH_SIZE];
    assert_int_equal(tw_store_journal_hash(store, hash, NULL), TW_OK);
    for (int i = 0; i < TW_STORE_HASH_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
}

static void test_the_hash_is_that_of_the_stated_text(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    char text[2 * TW_STORE_HASH_SIZE + 1];
    hash_text(store, text);
    /* printf '' | sha256sum */
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    tw_store_record records[2] = {record_of(1, "{}"), record_of(2, "")};
    assert_int_equal(tw_store_append_journal(store, records, 2, NULL), TW_OK);
    commit(store, TW_STORE_FULL);
    hash_text(store, text);
    /* printf '1 -5 order.intent 2\n{}\n2 -5 order.intent 0\n\n' | sha256sum */
    assert_string_equal(text, "f35a57a860da88f5d39464d1625b70d5ee7ce4ed91bd72c4495f0731834fc044");
    close_store(store);
    store = open_reader(place);
    char again[2 * TW_STORE_HASH_SIZE + 1];
    hash_text(store, again);
    assert_string_equal(text, again);
    close_store(store);
}

/* Takes away what keeps others from changing it. */
static void unlock_journal(const test_place *place, const char *path) {
    tamper(path, place->on_server ? "DROP TRIGGER journal_is_not_changed ON journal;"
                                    "DROP TRIGGER journal_is_not_shortened ON journal"
                                  : "DROP TRIGGER journal_is_not_changed;"
                                    "DROP TRIGGER journal_is_not_shortened");
}

static void test_the_hash_feels_every_field(void **state) {
    const test_place *place = *state;
    static const char *const changes[] = {
        "UPDATE journal SET payload = 'a!' WHERE sequence = 2",
        "UPDATE journal SET kind = 'order.intens' WHERE sequence = 2",
        "UPDATE journal SET time_ns = -6 WHERE sequence = 2",
        "DELETE FROM journal WHERE sequence = 3",
        ("UPDATE journal SET payload = substr('ab c', cast(3 * sequence - 5 AS int), 2) WHERE "
         "sequence > 1"),
    };
    char original[2 * TW_STORE_HASH_SIZE + 1];
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char path[PRIVATE_POSTGRES_ADDRESS_SIZE];
        char name[16];
        snprintf(name, sizeof name, "changed%zu", i);
        name_beside(place, name, path);
        tw_store *store = open_with(place, (tw_store_config){.path = path, .mode = TW_STORE_WRITE});
        tw_store_record records[3] = {record_of(1, "{}"), record_of(2, "a"), record_of(3, "bc")};
        assert_int_equal(tw_store_append_journal(store, records, 3, NULL), TW_OK);
        commit(store, TW_STORE_FULL);
        char before[2 * TW_STORE_HASH_SIZE + 1];
        hash_text(store, before);
        if (i > 0)
            assert_string_equal(before, original); /* another file, the same run */
        memcpy(original, before, sizeof before);
        close_store(store);
        unlock_journal(place, path);
        tamper(path, changes[i]);
        store = open_with(place, (tw_store_config){.path = path});
        char after[2 * TW_STORE_HASH_SIZE + 1];
        hash_text(store, after);
        assert_string_not_equal(before, after);
        close_store(store);
    }
}

static void test_the_journal_has_no_gap_and_is_only_appended_to(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_error error = {0};
    tw_store_record skipping[2] = {record_of(1, ""), record_of(3, "")};
    assert_int_equal(tw_store_append_journal(store, skipping, 2, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "at 2, not at 3"));
    skipping[1].sequence = 2;
    assert_int_equal(tw_store_append_journal(store, skipping, 2, NULL), TW_OK);
    tw_store_drop_batch(store);
    assert_int_equal(tw_store_append_journal(store, &skipping[1], 1, NULL), TW_INVALID);
    assert_int_equal(tw_store_append_journal(store, skipping, 2, NULL), TW_OK);
    tw_store_record shouting = record_of(3, "");
    shouting.kind = tw_slice_of("Intent");
    assert_int_equal(tw_store_append_journal(store, &shouting, 1, NULL), TW_INVALID);
    shouting = record_of(3, "");
    shouting.payload = (tw_slice){"a\0b", 3};
    assert_int_equal(tw_store_append_journal(store, &shouting, 1, NULL), TW_INVALID);
    commit(store, TW_STORE_FULL);
    close_store(store);

    assert_false(try_to_tamper(place->path, "DELETE FROM journal"));
    assert_false(try_to_tamper(place->path, "UPDATE journal SET time_ns = 0"));
    unlock_journal(place, place->path);
    tamper(place->path, "DELETE FROM journal WHERE sequence = 1");
    store = open_reader(place);
    uint8_t hash[TW_STORE_HASH_SIZE];
    assert_int_equal(tw_store_journal_hash(store, hash, &error), TW_CORRUPT);
    assert_int_equal(tw_store_verify(store, &error), TW_CORRUPT);
    assert_non_null(strstr(error.message, "journal"));
    close_store(store);
}

static tw_status count_record(void *context, const tw_store_record *record) {
    uint64_t *next = context;
    assert_int_equal(record->sequence, *next);
    assert_true(tw_slice_equal_string(record->kind, "order.intent"));
    ++*next;
    return TW_OK;
}

static void test_the_journal_is_read_from_any_sequence(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    for (uint64_t sequence = 1; sequence <= 9; sequence++) {
        tw_store_record record = record_of(sequence, "x");
        assert_int_equal(tw_store_append_journal(store, &record, 1, NULL), TW_OK);
    }
    commit(store, TW_STORE_FULL);
    uint64_t next = 7;
    assert_int_equal(tw_store_read_journal(store, 7, count_record, &next, NULL), TW_OK);
    assert_int_equal(next, 10);
    uint64_t last = 0;
    assert_int_equal(tw_store_last_sequence(store, &last, NULL), TW_OK);
    assert_int_equal(last, 9);
    close_store(store);
}

/* ---- memory ---- */

static tw_status open_put_and_close(const tw_allocator *allocator, void *context) {
    const test_place *place = context;
    tw_store_config config = {.path = place->path,
                              .symbols = place->symbols,
                              .allocator = allocator,
                              .symbol_count_max = 64,
                              .mode = TW_STORE_WRITE};
    TW_AUTO(tw_store) *store = NULL;
    tw_status status = tw_store_open(&config, &store, NULL);
    tw_trade trade = trade_at(place, 1, 1);
    if (status == TW_OK)
        status = tw_store_put_trades(store, &trade, 1, NULL);
    if (status == TW_OK)
        status = tw_store_commit(store, TW_STORE_NORMAL, NULL);
    return status;
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    assert_survives_failed_allocations(open_put_and_close, *state);
}

/* ---- older and newer stores ---- */

static void set_version(const test_place *place, int version) {
    char sql[80];
    snprintf(sql, sizeof sql,
             place->on_server ? "UPDATE meta SET value = %d WHERE key = 'schema'"
                              : "PRAGMA user_version = %d",
             version);
    tamper(place->path, sql);
}

static void test_a_newer_store_is_refused(void **state) {
    const test_place *place = *state;
    close_store(open_writer(place));
    set_version(place, 99);
    assert_int_equal(refused(place, place->path, TW_STORE_WRITE, "newer version"), TW_VERSION);
    assert_int_equal(refused(place, place->path, TW_STORE_READ, "newer version"), TW_VERSION);
    set_version(place, TW_STORE_VERSION);
    close_store(open_writer(place));
}

static void test_an_older_store_is_read_as_it_is_and_brought_up_by_a_writer(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_trade trade = trade_at(place, 5, 1);
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    commit(store, TW_STORE_FULL);
    uint64_t epoch = tw_store_epoch(store);
    close_store(store);
    make_older(place, 1);

    store = open_reader(place);
    tw_store_description description;
    assert_int_equal(tw_store_describe(store, &description, NULL), TW_OK);
    assert_int_equal(description.schema_version, 1);
    assert_int_equal(rows(store, TW_STORE_TRADES), 1);
    assert_int_equal(rows(store, TW_STORE_IMPORTS), 0);
    tw_store_import import;
    assert_int_equal(tw_store_find_import(store, tw_slice_of("a"), &import, NULL), TW_NOT_FOUND);
    close_store(store);

    for (uint32_t opening = 0; opening < 2; opening++) {
        store = open_writer(place);
        tw_store_figures figures;
        tw_store_read_figures(store, &figures);
        assert_int_equal(figures.migrated_from, opening == 0 ? 1 : 0);
        assert_int_equal(tw_store_describe(store, &description, NULL), TW_OK);
        assert_int_equal(description.schema_version, TW_STORE_VERSION);
        assert_true(tw_store_epoch(store) == epoch);
        assert_int_equal(rows(store, TW_STORE_TRADES), 1);
        assert_int_equal(rows(store, TW_STORE_IMPORTS), opening);
        import = (tw_store_import){.name = tw_slice_of("a"), .row_count = 1};
        assert_int_equal(tw_store_put_import(store, &import, NULL), TW_OK);
        commit(store, TW_STORE_FULL);
        close_store(store);
    }
}

static void test_a_migration_that_fails_leaves_the_store_as_it_was(void **state) {
    const test_place *place = *state;
    close_store(open_writer(place));
    set_version(place, 1); /* the table is there already */
    assert_int_equal(refused(place, place->path, TW_STORE_WRITE, "up to date"), TW_CORRUPT);
    make_older(place, 1);
    tw_store *store = open_writer(place);
    assert_int_equal(rows(store, TW_STORE_IMPORTS), 0);
    close_store(store);
}

/* ---- many rows, in any order ---- */

enum { SOME_SYMBOLS = 3, SOME_TIMES = 40, SOME_IDS = 400, MANY_ROWS = 100000 };

typedef struct obvious {
    int64_t price[SOME_SYMBOLS][SOME_TIMES][SOME_IDS]; /* 0: no such row */
    uint64_t count;
    uint64_t read;
    tw_symbol symbols[SOME_SYMBOLS];
} obvious;

static tw_status compare_with_obvious(void *context, const tw_trade *trade) {
    obvious *model = context;
    size_t symbol = 0;
    while (model->symbols[symbol] != trade->symbol)
        symbol++;
    int64_t expected = model->price[symbol][trade->time_ns - 1][trade->id - 1];
    model->read++;
    return expected == trade->price.nano ? TW_OK : TW_CORRUPT;
}

static void test_rows_of_a_batch_count_as_if_put_one_by_one(void **state) {
    const test_place *place = *state;
    static obvious model;
    memset(&model, 0, sizeof model);
    model.symbols[0] = place->coin;
    model.symbols[1] = place->apple;
    model.symbols[2] = intern(place->symbols, "ZZZ");
    tw_store *store = open_writer(place);
    uint64_t random = 7;
    for (int i = 0; i < MANY_ROWS; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t draw = random >> 33;
        size_t symbol = draw % SOME_SYMBOLS;
        size_t time = draw / 3 % SOME_TIMES;
        size_t id = draw / 120 % SOME_IDS;
        tw_trade trade = trade_at(place, (int64_t)time + 1, id + 1);
        trade.symbol = model.symbols[symbol];
        trade.price.nano = i + 1;
        assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
        int64_t *there = &model.price[symbol][time][id];
        model.count += *there == 0;
        *there = *there == 0 ? i + 1 : *there; /* the first one stays */
    }
    tw_store_figures figures;
    for (int when = 0; when < 2; when++) { /* in the open batch, and committed */
        model.read = 0;
        assert_int_equal(
            tw_store_read_trades(store, &everything, compare_with_obvious, &model, NULL), TW_OK);
        assert_int_equal(model.read, model.count);
        tw_store_read_figures(store, &figures);
        assert_int_equal(figures.rows_put, model.count);
        assert_int_equal(figures.rows_skipped, MANY_ROWS - model.count);
        commit(store, TW_STORE_NORMAL);
    }
    close_store(store);
}

static void test_a_dropped_batch_leaves_nothing_that_waits(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_trade trades[2] = {trade_at(place, 1, 1), trade_at(place, 2, 2)};
    assert_int_equal(tw_store_put_trades(store, trades, 1, NULL), TW_OK);
    tw_store_drop_batch(store);
    assert_int_equal(tw_store_put_trades(store, trades + 1, 1, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
    assert_int_equal(rows(store, TW_STORE_TRADES), 1);
    close_store(store);
}

/* ---- imports ---- */

static void test_an_import_is_noted_with_its_rows_or_not_at_all(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    const tw_store_import first = {
        .name = tw_slice_of("trades.csv"), .row_count = 2, .size = 70, .checksum = UINT64_MAX};
    tw_trade trades[3] = {trade_at(place, 1, 0), trade_at(place, 1, 0), trade_at(place, 1, 0)};
    tw_store_import found;
    assert_int_equal(tw_store_find_import(store, first.name, &found, NULL), TW_NOT_FOUND);
    assert_int_equal(tw_store_put_trades(store, trades, 2, NULL), TW_OK);
    assert_int_equal(tw_store_put_import(store, &first, NULL), TW_OK);
    tw_store_drop_batch(store);
    assert_int_equal(tw_store_find_import(store, first.name, &found, NULL), TW_NOT_FOUND);
    assert_int_equal(tw_store_put_trades(store, trades, 2, NULL), TW_OK);
    assert_int_equal(tw_store_put_import(store, &first, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
    close_store(store);

    /* Another program goes on behind the two: what it goes over is counted, so the third is new. */
    store = open_writer(place);
    assert_int_equal(tw_store_find_import(store, first.name, &found, NULL), TW_OK);
    assert_int_equal(found.row_count, 2);
    assert_int_equal(found.size, 70);
    assert_true(found.checksum == UINT64_MAX);
    assert_int_equal(tw_store_pass_trades(store, trades, 2, NULL), TW_OK);
    assert_int_equal(rows(store, TW_STORE_TRADES), 2);
    assert_int_equal(tw_store_put_trades(store, trades + 2, 1, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
    assert_int_equal(rows(store, TW_STORE_TRADES), 3);
    close_store(store);
}

int main(void) {
    struct CMUnitTest tests[] = {
        BOTH(test_market_rows_come_back_bit_for_bit),
        BOTH(test_our_own_rows_come_back_bit_for_bit),
        BOTH(test_a_run_is_begun_and_ended_under_one_id),
        BOTH(test_symbols_survive_in_another_table_with_other_indexes),
        BOTH(test_putting_again_changes_nothing),
        BOTH(test_a_later_revision_of_a_bar_replaces_an_earlier_never),
        BOTH(test_orders_are_replaced_and_fills_are_not),
        BOTH(test_ranges_include_their_start_and_exclude_their_end),
        BOTH(test_a_callback_ends_a_read_with_its_own_status),
        BOTH(test_a_bad_row_keeps_the_whole_call_out),
        BOTH(test_a_batch_is_bounded),
        BOTH(test_rows_of_a_symbol_too_many_are_not_in_the_batch),
        BOTH(test_a_dropped_batch_takes_its_symbols_and_places_with_it),
        BOTH(test_readers_see_commits_and_nothing_else),
        BOTH(test_a_second_writer_is_refused_with_the_name_of_the_store),
        BOTH(test_the_epoch_is_random_or_given_and_stays),
        BOTH(test_the_hash_is_that_of_the_stated_text),
        BOTH(test_the_hash_feels_every_field),
        BOTH(test_the_journal_has_no_gap_and_is_only_appended_to),
        BOTH(test_the_journal_is_read_from_any_sequence),
        BOTH(test_rows_of_a_batch_count_as_if_put_one_by_one),
        BOTH(test_a_dropped_batch_leaves_nothing_that_waits),
        BOTH(test_a_newer_store_is_refused),
        BOTH(test_an_older_store_is_read_as_it_is_and_brought_up_by_a_writer),
        BOTH(test_a_migration_that_fails_leaves_the_store_as_it_was),
        BOTH(test_an_import_is_noted_with_its_rows_or_not_at_all),
        BOTH(test_leaves_nothing_when_memory_runs_out),
    };
    RUN_ON_BOTH(tests, "");
}
