/*
 * world.c - the story of a seed.
 *
 *   trouble (turns_of_trouble) --> calm: faults end, the run settles --> stop --> checks
 */
#include "world.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world_priv.h"

enum { CALM_TURNS_MAX = 6000, SETTLED_TURNS = 60, EXCHANGE_CHECK_TURNS = 32 };

static const int64_t START_NS = INT64_C(1767625200) * TW_NS_PER_SECOND; /* 2026-01-05T15:00:00Z */

/* ---- telling ---- */

void world_fail(const world *w, const char *format, ...) {
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "seed %llu, %.3f s, turn %llu, run %llu: ", (unsigned long long)w->seed,
            (double)(w->now_ns - w->start_ns) / 1e9, (unsigned long long)w->result.turns,
            (unsigned long long)w->result.runs);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    abort();
}

void world_tell(const world *w, const char *format, ...) {
    va_list arguments;
    if (!w->trace)
        return;
    printf("%10.3f ", (double)(w->now_ns - w->start_ns) / 1e9);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

/* ---- turns ---- */

static void turn(world *w) {
    w->result.turns++;
    w->now_ns += world_span(w, DRAW_TURNS, 20 * TW_NS_PER_MS, w->plan.turn_ns_max);
    world_exchange_turn(w);
    world_disk_turn(w);
    world_wire_turn(w);
    world_run_turn(w);
    if (w->result.turns % EXCHANGE_CHECK_TURNS == 0)
        world_exchange_check(w);
}

static bool is_settled(const world *w) {
    return w->run.engine != NULL && tw_engine_phase_now(w->run.engine) == TW_ENGINE_TRADING &&
           w->wire.state == WIRE_UP;
}

/* What others did to the account is seen when the connection is made anew. */
static void begin_calm(world *w) {
    world_tell(w, "calm");
    w->calm = true;
    w->exchange.clock_error_ns = 0;
    w->wire.mute_until_ns = 0;
    if (w->account_touched)
        world_wire_lost(w, "calm");
}

static void settle(world *w) {
    uint32_t settled = 0;
    for (uint32_t i = 0; settled < SETTLED_TURNS; i++) {
        WORLD_REQUIRE(w, i < CALM_TURNS_MAX, "it does not settle: the engine is %s, the wire %d",
                      w->run.engine == NULL
                          ? "away"
                          : tw_engine_phase_name(tw_engine_phase_now(w->run.engine)),
                      (int)w->wire.state);
        turn(w);
        settled = is_settled(w) ? settled + 1 : 0;
    }
}

/* The last run ends in an orderly way, and stays until it has been looked at. */
static void stop(world *w) {
    world_run *run = &w->run;
    uint64_t runs = w->result.runs;
    run->ends = true;
    run->last = true;
    tw_engine_stop(run->engine);
    for (uint32_t i = 0; !run->over; i++) {
        WORLD_REQUIRE(w, i < CALM_TURNS_MAX, "it does not end: the engine is %s",
                      tw_engine_phase_name(tw_engine_phase_now(run->engine)));
        turn(w);
        WORLD_REQUIRE(w, w->result.runs == runs, "the last run ended by itself");
    }
    WORLD_REQUIRE(w, tw_engine_phase_now(run->engine) == TW_ENGINE_DONE, "the last run failed");
}

/* ---- a seed ---- */

static world the_world;

static void tell_seed(void) {
    fprintf(stderr, "repeat with: TRADEWIND_SEED=%llu", (unsigned long long)the_world.seed);
    if (the_world.faults != WORLD_FAULTS_ALL)
        fprintf(stderr, " TRADEWIND_FAULTS=%#llx", (unsigned long long)the_world.faults);
    fprintf(stderr, " %s\n", the_world.program);
}

/* An assertion of the engine or the exchange aborts, too. The directory stays to be looked at. */
static void on_abort(int number) {
    tell_seed();
    signal(number, SIG_DFL);
    raise(number);
}

static void free_world(world *w) {
    world_exchange_close(w);
    world_disk_close(w);
    free(w->journal.entries);
}

void world_play(uint64_t seed, uint64_t faults, const char *program, world_result *ret_result) {
    world *w = &the_world;
    memset(w, 0, sizeof *w);
    w->seed = seed;
    w->faults = faults;
    w->program = program;
    w->trace = getenv("TRADEWIND_TRACE") != NULL;
    w->start_ns = w->now_ns = START_NS;
    signal(SIGABRT, on_abort);
    world_plan_init(w);
    world_disk_open(w);
    world_exchange_open(w);
    world_run_start(w);
    for (uint32_t i = 0; i < w->plan.turns_of_trouble; i++)
        turn(w);
    begin_calm(w);
    settle(w);
    stop(w);
    world_check_end(w);
    world_run_end(w);
    w->result.exchange_hash = world_exchange_hash(w);
    w->result.virtual_ns = w->now_ns - w->start_ns;
    free_world(w);
    signal(SIGABRT, SIG_DFL);
    *ret_result = w->result;
}
