/*
 * test_pool_upkeep.c - what a pool does with what it holds: validation, ages, leaks, eviction,
 * draining. One test a rule of tradewind/pool.h, in virtual time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pool_lending.h"

/* ---- validation, ages ---- */

static void test_what_lay_idle_is_validated_before_it_is_lent(void **state) {
    (void)state;
    pool_world *world = fixed(2);
    world->now_ns += 499 * MS;
    tw_pool_lease lease = lease_now(world);
    give_back(world, &lease);
    assert_int_equal(world->validated, 0);
    world->now_ns += 500 * MS;
    lease = lease_now(world);
    assert_int_equal(world->validated, 1);
    give_back(world, &lease);
    lease = lease_now(world);
    assert_int_equal(world->validated, 1);
    give_back(world, &lease);
    world_free(world);
}

static void test_what_is_dead_is_closed_and_the_next_is_tried(void **state) {
    (void)state;
    pool_world *world = fixed(3);
    world->now_ns += SECOND;
    world->dead[1] = true;
    world->dead[2] = true;
    tw_pool_lease lease = lease_now(world);
    assert_int_equal(world_number(lease.resource), 3);
    tw_pool_figures figures = figures_of(world);
    assert_int_equal(figures.validations, 3);
    assert_int_equal(figures.validation_failures, 2);
    assert_int_equal(figures.closing, 2);
    assert_int_equal(world->closed, 0); /* not by the caller */
    world_turn(world);
    assert_int_equal(figures_of(world).closed[TW_POOL_INVALID], 2);
    assert_int_equal(world->opened, 5);
    give_back(world, &lease);
    world_free(world);
}

/* Both requests are granted what died meanwhile; both go back to their places, in order. */
static void test_a_waiter_who_got_a_dead_resource_keeps_his_place(void **state) {
    (void)state;
    pool_world *world = fixed(2);
    tw_pool_suspend(world->pool);
    asked asks[3];
    for (int i = 0; i < 3; i++)
        ask_for(world, world->now_ns + 100 * SECOND, &asks[i]);
    world->now_ns += SECOND;
    world->dead[1] = world->dead[2] = true;
    tw_pool_resume(world->pool);
    answer_count = 0;
    world_turn(world);
    assert_int_equal(world->opened, 4);
    assert_int_equal(asks[0].order, 0);
    assert_int_equal(asks[1].order, 1);
    assert_int_equal(asks[1].answers, 1);
    assert_int_equal(asks[2].answers, 0);
    give_back(world, &asks[0].lease);
    world_turn(world);
    give_back(world, &asks[2].lease);
    give_back(world, &asks[1].lease);
    world_free(world);
}

static void resume_and_turn(pool_world *world, int64_t deadline_ns) {
    (void)deadline_ns;
    world->now_ns += 600 * MS;
    tw_pool_resume(world->pool);
    world_turn(world);
}

static void test_a_thread_that_got_a_dead_resource_waits_on(void **state) {
    (void)state;
    pool_world *world = fixed(1);
    world->on_wait = resume_and_turn;
    world->dead[1] = true;
    tw_pool_suspend(world->pool);
    tw_pool_lease lease;
    assert_int_equal(tw_pool_acquire(world->pool, world->now_ns + 10 * SECOND, NULL, &lease, NULL),
                     TW_OK);
    assert_int_equal(world_number(lease.resource), 2);
    give_back(world, &lease);
    world_free(world);
}

static void test_idle_ones_go_down_to_the_minimum_in_small_parts(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(world,
                     (tw_pool_config){.size_min = 2, .size_max = 24, .idle_ns_max = 10 * SECOND});
    asked asks[24];
    for (int i = 0; i < 24; i++)
        ask_for(world, world->now_ns + SECOND, &asks[i]);
    world_turn(world);
    for (int i = 0; i < 24; i++)
        give_back(world, &asks[i].lease);
    assert_int_equal(figures_of(world).idle, 24);
    for (int second = 1; second < 10; second++) {
        world->now_ns += SECOND;
        world_turn(world);
    }
    assert_int_equal(world->closed, 0);
    for (uint32_t second = 0; second < 12; second++) {
        world->now_ns += SECOND;
        world_turn(world);
        uint32_t wanted = (second + 1) * 3; /* an eighth of 24 each second */
        assert_int_equal(world->closed, wanted < 22 ? wanted : 22);
    }
    assert_true(world->open[1] && world->open[2]); /* the lowest stay */
    assert_int_equal(figures_of(world).closed[TW_POOL_IDLE], 22);
    world_free(world);
}

/* Ends of lifetime of a pool of one, seen by when it is replaced. */
static int64_t lifetime_of_first(uint64_t seed) {
    pool_world *world = world_new();
    (void)world_pool(world, (tw_pool_config){.size_min = 1,
                                             .size_max = 1,
                                             .seed = seed,
                                             .lifetime_ns_max = 1000 * MS,
                                             .sweep_ns = MS});
    int64_t begin_ns = world->now_ns;
    while (world->closed == 0) {
        world->now_ns += MS;
        world_turn(world);
    }
    int64_t lifetime_ns = world->now_ns - begin_ns;
    assert_int_equal(figures_of(world).closed[TW_POOL_LIFETIME], 1);
    assert_int_equal(world->opened, 2);
    world_free(world);
    return lifetime_ns;
}

static void test_lifetimes_are_spread_over_the_last_fortieth(void **state) {
    (void)state;
    int64_t least_ns = INT64_MAX;
    int64_t most_ns = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        int64_t lifetime_ns = lifetime_of_first(seed);
        least_ns = lifetime_ns < least_ns ? lifetime_ns : least_ns;
        most_ns = lifetime_ns > most_ns ? lifetime_ns : most_ns;
    }
    assert_true(least_ns >= 975 * MS && least_ns < 980 * MS);
    assert_true(most_ns <= 1000 * MS && most_ns > 995 * MS);
    assert_int_equal(lifetime_of_first(5), lifetime_of_first(5));
}

static void test_a_lifetime_never_ends_in_use(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(world,
                     (tw_pool_config){.size_min = 1, .size_max = 1, .lifetime_ns_max = 5 * SECOND});
    tw_pool_lease lease = lease_now(world);
    for (int i = 0; i < 20; i++) {
        world->now_ns += SECOND;
        world_turn(world);
    }
    assert_int_equal(world->closed, 0);
    give_back(world, &lease);
    assert_int_equal(figures_of(world).closing, 1);
    world_turn(world);
    assert_int_equal(figures_of(world).closed[TW_POOL_LIFETIME], 1);
    world_free(world);
}

static void test_past_its_lifetime_a_resource_is_validated(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(world, (tw_pool_config){.size_min = 1,
                                             .size_max = 1,
                                             .lifetime_ns_max = 5 * SECOND,
                                             .validate_after_ns = 100 * SECOND});
    world->now_ns += 5 * SECOND; /* and no turn comes */
    tw_pool_lease lease = lease_now(world);
    assert_int_equal(world->validated, 1);
    give_back(world, &lease);
    world_free(world);
}

static void test_keep_alive_validates_what_lies_idle(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(
        world,
        (tw_pool_config){.size_min = 2, .size_max = 2, .keepalive_ns = 1000 * MS, .sweep_ns = MS});
    tw_pool_lease used = lease_now(world);
    for (int i = 0; i < 899; i++) {
        world->now_ns += MS;
        world_turn(world);
    }
    assert_int_equal(world->validated, 0);
    for (int i = 0; i < 202; i++) {
        world->now_ns += MS;
        world_turn(world);
    }
    assert_int_equal(world->validated, 1); /* not the one in use */
    world->dead[2] = true;
    for (int i = 0; i < 1101; i++) {
        world->now_ns += MS;
        world_turn(world);
    }
    assert_int_equal(world->validated, 2);
    assert_int_equal(figures_of(world).closed[TW_POOL_INVALID], 1);
    assert_int_equal(figures_of(world).idle, 1); /* replaced */
    give_back(world, &used);
    world_free(world);
}

/* ---- leaks, clocks ---- */

static void count_lease(void *context, const tw_pool_lease_info *info) {
    tw_pool_lease_info *last = context;
    assert_false(info->returned);
    *last = *info;
}

static void test_a_leak_is_told_once_and_so_is_its_return(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(world,
                     (tw_pool_config){.size_min = 2, .size_max = 2, .leak_after_ns = 3 * SECOND});
    tw_pool_lease kept = lease_now(world);
    char site[600];
    (void)snprintf(site, sizeof site, "%s", TW_POOL_SITE);
    for (int i = 0; i < 10; i++) {
        tw_pool_lease brief = lease_now(world);
        world->now_ns += SECOND;
        world_turn(world);
        give_back(world, &brief);
        assert_int_equal(world->leaks, i >= 2);
    }
    assert_ptr_equal(world->last_leak.resource, kept.resource);
    assert_int_equal(world->last_leak.age_ns, 3 * SECOND);
    assert_non_null(strstr(world->last_leak.site, "pool_lending.h:"));
    tw_pool_lease_info seen = {0};
    tw_pool_each_lease(world->pool, count_lease, &seen);
    assert_ptr_equal(seen.resource, kept.resource);
    assert_int_equal(seen.age_ns, 10 * SECOND);
    assert_int_equal(world->leaks_returned, 0);
    give_back(world, &kept);
    assert_int_equal(world->leaks_returned, 1);
    assert_int_equal(world->last_leak.age_ns, 10 * SECOND);
    tw_pool_figures figures = figures_of(world);
    assert_int_equal(figures.leaks, 1);
    assert_int_equal(figures.leaks_returned, 1);
    world_free(world);
}

static void test_a_jump_of_the_clock_makes_no_leak_and_no_storm(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(world, (tw_pool_config){.size_min = 16,
                                             .size_max = 16,
                                             .leak_after_ns = 3 * SECOND,
                                             .idle_ns_max = 60 * SECOND,
                                             .lifetime_ns_max = 600 * SECOND});
    tw_pool_lease kept = lease_now(world);
    world_turn(world);
    world->now_ns += 3600 * SECOND; /* the machine slept */
    (void)tw_pool_turn(world->pool, world->now_ns);
    assert_int_equal(world->leaks, 0);
    assert_int_equal(figures_of(world).clock_jumps, 1);
    assert_int_equal(figures_of(world).closed[TW_POOL_LIFETIME], 2); /* an eighth */
    world_turn(world);
    assert_int_equal(world->closed, 2);
    /* Who asks gets a validated one. */
    uint32_t validated = world->validated;
    tw_pool_lease lease = lease_now(world);
    assert_int_equal(world->validated, validated + 1);
    give_back(world, &lease);
    for (int i = 0; i < 7; i++) {
        world->now_ns += SECOND;
        world_turn(world);
        assert_true(world->closed <= 2 * (uint32_t)(i + 2));
        assert_int_equal(world->leaks, i >= 1); /* 1 s of the sleep, and 2 since */
    }
    give_back(world, &kept);
    world_free(world);
}

/* ---- the pool as a whole ---- */

static void test_while_suspended_callers_wait(void **state) {
    (void)state;
    pool_world *world = fixed(2);
    tw_pool_lease held = lease_now(world);
    tw_pool_suspend(world->pool);
    tw_pool_suspend(world->pool);
    tw_pool_lease lease;
    assert_int_equal(tw_pool_try(world->pool, NULL, &lease), TW_EMPTY);
    assert_int_equal(tw_pool_acquire(world->pool, world->now_ns + MS, NULL, &lease, NULL),
                     TW_TIMEOUT);
    asked asks[2];
    ask_for(world, world->now_ns + SECOND, &asks[0]);
    ask_for(world, world->now_ns + SECOND, &asks[1]);
    give_back(world, &held);
    world_turn(world);
    assert_int_equal(asks[0].answers, 0);
    tw_pool_resume(world->pool);
    tw_pool_resume(world->pool);
    world_turn(world);
    assert_int_equal(asks[0].status, TW_OK);
    assert_int_equal(asks[1].answers, 1);
    give_back(world, &asks[0].lease);
    give_back(world, &asks[1].lease);
    world_free(world);
}

static void test_evicted_ones_are_closed_now_or_when_they_come_back(void **state) {
    (void)state;
    pool_world *world = fixed(3);
    tw_pool_affinity mine = {0};
    tw_pool_lease held;
    assert_int_equal(tw_pool_acquire(world->pool, 0, &mine, &held, NULL), TW_OK);
    assert_int_equal(tw_pool_evict(world->pool), 2);
    assert_int_equal(world->closed, 0);
    world_turn(world);
    assert_int_equal(world->closed, 2);
    assert_int_equal(world->opened, 5);
    tw_pool_lease fresh = lease_now(world);
    assert_true(world_number(fresh.resource) > 3);
    give_back(world, &held);
    assert_int_equal(figures_of(world).closing, 1);
    world_turn(world);
    assert_int_equal(figures_of(world).closed[TW_POOL_EVICTED], 3);
    assert_int_equal(tw_pool_try(world->pool, &mine, &held), TW_OK);
    assert_true(world_number(held.resource) > 3);
    give_back(world, &held);
    give_back(world, &fresh);
    world_free(world);
}

static void evict_while_opening(pool_world *world) {
    if (world->pool != NULL && world->opened == 0)
        (void)tw_pool_evict(world->pool);
}

static void test_what_was_being_opened_is_evicted_too(void **state) {
    (void)state;
    pool_world *world = world_new();
    world->on_open = evict_while_opening;
    (void)world_pool(world, (tw_pool_config){.size_max = 1});
    asked ask;
    ask_for(world, world->now_ns + SECOND, &ask);
    world_turn(world);
    assert_int_equal(world_number(ask.lease.resource), 2);
    assert_int_equal(figures_of(world).closed[TW_POOL_EVICTED], 1);
    give_back(world, &ask.lease);
    world_free(world);
}

static tw_pool_lease to_return;

static void return_while_draining(pool_world *world, int64_t deadline_ns) {
    (void)deadline_ns;
    world->now_ns += MS;
    give_back(world, &to_return);
}

static void test_a_drained_pool_is_closed_to_all(void **state) {
    (void)state;
    pool_world *world = fixed(2);
    to_return = lease_now(world);
    tw_pool_suspend(world->pool);
    asked ask;
    ask_for(world, world->now_ns + SECOND, &ask);
    world->on_wait = return_while_draining;
    uint32_t out = 9;
    assert_int_equal(tw_pool_drain(world->pool, world->now_ns + SECOND, &out), TW_OK);
    assert_int_equal(out, 0);
    assert_int_equal(ask.status, TW_CLOSED);
    assert_int_equal(figures_of(world).closed[TW_POOL_DRAINED], 2);
    tw_pool_lease lease;
    tw_error error = {0};
    assert_int_equal(tw_pool_try(world->pool, NULL, &lease), TW_CLOSED);
    assert_int_equal(tw_pool_acquire(world->pool, 0, NULL, &lease, &error), TW_CLOSED);
    assert_non_null(strstr(error.message, "being closed"));
    assert_int_equal(tw_pool_ask(world->pool, 5, on_lease, &ask, &ask.request), TW_CLOSED);
    tw_pool_resume(world->pool);
    world_turn(world);
    assert_int_equal(world->opened, 2);
    world_free(world);
}

static void test_a_drain_says_how_many_are_still_out(void **state) {
    (void)state;
    pool_world *world = fixed(3);
    tw_pool_lease a = lease_now(world);
    tw_pool_lease b = lease_now(world);
    uint32_t out = 0;
    int64_t deadline_ns = world->now_ns + 20 * MS;
    assert_int_equal(tw_pool_drain(world->pool, deadline_ns, &out), TW_TIMEOUT);
    assert_int_equal(world->now_ns, deadline_ns);
    assert_int_equal(out, 2);
    give_back(world, &a);
    give_back(world, &b);
    assert_int_equal(tw_pool_drain(world->pool, 0, NULL), TW_OK);
    world_free(world);
}

static void drain_from_the_side(pool_world *world, int64_t deadline_ns) {
    (void)deadline_ns;
    assert_int_equal(tw_pool_drain(world->pool, 0, NULL), TW_TIMEOUT);
}

static void test_a_drain_sends_sleepers_home(void **state) {
    (void)state;
    pool_world *world = fixed(1);
    tw_pool_lease held = lease_now(world);
    tw_pool_lease lease;
    world->on_wait = drain_from_the_side;
    assert_int_equal(tw_pool_acquire(world->pool, world->now_ns + SECOND, NULL, &lease, NULL),
                     TW_CLOSED);
    give_back(world, &held);
    world_free(world);
}

/* Stands for another thread that drains just then; the deadline has passed, so it does not wait. */
static void drain_while_answered(void *context, tw_status status, const tw_pool_lease *lease,
                                 const tw_error *error) {
    (void)lease;
    (void)error;
    assert_int_equal(status, TW_TIMEOUT);
    assert_int_equal(tw_pool_drain(((pool_world *)context)->pool, 0, NULL), TW_TIMEOUT);
}

static void test_a_drain_waits_for_an_answer_that_is_being_given(void **state) {
    (void)state;
    pool_world *world = fixed(1);
    tw_pool_lease lease = lease_now(world);
    tw_pool_request request;
    tw_pool_suspend(world->pool);
    assert_int_equal(tw_pool_ask(world->pool, world->now_ns, drain_while_answered, world, &request),
                     TW_OK);
    tw_pool_discard(world->pool, &lease);
    world_turn(world);
    assert_int_equal(tw_pool_drain(world->pool, 0, NULL), TW_OK);
    world_free(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_lay_idle_is_validated_before_it_is_lent),
        cmocka_unit_test(test_what_is_dead_is_closed_and_the_next_is_tried),
        cmocka_unit_test(test_a_waiter_who_got_a_dead_resource_keeps_his_place),
        cmocka_unit_test(test_a_thread_that_got_a_dead_resource_waits_on),
        cmocka_unit_test(test_idle_ones_go_down_to_the_minimum_in_small_parts),
        cmocka_unit_test(test_lifetimes_are_spread_over_the_last_fortieth),
        cmocka_unit_test(test_a_lifetime_never_ends_in_use),
        cmocka_unit_test(test_past_its_lifetime_a_resource_is_validated),
        cmocka_unit_test(test_keep_alive_validates_what_lies_idle),
        cmocka_unit_test(test_a_leak_is_told_once_and_so_is_its_return),
        cmocka_unit_test(test_a_jump_of_the_clock_makes_no_leak_and_no_storm),
        cmocka_unit_test(test_while_suspended_callers_wait),
        cmocka_unit_test(test_evicted_ones_are_closed_now_or_when_they_come_back),
        cmocka_unit_test(test_what_was_being_opened_is_evicted_too),
        cmocka_unit_test(test_a_drained_pool_is_closed_to_all),
        cmocka_unit_test(test_a_drain_says_how_many_are_still_out),
        cmocka_unit_test(test_a_drain_sends_sleepers_home),
        cmocka_unit_test(test_a_drain_waits_for_an_answer_that_is_being_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
