/* wire_store_writer.c - rows of many threads, written in groups by one. */
#include "store_place.h"

#include <pthread.h>

#include "tradewind/store_writer.h"

enum { PAST = 1 }; /* a deadline of the monotonic clock that is over */

typedef struct desk {
    const test_place *place;
    tw_store *store;
    tw_store_writer *writer;
} desk;

static void open_desk(desk *at, const test_place *place, tw_store_config store,
                      tw_store_writer_config config) {
    store.mode = TW_STORE_WRITE;
    *at = (desk){.place = place, .store = open_with(place, store)};
    assert_int_equal(tw_store_writer_new(at->store, &config, &at->writer, NULL), TW_OK);
}

static void close_desk(desk *at) {
    tw_store_writer_free(at->writer);
    close_store(at->store);
}

static uint64_t put_one(desk *at, uint64_t id) {
    tw_trade trade = trade_at(at->place, (int64_t)id, id);
    uint64_t ticket = 0;
    assert_int_equal(tw_store_writer_put_trades(at->writer, &trade, 1, PAST, &ticket, NULL), TW_OK);
    return ticket;
}

static uint64_t turn_at(desk *at, int64_t now_ns) {
    uint64_t work = 0;
    assert_int_equal(tw_store_writer_turn(at->writer, now_ns, &work, NULL), TW_OK);
    return work;
}

static uint64_t groups(desk *at) {
    tw_store_writer_figures figures;
    tw_store_writer_read_figures(at->writer, &figures);
    return figures.groups;
}

/* ---- when a group is committed ---- */

static void test_a_group_waits_until_it_is_large(void **state) {
    desk at;
    open_desk(&at, *state, (tw_store_config){0},
              (tw_store_writer_config){.group_rows = 3, .group_delay_ns = TW_NS_PER_HOUR});
    int64_t now_ns = tw_waiter_now_ns(NULL);
    put_one(&at, 1);
    put_one(&at, 2);
    assert_int_equal(turn_at(&at, now_ns), 2);
    assert_int_equal(groups(&at), 0);
    put_one(&at, 3);
    assert_int_equal(turn_at(&at, now_ns), 1);
    assert_int_equal(groups(&at), 1);
    assert_int_equal(rows(at.store, TW_STORE_TRADES), 3);
    close_desk(&at);
}

static void test_a_group_waits_until_it_is_old(void **state) {
    desk at;
    open_desk(&at, *state, (tw_store_config){0},
              (tw_store_writer_config){.group_delay_ns = TW_NS_PER_HOUR});
    put_one(&at, 1);
    int64_t later_ns = tw_waiter_now_ns(NULL);
    assert_int_equal(turn_at(&at, later_ns), 1);
    assert_int_equal(turn_at(&at, later_ns + TW_NS_PER_HOUR / 2), 0);
    assert_int_equal(groups(&at), 0);
    assert_int_equal(turn_at(&at, later_ns + TW_NS_PER_HOUR), 0);
    assert_int_equal(groups(&at), 1);
    close_desk(&at);
}

static void test_who_waits_does_not_wait_for_others(void **state) {
    desk at;
    open_desk(&at, *state, (tw_store_config){0},
              (tw_store_writer_config){.group_delay_ns = TW_NS_PER_HOUR});
    uint64_t first = put_one(&at, 1);
    uint64_t second = put_one(&at, 2);
    assert_true(second > first);
    tw_error error = {0};
    assert_int_equal(tw_store_writer_wait(at.writer, second, TW_STORE_NORMAL, PAST, &error),
                     TW_TIMEOUT);
    assert_non_null(strstr(error.message, "on their way"));
    turn_at(&at, tw_waiter_now_ns(NULL));
    assert_int_equal(groups(&at), 1); /* both in one */
    assert_int_equal(tw_store_writer_wait(at.writer, first, TW_STORE_NORMAL, PAST, NULL), TW_OK);
    assert_int_equal(tw_store_writer_wait(at.writer, second, TW_STORE_NORMAL, PAST, NULL), TW_OK);
    close_desk(&at);
}

static void test_market_rows_are_put_on_the_disk_for_who_asks(void **state) {
    desk at;
    open_desk(&at, *state, (tw_store_config){0}, (tw_store_writer_config){.group_rows = 1});
    tw_store_figures figures;
    uint64_t ticket = put_one(&at, 1);
    turn_at(&at, 0);
    tw_store_read_figures(at.store, &figures);
    uint64_t syncs = figures.syncs;
    assert_int_equal(tw_store_writer_wait(at.writer, ticket, TW_STORE_NORMAL, PAST, NULL), TW_OK);
    assert_int_equal(tw_store_writer_wait(at.writer, ticket, TW_STORE_FULL, PAST, NULL),
                     TW_TIMEOUT);
    turn_at(&at, 0);
    tw_store_read_figures(at.store, &figures);
    assert_int_equal(figures.syncs, syncs + 1);
    assert_int_equal(tw_store_writer_wait(at.writer, ticket, TW_STORE_FULL, PAST, NULL), TW_OK);
    /* A fill is FULL by its kind. */
    tw_fill fill = {.client_order_id = "a", .execution_id = "x", .price = {1}, .quantity = {1}};
    assert_int_equal(tw_store_writer_put_fills(at.writer, &fill, 1, PAST, &ticket, NULL), TW_OK);
    turn_at(&at, 0);
    assert_int_equal(tw_store_writer_wait(at.writer, ticket, TW_STORE_FULL, PAST, NULL), TW_OK);
    close_desk(&at);
}

/* ---- every kind of row, in order ---- */

static void test_every_kind_of_row_arrives(void **state) {
    const test_place *place = *state;
    desk at;
    open_desk(&at, place, (tw_store_config){0}, (tw_store_writer_config){0});
    tw_trade trades[600]; /* more than a piece holds */
    for (uint64_t i = 0; i < 600; i++)
        trades[i] = trade_at(place, (int64_t)i, i + 1);
    tw_quote quote = {.time_ns = 1, .symbol = place->coin};
    tw_bar bar = {.timeframe_ns = 1, .open = {1}, .high = {1}, .low = {1}, .close = {1}};
    tw_order order = {.client_order_id = "a"};
    tw_fill fill = {.client_order_id = "a", .execution_id = "x", .price = {1}, .quantity = {1}};
    tw_store_writer *writer = at.writer;
    assert_int_equal(tw_store_writer_put_trades(writer, trades, 600, PAST, NULL, NULL), TW_OK);
    assert_int_equal(tw_store_writer_put_quotes(writer, &quote, 1, PAST, NULL, NULL), TW_OK);
    assert_int_equal(tw_store_writer_put_bars(writer, &bar, 1, PAST, NULL, NULL), TW_OK);
    assert_int_equal(tw_store_writer_put_orders(writer, &order, 1, PAST, NULL, NULL), TW_OK);
    order.status = TW_ORDER_FILLED; /* what is put later stays */
    assert_int_equal(tw_store_writer_put_orders(writer, &order, 1, PAST, NULL, NULL), TW_OK);
    assert_int_equal(tw_store_writer_put_fills(writer, &fill, 1, PAST, NULL, NULL), TW_OK);
    uint64_t ticket = 7;
    assert_int_equal(tw_store_writer_put_fills(writer, NULL, 0, PAST, &ticket, NULL), TW_OK);
    assert_int_equal(ticket, 0);
    assert_int_equal(tw_store_writer_wait(writer, ticket, TW_STORE_FULL, PAST, NULL), TW_OK);
    assert_int_equal(tw_store_writer_stop(writer, NULL), TW_OK);
    assert_int_equal(rows(at.store, TW_STORE_TRADES), 600);
    assert_int_equal(rows(at.store, TW_STORE_QUOTES), 1);
    assert_int_equal(rows(at.store, TW_STORE_BARS), 1);
    assert_int_equal(rows(at.store, TW_STORE_ORDERS), 1);
    assert_int_equal(rows(at.store, TW_STORE_FILLS), 1);
    tw_order found;
    assert_int_equal(tw_store_find_order(at.store, tw_slice_of("a"), &found, NULL), TW_OK);
    assert_int_equal(found.status, TW_ORDER_FILLED);
    close_desk(&at);
}

static void test_a_batch_of_the_store_that_is_full_is_committed_in_between(void **state) {
    desk at;
    open_desk(&at, *state, (tw_store_config){.batch_rows = 256}, (tw_store_writer_config){0});
    tw_trade trades[1000];
    for (uint64_t i = 0; i < 1000; i++)
        trades[i] = trade_at(at.place, (int64_t)i, i + 1);
    assert_int_equal(tw_store_writer_put_trades(at.writer, trades, 1000, PAST, NULL, NULL), TW_OK);
    assert_int_equal(tw_store_writer_stop(at.writer, NULL), TW_OK);
    assert_int_equal(rows(at.store, TW_STORE_TRADES), 1000);
    close_desk(&at);
}

/* The name is copied: what it points to may be gone when it is written. */
static void test_an_import_is_written_behind_its_rows(void **state) {
    desk at;
    open_desk(&at, *state, (tw_store_config){0}, (tw_store_writer_config){.group_rows = 1});
    char name[TW_STORE_WRITER_NAME_SIZE_MAX + 1];
    memset(name, 'n', sizeof name);
    tw_store_import import = {.name = {name, sizeof name - 1}, .row_count = 5, .size = 6};
    put_one(&at, 1);
    assert_int_equal(tw_store_writer_put_import(at.writer, &import, PAST, NULL, NULL), TW_OK);
    memset(name, 'x', sizeof name);
    turn_at(&at, 0); /* one group: the row */
    assert_int_equal(rows(at.store, TW_STORE_TRADES), 1);
    memset(name, 'n', sizeof name);
    tw_store_import found;
    assert_int_equal(tw_store_find_import(at.store, import.name, &found, NULL), TW_NOT_FOUND);
    assert_int_equal(tw_store_writer_stop(at.writer, NULL), TW_OK);
    assert_int_equal(tw_store_find_import(at.store, import.name, &found, NULL), TW_OK);
    assert_int_equal(found.row_count, 5);
    assert_int_equal(found.size, 6);
    close_desk(&at);
}

/* ---- refusals ---- */

static void test_a_bad_name_of_an_import_is_refused(void **state) {
    desk at;
    open_desk(&at, *state, (tw_store_config){0}, (tw_store_writer_config){0});
    char name[TW_STORE_WRITER_NAME_SIZE_MAX + 1];
    memset(name, 'n', sizeof name);
    tw_store_import import = {.name = {name, sizeof name}};
    tw_error error = {0};
    assert_int_equal(tw_store_writer_put_import(at.writer, &import, PAST, NULL, &error), TW_RANGE);
    assert_non_null(strstr(error.message, "2049 bytes, at most 2048"));
    import.name.size = 0;
    assert_int_equal(tw_store_writer_put_import(at.writer, &import, PAST, NULL, &error),
                     TW_INVALID);
    assert_int_equal(turn_at(&at, 0), 0);
    close_desk(&at);
}

static void test_a_bad_row_is_refused_alone(void **state) {
    desk at;
    open_desk(&at, *state, (tw_store_config){0}, (tw_store_writer_config){0});
    tw_trade trades[2] = {trade_at(at.place, 1, 1), trade_at(at.place, 2, 2)};
    trades[1].price.nano = 0;
    tw_error error = {0};
    assert_int_equal(tw_store_writer_put_trades(at.writer, trades, 2, PAST, NULL, &error),
                     TW_INVALID);
    assert_non_null(strstr(error.message, "price"));
    put_one(&at, 3);
    assert_int_equal(tw_store_writer_stop(at.writer, NULL), TW_OK);
    assert_int_equal(rows(at.store, TW_STORE_TRADES), 1);
    close_desk(&at);
}

static void test_a_full_queue_holds_up_and_loses_nothing(void **state) {
    desk at;
    open_desk(&at, *state, (tw_store_config){0},
              (tw_store_writer_config){.queue_size = TW_STORE_WRITER_QUEUE_SIZE_MIN});
    tw_trade trades[100];
    uint64_t taken = 0;
    tw_status status = TW_OK;
    tw_error error = {0};
    while (status == TW_OK) {
        for (uint64_t i = 0; i < 100; i++)
            trades[i] = trade_at(at.place, (int64_t)(taken + i), taken + i + 1);
        status = tw_store_writer_put_trades(at.writer, trades, 100, PAST, NULL, &error);
        taken += status == TW_OK ? 100 : 0;
        assert_true(taken < 1000000);
    }
    assert_int_equal(status, TW_TIMEOUT);
    assert_non_null(strstr(error.message, "no room"));
    tw_store_writer_figures figures;
    tw_store_writer_read_figures(at.writer, &figures);
    assert_int_equal(figures.puts_late, 1);
    assert_true(figures.queue_used <= TW_STORE_WRITER_QUEUE_SIZE_MIN);
    assert_true(figures.queue_used > TW_STORE_WRITER_QUEUE_SIZE_MIN - 100 * sizeof(tw_trade) - 64);
    turn_at(&at, 0);
    assert_int_equal(tw_store_writer_put_trades(at.writer, trades, 100, PAST, NULL, NULL), TW_OK);
    assert_int_equal(tw_store_writer_stop(at.writer, NULL), TW_OK);
    assert_int_equal(rows(at.store, TW_STORE_TRADES), taken + 100);
    close_desk(&at);
}

static void test_limits_are_told(void **state) {
    desk at;
    open_desk(&at, *state, (tw_store_config){0},
              (tw_store_writer_config){.queue_size = TW_STORE_WRITER_QUEUE_SIZE_MIN});
    size_t most = TW_STORE_WRITER_QUEUE_SIZE_MIN / 4 / sizeof(tw_trade);
    tw_trade *trades = calloc(most + 1, sizeof *trades);
    assert_non_null(trades);
    for (size_t i = 0; i <= most; i++)
        trades[i] = trade_at(at.place, (int64_t)i, i + 1);
    assert_int_equal(tw_store_writer_put_trades(at.writer, trades, most + 1, PAST, NULL, NULL),
                     TW_RANGE);
    assert_int_equal(tw_store_writer_put_trades(at.writer, trades, most, PAST, NULL, NULL), TW_OK);
    free(trades);
    tw_store_writer *writer = NULL;
    tw_store_writer_config small = {.queue_size = TW_STORE_WRITER_QUEUE_SIZE_MIN - 1};
    assert_int_equal(tw_store_writer_new(at.store, &small, &writer, NULL), TW_RANGE);
    assert_null(writer);
    close_desk(&at);
}

static void test_after_its_end_nothing_is_taken(void **state) {
    desk at;
    open_desk(&at, *state, (tw_store_config){0}, (tw_store_writer_config){0});
    uint64_t ticket = put_one(&at, 1);
    assert_int_equal(tw_store_writer_stop(at.writer, NULL), TW_OK);
    assert_int_equal(tw_store_writer_wait(at.writer, ticket, TW_STORE_FULL, PAST, NULL), TW_OK);
    tw_trade trade = trade_at(at.place, 2, 2);
    assert_int_equal(tw_store_writer_put_trades(at.writer, &trade, 1, PAST, NULL, NULL), TW_CLOSED);
    assert_int_equal(tw_store_writer_stop(at.writer, NULL), TW_OK);
    close_desk(&at);
}

static void test_a_failed_store_is_told_to_everybody(void **state) {
    desk at;
    open_desk(&at, *state, (tw_store_config){.size_max = 120 * 1024},
              (tw_store_writer_config){.group_rows = 1});
    assert_int_equal(tw_store_writer_start(at.writer, NULL), TW_OK);
    uint64_t stored = 0;
    tw_status status = TW_OK;
    tw_error error = {0};
    for (uint64_t id = 1; status == TW_OK && id < 1000000; id++) {
        tw_trade trade = trade_at(at.place, (int64_t)id, id);
        uint64_t ticket = 0;
        status = tw_store_writer_put_trades(at.writer, &trade, 1, TW_WAIT_FOREVER, &ticket, &error);
        if (status == TW_OK)
            status =
                tw_store_writer_wait(at.writer, ticket, TW_STORE_FULL, TW_WAIT_FOREVER, &error);
        stored += status == TW_OK;
    }
    assert_int_equal(status, TW_NO_SPACE);
    assert_non_null(strstr(error.message, "full"));
    tw_trade trade = trade_at(at.place, 1, UINT64_MAX);
    assert_int_equal(tw_store_writer_put_trades(at.writer, &trade, 1, PAST, NULL, NULL),
                     TW_NO_SPACE);
    assert_int_equal(tw_store_writer_stop(at.writer, NULL), TW_NO_SPACE);
    assert_int_equal(rows(at.store, TW_STORE_TRADES), stored);
    close_desk(&at);
}

/* ---- threads ---- */

enum { THREAD_COUNT = 8, PUTS_PER_THREAD = 200, ROWS_PER_PUT = 5 };

typedef struct hand {
    desk *at;
    uint64_t number;
} hand;

static void *put_and_wait(void *context) {
    hand *own = context;
    for (uint64_t i = 0; i < PUTS_PER_THREAD; i++) {
        tw_trade trades[ROWS_PER_PUT];
        for (uint64_t j = 0; j < ROWS_PER_PUT; j++) {
            uint64_t id = 1 + (own->number * PUTS_PER_THREAD + i) * ROWS_PER_PUT + j;
            trades[j] = trade_at(own->at->place, (int64_t)id, id);
        }
        uint64_t ticket = 0;
        tw_status status = tw_store_writer_put_trades(own->at->writer, trades, ROWS_PER_PUT,
                                                      TW_WAIT_FOREVER, &ticket, NULL);
        if (status == TW_OK)
            status =
                tw_store_writer_wait(own->at->writer, ticket, TW_STORE_FULL, TW_WAIT_FOREVER, NULL);
        if (status != TW_OK)
            return own; /* seen by who joins */
    }
    return NULL;
}

static void test_threads_share_commits_and_lose_nothing(void **state) {
    desk at;
    open_desk(&at, *state, (tw_store_config){0},
              (tw_store_writer_config){.queue_size = TW_STORE_WRITER_QUEUE_SIZE_MIN});
    assert_int_equal(tw_store_writer_start(at.writer, NULL), TW_OK);
    pthread_t threads[THREAD_COUNT];
    hand hands[THREAD_COUNT];
    for (uint64_t i = 0; i < THREAD_COUNT; i++) {
        hands[i] = (hand){.at = &at, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, put_and_wait, &hands[i]), 0);
    }
    for (int i = 0; i < THREAD_COUNT; i++) {
        void *trouble = NULL;
        assert_int_equal(pthread_join(threads[i], &trouble), 0);
        assert_null(trouble);
    }
    assert_int_equal(tw_store_writer_stop(at.writer, NULL), TW_OK);
    const uint64_t puts = THREAD_COUNT * PUTS_PER_THREAD;
    tw_store_writer_figures figures;
    tw_store_writer_read_figures(at.writer, &figures);
    assert_int_equal(figures.puts, puts);
    assert_int_equal(figures.rows, puts * ROWS_PER_PUT);
    assert_true(figures.groups > 0 && figures.groups <= puts);
    assert_int_equal(rows(at.store, TW_STORE_TRADES), puts * ROWS_PER_PUT);
    close_desk(&at);
}

static tw_status make_and_use(const tw_allocator *allocator, void *context) {
    const test_place *place = context;
    tw_store *store = open_writer(place);
    const tw_store_writer_config config = {.allocator = allocator};
    tw_store_writer *writer = NULL;
    tw_status status = tw_store_writer_new(store, &config, &writer, NULL);
    tw_trade trade = trade_at(place, 1, 1);
    if (status == TW_OK)
        status = tw_store_writer_put_trades(writer, &trade, 1, PAST, NULL, NULL);
    if (status == TW_OK)
        status = tw_store_writer_stop(writer, NULL);
    tw_store_writer_free(writer);
    tw_store_free(store);
    return status;
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    assert_survives_failed_allocations(make_and_use, *state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_a_group_waits_until_it_is_large),
        IN_PLACE(test_a_group_waits_until_it_is_old),
        IN_PLACE(test_who_waits_does_not_wait_for_others),
        IN_PLACE(test_market_rows_are_put_on_the_disk_for_who_asks),
        IN_PLACE(test_every_kind_of_row_arrives),
        IN_PLACE(test_a_batch_of_the_store_that_is_full_is_committed_in_between),
        IN_PLACE(test_a_bad_row_is_refused_alone),
        IN_PLACE(test_a_full_queue_holds_up_and_loses_nothing),
        IN_PLACE(test_an_import_is_written_behind_its_rows),
        IN_PLACE(test_a_bad_name_of_an_import_is_refused),
        IN_PLACE(test_limits_are_told),
        IN_PLACE(test_after_its_end_nothing_is_taken),
        IN_PLACE(test_a_failed_store_is_told_to_everybody),
        IN_PLACE(test_threads_share_commits_and_lose_nothing),
        IN_PLACE(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
