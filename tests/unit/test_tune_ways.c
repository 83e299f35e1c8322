/*
 * test_tune_ways.c - what a commit costs by the curve of batches, what a cache would have answered,
 * and how dense trades come. Where the clock decides nothing.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tradewind/alloc.h"
#include "tradewind/time.h"
#include "tune_ways.h"

/* ---- commits --------------------------------------------------------------------------------- */

/* Batches of which each takes each_ns and row_ns a row. */
static tune_curve batches_of(double each_ns, double row_ns) {
    tune_curve curve = {.values = {1, 10, 100, 1000, 10000, 100000}, .count = 6};
    for (uint32_t i = 0; i < curve.count; i++) {
        double rate = curve.values[i] * 1e9 / (each_ns + row_ns * curve.values[i]);
        curve.figures[i] = (proof_figure){rate, rate, rate, 3};
    }
    curve.verdict = TUNE_CHOSEN;
    return curve;
}

static void the_cost_of_a_commit_is_found_again(void **state) {
    (void)state;
    tune_curve curve = batches_of(40000, 1500);
    tune_commit_cost cost = tune_commit_cost_of(&curve);
    assert_true(fabs(cost.each_ns - 40000) < 1 && fabs(cost.row_ns - 1500) < 0.01);
    curve.figures[5].median /= 2; /* beyond what a run gathers: not looked at */
    cost = tune_commit_cost_of(&curve);
    assert_true(fabs(cost.each_ns - 40000) < 1 && fabs(cost.row_ns - 1500) < 0.01);
}

static void no_cost_is_below_nothing(void **state) {
    (void)state;
    tune_curve curve = batches_of(40000, 1500);
    curve.figures[0].median *= 100; /* as if a single row cost next to nothing */
    tune_commit_cost cost = tune_commit_cost_of(&curve);
    assert_true(cost.each_ns >= 0 && cost.row_ns >= 0 && cost.each_ns + cost.row_ns > 0);
    curve.count = 1;
    cost = tune_commit_cost_of(&curve);
    assert_true(cost.each_ns >= 0 && cost.row_ns > 0);
}

/* 100 rows a second: a commit of 1 ms a row apart takes 4 ms and so 4/11 of the time at 1 ms. */
static void the_smallest_delay_that_costs_little_is_chosen(void **state) {
    (void)state;
    tune_curve curve = batches_of(4e6, 1000);
    tune_curve delays;
    tune_delays(&curve, 100, &delays);
    assert_int_equal(delays.count, 10);
    assert_true(fabs(delays.figures[0].median - (4e6 + 1000 * 1.1) / 11e6) < 1e-6);
    for (uint32_t i = 1; i < delays.count; i++)
        assert_true(delays.figures[i].median < delays.figures[i - 1].median);
    assert_int_equal(delays.verdict, TUNE_CHOSEN);
    assert_true(delays.values[delays.chosen] == 250.0 * TW_NS_PER_MS);
    curve.verdict = TUNE_NOISY; /* what the curve of batches does not tell, this one does not */
    tune_delays(&curve, 100, &delays);
    assert_int_equal(delays.verdict, TUNE_NOISY);
    curve.verdict = TUNE_SMALL; /* but for the best batch, which is none of its business */
    tune_delays(&curve, 100, &delays);
    assert_int_equal(delays.verdict, TUNE_CHOSEN);
}

static void where_no_delay_is_cheap_the_longest_is_cheapest(void **state) {
    (void)state;
    tune_curve curve = batches_of(4e6, 1000);
    tune_curve delays;
    tune_delays(&curve, 1e6, &delays); /* rows alone take all of a second */
    assert_int_equal(delays.chosen, delays.count - 1);
    assert_true(delays.figures[delays.chosen].median > TUNE_COMMIT_SHARE);
}

/* ---- workloads ------------------------------------------------------------------------------- */

enum { TRADES = 2000, SYMBOLS = 10 };

/* Symbols in turn, gap_ns apart, from the newest to the oldest. */
static void make(tune_workload *workload, int64_t gap_ns) {
    *workload = (tune_workload){.trades = TW_NEW(NULL, TRADES, tw_trade), .count = TRADES};
    assert_non_null(workload->trades);
    assert_int_equal(tw_symbols_new(NULL, 64, &workload->symbols), TW_OK);
    for (int i = 0; i < SYMBOLS + 1; i++) { /* one of them is never traded */
        char name[8];
        tw_symbol symbol;
        snprintf(name, sizeof name, "S%d", i);
        assert_int_equal(tw_symbols_intern(workload->symbols, tw_slice_of(name), &symbol), TW_OK);
    }
    for (uint32_t i = 0; i < TRADES; i++)
        workload->trades[TRADES - 1 - i] =
            (tw_trade){.time_ns = TW_NS_PER_DAY + i * gap_ns, .symbol = i % SYMBOLS};
    assert_int_equal(tune_workload_read(workload), TW_OK);
}

static void drop(tune_workload *workload) {
    TW_DELETE(NULL, workload->trades, TRADES, tw_trade);
    tw_symbols_free(workload->symbols);
}

static void trades_stand_in_order_and_are_counted(void **state) {
    (void)state;
    tune_workload workload;
    make(&workload, TW_NS_PER_SECOND);
    for (uint32_t i = 0; i < TRADES; i++)
        assert_int_equal(workload.trades[i].time_ns, TW_NS_PER_DAY + i * TW_NS_PER_SECOND);
    assert_int_equal(workload.symbol_count, SYMBOLS);
    assert_true(workload.rate == 1);
    for (uint32_t i = 500; i < 1100; i++) /* 600 within one minute, and gaps behind */
        workload.trades[i].time_ns = workload.trades[500].time_ns + (i - 500) * TW_NS_PER_MS;
    assert_int_equal(tune_workload_read(&workload), TW_OK);
    assert_true(workload.rate > 10 && workload.rate < 11.1);
    drop(&workload);
    make(&workload, 1); /* all within two microseconds: as if they took a second */
    assert_true(workload.rate == TRADES);
    drop(&workload);
}

/* ---- caches ---------------------------------------------------------------------------------- */

static void a_cache_needs_an_entry_for_each_symbol(void **state) {
    (void)state;
    tune_workload workload;
    tune_curve curve;
    tw_error error = {0};
    make(&workload, TW_NS_PER_SECOND);
    assert_int_equal(tune_entries(&workload, &curve, &error), TW_OK);
    assert_int_equal(curve.count, 5); /* 1, 2, 4, 8, 16 */
    assert_true(curve.values[4] == 16);
    assert_int_equal(curve.chosen, 4);
    assert_true(curve.figures[4].median == (double)(TRADES - SYMBOLS) / TRADES);
    assert_true(curve.figures[0].median < 0.2);
    drop(&workload);
}

/* Each symbol is asked for every 10 seconds. */
static void an_answer_lives_until_it_is_asked_for_again(void **state) {
    (void)state;
    tune_workload workload;
    tune_curve curve;
    tw_error error = {0};
    make(&workload, TW_NS_PER_SECOND);
    assert_int_equal(tune_lives(&workload, 16, &curve, &error), TW_OK);
    assert_true(curve.values[1] == 5.0 * TW_NS_PER_SECOND && curve.figures[1].median == 0);
    assert_true(curve.figures[2].median == 0.5); /* 15 s: every second one */
    assert_true(curve.figures[3].median > 0.8);  /* a minute: five of six */
    assert_int_equal(curve.verdict, TUNE_CHOSEN);
    assert_true(curve.values[curve.chosen] == 15.0 * TW_NS_PER_MINUTE);
    drop(&workload);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cost_of_a_commit_is_found_again),
        cmocka_unit_test(no_cost_is_below_nothing),
        cmocka_unit_test(the_smallest_delay_that_costs_little_is_chosen),
        cmocka_unit_test(where_no_delay_is_cheap_the_longest_is_cheapest),
        cmocka_unit_test(trades_stand_in_order_and_are_counted),
        cmocka_unit_test(a_cache_needs_an_entry_for_each_symbol),
        cmocka_unit_test(an_answer_lives_until_it_is_asked_for_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
