/*
 * bench_guards.c - what the guards of a request cost: breaker, limiter, retry, and what they are
 * made of.
 *
 *     bench_guards [MILLIONS]    operations of one run, default 5
 *
 * Every row is warmed up once, then run five times over the same fixed work; the median, the least
 * and the most are printed. Nothing is asserted about time: look, and compare rows of one run. The
 * row "loop" is what the harness itself costs; time is an argument, so no row reads a clock.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "tradewind/breaker.h"
#include "tradewind/limiter.h"
#include "tradewind/retry.h"
#include "tradewind/time.h"

#define RUN_COUNT 5

struct bench {
    tw_breaker *closed;
    tw_breaker *by_time;
    tw_breaker *open;
    tw_limiter *limiter; /* bucket 0 is as good as endless, 1 and 2 as well, 3 is empty */
    tw_retry_budget *budget;
    tw_lock lock;
    uint64_t sink; /* results go here, so that no work can be left out */
};

typedef void (*operation)(struct bench *bench, uint64_t count);

static void run_loop(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        bench->sink += __atomic_load_n(&bench->lock.word, __ATOMIC_ACQUIRE) + i;
}

static void run_lock(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        tw_lock_acquire(&bench->lock, NULL);
        bench->sink += i;
        tw_lock_release(&bench->lock, NULL);
    }
}

static void run_permit(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        tw_breaker_permit permit;
        require(tw_breaker_acquire(bench->closed, (int64_t)i, &permit) == TW_OK, "acquire");
        bench->sink += permit.generation;
    }
}

static void run_rejection(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        tw_breaker_permit permit;
        require(tw_breaker_acquire(bench->open, (int64_t)i, &permit) == TW_STATE, "rejection");
    }
}

static void cycle(tw_breaker *breaker, uint64_t count) {
    const tw_breaker_answer answer = {.status = TW_OK, .http_status = 200};
    for (uint64_t i = 0; i < count; i++) {
        tw_breaker_permit permit;
        require(tw_breaker_acquire(breaker, (int64_t)i * 1000, &permit) == TW_OK, "acquire");
        (void)tw_breaker_release(breaker, &permit, &answer, (int64_t)i * 1000);
    }
}

static void run_cycle(struct bench *bench, uint64_t count) {
    cycle(bench->closed, count);
}

static void run_cycle_by_time(struct bench *bench, uint64_t count) {
    cycle(bench->by_time, count);
}

static void run_take(struct bench *bench, uint64_t count) {
    const tw_limiter_want want = {.parts = {{0, 1}}, .part_count = 1};
    for (uint64_t i = 0; i < count; i++)
        require(tw_limiter_take(bench->limiter, &want, (int64_t)i * 1000, NULL) == TW_OK, "take");
}

static void run_take_three(struct bench *bench, uint64_t count) {
    const tw_limiter_want want = {.parts = {{0, 1}, {1, 2}, {2, 1}}, .part_count = 3};
    for (uint64_t i = 0; i < count; i++) {
        require(tw_limiter_take(bench->limiter, &want, (int64_t)i * 1000, NULL) == TW_OK, "take");
        tw_limiter_give_back(bench->limiter, want.parts + 2, 1, (int64_t)i * 1000);
    }
}

static void run_take_none(struct bench *bench, uint64_t count) {
    const tw_limiter_want want = {.parts = {{3, 1}}, .part_count = 1};
    int64_t ready_ns = 0;
    for (uint64_t i = 0; i < count; i++)
        require(tw_limiter_take(bench->limiter, &want, 0, &ready_ns) == TW_THROTTLED, "rejection");
    bench->sink += (uint64_t)ready_ns;
}

static void run_call(struct bench *bench, uint64_t count) {
    const tw_retry_policy policy = tw_retry_policy_default();
    const tw_retry_terms terms = {.kind = TW_RETRY_READ, .deadline_ns = INT64_MAX};
    for (uint64_t i = 0; i < count; i++) {
        tw_retry retry;
        tw_retry_begin(&retry, bench->budget, &policy, &terms, (int64_t)i);
        tw_retry_succeeded(&retry, false);
    }
}

static void run_row(const char *name, operation run, struct bench *bench, uint64_t count) {
    double runs[RUN_COUNT];
    for (int i = -1; i < RUN_COUNT; i++) { /* the first is the warm-up */
        int64_t begin_ns = tw_time_monotonic_ns();
        run(bench, count);
        if (i >= 0)
            runs[i] = (double)(tw_time_monotonic_ns() - begin_ns) / (double)count;
    }
    qsort(runs, RUN_COUNT, sizeof(runs[0]), by_value);
    printf("%-44s %8.2f %8.2f %8.2f\n", name, runs[RUN_COUNT / 2], runs[0], runs[RUN_COUNT - 1]);
}

static void make_breakers(struct bench *bench) {
    tw_breaker_config config = tw_breaker_config_default();
    require(tw_breaker_new(NULL, &config, &bench->closed, NULL) == TW_OK, "a breaker");
    config.consecutive_max = 1;
    config.open_ns_min = config.open_ns_max = TW_BREAKER_NS_MAX;
    require(tw_breaker_new(NULL, &config, &bench->open, NULL) == TW_OK, "a breaker");
    tw_breaker_permit permit;
    require(tw_breaker_acquire(bench->open, 0, &permit) == TW_OK, "acquire");
    (void)tw_breaker_release(bench->open, &permit, &(tw_breaker_answer){.status = TW_TIMEOUT}, 0);
    config = tw_breaker_config_default();
    config.window_count = 0;
    config.window_ns = 10 * TW_NS_PER_SECOND;
    config.bucket_count = 10;
    require(tw_breaker_new(NULL, &config, &bench->by_time, NULL) == TW_OK, "a breaker");
}

static void make_limiter(struct bench *bench) {
    const tw_limiter_config config = {.bucket_max = 4};
    const uint32_t rates[] = {1000000000, 1000000000, 0, 1};
    require(tw_limiter_new(NULL, &config, &bench->limiter, NULL) == TW_OK, "a limiter");
    for (int i = 0; i < 4; i++) {
        const tw_limiter_bucket_config bucket = {.name = "bucket",
                                                 .tokens = rates[i],
                                                 .period_ns = TW_LIMITER_NS_MAX / 1000,
                                                 .burst = i == 3 ? 1 : UINT32_MAX};
        uint32_t number = 0;
        require(tw_limiter_define(bench->limiter, &bucket, 0, &number, NULL) == TW_OK, "a bucket");
    }
    const tw_limiter_want last = {.parts = {{3, 1}}, .part_count = 1};
    require(tw_limiter_take(bench->limiter, &last, 0, NULL) == TW_OK, "take");
}

int main(int argc, char **argv) {
    long millions = argc > 1 ? strtol(argv[1], NULL, 10) : 5;
    if (argc > 2 || millions < 1 || millions > 1000) {
        fprintf(stderr, "usage: bench_guards [MILLIONS]   1 to 1000, default 5\n");
        return 2;
    }
    uint64_t count = (uint64_t)millions * 1000000;
    struct bench bench = {0};
    make_breakers(&bench);
    make_limiter(&bench);
    const tw_retry_budget_config budget = tw_retry_budget_config_default();
    require(tw_retry_budget_new(NULL, &budget, &bench.budget, NULL) == TW_OK, "a budget");
    printf("%-44s %8s %8s %8s\n", "ns an operation", "median", "least", "most");
    run_row("loop", run_loop, &bench, count);
    run_row("a lock, taken and given back", run_lock, &bench, count);
    run_row("breaker: a permit while closed", run_permit, &bench, count);
    run_row("breaker: a rejection while open", run_rejection, &bench, count);
    run_row("breaker: acquire and release, by count", run_cycle, &bench, count);
    run_row("breaker: acquire and release, by time", run_cycle_by_time, &bench, count);
    run_row("limiter: a token is not there", run_take_none, &bench, count);
    run_row("limiter: a token of one bucket", run_take, &bench, count);
    run_row("limiter: of two and a place, given back", run_take_three, &bench, count);
    run_row("retry: a call that comes well at once", run_call, &bench, count);
    tw_retry_budget_free(bench.budget);
    tw_limiter_free(bench.limiter);
    tw_breaker_free(bench.closed);
    tw_breaker_free(bench.open);
    tw_breaker_free(bench.by_time);
    return bench.sink == 1; /* never */
}
