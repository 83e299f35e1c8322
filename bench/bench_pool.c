/*
 * bench_pool.c - what leases of a pool cost, alone and in a crowd.
 *
 *     bench_pool [THOUSANDS]    cycles of one run, default 1000; crowds make fewer
 *
 * Every row is run five times; the median, the least and the most are printed. Nothing is asserted
 * about time: look, and compare rows of one run. With fewer processors than threads the tails are
 * those of the machine's scheduler.
 *
 * Fair share: with T threads, R resources and a resource held for h, a caller who waits his turn in
 * a queue waits (T - R) / R x h. h is measured in the same run: R x elapsed / leases, from the
 * grant of one lease to that of the next. It is the use (a sleep, so that no processor is needed)
 * and the time that the machine takes to let the next user run.
 *
 * The spike: 50 threads ask at once, an opening takes 150 ms, a use 2 ms, the pool has 5 resources
 * and may have 50. The connection cycle (acquire and release, nothing between) with 32 threads on
 * 32 and on 16 resources is the form in which HikariCP publishes its own benchmark.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"
#include "tradewind/histogram.h"
#include "tradewind/pool.h"
#include "tradewind/time.h"

#define RUN_COUNT 5
#define THREAD_COUNT_MAX 64
#define PATIENCE_NS (60 * TW_NS_PER_SECOND)
#define SPIKE_COUNT 50

struct crowd {
    tw_pool *pool;
    pthread_barrier_t barrier;
    uint64_t cycles; /* of each thread */
    int64_t use_ns;  /* slept between acquire and release; 0: none */
    bool measures;   /* each wait, by two more readings of the clock */
    int64_t open_ns; /* an opening takes */
    uint32_t stop;
    uint32_t work;
    uint64_t numbers; /* of resources */
};

struct member {
    struct crowd *crowd;
    pthread_t thread;
    tw_histogram waits;
    int64_t begin_ns;
    int64_t end_ns;
};

struct result {
    double ns_a_cycle;
    int64_t p50_ns;
    int64_t p99_ns;
    int64_t max_ns;
    int64_t use_ns; /* mean */
};

static int64_t now_ns(void) {
    return tw_waiter_now_ns(NULL);
}

static void sleep_ns(int64_t span_ns) {
    struct timespec span = {.tv_sec = span_ns / TW_NS_PER_SECOND,
                            .tv_nsec = span_ns % TW_NS_PER_SECOND};
    (void)nanosleep(&span, NULL);
}

static tw_status bench_open(void *context, int64_t deadline_ns, void **ret_resource,
                            tw_error *error) {
    struct crowd *crowd = context;
    (void)deadline_ns;
    (void)error;
    if (crowd->open_ns > 0)
        sleep_ns(crowd->open_ns);
    *ret_resource = (void *)(uintptr_t)++crowd->numbers;
    return TW_OK;
}

static void bench_close(void *context, void *resource) {
    (void)context;
    (void)resource;
}

static void bench_on_work(void *context) {
    struct crowd *crowd = context;
    __atomic_fetch_add(&crowd->work, 1, __ATOMIC_RELEASE);
    tw_waiter_wake(NULL, &crowd->work, 1);
}

static void make_pool(struct crowd *crowd, const tw_waiter *waiter, uint32_t size_min,
                      uint32_t size_max) {
    tw_pool_config config = {
        .resource = {.open = bench_open, .close = bench_close, .context = crowd},
        .hooks = {.on_work = bench_on_work, .context = crowd},
        .waiter = waiter,
        .size_min = size_min,
        .size_max = size_max,
        .start = TW_POOL_START_MUST};
    require(tw_pool_new(NULL, &config, &crowd->pool, NULL) == TW_OK, "tw_pool_new");
}

static void print_runs(const char *name, double *runs) {
    qsort(runs, RUN_COUNT, sizeof(runs[0]), by_value);
    printf("%-44s %8.1f %8.1f %8.1f\n", name, runs[RUN_COUNT / 2], runs[0], runs[RUN_COUNT - 1]);
}

/* ---- alone ---- */

static int64_t coarse_now_ns(void *context) {
    struct timespec now;
    (void)context;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * TW_NS_PER_SECOND + now.tv_nsec;
}

static void run_alone(const char *name, const tw_waiter *waiter, bool remembers, uint64_t cycles) {
    struct crowd crowd = {0};
    double runs[RUN_COUNT];
    make_pool(&crowd, waiter, 16, 16);
    for (int i = -1; i < RUN_COUNT; i++) { /* the first is the warm-up */
        tw_pool_affinity mine = {0};
        int64_t begin_ns = now_ns();
        for (uint64_t j = 0; j < cycles; j++) {
            tw_pool_lease lease;
            require(tw_pool_acquire(crowd.pool, INT64_MAX - 1, remembers ? &mine : NULL, &lease,
                                    NULL) == TW_OK,
                    "acquire");
            tw_pool_release(crowd.pool, &lease);
        }
        if (i >= 0)
            runs[i] = (double)(now_ns() - begin_ns) / (double)cycles;
    }
    print_runs(name, runs);
    tw_pool_free(crowd.pool);
}

static void run_clock(uint64_t cycles) {
    double runs[RUN_COUNT];
    int64_t sum_ns = 0;
    for (int i = 0; i < RUN_COUNT; i++) {
        int64_t begin_ns = now_ns();
        for (uint64_t j = 0; j < cycles; j++)
            sum_ns += now_ns();
        runs[i] = (double)(now_ns() - begin_ns) / (double)cycles;
    }
    require(sum_ns != 0, "the clock");
    print_runs("one reading of the clock", runs);
}

/* ---- crowds ---- */

static void *cycle(void *context) {
    struct member *me = context;
    struct crowd *crowd = me->crowd;
    tw_pool_affinity mine = {0};
    pthread_barrier_wait(&crowd->barrier);
    me->begin_ns = now_ns();
    int64_t deadline_ns = me->begin_ns + PATIENCE_NS;
    for (uint64_t i = 0; i < crowd->cycles; i++) {
        tw_pool_lease lease;
        int64_t asked_ns = crowd->measures ? now_ns() : 0;
        require(tw_pool_acquire(crowd->pool, deadline_ns, &mine, &lease, NULL) == TW_OK, "acquire");
        if (crowd->measures)
            tw_histogram_record(&me->waits, now_ns() - asked_ns);
        if (crowd->use_ns > 0)
            sleep_ns(crowd->use_ns);
        tw_pool_release(crowd->pool, &lease);
    }
    me->end_ns = now_ns();
    return NULL;
}

static void run_members(struct crowd *crowd, struct member *members, uint32_t count) {
    require(pthread_barrier_init(&crowd->barrier, NULL, count) == 0, "a barrier");
    for (uint32_t i = 0; i < count; i++) {
        members[i].crowd = crowd;
        tw_histogram_init(&members[i].waits);
        require(pthread_create(&members[i].thread, NULL, cycle, &members[i]) == 0, "a thread");
    }
    for (uint32_t i = 0; i < count; i++)
        require(pthread_join(members[i].thread, NULL) == 0, "a thread");
    require(pthread_barrier_destroy(&crowd->barrier) == 0, "a barrier");
}

static struct result crowd_once(struct crowd *crowd, struct member *members, uint32_t threads,
                                uint32_t resources) {
    make_pool(crowd, NULL, resources, resources);
    run_members(crowd, members, threads);
    int64_t begin_ns = INT64_MAX;
    int64_t end_ns = 0;
    tw_histogram *all = &members[threads].waits;
    tw_histogram_init(all);
    for (uint32_t i = 0; i < threads; i++) {
        tw_histogram_merge(all, &members[i].waits);
        begin_ns = members[i].begin_ns < begin_ns ? members[i].begin_ns : begin_ns;
        end_ns = members[i].end_ns > end_ns ? members[i].end_ns : end_ns;
    }
    tw_pool_figures figures;
    tw_pool_figures_of(crowd->pool, &figures);
    struct result result = {.ns_a_cycle =
                                (double)(end_ns - begin_ns) / (double)(crowd->cycles * threads),
                            .use_ns = figures.use_ns_sum / (int64_t)figures.acquired};
    if (crowd->measures) {
        result.p50_ns = tw_histogram_quantile(all, 0.5);
        result.p99_ns = tw_histogram_quantile(all, 0.99);
        result.max_ns = all->max;
    }
    tw_pool_free(crowd->pool);
    return result;
}

static void run_cycles(uint32_t threads, uint32_t resources, uint64_t cycles,
                       struct member *members) {
    double runs[RUN_COUNT];
    char name[64];
    for (int i = 0; i < RUN_COUNT; i++) {
        struct crowd crowd = {.cycles = cycles / threads};
        runs[i] = crowd_once(&crowd, members, threads, resources).ns_a_cycle;
    }
    (void)snprintf(name, sizeof name, "cycle, %u threads on %u", threads, resources);
    print_runs(name, runs);
}

static void run_waits(uint32_t threads, uint32_t resources, int64_t use_ns, uint64_t cycles,
                      struct member *members) {
    for (int i = 0; i < RUN_COUNT; i++) {
        struct crowd crowd = {.cycles = cycles / threads, .use_ns = use_ns, .measures = true};
        struct result result = crowd_once(&crowd, members, threads, resources);
        printf("%2u threads on %2u, use %6" PRId64 " ns: wait p50 %9" PRId64 " p99 %9" PRId64
               " max %9" PRId64 " ns",
               threads, resources, result.use_ns, result.p50_ns, result.p99_ns, result.max_ns);
        if (threads > resources) {
            double held_ns = resources * result.ns_a_cycle;
            double fair_ns = (double)(threads - resources) / resources * held_ns;
            printf("; of a fair share: p50 %.2f p99 %.2f max %.2f", (double)result.p50_ns / fair_ns,
                   (double)result.p99_ns / fair_ns, (double)result.max_ns / fair_ns);
        }
        printf("\n");
    }
}

/* ---- the spike ---- */

static void *own(void *context) {
    struct crowd *crowd = context;
    while (__atomic_load_n(&crowd->stop, __ATOMIC_ACQUIRE) == 0) {
        uint32_t work = __atomic_load_n(&crowd->work, __ATOMIC_ACQUIRE);
        (void)tw_pool_turn(crowd->pool, now_ns());
        int64_t next_ns = tw_pool_next_ns(crowd->pool);
        if (next_ns > now_ns())
            tw_waiter_wait(NULL, &crowd->work, work, next_ns);
    }
    return NULL;
}

static void *spike_once(void *context) {
    struct member *me = context;
    tw_pool_lease lease;
    pthread_barrier_wait(&me->crowd->barrier);
    require(tw_pool_acquire(me->crowd->pool, now_ns() + PATIENCE_NS, NULL, &lease, NULL) == TW_OK,
            "acquire");
    sleep_ns(2 * TW_NS_PER_MS);
    tw_pool_release(me->crowd->pool, &lease);
    return NULL;
}

static void run_spike(struct member *members) {
    for (int i = 0; i < RUN_COUNT; i++) {
        struct crowd crowd = {0};
        pthread_t owner;
        make_pool(&crowd, NULL, 5, SPIKE_COUNT);
        crowd.open_ns = 150 * TW_NS_PER_MS;
        require(pthread_barrier_init(&crowd.barrier, NULL, SPIKE_COUNT + 1) == 0, "a barrier");
        require(pthread_create(&owner, NULL, own, &crowd) == 0, "a thread");
        for (int j = 0; j < SPIKE_COUNT; j++) {
            members[j].crowd = &crowd;
            require(pthread_create(&members[j].thread, NULL, spike_once, &members[j]) == 0,
                    "a thread");
        }
        pthread_barrier_wait(&crowd.barrier);
        int64_t begin_ns = now_ns();
        for (int j = 0; j < SPIKE_COUNT; j++)
            require(pthread_join(members[j].thread, NULL) == 0, "a thread");
        double served_ms = (double)(now_ns() - begin_ns) / TW_NS_PER_MS;
        __atomic_store_n(&crowd.stop, 1, __ATOMIC_RELEASE);
        bench_on_work(&crowd);
        require(pthread_join(owner, NULL) == 0, "a thread");
        printf("spike: %" PRIu64 " connections, all served after %.1f ms\n", crowd.numbers,
               served_ms);
        require(tw_pool_drain(crowd.pool, now_ns() + PATIENCE_NS, NULL) == TW_OK, "drain");
        tw_pool_free(crowd.pool);
        require(pthread_barrier_destroy(&crowd.barrier) == 0, "a barrier");
    }
}

int main(int argc, char **argv) {
    long thousands = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
    if (argc > 2 || thousands < 1 || thousands > 100000) {
        fprintf(stderr, "usage: bench_pool [THOUSANDS]   1 to 100000, default 1000\n");
        return 2;
    }
    uint64_t cycles = (uint64_t)thousands * 1000;
    tw_waiter coarse = *tw_waiter_system();
    coarse.now_ns = coarse_now_ns;
    struct member *members = TW_NEW(NULL, THREAD_COUNT_MAX + 1, struct member);
    require(members != NULL, "allocation");
    printf("%-44s %8s %8s %8s\n", "ns an operation", "median", "least", "most");
    run_clock(cycles);
    run_alone("cycle alone, with affinity", NULL, true, cycles);
    run_alone("cycle alone, without affinity", NULL, false, cycles);
    run_alone("cycle alone, a coarse clock given", &coarse, true, cycles);
    run_cycles(32, 32, cycles, members);
    run_cycles(32, 16, cycles / 4, members);
    run_waits(16, 16, 0, cycles, members);
    run_waits(16, 4, 500 * TW_NS_PER_US, cycles / 100, members);
    run_spike(members);
    TW_DELETE(NULL, members, THREAD_COUNT_MAX + 1, struct member);
    return 0;
}
