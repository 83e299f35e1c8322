/*
 * model_overlap.c - plans under overlapping limits beside all plans there are.
 *
 * Rules held: a plan that is called feasible is inside every range and limit; "no plan exists" is
 * only said when there is none; the bound is never above the true least number, and a plan that is
 * called exact has that number; a written answer of the best plan is read back as that plan,
 * however a solver's tolerance has bent its numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "overlap_instance.h"
#include "tradewind/overlap.h"

static void assert_plan(const overlap_instance *x, const tw_overlap_plan *plan) {
    int64_t lots[OVERLAP_NAMES] = {0};
    int64_t turnover = 0;
    for (size_t k = 0; k < plan->count; k++) {
        const tw_rebalance_trade *trade = &plan->trades[k];
        assert_true(k == 0 || plan->trades[k - 1].index < trade->index);
        int64_t sign = trade->side == TW_SIDE_SELL ? -1 : 1;
        lots[trade->index] = sign * trade->quantity.nano / TW_NANO;
        assert_true(lots[trade->index] != 0);
        assert_int_equal(trade->quantity.nano % TW_NANO, 0);
        turnover += trade->value.nano;
    }
    for (size_t i = 0; i < OVERLAP_NAMES; i++) {
        assert_true(lots[i] >= x->ranges[i].lots_min || lots[i] == 0);
        assert_true(lots[i] <= x->ranges[i].lots_max || lots[i] == 0);
        assert_true(overlap_instance_allows(&x->ranges[i], lots[i]));
    }
    assert_true(overlap_instance_holds(x, lots));
    assert_int_equal(turnover, plan->turnover.nano);
}

static void test_plans_keep_every_limit_and_bounds_are_true(void **state) {
    (void)state;
    TW_AUTO(tw_overlap) *overlap = NULL;
    assert_int_equal(tw_overlap_new(NULL, OVERLAP_NAMES, OVERLAP_ROWS, &overlap), TW_OK);
    uint64_t seed = 41;
    int possible = 0;
    int found = 0;
    int exact = 0;
    int proven_none = 0;
    for (int round = 0; round < 1500; round++) {
        overlap_instance x;
        overlap_instance_make(&x, &seed);
        size_t count = 0;
        int64_t turnover = 0;
        bool any = overlap_instance_best(&x, &count, &turnover);
        tw_overlap_plan plan;
        assert_int_equal(tw_overlap_solve(overlap, &x.problem, &plan, NULL), TW_OK);
        possible += any;
        if (any)
            assert_true(plan.bound <= count && plan.solver_bound == plan.bound);
        if (!plan.feasible) {
            assert_true(plan.proof == TW_OVERLAP_UNPROVEN || !any);
            proven_none += plan.proof == TW_OVERLAP_EXACT;
            continue;
        }
        assert_true(any);
        assert_plan(&x, &plan);
        assert_true(plan.count >= count);
        assert_int_equal(plan.gap, plan.count - plan.bound);
        if (plan.proof == TW_OVERLAP_EXACT)
            assert_int_equal(plan.count, count);
        found++;
        exact += plan.proof == TW_OVERLAP_EXACT;
    }
    print_message("%d possible, %d found, %d of them exact; %d proven impossible\n", possible,
                  found, exact, proven_none);
    assert_true(found * 10 > possible * 9); /* the descent is worth having */
    assert_true(exact > 100 && proven_none > 50);
}

/* The answer of a solver that gives these lots, each off by `bend`. */
static tw_slice answer_of(const overlap_instance *x, const int64_t *lots, double cost, double bend,
                          tw_text *text) {
    tw_text_clear(text);
    tw_text_append_string(text, "Optimal - objective value ");
    tw_text_append_double(text, cost);
    tw_text_append_char(text, '\n');
    for (size_t i = 0; i < OVERLAP_NAMES; i++) {
        if (lots[i] == 0)
            continue;
        char side = lots[i] < 0 ? 's' : 'b';
        double size = (double)(lots[i] < 0 ? -lots[i] : lots[i]);
        tw_text_append_format(text, "%s %zu %c%zu ", bend > 0 ? "**" : "", i, side, i);
        tw_text_append_double(text, size + bend);
        tw_text_append_string(text, " 0\n");
        if (x->ranges[i].lots_min <= 0 && x->ranges[i].lots_max >= 0)
            tw_text_append_format(text, " %zu %c%zu 1 1\n", i, side - 'a' + 'A', i);
    }
    return tw_text_slice(text);
}

/* Any plan, by looking: the first that holds. */
static bool some_plan(const overlap_instance *x, int64_t *ret_lots) {
    for (size_t i = 0; i < OVERLAP_NAMES; i++)
        ret_lots[i] = x->ranges[i].lots_min;
    for (size_t at = 0; at < OVERLAP_NAMES;) {
        bool allowed = true;
        for (size_t i = 0; i < OVERLAP_NAMES; i++)
            allowed = allowed && overlap_instance_allows(&x->ranges[i], ret_lots[i]);
        if (allowed && overlap_instance_holds(x, ret_lots))
            return true;
        for (at = 0; at < OVERLAP_NAMES && ++ret_lots[at] > x->ranges[at].lots_max; at++)
            ret_lots[at] = x->ranges[at].lots_min;
    }
    return false;
}

static void test_answers_are_checked_and_not_believed(void **state) {
    (void)state;
    TW_AUTO(tw_overlap) *overlap = NULL;
    assert_int_equal(tw_overlap_new(NULL, OVERLAP_NAMES, OVERLAP_ROWS, &overlap), TW_OK);
    uint64_t seed = 42;
    char buffer[4096];
    tw_text text = tw_text_over(buffer, sizeof buffer);
    int read = 0;
    for (int round = 0; round < 600; round++) {
        overlap_instance x;
        overlap_instance_make(&x, &seed);
        int64_t lots[OVERLAP_NAMES];
        bool any = some_plan(&x, lots);
        if (!any) /* any lots at all: they cannot be called a plan */
            for (size_t i = 0; i < OVERLAP_NAMES; i++)
                lots[i] = overlap_pick(&seed, -4, 4);
        double bend = (double)overlap_pick(&seed, -1, 1) * 1e-7;
        tw_overlap_answer answer = {answer_of(&x, lots, 1, bend, &text), {NULL, 0}};
        tw_overlap_plan plan;
        tw_error error = {0};
        tw_status status = tw_overlap_read(overlap, &x.problem, &answer, &plan, &error);
        if (!any) {
            assert_true(status == TW_PARSE || !plan.feasible);
            continue;
        }
        assert_int_equal(status, TW_OK);
        assert_true(plan.feasible);
        assert_plan(&x, &plan);
        read++;
    }
    assert_true(read > 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans_keep_every_limit_and_bounds_are_true),
        cmocka_unit_test(test_answers_are_checked_and_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
