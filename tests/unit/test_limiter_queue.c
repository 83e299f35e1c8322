/* test_limiter_queue.c - who waits in tradewind/limiter.h, in virtual time, one test a rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limiter_wants.h"

#define ANSWER_MAX 512

/* The answers in the order in which they came. */
struct answers {
    struct answer {
        uint32_t number;
        tw_status status;
        int64_t wait_ns;
    } list[ANSWER_MAX];
    uint32_t count;
    struct caller {
        struct answers *answers;
        uint32_t number;
    } callers[ANSWER_MAX];
};

static void note(void *context, tw_status status, int64_t wait_ns) {
    struct caller *caller = context;
    struct answers *answers = caller->answers;
    assert_true(answers->count < ANSWER_MAX);
    answers->list[answers->count++] =
        (struct answer){.number = caller->number, .status = status, .wait_ns = wait_ns};
}

static tw_status ask_for(tw_limiter *limiter, struct answers *answers, uint32_t number,
                         tw_limiter_want want, int64_t now_ns, int64_t deadline_ns) {
    tw_limiter_request request;
    answers->callers[number] = (struct caller){.answers = answers, .number = number};
    tw_limiter_patience patience = {deadline_ns, note, &answers->callers[number]};
    tw_status status = tw_limiter_ask(limiter, &want, now_ns, &patience, &request);
    tw_limiter_check(limiter);
    return status;
}

/* Number `number` asks for one token of bucket 0. */
static void ask(tw_limiter *limiter, struct answers *answers, uint32_t number, uint32_t priority,
                int64_t now_ns) {
    assert_int_equal(ask_for(limiter, answers, number, want_of(0, 1, priority), now_ns, 1000000),
                     TW_OK);
}

static void assert_answers(const struct answers *answers, const uint32_t *numbers, uint32_t count) {
    assert_int_equal(answers->count, count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(answers->list[i].number, numbers[i]);
}

/* One token each hundred, none left at 0. */
static tw_limiter *empty(void) {
    tw_limiter *limiter = limiter_of(3, 100);
    (void)rate_of(limiter, 10, 1000, 1);
    (void)rate_of(limiter, 10, 1000, 1);
    (void)rate_of(limiter, 0, 0, 1);
    for (uint32_t i = 0; i < 3; i++)
        assert_true(takes(limiter, want_of(i, 1, 0), 0));
    return limiter;
}

static void test_served_in_order_of_arrival_when_tokens_come(void **state) {
    (void)state;
    struct answers answers = {.count = 0};
    TW_AUTO(tw_limiter) *limiter = empty();
    for (uint32_t i = 0; i < 3; i++)
        ask(limiter, &answers, i, 1, 0);
    assert_int_equal(tw_limiter_next_ns(limiter), 100);
    assert_int_equal(tw_limiter_turn(limiter, 99), 0);
    assert_int_equal(tw_limiter_turn(limiter, 100), 1);
    assert_int_equal(tw_limiter_next_ns(limiter), 200);
    assert_int_equal(tw_limiter_turn(limiter, 250), 1);
    assert_int_equal(tw_limiter_turn(limiter, 300), 0); /* one was all it can hold */
    assert_int_equal(tw_limiter_turn(limiter, 350), 1);
    assert_answers(&answers, (uint32_t[]){0, 1, 2}, 3);
    assert_int_equal(answers.list[1].wait_ns, 250);
    assert_int_equal(answers.list[1].status, TW_OK);
    assert_true(tw_limiter_next_ns(limiter) == INT64_MAX);
    tw_limiter_figures figures;
    tw_limiter_figures_of(limiter, &figures);
    assert_int_equal(figures.waited, 3);
    assert_int_equal(figures.wait_ns_sum, 100 + 250 + 350);
    assert_int_equal(figures.wait_ns_max, 350);
}

static void test_the_more_urgent_are_served_first(void **state) {
    (void)state;
    struct answers answers = {.count = 0};
    TW_AUTO(tw_limiter) *limiter = empty();
    ask(limiter, &answers, 0, 3, 0);
    ask(limiter, &answers, 1, 1, 0);
    ask(limiter, &answers, 2, 0, 0);
    ask(limiter, &answers, 3, 1, 0);
    for (int64_t now_ns = 100; now_ns <= 400; now_ns += 100)
        assert_int_equal(tw_limiter_turn(limiter, now_ns), 1);
    assert_answers(&answers, (uint32_t[]){2, 1, 3, 0}, 4);
}

static void test_nobody_takes_past_one_who_waits_before_him(void **state) {
    (void)state;
    struct answers answers = {.count = 0};
    TW_AUTO(tw_limiter) *limiter = empty();
    ask(limiter, &answers, 0, 1, 0);
    assert_false(takes(limiter, want_of(0, 1, 1), 150)); /* there is one, but not for him */
    assert_false(takes(limiter, want_of(0, 1, 2), 150));
    assert_true(takes(limiter, want_of(0, 1, 0), 150)); /* he is before */
    assert_int_equal(tw_limiter_turn(limiter, 150), 0);
    assert_int_equal(tw_limiter_turn(limiter, 250), 1);
}

static void test_who_waits_for_one_bucket_does_not_hold_up_another(void **state) {
    (void)state;
    struct answers answers = {.count = 0};
    TW_AUTO(tw_limiter) *limiter = empty();
    tw_limiter_want both = {.parts = {{1, 1}, {2, 1}}, .part_count = 2, .priority = 1};
    assert_int_equal(ask_for(limiter, &answers, 0, want_of(2, 1, 1), 0, 1000000), TW_OK);
    assert_int_equal(ask_for(limiter, &answers, 1, both, 0, 1000000), TW_OK);
    assert_int_equal(ask_for(limiter, &answers, 2, want_of(1, 1, 1), 0, 1000000), TW_OK);
    ask(limiter, &answers, 3, 3, 0);
    /* 0 waits for the bulkhead, so does 1, who is before 2 at bucket 1; 3 has bucket 0 for himself.
     */
    assert_int_equal(tw_limiter_turn(limiter, 5000), 1);
    assert_answers(&answers, (uint32_t[]){3}, 1);
    tw_limiter_give_back(limiter, &(tw_limiter_part){2, 1}, 1, 5000);
    assert_int_equal(tw_limiter_next_ns(limiter), 0);
    assert_int_equal(tw_limiter_turn(limiter, 5000), 1);
    tw_limiter_give_back(limiter, &(tw_limiter_part){2, 1}, 1, 5000);
    assert_int_equal(tw_limiter_turn(limiter, 5000), 1);
    assert_int_equal(tw_limiter_turn(limiter, 5100), 1);
    assert_answers(&answers, (uint32_t[]){3, 0, 1, 2}, 4);
}

static void test_a_deadline_ends_the_waiting(void **state) {
    (void)state;
    struct answers answers = {.count = 0};
    TW_AUTO(tw_limiter) *limiter = empty();
    assert_int_equal(ask_for(limiter, &answers, 0, want_of(2, 1, 1), 0, 500), TW_OK);
    assert_int_equal(ask_for(limiter, &answers, 1, want_of(2, 1, 1), 0, 400), TW_OK);
    assert_int_equal(tw_limiter_next_ns(limiter), 400);
    assert_int_equal(tw_limiter_turn(limiter, 400), 1);
    assert_int_equal(tw_limiter_next_ns(limiter), 500);
    tw_limiter_give_back(limiter, &(tw_limiter_part){2, 1}, 1, 600);
    assert_int_equal(tw_limiter_turn(limiter, 600), 1); /* too late, though there is one */
    assert_answers(&answers, (uint32_t[]){1, 0}, 2);
    assert_int_equal(answers.list[0].status, TW_TIMEOUT);
    assert_int_equal(answers.list[1].status, TW_TIMEOUT);
    assert_int_equal(tokens_of(limiter, 2, 600), 1);
}

static void test_what_cannot_be_in_time_is_told_at_once(void **state) {
    (void)state;
    struct answers answers = {.count = 0};
    TW_AUTO(tw_limiter) *limiter = empty();
    assert_int_equal(ask_for(limiter, &answers, 0, want_of(0, 1, 1), 0, 100), TW_TIMEOUT);
    assert_int_equal(ask_for(limiter, &answers, 0, want_of(2, 1, 1), 0, 0), TW_TIMEOUT);
    assert_int_equal(ask_for(limiter, &answers, 0, want_of(0, 2, 1), 0, 100), TW_RANGE);
    assert_int_equal(ask_for(limiter, &answers, 0, want_of(0, 1, 1), 0, 101), TW_OK);
    assert_int_equal(tw_limiter_turn(limiter, 100), 1);
    assert_int_equal(answers.list[0].status, TW_OK);
    tw_limiter_figures figures;
    tw_limiter_figures_of(limiter, &figures);
    assert_int_equal(figures.timeouts[1], 2);
}

static void test_at_its_limit_the_queue_refuses(void **state) {
    (void)state;
    struct answers answers = {.count = 0};
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 2);
    (void)rate_of(limiter, 0, 0, 1);
    assert_true(takes(limiter, want_of(0, 1, 0), 0));
    ask(limiter, &answers, 0, 0, 0);
    ask(limiter, &answers, 1, 0, 0);
    assert_int_equal(ask_for(limiter, &answers, 2, want_of(0, 1, 0), 0, 1000), TW_FULL);
    tw_limiter_figures figures;
    tw_limiter_figures_of(limiter, &figures);
    assert_int_equal(figures.refused, 1);
    assert_int_equal(figures.waiting, 2);
    tw_limiter_close(limiter);
    assert_answers(&answers, (uint32_t[]){0, 1}, 2);
    assert_int_equal(answers.list[1].status, TW_CLOSED);
    assert_int_equal(ask_for(limiter, &answers, 2, want_of(0, 1, 0), 0, 1000), TW_CLOSED);
}

static void test_a_cancelled_request_is_not_answered_and_lets_others_pass(void **state) {
    (void)state;
    struct answers answers = {.count = 0};
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 4);
    (void)rate_of(limiter, 10, 1000, 5);
    assert_true(takes(limiter, want_of(0, 5, 0), 0));
    tw_limiter_want heavy = want_of(0, 5, 0);
    tw_limiter_patience patience = {10000, note, NULL};
    tw_limiter_request request;
    assert_int_equal(tw_limiter_ask(limiter, &heavy, 0, &patience, &request), TW_OK);
    ask(limiter, &answers, 1, 0, 0);
    assert_int_equal(tw_limiter_turn(limiter, 200), 0);
    assert_int_equal(tw_limiter_cancel(limiter, request), TW_OK);
    assert_int_equal(tw_limiter_cancel(limiter, request), TW_NOT_FOUND);
    assert_int_equal(tw_limiter_cancel(limiter, (tw_limiter_request){0}), TW_NOT_FOUND);
    assert_int_equal(tw_limiter_cancel(limiter, (tw_limiter_request){5}), TW_NOT_FOUND);
    assert_int_equal(tw_limiter_turn(limiter, 200), 1);
    assert_answers(&answers, (uint32_t[]){1}, 1);
    ask(limiter, &answers, 2, 0, 200); /* in the same place: the old number is not his */
    assert_int_equal(tw_limiter_cancel(limiter, request), TW_NOT_FOUND);
    assert_int_equal(tw_limiter_turn(limiter, 300), 1);
}

static void test_more_than_a_batch_is_answered_in_one_turn(void **state) {
    (void)state;
    struct answers *answers = test_calloc(1, sizeof *answers);
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 400);
    (void)rate_of(limiter, 0, 0, 300);
    assert_true(takes(limiter, want_of(0, 300, 0), 0));
    for (uint32_t i = 0; i < 400; i++)
        ask(limiter, answers, i, i % 4, 0);
    tw_limiter_give_back(limiter, &(tw_limiter_part){0, 300}, 1, 0);
    assert_int_equal(tw_limiter_turn(limiter, 0), 300);
    assert_int_equal(answers->list[0].number, 0);
    assert_int_equal(answers->list[299].number, 4 * 99 + 2);
    assert_int_equal(tw_limiter_turn(limiter, 1000000), 100);
    assert_int_equal(answers->list[399].status, TW_TIMEOUT);
    test_free(answers);
}

struct owner {
    uint32_t calls;
    tw_limiter *limiter;
};

static void hear_work(void *context) {
    struct owner *owner = context;
    owner->calls++;
    (void)tw_limiter_next_ns(owner->limiter); /* no lock is held */
}

static void test_the_owner_hears_when_a_turn_is_due_earlier(void **state) {
    (void)state;
    struct answers answers = {.count = 0};
    struct owner owner = {0};
    tw_limiter_config config = {
        .bucket_max = 2, .waiter_max = 4, .on_work = hear_work, .context = &owner};
    assert_int_equal(tw_limiter_new(NULL, &config, &owner.limiter, NULL), TW_OK);
    (void)rate_of(owner.limiter, 10, 1000, 1);
    (void)rate_of(owner.limiter, 0, 0, 1);
    assert_true(takes(owner.limiter, want_of(0, 1, 0), 0));
    assert_true(takes(owner.limiter, want_of(1, 1, 0), 0));
    ask(owner.limiter, &answers, 0, 0, 0);
    assert_int_equal(owner.calls, 1);
    ask(owner.limiter, &answers, 1, 0, 0); /* not earlier */
    assert_int_equal(owner.calls, 1);
    assert_int_equal(ask_for(owner.limiter, &answers, 2, want_of(1, 1, 0), 0, 50), TW_OK);
    assert_int_equal(owner.calls, 2);
    tw_limiter_give_back(owner.limiter, &(tw_limiter_part){1, 1}, 1, 0);
    assert_int_equal(owner.calls, 3);
    tw_limiter_close(owner.limiter);
    tw_limiter_free(owner.limiter);
}

static void test_a_notice_makes_who_waits_wait_longer_or_less(void **state) {
    (void)state;
    struct answers answers = {.count = 0};
    TW_AUTO(tw_limiter) *limiter = limiter_of(1, 4);
    tw_limiter_bucket_config config = {.name = "account",
                                       .tokens = 10,
                                       .period_ns = 1000,
                                       .burst = 10,
                                       .learns = true,
                                       .pause_ns_max = 10000};
    (void)bucket_of(limiter, &config);
    assert_true(takes(limiter, want_of(0, 10, 0), 0));
    ask(limiter, &answers, 0, 0, 0);
    tw_limiter_notice pause = {
        .limit = TW_LIMITER_UNKNOWN, .remaining = TW_LIMITER_UNKNOWN, .retry_after_ns = 400};
    tw_limiter_learn(limiter, 0, &pause, 0);
    assert_int_equal(tw_limiter_turn(limiter, 399), 0);
    assert_int_equal(tw_limiter_next_ns(limiter), 400);
    assert_int_equal(tw_limiter_turn(limiter, 400), 1);
    assert_true(takes(limiter, want_of(0, 3, 0), 400));
    ask(limiter, &answers, 1, 0, 400);
    tw_limiter_notice faster = {.limit = 100, .remaining = TW_LIMITER_UNKNOWN};
    tw_limiter_learn(limiter, 0, &faster, 400);
    assert_int_equal(tw_limiter_turn(limiter, 409), 0);
    assert_int_equal(tw_limiter_turn(limiter, 410), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_served_in_order_of_arrival_when_tokens_come),
        cmocka_unit_test(test_the_more_urgent_are_served_first),
        cmocka_unit_test(test_nobody_takes_past_one_who_waits_before_him),
        cmocka_unit_test(test_who_waits_for_one_bucket_does_not_hold_up_another),
        cmocka_unit_test(test_a_deadline_ends_the_waiting),
        cmocka_unit_test(test_what_cannot_be_in_time_is_told_at_once),
        cmocka_unit_test(test_at_its_limit_the_queue_refuses),
        cmocka_unit_test(test_a_cancelled_request_is_not_answered_and_lets_others_pass),
        cmocka_unit_test(test_more_than_a_batch_is_answered_in_one_turn),
        cmocka_unit_test(test_the_owner_hears_when_a_turn_is_due_earlier),
        cmocka_unit_test(test_a_notice_makes_who_waits_wait_longer_or_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
