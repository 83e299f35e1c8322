/* test_limiter.c - buckets of tradewind/limiter.h in virtual time, one test a rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "limiter_wants.h"

/* ---- creation ---- */

static void test_what_cannot_be_a_limiter_is_refused(void **state) {
    (void)state;
    const tw_limiter_config bad[] = {{.bucket_max = 0},
                                     {.bucket_max = TW_LIMITER_BUCKET_MAX + 1},
                                     {.bucket_max = 1, .waiter_max = TW_LIMITER_WAITER_MAX + 1}};
    tw_limiter *limiter = NULL;
    tw_error error = {0};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(tw_limiter_new(NULL, &bad[i], &limiter, &error), TW_RANGE);
    assert_null(limiter);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    TW_AUTO(tw_limiter) *limiter = NULL;
    return tw_limiter_new(allocator, context, &limiter, NULL);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    tw_limiter_config config = {.bucket_max = 3, .waiter_max = 5};
    assert_survives_failed_allocations(make_and_free, &config);
    tw_limiter_free(NULL);
}

static void test_what_cannot_be_a_bucket_is_refused(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 0);
    const tw_limiter_bucket_config good = {
        .name = "orders", .tokens = 10, .period_ns = 100, .burst = 5};
    tw_limiter_bucket_config bad[9];
    for (size_t i = 0; i < 9; i++)
        bad[i] = good;
    bad[0].name = "";
    bad[1].name = "a name that is longer than a name";
    bad[2].burst = 0;
    bad[3].period_ns = 0;
    bad[4].period_ns = TW_LIMITER_NS_MAX + 1;
    bad[5].reserve[3] = 5;
    bad[6].pause_ns = -1;
    bad[7].pause_ns_max = TW_LIMITER_NS_MAX + 1;
    bad[8].name = NULL;
    uint32_t bucket = 77;
    tw_error error = {0};
    for (size_t i = 0; i < 9; i++) {
        bool is_name = i < 2 || i == 8;
        assert_int_equal(tw_limiter_define(limiter, &bad[i], 0, &bucket, &error),
                         is_name ? TW_INVALID : TW_RANGE);
    }
    assert_int_equal(tw_limiter_define(limiter, &good, 0, &bucket, &error), TW_OK);
    assert_int_equal(bucket, 0);
    assert_int_equal(tw_limiter_define(limiter, &good, 0, &bucket, &error), TW_FULL);
}

/* ---- taking ---- */

static void test_a_burst_and_then_the_rate(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 0);
    (void)rate_of(limiter, 10, 1000, 3); /* one a hundred */
    for (int i = 0; i < 3; i++)
        assert_true(takes(limiter, want_of(0, 1, 0), 1000));
    int64_t ready_ns = 0;
    tw_limiter_want want = want_of(0, 1, 0);
    assert_int_equal(tw_limiter_take(limiter, &want, 1000, &ready_ns), TW_THROTTLED);
    assert_int_equal(ready_ns, 1100);
    assert_false(takes(limiter, want, 1099));
    assert_true(takes(limiter, want, 1100));
    assert_false(takes(limiter, want, 1100));
    for (int i = 0; i < 3; i++)
        assert_true(takes(limiter, want, 100000));
    assert_false(takes(limiter, want, 100000)); /* no more than the burst is saved up */
}

static void test_a_rate_that_does_not_divide_its_period_is_exact(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 0);
    (void)rate_of(limiter, 7, 1000, 1);
    uint32_t count = 0;
    for (int64_t now_ns = 0; now_ns <= 1000000; now_ns++)
        count += takes(limiter, want_of(0, 1, 0), now_ns);
    /* The one that was there, and then one each 1000 / 7, rounded up to a whole nanosecond. */
    assert_int_equal(count, 1 + 1000000 / 143);
    TW_AUTO(tw_limiter) *wide = limiter_of(1, 0);
    (void)rate_of(wide, 7, 1000, 4);
    count = 0;
    for (int64_t now_ns = 0; now_ns <= 1000000; now_ns++)
        count += takes(wide, want_of(0, 1, 0), now_ns);
    assert_int_equal(count, 4 + 7000); /* what was rounded up is not lost: the burst keeps it */
}

static void test_weights_count_and_what_is_too_heavy_is_told(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 0);
    (void)rate_of(limiter, 10, 1000, 5);
    int64_t ready_ns = 0;
    tw_limiter_want heavy = want_of(0, 4, 0);
    assert_true(takes(limiter, heavy, 0));
    assert_int_equal(tw_limiter_take(limiter, &heavy, 0, &ready_ns), TW_THROTTLED);
    assert_int_equal(ready_ns, 300);
    tw_limiter_want never = want_of(0, 6, 0);
    assert_int_equal(tw_limiter_take(limiter, &never, 0, &ready_ns), TW_RANGE);
}

static void test_of_several_buckets_all_or_none_is_taken(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = limiter_of(2, 0);
    (void)rate_of(limiter, 10, 1000, 10);
    (void)rate_of(limiter, 1, 1000, 1);
    tw_limiter_want both = {.parts = {{0, 1}, {1, 1}}, .part_count = 2};
    int64_t ready_ns = 0;
    assert_true(takes(limiter, both, 0));
    assert_int_equal(tw_limiter_take(limiter, &both, 0, &ready_ns), TW_THROTTLED);
    assert_int_equal(ready_ns, 1000);
    assert_int_equal(tokens_of(limiter, 0, 0), 9);
    assert_int_equal(tokens_of(limiter, 1, 0), 0);
}

static void test_the_reserve_is_left_to_the_more_urgent(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 0);
    tw_limiter_bucket_config config = {
        .name = "account", .tokens = 10, .period_ns = 1000, .burst = 10, .reserve = {0, 2, 5, 8}};
    (void)bucket_of(limiter, &config);
    for (int i = 0; i < 2; i++)
        assert_true(takes(limiter, want_of(0, 1, 3), 0));
    assert_false(takes(limiter, want_of(0, 1, 3), 0));
    for (int i = 0; i < 3; i++)
        assert_true(takes(limiter, want_of(0, 1, 2), 0));
    assert_false(takes(limiter, want_of(0, 1, 2), 0));
    assert_true(takes(limiter, want_of(0, 3, 1), 0));
    assert_false(takes(limiter, want_of(0, 1, 1), 0));
    assert_true(takes(limiter, want_of(0, 2, 0), 0));
    assert_false(takes(limiter, want_of(0, 1, 0), 0));
    int64_t ready_ns = 0;
    tw_limiter_want last = want_of(0, 1, 3);
    assert_int_equal(tw_limiter_take(limiter, &last, 0, &ready_ns), TW_THROTTLED);
    assert_int_equal(ready_ns, 900); /* its one and the eight that it must leave */
    tw_limiter_want never = want_of(0, 3, 3);
    assert_int_equal(tw_limiter_take(limiter, &never, 0, &ready_ns), TW_RANGE);
}

static void test_what_was_not_sent_is_given_back(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 0);
    (void)rate_of(limiter, 10, 1000, 5);
    tw_limiter_want want = want_of(0, 4, 0);
    assert_true(takes(limiter, want, 0));
    tw_limiter_give_back(limiter, want.parts, 1, 0);
    assert_int_equal(tokens_of(limiter, 0, 0), 5);
    assert_true(takes(limiter, want, 0));
    tw_limiter_give_back(limiter, want.parts, 1, 350); /* three came meanwhile: it is full */
    assert_int_equal(tokens_of(limiter, 0, 350), 5);
}

static void test_a_bulkhead_is_filled_by_what_comes_back_only(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 0);
    (void)rate_of(limiter, 0, 0, 2);
    tw_limiter_want want = want_of(0, 1, 0);
    int64_t ready_ns = 0;
    assert_true(takes(limiter, want, 0));
    assert_true(takes(limiter, want, 0));
    assert_int_equal(tw_limiter_take(limiter, &want, TW_LIMITER_NS_MAX, &ready_ns), TW_THROTTLED);
    assert_true(ready_ns == INT64_MAX);
    tw_limiter_give_back(limiter, want.parts, 1, 0);
    assert_true(takes(limiter, want, 0));
}

static void test_a_smaller_bulkhead_waits_until_enough_came_back(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 0);
    (void)rate_of(limiter, 0, 0, 4);
    tw_limiter_want want = want_of(0, 1, 0);
    for (int i = 0; i < 4; i++)
        assert_true(takes(limiter, want, 0));
    assert_int_equal(tw_limiter_resize(limiter, 0, 0, 2, 0), TW_OK);
    assert_int_equal(tokens_of(limiter, 0, 0), -2);
    for (int i = 0; i < 2; i++) {
        tw_limiter_give_back(limiter, want.parts, 1, 0);
        assert_false(takes(limiter, want, 0));
    }
    tw_limiter_give_back(limiter, want.parts, 1, 0);
    assert_true(takes(limiter, want, 0));
    assert_int_equal(tw_limiter_resize(limiter, 0, 5, 2, 0), TW_RANGE);
}

static void test_another_rate_holds_from_now_on(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 0);
    (void)rate_of(limiter, 10, 1000, 5);
    assert_true(takes(limiter, want_of(0, 5, 0), 0));
    assert_int_equal(tw_limiter_resize(limiter, 0, 100, 50, 100), TW_OK);
    assert_int_equal(tokens_of(limiter, 0, 100), 1);
    assert_int_equal(tokens_of(limiter, 0, 200), 11);
    assert_int_equal(tw_limiter_resize(limiter, 0, 0, 50, 200), TW_RANGE);
    assert_int_equal(tw_limiter_resize(limiter, 0, 1, 0, 200), TW_RANGE);
}

static void test_time_that_runs_backwards_counts_as_the_latest(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 0);
    (void)rate_of(limiter, 10, 1000, 1);
    assert_true(takes(limiter, want_of(0, 1, 0), 5000));
    assert_false(takes(limiter, want_of(0, 1, 0), 0));
    assert_true(takes(limiter, want_of(0, 1, 0), 5100));
    assert_true(takes(limiter, want_of(0, 1, 0), INT64_C(1) << 61)); /* a jump fills it, no more */
    assert_false(takes(limiter, want_of(0, 1, 0), INT64_C(1) << 61));
}

/* ---- learning ---- */

#define NOTHING .limit = TW_LIMITER_UNKNOWN, .remaining = TW_LIMITER_UNKNOWN

static tw_limiter *account(void) {
    tw_limiter *limiter = limiter_of(1, 0);
    tw_limiter_bucket_config config = {.name = "account",
                                       .tokens = 200,
                                       .period_ns = 60000,
                                       .burst = 100,
                                       .pause_ns = 1000,
                                       .pause_ns_max = 90000};
    (void)bucket_of(limiter, &config);
    return limiter;
}

static void learn(tw_limiter *limiter, tw_limiter_notice notice, int64_t now_ns) {
    tw_limiter_learn(limiter, 0, &notice, now_ns);
}

static void test_fewer_tokens_than_thought_are_believed_and_more_are_not(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = account();
    learn(limiter, (tw_limiter_notice){.limit = 200, .remaining = 30}, 0);
    assert_int_equal(tokens_of(limiter, 0, 0), 30);
    learn(limiter, (tw_limiter_notice){.limit = 200, .remaining = 90}, 0);
    assert_int_equal(tokens_of(limiter, 0, 0), 30);
}

static void test_what_is_in_flight_is_not_counted_twice_as_left(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = account();
    learn(limiter, (tw_limiter_notice){.limit = 200, .remaining = 30, .in_flight = 12}, 0);
    assert_int_equal(tokens_of(limiter, 0, 0), 18);
}

static void test_nothing_left_is_a_pause_until_the_reset(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = account();
    learn(limiter, (tw_limiter_notice){.limit = 200, .remaining = 0, .reset_ns = 5000}, 1000);
    int64_t ready_ns = 0;
    tw_limiter_want want = want_of(0, 1, 0);
    assert_int_equal(tw_limiter_take(limiter, &want, 4999, &ready_ns), TW_THROTTLED);
    assert_int_equal(ready_ns, 5000);
    assert_true(takes(limiter, want, 5000));
}

static void test_retry_after_is_a_pause_as_long_as_is_believed(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = account();
    learn(limiter, (tw_limiter_notice){NOTHING, .refused = true, .retry_after_ns = 7000}, 1000);
    assert_false(takes(limiter, want_of(0, 1, 0), 7999));
    assert_true(takes(limiter, want_of(0, 1, 0), 8000));
    learn(limiter, (tw_limiter_notice){NOTHING, .retry_after_ns = INT64_MAX}, 10000);
    assert_false(takes(limiter, want_of(0, 1, 0), 99999));
    assert_true(takes(limiter, want_of(0, 1, 0), 100000));
}

static void test_a_refusal_without_a_time_is_a_short_pause_and_no_burst_after_it(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = account();
    learn(limiter, (tw_limiter_notice){NOTHING, .refused = true}, 1000);
    assert_false(takes(limiter, want_of(0, 1, 0), 1999));
    assert_int_equal(tokens_of(limiter, 0, 2000), 3); /* of 200 in 60,000 */
    assert_true(takes(limiter, want_of(0, 1, 0), 2000));
    tw_limiter_bucket_figures figures;
    tw_limiter_bucket_figures_of(limiter, 0, 2000, &figures);
    assert_int_equal(figures.refusals, 1);
    assert_int_equal(figures.pause_until_ns, 2000);
    assert_string_equal(figures.name, "account");
}

static void test_a_smaller_limit_is_learned_and_a_larger_one_if_it_may(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = account();
    tw_limiter_bucket_figures figures;
    learn(limiter, (tw_limiter_notice){.limit = 60, .remaining = TW_LIMITER_UNKNOWN}, 0);
    tw_limiter_bucket_figures_of(limiter, 0, 0, &figures);
    assert_int_equal(figures.rate, 60);
    assert_int_equal(figures.burst, 60);
    assert_int_equal(figures.tokens, 60);
    learn(limiter, (tw_limiter_notice){.limit = 1000, .remaining = TW_LIMITER_UNKNOWN}, 0);
    tw_limiter_bucket_figures_of(limiter, 0, 0, &figures);
    assert_int_equal(figures.rate, 200);
    assert_int_equal(figures.burst, 100);
    learn(limiter, (tw_limiter_notice){.limit = 0, .remaining = TW_LIMITER_UNKNOWN}, 0);
    tw_limiter_bucket_figures_of(limiter, 0, 0, &figures);
    assert_int_equal(figures.rate, 200); /* a limit of nothing is none */

    TW_AUTO(tw_limiter) *learner = limiter_of(1, 0);
    tw_limiter_bucket_config config = {
        .name = "account", .tokens = 200, .period_ns = 60000, .burst = 100, .learns = true};
    (void)bucket_of(learner, &config);
    learn(learner, (tw_limiter_notice){.limit = 1000, .remaining = TW_LIMITER_UNKNOWN}, 0);
    tw_limiter_bucket_figures_of(learner, 0, 0, &figures);
    assert_int_equal(figures.rate, 1000);
    assert_int_equal(figures.burst, 100);
}

static void test_a_bulkhead_learns_pauses_only(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 0);
    tw_limiter_bucket_config config = {.name = "calls", .burst = 3, .pause_ns_max = 1000};
    (void)bucket_of(limiter, &config);
    learn(limiter,
          (tw_limiter_notice){.limit = 1, .remaining = 0, .refused = true, .retry_after_ns = 50},
          0);
    assert_int_equal(tokens_of(limiter, 0, 0), 3);
    assert_false(takes(limiter, want_of(0, 1, 0), 49));
    assert_true(takes(limiter, want_of(0, 3, 0), 50));
}

static void test_wants_are_counted_by_priority(void **state) {
    (void)state;
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 0);
    (void)rate_of(limiter, 1, 1000, 2);
    assert_true(takes(limiter, want_of(0, 1, 0), 0));
    assert_true(takes(limiter, want_of(0, 1, 2), 0));
    assert_false(takes(limiter, want_of(0, 1, 2), 0));
    tw_limiter_figures figures;
    tw_limiter_figures_of(limiter, &figures);
    assert_int_equal(figures.allowed[0], 1);
    assert_int_equal(figures.allowed[2], 1);
    assert_int_equal(figures.rejected[2], 1);
    tw_limiter_bucket_figures bucket;
    tw_limiter_bucket_figures_of(limiter, 0, 0, &bucket);
    assert_int_equal(bucket.taken, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be_a_limiter_is_refused),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
        cmocka_unit_test(test_what_cannot_be_a_bucket_is_refused),
        cmocka_unit_test(test_a_burst_and_then_the_rate),
        cmocka_unit_test(test_a_rate_that_does_not_divide_its_period_is_exact),
        cmocka_unit_test(test_weights_count_and_what_is_too_heavy_is_told),
        cmocka_unit_test(test_of_several_buckets_all_or_none_is_taken),
        cmocka_unit_test(test_the_reserve_is_left_to_the_more_urgent),
        cmocka_unit_test(test_what_was_not_sent_is_given_back),
        cmocka_unit_test(test_a_bulkhead_is_filled_by_what_comes_back_only),
        cmocka_unit_test(test_a_smaller_bulkhead_waits_until_enough_came_back),
        cmocka_unit_test(test_another_rate_holds_from_now_on),
        cmocka_unit_test(test_time_that_runs_backwards_counts_as_the_latest),
        cmocka_unit_test(test_fewer_tokens_than_thought_are_believed_and_more_are_not),
        cmocka_unit_test(test_what_is_in_flight_is_not_counted_twice_as_left),
        cmocka_unit_test(test_nothing_left_is_a_pause_until_the_reset),
        cmocka_unit_test(test_retry_after_is_a_pause_as_long_as_is_believed),
        cmocka_unit_test(test_a_refusal_without_a_time_is_a_short_pause_and_no_burst_after_it),
        cmocka_unit_test(test_a_smaller_limit_is_learned_and_a_larger_one_if_it_may),
        cmocka_unit_test(test_a_bulkhead_learns_pauses_only),
        cmocka_unit_test(test_wants_are_counted_by_priority),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
