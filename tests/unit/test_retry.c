/* test_retry.c - the rules of tradewind/retry.h in virtual time, one test a rule. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/retry.h"

#define THREAD_COUNT 4
#define CALL_COUNT 20000

static tw_retry_policy small(void) {
    tw_retry_policy policy = tw_retry_policy_default();
    policy.attempt_max = 4;
    policy.pause_ns_min = 127;
    policy.pause_ns_max = 511;
    policy.retry_after_ns_max = 5000;
    policy.attempt_ns_min = 10;
    policy.hedge_ns_min = 30;
    assert_int_equal(tw_retry_policy_check(&policy, NULL), TW_OK);
    return policy;
}

static tw_retry_budget *budget_of(tw_retry_budget_config config) {
    tw_retry_budget *budget = NULL;
    assert_int_equal(tw_retry_budget_new(NULL, &config, &budget, NULL), TW_OK);
    return budget;
}

static tw_retry_budget *rich(void) {
    return budget_of(tw_retry_budget_config_default());
}

static tw_retry_figures figures_of(tw_retry_budget *budget) {
    tw_retry_figures figures;
    tw_retry_figures_of(budget, &figures);
    return figures;
}

static tw_retry begin(tw_retry_budget *budget, const tw_retry_policy *policy, tw_retry_kind kind,
                      int64_t deadline_ns) {
    tw_retry retry;
    tw_retry_terms terms = {.kind = kind, .deadline_ns = deadline_ns};
    tw_retry_begin(&retry, budget, policy, &terms, 1000);
    tw_retry_check(&retry);
    return retry;
}

static tw_retry_verdict failed(tw_retry *retry, tw_retry_cause cause, int64_t now_ns,
                               uint64_t draw) {
    tw_retry_verdict verdict =
        tw_retry_failed(retry, &(tw_retry_failure){.cause = cause}, now_ns, draw);
    tw_retry_check(retry);
    return verdict;
}

/* ---- what may be ---- */

static void test_what_cannot_be_a_policy_or_a_budget_is_refused(void **state) {
    (void)state;
    tw_retry_policy bad[6];
    tw_error error = {0};
    for (size_t i = 0; i < 6; i++)
        bad[i] = small();
    bad[0].attempt_max = 0;
    bad[1].attempt_max = TW_RETRY_ATTEMPT_MAX + 1;
    bad[2].pause_ns_min = 0;
    bad[3].pause_ns_max = 126;
    bad[4].attempt_ns_min = -1;
    bad[5].retry_after_ns_max = TW_RETRY_NS_MAX + 1;
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(tw_retry_policy_check(&bad[i], &error), TW_RANGE);
    tw_retry_budget_config config = tw_retry_budget_config_default();
    tw_retry_budget *budget = NULL;
    config.share_percent = 101;
    assert_int_equal(tw_retry_budget_new(NULL, &config, &budget, &error), TW_RANGE);
    assert_null(budget);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    TW_AUTO(tw_retry_budget) *budget = NULL;
    return tw_retry_budget_new(allocator, context, &budget, NULL);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    tw_retry_budget_config config = tw_retry_budget_config_default();
    assert_survives_failed_allocations(make_and_free, &config);
    tw_retry_budget_free(NULL);
}

static void test_what_changes_something_without_a_key_is_never_sent_again(void **state) {
    (void)state;
    TW_AUTO(tw_retry_budget) *budget = rich();
    tw_retry_policy policy = small();
    const tw_retry_cause causes[] = {TW_RETRY_TRANSIENT, TW_RETRY_TIMEOUT, TW_RETRY_RESET,
                                     TW_RETRY_THROTTLED};
    for (size_t i = 0; i < 4; i++) {
        tw_retry retry = begin(budget, &policy, TW_RETRY_ONCE, 100000);
        assert_true(tw_retry_hedge_ns(&retry, 1) == INT64_MAX);
        assert_int_equal(tw_retry_hedge(&retry, 2000), TW_STATE);
        assert_int_equal(failed(&retry, causes[i], 2000, 0), TW_RETRY_NO_UNSAFE);
        assert_int_equal(tw_retry_again(&retry, 90000), TW_STATE);
        assert_int_equal(tw_retry_state_of(&retry), TW_RETRY_STATE_ENDED);
    }
    tw_retry retry = begin(budget, &policy, TW_RETRY_KEYED, 100000);
    assert_int_equal(failed(&retry, TW_RETRY_TIMEOUT, 2000, 0), TW_RETRY_AGAIN);
    tw_retry_cancelled(&retry);
    assert_int_equal(figures_of(budget).given_up[TW_RETRY_NO_UNSAFE], 4);
}

static void test_what_would_fail_again_and_what_a_breaker_rejects_is_not_tried(void **state) {
    (void)state;
    TW_AUTO(tw_retry_budget) *budget = rich();
    tw_retry_policy policy = small();
    tw_retry retry = begin(budget, &policy, TW_RETRY_READ, 100000);
    assert_int_equal(failed(&retry, TW_RETRY_FINAL, 2000, 0), TW_RETRY_NO_FINAL);
    retry = begin(budget, &policy, TW_RETRY_READ, 100000);
    tw_retry_failure failure = {.cause = TW_RETRY_TRANSIENT, .breaker_open = true};
    assert_int_equal(tw_retry_failed(&retry, &failure, 2000, 0), TW_RETRY_NO_BREAKER);
}

static void test_attempts_have_an_end(void **state) {
    (void)state;
    TW_AUTO(tw_retry_budget) *budget = rich();
    tw_retry_policy policy = small();
    tw_retry retry = begin(budget, &policy, TW_RETRY_READ, 100000);
    for (uint32_t i = 1; i < 4; i++) {
        assert_int_equal(tw_retry_attempt_count(&retry), i);
        assert_int_equal(failed(&retry, TW_RETRY_TRANSIENT, 2000, 0), TW_RETRY_AGAIN);
        assert_int_equal(tw_retry_again(&retry, 2000), TW_OK);
    }
    assert_int_equal(failed(&retry, TW_RETRY_TRANSIENT, 2000, 0), TW_RETRY_NO_ATTEMPTS);
    tw_retry_figures figures = figures_of(budget);
    assert_int_equal(figures.attempts[4], 1);
    assert_int_equal(figures.retries[TW_RETRY_TRANSIENT], 3);
    assert_int_equal(figures.extras, 0);
    assert_int_equal(figures.in_flight, 0);
}

static void test_the_deadline_leaves_room_or_there_is_no_attempt(void **state) {
    (void)state;
    TW_AUTO(tw_retry_budget) *budget = rich();
    tw_retry_policy policy = small();
    /* The pause is 127 at most, the attempt wants 10. */
    tw_retry retry = begin(budget, &policy, TW_RETRY_READ, 2000 + 127 + 9);
    assert_int_equal(failed(&retry, TW_RETRY_TRANSIENT, 2000, 127), TW_RETRY_NO_DEADLINE);
    retry = begin(budget, &policy, TW_RETRY_READ, 2000 + 127 + 10);
    assert_int_equal(failed(&retry, TW_RETRY_TRANSIENT, 2000, 127), TW_RETRY_AGAIN);
    assert_int_equal(tw_retry_next_ns(&retry), 2127);
    assert_int_equal(tw_retry_again(&retry, 2126), TW_EMPTY);
    assert_int_equal(tw_retry_again(&retry, 2128), TW_TIMEOUT); /* a late turn */
    assert_int_equal(tw_retry_state_of(&retry), TW_RETRY_STATE_ENDED);
    assert_int_equal(figures_of(budget).given_up[TW_RETRY_NO_DEADLINE], 2);
    assert_int_equal(figures_of(budget).extras, 0);
}

/* ---- pauses ---- */

/* The pauses of three retries with that draw. */
static void assert_pauses(const tw_retry_policy *policy, tw_retry_cause cause, uint64_t draw,
                          const int64_t *wanted) {
    TW_AUTO(tw_retry_budget) *budget = rich();
    tw_retry retry = begin(budget, policy, TW_RETRY_READ, INT64_MAX);
    int64_t now_ns = 2000;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(failed(&retry, cause, now_ns, draw), TW_RETRY_AGAIN);
        assert_int_equal(tw_retry_next_ns(&retry) - now_ns, wanted[i]);
        now_ns = tw_retry_next_ns(&retry);
        assert_int_equal(tw_retry_again(&retry, now_ns), TW_OK);
    }
    tw_retry_succeeded(&retry, false);
}

static void test_full_jitter_for_what_may_pass(void **state) {
    (void)state;
    tw_retry_policy policy = small();
    assert_pauses(&policy, TW_RETRY_TRANSIENT, 0, (int64_t[]){0, 0, 0});
    assert_pauses(&policy, TW_RETRY_TRANSIENT, 127, (int64_t[]){127, 127, 127});
    policy.pause_ns_min = 128;
    policy.pause_ns_max = 511;
    assert_pauses(&policy, TW_RETRY_TIMEOUT, 256, (int64_t[]){256 % 129, 256, 256});
}

static void test_equal_jitter_for_who_asks_for_less(void **state) {
    (void)state;
    tw_retry_policy policy = small();
    assert_pauses(&policy, TW_RETRY_THROTTLED, 0, (int64_t[]){63, 127, 254});
    policy.pause_ns_max = 300;
    assert_pauses(&policy, TW_RETRY_THROTTLED, 0, (int64_t[]){63, 127, 150});
}

static void test_the_first_retry_after_a_reset_may_be_at_once(void **state) {
    (void)state;
    tw_retry_policy policy = small();
    assert_pauses(&policy, TW_RETRY_RESET, 100, (int64_t[]){0, 100, 100});
    policy.reset_at_once = false;
    assert_pauses(&policy, TW_RETRY_RESET, 100, (int64_t[]){100, 100, 100});
}

static void test_decorrelated_jitter_grows_from_the_last_pause(void **state) {
    (void)state;
    tw_retry_policy policy = small();
    policy.decorrelated = true;
    policy.pause_ns_min = 100;
    policy.pause_ns_max = 1000;
    assert_pauses(&policy, TW_RETRY_TRANSIENT, 200, (int64_t[]){300, 300, 300});
    assert_pauses(&policy, TW_RETRY_TRANSIENT, 0, (int64_t[]){100, 100, 100});
    assert_pauses(&policy, TW_RETRY_TRANSIENT, 900,
                  (int64_t[]){100 + 900 % 201, 100 + 900 % 489, 100 + 900 % 901});
}

static void test_retry_after_takes_the_place_of_the_pause(void **state) {
    (void)state;
    TW_AUTO(tw_retry_budget) *budget = rich();
    tw_retry_policy policy = small();
    const int64_t asked[] = {1, 3000, INT64_MAX};
    const int64_t wanted[] = {1, 3000, 5000};
    for (int i = 0; i < 3; i++) {
        tw_retry retry = begin(budget, &policy, TW_RETRY_READ, 100000);
        tw_retry_failure failure = {.cause = TW_RETRY_THROTTLED, .retry_after_ns = asked[i]};
        assert_int_equal(tw_retry_failed(&retry, &failure, 2000, 55), TW_RETRY_AGAIN);
        assert_int_equal(tw_retry_next_ns(&retry) - 2000, wanted[i]);
        tw_retry_cancelled(&retry);
    }
}

/* ---- the budget ---- */

static void test_tokens_run_out_and_timeouts_cost_twice(void **state) {
    (void)state;
    tw_retry_budget_config config = tw_retry_budget_config_default();
    config.token_max = 24;
    TW_AUTO(tw_retry_budget) *budget = budget_of(config);
    tw_retry_policy policy = small();
    tw_retry retry = begin(budget, &policy, TW_RETRY_READ, 100000);
    assert_int_equal(failed(&retry, TW_RETRY_TIMEOUT, 2000, 0), TW_RETRY_AGAIN);
    assert_int_equal(figures_of(budget).tokens, 14);
    assert_int_equal(tw_retry_again(&retry, 2000), TW_OK);
    assert_int_equal(failed(&retry, TW_RETRY_TRANSIENT, 2000, 0), TW_RETRY_AGAIN);
    assert_int_equal(figures_of(budget).tokens, 9);
    assert_int_equal(tw_retry_again(&retry, 2000), TW_OK);
    assert_int_equal(failed(&retry, TW_RETRY_TIMEOUT, 2000, 0), TW_RETRY_NO_BUDGET);
    assert_int_equal(figures_of(budget).tokens, 9);
    assert_int_equal(figures_of(budget).given_up[TW_RETRY_NO_BUDGET], 1);
}

static void test_a_retry_that_helped_gets_its_tokens_back(void **state) {
    (void)state;
    tw_retry_budget_config config = tw_retry_budget_config_default();
    config.token_max = 20;
    TW_AUTO(tw_retry_budget) *budget = budget_of(config);
    tw_retry_policy policy = small();
    tw_retry retry = begin(budget, &policy, TW_RETRY_READ, 100000);
    assert_int_equal(failed(&retry, TW_RETRY_TRANSIENT, 2000, 0), TW_RETRY_AGAIN);
    assert_int_equal(tw_retry_again(&retry, 2000), TW_OK);
    tw_retry_succeeded(&retry, false);
    assert_int_equal(figures_of(budget).tokens, 20);
    retry = begin(budget, &policy, TW_RETRY_READ, 100000);
    assert_int_equal(failed(&retry, TW_RETRY_TRANSIENT, 2000, 0), TW_RETRY_AGAIN);
    assert_int_equal(tw_retry_again(&retry, 2000), TW_OK);
    assert_int_equal(failed(&retry, TW_RETRY_FINAL, 2000, 0), TW_RETRY_NO_FINAL);
    assert_int_equal(figures_of(budget).tokens, 15); /* it did not help */
    for (int i = 0; i < 9; i++) {
        retry = begin(budget, &policy, TW_RETRY_READ, 100000);
        tw_retry_succeeded(&retry, false);
    }
    assert_int_equal(figures_of(budget).tokens, 20);
    assert_int_equal(figures_of(budget).attempts[1], 9);
}

static void test_extras_are_a_share_of_what_is_in_flight(void **state) {
    (void)state;
    TW_AUTO(tw_retry_budget) *budget = rich();
    tw_retry_policy policy = small();
    tw_retry calls[30];
    for (int i = 0; i < 30; i++)
        calls[i] = begin(budget, &policy, TW_RETRY_READ, 100000);
    int again = 0;
    for (int i = 0; i < 10; i++) /* 30 in flight, then 29 ...: a fifth */
        again += failed(&calls[i], TW_RETRY_TRANSIENT, 2000, 0) == TW_RETRY_AGAIN;
    assert_int_equal(again, 6);
    assert_int_equal(figures_of(budget).extras, 6);
    for (int i = 0; i < 30; i++)
        tw_retry_cancelled(&calls[i]);
    for (int i = 0; i < 5; i++)
        calls[i] = begin(budget, &policy, TW_RETRY_READ, 100000);
    again = 0;
    for (int i = 0; i < 5; i++)
        again += failed(&calls[i], TW_RETRY_TRANSIENT, 2000, 0) == TW_RETRY_AGAIN;
    assert_int_equal(again, 3); /* so many always */
    for (int i = 0; i < 5; i++)
        tw_retry_cancelled(&calls[i]);
    assert_int_equal(figures_of(budget).in_flight, 0);
    assert_int_equal(figures_of(budget).extras, 0);
}

/* ---- hedges ---- */

static void test_a_hedge_is_due_when_the_usual_time_is_over(void **state) {
    (void)state;
    TW_AUTO(tw_retry_budget) *budget = rich();
    tw_retry_policy policy = small();
    tw_retry retry = begin(budget, &policy, TW_RETRY_READ, 2000);
    assert_int_equal(tw_retry_hedge_ns(&retry, 500), 1500);
    assert_int_equal(tw_retry_hedge_ns(&retry, 1), 1030);
    assert_int_equal(tw_retry_hedge_ns(&retry, 990), 1990);
    assert_true(tw_retry_hedge_ns(&retry, 991) == INT64_MAX); /* no time left for it */
    assert_int_equal(tw_retry_hedge(&retry, 1991), TW_STATE);
    tw_retry_cancelled(&retry);
    retry = begin(budget, &policy, TW_RETRY_KEYED, 2000);
    assert_true(tw_retry_hedge_ns(&retry, 500) == INT64_MAX);
    tw_retry_cancelled(&retry);
    policy.hedge_ns_min = 0;
    retry = begin(budget, &policy, TW_RETRY_READ, 2000);
    assert_true(tw_retry_hedge_ns(&retry, 500) == INT64_MAX);
    tw_retry_cancelled(&retry);
}

static void test_a_hedge_that_wins_gets_its_tokens_back(void **state) {
    (void)state;
    TW_AUTO(tw_retry_budget) *budget = rich();
    tw_retry_policy policy = small();
    tw_retry retry = begin(budget, &policy, TW_RETRY_READ, 2000);
    assert_int_equal(tw_retry_hedge(&retry, 1500), TW_OK);
    tw_retry_check(&retry);
    assert_int_equal(figures_of(budget).tokens, 495);
    assert_int_equal(tw_retry_hedge(&retry, 1500), TW_STATE); /* one at most */
    tw_retry_succeeded(&retry, true);
    tw_retry_figures figures = figures_of(budget);
    assert_int_equal(figures.tokens, 500);
    assert_int_equal(figures.hedges, 1);
    assert_int_equal(figures.hedges_won, 1);
    assert_int_equal(figures.attempts[2], 1);
}

static void test_one_of_two_that_fails_leaves_the_other(void **state) {
    (void)state;
    TW_AUTO(tw_retry_budget) *budget = rich();
    tw_retry_policy policy = small();
    tw_retry retry = begin(budget, &policy, TW_RETRY_READ, 20000);
    assert_int_equal(tw_retry_hedge(&retry, 1500), TW_OK);
    assert_int_equal(failed(&retry, TW_RETRY_TRANSIENT, 1600, 0), TW_RETRY_PENDING);
    assert_int_equal(figures_of(budget).extras, 0);
    assert_int_equal(failed(&retry, TW_RETRY_TRANSIENT, 1700, 0), TW_RETRY_AGAIN);
    assert_int_equal(tw_retry_again(&retry, 1700), TW_OK);
    assert_true(tw_retry_hedge_ns(&retry, 1) == INT64_MAX);
    assert_int_equal(tw_retry_attempt_count(&retry), 3);
    tw_retry_succeeded(&retry, false);
}

static void test_hedges_and_retries_share_the_budget(void **state) {
    (void)state;
    tw_retry_budget_config config = tw_retry_budget_config_default();
    config.token_max = 5;
    TW_AUTO(tw_retry_budget) *budget = budget_of(config);
    tw_retry_policy policy = small();
    tw_retry a = begin(budget, &policy, TW_RETRY_READ, 20000);
    tw_retry b = begin(budget, &policy, TW_RETRY_READ, 20000);
    assert_int_equal(tw_retry_hedge(&a, 1500), TW_OK);
    assert_int_equal(tw_retry_hedge(&b, 1500), TW_LIMIT);
    assert_int_equal(failed(&b, TW_RETRY_TRANSIENT, 1600, 0), TW_RETRY_NO_BUDGET);
    tw_retry_cancelled(&a);
    tw_retry_cancelled(&a);
    assert_int_equal(figures_of(budget).cancelled, 1);
}

/* ---- words and classes ---- */

static void test_the_usual_causes(void **state) {
    (void)state;
    static const struct {
        tw_status status;
        uint32_t http_status;
        tw_retry_cause cause;
    } rows[] = {{TW_OK, 408, TW_RETRY_TIMEOUT},     {TW_OK, 429, TW_RETRY_THROTTLED},
                {TW_OK, 500, TW_RETRY_TRANSIENT},   {TW_OK, 501, TW_RETRY_FINAL},
                {TW_OK, 503, TW_RETRY_TRANSIENT},   {TW_OK, 524, TW_RETRY_TRANSIENT},
                {TW_OK, 404, TW_RETRY_FINAL},       {TW_OK, 200, TW_RETRY_FINAL},
                {TW_TIMEOUT, 0, TW_RETRY_TIMEOUT},  {TW_UNREACHABLE, 0, TW_RETRY_RESET},
                {TW_CLOSED, 0, TW_RETRY_RESET},     {TW_IO, 0, TW_RETRY_TRANSIENT},
                {TW_REMOTE, 0, TW_RETRY_TRANSIENT}, {TW_THROTTLED, 0, TW_RETRY_THROTTLED},
                {TW_AUTH, 0, TW_RETRY_FINAL},       {TW_CANCELLED, 503, TW_RETRY_FINAL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(tw_retry_cause_of(rows[i].status, rows[i].http_status), rows[i].cause);
}

static void test_every_word_is_there(void **state) {
    (void)state;
    assert_string_equal(tw_retry_verdict_word(TW_RETRY_AGAIN), "again");
    assert_string_equal(tw_retry_verdict_word(TW_RETRY_NO_BUDGET), "no_budget");
    assert_string_equal(tw_retry_verdict_word(TW_RETRY_VERDICT_COUNT), "?");
    assert_string_equal(tw_retry_cause_word(TW_RETRY_THROTTLED), "throttled");
    assert_string_equal(tw_retry_cause_word(TW_RETRY_CAUSE_COUNT), "?");
}

/* ---- threads ---- */

static void *make_calls(void *context) {
    tw_retry_budget *budget = context;
    const tw_retry_policy policy = tw_retry_policy_default();
    const tw_retry_terms terms = {.kind = TW_RETRY_READ, .deadline_ns = INT64_MAX};
    for (int i = 0; i < CALL_COUNT; i++) {
        tw_retry retry;
        tw_retry_begin(&retry, budget, &policy, &terms, i);
        bool fails = i % 3 == 0;
        tw_retry_failure failure = {.cause = TW_RETRY_TRANSIENT};
        while (fails && tw_retry_failed(&retry, &failure, i, 0) == TW_RETRY_AGAIN)
            assert_int_equal(tw_retry_again(&retry, i), TW_OK);
        if (!fails)
            tw_retry_succeeded(&retry, false);
    }
    return NULL;
}

static void test_calls_of_many_threads_share_one_budget(void **state) {
    (void)state;
    TW_AUTO(tw_retry_budget) *budget = rich();
    pthread_t threads[THREAD_COUNT];
    for (int i = 0; i < THREAD_COUNT; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_calls, budget), 0);
    for (int i = 0; i < THREAD_COUNT; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    tw_retry_figures figures = figures_of(budget);
    uint64_t ended = figures.succeeded;
    for (int i = 0; i < TW_RETRY_VERDICT_COUNT; i++)
        ended += figures.given_up[i];
    assert_int_equal(ended, THREAD_COUNT * CALL_COUNT);
    assert_int_equal(figures.in_flight, 0);
    assert_int_equal(figures.extras, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be_a_policy_or_a_budget_is_refused),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
        cmocka_unit_test(test_what_changes_something_without_a_key_is_never_sent_again),
        cmocka_unit_test(test_what_would_fail_again_and_what_a_breaker_rejects_is_not_tried),
        cmocka_unit_test(test_attempts_have_an_end),
        cmocka_unit_test(test_the_deadline_leaves_room_or_there_is_no_attempt),
        cmocka_unit_test(test_full_jitter_for_what_may_pass),
        cmocka_unit_test(test_equal_jitter_for_who_asks_for_less),
        cmocka_unit_test(test_the_first_retry_after_a_reset_may_be_at_once),
        cmocka_unit_test(test_decorrelated_jitter_grows_from_the_last_pause),
        cmocka_unit_test(test_retry_after_takes_the_place_of_the_pause),
        cmocka_unit_test(test_tokens_run_out_and_timeouts_cost_twice),
        cmocka_unit_test(test_a_retry_that_helped_gets_its_tokens_back),
        cmocka_unit_test(test_extras_are_a_share_of_what_is_in_flight),
        cmocka_unit_test(test_a_hedge_is_due_when_the_usual_time_is_over),
        cmocka_unit_test(test_a_hedge_that_wins_gets_its_tokens_back),
        cmocka_unit_test(test_one_of_two_that_fails_leaves_the_other),
        cmocka_unit_test(test_hedges_and_retries_share_the_budget),
        cmocka_unit_test(test_the_usual_causes),
        cmocka_unit_test(test_every_word_is_there),
        cmocka_unit_test(test_calls_of_many_threads_share_one_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
