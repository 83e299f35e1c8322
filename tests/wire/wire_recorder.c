/* wire_recorder.c - the engine's store port over a real SQLite file. */
#include <pthread.h>
#include <sched.h>

#include "store_place.h"
#include "tradewind/recorder.h"

typedef struct calls {
    uint64_t work;
    uint64_t durable;
    uint64_t commits;
    tw_recorder_commit commit; /* the newest */
} calls;

typedef struct recording {
    test_place *place;
    tw_store *store;
    tw_recorder *recorder;
    tw_store_port port;
    calls calls;
} recording;

static void on_work(void *context) {
    ((calls *)context)->work++;
}

static void on_durable(void *context) {
    ((calls *)context)->durable++;
}

static void on_commit(void *context, const tw_recorder_commit *commit) {
    calls *to = context;
    to->commits++;
    to->commit = *commit;
}

static void open_desk(recording *desk, test_place *place, tw_store_config store,
                      tw_recorder_config config) {
    *desk = (recording){.place = place};
    store.mode = TW_STORE_WRITE;
    desk->store = open_with(place, store);
    config.on_work = on_work;
    config.on_durable = on_durable;
    config.on_commit = on_commit;
    config.context = &desk->calls;
    assert_int_equal(tw_recorder_new(NULL, &config, desk->store, 0, &desk->recorder), TW_OK);
    tw_recorder_port(desk->recorder, &desk->port);
}

static void close_desk(recording *desk) {
    tw_recorder_free(desk->recorder);
    tw_store_free(desk->store);
}

static tw_journal_entry entry_of(uint64_t sequence) {
    tw_journal_entry entry = {.sequence = sequence, .time_ns = (int64_t)sequence * 10};
    snprintf(entry.kind, sizeof entry.kind, "intent");
    snprintf(entry.payload, sizeof entry.payload, "{\"n\":%llu}", (unsigned long long)sequence);
    return entry;
}

static tw_status append(recording *desk, uint64_t sequence) {
    tw_journal_entry entry = entry_of(sequence);
    return desk->port.append_journal(desk->port.context, &entry);
}

static tw_status put_trade(recording *desk, uint64_t number) {
    tw_trade trade = trade_at(desk->place, (int64_t)number, number);
    return desk->port.put_trade(desk->port.context, &trade);
}

static tw_order order_of(const test_place *place, uint64_t number) {
    tw_order order = {.quantity = {TW_NANO},
                      .limit_price = {TW_NANO},
                      .symbol = place->apple,
                      .side = TW_SIDE_BUY,
                      .type = TW_ORDER_LIMIT};
    snprintf(order.client_order_id, sizeof order.client_order_id, "order-%llu",
             (unsigned long long)number);
    return order;
}

static tw_status put_order(recording *desk, uint64_t number) {
    tw_order order = order_of(desk->place, number);
    return desk->port.put_order(desk->port.context, &order);
}

static uint64_t turn(recording *desk, int64_t now_ns) {
    uint64_t work = 0;
    tw_error error = {0};
    if (tw_recorder_turn(desk->recorder, now_ns, &work, &error) != TW_OK)
        fail_msg("%s", error.message);
    return work;
}

static uint64_t durable(const recording *desk) {
    return desk->port.durable_sequence(desk->port.context);
}

static tw_status health(const recording *desk) {
    return desk->port.health(desk->port.context);
}

static uint64_t seen_by_others(const recording *desk, tw_store_table table) {
    tw_store *reader = open_reader(desk->place);
    uint64_t count = rows(reader, table);
    close_store(reader);
    return count;
}

static tw_store_figures figures(const recording *desk) {
    tw_store_figures figures;
    tw_store_read_figures(desk->store, &figures);
    return figures;
}

static void an_entry_is_durable_after_its_full_commit(void **state) {
    recording desk;
    open_desk(&desk, *state, (tw_store_config){0}, (tw_recorder_config){0});
    uint64_t syncs = figures(&desk).syncs;
    assert_int_equal(append(&desk, 1), TW_OK);
    assert_int_equal(append(&desk, 2), TW_OK);
    assert_true(durable(&desk) == 0 && desk.calls.work == 2 && desk.calls.durable == 0);
    assert_int_equal(turn(&desk, 1), 2);
    assert_true(durable(&desk) == 2 && desk.calls.durable == 1);
    assert_true(figures(&desk).syncs == syncs + 1);
    assert_int_equal(seen_by_others(&desk, TW_STORE_JOURNAL), 2);
    assert_int_equal(turn(&desk, 2), 0);
    assert_true(figures(&desk).syncs == syncs + 1);
    close_desk(&desk);
}

/* A crash at any commit leaves a fill with its order, an intent with its checks. */
static void what_belongs_together_is_in_one_batch(void **state) {
    recording desk;
    open_desk(&desk, *state, (tw_store_config){0}, (tw_recorder_config){0});
    desk.port.whole(desk.port.context);
    assert_int_equal(put_order(&desk, 1), TW_OK);
    assert_int_equal(append(&desk, 1), TW_OK);
    assert_int_equal(turn(&desk, 1), 0);
    assert_int_equal(put_order(&desk, 2), TW_OK);
    assert_int_equal(turn(&desk, TW_NS_PER_SECOND), 0);
    assert_true(durable(&desk) == 0 && desk.calls.commits == 0);
    uint64_t woken = desk.calls.work;
    desk.port.whole(desk.port.context);
    assert_true(desk.calls.work == woken + 1);    /* by the end of it, not in its middle */
    assert_int_equal(put_order(&desk, 3), TW_OK); /* of the next one */
    assert_int_equal(turn(&desk, TW_NS_PER_SECOND), 3);
    assert_true(durable(&desk) == 1 && desk.calls.commits == 1);
    assert_int_equal(seen_by_others(&desk, TW_STORE_ORDERS), 2);
    desk.port.whole(desk.port.context);
    assert_int_equal(turn(&desk, TW_NS_PER_SECOND), 1);
    assert_int_equal(seen_by_others(&desk, TW_STORE_ORDERS), 3);
    close_desk(&desk);
}

/* The engine cannot end a whole that does not fit the rings: they are emptied into the batch. */
static void a_whole_may_be_larger_than_a_ring(void **state) {
    recording desk;
    open_desk(&desk, *state, (tw_store_config){0}, (tw_recorder_config){.row_count_max = 16});
    desk.port.whole(desk.port.context);
    uint64_t count = 0;
    for (int round = 0; round < 3; round++) {
        while (put_order(&desk, count + 1) == TW_OK)
            count++;
        assert_int_equal(turn(&desk, TW_NS_PER_SECOND), 16);
        assert_int_equal(desk.calls.commits, 0);
    }
    assert_int_equal(append(&desk, 1), TW_OK);
    assert_int_equal(turn(&desk, TW_NS_PER_SECOND), 0);
    desk.port.whole(desk.port.context);
    assert_int_equal(turn(&desk, TW_NS_PER_SECOND), 1);
    assert_true(count == 48 && durable(&desk) == 1 && desk.calls.commits == 1);
    assert_int_equal(seen_by_others(&desk, TW_STORE_ORDERS), 48);
    close_desk(&desk);
}

static void rows_before_an_entry_are_durable_with_it(void **state) {
    recording desk;
    open_desk(&desk, *state, (tw_store_config){0}, (tw_recorder_config){0});
    for (uint64_t i = 1; i <= 40000; i++)
        assert_int_equal(put_trade(&desk, i), TW_OK);
    assert_int_equal(put_order(&desk, 1), TW_OK);
    assert_int_equal(append(&desk, 1), TW_OK);
    turn(&desk, 1);
    assert_int_equal(durable(&desk), 1);
    assert_int_equal(seen_by_others(&desk, TW_STORE_TRADES), 40000);
    assert_int_equal(seen_by_others(&desk, TW_STORE_ORDERS), 1);
    close_desk(&desk);
}

typedef struct place_in_list {
    uint64_t next;
} place_in_list;

static tw_status next_order(void *context, const tw_order *order) {
    place_in_list *at = context;
    char name[TW_CLIENT_ORDER_ID_SIZE];
    snprintf(name, sizeof name, "order-%llu", (unsigned long long)at->next++);
    return strcmp(name, order->client_order_id) == 0 ? TW_OK : TW_CORRUPT;
}

static tw_status next_record(void *context, const tw_store_record *record) {
    place_in_list *at = context;
    tw_journal_entry entry = entry_of(at->next++);
    return record->sequence == entry.sequence && record->time_ns == entry.time_ns &&
                   tw_slice_equal_string(record->kind, entry.kind) &&
                   tw_slice_equal_string(record->payload, entry.payload)
               ? TW_OK
               : TW_CORRUPT;
}

static void order_is_kept(void **state) {
    recording desk;
    open_desk(&desk, *state, (tw_store_config){0}, (tw_recorder_config){0});
    for (uint64_t i = 1; i <= 300; i++) {
        assert_int_equal(put_order(&desk, i), TW_OK);
        assert_int_equal(append(&desk, i), TW_OK);
        if (i % 7 == 0)
            turn(&desk, (int64_t)i);
    }
    turn(&desk, 400);
    place_in_list orders = {1};
    place_in_list entries = {1};
    assert_int_equal(tw_store_read_orders(desk.store, next_order, &orders, NULL), TW_OK);
    assert_int_equal(tw_store_read_journal(desk.store, 1, next_record, &entries, NULL), TW_OK);
    assert_true(orders.next == 301 && entries.next == 301 && durable(&desk) == 300);
    close_desk(&desk);
}

static void a_full_ring_is_back_pressure(void **state) {
    recording desk;
    open_desk(&desk, *state, (tw_store_config){0},
              (tw_recorder_config){.row_count_max = 8, .entry_count_max = 4});
    for (uint64_t i = 1; i <= 8; i++)
        assert_int_equal(put_trade(&desk, i), TW_OK);
    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(append(&desk, i), TW_OK);
    uint64_t woken = desk.calls.work;
    assert_int_equal(put_trade(&desk, 9), TW_FULL);
    assert_int_equal(desk.calls.work, woken + 1); /* whoever is full wakes the recorder, ... */
    assert_int_equal(put_trade(&desk, 9), TW_FULL);
    assert_int_equal(desk.calls.work, woken + 1); /* ... and not again until it has taken one */
    assert_int_equal(append(&desk, 5), TW_FULL);
    assert_int_equal(turn(&desk, 1), 12);
    assert_int_equal(put_trade(&desk, 9), TW_OK);
    assert_int_equal(append(&desk, 5), TW_OK);
    turn(&desk, 2);
    assert_int_equal(durable(&desk), 5);
    assert_int_equal(seen_by_others(&desk, TW_STORE_TRADES), 9);
    close_desk(&desk);
}

static void market_data_alone_waits_for_size_or_age(void **state) {
    recording desk;
    open_desk(&desk, *state, (tw_store_config){0},
              (tw_recorder_config){.commit_rows = 10, .commit_delay_ns = 1000});
    uint64_t syncs = figures(&desk).syncs;
    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(put_trade(&desk, i), TW_OK);
    turn(&desk, 5000);
    turn(&desk, 5999);
    assert_int_equal(seen_by_others(&desk, TW_STORE_TRADES), 0);
    turn(&desk, 6000);
    assert_int_equal(seen_by_others(&desk, TW_STORE_TRADES), 4);
    for (uint64_t i = 5; i <= 14; i++)
        assert_int_equal(put_trade(&desk, i), TW_OK);
    turn(&desk, 6001);
    assert_int_equal(seen_by_others(&desk, TW_STORE_TRADES), 14);
    assert_true(figures(&desk).syncs == syncs && durable(&desk) == 0);
    assert_int_equal(put_trade(&desk, 15), TW_OK);
    assert_int_equal(tw_recorder_flush(desk.recorder, NULL), TW_OK);
    assert_int_equal(seen_by_others(&desk, TW_STORE_TRADES), 15);
    close_desk(&desk);
}

static void a_small_batch_of_the_store_is_no_failure(void **state) {
    recording desk;
    open_desk(&desk, *state, (tw_store_config){.batch_rows = 4}, (tw_recorder_config){0});
    for (uint64_t i = 1; i <= 30; i++)
        assert_int_equal(put_trade(&desk, i), TW_OK);
    for (uint64_t i = 1; i <= 11; i++)
        assert_int_equal(append(&desk, i), TW_OK);
    assert_int_equal(turn(&desk, 1), 41);
    assert_int_equal(durable(&desk), 11);
    assert_true(desk.calls.durable == 1);
    assert_int_equal(seen_by_others(&desk, TW_STORE_TRADES), 30);
    close_desk(&desk);
}

/* The file may not grow beyond a size: from then on nothing moves, and health says why. */
static void a_failed_store_stops_the_recorder_for_good(void **state) {
    recording desk;
    tw_error error = {0};
    uint64_t sequence = 0;
    uint64_t work = 0;
    tw_status status = TW_OK;
    open_desk(&desk, *state, (tw_store_config){.size_max = 400 * 1024}, (tw_recorder_config){0});
    while (status == TW_OK && sequence < 20000) {
        for (int i = 0; i < 50; i++) {
            assert_int_equal(put_order(&desk, ++sequence), TW_OK);
            assert_int_equal(append(&desk, sequence), TW_OK);
        }
        status = tw_recorder_turn(desk.recorder, 1, &work, &error);
    }
    assert_int_equal(status, TW_NO_SPACE);
    assert_int_equal(health(&desk), TW_NO_SPACE);
    assert_true(error.message[0] != '\0' && error.status == TW_NO_SPACE);
    assert_string_equal(tw_recorder_failure(desk.recorder)->message, error.message);
    uint64_t last = durable(&desk);
    uint64_t written = 0;
    assert_true(last > 0 && last < sequence && last % 50 == 0);
    assert_int_equal(tw_recorder_turn(desk.recorder, 2, &work, &error), TW_NO_SPACE);
    assert_int_equal(tw_recorder_flush(desk.recorder, &error), TW_NO_SPACE);
    assert_true(durable(&desk) == last && work == 0);
    close_desk(&desk);
    tw_store *reader = open_reader(*state);
    assert_int_equal(tw_store_last_sequence(reader, &written, NULL), TW_OK);
    assert_true(written == last); /* what was called durable is there, and nothing else */
    close_store(reader);
}

static void a_gap_in_the_journal_is_a_failure(void **state) {
    recording desk;
    tw_error error = {0};
    uint64_t work = 0;
    open_desk(&desk, *state, (tw_store_config){0}, (tw_recorder_config){0});
    assert_int_equal(append(&desk, 2), TW_OK);
    assert_int_equal(tw_recorder_turn(desk.recorder, 1, &work, &error), TW_INVALID);
    assert_int_equal(health(&desk), TW_INVALID);
    assert_true(durable(&desk) == 0 && desk.calls.durable == 1); /* the engine is woken to see */
    close_desk(&desk);
}

/* ---- two threads --------------------------------------------------------------------------- */

enum { ENTRIES_IN_THREADS = 400 };

static void *write_all(void *context) {
    recording *desk = context;
    uint64_t last = 0;
    for (uint64_t i = 1; i <= ENTRIES_IN_THREADS; i++) {
        for (uint64_t k = 0; k < 20; k++) {
            while (put_trade(desk, i * 20 + k) == TW_FULL)
                sched_yield();
        }
        while (append(desk, i) == TW_FULL)
            sched_yield();
        uint64_t now = durable(desk);
        if (now < last || now > i || health(desk) != TW_OK)
            return desk;
        last = now;
    }
    return NULL;
}

static void two_threads_share_nothing_but_rings(void **state) {
    recording desk;
    pthread_t engine;
    void *fault = NULL;
    open_desk(&desk, *state, (tw_store_config){0},
              (tw_recorder_config){.row_count_max = 256, .entry_count_max = 8});
    assert_int_equal(pthread_create(&engine, NULL, write_all, &desk), 0);
    for (int64_t now = 1; durable(&desk) < ENTRIES_IN_THREADS; now++) {
        if (turn(&desk, now) == 0)
            sched_yield();
    }
    assert_int_equal(pthread_join(engine, &fault), 0);
    assert_null(fault);
    assert_int_equal(rows(desk.store, TW_STORE_TRADES), 20 * ENTRIES_IN_THREADS);
    assert_int_equal(rows(desk.store, TW_STORE_JOURNAL), ENTRIES_IN_THREADS);
    close_desk(&desk);
}

static void commits_are_counted_and_timed(void **state) {
    recording desk;
    tw_recorder_figures now;
    tw_flight_event noted;
    TW_AUTO(tw_flight) *flight = NULL;
    assert_int_equal(tw_flight_new(NULL, 16, &flight), TW_OK);
    open_desk(&desk, *state, (tw_store_config){0},
              (tw_recorder_config){.commit_rows = 3, .flight = flight});
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(put_trade(&desk, i), TW_OK);
    tw_recorder_figures_of(desk.recorder, &now);
    assert_true(now.rows_waiting == 3 && now.rows == 0 && now.commits == 0);
    turn(&desk, 1);
    assert_true(desk.calls.commits == 1 && desk.calls.commit.rows == 3);
    assert_true(!desk.calls.commit.urgent && desk.calls.commit.elapsed_ns > 0);
    assert_int_equal(tw_flight_newest(flight), 0); /* market data alone is no news */
    assert_int_equal(put_order(&desk, 1), TW_OK);
    assert_int_equal(append(&desk, 1), TW_OK);
    turn(&desk, 2);
    assert_true(desk.calls.commits == 2 && desk.calls.commit.rows == 2);
    assert_true(desk.calls.commit.urgent);
    assert_true(tw_flight_get(flight, 1, &noted));
    assert_string_equal(noted.name, "commit");
    assert_true(noted.values[0] == 2 && noted.values[1] == desk.calls.commit.elapsed_ns);
    tw_recorder_figures_of(desk.recorder, &now);
    assert_true(now.rows == 4 && now.entries == 1 && now.commits == 2 && now.commits_urgent == 1);
    assert_true(now.durable == 1 && now.rows_waiting + now.entries_waiting == 0 && !now.failed);
    assert_int_equal(tw_histogram_count(tw_recorder_commit_latency(desk.recorder, false)), 1);
    assert_int_equal(tw_histogram_sum(tw_recorder_commit_latency(desk.recorder, true)),
                     desk.calls.commit.elapsed_ns);
    assert_int_equal(tw_histogram_sum(tw_recorder_batch_sizes(desk.recorder)), 5);
    close_desk(&desk);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    TW_AUTO(tw_recorder) *recorder = NULL;
    tw_recorder_config config = {.row_count_max = 16, .entry_count_max = 16};
    return tw_recorder_new(allocator, &config, context, 0, &recorder);
}

static void nothing_is_left_when_memory_runs_out(void **state) {
    tw_store *store = open_writer(*state);
    assert_survives_failed_allocations(make_and_free, store);
    close_store(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(an_entry_is_durable_after_its_full_commit),
        IN_PLACE(what_belongs_together_is_in_one_batch),
        IN_PLACE(a_whole_may_be_larger_than_a_ring),
        IN_PLACE(rows_before_an_entry_are_durable_with_it),
        IN_PLACE(order_is_kept),
        IN_PLACE(a_full_ring_is_back_pressure),
        IN_PLACE(market_data_alone_waits_for_size_or_age),
        IN_PLACE(a_small_batch_of_the_store_is_no_failure),
        IN_PLACE(a_failed_store_stops_the_recorder_for_good),
        IN_PLACE(a_gap_in_the_journal_is_a_failure),
        IN_PLACE(two_threads_share_nothing_but_rings),
        IN_PLACE(commits_are_counted_and_timed),
        IN_PLACE(nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
