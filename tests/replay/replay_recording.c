/*
 * replay_recording.c - recordings that end early, are damaged, or are of runs that were meddled
 * with; and replays with another setting.
 *
 * That every seed of the engine's own story is repeated from its recording is shown in
 * replay_engine.c.
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "failing_heap.h"
#include "recorded_desk.h"

enum { TURNS = 120 };

static tw_engine_config config_of(uint32_t symbol_count) {
    tw_engine_config config = fake_config("record", symbol_count);
    config.epoch = 9;
    config.order_count_max = 1024;
    config.history_days_max = 16;
    config.band = 0.001;
    config.rebalance_interval_ns = 5 * TW_NS_PER_SECOND;
    return config;
}

static fake_options options_of(uint64_t seed, uint32_t symbol_count) {
    return (fake_options){.seed = seed,
                          .symbol_count = symbol_count,
                          .history_days = 20,
                          .fill = 400,
                          .drop_update = 20,
                          .repeat_update = 50,
                          .broker_full = 50,
                          .store_full = 100,
                          .delay_max = 3,
                          .durable_delay = 2};
}

static void turns(tw_engine *engine, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint64_t work = 0;
        fake_turn(&desk);
        assert_int_equal(tw_engine_turn(engine, 32, &work, NULL), TW_OK);
    }
}

/* Turns of both threads; the file is written each time. */
static void turns_written(tw_engine *engine, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        turns(engine, 1);
        record_turn((int64_t)(i + 1) * TW_NS_PER_SECOND);
    }
}

static char *read_file(size_t *ret_size) {
    FILE *file = fopen(record_path, "rb");
    assert_non_null(file);
    char *bytes = malloc(1 << 22);
    assert_non_null(bytes);
    *ret_size = fread(bytes, 1, 1 << 22, file);
    fclose(file);
    return bytes;
}

/* A whole recording of a short run, as bytes; the desk stays. */
static char *record_short(uint32_t turn_count, uint32_t symbol_count, size_t *ret_size) {
    fake_options options = options_of(3, symbol_count);
    tw_engine_config config = config_of(symbol_count);
    tw_engine *engine =
        start_recorded(&options, &config, (tw_recording_config){.block_size = 4096});
    turns_written(engine, turn_count);
    record_close();
    tw_engine_free(engine);
    return read_file(ret_size);
}

/* ---- where it ends ------------------------------------------------------------------------- */

static void a_file_cut_anywhere_is_replayed_up_to_there(void **state) {
    (void)state;
    size_t size = 0;
    char *bytes = record_short(40, 2, &size);
    uint64_t most = 0;
    for (size_t cut = 0; cut <= size; cut += cut < size - 200 ? 61 : 1) {
        TW_AUTO(tw_replay) *replay = NULL;
        tw_error error = {0};
        tw_replay_result result;
        tw_status status =
            tw_replay_open_bytes(NULL, "cut", (tw_slice){bytes, cut}, &replay, &error);
        if (status != TW_OK) {
            assert_int_equal(status, TW_CORRUPT);
            assert_int_equal(most, 0); /* the head was not whole: only at the beginning */
            continue;
        }
        assert_int_equal(tw_replay_run(replay, &(tw_replay_options){0}, &result, &error), TW_OK);
        assert_false(result.differs);
        assert_true(result.reached_end && result.entries >= most);
        assert_true((result.end == TW_RECORDING_CLOSED) == (cut == size));
        most = result.entries;
    }
    assert_int_equal(most, desk.entry_count);
    free(bytes);
    fake_done(&desk);
}

static void a_changed_byte_is_refused_or_found(void **state) {
    (void)state;
    size_t size = 0;
    char *bytes = record_short(6, 1, &size);
    uint32_t unseen = 0;
    for (size_t i = 0; i < size; i++) {
        TW_AUTO(tw_replay) *replay = NULL;
        tw_error error = {0};
        tw_replay_result result = {0};
        bytes[i] = (char)(bytes[i] ^ 1 << i % 8);
        tw_status status =
            tw_replay_open_bytes(NULL, "changed", (tw_slice){bytes, size}, &replay, &error);
        if (status == TW_OK)
            status = tw_replay_run(replay, &(tw_replay_options){0}, &result, &error);
        assert_true(status == TW_OK || (status == TW_CORRUPT && error.message[0] != '\0'));
        assert_false(result.differs);
        unseen += status == TW_OK && result.end != TW_RECORDING_TORN;
        bytes[i] = (char)(bytes[i] ^ 1 << i % 8);
    }
    assert_int_equal(unseen, 0);
    free(bytes);
    fake_done(&desk);
}

static void a_run_goes_on_when_no_block_is_free(void **state) {
    (void)state;
    fake_options options = options_of(5, 4);
    tw_engine_config config = config_of(4);
    tw_recording_config small = {.block_size = 4096, .block_count = 4};
    tw_engine *engine = start_recorded(&options, &config, small);
    turns_written(engine, 20);
    turns(engine, TURNS); /* the other thread does nothing */
    tw_recording_figures now;
    tw_recording_figures_of(recording, &now);
    assert_int_equal(now.end, TW_RECORDING_LATE);
    turns_written(engine, 20);
    tw_recording_figures figures = record_close();
    assert_true(figures.lost > now.lost && now.lost > 0);
    replayed to = replay_recorded(NULL);
    assert_int_equal(to.result.end, TW_RECORDING_LATE);
    assert_int_equal(to.result.lost, figures.lost);
    assert_true(to.same > 10 && to.same < desk.entry_count);
    end(engine);
}

static void a_recording_ends_at_its_bound(void **state) {
    (void)state;
    fake_options options = options_of(6, 4);
    tw_engine_config config = config_of(4);
    tw_engine *engine = start_recorded(&options, &config, (tw_recording_config){.size_max = 12000});
    turns_written(engine, 2 * TURNS);
    tw_recording_figures figures = record_close();
    assert_int_equal(figures.end, TW_RECORDING_BOUND);
    assert_true(figures.bytes >= 12000 && figures.bytes < 16000 && figures.lost > 0);
    replayed to = replay_recorded(NULL);
    assert_int_equal(to.result.end, TW_RECORDING_BOUND);
    assert_true(to.same > 10 && to.same < desk.entry_count);
    end(engine);
}

static void a_disk_that_fails_ends_the_recording_and_not_the_run(void **state) {
    (void)state;
    fake_options options = options_of(7, 4);
    tw_engine_config config = config_of(4);
    struct rlimit whole;
    tw_error error = {0};
    uint64_t work = 0;
    uint32_t failures = 0;
    tw_engine *engine = start_recorded(&options, &config, (tw_recording_config){0});
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){9000, whole.rlim_max}), 0);
    for (uint32_t i = 0; i < 2 * TURNS; i++) {
        turns(engine, 1);
        failures +=
            tw_recording_turn(recording, (i + 1) * TW_NS_PER_SECOND, &work, &error) != TW_OK;
    }
    tw_status closed = tw_recording_close(recording, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
    assert_int_equal(failures, 1); /* told once */
    assert_true(closed != TW_OK && strstr(error.message, record_path) != NULL);
    tw_recording_free(recording);
    recording = NULL;
    replayed to = replay_recorded(NULL);
    assert_int_equal(to.result.end, TW_RECORDING_TORN);
    assert_true(to.same > 10 && to.same < desk.entry_count);
    end(engine);
}

/* ---- what reaches an engine beside its events ---------------------------------------------- */

static tw_engine *meddled;
static tw_random meddling;
static tw_feed_port desk_feed;

/* Another thread's kill, between two events of a turn. */
static tw_status meddle_market(void *context, tw_market_event *ret_event) {
    (void)context;
    if (tw_random_below(&meddling, 100) == 0)
        tw_engine_kill(meddled, (tw_kill_level)(1 + tw_random_below(&meddling, 3)),
                       TW_KILL_BY_SIGNAL);
    if (tw_random_below(&meddling, 60) == 0)
        tw_engine_lift(meddled);
    return desk_feed.next_market(desk_feed.context, ret_event);
}

static void meddle(tw_engine_ports *ports) {
    desk_feed = ports->feed;
    ports->feed.next_market = meddle_market;
}

static void kills_and_lifts_at_any_moment_are_repeated(void **state) {
    (void)state;
    uint32_t kills = 0;
    uint32_t lifts = 0;
    under_recording = meddle;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        fake_options options = options_of(seed, 1 + (uint32_t)(seed % 4));
        tw_engine_config config = config_of(options.symbol_count);
        tw_random_init(&meddling, seed, 4);
        if (seed % 3 == 0) { /* a rule kills, too */
            config.controls.day_loss_share_max_nano = TW_NANO / 500;
            config.kill_on_stop = TW_KILL_CANCEL;
        }
        meddled = start_recorded(&options, &config, (tw_recording_config){.block_size = 4096});
        turns_written(meddled, TURNS);
        tw_engine_stop(meddled);
        turns_written(meddled, 40);
        record_close();
        assert_replays_whole();
        kills += fake_count(&desk, "kill", NULL);
        lifts += fake_count(&desk, "lift", NULL);
        end(meddled);
    }
    under_recording = NULL;
    assert_true(kills > 30 && lifts > 30);
}

static int64_t wild_clock(void) {
    return (int64_t)(tw_random_next(&meddling) >> 2);
}

static void clocks_change_nothing(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        fake_options options = options_of(seed, 3);
        tw_engine_config config = config_of(3);
        tw_random_init(&meddling, seed, 5);
        config.monotonic_ns = wild_clock;
        tw_engine *engine =
            start_recorded(&options, &config, (tw_recording_config){.block_size = 4096});
        turns_written(engine, TURNS);
        record_close();
        assert_replays_whole();
        replayed to = replay_recorded(wild_clock);
        assert_int_equal(to.same, desk.entry_count);
        end(engine);
    }
}

static int own_weigh(void *context, const tw_strategy_view *view, double *ret_weights,
                     int64_t *ret_took_ns) {
    (void)context;
    *ret_took_ns = (int64_t)tw_random_below(&meddling, 2000);
    for (uint32_t s = 0; s < view->symbol_count; s++)
        ret_weights[s] = tw_random_uniform(&meddling) / view->symbol_count;
    uint64_t draw = tw_random_below(&meddling, 10);
    return draw == 0 ? TW_STRATEGY_KEEP : draw == 1 ? 77 : TW_STRATEGY_WEIGHTS;
}

static int own_bar(void *context, const tw_strategy_bar *bar, int64_t *ret_took_ns) {
    (void)context;
    (void)bar;
    *ret_took_ns = (int64_t)tw_random_below(&meddling, 2000);
    return tw_random_below(&meddling, 5) == 0 ? TW_STRATEGY_SIGNAL : TW_STRATEGY_QUIET;
}

/* A strategy that never says the same twice, and takes as long as it likes. */
static void what_a_strategy_said_is_repeated_without_it(void **state) {
    (void)state;
    uint32_t words = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        fake_options options = options_of(seed, 4);
        tw_engine_config config = config_of(4);
        tw_random_init(&meddling, seed, 6);
        config.strategy = TW_STRATEGY_PORT;
        config.port = (tw_strategy_port){.weigh = own_weigh, .bar = own_bar, .name = "wild"};
        config.strategy_budget_ns = 1000;
        tw_engine *engine =
            start_recorded(&options, &config, (tw_recording_config){.block_size = 4096});
        turns_written(engine, TURNS);
        record_close();
        assert_replays_whole();
        words += fake_count(&desk, "strategy", "\"slow\"");
        end(engine);
    }
    assert_true(words > 10);
}

/* ---- what no run writes -------------------------------------------------------------------- */

/* A recording whose items are what the test itself calls at the ports, at a desk of two symbols. */
static tw_engine_ports record_by_hand(tw_recording_config wanted) {
    fake_options options = options_of(1, 2);
    tw_engine_config config = config_of(2);
    fake_init(&desk, &options);
    desk.calm = true;
    tw_engine_ports ports = fake_ports(&desk);
    wanted.path = record_path;
    assert_int_equal(tw_recording_new(NULL, &wanted, &config, desk.symbols, &recording, NULL),
                     TW_OK);
    tw_recording_wrap(recording, &ports, &config);
    return ports;
}

static tw_replay_result replay_by_hand(void) {
    TW_AUTO(tw_replay) *replay = NULL;
    tw_replay_result result;
    assert_int_equal(tw_replay_open(NULL, record_path, &replay, NULL), TW_OK);
    assert_int_equal(tw_replay_run(replay, &(tw_replay_options){0}, &result, NULL), TW_OK);
    return result;
}

/* The start of a run has checked what it hands over; a file may hold anything. */
static void an_order_that_no_run_can_take_over_is_left_out(void **state) {
    (void)state;
    static const tw_order good = {.quantity = {10 * TW_NANO},
                                  .filled = {3 * TW_NANO},
                                  .limit_price = {TW_NANO},
                                  .symbol = 1,
                                  .side = TW_SIDE_BUY,
                                  .type = TW_ORDER_LIMIT,
                                  .status = TW_ORDER_PARTIALLY_FILLED,
                                  .client_order_id = "earlier-1"};
    tw_order rows[] = {good, good, good, good, good, good, good, good};
    rows[1].symbol = 2;
    rows[2].status = TW_ORDER_FILLED;
    rows[3].side = TW_SIDE_NONE;
    rows[4].quantity.nano = rows[4].filled.nano = 0;
    rows[5].filled.nano = -1;
    rows[6].filled.nano = 11 * TW_NANO;
    rows[7].limit_price.nano = -1;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tw_engine_ports ports = record_by_hand((tw_recording_config){0});
        ports.inputs.adopted(ports.inputs.context, &rows[i]);
        ports.inputs.turn(ports.inputs.context, 32, false);
        record_close();
        tw_replay_result result = replay_by_hand();
        assert_int_equal(result.strays, i > 0);
        assert_int_equal(result.turns, 1);
        fake_done(&desk);
    }
}

/* An entry that zstd cannot make much smaller. */
static void append_noise(const tw_engine_ports *ports, tw_random *random, uint64_t sequence) {
    tw_journal_entry entry = {.sequence = sequence, .kind = "noise"};
    for (size_t i = 0; i < sizeof entry.payload - 1; i++)
        entry.payload[i] = (char)('0' + tw_random_below(random, 64));
    assert_int_equal(ports->store.append_journal(ports->store.context, &entry), TW_OK);
}

/* What is waiting when the recording has ended for want of a block still meets the bound of the
 * file, and a disk that fails: nothing is written behind them. */
static void a_bound_and_a_disk_count_after_another_end(void **state) {
    (void)state;
    struct rlimit whole;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
    for (int fails = 0; fails < 2; fails++) {
        tw_random random;
        tw_recording_figures figures;
        uint64_t work = 0;
        tw_random_init(&random, 8, 1);
        tw_engine_ports ports = record_by_hand((tw_recording_config){
            .block_size = 16384, .block_count = 64, .size_max = fails != 0 ? 0 : 20000});
        for (uint64_t i = 1; i <= 1200; i++)
            append_noise(&ports, &random, i);
        tw_recording_figures_of(recording, &figures);
        assert_int_equal(figures.end, TW_RECORDING_LATE);
        rlim_t most = fails != 0 ? 9000 : whole.rlim_cur;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){most, whole.rlim_max}), 0);
        tw_status status = tw_recording_turn(recording, TW_NS_PER_SECOND, &work, NULL);
        assert_true((status != TW_OK) == (fails != 0));
        assert_true((tw_recording_close(recording, NULL) != TW_OK) == (fails != 0));
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
        tw_recording_figures_of(recording, &figures);
        assert_true(figures.bytes < 300000 && figures.lost > 600); /* of 1,048,576 that waited */
        tw_recording_free(recording);
        recording = NULL;
        fake_done(&desk);
    }
}

/* ---- other engines ------------------------------------------------------------------------- */

static void an_engine_that_does_otherwise_is_found(void **state) {
    (void)state;
    size_t size = 0;
    char *bytes = record_short(TURNS, 3, &size);
    TW_AUTO(tw_replay) *replay = NULL;
    tw_replay_result result;
    tw_error error = {0};
    tw_slice all = {bytes, size};
    assert_int_equal(tw_replay_open_bytes(NULL, "other", all, &replay, &error), TW_OK);
    tw_replay_settings(replay)->controls.limits.collar_nano /= 2; /* as another program would */
    assert_int_equal(tw_replay_run(replay, &(tw_replay_options){0}, &result, &error), TW_OK);
    assert_true(result.compared && result.differs && result.differs_turn > 1);
    assert_int_equal(result.made.sequence, result.recorded.sequence);
    assert_string_not_equal(result.made.payload, result.recorded.payload);
    free(bytes);
    fake_done(&desk);
}

static void another_setting_gives_other_orders(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *value;
        bool same;
    } rows[] = {{"band", "0.001", true}, {"band", "0.3", false}, {"cash_weight", "0.5", false}};
    size_t size = 0;
    char *bytes = record_short(TURNS, 3, &size);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TW_AUTO(tw_replay) *replay = NULL;
        tw_replay_result result;
        tw_error error = {0};
        tw_slice all = {bytes, size};
        assert_int_equal(tw_replay_open_bytes(NULL, "other", all, &replay, &error), TW_OK);
        assert_int_equal(
            tw_replay_set(replay, tw_slice_of(rows[i].name), tw_slice_of(rows[i].value), &error),
            TW_OK);
        assert_int_equal(tw_replay_run(replay, &(tw_replay_options){0}, &result, &error), TW_OK);
        assert_true(!result.compared && !result.differs && result.reached_end);
        assert_int_equal(result.orders_recorded, desk.submits);
        assert_int_equal(result.engine, TW_OK);
        if (rows[i].same)
            assert_true(result.orders > 0 && result.orders_unknown < result.orders);
        else
            assert_true(result.events_left_out > 0);
    }
    free(bytes);
    fake_done(&desk);
}

static void every_setting_reads_back_what_it_writes(void **state) {
    (void)state;
    size_t size = 0;
    char *bytes = record_short(2, 1, &size);
    TW_AUTO(tw_replay) *replay = NULL;
    tw_error error = {0};
    char memory[512];
    char again[512];
    const char *name = NULL;
    size_t count = 0;
    tw_slice all = {bytes, size};
    assert_int_equal(tw_replay_open_bytes(NULL, "settings", all, &replay, &error), TW_OK);
    tw_text text = tw_text_over(memory, sizeof memory);
    for (; (name = tw_replay_setting(replay, count, &text)) != NULL; count++) {
        tw_engine_config before = *tw_replay_settings(replay);
        assert_int_equal(tw_replay_set(replay, tw_slice_of(name), tw_text_slice(&text), &error),
                         TW_OK);
        assert_memory_equal(&before, tw_replay_settings(replay), sizeof before);
        tw_text check = tw_text_over(again, sizeof again);
        assert_non_null(tw_replay_setting(replay, count, &check));
        assert_string_equal(memory, again);
        tw_text_clear(&text);
    }
    assert_true(count > 50);
    tw_status unknown = tw_replay_set(replay, tw_slice_of("bnad"), tw_slice_of("1"), &error);
    assert_int_equal(unknown, TW_NOT_FOUND);
    assert_non_null(strstr(error.message, "band"));
    assert_int_equal(tw_replay_set(replay, tw_slice_of("band"), tw_slice_of("wide"), &error),
                     TW_PARSE);
    free(bytes);
    fake_done(&desk);
}

/* The tables of an engine are as long as its symbols are many. */
static void more_symbols_than_were_recorded_are_refused(void **state) {
    (void)state;
    size_t size = 0;
    char *bytes = record_short(2, 2, &size);
    for (int count = 1; count <= 3; count++) {
        TW_AUTO(tw_replay) *replay = NULL;
        tw_replay_result result;
        tw_error error = {0};
        char value[8];
        snprintf(value, sizeof value, "%d", count);
        assert_int_equal(
            tw_replay_open_bytes(NULL, "two", (tw_slice){bytes, size}, &replay, &error), TW_OK);
        assert_int_equal(
            tw_replay_set(replay, tw_slice_of("symbol_count"), tw_slice_of(value), &error), TW_OK);
        tw_status status = tw_replay_run(replay, &(tw_replay_options){0}, &result, &error);
        assert_int_equal(status, count <= 2 ? TW_OK : TW_INVALID);
        if (count > 2)
            assert_string_equal(error.message, "two has 2 symbols, not 3");
    }
    free(bytes);
    fake_done(&desk);
}

/* ---- memory, misuse ------------------------------------------------------------------------ */

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    TW_AUTO(tw_recording) *made = NULL;
    tw_recording_config config = {.path = record_path, .block_size = 4096, .block_count = 2};
    return tw_recording_new(allocator, &config, context, desk.symbols, &made, NULL);
}

static tw_status open_and_free(const tw_allocator *allocator, void *context) {
    TW_AUTO(tw_replay) *opened = NULL;
    tw_replay_result result;
    tw_status status =
        tw_replay_open_bytes(allocator, "memory", *(tw_slice *)context, &opened, NULL);
    if (status == TW_OK)
        status = tw_replay_run(opened, &(tw_replay_options){0}, &result, NULL);
    return status;
}

static void nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    size_t size = 0;
    char *bytes = record_short(3, 1, &size);
    tw_engine_config config = config_of(1);
    tw_slice all = {bytes, size};
    assert_survives_failed_allocations(make_and_free, &config);
    assert_survives_failed_allocations(open_and_free, &all);
    free(bytes);
    fake_done(&desk);
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    fake_options options = options_of(1, 1);
    tw_engine_config config = config_of(1);
    tw_recording *made = NULL;
    tw_replay *replay = NULL;
    tw_error error = {0};
    fake_init(&desk, &options);
    const tw_recording_config rows[] = {{.path = ""},
                                        {.path = record_path, .block_size = 4095},
                                        {.path = record_path, .block_size = 2 << 20},
                                        {.path = record_path, .block_count = 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(tw_recording_new(NULL, &rows[i], &config, desk.symbols, &made, &error),
                         TW_INVALID);
        assert_true(error.message[0] != '\0');
    }
    tw_recording_config nowhere = {.path = "/nowhere/at/all"};
    tw_recording_config device = {.path = "/dev/null"}; /* nothing that is no file is written to */
    assert_int_equal(tw_recording_new(NULL, &device, &config, desk.symbols, &made, &error),
                     TW_INVALID);
    assert_non_null(strstr(error.message, "is there and is no file"));
    assert_int_equal(tw_recording_new(NULL, &nowhere, &config, desk.symbols, &made, &error),
                     TW_NOT_FOUND);
    assert_int_equal(tw_replay_open(NULL, "/nowhere/at/all", &replay, &error), TW_NOT_FOUND);
    assert_int_equal(tw_replay_open(NULL, "/", &replay, &error) == TW_OK, 0);
    assert_null(replay);
    fake_done(&desk);
}

static int make_record(void **state) {
    (void)state;
    record_init();
    return 0;
}

static int remove_record(void **state) {
    (void)state;
    record_done();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_cut_anywhere_is_replayed_up_to_there),
        cmocka_unit_test(a_changed_byte_is_refused_or_found),
        cmocka_unit_test(a_run_goes_on_when_no_block_is_free),
        cmocka_unit_test(a_recording_ends_at_its_bound),
        cmocka_unit_test(a_disk_that_fails_ends_the_recording_and_not_the_run),
        cmocka_unit_test(kills_and_lifts_at_any_moment_are_repeated),
        cmocka_unit_test(clocks_change_nothing),
        cmocka_unit_test(what_a_strategy_said_is_repeated_without_it),
        cmocka_unit_test(an_order_that_no_run_can_take_over_is_left_out),
        cmocka_unit_test(a_bound_and_a_disk_count_after_another_end),
        cmocka_unit_test(an_engine_that_does_otherwise_is_found),
        cmocka_unit_test(another_setting_gives_other_orders),
        cmocka_unit_test(every_setting_reads_back_what_it_writes),
        cmocka_unit_test(more_symbols_than_were_recorded_are_refused),
        cmocka_unit_test(nothing_is_left_when_memory_runs_out),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, make_record, remove_record);
}
