/*
 * world_run.c - one run of the trading system, as run_parts.c and run_session.c put it together:
 * store, recorder, what earlier runs left, engine; its turns; its end or its death.
 *
 *   (none) --time to start--> running --engine done or failed--> (none)
 *                                |
 *                                +--killed, with or without the power--> (none)
 *
 * Invariant: what a run does after its death has no effect: the ports swallow it, and the files are
 * made anew from what had reached the disk.
 */
#include <stdio.h>
#include <string.h>

#include "world_priv.h"

enum { CALLS_TO_DEATH_MAX = 24 };

static void need(const world *w, tw_status status, const char *what, const tw_error *error) {
    WORLD_REQUIRE(w, status == TW_OK, "%s: %s %s", what, tw_status_name(status),
                  error == NULL ? "" : error->message);
}

/* ---- start ---- */

static void open_store(world *w) {
    world_run *run = &w->run;
    tw_error error = {0};
    need(w, tw_symbols_new(NULL, 64, &run->symbols), "symbols", NULL);
    for (tw_symbol s = 0; s < w->plan.symbol_count; s++) {
        tw_symbol symbol;
        const char *name = tw_symbols_name(w->exchange.symbols, s);
        need(w, tw_symbols_intern(run->symbols, tw_slice_of(name), &symbol), "symbols", NULL);
    }
    tw_store_config config = {.path = w->disk.path,
                              .symbols = run->symbols,
                              .epoch = WORLD_EPOCH,
                              .busy_timeout_ns = TW_NS_PER_MS,
                              .batch_rows = 2000,
                              .checkpoint_pages = w->plan.checkpoint_pages,
                              .symbol_count_max = 64,
                              .mode = TW_STORE_WRITE};
    need(w, tw_store_open(&config, &run->store, &error), "the store does not open", &error);
    need(w, tw_store_last_sequence(run->store, &run->first_sequence, &error), "the store", &error);
}

static void begin_row(world *w) {
    world_run *run = &w->run;
    tw_error error = {0};
    tw_store_run row = {.started_ns = w->now_ns,
                        .seed = w->seed,
                        .venue = tw_slice_of("world"),
                        .strategy = tw_slice_of("world")};
    need(w, tw_store_put_run(run->store, &row, NULL, &error), "the run's row", &error);
    need(w, tw_store_commit(run->store, TW_STORE_FULL, &error), "the run's row", &error);
}

static void make_engine(world *w) {
    static double weights[WORLD_SYMBOLS];
    world_run *run = &w->run;
    tw_error error = {0};
    size_t open_count = 0;
    TW_AUTO(tw_recovery) *past = NULL;
    world_plan_engine(w, &run->config, weights);
    tw_recovery_config wanted = {.symbols = run->symbols,
                                 .symbol_count = run->config.symbol_count,
                                 .strategy_name = run->config.strategy_name,
                                 .epoch = run->config.epoch,
                                 .open_count_max = WORLD_ORDERS_A_RUN / 2};
    need(w, tw_recovery_new(NULL, &wanted, &past), "what earlier runs left", NULL);
    need(w, tw_recovery_read(past, run->store, &error), "what earlier runs left", &error);
    uint64_t intent = tw_recovery_intent(past);
    WORLD_REQUIRE(w, intent >= w->intent_count,
                  "the store knows orders up to %llu, %llu had been in its journal",
                  (unsigned long long)intent, (unsigned long long)w->intent_count);
    while (w->intent_count < intent) /* rows whose intents never reached the disk */
        w->intents[w->intent_count++] = (world_intent){.row_put = true};
    run->config.account = tw_recovery_account(past);
    WORLD_REQUIRE(w, intent == 0 || run->config.account == WORLD_ACCOUNT,
                  "the store has orders and does not know whose they are");
    run->config.intent_sequence = intent;
    run->config.journal_sequence = run->first_sequence;
    tw_engine_ports ports = world_ports(w);
    need(w, tw_engine_new(NULL, &run->config, run->symbols, &ports, &run->engine, &error),
         "the engine", &error);
    need(w, tw_recovery_apply(past, run->engine, &error), "what earlier runs left", &error);
    (void)tw_recovery_open(past, &open_count);
    w->result.adopted += open_count;
}

void world_run_start(world *w) {
    world_run *run = &w->run;
    uint64_t durable = run->death_durable; /* of the one before */
    memset(run, 0, sizeof *run);
    world_disk_begin(w);
    open_store(w);
    world_check_store(w, durable);
    begin_row(w);
    run->durable = run->first_sequence;
    tw_recorder_config config = {.row_count_max = w->plan.row_ring,
                                 .entry_count_max = w->plan.entry_ring,
                                 .commit_rows = 200};
    need(w, tw_recorder_new(NULL, &config, run->store, run->first_sequence, &run->recorder),
         "the recorder", NULL);
    tw_recorder_port(run->recorder, &run->port);
    make_engine(w);
    if (w->kill > TW_KILL_NONE)
        tw_engine_kill(run->engine, w->kill, TW_KILL_BY_FILE);
    world_wire_begin(w);
    w->result.runs++;
    world_tell(w, "run %llu starts", (unsigned long long)w->result.runs);
}

/* ---- end ---- */

static void free_run(world *w) {
    world_run *run = &w->run;
    power_cut_stop(w->disk.record);
    world_wire_end(w);
    tw_engine_free(run->engine);
    tw_recorder_free(run->recorder);
    tw_store_free(run->store);
    tw_symbols_free(run->symbols);
    run->engine = NULL;
    run->recorder = NULL;
    run->store = NULL;
    run->symbols = NULL;
    run->port = (tw_store_port){0};
}

static void rest(world *w) {
    w->next_start_ns =
        w->now_ns +
        (w->calm ? TW_NS_PER_MS : world_span(w, DRAW_STORY, TW_NS_PER_MS, 4 * TW_NS_PER_SECOND));
}

/* The store's failure is the recorder's to tell; everything else is on the disk when it ends. */
void world_run_end(world *w) {
    world_run *run = &w->run;
    tw_engine_report report;
    tw_error error = {0};
    tw_engine_get_report(run->engine, &report, NULL);
    tw_status status = tw_recorder_flush(run->recorder, &error);
    run->death_durable = run->durable;
    if (status == TW_OK && report.phase == TW_ENGINE_DONE)
        run->death_durable = w->journal.count;
    w->result.decisions += report.decisions;
    w->result.recovered_fills += report.fills_recovered;
    w->result.resumed += report.plans_resumed;
    world_tell(w, "run ends: %s %s", tw_engine_phase_name(report.phase), error.message);
    free_run(w);
    world_disk_end(w);
    rest(w);
}

static void die(world *w, bool power_goes, size_t boundary) {
    world_run *run = &w->run;
    tw_engine_report report;
    tw_engine_get_report(run->engine, &report, NULL);
    w->result.decisions += report.decisions;
    w->result.recovered_fills += report.fills_recovered;
    w->result.resumed += report.plans_resumed;
    world_tell(w, "dies at %zu of %zu", boundary, power_cut_boundary(w->disk.record));
    free_run(w);
    world_disk_crash(w, boundary, power_goes);
    rest(w);
}

/* ---- turn ---- */

void world_run_recorder(world *w) {
    world_run *run = &w->run;
    uint64_t work = 0;
    tw_error error = {0};
    if (run->dead || w->disk.stalled_turns > 0)
        return;
    if (tw_recorder_turn(run->recorder, w->now_ns, &work, &error) != TW_OK)
        world_tell(w, "the recorder fails: %s", error.message);
}

/* The process dies in the middle of the recorder's turn: somewhere in what it did to the disk, and
 * before the engine has heard that anything is durable. */
static void die_in_recorder(world *w, bool power_goes) {
    world_run *run = &w->run;
    size_t before = power_cut_boundary(w->disk.record);
    run->death_durable = run->durable;
    world_run_recorder(w);
    size_t after = power_cut_boundary(w->disk.record);
    run->dead = true;
    die(w, power_goes, before + (size_t)world_below(w, DRAW_STORY, after - before + 1));
}

void world_run_kill(world *w) {
    tw_kill_level level = (tw_kill_level)(1 + world_below(w, DRAW_STORY, 3));
    w->kill = level > w->kill ? level : w->kill;
    w->lift_ns = w->now_ns + world_span(w, DRAW_STORY, TW_NS_PER_SECOND, TW_NS_PER_MINUTE);
    tw_engine_kill(w->run.engine, w->kill, TW_KILL_BY_FILE);
}

static void turn_kill(world *w) {
    world_run *run = &w->run;
    if (world_strikes_now(w, WORLD_KILL))
        world_run_kill(w);
    bool lifts = tw_engine_killed(run->engine) > TW_KILL_NONE && w->now_ns >= w->lift_ns;
    if (lifts || (w->calm && tw_engine_killed(run->engine) > TW_KILL_NONE)) {
        tw_engine_lift(run->engine);
        w->kill = TW_KILL_NONE;
    }
    /* A stop of the rules kills as well: it is lifted like any other. */
    if (tw_engine_killed(run->engine) > TW_KILL_NONE && w->now_ns >= w->lift_ns)
        w->lift_ns = w->now_ns + TW_NS_PER_MINUTE / 2;
}

static bool is_over(const world *w, tw_status status) {
    return status != TW_OK || tw_engine_phase_now(w->run.engine) >= TW_ENGINE_DONE;
}

/* Orders or their news are under way: what a death now leaves half done is worth seeing. */
static bool is_busy(const world *w) {
    const world_wire *wire = &w->wire;
    return wire->message_count > 0 || (wire->request_count > 0 && wire->state == WIRE_UP) ||
           w->run.durable < w->journal.count;
}

void world_run_turn(world *w) {
    world_run *run = &w->run;
    if (run->engine == NULL) {
        if (w->now_ns >= w->next_start_ns)
            world_run_start(w);
        return;
    }
    uint32_t stake = is_busy(w) ? 10 : 1;
    bool crash = world_strikes_harder(w, WORLD_CRASH, stake);
    bool power_goes = world_strikes_harder(w, WORLD_POWER_CUT, stake);
    uint32_t calls = 1 + (uint32_t)world_below(w, DRAW_STORY, CALLS_TO_DEATH_MAX);
    bool in_recorder = world_below(w, DRAW_STORY, 2) == 0;
    turn_kill(w);
    if (!run->ends && world_strikes_now(w, WORLD_NEW_TARGETS)) {
        run->ends = true;
        w->targets++;
        tw_engine_stop(run->engine);
    }
    run->calls = 0;
    run->dies_at = (crash || power_goes) && !in_recorder ? calls : 0;
    uint64_t work = 0;
    tw_error error = {0};
    uint32_t events = 1 + (uint32_t)world_below(w, DRAW_TURNS, 256);
    if (world_below(w, DRAW_TURNS, 2) == 0 && run->dies_at == 0)
        world_run_recorder(w);
    tw_status status = tw_engine_turn(run->engine, events, &work, &error);
    if (run->dead) {
        die(w, power_goes, run->death_boundary);
        return;
    }
    world_check_turn(w);
    if (crash || power_goes) {
        die_in_recorder(w, power_goes);
        return;
    }
    world_run_recorder(w);
    if (status != TW_OK)
        world_tell(w, "the engine fails: %s", error.message);
    if (!is_over(w, status))
        return;
    if (run->last)
        run->over = true;
    else
        world_run_end(w);
}
