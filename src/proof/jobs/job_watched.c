/*
 * job_watched.c - a loop of small operations whose durations are kept, for their percentiles: in
 * lists behind a lock, in histograms, or not at all.
 *
 * The clock is read for each operation, but what is recorded are durations made beforehand: so all
 * ways have to come to the same percentiles, as near as a histogram knows them.
 */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "proof_jobs.h"
#include "tradewind/alloc.h"
#include "tradewind/metrics.h"
#include "tradewind/random.h"
#include "tradewind/time.h"
#include "tradewind/workers.h"

enum {
    OPERATIONS = 1 << 20, /* of a repetition, at most */
    DURATIONS = 1 << 14,
    KINDS = 4, /* of operations: as decode, book, risk, order */
    THREADS_MAX = 8,
    MIXES = 64, /* of an operation: some 100 ns */
    PERCENTILES = 3
};

static const double QUANTILES[PERCENTILES] = {0.5, 0.99, 0.999};

/* As the guide's monitor: a list of durations for each kind of operation, and one lock. */
typedef struct naive_monitor {
    pthread_mutex_t lock;
    int64_t *lists[KINDS]; /* [OPERATIONS] */
    size_t counts[KINDS];
} naive_monitor;

typedef struct engine {
    int64_t durations_ns[DURATIONS];
    uint32_t threads;
    tw_workers *workers;
    naive_monitor naive;
    bool has_lock;
    tw_metrics *metrics; /* of one repetition of ours */
    tw_metrics_shard *shards[THREADS_MAX];
    tw_metrics_histogram histograms[KINDS];
} engine;

/* A repetition, shared out to threads. */
typedef struct shares {
    engine *engine;
    uint64_t units;
    struct {
        _Alignas(64) uint64_t mixed; /* so that nothing is left out */
    } parts[THREADS_MAX];
} shares;

static void dispose(void *state) {
    engine *e = state;
    if (e == NULL)
        return;
    tw_workers_free(e->workers);
    tw_metrics_free(e->metrics);
    for (size_t i = 0; i < KINDS; i++)
        TW_DELETE(tw_allocator_system(), e->naive.lists[i], OPERATIONS, int64_t);
    if (e->has_lock)
        pthread_mutex_destroy(&e->naive.lock);
    TW_DELETE(tw_allocator_system(), e, 1, engine);
}

/* Most are short and some are very long, as they are. */
static void make_durations(engine *e) {
    tw_random random;
    tw_random_init(&random, 80, 1);
    for (size_t i = 0; i < DURATIONS; i++) {
        double scale = tw_random_below(&random, 100) == 0 ? 50000 : 500;
        e->durations_ns[i] = 100 + (int64_t)tw_random_exponential(&random, scale);
    }
}

static tw_status no_memory(tw_error *error) {
    return tw_error_set(error, TW_NO_MEMORY, "there is no memory for what is recorded");
}

static tw_status prepare(const proof_point *point, void **ret_state, tw_error *error) {
    engine *e = TW_NEW(tw_allocator_system(), 1, engine);
    if (e == NULL)
        return no_memory(error);
    *ret_state = e;
    e->threads = (uint32_t)point->at[0];
    TW_ASSERT(e->threads <= THREADS_MAX);
    make_durations(e);
    e->has_lock = pthread_mutex_init(&e->naive.lock, NULL) == 0;
    if (!e->has_lock)
        return no_memory(error);
    for (size_t i = 0; i < KINDS; i++) {
        e->naive.lists[i] = TW_NEW(tw_allocator_system(), OPERATIONS, int64_t);
        if (e->naive.lists[i] == NULL)
            return no_memory(error);
    }
    return tw_workers_new(NULL, e->threads, &e->workers, error);
}

/* ---- what is watched ------------------------------------------------------------------------- */

/* An operation: multiplications that wait for one another. */
static uint64_t operate(uint64_t value) {
    for (int i = 0; i < MIXES; i++)
        value = (value ^ value >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return value;
}

static uint64_t begin_of(const shares *r, size_t part) {
    return r->units * part / r->engine->threads;
}

static void play_naive(void *argument, size_t part) {
    shares *r = argument;
    naive_monitor *monitor = &r->engine->naive;
    uint64_t mixed = 0;
    for (uint64_t i = begin_of(r, part); i < begin_of(r, part + 1); i++) {
        mixed ^= operate(i) ^ (uint64_t)tw_time_monotonic_ns();
        pthread_mutex_lock(&monitor->lock);
        size_t kind = i % KINDS;
        monitor->lists[kind][monitor->counts[kind]++] = r->engine->durations_ns[i % DURATIONS];
        pthread_mutex_unlock(&monitor->lock);
    }
    r->parts[part].mixed = mixed;
}

static void play_ours(void *argument, size_t part) {
    shares *r = argument;
    engine *e = r->engine;
    uint64_t mixed = 0;
    for (uint64_t i = begin_of(r, part); i < begin_of(r, part + 1); i++) {
        mixed ^= operate(i) ^ (uint64_t)tw_time_monotonic_ns();
        tw_metrics_histogram_record(e->shards[part], e->histograms[i % KINDS],
                                    e->durations_ns[i % DURATIONS]);
    }
    r->parts[part].mixed = mixed;
}

static void play_clock(void *argument, size_t part) {
    shares *r = argument;
    uint64_t mixed = 0;
    for (uint64_t i = begin_of(r, part); i < begin_of(r, part + 1); i++)
        mixed ^= operate(i) ^ (uint64_t)tw_time_monotonic_ns();
    r->parts[part].mixed = mixed;
}

static void play_unwatched(void *argument, size_t part) {
    shares *r = argument;
    uint64_t mixed = 0;
    for (uint64_t i = begin_of(r, part); i < begin_of(r, part + 1); i++)
        mixed ^= operate(i);
    r->parts[part].mixed = mixed;
}

static void play(engine *e, proof_run *run, tw_task task) {
    shares r = {.engine = e, .units = run->units};
    tw_task_run(tw_workers_runner(e->workers), e->threads, task, &r);
    for (uint32_t i = 0; i < e->threads; i++)
        run->checksum += (double)(r.parts[i].mixed >> 60);
}

/* ---- the ways -------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The percentiles of all kinds, by nearest rank, in one sum. */
static double report_naive(naive_monitor *monitor) {
    double sum = 0;
    for (size_t kind = 0; kind < KINDS; kind++) {
        size_t count = monitor->counts[kind];
        qsort(monitor->lists[kind], count, sizeof monitor->lists[kind][0], by_value);
        for (size_t i = 0; i < PERCENTILES && count > 0; i++) {
            size_t rank = (size_t)ceil(QUANTILES[i] * (double)count);
            sum += (double)monitor->lists[kind][rank - 1];
        }
    }
    return sum;
}

static tw_status run_naive(void *state, proof_run *run, tw_error *error) {
    (void)error;
    engine *e = state;
    for (size_t i = 0; i < KINDS; i++)
        e->naive.counts[i] = 0;
    int64_t began_ns = tw_time_monotonic_ns();
    play(e, run, play_naive);
    run->checksum = report_naive(&e->naive);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    return TW_OK;
}

/* Metrics in which nothing has been counted. */
static tw_status begin_metrics(engine *e, tw_error *error) {
    static const char *const names[KINDS] = {"decode_seconds", "book_seconds", "risk_seconds",
                                             "order_seconds"};
    tw_metrics_config config = {
        .family_max = KINDS, .series_max = KINDS, .histogram_max = KINDS, .shard_max = THREADS_MAX};
    tw_metrics_free(e->metrics);
    e->metrics = NULL;
    tw_status status = tw_metrics_new(NULL, &config, &e->metrics);
    for (size_t i = 0; i < KINDS && status == TW_OK; i++) {
        tw_metrics_definition definition = {
            .name = names[i], .unit = "seconds", .kind = TW_METRICS_HISTOGRAM};
        tw_metrics_family family = {0};
        status = tw_metrics_define(e->metrics, &definition, &family, error);
        if (status == TW_OK)
            status = tw_metrics_histogram_of(e->metrics, family, NULL, &e->histograms[i]);
    }
    for (uint32_t i = 0; i < e->threads && status == TW_OK; i++)
        status = tw_metrics_shard_acquire(e->metrics, &e->shards[i]);
    return status == TW_OK ? TW_OK : tw_error_set(error, status, "no metrics can be made");
}

static double report_ours(const engine *e) {
    double sum = 0;
    for (size_t kind = 0; kind < KINDS; kind++) {
        tw_histogram all;
        int64_t values[PERCENTILES];
        tw_histogram_init(&all);
        tw_metrics_histogram_merge(e->metrics, e->histograms[kind], &all);
        tw_histogram_quantiles(&all, QUANTILES, PERCENTILES, values);
        for (size_t i = 0; i < PERCENTILES; i++)
            sum += (double)values[i];
    }
    return sum;
}

static tw_status run_ours(void *state, proof_run *run, tw_error *error) {
    engine *e = state;
    tw_status status = begin_metrics(e, error);
    if (status != TW_OK)
        return status;
    int64_t began_ns = tw_time_monotonic_ns();
    play(e, run, play_ours);
    run->checksum = report_ours(e);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    return TW_OK;
}

static tw_status run_unwatched(void *state, proof_run *run, tw_error *error) {
    (void)error;
    int64_t began_ns = tw_time_monotonic_ns();
    play(state, run, play_unwatched);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    return TW_OK;
}

static tw_status run_clock(void *state, proof_run *run, tw_error *error) {
    (void)error;
    int64_t began_ns = tw_time_monotonic_ns();
    play(state, run, play_clock);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    return TW_OK;
}

const proof_job proof_watched = {
    .name = "watched",
    .part = "PerformanceMonitor",
    .title = "Operations watched by histograms, by lists, and not at all",
    .unit = "operation",
    .story =
        "A loop of operations of some hundred nanoseconds, each timed and recorded, and the "
        "percentiles at the end. The naive monitor appends each duration to a list behind a lock, "
        "waits for other threads that do, keeps everything, and has to sort it. Ours counts the "
        "duration in a histogram that belongs to the thread: no lock, no growth, nothing to sort, "
        "and percentiles at most 0.8 % too high. Beside it stand the same operations unwatched.",
    .limit = "the operations, with a look at the clock for each",
    .tolerance = 1.0 / 64,
    .check_units = 20000,
    .many_threads = true,
    .threads_of = 1,
    .axes = {{"threads", {1, 2, 4}, 3, 0}},
    .prepare = prepare,
    .dispose = dispose,
    .ways = {{"lists", PROOF_NAIVE, "a list of durations behind a lock, sorted at the end",
              run_naive, .units_most = OPERATIONS},
             {"tradewind", PROOF_OURS, "tw_metrics_histogram_record, a shard for each thread",
              run_ours, .units_most = OPERATIONS},
             {"unwatched", PROOF_PEER, "the same operations, of which nothing is known afterwards",
              run_unwatched, .incomparable = true, .units_most = OPERATIONS},
             {"the clock", PROOF_LIMIT, "the operations, and the clock is read for each", run_clock,
              .incomparable = true, .units_most = OPERATIONS}},
};
