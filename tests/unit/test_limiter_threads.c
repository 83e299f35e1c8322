/* test_limiter_threads.c - real threads on one limiter: nobody gets what is not there, and nothing
 * is lost. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limiter_wants.h"

#define THREAD_COUNT 4
#define ROUND_COUNT 20000
#define AT_ONCE 3
#define BURST 50

struct world {
    tw_limiter *limiter;
    int64_t now_ns;
    uint32_t inside; /* who hold a place of the bulkhead */
    uint32_t most;
    uint64_t granted;
    uint64_t answered;
};

struct worker {
    pthread_t thread;
    struct world *world;
    uint64_t asked;
};

static const tw_limiter_want both = {.parts = {{0, 1}, {1, 1}}, .part_count = 2, .priority = 1};

static void enter_and_leave(struct world *world) {
    uint32_t inside = __atomic_add_fetch(&world->inside, 1, __ATOMIC_ACQ_REL);
    uint32_t most = __atomic_load_n(&world->most, __ATOMIC_RELAXED);
    while (inside > most && !__atomic_compare_exchange_n(&world->most, &most, inside, false,
                                                         __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    (void)__atomic_fetch_add(&world->granted, 1, __ATOMIC_RELAXED);
    (void)__atomic_sub_fetch(&world->inside, 1, __ATOMIC_ACQ_REL);
    tw_limiter_give_back(world->limiter, &both.parts[1], 1,
                         __atomic_load_n(&world->now_ns, __ATOMIC_RELAXED));
}

static void on_answer(void *context, tw_status status, int64_t wait_ns) {
    struct world *world = context;
    (void)wait_ns;
    (void)__atomic_fetch_add(&world->answered, 1, __ATOMIC_RELAXED);
    if (status == TW_OK)
        enter_and_leave(world);
}

static void *work(void *context) {
    struct worker *me = context;
    struct world *world = me->world;
    for (int i = 0; i < ROUND_COUNT; i++) {
        int64_t now_ns = __atomic_add_fetch(&world->now_ns, 5, __ATOMIC_RELAXED);
        tw_limiter_request request;
        tw_limiter_patience patience = {now_ns + 100, on_answer, world};
        if (tw_limiter_take(world->limiter, &both, now_ns, NULL) == TW_OK)
            enter_and_leave(world);
        else if (tw_limiter_ask(world->limiter, &both, now_ns, &patience, &request) == TW_OK &&
                 (i % 5 != 0 || tw_limiter_cancel(world->limiter, request) != TW_OK))
            me->asked++;
        (void)tw_limiter_turn(world->limiter, now_ns);
    }
    return NULL;
}

static void test_rates_and_bulkheads_hold_among_threads(void **state) {
    (void)state;
    struct world world = {0};
    struct worker workers[THREAD_COUNT];
    world.limiter = limiter_of(2, 64);
    (void)rate_of(world.limiter, 1, 20, BURST);
    (void)rate_of(world.limiter, 0, 0, AT_ONCE);
    for (int i = 0; i < THREAD_COUNT; i++) {
        workers[i] = (struct worker){.world = &world};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    uint64_t asked = 0;
    for (int i = 0; i < THREAD_COUNT; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        asked += workers[i].asked;
    }
    tw_limiter_close(world.limiter);
    assert_int_equal(world.answered, asked);
    assert_true(world.most >= 1 && world.most <= AT_ONCE);
    assert_true(world.granted <= BURST + (uint64_t)world.now_ns / 20);
    tw_limiter_bucket_figures figures;
    tw_limiter_bucket_figures_of(world.limiter, 1, world.now_ns, &figures);
    assert_int_equal(figures.tokens, AT_ONCE);
    assert_int_equal(figures.taken, world.granted);
    assert_int_equal(figures.returned, world.granted);
    tw_limiter_check(world.limiter);
    tw_limiter_free(world.limiter);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates_and_bulkheads_hold_among_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
