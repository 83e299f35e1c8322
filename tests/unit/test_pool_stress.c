/*
 * test_pool_stress.c - 64 threads on 8 resources: nothing is lent twice, lost, or withheld.
 *
 *     test_pool_stress            a bounded number of leases, about a second
 *     test_pool_stress SECONDS    the same again and again, from other seeds, for so long
 *
 * The environment variable TRADEWIND_STRESS_SECONDS says the same as the argument. Resources keep
 * a plain count of their uses, so that the thread sanitiser sees two users at once; random choices
 * come from seeds, the interleaving from the machine.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/pool.h"
#include "tradewind/time.h"

#define THREAD_COUNT 64
#define RESOURCE_COUNT 8
#define LEASE_COUNT 24000                    /* of a quiet run, all threads together */
#define CHAOS_COUNT 200                      /* rounds of one thread of a wild run */
#define PATIENCE_NS (100 * TW_NS_PER_SECOND) /* nobody waits that long unless he was forgotten */

typedef struct resource {
    uint64_t uses; /* of whoever has the lease */
    uint32_t users;
    bool open;
} resource;

typedef struct stress {
    tw_pool *pool;
    uint64_t seed;
    bool wild; /* openings fail and resources die */
    uint32_t stop;
    uint32_t work; /* what the owner waits on */
    uint64_t leases;
    uint64_t asked;    /* requests made */
    uint64_t answered; /* or taken back */
    uint32_t wrong;    /* broken promises */
    uint32_t resources_open;
    uint32_t resources_most;
    uint64_t chances;
    pthread_barrier_t barrier;
} stress;

typedef struct worker {
    stress *shared;
    pthread_t thread;
    uint64_t seed;
    uint64_t leases;
    uint64_t number;
} worker;

static uint64_t scattered(uint64_t i) {
    uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void expect(stress *shared, bool condition) {
    if (!condition)
        __atomic_fetch_add(&shared->wrong, 1, __ATOMIC_RELAXED);
}

/* One in `odds`, in a wild run. */
static bool by_chance(stress *shared, uint64_t odds) {
    uint64_t number = __atomic_fetch_add(&shared->chances, 1, __ATOMIC_RELAXED);
    return shared->wild && scattered(shared->seed + number) % odds == 0;
}

/* ---- the resource ---- */

static tw_status stress_open(void *context, int64_t deadline_ns, void **ret_resource,
                             tw_error *error) {
    stress *shared = context;
    (void)deadline_ns;
    sched_yield();
    if (by_chance(shared, 3))
        return tw_error_set(error, TW_REFUSED, "not this time");
    resource *made = calloc(1, sizeof *made);
    if (made == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory");
    made->open = true;
    uint32_t open = __atomic_add_fetch(&shared->resources_open, 1, __ATOMIC_RELAXED);
    expect(shared, open <= RESOURCE_COUNT);
    *ret_resource = made;
    return TW_OK;
}

static void stress_close(void *context, void *resource_) {
    stress *shared = context;
    resource *gone = resource_;
    expect(shared, gone->open && gone->users == 0);
    gone->open = false;
    __atomic_fetch_sub(&shared->resources_open, 1, __ATOMIC_RELAXED);
    free(gone);
}

static bool stress_validate(void *context, void *resource_, int64_t deadline_ns) {
    const resource *asked = resource_;
    (void)deadline_ns;
    expect(context, asked->open && asked->users == 0);
    return !by_chance(context, 50);
}

static bool stress_reset(void *context, void *resource_, uint32_t dirty) {
    resource *asked = resource_;
    expect(context, asked->open && dirty == 7);
    asked->uses++;
    return !by_chance(context, 20);
}

static void stress_on_work(void *context) {
    stress *shared = context;
    __atomic_fetch_add(&shared->work, 1, __ATOMIC_RELEASE);
    tw_waiter_wake(NULL, &shared->work, 1);
}

/* ---- the owner ---- */

static void *own(void *context) {
    stress *shared = context;
    while (__atomic_load_n(&shared->stop, __ATOMIC_ACQUIRE) == 0) {
        uint32_t work = __atomic_load_n(&shared->work, __ATOMIC_ACQUIRE);
        (void)tw_pool_turn(shared->pool, tw_waiter_now_ns(NULL));
        int64_t next_ns = tw_pool_next_ns(shared->pool);
        if (next_ns > tw_waiter_now_ns(NULL))
            tw_waiter_wait(NULL, &shared->work, work, next_ns);
    }
    return NULL;
}

static void make_pool(stress *shared, bool caller_opens) {
    tw_pool_config config = {
        .resource = {stress_open, stress_close, stress_validate, stress_reset, shared},
        .hooks = {.on_work = stress_on_work, .context = shared},
        .size_min = 2,
        .size_max = RESOURCE_COUNT,
        .caller_opens = caller_opens,
        .seed = shared->seed,
        .validate_after_ns = shared->wild ? 1 : 0,
        .idle_ns_max = shared->wild ? TW_NS_PER_MS : 0,
        .lifetime_ns_max = shared->wild ? 5 * TW_NS_PER_MS : 0,
        .keepalive_ns = shared->wild ? TW_NS_PER_MS : 0,
        .leak_after_ns = shared->wild ? TW_NS_PER_MS : 0,
        .backoff_ns_min = TW_NS_PER_MS / 10,
        .backoff_ns_max = TW_NS_PER_MS,
        .sweep_ns = TW_NS_PER_MS};
    tw_status status = tw_pool_new(NULL, &config, &shared->pool, NULL);
    assert_int_equal(status, TW_OK);
    assert_int_equal(pthread_barrier_init(&shared->barrier, NULL, THREAD_COUNT), 0);
}

/* ---- the workers ---- */

static void use(stress *shared, const tw_pool_lease *lease) {
    resource *mine = lease->resource;
    expect(shared, mine->open);
    expect(shared, __atomic_add_fetch(&mine->users, 1, __ATOMIC_RELAXED) == 1);
    mine->uses++;
    if (mine->uses % 16 == 0)
        sched_yield();
    expect(shared, __atomic_sub_fetch(&mine->users, 1, __ATOMIC_RELAXED) == 0);
}

/* Until all together have had their leases. */
static void *work_quietly(void *context) {
    worker *me = context;
    stress *shared = me->shared;
    tw_pool_affinity mine = {0};
    pthread_barrier_wait(&shared->barrier);
    while (__atomic_fetch_add(&shared->leases, 1, __ATOMIC_RELAXED) < LEASE_COUNT) {
        tw_pool_lease lease;
        tw_status status = tw_pool_acquire(shared->pool, tw_waiter_now_ns(NULL) + PATIENCE_NS,
                                           &mine, &lease, NULL);
        expect(shared, status == TW_OK);
        if (status != TW_OK)
            break;
        use(shared, &lease);
        tw_pool_release(shared->pool, &lease);
        me->leases++;
    }
    return NULL;
}

static void on_lease(void *context, tw_status status, const tw_pool_lease *lease,
                     const tw_error *error) {
    stress *shared = context;
    (void)error;
    expect(shared, status == TW_OK || status == TW_CLOSED);
    if (status == TW_OK) {
        tw_pool_lease mine = *lease;
        use(shared, &mine);
        tw_pool_release(shared->pool, &mine);
    }
    __atomic_fetch_add(&shared->answered, 1, __ATOMIC_RELEASE);
}

static void ask(stress *shared, bool cancels) {
    tw_pool_request request;
    int64_t deadline_ns = tw_waiter_now_ns(NULL) + PATIENCE_NS;
    tw_status status = tw_pool_ask(shared->pool, deadline_ns, on_lease, shared, &request);
    expect(shared, status == TW_OK || status == TW_CLOSED);
    if (status != TW_OK)
        return;
    __atomic_fetch_add(&shared->asked, 1, __ATOMIC_RELAXED);
    if (cancels && tw_pool_cancel(shared->pool, request) == TW_OK)
        __atomic_fetch_add(&shared->answered, 1, __ATOMIC_RELEASE);
}

static void give_back(stress *shared, tw_pool_lease *lease, uint64_t number) {
    use(shared, lease);
    lease->dirty = number % 8 == 0 ? 7 : 0;
    if (number % 16 == 1)
        tw_pool_discard(shared->pool, lease);
    else
        tw_pool_release(shared->pool, lease);
}

static void look_at_lease(void *context, const tw_pool_lease_info *info) {
    expect(context, info->site != NULL && info->resource != NULL && info->age_ns >= 0);
}

static void meddle(stress *shared, uint64_t number) {
    tw_pool_figures figures;
    switch (number % 16) {
    case 0:
        (void)tw_pool_evict(shared->pool);
        break;
    case 1:
        tw_pool_suspend(shared->pool);
        sched_yield();
        tw_pool_resume(shared->pool);
        break;
    case 2:
        tw_pool_each_lease(shared->pool, look_at_lease, shared);
        break;
    case 3:
        tw_pool_figures_of(shared->pool, &figures);
        expect(shared, figures.leased <= RESOURCE_COUNT);
        break;
    case 4:
        tw_pool_check(shared->pool);
        break;
    default:
        break;
    }
}

/* One round; false when the pool was closed. Impatient callers may time out. */
static bool round_of(worker *me, tw_pool_affinity *mine, uint64_t number) {
    stress *shared = me->shared;
    tw_pool_lease lease;
    bool impatient = number % 4 == 0;
    int64_t patience_ns = impatient ? TW_NS_PER_MS / 5 : PATIENCE_NS;
    tw_status status = TW_OK;
    if (number % 32 == 5)
        status = tw_pool_try(shared->pool, mine, &lease);
    else
        status =
            tw_pool_acquire(shared->pool, tw_waiter_now_ns(NULL) + patience_ns, mine, &lease, NULL);
    expect(shared, status == TW_OK || status == TW_CLOSED || status == TW_EMPTY ||
                       (impatient && status == TW_TIMEOUT));
    if (status == TW_OK)
        give_back(shared, &lease, number >> 8);
    me->leases += status == TW_OK;
    return status != TW_CLOSED;
}

static void *work_wildly(void *context) {
    worker *me = context;
    tw_pool_affinity mine = {0};
    pthread_barrier_wait(&me->shared->barrier);
    for (int i = 0; i < CHAOS_COUNT; i++) {
        uint64_t number = scattered(me->seed++);
        if (number % 16 == 3)
            ask(me->shared, number % 32 == 3);
        if (!round_of(me, &mine, number >> 16))
            break;
        meddle(me->shared, number >> 8);
    }
    return NULL;
}

/* Until the pool is closed. */
static void *work_until_closed(void *context) {
    worker *me = context;
    tw_pool_affinity mine = {0};
    pthread_barrier_wait(&me->shared->barrier);
    while (round_of(me, &mine, scattered(me->seed++))) {
        if (__atomic_add_fetch(&me->shared->leases, 1, __ATOMIC_RELAXED) % 64 == 0)
            ask(me->shared, false);
    }
    return NULL;
}

/* ---- runs ---- */

static void start(stress *shared, worker *workers, void *(*work)(void *)) {
    for (uint64_t i = 0; i < THREAD_COUNT; i++) {
        workers[i] = (worker){.shared = shared, .seed = shared->seed + i * 1000003, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
}

static void join(worker *workers) {
    for (int i = 0; i < THREAD_COUNT; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
}

/* Drains, looks that nothing is left, and frees. */
static void finish(stress *shared, pthread_t owner) {
    uint32_t out = 1;
    int64_t deadline_ns = tw_waiter_now_ns(NULL) + PATIENCE_NS;
    assert_int_equal(tw_pool_drain(shared->pool, deadline_ns, &out), TW_OK);
    assert_int_equal(out, 0);
    __atomic_store_n(&shared->stop, 1, __ATOMIC_RELEASE);
    stress_on_work(shared);
    assert_int_equal(pthread_join(owner, NULL), 0);
    tw_pool_figures figures;
    tw_pool_check(shared->pool);
    tw_pool_figures_of(shared->pool, &figures);
    uint64_t closed = 0;
    for (int i = 0; i < TW_POOL_CAUSE_COUNT; i++)
        closed += figures.closed[i];
    assert_int_equal(figures.opened, closed);
    assert_int_equal(figures.pending + figures.leased + figures.idle, 0);
    assert_int_equal(shared->asked, shared->answered);
    assert_int_equal(shared->resources_open, 0);
    assert_int_equal(shared->wrong, 0);
    tw_pool_free(shared->pool);
    assert_int_equal(pthread_barrier_destroy(&shared->barrier), 0);
}

static uint64_t run_seed = 1;

/* The queue gives each who waits his turn before anybody has two; what remains of inequality is
 * how often the machine lets a thread run. The bound is a quarter of an equal share. */
static void test_every_thread_gets_its_share(void **state) {
    (void)state;
    stress shared = {.seed = run_seed};
    worker workers[THREAD_COUNT];
    pthread_t owner;
    make_pool(&shared, false);
    assert_int_equal(pthread_create(&owner, NULL, own, &shared), 0);
    start(&shared, workers, work_quietly);
    join(workers);
    uint64_t all = 0;
    for (int i = 0; i < THREAD_COUNT; i++) {
        all += workers[i].leases;
        assert_true(workers[i].leases >= LEASE_COUNT / THREAD_COUNT / 4);
    }
    assert_int_equal(all, LEASE_COUNT);
    finish(&shared, owner);
}

static void run_wild(bool caller_opens, uint64_t seed) {
    stress shared = {.seed = seed, .wild = true};
    worker workers[THREAD_COUNT];
    pthread_t owner;
    make_pool(&shared, caller_opens);
    assert_int_equal(pthread_create(&owner, NULL, own, &shared), 0);
    start(&shared, workers, work_wildly);
    join(workers);
    finish(&shared, owner);
}

static void test_failing_openings_and_dying_resources_lose_nobody(void **state) {
    (void)state;
    run_wild(false, run_seed + 1);
}

static void test_callers_who_open_lose_nobody(void **state) {
    (void)state;
    run_wild(true, run_seed + 2);
}

static void test_a_drain_under_load_ends_with_nothing_out(void **state) {
    (void)state;
    stress shared = {.seed = run_seed + 3, .wild = true};
    worker workers[THREAD_COUNT];
    pthread_t owner;
    make_pool(&shared, false);
    assert_int_equal(pthread_create(&owner, NULL, own, &shared), 0);
    start(&shared, workers, work_until_closed);
    while (__atomic_load_n(&shared.leases, __ATOMIC_RELAXED) < 4000)
        sched_yield();
    uint32_t out = 1;
    int64_t deadline_ns = tw_waiter_now_ns(NULL) + PATIENCE_NS;
    assert_int_equal(tw_pool_drain(shared.pool, deadline_ns, &out), TW_OK);
    join(workers);
    finish(&shared, owner);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_thread_gets_its_share),
        cmocka_unit_test(test_failing_openings_and_dying_resources_lose_nobody),
        cmocka_unit_test(test_callers_who_open_lose_nobody),
        cmocka_unit_test(test_a_drain_under_load_ends_with_nothing_out),
    };
    const char *wanted = argc > 1 ? argv[1] : getenv("TRADEWIND_STRESS_SECONDS");
    long seconds = wanted == NULL ? 0 : strtol(wanted, NULL, 10);
    int64_t until_ns = tw_waiter_now_ns(NULL) + seconds * TW_NS_PER_SECOND;
    int failed = 0;
    do {
        failed = cmocka_run_group_tests(tests, NULL, NULL);
        run_seed += 4;
    } while (failed == 0 && tw_waiter_now_ns(NULL) < until_ns);
    return failed;
}
