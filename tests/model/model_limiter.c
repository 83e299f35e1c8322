/*
 * model_limiter.c - random uses of a limiter beside an obvious slow one.
 *
 * The slow limiter lets time pass one nanosecond after the other, keeps all who wait in one array,
 * sorts it by looking, and asks for each whether anybody before him wants from the same bucket. The
 * answers must be the same, in the same order, and so must be what is in the buckets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/limiter.h"

#define RUN_COUNT 300
#define STEP_COUNT 600
#define BUCKET_COUNT 4
#define WAITER_MAX 20
#define ASK_MAX STEP_COUNT

struct slow_bucket {
    tw_limiter_bucket_config config;
    int64_t level; /* in period_ns-ths of a token; a bulkhead's in tokens */
    uint32_t rate;
    uint32_t burst;
    int64_t pause_until_ns;
};

struct slow_waiter {
    uint32_t ask;
    tw_limiter_want want;
    int64_t asked_ns;
    int64_t deadline_ns;
};

struct answer {
    uint32_t ask;
    tw_status status;
    int64_t wait_ns;
};

struct record {
    struct answer answers[ASK_MAX];
    uint32_t count;
};

struct model {
    tw_limiter *limiter;
    uint64_t seed;
    int64_t now_ns;
    struct slow_bucket buckets[BUCKET_COUNT];
    struct slow_waiter waiters[WAITER_MAX]; /* by arrival */
    uint32_t waiter_count;
    uint32_t out[BUCKET_COUNT]; /* of a bulkhead: tokens that may come back */
    struct record real;
    struct record slow;
    struct caller {
        struct model *model;
        uint32_t ask;
        tw_limiter_want want;
        tw_limiter_request request;
    } callers[ASK_MAX];
    uint32_t ask_count;
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

/* ---- the slow limiter ---- */

static int64_t slow_unit(const struct slow_bucket *bucket) {
    return bucket->rate == 0 ? 1 : bucket->config.period_ns;
}

static void slow_cut(struct slow_bucket *bucket) {
    int64_t cap = bucket->burst * slow_unit(bucket);
    if (bucket->level > cap)
        bucket->level = cap;
}

static void slow_pass(struct model *model, int64_t span_ns) {
    for (; span_ns > 0; span_ns--) {
        for (uint32_t i = 0; i < BUCKET_COUNT; i++) {
            model->buckets[i].level += model->buckets[i].rate;
            slow_cut(&model->buckets[i]);
        }
        model->now_ns++;
    }
}

static bool slow_has(const struct model *model, const tw_limiter_want *want) {
    for (uint32_t i = 0; i < want->part_count; i++) {
        const struct slow_bucket *bucket = &model->buckets[want->parts[i].bucket];
        int64_t need = (int64_t)want->parts[i].weight + bucket->config.reserve[want->priority];
        if (bucket->level < need * slow_unit(bucket) || model->now_ns < bucket->pause_until_ns)
            return false;
    }
    return true;
}

static bool slow_fits(const struct model *model, const tw_limiter_want *want) {
    for (uint32_t i = 0; i < want->part_count; i++) {
        const struct slow_bucket *bucket = &model->buckets[want->parts[i].bucket];
        if (want->parts[i].weight + bucket->config.reserve[want->priority] > bucket->burst)
            return false;
    }
    return true;
}

static void slow_take(struct model *model, const tw_limiter_want *want) {
    for (uint32_t i = 0; i < want->part_count; i++) {
        struct slow_bucket *bucket = &model->buckets[want->parts[i].bucket];
        bucket->level -= want->parts[i].weight * slow_unit(bucket);
        if (bucket->rate == 0)
            model->out[want->parts[i].bucket] += want->parts[i].weight;
    }
}

static bool share_a_bucket(const tw_limiter_want *a, const tw_limiter_want *b) {
    for (uint32_t i = 0; i < a->part_count; i++) {
        for (uint32_t j = 0; j < b->part_count; j++) {
            if (a->parts[i].bucket == b->parts[j].bucket)
                return true;
        }
    }
    return false;
}

/* Whether one of the first `count` waiters of a priority up to this wants from the same bucket, or
 * any of a smaller one. */
static bool slow_is_behind(const struct model *model, const tw_limiter_want *want, uint32_t count) {
    for (uint32_t i = 0; i < model->waiter_count; i++) {
        const tw_limiter_want *other = &model->waiters[i].want;
        bool before =
            other->priority < want->priority || (other->priority == want->priority && i < count);
        if (before && share_a_bucket(want, other))
            return true;
    }
    return false;
}

static void slow_answer(struct model *model, uint32_t at, tw_status status) {
    struct slow_waiter waiter = model->waiters[at];
    model->slow.answers[model->slow.count++] = (struct answer){
        .ask = waiter.ask, .status = status, .wait_ns = model->now_ns - waiter.asked_ns};
    model->waiter_count--;
    memmove(&model->waiters[at], &model->waiters[at + 1],
            (model->waiter_count - at) * sizeof waiter);
}

static void slow_turn(struct model *model) {
    for (uint32_t priority = 0; priority < TW_LIMITER_PRIORITY_COUNT; priority++) {
        for (uint32_t i = 0; i < model->waiter_count;) {
            const struct slow_waiter *waiter = &model->waiters[i];
            if (waiter->want.priority == priority && waiter->deadline_ns <= model->now_ns)
                slow_answer(model, i, TW_TIMEOUT);
            else
                i++;
        }
    }
    for (uint32_t priority = 0; priority < TW_LIMITER_PRIORITY_COUNT; priority++) {
        for (uint32_t i = 0; i < model->waiter_count;) {
            const tw_limiter_want want = model->waiters[i].want;
            if (want.priority == priority && slow_has(model, &want) &&
                !slow_is_behind(model, &want, i)) {
                slow_take(model, &want);
                slow_answer(model, i, TW_OK);
            } else {
                i++;
            }
        }
    }
}

/* When it will have all, found by letting time pass on a copy; INT64_MAX if not within reach. */
static int64_t slow_ready_ns(const struct model *model, const tw_limiter_want *want) {
    static struct model copy;
    memcpy(copy.buckets, model->buckets, sizeof copy.buckets);
    copy.now_ns = model->now_ns;
    for (int i = 0; i < 3000; i++) {
        if (slow_has(&copy, want))
            return copy.now_ns;
        slow_pass(&copy, 1);
    }
    return INT64_MAX;
}

static void slow_pause(struct model *model, struct slow_bucket *bucket, int64_t until_ns) {
    if (until_ns > model->now_ns + bucket->config.pause_ns_max)
        until_ns = model->now_ns + bucket->config.pause_ns_max;
    if (until_ns > bucket->pause_until_ns)
        bucket->pause_until_ns = until_ns;
}

static void slow_learn(struct model *model, struct slow_bucket *bucket,
                       const tw_limiter_notice *notice) {
    if (notice->limit > 0 && bucket->rate > 0) {
        bucket->rate = (uint32_t)notice->limit;
        if (!bucket->config.learns && bucket->rate > bucket->config.tokens)
            bucket->rate = bucket->config.tokens;
        bucket->burst = bucket->config.burst < bucket->rate ? bucket->config.burst : bucket->rate;
        slow_cut(bucket);
    }
    if (notice->remaining >= 0 && bucket->rate > 0) {
        int64_t left = notice->remaining - notice->in_flight;
        if (left <= 0)
            slow_pause(model, bucket, notice->reset_ns);
        if (left < 0)
            left = 0;
        if (bucket->level > left * slow_unit(bucket))
            bucket->level = left * slow_unit(bucket);
    }
    if (notice->retry_after_ns > 0)
        slow_pause(model, bucket, model->now_ns + notice->retry_after_ns);
    else if (notice->refused && notice->reset_ns > model->now_ns)
        slow_pause(model, bucket, notice->reset_ns);
    else if (notice->refused)
        slow_pause(model, bucket, model->now_ns + bucket->config.pause_ns);
    if (notice->refused && bucket->rate > 0)
        bucket->level = 0;
}

/* ---- both ---- */

static void on_answer(void *context, tw_status status, int64_t wait_ns) {
    struct caller *caller = context;
    struct record *record = &caller->model->real;
    record->answers[record->count++] =
        (struct answer){.ask = caller->ask, .status = status, .wait_ns = wait_ns};
}

static void define_bucket(struct model *model, uint32_t number) {
    struct slow_bucket *bucket = &model->buckets[number];
    bool bulkhead = below(model, 4) == 0;
    bucket->config = (tw_limiter_bucket_config){.name = "bucket",
                                                .tokens = bulkhead ? 0 : 1 + below(model, 20),
                                                .period_ns = 1 + below(model, 300),
                                                .burst = 4 + below(model, 12),
                                                .learns = below(model, 2) == 0,
                                                .pause_ns = below(model, 60),
                                                .pause_ns_max = below(model, 200)};
    for (int i = 1; i < TW_LIMITER_PRIORITY_COUNT; i++)
        bucket->config.reserve[i] = below(model, 4);
    bucket->rate = bucket->config.tokens;
    bucket->burst = bucket->config.burst;
    bucket->level = bucket->burst * slow_unit(bucket);
    uint32_t given = 0;
    assert_int_equal(tw_limiter_define(model->limiter, &bucket->config, 0, &given, NULL), TW_OK);
    assert_int_equal(given, number);
}

static tw_limiter_want random_want(struct model *model) {
    tw_limiter_want want = {.priority = below(model, TW_LIMITER_PRIORITY_COUNT)};
    uint32_t first = below(model, BUCKET_COUNT);
    want.part_count = 1 + below(model, 3);
    for (uint32_t i = 0; i < want.part_count; i++)
        want.parts[i] = (tw_limiter_part){(first + i) % BUCKET_COUNT, 1 + below(model, 4)};
    return want;
}

static void step_take(struct model *model) {
    tw_limiter_want want = random_want(model);
    int64_t ready_ns = -1;
    tw_status status = tw_limiter_take(model->limiter, &want, model->now_ns, &ready_ns);
    if (!slow_fits(model, &want)) {
        assert_int_equal(status, TW_RANGE);
    } else if (slow_has(model, &want) && !slow_is_behind(model, &want, model->waiter_count)) {
        assert_int_equal(status, TW_OK);
        slow_take(model, &want);
    } else {
        assert_int_equal(status, TW_THROTTLED);
        int64_t slow_ns = slow_ready_ns(model, &want);
        assert_true(ready_ns == slow_ns ||
                    (slow_ns == INT64_MAX && ready_ns > model->now_ns + 2999));
    }
}

static void step_ask(struct model *model) {
    struct caller *caller = &model->callers[model->ask_count];
    tw_limiter_want want = random_want(model);
    int64_t deadline_ns = model->now_ns + below(model, 400);
    int64_t ready_ns = slow_ready_ns(model, &want);
    tw_limiter_patience patience = {deadline_ns, on_answer, caller};
    tw_status wanted = TW_OK;
    if (!slow_fits(model, &want))
        wanted = TW_RANGE;
    else if (deadline_ns <= model->now_ns || (ready_ns >= deadline_ns && ready_ns != INT64_MAX))
        wanted = TW_TIMEOUT;
    else if (model->waiter_count == WAITER_MAX)
        wanted = TW_FULL;
    *caller = (struct caller){.model = model, .ask = model->ask_count, .want = want};
    assert_int_equal(
        tw_limiter_ask(model->limiter, &want, model->now_ns, &patience, &caller->request), wanted);
    if (wanted != TW_OK)
        return;
    model->waiters[model->waiter_count++] = (struct slow_waiter){.ask = model->ask_count++,
                                                                 .want = want,
                                                                 .asked_ns = model->now_ns,
                                                                 .deadline_ns = deadline_ns};
}

static void step_cancel(struct model *model) {
    if (model->ask_count == 0)
        return;
    uint32_t ask = below(model, model->ask_count);
    uint32_t at = 0;
    while (at < model->waiter_count && model->waiters[at].ask != ask)
        at++;
    bool waits = at < model->waiter_count;
    assert_int_equal(tw_limiter_cancel(model->limiter, model->callers[ask].request),
                     waits ? TW_OK : TW_NOT_FOUND);
    if (!waits)
        return;
    model->waiter_count--;
    memmove(&model->waiters[at], &model->waiters[at + 1],
            (model->waiter_count - at) * sizeof model->waiters[0]);
}

static void step_give_back(struct model *model) {
    uint32_t number = below(model, BUCKET_COUNT);
    struct slow_bucket *bucket = &model->buckets[number];
    tw_limiter_part part = {number, 1 + below(model, 3)};
    if (bucket->rate == 0 && model->out[number] < part.weight)
        return;
    if (bucket->rate == 0)
        model->out[number] -= part.weight;
    tw_limiter_give_back(model->limiter, &part, 1, model->now_ns);
    bucket->level += part.weight * slow_unit(bucket);
    slow_cut(bucket);
}

static void step_learn(struct model *model) {
    uint32_t number = below(model, BUCKET_COUNT);
    tw_limiter_notice notice = {.limit = below(model, 2) == 0 ? 8 + (int64_t)below(model, 20) : -1,
                                .remaining = below(model, 2) == 0 ? (int64_t)below(model, 12) : -1,
                                .reset_ns = below(model, 2) * (model->now_ns + below(model, 100)),
                                .retry_after_ns = below(model, 3) == 0 ? below(model, 150) : 0,
                                .in_flight = below(model, 4),
                                .refused = below(model, 3) == 0};
    tw_limiter_learn(model->limiter, number, &notice, model->now_ns);
    slow_learn(model, &model->buckets[number], &notice);
}

/* Another burst of a bulkhead, another rate of the others. */
static void step_resize(struct model *model) {
    uint32_t number = below(model, BUCKET_COUNT);
    struct slow_bucket *bucket = &model->buckets[number];
    uint32_t burst = 4 + below(model, 12);
    uint32_t tokens = bucket->rate == 0 ? 0 : 1 + below(model, 20);
    assert_int_equal(tw_limiter_resize(model->limiter, number, tokens, burst, model->now_ns),
                     TW_OK);
    if (bucket->rate == 0)
        bucket->level += (int64_t)burst - bucket->burst;
    bucket->rate = bucket->config.tokens = tokens;
    bucket->burst = bucket->config.burst = burst;
    slow_cut(bucket);
}

static void compare(struct model *model) {
    tw_limiter_check(model->limiter);
    assert_int_equal(model->real.count, model->slow.count);
    for (uint32_t i = 0; i < model->real.count; i++) {
        assert_int_equal(model->real.answers[i].ask, model->slow.answers[i].ask);
        assert_int_equal(model->real.answers[i].status, model->slow.answers[i].status);
        assert_int_equal(model->real.answers[i].wait_ns, model->slow.answers[i].wait_ns);
    }
    model->real.count = model->slow.count = 0;
    for (uint32_t i = 0; i < BUCKET_COUNT; i++) {
        const struct slow_bucket *bucket = &model->buckets[i];
        tw_limiter_bucket_figures figures;
        tw_limiter_bucket_figures_of(model->limiter, i, model->now_ns, &figures);
        assert_int_equal(figures.tokens, bucket->level / slow_unit(bucket));
        assert_int_equal(figures.rate, bucket->rate);
        assert_int_equal(figures.burst, bucket->burst);
        assert_int_equal(figures.pause_until_ns, bucket->pause_until_ns);
    }
}

/* After a turn: time moves to where the real one says that something will be, or less far. */
static void step_time(struct model *model) {
    int64_t next_ns = tw_limiter_next_ns(model->limiter);
    assert_true(next_ns > model->now_ns);
    int64_t span_ns = below(model, 3) == 0 ? 0 : below(model, 40);
    if (below(model, 4) == 0 && next_ns < model->now_ns + 500)
        span_ns = next_ns - model->now_ns;
    slow_pass(model, span_ns);
}

static void step(struct model *model) {
    uint32_t choice = below(model, 100);
    if (choice < 35)
        step_take(model);
    else if (choice < 70)
        step_ask(model);
    else if (choice < 76)
        step_cancel(model);
    else if (choice < 92)
        step_give_back(model);
    else if (choice < 98)
        step_learn(model);
    else
        step_resize(model);
}

static void run(struct model *model, uint64_t seed) {
    memset(model, 0, sizeof *model);
    model->seed = seed;
    tw_limiter_config config = {.bucket_max = BUCKET_COUNT, .waiter_max = WAITER_MAX};
    assert_int_equal(tw_limiter_new(NULL, &config, &model->limiter, NULL), TW_OK);
    for (uint32_t i = 0; i < BUCKET_COUNT; i++)
        define_bucket(model, i);
    for (uint32_t i = 0; i < STEP_COUNT; i++) {
        step(model);
        if (below(model, 2) == 0)
            continue;
        (void)tw_limiter_turn(model->limiter, model->now_ns);
        slow_turn(model);
        compare(model);
        step_time(model);
    }
    tw_limiter_close(model->limiter);
    assert_int_equal(model->real.count, model->waiter_count);
    tw_limiter_free(model->limiter);
}

static void test_a_limiter_equals_the_slow_limiter(void **state) {
    (void)state;
    struct model *model = test_malloc(sizeof *model);
    for (uint64_t seed = 1; seed <= RUN_COUNT; seed++)
        run(model, seed);
    test_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_limiter_equals_the_slow_limiter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
