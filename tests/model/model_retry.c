/*
 * model_retry.c - random calls that fail and come well, beside an obvious slow book-keeping.
 *
 * The slow side keeps no figures: it writes down what each attempt cost and whether it is still
 * going on, and counts all of it anew whenever it is asked. Verdicts, times and figures must be
 * equal after each step.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/retry.h"

#define RUN_COUNT 300
#define STEP_COUNT 1500
#define CALL_COUNT 24

struct slow_call {
    tw_retry_terms terms;
    tw_retry_state state;
    int64_t next_ns;
    int64_t begun_ns;
    int64_t pauses_ns[TW_RETRY_ATTEMPT_MAX];
    uint32_t retries;
    uint32_t attempts;
    uint32_t out;
    bool extra;
    bool hedged;
    uint32_t cost;
};

struct model {
    uint64_t seed;
    int64_t now_ns;
    tw_retry_policy policy;
    tw_retry_budget_config config;
    tw_retry_budget *budget;
    tw_retry calls[CALL_COUNT];
    struct slow_call slow[CALL_COUNT];
    uint32_t tokens;
    uint64_t succeeded;
    uint64_t cancelled;
    uint64_t given_up[TW_RETRY_VERDICT_COUNT];
    uint64_t attempts[TW_RETRY_ATTEMPT_MAX + 1];
    uint64_t retries[TW_RETRY_CAUSE_COUNT];
    uint64_t hedges;
    uint64_t hedges_won;
};

/* SplitMix64. */
static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint32_t below(struct model *model, uint32_t bound) {
    return (uint32_t)(next_random(&model->seed) % bound);
}

static bool is_live(const struct slow_call *call) {
    return call->state == TW_RETRY_STATE_TRYING || call->state == TW_RETRY_STATE_WAITING;
}

static uint32_t live_count(const struct model *model) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < CALL_COUNT; i++)
        count += is_live(&model->slow[i]);
    return count;
}

static uint32_t extra_count(const struct model *model) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < CALL_COUNT; i++)
        count += model->slow[i].extra;
    return count;
}

static bool slow_pay(struct model *model, uint32_t cost) {
    uint32_t share = live_count(model) * model->config.share_percent / 100;
    uint32_t most = share > model->config.extra_min ? share : model->config.extra_min;
    if (extra_count(model) >= most || model->tokens < cost)
        return false;
    model->tokens -= cost;
    return true;
}

static void slow_gain(struct model *model, uint32_t tokens) {
    for (; tokens > 0 && model->tokens < model->config.token_max; tokens--)
        model->tokens++;
}

static void slow_end(struct model *model, struct slow_call *call) {
    model->attempts[call->attempts]++;
    *call = (struct slow_call){.state = TW_RETRY_STATE_ENDED, .next_ns = INT64_MAX};
}

static int64_t slow_pause(const struct model *model, const struct slow_call *call,
                          const tw_retry_failure *failure, uint64_t draw) {
    const tw_retry_policy *policy = &model->policy;
    int64_t least_ns = 0;
    int64_t most_ns = policy->pause_ns_min;
    if (failure->retry_after_ns > 0)
        return failure->retry_after_ns > policy->retry_after_ns_max ? policy->retry_after_ns_max
                                                                    : failure->retry_after_ns;
    if (failure->cause == TW_RETRY_RESET && policy->reset_at_once && call->retries == 0)
        return 0;
    if (policy->decorrelated) {
        least_ns = policy->pause_ns_min;
        if (call->retries > 0 && call->pauses_ns[call->retries - 1] > most_ns)
            most_ns = call->pauses_ns[call->retries - 1];
        most_ns *= 3;
    } else {
        for (uint32_t i = 0; i < call->retries; i++)
            most_ns *= 2;
    }
    if (most_ns > policy->pause_ns_max)
        most_ns = policy->pause_ns_max;
    if (failure->cause == TW_RETRY_THROTTLED && !policy->decorrelated)
        least_ns = most_ns / 2;
    return least_ns + (int64_t)(draw % (uint64_t)(most_ns - least_ns + 1));
}

static tw_retry_verdict slow_failed(struct model *model, struct slow_call *call,
                                    const tw_retry_failure *failure, uint64_t draw) {
    call->extra = false;
    if (--call->out > 0)
        return TW_RETRY_PENDING;
    int64_t pause_ns = slow_pause(model, call, failure, draw);
    tw_retry_verdict verdict = TW_RETRY_AGAIN;
    uint32_t cost =
        failure->cause == TW_RETRY_TIMEOUT ? model->config.timeout_cost : model->config.retry_cost;
    if (failure->cause == TW_RETRY_FINAL)
        verdict = TW_RETRY_NO_FINAL;
    else if (call->terms.kind == TW_RETRY_ONCE)
        verdict = TW_RETRY_NO_UNSAFE;
    else if (failure->breaker_open)
        verdict = TW_RETRY_NO_BREAKER;
    else if (call->attempts == model->policy.attempt_max)
        verdict = TW_RETRY_NO_ATTEMPTS;
    else if (model->now_ns + pause_ns + model->policy.attempt_ns_min > call->terms.deadline_ns)
        verdict = TW_RETRY_NO_DEADLINE;
    else if (!slow_pay(model, cost))
        verdict = TW_RETRY_NO_BUDGET;
    if (verdict != TW_RETRY_AGAIN) {
        model->given_up[verdict]++;
        slow_end(model, call);
        return verdict;
    }
    model->retries[failure->cause]++;
    call->extra = true;
    call->cost = cost;
    call->pauses_ns[call->retries++] = pause_ns;
    call->next_ns = model->now_ns + pause_ns;
    call->state = TW_RETRY_STATE_WAITING;
    return TW_RETRY_AGAIN;
}

static bool slow_may_hedge(const struct model *model, const struct slow_call *call) {
    return call->state == TW_RETRY_STATE_TRYING && call->terms.kind == TW_RETRY_READ &&
           model->policy.hedge_ns_min > 0 && !call->hedged && !call->extra &&
           call->attempts < model->policy.attempt_max;
}

/* ---- both ---- */

static void step_begin(struct model *model, uint32_t number) {
    struct slow_call *call = &model->slow[number];
    tw_retry_terms terms = {.kind = (tw_retry_kind)below(model, 3),
                            .deadline_ns = model->now_ns + below(model, 2000)};
    tw_retry_begin(&model->calls[number], model->budget, &model->policy, &terms, model->now_ns);
    *call = (struct slow_call){.terms = terms,
                               .state = TW_RETRY_STATE_TRYING,
                               .next_ns = INT64_MAX,
                               .begun_ns = model->now_ns,
                               .attempts = 1,
                               .out = 1};
}

static void step_failed(struct model *model, uint32_t number) {
    uint64_t draw = next_random(&model->seed);
    tw_retry_failure failure = {
        .cause = below(model, 12) == 0 ? TW_RETRY_FINAL : (tw_retry_cause)(1 + below(model, 4)),
        .retry_after_ns = below(model, 5) == 0 ? below(model, 400) : 0,
        .breaker_open = below(model, 12) == 0};
    assert_int_equal(tw_retry_failed(&model->calls[number], &failure, model->now_ns, draw),
                     slow_failed(model, &model->slow[number], &failure, draw));
}

static void step_again(struct model *model, uint32_t number) {
    struct slow_call *call = &model->slow[number];
    tw_status status = tw_retry_again(&model->calls[number], model->now_ns);
    if (model->now_ns < call->next_ns) {
        assert_int_equal(status, TW_EMPTY);
    } else if (model->now_ns + model->policy.attempt_ns_min > call->terms.deadline_ns) {
        assert_int_equal(status, TW_TIMEOUT);
        model->given_up[TW_RETRY_NO_DEADLINE]++;
        slow_end(model, call);
    } else {
        assert_int_equal(status, TW_OK);
        call->state = TW_RETRY_STATE_TRYING;
        call->begun_ns = model->now_ns;
        call->next_ns = INT64_MAX;
        call->attempts++;
        call->out = 1;
    }
}

static void step_hedge(struct model *model, uint32_t number) {
    struct slow_call *call = &model->slow[number];
    bool may = slow_may_hedge(model, call) &&
               model->now_ns + model->policy.attempt_ns_min <= call->terms.deadline_ns;
    tw_status wanted = TW_STATE;
    if (may)
        wanted = slow_pay(model, model->config.retry_cost) ? TW_OK : TW_LIMIT;
    assert_int_equal(tw_retry_hedge(&model->calls[number], model->now_ns), wanted);
    if (wanted != TW_OK)
        return;
    model->hedges++;
    call->cost = model->config.retry_cost;
    call->extra = true;
    call->hedged = true;
    call->attempts++;
    call->out = 2;
}

static void step_succeeded(struct model *model, uint32_t number) {
    struct slow_call *call = &model->slow[number];
    bool by_hedge = call->hedged && below(model, 2) == 0;
    tw_retry_succeeded(&model->calls[number], by_hedge);
    model->succeeded++;
    model->hedges_won += by_hedge;
    slow_gain(model, call->extra ? call->cost : 0);
    slow_gain(model, call->attempts == 1 ? model->config.success_gain : 0);
    slow_end(model, call);
}

static void step_cancelled(struct model *model, uint32_t number) {
    tw_retry_cancelled(&model->calls[number]);
    if (!is_live(&model->slow[number]))
        return;
    model->cancelled++;
    slow_end(model, &model->slow[number]);
}

static void step(struct model *model) {
    uint32_t number = below(model, CALL_COUNT);
    uint32_t choice = below(model, 10);
    struct slow_call *call = &model->slow[number];
    if (choice == 0)
        step_cancelled(model, number);
    else if (!is_live(call))
        step_begin(model, number);
    else if (call->state == TW_RETRY_STATE_WAITING)
        step_again(model, number);
    else if (choice < 3)
        step_hedge(model, number);
    else if (choice < 6)
        step_succeeded(model, number);
    else
        step_failed(model, number);
}

static void compare_calls(struct model *model) {
    for (uint32_t i = 0; i < CALL_COUNT; i++) {
        const struct slow_call *call = &model->slow[i];
        if (call->state == TW_RETRY_STATE_NONE)
            continue;
        tw_retry_check(&model->calls[i]);
        assert_int_equal(tw_retry_state_of(&model->calls[i]), call->state);
        assert_int_equal(tw_retry_next_ns(&model->calls[i]), call->next_ns);
        int64_t usual_ns = below(model, 100);
        int64_t due_ns =
            call->begun_ns +
            (usual_ns > model->policy.hedge_ns_min ? usual_ns : model->policy.hedge_ns_min);
        if (!slow_may_hedge(model, call) ||
            due_ns + model->policy.attempt_ns_min > call->terms.deadline_ns)
            due_ns = INT64_MAX;
        assert_int_equal(tw_retry_hedge_ns(&model->calls[i], usual_ns), due_ns);
    }
}

static void compare(struct model *model) {
    tw_retry_figures figures;
    tw_retry_figures_of(model->budget, &figures);
    assert_int_equal(figures.tokens, model->tokens);
    assert_int_equal(figures.in_flight, live_count(model));
    assert_int_equal(figures.extras, extra_count(model));
    assert_int_equal(figures.succeeded, model->succeeded);
    assert_int_equal(figures.cancelled, model->cancelled);
    assert_int_equal(figures.hedges, model->hedges);
    assert_int_equal(figures.hedges_won, model->hedges_won);
    assert_memory_equal(figures.given_up, model->given_up, sizeof model->given_up);
    assert_memory_equal(figures.attempts, model->attempts, sizeof model->attempts);
    assert_memory_equal(figures.retries, model->retries, sizeof model->retries);
}

static void make_budget(struct model *model) {
    model->policy = tw_retry_policy_default();
    model->policy.attempt_max = 1 + below(model, 6);
    model->policy.pause_ns_min = 1 + below(model, 100);
    model->policy.pause_ns_max = model->policy.pause_ns_min + below(model, 500);
    model->policy.retry_after_ns_max = below(model, 300);
    model->policy.attempt_ns_min = below(model, 50);
    model->policy.hedge_ns_min = below(model, 2) * below(model, 60);
    model->policy.decorrelated = below(model, 2) == 0;
    model->policy.reset_at_once = below(model, 2) == 0;
    model->config = (tw_retry_budget_config){.token_max = below(model, 100),
                                             .retry_cost = below(model, 8),
                                             .timeout_cost = below(model, 16),
                                             .success_gain = below(model, 3),
                                             .share_percent = below(model, 101),
                                             .extra_min = below(model, 4)};
    model->tokens = model->config.token_max;
    assert_int_equal(tw_retry_policy_check(&model->policy, NULL), TW_OK);
    assert_int_equal(tw_retry_budget_new(NULL, &model->config, &model->budget, NULL), TW_OK);
}

static void run(struct model *model, uint64_t seed) {
    memset(model, 0, sizeof *model);
    model->seed = seed;
    make_budget(model);
    for (uint32_t i = 0; i < STEP_COUNT; i++) {
        step(model);
        compare_calls(model);
        compare(model);
        model->now_ns += below(model, 20);
    }
    for (uint32_t i = 0; i < CALL_COUNT; i++)
        step_cancelled(model, i);
    compare(model);
    tw_retry_budget_free(model->budget);
}

static void test_calls_equal_the_slow_book_keeping(void **state) {
    (void)state;
    struct model *model = test_malloc(sizeof *model);
    for (uint64_t seed = 1; seed <= RUN_COUNT; seed++)
        run(model, seed);
    test_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_calls_equal_the_slow_book_keeping)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
