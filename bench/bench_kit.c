/*
 * bench_kit.c - what the machines of the kit cost, in nanoseconds an operation.
 *
 *     bench_kit [MILLIONS]      operations of one run, default 5
 *
 * Every row is warmed up once, then run five times over the same fixed work; the median and the
 * spread are printed. Nothing is asserted about time: look, compare on one quiet machine, and
 * pin the program to one core (taskset -c 1) for steady numbers. The row "loop" is what the
 * harness itself costs.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"
#include "tradewind/alloc.h"
#include "tradewind/flight.h"
#include "tradewind/histogram.h"
#include "tradewind/map.h"
#include "tradewind/metrics.h"
#include "tradewind/ring.h"

#define RUN_COUNT 5
#define MAP_ENTRY_COUNT ((size_t)100000)
#define RING_CAPACITY 1024
#define BATCH 64
#define VALUE_COUNT 4096 /* spans drawn before the clock starts; a power of two */

struct record {
    uint64_t words[4];
};

struct bench {
    tw_ring *ring;
    tw_map *map;
    tw_flight *flight;
    tw_histogram *histogram;
    tw_metrics *metrics;
    tw_metrics_shard *shard;
    tw_metrics_counter counter;
    tw_metrics_gauge gauge;
    tw_metrics_histogram wait;
    int64_t values[VALUE_COUNT];
    uint64_t sink; /* results go here, so that no work can be left out */
};

typedef void (*operation)(struct bench *bench, uint64_t count);

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* SplitMix64 of a counter: keys that look random and are known in any order. */
static uint64_t scattered(uint64_t i) {
    uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void run_loop(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        bench->sink += (uint64_t)bench->values[i & (VALUE_COUNT - 1)];
}

/* The records are made beforehand: one written in halves just before it is copied as a whole
 * would show the processor's store forwarding, not the ring. */
static void run_ring_one(struct bench *bench, uint64_t count) {
    struct record records[BATCH];
    struct record popped = {{0}};
    for (uint64_t i = 0; i < BATCH; i++)
        records[i] = (struct record){{i, 2, 3, 4}};
    for (uint64_t i = 0; i < count; i++) {
        require(tw_ring_push(bench->ring, &records[i % BATCH]) == TW_OK, "push");
        require(tw_ring_pop(bench->ring, &popped) == TW_OK, "pop");
        bench->sink += popped.words[0];
    }
}

static void run_ring_batch(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count;) {
        void *claimed = NULL;
        const void *shown = NULL;
        size_t batch = tw_ring_claim(bench->ring, BATCH, &claimed);
        struct record *to = claimed;
        for (size_t j = 0; j < batch; j++)
            to[j] = (struct record){{i + j, 2, 3, 4}};
        tw_ring_commit(bench->ring, batch);
        batch = tw_ring_peek(bench->ring, BATCH, &shown);
        const struct record *from = shown;
        for (size_t j = 0; j < batch; j++)
            bench->sink += from[j].words[0];
        tw_ring_consume(bench->ring, batch);
        i += batch;
    }
}

static void run_map_put(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        require(tw_map_put(bench->map, scattered(i % MAP_ENTRY_COUNT), i) == TW_OK, "put");
}

static void run_map_get(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        uint64_t value = 0;
        require(tw_map_get(bench->map, scattered(i % MAP_ENTRY_COUNT), &value), "get");
        bench->sink += value;
    }
}

static void run_map_miss(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        uint64_t value = 0;
        bench->sink += tw_map_get(bench->map, scattered(i + MAP_ENTRY_COUNT), &value);
    }
}

/* Entries come and go, as orders do: the oldest is dropped, a new one put. */
static void run_map_drop_put(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        uint64_t key = scattered(i % MAP_ENTRY_COUNT);
        require(tw_map_drop(bench->map, key, NULL), "drop");
        require(tw_map_put(bench->map, key, i) == TW_OK, "put");
    }
}

static void run_histogram(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        tw_histogram_record(bench->histogram, bench->values[i & (VALUE_COUNT - 1)]);
    bench->sink += tw_histogram_count(bench->histogram);
}

static void run_counter(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        tw_metrics_counter_add(bench->shard, bench->counter, 1);
}

static void run_gauge(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        tw_metrics_gauge_set(bench->shard, bench->gauge, (double)i);
}

static void run_metrics_histogram(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        tw_metrics_histogram_record(bench->shard, bench->wait,
                                    bench->values[i & (VALUE_COUNT - 1)]);
}

static void run_flight(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        tw_flight_note(bench->flight, (int64_t)i, "order", (int64_t)i, 2,
                       (tw_slice){"tradewind-1a2b3c4d-1234567 filled", 33});
}

static void run_intended(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        tw_metrics_histogram_record_intended(
            bench->shard, bench->wait, bench->values[i & (VALUE_COUNT - 1)], INT64_C(1) << 20);
}

static void run_lap(struct bench *bench, uint64_t count) {
    int64_t since = 0;
    int64_t now = 0;
    for (uint64_t i = 0; i < count; i++) {
        now += bench->values[i & (VALUE_COUNT - 1)];
        tw_metrics_lap(bench->shard, bench->wait, &since, now);
    }
}

static void run_clock(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        bench->sink += (uint64_t)now_ns();
}

static void run_timer(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        TW_METRICS_TIMED timer = tw_metrics_timer_start(bench->shard, bench->wait, now_ns);
    }
}

static void measure(struct bench *bench, const char *name, operation run, uint64_t count) {
    double runs[RUN_COUNT];
    run(bench, count);
    for (int i = 0; i < RUN_COUNT; i++) {
        int64_t start = now_ns();
        run(bench, count);
        runs[i] = (double)(now_ns() - start) / (double)count;
    }
    qsort(runs, RUN_COUNT, sizeof(runs[0]), by_value);
    printf("%-30s %8.2f %8.2f %8.2f\n", name, runs[RUN_COUNT / 2], runs[0], runs[RUN_COUNT - 1]);
}

static void make_metrics(struct bench *bench) {
    tw_metrics_config config = {
        .family_max = 3, .series_max = 2, .histogram_max = 1, .shard_max = 1};
    tw_metrics_definition definitions[] = {{.name = "orders"},
                                           {.name = "depth", .kind = TW_METRICS_GAUGE},
                                           {.name = "wait", .kind = TW_METRICS_HISTOGRAM}};
    tw_metrics_family families[3];
    require(tw_metrics_new(NULL, &config, &bench->metrics) == TW_OK, "tw_metrics_new");
    for (size_t i = 0; i < 3; i++)
        require(tw_metrics_define(bench->metrics, &definitions[i], &families[i], NULL) == TW_OK,
                "tw_metrics_define");
    tw_metrics *metrics = bench->metrics;
    require(tw_metrics_counter_of(metrics, families[0], NULL, &bench->counter) == TW_OK &&
                tw_metrics_gauge_of(metrics, families[1], NULL, &bench->gauge) == TW_OK &&
                tw_metrics_histogram_of(metrics, families[2], NULL, &bench->wait) == TW_OK &&
                tw_metrics_shard_acquire(metrics, &bench->shard) == TW_OK,
            "resolving the series");
}

static struct bench *make(void) {
    struct bench *bench = TW_NEW(NULL, 1, struct bench);
    require(bench != NULL, "allocation");
    tw_map_config config = {.entry_initial = MAP_ENTRY_COUNT, .entry_max = MAP_ENTRY_COUNT};
    require(tw_ring_new(NULL, RING_CAPACITY, sizeof(struct record), &bench->ring) == TW_OK &&
                tw_map_new(NULL, &config, &bench->map) == TW_OK,
            "creation");
    require(tw_flight_new(NULL, 4096, &bench->flight) == TW_OK, "creation");
    bench->histogram = TW_NEW(NULL, 1, tw_histogram);
    require(bench->histogram != NULL, "allocation");
    tw_histogram_init(bench->histogram);
    make_metrics(bench);
    /* Spans from about 1 us to 1 ms, as many in each doubling. */
    for (uint64_t i = 0; i < VALUE_COUNT; i++) {
        uint64_t random = scattered(i);
        bench->values[i] = (int64_t)((1000 + random % 1000) << (random >> 32) % 10);
    }
    return bench;
}

static void done(struct bench *bench) {
    tw_ring_free(bench->ring);
    tw_map_free(bench->map);
    tw_metrics_free(bench->metrics);
    tw_flight_free(bench->flight);
    TW_DELETE(NULL, bench->histogram, 1, tw_histogram);
    TW_DELETE(NULL, bench, 1, struct bench);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        operation run;
    } rows[] = {
        {"loop", run_loop},
        {"ring push + pop, 32 bytes", run_ring_one},
        {"ring batch of 64, 32 bytes", run_ring_batch},
        {"map put, 100 k entries", run_map_put},
        {"map get", run_map_get},
        {"map get, missing key", run_map_miss},
        {"map drop + put", run_map_drop_put},
        {"histogram record", run_histogram},
        {"metrics counter add", run_counter},
        {"metrics gauge set", run_gauge},
        {"metrics histogram record", run_metrics_histogram},
        {"metrics record intended", run_intended},
        {"metrics lap, without clock", run_lap},
        {"flight note", run_flight},
        {"the clock, for comparison", run_clock},
        {"metrics timed scope, 2 clocks", run_timer},
    };
    long millions = argc > 1 ? strtol(argv[1], NULL, 10) : 5;
    if (argc > 2 || millions < 1 || millions > 10000) {
        fprintf(stderr, "usage: bench_kit [MILLIONS]   1 to 10000, default 5\n");
        return 2;
    }
    struct bench *bench = make();
    printf("%-30s %8s %8s %8s\n", "ns an operation", "median", "least", "most");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        measure(bench, rows[i].name, rows[i].run, (uint64_t)millions * 1000000);
    printf("# checksum %016" PRIx64 "\n", bench->sink);
    done(bench);
    return 0;
}
