/*
 * replay_stages.c - where the engine's time goes, and what its flight recorder hears, in virtual
 * time: every look at the monotonic clock moves it by one step, so spans are known exactly.
 */
#include "replay_desk.h"

enum { TURNS_TO_END = 1200, CLOCK_STEP = 100, DECODED_NS = 40, WAITED_NS = 7 };

static int64_t clock_ns;
static uint64_t market_count;
static uint64_t marked_count;

static int64_t stepping_clock(void) {
    return clock_ns += CLOCK_STEP;
}

/* Marks every third event. The engine's next look at the clock is when it takes it. */
static tw_status marked_market(void *context, tw_market_event *ret_event) {
    tw_status status = fake_next_market(context, ret_event);
    if (status != TW_OK)
        return status;
    ret_event->received_ns = clock_ns + CLOCK_STEP - DECODED_NS - WAITED_NS;
    if (market_count++ % 3 == 0) {
        ret_event->decoded_ns = DECODED_NS;
        marked_count++;
    }
    return TW_OK;
}

static tw_engine_config config_of(bool timed, tw_flight *flight) {
    tw_engine_config config = fake_config("replay", 3);
    config.rebalance_interval_ns = 10 * TW_NS_PER_SECOND;
    config.duration_ns = 60 * TW_NS_PER_SECOND;
    config.monotonic_ns = timed ? stepping_clock : NULL;
    config.flight = flight;
    return config;
}

/* A whole run. The engine is the caller's to free, as is the desk. */
static tw_engine *run(bool timed, tw_flight *flight) {
    fake_options options = {
        .seed = 3, .symbol_count = 3, .history_days = 40, .fill = 1000, .durable_delay = 2};
    tw_engine_config config = config_of(timed, flight);
    tw_engine *engine = NULL;
    clock_ns = 0;
    market_count = marked_count = 0;
    fake_init(&desk, &options);
    tw_engine_ports ports = fake_ports(&desk);
    ports.feed.next_market = marked_market;
    assert_int_equal(tw_engine_new(NULL, &config, desk.symbols, &ports, &engine, NULL), TW_OK);
    for (uint32_t i = 0; tw_engine_phase_now(engine) != TW_ENGINE_DONE; i++) {
        uint64_t work = 0;
        assert_true(i < TURNS_TO_END);
        fake_turn(&desk);
        assert_int_equal(tw_engine_turn(engine, 32, &work, NULL), TW_OK);
    }
    return engine;
}

static uint64_t count_of(const tw_engine *engine, tw_engine_stage stage) {
    return tw_histogram_count(tw_engine_stage_latency(engine, stage));
}

static int64_t least_of(const tw_engine *engine, tw_engine_stage stage) {
    return tw_histogram_min(tw_engine_stage_latency(engine, stage));
}

static void every_stage_is_timed_as_often_as_it_happens(void **state) {
    (void)state;
    tw_engine *engine = run(true, NULL);
    tw_engine_report report;
    tw_engine_get_report(engine, &report, NULL);
    assert_true(marked_count > 20 && report.orders > 3 && report.decisions > 2);
    assert_int_equal(count_of(engine, TW_ENGINE_STAGE_QUEUE), marked_count);
    assert_int_equal(count_of(engine, TW_ENGINE_STAGE_INTAKE), marked_count);
    assert_int_equal(count_of(engine, TW_ENGINE_STAGE_DECIDE), report.decisions);
    assert_int_equal(count_of(engine, TW_ENGINE_STAGE_CHECK), report.orders + report.orders_denied);
    assert_int_equal(count_of(engine, TW_ENGINE_STAGE_DURABLE), desk.submits);
    assert_int_equal(count_of(engine, TW_ENGINE_STAGE_ORDER), desk.submits);
    assert_int_equal(tw_histogram_count(tw_engine_latency(engine)), market_count);
    const tw_histogram *queue = tw_engine_stage_latency(engine, TW_ENGINE_STAGE_QUEUE);
    assert_int_equal(tw_histogram_min(queue), WAITED_NS);
    /* Behind another event the look that ends the other's frame comes before. */
    assert_int_equal(tw_histogram_max(queue), WAITED_NS + CLOCK_STEP);
    assert_int_equal(least_of(engine, TW_ENGINE_STAGE_INTAKE), CLOCK_STEP);
    /* Being made durable takes a turn at least, and an order more than that. */
    assert_true(least_of(engine, TW_ENGINE_STAGE_DURABLE) > CLOCK_STEP);
    assert_true(least_of(engine, TW_ENGINE_STAGE_ORDER) >
                least_of(engine, TW_ENGINE_STAGE_DURABLE));
    end(engine);
}

static void timing_and_recording_change_nothing(void **state) {
    (void)state;
    TW_AUTO(tw_flight) *flight = NULL;
    assert_int_equal(tw_flight_new(NULL, 4096, &flight), TW_OK);
    tw_engine *engine = run(true, flight);
    uint64_t hash = fake_hash(&desk);
    uint32_t entries = desk.entry_count;
    end(engine);
    engine = run(false, NULL);
    assert_true(entries > 20 && desk.entry_count == entries);
    assert_true(fake_hash(&desk) == hash);
    for (int stage = 0; stage < TW_ENGINE_STAGE_COUNT; stage++)
        assert_int_equal(count_of(engine, (tw_engine_stage)stage), 0);
    end(engine);
}

static void the_flight_recorder_hears_each_entry_and_no_money(void **state) {
    (void)state;
    TW_AUTO(tw_flight) *flight = NULL;
    assert_int_equal(tw_flight_new(NULL, 4096, &flight), TW_OK);
    tw_engine *engine = run(true, flight);
    uint32_t of_orders = 0;
    assert_int_equal(tw_flight_newest(flight), desk.entry_count);
    for (uint32_t i = 0; i < desk.entry_count; i++) {
        const tw_journal_entry *entry = &desk.entries[i].entry;
        tw_flight_event event;
        assert_true(tw_flight_get(flight, i + 1, &event));
        assert_string_equal(event.name, entry->kind);
        assert_int_equal(event.values[0], entry->sequence);
        assert_int_equal(event.values[1], entry->time_ns);
        if (event.text[0] == '\0')
            continue;
        of_orders++;
        assert_true(strncmp(event.text, "replay-", 7) == 0);
        assert_null(strchr(event.text, '"'));
        assert_non_null(strstr(entry->payload, event.text));
    }
    assert_true(of_orders > 5 && of_orders < desk.entry_count);
    end(engine);
}

static void every_stage_has_a_name(void **state) {
    (void)state;
    for (int i = 0; i < TW_ENGINE_STAGE_COUNT; i++)
        assert_true(tw_engine_stage_name((tw_engine_stage)i)[0] != '?');
    assert_string_equal(tw_engine_stage_name(TW_ENGINE_STAGE_COUNT), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stage_is_timed_as_often_as_it_happens),
        cmocka_unit_test(timing_and_recording_change_nothing),
        cmocka_unit_test(the_flight_recorder_hears_each_entry_and_no_money),
        cmocka_unit_test(every_stage_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
