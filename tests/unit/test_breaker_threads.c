/* test_breaker_threads.c - real threads on one breaker: every permit is accounted for, and no more
 * probes are out than may be. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tradewind/breaker.h"

#define THREAD_COUNT 4
#define ROUND_COUNT 250000
#define PROBES_AT_ONCE 2

struct world {
    tw_breaker *breaker;
    int64_t now_ns;
    uint64_t changes;
};

struct worker {
    pthread_t thread;
    struct world *world;
    uint64_t number;
    uint64_t passed;
    uint64_t rejected;
};

static void count_change(void *context, const tw_breaker_change *change) {
    struct world *world = context;
    assert_true(change->from != change->to);
    (void)__atomic_fetch_add(&world->changes, 1, __ATOMIC_RELAXED);
}

/* Failures come in waves, so that it opens and closes all the time; some permits go back late. */
static void *work(void *context) {
    struct worker *me = context;
    tw_breaker *breaker = me->world->breaker;
    tw_breaker_permit kept = {0};
    for (uint64_t i = 0; i < ROUND_COUNT; i++) {
        int64_t now_ns = __atomic_add_fetch(&me->world->now_ns, 1, __ATOMIC_RELAXED);
        tw_breaker_answer answer = {.status = now_ns / 1000 % 2 == 0 ? TW_OK : TW_TIMEOUT};
        tw_breaker_permit permit;
        if (tw_breaker_acquire(breaker, now_ns, &permit) != TW_OK) {
            me->rejected++;
            continue;
        }
        me->passed++;
        if (kept.generation > 0)
            (void)tw_breaker_release(breaker, &kept, &answer, now_ns);
        if (i % 7 == me->number)
            kept = permit;
        else
            (void)tw_breaker_release(breaker, &permit, &answer, now_ns);
    }
    if (kept.generation > 0)
        (void)tw_breaker_release(breaker, &kept, &(tw_breaker_answer){0},
                                 __atomic_load_n(&me->world->now_ns, __ATOMIC_RELAXED));
    return NULL;
}

static void test_every_permit_of_a_million_is_accounted_for(void **state) {
    (void)state;
    struct world world = {0};
    struct worker workers[THREAD_COUNT];
    tw_breaker_config config = tw_breaker_config_default();
    config.window_count = 50;
    config.call_min = 10;
    config.open_ns_min = 100;
    config.open_ns_max = 400;
    config.probe_parallel_max = PROBES_AT_ONCE;
    config.probe_ns_max = 1000;
    config.hooks.on_change = count_change;
    config.hooks.context = &world;
    assert_int_equal(tw_breaker_new(NULL, &config, &world.breaker, NULL), TW_OK);
    for (uint64_t i = 0; i < THREAD_COUNT; i++) {
        workers[i] = (struct worker){.world = &world, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    uint64_t passed = 0;
    uint64_t rejected = 0;
    for (uint64_t i = 0; i < THREAD_COUNT; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        passed += workers[i].passed;
        rejected += workers[i].rejected;
    }
    tw_breaker_figures figures;
    tw_breaker_figures_of(world.breaker, world.now_ns, &figures);
    uint64_t counted = figures.stale;
    for (int i = 0; i < TW_BREAKER_OUTCOME_COUNT; i++)
        counted += figures.outcomes[i];
    assert_int_equal(passed + rejected, THREAD_COUNT * ROUND_COUNT);
    assert_int_equal(counted, passed);
    assert_int_equal(figures.rejected, rejected);
    assert_true(figures.changes[TW_BREAKER_CLOSED][TW_BREAKER_OPEN] > 10);
    assert_int_equal(world.changes, figures.generation - 1);
    assert_true(figures.probes <= PROBES_AT_ONCE);
    tw_breaker_check(world.breaker);
    tw_breaker_free(world.breaker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_permit_of_a_million_is_accounted_for)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
