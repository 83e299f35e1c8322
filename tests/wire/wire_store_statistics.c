/*
 * wire_store_statistics.c - what the trades of a store add up to, on a file and on a server: exact,
 * of one state, and remembered no longer than they are true.
 */
#include "store_place.h"

/* ---- statistics ---- */

static void put_trade(tw_store *store, tw_symbol symbol, int64_t time_ns, int64_t price,
                      int64_t quantity) {
    tw_trade trade = {
        .time_ns = time_ns, .price = {price}, .quantity = {quantity}, .symbol = symbol};
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
}

static void test_statistics_of_numbers_done_by_hand(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    /* 10 x 1, 12 x 2, 8 x 1, 10 x 4: volume 8, notional 82, mean 10, variance 2 */
    put_trade(store, place->apple, 1, 10 * TW_NANO, 1 * TW_NANO);
    put_trade(store, place->apple, 2, 12 * TW_NANO, 2 * TW_NANO);
    put_trade(store, place->apple, 2, 8 * TW_NANO, 1 * TW_NANO);
    put_trade(store, place->apple, 3, 10 * TW_NANO, 4 * TW_NANO);
    put_trade(store, place->apple, 4, 99 * TW_NANO, 4 * TW_NANO); /* outside */
    put_trade(store, place->coin, 2, 99 * TW_NANO, 4 * TW_NANO);  /* another */
    commit(store, TW_STORE_NORMAL);
    tw_store_stats stats;
    assert_int_equal(tw_store_symbol_stats(store, place->apple, 1, 4, &stats, NULL), TW_OK);
    assert_int_equal(stats.count, 4);
    assert_int_equal(stats.volume.whole, 8);
    assert_int_equal(stats.volume.nano, 0);
    assert_int_equal(stats.notional.whole, 82);
    assert_int_equal(stats.vwap.nano, INT64_C(10250000000));
    assert_int_equal(stats.open.nano, 10 * TW_NANO);
    assert_int_equal(stats.high.nano, 12 * TW_NANO);
    assert_int_equal(stats.low.nano, 8 * TW_NANO);
    assert_int_equal(stats.close.nano, 10 * TW_NANO);
    assert_true(stats.mean == 10.0);
    assert_true(stats.stddev == sqrt(2.0));
    assert_int_equal(stats.first_ns, 1);
    assert_int_equal(stats.last_ns, 3);
    assert_int_equal(tw_store_symbol_stats(store, place->apple, 9, 10, &stats, NULL), TW_OK);
    assert_int_equal(stats.count, 0);
    assert_true(stats.stddev == 0);
    tw_symbol unknown = intern(place->symbols, "NOWHERE");
    assert_int_equal(tw_store_symbol_stats(store, unknown, 1, 4, &stats, NULL), TW_NOT_FOUND);
    close_store(store);
}

/* Open and close are told by the whole key, also among trades of one time and however they came. */
static void test_open_and_close_are_the_ends_in_the_order_of_keys(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_trade trades[300];
    for (uint64_t i = 0; i < 300; i++) {
        uint64_t id = (i * 7) % 300; /* each number once, in no order */
        trades[i] = trade_at(place, id < 150 ? 5 : 6, id / 2 + 1);
        trades[i].exchange = (char)('A' + id % 2);
        trades[i].price.nano = (int64_t)(1000 + id);
    }
    assert_int_equal(tw_store_put_trades(store, trades, 300, NULL), TW_OK);
    tw_store_stats stats;
    assert_int_equal(tw_store_symbol_stats(store, place->apple, 0, 9, &stats, NULL), TW_OK);
    assert_int_equal(stats.count, 300);
    assert_int_equal(stats.open.nano, 1000);
    assert_int_equal(stats.close.nano, 1299);
    assert_int_equal(stats.first_ns, 5);
    assert_int_equal(stats.last_ns, 6);
    close_store(store);
}

static void test_totals_go_beyond_64_bits_and_stay_exact(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    /* 9e9 shares at 900,000.000000001 twice: 1.8e10 shares and 1.62e16 dollars */
    for (int64_t i = 0; i < 2; i++)
        put_trade(store, place->apple, i, 900000 * TW_NANO + 1, INT64_C(9000000000) * TW_NANO + 1);
    tw_store_stats stats;
    assert_int_equal(tw_store_symbol_stats(store, place->apple, 0, 9, &stats, NULL), TW_OK);
    assert_true(stats.volume.whole == INT64_C(18000000000));
    assert_int_equal(stats.volume.nano, 2);
    /* 2 x (9e5 + 1e-9)(9e9 + 1e-9) = 1.62e16 + 18 + 1.8e-3 + 2e-18 */
    assert_true(stats.notional.whole == INT64_C(16200000000000018));
    assert_int_equal(stats.notional.nano, 1800000);
    assert_int_equal(stats.vwap.nano, 900000 * TW_NANO + 1);
    assert_true(stats.stddev == 0);
    /* A cent around a large price: naive sums of squares lose it all. */
    put_trade(store, place->coin, 1, 9000000000 * TW_NANO, TW_NANO);
    put_trade(store, place->coin, 2, 9000000000 * TW_NANO + 10000000, TW_NANO);
    assert_int_equal(tw_store_symbol_stats(store, place->coin, 0, 9, &stats, NULL), TW_OK);
    assert_true(fabs(stats.stddev - 0.005) < 1e-15);
    /* One of three a billionth below the first: the mean distance is -1/3, the variance 2/9. */
    tw_symbol falling = intern(place->symbols, "FALL");
    for (int64_t i = 0; i < 3; i++)
        put_trade(store, falling, i, 10 * TW_NANO - (i == 1), TW_NANO);
    assert_int_equal(tw_store_symbol_stats(store, falling, 0, 9, &stats, NULL), TW_OK);
    assert_true(fabs(stats.stddev / (sqrt(2.0) / 3 * 1e-9) - 1) < 1e-12);
    assert_true(fabs(stats.mean - (10 - 1e-9 / 3)) < 1e-14);
    close_store(store);
}

/* ---- many reads as one ---- */

typedef struct together {
    const test_place *place;
    tw_store *reader;
    tw_store *writer;
    uint64_t calls;
} together;

static tw_status read_while_another_writes(void *context, tw_error *error) {
    (void)error;
    together *own = context;
    own->calls++;
    for (uint64_t id = 10; id < 14; id++) {
        assert_int_equal(rows(own->reader, TW_STORE_TRADES), 1);
        assert_int_equal(stats_of(own->reader, own->place->apple).count, 1);
        commit_trade(own->writer, own->place, id);
    }
    return TW_CANCELLED;
}

static void test_reads_together_see_one_state(void **state) {
    const test_place *place = *state;
    together own = {.place = place, .writer = open_writer(place)};
    own.reader = open_reader(place);
    assert_int_equal(tw_store_read_together(own.reader, read_while_another_writes, &own, NULL),
                     TW_OK);
    assert_int_equal(own.calls, 0); /* nothing in it, nothing to read */
    commit_trade(own.writer, place, 1);
    assert_int_equal(tw_store_read_together(own.reader, read_while_another_writes, &own, NULL),
                     TW_CANCELLED);
    assert_int_equal(own.calls, 1);
    assert_int_equal(rows(own.reader, TW_STORE_TRADES), 5);
    close_store(own.reader);
    close_store(own.writer);
}

/* ---- statistics that are remembered ---- */

static void test_statistics_are_remembered_until_a_commit_changes_them(void **state) {
    const test_place *place = *state;
    tw_cache *cache = NULL;
    assert_int_equal(tw_store_statistics_cache(NULL, 100, 0, &cache), TW_OK);
    tw_store *writer =
        open_with(place, (tw_store_config){.mode = TW_STORE_WRITE, .statistics = cache});
    commit_trade(writer, place, 1);
    tw_quote quote = {.time_ns = 1, .symbol = place->coin};
    assert_int_equal(tw_store_put_quotes(writer, &quote, 1, NULL), TW_OK);
    commit(writer, TW_STORE_NORMAL);
    tw_store *reader = open_with(place, (tw_store_config){.statistics = cache});
    for (uint64_t id = 2; id < 20; id++) {
        tw_store_stats first = stats_of(reader, place->apple);
        assert_false(first.cached);
        assert_int_equal(first.count, id - 1);
        tw_store_stats again = stats_of(reader, place->apple);
        assert_true(again.cached);
        again.cached = false;
        assert_memory_equal(&again, &first, sizeof first);
        assert_true(stats_of(writer, place->apple).cached); /* handles share it */
        /* In a file, another symbol's entry outlives the commit; another period has its own. */
        assert_int_equal(stats_of(reader, place->coin).cached, id > 2 && !place->on_server);
        tw_store_stats half;
        assert_int_equal(tw_store_symbol_stats(reader, place->apple, 0, 2, &half, NULL), TW_OK);
        assert_false(half.cached);
        commit_trade(writer, place, id);
    }
    close_store(reader);
    close_store(writer);
    tw_cache_free(cache);
}

static void test_a_handle_with_an_open_batch_adds_up_what_it_sees(void **state) {
    const test_place *place = *state;
    tw_cache *cache = NULL;
    assert_int_equal(tw_store_statistics_cache(NULL, 100, 0, &cache), TW_OK);
    tw_store *writer =
        open_with(place, (tw_store_config){.mode = TW_STORE_WRITE, .statistics = cache});
    commit_trade(writer, place, 1);
    assert_int_equal(stats_of(writer, place->apple).count, 1);
    tw_trade trade = trade_at(place, 2, 2);
    assert_int_equal(tw_store_put_trades(writer, &trade, 1, NULL), TW_OK);
    tw_store_stats stats = stats_of(writer, place->apple);
    assert_false(stats.cached);
    assert_int_equal(stats.count, 2);
    tw_store_drop_batch(writer);
    stats = stats_of(writer, place->apple);
    assert_true(stats.cached);
    assert_int_equal(stats.count, 1);
    close_store(writer);
    tw_cache_free(cache);
}

/* Commits one trade more each time a byte comes, and answers with a byte. */
static void commit_on_request(const test_place *place, int request_fd, int answer_fd) {
    const tw_store_config config = {
        .path = place->path, .symbols = place->symbols, .mode = TW_STORE_WRITE};
    tw_store *store = NULL;
    if (tw_store_open(&config, &store, NULL) != TW_OK)
        _exit(1);
    char byte;
    for (uint64_t id = 1; read(request_fd, &byte, 1) == 1; id++) {
        tw_trade trade = trade_at(place, (int64_t)id, id);
        if (tw_store_put_trades(store, &trade, 1, NULL) != TW_OK ||
            tw_store_commit(store, TW_STORE_NORMAL, NULL) != TW_OK ||
            write(answer_fd, &byte, 1) != 1)
            _exit(1);
    }
    _exit(0); /* without closing: as if it had been killed */
}

static void test_a_commit_of_another_process_is_seen_when_it_is_acknowledged(void **state) {
    const test_place *place = *state;
    int requests[2];
    int answers[2];
    assert_int_equal(pipe(requests), 0);
    assert_int_equal(pipe(answers), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(requests[1]);
        commit_on_request(place, requests[0], answers[1]);
    }
    close(requests[0]);
    tw_cache *cache = NULL;
    assert_int_equal(tw_store_statistics_cache(NULL, 100, 0, &cache), TW_OK);
    tw_store *reader = NULL;
    for (uint64_t count = 1; count <= 200; count++) {
        char byte = 'x';
        assert_int_equal(write(requests[1], &byte, 1), 1);
        assert_int_equal(read(answers[0], &byte, 1), 1);
        if (reader == NULL)
            reader = open_with(place, (tw_store_config){.statistics = cache});
        tw_store_stats stats = stats_of(reader, place->apple);
        assert_int_equal(stats.count, count);
        assert_true(stats_of(reader, place->apple).cached);
    }
    close(requests[1]);
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    close(answers[0]);
    close(answers[1]);
    /* The next writer's opening alone makes everything new: nobody knows what the last one did. */
    assert_true(stats_of(reader, place->apple).cached);
    tw_store *writer = open_writer(place);
    assert_false(stats_of(reader, place->apple).cached);
    close_store(writer);
    close_store(reader);
    tw_cache_free(cache);
}

int main(void) {
    struct CMUnitTest tests[] = {
        BOTH(test_statistics_of_numbers_done_by_hand),
        BOTH(test_open_and_close_are_the_ends_in_the_order_of_keys),
        BOTH(test_totals_go_beyond_64_bits_and_stay_exact),
        BOTH(test_reads_together_see_one_state),
        BOTH(test_statistics_are_remembered_until_a_commit_changes_them),
        BOTH(test_a_handle_with_an_open_batch_adds_up_what_it_sees),
        BOTH(test_a_commit_of_another_process_is_seen_when_it_is_acknowledged),
    };
    RUN_ON_BOTH(tests, "");
}
