/* test_pool.c - the rules of tradewind/pool.h in virtual time, one test a rule. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "pool_lending.h"

/* ---- creation ---- */

static void test_what_cannot_be_a_pool_is_refused(void **state) {
    (void)state;
    pool_world *world = world_new();
    const tw_pool_config good = {.size_max = 1};
    tw_pool_config bad[] = {good, good, good, good, good, good, good, good};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        world_fill(world, &bad[i]);
    const tw_status wanted[] = {TW_RANGE, TW_RANGE,   TW_RANGE,   TW_RANGE,
                                TW_RANGE, TW_INVALID, TW_INVALID, TW_RANGE};
    bad[0].size_max = 0;
    bad[1].size_max = TW_POOL_SIZE_MAX + 1;
    bad[2].size_min = 2;
    bad[3].waiter_max = TW_POOL_WAITER_MAX + 1;
    bad[4].idle_ns_max = -1;
    bad[5].resource.open = NULL;
    bad[6].resource.close = NULL;
    bad[7].sweep_ns = TW_POOL_NS_MAX + 1;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tw_pool *pool = NULL;
        tw_error error = {0};
        assert_int_equal(tw_pool_new(NULL, &bad[i], &pool, &error), wanted[i]);
        assert_null(pool);
        assert_int_equal(error.status, wanted[i]);
        assert_true(error.message[0] != '\0');
    }
    world_free(world);
}

static void test_the_largest_pool_can_be(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(world, (tw_pool_config){.size_min = TW_POOL_SIZE_MAX,
                                             .size_max = TW_POOL_SIZE_MAX,
                                             .waiter_max = TW_POOL_WAITER_MAX,
                                             .lifetime_ns_max = TW_POOL_NS_MAX,
                                             .idle_ns_max = TW_POOL_NS_MAX,
                                             .sweep_ns = TW_POOL_NS_MAX});
    assert_int_equal(figures_of(world).idle, TW_POOL_SIZE_MAX);
    world_free(world);
}

static void test_a_start_opens_as_it_says(void **state) {
    (void)state;
    pool_world *world = world_new();
    tw_pool_config config = {.size_min = 3, .size_max = 5, .start = TW_POOL_START_LATER};
    world_fill(world, &config);
    assert_int_equal(tw_pool_new(NULL, &config, &world->pool, NULL), TW_OK);
    assert_int_equal(world->opened, 0);
    assert_int_equal(tw_pool_next_ns(world->pool), 0);
    world_turn(world);
    assert_int_equal(world->opened, 3);
    tw_pool_free(world->pool);
    world->pool = NULL;

    config.start = TW_POOL_START_TRY;
    world->open_failures_left = 1;
    assert_int_equal(tw_pool_new(NULL, &config, &world->pool, NULL), TW_OK);
    assert_int_equal(figures_of(world).open_failures, 1);
    tw_pool_free(world->pool);
    world->pool = NULL;
    world_free(world);
}

static uint32_t opens_before_failure;

static void fail_the_third(pool_world *world) {
    if (opens_before_failure-- == 0)
        world->open_failures_left = 1;
}

static void test_a_start_that_must_open_fails_with_the_opening(void **state) {
    (void)state;
    pool_world *world = world_new();
    tw_pool_config config = {.size_min = 3, .size_max = 5, .start = TW_POOL_START_MUST};
    world_fill(world, &config);
    world->on_open = fail_the_third;
    opens_before_failure = 2;
    tw_error error = {0};
    tw_pool *pool = NULL;
    assert_int_equal(tw_pool_new(NULL, &config, &pool, &error), tw_status_from_errno(111));
    assert_null(pool);
    assert_non_null(strstr(error.message, "paper mill"));
    assert_int_equal(world->opened, 2);
    world_free(world); /* both are closed again */
}

/* ---- lending ---- */

static void test_without_affinity_the_lowest_idle_is_lent(void **state) {
    (void)state;
    pool_world *world = fixed(3);
    tw_pool_lease a = lease_now(world);
    tw_pool_lease b = lease_now(world);
    assert_int_equal(world_number(a.resource), 1);
    assert_int_equal(world_number(b.resource), 2);
    give_back(world, &a);
    tw_pool_lease c = lease_now(world);
    assert_int_equal(world_number(c.resource), 1);
    give_back(world, &c);
    give_back(world, &b);
    world_free(world);
}

static void test_affinity_gets_the_last_resource_again(void **state) {
    (void)state;
    pool_world *world = fixed(3);
    tw_pool_affinity one = {0};
    tw_pool_affinity two = {0};
    tw_pool_lease a;
    tw_pool_lease b;
    assert_int_equal(tw_pool_acquire(world->pool, 0, &one, &a, NULL), TW_OK);
    assert_int_equal(tw_pool_try(world->pool, &two, &b), TW_OK);
    give_back(world, &a);
    give_back(world, &b);
    assert_int_equal(tw_pool_acquire(world->pool, 0, &two, &b, NULL), TW_OK);
    assert_int_equal(world_number(b.resource), 2);
    tw_pool_affinity three = two; /* somebody else has it */
    assert_int_equal(tw_pool_acquire(world->pool, 0, &three, &a, NULL), TW_OK);
    assert_int_equal(world_number(a.resource), 1);
    give_back(world, &a);
    give_back(world, &b);
    world_free(world);
}

static void test_trying_neither_waits_nor_opens(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(world, (tw_pool_config){.size_max = 2});
    tw_pool_lease lease = {.slot = 77};
    assert_int_equal(tw_pool_try(world->pool, NULL, &lease), TW_EMPTY);
    assert_int_equal(lease.slot, 77);
    assert_int_equal(world->opened, 0);
    assert_int_equal(figures_of(world).pending, 0);
    world_free(world);
}

static void test_a_deadline_ends_the_wait_exactly(void **state) {
    (void)state;
    pool_world *world = fixed(1);
    tw_pool_lease held = lease_now(world);
    tw_pool_lease lease;
    tw_error error = {0};
    int64_t deadline_ns = world->now_ns + 30 * MS;
    assert_int_equal(tw_pool_acquire(world->pool, deadline_ns, NULL, &lease, &error), TW_TIMEOUT);
    assert_int_equal(world->now_ns, deadline_ns);
    assert_int_equal(error.status, TW_TIMEOUT);
    assert_non_null(strstr(error.message, "none of 1 resources"));
    assert_int_equal(tw_pool_acquire(world->pool, 5, NULL, &lease, NULL), TW_TIMEOUT);
    assert_int_equal(world->now_ns, deadline_ns);
    assert_int_equal(figures_of(world).timeouts, 2);
    assert_int_equal(figures_of(world).pending, 0);
    give_back(world, &held);
    world_free(world);
}

static void test_a_timeout_tells_why_opening_fails(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(world, (tw_pool_config){.size_max = 1});
    asked ask;
    world->open_failures_left = 1;
    ask_for(world, world->now_ns + 50 * MS, &ask);
    world_turn(world);
    world->now_ns += 50 * MS;
    world_turn(world);
    assert_int_equal(ask.status, TW_TIMEOUT);
    assert_non_null(strstr(ask.error.message, "paper mill"));
    assert_int_equal(ask.error.os_errno, 111);
    tw_pool_lease lease;
    tw_error error = {0};
    assert_int_equal(tw_pool_acquire(world->pool, 0, NULL, &lease, &error), TW_TIMEOUT);
    assert_non_null(strstr(error.message, "paper mill"));
    /* After a success there is nothing to tell. */
    world->now_ns += SECOND;
    ask_for(world, world->now_ns + SECOND, &ask);
    world_turn(world);
    assert_int_equal(ask.status, TW_OK);
    assert_int_equal(tw_pool_acquire(world->pool, 0, NULL, &lease, &error), TW_TIMEOUT);
    assert_null(strstr(error.message, "paper mill"));
    give_back(world, &ask.lease);
    world_free(world);
}

static tw_pool_lease to_return;

static void return_it_after_7_ms(pool_world *world, int64_t deadline_ns) {
    world->now_ns += 7 * MS;
    assert_true(world->now_ns < deadline_ns);
    give_back(world, &to_return);
}

static void test_what_comes_back_serves_who_waits(void **state) {
    (void)state;
    pool_world *world = fixed(1);
    to_return = lease_now(world);
    world->on_wait = return_it_after_7_ms;
    tw_pool_lease lease;
    assert_int_equal(tw_pool_acquire(world->pool, world->now_ns + SECOND, NULL, &lease, NULL),
                     TW_OK);
    assert_int_equal(world_number(lease.resource), 1);
    assert_int_equal(world->last_wait_ns, 7 * MS);
    tw_pool_figures figures = figures_of(world);
    assert_int_equal(figures.waited, 1);
    assert_int_equal(figures.wait_ns_sum, 7 * MS);
    assert_int_equal(figures.wait_ns_max, 7 * MS);
    assert_int_equal(figures.use_ns_max, 7 * MS);
    assert_int_equal(figures.acquired, 2);
    world->now_ns += 3 * MS;
    give_back(world, &lease);
    assert_int_equal(world->last_use_ns, 3 * MS);
    assert_int_equal(figures_of(world).use_ns_sum, 10 * MS);
    world_free(world);
}

/* ---- fairness ---- */

#define CROWD 40

/* The crowd asks; resources come back in a scattered order; answers come in the order of asking. */
static void test_grants_come_in_the_order_of_requests(void **state) {
    (void)state;
    pool_world *world = fixed(4);
    tw_pool_lease held[4];
    asked crowd[CROWD];
    for (int i = 0; i < 4; i++)
        held[i] = lease_now(world);
    for (int i = 0; i < CROWD; i++)
        ask_for(world, world->now_ns + 100 * SECOND, &crowd[i]);
    assert_int_equal(figures_of(world).pending, CROWD);
    answer_count = 0;
    for (int i = 0; i < 4; i++)
        give_back(world, &held[(i * 3 + 1) % 4]);
    world_turn(world);
    for (uint32_t i = 0; i < CROWD; i++) {
        uint32_t pick = i / 4 * 4 + (i * 3 + 2) % 4; /* any one of the four that are out */
        assert_int_equal(crowd[i].answers, 1);
        give_back(world, &crowd[pick].lease);
        world_turn(world);
    }
    for (uint32_t i = 0; i < CROWD; i++)
        assert_int_equal(crowd[i].order, i);
    world_free(world);
}

typedef struct mixed {
    asked before;
    asked after;
    tw_pool_lease held;
    uint32_t step;
} mixed;

/* While the thread sleeps: one more asks behind it, then the resource comes back twice. */
static void act_behind_a_sleeper(pool_world *world, int64_t deadline_ns) {
    mixed *scene = world->more;
    (void)deadline_ns;
    switch (scene->step++) {
    case 0:
        ask_for(world, world->now_ns + SECOND, &scene->after);
        give_back(world, &scene->held);
        world_turn(world);
        assert_int_equal(scene->before.answers, 1);
        break;
    case 1:
        give_back(world, &scene->before.lease);
        world_turn(world);
        assert_int_equal(scene->after.answers, 0);
        break;
    default:
        fail_msg("the thread should have been served");
    }
}

static void test_threads_and_requests_stand_in_one_queue(void **state) {
    (void)state;
    pool_world *world = fixed(1);
    mixed scene = {.held = lease_now(world)};
    world->more = &scene;
    world->on_wait = act_behind_a_sleeper;
    ask_for(world, world->now_ns + SECOND, &scene.before);
    tw_pool_lease lease;
    assert_int_equal(tw_pool_acquire(world->pool, world->now_ns + SECOND, NULL, &lease, NULL),
                     TW_OK);
    give_back(world, &lease);
    world_turn(world);
    assert_int_equal(scene.after.answers, 1);
    give_back(world, &scene.after.lease);
    world_free(world);
}

static void test_nobody_takes_anything_past_a_waiter(void **state) {
    (void)state;
    pool_world *world = fixed(2);
    tw_pool_affinity mine = {0};
    tw_pool_lease a;
    tw_pool_lease b = {0};
    assert_int_equal(tw_pool_acquire(world->pool, 0, &mine, &a, NULL), TW_OK);
    tw_pool_lease other = lease_now(world);
    asked ask;
    ask_for(world, world->now_ns + SECOND, &ask);
    give_back(world, &a); /* goes to the request, although nobody has answered it yet */
    assert_int_equal(tw_pool_try(world->pool, &mine, &b), TW_EMPTY);
    assert_int_equal(tw_pool_acquire(world->pool, 0, &mine, &b, NULL), TW_TIMEOUT);
    world_turn(world);
    assert_int_equal(ask.status, TW_OK);
    give_back(world, &ask.lease);
    give_back(world, &other);
    world_free(world);
}

static void test_a_full_queue_refuses(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(world, (tw_pool_config){.size_min = 1, .size_max = 1, .waiter_max = 2});
    tw_pool_lease held = lease_now(world);
    asked asks[3];
    ask_for(world, world->now_ns + SECOND, &asks[0]);
    ask_for(world, world->now_ns + SECOND, &asks[1]);
    tw_pool_lease lease;
    tw_error error = {0};
    assert_int_equal(tw_pool_ask(world->pool, 5, on_lease, &asks[2], &asks[2].request), TW_FULL);
    assert_int_equal(tw_pool_acquire(world->pool, world->now_ns + 1, NULL, &lease, &error),
                     TW_FULL);
    assert_non_null(strstr(error.message, "2 callers wait"));
    assert_int_equal(figures_of(world).refused, 2);
    assert_int_equal(tw_pool_cancel(world->pool, asks[0].request), TW_OK);
    ask_for(world, world->now_ns + SECOND, &asks[2]); /* there is room again */
    assert_int_equal(tw_pool_cancel(world->pool, asks[1].request), TW_OK);
    assert_int_equal(tw_pool_cancel(world->pool, asks[2].request), TW_OK);
    give_back(world, &held);
    world_free(world);
}

/* ---- growth ---- */

static void test_growth_stops_at_the_limit(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(world, (tw_pool_config){.size_max = 3});
    asked asks[5];
    for (int i = 0; i < 5; i++)
        ask_for(world, world->now_ns + SECOND, &asks[i]);
    assert_int_equal(tw_pool_turn(world->pool, world->now_ns), 1); /* one a turn */
    assert_int_equal(world->opened, 1);
    world_turn(world);
    assert_int_equal(world->opened, 3);
    assert_int_equal(asks[2].answers, 1);
    assert_int_equal(asks[3].answers, 0);
    for (int i = 0; i < 5; i++) {
        give_back(world, &asks[i].lease);
        world_turn(world);
    }
    assert_int_equal(world->opened, 3);
    world_free(world);
}

static void test_nothing_is_opened_for_who_went_away(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(world, (tw_pool_config){.size_max = 3});
    asked ask;
    ask_for(world, world->now_ns + SECOND, &ask);
    assert_int_equal(tw_pool_next_ns(world->pool), 0);
    assert_int_equal(tw_pool_cancel(world->pool, ask.request), TW_OK);
    assert_true(tw_pool_next_ns(world->pool) > world->now_ns);
    world_turn(world);
    assert_int_equal(world->opened, 0);
    world_free(world);
}

/* The spike: 50 requests at once, an opening takes 150 ms, a use 2 ms. */
#define SPIKE 50

typedef struct spike {
    asked asks[SPIKE];
    int64_t ends_ns[SPIKE]; /* of the use; 0: not begun, or over */
    uint32_t over;
} spike;

static void spike_begin_uses(pool_world *world) {
    spike *scene = world->more;
    for (int i = 0; i < SPIKE; i++) {
        if (scene->asks[i].lease.pool != NULL && scene->ends_ns[i] == 0)
            scene->ends_ns[i] = world->now_ns + 2 * MS;
    }
}

/* Lets time pass until then: uses end, and another thread keeps house while one opens. */
static void spike_run_until(pool_world *world, int64_t until_ns) {
    spike *scene = world->more;
    for (; world->now_ns < until_ns; world->now_ns += MS) {
        for (int i = 0; i < SPIKE; i++) {
            if (scene->asks[i].lease.pool == NULL || world->now_ns < scene->ends_ns[i])
                continue;
            give_back(world, &scene->asks[i].lease);
            scene->over++;
        }
        (void)tw_pool_turn(world->pool, world->now_ns);
        spike_begin_uses(world);
    }
}

static void spike_open(pool_world *world) {
    if (world->pool != NULL)
        spike_run_until(world, world->now_ns + 150 * MS);
}

static void test_a_spike_of_short_uses_makes_one_connection(void **state) {
    (void)state;
    pool_world *world = world_new();
    spike *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    world->more = scene;
    world->on_open = spike_open;
    (void)world_pool(world, (tw_pool_config){.size_min = 5, .size_max = 50});
    for (int i = 0; i < SPIKE; i++)
        ask_for(world, world->now_ns + 30 * SECOND, &scene->asks[i]);
    while (scene->over < SPIKE) {
        (void)tw_pool_turn(world->pool, world->now_ns);
        spike_begin_uses(world);
        spike_run_until(world, world->now_ns + MS);
    }
    assert_int_equal(world->opened, 6);
    for (int i = 0; i < SPIKE; i++)
        assert_int_equal(scene->asks[i].status, TW_OK);
    world_free(world);
    free(scene);
}

static void test_failed_openings_back_off_to_a_cap(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(
        world,
        (tw_pool_config){.size_max = 1, .backoff_ns_min = 10 * MS, .backoff_ns_max = 35 * MS});
    const int64_t waits_ns[] = {10 * MS, 20 * MS, 35 * MS, 35 * MS};
    asked ask;
    ask_for(world, world->now_ns + 10 * SECOND, &ask);
    world->open_failures_left = 4;
    for (int i = 0; i < 4; i++) {
        world_turn(world);
        assert_int_equal(figures_of(world).open_failures, (uint64_t)i + 1);
        assert_int_equal(tw_pool_next_ns(world->pool), world->now_ns + waits_ns[i]);
        world->now_ns += waits_ns[i] - 1;
        assert_int_equal(tw_pool_turn(world->pool, world->now_ns), 0);
        world->now_ns += 1;
    }
    world_turn(world);
    assert_int_equal(ask.status, TW_OK);
    /* After a success the next failure waits the shortest time again. */
    tw_pool_discard(world->pool, &ask.lease);
    world_turn(world);
    ask_for(world, world->now_ns + 10 * SECOND, &ask);
    world->open_failures_left = 1;
    world_turn(world);
    assert_int_equal(tw_pool_next_ns(world->pool), world->now_ns + 10 * MS);
    assert_int_equal(tw_pool_cancel(world->pool, ask.request), TW_OK);
    world_free(world);
}

static void test_a_caller_opens_if_the_owner_says_so(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(
        world, (tw_pool_config){.size_max = 2, .caller_opens = true, .backoff_ns_min = 10 * MS});
    world->open_failures_left = 2;
    int64_t begin_ns = world->now_ns;
    tw_pool_lease a;
    assert_int_equal(tw_pool_acquire(world->pool, begin_ns + SECOND, NULL, &a, NULL), TW_OK);
    assert_int_equal(world->now_ns, begin_ns + 30 * MS); /* two waits, 10 and 20 ms */
    tw_pool_lease b;
    assert_int_equal(tw_pool_acquire(world->pool, world->now_ns + 1, NULL, &b, NULL), TW_OK);
    tw_pool_lease c;
    assert_int_equal(tw_pool_acquire(world->pool, world->now_ns + MS, NULL, &c, NULL), TW_TIMEOUT);
    assert_int_equal(world->opened, 2);
    tw_pool_discard(world->pool, &a);
    assert_int_equal(world->closed, 1); /* by the caller, at once */
    give_back(world, &b);
    assert_int_equal(tw_pool_evict(world->pool), 1);
    assert_int_equal(world->closed, 2);
    assert_int_equal(world->work, 0);
    world_free(world);
}

static void open_while_another_waits(pool_world *world) {
    mixed *scene = world->more;
    if (scene->step++ == 0)
        give_back(world, &scene->held); /* comes back while the caller opens */
}

static void test_a_caller_who_opens_keeps_what_came_back_for_him(void **state) {
    (void)state;
    pool_world *world = world_new();
    mixed scene = {.step = 1};
    world->more = &scene;
    world->on_open = open_while_another_waits;
    (void)world_pool(world, (tw_pool_config){.size_max = 2, .caller_opens = true});
    scene.step = 1;
    tw_pool_lease lease;
    assert_int_equal(tw_pool_acquire(world->pool, world->now_ns + 1, NULL, &scene.held, NULL),
                     TW_OK);
    scene.step = 0;
    assert_int_equal(tw_pool_acquire(world->pool, world->now_ns + 1, NULL, &lease, NULL), TW_OK);
    assert_int_equal(world_number(lease.resource), 1);
    assert_int_equal(figures_of(world).idle, 1); /* what he opened is for others */
    give_back(world, &lease);
    world_free(world);
}

static void discard_under_a_sleeper(pool_world *world, int64_t deadline_ns) {
    uint32_t wakes = world->wakes;
    assert_int_equal(world->opened, 1);
    world->now_ns += MS;
    assert_true(world->now_ns < deadline_ns);
    tw_pool_discard(world->pool, &to_return);
    assert_true(world->wakes > wakes); /* there is room now, and nobody else would open */
}

static void test_a_sleeper_is_woken_to_open_when_there_is_room(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(world, (tw_pool_config){.size_max = 1, .caller_opens = true});
    tw_pool_lease lease;
    assert_int_equal(tw_pool_acquire(world->pool, world->now_ns + 1, NULL, &to_return, NULL),
                     TW_OK);
    world->on_wait = discard_under_a_sleeper;
    assert_int_equal(tw_pool_acquire(world->pool, world->now_ns + SECOND, NULL, &lease, NULL),
                     TW_OK);
    assert_int_equal(world_number(lease.resource), 2);
    give_back(world, &lease);
    world_free(world);
}

/* ---- returning ---- */

static void test_only_what_is_dirty_is_reset(void **state) {
    (void)state;
    pool_world *world = fixed(1);
    tw_pool_lease lease = lease_now(world);
    give_back(world, &lease);
    assert_int_equal(world->reset, 0);
    lease = lease_now(world);
    lease.dirty |= 5;
    give_back(world, &lease);
    assert_int_equal(world->reset, 1);
    assert_int_equal(world->last_dirty, 5);
    lease = lease_now(world);
    assert_int_equal(lease.dirty, 0);
    lease.dirty = 1;
    world->reset_fails = true;
    give_back(world, &lease);
    world_turn(world);
    assert_int_equal(figures_of(world).closed[TW_POOL_UNRESET], 1);
    assert_int_equal(world->opened, 2);
    world_free(world);
}

static void test_a_dirty_resource_that_cannot_be_reset_is_closed(void **state) {
    (void)state;
    pool_world *world = world_new();
    tw_pool_config config = {.size_min = 1, .size_max = 1, .start = TW_POOL_START_MUST};
    world_fill(world, &config);
    config.resource.reset = NULL;
    assert_int_equal(tw_pool_new(NULL, &config, &world->pool, NULL), TW_OK);
    tw_pool_lease lease = lease_now(world);
    lease.dirty = 1;
    give_back(world, &lease);
    world_turn(world);
    assert_int_equal(figures_of(world).closed[TW_POOL_UNRESET], 1);
    world_free(world);
}

static void test_a_discarded_resource_is_not_lent_again(void **state) {
    (void)state;
    pool_world *world = fixed(1);
    tw_pool_lease lease = lease_now(world);
    lease.dirty = 1;
    tw_pool_discard(world->pool, &lease);
    assert_int_equal(world->reset, 0);
    assert_int_equal(tw_pool_try(world->pool, NULL, &lease), TW_EMPTY);
    world_turn(world);
    assert_int_equal(figures_of(world).closed[TW_POOL_BROKEN], 1);
    lease = lease_now(world);
    assert_int_equal(world_number(lease.resource), 2);
    give_back(world, &lease);
    world_free(world);
}

/* ---- requests ---- */

static void test_a_request_can_be_taken_back_until_it_is_answered(void **state) {
    (void)state;
    pool_world *world = fixed(1);
    asked first;
    asked second;
    ask_for(world, world->now_ns + SECOND, &first); /* granted, not answered */
    ask_for(world, world->now_ns + SECOND, &second);
    assert_int_equal(tw_pool_cancel(world->pool, first.request), TW_OK);
    assert_int_equal(tw_pool_cancel(world->pool, first.request), TW_NOT_FOUND);
    world_turn(world);
    assert_int_equal(first.answers, 0);
    assert_int_equal(second.answers, 1); /* got what the other had been granted */
    assert_int_equal(tw_pool_cancel(world->pool, second.request), TW_NOT_FOUND);
    assert_int_equal(figures_of(world).cancelled, 1);
    give_back(world, &second.lease);
    world_free(world);
}

static void test_a_request_ends_at_its_deadline(void **state) {
    (void)state;
    pool_world *world = fixed(1);
    tw_pool_lease held = lease_now(world);
    asked ask;
    ask_for(world, world->now_ns + 300 * MS, &ask);
    assert_int_equal(tw_pool_next_ns(world->pool), world->now_ns + 300 * MS);
    world->now_ns += 300 * MS - 1;
    world_turn(world);
    assert_int_equal(ask.answers, 0);
    world->now_ns += 1;
    world_turn(world);
    assert_int_equal(ask.status, TW_TIMEOUT);
    assert_int_equal(figures_of(world).timeouts, 1);
    give_back(world, &held);
    world_free(world);
}

static void test_the_owner_is_told_once_of_what_lasts(void **state) {
    (void)state;
    pool_world *world = world_new();
    (void)world_pool(world, (tw_pool_config){.size_max = 4});
    asked asks[3];
    uint32_t told = world->work;
    ask_for(world, world->now_ns + SECOND, &asks[0]);
    assert_int_equal(world->work, told + 1);
    world_turn(world);
    assert_int_equal(asks[0].answers, 1);
    told = world->work;
    tw_pool_lease lease;
    assert_int_equal(tw_pool_acquire(world->pool, 0, NULL, &lease, NULL), TW_TIMEOUT);
    assert_int_equal(world->work, told + 1); /* somebody had nothing */
    told = world->work;
    tw_pool_discard(world->pool, &asks[0].lease);
    assert_int_equal(world->work, told + 1); /* something is to be closed */
    assert_int_equal(tw_pool_evict(world->pool), 0);
    assert_int_equal(world->work, told + 1); /* still the same */
    world_turn(world);
    assert_int_equal(world->closed, 1);
    world_free(world);
}

/* ---- misuse, memory ---- */

static bool stops_the_program(void (*misuse)(pool_world *world)) {
    pool_world *world = fixed(2);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        misuse(world);
        _exit(0);
    }
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    world_free(world);
    return WIFSIGNALED(result) && WTERMSIG(result) == SIGABRT;
}

static void release_twice(pool_world *world) {
    tw_pool_lease lease = lease_now(world);
    tw_pool_release(world->pool, &lease);
    tw_pool_release(world->pool, &lease);
}

static void release_a_copy(pool_world *world) {
    tw_pool_lease lease = lease_now(world);
    tw_pool_lease copy = lease;
    tw_pool_release(world->pool, &lease);
    lease = lease_now(world); /* the same resource, another lease */
    tw_pool_release(world->pool, &copy);
}

static void release_a_foreign_lease(pool_world *world) {
    pool_world *other = fixed(1);
    tw_pool_lease lease = lease_now(other);
    (void)lease_now(world);
    tw_pool_release(world->pool, &lease);
}

static void free_with_a_lease_out(pool_world *world) {
    (void)lease_now(world);
    tw_pool_free(world->pool);
}

static void free_with_a_request_open(pool_world *world) {
    asked ask;
    ask_for(world, world->now_ns + SECOND, &ask);
    tw_pool_free(world->pool);
}

static void wait_for_ever(pool_world *world) {
    tw_pool_lease lease;
    (void)!tw_pool_acquire(world->pool, TW_WAIT_FOREVER, NULL, &lease, NULL);
}

static void test_misuse_stops_the_program(void **state) {
    (void)state;
    assert_true(stops_the_program(release_twice));
    assert_true(stops_the_program(release_a_copy));
    assert_true(stops_the_program(release_a_foreign_lease));
    assert_true(stops_the_program(free_with_a_lease_out));
    assert_true(stops_the_program(free_with_a_request_open));
    assert_true(stops_the_program(wait_for_ever));
}

static tw_status make_use_and_free(const tw_allocator *allocator, void *context) {
    pool_world *world = context;
    tw_pool_config config = {.size_min = 2, .size_max = 3, .start = TW_POOL_START_MUST};
    world_fill(world, &config);
    TW_AUTO(tw_pool) *pool = NULL;
    tw_status status = tw_pool_new(allocator, &config, &pool, NULL);
    if (status != TW_OK)
        return status;
    tw_pool_lease lease;
    status = tw_pool_acquire(pool, world->now_ns, NULL, &lease, NULL);
    if (status == TW_OK)
        tw_pool_release(pool, &lease);
    return status;
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    pool_world *world = world_new();
    assert_survives_failed_allocations(make_use_and_free, world);
    world_free(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be_a_pool_is_refused),
        cmocka_unit_test(test_the_largest_pool_can_be),
        cmocka_unit_test(test_a_start_opens_as_it_says),
        cmocka_unit_test(test_a_start_that_must_open_fails_with_the_opening),
        cmocka_unit_test(test_without_affinity_the_lowest_idle_is_lent),
        cmocka_unit_test(test_affinity_gets_the_last_resource_again),
        cmocka_unit_test(test_trying_neither_waits_nor_opens),
        cmocka_unit_test(test_a_deadline_ends_the_wait_exactly),
        cmocka_unit_test(test_a_timeout_tells_why_opening_fails),
        cmocka_unit_test(test_what_comes_back_serves_who_waits),
        cmocka_unit_test(test_grants_come_in_the_order_of_requests),
        cmocka_unit_test(test_threads_and_requests_stand_in_one_queue),
        cmocka_unit_test(test_nobody_takes_anything_past_a_waiter),
        cmocka_unit_test(test_a_full_queue_refuses),
        cmocka_unit_test(test_growth_stops_at_the_limit),
        cmocka_unit_test(test_nothing_is_opened_for_who_went_away),
        cmocka_unit_test(test_a_spike_of_short_uses_makes_one_connection),
        cmocka_unit_test(test_failed_openings_back_off_to_a_cap),
        cmocka_unit_test(test_a_caller_opens_if_the_owner_says_so),
        cmocka_unit_test(test_a_caller_who_opens_keeps_what_came_back_for_him),
        cmocka_unit_test(test_a_sleeper_is_woken_to_open_when_there_is_room),
        cmocka_unit_test(test_only_what_is_dirty_is_reset),
        cmocka_unit_test(test_a_dirty_resource_that_cannot_be_reset_is_closed),
        cmocka_unit_test(test_a_discarded_resource_is_not_lent_again),
        cmocka_unit_test(test_a_request_can_be_taken_back_until_it_is_answered),
        cmocka_unit_test(test_a_request_ends_at_its_deadline),
        cmocka_unit_test(test_the_owner_is_told_once_of_what_lasts),
        cmocka_unit_test(test_misuse_stops_the_program),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
