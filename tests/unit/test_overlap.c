/* test_overlap.c - the rules of tradewind/overlap.h, one a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/overlap.h"

#define COUNT 3

/* Three names of 10 that may be sold (up to 5, 3 and 2 lots); 40 of cash is wanted, and no more
 * than 20 of the first two together may be sold. */
typedef struct example {
    tw_rebalance_range ranges[COUNT];
    int64_t group[COUNT];
    tw_overlap_row row;
    tw_overlap_problem problem;
} example;

static void make_example(example *x) {
    memset(x, 0, sizeof *x);
    const int64_t held[COUNT] = {5, 3, 2};
    for (size_t i = 0; i < COUNT; i++)
        x->ranges[i] = (tw_rebalance_range){.price = {10 * TW_NANO},
                                            .lot = {TW_NANO},
                                            .lots_min = -held[i],
                                            .lots_least = 1,
                                            .symbol = (tw_symbol)i};
    x->group[0] = x->group[1] = TW_NANO;
    x->row = (tw_overlap_row){x->group, {-20 * TW_NANO}, {TW_OVERLAP_NO_MOST}};
    x->problem = (tw_overlap_problem){.ranges = x->ranges,
                                      .count = COUNT,
                                      .rows = &x->row,
                                      .row_count = 1,
                                      .cash_min = {40 * TW_NANO},
                                      .cash_max = {TW_OVERLAP_NO_MOST}};
}

static tw_overlap *overlap_of(size_t count, size_t rows) {
    tw_overlap *overlap = NULL;
    assert_int_equal(tw_overlap_new(NULL, count, rows, &overlap), TW_OK);
    return overlap;
}

static tw_overlap_plan solve(tw_overlap *overlap, const tw_overlap_problem *problem) {
    tw_overlap_plan plan;
    tw_error error = {0};
    tw_status status = tw_overlap_solve(overlap, problem, &plan, &error);
    if (status != TW_OK)
        fail_msg("%s: %s", tw_status_name(status), error.message);
    return plan;
}

static tw_overlap_plan read_answer(tw_overlap *overlap, const tw_overlap_problem *problem,
                                   const char *solution, const char *log) {
    tw_overlap_answer answer = {tw_slice_of(solution), tw_slice_of(log)};
    tw_overlap_plan plan;
    tw_error error = {0};
    tw_status status = tw_overlap_read(overlap, problem, &answer, &plan, &error);
    if (status != TW_OK)
        fail_msg("%s: %s", tw_status_name(status), error.message);
    return plan;
}

static void test_a_plan_keeps_the_cash_and_the_row(void **state) {
    (void)state;
    TW_AUTO(tw_overlap) *overlap = overlap_of(COUNT, 1);
    example x;
    make_example(&x);
    tw_overlap_plan plan = solve(overlap, &x.problem);
    assert_true(plan.feasible);
    assert_int_equal(plan.count, 2);
    assert_int_equal(plan.cash_after.nano, 40 * TW_NANO);
    assert_int_equal(plan.trades[1].index, 2);
    assert_int_equal(plan.trades[1].quantity.nano, 2 * TW_NANO);
    assert_int_equal(plan.trades[1].side, TW_SIDE_SELL);
    assert_int_equal(plan.trades[1].reason, TW_TRADE_RAISE_CASH);
    /* Each limit by itself needs one trade only, so whole numbers alone do not prove the two. */
    assert_int_equal(plan.bound, 1);
    assert_int_equal(plan.gap, 1);
    assert_int_equal(plan.proof, TW_OVERLAP_UNPROVEN);
    assert_non_null(strstr(plan.reason, "at least 1 needed"));
    /* Without the row one sale does. */
    x.problem.row_count = 0;
    plan = solve(overlap, &x.problem);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.proof, TW_OVERLAP_EXACT);
    /* Without any need nothing is done. */
    x.problem.cash_min.nano = 0;
    plan = solve(overlap, &x.problem);
    assert_true(plan.feasible && plan.proof == TW_OVERLAP_EXACT);
    assert_int_equal(plan.count, 0);
}

/* A trade is for the limit that breaks without it: for a row only what the cash can do without. */
static void test_further_trades_say_what_they_are_for(void **state) {
    (void)state;
    TW_AUTO(tw_overlap) *overlap = overlap_of(COUNT, 1);
    example x;
    make_example(&x);
    x.problem.cash_min.nano = 0;
    x.row.least.nano = TW_OVERLAP_NO_LEAST;
    x.row.most.nano = -30 * TW_NANO;
    tw_overlap_plan plan = solve(overlap, &x.problem);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.trades[0].reason, TW_TRADE_CUT_GROUP);
    x.problem.cash_min.nano = 30 * TW_NANO;
    plan = solve(overlap, &x.problem);
    assert_int_equal(plan.trades[0].reason, TW_TRADE_RAISE_CASH);
    for (size_t i = 0; i < COUNT; i++) {
        x.ranges[i].lots_min = 0;
        x.ranges[i].lots_max = 9;
    }
    x.problem.cash = (tw_money){100 * TW_NANO};
    x.problem.cash_min.nano = 0;
    x.row = (tw_overlap_row){x.group, {30 * TW_NANO}, {TW_OVERLAP_NO_MOST}};
    plan = solve(overlap, &x.problem);
    assert_int_equal(plan.trades[0].reason, TW_TRADE_FILL_GROUP);
    x.problem.cash_max.nano = 70 * TW_NANO;
    plan = solve(overlap, &x.problem);
    assert_int_equal(plan.trades[0].reason, TW_TRADE_USE_CASH);
}

static void test_no_positions_are_a_plan_if_the_limits_allow(void **state) {
    (void)state;
    TW_AUTO(tw_overlap) *overlap = overlap_of(1, 1);
    tw_overlap_problem problem = {.cash_max = {TW_OVERLAP_NO_MOST}};
    tw_overlap_plan plan = solve(overlap, &problem);
    assert_true(plan.feasible);
    problem.cash_min.nano = 1;
    plan = solve(overlap, &problem);
    assert_false(plan.feasible);
    assert_int_equal(plan.proof, TW_OVERLAP_EXACT);
}

static void test_what_no_trades_can_do_is_proven_and_named(void **state) {
    (void)state;
    TW_AUTO(tw_overlap) *overlap = overlap_of(COUNT, 1);
    example x;
    make_example(&x);
    x.problem.cash_min.nano = 101 * TW_NANO;
    tw_overlap_plan plan = solve(overlap, &x.problem);
    assert_false(plan.feasible);
    assert_int_equal(plan.proof, TW_OVERLAP_EXACT);
    assert_non_null(strstr(plan.reason, "cannot bring the cash into its window"));
    assert_int_equal(plan.fault, 0);
    make_example(&x);
    x.row.most.nano = x.row.least.nano = -81 * TW_NANO;
    plan = solve(overlap, &x.problem);
    assert_int_equal(plan.proof, TW_OVERLAP_EXACT);
    assert_non_null(strstr(plan.reason, "cannot bring row 0 into its limits"));
    assert_int_equal(plan.fault, 1);
    /* Together only: 41 needs 21 of the first two. That is no proof of whole numbers. */
    make_example(&x);
    x.problem.cash_min.nano = 41 * TW_NANO;
    plan = solve(overlap, &x.problem);
    assert_false(plan.feasible);
    assert_int_equal(plan.proof, TW_OVERLAP_UNPROVEN);
    assert_non_null(strstr(plan.reason, "not a proof"));
    assert_true(plan.fault == TW_OVERLAP_NO_FAULT);
}

static void test_costs_round_against_the_trader(void **state) {
    (void)state;
    TW_AUTO(tw_overlap) *overlap = overlap_of(1, 0);
    tw_rebalance_range range = {
        .price = {3}, .lot = {TW_NANO / 2}, .lots_min = 1, .lots_max = 1, .lots_least = 1};
    tw_overlap_problem problem = {.ranges = &range,
                                  .count = 1,
                                  .cash = {10},
                                  .cash_max = {TW_OVERLAP_NO_MOST},
                                  .cost_rate_nano = 1};
    tw_overlap_plan plan = solve(overlap, &problem);
    assert_int_equal(plan.trades[0].value.nano, 2); /* 1.5 up */
    assert_int_equal(plan.trades[0].cost.nano, 1);
    assert_int_equal(plan.trades[0].reason, TW_TRADE_BELOW_BAND);
    assert_int_equal(plan.cash_after.nano, 7);
    assert_int_equal(plan.mandatory, 1);
    range.lots_min = range.lots_max = -1;
    plan = solve(overlap, &problem);
    assert_int_equal(plan.trades[0].value.nano, 1); /* 1.5 down */
    assert_int_equal(plan.cash_after.nano, 10);
}

static void test_limits_are_met_to_the_last_unit(void **state) {
    (void)state;
    TW_AUTO(tw_overlap) *overlap = overlap_of(1, 1);
    tw_rebalance_range range = {
        .price = {1}, .lot = {1}, .lots_min = 1, .lots_max = 1, .lots_least = 1};
    int64_t coefficient = 1;
    tw_overlap_row row = {&coefficient, {TW_OVERLAP_NO_LEAST}, {1}};
    tw_overlap_problem problem = {.ranges = &range,
                                  .count = 1,
                                  .rows = &row,
                                  .row_count = 1,
                                  .cash = {5},
                                  .cash_min = {4}, /* 1e-18 is paid as 1e-9 */
                                  .cash_max = {4}};
    assert_true(solve(overlap, &problem).feasible);
    row.most.nano = 0; /* the sum is 1e-27 */
    assert_false(solve(overlap, &problem).feasible);
    row.most.nano = 1;
    row.least.nano = 0;
    assert_true(solve(overlap, &problem).feasible);
    coefficient = -1;
    assert_false(solve(overlap, &problem).feasible);
    row.least.nano = -1;
    problem.cash_min.nano = problem.cash_max.nano = 5;
    assert_false(solve(overlap, &problem).feasible);
    problem.cash_min.nano = problem.cash_max.nano = 3;
    assert_false(solve(overlap, &problem).feasible);
    /* The cash asks for a purchase that the row forbids by its last unit. */
    range.lots_min = 0;
    problem.cash_min.nano = 0;
    problem.cash_max.nano = 4;
    coefficient = 1;
    row.least.nano = TW_OVERLAP_NO_LEAST;
    row.most.nano = 0;
    assert_false(solve(overlap, &problem).feasible);
    row.most.nano = 1;
    assert_true(solve(overlap, &problem).feasible);
}

static void test_the_model_says_the_problem(void **state) {
    (void)state;
    TW_AUTO(tw_overlap) *overlap = overlap_of(COUNT, 1);
    example x;
    make_example(&x);
    x.ranges[2].lots_max = 2;  /* two sides */
    x.ranges[0].lots_max = -1; /* must be sold */
    char buffer[4096];
    tw_text model = tw_text_over(buffer, sizeof buffer);
    assert_int_equal(tw_overlap_write(overlap, &x.problem, &model, NULL), TW_OK);
    assert_true(model.size < tw_overlap_model_size_max(COUNT, 1));
    const char *const parts[] = {"NAME tradewind FREE\nROWS\n N cost\n L r0\n G r1\n",
                                 " s0 r0 -10\n s0 r1 -10\n",
                                 " S1 cost 1 ms1 -3\n S1 ls1 -1\n",
                                 " S2 ls2 -1 t2 1\n",
                                 " b2 r0 10\n",
                                 " rhs r0 -40\n rhs r1 -20\n",
                                 " LO bound s0 1\n UP bound s0 5\n",
                                 " UP bound S1 1\n",
                                 "ENDATA\n"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strstr(buffer, parts[i]) == NULL)
            fail_msg("the model has no \"%s\":\n%s", parts[i], buffer);
    tw_text small = tw_text_over(buffer, 200);
    tw_error error = {0};
    assert_int_equal(tw_overlap_write(overlap, &x.problem, &small, &error), TW_FULL);
    assert_int_equal(small.size, 0);
    assert_non_null(strstr(error.message, "larger than its 200 bytes"));
}

static void test_an_answer_is_a_plan_with_the_solvers_bound(void **state) {
    (void)state;
    TW_AUTO(tw_overlap) *overlap = overlap_of(COUNT, 1);
    example x;
    make_example(&x);
    tw_overlap_plan plan =
        read_answer(overlap, &x.problem,
                    "Optimal - objective value 2.2\n      0 s0 2 0\n 4 s2 1.9999999 0\n"
                    "  5 S0 1 1\n 7 S2 1 1\n",
                    "");
    assert_true(plan.feasible);
    assert_int_equal(plan.count, 2);
    assert_int_equal(plan.bound, 1);
    assert_int_equal(plan.solver_bound, 2);
    assert_int_equal(plan.gap, 0);
    assert_int_equal(plan.proof, TW_OVERLAP_BY_SOLVER);
    assert_non_null(strstr(plan.reason, "as the solver proved to its tolerance"));
    /* A lot too few is put right among the trades that there are. */
    plan = read_answer(overlap, &x.problem, "Optimal - objective value 2.2\n 0 s0 1 0\n 4 s2 2 0\n",
                       "");
    assert_int_equal(plan.count, 2);
    assert_int_equal(plan.cash_after.nano, 40 * TW_NANO);
    /* A trade that the limits can do without is left out. */
    x.problem.cash_min.nano = 20 * TW_NANO;
    plan = read_answer(overlap, &x.problem,
                       "Optimal - objective value 2.2\n 0 s0 2 0\n 1 s1 0.4 0\n 4 s2 2 0\n", "");
    assert_int_equal(plan.count, 1);
    x.problem.cash_min.nano = 40 * TW_NANO;
    /* What cannot be put right is no plan. */
    plan = read_answer(overlap, &x.problem, "Optimal - objective value 1.2\n 4 s2 2 0\n", "");
    assert_false(plan.feasible);
    assert_non_null(strstr(plan.reason, "could not be put right"));
}

static void test_a_solver_that_stopped_leaves_its_bound(void **state) {
    (void)state;
    TW_AUTO(tw_overlap) *overlap = overlap_of(COUNT, 1);
    example x;
    make_example(&x);
    const char *lots = "Stopped on time - objective value 3.3\n 0 s0 1 0\n 1 s1 1 0\n 2 s2 2 0\n";
    tw_overlap_plan plan = read_answer(overlap, &x.problem, lots, "Lower bound:   1.7\nGap: 1\n");
    assert_true(plan.feasible);
    assert_int_equal(plan.count, 3);
    assert_int_equal(plan.solver_bound, 2);
    assert_int_equal(plan.gap, 1);
    assert_int_equal(plan.proof, TW_OVERLAP_UNPROVEN);
    plan = read_answer(overlap, &x.problem, lots, "nothing of the kind");
    assert_int_equal(plan.solver_bound, 1);
    plan = read_answer(overlap, &x.problem,
                       "Stopped on time (no integer solution - continuous used) - objective value "
                       "1.2\n 0 s0 1.7 0\n",
                       "");
    assert_false(plan.feasible);
    assert_non_null(strstr(plan.reason, "before the solver had to stop"));
    x.problem.cash_min.nano = 41 * TW_NANO; /* together with the row there is none */
    plan = read_answer(overlap, &x.problem, "Infeasible - objective value 0\n 0 s0 5 0\n", "");
    assert_false(plan.feasible);
    assert_int_equal(plan.proof, TW_OVERLAP_BY_SOLVER);
    plan = read_answer(overlap, &x.problem, "Integer infeasible - objective value 0", "");
    assert_int_equal(plan.proof, TW_OVERLAP_BY_SOLVER);
}

/* The same plan of two trades, with claims about it that cannot be. */
static void test_a_proof_that_a_plan_contradicts_is_not_believed(void **state) {
    (void)state;
    TW_AUTO(tw_overlap) *overlap = overlap_of(COUNT, 1);
    example x;
    make_example(&x);
    tw_overlap_plan plan = read_answer(overlap, &x.problem,
                                       "Optimal - objective value 3.2\n 0 s0 2 0\n 4 s2 2 0\n", "");
    assert_true(plan.feasible);
    assert_int_equal(plan.count, 2);
    assert_int_equal(plan.bound, 1);
    assert_int_equal(plan.solver_bound, 1);
    assert_int_equal(plan.gap, 1);
    assert_int_equal(plan.proof, TW_OVERLAP_UNPROVEN);
    assert_string_equal(plan.reason,
                        "The solver says that 3 trades are needed, but this plan keeps every limit "
                        "with fewer: its proof is not believed. 2 trades, and at least 1 "
                        "needed.");
    plan = read_answer(overlap, &x.problem,
                       "Stopped on time - objective value 2.2\n 0 s0 2 0\n 4 s2 2 0\n",
                       "Lower bound: 7.5\n");
    assert_int_equal(plan.solver_bound, 1);
    assert_int_equal(plan.proof, TW_OVERLAP_UNPROVEN);
    /* A plan exists: it is found without the solver. */
    plan = read_answer(overlap, &x.problem, "Infeasible - objective value 0\n 0 s0 5 0\n", "");
    assert_true(plan.feasible);
    assert_int_equal(plan.count, 2);
    assert_int_equal(plan.proof, TW_OVERLAP_UNPROVEN);
    assert_non_null(strstr(plan.reason, "but this one keeps every limit"));
}

static void test_garbage_is_no_answer(void **state) {
    (void)state;
    TW_AUTO(tw_overlap) *overlap = overlap_of(COUNT, 1);
    example x;
    make_example(&x);
    const struct {
        const char *solution;
        const char *words;
    } cases[] = {
        {"", "solution:1: the solver's answer does not begin"},
        {"garbage", "solution:1: the solver's answer does not begin"},
        {"Optimal\n", "solution:1: the solver's answer has no objective"},
        {"Optimal - objective value x\n", "has no objective"},
        {"Optimal - objective value 1\n0 s0\n", "solution:2: expected a number"},
        {"Optimal - objective value 1\n\nx s0 1 0\n", "solution:3: expected a number"},
        {"Optimal - objective value 1\n0 s0 nan 0\n", "solution:2: expected a number"},
        {"Optimal - objective value 1\n0 s3 1 0\n", "solution:2: there is no such column"},
        {"Optimal - objective value 1\n0 b0 1 0\n", "solution:2: there is no such column"},
        {"Optimal - objective value 1\n0 s-1 1 0\n", "solution:2: there is no such column"},
        {"Optimal - objective value 1\n0 z1 1 0\n", "solution:2: there is no such column"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tw_overlap_answer answer = {tw_slice_of(cases[i].solution), {NULL, 0}};
        tw_overlap_plan plan;
        tw_error error = {0};
        assert_int_equal(tw_overlap_read(overlap, &x.problem, &answer, &plan, &error), TW_PARSE);
        if (strstr(error.message, cases[i].words) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", error.message, cases[i].words);
    }
    /* Values beyond every limit are brought to what may be traded. */
    tw_overlap_plan plan = read_answer(
        overlap, &x.problem, "Optimal - objective value 1\n0 s0 1e300 0\n1 s1 -1e300 0\n", "");
    assert_false(plan.feasible);
}

static void refuse(tw_overlap *overlap, const tw_overlap_problem *problem, tw_status wanted,
                   const char *words) {
    tw_overlap_plan plan;
    tw_overlap_plan before;
    memset(&plan, 0x5a, sizeof plan);
    memcpy(&before, &plan, sizeof before);
    tw_error error = {0};
    assert_int_equal(tw_overlap_solve(overlap, problem, &plan, &error), wanted);
    if (strstr(error.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    assert_memory_equal(&plan, &before, sizeof plan);
}

static void test_what_is_no_problem_is_refused(void **state) {
    (void)state;
    TW_AUTO(tw_overlap) *overlap = overlap_of(COUNT, 1);
    example x;
    make_example(&x);
    x.problem.count = 4;
    refuse(overlap, &x.problem, TW_FULL, "4 positions and 1 rows exceed the 3 and 1");
    make_example(&x);
    x.problem.row_count = 2;
    refuse(overlap, &x.problem, TW_FULL, "2 rows exceed");
    make_example(&x);
    x.problem.cash_max.nano = 0;
    refuse(overlap, &x.problem, TW_INVALID, "the least cash is above");
    make_example(&x);
    x.problem.cost_rate_nano = TW_NANO;
    refuse(overlap, &x.problem, TW_INVALID, "the cost rate");
    make_example(&x);
    x.ranges[1].lots_max = -4;
    refuse(overlap, &x.problem, TW_INVALID, "range 1 is not a range");
    make_example(&x);
    x.ranges[1].lots_max = -1;
    x.ranges[1].lots_least = 4;
    refuse(overlap, &x.problem, TW_INVALID, "position 1 must trade");
    make_example(&x);
    x.ranges[2].lots_min = -INT64_MAX;
    refuse(overlap, &x.problem, TW_OVERFLOW, "the trade of position 2");
    make_example(&x);
    x.ranges[2].lots_min = -1000000000;
    refuse(overlap, &x.problem, TW_OVERFLOW, "values of the trades together");
    make_example(&x);
    x.group[2] = -11 * TW_NANO;
    refuse(overlap, &x.problem, TW_INVALID, "position 2 in row 0 is beyond 10");
    make_example(&x);
    x.row.most.nano = -21 * TW_NANO;
    refuse(overlap, &x.problem, TW_INVALID, "row 0 has a least above its most");
    tw_overlap *none = NULL;
    assert_int_equal(tw_overlap_new(NULL, 0, 1, &none), TW_RANGE);
    assert_int_equal(tw_overlap_new(NULL, 1, SIZE_MAX, &none), TW_RANGE);
}

static tw_status make_use_free(const tw_allocator *allocator, void *context) {
    TW_AUTO(tw_overlap) *overlap = NULL;
    tw_status status = tw_overlap_new(allocator, COUNT, 1, &overlap);
    if (status != TW_OK)
        return status;
    const example *x = context;
    tw_overlap_plan plan;
    return tw_overlap_solve(overlap, &x->problem, &plan, NULL);
}

static void test_nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    example x;
    make_example(&x);
    assert_survives_failed_allocations(make_use_free, &x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_plan_keeps_the_cash_and_the_row),
        cmocka_unit_test(test_further_trades_say_what_they_are_for),
        cmocka_unit_test(test_no_positions_are_a_plan_if_the_limits_allow),
        cmocka_unit_test(test_what_no_trades_can_do_is_proven_and_named),
        cmocka_unit_test(test_costs_round_against_the_trader),
        cmocka_unit_test(test_limits_are_met_to_the_last_unit),
        cmocka_unit_test(test_the_model_says_the_problem),
        cmocka_unit_test(test_an_answer_is_a_plan_with_the_solvers_bound),
        cmocka_unit_test(test_a_solver_that_stopped_leaves_its_bound),
        cmocka_unit_test(test_a_proof_that_a_plan_contradicts_is_not_believed),
        cmocka_unit_test(test_garbage_is_no_answer),
        cmocka_unit_test(test_what_is_no_problem_is_refused),
        cmocka_unit_test(test_nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
