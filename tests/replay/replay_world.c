/*
 * replay_world.c - the whole system in one process, seed after seed: see world.h.
 *
 * Every fourth seed is played twice and must come to the same journal and the same exchange. What
 * must hold is asked by the world; what is asked here is that every kind of fault really happened.
 * The suite plays 200 seeds, in two programs beside each other.
 *
 *     TRADEWIND_SEED=n          one seed, twice
 *     TRADEWIND_SEEDS=n         so many, from TRADEWIND_FROM on
 *     TRADEWIND_FAULTS=mask     only these kinds of faults: how a failing seed is made smaller
 *     TRADEWIND_TRACE=1         what happens, and the journal
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "tradewind/time.h"
#include "world.h"

enum { SEED_COUNT = 100, TWICE_EVERY = 4 };

#ifndef FIRST_SEED
#define FIRST_SEED 1
#endif

static const char *program;

static uint64_t number_of(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

static void add(world_result *sums, const world_result *one) {
    for (int i = 0; i < WORLD_FAULT_COUNT; i++)
        sums->struck[i] += one->struck[i];
    sums->runs += one->runs;
    sums->turns += one->turns;
    sums->decisions += one->decisions;
    sums->submits += one->submits;
    sums->resends += one->resends;
    sums->inherited += one->inherited;
    sums->twins += one->twins;
    sums->fills += one->fills;
    sums->entries += one->entries;
    sums->recovered_fills += one->recovered_fills;
    sums->adopted += one->adopted;
    sums->resumed += one->resumed;
    sums->market_events += one->market_events;
    sums->virtual_ns += one->virtual_ns;
}

static void play(uint64_t seed, uint64_t faults, bool twice, world_result *sums) {
    world_result first;
    world_result second;
    world_play(seed, faults, program, &first);
    second = first;
    if (twice)
        world_play(seed, faults, program, &second);
    if (first.journal_hash != second.journal_hash || first.exchange_hash != second.exchange_hash)
        fail_msg("seed %llu: not the same twice (journal %s, exchange %s)",
                 (unsigned long long)seed,
                 first.journal_hash == second.journal_hash ? "same" : "other",
                 first.exchange_hash == second.exchange_hash ? "same" : "other");
    add(sums, &first);
}

static void print_sums(const world_result *sums, uint64_t seeds, double seconds) {
    printf("%llu seeds: %llu runs, %llu turns, %llu decisions, %llu orders (%llu sent again, %llu "
           "by a later run, %llu twins), %llu fills (%llu recovered), %llu adopted, %llu plans "
           "resumed, %llu entries, "
           "%llu market events, %.1f "
           "virtual hours in "
           "%.1f s\n",
           (unsigned long long)seeds, (unsigned long long)sums->runs,
           (unsigned long long)sums->turns, (unsigned long long)sums->decisions,
           (unsigned long long)sums->submits, (unsigned long long)sums->resends,
           (unsigned long long)sums->inherited, (unsigned long long)sums->twins,
           (unsigned long long)sums->fills, (unsigned long long)sums->recovered_fills,
           (unsigned long long)sums->adopted, (unsigned long long)sums->resumed,
           (unsigned long long)sums->entries, (unsigned long long)sums->market_events,
           (double)sums->virtual_ns / 3600e9, seconds);
    for (int i = 0; i < WORLD_FAULT_COUNT; i++)
        printf("%s%s %llu", i == 0 ? "" : ", ", world_fault_name((world_fault)i),
               (unsigned long long)sums->struck[i]);
    printf("\n");
}

static void every_seed_keeps_its_promises(void **state) {
    (void)state;
    static world_result sums;
    uint64_t faults = number_of("TRADEWIND_FAULTS", WORLD_FAULTS_ALL);
    uint64_t chosen = number_of("TRADEWIND_SEED", 0);
    uint64_t from = number_of("TRADEWIND_FROM", FIRST_SEED);
    uint64_t count = number_of("TRADEWIND_SEEDS", SEED_COUNT);
    int64_t began_ns = tw_time_monotonic_ns();
    if (chosen != 0) {
        from = chosen;
        count = 1;
    }
    for (uint64_t seed = from; seed < from + count; seed++)
        play(seed, faults, chosen != 0 || seed % TWICE_EVERY == 0, &sums);
    print_sums(&sums, count, (double)(tw_time_monotonic_ns() - began_ns) / 1e9);
    if (chosen != 0 || count < SEED_COUNT || faults != WORLD_FAULTS_ALL)
        return;
    for (int i = 0; i < WORLD_FAULT_COUNT; i++) {
        if (sums.struck[i] == 0)
            fail_msg("no %s happened in %llu seeds: nothing is proved of it",
                     world_fault_name((world_fault)i), (unsigned long long)count);
    }
    assert_true(sums.submits > 8 * count && sums.fills > 5 * count);
    assert_true(sums.adopted > 0 && sums.recovered_fills > 0 && sums.runs > count);
    assert_true(sums.resumed > 0 && sums.resends > 0 && sums.twins > 0);
    assert_true(sums.inherited > 0);
}

int main(int argc, char **argv) {
    (void)argc;
    program = argv[0];
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_seed_keeps_its_promises)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
