/* test_breaker.c - the rules of tradewind/breaker.h in virtual time, one test a rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/breaker.h"

#define CHANGE_MAX 64

/* A breaker, the time, and what it told. */
struct bench {
    tw_breaker *breaker;
    int64_t now_ns;
    tw_breaker_change changes[CHANGE_MAX];
    uint32_t count;
};

static void note_change(void *context, const tw_breaker_change *change) {
    struct bench *bench = context;
    assert_true(bench->count < CHANGE_MAX);
    bench->changes[bench->count++] = *change;
    tw_breaker_check(bench->breaker); /* it may be called again: no lock is held */
}

/* Ten outcomes, half of them; open for 100 to 800; two probes at once, of 50; three successes. */
static tw_breaker_config small(void) {
    tw_breaker_config config = tw_breaker_config_default();
    config.window_count = 10;
    config.call_min = 4;
    config.slow_ns = 20;
    config.open_ns_min = 100;
    config.open_ns_max = 800;
    config.jitter_percent = 0;
    config.healthy_ns = 1000;
    config.retry_after_ns_max = 5000;
    config.probe_success_min = 3;
    config.probe_parallel_max = 2;
    config.probe_ns_max = 50;
    return config;
}

static void bench_init(struct bench *bench, tw_breaker_config config) {
    *bench = (struct bench){.now_ns = 1000};
    config.hooks.on_change = note_change;
    config.hooks.context = bench;
    assert_int_equal(tw_breaker_new(NULL, &config, &bench->breaker, NULL), TW_OK);
}

static void bench_done(struct bench *bench) {
    tw_breaker_check(bench->breaker);
    tw_breaker_free(bench->breaker);
}

static tw_breaker_figures figures_of(struct bench *bench) {
    tw_breaker_figures figures;
    tw_breaker_figures_of(bench->breaker, bench->now_ns, &figures);
    return figures;
}

static tw_breaker_permit take(struct bench *bench) {
    tw_breaker_permit permit;
    assert_int_equal(tw_breaker_acquire(bench->breaker, bench->now_ns, &permit), TW_OK);
    return permit;
}

static void assert_rejected(struct bench *bench) {
    tw_breaker_permit permit = {.generation = 77};
    assert_int_equal(tw_breaker_acquire(bench->breaker, bench->now_ns, &permit), TW_STATE);
    assert_int_equal(permit.generation, 77);
}

static tw_breaker_outcome give(struct bench *bench, tw_breaker_permit *permit, tw_status status) {
    return tw_breaker_release(bench->breaker, permit, &(tw_breaker_answer){.status = status},
                              bench->now_ns);
}

static void call(struct bench *bench, tw_status status) {
    tw_breaker_permit permit = take(bench);
    (void)give(bench, &permit, status);
    assert_int_equal(permit.generation, 0);
}

static void call_often(struct bench *bench, tw_status status, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        call(bench, status);
}

static void assert_state(struct bench *bench, tw_breaker_state state) {
    assert_int_equal(figures_of(bench).state, state);
    assert_int_equal(tw_breaker_state_of(bench->breaker), state);
}

static const tw_breaker_change *last_change(const struct bench *bench) {
    assert_true(bench->count > 0);
    return &bench->changes[bench->count - 1];
}

/* Four failures open it. */
static void open_it(struct bench *bench) {
    call_often(bench, TW_TIMEOUT, 4);
    assert_state(bench, TW_BREAKER_OPEN);
}

/* ---- creation ---- */

static void assert_refused(const tw_breaker_config *config) {
    tw_breaker *breaker = NULL;
    tw_error error = {0};
    assert_int_equal(tw_breaker_new(NULL, config, &breaker, &error), TW_RANGE);
    assert_null(breaker);
    assert_true(error.message[0] != '\0');
}

static void test_what_cannot_be_a_breaker_is_refused(void **state) {
    (void)state;
    tw_breaker_config bad[17];
    for (size_t i = 0; i < 17; i++)
        bad[i] = small();
    bad[0].window_count = TW_BREAKER_WINDOW_MAX + 1;
    bad[1].window_count = 0;
    bad[2].window_ns = 5;
    bad[3].window_count = 0, bad[3].window_ns = 5, bad[3].bucket_count = 6;
    bad[4].window_count = 0, bad[4].window_ns = 5, bad[4].bucket_count = 0;
    bad[5].call_min = 0;
    bad[6].failure_percent = 0;
    bad[7].slow_percent = 102;
    bad[8].jitter_percent = 101;
    bad[9].open_ns_min = 0;
    bad[10].open_ns_max = 99;
    bad[11].probe_success_min = 0;
    bad[12].probe_parallel_max = TW_BREAKER_PROBE_MAX + 1;
    bad[13].probe_ns_max = 0;
    bad[14].start = TW_BREAKER_HALF_OPEN;
    bad[15].slow_ns = -1;
    bad[16].healthy_ns = TW_BREAKER_NS_MAX + 1;
    for (size_t i = 0; i < 17; i++)
        assert_refused(&bad[i]);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    TW_AUTO(tw_breaker) *breaker = NULL;
    return tw_breaker_new(allocator, context, &breaker, NULL);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    tw_breaker_config config = small();
    assert_survives_failed_allocations(make_and_free, &config);
    config.window_count = 0;
    config.window_ns = 100;
    config.bucket_count = 10;
    assert_survives_failed_allocations(make_and_free, &config);
    tw_breaker_free(NULL);
}

/* ---- opening ---- */

static void test_a_share_of_failures_opens_it_from_the_least_count_on(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, small());
    call(&bench, TW_OK);
    call_often(&bench, TW_TIMEOUT, 2);
    assert_state(&bench, TW_BREAKER_CLOSED); /* three calls are too few */
    call(&bench, TW_OK);                     /* two of four */
    assert_state(&bench, TW_BREAKER_OPEN);
    assert_int_equal(last_change(&bench)->reason, TW_BREAKER_FAILURE_RATE);
    assert_int_equal(last_change(&bench)->from, TW_BREAKER_CLOSED);
    assert_int_equal(last_change(&bench)->to, TW_BREAKER_OPEN);
    assert_int_equal(last_change(&bench)->generation, 2);
    assert_int_equal(figures_of(&bench).window_calls, 0);
    assert_rejected(&bench);
    assert_int_equal(figures_of(&bench).rejected, 1);
    bench_done(&bench);
}

static void test_the_least_count_is_at_most_the_window(void **state) {
    (void)state;
    struct bench bench;
    tw_breaker_config config = small();
    config.call_min = 1000;
    bench_init(&bench, config);
    call_often(&bench, TW_TIMEOUT, 9);
    assert_state(&bench, TW_BREAKER_CLOSED);
    call(&bench, TW_TIMEOUT);
    assert_state(&bench, TW_BREAKER_OPEN);
    bench_done(&bench);
}

static void test_what_fell_out_of_the_window_does_not_count(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, small());
    call_often(&bench, TW_OK, 6);
    call_often(&bench, TW_TIMEOUT, 4);
    assert_int_equal(figures_of(&bench).window_failures, 4);
    call(&bench, TW_OK); /* a success falls out */
    assert_int_equal(figures_of(&bench).window_failures, 4);
    call_often(&bench, TW_OK, 6);
    assert_int_equal(figures_of(&bench).window_failures, 3);
    assert_int_equal(figures_of(&bench).window_calls, 10);
    bench_done(&bench);
}

static void test_a_window_by_time_forgets_by_buckets(void **state) {
    (void)state;
    struct bench bench;
    tw_breaker_config config = small();
    config.window_count = 0;
    config.window_ns = 100;
    config.bucket_count = 10;
    bench_init(&bench, config);
    call(&bench, TW_TIMEOUT); /* at 1000: bucket 100 */
    bench.now_ns = 1099;
    call_often(&bench, TW_TIMEOUT, 2);
    assert_int_equal(figures_of(&bench).window_calls, 3);
    bench.now_ns = 1100;
    assert_int_equal(figures_of(&bench).window_calls, 2);
    call(&bench, TW_TIMEOUT);
    assert_state(&bench, TW_BREAKER_CLOSED);
    call(&bench, TW_TIMEOUT);
    assert_state(&bench, TW_BREAKER_OPEN);
    bench_done(&bench);
}

static void test_a_jump_of_the_clock_empties_a_window_by_time_and_none_back(void **state) {
    (void)state;
    struct bench bench;
    tw_breaker_config config = small();
    config.window_count = 0;
    config.window_ns = 100;
    config.bucket_count = 10;
    bench_init(&bench, config);
    call_often(&bench, TW_TIMEOUT, 3);
    bench.now_ns = 10;
    assert_int_equal(figures_of(&bench).window_calls, 3);
    bench.now_ns = INT64_C(1) << 60;
    assert_int_equal(figures_of(&bench).window_calls, 0);
    call_often(&bench, TW_TIMEOUT, 3);
    bench.now_ns = 0; /* before: counts as the latest that was seen */
    assert_int_equal(figures_of(&bench).window_calls, 3);
    call(&bench, TW_TIMEOUT);
    assert_int_equal(last_change(&bench)->at_ns, INT64_C(1) << 60);
    bench_done(&bench);
}

static void test_slow_calls_open_it_also_when_they_succeed(void **state) {
    (void)state;
    struct bench bench;
    tw_breaker_config config = small();
    config.failure_percent = TW_BREAKER_PERCENT_NEVER;
    config.slow_percent = 75;
    bench_init(&bench, config);
    tw_breaker_permit permits[4];
    for (int i = 0; i < 4; i++)
        permits[i] = take(&bench);
    bench.now_ns += 19;
    assert_int_equal(give(&bench, &permits[0], TW_OK), TW_BREAKER_SUCCESS);
    bench.now_ns += 1;
    assert_int_equal(give(&bench, &permits[1], TW_OK), TW_BREAKER_SLOW);
    assert_int_equal(give(&bench, &permits[2], TW_TIMEOUT), TW_BREAKER_FAILURE); /* slow too */
    assert_state(&bench, TW_BREAKER_CLOSED);
    assert_int_equal(give(&bench, &permits[3], TW_OK), TW_BREAKER_SLOW);
    assert_state(&bench, TW_BREAKER_OPEN);
    assert_int_equal(last_change(&bench)->reason, TW_BREAKER_SLOW_RATE);
    bench_done(&bench);
}

static void test_a_run_of_failures_opens_it(void **state) {
    (void)state;
    struct bench bench;
    tw_breaker_config config = small();
    config.failure_percent = TW_BREAKER_PERCENT_NEVER;
    config.consecutive_max = 3;
    bench_init(&bench, config);
    call_often(&bench, TW_TIMEOUT, 2);
    call(&bench, TW_OK);
    call_often(&bench, TW_TIMEOUT, 2);
    call(&bench, TW_CANCELLED); /* says nothing, so ends no run */
    assert_state(&bench, TW_BREAKER_CLOSED);
    call(&bench, TW_TIMEOUT);
    assert_state(&bench, TW_BREAKER_OPEN);
    assert_int_equal(last_change(&bench)->reason, TW_BREAKER_CONSECUTIVE);
    bench_done(&bench);
}

static void test_cancelled_throttled_and_local_mistakes_open_nothing(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, small());
    call_often(&bench, TW_CANCELLED, 20);
    call_often(&bench, TW_THROTTLED, 20);
    call_often(&bench, TW_INVALID, 20);
    assert_int_equal(figures_of(&bench).window_calls, 0);
    assert_int_equal(figures_of(&bench).outcomes[TW_BREAKER_IGNORED], 40);
    assert_int_equal(figures_of(&bench).outcomes[TW_BREAKER_THROTTLED], 20);
    bench_done(&bench);
}

static void test_the_usual_classes(void **state) {
    (void)state;
    static const struct {
        tw_status status;
        uint32_t http_status;
        tw_breaker_outcome outcome;
    } rows[] = {{TW_OK, 0, TW_BREAKER_SUCCESS},          {TW_OK, 200, TW_BREAKER_SUCCESS},
                {TW_OK, 304, TW_BREAKER_SUCCESS},        {TW_OK, 400, TW_BREAKER_IGNORED},
                {TW_OK, 404, TW_BREAKER_IGNORED},        {TW_OK, 408, TW_BREAKER_FAILURE},
                {TW_OK, 429, TW_BREAKER_THROTTLED},      {TW_OK, 500, TW_BREAKER_FAILURE},
                {TW_OK, 599, TW_BREAKER_FAILURE},        {TW_TIMEOUT, 0, TW_BREAKER_FAILURE},
                {TW_UNREACHABLE, 0, TW_BREAKER_FAILURE}, {TW_CLOSED, 200, TW_BREAKER_FAILURE},
                {TW_PROTOCOL, 0, TW_BREAKER_FAILURE},    {TW_UNKNOWN, 0, TW_BREAKER_FAILURE},
                {TW_REMOTE, 0, TW_BREAKER_FAILURE},      {TW_THROTTLED, 0, TW_BREAKER_THROTTLED},
                {TW_CANCELLED, 0, TW_BREAKER_IGNORED},   {TW_NO_MEMORY, 0, TW_BREAKER_IGNORED},
                {TW_AUTH, 0, TW_BREAKER_IGNORED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tw_breaker_answer answer = {.status = rows[i].status, .http_status = rows[i].http_status};
        assert_int_equal(tw_breaker_classify(&answer), rows[i].outcome);
    }
}

static tw_breaker_outcome by_detail(void *context, const tw_breaker_answer *answer) {
    (void)context;
    return strcmp(answer->detail, "bad") == 0 ? TW_BREAKER_FAILURE : TW_BREAKER_SUCCESS;
}

static void test_the_callback_decides_what_a_call_counts_as(void **state) {
    (void)state;
    struct bench bench;
    tw_breaker_config config = small();
    config.hooks.classify = by_detail;
    bench_init(&bench, config);
    for (int i = 0; i < 4; i++) {
        tw_breaker_permit permit = take(&bench);
        (void)tw_breaker_release(bench.breaker, &permit, &(tw_breaker_answer){.detail = "bad"},
                                 bench.now_ns);
    }
    assert_state(&bench, TW_BREAKER_OPEN);
    bench_done(&bench);
}

/* ---- the open time ---- */

static void test_the_open_time_doubles_up_to_its_limit(void **state) {
    (void)state;
    struct bench bench;
    const int64_t wanted[] = {100, 200, 400, 800, 800};
    bench_init(&bench, small());
    open_it(&bench);
    for (size_t i = 0; i < 5; i++) {
        tw_breaker_figures figures = figures_of(&bench);
        assert_int_equal(figures.open_until_ns, bench.now_ns + wanted[i]);
        assert_int_equal(tw_breaker_next_ns(bench.breaker), figures.open_until_ns);
        bench.now_ns = figures.open_until_ns - 1;
        assert_rejected(&bench);
        bench.now_ns++;
        call(&bench, TW_TIMEOUT); /* the probe */
        assert_int_equal(last_change(&bench)->reason, TW_BREAKER_PROBE_FAILED);
    }
    assert_int_equal(figures_of(&bench).open_ns, 100 + 200 + 400 + 800 + 800);
    bench_done(&bench);
}

static void recover(struct bench *bench) {
    bench->now_ns = figures_of(bench).open_until_ns;
    call_often(bench, TW_OK, 3);
    assert_state(bench, TW_BREAKER_CLOSED);
    assert_int_equal(last_change(bench)->reason, TW_BREAKER_RECOVERED);
}

static void test_the_open_time_is_short_again_after_a_healthy_time(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, small());
    open_it(&bench);
    recover(&bench);
    bench.now_ns += 999;
    open_it(&bench);
    assert_int_equal(figures_of(&bench).open_until_ns - bench.now_ns, 200);
    recover(&bench);
    bench.now_ns += 1000;
    open_it(&bench);
    assert_int_equal(figures_of(&bench).open_until_ns - bench.now_ns, 100);
    bench_done(&bench);
}

static void test_jitter_shortens_the_open_time(void **state) {
    (void)state;
    struct bench bench;
    tw_breaker_config config = small();
    config.open_ns_min = config.open_ns_max = 1000000;
    config.jitter_percent = 20;
    bench_init(&bench, config);
    int64_t least_ns = INT64_MAX;
    int64_t most_ns = 0;
    for (int i = 0; i < 15; i++) {
        open_it(&bench);
        int64_t open_ns = figures_of(&bench).open_until_ns - bench.now_ns;
        least_ns = open_ns < least_ns ? open_ns : least_ns;
        most_ns = open_ns > most_ns ? open_ns : most_ns;
        tw_breaker_reset(bench.breaker, bench.now_ns);
    }
    assert_true(least_ns >= 800000 && most_ns <= 1000000 && most_ns - least_ns > 100000);
    bench_done(&bench);
}

static void test_the_other_side_may_ask_for_a_longer_rest(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, small());
    const int64_t wishes[] = {60, 700, 1000000};
    const int64_t wanted[] = {100, 700, 5000};
    for (size_t i = 0; i < 3; i++) {
        call_often(&bench, TW_TIMEOUT, 3);
        tw_breaker_permit permit = take(&bench);
        tw_breaker_answer answer = {
            .status = TW_OK, .http_status = 503, .retry_after_ns = wishes[i]};
        assert_int_equal(tw_breaker_release(bench.breaker, &permit, &answer, bench.now_ns),
                         TW_BREAKER_FAILURE);
        assert_int_equal(figures_of(&bench).open_until_ns - bench.now_ns, wanted[i]);
        tw_breaker_reset(bench.breaker, bench.now_ns);
    }
    bench_done(&bench);
}

/* ---- half open ---- */

static struct bench *half_open(struct bench *bench, tw_breaker_config config) {
    bench_init(bench, config);
    open_it(bench);
    bench->now_ns = figures_of(bench).open_until_ns;
    assert_state(bench, TW_BREAKER_HALF_OPEN);
    return bench;
}

static void test_half_open_is_dated_when_it_was_due(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, small());
    open_it(&bench);
    bench.now_ns += 10000;
    assert_int_equal(tw_breaker_turn(bench.breaker, bench.now_ns), 1);
    assert_int_equal(last_change(&bench)->at_ns, 1100);
    assert_int_equal(last_change(&bench)->reason, TW_BREAKER_ELAPSED);
    assert_int_equal(figures_of(&bench).open_ns, 100);
    assert_int_equal(tw_breaker_turn(bench.breaker, bench.now_ns), 0);
    assert_true(tw_breaker_next_ns(bench.breaker) == INT64_MAX);
    bench_done(&bench);
}

static void test_so_many_probes_at_once_and_no_more_than_are_needed(void **state) {
    (void)state;
    struct bench bench;
    half_open(&bench, small());
    tw_breaker_permit a = take(&bench);
    tw_breaker_permit b = take(&bench);
    assert_rejected(&bench);
    assert_int_equal(figures_of(&bench).probes, 2);
    (void)give(&bench, &a, TW_OK);
    a = take(&bench);
    (void)give(&bench, &a, TW_OK);
    assert_rejected(&bench); /* with b there are three */
    (void)give(&bench, &b, TW_OK);
    assert_state(&bench, TW_BREAKER_CLOSED);
    bench_done(&bench);
}

static void test_a_cancelled_probe_gives_its_permit_back(void **state) {
    (void)state;
    struct bench bench;
    half_open(&bench, small());
    for (int i = 0; i < 100; i++) {
        tw_breaker_permit a = take(&bench);
        tw_breaker_permit b = take(&bench);
        (void)give(&bench, &a, TW_CANCELLED);
        (void)give(&bench, &b, TW_THROTTLED);
    }
    assert_state(&bench, TW_BREAKER_HALF_OPEN);
    assert_int_equal(figures_of(&bench).probes, 0);
    bench_done(&bench);
}

static void test_a_probe_that_never_returns_opens_it_and_is_forgotten(void **state) {
    (void)state;
    struct bench bench;
    half_open(&bench, small());
    tw_breaker_permit lost = take(&bench);
    int64_t begin_ns = bench.now_ns;
    bench.now_ns += 20;
    tw_breaker_permit later = take(&bench);
    assert_int_equal(tw_breaker_next_ns(bench.breaker), begin_ns + 50);
    bench.now_ns = begin_ns + 49;
    assert_state(&bench, TW_BREAKER_HALF_OPEN);
    bench.now_ns = begin_ns + 60;
    assert_rejected(&bench);
    assert_int_equal(last_change(&bench)->reason, TW_BREAKER_PROBE_EXPIRED);
    assert_int_equal(last_change(&bench)->at_ns, begin_ns + 50);
    assert_int_equal(figures_of(&bench).open_until_ns, begin_ns + 50 + 200);
    assert_int_equal(figures_of(&bench).expired, 1);
    (void)give(&bench, &later, TW_TIMEOUT); /* of an older generation */
    (void)give(&bench, &lost, TW_OK);
    assert_int_equal(figures_of(&bench).stale, 2);
    assert_state(&bench, TW_BREAKER_OPEN);
    /* Long after, the first who asks is a probe again: the open time was over long ago. */
    bench.now_ns += 1000000;
    call_often(&bench, TW_OK, 3);
    assert_state(&bench, TW_BREAKER_CLOSED);
    bench_done(&bench);
}

static void test_two_changes_that_were_due_are_told_in_order(void **state) {
    (void)state;
    struct bench bench;
    half_open(&bench, small());
    (void)take(&bench);
    bench.count = 0;
    bench.now_ns += 1000;
    assert_int_equal(tw_breaker_turn(bench.breaker, bench.now_ns), 1);
    assert_int_equal(bench.count, 2);
    assert_int_equal(bench.changes[0].to, TW_BREAKER_OPEN);
    assert_int_equal(bench.changes[1].to, TW_BREAKER_HALF_OPEN);
    assert_int_equal(bench.changes[1].generation, bench.changes[0].generation + 1);
    bench_done(&bench);
}

static void test_slow_probes_open_it_again(void **state) {
    (void)state;
    struct bench bench;
    tw_breaker_config config = small();
    config.slow_percent = 60;
    half_open(&bench, config);
    call(&bench, TW_OK);
    for (int i = 0; i < 2; i++) {
        tw_breaker_permit permit = take(&bench);
        bench.now_ns += 20;
        assert_int_equal(give(&bench, &permit, TW_OK), TW_BREAKER_SLOW);
    }
    assert_state(&bench, TW_BREAKER_OPEN);
    assert_int_equal(last_change(&bench)->reason, TW_BREAKER_PROBE_SLOW);
    bench_done(&bench);
}

static void test_results_of_an_older_generation_are_dropped(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, small());
    tw_breaker_permit old[8];
    for (int i = 0; i < 8; i++)
        old[i] = take(&bench);
    open_it(&bench);
    (void)give(&bench, &old[0], TW_TIMEOUT);
    bench.now_ns = figures_of(&bench).open_until_ns;
    (void)give(&bench, &old[1], TW_TIMEOUT);
    assert_state(&bench, TW_BREAKER_HALF_OPEN);
    call_often(&bench, TW_OK, 3);
    for (int i = 2; i < 8; i++)
        (void)give(&bench, &old[i], TW_TIMEOUT);
    assert_state(&bench, TW_BREAKER_CLOSED);
    assert_int_equal(figures_of(&bench).window_calls, 0);
    assert_int_equal(figures_of(&bench).stale, 8);
    bench_done(&bench);
}

/* ---- force, reset, panic ---- */

static void test_forced_open_lets_nothing_through_for_ever(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, small());
    tw_breaker_force(bench.breaker, TW_BREAKER_FORCED_OPEN, bench.now_ns);
    tw_breaker_force(bench.breaker, TW_BREAKER_FORCED_OPEN, bench.now_ns);
    assert_int_equal(bench.count, 1);
    bench.now_ns += TW_BREAKER_NS_MAX;
    assert_rejected(&bench);
    tw_breaker_permit permit;
    assert_int_equal(tw_breaker_probe(bench.breaker, bench.now_ns, &permit), TW_STATE);
    tw_breaker_reset(bench.breaker, bench.now_ns);
    call(&bench, TW_OK);
    assert_state(&bench, TW_BREAKER_CLOSED);
    bench_done(&bench);
}

static void test_forced_closed_never_opens(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, small());
    open_it(&bench);
    tw_breaker_force(bench.breaker, TW_BREAKER_FORCED_CLOSED, bench.now_ns);
    call_often(&bench, TW_TIMEOUT, 100);
    assert_state(&bench, TW_BREAKER_FORCED_CLOSED);
    assert_int_equal(figures_of(&bench).window_calls, 0);
    assert_int_equal(figures_of(&bench).outcomes[TW_BREAKER_FAILURE], 104);
    bench_done(&bench);
}

static void test_metrics_only_counts_when_it_would_have_opened(void **state) {
    (void)state;
    struct bench bench;
    tw_breaker_config config = small();
    config.start = TW_BREAKER_METRICS_ONLY;
    bench_init(&bench, config);
    call_often(&bench, TW_TIMEOUT, 10);
    assert_state(&bench, TW_BREAKER_METRICS_ONLY);
    assert_int_equal(figures_of(&bench).shadow, 2);
    assert_int_equal(figures_of(&bench).window_failures, 2);
    bench_done(&bench);
}

static void test_a_panic_probe_cuts_the_open_time_short(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, small());
    open_it(&bench);
    tw_breaker_permit permit;
    bench.now_ns += 5;
    assert_int_equal(tw_breaker_probe(bench.breaker, bench.now_ns, &permit), TW_OK);
    assert_int_equal(last_change(&bench)->reason, TW_BREAKER_PANIC);
    assert_state(&bench, TW_BREAKER_HALF_OPEN);
    (void)give(&bench, &permit, TW_TIMEOUT);
    assert_state(&bench, TW_BREAKER_OPEN);
    bench_done(&bench);
}

/* ---- figures and words ---- */

static void test_changes_are_counted_by_from_to_and_reason(void **state) {
    (void)state;
    struct bench bench;
    bench_init(&bench, small());
    open_it(&bench);
    recover(&bench);
    tw_breaker_figures figures = figures_of(&bench);
    assert_int_equal(figures.changes[TW_BREAKER_CLOSED][TW_BREAKER_OPEN], 1);
    assert_int_equal(figures.changes[TW_BREAKER_OPEN][TW_BREAKER_HALF_OPEN], 1);
    assert_int_equal(figures.changes[TW_BREAKER_HALF_OPEN][TW_BREAKER_CLOSED], 1);
    assert_int_equal(figures.reasons[TW_BREAKER_FAILURE_RATE], 1);
    assert_int_equal(figures.reasons[TW_BREAKER_ELAPSED], 1);
    assert_int_equal(figures.reasons[TW_BREAKER_RECOVERED], 1);
    bench_done(&bench);
}

static void test_it_describes_itself_in_a_line(void **state) {
    (void)state;
    struct bench bench;
    char line[512];
    tw_text text = tw_text_over(line, sizeof line);
    bench_init(&bench, small());
    call(&bench, TW_TIMEOUT);
    tw_breaker_describe(bench.breaker, bench.now_ns, &text);
    assert_string_equal(line, "state=closed generation=1 calls=1 failures=1 slow=0 probes=0 "
                              "success=0 failure=1 slow=0 ignored=0 throttled=0 rejected=0 "
                              "stale=0 expired=0 open_ns=0");
    bench_done(&bench);
}

static void test_every_word_is_there_and_differs(void **state) {
    (void)state;
    for (int i = 0; i < TW_BREAKER_REASON_COUNT; i++) {
        for (int j = 0; j < i; j++)
            assert_string_not_equal(tw_breaker_reason_word((tw_breaker_reason)i),
                                    tw_breaker_reason_word((tw_breaker_reason)j));
    }
    assert_string_equal(tw_breaker_reason_word(TW_BREAKER_RESET), "reset");
    assert_string_equal(tw_breaker_state_word(TW_BREAKER_METRICS_ONLY), "metrics_only");
    assert_string_equal(tw_breaker_outcome_word(TW_BREAKER_THROTTLED), "throttled");
    assert_string_equal(tw_breaker_state_word(TW_BREAKER_STATE_COUNT), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be_a_breaker_is_refused),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
        cmocka_unit_test(test_a_share_of_failures_opens_it_from_the_least_count_on),
        cmocka_unit_test(test_the_least_count_is_at_most_the_window),
        cmocka_unit_test(test_what_fell_out_of_the_window_does_not_count),
        cmocka_unit_test(test_a_window_by_time_forgets_by_buckets),
        cmocka_unit_test(test_a_jump_of_the_clock_empties_a_window_by_time_and_none_back),
        cmocka_unit_test(test_slow_calls_open_it_also_when_they_succeed),
        cmocka_unit_test(test_a_run_of_failures_opens_it),
        cmocka_unit_test(test_cancelled_throttled_and_local_mistakes_open_nothing),
        cmocka_unit_test(test_the_usual_classes),
        cmocka_unit_test(test_the_callback_decides_what_a_call_counts_as),
        cmocka_unit_test(test_the_open_time_doubles_up_to_its_limit),
        cmocka_unit_test(test_the_open_time_is_short_again_after_a_healthy_time),
        cmocka_unit_test(test_jitter_shortens_the_open_time),
        cmocka_unit_test(test_the_other_side_may_ask_for_a_longer_rest),
        cmocka_unit_test(test_half_open_is_dated_when_it_was_due),
        cmocka_unit_test(test_so_many_probes_at_once_and_no_more_than_are_needed),
        cmocka_unit_test(test_a_cancelled_probe_gives_its_permit_back),
        cmocka_unit_test(test_a_probe_that_never_returns_opens_it_and_is_forgotten),
        cmocka_unit_test(test_two_changes_that_were_due_are_told_in_order),
        cmocka_unit_test(test_slow_probes_open_it_again),
        cmocka_unit_test(test_results_of_an_older_generation_are_dropped),
        cmocka_unit_test(test_forced_open_lets_nothing_through_for_ever),
        cmocka_unit_test(test_forced_closed_never_opens),
        cmocka_unit_test(test_metrics_only_counts_when_it_would_have_opened),
        cmocka_unit_test(test_a_panic_probe_cuts_the_open_time_short),
        cmocka_unit_test(test_changes_are_counted_by_from_to_and_reason),
        cmocka_unit_test(test_it_describes_itself_in_a_line),
        cmocka_unit_test(test_every_word_is_there_and_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
