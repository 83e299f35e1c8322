/*
 * model_breaker.c - random uses of a breaker beside an obvious slow one.
 *
 * The slow breaker keeps every outcome of its generation in a list and counts the window anew each
 * time; its leases are a list too. Both get the same seeded uses; after each the figures must be
 * equal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "splitmix.h"
#include "tradewind/breaker.h"

#define RUN_COUNT 400
#define STEP_COUNT 1500
#define PERMIT_COUNT 24

struct outcome {
    int64_t at_ns;
    bool failed;
    bool slow;
};

struct lease {
    int64_t end_ns;
    uint64_t generation;
    uint32_t permit; /* of the model */
};

struct slow_breaker {
    tw_breaker_config config;
    tw_breaker_state state;
    uint64_t generation;
    int64_t clock_ns;
    int64_t since_ns;
    int64_t open_until_ns;
    int64_t open_ns;
    uint32_t reopened;
    uint64_t openings;
    uint32_t successes;
    uint32_t slow_successes;
    struct outcome outcomes[STEP_COUNT];
    uint32_t outcome_count;
    struct lease leases[TW_BREAKER_PROBE_MAX];
    uint32_t lease_count;
    uint64_t stale;
    uint64_t rejected;
    uint64_t expired;
    uint64_t shadow;
    uint64_t counted[TW_BREAKER_OUTCOME_COUNT];
    uint64_t reasons[TW_BREAKER_REASON_COUNT];
};

struct model {
    tw_breaker *breaker;
    struct slow_breaker slow;
    uint64_t seed;
    int64_t now_ns;
    tw_breaker_permit permits[PERMIT_COUNT];
    uint64_t slow_generations[PERMIT_COUNT];
    int64_t begins_ns[PERMIT_COUNT];
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

/* ---- the slow breaker ---- */

static void slow_move(struct slow_breaker *slow, tw_breaker_state to, tw_breaker_reason reason,
                      int64_t at_ns) {
    if (slow->state == TW_BREAKER_OPEN)
        slow->open_ns += at_ns - slow->since_ns;
    slow->state = to;
    slow->since_ns = at_ns;
    slow->generation++;
    slow->outcome_count = 0;
    slow->lease_count = 0;
    slow->successes = 0;
    slow->slow_successes = 0;
    slow->reasons[reason]++;
}

static void slow_open(struct model *model, tw_breaker_reason reason, int64_t at_ns,
                      int64_t wish_ns) {
    struct slow_breaker *slow = &model->slow;
    if (slow->state == TW_BREAKER_CLOSED && at_ns - slow->since_ns >= slow->config.healthy_ns)
        slow->reopened = 0;
    int64_t most_ns = slow->config.open_ns_min;
    for (uint32_t i = 0; i < slow->reopened && most_ns < slow->config.open_ns_max; i++)
        most_ns *= 2;
    if (most_ns > slow->config.open_ns_max)
        most_ns = slow->config.open_ns_max;
    int64_t jitter_ns = most_ns / 100 * slow->config.jitter_percent;
    int64_t open_ns = most_ns - splitmix_span_ns(slow->config.seed, slow->openings++, jitter_ns);
    assert_true(open_ns >= most_ns - jitter_ns && open_ns <= most_ns);
    if (wish_ns > slow->config.retry_after_ns_max)
        wish_ns = slow->config.retry_after_ns_max;
    slow->reopened++;
    slow_move(slow, TW_BREAKER_OPEN, reason, at_ns);
    slow->open_until_ns = at_ns + (wish_ns > open_ns ? wish_ns : open_ns);
}

static void slow_advance(struct model *model) {
    struct slow_breaker *slow = &model->slow;
    if (model->now_ns > slow->clock_ns)
        slow->clock_ns = model->now_ns;
    int64_t first_ns = INT64_MAX;
    for (uint32_t i = 0; i < slow->lease_count; i++) {
        slow->expired += slow->leases[i].end_ns <= slow->clock_ns;
        if (slow->leases[i].end_ns < first_ns)
            first_ns = slow->leases[i].end_ns;
    }
    if (first_ns <= slow->clock_ns)
        slow_open(model, TW_BREAKER_PROBE_EXPIRED, first_ns, 0);
    if (slow->state == TW_BREAKER_OPEN && slow->clock_ns >= slow->open_until_ns)
        slow_move(slow, TW_BREAKER_HALF_OPEN, TW_BREAKER_ELAPSED, slow->open_until_ns);
}

/* The outcomes inside of the window, counted one by one. */
static void slow_window(const struct slow_breaker *slow, uint32_t *ret_calls,
                        uint32_t *ret_failures, uint32_t *ret_slow) {
    const tw_breaker_config *config = &slow->config;
    *ret_calls = *ret_failures = *ret_slow = 0;
    for (uint32_t i = 0; i < slow->outcome_count; i++) {
        const struct outcome *outcome = &slow->outcomes[i];
        bool inside = config->window_count > 0 && slow->outcome_count - i <= config->window_count;
        if (config->window_count == 0) {
            int64_t span_ns = config->window_ns / config->bucket_count;
            inside = outcome->at_ns / span_ns > slow->clock_ns / span_ns - config->bucket_count;
        }
        *ret_calls += inside;
        *ret_failures += inside && outcome->failed;
        *ret_slow += inside && outcome->slow;
    }
}

static uint32_t slow_run(const struct slow_breaker *slow) {
    uint32_t run = 0;
    while (run < slow->outcome_count && slow->outcomes[slow->outcome_count - 1 - run].failed)
        run++;
    return run;
}

static bool slow_trips(const struct slow_breaker *slow, tw_breaker_reason *ret_reason) {
    const tw_breaker_config *config = &slow->config;
    uint32_t calls = 0;
    uint32_t failures = 0;
    uint32_t slow_calls = 0;
    slow_window(slow, &calls, &failures, &slow_calls);
    uint32_t least = config->call_min;
    if (config->window_count > 0 && least > config->window_count)
        least = config->window_count;
    if (config->consecutive_max > 0 && slow_run(slow) >= config->consecutive_max) {
        *ret_reason = TW_BREAKER_CONSECUTIVE;
        return true;
    }
    if (calls < least)
        return false;
    if (failures * 100 >= config->failure_percent * calls) {
        *ret_reason = TW_BREAKER_FAILURE_RATE;
        return true;
    }
    *ret_reason = TW_BREAKER_SLOW_RATE;
    return slow_calls * 100 >= config->slow_percent * calls;
}

static bool slow_acquire(struct model *model, uint32_t permit, bool insists) {
    struct slow_breaker *slow = &model->slow;
    bool quick =
        !insists && (slow->state == TW_BREAKER_FORCED_OPEN ||
                     (slow->state == TW_BREAKER_OPEN && model->now_ns < slow->open_until_ns));
    if (!quick &&
        (insists || slow->state == TW_BREAKER_OPEN || slow->state == TW_BREAKER_HALF_OPEN))
        slow_advance(model);
    if (insists && slow->state == TW_BREAKER_OPEN)
        slow_move(slow, TW_BREAKER_HALF_OPEN, TW_BREAKER_PANIC, slow->clock_ns);
    bool passed = slow->state != TW_BREAKER_OPEN && slow->state != TW_BREAKER_FORCED_OPEN;
    if (slow->state == TW_BREAKER_HALF_OPEN) {
        passed = slow->lease_count < slow->config.probe_parallel_max &&
                 slow->lease_count + slow->successes < slow->config.probe_success_min;
        if (passed)
            slow->leases[slow->lease_count++] = (struct lease){
                .end_ns = slow->clock_ns + slow->config.probe_ns_max, .permit = permit};
    }
    slow->rejected += !passed;
    model->slow_generations[permit] = slow->generation;
    model->begins_ns[permit] = slow->state == TW_BREAKER_HALF_OPEN ? slow->clock_ns : model->now_ns;
    return passed;
}

static void slow_probe_ends(struct model *model, bool failed, bool was_slow, int64_t wish_ns) {
    struct slow_breaker *slow = &model->slow;
    if (failed) {
        slow_open(model, TW_BREAKER_PROBE_FAILED, slow->clock_ns, wish_ns);
        return;
    }
    slow->successes++;
    slow->slow_successes += was_slow;
    if (slow->successes < slow->config.probe_success_min)
        return;
    if (slow->slow_successes * 100 >= slow->config.slow_percent * slow->successes)
        slow_open(model, TW_BREAKER_PROBE_SLOW, slow->clock_ns, wish_ns);
    else
        slow_move(slow, TW_BREAKER_CLOSED, TW_BREAKER_RECOVERED, slow->clock_ns);
}

static void slow_call_ends(struct model *model, bool failed, bool was_slow, int64_t wish_ns) {
    struct slow_breaker *slow = &model->slow;
    tw_breaker_reason reason = TW_BREAKER_RESET;
    slow->outcomes[slow->outcome_count++] =
        (struct outcome){.at_ns = slow->clock_ns, .failed = failed, .slow = was_slow};
    if (!slow_trips(slow, &reason))
        return;
    if (slow->state == TW_BREAKER_CLOSED) {
        slow_open(model, reason, slow->clock_ns, wish_ns);
    } else {
        slow->shadow++;
        slow->outcome_count = 0;
    }
}

static void slow_release(struct model *model, uint32_t permit, tw_status status, int64_t wish_ns) {
    struct slow_breaker *slow = &model->slow;
    slow_advance(model);
    if (model->slow_generations[permit] != slow->generation) {
        slow->stale++;
        return;
    }
    bool failed = status == TW_TIMEOUT;
    int64_t elapsed_ns = model->now_ns - model->begins_ns[permit];
    bool took_long = slow->config.slow_ns > 0 && elapsed_ns >= slow->config.slow_ns;
    if (slow->state == TW_BREAKER_HALF_OPEN) {
        uint32_t at = 0;
        while (slow->leases[at].permit != permit)
            at++;
        slow->leases[at] = slow->leases[--slow->lease_count];
    }
    if (status == TW_CANCELLED || status == TW_THROTTLED) {
        slow->counted[status == TW_CANCELLED ? TW_BREAKER_IGNORED : TW_BREAKER_THROTTLED]++;
        return;
    }
    slow->counted[failed ? TW_BREAKER_FAILURE : took_long ? TW_BREAKER_SLOW : TW_BREAKER_SUCCESS]++;
    if (slow->state == TW_BREAKER_HALF_OPEN)
        slow_probe_ends(model, failed, took_long, wish_ns);
    else if (slow->state != TW_BREAKER_FORCED_CLOSED)
        slow_call_ends(model, failed, took_long, wish_ns);
}

/* ---- both ---- */

static tw_breaker_config random_config(struct model *model) {
    tw_breaker_config config = tw_breaker_config_default();
    config.window_count = below(model, 2) == 0 ? 0 : 1 + below(model, 12);
    if (config.window_count == 0) {
        config.bucket_count = 1 + below(model, 5);
        config.window_ns = config.bucket_count + below(model, 200);
    }
    config.call_min = 1 + below(model, 8);
    config.failure_percent = 1 + below(model, 101);
    config.slow_percent = 1 + below(model, 101);
    config.slow_ns = below(model, 30);
    config.consecutive_max = below(model, 6);
    config.open_ns_min = 1 + below(model, 2) * below(model, 400);
    config.open_ns_max = config.open_ns_min + below(model, 2000);
    config.jitter_percent = below(model, 2) * below(model, 101);
    config.healthy_ns = below(model, 300);
    config.retry_after_ns_max = below(model, 500);
    config.probe_success_min = 1 + below(model, 4);
    config.probe_parallel_max = 1 + below(model, 4);
    config.probe_ns_max = 1 + below(model, 100);
    config.seed = model->seed;
    return config;
}

static void compare(struct model *model) {
    struct slow_breaker *slow = &model->slow;
    tw_breaker_figures figures;
    uint32_t calls = 0;
    uint32_t failures = 0;
    uint32_t slow_calls = 0;
    tw_breaker_figures_of(model->breaker, model->now_ns, &figures);
    slow_advance(model);
    slow_window(slow, &calls, &failures, &slow_calls);
    tw_breaker_check(model->breaker);
    assert_int_equal(figures.state, slow->state);
    assert_int_equal(figures.generation, slow->generation);
    assert_int_equal(figures.since_ns, slow->since_ns);
    assert_int_equal(figures.window_calls, calls);
    assert_int_equal(figures.window_failures, failures);
    assert_int_equal(figures.window_slow, slow_calls);
    assert_int_equal(figures.consecutive, slow_run(slow));
    assert_int_equal(figures.probes, slow->lease_count);
    assert_int_equal(figures.rejected, slow->rejected);
    assert_int_equal(figures.stale, slow->stale);
    assert_int_equal(figures.expired, slow->expired);
    assert_int_equal(figures.shadow, slow->shadow);
    assert_memory_equal(figures.outcomes, slow->counted, sizeof slow->counted);
    assert_memory_equal(figures.reasons, slow->reasons, sizeof slow->reasons);
    if (slow->state == TW_BREAKER_OPEN)
        assert_int_equal(figures.open_until_ns, slow->open_until_ns);
    int64_t open_ns = slow->state == TW_BREAKER_OPEN ? slow->clock_ns - slow->since_ns : 0;
    assert_int_equal(figures.open_ns, slow->open_ns + open_ns);
}

static void step_force(struct model *model) {
    static const tw_breaker_state states[] = {TW_BREAKER_FORCED_OPEN, TW_BREAKER_FORCED_CLOSED,
                                              TW_BREAKER_METRICS_ONLY};
    tw_breaker_state state = states[below(model, 3)];
    tw_breaker_force(model->breaker, state, model->now_ns);
    slow_advance(model);
    if (model->slow.state != state)
        slow_move(&model->slow, state, TW_BREAKER_FORCED, model->slow.clock_ns);
}

static void step_reset(struct model *model) {
    tw_breaker_reset(model->breaker, model->now_ns);
    slow_advance(model);
    model->slow.reopened = 0;
    slow_move(&model->slow, TW_BREAKER_CLOSED, TW_BREAKER_RESET, model->slow.clock_ns);
}

/* A place without a permit asks for one, a place with one gives it back. */
static void step_call(struct model *model, bool insists) {
    static const tw_status answers[] = {TW_OK, TW_OK, TW_TIMEOUT, TW_CANCELLED, TW_THROTTLED};
    uint32_t place = below(model, PERMIT_COUNT);
    tw_breaker_permit *permit = &model->permits[place];
    if (permit->generation > 0) {
        tw_breaker_answer answer = {.status = answers[below(model, 5)],
                                    .retry_after_ns = below(model, 4) == 0 ? below(model, 800) : 0};
        (void)tw_breaker_release(model->breaker, permit, &answer, model->now_ns);
        slow_release(model, place, answer.status, answer.retry_after_ns);
        return;
    }
    tw_status status = insists ? tw_breaker_probe(model->breaker, model->now_ns, permit)
                               : tw_breaker_acquire(model->breaker, model->now_ns, permit);
    assert_int_equal(status, slow_acquire(model, place, insists) ? TW_OK : TW_STATE);
}

static void run(struct model *model, uint64_t seed) {
    memset(model, 0, sizeof *model);
    model->seed = seed;
    model->slow.config = random_config(model);
    model->slow.generation = 1;
    assert_int_equal(tw_breaker_new(NULL, &model->slow.config, &model->breaker, NULL), TW_OK);
    for (uint32_t i = 0; i < STEP_COUNT; i++) {
        uint32_t choice = below(model, 1000);
        if (choice < 4)
            step_force(model);
        else if (choice < 16)
            step_reset(model);
        else
            step_call(model, choice < 40);
        compare(model);
        model->now_ns += below(model, 12);
        if (below(model, 50) == 0)
            model->now_ns += below(model, 2) == 0 ? below(model, 3000) : -(int64_t)below(model, 20);
        if (model->now_ns < 0)
            model->now_ns = 0;
    }
    tw_breaker_free(model->breaker);
}

static void test_a_breaker_equals_the_slow_breaker(void **state) {
    (void)state;
    struct model *model = test_malloc(sizeof *model);
    for (uint64_t seed = 1; seed <= RUN_COUNT; seed++)
        run(model, seed);
    test_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_breaker_equals_the_slow_breaker)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
